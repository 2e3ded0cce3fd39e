//! The Orders API v2026-01-01: one search for all marketplaces of a region, one look for one order.
//! Reading the order itself is in [`read`].

mod read;

use std::time::Duration;

use weir_domain::ids::ChannelOrderId;

pub(super) use read::read;

use super::{
    OrdersApi, errors,
    json::{self, Node},
    requests::{self, MARKETPLACES_OF_A_SEARCH, Query},
};
use crate::{
    channel::{
        Call, ChannelError, MalformedOrder, Operation, Page, RawOrder, Search, Step, Unreadable, unreadable,
    },
    http::{HttpRequest, HttpResponse, Method},
};

/// 0.0056 calls a second, that is one in 178.58 s; burst 20. Source: specs/amazon/orders_2026-01-01.json.
pub(super) const SEARCH_ORDERS: Operation =
    Operation { name: "searchOrders", refill: Duration::from_millis(178_600), burst: 20 };

/// 0.5 calls a second, burst 30. Source: as above.
pub(super) const GET_ORDER: Operation =
    Operation { name: "getOrder", refill: Duration::from_millis(2_000), burst: 30 };

const PATH: &str = "/orders/2026-01-01/orders";

/// Without this list an answer has no money, no tax and no fulfilment. Search and look ask for the
/// same, so that both give equal snapshots of an equal state.
const INCLUDED_DATA: [&str; 7] =
    ["BUYER", "RECIPIENT", "PROCEEDS", "PROMOTION", "FULFILLMENT", "TAX", "CANCELLATION"];

/// What newly shipped is. Partially shipped orders are shown as waiting until the rest has left.
const STATUSES: [&str; 2] = ["SHIPPED", "PARTIALLY_SHIPPED"];

/// The most that Amazon gives: a search is the scarcest call of all.
const RESULTS_PER_PAGE: &str = "100";

/// A search for what shipped. By last update and never by creation: an order that was pending for
/// days has only now shipped. (SPEC KF-01)
pub(super) fn search(call: Call<'_>, search: &Search<'_>) -> HttpRequest {
    let marketplaces = &search.marketplaces[..search.marketplaces.len().min(MARKETPLACES_OF_A_SEARCH)];
    // A page is asked for with the same parameters as the first one.
    let query = Query::default()
        .with("lastUpdatedAfter", &requests::time(search.from))
        .with_list("fulfillmentStatuses", &STATUSES)
        .with("fulfilledBy", "AMAZON")
        .with_list("marketplaceIds", marketplaces)
        .with_list("includedData", &INCLUDED_DATA)
        .with("maxResultsPerPage", RESULTS_PER_PAGE)
        .with_optional("paginationToken", search.page);
    requests::request(call.connection, call.token, Method::Get, PATH, query)
}

/// Reads a page. An order that cannot be filed is named and costs nothing of the rest.
pub(super) fn page(response: &HttpResponse) -> Result<Page, ChannelError> {
    let text = errors::success(response)?;
    read_page(&text).map_err(|error| ChannelError::Unreadable(error.message))
}

fn read_page(text: &str) -> Result<Page, MalformedOrder> {
    let answer = json::parse(text)?.object()?;
    let orders = answer.get("orders");
    if !orders.is_given() {
        return Err(orders.malformed("is missing"));
    }
    let pagination = answer.get("pagination").object()?;
    let mut page = Page {
        orders: Vec::new(),
        listed: Vec::new(),
        unreadable: Vec::new(),
        next: pagination.get("nextToken").words()?,
        // Where it cannot be read, the search was complete up to a time that is not known.
        until: answer.get("lastUpdatedBefore").time().ok().flatten(),
    };
    for node in orders.list()?.iter() {
        match file(&node) {
            Ok(order) => page.orders.push(order),
            Err(unreadable) => page.unreadable.push(unreadable),
        }
    }
    Ok(page)
}

/// The next step of looking at one order.
pub(super) fn look(
    call: Call<'_>,
    id: &ChannelOrderId,
    answers: &[HttpResponse],
) -> Result<Step, ChannelError> {
    let Some(response) = answers.first() else {
        let query = Query::default().with_list("includedData", &INCLUDED_DATA);
        let path = format!("{PATH}/{id}");
        return Ok(Step::Ask(
            GET_ORDER,
            requests::request(call.connection, call.token, Method::Get, &path, query),
        ));
    };
    if response.status == 404 {
        return Ok(Step::NotFound);
    }
    let text = errors::success(response)?;
    let answer = json::parse(&text).and_then(|node| node.object()).map_err(unreadable)?;
    file(&answer.get("order")).map(Step::Have).map_err(|error| ChannelError::Unreadable(error.message))
}

/// What has to be known of an order to file it.
fn file(node: &Node<'_, '_>) -> Result<RawOrder, Unreadable> {
    let unreadable = |channel_order_id: Option<ChannelOrderId>, error: MalformedOrder| Unreadable {
        channel_order_id,
        message: error.message,
    };
    let order = node.object().map_err(|error| unreadable(None, error))?;
    let id = order_id(&order.get("orderId")).map_err(|error| unreadable(None, error))?;
    node.check_depth().map_err(|error| unreadable(Some(id.clone()), error))?;
    let updated_at =
        order.get("lastUpdatedTime").required_time().map_err(|error| unreadable(Some(id.clone()), error))?;
    let marketplace =
        order.get("salesChannel").object().and_then(|channel| channel.get("marketplaceId").words());
    Ok(RawOrder {
        channel_order_id: id,
        updated_at,
        // One that cannot be read is complained of when the order is read as a whole.
        marketplace: marketplace.ok().flatten(),
        format: OrdersApi::V2026.name().to_owned(),
        body: node.raw().unwrap_or_default().as_bytes().to_vec(),
    })
}

/// Reads an order's id.
fn order_id(node: &Node<'_, '_>) -> Result<ChannelOrderId, MalformedOrder> {
    ChannelOrderId::parse(&node.required()?).map_err(|_| node.malformed("is no order id"))
}
