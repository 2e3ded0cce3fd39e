//! What answers mean besides their data: refusals, points used up, and what is left.

use std::time::Duration;

use serde_json::{Value, json};
use weir_channels::{
    channel::{Budget, ChannelError, Page},
    http::HttpResponse,
};

use crate::support::{TOKEN, connection, orders};

fn page(response: &HttpResponse) -> Result<Page, ChannelError> {
    orders().page(&connection(), response)
}

fn cost(requested: Value, actual: Value, available: Value) -> Value {
    json!({"cost": {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": 100.0},
    }})
}

fn throttled(extensions: &Value) -> HttpResponse {
    let error = json!({"message": "Throttled", "extensions": {"code": "THROTTLED"}});
    HttpResponse::json(200, json!({"errors": [error], "extensions": extensions}).to_string())
}

fn refused(code: &str, message: &str) -> ChannelError {
    let error = json!({"message": message, "extensions": {"code": code}});
    page(&HttpResponse::json(200, json!({"errors": [error]}).to_string())).unwrap_err()
}

#[test]
fn what_is_left_is_read_from_every_answer() {
    // SPEC: G-12
    let data =
        json!({"data": {"orders": {"nodes": []}}, "extensions": cost(json!(22.5), json!(4), json!(1996.9))});
    let response = HttpResponse::json(200, data.to_string());
    let budget = orders().told_budget(&response).unwrap();
    let expected =
        Budget { maximum: 2_000, available: 1_996, restored_a_second: 100, requested: 23, actual: Some(4) };
    assert_eq!(budget, expected);
    assert_eq!(budget.wait(), Duration::ZERO);
    assert_eq!(orders().told_rate(&response), Some(25_000_000), "a hundred points a second, four a call");
    for odd in
        [json!(null), json!({"cost": null}), json!({"cost": {"throttleStatus": {"restoreRate": "fast"}}})]
    {
        let response = HttpResponse::json(200, json!({"data": {}, "extensions": odd}).to_string());
        assert_eq!(orders().told_budget(&response), None);
        assert_eq!(orders().told_rate(&response), None);
    }
    let still = json!({"data": {}, "extensions": {"cost": {"throttleStatus": {
        "maximumAvailable": 2000, "currentlyAvailable": 0, "restoreRate": 0}}}});
    assert_eq!(orders().told_budget(&HttpResponse::json(200, still.to_string())), None, "nothing comes back");
}

#[test]
fn a_throttled_call_says_when_to_come_again() {
    // SPEC: G-12
    let wait = |response: &HttpResponse| match page(response) {
        Err(ChannelError::Throttled { retry_after, .. }) => retry_after.unwrap().as_secs(),
        other => panic!("{other:?}"),
    };
    // 900 points wanted and 333 there: the other 567 take six seconds.
    assert_eq!(wait(&throttled(&cost(json!(900), Value::Null, json!(333)))), 6);
    assert_eq!(wait(&throttled(&cost(json!(3000), Value::Null, json!(0)))), 20, "a full bucket is the most");
    assert_eq!(wait(&throttled(&Value::Null)), 2, "where nothing is told");
    let mut too_many = HttpResponse::json(429, "");
    too_many.headers.push(("retry-after".to_owned(), "2.0".to_owned()));
    assert_eq!(wait(&too_many), 2);
    too_many.headers[1].1 = "86400".to_owned();
    assert_eq!(wait(&too_many), 60, "no header keeps an order away for a day");
    // Data may come beside it: it is not used.
    let both = json!({
        "data": {"orders": {"nodes": []}},
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": cost(json!(100), Value::Null, json!(0)),
    });
    assert_eq!(wait(&HttpResponse::json(200, both.to_string())), 1);
}

#[test]
fn refusals_are_told_for_what_they_are() {
    // SPEC: G-11
    assert!(matches!(refused("ACCESS_DENIED", "Access denied for orders field."), ChannelError::Denied(_)));
    assert!(matches!(refused("SHOP_INACTIVE", "The shop is inactive."), ChannelError::Denied(_)));
    assert!(matches!(refused("INTERNAL_SERVER_ERROR", "Oops"), ChannelError::Trouble(_)));
    assert!(matches!(refused("MAX_COST_EXCEEDED", "Too dear"), ChannelError::Refused(_)));
    assert!(matches!(refused("undefinedField", "Field 'x' doesn't exist"), ChannelError::Refused(_)));
    assert_eq!(refused("", "Invalid cursor for current pagination sort."), ChannelError::PageExpired);
    for (status, attention) in
        [(402, true), (403, true), (404, true), (423, true), (400, false), (500, false)]
    {
        let error = page(&HttpResponse::json(status, "{\"errors\":\"Not Found\"}")).unwrap_err();
        assert_eq!(error.needs_attention(), attention, "{status}: {error}");
    }
    assert_eq!(page(&HttpResponse::json(401, "")).unwrap_err(), ChannelError::Expired);
    for status in [302, 408, 430, 500, 502, 503, 504] {
        assert!(page(&HttpResponse::json(status, "")).unwrap_err().is_transient(), "{status}");
    }
}

#[test]
fn an_answer_that_is_none_is_unreadable_and_tried_again() {
    for body in
        ["", "null", "[]", "<html>", "{}", "{\"data\":null}", "{\"data\":", "{\"data\":{}}", "{\"data\":7}"]
    {
        let error = page(&HttpResponse::json(200, body)).unwrap_err();
        assert!(matches!(error, ChannelError::Unreadable(_)), "{body}: {error}");
    }
    let text = page(&HttpResponse::json(200, "{\"errors\":\"Something went wrong\"}")).unwrap_err();
    assert_eq!(text, ChannelError::Refused("Something went wrong".to_owned()));
}

#[test]
fn no_refusal_quotes_a_token_or_an_address() {
    // SPEC: OP-05
    let said = refused("BAD_USER_INPUT", &format!("Value {TOKEN} of jane@example.com is wrong")).to_string();
    assert!(!said.contains(TOKEN) && !said.contains("jane"), "{said}");
}
