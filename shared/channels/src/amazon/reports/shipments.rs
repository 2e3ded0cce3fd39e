//! The report of what the warehouse shipped, `GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL`: 48 columns, a third
//! of them about the buyer, which are never read. Requests of ours stand in it with their number as the
//! merchant's order id. (SPEC FX-30, FX-31, OP-05)

use std::{borrow::Cow, io::Read};

use weir_domain::{Timestamp, shipment::ShippedLine};

use super::{
    Charset,
    table::{self, Column, Counts, ReportError, Row, Table},
};

pub(super) const CHANNEL_ORDER: usize = 0;
pub(super) const REQUEST_NUMBER: usize = 1;
const SHIPMENT: usize = 2;
const SHIPMENT_LINE: usize = 3;
const CHANNEL_LINE: usize = 4;
const REQUEST_ROW: usize = 5;
const SHIPPED_AT: usize = 6;
const SKU: usize = 7;
const QUANTITY: usize = 8;
const SERVICE_LEVEL: usize = 9;
const CARRIER: usize = 10;
const TRACKING_NUMBER: usize = 11;

/// How many columns are read, and kept.
pub(super) const KEPT: usize = COLUMNS.len();

/// The columns that are read. Names, addresses, e-mail addresses and telephones are not among them.
pub(super) const COLUMNS: &[Column] = &[
    Column::needed(&["amazon-order-id"]),
    Column::needed(&["merchant-order-id"]),
    Column::optional(&["shipment-id"]),
    Column::optional(&["shipment-item-id"]),
    Column::optional(&["amazon-order-item-id"]),
    Column::optional(&["merchant-order-item-id"]),
    Column::needed(&["shipment-date"]),
    Column::needed(&["sku"]),
    Column::needed(&["quantity-shipped"]),
    Column::optional(&["ship-service-level"]),
    Column::optional(&["carrier"]),
    Column::optional(&["tracking-number"]),
];

/// Reads the report, row by row. One of many rows is folded instead ([`super::fold`]).
///
/// # Errors
/// If it is another report, or cannot be read on.
pub fn read(
    input: impl Read,
    charset: Charset,
    mut take: impl FnMut(ShippedLine),
) -> Result<Counts, ReportError> {
    Table::open(input, charset, COLUMNS)?.each(|row| {
        check(&row)?;
        take(line(charset, |column| row.bytes(column)));
        Ok(())
    })
}

/// What a row has to have to be attached to anything.
pub(super) fn check(row: &Row<'_>) -> Result<(), Cow<'static, str>> {
    let is_empty = |column| row.bytes(column).trim_ascii().is_empty();
    if is_empty(CHANNEL_ORDER) && is_empty(REQUEST_NUMBER) {
        return Err("it names no order".into());
    }
    if is_empty(SKU) {
        return Err("it has no SKU".into());
    }
    match row.units(QUANTITY)? {
        Some(units) if units > 0 => {}
        Some(_) | None => return Err("it has no quantity".into()),
    }
    let shipped_at = row.bytes(SHIPPED_AT).trim_ascii();
    if !shipped_at.is_empty() && time(shipped_at).is_none() {
        return Err("its shipment date is no time with its offset".into());
    }
    Ok(())
}

/// The line of a row that was checked.
pub(super) fn line<'a>(charset: Charset, field: impl Fn(usize) -> &'a [u8]) -> ShippedLine {
    let words = |column| table::words(charset, field(column));
    ShippedLine {
        channel_order: words(CHANNEL_ORDER),
        request_number: words(REQUEST_NUMBER),
        shipment: words(SHIPMENT),
        shipment_line: words(SHIPMENT_LINE),
        channel_line: words(CHANNEL_LINE),
        request_row: words(REQUEST_ROW),
        sku: charset.decode(field(SKU)).into_owned(),
        quantity: table::units(field(QUANTITY)).ok().flatten().unwrap_or_default(),
        carrier: words(CARRIER),
        service_level: words(SERVICE_LEVEL),
        tracking_number: words(TRACKING_NUMBER),
        shipped_at: time(field(SHIPPED_AT).trim_ascii()),
    }
}

/// A time with its offset, such as `2026-03-11T09:00:00+00:00`.
fn time(bytes: &[u8]) -> Option<Timestamp> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
