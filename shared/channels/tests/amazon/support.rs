//! What the tests of Amazon's folder share: a connection, a token, and an order as plain text.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use weir_channels::{
    amazon::CHANNEL,
    channel::{AccessToken, Call, MalformedOrder, Orders, Secret},
};
use weir_domain::{
    Timestamp,
    channel_order::{ChannelCharge, ChannelLine, ChannelOrder},
    connection::{Connection, ConnectionSettings, ConnectionStatus, RemoteAccount},
    customer::Address,
    ids::{ChannelName, ConnectionId},
};

pub(crate) const US: &str = "ATVPDKIKX0DER";
pub(crate) const DE: &str = "A1PA6795UKMFR9";

/// The access token of the tests; no message may hold it.
pub(crate) const TOKEN: &str = "Atza|IwEBITESTTOKENTESTTOKENTESTTOKEN";

pub(crate) fn connection(marketplace: &str, orders_api: &str) -> Connection {
    let remote =
        RemoteAccount { account: "A3TH9S8BH6GOGM".to_owned(), marketplace: Some(marketplace.to_owned()) };
    let (id, channel) = (ConnectionId::parse("con_1").unwrap(), ChannelName::parse("amazon").unwrap());
    let settings = ConnectionSettings { orders_api: orders_api.to_owned(), ..CHANNEL.default_settings() };
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

pub(crate) fn read(format: &str, body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
    orders().read(format, body)
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Amazon's own examples, which lie beside the repository and not in it.
pub(crate) fn official(path: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/amazon");
    std::fs::read_to_string(root.join(path)).ok()
}

/// An order as plain text, one fact after the other, so that a person can hold it against the rules.
pub(crate) fn render(order: &ChannelOrder) -> String {
    let mut text = String::new();
    let mut say = |line: String| writeln!(text, "{line}").unwrap();
    say(format!("order {} (number {})", order.channel_order_id, order.order_no));
    say(format!("created {}, updated {}", order.created_at, order.updated_at));
    say(format!(
        "state {:?}, fulfilled by {:?}, sold by {:?}",
        order.state, order.fulfilled_by, order.sold_by
    ));
    say(format!(
        "marketplace {}, request number {}",
        or_none(&order.marketplace),
        or_none(&order.request_number)
    ));
    say(format!("promised by {}", or_none(&order.promised_by)));
    let tax = if order.prices_include_tax { "included in" } else { "added to" };
    say(format!(
        "currency {}, total {}, tax {tax} the prices",
        or_none(&order.currency),
        or_none(&order.total)
    ));
    for line in &order.lines {
        say(render_line(line));
        line.charges.iter().for_each(|charge| say(format!("  {}", render_charge(charge))));
        if !line.serial_numbers.is_empty() {
            say(format!("  serial numbers {}", line.serial_numbers.join(", ")));
        }
    }
    order.charges.iter().for_each(|charge| say(render_charge(charge)));
    let person = &order.person;
    say(format!(
        "buyer {} <{}>, purchase order {}",
        or_none(&person.name),
        or_none(&person.email),
        or_none(&order.customer_ref)
    ));
    say(format!("bill to {}", render_address(person.billing.as_ref())));
    say(format!("ship to {}", render_address(person.shipping.as_ref())));
    order.oddities.iter().for_each(|oddity| say(format!("odd: {oddity}")));
    text
}

fn render_line(line: &ChannelLine) -> String {
    format!(
        "line {}: {} of {} shipped, SKU {:?}, \"{}\"; amount {}, tax {}, discount {}, its tax {}",
        line.line_id,
        line.shipped_quantity.map_or("?".to_owned(), |shipped| shipped.to_string()),
        line.quantity,
        line.sku,
        line.name,
        or_none(&line.amount),
        or_none(&line.tax),
        line.discount,
        or_none(&line.discount_tax),
    )
}

fn render_charge(charge: &ChannelCharge) -> String {
    format!(
        "charge {}: {}, tax {}, discount {}",
        charge.kind.as_str(),
        charge.amount,
        or_none(&charge.tax),
        charge.discount
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
        &address.email,
    ];
    parts.map(or_none).join(" | ")
}

fn or_none<T: std::fmt::Display>(value: &Option<T>) -> String {
    value.as_ref().map_or("unknown".to_owned(), T::to_string)
}
