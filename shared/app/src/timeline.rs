//! Lines of an order's timeline that no observation wrote: each belongs to a version of its account,
//! so that none is written twice and none is lost. (SPEC G-03)

use weir_domain::{history::HistoryEntry, ids::OrganizationId, ids::SalesOrderId};

use crate::ports::{Commit, Expect, Key, OrderFile, Record};

/// Adds lines to an order's timeline. An order without an account has none.
pub(crate) fn add(
    organization: &OrganizationId,
    order: &SalesOrderId,
    file: &OrderFile,
    lines: impl IntoIterator<Item = HistoryEntry>,
    commit: &mut Commit,
) {
    let Some((observation, version)) = &file.observation else { return };
    let key = Key::Observation(organization.clone(), order.clone());
    commit.put(key, Record::Observation(observation.clone()), Expect::Version(*version));
    for (ordinal, line) in (0..).zip(lines) {
        let key = Key::History(organization.clone(), order.clone(), version + 1, ordinal);
        commit.put(key, Record::History(line), Expect::Absent);
    }
}
