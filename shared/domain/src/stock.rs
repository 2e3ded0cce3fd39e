//! The stock ledger: append-only movements, and what they add up to at a place. On-hand is never
//! written in any other way than by a movement. Quantities are whole units.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    ids::{AdjustmentId, LocationId, RowId, SalesOrderId, SalesReturnId, VariantId},
    variant::Sku,
};

/// Where the stock of a variant is: the key of a [`StockItem`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StockKey {
    /// The place.
    pub location: LocationId,
    /// The variant.
    pub variant: VariantId,
}

/// What a place holds of a variant. `on_hand` is the sum of its movements, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockItem {
    /// Which place and variant.
    pub key: StockKey,
    /// Units on hand; below zero if more left than had come. (SPEC G-10)
    pub on_hand: i64,
    /// Units held for orders that have not shipped.
    pub reserved: i64,
    /// Live batches (quantity > 0) of a batch-tracked variant. Their sum and the units without a
    /// batch make `on_hand`.
    pub batches: Vec<Batch>,
}

/// Units that came in together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number.
    pub number: String,
    /// When it came: the first in goes out first. (SPEC G-10)
    pub received_at: Timestamp,
    /// Units left; never below zero.
    pub quantity: i64,
}

/// Units taken out of, or put into, one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchTake {
    /// The batch.
    pub number: String,
    /// Units, positive.
    pub quantity: i64,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Which place and variant.
    pub key: StockKey,
    /// The variant's SKU at that time.
    pub sku: Sku,
    /// Units; negative when they leave.
    pub quantity: i64,
    /// The batch, of a batch-tracked variant's units that have one.
    pub batch: Option<String>,
    /// Serial numbers of the units.
    pub serial_numbers: Vec<String>,
    /// Why. Each cause moves stock once.
    pub cause: Cause,
    /// The business time: when the goods moved.
    pub at: Timestamp,
}

/// Why stock moved: the id of a movement, unique in the organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A row of an order was delivered. `part` counts its movements: one for each batch.
    Delivery {
        /// The order.
        order: SalesOrderId,
        /// The row.
        row: RowId,
        /// Which movement of the row.
        part: u32,
    },
    /// A person adjusted the stock. `part` counts the adjustment's movements.
    Adjustment {
        /// The adjustment.
        adjustment: AdjustmentId,
        /// Which movement of it.
        part: u32,
    },
    /// Goods of a return order came back. `part` counts its movements. (SPEC KS-16)
    Return {
        /// The return order.
        sales_return: SalesReturnId,
        /// Which movement of it.
        part: u32,
    },
}

impl Cause {
    /// The kind, as in the API.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Delivery { .. } => "sales_order",
            Self::Adjustment { .. } => "stock_adjustment",
            Self::Return { .. } => "sales_return",
        }
    }

    /// The id of the order, adjustment or return order.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Delivery { order, .. } => order.as_str(),
            Self::Adjustment { adjustment, .. } => adjustment.as_str(),
            Self::Return { sales_return, .. } => sales_return.as_str(),
        }
    }
}

/// One unit with a serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialNumber {
    /// The number; unique with its variant.
    pub number: String,
    /// What it is a unit of.
    pub variant: VariantId,
    /// Where it is now.
    pub state: SerialState,
}

/// Where a unit with a serial number is. It is in at most one place, and sold at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SerialState {
    /// At a place.
    InStock(LocationId),
    /// It left with an order.
    Sold(SalesOrderId),
    /// A person took it out of the books.
    Removed,
}

/// A person's correction of the stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Its id.
    pub id: AdjustmentId,
    /// The place.
    pub location: LocationId,
    /// Why.
    pub reason: String,
    /// What changed.
    pub rows: Vec<AdjustmentRow>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of a stock adjustment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentRow {
    /// The variant.
    pub variant: VariantId,
    /// Its SKU.
    pub sku: Sku,
    /// Units; negative takes out.
    pub quantity: i64,
    /// Of a batch-tracked variant.
    pub batch: Option<String>,
    /// When that batch came in; now, if not given.
    pub received_at: Option<Timestamp>,
    /// Of a serial-tracked variant: as many as units.
    pub serial_numbers: Vec<String>,
}

impl StockItem {
    /// A place that never held the variant.
    #[must_use]
    pub const fn empty(key: StockKey) -> Self {
        Self { key, on_hand: 0, reserved: 0, batches: Vec::new() }
    }

    /// What may still be promised.
    #[must_use]
    pub const fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// Books units that left, out of the oldest batches first; what the batches do not cover is
    /// booked without one. Returns what was taken of each batch. (SPEC G-10)
    pub fn take(&mut self, quantity: i64) -> Vec<BatchTake> {
        self.on_hand -= quantity;
        self.batches.sort_by(|a, b| (a.received_at, &a.number).cmp(&(b.received_at, &b.number)));
        let mut left = quantity;
        let mut takes = Vec::new();
        for batch in &mut self.batches {
            let units = left.min(batch.quantity);
            if units > 0 {
                batch.quantity -= units;
                left -= units;
                takes.push(BatchTake { number: batch.number.clone(), quantity: units });
            }
        }
        self.batches.retain(|batch| batch.quantity > 0);
        takes
    }

    /// As [`StockItem::take`], out of the batches that somebody named first, as far as they go.
    pub fn take_named(&mut self, named: &[BatchTake], quantity: i64) -> Vec<BatchTake> {
        let (mut takes, mut left) = (Vec::<BatchTake>::new(), quantity);
        for wanted in named {
            let Some(batch) = self.batches.iter_mut().find(|batch| batch.number == wanted.number) else {
                continue;
            };
            let units = left.min(wanted.quantity).min(batch.quantity);
            if units > 0 {
                batch.quantity -= units;
                left -= units;
                takes.push(BatchTake { number: wanted.number.clone(), quantity: units });
            }
        }
        self.on_hand -= quantity - left;
        for take in self.take(left) {
            match takes.iter_mut().find(|taken| taken.number == take.number) {
                Some(taken) => taken.quantity += take.quantity,
                None => takes.push(take),
            }
        }
        takes
    }
}

/// The stock that a decision reads, and then what it leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// By place and variant; a key that is not here holds nothing.
    pub items: BTreeMap<StockKey, StockItem>,
    /// By variant and number.
    pub serials: BTreeMap<(VariantId, String), SerialNumber>,
}

impl Stock {
    /// What a place holds of a variant; nothing, if it was never there.
    #[must_use]
    pub fn item(&self, key: &StockKey) -> StockItem {
        self.items.get(key).cloned().unwrap_or_else(|| StockItem::empty(key.clone()))
    }

    /// Takes over what a decision left behind, as the store does.
    pub fn absorb(&mut self, items: &BTreeMap<StockKey, StockItem>, serials: &[SerialNumber]) {
        self.items.extend(items.iter().map(|(key, item)| (key.clone(), item.clone())));
        let keyed = |serial: &SerialNumber| ((serial.variant.clone(), serial.number.clone()), serial.clone());
        self.serials.extend(serials.iter().map(keyed));
    }
}
