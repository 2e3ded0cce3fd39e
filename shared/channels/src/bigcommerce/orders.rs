//! How orders are looked for and looked at: searches that name what changed or what is open, and one order
//! in as few calls as it takes, the first of which is enough for most.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use weir_domain::{Timestamp, channel_order::ChannelOrder, connection::Connection, ids::ChannelOrderId};

use super::{
    read::{self, Wanted},
    reading, rest,
    rest::{CALL, ORDERS_API, get, text_of},
    status,
};
use crate::{
    channel::{
        Budget, Call, ChannelError, Listed, MalformedOrder, Operation, Orders, Page, RawOrder, Search, Step,
        Unreadable, unreadable,
    },
    http::{HttpRequest, HttpResponse},
    json::{self, Node},
};

/// Things of a page: the most that V2 gives at once.
const PAGE: usize = 250;

/// Calls that one order may take: some thousand lines, far more than the rules take in.
const MAX_ANSWERS: usize = 20;

/// Digits of an order's id.
const ID_DIGITS: usize = 19;

/// What the cursor of a search for open orders begins with.
const OF_OPEN: &str = "open";

/// BigCommerce's orders.
pub(super) struct BigCommerceOrders;

impl Orders for BigCommerceOrders {
    fn search_operation(&self, _connection: &Connection) -> Operation {
        CALL
    }

    /// A search that reaches back for ever is one for what is open, status by status (SPEC KB-01); any other
    /// is for what changed. Both go by the orders' ids, which nothing that changes meanwhile can move from
    /// page to page.
    fn search(&self, call: Call<'_>, search: &Search<'_>) -> HttpRequest {
        let at = At::of(search);
        let filter = match at.status {
            Some(status) => format!("status_id={status}"),
            None => format!("min_date_modified={}", time(search.from)),
        };
        get(call, &format!("v2/orders?{filter}&min_id={}&sort=id:asc&limit={PAGE}", at.min_id))
    }

    /// The page of a search for a number: there is no other.
    fn page(&self, _connection: &Connection, response: &HttpResponse) -> Result<Page, ChannelError> {
        Ok(read_page(response)?.0)
    }

    fn page_of(
        &self,
        _connection: &Connection,
        search: &Search<'_>,
        response: &HttpResponse,
    ) -> Result<Page, ChannelError> {
        let (mut page, last) = read_page(response)?;
        let at = At::of(search);
        // Such a page would be asked for again and again.
        if last.is_some_and(|last| last < at.min_id) {
            return Err(ChannelError::Unreadable("its page does not go on where it was to".to_owned()));
        }
        page.next = at.next(last);
        Ok(page)
    }

    fn look(
        &self,
        call: Call<'_>,
        id: &ChannelOrderId,
        answers: &[HttpResponse],
    ) -> Result<Step, ChannelError> {
        let Some(number) = plain(id.as_str()) else { return Ok(Step::NotFound) };
        let Some((first, others)) = answers.split_first() else {
            let path = format!(
                "v2/orders/{number}?include=consignments.line_items,fees&consignment_structure=object"
            );
            return Ok(Step::Ask(CALL, get(call, &path)));
        };
        if answers.len() > MAX_ANSWERS {
            return Err(ChannelError::Refused("the order is larger than Weir reads".to_owned()));
        }
        if first.status == 404 {
            return Ok(Step::NotFound);
        }
        let Some(order) = text_of(first)? else { return Ok(Step::NotFound) };
        let others: Vec<Cow<'_, str>> = others.iter().map(part).collect::<Result<_, _>>()?;
        match gather(&order, &others).map_err(unreadable)? {
            Gathered::Ask(what) => {
                let path = match what {
                    Part::Products(page) => format!("v2/orders/{number}/products?limit={PAGE}&page={page}"),
                    Part::Addresses => format!("v2/orders/{number}/shipping_addresses?limit={PAGE}"),
                    Part::Coupons => format!("v2/orders/{number}/coupons?limit={PAGE}"),
                    Part::Refunds => format!("v3/orders/{number}/payment_actions/refunds"),
                };
                Ok(Step::Ask(CALL, get(call, &path)))
            }
            Gathered::All(body) => file(&order, body, id).map(Step::Have).map_err(unreadable),
        }
    }

    fn read(&self, format: &str, body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
        if format != ORDERS_API {
            return Err(MalformedOrder {
                message: "the snapshot is of a version of the API that Weir does not know".to_owned(),
            });
        }
        read::read(body)
    }

    fn told_rate(&self, response: &HttpResponse) -> Option<u64> {
        rest::micro_rate(response)
    }

    fn told_budget(&self, response: &HttpResponse) -> Option<Budget> {
        rest::budget(response)
    }

    /// The number that people see is the id.
    fn find(&self, call: Call<'_>, order_no: &str) -> Option<(Operation, HttpRequest)> {
        let number = plain(order_no.trim().trim_start_matches('#').trim_start())?;
        Some((CALL, get(call, &format!("v2/orders?min_id={number}&max_id={number}&limit={PAGE}"))))
    }
}

/// The digits of an order's id.
pub(super) fn plain(text: &str) -> Option<&str> {
    let is_id = !text.is_empty()
        && text.len() <= ID_DIGITS
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0');
    is_id.then_some(text)
}

/// An order's id.
pub(super) fn order_id(text: &str) -> Option<ChannelOrderId> {
    ChannelOrderId::parse(plain(text)?).ok()
}

/// A point in time as a search wants it: whole seconds, rounded down so that it misses nothing.
fn time(time: Timestamp) -> String {
    let text = time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
}

/// Where a search is.
struct At {
    /// The status that is looked for, in a search for open orders.
    status: Option<i64>,
    min_id: u64,
}

impl At {
    /// A cursor that cannot be read begins the search again.
    fn of(search: &Search<'_>) -> Self {
        let is_for_open = search.from <= Timestamp::UNIX_EPOCH;
        let begin = Self { status: is_for_open.then_some(status::OPEN[0]), min_id: 1 };
        let Some(page) = search.page else { return begin };
        let read = || match (is_for_open, page.split_once(':')) {
            (true, Some((of_open, rest))) if of_open == OF_OPEN => {
                let (status, min_id) = rest.split_once(':')?;
                Some(Self { status: Some(status.parse().ok()?), min_id: min_id.parse().ok()? })
            }
            (false, None) => Some(Self { status: None, min_id: page.parse().ok()? }),
            (_, _) => None,
        };
        read().unwrap_or(begin)
    }

    /// How to go on after a page; `last` is the greatest id of one that was full.
    fn next(&self, last: Option<u64>) -> Option<String> {
        let after = last.map(|last| last.saturating_add(1));
        match (self.status, after) {
            (None, after) => after.map(|min_id| min_id.to_string()),
            (Some(status), Some(min_id)) => Some(format!("{OF_OPEN}:{status}:{min_id}")),
            (Some(status), None) => {
                let place = status::OPEN.iter().position(|open| *open == status)?;
                let next = status::OPEN.get(place + 1)?;
                Some(format!("{OF_OPEN}:{next}:1"))
            }
        }
    }
}

/// A page of orders, and the greatest id of one that is full. Where none of a full page can be read, nobody
/// knows how to go on: that is no end of the search.
fn read_page(response: &HttpResponse) -> Result<(Page, Option<u64>), ChannelError> {
    let mut page =
        Page { orders: Vec::new(), listed: Vec::new(), unreadable: Vec::new(), next: None, until: None };
    let Some(text) = text_of(response)? else { return Ok((page, None)) };
    let read = || {
        let (mut count, mut greatest) = (0_usize, None::<u64>);
        for node in json::parse(&text)?.list()?.iter() {
            count += 1;
            match listed(&node) {
                Ok(listed) => {
                    greatest = greatest.max(listed.channel_order_id.as_str().parse().ok());
                    page.listed.push(listed);
                }
                Err(error) => {
                    page.unreadable.push(Unreadable { channel_order_id: None, message: error.message });
                }
            }
        }
        if count >= PAGE && greatest.is_none() {
            return Err(MalformedOrder {
                message: "no order of the page has an id that can be read".to_owned(),
            });
        }
        Ok((page, greatest.filter(|_| count >= PAGE)))
    };
    read().map_err(unreadable)
}

fn listed(node: &Node<'_, '_>) -> Result<Listed, MalformedOrder> {
    let order = node.object()?;
    let id = order.get("id");
    let channel_order_id = order_id(&id.required()?).ok_or_else(|| id.malformed("is no order id"))?;
    Ok(Listed {
        channel_order_id,
        marketplace: None,
        // Without it the order is looked at all the same.
        updated_at: reading::time(&order.get("date_modified")).ok().flatten(),
    })
}

/// A further part of an order; where there is nothing of it, an empty list.
fn part(response: &HttpResponse) -> Result<Cow<'_, str>, ChannelError> {
    if response.status == 404 {
        return Ok(Cow::Borrowed("[]"));
    }
    Ok(text_of(response)?.unwrap_or(Cow::Borrowed("[]")))
}

/// A part that has to be asked for by itself.
enum Part {
    /// A page of the lines, counted from 1.
    Products(usize),
    Addresses,
    Coupons,
    Refunds,
}

enum Gathered {
    Ask(Part),
    /// The whole order, as it is kept.
    All(String),
}

/// Puts an order's answers together, in the order in which they are asked for.
fn gather(order: &str, others: &[Cow<'_, str>]) -> Result<Gathered, MalformedOrder> {
    let wanted = Wanted::of(order)?;
    let mut others = others.iter();
    let mut products: Vec<&str> = Vec::new();
    while wanted.products && products.last().is_none_or(|page| count(page).is_ok_and(|lines| lines >= PAGE)) {
        match others.next() {
            Some(page) => {
                count(page)?;
                products.push(page);
            }
            None => return Ok(Gathered::Ask(Part::Products(products.len() + 1))),
        }
    }
    let mut body = format!("{{\"order\":{order}");
    if wanted.products {
        body.push_str(&format!(",\"products\":[{}]", products.join(",")));
    }
    let parts = [
        (wanted.addresses, "addresses", Part::Addresses),
        (wanted.coupons, "coupons", Part::Coupons),
        (wanted.has_refunds(&products)?, "refunds", Part::Refunds),
    ];
    for (is_wanted, name, part) in parts {
        if !is_wanted {
            continue;
        }
        match others.next() {
            Some(text) => {
                check_json(text)?;
                body.push_str(&format!(",\"{name}\":{text}"));
            }
            None => return Ok(Gathered::Ask(part)),
        }
    }
    body.push('}');
    Ok(Gathered::All(body))
}

fn count(page: &str) -> Result<usize, MalformedOrder> {
    Ok(json::parse(page)?.list()?.iter().count())
}

/// What is put into another document has to be one.
fn check_json(text: &str) -> Result<(), MalformedOrder> {
    let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
    is_json.then_some(()).ok_or_else(|| MalformedOrder { message: "the document is not JSON".to_owned() })
}

fn file(order: &str, body: String, id: &ChannelOrderId) -> Result<RawOrder, MalformedOrder> {
    let head = json::parse(order)?.object()?;
    let given = head.get("id");
    if order_id(&given.required()?).as_ref() != Some(id) {
        return Err(given.malformed("is another order's"));
    }
    if body.len() > json::MAX_BODY_BYTES {
        return Err(given.malformed("belongs to an order that is too large"));
    }
    Ok(RawOrder {
        channel_order_id: id.clone(),
        updated_at: reading::required_time(&head.get("date_modified"))?,
        marketplace: None,
        format: ORDERS_API.to_owned(),
        body: body.into_bytes(),
    })
}
