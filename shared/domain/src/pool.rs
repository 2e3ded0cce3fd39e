//! The inventory pool: what a source says it has of each SKU, where the number came from, and what of it may be
//! promised. It is no ledger: nothing here moves stock. (SPEC §5)

pub mod guard;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    fulfillment_request::FulfillmentRequest,
    ids::{ConnectionId, LocationId, VariantId},
    limits::SKUS_OF_A_CALL,
    stock::StockItem,
};

/// What a connection's source says it has of one SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolEntry {
    /// The SKU as the source spells it.
    pub sku: String,
    /// Units that can be sold.
    pub quantity: i64,
    /// Where the number came from. (SPEC FX-14)
    pub from: PoolSource,
    /// When that was so. (SPEC FX-14)
    pub at: Timestamp,
}

/// Where a number of the pool came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolSource {
    /// The report of the warehouse's stock.
    WarehouseReport,
    /// The report of the listings.
    ListingsReport,
    /// The inventory API. (SPEC FX-12)
    InventoryApi,
    /// Nobody spoke of it: nothing is there.
    NowhereListed,
}

impl PoolSource {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WarehouseReport => "warehouse_report",
            Self::ListingsReport => "listings_report",
            Self::InventoryApi => "inventory_api",
            Self::NowhereListed => "nowhere_listed",
        }
    }
}

/// A row of the report of the warehouse's stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarehouseRow {
    /// The SKU.
    pub sku: String,
    /// Whether the units can be sold.
    pub is_sellable: bool,
    /// Units.
    pub quantity: i64,
}

/// A row of the report of the listings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingRow {
    /// The SKU.
    pub sku: String,
    /// Who ships it.
    pub ships: ListingShipsBy,
    /// Units; `None` where the report leaves it empty, as it does for what the warehouse ships.
    pub quantity: Option<i64>,
}

/// Who ships what a listing sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingShipsBy {
    /// The channel's warehouse.
    Warehouse,
    /// The merchant.
    Merchant,
    /// A word that Weir does not know; it counts for nothing.
    Unknown,
}

/// What can be set on a connection about its stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolSettings {
    /// Whether SKUs with a number in neither report are asked for. (SPEC FX-12)
    pub fetch_missing_inventory: bool,
    /// Whether the merchant's own quantity counts too. (SPEC FX-13)
    pub include_merchant_quantity: bool,
}

/// What the reports say, added up. It grows row by row, so that no report has to be held as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    in_warehouse: BTreeMap<String, i64>,
    listed: BTreeMap<String, Listed>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Listed {
    in_warehouse: Option<i64>,
    at_merchant: Option<i64>,
}

impl Counted {
    /// Counts a row of the warehouse's report: the units that can be sold, over all of a SKU's rows. A SKU of
    /// which no unit can be sold is in the report all the same. (SPEC FX-11)
    pub fn add_warehouse(&mut self, row: &WarehouseRow) {
        let sum = self.in_warehouse.entry(row.sku.clone()).or_insert(0);
        if row.is_sellable {
            *sum += row.quantity.max(0);
        }
    }

    /// Counts a row of the listings. An empty quantity is none. What the merchant ships is counted once,
    /// however often it is listed. (SPEC FX-11, FX-13)
    pub fn add_listing(&mut self, row: &ListingRow) {
        let listed = self.listed.entry(row.sku.clone()).or_default();
        let Some(quantity) = row.quantity.map(|quantity| quantity.max(0)) else { return };
        match row.ships {
            ListingShipsBy::Warehouse => {
                listed.in_warehouse = Some(listed.in_warehouse.unwrap_or_default() + quantity);
            }
            ListingShipsBy::Merchant => {
                listed.at_merchant = Some(listed.at_merchant.unwrap_or_default().max(quantity));
            }
            ListingShipsBy::Unknown => {}
        }
    }

    /// SKUs that are listed, or ours, and have a number of the warehouse's in neither report. They are to be
    /// asked for before they fall to 0, so many in a call. (SPEC FX-12)
    #[must_use]
    pub fn missing(&self, ours: &BTreeSet<String>, settings: PoolSettings) -> Vec<Vec<String>> {
        if !settings.fetch_missing_inventory {
            return Vec::new();
        }
        let all: BTreeSet<&String> = ours.iter().chain(self.listed.keys()).collect();
        let is_missing = |sku: &&&String| self.of_reports(sku).is_none();
        let missing: Vec<String> = all.iter().filter(is_missing).map(|sku| (**sku).clone()).collect();
        missing.chunks(SKUS_OF_A_CALL).map(<[String]>::to_vec).collect()
    }

    /// The pool's entries: of each SKU that is in a report, is ours, or was in the pool before. `asked` is what
    /// the inventory API said. (SPEC FX-11 to FX-14)
    #[must_use]
    pub fn entries(
        &self,
        asked: &BTreeMap<String, i64>,
        known: &BTreeSet<String>,
        settings: PoolSettings,
        at: Timestamp,
    ) -> BTreeMap<String, PoolEntry> {
        let all: BTreeSet<&String> =
            self.in_warehouse.keys().chain(self.listed.keys()).chain(asked.keys()).chain(known).collect();
        let entry = |sku: &String| {
            let asked = asked.get(sku).map(|quantity| (*quantity, PoolSource::InventoryApi));
            let found = self.of_reports(sku).or(asked);
            let (quantity, from) = found.unwrap_or((0, PoolSource::NowhereListed));
            let of_merchant = self.listed.get(sku).and_then(|listed| listed.at_merchant);
            let of_merchant = of_merchant.filter(|_| settings.include_merchant_quantity);
            // What only the merchant has is known from the listings.
            let from = match (from, of_merchant) {
                (PoolSource::NowhereListed, Some(_)) => PoolSource::ListingsReport,
                (from, _) => from,
            };
            let quantity = quantity.max(0) + of_merchant.unwrap_or_default();
            (sku.clone(), PoolEntry { sku: sku.clone(), quantity, from, at })
        };
        all.into_iter().map(entry).collect()
    }

    /// What the reports say the warehouse has.
    fn of_reports(&self, sku: &str) -> Option<(i64, PoolSource)> {
        let in_warehouse =
            self.in_warehouse.get(sku).map(|quantity| (*quantity, PoolSource::WarehouseReport));
        let listed = || {
            let listed = self.listed.get(sku)?.in_warehouse?;
            Some((listed, PoolSource::ListingsReport))
        };
        in_warehouse.or_else(listed)
    }
}

/// What may be promised of a variant at the warehouse: the pool, less what is held there for orders that the
/// warehouse had not been told of when it counted. What it had been told of it had taken off itself. Never
/// below zero. (SPEC FX-16)
#[must_use]
pub fn available(
    entry: &PoolEntry,
    held: &StockItem,
    requests: &[FulfillmentRequest],
    variant: &VariantId,
) -> i64 {
    let is_here = |request: &&FulfillmentRequest| request.location == held.key.location;
    let knew = requests
        .iter()
        .filter(is_here)
        .filter(|request| !request.status.is_over() && request.knew_by(entry.at));
    let rows = knew.flat_map(|request| &request.rows).filter(|row| row.variant == *variant);
    let known: i64 = rows.map(|row| row.pending()).sum();
    (entry.quantity - (held.reserved - known).max(0)).max(0)
}

/// By how much the pool and the ledger differ: more than 0 if the source says it has more. It is shown and
/// never booked. (SPEC FX-16)
#[must_use]
pub const fn drift(entry: &PoolEntry, held: &StockItem) -> i64 {
    entry.quantity - held.on_hand
}

/// What a connection says it has, and of which place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionPool {
    /// The connection.
    pub connection: ConnectionId,
    /// The place that it speaks of.
    pub location: LocationId,
    /// Its entries.
    pub entries: BTreeMap<String, PoolEntry>,
}

/// The global pool: the sum over the sources. Connections of one place speak of the same units, which count
/// once: the latest word of each SKU, and of equally late ones the greatest. (SPEC KF-13, §0 "inventory pool")
#[must_use]
pub fn global(pools: &[ConnectionPool]) -> BTreeMap<String, i64> {
    let mut of_places: BTreeMap<(&LocationId, &str), &PoolEntry> = BTreeMap::new();
    for pool in pools {
        for (sku, entry) in &pool.entries {
            let known = of_places.entry((&pool.location, sku)).or_insert(entry);
            if (entry.at, entry.quantity) > (known.at, known.quantity) {
                *known = entry;
            }
        }
    }
    let mut sums = BTreeMap::new();
    for ((_, sku), entry) in of_places {
        *sums.entry(sku.to_owned()).or_insert(0) += entry.quantity;
    }
    sums
}

#[cfg(test)]
mod tests;
