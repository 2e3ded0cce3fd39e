//! The demo's goods: what they cost, and what of them is in stock when the shop opens.

use jiff::{SignedDuration, Timestamp};

use crate::amazon::marketplaces::Marketplace;

/// Goods of the demo. Each marketplace where they are sold has their opening stock at its location.
#[derive(Debug, PartialEq, Eq)]
pub struct CatalogueItem {
    /// Its SKU, at Amazon as in Weir.
    pub sku: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What is in stock at each location.
    pub stock: OpeningStock,
    /// Whether it is food, which is taxed less.
    pub(crate) food: bool,
    /// Prices in the United States and in Germany in cents, and in Japan in yen; 0 where it is not sold.
    prices: [i64; 3],
}

/// What is in stock of goods when the shop opens, by how they are tracked.
#[derive(Debug, PartialEq, Eq)]
pub enum OpeningStock {
    /// Not tracked.
    Plain {
        /// Units.
        quantity: u32,
    },
    /// By batch.
    Batches(&'static [OpeningBatch]),
    /// By serial number.
    Serials {
        /// What the numbers begin with.
        prefix: &'static str,
        /// How many there are.
        count: u64,
    },
}

/// A batch in stock.
#[derive(Debug, PartialEq, Eq)]
pub struct OpeningBatch {
    /// Its number.
    pub number: &'static str,
    /// How many days before the opening it came in.
    pub days_ago: i64,
    /// Units.
    pub quantity: u32,
}

impl OpeningBatch {
    /// When it came in.
    #[must_use]
    pub fn received_at(&self, opened: Timestamp) -> Timestamp {
        opened - SignedDuration::from_hours(24 * self.days_ago)
    }
}

impl CatalogueItem {
    /// The word for how it is tracked.
    #[must_use]
    pub const fn tracking(&self) -> &'static str {
        match self.stock {
            OpeningStock::Plain { .. } => "none",
            OpeningStock::Batches(_) => "batch",
            OpeningStock::Serials { .. } => "serial",
        }
    }

    /// The price of a unit in the smallest unit of the marketplace's currency, if it is sold there.
    #[must_use]
    pub fn price(&self, at: &Marketplace) -> Option<i64> {
        let place = ["US", "DE", "JP"].iter().position(|country| *country == at.country)?;
        self.prices.get(place).copied().filter(|price| *price > 0)
    }

    /// All units in stock at each location.
    #[must_use]
    pub fn quantity(&self) -> u64 {
        match self.stock {
            OpeningStock::Plain { quantity } => quantity.into(),
            OpeningStock::Batches(batches) => batches.iter().map(|batch| u64::from(batch.quantity)).sum(),
            OpeningStock::Serials { count, .. } => count,
        }
    }

    /// The serial numbers in stock.
    #[must_use]
    pub fn serial_numbers(&self) -> Vec<String> {
        (0..).map_while(|number| self.serial_number(number)).collect()
    }

    pub(super) fn serial_number(&self, number: u64) -> Option<String> {
        match self.stock {
            OpeningStock::Serials { prefix, count } => {
                (number < count).then(|| format!("{prefix}{:05}", number + 1))
            }
            OpeningStock::Plain { .. } | OpeningStock::Batches(_) => None,
        }
    }
}

/// Where the catalogue has goods that are not tracked.
pub(super) const UNTRACKED: &[usize] = &[0, 1, 2, 3];
/// Where it has goods kept by batch.
pub(super) const BATCH: &[usize] = &[4, 5];
/// Where it has goods whose serial numbers Amazon tells.
pub(super) const SERIAL: &[usize] = &[6];
/// Where it has goods whose serial numbers Amazon keeps to itself.
pub(super) const SERIAL_UNTOLD: &[usize] = &[7];

/// The demo's goods.
pub const CATALOGUE: [CatalogueItem; 8] = [
    CatalogueItem {
        sku: "WEIR-MUG-350",
        name: "Stoneware mug, 350 ml",
        stock: OpeningStock::Plain { quantity: 5_000 },
        food: false,
        prices: [1_490, 1_390, 1_980],
    },
    CatalogueItem {
        sku: "WEIR-TEE-M",
        name: "Linen T-shirt, M",
        stock: OpeningStock::Plain { quantity: 4_000 },
        food: false,
        prices: [2_400, 2_295, 3_200],
    },
    CatalogueItem {
        sku: "WEIR-CANDLE-S",
        name: "Beeswax candle, small",
        stock: OpeningStock::Plain { quantity: 6_000 },
        food: false,
        prices: [1_850, 1_690, 2_480],
    },
    CatalogueItem {
        sku: "WEIR-NOTE-A5",
        name: "Notebook A5, dotted",
        stock: OpeningStock::Plain { quantity: 8_000 },
        food: false,
        prices: [975, 849, 1_320],
    },
    CatalogueItem {
        sku: "WEIR-TEA-100",
        name: "Green tea, 100 g",
        stock: OpeningStock::Batches(&[
            OpeningBatch { number: "TEA-SPRING", days_ago: 210, quantity: 40 },
            OpeningBatch { number: "TEA-SUMMER", days_ago: 120, quantity: 400 },
            OpeningBatch { number: "TEA-AUTUMN", days_ago: 30, quantity: 4_000 },
        ]),
        food: true,
        prices: [1_240, 1_120, 1_480],
    },
    CatalogueItem {
        sku: "WEIR-HONEY-250",
        name: "Heather honey, 250 g",
        stock: OpeningStock::Batches(&[
            OpeningBatch { number: "HON-0417", days_ago: 90, quantity: 25 },
            OpeningBatch { number: "HON-0631", days_ago: 45, quantity: 600 },
            OpeningBatch { number: "HON-0702", days_ago: 10, quantity: 3_000 },
        ]),
        food: true,
        prices: [1_095, 995, 0],
    },
    CatalogueItem {
        sku: "WEIR-CAM-1",
        name: "Trail camera",
        stock: OpeningStock::Serials { prefix: "CAM1-", count: 500 },
        food: false,
        prices: [12_900, 0, 0],
    },
    CatalogueItem {
        sku: "WEIR-WATCH-2",
        name: "Field watch",
        stock: OpeningStock::Serials { prefix: "WTC2-", count: 250 },
        food: false,
        prices: [21_900, 0, 0],
    },
];
