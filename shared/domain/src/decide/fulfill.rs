//! What a person (or a rule of ours) packs or delivers: stock moves once, at packed or at delivered, and
//! the shop that took the order is told. (SPEC KS-41, KS-47, G-09, G-10; API "fulfillments")

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Changes,
    adjust::FieldError,
    booking::{self, Booked, Way},
    merchant::reservations,
    period_locked, push, serials,
};
use crate::{
    connection::Connection,
    event::{DomainEvent, Effect},
    ids::{FulfillmentId, LocationId, VariantId},
    limits::ITEMS_IN_ONE_CHUNK,
    organization::Organization,
    sales_order::{
        Booking, Fulfillment, FulfillmentBy, FulfillmentRow, FulfillmentStatus, OrderStatus, Row, SalesOrder,
        StockStep, Tracking as Parcel, TrackingPatch,
    },
    stock::{SerialState, Stock, StockKey},
    variant::Tracking,
};

/// What is known when something is packed or delivered here.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The merchant.
    pub organization: &'a Organization,
    /// The connection that the order came from; `None` for one made in Weir, which is told to no shop.
    pub connection: Option<&'a Connection>,
    /// The stock of the order's variants at their rows' places.
    pub stock: &'a Stock,
    /// What is recorded of each variant.
    pub tracking: &'a BTreeMap<VariantId, Tracking>,
    /// Which of the variants are services: they leave from nowhere.
    pub services: &'a BTreeSet<VariantId>,
    /// Now.
    pub now: Timestamp,
}

/// What is to be packed or delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFulfillment {
    /// Its id.
    pub id: FulfillmentId,
    /// Packed or delivered.
    pub status: FulfillmentStatus,
    /// Which rows, how many units of each, and which serial numbers. Units go out of the batches that are
    /// named; what no name covers goes first in, first out.
    pub rows: Vec<FulfillmentRow>,
    /// The parcel.
    pub tracking: Option<Parcel>,
    /// When it leaves.
    pub shipped_at: Timestamp,
}

/// Packs or delivers rows of an order.
///
/// # Errors
/// The fields that are wrong; then nothing of it is booked.
pub fn fulfill(
    order: &SalesOrder,
    new: &NewFulfillment,
    here: &Here<'_>,
) -> Result<Changes, Vec<FieldError>> {
    let errors = check(order, new, here);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut plan = order.clone();
    plan.fulfillments.push(Fulfillment {
        id: new.id.clone(),
        status: new.status,
        rows: new.rows.clone(),
        tracking: new.tracking.clone(),
        by: FulfillmentBy::Weir,
        moves_stock: true,
        at_channel: Vec::new(),
        shipped_at: new.shipped_at,
        created_at: here.now,
    });
    plan.settle();
    let mut steps: Vec<StockStep> = Vec::new();
    // What is named leaves first: no row before it may take that very batch.
    let (named, rest): (Vec<_>, Vec<_>) = new.rows.iter().partition(|part| !part.batches.is_empty());
    for part in named.into_iter().chain(rest) {
        let row = plan.rows.iter().find(|row| row.id == part.row);
        if let Some(location) = row.and_then(|row| place(row, here.connection, here.services)) {
            let (fulfillment, row, location) = (new.id.clone(), part.row.clone(), location.clone());
            steps.push(StockStep::Leave { fulfillment, row, location });
        }
    }
    steps.extend(reservations(Some(order), &plan));
    let mut changes = Changes::default();
    match booking::way(&plan, &steps, 0, here.stock, here.tracking) {
        Way::AtOnce(booked) => {
            let after = booking::finish_following(&plan, &steps, std::slice::from_ref(&booked));
            let Booked { movements, items, serials, .. } = booked;
            (changes.movements, changes.items, changes.serials) = (movements, items, serials);
            changes.effects = messages(order, &after);
            changes.effects.extend(push::wanted(&after, &new.id, here.connection));
            changes.order = Some(after);
        }
        Way::InChunks(steps_in_a_chunk) => {
            let booking = Booking::Following { plan: steps, steps_in_a_chunk, is_new: false };
            changes.order = Some(SalesOrder { booking, ..plan });
        }
        Way::Never(touched) => {
            let message = format!(
                "A row touches {touched} batches and serial numbers; {ITEMS_IN_ONE_CHUNK} can be booked at \
                 once. Fulfil it in several parts."
            );
            return Err(vec![FieldError { path: "rows".to_owned(), message }]);
        }
    }
    Ok(changes)
}

/// From where a row's units leave: its own place; of one that was released the connection's. A service
/// leaves from nowhere.
#[must_use]
pub fn place<'a>(
    row: &'a Row,
    connection: Option<&'a Connection>,
    services: &BTreeSet<VariantId>,
) -> Option<&'a LocationId> {
    let is_product = !services.contains(&row.variant);
    let default = connection.and_then(|connection| connection.default_location.as_ref());
    row.location.as_ref().or(default.filter(|_| is_product))
}

/// Notes the parcel of a fulfillment, here alone: the shop hears of a parcel once. (SPEC KS-43)
///
/// # Errors
/// If the order is not to be seen, or has no such fulfillment.
pub fn track(
    order: &SalesOrder,
    id: &FulfillmentId,
    parcel: &TrackingPatch,
) -> Result<SalesOrder, FieldError> {
    let refused = |message: String| FieldError { path: "tracking".to_owned(), message };
    if !order.is_visible() {
        return Err(refused("The order is deleted, or its stock is being booked.".to_owned()));
    }
    let mut after = order.clone();
    let found = after.fulfillments.iter_mut().find(|found| found.id == *id);
    let found = found.ok_or_else(|| refused(format!("The order has no fulfillment {id}.")))?;
    found.tracking = parcel.applied(found.tracking.as_ref());
    Ok(after)
}

/// Delivers what was packed. Its stock moved then, and the shop was told then: neither happens a second
/// time. (SPEC KS-41)
///
/// # Errors
/// If the order has no such fulfillment that is packed.
pub fn deliver_packed(order: &SalesOrder, id: &FulfillmentId) -> Result<Changes, FieldError> {
    let mut after = order.clone();
    let refused = |message: String| FieldError { path: "status".to_owned(), message };
    if !order.is_visible() {
        return Err(refused("The order is deleted, or its stock is being booked.".to_owned()));
    }
    let found = after.fulfillments.iter_mut().find(|found| found.id == *id);
    match found {
        None => return Err(refused(format!("The order has no fulfillment {id}."))),
        Some(found) if found.status == FulfillmentStatus::Delivered => {
            return Err(refused("It was delivered before.".to_owned()));
        }
        Some(found) => found.status = FulfillmentStatus::Delivered,
    }
    after.settle();
    let effects = messages(order, &after);
    Ok(Changes { order: Some(after), effects, ..Changes::default() })
}

fn messages(before: &SalesOrder, after: &SalesOrder) -> Vec<Effect> {
    let (order, order_no) = (after.id.clone(), after.order_no.clone());
    let is_delivered = |order: &SalesOrder| order.status == OrderStatus::Delivered;
    let event = match is_delivered(after) && !is_delivered(before) {
        true => DomainEvent::OrderDelivered { order, order_no },
        false => DomainEvent::OrderChanged { order, order_no },
    };
    vec![Effect::Announce(event)]
}

fn check(order: &SalesOrder, new: &NewFulfillment, here: &Here<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |path: &str, message: String| errors.push(FieldError { path: path.to_owned(), message });
    if !order.is_visible() {
        refuse("sales_order_id", "The order is deleted, or its stock is being booked.".to_owned());
    }
    if order.fulfillments.iter().any(|known| known.id == new.id) {
        refuse("id", format!("The order has a fulfillment {} already.", new.id));
    }
    // A list without rows would mean all of them to some shops.
    if new.rows.is_empty() {
        refuse("rows", "Give at least one row.".to_owned());
    }
    if let Some(locked) = period_locked(here.organization, new.shipped_at) {
        refuse("shipped_at", locked.message);
    }
    let (mut seen, mut named, mut numbers) = (BTreeSet::new(), Named::new(), BTreeSet::new());
    for (index, part) in new.rows.iter().enumerate() {
        let field = |name: &str| format!("rows[{index}].{name}");
        let Some(row) = order.rows.iter().find(|row| row.id == part.row) else {
            refuse(&field("row_id"), format!("The order has no row {}.", part.row));
            continue;
        };
        let open = order.open(row);
        if !seen.insert(&part.row) {
            refuse(&field("row_id"), "The row is named twice.".to_owned());
        }
        if part.quantity <= 0 || part.quantity > open {
            refuse(&field("quantity"), format!("\"{}\" has {open} open units.", row.sku));
        }
        let given = u64::try_from(part.serial_numbers.len()).unwrap_or(u64::MAX);
        if given > part.quantity.unsigned_abs()
            || part.serial_numbers.iter().any(|text| !serials::is_valid(text))
        {
            refuse(&field("serial_numbers"), "Give at most one serial number for each unit.".to_owned());
        }
        let from = place(row, here.connection, here.services);
        if from.is_none() && !here.services.contains(&row.variant) {
            let message =
                format!("\"{}\" lies at no place. Give its connection a default location.", row.sku);
            refuse(&field("row_id"), message);
        }
        let part = Part { row, part, from };
        let mut wrong = wrong_batches(&part, &mut named, here);
        wrong.extend(wrong_serials(&part, &mut numbers, here));
        for (name, message) in wrong {
            refuse(&field(&name), message);
        }
    }
    errors
}

/// A row's part of what is to be packed, with the place it leaves from.
struct Part<'a> {
    row: &'a Row,
    part: &'a FulfillmentRow,
    from: Option<&'a LocationId>,
}

/// Units that were named of each batch so far, by place, variant and number.
type Named<'a> = BTreeMap<(StockKey, &'a str), i64>;

/// What is wrong with the batches that a person named: fields of the row, and sentences. What is there at
/// that moment decides, because a batch never goes below zero. (SPEC G-10)
fn wrong_batches<'a>(part: &Part<'a>, named: &mut Named<'a>, here: &Here<'_>) -> Vec<(String, String)> {
    let (sku, batches) = (&part.row.sku, &part.part.batches);
    let mut wrong = Vec::new();
    if batches.is_empty() {
        return wrong;
    }
    let is_in_batches = here.tracking.get(&part.row.variant) == Some(&Tracking::Batch);
    let Some(location) = part.from.filter(|_| is_in_batches) else {
        let message = format!("\"{sku}\" is not recorded in batches.");
        return vec![("batch_transactions".to_owned(), message)];
    };
    let key = StockKey { location: location.clone(), variant: part.row.variant.clone() };
    let item = here.stock.item(&key);
    for (index, take) in batches.iter().enumerate() {
        let mut refuse = |field: &str, message: String| {
            wrong.push((format!("batch_transactions[{index}].{field}"), message));
        };
        let Some(batch) = item.batches.iter().find(|batch| batch.number == take.number) else {
            refuse("batch_number", format!("There is no batch \"{}\" of \"{sku}\" there.", take.number));
            continue;
        };
        let sum = named.entry((key.clone(), &take.number)).or_insert(0);
        *sum = sum.saturating_add(take.quantity.max(0));
        if take.quantity <= 0 || *sum > batch.quantity {
            refuse("quantity", format!("Batch \"{}\" has {} units there.", batch.number, batch.quantity));
        }
    }
    let all = batches.iter().fold(0_i64, |sum, take| sum.saturating_add(take.quantity));
    if all > part.part.quantity {
        let message = format!("They are more than the {} units of the row.", part.part.quantity);
        wrong.push(("batch_transactions".to_owned(), message));
    }
    wrong
}

/// What is wrong with the serial numbers that a person gave: a unit is in one place, and sold once.
fn wrong_serials<'a>(
    part: &Part<'a>,
    numbers: &mut BTreeSet<(&'a VariantId, &'a str)>,
    here: &Here<'_>,
) -> Vec<(String, String)> {
    let variant = &part.row.variant;
    let mut wrong = Vec::new();
    for (index, number) in part.part.serial_numbers.iter().enumerate() {
        let record = here.stock.serials.get(&(variant.clone(), number.clone()));
        let why = match record.map(|record| &record.state) {
            _ if !numbers.insert((variant, number)) => Some("is given twice".to_owned()),
            Some(SerialState::InStock(place)) if Some(place) != part.from => {
                Some(format!("is recorded at {place}"))
            }
            Some(SerialState::Sold(order)) => Some(format!("left with order {order} before")),
            Some(SerialState::Removed) => Some("was taken out of the books".to_owned()),
            Some(SerialState::InStock(_)) | None => None,
        };
        if let Some(why) = why {
            wrong.push((format!("serial_numbers[{index}]"), format!("\"{number}\" {why}.")));
        }
    }
    wrong
}
