//! What an order costs: how many go through in a second, what DynamoDB would charge for one of them item
//! by item, and how much memory it takes. It measures and asserts nothing.
//!
//! `cargo run --release -p weir-tests --example benchmark`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it cannot go on"
)]

use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Duration};

use jiff::SignedDuration;
use weir_app::ports::{Key, Record};
use weir_domain::{
    decide::{self, State},
    stock::Stock,
};
use weir_sandbox::amazon::{BuyerSpec, LineSpec, OrderSpec, marketplaces::US};
use weir_tests::{
    Folder, House, Shop,
    house::Plan,
    meter::{Charge, Meter},
    shop::{MUG, line, pieces},
};

/// How long the rules alone are measured.
const RULES_FOR: Duration = Duration::from_secs(2);

/// Orders that go through importer and store.
const ORDERS: usize = 400;

/// Orders of the page whose units are counted.
const PAGE: usize = 50;

#[allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("build: {}", if cfg!(debug_assertions) { "dev" } else { "release" });
    println!();
    println!("orders a second");
    runtime.block_on(rules());
    runtime.block_on(through("importer and embedded store, in memory", None));
    let folder = Folder::new("benchmark");
    runtime.block_on(through("importer and embedded store, on disk", Some(&folder)));
    println!();
    for with_person in [false, true] {
        runtime.block_on(units(with_person));
    }
    println!("peak memory: {}", peak_memory());
}

fn one_line() -> Vec<LineSpec> {
    vec![line(MUG, 2)]
}

fn buyer() -> BuyerSpec {
    let text = |text: &str| Some(text.to_owned());
    BuyerSpec {
        name: text("Johanna Buyerson"),
        line_1: text("17 Long Street, Apartment 4"),
        postal_code: text("98109"),
        state: text("WA"),
        city: text("Seattle"),
        country: text("US"),
        ..BuyerSpec::default()
    }
}

async fn shop(house: &House) -> Shop {
    let shop = house.shop("acme", &US).await;
    house.stock(&shop, vec![pieces(MUG, 1_000_000)]).await;
    shop
}

/// The rules alone, and with the reading of Amazon's JSON.
async fn rules() {
    let house = House::new().await;
    let shop = shop(&house).await;
    let id = house.sell(&shop, one_line());
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    let file = house.hub.ledger.read_order(&shop.organization, &shop.order(&id)).await.unwrap();
    let snapshot = file.snapshot.unwrap();
    let channel = &weir_channels::amazon::CHANNEL;
    let orders = channel.orders.unwrap();
    let order = orders.read(&snapshot.format, &snapshot.body).unwrap();
    let Record::Organization(organization) =
        house.record(Key::Organization(shop.organization.clone())).await.unwrap().record
    else {
        return;
    };
    let connection = house.connection(&shop).await;
    let item = house.stock_of(&shop, MUG).await;
    let stock = Stock { items: BTreeMap::from([(item.key.clone(), item)]), ..Stock::default() };
    let variants = BTreeMap::from([(MUG.to_owned(), house.variant_of(&shop, MUG).await)]);
    let state = State {
        organization: &organization,
        connection: &connection,
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
    let at = house.now();
    per_second("decide alone", || {
        black_box(decide::decide(channel.rules, &state, &order, at));
    });
    per_second("reading Amazon's JSON and decide", || {
        let order = orders.read(&snapshot.format, &snapshot.body).unwrap();
        black_box(decide::decide(channel.rules, &state, &order, at));
    });
}

fn per_second(what: &str, mut work: impl FnMut()) {
    let began = now();
    let mut done = 0_u64;
    while began.elapsed() < RULES_FOR {
        for _ in 0..100 {
            work();
        }
        done += 100;
    }
    let millis = began.elapsed().as_millis();
    println!("  {what:<52} {:>10}", u128::from(done) * 1_000 / millis.max(1));
}

/// Importer and store: what a page has signalled is imported, one after another, and then dispatched.
async fn through(what: &str, folder: Option<&Folder>) {
    let house =
        House::build(Plan { folder: folder.map(|folder| folder.path().to_owned()), ..Plan::default() }).await;
    let shop = shop(&house).await;
    for _ in 0..ORDERS {
        house.sell(&shop, one_line());
    }
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    let began = now();
    house.consume().await;
    let imported = began.elapsed();
    let began = now();
    let dispatched = house.dispatch().await;
    let sent = began.elapsed();
    let books = house.check_books(&shop.organization).await;
    let rate = |count: usize, time: Duration| count as u128 * 1_000 / time.as_millis().max(1);
    println!("  {what:<52} {:>10}", rate(books.orders, imported));
    println!("  {:<52} {:>10}", "  its events through stream and dispatcher", rate(dispatched, sent));
}

/// What DynamoDB would charge for one order of one line.
async fn units(with_person: bool) {
    let meter = Arc::new(Meter::default());
    let hook = Arc::<Meter>::clone(&meter);
    let house = House::build(Plan { hook: Some(hook), ..Plan::default() }).await;
    let shop = shop(&house).await;
    let spec = || {
        let spec = OrderSpec::new(&US, one_line());
        let buyer = with_person.then(buyer);
        OrderSpec { buyer, ..spec }
    };
    // One goes before, so that nothing is written for the first time.
    house.sell_spec(&shop, spec());
    house.minutes(3).await;
    meter.take();
    for _ in 0..PAGE {
        house.sell_spec(&shop, spec());
    }
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    let of_poll = meter.take();
    house.consume().await;
    let of_import = meter.take();
    house.dispatch().await;
    let of_dispatch = meter.take();

    let person = if with_person { "with personal data" } else { "without personal data" };
    println!("DynamoDB units of one FBA order of one line, {person}");
    println!("  {:<34} {:>7} {:>7} {:>7} {:>7}", "", "bytes", "write", "index", "read");
    let mut all = Sum::default();
    let of_a_tick = ["organization", "connection", "cursor", "token bucket", "route"];
    let is_of_a_tick = |charge: &&Charge| {
        of_a_tick.contains(&charge.what.as_str())
            || charge.what.starts_with("query ")
            || charge.bytes > 100_000
    };
    let (tick, page): (Vec<&Charge>, Vec<&Charge>) = of_poll.iter().partition(is_of_a_tick);
    all.add(&print("poll: known? and snapshot", &page));
    all.add(&print(
        "import: what is read",
        &of_import.iter().filter(|charge| charge.reads > 0).collect::<Vec<_>>(),
    ));
    all.add(&print(
        "import: its commit",
        &of_import.iter().filter(|charge| charge.reads == 0).collect::<Vec<_>>(),
    ));
    all.add(&print("dispatch: removal", &of_dispatch.iter().collect::<Vec<_>>()));
    all.print("in all (target: write + index ≤ 20, read ≤ 5)");
    println!(
        "  if an index write of a transaction counts twice: {}",
        all.per_order(all.writes + 2 * all.index)
    );
    println!();
    let mut of_tick = Sum::default();
    for charge in tick {
        of_tick.charge(charge);
    }
    println!(
        "  beside it, one tick that found this page: {} write, {} index and {} read units, whatever it found",
        of_tick.writes, of_tick.index, of_tick.reads
    );
    println!();
}

#[derive(Default)]
struct Sum {
    bytes: usize,
    writes: usize,
    index: usize,
    reads: usize,
}

impl Sum {
    fn charge(&mut self, charge: &Charge) {
        self.bytes += charge.bytes;
        self.writes += charge.writes;
        self.index += charge.index_writes;
        self.reads += charge.reads;
    }

    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.writes += other.writes;
        self.index += other.index;
        self.reads += other.reads;
    }

    /// Of one order, with two digits.
    fn per_order(&self, sum: usize) -> String {
        let hundredths = sum * 100 / PAGE;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    fn print(&self, what: &str) {
        let [writes, index, reads] = [self.writes, self.index, self.reads].map(|sum| self.per_order(sum));
        println!("  {what:<34} {:>7} {writes:>7} {index:>7} {reads:>7}", self.bytes / PAGE);
    }
}

fn print(what: &str, charges: &[&Charge]) -> Sum {
    let mut kinds: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    let mut all = Sum::default();
    for charge in charges {
        kinds.entry((charge.operation.as_str(), charge.what.as_str())).or_default().charge(charge);
        all.charge(charge);
    }
    println!("  {what}");
    for ((operation, kind), sum) in &kinds {
        sum.print(&format!("  {kind} ({})", short(operation)));
    }
    all
}

fn short(operation: &str) -> &str {
    match operation {
        "TransactWriteItems" => "transaction",
        "PutItem" => "put",
        "DeleteItem" => "delete",
        "BatchGetItem" => "get",
        "Query" => "query",
        other => other,
    }
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "not told by this system".to_owned(), |line| line.trim().to_owned())
}
