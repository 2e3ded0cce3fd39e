//! Runs of a connection's jobs: asked for by people, and carried out by the poller as looks done once. (SPEC FX-02, KF-01)

use std::collections::BTreeMap;

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
        let (job, since) = match new {
            NewRun::PollOrders => (Job::PollOrders, None),
            NewRun::Backfill { since } => (Job::Backfill, Some(since)),
        };
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
            run: Some((id.clone(), run_id.clone())),
        };
        connections::with_look(hub, organization, &connection, make, &mut commit).await?;
        let orders_from = connection.orders_from.map(|from| since.map_or(from, |since| since.min(from)));
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
