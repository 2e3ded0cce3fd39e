//! Where stock is.

use jiff::Timestamp;

use crate::ids::LocationId;

/// A place that holds stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// How people call it.
    pub name: String,
    /// Own warehouse or Amazon's.
    pub kind: LocationKind,
    /// Whether orders may be assigned to it.
    pub available_for_fulfillment: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whose warehouse a location is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocationKind {
    /// The merchant's own.
    Own,
    /// Amazon's warehouses as one location.
    Fba,
}

impl LocationKind {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Fba => "fba",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Own, Self::Fba].into_iter().find(|kind| kind.as_str() == word)
    }
}
