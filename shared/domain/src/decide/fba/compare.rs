//! What a channel says differently of an order that was delivered, in words. Nothing of it is
//! applied; what the channel leaves unsaid is no difference. (SPEC KS-35, KS-36)

use std::collections::BTreeMap;

use super::rows::{self, Draft};
use crate::{
    channel_order::{ChannelOrder, ChannelOrderState},
    decide::{
        pricing::{self, Priced},
        words::counted,
    },
    ids::RowId,
    sales_order::{Row, SalesOrder},
};

/// What differs, each in a few words without a full stop.
pub(super) fn differences(known: &SalesOrder, order: &ChannelOrder) -> Vec<String> {
    if rows::unbelievable(order).is_some() {
        return vec!["quantities or amounts that cannot be true".to_owned()];
    }
    let mut differences = Vec::new();
    differences.extend(other_state(&order.state));
    let drafts = rows::draft(order).rows;
    let drafts: BTreeMap<&RowId, &Draft<'_>> = drafts.iter().map(|draft| (&draft.id, draft)).collect();
    for row in &known.rows {
        match drafts.get(&row.id) {
            None => differences.push(format!("\"{}\": 0 units instead of {}", spelled(row), row.quantity)),
            Some(draft) => differences.extend(other_row(row, draft)),
        }
    }
    for (id, draft) in &drafts {
        if !known.rows.iter().any(|row| row.id == **id) {
            let sku = draft.line.sku.as_deref().unwrap_or("no SKU");
            differences.push(format!("\"{sku}\": a new row of {}", counted(draft.units)));
        }
    }
    differences.extend(other_money(known, order));
    differences
}

fn other_state(state: &ChannelOrderState) -> Option<String> {
    let word = match state {
        ChannelOrderState::Shipped => return None,
        ChannelOrderState::Pending => "pending",
        ChannelOrderState::Unshipped => "unshipped",
        ChannelOrderState::PartiallyShipped => "partially shipped",
        ChannelOrderState::Cancelled => "cancelled",
        ChannelOrderState::Unfulfillable => "unfulfillable",
        ChannelOrderState::Unknown(word) => return Some(format!("the order is \"{word}\"")),
    };
    Some(format!("the order is {word}"))
}

/// The SKU as the channel spelled it when the row was made.
fn spelled(row: &Row) -> &str {
    row.channel_sku.as_deref().unwrap_or(row.sku.as_str())
}

fn other_row(row: &Row, draft: &Draft<'_>) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(sku) = draft.line.sku.as_deref().filter(|sku| *sku != spelled(row)) {
        differences.push(format!("\"{sku}\" instead of \"{}\"", spelled(row)));
    }
    if draft.units != row.quantity {
        differences.push(format!(
            "\"{}\": {} instead of {}",
            spelled(row),
            counted(draft.units),
            row.quantity
        ));
    }
    let before = Priced { amount: row.amount, discount: row.discount, tax: row.tax };
    if is_said(&before, &draft.priced) && before != draft.priced {
        differences.push(format!("\"{}\": other amounts", spelled(row)));
    }
    differences
}

/// Whether the channel still says all that it said before; a part left out is no change.
fn is_said(before: &Priced, now: &Priced) -> bool {
    (now.amount.is_some() || before.amount.is_none()) && (now.tax.is_some() || before.tax.is_none())
}

fn other_money(known: &SalesOrder, order: &ChannelOrder) -> Option<String> {
    match (known.channel_total, order.total) {
        (Some(before), Some(now)) if before != now => Some(format!("a total of {now} instead of {before}")),
        (None, Some(now)) => Some(format!("a total of {now}")),
        (Some(_), Some(_) | None) | (None, None) => {
            let charges = pricing::price_charges(order).0;
            (charges != known.charges && !charges.is_empty()).then(|| "other charges".to_owned())
        }
    }
}
