//! Fulfillments of the channel, and what of them reaches the rows here. (SPEC KS-17, KS-40 to KS-46)

use super::{
    super::scene::{at, batch, variant, variant_id},
    shop::{Did, MAIN, SECOND, Weir, check, key},
};
use crate::{
    channel_order::shop::{ChannelReturnState as Return, DeliveryMethod},
    event::{DomainEvent, Effect},
    outcome::{OutcomeKind as Kind, ReasonCode as Code},
    sales_order::{Flag, FulfillmentBy, FulfillmentStatus},
    sales_return::ReturnStatus,
    stock::StockItem,
    variant::Tracking,
};
use Did::{
    Add, CancelFulfilment, Deliver, DeliverPacked, Delivery, Edit, Fulfil, FulfilFrom, FulfilWith, Lock,
    Look, Pack, PackWith, Set,
};

// SPEC: KS-40, KS-45
#[test]
fn a_fulfillment_at_the_shop_delivers_its_rows() {
    let whole = "updated fulfilled_at_channel: delivered, A 2/2, B 1/1";
    let part = "updated fulfilled_at_channel: partially_delivered, A 2/1, B 1";
    let table: &[(&[Did], &str)] = &[
        (&[Look, Fulfil("f1", &[("A", 2), ("B", 1)]), Look], whole),
        (&[Look, Fulfil("f1", &[("A", 1)]), Look], part),
        (&[Look, Fulfil("f1", &[("A", 1)]), Look, Fulfil("f2", &[("A", 1), ("B", 1)]), Look], whole),
        (&[Look, Fulfil("f1", &[("A", 1)]), Fulfil("f2", &[("A", 1), ("B", 1)]), Look], whole),
        (&[Delivery(DeliveryMethod::PickUp), Look, Fulfil("f1", &[("A", 2), ("B", 1)]), Look], whole),
        // Edited and fulfilled in one go: the rows first.
        (
            &[Look, Edit("A", 3), Fulfil("f1", &[("A", 3)]), Look],
            "updated changes_followed: partially_delivered, A 3/3, B 1",
        ),
        (
            &[Look, Add("C", 1), Fulfil("f1", &[("C", 1)]), Look],
            "updated changes_followed: partially_delivered, A 2, B 1, C 1/1",
        ),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
}

// SPEC: KS-40 (what it was, when it left, and its parcel), KS-43
#[test]
fn the_fulfillment_is_told_with_its_parcel() {
    let (weir, decision) = check(
        &[Look, FulfilWith("f1", &[("A", 2), ("B", 1)], "1Z9"), Look],
        "updated fulfilled_at_channel: delivered, A 2/2, B 1/1",
    );
    let [fulfillment] = &weir.order().fulfillments[..] else { panic!("one") };
    assert_eq!((fulfillment.status, fulfillment.by), (FulfillmentStatus::Delivered, FulfillmentBy::Channel));
    assert_eq!(fulfillment.tracking.as_ref().unwrap().number.as_deref(), Some("1Z9"));
    assert_eq!(fulfillment.shipped_at, weir.shop.order.shop.fulfillments[0].created_at);
    assert_eq!(fulfillment.id.as_str(), "ful_f1");
    assert_eq!(decision.shipped_at, Some(fulfillment.shipped_at));
    let moved: Vec<i64> = weir.ledger.iter().map(|movement| movement.quantity).collect();
    assert_eq!(moved, [-2, -1]);
    assert!(weir.ledger.iter().all(|movement| movement.at == fulfillment.shipped_at));
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(MAIN, "B")), ((98, 0), (99, 0)));
    assert!(
        decision
            .changes
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Announce(DomainEvent::OrderDelivered { .. })))
    );
}

// SPEC: KS-40 (all or nothing, and the outcome says which)
#[test]
fn a_line_that_matches_no_row_stops_all_of_its_fulfillment() {
    let off = || Set(|settings| settings.bring_order_changes = false);
    let (weir, decision) = check(
        &[off(), Look, Add("C", 1), Fulfil("f1", &[("A", 2), ("C", 1)]), Look],
        "unchanged fulfillment_not_matched: not_shipped, A 2, B 1",
    );
    assert!(decision.outcome.reason.message.contains("L-C"), "{}", decision.outcome.reason.message);
    assert!(weir.ledger.is_empty());
    assert!(weir.order().fulfillments.is_empty());
    // More units than are open are no match either.
    let (_, decision) = check(
        &[off(), Look, Edit("A", 5), Fulfil("f1", &[("A", 5), ("B", 1)]), Look],
        "unchanged fulfillment_not_matched: not_shipped, A 2, B 1",
    );
    assert!(decision.outcome.reason.message.contains("2 open units of 5"));
    // Another fulfillment of the same state goes its own way.
    check(
        &[off(), Look, Add("C", 1), Fulfil("f1", &[("C", 1)]), Fulfil("f2", &[("A", 2)]), Look],
        "updated fulfilled_at_channel: partially_delivered, A 2/2, B 1",
    );
}

// SPEC: KS-03 (what was fulfilled before moves no stock, now or later)
#[test]
fn what_was_fulfilled_before_comes_in_without_stock() {
    let (weir, _) =
        check(&[Fulfil("f1", &[("A", 1)]), Look], "imported open_order: partially_delivered, A 2/1, B 1");
    assert!(weir.ledger.is_empty());
    assert!(weir.order().flags.contains(&Flag::FulfilledBeforeImport));
    assert!(!weir.order().fulfillments[0].moves_stock);
    assert_eq!(weir.stock(MAIN, "A"), (100, 1));
    let (weir, _) = check(
        &[Fulfil("f1", &[("A", 1)]), Look, Fulfil("f2", &[("A", 1), ("B", 1)]), Look],
        "updated fulfilled_at_channel: delivered, A 2/2, B 1/1",
    );
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(MAIN, "B")), ((99, 0), (99, 0)));
}

// SPEC: KS-42 (cancelled later: nothing changes, and it is said; a second one takes nothing twice)
#[test]
fn a_fulfillment_that_is_cancelled_later_stays_delivered() {
    let delivered = "delivered, A 2/2, B 1/1";
    let all: &[(&str, i64)] = &[("A", 2), ("B", 1)];
    let (weir, _) = check(
        &[Look, Fulfil("f1", all), Look, CancelFulfilment("f1"), Look],
        &format!("unchanged fulfillment_cancelled_later: {delivered}"),
    );
    assert_eq!(weir.stock(MAIN, "A"), (98, 0));
    let (weir, _) = check(
        &[Look, Fulfil("f1", all), Look, CancelFulfilment("f1"), Look, Fulfil("f2", all), Look],
        &format!("unchanged fulfillment_not_matched: {delivered}"),
    );
    assert_eq!(weir.stock(MAIN, "A"), (98, 0));
    // One that was cancelled before anybody saw it never was.
    check(
        &[Look, Fulfil("f1", all), CancelFulfilment("f1"), Look],
        "unchanged nothing_changed: not_shipped, A 2, B 1",
    );
}

// SPEC: KS-46 (what Weir pushed and hears back changes nothing, with or without its answer)
#[test]
fn an_echo_is_recognised() {
    let table: &[(&[Did], &str)] = &[
        (
            &[Look, Pack("w1", &[("A", 2)]), Fulfil("f1", &[("A", 2)]), Look],
            "unchanged own_fulfillment: not_shipped, A 2 packed 2, B 1",
        ),
        (
            &[Look, PackWith("w1", &[("A", 2)], "1Z9"), FulfilWith("f1", &[("A", 2)], "1Z9"), Look],
            "unchanged own_fulfillment: not_shipped, A 2 packed 2, B 1",
        ),
        (
            &[
                Look,
                Deliver("w1", &[("A", 2), ("B", 1)]),
                Fulfil("f1", &[("A", 2)]),
                Fulfil("f2", &[("B", 1)]),
                Look,
            ],
            "unchanged own_fulfillment: delivered, A 2/2, B 1/1",
        ),
        // What the shop had made before is another shipment.
        (
            &[Look, Fulfil("f1", &[("A", 1)]), Did::Wait(10), Pack("w1", &[("A", 1)]), Look],
            "updated fulfilled_at_channel: partially_delivered, A 2/1 packed 1, B 1",
        ),
        // Another parcel of the same row is another shipment.
        (
            &[Look, PackWith("w1", &[("A", 1)], "1Z9"), FulfilWith("f1", &[("A", 1)], "2Z2"), Look],
            "updated fulfilled_at_channel: partially_delivered, A 2/1 packed 1, B 1",
        ),
        // Unless its units can only be those that were packed here.
        (
            &[Look, PackWith("w1", &[("A", 2)], "1Z9"), FulfilWith("f1", &[("A", 2)], "2Z2"), Look],
            "unchanged own_fulfillment: not_shipped, A 2 packed 2, B 1",
        ),
        (
            &[
                Look,
                Pack("w1", &[("A", 2)]),
                Fulfil("f1", &[("A", 2)]),
                Look,
                DeliverPacked("w1"),
                Fulfil("f2", &[("B", 1)]),
                Look,
            ],
            "updated fulfilled_at_channel: delivered, A 2/2, B 1/1",
        ),
    ];
    for (history, expected) in table {
        let (weir, _) = check(history, expected);
        let taken: i64 = weir.ledger.iter().map(|movement| movement.quantity).sum();
        let handled: i64 = weir.order().rows.iter().map(|row| weir.order().handled(&row.id)).sum();
        assert_eq!(-taken, handled, "{history:?}");
    }
}

// SPEC: KS-17
#[test]
fn without_sync_a_fulfillment_is_said_and_not_applied() {
    let off = || Set(|settings| settings.sync_fulfillment_status = false);
    check(
        &[off(), Look, Fulfil("f1", &[("A", 2)]), Look],
        "unchanged fulfillments_not_brought: not_shipped, A 2, B 1",
    );
    let (weir, _) = check(
        &[
            off(),
            Look,
            Fulfil("f1", &[("A", 2)]),
            Look,
            Set(|settings| settings.sync_fulfillment_status = true),
            Look,
        ],
        "updated fulfilled_at_channel: partially_delivered, A 2/2, B 1",
    );
    assert_eq!(weir.stock(MAIN, "A"), (98, 0));
}

// SPEC: KS-44, G-10
#[test]
fn batches_leave_first_in_first_out() {
    let mut weir = Weir::new(&[("A", 5)]);
    weir.scene.variants.insert("A".to_owned(), variant("A", Tracking::Batch));
    let batches = vec![batch("new", 9, 4), batch("old", 2, 3)];
    let item = StockItem { on_hand: 7, batches, ..StockItem::empty(key(MAIN, "A")) };
    weir.scene.stock.items.insert(key(MAIN, "A"), item);
    weir.look();
    weir.happen(&Fulfil("f1", &[("A", 4)]));
    weir.look();
    let taken = |weir: &Weir, index: usize| {
        let rows = &weir.order().fulfillments[index].rows;
        rows[0].batches.iter().map(|take| (take.number.clone(), take.quantity)).collect::<Vec<_>>()
    };
    assert_eq!(taken(&weir, 0), [("old".to_owned(), 3), ("new".to_owned(), 1)]);
    weir.happen(&Fulfil("f2", &[("A", 1)]));
    weir.look();
    assert_eq!(taken(&weir, 1), [("new".to_owned(), 1)]);
    assert_eq!(weir.stock(MAIN, "A"), (2, 0));
    assert!(weir.order().flags.is_empty());
}

// SPEC: G-10 (what has left is booked, also below zero, and said)
#[test]
fn what_has_left_is_booked_whatever_the_books_say() {
    let mut weir = Weir::new(&[("A", 3)]);
    let item = StockItem { on_hand: 1, ..StockItem::empty(key(MAIN, "A")) };
    weir.scene.stock.items.insert(key(MAIN, "A"), item);
    weir.look();
    weir.happen(&Fulfil("f1", &[("A", 3)]));
    weir.look();
    assert_eq!(weir.stock(MAIN, "A"), (-2, 0));
    assert!(weir.order().flags.contains(&Flag::NegativeStock));
}

// SPEC: KS-15, KS-50 (stock leaves from where the shop shipped it)
#[test]
fn a_fulfillment_from_another_place_takes_its_stock() {
    let (weir, _) = check(
        &[Look, FulfilFrom("f1", &[("A", 2)], SECOND), Look],
        "updated fulfilled_at_channel: partially_delivered, A 2/2, B 1",
    );
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(SECOND, "A")), ((100, 0), (98, 0)));
    let off = Set(|settings| settings.bring_location_updates = false);
    let (weir, _) = check(
        &[off, Look, FulfilFrom("f1", &[("A", 2)], SECOND), Look],
        "updated fulfilled_at_channel: partially_delivered, A 2/2, B 1",
    );
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(SECOND, "A")), ((98, 0), (100, 0)));
}

// SPEC: G-09 (the ship date decides; the rest of the state is followed meanwhile)
#[test]
fn a_fulfillment_in_the_locked_period_waits() {
    let (weir, decision) = check(
        &[Look, Lock("2026-03-10"), Fulfil("f1", &[("A", 2)]), Edit("B", 3), Look],
        "waiting period_locked: not_shipped, A 2, B 3",
    );
    assert!(decision.outcome.reason.message.contains("f1"), "{}", decision.outcome.reason.message);
    assert!(weir.ledger.is_empty());
    check(
        &[Look, Lock("2026-03-10"), Fulfil("f1", &[("A", 2)]), Look, Lock("2026-03-09"), Look],
        "updated fulfilled_at_channel: partially_delivered, A 2/2, B 1",
    );
}

// SPEC: KS-45 (packed here, picked up there: delivered and closed)
#[test]
fn what_was_packed_is_delivered_when_it_is_picked_up() {
    let pickup = Delivery(DeliveryMethod::PickUp);
    let all: &[(&str, i64)] = &[("A", 2), ("B", 1)];
    let (weir, _) = check(
        &[pickup, Look, Pack("w1", all), Fulfil("f1", all), Look],
        "updated fulfilled_at_channel: delivered, A 2/2, B 1/1",
    );
    assert_eq!(weir.stock(MAIN, "A"), (98, 0));
    assert_eq!(weir.order().fulfillments.len(), 1);
}

// SPEC: KS-16
#[test]
fn a_return_becomes_a_return_order() {
    let on = || Set(|settings| settings.bring_returns = true);
    let delivered = || Fulfil("f1", &[("A", 2), ("B", 1)]);
    let told = |weir: &Weir| {
        let told = |made: &crate::sales_return::SalesReturn| {
            let rows: Vec<String> =
                made.rows.iter().map(|row| format!("{} {}", row.sku, row.quantity)).collect();
            format!("{} {}: {}", made.number, made.status.as_str(), rows.join(", "))
        };
        weir.returns.iter().map(told).collect::<Vec<_>>().join("; ")
    };
    let asked = |state| Did::Return("R1", state, &[("A", 1)]);
    let table: &[(&[Did], &str, &str)] = &[
        (&[Look, delivered(), Look, asked(Return::Open), Look], "unchanged nothing_changed", ""),
        (
            &[on(), Look, delivered(), Look, asked(Return::Open), Look],
            "updated return_followed",
            "#1042-R1 open: A 1",
        ),
        (
            &[on(), Look, delivered(), Look, asked(Return::Closed), Look],
            "updated return_followed",
            "#1042-R1 open: A 1",
        ),
        (&[on(), Look, delivered(), Look, asked(Return::Requested), Look], "unchanged nothing_changed", ""),
        (&[on(), Look, delivered(), Look, asked(Return::Declined), Look], "unchanged nothing_changed", ""),
        (
            &[
                on(),
                Look,
                delivered(),
                Look,
                asked(Return::Open),
                Look,
                Did::Return("R1", Return::Open, &[("A", 2)]),
                Look,
            ],
            "updated return_followed",
            "#1042-R1 open: A 2",
        ),
        (
            &[on(), Look, delivered(), Look, asked(Return::Open), Look, asked(Return::Cancelled), Look],
            "updated return_followed",
            "#1042-R1 cancelled: A 1",
        ),
        (
            &[on(), Look, delivered(), Look, Did::Return("R1", Return::Open, &[("A", 1), ("C", 1)]), Look],
            "unchanged return_not_matched",
            "",
        ),
    ];
    for (history, expected, returns) in table {
        let (weir, _) = check(history, &format!("{expected}: delivered, A 2/2, B 1/1"));
        assert_eq!(told(&weir), *returns, "{history:?}");
    }
}

// SPEC: KS-16 (what was received does not change)
#[test]
fn a_received_return_stays() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.scene.connection.settings.shop.bring_returns = true;
    weir.look();
    weir.happen(&Fulfil("f1", &[("A", 2)]));
    weir.happen(&Did::Return("R1", Return::Open, &[("A", 1)]));
    weir.look();
    weir.returns[0].status = ReturnStatus::Received;
    weir.happen(&Did::Return("R1", Return::Cancelled, &[("A", 1)]));
    assert_eq!(weir.look().outcome.kind, Kind::Unchanged);
    weir.happen(&Did::Return("R1", Return::Open, &[("A", 2)]));
    assert_eq!(weir.look().outcome.reason.code, Code::NothingChanged);
    assert_eq!(weir.returns[0].rows[0].quantity, 1);
}

// A product that is made for the order is booked where its line lies.
#[test]
fn a_product_made_for_the_order_moves_too() {
    let mut weir = Weir::new(&[("NEW", 2)]);
    weir.look();
    let id = weir.order().rows[0].variant.clone();
    assert_ne!(id, variant_id("NEW"));
    weir.happen(&Fulfil("f1", &[("NEW", 2)]));
    weir.look();
    assert_eq!(weir.told(), "delivered, NEW 2/2");
    assert_eq!(weir.ledger[0].at, at("2026-03-10T08:01:00Z"));
}
