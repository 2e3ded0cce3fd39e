//! How a channel is told what was shipped. Requests are made in a way that cannot ship more than was
//! meant: no part without its lines, no line without its units.

use weir_domain::{Timestamp, ids::ChannelOrderId, sales_order::Tracking};

use crate::{
    channel::{Call, ChannelError, FieldError, Operation},
    http::{HttpRequest, HttpResponse},
};

/// How a channel is told what was shipped.
pub trait Fulfillments: Sync {
    /// Tells of a fulfillment. It may not be idempotent: after an unknown outcome the order is looked
    /// at before this is sent again.
    ///
    /// # Errors
    /// If a part has no lines, or a line no units: the channel could take that as "everything".
    fn create(
        &self,
        call: Call<'_>,
        new: &NewFulfillment,
    ) -> Result<(Operation, HttpRequest), Vec<FieldError>>;

    /// Sets the tracking of a fulfillment that has none.
    ///
    /// # Errors
    /// If there is nothing to set, or the id is none.
    fn set_tracking(
        &self,
        call: Call<'_>,
        fulfillment: &str,
        tracking: &[Tracking],
        notify: bool,
    ) -> Result<(Operation, HttpRequest), Vec<FieldError>>;

    /// Reads the answer to either.
    ///
    /// # Errors
    /// [`ChannelError::Refused`] with the channel's reason; transient ones as usual.
    fn read(&self, response: &HttpResponse) -> Result<MadeFulfillment, ChannelError>;
}

/// How a channel is told that all of an order was delivered. (SPEC KB-10)
pub trait Completion: Sync {
    /// Tells it. Done twice it is as done once.
    fn complete(&self, call: Call<'_>, id: &ChannelOrderId) -> (Operation, HttpRequest);

    /// Reads the answer.
    ///
    /// # Errors
    /// [`ChannelError::Refused`] with the channel's reason; transient ones as usual.
    fn read(&self, response: &HttpResponse) -> Result<(), ChannelError>;
}

/// What was shipped: parts of one order, all from one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFulfillment {
    /// The parts.
    pub parts: Vec<FulfilledPart>,
    /// Its parcels; all go with one carrier. It goes once. (SPEC KS-43)
    pub tracking: Vec<Tracking>,
    /// Whether the channel tells the buyer.
    pub notify: bool,
}

/// What was shipped of one fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfilledPart {
    /// The fulfillment order ([`weir_domain::channel_order::shop::FulfillmentOrder::id`]).
    pub fulfillment_order: String,
    /// Its lines ([`weir_domain::channel_order::shop::FulfillmentOrderLine::id`]) and their units.
    pub lines: Vec<(String, i64)>,
}

/// The fulfillment as the channel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeFulfillment {
    /// The channel's id: what comes back under it is an echo. (SPEC KS-46)
    pub id: String,
    /// When the channel made it.
    pub created_at: Option<Timestamp>,
    /// The tracking numbers it has.
    pub numbers: Vec<String>,
}
