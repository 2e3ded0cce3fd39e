//! Subscriptions, and what goes out to them.

use weir_channels::channel::{About, WebhookError, WebhookStep};

use super::*;
use crate::shopify::{RefundSpec, Restock, ReturnStatus, Webhook};

const HOOK: &str = "https://weir.example/hooks/con_1";

/// Subscribes as the channel does, and says which topics were missing.
fn subscribe(shopify: &mut Shopify, now: Now) -> Vec<String> {
    let (connection, token) = (connection(), token(TOKEN));
    let mut answers = Vec::new();
    loop {
        match CHANNEL.webhooks.unwrap().subscribe(&connection, &token, HOOK, &answers).unwrap() {
            WebhookStep::Ask(_, request) => answers.push(shopify.handle(&request, now)),
            WebhookStep::Done { changed, denied } => {
                assert!(denied.is_empty());
                return changed;
            }
        }
    }
}

fn unsubscribe(shopify: &mut Shopify, now: Now) -> Vec<String> {
    let (connection, token) = (connection(), token(TOKEN));
    let mut answers = Vec::new();
    loop {
        match CHANNEL.webhooks.unwrap().unsubscribe(&connection, &token, HOOK, &answers).unwrap() {
            WebhookStep::Ask(_, request) => answers.push(shopify.handle(&request, now)),
            WebhookStep::Done { changed, .. } => return changed,
        }
    }
}

/// Receives a delivery as the door does.
fn receive(webhook: &Webhook, secret: &str) -> Result<weir_channels::channel::Delivery, WebhookError> {
    let webhooks = CHANNEL.webhooks.unwrap();
    let secrets = [Secret::new(secret)];
    webhooks.receive(&connection(), &secrets, &webhook.headers, &webhook.body, at(0).wall)
}

fn topics(webhooks: &[Webhook]) -> Vec<&str> {
    webhooks.iter().map(|webhook| webhook.topic).collect()
}

fn header<'a>(webhook: &'a Webhook, name: &str) -> &'a str {
    webhook.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str()).unwrap()
}

fn subscribed() -> Shopify {
    let mut shopify = new();
    assert_eq!(subscribe(&mut shopify, at(0)).len(), 25);
    shopify
}

#[test]
fn subscriptions_are_made_once_and_put_back_when_they_are_lost() {
    // SPEC: OP-08
    let mut shopify = subscribed();
    assert!(subscribe(&mut shopify, at(100)).is_empty());
    shopify.drop_subscriptions(SHOP);
    shopify.subscribe(SHOP, APP, &["ORDERS_CREATE"], HOOK);
    assert_eq!(subscribe(&mut shopify, at(200)).len(), 24);
    assert_eq!(shopify.subscribed(SHOP).len(), 25);
    shopify.subscribe(SHOP, APP, &["ORDERS_CREATE"], "https://elsewhere.example/");
    assert_eq!(unsubscribe(&mut shopify, at(300)).len(), 25);
    assert_eq!(shopify.subscribed(SHOP), [("ORDERS_CREATE", "https://elsewhere.example/")]);
}

#[test]
fn without_tls_nothing_is_delivered_but_to_the_machine_of_a_local_run() {
    let (connection, token) = (connection(), token(TOKEN));
    let stand_in = weir_domain::connection::Connection {
        endpoints: weir_domain::connection::Endpoints { api: Some(format!("https://{SHOP}")), token: None },
        ..connection
    };
    let mut shopify = new();
    let tried = |uri: &str, shopify: &mut Shopify| {
        let mut answers = Vec::new();
        loop {
            match CHANNEL.webhooks.unwrap().subscribe(&stand_in, &token, uri, &answers) {
                Ok(WebhookStep::Ask(_, request)) => answers.push(shopify.handle(&request, at(0))),
                Ok(WebhookStep::Done { changed, .. }) => return Ok(changed.len()),
                Err(error) => return Err(error),
            }
        }
    };
    let here = "http://127.0.0.1:3000/webhooks/shopify/con_1";
    assert!(matches!(tried(here, &mut shopify), Err(ChannelError::Refused(_))));
    shopify.delivers_on_this_machine = true;
    assert_eq!(tried(here, &mut shopify), Ok(25));
    assert!(tried("http://hub.example/", &mut shopify).is_err());
}

/// What happens, of which each topic is told.
type Life = fn(&mut Shopify, u64);

#[test]
fn each_topic_is_told_to_who_listens_and_leads_to_the_order() {
    let lives: [(Life, &[&str]); 10] = [
        (
            |shopify, id| {
                assert!(shopify.split(id, 0, 0, 1, at(9)));
                assert!(shopify.merge(id, 0, 2, at(9)));
                assert!(!shopify.merge(id, 0, 1, at(9)), "of two places");
                let order = shopify.order(id).unwrap();
                assert_eq!(order.fulfillment_orders[0].lines[0].remaining, 2);
            },
            &["fulfillment_orders/split", "orders/updated", "fulfillment_orders/merged", "orders/updated"],
        ),
        (
            |_, _| {},
            &[
                "orders/create",
                "fulfillment_orders/order_routing_complete",
                "fulfillment_orders/order_routing_complete",
            ],
        ),
        (|shopify, id| assert!(shopify.touch(id, at(9))), &["orders/updated"]),
        (
            |shopify, id| {
                assert!(shopify.hold(id, 0, "OTHER", Some("wait"), at(9)));
                assert!(shopify.release(id, 0, at(9)));
            },
            &[
                "fulfillment_orders/placed_on_hold",
                "fulfillment_holds/added",
                "orders/updated",
                "fulfillment_orders/hold_released",
                "fulfillment_holds/released",
                "orders/updated",
            ],
        ),
        (
            |shopify, id| assert!(shopify.move_to(id, 0, 1, at(9))),
            &["fulfillment_orders/moved", "orders/updated"],
        ),
        (
            |shopify, id| assert!(shopify.split(id, 0, 0, 1, at(9))),
            &["fulfillment_orders/split", "orders/updated"],
        ),
        (
            |shopify, id| {
                assert!(shopify.fulfill_units(id, 0, 2, None, at(9)));
                let back = shopify.request_return(id, &[(0, 1)], at(9)).unwrap();
                assert!(shopify.set_return(id, back, ReturnStatus::Open, at(9)));
                assert!(shopify.process_return(id, back, at(9)));
            },
            &[
                "fulfillments/create",
                "orders/updated",
                "returns/request",
                "orders/updated",
                "returns/approve",
                "orders/updated",
                "refunds/create",
                "returns/close",
                "orders/updated",
            ],
        ),
        (
            |shopify, id| {
                let one = RefundSpec { lines: vec![(0, 1, Restock::Cancel)], ..RefundSpec::default() };
                assert!(shopify.refund(id, &one, at(9)));
            },
            &["refunds/create", "orders/updated"],
        ),
        (
            |shopify, id| assert!(shopify.edit(id, &[crate::shopify::Edit::SetQuantity(0, 3)], at(9))),
            &["orders/edited", "orders/updated"],
        ),
        (
            |shopify, id| {
                assert!(shopify.cancel(id, at(9)));
                assert!(shopify.delete(id, at(9)));
            },
            &[
                "orders/cancelled",
                "refunds/create",
                "fulfillment_orders/cancelled",
                "fulfillment_orders/cancelled",
                "orders/updated",
                "orders/delete",
            ],
        ),
    ];
    for (life, told) in lives {
        let mut shopify = subscribed();
        let two =
            OrderSpec::new(vec![LineSpec::new("A", 2, 100), LineSpec::new("B", 1, 50).from_location(1)]);
        let id = place(&mut shopify, two, at(1));
        if !told.contains(&"orders/create") {
            shopify.take_webhooks(at(5));
        }
        life(&mut shopify, id);
        let webhooks = shopify.take_webhooks(at(10));
        assert_eq!(topics(&webhooks), told);
        for webhook in &webhooks {
            let delivery = receive(webhook, SECRET).unwrap();
            match delivery.about {
                About::Order(order) => assert_eq!(order.as_str(), id.to_string(), "{}", webhook.topic),
                About::Part(part) => {
                    let (connection, token) = (connection(), token(TOKEN));
                    let find = |answers: &[HttpResponse]| {
                        CHANNEL.webhooks.unwrap().find_order(&connection, &token, &part, answers).unwrap()
                    };
                    let weir_channels::channel::FindOrder::Ask(_, request) = find(&[]) else { panic!() };
                    let answer = shopify.handle(&request, at(20));
                    let found = find(&[answer]);
                    let expected = ChannelOrderId::parse(&id.to_string()).unwrap();
                    let is_gone = shopify.order(id).is_none();
                    if is_gone {
                        assert_eq!(found, weir_channels::channel::FindOrder::NotFound, "{}", webhook.topic);
                    } else {
                        assert_eq!(
                            found,
                            weir_channels::channel::FindOrder::Found(expected),
                            "{}",
                            webhook.topic
                        );
                    }
                }
                other => panic!("{} is about {other:?}", webhook.topic),
            }
        }
        assert!(shopify.take_webhooks(at(9_999)).is_empty());
    }
}

#[test]
fn a_signature_is_of_the_secret_and_for_an_hour_of_the_former_one() {
    let mut shopify = subscribed();
    place(&mut shopify, simple(), at(1));
    let webhooks = shopify.take_webhooks(at(1));
    let create = &webhooks[0];
    let delivery = receive(create, SECRET).unwrap();
    assert_eq!((delivery.account.as_str(), delivery.topic.as_str()), (SHOP, "orders/create"));
    assert_eq!(delivery.triggered_at, Some(at(1).wall));
    assert_eq!(delivery.api_version.as_deref(), Some("2026-10"));
    assert!(matches!(receive(create, "shpss_other"), Err(WebhookError::Unverified(_))));
    let mut forged = create.clone();
    forged.body.push(b' ');
    assert!(matches!(receive(&forged, SECRET), Err(WebhookError::Unverified(_))));
    shopify.rotate_secret(APP, "shpss_two", at(10));
    for (second, secret) in [(20, SECRET), (3_609, SECRET), (3_610, "shpss_two")] {
        place(&mut shopify, simple(), at(second));
        let webhook = shopify.take_webhooks(at(second)).remove(0);
        assert!(receive(&webhook, secret).is_ok(), "{second}");
    }
}

#[test]
fn one_event_has_one_id_for_all_its_topics_and_copies() {
    let mut shopify = subscribed();
    shopify.faults.doubled_webhooks = 1000;
    place(&mut shopify, simple(), at(1));
    let webhooks = shopify.take_webhooks(at(1));
    assert_eq!(webhooks.len(), 4);
    let events: Vec<&str> = webhooks.iter().map(|webhook| header(webhook, "X-Shopify-Event-Id")).collect();
    assert!(events.iter().all(|event| *event == events[0]));
    let mut deliveries: Vec<&str> =
        webhooks.iter().map(|webhook| header(webhook, "X-Shopify-Webhook-Id")).collect();
    deliveries.sort_unstable();
    deliveries.dedup();
    assert_eq!(deliveries.len(), 4);
    assert_eq!(webhooks[0].body, webhooks[1].body);
    place(&mut shopify, simple(), at(2));
    assert_ne!(header(&shopify.take_webhooks(at(2))[0], "X-Shopify-Event-Id"), events[0]);
}

#[test]
fn webhooks_come_late_again_stale_or_never() {
    let mut shopify = subscribed();
    shopify.faults.late_webhooks = 1000;
    shopify.faults.late_webhook_seconds = 100;
    let id = place(&mut shopify, simple(), at(1));
    assert!(shopify.take_webhooks(at(1)).is_empty());
    assert_eq!(shopify.take_webhooks(at(101)).len(), 2);
    shopify.faults.late_webhooks = 0;
    shopify.faults.resent_webhooks = 1000;
    shopify.touch(id, at(200));
    let first = shopify.take_webhooks(at(200));
    let again = shopify.take_webhooks(at(1_200));
    assert_eq!(first, again, "byte for byte");
    shopify.faults.resent_webhooks = 0;
    shopify.faults.stale_webhooks = 1000;
    shopify.archive(id, true, at(2_000));
    let stale: Value = serde_json::from_slice(&shopify.take_webhooks(at(2_000))[0].body).unwrap();
    assert!(stale["closed_at"].is_null() && stale["updated_at"] == "2026-11-20T08:03:20Z");
    shopify.faults.lost_webhooks = 1000;
    shopify.touch(id, at(3_000));
    assert!(shopify.take_webhooks(at(9_000)).is_empty());
}

#[test]
fn who_never_answers_loses_the_subscription_after_four_hours() {
    let mut shopify = subscribed();
    let id = place(&mut shopify, simple(), at(0));
    shopify.take_webhooks(at(0));
    shopify.touch(id, at(10));
    let first = shopify.take_webhooks(at(10)).remove(0);
    shopify.webhook_failed(&first, at(10));
    let (mut tries, mut last) = (1, 10);
    for second in 11..=20_000 {
        for webhook in shopify.take_webhooks(at(second)) {
            assert_eq!((&webhook.headers, &webhook.body), (&first.headers, &first.body), "the original");
            shopify.webhook_failed(&webhook, at(second));
            (tries, last) = (tries + 1, second);
        }
    }
    assert_eq!((tries, last), (9, 10 + 4 * 3_600));
    assert!(!shopify.subscribed(SHOP).iter().any(|(topic, _)| *topic == "ORDERS_UPDATED"));
    assert_eq!(shopify.subscribed(SHOP).len(), 24);
    shopify.touch(id, at(20_001));
    assert!(shopify.take_webhooks(at(20_001)).is_empty());
    assert_eq!(subscribe(&mut shopify, at(20_100)), ["ORDERS_UPDATED"]);
}

#[test]
fn a_partner_bus_gets_the_same_as_an_event() {
    let mut shopify = new();
    let arn = "arn:aws:events:eu-central-1::event-source/aws.partner/shopify.com/1234/weir";
    shopify.subscribe(SHOP, APP, &["ORDERS_CREATE", "FULFILLMENT_ORDERS_MOVED"], arn);
    let id = place(&mut shopify, simple(), at(1));
    assert!(shopify.move_to(id, 0, 1, at(2)));
    let webhooks = shopify.take_webhooks(at(2));
    assert_eq!(webhooks.len(), 2);
    for webhook in &webhooks {
        assert!(webhook.headers.is_empty() && webhook.uri == arn);
        let delivery = CHANNEL.webhooks.unwrap().receive_from_bus(&webhook.body).unwrap();
        assert_eq!((delivery.account.as_str(), delivery.topic.as_str()), (SHOP, webhook.topic));
        assert!(delivery.event_id.is_some() && delivery.delivery_id.is_some());
    }
}

#[test]
fn what_the_laws_of_privacy_ask_for_reaches_the_application() {
    // SPEC: OP-05
    let mut shopify = new();
    for topic in ["customers/data_request", "customers/redact", "shop/redact"] {
        shopify.ask_for_privacy(SHOP, topic, 7_100_000_000_001, &[6_000_000_004_096], at(5));
        let webhooks = shopify.take_webhooks(at(5));
        assert_eq!(
            (topics(&webhooks), webhooks[0].uri.as_str()),
            (vec![topic], "https://weir.example/privacy")
        );
        assert!(matches!(receive(&webhooks[0], SECRET).unwrap().about, About::Privacy(_)));
    }
}
