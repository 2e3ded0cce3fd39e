//! Orders as they truly are at Amazon, and what their parts add up to.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::spec::{LineSpec, OrderSpec, Quirk, Status, Tax};

/// An order as it truly is, whatever the lists show.
#[derive(Clone, Debug)]
pub struct TruthOrder {
    /// Amazon's id.
    pub id: String,
    /// Whose it is.
    pub seller_id: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// What it is now.
    pub state: OrderState,
    /// What the lists show meanwhile, if they are late.
    pub(super) listed: Option<Box<OrderState>>,
    /// The time under which the lists have it; none if they do not have it yet.
    pub(super) listed_at: Option<Timestamp>,
}

/// What of an order can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// How far it is.
    pub status: Status,
    /// Its last change, to the second.
    pub updated_at: Timestamp,
    /// What was ordered. The status in it is the first one.
    pub spec: OrderSpec,
    /// Shipped units of each line.
    pub shipped: Vec<u32>,
}

impl TruthOrder {
    /// What the lists show.
    pub(super) fn listed_state(&self) -> &OrderState {
        self.listed.as_deref().unwrap_or(&self.state)
    }
}

impl OrderState {
    /// What the buyer paid, as the order's total says; none while Amazon does not tell.
    #[must_use]
    pub fn total(&self) -> Option<Decimal> {
        let off = i64::from(self.spec.is(Quirk::TotalOff));
        self.tells_money().then(|| Decimal::new(self.minor_total() + off, self.spec.marketplace.digits))
    }

    /// The currency's code.
    #[must_use]
    pub const fn currency(&self) -> &'static str {
        self.spec.marketplace.currency
    }

    /// Whether Amazon tells amounts: not of orders that are not paid, are cancelled or were not sold
    /// by Amazon.
    pub(super) fn tells_money(&self) -> bool {
        let status = match self.status {
            Status::PendingAvailability | Status::Pending | Status::Cancelled => false,
            Status::Unshipped | Status::PartiallyShipped | Status::Shipped | Status::Unfulfillable => true,
        };
        let sold_here = self.spec.sold_on == super::SoldOn::Amazon;
        status && sold_here && !self.spec.is(Quirk::NoMoney)
    }

    pub(super) fn minor_total(&self) -> i64 {
        (0..self.spec.lines.len()).map(|line| self.amounts(line).total).sum()
    }

    /// What a line's parts are.
    pub(super) fn amounts(&self, line: usize) -> LineAmounts {
        let extra = if line == 0 && self.spec.is(Quirk::UnknownCharge) { UNKNOWN_CHARGE } else { 0 };
        self.spec.lines.get(line).map_or_else(LineAmounts::default, |spec| {
            LineAmounts::of(spec, self.spec.tax, self.spec.discount_tax, extra)
        })
    }
}

/// The charge of a kind that is not documented.
const UNKNOWN_CHARGE: i64 = 25;

/// A line's amounts, in the smallest unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineAmounts {
    pub(super) item: i64,
    pub(super) shipping: i64,
    pub(super) gift_wrap: i64,
    pub(super) extra: i64,
    pub(super) discount: i64,
    pub(super) shipping_discount: i64,
    pub(super) tax: Option<LineTax>,
    /// All of it: what the buyer paid for the line.
    pub(super) total: i64,
}

/// A line's tax by what it is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineTax {
    pub(super) item: i64,
    pub(super) shipping: i64,
    pub(super) gift_wrap: i64,
    /// What the discounts on items and on shipping saved, if that is told.
    pub(super) saved: Option<(i64, i64)>,
}

impl LineTax {
    pub(super) fn sum(&self) -> i64 {
        let (item, shipping) = self.saved.unwrap_or((0, 0));
        self.item + self.shipping + self.gift_wrap - item - shipping
    }
}

impl LineAmounts {
    fn of(spec: &LineSpec, tax: Tax, discount_tax: bool, extra: i64) -> Self {
        let item = spec.unit_price * i64::from(spec.quantity);
        let before_tax =
            item + spec.shipping + spec.gift_wrap + extra - spec.discount - spec.shipping_discount;
        let (tax, on_top) = match tax {
            Tax::Excluded => {
                let tax = line_tax(spec, item, discount_tax, |amount, rate| part(amount, rate, 10_000));
                (tax, tax.map_or(0, |tax| tax.sum()))
            }
            Tax::Included => {
                (line_tax(spec, item, discount_tax, |amount, rate| part(amount, rate, 10_000 + rate)), 0)
            }
            Tax::Hidden => (None, 0),
        };
        Self {
            item,
            shipping: spec.shipping,
            gift_wrap: spec.gift_wrap,
            extra,
            discount: spec.discount,
            shipping_discount: spec.shipping_discount,
            tax,
            total: before_tax + on_top,
        }
    }
}

fn line_tax(
    spec: &LineSpec,
    item: i64,
    discount_tax: bool,
    tax_of: impl Fn(i64, i64) -> i64,
) -> Option<LineTax> {
    let rate = i64::from(spec.tax_rate?);
    let discounted = spec.discount != 0 || spec.shipping_discount != 0;
    let apart = discount_tax && discounted;
    let (off_item, off_shipping) = if apart { (0, 0) } else { (spec.discount, spec.shipping_discount) };
    Some(LineTax {
        item: tax_of(item - off_item, rate),
        shipping: tax_of(spec.shipping - off_shipping, rate),
        gift_wrap: tax_of(spec.gift_wrap, rate),
        saved: apart.then(|| (tax_of(spec.discount, rate), tax_of(spec.shipping_discount, rate))),
    })
}

/// `amount × numerator ÷ denominator`, halves up.
fn part(amount: i64, numerator: i64, denominator: i64) -> i64 {
    (2 * amount * numerator + denominator).div_euclid(2 * denominator)
}
