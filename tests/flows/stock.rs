//! What leaves with an order: batches first in first out, units with serial numbers, and what is booked
//! although the books do not have it.

use jiff::SignedDuration;
use weir_domain::{
    sales_order::{Flag, SalesOrder},
    stock::SerialState,
};
use weir_sandbox::amazon::LineSpec;
use weir_tests::{
    House, Shop,
    shop::{CAMERA, MUG, TEA, batch, line, pieces},
};

async fn import(house: &House, shop: &Shop, lines: Vec<LineSpec>) -> SalesOrder {
    let id = house.sell(shop, lines);
    house.minutes(3).await;
    assert!(house.is_in(shop, &id).await, "{}", house.sentence(shop, &id).await);
    house.order(shop, &id).await.unwrap()
}

fn flags(order: &SalesOrder) -> Vec<Flag> {
    order.flags.iter().copied().collect()
}

// SPEC: KF-10, G-10
#[tokio::test]
async fn batches_leave_first_in_first_out() {
    let (house, shop) = House::with_shop().await;
    let order = import(&house, &shop, vec![line(TEA, 7)]).await;
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-2 TEA L2", "-5 TEA L1"]);
    let takes: Vec<String> = order.fulfillments[0].rows[0]
        .batches
        .iter()
        .map(|take| format!("{} {}", take.number, take.quantity))
        .collect();
    assert_eq!(takes, ["L1 5", "L2 2"]);
    assert_eq!(house.batches(&shop, TEA).await, ["L2 38"]);
    assert_eq!(flags(&order), []);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-10, G-10
#[tokio::test]
async fn two_rows_of_one_order_take_one_after_the_other() {
    let (house, shop) = House::with_shop().await;
    let order = import(&house, &shop, vec![line(TEA, 4), line(TEA, 3)]).await;
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-1 TEA L1", "-2 TEA L2", "-4 TEA L1"]);
    house.check_books(&shop.organization).await;
}

// SPEC: G-10
#[tokio::test]
async fn what_batches_do_not_cover_leaves_without_one_and_is_flagged() {
    let (house, shop) = House::with_shop().await;
    let order = import(&house, &shop, vec![line(TEA, 50)]).await;
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-40 TEA L2", "-5 TEA", "-5 TEA L1"]);
    assert_eq!(flags(&order), [Flag::MissingTrackingData, Flag::NegativeStock]);
    assert_eq!(house.on_hand(&shop, TEA).await, -5);
    assert!(house.batches(&shop, TEA).await.is_empty());
    let because = house.because(&shop, &order.order_no).await;
    assert!(because.iter().any(|because| because.contains("did not cover 5 of 50")), "{because:?}");
    // What comes in later is a batch again, and the next order takes from it.
    house.stock(&shop, vec![batch(TEA, 10, "L3", house.now())]).await;
    let order = import(&house, &shop, vec![line(TEA, 2)]).await;
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-2 TEA L3"]);
    house.check_books(&shop.organization).await;
}

// SPEC: G-10
#[tokio::test]
async fn what_has_left_is_booked_below_zero_and_flagged() {
    let (house, shop) = House::with_shop().await;
    let order = import(&house, &shop, vec![line(MUG, 101)]).await;
    assert_eq!(flags(&order), [Flag::NegativeStock]);
    assert_eq!(house.on_hand(&shop, MUG).await, -1);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-11
#[tokio::test]
async fn a_unit_leaves_with_its_serial_number() {
    let (house, shop) = House::with_shop().await;
    let lines = vec![LineSpec::new(CAMERA, 2, 49_900).taxed(825).serials(["SN-2", "SN-4"])];
    let order = import(&house, &shop, lines).await;
    assert_eq!(flags(&order), []);
    assert_eq!(order.fulfillments[0].rows[0].serial_numbers, ["SN-2", "SN-4"]);
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-2 CAMERA [\"SN-2\", \"SN-4\"]"]);
    assert_eq!(house.serial(&shop, CAMERA, "SN-2").await, Some(SerialState::Sold(order.id.clone())));
    assert_eq!(house.serial(&shop, CAMERA, "SN-1").await, Some(SerialState::InStock(shop.location.clone())));
    // The same unit cannot leave twice.
    let again = vec![LineSpec::new(CAMERA, 1, 49_900).taxed(825).serials(["SN-2"])];
    let second = import(&house, &shop, again).await;
    assert_eq!(flags(&second), [Flag::MissingTrackingData]);
    assert_eq!(house.serial(&shop, CAMERA, "SN-2").await, Some(SerialState::Sold(order.id)));
    assert_eq!(second.rows[0].attributes.values().collect::<Vec<_>>(), ["SN-2"]);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-11
#[tokio::test]
async fn without_serial_data_the_order_comes_in_flagged() {
    let (house, shop) = House::with_shop().await;
    let order = import(&house, &shop, vec![line(CAMERA, 2)]).await;
    assert_eq!(flags(&order), [Flag::MissingTrackingData]);
    assert_eq!(house.on_hand(&shop, CAMERA).await, 3);
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-2 CAMERA"]);
    // A number that was never recorded is recorded as sold.
    let lines = vec![LineSpec::new(CAMERA, 1, 49_900).taxed(825).serials(["NEVER-SEEN"])];
    let order = import(&house, &shop, lines).await;
    assert_eq!(flags(&order), [Flag::MissingTrackingData]);
    assert_eq!(house.serial(&shop, CAMERA, "NEVER-SEEN").await, Some(SerialState::Sold(order.id)));
    house.check_books(&shop.organization).await;
}

// SPEC: KF-12
#[tokio::test]
async fn serial_numbers_of_what_is_kept_by_the_piece_stay_with_the_row() {
    let (house, shop) = House::with_shop().await;
    let lines = vec![LineSpec::new(MUG, 2, 1999).taxed(825).serials(["X-1", "X-2"])];
    let order = import(&house, &shop, lines).await;
    assert_eq!(flags(&order), [Flag::MissingTrackingData]);
    assert_eq!(order.rows[0].attributes.values().collect::<Vec<_>>(), ["X-1,X-2"]);
    assert_eq!(house.serial(&shop, MUG, "X-1").await, None);
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-2 MUG"]);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-08, G-05
#[tokio::test]
async fn a_service_in_an_order_moves_no_stock() {
    let (house, shop) = House::with_shop().await;
    house.service(&shop, "ENGRAVING").await;
    let order = import(&house, &shop, vec![line(MUG, 1), line("ENGRAVING", 1)]).await;
    assert_eq!(order.rows.len(), 2);
    assert_eq!(house.moved(&shop, &order.order_no).await, ["-1 MUG"]);
}

// SPEC: G-10, G-02
#[tokio::test]
async fn a_person_and_an_import_at_the_same_stock_lose_nothing() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 10)]);
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    let (_, ()) = tokio::join!(house.consume(), house.stock(&shop, vec![pieces(MUG, 50)]));
    house.settle().await;
    assert!(house.is_in(&shop, &id).await);
    assert_eq!(house.on_hand(&shop, MUG).await, 140);
    house.check_books(&shop.organization).await;
}
