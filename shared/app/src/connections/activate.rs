//! A connection goes to work, or stops. What shipped in between comes in when it returns. (SPEC KF-01)

use std::collections::BTreeMap;

use weir_domain::{
    Timestamp,
    connection::{Connection, ConnectionStatus},
    decide::{RuleSet, merchant},
    event::Effect,
    ids::{ConnectionId, OrganizationId, RunId},
    limits::OVERLAP,
    run::{Job, Run, RunState},
};

use super::{
    channel, family, link, looks, mended, missing_credentials, not_working, try_credentials, versioned,
};
use crate::{
    call,
    gate::Site,
    hub::Hub,
    people::{self, Refusal, TRIES},
    ports::{Commit, Expect, Key, Record, Write, ledger::Look},
};

/// Sets a connection to work, and has its channel notify where this deployment has a queue for it.
/// Of one that needs attention it means "try again". Done again it changes nothing.
///
/// # Errors
/// What is missing, or that the channel refuses the credentials.
pub async fn activate(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
) -> Result<Connection, Refusal> {
    for _ in 0..TRIES {
        let (before, version) = versioned(hub, organization, id).await?;
        if before.is_active() {
            return link(hub, organization, &before).await;
        }
        if before.default_location.is_none() {
            return Err(Refusal::field(
                "default_location_id",
                "Choose the location to take the stock from first.",
            ));
        }
        let channel = channel(&before)?;
        let credentials = hub.credentials_anew(Site::Credentials, organization, id).await?;
        let missing = missing_credentials(channel, &before, &credentials);
        if !missing.is_empty() {
            return Err(Refusal::fields(missing));
        }
        let family = family(hub, organization, &call::account(&before)).await?;
        let ailing: Vec<&(Connection, u64)> = family
            .iter()
            .filter(|(other, _)| matches!(other.status, ConnectionStatus::NeedsAttention(_)))
            .collect();
        if !ailing.is_empty() {
            // They share one token and one search: what lets this one in lets all of them in.
            try_credentials(hub, channel, &before, &credentials)
                .await
                .map_err(|error| not_working(&error))?;
            for (other, _) in &ailing {
                hub.keep_credentials(Site::PersonSecret, organization, &other.id, &credentials).await?;
            }
            hub.access_tokens.forget(&call::account(&before));
        }
        let mut after = activated(channel.rules, &before, hub.now());
        if channel.setup.imports_all_open_orders() {
            after.orders_from = Some(Timestamp::UNIX_EPOCH);
        }
        let mut commit = Commit::default();
        if before.status == ConnectionStatus::Inactive {
            let (covered, from) = begins(channel.rules, &before, &after);
            looks::begin(hub, organization, &after, covered, from, &mut commit).await?;
            let is_first = before.first_activated_at.is_none();
            if let (RuleSet::ShippedByMerchant, true, Some(since)) =
                (channel.rules, is_first, after.orders_from)
            {
                first_backfill(hub, organization, &after, since, &mut commit);
            }
        }
        put(hub, organization, &after, version, &mut commit);
        for (other, version) in ailing.iter().filter(|(other, _)| other.id != *id) {
            put(hub, organization, &mended(other), *version, &mut commit);
        }
        if people::commit(hub, &commit).await? {
            return link(hub, organization, &after).await;
        }
    }
    Err(Refusal::contended())
}

/// The connection at work. The first activation sets what imports by itself for ever; one that
/// needed attention was never switched off.
fn activated(rules: RuleSet, before: &Connection, now: Timestamp) -> Connection {
    let first = before.first_activated_at.unwrap_or(now);
    let orders_from = match rules {
        RuleSet::ShippedByChannel => {
            before.orders_from.unwrap_or_else(|| first.saturating_sub(OVERLAP).unwrap_or(first))
        }
        // Each activation sets it anew. (SPEC KS-04)
        RuleSet::ShippedByMerchant if before.status == ConnectionStatus::Inactive => {
            merchant::orders_from(now, before.first_activated_at.is_none())
        }
        RuleSet::ShippedByMerchant => before.orders_from.unwrap_or(first),
    };
    let activated_at = match before.status {
        ConnectionStatus::NeedsAttention(_) => before.activated_at,
        ConnectionStatus::Inactive | ConnectionStatus::Active => Some(now),
    };
    Connection {
        status: ConnectionStatus::Active,
        first_activated_at: Some(first),
        activated_at,
        orders_from: Some(orders_from),
        ..before.clone()
    }
}

/// Up to which cursor of the account's recurring look nothing is missing, and else from where on the
/// connection's own look begins.
fn begins(rules: RuleSet, before: &Connection, after: &Connection) -> (Timestamp, Timestamp) {
    match (before.first_activated_at, before.deactivated_at) {
        (Some(_), Some(stopped)) => (stopped, stopped),
        // What was there before comes by a run of its own.
        (Some(_) | None, _) if rules == RuleSet::ShippedByMerchant => {
            let first = after.first_activated_at.unwrap_or(Timestamp::MAX);
            (first, first)
        }
        (Some(_) | None, _) => {
            let first = after.first_activated_at.unwrap_or(Timestamp::MAX);
            (after.orders_from.unwrap_or(first), first)
        }
    }
}

/// The run that brings in a shop's orders of the last days, with its progress to be seen: a look of its
/// own beside the recurring one. (SPEC KS-04)
fn first_backfill(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    since: Timestamp,
    commit: &mut Commit,
) {
    let id = RunId::from_token(&hub.ids.token());
    for write in &mut commit.writes {
        if let Write::Put { record: Record::Poll(state), .. } = write {
            state.once.push(Look {
                run: Some((connection.id.clone(), id.clone())),
                ..looks::look(vec![connection.id.clone()], since)
            });
        }
    }
    let run = Run {
        id: id.clone(),
        connection: connection.id.clone(),
        job: Job::Backfill,
        state: RunState::Queued,
        since: Some(since),
        requested_at: hub.now(),
        started_at: None,
        ended_at: None,
        counts: BTreeMap::new(),
        errors: Vec::new(),
    };
    let key = Key::Run(organization.clone(), connection.id.clone(), id);
    commit.put(key, Record::Run(run), Expect::Absent);
}

/// Writes a connection that is at work again, and lets its waiting orders go on.
pub(super) fn put(
    hub: &Hub,
    organization: &OrganizationId,
    after: &Connection,
    version: u64,
    commit: &mut Commit,
) {
    let key = Key::Connection(organization.clone(), after.id.clone());
    commit.put(key, Record::Connection(after.clone()), Expect::Version(version));
    let effect = Effect::RecheckWaiting { connection: Some(after.id.clone()), code: None };
    people::send(hub, organization, after.id.as_str(), &[effect], commit);
}

/// Stops a connection. Nothing of it is deleted, and its orders wait. Done again it changes nothing.
///
/// # Errors
/// If there is none of that id, or others change it at the same time again and again.
pub async fn deactivate(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
) -> Result<Connection, Refusal> {
    for _ in 0..TRIES {
        let (before, version) = versioned(hub, organization, id).await?;
        if before.status == ConnectionStatus::Inactive {
            return Ok(before);
        }
        let mut commit = Commit::default();
        looks::end(hub, organization, &before, &mut commit).await?;
        let after =
            Connection { status: ConnectionStatus::Inactive, deactivated_at: Some(hub.now()), ..before };
        let key = Key::Connection(organization.clone(), id.clone());
        commit.put(key, Record::Connection(after.clone()), Expect::Version(version));
        if people::commit(hub, &commit).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}
