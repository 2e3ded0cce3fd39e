//! What Amazon answers about requests, read field by field. The buyer's address in it is passed over.

use std::collections::BTreeMap;

use weir_domain::{Timestamp, money::Currency, shipment::Parcel};

use super::words::{self, ShipmentState};
use crate::{
    channel::{ChannelError, MalformedOrder, unreadable},
    json::{self, Node, Object},
    warehouse::{Fee, Preview, Seen, UnfulfillableUnits},
    words::safe,
};

/// What an answer says of a request.
pub(super) fn seen(text: &str) -> Result<Seen, ChannelError> {
    read_seen(text).map_err(unreadable)
}

fn read_seen(text: &str) -> Result<Seen, MalformedOrder> {
    let answer = json::parse(text)?.object()?;
    let payload = answer.get("payload").object()?;
    let order = payload.get("fulfillmentOrder").object()?;
    let mut seen = Seen {
        state: words::state(&order.get("fulfillmentOrderStatus").required()?),
        units: BTreeMap::new(),
        parcels: Vec::new(),
        promised_by: None,
        at: order.get("statusUpdatedDate").required_time()?,
    };
    for item in payload.get("fulfillmentOrderItems").list()?.iter() {
        let item = item.object()?;
        seen.promised_by = seen.promised_by.max(promise(&item)?);
    }
    for shipment in payload.get("fulfillmentShipments").list()?.iter() {
        read_shipment(&shipment.object()?, &mut seen)?;
    }
    Ok(seen)
}

/// By when it should have left, or else arrived.
fn promise(item: &Object<'_, '_>) -> Result<Option<Timestamp>, MalformedOrder> {
    Ok(item.get("estimatedShipDate").time()?.or(item.get("estimatedArrivalDate").time()?))
}

fn read_shipment(shipment: &Object<'_, '_>, seen: &mut Seen) -> Result<(), MalformedOrder> {
    let state = words::shipment(&shipment.get("fulfillmentShipmentStatus").required()?);
    if state == ShipmentState::Cancelled {
        return Ok(());
    }
    for item in shipment.get("fulfillmentShipmentItem").list()?.iter() {
        let item = item.object()?;
        let row = item.get("sellerFulfillmentOrderItemId").required()?;
        let quantity = item.get("quantity");
        let units = quantity.quantity()?.ok_or_else(|| quantity.malformed("is missing"))?;
        *seen.units.entry(row).or_insert(0) += units;
    }
    if state != ShipmentState::Left {
        return Ok(());
    }
    let id = shipment.get("amazonShipmentId").words()?;
    let shipped_at = shipment.get("shippingDate").time()?;
    let packages = shipment.get("fulfillmentShipmentPackage");
    let parcel = |carrier, tracking_number| Parcel {
        shipment: id.clone(),
        tracking_number,
        carrier,
        service_level: None,
        shipped_at,
    };
    let mut parcels = Vec::new();
    for package in packages.list()?.iter() {
        let package = package.object()?;
        let number = package.get("trackingNumber").words()?;
        let number = number.or(package.get("amazonFulfillmentTrackingNumber").words()?);
        parcels.push(parcel(package.get("carrierCode").words()?, number));
    }
    if parcels.is_empty() {
        parcels.push(parcel(None, None));
    }
    seen.parcels.extend(parcels);
    Ok(())
}

/// What shipping would cost.
pub(super) fn previews(text: &str) -> Result<Vec<Preview>, ChannelError> {
    let read = || {
        let answer = json::parse(text)?.object()?;
        let payload = answer.get("payload").object()?;
        let previews = payload.get("fulfillmentPreviews").list()?;
        previews.iter().map(|preview| read_preview(&preview)).collect::<Result<Vec<_>, _>>()
    };
    read().map_err(unreadable)
}

fn read_preview(node: &Node<'_, '_>) -> Result<Preview, MalformedOrder> {
    let preview = node.object()?;
    let mut read = Preview {
        speed: preview.get("shippingSpeedCategory").required()?,
        is_fulfillable: preview.get("isFulfillable").flag()?.unwrap_or(false),
        fees: Vec::new(),
        earliest_arrival: None,
        latest_arrival: None,
        unfulfillable: Vec::new(),
    };
    for fee in preview.get("estimatedFees").list()?.iter() {
        let fee = fee.object()?;
        let amount = fee.get("amount").object()?;
        let Some(value) = amount.get("value").decimal()? else { continue };
        let currency = amount.get("currencyCode").words()?;
        let currency = currency.and_then(|code| Currency::parse(&code).ok());
        read.fees.push(Fee { name: safe(&fee.get("name").required()?), amount: value, currency });
    }
    for shipment in preview.get("fulfillmentPreviewShipments").list()?.iter() {
        let shipment = shipment.object()?;
        let earliest = shipment.get("earliestArrivalDate").time()?;
        read.earliest_arrival = [read.earliest_arrival, earliest].into_iter().flatten().min();
        read.latest_arrival = read.latest_arrival.max(shipment.get("latestArrivalDate").time()?);
    }
    for item in preview.get("unfulfillablePreviewItems").list()?.iter() {
        let item = item.object()?;
        let reasons = item.get("itemUnfulfillableReasons").list()?;
        let reasons = reasons.iter().map(|reason| reason.words()).collect::<Result<Vec<_>, _>>()?;
        let reasons: Vec<String> = reasons.into_iter().flatten().map(|reason| safe(&reason)).collect();
        let reason = if reasons.is_empty() { "no reason is given".to_owned() } else { reasons.join(", ") };
        let (sku, quantity) = (item.get("sellerSku").text()?, item.get("quantity").quantity()?);
        read.unfulfillable.push(UnfulfillableUnits { sku, quantity, reason });
    }
    for reason in preview.get("orderUnfulfillableReasons").list()?.iter() {
        let Some(reason) = reason.words()? else { continue };
        read.unfulfillable.push(UnfulfillableUnits { sku: None, quantity: None, reason: safe(&reason) });
    }
    Ok(read)
}
