//! How orders are looked for and looked at: a search that names what changed, and one order in as few
//! requests as it takes, the first of which is enough for most.

use serde_json::{Value, json};
use weir_domain::{Timestamp, channel_order::ChannelOrder, connection::Connection, ids::ChannelOrderId};

use super::{
    gathered::{Added, Gathered},
    graphql::{API_VERSION, Answer, Document, FIND_ORDERS, GET_ORDER, budget, micro_rate, next_page},
    ids, read,
};
use crate::{
    channel::{
        Budget, Call, ChannelError, Listed, MalformedOrder, Operation, Orders, Page, RawOrder, Search, Step,
        Unreadable, unreadable,
    },
    http::{HttpRequest, HttpResponse},
    json::{self, Node},
};

/// Fields that Shopify withholds from applications which may not see buyers, or returns. They are told
/// as missing and stop no order.
const MAY_MISS: [&str; 6] =
    ["email", "customer", "billingAddress", "shippingAddress", RETURNS, RETURN_STATUS];

/// Withheld without the scope `read_returns`. Neither may be null, so that the order is null with them:
/// it is asked for once more without.
const RETURNS: &str = "returns";
const RETURN_STATUS: &str = "returnStatus";

/// Requests that one order may take: some thousand lines, far more than the rules take in.
const MAX_ANSWERS: usize = 60;

/// Lines asked for beside all else, and alone: as many as one query's points allow.
const LINES_AT_FIRST: u32 = 20;
const LINES_ALONE: u32 = 60;

/// Fulfillments and refunds that the operation asks for. They come without a cursor: where there may be
/// more, their ids are asked for, and then each by itself.
pub(super) const PARTS_AT_FIRST: usize = 10;

/// The longest order number that is searched for.
const ORDER_NO_CHARS: usize = 60;

/// Shopify's orders.
pub(super) struct ShopifyOrders;

impl Orders for ShopifyOrders {
    fn search_operation(&self, _connection: &Connection) -> Operation {
        FIND_ORDERS
    }

    fn search(&self, call: Call<'_>, search: &Search<'_>) -> HttpRequest {
        let query = format!("updated_at:>='{}'", time(search.from));
        Document::ChangedOrders.request(call, &json!({ "query": query, "after": search.page }))
    }

    fn page(&self, _connection: &Connection, response: &HttpResponse) -> Result<Page, ChannelError> {
        let answer = Answer::read(response)?;
        answer.whole()?;
        read_page(&answer).map_err(unreadable)
    }

    fn look(
        &self,
        call: Call<'_>,
        id: &ChannelOrderId,
        answers: &[HttpResponse],
    ) -> Result<Step, ChannelError> {
        let Some(number) = ids::plain(id.as_str()) else { return Ok(Step::NotFound) };
        let id = ids::global("Order", &number);
        if answers.is_empty() {
            return Ok(Step::Ask(GET_ORDER, Document::Order.request(call, &first(&id, true))));
        }
        if answers.len() > MAX_ANSWERS {
            return Err(ChannelError::Refused("the order is larger than Weir reads".to_owned()));
        }
        let (mut read, mut missing) = (Vec::new(), Vec::new());
        for response in answers {
            let answer = Answer::read(response)?;
            let withheld = answer.but_for(&MAY_MISS)?;
            missing.extend(
                withheld.iter().copied().filter(|field| !missing.contains(field)).collect::<Vec<_>>(),
            );
            read.push((answer, withheld));
        }
        let may_see_returns = !missing.contains(&RETURNS) && !missing.contains(&RETURN_STATUS);
        let mut gathered = Gathered::new(!may_see_returns);
        let mut parts = Vec::new();
        for (answer, withheld) in &read {
            match gathered.add(answer.text()).map_err(unreadable)? {
                Added::Part => parts.push(answer.text()),
                // What was withheld took the order with it.
                Added::NotThere if !withheld.is_empty() => {}
                Added::NotThere => return Ok(Step::NotFound),
                // The next try reads it as one.
                Added::Changed => {
                    return Err(ChannelError::Trouble("the order changed while it was read".to_owned()));
                }
            }
        }
        let next = match gathered.head {
            Some(_) => next(&gathered, &id).map_err(unreadable)?,
            None if answers.len() == 1 => Some((Document::Order, first(&id, false))),
            None => {
                return Err(ChannelError::Denied("the order is withheld from this application".to_owned()));
            }
        };
        match next {
            Some((document, variables)) => Ok(Step::Ask(GET_ORDER, document.request(call, &variables))),
            None => file(&gathered, &parts, &missing).map(Step::Have).map_err(unreadable),
        }
    }

    fn read(&self, format: &str, body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
        if format != API_VERSION {
            return Err(MalformedOrder {
                message: "the snapshot is of a version of the API that Weir does not know".to_owned(),
            });
        }
        read::read(body)
    }

    fn told_rate(&self, response: &HttpResponse) -> Option<u64> {
        micro_rate(response)
    }

    fn told_budget(&self, response: &HttpResponse) -> Option<Budget> {
        budget(response)
    }

    fn find(&self, call: Call<'_>, order_no: &str) -> Option<(Operation, HttpRequest)> {
        let order_no = order_no.trim();
        let is_searchable = !order_no.is_empty()
            && order_no.chars().count() <= ORDER_NO_CHARS
            && !order_no.contains(['\'', '"', '\\'])
            && !order_no.chars().any(char::is_control);
        let query = format!("name:'{order_no}'");
        let request = || Document::ChangedOrders.request(call, &json!({ "query": query, "after": null }));
        is_searchable.then(|| (FIND_ORDERS, request()))
    }
}

/// A point in time as a search wants it: whole seconds, rounded down so that it misses nothing.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn read_page(answer: &Answer) -> Result<Page, MalformedOrder> {
    let data = answer.data()?.object()?;
    let orders = data.get("orders");
    if !orders.is_given() {
        return Err(orders.malformed("is missing"));
    }
    let connection = orders.object()?;
    let mut page = Page {
        orders: Vec::new(),
        listed: Vec::new(),
        unreadable: Vec::new(),
        next: next_page(&connection)?,
        until: None,
    };
    for node in connection.get("nodes").list()?.iter() {
        match listed(&node) {
            Ok(listed) => page.listed.push(listed),
            Err(error) => {
                page.unreadable.push(Unreadable { channel_order_id: None, message: error.message });
            }
        }
    }
    Ok(page)
}

fn listed(node: &Node<'_, '_>) -> Result<Listed, MalformedOrder> {
    let order = node.object()?;
    let id = order.get("id");
    let channel_order_id = ids::order(&id.required()?).ok_or_else(|| id.malformed("is no order id"))?;
    Ok(Listed {
        channel_order_id,
        marketplace: None,
        // Without it the order is looked at all the same.
        updated_at: order.get("updatedAt").time().ok().flatten(),
    })
}

/// The variables of a request for nothing but the order's id and time.
fn nothing(id: &str) -> Value {
    json!({
        "id": id,
        "head": false,
        "returnStatus": false,
        "lines": false,
        "linesFirst": LINES_AT_FIRST,
        "linesAfter": null,
        "fulfillmentOrders": false,
        "fulfillmentOrdersAfter": null,
        "fulfillments": false,
        "refunds": false,
        "returns": false,
        "returnsAfter": null,
        "partIds": false,
    })
}

/// The variables of the first request: what was sold and what shipped.
fn first(id: &str, may_see_returns: bool) -> Value {
    let mut variables = nothing(id);
    variables["returnStatus"] = json!(may_see_returns);
    for switch in ["head", "lines", "fulfillmentOrders", "fulfillments"] {
        variables[switch] = json!(true);
    }
    variables
}

/// What is still to be asked for, if anything: first what is missing of what was sold and shipped, then
/// what came back, and at last what is missing of each part. All of it in one request would cost more
/// points than one may.
fn next(gathered: &Gathered<'_>, id: &str) -> Result<Option<(Document, Value)>, MalformedOrder> {
    let lines = gathered.lines.next.wanted();
    let fulfillment_orders = gathered.fulfillment_orders.next.wanted();
    if lines || fulfillment_orders {
        let mut variables = nothing(id);
        variables["lines"] = json!(lines);
        variables["linesFirst"] = json!(if fulfillment_orders { LINES_AT_FIRST } else { LINES_ALONE });
        variables["linesAfter"] = json!(gathered.lines.next.cursor());
        variables["fulfillmentOrders"] = json!(fulfillment_orders);
        variables["fulfillmentOrdersAfter"] = json!(gathered.fulfillment_orders.next.cursor());
        return Ok(Some((Document::Order, variables)));
    }
    let refunds = gathered.wants_refunds()?;
    let returns = gathered.wants_returns()?;
    if refunds || returns {
        let mut variables = nothing(id);
        variables["refunds"] = json!(refunds);
        variables["returns"] = json!(returns);
        variables["returnsAfter"] = json!(gathered.returns.next.cursor());
        return Ok(Some((Document::Order, variables)));
    }
    if gathered.wants_ids()? {
        let mut variables = nothing(id);
        variables["partIds"] = json!(true);
        return Ok(Some((Document::Order, variables)));
    }
    let part = gathered.unfinished_part();
    Ok(part.map(|(part, after)| (Document::OrderPart, json!({ "order": id, "id": part, "after": after }))))
}

/// The order as it came: all answers one after the other, and what was withheld.
fn file(gathered: &Gathered<'_>, answers: &[&str], missing: &[&str]) -> Result<RawOrder, MalformedOrder> {
    let head = gathered.head()?;
    let id = head.get("id");
    let channel_order_id = ids::order(&id.required()?).ok_or_else(|| id.malformed("is no order id"))?;
    let body = format!("{{\"missing\":{},\"answers\":[{}]}}", json!(missing), answers.join(","));
    if body.len() > json::MAX_BODY_BYTES {
        return Err(id.malformed("belongs to an order that is too large"));
    }
    Ok(RawOrder {
        channel_order_id,
        updated_at: head.get("updatedAt").required_time()?,
        marketplace: None,
        format: API_VERSION.to_owned(),
        body: body.into_bytes(),
    })
}
