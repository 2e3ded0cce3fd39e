//! A store that throttles, breaks connections and loses answers: what the ledger makes of it.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{
    embedded::{Call, CallHook, Verdict},
    testing::hooked,
};

/// Breaks the calls of an operation as a list says, first to last; after that all goes well.
struct Script {
    operation: &'static str,
    faults: Mutex<Vec<Fault>>,
    attempts: AtomicUsize,
    /// What others do between a lost answer and the next attempt.
    meanwhile: Option<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Clone, Debug)]
enum Fault {
    None,
    /// The request does not arrive.
    LostRequest,
    /// It is done, and its answer does not arrive.
    LostAnswer,
    /// Another answer.
    Answer(u16, String),
    /// It is done, and answered with this.
    AnswerAfter(u16, String),
}

impl Script {
    fn new(operation: &'static str, faults: impl IntoIterator<Item = Fault>) -> Arc<Self> {
        let mut faults: Vec<Fault> = faults.into_iter().collect();
        faults.reverse();
        Arc::new(Self {
            operation,
            faults: Mutex::new(faults),
            attempts: AtomicUsize::new(0),
            meanwhile: None,
        })
    }

    fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }
}

impl CallHook for Script {
    fn before(&self, call: &Call<'_>) -> Verdict {
        if call.operation != self.operation {
            return Verdict::Proceed;
        }
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let mut faults = self.faults.lock().unwrap();
        match faults.last().cloned() {
            Some(Fault::LostRequest) => {
                faults.pop();
                Verdict::Break
            }
            Some(Fault::Answer(status, body)) => {
                faults.pop();
                Verdict::Answer { status, body }
            }
            Some(Fault::None | Fault::LostAnswer | Fault::AnswerAfter(..)) | None => Verdict::Proceed,
        }
    }

    fn after(&self, call: &Call<'_>, _status: u16, _answer: &str) -> Verdict {
        if call.operation != self.operation {
            return Verdict::Proceed;
        }
        match self.faults.lock().unwrap().pop() {
            Some(Fault::LostAnswer) => {
                if let Some(meanwhile) = &self.meanwhile {
                    meanwhile();
                }
                Verdict::Break
            }
            Some(Fault::AnswerAfter(status, body)) => Verdict::Answer { status, body },
            Some(Fault::None | Fault::LostRequest | Fault::Answer(..)) | None => Verdict::Proceed,
        }
    }
}

fn error(name: &str) -> String {
    format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{name}","message":"said so"}}"#)
}

fn cancelled(codes: &[&str]) -> Fault {
    let reasons: Vec<String> = codes.iter().map(|code| format!(r#"{{"Code":"{code}"}}"#)).collect();
    Fault::Answer(
        400,
        format!(
            r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled","CancellationReasons":[{}]}}"#,
            reasons.join(",")
        ),
    )
}

/// A commit of an order and its outgoing item, as two writes.
fn commit(expect: Expect) -> (Commit, Key) {
    let mut commit = Commit::default();
    let of = |name: &str| samples().into_iter().find(|sample| sample.name == name).unwrap();
    let order = of("order");
    commit.put(order.key.clone(), order.record, expect);
    let outbox = of("outbox_imported");
    commit.put(outbox.key, outbox.record, Expect::Anything);
    (commit, order.key)
}

/// Commits against a store with these faults; gives the verdict, the attempts and the order's version.
async fn commit_with(
    faults: impl IntoIterator<Item = Fault>,
) -> (Result<(), CommitError>, usize, Option<u64>) {
    let clock = SetClock::at(NOW);
    let (store, calm) = ledger(Arc::clone(&clock)).await;
    let script = Script::new("TransactWriteItems", faults);
    let broken = hooked(&store, clock, Arc::clone(&script) as Arc<dyn CallHook>);
    let (commit, key) = commit(Expect::Absent);
    let done = broken.commit(&commit).await;
    let found = calm.get(std::slice::from_ref(&key)).await.unwrap();
    (done, script.attempts(), found.get(&key).map(|stored| stored.version))
}

/// RELIABILITY row 20.
#[tokio::test]
async fn a_lost_answer_is_a_commit_done_once() {
    assert_eq!(commit_with([Fault::LostAnswer]).await, (Ok(()), 2, Some(1)));
    assert_eq!(commit_with([Fault::LostAnswer, Fault::LostAnswer]).await, (Ok(()), 3, Some(1)));
    assert_eq!(commit_with([Fault::LostRequest, Fault::LostAnswer]).await, (Ok(()), 3, Some(1)));
    let five_hundred = Fault::AnswerAfter(500, error("InternalServerError"));
    assert_eq!(commit_with([five_hundred]).await, (Ok(()), 2, Some(1)));
}

/// RELIABILITY row 20, where the store does not know the token any more: it refuses our own write, and
/// the stored item says whose it is.
#[tokio::test]
async fn an_own_write_that_is_refused_as_a_conflict_is_known_again() {
    let conflict = || cancelled(&["ConditionalCheckFailed", "None"]);
    assert_eq!(commit_with([Fault::LostAnswer, conflict()]).await, (Ok(()), 2, Some(1)));
    assert_eq!(commit_with([Fault::LostAnswer, cancelled(&["TransactionConflict"])]).await.0, Ok(()));
}

#[tokio::test]
async fn an_own_write_is_known_again_by_any_of_its_items() {
    let clock = SetClock::at(NOW);
    let (store, calm) = ledger(Arc::clone(&clock)).await;
    // The dispatcher removes the outgoing item before the second attempt.
    let (commit, order) = commit(Expect::Absent);
    let outbox = commit.writes[1].key().clone();
    let remover = calm.clone();
    let removed = outbox.clone();
    let meanwhile = move || {
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(remover.remove(std::slice::from_ref(&removed))).unwrap();
        };
        std::thread::scope(|scope| scope.spawn(work).join().unwrap());
    };
    let faults = vec![cancelled(&["ConditionalCheckFailed"]), Fault::LostAnswer];
    let script = Script {
        operation: "TransactWriteItems",
        faults: Mutex::new(faults),
        attempts: AtomicUsize::new(0),
        meanwhile: Some(Box::new(meanwhile)),
    };
    let broken = hooked(&store, clock, Arc::new(script));
    assert_eq!(broken.commit(&commit).await, Ok(()));
    let found = calm.get(&[order.clone(), outbox]).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&order]);
}

#[tokio::test]
async fn a_conflict_with_others_stays_one_even_after_a_lost_request() {
    let clock = SetClock::at(NOW);
    let (store, calm) = ledger(Arc::clone(&clock)).await;
    let (first, key) = commit(Expect::Absent);
    calm.commit(&first).await.unwrap();
    // Without a lost answer it is plain.
    assert_eq!(calm.commit(&commit(Expect::Version(7)).0).await, Err(CommitError::Conflict));
    // The expected version is still there: nothing of ours was done.
    let script =
        Script::new("TransactWriteItems", [Fault::LostRequest, cancelled(&["TransactionConflict", "None"])]);
    let broken = hooked(&store, Arc::clone(&clock), script);
    assert_eq!(broken.commit(&commit(Expect::Version(1)).0).await, Err(CommitError::Conflict));
    // Another version is there, and it is not ours: it may have come after ours.
    let script = Script::new("TransactWriteItems", [Fault::LostRequest]);
    let broken = hooked(&store, clock, script);
    let done = broken.commit(&commit(Expect::Version(9)).0).await;
    assert!(matches!(done, Err(CommitError::Unknown(_))), "{done:?}");
    assert_eq!(calm.get(std::slice::from_ref(&key)).await.unwrap()[&key].version, 1);
}

/// RELIABILITY row 21: errors of the whole call.
#[tokio::test]
async fn each_error_is_what_it_says() {
    let always = |fault: Fault| std::iter::repeat_n(fault, 20);
    for name in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let (done, attempts, version) = commit_with(always(Fault::Answer(400, error(name)))).await;
        assert!(matches!(done, Err(CommitError::Trouble(_))), "{name}: {done:?}");
        assert_eq!((attempts, version), (4, None), "{name}");
    }
    let (done, attempts, _) = commit_with(always(cancelled(&["None", "ThrottlingError"]))).await;
    assert!(matches!(done, Err(CommitError::Trouble(_))), "{done:?}");
    assert_eq!(attempts, 4);
    // Throttled for a moment only.
    let once =
        [cancelled(&["ProvisionedThroughputExceeded"]), Fault::Answer(400, error("ThrottlingException"))];
    assert_eq!(commit_with(once).await, (Ok(()), 3, Some(1)));
    for code in ["ConditionalCheckFailed", "TransactionConflict"] {
        assert_eq!(commit_with([cancelled(&[code])]).await, (Err(CommitError::Conflict), 1, None));
    }
    for name in ["ValidationException"] {
        let (done, attempts, _) = commit_with([Fault::Answer(400, error(name))]).await;
        assert!(matches!(done, Err(CommitError::TooLarge(_))), "{name}: {done:?}");
        assert_eq!(attempts, 1);
    }
    for name in ["ResourceNotFoundException", "AccessDeniedException", "IdempotentParameterMismatchException"]
    {
        let (done, attempts, _) = commit_with([Fault::Answer(400, error(name))]).await;
        assert!(matches!(done, Err(CommitError::Trouble(_))), "{name}: {done:?}");
        assert_eq!(attempts, 1);
    }
    for fault in [
        Fault::LostRequest,
        Fault::Answer(500, error("InternalServerError")),
        Fault::Answer(503, "not even JSON".to_owned()),
        Fault::Answer(400, error("TransactionInProgressException")),
    ] {
        let (done, attempts, version) = commit_with(always(fault.clone())).await;
        assert!(matches!(done, Err(CommitError::Unknown(_))), "{fault:?}: {done:?}");
        assert_eq!((attempts, version), (4, None));
    }
    // Lost first and then refused for its rate to the end: it may have happened all the same.
    let lost =
        std::iter::once(Fault::LostRequest).chain(always(Fault::Answer(400, error("ThrottlingException"))));
    let (done, _, version) = commit_with(lost).await;
    assert!(matches!(done, Err(CommitError::Unknown(_))), "{done:?}");
    assert_eq!(version, None);
    // Done, and never answered: what is stored says so.
    let lost = std::iter::once(Fault::LostAnswer).chain(always(Fault::LostRequest));
    assert_eq!(commit_with(lost).await, (Ok(()), 4, Some(1)));
}

#[tokio::test]
async fn an_unclear_commit_whose_items_cannot_be_read_is_unknown() {
    struct Down;
    impl CallHook for Down {
        fn before(&self, _call: &Call<'_>) -> Verdict {
            Verdict::Break
        }
    }
    let clock = SetClock::at(NOW);
    let (store, _calm) = ledger(Arc::clone(&clock)).await;
    let down = hooked(&store, clock, Arc::new(Down));
    assert!(matches!(down.commit(&commit(Expect::Absent).0).await, Err(CommitError::Unknown(_))));
    let (_, key) = commit(Expect::Absent);
    assert!(matches!(down.get(&[key]).await, Err(LedgerError::Trouble(_))));
}

/// RELIABILITY row 26: keys that were not looked at are asked for again, and not for ever.
#[tokio::test]
async fn unprocessed_keys_are_asked_for_again() {
    let clock = SetClock::at(NOW);
    let (store, calm) = ledger(Arc::clone(&clock)).await;
    let (first, key) = commit(Expect::Absent);
    calm.commit(&first).await.unwrap();
    let place = TableKey::of(&key);
    let nothing_yet = Fault::Answer(
        200,
        format!(
            r#"{{"Responses":{{}},"UnprocessedKeys":{{"{TABLE}":{{"ConsistentRead":true,"Keys":[{{"pk":{{"S":"{}"}},"sk":{{"S":"{}"}}}}]}}}}}}"#,
            place.pk, place.sk
        ),
    );
    let script = Script::new("BatchGetItem", [nothing_yet.clone(), nothing_yet.clone()]);
    let broken = hooked(&store, Arc::clone(&clock), Arc::clone(&script) as Arc<dyn CallHook>);
    assert_eq!(broken.get(std::slice::from_ref(&key)).await.unwrap().len(), 1);
    assert_eq!(script.attempts(), 3);
    let script = Script::new("BatchGetItem", std::iter::repeat_n(nothing_yet, 100));
    let broken = hooked(&store, clock, script);
    assert!(matches!(broken.get(&[key]).await, Err(LedgerError::Trouble(_))));
}

/// RELIABILITY row 20, for the one conditional write outside of a transaction.
#[tokio::test]
async fn a_snapshot_whose_answer_is_lost_is_kept() {
    let clock = SetClock::at(NOW);
    let (store, calm) = ledger(Arc::clone(&clock)).await;
    let script = Script::new("PutItem", [Fault::LostAnswer, Fault::None, Fault::LostAnswer]);
    let broken = hooked(&store, clock, script);
    let org = OrganizationId::parse("org_1").unwrap();
    let order = SalesOrderId::parse("so_1").unwrap();
    let newer = crate::testing::snapshot(b"newer".to_vec(), "2026-07-14T18:22:31Z");
    let older = crate::testing::snapshot(b"older".to_vec(), "2026-07-14T18:22:30.9Z");
    broken.keep_snapshot(&org, &order, &newer).await.unwrap();
    broken.keep_snapshot(&org, &order, &older).await.unwrap();
    assert_eq!(calm.read_order(&org, &order).await.unwrap().snapshot, Some(newer));
}

/// RELIABILITY row 27: the clock decides, not DynamoDB's sweep.
#[tokio::test]
async fn what_expires_while_it_is_stored_is_gone() {
    let clock = SetClock::at(NOW);
    let (_store, ledger) = ledger(Arc::clone(&clock)).await;
    let person = samples().into_iter().find(|sample| sample.name == "person").unwrap();
    let mut commit = Commit::default();
    commit.put(person.key.clone(), person.record.clone(), Expect::Absent);
    ledger.commit(&commit).await.unwrap();
    assert_eq!(ledger.get(std::slice::from_ref(&person.key)).await.unwrap().len(), 1);
    clock.set(time("2026-08-17T06:59:59Z"));
    assert_eq!(ledger.get(std::slice::from_ref(&person.key)).await.unwrap().len(), 0);
    ledger.commit(&commit).await.unwrap();
}
