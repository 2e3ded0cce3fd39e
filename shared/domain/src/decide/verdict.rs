//! How a decision ends, before what is common to all of them is added.

use super::Changes;
use crate::outcome::{Because, Outcome, OutcomeKind, Reason, ReasonCode};

/// What is decided, before what is common to all decisions.
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) because: Vec<Because>,
    pub(super) changes: Changes,
}

/// An order that does not import now, and why.
pub(super) struct Stop {
    pub(super) kind: OutcomeKind,
    pub(super) reason: Reason,
    pub(super) because: Vec<Because>,
}

impl Stop {
    pub(super) fn new(kind: OutcomeKind, code: ReasonCode, message: impl Into<String>) -> Self {
        Self { kind, reason: Reason::new(code, message), because: Vec::new() }
    }

    pub(super) fn plain(kind: OutcomeKind, code: ReasonCode) -> Self {
        Self::new(kind, code, code.sentence())
    }

    pub(super) fn because(mut self, code: &str, message: impl Into<String>) -> Self {
        self.because.push(Because::new(code, message));
        self
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        let outcome = Outcome { kind: stop.kind, reason: stop.reason };
        Self { outcome, because: stop.because, changes: Changes::default() }
    }
}
