//! The store has trouble: calls are refused, answers are lost on the way. It costs tries and time, and
//! never an order or a unit of stock.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use jiff::SignedDuration;
use weir_app::{dead_letters, gate::Site};
use weir_aws::embedded::{Call, CallHook, Verdict};
use weir_sandbox::amazon::marketplaces::US;
use weir_tests::{
    At, House, Shop, When,
    house::Plan,
    shop::{MUG, TEA, line},
};

/// A store that does what a test wants of it.
#[derive(Default)]
struct Ailing {
    /// Of how many transactions one loses its answer; none if 0.
    loses_one_of: AtomicU64,
    /// Of how many transactions one is refused for its rate; none if 0.
    throttles_one_of: AtomicU64,
    /// Whether every call is refused.
    refuses: AtomicU32,
    transactions: AtomicU64,
}

impl Ailing {
    fn hits(&self, one_of: &AtomicU64) -> bool {
        let one_of = one_of.load(Ordering::Relaxed);
        one_of > 0 && self.transactions.load(Ordering::Relaxed).is_multiple_of(one_of)
    }
}

impl CallHook for Ailing {
    fn before(&self, call: &Call<'_>) -> Verdict {
        if self.refuses.load(Ordering::Relaxed) > 0 {
            let body = "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"message\":\"no\"}"
                .to_owned();
            return Verdict::Answer { status: 400, body };
        }
        if call.operation == "TransactWriteItems" {
            self.transactions.fetch_add(1, Ordering::Relaxed);
            if self.hits(&self.throttles_one_of) {
                return Verdict::throttled();
            }
        }
        Verdict::Proceed
    }

    fn after(&self, call: &Call<'_>, _status: u16, _answer: &str) -> Verdict {
        if call.operation == "TransactWriteItems" && self.hits(&self.loses_one_of) {
            return Verdict::Break;
        }
        Verdict::Proceed
    }
}

async fn house() -> (House, Shop, Arc<Ailing>) {
    let store = Arc::new(Ailing::default());
    let hook = Arc::<Ailing>::clone(&store);
    let house = House::build(Plan { hook: Some(hook), ..Plan::default() }).await;
    let shop = house.shop("acme", &US).await;
    (house, shop, store)
}

// SPEC: G-02, G-05
#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_done_twice() {
    for one_of in [2, 3, 5] {
        let (house, shop, store) = house().await;
        store.loses_one_of.store(one_of, Ordering::Relaxed);
        let ids: Vec<String> = (0..12).map(|_| house.sell(&shop, vec![line(MUG, 2), line(TEA, 1)])).collect();
        house.minutes(3).await;
        for id in &ids {
            assert!(
                house.is_in(&shop, id).await,
                "one of {one_of}: {id}: {}",
                house.outcome(&shop, id).await
            );
            assert_eq!(house.timeline(&shop, id).await, ["imported by poll"]);
        }
        assert_eq!((house.on_hand(&shop, MUG).await, house.on_hand(&shop, TEA).await), (76, 33));
        assert!(house.errors().is_empty(), "{:?}", house.errors());
        assert_eq!(house.amazon().worst_excess(), 0);
        house.check_books(&shop.organization).await;
    }
}

// SPEC: G-02, G-05
#[tokio::test]
async fn a_commit_that_was_refused_for_its_rate_is_tried_again() {
    let (house, shop, store) = house().await;
    store.throttles_one_of.store(3, Ordering::Relaxed);
    let ids: Vec<String> = (0..12).map(|_| house.sell(&shop, vec![line(MUG, 1)])).collect();
    house.minutes(3).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 88);
    house.check_books(&shop.organization).await;
}

// SPEC: G-04, G-02
#[tokio::test]
async fn what_fails_too_often_is_a_dead_letter_and_comes_in_when_it_is_sent_again() {
    let (house, shop, store) = house().await;
    let ids: Vec<String> = (0..3).map(|_| house.sell(&shop, vec![line(MUG, 1)])).collect();
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    store.refuses.store(1, Ordering::Relaxed);
    for _ in 0..6 {
        house.consume().await;
        house.clock.advance(SignedDuration::from_secs(30));
    }
    store.refuses.store(0, Ordering::Relaxed);
    let letters = dead_letters::list(&house.hub, &shop.organization, false).await.unwrap();
    assert_eq!(letters.len(), 3);
    assert!(
        letters.iter().all(|view| view.letter.attempts == 5 && view.letter.reason.contains("trouble")),
        "{letters:?}"
    );
    let stranger = house.organization("stranger").await;
    assert!(dead_letters::list(&house.hub, &stranger, false).await.unwrap().is_empty(), "they are another's");
    dead_letters::replay(&house.hub, &stranger, false, &letters[0].letter.id).await.unwrap_err();

    // One comes in by another way in the meantime; a month later all are sent again.
    house.ask_for(&shop, &ids[0]).await;
    assert!(house.is_in(&shop, &ids[0]).await);
    house.clock.advance(SignedDuration::from_hours(24 * 31));
    for view in &letters {
        dead_letters::replay(&house.hub, &shop.organization, false, &view.letter.id).await.unwrap();
    }
    house.settle().await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert!(dead_letters::list(&house.hub, &shop.organization, false).await.unwrap().is_empty());
    assert_eq!(house.on_hand(&shop, MUG).await, 97);
    house.check_books(&shop.organization).await;
}

// SPEC: OP-03, G-05
#[tokio::test]
async fn what_the_stream_has_lost_the_sweeper_dispatches() {
    for when in [When::Before, When::After] {
        let (house, shop) = House::with_shop().await;
        let id = house.sell(&shop, vec![line(MUG, 1)]);
        house.clock.advance(SignedDuration::from_mins(3));
        house.tick().await;
        house.consume().await;
        assert_eq!(house.crash(At(Site::DispatchAnnounce, 0, when), house.dispatch()).await, None);
        house.lose_place().await;
        house.minutes(3).await;
        assert!(
            house.announced().contains(&format!("OrderImported {id}")),
            "{when:?}: {:?}",
            house.announced()
        );
        house.check_books(&shop.organization).await;
    }
}
