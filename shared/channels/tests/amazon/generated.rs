//! Big orders, and mutated ones: nothing that arrives makes reading panic.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_channels::http::HttpResponse;
use weir_domain::Decimal;

use crate::support::{US, connection, orders, read};

/// An order of so many lines at 1.10 each.
fn order_of(lines: usize) -> Value {
    let money = |amount: String| json!({"amount": amount, "currencyCode": "USD"});
    let items: Vec<Value> = (0..lines)
        .map(|index| {
            json!({
                "orderItemId": format!("{index}"),
                "quantityOrdered": 1,
                "product": {"sellerSku": format!("SKU-{index}"), "title": format!("Thing {index}")},
                "proceeds": {"breakdowns": [
                    {"type": "ITEM", "subtotal": money("1.10".to_owned())},
                    {"type": "TAX", "subtotal": money("0.09".to_owned())},
                ]},
                "fulfillment": {"quantityFulfilled": 1},
            })
        })
        .collect();
    json!({
        "orderId": format!("113-0000000-{lines:07}"),
        "createdTime": "2026-11-18T08:15:30Z",
        "lastUpdatedTime": "2026-11-20T17:02:11Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": US},
        "fulfillment": {"fulfillmentStatus": "SHIPPED", "fulfilledBy": "AMAZON"},
        "orderItems": items,
    })
}

#[test]
fn big_orders_are_read_whole() {
    // SPEC: G-05
    for lines in [90, 300, 10_000] {
        let order = read("2026-01-01", order_of(lines).to_string().as_bytes()).unwrap();
        assert_eq!(order.lines.len(), lines);
        let amount: Decimal = order.lines.iter().filter_map(|line| line.amount).sum();
        assert_eq!(amount, Decimal::new(110, 2) * Decimal::from(lines));
        assert!(order.oddities.is_empty(), "{:?}", order.oddities);
    }
}

#[test]
fn ten_thousand_odd_lines_are_noted_only_so_often() {
    let mut order = order_of(10_000);
    for item in order["orderItems"].as_array_mut().unwrap() {
        item["proceeds"]["breakdowns"][0]["type"] = json!("RIDDLE");
    }
    let order = read("2026-01-01", order.to_string().as_bytes()).unwrap();
    assert_eq!(order.oddities.len(), 20);
}

fn good(format: &str) -> Value {
    let text = match format {
        "v0" => include_str!("../golden/amazon/v0-us.json"),
        _ => include_str!("../golden/amazon/2026-us-discount-shipping-gift-wrap-tip.json"),
    };
    serde_json::from_str(text).unwrap()
}

/// Every place of a document.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| places(inner, &format!("{at}/{name}"), all))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| places(inner, &format!("{at}/{index}"), all));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[{"a": [null]}]]])),
        Just(json!(true)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<u64>().prop_map(|number| json!(number.to_string())),
        any::<f64>().prop_map(|number| json!(number)),
        "-?[0-9]{0,30}\\.?[0-9]{0,30}(e-?[0-9]{1,4})?".prop_map(|text| json!(text)),
        ".{0,30}".prop_map(|text| json!(text)),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("79228162514264337593543950335")),
    ]
}

fn formats() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("2026-01-01"), Just("v0")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    // SPEC: G-04
    #[test]
    fn an_order_with_odd_values_never_panics(
        format in formats(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), odd_value()), 1..6),
    ) {
        let mut order = good(format);
        for (index, value) in edits {
            let mut all = Vec::new();
            places(&order, "", &mut all);
            let place = index.get(&all).clone();
            *order.pointer_mut(&place).unwrap() = value;
        }
        let body = order.to_string();
        if let Err(error) = read(format, body.as_bytes()) {
            prop_assert!(!error.message.is_empty());
        }
        // The same order in a page beside a good one: the good one is never lost.
        let good = good("2026-01-01");
        let page = json!({"orders": [good.clone(), order, good]}).to_string();
        let page = orders().page(&connection(US, "2026-01-01"), &HttpResponse::json(200, page)).unwrap();
        prop_assert!(page.orders.len() >= 2);
        prop_assert_eq!(page.orders.len() + page.unreadable.len(), 3);
    }

    // SPEC: G-04
    #[test]
    fn a_body_with_odd_bytes_never_panics(
        format in formats(),
        status in prop_oneof![Just(200_u16), 100_u16..600],
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..3), 0..8),
    ) {
        let order = good(format);
        let body = match format {
            "v0" => json!({"payload": {"Orders": [order["order"]], "NextToken": "n"}}),
            _ => json!({"orders": [order], "pagination": {"nextToken": "n"}}),
        };
        let mut body = body.to_string().into_bytes();
        for (index, byte, how) in edits {
            let at = index.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        let response = HttpResponse::json(status, body.clone());
        let _ = orders().page(&connection(US, format), &response);
        let _ = read(format, &body);
    }
}
