//! The sales order: rows, prices, fulfillments, and the hidden source id that it bears for ever.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::{
    channel_order::ChargeKind,
    ids::{
        ChannelName, ChannelOrderId, ConnectionId, CustomerId, FulfillmentId, LocationId, RowId,
        SalesOrderId, VariantId,
    },
    money::{Currency, Money},
    stock::{BatchTake, StockKey},
    variant::Sku,
};

/// A sales order. A deleted one stays, as its own tombstone. (SPEC KS-26)
#[derive(Clone, Debug, PartialEq)]
pub struct SalesOrder {
    /// Its id.
    pub id: SalesOrderId,
    /// The number that people see.
    pub order_no: String,
    /// Where it came from; `None` for one made in Weir.
    pub source: Option<Source>,
    /// How far it is.
    pub status: OrderStatus,
    /// Whether all of it is booked. (SPEC G-05)
    pub booking: Booking,
    /// The currency the buyer paid in; `None` if the channel gave no amount at all.
    pub currency: Option<Currency>,
    /// Base money for one unit of that currency. (SPEC G-08)
    pub exchange_rate: Option<Decimal>,
    /// The total in the base currency; `None` with no rate.
    pub base_total: Option<Money>,
    /// The total that the channel gave.
    pub channel_total: Option<Money>,
    /// What somebody should know about it.
    pub flags: BTreeSet<Flag>,
    /// Who bought it.
    pub customer: Option<CustomerId>,
    /// The buyer's own reference.
    pub customer_ref: Option<String>,
    /// What was bought.
    pub rows: Vec<Row>,
    /// Charges besides the goods, one of a kind.
    pub charges: Vec<Charge>,
    /// Parts of the channel's total that are in no row and no charge; with them the total still
    /// reconciles. (SPEC G-06, KS-12)
    pub left_out: BTreeMap<LeftOut, Decimal>,
    /// What was packed or delivered.
    pub fulfillments: Vec<Fulfillment>,
    /// The channel's fulfillments that were there before the order was first seen: they move no stock,
    /// now or later. (SPEC KS-03)
    pub fulfilled_before: BTreeSet<String>,
    /// When the buyer ordered.
    pub ordered_at: Timestamp,
    /// When it should be with the buyer.
    pub delivery_date: Option<Timestamp>,
    /// The channel's time of the state that was decided upon.
    pub channel_updated_at: Option<Timestamp>,
    /// When Weir made it.
    pub created_at: Timestamp,
    /// When it was deleted in Weir.
    pub deleted_at: Option<Timestamp>,
}

/// The hidden source id of an imported order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The connection.
    pub connection: ConnectionId,
    /// Its channel.
    pub channel: ChannelName,
    /// The channel's id of the order.
    pub channel_order_id: ChannelOrderId,
}

/// How far an order, or a row of it, is. What was delivered stays so: an order goes back from delivered
/// to partially delivered only when a row is added to it. (SPEC KS-31)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderStatus {
    /// Nothing packed.
    NotShipped,
    /// Packed.
    Packed,
    /// A part is delivered.
    PartiallyDelivered,
    /// All is delivered.
    Delivered,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::NotShipped, Self::Packed, Self::PartiallyDelivered, Self::Delivered];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotShipped => "not_shipped",
            Self::Packed => "packed",
            Self::PartiallyDelivered => "partially_delivered",
            Self::Delivered => "delivered",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Whether all of an order's stock is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booking {
    /// All is booked; people see the order.
    Complete,
    /// A big order whose stock moves chunk by chunk; nobody sees it yet. Its only fulfillment is the
    /// plan, whose rows are spread evenly over the chunks. (SPEC G-05)
    Committing {
        /// How many chunks its plan has.
        chunks: u32,
    },
    /// A big order that the merchant ships, on its way in or to its next state: its stock moves chunk
    /// by chunk, and nobody sees it meanwhile. (SPEC G-05)
    Following {
        /// Its plan, in the order in which it is carried out.
        plan: Vec<StockStep>,
        /// Steps of one chunk.
        steps_in_a_chunk: u32,
        /// Whether it is on its way in.
        is_new: bool,
    },
}

/// One step of a big order's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockStep {
    /// A row's units leave with a fulfillment.
    Leave {
        /// With which.
        fulfillment: FulfillmentId,
        /// Whose units.
        row: RowId,
        /// From where; a service's units, which lie nowhere, have no step.
        location: LocationId,
    },
    /// So many units more (negative: fewer) are held for the order.
    Reserve {
        /// Where, of what.
        key: StockKey,
        /// Units.
        quantity: i64,
    },
}

/// A part of the channel's total that is in no row and no charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// Shipping, with its tax and less its discount, where the setting leaves it out. (SPEC KS-12)
    Shipping,
    /// What cash rounding added or took off.
    CashRounding,
    /// What the channel charged more (negative: gave back) for rows that never change. (SPEC KS-35)
    NotApplied,
}

impl LeftOut {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Shipping, Self::CashRounding, Self::NotApplied];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shipping => "shipping",
            Self::CashRounding => "cash_rounding",
            Self::NotApplied => "not_applied",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == word)
    }
}

/// What somebody should know about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// Batches or serial numbers are not all known. (SPEC G-10, KF-11, KF-12)
    MissingTrackingData,
    /// On-hand went below zero. (SPEC G-10)
    NegativeStock,
    /// A price did not come; it is unknown, not 0. (SPEC KF-15)
    PriceUnknown,
    /// No tax data came; tax is unknown, not 0. (SPEC KF-06)
    TaxUnknown,
    /// No exchange rate: the base total is missing. (SPEC G-08)
    BaseTotalMissing,
    /// The rows do not add up to the channel's own total. (SPEC G-06)
    TotalDiffers,
    /// A part of it was fulfilled before Weir first saw it. (SPEC KS-03)
    FulfilledBeforeImport,
    /// It is older than the connection and came because a person asked for it. (SPEC KS-04)
    AskedFor,
    /// It was delivered here, and somebody has to mark it picked up in the shop. (SPEC KS-45)
    PickupToBeMarked,
    /// The channel called it off, and somebody brought it back on purpose: it does not follow the channel
    /// as long as that holds. (SPEC OP-10)
    BroughtBack,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 10] = [
        Self::MissingTrackingData,
        Self::NegativeStock,
        Self::PriceUnknown,
        Self::TaxUnknown,
        Self::BaseTotalMissing,
        Self::TotalDiffers,
        Self::FulfilledBeforeImport,
        Self::AskedFor,
        Self::PickupToBeMarked,
        Self::BroughtBack,
    ];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingTrackingData => "missing_tracking_data",
            Self::NegativeStock => "negative_stock",
            Self::PriceUnknown => "price_unknown",
            Self::TaxUnknown => "tax_unknown",
            Self::BaseTotalMissing => "base_total_missing",
            Self::TotalDiffers => "total_differs",
            Self::FulfilledBeforeImport => "fulfilled_before_import",
            Self::AskedFor => "asked_for",
            Self::PickupToBeMarked => "pickup_to_be_marked",
            Self::BroughtBack => "brought_back",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::MissingTrackingData => "Batches or serial numbers of some units are not known.",
            Self::NegativeStock => "More left than was on hand: stock went below zero.",
            Self::PriceUnknown => "The channel gave no price for some rows.",
            Self::TaxUnknown => "The channel gave no tax data for some rows.",
            Self::BaseTotalMissing => {
                "There is no exchange rate for this currency, so the base total is missing."
            }
            Self::TotalDiffers => "The rows do not add up to the total that the channel gave.",
            Self::FulfilledBeforeImport => {
                "The channel had fulfilled a part of it before it was first seen; no stock moved for that."
            }
            Self::AskedFor => "It is older than the connection, and came because a person asked for it.",
            Self::PickupToBeMarked => "It is delivered here; mark it picked up in the shop.",
            Self::BroughtBack => {
                "It was called off at the channel, and somebody brought it back: it does not follow the \
                 channel meanwhile."
            }
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == word)
    }
}

/// A row. Amounts are for the whole row, net of tax, in the order's currency; `None` is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its id, unique in the order and made of the channel's line id.
    pub id: RowId,
    /// The channel's id of the line.
    pub channel_line_id: Option<String>,
    /// The variant's SKU when the row was made.
    pub sku: Sku,
    /// The SKU as the channel spelled it, where that is another one. (SPEC KF-05)
    pub channel_sku: Option<String>,
    /// The variant it was matched to.
    pub variant: VariantId,
    /// The title.
    pub name: String,
    /// Units.
    pub quantity: i64,
    /// Net price of one unit, derived from the line's total; up to 10 digits after the point.
    pub price_per_unit: Option<Decimal>,
    /// Net amount before discount, exact to the smallest unit.
    pub amount: Option<Decimal>,
    /// Net discount, exact to the smallest unit.
    pub discount: Decimal,
    /// Tax after discount, exact to the smallest unit.
    pub tax: Option<Decimal>,
    /// Per cent.
    pub tax_rate: Option<Decimal>,
    /// Where it is taken from.
    pub location: Option<LocationId>,
    /// The channel's place that the location was mapped from: only a change of this one moves the row.
    /// (SPEC KS-15)
    pub channel_location: Option<String>,
    /// How far it is.
    pub status: OrderStatus,
    /// Delivered units.
    pub delivered_quantity: i64,
    /// Whether it was invoiced.
    pub invoiced: bool,
    /// What else the channel told, such as serial numbers without a record. (SPEC KF-12)
    pub attributes: BTreeMap<String, String>,
}

impl Row {
    /// Net amount after discount, with tax; unknown tax counts as nothing. `None` without a price.
    #[must_use]
    pub fn paid(&self) -> Option<Decimal> {
        self.net().map(|net| net + self.tax.unwrap_or_default())
    }

    /// Net amount after discount.
    #[must_use]
    pub fn net(&self) -> Option<Decimal> {
        self.amount.map(|amount| amount - self.discount)
    }

    /// The discount in per cent of the amount, rounded to four digits. (SPEC KS-25)
    #[must_use]
    pub fn discount_percent(&self) -> Option<Decimal> {
        let amount = self.amount?;
        if amount.is_zero() {
            return None;
        }
        Some((self.discount * Decimal::ONE_HUNDRED / amount).round_dp(4).normalize())
    }
}

/// A charge besides the goods, net of tax.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// What for.
    pub kind: ChargeKind,
    /// Net amount before discount.
    pub amount: Decimal,
    /// Net discount.
    pub discount: Decimal,
    /// Tax after discount; `None` is unknown.
    pub tax: Option<Decimal>,
}

/// What was packed or delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfillment {
    /// Its id, unique in the order.
    pub id: FulfillmentId,
    /// Packed or delivered.
    pub status: FulfillmentStatus,
    /// Which rows, how much of each, out of which batches and serial numbers.
    pub rows: Vec<FulfillmentRow>,
    /// The parcel, if known.
    pub tracking: Option<Tracking>,
    /// Who did it.
    pub by: FulfillmentBy,
    /// Whether stock moved with it; not for what the channel had fulfilled before. (SPEC KS-03)
    pub moves_stock: bool,
    /// The channel's fulfillments that are this one: where it came from, or what it was pushed as.
    /// (SPEC KS-41, KS-46)
    pub at_channel: Vec<ChannelPart>,
    /// The business time: when it shipped.
    pub shipped_at: Timestamp,
    /// When Weir booked it.
    pub created_at: Timestamp,
}

/// A fulfillment of the channel that is one of ours, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelPart {
    /// The channel's id.
    pub id: String,
    /// Its units of our rows.
    pub rows: Vec<(RowId, i64)>,
}

/// A row's part of a fulfillment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentRow {
    /// The row.
    pub row: RowId,
    /// Units.
    pub quantity: i64,
    /// Out of which batches; units not named here were booked without a batch.
    pub batches: Vec<BatchTake>,
    /// Which serial numbers.
    pub serial_numbers: Vec<String>,
}

/// How far a fulfillment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FulfillmentStatus {
    /// Packed.
    Packed,
    /// Delivered.
    Delivered,
}

impl FulfillmentStatus {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Packed => "packed",
            Self::Delivered => "delivered",
        }
    }
}

/// Who made a fulfillment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FulfillmentBy {
    /// A person or a rule in Weir.
    Weir,
    /// The channel.
    Channel,
}

impl FulfillmentBy {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weir => "weir",
            Self::Channel => "channel",
        }
    }
}

/// A parcel's tracking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// The number.
    pub number: Option<String>,
    /// The carrier.
    pub carrier: Option<String>,
    /// Where to follow it.
    pub url: Option<String>,
}

/// What changes of a parcel's tracking: `None` stays as it is, nothing given clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackingPatch {
    /// The number.
    pub number: Option<Option<String>>,
    /// The carrier.
    pub carrier: Option<Option<String>>,
    /// Where to follow it.
    pub url: Option<Option<String>>,
}

impl TrackingPatch {
    /// All of it is cleared.
    #[must_use]
    pub const fn cleared() -> Self {
        Self { number: Some(None), carrier: Some(None), url: Some(None) }
    }

    /// The tracking after the change; one of which nothing is told is none.
    #[must_use]
    pub fn applied(&self, known: Option<&Tracking>) -> Option<Tracking> {
        let field = |patch: &Option<Option<String>>,
                     known: fn(&Tracking) -> &Option<String>,
                     of: Option<&Tracking>| {
            patch.clone().unwrap_or_else(|| of.and_then(|of| known(of).clone()))
        };
        let after = Tracking {
            number: field(&self.number, |known| &known.number, known),
            carrier: field(&self.carrier, |known| &known.carrier, known),
            url: field(&self.url, |known| &known.url, known),
        };
        let is_told = after.number.is_some() || after.carrier.is_some() || after.url.is_some();
        is_told.then_some(after)
    }
}

/// The sums of an order; a sum over an unknown part is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Rows before discount, net.
    pub subtotal: Option<Decimal>,
    /// Discounts of rows and charges, net.
    pub discount: Decimal,
    /// Charges of the kind shipping before discount, net.
    pub shipping: Decimal,
    /// All other charges before discount, net.
    pub other_charges: Decimal,
    /// Tax of rows and charges; unknown tax counts as nothing here and bears [`Flag::TaxUnknown`].
    pub tax: Decimal,
    /// What the buyer paid: `subtotal - discount + shipping + other_charges + tax`.
    pub total: Option<Decimal>,
}

impl SalesOrder {
    /// The sums, rebuilt from rows and charges. (SPEC G-06)
    #[must_use]
    pub fn totals(&self) -> Totals {
        let subtotal = self.rows.iter().map(|row| row.amount).sum::<Option<Decimal>>();
        let charge = |shipping: bool| -> Decimal {
            let of_kind =
                self.charges.iter().filter(|charge| (charge.kind == ChargeKind::Shipping) == shipping);
            of_kind.map(|charge| charge.amount).sum()
        };
        let discount = self.rows.iter().map(|row| row.discount).sum::<Decimal>()
            + self.charges.iter().map(|charge| charge.discount).sum::<Decimal>();
        let tax = self.rows.iter().filter_map(|row| row.tax).sum::<Decimal>()
            + self.charges.iter().filter_map(|charge| charge.tax).sum::<Decimal>();
        let (shipping, other_charges) = (charge(true), charge(false));
        let total = subtotal.map(|subtotal| subtotal - discount + shipping + other_charges + tax);
        Totals { subtotal, discount, shipping, other_charges, tax, total }
    }

    /// Units of a row that were packed or delivered: what is held no longer, and never changes. (SPEC KS-35)
    #[must_use]
    pub fn handled(&self, row: &RowId) -> i64 {
        self.units(row, |_| true)
    }

    /// Units of a row that were delivered.
    #[must_use]
    pub fn delivered(&self, row: &RowId) -> i64 {
        self.units(row, |status| status == FulfillmentStatus::Delivered)
    }

    fn units(&self, row: &RowId, counts: impl Fn(FulfillmentStatus) -> bool) -> i64 {
        let fulfillments = self.fulfillments.iter().filter(|fulfillment| counts(fulfillment.status));
        let rows = fulfillments.flat_map(|fulfillment| &fulfillment.rows);
        rows.filter(|part| part.row == *row).map(|part| part.quantity).sum()
    }

    /// Units of a row that still have to be packed or delivered.
    #[must_use]
    pub fn open(&self, row: &Row) -> i64 {
        (row.quantity - self.handled(&row.id)).max(0)
    }

    /// Whether anything of it was invoiced.
    #[must_use]
    pub fn has_invoice(&self) -> bool {
        self.rows.iter().any(|row| row.invoiced)
    }

    /// What its places hold for it: the open units of each row that has a place. (SPEC CS-02)
    #[must_use]
    pub fn reserved(&self) -> BTreeMap<StockKey, i64> {
        let mut reserved = BTreeMap::new();
        if self.deleted_at.is_some() {
            return reserved;
        }
        for row in &self.rows {
            let Some(location) = &row.location else { continue };
            let key = StockKey { location: location.clone(), variant: row.variant.clone() };
            match self.open(row) {
                0 => {}
                open => *reserved.entry(key).or_insert(0) += open,
            }
        }
        reserved
    }

    /// Brings the status of its rows, and its own, to what was packed and delivered.
    pub fn settle(&mut self) {
        let parts: Vec<(i64, i64)> =
            self.rows.iter().map(|row| (self.delivered(&row.id), self.handled(&row.id))).collect();
        for (row, (delivered, handled)) in self.rows.iter_mut().zip(parts) {
            row.delivered_quantity = delivered;
            row.status = match (delivered, handled) {
                (delivered, _) if delivered > 0 && delivered >= row.quantity => OrderStatus::Delivered,
                (delivered, _) if delivered > 0 => OrderStatus::PartiallyDelivered,
                (_, handled) if handled > 0 && handled >= row.quantity => OrderStatus::Packed,
                _ => OrderStatus::NotShipped,
            };
        }
        // A row without units has nothing that could be packed or delivered.
        let statuses = || self.rows.iter().filter(|row| row.quantity > 0).map(|row| row.status);
        let is_any = |status: OrderStatus| statuses().any(|of_row| of_row == status);
        let is_delivered =
            statuses().count() > 0 && statuses().all(|status| status == OrderStatus::Delivered);
        let is_packed = statuses().count() > 0 && statuses().all(|status| status == OrderStatus::Packed);
        self.status = if is_delivered {
            OrderStatus::Delivered
        } else if is_any(OrderStatus::Delivered) || is_any(OrderStatus::PartiallyDelivered) {
            OrderStatus::PartiallyDelivered
        } else if is_packed {
            OrderStatus::Packed
        } else {
            OrderStatus::NotShipped
        };
    }

    /// Whether people see it: all of it is booked, and it was not deleted.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.booking == Booking::Complete && self.deleted_at.is_none()
    }
}
