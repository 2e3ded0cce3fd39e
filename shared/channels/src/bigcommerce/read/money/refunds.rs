//! What refunds left of an order's money: the lines' units of now, and what was given back beyond them or
//! less. V2's own figures are those of before. (SPEC G-06)

use rust_decimal::Decimal;
use weir_domain::{channel_order::ChargeKind, money::allocate};

use super::{Charged, Now, other};
use crate::{
    bigcommerce::{
        read::line::Item,
        reading::{Reading, amount},
    },
    channel::MalformedOrder,
    json::Object,
};

/// What was given back, as far as it was asked for.
pub(super) struct GivenBack {
    /// The sum of all refunds; nothing if none is told.
    total: Option<Decimal>,
    /// What of it was for shipping.
    shipping: Decimal,
}

/// Reads the refunds of an order.
pub(super) fn read(kept: &Object<'_, '_>) -> Result<GivenBack, MalformedOrder> {
    let node = kept.get("refunds");
    let mut found = GivenBack { total: None, shipping: Decimal::ZERO };
    // With none it is an empty list, else an object that has one.
    if node.raw().is_none_or(|raw| !raw.starts_with('{')) {
        return Ok(found);
    }
    for node in node.object()?.get("data").list()?.iter() {
        let refund = node.object()?;
        let total = amount(&refund, "total_amount")?.unwrap_or_default();
        found.total = Some(found.total.unwrap_or_default() + total);
        for node in refund.get("items").list()?.iter() {
            let item = node.object()?;
            if item.get("item_type").words()?.is_some_and(|kind| kind.eq_ignore_ascii_case("SHIPPING")) {
                found.shipping += amount(&item, "requested_amount")?.unwrap_or_default();
            }
        }
    }
    Ok(found)
}

/// The order's money after its refunds.
pub(super) fn after(
    reading: &mut Reading,
    before: Charged,
    items: &[Item],
    given_back: &GivenBack,
    includes_tax: bool,
) -> Charged {
    let has_refunded = items.iter().any(|item| item.refunded > 0);
    if !has_refunded && given_back.total.is_none() {
        return before;
    }
    let Some(currency) = reading.currency else { return before };
    let mut gone = Decimal::ZERO;
    let mut left = Decimal::ZERO;
    let net = |line: &Now| line.amount.unwrap_or_default() - line.discount;
    let lines: Vec<Now> = before
        .lines
        .iter()
        .zip(items)
        .map(|(line, item)| {
            let weights = [Decimal::from(item.standing()), Decimal::from(item.refunded)];
            let share = |whole: Decimal| match item.refunded {
                0 => whole,
                _ => allocate(currency.round(whole), &weights, currency).first().copied().unwrap_or(whole),
            };
            let now = Now {
                amount: line.amount.map(share),
                discount: share(line.discount),
                tax: line.tax.map(share),
            };
            left += net(&now);
            gone += net(line) - net(&now);
            now
        })
        .collect();
    let weights = [left.max(Decimal::ZERO), gone.max(Decimal::ZERO)];
    let order_discount = match weights.iter().sum::<Decimal>().is_zero() {
        true => before.order_discount,
        false => {
            let shares = allocate(currency.round(before.order_discount), &weights, currency);
            shares.first().copied().unwrap_or(before.order_discount)
        }
    };
    let mut charges = before.charges;
    let charged = |charge: &weir_domain::channel_order::ChannelCharge| {
        let added = if includes_tax { Decimal::ZERO } else { charge.tax.unwrap_or_default() };
        charge.amount - charge.discount + added
    };
    let is_shipping = |kind: ChargeKind| kind == ChargeKind::Shipping;
    let shipping: Decimal = charges.iter().filter(|charge| is_shipping(charge.kind)).map(charged).sum();
    if !shipping.is_zero() && shipping == given_back.shipping {
        charges.retain(|charge| !is_shipping(charge.kind));
    }
    let of_lines = lines.iter().map(|line| line.charged(includes_tax)).sum::<Option<Decimal>>();
    let of_charges: Decimal = charges.iter().map(charged).sum();
    let parts = of_lines.map(|lines| lines + of_charges - order_discount);
    let total = match given_back.total {
        Some(given_back) => before.total.map(|total| currency.round(total - given_back)),
        None => {
            reading.odd("the order does not tell what was given back for its refunded units".to_owned());
            parts
        }
    };
    if let (Some(total), Some(parts)) = (total, parts)
        && total != parts
    {
        charges.push(other(total - parts));
    }
    Charged { lines, charges, order_discount, total }
}
