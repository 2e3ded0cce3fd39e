//! A request's life as tables: where it is, what happens, where it is then.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    FulfillmentRequest, FulfillmentState, RequestCode, RequestNumber, RequestStatus as Status,
    WarehouseState as Word,
    samples::{accepted_at, at, ready, request_of},
    state::{Cancel, News, Refusal, Resubmit},
};

const SENT: &str = "2026-03-01T01:00:00Z";
const NOON: &str = "2026-03-01T12:00:00Z";

fn news(state: Word, units: Option<&[(&str, i64)]>, when: &str) -> News {
    let units = units.map(|units| units.iter().map(|(row, units)| ((*row).to_owned(), *units)).collect());
    News { state, units, promised_by: None, at: at(when) }
}

fn units(units: &[(&str, i64)]) -> BTreeMap<String, i64> {
    units.iter().map(|(row, units)| ((*row).to_owned(), *units)).collect()
}

/// A request of 3 A and 2 B that has come to each status.
fn in_status(status: Status) -> FulfillmentRequest {
    let parts = [("A", 3), ("B", 2)];
    let held =
        FulfillmentRequest { status: Status::OnHold, hold_until: Some(at(NOON)), ..ready("N-1", &parts) };
    let sent = request_of("N-1", &parts);
    let taken = accepted_at(sent.clone(), SENT);
    let done = match status {
        Status::OnHold => held,
        Status::ReadyToProcess => ready("N-1", &parts),
        Status::Waiting => FulfillmentRequest { status, ..ready("N-1", &parts) },
        Status::Submitting => sent,
        Status::Submitted => sent.handed_over(Some("F1")).unwrap(),
        Status::Accepted => taken,
        Status::Rejected => sent.reject("No.").unwrap(),
        Status::PartiallyShipped => taken.ship(&units(&[("1", 1)]), at(SENT)).unwrap(),
        Status::Shipped => taken.ship(&units(&[("1", 3), ("2", 2)]), at(SENT)).unwrap(),
        Status::Exception => taken.hear(&news(Word::Unfulfillable, Some(&[]), SENT)).unwrap(),
        Status::Cancelled => match taken.cancel().unwrap() {
            Cancel::Ask(asked) => asked.hear(&news(Word::Cancelled, Some(&[]), SENT)).unwrap(),
            Cancel::Done(_) => panic!("the warehouse has it"),
        },
    };
    assert_eq!(done.status, status);
    done
}

/// Units of each row: asked for, shipped, freed.
fn show(result: &Result<FulfillmentRequest, Refusal>) -> String {
    match result {
        Err(Refusal::NotNow { .. }) => "over".to_owned(),
        Err(Refusal::NeverSent) => "never sent".to_owned(),
        Err(other) => other.to_string(),
        Ok(request) => {
            let freed: i64 = request.rows.iter().map(|row| row.freed).sum();
            let mut text = request.status.as_str().to_owned();
            if freed > 0 {
                text.push_str(&format!(", {freed} free"));
            }
            text
        }
    }
}

const WORDS: [Word; 10] = [
    Word::New,
    Word::Received,
    Word::Planning,
    Word::Processing,
    Word::Cancelled,
    Word::Complete,
    Word::CompletePartialled,
    Word::Unfulfillable,
    Word::Invalid,
    Word::Other(String::new()),
];

// SPEC: FX-25, CS-07 (RELIABILITY 33: every status with every word of the warehouse, of which nothing ships)
#[test]
fn every_word_of_the_warehouse_meets_every_status() {
    let never = ["never sent"; 10];
    let with_it = [
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "exception, 5 free",
        "accepted",
        "exception, 5 free",
        "exception, 5 free",
        "rejected",
        "accepted",
    ];
    let partly = [
        "partially_shipped",
        "partially_shipped",
        "partially_shipped",
        "partially_shipped",
        "exception, 4 free",
        "partially_shipped",
        "exception, 4 free",
        "exception, 4 free",
        "partially_shipped",
        "partially_shipped",
    ];
    let shipped = ["over", "over", "over", "shipped", "over", "shipped", "over", "over", "over", "over"];
    let failed = "exception, 5 free";
    let exception = ["over", "over", "over", "over", failed, failed, failed, failed, "over", "over"];
    let off = "cancelled, 5 free";
    let cancelled = ["over", "over", "over", "over", off, "over", "over", "over", "over", "over"];
    let table = [
        (Status::OnHold, never),
        (Status::ReadyToProcess, never),
        (Status::Waiting, never),
        (Status::Submitting, with_it),
        (Status::Submitted, with_it),
        (Status::Accepted, with_it),
        // The feed said no and the warehouse has it all the same: it has it.
        (Status::Rejected, with_it),
        (Status::PartiallyShipped, partly),
        (Status::Shipped, shipped),
        (Status::Exception, exception),
        (Status::Cancelled, cancelled),
    ];
    assert_eq!(table.map(|(status, _)| status), Status::ALL);
    for (status, expected) in table {
        for (word, expected) in WORDS.iter().zip(expected) {
            let found = in_status(status).hear(&news(word.clone(), Some(&[]), NOON));
            assert_eq!(show(&found), expected, "{} hears {}", status.as_str(), word.as_str());
        }
    }
}

// SPEC: CS-07 (what is on its way is waited for; a notification alone frees nothing that may have shipped)
#[test]
fn only_what_surely_does_not_ship_is_free() {
    type Case<'a> = (Word, Option<&'a [(&'a str, i64)]>, &'a str, Option<RequestCode>);
    let parts: [(&str, i64); 2] = [("1", 2), ("2", 2)];
    let table: [Case<'_>; 6] = [
        (Word::CompletePartialled, Some(&parts), "accepted, 1 free", Some(RequestCode::PartlyUnfulfillable)),
        (Word::CompletePartialled, None, "accepted", None),
        (Word::CompletePartialled, Some(&[("1", 3), ("2", 2)]), "accepted", None),
        (Word::Unfulfillable, None, "exception, 5 free", Some(RequestCode::Unfulfillable)),
        (Word::Cancelled, None, "exception, 5 free", Some(RequestCode::CancelledAtWarehouse)),
        (Word::Cancelled, Some(&[("1", 9)]), "accepted, 2 free", Some(RequestCode::PartlyUnfulfillable)),
    ];
    for (word, told, expected, code) in table {
        let heard = in_status(Status::Accepted).hear(&news(word.clone(), told, NOON));
        assert_eq!(show(&heard), expected, "{word:?} {told:?}");
        assert_eq!(heard.unwrap().reason.map(|reason| reason.code), code);
    }
    // Once the rest has shipped it comes to its end.
    let heard =
        in_status(Status::Accepted).hear(&news(Word::CompletePartialled, Some(&parts), NOON)).unwrap();
    let shipped = heard.ship(&units(&[("1", 2), ("2", 2)]), at(NOON));
    assert_eq!(show(&shipped), "exception, 1 free");
    // What had been given up and ships all the same has shipped.
    let late = shipped.unwrap().ship(&units(&[("1", 1)]), at(NOON));
    assert_eq!(show(&late), "shipped");
}

// SPEC: G-02 (an older word changes nothing, an equally old one is heard again)
#[test]
fn an_older_word_changes_nothing() {
    let heard = in_status(Status::Submitted).hear(&news(Word::Processing, None, NOON)).unwrap();
    let older = heard.hear(&news(Word::Unfulfillable, None, SENT)).unwrap();
    assert_eq!(older, heard);
    assert_eq!(show(&heard.hear(&news(Word::Unfulfillable, None, NOON))), "exception, 5 free");
}

// SPEC: FX-22, FX-25
#[test]
fn what_is_done_with_it_meets_every_status() {
    let now = at(NOON);
    let show_all = |act: &dyn Fn(&FulfillmentRequest) -> Result<FulfillmentRequest, Refusal>| {
        Status::ALL.map(|status| show(&act(&in_status(status))))
    };
    let o = "over";
    let table: [(&str, [&str; 11]); 6] = [
        ("begin", ["submitting", "submitting", o, o, o, o, o, o, o, o, o]),
        ("handed over", [o, o, o, "submitted", o, o, o, o, o, o, o]),
        ("accept", [o, o, o, "accepted", "accepted", "accepted", o, "partially_shipped", o, o, o]),
        ("reject", [o, o, o, "rejected", "rejected", o, o, o, o, o, o]),
        ("doubt", [o, o, o, "submitting", "submitted", o, o, o, o, o, o]),
        ("not found", [o, o, o, o, o, o, "rejected", o, o, o, o]),
    ];
    for (what, expected) in table {
        let found = show_all(&|request| match what {
            "begin" => request.begin(now),
            "handed over" => request.handed_over(Some("F1")),
            "accept" => request.accept(now),
            "reject" => request.reject("No."),
            "doubt" => request.doubt(now),
            _ => request.not_found(now),
        });
        assert_eq!(found, expected, "{what}");
    }
    let held = in_status(Status::OnHold).begin(at(SENT));
    assert_eq!(held, Err(Refusal::Held { until: now }));
}

// SPEC: FX-25, FX-26 (RELIABILITY R3, 7, 8: looked up twice, then once more under the same number)
#[test]
fn an_unknown_outcome_is_looked_up_before_it_is_sent_again() {
    let doubted = in_status(Status::Submitting).doubt(at(NOON)).unwrap();
    assert_eq!(doubted.reason.as_ref().unwrap().code, RequestCode::OutcomeUnknown);
    let once = doubted.not_found(at("2026-03-01T12:01:00Z")).unwrap();
    let soon = once.not_found(at("2026-03-01T12:10:59Z")).unwrap();
    assert_eq!((once.status, soon.status), (Status::Submitting, Status::Submitting), "not long enough");
    let twice = soon.not_found(at("2026-03-01T12:11:00Z")).unwrap();
    assert_eq!((twice.status, twice.attempts), (Status::ReadyToProcess, 1));
    let again = twice.begin(at("2026-03-01T12:12:00Z")).unwrap();
    assert_eq!((again.number, again.attempts), (doubted.number.clone(), 2));
    // The warehouse has it after all, whenever that is found out.
    for request in [&doubted, &once, &twice] {
        assert_eq!(show(&request.hear(&news(Word::Received, None, NOON))), "accepted");
    }
}

// SPEC: FX-26
#[test]
fn a_rejected_request_goes_again_only_if_that_is_safe() {
    let later = at("2026-03-01T12:10:00Z");
    let rejected = in_status(Status::Rejected);
    assert_eq!(rejected.resubmit(later), Err(Refusal::NothingChanged));
    assert_eq!(rejected.changed().resubmit(later), Err(Refusal::Doubtful), "nobody has looked");
    let once = rejected.changed().not_found(at(NOON)).unwrap();
    assert_eq!(once.resubmit(at(NOON)), Err(Refusal::Doubtful));
    let Ok(Resubmit::Again(again)) = once.resubmit(later) else { panic!("it is surely unknown") };
    assert_eq!((again.status, &again.number), (Status::ReadyToProcess, &rejected.number));
    let invalid = in_status(Status::Accepted).hear(&news(Word::Invalid, None, NOON)).unwrap();
    assert_eq!(invalid.changed().resubmit(later), Ok(Resubmit::AsAnother));
    assert_eq!(
        invalid.rows.iter().map(|row| row.freed).sum::<i64>(),
        0,
        "a rejected request keeps what it holds"
    );
    for status in Status::ALL.into_iter().filter(|status| *status != Status::Rejected) {
        assert_eq!(in_status(status).changed().resubmit(later), Err(Refusal::NotNow { status }));
    }
}

// SPEC: CS-09 (RELIABILITY 35: only before parcels are picked)
#[test]
fn calling_off_meets_every_status() {
    let show = |request: FulfillmentRequest| match request.cancel() {
        Ok(Cancel::Done(after)) => {
            assert_eq!((after.status, after.pending()), (Status::Cancelled, 0));
            "done".to_owned()
        }
        Ok(Cancel::Ask(after)) => {
            assert!(after.is_cancel_asked && after.status == Status::Accepted);
            "ask".to_owned()
        }
        Err(Refusal::NotNow { .. }) => "over".to_owned(),
        Err(Refusal::TooLate { state }) => format!("too late: {state}"),
        Err(other) => other.to_string(),
    };
    let doubtful = Refusal::Doubtful.to_string();
    let expected = [
        "done",
        "done",
        "done",
        &doubtful,
        &doubtful,
        "ask",
        "done",
        "too late: accepted",
        "over",
        "over",
        "over",
    ];
    assert_eq!(Status::ALL.map(|status| show(in_status(status))), expected);
    let table = [
        (Word::New, "ask"),
        (Word::Received, "ask"),
        (Word::Planning, "ask"),
        (Word::Processing, "too late: processing"),
        (Word::Complete, "too late: complete"),
        (Word::Other("BOXED".to_owned()), "too late: BOXED"),
    ];
    for (word, expected) in table {
        let heard = in_status(Status::Accepted).hear(&news(word, None, NOON)).unwrap();
        assert_eq!(show(heard), expected);
    }
    let Ok(Cancel::Ask(asked)) = in_status(Status::Accepted).cancel() else { panic!() };
    let refused = asked.cancel_refused("it has left");
    assert!(!refused.is_cancel_asked);
    assert_eq!(refused.reason.unwrap().message, "It could not be called off: it has left");
}

// SPEC: FX-25 (stuck on its way, or a feed that lies for hours)
#[test]
fn what_lies_too_long_is_asked_for() {
    let table = [
        (Status::Submitting, "2026-03-01T01:19:59Z", false),
        (Status::Submitting, "2026-03-01T01:20:00Z", true),
        (Status::Submitted, "2026-03-01T06:59:59Z", false),
        (Status::Submitted, "2026-03-01T07:00:00Z", true),
        (Status::Accepted, NOON, false),
        (Status::ReadyToProcess, NOON, false),
    ];
    for (status, when, expected) in table {
        assert_eq!(in_status(status).is_overdue(at(when)), expected, "{} {when}", status.as_str());
    }
    assert!(in_status(Status::Submitting).doubt(at(SENT)).unwrap().is_overdue(at(SENT)));
}

// SPEC: FX-22
#[test]
fn a_number_has_the_characters_that_arrive_unchanged() {
    for good in ["A", "WEIR-1", "0-9", &"A".repeat(40)] {
        assert!(RequestNumber::parse(good).is_ok(), "{good}");
    }
    for bad in ["", "a", "A B", "A+B", "Ä", "A_B", "#1", "A.B", &"A".repeat(41)] {
        assert!(RequestNumber::parse(bad).is_err(), "{bad}");
    }
    let number =
        |order: &str, token: &str| RequestNumber::for_order(order, token).unwrap().as_str().to_owned();
    assert_eq!(number("#1042 / b", "x7q2"), "1042B-X7Q2");
    assert_eq!(number("注文", "x7q2"), "X7Q2");
    let longest = RequestNumber::for_order(&"9".repeat(60), &"k".repeat(60)).unwrap();
    assert_eq!(longest.as_str().len(), 36);
    assert_eq!(longest.part(999).unwrap().as_str().len(), 40);
    assert!(longest.part(1_000).is_err());
    assert_eq!(longest.part(1).unwrap(), longest);
    assert!(RequestNumber::for_order("1", "+").is_err());
}

// SPEC: CS-06, CS-07, CS-08
#[test]
fn an_order_is_as_far_as_the_request_that_needs_somebody_most() {
    use FulfillmentState as State;
    let all = |statuses: &[Status]| {
        FulfillmentState::of(&statuses.iter().map(|status| in_status(*status)).collect::<Vec<_>>())
    };
    let table: [(&[Status], Option<State>); 9] = [
        (&[], None),
        (&[Status::Cancelled], None),
        (&[Status::Shipped, Status::Cancelled], Some(State::Shipped)),
        (&[Status::Shipped, Status::PartiallyShipped], Some(State::InShipping)),
        (&[Status::Submitted, Status::ReadyToProcess], Some(State::ReadyToProcess)),
        (&[Status::ReadyToProcess, Status::OnHold], Some(State::OnHold)),
        (&[Status::Waiting, Status::Submitting], Some(State::OnHold)),
        (&[Status::Shipped, Status::Exception], Some(State::AmazonOrderException)),
        (&[Status::OnHold, Status::Rejected], Some(State::AmazonOrderException)),
    ];
    for (statuses, expected) in table {
        assert_eq!(all(statuses), expected, "{statuses:?}");
    }
    // One that another followed says nothing any more.
    let rejected = in_status(Status::Rejected);
    let other = FulfillmentRequest {
        replaces: Some(rejected.number.clone()),
        ..accepted_at(request_of("N-2", &[("A", 1)]), SENT)
    };
    assert_eq!(FulfillmentState::of(&[rejected, other]), Some(State::InShipping));
}

/// What may happen to a request.
#[derive(Clone, Debug)]
enum Did {
    Begin,
    HandOver,
    Accept,
    Reject,
    Doubt,
    NotFound,
    Hear(Word, Option<[i64; 2]>),
    Ship([i64; 2]),
    Cancel,
    Change,
    Resubmit,
}

fn did() -> impl Strategy<Value = Did> {
    let word = prop::sample::select(WORDS.to_vec());
    let pair = || [0_i64..5, 0_i64..5];
    prop_oneof![
        Just(Did::Begin),
        Just(Did::HandOver),
        Just(Did::Accept),
        Just(Did::Reject),
        Just(Did::Doubt),
        Just(Did::NotFound),
        (word, prop::option::of(pair())).prop_map(|(word, units)| Did::Hear(word, units)),
        pair().prop_map(Did::Ship),
        Just(Did::Cancel),
        Just(Did::Change),
        Just(Did::Resubmit),
    ]
}

fn both(parts: [i64; 2]) -> BTreeMap<String, i64> {
    units(&[("1", parts[0]), ("2", parts[1])])
}

proptest! {
    // SPEC: FX-22, FX-26, CS-07 (whatever happens in whatever order: units are counted once, what shipped stays
    // shipped, what is over holds nothing, and nothing is handed over twice without two looks between)
    #[test]
    fn units_are_never_lost_and_never_doubled(story in prop::collection::vec((did(), 0_i64..900), 0..25)) {
        let mut request = ready("N-1", &[("A", 3), ("B", 2)]);
        let mut now = at(SENT);
        let mut looks = 0;
        for (did, seconds) in story {
            now += jiff::SignedDuration::from_secs(seconds);
            let (before, shipped) = (request.clone(), request.shipped());
            let after = match did.clone() {
                Did::Begin => request.begin(now),
                Did::HandOver => request.handed_over(None),
                Did::Accept => request.accept(now),
                Did::Reject => request.reject("No."),
                Did::Doubt => request.doubt(now),
                Did::NotFound => request.not_found(now),
                Did::Hear(state, told) => request.hear(&News { state, units: told.map(both), promised_by: None, at: now }),
                Did::Ship(parts) => request.ship(&both(parts), now),
                Did::Cancel => request.cancel().map(|cancel| match cancel {
                    Cancel::Done(after) | Cancel::Ask(after) => *after,
                }),
                Did::Change => Ok(request.changed()),
                Did::Resubmit => request.resubmit(now).map(|resubmit| match resubmit {
                    Resubmit::Again(again) => *again,
                    Resubmit::AsAnother => request.clone(),
                }),
            };
            if let Ok(after) = after { request = after }
            if matches!(did, Did::NotFound) && request != before { looks += 1 }
            if matches!(did, Did::Begin) && request != before {
                prop_assert!(request.attempts == 1 || looks >= 2, "handed over again without looking");
                prop_assert!(!before.is_known_there, "the warehouse has it");
                looks = 0;
            }
            for row in &request.rows {
                prop_assert!(row.shipped >= 0 && row.freed >= 0 && row.pending() >= 0, "{row:?}");
            }
            prop_assert!(request.shipped() >= shipped);
            if request.status.is_over() { prop_assert_eq!(request.pending(), 0) }
            if request.status == Status::Shipped { prop_assert_eq!(request.shipped(), 5) }
            if before.status == Status::Shipped { prop_assert_eq!(request.status, Status::Shipped) }
        }
    }
}
