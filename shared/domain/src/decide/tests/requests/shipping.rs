//! What left the warehouse: each line once, whatever comes in whatever order. (SPEC §7, CS-08)

use proptest::prelude::*;

use super::scene::{House, left};
use crate::{
    decide::{
        requests::{
            follow::hear,
            ship::{WhyUnmatched, attach},
        },
        tests::scene::{at, fba},
    },
    event::{DomainEvent, Effect},
    fulfillment_request::{RequestStatus, WarehouseState, state::News},
    sales_order::{FulfillmentBy, FulfillmentStatus, OrderStatus},
    shipment::{Shipment, ShippedLine},
};

fn sent(rows: &[&str]) -> House {
    let mut house = House::new(rows);
    house.by_hand().unwrap();
    house.send_all();
    house
}

fn lines(texts: &[&str]) -> Vec<ShippedLine> {
    texts.iter().map(|text| left(text)).collect()
}

// SPEC: CS-08, FX-31, FX-32
#[test]
fn each_parcel_is_one_delivered_fulfillment() {
    type Case<'a> = (&'a [&'a [&'a str]], &'a str, &'a str, &'a [&'a str]);
    let table: [Case<'_>; 7] = [
        (&[&["S1 A 3 1Z1", "S1 B 2 1Z1"]], "A 3/3 fba, B 2/2 fba", "shipped", &["ful_N-1_S1-1Z1 A3B2"]),
        (&[&["S1 A 1 1Z1"]], "A 1/3 fba, B 0/2 fba", "partially_shipped", &["ful_N-1_S1-1Z1 A1"]),
        (
            &[&["S1 A 3 1Z1", "S1 B 2 1Z2"]],
            "A 3/3 fba, B 2/2 fba",
            "shipped",
            &["ful_N-1_S1-1Z1 A3", "ful_N-1_S1-1Z2 B2"],
        ),
        // A later report repeats what it told and adds a line of the same parcel.
        (
            &[&["S1 A 2 1Z1"], &["S1 A 2 1Z1", "S1 B 2 1Z1"], &["S2 A 1 1Z3", "S1 A 2 1Z1"]],
            "A 3/3 fba, B 2/2 fba",
            "shipped",
            &["ful_N-1_S1-1Z1 A2", "ful_N-1_S1-1Z1.2 B2", "ful_N-1_S2-1Z3 A1"],
        ),
        // Two equal lines are both real; one of them alone, later, is none of its own.
        (
            &[&["S1 A 1 1Z1", "S1 A 1 1Z1"], &["S1 A 1 1Z1"]],
            "A 2/3 fba, B 0/2 fba",
            "partially_shipped",
            &["ful_N-1_S1-1Z1 A2"],
        ),
        // Without the warehouse's shipment, and without a number.
        (&[&["- A 3", "- B 2"]], "A 3/3 fba, B 2/2 fba", "shipped", &["ful_N-1_1773219600 A3B2"]),
        // The number comes later: nothing is booked again.
        (&[&["S1 A 3"], &["S1 A 3 1Z1"]], "A 3/3 fba, B 0/2 fba", "partially_shipped", &["ful_N-1_S1 A3"]),
    ];
    for (reports, rows, status, fulfillments) in table {
        let mut house = sent(&["A 3", "B 2"]);
        for report in reports {
            assert_eq!(house.report(&lines(report)).unmatched, []);
        }
        assert_eq!(house.rows(), rows, "{reports:?}");
        assert_eq!(house.requests[0].status.as_str(), status);
        let show = |fulfillment: &crate::sales_order::Fulfillment| {
            let units = fulfillment.rows.iter().map(|part| {
                let row = house.order.rows.iter().find(|row| row.id == part.row).unwrap();
                format!("{}{}", row.sku, part.quantity)
            });
            format!("{} {}", fulfillment.id, units.collect::<String>())
        };
        let found: Vec<String> = house.order.fulfillments.iter().map(show).collect();
        assert_eq!(found, fulfillments);
        assert_eq!(house.shipments.contains_key("shp_N-1"), status != "shipped", "what stands for the rest");
    }
}

// SPEC: CS-08 (its parcel, its stock, and who is told)
#[test]
fn what_shipped_is_told_with_its_parcel() {
    let mut house = sent(&["A 3", "B 2"]);
    let arrived = house.report(&lines(&["S1 A 3 1Z1", "S1 B 2 1Z1"]));
    let [fulfillment] = &house.order.fulfillments[..] else { panic!("one") };
    assert_eq!((fulfillment.status, fulfillment.by), (FulfillmentStatus::Delivered, FulfillmentBy::Weir));
    assert_eq!(fulfillment.tracking.as_ref().unwrap().number.as_deref(), Some("1Z1"));
    assert_eq!(fulfillment.shipped_at, at("2026-03-11T09:00:00Z"));
    assert_eq!(house.order.status, OrderStatus::Delivered);
    assert_eq!(house.ledger.iter().map(|line| line.quantity).collect::<Vec<_>>(), [-3, -2]);
    assert!(house.ledger.iter().all(|line| line.key.location == fba() && line.at == fulfillment.shipped_at));
    assert!(matches!(
        &arrived.changed.changes.effects[..],
        [Effect::Announce(DomainEvent::OrderDelivered { .. })]
    ));
    let shipment = &house.shipments["shp_N-1_S1-1Z1"];
    assert_eq!(
        (shipment.carrier.as_deref(), shipment.fulfillment.as_ref()),
        (Some("UPS"), Some(&fulfillment.id))
    );
    // An order of a shop: the shop is told too. (KS-41)
    let mut house = sent(&["A 3"]);
    house.connection.settings.shop.sync_fulfillment_status = true;
    house.order.source = Some(crate::sales_order::Source {
        connection: house.connection.id.clone(),
        channel: house.connection.channel.clone(),
        channel_order_id: crate::ids::ChannelOrderId::parse("7").unwrap(),
    });
    let arrived = house.report(&lines(&["S1 A 3 1Z1"]));
    assert!(matches!(arrived.changed.changes.effects[1], Effect::CreateFulfillment { .. }));
}

// SPEC: FX-33, G-09
#[test]
fn what_matches_nothing_is_listed() {
    use WhyUnmatched::{Incomplete, PeriodLocked, SkuUnknown, TooManyUnits};
    let undated = ShippedLine { shipped_at: None, ..left("S1 A 1") };
    let table = [
        (left("S1 Z 1"), SkuUnknown),
        (left("S1 A 4"), TooManyUnits),
        (left("S1 A 0"), Incomplete),
        (undated, Incomplete),
    ];
    for (line, why) in table {
        let mut house = sent(&["A 3"]);
        let arrived = house.report(&[line.clone(), left("S2 A 3 1Z1")]);
        assert_eq!(arrived.unmatched.iter().map(|line| line.why).collect::<Vec<_>>(), [why], "{line:?}");
        assert_eq!(house.rows(), "A 3/3 fba", "the rest is booked");
    }
    // What lies in the locked period waits; once that is open, the next report brings it.
    let mut house = sent(&["A 3"]);
    house.organization.inventory_lock_date = Some(jiff::civil::date(2026, 3, 11));
    assert_eq!(house.report(&[left("S1 A 3")]).unmatched[0].why, PeriodLocked);
    house.organization.inventory_lock_date = None;
    assert!(house.report(&[left("S1 A 3")]).unmatched.is_empty());
    assert_eq!(house.rows(), "A 3/3 fba");
}

// SPEC: CS-07, CS-08 (given up, and shipped all the same: what has left has left)
#[test]
fn what_was_given_up_may_ship_all_the_same() {
    let mut house = sent(&["A 3"]);
    let news = News { state: WarehouseState::Unfulfillable, units: None, promised_by: None, at: house.now };
    let changed = hear(&house.requests[0], &news, &house.following()).unwrap();
    house.keep(&changed);
    assert_eq!(house.rows(), "A 0/3 nowhere");
    house.report(&[left("S1 A 2 1Z1")]);
    assert_eq!(
        (house.rows().as_str(), house.requests[0].status),
        ("A 2/3 nowhere", RequestStatus::Exception)
    );
    assert_eq!(house.ledger[0].key.location, fba());
}

// SPEC: CS-07, CS-08 (a part is told to ship and the rest given up: freed when the part has left)
#[test]
fn the_rest_is_free_once_the_part_has_left() {
    let mut house = sent(&["A 3", "B 2"]);
    let units = [("1".to_owned(), 2)].into();
    let news = News {
        state: WarehouseState::CompletePartialled,
        units: Some(units),
        promised_by: None,
        at: house.now,
    };
    let changed = hear(&house.requests[0], &news, &house.following()).unwrap();
    house.keep(&changed);
    assert_eq!(house.held(&fba(), "A"), 3, "a part is on its way");
    house.report(&[left("S1 A 2 1Z1")]);
    assert_eq!(house.requests[0].status, RequestStatus::Exception);
    assert_eq!((house.held(&fba(), "A"), house.held(&fba(), "B")), (0, 0));
    assert_eq!(house.rows(), "A 2/3 nowhere, B 0/2 nowhere");
}

// SPEC: G-05 (a large one becomes a plan, and holds what it holds until that is carried out)
#[test]
fn a_large_parcel_becomes_a_plan() {
    let rows: Vec<String> = (0..90).map(|number| format!("S{number} 2")).collect();
    let mut house = House::new(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let changed = house.asking(crate::decide::requests::create::by_hand).unwrap();
    // The order holds its units chunk by chunk; here at once.
    let booking = crate::sales_order::Booking::Complete;
    let order = crate::sales_order::SalesOrder { booking, ..changed.changes.order.clone().unwrap() };
    for (key, units) in order.reserved() {
        house.stock.items.get_mut(&key).unwrap().reserved = units;
    }
    house.order = order;
    house.requests = changed.requests;
    house.send_all();
    let report: Vec<ShippedLine> = (0..90).map(|number| left(&format!("P1 S{number} 2 1Z1"))).collect();
    let arrived = house.looked(&report);
    let plan = arrived.changed.changes.order.unwrap();
    let crate::sales_order::Booking::Following { plan, .. } = plan.booking else { panic!("a plan") };
    assert_eq!(plan.len(), 180, "each row leaves, and is held no longer");
    assert_eq!(arrived.changed.requests[0].status, RequestStatus::Shipped);
    assert!(arrived.changed.changes.effects.is_empty(), "told once it is carried out");
}

// SPEC: FX-31, FX-32 (an order of the channel's own: its parcels are told, its stock has moved)
#[test]
fn lines_of_the_channels_own_order_tell_of_its_parcels() {
    let house = House::new(&["A 3", "B 2"]);
    let mut known: Vec<Shipment> = Vec::new();
    for report in [&["S1 A 2 1Z1", "S1 A 1 1Z1"][..], &["S1 A 2", "S1 A 1"], &["S1 B 2 1Z1"], &["S2 Z 1"]] {
        let (changed, unmatched) = attach(&house.order, &known, &lines(report));
        assert_eq!(unmatched.len(), usize::from(report[0].contains(" Z ")));
        for shipment in changed {
            known.retain(|known| known.id != shipment.id);
            known.push(shipment);
        }
    }
    let [parcel] = &known[..] else { panic!("one parcel: {known:?}") };
    let units: Vec<i64> = parcel.lines.iter().map(|line| line.quantity).collect();
    assert_eq!((parcel.tracking_number.as_deref(), units), (Some("1Z1"), vec![3, 2]));
    let (changed, _) = attach(&house.order, &known, &lines(&["S1 A 2 1Z1", "S1 A 1 1Z1"]));
    assert!(changed.is_empty(), "the same again changes nothing");
}

fn of_report() -> impl Strategy<Value = Vec<ShippedLine>> {
    let line = (prop::sample::select(vec!["S1", "S2", "-"]), prop::sample::select(vec!["A", "B"]), 1_i64..3)
        .prop_map(|(shipment, sku, units)| left(&format!("{shipment} {sku} {units} 1Z{shipment}")));
    prop::collection::vec(line, 1..7)
}

proptest! {
    // SPEC: FX-32 (RELIABILITY 34: rows again, in any order, over any cut into reports, give one state)
    #[test]
    fn reports_may_come_in_any_order_and_again(
        whole in of_report(), cuts in prop::collection::vec((0_usize..7, 0_usize..7), 0..4), turn in 0_usize..7,
    ) {
        let straight = {
            let mut house = sent(&["A 99", "B 99"]);
            house.report(&whole);
            house
        };
        let mut house = sent(&["A 99", "B 99"]);
        for (from, to) in cuts {
            let (from, to) = (from.min(whole.len()), to.min(whole.len()));
            house.report(&whole[from.min(to)..to]);
        }
        let mut turned = whole.clone();
        turned.rotate_left(turn % whole.len());
        house.report(&turned);
        house.report(&whole);
        prop_assert_eq!(house.rows(), straight.rows());
        prop_assert_eq!(&house.requests[0].rows, &straight.requests[0].rows);
        prop_assert_eq!(&house.requests[0].received, &straight.requests[0].received);
        prop_assert_eq!(&house.stock, &straight.stock);
    }
}
