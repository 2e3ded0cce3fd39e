//! Orders as they truly are at Shopify, and what their parts add up to.

use jiff::Timestamp;

use super::{
    money::{Currencies, part},
    spec::{LineSpec, OrderSpec, ShippingSpec},
};

/// An order as it truly is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthOrder {
    /// Shopify's id.
    pub id: u64,
    /// The number that people see.
    pub name: String,
    /// The domain of its shop.
    pub shop: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// Its last change, to the second.
    pub updated_at: Timestamp,
    /// What was ordered at first. Its lines are in `lines` as they are now.
    pub spec: OrderSpec,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// When it was archived.
    pub archived_at: Option<Timestamp>,
    /// Whether it was edited.
    pub is_edited: bool,
    /// How its payment stands.
    pub payment: PaymentState,
    /// What was paid, and what of it was given back.
    pub paid: i64,
    /// What was given back.
    pub refunded: i64,
    /// Its lines, removed ones among them.
    pub lines: Vec<TruthLine>,
    /// What of the shipping was given back, and of its tax.
    pub shipping_refunded: (i64, i64),
    /// What is shipped from where.
    pub fulfillment_orders: Vec<TruthFulfillmentOrder>,
    /// What was shipped.
    pub fulfillments: Vec<TruthFulfillment>,
    /// What was refunded, and what edits took out.
    pub refunds: Vec<TruthRefund>,
    /// What comes back.
    pub returns: Vec<TruthReturn>,
    pub(super) currencies: Currencies,
    pub(super) taxes_included: bool,
    /// Ids of parts that were given out.
    pub(super) parts: u64,
    /// While the search is late: until when, and the time under which it still has the order.
    pub(super) listed_late: Option<(Timestamp, Option<Timestamp>)>,
}

/// How a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Nothing was paid yet.
    Pending,
    /// Reserved.
    Authorized,
    /// Something was paid: the amounts say how much.
    Charged,
    /// The reservation was given up.
    Voided,
    /// The time to pay has ended.
    Expired,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthLine {
    /// Its id.
    pub id: u64,
    /// What it is of. Its quantity is what was ordered first.
    pub spec: LineSpec,
    /// Units that were ever ordered.
    pub ordered: i64,
    /// Units of now.
    pub current: i64,
    /// What is off all units ever ordered: of the line, and of the order.
    pub discounts: [i64; 2],
    /// Taxes of all units ever ordered.
    pub taxes: Vec<i64>,
    /// What refunds and edits took of discount and taxes.
    pub gone: (i64, Vec<i64>),
    /// Whether it is the tip.
    pub is_tip: bool,
}

impl TruthLine {
    /// What is off the units of now.
    #[must_use]
    pub fn discount(&self) -> i64 {
        self.discounts.iter().sum::<i64>() - self.gone.0
    }

    /// The tax of the units of now.
    #[must_use]
    pub fn tax(&self) -> i64 {
        self.taxes.iter().sum::<i64>() - self.gone.1.iter().sum::<i64>()
    }

    /// The units of now after discount.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.spec.unit_price * self.current - self.discount()
    }

    /// Taxes of an amount of this line.
    pub(super) fn taxes_of(&self, amount: i64, included: bool) -> Vec<i64> {
        taxes_of(amount, self.spec.taxes.iter().map(|(_, rate)| *rate), included)
    }
}

/// Taxes of an amount, one for each rate.
pub(super) fn taxes_of(amount: i64, rates: impl Iterator<Item = i64> + Clone, included: bool) -> Vec<i64> {
    let whole = if included { 10_000 + rates.clone().sum::<i64>() } else { 10_000 };
    rates.map(|rate| part(amount, rate, whole)).collect()
}

/// A part that is shipped from one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthFulfillmentOrder {
    /// Its id.
    pub id: u64,
    /// Where it leaves from: a place in the shop's list of locations.
    pub location: usize,
    /// The word for how it gets to the buyer.
    pub delivery: &'static str,
    /// How far it is.
    pub status: FulfillmentOrderStatus,
    /// What holds it.
    pub holds: Vec<TruthHold>,
    /// When it is to be shipped, if that is later.
    pub fulfill_at: Option<Timestamp>,
    /// Its lines.
    pub lines: Vec<TruthFulfillmentOrderLine>,
}

impl TruthFulfillmentOrder {
    pub(super) fn remaining(&self) -> i64 {
        self.lines.iter().map(|line| line.remaining).sum()
    }

    /// Follows from what remains and what holds it.
    pub(super) fn settle(&mut self) {
        use FulfillmentOrderStatus as Status;
        let begun = self.lines.iter().any(|line| line.remaining < line.total);
        self.status = match self.status {
            Status::Cancelled | Status::Closed | Status::Incomplete => self.status,
            Status::Open | Status::InProgress | Status::OnHold | Status::Scheduled => {
                if self.remaining() == 0 {
                    Status::Closed
                } else if !self.holds.is_empty() {
                    Status::OnHold
                } else if self.fulfill_at.is_some() {
                    Status::Scheduled
                } else if begun {
                    Status::InProgress
                } else {
                    Status::Open
                }
            }
        };
    }
}

/// How far a fulfillment order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FulfillmentOrderStatus {
    /// To be shipped.
    Open,
    /// Shipped in part.
    InProgress,
    /// To be shipped later.
    Scheduled,
    /// Held.
    OnHold,
    /// Given up before all was shipped.
    Incomplete,
    /// All shipped, or moved elsewhere.
    Closed,
    /// Cancelled.
    Cancelled,
}

impl FulfillmentOrderStatus {
    /// The word of `FulfillmentOrderStatus`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::InProgress => "IN_PROGRESS",
            Self::Scheduled => "SCHEDULED",
            Self::OnHold => "ON_HOLD",
            Self::Incomplete => "INCOMPLETE",
            Self::Closed => "CLOSED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether something of it may be fulfilled now.
    pub(super) const fn may_ship(self) -> bool {
        matches!(self, Self::Open | Self::InProgress | Self::Scheduled)
    }
}

/// What holds a fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthHold {
    /// Its id.
    pub id: u64,
    /// Why, as `FulfillmentHoldReason` spells it.
    pub reason: String,
    /// What somebody wrote about it.
    pub notes: Option<String>,
}

/// A line of a fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthFulfillmentOrderLine {
    /// Its id, which a fulfillment names.
    pub id: u64,
    /// The order's line, by its place.
    pub line: usize,
    /// Its units.
    pub total: i64,
    /// Units not shipped yet.
    pub remaining: i64,
}

/// What was shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthFulfillment {
    /// Its id.
    pub id: u64,
    /// Whether it was taken back.
    pub is_cancelled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The fulfillment orders that it is of.
    pub fulfillment_orders: Vec<u64>,
    /// Where it left from.
    pub location: usize,
    /// How it can be followed.
    pub tracking: Vec<Parcel>,
    /// Its lines.
    pub lines: Vec<TruthFulfillmentLine>,
    /// Whether an application made it through the API.
    pub by_application: bool,
    /// Whether the buyer was told by mail.
    pub told_buyer: bool,
}

/// A line of a fulfillment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthFulfillmentLine {
    /// Its id, which a return names.
    pub id: u64,
    /// The fulfillment order's line that it was made of.
    pub of: u64,
    /// The order's line, by its place.
    pub line: usize,
    /// Units.
    pub quantity: i64,
}

/// How a parcel can be followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parcel {
    /// The carrier.
    pub company: Option<String>,
    /// The number.
    pub number: Option<String>,
    /// Where to look it up.
    pub url: Option<String>,
}

impl Parcel {
    /// A parcel with a number.
    #[must_use]
    pub fn new(company: &str, number: &str) -> Self {
        Self { company: Some(company.to_owned()), number: Some(number.to_owned()), url: None }
    }
}

/// A refund, or what an edit took out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthRefund {
    /// Its id.
    pub id: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// The return it belongs to.
    pub return_id: Option<u64>,
    /// Its lines.
    pub lines: Vec<TruthRefundLine>,
    /// What of the shipping was given back, and of its tax.
    pub shipping: (i64, i64),
    /// What was given back beyond the goods.
    pub correction: i64,
    /// All of it.
    pub amount: i64,
}

/// A line of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthRefundLine {
    /// Its id.
    pub id: u64,
    /// The order's line, by its place.
    pub line: usize,
    /// Units.
    pub quantity: i64,
    /// What became of the goods.
    pub restock: Restock,
    /// Where they went.
    pub location: Option<usize>,
    /// The price of these units after discount.
    pub subtotal: i64,
    /// Their tax.
    pub tax: i64,
}

/// What becomes of refunded goods. (API-FACTS §2)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restock {
    /// Nothing: the buyer keeps them, or they are shipped all the same.
    Nothing,
    /// They were not shipped, and are not any more.
    Cancel,
    /// They were shipped, and came back.
    Return,
}

impl Restock {
    /// The word of `RefundLineItemRestockType`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "NO_RESTOCK",
            Self::Cancel => "CANCEL",
            Self::Return => "RETURN",
        }
    }
}

/// Goods that come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthReturn {
    /// Its id.
    pub id: u64,
    /// The number that people see.
    pub name: String,
    /// How far it is.
    pub status: ReturnStatus,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Its lines.
    pub lines: Vec<TruthReturnLine>,
}

/// A line of a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthReturnLine {
    /// Its id.
    pub id: u64,
    /// The fulfillment's line that comes back.
    pub of: u64,
    /// The order's line, by its place.
    pub line: usize,
    /// Units.
    pub quantity: i64,
    /// Why, by the handle of the shop's definition.
    pub reason: &'static str,
}

/// How far a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnStatus {
    /// The buyer asked for it.
    Requested,
    /// Agreed to.
    Open,
    /// Over.
    Closed,
    /// Refused.
    Declined,
    /// Taken back.
    Cancelled,
}

impl ReturnStatus {
    /// The word of `ReturnStatus`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Open => "OPEN",
            Self::Closed => "CLOSED",
            Self::Declined => "DECLINED",
            Self::Cancelled => "CANCELED",
        }
    }
}

impl TruthOrder {
    /// What the buyer has to pay, as the order is now, in the smallest unit of its currency.
    #[must_use]
    pub fn total(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(TruthLine::net).sum();
        let (shipping, _) = self.shipping_now();
        lines + shipping + self.on_top(self.tax()) + self.spec.duties + self.spec.fees
    }

    /// What it came to with every unit that was ever ordered.
    #[must_use]
    pub fn total_before(&self) -> i64 {
        let lines = self.lines.iter();
        let goods: i64 =
            lines.map(|line| line.spec.unit_price * line.ordered - line.discounts.iter().sum::<i64>()).sum();
        let tax: i64 = self.lines.iter().flat_map(|line| &line.taxes).sum();
        let (shipping, shipping_tax) = self.shipping_before();
        goods + shipping + self.on_top(tax + shipping_tax) + self.spec.duties + self.spec.fees
    }

    /// The tax of the order as it is now.
    #[must_use]
    pub fn tax(&self) -> i64 {
        self.lines.iter().map(TruthLine::tax).sum::<i64>() + self.shipping_now().1
    }

    /// The digits of its amounts.
    #[must_use]
    pub const fn digits(&self) -> u32 {
        self.currencies.paid.digits
    }

    /// The code of the currency that the buyer pays in.
    #[must_use]
    pub const fn currency(&self) -> &'static str {
        self.currencies.paid.code
    }

    /// A tax, where it comes on top of the prices.
    pub(super) const fn on_top(&self, tax: i64) -> i64 {
        if self.taxes_included { 0 } else { tax }
    }

    /// Shipping after discount and its tax, as it was sold.
    pub(super) fn shipping_before(&self) -> (i64, i64) {
        let Some(shipping) = &self.spec.shipping else { return (0, 0) };
        let price = shipping.price - shipping.discount;
        (price, shipping_tax(shipping, price, self.taxes_included))
    }

    /// The same without what was given back.
    pub(super) fn shipping_now(&self) -> (i64, i64) {
        let (price, tax) = self.shipping_before();
        (price - self.shipping_refunded.0, tax - self.shipping_refunded.1)
    }

    /// The word of `OrderDisplayFinancialStatus`.
    #[must_use]
    pub fn financial_status(&self) -> &'static str {
        match self.payment {
            PaymentState::Pending => "PENDING",
            PaymentState::Authorized => "AUTHORIZED",
            PaymentState::Voided => "VOIDED",
            PaymentState::Expired => "EXPIRED",
            PaymentState::Charged if self.refunded > 0 && self.refunded >= self.paid => "REFUNDED",
            PaymentState::Charged if self.refunded > 0 => "PARTIALLY_REFUNDED",
            PaymentState::Charged if self.paid < self.total() => "PARTIALLY_PAID",
            PaymentState::Charged => "PAID",
        }
    }

    /// Units of a line that were shipped and not taken back.
    #[must_use]
    pub fn shipped(&self, line: usize) -> i64 {
        let lines = self.fulfillments.iter().filter(|one| !one.is_cancelled).flat_map(|one| &one.lines);
        lines.filter(|one| one.line == line).map(|one| one.quantity).sum()
    }

    /// The word of `OrderDisplayFulfillmentStatus`.
    #[must_use]
    pub fn fulfillment_status(&self) -> &'static str {
        use FulfillmentOrderStatus as Status;
        let shipped = (0..self.lines.len()).any(|line| self.shipped(line) > 0);
        let open = |part: &&TruthFulfillmentOrder| {
            !matches!(part.status, Status::Closed | Status::Cancelled | Status::Incomplete)
        };
        let open: Vec<Status> = self.fulfillment_orders.iter().filter(open).map(|part| part.status).collect();
        let is_all = |status: Status| !open.is_empty() && open.iter().all(|one| *one == status);
        match (shipped, open.is_empty()) {
            (true, true) => "FULFILLED",
            (true, false) => "PARTIALLY_FULFILLED",
            (false, true) if self.cancelled_at.is_some() || !self.refunds.is_empty() => "RESTOCKED",
            (false, true) if self.fulfillment_orders.is_empty() => "FULFILLMENT_NOT_REQUIRED",
            (false, _) if is_all(Status::OnHold) => "ON_HOLD",
            (false, _) if is_all(Status::Scheduled) => "SCHEDULED",
            (false, _) => "UNFULFILLED",
        }
    }

    /// The word of `OrderReturnStatus`.
    pub(super) fn return_status(&self) -> &'static str {
        let any = |status: ReturnStatus| self.returns.iter().any(|one| one.status == status);
        if any(ReturnStatus::Requested) {
            "RETURN_REQUESTED"
        } else if any(ReturnStatus::Open) {
            "IN_PROGRESS"
        } else if any(ReturnStatus::Closed) {
            "RETURNED"
        } else if self.returns.is_empty() {
            "NO_RETURN"
        } else {
            "RETURN_FAILED"
        }
    }

    /// Under which time the search has it; none if it does not have it yet.
    pub(super) fn listed_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.listed_late {
            Some((until, shown)) if until > now => shown,
            Some(_) | None => Some(self.updated_at),
        }
    }

    /// The id of one more part. Parts of one order never share an id.
    pub(super) fn part_id(&mut self) -> u64 {
        self.parts += 1;
        self.id % 1_000_000_000_000 * 10_000 + self.parts
    }
}

pub(super) fn shipping_tax(shipping: &ShippingSpec, price: i64, included: bool) -> i64 {
    taxes_of(price, shipping.tax.iter().map(|(_, rate)| *rate), included).iter().sum()
}
