//! A big order, booked chunk by chunk: the same as if it had been booked at once. (SPEC G-05)

use std::collections::BTreeMap;

use super::scene::{Scene, batch, fba, imported, line, serial, shipped, with_serials};
use crate::{
    channel_order::{ChannelLine, ChannelOrder},
    decide::{
        Changes, Decision,
        booking::{self, Booked, book_chunk, chunks, finish},
    },
    ids::VariantId,
    limits::ROWS_IN_A_CHUNK,
    outcome::{OutcomeKind, ReasonCode},
    sales_order::{Booking, SalesOrder},
    stock::{SerialState, Stock},
    variant::Tracking,
};

pub(super) fn tracking(scene: &Scene) -> BTreeMap<VariantId, Tracking> {
    scene.variants.values().map(|variant| (variant.id.clone(), variant.tracking)).collect()
}

/// Carries out a plan as the app does, and returns each chunk's part and the stock after it.
pub(super) fn carry_out(scene: &Scene, plan: &SalesOrder, number: u32) -> (Vec<Booked>, Stock) {
    let (tracking, mut stock) = (tracking(scene), scene.stock.clone());
    let book = |chunk| {
        let booked = book_chunk(plan, chunk, &stock, &tracking);
        stock.absorb(&booked.items, &booked.serials);
        booked
    };
    ((0..number).map(book).collect(), stock)
}

fn rows(number: usize) -> Vec<ChannelLine> {
    let lines = (0..number).map(|index| ChannelLine { line_id: index.to_string(), ..line("A", 1) });
    lines.collect()
}

fn plan_of(decision: &Decision) -> u32 {
    let Booking::Committing { chunks } = imported(decision).booking else { panic!("one transaction") };
    chunks
}

// SPEC: G-05
#[test]
fn chunks_are_counted_up() {
    let table = [(0, 0), (1, 1), (ROWS_IN_A_CHUNK, 1), (ROWS_IN_A_CHUNK + 1, 2), (1_000, 50)];
    for (rows, expected) in table {
        assert_eq!(chunks(rows, ROWS_IN_A_CHUNK), expected, "{rows} rows");
    }
}

// SPEC: G-05 (up to 80 touched items one transaction: 73 movements, one item, six of the order)
#[test]
fn an_order_that_fits_is_booked_at_once_and_a_bigger_one_by_plan() {
    let fits = Scene::new().decide(&shipped(rows(73)));
    assert_eq!(imported(&fits).booking, Booking::Complete);
    assert_eq!(fits.changes.touched(), 74);

    let big = Scene::new().decide(&shipped(rows(74)));
    assert_eq!(plan_of(&big), 4);
    let plan = Changes { order: big.changes.order.clone(), ..Changes::default() };
    assert_eq!(big.changes, plan, "neither stock nor a message before it is visible");
    assert!(!imported(&big).is_visible());
    assert!(imported(&big).fulfillments[0].rows.iter().all(|row| row.batches.is_empty()));
}

// SPEC: G-05, G-10, KF-12
#[test]
fn chunks_give_what_one_booking_gives() {
    let mut scene = Scene::new().with_batches("B", (1..=9).map(|n| batch(&n.to_string(), n, 4)).collect());
    scene = scene.with_serial(serial("A", "K", SerialState::InStock(fba())));
    let mut lines = rows(40);
    lines.extend((0..42).map(|index| ChannelLine { line_id: format!("b{index}"), ..line("B", 1) }));
    lines[3] = with_serials(lines[3].clone(), &["K", "X"]);
    lines[70] = with_serials(lines[70].clone(), &["Y"]);
    let order: ChannelOrder = shipped(lines);
    let decision = scene.decide(&order);
    let plan = imported(&decision);
    let (parts, stock) = carry_out(&scene, plan, plan_of(&decision));
    let whole = booking::book(plan, &plan.fulfillments[0].rows, &scene.stock, &tracking(&scene));

    assert_eq!(finish(plan, &parts), finish(plan, std::slice::from_ref(&whole)));
    assert_eq!(finish(plan, &parts).booking, Booking::Complete);
    let movements: Vec<_> = parts.iter().flat_map(|part| part.movements.clone()).collect();
    assert_eq!(movements, whole.movements);
    let mut at_once = scene.stock.clone();
    at_once.absorb(&whole.items, &whole.serials);
    assert_eq!(stock, at_once);
    assert_eq!(booking::because(&parts), whole.because);
    assert!(finish(plan, &parts).rows[3].attributes.contains_key("serial_numbers"));
    assert!(book_chunk(plan, 99, &scene.stock, &tracking(&scene)).rows.is_empty());
}

// SPEC: G-10 (a SKU that was changed since the plan was made loses no batches)
#[test]
fn a_variant_that_is_not_found_is_booked_as_its_stock_shows() {
    let scene = Scene::new().with_batches("B", vec![batch("X", 1, 80)]);
    let lines = (0..76).map(|index| ChannelLine { line_id: index.to_string(), ..line("B", 1) }).collect();
    let decision = scene.decide(&shipped(lines));
    let plan = imported(&decision);
    let known = book_chunk(plan, 0, &scene.stock, &tracking(&scene));
    assert_eq!(book_chunk(plan, 0, &scene.stock, &BTreeMap::new()), known);
    assert_eq!(known.rows[0].batches[0].number, "X");
}

// SPEC: G-05 (a plan that no chunk could carry out is not begun)
#[test]
fn rows_out_of_too_many_batches_wait() {
    let batches = (0..200).map(|number| batch(&number.to_string(), 1, 1)).collect();
    let scene = Scene::new().with_batches("B", batches);
    let decision = scene.decide(&shipped(vec![line("B", 150)]));
    assert_eq!(decision.outcome.kind, OutcomeKind::Waiting);
    assert_eq!(decision.outcome.reason.code, ReasonCode::OrderTooLarge);
    assert!(decision.outcome.reason.message.contains("151"), "{}", decision.outcome.reason.message);
    assert_eq!(decision.changes.order, None);
    // 80 batches fit into one chunk, though not beside the order.
    assert_eq!(plan_of(&scene.decide(&shipped(vec![line("B", 80)]))), 1);
}
