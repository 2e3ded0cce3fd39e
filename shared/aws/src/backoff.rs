//! How long to wait before a call is tried again: exponential, with full jitter, so that those who were
//! refused together do not come back together. Never: a decision what is tried again.

use std::time::Duration;

/// The longest wait before the second attempt.
const FIRST: Duration = Duration::from_millis(25);

/// The longest wait of all: a Lambda that waits longer had better give its message back.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits after the attempt of this number (from 0), before the next.
pub(crate) async fn pause(attempt: u32) {
    let ceiling = FIRST.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST);
    tokio::time::sleep(ceiling.saturating_mul(u32::from(random())) / u32::from(u16::MAX)).await;
}

fn random() -> u16 {
    let mut bytes = [0; 2];
    // Without entropy all wait the whole time: worse spread, and still correct.
    getrandom::fill(&mut bytes).map_or(u16::MAX, |()| u16::from_ne_bytes(bytes))
}
