//! The embedded store through the real SDK, and its stream. No rule and no key of the product is tested here.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, ConditionCheck, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, KeysAndAttributes, Projection, ProjectionType, Put, PutRequest, ReturnConsumedCapacity,
    ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification, TransactWriteItem,
    Update, WriteRequest,
};

use super::*;

const TABLE: &str = "things";

/// A folder of the test's own, removed at the end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("weir-embedded-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Self(dir)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A client with a hook, whose retries do not make the test wait.
fn hooked(store: &EmbeddedStore, hook: Arc<dyn CallHook>) -> Client {
    let quick = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let config = store.client_with_hook(hook).config().to_builder().retry_config(quick);
    Client::from_conf(config.build())
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

async fn table(client: &Client) {
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name("by_age")
        .key_schema(key("kind", KeyType::Hash))
        .key_schema(key("age", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::All).build());
    let stream =
        StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("kind", ScalarAttributeType::S))
        .attribute_definitions(attribute("age", ScalarAttributeType::N))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index.build().unwrap())
        .stream_specification(stream.build().unwrap())
        .send()
        .await
        .unwrap();
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build().unwrap();
    client.update_time_to_live().table_name(TABLE).time_to_live_specification(ttl).send().await.unwrap();
}

async fn memory() -> (EmbeddedStore, Client) {
    let store = EmbeddedStore::in_memory().unwrap();
    let client = store.client();
    table(&client).await;
    (store, client)
}

async fn put(client: &Client, sk: &str, value: i64) {
    let call = client.put_item().table_name(TABLE).item("pk", s("p")).item("sk", s(sk));
    call.item("value", n(value)).send().await.unwrap();
}

async fn get(client: &Client, sk: &str) -> Option<AttributeValue> {
    let call = client.get_item().table_name(TABLE).key("pk", s("p")).key("sk", s(sk)).consistent_read(true);
    call.send().await.unwrap().item.and_then(|mut item| item.remove("value"))
}

fn put_new(sk: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(TABLE)
        .item("pk", s("p"))
        .item("sk", s(sk))
        .condition_expression("attribute_not_exists(pk)");
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

fn add(sk: &str, value: i64) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(TABLE)
        .key("pk", s("p"))
        .key("sk", s(sk))
        .update_expression("ADD #v :v")
        .expression_attribute_names("#v", "value")
        .expression_attribute_values(":v", n(value));
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

#[tokio::test]
async fn every_operation_goes_through_the_sdk() {
    let (_store, client) = memory().await;
    put(&client, "a", 1).await;
    assert_eq!(get(&client, "a").await, Some(n(1)));
    let described = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    assert!(described.latest_stream_arn.is_some());

    let updated = client.update_item().table_name(TABLE).key("pk", s("p")).key("sk", s("a"));
    let updated = updated
        .update_expression("SET #v = #v + :one")
        .expression_attribute_names("#v", "value")
        .expression_attribute_values(":one", n(1))
        .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew);
    assert_eq!(updated.send().await.unwrap().attributes.unwrap()["value"], n(2));

    let writes = (0..25).map(|i| {
        let put = PutRequest::builder().item("pk", s("p")).item("sk", s(&format!("b{i:02}")));
        let put = put.item("kind", s("k")).item("age", n(i));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    });
    let call = client.batch_write_item().request_items(TABLE, writes.collect());
    assert!(call.send().await.unwrap().unprocessed_items.unwrap_or_default().is_empty());

    let keys = KeysAndAttributes::builder()
        .keys([("pk".to_owned(), s("p")), ("sk".to_owned(), s("b00"))].into())
        .keys([("pk".to_owned(), s("p")), ("sk".to_owned(), s("nothing"))].into())
        .consistent_read(true);
    let got = client.batch_get_item().request_items(TABLE, keys.build().unwrap()).send().await.unwrap();
    assert_eq!(got.responses.unwrap()[TABLE].len(), 1);

    let query = client.query().table_name(TABLE).index_name("by_age").limit(10);
    let query = query
        .key_condition_expression("kind = :k AND age > :a")
        .expression_attribute_values(":k", s("k"))
        .expression_attribute_values(":a", n(3))
        .scan_index_forward(false);
    let page = query.clone().send().await.unwrap();
    assert_eq!(page.count, 10);
    let rest = query.limit(100).set_exclusive_start_key(page.last_evaluated_key).send().await.unwrap();
    assert_eq!(rest.count, 11);
    assert_eq!(rest.last_evaluated_key, None);

    assert_eq!(client.scan().table_name(TABLE).send().await.unwrap().count, 26);
    let read = aws_sdk_dynamodb::types::Get::builder().table_name(TABLE);
    let read = read.key("pk", s("p")).key("sk", s("a")).build().unwrap();
    let read = aws_sdk_dynamodb::types::TransactGetItem::builder().get(read).build();
    let read = client.transact_get_items().transact_items(read).send().await.unwrap();
    assert_eq!(read.responses.unwrap()[0].item.as_ref().unwrap()["value"], n(2));

    client.delete_item().table_name(TABLE).key("pk", s("p")).key("sk", s("a")).send().await.unwrap();
    assert_eq!(get(&client, "a").await, None);
}

#[tokio::test]
async fn a_refused_transaction_changes_nothing_and_says_which_item_and_why() {
    let (_store, client) = memory().await;
    put(&client, "there", 7).await;
    let check = ConditionCheck::builder()
        .table_name(TABLE)
        .key("pk", s("p"))
        .key("sk", s("there"))
        .condition_expression("#v = :v")
        .expression_attribute_names("#v", "value")
        .expression_attribute_values(":v", n(8))
        .return_values_on_condition_check_failure("ALL_OLD".into());
    let check = TransactWriteItem::builder().condition_check(check.build().unwrap()).build();
    let call = client.transact_write_items().transact_items(put_new("new")).transact_items(check);
    let error = call.transact_items(add("there2", 1)).send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else {
        panic!("{error:?}");
    };
    let reasons = canceled.cancellation_reasons();
    let codes: Vec<_> = reasons.iter().map(|r| r.code().unwrap_or_default()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "None"]);
    assert_eq!(reasons[1].item().unwrap()["value"], n(7));
    assert_eq!(get(&client, "new").await, None);
    assert_eq!(get(&client, "there2").await, None);
}

#[tokio::test]
async fn a_failed_condition_carries_the_stored_item() {
    let (_store, client) = memory().await;
    put(&client, "a", 7).await;
    let call = client.put_item().table_name(TABLE).item("pk", s("p")).item("sk", s("a"));
    let call = call.condition_expression("attribute_not_exists(pk)");
    let error = call.return_values_on_condition_check_failure("ALL_OLD".into()).send().await.unwrap_err();
    let error = error.into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(failed.item().unwrap()["value"], n(7));
}

#[tokio::test]
async fn a_token_makes_a_repeated_transaction_one() {
    let (_store, client) = memory().await;
    for _ in 0..3 {
        let call = client.transact_write_items().client_request_token("one-token");
        call.transact_items(add("a", 5)).send().await.unwrap();
    }
    assert_eq!(get(&client, "a").await, Some(n(5)));
    let call = client.transact_write_items().client_request_token("one-token");
    let error = call.transact_items(add("a", 6)).send().await.unwrap_err();
    assert_eq!(error.code(), Some("IdempotentParameterMismatchException"));
}

#[tokio::test]
async fn mistakes_are_validation_errors() {
    let (_store, client) = memory().await;
    let call = client.get_item().table_name(TABLE).key("pk", s("p")).send().await;
    assert_eq!(call.unwrap_err().code(), Some("ValidationException"));
    let call = client.get_item().table_name("none").key("pk", s("p")).send().await;
    assert_eq!(call.unwrap_err().code(), Some("ResourceNotFoundException"));
    let call = client.put_item().table_name(TABLE).item("pk", s("p")).item("sk", s("x"));
    let call = call.item("big", s(&"x".repeat(400 * 1024))).send().await;
    assert_eq!(call.unwrap_err().code(), Some("ValidationException"));
    let call = client.query().table_name(TABLE).index_name("by_age").consistent_read(true);
    let call = call.key_condition_expression("kind = :k").expression_attribute_values(":k", s("k"));
    assert_eq!(call.send().await.unwrap_err().code(), Some("ValidationException"));
    let call = client.list_backups().send().await;
    assert_eq!(call.unwrap_err().code(), Some("UnknownOperationException"));
}

#[tokio::test]
async fn consumed_capacity_comes_back_as_asked() {
    let (_store, client) = memory().await;
    let total = ReturnConsumedCapacity::Total;
    let call = client.put_item().table_name(TABLE).item("pk", s("p")).item("sk", s("a"));
    let call = call.item("blob", s(&"x".repeat(3000))).return_consumed_capacity(total.clone());
    assert_eq!(call.send().await.unwrap().consumed_capacity.unwrap().capacity_units, Some(3.0));

    let read = client.get_item().table_name(TABLE).key("pk", s("p")).key("sk", s("a"));
    let read = read.return_consumed_capacity(total.clone());
    let weak = read.clone().send().await.unwrap().consumed_capacity.unwrap();
    let strong = read.consistent_read(true).send().await.unwrap().consumed_capacity.unwrap();
    assert_eq!((weak.capacity_units, strong.capacity_units), (Some(0.5), Some(1.0)));

    let call = client.transact_write_items().return_consumed_capacity(ReturnConsumedCapacity::Indexes);
    let call = call.transact_items(put_new("b")).transact_items(add("c", 1)).send().await.unwrap();
    let used = &call.consumed_capacity.unwrap()[0];
    assert_eq!(used.capacity_units, Some(4.0));
    assert_eq!(used.table().unwrap().capacity_units, Some(4.0));

    let call = client.put_item().table_name(TABLE).item("pk", s("p")).item("sk", s("d"));
    let call = call.item("kind", s("k")).item("age", n(1));
    let used = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await.unwrap();
    let used = used.consumed_capacity.unwrap();
    assert_eq!(used.capacity_units, Some(2.0));
    assert_eq!(used.global_secondary_indexes().unwrap()["by_age"].capacity_units, Some(1.0));
}

/// Loses the answer of the first write, counts attempts.
#[derive(Default)]
struct LoseFirstAnswer(Mutex<Vec<String>>);

impl CallHook for LoseFirstAnswer {
    fn after(&self, call: &Call<'_>, _status: u16, _answer: &str) -> Verdict {
        let mut seen = self.0.lock().unwrap();
        seen.push(call.operation.to_owned());
        if seen.len() == 1 { Verdict::Break } else { Verdict::Proceed }
    }
}

#[tokio::test]
async fn a_lost_answer_is_tried_again_and_the_transaction_stays_one() {
    let (store, client) = memory().await;
    let hook = Arc::new(LoseFirstAnswer::default());
    let lossy = hooked(&store, hook.clone());
    lossy
        .transact_write_items()
        .transact_items(put_new("a"))
        .transact_items(add("b", 2))
        .send()
        .await
        .unwrap();
    assert_eq!(hook.0.lock().unwrap().len(), 2);
    assert_eq!(get(&client, "b").await, Some(n(2)));

    let lossy = hooked(&store, Arc::new(LoseFirstAnswer::default()));
    let call = lossy.put_item().table_name(TABLE).item("pk", s("p")).item("sk", s("c"));
    let call = call.condition_expression("attribute_not_exists(pk)").send().await;
    // The known trap of a plain conditional put: it refuses its own write.
    assert!(
        matches!(call, Err(SdkError::ServiceError(e)) if e.err().is_conditional_check_failed_exception())
    );
}

/// Throttles the first two attempts.
#[derive(Default)]
struct Throttle(Mutex<u32>);

impl CallHook for Throttle {
    fn before(&self, _call: &Call<'_>) -> Verdict {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        if *count <= 2 { Verdict::throttled() } else { Verdict::Proceed }
    }
}

#[tokio::test]
async fn throttling_is_retried_by_the_sdk() {
    let (store, client) = memory().await;
    put(&hooked(&store, Arc::new(Throttle::default())), "a", 1).await;
    assert_eq!(get(&client, "a").await, Some(n(1)));
}

#[tokio::test]
async fn a_folder_opens_again_with_everything_in_it() {
    let folder = Folder::new("reopen");
    {
        let store = EmbeddedStore::open(folder.path()).unwrap();
        let client = store.client();
        table(&client).await;
        put(&client, "a", 1).await;
        let second = EmbeddedStore::open(folder.path());
        assert!(matches!(second, Err(EmbeddedError::InUse { .. })), "{second:?}");
    }
    let store = EmbeddedStore::open(folder.path()).unwrap();
    assert_eq!(get(&store.client(), "a").await, Some(n(1)));
}

#[tokio::test]
async fn what_a_killed_process_leaves_behind_opens_complete() {
    let (folder, left) = (Folder::new("killed"), Folder::new("left"));
    let store = EmbeddedStore::open(folder.path()).unwrap();
    let client = store.client();
    table(&client).await;
    for i in 0..20 {
        client
            .transact_write_items()
            .transact_items(add("a", i))
            .transact_items(add("b", i))
            .send()
            .await
            .unwrap();
    }
    // The files as a kill -9 leaves them: the write-ahead log is not folded in, nothing is closed.
    std::fs::create_dir_all(left.path()).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name();
        if !name.to_string_lossy().ends_with("-shm") {
            std::fs::copy(folder.path().join(&name), left.path().join(&name)).unwrap();
        }
    }
    let survivor = EmbeddedStore::open(left.path()).unwrap();
    assert_eq!(get(&survivor.client(), "a").await, Some(n(190)));
    assert_eq!(get(&survivor.client(), "b").await, Some(n(190)));
    let page = survivor.records_after(TABLE, &StreamPosition::start(), 100).await.unwrap();
    assert_eq!(page.records.len(), 40);
}

#[tokio::test]
async fn the_stream_goes_on_where_it_was_after_a_restart() {
    let folder = Folder::new("stream");
    let kept = {
        let store = EmbeddedStore::open(folder.path()).unwrap();
        let client = store.client();
        table(&client).await;
        put(&client, "a", 1).await;
        put(&client, "a", 2).await;
        let call = client.transact_write_items().transact_items(put_new("b")).transact_items(add("c", 1));
        call.send().await.unwrap();
        client.delete_item().table_name(TABLE).key("pk", s("p")).key("sk", s("a")).send().await.unwrap();

        let page = store.records_after(TABLE, &StreamPosition::start(), 3).await.unwrap();
        let seen: Vec<_> = page.records.iter().map(|r| (r.event, r.keys["sk"].clone())).collect();
        assert_eq!(
            seen,
            [(StreamEvent::Insert, s("a")), (StreamEvent::Modify, s("a")), (StreamEvent::Insert, s("b"))]
        );
        assert_eq!(page.records[1].new_image.as_ref().unwrap()["value"], n(2));
        page.next.to_string()
    };
    let store = EmbeddedStore::open(folder.path()).unwrap();
    let position: StreamPosition = kept.parse().unwrap();
    let page = store.records_after(TABLE, &position, 100).await.unwrap();
    let seen: Vec<_> = page.records.iter().map(|r| (r.event, r.keys["sk"].clone())).collect();
    assert_eq!(seen, [(StreamEvent::Insert, s("c")), (StreamEvent::Remove, s("a"))]);
    assert_eq!(page.records[1].new_image, None);
    assert_eq!(store.latest_position(TABLE).await.unwrap(), page.next);

    let empty = store.records_after(TABLE, &page.next, 100).await.unwrap();
    assert_eq!((empty.records.len(), &empty.next), (0, &page.next));

    assert_eq!(store.forget_records_before(TABLE, &page.next).await.unwrap(), 4);
    put(&store.client(), "d", 1).await;
    assert_eq!(store.records_after(TABLE, &page.next, 100).await.unwrap().records.len(), 1);
    let lost = store.records_after(TABLE, &position, 100).await.unwrap_err();
    assert!(lost.is_position_lost(), "{lost}");
    assert_eq!(store.records_after(TABLE, &StreamPosition::start(), 100).await.unwrap().records.len(), 2);
}

#[tokio::test]
async fn a_strange_place_is_refused() {
    let (store, client) = memory().await;
    put(&client, "a", 1).await;
    for text in ["", "5", "x/5", "/100000000000000000005", "x/-1"] {
        assert!(text.parse::<StreamPosition>().is_err(), "{text}");
    }
    let other_life: StreamPosition = "1.000000000/101700000000000000000".parse().unwrap();
    assert!(store.records_after(TABLE, &other_life, 1).await.unwrap_err().is_position_lost());
    let none = store.records_after("none", &StreamPosition::start(), 1).await.unwrap_err();
    assert!(matches!(none, EmbeddedError::NoStream { .. }));
    let start = StreamPosition::start();
    assert_eq!(start.to_string().parse::<StreamPosition>().unwrap(), start);
}

#[tokio::test]
async fn a_sweep_removes_what_has_expired_and_says_so_in_the_stream() {
    let (store, client) = memory().await;
    let mut writes = store.writes();
    for (sk, expires) in [("old", 1_000_000_000), ("new", 99_999_999_999)] {
        let call = client.put_item().table_name(TABLE).item("pk", s("p")).item("sk", s(sk));
        call.item("expires_at", n(expires)).send().await.unwrap();
    }
    assert!(writes.has_changed().unwrap());
    let _ = *writes.borrow_and_update();
    let before = store.latest_position(TABLE).await.unwrap();
    let swept = store.sweep_ttl().await.unwrap();
    let page = store.records_after(TABLE, &before, 10).await.unwrap();
    assert_eq!((swept, page.records.len(), page.records[0].event), (1, 1, StreamEvent::Remove));
    assert_eq!(client.scan().table_name(TABLE).send().await.unwrap().count, 1);
}
