//! What a commit sends is written as items of that very commit; the table's stream brings them to
//! the dispatcher. Nothing sends after a commit and hopes.

use weir_domain::{event::Effect, ids::OrganizationId};

use crate::{
    hub::Hub,
    ports::{
        Commit, Expect, Key, Record,
        ledger::{OUTBOX_SHARDS, OutboxKey},
    },
};

/// Writes what is sent. `writer` and `version` name the change that sends it, and so the messages.
pub(crate) fn write(
    hub: &Hub,
    organization: &OrganizationId,
    writer: &str,
    version: u64,
    effects: &[Effect],
    commit: &mut Commit,
) {
    let shard = writer.bytes().fold(0_u8, u8::wrapping_add) % OUTBOX_SHARDS;
    let at = hub.clock.scheduler_now();
    for (ordinal, effect) in (0..).zip(effects) {
        let key = OutboxKey { shard, at, writer: writer.to_owned(), version, ordinal };
        commit.put(Key::Outbox(organization.clone(), key), Record::Outbox(effect.clone()), Expect::Absent);
    }
}
