//! Orders of very many lines: booked in chunks, seen whole or not at all, and resumed wherever the
//! process ended. Those beyond all bounds wait with their snapshot kept.

use futures_util::future::join_all;
use jiff::SignedDuration;
use weir_app::{
    gate::Site,
    import_order,
    message::{Message, SignalCause},
};
use weir_domain::variant::Tracking;
use weir_sandbox::amazon::LineSpec;
use weir_tests::{
    At, House, Shop, When,
    books::IMPORTED,
    crash::drop_after,
    house::import_queue,
    shop::{MUG, batch, line, pieces},
};

/// SKUs of the wide catalogue.
const WIDTH: usize = 45;

/// Units of each that are there.
const OPENING: i64 = 1_000;

fn sku(number: usize) -> String {
    format!("WIDE-{:02}", number % WIDTH)
}

/// A merchant with many SKUs; each third one is kept by batch.
async fn wide_shop(house: &House) -> Shop {
    let shop = house.shop("acme", &weir_sandbox::amazon::marketplaces::US).await;
    let mut rows = Vec::new();
    for number in 0..WIDTH {
        let sku = sku(number);
        if number % 3 == 0 {
            house.variant(&shop, &sku, Tracking::Batch).await;
            rows.push(batch(&sku, 3, "OLD", house.now() - SignedDuration::from_hours(48)));
            rows.push(batch(&sku, OPENING - 3, "NEW", house.now()));
        } else {
            house.variant(&shop, &sku, Tracking::None).await;
            rows.push(pieces(&sku, OPENING));
        }
    }
    // An adjustment touches at most 80 items.
    for rows in rows.chunks(25) {
        house.stock(&shop, rows.to_vec()).await;
    }
    shop
}

fn lines(count: usize) -> Vec<LineSpec> {
    (0..count).map(|number| line(&sku(number), 1 + u32::try_from(number % 2).unwrap())).collect()
}

/// Units of all lines.
fn units(count: usize) -> i64 {
    lines(count).iter().map(|line| i64::from(line.quantity)).sum()
}

/// Units on hand of the whole catalogue.
async fn on_hand(house: &House, shop: &Shop) -> i64 {
    let mut sum = 0;
    for number in 0..WIDTH {
        sum += house.on_hand(shop, &sku(number)).await;
    }
    sum
}

const ALL: i64 = 45 * OPENING;

// SPEC: G-05, KF-04
#[tokio::test]
async fn ninety_and_three_hundred_lines_come_in_whole_by_chunks() {
    let house = House::new().await;
    let shop = wide_shop(&house).await;
    let (ninety, three_hundred) = (house.sell(&shop, lines(90)), house.sell(&shop, lines(300)));
    let small = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    for (id, count) in [(&ninety, 90), (&three_hundred, 300)] {
        assert!(
            house.is_in(&shop, id).await,
            "{}: {}",
            house.outcome(&shop, id).await,
            house.sentence(&shop, id).await
        );
        let order = house.order(&shop, id).await.unwrap();
        assert_eq!((order.rows.len(), order.fulfillments[0].rows.len()), (count, count));
        assert!(order.fulfillments[0].rows.iter().any(|row| !row.batches.is_empty()));
        assert!(house.because(&shop, id).await.iter().any(|because| because.starts_with("committing: ")));
        assert_eq!(house.timeline(&shop, id).await, ["waiting by poll", "imported by poll"]);
        let truth = house.amazon().order(id).unwrap().state.total();
        assert_eq!(order.totals().total, truth);
        assert!(house.announced().contains(&format!("OrderImported {id}")));
    }
    assert!(house.is_in(&shop, &small).await);
    assert_eq!(on_hand(&house, &shop).await, ALL - units(90) - units(300));
    house.check_books(&shop.organization).await;
}

// SPEC: G-05
#[tokio::test]
async fn orders_around_the_bound_of_one_transaction_come_in_whole() {
    let house = House::new().await;
    let shop = wide_shop(&house).await;
    let counts = [18, 30, 33, 34, 35, 36, 37, 38, 39, 40, 41, 45, 46, 60, 61];
    let ids: Vec<String> = counts.iter().map(|count| house.sell(&shop, lines(*count))).collect();
    house.minutes(3).await;
    let mut chunked = Vec::new();
    for (id, count) in ids.iter().zip(counts) {
        assert!(house.is_in(&shop, id).await, "{count}: {}", house.outcome(&shop, id).await);
        assert_eq!(house.order(&shop, id).await.unwrap().rows.len(), count);
        let because = house.because(&shop, id).await;
        chunked.push(because.iter().any(|because| because.starts_with("committing: ")));
    }
    assert!(!chunked[0] && chunked[14], "{chunked:?}");
    assert_eq!(on_hand(&house, &shop).await, ALL - counts.iter().map(|count| units(*count)).sum::<i64>());
    house.check_books(&shop.organization).await;
}

// SPEC: G-05
#[tokio::test]
async fn a_thousand_lines_are_the_most_and_more_wait_with_their_snapshot_kept() {
    let house = House::new().await;
    let shop = wide_shop(&house).await;
    let most = house.sell(&shop, lines(1_000));
    let above = house.sell(&shop, lines(1_001));
    let far_above = house.sell(&shop, lines(10_000));
    let small = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    assert!(house.is_in(&shop, &most).await, "{}", house.outcome(&shop, &most).await);
    assert_eq!(house.order(&shop, &most).await.unwrap().rows.len(), 1_000);
    assert!(house.is_in(&shop, &small).await, "nothing else stops");
    for (id, count) in [(&above, "1001"), (&far_above, "10000")] {
        assert_eq!(house.outcome(&shop, id).await, "waiting order_too_large");
        assert!(house.sentence(&shop, id).await.contains(count), "{}", house.sentence(&shop, id).await);
        assert_eq!(house.order(&shop, id).await, None);
        let file = house.hub.ledger.read_order(&shop.organization, &shop.order(id)).await.unwrap();
        assert!(file.snapshot.unwrap().body.len() > 100_000);
    }
    assert_eq!(on_hand(&house, &shop).await, ALL - units(1_000));
    assert!(house.errors().is_empty(), "{:?}", house.errors());
    house.check_books(&shop.organization).await;
}

// SPEC: G-05, G-02
#[tokio::test]
async fn wherever_the_process_ends_the_booking_is_resumed_from_its_plan() {
    let house = House::new().await;
    let shop = wide_shop(&house).await;
    let mut points = Vec::new();
    for when in [When::Before, When::After] {
        points.extend((0..2).map(|nth| At(Site::ImportCommit, nth, when)));
        points.extend([0, 1, 4].map(|nth| At(Site::ChunkCommit, nth, when)));
        points.push(At(Site::ChunkRead, 7, when));
    }
    let mut expected = ALL;
    for at in points {
        let id = house.sell(&shop, lines(90));
        house.clock.advance(SignedDuration::from_mins(3));
        house.tick().await;
        assert_eq!(house.crash(at, house.consume()).await, None, "{at:?} was never reached");
        let is_visible = house.orders(&shop.organization).await.iter().any(|order| order.order_no == id);
        let outcome = house.outcome(&shop, &id).await;
        assert_eq!(is_visible, outcome == IMPORTED, "{at:?}: {outcome}");
        // The message that was in hand comes back.
        house.clock.advance(SignedDuration::from_mins(3));
        house.settle().await;
        assert!(house.is_in(&shop, &id).await, "{at:?}: {}", house.outcome(&shop, &id).await);
        expected -= units(90);
        assert_eq!(on_hand(&house, &shop).await, expected, "{at:?}");
    }
    house.check_books(&shop.organization).await;
}

// SPEC: G-05, G-02
#[tokio::test]
async fn a_process_that_is_dropped_after_any_number_of_polls_loses_nothing() {
    let house = House::new().await;
    let shop = wide_shop(&house).await;
    let (mut expected, mut dropped) = (ALL, 0);
    for polls in [1, 2, 4, 7, 11, 16, 22, 29, 37, 46] {
        let id = house.sell(&shop, lines(90));
        house.clock.advance(SignedDuration::from_mins(3));
        house.tick().await;
        dropped += usize::from(drop_after(polls, house.consume()).await.is_none());
        house.clock.advance(SignedDuration::from_mins(3));
        house.settle().await;
        assert!(house.is_in(&shop, &id).await, "{polls}: {}", house.outcome(&shop, &id).await);
        expected -= units(90);
        assert_eq!(on_hand(&house, &shop).await, expected, "after {polls} polls");
    }
    assert!(dropped > 3, "only {dropped} ended in the middle");
    house.check_books(&shop.organization).await;
}

// SPEC: G-05, G-04
#[tokio::test]
async fn a_half_booked_order_whose_message_is_lost_is_found_by_the_sweeper() {
    let house = House::new().await;
    let shop = wide_shop(&house).await;
    let id = house.sell(&shop, lines(90));
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    assert_eq!(house.crash(At(Site::ChunkCommit, 2, When::After), house.consume()).await, None);
    house.clock.advance(SignedDuration::from_mins(3));
    for lost in house.queue.receive(&import_queue(), 100, SignedDuration::from_mins(1)) {
        house.queue.delete(&lost);
    }
    assert_eq!(house.outcome(&shop, &id).await, "waiting booking");
    // Whatever becomes of the connection: what has left is booked to its end.
    house.deactivate(&shop).await;
    house.minutes(1).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
    assert_eq!(on_hand(&house, &shop).await, ALL - units(90));
    house.check_books(&shop.organization).await;
}

// SPEC: G-05, G-02
#[tokio::test]
async fn one_big_order_in_several_hands_is_booked_once() {
    let house = House::new().await;
    let shop = wide_shop(&house).await;
    let id = house.sell(&shop, lines(120));
    let messages: Vec<Message> =
        (0..4).map(|_| Message::Look(house.signal(&shop, &id, SignalCause::Notification))).collect();
    let ended = join_all(messages.iter().map(|message| import_order::handle(&house.hub, message))).await;
    assert!(ended.iter().any(Result::is_ok), "{ended:?}");
    for (message, ended) in messages.iter().zip(&ended) {
        if ended.is_err() {
            house.send(&message.to_json());
        }
    }
    house.settle().await;
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
    assert_eq!(on_hand(&house, &shop).await, ALL - units(120));
    house.check_books(&shop.organization).await;
}

// SPEC: G-05, G-10
#[tokio::test]
async fn many_rows_out_of_many_batches_come_in_too() {
    let house = House::new().await;
    let shop = house.shop("acme", &weir_sandbox::amazon::marketplaces::US).await;
    for number in 0..40 {
        let sku = sku(number);
        house.variant(&shop, &sku, Tracking::Batch).await;
        let lots = (1..=5)
            .map(|lot| batch(&sku, 1, &format!("LOT-{lot}"), house.now() - SignedDuration::from_hours(lot)));
        house.stock(&shop, lots.collect()).await;
    }
    let lines = (0..40).map(|number| line(&sku(number), 5)).collect();
    let id = house.sell(&shop, lines);
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.sentence(&shop, &id).await);
    house.check_books(&shop.organization).await;
}
