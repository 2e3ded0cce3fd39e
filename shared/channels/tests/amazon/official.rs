//! Amazon's own examples (specs and sandbox answers), held against what is made of them. They lie
//! beside the repository; where they are missing the tests say so and pass.

use serde_json::Value;
use weir_channels::channel::{Notice, Step};
use weir_channels::http::HttpResponse;
use weir_domain::{
    channel_order::{ChannelOrderState, ChargeKind, FulfilledBy, SoldBy},
    ids::ChannelOrderId,
};

use crate::support::{US, call, connection, official, orders, read, render, token};

/// The answer of an example, whether or not its request stands beside it.
fn answer(name: &str) -> Option<String> {
    let text = official(&format!("swagger-sandbox/{name}.json"))?;
    let example: Value = serde_json::from_str(&text).unwrap();
    Some(example.get("response").unwrap_or(&example).to_string())
}

macro_rules! answer_or_skip {
    ($name:expr) => {
        match answer($name) {
            Some(answer) => answer,
            None => {
                println!("skipped: Amazon's examples are not here ({})", $name);
                return;
            }
        }
    };
}

#[test]
fn the_examples_of_a_search_are_read() {
    // SPEC: KF-01
    for name in ["example", "static0", "static1", "static2"] {
        let text = answer_or_skip!(&format!("orders_2026-01-01.searchOrders.200.{name}"));
        let response = HttpResponse::json(200, text);
        let page = orders().page(&connection(US, "2026-01-01"), &response).unwrap();
        assert!(page.unreadable.is_empty() && page.listed.is_empty(), "{name}");
        assert!(!page.orders.is_empty(), "{name}");
        assert_eq!(page.next.is_some(), matches!(name, "example" | "static0"), "{name}");
        assert_eq!(page.until.is_some(), name == "example", "{name}");
        for raw in &page.orders {
            let order = read(&raw.format, &raw.body).unwrap();
            assert_eq!(order.channel_order_id, raw.channel_order_id);
            assert_eq!(order.updated_at, raw.updated_at);
            assert_eq!(order.marketplace, raw.marketplace);
            assert!(order.total.is_some() && !order.lines.is_empty(), "{}", render(&order));
        }
    }
    let refused = answer_or_skip!("orders_2026-01-01.searchOrders.400.static0");
    let error = orders().page(&connection(US, "2026-01-01"), &HttpResponse::json(400, refused)).unwrap_err();
    assert_eq!(error.to_string(), "the channel refused the request: 400 InvalidInput: Invalid Input");
}

#[test]
fn the_japanese_example_is_read() {
    // SPEC: KF-02, KF-11
    let text = answer_or_skip!("orders_2026-01-01.searchOrders.200.static0");
    let page = orders().page(&connection(US, "2026-01-01"), &HttpResponse::json(200, text)).unwrap();
    let order = read("2026-01-01", &page.orders[0].body).unwrap();
    assert_eq!(order.state, ChannelOrderState::Shipped);
    assert_eq!((order.fulfilled_by, order.sold_by), (FulfilledBy::Channel, SoldBy::Channel));
    assert_eq!(order.total.unwrap().to_string(), "19940 JPY");
    assert!(order.prices_include_tax);
    let amounts: Vec<String> = order.lines.iter().map(|line| line.amount.unwrap().to_string()).collect();
    assert_eq!(amounts, ["5980", "13960"]);
    assert!(order.lines.iter().all(|line| line.tax.is_none()), "no TAX is an unknown tax");
    assert_eq!(order.lines[1].serial_numbers.len(), 2);
}

#[test]
fn the_examples_of_one_order_are_read() {
    // SPEC: KF-06
    for name in ["example", "static0", "static1", "static2"] {
        let text = answer_or_skip!(&format!("orders_2026-01-01.getOrder.200.{name}"));
        let (connection, token) = (connection(US, "2026-01-01"), token());
        let id = ChannelOrderId::parse("202-1234567-8901234").unwrap();
        let step = orders().look(call(&connection, &token), &id, &[HttpResponse::json(200, text)]).unwrap();
        let Step::Have(raw) = step else { panic!("{name}: {step:?}") };
        let order = read(&raw.format, &raw.body).unwrap();
        if name == "example" {
            assert_eq!(order.request_number.as_deref(), Some("UK-MERCHANT-ORDER-2024-001"));
            assert_eq!(order.lines[0].tax.unwrap().to_string(), "3.00");
            let shipping = &order.lines[0].charges[0];
            assert_eq!(shipping.kind, ChargeKind::Shipping);
            assert_eq!(shipping.tax.unwrap().to_string(), "1.00");
            // 89.97 + 10.00 + 4.00 = 103.97: the example adds its tax, although British prices have it in.
            assert!(!order.prices_include_tax);
            assert_eq!(order.oddities.len(), 1, "{:?}", order.oddities);
        }
    }
}

#[test]
fn the_examples_of_v0_are_read() {
    // SPEC: KF-04
    let order = answer_or_skip!("ordersV0.getOrder.200.static0");
    let items = answer_or_skip!("ordersV0.getOrderItems.200.static0");
    let (connection, token) = (connection(US, "v0"), token());
    let id = ChannelOrderId::parse("902-1845936-5435065").unwrap();
    let answers = [HttpResponse::json(200, order), HttpResponse::json(200, items)];
    let step = orders().look(call(&connection, &token), &id, &answers).unwrap();
    let Step::Have(raw) = step else { panic!("{step:?}") };
    let order = read(&raw.format, &raw.body).unwrap();
    assert_eq!(order.total.unwrap().to_string(), "11.01 USD");
    assert_eq!(order.lines[0].amount.unwrap() + order.lines[0].tax.unwrap(), order.total.unwrap().amount);
    assert_eq!(order.fulfilled_by, FulfilledBy::Merchant);

    for (name, ids, next) in
        [("example", 1, true), ("static0", 2, false), ("static1", 1, true), ("static2", 1, false)]
    {
        let text = answer_or_skip!(&format!("ordersV0.getOrders.200.{name}"));
        let page = orders().page(&connection, &HttpResponse::json(200, text)).unwrap();
        assert!(page.orders.is_empty() && page.unreadable.is_empty());
        assert!(page.listed.len() >= ids, "{name}: {:?}", page.listed);
        assert_eq!(page.next.is_some(), next, "{name}");
    }
}

#[test]
fn the_example_of_v0_with_two_currencies_is_refused() {
    // SPEC: G-08
    let order = answer_or_skip!("ordersV0.getOrder.200.example");
    let items = answer_or_skip!("ordersV0.getOrderItems.200.example");
    let payload = |text: &str| serde_json::from_str::<Value>(text).unwrap()["payload"].clone();
    let filed = serde_json::json!({"order": payload(&order), "orderItems": payload(&items)["OrderItems"]});
    let error = read("v0", filed.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        error.message,
        "orderItems[0].BuyerInfo.GiftWrapPrice.CurrencyCode differs from the order's other amounts"
    );
}

#[test]
fn the_example_of_a_notification_is_read() {
    // SPEC: KF-14
    let notifications = weir_channels::amazon::CHANNEL.notifications.unwrap();
    let folder = "notification-schema-examples";
    let Some(text) = official(&format!("{folder}/OrderChangeNotification.0.json")) else {
        println!("skipped: Amazon's examples are not here (OrderChangeNotification)");
        return;
    };
    let expected = Notice::Order {
        account: "A3TH9S8BH6GOGM".to_owned(),
        marketplace: Some(US.to_owned()),
        channel_order_id: ChannelOrderId::parse("903-8868176-2219830").unwrap(),
    };
    assert_eq!(notifications.read(text.as_bytes()).unwrap(), expected);
    for (name, kind) in [
        ("FeedProcessingFinishedNotification.0", "FEED_PROCESSING_FINISHED"),
        ("ReportProcessingFinishedNotification.0", "REPORT_PROCESSING_FINISHED"),
        ("FulfillmentOrderStatusNotification.0", "FULFILLMENT_ORDER_STATUS"),
    ] {
        let text = official(&format!("{folder}/{name}.json")).unwrap();
        let notice = notifications.read(text.as_bytes()).unwrap();
        assert_eq!(notice, Notice::Other(format!("a notification of type {kind}")));
    }
}
