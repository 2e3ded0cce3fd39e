//! What became of an observation of a channel's order, with a reason that a person can read. (SPEC G-03)

use jiff::Timestamp;

use crate::ids::{ChannelOrderId, ConnectionId, SalesOrderId};

/// The account of one order that a channel showed: what became of it, and why. There is one for
/// every order that Weir ever saw, also of those that never became a sales order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Of which connection.
    pub connection: ConnectionId,
    /// Which order.
    pub channel_order_id: ChannelOrderId,
    /// The number that people see; the channel's id until it is known.
    pub order_no: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What the rules read to decide so.
    pub because: Vec<Because>,
    /// Whether a person ever asked for it by its number: the date rule is lifted then, for good. (SPEC KS-04)
    pub is_asked_for: bool,
    /// The channel's time of the state decided upon; `None` if it never could be read. (SPEC G-02)
    pub channel_updated_at: Option<Timestamp>,
    /// SHA-256 of that state, so that an equal one need not be decided again.
    pub digest: Option<String>,
    /// When the channel first showed the order as shipped: its business date.
    pub shipped_at: Option<Timestamp>,
    /// Channel SKUs of the order, for the page that says what waits (without personal data).
    pub skus: Vec<String>,
    /// The sales order, if there is one.
    pub sales_order: Option<SalesOrderId>,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it was last seen (touched at most hourly).
    pub last_seen_at: Timestamp,
    /// When this outcome was reached.
    pub observed_at: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The kind.
    pub kind: OutcomeKind,
    /// The reason.
    pub reason: Reason,
}

/// A stable code, a sentence, and what a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable code.
    pub code: ReasonCode,
    /// The sentence, with the names and numbers of this case.
    pub message: String,
    /// What a person can do, if anything.
    pub action: Option<String>,
}

impl Reason {
    /// The reason with a sentence of its own and the code's usual action.
    #[must_use]
    pub fn new(code: ReasonCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), action: code.action().map(str::to_owned) }
    }

    /// The reason in the code's own words.
    #[must_use]
    pub fn plain(code: ReasonCode) -> Self {
        Self::new(code, code.sentence())
    }
}

/// The kinds of outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeKind {
    /// It became a sales order.
    Imported,
    /// Its sales order changed.
    Updated,
    /// Nothing had to change.
    Unchanged,
    /// It waits for something named, and goes on by itself.
    Waiting,
    /// It does not import, for a reason.
    Skipped,
    /// It could not be read or looked up.
    Failed,
}

impl OutcomeKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Imported, Self::Updated, Self::Unchanged, Self::Waiting, Self::Skipped, Self::Failed];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Waiting => "waiting",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $sentence:literal, $action:expr;)*) => {
        /// The stable codes. Each has a sentence and, where a person can act, an action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ReasonCode { $($(#[$doc])* $name,)* }

        impl ReasonCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The sentence, where a case has no better one.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// What a person can do.
            #[must_use]
            pub const fn action(self) -> Option<&'static str> {
                match self { $(Self::$name => $action,)* }
            }

            /// Reads the stable word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == word)
            }
        }
    };
}

impl ReasonCode {
    /// Whether something of a state was refused though the order is in: its timeline says so, and its
    /// standing outcome stays. (SPEC KS-35)
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::DeliveredNeverChanges
                | Self::MalformedOrder
                | Self::ProtectedNeverChanges
                | Self::FulfillmentNotMatched
                | Self::FulfillmentCancelledLater
                | Self::ReturnNotMatched
                | Self::LocationMissing
                | Self::ChangesNotBrought
                | Self::FulfillmentsNotBrought
                | Self::ShippedNotCompleted
        )
    }
}

reasons! {
    /// It is open at the channel, and in. SPEC: KS-01, KS-02
    OpenOrder = "open_order", "It is open at the channel, and came in.", None;
    /// SPEC: KS-33, KS-34
    DeletedWithChannel = "deleted_with_channel", "It was called off at the channel before anything was fulfilled; it is deleted here.",
        Some("Restore it if it should come back.");
    /// SPEC: KS-30 to KS-32
    ChangesFollowed = "changes_followed", "It was changed at the channel, and is changed here.", None;
    /// SPEC: KS-40
    FulfilledAtChannel = "fulfilled_at_channel", "It was fulfilled at the channel, and is delivered here.", None;
    /// SPEC: KS-16
    ReturnFollowed = "return_followed", "Something of it comes back; its return order follows the channel.", None;
    /// SPEC: KS-46
    OwnFulfillment = "own_fulfillment", "The channel shows the fulfillment that Weir made there.", None;
    /// SPEC: KS-35
    ProtectedNeverChanges = "protected_never_changes", "What was packed, delivered or invoiced never changes.",
        Some("Settle the difference with the buyer; the order stays as it is.");
    /// SPEC: KS-40
    FulfillmentNotMatched = "fulfillment_not_matched", "A line of a fulfillment at the channel matches no open row; none of it is applied.",
        Some("Deliver here by hand what has left and is not delivered yet.");
    /// SPEC: KS-16
    ReturnNotMatched = "return_not_matched", "A line of a return at the channel matches no row; none of it is applied.", None;
    /// SPEC: KS-42
    FulfillmentCancelledLater = "fulfillment_cancelled_later", "A fulfillment was cancelled at the channel after it was delivered here; nothing changes.",
        Some("Book the goods back with a stock adjustment if they came back.");
    /// SPEC: KS-14
    ChangesNotBrought = "changes_not_brought", "It was changed at the channel, and this connection does not bring changes.",
        Some("Turn on \"bring order changes\" of the connection.");
    /// SPEC: KS-17
    FulfillmentsNotBrought = "fulfillments_not_brought", "It was fulfilled at the channel, and this connection does not sync fulfillments.",
        Some("Deliver it here by hand, or turn on \"sync fulfillment status\" of the connection.");
    /// SPEC: KB-11
    ShippedNotCompleted = "shipped_not_completed", "It was shipped at the channel, which alone delivers nothing here.",
        Some("Complete the order in the shop, or deliver it here.");
    /// SPEC: KB-03
    IncompleteCheckout = "incomplete_checkout", "The buyer reached the payment and did not finish it.", None;
    /// SPEC: KB-03
    PendingCheckout = "pending_checkout", "The buyer began the checkout and did not finish it.", None;
    /// SPEC: KB-03
    Declined = "declined", "It was declined at the channel.", None;
    /// SPEC: KB-03
    ManualVerification = "manual_verification", "The channel holds it until somebody has verified it.",
        Some("Verify it in the shop.");
    /// SPEC: KB-03
    Disputed = "disputed", "The buyer disputes its payment.", Some("Settle the dispute at the channel.");
    /// SPEC: KB-06
    CustomItem = "custom_item", "A line of it was typed in and is no product here.",
        Some("Turn on \"create custom items\" of the connection, or create a variant with its SKU.");
    /// SPEC: KS-05
    Draft = "draft", "It is a draft and no order yet.", None;
    /// SPEC: KS-05
    Archived = "archived", "It was archived at the channel.", Some("Open it again in the shop if it should come in.");
    /// SPEC: KS-05, KS-06
    FulfillmentOnHold = "fulfillment_on_hold", "Its fulfillment is on hold.", Some("Release the hold in the shop.");
    /// SPEC: KS-05
    FullyRefunded = "fully_refunded", "All of it was refunded.", None;
    /// SPEC: KS-05, KS-11
    PaymentPending = "payment_pending", "Its payment is pending.",
        Some("It comes in once it is paid; or turn on \"payment-pending orders\" of the connection.");
    /// SPEC: KS-02
    PaymentVoided = "payment_voided", "Its payment was voided.", None;
    /// SPEC: KS-02
    PaymentExpired = "payment_expired", "Its payment was not made in time.", None;
    /// SPEC: KS-05
    AlreadyFulfilled = "already_fulfilled", "It was fulfilled before it was first seen.", None;
    /// SPEC: KS-04
    CreatedBeforeActivation = "created_before_activation", "It was made before the connection was activated.",
        Some("Ask for it by its number if it should come in.");
    /// SPEC: KS-22 (nothing is left of it after edits)
    NothingLeft = "nothing_left", "No line of it has a unit left.", None;
    /// It shipped from the channel's own warehouse and is booked. SPEC: KF-02, KF-09
    ShippedByChannel = "shipped_by_channel", "The channel shipped it; it is booked as delivered.", None;
    /// The same state again.
    NothingChanged = "nothing_changed", "This state was decided upon before; nothing changed.", None;
    /// An older state than the one decided upon. SPEC: G-02
    OlderThanKnown = "older_than_known", "A newer state of this order is known already.", None;
    /// What was delivered never changes. SPEC: KS-35
    DeliveredNeverChanges = "delivered_never_changes", "It was delivered before; what has left is not changed.", None;
    /// SPEC: KF-02
    NotShippedYet = "not_shipped_yet", "The channel has not shipped all of it yet.", None;
    /// SPEC: KF-05
    SkuNotMatched = "sku_not_matched", "A SKU of the order matches no variant.",
        Some("Create a variant with that SKU, or map the SKU to a variant of yours.");
    /// SPEC: G-09
    PeriodLocked = "period_locked", "It shipped in the locked inventory period.",
        Some("Move the organization's inventory lock date, or book it in the open period by a stock adjustment.");
    /// SPEC: G-05
    OrderTooLarge = "order_too_large", "It has more rows than an order may have.",
        Some("Its snapshot is kept. Book its stock with a stock adjustment.");
    /// The connection has no location to take stock from.
    LocationMissing = "location_missing", "The connection has no location to take the stock from.",
        Some("Choose the connection's default location.");
    /// A word for the state that Weir does not know.
    UnknownState = "unknown_state", "The channel gave a state that Weir does not know.",
        Some("It is looked at again when the channel changes it. Report the word so that it can be taught.");
    /// The channel did not say who ships or sold it.
    UnknownSeller = "unknown_seller", "The channel did not say who sold it or who ships it.",
        Some("It is looked at again when the channel changes it.");
    /// The merchant ships it.
    FulfilledByMerchant = "fulfilled_by_merchant", "The merchant ships it, not the channel's warehouse.", None;
    /// SPEC: KF-02
    Cancelled = "cancelled", "It was cancelled at the channel.", None;
    /// SPEC: KF-02
    Unfulfillable = "unfulfillable", "The channel cannot fulfil it.", None;
    /// SPEC: KF-02
    OwnRequest = "own_request", "Weir itself asked the channel to ship it; its stock moves with the order it belongs to.", None;
    /// SPEC: KF-02
    McfNotOurs = "mcf_not_ours", "It was sold elsewhere and sent to the channel by somebody else than Weir.",
        Some("If it took stock of yours, book it with a stock adjustment.");
    /// SPEC: KF-01
    ShippedBeforeActivation = "shipped_before_activation", "It shipped before the connection was first activated.",
        Some("Run a backfill from an earlier date.");
    /// Another connection answers for that marketplace.
    OtherMarketplace = "other_marketplace", "It was sold on another marketplace than this connection's.", None;
    /// SPEC: KS-05
    DeletedInWeir = "deleted_in_weir", "It was imported before and deleted in Weir.",
        Some("Restore it if it should come back.");
    /// What the channel sent cannot be read.
    MalformedOrder = "malformed_order", "What the channel sent for this order cannot be read.",
        Some("Its snapshot is kept. Ask for the order again; if it stays so, report it.");
    /// The channel does not know the order.
    OrderNotFound = "order_not_found", "The channel does not know an order of that number.",
        Some("Check the number and the connection.");
    /// SPEC: G-11
    CredentialsRevoked = "credentials_revoked", "The channel refused the connection's credentials.",
        Some("Authorize the connection again, or enter new credentials.");
    /// SPEC: G-11
    AccessDenied = "access_denied", "The channel lets the connection in but denies it these data.",
        Some("Give the application the roles it needs, or choose the other orders API in the connection's settings.");
    /// SPEC: G-12
    RateLimited = "rate_limited", "The channel's rate limit is used up; it is tried again by itself.", None;
    /// The channel does not answer, or with errors of its own.
    ChannelTrouble = "channel_trouble", "The channel has trouble; it is tried again by itself.", None;
    /// The connection was deactivated.
    ConnectionInactive = "connection_inactive", "The connection is not active.", Some("Activate the connection.");
    /// A big order whose stock is being booked in parts. SPEC: G-05
    Booking = "booking", "It is a big order; its stock is being booked in parts.", None;
    /// Two writers met too often.
    Contended = "contended", "Others were writing the same stock; it is tried again by itself.", None;
}

/// One thing that a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// A stable word.
    pub code: String,
    /// A sentence without personal data.
    pub message: String,
}

impl Because {
    /// One thing that a decision rests on.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}
