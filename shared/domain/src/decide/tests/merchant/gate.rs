//! Which orders of a shop import, and why the rest does not. (SPEC KS-01 to KS-07)

use super::{
    super::scene::{at, money},
    shop::{Did, ORDERED, Weir, check},
};
use crate::{
    channel_order::shop::{DeliveryMethod, FulfillmentOrderState, PaymentState},
    decide::merchant::orders_from,
    limits::ROWS_OF_AN_ORDER,
    outcome::{OutcomeKind as Kind, ReasonCode as Code},
    sales_order::Flag,
};
use Did::{Archive, Cancel, Delete, Edit, Fulfil, Hold, Look, Payment, RefundShipped, Set};

// SPEC: KS-01, KS-02, KS-03, KS-05, KS-06, KS-10
#[test]
fn an_open_paid_order_imports_and_each_other_has_its_reason() {
    let open = "imported open_order: not_shipped, A 2, B 1";
    let table: &[(&[Did], &str)] = &[
        (&[Look], open),
        (&[Payment(PaymentState::PartiallyRefunded), Look], open),
        (&[Payment(PaymentState::Pending), Look], "waiting payment_pending: nothing"),
        (&[Payment(PaymentState::Authorized), Look], "waiting payment_pending: nothing"),
        (&[Payment(PaymentState::PartiallyPaid), Look], "waiting payment_pending: nothing"),
        (&[Payment(PaymentState::Unknown("GOLD".to_owned())), Look], "waiting unknown_state: nothing"),
        (&[Payment(PaymentState::Voided), Look], "skipped payment_voided: nothing"),
        (&[Payment(PaymentState::Expired), Look], "skipped payment_expired: nothing"),
        (&[Payment(PaymentState::Refunded), Look], "skipped fully_refunded: nothing"),
        (&[Cancel, Look], "skipped cancelled: nothing"),
        (&[Archive, Look], "skipped archived: nothing"),
        (&[Hold(&["HIGH_RISK_OF_FRAUD"]), Look], "waiting fulfillment_on_hold: nothing"),
        (&[Fulfil("f1", &[("A", 2), ("B", 1)]), Look], "skipped already_fulfilled: nothing"),
        (&[Edit("A", 0), Edit("B", 0), Look], "skipped nothing_left: nothing"),
        (&[Edit("A", 0), Look], "imported open_order: not_shipped, B 1"),
        (&[Fulfil("f1", &[("A", 1)]), Look], "imported open_order: partially_delivered, A 2/1, B 1"),
        (
            &[Fulfil("f1", &[("A", 1)]), RefundShipped("A", 1), Look],
            "imported open_order: not_shipped, A 1, B 1",
        ),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
}

// SPEC: KS-06, KS-11 (what clears by itself comes in then)
#[test]
fn what_waits_comes_in_when_it_clears() {
    let open = "imported open_order: not_shipped, A 2, B 1";
    let table: &[&[Did]] = &[
        &[Payment(PaymentState::Pending), Look, Payment(PaymentState::Paid), Look],
        &[Hold(&["INCORRECT_ADDRESS"]), Look, Hold(&[]), Look],
        &[Payment(PaymentState::Pending), Look, Set(|settings| settings.payment_pending_orders = true), Look],
        &[Set(|settings| settings.payment_pending_orders = true), Payment(PaymentState::Authorized), Look],
    ];
    for history in table {
        check(history, open);
    }
}

// SPEC: KS-05, KS-26 (for ever, whatever the shop does)
#[test]
fn what_was_deleted_here_never_comes_back_by_itself() {
    let gone = "skipped deleted_in_weir: deleted";
    check(&[Look, Delete, Look], gone);
    check(&[Look, Delete, Edit("A", 5), Look], gone);
    check(&[Look, Delete, Payment(PaymentState::Refunded), Look], gone);
}

// SPEC: KS-06 (a hold names its reasons; one held part holds all; a scheduled one is no hold)
#[test]
fn holds_are_named_and_a_schedule_is_none() {
    let (_, decision) =
        check(&[Hold(&["AWAITING_PAYMENT", "OTHER"]), Look], "waiting fulfillment_on_hold: nothing");
    assert!(decision.outcome.reason.message.contains("\"AWAITING_PAYMENT\" and \"OTHER\""));
    let mut weir = Weir::new(&[("A", 2)]);
    let mut order = weir.shop.state();
    order.shop.fulfillment_orders[0].state = FulfillmentOrderState::Scheduled;
    assert_eq!(weir.decide(&order).outcome.kind, Kind::Imported);
    let mut held = order.shop.fulfillment_orders[0].clone();
    held.state = FulfillmentOrderState::OnHold;
    order.shop.fulfillment_orders.push(held);
    assert_eq!(weir.see(&order).outcome.reason.code, Code::FulfillmentOnHold);
}

// SPEC: KS-01
#[test]
fn a_draft_is_no_order() {
    let weir = Weir::new(&[("A", 2)]);
    let mut order = weir.shop.state();
    order.shop.is_draft = true;
    let decision = weir.decide(&order);
    assert_eq!((decision.outcome.kind, decision.outcome.reason.code), (Kind::Skipped, Code::Draft));
}

// SPEC: KS-04
#[test]
fn an_older_order_comes_only_if_a_person_asks_for_it() {
    let just_after = at("2026-03-10T08:00:01Z");
    for (from, asked, expected) in [
        (at(ORDERED), false, (Kind::Imported, Code::OpenOrder)),
        (just_after, false, (Kind::Skipped, Code::CreatedBeforeActivation)),
        (just_after, true, (Kind::Imported, Code::OpenOrder)),
    ] {
        let mut weir = Weir::new(&[("A", 2)]);
        weir.scene.connection.orders_from = Some(from);
        weir.is_asked_for = asked;
        let decision = weir.look();
        assert_eq!((decision.outcome.kind, decision.outcome.reason.code), expected);
        let is_flagged = weir.scene.order.is_some_and(|order| order.flags.contains(&Flag::AskedFor));
        assert_eq!(is_flagged, asked);
    }
}

// SPEC: KS-04 (it lifts the date rule alone, and is kept)
#[test]
fn asking_for_an_order_lifts_the_date_rule_alone_and_for_good() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.scene.connection.orders_from = Some(at("2026-03-19T00:00:00Z"));
    weir.shop.order.shop.payment = Some(PaymentState::Pending);
    weir.is_asked_for = true;
    let decision = weir.look();
    assert_eq!(decision.outcome.reason.code, Code::PaymentPending);
    assert!(decision.is_asked_for);
    // It is paid days later, and a webhook tells so: nobody asks again.
    weir.is_asked_for = false;
    weir.happen(&Payment(PaymentState::Paid));
    assert_eq!(weir.look().outcome.kind, Kind::Imported);
}

// SPEC: KS-04
#[test]
fn the_first_activation_reaches_back_fourteen_days() {
    let activated = at("2026-03-20T12:00:00Z");
    assert_eq!(orders_from(activated, true), at("2026-03-06T12:00:00Z"));
    assert_eq!(orders_from(activated, false), activated);
}

// SPEC: KS-07, G-08 (an order keeps its currency; the shop's own figure gives the base total)
#[test]
fn other_currencies_import_in_theirs() {
    let table = [
        // The shop's currency is the base currency.
        ("27.00 EUR", Some("29.00 USD"), Some("29.00 USD"), Some("1.0740740741")),
        // It is not: the organization's rate.
        ("27.00 EUR", Some("24.00 GBP"), Some("29.16 USD"), Some("1.08")),
        ("27.00 EUR", None, Some("29.16 USD"), Some("1.08")),
        ("2700 JPY", None, None, None),
        ("2700 JPY", Some("18.20 USD"), Some("18.20 USD"), Some("0.0067407407")),
    ];
    for (total, of_shop, base, rate) in table {
        let weir = Weir::new(&[("A", 2)]);
        let mut order = weir.shop.state();
        let total = money(total);
        order.currency = Some(total.currency);
        order.total = Some(total);
        order.lines[0].amount = Some(total.amount);
        order.shop.total_in_shop_currency = of_shop.map(money);
        let decision = weir.decide(&order);
        let imported = decision.changes.order.unwrap();
        assert_eq!(imported.currency, Some(total.currency));
        assert_eq!(imported.base_total, base.map(money), "{total}");
        assert_eq!(imported.exchange_rate, rate.map(super::super::scene::dec), "{total}");
        assert_eq!(imported.flags.contains(&Flag::BaseTotalMissing), base.is_none());
    }
}

// SPEC: KS-50, G-05
#[test]
fn what_has_no_place_or_too_many_rows_waits() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.scene.connection.location_map.clear();
    assert_eq!(weir.decide(&weir.shop.state()).outcome.kind, Kind::Imported);
    weir.scene.connection.default_location = None;
    let decision = weir.look();
    assert_eq!(decision.outcome.reason.code, Code::LocationMissing);
    assert!(decision.outcome.reason.message.contains("L1"), "{}", decision.outcome.reason.message);

    let weir = Weir::new(&[("A", 2)]);
    let mut order = weir.shop.state();
    let line = order.lines[0].clone();
    order.lines = vec![line; ROWS_OF_AN_ORDER + 1];
    assert_eq!(weir.decide(&order).outcome.reason.code, Code::OrderTooLarge);
}

// Numbers that nobody means are not booked.
#[test]
fn numbers_that_cannot_be_true_are_malformed() {
    let weir = Weir::new(&[("A", 2)]);
    let base = weir.shop.state();
    let mut units = base.clone();
    units.lines[0].quantity = i64::MAX;
    let mut open = base.clone();
    open.lines[0].shop.open_quantity = Some(i64::MAX);
    let mut amount = base;
    amount.lines[0].amount = Some(rust_decimal::Decimal::MAX);
    for order in [units, open, amount] {
        let decision = weir.decide(&order);
        assert_eq!(decision.outcome.reason.code, Code::MalformedOrder);
    }
}

// SPEC: KS-06 (a pickup or POS order is one as any other)
#[test]
fn a_pickup_order_imports() {
    check(&[Did::Delivery(DeliveryMethod::PickUp), Look], "imported open_order: not_shipped, A 2, B 1");
}
