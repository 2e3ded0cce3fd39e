//! An order as a channel showed it, in Weir's words: the fact that the rules decide upon. A
//! channel's folder makes it from its own wire types; what a channel did not say is `None`, never 0.

pub mod shop;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::{
    customer::Person,
    ids::ChannelOrderId,
    money::{Currency, Money},
};

use shop::{ShopLine, ShopOrder};

/// One order, as the channel had it at `updated_at`.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelOrder {
    /// The channel's own id.
    pub channel_order_id: ChannelOrderId,
    /// The number that people see.
    pub order_no: String,
    /// When the buyer ordered.
    pub created_at: Timestamp,
    /// The channel's own time of this state; an older one never overwrites a newer. (SPEC G-02)
    pub updated_at: Timestamp,
    /// How far it is.
    pub state: ChannelOrderState,
    /// Who ships it.
    pub fulfilled_by: FulfilledBy,
    /// Who sold it.
    pub sold_by: SoldBy,
    /// The number under which a seller asked the channel to ship it, if it is such a request.
    pub request_number: Option<String>,
    /// The marketplace it was sold on.
    pub marketplace: Option<String>,
    /// The latest promised delivery.
    pub promised_by: Option<Timestamp>,
    /// Whether the amounts of lines and charges include tax; it depends on the marketplace. (SPEC KF-06)
    pub prices_include_tax: bool,
    /// What the buyer paid in; unknown if no amount came at all.
    pub currency: Option<Currency>,
    /// What the buyer paid in all.
    pub total: Option<Money>,
    /// What was bought.
    pub lines: Vec<ChannelLine>,
    /// What was charged for the order as a whole.
    pub charges: Vec<ChannelCharge>,
    /// The buyer, as far as the channel tells. (SPEC KF-15)
    pub person: Person,
    /// The buyer's own purchase order number.
    pub customer_ref: Option<String>,
    /// What could be read only in part, in words without personal data: unknown words, odd numbers.
    pub oddities: Vec<String>,
    /// What a web shop tells besides; empty for a channel that ships by itself.
    pub shop: ShopOrder,
}

/// How far an order is at the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelOrderState {
    /// Not paid or not released yet.
    Pending,
    /// Released, nothing shipped.
    Unshipped,
    /// A part has shipped.
    PartiallyShipped,
    /// All has shipped.
    Shipped,
    /// Cancelled.
    Cancelled,
    /// Cannot be fulfilled.
    Unfulfillable,
    /// A word that Weir does not know.
    Unknown(String),
}

/// Who ships an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FulfilledBy {
    /// The channel itself (FBA).
    Channel,
    /// The merchant.
    Merchant,
    /// The channel did not say, or with a word that Weir does not know.
    Unknown(Option<String>),
}

/// Who sold an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoldBy {
    /// The channel's own shop.
    Channel,
    /// Another shop; the channel only ships it (multi-channel fulfilment). (SPEC KF-02)
    OtherChannel,
    /// A word that Weir does not know.
    Unknown(Option<String>),
}

/// One line. Amounts are for the whole line, in the order's currency.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelLine {
    /// The channel's id of the line.
    pub line_id: String,
    /// The seller's SKU, as it came.
    pub sku: Option<String>,
    /// The title.
    pub name: String,
    /// Ordered units, as they stand after edits and refunds; the line's amounts are for these.
    pub quantity: i64,
    /// Shipped units, if the channel says. Of a web shop: fulfilled units, also those that were refunded
    /// later.
    pub shipped_quantity: Option<i64>,
    /// The line's price before discount; with tax if the order's prices include it.
    pub amount: Option<Decimal>,
    /// Its tax; `None` is unknown, which is not zero.
    pub tax: Option<Decimal>,
    /// Its discount, not negative; with tax if the order's prices include it.
    pub discount: Decimal,
    /// The tax that the discount saved. `tax` above is what is due after it when `None`.
    pub discount_tax: Option<Decimal>,
    /// Charges that came with the line: shipping, gift wrap.
    pub charges: Vec<ChannelCharge>,
    /// Serial numbers of the shipped units.
    pub serial_numbers: Vec<String>,
    /// What a web shop tells besides.
    pub shop: ShopLine,
}

/// A charge besides the goods.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelCharge {
    /// What for.
    pub kind: ChargeKind,
    /// Its amount before discount; with tax if the order's prices include it.
    pub amount: Decimal,
    /// Its tax; `None` is unknown.
    pub tax: Option<Decimal>,
    /// Its discount, not negative.
    pub discount: Decimal,
}

/// What a charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChargeKind {
    /// Shipping.
    Shipping,
    /// Gift wrapping.
    GiftWrap,
    /// Cash on delivery.
    CashOnDelivery,
    /// A tip.
    Tip,
    /// Anything else.
    Other,
}

impl ChargeKind {
    /// Every kind, in the order of the API document.
    pub const ALL: [Self; 5] = [Self::Shipping, Self::GiftWrap, Self::CashOnDelivery, Self::Tip, Self::Other];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shipping => "shipping",
            Self::GiftWrap => "gift_wrap",
            Self::CashOnDelivery => "cash_on_delivery",
            Self::Tip => "tip",
            Self::Other => "other",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
