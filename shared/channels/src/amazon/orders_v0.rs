//! The Orders API v0, for accounts to which Amazon denies the newer one: a search finds only ids,
//! and a look takes the order and then the pages of its items. Reading the two is in [`read`].

mod read;

use std::time::Duration;

use weir_domain::ids::ChannelOrderId;

pub(super) use read::read;

use super::{
    OrdersApi, errors,
    json::{self, MAX_BODY_BYTES, Node, Object},
    requests::{self, MARKETPLACES_OF_A_SEARCH, Query},
};
use crate::{
    channel::{
        Call, ChannelError, Listed, MalformedOrder, Operation, Page, RawOrder, Search, Step, Unreadable,
        unreadable,
    },
    http::{HttpRequest, HttpResponse, Method},
};

/// 0.0167 calls a second, that is one in 59.9 s; burst 20. Source: specs/amazon/ordersV0.json.
pub(super) const GET_ORDERS: Operation =
    Operation { name: "v0.getOrders", refill: Duration::from_millis(59_900), burst: 20 };

/// 0.5 calls a second, burst 30. Source: as above.
const GET_ORDER: Operation =
    Operation { name: "v0.getOrder", refill: Duration::from_millis(2_000), burst: 30 };

/// 0.5 calls a second, burst 30. Source: as above.
const GET_ORDER_ITEMS: Operation =
    Operation { name: "v0.getOrderItems", refill: Duration::from_millis(2_000), burst: 30 };

const PATH: &str = "/orders/v0/orders";

/// Pages of items of one order beyond which something goes round in circles.
const MAX_ITEM_PAGES: usize = 1_000;

/// A search for what shipped, by last update. (SPEC KF-01)
pub(super) fn search(call: Call<'_>, search: &Search<'_>) -> HttpRequest {
    let marketplaces = &search.marketplaces[..search.marketplaces.len().min(MARKETPLACES_OF_A_SEARCH)];
    let query = Query::default()
        .with("LastUpdatedAfter", &requests::time(search.from))
        .with_list("OrderStatuses", &["Shipped", "PartiallyShipped"])
        .with("FulfillmentChannels", "AFN")
        .with_list("MarketplaceIds", marketplaces)
        .with("MaxResultsPerPage", "100")
        .with_optional("NextToken", search.page);
    requests::request(call.connection, call.token, Method::Get, PATH, query)
}

fn listed(order: &Object<'_, '_>) -> Result<Listed, MalformedOrder> {
    let channel_order_id = order_id(&order.get("AmazonOrderId"))?;
    Ok(Listed {
        channel_order_id,
        marketplace: order.get("MarketplaceId").words().ok().flatten(),
        updated_at: order.get("LastUpdateDate").time().ok().flatten(),
    })
}

/// Reads a page: the ids of what changed. The orders in it lack their items.
pub(super) fn page(response: &HttpResponse) -> Result<Page, ChannelError> {
    let text = errors::success(response)?;
    read_page(&text).map_err(unreadable)
}

fn read_page(text: &str) -> Result<Page, MalformedOrder> {
    let answer = json::parse(text)?.object()?;
    let payload = answer.get("payload").object()?;
    let orders = payload.get("Orders");
    if !orders.is_given() {
        return Err(orders.malformed("is missing"));
    }
    let mut page = Page {
        orders: Vec::new(),
        listed: Vec::new(),
        unreadable: Vec::new(),
        next: payload.get("NextToken").words()?,
        until: payload.get("LastUpdatedBefore").time().ok().flatten(),
    };
    for node in orders.list()?.iter() {
        match node.object().and_then(|order| listed(&order)) {
            Ok(order) => page.listed.push(order),
            Err(error) => page.unreadable.push(Unreadable { channel_order_id: None, message: error.message }),
        }
    }
    Ok(page)
}

/// The next step of looking at one order: the order, then its items page by page.
pub(super) fn look(
    call: Call<'_>,
    id: &ChannelOrderId,
    answers: &[HttpResponse],
) -> Result<Step, ChannelError> {
    let ask = |operation: Operation, path: String, query: Query| {
        Step::Ask(operation, requests::request(call.connection, call.token, Method::Get, &path, query))
    };
    let Some((first, pages)) = answers.split_first() else {
        return Ok(ask(GET_ORDER, format!("{PATH}/{id}"), Query::default()));
    };
    if first.status == 404 {
        return Ok(Step::NotFound);
    }
    let text = errors::success(first)?;
    let order = Payload::read(&text).map_err(unreadable)?;
    if pages.len() > MAX_ITEM_PAGES {
        return Err(ChannelError::Unreadable("its items have no last page".to_owned()));
    }
    let (mut items, mut next, mut bytes): (Vec<String>, Option<String>, usize) =
        (Vec::new(), None, text.len());
    for (index, page) in pages.iter().enumerate() {
        let text = errors::success(page)?;
        bytes += text.len();
        if bytes > MAX_BODY_BYTES {
            return Err(ChannelError::Unreadable("it is larger than an order may be".to_owned()));
        }
        let payload = Payload::read(&text).map_err(unreadable)?;
        let token = payload.items(order.id.as_str(), &mut items).map_err(unreadable)?;
        if index > 0 && token.is_some() && token == next {
            return Err(ChannelError::Unreadable("the pages of its items go round in circles".to_owned()));
        }
        next = token;
    }
    if pages.is_empty() || next.is_some() {
        let query = Query::default().with_optional("NextToken", next.as_deref());
        return Ok(ask(GET_ORDER_ITEMS, format!("{PATH}/{id}/orderItems"), query));
    }
    order.filed(&items).map(Step::Have).map_err(unreadable)
}

/// The payload of an answer about one order.
struct Payload<'a> {
    raw: &'a str,
    fields: Object<'a, 'static>,
    id: ChannelOrderId,
}

impl<'a> Payload<'a> {
    fn read(text: &'a str) -> Result<Self, MalformedOrder> {
        let answer = json::parse(text)?.object()?;
        let payload = answer.get("payload");
        payload.check_depth()?;
        let raw = payload.raw().ok_or_else(|| payload.malformed("is missing"))?;
        let fields = json::parse(raw)?.object()?;
        let id = order_id(&fields.get("AmazonOrderId"))?;
        Ok(Self { raw, fields, id })
    }

    /// Adds the items of this page, and says how to ask for the next one.
    fn items(&self, order: &str, items: &mut Vec<String>) -> Result<Option<String>, MalformedOrder> {
        let id = self.fields.get("AmazonOrderId");
        if self.id.as_str() != order {
            return Err(id.malformed("of the items is another order's"));
        }
        let list = self.fields.get("OrderItems");
        if !list.is_given() {
            return Err(list.malformed("is missing"));
        }
        items.extend(list.list()?.iter().filter_map(|item| item.raw().map(str::to_owned)));
        self.fields.get("NextToken").words()
    }

    /// The order with all of its items, as one document of our own making.
    fn filed(self, items: &[String]) -> Result<RawOrder, MalformedOrder> {
        let body = format!(r#"{{"order":{},"orderItems":[{}]}}"#, self.raw, items.join(","));
        Ok(RawOrder {
            updated_at: self.fields.get("LastUpdateDate").required_time()?,
            marketplace: self.fields.get("MarketplaceId").words().ok().flatten(),
            channel_order_id: self.id,
            format: OrdersApi::V0.name().to_owned(),
            body: body.into_bytes(),
        })
    }
}

/// Reads an order's id.
fn order_id(node: &Node<'_, '_>) -> Result<ChannelOrderId, MalformedOrder> {
    ChannelOrderId::parse(&node.required()?).map_err(|_| node.malformed("is no order id"))
}
