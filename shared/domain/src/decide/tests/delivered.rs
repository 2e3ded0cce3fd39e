//! An order that was imported before: nothing of it changes, and what the channel says is told.

use super::scene::{Scene, at, charge, dec, line, money, shipped};
use crate::{
    channel_order::{ChannelLine, ChannelOrder, ChannelOrderState, ChargeKind},
    decide::{Changes, Decision},
    outcome::{OutcomeKind, ReasonCode},
    sales_order::Booking,
    variant::Tracking,
};

fn base() -> ChannelOrder {
    ChannelOrder { total: Some(money("3.00 USD")), ..shipped(vec![line("A", 2), line("B", 1)]) }
}

fn later(order: ChannelOrder) -> Decision {
    let mut scene = Scene::new().with("B", Tracking::None, 5);
    scene.commit(&base());
    let decision = scene.decide(&ChannelOrder { updated_at: at("2026-03-11T00:00:00Z"), ..order });
    assert_eq!(decision.outcome.kind, OutcomeKind::Unchanged);
    assert_eq!(decision.changes, Changes::default());
    decision
}

// SPEC: G-02 (any number of times)
#[test]
fn the_same_state_again_changes_nothing() {
    let mut scene = Scene::new().with("B", Tracking::None, 5);
    scene.commit(&base());
    let once = (scene.order.clone(), scene.stock.clone());
    for _ in 0..3 {
        let decision = scene.commit(&base());
        assert_eq!(decision.outcome.reason.code, ReasonCode::NothingChanged);
        assert_eq!(decision.changes, Changes::default());
    }
    assert_eq!((scene.order, scene.stock), once);
}

// SPEC: KS-35 (what was refused is said)
#[test]
fn what_the_channel_says_later_is_refused_and_said() {
    let mut dearer = line("A", 2);
    dearer.amount = Some(dec("2.50"));
    let mut renamed = line("A", 2);
    renamed.sku = Some("B".to_owned());
    let cases: Vec<(ChannelOrder, &[&str])> = vec![
        (
            ChannelOrder { lines: vec![line("A", 3), line("B", 1)], ..base() },
            &["\"A\": 3 units instead of 2 and \"A\": other amounts"],
        ),
        (ChannelOrder { lines: vec![line("A", 2)], ..base() }, &["\"B\": 0 units instead of 1"]),
        (
            ChannelOrder { lines: vec![line("A", 2), line("B", 1), line("C", 4)], ..base() },
            &["\"C\": a new row of 4 units"],
        ),
        (ChannelOrder { lines: vec![dearer, line("B", 1)], ..base() }, &["\"A\": other amounts"]),
        (ChannelOrder { lines: vec![renamed, line("B", 1)], ..base() }, &["\"B\" instead of \"A\""]),
        (
            ChannelOrder { total: Some(money("2.00 USD")), ..base() },
            &["a total of 2.00 USD instead of 3.00 USD"],
        ),
        (ChannelOrder { state: ChannelOrderState::Cancelled, ..base() }, &["the order is cancelled"]),
        (ChannelOrder { state: ChannelOrderState::Unknown("LOST".to_owned()), ..base() }, &["LOST"]),
        (
            ChannelOrder { charges: vec![charge(ChargeKind::Shipping, "1", "0", None)], ..base() },
            &["other charges"],
        ),
    ];
    for (order, words) in cases {
        let decision = later(order);
        let reason = &decision.outcome.reason;
        assert_eq!(reason.code, ReasonCode::DeliveredNeverChanges);
        for word in words {
            assert!(reason.message.contains(word), "\"{}\" does not say \"{word}\"", reason.message);
        }
        assert!(decision.because.iter().all(|because| because.code == "refused"));
    }
}

// SPEC: KS-36, KF-15 (what is left unsaid, and what never propagates, is no difference)
#[test]
fn silence_and_what_never_propagates_are_no_difference() {
    let silent = |line: ChannelLine| ChannelLine { amount: None, tax: None, ..line };
    let lines = vec![silent(line("A", 2)), silent(line("B", 1))];
    let cases = [
        ChannelOrder { lines, total: None, ..base() },
        ChannelOrder { promised_by: Some(at("2026-05-01T00:00:00Z")), ..base() },
        ChannelOrder { customer_ref: Some("PO-1".to_owned()), ..base() },
    ];
    for order in cases {
        assert_eq!(later(order).outcome.reason.code, ReasonCode::NothingChanged);
    }
}

// SPEC: G-05 (the plan is carried on by the app, not decided again)
#[test]
fn an_order_half_booked_is_not_decided_again() {
    let mut scene = Scene::new().with("B", Tracking::None, 5);
    scene.commit(&base());
    scene.order.as_mut().unwrap().booking = Booking::Committing { chunks: 3 };
    let decision = scene.decide(&ChannelOrder { updated_at: at("2026-03-01T00:00:00Z"), ..base() });
    assert_eq!(decision.outcome.kind, OutcomeKind::Unchanged);
    assert_eq!(decision.outcome.reason.code, ReasonCode::NothingChanged);
    assert_eq!(decision.because[0].code, "committing");
    assert_eq!(decision.changes, Changes::default());
}
