//! The money of a shop's order: discounts spread to the smallest unit, what is left out kept beside, and
//! the total the same as the channel's. (SPEC KS-12, KS-23, KS-25, G-06, G-08)

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::{
    channel_order::{ChannelLine, ChannelOrder, ChargeKind},
    decide::{
        State,
        pricing::{self, Priced},
        words,
    },
    money::{Money, allocate},
    outcome::Because,
    sales_order::{Charge, Flag, LeftOut, Row, SalesOrder},
};

/// Digits after the point of a rate that is derived from two totals.
const RATE_DIGITS: u32 = 10;

/// The money of each line, net of tax. A discount on the order as a whole is spread over the lines in
/// proportion to what is left to pay for them. (SPEC KS-25)
pub(super) fn price_lines(order: &ChannelOrder) -> Vec<Priced> {
    let whole = order.shop.order_discount;
    let parts = match pricing::currency(order) {
        Some(currency) if !whole.is_zero() => {
            let left = |line: &ChannelLine| match line.quantity {
                ..=0 => Decimal::ZERO,
                _ => (line.amount.unwrap_or_default() - line.discount).max(Decimal::ZERO),
            };
            allocate(currency.round(whole), &order.lines.iter().map(left).collect::<Vec<_>>(), currency)
        }
        Some(_) | None => vec![Decimal::ZERO; order.lines.len()],
    };
    let price = |(line, part): (&ChannelLine, Decimal)| {
        if part.is_zero() {
            return pricing::price_line(line, order);
        }
        pricing::price_line(&ChannelLine { discount: line.discount + part, ..line.clone() }, order)
    };
    order.lines.iter().zip(parts).map(price).collect()
}

/// What a line's money comes to, with tax; unknown tax counts as nothing.
pub(super) fn paid(priced: &Priced) -> Decimal {
    priced.amount.unwrap_or_default() - priced.discount + priced.tax.unwrap_or_default()
}

/// What a charge comes to, with tax.
pub(super) fn charged(charge: &Charge) -> Decimal {
    charge.amount - charge.discount + charge.tax.unwrap_or_default()
}

/// The charges that become lines of the order, and what is left out by a setting. (SPEC KS-12)
pub(super) fn charges(state: &State<'_>, order: &ChannelOrder) -> (Vec<Charge>, BTreeMap<LeftOut, Decimal>) {
    let mut charges = pricing::price_charges(order).0;
    let mut left_out = BTreeMap::new();
    if !state.connection.settings.shop.shipping_cost_as_fee_line {
        let of_shipping = charges.iter().filter(|charge| charge.kind == ChargeKind::Shipping);
        let shipping: Decimal = of_shipping.map(charged).sum();
        if !shipping.is_zero() {
            left_out.insert(LeftOut::Shipping, shipping);
        }
        charges.retain(|charge| charge.kind != ChargeKind::Shipping);
    }
    if !order.shop.cash_rounding.is_zero() {
        left_out.insert(LeftOut::CashRounding, order.shop.cash_rounding);
    }
    (charges, left_out)
}

/// Puts a line's money on a row of `units`. Where the units that stand are others (some were refunded
/// after they had left), it is brought to the row's.
pub(super) fn put(row: &mut Row, priced: &Priced, standing: i64, order: &ChannelOrder) {
    let currency = pricing::currency(order);
    let part = |amount: Decimal| match (currency, standing == row.quantity || standing == 0) {
        (Some(currency), false) => {
            currency.round(amount * Decimal::from(row.quantity) / Decimal::from(standing))
        }
        (Some(_) | None, _) => amount,
    };
    let scaled = Priced {
        amount: priced.amount.map(part),
        discount: part(priced.discount),
        tax: priced.tax.map(part),
    };
    row.amount = scaled.amount;
    row.discount = scaled.discount;
    row.tax = scaled.tax;
    row.price_per_unit = pricing::unit_price(scaled.amount, row.quantity);
    row.tax_rate = pricing::tax_rate(&scaled, currency);
}

/// Flags what is not known of the order's money, and brings its total to the base currency. (SPEC G-06, G-08)
pub(super) fn judge(state: &State<'_>, order: &ChannelOrder, plan: &mut SalesOrder) -> Vec<Because> {
    let mut because = Vec::new();
    for flag in [Flag::PriceUnknown, Flag::TaxUnknown, Flag::TotalDiffers, Flag::BaseTotalMissing] {
        plan.flags.remove(&flag);
    }
    let mut flag = |flags: &mut std::collections::BTreeSet<Flag>, flag: Flag, message: String| {
        flags.insert(flag);
        because.push(Because::new(flag.as_str(), message));
    };
    let unpriced = plan.rows.iter().filter(|row| row.amount.is_none()).count();
    if unpriced > 0 {
        let rows = words::count(unpriced, "row");
        flag(
            &mut plan.flags,
            Flag::PriceUnknown,
            format!("The channel gave no price for {rows}; it is unknown, not 0."),
        );
    }
    let is_untaxed = |row: &&Row| row.tax.is_none() && row.net() != Some(Decimal::ZERO);
    let untaxed = plan.rows.iter().filter(is_untaxed).count();
    let charges =
        plan.charges.iter().filter(|charge| charge.tax.is_none() && charge.amount != charge.discount);
    let charges = charges.count();
    if untaxed + charges > 0 {
        let parts = format!("{} and {}", words::count(untaxed, "row"), words::count(charges, "charge"));
        flag(
            &mut plan.flags,
            Flag::TaxUnknown,
            format!("No tax data came for {parts}: tax is unknown, not 0."),
        );
    }
    let rebuilt = rebuilt(plan);
    if let (Some(rebuilt), Some(given)) = (rebuilt, plan.channel_total)
        && rebuilt != given
    {
        let message =
            format!("The rows and what is kept beside them make {rebuilt}; the channel's total is {given}.");
        flag(&mut plan.flags, Flag::TotalDiffers, message);
    }
    let total = plan.channel_total.or(rebuilt);
    (plan.base_total, plan.exchange_rate) = in_base(state, order, total);
    if let Some(total) = total.filter(|_| plan.base_total.is_none()) {
        let base = state.organization.base_currency;
        let message = format!("There is no rate from {} to {base}.", total.currency);
        flag(&mut plan.flags, Flag::BaseTotalMissing, message);
    }
    because
}

/// The order's total as its rows, its charges and what is left out make it.
fn rebuilt(plan: &SalesOrder) -> Option<Money> {
    let left_out: Decimal = plan.left_out.values().sum();
    plan.currency.zip(plan.totals().total).map(|(currency, total)| Money::new(total + left_out, currency))
}

/// The total in the base currency: the shop's own figure if that is its currency, else by the
/// organization's rate. (SPEC G-08)
fn in_base(
    state: &State<'_>,
    order: &ChannelOrder,
    total: Option<Money>,
) -> (Option<Money>, Option<Decimal>) {
    let organization = state.organization;
    let Some(total) = total else { return (None, None) };
    let of_shop =
        order.shop.total_in_shop_currency.filter(|of_shop| of_shop.currency == organization.base_currency);
    if let Some(of_shop) = of_shop {
        let rate = of_shop.amount.checked_div(total.amount).map(|rate| {
            rate.round_dp_with_strategy(RATE_DIGITS, RoundingStrategy::MidpointAwayFromZero).normalize()
        });
        return (Some(of_shop), rate.or_else(|| organization.rate(total.currency)));
    }
    (organization.in_base(total), organization.rate(total.currency))
}
