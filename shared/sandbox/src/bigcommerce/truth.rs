//! Orders as they truly are, and what their parts add up to.

use jiff::Timestamp;

use super::spec::{LineSpec, OrderSpec};

/// An order as it truly is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthOrder {
    /// BigCommerce's id, which is the number that people see.
    pub id: u64,
    /// The hash of its store.
    pub store: String,
    /// What was ordered. Its lines are in `lines` as they are now.
    pub spec: OrderSpec,
    /// The status, by its id.
    pub status: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// Its last change, to the second.
    pub modified_at: Timestamp,
    /// When all of it was shipped.
    pub shipped_at: Option<Timestamp>,
    /// Whether it was archived.
    pub is_archived: bool,
    /// Its lines.
    pub lines: Vec<TruthLine>,
    /// What was given back.
    pub refunds: Vec<Refund>,
    /// Lines that it ever had.
    pub(super) lines_made: u64,
    pub(super) includes_tax: bool,
    pub(super) digits: u32,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthLine {
    /// Its id.
    pub id: u64,
    /// The id of its product; 0 if it was typed in.
    pub product: u64,
    /// What it is of.
    pub spec: LineSpec,
    /// Units that were shipped.
    pub shipped: i64,
    /// Units that were refunded.
    pub refunded: i64,
    /// What comes off it in all: of the line itself, and its share of the order's.
    pub discounts: Vec<(&'static str, Option<String>, i64)>,
}

/// What was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: u64,
    /// Units of each line, by its id, and what was given back for them.
    pub lines: Vec<(u64, i64, i64)>,
    /// What was given back beside.
    pub more: i64,
}

impl Refund {
    /// All that was given back.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|(_, _, amount)| amount).sum::<i64>() + self.more
    }
}

/// A share of an amount, rounded half up.
pub(super) fn part(amount: i64, of: i64, whole: i64) -> i64 {
    if whole == 0 { 0 } else { (amount * of * 2 + whole).div_euclid(whole * 2) }
}

/// The tax of an amount.
pub(super) fn tax_of(amount: i64, rate: i64, included: bool) -> i64 {
    part(amount, rate, if included { 10_000 + rate } else { 10_000 })
}

impl TruthLine {
    /// Its price before discount, as it was entered.
    pub(super) fn entered(&self) -> i64 {
        self.spec.price * self.spec.quantity
    }

    pub(super) fn discount(&self) -> i64 {
        self.discounts.iter().map(|(_, _, amount)| amount).sum()
    }

    /// Price without and with tax, before discount.
    pub(super) fn before(&self, included: bool) -> (i64, i64) {
        let (entered, tax) = (self.entered(), tax_of(self.entered(), self.spec.tax, included));
        if included { (entered - tax, entered) } else { (entered, entered + tax) }
    }

    /// Its tax after discount.
    pub(super) fn tax(&self, included: bool) -> i64 {
        tax_of(self.entered() - self.discount(), self.spec.tax, included)
    }

    /// What was paid for it, with tax.
    #[must_use]
    pub(super) fn paid(&self, included: bool) -> i64 {
        let net = self.entered() - self.discount();
        if included { net } else { net + self.tax(false) }
    }

    /// Units that are neither shipped nor refunded.
    #[must_use]
    pub fn open(&self) -> i64 {
        (self.spec.quantity - self.refunded - self.shipped).max(0)
    }
}

impl TruthOrder {
    /// What each coupon takes off: of shipping no more than there is.
    pub(super) fn taken_by_coupons(&self) -> Vec<i64> {
        let mut shipping_left = self.spec.shipping.0;
        let taken = |coupon: &super::CouponSpec| {
            if !coupon.is_for_shipping {
                return coupon.amount;
            }
            let taken = coupon.amount.min(shipping_left);
            shipping_left -= taken;
            taken
        };
        self.spec.coupons.iter().map(taken).collect()
    }

    /// What coupons take off shipping.
    pub(super) fn off_shipping(&self) -> i64 {
        let taken = self.spec.coupons.iter().zip(self.taken_by_coupons());
        taken.filter(|(coupon, _)| coupon.is_for_shipping).map(|(_, taken)| taken).sum()
    }

    /// Shipping without and with tax, before what coupons take off it.
    pub(super) fn shipping(&self) -> (i64, i64) {
        let (amount, rate) = self.spec.shipping;
        let tax = tax_of(amount - self.off_shipping(), rate, self.includes_tax);
        if self.includes_tax { (amount - tax, amount) } else { (amount, amount + tax) }
    }

    /// What was charged in all, before refunds.
    #[must_use]
    pub fn charged(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(|line| line.paid(self.includes_tax)).sum();
        let besides = self.spec.handling + self.spec.wrapping + self.spec.fee;
        lines + self.shipping().1 - self.off_shipping() + besides
    }

    /// What it comes to now.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.charged() - self.refunds.iter().map(Refund::total).sum::<i64>()
    }
}
