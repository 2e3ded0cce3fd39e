//! Orders that cannot be: each is refused with the place, and none stops anything else.

use serde_json::{Value, json};

use crate::support::read;

fn order() -> Value {
    serde_json::from_str(include_str!("../golden/amazon/2026-us-discount-shipping-gift-wrap-tip.json"))
        .unwrap()
}

/// What reading says when the value at a place of a good order is another.
fn complaint(pointer: &str, value: Value) -> String {
    let mut order = order();
    *order.pointer_mut(pointer).unwrap() = value;
    read("2026-01-01", order.to_string().as_bytes()).unwrap_err().message
}

#[test]
fn absurd_figures_are_refused_with_their_place() {
    // SPEC: G-06
    let amount = "/orderItems/0/proceeds/breakdowns/0/subtotal/amount";
    let place = "orderItems[0].proceeds.breakdowns[0].subtotal.amount";
    for (value, what) in [
        (json!("12.3.4"), "is not a decimal number"),
        (json!("1e400"), "is not a decimal number"),
        (json!("NaN"), "is not a decimal number"),
        (json!("1,000.00"), "is not a decimal number"),
        (json!(true), "is not a decimal number"),
        (json!({"value": 1}), "is not a text"),
        (json!("99999999999999999999"), "is too large"),
        (json!("0.1234567891"), "has too many decimal places"),
    ] {
        assert_eq!(complaint(amount, value), format!("{place} {what}"));
    }
    let quantity = "/orderItems/0/quantityOrdered";
    for (value, what) in [
        (json!(-1), "is negative"),
        (json!("-1"), "is negative"),
        (json!(9_000_000_000_000_000_000_i64), "is too large"),
        (json!("9e18"), "is too large"),
        (json!(1.5), "is not a whole number"),
        (json!(null), "is missing"),
    ] {
        assert_eq!(complaint(quantity, value), format!("orderItems[0].quantityOrdered {what}"));
    }
}

#[test]
fn a_number_too_great_for_any_machine_is_refused() {
    let body = order().to_string().replace("\"40.00\"", "1e400");
    let error = read("2026-01-01", body.as_bytes()).unwrap_err();
    assert_eq!(error.message, "proceeds.breakdowns[0].subtotal.amount is not a decimal number");
}

#[test]
fn currencies_that_cannot_be_are_refused() {
    // SPEC: G-08
    let currency = "/orderItems/0/proceeds/breakdowns/1/subtotal/currencyCode";
    let place = "orderItems[0].proceeds.breakdowns[1].subtotal.currencyCode";
    for code in ["XXX", "XTS", "XAU", "US", "DOLLARS", "💶"] {
        assert_eq!(complaint(currency, json!(code)), format!("{place} is no currency that one can pay in"));
    }
    assert_eq!(complaint(currency, json!("EUR")), format!("{place} differs from the order's other amounts"));
}

#[test]
fn times_and_ids_that_cannot_be_are_refused() {
    for (pointer, value, expected) in [
        ("/createdTime", json!("yesterday"), "createdTime is not a time with its offset"),
        ("/createdTime", json!("2026-11-18T08:15:30"), "createdTime is not a time with its offset"),
        ("/lastUpdatedTime", json!("2026-02-30T00:00:00Z"), "lastUpdatedTime is not a time with its offset"),
        ("/lastUpdatedTime", json!(null), "lastUpdatedTime is missing"),
        ("/orderId", json!("113/../1"), "orderId is no order id"),
        ("/orderId", json!(""), "orderId is missing"),
        ("/orderItems/0/orderItemId", json!(null), "orderItems[0].orderItemId is missing"),
        ("/orderItems", json!("none"), "orderItems is not a list"),
        ("/orderItems/0", json!(7), "orderItems[0] is not an object"),
        ("/orderItems/0/product/sellerSku", json!(["a"]), "orderItems[0].product.sellerSku is not a text"),
    ] {
        assert_eq!(complaint(pointer, value), expected);
    }
    let mut twice = order();
    let line = twice["orderItems"][0].clone();
    twice["orderItems"].as_array_mut().unwrap().push(line);
    let error = read("2026-01-01", twice.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.message, "orderItems has an id twice, the second time at [1]");
}

#[test]
fn what_is_nice_to_have_stops_no_order() {
    // SPEC: KF-15
    for (pointer, value) in [
        ("/recipient", json!("somewhere")),
        ("/recipient/deliveryAddress/city", json!({"name": "Springfield"})),
        ("/fulfillment/deliverByWindow/latestDateTime", json!("soon")),
        ("/orderItems/0/product/title", json!([])),
    ] {
        let mut order = order();
        *order.pointer_mut(pointer).unwrap() = value;
        let read = read("2026-01-01", order.to_string().as_bytes()).unwrap();
        assert_eq!(read.oddities.len(), 1, "{pointer}: {:?}", read.oddities);
    }
}

#[test]
fn no_complaint_quotes_the_value() {
    // SPEC: OP-05
    let name = "Jane Roe of 1 High Street";
    for pointer in
        ["/createdTime", "/orderItems/0/quantityOrdered", "/orderId", "/proceeds/grandTotal/amount"]
    {
        assert!(!complaint(pointer, json!(name)).contains("Jane"), "{pointer}");
    }
}

#[test]
fn a_document_that_is_none_is_refused() {
    let deep = format!("{{\"orderId\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for body in ["", "null", "[]", "7", "\"order\"", "{", "{}", "{\"order\":{}}", deep.as_str(), "\u{feff}"] {
        for format in ["2026-01-01", "v0"] {
            assert!(
                read(format, body.as_bytes()).is_err(),
                "{format} {}",
                body.chars().take(20).collect::<String>()
            );
        }
    }
    assert!(read("v9", b"{}").is_err(), "a format of no API");
}

#[test]
fn a_byte_that_is_no_text_costs_only_its_field() {
    let mut body = order().to_string().into_bytes();
    let place = body.windows(8).position(|window| window == b"MUG-BLUE").unwrap();
    body[place] = 0xff;
    let order = read("2026-01-01", &body).unwrap();
    assert_eq!(order.lines[0].sku.as_deref(), Some("\u{fffd}UG-BLUE"), "it matches no variant");
}

#[test]
fn amounts_that_only_their_sum_makes_absurd_are_refused() {
    // SPEC: G-06
    let mut order = order();
    let breakdowns = order["orderItems"][0]["proceeds"]["breakdowns"].as_array_mut().unwrap();
    breakdowns.extend(
        (0..2_000).map(|_| json!({"type": "ITEM", "subtotal": {"amount": "1e12", "currencyCode": "USD"}})),
    );
    let error = read("2026-01-01", order.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.message, "orderItems[0] has amounts whose sum is too large");
}
