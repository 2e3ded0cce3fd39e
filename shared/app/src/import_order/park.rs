//! What cannot go on now for a known reason is stored with its time, and the sweeper signals it
//! again. It is no error and costs no try. (SPEC G-04)

use jiff::SignedDuration;
use weir_domain::{
    Timestamp,
    outcome::{Because, Observation, Outcome, OutcomeKind, Reason},
};

use super::{Ended, Reading};
use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::SignalCause,
    ports::{Commit, CommitError, Expect, Key, Record, ledger::Parked},
};

/// The first wait; each further one doubles it.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);

/// Doublings of the wait: 1 minute becomes 32 at the most.
const DOUBLINGS: u32 = 5;

/// Parks the signal until `due_at`, or for a wait that grows with each try. An order that was never
/// observed gets its account at once, so that people see why it is not there yet.
pub(super) async fn park(
    hub: &Hub,
    reading: &Reading<'_>,
    reason: Reason,
    due_at: Option<Timestamp>,
) -> Result<Ended, FlowError> {
    let organization = &reading.signal.organization;
    let order = reading.signal.order();
    let before = reading.file.parked.as_ref();
    let tries = before.map_or(0, |(parked, _)| parked.tries).saturating_add(1);
    let due_at = due_at.unwrap_or_else(|| after(hub, tries));
    let code = reason.code;
    // A signal that wants the order as it is now is not replaced by one that would take a snapshot.
    let mut signal = reading.signal.clone();
    if before.is_some_and(|(parked, _)| parked.signal.snapshot_at.is_none()) {
        signal.snapshot_at = None;
    }
    // Nor does a person's wish end because the sweep or the channel came in between. (SPEC KS-04)
    if let Some((parked, _)) = before.filter(|(parked, _)| parked.signal.cause == SignalCause::Manual) {
        signal.cause = SignalCause::Manual;
        signal.requested_by.clone_from(&parked.signal.requested_by);
    }
    let mut commit = Commit::default();
    commit.put(
        Key::Parked(organization.clone(), order.clone()),
        Record::Parked(Parked { signal, part: None, reason: code, due_at, tries }),
        before.map_or(Expect::Absent, |(_, version)| Expect::Version(*version)),
    );
    if reading.file.observation.is_none() {
        let observation = first_sight(reading, reason, hub.now());
        commit.put(
            Key::Observation(organization.clone(), order),
            Record::Observation(observation),
            Expect::Absent,
        );
    }
    match hub.commit(Site::ImportPark, &commit).await {
        Ok(()) => Ok(Ended::Parked(code)),
        // Somebody else parked or decided it in the meantime. This signal may want a fresher look
        // than that one had, so it returns to its queue.
        Err(CommitError::Conflict) => {
            Err(FlowError::new("the order was parked by somebody else at the same time"))
        }
        Err(error @ (CommitError::Unknown(_) | CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
            Err(error.into())
        }
    }
}

/// When what was parked so often in a row is tried again.
pub(crate) fn after(hub: &Hub, tries: u32) -> Timestamp {
    let wait = FIRST_WAIT.checked_mul(1 << tries.saturating_sub(1).min(DOUBLINGS)).unwrap_or(FIRST_WAIT);
    let now = hub.clock.scheduler_now();
    now.saturating_add(wait).unwrap_or(now)
}

fn first_sight(reading: &Reading<'_>, reason: Reason, now: Timestamp) -> Observation {
    let signal = reading.signal;
    Observation {
        connection: signal.connection.clone(),
        channel_order_id: signal.channel_order_id.clone(),
        order_no: signal.channel_order_id.to_string(),
        outcome: Outcome { kind: OutcomeKind::Waiting, reason },
        because: vec![Because::new("signalled", format!("It was signalled by {}.", signal.cause.as_str()))],
        channel_updated_at: None,
        digest: None,
        shipped_at: None,
        is_asked_for: signal.cause == SignalCause::Manual,
        skus: Vec::new(),
        sales_order: None,
        first_seen_at: now,
        last_seen_at: now,
        observed_at: now,
    }
}
