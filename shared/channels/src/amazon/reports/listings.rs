//! The report of all listings, `GET_MERCHANT_LISTINGS_ALL_DATA`: 27 columns and more, by marketplace, and in
//! Japan with names of its own. Rows may be shorter than the header. (SPEC FX-10, FX-11, FX-15)

use std::io::Read;

use rust_decimal::Decimal;
use weir_domain::pool::{ListingRow, ListingShipsBy};

use super::{
    Charset,
    table::{Column, Counts, ReportError, Row, Table},
};

const SKU: usize = 0;
const QUANTITY: usize = 1;
const CHANNEL: usize = 2;
const STATUS: usize = 3;
const TITLE: usize = 4;
const DESCRIPTION: usize = 5;
const BRAND: usize = 6;
const PRICE: usize = 7;
const CATEGORIES: [usize; 3] = [8, 9, 10];

/// What Weir reads of a listing; the names in Japanese are those of amazon.co.jp.
const COLUMNS: &[Column] = &[
    Column::needed(&["seller-sku", "出品者SKU"]),
    Column::needed(&["quantity", "数量"]),
    Column::needed(&["fulfillment-channel", "フルフィルメント・チャンネル"]),
    Column::optional(&["status", "ステータス"]),
    Column::optional(&["item-name", "商品名"]),
    Column::optional(&["item-description", "商品説明"]),
    Column::optional(&["brand", "brand-name"]),
    Column::optional(&["price", "価格"]),
    Column::optional(&["zshop-category1"]),
    Column::optional(&["zshop-browse-path"]),
    Column::optional(&["zshop-storefront-feature"]),
];

/// What the listings say of a product. The title may hold marks where Amazon's own character set had none: it is
/// for people, and nothing is ever found by it. (SPEC FX-15)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The brand; most marketplaces do not report it.
    pub brand: Option<String>,
    /// The price, in the marketplace's currency.
    pub price: Option<Decimal>,
    /// Up to three categories.
    pub categories: Vec<String>,
    /// Whether the listing was deleted, so that a rule may leave it out.
    pub is_deleted: bool,
}

/// Reads the report, row by row.
///
/// # Errors
/// If it is another report, or cannot be read on; what was handed out before counts for nothing then.
pub fn read(
    input: impl Read,
    charset: Charset,
    mut take: impl FnMut(ListingRow, Listing),
) -> Result<Counts, ReportError> {
    Table::open(input, charset, COLUMNS)?.each(|row| {
        let sku = row.exact(SKU).into_owned();
        if sku.is_empty() {
            return Err("it has no SKU".into());
        }
        let (quantity, ships) = (row.units(QUANTITY)?, ships(&row));
        take(ListingRow { sku, ships, quantity }, listing(&row));
        Ok(())
    })
}

fn ships(row: &Row<'_>) -> ListingShipsBy {
    let word = row.bytes(CHANNEL).trim_ascii();
    let is_amazons = word.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"AMAZON_"));
    match word {
        _ if is_amazons => ListingShipsBy::Warehouse,
        word if word.eq_ignore_ascii_case(b"DEFAULT") => ListingShipsBy::Merchant,
        _ => ListingShipsBy::Unknown,
    }
}

fn listing(row: &Row<'_>) -> Listing {
    let status = row.words(STATUS);
    Listing {
        title: row.words(TITLE),
        description: row.words(DESCRIPTION),
        brand: row.words(BRAND),
        // A price that is none is unknown; it never makes a row unreadable.
        price: row.words(PRICE).and_then(|price| Decimal::from_str_exact(&price).ok()),
        categories: CATEGORIES.iter().filter_map(|column| row.words(*column)).collect(),
        is_deleted: status.is_some_and(|status| status.eq_ignore_ascii_case("deleted")),
    }
}
