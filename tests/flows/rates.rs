//! Amazon's rate limits: never exceeded by us, and a call that Amazon throttles all the same costs a
//! delay and never an order.

use jiff::SignedDuration;
use weir_sandbox::amazon::{
    Count, Faults, Operation,
    marketplaces::{CA, US},
};
use weir_tests::{
    House, Shop,
    shop::{MUG, line},
};

fn count(house: &House, shop: &Shop, operation: Operation) -> Count {
    house.amazon().counts().get(&(shop.seller.clone(), operation)).copied().unwrap_or_default()
}

/// Amazon is well again, and the longest wait of a parked signal passes.
async fn calm(house: &House) {
    house.amazon().faults = Faults::NONE;
    house.amazon().heal_all(house.amazons_now());
    house.minutes(3).await;
    house.later(SignedDuration::from_mins(35)).await;
    house.minutes(6).await;
}

// SPEC: G-12, KF-01
#[tokio::test]
async fn two_hours_of_minutes_keep_to_the_published_rate() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&ca).await;
    let mut ids = Vec::new();
    for _ in 0..120 {
        ids.push(house.sell(&us, vec![line(MUG, 1)]));
        house.minute().await;
    }
    let searches = count(&house, &us, Operation::SearchOrders);
    assert_eq!((searches.throttled, searches.worst_excess), (0, 0), "{searches:?}");
    // A burst of 20 and one more in each 179 seconds; what is kept for further pages stays in the bucket.
    assert!((40..=60).contains(&searches.calls), "{searches:?}");
    house.minutes(6).await;
    for id in &ids {
        assert!(house.is_in(&us, id).await, "{id}: {}", house.outcome(&us, id).await);
    }
    assert_eq!(house.amazon().worst_excess(), 0);
}

// SPEC: G-12, KF-14
#[tokio::test]
async fn more_notices_than_the_rate_allows_wait_for_their_tokens() {
    let house = House::with_notifications().await;
    let shop = house.shop("acme", &US).await;
    let ids: Vec<String> = (0..70).map(|_| house.sell(&shop, vec![line(MUG, 1)])).collect();
    house.settle().await;
    let outcomes = house.accounts(&shop.organization).await;
    let waiting = outcomes.values().filter(|outcome| *outcome == "waiting rate_limited").count();
    assert!(waiting > 0, "{outcomes:?}");
    let looks = count(&house, &shop, Operation::GetOrder);
    assert_eq!((looks.calls, looks.throttled), (30, 0), "a burst of 30");
    for _ in 0..8 {
        house.minute().await;
    }
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert!(house.hub.queue.dead_letters().await.unwrap().is_empty());
    assert!(house.errors().is_empty(), "waiting costs no try: {:?}", house.errors());
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}

// SPEC: G-12
#[tokio::test]
async fn a_throttled_call_costs_a_delay_and_never_an_order() {
    for faults in [
        Faults { throttled: 400, ..Faults::NONE },
        Faults { throttled: 400, missing_rate_headers: 1000, ..Faults::NONE },
        Faults { limit_percent: 40, ..Faults::NONE },
        Faults { server_errors: 300, lost_answers: 100, cut_bodies: 100, token_errors: 300, ..Faults::NONE },
        Faults::BAD_DAY,
    ] {
        let house = House::with_notifications().await;
        let shop = house.shop("acme", &US).await;
        house.amazon().faults = faults.clone();
        let mut ids = Vec::new();
        for _ in 0..15 {
            for _ in 0..3 {
                ids.push(house.sell(&shop, vec![line(MUG, 1)]));
            }
            house.minute().await;
        }
        house.minutes(10).await;
        calm(&house).await;
        let dead = house.hub.queue.dead_letters().await.unwrap();
        for id in &ids {
            let outcome = house.outcome(&shop, id).await;
            assert!(house.is_in(&shop, id).await, "{faults:?}: {id}: {outcome}; dead: {dead:?}");
        }
        assert_eq!(house.amazon().worst_excess(), 0, "{faults:?}");
        house.check_books(&shop.organization).await;
    }
}

// SPEC: G-12, KF-04
#[tokio::test]
async fn the_old_orders_api_on_a_bad_day_keeps_to_its_limits_too() {
    let house = House::with_notifications().await;
    let shop = house.idle_shop("acme", &US).await;
    house.usual_stock(&shop).await;
    house
        .change_connection(&shop, |patch| {
            patch.settings = weir_app::connections::settings([("orders_api", "v0".into())])
        })
        .await;
    house.activate(&shop).await;
    house.amazon().faults = Faults::BAD_DAY;
    let mut ids = Vec::new();
    for _ in 0..15 {
        for _ in 0..3 {
            ids.push(house.sell(&shop, vec![line(MUG, 1)]));
        }
        house.minute().await;
    }
    house.minutes(10).await;
    calm(&house).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}
