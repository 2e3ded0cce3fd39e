//! Amazon's ORDER_CHANGE notices: an order shows within seconds; the poll stays as the net under them.

use weir_domain::connection::NotificationLink;
use weir_sandbox::amazon::{
    Faults, Operation,
    marketplaces::{CA, US},
};
use weir_tests::{
    House,
    books::IMPORTED,
    house::{import_queue, notification_queue},
    shop::{MUG, line},
};

// SPEC: KF-14, G-01
#[tokio::test]
async fn an_order_that_amazon_tells_of_is_in_before_the_minute_is_over() {
    let house = House::with_notifications().await;
    let shop = house.shop("acme", &US).await;
    assert!(matches!(house.connection(&shop).await.notifications, NotificationLink::Subscribed { .. }));
    let id = house.place(&shop, weir_sandbox::amazon::OrderSpec::new(&US, vec![line(MUG, 2)]));
    house.settle().await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting not_shipped_yet");
    house.ship(&shop, &id);
    house.settle().await;
    assert_eq!(house.outcome(&shop, &id).await, IMPORTED);
    assert_eq!(house.timeline(&shop, &id).await, ["waiting by notification", "imported by notification"]);
    // The poll finds it again and has nothing to do.
    house.minutes(3).await;
    assert_eq!(house.timeline(&shop, &id).await.len(), 2);
    assert_eq!(house.on_hand(&shop, MUG).await, 98);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-14
#[tokio::test]
async fn two_marketplaces_of_one_seller_have_one_subscription() {
    let house = House::with_notifications().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&ca).await;
    let links = [house.connection(&us).await.notifications, house.connection(&ca).await.notifications];
    assert_eq!(links[0], links[1]);
    assert!(matches!(links[0], NotificationLink::Subscribed { .. }));
    assert_eq!(house.amazon().counts()[&(us.seller.clone(), Operation::CreateSubscription)].calls, 1);
    let id = house.sell(&ca, vec![line(MUG, 1)]);
    house.settle().await;
    assert!(house.is_in(&ca, &id).await);
    assert_eq!(house.outcome(&us, &id).await, "nothing");
}

// SPEC: KF-14, G-02
#[tokio::test]
async fn notices_that_are_lost_late_or_doubled_change_nothing_in_the_end() {
    let house = House::with_notifications().await;
    let shop = house.shop("acme", &US).await;
    house.amazon().faults = Faults {
        lost_notices: 300,
        doubled_notices: 300,
        late_notices: 300,
        late_notice_seconds: 300,
        shuffled_notices: 500,
        ..Faults::NONE
    };
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(house.sell(&shop, vec![line(MUG, 1)]));
        house.minute().await;
    }
    house.minutes(6).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 75);
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-14, KF-01
#[tokio::test]
async fn where_no_queue_can_be_reached_the_poll_does_it_alone() {
    let (house, shop) = House::with_shop().await;
    assert_eq!(house.connection(&shop).await.notifications, NotificationLink::Off);
    let house_with = House::with_notifications().await;
    house_with.amazon().faults.server_errors = 1000;
    let shop_with = house_with.shop("acme", &US).await;
    let link = house_with.connection(&shop_with).await.notifications;
    let NotificationLink::Failed { message } = link else { panic!("{link:?}") };
    assert!(message.contains("asked every minute instead"), "{message}");
    house_with.amazon().faults.server_errors = 0;
    let id = house_with.sell(&shop_with, vec![line(MUG, 1)]);
    house_with.minutes(3).await;
    assert!(house_with.is_in(&shop_with, &id).await);
    // Saying it again sets it up.
    house_with.activate(&shop_with).await;
    let link = house_with.connection(&shop_with).await.notifications;
    assert!(matches!(link, NotificationLink::Subscribed { .. }), "{link:?}");
}

// SPEC: KF-14, G-11
#[tokio::test]
async fn a_notice_for_a_connection_that_rests_is_no_signal() {
    let house = House::with_notifications().await;
    let shop = house.shop("acme", &US).await;
    house.minutes(1).await;
    house.deactivate(&shop).await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.settle().await;
    assert_eq!(house.outcome(&shop, &id).await, "nothing");
    house.activate(&shop).await;
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await);
}

// SPEC: G-04, G-03
#[tokio::test]
async fn what_nobody_can_read_ends_with_the_dead_letters_and_stops_nothing_else() {
    let house = House::with_notifications().await;
    let shop = house.shop("acme", &US).await;
    let notices: [&[u8]; 4] =
        [b"no JSON", b"{}", b"[]", b"{\"NotificationType\":\"ORDER_CHANGE\",\"Payload\":{}}"];
    for notice in notices {
        let body = String::from_utf8_lossy(notice).into_owned();
        let message = weir_app::ports::OutgoingMessage { id: "x".to_owned(), group: String::new(), body };
        house.queue.put(&notification_queue(), message);
    }
    for body in [
        "",
        "{",
        "{\"v\":9,\"kind\":\"look\",\"organization\":\"org_acme\"}",
        "{\"v\":1,\"kind\":\"dance\",\"organization\":\"org_acme\"}",
    ] {
        house.send(body);
    }
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.settle().await;
    assert!(house.is_in(&shop, &id).await, "nothing else stops");
    house.minutes(8).await;
    let letters = house.hub.queue.dead_letters().await.unwrap();
    let of = |queue| letters.iter().filter(|letter| letter.queue == queue).count();
    let unreadable_notices = of(notification_queue());
    assert_eq!(of(import_queue()), 4);
    assert!(unreadable_notices >= 3, "{letters:?}");
    assert!(letters.iter().all(|letter| letter.attempts == 5 && !letter.reason.is_empty()), "{letters:?}");
}

// SPEC: KF-14
#[tokio::test]
async fn a_notice_about_somebody_unknown_is_passed_over() {
    let house = House::with_notifications().await;
    let shop = house.shop("acme", &US).await;
    let other = house.idle_shop("other", &US).await;
    house.amazon().subscribe(&other.seller, weir_tests::shop::CLIENT_ID, weir_tests::house::QUEUE_ARN);
    let id = house.sell(&other, vec![line(MUG, 1)]);
    house.settle().await;
    assert_eq!(house.outcome(&other, &id).await, "nothing", "it was never activated");
    assert!(house.errors().is_empty());
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.settle().await;
    assert!(house.is_in(&shop, &id).await);
}
