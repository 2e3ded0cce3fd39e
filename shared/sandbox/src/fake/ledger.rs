//! The ledger in memory: every condition and limit of the real one, lists that can lag, and the
//! stream of outgoing items.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_app::ports::{
    Clock as _, Commit, CommitError, Expect, Index, Key, Ledger, LedgerError, OrderFile, Page, Record,
    Stored, Write,
    ledger::{RouteTarget, Snapshot, WRITES_IN_A_COMMIT},
};
use weir_domain::{
    Timestamp,
    event::Effect,
    ids::{OrganizationId, SalesOrderId},
};

use super::{FakeClock, Twist, lists, lock, size};

/// One record that changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Which commit it was part of; changes of one commit bear one number.
    pub commit: u64,
    /// Where.
    pub key: Key,
    /// What was there.
    pub before: Option<Arc<Stored>>,
    /// What is there now.
    pub after: Option<Arc<Stored>>,
    /// Whether it happened after its answer, whoever made it.
    pub is_late: bool,
}

/// An outgoing item as the table's stream shows its insertion.
#[derive(Clone, Debug)]
pub struct StreamRecord {
    /// Where the item is.
    pub key: Key,
    /// What is to be sent.
    pub effect: Effect,
}

/// The ledger.
pub struct FakeLedger {
    clock: Arc<FakeClock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<Key, Arc<Stored>>,
    lists: BTreeMap<Index, BTreeMap<String, Key>>,
    /// Everything that ever changed, oldest first.
    changes: Vec<Change>,
    commits: u64,
    stream: Vec<StreamRecord>,
    twist: Twist,
    /// Whether the effect that is now tried a second time was done the first time.
    is_done: bool,
    /// What happens later, with its time.
    late: Vec<(Timestamp, Late)>,
    is_settling: bool,
    late_done: u64,
    stock_conflicts: u64,
}

/// A write that is still on its way.
enum Late {
    Commit(Commit),
    Keep(Key, Box<Snapshot>),
    Remove(Vec<Key>),
}

impl FakeLedger {
    /// An empty ledger.
    #[must_use]
    pub fn new(clock: Arc<FakeClock>) -> Self {
        Self { clock, state: Mutex::new(State::default()) }
    }

    /// Stores a record as it is, whatever was there. For the beginning of a test.
    pub fn seed(&self, key: Key, record: Record) {
        let mut state = self.open();
        let version = state.records.get(&key).map_or(1, |stored| stored.version + 1);
        let number = state.begin();
        state.set(self.clock.true_now(), number, key, Some(Arc::new(Stored { record, version })));
    }

    /// What the gate wants wrong with the next effect.
    pub fn twist(&self, twist: Twist) {
        let mut state = lock(&self.state);
        (state.twist, state.is_done) = (twist, false);
    }

    /// Everything that is stored, also what has expired.
    #[must_use]
    pub fn everything(&self) -> BTreeMap<Key, Arc<Stored>> {
        self.open().records.clone()
    }

    /// What is stored under a key, also if it has expired.
    #[must_use]
    pub fn peek(&self, key: &Key) -> Option<Arc<Stored>> {
        self.open().records.get(key).cloned()
    }

    /// How many records ever changed.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.open().changes.len()
    }

    /// The changes after the first so many.
    #[must_use]
    pub fn changes_since(&self, seen: usize) -> Vec<Change> {
        self.open().changes.get(seen..).unwrap_or_default().to_vec()
    }

    /// The stream's records from a place on. Whoever reads keeps the place, and comes again with the
    /// same one if its work failed.
    #[must_use]
    pub fn stream_from(&self, place: usize, limit: usize) -> Vec<StreamRecord> {
        self.open().stream.iter().skip(place).take(limit).cloned().collect()
    }

    /// How many records the stream has had.
    #[must_use]
    pub fn stream_len(&self) -> usize {
        self.open().stream.len()
    }

    /// How many late commits were done in the end.
    #[must_use]
    pub fn late_done(&self) -> u64 {
        self.open().late_done
    }

    /// How many commits were refused because a stock item had changed.
    #[must_use]
    pub fn stock_conflicts(&self) -> u64 {
        self.open().stock_conflicts
    }

    /// When the next late write happens.
    #[must_use]
    pub fn next_late(&self) -> Option<Timestamp> {
        self.open().late.iter().map(|(due, _)| *due).min()
    }

    /// The state, with every late write done whose time has come.
    fn open(&self) -> std::sync::MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        if !state.late.is_empty() {
            state.settle(self.clock.true_now());
        }
        state
    }
}

impl State {
    fn begin(&mut self) -> u64 {
        self.commits += 1;
        self.commits
    }

    /// Does what was on its way.
    fn settle(&mut self, now: Timestamp) {
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        due.sort_by_key(|(at, _)| *at);
        self.is_settling = true;
        for (at, write) in due {
            match write {
                // Nobody hears of it any more.
                Late::Commit(commit) => self.late_done += u64::from(self.commit(at, at, &commit).is_ok()),
                Late::Keep(key, snapshot) => self.keep(at, key, &snapshot),
                Late::Remove(keys) => self.remove(at, &keys),
            }
        }
        self.is_settling = false;
    }

    fn set(&mut self, at: Timestamp, commit: u64, key: Key, after: Option<Arc<Stored>>) {
        let before = match &after {
            Some(stored) => self.records.insert(key.clone(), Arc::clone(stored)),
            None => self.records.remove(&key),
        };
        if let Some(before) = &before {
            for (index, sort) in lists::places(&key, &before.record) {
                if let Some(list) = self.lists.get_mut(&index) {
                    list.remove(&sort);
                }
            }
        }
        if let Some(after) = &after {
            for (index, sort) in lists::places(&key, &after.record) {
                self.lists.entry(index).or_default().insert(sort, key.clone());
            }
            if let (Key::Outbox(..), Record::Outbox(effect), None) = (&key, &after.record, &before) {
                self.stream.push(StreamRecord { key: key.clone(), effect: effect.clone() });
            }
        }
        self.changes.push(Change { at, commit, key, before, after, is_late: self.is_settling });
    }

    fn live(&self, key: &Key, now: Timestamp) -> Option<&Arc<Stored>> {
        self.records.get(key).filter(|stored| !has_expired(&stored.record, now))
    }

    fn holds(&self, key: &Key, expect: Expect, now: Timestamp) -> bool {
        let version = self.live(key, now).map(|stored| stored.version);
        match expect {
            Expect::Absent => version.is_none(),
            Expect::Version(expected) => version == Some(expected),
            Expect::Anything => true,
        }
    }

    fn commit(&mut self, at: Timestamp, now: Timestamp, commit: &Commit) -> Result<(), CommitError> {
        check_limits(commit)?;
        let broken = commit.writes.iter().find(|write| match write {
            Write::Put { key, expect, .. } | Write::Delete { key, expect } | Write::Check { key, expect } => {
                !self.holds(key, *expect, now)
            }
        });
        if let Some(broken) = broken {
            self.stock_conflicts += u64::from(matches!(broken.key(), Key::Stock(..)));
            return Err(CommitError::Conflict);
        }
        let number = self.begin();
        for write in &commit.writes {
            match write {
                Write::Put { key, record, expect } => {
                    let before = match expect {
                        Expect::Absent => 0,
                        Expect::Version(version) => *version,
                        Expect::Anything => self.records.get(key).map_or(0, |stored| stored.version),
                    };
                    let stored = Stored { record: record.clone(), version: before + 1 };
                    self.set(at, number, key.clone(), Some(Arc::new(stored)));
                }
                Write::Delete { key, .. } => {
                    if self.records.contains_key(key) {
                        self.set(at, number, key.clone(), None);
                    }
                }
                Write::Check { .. } => {}
            }
        }
        Ok(())
    }

    fn keep(&mut self, at: Timestamp, key: Key, snapshot: &Snapshot) {
        let known = self.records.get(&key).map(|stored| (&stored.record, stored.version));
        let version = match known {
            Some((Record::Snapshot(known), _)) if known.updated_at > snapshot.updated_at => return,
            Some((_, version)) => version + 1,
            None => 1,
        };
        let number = self.begin();
        self.set(
            at,
            number,
            key,
            Some(Arc::new(Stored { record: Record::Snapshot(snapshot.clone()), version })),
        );
    }

    fn remove(&mut self, at: Timestamp, keys: &[Key]) {
        let number = self.begin();
        for key in keys {
            if self.records.contains_key(key) {
                self.set(at, number, key.clone(), None);
            }
        }
    }

    /// A list as it was at a time, with its records as they were.
    fn list_at(&self, index: &Index, cut: Timestamp) -> BTreeMap<String, (Key, Arc<Stored>)> {
        let mut was: BTreeMap<&Key, &Option<Arc<Stored>>> = BTreeMap::new();
        for change in self.changes.iter().rev().take_while(|change| change.at > cut) {
            // The earliest change after the cut tells what was there at it.
            was.insert(&change.key, &change.before);
        }
        let mut list = BTreeMap::new();
        for (sort, key) in self.lists.get(index).into_iter().flatten() {
            if let (false, Some(stored)) = (was.contains_key(key), self.records.get(key)) {
                list.insert(sort.clone(), (key.clone(), Arc::clone(stored)));
            }
        }
        for (key, stored) in was {
            let Some(stored) = stored else { continue };
            for (place, sort) in lists::places(key, &stored.record) {
                if place == *index {
                    list.insert(sort, (key.clone(), Arc::clone(stored)));
                }
            }
        }
        list
    }

    fn page(&self, index: &Index, after: Option<&str>, limit: usize, cut: Option<Timestamp>) -> Page {
        let old;
        let mut rest: Box<dyn Iterator<Item = (&String, &Key, &Arc<Stored>)>> = match cut {
            Some(cut) => {
                old = self.list_at(index, cut);
                Box::new(
                    old.iter()
                        .map(|(sort, (key, stored))| (sort, key, stored))
                        .collect::<Vec<_>>()
                        .into_iter(),
                )
            }
            None => Box::new(
                self.lists
                    .get(index)
                    .into_iter()
                    .flatten()
                    .filter_map(|(sort, key)| Some((sort, key, self.records.get(key)?))),
            ),
        };
        if lists::is_newest_first(index) {
            let all: Vec<_> = rest.collect();
            rest = Box::new(
                all.into_iter()
                    .rev()
                    .skip_while(move |(sort, _, _)| after.is_some_and(|after| sort.as_str() >= after)),
            );
        } else {
            rest = Box::new(
                rest.skip_while(move |(sort, _, _)| after.is_some_and(|after| sort.as_str() <= after)),
            );
        }
        let mut page = Page::default();
        let mut last = None;
        for (sort, key, stored) in rest {
            if page.records.len() == limit {
                page.next = last;
                break;
            }
            last = Some(sort.clone());
            page.records.push((key.clone(), Stored::clone(stored)));
        }
        page
    }
}

/// Whether a record's time has run out.
fn has_expired(record: &Record, now: Timestamp) -> bool {
    let end = match record {
        Record::Person(person) => Some(person.expires_at),
        Record::Snapshot(snapshot) => Some(snapshot.expires_at),
        Record::Answer(answer) => Some(answer.expires_at),
        Record::Route(RouteTarget::Access { expires_at, .. }) => *expires_at,
        Record::Route(RouteTarget::Organization(_) | RouteTarget::Connection(..))
        | Record::Organization(_)
        | Record::Location(_)
        | Record::Variant(_)
        | Record::VariantSku(_)
        | Record::Alias(_)
        | Record::Customer(_)
        | Record::CustomersOfName(_)
        | Record::Connection(_)
        | Record::Order(_)
        | Record::Observation(_)
        | Record::Parked(_)
        | Record::Chunk(_)
        | Record::ManufacturingOrder(_)
        | Record::SalesReturn(_)
        | Record::OrderOf(_)
        | Record::History(_)
        | Record::Stock(_)
        | Record::Serial(_)
        | Record::Movement(_)
        | Record::Adjustment(_)
        | Record::Outbox(_)
        | Record::Poll(_)
        | Record::Run(_)
        | Record::DataRequest(_)
        | Record::RequestNumber
        | Record::Bucket(_) => None,
    };
    end.is_some_and(|end| end <= now)
}

fn check_limits(commit: &Commit) -> Result<(), CommitError> {
    if commit.writes.len() > WRITES_IN_A_COMMIT {
        return Err(CommitError::TooLarge(format!("{} writes", commit.writes.len())));
    }
    let mut keys = BTreeSet::new();
    for write in &commit.writes {
        if !keys.insert(write.key()) {
            return Err(CommitError::TooLarge(format!("{:?} is named twice", write.key())));
        }
        if let Write::Put { record, key, .. } = write {
            let bytes = size::bytes(record);
            if bytes > size::ITEM_BYTES {
                return Err(CommitError::TooLarge(format!("{key:?} has about {bytes} bytes")));
            }
        }
    }
    Ok(())
}

fn in_a_while(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(now)
}

#[async_trait]
impl Ledger for FakeLedger {
    async fn get(&self, keys: &[Key]) -> Result<BTreeMap<Key, Stored>, LedgerError> {
        let (state, now) = (self.open(), self.clock.now());
        let found = keys.iter().filter_map(|key| Some((key.clone(), Stored::clone(state.live(key, now)?))));
        Ok(found.collect())
    }

    async fn read_order(
        &self,
        organization: &OrganizationId,
        order: &SalesOrderId,
    ) -> Result<OrderFile, LedgerError> {
        let (state, now) = (self.open(), self.clock.now());
        let mut file = OrderFile::default();
        let of = (organization.clone(), order.clone());
        let keys = [
            Key::Order(of.0.clone(), of.1.clone()),
            Key::Observation(of.0.clone(), of.1.clone()),
            Key::Person(of.0.clone(), of.1.clone()),
            Key::Snapshot(of.0.clone(), of.1.clone()),
            Key::Parked(of.0.clone(), of.1.clone()),
        ];
        for stored in keys.iter().filter_map(|key| state.live(key, now)) {
            match &stored.record {
                Record::Order(order) => file.order = Some((order.clone(), stored.version)),
                Record::Observation(observation) => {
                    file.observation = Some((observation.clone(), stored.version))
                }
                Record::Person(person) => file.person = Some((person.clone(), stored.version)),
                Record::Snapshot(snapshot) => file.snapshot = Some(snapshot.clone()),
                Record::Parked(parked) => file.parked = Some((parked.clone(), stored.version)),
                other => return Err(LedgerError::Unreadable(format!("an order's file holds {other:?}"))),
            }
        }
        let lists = [
            Index::ManufacturingOrdersOf(of.0.clone(), of.1.clone()),
            Index::SalesReturnsOf(of.0.clone(), of.1.clone()),
        ];
        for key in lists.iter().filter_map(|list| state.lists.get(list)).flat_map(BTreeMap::values) {
            let Some(stored) = state.live(key, now) else { continue };
            match &stored.record {
                Record::ManufacturingOrder(made) => {
                    file.manufacturing_orders.push((made.clone(), stored.version));
                }
                Record::SalesReturn(known) => file.returns.push((known.clone(), stored.version)),
                other => return Err(LedgerError::Unreadable(format!("an order's file holds {other:?}"))),
            }
        }
        Ok(file)
    }

    async fn list(&self, index: &Index, after: Option<&str>, limit: usize) -> Result<Page, LedgerError> {
        let state = self.open();
        let cut = state.twist.stale.map(|stale| in_a_while(self.clock.true_now(), -stale));
        let limit = if state.twist.short_page { limit.div_ceil(3) } else { limit };
        Ok(state.page(index, after, limit.max(1), cut))
    }

    async fn count(&self, index: &Index, cap: usize) -> Result<usize, LedgerError> {
        Ok(self.open().lists.get(index).map_or(0, BTreeMap::len).min(cap))
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut state = self.open();
        let now = self.clock.true_now();
        if let Some(wait) = state.twist.late {
            check_limits(commit)?;
            state.late.push((in_a_while(now, wait), Late::Commit(commit.clone())));
            return Err(CommitError::Unknown("no answer".to_owned()));
        }
        if state.twist.repeated && state.is_done {
            // The transaction's token tells that it is the same one.
            return Ok(());
        }
        let done = state.commit(now, self.clock.now(), commit);
        state.is_done = done.is_ok();
        done
    }

    async fn keep_snapshot(
        &self,
        organization: &OrganizationId,
        order: &SalesOrderId,
        snapshot: &Snapshot,
    ) -> Result<(), LedgerError> {
        let mut state = self.open();
        let now = self.clock.true_now();
        let key = Key::Snapshot(organization.clone(), order.clone());
        if let Some(wait) = state.twist.late {
            state.late.push((in_a_while(now, wait), Late::Keep(key, Box::new(snapshot.clone()))));
            return Err(LedgerError::Trouble("no answer".to_owned()));
        }
        state.keep(now, key, snapshot);
        Ok(())
    }

    async fn remove(&self, keys: &[Key]) -> Result<(), LedgerError> {
        let mut state = self.open();
        let now = self.clock.true_now();
        if let Some(wait) = state.twist.late {
            state.late.push((in_a_while(now, wait), Late::Remove(keys.to_vec())));
            return Err(LedgerError::Trouble("no answer".to_owned()));
        }
        state.remove(now, keys);
        Ok(())
    }
}
