//! What a person does to an order besides packing it: an invoice, releasing, deleting and restoring, what
//! is made for its rows, and what came back. (SPEC KS-30 to KS-35, KS-16, CS-03, G-09, OP-10)

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Changes,
    adjust::FieldError,
    booking::{self, Way},
    merchant::reservations,
    period_locked,
};
use crate::{
    event::{DomainEvent, Effect},
    ids::{LocationId, ManufacturingOrderId, RowId, VariantId},
    manufacturing_order::{ManufacturingChange, ManufacturingOrder, ManufacturingStatus},
    organization::Organization,
    sales_order::{Booking, Flag, SalesOrder},
    sales_return::{ReturnStatus, SalesReturn},
    stock::{Batch, Cause, Movement, Stock, StockKey},
    variant::Tracking,
};

fn refused(path: &str, message: impl Into<String>) -> FieldError {
    FieldError { path: path.to_owned(), message: message.into() }
}

/// Marks rows as invoiced; all of them, if none is named. They never change from then on. (SPEC KS-35)
///
/// # Errors
/// If the order is not to be seen, or has no such row.
pub fn invoice(order: &SalesOrder, rows: &BTreeSet<RowId>) -> Result<SalesOrder, FieldError> {
    if !order.is_visible() {
        return Err(refused("sales_order_id", "The order is deleted, or its stock is being booked."));
    }
    if let Some(unknown) = rows.iter().find(|id| !order.rows.iter().any(|row| row.id == **id)) {
        return Err(refused("rows", format!("The order has no row {unknown}.")));
    }
    let mut order = order.clone();
    for row in &mut order.rows {
        row.invoiced |= rows.is_empty() || rows.contains(&row.id);
    }
    Ok(order)
}

/// Deletes an order: what it held is free again, what has left has left. (SPEC G-09, KS-32)
///
/// # Errors
/// If it was made in the locked period, is deleted, or its stock is being booked.
pub fn delete(
    order: &SalesOrder,
    organization: &Organization,
    linked: &[ManufacturingOrder],
    stock: &Stock,
    now: Timestamp,
) -> Result<Changes, FieldError> {
    if !order.is_visible() {
        return Err(refused("sales_order_id", "The order is deleted, or its stock is being booked."));
    }
    if let Some(locked) = period_locked(organization, order.ordered_at) {
        return Err(refused("sales_order_id", locked.message));
    }
    let mut after = order.clone();
    after.deleted_at = Some(now);
    after.flags.remove(&Flag::BroughtBack);
    let (order_id, order_no) = (order.id.clone(), order.order_no.clone());
    let event = DomainEvent::OrderDeleted { order: order_id, order_no };
    let let_go = |made: &ManufacturingOrder| match made.status {
        ManufacturingStatus::NotStarted => ManufacturingChange::Delete(made.id.clone()),
        ManufacturingStatus::WorkInProgress | ManufacturingStatus::Done => {
            ManufacturingChange::Put(ManufacturingOrder { row: None, ..made.clone() })
        }
    };
    let manufacturing_orders = linked.iter().filter(|made| made.row.is_some()).map(let_go).collect();
    let changes =
        Changes { manufacturing_orders, effects: vec![Effect::Announce(event)], ..Changes::default() };
    Ok(hold(order, after, stock, changes))
}

/// Brings back a deleted order on purpose: its open units are held again, and it follows its channel
/// from the next state on. One that was deleted because the channel called it off is flagged, and stays
/// as it is while that lasts: or the next look would delete it again. (SPEC OP-10)
///
/// # Errors
/// If it is not deleted.
pub fn restore(order: &SalesOrder, was_called_off: bool, stock: &Stock) -> Result<Changes, FieldError> {
    if order.deleted_at.is_none() {
        return Err(refused("sales_order_id", "The order is not deleted."));
    }
    let mut after = order.clone();
    after.deleted_at = None;
    if was_called_off {
        after.flags.insert(Flag::BroughtBack);
    }
    let (order_id, order_no) = (order.id.clone(), order.order_no.clone());
    let event = DomainEvent::OrderChanged { order: order_id, order_no };
    let changes = Changes { effects: vec![Effect::Announce(event)], ..Changes::default() };
    Ok(hold(order, after, stock, changes))
}

/// Frees what is held for a row's open units, and clears its place; a row that has none is left as it is.
/// (SPEC CS-03; API "release")
///
/// # Errors
/// If the order is not to be seen, or has no such row with open units.
pub fn release(order: &SalesOrder, row: &RowId, stock: &Stock) -> Result<Changes, FieldError> {
    if !order.is_visible() {
        return Err(refused("sales_order_id", "The order is deleted, or its stock is being booked."));
    }
    let mut after = order.clone();
    let Some(found) = after.rows.iter_mut().find(|found| found.id == *row) else {
        return Err(refused("row_id", format!("The order has no row {row}.")));
    };
    if found.location.take().is_none() {
        return Ok(Changes::default());
    }
    if order.open(found) == 0 {
        let message = format!("All of \"{}\" was packed or delivered; nothing is held for it.", found.sku);
        return Err(refused("row_id", message));
    }
    let (order_id, order_no) = (order.id.clone(), order.order_no.clone());
    let event = DomainEvent::OrderChanged { order: order_id, order_no };
    let changes = Changes { effects: vec![Effect::Announce(event)], ..Changes::default() };
    Ok(hold(order, after, stock, changes))
}

/// Brings what is held to the order as it will be; in chunks if that is much. (SPEC G-05, CS-02)
fn hold(before: &SalesOrder, mut after: SalesOrder, stock: &Stock, mut changes: Changes) -> Changes {
    let steps = reservations(Some(before), &after);
    let besides = changes.manufacturing_orders.len();
    match booking::way(&after, &steps, besides, stock, &BTreeMap::new()) {
        Way::AtOnce(booked) => changes.items = booked.items,
        Way::InChunks(steps_in_a_chunk) => {
            changes.effects.clear();
            after.booking = Booking::Following { plan: steps, steps_in_a_chunk, is_new: false };
        }
        // A step that holds or frees touches one item: it always fits.
        Way::Never(_) => {}
    }
    changes.order = Some(after);
    changes
}

/// Makes a manufacturing order for a row. (SPEC KS-30; API "`manufacturing_orders`")
///
/// # Errors
/// If the order has no such row, the row has one already, or the quantity is none.
pub fn manufacture(
    order: &SalesOrder,
    row: &RowId,
    (id, quantity): (ManufacturingOrderId, i64),
    linked: &[ManufacturingOrder],
    now: Timestamp,
) -> Result<ManufacturingOrder, FieldError> {
    let found = order.rows.iter().find(|found| found.id == *row).filter(|_| order.is_visible());
    let Some(found) = found else {
        return Err(refused("sales_order_row_id", format!("The order has no row {row}.")));
    };
    if let Some(other) = linked.iter().find(|made| made.row.as_ref() == Some(row)) {
        return Err(refused("sales_order_row_id", format!("{} is made for it already.", other.id)));
    }
    if quantity <= 0 {
        return Err(refused("quantity", "Give the units to be made."));
    }
    Ok(ManufacturingOrder {
        id,
        order: order.id.clone(),
        row: Some(row.clone()),
        variant: found.variant.clone(),
        sku: found.sku.clone(),
        quantity,
        status: ManufacturingStatus::NotStarted,
        created_at: now,
    })
}

/// Changes a manufacturing order: its status goes forward, its quantity changes while nothing was done.
///
/// # Errors
/// The field that is wrong.
pub fn change_manufacturing(
    made: &ManufacturingOrder,
    status: Option<ManufacturingStatus>,
    quantity: Option<i64>,
) -> Result<ManufacturingOrder, FieldError> {
    let mut after = made.clone();
    if let Some(quantity) = quantity.filter(|quantity| *quantity != made.quantity) {
        if made.status != ManufacturingStatus::NotStarted {
            return Err(refused("quantity", "Work on it has begun; its quantity does not change."));
        }
        if quantity <= 0 {
            return Err(refused("quantity", "Give the units to be made."));
        }
        after.quantity = quantity;
    }
    if let Some(status) = status {
        if status < made.status {
            return Err(refused("status", format!("It is {} already.", made.status.as_str())));
        }
        after.status = status;
    }
    Ok(after)
}

/// The goods of a return order are here: they are in stock again, each row once. Units of a batch-tracked
/// variant come back into a batch of the return's number.
///
/// # Errors
/// If it was received or called off before, or its day lies in the locked period.
pub fn receive(
    known: &SalesReturn,
    (location, now): (&LocationId, Timestamp),
    organization: &Organization,
    stock: &Stock,
    (tracking, services): (&BTreeMap<VariantId, Tracking>, &BTreeSet<VariantId>),
) -> Result<Changes, FieldError> {
    if known.status != ReturnStatus::Open {
        return Err(refused("status", format!("The return is {}.", known.status.as_str())));
    }
    if let Some(locked) = period_locked(organization, now) {
        return Err(refused("received_at", locked.message));
    }
    let mut changes = Changes::default();
    // A service left from nowhere, and comes back to nowhere.
    let goods = (0..).zip(&known.rows).filter(|(_, row)| !services.contains(&row.variant));
    for (part, row) in goods {
        let key = StockKey { location: location.clone(), variant: row.variant.clone() };
        let item = changes.items.entry(key.clone()).or_insert_with_key(|key| stock.item(key));
        item.on_hand += row.quantity;
        let in_batches = tracking.get(&row.variant) == Some(&Tracking::Batch);
        let batch = in_batches.then(|| known.number.clone());
        if let Some(number) = &batch {
            match item.batches.iter_mut().find(|batch| batch.number == *number) {
                Some(batch) => batch.quantity += row.quantity,
                None => item.batches.push(Batch {
                    number: number.clone(),
                    received_at: now,
                    quantity: row.quantity,
                }),
            }
        }
        changes.movements.push(Movement {
            key,
            sku: row.sku.clone(),
            quantity: row.quantity,
            batch,
            serial_numbers: Vec::new(),
            cause: Cause::Return { sales_return: known.id.clone(), part },
            at: now,
        });
    }
    changes.returns.push(SalesReturn { status: ReturnStatus::Received, ..known.clone() });
    Ok(changes)
}
