//! Big orders of a shop: their stock moves chunk by chunk, and it is the same as at once. (SPEC G-05)

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::scene::{at, batch, variant, variant_id},
    shop::{MAIN, NOW, Weir, key, row_id},
};
use crate::{
    channel_order::{ChannelOrder, shop::FulfilledUnits},
    decide::{
        booking::{self, Booked},
        fulfill::{Here, NewFulfillment, fulfill},
    },
    event::{DomainEvent, Effect},
    ids::{FulfillmentId, VariantId},
    outcome::{OutcomeKind, ReasonCode},
    sales_order::{Booking, Flag, FulfillmentRow, FulfillmentStatus, SalesOrder},
    stock::StockItem,
    variant::Tracking,
};

const ROWS: usize = 250;

fn sku(index: usize) -> String {
    format!("V{index}")
}

fn many() -> (Weir, ChannelOrder) {
    let mut weir = Weir::new(&[]);
    for index in 0..ROWS {
        let tracking = if index % 3 == 0 { Tracking::Batch } else { Tracking::None };
        weir.scene.variants.insert(sku(index), variant(&sku(index), tracking));
        let batches = if index % 3 == 0 { vec![batch("y", 2, 1), batch("x", 1, 1)] } else { Vec::new() };
        let item = StockItem { on_hand: 2, batches, ..StockItem::empty(key(MAIN, &sku(index))) };
        weir.scene.stock.items.insert(item.key.clone(), item);
        weir.shop.add(&sku(index), 2);
    }
    let state = weir.shop.state();
    (weir, state)
}

/// Carries out a plan as the app does.
fn carry_out(weir: &mut Weir) -> SalesOrder {
    let plan = weir.order().clone();
    let Booking::Following { plan: steps, .. } = &plan.booking else { panic!("no plan") };
    let tracking: BTreeMap<VariantId, Tracking> =
        weir.scene.variants.values().map(|variant| (variant.id.clone(), variant.tracking)).collect();
    let mut parts: Vec<Booked> = Vec::new();
    for chunk in 0..booking::chunks_of_plan(&plan) {
        let steps = booking::steps_of_chunk(&plan, chunk);
        let booked = booking::follow(&plan, steps, &weir.scene.stock, &tracking);
        assert!(booked.touched() <= crate::limits::ITEMS_IN_ONE_CHUNK);
        weir.scene.stock.absorb(&booked.items, &booked.serials);
        weir.ledger.extend(booked.movements.iter().cloned());
        parts.push(booked);
    }
    assert!(booking::steps_of_chunk(&plan, 9_999).is_empty());
    let finished = booking::finish_following(&plan, steps, &parts);
    weir.scene.order = Some(finished.clone());
    super::shop::reservations_hold(weir);
    finished
}

// SPEC: G-05
#[test]
fn a_big_order_is_held_chunk_by_chunk() {
    let (mut weir, state) = many();
    let decision = weir.see(&state);
    assert_eq!(decision.outcome.kind, OutcomeKind::Imported);
    assert!(decision.changes.items.is_empty() && decision.changes.effects.is_empty());
    assert!(!weir.order().is_visible());
    let told = booking::planned_messages(weir.order(), Some(&weir.scene.connection));
    assert!(matches!(&told[..], [Effect::Announce(DomainEvent::OrderImported { .. })]));
    // Meanwhile nothing is decided.
    let again = weir.decide(&state);
    assert_eq!((again.outcome.kind, again.outcome.reason.code), (OutcomeKind::Waiting, ReasonCode::Booking));
    let finished = carry_out(&mut weir);
    assert!(finished.is_visible());
    assert_eq!(weir.stock(MAIN, "V7"), (2, 2));
    assert_eq!(weir.decide(&state).changes, crate::decide::Changes::default());
}

// SPEC: G-05, G-10 (a fulfillment of all of it: batches, movements and holds as at once)
#[test]
fn a_big_fulfillment_leaves_chunk_by_chunk() {
    let (mut weir, state) = many();
    weir.see(&state);
    carry_out(&mut weir);
    weir.shop.fulfil("f1", &[]);
    weir.shop.order.shop.fulfillments[0].lines =
        (0..ROWS).map(|index| FulfilledUnits { line_id: format!("L-{}", sku(index)), quantity: 2 }).collect();
    let state = weir.shop.state();
    let decision = weir.see(&state);
    assert_eq!(decision.outcome.kind, OutcomeKind::Updated);
    assert!(decision.changes.movements.is_empty());
    let told = booking::planned_messages(weir.order(), Some(&weir.scene.connection));
    assert!(matches!(&told[..], [Effect::Announce(DomainEvent::OrderDelivered { .. })]));
    let finished = carry_out(&mut weir);
    assert_eq!(finished.status.as_str(), "delivered");
    assert_eq!((weir.stock(MAIN, "V0"), weir.stock(MAIN, "V1")), ((0, 0), (0, 0)));
    let taken: Vec<&str> = finished.fulfillments[0]
        .rows
        .iter()
        .find(|row| row.row == row_id("V0"))
        .unwrap()
        .batches
        .iter()
        .map(|take| take.number.as_str())
        .collect();
    assert_eq!(taken, ["x", "y"]);
    assert!(!finished.flags.contains(&Flag::MissingTrackingData));
    let mut causes: Vec<_> = weir.ledger.iter().map(|movement| &movement.cause).collect();
    let all = causes.len();
    causes.sort();
    causes.dedup();
    assert_eq!((causes.len(), all), (all, ROWS + ROWS.div_ceil(3)));
    assert_eq!(weir.decide(&state).changes, crate::decide::Changes::default());
}

// SPEC: G-05, KS-41 (a person packs all of it; the shop is told once the plan is carried out)
#[test]
fn a_big_order_is_packed_chunk_by_chunk() {
    let (mut weir, state) = many();
    weir.see(&state);
    carry_out(&mut weir);
    let row = |index| FulfillmentRow {
        row: row_id(&sku(index)),
        quantity: 2,
        batches: Vec::new(),
        serial_numbers: Vec::new(),
    };
    let new = NewFulfillment {
        id: FulfillmentId::from_token("w1"),
        status: FulfillmentStatus::Packed,
        rows: (0..ROWS).map(row).collect(),
        tracking: None,
        shipped_at: at(NOW),
    };
    let tracking =
        weir.scene.variants.values().map(|variant| (variant.id.clone(), variant.tracking)).collect();
    let here = Here {
        organization: &weir.scene.organization,
        connection: Some(&weir.scene.connection),
        stock: &weir.scene.stock,
        tracking: &tracking,
        services: &BTreeSet::new(),
        now: at(NOW),
    };
    let changes = fulfill(weir.order(), &new, &here).unwrap();
    assert!(changes.effects.is_empty());
    weir.store(&changes);
    let told = booking::planned_messages(weir.order(), Some(&weir.scene.connection));
    assert!(matches!(
        &told[..],
        [Effect::Announce(DomainEvent::OrderChanged { .. }), Effect::CreateFulfillment { .. }]
    ));
    let finished = carry_out(&mut weir);
    assert_eq!(finished.status.as_str(), "packed");
    assert_eq!(weir.stock(MAIN, "V9"), (0, 0));
}

// SPEC: G-05 (a plan that no chunk could carry out is not begun)
#[test]
fn a_row_out_of_too_many_batches_waits() {
    let mut weir = Weir::new(&[("A", 150)]);
    weir.scene.variants.insert("A".to_owned(), variant("A", Tracking::Batch));
    let batches = (0..200).map(|number| batch(&number.to_string(), 1, 1)).collect();
    let item = StockItem { on_hand: 200, batches, ..StockItem::empty(key(MAIN, "A")) };
    weir.scene.stock.items.insert(key(MAIN, "A"), item);
    weir.look();
    weir.shop.fulfil("f1", &[("A", 150)]);
    let decision = weir.look();
    assert_eq!(
        (decision.outcome.kind, decision.outcome.reason.code),
        (OutcomeKind::Waiting, ReasonCode::OrderTooLarge)
    );
    assert_eq!(weir.order().rows[0].variant, variant_id("A"));
    assert_eq!(weir.told(), "not_shipped, A 150");
}
