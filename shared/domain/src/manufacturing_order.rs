//! The manufacturing order: it makes a variant for one row of a sales order. (SPEC §0)

use jiff::Timestamp;

use crate::{
    ids::{ManufacturingOrderId, RowId, SalesOrderId, VariantId},
    variant::Sku,
};

/// A manufacturing order. A row has at most one that is linked to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManufacturingOrder {
    /// Its id.
    pub id: ManufacturingOrderId,
    /// The sales order it was made for; it stays when the row is unlinked.
    pub order: SalesOrderId,
    /// The row it makes units for; `None` once it was unlinked. (SPEC KS-30, KS-32)
    pub row: Option<RowId>,
    /// What it makes.
    pub variant: VariantId,
    /// Its SKU.
    pub sku: Sku,
    /// Units.
    pub quantity: i64,
    /// How far it is.
    pub status: ManufacturingStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How far a manufacturing order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManufacturingStatus {
    /// Nothing was done: it follows its row.
    NotStarted,
    /// Work has begun: it does not change any more.
    WorkInProgress,
    /// Made.
    Done,
}

impl ManufacturingStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::NotStarted, Self::WorkInProgress, Self::Done];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::WorkInProgress => "work_in_progress",
            Self::Done => "done",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What a decision does to a manufacturing order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManufacturingChange {
    /// As it will be: with another quantity, or unlinked.
    Put(ManufacturingOrder),
    /// It is deleted: nothing was done for it, and its row is gone.
    Delete(ManufacturingOrderId),
}

impl ManufacturingChange {
    /// Which manufacturing order.
    #[must_use]
    pub const fn id(&self) -> &ManufacturingOrderId {
        match self {
            Self::Put(order) => &order.id,
            Self::Delete(id) => id,
        }
    }
}
