//! What the handlers of the functions make of events that are not as usual, at times that a test sets.
//! As they come, the events of `events/` go through the real binaries: `functions/tests`.

use std::path::Path;

use jiff::SignedDuration;
use serde_json::Value;
use weir_app::gate::Site;
use weir_functions::{order_import, sweeper};
use weir_sandbox::amazon::{OrderSpec, marketplaces::US};
use weir_tests::{
    At, House, Shop, When,
    books::IMPORTED,
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

// SPEC: G-04, OP-03
#[tokio::test]
async fn sweeper_leaves_to_the_stream_what_is_young_and_reads_nothing_of_its_event() {
    let (house, shop) = house().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.clock.advance(SignedDuration::from_mins(3));
    house.tick().await;
    house.consume().await;
    assert!(house.announced().is_empty());
    house.clock.advance(SignedDuration::from_mins(1));
    sweeper::handle(&house.hub, Value::Null).await.unwrap();
    assert!(house.announced().is_empty(), "the stream may still do it");
    house.clock.advance(SignedDuration::from_mins(2));
    sweeper::handle(&house.hub, event("sweeper.json")).await.unwrap();
    assert_eq!(house.announced(), [format!("OrderImported {id}")]);
    house.check_books(&shop.organization).await;
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
