//! The record of one run of a connection's job: what was done, and what went wrong. (SPEC FX-02)

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ids::{ConnectionId, RunId};

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Which job.
    pub job: Job,
    /// How far it is.
    pub state: RunState,
    /// From when on orders are looked for (`backfill`, `reconcile`).
    pub since: Option<Timestamp>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it counted, such as `orders_seen`.
    pub counts: BTreeMap<String, u64>,
    /// What went wrong.
    pub errors: Vec<RunError>,
}

/// One kind of error of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunError {
    /// A stable word.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// What it was about, without personal data.
    pub sample: Option<String>,
}

/// The jobs of a connection that can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Look for changed orders now.
    PollOrders,
    /// Look for orders since a date. (SPEC KF-01)
    Backfill,
    /// Hold the orders of the last days against their outcomes, and signal every difference. (SPEC OP-04)
    Reconcile,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 3] = [Self::PollOrders, Self::Backfill, Self::Reconcile];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PollOrders => "poll_orders",
            Self::Backfill => "backfill",
            Self::Reconcile => "reconcile",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.as_str() == word)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Asked for.
    Queued,
    /// Begun.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with errors.
    Failed,
}

impl RunState {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}
