//! Time and fresh ids of a real process: the only place that asks the machine for either.

use std::{fmt::Write as _, time::Duration};

use jiff::Timestamp;
use weir_app::ports::{Clock, Ids};

/// A scheduler minute as long as a minute.
const MINUTE: Duration = Duration::from_secs(60);

/// The shortest scheduler minute: below, the scheduler's clock would leave the calendar within years.
const SHORTEST_MINUTE: Duration = Duration::from_millis(100);

/// From when on the scheduler's clock runs at its own speed: 2026-01-01T00:00:00Z, in seconds. It is
/// fixed, so that a restart with the same minute goes on where the process before it was.
const EPOCH_SECOND: i64 = 1_767_225_600;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    minute: Duration,
}

impl SystemClock {
    /// A clock whose scheduler minute lasts that long; at least a tenth of a second.
    #[must_use]
    pub fn new(minute: Duration) -> Self {
        Self { minute: minute.max(SHORTEST_MINUTE) }
    }

    fn scheduler_time(self, now: Timestamp) -> Timestamp {
        if self.minute == MINUTE {
            return now;
        }
        let epoch = i128::from(EPOCH_SECOND) * 1_000_000_000;
        let minute = i128::try_from(self.minute.as_nanos()).unwrap_or(i128::MAX);
        let elapsed = (now.as_nanosecond() - epoch).saturating_mul(60_000_000_000) / minute;
        Timestamp::from_nanosecond(epoch.saturating_add(elapsed)).unwrap_or(Timestamp::MAX)
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { minute: MINUTE }
    }
}

#[async_trait::async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the real clock that everything else asks for")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn scheduler_now(&self) -> Timestamp {
        self.scheduler_time(self.now())
    }

    async fn pause(&self, wait: jiff::SignedDuration) {
        tokio::time::sleep(std::time::Duration::try_from(wait).unwrap_or_default()).await;
    }
}

/// How many letters a token has: five bits each, a hundred in all, so that neither chance nor an
/// attacker meets one again.
const TOKEN_LETTERS: usize = 20;

/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Ids from the system's entropy.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn token(&self) -> String {
        let mut bytes = [0_u8; TOKEN_LETTERS];
        if let Err(error) = getrandom::fill(&mut bytes) {
            // Tokens also guard doors: rather none at all than one that can be guessed.
            panic!("the system gives no entropy: {error}");
        }
        let mut token = String::with_capacity(TOKEN_LETTERS);
        for byte in bytes {
            let _ = token.write_char(char::from(ALPHABET[usize::from(byte & 31)]));
        }
        token
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_whole_minute_is_the_wall_clock() {
        let now = at("2031-05-06T07:08:09.123456789Z");
        assert_eq!(SystemClock::default().scheduler_time(now), now);
        assert_eq!(SystemClock::new(Duration::from_secs(60)).scheduler_time(now), now);
    }

    #[test]
    fn a_second_as_a_minute_runs_sixty_times_as_fast_from_a_fixed_day_on() {
        let clock = SystemClock::new(Duration::from_secs(1));
        assert_eq!(clock.scheduler_time(at("2026-01-01T00:00:00Z")), at("2026-01-01T00:00:00Z"));
        assert_eq!(clock.scheduler_time(at("2026-01-01T00:00:10Z")), at("2026-01-01T00:10:00Z"));
        let (a, b) = (at("2026-08-01T10:00:00Z"), at("2026-08-01T10:00:00.5Z"));
        assert_eq!(clock.scheduler_time(b).duration_since(clock.scheduler_time(a)).as_secs(), 30);
    }

    #[test]
    fn no_minute_leaves_the_calendar() {
        assert_eq!(SystemClock::new(Duration::ZERO).minute, SHORTEST_MINUTE);
        let _ = SystemClock::new(Duration::ZERO).scheduler_time(at("2039-01-01T00:00:00Z"));
        assert_eq!(SystemClock::new(Duration::ZERO).scheduler_time(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn tokens_are_words_and_never_repeat() {
        let tokens: BTreeSet<String> = (0..1_000).map(|_| RandomIds.token()).collect();
        assert_eq!(tokens.len(), 1_000);
        assert!(tokens.iter().all(|token| {
            token.len() == 20 && token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        }));
    }
}
