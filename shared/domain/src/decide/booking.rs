//! Booking what has physically left: stock, batches, serial numbers. One transaction for a common
//! order; chunk by chunk for a big one. (SPEC G-05, G-10, KF-07 to KF-12)

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{push, serials, words};
use crate::{
    connection::Connection,
    event::{DomainEvent, Effect},
    ids::{FulfillmentId, LocationId, RowId, SalesOrderId, VariantId},
    limits::{ITEMS_BESIDES_STOCK, ITEMS_IN_ONE_CHUNK, ITEMS_IN_ONE_COMMIT, ROWS_IN_A_CHUNK},
    outcome::Because,
    sales_order::{Booking, Flag, Fulfillment, FulfillmentRow, OrderStatus, Row, SalesOrder, StockStep},
    stock::{BatchTake, Cause, Movement, SerialNumber, SerialState, Stock, StockItem, StockKey},
    variant::Tracking,
};

/// The attribute of a row that holds serial numbers which could not be booked, comma separated. (SPEC KF-12)
pub const SERIAL_NUMBERS_ATTRIBUTE: &str = "serial_numbers";

/// Movements of one row that a fulfillment has room for: one for each live batch of a stock item, and
/// one for what had none. Each fulfillment of an order numbers its movements from a multiple of it.
const PARTS_OF_A_FULFILLMENT: u32 = 4_096;

/// What booking some rows of an order's fulfillment leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// The fulfillment's rows with the batches and serial numbers that were taken.
    pub rows: Vec<FulfillmentRow>,
    /// One movement for each batch, and one for what had none.
    pub movements: Vec<Movement>,
    /// Stock items as they will be.
    pub items: BTreeMap<StockKey, StockItem>,
    /// Serial numbers as they will be.
    pub serials: Vec<SerialNumber>,
    /// Row attributes to be added: serial numbers without a record. (SPEC KF-12)
    pub attributes: BTreeMap<RowId, BTreeMap<String, String>>,
    /// What to flag the order with.
    pub flags: BTreeSet<Flag>,
    /// Why.
    pub because: Vec<Because>,
}

impl Booked {
    /// How many items of the store a commit of this touches.
    #[must_use]
    pub fn touched(&self) -> usize {
        self.movements.len() + self.items.len() + self.serials.len()
    }
}

/// How many chunks the plan of a big order has, with so many rows in each.
#[must_use]
pub fn chunks(rows: usize, rows_in_a_chunk: usize) -> u32 {
    u32::try_from(rows.div_ceil(rows_in_a_chunk.max(1))).unwrap_or(u32::MAX)
}

/// The rows of the order's only fulfillment that chunk `chunk` books: whose stock and serial numbers
/// have to be read for it. The plan says how many chunks there are.
#[must_use]
pub fn rows_of_chunk(order: &SalesOrder, chunk: u32) -> &[FulfillmentRow] {
    let Booking::Committing { chunks } = order.booking else { return &[] };
    let rows = order.fulfillments.first().map_or(&[][..], |fulfillment| &fulfillment.rows);
    let (chunk, chunks) =
        (usize::try_from(chunk).unwrap_or(usize::MAX), usize::try_from(chunks).unwrap_or(usize::MAX));
    rows.chunks(rows.len().div_ceil(chunks.max(1)).max(1)).nth(chunk).unwrap_or(&[])
}

/// Books chunk `chunk` of the order's only fulfillment, as a big order's plan is carried out.
/// `tracking` says what is recorded of each variant; one that is not in it (its SKU was changed in
/// between) is booked as its stock shows. A row without a location is a service's and moves no stock.
#[must_use]
pub fn book_chunk(
    order: &SalesOrder,
    chunk: u32,
    stock: &Stock,
    tracking: &BTreeMap<VariantId, Tracking>,
) -> Booked {
    book(order, rows_of_chunk(order, chunk), stock, tracking)
}

/// The order once all of its chunks are booked: visible, with what each chunk took.
#[must_use]
pub fn finish(order: &SalesOrder, chunks: &[Booked]) -> SalesOrder {
    let mut order = order.clone();
    order.booking = Booking::Complete;
    if let Some(fulfillment) = order.fulfillments.first_mut() {
        fulfillment.rows = chunks.iter().flat_map(|booked| booked.rows.iter().cloned()).collect();
    }
    for booked in chunks {
        order.flags.extend(&booked.flags);
        for row in &mut order.rows {
            if let Some(attributes) = booked.attributes.get(&row.id) {
                row.attributes.extend(attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
    }
    order
}

/// What the outcome of an order says about its stock once all of its chunks are booked.
#[must_use]
pub fn because(chunks: &[Booked]) -> Vec<Because> {
    words::cap(chunks.iter().flat_map(|booked| booked.because.iter().cloned()).collect())
}

/// The one message with which a booked order becomes known. It is sent by the commit that makes the
/// order visible: the only one of a common order, the last one of a big one.
#[must_use]
pub fn announcement(order: &SalesOrder) -> Effect {
    Effect::Announce(DomainEvent::OrderImported { order: order.id.clone(), order_no: order.order_no.clone() })
}

/// Books rows of the order's only fulfillment, one after the other: a later row meets what an
/// earlier one left.
pub(super) fn book(
    order: &SalesOrder,
    plan: &[FulfillmentRow],
    stock: &Stock,
    tracking: &BTreeMap<VariantId, Tracking>,
) -> Booked {
    let rows: BTreeMap<&RowId, &Row> = order.rows.iter().map(|row| (&row.id, row)).collect();
    let at = order.fulfillments.first().map_or(order.created_at, |fulfillment| fulfillment.shipped_at);
    let mut leaving =
        Leaving { order: &order.id, at, stock, serials: BTreeMap::new(), booked: Booked::default() };
    for planned in plan {
        let row = rows.get(&planned.row).copied();
        let done = match row.and_then(|row| Some((row, row.location.as_ref()?))) {
            Some((row, location)) => {
                let known = tracking.get(&row.variant).copied();
                let tracking = known.unwrap_or_else(|| leaving.shown_by_stock(row, location));
                leaving.book_row(row, location, planned, tracking, 0)
            }
            None => planned.clone(),
        };
        leaving.booked.rows.push(done);
    }
    leaving.booked.serials = leaving.serials.into_values().collect();
    leaving.booked.because = words::cap(leaving.booked.because);
    leaving.booked
}

/// Carries out steps of an order's plan, one after the other. `order` is the order as it will be.
#[must_use]
pub fn follow(
    order: &SalesOrder,
    steps: &[StockStep],
    stock: &Stock,
    tracking: &BTreeMap<VariantId, Tracking>,
) -> Booked {
    let at = order.created_at;
    let mut leaving =
        Leaving { order: &order.id, at, stock, serials: BTreeMap::new(), booked: Booked::default() };
    for step in steps {
        match step {
            StockStep::Leave { fulfillment, row, location } => {
                let Some((number, found)) = numbered(order, fulfillment) else { continue };
                let planned = found.rows.iter().find(|part| part.row == *row);
                let of_order = order.rows.iter().find(|of_order| of_order.id == *row);
                let (Some(planned), Some(row)) = (planned, of_order) else { continue };
                leaving.at = found.shipped_at;
                let known = tracking.get(&row.variant).copied();
                let tracking = known.unwrap_or_else(|| leaving.shown_by_stock(row, location));
                let first_part = number.saturating_mul(PARTS_OF_A_FULFILLMENT);
                let done = leaving.book_row(row, location, planned, tracking, first_part);
                leaving.booked.rows.push(done);
            }
            StockStep::Reserve { key, quantity } => {
                let items = &mut leaving.booked.items;
                let item = items.entry(key.clone()).or_insert_with_key(|key| leaving.stock.item(key));
                item.reserved = (item.reserved + quantity).max(0);
            }
        }
    }
    leaving.booked.serials = leaving.serials.into_values().collect();
    leaving.booked.because = words::cap(leaving.booked.because);
    leaving.booked
}

fn numbered<'a>(order: &'a SalesOrder, id: &FulfillmentId) -> Option<(u32, &'a Fulfillment)> {
    (0..).zip(&order.fulfillments).find(|(_, fulfillment)| fulfillment.id == *id)
}

/// The steps of chunk `chunk` of a big order's plan: whose stock has to be read for it.
#[must_use]
pub fn steps_of_chunk(order: &SalesOrder, chunk: u32) -> &[StockStep] {
    let Booking::Following { plan, steps_in_a_chunk, .. } = &order.booking else { return &[] };
    let size = usize::try_from((*steps_in_a_chunk).max(1)).unwrap_or(usize::MAX);
    plan.chunks(size).nth(usize::try_from(chunk).unwrap_or(usize::MAX)).unwrap_or(&[])
}

/// How many chunks the plan of a big order that the merchant ships has.
#[must_use]
pub fn chunks_of_plan(order: &SalesOrder) -> u32 {
    match &order.booking {
        Booking::Complete => 0,
        Booking::Committing { chunks } => *chunks,
        Booking::Following { plan, steps_in_a_chunk, .. } => {
            chunks(plan.len(), usize::try_from(*steps_in_a_chunk).unwrap_or(usize::MAX))
        }
    }
}

/// The order once its plan is carried out: visible, with what each step took. `steps` are those that
/// were carried out, in their order; `parts` what each chunk of them left behind.
#[must_use]
pub fn finish_following(order: &SalesOrder, steps: &[StockStep], parts: &[Booked]) -> SalesOrder {
    let mut order = order.clone();
    order.booking = Booking::Complete;
    let leaves = steps.iter().filter_map(|step| match step {
        StockStep::Leave { fulfillment, row, .. } => Some((fulfillment, row)),
        StockStep::Reserve { .. } => None,
    });
    let taken = parts.iter().flat_map(|part| &part.rows);
    for ((fulfillment, row), taken) in leaves.zip(taken) {
        let found = order.fulfillments.iter_mut().find(|found| found.id == *fulfillment);
        let rows = found.into_iter().flat_map(|found| &mut found.rows);
        for part in rows.filter(|part| part.row == *row) {
            *part = taken.clone();
        }
    }
    for part in parts {
        order.flags.extend(&part.flags);
        for row in &mut order.rows {
            if let Some(attributes) = part.attributes.get(&row.id) {
                row.attributes.extend(attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
    }
    order
}

/// The messages with which a big order that the merchant ships becomes known, once its plan is carried
/// out: those that a smaller one sends with its commit. `plan` is the order as it was planned;
/// `connection` the one that it came from.
#[must_use]
pub fn planned_messages(plan: &SalesOrder, connection: Option<&Connection>) -> Vec<Effect> {
    let Booking::Following { plan: steps, is_new, .. } = &plan.booking else { return Vec::new() };
    let (order, order_no) = (plan.id.clone(), plan.order_no.clone());
    if *is_new {
        return vec![Effect::Announce(DomainEvent::OrderImported { order, order_no })];
    }
    if plan.deleted_at.is_some() {
        return vec![Effect::Announce(DomainEvent::OrderDeleted { order, order_no })];
    }
    let leaving: BTreeSet<&FulfillmentId> = steps
        .iter()
        .filter_map(|step| match step {
            StockStep::Leave { fulfillment, .. } => Some(fulfillment),
            StockStep::Reserve { .. } => None,
        })
        .collect();
    let event = match plan.status == OrderStatus::Delivered && !leaving.is_empty() {
        true => DomainEvent::OrderDelivered { order, order_no },
        false => DomainEvent::OrderChanged { order, order_no },
    };
    let mut messages = vec![Effect::Announce(event)];
    messages.extend(leaving.into_iter().filter_map(|id| push::wanted(plan, id, connection)));
    messages
}

/// Steps in a chunk that are tried, the most first: where steps touch very many batches, fewer of
/// them fit into one transaction.
const CHUNK_SIZES: [usize; 5] = [ROWS_IN_A_CHUNK, 10, 5, 2, 1];

/// How an order's steps are carried out.
pub(super) enum Way {
    /// With the order, in one transaction.
    AtOnce(Booked),
    /// As a plan, with so many steps in each chunk.
    InChunks(u32),
    /// Not at all: one step alone touches so many items.
    Never(usize),
}

/// Finds how steps can be carried out; `besides` are the touched items that are no stock. (SPEC G-05)
pub(super) fn way(
    order: &SalesOrder,
    steps: &[StockStep],
    besides: usize,
    stock: &Stock,
    tracking: &BTreeMap<VariantId, Tracking>,
) -> Way {
    let whole = follow(order, steps, stock, tracking);
    if whole.touched() + besides + ITEMS_BESIDES_STOCK <= ITEMS_IN_ONE_COMMIT {
        return Way::AtOnce(whole);
    }
    let mut most = 0;
    for size in CHUNK_SIZES {
        let mut after = stock.clone();
        most = 0;
        for chunk in steps.chunks(size) {
            let booked = follow(order, chunk, &after, tracking);
            most = most.max(booked.touched());
            after.absorb(&booked.items, &booked.serials);
        }
        if most <= ITEMS_IN_ONE_CHUNK {
            return Way::InChunks(u32::try_from(size).unwrap_or(u32::MAX));
        }
    }
    Way::Never(most)
}

/// Rows on their way out: the stock that was read, and over it what the rows before left behind.
struct Leaving<'a> {
    order: &'a SalesOrderId,
    at: Timestamp,
    stock: &'a Stock,
    serials: BTreeMap<(VariantId, String), SerialNumber>,
    booked: Booked,
}

impl Leaving<'_> {
    /// What is recorded of a variant that nobody knows any more: batches, if it lies in batches.
    fn shown_by_stock(&self, row: &Row, location: &LocationId) -> Tracking {
        let key = StockKey { location: location.clone(), variant: row.variant.clone() };
        let in_batches = self.stock.items.get(&key).is_some_and(|item| !item.batches.is_empty());
        if in_batches { Tracking::Batch } else { Tracking::None }
    }

    fn book_row(
        &mut self,
        row: &Row,
        location: &LocationId,
        planned: &FulfillmentRow,
        tracking: Tracking,
        first_part: u32,
    ) -> FulfillmentRow {
        let serial_numbers = self.take_serials(row, location, planned, tracking);
        let batches = self.take_stock(row, location, planned, tracking);
        let key = StockKey { location: location.clone(), variant: row.variant.clone() };
        let movements = serials::spread(&batches, planned.quantity, &serial_numbers);
        for (part, piece) in (first_part..).zip(movements) {
            self.booked.movements.push(Movement {
                key: key.clone(),
                sku: row.sku.clone(),
                quantity: -piece.quantity,
                batch: piece.batch,
                serial_numbers: piece.serial_numbers,
                cause: Cause::Delivery { order: self.order.clone(), row: row.id.clone(), part },
                at: self.at,
            });
        }
        FulfillmentRow { row: row.id.clone(), quantity: planned.quantity, batches, serial_numbers }
    }

    /// Takes the units out of the stock item; what has left is booked whatever the books say.
    fn take_stock(
        &mut self,
        row: &Row,
        location: &LocationId,
        planned: &FulfillmentRow,
        tracking: Tracking,
    ) -> Vec<BatchTake> {
        let quantity = planned.quantity;
        let key = StockKey { location: location.clone(), variant: row.variant.clone() };
        let item = self.booked.items.entry(key).or_insert_with_key(|key| self.stock.item(key));
        let batches = match tracking {
            Tracking::Batch => item.take_named(&planned.batches, quantity),
            Tracking::None | Tracking::Serial => {
                item.on_hand -= quantity;
                Vec::new()
            }
        };
        let on_hand = item.on_hand;
        let without = quantity - batches.iter().map(|take| take.quantity).sum::<i64>();
        if tracking == Tracking::Batch && without > 0 {
            let message = format!(
                "\"{}\": its batches did not cover {without} of {quantity}; booked without.",
                row.sku
            );
            self.flag(Flag::MissingTrackingData, "batches_missing", message);
        }
        if on_hand < 0 {
            let message = format!("\"{}\": more left than was on hand; on hand is now {on_hand}.", row.sku);
            self.flag(Flag::NegativeStock, "negative_stock", message);
        }
        batches
    }

    /// Sorts the serial numbers that the channel gave into those that are booked, which it returns,
    /// and those that are kept as an attribute of the row. (SPEC KF-11, KF-12)
    fn take_serials(
        &mut self,
        row: &Row,
        location: &LocationId,
        planned: &FulfillmentRow,
        tracking: Tracking,
    ) -> Vec<String> {
        let given: Vec<&String> =
            planned.serial_numbers.iter().filter(|text| !text.trim().is_empty()).collect();
        let units = usize::try_from(planned.quantity).unwrap_or(0);
        let (mut taken, mut new, mut kept, mut refused) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for number in given {
            if taken.len() >= units {
                refused.push(format!("\"{number}\" is one more than units left"));
                continue;
            }
            match self.find(row, location, number, tracking) {
                Found::Here => self.sell(row, number, &mut taken),
                Found::New => {
                    self.sell(row, number, &mut taken);
                    new.push(number.as_str());
                }
                Found::Unrecorded => kept.push(number.as_str()),
                Found::Elsewhere(why) => refused.push(format!("\"{number}\" {why}")),
            }
        }
        self.explain_serials(row, &new, &kept, &refused);
        if tracking == Tracking::Serial && taken.len() < units {
            let missing = units - taken.len();
            let message = format!("\"{}\": serial numbers of {missing} of {units} are not known.", row.sku);
            self.flag(Flag::MissingTrackingData, "serial_numbers_missing", message);
        }
        let unbooked: Vec<&str> = planned
            .serial_numbers
            .iter()
            .filter(|number| !number.trim().is_empty() && !taken.contains(*number))
            .map(String::as_str)
            .collect();
        if !unbooked.is_empty() {
            let attributes = self.booked.attributes.entry(row.id.clone()).or_default();
            attributes.insert(SERIAL_NUMBERS_ATTRIBUTE.to_owned(), unbooked.join(","));
        }
        taken
    }

    fn find(&self, row: &Row, location: &LocationId, number: &str, tracking: Tracking) -> Found {
        let key = (row.variant.clone(), number.to_owned());
        let record = self.serials.get(&key).or_else(|| self.stock.serials.get(&key));
        match (record.map(|record| &record.state), tracking) {
            (Some(SerialState::InStock(place)), _) if place == location => Found::Here,
            (Some(SerialState::InStock(place)), _) => Found::Elsewhere(format!("is recorded at {place}")),
            (Some(SerialState::Sold(order)), _) if order == self.order => {
                Found::Elsewhere("is in this order already".to_owned())
            }
            (Some(SerialState::Sold(order)), _) => {
                Found::Elsewhere(format!("left with order {order} before"))
            }
            (Some(SerialState::Removed), _) => Found::Elsewhere("was taken out of the books".to_owned()),
            (None, _) if !serials::is_valid(number) => {
                Found::Elsewhere("cannot be a serial number".to_owned())
            }
            (None, Tracking::Serial) => Found::New,
            (None, Tracking::None | Tracking::Batch) => Found::Unrecorded,
        }
    }

    fn sell(&mut self, row: &Row, number: &str, taken: &mut Vec<String>) {
        let record = SerialNumber {
            number: number.to_owned(),
            variant: row.variant.clone(),
            state: SerialState::Sold(self.order.clone()),
        };
        self.serials.insert((row.variant.clone(), number.to_owned()), record);
        taken.push(number.to_owned());
    }

    fn explain_serials(&mut self, row: &Row, new: &[&str], kept: &[&str], refused: &[String]) {
        let sku = &row.sku;
        if !new.is_empty() {
            let names = words::quoted(new.iter().copied());
            let message = format!("\"{sku}\": never recorded as in stock, recorded as sold now: {names}.");
            self.flag(Flag::MissingTrackingData, "serial_numbers_new", message);
        }
        if !kept.is_empty() {
            let names = words::quoted(kept.iter().copied());
            let message = format!("\"{sku}\": serial numbers without a record, kept with the row: {names}.");
            self.flag(Flag::MissingTrackingData, "serial_numbers_unrecorded", message);
        }
        if !refused.is_empty() {
            let names = words::list(refused);
            let message = format!("\"{sku}\": serial numbers that could not be booked: {names}.");
            self.flag(Flag::MissingTrackingData, "serial_numbers_refused", message);
        }
    }

    fn flag(&mut self, flag: Flag, code: &str, message: String) {
        self.booked.flags.insert(flag);
        self.booked.because.push(Because::new(code, message));
    }
}

/// What is known of a serial number that the channel gave.
enum Found {
    /// It is in stock where the row is taken from.
    Here,
    /// It was never recorded, and its variant's units are recorded one by one.
    New,
    /// It was never recorded, and needs no record.
    Unrecorded,
    /// It cannot have left from there now.
    Elsewhere(String),
}
