//! The return order: goods coming back, linked to their sales order. (SPEC §0, KS-16)

use jiff::Timestamp;

use crate::{
    ids::{RowId, SalesOrderId, SalesReturnId, VariantId},
    variant::Sku,
};

/// A return order. It changes no row of its sales order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalesReturn {
    /// Its id; of one that came from a channel it is made of its source.
    pub id: SalesReturnId,
    /// The sales order whose goods come back.
    pub order: SalesOrderId,
    /// The channel's id of the return.
    pub channel_return_id: Option<String>,
    /// The number that people see.
    pub number: String,
    /// How far it is.
    pub status: ReturnStatus,
    /// What comes back.
    pub rows: Vec<ReturnRow>,
    /// When the channel made it.
    pub returned_at: Timestamp,
    /// When Weir made it.
    pub created_at: Timestamp,
}

/// A row of a return order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnRow {
    /// The row of the sales order.
    pub row: RowId,
    /// What comes back.
    pub variant: VariantId,
    /// Its SKU.
    pub sku: Sku,
    /// Units.
    pub quantity: i64,
    /// The channel's word for the reason.
    pub reason: Option<String>,
}

/// How far a return order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnStatus {
    /// The goods are on their way.
    Open,
    /// They are here, and in stock again. It does not change any more.
    Received,
    /// The channel called it off before they came.
    Cancelled,
}

impl ReturnStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Open, Self::Received, Self::Cancelled];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Received => "received",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}
