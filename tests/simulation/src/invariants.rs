//! What must hold at all times: the watch reads every change of the ledger, commit by commit, and
//! says what is not as it must be. The numbers are those of the failure model.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use weir_app::{
    message::Signal,
    ports::{Key, Record, ledger::OutboxKey},
};
use weir_domain::{
    Timestamp,
    connection::ConnectionStatus,
    ids::{OrganizationId, SalesOrderId, VariantId},
    organization::Organization,
    outcome::{Observation, OutcomeKind, ReasonCode},
    sales_order::{Booking, Flag, FulfillmentStatus, OrderStatus, Row, SalesOrder},
    stock::{Cause, SerialNumber, SerialState, StockItem, StockKey},
    variant::Tracking,
};
use weir_sandbox::fake::{Change, FakeLedger};

use crate::{
    executor::TaskId,
    outlet::outlets::Outlet,
    places::CANARIES,
    shop::stores::Store,
    sometimes::{Situation, Sometimes},
    world::announces_import,
};

/// What a stock item's movements add up to: in all, and by batch.
#[derive(Default)]
struct Sums {
    total: i64,
    batches: BTreeMap<Option<String>, i64>,
}

/// The watch.
#[derive(Default)]
pub struct Watch {
    /// Whether who is at work now brings deleted orders back, as a person may, and may have done late.
    pub restores: bool,
    seen: usize,
    checks: u64,
    failure: Option<String>,
    sometimes: Sometimes,
    sums: BTreeMap<(OrganizationId, StockKey), Sums>,
    stock: BTreeMap<(OrganizationId, StockKey), i64>,
    tracking: BTreeMap<VariantId, Tracking>,
    causes: BTreeSet<(OrganizationId, Cause)>,
    sent: BTreeSet<(OrganizationId, OutboxKey)>,
    /// The organizations, and when their lock date last changed.
    organizations: BTreeMap<OrganizationId, (Organization, Timestamp)>,
    chunks: BTreeMap<SalesOrderId, TaskId>,
    /// Big orders, and when their plan was stored.
    planned: BTreeMap<SalesOrderId, Timestamp>,
}

/// Who made a change: a task and when it began; nobody, for what was there at first or came late.
pub type Maker = Option<(TaskId, Timestamp)>;

/// Clocks may differ by so much, and a cursor with them.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

impl Watch {
    /// What is not as it must be, if anything.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Notes the first thing that is wrong.
    pub fn fail(&mut self, what: String) {
        self.failure.get_or_insert(what);
    }

    /// How often something was checked.
    #[must_use]
    pub const fn checks(&self) -> u64 {
        self.checks
    }

    /// The rare situations that showed in the changes.
    #[must_use]
    pub fn sometimes(&self) -> Sometimes {
        self.sometimes.clone()
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.checks += 1;
        if !holds {
            self.fail(what());
        }
    }

    /// Looks at all that changed since the last time.
    pub fn look(&mut self, ledger: &FakeLedger, maker: Maker) {
        let changes = ledger.changes_since(self.seen);
        self.seen += changes.len();
        let restores = self.restores;
        for commit in changes.chunk_by(|one, next| one.commit == next.commit) {
            // What came late was made by somebody else than who is at work now.
            let is_late = commit.first().is_some_and(|change| change.is_late);
            self.restores = restores || is_late;
            self.commit(commit, maker.filter(|_| !is_late));
        }
    }

    /// No secret and no person in a text. (I36)
    pub fn look_at_text(&mut self, what: &str, text: &str) {
        let found = CANARIES.iter().find(|canary| text.contains(*canary));
        self.check(found.is_none(), || format!("I36: {what} holds \"{}\"", found.unwrap_or(&"")));
    }

    /// A signal was acknowledged: all it caused is stored. (I30)
    pub fn acknowledged(&mut self, ledger: &FakeLedger, signal: &Signal) {
        let order = signal.order();
        let organization = &signal.organization;
        let is_kept = ledger.peek(&Key::Observation(organization.clone(), order.clone())).is_some()
            || ledger.peek(&Key::Parked(organization.clone(), order.clone())).is_some();
        self.check(is_kept, || format!("I30: {order} was acknowledged and nothing of it is stored"));
    }

    fn commit(&mut self, changes: &[Change], maker: Maker) {
        let organizations: BTreeSet<_> =
            changes.iter().filter_map(|change| change.key.organization()).collect();
        self.check(organizations.len() <= 1, || format!("I34: one commit is about {organizations:?}"));
        for change in changes {
            self.change(change, changes, maker);
        }
        let mut touched = BTreeSet::new();
        for change in changes {
            match &change.key {
                Key::Stock(organization, key) | Key::Movement(organization, key, _, _) => {
                    touched.insert((organization.clone(), key.clone()));
                }
                _ => {}
            }
        }
        for change in changes {
            if let (Key::Stock(organization, _), Some(stored)) = (&change.key, &change.after)
                && let Record::Stock(item) = &stored.record
            {
                self.item(organization, change.before.as_ref().map(|stored| &stored.record), item);
            }
        }
        for place in touched {
            let total = self.sums.get(&place).map_or(0, |sums| sums.total);
            let on_hand = self.stock.get(&place).copied().unwrap_or(0);
            self.check(total == on_hand, || {
                format!("I9: {place:?}: the movements make {total}, on hand is {on_hand}")
            });
        }
    }

    fn change(&mut self, change: &Change, commit: &[Change], maker: Maker) {
        let before = change.before.as_ref().map(|stored| &stored.record);
        let after = change.after.as_ref().map(|stored| &stored.record);
        match (&change.key, after) {
            (Key::Movement(organization, _, _, _), _) => self.movement(organization, change, maker),
            (Key::Stock(organization, key), Some(Record::Stock(item))) => {
                self.stock.insert((organization.clone(), key.clone()), item.on_hand);
            }
            (Key::Stock(..), None) => self.fail("I9: a stock item was removed".to_owned()),
            (Key::Serial(..), after) => self.serial(before, after),
            (Key::Order(organization, id), after) => {
                self.order(organization, id, before, after);
                if let Some(Record::Order(SalesOrder { booking: Booking::Committing { .. }, .. })) = after {
                    self.planned.entry(id.clone()).or_insert(change.at);
                }
            }
            (Key::Outbox(organization, key), Some(Record::Outbox(_))) => {
                self.outgoing(organization, key, change, commit)
            }
            (Key::Poll(..), Some(Record::Poll(state))) => {
                if let Some(Record::Poll(old)) = before {
                    self.check(state.main.cursor >= old.main.cursor, || "I28: a cursor went back".to_owned());
                }
                let newest = change.at.saturating_add(CLOCKS_DIFFER).unwrap_or(change.at);
                self.check(state.main.cursor <= newest, || "I28: a cursor is ahead of the time".to_owned());
                if state.main.page.is_some() {
                    self.sometimes.reach(Situation::ManyPages);
                }
            }
            (Key::Observation(_, id), Some(Record::Observation(observation))) => {
                self.observation(id, before, observation, commit);
            }
            (Key::Observation(_, id), None) => self.fail(format!("I3: the account of {id} was removed")),
            (Key::Organization(id), Some(Record::Organization(organization))) => {
                let old = self.organizations.get(id).map(|(old, since)| (old.inventory_lock_date, *since));
                let since = match old {
                    Some((lock, since)) if lock == organization.inventory_lock_date => since,
                    Some(_) | None => change.at,
                };
                self.organizations.insert(id.clone(), (organization.clone(), since));
            }
            (Key::Variant(..), Some(Record::Variant(variant))) => {
                self.tracking.insert(variant.id.clone(), variant.tracking);
            }
            (Key::Connection(..), Some(Record::Connection(connection))) => {
                let old = match before {
                    Some(Record::Connection(old)) => Some(&old.status),
                    _ => None,
                };
                match (old, &connection.status) {
                    (Some(ConnectionStatus::Active), ConnectionStatus::NeedsAttention(_)) => {
                        self.sometimes.reach(Situation::Revoked);
                    }
                    (Some(ConnectionStatus::NeedsAttention(_)), ConnectionStatus::Active) => {
                        self.sometimes.reach(Situation::Reauthorized);
                    }
                    _ => {}
                }
            }
            (Key::Bucket(..), Some(Record::Bucket(bucket))) if bucket.millitokens < 1000 => {
                self.sometimes.reach(Situation::OutOfTokens);
            }
            (Key::Chunk(_, order, _), Some(_)) => {
                let task = maker.map_or(0, |(task, _)| task);
                let other = self.chunks.insert(order.clone(), task);
                if other.is_some_and(|other| other != task) {
                    self.sometimes.reach(Situation::BigOrderResumed);
                }
                self.check(before.is_none(), || format!("I15: a chunk of {order} was booked twice"));
            }
            (Key::Chunk(_, order, _), None) => self.fail(format!("I15: a chunk of {order} was removed")),
            (Key::Snapshot(_, order), Some(Record::Snapshot(snapshot))) => {
                if let Some(Record::Snapshot(old)) = before {
                    let is_newer = snapshot.updated_at >= old.updated_at;
                    self.check(is_newer, || {
                        format!("G-02: an older snapshot of {order} replaced a newer one")
                    });
                }
            }
            _ => {}
        }
    }

    fn movement(&mut self, organization: &OrganizationId, change: &Change, maker: Maker) {
        let (None, Some(stored)) = (&change.before, &change.after) else {
            self.fail(format!("I15: the movement {:?} was changed", change.key));
            return;
        };
        let Record::Movement(movement) = &stored.record else { return };
        let is_new = self.causes.insert((organization.clone(), movement.cause.clone()));
        self.check(is_new, || format!("I15: {:?} moved stock twice", movement.cause));
        let sums = self.sums.entry((organization.clone(), movement.key.clone())).or_default();
        sums.total += movement.quantity;
        *sums.batches.entry(movement.batch.clone()).or_default() += movement.quantity;
        if let (Some((known, since)), Some((_, began))) = (self.organizations.get(organization), maker) {
            // Whoever began before the period was locked had read that it was not; and a plan that
            // was stored before is carried out to its end.
            let planned = match &movement.cause {
                Cause::Delivery { order, .. } => self.planned.get(order).copied(),
                Cause::Adjustment { .. } | Cause::Return { .. } => None,
            };
            let is_late = known.is_locked(movement.at) && planned.unwrap_or(began) > *since;
            self.check(!is_late, || format!("G-09: {:?} moved stock in the locked period", movement.cause));
        }
    }

    fn item(&mut self, organization: &OrganizationId, before: Option<&Record>, item: &StockItem) {
        let is_batch = self.tracking.get(&item.key.variant) == Some(&Tracking::Batch);
        let place = (organization.clone(), item.key.clone());
        let batches: BTreeMap<&str, i64> =
            item.batches.iter().map(|batch| (batch.number.as_str(), batch.quantity)).collect();
        let mut wrong = None;
        if batches.len() != item.batches.len() || batches.values().any(|quantity| *quantity < 0) {
            wrong = Some("a batch is below zero or there twice".to_owned());
        }
        if let Some(sums) = self.sums.get(&place).filter(|_| is_batch) {
            for (batch, sum) in &sums.batches {
                match batch {
                    Some(batch) => {
                        let held = batches.get(batch.as_str()).copied().unwrap_or(0);
                        if held != *sum {
                            wrong = Some(format!("batch {batch} holds {held}, its movements make {sum}"));
                        }
                    }
                    None if *sum > 0 => wrong = Some(format!("{sum} units without a batch")),
                    None => {}
                }
            }
        }
        self.check(wrong.is_none(), || format!("I10: {place:?}: {}", wrong.unwrap_or_default()));
        if let Some(Record::Stock(old)) = before {
            self.first_in_first_out(old, item);
        }
    }

    /// No unit leaves a younger batch while an older one has stock. (I11)
    fn first_in_first_out(&mut self, old: &StockItem, new: &StockItem) {
        let left = |number: &str| {
            new.batches.iter().find(|batch| batch.number == number).map_or(0, |batch| batch.quantity)
        };
        let mut by_age: Vec<_> = old.batches.iter().collect();
        by_age.sort_by(|a, b| (a.received_at, &a.number).cmp(&(b.received_at, &b.number)));
        let mut older_has_stock = false;
        for batch in by_age {
            let left = left(&batch.number);
            self.check(left >= batch.quantity || !older_has_stock, || {
                format!("I11: units left batch {} while an older one had stock", batch.number)
            });
            older_has_stock |= left > 0;
        }
    }

    fn serial(&mut self, before: Option<&Record>, after: Option<&Record>) {
        let state = |record: Option<&Record>| match record {
            Some(Record::Serial(SerialNumber { state, .. })) => Some(state.clone()),
            _ => None,
        };
        let is_legal = match (state(before), state(after)) {
            (None, Some(SerialState::InStock(_) | SerialState::Sold(_)))
            | (Some(SerialState::InStock(_)), Some(SerialState::Sold(_) | SerialState::Removed)) => true,
            (before, after) => before == after,
        };
        self.check(is_legal, || format!("I12: a serial number went from {before:?} to {after:?}"));
    }

    fn order(
        &mut self,
        organization: &OrganizationId,
        id: &SalesOrderId,
        before: Option<&Record>,
        after: Option<&Record>,
    ) {
        let Some(Record::Order(order)) = after else {
            self.fail(format!("I4: the order {id} was removed from {organization}"));
            return;
        };
        let source = order.source.as_ref();
        let is_own_key = source.is_none_or(|source| {
            SalesOrderId::for_source(&source.connection, &source.channel_order_id) == *id
        });
        self.check(is_own_key && order.id == *id, || {
            format!("I2: {id} lies under a key that is not its source's")
        });
        if let Booking::Committing { .. } = order.booking {
            self.sometimes.reach(Situation::BigOrder);
        }
        for (flag, situation) in [
            (Flag::NegativeStock, Situation::NegativeStock),
            (Flag::MissingTrackingData, Situation::MissingBatch),
        ] {
            if order.flags.contains(&flag) {
                self.sometimes.reach(situation);
            }
        }
        if let Some(Record::Order(old)) = before {
            self.order_changed(id, old, order);
        }
    }

    fn order_changed(&mut self, id: &SalesOrderId, old: &SalesOrder, order: &SalesOrder) {
        if let Some(deleted_at) = old.deleted_at {
            let is_back = order.deleted_at.is_none() && self.restores;
            self.check(order.deleted_at == Some(deleted_at) || is_back, || {
                format!("I4: the deleted order {id} came back")
            });
        }
        if Outlet::of_order(id).is_some() && heard_completed(order) && !heard_completed(old) {
            self.sometimes.reach(Situation::CompletedThere);
        }
        if Store::of_order(id).is_some() || Outlet::of_order(id).is_some() {
            self.shop_order_changed(id, old, order);
            return;
        }
        if old.booking == Booking::Complete && old.status == OrderStatus::Delivered {
            let is_same = order.status == OrderStatus::Delivered
                && order.rows == old.rows
                && order.fulfillments == old.fulfillments
                && order.booking == Booking::Complete;
            self.check(is_same, || format!("I6: the delivered order {id} was changed"));
        }
    }

    /// What was packed, delivered or invoiced never changes; a status goes back only where a row was added
    /// to a delivered order. (I6, I7)
    fn shop_order_changed(&mut self, id: &SalesOrderId, old: &SalesOrder, order: &SalesOrder) {
        for before in &old.fulfillments {
            let is_same = order.fulfillments.iter().any(|now| {
                now.id == before.id
                    && now.rows.len() == before.rows.len()
                    && now
                        .rows
                        .iter()
                        .zip(&before.rows)
                        .all(|(now, before)| (&now.row, now.quantity) == (&before.row, before.quantity))
                    && now.moves_stock == before.moves_stock
                    && now.tracking == before.tracking
                    && (now.status == before.status || before.status == FulfillmentStatus::Packed)
                    && before.at_channel.iter().all(|part| now.at_channel.contains(part))
            });
            self.check(is_same, || format!("I6: the fulfillment {} of {id} was changed", before.id));
        }
        for row in &old.rows {
            let (handled, is_booked) = (old.handled(&row.id), old.booking == Booking::Complete);
            let now = order.rows.iter().find(|now| now.id == row.id);
            let stays = now.is_some_and(|now| now.quantity >= handled);
            self.check(stays || handled == 0, || {
                format!("I6: handled units of {} in {id} are gone", row.sku)
            });
            let is_whole = handled > 0 && handled >= row.quantity;
            let facts = |row: &Row| (row.quantity, row.amount, row.discount, row.tax, row.invoiced);
            if is_booked && (row.invoiced || is_whole) {
                let is_same = now.is_some_and(|now| {
                    facts(now) == facts(row)
                        || (!row.invoiced && now.invoiced && now.quantity == row.quantity)
                });
                self.check(is_same, || format!("I6: the handled row {} of {id} was changed", row.sku));
            }
        }
        if old.status == OrderStatus::Delivered && order.status != OrderStatus::Delivered {
            let is_added = order.rows.iter().any(|row| !old.rows.iter().any(|known| known.id == row.id));
            self.check(is_added && order.status == OrderStatus::PartiallyDelivered, || {
                format!("I7: the delivered order {id} is {:?}", order.status)
            });
            self.sometimes.reach(Situation::RowAddedAfterDelivery);
        }
    }

    /// An outgoing item comes with the change that causes it, and never again. (I27)
    fn outgoing(
        &mut self,
        organization: &OrganizationId,
        key: &OutboxKey,
        change: &Change,
        commit: &[Change],
    ) {
        let is_new = change.before.is_none() && self.sent.insert((organization.clone(), key.clone()));
        self.check(is_new, || format!("I27: the outgoing item {} is there again", key.message_id()));
        // An order's items bear the version of its account; others a token of their own.
        let of_account = !key.writer.contains('.');
        let has_cause = commit.iter().any(|other| {
            let version = other.after.as_ref().map(|stored| stored.version);
            !matches!(other.key, Key::Outbox(..)) && (!of_account || version == Some(key.version))
        });
        self.check(has_cause, || {
            format!("I27: the outgoing item {} came without its cause", key.message_id())
        });
    }

    fn observation(
        &mut self,
        id: &SalesOrderId,
        before: Option<&Record>,
        now: &Observation,
        commit: &[Change],
    ) {
        let old = match before {
            Some(Record::Observation(old)) => Some(old),
            _ => None,
        };
        if let Some(old) = old {
            let is_newer = now.channel_updated_at >= old.channel_updated_at;
            self.check(is_newer, || format!("G-02: {id}: an older state was decided upon after a newer one"));
        }
        let (kind, code) = (now.outcome.kind, now.outcome.reason.code);
        if old.is_some_and(|old| (old.outcome.kind, old.outcome.reason.code) == (kind, code)) {
            return;
        }
        let old_code = old.map(|old| old.outcome.reason.code);
        // Who brings an order back says of it again what stood before.
        if kind == OutcomeKind::Imported && !self.restores {
            let announced =
                commit.iter().any(|other| match other.after.as_ref().map(|stored| &stored.record) {
                    Some(Record::Outbox(effect)) => announces_import(effect),
                    _ => false,
                });
            self.check(announced, || format!("I27: {id} came in and nobody is told"));
            match old_code {
                Some(ReasonCode::SkuNotMatched) => self.sometimes.reach(Situation::UnmatchedCameIn),
                Some(ReasonCode::MalformedOrder) => self.sometimes.reach(Situation::MalformedHealed),
                _ => {}
            }
        }
        let situation = match code {
            ReasonCode::SkuNotMatched => Situation::Unmatched,
            ReasonCode::PeriodLocked => Situation::LockedPeriod,
            ReasonCode::MalformedOrder => Situation::Malformed,
            ReasonCode::McfNotOurs => Situation::NotOurs,
            ReasonCode::OwnRequest => Situation::OwnRequest,
            ReasonCode::DeletedInWeir => Situation::DeletedStays,
            _ => return,
        };
        self.sometimes.reach(situation);
    }
}

/// Whether the store completed an order, as far as that was heard.
fn heard_completed(order: &SalesOrder) -> bool {
    order.fulfillments.iter().flat_map(|made| &made.at_channel).any(|part| part.id.starts_with("completed"))
}
