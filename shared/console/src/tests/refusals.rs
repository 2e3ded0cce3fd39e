//! How the API refuses: the status, the stable word, and the field that is meant.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use super::house::{ADMIN, House};

fn raw(house: &House, path: &str, kind: Option<&str>, body: impl Into<Body>) -> (u16, String, Vec<String>) {
    let mut request = Request::post(path).header("authorization", format!("Bearer {ADMIN}"));
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    house.send(request.body(body.into()).unwrap()).refused()
}

#[test]
fn what_is_no_json_is_told_apart_from_json_that_was_not_asked_for() {
    let house = House::new();
    let json = Some("application/json");
    let cases = [
        ("{", (400, "malformed_json", ".")),
        ("", (400, "malformed_json", ".")),
        ("{\"name\": \"x\"} x", (400, "malformed_json", ".")),
        ("[1]", (422, "invalid", ".")),
        ("{}", (422, "invalid", "name")),
        ("{\"name\": 5}", (422, "invalid", "name")),
        ("{\"name\": \"x\", \"colour\": \"red\"}", (422, "invalid", "colour")),
        ("{\"name\": \"x\", \"name\": \"y\"}", (422, "invalid", "name")),
        ("{\"name\": \"\"}", (422, "invalid", "name")),
        ("{\"name\": \"a\\nb\"}", (422, "invalid", "name")),
        ("{\"name\": \"x\", \"kind\": \"moon\"}", (422, "invalid", "kind")),
    ];
    for (body, (status, code, path)) in cases {
        let refused = raw(&house, "/v1/locations", json, body);
        assert_eq!(refused, (status, code.to_owned(), vec![path.to_owned()]), "{body}");
    }
    let deep =
        format!("{{\"channel\": \"amazon\", \"name\": \"x\", \"settings\": {{\"a\": {}", "[".repeat(100_000));
    assert_eq!(raw(&house, "/v1/connections", json, deep).0, 400);
}

#[test]
fn a_field_deep_inside_is_named_whole() {
    let house = House::new();
    let location = house.post("/v1/locations", &json!({"name": "x"})).ok(201);
    house.post("/v1/variants", &json!({"sku": "A"})).ok(201);
    let body = |row: Value| json!({"location_id": location["id"], "reason": "count", "rows": [{"sku": "A", "quantity": 1}, row]});
    let cases = [
        (json!({"sku": "A", "quantity": 1.5}), "invalid", "rows[1].quantity"),
        (json!({"sku": "A", "quantity": "1.5"}), "invalid", "rows[1].quantity"),
        (json!({"sku": "A", "quantity": "many"}), "invalid", "rows[1].quantity"),
        (json!({"sku": "A", "quantity": true}), "invalid", "rows[1].quantity"),
        (json!({"sku": "A", "quantity": 0}), "invalid", "rows[1].quantity"),
        (json!({"sku": "A"}), "invalid", "rows[1].quantity"),
        (json!({"sku": "A", "quantity": 1, "colour": "red"}), "invalid", "rows[1].colour"),
        (json!({"sku": "", "quantity": 1}), "invalid", "rows[1].sku"),
        (json!({"sku": "B", "quantity": 1}), "sku_not_found", "rows[1].sku"),
        (json!({"sku": "A", "quantity": 1, "received_at": "soon"}), "invalid", "rows[1].received_at"),
        (json!({"sku": "A", "quantity": 1, "batch_number": "B"}), "invalid", "rows[1].batch_number"),
        (
            json!({"sku": "A", "quantity": 1, "serial_numbers": ["1", "2"]}),
            "invalid",
            "rows[1].serial_numbers",
        ),
        (json!({"sku": "A", "quantity": 1, "serial_numbers": [5]}), "invalid", "rows[1].serial_numbers[0]"),
    ];
    for (row, code, path) in cases {
        let refused = house.post("/v1/stock_adjustments", &body(row.clone())).refused();
        assert_eq!(refused, (422, code.to_owned(), vec![path.to_owned()]), "{row}");
    }
    for good in [json!(2), json!("2"), json!("2.00"), json!("-1")] {
        house.post("/v1/stock_adjustments", &body(json!({"sku": "A", "quantity": good}))).ok(201);
    }
}

#[test]
fn all_wrong_fields_are_named_at_once() {
    let house = House::new();
    let body = json!({"name": "", "base_currency": "XXY", "time_zone": "Mars/Olympus", "admin_token": "a-good-token-it-is"});
    let refused = house.post("/v1/organizations", &body).refused();
    assert_eq!(refused.2, ["name", "base_currency", "time_zone"]);
}

#[test]
fn bodies_are_json_and_of_a_size() {
    let house = House::new();
    assert_eq!(raw(&house, "/v1/locations", None, "{}").0, 415);
    assert_eq!(raw(&house, "/v1/locations", Some("text/plain"), "{}").0, 415);
    assert_eq!(raw(&house, "/v1/locations", Some("application/json; charset=utf-8"), "{}").0, 422);
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(raw(&house, "/v1/locations", Some("application/json"), large.clone()).0, 413);
    let answer = house.ask_with(
        ADMIN,
        "POST",
        "/v1/locations",
        Some(&json!({"name": large})),
        &[("idempotency-key", "k")],
    );
    assert_eq!(answer.refused().0, 413);
}

#[test]
fn what_is_not_there_is_said_in_json() {
    let house = House::new();
    for path in
        ["/v1", "/v1/", "/v1/nothing", "/v1/locations/loc_x", "/v1/sales_orders/x~y", "/v1/connections/a%20b"]
    {
        let answer = house.get(path);
        assert_eq!(answer.refused().0, 404, "{path}");
        assert_eq!(answer.json["error"]["code"], "not_found", "{path}");
    }
    let answer = house.ask(ADMIN, "PUT", "/v1/locations", None);
    assert_eq!(
        (answer.status, answer.refused().1.as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
    );
    let allow = answer.headers["allow"].to_str().unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}

#[test]
fn parameters_are_refused_by_name() {
    let house = House::new();
    let cases = [
        ("/v1/locations?colour=red", "colour"),
        ("/v1/locations?limit=0", "limit"),
        ("/v1/locations?limit=251", "limit"),
        ("/v1/locations?limit=many", "limit"),
        ("/v1/locations?limit=1&limit=2", "limit"),
        ("/v1/locations?cursor=abc", "cursor"),
        ("/v1/variants?sku=", "sku"),
        ("/v1/outcomes?kind=lost", "kind"),
        ("/v1/outcomes?code=because", "code"),
        ("/v1/sales_orders?status=gone", "status"),
        ("/v1/sales_orders?needs_attention=maybe", "needs_attention"),
        ("/v1/sales_orders?connection_id=a%20b", "connection_id"),
    ];
    for (path, name) in cases {
        let refused = house.get(path).refused();
        assert_eq!(refused, (400, "invalid_parameter".to_owned(), vec![name.to_owned()]), "{path}");
    }
}

#[test]
fn what_comes_later_is_refused_by_name_and_never_quietly_taken() {
    let house = House::new();
    for field in ["business_hours", "fulfillment_automation", "shipping_methods"] {
        for value in [json!({}), Value::Null] {
            let refused =
                house.patch("/v1/organization", &json!({"name": "Changed", field: value})).refused();
            assert_eq!(refused, (422, "not_available_yet".to_owned(), vec![field.to_owned()]));
        }
    }
    assert_eq!(house.get("/v1/organization").ok(200)["name"], "Tester");
    let (_, connection) = house.open_shop(&[]);
    let path = format!("/v1/connections/{connection}");
    let refused = house.patch(&path, &json!({"settings": {"hold_hours": 1}})).refused();
    assert_eq!(refused, (422, "not_available_yet".to_owned(), vec!["settings.hold_hours".to_owned()]));
    let refused = house.patch(&path, &json!({"settings": {"moon": 1}})).refused();
    assert_eq!(refused, (422, "invalid".to_owned(), vec!["settings.moon".to_owned()]));
    let refused = house.post(&format!("{path}/runs"), &json!({"job": "inventory"})).refused();
    assert_eq!(refused, (422, "not_available_yet".to_owned(), vec!["job".to_owned()]));
}
