//! Whether a request may go now. (SPEC FX-02, FX-20, FX-21, CS-04)

use jiff::civil::{Weekday, time};

use super::scene::House;
use crate::{
    business_hours::{BusinessHours, Opening},
    decide::{
        requests::send::{SentBy, available, send},
        tests::scene::at,
    },
    fulfillment_request::{RequestStatus, samples::ready},
};

/// Tuesday to Friday, nine to five.
fn hours() -> BusinessHours {
    let days = [Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    let opening = |day| Opening { day, from: time(9, 0, 0, 0), to: time(17, 0, 0, 0) };
    BusinessHours::new(days.map(opening).to_vec()).unwrap()
}

// SPEC: FX-02, FX-20, FX-21 (the schedule and a person meet the same rules; RELIABILITY R9)
#[test]
fn a_request_goes_when_it_may() {
    use SentBy::{Person, Schedule};
    type Setting<'a> = &'a dyn Fn(&mut House);
    let on: Setting<'_> = &|house| house.settings.automatically_send = true;
    let office: Setting<'_> = &|house| {
        house.settings.automatically_send = true;
        house.settings.only_during_business_hours = true;
    };
    // 10 March 2026 is a Tuesday; New York is four hours behind.
    let table: [(Setting<'_>, SentBy, &str, &str); 12] = [
        (
            &|house| house.settings.send_fulfillment_requests = false,
            Person,
            "2026-03-10T14:00:00Z",
            "sending_switched_off",
        ),
        (&|_| {}, Person, "2026-03-10T03:00:00Z", "submitting"),
        (&|_| {}, Schedule, "2026-03-10T14:00:00Z", "sent_by_hand"),
        (on, Schedule, "2026-03-10T03:00:00Z", "submitting"),
        (office, Schedule, "2026-03-10T13:00:00Z", "submitting"),
        (office, Schedule, "2026-03-10T12:59:59Z", "outside_business_hours 2026-03-10T13:00:00Z"),
        (office, Person, "2026-03-10T21:00:00Z", "outside_business_hours 2026-03-11T13:00:00Z"),
        // Over the weekend on which the clock goes forward.
        (office, Schedule, "2026-03-06T22:00:00Z", "outside_business_hours 2026-03-10T13:00:00Z"),
        (
            &|house| house.order.deleted_at = Some(at("2026-03-10T00:00:00Z")),
            Person,
            "2026-03-10T14:00:00Z",
            "order_not_visible",
        ),
        (
            &|house| house.requests[0].status = RequestStatus::Waiting,
            Person,
            "2026-03-10T14:00:00Z",
            "not_ready",
        ),
        (
            &|house| hold(house, "2026-03-10T15:00:00Z"),
            Person,
            "2026-03-10T14:59:59Z",
            "not_ready 2026-03-10T15:00:00Z",
        ),
        (&|house| hold(house, "2026-03-10T15:00:00Z"), Person, "2026-03-10T15:00:00Z", "submitting"),
    ];
    for (setting, by, now, expected) in table {
        let mut house = House::new(&["A 1 fba"]);
        house.requests = vec![ready("N-1", &[("A", 1)])];
        setting(&mut house);
        let sent = send(
            &house.requests[0],
            &house.order,
            &house.settings,
            (&house.organization, &hours()),
            by,
            at(now),
        );
        let said = match sent {
            Ok(request) => request.status.as_str().to_owned(),
            Err(why) => match why.due_at() {
                Some(due) => format!("{} {due}", why.code()),
                None => why.code().to_owned(),
            },
        };
        assert_eq!(said, expected, "{by:?} {now}");
    }
}

fn hold(house: &mut House, until: &str) {
    house.requests[0].status = RequestStatus::OnHold;
    house.requests[0].hold_until = Some(at(until));
}

// SPEC: FX-26 (what got lost on its way goes again by itself, also where people send by hand)
#[test]
fn what_was_sent_before_goes_again_by_itself() {
    let house = House::new(&["A 1 fba"]);
    let lost = ready("N-1", &[("A", 1)]).begin(at("2026-03-10T12:00:00Z")).unwrap();
    let lost = lost.doubt(at("2026-03-10T12:05:00Z")).unwrap();
    let lost = lost.not_found(at("2026-03-10T12:10:00Z")).unwrap();
    let lost = lost.not_found(at("2026-03-10T12:20:00Z")).unwrap();
    let organization = (&house.organization, &hours());
    let again = send(
        &lost,
        &house.order,
        &house.settings,
        organization,
        SentBy::Schedule,
        at("2026-03-10T12:21:00Z"),
    );
    assert_eq!(again.unwrap().attempts, 2);
}

// SPEC: CS-04 ("Fulfil all available" takes every one that is ready)
#[test]
fn all_available_are_those_that_are_ready() {
    let of = |status, hold: Option<&str>| crate::fulfillment_request::FulfillmentRequest {
        status,
        hold_until: hold.map(at),
        ..ready("N-1", &[("A", 1)])
    };
    let mut requests: Vec<_> =
        RequestStatus::ALL.iter().map(|status| of(*status, Some("2026-03-10T13:00:00Z"))).collect();
    requests.push(of(RequestStatus::OnHold, Some("2026-03-10T12:00:00Z")));
    let found: Vec<_> =
        available(&requests, at("2026-03-10T12:00:00Z")).map(|request| request.status).collect();
    assert_eq!(found, [RequestStatus::ReadyToProcess, RequestStatus::OnHold]);
}
