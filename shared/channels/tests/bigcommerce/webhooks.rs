//! Webhooks: what is verified, what is refused, and what is passed on.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;
use weir_channels::{
    bigcommerce::OWN_HEADER,
    channel::{About, Credentials, Delivery, Secret, WebhookError},
};
use weir_domain::{Timestamp, ids::ChannelOrderId};

use crate::support::{STORE, TOKEN, connection, time, webhooks};

const SECRET: &str = "c0ffee0123456789";
const NOW: &str = "2026-11-20T09:30:00Z";

fn sign(secret: &str, id: &str, at: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

fn headers(secret: &str, at: Timestamp, body: &[u8]) -> Vec<(String, String)> {
    let at = at.as_second().to_string();
    let signature = sign(secret, "msg_1", &at, body);
    let all = [("Webhook-Id", "msg_1"), ("Webhook-Timestamp", &at), ("Webhook-Signature", &signature)];
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn secrets(given: &[(&str, &str)]) -> Vec<Secret> {
    let credentials: Credentials =
        given.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
    webhooks().secrets(&credentials)
}

fn signing() -> Vec<Secret> {
    secrets(&[("client_secret", SECRET)])
}

fn receive(headers: &[(String, String)], body: &[u8]) -> Result<Delivery, WebhookError> {
    webhooks().receive(&connection(), &signing(), headers, body, time(NOW))
}

fn body(scope: &str, data: &Value) -> Vec<u8> {
    let hash = "3f9ea420af83450d7ef9f78b08c8af25b2213637";
    let producer = format!("stores/{STORE}");
    json!({ "scope": scope, "store_id": "1", "data": data, "hash": hash, "created_at": 1_795_080_600, "producer": producer })
        .to_string()
        .into_bytes()
}

fn told(scope: &str, data: &Value) -> Result<Delivery, WebhookError> {
    let body = body(scope, data);
    receive(&headers(SECRET, time(NOW), &body), &body)
}

fn order(id: &str) -> About {
    About::Order(ChannelOrderId::parse(id).unwrap())
}

#[test]
fn names_are_passed_on_and_never_the_body() {
    // SPEC: G-01
    let delivery = told("store/order/updated", &json!({ "type": "order", "id": 173331 })).unwrap();
    assert_eq!(delivery.account, STORE);
    assert_eq!(delivery.topic, "store/order/updated");
    assert_eq!(delivery.event_id.as_deref(), Some("3f9ea420af83450d7ef9f78b08c8af25b2213637"));
    assert_eq!(delivery.delivery_id.as_deref(), Some("msg_1"));
    assert_eq!(delivery.triggered_at, Timestamp::from_second(1_795_080_600).ok());
    assert_eq!(delivery.about, order("173331"));
    assert_eq!(delivery.body_sha256.len(), 64);
}

#[test]
fn a_known_signature_is_right() {
    // Computed once with another implementation (OpenSSL), so that this one does not prove itself.
    let body =
        br#"{"scope":"store/order/created","producer":"stores/abc123def","data":{"type":"order","id":7}}"#;
    let headers = [
        ("webhook-id", "msg_2b"),
        ("webhook-timestamp", "1795080600"),
        ("webhook-signature", "v0,abc v1,lromkzE9ZbVvjeRiyRgkjCk8jYPjD97zoaNxjYKYlVw="),
    ];
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let now = Timestamp::from_second(1_795_080_700).unwrap();
    let delivery = webhooks().receive(&connection(), &signing(), &headers, body, now).unwrap();
    assert_eq!(delivery.about, order("7"));
}

#[test]
fn each_scope_names_its_order() {
    let about = |scope: &str, data: Value| told(scope, &data).unwrap().about;
    assert_eq!(about("store/order/created", json!({ "type": "order", "id": 1 })), order("1"));
    assert_eq!(
        about(
            "store/order/refund/created",
            json!({ "type": "order", "id": 2, "refund": { "refund_id": 5 } })
        ),
        order("2")
    );
    assert_eq!(
        about("store/shipment/created", json!({ "type": "shipment", "id": 9, "orderId": 3 })),
        order("3")
    );
    assert_eq!(
        about(
            "store/order/transaction/created",
            json!({ "type": "order", "order_id": 4, "transaction_id": 8 })
        ),
        order("4")
    );
    assert_eq!(about("store/app/uninstalled", json!({ "type": "app" })), About::Uninstalled);
    assert_eq!(about("store/order/message/created", json!({ "type": "order", "id": 1 })), About::Nothing);
    assert_eq!(about("store/product/updated", json!({ "type": "product", "id": 1 })), About::Nothing);
    for data in [json!({ "type": "order" }), json!({ "type": "order", "id": "x" }), json!({ "id": 4 })] {
        assert!(matches!(told("store/order/created", &data), Err(WebhookError::Unusable(_))), "{data}");
    }
}

#[test]
fn a_signature_ages_both_ways() {
    // SPEC: OP-06
    let body = body("store/order/created", &json!({ "type": "order", "id": 1 }));
    for (at, is_in) in [
        ("2026-11-20T09:25:00Z", true),
        ("2026-11-20T09:24:59Z", false),
        ("2026-11-20T09:35:00Z", true),
        ("2026-11-20T09:35:01Z", false),
    ] {
        let received = receive(&headers(SECRET, time(at), &body), &body);
        assert_eq!(received.is_ok(), is_in, "{at}");
        assert!(received.err().is_none_or(|error| error.is_unverified()));
    }
}

#[test]
fn there_is_no_third_way_in() {
    // SPEC: OP-06
    let body = body("store/order/created", &json!({ "type": "order", "id": 1 }));
    let good = headers(SECRET, time(NOW), &body);
    let refused = |secrets: &[Secret], headers: &[(String, String)], body: &[u8]| {
        let received = webhooks().receive(&connection(), secrets, headers, body, time(NOW));
        assert!(received.unwrap_err().is_unverified());
    };
    refused(&[], &good, &body);
    refused(&secrets(&[("client_secret", " "), ("access_token", "")]), &good, &body);
    refused(&secrets(&[("client_secret", "other")]), &good, &body);
    refused(&signing(), &[], &body);
    refused(&signing(), &good, b"{}");
    for left_out in 0..good.len() {
        let mut some = good.clone();
        let twice = some.remove(left_out);
        refused(&signing(), &some, &body);
        let mut more = good.clone();
        more.push(twice);
        refused(&signing(), &more, &body);
    }
    // The access token signs nothing, and what opens by the header signs nothing either.
    let both = secrets(&[("access_token", TOKEN), ("client_secret", SECRET)]);
    refused(&both, &headers(TOKEN, time(NOW), &body), &body);
    refused(&both, &headers(both[1].expose(), time(NOW), &body), &body);
    let own = |value: &str| vec![(OWN_HEADER.to_owned(), value.to_owned())];
    refused(&both, &own(""), &body);
    refused(&both, &own(TOKEN), &body);
    refused(&both, &own(both[1].expose()), &body);
}

#[test]
fn the_delivery_of_another_store_is_not_passed_on() {
    // SPEC: OP-06 (tenancy)
    let mut other = connection();
    other.remote.account = "zzz999".to_owned();
    let body = body("store/order/created", &json!({ "type": "order", "id": 1 }));
    let headers = headers(SECRET, time(NOW), &body);
    let received = webhooks().receive(&other, &signing(), &headers, &body, time(NOW));
    assert!(matches!(received, Err(WebhookError::Unusable(_))));
}

proptest! {
    #[test]
    fn nothing_that_was_changed_verifies(place in 0_usize..1_000, with in any::<u8>()) {
        let mut body = body("store/order/created", &json!({ "type": "order", "id": 1 }));
        let headers = headers(SECRET, time(NOW), &body);
        let place = place % body.len();
        prop_assume!(body[place] != with);
        body[place] = with;
        prop_assert!(receive(&headers, &body).unwrap_err().is_unverified());
    }

    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = receive(&headers(SECRET, time(NOW), &body), &body);
    }
}
