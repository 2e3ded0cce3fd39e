//! What is packed or delivered here, brought to the shop that took the order: planned upon the shop's
//! state as it is at that moment, because creating a fulfillment there twice makes two. (SPEC KS-41,
//! KS-43, KS-45, KS-46; RELIABILITY §3)

use std::collections::BTreeMap;

use super::{merchant, words};
use crate::{
    channel_order::{
        ChannelLine, ChannelOrder,
        shop::{FulfillmentOrder, FulfillmentOrderLine, PaymentState, Stage},
    },
    connection::Connection,
    event::Effect,
    ids::{FulfillmentId, RowId},
    sales_order::{ChannelPart, Flag, Fulfillment, FulfillmentBy, OrderStatus, Row, SalesOrder, Tracking},
};

/// What has to be done at the shop for one fulfillment of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct PushPlan {
    /// One call each: the parts of one place of the shop.
    pub calls: Vec<PushCall>,
    /// The order with what the shop was found to have of it already; the same if there is nothing new.
    pub order: SalesOrder,
    /// Whether units of it are picked up: somebody has to note that in the shop, and the order is flagged
    /// so. (SPEC KS-45)
    pub is_picked_up: bool,
    /// Units for which the shop has nothing open, in words.
    pub missing: Vec<String>,
}

/// One fulfillment to be created at the shop. All of its fulfillment orders are of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushCall {
    /// The shop's id of the place.
    pub location: Option<String>,
    /// Units of each fulfillment order.
    pub parts: Vec<PushPart>,
    /// The parcel, which goes along once. (SPEC KS-43)
    pub tracking: Option<Tracking>,
}

/// Units of one fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushPart {
    /// The shop's id of the fulfillment order.
    pub fulfillment_order: String,
    /// Its units: never none, because the shop takes an empty list for all of them.
    pub first: PushUnits,
    /// The rest of its units.
    pub rest: Vec<PushUnits>,
}

/// Units of one line of a fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushUnits {
    /// The shop's id of the line of the fulfillment order.
    pub line: String,
    /// Our row.
    pub row: RowId,
    /// Units, positive.
    pub quantity: i64,
}

impl PushPart {
    /// Its units, at least one line.
    pub fn units(&self) -> impl Iterator<Item = &PushUnits> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

/// The message with which a new fulfillment is to be brought to its shop: none for an order made here,
/// for a connection that does not sync, or for what came from there. (SPEC KS-17, KS-41, KS-47)
pub fn wanted(order: &SalesOrder, id: &FulfillmentId, connection: Option<&Connection>) -> Option<Effect> {
    let source = order.source.as_ref()?;
    let connection = connection.filter(|connection| connection.id == source.connection)?;
    let found = order.fulfillments.iter().find(|found| found.id == *id)?;
    let is_ours = found.by == FulfillmentBy::Weir;
    let (order, fulfillment) = (order.id.clone(), id.clone());
    (is_ours && connection.settings.shop.sync_fulfillment_status)
        .then_some(Effect::CreateFulfillment { order, fulfillment })
}

/// Plans what is left to do at the shop, which shows the order as `shown`. What it shows of ours already
/// (a call whose answer was lost, or a person who was quicker) is not made again. `None` if the order has
/// no such fulfillment of ours.
#[must_use]
pub fn plan(
    order: &SalesOrder,
    id: &FulfillmentId,
    shown: &ChannelOrder,
    connection: &Connection,
) -> Option<PushPlan> {
    let mut order = order.clone();
    merchant::hear(&mut order, shown);
    let position = order.fulfillments.iter().position(|found| found.id == *id)?;
    let ours = order.fulfillments.get(position).filter(|found| found.by == FulfillmentBy::Weir)?.clone();
    let mut plan = PushPlan { calls: Vec::new(), order, is_picked_up: false, missing: Vec::new() };
    let mut open = Open::of(shown);
    let mut calls: BTreeMap<Option<String>, Vec<PushPart>> = BTreeMap::new();
    for part in &ours.rows {
        let Some(row) = plan.order.rows.iter().find(|row| row.id == part.row).cloned() else { continue };
        let Some(line) = row.channel_line_id.as_deref() else { continue };
        let mut left = merchant::unheard(&ours, &part.row).min(part.quantity);
        if left > 0 && shown.shop.cancelled_at.is_some() {
            plan.missing.push(format!("\"{}\": the order was cancelled there", row.sku));
            continue;
        }
        for of_shop in open.of_line(line, &row, connection) {
            let quantity = left.min(of_shop.remaining);
            if quantity <= 0 {
                continue;
            }
            left -= quantity;
            open.take(&of_shop.line, quantity);
            if of_shop.is_picked_up {
                plan.is_picked_up = true;
                continue;
            }
            let units = PushUnits { line: of_shop.line, row: row.id.clone(), quantity };
            add(calls.entry(of_shop.location).or_default(), of_shop.fulfillment_order, units);
        }
        if left > 0 {
            plan.missing.push(format!("\"{}\": {left} of {} are not open there", row.sku, part.quantity));
        }
    }
    let tracking = ours.tracking;
    let call = |(location, parts)| PushCall { location, parts, tracking: tracking.clone() };
    plan.calls = calls.into_iter().map(call).collect();
    if plan.is_picked_up {
        plan.order.flags.insert(Flag::PickupToBeMarked);
    }
    Some(plan)
}

/// The order once the shop has answered a call with the id of the new fulfillment.
#[must_use]
pub fn record(order: &SalesOrder, id: &FulfillmentId, call: &PushCall, channel_id: &str) -> SalesOrder {
    let mut order = order.clone();
    let is_heard = |found: &Fulfillment| found.at_channel.iter().any(|part| part.id == channel_id);
    if order.fulfillments.iter().any(is_heard) {
        return order;
    }
    let mut units: BTreeMap<RowId, i64> = BTreeMap::new();
    for part in call.parts.iter().flat_map(PushPart::units) {
        *units.entry(part.row.clone()).or_insert(0) += part.quantity;
    }
    if let Some(ours) = order.fulfillments.iter_mut().find(|found| found.id == *id) {
        ours.at_channel.push(ChannelPart { id: channel_id.to_owned(), rows: units.into_iter().collect() });
    }
    order
}

/// What could not be brought to the shop, in a sentence; `None` if all was.
#[must_use]
pub fn left_undone(plan: &PushPlan) -> Option<String> {
    let mut sentences = Vec::new();
    if plan.is_picked_up {
        sentences.push("It is picked up: mark it so in the shop, which Weir leaves alone.".to_owned());
    }
    if !plan.missing.is_empty() {
        sentences.push(format!("Not fulfilled at the shop: {}.", words::list(&plan.missing)));
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What is to be done at a shop that is told of whole orders alone. (SPEC KB-10)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completing {
    /// It is to be told that all of it is delivered.
    Complete,
    /// It knows.
    Known,
    /// It is left alone, for this reason.
    LeftAlone(&'static str),
}

/// Whether an order's shop is to be told that all of it is delivered: if it is, if that did not come from
/// there, and if the connection syncs. (SPEC KB-10, KB-12)
#[must_use]
pub fn is_to_be_completed(order: &SalesOrder, connection: &Connection) -> bool {
    let is_of_it = order.source.as_ref().is_some_and(|source| source.connection == connection.id);
    is_of_it
        && order.is_visible()
        && order.status == OrderStatus::Delivered
        && order.fulfillments.iter().any(|made| made.by == FulfillmentBy::Weir)
        && connection.settings.shop.sync_fulfillment_status
}

/// What is to be done at the shop, which shows the order as `shown`. What was called off there is not
/// called back, and units that are not delivered here are not closed. (SPEC KB-10)
#[must_use]
pub fn completing(order: &SalesOrder, shown: &ChannelOrder) -> Completing {
    match shown.shop.stage {
        Stage::Completed { .. } => return Completing::Known,
        Stage::Declined => return Completing::LeftAlone("it was declined there"),
        Stage::Disputed => return Completing::LeftAlone("its payment is disputed there"),
        Stage::NotTold
        | Stage::Incomplete
        | Stage::Pending
        | Stage::ManualVerification
        | Stage::Open
        | Stage::Shipped => {}
    }
    if shown.shop.cancelled_at.is_some() {
        return Completing::LeftAlone("it was cancelled there");
    }
    if shown.shop.archived_at.is_some() {
        return Completing::LeftAlone("it was archived there");
    }
    if shown.shop.payment == Some(PaymentState::Refunded) {
        return Completing::LeftAlone("all of it was refunded there");
    }
    let is_delivered = |line: &ChannelLine| {
        let row = order.rows.iter().find(|row| row.channel_line_id.as_deref() == Some(&line.line_id));
        row.is_some_and(|row| row.delivered_quantity >= line.quantity)
    };
    match shown.lines.iter().filter(|line| line.quantity > 0).all(is_delivered) {
        true => Completing::Complete,
        false => Completing::LeftAlone("it has units there that are not delivered here"),
    }
}

fn add(parts: &mut Vec<PushPart>, fulfillment_order: String, units: PushUnits) {
    match parts.iter_mut().find(|part| part.fulfillment_order == fulfillment_order) {
        Some(part) => part.rest.push(units),
        None => parts.push(PushPart { fulfillment_order, first: units, rest: Vec::new() }),
    }
}

/// What the shop still has open, less what this plan takes of it.
struct Open<'a> {
    parts: Vec<&'a FulfillmentOrder>,
    taken: BTreeMap<String, i64>,
}

/// Units of one line at one place.
struct OfShop {
    fulfillment_order: String,
    location: Option<String>,
    line: String,
    remaining: i64,
    is_picked_up: bool,
}

impl<'a> Open<'a> {
    fn of(shown: &'a ChannelOrder) -> Self {
        let parts = shown.shop.fulfillment_orders.iter().filter(|part| !part.state.is_over());
        Self { parts: parts.collect(), taken: BTreeMap::new() }
    }

    /// A line's open units, those at the row's own place first.
    fn of_line(&self, line: &str, row: &Row, connection: &Connection) -> Vec<OfShop> {
        let open = |part: &&FulfillmentOrder, of_part: &FulfillmentOrderLine| OfShop {
            fulfillment_order: part.id.clone(),
            location: part.location.clone(),
            line: of_part.id.clone(),
            remaining: of_part.remaining - self.taken.get(&of_part.id).copied().unwrap_or_default(),
            is_picked_up: part.delivery.is_picked_up(),
        };
        let lines = self.parts.iter().flat_map(|part| part.lines.iter().map(move |of_part| (part, of_part)));
        let of_line = lines.filter(|(_, of_part)| of_part.line_id == line);
        let mut found: Vec<OfShop> = of_line.map(|(part, of_part)| open(part, of_part)).collect();
        let is_elsewhere = |found: &OfShop| {
            let place = found.location.as_deref().and_then(|place| connection.mapped_location(place));
            place != row.location.as_ref()
        };
        found.sort_by_key(is_elsewhere);
        found
    }

    fn take(&mut self, line: &str, quantity: i64) {
        *self.taken.entry(line.to_owned()).or_insert(0) += quantity;
    }
}
