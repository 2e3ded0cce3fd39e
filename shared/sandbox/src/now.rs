//! What time it is for a simulated channel: it has no clock of its own.

use jiff::Timestamp;

/// What time it is. Times in data, the two minutes of the lists and the lives of tokens are on the
/// wall clock; rate limits and the delay of notices run on the scaled one, on which a scheduler's
/// minute may last a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock.
    pub wall: Timestamp,
    /// The scaled clock.
    pub scaled: Timestamp,
}

impl Now {
    /// Both clocks at one time.
    #[must_use]
    pub const fn at(time: Timestamp) -> Self {
        Self { wall: time, scaled: time }
    }
}
