//! Hooks: one of each scope, on, and with the header of Weir's own; and what stands in the way.

use serde_json::{Value, json};
use weir_channels::{
    bigcommerce::{OWN_HEADER, SUBSCRIBED_SCOPES},
    channel::{ChannelError, WebhookStep},
    http::{HttpResponse, Method},
};

use crate::support::{connection, token, webhooks};

const DOOR: &str = "https://weir.example/webhooks/bigcommerce/con_1";

fn step(answers: &[HttpResponse]) -> Result<WebhookStep, ChannelError> {
    webhooks().subscribe(&connection(), &token(), DOOR, answers)
}

fn asked(answers: &[HttpResponse]) -> (Method, String, Value) {
    let WebhookStep::Ask(_, request) = step(answers).unwrap() else { panic!("nothing is asked") };
    let (_, path) = request.url.split_once("/v3/").unwrap();
    (request.method, path.to_owned(), serde_json::from_slice(&request.body).unwrap_or_default())
}

fn page(hooks: &Value, current: u32, pages: u32) -> HttpResponse {
    let meta = json!({ "pagination": { "current_page": current, "total_pages": pages } });
    HttpResponse::json(200, json!({ "data": hooks, "meta": meta }).to_string())
}

fn made() -> HttpResponse {
    HttpResponse::json(200, json!({ "data": {} }).to_string())
}

fn done(answers: &[HttpResponse]) -> (Vec<String>, Vec<String>) {
    match step(answers).unwrap() {
        WebhookStep::Done { changed, denied } => (changed, denied),
        WebhookStep::Ask(_, request) => panic!("{request:?} is asked"),
    }
}

/// The value that the header of Weir's own has to have.
fn value() -> String {
    let (_, _, body) = asked(&[page(&json!([]), 1, 1)]);
    body["headers"][OWN_HEADER].as_str().unwrap().to_owned()
}

#[test]
fn every_scope_is_made_once() {
    // SPEC: OP-08
    assert_eq!(asked(&[]).1, "hooks?limit=250&page=1");
    let mut answers = vec![page(&json!([]), 1, 2)];
    assert_eq!(asked(&answers).1, "hooks?limit=250&page=2");
    answers.push(page(&json!([]), 2, 2));
    for scope in SUBSCRIBED_SCOPES {
        let (method, path, body) = asked(&answers);
        assert_eq!((method, path.as_str()), (Method::Post, "hooks"));
        assert_eq!((&body["scope"], &body["destination"]), (&json!(scope), &json!(DOOR)));
        assert_eq!(body["is_active"], json!(true));
        answers.push(made());
    }
    assert_eq!(done(&answers), (SUBSCRIBED_SCOPES.map(str::to_owned).to_vec(), Vec::new()));
    assert!(!value().contains(crate::support::TOKEN) && value().len() >= 43);
}

#[test]
fn what_is_off_or_carries_another_header_is_mended_and_all_else_stays() {
    // SPEC: OP-08
    let hook = |id: u32, scope: &str, destination: &str, is_active: bool, header: &str| json!({ "id": id, "scope": scope, "destination": destination, "is_active": is_active, "headers": { "X-Weir-Webhook": header } });
    let value = value();
    let mut hooks: Vec<Value> =
        SUBSCRIBED_SCOPES.iter().zip(1..).map(|(scope, id)| hook(id, scope, DOOR, true, &value)).collect();
    hooks[1]["is_active"] = json!(false);
    hooks[2]["headers"] = json!([]);
    hooks[3] = hook(4, SUBSCRIBED_SCOPES[3], "https://other.example/", true, &value);
    // There twice, and one of the two is well.
    hooks.push(hook(9, SUBSCRIBED_SCOPES[4], DOOR, false, &value));
    let mut answers = vec![page(&json!(hooks), 1, 1)];
    let mut paths = Vec::new();
    for _ in 0..3 {
        let (method, path, _) = asked(&answers);
        paths.push(format!("{} {path}", method.as_str()));
        answers.push(made());
    }
    assert_eq!(paths, ["PUT hooks/2", "PUT hooks/3", "POST hooks"]);
    assert_eq!(done(&answers).0.len(), 3);
}

#[test]
fn a_permission_that_is_missing_keeps_no_other_scope_away() {
    let mut answers = vec![page(&json!([]), 1, 1), HttpResponse::json(403, r#"{"title":"no"}"#)];
    answers.extend((1..SUBSCRIBED_SCOPES.len()).map(|_| made()));
    assert_eq!(done(&answers).1, [SUBSCRIBED_SCOPES[0]]);
    // Made by somebody else meanwhile.
    answers[1] = HttpResponse::json(409, "{}");
    assert!(done(&answers).1.is_empty());
    let mut all = vec![page(&json!([]), 1, 1)];
    all.extend(SUBSCRIBED_SCOPES.iter().map(|_| HttpResponse::json(403, "{}")));
    assert!(matches!(step(&all), Err(ChannelError::Denied(_))));
    all[1] = HttpResponse::json(503, "");
    assert!(matches!(step(&all), Err(ChannelError::Trouble(_))));
}

#[test]
fn a_hook_that_is_gone_is_none_that_was_mended() {
    // SPEC: OP-08
    let gone = || HttpResponse::json(404, r#"{"title":"Not found"}"#);
    let off = json!([{ "id": 1, "scope": SUBSCRIBED_SCOPES[0], "destination": DOOR, "is_active": false }]);
    assert!(matches!(step(&[page(&off, 1, 1), gone()]), Err(ChannelError::Trouble(_))));
    let mut answers = vec![page(&json!([]), 1, 1), gone()];
    answers.extend((1..SUBSCRIBED_SCOPES.len()).map(|_| made()));
    assert_eq!(done(&answers).1, [SUBSCRIBED_SCOPES[0]], "what was not made was not made");
    let taken_back = webhooks().unsubscribe(&connection(), &token(), DOOR, &[page(&off, 1, 1), gone()]);
    assert!(matches!(taken_back, Ok(WebhookStep::Done { .. })));
}

#[test]
fn hooks_go_to_port_443_over_tls_alone() {
    for target in ["http://weir.example/", "https://weir.example:8443/x", "https://", "arn:aws:events:x", ""]
    {
        let refused = webhooks().subscribe(&connection(), &token(), target, &[]);
        assert!(matches!(refused, Err(ChannelError::Refused(_))), "{target}");
    }
    assert!(webhooks().subscribe(&connection(), &token(), "https://weir.example:443/x", &[]).is_ok());
    // What stands in for BigCommerce may be on the machine that it delivers to.
    let mut stand_in = connection();
    stand_in.endpoints.api = Some("http://127.0.0.1:4000".to_owned());
    assert!(webhooks().subscribe(&stand_in, &token(), "http://127.0.0.1:3000/x", &[]).is_ok());
    assert!(webhooks().subscribe(&stand_in, &token(), "ftp://127.0.0.1/x", &[]).is_err());
}

#[test]
fn only_what_delivers_to_the_door_is_taken_back() {
    let hooks = json!([
        { "id": 1, "scope": "store/order/created", "destination": DOOR, "is_active": true, "headers": null },
        { "id": 2, "scope": "store/order/created", "destination": "https://other.example/", "is_active": true },
    ]);
    let step = |answers: &[HttpResponse]| webhooks().unsubscribe(&connection(), &token(), DOOR, answers);
    let mut answers = vec![page(&hooks, 1, 1)];
    let WebhookStep::Ask(_, request) = step(&answers).unwrap() else { panic!("nothing is asked") };
    assert_eq!((request.method, request.path()), (Method::Delete, "/stores/abc123def/v3/hooks/1"));
    answers.push(HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() });
    let WebhookStep::Done { changed, .. } = step(&answers).unwrap() else { panic!("more is asked") };
    assert_eq!(changed, ["store/order/created"]);
}
