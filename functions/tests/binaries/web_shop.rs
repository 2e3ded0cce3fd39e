//! The events of a web shop: what Shopify delivers, over the web and over its bus, what is made of it, and what
//! goes back to the shop.

use serde_json::{Value, json};
use weir_app::webhook::LARGEST_BODY;
use weir_domain::sales_order::FulfillmentStatus;
use weir_tests::{
    lambda::{Ended, Ran},
    web_shop::APP_SECRET,
};

use crate::scene::{IMPORT_SHOPIFY, PUSH_SHOPIFY, Scene, WEB_ORDER, event, failed, outgoing, store_items};

/// Whether a log or a queue holds something of the buyer, or the secret.
fn shows_nobody(ran: &Ran, sent: &[String]) {
    let all = ran.lines().concat() + &sent.concat();
    for word in ["Robin", "robin@example.com", "1Z999", APP_SECRET] {
        assert!(!all.contains(word), "{word}: {all}");
    }
}

/// The only message that was sent to the queue of signals.
fn the_only_signal(scene: &Scene) -> Value {
    let [signal] = scene.cloud.sent(IMPORT_SHOPIFY).try_into().unwrap();
    serde_json::from_str(&signal).unwrap()
}

// SPEC: G-01, OP-06
#[tokio::test]
async fn shopify_webhook_passes_the_name_of_an_order_on() {
    for file in ["shopify-webhook.json", "shopify-webhook.base64.json", "shopify-webhook.bus.json"] {
        let scene = Scene::new().await;
        scene.web_shop().await;
        let ran = scene.run(file).await;
        assert_eq!(*ran.answer(), json!({ "statusCode": 200 }), "{file}: {:#?}", ran.lines());
        assert_eq!(ran.complaints(), Vec::<String>::new(), "{file}");
        let signal = the_only_signal(&scene);
        assert_eq!(signal["kind"], "look", "{file}");
        assert_eq!(signal["channel_order_id"], WEB_ORDER.to_string(), "{file}");
        assert_eq!(signal["cause"], "notification", "{file}");
        shows_nobody(&ran, &scene.cloud.sent(IMPORT_SHOPIFY));
    }
}

// SPEC: OP-06
#[tokio::test]
async fn what_shopify_did_not_sign_is_refused_and_nothing_is_sent() {
    let scene = Scene::new().await;
    scene.web_shop().await;
    let ran = scene.run("shopify-webhook.forged.json").await;
    assert_eq!(*ran.answer(), json!({ "statusCode": 401 }));
    assert_eq!(ran.complaints().len(), 1, "its one line says that it was refused");
    shows_nobody(&ran, &[]);

    let function = scene.function("shopify-webhook");
    let good = event("shopify-webhook.json");
    let without = |change: &dyn Fn(&mut Value)| {
        let mut event = good.clone();
        change(&mut event);
        event
    };
    let signature = "x-shopify-hmac-sha256";
    for (what, event) in [
        ("no signature", without(&|event| drop(event["headers"].as_object_mut().unwrap().remove(signature)))),
        (
            "another connection",
            without(&|event| event["pathParameters"]["connection_id"] = json!("con_other")),
        ),
        ("no connection", without(&|event| event["pathParameters"]["connection_id"] = json!("%00"))),
        (
            "another's connection",
            without(&|event| {
                event["pathParameters"]["connection_id"] = json!(scene.shop.connection.as_str());
            }),
        ),
        ("bytes that are none", without(&|event| event["isBase64Encoded"] = json!(true))),
        ("no body", without(&|event| drop(event.as_object_mut().unwrap().remove("body")))),
    ] {
        let ran = function.run(&event).await;
        assert_eq!(*ran.answer(), json!({ "statusCode": 401 }), "{what}");
        shows_nobody(&ran, &[]);
    }
    assert_eq!(scene.cloud.sent(IMPORT_SHOPIFY), Vec::<String>::new());
}

// SPEC: OP-06
#[tokio::test]
async fn a_body_that_is_too_large_is_not_looked_into() {
    let scene = Scene::new().await;
    scene.web_shop().await;
    let mut event = event("shopify-webhook.json");
    event["body"] = json!("x".repeat(LARGEST_BODY + 1));
    let ran = scene.function("shopify-webhook").run(&event).await;
    assert_eq!(*ran.answer(), json!({ "statusCode": 413 }));
    event["body"] = json!("x".repeat(LARGEST_BODY));
    let ran = scene.function("shopify-webhook").run(&event).await;
    assert_eq!(*ran.answer(), json!({ "statusCode": 401 }), "its signature is another's");
}

// SPEC: G-04
#[tokio::test]
async fn a_delivery_that_cannot_be_made_safe_fails_so_that_it_comes_again() {
    let scene = Scene::new().await;
    scene.web_shop().await;
    for file in ["shopify-webhook.json", "shopify-webhook.bus.json"] {
        scene.cloud.forbid("AmazonSQS");
        let ran = scene.run(file).await;
        assert!(matches!(ran.ended, Ended::Failed(_)), "{file}: {:?}", ran.ended);
        let complaints = ran.complaints().concat();
        for word in ["/weir-prod-import-shopify in eu-west-1", "AccessDenied"] {
            assert!(complaints.contains(word), "{word}: {complaints}");
        }
        shows_nobody(&ran, &[]);
        scene.cloud.allow();
        let ran = scene.run(file).await;
        assert_eq!(*ran.answer(), json!({ "statusCode": 200 }), "{file}");
    }
    let neither = scene.function("shopify-webhook").run(&json!({ "Robin": 1 })).await;
    assert!(matches!(neither.ended, Ended::Failed(_)), "{:?}", neither.ended);
    shows_nobody(&neither, &[]);
}

// SPEC: G-01, KS-02
#[tokio::test]
async fn order_import_makes_orders_of_a_web_shops_signals() {
    let scene = Scene::new().await;
    let shop = scene.web_shop().await;
    let ran = scene.run("order-import.shopify.json").await;
    assert_eq!(*ran.answer(), failed(&[]), "{:#?}", ran.lines());
    assert_eq!(shop.outcome(&scene.house, WEB_ORDER).await, "imported open_order");
    shows_nobody(&ran, &[]);
}

// SPEC: KS-41, OP-03
#[tokio::test]
async fn dispatcher_queues_a_push_apart_from_the_imports() {
    let scene = Scene::new().await;
    scene.web_shop().await;
    store_items(&scene, &event("dispatcher.push.json")).await;
    let ran = scene.run("dispatcher.push.json").await;
    assert_eq!(*ran.answer(), failed(&[]), "{:#?}", ran.lines());
    let [push] = scene.cloud.sent(PUSH_SHOPIFY).try_into().unwrap();
    let (sent, wanted): (Value, Value) = (
        serde_json::from_str(&push).unwrap(),
        serde_json::from_str(event("fulfillment-push.json")["Records"][0]["body"].as_str().unwrap()).unwrap(),
    );
    assert_eq!(sent, wanted, "it is what the next function takes");
    assert_eq!(scene.cloud.sent(IMPORT_SHOPIFY), Vec::<String>::new());
    assert_eq!(outgoing(&scene).await, 0);
}

// SPEC: KS-41, KS-43, KS-45
#[tokio::test]
async fn fulfillment_push_brings_a_fulfillment_to_its_shop_once() {
    let scene = Scene::new().await;
    let shop = scene.web_shop().await;
    let ran = scene.run("order-import.shopify.json").await;
    assert_eq!(shop.outcome(&scene.house, WEB_ORDER).await, "imported open_order", "{:#?}", ran.lines());
    let all = (FulfillmentStatus::Delivered, 2);
    shop.handle_by(&scene.house, WEB_ORDER, all, "8c0e2g4i6k8m").await;
    for _ in 0..2 {
        let ran = scene.run("fulfillment-push.json").await;
        assert_eq!(*ran.answer(), failed(&[]), "{:#?}", ran.lines());
        shows_nobody(&ran, &[]);
        let made = scene.house.crossing.shopify().order(WEB_ORDER).unwrap().fulfillments.clone();
        assert_eq!(made.len(), 1, "{:#?}", ran.lines());
    }
    assert!(shop.timeline(&scene.house, WEB_ORDER).await.contains(&"pushed".to_owned()));
}
