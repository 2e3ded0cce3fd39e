//! What a person does to an order besides packing it. (SPEC KS-16, KS-30, KS-35, G-09, OP-10)

use std::collections::BTreeSet;

use super::{
    super::scene::{at, variant_id},
    shop::{Did, MAIN, NOW, SECOND, Weir, place, row_id},
};
use crate::{
    channel_order::shop::ChannelReturnState,
    decide::persons::{change_manufacturing, delete, invoice, manufacture, receive, release, restore},
    ids::ManufacturingOrderId,
    manufacturing_order::ManufacturingStatus::{Done, NotStarted, WorkInProgress},
    outcome::ReasonCode,
    sales_order::Flag,
    sales_return::ReturnStatus,
    variant::Tracking,
};

fn looked(lines: &[(&str, i64)]) -> Weir {
    let mut weir = Weir::new(lines);
    weir.look();
    weir
}

// SPEC: KS-35
#[test]
fn an_invoice_is_of_named_rows_or_of_all() {
    let weir = looked(&[("A", 2), ("B", 1)]);
    let invoiced = |rows: &[&str]| {
        let rows = rows.iter().map(|sku| row_id(sku)).collect();
        invoice(weir.order(), &rows)
            .map(|order| order.rows.iter().map(|row| row.invoiced).collect::<Vec<_>>())
    };
    assert_eq!(invoiced(&["B"]).unwrap(), [false, true]);
    assert_eq!(invoiced(&[]).unwrap(), [true, true]);
    assert_eq!(invoiced(&["C"]).unwrap_err().path, "rows");
}

// SPEC: G-09, OP-10, CS-02
#[test]
fn a_deleted_order_frees_what_it_held_and_holds_it_again() {
    let mut weir = looked(&[("A", 2)]);
    assert_eq!(weir.stock(MAIN, "A"), (100, 2));
    assert_eq!(restore(weir.order(), false, &weir.scene.stock).unwrap_err().path, "sales_order_id");
    weir.happen(&Did::Delete);
    assert_eq!(weir.stock(MAIN, "A"), (100, 0));
    let again = delete(weir.order(), &weir.scene.organization, &[], &weir.scene.stock, at(NOW));
    assert_eq!(again.unwrap_err().path, "sales_order_id");
    weir.happen(&Did::Restore);
    assert_eq!((weir.stock(MAIN, "A"), weir.told()), ((100, 2), "not_shipped, A 2".to_owned()));

    weir.happen(&Did::Lock("2026-03-10"));
    let locked = delete(weir.order(), &weir.scene.organization, &[], &weir.scene.stock, at(NOW));
    assert!(locked.unwrap_err().message.contains("2026-03-10"));
}

// SPEC: OP-10, KS-33, KS-34 (what was called off and brought back is not deleted by the next look)
#[test]
fn what_was_called_off_and_brought_back_stays_while_that_lasts() {
    let mut weir = looked(&[("A", 2), ("B", 1)]);
    weir.happen(&Did::Archive);
    weir.look();
    assert!(weir.order().deleted_at.is_some());
    weir.happen(&Did::Restore);
    for _ in 0..2 {
        let decision = weir.look();
        assert_eq!(decision.outcome.reason.code, ReasonCode::ProtectedNeverChanges);
        assert_eq!(weir.told(), "not_shipped, A 2, B 1");
        weir.happen(&Did::Edit("A", 1));
    }
    assert!(weir.order().flags.contains(&Flag::BroughtBack));
    weir.shop.order.shop.archived_at = None;
    weir.look();
    assert_eq!(weir.told(), "not_shipped, A 1, B 1");
    assert!(!weir.order().flags.contains(&Flag::BroughtBack), "it follows again");

    // Deleted by a person and brought back, it follows at once.
    weir.happen(&Did::Delete);
    weir.happen(&Did::Restore);
    assert!(!weir.order().flags.contains(&Flag::BroughtBack));
    weir.happen(&Did::Cancel);
    weir.look();
    assert!(weir.order().deleted_at.is_some());
}

// SPEC: CS-03 (a released row holds nothing, and lies at no place)
#[test]
fn a_row_is_released_once() {
    let mut weir = looked(&[("A", 2), ("B", 1)]);
    weir.happen(&Did::Release("A"));
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(MAIN, "B")), ((100, 0), (100, 1)));
    assert_eq!(weir.order().rows[0].location, None);
    let again = release(weir.order(), &row_id("A"), &weir.scene.stock).unwrap();
    assert_eq!(again, crate::decide::Changes::default());
    weir.look();
    assert_eq!(weir.order().rows[0].location, None, "a place that a person cleared stays clear");
    assert_eq!(release(weir.order(), &row_id("C"), &weir.scene.stock).unwrap_err().path, "row_id");
    weir.happen(&Did::Pack("w1", &[("B", 1)]));
    assert_eq!(release(weir.order(), &row_id("B"), &weir.scene.stock).unwrap_err().path, "row_id");
}

// SPEC: KS-30
#[test]
fn a_row_has_one_manufacturing_order() {
    let weir = looked(&[("A", 2)]);
    let id = || ManufacturingOrderId::from_token("1");
    let made = manufacture(weir.order(), &row_id("A"), (id(), 2), &[], at(NOW)).unwrap();
    assert_eq!((made.quantity, made.variant.clone()), (2, variant_id("A")));
    let linked = [made.clone()];
    let cases = [("A", 1, "sales_order_row_id"), ("C", 1, "sales_order_row_id")];
    for (sku, units, path) in cases {
        assert_eq!(
            manufacture(weir.order(), &row_id(sku), (id(), units), &linked, at(NOW)).unwrap_err().path,
            path
        );
    }
    assert_eq!(
        manufacture(weir.order(), &row_id("A"), (id(), 0), &[], at(NOW)).unwrap_err().path,
        "quantity"
    );

    let changed = |status, quantity| change_manufacturing(&made, status, quantity);
    assert_eq!(changed(Some(Done), Some(3)).unwrap().quantity, 3);
    assert_eq!(changed(None, Some(0)).unwrap_err().path, "quantity");
    let begun = changed(Some(WorkInProgress), None).unwrap();
    assert_eq!(change_manufacturing(&begun, Some(NotStarted), None).unwrap_err().path, "status");
    assert_eq!(change_manufacturing(&begun, None, Some(9)).unwrap_err().path, "quantity");
    assert_eq!(change_manufacturing(&begun, Some(Done), Some(2)).unwrap().status, Done);
}

// SPEC: KS-16, G-09 (the goods are in stock again, once)
#[test]
fn what_comes_back_is_in_stock_again() {
    let mut weir = looked(&[("A", 2), ("B", 2)]);
    weir.scene.connection.settings.shop.bring_returns = true;
    weir.happen(&Did::Fulfil("f1", &[("A", 2), ("B", 2)]));
    weir.happen(&Did::Return("R1", ChannelReturnState::Open, &[("A", 1), ("B", 2)]));
    weir.look();
    let known = weir.returns[0].clone();
    let tracking = [(variant_id("B"), Tracking::Batch)].into();
    let (organization, stock) = (weir.scene.organization.clone(), weir.scene.stock.clone());
    let back = |known: &_, organization: &_| {
        receive(known, (&place(SECOND), at(NOW)), organization, &stock, (&tracking, &BTreeSet::new()))
    };
    let service = [variant_id("A")].into();
    let goods =
        receive(&known, (&place(SECOND), at(NOW)), &organization, &stock, (&tracking, &service)).unwrap();
    let moved: Vec<_> = goods.movements.iter().map(|movement| movement.sku.as_str()).collect();
    assert_eq!(moved, ["B"], "a service comes back to nowhere");
    let changes = back(&known, &organization).unwrap();
    weir.store(&changes);
    assert_eq!((weir.stock(SECOND, "A"), weir.stock(SECOND, "B")), ((101, 0), (102, 0)));
    let item = weir.scene.stock.item(&super::shop::key(SECOND, "B"));
    assert_eq!((item.batches[0].number.as_str(), item.batches[0].quantity), ("#1042-R1", 2));
    assert_eq!(weir.returns[0].status, ReturnStatus::Received);
    assert_eq!(back(&weir.returns[0], &organization).unwrap_err().path, "status");
    let mut locked = organization;
    locked.inventory_lock_date = Some("2026-03-20".parse().unwrap());
    assert_eq!(back(&known, &locked).unwrap_err().path, "received_at");
    assert_eq!(weir.told(), "delivered, A 2/2, B 2/2");
}
