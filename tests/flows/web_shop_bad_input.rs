//! What a web shop, or somebody who plays one, can send that is not as it should be: each ends as an
//! outcome, a skip or a line of the log with its reason, and costs no other order anything.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::Sha256;
use weir_app::{
    message::SignalCause,
    ports::{Index, Key},
    webhook::{self, Answer, LARGEST_BODY},
};
use weir_channels::http::HttpResponse;
use weir_domain::connection::ConnectionStatus;
use weir_sandbox::shopify::{LineSpec, OrderSpec};
use weir_tests::{
    House,
    web_shop::{APP_SECRET, WebShop, import_queue, shopify},
};

// ------------------------------------------------------------------ at the door

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// What is brought to the door.
struct Knock {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Knock {
    /// Well signed, of a topic.
    fn new(shop: &WebShop, topic: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let headers = [
            ("X-Shopify-Topic", topic),
            ("X-Shopify-Shop-Domain", &shop.domain),
            ("X-Shopify-API-Version", "2026-10"),
            ("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"),
            ("X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5"),
            ("X-Shopify-Hmac-Sha256", &signature(APP_SECRET, &body)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { headers, body }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Once more with the same header.
    fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With other bytes under the same signature.
    fn but_with(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

async fn knock(house: &House, shop: &WebShop, knock: &Knock) -> Answer {
    webhook::receive(&house.hub, &shopify(), &shop.connection, &knock.headers, &knock.body).await.unwrap()
}

/// A body of a topic about an order, as short as the door needs it.
fn about(id: &Value) -> String {
    json!({ "id": id, "admin_graphql_api_id": null, "email": "canary@example.com" }).to_string()
}

// SPEC: OP-05, OP-06, G-04; RELIABILITY §3
#[tokio::test]
async fn the_door_answers_2xx_to_whatever_is_well_signed_and_401_to_the_rest() {
    const HMAC: &str = "X-Shopify-Hmac-Sha256";
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, OrderSpec::new(vec![LineSpec::new("MUG-1", 1, 1_000)]));
    let good = || Knock::new(&shop, "orders/create", about(&json!(id)));
    let of = |topic: &str, body: &str| Knock::new(&shop, topic, body);
    let half = || good().body[..10].to_vec();
    let large = |size: usize| [about(&json!(id)).into_bytes(), vec![b' '; size]].concat();
    let deep = format!("{{\"id\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let (safe, nothing) = (Answer::Safe(1), Answer::Nothing);
    let refused = Answer::Unverified;
    let cases: Vec<(&str, Knock, Answer)> = vec![
        ("as Shopify sends it", good(), safe.clone()),
        (
            "headers in another case",
            good().without(HMAC).with(&HMAC.to_lowercase(), &signature(APP_SECRET, &good().body)),
            safe.clone(),
        ),
        // Not signed by the application.
        ("one byte more", good().but_with([good().body, b" ".to_vec()].concat()), refused.clone()),
        ("cut short on the way", good().but_with(half()), refused.clone()),
        ("no body at all", good().but_with(""), refused.clone()),
        (
            "signed with another secret",
            good().with(HMAC, &signature("shpss_other", &good().body)),
            refused.clone(),
        ),
        ("signed with nothing", good().with(HMAC, &signature("", &good().body)), refused.clone()),
        ("a signature in hex", good().with(HMAC, &"ab".repeat(32)), refused.clone()),
        ("a signature that is none", good().with(HMAC, "§§§"), refused.clone()),
        ("an empty signature", good().with(HMAC, ""), refused.clone()),
        ("no signature", good().without(HMAC), refused.clone()),
        ("signed twice, both right", good().and(HMAC, &signature(APP_SECRET, &good().body)), refused.clone()),
        ("signed twice, one wrong", good().and(HMAC, &signature("x", b"y")), refused.clone()),
        // Large.
        ("as large as may be", Knock::new(&shop, "orders/create", large(LARGEST_BODY - 1_000)), safe.clone()),
        ("10 MB", Knock::new(&shop, "orders/create", large(10_000_000)), Answer::TooLarge),
        // Well signed, and of no use.
        ("cut short before it was signed", Knock::new(&shop, "orders/create", half()), nothing.clone()),
        ("empty", of("orders/create", ""), nothing.clone()),
        ("a page", of("orders/create", "<html><body>busy</body></html>"), nothing.clone()),
        ("null", of("orders/create", "null"), nothing.clone()),
        ("a list", of("orders/create", "[]"), nothing.clone()),
        ("an empty object", of("orders/create", "{}"), nothing.clone()),
        ("no text", Knock::new(&shop, "orders/create", vec![0xff, 0xfe, 0x00]), nothing.clone()),
        ("deep", of("orders/create", &deep), nothing.clone()),
        ("an id of zero", of("orders/create", &about(&json!(0))), nothing.clone()),
        ("an id below zero", of("orders/create", &about(&json!(-7))), nothing.clone()),
        ("an id with a fraction", of("orders/create", &about(&json!(1.5))), nothing.clone()),
        ("an id that is a path", of("orders/create", &about(&json!("../1"))), nothing.clone()),
        (
            "an id of another kind",
            of("orders/create", &about(&json!("gid://shopify/Product/1"))),
            nothing.clone(),
        ),
        ("no topic", good().without("X-Shopify-Topic"), nothing.clone()),
        ("a topic that nobody subscribed to", of("products/create", &about(&json!(id))), nothing.clone()),
        ("a topic that there is not", of("orders/teleported", &about(&json!(id))), nothing.clone()),
        ("no shop", good().without("X-Shopify-Shop-Domain"), nothing.clone()),
        ("another shop", good().with("X-Shopify-Shop-Domain", "cups.myshopify.com"), nothing.clone()),
        // An order's body under a topic that would do harm.
        ("to erase a customer", of("customers/redact", &about(&json!(id))), nothing.clone()),
        ("to erase the shop", of("shop/redact", &about(&json!(id))), nothing.clone()),
        ("to export a customer", of("customers/data_request", &about(&json!(id))), nothing.clone()),
        // Nothing that is said besides the id is believed, so that these are as good as any.
        ("a version that nobody knows", good().with("X-Shopify-API-Version", "2031-01"), safe.clone()),
        ("no version", good().without("X-Shopify-API-Version"), safe.clone()),
        (
            "an id beyond what a double holds",
            of("orders/updated", &about(&json!(9_007_199_254_740_993_u64))),
            safe.clone(),
        ),
        ("such an id as text", of("orders/updated", &about(&json!("9007199254740995"))), safe.clone()),
        (
            "fields of other kinds",
            of("orders/updated", &json!({"id": id, "email": 7, "line_items": "x"}).to_string()),
            safe,
        ),
    ];
    let mut wrong = Vec::new();
    for (what, case, expected) in &cases {
        let before = house.queue.depth(&import_queue());
        let answer = knock(&house, &shop, case).await;
        let sent = house.queue.depth(&import_queue()) - before;
        let expected_sent = match expected {
            Answer::Safe(messages) => *messages,
            Answer::Nothing | Answer::Unverified | Answer::TooLarge => 0,
        };
        if answer != *expected || sent != expected_sent {
            wrong.push(format!("{what}: {answer:?} and {sent} messages, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(house.queue.bodies().iter().all(|body| !body.contains("canary")), "a name and nothing else");

    // What is of use is used, once; the ids that there are not say so, and nothing was erased.
    for _ in 0..3 {
        house.clock.advance(SignedDuration::from_mins(35));
        house.settle().await;
    }
    assert_eq!(shop.outcome(&house, id).await, "imported open_order");
    assert!(house.record(Key::Person(shop.organization.clone(), shop.order_id(id))).await.is_some());
    assert_eq!(house.all(Index::Orders(shop.organization.clone())).await.len(), 1);
    for unknown in [9_007_199_254_740_993, 9_007_199_254_740_995] {
        assert_eq!(shop.outcome(&house, unknown).await, "failed order_not_found", "{unknown}");
    }
    assert!(house.hub.queue.dead_letters().await.unwrap().is_empty());
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// ------------------------------------------------------------------ in answers

/// The order that the answers are about; its id is one that no double holds.
const ORDER: u64 = 9_007_199_254_740_993;

/// A good answer about it.
fn order(house: &House) -> Value {
    let case = include_str!("../../shared/channels/tests/golden/shopify/us-tax-added.json");
    let mut data = serde_json::from_str::<Value>(case).unwrap()["answers"][0].clone();
    data["order"]["id"] = json!(format!("gid://shopify/Order/{ORDER}"));
    data["order"]["createdAt"] = json!(house.now().to_string());
    data["order"]["updatedAt"] = json!(house.now().to_string());
    data
}

fn data(data: &Value) -> HttpResponse {
    HttpResponse::json(200, json!({ "data": data }).to_string())
}

/// The good answer with one value put in another's place.
fn with(house: &House, pointer: &str, value: Value) -> HttpResponse {
    let mut order = order(house);
    *order.pointer_mut(&format!("/order{pointer}")).unwrap() = value;
    data(&order)
}

/// The good answer without something, and an error that says why.
fn in_part(house: &House, field: &str, code: &str) -> HttpResponse {
    let mut order = order(house);
    order["order"][field] = Value::Null;
    let error =
        json!({"message": "canary@example.com", "path": ["order", field], "extensions": {"code": code}});
    HttpResponse::json(200, json!({"data": order, "errors": [error]}).to_string())
}

fn error(code: &str) -> HttpResponse {
    let error = json!({"message": format!("It is {code}"), "extensions": {"code": code}});
    HttpResponse::json(200, json!({ "errors": [error] }).to_string())
}

fn page(status: u16) -> HttpResponse {
    let body = b"<html><body>canary@example.com</body></html>".to_vec();
    HttpResponse { status, headers: vec![("content-type".to_owned(), "text/html".to_owned())], body }
}

/// What comes of an answer: the outcome, whether the order comes in by itself once the shop answers well,
/// and whether somebody has to look at the connection.
struct Expected(&'static str, Then);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It is in.
    Is,
    /// It comes in by itself.
    Heals,
    /// It comes in with the next signal.
    Signalled,
    /// Somebody has to look at the connection.
    Person,
}

fn cases(house: &House) -> Vec<(&'static str, HttpResponse, Expected)> {
    const IN: Expected = Expected("imported open_order", Then::Is);
    const TROUBLE: Expected = Expected("waiting channel_trouble", Then::Heals);
    const LIMITED: Expected = Expected("waiting rate_limited", Then::Heals);
    const MALFORMED: Expected = Expected("failed malformed_order", Then::Signalled);
    const DENIED: Expected = Expected("waiting access_denied", Then::Person);
    const NOT_FOUND: Expected = Expected("failed order_not_found", Then::Signalled);
    let line = "/lineItems/nodes/0";
    let at = |field: &str, value: Value| with(house, &format!("{line}/{field}"), value);
    vec![
        ("a good one", data(&order(house)), IN),
        // What may be missing.
        ("no customer", with(house, "/customer", Value::Null), IN),
        ("no shipping address", with(house, "/shippingAddress", Value::Null), IN),
        ("no billing address", with(house, "/billingAddress", Value::Null), IN),
        ("no mail", with(house, "/email", Value::Null), IN),
        ("a deleted variant", at("variant", Value::Null), IN),
        ("a deleted product", at("product", Value::Null), IN),
        ("no SKU", at("sku", Value::Null), IN),
        ("a withheld customer", in_part(house, "customer", "ACCESS_DENIED"), IN),
        ("a withheld address", in_part(house, "shippingAddress", "ACCESS_DENIED"), IN),
        ("amounts as numbers", at("originalUnitPriceSet/presentmentMoney/amount", json!(20.0)), IN),
        // Trouble that passes.
        ("a customer lost to trouble", in_part(house, "customer", "INTERNAL_SERVER_ERROR"), TROUBLE),
        ("half an order", in_part(house, "lineItems", "INTERNAL_SERVER_ERROR"), TROUBLE),
        ("trouble alone", error("INTERNAL_SERVER_ERROR"), TROUBLE),
        ("a page instead", page(200), TROUBLE),
        ("a gateway's page", page(502), TROUBLE),
        ("unavailable", page(503), TROUBLE),
        ("taken for an attack", page(430), TROUBLE),
        ("moved", page(302), TROUBLE),
        ("nothing", HttpResponse::json(200, ""), TROUBLE),
        ("cut short", HttpResponse::json(200, "{\"data\": {\"order\": {\"id\""), TROUBLE),
        ("null", HttpResponse::json(200, "null"), TROUBLE),
        ("neither data nor errors", HttpResponse::json(200, "{}"), TROUBLE),
        ("no time of its last change", with(house, "/updatedAt", Value::Null), TROUBLE),
        // Points.
        ("throttled", error("THROTTLED"), LIMITED),
        ("too many", HttpResponse::json(429, ""), LIMITED),
        // What nobody can read costs this order its reason.
        ("a quantity that is none", at("quantity", json!("many")), MALFORMED),
        ("half a unit", at("quantity", json!(1.5)), MALFORMED),
        (
            "an amount that is none",
            at("originalUnitPriceSet/presentmentMoney/amount", json!("19,99")),
            MALFORMED,
        ),
        ("a currency that is none", with(house, "/presentmentCurrencyCode", json!("XXX")), MALFORMED),
        ("a line without its id", at("id", Value::Null), MALFORMED),
        ("a line that is text", with(house, line, json!("a mug")), MALFORMED),
        ("a time that is none", with(house, "/createdAt", json!("yesterday")), MALFORMED),
        // What the shop does not know, or does not understand.
        ("no such order", data(&json!({ "order": null })), NOT_FOUND),
        ("a field that there is not", error("undefinedField"), NOT_FOUND),
        // What a person has to see to.
        ("may not see orders", error("ACCESS_DENIED"), DENIED),
        ("a frozen shop", HttpResponse::json(402, ""), DENIED),
        ("not allowed", HttpResponse::json(403, ""), DENIED),
        ("a locked shop", HttpResponse::json(423, ""), DENIED),
    ]
}

// SPEC: G-03, G-04, G-11, G-12, KS-21, KS-22
#[tokio::test]
async fn every_answer_has_its_outcome_and_the_order_comes_in_when_the_shop_answers_well() {
    let plan = House::new().await;
    let mut wrong = Vec::new();
    for (what, _, _) in cases(&plan) {
        let house = House::new().await;
        let shop = house.web_shop("mugs", |_| {}).await;
        let (_, response, Expected(outcome, then)) =
            cases(&house).into_iter().find(|(name, _, _)| *name == what).unwrap();
        let good = data(&order(&house));
        house.crossing.answer_always("/graphql.json", response);
        house.look_at(&shop, ORDER, SignalCause::Notification).await;
        let account = shop.account(&house, ORDER).await;
        let found = shop.outcome(&house, ORDER).await;
        let sentence = account.map(|account| account.outcome.reason.message).unwrap_or_default();
        if found != outcome || sentence.is_empty() {
            wrong.push(format!("{what}: {found}, expected {outcome}: {sentence}"));
        }
        if sentence.contains("canary") || house.errors().iter().any(|error| error.contains("canary")) {
            wrong.push(format!("{what}: it quotes what came: {sentence} {:?}", house.errors()));
        }
        let status = weir_app::connections::read(&house.hub, &shop.organization, &shop.connection).await;
        let needs_somebody = status.unwrap().status != ConnectionStatus::Active;
        if needs_somebody != (then == Then::Person) {
            wrong.push(format!("{what}: somebody is called: {needs_somebody}"));
        }
        if !house.hub.queue.dead_letters().await.unwrap().is_empty() {
            wrong.push(format!("{what}: a dead letter"));
        }
        house.crossing.answer_no_more();
        house.crossing.answer_always("/graphql.json", good);
        match then {
            Then::Is | Then::Person => continue,
            Then::Heals => {
                house.clock.advance(SignedDuration::from_mins(35));
                house.settle().await;
            }
            Then::Signalled => house.look_at(&shop, ORDER, SignalCause::Notification).await,
        }
        let healed = shop.outcome(&house, ORDER).await;
        if healed != "imported open_order" {
            wrong.push(format!("{what}: {healed} although the shop answers well"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
