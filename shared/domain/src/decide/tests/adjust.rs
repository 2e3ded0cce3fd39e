//! Stock adjustments by people: all or nothing, with the fields that are wrong.

use std::collections::BTreeMap;

use super::scene::{Scene, another_order, at, batch, fba, key, other_place, serial, variant_id};
use crate::{
    decide::{
        adjust::{Adjusted, FieldError, adjust},
        period_locked,
    },
    ids::{AdjustmentId, VariantId},
    outcome::ReasonCode,
    stock::{Adjustment, AdjustmentRow, Cause, SerialState},
    variant::{Sku, Tracking, Variant, VariantKind},
};

/// A row as `sku quantity [batch] [serial,serial]`, `-` for none.
fn row(text: &str) -> AdjustmentRow {
    let parts: Vec<&str> = text.split(' ').collect();
    let given = |index: usize| parts.get(index).filter(|part| **part != "-").map(|part| (*part).to_owned());
    AdjustmentRow {
        variant: variant_id(parts[0]),
        sku: Sku::parse(parts[0]).unwrap(),
        quantity: parts[1].parse().unwrap(),
        batch: given(2),
        received_at: None,
        serial_numbers: given(3).map(|all| all.split(',').map(str::to_owned).collect()).unwrap_or_default(),
    }
}

fn adjustment(rows: Vec<AdjustmentRow>) -> Adjustment {
    Adjustment {
        id: AdjustmentId::from_token("1"),
        location: fba(),
        reason: "count".to_owned(),
        rows,
        created_at: at("2026-03-10T12:00:00Z"),
    }
}

/// A untracked 10; B in batches OLD 3 and NEW 5; S by serial: S1 here, AWAY elsewhere, SOLD, GONE.
fn scene() -> Scene {
    Scene::new()
        .with_batches("B", vec![batch("NEW", 9, 5), batch("OLD", 1, 3)])
        .with("S", Tracking::Serial, 1)
        .with("V", Tracking::None, 0)
        .with_serial(serial("S", "S1", SerialState::InStock(fba())))
        .with_serial(serial("S", "AWAY", SerialState::InStock(other_place())))
        .with_serial(serial("S", "SOLD", SerialState::Sold(another_order())))
        .with_serial(serial("S", "GONE", SerialState::Removed))
}

fn run(rows: &[&str]) -> Result<Adjusted, Vec<FieldError>> {
    let mut scene = scene();
    scene.variants.get_mut("V").unwrap().kind = VariantKind::Service;
    let variants: BTreeMap<VariantId, Variant> =
        scene.variants.values().map(|variant| (variant.id.clone(), variant.clone())).collect();
    adjust(&adjustment(rows.iter().map(|text| row(text)).collect()), &scene.stock, &variants)
}

// SPEC: G-10, I9, I15
#[test]
fn what_is_right_is_booked() {
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a str, i64);
    let cases: [Case<'_>; 13] = [
        (&["A 5"], &["5 - "], "A", 15),
        (&["A -4"], &["-4 - "], "A", 6),
        (&["A -12"], &["-12 - "], "A", -2),
        (&["A 5", "A -2"], &["5 - ", "-2 - "], "A", 13),
        (&["A 2 - X,Y"], &["2 - X,Y"], "A", 12),
        (&["B 4 OLD"], &["4 OLD "], "B", 12),
        (&["B 4 FRESH"], &["4 FRESH "], "B", 12),
        (&["B -2 NEW"], &["-2 NEW "], "B", 6),
        (&["B -4"], &["-3 OLD ", "-1 NEW "], "B", 4),
        (&["B -10"], &["-3 OLD ", "-5 NEW ", "-2 - "], "B", -2),
        (&["S 2 - N1,N2"], &["2 - N1,N2"], "S", 3),
        (&["S 2 - SOLD,GONE"], &["2 - SOLD,GONE"], "S", 3),
        (&["S -1 - S1", "S 1 - S1"], &["-1 - S1", "1 - S1"], "S", 1),
    ];
    for (rows, movements, sku, on_hand) in cases {
        let adjusted = run(rows).unwrap();
        let written: Vec<String> = adjusted
            .movements
            .iter()
            .map(|m| {
                format!("{} {} {}", m.quantity, m.batch.as_deref().unwrap_or("-"), m.serial_numbers.join(","))
            })
            .collect();
        assert_eq!(written, movements, "{rows:?}");
        assert_eq!(adjusted.items[&key(sku)].on_hand, on_hand, "{rows:?}");
        for (part, movement) in (0..).zip(&adjusted.movements) {
            let cause = Cause::Adjustment { adjustment: AdjustmentId::from_token("1"), part };
            assert_eq!(movement.cause, cause);
        }
    }
}

// SPEC: G-10 (receipt dates decide what leaves first; a batch keeps the one it has)
#[test]
fn batches_keep_their_receipt_date() {
    let mut scene = scene();
    let variants = [(variant_id("B"), scene.variants["B"].clone())].into();
    let dated = |text: &str, day: &str| AdjustmentRow { received_at: Some(at(day)), ..row(text) };
    let rows = vec![
        dated("B 1 FIRST", "2020-01-01T00:00:00Z"),
        dated("B 1 NEW", "2020-01-01T00:00:00Z"),
        row("B 1 TODAY"),
    ];
    let adjusted = adjust(&adjustment(rows), &scene.stock, &variants).unwrap();
    let item = &adjusted.items[&key("B")];
    let received = |number: &str| item.batches.iter().find(|b| b.number == number).unwrap().received_at;
    assert_eq!(received("FIRST"), at("2020-01-01T00:00:00Z"));
    assert_eq!(received("NEW"), at("2026-01-09T00:00:00Z"));
    assert_eq!(received("TODAY"), at("2026-03-10T12:00:00Z"));
    scene.stock.absorb(&adjusted.items, &adjusted.serials);
    let out = adjust(&adjustment(vec![row("B -1")]), &scene.stock, &variants).unwrap();
    assert_eq!(out.movements[0].batch.as_deref(), Some("FIRST"));
}

// SPEC: G-10, KF-11, I12 (the field that is wrong is named, and nothing is booked)
#[test]
fn what_is_wrong_names_its_field() {
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a str);
    let cases: [Case<'_>; 18] = [
        (&[], &["rows"], "at least one row"),
        (&["A 0"], &["rows[0].quantity"], "with a minus"),
        (&["A 2000000000"], &["rows[0].quantity"], "At most"),
        (&["Z 1"], &["rows[0].sku"], "No variant"),
        (&["A 1", "V 1"], &["rows[1].sku"], "service"),
        (&["A 1 X"], &["rows[0].batch_number"], "not batch-tracked"),
        (&["B 1"], &["rows[0].batch_number"], "name the batch"),
        (&["B -4 OLD"], &["rows[0].quantity"], "has 3 units"),
        (&["B -2 OLD", "B -2 OLD"], &["rows[1].quantity"], "has 1 units"),
        (&["B -1 NONE"], &["rows[0].quantity"], "has 0 units"),
        (&["S 2 - N1"], &["rows[0].serial_numbers"], "need 2 serial numbers; 1"),
        (&["S -1"], &["rows[0].serial_numbers"], "need 1 serial numbers; 0"),
        (&["A 1 - X,Y"], &["rows[0].serial_numbers"], "2 are given"),
        (&["S 1 - S1"], &["rows[0].serial_numbers"], "already"),
        (&["S 1 - AWAY"], &["rows[0].serial_numbers"], "loc_own already"),
        (&["S 2 - N,N"], &["rows[0].serial_numbers"], "already"),
        (&["S -1 - AWAY"], &["rows[0].serial_numbers"], "not here"),
        (
            &["S -1 - SOLD", "S -1 - X", "S -1 - GONE"],
            &["rows[0].serial_numbers", "rows[1].serial_numbers", "rows[2].serial_numbers"],
            "so_another",
        ),
    ];
    for (rows, paths, says) in cases {
        let errors = run(rows).unwrap_err();
        let found: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(found, paths, "{rows:?}: {errors:?}");
        assert!(errors.iter().any(|error| error.message.contains(says)), "{rows:?}: {errors:?}");
    }
}

// SPEC: G-05 (one transaction)
#[test]
fn what_does_not_fit_into_one_transaction_is_refused() {
    let rows: Vec<&str> = vec!["A 1"; 80];
    assert_eq!(run(&rows).unwrap_err()[0].path, "rows");
    assert_eq!(run(&rows[..79]).unwrap().touched(), 80);
}

// SPEC: G-09
#[test]
fn a_locked_day_is_named() {
    let mut organization = scene().organization;
    let now = at("2026-03-10T22:30:00Z");
    assert_eq!(period_locked(&organization, now), None);
    organization.inventory_lock_date = Some("2026-03-10".parse().unwrap());
    assert_eq!(period_locked(&organization, now), None);
    organization.inventory_lock_date = Some("2026-03-11".parse().unwrap());
    let reason = period_locked(&organization, now).unwrap();
    assert_eq!(reason.code, ReasonCode::PeriodLocked);
    assert!(reason.message.contains("2026-03-11 (Europe/Tallinn)"), "{}", reason.message);
}
