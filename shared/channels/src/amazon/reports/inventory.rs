//! The report of the warehouse's stock, `GET_AFN_INVENTORY_DATA`: one row for each SKU and condition of its
//! units. (SPEC FX-10, FX-11)

use std::io::Read;

use weir_domain::pool::WarehouseRow;

use super::{
    Charset,
    table::{Column, Counts, ReportError, Table},
};

const SKU: usize = 0;
const CONDITION: usize = 1;
const QUANTITY: usize = 2;

/// `seller-sku, fulfillment-channel-sku, asin, condition-type, Warehouse-Condition-code, Quantity Available`.
const COLUMNS: &[Column] = &[
    Column::needed(&["seller-sku", "sku"]),
    Column::needed(&["Warehouse-Condition-code"]),
    Column::needed(&["Quantity Available", "afn-fulfillable-quantity"]),
];

/// The condition of units that can be sold. All others (UNSELLABLE and whatever else) cannot.
const SELLABLE: &[u8] = b"SELLABLE";

/// Reads the report, row by row.
///
/// # Errors
/// If it is another report, or cannot be read on; what was handed out before counts for nothing then.
pub fn read(
    input: impl Read,
    charset: Charset,
    mut take: impl FnMut(WarehouseRow),
) -> Result<Counts, ReportError> {
    Table::open(input, charset, COLUMNS)?.each(|row| {
        let sku = row.exact(SKU).into_owned();
        if sku.is_empty() {
            return Err("it has no SKU".into());
        }
        let quantity = row.units(QUANTITY)?.ok_or("it has no quantity")?;
        let is_sellable = row.bytes(CONDITION).trim_ascii().eq_ignore_ascii_case(SELLABLE);
        take(WarehouseRow { sku, is_sellable, quantity });
        Ok(())
    })
}
