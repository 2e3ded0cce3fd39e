//! What becomes of a request that was made, and of what it holds. (SPEC CS-06, CS-07, CS-09, FX-26)

use super::scene::{House, NOW};
use crate::{
    decide::{
        requests::follow::{Cancelled, cancel, change, hear, resubmit},
        tests::scene::{at, fba},
    },
    fulfillment_request::{
        FulfillmentState, RequestCode, RequestNumber, RequestStatus, ShippingSpeed, WarehouseState,
        state::{News, Refusal},
    },
};

fn news(state: WarehouseState, units: Option<&[(&str, i64)]>) -> News {
    let units = units.map(|units| units.iter().map(|(row, units)| ((*row).to_owned(), *units)).collect());
    News { state, units, promised_by: None, at: at(NOW) }
}

fn sent(rows: &[&str]) -> House {
    let mut house = House::new(rows);
    house.by_hand().unwrap();
    house.send_all();
    house
}

// SPEC: CS-06
#[test]
fn what_was_sent_has_a_shipment_that_stands_for_it() {
    let mut house = House::new(&["A 3", "B 2"]);
    house.by_hand().unwrap();
    assert!(house.shipments.is_empty());
    house.send_all();
    let shipment = &house.shipments["shp_N-1"];
    let lines: Vec<i64> = shipment.lines.iter().map(|line| line.quantity).collect();
    assert_eq!((shipment.status.as_str(), lines), ("provisional", vec![3, 2]));
    assert_eq!(FulfillmentState::of(&house.requests), Some(FulfillmentState::InShipping));
}

// SPEC: CS-07 (the stock of that part is freed, and the order is an exception)
#[test]
fn what_the_warehouse_does_not_ship_is_free() {
    type Case<'a> = (WarehouseState, Option<&'a [(&'a str, i64)]>, &'a str, [i64; 2]);
    let table: [Case<'_>; 5] = [
        (WarehouseState::Unfulfillable, None, "A 0/3 nowhere, B 0/2 nowhere", [0, 0]),
        (WarehouseState::Cancelled, Some(&[]), "A 0/3 nowhere, B 0/2 nowhere", [0, 0]),
        (WarehouseState::Processing, None, "A 0/3 fba, B 0/2 fba", [3, 2]),
        (WarehouseState::Invalid, None, "A 0/3 fba, B 0/2 fba", [3, 2]),
        // A notification does not say what shipped: nothing is freed on its word.
        (WarehouseState::CompletePartialled, None, "A 0/3 fba, B 0/2 fba", [3, 2]),
    ];
    for (state, units, rows, held) in table {
        let mut house = sent(&["A 3", "B 2"]);
        let changed = hear(&house.requests[0], &news(state.clone(), units), &house.following()).unwrap();
        house.keep(&changed);
        assert_eq!(house.rows(), rows, "{state:?}");
        assert_eq!([house.held(&fba(), "A"), house.held(&fba(), "B")], held);
        let is_over = house.requests[0].status == RequestStatus::Exception;
        assert_eq!(house.shipments.is_empty(), is_over, "nothing stands for what will not come");
        assert_eq!(is_over, changed.because.iter().any(|because| because.code == "freed"));
    }
}

// SPEC: CS-07 (a row in two requests is held until both have ended)
#[test]
fn a_cut_row_is_freed_with_the_last_of_its_requests() {
    let mut house = sent(&["A 300"]);
    let gone = news(WarehouseState::Unfulfillable, None);
    let changed = hear(&house.requests[1], &gone, &house.following()).unwrap();
    house.keep(&changed);
    assert_eq!(house.rows(), "A 0/300 fba");
    let changed = hear(&house.requests[0], &gone, &house.following()).unwrap();
    house.keep(&changed);
    assert_eq!((house.rows().as_str(), house.held(&fba(), "A")), ("A 0/300 nowhere", 0));
    // And can be asked for anew.
    house.number = RequestNumber::parse("N-9").unwrap();
    house.by_hand().unwrap();
    assert_eq!(house.held(&fba(), "A"), 300);
    assert_eq!(house.requests.len(), 4);
}

// SPEC: CS-09 (not sent yet: at once, its stock released and, if asked, its rows removed)
#[test]
fn what_was_not_sent_is_called_off_at_once() {
    let mut house = House::new(&["A 3", "B 2"]);
    house.by_hand().unwrap();
    let Cancelled::Done(changed) = cancel(&house.requests[0], false, &house.following()).unwrap() else {
        panic!()
    };
    house.keep(&changed);
    assert_eq!(house.rows(), "A 0/3 nowhere, B 0/2 nowhere");
    assert_eq!((house.held(&fba(), "A"), house.requests[0].status), (0, RequestStatus::Cancelled));

    let mut house = House::new(&["A 3", "B 2", "C 1"]);
    house.order.rows[1].channel_line_id = Some("shop".to_owned());
    house.order.rows[2].invoiced = true;
    house.by_hand().unwrap();
    let Cancelled::Done(changed) = cancel(&house.requests[0], true, &house.following()).unwrap() else {
        panic!()
    };
    house.keep(&changed);
    assert_eq!(house.rows(), "B 0/2 nowhere, C 0/1 nowhere");
    let kept = changed.because.iter().find(|because| because.code == "rows_kept").unwrap();
    assert!(kept.message.contains("\"B\" is a line of the shop's order"), "{}", kept.message);
    assert!(kept.message.contains("\"C\" was invoiced"), "{}", kept.message);
}

// SPEC: CS-09 (sent: at Amazon, if it still allows it)
#[test]
fn what_was_sent_is_called_off_by_the_warehouse() {
    let mut house = sent(&["A 3"]);
    let Cancelled::Ask(asked) = cancel(&house.requests[0], false, &house.following()).unwrap() else {
        panic!()
    };
    house.requests[0] = *asked;
    assert_eq!(house.held(&fba(), "A"), 3, "held until the warehouse says so");
    let changed =
        hear(&house.requests[0], &news(WarehouseState::Cancelled, Some(&[])), &house.following()).unwrap();
    house.keep(&changed);
    assert_eq!((house.requests[0].status, house.held(&fba(), "A")), (RequestStatus::Cancelled, 0));
    assert!(house.shipments.is_empty());

    let mut house = sent(&["A 3"]);
    let changed =
        hear(&house.requests[0], &news(WarehouseState::Processing, None), &house.following()).unwrap();
    house.keep(&changed);
    let late = cancel(&house.requests[0], false, &house.following()).unwrap_err();
    assert_eq!(late.to_string(), "the warehouse says \"processing\": it cannot be called off any more");
}

// SPEC: FX-26 (a rejected request keeps what it holds, and follows a change)
#[test]
fn a_rejected_request_follows_a_change() {
    let mut house = House::new(&["A 3"]);
    house.by_hand().unwrap();
    let begun = house.requests[0].begin(at(NOW)).unwrap();
    let rejected = begun.reject("Unknown SKU.").unwrap();
    house.requests[0] = rejected.clone();
    assert_eq!(house.asking(|asking| resubmit(&rejected, asking)), Err(Refusal::NothingChanged));
    let changed = house.asking(|asking| change(&rejected, Some(ShippingSpeed::Priority), asking)).unwrap();
    assert_eq!((changed.status, changed.speed), (RequestStatus::Rejected, Some(ShippingSpeed::Priority)));
    assert_eq!(house.asking(|asking| resubmit(&changed, asking)), Err(Refusal::Doubtful));
    // The warehouse does not know it: the same number.
    let unknown = changed.not_found(at(NOW)).unwrap();
    house.now = at("2026-03-10T12:10:00Z");
    let again = house.asking(|asking| resubmit(&unknown, asking)).unwrap();
    assert_eq!(
        (again.requests[0].number.as_str(), again.requests[0].status),
        ("N-1", RequestStatus::ReadyToProcess)
    );
    // It knows it: another number, linked, and the units are held all the while.
    let known = begun.hear(&news(WarehouseState::Invalid, None)).unwrap().changed();
    house.requests[0] = known.clone();
    house.number = RequestNumber::parse("N-2").unwrap();
    let anew = house.asking(|asking| resubmit(&known, asking)).unwrap();
    house.keep(&anew);
    assert_eq!(house.asked(), ["N-1 cancelled: A 3", "N-2 ready_to_process: A 3"]);
    assert_eq!(house.requests[1].replaces.as_ref().map(RequestNumber::as_str), Some("N-1"));
    assert_eq!(house.requests[0].reason.as_ref().unwrap().code, RequestCode::Replaced);
    assert_eq!(house.held(&fba(), "A"), 3);
}

// SPEC: FX-23, FX-24 (what waits goes on by itself once it can)
#[test]
fn a_waiting_request_goes_on_once_it_is_changed() {
    let mut house = House::new(&["A 3"]);
    house.method = Some("Camel".to_owned());
    house.by_hand().unwrap();
    let waiting = house.requests[0].clone();
    let chosen = house.asking(|asking| change(&waiting, Some(ShippingSpeed::Expedited), asking)).unwrap();
    assert_eq!((chosen.status, chosen.reason.clone()), (RequestStatus::ReadyToProcess, None));
    house.methods.insert("camel".to_owned(), ShippingSpeed::Standard);
    let mapped = house.asking(|asking| crate::decide::requests::create::checked(&waiting, asking));
    assert_eq!((mapped.status, mapped.speed), (RequestStatus::ReadyToProcess, Some(ShippingSpeed::Standard)));
    house.send_all_of(&chosen);
    let refused = house.asking(|asking| change(&house.requests[0], None, asking));
    assert_eq!(refused, Err(Refusal::NotNow { status: RequestStatus::Accepted }));
}

impl House {
    fn send_all_of(&mut self, request: &crate::fulfillment_request::FulfillmentRequest) {
        self.requests = vec![request.clone()];
        self.send_all();
    }
}
