//! The main way: an order that Amazon sold and shipped is found, comes in delivered, and its stock has
//! moved; and whatever is no such order does not come in, for a reason.

use weir_domain::{
    ids::ChannelOrderId,
    sales_order::{Booking, FulfillmentBy, FulfillmentStatus, OrderStatus},
};
use weir_sandbox::amazon::{
    FulfilledBy, LineSpec, Operation, OrderSpec, Quirk, Status,
    marketplaces::{CA, DE, FR, JP, US},
};
use weir_tests::{
    House,
    books::IMPORTED,
    shop::{CAMERA, MUG, TEA, line},
};

// SPEC: KF-01, KF-03, KF-04, KF-07, KF-08, KF-09, CS-01
#[tokio::test]
async fn an_order_that_a_poll_finds_is_delivered_with_its_stock_moved() {
    let (house, shop) = House::with_shop().await;
    let shipped_at = house.now();
    let id = house.sell(&shop, vec![line(MUG, 3), line(TEA, 2)]);
    house.minutes(3).await;

    assert_eq!(house.outcome(&shop, &id).await, IMPORTED);
    let order = house.order(&shop, &id).await.unwrap();
    assert_eq!((order.status, &order.booking), (OrderStatus::Delivered, &Booking::Complete));
    assert_eq!(order.order_no, id);
    let source = order.source.clone().unwrap();
    assert_eq!((source.connection, source.channel_order_id.as_str()), (shop.connection.clone(), id.as_str()));
    assert!(order.flags.is_empty(), "{:?}", order.flags);

    let rows: Vec<(&str, i64, i64)> =
        order.rows.iter().map(|row| (row.sku.as_str(), row.quantity, row.delivered_quantity)).collect();
    assert_eq!(rows, [(MUG, 3, 3), (TEA, 2, 2)]);
    assert!(order.rows.iter().all(|row| row.status == OrderStatus::Delivered));
    assert!(order.rows.iter().all(|row| row.location.as_ref() == Some(&shop.location)));

    let [fulfillment] = order.fulfillments.as_slice() else { panic!("{:?}", order.fulfillments) };
    assert_eq!((fulfillment.status, fulfillment.by), (FulfillmentStatus::Delivered, FulfillmentBy::Channel));
    assert_eq!(fulfillment.shipped_at, shipped_at);
    let shipped: Vec<(usize, i64)> = fulfillment
        .rows
        .iter()
        .map(|part| (order.rows.iter().position(|row| row.id == part.row).unwrap(), part.quantity))
        .collect();
    assert_eq!(shipped, [(0, 3), (1, 2)]);

    assert_eq!(house.on_hand(&shop, MUG).await, 97);
    assert_eq!(house.moved(&shop, &id).await, ["-2 TEA L1", "-3 MUG"]);
    assert_eq!(house.timeline(&shop, &id).await, ["imported by poll"]);
    assert_eq!(house.announced(), [format!("OrderImported {id}")]);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-01
#[tokio::test]
async fn the_minutes_that_follow_change_nothing_more() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    let before = (house.order(&shop, &id).await, house.account(&shop, &id).await);
    house.minutes(8).await;
    assert_eq!((house.order(&shop, &id).await, house.account(&shop, &id).await), before);
    assert_eq!(house.announced().len(), 1);
    assert_eq!(house.timeline(&shop, &id).await.len(), 1);
}

// SPEC: KF-02
#[tokio::test]
async fn only_what_has_shipped_whole_from_amazons_warehouse_comes_in() {
    let (house, shop) = House::with_shop().await;
    let spec = |status: Status| OrderSpec { status, ..OrderSpec::new(shop.marketplace, vec![line(MUG, 2)]) };
    let merchants = OrderSpec { fulfilled_by: FulfilledBy::Merchant, ..spec(Status::Unshipped) };
    let pending = house.place(&shop, spec(Status::Pending));
    let preorder = house.place(&shop, spec(Status::PendingAvailability));
    let unshipped = house.place(&shop, spec(Status::Unshipped));
    let cancelled = house.place(&shop, spec(Status::Unshipped));
    house.amazon().cancel(&cancelled, house.amazons_now());
    let partial = house.place(&shop, spec(Status::Unshipped));
    house.amazon().ship_partially(&partial, 0, 1, house.amazons_now());
    let merchants = house.sell_spec(&shop, merchants);

    for (id, outcome, word) in [
        (&pending, "waiting not_shipped_yet", "pending"),
        (&preorder, "waiting not_shipped_yet", "pending"),
        (&unshipped, "waiting not_shipped_yet", "unshipped"),
        (&partial, "waiting not_shipped_yet", "partially shipped"),
        (&cancelled, "skipped cancelled", "cancelled"),
        (&merchants, "skipped fulfilled_by_merchant", "merchant"),
    ] {
        house.ask_for(&shop, id).await;
        assert_eq!(house.outcome(&shop, id).await, outcome);
        let sentence = house.sentence(&shop, id).await;
        assert!(sentence.contains(word), "{sentence}");
        assert_eq!(house.order(&shop, id).await, None);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 100);

    // They are seen again once they ship, by the poll.
    house.amazon().release(&pending, house.amazons_now());
    for id in [&pending, &unshipped, &partial] {
        house.ship(&shop, id);
    }
    house.minutes(3).await;
    for id in [&pending, &unshipped, &partial] {
        assert!(house.is_in(&shop, id).await, "{}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 94);
    assert_eq!(house.timeline(&shop, &partial).await, ["waiting by token:tests", "imported by poll"]);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-02, G-03
#[tokio::test]
async fn a_request_of_ours_that_comes_back_is_recognised_and_moves_nothing() {
    let (house, shop) = House::with_shop().await;
    house.gave_out_request(&shop, "FR-1001").await;
    let spec = OrderSpec::non_amazon(&US, Some("FR-1001"), vec![line(MUG, 5)]);
    let id = house.sell_spec(&shop, spec);
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "skipped own_request");
    assert!(house.because(&shop, &id).await.iter().any(|because| because.contains("FR-1001")));
    assert_eq!(house.order(&shop, &id).await, None);
    assert_eq!(house.on_hand(&shop, MUG).await, 100);
}

// SPEC: KF-02, G-03
#[tokio::test]
async fn a_request_of_somebody_else_is_listed_with_its_skus() {
    let (house, shop) = House::with_shop().await;
    for number in [Some("SELLER-CENTRAL-7"), None] {
        let spec = OrderSpec::non_amazon(&US, number, vec![line(MUG, 5), line("UNKNOWN-SKU", 1)]);
        let id = house.sell_spec(&shop, spec);
        house.minutes(3).await;
        assert_eq!(house.outcome(&shop, &id).await, "skipped mcf_not_ours");
        let reason = house.account(&shop, &id).await.unwrap().outcome.reason;
        assert!(reason.message.contains("5 × \"MUG\""), "{}", reason.message);
        assert!(reason.message.contains("1 × \"UNKNOWN-SKU\""), "{}", reason.message);
        assert!(reason.action.unwrap().contains("stock adjustment"));
        assert_eq!(house.order(&shop, &id).await, None);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 100);
}

// SPEC: KF-13, KF-01
#[tokio::test]
async fn several_marketplaces_share_one_place_and_one_search() {
    let house = House::new().await;
    let us = house.idle_shop("acme", &US).await;
    house.usual_stock(&us).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&us).await;
    house.activate(&ca).await;
    let ids = [house.sell(&us, vec![line(MUG, 10)]), house.sell(&ca, vec![line(MUG, 7)])];
    house.minutes(2).await;
    assert!(house.is_in(&us, &ids[0]).await && house.is_in(&ca, &ids[1]).await);
    assert_eq!((house.outcome(&us, &ids[1]).await, house.outcome(&ca, &ids[0]).await), both("nothing"));
    assert_eq!(house.on_hand(&us, MUG).await, 83);
    let searches = || house.amazon().counts()[&(us.seller.clone(), Operation::SearchOrders)].calls;
    let before = searches();
    house.minutes(2).await;
    assert_eq!(searches() - before, 2, "one search a minute serves both");
    house.check_books(&us.organization).await;
}

fn both(word: &str) -> (String, String) {
    (word.to_owned(), word.to_owned())
}

// SPEC: KF-13
#[tokio::test]
async fn each_marketplace_takes_from_its_own_place_where_they_have_two() {
    let house = House::new().await;
    let de = house.shop("acme", &DE).await;
    let mut fr = house.also_on(&de, &FR).await;
    let elsewhere = house.location(&de.organization, "fr").await;
    house.change_connection(&fr, |patch| patch.default_location = Some(Some(elsewhere.clone()))).await;
    fr.location = elsewhere;
    house.activate(&fr).await;
    let (of_de, of_fr) = (house.sell(&de, vec![line(MUG, 1)]), house.sell(&fr, vec![line(MUG, 2)]));
    house.minutes(3).await;
    assert!(house.is_in(&de, &of_de).await && house.is_in(&fr, &of_fr).await);
    assert_eq!((house.on_hand(&de, MUG).await, house.on_hand(&fr, MUG).await), (99, -2));
    house.check_books(&de.organization).await;
}

// SPEC: KF-02, KF-13
#[tokio::test]
async fn an_order_of_another_marketplace_is_not_this_connections() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let id = house.sell_spec(&us, OrderSpec::new(&CA, vec![line(MUG, 1)]));
    house.minutes(3).await;
    assert_eq!(house.outcome(&us, &id).await, "nothing", "its marketplace has no connection");
    house.ask_for(&us, &id).await;
    assert_eq!(house.outcome(&us, &id).await, "skipped other_marketplace");
    assert_eq!(house.on_hand(&us, MUG).await, 100);
}

// SPEC: KF-15
#[tokio::test]
async fn an_order_without_a_buyer_comes_in_all_the_same() {
    let (house, shop) = House::with_shop().await;
    let without = house.sell_spec(&shop, OrderSpec::new(&US, vec![line(MUG, 1)]).quirk(Quirk::NoBuyer));
    let nulls = house.sell_spec(&shop, OrderSpec::new(&US, vec![line(MUG, 1)]).quirk(Quirk::Nulls));
    house.minutes(3).await;
    for id in [&without, &nulls] {
        assert!(house.is_in(&shop, id).await, "{}", house.sentence(&shop, id).await);
        assert_eq!(house.order(&shop, id).await.unwrap().customer, None);
    }
    assert_eq!(house.person(&shop, &without).await, None);
}

// SPEC: KF-04, KF-01
#[tokio::test]
async fn the_old_orders_api_serves_a_connection_that_is_set_to_it() {
    let house = House::new().await;
    let shop = house.idle_shop("acme", &US).await;
    house.usual_stock(&shop).await;
    house
        .change_connection(&shop, |patch| {
            patch.settings = weir_app::connections::settings([("orders_api", "v0".into())])
        })
        .await;
    house.activate(&shop).await;
    let ids = [
        house.sell(&shop, vec![line(MUG, 3)]),
        house.sell(&shop, vec![line(TEA, 6), LineSpec::new(CAMERA, 1, 49_900).taxed(825).serials(["SN-3"])]),
    ];
    // More lines than one page of the items has.
    let lines: Vec<LineSpec> = (0..40).map(|_| line(MUG, 1)).collect();
    let long = house.sell(&shop, lines);
    house.minutes(3).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{}", house.sentence(&shop, id).await);
    }
    assert_eq!(house.order(&shop, &long).await.unwrap().rows.len(), 40);
    assert_eq!(house.moved(&shop, &ids[1]).await, ["-1 CAMERA [\"SN-3\"]", "-1 TEA L2", "-5 TEA L1"]);
    assert_eq!(house.on_hand(&shop, MUG).await, 57);
    let total = house.amazon().order(&long).unwrap().state.total();
    assert_eq!(house.order(&shop, &long).await.unwrap().totals().total, total);
    let counts = house.amazon().counts();
    assert!(!counts.contains_key(&(shop.seller.clone(), Operation::SearchOrders)), "{counts:?}");
    assert_eq!(house.amazon().worst_excess(), 0);
    house.check_books(&shop.organization).await;
}

// SPEC: G-03
#[tokio::test]
async fn an_order_that_amazon_does_not_know_is_said_to_be_unknown() {
    let (house, shop) = House::with_shop().await;
    house.ask_for(&shop, "111-0000000-0000000").await;
    assert_eq!(house.outcome(&shop, "111-0000000-0000000").await, "failed order_not_found");
    let reason = house.account(&shop, "111-0000000-0000000").await.unwrap().outcome.reason;
    assert!(reason.action.is_some());
    // It is another seller's: the same answer.
    let other = house.shop("other", &JP).await;
    let id = house.sell(&other, vec![line(MUG, 1)]);
    house.ask_for(&shop, &id).await;
    assert_eq!(house.outcome(&shop, &id).await, "failed order_not_found");
    assert!(ChannelOrderId::parse(&id).is_ok());
}
