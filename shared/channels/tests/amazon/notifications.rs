//! Setting up notifications, done once and done twice, and reading what is no notification.

use serde_json::{Value, json};
use weir_channels::{
    amazon::CHANNEL,
    channel::{ChannelError, Grant, Notice, SubscribeStep},
    http::{HttpResponse, Method},
};

use crate::support::{TOKEN, US, connection, token};

const QUEUE: &str = "arn:aws:sqs:eu-west-1:444455556666:weir-amazon-notifications";

fn subscribe(queue: &str, answers: &[HttpResponse]) -> Result<SubscribeStep, ChannelError> {
    CHANNEL.notifications.unwrap().subscribe(&connection(US, "2026-01-01"), &token(), queue, answers)
}

/// What is asked after so many answers: grant, method, address and body.
fn asked(answers: &[HttpResponse]) -> (Grant, Method, String, Value) {
    match subscribe(QUEUE, answers).unwrap() {
        SubscribeStep::Ask(operation, grant, request) => {
            assert_eq!((operation.refill.as_millis(), operation.burst), (1_000, 5), "{}", operation.name);
            assert_eq!(request.header_value("x-amz-access-token"), Some(TOKEN));
            let path = request.url.split_once("amazon.com").unwrap().1.to_owned();
            let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
            (grant, request.method, path, body)
        }
        SubscribeStep::Subscribed { subscription } => panic!("already {subscription}"),
    }
}

fn ok(payload: Value) -> HttpResponse {
    HttpResponse::json(200, json!({ "payload": payload }).to_string())
}

fn destinations(arn: &str) -> HttpResponse {
    ok(json!([
        {"destinationId": "d-bridge", "name": "bridge", "resource": {"eventBridge": {"name": "x", "region": "y", "accountId": "1"}}},
        {"destinationId": "d-1", "name": "weir", "resource": {"sqs": {"arn": arn}}},
    ]))
}

fn not_found() -> HttpResponse {
    HttpResponse::json(404, r#"{"errors":[{"code":"NotFound","message":"none"}]}"#)
}

fn conflict() -> HttpResponse {
    HttpResponse::json(409, r#"{"errors":[{"code":"Conflict","message":"exists"}]}"#)
}

const DESTINATIONS: &str = "/notifications/v1/destinations";
const ORDER_CHANGE: &str = "/notifications/v1/subscriptions/ORDER_CHANGE";

#[test]
fn the_first_time_makes_a_destination_and_a_subscription() {
    // SPEC: KF-14
    let mut answers = Vec::new();
    assert_eq!(asked(&answers), (Grant::Application, Method::Get, DESTINATIONS.to_owned(), Value::Null));
    answers.push(ok(json!([])));
    let (grant, method, path, body) = asked(&answers);
    assert_eq!((grant, method, path.as_str()), (Grant::Application, Method::Post, DESTINATIONS));
    assert_eq!(body["resourceSpecification"], json!({"sqs": {"arn": QUEUE}}));
    assert!(body["name"].as_str().unwrap().starts_with("weir-"));
    answers.push(ok(json!({"destinationId": "d-1"})));
    let look = format!("{ORDER_CHANGE}?payloadVersion=1.0");
    assert_eq!(asked(&answers), (Grant::Merchant, Method::Get, look, Value::Null));
    answers.push(not_found());
    let body = json!({"payloadVersion": "1.0", "destinationId": "d-1"});
    assert_eq!(asked(&answers), (Grant::Merchant, Method::Post, ORDER_CHANGE.to_owned(), body));
    answers.push(ok(json!({"subscriptionId": "s-1", "payloadVersion": "1.0", "destinationId": "d-1"})));
    assert_eq!(subscribe(QUEUE, &answers), Ok(SubscribeStep::Subscribed { subscription: "s-1".to_owned() }));
}

#[test]
fn the_second_time_makes_nothing() {
    // SPEC: KF-14
    let answers = [
        destinations(QUEUE),
        ok(json!({"subscriptionId": "s-1", "payloadVersion": "1.0", "destinationId": "d-1"})),
    ];
    assert_eq!(asked(&answers[..1]).1, Method::Get);
    assert_eq!(subscribe(QUEUE, &answers), Ok(SubscribeStep::Subscribed { subscription: "s-1".to_owned() }));
}

#[test]
fn two_at_the_same_time_end_with_one() {
    // SPEC: KF-14
    let found = ok(json!({"subscriptionId": "s-1", "destinationId": "d-1"}));
    let mut answers = vec![destinations("arn:aws:sqs:eu-west-1:1:other"), conflict()];
    assert_eq!(asked(&answers).2, DESTINATIONS);
    answers.push(destinations(QUEUE));
    answers.extend([not_found(), conflict()]);
    assert_eq!(asked(&answers).1, Method::Get);
    answers.push(found);
    assert_eq!(subscribe(QUEUE, &answers), Ok(SubscribeStep::Subscribed { subscription: "s-1".to_owned() }));
}

#[test]
fn a_subscription_to_another_queue_is_left_alone() {
    let answers = [destinations(QUEUE), ok(json!({"subscriptionId": "s-9", "destinationId": "d-9"}))];
    let error = subscribe(QUEUE, &answers).unwrap_err();
    assert!(matches!(&error, ChannelError::Refused(why) if why.contains("another queue")), "{error}");
}

#[test]
fn a_queue_that_amazon_cannot_reach_is_refused() {
    for queue in [
        "",
        "weir",
        "https://sqs.eu-west-1.amazonaws.com/1/weir",
        "arn:aws:sqs:eu-west-1:1:weir.fifo",
        "arn:aws:sqs::1:q",
    ] {
        assert!(matches!(subscribe(queue, &[]), Err(ChannelError::Refused(_))), "{queue}");
    }
}

#[test]
fn a_refusal_on_the_way_is_told() {
    // SPEC: G-11
    let denied = HttpResponse::json(403, r#"{"errors":[{"code":"Unauthorized","message":"denied"}]}"#);
    assert!(matches!(subscribe(QUEUE, &[denied]), Err(ChannelError::Denied(_))));
    assert!(matches!(subscribe(QUEUE, &[HttpResponse::json(200, "[]")]), Err(ChannelError::Unreadable(_))));
}

#[test]
fn what_is_no_notification_is_refused_and_what_is_another_is_named() {
    // SPEC: KF-14
    let read = |body: &str| CHANNEL.notifications.unwrap().read(body.as_bytes());
    for body in [
        "",
        "{}",
        "[]",
        r#"{"NotificationType":"ORDER_CHANGE"}"#,
        r#"{"NotificationType":"ORDER_CHANGE","Payload":{"OrderChangeNotification":{"SellerId":"A1","AmazonOrderId":"a b"}}}"#,
        r#"{"NotificationType":"ORDER_CHANGE","Payload":{"OrderChangeNotification":{"AmazonOrderId":"1-2"}}}"#,
    ] {
        assert!(read(body).is_err(), "{body}");
    }
    let other = read(r#"{"notificationType":"ANY_OFFER_CHANGED"}"#).unwrap();
    assert_eq!(other, Notice::Other("a notification of type ANY_OFFER_CHANGED".to_owned()));
    let bare = r#"{"NotificationType":"ORDER_CHANGE","Payload":{"OrderChangeNotification":{"SellerId":"A1","AmazonOrderId":"1-2"}}}"#;
    let Notice::Order { marketplace, .. } = read(bare).unwrap() else { panic!() };
    assert_eq!(marketplace, None, "it goes to every connection of the seller");
}
