//! What imports, and why the rest does not.

use super::scene::{Scene, another_order, at, codes, fba, imported, line, observed, shipped};
use crate::{
    channel_order::{ChannelOrder, ChannelOrderState as Shown, FulfilledBy, SoldBy},
    decide::{Changes, Decision, match_skus},
    event::{DomainEvent, Effect},
    limits::ROWS_OF_AN_ORDER,
    outcome::{OutcomeKind as Kind, ReasonCode as Code},
    sales_order::{FulfillmentBy, FulfillmentStatus, OrderStatus},
    variant::{Sku, Tracking, VariantKind},
};

fn check(decision: &Decision, kind: Kind, code: Code, words: &[&str]) {
    let reason = &decision.outcome.reason;
    assert_eq!((decision.outcome.kind, reason.code), (kind, code), "{}", reason.message);
    for word in words {
        assert!(reason.message.contains(word), "\"{}\" does not say \"{word}\"", reason.message);
    }
    if kind != Kind::Imported {
        let quiet = Changes { effects: decision.changes.effects.clone(), ..Changes::default() };
        assert_eq!(decision.changes, quiet, "nothing but a message may leave");
    }
}

// SPEC: KF-02, KF-07, KF-08, KF-09
#[test]
fn an_order_that_amazon_sold_and_shipped_becomes_a_delivered_order() {
    let scene = Scene::new().with("B", Tracking::None, 1);
    let decision = scene.decide(&shipped(vec![line("A", 2), line("B", 1)]));
    check(&decision, Kind::Imported, Code::ShippedByChannel, &[]);
    let order = imported(&decision);
    assert_eq!(order.id.as_str(), "con_1~111-1");
    assert_eq!(order.status, OrderStatus::Delivered);
    assert!(order.is_visible());
    assert_eq!(order.customer, None);
    for row in &order.rows {
        assert_eq!((row.status, row.delivered_quantity), (OrderStatus::Delivered, row.quantity));
        assert_eq!(row.location, Some(fba()));
    }
    let [fulfillment] = &order.fulfillments[..] else { panic!("one fulfillment") };
    assert_eq!((fulfillment.status, fulfillment.by), (FulfillmentStatus::Delivered, FulfillmentBy::Channel));
    assert_eq!(fulfillment.rows.iter().map(|row| row.quantity).collect::<Vec<_>>(), [2, 1]);
    let moved: Vec<i64> = decision.changes.movements.iter().map(|movement| movement.quantity).collect();
    assert_eq!(moved, [-2, -1]);
    assert!(decision.changes.movements.iter().all(|movement| movement.key.location == fba()));
    assert!(matches!(&decision.changes.effects[..], [Effect::Announce(DomainEvent::OrderImported { .. })]));
    assert_eq!(decision.shipped_at, Some(order.fulfillments[0].shipped_at));
}

// SPEC: KF-02, KF-03
#[test]
fn what_is_not_shipped_by_amazon_for_amazon_does_not_import() {
    let unknown = |word: &str| Some(word.to_owned());
    let base = || shipped(vec![line("A", 1)]);
    let cases: Vec<(ChannelOrder, Kind, Code, &[&str])> = vec![
        (ChannelOrder { state: Shown::Pending, ..base() }, Kind::Waiting, Code::NotShippedYet, &["pending"]),
        (
            ChannelOrder { state: Shown::Unshipped, ..base() },
            Kind::Waiting,
            Code::NotShippedYet,
            &["unshipped"],
        ),
        (
            ChannelOrder { state: Shown::PartiallyShipped, ..base() },
            Kind::Waiting,
            Code::NotShippedYet,
            &["partially shipped"],
        ),
        (ChannelOrder { state: Shown::Cancelled, ..base() }, Kind::Skipped, Code::Cancelled, &[]),
        (ChannelOrder { state: Shown::Unfulfillable, ..base() }, Kind::Skipped, Code::Unfulfillable, &[]),
        (
            ChannelOrder { state: Shown::Unknown("TELEPORTED".to_owned()), ..base() },
            Kind::Waiting,
            Code::UnknownState,
            &["TELEPORTED"],
        ),
        (
            ChannelOrder { fulfilled_by: FulfilledBy::Merchant, ..base() },
            Kind::Skipped,
            Code::FulfilledByMerchant,
            &[],
        ),
        (
            ChannelOrder { fulfilled_by: FulfilledBy::Unknown(unknown("DRONE")), ..base() },
            Kind::Waiting,
            Code::UnknownSeller,
            &["ships", "DRONE"],
        ),
        (
            ChannelOrder { sold_by: SoldBy::Unknown(unknown("BAZAAR")), ..base() },
            Kind::Waiting,
            Code::UnknownSeller,
            &["sold", "BAZAAR"],
        ),
        (
            ChannelOrder { sold_by: SoldBy::Unknown(None), ..base() },
            Kind::Waiting,
            Code::UnknownSeller,
            &["sold"],
        ),
        (ChannelOrder { marketplace: None, ..base() }, Kind::Waiting, Code::UnknownSeller, &["marketplace"]),
        (
            ChannelOrder { marketplace: Some("A1F83G8C2ARO7P".to_owned()), ..base() },
            Kind::Skipped,
            Code::OtherMarketplace,
            &["A1F83G8C2ARO7P", "ATVPDKIKX0DER"],
        ),
        (
            ChannelOrder { sold_by: SoldBy::OtherChannel, ..base() },
            Kind::Skipped,
            Code::McfNotOurs,
            &["1 × \"A\""],
        ),
        (shipped(vec![]), Kind::Failed, Code::MalformedOrder, &["no line"]),
    ];
    for (order, kind, code, words) in cases {
        check(&Scene::new().decide(&order), kind, code, words);
    }
}

// SPEC: KF-02 (a request of our own comes back as a non-Amazon sale; its stock moves once)
#[test]
fn a_request_of_our_own_is_recognised_whatever_its_state() {
    let scene = Scene { is_own_request: true, ..Scene::new() };
    for state in [Shown::Pending, Shown::Shipped, Shown::Cancelled] {
        let order = ChannelOrder {
            sold_by: SoldBy::OtherChannel,
            marketplace: None,
            request_number: Some("W-7".to_owned()),
            state,
            ..shipped(vec![line("A", 1)])
        };
        let decision = scene.decide(&order);
        check(&decision, Kind::Skipped, Code::OwnRequest, &[]);
        assert!(decision.because[0].message.contains("W-7"));
    }
}

// SPEC: KF-05
#[test]
fn an_unmatched_sku_makes_the_whole_order_wait() {
    let cases: [(&[Option<&str>], &[&str]); 6] = [
        (&[Some("A"), Some("B")], &["The SKU \"B\" matches no variant."]),
        (&[Some("B"), Some("C"), Some("B")], &["The SKUs \"B\" and \"C\" match no variant."]),
        (&[Some("A"), None], &["1 line has no SKU."]),
        (&[None, None, Some("B")], &["The SKU \"B\" matches no variant. 2 lines have no SKU."]),
        (&[Some("a"), Some("A ")], &["\"a\"", "\"A \""]),
        (&[Some("0"), Some("00")], &["\"0\" and \"00\""]),
    ];
    for (skus, words) in cases {
        let lines = skus.iter().map(|sku| {
            let mut line = line("A", 1);
            line.sku = sku.map(str::to_owned);
            line
        });
        check(&Scene::new().decide(&shipped(lines.collect())), Kind::Waiting, Code::SkuNotMatched, words);
    }
}

// SPEC: KF-05, G-03 (a reason stays readable)
#[test]
fn of_many_unmatched_skus_ten_are_named() {
    let lines = (10..35).map(|number| line(&format!("S{number}"), 1)).collect();
    let decision = Scene::new().decide(&shipped(lines));
    check(
        &decision,
        Kind::Waiting,
        Code::SkuNotMatched,
        &["\"S10\", ", "\"S19\" and 15 more match no variant."],
    );
    assert!(!decision.outcome.reason.message.contains("S20"));
    assert!(decision.because.len() <= 40);
}

// SPEC: KF-05 (aliases)
#[test]
fn an_alias_decides_where_aliasing_is_on() {
    let sku = |text: &str| Sku::parse(text).unwrap();
    let aliases = [(sku("AMZ-A"), sku("A"))].into();
    let order = shipped(vec![line("AMZ-A", 1), line("A", 1), line(" ", 1), line("\n", 1)]);
    let mut scene = Scene::new();
    for (on, expected) in [(true, "A"), (false, "AMZ-A")] {
        scene.connection.settings.sku_aliasing = on;
        let wanted = match_skus(&scene.connection, &aliases, &order);
        assert_eq!(wanted["AMZ-A"], sku(expected));
        assert_eq!(wanted["A"], sku("A"));
        assert_eq!(wanted.len(), 3, "a control character is no SKU");
    }
    let variant = scene.variants["A"].clone();
    scene.variants.insert("AMZ-A".to_owned(), variant);
    let decision = scene.decide(&shipped(vec![line("AMZ-A", 1), line("A", 1)]));
    let rows = &imported(&decision).rows;
    assert_eq!((rows[0].sku.as_str(), rows[0].channel_sku.as_deref()), ("A", Some("AMZ-A")));
    assert_eq!((rows[1].sku.as_str(), rows[1].channel_sku.as_deref()), ("A", None));
    assert_eq!(codes(&decision).iter().filter(|code| **code == "sku_alias").count(), 1);
}

// SPEC: KF-01, KF-08, G-05, G-09
#[test]
fn what_cannot_be_booked_now_says_so() {
    let order = shipped(vec![line("A", 1)]);
    let mut scene = Scene::new();
    scene.connection.orders_from = Some(at("2026-03-10T11:00:01Z"));
    check(&scene.decide(&order), Kind::Skipped, Code::ShippedBeforeActivation, &["2026-03-10T11:00:01Z"]);
    scene.connection.orders_from = Some(order.updated_at);
    check(&scene.decide(&order), Kind::Imported, Code::ShippedByChannel, &[]);

    scene.connection.default_location = None;
    check(&scene.decide(&order), Kind::Waiting, Code::LocationMissing, &[]);

    let lines = |number| (0..number).map(|_| line("A", 1)).collect();
    let too_large = Scene::new().decide(&shipped(lines(ROWS_OF_AN_ORDER + 1)));
    check(&too_large, Kind::Waiting, Code::OrderTooLarge, &["1001", "1000"]);
    check(
        &Scene::new().decide(&shipped(lines(ROWS_OF_AN_ORDER))),
        Kind::Imported,
        Code::ShippedByChannel,
        &[],
    );
}

// SPEC: G-09, G-07 (the ship date, in the organization's own time zone)
#[test]
fn a_locked_period_makes_the_order_wait() {
    // 22:30 UTC is half past midnight of the next day in Tallinn (+02:00).
    let order = ChannelOrder { updated_at: at("2026-01-31T22:30:00Z"), ..shipped(vec![line("A", 1)]) };
    for (lock, locked) in [("2026-01-31", false), ("2026-02-01", true), ("2026-03-01", true)] {
        let mut scene = Scene::new();
        scene.organization.inventory_lock_date = Some(lock.parse().unwrap());
        let decision = scene.decide(&order);
        if locked {
            check(&decision, Kind::Waiting, Code::PeriodLocked, &["2026-02-01 (Europe/Tallinn)", lock]);
        } else {
            check(&decision, Kind::Imported, Code::ShippedByChannel, &[]);
        }
    }
}

// SPEC: KF-01, G-09 (the day of the first sight as shipped stays the business day)
#[test]
fn the_first_sight_as_shipped_is_the_business_time() {
    let mut scene = Scene::new();
    scene.variants.clear();
    scene.commit(&shipped(vec![line("A", 1)]));
    scene.variants = Scene::new().variants;
    let later = ChannelOrder { updated_at: at("2026-04-01T00:00:00Z"), ..shipped(vec![line("A", 1)]) };
    let decision = scene.decide(&later);
    assert_eq!(imported(&decision).fulfillments[0].shipped_at, at(super::scene::SHIPPED));
    assert_eq!(decision.changes.movements[0].at, at(super::scene::SHIPPED));
    assert_eq!(decision.shipped_at, Some(at(super::scene::SHIPPED)));
}

// SPEC: G-03 (the world is told of a new reason, once)
#[test]
fn a_new_reason_is_announced_once() {
    let mut scene = Scene::new();
    let pending = ChannelOrder { state: Shown::Pending, ..shipped(vec![line("A", 1)]) };
    let cancelled = ChannelOrder { state: Shown::Cancelled, ..pending.clone() };
    let told = |decision: Decision| match &decision.changes.effects[..] {
        [] => None,
        [Effect::Announce(DomainEvent::OrderNotImported { code, .. })] => Some(*code),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(scene.commit(&pending)), Some(Code::NotShippedYet));
    assert_eq!(told(scene.commit(&pending)), None);
    assert_eq!(told(scene.commit(&cancelled)), Some(Code::Cancelled));
    assert_eq!(told(scene.commit(&cancelled)), None);
}

// SPEC: KS-26, KS-05 (a deleted order never comes back by itself)
#[test]
fn a_deleted_order_stays_deleted() {
    let mut scene = Scene::new();
    scene.commit(&shipped(vec![line("A", 1)]));
    scene.order.as_mut().unwrap().deleted_at = Some(at("2026-03-11T00:00:00Z"));
    for updated_at in ["2026-03-01T00:00:00Z", "2026-03-10T11:00:00Z", "2026-12-01T00:00:00Z"] {
        let order = ChannelOrder { updated_at: at(updated_at), ..shipped(vec![line("A", 1)]) };
        check(&scene.decide(&order), Kind::Skipped, Code::DeletedInWeir, &[]);
    }
}

// SPEC: G-02
#[test]
fn an_older_state_changes_nothing_and_an_equal_one_is_decided_again() {
    for (known, kind, code) in [
        ("2026-03-10T11:00:00.001Z", Kind::Unchanged, Code::OlderThanKnown),
        ("2026-03-10T11:00:00Z", Kind::Imported, Code::ShippedByChannel),
        ("2026-03-10T10:59:59Z", Kind::Imported, Code::ShippedByChannel),
    ] {
        let mut scene = Scene::new();
        scene.observation = Some(observed(Kind::Waiting, Code::SkuNotMatched, known));
        check(&scene.decide(&shipped(vec![line("A", 1)])), kind, code, &[]);
    }
}

// SPEC: KF-06 (a service is on the order and has no stock)
#[test]
fn a_service_moves_no_stock() {
    let mut scene = Scene::new().with("S", Tracking::None, 0);
    scene.variants.get_mut("S").unwrap().kind = VariantKind::Service;
    let decision = scene.decide(&shipped(vec![line("S", 3), line("A", 1)]));
    let order = imported(&decision);
    assert_eq!(order.rows[0].location, None);
    assert_eq!(order.rows[0].status, OrderStatus::Delivered);
    assert_eq!(order.fulfillments[0].rows.len(), 2);
    assert_eq!(decision.changes.movements.len(), 1);
    assert_eq!(decision.changes.items.len(), 1);
    assert!(order.flags.is_empty());
}

// SPEC: KF-07 (what was cancelled within a shipped order is no row of it)
#[test]
fn a_line_of_which_nothing_is_left_is_left_out() {
    let mut gone = line("NOWHERE", 0);
    gone.quantity = 2;
    let decision = Scene::new().decide(&shipped(vec![line("A", 1), gone.clone()]));
    assert_eq!(imported(&decision).rows.len(), 1);
    assert!(codes(&decision).contains(&"lines_left_out"));
    // A cancelled line that was charged stays, and moves nothing.
    gone.sku = Some("A".to_owned());
    gone.amount = Some(rust_decimal::Decimal::ONE);
    let decision = Scene::new().decide(&shipped(vec![line("A", 1), gone]));
    let order = imported(&decision);
    assert_eq!((order.rows[1].quantity, order.rows[1].price_per_unit), (0, None));
    assert_eq!((order.fulfillments[0].rows.len(), decision.changes.movements.len()), (1, 1));
}

// SPEC: KF-15 and limits: numbers that nobody means are not booked
#[test]
fn numbers_that_cannot_be_true_are_malformed() {
    let mut units = line("A", 2_000_000_000);
    units.amount = None;
    let mut amount = line("A", 1);
    amount.tax = Some(rust_decimal::Decimal::MAX);
    for line in [units, amount] {
        check(&Scene::new().decide(&shipped(vec![line])), Kind::Failed, Code::MalformedOrder, &["L-A"]);
    }
}

// The channel's line ids become ids of ours, one for each.
#[test]
fn row_ids_are_safe_and_unique() {
    let lines = ["1#2/3", "1#2/3", "", "1-2-3-2", "é"].map(|id| {
        let mut line = line("A", 1);
        line.line_id = id.to_owned();
        line
    });
    let decision = Scene::new().decide(&shipped(lines.to_vec()));
    let ids: Vec<&str> = imported(&decision).rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["row_1-2-3", "row_1-2-3-2", "row_-2", "row_1-2-3-2-2", "row_-"]);
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}

// SPEC: KF-09 (delivery date: promised, else the slowest product's days, else the organization's)
#[test]
fn the_delivery_date_is_the_promised_one_or_the_usual() {
    let mut scene = Scene::new().with("B", Tracking::None, 1);
    let lines = || vec![line("A", 1), line("B", 1)];
    let date = |scene: &Scene, order: &ChannelOrder| imported(&scene.decide(order)).delivery_date;
    assert_eq!(date(&scene, &shipped(lines())), Some(at("2026-03-22T08:00:00Z")));
    scene.variants.get_mut("A").unwrap().default_delivery_days = Some(2);
    scene.variants.get_mut("B").unwrap().default_delivery_days = Some(5);
    assert_eq!(date(&scene, &shipped(lines())), Some(at("2026-03-13T08:00:00Z")));
    let promised = Some(at("2026-03-12T23:59:59Z"));
    assert_eq!(date(&scene, &ChannelOrder { promised_by: promised, ..shipped(lines()) }), promised);
}

#[test]
fn oddities_are_told_with_every_decision() {
    let odd = ChannelOrder { oddities: vec!["programs: \"FLY\"".to_owned()], ..shipped(vec![line("A", 1)]) };
    assert_eq!(codes(&Scene::new().decide(&odd)).last(), Some(&"oddity"));
    let mut waiting = Scene::new();
    waiting.variants.clear();
    assert_eq!(codes(&waiting.decide(&odd)).last(), Some(&"oddity"));
    assert_ne!(another_order(), imported(&Scene::new().decide(&odd)).id);
}
