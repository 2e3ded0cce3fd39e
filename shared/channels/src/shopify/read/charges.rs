//! What is charged besides the goods: shipping, tips, duties, fees, and what refunds corrected. Which of
//! them the order's total holds is shown by the total. (SPEC G-06)

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::{ChannelCharge, ChannelLine, ChargeKind},
    money::Money,
};

use super::parts::Refund;
use crate::{channel::MalformedOrder, json::Object, shopify::reading::Reading};

/// What may be part of the total besides goods and shipping, in the order in which it is told.
const PARTS: usize = 6;

/// A part that the total holds or does not.
struct Optional {
    what: &'static str,
    /// As what it is charged; nothing of what is kept beside the charges.
    kind: Option<ChargeKind>,
    amount: Decimal,
    tax: Decimal,
    /// Whether it is taken for a part of the total until that shows otherwise.
    is_usual: bool,
}

/// What an order is charged besides its lines.
pub(super) struct Charged {
    pub(super) charges: Vec<ChannelCharge>,
    /// What the total holds of the rounding of cash.
    pub(super) cash_rounding: Decimal,
}

/// Reads the charges. A line that is the tip is taken out of the lines.
pub(super) fn charges(
    reading: &mut Reading,
    head: &Object<'_, '_>,
    lines: &mut Vec<ChannelLine>,
    refunds: &[Refund],
    total: Option<Money>,
    includes_tax: bool,
) -> Result<Charged, MalformedOrder> {
    let tip = reading.paid(&head.get("totalTipReceivedSet"))?.unwrap_or_default();
    let is_tip_gone = take_tip_out(lines, tip, refunds);
    let mut charges = shipping(reading, head, refunds)?;
    let tax_told = reading.paid(&head.get("currentTotalTaxSet"))?;
    let duties = reading.paid(&head.get("currentTotalDutiesSet"))?.unwrap_or_default();
    let fees = reading.paid(&head.get("currentTotalAdditionalFeesSet"))?.unwrap_or_default();
    let duties_are_included = head.get("dutiesIncluded").flag()?.unwrap_or(false);
    let rounding = cash_rounding(reading, head)?;
    let (net, tax) = sums(lines, &charges);
    let unnamed_tax = match (tax_told, tax) {
        (Some(told), Some(named)) if !includes_tax => told - named,
        _ => Decimal::ZERO,
    };
    let amount = |what, kind, amount, is_usual| Optional { what, kind, amount, tax: Decimal::ZERO, is_usual };
    let optional: [Optional; PARTS] = [
        amount("the tip", Some(ChargeKind::Tip), tip, !is_tip_gone),
        amount("the duties", Some(ChargeKind::Other), duties, !duties_are_included),
        amount("the fees", Some(ChargeKind::Other), fees, true),
        Optional {
            what: "a tax that no line names",
            kind: Some(ChargeKind::Other),
            amount: Decimal::ZERO,
            tax: unnamed_tax,
            is_usual: false,
        },
        amount(
            "what refunds corrected",
            Some(ChargeKind::Other),
            refunds.iter().map(|refund| refund.correction).sum(),
            false,
        ),
        amount("the rounding of cash", None, rounding, false),
    ];
    let usual: Vec<bool> = optional.iter().map(|part| part.is_usual).collect();
    let added = if includes_tax { Some(Decimal::ZERO) } else { tax };
    let held = match (total, net, added) {
        (Some(total), Some(net), Some(tax)) => {
            let held = which_are_held(&optional, total.amount - net - tax);
            if held.is_none() {
                reading.odd(format!("the order's parts do not add up to its total of {total}"));
            }
            held.unwrap_or(usual)
        }
        _ => usual,
    };
    let mut held_rounding = Decimal::ZERO;
    for (part, is_held) in optional.iter().zip(held) {
        if part.amount.is_zero() && part.tax.is_zero() {
            continue;
        }
        if is_held != part.is_usual {
            let how = if is_held { "holds" } else { "does not hold" };
            reading.odd(format!("the order's total {how} {}", part.what));
        }
        match part.kind.filter(|_| is_held) {
            Some(kind) => charges.push(ChannelCharge {
                kind,
                amount: part.amount,
                tax: Some(part.tax),
                discount: Decimal::ZERO,
            }),
            None if is_held => held_rounding = part.amount,
            None => {}
        }
    }
    Ok(Charged { charges, cash_rounding: held_rounding })
}

/// What cash payments were rounded up by, less what refunds were.
fn cash_rounding(reading: &mut Reading, head: &Object<'_, '_>) -> Result<Decimal, MalformedOrder> {
    let rounding = head.get("totalCashRoundingAdjustment").object()?;
    let paid = reading.paid(&rounding.get("paymentSet"))?.unwrap_or_default();
    Ok(paid - reading.paid(&rounding.get("refundSet"))?.unwrap_or_default())
}

/// Which parts make up the rest of the total: the usual ones if they do, else those that differ least
/// from them.
fn which_are_held(optional: &[Optional; PARTS], rest: Decimal) -> Option<Vec<bool>> {
    let mut choices: Vec<Vec<bool>> = (0..1_u32 << PARTS)
        .map(|bits| {
            let differs = |index: usize| bits >> index & 1 == 1;
            optional.iter().enumerate().map(|(index, part)| part.is_usual != differs(index)).collect()
        })
        .collect();
    let differing = |choice: &Vec<bool>| {
        choice.iter().zip(optional).filter(|(held, part)| **held != part.is_usual).count()
    };
    choices.sort_by_key(differing);
    choices.into_iter().find(|choice| {
        let sum: Decimal = choice
            .iter()
            .zip(optional)
            .filter(|(held, _)| **held)
            .map(|(_, part)| part.amount + part.tax)
            .sum();
        sum == rest
    })
}

/// The lines and charges after discount, and their taxes; nothing where one is unknown.
fn sums(lines: &[ChannelLine], charges: &[ChannelCharge]) -> (Option<Decimal>, Option<Decimal>) {
    let net = lines.iter().map(|line| Some(line.amount? - line.discount)).sum::<Option<Decimal>>();
    let tax = lines.iter().map(|line| line.tax).sum::<Option<Decimal>>();
    let shipping: Decimal = charges.iter().map(|charge| charge.amount - charge.discount).sum();
    let shipping_tax = charges.iter().map(|charge| charge.tax).sum::<Option<Decimal>>();
    (net.map(|net| net + shipping), tax.zip(shipping_tax).map(|(tax, of_shipping)| tax + of_shipping))
}

/// Shopify tells a tip as a sum of the order and as a line of it. Once it was refunded its line has no
/// unit, whatever the sum says; says whether that is so.
fn take_tip_out(lines: &mut Vec<ChannelLine>, tip: Decimal, refunds: &[Refund]) -> bool {
    let may_be = |line: &ChannelLine| {
        line.sku.is_none() && line.shop.variant_id.is_none() && !line.shop.requires_shipping
    };
    let paid = |line: &ChannelLine| line.amount.unwrap_or_default() - line.discount;
    let is_named = |line: &ChannelLine| may_be(line) && line.name.trim().eq_ignore_ascii_case("tip");
    let named: Vec<&ChannelLine> = lines.iter().filter(|line| is_named(line)).collect();
    if !named.is_empty() && named.iter().all(|line| line.quantity == 0) {
        lines.retain(|line| !is_named(line));
        return true;
    }
    if tip.is_zero() {
        return false;
    }
    let sum: Decimal = named.into_iter().map(paid).sum();
    if sum == tip {
        lines.retain(|line| !is_named(line));
        return false;
    }
    let given_back = |line: &ChannelLine| -> Decimal {
        let parts = refunds.iter().flat_map(|refund| &refund.lines);
        parts.filter(|part| part.line_id == line.line_id).filter_map(|part| part.subtotal).sum()
    };
    let is_it = |line: &ChannelLine| match line.quantity {
        0 => may_be(line) && given_back(line) == tip,
        _ => may_be(line) && paid(line) == tip,
    };
    let found = lines.iter().position(is_it).map(|index| lines.remove(index));
    found.is_some_and(|line| line.quantity == 0)
}

/// What shipping costs now. A part that was refunded comes off its price.
fn shipping(
    reading: &mut Reading,
    head: &Object<'_, '_>,
    refunds: &[Refund],
) -> Result<Vec<ChannelCharge>, MalformedOrder> {
    let connection = head.get("shippingLines").object()?;
    let mut charges = Vec::new();
    for node in connection.get("nodes").list()?.iter() {
        let line = node.object()?;
        if line.get("isRemoved").flag()?.unwrap_or(false) {
            continue;
        }
        let original = reading.paid(&line.get("originalPriceSet"))?;
        let discounted = reading.paid(&line.get("discountedPriceSet"))?.or(original);
        let current = reading.paid(&line.get("currentDiscountedPriceSet"))?.or(discounted);
        let (Some(original), Some(discounted), Some(current)) = (original, discounted, current) else {
            reading.odd(node.malformed("has no price").message);
            continue;
        };
        let taxes = line.get("taxLines");
        let tax = if taxes.is_given() { Some(reading.sum(&taxes, "priceSet")?) } else { None };
        let is_whole = current == discounted;
        charges.push(ChannelCharge {
            kind: ChargeKind::Shipping,
            amount: if is_whole { original } else { current },
            tax,
            discount: if is_whole { original - discounted } else { Decimal::ZERO },
        });
    }
    let mut refunded: Decimal = refunds.iter().map(|refund| refund.shipping_tax).sum();
    for charge in &mut charges {
        let Some(tax) = charge.tax else { continue };
        let taken = refunded.clamp(Decimal::ZERO, tax.max(Decimal::ZERO));
        charge.tax = Some(tax - taken);
        refunded -= taken;
    }
    let is_something = |charge: &ChannelCharge| {
        let figures = [charge.amount, charge.discount, charge.tax.unwrap_or_default()];
        figures.iter().any(|figure| !figure.is_zero())
    };
    charges.retain(is_something);
    Ok(charges)
}
