//! What leaves the stock: on hand, batches, serial numbers.

use super::scene::{
    Scene, another_order, at, batch, dec, fba, imported, key, line, other_place, serial, shipped, variant_id,
    with_serials,
};
use crate::{
    decide::Decision,
    ids::{RowId, SalesOrderId},
    sales_order::Flag,
    stock::{BatchTake, Cause, SerialState},
    variant::Tracking,
};

/// Movements as `quantity batch serials`.
fn moved(decision: &Decision) -> Vec<String> {
    let written = decision.changes.movements.iter().map(|movement| {
        let batch = movement.batch.as_deref().unwrap_or("-");
        format!("{} {batch} {}", movement.quantity, movement.serial_numbers.join(","))
    });
    written.map(|line| line.trim_end().to_owned()).collect()
}

fn flags(decision: &Decision) -> Vec<Flag> {
    imported(decision).flags.iter().copied().collect()
}

fn this_order() -> SalesOrderId {
    SalesOrderId::parse_any("con_1~111-1").unwrap()
}

// SPEC: KF-08, G-10 (what has physically left is always booked)
#[test]
fn on_hand_may_go_below_zero_and_says_so() {
    for (units, on_hand, flagged) in [(9, 1, false), (10, 0, false), (11, -1, true)] {
        let decision = Scene::new().decide(&shipped(vec![line("A", units)]));
        assert_eq!(decision.changes.items[&key("A")].on_hand, on_hand);
        assert_eq!(flags(&decision) == [Flag::NegativeStock], flagged);
    }
    let mut nowhere = Scene::new();
    nowhere.stock.items.clear();
    let decision = nowhere.decide(&shipped(vec![line("A", 2)]));
    assert_eq!(decision.changes.items[&key("A")].on_hand, -2);
}

// SPEC: KF-10, G-10 (table: batches, units, movements, what is left, flags)
#[test]
fn batches_leave_first_in_first_out() {
    type Case<'a> = (i64, &'a [&'a str], &'a [(&'a str, i64)], &'a [Flag]);
    let cases: [Case<'_>; 6] = [
        (2, &["-2 OLD"], &[("OLD", 1), ("MID", 4), ("NEW", 5)], &[]),
        (3, &["-3 OLD"], &[("MID", 4), ("NEW", 5)], &[]),
        (4, &["-3 OLD", "-1 MID"], &[("MID", 3), ("NEW", 5)], &[]),
        (8, &["-3 OLD", "-4 MID", "-1 NEW"], &[("NEW", 4)], &[]),
        (12, &["-3 OLD", "-4 MID", "-5 NEW"], &[], &[]),
        (14, &["-3 OLD", "-4 MID", "-5 NEW", "-2 -"], &[], &[Flag::MissingTrackingData, Flag::NegativeStock]),
    ];
    for (units, movements, left, flagged) in cases {
        let scene =
            Scene::new().with_batches("B", vec![batch("MID", 5, 4), batch("NEW", 9, 5), batch("OLD", 1, 3)]);
        let decision = scene.decide(&shipped(vec![line("B", units)]));
        assert_eq!(moved(&decision), movements, "{units} units");
        let item = &decision.changes.items[&key("B")];
        let batches: Vec<(&str, i64)> =
            item.batches.iter().map(|b| (b.number.as_str(), b.quantity)).collect();
        assert_eq!((&batches[..], item.on_hand), (left, 12 - units), "{units} units");
        assert_eq!(flags(&decision), flagged, "{units} units");
        let taken: i64 =
            imported(&decision).fulfillments[0].rows[0].batches.iter().map(|take| take.quantity).sum();
        assert_eq!(taken, units.min(12));
    }
}

// SPEC: G-10 (units without a batch leave after the batches, and are flagged though on hand)
#[test]
fn units_without_a_batch_are_booked_without_and_flagged() {
    let mut scene = Scene::new().with_batches("B", vec![batch("X", 1, 2)]);
    scene.stock.items.get_mut(&key("B")).unwrap().on_hand = 5;
    let decision = scene.decide(&shipped(vec![line("B", 4)]));
    assert_eq!(moved(&decision), ["-2 X", "-2 -"]);
    assert_eq!(flags(&decision), [Flag::MissingTrackingData]);
}

// SPEC: KF-10 (two rows of one SKU share its batches, in the order of the rows)
#[test]
fn two_rows_of_one_sku_share_the_stock() {
    let scene = Scene::new().with_batches("B", vec![batch("X", 1, 3), batch("Y", 2, 3)]);
    let mut second = line("B", 3);
    second.line_id = "second".to_owned();
    let decision = scene.decide(&shipped(vec![line("B", 2), second]));
    assert_eq!(moved(&decision), ["-2 X", "-1 X", "-2 Y"]);
    assert_eq!(decision.changes.items.len(), 1);
    assert_eq!(decision.changes.items[&key("B")].on_hand, 1);
    let rows = &imported(&decision).fulfillments[0].rows;
    assert_eq!(rows[0].batches, [BatchTake { number: "X".to_owned(), quantity: 2 }]);
    assert_eq!(rows[1].batches.len(), 2);
    // Each movement has a cause of its own. (I15)
    let causes: Vec<&Cause> = decision.changes.movements.iter().map(|movement| &movement.cause).collect();
    let part = |row: &str, part| Cause::Delivery { order: this_order(), row: RowId::from_token(row), part };
    assert_eq!(causes, [&part("L-B", 0), &part("second", 0), &part("second", 1)]);
}

// SPEC: KF-11
#[test]
fn serial_tracked_units_leave_with_their_numbers() {
    let scene = Scene::new()
        .with("S", Tracking::Serial, 3)
        .with_serial(serial("S", "S1", SerialState::InStock(fba())))
        .with_serial(serial("S", "S2", SerialState::InStock(fba())));
    let decision = scene.decide(&shipped(vec![with_serials(line("S", 2), &["S2", "S1"])]));
    assert_eq!(moved(&decision), ["-2 - S2,S1"]);
    assert!(flags(&decision).is_empty());
    let sold: Vec<_> = decision.changes.serials.iter().map(|serial| serial.number.as_str()).collect();
    assert_eq!(sold, ["S1", "S2"]);
    assert!(decision.changes.serials.iter().all(|serial| serial.state == SerialState::Sold(this_order())));
    assert_eq!(imported(&decision).fulfillments[0].rows[0].serial_numbers, ["S2", "S1"]);
}

// SPEC: KF-11, I12 (a number is used at most once; what cannot be booked is said)
#[test]
fn serial_numbers_that_cannot_have_left_are_flagged() {
    type Case<'a> = (&'a [&'a str], i64, &'a [&'a str], Option<&'a str>, &'a str);
    let cases: [Case<'_>; 8] = [
        (&[], 1, &[], None, "serial_numbers_missing"),
        (&["S1"], 2, &["S1"], None, "serial_numbers_missing"),
        (&["NEW"], 1, &["NEW"], None, "serial_numbers_new"),
        (&["SOLD"], 1, &[], Some("SOLD"), "left with order so_another before"),
        (&["AWAY"], 1, &[], Some("AWAY"), "is recorded at loc_own"),
        (&["GONE"], 1, &[], Some("GONE"), "was taken out of the books"),
        (&["S1", "S1"], 2, &["S1"], None, "is in this order already"),
        (&["S1", "NEW"], 1, &["S1"], Some("NEW"), "is one more than units left"),
    ];
    for (given, units, taken, kept, says) in cases {
        let scene = Scene::new()
            .with("S", Tracking::Serial, 9)
            .with_serial(serial("S", "S1", SerialState::InStock(fba())))
            .with_serial(serial("S", "SOLD", SerialState::Sold(another_order())))
            .with_serial(serial("S", "AWAY", SerialState::InStock(other_place())))
            .with_serial(serial("S", "GONE", SerialState::Removed));
        let decision = scene.decide(&shipped(vec![with_serials(line("S", units), given)]));
        let order = imported(&decision);
        assert_eq!(order.fulfillments[0].rows[0].serial_numbers, taken, "{given:?}");
        assert_eq!(order.rows[0].attributes.get("serial_numbers").map(String::as_str), kept, "{given:?}");
        assert_eq!(flags(&decision), [Flag::MissingTrackingData], "{given:?}");
        let said =
            decision.because.iter().any(|because| because.code == says || because.message.contains(says));
        assert!(said, "{given:?}: {:?}", decision.because);
        let sold: Vec<&str> = decision.changes.serials.iter().map(|serial| serial.number.as_str()).collect();
        assert_eq!(sold, taken, "only what left is written");
        assert_eq!(decision.changes.movements[0].quantity, -units);
    }
}

// SPEC: KF-12 (not serial-tracked, yet with numbers)
#[test]
fn numbers_of_an_untracked_variant_match_records_or_stay_with_the_row() {
    type Case<'a> = (&'a [&'a str], &'a str, Option<&'a str>);
    let cases: [Case<'_>; 4] = [
        (&["K1"], "-3 - K1", None),
        (&["K1", "X1", "X2"], "-3 - K1", Some("X1,X2")),
        (&["X1", "", " "], "-3 -", Some("X1")),
        (&[], "-3 -", None),
    ];
    for (given, movement, kept) in cases {
        let scene = Scene::new().with_serial(serial("A", "K1", SerialState::InStock(fba())));
        let decision = scene.decide(&shipped(vec![with_serials(line("A", 3), given)]));
        assert_eq!(moved(&decision), [movement], "{given:?}");
        let attributes = &imported(&decision).rows[0].attributes;
        assert_eq!(attributes.get("serial_numbers").map(String::as_str), kept, "{given:?}");
        let flagged = flags(&decision) == [Flag::MissingTrackingData];
        assert_eq!(flagged, kept.is_some(), "{given:?}");
    }
}

// SPEC: KF-12, KF-10 (numbers spread over the movements of a batch-tracked row)
#[test]
fn no_movement_has_more_numbers_than_units() {
    let mut scene = Scene::new().with_batches("B", vec![batch("X", 1, 1), batch("Y", 2, 5)]);
    for number in ["1", "2"] {
        scene = scene.with_serial(serial("B", number, SerialState::InStock(fba())));
    }
    let decision = scene.decide(&shipped(vec![with_serials(line("B", 3), &["1", "2"])]));
    assert_eq!(moved(&decision), ["-1 X 1", "-2 Y 2"]);
}

// I12 (also over two rows, and the same number of another variant is another unit)
#[test]
fn a_number_leaves_once_in_an_order() {
    let scene = Scene::new()
        .with("S", Tracking::Serial, 5)
        .with("T", Tracking::Serial, 5)
        .with_serial(serial("S", "1", SerialState::InStock(fba())))
        .with_serial(serial("T", "1", SerialState::InStock(fba())));
    let mut again = with_serials(line("S", 1), &["1"]);
    again.line_id = "again".to_owned();
    let lines = vec![with_serials(line("S", 1), &["1"]), with_serials(line("T", 1), &["1"]), again];
    let decision = scene.decide(&shipped(lines));
    assert_eq!(moved(&decision), ["-1 - 1", "-1 - 1", "-1 -"]);
    assert_eq!(decision.changes.serials.len(), 2);
    assert_eq!(decision.changes.serials[0].variant, variant_id("S"));
}

// SPEC: G-05 (what the units shipped count, not what was ordered; money is the line's)
#[test]
fn shipped_units_count() {
    let mut partly = line("A", 5);
    partly.shipped_quantity = Some(3);
    partly.amount = Some(dec("6.00"));
    let decision = Scene::new().decide(&shipped(vec![partly]));
    let row = &imported(&decision).rows[0];
    assert_eq!((row.quantity, row.price_per_unit), (3, Some(dec("2"))));
    assert_eq!(decision.changes.items[&key("A")].on_hand, 7);
    assert_eq!(decision.changes.movements[0].at, at(super::scene::SHIPPED));
}
