//! What a web shop tells of an order that the merchant ships, besides what every channel tells:
//! how it was paid, where it is to be fulfilled, what was, and what came back. (SPEC §3, §4)

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::{money::Money, sales_order::Tracking};

/// The part of a [`super::ChannelOrder`] that a web shop has. Of a channel that ships by itself all of
/// it is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShopOrder {
    /// A draft is no order yet. (SPEC KS-01)
    pub is_draft: bool,
    /// When it was archived (Shopify: closed); `None` while it is open. (SPEC KS-01, KS-34)
    pub archived_at: Option<Timestamp>,
    /// When all of it was cancelled. (SPEC KS-33)
    pub cancelled_at: Option<Timestamp>,
    /// How far its payment is; `None` if the shop did not say. (SPEC KS-02)
    pub payment: Option<PaymentState>,
    /// What the buyer paid in all, in the shop's own currency. (SPEC G-08)
    pub total_in_shop_currency: Option<Money>,
    /// What cash rounding added to the total (negative: took off); the total holds it.
    pub cash_rounding: Decimal,
    /// Discounts on the order as a whole that the shop did not spread over its lines, not negative,
    /// with tax if the order's prices include it. Those that it spread are in the lines' discounts.
    /// (SPEC KS-25)
    pub order_discount: Decimal,
    /// Where its units are to be fulfilled, and how.
    pub fulfillment_orders: Vec<FulfillmentOrder>,
    /// What was fulfilled, also what was cancelled again later.
    pub fulfillments: Vec<ChannelFulfillment>,
    /// What comes back. (SPEC KS-16)
    pub returns: Vec<ChannelReturn>,
    /// How it is to be shipped, in the shop's own words.
    pub shipping_method: Option<String>,
    /// What people or applications marked it with.
    pub tags: Vec<String>,
    /// Where it was sold, as the shop says: its web shop, its till, an application's number.
    pub sold_in: Option<String>,
    /// Whether it is a trial that nobody paid for.
    pub is_test: bool,
    /// The shop's id of the buyer, by which requests of the privacy laws name him. (SPEC OP-05)
    pub customer_id: Option<String>,
    /// How far the whole of it is, at a shop that has one status for that. (SPEC KB-03, KB-11)
    pub stage: Stage,
    /// Whether its delivery date follows from the organization's default time alone (SPEC KB-05), and not
    /// from its products' (SPEC KS-20).
    pub delivered_by_default: bool,
}

/// How far an order is at a shop that says so by one status for the whole of it. (SPEC KB-03, KB-10, KB-11)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// The shop has no such status: its fulfillments, its payment and its times tell.
    #[default]
    NotTold,
    /// The buyer reached the payment and did not finish it.
    Incomplete,
    /// The buyer began the checkout and did not finish it.
    Pending,
    /// The merchant refused it: nothing of it is wanted any more.
    Declined,
    /// Somebody has to look at it at the shop first.
    ManualVerification,
    /// The buyer disputes its payment.
    Disputed,
    /// It is on its way, as far as its units say.
    Open,
    /// All of it was shipped, which alone delivers nothing here. (SPEC KB-11)
    Shipped,
    /// It is done: whatever is still open here left then. (SPEC KB-11)
    Completed {
        /// When it was shipped, or else when that was seen first.
        at: Timestamp,
    },
}

/// The part of a [`super::ChannelLine`] that a web shop has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopLine {
    /// The shop's id of the variant; `None` for a custom line or a product that was deleted.
    pub variant_id: Option<String>,
    /// Whether it was typed in by hand and is no product of the shop. (SPEC KS-13)
    pub is_custom: bool,
    /// Whether something has to be shipped for it.
    pub requires_shipping: bool,
    /// Whether it is a gift card that was sold.
    pub is_gift_card: bool,
    /// Units that still wait to be fulfilled; `None` if the shop did not say. What was taken off or
    /// refunded before it was fulfilled is not among them.
    pub open_quantity: Option<i64>,
    /// What the buyer or a person noted at the line (Shopify: custom attributes). (SPEC KS-36)
    pub properties: Vec<(String, String)>,
}

impl Default for ShopLine {
    /// A plain product that is shipped.
    fn default() -> Self {
        Self {
            variant_id: None,
            is_custom: false,
            requires_shipping: true,
            is_gift_card: false,
            open_quantity: None,
            properties: Vec::new(),
        }
    }
}

/// How far the payment of an order is. (SPEC KS-02)
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Paid.
    Paid,
    /// Paid, and a part was given back: counts as paid.
    PartiallyRefunded,
    /// All was given back.
    Refunded,
    /// Not paid yet.
    Pending,
    /// Reserved on the buyer's card: counts as pending.
    Authorized,
    /// A part is paid: counts as pending.
    PartiallyPaid,
    /// The payment was called off.
    Voided,
    /// The payment was not made in time.
    Expired,
    /// A word that Weir does not know.
    Unknown(String),
}

/// Units that a place is to fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentOrder {
    /// The channel's id.
    pub id: String,
    /// How far it is.
    pub state: FulfillmentOrderState,
    /// The channel's id of the place.
    pub location: Option<String>,
    /// How the goods get to the buyer.
    pub delivery: DeliveryMethod,
    /// Why it is held; empty if it is not.
    pub holds: Vec<Hold>,
    /// Its units.
    pub lines: Vec<FulfillmentOrderLine>,
}

/// How far a fulfillment order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FulfillmentOrderState {
    /// It can be fulfilled.
    Open,
    /// Somebody works on it.
    InProgress,
    /// It becomes open at its time; that is no hold. (SPEC KS-06)
    Scheduled,
    /// It is held. (SPEC KS-06)
    OnHold,
    /// A part cannot be fulfilled as asked.
    Incomplete,
    /// All of it was fulfilled.
    Closed,
    /// It was called off.
    Cancelled,
    /// A word that Weir does not know.
    Unknown(String),
}

impl FulfillmentOrderState {
    /// Whether nothing more comes of it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

/// Why a fulfillment order is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The channel's word, such as `HIGH_RISK_OF_FRAUD`. Notes are left out: people write names in them.
    pub reason: String,
}

/// How goods get to the buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryMethod {
    /// A carrier brings them.
    Shipping,
    /// The merchant brings them.
    Local,
    /// The buyer picks them up at the merchant's. (SPEC KS-45)
    PickUp,
    /// The buyer picks them up at a carrier's point.
    PickupPoint,
    /// The buyer took them along (POS).
    Retail,
    /// There is nothing to deliver.
    Nothing,
    /// The channel did not say, or with a word that Weir does not know.
    Unknown(Option<String>),
}

impl DeliveryMethod {
    /// Whether the shop itself notes that the buyer has it, and nobody else may. (SPEC KS-45)
    #[must_use]
    pub const fn is_picked_up(&self) -> bool {
        matches!(self, Self::PickUp | Self::Retail)
    }
}

/// A line's units in a fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentOrderLine {
    /// The channel's id of this part.
    pub id: String,
    /// The order's line.
    pub line_id: String,
    /// Units that were asked for.
    pub total: i64,
    /// Units that wait.
    pub remaining: i64,
}

/// Units that were fulfilled at the channel, by whomever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelFulfillment {
    /// The channel's id.
    pub id: String,
    /// Whether it holds.
    pub state: ChannelFulfillmentState,
    /// When it was made: the business time of what left with it.
    pub created_at: Timestamp,
    /// The channel's id of the place it left.
    pub location: Option<String>,
    /// The fulfillment orders it belongs to, as far as the channel tells.
    pub fulfillment_orders: Vec<String>,
    /// Its units.
    pub lines: Vec<FulfilledUnits>,
    /// Its parcels.
    pub tracking: Vec<Tracking>,
}

/// Whether a fulfillment of the channel holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelFulfillmentState {
    /// It was made.
    Success,
    /// It is under way.
    Pending,
    /// It was called off again. (SPEC KS-42)
    Cancelled,
    /// It did not work.
    Failed,
    /// A word that Weir does not know.
    Unknown(String),
}

/// Units of one line of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfilledUnits {
    /// The order's line.
    pub line_id: String,
    /// Units.
    pub quantity: i64,
}

/// Goods that come back. (SPEC KS-16)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelReturn {
    /// The channel's id.
    pub id: String,
    /// The number that people see, such as `#1042-R1`.
    pub number: String,
    /// How far it is.
    pub state: ChannelReturnState,
    /// When it was made.
    pub created_at: Timestamp,
    /// What comes back.
    pub lines: Vec<ReturnedUnits>,
}

/// How far a return is at the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelReturnState {
    /// The buyer asked; nobody agreed yet.
    Requested,
    /// Agreed.
    Open,
    /// Done.
    Closed,
    /// Refused.
    Declined,
    /// Called off.
    Cancelled,
    /// A word that Weir does not know.
    Unknown(String),
}

/// Units of one line that come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedUnits {
    /// The order's line.
    pub line_id: String,
    /// Units.
    pub quantity: i64,
    /// The channel's word for the reason, such as `SIZE_TOO_SMALL`.
    pub reason: Option<String>,
}
