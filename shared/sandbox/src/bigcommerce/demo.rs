//! The demo merchant's second shop, whose orders keep coming and going. All of it follows from the seed and
//! the time it opened: opened again with the same two, the shop has had the same orders. What others did in
//! it meanwhile is forgotten.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{BigCommerce, BuyerSpec, CouponSpec, LineSpec, Now, OrderSpec, ProductKind, StoreSpec, status};
use crate::{
    amazon::{
        demo::{CATALOGUE, CatalogueItem, OpeningStock},
        marketplaces::US,
    },
    dice::mix,
};

/// How long before it opens the shop already had orders.
const BEFORE: SignedDuration = SignedDuration::from_hours(120);
/// Orders in that time.
const SLOTS_BEFORE: u64 = 20;
/// Time between orders from then on.
const SLOT_MILLIS: u64 = 9_000;
/// How much of the time since the opening is made anew when the shop opens again.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// The least and the most time between two things that happen to an order, in milliseconds.
const STEP_MILLIS: (u64, u64) = (8_000, 16_000);
/// Sales tax on goods, in hundredths of a per cent.
const SALES_TAX: i64 = 825;

/// What kind of order comes when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One line. Nobody ships it but who packs it in Weir.
    Plain,
    /// Two lines with shipping, to two addresses. The same.
    Many,
    /// With a coupon and something off the order. The same.
    Discounted,
    /// Paid in euros. The same.
    InEuros,
    /// With an item that was typed in. The same.
    Custom,
    /// Paid later.
    PaidLater,
    /// Shipped in the shop, and completed.
    Completed,
    /// Shipped in the shop in two parts, and left so.
    ShippedAlone,
    /// A checkout that is not finished.
    Abandoned,
    /// Looked at by somebody, and let go.
    Verified,
    /// Cancelled before it ships.
    Cancelled,
    /// Declined.
    Declined,
    /// One of two units is given back before it ships.
    RefundedInPart,
    /// Fetched at the counter.
    PickedUp,
    /// A line gets more units.
    Edited,
}

/// The kinds of fifteen orders; then they come again.
const KINDS: [Kind; 15] = [
    Kind::Plain,
    Kind::PaidLater,
    Kind::Many,
    Kind::Completed,
    Kind::Abandoned,
    Kind::Discounted,
    Kind::Verified,
    Kind::Cancelled,
    Kind::InEuros,
    Kind::RefundedInPart,
    Kind::ShippedAlone,
    Kind::Custom,
    Kind::Edited,
    Kind::PickedUp,
    Kind::Declined,
];

/// What happens next to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Status(i64),
    ShipOne,
    Refund,
    Edit,
}

/// The demo merchant's second shop.
#[derive(Debug)]
pub struct Demo {
    seed: u64,
    opened: Timestamp,
    next: u64,
    /// Orders since the opening that came before this are not made any more.
    remembered: Timestamp,
    due: BTreeMap<(Timestamp, u64, usize), (Step, u64)>,
}

impl Demo {
    /// The store's hash.
    pub const STORE: &'static str = "weirdemo";
    /// The token of the merchant's API account. It opens nothing but the sandbox.
    pub const ACCESS_TOKEN: &'static str = "weirdemotoken0000000000000000ff";
    /// Its secret, which signs its webhooks.
    pub const CLIENT_SECRET: &'static str = "weirdemosecret000000000000000ff";
    /// The names of its locations.
    pub const LOCATIONS: [&'static str; 2] = ["Workshop", "Counter"];

    /// A shop that opened at a time. Give the time of the first start again at every later one.
    #[must_use]
    pub const fn new(seed: u64, opened: Timestamp) -> Self {
        Self { seed, opened, next: 0, remembered: opened, due: BTreeMap::new() }
    }

    /// Makes the store known, and everything that happened until now.
    pub fn install(&mut self, shop: &mut BigCommerce, now: Now) {
        let spec = StoreSpec::new(Self::STORE, Self::ACCESS_TOKEN, Self::CLIENT_SECRET);
        let locations = Self::LOCATIONS.map(str::to_owned).to_vec();
        shop.open_store(StoreSpec { locations, ..spec });
        shop.rename_status(Self::STORE, status::AWAITING_FULFILLMENT, "To be packed");
        self.remembered = now.wall - REMEMBERED;
        self.tick(shop, now);
    }

    /// Lets everything happen that was due until now, each at its own time. Call it about once a second.
    pub fn tick(&mut self, shop: &mut BigCommerce, now: Now) {
        loop {
            let placed_at = self.placed_at(self.next);
            let step = self.due.first_key_value().map(|((at, _, _), _)| *at).filter(|at| *at <= placed_at);
            if step.unwrap_or(placed_at) > now.wall {
                return;
            }
            if step.is_some() {
                if let Some(((at, _, _), (step, id))) = self.due.pop_first() {
                    take_step(shop, step, id, Now { wall: at, ..now });
                }
            } else {
                if self.next < SLOTS_BEFORE || placed_at >= self.remembered {
                    self.place(shop, self.next, Now { wall: placed_at, ..now });
                }
                self.next += 1;
            }
        }
    }

    fn placed_at(&self, slot: u64) -> Timestamp {
        let after = |millis: u64| SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
        if slot < SLOTS_BEFORE {
            let gap = u64::try_from(BEFORE.as_millis()).unwrap_or(0) / SLOTS_BEFORE;
            return self.opened - BEFORE + after(slot * gap);
        }
        self.opened + after((slot - SLOTS_BEFORE) * SLOT_MILLIS + 500)
    }

    /// A number that belongs to a slot and a purpose, and to nothing else.
    fn chance(&self, slot: u64, purpose: u64) -> u64 {
        mix(self.seed ^ mix(slot ^ 0xB1C0) ^ mix(purpose.wrapping_add(1) << 48))
    }

    fn place(&mut self, shop: &mut BigCommerce, slot: u64, now: Now) {
        let kind = KINDS[usize::try_from(slot % 15).unwrap_or(0)];
        // The number makes the id, so that it is the same whenever the shop is opened again.
        shop.number_next(Self::STORE, 1_000 + slot);
        let Some(id) = shop.place_order(Self::STORE, self.order(kind, slot), now) else { return };
        let (least, most) = STEP_MILLIS;
        let mut at = now.wall;
        for (number, step) in life(kind).iter().enumerate() {
            let wait = least + self.chance(slot, 40 + number as u64) % (most - least);
            at += SignedDuration::from_millis(i64::try_from(wait).unwrap_or(0));
            self.due.insert((at, slot, number), (*step, id));
        }
    }

    fn order(&self, kind: Kind, slot: u64) -> OrderSpec {
        let plain = || OrderSpec { buyer: self.buyer(slot), ..OrderSpec::new(vec![self.goods(slot, 0)]) };
        match kind {
            Kind::Plain | Kind::Cancelled | Kind::Edited => plain(),
            Kind::Completed | Kind::Declined => OrderSpec { shipping: (590, SALES_TAX), ..plain() },
            Kind::Abandoned => OrderSpec { status: status::INCOMPLETE, ..plain() },
            Kind::PaidLater => OrderSpec { status: status::AWAITING_PAYMENT, ..plain() },
            Kind::Verified => OrderSpec { status: status::MANUAL_VERIFICATION, ..plain() },
            Kind::Many => {
                let mut order = OrderSpec { shipping: (990, SALES_TAX), ..plain() };
                order.lines.push(LineSpec { address: 1, ..self.goods(slot, 1) });
                order.buyer.streets.push("2 Side Street".to_owned());
                order
            }
            Kind::Discounted => {
                let coupon = CouponSpec { code: "TENOFF".to_owned(), amount: 100, is_for_shipping: false };
                OrderSpec { discount: 50, coupons: vec![coupon], shipping: (590, 0), ..plain() }
            }
            Kind::InEuros => OrderSpec { paid_in: Some(("EUR", 2, 920_000)), ..plain() },
            Kind::Custom => {
                let mut order = plain();
                let typed = LineSpec { name: "Engraving".to_owned(), ..LineSpec::new("", 1, 450) };
                order.lines.push(LineSpec { kind: ProductKind::Custom, ..typed });
                order
            }
            Kind::RefundedInPart | Kind::ShippedAlone => {
                let mut order = plain();
                order.lines.iter_mut().for_each(|line| line.quantity = 2);
                order
            }
            Kind::PickedUp => OrderSpec { pickup: Some(2), status: status::AWAITING_PICKUP, ..plain() },
        }
    }

    /// A line of goods that are not tracked.
    fn goods(&self, slot: u64, line: u64) -> LineSpec {
        let is_plain = |item: &&CatalogueItem| matches!(item.stock, OpeningStock::Plain { .. });
        let sold: Vec<&CatalogueItem> = CATALOGUE.iter().filter(is_plain).collect();
        let pick = (self.chance(slot, 10) + line) % (sold.len().max(1) as u64);
        let item = usize::try_from(pick).ok().and_then(|pick| sold.get(pick));
        let (sku, name, price) =
            item.map_or(("WEIR-MUG", "", 0), |item| (item.sku, item.name, item.price(&US).unwrap_or(0)));
        let quantity = [1, 1, 2, 1][usize::try_from(self.chance(slot, 20 + line) % 4).unwrap_or(0)];
        LineSpec { name: name.to_owned(), ..LineSpec::new(sku, quantity, price).taxed(SALES_TAX) }
    }

    fn buyer(&self, slot: u64) -> BuyerSpec {
        const PEOPLE: [(&str, &str, &str); 4] = [
            ("Robin", "Example", "robin@example.com"),
            ("Sam", "Sample", "sam@example.com"),
            ("Alex", "Doe", "alex@example.com"),
            ("Kim", "Placeholder", "kim@example.com"),
        ];
        let person = self.chance(slot, 30) % 4;
        let (first, last, email) = PEOPLE[usize::try_from(person).unwrap_or(0)];
        BuyerSpec {
            customer: Some(person + 11),
            name: (first.to_owned(), last.to_owned()),
            email: email.to_owned(),
            streets: vec![format!("{} Main Street", person + 1)],
        }
    }
}

/// What happens to an order of a kind, one after the other.
const fn life(kind: Kind) -> &'static [Step] {
    match kind {
        Kind::Plain | Kind::Many | Kind::Discounted | Kind::InEuros | Kind::Custom | Kind::Abandoned => &[],
        Kind::PaidLater | Kind::Verified => &[Step::Status(status::AWAITING_FULFILLMENT)],
        Kind::Completed => &[Step::ShipOne, Step::Status(status::COMPLETED)],
        Kind::ShippedAlone => &[Step::ShipOne, Step::ShipOne],
        Kind::Cancelled => &[Step::Status(status::CANCELLED)],
        Kind::Declined => &[Step::Status(status::DECLINED)],
        Kind::RefundedInPart => &[Step::Refund],
        Kind::PickedUp => &[Step::Status(status::COMPLETED)],
        Kind::Edited => &[Step::Edit],
    }
}

/// A step that makes no sense any more, since somebody was quicker, is not taken.
fn take_step(shop: &mut BigCommerce, step: Step, order: u64, now: Now) {
    let Some(known) = shop.order(Demo::STORE, order) else { return };
    if known.status == status::COMPLETED {
        return;
    }
    let units = known.lines.first().map_or(1, |line| line.spec.quantity);
    let _ = match step {
        Step::Status(status) => shop.set_status(Demo::STORE, order, status, now),
        Step::ShipOne => shop.ship(Demo::STORE, order, 0, 1, now),
        Step::Refund => shop.refund(Demo::STORE, order, &[(0, 1)], 0, now),
        Step::Edit => shop.set_quantity(Demo::STORE, order, 0, units + 1, now),
    };
}
