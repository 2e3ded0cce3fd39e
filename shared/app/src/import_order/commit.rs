//! One commit for one decision: the order, its account, its timeline, its person, the stock it
//! moves and what it sends. All or nothing. (SPEC G-05)

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use weir_channels::channel::RawOrder;
use weir_domain::{
    Timestamp,
    channel_order::ChannelOrder,
    customer::Person,
    decide::{Changes, Decision, RuleSet},
    event::Effect,
    history::HistoryEntry,
    ids::{OrganizationId, SalesOrderId},
    limits::{LAST_SEEN_EVERY, PERSONAL_DATA_DAYS},
    manufacturing_order::ManufacturingChange,
    outcome::{Because, Observation, Outcome, OutcomeKind, ReasonCode},
};

use super::{Ended, Reading, Stop, state::Loaded, stop};
use crate::{
    catalogue::names,
    gate::Site,
    hub::Hub,
    outbox,
    planted::{self, Bug},
    ports::{
        Commit, Expect, Key, Record, Write,
        ledger::{Parked, PersonRecord, Snapshot},
    },
};

/// SKUs of an order that its account names; a page shows no more.
const SKUS_NAMED: usize = 50;

/// The longest time from shipping to a promised delivery that is believed.
const LONGEST_WAY: SignedDuration = SignedDuration::from_hours(24 * 60);

/// What was seen of the order, for its account.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) order_no: Option<String>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) digest: Option<String>,
    pub(super) skus: Vec<String>,
    pub(super) person: Person,
    pub(super) promised_by: Option<Timestamp>,
    /// Nobody looked at the channel: a person's plan came to its end.
    pub(super) is_no_look: bool,
}

impl Seen {
    /// The channel does not know it.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    /// A snapshot that cannot be read.
    pub(super) fn unreadable(snapshot: &Snapshot) -> Self {
        Self {
            updated_at: Some(snapshot.updated_at),
            digest: Some(snapshot.digest.clone()),
            ..Self::default()
        }
    }

    /// An order.
    pub(super) fn order(snapshot: &Snapshot, order: &ChannelOrder) -> Self {
        let mut skus: Vec<String> = order.lines.iter().filter_map(|line| line.sku.clone()).collect();
        skus.sort();
        skus.dedup();
        skus.truncate(SKUS_NAMED);
        Self {
            order_no: Some(order.order_no.clone()),
            updated_at: Some(order.updated_at),
            digest: Some(snapshot.digest.clone()),
            skus,
            person: order.person.clone(),
            promised_by: order.promised_by,
            is_no_look: false,
        }
    }
}

/// A snapshot of an order as it came. It holds the buyer, so it ends with what is known of the order's
/// shipping: what the channel touches later is not kept any longer. (SPEC OP-05)
pub(crate) fn snapshot_of(order: RawOrder, known: Option<&Observation>, now: Timestamp) -> Snapshot {
    let digest = Sha256::digest(&order.body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let RawOrder { updated_at, format, body, .. } = order;
    let shipped_at = known.and_then(|known| known.shipped_at);
    Snapshot { format, updated_at, digest, body, expires_at: personal_data_ends(shipped_at.unwrap_or(now)) }
}

/// When personal data that is kept from `at` on has to be gone.
pub(super) fn personal_data_ends(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(24 * PERSONAL_DATA_DAYS)).unwrap_or(Timestamp::MAX)
}

/// Commits a decision.
pub(super) async fn commit(
    hub: &Hub,
    reading: &Reading<'_>,
    seen: Seen,
    decision: &Decision,
    loaded: &Loaded,
) -> Result<Ended, Stop> {
    let seen_at = seen.updated_at;
    let account = account(reading, &seen, decision, hub.now());
    let mut commit = Commit::default();
    write_account(hub, reading, &account, &decision.changes.effects, &mut commit);
    if account.is_new_outcome || changes_something(&decision.changes) {
        write_changes(reading, &seen, decision, loaded, &mut commit);
    }
    if let Some((_, version)) = ended(reading, seen_at) {
        let key = Key::Parked(reading.signal.organization.clone(), reading.signal.order());
        commit.delete(key, Expect::Version(*version));
    }
    if !commit.writes.is_empty() {
        write(hub, commit).await?;
    }
    Ok(Ended::Decided(decision.outcome.kind, decision.outcome.reason.code))
}

/// The parked signal, if this decision ends what it waits for: one that wants the order as it is now is
/// not ended by an older snapshot.
pub(super) fn ended<'a>(reading: &'a Reading<'_>, seen_at: Option<Timestamp>) -> Option<&'a (Parked, u64)> {
    let is_fresh = reading.signal.snapshot_at.is_none();
    let wants = |parked: &Parked| parked.signal.snapshot_at;
    reading
        .file
        .parked
        .as_ref()
        .filter(|(parked, _)| is_fresh || wants(parked).is_some_and(|at| Some(at) <= seen_at))
}

/// Commits, in one transaction. (The bug bench plants the ways in which others do it.)
async fn write(hub: &Hub, commit: Commit) -> Result<(), Stop> {
    if planted::is(Bug::SplitTransaction) || planted::is(Bug::SeenBeforeWork) {
        let is_first = |write: &crate::ports::Write| match write.key() {
            Key::Observation(..) => true,
            Key::Order(..) | Key::History(..) => planted::is(Bug::SplitTransaction),
            _ => false,
        };
        let (first, rest): (Vec<_>, Vec<_>) = commit.writes.into_iter().partition(is_first);
        for writes in [first, rest] {
            if !writes.is_empty() {
                hub.commit(Site::ImportCommit, &Commit { writes }).await.map_err(stop)?;
            }
        }
        return Ok(());
    }
    match hub.commit(Site::ImportCommit, &commit).await {
        Err(crate::ports::CommitError::Conflict) if planted::is(Bug::ConflictIsSuccess) => Ok(()),
        other => other.map_err(stop),
    }
}

/// The account of the order as it will be.
pub(super) struct Account {
    pub(super) observation: Observation,
    /// Whether the outcome is another than the one that stands.
    pub(super) is_new_outcome: bool,
    /// Whether anything of it has to be written.
    pub(super) is_changed: bool,
    /// Lines for the timeline, without their version.
    pub(super) lines: Vec<HistoryEntry>,
}

/// An observation that changes nothing leaves the standing outcome as it is and touches its times; a
/// refusal to change what has left, or a new state of it that cannot be read, becomes a line of the
/// timeline. (SPEC G-03)
pub(super) fn account(reading: &Reading<'_>, seen: &Seen, decision: &Decision, now: Timestamp) -> Account {
    let before = reading.file.observation.as_ref().map(|(observation, _)| observation);
    let Some(before) = before else {
        let observation = new_observation(reading, seen, decision, now);
        let first = line(reading, &decision.outcome, &decision.because, now);
        let lines = std::iter::once(first).chain(decision.changes.history.iter().cloned()).collect();
        return Account { observation, is_new_outcome: true, is_changed: true, lines };
    };
    let mut observation = before.clone();
    let is_older = decision.outcome.reason.code == ReasonCode::OlderThanKnown;
    // The same words may tell of another change.
    let changes = changes_something(&decision.changes);
    // What an order that is in waited for has passed, though nothing of it changes.
    let is_in = reading.file.order.is_some();
    let has_waited = before.outcome.kind == OutcomeKind::Waiting && is_in && !is_older && !seen.is_no_look;
    let has_waited = has_waited && !planted::is(Bug::WaitsForEver);
    let is_new_outcome = (decision.outcome.kind != OutcomeKind::Unchanged || has_waited)
        && (decision.outcome != before.outcome || changes);
    let is_new_state = !is_older && seen.digest.is_some() && seen.digest != before.digest;
    if is_new_outcome {
        let first_seen_at = before.first_seen_at;
        observation = new_observation(reading, seen, decision, now);
        observation.first_seen_at = first_seen_at;
        if !planted::is(Bug::StaleOverwrite) {
            observation.channel_updated_at = seen.updated_at.max(before.channel_updated_at);
        }
        observation.sales_order = observation.sales_order.or_else(|| before.sales_order.clone());
        observation.shipped_at = observation.shipped_at.or(before.shipped_at);
    } else if is_new_state {
        observation.channel_updated_at = seen.updated_at.max(before.channel_updated_at);
        observation.digest = seen.digest.clone();
        observation.shipped_at = before.shipped_at.or(decision.shipped_at);
    }
    let is_newly_asked_for = decision.is_asked_for && !before.is_asked_for;
    observation.is_asked_for = before.is_asked_for || decision.is_asked_for;
    let is_stale = now.duration_since(before.last_seen_at) >= LAST_SEEN_EVERY;
    let is_changed = is_new_outcome || is_new_state || is_stale || is_newly_asked_for || changes;
    if is_changed {
        observation.last_seen_at = now;
    }
    let refused = is_new_state && decision.outcome.reason.code.is_refusal();
    let line = (is_new_outcome || refused).then(|| line(reading, &decision.outcome, &decision.because, now));
    let lines = line.into_iter().chain(decision.changes.history.iter().cloned()).collect();
    Account { is_changed, observation, is_new_outcome, lines }
}

/// Whether a decision changes more than the account.
fn changes_something(changes: &Changes) -> bool {
    changes.order.is_some()
        || !changes.history.is_empty()
        || changes.customer.is_some()
        || changes.touched() > 0
}

fn new_observation(reading: &Reading<'_>, seen: &Seen, decision: &Decision, now: Timestamp) -> Observation {
    let signal = reading.signal;
    let order = decision.changes.order.as_ref().or(reading.file.order.as_ref().map(|(order, _)| order));
    Observation {
        connection: signal.connection.clone(),
        channel_order_id: signal.channel_order_id.clone(),
        order_no: seen.order_no.clone().unwrap_or_else(|| signal.channel_order_id.to_string()),
        outcome: decision.outcome.clone(),
        because: decision.because.clone(),
        channel_updated_at: seen.updated_at,
        digest: seen.digest.clone(),
        shipped_at: decision.shipped_at,
        is_asked_for: decision.is_asked_for,
        skus: seen.skus.clone(),
        sales_order: order.map(|order| order.id.clone()),
        first_seen_at: now,
        last_seen_at: now,
        observed_at: now,
    }
}

pub(super) fn line(
    reading: &Reading<'_>,
    outcome: &Outcome,
    because: &[Because],
    now: Timestamp,
) -> HistoryEntry {
    let signal = reading.signal;
    HistoryEntry {
        at: now,
        what: outcome.kind.as_str().to_owned(),
        message: outcome.reason.message.clone(),
        because: because.to_vec(),
        actor: signal.requested_by.clone().unwrap_or_else(|| signal.cause.as_str().to_owned()),
        signal: Some(signal.id.to_string()),
    }
}

/// Writes the account, its line of the timeline, and what is sent because of it.
pub(super) fn write_account(
    hub: &Hub,
    reading: &Reading<'_>,
    account: &Account,
    effects: &[Effect],
    commit: &mut Commit,
) {
    if !account.is_changed {
        return;
    }
    let organization = &reading.signal.organization;
    let order = reading.signal.order();
    let before = reading.file.observation.as_ref().map(|(_, version)| *version);
    let version = before.unwrap_or(0) + 1;
    commit.put(
        Key::Observation(organization.clone(), order.clone()),
        Record::Observation(account.observation.clone()),
        before.map_or(Expect::Absent, Expect::Version),
    );
    for (ordinal, line) in (0..).zip(&account.lines) {
        let key = Key::History(organization.clone(), order.clone(), version, ordinal);
        commit.put(key, Record::History(line.clone()), Expect::Absent);
    }
    if account.is_new_outcome || !effects.is_empty() {
        outbox::write(hub, organization, order.as_str(), version, effects, commit);
    }
}

/// Writes the order, its person and the stock it moves.
fn write_changes(
    reading: &Reading<'_>,
    seen: &Seen,
    decision: &Decision,
    loaded: &Loaded,
    commit: &mut Commit,
) {
    let organization = &reading.signal.organization;
    let changes = &decision.changes;
    if let Some(order) = &changes.order {
        write_order(reading, order, seen, decision.shipped_at, commit);
    }
    commit.writes.extend(parts(reading, changes, loaded));
    write_stock(organization, changes.items.values(), &changes.serials, &changes.movements, loaded, commit);
}

/// Writes the order and its person.
pub(super) fn write_order(
    reading: &Reading<'_>,
    order: &weir_domain::sales_order::SalesOrder,
    seen: &Seen,
    shipped_at: Option<Timestamp>,
    commit: &mut Commit,
) {
    let organization = &reading.signal.organization;
    let expect = reading.file.order.as_ref().map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
    let key = Key::Order(organization.clone(), order.id.clone());
    commit.put(key, Record::Order(order.clone()), expect);
    // What the buyer of a shop's order changes later stays there. (SPEC KS-36)
    let follows_buyer = reading.channel.rules == RuleSet::ShippedByChannel || reading.file.order.is_none();
    if !seen.person.is_empty() && follows_buyer {
        write_person(organization, &order.id, reading, seen, shipped_at.unwrap_or(order.created_at), commit);
    }
}

/// Writes of what hangs on an order, besides its stock: the customer, manufacturing and return orders.
pub(super) fn parts(reading: &Reading<'_>, changes: &Changes, loaded: &Loaded) -> Vec<Write> {
    let organization = &reading.signal.organization;
    let mut commit = Commit::default();
    if let Some(customer) = &changes.customer {
        let key = Key::Customer(organization.clone(), customer.id.clone());
        commit.put(key, Record::Customer(customer.clone()), Expect::Absent);
        names::add(organization, customer, &loaded.of_name, &mut commit);
    }
    for change in &changes.manufacturing_orders {
        let known = reading.file.manufacturing_orders.iter().find(|(made, _)| made.id == *change.id());
        let expect = known.map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
        let order = reading.signal.order();
        let key = Key::ManufacturingOrder(organization.clone(), order, change.id().clone());
        match change {
            ManufacturingChange::Put(made) => {
                commit.put(key, Record::ManufacturingOrder(made.clone()), expect)
            }
            ManufacturingChange::Delete(_) => commit.delete(key, expect),
        }
    }
    for after in &changes.returns {
        let known = reading.file.returns.iter().find(|(known, _)| known.id == after.id);
        let expect = known.map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
        let key = Key::SalesReturn(organization.clone(), after.order.clone(), after.id.clone());
        commit.put(key, Record::SalesReturn(after.clone()), expect);
    }
    commit.writes
}

fn write_person(
    organization: &OrganizationId,
    order: &SalesOrderId,
    reading: &Reading<'_>,
    seen: &Seen,
    shipped_at: Timestamp,
    commit: &mut Commit,
) {
    // A promise far off is not believed: nothing travels so long.
    let latest = shipped_at.saturating_add(LONGEST_WAY).unwrap_or(shipped_at);
    let expires_at = match reading.channel.rules {
        RuleSet::ShippedByChannel => {
            personal_data_ends(seen.promised_by.unwrap_or(shipped_at).clamp(shipped_at, latest))
        }
        // The merchant's own buyer: until the shop has it erased.
        RuleSet::ShippedByMerchant => Timestamp::MAX,
    };
    let expect =
        reading.file.person.as_ref().map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
    let record = PersonRecord { person: seen.person.clone(), expires_at };
    commit.put(Key::Person(organization.clone(), order.clone()), Record::Person(record), expect);
}

/// Writes stock items and serial numbers as they will be, and the movements that made them so.
pub(crate) fn write_stock<'a>(
    organization: &OrganizationId,
    items: impl Iterator<Item = &'a weir_domain::stock::StockItem>,
    serials: &[weir_domain::stock::SerialNumber],
    movements: &[weir_domain::stock::Movement],
    loaded: &Loaded,
    commit: &mut Commit,
) {
    for item in items {
        let key = Key::Stock(organization.clone(), item.key.clone());
        let expect = loaded.expect(&key);
        commit.put(key, Record::Stock(item.clone()), expect);
    }
    for serial in serials {
        let key = Key::Serial(organization.clone(), serial.variant.clone(), serial.number.clone());
        let expect = loaded.expect(&key);
        commit.put(key, Record::Serial(serial.clone()), expect);
    }
    for movement in movements {
        let key =
            Key::Movement(organization.clone(), movement.key.clone(), movement.at, movement.cause.clone());
        commit.put(key, Record::Movement(movement.clone()), Expect::Absent);
    }
}
