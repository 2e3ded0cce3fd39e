//! Access tokens of this process: cached, renewed early, asked for once however many want one.
//! (SPEC FX-03)

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::lock::Mutex as AsyncMutex;
use jiff::SignedDuration;
use weir_channels::channel::{AccessToken, Grant, Secret};
use weir_domain::{Timestamp, ids::AccountId};

/// How long before its end a token is renewed: longer than any call may take.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// A token and its end.
#[derive(Clone, Debug)]
pub(crate) struct Cached {
    pub(crate) token: AccessToken,
    pub(crate) ends_at: Timestamp,
}

/// One place for a token; whoever holds it asks, the others wait for the answer.
pub(crate) type Slot = Arc<AsyncMutex<Option<Cached>>>;

/// The tokens of this process.
#[derive(Default)]
pub struct AccessTokens {
    slots: Mutex<BTreeMap<(AccountId, Grant), Slot>>,
    refused: Mutex<BTreeMap<AccountId, Secret>>,
}

impl AccessTokens {
    /// The place for an account's token.
    pub(crate) fn slot(&self, account: &AccountId, grant: Grant) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry((account.clone(), grant)).or_default())
    }

    /// Forgets an account's tokens, because the channel refused this one.
    pub(crate) fn refuse(&self, account: &AccountId, token: &AccessToken) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert(account.clone(), token.token.clone());
        drop(refused);
        self.forget(account);
    }

    /// The token of an account that the channel refused last: where it is kept as a good one, it is none.
    pub(crate) fn refused(&self, account: &AccountId) -> Option<Secret> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }

    /// Forgets an account's tokens, as when its credentials changed.
    pub fn forget(&self, account: &AccountId) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(other, _), _| other != account);
    }
}

impl Cached {
    /// A token that was just answered.
    pub(crate) fn new(token: AccessToken, now: Timestamp) -> Self {
        let lifetime = SignedDuration::try_from(token.lifetime).unwrap_or(SignedDuration::ZERO);
        Self { token, ends_at: now.saturating_add(lifetime).unwrap_or(now) }
    }

    /// Whether it is good for one more call.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.ends_at.duration_since(now) > RENEW_BEFORE
    }
}

#[cfg(test)]
mod tests {
    use std::{task::Poll, time::Duration};

    use futures_util::FutureExt;

    use super::*;

    fn cached(now: Timestamp) -> Cached {
        let lifetime = Duration::from_secs(3600);
        Cached::new(AccessToken { token: Secret::new("token"), lifetime }, now)
    }

    // SPEC: FX-03
    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let now = Timestamp::UNIX_EPOCH;
        let cached = cached(now);
        for (minutes, is_fresh) in [(0, true), (54, true), (55, false), (60, false), (600, false)] {
            let later = now + SignedDuration::from_mins(minutes);
            assert_eq!(cached.is_fresh(later), is_fresh, "after {minutes} minutes");
        }
    }

    // SPEC: FX-03
    #[test]
    fn whoever_wants_a_token_while_one_is_asked_for_waits_for_that_one() {
        let tokens = AccessTokens::default();
        let account = AccountId::from_token("a");
        let first = tokens.slot(&account, Grant::Merchant);
        let mut held = first.try_lock().expect("nobody else asks");
        let second = tokens.slot(&account, Grant::Merchant);
        let mut waiting = Box::pin(second.lock());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waiting.poll_unpin(&mut context).is_pending());
        *held = Some(cached(Timestamp::UNIX_EPOCH));
        drop(held);
        let Poll::Ready(seen) = waiting.poll_unpin(&mut context) else { panic!("the answer is there") };
        assert!(seen.is_some());
    }

    // A crash in the middle of asking leaves nobody waiting.
    #[test]
    fn a_place_is_free_again_when_its_holder_is_gone() {
        let tokens = AccessTokens::default();
        let account = AccountId::from_token("a");
        drop(tokens.slot(&account, Grant::Merchant).try_lock());
        assert!(tokens.slot(&account, Grant::Merchant).try_lock().is_some());
        tokens.forget(&account);
        assert!(tokens.slot(&account, Grant::Merchant).try_lock().expect("free").is_none());
    }
}
