//! What happens in a world, and when: a shop's day in an hour. It is made from a seed alone, so that
//! the same day can be lived through with and without faults.

use jiff::SignedDuration;
use weir_sandbox::amazon::{
    BuyerSpec, Dice, FulfilledBy, LineSpec, Marketplace, OrderSpec, Quirk, SoldOn, Status,
    marketplaces::{CA, DE, UK, US},
};

use crate::{
    acts::Act,
    outlet::script::OutletScript,
    places::{CANARIES, Place},
    shop::script::ShopScript,
};

/// An order of the script.
#[derive(Clone, Debug)]
pub struct ScriptedOrder {
    /// Where it is sold.
    pub place: Place,
    /// What it is at first.
    pub spec: OrderSpec,
}

/// A day.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The orders, by number.
    pub orders: Vec<ScriptedOrder>,
    /// What happens, in the order of time since the beginning.
    pub acts: Vec<(SignedDuration, Act)>,
    /// Connections that are not at work at first.
    pub idle: Vec<Place>,
    /// Whether nobody sells at Amazon.
    pub is_without_amazon: bool,
    /// What happens in web shops; its acts are among the acts.
    pub shop: ShopScript,
    /// What happens in outlets; its acts are among the acts.
    pub outlet: OutletScript,
    /// Whether Amazon sends no notices of the first seller: the poll alone has to do.
    pub is_silent: bool,
    /// When the last of it has happened.
    pub ends_after: SignedDuration,
}

/// SKUs of the catalogue; the same words for every organization.
pub const PLAIN: &str = "PLAIN-1";
/// Of which there is little.
pub const SCARCE: &str = "plain-1";
/// Kept by batch.
pub const BATCH: &str = "BATCH, \"one\"";
/// Kept by batch, and soon gone.
pub const SHORT_BATCH: &str = "007";
/// Kept by batch, each unit another one.
pub const MANY: &str = "MANY-1";
/// Kept by serial number.
pub const SERIAL: &str = "SERIAL/1";
/// A SKU at Amazon that is mapped from the beginning.
pub const ALIASED: &str = "AMZ-PLAIN";
/// A SKU that is mapped later.
pub const MAPPED_LATER: &str = "ODD SKU ";
/// A SKU of which a variant is made later.
pub const MADE_LATER: &str = "NEW-1";
/// The number of a request that Weir gave out.
pub const OWN_REQUEST: &str = "FR-1001";

const KNOWN: [&str; 5] = [PLAIN, ALIASED, SCARCE, BATCH, SHORT_BATCH];

struct Writer {
    dice: Dice,
    script: Script,
    serials: u32,
}

impl Script {
    /// The day of a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let has_outlet = Dice::new(seed ^ 0xB167).below(OUTLET_WORLDS.1);
        if has_outlet < OUTLET_WORLDS.0 {
            return Self::of_outlets(OutletScript::from_seed(seed));
        }
        let outlet = match has_outlet == OUTLET_WORLDS.0 {
            true => OutletScript::from_seed(seed),
            false => OutletScript::default(),
        };
        let has_shop = Dice::new(seed ^ 0x5407).below(SHOP_WORLDS.1);
        if has_shop < SHOP_WORLDS.0 {
            return Self::of_merchants(ShopScript::from_seed(seed), outlet);
        }
        let script = Self { outlet, ..Self::default() };
        let mut writer = Writer { dice: Dice::new(seed ^ 0x5C21), script, serials: 0 };
        if has_shop == SHOP_WORLDS.0 {
            writer.script.shop = ShopScript::from_seed(seed);
        }
        let orders = 5 + writer.dice.below(8);
        for _ in 0..orders {
            writer.any_order();
        }
        writer.around();
        if seed % FLASH_SALE_EVERY == 5 {
            writer.flash_sale();
        }
        writer.finish()
    }

    /// The day of the crash sweep: short, and with one of each.
    #[must_use]
    pub fn for_sweep() -> Self {
        let mut writer = Writer { dice: Dice::new(7), script: Self::default(), serials: 0 };
        let plain = writer.order(Place::Us, writer.lines_of(&[(PLAIN, 2), (ALIASED, 1)]), 0);
        writer.act(60, Act::Ship(plain));
        let batch = writer.order(Place::Ca, writer.lines_of(&[(BATCH, 7)]), 20);
        writer.act(70, Act::Ship(batch));
        let serial = LineSpec::new(SERIAL, 1, 9900).taxed(700).serials(["SN-1"]);
        let serial = writer.order(Place::Us, vec![serial], 30);
        writer.act(150, Act::Ship(serial));
        let unmatched = writer.order(Place::Us, writer.lines_of(&[(MAPPED_LATER, 1)]), 40);
        writer.act(90, Act::Ship(unmatched));
        writer.act(420, Act::MakeAlias(Place::Us, MAPPED_LATER, PLAIN));
        let part = writer.order(Place::Us, writer.lines_of(&[(PLAIN, 3)]), 50);
        writer.act(100, Act::ShipPart(part, 1));
        writer.act(300, Act::Ship(part));
        let ours = OrderSpec::non_amazon(&US, Some(OWN_REQUEST), writer.lines_of(&[(PLAIN, 5)]));
        let ours = writer.push(Place::Us, ours, 55);
        writer.act(110, Act::Ship(ours));
        let deleted = writer.order(Place::Us, writer.lines_of(&[(PLAIN, 1)]), 56);
        writer.act(115, Act::Ship(deleted));
        // Three batches a line: few lines, and too many movements for one commit.
        let big: Vec<LineSpec> = (0..26).map(|_| LineSpec::new(MANY, 3, 100)).collect();
        let big = writer.order(Place::Ca, big, 57);
        writer.act(118, Act::Ship(big));
        writer.act(500, Act::Delete(deleted));
        writer.act(560, Act::Touch(deleted));
        writer.script.is_silent = true;
        writer.script.idle.push(Place::Uk);
        writer.act(200, Act::Activate(Place::Uk));
        let late = writer.order(Place::Uk, writer.lines_of(&[(PLAIN, 2)]), 210);
        writer.act(250, Act::Ship(late));
        writer.act(320, Act::Ask(late));
        writer.act(440, Act::Revoke);
        writer.act(442, Act::Touch(plain));
        writer.act(470, Act::Restore);
        writer.act(480, Act::Reauthorize(Place::Us));
        writer.act(481, Act::Reauthorize(Place::De));
        writer.finish()
    }

    /// A day on which merchants sell in web shops alone.
    #[must_use]
    pub fn of_shops(shop: ShopScript) -> Self {
        Self::of_merchants(shop, OutletScript::default())
    }

    /// A day on which merchants sell in outlets alone.
    #[must_use]
    pub fn of_outlets(outlet: OutletScript) -> Self {
        Self::of_merchants(ShopScript::default(), outlet)
    }

    fn of_merchants(shop: ShopScript, outlet: OutletScript) -> Self {
        let script = Self { shop, outlet, is_without_amazon: true, ..Self::default() };
        Writer { dice: Dice::new(0), script, serials: 0 }.finish()
    }

    /// A small day on which nothing special happens.
    #[must_use]
    pub fn happy() -> Self {
        let mut writer = Writer { dice: Dice::new(1), script: Self::default(), serials: 0 };
        for number in 0..3 {
            let order = writer.order(Place::Us, writer.lines_of(&[(PLAIN, 1)]), 10 * number);
            writer.act(120, Act::Ship(order));
        }
        writer.finish()
    }
}

/// Of so many worlds so many sell in web shops alone, and one both there and at Amazon.
const SHOP_WORLDS: (u64, u64) = (2, 16);

/// Of so many worlds so many sell in outlets alone, and one there besides all that it has.
const OUTLET_WORLDS: (u64, u64) = (3, 64);

/// One day in so many has a flash sale.
const FLASH_SALE_EVERY: u64 = 100;

/// Orders of a flash sale: more than a page of a search holds.
const FLASH_SALE_ORDERS: usize = 115;

impl Writer {
    fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    fn seconds(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(u64::try_from(to - from).unwrap_or(1))).unwrap_or(0)
    }

    fn act(&mut self, second: i64, act: Act) {
        self.script.acts.push((SignedDuration::from_secs(second), act));
    }

    fn lines_of(&self, lines: &[(&str, u32)]) -> Vec<LineSpec> {
        lines.iter().map(|(sku, quantity)| LineSpec::new(sku, *quantity, 1999).taxed(825)).collect()
    }

    fn push(&mut self, place: Place, mut spec: OrderSpec, second: i64) -> usize {
        let number = self.script.orders.len();
        // An id of its own, so that it is the same whatever else is asked of Amazon before.
        let prefix = if spec.sold_on == SoldOn::Amazon { "113" } else { "S01" };
        spec.order_id = Some(format!("{prefix}-0000000-{number:07}"));
        self.script.orders.push(ScriptedOrder { place, spec });
        self.act(second, Act::Order(number));
        number
    }

    fn order(&mut self, place: Place, lines: Vec<LineSpec>, second: i64) -> usize {
        let spec = OrderSpec::new(place.marketplace(), lines);
        self.push(place, spec, second)
    }

    fn place(&mut self) -> Place {
        match self.below(10) {
            0..5 => Place::Us,
            5..7 => Place::Ca,
            7 => Place::De,
            _ => Place::Uk,
        }
    }

    fn line(&mut self) -> LineSpec {
        let sku = KNOWN[usize::try_from(self.below(5)).unwrap_or(0)];
        let quantity = 1 + u32::try_from(self.below(4)).unwrap_or(0);
        let price = i64::try_from(99 + self.below(5000)).unwrap_or(99);
        let mut line = LineSpec::new(sku, quantity, price);
        if self.below(5) > 0 {
            line = line.taxed(u32::try_from(self.below(2500)).unwrap_or(0));
        }
        if self.below(4) == 0 {
            line.shipping = i64::try_from(self.below(999)).unwrap_or(0);
            line.shipping_discount = line.shipping * i64::try_from(self.below(2)).unwrap_or(0);
        }
        if self.below(4) == 0 {
            line.discount = i64::try_from(self.below(90)).unwrap_or(0);
        }
        line
    }

    fn lines(&mut self) -> Vec<LineSpec> {
        let count = match self.below(24) {
            0 => 90,
            number => 1 + number % 3,
        };
        (0..count).map(|_| self.line()).collect()
    }

    fn spec(&mut self, place: Place) -> OrderSpec {
        let lines = self.lines();
        let mut spec = OrderSpec::new(place.marketplace(), lines);
        spec.discount_tax = self.below(3) == 0;
        if self.below(3) == 0 {
            spec.buyer = Some(buyer(place.marketplace()));
        }
        spec
    }

    /// One order of any kind, and what becomes of it.
    fn any_order(&mut self) {
        let place = self.place();
        let placed = self.seconds(0, 1800);
        let shipped = placed + self.seconds(30, 900);
        let spec = self.spec(place);
        match self.below(22) {
            0..6 => {
                let order = self.push(place, spec, placed);
                self.act(shipped, Act::Ship(order));
                self.later(order, shipped);
            }
            6..9 => self.serial_order(place, placed, shipped),
            9 | 10 => {
                let order = self.unmatched(place, spec, MAPPED_LATER, placed);
                self.act(shipped, Act::Ship(order));
            }
            11 => {
                let order = self.unmatched(place, spec, MADE_LATER, placed);
                self.act(shipped, Act::Ship(order));
            }
            12 => {
                let spec = OrderSpec::non_amazon(place.marketplace(), Some(OWN_REQUEST), spec.lines);
                let order = self.push(place, spec, placed);
                self.act(shipped, Act::Ship(order));
            }
            13 => {
                let number = (self.below(2) == 0).then_some("SELLER-CENTRAL-7");
                let spec = OrderSpec::non_amazon(place.marketplace(), number, spec.lines);
                let order = self.push(place, spec, placed);
                self.act(shipped, Act::Ship(order));
            }
            14 => {
                let quirk = [Quirk::Truncated, Quirk::ItemsNotAList, Quirk::NegativeQuantity, Quirk::NoSku];
                let quirk = quirk[usize::try_from(self.below(4)).unwrap_or(0)];
                let order = self.push(place, spec.quirk(quirk), placed);
                self.act(shipped, Act::Ship(order));
                if self.below(3) > 0 {
                    let healed = shipped + self.seconds(60, 900);
                    self.act(healed, Act::Heal(order));
                }
            }
            15 | 16 => self.in_parts(place, spec, placed, shipped),
            17 => {
                let order = self.push(place, spec, placed);
                self.act(shipped, Act::Cancel(order));
            }
            18 => {
                let spec = OrderSpec { status: Status::Pending, ..spec };
                let order = self.push(place, spec, placed);
                self.act(shipped, Act::Pay(order));
                if self.below(2) == 0 {
                    self.act(shipped + 120, Act::Ship(order));
                }
            }
            19 => {
                let spec = OrderSpec { fulfilled_by: FulfilledBy::Merchant, ..spec };
                let order = self.push(place, spec, placed);
                self.act(shipped, Act::Ship(order));
            }
            _ => {
                let order = self.push(place, spec, placed);
                self.act(shipped, Act::Ship(order));
                let deleted = shipped + self.seconds(200, 1200);
                self.act(deleted, Act::Delete(order));
                if self.below(3) > 0 {
                    let touched = deleted + self.seconds(10, 600);
                    self.act(touched, Act::Touch(order));
                }
            }
        }
    }

    /// What may happen to an order after it has shipped.
    fn later(&mut self, order: usize, shipped: i64) {
        match self.below(6) {
            // Within the same second: an equal time with another content.
            0 => self.act(shipped, Act::Raise(order)),
            1 => {
                let edited = shipped + self.seconds(5, 900);
                let act = if self.below(2) == 0 { Act::Raise(order) } else { Act::Lessen(order) };
                self.act(edited, act);
            }
            2 => {
                let touched = shipped + self.seconds(5, 1200);
                self.act(touched, Act::Touch(order));
            }
            3 => {
                let asked = shipped + self.seconds(5, 600);
                self.act(asked, Act::Ask(order));
            }
            _ => {}
        }
    }

    fn serial_order(&mut self, place: Place, placed: i64, shipped: i64) {
        let count = 1 + u32::try_from(self.below(2)).unwrap_or(0);
        let numbers: Vec<String> = (0..count)
            .map(|_| {
                self.serials += 1;
                format!("SN-{}", self.serials)
            })
            .collect();
        let mut line = LineSpec::new(SERIAL, count, 24_900).taxed(1900);
        if self.below(4) > 0 {
            line = line.serials(numbers.iter().map(String::as_str));
        }
        let other = self.line();
        let order = self.order(place, vec![line, other], placed);
        self.act(shipped, Act::Ship(order));
    }

    fn unmatched(&mut self, place: Place, mut spec: OrderSpec, sku: &str, placed: i64) -> usize {
        let mut line = self.line();
        sku.clone_into(&mut line.sku);
        spec.lines.push(line);
        self.push(place, spec, placed)
    }

    fn in_parts(&mut self, place: Place, mut spec: OrderSpec, placed: i64, shipped: i64) {
        if let Some(line) = spec.lines.first_mut() {
            line.quantity += 2;
        }
        let order = self.push(place, spec, placed);
        self.act(shipped, Act::ShipPart(order, 1));
        let rest = shipped + self.seconds(30, 900);
        if self.below(4) > 0 {
            self.act(rest, Act::Ship(order));
        }
    }

    /// Very many orders of one SKU, all shipped within a second; the poll alone has to find them.
    fn flash_sale(&mut self) {
        self.script.is_silent = true;
        let shipped = self.seconds(700, 1800);
        for _ in 0..FLASH_SALE_ORDERS {
            let lines = self.lines_of(&[(PLAIN, 1)]);
            let order = self.order(Place::Us, lines, shipped - 600);
            self.act(shipped, Act::Ship(order));
        }
    }

    /// What happens around the orders.
    fn around(&mut self) {
        let at = self.seconds(900, 3000);
        self.act(at, Act::MakeVariant(Place::Us, MADE_LATER));
        let at = self.seconds(900, 3000);
        self.act(at, Act::MakeVariant(Place::Uk, MADE_LATER));
        for place in Place::ALL {
            let at = self.seconds(900, 3000);
            self.act(at, Act::MakeAlias(place, MAPPED_LATER, PLAIN));
        }
        let (from, to) = (self.seconds(200, 1800), self.seconds(1900, 3000));
        match self.below(8) {
            0 | 1 => {
                self.act(from, Act::Revoke);
                self.act(to, Act::Restore);
                for (place, later) in [(Place::Us, 30), (Place::Ca, 31), (Place::De, 32)] {
                    self.act(to + later, Act::Reauthorize(place));
                }
            }
            2 | 3 => {
                let place = if self.below(2) == 0 { Place::Us } else { Place::Ca };
                self.act(from, Act::Deactivate(place));
                self.act(to, Act::Activate(place));
            }
            4 => {
                self.act(from, Act::Lock);
                self.act(to, Act::Unlock);
            }
            5 => self.act(from, Act::ExpireTokens),
            6 => {
                self.act(from, Act::Lock);
                self.act(to, Act::Unlock);
                self.act(from, Act::Deactivate(Place::Uk));
                self.act(to, Act::Activate(Place::Uk));
            }
            _ => {
                self.act(from, Act::Test(Place::Us));
                self.act(to, Act::Test(Place::Uk));
            }
        }
        if self.below(6) == 0 {
            let at = self.seconds(100, 2400);
            self.act(at, Act::Poison);
        }
        if self.below(4) == 0 {
            let place =
                [Place::Us, Place::Ca, Place::De, Place::Uk][usize::try_from(self.below(4)).unwrap_or(0)];
            self.script.idle.push(place);
            let at = self.seconds(60, 2400);
            self.act(at, Act::Activate(place));
            if self.below(3) == 0 {
                self.act(at + 40, Act::Backfill(place));
            }
        }
    }

    fn finish(mut self) -> Script {
        self.script.acts.append(&mut self.script.shop.acts);
        self.script.acts.append(&mut self.script.outlet.acts);
        // Stable: what happens in the same second stays in its order.
        self.script.acts.sort_by_key(|(at, _)| *at);
        let last = self.script.acts.last().map_or(SignedDuration::ZERO, |(at, _)| *at);
        self.script.ends_after = last + SignedDuration::from_secs(60);
        self.script
    }
}

/// A buyer of whom Amazon tells everything, each word of it a canary.
fn buyer(marketplace: &'static Marketplace) -> BuyerSpec {
    BuyerSpec {
        name: Some(CANARIES[0].to_owned()),
        line_1: Some(CANARIES[1].to_owned()),
        company: Some(CANARIES[2].to_owned()),
        ..BuyerSpec::place(marketplace)
    }
}

impl Place {
    /// Its marketplace.
    #[must_use]
    pub fn marketplace(self) -> &'static Marketplace {
        match self {
            Self::Us => &US,
            Self::Ca => &CA,
            Self::De => &DE,
            Self::Uk => &UK,
        }
    }
}
