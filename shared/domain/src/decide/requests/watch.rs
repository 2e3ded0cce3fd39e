//! The watchdog: requests that the warehouse took and then leaves lying, with what can be done. It names them
//! and changes nothing. (SPEC CS-10)

use jiff::Timestamp;

use crate::{
    fulfillment_request::{FulfillmentRequest, RequestStatus, WarehouseState, state::Cancel},
    limits::{UNSCANNED_AT_MOST, UNSHIPPED_AT_MOST, UNTRACKED_AT_MOST},
    shipment::{Shipment, ShipmentStatus},
};

/// A request that lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lying {
    /// Why somebody should look.
    pub why: WhyLying,
    /// Since when it should have been otherwise.
    pub since: Timestamp,
    /// A sentence.
    pub message: String,
    /// What can be done, and what it does to the stock.
    pub options: Vec<Choice>,
}

/// Why somebody should look at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyLying {
    /// Nothing of it, or not all, shipped by the promised time.
    NotShipped,
    /// The warehouse says that it is complete, and no shipment is known.
    NoShipmentKnown,
    /// A parcel of it has no tracking number.
    NoTracking,
    /// No carrier has seen a parcel of it.
    NoScan,
}

impl WhyLying {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotShipped => "not_shipped",
            Self::NoShipmentKnown => "no_shipment_known",
            Self::NoTracking => "no_tracking",
            Self::NoScan => "no_scan",
        }
    }
}

/// Something that can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What.
    pub what: Act,
    /// What it does to the stock, in words.
    pub effect_on_stock: String,
}

/// What can be done about a request that lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Wait.
    Wait,
    /// Cancel it, and ship from own stock.
    CancelAndShipOwn,
}

/// Whether a request lies, the gravest reason first. `scanned` says whether a carrier has seen a parcel;
/// `None` where nobody told.
#[must_use]
pub fn watch(
    request: &FulfillmentRequest,
    shipments: &[Shipment],
    scanned: impl Fn(&Shipment) -> Option<bool>,
    now: Timestamp,
) -> Option<Lying> {
    let of_request = |shipment: &&Shipment| {
        shipment.request.as_ref() == Some(&request.id) && shipment.status == ShipmentStatus::Shipped
    };
    let parcels = || shipments.iter().filter(of_request);
    let is_open = match request.status {
        RequestStatus::Accepted | RequestStatus::PartiallyShipped => request.pending() > 0,
        RequestStatus::Shipped | RequestStatus::Exception => false,
        RequestStatus::OnHold
        | RequestStatus::ReadyToProcess
        | RequestStatus::Waiting
        | RequestStatus::Submitting
        | RequestStatus::Submitted
        | RequestStatus::Rejected
        | RequestStatus::Cancelled => return None,
    };
    let unshipped = is_open.then(|| due(request)).flatten().filter(|due| *due <= now);
    if let Some(since) = unshipped {
        let is_complete = request.at_warehouse == Some(WarehouseState::Complete);
        let why = if is_complete { WhyLying::NoShipmentKnown } else { WhyLying::NotShipped };
        let said = request.at_warehouse.as_ref().map_or("nothing", WarehouseState::as_str);
        let message = format!(
            "{} units have not shipped; they were due by {since}. The warehouse says: {said}.",
            request.pending()
        );
        return Some(Lying { why, since, message, options: options(request) });
    }
    let left =
        |parcel: &Shipment, most| Some(parcel.ship_date?.saturating_add(most).unwrap_or(Timestamp::MAX));
    let untracked = parcels().filter(|parcel| parcel.tracking_number.is_none());
    let untracked =
        untracked.filter_map(|parcel| left(parcel, UNTRACKED_AT_MOST)).filter(|due| *due <= now).min();
    if let Some(since) = untracked {
        let message = "A parcel of it left and has no tracking number.".to_owned();
        return Some(Lying { why: WhyLying::NoTracking, since, message, options: vec![wait()] });
    }
    let unscanned =
        parcels().filter(|parcel| parcel.tracking_number.is_some() && scanned(parcel) == Some(false));
    let unscanned =
        unscanned.filter_map(|parcel| left(parcel, UNSCANNED_AT_MOST)).filter(|due| *due <= now).min();
    let since = unscanned?;
    let message = "A parcel of it left, and no carrier has seen it.".to_owned();
    Some(Lying { why: WhyLying::NoScan, since, message, options: vec![wait()] })
}

/// By when it should have shipped: the promise, or some days after it was taken.
fn due(request: &FulfillmentRequest) -> Option<Timestamp> {
    let usual = || request.accepted_at?.checked_add(UNSHIPPED_AT_MOST).ok();
    request.promised_by.or_else(usual)
}

fn wait() -> Choice {
    Choice { what: Act::Wait, effect_on_stock: "Nothing changes.".to_owned() }
}

fn options(request: &FulfillmentRequest) -> Vec<Choice> {
    let held = request.pending();
    let wait =
        Choice { what: Act::Wait, effect_on_stock: format!("{held} units stay held at the warehouse.") };
    match request.cancel() {
        Ok(Cancel::Ask(_) | Cancel::Done(_)) => {
            let effect_on_stock = format!(
                "Once the warehouse has called it off, {held} units are free there; what is shipped instead leaves \
                 the other place."
            );
            vec![wait, Choice { what: Act::CancelAndShipOwn, effect_on_stock }]
        }
        Err(_) => vec![wait],
    }
}
