//! Weir's half of the webhook benchmark: what a delivery costs at the door, and what an order costs from
//! its delivery to the decision. `infra/webhook_bench.py` runs it beside Shopify's own library on the same
//! bodies. It measures CPU time and asserts nothing by it.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::{collections::BTreeMap, error::Error, fs, hint::black_box, path::Path};

use weir_channels::{
    Channel,
    channel::{Delivery, Orders, Secret, Webhooks},
};
use weir_domain::{
    Timestamp,
    connection::{Connection, ConnectionStatus, RemoteAccount},
    decide::{self, State},
    ids::{ChannelName, ConnectionId, LocationId, OrganizationId},
    money::Currency,
    organization::{Organization, TimeZoneName},
    outcome::OutcomeKind,
    stock::Stock,
};

/// Calls before the clock is looked at again.
const AT_ONCE: u32 = 200;

type Failure = Box<dyn Error>;

/// What is measured: the bodies, and what stands around them.
struct Bench {
    channel: &'static Channel,
    webhooks: &'static dyn Webhooks,
    orders: &'static dyn Orders,
    connection: Connection,
    organization: Organization,
    secrets: Vec<Secret>,
    headers: Vec<(String, String)>,
    webhook: Vec<u8>,
    format: String,
    answers: Vec<u8>,
    now: Timestamp,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("say in which folder the bodies are")?;
    let seconds: u64 = arguments.next().ok_or("say for how many seconds")?.parse()?;
    let bench = Bench::read(Path::new(&folder))?;
    bench.check()?;
    let door = measure(seconds, || bench.door())?;
    let order = measure(seconds, || bench.order())?;
    println!("{{\"door_ns\": {door}, \"order_ns\": {order}}}");
    Ok(())
}

/// Nanoseconds of CPU that this process has had.
fn cpu() -> Result<u64, Failure> {
    let told = fs::read_to_string("/proc/self/schedstat")?;
    Ok(told.split(' ').next().ok_or("the kernel tells no CPU time")?.parse()?)
}

/// Nanoseconds of CPU for one call, over so many seconds of it.
fn measure<T>(seconds: u64, call: impl Fn() -> Result<T, Failure>) -> Result<u64, Failure> {
    let (start, mut calls) = (cpu()?, 0_u64);
    loop {
        for _ in 0..AT_ONCE {
            black_box(call()?);
        }
        calls += u64::from(AT_ONCE);
        let spent = cpu()? - start;
        if spent >= seconds * 1_000_000_000 {
            return Ok(spent / calls);
        }
    }
}

impl Bench {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let text = |name: &str| fs::read_to_string(folder.join(name));
        let headers = text("headers.txt")?;
        let headers = headers.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let name = ChannelName::parse("shopify")?;
        let channel = weir_channels::find(&name).ok_or("this build does not know the channel")?;
        let now: Timestamp = "2026-11-20T00:00:00Z".parse()?;
        Ok(Self {
            channel,
            webhooks: channel.webhooks.ok_or("the channel has no webhooks")?,
            orders: channel.orders.ok_or("the channel has no orders")?,
            connection: connection(name, text("shop.txt")?.trim())?,
            organization: organization()?,
            secrets: vec![Secret::new(text("secret.txt")?.trim())],
            headers,
            webhook: fs::read(folder.join("webhook.json"))?,
            format: text("format.txt")?.trim().to_owned(),
            answers: fs::read(folder.join("answers.json"))?,
            now,
        })
    }

    /// A delivery at the door: its signature, its topic and the ids of what it is about.
    fn door(&self) -> Result<Delivery, Failure> {
        Ok(self.webhooks.receive(&self.connection, &self.secrets, &self.headers, &self.webhook, self.now)?)
    }

    /// An order: its delivery, the shop's answer about it, and what is decided.
    fn order(&self) -> Result<decide::Decision, Failure> {
        black_box(self.door()?);
        let order = self.orders.read(&self.format, &self.answers)?;
        let (variants, stock) = (BTreeMap::new(), Stock::default());
        let state = State {
            organization: &self.organization,
            connection: &self.connection,
            order: None,
            observation: None,
            variants: &variants,
            stock: &stock,
            is_own_request: false,
            is_asked_for: false,
            manufacturing_orders: &[],
            returns: &[],
            customers: &[],
        };
        Ok(decide::decide(self.channel.rules, &state, &order, self.now))
    }

    /// What is measured is what is meant: the delivery is let in, and the order comes in.
    fn check(&self) -> Result<(), Failure> {
        let decision = self.order()?;
        if decision.outcome.kind != OutcomeKind::Imported {
            return Err(format!("the order did not come in: {:?}", decision.outcome).into());
        }
        let mut forged = self.webhook.clone();
        forged.push(b' ');
        if self.webhooks.receive(&self.connection, &self.secrets, &self.headers, &forged, self.now).is_ok() {
            return Err("a forged delivery was let in".into());
        }
        Ok(())
    }
}

fn connection(channel: ChannelName, shop: &str) -> Result<Connection, Failure> {
    let since: Timestamp = "2026-11-01T00:00:00Z".parse()?;
    let remote = RemoteAccount { account: shop.to_owned(), marketplace: None };
    let settings = weir_channels::shopify::CHANNEL.default_settings();
    Ok(Connection {
        status: ConnectionStatus::Active,
        default_location: Some(LocationId::parse("loc_1")?),
        first_activated_at: Some(since),
        activated_at: Some(since),
        orders_from: Some(since),
        ..Connection::new(ConnectionId::parse("con_1")?, channel, remote, settings, since)
    })
}

fn organization() -> Result<Organization, Failure> {
    Ok(Organization {
        id: OrganizationId::parse("org_1")?,
        name: "Blue Mugs".to_owned(),
        base_currency: Currency::USD,
        time_zone: TimeZoneName::parse("America/New_York")?,
        default_delivery_days: 14,
        inventory_lock_date: None,
        exchange_rates: BTreeMap::new(),
        created_at: "2026-11-01T00:00:00Z".parse()?,
    })
}
