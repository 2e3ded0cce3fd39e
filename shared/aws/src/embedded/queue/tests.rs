//! The contract of a queue: what SQS promises, and no more.

use jiff::ToSpan;

use super::super::EmbeddedStore;
use super::super::tests::Folder;
use super::*;

const Q: &str = "order-import-amazon";
const HIDE: Duration = Duration::from_secs(30);

fn t(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + seconds.seconds()
}

async fn queues() -> LocalQueues {
    LocalQueues::open(EmbeddedStore::in_memory().unwrap().client()).await.unwrap()
}

async fn one(queues: &LocalQueues, now: Timestamp) -> Message {
    let mut got = queues.receive(Q, 1, HIDE, now).await.unwrap();
    assert_eq!(got.len(), 1);
    got.remove(0)
}

async fn bodies(queues: &LocalQueues, now: Timestamp) -> Vec<String> {
    queues.receive(Q, 10, HIDE, now).await.unwrap().into_iter().map(|m| m.body).collect()
}

#[tokio::test]
async fn a_message_is_held_by_one_and_comes_back_until_it_is_deleted() {
    let queues = queues().await;
    let id = queues.send(Q, "hello", Duration::ZERO, t(0)).await.unwrap();
    let first = one(&queues, t(1)).await;
    assert_eq!((&first.id, first.body.as_str(), first.receive_count), (&id, "hello", 1));
    assert_eq!(first.first_sent_at, t(0));
    assert!(bodies(&queues, t(30)).await.is_empty());
    assert!(queues.receive("another", 10, HIDE, t(30)).await.unwrap().is_empty());

    let second = one(&queues, t(31)).await;
    assert_eq!((&second.id, second.receive_count), (&id, 2));
    assert!(!queues.delete(&first.receipt).await.unwrap(), "a stale receipt deletes nothing");
    let again = Receipt::parse(&second.receipt.to_string()).unwrap();
    assert!(queues.delete(&again).await.unwrap());
    assert!(!queues.delete(&again).await.unwrap());
    assert!(bodies(&queues, t(1000)).await.is_empty());
}

#[tokio::test]
async fn a_late_delete_counts_if_nobody_else_has_the_message() {
    let queues = queues().await;
    queues.send(Q, "a", Duration::ZERO, t(0)).await.unwrap();
    let message = one(&queues, t(0)).await;
    assert!(!queues.change_visibility(&message.receipt, HIDE, t(31)).await.unwrap());
    assert!(queues.delete(&message.receipt).await.unwrap());
}

#[tokio::test]
async fn a_delay_hides_a_new_message() {
    let queues = queues().await;
    queues.send(Q, "later", Duration::from_secs(60), t(0)).await.unwrap();
    queues.send(Q, "now", Duration::ZERO, t(0)).await.unwrap();
    let counts = queues.counts(Q, t(0)).await.unwrap();
    assert_eq!(counts, QueueCounts { visible: 1, waiting: 1, dead: 0 });
    assert_eq!(bodies(&queues, t(59)).await, ["now"]);
    assert_eq!(bodies(&queues, t(60)).await, ["later"]);
}

#[tokio::test]
async fn visibility_can_be_given_back_and_prolonged() {
    let queues = queues().await;
    queues.send(Q, "a", Duration::ZERO, t(0)).await.unwrap();
    let message = one(&queues, t(0)).await;
    assert!(queues.change_visibility(&message.receipt, Duration::from_secs(100), t(10)).await.unwrap());
    assert!(bodies(&queues, t(109)).await.is_empty());
    assert!(queues.change_visibility(&message.receipt, Duration::ZERO, t(109)).await.unwrap());
    assert_eq!(one(&queues, t(109)).await.receive_count, 2);
}

#[tokio::test]
async fn many_messages_come_in_batches_the_longest_due_first() {
    let queues = queues().await;
    let all: Vec<String> = (0..60).map(|i| format!("m{i}")).collect();
    for (i, chunk) in all.chunks(30).enumerate() {
        let chunk: Vec<&str> = chunk.iter().map(String::as_str).collect();
        let ids = queues.send_all(Q, &chunk, t(i64::try_from(i).unwrap())).await.unwrap();
        assert_eq!(ids.len(), 30);
    }
    let mut got = Vec::new();
    loop {
        let next = bodies(&queues, t(10)).await;
        if next.is_empty() {
            break;
        }
        assert!(next.len() <= MAX_BATCH);
        got.extend(next);
    }
    let early: Vec<&String> = got[..30].iter().filter(|b| all[..30].contains(b)).collect();
    assert_eq!(early.len(), 30);
    got.sort_unstable();
    let mut all = all;
    all.sort_unstable();
    assert_eq!(got, all);
}

#[tokio::test]
async fn two_consumers_never_hold_one_message() {
    let queues = queues().await;
    for i in 0..40 {
        queues.send(Q, &i.to_string(), Duration::ZERO, t(0)).await.unwrap();
    }
    let mut consumers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let queues = queues.clone();
        consumers.spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..40 {
                mine.extend(queues.receive(Q, 3, HIDE, t(1)).await.unwrap());
            }
            mine
        });
    }
    let mut ids: Vec<String> = consumers.join_all().await.into_iter().flatten().map(|m| m.id).collect();
    assert_eq!(ids.len(), 40);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

#[tokio::test]
async fn after_five_receives_a_message_is_a_dead_letter_with_its_reason() {
    let queues = queues().await;
    let id = queues.send(Q, "poison", Duration::ZERO, t(0)).await.unwrap();
    for round in 1..=5 {
        let message = one(&queues, t(round * 100)).await;
        assert_eq!(i64::from(message.receive_count), round);
        let wait = Some(Duration::from_secs(1));
        assert!(
            queues.fail(&message.receipt, &format!("error {round}"), wait, t(round * 100)).await.unwrap()
        );
        assert!(bodies(&queues, t(round * 100)).await.is_empty(), "it waits before it comes back");
    }
    // Dead at once, without a sixth receive.
    let page = queues.list_dead(Q, None).await.unwrap();
    assert_eq!(page.next, None);
    let [letter] = page.letters.as_slice() else { panic!("{page:?}") };
    assert_eq!((&letter.id, letter.body.as_str(), letter.reason.as_str()), (&id, "poison", "error 5"));
    assert_eq!((letter.receive_count, letter.first_sent_at, letter.died_at), (5, t(0), t(500)));
    assert_eq!(letter.queue, Q);
    assert!(bodies(&queues, t(9000)).await.is_empty());
    assert!(queues.list_dead("another", None).await.unwrap().letters.is_empty());
}

#[tokio::test]
async fn a_worker_that_never_answers_fills_the_dead_letters_too() {
    let queues = queues().await;
    queues.send(Q, "silent", Duration::ZERO, t(0)).await.unwrap();
    queues.send(Q, "spoke once", Duration::ZERO, t(0)).await.unwrap();
    for round in 0..5 {
        for message in queues.receive(Q, 10, HIDE, t(round * 100)).await.unwrap() {
            if round == 0 && message.body == "spoke once" {
                assert!(queues.fail(&message.receipt, "timeout", None, t(0)).await.unwrap());
            }
        }
        assert!(bodies(&queues, t(round * 100 + 29)).await.is_empty());
    }
    assert!(bodies(&queues, t(600)).await.is_empty());
    let mut letters = queues.list_dead(Q, None).await.unwrap().letters;
    letters.sort_by(|a, b| a.body.cmp(&b.body));
    let said: Vec<_> = letters.iter().map(|l| (l.body.as_str(), l.reason.as_str())).collect();
    assert_eq!(said, [("silent", NO_ANSWER), ("spoke once", "timeout")]);
}

async fn kill(queues: &LocalQueues, body: &str, from: i64) -> String {
    let id = queues.send(Q, body, Duration::ZERO, t(from)).await.unwrap();
    for _ in 0..5 {
        let message = one(queues, t(from)).await;
        assert!(queues.fail(&message.receipt, "no", Some(Duration::ZERO), t(from)).await.unwrap());
    }
    id
}

#[tokio::test]
async fn a_dead_letter_is_replayed_once_and_counted_anew() {
    let queues = queues().await;
    let id = kill(&queues, "a", 0).await;
    assert!(queues.replay_dead(&id, t(50)).await.unwrap());
    assert!(!queues.replay_dead(&id, t(50)).await.unwrap());
    assert!(!queues.discard_dead(&id, "no", t(50)).await.unwrap());
    assert!(queues.list_dead(Q, None).await.unwrap().letters.is_empty());
    let message = one(&queues, t(50)).await;
    assert_eq!((message.id, message.receive_count, message.first_sent_at), (id, 1, t(0)));
    assert!(!queues.replay_dead("nothing", t(50)).await.unwrap());
}

#[tokio::test]
async fn a_discarded_letter_is_off_the_list_and_swept_in_the_end() {
    let store = EmbeddedStore::in_memory().unwrap();
    let queues = LocalQueues::open(store.client()).await.unwrap();
    let id = kill(&queues, "a", -90 * DAY_SECONDS * 10).await;
    assert!(queues.discard_dead(&id, "seen with the merchant", t(-90 * DAY_SECONDS * 10)).await.unwrap());
    assert!(!queues.discard_dead(&id, "again", t(0)).await.unwrap());
    assert!(!queues.replay_dead(&id, t(0)).await.unwrap());
    assert!(queues.list_dead(Q, None).await.unwrap().letters.is_empty());
    assert_eq!(queues.counts(Q, t(0)).await.unwrap(), QueueCounts::default());
    let item = queues.get(&id).await.unwrap().unwrap();
    assert_eq!(text(&item, "note").unwrap(), "seen with the merchant");
    assert_eq!(store.sweep_ttl().await.unwrap(), 1);
}

#[tokio::test]
async fn dead_letters_come_in_pages_newest_first() {
    let queues = queues().await;
    for i in 0..30 {
        kill(&queues, &i.to_string(), i).await;
    }
    let first = queues.list_dead(Q, None).await.unwrap();
    let second = queues.list_dead(Q, first.next.as_deref()).await.unwrap();
    assert_eq!((first.letters.len(), second.letters.len(), second.next), (25, 5, None));
    let bodies: Vec<String> = first.letters.into_iter().chain(second.letters).map(|l| l.body).collect();
    assert_eq!(bodies, (0..30).rev().map(|i| i.to_string()).collect::<Vec<_>>());
    for cursor in ["", "!", "YQ", "MS5h"] {
        let refused = queues.list_dead(Q, Some(cursor)).await;
        assert!(matches!(refused, Err(QueueError::Unreadable { what: "cursor", .. })), "{cursor}");
    }
}

#[tokio::test]
async fn what_was_sent_and_taken_survives_a_restart() {
    let folder = Folder::new("queue");
    let receipt = {
        let store = EmbeddedStore::open(folder.path()).unwrap();
        let queues = LocalQueues::open(store.client()).await.unwrap();
        queues.send(Q, "taken", Duration::ZERO, t(0)).await.unwrap();
        queues.send(Q, "waiting", Duration::ZERO, t(1)).await.unwrap();
        one(&queues, t(2)).await.receipt.to_string()
    };
    let store = EmbeddedStore::open(folder.path()).unwrap();
    let queues = LocalQueues::open(store.client()).await.unwrap();
    assert_eq!(bodies(&queues, t(3)).await, ["waiting"]);
    assert!(queues.delete(&Receipt::parse(&receipt).unwrap()).await.unwrap());
}

#[tokio::test]
async fn what_a_process_that_is_gone_had_in_hand_comes_back_at_once() {
    let queues = queues().await;
    queues.send(Q, "held", Duration::ZERO, t(0)).await.unwrap();
    one(&queues, t(1)).await;
    queues.send(Q, "later", Duration::from_secs(60), t(1)).await.unwrap();
    assert_eq!(queues.release(Q, t(2)).await.unwrap(), 1);
    let held = one(&queues, t(2)).await;
    assert_eq!((held.body.as_str(), held.receive_count), ("held", 2));
    assert!(bodies(&queues, t(3)).await.is_empty());
}

#[tokio::test]
async fn what_is_no_message_or_receipt_is_refused() {
    let queues = queues().await;
    let big = "x".repeat(MAX_BODY_BYTES + 1);
    let refused = queues.send(Q, &big, Duration::ZERO, t(0)).await;
    assert!(matches!(refused, Err(QueueError::BodyTooLarge { .. })));
    queues.send(Q, &big[1..], Duration::ZERO, t(0)).await.unwrap();
    for text in ["", "a.b", "0123"] {
        assert!(Receipt::parse(text).is_err());
    }
}
