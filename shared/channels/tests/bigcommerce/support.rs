//! What the tests of BigCommerce's folder share: a connection, a token, and an order as plain text.

use std::{fmt::Write as _, time::Duration};

use weir_channels::{
    bigcommerce::CHANNEL,
    channel::{AccessToken, Call, Orders, Secret, Webhooks},
};
use weir_domain::{
    Timestamp,
    channel_order::{ChannelCharge, ChannelLine, ChannelOrder, shop::FulfillmentOrder},
    connection::{Connection, ConnectionStatus, RemoteAccount},
    customer::Address,
    ids::{ChannelName, ConnectionId},
};

/// The access token of the tests; no message may hold it.
pub(crate) const TOKEN: &str = "TESTTOKENTESTTOKENTESTTOKEN00";
pub(crate) const STORE: &str = "abc123def";

pub(crate) fn connection() -> Connection {
    let remote = RemoteAccount { account: STORE.to_owned(), marketplace: None };
    let (id, channel) = (ConnectionId::parse("con_1").unwrap(), ChannelName::parse("bigcommerce").unwrap());
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

/// An order as plain text, one fact after the other, so that a person can hold it against the rules.
pub(crate) fn render(order: &ChannelOrder) -> String {
    let mut text = String::new();
    let mut say = |line: String| writeln!(text, "{line}").unwrap();
    let shop = &order.shop;
    say(format!(
        "order {}, created {}, updated {}",
        order.channel_order_id, order.created_at, order.updated_at
    ));
    say(format!("state {:?}, stage {:?}, payment {:?}", order.state, shop.stage, shop.payment));
    let tax = if order.prices_include_tax { "included in" } else { "added to" };
    say(format!("currency {}, tax {tax} the prices", or_none(&order.currency)));
    say(format!(
        "total {} (in the store's currency {}), {} off the order",
        or_none(&order.total),
        or_none(&shop.total_in_shop_currency),
        shop.order_discount
    ));
    order.lines.iter().for_each(|line| say(render_line(line)));
    order.charges.iter().for_each(|charge| say(render_charge(charge)));
    shop.fulfillment_orders.iter().for_each(|part| say(render_part(part)));
    let person = &order.person;
    say(format!(
        "buyer {} <{}>, customer {}",
        or_none(&person.name),
        or_none(&person.email),
        or_none(&shop.customer_id)
    ));
    say(format!("bill to {}", render_address(person.billing.as_ref())));
    say(format!(
        "ship to {} by {}",
        render_address(person.shipping.as_ref()),
        or_none(&shop.shipping_method)
    ));
    order.oddities.iter().for_each(|oddity| say(format!("odd: {oddity}")));
    text
}

fn render_line(line: &ChannelLine) -> String {
    let shop = &line.shop;
    let mut marks = vec![format!("variant {}", or_none(&shop.variant_id))];
    marks.extend(shop.is_custom.then(|| "custom".to_owned()));
    marks.extend((!shop.requires_shipping).then(|| "not shipped".to_owned()));
    marks.extend(shop.is_gift_card.then(|| "gift certificate".to_owned()));
    marks.extend(shop.properties.iter().map(|(key, value)| format!("{key}={value}")));
    format!(
        "line {}: {} units, {} shipped, {} open, SKU {:?}, \"{}\", {}\n  amount {}, discount {}, tax {}",
        line.line_id,
        line.quantity,
        or_none(&line.shipped_quantity),
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

fn render_part(part: &FulfillmentOrder) -> String {
    let lines: Vec<String> = part
        .lines
        .iter()
        .map(|line| format!("{} of {} of {}", line.remaining, line.total, line.line_id))
        .collect();
    let place = or_none(&part.location);
    format!("to ship {}: {:?} by {:?} from {place}: {}", part.id, part.state, part.delivery, lines.join(", "))
}

fn render_address(address: Option<&Address>) -> String {
    let Some(address) = address else { return "unknown".to_owned() };
    let parts = [
        &address.name,
        &address.line_1,
        &address.city,
        &address.state,
        &address.postal_code,
        &address.country,
    ];
    parts.map(or_none).join(" | ")
}

fn or_none<T: std::fmt::Display>(value: &Option<T>) -> String {
    value.as_ref().map_or("unknown".to_owned(), T::to_string)
}
