//! What happens in outlets, and when. It is made from a seed alone.

use jiff::SignedDuration;
use weir_sandbox::{
    Dice,
    bigcommerce::{BuyerSpec, CouponSpec, LineSpec, OrderSpec, ProductKind, status},
};

use super::{acts::OutletAct, outlets::Outlet};
use crate::{
    acts::Act,
    places::CANARIES,
    script::{BATCH, PLAIN, SCARCE, SHORT_BATCH},
    shop::acts::Deed,
};

/// An order of the script.
#[derive(Clone, Debug)]
pub struct OutletOrder {
    /// Where it is placed.
    pub outlet: Outlet,
    /// What it is at first.
    pub spec: OrderSpec,
}

/// What happens in outlets on a day.
#[derive(Clone, Debug, Default)]
pub struct OutletScript {
    /// Whether there are any.
    pub is_there: bool,
    /// Outlets whose connection is not at work at first.
    pub idle: Vec<Outlet>,
    /// The orders, by number.
    pub orders: Vec<OutletOrder>,
    /// What happens, in the order of writing.
    pub acts: Vec<(SignedDuration, Act)>,
}

/// How close things follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// As close as chance gives it.
    Any,
    /// So far apart that each state is seen before the next one.
    Slow,
}

/// Products that nobody knows in Weir; both outlets have them.
const NEW: [&str; 3] = ["BAG-1", "BAG 2", ""];

/// Seconds within which everything is seen by the poll, if nothing goes wrong: the minute, and the time
/// until a message that was handed out is handed out again.
const SEEN_AFTER: i64 = 420;

struct Writer {
    dice: Dice,
    pace: Pace,
    script: OutletScript,
    at: i64,
}

impl OutletScript {
    /// The day of a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut writer = Writer::new(seed ^ 0xB16C_0DA7, Pace::Any);
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
        let mut writer = Writer::new(seed ^ 0xB16C_510F, Pace::Slow);
        for _ in 0..6 {
            writer.at = writer.seconds(0, 600);
            writer.any_order();
        }
        writer.script
    }

    /// The day of the crash sweep: an outlet at work and one that goes to work with orders in it, one
    /// order that is completed here, one there, and one that is called off.
    #[must_use]
    pub fn for_sweep() -> Self {
        let mut writer = Writer::new(7, Pace::Slow);
        let spec = |writer: &mut Writer, lines: &[(&str, i64)], status: i64| {
            let lines = lines.iter().map(|(sku, units)| LineSpec::new(sku, *units, 1_000).taxed(825));
            let spec = OrderSpec { status, ..OrderSpec::new(lines.collect()) };
            writer.bought(spec)
        };
        writer.script.idle.push(Outlet::Belts);
        let waiting = spec(&mut writer, &[(PLAIN, 2)], status::AWAITING_PAYMENT);
        let waiting = writer.place(Outlet::Belts, waiting, 5);
        let picked_up = spec(&mut writer, &[("BAG-1", 1)], status::AWAITING_PICKUP);
        writer.place(Outlet::Belts, picked_up, 6);
        let ours = spec(&mut writer, &[(PLAIN, 2), ("BAG-1", 1)], status::AWAITING_FULFILLMENT);
        let ours = writer.place(Outlet::Bags, ours, 10);
        let gone = spec(&mut writer, &[("BAG-1", 1)], status::AWAITING_FULFILLMENT);
        let gone = writer.place(Outlet::Bags, gone, 12);
        writer.act(100, OutletAct::Connection(Outlet::Belts, Deed::Activate));
        writer.act(480, OutletAct::Status(gone, status::CANCELLED));
        writer.act(490, OutletAct::Order(ours, Deed::Deliver(0, 2)));
        writer.act(500, OutletAct::Status(waiting, status::AWAITING_FULFILLMENT));
        writer.act(940, OutletAct::Order(ours, Deed::Deliver(1, 1)));
        writer.act(950, OutletAct::Status(waiting, status::COMPLETED));
        writer.script
    }
}

impl Writer {
    fn new(seed: u64, pace: Pace) -> Self {
        let script = OutletScript { is_there: true, ..OutletScript::default() };
        Self { dice: Dice::new(seed), pace, script, at: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    fn seconds(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(u64::try_from(to - from).unwrap_or(1))).unwrap_or(0)
    }

    fn act(&mut self, second: i64, act: OutletAct) {
        let number = self.script.acts.len();
        self.script.acts.push((SignedDuration::from_secs(second), Act::Outlet(number, act)));
    }

    /// The next thing that happens to the order at hand.
    fn then(&mut self, act: OutletAct) {
        let pace = self.pace;
        self.at += match pace {
            Pace::Any if self.below(3) == 0 => self.seconds(0, 20),
            Pace::Any => self.seconds(20, 700),
            Pace::Slow => self.seconds(SEEN_AFTER, SEEN_AFTER + 60),
        };
        self.act(self.at, act);
    }

    fn status(&mut self, order: usize, status: i64) {
        self.then(OutletAct::Status(order, status));
    }

    fn deed(&mut self, order: usize, deed: Deed) {
        self.then(OutletAct::Order(order, deed));
    }

    fn place(&mut self, outlet: Outlet, spec: OrderSpec, second: i64) -> usize {
        let number = self.script.orders.len();
        self.script.orders.push(OutletOrder { outlet, spec });
        self.act(second, OutletAct::Place(number));
        number
    }

    /// An order with a buyer of whom every word is a canary.
    fn bought(&mut self, mut spec: OrderSpec) -> OrderSpec {
        let number = self.script.orders.len();
        let (first, last) = CANARIES[6].split_once(' ').unwrap_or((CANARIES[6], ""));
        spec.buyer = BuyerSpec {
            customer: number.is_multiple_of(2).then_some(700 + number as u64),
            name: (first.to_owned(), format!("{last} {}", number % 3)),
            email: format!("{}{}", 100 + number, CANARIES[7]),
            streets: vec![CANARIES[8].to_owned()],
        };
        spec
    }

    fn sku(&mut self) -> &'static str {
        const KNOWN: [&str; 4] = [PLAIN, SCARCE, BATCH, SHORT_BATCH];
        let number = usize::try_from(self.below(7)).unwrap_or(0);
        KNOWN.get(number).or_else(|| NEW.get(number - KNOWN.len())).copied().unwrap_or(PLAIN)
    }

    fn line(&mut self) -> LineSpec {
        const RATES: [i64; 5] = [0, 700, 825, 1_900, 2_375];
        let sku = self.sku();
        let (units, price) = (self.seconds(1, 5), self.seconds(2_000, 11_000));
        let rate = RATES[usize::try_from(self.below(5)).unwrap_or(0)];
        let mut line = LineSpec::new(sku, units, price).taxed(rate);
        if self.below(4) == 0 {
            line.discount = self.seconds(0, 300);
        }
        line
    }

    fn spec(&mut self) -> OrderSpec {
        let lines: Vec<LineSpec> = (0..1 + self.below(3)).map(|_| self.line()).collect();
        let rate = lines.first().map_or(0, |line| line.tax);
        let mut spec = OrderSpec::new(lines);
        if self.below(2) == 0 {
            spec.shipping = (self.seconds(100, 1_000), rate);
        }
        if self.below(5) == 0 {
            spec.handling = self.seconds(0, 300);
        }
        if self.below(5) == 0 {
            spec.wrapping = self.seconds(0, 300);
        }
        if self.below(5) == 0 {
            spec.fee = self.seconds(0, 300);
        }
        self.bought(spec)
    }

    /// What comes off an order as a whole; one whose lines change later has nothing of it, as the store
    /// would count it anew.
    fn discounted(&mut self, spec: &mut OrderSpec) {
        if self.below(3) == 0 {
            spec.discount = self.seconds(0, 500);
        }
        if self.below(4) == 0 {
            let is_for_shipping = self.below(3) == 0;
            spec.coupons.push(CouponSpec {
                code: "TEN".to_owned(),
                amount: self.seconds(1, 300),
                is_for_shipping,
            });
        }
    }

    /// One order of any kind, and what becomes of it.
    fn any_order(&mut self) {
        let outlet = if self.below(3) > 0 { Outlet::Bags } else { Outlet::Belts };
        let kind = self.below(22);
        let mut spec = self.spec();
        if !matches!(kind, 13 | 14 | 19) {
            self.discounted(&mut spec);
        }
        spec.status = match kind {
            4 | 20 => status::AWAITING_PAYMENT,
            5 => status::INCOMPLETE,
            9 => status::MANUAL_VERIFICATION,
            21 => status::PENDING,
            _ => status::AWAITING_FULFILLMENT,
        };
        if let Some(line) = spec.lines.first_mut() {
            line.quantity += 1;
        }
        if kind == 20 && self.below(2) == 0 {
            spec.status = status::AWAITING_FULFILLMENT;
            spec.lines.push(LineSpec { kind: ProductKind::Custom, ..LineSpec::new("", 1, 500) });
        }
        let first = spec.lines.first().map_or(1, |line| line.quantity);
        let at = self.at;
        let order = self.place(outlet, spec, at);
        self.story(kind, order, first);
    }

    fn story(&mut self, kind: u64, order: usize, first: i64) {
        match kind {
            0 | 1 => self.deliver_all(order),
            2 => self.status(order, status::COMPLETED),
            3 => {
                self.then(OutletAct::Ship(order, 0, 1));
                self.deed(order, Deed::Deliver(0, 1));
                self.status(order, status::SHIPPED);
                if self.below(2) == 0 {
                    self.status(order, status::COMPLETED);
                }
            }
            4 => {
                self.status(order, status::AWAITING_FULFILLMENT);
                self.deliver_all(order);
            }
            5 => {
                self.status(order, status::AWAITING_FULFILLMENT);
                self.status(order, status::CANCELLED);
            }
            6 => self.status(order, status::CANCELLED),
            7 => {
                self.deed(order, Deed::Deliver(0, 1));
                self.status(order, status::CANCELLED);
                self.deliver_all(order);
            }
            8 => {
                self.then(OutletAct::Refund(order, 0, 1));
                self.deliver_all(order);
            }
            9 => {
                self.status(order, status::AWAITING_FULFILLMENT);
                self.then(OutletAct::Ship(order, 0, first));
                self.status(order, status::COMPLETED);
            }
            10 => {
                self.status(order, status::DISPUTED);
                self.status(order, status::AWAITING_SHIPMENT);
                self.deliver_all(order);
            }
            11 => self.status(order, status::DECLINED),
            12 => {
                self.deed(order, Deed::Delete);
                self.status(order, status::AWAITING_SHIPMENT);
                if self.below(2) == 0 {
                    self.deed(order, Deed::Restore);
                    self.status(order, status::COMPLETED);
                }
            }
            13 => {
                self.deed(order, Deed::Invoice);
                self.then(OutletAct::SetQuantity(order, 0, 1));
                self.status(order, status::COMPLETED);
            }
            14 => {
                let units = self.seconds(0, 6);
                self.then(OutletAct::SetQuantity(order, 0, units));
                self.then(OutletAct::AddLine(order, "BAG-1", 2));
                self.deliver_all(order);
            }
            15 => self.then(OutletAct::RefundAll(order)),
            16 => {
                self.deliver_all(order);
                self.then(OutletAct::Refund(order, 0, 1));
            }
            17 if self.pace == Pace::Any => self.then(OutletAct::Archive(order)),
            17 => self.status(order, status::AWAITING_PICKUP),
            18 if self.pace == Pace::Any => {
                // Both at once: what is still open here when it is seen leaves then.
                self.deed(order, Deed::Deliver(0, 1));
                let at = self.at;
                self.act(at, OutletAct::Status(order, status::COMPLETED));
            }
            18 => {
                self.deed(order, Deed::Pack(0, 1));
                self.status(order, status::COMPLETED);
                self.deed(order, Deed::DeliverPacked);
            }
            19 => {
                self.status(order, status::COMPLETED);
                self.then(OutletAct::AddLine(order, "BAG-1", 1));
            }
            _ => {}
        }
    }

    fn deliver_all(&mut self, order: usize) {
        let lines = self.script.orders.get(order).map_or(0, |order| order.spec.lines.len());
        for row in 0..lines {
            self.deed(order, Deed::Deliver(row, 99));
        }
    }

    /// What happens around the orders.
    fn around(&mut self) {
        let outlet = if self.below(3) > 0 { Outlet::Bags } else { Outlet::Belts };
        let (from, to) = (self.seconds(200, 1_500), self.seconds(1_600, 3_000));
        match self.below(8) {
            0 => {
                self.act(from, OutletAct::Uninstall(outlet));
                self.act(to, OutletAct::Install(outlet));
                self.act(to + 30, OutletAct::Connection(outlet, Deed::Reauthorize));
            }
            1 => {
                self.act(from, OutletAct::Connection(outlet, Deed::Deactivate));
                self.act(to, OutletAct::Connection(outlet, Deed::Activate));
            }
            2 => {
                self.act(from, OutletAct::Connection(outlet, Deed::Sync(false)));
                self.act(to, OutletAct::Connection(outlet, Deed::Sync(true)));
            }
            3 => self.act(from, OutletAct::DropHooks(outlet)),
            4 | 5 => self.act(from, OutletAct::SwitchOffHooks(outlet)),
            _ => {
                self.script.idle.push(outlet);
                let at = self.seconds(60, 1_500);
                self.act(at, OutletAct::Connection(outlet, Deed::Activate));
            }
        }
        for way in 0..3 {
            let at = self.seconds(300, 3_000);
            self.act(at, OutletAct::Forge(outlet, way));
        }
        if self.below(3) == 0 {
            let at = self.seconds(100, 2_400);
            let count = self.script.orders.len() as u64;
            let order = usize::try_from(self.below(count)).unwrap_or(0);
            self.act(at, OutletAct::Order(order, Deed::Ask));
        }
    }
}
