//! The end state as lines of text, without times, versions and what the order of things decides:
//! two runs of one day must give the same. (I32)

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use weir_app::ports::{Key, Record, Stored};
use weir_domain::{
    outcome::OutcomeKind,
    sales_order::{Flag, SalesOrder},
};

/// The end state.
#[must_use]
pub fn project(records: &BTreeMap<Key, Arc<Stored>>) -> Vec<String> {
    let mut lines: BTreeSet<String> = BTreeSet::new();
    let mut moved: BTreeMap<String, i64> = BTreeMap::new();
    // A variant that an order made has an id of that order, whichever came first.
    let skus: BTreeMap<_, _> = records
        .iter()
        .filter_map(|(key, stored)| match (key, &stored.record) {
            (Key::Variant(_, sku), Record::Variant(variant)) => Some((&variant.id, sku.as_str())),
            _ => None,
        })
        .collect();
    let sku = |id| skus.get(id).copied().unwrap_or("?");
    for (key, stored) in records {
        match (key, &stored.record) {
            (Key::Order(_, id), Record::Order(order)) => {
                lines.insert(format!("order {id}: {}", of_order(order)));
            }
            (Key::Observation(_, id), Record::Observation(observation)) => {
                let outcome = match observation.outcome.kind {
                    OutcomeKind::Imported | OutcomeKind::Updated | OutcomeKind::Unchanged => "in".to_owned(),
                    kind @ (OutcomeKind::Waiting | OutcomeKind::Skipped | OutcomeKind::Failed) => {
                        format!("{} {}", kind.as_str(), observation.outcome.reason.code.as_str())
                    }
                };
                lines.insert(format!("outcome {id}: {outcome}"));
            }
            (Key::Stock(organization, key), Record::Stock(item)) => {
                let batches: Vec<String> =
                    item.batches.iter().map(|batch| format!("{} {}", batch.number, batch.quantity)).collect();
                let place = format!("{organization} {} {}", key.location, sku(&key.variant));
                let (on_hand, held) = (item.on_hand, item.reserved);
                lines.insert(format!("stock {place}: {on_hand}, {held} held [{}]", batches.join(", ")));
            }
            (Key::Serial(_, variant, number), Record::Serial(serial)) => {
                lines.insert(format!("serial {variant} {number}: {:?}", serial.state));
            }
            (Key::Movement(_, key, _, cause), Record::Movement(movement)) => {
                let place = format!("movements {} {} {}", key.location, sku(&key.variant), cause.id());
                *moved.entry(place).or_default() += movement.quantity;
            }
            (Key::Connection(_, id), Record::Connection(connection)) => {
                lines.insert(format!("connection {id}: {}", connection.status.as_str()));
            }
            (Key::Parked(_, id), _) => {
                lines.insert(format!("parked {id}"));
            }
            (Key::Outbox(_, key), _) => {
                lines.insert(format!("not sent {}", key.message_id()));
            }
            (Key::Variant(organization, sku), _) => {
                lines.insert(format!("variant {organization} {sku}"));
            }
            (Key::Alias(_, connection, sku), Record::Alias(alias)) => {
                lines.insert(format!("alias {connection} {sku}: {}", alias.variant_sku));
            }
            _ => {}
        }
    }
    lines.extend(moved.into_iter().map(|(place, units)| format!("{place}: {units}")));
    lines.into_iter().collect()
}

fn of_order(order: &SalesOrder) -> String {
    let mut rows: Vec<String> = order
        .rows
        .iter()
        .map(|row| format!("{} {} × {} = {:?} tax {:?}", row.id, row.sku, row.quantity, row.amount, row.tax))
        .collect();
    rows.sort();
    // Which order finds the shelf empty depends on who comes first.
    let flags: Vec<&str> = order
        .flags
        .iter()
        .filter(|flag| !matches!(flag, Flag::NegativeStock | Flag::MissingTrackingData))
        .map(|flag| flag.as_str())
        .collect();
    format!(
        "{}{:?} {:?} total {:?} {flags:?} {} fulfillments [{}]",
        if order.deleted_at.is_some() { "deleted " } else { "" },
        order.status,
        order.booking,
        order.channel_total,
        order.fulfillments.len(),
        rows.join("; ")
    )
}

/// What differs between two end states.
#[must_use]
pub fn differences(expected: &[String], found: &[String]) -> Vec<String> {
    let (expected, found): (BTreeSet<_>, BTreeSet<_>) = (expected.iter().collect(), found.iter().collect());
    let missing = expected.difference(&found).map(|line| format!("- {line}"));
    let extra = found.difference(&expected).map(|line| format!("+ {line}"));
    missing.chain(extra).collect()
}
