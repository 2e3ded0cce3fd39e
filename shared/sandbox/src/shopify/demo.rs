//! The demo merchant's web shop: the goods of the Amazon demo, sold from two places, and orders that keep
//! coming and going. All of it follows from the seed and the time it opened: opened again with the same
//! two, the shop has had the same orders, those of the time between among them. What others did in it
//! meanwhile has to be kept by who opens it, and done again.

use jiff::{SignedDuration, Timestamp};

use super::{
    ALL_SCOPES, BuyerSpec, Delivery, EUR, Edit, LineSpec, Now, OrderSpec, Parcel, PaymentSpec, ProductSpec,
    RefundSpec, Restock, ReturnStatus, ShippingSpec, ShopSpec, Shopify,
};
use crate::{
    amazon::{
        demo::{CATALOGUE, CatalogueItem, OpeningStock},
        marketplaces::US,
    },
    slots::{Due, Pace, Slots},
};

/// How its orders follow each other: for ten days before it opens, younger than a first activation looks back,
/// one every six hours, each kind twice.
static PACE: Pace = Pace {
    salt: 0x5109,
    before: (SignedDuration::from_hours(240), 40),
    slot_millis: (6_000, 1_000),
    step_millis: (8_000, 16_000),
    remembered: SignedDuration::from_hours(48),
};

/// Sales tax on goods, in hundredths of a per cent.
const SALES_TAX: i64 = 825;

/// What kind of order comes when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One line. Nobody ships it but who packs it in Weir.
    Plain,
    /// Several lines, with shipping. The same.
    Many,
    /// Goods from both places. The same.
    TwoPlaces,
    /// Goods kept by batch. The same.
    Batch,
    /// With something off the whole order. The same.
    Discounted,
    /// Paid in euros. The same.
    InEuros,
    /// The merchant's new product, of which nobody told Weir. The same.
    NewProduct,
    /// A line that was typed in, and one with an engraving. The same.
    Custom,
    /// The merchant ships it in the shop, with tracking.
    ShippedInShop,
    /// The same, in two parts.
    InTwo,
    /// Paid by bank transfer, later.
    PaidLater,
    /// Held for a look at it, and released.
    Held,
    /// A line is added and another has more units; the difference is paid.
    Edited,
    /// A line is taken out.
    Shortened,
    /// Cancelled before it ships.
    Cancelled,
    /// One of two units is given back before it ships.
    RefundedInPart,
    /// Fetched at the counter.
    PickedUp,
    /// Sold at the till.
    AtTill,
    /// Shipped in the shop, and comes back.
    Returned,
}

/// The kinds of twenty orders; then they come again.
const KINDS: [Kind; 20] = [
    Kind::Plain,
    Kind::PaidLater,
    Kind::Many,
    Kind::Held,
    Kind::ShippedInShop,
    Kind::Edited,
    Kind::TwoPlaces,
    Kind::Cancelled,
    Kind::RefundedInPart,
    Kind::Batch,
    Kind::PickedUp,
    Kind::Discounted,
    Kind::InTwo,
    Kind::Plain,
    Kind::NewProduct,
    Kind::Shortened,
    Kind::InEuros,
    Kind::AtTill,
    Kind::Custom,
    Kind::Returned,
];

/// What happens next to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Pay,
    Hold,
    Release,
    Edit,
    Shorten,
    Cancel,
    Refund,
    Ship,
    ShipOne,
    PickUp,
    Return,
    TakeBack,
}

/// The demo merchant's shop.
#[derive(Debug)]
pub struct Demo {
    slots: Slots<Step>,
}

impl Demo {
    /// The shop's own domain.
    pub const SHOP: &'static str = "weir-demo.myshopify.com";
    /// The merchant's application.
    pub const CLIENT_ID: &'static str = "weirdemo0000000000000000000000ff";
    /// Its secret. It opens nothing but the sandbox, and signs its webhooks.
    pub const CLIENT_SECRET: &'static str = "shpss_weirdemo";
    /// The names of its locations.
    pub const LOCATIONS: [&'static str; 2] = ["Workshop", "Downtown store"];
    /// The SKU of the product that is in no catalogue yet.
    pub const NEW_SKU: &'static str = "WEIR-VASE-L";

    /// A shop that opened at a time. Give the time of the first start again at every later one.
    #[must_use]
    pub const fn new(seed: u64, opened: Timestamp) -> Self {
        Self { slots: Slots::new(&PACE, seed, opened) }
    }

    /// Makes application and shop known, and everything that happened until now. Webhooks of it go out
    /// only to who has subscribed before.
    pub fn install(&mut self, shopify: &mut Shopify, now: Now) {
        Self::open(shopify);
        self.remember(now.wall);
        self.tick(shopify, now);
    }

    /// Makes application and shop known.
    pub fn open(shopify: &mut Shopify) {
        shopify.register_app(Self::CLIENT_ID, Self::CLIENT_SECRET, None);
        let [workshop, store] = Self::LOCATIONS;
        // A shop with an order every few seconds is on a plan for it.
        let mut shop = ShopSpec { points_a_second: 1_000, ..ShopSpec::new(Self::SHOP).location(store) };
        if let Some(first) = shop.locations.first_mut() {
            workshop.clone_into(&mut first.name);
        }
        shopify.open_shop(shop);
        shopify.install(Self::SHOP, Self::CLIENT_ID, &ALL_SCOPES);
    }

    /// What came before a time is not made: it happened in another stretch of open hours.
    pub fn skip_to(&mut self, from: Timestamp) {
        self.slots.skip_to(from);
    }

    /// What of the time since the opening is made anew at the earliest, counted back from a time.
    pub fn remember(&mut self, now: Timestamp) {
        self.slots.remember(now);
    }

    /// The shop closes: no more orders come, and what is still to happen to those that came happens.
    pub fn close(&mut self, shopify: &mut Shopify, now: Now) {
        while let Some((at, due)) = self.slots.next_step() {
            self.happens(shopify, due, Now { wall: at.min(now.wall), ..now });
        }
    }

    /// Lets everything happen that was due until now, each at its own time. Call it about once a
    /// second.
    pub fn tick(&mut self, shopify: &mut Shopify, now: Now) {
        while let Some((at, due)) = self.slots.next(now.wall) {
            self.happens(shopify, due, Now { wall: at, ..now });
        }
    }

    fn happens(&mut self, shopify: &mut Shopify, due: Due<Step>, now: Now) {
        match due {
            Due::Order(slot) => self.place(shopify, slot, now),
            Due::Step(step, order) => {
                take_step(shopify, step, order, now);
            }
        }
    }

    fn place(&mut self, shopify: &mut Shopify, slot: u64, now: Now) {
        let kind = KINDS[usize::try_from(slot % 20).unwrap_or(0)];
        // Orders come at most one a second, so their time makes their id: it is the same whenever the
        // shop is opened again.
        let order_id = 6_200_000_000_000 + u64::try_from(now.wall.as_second()).unwrap_or(0);
        let spec = OrderSpec {
            order_id: Some(order_id),
            name: Some(format!("#W{}", 1_001 + slot)),
            buyer: Some(self.buyer(slot)),
            ..self.order(kind, slot)
        };
        let Some(id) = shopify.place_order(Self::SHOP, spec, now) else { return };
        // What is held is held as it comes.
        self.slots.plan(slot, id, now.wall, life(kind), |step| step == Step::Hold);
    }

    fn order(&self, kind: Kind, slot: u64) -> OrderSpec {
        let plain = || OrderSpec::new(vec![self.goods(slot, 0)]);
        match kind {
            Kind::Plain | Kind::ShippedInShop | Kind::Held | Kind::Cancelled => plain(),
            Kind::Many | Kind::Edited | Kind::Shortened => self.many(slot),
            Kind::TwoPlaces => {
                let mut order = self.many(slot);
                order.lines.iter_mut().enumerate().for_each(|(place, line)| line.location = place % 2);
                order
            }
            Kind::Batch => OrderSpec::new(vec![
                self.line(slot, 0, |item| matches!(item.stock, OpeningStock::Batches(_))),
            ]),
            Kind::Discounted => {
                let order = self.many(slot);
                let goods: i64 = order.lines.iter().map(|line| line.unit_price * line.quantity).sum();
                OrderSpec { discount: goods / 10, tags: vec!["newsletter".to_owned()], ..order }
            }
            Kind::InEuros => {
                let line = LineSpec { taxes: Vec::new(), ..self.goods(slot, 0) };
                OrderSpec { currency: Some(EUR), rate: 1_084_500, ..OrderSpec::new(vec![line]) }
            }
            Kind::NewProduct => {
                let line = LineSpec::new(Self::NEW_SKU, 1, 5_400).taxed("Sales tax", SALES_TAX);
                OrderSpec::new(vec![LineSpec { title: "Tall vase".to_owned(), ..line }])
            }
            Kind::Custom => {
                let wrap = LineSpec {
                    title: "Gift wrapping".to_owned(),
                    requires_shipping: false,
                    product: ProductSpec::Custom,
                    ..LineSpec::new("", 1, 450)
                };
                let engraved = LineSpec {
                    properties: vec![("Engraving".to_owned(), "For R.".to_owned())],
                    ..self.goods(slot, 0)
                };
                OrderSpec::new(vec![engraved, wrap])
            }
            Kind::PaidLater => OrderSpec {
                payment: PaymentSpec::Pending,
                purchase_order: Some(format!("PO-{slot:05}")),
                ..self.many(slot)
            },
            Kind::RefundedInPart | Kind::InTwo | Kind::Returned => {
                let mut order = plain();
                order.lines.iter_mut().for_each(|line| line.quantity = 2);
                order
            }
            Kind::PickedUp => {
                let line = self.goods(slot, 0).from_location(1);
                OrderSpec { delivery: Delivery::PickUp, ..OrderSpec::new(vec![line]) }
            }
            Kind::AtTill => {
                let line = self.goods(slot, 0).from_location(1);
                let source = "pos".to_owned();
                OrderSpec { delivery: Delivery::Retail, source, tip: 100, ..OrderSpec::new(vec![line]) }
            }
        }
    }

    /// Two or three lines, with shipping.
    fn many(&self, slot: u64) -> OrderSpec {
        let lines = 2 + self.slots.chance(slot, 3) % 2;
        let lines = (0..lines).map(|line| self.goods(slot, line)).collect();
        let shipping =
            ShippingSpec { tax: Some(("Sales tax".to_owned(), SALES_TAX)), ..ShippingSpec::new(590) };
        OrderSpec { shipping: Some(shipping), ..OrderSpec::new(lines) }
    }

    /// A line of goods that are not tracked.
    fn goods(&self, slot: u64, line: u64) -> LineSpec {
        self.line(slot, line, |item| matches!(item.stock, OpeningStock::Plain { .. }))
    }

    fn line(&self, slot: u64, line: u64, is_wanted: fn(&CatalogueItem) -> bool) -> LineSpec {
        let sold: Vec<&CatalogueItem> = CATALOGUE.iter().filter(|item| is_wanted(item)).collect();
        let pick = (self.slots.chance(slot, 10) + line) % (sold.len().max(1) as u64);
        let item = usize::try_from(pick).ok().and_then(|pick| sold.get(pick));
        let (sku, name, price) =
            item.map_or((Self::NEW_SKU, "", 0), |item| (item.sku, item.name, item.price(&US).unwrap_or(0)));
        // Most people take one.
        let quantity =
            [1, 1, 1, 2, 1, 1, 3, 1][usize::try_from(self.slots.chance(slot, 20 + line) % 8).unwrap_or(0)];
        let tax = if item.is_some_and(|item| item.food) { 0 } else { SALES_TAX };
        let spec = LineSpec::new(sku, quantity, price).taxed("Sales tax", tax);
        LineSpec { title: name.to_owned(), ..spec }
    }

    /// Some come back, and two of them have one name.
    fn buyer(&self, slot: u64) -> BuyerSpec {
        const PEOPLE: [(&str, &str); 6] = [
            ("Robin Example", "robin@example.com"),
            ("Sam Sample", "sam@example.com"),
            ("Alex Doe", "alex@example.com"),
            ("Alex Doe", "alex.doe@example.org"),
            ("Kim Placeholder", "kim@example.com"),
            ("Toni Specimen", "toni@example.com"),
        ];
        let person = self.slots.chance(slot, 30) % 6;
        let (name, email) = PEOPLE[usize::try_from(person).unwrap_or(0)];
        BuyerSpec {
            customer: Some(7_200_000_000_001 + person),
            name: name.to_owned(),
            email: Some(email.to_owned()),
            line_1: format!("{} Main Street", person + 1),
            ..BuyerSpec::default()
        }
    }
}

/// What happens to an order of a kind, one after the other.
const fn life(kind: Kind) -> &'static [Step] {
    match kind {
        Kind::Plain
        | Kind::Many
        | Kind::TwoPlaces
        | Kind::Batch
        | Kind::Discounted
        | Kind::InEuros
        | Kind::NewProduct
        | Kind::Custom
        | Kind::AtTill => &[],
        Kind::ShippedInShop => &[Step::Ship],
        Kind::InTwo => &[Step::ShipOne, Step::Ship],
        Kind::PaidLater => &[Step::Pay],
        Kind::Held => &[Step::Hold, Step::Release],
        Kind::Edited => &[Step::Edit, Step::Pay],
        Kind::Shortened => &[Step::Shorten],
        Kind::Cancelled => &[Step::Cancel],
        Kind::RefundedInPart => &[Step::Refund],
        Kind::PickedUp => &[Step::PickUp],
        Kind::Returned => &[Step::Ship, Step::Return, Step::TakeBack],
    }
}

/// A step that is impossible by now, since somebody has shipped meanwhile, is not taken.
fn take_step(shopify: &mut Shopify, step: Step, order: u64, now: Now) {
    let parcel = || Parcel::new("UPS", &format!("1ZWEIR{:010}", order % 10_000_000_000));
    match step {
        Step::Pay => shopify.pay(order, now),
        Step::Hold => {
            shopify.hold(order, 0, "HIGH_RISK_OF_FRAUD", Some("A first order, sent as a gift"), now)
        }
        Step::Release => shopify.release(order, 0, now),
        Step::Edit => {
            let units =
                shopify.order(order).and_then(|order| order.lines.first()).map_or(1, |line| line.current);
            let card = LineSpec::new("WEIR-NOTE-A5", 1, 975).taxed("Sales tax", SALES_TAX);
            let card = LineSpec { title: "Notebook A5, dotted".to_owned(), ..card };
            shopify.edit(order, &[Edit::SetQuantity(0, units + 1), Edit::Add(card)], now)
        }
        Step::Shorten => shopify.edit(order, &[Edit::SetQuantity(1, 0)], now),
        Step::Cancel => shopify.cancel(order, now),
        Step::Refund => {
            let one = RefundSpec { lines: vec![(0, 1, Restock::Cancel)], ..RefundSpec::default() };
            shopify.refund(order, &one, now)
        }
        Step::Ship => shopify.fulfill(order, Some(parcel()), now),
        Step::ShipOne => shopify.fulfill_units(order, 0, 1, Some(parcel()), now),
        Step::PickUp => shopify.fulfill(order, None, now),
        Step::Return => shopify.open_return(order, &[(0, 1)], now).is_some(),
        Step::TakeBack => {
            let open = shopify.order(order).and_then(|order| {
                order.returns.iter().find(|one| one.status == ReturnStatus::Open).map(|one| one.id)
            });
            open.is_some_and(|open| shopify.process_return(order, open, now))
        }
    };
}
