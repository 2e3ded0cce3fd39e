//! Each event of `events/`, handed to the real binary of its function, and what is in the table, the
//! queues and on the bus afterwards.

use serde_json::{Value, json};
use weir_app::{access, ports::ledger::Scope};
use weir_channels::channel::Secret;
use weir_sandbox::amazon::marketplaces::DE;
use weir_tests::{books::IMPORTED, cloud::FIRST_TOKEN_SECRET, house::TABLE};

use crate::scene::{IMPORT, Scene, event, failed, outgoing, store_items};

/// Whether the item of a stream's record is in the table.
async fn is_stored(scene: &Scene, record: &Value) -> bool {
    let get = json!({ "TableName": TABLE, "Key": record["dynamodb"]["Keys"] });
    let (status, answer) = scene.house.store.answer("GetItem", &get.to_string()).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer.contains("\"Item\"")
}

// SPEC: G-01, KF-01
#[tokio::test]
async fn order_import_makes_orders_of_signals() {
    let scene = Scene::new().await;
    scene.sell("111-7392844-5510234");
    scene.sell("303-5418267-2291554");
    scene.catch_up();
    // The first signal is the poller's, which has kept a snapshot; for the others Amazon is asked.
    scene.house.tick().await;
    scene.empty_the_queues();
    let ran = scene.run("order-import.json").await;
    assert_eq!(*ran.answer(), failed(&[]));
    let (house, shop) = (&scene.house, &scene.shop);
    for (id, outcome, line) in [
        ("111-7392844-5510234", IMPORTED, "imported by poll"),
        ("303-5418267-2291554", IMPORTED, "imported by notification"),
        ("111-0018273-6645521", "failed order_not_found", "failed by tok_9x7v5t3r"),
    ] {
        assert_eq!(house.outcome(shop, id).await, outcome, "{id}");
        assert_eq!(house.timeline(shop, id).await, [line], "{id}");
    }
    assert!(house.is_in(shop, "111-7392844-5510234").await);
    house.settle().await;
    house.check_books(&shop.organization).await;
}

// SPEC: G-04
#[tokio::test]
async fn a_poison_message_of_a_batch_is_named_alone() {
    let scene = Scene::new().await;
    scene.sell("111-7392844-5510234");
    let ran = scene.run("order-import.poison.json").await;
    let poison = &event("order-import.poison.json")["Records"][1]["messageId"];
    assert_eq!(*ran.answer(), failed(&[poison]));
    assert!(scene.house.is_in(&scene.shop, "111-7392844-5510234").await);
    assert_eq!(scene.house.outcome(&scene.shop, "111-0018273-6645521").await, "failed order_not_found");
    let [complaint] = ran.complaints().try_into().unwrap();
    assert!(complaint.contains(poison.as_str().unwrap()), "{complaint}");
    assert!(complaint.contains("a message returns to its queue"), "{complaint}");
}

// SPEC: G-04
#[tokio::test]
async fn order_import_signals_what_waits() {
    let scene = Scene::new().await;
    scene.sell_sku("111-7392844-5510234", "NOT-A-SKU");
    scene.house.minutes(5).await;
    assert_eq!(scene.house.outcome(&scene.shop, "111-7392844-5510234").await, "waiting sku_not_matched");
    let ran = scene.run("order-import.recheck.json").await;
    assert_eq!(*ran.answer(), failed(&[]));
    let [signal] = scene.cloud.sent(IMPORT).try_into().unwrap();
    let signal: Value = serde_json::from_str(&signal).unwrap();
    assert_eq!(signal["channel_order_id"], "111-7392844-5510234");
    assert_eq!(signal["cause"], "waiting");
}

// SPEC: KF-14, G-01
#[tokio::test]
async fn amazon_notifications_makes_signals() {
    let scene = Scene::new().await;
    let de = scene.house.also_on(&scene.shop, &DE).await;
    scene.house.activate(&de).await;
    let ran = scene.run("amazon-notifications.json").await;
    assert_eq!(*ran.answer(), failed(&[]));
    let signals: Vec<Value> =
        scene.cloud.sent(IMPORT).iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    let named: Vec<(&Value, &Value)> =
        signals.iter().map(|signal| (&signal["connection"], &signal["channel_order_id"])).collect();
    let (us, de) = (json!(scene.shop.connection.as_str()), json!(de.connection.as_str()));
    assert_eq!(named, [(&us, &json!("903-8868176-2219830")), (&de, &json!("303-5418267-2291554"))]);
}

// SPEC: KF-14, G-04
#[tokio::test]
async fn a_notification_that_is_none_is_named_alone() {
    let scene = Scene::new().await;
    let de = scene.house.also_on(&scene.shop, &DE).await;
    scene.house.activate(&de).await;
    let ran = scene.run("amazon-notifications.poison.json").await;
    let poison = &event("amazon-notifications.poison.json")["Records"][0]["messageId"];
    assert_eq!(*ran.answer(), failed(&[poison]));
    assert_eq!(scene.cloud.sent(IMPORT).len(), 1);
}

// SPEC: KF-01
#[tokio::test]
async fn fba_order_poller_signals_what_shipped() {
    let scene = Scene::new().await;
    scene.sell("111-7392844-5510234");
    scene.catch_up();
    let ran = scene.run("fba-order-poller.json").await;
    assert_eq!(*ran.answer(), Value::Null);
    let [signal] = scene.cloud.sent(IMPORT).try_into().unwrap();
    let signal: Value = serde_json::from_str(&signal).unwrap();
    assert_eq!(signal["channel_order_id"], "111-7392844-5510234");
    assert_eq!(signal["cause"], "poll");
    assert!(signal["snapshot_at"].is_string(), "{signal}");
}

// SPEC: G-04, OP-03
#[tokio::test]
async fn sweeper_sends_what_the_stream_has_not() {
    let scene = Scene::new().await;
    scene.sell("111-7392844-5510234");
    scene.house.ask_for_quietly(&scene.shop, "111-7392844-5510234").await;
    assert_eq!(outgoing(&scene).await, 1);
    let ran = scene.run("sweeper.json").await;
    assert_eq!(*ran.answer(), Value::Null);
    assert_eq!(scene.cloud.announced(), ["OrderImported 111-7392844-5510234"]);
    assert_eq!(outgoing(&scene).await, 0);
}

// SPEC: OP-03
#[tokio::test]
async fn dispatcher_announces_and_removes() {
    let scene = Scene::new().await;
    let event = event("dispatcher.json");
    store_items(&scene, &event).await;
    assert_eq!(outgoing(&scene).await, 2);
    let ran = scene.run("dispatcher.json").await;
    assert_eq!(*ran.answer(), failed(&[]));
    let announced = scene.cloud.announced();
    assert_eq!(announced, ["OrderImported 111-7392844-5510234", "OrderDelivered 111-7392844-5510234"]);
    assert_eq!(outgoing(&scene).await, 0);
}

// SPEC: OP-03, G-04
#[tokio::test]
async fn dispatcher_queues_work_and_removes_it() {
    let scene = Scene::new().await;
    store_items(&scene, &event("dispatcher.recheck.json")).await;
    assert_eq!(outgoing(&scene).await, 1);
    let ran = scene.run("dispatcher.recheck.json").await;
    assert_eq!(*ran.answer(), failed(&[]));
    let [work] = scene.cloud.sent(IMPORT).try_into().unwrap();
    let work: Value = serde_json::from_str(&work).unwrap();
    assert_eq!((&work["kind"], &work["code"]), (&json!("recheck"), &json!("sku_not_matched")));
    assert_eq!(outgoing(&scene).await, 0);
}

// SPEC: OP-03
#[tokio::test]
async fn what_a_newer_build_left_to_be_sent_stays_for_it() {
    let scene = Scene::new().await;
    let event = event("dispatcher.newer.json");
    store_items(&scene, &event).await;
    let ran = scene.run("dispatcher.newer.json").await;
    assert_eq!(*ran.answer(), failed(&[]), "it holds up nothing behind it");
    assert_eq!(scene.cloud.announced(), ["OrderDelivered 111-7392844-5510234"]);
    assert!(is_stored(&scene, &event["Records"][0]).await);
    assert!(!is_stored(&scene, &event["Records"][1]).await);
    let [complaint] = ran.complaints().try_into().unwrap();
    assert!(complaint.contains("its shape 2 is not one that this build knows"), "{complaint}");
}

/// Lets the token of the console's events in.
async fn let_in(scene: &Scene, scope: Scope) {
    let event = event("console.json");
    let token = event["headers"]["authorization"].as_str().unwrap().trim_start_matches("Bearer ");
    let (organization, token) = (&scene.shop.organization, Secret::new(token.to_owned()));
    access::add_token(&scene.house.hub, organization, &token, "example", scope).await.unwrap();
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

// SPEC: G-03
#[tokio::test]
async fn console_lists_orders_to_who_has_a_token() {
    let scene = Scene::new().await;
    scene.sell("111-7392844-5510234");
    scene.house.ask_for(&scene.shop, "111-7392844-5510234").await;
    let ran = scene.run("console.json").await;
    assert_eq!(ran.answer()["statusCode"], 401, "nobody has this token yet");
    assert_eq!(body(ran.answer())["error"]["code"], "unauthorized");

    let_in(&scene, Scope::Read).await;
    let ran = scene.run("console.json").await;
    assert_eq!(ran.answer()["statusCode"], 200);
    let body = body(ran.answer());
    assert_eq!(body["data"][0]["order_no"], "111-7392844-5510234");
    assert_eq!(body["data"][0]["status"], "delivered");
}

#[tokio::test]
async fn console_lets_the_deployments_own_token_in_until_its_secret_has_another_value() {
    let scene = Scene::new().await;
    scene.cloud.keep_secret(FIRST_TOKEN_SECRET, "weir_example_token");
    for _ in 0..2 {
        let ran = scene.run("console.json").await;
        assert_eq!(ran.answer()["statusCode"], 200, "{}", ran.answer());
    }
    scene.cloud.keep_secret(FIRST_TOKEN_SECRET, "weir_another_token");
    let ran = scene.run("console.json").await;
    assert_eq!(ran.answer()["statusCode"], 401, "{}", ran.answer());
}

#[tokio::test]
async fn console_makes_what_is_posted() {
    let scene = Scene::new().await;
    let_in(&scene, Scope::Write).await;
    let ran = scene.run("console.post.json").await;
    assert_eq!(ran.answer()["statusCode"], 201, "{}", ran.answer());
    let made = body(ran.answer());
    assert_eq!(made["sku"], "MUG-GREEN-12");
    // With the same idempotency key it is made once.
    let again = scene.run("console.post.json").await;
    assert_eq!(
        (&again.answer()["statusCode"], body(again.answer())["id"].clone()),
        (&json!(201), made["id"].clone())
    );
}

#[tokio::test]
async fn console_sends_a_browser_to_its_sign_in_page() {
    let scene = Scene::new().await;
    let ran = scene.run("console.page.json").await;
    assert_eq!(ran.answer()["statusCode"], 303, "{}", ran.answer());
    assert_eq!(ran.answer()["headers"]["location"], "/sign-in");
}
