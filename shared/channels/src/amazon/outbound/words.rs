//! Amazon's words for how far a request is, of both versions of its API and of its notifications, in one place.

use weir_domain::fulfillment_request::WarehouseState;

use crate::words::short;

/// What a word means. Case and underscores do not count: the version 2020-07-01 writes `CompletePartialled`, its
/// examples `PROCESSING`, and 2026-07-04 `COMPLETE_PARTIAL`.
pub(in crate::amazon) fn state(word: &str) -> WarehouseState {
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_ascii_lowercase().as_str() {
        "new" => WarehouseState::New,
        "received" => WarehouseState::Received,
        "planning" => WarehouseState::Planning,
        "processing" => WarehouseState::Processing,
        "cancelled" | "canceled" => WarehouseState::Cancelled,
        "complete" => WarehouseState::Complete,
        "completepartialled" | "completepartial" => WarehouseState::CompletePartialled,
        "unfulfillable" => WarehouseState::Unfulfillable,
        "invalid" => WarehouseState::Invalid,
        _ => WarehouseState::Other(short(word)),
    }
}

/// How far a shipment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShipmentState {
    /// It will leave.
    Coming,
    /// It left.
    Left,
    /// It will not leave.
    Cancelled,
}

/// What a word for a shipment means; of an unknown one it is believed that it comes, so that nothing is given up
/// which may be on its way. `PROCESSING` is of 2026-07-04.
pub(super) fn shipment(word: &str) -> ShipmentState {
    match word.to_ascii_uppercase().as_str() {
        "SHIPPED" => ShipmentState::Left,
        "CANCELLED_BY_FULFILLER" | "CANCELLED_BY_SELLER" | "CANCELLED" => ShipmentState::Cancelled,
        _ => ShipmentState::Coming,
    }
}
