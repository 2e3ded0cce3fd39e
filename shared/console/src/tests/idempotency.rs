//! `Idempotency-Key`: once done, alike answered, whatever is sent again or breaks in between.

use serde_json::{Value, json};
use weir_app::ports::{Key, Record};

use super::house::{ADMIN, House, WRITER};

fn post(house: &House, token: &str, key: &str, path: &str, body: &Value) -> super::house::Answer {
    house.ask_with(token, "POST", path, Some(body), &[("idempotency-key", key)])
}

fn locations(house: &House) -> usize {
    house.get("/v1/locations").ok(200)["data"].as_array().unwrap().len()
}

#[test]
fn the_same_key_and_body_is_done_once() {
    let house = House::new();
    let first = post(&house, ADMIN, "k1", "/v1/locations", &json!({"name": "a", "kind": "own"}));
    let again = post(&house, ADMIN, "k1", "/v1/locations", &json!({"kind": "own", "name": "a"}));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(first.ok(201), again.ok(201));
    assert_eq!(locations(&house), 1);
    post(&house, ADMIN, "k2", "/v1/locations", &json!({"name": "a", "kind": "own"})).ok(201);
    post(&house, WRITER, "k1", "/v1/locations", &json!({"name": "a", "kind": "own"})).ok(201);
    assert_eq!(locations(&house), 3, "another key, and the same key of another token, are other requests");
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let house = House::new();
    post(&house, ADMIN, "k1", "/v1/locations", &json!({"name": "a"})).ok(201);
    let refused = post(&house, ADMIN, "k1", "/v1/locations", &json!({"name": "b"})).refused();
    assert_eq!((refused.0, refused.1.as_str()), (422, "idempotency_key_reused"));
    post(&house, ADMIN, "k1", "/v1/customers", &json!({"name": "b"})).ok(201);
    assert_eq!(locations(&house), 1);
}

#[test]
fn a_refused_request_may_be_mended_under_its_key() {
    let house = House::new();
    assert_eq!(post(&house, ADMIN, "k1", "/v1/locations", &json!({"name": ""})).refused().0, 422);
    post(&house, ADMIN, "k1", "/v1/locations", &json!({"name": "a"})).ok(201);
}

#[test]
fn a_crash_between_the_work_and_its_record_leaves_one_effect() {
    let house = House::new();
    let location = house.post("/v1/locations", &json!({"name": "a"})).ok(201);
    house.post("/v1/variants", &json!({"sku": "A"})).ok(201);
    let adjustment =
        json!({"location_id": location["id"], "reason": "count", "rows": [{"sku": "A", "quantity": 7}]});
    let requests = [
        ("/v1/stock_adjustments", adjustment),
        ("/v1/variants", json!({"sku": "B"})),
        ("/v1/customers", json!({"name": "Ada"})),
        ("/v1/locations", json!({"name": "b"})),
    ];
    for (path, body) in &requests {
        let first = post(&house, ADMIN, "k", path, body).ok(201);
        // The record of the answer never came; only that it was begun.
        for (key, stored) in house.ledger.everything() {
            if let (Key::Answer(..), Record::Answer(answer)) = (&key, &stored.record) {
                let begun = weir_app::ports::ledger::Answer { status: 0, body: Vec::new(), ..answer.clone() };
                house.ledger.seed(key.clone(), Record::Answer(begun));
            }
        }
        let again = post(&house, ADMIN, "k", path, body);
        assert!(!again.headers.contains_key("idempotency-replayed"));
        assert_eq!(again.ok(201), first, "{path}");
        let other = post(&house, ADMIN, "k", path, &json!({"name": "something else"})).refused();
        assert_eq!(other.1, "idempotency_key_reused", "{path}");
    }
    assert_eq!(house.get("/v1/inventory").ok(200)["data"][0]["on_hand"], 7);
}

#[test]
fn keys_are_well_formed() {
    let house = House::new();
    for key in ["", "a b", &"x".repeat(256)] {
        let refused = post(&house, ADMIN, key, "/v1/locations", &json!({"name": "a"})).refused();
        assert_eq!(refused, (400, "invalid_parameter".to_owned(), vec!["Idempotency-Key".to_owned()]));
    }
}

#[test]
fn an_answer_without_a_body_is_replayed_without_one() {
    let house = House::new();
    let body = json!({"token": "a-token-that-was-let-in"});
    let token = json!({"name": "x", "scope": "read", "token": "a-token-that-was-let-in"});
    house.post("/v1/api_tokens", &token).ok(201);
    for _ in 0..2 {
        let answer = post(&house, ADMIN, "k", "/v1/api_tokens/revoke", &body);
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    }
}
