//! Runs of a connection's jobs: asked for by people or by the night, and carried out by the poller as looks
//! done once. (SPEC FX-02, KF-01, OP-04)

use std::collections::BTreeMap;

use jiff::{SignedDuration, tz::TimeZone};
use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{ConnectionId, OrganizationId, RunId},
    run::{Job, Run, RunState},
};

use crate::{
    connections,
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Index, Key, Record, ledger::Look},
};

/// How far back a reconciliation looks. (SPEC OP-04)
const RECONCILED: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The first minute of the day in which a connection may reconcile by itself: one o'clock.
const NIGHT_BEGINS: i64 = 60;

/// Minutes of the night over which connections are spread, so that not all of them ask at once.
const NIGHT_MINUTES: i64 = 4 * 60;

/// Minutes after its own in which a connection's nightly run is still made up for.
const MADE_UP_FOR: i64 = 60;

/// What is to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewRun {
    /// Look for changed orders now.
    PollOrders,
    /// Look for orders since a time.
    Backfill {
        /// Since when.
        since: Timestamp,
    },
    /// Hold the last days' orders against their outcomes.
    Reconcile,
}

impl NewRun {
    /// The job, and from when on it looks.
    fn job(self, now: Timestamp) -> (Job, Option<Timestamp>) {
        match self {
            Self::PollOrders => (Job::PollOrders, None),
            Self::Backfill { since } => (Job::Backfill, Some(since)),
            Self::Reconcile => (Job::Reconcile, Some(now.saturating_sub(RECONCILED).unwrap_or(now))),
        }
    }
}

/// Asks for a run. `token` makes its id; done again with the same one it gives what was asked for. A
/// backfill also lets older orders in from then on.
///
/// # Errors
/// If there is no such connection, or it is not active.
pub async fn create(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    token: &str,
    new: NewRun,
) -> Result<Run, Refusal> {
    let run_id = RunId::from_token(token);
    let key = Key::Run(organization.clone(), id.clone(), run_id.clone());
    let now = hub.now();
    if let NewRun::Backfill { since } = new
        && since > now
    {
        return Err(Refusal::field("since", "It lies in the future; give a time that has been."));
    }
    for _ in 0..TRIES {
        let (connection, version) = connections::versioned(hub, organization, id).await?;
        if let Some((known, _)) = people::one(hub, key.clone(), only!(Run)).await? {
            return Ok(known);
        }
        if !connection.is_active() {
            let message = format!("The connection is {}. Set it to work first.", connection.status.as_str());
            return Err(Refusal::conflict("connection_not_active", message));
        }
        let (job, since) = new.job(now);
        let run = Run {
            id: run_id.clone(),
            connection: id.clone(),
            job,
            state: RunState::Queued,
            since,
            requested_at: now,
            started_at: None,
            ended_at: None,
            counts: BTreeMap::new(),
            errors: Vec::new(),
        };
        let mut commit = Commit::default();
        commit.put(key.clone(), Record::Run(run.clone()), Expect::Absent);
        let make = |cursor: Timestamp| Look {
            connections: vec![id.clone()],
            cursor: since.unwrap_or(cursor),
            page: None,
            looked_at: None,
            answered_at: None,
            run: Some((id.clone(), run_id.clone())),
        };
        connections::with_look(hub, organization, &connection, make, &mut commit).await?;
        let orders_from = match new {
            NewRun::Backfill { since } => connection.orders_from.map(|from| since.min(from)),
            NewRun::PollOrders | NewRun::Reconcile => connection.orders_from,
        };
        if orders_from != connection.orders_from {
            let key = Key::Connection(organization.clone(), id.clone());
            let lowered = Connection { orders_from, ..connection };
            commit.put(key, Record::Connection(lowered), Expect::Version(version));
        }
        if people::commit(hub, &commit).await? {
            return Ok(run);
        }
    }
    Err(Refusal::contended())
}

/// Asks for the reconciliation of a connection's night, once: in its own minute of the merchant's night, or
/// as soon as somebody comes by within the hour. `None`: it is not its time, or it was asked for already.
///
/// # Errors
/// As [`create`].
pub(crate) async fn nightly(
    hub: &Hub,
    organization: &OrganizationId,
    zone: &TimeZone,
    connection: &Connection,
) -> Result<Option<Run>, Refusal> {
    let local = zone.to_datetime(hub.now());
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    let own = NIGHT_BEGINS + connections::own_place(connection, NIGHT_MINUTES);
    if !(own..own + MADE_UP_FOR).contains(&minute) {
        return Ok(None);
    }
    let token = format!("{}-night-{}", connection.id, local.date());
    let key = Key::Run(organization.clone(), connection.id.clone(), RunId::from_token(&token));
    if people::one(hub, key, only!(Run)).await?.is_some() {
        return Ok(None);
    }
    create(hub, organization, &connection.id, &token, NewRun::Reconcile).await.map(Some)
}

/// A run.
///
/// # Errors
/// If there is none of that id.
pub async fn read(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    id: &RunId,
) -> Result<Run, Refusal> {
    let key = Key::Run(organization.clone(), connection.clone(), id.clone());
    let found = people::one(hub, key, only!(Run)).await?;
    found.map(|(run, _)| run).ok_or_else(|| Refusal::not_found("run", id))
}

/// Runs of a connection, newest first.
///
/// # Errors
/// If there is no such connection, or the cursor is wrong.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    window: &Window,
) -> Result<Part<Run>, Refusal> {
    connections::read(hub, organization, connection).await?;
    lists::read_one(hub, Index::Runs(organization.clone(), connection.clone()), window, only!(Run)).await
}
