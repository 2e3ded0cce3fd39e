//! A person's correction of the stock: all of it, or nothing and the fields that are wrong. Whether
//! its day lies in the locked period is the caller's question ([`super::period_locked`]).

use std::collections::BTreeMap;

use super::serials;
use crate::{
    ids::{LocationId, VariantId},
    limits::{BATCHES_OF_A_STOCK_ITEM, ITEMS_IN_ONE_COMMIT, UNITS_OF_A_ROW},
    stock::{
        Adjustment, AdjustmentRow, Batch, BatchTake, Cause, Movement, SerialNumber, SerialState, Stock,
        StockItem, StockKey,
    },
    variant::{Tracking, Variant, VariantKind},
};

/// A field of an adjustment that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field as the API spells it, such as `rows[0].quantity`.
    pub path: String,
    /// A sentence that says what is wrong and the way out.
    pub message: String,
}

/// What an adjustment leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adjusted {
    /// In the order of the rows; one for each batch that a row took from.
    pub movements: Vec<Movement>,
    /// Stock items as they will be.
    pub items: BTreeMap<StockKey, StockItem>,
    /// Serial numbers as they will be.
    pub serials: Vec<SerialNumber>,
}

impl Adjusted {
    /// How many items of the store a commit of this touches.
    #[must_use]
    pub fn touched(&self) -> usize {
        self.movements.len() + self.items.len() + self.serials.len()
    }
}

/// Books an adjustment. `stock` holds the items of its variants at its location and the records of
/// its serial numbers; `variants` its variants. A batch that exists keeps its receipt date; what is
/// taken out of a batch-tracked variant without naming a batch leaves first in, first out.
///
/// # Errors
/// The fields that are wrong; then nothing of it is booked.
pub fn adjust(
    adjustment: &Adjustment,
    stock: &Stock,
    variants: &BTreeMap<VariantId, Variant>,
) -> Result<Adjusted, Vec<FieldError>> {
    let mut desk = Desk {
        adjustment,
        stock,
        serials: BTreeMap::new(),
        adjusted: Adjusted::default(),
        errors: Vec::new(),
    };
    if adjustment.rows.is_empty() {
        desk.refuse("rows", "Give at least one row.".to_owned());
    }
    for (index, row) in adjustment.rows.iter().enumerate() {
        let at = At { index };
        match variants.get(&row.variant) {
            None => desk.refuse(&at.field("sku"), format!("No variant has the SKU \"{}\".", row.sku)),
            Some(variant) => desk.book_row(at, row, variant),
        }
    }
    desk.adjusted.serials = desk.serials.into_values().collect();
    let touched = desk.adjusted.touched();
    if touched > ITEMS_IN_ONE_COMMIT {
        let message = format!(
            "It touches {touched} variants, batches and serial numbers; {ITEMS_IN_ONE_COMMIT} can be booked \
             at once. Split it into several adjustments."
        );
        desk.errors.push(FieldError { path: "rows".to_owned(), message });
    }
    if desk.errors.is_empty() { Ok(desk.adjusted) } else { Err(desk.errors) }
}

/// The row that is looked at.
#[derive(Clone, Copy)]
struct At {
    index: usize,
}

impl At {
    fn field(self, name: &str) -> String {
        format!("rows[{}].{name}", self.index)
    }
}

/// An adjustment on its way: the stock that was read, over it what the rows before left behind.
struct Desk<'a> {
    adjustment: &'a Adjustment,
    stock: &'a Stock,
    serials: BTreeMap<(VariantId, String), SerialNumber>,
    adjusted: Adjusted,
    errors: Vec<FieldError>,
}

impl Desk<'_> {
    fn refuse(&mut self, path: &str, message: String) {
        self.errors.push(FieldError { path: path.to_owned(), message });
    }

    fn book_row(&mut self, at: At, row: &AdjustmentRow, variant: &Variant) {
        let before = self.errors.len();
        self.check_row(at, row, variant);
        if self.errors.len() > before {
            return;
        }
        let batches = match (variant.tracking, row.quantity > 0) {
            (Tracking::Batch, true) => self.put(at, row),
            (Tracking::Batch, false) => self.take(at, row),
            (Tracking::None | Tracking::Serial, _) => {
                self.item(row).on_hand += row.quantity;
                Vec::new()
            }
        };
        self.move_serials(at, row);
        self.record(row, &batches);
    }

    /// What is wrong with a row by itself, whatever is in stock.
    fn check_row(&mut self, at: At, row: &AdjustmentRow, variant: &Variant) {
        match variant.kind {
            VariantKind::Product => {}
            VariantKind::Service => {
                self.refuse(&at.field("sku"), format!("\"{}\" is a service; it has no stock.", row.sku));
            }
        }
        if row.quantity == 0 {
            self.refuse(
                &at.field("quantity"),
                "Give the units that come in, or that leave with a minus.".to_owned(),
            );
        }
        if !(-UNITS_OF_A_ROW..=UNITS_OF_A_ROW).contains(&row.quantity) {
            self.refuse(&at.field("quantity"), format!("At most {UNITS_OF_A_ROW} units in one row."));
        }
        match (variant.tracking, &row.batch) {
            (Tracking::Batch, None) if row.quantity > 0 => {
                let message = format!("\"{}\" is batch-tracked: name the batch that comes in.", row.sku);
                self.refuse(&at.field("batch_number"), message);
            }
            (Tracking::Batch, Some(number)) if !serials::is_valid(number) => {
                let message = format!("A batch number has 1 to {} bytes.", serials::SERIAL_NUMBER_BYTES);
                self.refuse(&at.field("batch_number"), message);
            }
            (Tracking::None | Tracking::Serial, Some(_)) => {
                let message = format!("\"{}\" is not batch-tracked; leave the batch out.", row.sku);
                self.refuse(&at.field("batch_number"), message);
            }
            (Tracking::Batch, Some(_) | None) | (Tracking::None | Tracking::Serial, None) => {}
        }
        self.check_serials(at, row, variant.tracking);
    }

    fn check_serials(&mut self, at: At, row: &AdjustmentRow, tracking: Tracking) {
        let (given, units) = (row.serial_numbers.len() as u64, row.quantity.unsigned_abs());
        let wrong = match tracking {
            Tracking::Serial => given != units,
            // Their records are optional, as for what a channel tells. (SPEC KF-12)
            Tracking::None | Tracking::Batch => given > units,
        };
        if wrong {
            let message = format!("{units} units need {units} serial numbers; {given} are given.");
            self.refuse(&at.field("serial_numbers"), message);
        }
        if row.serial_numbers.iter().any(|number| !serials::is_valid(number)) {
            let message = format!("A serial number has 1 to {} bytes.", serials::SERIAL_NUMBER_BYTES);
            self.refuse(&at.field("serial_numbers"), message);
        }
    }

    fn item(&mut self, row: &AdjustmentRow) -> &mut StockItem {
        let key = StockKey { location: self.adjustment.location.clone(), variant: row.variant.clone() };
        self.adjusted.items.entry(key).or_insert_with_key(|key| self.stock.item(key))
    }

    /// Units come in with a batch.
    fn put(&mut self, at: At, row: &AdjustmentRow) -> Vec<BatchTake> {
        let received_at = row.received_at.unwrap_or(self.adjustment.created_at);
        let number = row.batch.clone().unwrap_or_default();
        let item = self.item(row);
        item.on_hand += row.quantity;
        match item.batches.iter_mut().find(|batch| batch.number == number) {
            Some(batch) => batch.quantity += row.quantity,
            None => item.batches.push(Batch { number: number.clone(), received_at, quantity: row.quantity }),
        }
        if item.batches.len() > BATCHES_OF_A_STOCK_ITEM {
            let message =
                format!("A variant has at most {BATCHES_OF_A_STOCK_ITEM} live batches at a location.");
            self.refuse(&at.field("batch_number"), message);
        }
        vec![BatchTake { number, quantity: row.quantity }]
    }

    /// Units leave: out of the named batch, never more than it has, or out of the oldest first.
    fn take(&mut self, at: At, row: &AdjustmentRow) -> Vec<BatchTake> {
        let units = -row.quantity;
        let Some(number) = &row.batch else { return self.item(row).take(units) };
        let item = self.item(row);
        let held = item.batches.iter_mut().find(|batch| batch.number == *number);
        let has = held.as_ref().map_or(0, |batch| batch.quantity);
        match held.filter(|batch| batch.quantity >= units) {
            Some(batch) => {
                batch.quantity -= units;
                item.on_hand -= units;
                item.batches.retain(|batch| batch.quantity > 0);
            }
            None => {
                let message =
                    format!("Batch \"{number}\" has {has} units here; {units} cannot be taken out of it.");
                self.refuse(&at.field("quantity"), message);
            }
        }
        vec![BatchTake { number: number.clone(), quantity: units }]
    }

    /// A serial number comes in if it is nowhere in stock, and leaves if it is in stock here.
    fn move_serials(&mut self, at: At, row: &AdjustmentRow) {
        let here = &self.adjustment.location;
        for number in &row.serial_numbers {
            let key = (row.variant.clone(), number.clone());
            let record = self.serials.get(&key).or_else(|| self.stock.serials.get(&key));
            let state = match (row.quantity > 0, record.map(|record| &record.state)) {
                (true, Some(SerialState::InStock(place))) => {
                    Err(format!("\"{number}\" is in stock at {place} already."))
                }
                (true, Some(SerialState::Sold(_) | SerialState::Removed) | None) => {
                    Ok(SerialState::InStock(here.clone()))
                }
                (false, Some(SerialState::InStock(place))) if place == here => Ok(SerialState::Removed),
                (false, other) => Err(format!("\"{number}\" {}.", not_here(other))),
            };
            match state {
                Ok(state) => {
                    let (variant, number) = key.clone();
                    self.serials.insert(key, SerialNumber { number, variant, state });
                }
                Err(message) => self.refuse(&at.field("serial_numbers"), message),
            }
        }
    }

    fn record(&mut self, row: &AdjustmentRow, batches: &[BatchTake]) {
        let location: LocationId = self.adjustment.location.clone();
        for piece in serials::spread(batches, row.quantity.abs(), &row.serial_numbers) {
            // A movement is one item of the store; their number is refused far below `u32`'s end.
            let part = u32::try_from(self.adjusted.movements.len()).unwrap_or(u32::MAX);
            self.adjusted.movements.push(Movement {
                key: StockKey { location: location.clone(), variant: row.variant.clone() },
                sku: row.sku.clone(),
                quantity: piece.quantity * row.quantity.signum(),
                batch: piece.batch,
                serial_numbers: piece.serial_numbers,
                cause: Cause::Adjustment { adjustment: self.adjustment.id.clone(), part },
                at: self.adjustment.created_at,
            });
        }
    }
}

fn not_here(state: Option<&SerialState>) -> String {
    match state {
        Some(SerialState::InStock(place)) => format!("is in stock at {place}, not here"),
        Some(SerialState::Sold(order)) => format!("left with order {order}"),
        Some(SerialState::Removed) => "was taken out before".to_owned(),
        None => "is not recorded".to_owned(),
    }
}
