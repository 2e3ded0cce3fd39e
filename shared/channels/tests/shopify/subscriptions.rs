//! Webhook subscriptions: looked at first, made where they are missing, and taken back.

use serde_json::{Value, json};
use weir_channels::{
    channel::{ChannelError, WebhookStep},
    http::{HttpRequest, HttpResponse},
    shopify::SUBSCRIBED_TOPICS,
};

use crate::support::{answer, connection, operation, token, variables, webhooks};

const TARGET: &str = "https://hub.example.com/webhooks/shopify/con_1";

fn subscribe(answers: &[HttpResponse]) -> Result<WebhookStep, ChannelError> {
    webhooks().subscribe(&connection(), &token(), TARGET, answers)
}

fn asks(step: WebhookStep) -> HttpRequest {
    match step {
        WebhookStep::Ask(_, request) => request,
        other => panic!("{other:?}"),
    }
}

fn done(changed: &[&str], denied: &[&str]) -> WebhookStep {
    let texts = |topics: &[&str]| topics.iter().map(|topic| (*topic).to_owned()).collect();
    WebhookStep::Done { changed: texts(changed), denied: texts(denied) }
}

fn subscription(number: usize, topic: &str, uri: &str) -> Value {
    json!({"id": format!("gid://shopify/WebhookSubscription/{number}"), "topic": topic, "uri": uri})
}

fn listed(nodes: &[Value], next: Option<&str>) -> HttpResponse {
    let page = json!({"hasNextPage": next.is_some(), "endCursor": next});
    answer(&json!({"webhookSubscriptions": {"pageInfo": page, "nodes": nodes}}))
}

fn all() -> Vec<Value> {
    SUBSCRIBED_TOPICS.iter().enumerate().map(|(number, topic)| subscription(number, topic, TARGET)).collect()
}

fn created(errors: &[&str]) -> HttpResponse {
    let errors: Vec<Value> =
        errors.iter().map(|message| json!({"field": null, "message": message})).collect();
    answer(&json!({"webhookSubscriptionCreate": {"webhookSubscription": null, "userErrors": errors}}))
}

#[test]
fn where_all_is_there_nothing_is_made() {
    // SPEC: OP-08
    let request = asks(subscribe(&[]).unwrap());
    assert_eq!(operation(&request), "query WebhookSubscriptions");
    assert_eq!(subscribe(&[listed(&all(), None)]).unwrap(), done(&[], &[]));
    let (first, rest) = (all()[..10].to_vec(), all()[10..].to_vec());
    let request = asks(subscribe(&[listed(&first, Some("c1"))]).unwrap());
    assert_eq!(variables(&request)["after"], "c1");
    let pages = [listed(&first, Some("c1")), listed(&rest, None)];
    assert_eq!(subscribe(&pages).unwrap(), done(&[], &[]));
}

#[test]
fn what_shopify_removed_is_put_back() {
    // SPEC: OP-08
    let mut nodes = all();
    nodes.retain(|node| node["topic"] != "ORDERS_UPDATED" && node["topic"] != "REFUNDS_CREATE");
    // One that delivers elsewhere does not count, and stays.
    nodes.push(subscription(99, "ORDERS_UPDATED", "https://elsewhere.example.com/"));
    let mut answers = vec![listed(&nodes, None)];
    for topic in ["ORDERS_UPDATED", "REFUNDS_CREATE"] {
        let request = asks(subscribe(&answers).unwrap());
        assert_eq!(operation(&request), "mutation WebhookSubscriptionCreate");
        let wanted = json!({"topic": topic, "subscription": {"uri": TARGET, "format": "JSON"}});
        assert_eq!(variables(&request), wanted);
        answers.push(created(&[]));
    }
    assert_eq!(subscribe(&answers).unwrap(), done(&["ORDERS_UPDATED", "REFUNDS_CREATE"], &[]));
}

#[test]
fn a_refusal_is_told_and_one_that_is_there_by_now_is_none() {
    // SPEC: OP-08
    let mut nodes = all();
    nodes.retain(|node| node["topic"] != "ORDERS_CREATE");
    let listed = listed(&nodes, None);
    let taken = created(&["Address for this topic has already been taken"]);
    assert_eq!(subscribe(&[listed.clone(), taken]).unwrap(), done(&["ORDERS_CREATE"], &[]));
    let refused = subscribe(&[listed, created(&["Address is invalid"])]).unwrap_err();
    assert_eq!(refused, ChannelError::Refused("Address is invalid".to_owned()));
}

#[test]
fn a_topic_that_the_application_may_not_have_keeps_no_other_away() {
    // SPEC: KS-16, OP-08
    let mut nodes = all();
    nodes.retain(|node| !["RETURNS_CLOSE", "RETURNS_UPDATE"].contains(&node["topic"].as_str().unwrap()));
    let listed = listed(&nodes, None);
    let denied = created(&["You do not have permission to create webhooks with returns/close topic"]);
    let request = asks(subscribe(&[listed.clone(), denied.clone()]).unwrap());
    assert_eq!(variables(&request)["topic"], "RETURNS_UPDATE");
    let answers = [listed, denied, created(&[])];
    assert_eq!(subscribe(&answers).unwrap(), done(&["RETURNS_UPDATE"], &["RETURNS_CLOSE"]));
}

#[test]
fn a_target_that_shopify_cannot_reach_is_refused_before_anything_is_asked() {
    for target in ["", "http://hub.example.com/", "ftp://x", "https://a b", "arn:aws:sqs:eu-west-1:1:q"] {
        let error = webhooks().subscribe(&connection(), &token(), target, &[]).unwrap_err();
        assert!(matches!(error, ChannelError::Refused(_)), "{target}: {error}");
    }
    let bus = "arn:aws:events:eu-west-1::event-source/aws.partner/shopify.com/1234567/orders";
    assert!(webhooks().subscribe(&connection(), &token(), bus, &[]).is_ok());
}

#[test]
fn what_stands_in_for_shopify_may_deliver_without_tls() {
    let mut connection = connection();
    connection.endpoints.api = Some("http://127.0.0.1:4000".to_owned());
    let door = "http://127.0.0.1:3000/webhooks/shopify/con_1";
    assert!(webhooks().subscribe(&connection, &token(), door, &[]).is_ok());
    assert!(webhooks().subscribe(&connection, &token(), "ftp://127.0.0.1/", &[]).is_err());
}

#[test]
fn what_delivers_here_is_taken_back_and_nothing_else() {
    let unsubscribe =
        |answers: &[HttpResponse]| webhooks().unsubscribe(&connection(), &token(), TARGET, answers).unwrap();
    let nodes = [
        subscription(1, "ORDERS_CREATE", TARGET),
        subscription(2, "ORDERS_CREATE", "https://elsewhere.example.com/"),
        subscription(3, "CARTS_CREATE", TARGET),
    ];
    let mut answers = vec![listed(&nodes, None)];
    for number in [1, 3] {
        let request = asks(unsubscribe(&answers));
        assert_eq!(operation(&request), "mutation WebhookSubscriptionDelete");
        assert_eq!(variables(&request)["id"], format!("gid://shopify/WebhookSubscription/{number}"));
        let errors =
            if number == 3 { json!([{"message": "Webhook subscription does not exist"}]) } else { json!([]) };
        answers.push(answer(&json!({"webhookSubscriptionDelete": {"userErrors": errors}})));
    }
    assert_eq!(unsubscribe(&answers), done(&["ORDERS_CREATE", "CARTS_CREATE"], &[]));
}
