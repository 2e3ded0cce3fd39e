//! How an order that is in follows its channel, and what stays as it is. (SPEC KS-14, KS-15, KS-30 to KS-36)

use super::{
    super::scene::{at, charge, codes, dec, money},
    shop::{Did, MAIN, SECOND, Weir, check, key, place, row_id},
};
use crate::{
    channel_order::{ChargeKind, shop::PaymentState},
    customer::Person,
    event::{DomainEvent, Effect},
    manufacturing_order::ManufacturingStatus::{Done, NotStarted, WorkInProgress},
    outcome::{OutcomeKind as Kind, ReasonCode as Code},
    sales_order::LeftOut,
};
use Did::{
    Add, Archive, Cancel, Deliver, Edit, Fulfil, Invoice, Lock, Look, Make, Move, Pack, Payment, Price,
    RefundShipped, Restore, Set,
};

// SPEC: KS-30, KS-31, KS-32
#[test]
fn rows_follow_their_lines() {
    let table: &[(&[Did], &str)] = &[
        (&[Look, Look], "unchanged nothing_changed: not_shipped, A 2, B 1"),
        (&[Look, Edit("A", 5), Look], "updated changes_followed: not_shipped, A 5, B 1"),
        (&[Look, Edit("A", 1), Look], "updated changes_followed: not_shipped, A 1, B 1"),
        (&[Look, Add("C", 3), Look], "updated changes_followed: not_shipped, A 2, B 1, C 3"),
        (&[Look, Edit("B", 0), Look], "updated changes_followed: not_shipped, A 2"),
        (&[Look, Edit("B", 0), Look, Edit("B", 4), Look], "updated changes_followed: not_shipped, A 2, B 4"),
        (
            &[Look, Edit("A", 1), Edit("B", 0), Add("C", 1), Look],
            "updated changes_followed: not_shipped, A 1, C 1",
        ),
        (&[Look, Price("A", 7), Look], "updated changes_followed: not_shipped, A 2, B 1"),
        // A part that is open follows, beside one that has left.
        (
            &[Look, Fulfil("f1", &[("A", 1)]), Look, Edit("A", 4), Look],
            "updated changes_followed: partially_delivered, A 5/1, B 1",
        ),
        (
            &[Look, Fulfil("f1", &[("A", 1)]), Look, Edit("A", 0), Edit("B", 0), Look],
            "updated changes_followed: delivered, A 1/1",
        ),
        // What is added to an order that was delivered has to be shipped as well.
        (
            &[Look, Fulfil("f1", &[("A", 2), ("B", 1)]), Look, Add("C", 1), Look],
            "updated changes_followed: partially_delivered, A 2/2, B 1/1, C 1",
        ),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
}

// SPEC: KS-35 (whatever happens at the shop; what was refused is said)
#[test]
fn what_was_packed_delivered_or_invoiced_never_changes() {
    let packed = "unchanged protected_never_changes: not_shipped, A 2 packed 2, B 1";
    let delivered = "unchanged protected_never_changes: partially_delivered, A 2/2, B 1";
    let invoiced = "unchanged protected_never_changes: not_shipped, A 2, B 1";
    let table: &[(&[Did], &str, &str)] = &[
        (&[Look, Pack("w1", &[("A", 2)]), Edit("A", 1), Look], packed, "packed"),
        (&[Look, Pack("w1", &[("A", 2)]), Edit("A", 9), Look], packed, "9 units instead of 2"),
        (&[Look, Pack("w1", &[("A", 2)]), Edit("A", 0), Look], packed, "instead of 2"),
        (&[Look, Pack("w1", &[("A", 2)]), Price("A", 3), Look], packed, "other amounts"),
        (&[Look, Deliver("w1", &[("A", 2)]), Edit("A", 0), Look], delivered, "0 units instead of 2"),
        (&[Look, Fulfil("f1", &[("A", 2)]), Look, RefundShipped("A", 1), Look], delivered, "refunded"),
        (&[Look, Invoice(&["A"]), Edit("A", 0), Look], invoiced, "0 units instead of 2"),
        (&[Look, Invoice(&["A"]), Edit("A", 7), Look], invoiced, "7 units instead of 2"),
        (&[Look, Invoice(&["A"]), Price("A", 1), Look], invoiced, "other amounts"),
        (
            &[Look, Pack("w1", &[("A", 1)]), Edit("A", 0), Look],
            "updated changes_followed: not_shipped, A 1 packed 1, B 1",
            "1 were packed",
        ),
    ];
    for (history, expected, words) in table {
        // The words of a packed row are those of any row that never changes.
        let words = if *words == "packed" { "1 unit instead of 2" } else { words };
        let (_, decision) = check(history, expected);
        let message = &decision.outcome.reason.message;
        assert!(message.contains(words), "\"{message}\" does not say \"{words}\"");
    }
}

// SPEC: G-06, KS-35 (the rows stay, and with what is kept beside them the total is the channel's)
#[test]
fn what_is_not_applied_is_kept_beside() {
    let (weir, _) = check(
        &[Look, Fulfil("f1", &[("A", 2)]), Look, RefundShipped("A", 1), Look],
        "unchanged protected_never_changes: partially_delivered, A 2/2, B 1",
    );
    let order = weir.order();
    assert_eq!(order.totals().total, Some(dec("30")));
    assert_eq!(order.left_out, [(LeftOut::NotApplied, dec("-10"))].into());
    assert_eq!(order.channel_total.unwrap().amount, dec("20"));
    assert!(order.flags.is_empty(), "{:?}", order.flags);
}

// SPEC: KS-12, KS-35, G-06 (charges follow; with an invoice they stay, and the difference is kept beside)
#[test]
fn charges_follow_unless_there_is_an_invoice() {
    for (is_invoiced, shipping, not_applied, code) in [
        (false, "9.00", None, Code::ChangesFollowed),
        (true, "5.00", Some("4.00"), Code::ProtectedNeverChanges),
    ] {
        let mut weir = Weir::new(&[("A", 2)]);
        let with_shipping = |weir: &Weir, amount: &str| {
            let mut state = weir.shop.state();
            state.charges = vec![charge(ChargeKind::Shipping, amount, "0", Some("0"))];
            state.total.as_mut().unwrap().amount += dec(amount);
            state
        };
        let state = with_shipping(&weir, "5.00");
        weir.see(&state);
        if is_invoiced {
            weir.invoice(&["A"]);
        }
        weir.happen(&Did::Wait(1));
        let state = with_shipping(&weir, "9.00");
        let decision = weir.see(&state);
        assert_eq!(decision.outcome.reason.code, code);
        let order = weir.order();
        assert_eq!(order.totals().shipping, dec(shipping));
        assert_eq!(order.left_out.get(&LeftOut::NotApplied), not_applied.map(dec).as_ref());
        assert_eq!(order.channel_total, Some(money("29.00 USD")));
        assert!(order.flags.is_empty(), "{:?}", order.flags);
    }
}

// SPEC: KS-30, KS-32 (not started: it follows; begun: it is unlinked)
#[test]
fn manufacturing_orders_follow_or_are_unlinked() {
    let changed = "updated changes_followed: not_shipped, A 5, B 1";
    let removed = "updated changes_followed: not_shipped, B 1";
    let table: &[(&[Did], &str, &str)] = &[
        (&[Look, Make("A", NotStarted), Edit("A", 5), Look], changed, "A 5 linked"),
        (&[Look, Make("A", WorkInProgress), Edit("A", 5), Look], changed, "A 2 unlinked"),
        (&[Look, Make("A", Done), Edit("A", 5), Look], changed, "A 2 unlinked"),
        (&[Look, Make("A", NotStarted), Edit("A", 0), Look], removed, ""),
        (&[Look, Make("A", WorkInProgress), Edit("A", 0), Look], removed, "A 2 unlinked"),
        (&[Look, Make("A", Done), Edit("A", 0), Look], removed, "A 2 unlinked"),
        // Another row's change is none of its business.
        (
            &[Look, Make("A", NotStarted), Edit("B", 4), Look],
            "updated changes_followed: not_shipped, A 2, B 4",
            "A 2 linked",
        ),
        // A row that never changes leaves its manufacturing order alone.
        (
            &[Look, Make("A", NotStarted), Invoice(&["A"]), Edit("A", 5), Look],
            "unchanged protected_never_changes: not_shipped, A 2, B 1",
            "A 2 linked",
        ),
        (
            &[Look, Make("A", NotStarted), Make("B", Done), Cancel, Look],
            "updated deleted_with_channel: deleted",
            "B 1 unlinked",
        ),
    ];
    for (history, expected, made) in table {
        let (weir, _) = check(history, expected);
        assert_eq!(weir.made(), *made, "{history:?}");
    }
}

// SPEC: KS-33, KS-34
#[test]
fn what_is_called_off_is_deleted_unless_something_of_it_is_settled() {
    let refunded = || Payment(PaymentState::Refunded);
    let gone = "updated deleted_with_channel: deleted";
    let table: &[(&[Did], &str)] = &[
        (&[Look, Cancel, Look], gone),
        (&[Look, refunded(), Look], gone),
        (&[Look, Archive, Look], gone),
        (&[Look, Cancel, Archive, Look], gone),
        // With an invoice it stays, and so does what was invoiced.
        (&[Look, Invoice(&["A"]), Cancel, Look], "updated changes_followed: not_shipped, A 2"),
        (
            &[Look, Invoice(&["A", "B"]), Archive, Look],
            "unchanged protected_never_changes: not_shipped, A 2, B 1",
        ),
        // Something was packed or delivered: that stays, the rest goes with its lines.
        (&[Look, Pack("w1", &[("A", 2)]), Cancel, Look], "updated changes_followed: packed, A 2 packed 2"),
        (
            &[Look, Fulfil("f1", &[("A", 2)]), Look, Cancel, Look],
            "updated changes_followed: delivered, A 2/2",
        ),
        (
            &[Look, Fulfil("f1", &[("A", 2), ("B", 1)]), Look, Archive, Look],
            "unchanged nothing_changed: delivered, A 2/2, B 1/1",
        ),
        // Fulfilled and archived in one go.
        (
            &[Look, Fulfil("f1", &[("A", 2), ("B", 1)]), Archive, Look],
            "updated fulfilled_at_channel: delivered, A 2/2, B 1/1",
        ),
        // In the locked period it waits.
        (&[Look, Lock("2026-03-10"), Cancel, Look], "waiting period_locked: not_shipped, A 2, B 1"),
        (&[Look, Lock("2026-03-09"), Cancel, Look], gone),
        (&[Look, Lock("2026-03-10"), Cancel, Look, Lock("2026-03-01"), Look], gone),
        // Brought back on purpose, and called off still: it stays. (SPEC OP-10)
        (&[Look, Cancel, Look, Restore, Look], "unchanged protected_never_changes: not_shipped, A 2, B 1"),
        (&[Look, Did::Delete, Restore, Look], "unchanged nothing_changed: not_shipped, A 2, B 1"),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
}

// SPEC: KS-33 (what it held is free again, and the world is told)
#[test]
fn a_deleted_order_holds_nothing() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.look();
    assert_eq!(weir.stock(MAIN, "A"), (100, 2));
    weir.happen(&Cancel);
    let decision = weir.look();
    assert_eq!(weir.stock(MAIN, "A"), (100, 0));
    assert!(decision.changes.movements.is_empty());
    assert!(matches!(&decision.changes.effects[..], [Effect::Announce(DomainEvent::OrderDeleted { .. })]));
}

// SPEC: KS-14
#[test]
fn changes_that_are_not_brought_are_said() {
    let off = || Set(|settings| settings.bring_order_changes = false);
    let table: &[(&[Did], &str)] = &[
        (&[off(), Look, Edit("A", 5), Look], "unchanged changes_not_brought: not_shipped, A 2, B 1"),
        (&[off(), Look, Cancel, Look], "unchanged changes_not_brought: not_shipped, A 2, B 1"),
        (&[off(), Look, Look], "unchanged nothing_changed: not_shipped, A 2, B 1"),
        // Fulfillments are another setting's.
        (
            &[off(), Look, Fulfil("f1", &[("A", 2)]), Look],
            "updated fulfilled_at_channel: partially_delivered, A 2/2, B 1",
        ),
        // Once it is turned on, all that was missed comes.
        (
            &[off(), Look, Edit("A", 5), Look, Set(|settings| settings.bring_order_changes = true), Look],
            "updated changes_followed: not_shipped, A 5, B 1",
        ),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
}

// SPEC: KS-15
#[test]
fn a_row_moves_with_its_place_at_the_channel() {
    let (weir, _) =
        check(&[Look, Move("A", SECOND), Look], "updated changes_followed: not_shipped, A 2, B 1");
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(SECOND, "A")), ((100, 0), (100, 2)));
    assert_eq!(weir.order().rows[0].location, Some(place(SECOND)));

    let off = Set(|settings| settings.bring_location_updates = false);
    let (weir, _) =
        check(&[Look, off, Move("A", SECOND), Look], "unchanged nothing_changed: not_shipped, A 2, B 1");
    assert_eq!(weir.stock(MAIN, "A"), (100, 2));

    let packed = "unchanged nothing_changed: not_shipped, A 2 packed 2, B 1";
    let (weir, _) = check(&[Look, Pack("w1", &[("A", 2)]), Move("A", SECOND), Look], packed);
    assert_eq!(weir.order().rows[0].location, Some(place(MAIN)));

    // A place that a person chose here stays until the shop moves the row.
    let mut weir = Weir::new(&[("A", 2)]);
    weir.look();
    weir.scene.order.as_mut().unwrap().rows[0].location = Some(place(SECOND));
    weir.happen(&Edit("A", 3));
    weir.look();
    assert_eq!(weir.order().rows[0].location, Some(place(SECOND)));

    // A place that nobody mapped is told, and changes nothing.
    let mut weir = Weir::new(&[("A", 2)]);
    weir.look();
    weir.happen(&Move("A", "L9"));
    let decision = weir.look();
    assert_eq!(decision.outcome.reason.code, Code::LocationMissing);
    assert!(decision.outcome.reason.message.contains("L9"), "{}", decision.outcome.reason.message);
    assert_eq!(weir.order().rows[0].location, Some(place(MAIN)));
}

// SPEC: KS-36
#[test]
fn some_things_never_propagate() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.look();
    let before = weir.order().clone();
    let mut state = weir.shop.state();
    state.updated_at = at("2026-03-19T00:00:00Z");
    state.person = Person { name: Some("Somebody Else".to_owned()), ..Person::default() };
    state.created_at = at("2026-03-01T00:00:00Z");
    state.customer_ref = Some("PO-2".to_owned());
    state.lines[0].shop.properties.push(("engraving".to_owned(), "new".to_owned()));
    state.lines[0].name = "Renamed".to_owned();
    let decision = weir.see(&state);
    assert_eq!(
        (decision.outcome.kind, decision.outcome.reason.code),
        (Kind::Unchanged, Code::NothingChanged)
    );
    assert_eq!(weir.order(), &before);
    assert!(weir.customers.is_empty());
}

// SPEC: G-02 (an older state never overwrites a newer one; an equal one is decided again)
#[test]
fn an_older_state_changes_nothing() {
    let mut weir = Weir::new(&[("A", 2)]);
    let old = weir.shop.state();
    weir.happen(&Edit("A", 5));
    weir.look();
    let decision = weir.see(&old);
    assert_eq!(decision.outcome.reason.code, Code::OlderThanKnown);
    assert_eq!(weir.told(), "not_shipped, A 5");
    let mut equal = weir.shop.state();
    equal.lines[0].quantity = 6;
    equal.lines[0].shop.open_quantity = Some(6);
    assert_eq!(weir.see(&equal).outcome.kind, Kind::Updated);
    assert_eq!(weir.told(), "not_shipped, A 6");
}

// SPEC: KS-31, KS-50 (a line that is added where nothing is mapped comes, and it is said)
#[test]
fn a_line_without_a_place_is_told() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.look();
    weir.scene.connection.location_map.clear();
    weir.scene.connection.default_location = None;
    weir.happen(&Add("B", 1));
    let decision = weir.look();
    assert_eq!(weir.told(), "not_shipped, A 2, B 1");
    assert!(codes(&decision).contains(&"location_missing"));
    assert_eq!(weir.order().rows[1].location, None);
}

// A row that a person added here is none of the channel's business.
#[test]
fn rows_of_our_own_stay() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.look();
    let order = weir.scene.order.as_mut().unwrap();
    let mut own = order.rows[0].clone();
    (own.id, own.channel_line_id) = (row_id("own"), None);
    order.rows.push(own);
    weir.scene.stock.items.get_mut(&key(MAIN, "A")).unwrap().reserved += 2;
    weir.happen(&Edit("A", 1));
    weir.look();
    assert_eq!(weir.told(), "not_shipped, A 1, A 2");
    assert_eq!(weir.order().left_out, [].into());
}

// Numbers that nobody means change nothing of an order that is in.
#[test]
fn numbers_that_cannot_be_true_change_nothing() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.look();
    let mut state = weir.shop.state();
    state.lines[0].quantity = i64::MAX;
    let decision = weir.see(&state);
    assert_eq!(
        (decision.outcome.kind, decision.outcome.reason.code),
        (Kind::Unchanged, Code::MalformedOrder)
    );
    assert_eq!(weir.told(), "not_shipped, A 2");
}
