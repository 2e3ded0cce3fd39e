//! Orders of a store that has one status for the whole of each, from its first activation to the books here
//! and back.

use jiff::SignedDuration;
use weir_app::{
    acts::{
        fulfill::{NewParcel, fulfill},
        remove,
    },
    connections,
};
use weir_domain::{
    connection::NotificationLink,
    sales_order::{FulfillmentRow, FulfillmentStatus, OrderStatus},
};
use weir_sandbox::{
    Now,
    bigcommerce::{CouponSpec, Faults, LineSpec, OrderSpec, ProductKind, status},
};
use weir_tests::{House, store::deliver, web_shop::WebShop};

fn mugs(quantity: i64) -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new("MUG-1", quantity, 1_000).taxed(825)])
}

fn with_status(status: i64) -> OrderSpec {
    OrderSpec { status, ..mugs(1) }
}

/// A person packs or delivers units of an order's only row.
async fn hand(house: &House, shop: &WebShop, id: u64, token: &str, quantity: i64) {
    let order = shop.order(house, id).await.unwrap();
    let row = FulfillmentRow {
        row: order.rows[0].id.clone(),
        quantity,
        batches: Vec::new(),
        serial_numbers: Vec::new(),
    };
    let status = FulfillmentStatus::Delivered;
    let new = NewParcel { status, rows: vec![row], tracking: None, shipped_at: None };
    fulfill(&house.hub, &shop.organization, &order.id, token, new, "somebody").await.unwrap();
    house.settle().await;
}

fn status_of(house: &House, shop: &WebShop, id: u64) -> i64 {
    house.crossing.bigcommerce().order(&shop.domain, id).unwrap().status
}

// SPEC: KB-01, KB-02, KB-03
#[tokio::test]
async fn the_first_activation_imports_all_that_is_open_and_accounts_for_the_rest() {
    let house = House::new().await;
    let shop = house.store("bluemugs", |_| {}).await;
    let years_ago = house.now() - SignedDuration::from_hours(24 * 900);
    let old = house.place_in_store(&shop, mugs(2), years_ago);
    let gone = house.place_in_store(&shop, with_status(status::COMPLETED), years_ago);
    let held = house.place_in_store(&shop, with_status(status::MANUAL_VERIFICATION), years_ago);
    let unpaid = house.place_in_store(&shop, with_status(status::AWAITING_PAYMENT), years_ago);
    house.activate_store(&shop).await;
    house.minutes(6).await;
    assert_eq!(shop.outcome(&house, old).await, "imported open_order", "{:?}", house.errors());
    assert_eq!(shop.outcome(&house, gone).await, "never seen", "what was done before is not gone through");
    assert_eq!(shop.outcome(&house, held).await, "waiting manual_verification");
    assert_eq!(shop.outcome(&house, unpaid).await, "waiting payment_pending");

    // What comes and changes from then on is found by the search alone.
    let new = house.place_in_store(&shop, mugs(1), house.now());
    let abandoned = house.place_in_store(&shop, with_status(status::INCOMPLETE), house.now());
    house.crossing.bigcommerce().set_status(
        &shop.domain,
        held,
        status::AWAITING_FULFILLMENT,
        Now::at(house.now()),
    );
    house.minutes(6).await;
    assert_eq!(shop.outcome(&house, new).await, "imported open_order");
    assert_eq!(shop.outcome(&house, abandoned).await, "skipped incomplete_checkout");
    assert_eq!(shop.outcome(&house, held).await, "imported open_order");

    // While it is off nothing comes, and what changed meanwhile comes after. (SPEC KB-01)
    connections::deactivate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    let meanwhile = house.place_in_store(&shop, mugs(1), house.now());
    house.minutes(30).await;
    assert!(shop.order(&house, meanwhile).await.is_none());
    house.activate_store(&shop).await;
    house.minutes(6).await;
    assert_eq!(shop.outcome(&house, meanwhile).await, "imported open_order");
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KB-04, KB-05, G-06, G-08
#[tokio::test]
async fn money_comes_in_to_the_smallest_unit() {
    let house = House::new().await;
    let shop = house.store("bluemugs", |_| {}).await;
    house.activate_store(&shop).await;
    let coupon = CouponSpec { code: "TEN".to_owned(), amount: 333, is_for_shipping: false };
    let spec = OrderSpec {
        lines: vec![LineSpec::new("A", 3, 1_999).taxed(825), LineSpec::new("B", 1, 777).taxed(825)],
        shipping: (590, 825),
        discount: 101,
        coupons: vec![coupon],
        paid_in: Some(("EUR", 2, 920_000)),
        ..mugs(1)
    };
    let id = house.place_in_store(&shop, spec, house.now());
    house.minutes(6).await;
    let order = shop.order(&house, id).await.unwrap();
    let charged = house.crossing.bigcommerce().order(&shop.domain, id).unwrap().charged();
    assert_eq!(order.totals().total.unwrap().to_string().replace('.', ""), charged.to_string());
    assert_eq!(order.channel_total.unwrap().currency.code(), "EUR");
    assert!(order.flags.is_empty(), "{:?}", order.flags);
}

// SPEC: KB-08, KB-10, KB-11, KS-46
#[tokio::test]
async fn delivered_here_completes_the_order_there_and_the_other_way_round() {
    let house = House::new().await;
    let shop = house.store("bluemugs", |_| {}).await;
    house.activate_store(&shop).await;
    let (ours, theirs) = (
        house.place_in_store(&shop, mugs(3), house.now()),
        house.place_in_store(&shop, mugs(2), house.now()),
    );
    house.minutes(6).await;
    assert_eq!(shop.stock(&house, "MUG-1").await, (0, 5));

    hand(&house, &shop, ours, "one", 1).await;
    assert_eq!(status_of(&house, &shop, ours), status::AWAITING_FULFILLMENT, "a part says nothing");
    hand(&house, &shop, ours, "two", 2).await;
    assert_eq!(status_of(&house, &shop, ours), status::COMPLETED, "{:?}", house.errors());
    let timeline = shop.timeline(&house, ours).await;
    house.minutes(10).await;
    assert_eq!(shop.timeline(&house, ours).await, timeline, "its echo changes nothing");
    assert_eq!(shop.stock(&house, "MUG-1").await, (-3, 2));

    house.crossing.bigcommerce().ship(&shop.domain, theirs, 0, 2, Now::at(house.now()));
    house.minutes(6).await;
    assert_eq!(shop.order(&house, theirs).await.unwrap().status, OrderStatus::NotShipped, "shipped alone");
    house.crossing.bigcommerce().set_status(&shop.domain, theirs, status::COMPLETED, Now::at(house.now()));
    house.minutes(6).await;
    assert_eq!(shop.order(&house, theirs).await.unwrap().status, OrderStatus::Delivered);
    assert_eq!(shop.stock(&house, "MUG-1").await, (-5, 0));
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KB-12, KB-10
#[tokio::test]
async fn without_sync_neither_side_hears_of_the_other_and_what_was_cancelled_stays_so() {
    let house = House::new().await;
    let quiet = house.store("quiet", |settings| settings.sync_fulfillment_status = false).await;
    let shop = house.store("bluemugs", |_| {}).await;
    house.activate_store(&quiet).await;
    house.activate_store(&shop).await;
    let unsynced = house.place_in_store(&quiet, mugs(1), house.now());
    let cancelled = house.place_in_store(&shop, mugs(1), house.now());
    house.minutes(6).await;
    hand(&house, &quiet, unsynced, "one", 1).await;
    assert_eq!(status_of(&house, &quiet, unsynced), status::AWAITING_FULFILLMENT);
    house.crossing.bigcommerce().set_status(&shop.domain, cancelled, status::CANCELLED, Now::at(house.now()));
    hand(&house, &shop, cancelled, "one", 1).await;
    assert_eq!(status_of(&house, &shop, cancelled), status::CANCELLED);
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KB-06
#[tokio::test]
async fn a_custom_item_waits_or_becomes_a_product() {
    let house = House::new().await;
    let shop = house.store("bluemugs", |_| {}).await;
    let makes = house.store("makes", |settings| settings.create_custom_items = true).await;
    house.activate_store(&shop).await;
    house.activate_store(&makes).await;
    let typed = || {
        let line = LineSpec { kind: ProductKind::Custom, ..LineSpec::new("", 1, 500) };
        OrderSpec::new(vec![line])
    };
    let waits = house.place_in_store(&shop, typed(), house.now());
    let comes = house.place_in_store(&makes, typed(), house.now());
    house.minutes(6).await;
    assert_eq!(shop.outcome(&house, waits).await, "waiting custom_item");
    assert_eq!(makes.outcome(&house, comes).await, "imported open_order");
}

// SPEC: KB-20, KB-07
#[tokio::test]
async fn two_stores_share_a_catalogue_and_never_an_order() {
    let house = House::new().await;
    let bags = house.store("bluebags", |_| {}).await;
    let belts = house.store_beside(&bags, "bluebelts").await;
    house.activate_store(&bags).await;
    house.activate_store(&belts).await;
    let (one, other) = (
        house.place_in_store(&bags, mugs(2), house.now()),
        house.place_in_store(&belts, mugs(5), house.now()),
    );
    assert_eq!(one, other, "both stores number their orders alike");
    house.minutes(6).await;
    let (of_bags, of_belts) =
        (bags.order(&house, one).await.unwrap(), belts.order(&house, other).await.unwrap());
    assert_eq!(of_bags.order_no, of_belts.order_no);
    assert_ne!(of_bags.id, of_belts.id);
    assert_eq!((of_bags.rows[0].quantity, of_belts.rows[0].quantity), (2, 5));
    assert_eq!(of_bags.rows[0].variant, of_belts.rows[0].variant, "the same SKU is one variant");
    assert_eq!(bags.stock(&house, "MUG-1").await, (0, 7));

    // What happens to the one is none of the other's.
    house.crossing.bigcommerce().set_status(&bags.domain, one, status::COMPLETED, Now::at(house.now()));
    house.minutes(6).await;
    assert_eq!(bags.order(&house, one).await.unwrap().status, OrderStatus::Delivered);
    assert_eq!(belts.order(&house, other).await.unwrap().status, OrderStatus::NotShipped);
    assert_eq!(status_of(&house, &belts, other), status::AWAITING_FULFILLMENT);
    hand(&house, &belts, other, "all", 5).await;
    assert_eq!(status_of(&house, &belts, other), status::COMPLETED);
    assert_eq!(bags.stock(&house, "MUG-1").await, (-7, 0));
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KB-07
#[tokio::test]
async fn an_order_comes_in_once_and_not_again_after_it_was_deleted() {
    let house = House::new().await;
    let shop = house.store("bluemugs", |_| {}).await;
    house.activate_store(&shop).await;
    let id = house.place_in_store(&shop, mugs(2), house.now());
    house.minutes(6).await;
    let order = shop.order(&house, id).await.unwrap();
    for at in [9, 11] {
        house.crossing.bigcommerce().set_status(&shop.domain, id, at, Now::at(house.now()));
        deliver(&house).await;
        house.minutes(6).await;
    }
    assert_eq!(shop.order(&house, id).await.unwrap().rows, order.rows, "seen again it is the same order");
    assert_eq!(shop.stock(&house, "MUG-1").await, (0, 2));

    remove::delete(&house.hub, &shop.organization, &order.id, "somebody").await.unwrap();
    house.settle().await;
    // It changes in the store, the connection goes to work again, and the order is completed there.
    for status in [status::AWAITING_SHIPMENT, status::COMPLETED] {
        house.crossing.bigcommerce().set_status(&shop.domain, id, status, Now::at(house.now()));
        deliver(&house).await;
        house.minutes(6).await;
        connections::deactivate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
        house.activate_store(&shop).await;
        house.minutes(6).await;
        assert!(shop.order(&house, id).await.unwrap().deleted_at.is_some(), "{status}");
        assert_eq!(shop.outcome(&house, id).await, "skipped deleted_in_weir");
    }
    assert_eq!(shop.stock(&house, "MUG-1").await, (0, 0));
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: OP-08, G-01
#[tokio::test]
async fn hooks_bring_orders_within_seconds_and_the_search_brings_what_they_lose() {
    let house = House::new().await;
    let shop = house.store("bluemugs", |_| {}).await;
    house.activate_store(&shop).await;
    assert_eq!(house.crossing.bigcommerce().hooks_of(&shop.domain).len(), 6);
    let connection = house.store_connection(&shop).await;
    assert!(matches!(connection.notifications, NotificationLink::Subscribed { .. }));
    house.minutes(2).await;
    let id = house.place_in_store(&shop, mugs(1), house.now());
    assert_eq!(deliver(&house).await, 1);
    house.settle().await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());

    house.crossing.bigcommerce().faults = Faults { lost_webhooks: 1_000, ..Faults::BAD_DAY };
    let lost = house.place_in_store(&shop, mugs(1), house.now());
    house.minutes(40).await;
    assert_eq!(shop.outcome(&house, lost).await, "imported open_order", "{:?}", house.errors());
}
