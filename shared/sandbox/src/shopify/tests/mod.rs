//! The sandbox's Shopify keeps to what is documented of the real one.

mod access;
mod contract;
mod deliveries;
mod opening;
mod fulfilling;
mod generated;
mod limits;
mod readers;
mod searches;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use weir_channels::{
    channel::{AccessToken, Call, ChannelError, RawOrder, Secret, Step},
    http::{HttpRequest, HttpResponse},
    shopify::CHANNEL,
};
use weir_domain::{
    channel_order::ChannelOrder,
    connection::{Connection, ConnectionStatus, RemoteAccount},
    ids::{ChannelName, ChannelOrderId, ConnectionId},
};

use super::{ALL_SCOPES, LineSpec, OrderSpec, ShopSpec, Shopify};
use crate::Now;

const SHOP: &str = "blue-mugs.myshopify.com";
const APP: &str = "app-one";
const SECRET: &str = "shpss_one";
const TOKEN: &str = "shpat_held";

fn at(seconds: i64) -> Now {
    let start: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
    Now::at(start + SignedDuration::from_secs(seconds))
}

/// A Shopify with one shop, in which the application may do everything.
fn new() -> Shopify {
    with(ShopSpec::new(SHOP).location("Downtown"))
}

fn with(shop: ShopSpec) -> Shopify {
    let mut shopify = Shopify::new(7);
    shopify.register_app(APP, SECRET, Some("https://weir.example/privacy"));
    shopify.open_shop(shop);
    shopify.install(SHOP, APP, &ALL_SCOPES);
    shopify.give_access_token(SHOP, APP, TOKEN);
    shopify
}

fn connection() -> Connection {
    let remote = RemoteAccount { account: SHOP.to_owned(), marketplace: None };
    let (id, channel) = (ConnectionId::parse("con_1").unwrap(), ChannelName::parse("shopify").unwrap());
    Connection {
        status: ConnectionStatus::Active,
        ..Connection::new(id, channel, remote, CHANNEL.default_settings(), at(0).wall)
    }
}

fn token(token: &str) -> AccessToken {
    AccessToken { token: Secret::new(token), lifetime: Duration::from_secs(3_600) }
}

fn json(response: &HttpResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap_or(Value::Null)
}

/// What was asked, and what was answered.
type Calls = Vec<(HttpRequest, HttpResponse)>;

/// How often a throttled call is made again, each time a second later than before.
const WAITS: i64 = 20;

/// Looks at an order as the channel does, in as many requests as it takes. Gives what was asked and
/// answered as well.
fn look(shopify: &mut Shopify, id: u64, now: Now) -> (Result<Option<RawOrder>, ChannelError>, Calls) {
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let id = ChannelOrderId::parse(&id.to_string()).unwrap();
    let (mut answers, mut calls, mut waited) = (Vec::new(), Vec::new(), SignedDuration::ZERO);
    loop {
        match CHANNEL.orders.unwrap().look(call, &id, &answers) {
            Ok(Step::Ask(_, request)) => {
                let mut answer = shopify.handle(&request, now);
                // Who is throttled waits: a long order takes more points than there are at once.
                for wait in 1..=WAITS {
                    let code = &json(&answer)["errors"][0]["extensions"]["code"];
                    if code == "THROTTLED" {
                        waited += SignedDuration::from_secs(wait);
                        answer = shopify.handle(&request, Now { scaled: now.scaled + waited, ..now });
                    }
                }
                answers.push(answer.clone());
                calls.push((request, answer));
            }
            Ok(Step::Have(raw)) => return (Ok(Some(raw)), calls),
            Ok(Step::NotFound) => return (Ok(None), calls),
            Err(error) => return (Err(error), calls),
        }
    }
}

/// Reads an order as the channel does.
fn read(shopify: &mut Shopify, id: u64, now: Now) -> ChannelOrder {
    let raw = look(shopify, id, now).0.unwrap().unwrap();
    assert_eq!(raw.channel_order_id.as_str(), id.to_string());
    CHANNEL.orders.unwrap().read(&raw.format, &raw.body).unwrap()
}

/// Two mugs at 12.50 with 8 % of tax.
fn simple() -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new("MUG", 2, 1_250).taxed("Sales tax", 800)])
}

fn place(shopify: &mut Shopify, spec: OrderSpec, now: Now) -> u64 {
    shopify.place_order(SHOP, spec, now).unwrap()
}
