//! Shopify's points: a leaky bucket for each application and shop, out of which every query is paid,
//! and a book of what was asked for.

use jiff::Timestamp;
use serde_json::{Value, json};

/// Seconds of restored points that a bucket holds. (API-FACTS §2)
const SECONDS_HELD: i64 = 20;

/// The most points that one query may ask for. (API-FACTS §2)
pub(super) const DEAREST: u64 = 1_000;

const MILLI: i64 = 1_000;

/// What one application's calls of one operation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls with a good token, throttled ones included.
    pub calls: u64,
    /// Calls answered with `THROTTLED`.
    pub throttled: u64,
    /// Of those, the ones for which the caller is not to blame: there were points.
    pub throttled_by_fault: u64,
    /// Points that they cost.
    pub points: u64,
}

/// A bucket, in thousandths of a point.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    left: i64,
    at: Timestamp,
}

impl Bucket {
    pub(super) fn new(points_a_second: u32, now: Timestamp) -> Self {
        Self { left: size(points_a_second), at: now }
    }

    /// Lets points come back, and takes some if there are as many.
    pub(super) fn take(&mut self, points: u64, points_a_second: u32, now: Timestamp) -> bool {
        let elapsed = (now.as_millisecond() - self.at.as_millisecond()).max(0);
        self.at = self.at.max(now);
        let restored = elapsed.saturating_mul(i64::from(points_a_second));
        self.left = self.left.saturating_add(restored).min(size(points_a_second));
        let wanted = milli(points);
        let fits = self.left >= wanted;
        if fits {
            self.left -= wanted;
        }
        fits
    }

    /// Gives back what a query turned out not to cost.
    pub(super) fn give_back(&mut self, points: u64, points_a_second: u32) {
        self.left = (self.left + milli(points)).min(size(points_a_second));
    }

    /// What an answer says of its cost.
    pub(super) fn told(&self, requested: u64, actual: Option<u64>, points_a_second: u32) -> Value {
        json!({
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": size(points_a_second) / MILLI,
                "currentlyAvailable": self.left / MILLI,
                "restoreRate": points_a_second,
            },
        })
    }
}

fn size(points_a_second: u32) -> i64 {
    i64::from(points_a_second) * SECONDS_HELD * MILLI
}

fn milli(points: u64) -> i64 {
    i64::try_from(points).unwrap_or(i64::MAX / MILLI) * MILLI
}
