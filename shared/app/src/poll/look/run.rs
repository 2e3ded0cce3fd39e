//! The record of a run whose look goes on page by page. (SPEC FX-02)

use std::collections::BTreeMap;

use weir_domain::{
    event::{DomainEvent, Effect},
    ids::{ConnectionId, OrganizationId, RunId},
    run::{Job, RunState},
};

use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    outbox,
    ports::{Commit, Expect, Key, Record},
};

/// The job of a run; nothing if its record is gone.
pub(super) async fn job(
    hub: &Hub,
    organization: &OrganizationId,
    (connection, run): &(ConnectionId, RunId),
) -> Result<Option<Job>, FlowError> {
    let key = Key::Run(organization.clone(), connection.clone(), run.clone());
    let found = hub.get(Site::PollRead, std::slice::from_ref(&key)).await?;
    Ok(found.into_values().next().and_then(|stored| match stored.record {
        Record::Run(run) => Some(run.job),
        _ => None,
    }))
}

/// Writes a page's counts to the run, and its end after the last page, as part of the commit that
/// moves the look: a crash counts no page twice and leaves no run without its look.
pub(super) async fn write_page(
    hub: &Hub,
    organization: &OrganizationId,
    (connection, run): &(ConnectionId, RunId),
    counts: &BTreeMap<String, u64>,
    is_over: bool,
    commit: &mut Commit,
) -> Result<(), FlowError> {
    let key = Key::Run(organization.clone(), connection.clone(), run.clone());
    let found = hub.get(Site::PollRead, std::slice::from_ref(&key)).await?;
    let Some((Record::Run(mut record), version)) =
        found.into_values().next().map(|stored| (stored.record, stored.version))
    else {
        return Ok(());
    };
    record.state = RunState::Running;
    record.started_at = record.started_at.or_else(|| Some(hub.now()));
    for (name, count) in counts {
        *record.counts.entry(name.clone()).or_default() += count;
    }
    if is_over {
        record.state = RunState::Succeeded;
        record.ended_at = Some(hub.now());
        let event = DomainEvent::RunFinished { connection: connection.clone(), run: run.clone() };
        outbox::write(hub, organization, run.as_str(), version + 1, &[Effect::Announce(event)], commit);
    }
    commit.put(key, Record::Run(record), Expect::Version(version));
    Ok(())
}
