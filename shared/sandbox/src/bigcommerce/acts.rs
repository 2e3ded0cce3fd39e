//! What happens to orders: buyers place them, merchants change them, ship them, give money back. Each thing
//! is told to the store's hooks.

use jiff::Timestamp;

use super::{
    BigCommerce, Now,
    spec::{LineSpec, OrderSpec, ProductKind},
    status,
    truth::{Refund, TruthLine, TruthOrder, part},
};

/// A time to the second, as BigCommerce keeps it.
fn second(now: Now) -> Timestamp {
    Timestamp::from_second(now.wall.as_second()).unwrap_or(now.wall)
}

/// Splits an amount by weights; what rounding leaves goes to the first.
fn split(amount: i64, weights: &[i64]) -> Vec<i64> {
    let whole: i64 = weights.iter().sum();
    let mut shares: Vec<i64> = weights.iter().map(|weight| part(amount, *weight, whole)).collect();
    let rest = amount - shares.iter().sum::<i64>();
    if let Some(first) = shares.iter_mut().max() {
        *first += rest;
    }
    shares
}

impl BigCommerce {
    /// Places an order; gives its id. Nothing if there is no such store.
    pub fn place_order(&mut self, hash: &str, spec: OrderSpec, now: Now) -> Option<u64> {
        let store = self.stores.get_mut(hash)?;
        store.next_order += 1;
        let (id, includes_tax, digits) =
            (store.next_order, store.spec.prices_include_tax, store.spec.currency.1);
        let digits = spec.paid_in.map_or(digits, |(_, digits, _)| digits);
        let lines = spec.lines.iter().map(|line| self.make_line(hash, line)).collect();
        let mut order = TruthOrder {
            id,
            store: hash.to_owned(),
            status: spec.status,
            created_at: second(now),
            modified_at: second(now),
            shipped_at: None,
            is_archived: false,
            lines,
            refunds: Vec::new(),
            includes_tax,
            digits,
            spec,
        };
        discount(&mut order);
        self.orders.insert((hash.to_owned(), id), order);
        self.tell(hash, id, &["store/order/created"], now);
        Some(id)
    }

    /// A line's id is its store's own, so that it is the same whatever else is made meanwhile.
    fn make_line(&mut self, hash: &str, spec: &LineSpec) -> TruthLine {
        let store = self.stores.get_mut(hash);
        let id = store.map_or(0, |store| {
            store.next_line += 1;
            store.next_line
        });
        let product = match spec.kind {
            ProductKind::Custom | ProductKind::GiftCertificate => 0,
            ProductKind::Physical | ProductKind::Digital => {
                200 + spec.sku.bytes().map(u64::from).sum::<u64>()
            }
        };
        TruthLine { id, product, spec: spec.clone(), shipped: 0, refunded: 0, discounts: Vec::new() }
    }

    /// Changes an order, whose last change is now, and tells of it. `false` if there is none.
    fn change(
        &mut self,
        hash: &str,
        id: u64,
        scopes: &[&'static str],
        now: Now,
        change: impl FnOnce(&mut TruthOrder),
    ) -> bool {
        let Some(order) = self.orders.get_mut(&(hash.to_owned(), id)) else { return false };
        change(order);
        order.modified_at = order.modified_at.max(second(now));
        self.tell(hash, id, scopes, now);
        true
    }

    /// Somebody puts an order's status, in the control panel or over the API.
    pub fn set_status(&mut self, hash: &str, id: u64, status: i64, now: Now) -> bool {
        let scopes = ["store/order/statusUpdated", "store/order/updated"];
        self.change(hash, id, &scopes, now, |order| {
            order.status = status;
            if matches!(status, status::SHIPPED | status::COMPLETED) && order.shipped_at.is_none() {
                order.shipped_at = Some(second(now));
            }
        })
    }

    /// The merchant ships units of a line. A whole shipment makes the order Shipped.
    pub fn ship(&mut self, hash: &str, id: u64, line: usize, units: i64, now: Now) -> bool {
        let scopes = ["store/shipment/created", "store/order/statusUpdated", "store/order/updated"];
        self.change(hash, id, &scopes, now, |order| {
            if let Some(line) = order.lines.get_mut(line) {
                line.shipped += units.min(line.open());
            }
            let is_whole = order.lines.iter().all(|line| line.open() == 0);
            order.status = if is_whole { status::SHIPPED } else { status::PARTIALLY_SHIPPED };
            order.shipped_at = is_whole.then(|| second(now));
        })
    }

    /// The merchant gives back units of a line with what was paid for them, and so much beside.
    pub fn refund(&mut self, hash: &str, id: u64, lines: &[(usize, i64)], more: i64, now: Now) -> bool {
        let refund = self.make_id();
        let scopes = ["store/order/refund/created", "store/order/statusUpdated", "store/order/updated"];
        self.change(hash, id, &scopes, now, |order| {
            let includes_tax = order.includes_tax;
            let mut given = Refund { id: refund, lines: Vec::new(), more };
            for (line, units) in lines {
                let Some(line) = order.lines.get_mut(*line) else { continue };
                let units = (*units).min(line.spec.quantity - line.refunded);
                let whole = line.paid(includes_tax);
                let before = part(whole, line.refunded, line.spec.quantity);
                line.refunded += units;
                let amount = part(whole, line.refunded, line.spec.quantity) - before;
                given.lines.push((line.id, units, amount));
            }
            order.refunds.push(given);
            let is_whole = order.total() <= 0;
            order.status = if is_whole { status::REFUNDED } else { status::PARTIALLY_REFUNDED };
        })
    }

    /// The merchant changes the units of a line; none takes it out. The changed line loses its discounts.
    pub fn set_quantity(&mut self, hash: &str, id: u64, line: usize, quantity: i64, now: Now) -> bool {
        self.change(hash, id, &["store/order/updated"], now, |order| {
            if quantity == 0 && line < order.lines.len() {
                order.lines.remove(line);
            } else if let Some(line) = order.lines.get_mut(line) {
                line.spec.quantity = quantity;
                line.discounts.clear();
            }
        })
    }

    /// The merchant adds a line.
    pub fn add_line(&mut self, hash: &str, id: u64, spec: &LineSpec, now: Now) -> bool {
        let line = self.make_line(hash, spec);
        self.change(hash, id, &["store/order/updated"], now, |order| order.lines.push(line))
    }

    /// The merchant archives an order.
    pub fn archive(&mut self, hash: &str, id: u64, now: Now) -> bool {
        let scopes = ["store/order/archived", "store/order/updated"];
        self.change(hash, id, &scopes, now, |order| order.is_archived = true)
    }

    /// The product of a SKU is taken out of the catalogue. Orders keep its id, which leads nowhere.
    pub fn delete_product(&mut self, hash: &str, sku: &str) {
        for ((_, _), order) in self.orders.iter_mut().filter(|((store, _), _)| store == hash) {
            for line in order.lines.iter_mut().filter(|line| line.spec.sku == sku) {
                line.spec.name.push_str(" (deleted)");
            }
        }
    }
}

/// Puts the order's own discounts on its lines, in proportion to what is left to pay for them.
fn discount(order: &mut TruthOrder) {
    for line in &mut order.lines {
        if line.spec.discount > 0 {
            line.discounts.push(("promotion", None, line.spec.discount));
        }
    }
    let mut add = |name: &'static str, code: Option<String>, amount: i64| {
        let weights: Vec<i64> = order.lines.iter().map(|line| line.entered() - line.discount()).collect();
        for (line, share) in order.lines.iter_mut().zip(split(amount, &weights)) {
            if share > 0 {
                line.discounts.push((name, code.clone(), share));
            }
        }
    };
    if order.spec.discount > 0 {
        add("manual-discount", None, order.spec.discount);
    }
    for coupon in order.spec.coupons.iter().filter(|coupon| !coupon.is_for_shipping) {
        add("coupon", Some(coupon.code.clone()), coupon.amount);
    }
}
