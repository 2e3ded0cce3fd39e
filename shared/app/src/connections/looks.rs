//! What a connection leaves for the poller: looks that are done once, so that no order falls into
//! the gap between two states of it. (SPEC KF-01)

use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{ConnectionId, OrganizationId},
};

use crate::{
    call,
    hub::Hub,
    people::{self, Refusal, only},
    ports::{
        Commit, Expect, Key, Record,
        ledger::{Look, PollState},
    },
};

/// A look that begins at a time.
pub(super) fn look(connections: Vec<ConnectionId>, cursor: Timestamp) -> Look {
    Look { connections, cursor, page: None, looked_at: None, answered_at: None, run: None }
}

/// How far the searches of a connection's account are, if they ever began.
pub(super) async fn state(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
) -> Result<Option<(PollState, u64)>, Refusal> {
    let key = Key::Poll(organization.clone(), call::account(connection));
    people::one(hub, key, only!(Poll)).await
}

/// The look of a connection that waits for it to be at work again.
fn pending<'a>(state: &'a PollState, id: &ConnectionId) -> Option<&'a Look> {
    state
        .once
        .iter()
        .find(|look| look.run.is_none() && look.connections.as_slice() == std::slice::from_ref(id))
}

/// What a connection that goes to work needs: a look from `from` on, if the account's recurring one
/// is later than `covered`. A search reaches back one overlap behind its cursor.
pub(super) async fn begin(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    covered: Timestamp,
    from: Timestamp,
    commit: &mut Commit,
) -> Result<(), Refusal> {
    let key = Key::Poll(organization.clone(), call::account(connection));
    let Some((mut state, version)) = state(hub, organization, connection).await? else {
        // Others of the account may be at work already, with the first tick still to come.
        let others = super::family(hub, organization, &call::account(connection)).await?;
        let since = others
            .iter()
            .filter(|(other, _)| other.is_active())
            .filter_map(|(other, _)| other.first_activated_at);
        let cursor = since.chain([from]).min().unwrap_or(from);
        let state = PollState { main: look(Vec::new(), cursor), once: Vec::new() };
        commit.put(key, Record::Poll(state), Expect::Absent);
        return Ok(());
    };
    let waiting = pending(&state, &connection.id).map(|look| look.cursor);
    match waiting {
        // Nothing moved on without it: the recurring look takes it along again.
        Some(cursor) if state.main.cursor <= cursor && state.main.page.is_none() => {
            state.once.retain(|look| look.run.is_some() || look.connections != [connection.id.clone()]);
        }
        None if state.main.cursor > covered => state.once.push(look(vec![connection.id.clone()], from)),
        Some(_) | None => {}
    }
    // Written also where nothing of it changes: a tick that searches without this connection must not
    // move the cursor any more.
    commit.put(key, Record::Poll(state), Expect::Version(version));
    Ok(())
}

/// What a connection that stops leaves: the account's recurring look may go on without it, so a look
/// from where that is now waits for its return.
pub(super) async fn end(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    commit: &mut Commit,
) -> Result<(), Refusal> {
    let Some((mut state, version)) = state(hub, organization, connection).await? else { return Ok(()) };
    let key = Key::Poll(organization.clone(), call::account(connection));
    if pending(&state, &connection.id).is_some() {
        commit.check(key, Expect::Version(version));
        return Ok(());
    }
    state.once.push(look(vec![connection.id.clone()], state.main.cursor));
    commit.put(key, Record::Poll(state), Expect::Version(version));
    Ok(())
}

/// What a connection takes along that comes to share another account: where its old searches were.
/// Pages of the old account mean nothing to the new one, so its looks begin anew.
pub(super) async fn take_along(
    hub: &Hub,
    organization: &OrganizationId,
    before: &Connection,
    after: &Connection,
    commit: &mut Commit,
) -> Result<(), Refusal> {
    let Some((mut old, old_version)) = state(hub, organization, before).await? else { return Ok(()) };
    let id = &after.id;
    let of_it = |look: &Look| look.connections.contains(id);
    let mut looks: Vec<Look> =
        old.once.iter().filter(|look| of_it(look)).map(|look| Look { page: None, ..look.clone() }).collect();
    old.once.retain(|look| !of_it(look));
    let old_key = Key::Poll(organization.clone(), call::account(before));
    let new_key = Key::Poll(organization.clone(), call::account(after));
    match state(hub, organization, after).await? {
        None => {
            let state = PollState { main: look(Vec::new(), old.main.cursor), once: looks };
            commit.put(new_key, Record::Poll(state), Expect::Absent);
        }
        Some((mut new, version)) => {
            if new.main.cursor > old.main.cursor {
                looks.push(look(vec![id.clone()], old.main.cursor));
            }
            new.once.append(&mut looks);
            commit.put(new_key, Record::Poll(new), Expect::Version(version));
        }
    }
    commit.put(old_key, Record::Poll(old), Expect::Version(old_version));
    Ok(())
}

/// Adds a look of a run.
pub(crate) async fn with_look(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    make: impl Fn(Timestamp) -> Look,
    commit: &mut Commit,
) -> Result<(), Refusal> {
    let key = Key::Poll(organization.clone(), call::account(connection));
    let (mut state, expect) = match state(hub, organization, connection).await? {
        Some((state, version)) => (state, Expect::Version(version)),
        None => {
            let cursor = connection.first_activated_at.unwrap_or_else(|| hub.now());
            (PollState { main: look(Vec::new(), cursor), once: Vec::new() }, Expect::Absent)
        }
    };
    let made = make(state.main.cursor);
    state.once.push(made);
    commit.put(key, Record::Poll(state), expect);
    Ok(())
}
