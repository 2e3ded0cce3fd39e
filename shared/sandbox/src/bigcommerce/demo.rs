//! The demo merchant's stores, whose orders keep coming and going. All of it follows from the seed and the
//! time they opened: opened again with the same two, a store has had the same orders. What others did in it
//! meanwhile has to be kept by who opens it, and done again.

use jiff::{SignedDuration, Timestamp};

use super::{BigCommerce, BuyerSpec, CouponSpec, LineSpec, Now, OrderSpec, ProductKind, StoreSpec, status};
use crate::{
    amazon::{
        demo::{CATALOGUE, CatalogueItem, OpeningStock},
        marketplaces::US,
    },
    slots::{Due, Pace, Slots},
};

/// How its orders follow each other.
static PACE: Pace = Pace {
    salt: 0xB1C0,
    before: (SignedDuration::from_hours(120), 20),
    slot_millis: (12_000, 0),
    step_millis: (8_000, 16_000),
    remembered: SignedDuration::from_hours(24),
};

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

/// One of the demo merchant's stores. They sell the same goods, and count their orders alike: an order of each
/// has the same number.
#[derive(Debug)]
pub struct Demo {
    store: &'static str,
    slots: Slots<Step>,
}

impl Demo {
    /// The stores' hashes. The second enters its prices with tax.
    pub const STORES: [&'static str; 2] = ["weirdemo", "weirtrade"];
    /// The token of the merchant's API account. It opens nothing but the sandbox.
    pub const ACCESS_TOKEN: &'static str = "weirdemotoken0000000000000000ff";
    /// Its secret, which signs its webhooks.
    pub const CLIENT_SECRET: &'static str = "weirdemosecret000000000000000ff";
    /// The names of its locations.
    pub const LOCATIONS: [&'static str; 2] = ["Workshop", "Counter"];

    /// A store that opened at a time. Give the time of the first start again at every later one.
    #[must_use]
    pub const fn new(store: &'static str, seed: u64, opened: Timestamp) -> Self {
        Self { store, slots: Slots::new(&PACE, seed, opened) }
    }

    /// Makes the store known, and everything that happened until now.
    pub fn install(&mut self, shop: &mut BigCommerce, now: Now) {
        self.open(shop);
        self.remember(now.wall);
        self.tick(shop, now);
    }

    /// Makes the store known.
    pub fn open(&self, shop: &mut BigCommerce) {
        let spec = StoreSpec::new(self.store, Self::ACCESS_TOKEN, Self::CLIENT_SECRET);
        let locations = Self::LOCATIONS.map(str::to_owned).to_vec();
        let prices_include_tax = self.store != Self::STORES[0];
        // A store with an order every few seconds is on a plan for it.
        shop.open_store(StoreSpec { locations, prices_include_tax, quota: 450, ..spec });
        shop.rename_status(self.store, status::AWAITING_FULFILLMENT, "To be packed");
    }

    /// What came before a time is not made: it happened in another stretch of open hours.
    pub fn skip_to(&mut self, from: Timestamp) {
        self.slots.skip_to(from);
    }

    /// What of the time since the opening is made anew at the earliest, counted back from a time.
    pub fn remember(&mut self, now: Timestamp) {
        self.slots.remember(now);
    }

    /// The store closes: no more orders come, and what is still to happen to those that came happens.
    pub fn close(&mut self, shop: &mut BigCommerce, now: Now) {
        while let Some((at, due)) = self.slots.next_step() {
            self.happens(shop, due, Now { wall: at.min(now.wall), ..now });
        }
    }

    /// Lets everything happen that was due until now, each at its own time. Call it about once a second.
    pub fn tick(&mut self, shop: &mut BigCommerce, now: Now) {
        while let Some((at, due)) = self.slots.next(now.wall) {
            self.happens(shop, due, Now { wall: at, ..now });
        }
    }

    fn happens(&mut self, shop: &mut BigCommerce, due: Due<Step>, now: Now) {
        match due {
            Due::Order(slot) => self.place(shop, slot, now),
            Due::Step(step, order) => take_step(shop, self.store, step, order, now),
        }
    }

    fn place(&mut self, shop: &mut BigCommerce, slot: u64, now: Now) {
        let kind = KINDS[usize::try_from(slot % 15).unwrap_or(0)];
        // The number makes the id, so that it is the same whenever the shop is opened again.
        shop.number_next(self.store, 1_000 + slot);
        let Some(id) = shop.place_order(self.store, self.order(kind, slot), now) else { return };
        self.slots.plan(slot, id, now.wall, life(kind), |_| false);
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
        let pick = (self.slots.chance(slot, 10) + line) % (sold.len().max(1) as u64);
        let item = usize::try_from(pick).ok().and_then(|pick| sold.get(pick));
        let (sku, name, price) =
            item.map_or(("WEIR-MUG", "", 0), |item| (item.sku, item.name, item.price(&US).unwrap_or(0)));
        let quantity = [1, 1, 2, 1][usize::try_from(self.slots.chance(slot, 20 + line) % 4).unwrap_or(0)];
        LineSpec { name: name.to_owned(), ..LineSpec::new(sku, quantity, price).taxed(SALES_TAX) }
    }

    fn buyer(&self, slot: u64) -> BuyerSpec {
        const PEOPLE: [(&str, &str, &str); 4] = [
            ("Robin", "Example", "robin@example.com"),
            ("Sam", "Sample", "sam@example.com"),
            ("Alex", "Doe", "alex@example.com"),
            ("Kim", "Placeholder", "kim@example.com"),
        ];
        let person = self.slots.chance(slot, 30) % 4;
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
fn take_step(shop: &mut BigCommerce, store: &str, step: Step, order: u64, now: Now) {
    let Some(known) = shop.order(store, order) else { return };
    if known.status == status::COMPLETED {
        return;
    }
    let units = known.lines.first().map_or(1, |line| line.spec.quantity);
    let _ = match step {
        Step::Status(status) => shop.set_status(store, order, status, now),
        Step::ShipOne => shop.ship(store, order, 0, 1, now),
        Step::Refund => shop.refund(store, order, &[(0, 1)], 0, now),
        Step::Edit => shop.set_quantity(store, order, 0, units + 1, now),
    };
}
