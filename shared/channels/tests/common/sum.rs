//! An order's parts, added up, for channels that tell all of an order's money.

use weir_domain::{Decimal, channel_order::ChannelOrder};

/// What the parts of an order add up to, if each is known.
pub(crate) fn sum(order: &ChannelOrder) -> Option<Decimal> {
    let added = |tax: Option<Decimal>| if order.prices_include_tax { Some(Decimal::ZERO) } else { tax };
    let lines = order.lines.iter().map(|line| Some(line.amount? - line.discount + added(line.tax)?));
    let charges =
        order.charges.iter().map(|charge| Some(charge.amount - charge.discount + added(charge.tax)?));
    let parts: Option<Decimal> = lines.chain(charges).sum();
    parts.map(|parts| parts + order.shop.cash_rounding - order.shop.order_discount)
}
