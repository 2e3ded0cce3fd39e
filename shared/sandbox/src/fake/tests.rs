//! What the fakes promise, without the simulation around them.

use std::sync::Arc;

use futures_util::FutureExt as _;
use jiff::SignedDuration;
use weir_app::ports::{
    Commit, CommitError, Expect, Index, Key, Ledger as _, OutgoingMessage, Queue as _, QueueName, Record,
    ledger::{OutboxKey, Snapshot},
};
use weir_domain::{
    Timestamp,
    event::Effect,
    ids::{ChannelName, ConnectionId, OrganizationId, SalesOrderId, VariantId},
    stock::{StockItem, StockKey},
    variant::Sku,
};

use super::{FakeClock, FakeLedger, FakeQueue, Twist, queue::RECEIVES};

/// The fakes never wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a fake never waits")
}

fn clock() -> Arc<FakeClock> {
    Arc::new(FakeClock::new("2026-11-24T09:00:00Z".parse::<Timestamp>().expect("a time")))
}

// The same suite holds the real ledger to the same promises.
#[test]
fn the_ledger_keeps_the_contract() {
    let clock = clock();
    let ledger = FakeLedger::new(Arc::clone(&clock));
    let bench = crate::contract::Bench { ledger: &ledger, now: clock.true_now(), run: "a" };
    now(crate::contract::all(bench)).expect("the contract");
}

fn organization() -> OrganizationId {
    OrganizationId::from_token("a")
}

fn sku_key(id: &str) -> Key {
    Key::VariantSku(organization(), VariantId::from_token(id))
}

fn sku(text: &str) -> Record {
    Record::VariantSku(Sku::parse(text).expect("a sku"))
}

fn put(key: Key, record: Record, expect: Expect) -> Commit {
    let mut commit = Commit::default();
    commit.put(key, record, expect);
    commit
}

#[test]
fn a_commit_holds_all_or_nothing() {
    let ledger = FakeLedger::new(clock());
    let first = put(sku_key("1"), sku("A"), Expect::Absent);
    assert_eq!(now(ledger.commit(&first)), Ok(()));
    assert_eq!(now(ledger.commit(&first)), Err(CommitError::Conflict));
    let mut both = put(sku_key("2"), sku("B"), Expect::Absent);
    both.check(sku_key("1"), Expect::Version(7));
    assert_eq!(now(ledger.commit(&both)), Err(CommitError::Conflict));
    assert!(now(ledger.get(&[sku_key("2")])).expect("a read").is_empty());
    let mut both = put(sku_key("2"), sku("B"), Expect::Absent);
    both.put(sku_key("1"), sku("C"), Expect::Version(1));
    assert_eq!(now(ledger.commit(&both)), Ok(()));
    assert_eq!(now(ledger.get(&[sku_key("1")])).expect("a read")[&sku_key("1")].version, 2);
}

#[test]
fn a_commit_keeps_to_the_limits() {
    let ledger = FakeLedger::new(clock());
    let mut many = Commit::default();
    for number in 0..101 {
        many.put(sku_key(&number.to_string()), sku("A"), Expect::Anything);
    }
    assert!(matches!(now(ledger.commit(&many)), Err(CommitError::TooLarge(_))));
    many.writes.truncate(100);
    assert_eq!(now(ledger.commit(&many)), Ok(()));
    let mut twice = put(sku_key("1"), sku("A"), Expect::Anything);
    twice.delete(sku_key("1"), Expect::Anything);
    assert!(matches!(now(ledger.commit(&twice)), Err(CommitError::TooLarge(_))));
}

#[test]
fn a_list_can_lag_and_a_read_by_key_cannot() {
    let clock = clock();
    let ledger = FakeLedger::new(Arc::clone(&clock));
    let key = |id: &str| StockKey {
        location: weir_domain::ids::LocationId::from_token("l"),
        variant: VariantId::from_token(id),
    };
    let stock = |id: &str, on_hand| Record::Stock(StockItem { on_hand, ..StockItem::empty(key(id)) });
    let at = |id: &str| Key::Stock(organization(), key(id));
    ledger.seed(at("a"), stock("a", 1));
    clock.advance(SignedDuration::from_secs(10));
    now(ledger.commit(&put(at("a"), stock("a", 2), Expect::Version(1)))).expect("a commit");
    now(ledger.commit(&put(at("b"), stock("b", 3), Expect::Absent))).expect("a commit");
    let index = Index::Stock(organization());
    let seen = |ledger: &FakeLedger| -> Vec<Record> {
        let page = now(ledger.list(&index, None, 10)).expect("a list");
        page.records.into_iter().map(|(_, stored)| stored.record).collect()
    };
    assert_eq!(seen(&ledger), [stock("a", 2), stock("b", 3)]);
    ledger.twist(Twist { stale: Some(SignedDuration::from_secs(5)), ..Twist::default() });
    assert_eq!(seen(&ledger), [stock("a", 1)]);
    assert_eq!(now(ledger.get(&[at("a")])).expect("a read")[&at("a")].record, stock("a", 2));
}

#[test]
fn a_list_goes_page_by_page_to_its_end() {
    let ledger = FakeLedger::new(clock());
    for number in 0..7 {
        let name = format!("{number}");
        let key = StockKey {
            location: weir_domain::ids::LocationId::from_token("l"),
            variant: VariantId::from_token(&name),
        };
        ledger.seed(Key::Stock(organization(), key.clone()), Record::Stock(StockItem::empty(key)));
    }
    let (mut after, mut seen, mut pages) = (None, 0, 0);
    loop {
        let page = now(ledger.list(&Index::Stock(organization()), after.as_deref(), 3)).expect("a list");
        seen += page.records.len();
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, pages), (7, 3));
}

#[test]
fn what_has_expired_is_not_there() {
    let clock = clock();
    let ledger = FakeLedger::new(Arc::clone(&clock));
    let order = SalesOrderId::from_token("1");
    let snapshot = |hours: i64, minutes: i64| Snapshot {
        format: "x".to_owned(),
        updated_at: "2026-11-24T09:00:00Z".parse::<Timestamp>().expect("a time")
            + SignedDuration::from_mins(minutes),
        digest: String::new(),
        body: Vec::new(),
        expires_at: "2026-11-24T09:00:00Z".parse::<Timestamp>().expect("a time")
            + SignedDuration::from_hours(hours),
    };
    now(ledger.keep_snapshot(&organization(), &order, &snapshot(1, 5))).expect("kept");
    now(ledger.keep_snapshot(&organization(), &order, &snapshot(1, 4))).expect("kept");
    let kept = now(ledger.read_order(&organization(), &order)).expect("a read").snapshot.expect("a snapshot");
    assert_eq!(kept.updated_at, snapshot(1, 5).updated_at);
    clock.advance(SignedDuration::from_hours(1));
    assert_eq!(now(ledger.read_order(&organization(), &order)).expect("a read").snapshot, None);
}

#[test]
fn a_late_commit_happens_after_its_answer() {
    let clock = clock();
    let ledger = FakeLedger::new(Arc::clone(&clock));
    ledger.twist(Twist { late: Some(SignedDuration::from_secs(30)), ..Twist::default() });
    let commit = put(sku_key("1"), sku("A"), Expect::Absent);
    assert!(matches!(now(ledger.commit(&commit)), Err(CommitError::Unknown(_))));
    ledger.twist(Twist::default());
    assert!(now(ledger.get(&[sku_key("1")])).expect("a read").is_empty());
    clock.advance(SignedDuration::from_secs(30));
    assert_eq!(now(ledger.get(&[sku_key("1")])).expect("a read").len(), 1);
}

#[test]
fn the_stream_shows_insertions_of_outgoing_items_only() {
    let clock = clock();
    let ledger = FakeLedger::new(clock);
    let key = Key::Outbox(
        organization(),
        OutboxKey { shard: 0, at: Timestamp::UNIX_EPOCH, writer: "x".to_owned(), version: 1, ordinal: 0 },
    );
    let effect = Effect::RecheckWaiting { connection: None, code: None };
    now(ledger.commit(&put(key.clone(), Record::Outbox(effect.clone()), Expect::Absent))).expect("a commit");
    now(ledger.commit(&put(sku_key("1"), sku("A"), Expect::Absent))).expect("a commit");
    now(ledger.remove(std::slice::from_ref(&key))).expect("removed");
    now(ledger.remove(&[key])).expect("removed again");
    assert_eq!(ledger.stream_from(0, 10).len(), 1);
    assert!(ledger.stream_from(1, 10).is_empty());
}

#[test]
fn a_message_comes_back_until_it_is_dead_and_can_be_replayed() {
    let clock = clock();
    let queue = FakeQueue::new(Arc::clone(&clock));
    let name = QueueName::Import(ChannelName::parse("amazon").expect("a name"));
    let group = ConnectionId::from_token("c").to_string();
    let message = OutgoingMessage { id: "1".to_owned(), group, body: "{}".to_owned() };
    now(queue.send(&name, &[message])).expect("sent");
    let visibility = SignedDuration::from_secs(60);
    for _ in 0..RECEIVES {
        let received = queue.receive(&name, 10, visibility);
        assert_eq!(received.len(), 1);
        assert!(queue.receive(&name, 10, visibility).is_empty());
        queue.fail(&received[0], "no", SignedDuration::ZERO);
    }
    assert!(queue.receive(&name, 10, visibility).is_empty());
    let dead = now(queue.dead_letters()).expect("dead letters");
    assert_eq!((dead.len(), dead[0].reason.as_str(), dead[0].attempts), (1, "no", RECEIVES));
    now(queue.replay(&dead[0].id)).expect("replayed");
    let received = queue.receive(&name, 10, visibility);
    assert_eq!(received.len(), 1);
    clock.advance(visibility);
    let again = queue.receive(&name, 10, visibility);
    queue.delete(&received[0]);
    assert_eq!(queue.depth(&name), 1, "a receipt that was given out anew is void");
    queue.delete(&again[0]);
    assert_eq!(queue.depth(&name), 0);
}
