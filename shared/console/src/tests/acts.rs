//! What people do to orders, through the API and on the order's page.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use weir_app::ports::{Key, Record};
use weir_domain::{event::Effect, sales_return::ReturnStatus};

use super::{
    house::{ADMIN, Answer, House, READER},
    merchant::{Merchant, connection_id},
};

fn with_key(house: &House, key: &str, path: &str, body: &Value) -> Answer {
    house.ask_with(ADMIN, "POST", path, Some(body), &[("idempotency-key", key)])
}

/// Fulfillments that are on their way to the shop.
fn pushes(house: &House) -> usize {
    let everything = house.ledger.everything();
    let of = |record: &Record| matches!(record, Record::Outbox(Effect::CreateFulfillment { .. }));
    everything.values().filter(|stored| of(&stored.record)).count()
}

// SPEC: KS-41, KS-43, G-05 (stock moves once, at packed; the shop is told once)
#[test]
fn what_is_packed_is_delivered_later_and_moves_stock_once() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let path = merchant.path("/fulfillments");
    let body = json!({
        "status": "packed",
        "rows": [{"row_id": merchant.row_of("PLAIN"), "quantity": 2}],
        "tracking": {"number": "1Z1", "carrier": "UPS", "url": "https://ups.example/1Z1"},
    });
    let made = with_key(&house, "k", &path, &body).ok(201);
    assert_eq!((&made["status"], &made["source"]), (&json!("packed"), &json!("weir")));
    assert_eq!(made["tracking"]["number"], "1Z1");
    assert_eq!(made["rows"][0]["row_id"], merchant.row_of("PLAIN"));
    assert_eq!(merchant.stock(&house, "PLAIN"), (8, 1));
    assert_eq!(pushes(&house), 1);
    assert_eq!(with_key(&house, "k", &path, &body).ok(201), made, "the same key packs once");
    assert_eq!(merchant.stock(&house, "PLAIN"), (8, 1));

    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(house.patch(&one, &json!({"status": "delivered"})).ok(200)["status"], "delivered");
    }
    assert_eq!((merchant.stock(&house, "PLAIN"), pushes(&house)), ((8, 1), 1), "neither a second time");
    let parcel = json!({"tracking": {"number": "1Z2"}});
    assert_eq!(
        house.patch(&one, &parcel).ok(200)["tracking"],
        json!({"number": "1Z2", "carrier": "UPS", "url": "https://ups.example/1Z1"}),
        "what is not named stays"
    );
    assert!(house.patch(&one, &json!({"tracking": null})).ok(200)["tracking"].is_null());
    house.patch(&one, &parcel).ok(200);
    assert_eq!(pushes(&house), 1, "the shop hears of a parcel once");
    assert_eq!(house.get(&path).ok(200)["data"].as_array().unwrap().len(), 1);
    let order = house.get(&merchant.path("")).ok(200);
    assert_eq!(
        (&order["status"], &order["rows"][0]["delivered_quantity"]),
        (&json!("partially_delivered"), &json!(2))
    );
    assert_eq!(merchant.timeline(&house), ["packed", "delivered", "tracked", "tracked", "tracked"]);

    merchant.fulfil(&house, "delivered", &[("PLAIN", 1), ("BATCHED", 3), ("SERIAL", 3)]).ok(201);
    assert_eq!(house.get(&merchant.path("")).ok(200)["status"], "delivered");
    assert_eq!((merchant.stock(&house, "PLAIN"), merchant.stock(&house, "BATCHED")), ((7, 0), (7, 0)));
    assert_eq!(pushes(&house), 2);
}

// SPEC: G-10, KF-11
#[test]
fn batches_and_serial_numbers_can_be_named() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let body = json!({"status": "delivered", "rows": [
        {"row_id": merchant.row_of("BATCHED"), "quantity": 3, "batch_transactions": [{"batch_number": "NEW", "quantity": "2"}]},
        {"row_id": merchant.row_of("SERIAL"), "quantity": 2, "serial_numbers": ["S4", "S7"]},
    ]});
    let made = house.post(&merchant.path("/fulfillments"), &body).ok(201);
    let taken = json!([{"batch_number": "NEW", "quantity": 2}, {"batch_number": "OLD", "quantity": 1}]);
    assert_eq!(made["rows"][0]["batch_transactions"], taken);
    let order = house.get(&merchant.path("")).ok(200);
    assert_eq!(order["rows"][1]["batch_transactions"], taken);
    assert_eq!(order["rows"][2]["serial_numbers"], json!(["S4", "S7"]));
    assert_eq!(order["flags"], json!([]));
    let batches = house.get("/v1/batches?sku=BATCHED").ok(200)["data"].clone();
    let left: Vec<(&str, i64)> = batches
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["batch_number"].as_str().unwrap(), one["quantity"].as_i64().unwrap()))
        .collect();
    assert_eq!(left, [("OLD", 3), ("NEW", 4)]);
    assert_eq!(order["left_out"]["shipping"], json!({"amount": "4.95", "currency": "USD"}));
    assert_eq!(order["left_out"]["not_applied"]["amount"], "-2.00");
}

#[test]
fn what_cannot_be_packed_is_refused_by_its_field() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let path = merchant.path("/fulfillments");
    let row = |more: Value| {
        let mut row = json!({"row_id": merchant.row_of("BATCHED"), "quantity": 1});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"status": "packed", "rows": [row]})
    };
    let serial = |numbers: Value| json!({"status": "packed", "rows": [{"row_id": merchant.row_of("SERIAL"), "quantity": 1, "serial_numbers": numbers}]});
    let cases = [
        (json!({"status": "packed", "rows": []}), "rows"),
        (json!({"status": "packed"}), "rows"),
        (json!({"status": "gone", "rows": []}), "status"),
        (row(json!({"quantity": 4})), "rows[0].quantity"),
        (row(json!({"quantity": 0})), "rows[0].quantity"),
        (row(json!({"quantity": -1})), "rows[0].quantity"),
        (row(json!({"quantity": 1.5})), "rows[0].quantity"),
        (row(json!({"row_id": "row_none"})), "rows[0].row_id"),
        (row(json!({"row_id": "so_other~row_BATCHED"})), "rows[0].row_id"),
        (row(json!({"row_id": "a b"})), "rows[0].row_id"),
        (row(json!({"colour": "red"})), "rows[0].colour"),
        (
            row(json!({"batch_transactions": [{"batch_number": "LOST", "quantity": 1}]})),
            "rows[0].batch_transactions[0].batch_number",
        ),
        (
            row(json!({"batch_transactions": [{"batch_number": "OLD", "quantity": 5}]})),
            "rows[0].batch_transactions[0].quantity",
        ),
        (
            row(json!({"batch_transactions": [{"batch_number": "OLD", "quantity": 2}]})),
            "rows[0].batch_transactions",
        ),
        (serial(json!(["S1", "S2"])), "rows[0].serial_numbers"),
        (serial(json!([""])), "rows[0].serial_numbers"),
    ];
    for (body, field) in cases {
        let refused = house.post(&path, &body).refused();
        assert_eq!((refused.0, refused.2[0].as_str()), (422, field), "{body}");
    }
    let parcel = |more: Value| json!({"status": "packed", "tracking": more, "rows": [{"row_id": merchant.row_of("PLAIN"), "quantity": 1}]});
    assert_eq!(
        house.post(&path, &parcel(json!({"url": "javascript:alert(1)"}))).refused().2,
        ["tracking.url"]
    );
    assert_eq!(house.post(&path, &parcel(json!({"number": "a\nb"}))).refused().2, ["tracking.number"]);
    let mut late = parcel(json!({}));
    late["shipped_at"] = json!("2027-01-01T00:00:00Z");
    assert_eq!(house.post(&path, &late).refused().2, ["shipped_at"]);
    assert_eq!(merchant.stock(&house, "BATCHED"), (10, 3), "nothing of it was booked");
    assert_eq!(merchant.timeline(&house), Vec::<String>::new());
    let bare = json!({"status": "packed", "rows": [{"row_id": "row_PLAIN", "quantity": 1}]});
    house.post(&path, &bare).ok(201);
}

// SPEC: G-09, KS-26
#[test]
fn what_does_not_fit_the_order_is_refused_with_the_way_out() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let code = |answer: Answer| (answer.status.as_u16(), answer.refused().1);
    let conflict = |code: &str| (409, code.to_owned());
    let lock = |date: Value| house.patch("/v1/organization", &json!({"inventory_lock_date": date})).ok(200);
    let returned = merchant.send_back(&house, ReturnStatus::Open);
    lock(json!("2026-11-24"));
    assert_eq!(code(merchant.fulfil(&house, "packed", &[("PLAIN", 1)])), conflict("period_locked"));
    let receive = format!("/v1/sales_returns/{returned}/receive");
    assert_eq!(code(house.post(&receive, &json!({}))), conflict("period_locked"));
    assert_eq!(code(house.ask(ADMIN, "DELETE", &merchant.path(""), None)), conflict("period_locked"));
    lock(Value::Null);
    let mut before =
        json!({"status": "packed", "rows": [{"row_id": merchant.row_of("PLAIN"), "quantity": 1}]});
    before["shipped_at"] = json!("2026-11-20T00:00:00Z");
    lock(json!("2026-11-20"));
    assert_eq!(code(house.post(&merchant.path("/fulfillments"), &before)), conflict("period_locked"));

    let made = merchant.fulfil(&house, "delivered", &[("PLAIN", 3)]).ok(201);
    let one = merchant.path(&format!("/fulfillments/{}", made["id"].as_str().unwrap()));
    assert_eq!(code(house.patch(&one, &json!({"status": "packed"}))), conflict("already_delivered"));
    assert_eq!(house.patch(&one, &json!({"status": "gone"})).refused().2, ["status"]);
    let none = merchant.path("/fulfillments/ful_none");
    assert_eq!(house.patch(&none, &json!({"status": "delivered"})).refused().0, 404);
    let release = |sku: &str| merchant.path(&format!("/rows/{}/release", merchant.row_of(sku)));
    assert_eq!(code(house.post(&release("PLAIN"), &json!({}))), conflict("nothing_held"));
    assert_eq!(house.post(&merchant.path("/rows/row_none/release"), &json!({})).refused().0, 404);
    let reference = json!({"customer_ref": "PO-2"});
    assert_eq!(code(house.patch(&merchant.path(""), &reference)), conflict("already_shipped"));

    house.ask(ADMIN, "DELETE", &merchant.path(""), None).ok(204);
    assert_eq!(code(merchant.fulfil(&house, "packed", &[("BATCHED", 1)])), conflict("order_deleted"));
    for (path, body) in [
        (merchant.path("/invoice"), json!({})),
        (release("BATCHED"), json!({})),
        (
            "/v1/manufacturing_orders".to_owned(),
            json!({"sales_order_row_id": merchant.row_of("BATCHED"), "quantity": 1}),
        ),
    ] {
        assert_eq!(code(house.post(&path, &body)), conflict("order_deleted"), "{path}");
    }
    for path in ["/v1/sales_orders/so_none/invoice", "/v1/sales_orders/so_none/fulfillments"] {
        let body = json!({"status": "packed", "rows": [{"row_id": "row_1", "quantity": 1}]});
        let body = if path.ends_with("invoice") { json!({}) } else { body };
        assert_eq!(house.post(path, &body).refused().0, 404, "{path}");
    }
    assert_eq!(house.get("/v1/sales_orders/so_none/fulfillments").refused().0, 404);
}

// SPEC: KS-35
#[test]
fn rows_are_invoiced_by_name_or_all() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let path = merchant.path("/invoice");
    let invoiced = |order: &Value| -> Vec<bool> {
        order["rows"].as_array().unwrap().iter().map(|row| row["invoiced"].as_bool().unwrap()).collect()
    };
    let one = json!({"rows": [{"row_id": merchant.row_of("BATCHED")}]});
    for _ in 0..2 {
        assert_eq!(invoiced(&house.post(&path, &one).ok(200)), [false, true, false]);
    }
    assert_eq!(merchant.timeline(&house), ["invoiced"], "once is enough");
    assert_eq!(house.post(&path, &json!({"rows": []})).refused().2, ["rows"]);
    let unknown = json!({"rows": [{"row_id": "so_x~row_1"}]});
    assert_eq!(house.post(&path, &unknown).refused().2, ["rows[0].row_id"]);
    assert_eq!(invoiced(&house.ask(ADMIN, "POST", &path, None).ok(200)), [true, true, true]);
}

// SPEC: CS-02, CS-03
#[test]
fn a_released_row_holds_nothing_and_can_still_be_packed() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let path = merchant.path(&format!("/rows/{}/release", merchant.row_of("PLAIN")));
    for _ in 0..2 {
        let order = house.ask(ADMIN, "POST", &path, None).ok(200);
        assert_eq!(order["rows"][0]["location_id"], Value::Null);
    }
    assert_eq!(merchant.stock(&house, "PLAIN"), (10, 0));
    assert_eq!(merchant.timeline(&house), ["released"]);
    merchant.fulfil(&house, "packed", &[("PLAIN", 3)]).ok(201);
    assert_eq!(merchant.stock(&house, "PLAIN"), (7, 0), "it leaves from the connection's place");
}

// SPEC: OP-10, KS-26, KS-32
#[test]
fn a_deleted_order_gives_back_what_it_held() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let body = json!({"sales_order_row_id": merchant.row_of("PLAIN"), "quantity": 3});
    house.post("/v1/manufacturing_orders", &body).ok(201);
    let begun = json!({"sales_order_row_id": merchant.row_of("SERIAL"), "quantity": 3});
    let begun = house.post("/v1/manufacturing_orders", &begun).ok(201)["id"].as_str().unwrap().to_owned();
    let begun = format!("/v1/manufacturing_orders/{begun}");
    house.patch(&begun, &json!({"status": "work_in_progress"})).ok(200);
    house.ask(ADMIN, "DELETE", &merchant.path(""), None).ok(204);
    assert_eq!(merchant.stock(&house, "PLAIN"), (10, 0));
    let left = house.get("/v1/manufacturing_orders").ok(200)["data"].clone();
    assert_eq!(left.as_array().unwrap().len(), 1, "nothing was done for the other one");
    assert_eq!(
        (&left[0]["sales_order_row_id"], &left[0]["status"]),
        (&Value::Null, &json!("work_in_progress"))
    );
    for _ in 0..2 {
        let order = house.ask(ADMIN, "POST", &merchant.path("/restore"), None).ok(200);
        assert_eq!(order["deleted_at"], Value::Null);
    }
    assert_eq!(merchant.stock(&house, "PLAIN"), (10, 3));
    let found =
        house.get(&format!("/v1/outcomes?connection_id={}", connection_id())).ok(200)["data"][0].clone();
    assert_eq!((&found["kind"], &found["code"]), (&json!("imported"), &json!("open_order")));
    let told = merchant.timeline(&house);
    assert_eq!(told[3..], ["deleted", "restored"], "{told:?}");
    assert_eq!(house.patch(&begun, &json!({"status": "done"})).ok(200)["status"], "done");
}

#[test]
fn where_an_order_goes_changes_until_it_ships() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let path = merchant.path("");
    let address = json!({"name": "Ada", "address_line_1": "1 Road", "city": "Tartu", "postal_code": "50090", "country": "ee"});
    for _ in 0..2 {
        let order = house.patch(&path, &json!({"customer_ref": null, "shipping_address": address})).ok(200);
        assert_eq!(order["customer_ref"], Value::Null);
        assert_eq!(order["shipping_address"]["country"], "EE");
    }
    assert_eq!(merchant.timeline(&house), ["changed"]);
    assert!(!house.get(&merchant.path("/timeline")).ok(200).to_string().contains("Tartu"));
    assert_eq!(
        house.patch(&path, &json!({"shipping_address": null})).ok(200)["shipping_address"],
        Value::Null
    );
    let refused = |body: Value| house.patch(&path, &body).refused();
    assert_eq!(refused(json!({"shipping_address": {"country": "Estonia"}})).2, ["shipping_address.country"]);
    assert_eq!(refused(json!({"shipping_address": {"city": ""}})).2, ["shipping_address.city"]);
    assert_eq!(refused(json!({"order_no": "x"})).2, ["order_no"]);
    for field in ["shipping_method", "tags"] {
        for value in [json!("x"), Value::Null] {
            let refused = refused(json!({field: value}));
            assert_eq!(refused, (422, "not_available_yet".to_owned(), vec![field.to_owned()]));
        }
    }
}

// SPEC: KS-30
#[test]
fn a_row_is_made_and_its_manufacturing_order_goes_forward() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let path = "/v1/manufacturing_orders";
    let body =
        |quantity: Value| json!({"sales_order_row_id": merchant.row_of("PLAIN"), "quantity": quantity});
    let made = with_key(&house, "k", path, &body(json!(2))).ok(201);
    assert_eq!(with_key(&house, "k", path, &body(json!(2))).ok(201), made);
    assert_eq!(
        (&made["status"], &made["quantity"], &made["sku"]),
        (&json!("not_started"), &json!(2), &json!("PLAIN"))
    );
    assert_eq!(made["sales_order_row_id"], merchant.row_of("PLAIN"));
    let order = house.get(&merchant.path("")).ok(200);
    assert_eq!(order["rows"][0]["manufacturing_order_id"], made["id"]);
    assert_eq!(order["rows"][1]["manufacturing_order_id"], Value::Null);
    assert_eq!(house.get("/v1/sales_orders").ok(200)["data"][0], order, "a list shows it too");
    let again = house.post(path, &body(json!(1))).refused();
    assert_eq!((again.0, again.1.as_str()), (409, "made_already"));

    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(house.get(&one).ok(200), made);
    assert_eq!(house.patch(&one, &json!({"quantity": 3})).ok(200)["quantity"], 3);
    assert_eq!(house.patch(&one, &json!({"quantity": 0})).refused().2, ["quantity"]);
    assert_eq!(house.patch(&one, &json!({"status": "begun"})).refused().2, ["status"]);
    for _ in 0..2 {
        assert_eq!(house.patch(&one, &json!({"status": "done"})).ok(200)["status"], "done");
    }
    for late in [json!({"status": "not_started"}), json!({"quantity": 5})] {
        let refused = house.patch(&one, &late).refused();
        assert_eq!((refused.0, refused.1.as_str()), (409, "manufacturing_begun"), "{late}");
    }
    assert_eq!(merchant.stock(&house, "PLAIN"), (10, 3), "one that is done books no stock");
    assert_eq!(merchant.timeline(&house), ["manufacturing"; 3]);
    let found = |query: &str| house.get(&format!("{path}?{query}")).ok(200)["data"].as_array().unwrap().len();
    let of_order = format!("sales_order_id={}", merchant.order);
    assert_eq!((found("status=done"), found("status=not_started"), found(&of_order)), (1, 0, 1));
    assert_eq!(found("sales_order_id=so_other"), 0);
    assert_eq!(house.get("/v1/manufacturing_orders/mo_none").refused().0, 404);
    for (row, path) in
        [("row_PLAIN", "sales_order_row_id"), (merchant.row_of("NONE").as_str(), "sales_order_row_id")]
    {
        let body = json!({"sales_order_row_id": row, "quantity": 1});
        assert_eq!(house.post("/v1/manufacturing_orders", &body).refused().2, [path], "{row}");
    }
    assert_eq!(
        house
            .post(path, &json!({"sales_order_row_id": merchant.row_of("SERIAL"), "quantity": 0}))
            .refused()
            .2,
        ["quantity"]
    );
}

// SPEC: KS-16
#[test]
fn a_return_is_received_once() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let id = merchant.send_back(&house, ReturnStatus::Open);
    let cancelled = merchant.send_back(&house, ReturnStatus::Cancelled);
    let list = house.get("/v1/sales_returns").ok(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let open = house.get("/v1/sales_returns?status=open").ok(200)["data"][0].clone();
    assert_eq!(house.get(&format!("/v1/sales_returns/{id}")).ok(200), open);
    assert_eq!(open["rows"][0]["row_id"], merchant.row_of("PLAIN"));
    let receive = format!("/v1/sales_returns/{id}/receive");
    assert_eq!(house.post(&receive, &json!({"location_id": "loc_none"})).refused().2, ["location_id"]);
    for _ in 0..2 {
        assert_eq!(house.ask(ADMIN, "POST", &receive, None).ok(200)["status"], "received");
    }
    assert_eq!(merchant.stock(&house, "PLAIN"), (11, 3));
    let moved = house.get("/v1/inventory_movements?cause=sales_return").ok(200)["data"].clone();
    assert_eq!((moved.as_array().unwrap().len(), &moved[0]["quantity"]), (1, &json!(1)));
    let refused = house.post(&format!("/v1/sales_returns/{cancelled}/receive"), &json!({})).refused();
    assert_eq!((refused.0, refused.1.as_str()), (409, "return_cancelled"));
    let elsewhere = house.post("/v1/locations", &json!({"name": "Returns", "kind": "own"})).ok(201);
    let other = merchant.send_back(&house, ReturnStatus::Open);
    let body = json!({"location_id": elsewhere["id"]});
    house.post(&format!("/v1/sales_returns/{other}/receive"), &body).ok(200);
    let at = format!("/v1/inventory?sku=PLAIN&location_id={}", elsewhere["id"].as_str().unwrap());
    assert_eq!(house.get(&at).ok(200)["data"][0]["on_hand"], 1, "where somebody says that the goods are");
    assert_eq!(house.get("/v1/sales_returns/ret_none").refused().0, 404);
}

/// A form of a page is sent, as a browser does that was signed in with this token.
fn submit(house: &House, token: &str, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header("host", "127.0.0.1:3000")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/x-www-form-urlencoded");
    house.send(request.body(Body::from(form.to_owned())).unwrap())
}

fn page(house: &House, token: &str, merchant: &Merchant) -> String {
    let request = Request::get(format!("/orders/{}", merchant.order))
        .header("host", "127.0.0.1:3000")
        .header("authorization", format!("Bearer {token}"));
    let answer = house.send(request.body(Body::empty()).unwrap());
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.text
}

// SPEC: OP-02 (every act works without scripts)
#[test]
fn the_orders_page_does_it_all_with_plain_forms() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let returned = merchant.send_back(&house, ReturnStatus::Open);
    let first = page(&house, ADMIN, &merchant);
    for words in
        ["Pack or deliver", "3 open", "Mark all rows as invoiced", "Delete the order", "Receive", "Make 3"]
    {
        assert!(first.contains(words), "{words}");
    }
    let reader = page(&house, READER, &merchant);
    assert!(
        !reader.contains("<form class=\"row\" method=\"post\" action=\"/orders"),
        "who may read changes nothing"
    );
    let act = |act: &str, form: &str| {
        let path = format!("/orders/{}/{act}", merchant.order);
        assert_eq!(submit(&house, READER, &path, form).status.as_u16(), 403, "{act}");
        let answer = submit(&house, ADMIN, &path, form);
        assert_eq!(answer.status.as_u16(), 303, "{act}: {}", answer.text);
        assert_eq!(answer.headers[header::LOCATION], format!("/orders/{}", merchant.order));
    };
    // Sent twice, as by somebody who is impatient.
    for _ in 0..2 {
        act(
            "fulfil",
            "token=abc&status=packed&units:row_PLAIN=2&units:row_SERIAL=1&serials:row_SERIAL=S1&number=1Z1&carrier=UPS&url=",
        );
    }
    assert_eq!((merchant.stock(&house, "PLAIN"), merchant.stock(&house, "SERIAL")), ((8, 1), (9, 2)));
    act("deliver", "fulfillment=ful_abc");
    act("make", "token=abc&row=row_BATCHED&quantity=3");
    let made = house.get("/v1/manufacturing_orders").ok(200)["data"][0]["id"].as_str().unwrap().to_owned();
    act("made", &format!("made={made}&status=work_in_progress"));
    act("release", "row=row_BATCHED");
    act("invoice", "");
    act("receive", &format!("return={returned}&location="));
    act("delete", "");
    assert!(page(&house, ADMIN, &merchant).contains("Restore the order"));
    act("restore", "");
    let last = page(&house, ADMIN, &merchant);
    for words in ["1Z1", "UPS", "work in progress", "received", "invoiced", "Delivered what was packed: 2 × "]
    {
        assert!(last.contains(words), "{words}");
    }
    let refused = [
        ("fulfil", "token=x&status=packed&units:row_PLAIN=9", 422),
        ("fulfil", "token=x&status=packed&units:row_PLAIN=many", 422),
        ("fulfil", "token=x&status=packed", 422),
        ("fulfil", "token=x&status=packed&units:row_PLAIN=1&url=javascript:alert(1)", 422),
        ("fulfil", "status=packed&units:row_PLAIN=1", 404),
        ("fulfil", "token=x&status=gone&units:row_PLAIN=1", 404),
        ("deliver", "fulfillment=", 404),
        ("dance", "", 404),
    ];
    for (act, form, status) in refused {
        let answer = submit(&house, ADMIN, &format!("/orders/{}/{act}", merchant.order), form);
        assert_eq!(answer.status.as_u16(), status, "{act} {form}: {}", answer.text);
    }
    assert_eq!(merchant.stock(&house, "PLAIN"), (9, 1));
}

// SPEC: OP-09 (an order that came from nowhere has its timeline too)
#[test]
fn an_order_without_an_account_keeps_its_timeline() {
    let house = House::new();
    let merchant = Merchant::new(&house);
    let key = Key::Order(merchant.organization.clone(), merchant.order.clone());
    let Record::Order(mut order) = house.ledger.peek(&key).unwrap().record.clone() else { panic!() };
    order.source = None;
    order.id = weir_domain::ids::SalesOrderId::from_token("own");
    let own = Key::Order(merchant.organization.clone(), order.id.clone());
    house.ledger.seed(own, Record::Order(order));
    house.post("/v1/sales_orders/so_own/invoice", &json!({})).ok(200);
    let row = json!({"row_id": "row_PLAIN", "quantity": 1});
    house.post("/v1/sales_orders/so_own/fulfillments", &json!({"status": "packed", "rows": [row]})).ok(201);
    assert_eq!(pushes(&house), 0, "one that was made here is told to no shop");
    let lines = house.get("/v1/sales_orders/so_own/timeline").ok(200)["data"].clone();
    let what: Vec<&str> =
        lines.as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["invoiced", "packed"]);
}
