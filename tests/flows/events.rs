//! The events of `events/`, each through the handler of its function, as Lambda would hand them over.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::Value;
use tower::ServiceExt;
use weir_app::{
    Hub, access,
    gate::Site,
    ports::{Announcement, Bus, TransportError, ledger::Scope},
};
use weir_channels::channel::Secret;
use weir_functions::{amazon_notifications, dispatcher, fba_order_poller, order_import, sweeper};
use weir_sandbox::amazon::{
    OrderSpec,
    marketplaces::{DE, US},
};
use weir_tests::{
    At, House, Shop, When,
    books::IMPORTED,
    house::import_queue,
    shop::{MUG, line},
};

/// Whose the events are.
const ORGANIZATION: &str = "8k2m4q6s1w3y";
const CONNECTION: &str = "5b7d9f1h3j5l";
const SELLER: &str = "A3TH9S8BH6GOGM";

fn event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// As Lambda's runtime reads an event for a handler.
fn read<T: serde::de::DeserializeOwned>(event: Value) -> T {
    serde_json::from_value(event).unwrap()
}

/// As Lambda's runtime writes a handler's answer.
fn written<T: serde::Serialize>(answer: T) -> Value {
    serde_json::to_value(answer).unwrap()
}

async fn house() -> (House, Shop) {
    let house = House::with_notifications().await;
    let shop = house.shop_of(ORGANIZATION, CONNECTION, SELLER, &US).await;
    (house, shop)
}

fn numbered(id: &str) -> OrderSpec {
    OrderSpec { order_id: Some(id.to_owned()), ..OrderSpec::new(&US, vec![line(MUG, 2)]) }
}

fn empty_the_queue(house: &House) {
    for message in house.queue.receive(&import_queue(), 100, SignedDuration::ZERO) {
        house.queue.delete(&message);
    }
}

// SPEC: G-01, KF-01
#[tokio::test]
async fn order_import_takes_its_event() {
    let (house, shop) = house().await;
    house.clock.advance_to("2026-11-21T09:28:41Z".parse().unwrap());
    house.sell_spec(&shop, numbered("111-7392844-5510234"));
    house.sell_spec(&shop, numbered("303-5418267-2291554"));
    house.clock.advance_to("2026-11-21T09:31:00Z".parse().unwrap());
    // The poll has kept its snapshots; its own signals are those of the event.
    house.tick().await;
    empty_the_queue(&house);
    let answer = order_import::handle(&house.hub, read(event("order-import.json"))).await;
    assert_eq!(written(answer), serde_json::json!({"batchItemFailures": []}));
    assert_eq!(house.outcome(&shop, "111-7392844-5510234").await, IMPORTED);
    assert_eq!(house.timeline(&shop, "111-7392844-5510234").await, ["imported by poll"]);
    assert_eq!(house.outcome(&shop, "303-5418267-2291554").await, IMPORTED);
    assert_eq!(house.timeline(&shop, "303-5418267-2291554").await, ["imported by notification"]);
    assert_eq!(house.outcome(&shop, "111-0018273-6645521").await, "failed order_not_found");
    assert_eq!(house.timeline(&shop, "111-0018273-6645521").await, ["failed by tok_9x7v5t3r"]);
    house.settle().await;
    house.check_books(&shop.organization).await;
}

// SPEC: G-04
#[tokio::test]
async fn a_batch_names_what_failed_and_nothing_else() {
    let (house, shop) = house().await;
    house.sell_spec(&shop, numbered("111-7392844-5510234"));
    let mut batch = event("order-import.json");
    batch["Records"][1]["body"] = "{\"v\":1,\"kind\":\"look\"".into();
    // An organization that does not exist is nothing that waits: its message fails.
    batch["Records"][2]["body"] =
        batch["Records"][2]["body"].as_str().unwrap().replace(ORGANIZATION, "nobody").into();
    let failed = |record: usize| batch["Records"][record]["messageId"].clone();
    let expected = serde_json::json!({"batchItemFailures": [
        {"itemIdentifier": failed(1)}, {"itemIdentifier": failed(2)},
    ]});
    let answer = order_import::handle(&house.hub, read(batch.clone())).await;
    assert_eq!(written(answer), expected);
    assert_eq!(house.outcome(&shop, "111-7392844-5510234").await, IMPORTED);
}

// SPEC: KF-14, G-01
#[tokio::test]
async fn amazon_notifications_takes_its_event() {
    let (house, us) = house().await;
    let de = house.also_on(&us, &DE).await;
    house.activate(&de).await;
    let of_de = OrderSpec::new(&DE, vec![line(MUG, 2)]);
    house.sell_spec(&de, OrderSpec { order_id: Some("303-5418267-2291554".to_owned()), ..of_de });
    house.take_notices();
    let answer =
        amazon_notifications::handle(&house.hub, read(event("amazon-notifications.json"))).await.unwrap();
    assert_eq!(written(answer), serde_json::json!({"batchItemFailures": []}));
    house.settle().await;
    assert_eq!(house.outcome(&us, "903-8868176-2219830").await, "failed order_not_found");
    assert_eq!(house.outcome(&de, "303-5418267-2291554").await, IMPORTED);

    let mut batch = event("amazon-notifications.json");
    batch["Records"][0]["body"] = "not JSON".into();
    let name = batch["Records"][0]["messageId"].clone();
    let answer = amazon_notifications::handle(&house.hub, read(batch)).await.unwrap();
    assert_eq!(written(answer), serde_json::json!({"batchItemFailures": [{"itemIdentifier": name}]}));
}

// SPEC: KF-01
#[tokio::test]
async fn fba_order_poller_takes_its_event_and_reads_nothing_of_it() {
    let (house, shop) = house().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.take_notices();
    house.clock.advance(SignedDuration::from_mins(3));
    fba_order_poller::handle(&house.hub, event("fba-order-poller.json")).await.unwrap();
    house.consume().await;
    assert_eq!(house.outcome(&shop, &id).await, IMPORTED);
    fba_order_poller::handle(&house.hub, Value::Null).await.unwrap();
}

// SPEC: G-04, OP-03
#[tokio::test]
async fn sweeper_takes_its_event_and_dispatches_what_the_stream_has_not() {
    let (house, shop) = house().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    house.consume().await;
    assert!(house.announced().is_empty());
    house.clock.advance(SignedDuration::from_mins(1));
    sweeper::handle(&house.hub, event("sweeper.json")).await.unwrap();
    assert!(house.announced().is_empty(), "the stream may still do it");
    house.clock.advance(SignedDuration::from_mins(2));
    sweeper::handle(&house.hub, event("sweeper.json")).await.unwrap();
    assert_eq!(house.announced(), [format!("OrderImported {id}")]);
    house.check_books(&shop.organization).await;
}

/// A bus that has trouble.
struct BusInTrouble;

#[async_trait]
impl Bus for BusInTrouble {
    async fn announce(&self, _announcements: &[Announcement]) -> Result<(), TransportError> {
        Err(TransportError("in trouble".to_owned()))
    }
}

// SPEC: OP-03
#[tokio::test]
async fn dispatcher_takes_its_event() {
    let (house, _) = house().await;
    let answer = dispatcher::handle(&house.hub, read(event("dispatcher.json"))).await;
    assert_eq!(written(answer), serde_json::json!({"batchItemFailures": []}));
    let announced = house.announced();
    assert_eq!(announced.first().map(String::as_str), Some("OrderImported 111-7392844-5510234"));
    let records = event("dispatcher.json")["Records"].as_array().unwrap().len();
    assert_eq!(announced.len(), records);

    // A stream is in order: from the first failure on everything is tried again.
    let hub = Hub { bus: Arc::new(BusInTrouble), ..house.hub.clone() };
    let answer = dispatcher::handle(&hub, read(event("dispatcher.json"))).await;
    let first = event("dispatcher.json")["Records"][0]["dynamodb"]["SequenceNumber"].clone();
    assert_eq!(written(answer), serde_json::json!({"batchItemFailures": [{"itemIdentifier": first}]}));
}

// SPEC: OP-03, G-05
#[tokio::test]
async fn what_the_dispatcher_has_sent_is_gone_and_sent_again_only_after_a_crash() {
    let (house, shop) = house().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.take_notices();
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    house.consume().await;
    let at = At(Site::DispatchRemove, 0, When::Before);
    assert_eq!(house.crash(at, house.dispatch()).await, None);
    house.settle().await;
    let twice = format!("OrderImported {id}");
    assert_eq!(house.announced(), [twice.clone(), twice]);
    let ids: Vec<String> = house.bus.announced().into_iter().map(|announcement| announcement.id).collect();
    assert_eq!(ids[0], ids[1], "a repeated event can be recognised");
    house.check_books(&shop.organization).await;
}

// SPEC: G-03
#[tokio::test]
async fn console_takes_its_event() {
    let (house, shop) = house().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    let event = event("console.json");
    let token = event["headers"]["authorization"].as_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let text = |pointer: &str| event.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let request = || {
        let mut request = http::Request::builder()
            .method(text("/requestContext/http/method").as_str())
            .uri(format!("{}?{}", text("/rawPath"), text("/rawQueryString")));
        for (name, value) in event["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        request.body(axum::body::Body::empty()).unwrap()
    };
    let router = || weir_console::router(weir_console::Console { hub: house.hub.clone() });
    let refused = router().oneshot(request()).await.unwrap();
    assert_eq!(refused.status(), 401, "nobody has this token yet");

    access::add_token(&house.hub, &shop.organization, &Secret::new(token), "example", Scope::Read)
        .await
        .unwrap();
    let answer = router().oneshot(request()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["data"][0]["order_no"].as_str(), Some(id.as_str()));
    assert_eq!(body["data"][0]["status"], "delivered");
}
