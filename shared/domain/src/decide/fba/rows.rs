//! The lines of an order as the rows that they become, before and after they are matched.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::{
    channel_order::{ChannelCharge, ChannelLine, ChannelOrder},
    decide::pricing::{Priced, price_line},
    ids::RowId,
    limits::{AMOUNT_OF_A_ROW, UNITS_OF_A_ROW},
    variant::Variant,
};

/// Characters of a channel's line id that a row id keeps; the rest of its 100 are for the prefix and
/// for telling equal ones apart.
const LINE_ID_CHARS: usize = 80;

/// A line as a row.
pub(super) struct Draft<'a> {
    pub(super) id: RowId,
    pub(super) line: &'a ChannelLine,
    pub(super) units: i64,
    pub(super) priced: Priced,
}

/// An order's lines as rows.
pub(super) struct Drafts<'a> {
    pub(super) rows: Vec<Draft<'a>>,
    /// Lines of which nothing shipped and nothing was charged.
    pub(super) left_out: usize,
}

/// A row and the variant that it is matched to.
pub(super) struct Matched<'a> {
    pub(super) draft: Draft<'a>,
    pub(super) variant: &'a Variant,
}

/// What could not be matched.
pub(super) struct Missing<'a> {
    pub(super) skus: BTreeSet<&'a str>,
    pub(super) lines_without_sku: usize,
}

/// Units that left: what the channel says it shipped, else what was ordered.
pub(super) fn units(line: &ChannelLine) -> i64 {
    line.shipped_quantity.unwrap_or(line.quantity).max(0)
}

/// The rows that an order's lines become. The ids are made over all lines, so that a row has the
/// same one in every state of the order.
pub(super) fn draft(order: &ChannelOrder) -> Drafts<'_> {
    let mut used = BTreeSet::new();
    let (mut rows, mut left_out) = (Vec::new(), 0);
    for line in &order.lines {
        let (id, units) = (row_id(&line.line_id, &mut used), units(line));
        if units == 0 && !has_money(line) {
            left_out += 1;
            continue;
        }
        rows.push(Draft { id, line, units, priced: price_line(line, order) });
    }
    Drafts { rows, left_out }
}

/// Each row's variant, or all that is missing: an order is never half imported. (SPEC KF-05)
pub(super) fn matched_rows<'a>(
    drafts: Vec<Draft<'a>>,
    variants: &'a BTreeMap<String, Variant>,
) -> Result<Vec<Matched<'a>>, Missing<'a>> {
    let mut missing = Missing { skus: BTreeSet::new(), lines_without_sku: 0 };
    let (mut matched, rows) = (Vec::new(), drafts.len());
    for draft in drafts {
        match &draft.line.sku {
            None => missing.lines_without_sku += 1,
            Some(sku) => match variants.get(sku) {
                None => {
                    missing.skus.insert(sku);
                }
                Some(variant) => matched.push(Matched { draft, variant }),
            },
        }
    }
    if matched.len() == rows { Ok(matched) } else { Err(missing) }
}

/// Numbers that only a broken sender sends; sums of them could not be held.
pub(in crate::decide) fn unbelievable(order: &ChannelOrder) -> Option<String> {
    let most = Decimal::from(AMOUNT_OF_A_ROW);
    let too_much = |amount: Decimal| amount.abs() > most;
    for line in &order.lines {
        let amounts = [line.amount, line.tax, Some(line.discount), line.discount_tax];
        if amounts.into_iter().flatten().any(too_much) || units(line) > UNITS_OF_A_ROW {
            return Some(format!("Line {} has a quantity or an amount that cannot be true.", line.line_id));
        }
    }
    let charges = order.lines.iter().flat_map(|line| &line.charges).chain(&order.charges);
    let of_charges = charges.flat_map(|charge| [Some(charge.amount), charge.tax, Some(charge.discount)]);
    let mut amounts = of_charges.chain([order.total.map(|total| total.amount)]).flatten();
    amounts.any(too_much).then(|| "A charge or the total is an amount that cannot be true.".to_owned())
}

fn has_money(line: &ChannelLine) -> bool {
    let is_money = |amount: Option<Decimal>| amount.is_some_and(|amount| !amount.is_zero());
    let charged = |charge: &ChannelCharge| {
        is_money(Some(charge.amount)) || is_money(Some(charge.discount)) || is_money(charge.tax)
    };
    is_money(line.amount)
        || is_money(line.tax)
        || is_money(Some(line.discount))
        || line.charges.iter().any(charged)
}

/// The row's id: the channel's line id in letters that every key and URL takes, and one more number
/// where two lines would have the same.
pub(in crate::decide) fn row_id(line_id: &str, used: &mut BTreeSet<String>) -> RowId {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' };
    let plain: String = line_id.chars().take(LINE_ID_CHARS).map(safe).collect();
    let mut token = plain.clone();
    let mut number = 1;
    while token.is_empty() || !used.insert(token.clone()) {
        number += 1;
        token = format!("{plain}-{number}");
    }
    RowId::from_token(&token)
}
