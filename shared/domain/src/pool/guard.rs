//! What keeps a bad report from emptying the pool: one that failed, is cut short or has other columns changes
//! nothing, and one that would take too much to zero at once waits. (SPEC FX-18; RELIABILITY §4 row 31)

use std::collections::{BTreeMap, BTreeSet};

use super::PoolEntry;
use crate::limits::ZEROED_AT_MOST_PERCENT;

/// How a report came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportEnd {
    /// The channel called it off, or had nothing to say: both have the same word.
    Cancelled,
    /// The channel could not make it.
    Fatal,
    /// It lacks columns that are needed.
    OtherColumns {
        /// Those.
        missing: Vec<String>,
    },
    /// It was read.
    Read {
        /// Rows that could be used.
        rows: u64,
        /// Rows that could not.
        unreadable: u64,
        /// Whether it ends in the middle of a row.
        is_cut: bool,
    },
}

/// Why a report changes no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It was called off, or the channel had no data.
    #[error("the report was cancelled, or there was nothing to report")]
    Cancelled,
    /// The channel could not make it.
    #[error("the channel could not make the report")]
    Fatal,
    /// It has other columns.
    #[error("the report lacks the columns {}", .0.join(", "))]
    OtherColumns(Vec<String>),
    /// It has a header and no row, where the pool has entries.
    #[error("the report has no row, and the pool has {0} entries")]
    Empty(usize),
    /// It ends in the middle of a row.
    #[error("the report ends in the middle of a row")]
    Cut,
    /// So many of its rows cannot be read that it is no such report.
    #[error("{unreadable} of {all} rows of the report cannot be read")]
    Unreadable {
        /// Those that cannot.
        unreadable: u64,
        /// All of them.
        all: u64,
    },
}

/// Whether a report may change the pool, of which so many entries are known. The report of the listings may
/// be empty where the one of the warehouse is not, and the other way round: both have to be asked.
///
/// # Errors
/// Why it may not.
pub fn usable(end: &ReportEnd, known: usize) -> Result<(), Unusable> {
    match end {
        ReportEnd::Cancelled => Err(Unusable::Cancelled),
        ReportEnd::Fatal => Err(Unusable::Fatal),
        ReportEnd::OtherColumns { missing } => Err(Unusable::OtherColumns(missing.clone())),
        ReportEnd::Read { is_cut: true, .. } => Err(Unusable::Cut),
        ReportEnd::Read { rows: 0, unreadable: 0, .. } if known > 0 => Err(Unusable::Empty(known)),
        ReportEnd::Read { rows, unreadable, .. } if unreadable > rows => {
            Err(Unusable::Unreadable { unreadable: *unreadable, all: rows + unreadable })
        }
        ReportEnd::Read { .. } => Ok(()),
    }
}

/// What is to be done with new entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// They take the place of the old ones.
    Apply,
    /// Nothing changes before a second report says the same, or a person approves.
    Wait(Suspicion),
}

/// A report that would empty too much at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The report.
    pub report: String,
    /// SKUs that it would take to zero.
    pub zeroed: BTreeSet<String>,
    /// SKUs that the connection has.
    pub of: usize,
}

/// Judges a report's entries against those before. `before` is what waits since an earlier report;
/// `is_approved` whether a person approved this one. (SPEC FX-18)
#[must_use]
pub fn judge(
    known: &BTreeMap<String, PoolEntry>,
    new: &BTreeMap<String, PoolEntry>,
    report: &str,
    before: Option<&Suspicion>,
    is_approved: bool,
) -> Judgement {
    let had_some = known.values().filter(|entry| entry.quantity > 0);
    let is_zero = |entry: &&PoolEntry| new.get(&entry.sku).is_none_or(|entry| entry.quantity == 0);
    let zeroed: BTreeSet<String> = had_some.filter(is_zero).map(|entry| entry.sku.clone()).collect();
    let is_too_many = |zeroed: usize| zeroed * 100 > known.len() * ZEROED_AT_MOST_PERCENT;
    // A second report confirms what the first said; the same one, read again, does not.
    let confirmed = before.filter(|suspicion| suspicion.report != report).map(|suspicion| &suspicion.zeroed);
    let is_confirmed = |sku: &&String| confirmed.is_some_and(|confirmed| confirmed.contains(*sku));
    let unconfirmed = zeroed.iter().filter(|sku| !is_confirmed(sku)).count();
    if is_approved || !is_too_many(unconfirmed) {
        return Judgement::Apply;
    }
    Judgement::Wait(Suspicion { report: report.to_owned(), zeroed, of: known.len() })
}
