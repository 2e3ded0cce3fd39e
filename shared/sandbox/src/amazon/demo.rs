//! The demo merchant of the local run: a catalogue, three marketplaces, and orders that keep coming
//! and shipping. All of it follows from the seed and the time it opened: opened again with the same
//! two, the shop has had the same orders, those of the time between among them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Amazon, BuyerSpec, FulfilledBy, LineSpec, Marketplace, Now, OrderSpec, SellerSpec, Tax,
    marketplaces::{DE, JP, US},
};
use crate::dice::mix;

mod catalogue;

pub use catalogue::{CATALOGUE, CatalogueItem, OpeningBatch, OpeningStock};

/// How long before it opens the shop already had orders: younger than a new connection looks back.
const BEFORE: SignedDuration = SignedDuration::from_mins(12);
/// Orders in that time, one every 15 seconds.
const SLOTS_BEFORE: u64 = 48;
/// Time between orders from then on, give or take half a second.
const SLOT_MILLIS: u64 = 3_000;
/// How much of the past is made anew when the shop opens again.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(48);
/// Requests that the merchant once sent to Amazon.
const REQUESTS: u64 = 24;

/// One of the demo's marketplaces, as a connection has to be made for it.
#[derive(Debug, PartialEq, Eq)]
pub struct DemoMarketplace {
    /// The marketplace.
    pub marketplace: &'static Marketplace,
    /// The seller's id there.
    pub seller_id: &'static str,
    /// The seller's authorization there. Like real ones it holds for one region.
    pub refresh_token: &'static str,
}

/// What kind of order comes when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One line of untracked goods.
    Plain(&'static Marketplace),
    /// Several lines, with shipping.
    Many(&'static Marketplace),
    /// Goods kept by batch.
    Batch(&'static Marketplace),
    /// Goods kept by serial number, which comes along.
    Serial,
    /// The same, and Amazon does not tell the serial number.
    SerialUntold,
    /// With gift wrap, shipping and a discount on both.
    Gift,
    /// With a discount whose tax is shown on its own.
    Discount,
    /// Tax is not told.
    NoTax,
    /// A company with a purchase order number and a name.
    Business,
    /// The merchant's new product, of which nobody told Weir.
    Unmatched,
    /// The merchant's own request to ship for another shop comes back.
    Ours,
    /// A request that somebody made elsewhere.
    NotOurs,
    /// The merchant ships it.
    ByMerchant,
    /// Cancelled before it ships.
    Cancelled,
    /// Ships in two parts.
    InTwo,
}

/// The kinds of forty orders; then they come again.
const KINDS: [Kind; 40] = [
    Kind::Plain(&US),
    Kind::Plain(&DE),
    Kind::Many(&US),
    Kind::Serial,
    Kind::Batch(&DE),
    Kind::Plain(&JP),
    Kind::Gift,
    Kind::Plain(&US),
    Kind::Unmatched,
    Kind::Discount,
    Kind::Batch(&US),
    Kind::Ours,
    Kind::Plain(&DE),
    Kind::Many(&DE),
    Kind::Plain(&US),
    Kind::Many(&JP),
    Kind::Serial,
    Kind::Plain(&DE),
    Kind::NoTax,
    Kind::Plain(&US),
    Kind::NotOurs,
    Kind::Batch(&JP),
    Kind::Plain(&US),
    Kind::Business,
    Kind::InTwo,
    Kind::Plain(&DE),
    Kind::Many(&US),
    Kind::SerialUntold,
    Kind::Plain(&JP),
    Kind::Batch(&US),
    Kind::Plain(&US),
    Kind::ByMerchant,
    Kind::Discount,
    Kind::Serial,
    Kind::Plain(&DE),
    Kind::Cancelled,
    Kind::Batch(&DE),
    Kind::Plain(&US),
    Kind::Gift,
    Kind::Plain(&JP),
];

/// What happens next to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ship,
    ShipOne,
    Cancel,
}

/// The demo merchant.
#[derive(Debug)]
pub struct Demo {
    seed: u64,
    opened: Timestamp,
    next: u64,
    due: BTreeMap<(Timestamp, u64), (Step, String)>,
}

impl Demo {
    /// The merchant's application.
    pub const CLIENT_ID: &'static str = "amzn1.application-oa2-client.weirdemo";
    /// Its secret. It opens nothing but the sandbox.
    pub const CLIENT_SECRET: &'static str = "amzn1.oa2-cs.v1.weirdemo";
    /// The SKU that no variant has.
    pub const UNMATCHED_SKU: &'static str = "WEIR-NEW-ARRIVAL";

    /// The demo's marketplaces: prices without tax, with tax, and in a currency without cents.
    pub const MARKETPLACES: [DemoMarketplace; 3] = [
        DemoMarketplace { marketplace: &US, seller_id: "A1WEIRDEMOUS00", refresh_token: "Atzr|weirdemo-us" },
        DemoMarketplace { marketplace: &DE, seller_id: "A2WEIRDEMOEU00", refresh_token: "Atzr|weirdemo-eu" },
        DemoMarketplace { marketplace: &JP, seller_id: "A3WEIRDEMOJP00", refresh_token: "Atzr|weirdemo-jp" },
    ];

    /// A shop that opened at a time. Give the time of the first start again at every later one.
    #[must_use]
    pub const fn new(seed: u64, opened: Timestamp) -> Self {
        Self { seed, opened, next: 0, due: BTreeMap::new() }
    }

    /// The goods, with what is in stock when the shop opens.
    #[must_use]
    pub const fn catalogue() -> &'static [CatalogueItem] {
        &CATALOGUE
    }

    /// The numbers of requests that the merchant sent to Amazon; orders with them are its own.
    #[must_use]
    pub fn request_numbers() -> Vec<String> {
        (0..REQUESTS).map(request_number).collect()
    }

    /// Makes application and sellers known to Amazon, and everything that happened until now. Notices
    /// of it go out only to who has subscribed before.
    pub fn install(&mut self, amazon: &mut Amazon, now: Now) {
        amazon.register_app(Self::CLIENT_ID, Self::CLIENT_SECRET);
        for at in &Self::MARKETPLACES {
            amazon.register_seller(SellerSpec {
                seller_id: at.seller_id.to_owned(),
                refresh_token: at.refresh_token.to_owned(),
                client_id: Self::CLIENT_ID.to_owned(),
                marketplaces: vec![at.marketplace.id.to_owned()],
            });
        }
        while self.placed_at(self.next) < now.wall - REMEMBERED {
            self.next += 1;
        }
        self.tick(amazon, now);
    }

    /// Lets everything happen that was due until now, each at its own time. Call it about once a
    /// second.
    pub fn tick(&mut self, amazon: &mut Amazon, now: Now) {
        loop {
            let placed_at = self.placed_at(self.next);
            let step = self.due.first_key_value().map(|((at, _), _)| *at).filter(|at| *at <= placed_at);
            if step.unwrap_or(placed_at) > now.wall {
                return;
            }
            if step.is_some() {
                if let Some(((at, _), (step, id))) = self.due.pop_first() {
                    take_step(amazon, step, &id, Now { wall: at, ..now });
                }
            } else {
                self.place(amazon, self.next, Now { wall: placed_at, ..now });
                self.next += 1;
            }
        }
    }

    fn placed_at(&self, slot: u64) -> Timestamp {
        let millis = if slot < SLOTS_BEFORE {
            i64::try_from(slot).unwrap_or(0) * (BEFORE.as_secs() * 1000 / 48)
        } else {
            let jitter = self.chance(slot, 0) % 1_000;
            let since = (slot - SLOTS_BEFORE) * SLOT_MILLIS + 500 + jitter;
            BEFORE.as_secs() * 1000 + i64::try_from(since).unwrap_or(i64::MAX)
        };
        self.opened - BEFORE + SignedDuration::from_millis(millis)
    }

    /// A number that belongs to a slot and a purpose, and to nothing else.
    fn chance(&self, slot: u64, purpose: u64) -> u64 {
        mix(self.seed ^ mix(slot) ^ mix(purpose.wrapping_add(1) << 48))
    }

    fn place(&mut self, amazon: &mut Amazon, slot: u64, now: Now) {
        let kind = KINDS[usize::try_from(slot % 40).unwrap_or(0)];
        let mut spec = self.order(kind, slot);
        spec.order_id = Some(order_id(&spec, now.wall));
        let Some(at) = Self::MARKETPLACES.iter().find(|at| at.marketplace == spec.marketplace) else {
            return;
        };
        let id = amazon.place_order(at.seller_id, spec, now);
        let after = 6_000 + self.chance(slot, 1) % 14_000;
        let ships_at = now.wall + SignedDuration::from_millis(i64::try_from(after).unwrap_or(0));
        match kind {
            Kind::Cancelled => {
                self.due.insert((ships_at, slot), (Step::Cancel, id));
            }
            Kind::InTwo => {
                self.due.insert((ships_at, slot), (Step::ShipOne, id.clone()));
                self.due.insert((ships_at + SignedDuration::from_secs(8), slot), (Step::Ship, id));
            }
            Kind::Plain(_)
            | Kind::Many(_)
            | Kind::Batch(_)
            | Kind::Serial
            | Kind::SerialUntold
            | Kind::Gift
            | Kind::Discount
            | Kind::NoTax
            | Kind::Business
            | Kind::Unmatched
            | Kind::Ours
            | Kind::NotOurs
            | Kind::ByMerchant => {
                self.due.insert((ships_at, slot), (Step::Ship, id));
            }
        }
    }

    fn order(&self, kind: Kind, slot: u64) -> OrderSpec {
        let plain = |at: &'static Marketplace| OrderSpec::new(at, vec![self.untracked(at, slot, 0)]);
        match kind {
            Kind::Plain(at) => plain(at),
            Kind::Many(at) => self.many(at, slot),
            Kind::Batch(at) => OrderSpec::new(at, vec![self.line(catalogue::BATCH, at, slot, 0)]),
            Kind::Serial => OrderSpec::new(&US, vec![self.serial(slot)]),
            Kind::SerialUntold => {
                let mut line = self.line(catalogue::SERIAL_UNTOLD, &US, slot, 0);
                line.quantity = 1;
                OrderSpec::new(&US, vec![line])
            }
            Kind::Gift => self.gift(slot),
            Kind::Discount => {
                let mut order = plain(&DE);
                order.discount_tax = true;
                if let Some(line) = order.lines.first_mut() {
                    line.discount = line.unit_price * i64::from(line.quantity) / 10;
                }
                order
            }
            Kind::NoTax => OrderSpec { tax: Tax::Hidden, ..plain(&DE) },
            Kind::Business => {
                let buyer = BuyerSpec {
                    name: Some("Erika Beispiel".to_owned()),
                    company: Some("Beispiel GmbH".to_owned()),
                    purchase_order: Some(format!("PO-{slot:05}")),
                    ..BuyerSpec::place(&DE)
                };
                OrderSpec { business: true, buyer: Some(buyer), ..self.many(&DE, slot) }
            }
            Kind::Unmatched => {
                let mut line = LineSpec::new(Self::UNMATCHED_SKU, 1, 3_150).taxed(825);
                "Oak serving board".clone_into(&mut line.title);
                OrderSpec::new(&US, vec![line])
            }
            Kind::Ours if slot / 40 < REQUESTS => {
                let line = self.untracked(&US, slot, 0);
                OrderSpec::non_amazon(&US, Some(&request_number(slot / 40)), vec![line])
            }
            Kind::Ours => plain(&US),
            Kind::NotOurs => {
                let number = format!("SC-{:06}", self.chance(slot, 2) % 1_000_000);
                OrderSpec::non_amazon(&US, Some(&number), vec![self.untracked(&US, slot, 0)])
            }
            Kind::ByMerchant => {
                let buyer = BuyerSpec {
                    name: Some("Alex Example".to_owned()),
                    email: Some("buyer@marketplace.amazon.example".to_owned()),
                    ..BuyerSpec::place(&US)
                };
                OrderSpec { fulfilled_by: FulfilledBy::Merchant, buyer: Some(buyer), ..plain(&US) }
            }
            Kind::Cancelled => plain(&US),
            Kind::InTwo => {
                let mut order = plain(&US);
                order.lines.iter_mut().for_each(|line| line.quantity = 3);
                order
            }
        }
    }

    /// A line of one of some goods.
    fn line(&self, goods: &[usize], at: &'static Marketplace, slot: u64, line: u64) -> LineSpec {
        let sold =
            goods.iter().filter_map(|item| CATALOGUE.get(*item)).filter(|item| item.price(at).is_some());
        let sold: Vec<&CatalogueItem> = sold.collect();
        let pick = self.chance(slot, 10) + line;
        let item = usize::try_from(pick % (sold.len().max(1) as u64)).ok().and_then(|pick| sold.get(pick));
        let (sku, name, price) = item
            .map_or((Self::UNMATCHED_SKU, "", 0), |item| (item.sku, item.name, item.price(at).unwrap_or(0)));
        // Most people take one.
        let quantity =
            [1, 1, 1, 1, 2, 1, 1, 3][usize::try_from(self.chance(slot, 20 + line) % 8).unwrap_or(0)];
        let mut line =
            LineSpec::new(sku, quantity, price).taxed(tax_rate(at, item.is_some_and(|item| item.food)));
        name.clone_into(&mut line.title);
        line
    }

    fn untracked(&self, at: &'static Marketplace, slot: u64, line: u64) -> LineSpec {
        self.line(catalogue::UNTRACKED, at, slot, line)
    }

    fn many(&self, at: &'static Marketplace, slot: u64) -> OrderSpec {
        let lines = 2 + self.chance(slot, 3) % 2;
        let mut lines: Vec<LineSpec> = (0..lines).map(|line| self.untracked(at, slot, line)).collect();
        let shipping = if at.digits == 0 { 410 } else { 399 };
        for (line, spec) in lines.iter_mut().enumerate() {
            spec.shipping = if line == 0 { shipping } else { 0 };
        }
        OrderSpec::new(at, lines)
    }

    fn gift(&self, slot: u64) -> OrderSpec {
        let mut order = self.many(&US, slot);
        if let Some(line) = order.lines.first_mut() {
            line.gift_wrap = 499;
            line.discount = 250;
            line.shipping_discount = 399;
        }
        order
    }

    /// Serial numbers are taken one after the other; when they run out, none is told.
    fn serial(&self, slot: u64) -> LineSpec {
        let mut line = self.line(catalogue::SERIAL, &US, slot, 0);
        line.quantity = 1;
        // Three of forty orders are of this kind.
        let before = KINDS.iter().take(usize::try_from(slot % 40).unwrap_or(0));
        let before = before.filter(|kind| **kind == Kind::Serial).count() as u64;
        let number = slot / 40 * 3 + before;
        let item = catalogue::SERIAL.first().and_then(|item| CATALOGUE.get(*item));
        if let Some(number) = item.and_then(|item| item.serial_number(number)) {
            line.serial_numbers = vec![number];
        }
        line
    }
}

fn take_step(amazon: &mut Amazon, step: Step, order_id: &str, now: Now) {
    match step {
        Step::Ship => amazon.ship(order_id, now),
        Step::ShipOne => amazon.ship_partially(order_id, 0, 1, now),
        Step::Cancel => amazon.cancel(order_id, now),
    };
}

fn request_number(number: u64) -> String {
    format!("WEIR-FR-{:04}", number + 1)
}

/// In hundredths of a per cent.
fn tax_rate(at: &'static Marketplace, food: bool) -> u32 {
    match (at.country, food) {
        ("DE", true) => 700,
        ("DE", false) => 1_900,
        ("JP", true) => 800,
        ("JP", false) => 1_000,
        (_, true) => 0,
        (_, false) => 825,
    }
}

/// Orders come at most one a second, so their time makes their id: it is the same whenever the shop
/// is opened again, and never another order's.
fn order_id(spec: &OrderSpec, placed_at: Timestamp) -> String {
    let second = u64::try_from(placed_at.as_second()).unwrap_or(0);
    let (looks, number) = (mix(second) % 10_000_000, second % 10_000_000);
    match spec.sold_on {
        super::SoldOn::Amazon => format!("{}-{looks:07}-{number:07}", spec.marketplace.order_prefix),
        super::SoldOn::NonAmazon { .. } => format!("S01-{looks:07}-{number:07}"),
    }
}
