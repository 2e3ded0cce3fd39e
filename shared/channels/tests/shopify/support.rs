//! What the tests of Shopify's folder share: a connection, a token, and an order as plain text.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use serde_json::{Value, json};
pub(crate) use weir_channels::shopify::CHANNEL;
use weir_channels::{
    channel::{AccessToken, Call, MalformedOrder, Orders, Secret, Webhooks},
    http::{HttpRequest, HttpResponse},
};
use weir_domain::{
    Timestamp,
    channel_order::{
        ChannelCharge, ChannelLine, ChannelOrder,
        shop::{ChannelFulfillment, FulfillmentOrder, ShopOrder},
    },
    connection::{Connection, ConnectionStatus, RemoteAccount},
    customer::Address,
    ids::{ChannelName, ConnectionId},
};

/// The access token of the tests; no message may hold it.
pub(crate) const TOKEN: &str = "shpat_TESTTOKENTESTTOKENTESTTOKEN00";

pub(crate) fn connection() -> Connection {
    let remote = RemoteAccount { account: "blue-mugs.myshopify.com".to_owned(), marketplace: None };
    let (id, channel) = (ConnectionId::parse("con_1").unwrap(), ChannelName::parse("shopify").unwrap());
    let settings = CHANNEL.default_settings();
    Connection {
        status: ConnectionStatus::Active,
        ..Connection::new(id, channel, remote, settings, time("2026-11-01T00:00:00Z"))
    }
}

pub(crate) fn token() -> AccessToken {
    AccessToken { token: Secret::new(TOKEN), lifetime: Duration::from_secs(3_600) }
}

pub(crate) fn call<'a>(connection: &'a Connection, token: &'a AccessToken) -> Call<'a> {
    Call { connection, token }
}

pub(crate) fn orders() -> &'static dyn Orders {
    CHANNEL.orders.unwrap()
}

pub(crate) fn webhooks() -> &'static dyn Webhooks {
    CHANNEL.webhooks.unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The variables that a request asks with.
pub(crate) fn variables(request: &HttpRequest) -> Value {
    serde_json::from_slice::<Value>(&request.body).unwrap()["variables"].clone()
}

/// The first line of a request's operation that is no comment, up to its name.
pub(crate) fn operation(request: &HttpRequest) -> String {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let text = body["query"].as_str().unwrap().to_owned();
    let name = body["operationName"].as_str().unwrap();
    let line = text.lines().find(|line| line.starts_with("query") || line.starts_with("mutation")).unwrap();
    let first = line.split(['(', '{']).next().unwrap().trim();
    assert_eq!(first.split(' ').nth(1), Some(name), "the request names another operation than it holds");
    first.to_owned()
}

pub(crate) fn answer(data: &Value) -> HttpResponse {
    HttpResponse::json(200, json!({ "data": data }).to_string())
}

/// Reads an order out of one answer's data.
pub(crate) fn read(data: &Value) -> Result<ChannelOrder, MalformedOrder> {
    read_pages(&[data])
}

/// Reads an order out of several answers' data.
pub(crate) fn read_pages(answers: &[&Value]) -> Result<ChannelOrder, MalformedOrder> {
    orders().read("2026-10", json!({ "missing": [], "answers": answers }).to_string().as_bytes())
}

/// Shopify's own examples, which lie beside the repository and not in it.
pub(crate) fn official(path: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/shopify");
    std::fs::read_to_string(root.join(path)).ok()
}

/// An order as plain text, one fact after the other, so that a person can hold it against the rules.
pub(crate) fn render(order: &ChannelOrder) -> String {
    let mut text = String::new();
    let mut say = |line: String| writeln!(text, "{line}").unwrap();
    say(format!("order {} (number {})", order.channel_order_id, order.order_no));
    say(format!("created {}, updated {}", order.created_at, order.updated_at));
    let shop = &order.shop;
    say(format!("state {:?}, payment {:?}, {}", order.state, shop.payment, marks(shop)));
    say(format!("to be shipped by {}, tagged {}", or_none(&shop.shipping_method), shop.tags.join(" + ")));
    let tax = if order.prices_include_tax { "included in" } else { "added to" };
    say(format!("currency {}, tax {tax} the prices", or_none(&order.currency)));
    say(format!(
        "total {} (in the shop's currency {}, cash rounding {})",
        or_none(&order.total),
        or_none(&shop.total_in_shop_currency),
        shop.cash_rounding
    ));
    order.lines.iter().for_each(|line| say(render_line(line)));
    order.charges.iter().for_each(|charge| say(render_charge(charge)));
    shop.fulfillment_orders.iter().for_each(|part| say(render_fulfillment_order(part)));
    shop.fulfillments.iter().for_each(|part| say(render_fulfillment(part)));
    for part in &shop.returns {
        let lines = part
            .lines
            .iter()
            .map(|line| format!("{} of {} because {}", line.quantity, line.line_id, or_none(&line.reason)));
        say(format!(
            "return {} ({}): {:?} since {}: {}",
            part.id,
            part.number,
            part.state,
            part.created_at,
            list(lines)
        ));
    }
    let person = &order.person;
    say(format!(
        "buyer {} <{}>, customer {}, purchase order {}",
        or_none(&person.name),
        or_none(&person.email),
        or_none(&shop.customer_id),
        or_none(&order.customer_ref)
    ));
    say(format!("bill to {}", render_address(person.billing.as_ref())));
    say(format!("ship to {}", render_address(person.shipping.as_ref())));
    order.oddities.iter().for_each(|oddity| say(format!("odd: {oddity}")));
    text
}

fn marks(shop: &ShopOrder) -> String {
    let mut marks = Vec::new();
    marks.extend(shop.archived_at.map(|at| format!("archived {at}")));
    marks.extend(shop.cancelled_at.map(|at| format!("cancelled {at}")));
    marks.extend(shop.is_test.then(|| "test".to_owned()));
    marks.push(format!("sold in {}", or_none(&shop.sold_in)));
    marks.join(", ")
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<String>>().join(", ")
}

fn render_line(line: &ChannelLine) -> String {
    let shop = &line.shop;
    let mut marks = vec![format!("variant {}", or_none(&shop.variant_id))];
    marks.extend(shop.is_custom.then(|| "custom".to_owned()));
    marks.extend((!shop.requires_shipping).then(|| "not shipped".to_owned()));
    marks.extend(shop.is_gift_card.then(|| "gift card".to_owned()));
    marks.extend(shop.properties.iter().map(|(key, value)| format!("{key}={value}")));
    format!(
        "line {}: {} units, {} shipped, {} open, SKU {:?}, \"{}\", {}\n  amount {}, discount {}, tax {}",
        line.line_id,
        line.quantity,
        line.shipped_quantity.unwrap(),
        or_none(&shop.open_quantity),
        line.sku,
        line.name,
        marks.join(", "),
        or_none(&line.amount),
        line.discount,
        or_none(&line.tax),
    )
}

fn render_charge(charge: &ChannelCharge) -> String {
    format!(
        "charge {}: {}, discount {}, tax {}",
        charge.kind.as_str(),
        charge.amount,
        charge.discount,
        or_none(&charge.tax)
    )
}

fn render_fulfillment_order(part: &FulfillmentOrder) -> String {
    let lines = part
        .lines
        .iter()
        .map(|line| format!("{} of {} ({}) of {}", line.remaining, line.total, line.id, line.line_id));
    let mut marks = format!("{:?} by {:?} from {}", part.state, part.delivery, or_none(&part.location));
    for hold in &part.holds {
        write!(marks, ", held: {}", hold.reason).unwrap();
    }
    format!("to ship {}: {marks}: {}", part.id, list(lines))
}

fn render_fulfillment(part: &ChannelFulfillment) -> String {
    let lines = part.lines.iter().map(|units| format!("{} of {}", units.quantity, units.line_id));
    let tracking = part
        .tracking
        .iter()
        .map(|one| format!("{} {} {}", or_none(&one.carrier), or_none(&one.number), or_none(&one.url)));
    format!(
        "shipped {}: {:?} {} from {} for {:?}: {} [{}]",
        part.id,
        part.state,
        part.created_at,
        or_none(&part.location),
        part.fulfillment_orders,
        list(lines),
        list(tracking)
    )
}

fn render_address(address: Option<&Address>) -> String {
    let Some(address) = address else { return "unknown".to_owned() };
    let parts = [
        &address.name,
        &address.company,
        &address.line_1,
        &address.line_2,
        &address.city,
        &address.state,
        &address.postal_code,
        &address.country,
        &address.phone,
    ];
    parts.map(or_none).join(" | ")
}

fn or_none<T: std::fmt::Display>(value: &Option<T>) -> String {
    value.as_ref().map_or("unknown".to_owned(), T::to_string)
}
