//! An order's money: which reading of its parts makes its total, to the smallest unit; and what refunds
//! left of it. (SPEC G-06, KB-05)

mod refunds;
mod fit;

use rust_decimal::Decimal;
use weir_domain::channel_order::{ChannelCharge, ChargeKind};

use self::fit::Fit;
use super::line::{self, Item};
use crate::{
    bigcommerce::reading::{Reading, amount},
    channel::MalformedOrder,
    json::{MAX_AMOUNT, Object},
};

/// Coupons that take something off shipping, by their type. Source: the list of an order's coupons.
const OF_SHIPPING: [i64; 2] = [3, 4];

/// A line's figures, for all units ever ordered.
pub(super) struct Figures {
    pub(super) ex_tax: Option<Decimal>,
    pub(super) inc_tax: Option<Decimal>,
    pub(super) tax: Option<Decimal>,
    /// Discounts that are told at the line.
    pub(super) applied: Decimal,
    /// What was paid, after every discount and with tax.
    pub(super) paid: Option<Decimal>,
    /// The price as it was entered.
    base: Option<Decimal>,
}

impl Figures {
    pub(super) fn read(item: &Object<'_, '_>, quantity: i64) -> Result<Self, MalformedOrder> {
        let units = Decimal::from(quantity);
        let total = |of_line: &str, of_unit: &str| {
            let unit = amount(item, of_unit)?.map(|unit| unit * units);
            Ok(amount(item, of_line)?.or(unit))
        };
        let ex_tax = total("total_ex_tax", "price_ex_tax")?;
        let inc_tax = total("total_inc_tax", "price_inc_tax")?;
        let difference = inc_tax.zip(ex_tax).map(|(inc, ex)| inc - ex);
        let figures = Self {
            ex_tax,
            inc_tax,
            tax: amount(item, "total_tax")?.or(difference),
            applied: line::applied(item)?,
            paid: amount(item, "discounted_total_inc_tax")?,
            base: amount(item, "base_total")?,
        };
        let all = [ex_tax, inc_tax, figures.tax, Some(figures.applied), figures.paid];
        if all.into_iter().flatten().any(|figure| figure.abs() > MAX_AMOUNT) {
            return Err(item.get("total_inc_tax").malformed("is too large"));
        }
        Ok(figures)
    }

    /// As the store enters its prices, before discount.
    fn entered(&self, includes_tax: bool) -> Option<Decimal> {
        if includes_tax { self.inc_tax } else { self.ex_tax }
    }
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) amount: Option<Decimal>,
    pub(super) discount: Decimal,
    pub(super) tax: Option<Decimal>,
}

impl Now {
    /// What was charged for it; nothing if that is not known.
    fn charged(&self, includes_tax: bool) -> Option<Decimal> {
        let added = if includes_tax { Decimal::ZERO } else { self.tax? };
        Some(self.amount? - self.discount + added)
    }
}

/// The money of an order as it is now.
pub(super) struct Charged {
    pub(super) lines: Vec<Now>,
    pub(super) charges: Vec<ChannelCharge>,
    /// What comes off the order as a whole and is in no line's discount.
    pub(super) order_discount: Decimal,
    pub(super) total: Option<Decimal>,
}

/// Whether the store enters its prices with tax. Orders of before that was told show it by the price that
/// was entered. (SPEC KB-05)
pub(super) fn includes_tax(order: &Object<'_, '_>, items: &[Item]) -> Result<bool, MalformedOrder> {
    if let Some(told) = order.get("is_tax_inclusive_pricing").flag()? {
        return Ok(told);
    }
    let figures = items.iter().map(|item| &item.figures);
    let mut with_tax = figures.filter(|figures| figures.inc_tax != figures.ex_tax && figures.base.is_some());
    Ok(with_tax.next().is_some_and(|figures| figures.base == figures.inc_tax))
}

/// Reads an order's money.
pub(super) fn charged(
    reading: &mut Reading,
    kept: &Object<'_, '_>,
    order: &Object<'_, '_>,
    items: &[Item],
    includes_tax: bool,
) -> Result<Charged, MalformedOrder> {
    let told = Told::read(order, includes_tax)?;
    let fit = fit::find(&told, items, includes_tax, reading.currency);
    if let (false, Some(total)) = (fit.is_exact, told.total) {
        reading.odd(format!("the order's parts do not add up to its total of {}", total.normalize()));
    }
    for what in &fit.unusual {
        reading.odd((*what).to_owned());
    }
    let Fit { lines, mut parts, order_discount, credit, .. } = fit;
    let round = |amount: Decimal| reading.currency.map_or(amount, |currency| currency.round(amount));
    let order_discount = off_shipping(kept, &mut parts, order_discount, round)?;
    let mut charges: Vec<ChannelCharge> = parts.iter().map(Part::charge).collect();
    if !credit.is_zero() {
        // What was paid with it was paid; the total is the channel's all the same.
        charges.push(other(-credit));
    }
    charges.retain(|charge| !charge.amount.is_zero() || charge.tax.is_some_and(|tax| !tax.is_zero()));
    let charged = Charged { lines, charges, order_discount, total: told.total.map(round) };
    let given_back = refunds::read(kept)?;
    Ok(refunds::after(reading, charged, items, &given_back, includes_tax))
}

/// A charge without tax of its own.
fn other(amount: Decimal) -> ChannelCharge {
    ChannelCharge { kind: ChargeKind::Other, amount, tax: Some(Decimal::ZERO), discount: Decimal::ZERO }
}

/// A charge besides the goods.
#[derive(Clone, Debug)]
struct Part {
    kind: ChargeKind,
    /// What it is called where the total turns out not to hold it.
    unless_held: &'static str,
    amount: Decimal,
    tax: Option<Decimal>,
    discount: Decimal,
}

impl Part {
    /// Reads a cost that is told with and without tax.
    fn read(
        fields: &Object<'_, '_>,
        names: [&str; 3],
        includes_tax: bool,
        (kind, unless_held): (ChargeKind, &'static str),
    ) -> Result<Option<Self>, MalformedOrder> {
        let [ex, inc, tax] = names;
        let (ex, inc, tax) = (amount(fields, ex)?, amount(fields, inc)?, amount(fields, tax)?);
        let tax = inc.zip(ex).map(|(inc, ex)| inc - ex).or(tax);
        let entered = match includes_tax {
            true => inc.or_else(|| Some(ex? + tax?)),
            false => ex.or_else(|| Some(inc? - tax?)),
        };
        let entered = entered.or(inc).or(ex);
        let part = |amount| Self { kind, unless_held, amount, tax, discount: Decimal::ZERO };
        Ok(entered.map(part).filter(|part| !part.amount.is_zero() || part.tax != Some(Decimal::ZERO)))
    }

    fn charged(&self, includes_tax: bool) -> Decimal {
        let added = if includes_tax { Decimal::ZERO } else { self.tax.unwrap_or_default() };
        self.amount - self.discount + added
    }

    fn charge(&self) -> ChannelCharge {
        ChannelCharge { kind: self.kind, amount: self.amount, tax: self.tax, discount: self.discount }
    }
}

/// What the order itself tells of its money.
struct Told {
    parts: Vec<Part>,
    total: Option<Decimal>,
    total_tax: Option<Decimal>,
    /// Taken off by hand or by a promotion.
    discount: Decimal,
    /// Taken off by coupons.
    coupons: Decimal,
    /// Paid with what the buyer had at the store: credit and gift certificates.
    credit: Decimal,
}

impl Told {
    fn read(order: &Object<'_, '_>, includes_tax: bool) -> Result<Self, MalformedOrder> {
        let of_order = [
            (
                ["shipping_cost_ex_tax", "shipping_cost_inc_tax", "shipping_cost_tax"],
                ChargeKind::Shipping,
                "shipping",
            ),
            (
                ["handling_cost_ex_tax", "handling_cost_inc_tax", "handling_cost_tax"],
                ChargeKind::Other,
                "handling",
            ),
            (
                ["wrapping_cost_ex_tax", "wrapping_cost_inc_tax", "wrapping_cost_tax"],
                ChargeKind::GiftWrap,
                fit::WRAPPING,
            ),
        ];
        let mut parts = Vec::new();
        for (names, kind, unless_held) in of_order {
            parts.extend(Part::read(order, names, includes_tax, (kind, unless_held))?);
        }
        let fees = order.get("fees");
        // Not asked for, it is a link.
        if fees.raw().is_some_and(|raw| raw.starts_with('[')) {
            for node in fees.list()?.iter() {
                let fee = node.object()?;
                // The documents spell it both ways.
                let ex = if fee.get("cost_ex_tax").is_given() { "cost_ex_tax" } else { "cost_exc_tax" };
                let names = [ex, "cost_inc_tax", "cost_tax"];
                parts.extend(Part::read(&fee, names, includes_tax, (ChargeKind::Other, fit::FEES))?);
            }
        }
        let sum = |name: &str| amount(order, name).map(Option::unwrap_or_default);
        Ok(Self {
            parts,
            total: amount(order, "total_inc_tax")?,
            total_tax: amount(order, "total_tax")?,
            discount: sum("discount_amount")?.abs(),
            coupons: sum("coupon_discount")?.abs(),
            credit: sum("store_credit_amount")? + sum("gift_certificate_amount")?,
        })
    }
}

/// A coupon for shipping comes off shipping, and not off the goods.
fn off_shipping(
    kept: &Object<'_, '_>,
    parts: &mut [Part],
    order_discount: Decimal,
    round: impl Fn(Decimal) -> Decimal,
) -> Result<Decimal, MalformedOrder> {
    let mut left = Decimal::ZERO;
    for node in kept.get("coupons").list()?.iter() {
        let coupon = node.object()?;
        if coupon.get("type").quantity()?.is_some_and(|kind| OF_SHIPPING.contains(&kind)) {
            left += amount(&coupon, "discount")?.unwrap_or_default().abs();
        }
    }
    left = round(left);
    let mut rest = order_discount;
    for part in parts.iter_mut().filter(|part| part.kind == ChargeKind::Shipping) {
        let taken = left.min(rest).min(part.amount - part.discount).max(Decimal::ZERO);
        part.discount += taken;
        left -= taken;
        rest -= taken;
    }
    Ok(rest)
}
