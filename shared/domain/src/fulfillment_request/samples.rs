//! A request to be tried on, and words for it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{FulfillmentRequest, MadeBy, RequestNumber, RequestRow, RequestStatus, ShippingSpeed};
use crate::{
    ids::{ConnectionId, FulfillmentRequestId, LocationId, RowId, SalesOrderId, VariantId},
    variant::Sku,
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A request of so many units of each SKU that is ready to be sent.
pub(crate) fn ready(number: &str, units: &[(&str, i64)]) -> FulfillmentRequest {
    let number = RequestNumber::parse(number).unwrap();
    let row = |(index, (sku, quantity)): (usize, &(&str, i64))| RequestRow {
        id: (index + 1).to_string(),
        row: RowId::from_token(&format!("L-{sku}")),
        variant: VariantId::from_token(&sku.to_lowercase()),
        sku: Sku::parse(sku).unwrap(),
        warehouse_sku: (*sku).to_owned(),
        quantity: *quantity,
        shipped: 0,
        freed: 0,
    };
    FulfillmentRequest {
        id: FulfillmentRequestId::for_number(&number),
        number,
        order: SalesOrderId::from_token("1"),
        connection: ConnectionId::from_token("1"),
        location: LocationId::from_token("fba"),
        made_by: MadeBy::Person,
        status: RequestStatus::ReadyToProcess,
        reason: None,
        at_warehouse: None,
        heard_at: None,
        speed: Some(ShippingSpeed::Standard),
        hold_until: None,
        attempts: 0,
        submitted_at: None,
        accepted_at: None,
        promised_by: None,
        feed: None,
        doubt: None,
        is_known_there: false,
        is_changed: false,
        is_cancel_asked: false,
        replaces: None,
        rows: units.iter().enumerate().map(row).collect(),
        received: BTreeMap::new(),
        created_at: at("2026-03-01T00:00:00Z"),
    }
}

/// The same, on its way.
pub(crate) fn request_of(number: &str, units: &[(&str, i64)]) -> FulfillmentRequest {
    ready(number, units).begin(at("2026-03-01T01:00:00Z")).unwrap()
}

/// Taken by the warehouse then.
pub(crate) fn accepted_at(request: FulfillmentRequest, when: &str) -> FulfillmentRequest {
    request.accept(at(when)).unwrap()
}
