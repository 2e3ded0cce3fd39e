//! A shop that has one status for the whole of an order: which orders import, when they are delivered here,
//! and when the shop is told. (SPEC KB-01 to KB-12)

use super::{
    super::scene::at,
    shop::{Did, MAIN, Weir, check},
};
use crate::{
    Timestamp,
    channel_order::shop::{PaymentState, Stage},
    decide::push::{Completing, completing, is_to_be_completed},
    sales_order::Flag,
    stock::{Batch, StockItem},
    variant::Tracking,
};
use Did::{Add, Cancel, Deliver, DeliverPacked, Edit, Look, Pack, Payment, Set, Status};

const OPEN: Did = Status(Stage::Open);
const SHIPPED: Did = Status(Stage::Shipped);

fn completed() -> Did {
    Status(Stage::Completed { at: at("2026-03-12T08:00:00Z") })
}

// SPEC: KB-02, KB-03
#[test]
fn each_status_has_its_reason() {
    let table: &[(&[Did], &str)] = &[
        (&[OPEN, Look], "imported open_order: not_shipped, A 2, B 1"),
        (&[Status(Stage::Incomplete), Look], "skipped incomplete_checkout: nothing"),
        (&[Status(Stage::Pending), Look], "skipped pending_checkout: nothing"),
        (&[Status(Stage::Declined), Look], "skipped declined: nothing"),
        (&[Status(Stage::ManualVerification), Look], "waiting manual_verification: nothing"),
        (&[Status(Stage::Disputed), Look], "waiting disputed: nothing"),
        (&[OPEN, Payment(PaymentState::Pending), Look], "waiting payment_pending: nothing"),
        (
            &[Set(|settings| settings.payment_pending_orders = true), Payment(PaymentState::Pending), Look],
            "imported open_order: not_shipped, A 2, B 1",
        ),
        // What is decided at the shop comes in then.
        (
            &[Status(Stage::Incomplete), Look, Status(Stage::ManualVerification), Look, OPEN, Look],
            "imported open_order: not_shipped, A 2, B 1",
        ),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
}

// SPEC: KB-08, KS-33
#[test]
fn what_is_declined_is_called_off() {
    let table: &[(&[Did], &str)] = &[
        (&[OPEN, Look, Status(Stage::Declined), Look], "updated deleted_with_channel: deleted"),
        (
            &[OPEN, Look, Deliver("w1", &[("A", 1)]), Status(Stage::Declined), Look],
            "unchanged nothing_changed: partially_delivered, A 2/1, B 1",
        ),
        (&[OPEN, Look, Status(Stage::Disputed), Look], "unchanged nothing_changed: not_shipped, A 2, B 1"),
        (&[OPEN, Look, Edit("A", 5), Look], "updated changes_followed: not_shipped, A 5, B 1"),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
}

// SPEC: KB-11, KB-12
#[test]
fn completed_delivers_what_is_open_and_shipped_alone_does_not() {
    let all = "updated fulfilled_at_channel: delivered, A 2/2, B 1/1";
    let table: &[(&[Did], &str)] = &[
        (&[OPEN, Look, SHIPPED, Look], "unchanged shipped_not_completed: not_shipped, A 2, B 1"),
        (&[OPEN, Look, completed(), Look], all),
        (&[OPEN, Look, SHIPPED, Look, completed(), Look], all),
        (&[OPEN, Look, Deliver("w1", &[("A", 1)]), completed(), Look], all),
        (&[OPEN, Look, Edit("A", 1), completed(), Look], "updated changes_followed: delivered, A 1/1, B 1/1"),
        // What is packed here is on its way already.
        (
            &[OPEN, Look, Pack("w1", &[("A", 2)]), completed(), Look],
            "updated fulfilled_at_channel: partially_delivered, A 2 packed 2, B 1/1",
        ),
        // Weir's own completion comes back and changes nothing.
        (
            &[OPEN, Look, Deliver("w1", &[("A", 2), ("B", 1)]), completed(), Look],
            "unchanged own_fulfillment: delivered, A 2/2, B 1/1",
        ),
        // Opened again with another line, and completed again.
        (
            &[OPEN, Look, completed(), Look, OPEN, Add("C", 1), Look, completed(), Look],
            "updated fulfilled_at_channel: delivered, A 2/2, B 1/1, C 1/1",
        ),
        (
            &[OPEN, Look, Set(|settings| settings.sync_fulfillment_status = false), completed(), Look],
            "unchanged fulfillments_not_brought: not_shipped, A 2, B 1",
        ),
        (
            &[OPEN, Look, Did::Lock("2026-03-15"), completed(), Look],
            "waiting period_locked: not_shipped, A 2, B 1",
        ),
    ];
    for (history, expected) in table {
        check(history, expected);
    }
    let (weir, _) = check(&[OPEN, Look, completed(), Look], all);
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(MAIN, "B")), ((98, 0), (99, 0)));
    assert_eq!(weir.order().fulfillments[0].shipped_at, at("2026-03-12T08:00:00Z"));
}

// SPEC: KB-11, G-10
#[test]
fn batches_go_first_in_first_out_when_the_shop_completes() {
    let mut weir = Weir::new(&[("A", 2)]);
    weir.scene.variants.insert("A".to_owned(), super::super::scene::variant("A", Tracking::Batch));
    let key = super::shop::key(MAIN, "A");
    let batch = |number: &str, received_at: &str| Batch {
        number: number.to_owned(),
        received_at: at(received_at),
        quantity: 1,
    };
    let batches = vec![batch("young", "2026-02-01T00:00:00Z"), batch("old", "2026-01-01T00:00:00Z")];
    weir.scene.stock.items.insert(key.clone(), StockItem { on_hand: 2, batches, ..StockItem::empty(key) });
    for did in [OPEN, Look, completed(), Look] {
        weir.happen(&did);
    }
    let taken = &weir.order().fulfillments[0].rows[0].batches;
    let numbers: Vec<&str> = taken.iter().map(|taken| taken.number.as_str()).collect();
    assert_eq!(numbers, ["old", "young"]);
    assert!(!weir.order().flags.contains(&Flag::MissingTrackingData));
}

// SPEC: KB-10, KB-12
#[test]
fn the_shop_is_told_of_a_whole_order_alone() {
    let told = |history: &[Did]| {
        let mut weir = Weir::new(&[("A", 2), ("B", 1)]);
        for did in history {
            weir.happen(did);
        }
        match is_to_be_completed(weir.order(), &weir.scene.connection) {
            true => Some(completing(weir.order(), &weir.shop.state())),
            false => None,
        }
    };
    let here = || Deliver("w1", &[("A", 2), ("B", 1)]);
    let left = Completing::LeftAlone;
    assert_eq!(told(&[OPEN, Look]), None);
    assert_eq!(told(&[OPEN, Look, Deliver("w1", &[("A", 2)])]), None, "partially delivered says nothing");
    assert_eq!(told(&[OPEN, Look, Pack("w1", &[("A", 2), ("B", 1)])]), None);
    assert_eq!(told(&[OPEN, Look, here()]), Some(Completing::Complete));
    let packed = [OPEN, Look, Pack("w1", &[("A", 2), ("B", 1)]), DeliverPacked("w1")];
    assert_eq!(told(&packed), Some(Completing::Complete));
    assert_eq!(told(&[OPEN, Look, here(), SHIPPED]), Some(Completing::Complete));
    assert_eq!(told(&[OPEN, Look, here(), completed()]), Some(Completing::Known));
    assert_eq!(told(&[OPEN, Look, completed(), Look]), None, "it came from there");
    assert_eq!(told(&[OPEN, Look, here(), Cancel]), Some(left("it was cancelled there")));
    assert_eq!(told(&[OPEN, Look, here(), Status(Stage::Declined)]), Some(left("it was declined there")));
    assert_eq!(
        told(&[OPEN, Look, here(), Add("C", 1)]),
        Some(left("it has units there that are not delivered here"))
    );
    let off = Set(|settings| settings.sync_fulfillment_status = false);
    assert_eq!(told(&[OPEN, Look, off, here()]), None);
}

// SPEC: KB-06
#[test]
fn custom_items_wait_unless_they_may_become_products() {
    let see = |creates: bool, sku: Option<&str>, is_in: bool| {
        let mut weir = Weir::new(&[("A", 2)]);
        weir.scene.connection.settings.shop.create_custom_items = creates;
        if is_in {
            weir.happen(&Look);
        }
        weir.shop.add("typed", 1);
        let mut state = weir.shop.state();
        state.lines[1].shop.is_custom = true;
        state.lines[1].sku = sku.map(str::to_owned);
        let decision = weir.see(&state);
        let outcome = decision.outcome;
        format!("{} {}: {}", outcome.kind.as_str(), outcome.reason.code.as_str(), weir.told())
    };
    assert_eq!(see(false, Some("ENGRAVED"), false), "waiting custom_item: nothing");
    assert_eq!(see(false, None, false), "waiting custom_item: nothing");
    assert_eq!(see(true, Some("ENGRAVED"), false), "imported open_order: not_shipped, A 2, ENGRAVED 1");
    // Somebody knows it: nothing has to be made.
    assert_eq!(see(false, Some("B"), false), "imported open_order: not_shipped, A 2, B 1");
    // Added to an order that is in, the rest of the order goes on.
    assert_eq!(see(false, Some("ENGRAVED"), true), "waiting custom_item: not_shipped, A 2");
    assert_eq!(see(true, Some("ENGRAVED"), true), "updated changes_followed: not_shipped, A 2, ENGRAVED 1");
}

// SPEC: KB-05
#[test]
fn the_delivery_date_follows_the_organization_alone() {
    let date = |by_default: bool| -> Option<Timestamp> {
        let mut weir = Weir::new(&[("A", 1)]);
        weir.scene.organization.default_delivery_days = 4;
        weir.scene.variants.get_mut("A").unwrap().default_delivery_days = Some(9);
        weir.shop.order.shop.delivered_by_default = by_default;
        weir.happen(&Look);
        weir.order().delivery_date
    };
    assert_eq!(date(true), Some(at("2026-03-14T08:00:00Z")));
    assert_eq!(date(false), Some(at("2026-03-19T08:00:00Z")));
}

// SPEC: KB-01
#[test]
fn an_open_order_imports_however_old_it_is() {
    let mut weir = Weir::new(&[("A", 1)]);
    weir.scene.connection.orders_from = Some(Timestamp::UNIX_EPOCH);
    weir.shop.order.created_at = at("2019-01-01T00:00:00Z");
    let decision = weir.look();
    assert_eq!(decision.outcome.reason.code.as_str(), "open_order");
}
