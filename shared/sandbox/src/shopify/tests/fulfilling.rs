//! Fulfillments that an application makes.

use weir_channels::channel::{FulfilledPart, MadeFulfillment, NewFulfillment};
use weir_domain::sales_order::Tracking;

use super::*;
use crate::shopify::Delivery;

fn tracking(number: &str) -> Vec<Tracking> {
    vec![Tracking {
        number: Some(number.to_owned()),
        carrier: Some("UPS".to_owned()),
        url: Some(format!("https://ups.example/{number}")),
    }]
}

/// Some units of lines of an order's fulfillment orders, by their places.
fn wanted(shopify: &Shopify, id: u64, parts: &[(usize, &[(usize, i64)])]) -> NewFulfillment {
    let order = shopify.order(id).unwrap();
    let part = |(part, lines): &(usize, &[(usize, i64)])| {
        let part = &order.fulfillment_orders[*part];
        let lines = lines.iter().map(|(line, units)| (part.lines[*line].id.to_string(), *units));
        FulfilledPart { fulfillment_order: part.id.to_string(), lines: lines.collect() }
    };
    NewFulfillment { parts: parts.iter().map(part).collect(), tracking: tracking("1Z9"), notify: true }
}

fn create(shopify: &mut Shopify, new: &NewFulfillment, now: Now) -> Result<MadeFulfillment, ChannelError> {
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let fulfillments = CHANNEL.fulfillments.unwrap();
    let (_, request) = fulfillments.create(call, new).unwrap();
    fulfillments.read(&shopify.handle(&request, now))
}

fn two_places() -> OrderSpec {
    OrderSpec::new(vec![
        LineSpec::new("A", 4, 100),
        LineSpec::new("B", 1, 50),
        LineSpec::new("C", 1, 70).from_location(1),
    ])
}

#[test]
fn what_was_asked_for_is_shipped_and_heard_back() {
    // SPEC: KS-41, KS-43, KS-46
    let mut shopify = new();
    let id = place(&mut shopify, two_places(), at(0));
    shopify.subscribe(SHOP, APP, &["FULFILLMENTS_CREATE", "ORDERS_UPDATED"], "https://weir.example/");
    let most = wanted(&shopify, id, &[(0, &[(0, 3), (1, 1)])]);
    let made = create(&mut shopify, &most, at(60)).unwrap();
    let order = shopify.order(id).unwrap();
    let one = &order.fulfillments[0];
    assert_eq!((made.id, made.numbers), (one.id.to_string(), vec!["1Z9".to_owned()]));
    assert_eq!(made.created_at, Some(at(60).wall));
    assert!(one.by_application && one.told_buyer);
    assert_eq!(one.tracking[0].url.as_deref(), Some("https://ups.example/1Z9"));
    assert_eq!((order.shipped(0), order.shipped(1), order.shipped(2)), (3, 1, 0));
    assert_eq!(order.fulfillment_status(), "PARTIALLY_FULFILLED");
    let told: Vec<&str> = shopify.take_webhooks(at(60)).iter().map(|webhook| webhook.topic).collect();
    assert_eq!(told, ["fulfillments/create", "orders/updated"]);
    let last = wanted(&shopify, id, &[(0, &[(0, 1)])]);
    create(&mut shopify, &last, at(70)).unwrap();
    let elsewhere = wanted(&shopify, id, &[(1, &[(0, 1)])]);
    create(&mut shopify, &elsewhere, at(80)).unwrap();
    assert_eq!(shopify.order(id).unwrap().fulfillment_status(), "FULFILLED");
}

#[test]
fn what_an_application_made_can_be_made_again_in_a_shop_of_the_same_orders() {
    let opened = || {
        let mut shopify = new();
        let id = place(&mut shopify, OrderSpec { order_id: Some(6_000_000_000_123), ..two_places() }, at(0));
        (shopify, id)
    };
    let (mut shopify, id) = opened();
    let some = wanted(&shopify, id, &[(0, &[(0, 3), (1, 1)])]);
    create(&mut shopify, &some, at(60)).unwrap();
    let too_many = wanted(&shopify, id, &[(0, &[(0, 3)])]);
    assert!(create(&mut shopify, &too_many, at(61)).is_err());
    let made = shopify.take_made();
    assert_eq!(made.len(), 1, "what was refused was not made");
    assert!(shopify.take_made().is_empty());

    let (mut again, _) = opened();
    assert!(again.make_again(&made[0]));
    assert_eq!(again.order(id), shopify.order(id));
    assert!(!again.make_again(&made[0]), "three of four are gone");
    assert!(!new().make_again(&made[0]), "no such order");
}

#[test]
fn who_asks_twice_ships_twice() {
    // SPEC: G-11: it is not idempotent, and a lost answer has still acted.
    let mut shopify = new();
    let id = place(&mut shopify, two_places(), at(0));
    let two = wanted(&shopify, id, &[(0, &[(0, 2)])]);
    shopify.faults.lost_answers = 1000;
    assert!(matches!(create(&mut shopify, &two, at(10)), Err(ChannelError::Trouble(_))));
    assert_eq!(shopify.order(id).unwrap().shipped(0), 2, "it was done");
    shopify.faults.lost_answers = 0;
    create(&mut shopify, &two, at(20)).unwrap();
    assert_eq!(shopify.order(id).unwrap().shipped(0), 4);
    let third = create(&mut shopify, &two, at(30));
    assert!(matches!(third, Err(ChannelError::Refused(_))), "{third:?}");
    shopify.faults.server_errors = 1000;
    let other = wanted(&shopify, id, &[(1, &[(0, 1)])]);
    assert!(matches!(create(&mut shopify, &other, at(40)), Err(ChannelError::Trouble(_))));
    assert_eq!(shopify.order(id).unwrap().shipped(2), 0, "it was not done");
}

#[test]
fn what_cannot_be_shipped_is_refused_and_changes_nothing() {
    let mut shopify = new();
    let id = place(&mut shopify, two_places(), at(0));
    let other = place(&mut shopify, two_places(), at(0));
    let before = shopify.order(id).unwrap().clone();
    let both_places = wanted(&shopify, id, &[(0, &[(0, 1)]), (1, &[(0, 1)])]);
    let too_many = wanted(&shopify, id, &[(0, &[(1, 1), (0, 5)])]);
    let mut of_two_orders = wanted(&shopify, id, &[(0, &[(0, 1)])]);
    of_two_orders.parts.extend(wanted(&shopify, other, &[(0, &[(0, 1)])]).parts);
    let mut of_another = wanted(&shopify, id, &[(0, &[(0, 1)])]);
    of_another.parts[0].lines = wanted(&shopify, other, &[(0, &[(0, 1)])]).parts[0].lines.clone();
    let mut unknown = wanted(&shopify, id, &[(0, &[(0, 1)])]);
    unknown.parts[0].fulfillment_order = "77".to_owned();
    for bad in [&both_places, &too_many, &of_two_orders, &of_another, &unknown] {
        assert!(matches!(create(&mut shopify, bad, at(9)), Err(ChannelError::Refused(_))));
        assert_eq!(shopify.order(id), Some(&before));
    }
    let right = wanted(&shopify, id, &[(0, &[(0, 1)])]);
    assert!(shopify.hold(id, 0, "OTHER", None, at(10)));
    assert!(matches!(create(&mut shopify, &right, at(11)), Err(ChannelError::Refused(_))), "held");
    assert!(shopify.release(id, 0, at(12)));
    shopify.install(SHOP, APP, &["read_orders"]);
    assert!(matches!(create(&mut shopify, &right, at(13)), Err(ChannelError::Denied(_))));
    shopify.install(SHOP, APP, &ALL_SCOPES);
    assert!(shopify.cancel(id, at(14)));
    assert!(matches!(create(&mut shopify, &right, at(15)), Err(ChannelError::Refused(_))), "cancelled");
}

#[test]
fn an_empty_list_of_lines_ships_everything() {
    // It is why Weir never sends one.
    let mut shopify = new();
    let id = place(&mut shopify, OrderSpec { delivery: Delivery::PickUp, ..two_places() }, at(0));
    let part = shopify.order(id).unwrap().fulfillment_orders[0].id;
    let body = serde_json::json!({
        "query": "mutation All($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) \
                  { fulfillment { id } userErrors { message } } }",
        "variables": { "fulfillment": { "lineItemsByFulfillmentOrder": [
            { "fulfillmentOrderId": format!("gid://shopify/FulfillmentOrder/{part}") },
        ] } },
    });
    let request = HttpRequest::new(
        weir_channels::http::Method::Post,
        format!("https://{SHOP}/admin/api/2026-10/graphql.json"),
    )
    .header("x-shopify-access-token", TOKEN)
    .with_body("application/json", body.to_string());
    let answer = json(&shopify.handle(&request, at(5)));
    assert!(answer["data"]["fulfillmentCreate"]["fulfillment"]["id"].is_string(), "{answer}");
    let order = shopify.order(id).unwrap();
    assert_eq!((order.shipped(0), order.shipped(1), order.shipped(2)), (4, 1, 0));
}

#[test]
fn tracking_can_be_set_later() {
    let mut shopify = new();
    let id = place(&mut shopify, two_places(), at(0));
    assert!(shopify.fulfill(id, None, at(5)));
    let fulfillment = shopify.order(id).unwrap().fulfillments[0].id;
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let fulfillments = CHANNEL.fulfillments.unwrap();
    let mut set = |id: u64| {
        let (_, request) = fulfillments.set_tracking(call, &id.to_string(), &tracking("1Z7"), false).unwrap();
        fulfillments.read(&shopify.handle(&request, at(6)))
    };
    assert_eq!(set(fulfillment).unwrap().numbers, ["1Z7"]);
    assert!(matches!(set(fulfillment + 1), Err(ChannelError::Refused(_))));
    let one = &shopify.order(id).unwrap().fulfillments[0];
    assert_eq!((one.tracking[0].number.as_deref(), one.told_buyer), (Some("1Z7"), false));
}
