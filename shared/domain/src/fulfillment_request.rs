//! A request to the channel's warehouse to ship rows of an order that the channel did not take (Amazon's
//! multi-channel fulfillment), and how far it is. What may be asked for is decided in
//! [`crate::decide::requests`]. (SPEC §6)

pub mod state;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use crate::{
    decide::adjust::FieldError,
    ids::{ConnectionId, FulfillmentRequestId, LocationId, RowId, SalesOrderId, VariantId},
    variant::Sku,
};

/// A fulfillment request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentRequest {
    /// Its id, made of its number.
    pub id: FulfillmentRequestId,
    /// Its number: it goes to the warehouse, and one number is one order there. (SPEC FX-22)
    pub number: RequestNumber,
    /// Whose rows.
    pub order: SalesOrderId,
    /// The connection that it goes to.
    pub connection: ConnectionId,
    /// The warehouse as a place of ours: what holds its units, and what they leave from.
    pub location: LocationId,
    /// Who asked.
    pub made_by: MadeBy,
    /// How far it is.
    pub status: RequestStatus,
    /// Why it is not further, in words.
    pub reason: Option<RequestReason>,
    /// What the warehouse says of it, if it was ever heard of.
    pub at_warehouse: Option<WarehouseState>,
    /// The warehouse's time of that word.
    pub heard_at: Option<Timestamp>,
    /// How fast it goes; unknown while no method is mapped. (SPEC FX-23)
    pub speed: Option<ShippingSpeed>,
    /// It is not sent before. (SPEC FX-21)
    pub hold_until: Option<Timestamp>,
    /// How often it was handed to the warehouse; each time under the same number.
    pub attempts: u32,
    /// When it was last handed over.
    pub submitted_at: Option<Timestamp>,
    /// When the warehouse took it.
    pub accepted_at: Option<Timestamp>,
    /// When the warehouse promised it to arrive, or to leave.
    pub promised_by: Option<Timestamp>,
    /// The feed that it went with, where it went with one.
    pub feed: Option<String>,
    /// Whether nobody knows what became of it, and what looking for it has shown since.
    pub doubt: Option<Doubt>,
    /// Whether the warehouse knows its number, as far as we do. (SPEC FX-26)
    pub is_known_there: bool,
    /// Whether something about it was changed since it was rejected. (SPEC FX-26)
    pub is_changed: bool,
    /// Whether somebody asked for it to be cancelled at the warehouse. (SPEC CS-09)
    pub is_cancel_asked: bool,
    /// The rejected request that this one follows. (SPEC FX-26)
    pub replaces: Option<RequestNumber>,
    /// What is asked for: at most [`crate::limits::LINES_OF_A_REQUEST`].
    pub rows: Vec<RequestRow>,
    /// The warehouse's lines of shipments that were booked, and how many of equal ones. (SPEC FX-32)
    pub received: BTreeMap<String, u32>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of a request. Of its units some shipped, some were given up and are free again, and the rest is
/// still asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id, unique in the request; the warehouse repeats it.
    pub id: String,
    /// The order's row.
    pub row: RowId,
    /// What it is.
    pub variant: VariantId,
    /// The variant's SKU.
    pub sku: Sku,
    /// The SKU as the warehouse knows it.
    pub warehouse_sku: String,
    /// Units asked for.
    pub quantity: i64,
    /// Units that shipped.
    pub shipped: i64,
    /// Units that will not ship. (SPEC CS-07)
    pub freed: i64,
}

impl RequestRow {
    /// Units that are still to come.
    #[must_use]
    pub const fn pending(&self) -> i64 {
        self.quantity - self.shipped - self.freed
    }
}

/// Nobody knows what became of a request: the answer was lost, the feed failed as a whole, or it takes too
/// long. Nothing is sent again before the warehouse was asked. (SPEC FX-25, RELIABILITY R3)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Since when.
    pub since: Timestamp,
    /// The first look since then that did not find it.
    pub first_clean_look: Option<Timestamp>,
}

/// The number of a request: 1 to 40 of `A-Z`, `0-9` and `-`. Others are changed on their way, or cannot be
/// asked for. (SPEC FX-22)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestNumber(String);

/// A text that cannot be the number of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request's number has 1 to {} of the characters A-Z, 0-9 and \"-\"", RequestNumber::MAX_BYTES)]
pub struct InvalidRequestNumber;

impl RequestNumber {
    /// The longest number: what Amazon takes.
    pub const MAX_BYTES: usize = 40;

    /// Bytes of a stem, so that the number of a part still fits.
    const STEM_BYTES: usize = 36;

    /// Bytes of an order's number that a stem shows.
    const ORDER_BYTES: usize = 15;

    /// Reads a number.
    ///
    /// # Errors
    /// If it is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidRequestNumber> {
        let is_allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        match (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(is_allowed) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidRequestNumber),
        }
    }

    /// The number that an order's next request has: as much of the order's own number as may stand in it, for
    /// people, and a token, which makes it the only one. Letters of the token count without their case, so
    /// it has to be unique without it.
    ///
    /// # Errors
    /// If nothing of the token may stand in a number.
    pub fn for_order(order_no: &str, token: &str) -> Result<Self, InvalidRequestNumber> {
        let allowed = |text: &str, most: usize| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).take(most).collect()
        };
        let shown = allowed(order_no, Self::ORDER_BYTES);
        let token = allowed(token, Self::STEM_BYTES - Self::ORDER_BYTES - 1);
        if token.is_empty() {
            return Err(InvalidRequestNumber);
        }
        let parts = [shown, token];
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        Self::parse(&parts.join("-").to_ascii_uppercase())
    }

    /// The number of a part of what was asked for at once, counted from 1: the first has the number itself.
    ///
    /// # Errors
    /// If there is no room for it.
    pub fn part(&self, part: usize) -> Result<Self, InvalidRequestNumber> {
        if part <= 1 { Ok(self.clone()) } else { Self::parse(&format!("{}-{part}", self.0)) }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FulfillmentRequestId {
    /// The id of the request with this number: a second one of it meets the same key.
    #[must_use]
    pub fn for_number(number: &RequestNumber) -> Self {
        Self::from_token(number.as_str())
    }
}

/// Who asked for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// The automation. (SPEC CS-02)
    Automation,
    /// A person.
    Person,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestStatus {
    /// It is held for some hours. (SPEC FX-21)
    OnHold,
    /// It can be sent.
    ReadyToProcess,
    /// Somebody has to do something first; its reason says what. (SPEC FX-23, FX-24)
    Waiting,
    /// It is on its way to the warehouse.
    Submitting,
    /// The warehouse has it and has not said what it thinks of it.
    Submitted,
    /// The warehouse took it.
    Accepted,
    /// The warehouse refused it. Its units stay held. (SPEC FX-26)
    Rejected,
    /// A part of it shipped.
    PartiallyShipped,
    /// All of it shipped.
    Shipped,
    /// The warehouse does not ship all of it; what it does not is free again. (SPEC CS-07)
    Exception,
    /// It was called off before anything of it shipped.
    Cancelled,
}

impl RequestStatus {
    /// Every status.
    pub const ALL: [Self; 11] = [
        Self::OnHold,
        Self::ReadyToProcess,
        Self::Waiting,
        Self::Submitting,
        Self::Submitted,
        Self::Accepted,
        Self::Rejected,
        Self::PartiallyShipped,
        Self::Shipped,
        Self::Exception,
        Self::Cancelled,
    ];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnHold => "on_hold",
            Self::ReadyToProcess => "ready_to_process",
            Self::Waiting => "waiting",
            Self::Submitting => "submitting",
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::PartiallyShipped => "partially_shipped",
            Self::Shipped => "shipped",
            Self::Exception => "exception",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether it has come to its end: nothing of it is still asked for.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Shipped | Self::Exception | Self::Cancelled => true,
            Self::OnHold
            | Self::ReadyToProcess
            | Self::Waiting
            | Self::Submitting
            | Self::Submitted
            | Self::Accepted
            | Self::Rejected
            | Self::PartiallyShipped => false,
        }
    }
}

/// What the warehouse says of a request. Both versions of Amazon's API have these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WarehouseState {
    /// It has come in.
    New,
    /// It is well formed.
    Received,
    /// Parcels are planned.
    Planning,
    /// It is being picked; it can hardly be called off any more.
    Processing,
    /// It was called off there.
    Cancelled,
    /// All of it shipped.
    Complete,
    /// A part of it shipped, and the rest will not.
    CompletePartialled,
    /// Nothing of it can be shipped.
    Unfulfillable,
    /// It is not one that could be shipped.
    Invalid,
    /// A word that Weir does not know.
    Other(String),
}

impl WarehouseState {
    /// The word of the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::New => "new",
            Self::Received => "received",
            Self::Planning => "planning",
            Self::Processing => "processing",
            Self::Cancelled => "cancelled",
            Self::Complete => "complete",
            Self::CompletePartialled => "complete_partialled",
            Self::Unfulfillable => "unfulfillable",
            Self::Invalid => "invalid",
            Self::Other(word) => word,
        }
    }
}

/// How fast a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShippingSpeed {
    /// Within some days.
    Standard,
    /// Within about two days.
    Expedited,
    /// The next day.
    Priority,
}

impl ShippingSpeed {
    /// Every speed.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Expedited, Self::Priority];

    /// The word of the API, which is Amazon's too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Expedited => "Expedited",
            Self::Priority => "Priority",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speed| speed.as_str() == word)
    }

    /// Whether parcels of this speed reach a post office box: the carriers of the faster ones do not go
    /// there. (SPEC FX-24)
    #[must_use]
    pub const fn reaches_post_office_boxes(self) -> bool {
        match self {
            Self::Standard => true,
            Self::Expedited | Self::Priority => false,
        }
    }
}

/// Why a request is not further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestReason {
    /// A stable code.
    pub code: RequestCode,
    /// A sentence.
    pub message: String,
    /// The fields that are wrong, if it is about fields.
    pub details: Vec<FieldError>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $action:expr;)*) => {
        /// The stable codes of a request's reasons.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum RequestCode { $($(#[$doc])* $name,)* }

        impl RequestCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What a person can do.
            #[must_use]
            pub const fn action(self) -> Option<&'static str> {
                match self { $(Self::$name => $action,)* }
            }
        }
    };
}

codes! {
    /// SPEC: FX-21
    Held = "held", None;
    /// SPEC: FX-23
    ShippingMethodNotMapped = "shipping_method_not_mapped",
        Some("Map the order's shipping method to Standard, Expedited or Priority, or choose the speed of this request.");
    /// SPEC: FX-24
    CheckFailed = "check_failed", Some("Correct the fields that are named; it goes on by itself.");
    /// SPEC: FX-25
    OutcomeUnknown = "outcome_unknown", None;
    /// SPEC: FX-26
    RejectedByWarehouse = "rejected_by_warehouse", Some("Change what was refused, and send it again.");
    /// SPEC: CS-07
    Unfulfillable = "unfulfillable", Some("Ship it from another place, or ask again once there is stock.");
    /// SPEC: CS-07
    PartlyUnfulfillable = "partly_unfulfillable",
        Some("Ship the rest from another place, or ask for it again once there is stock.");
    /// It was called off at the warehouse, and not by us.
    CancelledAtWarehouse = "cancelled_at_warehouse", Some("Ship it from another place, or ask for it again.");
    /// SPEC: CS-09
    CancelledHere = "cancelled_here", None;
    /// SPEC: CS-09
    CancelAsked = "cancel_asked", None;
    /// SPEC: FX-26
    Replaced = "replaced", None;
}

impl RequestReason {
    /// A reason that is about no field.
    #[must_use]
    pub fn new(code: RequestCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new() }
    }
}

/// How far an order is with the warehouse, as its page says it. (SPEC §0 "sales order")
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FulfillmentState {
    /// A request can be sent.
    ReadyToProcess,
    /// A request is held, or waits for somebody.
    OnHold,
    /// All requests are with the warehouse. (SPEC CS-06)
    InShipping,
    /// The warehouse refused one, or does not ship all of it. (SPEC CS-07)
    AmazonOrderException,
    /// All requests shipped. (SPEC CS-08)
    Shipped,
}

impl FulfillmentState {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadyToProcess => "ready_to_process",
            Self::OnHold => "on_hold",
            Self::InShipping => "in_shipping",
            Self::AmazonOrderException => "amazon_order_exception",
            Self::Shipped => "shipped",
        }
    }

    /// What an order's requests come to; `None` if it has none that still count. What needs somebody comes
    /// first. A request that another one followed, or that was cancelled, does not count.
    #[must_use]
    pub fn of(requests: &[FulfillmentRequest]) -> Option<Self> {
        let is_replaced = |request: &FulfillmentRequest| {
            requests.iter().any(|other| other.replaces.as_ref() == Some(&request.number))
        };
        let counts = |request: &&FulfillmentRequest| {
            request.status != RequestStatus::Cancelled && !is_replaced(request)
        };
        requests.iter().filter(counts).map(|request| Self::of_one(request.status)).min_by_key(|state| {
            match state {
                Self::AmazonOrderException => 0,
                Self::OnHold => 1,
                Self::ReadyToProcess => 2,
                Self::InShipping => 3,
                Self::Shipped => 4,
            }
        })
    }

    const fn of_one(status: RequestStatus) -> Self {
        match status {
            RequestStatus::OnHold | RequestStatus::Waiting => Self::OnHold,
            RequestStatus::ReadyToProcess => Self::ReadyToProcess,
            RequestStatus::Submitting
            | RequestStatus::Submitted
            | RequestStatus::Accepted
            | RequestStatus::PartiallyShipped => Self::InShipping,
            RequestStatus::Rejected | RequestStatus::Exception => Self::AmazonOrderException,
            RequestStatus::Shipped => Self::Shipped,
            // Filtered out before; an order of cancelled requests has nothing to ship.
            RequestStatus::Cancelled => Self::Shipped,
        }
    }
}

impl FulfillmentRequest {
    /// Units of an order's row that it still asks for.
    #[must_use]
    pub fn asks_for(&self, row: &RowId) -> i64 {
        if self.status.is_over() {
            return 0;
        }
        self.rows.iter().filter(|part| part.row == *row).map(RequestRow::pending).sum()
    }

    /// Units of a variant that it asks for and that the warehouse does not know of by a time: they are still
    /// among what it counted then. (SPEC FX-16)
    #[must_use]
    pub fn knew_by(&self, at: Timestamp) -> bool {
        self.accepted_at.is_some_and(|accepted| accepted <= at)
    }

    /// Units that shipped, all rows together.
    #[must_use]
    pub fn shipped(&self) -> i64 {
        self.rows.iter().map(|row| row.shipped).sum()
    }

    /// Units that are still to come, all rows together.
    #[must_use]
    pub fn pending(&self) -> i64 {
        self.rows.iter().map(RequestRow::pending).sum()
    }

    /// Whether it was ever handed to the warehouse.
    #[must_use]
    pub const fn was_sent(&self) -> bool {
        self.attempts > 0
    }
}
