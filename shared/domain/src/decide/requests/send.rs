//! Whether a request may go now. Whoever sends asks here, a person's click and the sweeper alike.
//! (SPEC CS-04, FX-02, FX-20, FX-21; RELIABILITY R9)

use jiff::{SignedDuration, Timestamp};

use super::RequestSettings;
use crate::{
    business_hours::BusinessHours,
    fulfillment_request::{FulfillmentRequest, RequestStatus, state::Refusal},
    organization::Organization,
    sales_order::SalesOrder,
};

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBy {
    /// The schedule.
    Schedule,
    /// A person in the FBA manager.
    Person,
}

/// Why a request does not go now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The connection does not send requests. (SPEC FX-02)
    #[error("sending fulfillment requests is switched off on the connection")]
    SwitchedOff,
    /// They go from the FBA manager alone. (SPEC FX-20)
    #[error("requests of this connection are sent by hand")]
    ByHand,
    /// The order is deleted, or its stock is being booked.
    #[error("its order is deleted, or its stock is being booked")]
    OrderNotVisible,
    /// Outside business hours. (SPEC FX-21)
    #[error("it is outside business hours{}", .next.map(|at| format!(", which begin again at {at}")).unwrap_or_default())]
    OutsideBusinessHours {
        /// When they begin again; never, if there are none.
        next: Option<Timestamp>,
    },
    /// It is not ready.
    #[error(transparent)]
    NotReady(Refusal),
}

impl NotSent {
    /// The stable word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SwitchedOff => "sending_switched_off",
            Self::ByHand => "sent_by_hand",
            Self::OrderNotVisible => "order_not_visible",
            Self::OutsideBusinessHours { .. } => "outside_business_hours",
            Self::NotReady(_) => "not_ready",
        }
    }

    /// When it is worth while to ask again, if that is known.
    #[must_use]
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::OutsideBusinessHours { next } => *next,
            Self::NotReady(Refusal::Held { until }) => Some(*until),
            Self::SwitchedOff | Self::ByHand | Self::OrderNotVisible | Self::NotReady(_) => None,
        }
    }
}

/// Until when a new request is held. (SPEC FX-21)
#[must_use]
pub fn hold_until(settings: &RequestSettings, now: Timestamp) -> Option<Timestamp> {
    let hours = settings.hold_hours;
    (hours > 0)
        .then(|| now.saturating_add(SignedDuration::from_hours(hours.into())).unwrap_or(Timestamp::MAX))
}

/// Takes a request on its way: what comes back is stored before the call is made, and the version it was read
/// at is checked with it, so that of two who send one does. (SPEC FX-22, RELIABILITY R2)
///
/// # Errors
/// Why it does not go now.
pub fn send(
    request: &FulfillmentRequest,
    order: &SalesOrder,
    settings: &RequestSettings,
    (organization, hours): (&Organization, &BusinessHours),
    by: SentBy,
    now: Timestamp,
) -> Result<FulfillmentRequest, NotSent> {
    if !settings.send_fulfillment_requests {
        return Err(NotSent::SwitchedOff);
    }
    // What was sent before and never arrived goes again by itself: somebody had asked for it. (RELIABILITY R3)
    if by == SentBy::Schedule && !settings.automatically_send && !request.was_sent() {
        return Err(NotSent::ByHand);
    }
    if !order.is_visible() {
        return Err(NotSent::OrderNotVisible);
    }
    let begun = request.begin(now).map_err(NotSent::NotReady)?;
    if settings.only_during_business_hours {
        let zone = organization.time_zone.zone();
        let next = hours.next_open(now, &zone);
        if next != Some(now) {
            return Err(NotSent::OutsideBusinessHours { next });
        }
    }
    Ok(begun)
}

/// The requests that *Fulfil all available* takes: those that are ready, or whose hold has ended. (SPEC CS-04)
pub fn available(
    requests: &[FulfillmentRequest],
    now: Timestamp,
) -> impl Iterator<Item = &FulfillmentRequest> {
    requests.iter().filter(move |request| match request.status {
        RequestStatus::ReadyToProcess => true,
        RequestStatus::OnHold => request.hold_until.is_none_or(|until| until <= now),
        RequestStatus::Waiting
        | RequestStatus::Submitting
        | RequestStatus::Submitted
        | RequestStatus::Accepted
        | RequestStatus::Rejected
        | RequestStatus::PartiallyShipped
        | RequestStatus::Shipped
        | RequestStatus::Exception
        | RequestStatus::Cancelled => false,
    })
}
