//! What is sold and stocked, and how a channel's SKU finds it.

use std::fmt;

use jiff::Timestamp;

use crate::ids::{ConnectionId, VariantId};

/// What is sold and stocked, unique by SKU in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its id; it stays when the SKU changes.
    pub id: VariantId,
    /// Its SKU.
    pub sku: Sku,
    /// How people call it.
    pub name: String,
    /// Goods or service.
    pub kind: VariantKind,
    /// What is recorded of each unit.
    pub tracking: Tracking,
    /// Days from an order's creation to its delivery date.
    pub default_delivery_days: Option<u16>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A SKU, compared byte for byte: case, spaces and leading zeros count. (SPEC KF-05)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(String);

/// A text that cannot be a SKU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SKU has 1 to {} bytes and no control characters", Sku::MAX_BYTES)]
pub struct InvalidSku;

impl Sku {
    /// The longest SKU in bytes: well above any channel's (Amazon 40 characters, Shopify 255).
    pub const MAX_BYTES: usize = 255;

    /// Reads a SKU as it is; nothing is trimmed or folded.
    ///
    /// # Errors
    /// If it is empty, longer than [`Sku::MAX_BYTES`], or has control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidSku> {
        if text.is_empty() || text.len() > Self::MAX_BYTES || text.chars().any(char::is_control) {
            return Err(InvalidSku);
        }
        Ok(Self(text.to_owned()))
    }

    /// The SKU as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Goods or service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantKind {
    /// Goods with stock.
    Product,
    /// Work or a fee; it has no stock.
    Service,
}

impl VariantKind {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Service => "service",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Product, Self::Service].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What is recorded of each unit of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// Nothing.
    None,
    /// The batch it came in.
    Batch,
    /// Its serial number.
    Serial,
}

impl Tracking {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Batch => "batch",
            Self::Serial => "serial",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::Batch, Self::Serial].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// On a connection: a channel's SKU means this variant. (SPEC KF-05)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuAlias {
    /// The connection on which it holds.
    pub connection: ConnectionId,
    /// The SKU as the channel spells it.
    pub channel_sku: Sku,
    /// The SKU of the variant that it means.
    pub variant_sku: Sku,
}
