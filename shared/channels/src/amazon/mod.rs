//! Amazon's Selling Partner API, in Amazon's words: requests out, answers in, nothing that waits.
//! Which of its two order APIs is read is a setting of the connection; both end in the same facts.

mod orders_2026;
mod orders_v0;
mod notifications;
mod access;
mod setup;

pub mod reports;
pub mod feeds;
mod outbound;
mod inventory;
mod notices;
mod documents;

mod marketplaces;
mod requests;
mod errors;
mod reading;

use weir_domain::{
    channel_order::ChannelOrder, connection::Connection, decide::RuleSet, ids::ChannelOrderId,
};

use crate::{
    channel::{Call, Channel, ChannelError, MalformedOrder, Operation, Orders, Page, Search, Step},
    http::{HttpRequest, HttpResponse},
    json,
    warehouse::Warehouse,
    words,
};

/// Amazon: what its own warehouses shipped is read from the Orders API (2026-01-01, or v0), and its
/// ORDER_CHANGE notifications tell of changes.
pub static CHANNEL: Channel = Channel {
    name: "amazon",
    title: "Amazon",
    rules: RuleSet::ShippedByChannel,
    setup: &setup::AmazonSetup,
    access: &access::LoginWithAmazon,
    orders: Some(&AmazonOrders),
    notifications: Some(&notifications::AmazonNotifications),
    webhooks: None,
    store: None,
    fulfillments: None,
    completion: None,
};

/// Amazon's warehouses, which ship for others too: requests, feeds, reports, stock. No flow comes here yet.
pub static WAREHOUSE: Warehouse = Warehouse {
    requests: &outbound::AmazonRequests,
    feeds: &feeds::AmazonFeeds,
    reports: &reports::AmazonReports,
    inventory: &inventory::AmazonInventory,
    notices: &notices::AmazonNotices,
};

/// The order APIs, as the setting `orders_api` and [`crate::channel::RawOrder::format`] spell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OrdersApi {
    /// Orders API v2026-01-01: one answer holds all of an order.
    V2026,
    /// Orders API v0, deprecated and gone after 27 March 2027: for accounts to which Amazon denies
    /// the newer one (selling-partner-api-models#5319, #5295).
    V0,
}

impl OrdersApi {
    /// The names, the default first.
    const NAMES: &'static [&'static str] = &[Self::V2026.name(), Self::V0.name()];

    const fn name(self) -> &'static str {
        match self {
            Self::V2026 => "2026-01-01",
            Self::V0 => "v0",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::V2026, Self::V0].into_iter().find(|api| api.name() == name)
    }

    /// The one a connection reads. The setting was checked when it was made; a text that is none of
    /// the names can only be an old one, and the default serves it.
    fn of(connection: &Connection) -> Self {
        Self::parse(&connection.settings.orders_api).unwrap_or(Self::V2026)
    }
}

/// Both order APIs behind one capability.
struct AmazonOrders;

impl Orders for AmazonOrders {
    fn search_operation(&self, connection: &Connection) -> Operation {
        match OrdersApi::of(connection) {
            OrdersApi::V2026 => orders_2026::SEARCH_ORDERS,
            OrdersApi::V0 => orders_v0::GET_ORDERS,
        }
    }

    fn search(&self, call: Call<'_>, search: &Search<'_>) -> HttpRequest {
        match OrdersApi::of(call.connection) {
            OrdersApi::V2026 => orders_2026::search(call, search),
            OrdersApi::V0 => orders_v0::search(call, search),
        }
    }

    fn page(&self, connection: &Connection, response: &HttpResponse) -> Result<Page, ChannelError> {
        match OrdersApi::of(connection) {
            OrdersApi::V2026 => orders_2026::page(response),
            OrdersApi::V0 => orders_v0::page(response),
        }
    }

    fn look(
        &self,
        call: Call<'_>,
        id: &ChannelOrderId,
        answers: &[HttpResponse],
    ) -> Result<Step, ChannelError> {
        // An id of dots alone would climb out of the path; no order is called so.
        if !id.as_str().bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(Step::NotFound);
        }
        match OrdersApi::of(call.connection) {
            OrdersApi::V2026 => orders_2026::look(call, id, answers),
            OrdersApi::V0 => orders_v0::look(call, id, answers),
        }
    }

    fn read(&self, format: &str, body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
        match OrdersApi::parse(format) {
            Some(OrdersApi::V2026) => orders_2026::read(body),
            Some(OrdersApi::V0) => orders_v0::read(body),
            None => Err(MalformedOrder {
                message: "the snapshot is of an order API that Weir does not know".to_owned(),
            }),
        }
    }

    fn told_rate(&self, response: &HttpResponse) -> Option<u64> {
        errors::micro_rate(response)
    }
}
