//! The ports in memory, for tests and the simulation: as lazy, late and doubled as the real ones may
//! be, and no better. One contract suite holds them and the real ones to the same promises.

pub mod ledger;
mod lists;
mod size;
pub mod queue;
pub mod outside;
pub mod time;

pub use ledger::{Change, FakeLedger, StreamRecord};
pub use outside::{FakeBus, FakeSecrets, FakeTransport};
pub use queue::{FakeQueue, Received};
pub use time::{FakeClock, SeededIds};

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

/// What is wrong with the next effect on a port. Whoever stands at the gate sets it just before the
/// effect, and takes it away after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Twist {
    /// Lists show what was there so long ago, and a channel repeats an answer at least that old.
    pub stale: Option<SignedDuration>,
    /// A list ends before it is full, with a cursor for the rest.
    pub short_page: bool,
    /// The effect gives no answer now and happens so much later.
    pub late: Option<SignedDuration>,
    /// The client tries it twice by itself, as when an answer was lost; a commit's token makes the
    /// second time safe.
    pub repeated: bool,
    /// What the channel answers instead.
    pub remote: Option<Remote>,
}

/// What a channel does to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// Says 429 although the limit is not reached.
    Throttled,
    /// Says 500 or 503.
    Trouble,
    /// Ends its answer in the middle.
    Cut,
    /// Lets the access token die.
    Expired,
}

/// Locks; a test that panicked elsewhere does not matter here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
