//! What happened to one order, line by line: its timeline. Lines are added and never changed. (SPEC OP-09)

use jiff::Timestamp;

use crate::outcome::Because;

/// One line of an order's timeline. It holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// A stable word, such as `imported`, `waiting`, `delivered`.
    pub what: String,
    /// A sentence.
    pub message: String,
    /// What the decision rested on.
    pub because: Vec<Because>,
    /// Who: a person's token name, or the signal's cause such as `poll`.
    pub actor: String,
    /// The signal, if one caused it.
    pub signal: Option<String>,
}
