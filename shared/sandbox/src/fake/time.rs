//! A clock that moves when it is told to, with a skew for whoever is at work, and ids from a seed.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_app::ports::{Clock, Ids};
use weir_domain::Timestamp;

use super::lock;
use crate::amazon::Dice;

/// A clock that stands still until it is moved. Wall and scheduler are one.
pub struct FakeClock {
    state: Mutex<(Timestamp, SignedDuration)>,
}

impl FakeClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { state: Mutex::new((now, SignedDuration::ZERO)) }
    }

    /// The true time, whatever the skew.
    #[must_use]
    pub fn true_now(&self) -> Timestamp {
        lock(&self.state).0
    }

    /// Moves on to a time; never back.
    pub fn advance_to(&self, now: Timestamp) {
        let mut state = lock(&self.state);
        state.0 = state.0.max(now);
    }

    /// Moves on.
    pub fn advance(&self, by: SignedDuration) {
        let mut state = lock(&self.state);
        state.0 = state.0.saturating_add(by.max(SignedDuration::ZERO)).unwrap_or(state.0);
    }

    /// By how much the clock of whoever works now is wrong.
    pub fn set_skew(&self, skew: SignedDuration) {
        lock(&self.state).1 = skew;
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        let (now, skew) = *lock(&self.state);
        now.saturating_add(skew).unwrap_or(now)
    }

    fn scheduler_now(&self) -> Timestamp {
        self.now()
    }

    async fn pause(&self, wait: SignedDuration) {
        self.advance(wait);
    }
}

/// Tokens that follow from a seed, none given twice.
pub struct SeededIds {
    seed: u64,
    given: AtomicU64,
}

impl SeededIds {
    /// The tokens of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, given: AtomicU64::new(0) }
    }
}

impl Ids for SeededIds {
    fn token(&self) -> String {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let noise = Dice::new(self.seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15))).next();
        // The count makes it unique, the noise keeps it from being guessed in order.
        format!("{:08x}{number:06x}", noise & 0xFFFF_FFFF)
    }
}
