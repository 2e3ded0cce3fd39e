//! Two hundred and fifty orders that ship within a minute.

use jiff::SignedDuration;
use weir_sandbox::amazon::{Operation, OrderSpec, marketplaces::US};
use weir_tests::{
    House,
    shop::{MUG, line, pieces},
};

// SPEC: KF-01, G-12
#[tokio::test]
async fn they_come_in_page_by_page_within_two_ticks_of_when_amazon_lists_them() {
    let (house, shop) = House::with_shop().await;
    house.stock(&shop, vec![pieces(MUG, 900)]).await;
    // The looks have gone on for a while: the bucket is not full.
    house.minutes(15).await;
    let ids: Vec<String> =
        (0..250).map(|_| house.place(&shop, OrderSpec::new(&US, vec![line(MUG, 1)]))).collect();
    for (number, id) in ids.iter().enumerate() {
        if number > 0 && number % 25 == 0 {
            house.clock.advance(SignedDuration::from_secs(6));
        }
        house.ship(&shop, id);
    }
    let last = house.now();
    let listed_from = last + SignedDuration::from_secs(120);
    let pages =
        |house: &House| house.amazon().counts()[&(shop.seller.clone(), Operation::SearchOrders)].calls;
    let mut ticks = 0;
    let mut searches = 0;
    while ticks < 2 {
        house.clock.advance(SignedDuration::from_secs(60));
        let before = pages(&house);
        house.minute_of_now().await;
        searches = (pages(&house) - before).max(searches);
        if house.now() >= listed_from {
            ticks += 1;
        }
    }
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert!(searches >= 2, "page by page: {searches}");
    assert_eq!(house.on_hand(&shop, MUG).await, 750);
    assert_eq!(house.announced().iter().filter(|event| event.starts_with("OrderImported")).count(), 250);
    assert_eq!(house.amazon().worst_excess(), 0);
    let books = house.check_books(&shop.organization).await;
    assert_eq!(books.orders, 250);
}

// SPEC: KF-01, G-12
#[tokio::test]
async fn three_bursts_in_a_row_use_the_bucket_up_and_come_in_all_the_same() {
    let (house, shop) = House::with_shop().await;
    house.stock(&shop, vec![pieces(MUG, 900)]).await;
    for _ in 0..3 {
        for _ in 0..250 {
            house.sell(&shop, vec![line(MUG, 1)]);
        }
        house.minutes(4).await;
    }
    let mut minutes = 0;
    while house.orders(&shop.organization).await.len() < 750 {
        minutes += 1;
        assert!(
            minutes < 40,
            "after {minutes} minutes {} are in",
            house.orders(&shop.organization).await.len()
        );
        house.minute().await;
    }
    println!("the last of 750 orders was in {minutes} minutes after the bursts");
    assert_eq!(house.on_hand(&shop, MUG).await, 250);
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}
