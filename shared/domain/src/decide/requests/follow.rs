//! What becomes of a request that was made: the warehouse's word, a person's change of mind, and a number of its
//! own for what has to be asked anew. What nobody ships any more is free in the same decision.
//! (SPEC CS-07, CS-09, FX-25, FX-26)

use std::collections::BTreeMap;

use super::{Asking, RequestChanges, ShipmentChange, carry_out, create};
use crate::{
    decide::Changes,
    event::{DomainEvent, Effect},
    fulfillment_request::{
        FulfillmentRequest, RequestCode, RequestReason, RequestRow, RequestStatus, ShippingSpeed,
        state::{Cancel, News, Refusal, Resubmit},
    },
    ids::{FulfillmentRequestId, RowId, ShipmentId},
    outcome::Because,
    sales_order::SalesOrder,
    shipment::provisional,
    stock::Stock,
};

/// What is known when a request goes on.
#[derive(Clone, Copy, Debug)]
pub struct Following<'a> {
    /// The order.
    pub order: &'a SalesOrder,
    /// All of its requests, the one in question among them.
    pub requests: &'a [FulfillmentRequest],
    /// The stock of the order's variants at the warehouse.
    pub stock: &'a Stock,
}

/// The warehouse says how far a request is. What it does not ship is free again, and the order is an exception
/// then. (SPEC CS-07)
///
/// # Errors
/// If that cannot be; nothing changes then.
pub fn hear(
    request: &FulfillmentRequest,
    news: &News,
    following: &Following<'_>,
) -> Result<RequestChanges, Refusal> {
    let after = request.hear(news)?;
    Ok(go_on(request, after, following))
}

/// A request goes on to what it will be: what it holds no more is free, and what stands for its shipments
/// follows.
#[must_use]
pub fn go_on(
    before: &FulfillmentRequest,
    after: FulfillmentRequest,
    following: &Following<'_>,
) -> RequestChanges {
    let mut changed = RequestChanges::default();
    let (order, freed) = free(following.order.clone(), &after, following.requests);
    if order != *following.order {
        // A step that frees touches one item: it always fits.
        changed.changes =
            carry_out(following.order, order, Vec::new(), 1, (following.stock, &BTreeMap::new()))
                .unwrap_or_default();
        changed.changes.effects = vec![told(following.order)];
    }
    if !freed.is_empty() {
        let message = format!("Free again: {}.", freed.join(", "));
        changed.because.push(Because::new("freed", message));
    }
    if let Some(reason) = after.reason.as_ref().filter(|reason| before.reason.as_ref() != Some(*reason)) {
        changed.because.push(Because::new(reason.code.as_str(), reason.message.clone()));
    }
    changed.shipments = stand_in(before, &after);
    if after != *before {
        changed.requests.push(after);
    }
    changed
}

/// What stands for a request's shipments follows it. (SPEC CS-06)
pub(super) fn stand_in(before: &FulfillmentRequest, after: &FulfillmentRequest) -> Vec<ShipmentChange> {
    match (provisional(before), provisional(after)) {
        (before, Some(now)) if before.as_ref() != Some(&now) => vec![ShipmentChange::Put(now)],
        (Some(_), None) => vec![ShipmentChange::Remove(ShipmentId::provisional(after))],
        (Some(_) | None, Some(_)) | (None, None) => Vec::new(),
    }
}

fn told(order: &SalesOrder) -> Effect {
    let (order, order_no) = (order.id.clone(), order.order_no.clone());
    Effect::Announce(DomainEvent::OrderChanged { order, order_no })
}

/// Clears the place of the rows of which a request has given up units: they are held no longer. A row that
/// another request still asks for stays until that one has ended too. (SPEC CS-07)
pub(super) fn free(
    mut order: SalesOrder,
    after: &FulfillmentRequest,
    requests: &[FulfillmentRequest],
) -> (SalesOrder, Vec<String>) {
    let mut freed = Vec::new();
    if !after.status.is_over() || order.deleted_at.is_some() {
        return (order, freed);
    }
    let others = || requests.iter().filter(|other| other.id != after.id);
    for part in after.rows.iter().filter(|part| part.freed > 0) {
        if others().any(|other| other.asks_for(&part.row) > 0) {
            continue;
        }
        let Some(row) = order.rows.iter().find(|row| row.id == part.row) else { continue };
        if row.location.as_ref() != Some(&after.location) || order.open(row) == 0 {
            continue;
        }
        freed.push(format!("{} of \"{}\"", order.open(row), row.sku));
        let id = row.id.clone();
        if let Some(row) = order.rows.iter_mut().find(|row| row.id == id) {
            row.location = None;
        }
    }
    (order, freed)
}

/// What calling off comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Cancelled {
    /// It is called off.
    Done(Box<RequestChanges>),
    /// The warehouse has to be asked.
    Ask(Box<FulfillmentRequest>),
}

/// A person calls a request off; if asked, its rows go too. Rows of a channel's order are the channel's: they
/// stay, or the next look at it would bring them back. (SPEC CS-09)
///
/// # Errors
/// Why it cannot be called off.
pub fn cancel(
    request: &FulfillmentRequest,
    remove_rows: bool,
    following: &Following<'_>,
) -> Result<Cancelled, Refusal> {
    let after = match request.cancel()? {
        Cancel::Ask(asked) => return Ok(Cancelled::Ask(asked)),
        Cancel::Done(after) => *after,
    };
    if !remove_rows {
        return Ok(Cancelled::Done(Box::new(go_on(request, after, following))));
    }
    let (mut order, _) = free(following.order.clone(), &after, following.requests);
    let mut kept = Vec::new();
    for part in &after.rows {
        match removable(&order, following, &after, &part.row) {
            Ok(()) => order.rows.retain(|row| row.id != part.row),
            Err(why) => kept.push(format!("\"{}\" {why}", part.sku)),
        }
    }
    order.settle();
    let mut changed = go_on(request, after, following);
    changed.changes = carry_out(following.order, order, Vec::new(), 1, (following.stock, &BTreeMap::new()))
        .unwrap_or_default();
    changed.changes.effects = vec![told(following.order)];
    if !kept.is_empty() {
        changed.because.push(Because::new("rows_kept", format!("Rows that stay: {}.", kept.join(", "))));
    }
    Ok(Cancelled::Done(Box::new(changed)))
}

fn removable(
    order: &SalesOrder,
    following: &Following<'_>,
    request: &FulfillmentRequest,
    id: &RowId,
) -> Result<(), &'static str> {
    let Some(row) = order.rows.iter().find(|row| row.id == *id) else { return Ok(()) };
    let is_asked = following.requests.iter().any(|other| other.id != request.id && other.asks_for(id) > 0);
    match () {
        () if row.channel_line_id.is_some() => Err("is a line of the shop's order; remove it there"),
        () if order.handled(id) > 0 => Err("was packed or delivered in part"),
        () if row.invoiced => Err("was invoiced"),
        () if is_asked => Err("is asked for by another request"),
        () => Ok(()),
    }
}

/// Changes a request that the warehouse does not have: its speed, or, with `None`, what the order says anew. A
/// rejected one may be sent again then. (SPEC FX-26; API PATCH)
///
/// # Errors
/// If it is with the warehouse, or over.
pub fn change(
    request: &FulfillmentRequest,
    speed: Option<ShippingSpeed>,
    asking: &Asking<'_>,
) -> Result<FulfillmentRequest, Refusal> {
    let speed = speed.or(request.speed);
    let after = FulfillmentRequest { speed, ..request.changed() };
    match request.status {
        RequestStatus::OnHold | RequestStatus::ReadyToProcess | RequestStatus::Waiting => {
            Ok(create::checked(&after, asking))
        }
        RequestStatus::Rejected => Ok(after),
        status @ (RequestStatus::Submitting
        | RequestStatus::Submitted
        | RequestStatus::Accepted
        | RequestStatus::PartiallyShipped
        | RequestStatus::Shipped
        | RequestStatus::Exception
        | RequestStatus::Cancelled) => Err(Refusal::NotNow { status }),
    }
}

/// Sends a rejected request again: under its number if the warehouse does not know that, else as another one
/// with the number of `asking`, linked to it. The units stay held all the while. (SPEC FX-26)
///
/// # Errors
/// Why it may not be sent again.
pub fn resubmit(request: &FulfillmentRequest, asking: &Asking<'_>) -> Result<RequestChanges, Refusal> {
    let requests = match request.resubmit(asking.now)? {
        Resubmit::Again(again) => vec![create::checked(&again, asking)],
        Resubmit::AsAnother => {
            let rows = request.rows.iter().filter(|row| row.pending() > 0);
            let rows =
                rows.map(|row| RequestRow { quantity: row.pending(), shipped: 0, freed: 0, ..row.clone() });
            let another = FulfillmentRequest {
                id: FulfillmentRequestId::for_number(asking.number),
                number: asking.number.clone(),
                status: RequestStatus::ReadyToProcess,
                reason: None,
                at_warehouse: None,
                heard_at: None,
                attempts: 0,
                submitted_at: None,
                accepted_at: None,
                promised_by: None,
                feed: None,
                doubt: None,
                is_known_there: false,
                is_changed: false,
                is_cancel_asked: false,
                replaces: Some(request.number.clone()),
                rows: rows.collect(),
                received: BTreeMap::new(),
                created_at: asking.now,
                ..request.clone()
            };
            // The units go over to the other one: nothing is freed in between.
            let message = format!("It was asked for anew as {}.", asking.number);
            let mut old = FulfillmentRequest {
                status: RequestStatus::Cancelled,
                reason: Some(RequestReason::new(RequestCode::Replaced, message)),
                ..request.clone()
            };
            for row in &mut old.rows {
                row.freed = row.quantity - row.shipped;
            }
            vec![old, create::checked(&another, asking)]
        }
    };
    Ok(RequestChanges { requests, ..RequestChanges::default() })
}

/// Releases what a place holds for rows of an order: the rows lie nowhere then. (SPEC CS-03)
///
/// # Errors
/// The rows that a request asks for, or that the order does not have.
pub fn release(following: &Following<'_>, rows: &[RowId]) -> Result<Changes, Vec<RowId>> {
    let is_free = |id: &&RowId| {
        let is_there = following.order.rows.iter().any(|row| row.id == **id);
        is_there && following.requests.iter().all(|request| request.asks_for(id) == 0)
    };
    let refused: Vec<RowId> = rows.iter().filter(|id| !is_free(id)).cloned().collect();
    if !refused.is_empty() || !following.order.is_visible() {
        return Err(if refused.is_empty() { rows.to_vec() } else { refused });
    }
    let mut order = following.order.clone();
    for row in order.rows.iter_mut().filter(|row| rows.contains(&row.id)) {
        row.location = None;
    }
    let tracking = BTreeMap::new();
    let mut changes =
        carry_out(following.order, order, Vec::new(), 0, (following.stock, &tracking)).unwrap_or_default();
    changes.effects = vec![told(following.order)];
    Ok(changes)
}
