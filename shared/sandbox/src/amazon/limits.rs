//! Amazon's rate limits: a token bucket for each seller, application, region and operation, with the
//! published rates, and a book of who kept to them.

use jiff::Timestamp;

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Orders 2026-01-01, the list.
    SearchOrders,
    /// Orders 2026-01-01, one order.
    GetOrder,
    /// Orders v0, the list.
    GetOrdersV0,
    /// Orders v0, one order.
    GetOrderV0,
    /// Orders v0, the items of one order.
    GetOrderItemsV0,
    /// Makes a destination.
    CreateDestination,
    /// Lists the application's destinations.
    GetDestinations,
    /// Reads a destination.
    GetDestination,
    /// Removes a destination.
    DeleteDestination,
    /// Subscribes to a type of notification.
    CreateSubscription,
    /// Lists subscriptions.
    GetSubscriptions,
    /// Reads the subscription of a type.
    GetSubscription,
    /// Reads a subscription by its id.
    GetSubscriptionById,
    /// Removes a subscription.
    DeleteSubscriptionById,
}

impl Operation {
    /// Amazon's name; the old API's begin with `v0.`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SearchOrders => "searchOrders",
            Self::GetOrder => "getOrder",
            Self::GetOrdersV0 => "v0.getOrders",
            Self::GetOrderV0 => "v0.getOrder",
            Self::GetOrderItemsV0 => "v0.getOrderItems",
            Self::CreateDestination => "createDestination",
            Self::GetDestinations => "getDestinations",
            Self::GetDestination => "getDestination",
            Self::DeleteDestination => "deleteDestination",
            Self::CreateSubscription => "createSubscription",
            Self::GetSubscriptions => "getSubscriptions",
            Self::GetSubscription => "getSubscription",
            Self::GetSubscriptionById => "getSubscriptionById",
            Self::DeleteSubscriptionById => "deleteSubscriptionById",
        }
    }

    /// The published rate in millionths of a call a second, as the header says it, and the burst.
    /// (API-FACTS §1.2)
    pub(super) const fn plan(self) -> (u32, &'static str, u32) {
        match self {
            Self::SearchOrders => (5_600, "0.0056", 20),
            Self::GetOrder | Self::GetOrderV0 | Self::GetOrderItemsV0 => (500_000, "0.5", 30),
            Self::GetOrdersV0 => (16_700, "0.0167", 20),
            Self::CreateDestination
            | Self::GetDestinations
            | Self::GetDestination
            | Self::DeleteDestination
            | Self::CreateSubscription
            | Self::GetSubscriptions
            | Self::GetSubscription
            | Self::GetSubscriptionById
            | Self::DeleteSubscriptionById => (1_000_000, "1.0", 5),
        }
    }
}

/// What one seller's calls of one operation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls with a good token, throttled ones included.
    pub calls: u64,
    /// Calls answered with 429.
    pub throttled: u64,
    /// Of those, the ones for which the caller is not to blame: the limit was not reached.
    pub throttled_by_fault: u64,
    /// By how many thousandths of a call the calls ever exceeded the published rate × time + burst.
    /// It stays 0 for a caller that keeps to the limits.
    pub worst_excess: u64,
}

/// One call in the unit of the buckets: microseconds × millionths of a call a second.
const CALL: i128 = 1_000_000_000_000;

/// One bucket, and the count of the calls that went to it.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    /// What is left, of what Amazon grants.
    granted: i128,
    /// What is left of the published limit if every call counts; it sinks below zero.
    published: i128,
    /// When they were last filled.
    at: Timestamp,
    pub(super) count: Count,
}

impl Meter {
    pub(super) fn new(operation: Operation, percent: u16, at: Timestamp) -> Self {
        let (_, _, burst) = operation.plan();
        let full = i128::from(burst) * CALL;
        Self { granted: share(full, percent), published: full, at, count: Count::default() }
    }

    /// Counts a call, and says whether it may pass.
    pub(super) fn take(&mut self, operation: Operation, percent: u16, now: Timestamp) -> bool {
        let (rate, _, burst) = operation.plan();
        let elapsed = (now.as_microsecond() - self.at.as_microsecond()).max(0);
        self.at = self.at.max(now);
        let refill = i128::from(elapsed) * i128::from(rate);
        let full = i128::from(burst) * CALL;
        self.published = (self.published + refill).min(full) - CALL;
        self.granted = (self.granted + share(refill, percent)).min(share(full, percent));
        self.count.calls += 1;
        let excess = u64::try_from(-self.published * 1000 / CALL).unwrap_or(0);
        self.count.worst_excess = self.count.worst_excess.max(excess);
        let passes = self.granted >= CALL;
        if passes {
            self.granted -= CALL;
        } else {
            self.count.throttled += 1;
            self.count.throttled_by_fault += u64::from(self.published >= 0);
        }
        passes
    }

    /// The call that just passed is throttled all the same.
    pub(super) fn throttle_by_fault(&mut self) {
        self.count.throttled += 1;
        self.count.throttled_by_fault += 1;
    }
}

impl Count {
    pub(super) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.throttled += other.throttled;
        self.throttled_by_fault += other.throttled_by_fault;
        self.worst_excess = self.worst_excess.max(other.worst_excess);
    }
}

fn share(amount: i128, percent: u16) -> i128 {
    amount * i128::from(percent) / 100
}
