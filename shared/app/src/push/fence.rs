//! One at a time brings a fulfillment to its shop: two who look at once both see it missing there, and
//! what is made twice is there twice. Whoever is at it holds a record, and is done before anybody else
//! takes that for left. (RELIABILITY §1 R2, R3)

use jiff::SignedDuration;
use weir_domain::{Timestamp, limits::CLOCK_SKEW};

use crate::{
    access,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::Push,
    planted::{self, Bug},
    ports::{Commit, CommitError, Expect, Key, Record, Stored, ledger::Answer},
};

/// How long its holder makes calls, by his own clock.
const AT_WORK: SignedDuration = SignedDuration::from_mins(2);

/// How long a call may be on its way after its client has given it up.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(1);

/// HTTP's word for what is not answered yet: the record is the answer to come of a POST of ours.
const PROCESSING: u16 = 102;

/// The right to bring one fulfillment to its shop.
pub(super) struct Fence {
    key: Key,
    version: u64,
    /// Until when calls may be made.
    pub(super) until: Timestamp,
}

/// Takes it. One that was never given back ends by itself, so late that clocks may differ by
/// [`CLOCK_SKEW`] each way.
///
/// # Errors
/// If somebody else has it, or the store has trouble.
pub(super) async fn take(hub: &Hub, push: &Push) -> Result<Fence, FlowError> {
    let name = access::digest(&format!("push {} {}", push.order, push.fulfillment));
    let key = Key::Answer(push.organization.clone(), name);
    let found = hub.get(Site::PushRead, std::slice::from_ref(&key)).await?.remove(&key);
    let now = hub.now();
    let (expect, version) = match found {
        None => (Expect::Absent, 1),
        Some(Stored { record: Record::Answer(held), version }) if held.expires_at <= now => {
            (Expect::Version(version), version + 1)
        }
        Some(Stored { version, .. }) if planted::is(Bug::PushUnfenced) => {
            (Expect::Version(version), version + 1)
        }
        Some(_) => return Err(FlowError::new("somebody else is bringing it to the shop")),
    };
    let after = |wait: SignedDuration| now.saturating_add(wait).unwrap_or(now);
    let held = Answer {
        request_digest: hub.ids.token(),
        status: PROCESSING,
        body: Vec::new(),
        expires_at: after(AT_WORK + ON_ITS_WAY + CLOCK_SKEW + CLOCK_SKEW),
    };
    let mut commit = Commit::default();
    commit.put(key.clone(), Record::Answer(held), expect);
    match hub.commit(Site::PushNote, &commit).await {
        Ok(()) => Ok(Fence { key, version, until: after(AT_WORK) }),
        Err(CommitError::Conflict) => Err(FlowError::new("somebody else brings it to the shop")),
        Err(error) => Err(error.into()),
    }
}

impl Fence {
    /// Gives it back. What cannot be given back ends by itself, and until then nobody else pushes.
    pub(super) async fn leave(self, hub: &Hub) {
        let mut commit = Commit::default();
        commit.delete(self.key, Expect::Version(self.version));
        match hub.commit(Site::PushNote, &commit).await {
            // It had ended already, and somebody else has it.
            Ok(()) | Err(CommitError::Conflict) => {}
            Err(error) => tracing::warn!(%error, "the right to push was not given back; it ends by itself"),
        }
    }
}
