//! Packing and delivering: stock moves once, and the shop that took the order is told by the same commit.
//! (SPEC KS-41, KS-43, G-05, G-09, G-10; API "fulfillments")

use std::collections::BTreeSet;

use weir_domain::{
    Timestamp,
    connection::Connection,
    decide::{
        self, Changes,
        fulfill::{self as rules, Here, NewFulfillment},
        is_serial_number,
    },
    ids::{FulfillmentId, OrganizationId, SalesOrderId, VariantId},
    limits::{CLOCK_SKEW, ROWS_OF_AN_ORDER},
    outcome::ReasonCode,
    sales_order::{
        Fulfillment, FulfillmentRow, FulfillmentStatus, Row, SalesOrder, Tracking as Parcel, TrackingPatch,
    },
    stock::StockKey,
};

use super::{Desk, Kinds};
use crate::{
    adjust_stock::wrong_fields,
    hub::Hub,
    import_order::Loaded,
    people::{Refusal, TRIES},
    ports::Commit,
};

/// What is packed or delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParcel {
    /// Packed or delivered.
    pub status: FulfillmentStatus,
    /// Which rows, how many units of each, and out of which batches and serial numbers.
    pub rows: Vec<FulfillmentRow>,
    /// The parcel.
    pub tracking: Option<Parcel>,
    /// When it left; now, if not given.
    pub shipped_at: Option<Timestamp>,
}

/// An order, and which of its fulfillments is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Fulfilled {
    /// The order as it is now.
    pub order: SalesOrder,
    /// Which.
    pub fulfillment: Fulfillment,
}

impl Fulfilled {
    fn of(order: SalesOrder, id: &FulfillmentId) -> Option<Self> {
        let fulfillment = order.fulfillments.iter().find(|found| found.id == *id)?.clone();
        Some(Self { order, fulfillment })
    }
}

/// Packs or delivers rows of an order. `token` makes the fulfillment's id; done again with the same one it
/// gives what was booked, and books nothing.
///
/// # Errors
/// The fields that are wrong; if the order is deleted, or the day lies in the locked period.
pub async fn fulfill(
    hub: &Hub,
    organization: &OrganizationId,
    order: &SalesOrderId,
    token: &str,
    new: NewParcel,
    actor: &str,
) -> Result<Fulfilled, Refusal> {
    let id = FulfillmentId::from_token(token);
    if new.rows.len() > ROWS_OF_AN_ORDER {
        return Err(Refusal::field("rows", format!("An order has at most {ROWS_OF_AN_ORDER} rows.")));
    }
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, order).await?;
        if let Some(known) = Fulfilled::of(desk.order.clone(), &id) {
            return Ok(known);
        }
        desk.require_there()?;
        let new = planned(hub, &desk, &id, &new)?;
        let read = Read::of(hub, &desk, &new).await?;
        let changes = decided(hub, &desk, &new, &read)?;
        let after = changes.order.as_ref().unwrap_or(&desk.order);
        let mut line = super::line(hub, new.status.as_str(), sentence(&desk.order, &new), actor);
        line.because = super::flagged(&desk.order, after);
        let booked = Fulfilled::of(after.clone(), &id);
        if desk.commit(hub, changes, &read.loaded, line, Commit::default()).await?
            && let Some(booked) = booked.filter(|booked| booked.order.is_visible())
        {
            return Ok(booked);
        }
        // Whatever was not heard, and what a plan's chunks took, is read.
    }
    Err(Refusal::contended())
}

/// The fulfillment to be, at a time that can be.
fn planned(hub: &Hub, desk: &Desk, id: &FulfillmentId, new: &NewParcel) -> Result<NewFulfillment, Refusal> {
    let shipped_at = new.shipped_at.unwrap_or_else(|| hub.now());
    if shipped_at.duration_since(hub.now()) > CLOCK_SKEW {
        return Err(Refusal::field("shipped_at", "It lies in the future. Leave it out if it leaves now."));
    }
    if let Some(locked) = decide::period_locked(&desk.organization, shipped_at) {
        return Err(Refusal::conflict(ReasonCode::PeriodLocked.as_str(), locked.message));
    }
    Ok(NewFulfillment {
        id: id.clone(),
        status: new.status,
        rows: new.rows.clone(),
        tracking: new.tracking.clone(),
        shipped_at,
    })
}

/// What is read besides the order.
struct Read {
    connection: Option<Connection>,
    kinds: Kinds,
    loaded: Loaded,
}

impl Read {
    async fn of(hub: &Hub, desk: &Desk, new: &NewFulfillment) -> Result<Self, Refusal> {
        let row = |part: &FulfillmentRow| desk.order.rows.iter().find(|row| row.id == part.row);
        let parts: Vec<(&Row, &FulfillmentRow)> =
            new.rows.iter().filter_map(|part| Some((row(part)?, part))).collect();
        let connection = desk.connection(hub).await?;
        let variants = parts.iter().map(|(row, _)| row.variant.clone()).collect();
        let kinds = super::kinds(hub, &desk.organization.id, &variants).await?;
        let place = |(row, _): &(&Row, &FulfillmentRow)| {
            let location = rules::place(row, connection.as_ref(), &kinds.services)?.clone();
            Some(StockKey { location, variant: row.variant.clone() })
        };
        let places = parts.iter().filter_map(place).collect();
        let numbers: BTreeSet<(VariantId, String)> = parts
            .iter()
            .flat_map(|(row, part)| {
                part.serial_numbers.iter().map(|number| (row.variant.clone(), number.clone()))
            })
            .filter(|(_, number)| is_serial_number(number))
            .collect();
        let loaded = desk.stock(hub, places, &numbers).await?;
        Ok(Self { connection, kinds, loaded })
    }
}

fn decided(hub: &Hub, desk: &Desk, new: &NewFulfillment, read: &Read) -> Result<Changes, Refusal> {
    let here = Here {
        organization: &desk.organization,
        connection: read.connection.as_ref(),
        stock: &read.loaded.stock,
        tracking: &read.kinds.tracking,
        services: &read.kinds.services,
        now: hub.now(),
    };
    rules::fulfill(&desk.order, new, &here).map_err(wrong_fields)
}

fn sentence(order: &SalesOrder, new: &NewFulfillment) -> String {
    let did = match new.status {
        FulfillmentStatus::Packed => "Packed",
        FulfillmentStatus::Delivered => "Delivered",
    };
    format!("{did}: {}.", super::units(order, &new.rows))
}

/// What changes of a fulfillment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FulfillmentPatch {
    /// From packed to delivered.
    pub status: Option<FulfillmentStatus>,
    /// The parcel; the shop is not told of it a second time.
    pub tracking: Option<TrackingPatch>,
}

/// Delivers what was packed, or notes its parcel. Its stock moved when it was packed, and the shop was told
/// then. Done again it changes nothing. (SPEC KS-41, KS-43)
///
/// # Errors
/// If there is no such order or fulfillment, the order is deleted, or what was delivered should be packed.
pub async fn change(
    hub: &Hub,
    organization: &OrganizationId,
    order: &SalesOrderId,
    id: &FulfillmentId,
    patch: &FulfillmentPatch,
    actor: &str,
) -> Result<Fulfilled, Refusal> {
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, order).await?;
        let Some(known) = Fulfilled::of(desk.order.clone(), id) else {
            return Err(Refusal::not_found("fulfillment", id));
        };
        desk.require_there()?;
        let changes = changed(&known, patch)?;
        let Some(after) = changes.order.clone().filter(|after| *after != desk.order) else {
            return Ok(known);
        };
        let units = super::units(&after, &known.fulfillment.rows);
        let line = match after
            .fulfillments
            .iter()
            .any(|now| now.id == *id && now.status != known.fulfillment.status)
        {
            true => super::line(hub, "delivered", format!("Delivered what was packed: {units}."), actor),
            false => super::line(hub, "tracked", format!("Another parcel was noted for {units}."), actor),
        };
        if desk.commit(hub, changes, &Loaded::default(), line, Commit::default()).await? {
            return Fulfilled::of(after, id).ok_or_else(Refusal::contended);
        }
    }
    Err(Refusal::contended())
}

fn changed(known: &Fulfilled, patch: &FulfillmentPatch) -> Result<Changes, Refusal> {
    let (order, id) = (&known.order, &known.fulfillment.id);
    let mut changes = match (known.fulfillment.status, patch.status) {
        (FulfillmentStatus::Packed, Some(FulfillmentStatus::Delivered)) => {
            rules::deliver_packed(order, id).map_err(|error| wrong_fields(vec![error]))?
        }
        (FulfillmentStatus::Delivered, Some(FulfillmentStatus::Packed)) => {
            let message =
                "What was delivered stays so. If the goods came back, book them with a stock adjustment.";
            return Err(Refusal::conflict("already_delivered", message));
        }
        (FulfillmentStatus::Packed, Some(FulfillmentStatus::Packed))
        | (FulfillmentStatus::Delivered, Some(FulfillmentStatus::Delivered))
        | (_, None) => Changes::default(),
    };
    if let Some(parcel) = &patch.tracking {
        let before = changes.order.as_ref().unwrap_or(order);
        changes.order = Some(rules::track(before, id, parcel).map_err(|error| wrong_fields(vec![error]))?);
    }
    Ok(changes)
}
