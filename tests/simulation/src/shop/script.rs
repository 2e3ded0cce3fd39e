//! What happens in web shops, and when. It is made from a seed alone.

use jiff::SignedDuration;
use weir_sandbox::{
    Dice,
    shopify::{BuyerSpec, Delivery, LineSpec, OrderSpec, PaymentSpec, ShippingSpec},
};

use super::{
    acts::ShopAct,
    stores::{Store, Way, id_of},
};
use crate::{
    acts::Act,
    places::CANARIES,
    script::{BATCH, PLAIN, SCARCE, SHORT_BATCH},
};

/// An order of the script.
#[derive(Clone, Debug)]
pub struct ShopOrder {
    /// Where it is placed.
    pub store: Store,
    /// What it is at first.
    pub spec: OrderSpec,
}

/// What happens in web shops on a day.
#[derive(Clone, Debug, Default)]
pub struct ShopScript {
    /// Whether there are any.
    pub is_there: bool,
    /// How the second store's application is let in.
    pub way: Way,
    /// The orders, by number.
    pub orders: Vec<ShopOrder>,
    /// What happens, in the order of writing.
    pub acts: Vec<(SignedDuration, Act)>,
}

/// How close things follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// As close as chance gives it: people here and there act on what the other has not seen.
    Any,
    /// So far apart that each state is seen before the next one.
    Slow,
}

/// A product of the shop that nobody knows in Weir.
const NEW: [&str; 3] = ["CUP-1", "CUP 2", ""];

/// Units of a SKU that chance orders at most.
const UNITS: u64 = 4;

/// Seconds within which everything is seen by the poll, if nothing goes wrong: the minute, and the time
/// until a message that was handed out is handed out again.
const SEEN_AFTER: i64 = 420;

struct Writer {
    dice: Dice,
    pace: Pace,
    script: ShopScript,
    at: i64,
}

impl ShopScript {
    /// The day of a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut writer = Writer::new(seed ^ 0x5B09, Pace::Any);
        for _ in 0..4 + writer.below(5) {
            writer.at = writer.seconds(0, 1500);
            writer.any_order();
        }
        writer.around();
        writer.script
    }

    /// A day on which each state is seen before the next one, and nothing happens but to orders: however
    /// what is told of it is lost, doubled, delayed and shuffled, it ends in the same state.
    #[must_use]
    pub fn slow(seed: u64) -> Self {
        let mut writer = Writer::new(seed ^ 0x510F, Pace::Slow);
        for _ in 0..6 {
            writer.at = writer.seconds(0, 600);
            writer.any_order();
        }
        writer.script
    }

    /// The day of the crash sweep: one order of each kind that writes something of its own.
    #[must_use]
    pub fn for_sweep() -> Self {
        let mut writer = Writer::new(7, Pace::Slow);
        writer.script.way = Way::Consent;
        let spec = |writer: &mut Writer, lines: &[(&str, i64)]| {
            let lines =
                lines.iter().map(|(sku, units)| LineSpec::new(sku, *units, 1_000).taxed("VAT", 1_900));
            writer.bought(OrderSpec::new(lines.collect()))
        };
        let mut order = spec(&mut writer, &[(PLAIN, 2), ("CUP-1", 3)]);
        order.discount = 7;
        let delivered = writer.place(Store::Hats, order, 10);
        writer.act(500, ShopAct::Deliver(delivered, 1, 2));
        let order = spec(&mut writer, &[(PLAIN, 3)]);
        let changed = writer.place(Store::Hats, order, 20);
        writer.act(480, ShopAct::SetQuantity(changed, 0, 2));
        writer.act(960, ShopAct::FulfilUnits(changed, 0, 1));
        let order = spec(&mut writer, &[("CUP-1", 1)]);
        let cancelled = writer.place(Store::Hats, order, 30);
        writer.act(470, ShopAct::Cancel(cancelled));
        let held = spec(&mut writer, &[("CUP-1", 1)]);
        let held = writer.place(Store::Hats, held, 40);
        writer.act(40, ShopAct::Hold(held));
        writer.act(490, ShopAct::Release(held));
        writer.act(305, ShopAct::ExpireTokens);
        writer.act(1_500, ShopAct::Redact(cancelled));
        writer.script
    }
}

impl Writer {
    fn new(seed: u64, pace: Pace) -> Self {
        let script = ShopScript { is_there: true, ..ShopScript::default() };
        Self { dice: Dice::new(seed), pace, script, at: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    fn seconds(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(u64::try_from(to - from).unwrap_or(1))).unwrap_or(0)
    }

    fn units(&mut self, most: u64) -> i64 {
        1 + i64::try_from(self.below(most)).unwrap_or(0)
    }

    fn act(&mut self, second: i64, act: ShopAct) {
        let number = self.script.acts.len();
        self.script.acts.push((SignedDuration::from_secs(second), Act::Shop(number, act)));
    }

    /// The next thing that happens to the order at hand.
    fn then(&mut self, act: ShopAct) {
        let pace = self.pace;
        self.at += match pace {
            Pace::Any if self.below(3) == 0 => self.seconds(0, 20),
            Pace::Any => self.seconds(20, 700),
            Pace::Slow => self.seconds(SEEN_AFTER, SEEN_AFTER + 60),
        };
        self.act(self.at, act);
    }

    fn place(&mut self, store: Store, mut spec: OrderSpec, second: i64) -> usize {
        let number = self.script.orders.len();
        spec.order_id = Some(id_of(number));
        spec.name = Some(format!("#S{number}"));
        self.script.orders.push(ShopOrder { store, spec });
        self.act(second, ShopAct::Place(number));
        number
    }

    /// An order with a buyer of whom every word is a canary.
    fn bought(&mut self, mut spec: OrderSpec) -> OrderSpec {
        let number = self.script.orders.len();
        spec.buyer = Some(BuyerSpec {
            customer: Some(7_100_000_000_000 + number as u64),
            name: format!("{} {}", CANARIES[6], number % 3),
            email: Some(format!("{number}{}", CANARIES[7])),
            line_1: CANARIES[8].to_owned(),
            ..BuyerSpec::default()
        });
        spec
    }

    fn sku(&mut self) -> &'static str {
        const KNOWN: [&str; 4] = [PLAIN, SCARCE, BATCH, SHORT_BATCH];
        let number = usize::try_from(self.below(7)).unwrap_or(0);
        KNOWN.get(number).or_else(|| NEW.get(number - KNOWN.len())).copied().unwrap_or(PLAIN)
    }

    fn line(&mut self) -> LineSpec {
        let sku = self.sku();
        let (units, price) = (self.units(UNITS), self.seconds(1, 9_999));
        let mut line = LineSpec::new(sku, units, price);
        if self.below(3) > 0 {
            let rate = self.seconds(0, 2_500);
            line = line.taxed("VAT", rate);
        }
        if self.below(6) == 0 {
            line = line.taxed("CITY", 125);
        }
        if self.below(4) == 0 {
            let off = self.seconds(0, price * units);
            line = line.discounted(off);
        }
        line
    }

    fn spec(&mut self, store: Store) -> OrderSpec {
        let count = match self.below(30) {
            0 => 45,
            number => 1 + number % 3,
        };
        let mut lines: Vec<LineSpec> = (0..count).map(|_| self.line()).collect();
        if store == Store::Mugs && self.below(4) == 0 {
            lines[0].location = 1;
        }
        let goods: i64 = lines.iter().map(|line| line.unit_price * line.quantity - line.discount).sum();
        let mut spec = OrderSpec::new(lines);
        if self.below(3) == 0 {
            spec.discount = self.seconds(0, goods.max(1));
        }
        if self.below(3) == 0 {
            let mut shipping = ShippingSpec::new(self.seconds(1, 999));
            shipping.tax = (self.below(2) == 0).then(|| ("VAT".to_owned(), 1_900));
            shipping.discount = shipping.price * self.seconds(0, 2);
            spec.shipping = Some(shipping);
        }
        if self.below(12) == 0 {
            spec.tip = self.seconds(1, 500);
        }
        if self.below(12) == 0 {
            spec.cash_rounding = self.seconds(-2, 3);
        }
        self.bought(spec)
    }

    /// One order of any kind, and what becomes of it.
    fn any_order(&mut self) {
        let store = if self.below(3) > 0 { Store::Mugs } else { Store::Hats };
        let mut spec = self.spec(store);
        let kind = self.below(20);
        match kind {
            4 => spec.payment = PaymentSpec::Pending,
            14 => spec.delivery = Delivery::PickUp,
            15 if self.below(2) == 0 => spec.delivery = Delivery::Retail,
            _ => {}
        }
        // Something is to be shipped of each line that the story names.
        if let Some(line) = spec.lines.first_mut() {
            line.quantity += 1;
        }
        let first = spec.lines.first().map_or(1, |line| line.quantity);
        let at = self.at;
        let order = self.place(store, spec, at);
        match kind {
            0 | 1 => self.deliver_all(order),
            2 => {
                self.then(ShopAct::Fulfil(order));
                if self.below(2) == 0 {
                    self.then(ShopAct::AddLine(order, "CUP-1", 1));
                }
            }
            3 => {
                self.then(ShopAct::FulfilUnits(order, 0, 1));
                self.then(ShopAct::Deliver(order, 0, first - 1));
            }
            4 => {
                self.then(ShopAct::Pay(order));
                self.deliver_all(order);
            }
            5 => {
                self.act(at, ShopAct::Hold(order));
                self.then(ShopAct::Release(order));
                self.then(ShopAct::Deliver(order, 0, 1));
            }
            6 => {
                let units = self.seconds(0, 6);
                self.then(ShopAct::SetQuantity(order, 0, units));
                self.then(ShopAct::AddLine(order, "CUP-1", 2));
                self.then(ShopAct::Fulfil(order));
            }
            7 => self.then(ShopAct::Cancel(order)),
            8 => {
                self.then(ShopAct::Deliver(order, 0, 1));
                self.then(ShopAct::Cancel(order));
            }
            9 => {
                self.then(ShopAct::RefundOpen(order, 0, 1));
                self.then(ShopAct::Fulfil(order));
                self.then(ShopAct::Return(order, 0, 1));
            }
            10 => {
                self.then(ShopAct::FulfilUnits(order, 0, 1));
                self.then(ShopAct::CancelFulfillment(order));
            }
            11 if self.below(2) == 0 => self.then(ShopAct::Archive(order)),
            11 => {
                // The shop ships nothing of it while it is held.
                self.then(ShopAct::Hold(order));
                self.then(ShopAct::Deliver(order, 0, 1));
            }
            12 => {
                self.then(ShopAct::Delete(order));
                self.then(ShopAct::Touch(order));
                if self.below(2) == 0 {
                    self.then(ShopAct::Restore(order));
                    self.then(ShopAct::SetQuantity(order, 0, 1));
                }
            }
            13 => {
                self.then(ShopAct::Invoice(order));
                self.then(ShopAct::SetQuantity(order, 0, 1));
                self.then(ShopAct::Fulfil(order));
            }
            14 => {
                self.then(ShopAct::Fulfil(order));
                self.then(ShopAct::Archive(order));
            }
            15 => {
                self.then(ShopAct::Pack(order, 0, 1));
                self.then(ShopAct::SetQuantity(order, 0, 5));
                self.then(ShopAct::DeliverPacked(order));
            }
            16 => {
                self.then(ShopAct::Deliver(order, 0, 1));
                self.then(ShopAct::Track(order));
                self.then(ShopAct::SetQuantity(order, 0, first + 1));
                self.then(ShopAct::Deliver(order, 0, first));
            }
            17 => {
                if store == Store::Mugs {
                    self.then(ShopAct::Move(order));
                }
                self.then(ShopAct::Split(order));
                self.then(ShopAct::Deliver(order, 0, first));
            }
            18 if self.pace == Pace::Any => {
                // Both at once: one of them comes too late.
                self.then(ShopAct::Deliver(order, 0, 1));
                let at = self.at;
                self.act(at, ShopAct::FulfilUnits(order, 0, 1));
            }
            18 => self.then(ShopAct::RefundAll(order)),
            _ => {
                self.then(ShopAct::RefundAll(order));
                if self.below(2) == 0 {
                    self.then(ShopAct::Erase(order));
                }
            }
        }
        if self.below(4) == 0 {
            self.at += REDACTED_AFTER;
            self.then(ShopAct::Redact(order));
        }
    }

    fn deliver_all(&mut self, order: usize) {
        let lines = self.script.orders.get(order).map_or_else(Vec::new, |order| order.spec.lines.clone());
        for (place, line) in lines.iter().enumerate().take(3) {
            self.then(ShopAct::Deliver(order, place, line.quantity));
        }
    }

    /// What happens around the orders.
    fn around(&mut self) {
        let store = if self.below(3) > 0 { Store::Mugs } else { Store::Hats };
        let (from, to) = (self.seconds(200, 1_500), self.seconds(1_600, 3_000));
        match self.below(8) {
            0 => {
                self.act(from, ShopAct::Uninstall(store));
                self.act(to, ShopAct::Install(store));
                self.act(to + 30, ShopAct::Reauthorize(store));
            }
            1 => {
                self.act(from, ShopAct::Deactivate(store));
                self.act(to, ShopAct::Activate(store));
            }
            2 => {
                self.act(from, ShopAct::Sync(store, false));
                self.act(to, ShopAct::Sync(store, true));
            }
            3 => {
                self.script.acts.push((SignedDuration::from_secs(from), Act::Lock));
                self.script.acts.push((SignedDuration::from_secs(to), Act::Unlock));
            }
            4 => self.act(from, ShopAct::ExpireTokens),
            5 | 6 => self.act(from, ShopAct::DropSubscriptions(store)),
            _ => {}
        }
        for way in 0..3 {
            let at = self.seconds(300, 3_000);
            self.act(at, ShopAct::Forge(store, way));
        }
        if self.below(3) == 0 {
            let at = self.seconds(100, 2_400);
            let count = self.script.orders.len() as u64;
            let order = usize::try_from(self.below(count)).unwrap_or(0);
            self.act(at, ShopAct::Ask(order));
        }
    }
}

/// Shopify asks days after the last that happened to an order; here it is so many seconds, and whoever
/// still had the buyer in hand is done.
const REDACTED_AFTER: i64 = 1_500;
