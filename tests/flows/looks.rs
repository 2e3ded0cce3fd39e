//! How far a connection looks: from its first activation on, over every gap, and further back only by
//! a backfill.

use jiff::SignedDuration;
use weir_app::runs::{self, NewRun};
use weir_channels::channel::{Credentials, Secret};
use weir_domain::run::RunState;
use weir_sandbox::amazon::{
    Faults, Operation, SellerSpec,
    marketplaces::{CA, DE, US},
};
use weir_tests::{
    House, Shop,
    books::IMPORTED,
    shop::{MUG, line},
};

use crate::written;

async fn backfill(house: &House, shop: &Shop, hours: i64) -> weir_domain::ids::RunId {
    let since = house.now() - SignedDuration::from_hours(hours);
    let token = house.hub.ids.token();
    let new = NewRun::Backfill { since };
    runs::create(&house.hub, &shop.organization, &shop.connection, &token, new).await.unwrap().id
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

// SPEC: KF-01
#[tokio::test]
async fn the_first_look_reaches_back_one_overlap_and_no_further() {
    let house = House::new().await;
    let shop = house.idle_shop("acme", &US).await;
    house.usual_stock(&shop).await;
    let too_old = house.sell(&shop, vec![line(MUG, 1)]);
    house.clock.advance(mins(2));
    let just_in = house.sell(&shop, vec![line(MUG, 2)]);
    house.clock.advance(mins(14));
    house.activate(&shop).await;
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &just_in).await, IMPORTED);
    assert_eq!(house.outcome(&shop, &too_old).await, "nothing");
    house.ask_for(&shop, &too_old).await;
    assert_eq!(house.outcome(&shop, &too_old).await, "skipped shipped_before_activation");
    let reason = house.account(&shop, &too_old).await.unwrap().outcome.reason;
    assert!(reason.action.unwrap().contains("backfill"));
    assert_eq!(house.on_hand(&shop, MUG).await, 98);
}

// SPEC: KF-01
#[tokio::test]
async fn an_order_of_last_month_that_amazon_touches_is_not_taken_for_a_new_one() {
    let house = House::new().await;
    let shop = house.idle_shop("acme", &US).await;
    house.usual_stock(&shop).await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.clock.advance(SignedDuration::from_hours(24 * 30));
    house.activate(&shop).await;
    house.amazon().touch(&id, house.amazons_now());
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "skipped shipped_before_activation");
    assert_eq!(house.on_hand(&shop, MUG).await, 100);
}

// SPEC: KF-01, FX-02
#[tokio::test]
async fn a_backfill_brings_in_what_is_older() {
    let house = House::new().await;
    let shop = house.idle_shop("acme", &US).await;
    house.usual_stock(&shop).await;
    let mut ids = Vec::new();
    for _ in 0..130 {
        ids.push(house.sell(&shop, vec![line(MUG, 1)]));
        house.clock.advance(mins(20));
    }
    house.activate(&shop).await;
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &ids[0]).await, "nothing");
    let run = backfill(&house, &shop, 48).await;
    let meanwhile = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(4).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert!(house.is_in(&shop, &meanwhile).await, "a backfill starves no minute's check");
    let run = runs::read(&house.hub, &shop.organization, &shop.connection, &run).await.unwrap();
    assert_eq!(run.state, RunState::Succeeded);
    assert_eq!(run.counts["pages"], 2, "{:?}", run.counts);
    assert_eq!(run.counts["orders_seen"], 130, "{:?}", run.counts);
    assert_eq!(house.timeline(&shop, &ids[0]).await, ["imported by run"]);
    assert_eq!(house.on_hand(&shop, MUG).await, 100 - 131);
    assert_eq!(house.announced().iter().filter(|event| *event == "RunFinished").count(), 1);
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-01, G-03
#[tokio::test]
async fn a_backfill_brings_in_what_was_just_said_to_be_too_old() {
    let house = House::new().await;
    let shop = house.idle_shop("acme", &US).await;
    house.usual_stock(&shop).await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.clock.advance(mins(200));
    house.activate(&shop).await;
    house.ask_for(&shop, &id).await;
    assert_eq!(house.outcome(&shop, &id).await, "skipped shipped_before_activation");
    backfill(&house, &shop, 48).await;
    house.minutes(4).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
}

// SPEC: KF-01
#[tokio::test]
async fn what_ships_while_a_connection_rests_comes_in_when_it_returns() {
    let (house, shop) = House::with_shop().await;
    house.minutes(2).await;
    house.deactivate(&shop).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(house.sell(&shop, vec![line(MUG, 1)]));
        house.later(SignedDuration::from_hours(7)).await;
    }
    assert_eq!(house.outcome(&shop, &ids[0]).await, "nothing");
    house.ask_for(&shop, &ids[0]).await;
    assert_eq!(house.outcome(&shop, &ids[0]).await, "waiting connection_inactive");
    house.activate(&shop).await;
    assert!(house.is_in(&shop, &ids[0]).await, "what waited goes on at once");
    house.minutes(3).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    let state = house.looks(&shop).await.unwrap();
    assert!(state.once.is_empty(), "{:?}", state.once);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-01
#[tokio::test]
async fn what_ships_while_one_of_two_rests_comes_in_when_it_returns() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&ca).await;
    house.minutes(3).await;
    house.deactivate(&ca).await;
    let (of_us, of_ca) = (house.sell(&us, vec![line(MUG, 1)]), house.sell(&ca, vec![line(MUG, 1)]));
    house.minutes(3).await;
    house.later(SignedDuration::from_hours(30)).await;
    assert_eq!(
        (house.outcome(&us, &of_us).await.as_str(), house.outcome(&ca, &of_ca).await.as_str()),
        (IMPORTED, "nothing")
    );
    house.activate(&ca).await;
    house.minutes(3).await;
    assert!(house.is_in(&ca, &of_ca).await, "{}", house.outcome(&ca, &of_ca).await);
}

// SPEC: KF-01
#[tokio::test]
async fn a_marketplace_that_is_activated_later_gets_its_own_catch_up() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.minutes(3).await;
    house.later(SignedDuration::from_hours(3)).await;
    let too_old = house.sell(&ca, vec![line(MUG, 1)]);
    house.minutes(3).await;
    let missed = house.sell(&ca, vec![line(MUG, 1)]);
    house.minutes(13).await;
    house.activate(&ca).await;
    house.minutes(3).await;
    assert_eq!(house.outcome(&ca, &missed).await, IMPORTED);
    assert_eq!(house.outcome(&ca, &too_old).await, "skipped shipped_before_activation");
    house.check_books(&us.organization).await;
}

// SPEC: KF-01
#[tokio::test]
async fn a_region_is_its_own_account() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let de = house.also_on(&us, &DE).await;
    house.activate(&de).await;
    let ids = [house.sell(&us, vec![line(MUG, 1)]), house.sell(&de, vec![line(MUG, 1)])];
    house.minutes(3).await;
    assert!(house.is_in(&us, &ids[0]).await && house.is_in(&de, &ids[1]).await);
    let accounts = [house.connection(&us).await.shared_account, house.connection(&de).await.shared_account];
    assert_ne!(accounts[0], accounts[1]);
    assert_eq!(house.on_hand(&us, MUG).await, 98);
}

// SPEC: KF-01
#[tokio::test]
async fn what_the_lists_show_late_the_overlap_finds() {
    let (house, shop) = House::with_shop().await;
    house.amazon().faults =
        Faults { list_lag: 1000, list_lag_seconds: 12 * 60, stale_in_list: 500, ..Faults::NONE };
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(house.sell(&shop, vec![line(MUG, 1)]));
        house.minute().await;
    }
    house.minutes(16).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 80);
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-01
#[tokio::test]
async fn a_page_that_has_expired_begins_the_look_again() {
    let (house, shop) = House::with_shop().await;
    let ids: Vec<String> = (0..150).map(|_| house.sell(&shop, vec![line(MUG, 1)])).collect();
    house.clock.advance(mins(3));
    // The first page is read, and the process ends before the second one.
    let at = weir_tests::At(weir_app::gate::Site::PollSearch, 1, weir_tests::When::Before);
    assert_eq!(house.crash(at, house.tick()).await, None);
    assert!(house.looks(&shop).await.unwrap().main.page.is_some());
    house.amazon().expire_page_tokens();
    house.settle().await;
    house.minutes(2).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    house.check_books(&shop.organization).await;
}

// SPEC: KF-01
#[tokio::test]
async fn the_cursor_never_goes_back_and_never_passes_what_a_search_answered_for() {
    let (house, shop) = House::with_shop().await;
    house.amazon().faults = Faults::BAD_DAY;
    let activated_at = house.looks(&shop).await.unwrap().main.cursor;
    let mut before = activated_at;
    for _ in 0..40 {
        house.sell(&shop, vec![line(MUG, 1)]);
        house.minute().await;
        let cursor = house.looks(&shop).await.unwrap().main.cursor;
        assert!(cursor >= before, "{before} then {cursor}");
        assert!(cursor <= activated_at.max(house.now() - mins(2)), "{cursor} at {}", house.now());
        before = cursor;
    }
    house.amazon().faults = Faults::NONE;
    house.amazon().heal_all(house.amazons_now());
    house.minutes(20).await;
    assert_eq!(house.orders(&shop.organization).await.len(), 40);
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-01
#[tokio::test]
async fn no_search_is_made_for_a_connection_that_rests() {
    let (house, shop) = House::with_shop().await;
    house.minutes(2).await;
    let key = (shop.seller.clone(), Operation::SearchOrders);
    let before = house.amazon().counts()[&key].calls;
    house.deactivate(&shop).await;
    house.minutes(5).await;
    assert_eq!(house.amazon().counts()[&key].calls, before);
}

// SPEC: KF-01, G-04
#[tokio::test]
async fn a_search_that_says_it_is_complete_up_to_a_time_to_come_hides_nothing() {
    let (house, shop) = House::with_shop().await;
    house.minutes(2).await;
    let far = "2099-01-01T00:00:00Z".parse().unwrap();
    house.crossing.answer_once("/orders/2026-01-01/orders?", written::page(&[], Some(far)));
    house.minute().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(4).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
}

// SPEC: KF-01, G-11
#[tokio::test]
async fn a_connection_that_moves_to_another_application_takes_its_place_along() {
    const OTHER: &str = "amzn1.application-oa2-client.other";
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&ca).await;
    let mut ids = vec![house.sell(&us, vec![line(MUG, 1)]), house.sell(&ca, vec![line(MUG, 1)])];
    house.minutes(3).await;
    // What ships while nothing runs is behind the old account's cursor and before the new one's first look.
    ids.extend([house.sell(&us, vec![line(MUG, 1)]), house.sell(&ca, vec![line(MUG, 1)])]);
    house.clock.advance(SignedDuration::from_hours(5));
    house.amazon().register_app(OTHER, "another-secret");
    house.amazon().register_seller(SellerSpec {
        seller_id: us.seller.clone(),
        refresh_token: "Atzr|other".to_owned(),
        client_id: OTHER.to_owned(),
        marketplaces: Vec::new(),
    });
    let credentials: Credentials =
        [("client_id", OTHER), ("client_secret", "another-secret"), ("refresh_token", "Atzr|other")]
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), Secret::new(secret)))
            .collect();
    house.change_connection(&us, |patch| patch.credentials = Some(credentials)).await;
    let accounts = [house.connection(&us).await.shared_account, house.connection(&ca).await.shared_account];
    assert_ne!(accounts[0], accounts[1]);
    ids.extend([house.sell(&us, vec![line(MUG, 1)]), house.sell(&ca, vec![line(MUG, 1)])]);
    house.minutes(4).await;
    for (position, id) in ids.iter().enumerate() {
        let shop = if position % 2 == 0 { &us } else { &ca };
        assert!(house.is_in(shop, id).await, "{position} {id}: {}", house.outcome(shop, id).await);
    }
    assert_eq!(house.on_hand(&us, MUG).await, 94);
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&us.organization).await;
}
