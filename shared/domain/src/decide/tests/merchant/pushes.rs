//! What is packed or delivered here, on its way to the shop. (SPEC KS-17, KS-41, KS-43, KS-45 to KS-47)

use std::collections::BTreeSet;

use super::{
    super::scene::{at, batch, serial, variant, variant_id},
    shop::{Did, MAIN, NOW, SECOND, Weir, key, parcel, row_id},
};
use crate::{
    channel_order::shop::{DeliveryMethod, FulfillmentOrderState},
    decide::{
        fulfill::{Here, NewFulfillment, deliver_packed, fulfill, track},
        push::{self, PushPlan},
    },
    event::{DomainEvent, Effect},
    ids::{FulfillmentId, SalesOrderId},
    sales_order::{Flag, FulfillmentRow, FulfillmentStatus, Tracking as Parcel, TrackingPatch},
    stock::{BatchTake, SerialState, StockItem},
    variant::Tracking,
};
use Did::{Cancel, Deliver, DeliverPacked, Delivery, Edit, Fulfil, Look, Move, Pack, PackWith, Set};

fn after(history: &[Did]) -> Weir {
    let mut weir = Weir::new(&[("A", 2), ("B", 1)]);
    for did in history {
        weir.happen(did);
    }
    weir
}

fn plan(weir: &Weir, id: &str) -> PushPlan {
    let id = FulfillmentId::from_token(id);
    push::plan(weir.order(), &id, &weir.shop.state(), &weir.scene.connection).unwrap()
}

/// The calls in a few words: place, then fulfillment order, line and units.
fn told(plan: &PushPlan) -> Vec<String> {
    let call = |call: &push::PushCall| {
        let units = call.parts.iter().flat_map(|part| {
            part.units().map(|units| format!("{} {} {}", part.fulfillment_order, units.line, units.quantity))
        });
        units.collect::<Vec<_>>().join(", ")
    };
    plan.calls.iter().map(call).collect()
}

fn pushes(weir: &Weir) -> Vec<&str> {
    let of_effect = |effect: &'_ Effect| matches!(effect, Effect::CreateFulfillment { .. });
    weir.sent
        .iter()
        .filter(|effect| of_effect(effect))
        .map(|effect| match effect {
            Effect::CreateFulfillment { fulfillment, .. } => fulfillment.as_str(),
            _ => "",
        })
        .collect()
}

// SPEC: KS-41 (packed or delivered is told once; packed rows that are delivered later not again)
#[test]
fn what_is_handled_here_is_told_to_the_shop_once() {
    let table: &[(&[Did], &[&str])] = &[
        (&[Look, Pack("w1", &[("A", 2)])], &["ful_w1"]),
        (&[Look, Pack("w1", &[("A", 2)]), DeliverPacked("w1")], &["ful_w1"]),
        (&[Look, Deliver("w1", &[("A", 1)]), Deliver("w2", &[("A", 1), ("B", 1)])], &["ful_w1", "ful_w2"]),
        (&[Look, Set(|settings| settings.sync_fulfillment_status = false), Pack("w1", &[("A", 2)])], &[]),
        (&[Look, Fulfil("f1", &[("A", 2)]), Look], &[]),
    ];
    for (history, expected) in table {
        assert_eq!(pushes(&after(history)), *expected, "{history:?}");
    }
}

// SPEC: KS-47
#[test]
fn an_order_made_here_is_told_to_no_shop() {
    let mut weir = after(&[Look]);
    weir.scene.order.as_mut().unwrap().source = None;
    weir.happen(&Pack("w1", &[("A", 2)]));
    assert!(pushes(&weir).is_empty());
}

// SPEC: KS-41, KS-43
#[test]
fn a_push_is_planned_upon_the_shop_as_it_is() {
    let all: &[(&str, i64)] = &[("A", 2), ("B", 1)];
    let table: &[(&[Did], &[&str], &str)] = &[
        (&[Look, Pack("w1", all)], &["FO-L1 F-A 2, FO-L1 F-B 1"], ""),
        (&[Look, Pack("w1", &[("A", 1)])], &["FO-L1 F-A 1"], ""),
        // One call for each place.
        (&[Move("B", SECOND), Look, Deliver("w1", all)], &["FO-L1 F-A 2", "FO-L2 F-B 1"], ""),
        // A part is there already: only the rest is made.
        (&[Look, Pack("w1", all), Fulfil("f1", &[("A", 2)])], &["FO-L1 F-B 1"], ""),
        // All is there: an answer was lost, or a person was quicker.
        (&[Look, Pack("w1", all), Fulfil("f1", all)], &[], ""),
        (&[Look, PackWith("w1", all, "1Z9"), Fulfil("f1", all)], &[], ""),
        // The shop has nothing open for it any more.
        (&[Look, Pack("w1", all), Edit("B", 0)], &["FO-L1 F-A 2"], "\"B\": 1 of 1 are not open there"),
        (&[Look, Pack("w1", all), Cancel], &[], "the order was cancelled there"),
        // Picked up: the shop is left alone.
        (&[Delivery(DeliveryMethod::PickUp), Look, Deliver("w1", all)], &[], "mark it so in the shop"),
    ];
    for (history, calls, undone) in table {
        let weir = after(history);
        let plan = plan(&weir, "w1");
        assert_eq!(told(&plan), *calls, "{history:?}");
        let sentence = push::left_undone(&plan).unwrap_or_default();
        assert!(sentence.contains(undone) && sentence.is_empty() == undone.is_empty(), "{sentence}");
        let is_picked_up = plan.order.flags.contains(&Flag::PickupToBeMarked);
        assert_eq!(is_picked_up, plan.is_picked_up);
        assert!(
            plan.calls
                .iter()
                .flat_map(|call| &call.parts)
                .all(|part| part.units().all(|units| units.quantity > 0))
        );
    }
    assert_eq!(
        plan(&after(&[Look, PackWith("w1", all, "1Z9")]), "w1").calls[0].tracking,
        Some(parcel("1Z9"))
    );
}

// SPEC: KS-41, KS-46 (the answer is kept, and the echo then known by its id; a second push makes nothing)
#[test]
fn what_was_pushed_is_known_by_its_id() {
    let mut weir = after(&[Look, Pack("w1", &[("A", 2)])]);
    let id = FulfillmentId::from_token("w1");
    let planned = plan(&weir, "w1");
    let recorded = push::record(&planned.order, &id, &planned.calls[0], "f1");
    assert_eq!(push::record(&recorded, &id, &planned.calls[0], "f1"), recorded);
    weir.scene.order = Some(recorded);
    weir.happen(&Fulfil("f1", &[("A", 2)]));
    assert!(plan(&weir, "w1").calls.is_empty());
    assert_eq!(weir.look().outcome.reason.code.as_str(), "nothing_changed");
    assert_eq!(weir.told(), "not_shipped, A 2 packed 2, B 1");
}

// SPEC: KS-41 (over, held elsewhere or of another place: the row's own place first)
#[test]
fn units_are_taken_from_the_rows_own_place_first() {
    let weir = after(&[Look, Pack("w1", &[("A", 2)])]);
    let mut state = weir.shop.state();
    let mut other = state.shop.fulfillment_orders[0].clone();
    (other.id, other.location) = ("FO-0".to_owned(), Some(SECOND.to_owned()));
    other.lines[0].id = "F-A0".to_owned();
    let mut closed = other.clone();
    (closed.id, closed.state) = ("FO-X".to_owned(), FulfillmentOrderState::Closed);
    state.shop.fulfillment_orders.insert(0, other);
    state.shop.fulfillment_orders.insert(0, closed);
    let id = FulfillmentId::from_token("w1");
    let planned = push::plan(weir.order(), &id, &state, &weir.scene.connection).unwrap();
    assert_eq!(told(&planned), ["FO-L1 F-A 2"]);
    state.shop.fulfillment_orders[2].lines[0].remaining = 1;
    let planned = push::plan(weir.order(), &id, &state, &weir.scene.connection).unwrap();
    assert_eq!(told(&planned), ["FO-L1 F-A 1", "FO-0 F-A0 1"]);
    // What came from the channel is not pushed back.
    let weir = after(&[Look, Fulfil("f1", &[("A", 2)]), Look]);
    let id = FulfillmentId::from_token("f1");
    assert_eq!(push::plan(weir.order(), &id, &weir.shop.state(), &weir.scene.connection), None);
}

// SPEC: KS-45 (delivered here, then marked there)
#[test]
fn a_pickup_is_marked_until_the_shop_shows_it() {
    let all: &[(&str, i64)] = &[("A", 2), ("B", 1)];
    let mut weir = after(&[Delivery(DeliveryMethod::PickUp), Look, Deliver("w1", all)]);
    weir.scene.order = Some(plan(&weir, "w1").order);
    assert!(weir.order().flags.contains(&Flag::PickupToBeMarked));
    weir.happen(&Fulfil("f1", all));
    assert_eq!(weir.look().outcome.reason.code.as_str(), "own_fulfillment");
    assert!(!weir.order().flags.contains(&Flag::PickupToBeMarked));
}

fn refused(weir: &Weir, new: &NewFulfillment) -> Vec<String> {
    let tracking = [].into();
    let here = Here {
        organization: &weir.scene.organization,
        connection: Some(&weir.scene.connection),
        stock: &weir.scene.stock,
        tracking: &tracking,
        services: &BTreeSet::new(),
        now: at(NOW),
    };
    let errors = fulfill(weir.order(), new, &here).unwrap_err();
    errors.into_iter().map(|error| error.path).collect()
}

/// SKUs and units.
type Units = &'static [(&'static str, i64)];

fn new(rows: Units) -> NewFulfillment {
    let row = |(sku, quantity): &(&str, i64)| FulfillmentRow {
        row: row_id(sku),
        quantity: *quantity,
        batches: Vec::new(),
        serial_numbers: Vec::new(),
    };
    NewFulfillment {
        id: FulfillmentId::from_token("w9"),
        status: FulfillmentStatus::Packed,
        rows: rows.iter().map(row).collect(),
        tracking: None,
        shipped_at: at(NOW),
    }
}

// SPEC: KS-35, KS-41, G-09
#[test]
fn what_cannot_be_packed_is_refused_with_its_field() {
    let weir = after(&[Look, Pack("w1", &[("A", 1)])]);
    let table: [(Units, &[&str]); 5] = [
        (&[], &["rows"]),
        (&[("A", 2)], &["rows[0].quantity"]),
        (&[("A", 0)], &["rows[0].quantity"]),
        (&[("B", 1), ("C", 1)], &["rows[1].row_id"]),
        (&[("A", 1), ("A", 1)], &["rows[1].row_id"]),
    ];
    for (rows, fields) in table {
        assert_eq!(refused(&weir, &new(rows)), fields, "{rows:?}");
    }
    let mut known = new(&[("A", 1)]);
    known.id = FulfillmentId::from_token("w1");
    assert_eq!(refused(&weir, &known), ["id"]);
    let mut serials = new(&[("A", 1)]);
    serials.rows[0].serial_numbers = vec!["1".to_owned(), "2".to_owned()];
    assert_eq!(refused(&weir, &serials), ["rows[0].serial_numbers"]);
    let mut locked = weir.clone();
    locked.happen(&Did::Lock("2026-03-20"));
    assert_eq!(refused(&locked, &new(&[("A", 1)])), ["shipped_at"]);
    let mut deleted = after(&[Look]);
    deleted.happen(&Did::Delete);
    assert_eq!(refused(&deleted, &new(&[("A", 1)])), ["sales_order_id"]);
}

// SPEC: KS-41, G-10, KF-11 (stock moves once: at packed, or at delivered when it was not packed before)
#[test]
fn stock_moves_once_with_its_batches_and_serial_numbers() {
    let mut weir = after(&[]);
    weir.scene.variants.insert("A".to_owned(), variant("A", Tracking::Serial));
    weir.scene.variants.insert("B".to_owned(), variant("B", Tracking::Batch));
    let item = StockItem { on_hand: 3, batches: vec![batch("x", 1, 3)], ..StockItem::empty(key(MAIN, "B")) };
    weir.scene.stock.items.insert(key(MAIN, "B"), item);
    let record = serial("A", "S1", SerialState::InStock(super::shop::place(MAIN)));
    weir.scene = weir.scene.with_serial(record);
    weir.look();
    let mut new = new(&[("A", 2), ("B", 1)]);
    new.rows[0].serial_numbers = vec!["S1".to_owned()];
    let tracking = [(variant_id("A"), Tracking::Serial), (variant_id("B"), Tracking::Batch)];
    let here = Here {
        organization: &weir.scene.organization,
        connection: None,
        stock: &weir.scene.stock,
        tracking: &tracking.into(),
        services: &BTreeSet::new(),
        now: at(NOW),
    };
    let changes = fulfill(weir.order(), &new, &here).unwrap();
    weir.store(&changes);
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(MAIN, "B")), ((98, 0), (2, 0)));
    let rows = &weir.order().fulfillments[0].rows;
    assert_eq!(rows[0].serial_numbers, ["S1"]);
    assert_eq!(rows[1].batches[0].number, "x");
    assert!(weir.order().flags.contains(&Flag::MissingTrackingData));
    assert_eq!(weir.told(), "packed, A 2 packed 2, B 1 packed 1");

    let id = FulfillmentId::from_token("w9");
    let delivered = deliver_packed(weir.order(), &id).unwrap();
    assert!(delivered.movements.is_empty() && delivered.items.is_empty());
    assert!(matches!(&delivered.effects[..], [Effect::Announce(DomainEvent::OrderDelivered { .. })]));
    weir.store(&delivered);
    assert_eq!(weir.told(), "delivered, A 2/2, B 1/1");
    assert_eq!(deliver_packed(weir.order(), &id).unwrap_err().path, "status");
    assert_eq!(deliver_packed(weir.order(), &FulfillmentId::from_token("none")).unwrap_err().path, "status");
}

/// "A" lies in batches "x" (3 units, the older) and "y" (2).
fn in_batches() -> Weir {
    let mut weir = after(&[]);
    weir.scene.variants.insert("A".to_owned(), variant("A", Tracking::Batch));
    let batches = vec![batch("x", 1, 3), batch("y", 2, 2)];
    let item = StockItem { on_hand: 5, batches, ..StockItem::empty(key(MAIN, "A")) };
    weir.scene.stock.items.insert(key(MAIN, "A"), item);
    weir.look();
    weir
}

fn take(number: &str, quantity: i64) -> BatchTake {
    BatchTake { number: number.to_owned(), quantity }
}

/// Fulfils "A" out of named batches, where all variants are recorded in batches.
fn out_of(
    weir: &Weir,
    batches: &[BatchTake],
    serial_numbers: &[&str],
) -> Result<Vec<BatchTake>, Vec<String>> {
    let mut new = new(&[("A", 2)]);
    new.rows[0].batches = batches.to_vec();
    new.rows[0].serial_numbers = serial_numbers.iter().map(|number| (*number).to_owned()).collect();
    let here = Here {
        organization: &weir.scene.organization,
        connection: Some(&weir.scene.connection),
        stock: &weir.scene.stock,
        tracking: &weir.scene.variants.values().map(|known| (known.id.clone(), known.tracking)).collect(),
        services: &BTreeSet::new(),
        now: at(NOW),
    };
    match fulfill(weir.order(), &new, &here) {
        Ok(changes) => Ok(changes.order.unwrap().fulfillments[0].rows[0].batches.clone()),
        Err(errors) => Err(errors.into_iter().map(|error| error.path).collect()),
    }
}

// SPEC: G-10 (a person names batches; what no name covers goes first in, first out)
#[test]
fn units_leave_out_of_the_batches_that_are_named() {
    let weir = in_batches();
    assert_eq!(out_of(&weir, &[], &[]), Ok(vec![take("x", 2)]));
    assert_eq!(out_of(&weir, &[take("y", 1)], &[]), Ok(vec![take("y", 1), take("x", 1)]));
    assert_eq!(out_of(&weir, &[take("y", 2)], &[]), Ok(vec![take("y", 2)]));
    let cases: [(&[BatchTake], &str); 5] = [
        (&[take("z", 1)], "rows[0].batch_transactions[0].batch_number"),
        (&[take("y", 0)], "rows[0].batch_transactions[0].quantity"),
        (&[take("y", 1), take("y", 2)], "rows[0].batch_transactions[1].quantity"),
        (&[take("x", 3)], "rows[0].batch_transactions"),
        (&[take("x", i64::MAX), take("y", 1)], "rows[0].batch_transactions[0].quantity"),
    ];
    for (batches, path) in cases {
        assert_eq!(out_of(&weir, batches, &[]).unwrap_err()[0], path, "{batches:?}");
    }
    let plain = after(&[Look]);
    assert_eq!(out_of(&plain, &[take("x", 1)], &[]).unwrap_err(), ["rows[0].batch_transactions"]);
}

// SPEC: KF-11 (a unit is in one place, and sold once)
#[test]
fn serial_numbers_of_units_that_are_not_there_are_refused() {
    let mut weir = after(&[]);
    weir.scene.variants.insert("A".to_owned(), variant("A", Tracking::Serial));
    let states = [
        ("here", SerialState::InStock(super::shop::place(MAIN))),
        ("there", SerialState::InStock(super::shop::place(SECOND))),
        ("sold", SerialState::Sold(SalesOrderId::from_token("other"))),
        ("gone", SerialState::Removed),
    ];
    for (number, state) in states {
        weir.scene = weir.scene.with_serial(serial("A", number, state));
    }
    weir.look();
    for good in [&["here"][..], &["here", "new"]] {
        assert!(out_of(&weir, &[], good).is_ok(), "{good:?}");
    }
    for bad in ["there", "sold", "gone", "here"] {
        let path = "rows[0].serial_numbers[1]";
        assert_eq!(out_of(&weir, &[], &["here", bad]).unwrap_err(), [path], "{bad}");
    }
}

// SPEC: CS-03 (a row that was released leaves from the connection's place; what lies nowhere does not leave)
#[test]
fn a_row_without_a_place_leaves_from_its_connections() {
    let mut weir = after(&[Look]);
    weir.happen(&Did::Release("A"));
    weir.happen(&Pack("w1", &[("A", 2)]));
    assert_eq!(weir.stock(MAIN, "A"), (98, 0));
    let mut nowhere = after(&[Look]);
    nowhere.happen(&Did::Release("A"));
    nowhere.scene.connection.default_location = None;
    assert_eq!(out_of(&nowhere, &[], &[]).unwrap_err(), ["rows[0].row_id"]);
}

// SPEC: KS-43 (the shop hears of a parcel once)
#[test]
fn a_parcel_that_is_noted_later_stays_here() {
    let weir = after(&[Look, Pack("w1", &[("A", 2)])]);
    let id = FulfillmentId::from_token("w1");
    let number =
        |text: &str| TrackingPatch { number: Some(Some(text.to_owned())), ..TrackingPatch::default() };
    let order = track(weir.order(), &id, &number("1Z1")).unwrap();
    let noted = order.fulfillments[0].tracking.clone().unwrap();
    assert_eq!(noted.number.as_deref(), Some("1Z1"));
    // What is not named stays, and what is set to nothing is cleared.
    let url =
        TrackingPatch { url: Some(Some("https://ups.example/1".to_owned())), ..TrackingPatch::default() };
    let order = track(&order, &id, &url).unwrap();
    assert_eq!(order.fulfillments[0].tracking.clone().unwrap(), Parcel { url: url.url.flatten(), ..noted });
    let order = track(&order, &id, &TrackingPatch::cleared()).unwrap();
    assert_eq!(order.fulfillments[0].tracking, None);
    let nobody = FulfillmentId::from_token("none");
    assert_eq!(track(weir.order(), &nobody, &number("1")).unwrap_err().path, "tracking");
}
