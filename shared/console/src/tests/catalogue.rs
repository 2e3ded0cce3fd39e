//! Organization, locations, variants, customers and stock: their whole lives through the API.

use serde_json::{Value, json};

use super::house::House;

#[test]
fn an_organization_changes_field_by_field_and_null_clears() {
    let house = House::new();
    let body = json!({
        "name": " Renamed ", "base_currency": "eur", "time_zone": "Europe/Tallinn", "default_delivery_days": 3,
        "inventory_lock_date": "2026-01-31", "exchange_rates": [{"currency": "USD", "rate": "0.90"}],
    });
    let changed = house.patch("/v1/organization", &body).ok(200);
    assert_eq!(changed["name"], "Renamed");
    assert_eq!(changed["base_currency"], "EUR");
    assert_eq!(changed["inventory_lock_date"], "2026-01-31");
    assert_eq!(changed["exchange_rates"], json!([{"currency": "USD", "rate": "0.9"}]));
    let cleared = house
        .patch("/v1/organization", &json!({"inventory_lock_date": null, "exchange_rates": null}))
        .ok(200);
    assert_eq!((&cleared["inventory_lock_date"], &cleared["exchange_rates"]), (&Value::Null, &json!([])));
    assert_eq!(cleared["time_zone"], "Europe/Tallinn");
    let cases = [
        (json!({"name": null}), "name"),
        (json!({"base_currency": "XXY"}), "base_currency"),
        (json!({"inventory_lock_date": "2026-02-30"}), "inventory_lock_date"),
        (json!({"inventory_lock_date": "2026-01-31T00:00:00"}), "inventory_lock_date"),
        (json!({"exchange_rates": [{"currency": "USD", "rate": "0"}]}), "exchange_rates[0].rate"),
        (json!({"exchange_rates": [{"currency": "USD", "rate": 1.5}]}), "exchange_rates[0].rate"),
        (json!({"default_delivery_days": 99999}), "default_delivery_days"),
        (json!({"default_delivery_days": 9999}), "default_delivery_days"),
    ];
    for (body, path) in cases {
        let refused = house.patch("/v1/organization", &body).refused();
        assert_eq!((refused.0, refused.2), (422, vec![path.to_owned()]), "{body}");
    }
}

// SPEC: KF-05 (byte for byte)
#[test]
fn skus_are_kept_byte_for_byte() {
    let house = House::new();
    for sku in ["A,B", "say \"hi\"", "a/b", "007", "tail ", "Case", "case", "ä#%&=+"] {
        let made = house.post("/v1/variants", &json!({"sku": sku, "name": "x"})).ok(201);
        assert_eq!(made["sku"], sku);
        let query: String = sku.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let found = house.get(&format!("/v1/variants?sku={query}")).ok(200);
        assert_eq!(found["data"], json!([made]), "{sku}");
    }
    let taken = house.post("/v1/variants", &json!({"sku": "007"})).refused();
    assert_eq!((taken.0, taken.1.as_str()), (409, "sku_taken"));
}

#[test]
fn a_variant_gets_another_sku_and_its_aliases_follow() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["OLD", "OTHER"]);
    let aliases = format!("/v1/connections/{connection}/sku_aliases");
    house.post(&aliases, &json!({"channel_sku": "AMZ-1", "variant_sku": "OLD"})).ok(201);
    let variant = house.get("/v1/variants?sku=OLD").ok(200)["data"][0].clone();
    let path = format!("/v1/variants/{}", variant["id"].as_str().unwrap());
    assert_eq!(house.patch(&path, &json!({"sku": "OTHER"})).refused().1, "sku_taken");
    let renamed = house.patch(&path, &json!({"sku": "NEW"})).ok(200);
    assert_eq!((&renamed["id"], &renamed["sku"]), (&variant["id"], &json!("NEW")));
    assert_eq!(house.get(&path).ok(200)["sku"], "NEW");
    assert_eq!(house.get("/v1/variants?sku=OLD").ok(200)["data"], json!([]));
    assert_eq!(house.get(&aliases).ok(200)["data"][0]["variant_sku"], "NEW");
    assert_eq!(house.get("/v1/inventory?sku=NEW").ok(200)["data"][0]["on_hand"], 100);
    house.post("/v1/variants", &json!({"sku": "OLD"})).ok(201);
}

#[test]
fn tracking_changes_only_while_there_is_no_stock() {
    let house = House::new();
    house.open_shop(&["A"]);
    let variant = |sku: &str| {
        let found = house.get(&format!("/v1/variants?sku={sku}")).ok(200);
        format!("/v1/variants/{}", found["data"][0]["id"].as_str().unwrap())
    };
    assert_eq!(house.patch(&variant("A"), &json!({"tracking": "batch"})).refused().1, "variant_has_stock");
    house.post("/v1/variants", &json!({"sku": "B"})).ok(201);
    assert_eq!(house.patch(&variant("B"), &json!({"tracking": "batch"})).ok(200)["tracking"], "batch");
    let service = house.post("/v1/variants", &json!({"sku": "S", "kind": "service", "tracking": "serial"}));
    assert_eq!(service.refused().2, ["tracking"]);
}

#[test]
fn stock_shows_place_by_place_batch_by_batch_unit_by_unit() {
    let house = House::new();
    let location = house.post("/v1/locations", &json!({"name": "Own"})).ok(201)["id"].clone();
    for (sku, tracking) in [("P", "none"), ("B", "batch"), ("S", "serial")] {
        house.post("/v1/variants", &json!({"sku": sku, "tracking": tracking})).ok(201);
    }
    let adjust = |rows: Value| {
        house
            .post("/v1/stock_adjustments", &json!({"location_id": location, "reason": "count", "rows": rows}))
    };
    let rows = json!([
        {"sku": "P", "quantity": 10},
        {"sku": "B", "quantity": 4, "batch_number": "young", "received_at": "2026-11-20T00:00:00Z"},
        {"sku": "B", "quantity": 3, "batch_number": "old", "received_at": "2026-01-02T00:00:00Z"},
        {"sku": "S", "quantity": 2, "serial_numbers": ["s/1", "s 2"]},
    ]);
    let made = adjust(rows).ok(201);
    assert_eq!(house.get(&format!("/v1/stock_adjustments/{}", made["id"].as_str().unwrap())).ok(200), made);
    adjust(json!([{"sku": "B", "quantity": "-4"}, {"sku": "S", "quantity": -1, "serial_numbers": ["s/1"]}]))
        .ok(201);
    let item = house.get("/v1/inventory?sku=B").ok(200)["data"][0].clone();
    assert_eq!((&item["on_hand"], &item["available"], &item["sku"]), (&json!(3), &json!(3), &json!("B")));
    let batches = house.get("/v1/batches").ok(200)["data"].clone();
    assert_eq!(batches.as_array().unwrap().len(), 1);
    assert_eq!((&batches[0]["batch_number"], &batches[0]["quantity"]), (&json!("young"), &json!(3)));
    for path in ["/v1/serial_numbers", "/v1/serial_numbers?sku=S"] {
        let serials = house.get(path).ok(200)["data"].clone();
        let states: Vec<(&str, &str)> = serials
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["serial_number"].as_str().unwrap(), one["state"].as_str().unwrap()))
            .collect();
        assert_eq!(states, [("s 2", "in_stock"), ("s/1", "removed")], "{path}");
    }
    let moves = house.get("/v1/inventory_movements?sku=B").ok(200)["data"].clone();
    let sum: i64 = moves.as_array().unwrap().iter().map(|one| one["quantity"].as_i64().unwrap()).sum();
    assert_eq!(sum, 3, "on-hand is the sum of the movements");
    let by_cause = format!("/v1/inventory_movements?cause={}", made["id"].as_str().unwrap());
    assert_eq!(house.get(&by_cause).ok(200)["data"].as_array().unwrap().len(), 4);
}

// SPEC: G-09
#[test]
fn stock_in_the_locked_period_stays() {
    let house = House::new();
    let (location, _) = house.open_shop(&["A"]);
    house.patch("/v1/organization", &json!({"inventory_lock_date": "2026-11-24"})).ok(200);
    let body = json!({"location_id": location, "reason": "count", "rows": [{"sku": "A", "quantity": 1}]});
    let refused = house.post("/v1/stock_adjustments", &body).refused();
    assert_eq!((refused.0, refused.1.as_str()), (409, "period_locked"));
    house.patch("/v1/organization", &json!({"inventory_lock_date": null})).ok(200);
    house.post("/v1/stock_adjustments", &body).ok(201);
}

#[test]
fn customers_are_made_read_and_changed() {
    let house = House::new();
    let made = house.post("/v1/customers", &json!({"name": "Ada", "email": "ada@example.com"})).ok(201);
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    assert_eq!(house.patch(&path, &json!({"email": null})).ok(200)["email"], Value::Null);
    assert_eq!(house.get(&path).ok(200)["name"], "Ada");
    let refused = house.post("/v1/customers", &json!({"name": "Ada", "email": "nowhere"})).refused();
    assert_eq!(refused.2, ["email"]);
}

#[test]
fn lists_go_page_by_page_and_cursors_stay_with_their_list() {
    let house = House::new();
    for number in 0..7 {
        house.post("/v1/variants", &json!({"sku": format!("V{number}")})).ok(201);
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/variants?limit=3".to_owned());
    loop {
        let page = house.get(&path).ok(200);
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|one| one["sku"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/variants?limit=3&cursor={cursor}");
        let elsewhere = house.get(&format!("/v1/customers?cursor={cursor}")).refused();
        assert_eq!(elsewhere, (400, "invalid_parameter".to_owned(), vec!["cursor".to_owned()]));
    }
    assert_eq!(seen, ["V0", "V1", "V2", "V3", "V4", "V5", "V6"]);
}
