//! Serial numbers on movements: which texts can be one, and how they spread over a row's movements.

use crate::stock::BatchTake;

/// The longest serial number in bytes: it is part of a key of the store.
pub(super) const SERIAL_NUMBER_BYTES: usize = 200;

/// Whether a text can be a serial number (or a batch number).
#[must_use]
pub fn is_valid(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= SERIAL_NUMBER_BYTES && !text.chars().any(char::is_control)
}

/// One movement's part of a row.
pub(super) struct Piece {
    /// Units, positive.
    pub(super) quantity: i64,
    /// The batch.
    pub(super) batch: Option<String>,
    /// Not more than units.
    pub(super) serial_numbers: Vec<String>,
}

/// A row's movements: one for each batch that was taken from, and one for what had none. The serial
/// numbers fill them in order; nobody tells which unit lay in which batch.
pub(super) fn spread(batches: &[BatchTake], quantity: i64, serial_numbers: &[String]) -> Vec<Piece> {
    let covered: i64 = batches.iter().map(|take| take.quantity).sum();
    let mut parts: Vec<(Option<String>, i64)> =
        batches.iter().map(|take| (Some(take.number.clone()), take.quantity)).collect();
    if quantity > covered {
        parts.push((None, quantity - covered));
    }
    let mut numbers = serial_numbers.iter();
    let mut piece = |(batch, quantity): (Option<String>, i64)| {
        let units = usize::try_from(quantity).unwrap_or(0);
        Piece { quantity, batch, serial_numbers: numbers.by_ref().take(units).cloned().collect() }
    };
    parts.into_iter().map(&mut piece).collect()
}
