//! Amounts as a channel gives them, brought to Weir's form: net of tax, the tax beside them, and the
//! sum still what the channel charged, to the smallest unit. (SPEC KF-06, KF-15, G-06)

use rust_decimal::{Decimal, RoundingStrategy};

use crate::{
    channel_order::{ChannelCharge, ChannelLine, ChannelOrder, ChargeKind},
    money::Currency,
    sales_order::Charge,
};

/// Digits after the point of a unit price: enough that it times the quantity gives the row's amount
/// again, and what the API promises.
const UNIT_PRICE_DIGITS: u32 = 10;

/// Digits after the point of a tax rate: no law has more.
const TAX_RATE_DIGITS: u32 = 4;

/// A line's or a charge's money, net of tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Priced {
    /// Before discount.
    pub(crate) amount: Option<Decimal>,
    /// The discount.
    pub(crate) discount: Decimal,
    /// After discount.
    pub(crate) tax: Option<Decimal>,
}

/// The currency of an order's amounts: the order's own, or that of its total.
pub(crate) fn currency(order: &ChannelOrder) -> Option<Currency> {
    order.currency.or_else(|| order.total.map(|total| total.currency))
}

/// A line's money. Without a currency an amount means nothing, and counts as not given.
pub(crate) fn price_line(line: &ChannelLine, order: &ChannelOrder) -> Priced {
    let Some(currency) = currency(order) else {
        return Priced { amount: None, discount: Decimal::ZERO, tax: None };
    };
    let given = Given {
        amount: line.amount,
        discount: line.discount,
        tax: line.tax,
        discount_tax: line.discount_tax,
        with_tax: order.prices_include_tax,
    };
    given.net(currency)
}

/// The order's charges, those of its lines and its own, one of each kind. The tax of a kind is the
/// sum of what is known of it, so that no known tax is lost; `unknown` says where a part is missing.
pub(crate) fn price_charges(order: &ChannelOrder) -> (Vec<Charge>, Vec<ChargeKind>) {
    let Some(currency) = currency(order) else { return (Vec::new(), Vec::new()) };
    let given = || order.lines.iter().flat_map(|line| &line.charges).chain(&order.charges);
    let (mut charges, mut unknown) = (Vec::new(), Vec::new());
    for kind in ChargeKind::ALL {
        let mut merged = Charge { kind, amount: Decimal::ZERO, discount: Decimal::ZERO, tax: None };
        let mut found = false;
        for charge in given().filter(|charge| charge.kind == kind && has_money(charge)) {
            found = true;
            let priced = price_charge(charge, order.prices_include_tax, currency);
            let amount = priced.amount.unwrap_or_default();
            merged.amount += amount;
            merged.discount += priced.discount;
            merged.tax = merged.tax.map_or(priced.tax, |sum| Some(sum + priced.tax.unwrap_or_default()));
            // What was taken off whole has no tax that somebody could miss.
            if priced.tax.is_none() && amount != priced.discount && !unknown.contains(&kind) {
                unknown.push(kind);
            }
        }
        if found {
            charges.push(merged);
        }
    }
    (charges, unknown)
}

fn has_money(charge: &ChannelCharge) -> bool {
    !charge.amount.is_zero() || !charge.discount.is_zero() || charge.tax.is_some_and(|tax| !tax.is_zero())
}

fn price_charge(charge: &ChannelCharge, with_tax: bool, currency: Currency) -> Priced {
    let (amount, discount, tax) = (Some(charge.amount), charge.discount, charge.tax);
    Given { amount, discount, tax, discount_tax: None, with_tax }.net(currency)
}

/// Money as the channel gave it.
struct Given {
    amount: Option<Decimal>,
    discount: Decimal,
    tax: Option<Decimal>,
    discount_tax: Option<Decimal>,
    with_tax: bool,
}

impl Given {
    /// Net of tax. What the channel charged is `amount - discount` with included tax, else
    /// `amount - discount + tax due`; the answer's `amount - discount + tax` is the same to the unit.
    fn net(&self, currency: Currency) -> Priced {
        let amount = self.amount.map(|amount| currency.round(amount));
        let discount = currency.round(self.discount);
        let Some(tax) = self.tax.map(|tax| currency.round(tax)) else {
            return Priced { amount, discount, tax: None };
        };
        let saved = self.discount_tax.map(|saved| currency.round(saved));
        let due = tax - saved.unwrap_or_default();
        if !self.with_tax {
            return Priced { amount, discount, tax: Some(due) };
        }
        let Some(amount) = amount else { return Priced { amount, discount, tax: Some(due) } };
        let net_paid = amount - discount - due;
        let discount = match saved {
            Some(saved) => discount - saved,
            None => net_discount(amount, discount, net_paid, currency),
        };
        // The amount follows from the others, so that nothing is lost in rounding.
        Priced { amount: Some(net_paid + discount), discount, tax: Some(due) }
    }
}

/// The net part of a discount that includes tax, where the channel does not say it: the same part as
/// of what was paid. Of a line that was given away whole no part is known, and none is taken out.
fn net_discount(amount: Decimal, discount: Decimal, net_paid: Decimal, currency: Currency) -> Decimal {
    let paid = amount - discount;
    if discount <= Decimal::ZERO || paid.is_zero() {
        return discount;
    }
    currency.round(discount * net_paid / paid).clamp(Decimal::ZERO, discount)
}

/// The price of one unit, from the line's amount; `None` for no units. (SPEC KF-15)
pub(crate) fn unit_price(amount: Option<Decimal>, quantity: i64) -> Option<Decimal> {
    let price = amount?.checked_div(Decimal::from(quantity))?;
    Some(price.round_dp_with_strategy(UNIT_PRICE_DIGITS, RoundingStrategy::MidpointAwayFromZero).normalize())
}

/// The tax rate in per cent: the plainest one that gives this tax, as 19 and not 18.9881 for 3.19
/// on 16.80; with no such rate of up to four digits after the point, the nearest.
pub(crate) fn tax_rate(priced: &Priced, currency: Option<Currency>) -> Option<Decimal> {
    let (net, tax) = (priced.amount? - priced.discount, priced.tax?);
    let exact = (tax * Decimal::ONE_HUNDRED).checked_div(net)?;
    let rounded = |digits| exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    let currency = currency?;
    let gives_this_tax = |rate: &Decimal| currency.round(net * rate / Decimal::ONE_HUNDRED) == tax;
    let plainest = (0..TAX_RATE_DIGITS).map(rounded).find(gives_this_tax);
    Some(plainest.unwrap_or_else(|| rounded(TAX_RATE_DIGITS)).normalize())
}
