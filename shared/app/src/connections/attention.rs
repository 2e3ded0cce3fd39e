//! A connection's credentials do not work any more: every connection that shares them says so, once,
//! and its work waits. (SPEC G-11)

use weir_domain::{
    connection::{Connection, ConnectionStatus},
    event::{DomainEvent, Effect},
    ids::OrganizationId,
    outcome::{Reason, ReasonCode},
};

use super::family;
use crate::{
    call,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    people::{self, Refusal, TRIES},
    ports::{Commit, CommitError, Expect, Key, Record},
};

/// Connections that are noted in one commit: each takes its record and its event.
const CONNECTIONS_A_COMMIT: usize = 40;

/// Notes that a person has to do something on a connection, and on all that share its account.
/// Those that say so already are left alone, so the world is told once. `connection` comes with the
/// version it was read at: if it was changed since, the refusal may be of what was put right, and the
/// next call tells the truth.
///
/// # Errors
/// If the store has trouble, or others change them at the same time again and again.
pub async fn needs_attention(
    hub: &Hub,
    organization: &OrganizationId,
    (connection, version): (&Connection, u64),
    code: ReasonCode,
    message: &str,
) -> Result<(), FlowError> {
    let account = call::account(connection);
    hub.access_tokens.forget(&account);
    let reason = Reason::new(code, format!("{} ({message})", code.sentence()));
    for _ in 0..TRIES {
        let family = family(hub, organization, &account).await.map_err(flow_error)?;
        if !family.iter().any(|(member, now)| member.id == connection.id && *now == version) {
            return Ok(());
        }
        let active: Vec<&(Connection, u64)> =
            family.iter().filter(|(member, _)| member.is_active()).collect();
        if active.is_empty() {
            return Ok(());
        }
        let mut is_done = true;
        for some in active.chunks(CONNECTIONS_A_COMMIT) {
            is_done &= note(hub, organization, some, &reason).await?;
        }
        if is_done {
            return Ok(());
        }
    }
    Err(FlowError::new("others were changing the connections at the same time"))
}

async fn note(
    hub: &Hub,
    organization: &OrganizationId,
    members: &[&(Connection, u64)],
    reason: &Reason,
) -> Result<bool, FlowError> {
    let mut commit = Commit::default();
    for (member, version) in members {
        let id = member.id.clone();
        let after = Connection { status: ConnectionStatus::NeedsAttention(reason.clone()), ..member.clone() };
        let key = Key::Connection(organization.clone(), id.clone());
        commit.put(key, Record::Connection(after), Expect::Version(*version));
        let event = DomainEvent::ConnectionNeedsAttention { connection: id.clone(), code: reason.code };
        people::send(hub, organization, id.as_str(), &[Effect::Announce(event)], &mut commit);
    }
    match hub.commit(Site::ConnectionNote, &commit).await {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict | CommitError::Unknown(_)) => Ok(false),
        Err(error @ (CommitError::Trouble(_) | CommitError::TooLarge(_))) => Err(error.into()),
    }
}

fn flow_error(refusal: Refusal) -> FlowError {
    FlowError::new(refusal.to_string())
}
