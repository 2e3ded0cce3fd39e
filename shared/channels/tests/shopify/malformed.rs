//! Orders that cannot be: each is refused with the place, and none stops anything else.

use serde_json::{Value, json};

use crate::support::{orders, read, read_pages};

fn order() -> Value {
    let case = include_str!("../golden/shopify/refunded-in-part-tax-added.json");
    serde_json::from_str::<Value>(case).unwrap()["answers"][0].clone()
}

/// What reading says when the value at a place of a good order is another.
fn complaint(pointer: &str, value: Value) -> String {
    let mut data = order();
    *data.pointer_mut(&format!("/order{pointer}")).unwrap_or_else(|| panic!("{pointer}")) = value;
    read(&data).unwrap_err().message
}

#[test]
fn absurd_figures_are_refused_with_their_place() {
    // SPEC: G-06
    let amount = "/lineItems/nodes/0/originalUnitPriceSet/presentmentMoney/amount";
    let place = "lineItems[0].originalUnitPriceSet.presentmentMoney.amount";
    for (value, what) in [
        (json!("12.3.4"), "is not a decimal number"),
        (json!("1e400"), "is not a decimal number"),
        (json!("NaN"), "is not a decimal number"),
        (json!(true), "is not a decimal number"),
        (json!({"value": 1}), "is not a text"),
        (json!("99999999999999999999"), "is too large"),
        (json!("0.1234567891"), "has too many decimal places"),
    ] {
        assert_eq!(complaint(amount, value), format!("{place} {what}"));
    }
    for (value, what) in [
        (json!(-1), "is negative"),
        (json!("9e18"), "is too large"),
        (json!(1.5), "is not a whole number"),
        (json!(null), "is missing"),
    ] {
        assert_eq!(complaint("/lineItems/nodes/0/quantity", value), format!("lineItems[0].quantity {what}"));
    }
    let huge = complaint(amount, json!("1000000000000"));
    assert_eq!(huge, "lineItems[0] has an amount that is too large");
}

#[test]
fn currencies_that_cannot_be_are_refused() {
    // SPEC: G-08
    let money = "/lineItems/nodes/0/originalUnitPriceSet/presentmentMoney/currencyCode";
    let place = "lineItems[0].originalUnitPriceSet.presentmentMoney";
    for code in ["XXX", "XAU", "US", "DOLLARS"] {
        assert_eq!(
            complaint(money, json!(code)),
            format!("{place}.currencyCode is no currency that one can pay in")
        );
    }
    assert_eq!(
        complaint(money, json!("EUR")),
        format!("{place} is in another currency than the order's other amounts")
    );
    assert_eq!(
        complaint("/presentmentCurrencyCode", json!("XXX")),
        "presentmentCurrencyCode is no currency that one can pay in"
    );
}

#[test]
fn ids_and_times_that_cannot_be_are_refused() {
    for (pointer, value, expected) in [
        ("/id", json!("gid://shopify/DraftOrder/7"), "id is no order id"),
        ("/id", json!(null), "id is missing"),
        ("/createdAt", json!("yesterday"), "createdAt is not a time with its offset"),
        ("/updatedAt", json!(null), "order.updatedAt is missing"),
        ("/lineItems/nodes/0/id", json!("x"), "lineItems[0].id is no id"),
        ("/lineItems/nodes/0", json!(7), "lineItems[0] is not an object"),
        ("/lineItems/nodes", json!("none"), "order.lineItems.nodes is not a list"),
        ("/fulfillments/0/id", json!(null), "order.fulfillments[0].id is missing"),
        ("/fulfillments/0/status", json!(null), "fulfillments[0].status is missing"),
        (
            "/fulfillments/0/fulfillmentLineItems/nodes/0/lineItem",
            json!(null),
            "fulfillments.fulfillmentLineItems[0].lineItem.id is missing",
        ),
        (
            "/fulfillmentOrders/nodes/0/lineItems/nodes/0/remainingQuantity",
            json!("many"),
            "fulfillmentOrders.lineItems[0].remainingQuantity is not a decimal number",
        ),
        (
            "/lineItems/pageInfo",
            json!({"hasNextPage": true, "endCursor": null}),
            "order.lineItems.pageInfo.endCursor is missing",
        ),
    ] {
        assert_eq!(complaint(pointer, value), expected, "{pointer}");
    }
    let mut twice = order();
    let line = twice["order"]["lineItems"]["nodes"][0].clone();
    twice["order"]["lineItems"]["nodes"].as_array_mut().unwrap().push(line);
    assert_eq!(read(&twice).unwrap_err().message, "lineItems[1] has an id that was there before");
}

#[test]
fn answers_of_two_states_are_no_order() {
    // SPEC: G-02
    let (first, mut second) = (order(), order());
    second["order"]["updatedAt"] = json!("2026-11-22T00:00:00Z");
    let error = read_pages(&[&first, &second]).unwrap_err();
    assert_eq!(error.message, "answers[1] is of another state of the order");
}

#[test]
fn what_is_nice_to_have_stops_no_order() {
    // SPEC: KS-21
    for (pointer, value) in [
        ("/customer", json!("somebody")),
        ("/billingAddress", json!(["a street"])),
        ("/shippingAddress/city", json!({"name": "Springfield"})),
        ("/email", json!({})),
        ("/poNumber", json!([])),
        ("/sourceName", json!({})),
        ("/fulfillments/0/trackingInfo", json!([{"number": {}}])),
        ("/lineItems/nodes/0/customAttributes", json!("none")),
    ] {
        let mut data = order();
        *data.pointer_mut(&format!("/order{pointer}")).unwrap() = value;
        let read = read(&data).unwrap_or_else(|error| panic!("{pointer}: {error}"));
        assert!(!read.oddities.is_empty(), "{pointer}");
    }
}

#[test]
fn no_complaint_quotes_the_value() {
    // SPEC: OP-05
    let name = "Jane Roe of 1 High Street";
    for pointer in [
        "/createdAt",
        "/id",
        "/lineItems/nodes/0/quantity",
        "/lineItems/nodes/0/id",
        "/currentTotalPriceSet/presentmentMoney/amount",
        "/currentTotalPriceSet/presentmentMoney/currencyCode",
        "/taxesIncluded",
    ] {
        let said = complaint(pointer, json!(name));
        assert!(!said.contains("Jane"), "{pointer}: {said}");
    }
}

#[test]
fn a_document_that_is_none_is_refused() {
    let deep = format!("{{\"answers\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for body in [
        "",
        "null",
        "[]",
        "7",
        "\"order\"",
        "{",
        "{}",
        "{\"answers\":[]}",
        "{\"answers\":[{}]}",
        "{\"answers\":[{\"order\":null}]}",
        "{\"answers\":[{\"order\":7}]}",
        deep.as_str(),
        "\u{feff}",
    ] {
        let short: String = body.chars().take(30).collect();
        assert!(orders().read("2026-10", body.as_bytes()).is_err(), "{short}");
    }
    let good = json!({"missing": [], "answers": [order()]}).to_string();
    assert!(orders().read("2026-10", good.as_bytes()).is_ok());
    assert!(orders().read("2026-07", good.as_bytes()).is_err(), "a version that is not known");
    for cut in [1, good.len() / 2, good.len() - 1] {
        assert!(orders().read("2026-10", &good.as_bytes()[..cut]).is_err(), "{cut}");
    }
}
