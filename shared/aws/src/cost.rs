//! What reads and writes cost in DynamoDB's units, item by item, computed from what would be stored: for
//! the benchmark and `infra/cost.md`. Never: a price, or a call.
//!
//! Sources: the developer guide, "DynamoDB read and write operations": a write unit is 1 KB and a
//! transaction takes two for each; a strong read takes a unit for 4 KB, and for a key without an item;
//! a batch rounds each item up, a query the sum of its items.

use std::collections::{BTreeMap, BTreeSet};

use weir_app::ports::{Commit, CommitError, Key, OrderFile, Record, Stored, Write, ledger::Snapshot};
use weir_domain::ids::{OrganizationId, SalesOrderId};

use crate::{
    item::{self, Item},
    keys::TableKey,
    stored::{self, Unstorable},
};

/// Bytes of a write unit.
const WRITE_UNIT: usize = 1_024;

/// Bytes of a strong read's unit.
const READ_UNIT: usize = 4_096;

/// As long as the operation id that each item bears.
const OPERATION: &str = "00000000000000000000";

/// What one item costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The item's place, without its organization.
    pub place: String,
    /// Its size, with the names of its attributes.
    pub bytes: usize,
    /// Units of the table.
    pub units: usize,
    /// Units of the index: one entry written. An entry that moves costs one more, for the old one's end.
    pub index_units: usize,
}

/// What a commit costs in write units.
///
/// # Errors
/// [`CommitError::TooLarge`], as the ledger says it.
pub fn of_commit(commit: &Commit) -> Result<Vec<Line>, CommitError> {
    let mut lines = Vec::new();
    for write in &commit.writes {
        let line = match write {
            Write::Put { key, record, .. } => line(&encode(key, record)?, 2),
            // Their size is not known here; a check or delete of more than 1 KB costs more.
            Write::Delete { key, .. } | Write::Check { key, .. } => {
                Line { place: place(&TableKey::of(key)), bytes: 0, units: 2, index_units: 0 }
            }
        };
        lines.push(line);
    }
    Ok(lines)
}

/// What keeping a snapshot costs in write units.
///
/// # Errors
/// [`CommitError::TooLarge`], as the ledger says it.
pub fn of_snapshot(
    organization: &OrganizationId,
    order: &SalesOrderId,
    snapshot: &Snapshot,
) -> Result<Vec<Line>, CommitError> {
    let items = stored::encode_snapshot(organization, order, snapshot).map_err(|error| too_large(&error))?;
    Ok(items.parts.iter().chain([&items.head]).map(|stored| line(stored, 1)).collect())
}

/// What removing outgoing items costs in write units.
#[must_use]
pub fn of_remove(keys: &[Key]) -> Vec<Line> {
    let removed = |key: &Key| Line { place: place(&TableKey::of(key)), bytes: 0, units: 1, index_units: 0 };
    keys.iter().map(removed).collect()
}

/// What a read by key costs in read units.
///
/// # Errors
/// [`CommitError::TooLarge`] for a record that could not have been stored.
pub fn of_get(keys: &[Key], found: &BTreeMap<Key, Stored>) -> Result<Vec<Line>, CommitError> {
    let mut lines = Vec::new();
    for key in keys.iter().collect::<BTreeSet<_>>() {
        let bytes = match found.get(key) {
            Some(stored) => item::size(&encode(key, &stored.record)?),
            None => 0,
        };
        lines.push(Line {
            place: place(&TableKey::of(key)),
            bytes,
            units: bytes.div_ceil(READ_UNIT).max(1),
            index_units: 0,
        });
    }
    Ok(lines)
}

/// What reading an order as a whole costs in read units: one query.
///
/// # Errors
/// [`CommitError::TooLarge`] for a record that could not have been stored.
pub fn of_order(
    organization: &OrganizationId,
    order: &SalesOrderId,
    file: &OrderFile,
) -> Result<Line, CommitError> {
    let OrderFile { order: head, observation, person, snapshot, parked, manufacturing_orders, returns } =
        file;
    let key = |make: fn(OrganizationId, SalesOrderId) -> Key| make(organization.clone(), order.clone());
    let mut records = Vec::new();
    records.extend(head.clone().map(|(it, _)| (key(Key::Order), Record::Order(it))));
    records.extend(observation.clone().map(|(it, _)| (key(Key::Observation), Record::Observation(it))));
    records.extend(person.clone().map(|(it, _)| (key(Key::Person), Record::Person(it))));
    records.extend(snapshot.clone().map(|it| (key(Key::Snapshot), Record::Snapshot(it))));
    records.extend(parked.clone().map(|(it, _)| (key(Key::Parked), Record::Parked(it))));
    records.extend(manufacturing_orders.iter().map(|(it, _)| {
        let key = Key::ManufacturingOrder(organization.clone(), order.clone(), it.id.clone());
        (key, Record::ManufacturingOrder(it.clone()))
    }));
    records.extend(returns.iter().map(|(it, _)| {
        let key = Key::SalesReturn(organization.clone(), order.clone(), it.id.clone());
        (key, Record::SalesReturn(it.clone()))
    }));
    let mut bytes = 0;
    for (key, record) in &records {
        bytes += item::size(&encode(key, record)?);
    }
    let place = place(&TableKey::of(&key(Key::Order)));
    Ok(Line { place, bytes, units: bytes.div_ceil(READ_UNIT).max(1), index_units: 0 })
}

fn encode(key: &Key, record: &Record) -> Result<Item, CommitError> {
    stored::encode(key, record, 1, OPERATION).map_err(|error| too_large(&error))
}

fn too_large(error: &Unstorable) -> CommitError {
    CommitError::TooLarge(error.to_string())
}

fn line(stored: &Item, times: usize) -> Line {
    let bytes = item::size(stored);
    let base = item::place_of(stored).unwrap_or(TableKey { pk: String::new(), sk: String::new() });
    let index_units = item::index_place_of(stored).map_or(0, |index| {
        let names = item::PK.len() + item::SK.len() + item::INDEX_PK.len() + item::INDEX_SK.len();
        let entry = names + base.pk.len() + base.sk.len() + index.pk.len() + index.sk.len();
        entry.div_ceil(WRITE_UNIT)
    });
    Line { place: place(&base), bytes, units: times * bytes.div_ceil(WRITE_UNIT).max(1), index_units }
}

fn place(key: &TableKey) -> String {
    let family = key.pk.split_once('#').map_or(key.pk.as_str(), |(_, family)| family);
    format!("{family} {}", key.sk)
}

#[cfg(test)]
mod tests;
