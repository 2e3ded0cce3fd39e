//! BigCommerce's rate limit: calls in a window, counted for the store over all its applications, and the
//! headers that tell of it. (API-FACTS §3)

use jiff::Timestamp;

/// How long a window is.
const WINDOW_MILLIS: i64 = 30_000;

/// What a store's calls came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls with a good token.
    pub calls: u64,
    /// Calls refused with 429.
    pub throttled: u64,
    /// Of those, the ones for which the caller is not to blame: the window had room.
    pub throttled_by_fault: u64,
}

/// The window that calls are counted in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    began: Timestamp,
    used: u32,
}

impl Window {
    /// Takes a call, if there is room.
    pub(super) fn take(&mut self, quota: u32, now: Timestamp) -> bool {
        if self.rest(now) == 0 {
            *self = Self { began: now, used: 0 };
        }
        let fits = self.used < quota;
        self.used += u32::from(fits);
        fits
    }

    fn rest(self, now: Timestamp) -> i64 {
        (WINDOW_MILLIS - (now.as_millisecond() - self.began.as_millisecond())).clamp(0, WINDOW_MILLIS)
    }

    /// What every answer tells of it.
    pub(super) fn headers(self, quota: u32, now: Timestamp) -> Vec<(String, String)> {
        [
            ("x-rate-limit-time-window-ms", WINDOW_MILLIS),
            ("x-rate-limit-time-reset-ms", self.rest(now)),
            ("x-rate-limit-requests-quota", i64::from(quota)),
            ("x-rate-limit-requests-left", i64::from(quota.saturating_sub(self.used))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect()
    }
}
