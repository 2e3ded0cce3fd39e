//! Rates: what passes, what does not, and what the book says of the caller.

use super::*;
use crate::amazon::{Count, Operation};

fn count(amazon: &Amazon, operation: Operation) -> Count {
    amazon.counts().get(&(SELLER.to_owned(), operation)).copied().unwrap_or_default()
}

#[test]
fn a_burst_passes_and_then_one_call_each_three_minutes() {
    let mut amazon = new();
    amazon.token_lifetime = SignedDuration::from_hours(24);
    let token = token(&mut amazon, REFRESH, at(0));
    let mut search = |second: i64| amazon.handle(&get(SEARCH, &token), at(second));
    for _ in 0..20 {
        assert_eq!(search(0).status, 200);
    }
    let refused = search(0);
    assert_eq!((refused.status, json(&refused)["errors"][0]["code"].as_str()), (429, Some("QuotaExceeded")));
    assert_eq!(refused.header_value("x-amzn-ratelimit-limit"), Some("0.0056"));
    assert_eq!(refused.header_value("retry-after"), None);
    assert_eq!(search(178).status, 429);
    let mut passed = 0;
    for second in 178..=178 + 3600 {
        passed += i32::from(search(second).status == 200);
    }
    assert_eq!(passed, 21, "0.0056 × 3,600 s, and what was left");
    let count = count(&amazon, Operation::SearchOrders);
    assert!(count.worst_excess > 3_000_000 && count.throttled > 3_000 && count.throttled_by_fault == 0);
}

#[test]
fn a_caller_who_keeps_to_the_limit_never_exceeds_it() {
    let mut amazon = new();
    amazon.token_lifetime = SignedDuration::from_hours(24);
    let token = token(&mut amazon, REFRESH, at(0));
    let order = shipped(&mut amazon, "A", 0);
    for call in 0..100 {
        let second = (call - 19).max(0) * 179;
        assert_eq!(amazon.handle(&get(SEARCH, &token), at(second)).status, 200);
    }
    let path = format!("/orders/2026-01-01/orders/{order}");
    for call in 0..100 {
        let second = 20_000 + (call - 29).max(0) * 2;
        assert_eq!(amazon.handle(&get(&path, &token), at(second)).status, 200);
    }
    assert_eq!(amazon.worst_excess(), 0);
    assert_eq!(count(&amazon, Operation::GetOrder).calls, 100);
}

#[test]
fn limits_run_on_the_scaled_clock_and_are_each_region_s_own() {
    let mut amazon = new();
    let token = token(&mut amazon, REFRESH, at(0));
    for _ in 0..20 {
        assert_eq!(amazon.handle(&get(SEARCH, &token), at(0)).status, 200);
    }
    let europe = format!("https://sellingpartnerapi-eu.amazon.com{SEARCH}");
    let mut elsewhere = get(SEARCH, &token);
    elsewhere.url = europe;
    assert_eq!(amazon.handle(&elsewhere, at(0)).status, 200);
    // One second later on the wall, three minutes later for the limits.
    let now = Now { wall: at(1).wall, scaled: at(179).scaled };
    assert_eq!(amazon.handle(&get(SEARCH, &token), now).status, 200);
    assert_eq!(amazon.worst_excess(), 0);
}

#[test]
fn a_throttle_out_of_the_blue_is_not_the_callers_fault() {
    let mut amazon = new();
    let token = token(&mut amazon, REFRESH, at(0));
    amazon.faults.throttled = 1000;
    amazon.faults.missing_rate_headers = 1000;
    let refused = amazon.handle(&get(SEARCH, &token), at(0));
    assert_eq!((refused.status, refused.header_value("x-amzn-ratelimit-limit")), (429, None));
    let count = count(&amazon, Operation::SearchOrders);
    assert_eq!((count.throttled, count.throttled_by_fault, count.worst_excess), (1, 1, 0));
    amazon.faults = crate::amazon::Faults { limit_percent: 50, ..crate::amazon::Faults::NONE };
    let order = shipped(&mut amazon, "A", 0);
    let path = format!("/orders/2026-01-01/orders/{order}");
    let passed = (0..30).filter(|_| amazon.handle(&get(&path, &token), at(0)).status == 200).count();
    assert_eq!((passed, amazon.worst_excess()), (15, 0), "Amazon grants less than it published");
}

#[test]
fn a_bad_day_is_the_same_day_for_the_same_seed() {
    let day = || {
        let mut amazon = new();
        amazon.faults = crate::amazon::Faults::BAD_DAY;
        let mut statuses = Vec::new();
        for second in 0..2_000 {
            let login = amazon.handle(&form(REFRESH), at(second * 200));
            let token = json(&login)["access_token"].as_str().unwrap_or("").to_owned();
            shipped(&mut amazon, "A", second * 200);
            let answer = amazon.handle(&get(SEARCH, &token), at(second * 200));
            statuses.push((answer.status, answer.body.len()));
        }
        assert_eq!(amazon.worst_excess(), 0);
        statuses
    };
    let statuses = day();
    assert_eq!(statuses, day());
    for status in [200, 401, 403, 429, 500, 503] {
        assert!(statuses.iter().any(|(seen, _)| *seen == status), "{status}");
    }
}
