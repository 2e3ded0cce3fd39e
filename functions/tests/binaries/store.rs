//! The events of a store with one status: what BigCommerce delivers, what is made of it, and what goes back.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use weir_app::ports::Clock as _;
use weir_aws::SystemClock;
use weir_channels::bigcommerce::OWN_HEADER;
use weir_domain::sales_order::FulfillmentStatus;
use weir_sandbox::{Now, bigcommerce::status};
use weir_tests::{
    lambda::{Ended, Ran},
    store::{SECRET, TOKEN},
};

use crate::scene::{IMPORT_BIGCOMMERCE, STORE_ORDER, Scene, event, failed};

/// Whether a log or a queue holds a secret, or what the header follows from.
fn shows_nobody(ran: &Ran, sent: &[String]) {
    let own = event("bigcommerce-webhook.json")["headers"][OWN_HEADER].as_str().unwrap().to_owned();
    let all = ran.lines().concat() + &sent.concat();
    for word in [SECRET, TOKEN, own.as_str()] {
        assert!(!all.contains(word), "{word}: {all}");
    }
}

/// The event as it comes from a hook that the store signs: the stand-in of the channel signs it.
fn signed(scene: &Scene) -> Value {
    let now = Now::at(SystemClock::default().now());
    let mut event = event("bigcommerce-webhook.json");
    let headers = event["headers"].as_object_mut().unwrap();
    headers.remove(OWN_HEADER);
    let body = event["body"].as_str().unwrap().as_bytes().to_vec();
    let shop = scene.house.crossing.bigcommerce().sign("bluemugs", &body, now);
    let headers = event["headers"].as_object_mut().unwrap();
    headers.extend(shop.into_iter().map(|(name, value)| (name, Value::String(value))));
    event
}

// SPEC: G-01, OP-06
#[tokio::test]
async fn bigcommerce_webhook_passes_the_name_of_an_order_on() {
    let scene = Scene::new().await;
    scene.store().await;
    let plain = event("bigcommerce-webhook.json");
    let mut encoded = signed(&scene);
    encoded["body"] = json!(BASE64_STANDARD.encode(encoded["body"].as_str().unwrap()));
    encoded["isBase64Encoded"] = json!(true);
    for (what, event) in [("header", plain), ("signature", signed(&scene)), ("encoded", encoded)] {
        let before = scene.cloud.sent(IMPORT_BIGCOMMERCE).len();
        let ran = scene.function("bigcommerce-webhook").run(&event).await;
        assert_eq!(*ran.answer(), json!({ "statusCode": 200 }), "{what}: {:#?}", ran.lines());
        assert_eq!(ran.complaints(), Vec::<String>::new(), "{what}");
        let sent = scene.cloud.sent(IMPORT_BIGCOMMERCE);
        assert_eq!(sent.len(), before + 1, "{what}");
        let signal: Value = serde_json::from_str(&sent[before]).unwrap();
        assert_eq!((&signal["kind"], &signal["cause"]), (&json!("look"), &json!("notification")), "{what}");
        assert_eq!(signal["channel_order_id"], STORE_ORDER.to_string(), "{what}");
        shows_nobody(&ran, &sent);
    }
}

// SPEC: OP-06
#[tokio::test]
async fn what_shows_neither_signature_nor_header_is_refused_and_nothing_is_sent() {
    let scene = Scene::new().await;
    let shop = scene.store().await;
    let good = signed(&scene);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut event = good.clone();
        change(&mut event);
        event
    };
    let without_header =
        |name: &str| with(&|event| drop(event["headers"].as_object_mut().unwrap().remove(name)));
    for (what, event) in [
        ("another's signature", event("bigcommerce-webhook.forged.json")),
        ("no signature", without_header("webhook-signature")),
        ("no time", without_header("webhook-timestamp")),
        ("another time", with(&|event| event["headers"]["webhook-timestamp"] = json!("1795253464"))),
        ("another body", with(&|event| event["body"] = json!("{}"))),
        ("another header", with(&|event| event["headers"] = json!({ OWN_HEADER: "guessed" }))),
        ("another connection", with(&|event| event["pathParameters"]["connection_id"] = json!("con_other"))),
        (
            "another channel's connection",
            with(&|event| event["pathParameters"]["connection_id"] = json!(scene.shop.connection.as_str())),
        ),
    ] {
        let ran = scene.function("bigcommerce-webhook").run(&event).await;
        assert_eq!(*ran.answer(), json!({ "statusCode": 401 }), "{what}: {:#?}", ran.lines());
        shows_nobody(&ran, &[]);
    }
    assert_eq!(scene.cloud.sent(IMPORT_BIGCOMMERCE), Vec::<String>::new());
    assert_eq!(shop.outcome(&scene.house, STORE_ORDER).await, "never seen");
}

// SPEC: G-04
#[tokio::test]
async fn a_delivery_that_cannot_be_made_safe_fails_so_that_it_comes_again() {
    let scene = Scene::new().await;
    scene.store().await;
    scene.cloud.forbid("AmazonSQS");
    let ran = scene.run("bigcommerce-webhook.json").await;
    assert!(matches!(ran.ended, Ended::Failed(_)), "{:?}", ran.ended);
    assert!(ran.complaints().concat().contains("/weir-prod-import-bigcommerce in eu-west-1"));
    shows_nobody(&ran, &[]);
    scene.cloud.allow();
    assert_eq!(*scene.run("bigcommerce-webhook.json").await.answer(), json!({ "statusCode": 200 }));
}

// SPEC: G-01, KB-02, KB-10
#[tokio::test]
async fn an_order_of_a_store_comes_in_and_is_completed_there_once_it_is_delivered_here() {
    let scene = Scene::new().await;
    let shop = scene.store().await;
    let ran = scene.run("order-import.bigcommerce.json").await;
    assert_eq!(*ran.answer(), failed(&[]), "{:#?}", ran.lines());
    assert_eq!(shop.outcome(&scene.house, STORE_ORDER).await, "imported open_order");
    shows_nobody(&ran, &[]);
    let all = (FulfillmentStatus::Delivered, 2);
    shop.handle_by(&scene.house, STORE_ORDER, all, "8c0e2g4i6k8m").await;
    for _ in 0..2 {
        let ran = scene.run("fulfillment-push.bigcommerce.json").await;
        assert_eq!(*ran.answer(), failed(&[]), "{:#?}", ran.lines());
        shows_nobody(&ran, &[]);
        let there = scene.house.crossing.bigcommerce().order(&shop.domain, STORE_ORDER).unwrap().status;
        assert_eq!(there, status::COMPLETED, "{:#?}", ran.lines());
    }
}
