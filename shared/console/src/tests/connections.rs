//! Connections through the API: made, tested, switched, mended, and never telling their secrets.

use serde_json::{Value, json};

use super::house::{CLIENT_SECRET, House, REFRESH_TOKEN, SELLER, US, connection};

fn fba(house: &House) -> String {
    house.post("/v1/locations", &json!({"name": "FBA", "kind": "fba"})).ok(201)["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn path(made: &Value) -> String {
    format!("/v1/connections/{}", made["id"].as_str().unwrap())
}

#[test]
fn a_connection_is_made_with_its_channels_words_and_hides_its_credentials() {
    let house = House::new();
    let location = fba(&house);
    let made = house.post("/v1/connections", &connection(&location)).ok(201);
    assert_eq!(made["status"], "inactive");
    assert_eq!((&made["seller_id"], &made["marketplace_id"]), (&json!(SELLER), &json!(US)));
    assert_eq!(made["settings"], json!({"sku_aliasing": false, "orders_api": "2026-01-01"}));
    let everything =
        [house.get("/v1/connections").text, house.get(&path(&made)).text, made.to_string()].concat();
    assert!(!everything.contains(CLIENT_SECRET) && !everything.contains(REFRESH_TOKEN));
    for stored in house.ledger.everything() {
        let text = format!("{stored:?}");
        assert!(!text.contains(CLIENT_SECRET) && !text.contains(REFRESH_TOKEN), "{:?}", stored.0);
    }
}

#[test]
fn wrong_fields_of_a_connection_are_named() {
    let house = House::new();
    let location = fba(&house);
    let own = house.post("/v1/locations", &json!({"name": "Own"})).ok(201)["id"].clone();
    let cases = [
        (json!({"channel": "ebay"}), "channel"),
        (json!({"seller_id": null}), "seller_id"),
        (json!({"marketplace_id": "NOWHERE"}), "marketplace_id"),
        (json!({"shop_domain": "x.myshopify.com"}), "shop_domain"),
        (json!({"default_location_id": "loc_none"}), "default_location_id"),
        (json!({"default_location_id": own}), "default_location_id"),
        (json!({"credentials": {"password": "x"}}), "credentials.password"),
        (json!({"credentials": {"client_id": 5}}), "credentials.client_id"),
        (json!({"credentials": {"client_id": " "}}), "credentials.client_id"),
        (json!({"endpoints": {"api": "not an address"}}), "endpoints.api"),
        (json!({"settings": {"orders_api": "v9"}}), "settings.orders_api"),
        (json!({"settings": {"sku_aliasing": "yes"}}), "settings.sku_aliasing"),
        (json!({"colour": "red"}), "colour"),
    ];
    for (change, field) in cases {
        let mut body = connection(&location);
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = house.post("/v1/connections", &body).refused();
        assert_eq!((refused.0, refused.2), (422, vec![field.to_owned()]), "{change}");
    }
}

#[test]
fn endpoints_of_ones_own_need_a_deployment_that_allows_them() {
    let house = House::with(false);
    let location = fba(&house);
    let mut body = connection(&location);
    body["endpoints"] = json!({"api": "http://127.0.0.1:9"});
    assert_eq!(house.post("/v1/connections", &body).refused().2, ["endpoints.api"]);
    let made = house.post("/v1/connections", &connection(&location)).ok(201);
    let refused = house.patch(&path(&made), &json!({"endpoints": {"token": "http://127.0.0.1:9"}})).refused();
    assert_eq!(refused.2, ["endpoints.token"]);
}

// SPEC §0, "source id"
#[test]
fn a_remote_account_belongs_to_one_connection_for_ever() {
    let house = House::new();
    let location = fba(&house);
    house.post("/v1/connections", &connection(&location)).ok(201);
    let refused = house.post("/v1/connections", &connection(&location)).refused();
    assert_eq!((refused.0, refused.1.as_str()), (409, "already_connected"));
    let other = json!({"name": "Other", "base_currency": "EUR", "admin_token": "the-other-admins-token"});
    house.post("/v1/organizations", &other).ok(201);
    let theirs = house.ask(
        "the-other-admins-token",
        "POST",
        "/v1/locations",
        Some(&json!({"name": "F", "kind": "fba"})),
    );
    let body = connection(theirs.ok(201)["id"].as_str().unwrap());
    let refused = house.ask("the-other-admins-token", "POST", "/v1/connections", Some(&body)).refused();
    assert_eq!(refused.1, "already_connected");
}

// SPEC: FX-01
#[test]
fn a_test_says_what_works_in_words() {
    let house = House::new();
    let location = fba(&house);
    let made = house.post("/v1/connections", &connection(&location)).ok(201);
    let test = format!("{}/test", path(&made));
    let tested = house.ask(super::house::ADMIN, "POST", &test, None).ok(200);
    assert_eq!(tested["ok"], true, "{tested}");
    let names: Vec<&str> =
        tested["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["credentials", "access_token", "orders", "default_location", "notifications"]);
    house.amazon().revoke(SELLER);
    let tested = house.ask(super::house::ADMIN, "POST", &test, None).ok(200);
    assert_eq!(tested["ok"], false);
    assert!(tested["message"].as_str().unwrap().contains("invalid_grant"), "{tested}");
    assert_eq!(house.get(&path(&made)).ok(200)["status"], "inactive", "a test changes nothing");
}

#[test]
fn activation_says_what_is_missing() {
    let house = House::new();
    let mut body = connection("");
    body.as_object_mut().unwrap().remove("default_location_id");
    body.as_object_mut().unwrap().remove("credentials");
    let made = house.post("/v1/connections", &body).ok(201);
    let activate = format!("{}/activate", path(&made));
    assert_eq!(house.post(&activate, &json!({})).refused().2, ["default_location_id"]);
    house.patch(&path(&made), &json!({"default_location_id": fba(&house)})).ok(200);
    let missing = house.post(&activate, &json!({})).refused().2;
    assert_eq!(missing, ["credentials.client_id", "credentials.client_secret", "credentials.refresh_token"]);
    house.patch(&path(&made), &json!({"credentials": connection("")["credentials"]})).ok(200);
    let active = house.post(&activate, &json!({})).ok(200);
    assert_eq!(
        (&active["status"], &active["activated_at"]),
        (&json!("active"), &json!("2026-11-24T09:00:00Z"))
    );
    assert_eq!(active["orders_from"], "2026-11-24T08:45:00Z");
    assert_eq!(house.post(&activate, &json!({})).ok(200), active, "again it changes nothing");
    let health = house.get(&format!("{}/health", path(&made))).ok(200);
    assert_eq!((&health["status"], &health["cursor_age_seconds"]), (&json!("active"), &json!(0)));
}

// SPEC: G-11, G-04
#[test]
fn new_credentials_mend_what_needs_attention_and_wrong_ones_change_nothing() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let path = format!("/v1/connections/{connection}");
    house.amazon().revoke(SELLER);
    house.amazon().expire_access_tokens();
    house.tick();
    let ailing = house.get(&path).ok(200);
    assert_eq!(
        (&ailing["status"], &ailing["status_reason"]["code"]),
        (&json!("needs_attention"), &json!("credentials_revoked"))
    );
    assert!(ailing["status_reason"]["action"].is_string());
    let wrong =
        house.patch(&path, &json!({"name": "Renamed", "credentials": {"refresh_token": "wrong"}})).refused();
    assert_eq!(wrong, (422, "credentials_refused".to_owned(), vec!["credentials".to_owned()]));
    assert_eq!(house.get(&path).ok(200), ailing);
    house.amazon().restore(SELLER);
    let mended = house.patch(&path, &json!({"credentials": {"refresh_token": REFRESH_TOKEN}})).ok(200);
    assert_eq!((&mended["status"], &mended["status_reason"]), (&json!("active"), &Value::Null));
}

// SPEC: KF-05
#[test]
fn the_first_alias_turns_aliasing_on() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let aliases = format!("/v1/connections/{connection}/sku_aliases");
    let none = house.post(&aliases, &json!({"channel_sku": "X/1", "variant_sku": "NONE"})).refused();
    assert_eq!(none, (422, "invalid".to_owned(), vec!["variant_sku".to_owned()]));
    for _ in 0..2 {
        house.post(&aliases, &json!({"channel_sku": "X/1", "variant_sku": "A"})).ok(201);
    }
    assert_eq!(house.get(&format!("/v1/connections/{connection}")).ok(200)["settings"]["sku_aliasing"], true);
    house.post("/v1/variants", &json!({"sku": "B"})).ok(201);
    assert_eq!(
        house.post(&aliases, &json!({"channel_sku": "X/1", "variant_sku": "B"})).refused().1,
        "alias_exists"
    );
    assert_eq!(house.get(&aliases).ok(200)["data"].as_array().unwrap().len(), 1);
    house.ask(super::house::ADMIN, "DELETE", &format!("{aliases}/X%2F1"), None).ok(204);
    house.post(&aliases, &json!({"channel_sku": "X/1", "variant_sku": "B"})).ok(201);
    house.ask(super::house::ADMIN, "DELETE", &format!("{aliases}?channel_sku=X%2F1"), None).ok(204);
    assert_eq!(house.ask(super::house::ADMIN, "DELETE", &aliases, None).refused().0, 400);
    assert_eq!(house.ask(super::house::ADMIN, "DELETE", &format!("{aliases}/X%2F1"), None).refused().0, 404);
}

// SPEC: KF-01
#[test]
fn a_gap_while_inactive_is_caught_up() {
    let house = House::new();
    let (_, us) = house.open_shop(&["A"]);
    let location = fba(&house);
    let mut body = connection(&location);
    body["marketplace_id"] = json!("A2EUQ1WTGCTBG2");
    let ca = house.post("/v1/connections", &body).ok(201);
    house.post(&format!("{}/activate", path(&ca)), &json!({})).ok(200);
    house.tick();
    house.post(&format!("/v1/connections/{us}/deactivate"), &json!({})).ok(200);
    let order = house.ship(|at| {
        weir_sandbox::amazon::OrderSpec::new(at, vec![weir_sandbox::amazon::LineSpec::new("A", 1, 1000)])
    });
    for _ in 0..12 {
        house.tick();
    }
    let find = format!("/v1/outcomes?channel_order_id={order}");
    assert_eq!(house.get(&find).ok(200)["data"], json!([]), "Canada's search goes on without it");
    house.post(&format!("/v1/connections/{us}/activate"), &json!({})).ok(200);
    house.tick();
    house.tick();
    assert_eq!(house.get(&find).ok(200)["data"][0]["kind"], "imported");
}

// SPEC: KF-01, G-11
#[test]
fn connections_of_one_account_ail_and_mend_together() {
    let house = House::new();
    let (location, us) = house.open_shop(&["A"]);
    let mut body = connection(&location);
    body["marketplace_id"] = json!("A2EUQ1WTGCTBG2");
    let ca = house.post("/v1/connections", &body).ok(201);
    house.post(&format!("{}/activate", path(&ca)), &json!({})).ok(200);
    house.tick();
    house.amazon().revoke(SELLER);
    house.amazon().expire_access_tokens();
    house.tick();
    let statuses = || {
        [format!("/v1/connections/{us}"), path(&ca)].map(|path| house.get(&path).ok(200)["status"].clone())
    };
    assert_eq!(statuses(), [json!("needs_attention"), json!("needs_attention")]);
    let told =
        || house.bus.announced().iter().filter(|event| event.name == "ConnectionNeedsAttention").count();
    house.tick();
    assert_eq!(told(), 2, "once for each");
    let order = house.ship(|at| {
        weir_sandbox::amazon::OrderSpec::new(at, vec![weir_sandbox::amazon::LineSpec::new("A", 1, 1000)])
    });
    for _ in 0..5 {
        house.tick();
    }
    house.amazon().restore(SELLER);
    house.patch(&path(&ca), &json!({"credentials": {"refresh_token": REFRESH_TOKEN}})).ok(200);
    assert_eq!(statuses(), [json!("active"), json!("active")]);
    house.tick();
    let found = house.get(&format!("/v1/outcomes?channel_order_id={order}")).ok(200);
    assert_eq!(found["data"][0]["kind"], "imported", "what shipped meanwhile comes in");
}

#[test]
fn the_other_orders_api_is_a_way_out_of_denied_access() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let path = format!("/v1/connections/{connection}");
    house.amazon().deny_new_orders_api(SELLER, true);
    house.tick();
    let denied = house.get(&path).ok(200);
    assert_eq!(denied["status_reason"]["code"], "access_denied", "{denied}");
    let tested = house.post(&format!("{path}/test"), &json!({})).ok(200);
    let orders = tested["checks"].as_array().unwrap().iter().find(|check| check["name"] == "orders").unwrap();
    assert_eq!(orders["ok"], false, "{tested}");
    let changed = house.patch(&path, &json!({"settings": {"orders_api": "v0"}})).ok(200);
    assert_eq!((&changed["status"], &changed["settings"]["orders_api"]), (&json!("active"), &json!("v0")));
}

// SPEC: KF-14
#[test]
fn activation_has_the_channel_notify_where_it_can() {
    let queue = "arn:aws:sqs:eu-west-1:000000000000:weir-test-notifications";
    let channel = weir_domain::ids::ChannelName::parse("amazon").unwrap();
    let house = House::in_deployment(weir_app::Deployment {
        notification_queues: [(channel, queue.to_owned())].into(),
        ..weir_app::Deployment::default()
    });
    let (_, connection) = house.open_shop(&["A"]);
    let path = format!("/v1/connections/{connection}");
    assert_eq!(house.get(&path).ok(200)["notifications"], json!({"state": "subscribed", "message": null}));
    let without = House::new();
    let (_, connection) = without.open_shop(&["A"]);
    let health = without.get(&format!("/v1/connections/{connection}/health")).ok(200);
    let told =
        health["checks"].as_array().unwrap().iter().find(|check| check["name"] == "notifications").unwrap();
    assert!(told["message"].as_str().unwrap().contains("no queue"), "{health}");
}

#[test]
fn a_new_application_takes_the_place_of_the_search_along() {
    let house = House::new();
    let (_, connection) = house.open_shop(&["A"]);
    let path = format!("/v1/connections/{connection}");
    house.tick();
    house.amazon().register_app("another-client", "another-secret");
    house.amazon().register_seller(weir_sandbox::amazon::SellerSpec {
        seller_id: SELLER.to_owned(),
        refresh_token: "another-refresh-token".to_owned(),
        client_id: "another-client".to_owned(),
        marketplaces: vec![US.to_owned()],
    });
    let before = house.get(&format!("{path}/health")).ok(200)["cursor_at"].clone();
    let credentials = json!({
        "client_id": "another-client", "client_secret": "another-secret", "refresh_token": "another-refresh-token",
    });
    house.patch(&path, &json!({"credentials": credentials})).ok(200);
    assert_eq!(house.get(&format!("{path}/health")).ok(200)["cursor_at"], before);
    let order = house.ship(|at| {
        weir_sandbox::amazon::OrderSpec::new(at, vec![weir_sandbox::amazon::LineSpec::new("A", 1, 1000)])
    });
    house.tick();
    let found = house.get(&format!("/v1/outcomes?channel_order_id={order}")).ok(200);
    assert_eq!(found["data"][0]["kind"], "imported");
}
