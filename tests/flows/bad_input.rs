//! Whatever Amazon or a seller sends: each order has its outcome in words, nothing is lost, and nothing
//! else stops.

use jiff::SignedDuration;
use serde_json::{Value, json};
use weir_channels::http::HttpResponse;
use weir_domain::{sales_order::Flag, variant::Tracking};
use weir_sandbox::amazon::{
    LineSpec, OrderSpec, Quirk,
    marketplaces::{CA, US},
};
use weir_tests::{
    House,
    books::IMPORTED,
    shop::{MUG, TEA, line, pieces},
};

use crate::written;

/// What becomes of an order with each thing that can be wrong, as long as it is.
fn expected(quirk: Quirk) -> (&'static str, &'static str) {
    match quirk {
        Quirk::NoMoney | Quirk::NoLinePrice => (IMPORTED, "price_unknown"),
        Quirk::TotalOff => (IMPORTED, "total_differs"),
        Quirk::NumbersAsStrings
        | Quirk::NegativeDiscount
        | Quirk::UnknownCharge
        | Quirk::UnknownExtras
        | Quirk::NoBuyer
        | Quirk::Nulls
        | Quirk::OddText => (IMPORTED, ""),
        Quirk::BadMoney | Quirk::BadCurrency | Quirk::NegativeQuantity | Quirk::ItemsNotAList => {
            ("failed malformed_order", "cannot be read")
        }
        Quirk::UnknownStatus => ("waiting unknown_state", "SHIPPED_TO_ORBIT"),
        Quirk::UnknownFulfiller => ("waiting unknown_seller", "ROBOT"),
        Quirk::UnknownSalesChannel => ("waiting unknown_seller", "AMAZON_ELSEWHERE"),
        Quirk::NoMarketplace => ("waiting unknown_seller", "on which marketplace"),
        Quirk::Truncated => ("waiting unknown_seller", "did not say"),
        Quirk::NoSku => ("waiting sku_not_matched", "1 line has no SKU"),
        Quirk::NoUpdateTime => ("waiting channel_trouble", "lastUpdatedTime is missing"),
        // Nobody can tell which order it is; it is counted and logged.
        Quirk::NoOrderId | Quirk::NotAnObject => ("nothing", ""),
    }
}

// SPEC: G-03, G-04, KF-06, KF-15
#[tokio::test]
async fn each_thing_that_can_be_wrong_has_its_outcome_in_words_and_the_rest_of_the_page_comes_in() {
    let (house, shop) = House::with_shop().await;
    let mut good = Vec::new();
    let mut odd = Vec::new();
    for quirk in Quirk::ALL {
        good.push(house.sell(&shop, vec![line(MUG, 1)]));
        let lines = vec![LineSpec { discount: 100, ..line(MUG, 1) }, line(TEA, 1)];
        odd.push((quirk, house.sell_spec(&shop, OrderSpec::new(&US, lines).quirk(quirk))));
    }
    house.minutes(3).await;
    for id in &good {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    let mut wrong = Vec::new();
    for (quirk, id) in &odd {
        let (outcome, word) = expected(*quirk);
        let (found, sentence) = (house.outcome(&shop, id).await, house.sentence(&shop, id).await);
        let flags = house.order(&shop, id).await.map(|order| order.flags).unwrap_or_default();
        let flags: Vec<&str> = flags.into_iter().map(Flag::as_str).collect();
        let is_said = word.is_empty() || sentence.contains(word) || flags.contains(&word);
        if found != outcome || !is_said {
            wrong.push(format!("{quirk:?}: {found}, expected {outcome} with {word:?}: {sentence} {flags:?}"));
        }
        if outcome == IMPORTED && word.is_empty() && !flags.is_empty() {
            wrong.push(format!("{quirk:?}: {flags:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(house.hub.queue.dead_letters().await.unwrap().is_empty());
    house.check_books(&shop.organization).await;

    // Amazon puts them right, and they come in.
    house.clock.advance(SignedDuration::from_mins(10));
    house.amazon().heal_all(house.amazons_now());
    house.minutes(3).await;
    for (quirk, id) in &odd {
        assert!(house.is_in(&shop, id).await, "{quirk:?}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.on_hand(&shop, MUG).await, 100 - 2 * 23);
    house.check_books(&shop.organization).await;
}

// SPEC: KF-02, G-03
#[tokio::test]
async fn a_sales_channel_that_nobody_knows_makes_the_order_wait() {
    let (house, shop) = House::with_shop().await;
    let spec = OrderSpec::new(&US, vec![line(MUG, 1)]).quirk(Quirk::UnknownSalesChannel);
    let id = house.sell_spec(&shop, spec);
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting unknown_seller");
    assert!(house.sentence(&shop, &id).await.contains("AMAZON_ELSEWHERE"));
}

// SPEC: G-03, KF-13
#[tokio::test]
async fn an_order_without_its_marketplace_is_accounted_for_where_there_are_several() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&ca).await;
    let id = house.sell_spec(&us, OrderSpec::new(&US, vec![line(MUG, 1)]).quirk(Quirk::NoMarketplace));
    house.minutes(3).await;
    let outcomes = [house.outcome(&us, &id).await, house.outcome(&ca, &id).await];
    assert!(outcomes.contains(&"waiting unknown_seller".to_owned()), "{outcomes:?}");
}

// SPEC: KF-01, G-04
#[tokio::test]
async fn an_answer_that_is_no_page_costs_a_minute_and_nothing_else() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.clock.advance(SignedDuration::from_mins(3));
    let html = HttpResponse { status: 200, headers: Vec::new(), body: b"<html>busy</html>".to_vec() };
    let answers = [
        HttpResponse::json(200, "{\"orders\": [{\"orderId\": \"113-"),
        HttpResponse::json(200, "null"),
        HttpResponse::json(200, "[]"),
        HttpResponse::json(200, "{}"),
        HttpResponse::json(200, ""),
        HttpResponse::json(200, "{\"orders\": {}}"),
        HttpResponse::json(400, "{\"errors\": [{\"code\": \"InvalidInput\", \"message\": \"no\"}]}"),
        HttpResponse::json(418, "short and stout"),
        HttpResponse { body: b"\xff\xfe\x00".to_vec(), ..html.clone() },
        html,
    ];
    let before = house.looks(&shop).await;
    for answer in answers {
        house.crossing.answer_once("/orders/2026-01-01/orders?", answer.clone());
        house.tick().await;
        house.settle().await;
        let after = house.looks(&shop).await;
        let cursor = |state: &Option<weir_app::ports::ledger::PollState>| state.as_ref().unwrap().main.cursor;
        assert_eq!(cursor(&after), cursor(&before), "{answer:?}");
        assert!(house.connection(&shop).await.is_active(), "{answer:?}");
    }
    house.crossing.lose_once("/orders/2026-01-01/orders?");
    house.tick().await;
    assert_eq!(house.outcome(&shop, &id).await, "nothing");
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await);
}

// SPEC: KF-05
#[tokio::test]
async fn a_sku_is_compared_byte_for_byte() {
    let (house, shop) = House::with_shop().await;
    let long = "X".repeat(255);
    let skus = [
        "A,1",
        "A\"1",
        "A/1",
        "A\\1",
        "A'1",
        "007",
        "7",
        "07",
        "TWIN",
        "twin",
        "Twin",
        "SPACE",
        "SPACE ",
        " SPACE",
        "IN SIDE",
        "😀-MUG",
        "ÄÖÜ",
        "ẞ",
        "a#b",
        "a%23b",
        "a%b",
        "%",
        "#",
        "<b>x</b>",
        "=1+1",
        "${x}",
        "null",
        "0",
        "é",
        "e\u{301}",
        "a~b",
        "a|b",
        "a&b=c",
        "?x",
        long.as_str(),
    ];
    for sku in skus {
        house.variant(&shop, sku, Tracking::None).await;
    }
    for rows in skus.chunks(30) {
        house.stock(&shop, rows.iter().map(|sku| pieces(sku, 10)).collect()).await;
    }
    let lines = |sku: &str| vec![line(sku, 1)];
    let ids: Vec<String> = skus.iter().map(|sku| house.sell(&shop, lines(sku))).collect();
    let unknown: Vec<String> = ["TWiN", "SPACE  ", "0007", "tab\tbed", "nul\u{0}", ""]
        .iter()
        .map(|sku| house.sell(&shop, lines(sku)))
        .collect();
    house.minutes(3).await;
    for (sku, id) in skus.iter().zip(&ids) {
        assert!(house.is_in(&shop, id).await, "{sku:?}: {}", house.sentence(&shop, id).await);
        assert_eq!(house.order(&shop, id).await.unwrap().rows[0].sku.as_str(), *sku);
        assert_eq!(house.on_hand(&shop, sku).await, 9, "{sku:?}");
    }
    for id in &unknown {
        assert_eq!(house.outcome(&shop, id).await, "waiting sku_not_matched");
    }
    house.check_books(&shop.organization).await;
}

// SPEC: KF-05
#[tokio::test]
async fn an_odd_sku_can_be_mapped_like_any_other() {
    let (house, shop) = House::with_shop().await;
    let skus = ["A,1", "A\"1", "A/1", "007", "SPACE ", "😀-MUG", "a#b", "a%23b", "%", "TWIN", "twin"];
    let ids: Vec<String> = skus.iter().map(|sku| house.sell(&shop, vec![line(sku, 1)])).collect();
    house.minutes(3).await;
    for (sku, id) in skus.iter().zip(&ids) {
        assert_eq!(house.outcome(&shop, id).await, "waiting sku_not_matched");
        house.alias(&shop, sku, MUG).await;
        assert!(house.is_in(&shop, id).await, "{sku:?}: {}", house.sentence(&shop, id).await);
        let row = house.order(&shop, id).await.unwrap().rows[0].clone();
        assert_eq!((row.sku.as_str(), row.channel_sku.as_deref()), (MUG, Some(*sku)));
    }
    house.check_books(&shop.organization).await;
}

/// An order that can be read, with one field set to something else.
fn with(id: &str, at: weir_domain::Timestamp, pointer: &str, value: Value) -> Value {
    let mut order = written::order(id, at, &US, "SHIPPED", &[(MUG, 1, 1)]);
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = order.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(list) => list[field.parse::<usize>().unwrap()] = value,
        parent => parent[field] = value,
    }
    order
}

// SPEC: G-03, G-04
#[tokio::test]
async fn fields_of_another_kind_cost_one_order_its_reason_and_no_other() {
    let (house, shop) = House::with_shop().await;
    let at = house.now();
    let line = |item: Value| json!([item]);
    let item = |extra: Value| {
        let mut item = json!({
            "orderItemId": "1", "quantityOrdered": 1, "product": {"sellerSku": MUG, "title": "Mug"},
            "fulfillment": {"quantityFulfilled": 1},
        });
        for (name, value) in extra.as_object().unwrap() {
            item[name] = value.clone();
        }
        item
    };
    let money = |amount: Value, currency: Value| {
        let subtotal = json!({"amount": amount, "currencyCode": currency});
        item(json!({"proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": subtotal}]}}))
    };
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let mut same_id_twice = vec![item(json!({})), item(json!({}))];
    same_id_twice[1]["product"]["title"] = "Other".into();
    let cases: Vec<(&str, Value, &str)> = vec![
        ("/orderItems", line(item(json!({"quantityOrdered": "1"}))), IMPORTED),
        ("/orderItems", line(item(json!({"quantityOrdered": 1.0}))), IMPORTED),
        ("/orderItems", line(item(json!({"quantityOrdered": 1.5}))), "failed malformed_order"),
        ("/orderItems", line(item(json!({"quantityOrdered": "one"}))), "failed malformed_order"),
        ("/orderItems", line(item(json!({"quantityOrdered": null}))), "failed malformed_order"),
        ("/orderItems", line(item(json!({"quantityOrdered": 1e300}))), "failed malformed_order"),
        ("/orderItems", line(item(json!({"quantityOrdered": -1}))), "failed malformed_order"),
        ("/orderItems", line(item(json!({"quantityOrdered": [1]}))), "failed malformed_order"),
        (
            "/orderItems",
            line(item(json!({"fulfillment": {"quantityFulfilled": 0}}))),
            "failed malformed_order",
        ),
        ("/orderItems", line(item(json!({"orderItemId": null}))), "failed malformed_order"),
        ("/orderItems", line(item(json!({"orderItemId": 77}))), IMPORTED),
        ("/orderItems", line(item(json!({"product": null}))), "waiting sku_not_matched"),
        ("/orderItems", line(item(json!({"product": {"sellerSku": 7}}))), "waiting sku_not_matched"),
        ("/orderItems", line(item(json!({"product": {"sellerSku": {"a": 1}}}))), "failed malformed_order"),
        ("/orderItems", line(money(json!("19.99"), json!("USD"))), IMPORTED),
        ("/orderItems", line(money(json!(19.99), json!("usd"))), IMPORTED),
        ("/orderItems", line(money(json!("1e3"), json!("USD"))), IMPORTED),
        ("/orderItems", line(money(json!("19,99"), json!("USD"))), "failed malformed_order"),
        ("/orderItems", line(money(json!("NaN"), json!("USD"))), "failed malformed_order"),
        ("/orderItems", line(money(json!("19.99"), json!("DOLLAR"))), "failed malformed_order"),
        ("/orderItems", line(money(json!("19.99"), Value::Null)), IMPORTED),
        ("/orderItems", line(money(json!("9".repeat(60)), json!("USD"))), "failed malformed_order"),
        ("/orderItems", json!(same_id_twice), "failed malformed_order"),
        ("/orderItems", json!([]), "failed malformed_order"),
        ("/orderItems", json!([null]), "failed malformed_order"),
        ("/orderItems", json!(["text"]), "failed malformed_order"),
        ("/orderItems", json!("text"), "failed malformed_order"),
        ("/orderItems", Value::Null, "failed malformed_order"),
        ("/createdTime", json!("yesterday"), "failed malformed_order"),
        ("/createdTime", Value::Null, "failed malformed_order"),
        ("/salesChannel", json!("AMAZON"), "failed malformed_order"),
        ("/salesChannel/channelName", json!(7), "waiting unknown_seller"),
        ("/salesChannel/channelName", json!("non_amazon"), "skipped mcf_not_ours"),
        ("/fulfillment", json!([]), "failed malformed_order"),
        ("/fulfillment/fulfillmentStatus", json!("TELEPORTED"), "waiting unknown_state"),
        ("/fulfillment/fulfillmentStatus", Value::Null, "waiting unknown_state"),
        ("/fulfillment/fulfillmentStatus", json!("shipped"), IMPORTED),
        ("/fulfillment/fulfilledBy", json!("ELVES"), "waiting unknown_seller"),
        ("/fulfillment/fulfilledBy", Value::Null, "waiting unknown_seller"),
        ("/buyer", json!("Somebody"), IMPORTED),
        ("/recipient", json!({"deliveryAddress": ["x"]}), IMPORTED),
        ("/unheardOf", json!({"a": [1, 2.5, {"b": null}]}), IMPORTED),
        ("/unheardOf", deep, "waiting channel_trouble"),
    ];
    let mut page = Vec::new();
    let mut expected = Vec::new();
    for (number, (pointer, value, outcome)) in cases.into_iter().enumerate() {
        let id = format!("111-0000000-{number:07}");
        let order = with(&id, at, pointer, value.clone());
        house.crossing.answer_always(&format!("/orders/{id}?"), written::one(&order));
        page.push(order);
        let shown: String = format!("{pointer} {value}").chars().take(120).collect();
        expected.push((id, shown, outcome));
    }
    let good = house.sell(&shop, vec![weir_tests::shop::line(MUG, 1)]);
    house.clock.advance(SignedDuration::from_mins(3));
    house.crossing.answer_once("/orders/2026-01-01/orders?", written::page(&page, Some(at)));
    house.tick().await;
    house.settle().await;
    house.minutes(2).await;
    let mut wrong = Vec::new();
    for (id, shown, outcome) in &expected {
        let (found, sentence) = (house.outcome(&shop, id).await, house.sentence(&shop, id).await);
        if found != *outcome || sentence.is_empty() {
            wrong.push(format!("{shown}: {found}, expected {outcome}: {sentence}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(house.is_in(&shop, &good).await, "what Amazon holds beside them comes in");
    assert!(house.errors().is_empty(), "{:?}", house.errors());
    house.check_books(&shop.organization).await;
}

// SPEC: G-02, G-03
#[tokio::test]
async fn an_order_that_a_page_holds_twice_comes_in_once() {
    let (house, shop) = House::with_shop().await;
    let at = house.now();
    let order = written::order("111-1111111-1111111", at, &US, "SHIPPED", &[(MUG, 2, 2)]);
    house.clock.advance(SignedDuration::from_mins(3));
    let page = written::page(&[order.clone(), order.clone(), order], Some(at));
    house.crossing.answer_once("/orders/2026-01-01/orders?", page);
    house.tick().await;
    house.settle().await;
    assert!(house.is_in(&shop, "111-1111111-1111111").await);
    assert_eq!(house.on_hand(&shop, MUG).await, 98);
    house.check_books(&shop.organization).await;
}
