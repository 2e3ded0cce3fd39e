//! Destinations, subscriptions and what goes out.

use super::*;
use crate::amazon::Notice;

const ARN: &str = "arn:aws:sqs:us-east-1:123456789012:weir-amazon";

fn post(path: &str, token: &str, body: &str) -> HttpRequest {
    call(Method::Post, path, token).with_body("application/json", body)
}

fn subscribed() -> Amazon {
    let mut amazon = new();
    let (seller, app) = (token(&mut amazon, REFRESH, at(0)), token(&mut amazon, GRANTLESS, at(0)));
    let create = format!(r#"{{"name":"weir","resourceSpecification":{{"sqs":{{"arn":"{ARN}"}}}}}}"#);
    let path = "/notifications/v1/destinations";
    assert_eq!(amazon.handle(&post(path, &seller, &create), at(0)).status, 403, "it needs no seller's token");
    let made = json(&amazon.handle(&post(path, &app, &create), at(0)));
    let destination = made["payload"]["destinationId"].as_str().unwrap();
    assert_eq!(made["payload"]["resource"]["sqs"]["arn"], ARN);
    assert_eq!(amazon.handle(&post(path, &app, &create), at(0)).status, 409);
    let list = json(&amazon.handle(&get(path, &app), at(0)));
    assert_eq!(list["payload"][0]["destinationId"], destination);
    let path = "/notifications/v1/subscriptions/ORDER_CHANGE";
    assert_eq!(amazon.handle(&get(path, &seller), at(10)).status, 404);
    let subscribe = format!(r#"{{"payloadVersion":"1.0","destinationId":"{destination}"}}"#);
    let made = amazon.handle(&post(path, &seller, &subscribe), at(10));
    assert_eq!(made.status, 200);
    assert_eq!(amazon.handle(&post(path, &seller, &subscribe), at(10)).status, 409);
    let found = json(&amazon.handle(&get(path, &seller), at(10)));
    assert_eq!(found, json(&made));
    let wrong = subscribe.replace(destination, "elsewhere");
    assert_eq!(amazon.handle(&post(path, &seller, &wrong), at(20)).status, 400);
    amazon
}

fn about(notice: &Notice) -> (String, String) {
    let body: Value = serde_json::from_slice(&notice.body).unwrap();
    let change = &body["Payload"]["OrderChangeNotification"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&change["AmazonOrderId"]), text(&change["Summary"]["OrderStatus"]))
}

#[test]
fn a_subscriber_hears_of_each_new_status() {
    let mut amazon = subscribed();
    let id = shipped(&mut amazon, "A", 100);
    amazon.touch(&id, at(101));
    let notices = amazon.take_notifications(at(102));
    let told: Vec<_> = notices.iter().map(about).collect();
    assert_eq!(told, [(id.clone(), "Unshipped".to_owned()), (id.clone(), "Shipped".to_owned())]);
    assert!(notices.iter().all(|notice| notice.queue_arn == ARN));
    assert!(amazon.take_notifications(at(103)).is_empty());
    amazon.drop_subscriptions(SELLER);
    shipped(&mut amazon, "A", 104);
    assert!(amazon.take_notifications(at(105)).is_empty());
    amazon.subscribe(SELLER, "app", ARN);
    shipped(&mut amazon, "A", 106);
    assert_eq!(amazon.take_notifications(at(107)).len(), 2);
}

#[test]
fn notices_come_twice_late_or_never() {
    let mut amazon = subscribed();
    amazon.faults.doubled_notices = 1000;
    shipped(&mut amazon, "A", 100);
    let twice = amazon.take_notifications(at(100));
    assert_eq!(twice.len(), 4);
    assert_eq!(twice[0], twice[1], "the same id");
    amazon.faults.late_notices = 1000;
    amazon.faults.late_notice_seconds = 100;
    shipped(&mut amazon, "A", 200);
    assert!(amazon.take_notifications(at(200)).is_empty());
    assert_eq!(amazon.waiting_notifications(), 4);
    assert_eq!(amazon.take_notifications(at(300)).len(), 4);
    amazon.faults.lost_notices = 1000;
    shipped(&mut amazon, "A", 400);
    assert!(amazon.take_notifications(at(900)).is_empty());
}

#[test]
fn a_subscription_may_filter_and_be_removed() {
    let mut amazon = subscribed();
    let (seller, app) = (token(&mut amazon, REFRESH, at(100)), token(&mut amazon, GRANTLESS, at(100)));
    let path = "/notifications/v1/subscriptions/ORDER_CHANGE";
    let found = json(&amazon.handle(&get(path, &seller), at(100)))["payload"].clone();
    let by_id = format!("{path}/{}", found["subscriptionId"].as_str().unwrap());
    assert_eq!(amazon.handle(&get(&by_id, &app), at(100)).status, 200);
    assert_eq!(amazon.handle(&call(Method::Delete, &by_id, &app), at(100)).status, 200);
    assert_eq!(amazon.handle(&call(Method::Delete, &by_id, &app), at(100)).status, 404);
    let subscribe = format!(
        r#"{{"payloadVersion":"1.0","destinationId":{},"processingDirective":{{"eventFilter":{{"eventFilterType":
        "ORDER_CHANGE","marketplaceIds":["A1PA6795UKMFR9"]}}}}}}"#,
        found["destinationId"]
    );
    assert_eq!(amazon.handle(&post(path, &seller, &subscribe), at(100)).status, 200);
    shipped(&mut amazon, "A", 101);
    assert!(amazon.take_notifications(at(102)).is_empty());
    let list = format!("{}?notificationTypes=ORDER_CHANGE", path.trim_end_matches("/ORDER_CHANGE"));
    let list = json(&amazon.handle(&get(&list, &seller), at(200)));
    assert_eq!(list["payload"]["subscriptions"].as_array().unwrap().len(), 1);
}
