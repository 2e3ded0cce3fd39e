//! What is asked and how, what a connection needs, and what refusals mean.

use serde_json::json;
use weir_channels::{
    bigcommerce::CHANNEL,
    channel::{Budget, ChannelError, Credentials, Grant, Page, Search, Secret, Step, TokenStep},
    http::{HttpRequest, HttpResponse},
};
use weir_domain::{Timestamp, ids::ChannelOrderId};

use crate::support::{STORE, TOKEN, call, connection, orders, time, token};

fn path(request: &HttpRequest) -> String {
    request.url.strip_prefix("https://api.bigcommerce.com/stores/abc123def/").unwrap().to_owned()
}

fn id() -> ChannelOrderId {
    ChannelOrderId::parse("118").unwrap()
}

fn look(answers: &[HttpResponse]) -> Result<Step, ChannelError> {
    orders().look(call(&connection(), &token()), &id(), answers)
}

#[test]
fn every_request_asks_for_json_with_the_token_in_its_header() {
    let Ok(Step::Ask(operation, request)) = look(&[]) else { panic!("nothing is asked") };
    assert_eq!(
        path(&request),
        "v2/orders/118?include=consignments.line_items,fees&consignment_structure=object"
    );
    assert_eq!(request.header_value("accept"), Some("application/json"));
    assert_eq!(request.header_value("x-auth-token"), Some(TOKEN));
    assert!(!request.url.contains(TOKEN) && !format!("{request:?}").contains(TOKEN));
    assert_eq!((operation.burst, operation.refill.as_millis()), (150, 200));
}

#[test]
fn searches_reach_back_to_a_time_or_go_through_what_is_open() {
    // SPEC: KB-01
    let (connection, token) = (connection(), token());
    let search = |from: Timestamp, page: Option<&str>| {
        path(&orders().search(call(&connection, &token), &Search { from, marketplaces: &[], page }))
    };
    let from = time("2026-11-07T00:00:01.9Z");
    let since = "v2/orders?min_date_modified=Sat%2C%2007%20Nov%202026%2000%3A00%3A01%20%2B0000";
    assert_eq!(search(from, None), format!("{since}&min_id=1&sort=id:asc&limit=250"));
    assert_eq!(search(from, Some("351")), format!("{since}&min_id=351&sort=id:asc&limit=250"));
    assert_eq!(search(from, Some("rubbish")), search(from, None));
    let first = Timestamp::UNIX_EPOCH;
    assert_eq!(search(first, None), "v2/orders?status_id=11&min_id=1&sort=id:asc&limit=250");
    assert_eq!(search(first, Some("open:8:90")), "v2/orders?status_id=8&min_id=90&sort=id:asc&limit=250");
    let find =
        |number: &str| orders().find(call(&connection, &token), number).map(|(_, request)| path(&request));
    assert_eq!(find(" #118 ").as_deref(), Some("v2/orders?min_id=118&max_id=118&limit=250"));
    for none in ["", "#", "W118", "118&x=1", "-1", "0"] {
        assert_eq!(find(none), None, "{none}");
    }
}

#[test]
fn a_page_that_cannot_be_gone_on_from_ends_no_search() {
    // SPEC: KB-01, G-01
    let page = |ids: &dyn Fn(usize) -> String, count: usize| {
        let orders: Vec<String> = (0..count).map(|number| format!(r#"{{"id":{}}}"#, ids(number))).collect();
        let search = Search { from: time("2026-11-07T00:00:00Z"), marketplaces: &[], page: Some("300") };
        let answer = HttpResponse::json(200, format!("[{}]", orders.join(",")));
        orders_of(&search, &answer)
    };
    assert_eq!(page(&|number| (300 + number).to_string(), 250).unwrap().next.as_deref(), Some("550"));
    assert_eq!(page(&|number| (300 + number).to_string(), 249).unwrap().next, None);
    let readable_at_first = |number: usize| if number == 0 { "300".to_owned() } else { "\"x\"".to_owned() };
    assert_eq!(page(&readable_at_first, 250).unwrap().next.as_deref(), Some("301"));
    assert!(matches!(page(&|_| "\"x\"".to_owned(), 250), Err(ChannelError::Unreadable(_))));
    assert!(matches!(page(&|number| (1 + number).to_string(), 250), Err(ChannelError::Unreadable(_))));
}

fn orders_of(search: &Search<'_>, answer: &HttpResponse) -> Result<Page, ChannelError> {
    orders().page_of(&connection(), search, answer)
}

#[test]
fn an_empty_list_has_no_body() {
    let none = HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() };
    let page = orders().page(&connection(), &none).unwrap();
    assert!(page.listed.is_empty() && page.next.is_none());
    assert_eq!(look(&[none]), Ok(Step::NotFound));
    assert_eq!(look(&[HttpResponse::json(404, "[]")]), Ok(Step::NotFound));
}

#[test]
fn refusals_mean_what_they_mean() {
    // SPEC: G-11, G-12
    let refused = |status: u16, body: &str| look(&[HttpResponse::json(status, body)]).unwrap_err();
    assert_eq!(refused(401, ""), ChannelError::Expired);
    let denied = refused(403, r#"{"status":403,"title":"You don't have a required scope jane@example.com"}"#);
    let ChannelError::Denied(sentence) = &denied else { panic!("{denied:?}") };
    assert!(sentence.contains("required scope") && !sentence.contains("jane"), "{sentence}");
    assert!(matches!(refused(400, "[]"), ChannelError::Refused(_)));
    for status in [301, 408, 500, 502, 503, 504] {
        assert!(matches!(refused(status, "<html>"), ChannelError::Trouble(_)), "{status}");
    }
    for body in ["<?xml version=\"1.0\"?><order/>", " <!DOCTYPE html>", "[", "[]"] {
        assert!(matches!(refused(200, body), ChannelError::Unreadable(_)), "{body}");
    }
}

#[test]
fn the_store_tells_its_rate() {
    // SPEC: G-12
    let with = |status: u16, headers: &[(&str, &str)]| HttpResponse {
        status,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: b"[]".to_vec(),
    };
    let told = [
        ("x-rate-limit-time-window-ms", "30000"),
        ("x-rate-limit-time-reset-ms", "15001"),
        ("x-rate-limit-requests-quota", "450"),
        ("x-rate-limit-requests-left", "35"),
    ];
    let budget = Budget { maximum: 450, available: 35, restored_a_second: 15, requested: 1, actual: Some(1) };
    assert_eq!(orders().told_budget(&with(200, &told)), Some(budget));
    assert_eq!(orders().told_rate(&with(200, &told)), Some(15_000_000));
    let wait = |response: HttpResponse| match look(&[response]) {
        Err(ChannelError::Throttled { retry_after, .. }) => retry_after.unwrap().as_millis(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(with(429, &told)), 15_001);
    assert_eq!(wait(with(429, &[])), 30_000, "the platform is overloaded");
    for nonsense in ["", "-1", "0", "x", "99999999999999999999"] {
        let odd = [("x-rate-limit-time-window-ms", nonsense), ("x-rate-limit-requests-quota", nonsense)];
        assert_eq!(orders().told_budget(&with(200, &odd)), None, "{nonsense}");
        assert_eq!(orders().told_rate(&with(200, &odd)), None, "{nonsense}");
    }
}

#[test]
fn a_connection_needs_a_hash_and_a_token() {
    let setup = CHANNEL.setup;
    assert!(setup.check(&connection()).is_ok());
    for hash in ["", "ABC", "abc/def", "abc.def", "../x", &"a".repeat(41)] {
        let mut other = connection();
        hash.clone_into(&mut other.remote.account);
        assert_eq!(setup.check(&other).unwrap_err()[0].path, "store_hash", "{hash}");
    }
    let mut other = connection();
    other.endpoints.api = Some("https://user@host".to_owned());
    assert_eq!(setup.check(&other).unwrap_err()[0].path, "endpoints.api");
    // SPEC: KB-02, KB-06
    let new = &connection().settings;
    assert!(!new.shop.create_custom_items);
    assert!(setup.settings().iter().all(|setting| setting.read(new) == setting.default()));
    let given = |value: &str| -> Credentials {
        [("access_token".to_owned(), Secret::new(value))].into_iter().collect()
    };
    let token = |value: &str| CHANNEL.access.token(&connection(), &given(value), Grant::Merchant);
    assert!(matches!(token(TOKEN), Ok(TokenStep::Held(_))));
    for none in ["", "  ", "two words"] {
        assert_eq!(token(none).unwrap_err()[0].path, "access_token");
    }
}

#[test]
fn the_store_and_its_locations_are_told() {
    let store = CHANNEL.store.unwrap();
    let about = json!({ "id": STORE, "name": "Blue Mugs", "currency": "USD", "timezone": { "name": "America/Chicago" } });
    let info = store.read_about(&HttpResponse::json(200, about.to_string())).unwrap();
    assert_eq!((info.account.as_str(), info.currency.as_deref()), (STORE, Some("USD")));
    let page = json!({
        "data": [{ "id": 1, "code": "MAIN", "label": "Main", "enabled": true }, { "id": 2, "code": "OLD", "enabled": false }],
        "meta": { "pagination": { "current_page": 1, "total_pages": 2 } },
    });
    let found = store.read_locations(&HttpResponse::json(200, page.to_string())).unwrap();
    let names: Vec<_> = found
        .locations
        .iter()
        .map(|place| (place.id.as_str(), place.name.as_str(), place.is_active))
        .collect();
    assert_eq!(names, [("1", "Main", true), ("2", "OLD", false)]);
    assert_eq!(found.next.as_deref(), Some("2"));
}
