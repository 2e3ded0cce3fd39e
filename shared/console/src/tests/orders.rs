//! Orders through the API: from a shipment at Amazon to the shapes of order, timeline and outcome.

use jiff::SignedDuration;
use serde_json::{Value, json};
use weir_app::ports::{OutgoingMessage, QueueName};
use weir_domain::ids::ChannelName;
use weir_sandbox::amazon::{LineSpec, OrderSpec};

use super::house::{ADMIN, House};

fn shipped(house: &House, sku: &str) -> String {
    let id = house.ship(|at| OrderSpec::new(at, vec![LineSpec::new(sku, 3, 1999).taxed(825)]));
    house.tick();
    id
}

// SPEC: KF-06, KF-07, KF-09, G-06
#[test]
fn an_order_shows_as_the_api_says() {
    let house = House::new();
    let (location, connection) = house.open_shop(&["A"]);
    let amazon_id = shipped(&house, "A");
    let list = house.get("/v1/sales_orders").ok(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let order = list["data"][0].clone();
    let path = format!("/v1/sales_orders/{}", order["id"].as_str().unwrap());
    assert_eq!(house.get(&path).ok(200), order);
    assert_eq!(order["status"], "delivered");
    assert_eq!(
        order["source"],
        json!({"connection_id": connection, "channel": "amazon", "channel_order_id": amazon_id})
    );
    assert_eq!(order["totals"]["subtotal"], json!({"amount": "59.97", "currency": "USD"}));
    assert_eq!(order["totals"]["total"], order["channel_total"]);
    assert_eq!(order["base_total"], order["channel_total"]);
    let row = &order["rows"][0];
    assert_eq!(
        (&row["quantity"], &row["delivered_quantity"], &row["location_id"]),
        (&json!(3), &json!(3), &json!(location))
    );
    assert_eq!(row["price_per_unit"], json!({"amount": "19.99", "currency": "USD"}));
    assert_eq!(row["tax_rate"], "8.25");
    let fulfillment = &order["fulfillments"][0];
    assert_eq!((&fulfillment["status"], &fulfillment["source"]), (&json!("delivered"), &json!("channel")));
    assert_eq!(fulfillment["rows"][0]["row_id"], row["id"]);
    assert_eq!(house.get("/v1/inventory?sku=A").ok(200)["data"][0]["on_hand"], 97);
    let moved = house.get("/v1/inventory_movements?cause=sales_order").ok(200)["data"][0].clone();
    assert_eq!((&moved["quantity"], &moved["cause"]["id"]), (&json!(-3), &order["id"]));
    let timeline = house.get(&format!("{path}/timeline")).ok(200);
    assert_eq!(
        (&timeline["data"][0]["what"], &timeline["data"][0]["actor"]),
        (&json!("imported"), &json!("poll"))
    );
    assert!(timeline["data"][0]["observation_id"].as_str().unwrap().starts_with("sig_"));
}

#[test]
fn orders_are_found_by_every_filter() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let ids: Vec<String> = (0..3).map(|_| shipped(&house, "A")).collect();
    let found = |query: &str| {
        house.get(&format!("/v1/sales_orders?{query}")).ok(200)["data"].as_array().unwrap().len()
    };
    assert_eq!(found("limit=10"), 3);
    for id in &ids {
        assert_eq!(found(&format!("channel_order_id={id}")), 1);
        assert_eq!(found(&format!("order_no={id}")), 1);
        assert_eq!(found(&format!("order_no={id}&limit=1")), 1);
        assert_eq!(found(&format!("order_no={id}&connection_id=con_other")), 0);
    }
    assert_eq!(found(&format!("connection_id={connection}")), 3);
    assert_eq!((found("status=delivered"), found("status=packed")), (3, 0));
    assert_eq!((found("needs_attention=false"), found("needs_attention=true")), (3, 0));
    assert_eq!((found("order_no=1042"), found("connection_id=con_other")), (0, 0));
}

// SPEC: G-09, KS-26, OP-10
#[test]
fn a_deleted_order_stays_away_until_somebody_brings_it_back() {
    let house = House::new();
    house.open_shop(&["A"]);
    let amazon_id = shipped(&house, "A");
    let order = house.get("/v1/sales_orders").ok(200)["data"][0].clone();
    let path = format!("/v1/sales_orders/{}", order["id"].as_str().unwrap());
    let lock = |date: Value| house.patch("/v1/organization", &json!({"inventory_lock_date": date})).ok(200);
    lock(json!("2026-11-24"));
    assert_eq!(house.ask(ADMIN, "DELETE", &path, None).refused().1, "period_locked");
    lock(Value::Null);
    for _ in 0..2 {
        house.ask(ADMIN, "DELETE", &path, None).ok(204);
    }
    assert_eq!(house.get("/v1/sales_orders").ok(200)["data"], json!([]));
    assert_eq!(
        house.get("/v1/sales_orders?include_deleted=true").ok(200)["data"].as_array().unwrap().len(),
        1
    );
    assert!(house.get(&path).ok(200)["deleted_at"].is_string());
    assert_eq!(
        house.get("/v1/inventory?sku=A").ok(200)["data"][0]["on_hand"],
        97,
        "what has left stays booked"
    );
    let find = format!("/v1/outcomes?channel_order_id={amazon_id}");
    let outcome = || house.get(&find).ok(200)["data"][0].clone();
    assert_eq!((&outcome()["kind"], &outcome()["code"]), (&json!("skipped"), &json!("deleted_in_weir")));
    let signal = json!({"connection_id": order["source"]["connection_id"], "channel_order_id": amazon_id});
    house.post("/v1/signals", &signal).ok(202);
    house.settle();
    assert_eq!(house.get("/v1/sales_orders").ok(200)["data"], json!([]), "a look does not bring it back");
    let restored = house.ask(ADMIN, "POST", &format!("{path}/restore"), None).ok(200);
    assert_eq!(restored["deleted_at"], Value::Null);
    assert_eq!(outcome()["kind"], "imported");
    house.post("/v1/signals", &signal).ok(202);
    house.settle();
    assert_eq!(outcome()["kind"], "imported");
    let lines = house.get(&format!("{path}/timeline")).ok(200)["data"].clone();
    let what: Vec<&str> =
        lines.as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert!(what.contains(&"deleted") && what.last() == Some(&"restored"), "{what:?}");
    let deleted = lines.as_array().unwrap().iter().find(|line| line["what"] == "deleted").unwrap();
    assert_eq!(deleted["actor"], "token:deployment");
    assert!(deleted["message"].as_str().unwrap().contains("stays booked"));
}

// SPEC: KF-05, G-03, G-04
#[test]
fn an_order_waits_for_its_sku_and_comes_in_by_itself() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let amazon_id = shipped(&house, "UNKNOWN");
    let waiting = house.get("/v1/outcomes?kind=waiting&code=sku_not_matched").ok(200)["data"][0].clone();
    assert_eq!((&waiting["channel_order_id"], &waiting["skus"]), (&json!(amazon_id), &json!(["UNKNOWN"])));
    assert!(waiting["message"].as_str().unwrap().contains("UNKNOWN") && waiting["action"].is_string());
    assert_eq!(house.get(&format!("/v1/outcomes?order_no={amazon_id}")).ok(200)["data"], json!([waiting]));
    let aliases = format!("/v1/connections/{connection}/sku_aliases");
    house.post(&aliases, &json!({"channel_sku": "UNKNOWN", "variant_sku": "A"})).ok(201);
    house.settle();
    let imported =
        house.get(&format!("/v1/outcomes?channel_order_id={amazon_id}")).ok(200)["data"][0].clone();
    assert_eq!(imported["kind"], "imported", "{imported}");
    assert_eq!(house.get("/v1/outcomes?kind=waiting").ok(200)["data"], json!([]));
    let row = house.get("/v1/sales_orders").ok(200)["data"][0]["rows"][0].clone();
    assert_eq!((&row["sku"], &row["channel_sku"]), (&json!("A"), &json!("UNKNOWN")));
}

#[test]
fn outcomes_of_all_kinds_are_one_list_newest_first() {
    let house = House::new();
    house.open_shop(&["A"]);
    for number in 0..9 {
        shipped(&house, if number % 3 == 0 { "UNKNOWN" } else { "A" });
    }
    let all = house.get("/v1/outcomes").ok(200)["data"].clone();
    let times: Vec<&str> =
        all.as_array().unwrap().iter().map(|one| one["observed_at"].as_str().unwrap()).collect();
    assert_eq!(times.len(), 9);
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "{times:?}");
    for limit in 1..9 {
        let (mut seen, mut path) = (Vec::new(), format!("/v1/outcomes?limit={limit}"));
        loop {
            let page = house.get(&path).ok(200);
            assert!(page["data"].as_array().unwrap().len() <= limit);
            seen.extend(page["data"].as_array().unwrap().iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/outcomes?limit={limit}&cursor={cursor}");
        }
        assert_eq!(Value::Array(seen), all, "in parts of {limit}");
    }
}

#[test]
fn a_signal_names_one_order() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let amazon_id = shipped(&house, "A");
    let by_number = json!({"connection_id": connection, "order_no": amazon_id, "requested_by": "Ada"});
    let signal = house.post("/v1/signals", &by_number).ok(202);
    assert_eq!((&signal["channel_order_id"], &signal["requested_by"]), (&json!(amazon_id), &json!("Ada")));
    let cases = [
        (json!({"connection_id": connection}), 422),
        (json!({"connection_id": connection, "order_no": "1", "channel_order_id": "2"}), 422),
        (json!({"connection_id": "con_none", "order_no": "1"}), 404),
        (json!({"connection_id": connection, "order_no": "what # is this"}), 422),
    ];
    for (body, status) in cases {
        assert_eq!(house.post("/v1/signals", &body).refused().0, status, "{body}");
    }
    house
        .post("/v1/signals", &json!({"connection_id": connection, "channel_order_id": "111-0000000-0000000"}))
        .ok(202);
    house.settle();
    let unknown = house.get("/v1/outcomes?channel_order_id=111-0000000-0000000").ok(200)["data"][0].clone();
    assert_eq!((&unknown["kind"], &unknown["code"]), (&json!("failed"), &json!("order_not_found")));
}

// SPEC: KF-01 (backfill)
#[test]
fn a_backfill_brings_older_orders_and_keeps_a_record() {
    let house = House::new();
    let amazon_id = house.ship(|at| OrderSpec::new(at, vec![LineSpec::new("A", 1, 500)]));
    house.clock.advance(SignedDuration::from_hours(48));
    let (_, connection) = house.open_shop(&["A"]);
    house.tick();
    let find = format!("/v1/outcomes?channel_order_id={amazon_id}");
    assert_eq!(house.get(&find).ok(200)["data"], json!([]));
    let runs = format!("/v1/connections/{connection}/runs");
    for (body, path) in [
        (json!({"job": "backfill"}), "since"),
        (json!({"job": "backfill", "since": "soon"}), "since"),
        (json!({"job": "backfill", "since": "2036-01-01"}), "since"),
        (json!({"job": "poll_orders", "since": "2026-01-01"}), "since"),
        (json!({"job": "dance"}), "job"),
    ] {
        assert_eq!(house.post(&runs, &body).refused().2, [path], "{body}");
    }
    let accepted = house.post(&runs, &json!({"job": "backfill", "since": "2026-11-20"})).ok(202);
    assert_eq!(accepted["state"], "queued");
    house.tick();
    house.tick();
    assert_eq!(house.get(&find).ok(200)["data"][0]["kind"], "imported");
    let run = house.get(&format!("{runs}/{}", accepted["id"].as_str().unwrap())).ok(200);
    assert_eq!((&run["state"], &run["counts"]["orders_seen"]), (&json!("succeeded"), &json!(1)), "{run}");
    assert_eq!(house.get(&runs).ok(200)["data"], json!([run]));
    house.post(&format!("/v1/connections/{connection}/deactivate"), &json!({})).ok(200);
    assert_eq!(house.post(&runs, &json!({"job": "poll_orders"})).refused().1, "connection_not_active");
}

// SPEC: G-04
#[test]
fn dead_letters_are_shown_to_their_organization_and_have_two_ways_out() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let queue = QueueName::Import(ChannelName::parse("amazon").unwrap());
    let signal =
        house.post("/v1/signals", &json!({"connection_id": connection, "channel_order_id": "1"})).ok(202);
    for _ in 0..6 {
        for received in house.queue.receive(&queue, 10, SignedDuration::from_mins(1)) {
            house.queue.fail(&received, "it broke", SignedDuration::ZERO);
        }
    }
    house
        .queue
        .put(&queue, OutgoingMessage { id: "p".into(), group: String::new(), body: "{\"secret\":1".into() });
    for _ in 0..6 {
        for received in house.queue.receive(&queue, 10, SignedDuration::from_mins(1)) {
            house.queue.fail(&received, "poison", SignedDuration::ZERO);
        }
    }
    let letters = house.get("/v1/dead_letters").ok(200)["data"].as_array().unwrap().clone();
    assert_eq!(letters.len(), 2);
    let own = letters.iter().find(|letter| letter["reason"] == "it broke").unwrap();
    assert_eq!(
        (&own["payload"]["id"], &own["attempts"], &own["queue"]),
        (&signal["id"], &json!(5), &json!("import-amazon"))
    );
    let poison = letters.iter().find(|letter| letter["reason"] == "poison").unwrap();
    assert_eq!(poison["payload"], Value::Null);
    let other = json!({"name": "Other", "base_currency": "EUR", "admin_token": "the-other-admins-token"});
    house.post("/v1/organizations", &other).ok(201);
    let theirs = house.ask("the-other-admins-token", "GET", "/v1/dead_letters", None).ok(200);
    assert_eq!(theirs["data"], json!([]));
    let path =
        |letter: &Value, way: &str| format!("/v1/dead_letters/{}/{way}", letter["id"].as_str().unwrap());
    assert_eq!(house.ask("the-other-admins-token", "POST", &path(own, "replay"), None).refused().0, 404);
    house.ask(ADMIN, "POST", &path(own, "replay"), None).ok(202);
    assert_eq!(house.post(&path(poison, "discard"), &json!({"note": " "})).refused().2, ["note"]);
    house.post(&path(poison, "discard"), &json!({"note": "nobody can read it"})).ok(204);
    assert_eq!(house.get("/v1/dead_letters").ok(200)["data"], json!([]));
    assert_eq!(house.ask(ADMIN, "POST", &path(own, "replay"), None).refused().0, 404);
}
