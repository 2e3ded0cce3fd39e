//! The sandbox's BigCommerce keeps to what is documented of the real one, and its orders are read as what
//! they truly are.

mod readers;
mod doors;
mod deliveries;
mod opening;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use weir_channels::{
    bigcommerce::CHANNEL,
    channel::{AccessToken, Call, ChannelError, RawOrder, Secret, Step},
    http::HttpRequest,
};
use weir_domain::{
    channel_order::ChannelOrder,
    connection::{Connection, ConnectionStatus, RemoteAccount},
    ids::{ChannelName, ChannelOrderId, ConnectionId},
};

use super::{BigCommerce, LineSpec, OrderSpec, StoreSpec};
use crate::Now;

const STORE: &str = "abc123";
const TOKEN: &str = "sandboxtoken";
const SECRET: &str = "sandboxsecret";

fn at(seconds: i64) -> Now {
    let start: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
    Now::at(start + SignedDuration::from_secs(seconds))
}

fn new() -> BigCommerce {
    with(StoreSpec::new(STORE, TOKEN, SECRET))
}

fn with(store: StoreSpec) -> BigCommerce {
    let mut shop = BigCommerce::new(7);
    shop.open_store(store);
    shop
}

fn connection() -> Connection {
    let remote = RemoteAccount { account: STORE.to_owned(), marketplace: None };
    let (id, channel) = (ConnectionId::parse("con_1").unwrap(), ChannelName::parse("bigcommerce").unwrap());
    Connection {
        status: ConnectionStatus::Active,
        ..Connection::new(id, channel, remote, CHANNEL.default_settings(), at(0).wall)
    }
}

fn token() -> AccessToken {
    AccessToken { token: Secret::new(TOKEN), lifetime: Duration::from_secs(3_600) }
}

/// Looks at an order as the channel does; with how many calls.
fn look(shop: &mut BigCommerce, id: u64, now: Now) -> (Result<Option<RawOrder>, ChannelError>, usize) {
    let (connection, token) = (connection(), token());
    let call = Call { connection: &connection, token: &token };
    let id = ChannelOrderId::parse(&id.to_string()).unwrap();
    let mut answers = Vec::new();
    loop {
        let request: HttpRequest = match CHANNEL.orders.unwrap().look(call, &id, &answers) {
            Ok(Step::Ask(_, request)) => request,
            Ok(Step::Have(order)) => return (Ok(Some(order)), answers.len()),
            Ok(Step::NotFound) => return (Ok(None), answers.len()),
            Err(error) => return (Err(error), answers.len()),
        };
        answers.push(shop.handle(&request, now));
    }
}

/// An order as the channel reads it.
fn read(shop: &mut BigCommerce, id: u64, now: Now) -> ChannelOrder {
    let raw = look(shop, id, now).0.unwrap().unwrap();
    CHANNEL.orders.unwrap().read(&raw.format, &raw.body).unwrap()
}

fn mugs(quantity: i64) -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new("MUG", quantity, 1_250).taxed(825)])
}
