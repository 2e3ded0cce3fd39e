//! The same thing again: any number of times, in any order, at the same time. It leaves what once
//! would have left.

use futures_util::future::join_all;
use jiff::SignedDuration;
use weir_app::{
    import_order,
    message::{Message, SignalCause},
    orders, poll,
};
use weir_sandbox::amazon::{OrderSpec, Quirk, Status, marketplaces::US};
use weir_tests::{
    House,
    books::IMPORTED,
    shop::{CAMERA, MUG, TEA, line},
};

use crate::written;

/// Messages in as many hands at the same time; one that fails returns to its queue.
async fn at_once(house: &House, messages: &[Message]) {
    let ended = join_all(messages.iter().map(|message| import_order::handle(&house.hub, message))).await;
    for (message, ended) in messages.iter().zip(ended) {
        if ended.is_err() {
            house.send(&message.to_json());
        }
    }
}

// SPEC: G-02
#[tokio::test]
async fn the_same_signal_ten_times_is_the_signal_once() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 3), line(TEA, 6), line(CAMERA, 1)]);
    let message = Message::Look(house.signal(&shop, &id, SignalCause::Manual));
    import_order::handle(&house.hub, &message).await.unwrap();
    let once =
        (house.order(&shop, &id).await, house.moved(&shop, &id).await, house.account(&shop, &id).await);
    for _ in 0..9 {
        import_order::handle(&house.hub, &message).await.unwrap();
    }
    house.settle().await;
    let often =
        (house.order(&shop, &id).await, house.moved(&shop, &id).await, house.account(&shop, &id).await);
    assert_eq!(once, often);
    assert_eq!(house.announced(), [format!("OrderImported {id}")]);
    assert_eq!(house.timeline(&shop, &id).await.len(), 1);
    house.check_books(&shop.organization).await;
}

// SPEC: G-02, G-05
#[tokio::test]
async fn the_same_signal_ten_times_at_the_same_time_is_the_signal_once() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 3), line(TEA, 6), line(CAMERA, 1)]);
    let messages: Vec<Message> =
        (0..10).map(|_| Message::Look(house.signal(&shop, &id, SignalCause::Notification))).collect();
    at_once(&house, &messages).await;
    house.settle().await;
    assert_eq!(house.outcome(&shop, &id).await, IMPORTED);
    assert_eq!(house.announced(), [format!("OrderImported {id}")]);
    assert_eq!(house.timeline(&shop, &id).await, ["imported by notification"]);
    assert_eq!(house.moved(&shop, &id).await, ["-1 CAMERA", "-1 TEA L2", "-3 MUG", "-5 TEA L1"]);
    house.check_books(&shop.organization).await;
}

// SPEC: G-02, G-10
#[tokio::test]
async fn many_orders_of_one_stock_item_at_the_same_time_all_come_in() {
    let (house, shop) = House::with_shop().await;
    let ids: Vec<String> = (0..12).map(|_| house.sell(&shop, vec![line(MUG, 2), line(TEA, 3)])).collect();
    let messages: Vec<Message> =
        ids.iter().map(|id| Message::Look(house.signal(&shop, id, SignalCause::Notification))).collect();
    at_once(&house, &messages).await;
    // Those that met others too often were parked for a minute or more; none is forgotten.
    house.settle().await;
    for id in &ids {
        let outcome = house.outcome(&shop, id).await;
        assert!(outcome == IMPORTED || outcome == "waiting contended", "{id}: {outcome}");
    }
    house.minutes(6).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!((house.on_hand(&shop, MUG).await, house.on_hand(&shop, TEA).await), (76, 9));
    assert_eq!(house.batches(&shop, TEA).await, ["L2 9"]);
    house.check_books(&shop.organization).await;
}

// SPEC: G-02, KF-01
#[tokio::test]
async fn two_ticks_at_the_same_time_bring_each_order_in_once() {
    let (house, shop) = House::with_shop().await;
    let ids: Vec<String> = (0..20).map(|_| house.sell(&shop, vec![line(MUG, 1)])).collect();
    house.clock.advance(SignedDuration::from_mins(3));
    let (one, other) = tokio::join!(poll::tick(&house.hub), poll::tick(&house.hub));
    assert!(one.is_ok() && other.is_ok());
    let consumers = [house.consume(), house.consume(), house.consume()];
    join_all(consumers).await;
    house.settle().await;
    house.minutes(6).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 80);
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}

// SPEC: G-02
#[tokio::test]
async fn a_shuffled_queue_that_hands_out_twice_leaves_the_same() {
    let (house, shop) = House::with_shop().await;
    house.queue.shuffle(11, 300);
    let mut ids = Vec::new();
    for number in 0..30 {
        let id = house.place(&shop, OrderSpec::new(&US, vec![line(MUG, 2), line(TEA, 1)]));
        if number % 3 == 0 {
            house.amazon().ship_partially(&id, 0, 1, house.amazons_now());
            house.minute().await;
        }
        house.ship(&shop, &id);
        ids.push(id);
    }
    house.minutes(4).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 40);
    assert_eq!(house.on_hand(&shop, TEA).await, 15);
    house.check_books(&shop.organization).await;
}

// SPEC: G-02
#[tokio::test]
async fn an_older_state_never_overwrites_a_newer_one() {
    let (house, shop) = House::with_shop().await;
    let id = house.place(&shop, OrderSpec::new(&US, vec![line(MUG, 2)]));
    house.ship(&shop, &id);
    let older_at = house.now() - SignedDuration::from_secs(90);
    let older = written::order(&id, older_at, &US, "PARTIALLY_SHIPPED", &[(MUG, 2, 1)]);
    house.ask_for(&shop, &id).await;
    let before = (house.order(&shop, &id).await, house.account(&shop, &id).await);
    assert_eq!(house.outcome(&shop, &id).await, IMPORTED);

    // An answer of a while ago arrives now, by looking and by searching.
    house.clock.advance(SignedDuration::from_mins(3));
    house.crossing.answer_once(&format!("/orders/{id}?"), written::one(&older));
    house.ask_for(&shop, &id).await;
    house
        .crossing
        .answer_once("/orders/2026-01-01/orders?", written::page(std::slice::from_ref(&older), None));
    house.tick().await;
    house.settle().await;
    assert_eq!((house.order(&shop, &id).await, house.account(&shop, &id).await), before);
    assert_eq!(house.timeline(&shop, &id).await.len(), 1);

    // Of an order that waits, too: the newest state stands.
    let id = house.place(&shop, OrderSpec::new(&US, vec![line("NEW-1", 2)]));
    house.ship(&shop, &id);
    house.ask_for(&shop, &id).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting sku_not_matched");
    let older = written::order(
        &id,
        house.now() - SignedDuration::from_secs(90),
        &US,
        "UNSHIPPED",
        &[("NEW-1", 2, 0)],
    );
    house.crossing.answer_once(&format!("/orders/{id}?"), written::one(&older));
    house.ask_for(&shop, &id).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting sku_not_matched");
    house.variant(&shop, "NEW-1", weir_domain::variant::Tracking::None).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.sentence(&shop, &id).await);
    house.check_books(&shop.organization).await;
}

// SPEC: G-02, KS-35
#[tokio::test]
async fn what_was_delivered_never_changes_and_the_timeline_says_what_was_refused() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 2), line(TEA, 1)]);
    house.minutes(3).await;
    let before = house.order(&shop, &id).await;
    house.amazon().edit(&id, house.amazons_now(), |spec| {
        spec.lines[0].quantity = 1;
        spec.lines[1].unit_price = 5;
    });
    house.minutes(3).await;
    assert_eq!(house.order(&shop, &id).await, before);
    assert_eq!(house.outcome(&shop, &id).await, IMPORTED, "the standing outcome stays");
    let history = house.history(&shop, &id).await;
    assert_eq!(history.len(), 2, "{history:?}");
    assert!(history[1].message.contains("what has left is not changed"), "{}", history[1].message);
    assert!(!history[1].because.is_empty());
    assert_eq!(house.on_hand(&shop, MUG).await, 98);
    // What is seen again within the hour says nothing new.
    house.minutes(8).await;
    assert_eq!(house.history(&shop, &id).await.len(), 2);
    house.check_books(&shop.organization).await;
}

// SPEC: G-03, KS-35
#[tokio::test]
async fn what_cannot_be_read_of_a_delivered_order_is_a_line_of_its_timeline() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 2)]);
    house.minutes(3).await;
    let before = house.order(&shop, &id).await;
    house.amazon().edit(&id, house.amazons_now(), |spec| *spec = spec.clone().quirk(Quirk::BadMoney));
    house.minutes(3).await;
    assert_eq!(house.order(&shop, &id).await, before);
    assert_eq!(house.outcome(&shop, &id).await, IMPORTED, "the standing outcome stays");
    let history = house.history(&shop, &id).await;
    assert_eq!(history.len(), 2, "{history:?}");
    assert!(history[1].message.contains("cannot be read"), "{}", history[1].message);
    house.check_books(&shop.organization).await;
}

// SPEC: KS-05, G-02
#[tokio::test]
async fn a_deleted_order_never_comes_back_by_itself() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 2)]);
    house.minutes(3).await;
    orders::delete(&house.hub, &shop.organization, &shop.order(&id), "token:tests").await.unwrap();
    assert_eq!(house.orders(&shop.organization).await.len(), 0);
    for _ in 0..3 {
        house.amazon().touch(&id, house.amazons_now());
        house.minutes(3).await;
        house.ask_for(&shop, &id).await;
    }
    house.later(SignedDuration::from_hours(24 * 40)).await;
    house.ask_for(&shop, &id).await;
    assert_eq!(house.outcome(&shop, &id).await, "skipped deleted_in_weir");
    assert!(house.order(&shop, &id).await.unwrap().deleted_at.is_some());
    assert_eq!(house.on_hand(&shop, MUG).await, 98, "what has left has left");
    assert_eq!(house.moved(&shop, &id).await, ["-2 MUG"]);

    orders::restore(&house.hub, &shop.organization, &shop.order(&id), "token:tests").await.unwrap();
    house.amazon().touch(&id, house.amazons_now());
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await);
    assert_eq!(house.moved(&shop, &id).await, ["-2 MUG"]);
    house.check_books(&shop.organization).await;
}

// SPEC: G-02
#[tokio::test]
async fn equal_times_with_another_content_are_decided_again() {
    let (house, shop) = House::with_shop().await;
    let id = house
        .place(&shop, OrderSpec { status: Status::Unshipped, ..OrderSpec::new(&US, vec![line(MUG, 2)]) });
    house.amazon().ship_partially(&id, 0, 1, house.amazons_now());
    house.ask_for(&shop, &id).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting not_shipped_yet");
    // Within the same second the rest ships.
    house.ship(&shop, &id);
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
}

// SPEC: G-01, G-02
#[tokio::test]
async fn an_answer_about_another_order_than_was_asked_for_is_not_taken_for_it() {
    let (house, shop) = House::with_shop().await;
    let (asked, other) = ("113-1111111-1111111", "113-2222222-2222222");
    let order = written::order(other, house.now(), &US, "SHIPPED", &[(MUG, 2, 2)]);
    house.crossing.answer_always(&format!("/orders/{asked}?"), written::one(&order));
    house.ask_for(&shop, asked).await;
    assert_ne!(house.outcome(&shop, asked).await, IMPORTED);
    assert_eq!(house.order(&shop, other).await, None, "nobody asked for it");
    house.check_books(&shop.organization).await;
}
