//! Requests that the warehouse took and leaves lying. (SPEC CS-10)

use super::scene::{House, left};
use crate::{
    decide::{
        requests::{
            follow::hear,
            watch::{Act, watch},
        },
        tests::scene::at,
    },
    fulfillment_request::{FulfillmentRequest, WarehouseState, state::News},
    shipment::{Shipment, ShippedLine},
};

fn sent() -> House {
    let mut house = House::new(&["A 3", "B 2"]);
    house.by_hand().unwrap();
    house.send_all();
    house
}

fn heard(state: WarehouseState) -> House {
    let mut house = sent();
    let news = News { state, units: None, promised_by: Some(at("2026-03-14T00:00:00Z")), at: house.now };
    let changed = hear(&house.requests[0], &news, &house.following()).unwrap();
    house.keep(&changed);
    house
}

fn shipped(lines: &[&str]) -> House {
    let mut house = sent();
    let lines: Vec<ShippedLine> = lines.iter().map(|line| left(line)).collect();
    house.report(&lines);
    house
}

// SPEC: CS-10
#[test]
fn a_request_that_lies_is_named_with_what_can_be_done() {
    let all = ["S1 A 3 1Z1", "S1 B 2 1Z1"];
    let table: [(House, Option<bool>, &str, &str); 12] = [
        // Taken on the 10th at noon, promised for nothing: five days.
        (sent(), None, "2026-03-15T11:59:59Z", ""),
        (sent(), None, "2026-03-15T12:00:00Z", "not_shipped: wait, cancel"),
        (heard(WarehouseState::Planning), None, "2026-03-13T23:59:59Z", ""),
        (heard(WarehouseState::Planning), None, "2026-03-14T00:00:00Z", "not_shipped: wait, cancel"),
        (heard(WarehouseState::Processing), None, "2026-03-14T00:00:00Z", "not_shipped: wait"),
        (heard(WarehouseState::Complete), None, "2026-03-14T00:00:00Z", "no_shipment_known: wait"),
        // A part shipped and the rest does not.
        (shipped(&["S1 A 3 1Z1"]), Some(true), "2026-03-15T12:00:00Z", "not_shipped: wait"),
        (shipped(&["S1 A 3", "S1 B 2"]), None, "2026-03-13T08:59:59Z", ""),
        (shipped(&["S1 A 3", "S1 B 2"]), None, "2026-03-13T09:00:00Z", "no_tracking: wait"),
        (shipped(&all), Some(false), "2026-03-14T08:59:59Z", ""),
        (shipped(&all), Some(false), "2026-03-14T09:00:00Z", "no_scan: wait"),
        // Scanned, or nobody tells of scans.
        (shipped(&all), Some(true), "2026-04-14T09:00:00Z", ""),
    ];
    for (house, scanned, now, expected) in table {
        assert_eq!(said(&house.requests[0], &house, scanned, now), expected, "{now}");
    }
    let unknown = shipped(&all);
    assert_eq!(said(&unknown.requests[0], &unknown, None, "2026-04-14T09:00:00Z"), "");
    let mut unsent = House::new(&["A 3"]);
    unsent.by_hand().unwrap();
    assert_eq!(said(&unsent.requests[0], &unsent, None, "2027-01-01T00:00:00Z"), "");
}

fn said(request: &FulfillmentRequest, house: &House, scanned: Option<bool>, now: &str) -> String {
    let shipments: Vec<Shipment> = house.shipments.values().cloned().collect();
    let Some(lying) = watch(request, &shipments, |_| scanned, at(now)) else { return String::new() };
    assert!(lying.since <= at(now) && !lying.message.is_empty());
    assert!(lying.options.iter().all(|choice| !choice.effect_on_stock.is_empty()));
    let acts: Vec<&str> = lying
        .options
        .iter()
        .map(|choice| match choice.what {
            Act::Wait => "wait",
            Act::CancelAndShipOwn => "cancel",
        })
        .collect();
    format!("{}: {}", lying.why.as_str(), acts.join(", "))
}
