//! What the sandbox writes is what Amazon's published models say: every field is in them with its
//! type, and every field they require is there. And amounts add up.

use std::path::Path;

use rust_decimal::Decimal;

use super::*;
use crate::amazon::{
    BuyerSpec, Demo, FulfilledBy, Marketplace, Quirk, Tax, TruthOrder,
    marketplaces::{DE, JP},
};

/// One of Amazon's models; none where this checkout has no copy of them.
fn model(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/amazon").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn check(model: &Value, schema: &Value, value: &Value, path: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => model.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    if value.is_null() && schema["type"][1] == "null" {
        return;
    }
    // A field that may be null lists its types, the real one first.
    match schema["type"].as_str().or_else(|| schema["type"][0].as_str()) {
        Some("array") => {
            for (index, element) in value.as_array().unwrap_or_else(|| panic!("{path}")).iter().enumerate() {
                check(model, &schema["items"], element, &format!("{path}[{index}]"));
            }
        }
        Some("string") => {
            let text = value.as_str().unwrap_or_else(|| panic!("{path} is {value}"));
            if let Some(words) = schema["enum"].as_array() {
                assert!(words.contains(value), "{path}: {text}");
            }
            let possible =
                schema["description"].as_str().and_then(|text| text.split_once("**Possible values**"));
            if let Some((_, words)) = possible {
                assert!(words.contains(&format!("`{text}`")), "{path}: {text}");
            }
        }
        Some("integer") => assert!(value.is_i64(), "{path} is {value}"),
        Some("boolean") => assert!(value.is_boolean(), "{path} is {value}"),
        _ => {
            let fields = value.as_object().unwrap_or_else(|| panic!("{path} is {value}"));
            for (name, value) in fields {
                let field = &schema["properties"][name];
                assert!(!field.is_null(), "{path}.{name} is not in Amazon's model");
                check(model, field, value, &format!("{path}.{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(name.as_str().unwrap()), "{path} has no {name}");
            }
        }
    }
}

/// Orders of all shapes, in three marketplaces.
fn everything() -> Vec<OrderSpec> {
    let mut all = Vec::new();
    for at in [&US, &DE, &JP] {
        for tax in [Tax::Excluded, Tax::Included, Tax::Hidden] {
            for discount_tax in [false, true] {
                let mut first = LineSpec::new("A, \"1\"", 3, 1_999).taxed(825).serials(["S1", "S2"]);
                (first.shipping, first.gift_wrap, first.discount, first.shipping_discount) =
                    (499, 250, 333, 99);
                let second = LineSpec::new("B", 1, 1);
                let order = OrderSpec::new(at, vec![first, second.taxed(0), LineSpec::new("C", 2, 7)]);
                all.push(OrderSpec { tax, discount_tax, ..order });
            }
        }
    }
    let buyer = BuyerSpec {
        name: Some("N".to_owned()),
        email: Some("e@example.com".to_owned()),
        company: Some("C".to_owned()),
        purchase_order: Some("P".to_owned()),
        line_1: Some("L".to_owned()),
        phone: Some("1".to_owned()),
        ..BuyerSpec::place(&US)
    };
    let by_merchant = FulfilledBy::Merchant;
    all.push(OrderSpec { business: true, buyer: Some(buyer), fulfilled_by: by_merchant, ..simple("D") });
    all.push(OrderSpec { buyer: None, ..simple("E") });
    all.push(OrderSpec::non_amazon(&US, Some("FR-1"), vec![LineSpec::new("F", 1, 0)]));
    all
}

fn world() -> (Amazon, Vec<String>, String) {
    let mut amazon = new();
    amazon.register_seller(SellerSpec {
        seller_id: SELLER.to_owned(),
        refresh_token: "Atzr|one".to_owned(),
        client_id: "app".to_owned(),
        marketplaces: Marketplace::ALL.iter().map(|at| at.id.to_owned()).collect(),
    });
    amazon.token_lifetime = SignedDuration::from_hours(24);
    let placed: Vec<String> =
        everything().into_iter().map(|spec| amazon.place_order(SELLER, spec, at(0))).collect();
    for (number, id) in placed.iter().enumerate() {
        match number % 4 {
            0 => amazon.ship_partially(id, 0, 1, at(1)),
            1 | 2 => amazon.ship(id, at(1)),
            _ => amazon.cancel(id, at(1)),
        };
    }
    let token = token(&mut amazon, REFRESH, at(1));
    (amazon, placed, token)
}

const ALL: &str = "includedData=BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,\
                   TAX,PAYMENT,FULFILLMENT_ORDERS";

#[test]
fn orders_are_written_as_the_new_model_says() {
    let (mut amazon, placed, token) = world();
    let Some(model) = model("orders_2026-01-01.json") else { return };
    let definition = |name: &str| model["definitions"][name].clone();
    for query in [ALL, ""] {
        let list = json(&amazon.handle(&get(&format!("{SEARCH}&{query}"), &token), at(200)));
        assert_eq!(ids(&list).len(), placed.len());
        check(&model, &definition("SearchOrdersResponse"), &list, "list");
        for (number, id) in placed.iter().enumerate() {
            let path = format!("/orders/2026-01-01/orders/{id}?{query}");
            let now = at(200 + 2 * i64::try_from(number).unwrap());
            let order = json(&amazon.handle(&get(&path, &token), now));
            check(&model, &definition("GetOrderResponse"), &order, "order");
            let listed = list["orders"].as_array().unwrap().iter().find(|listed| listed["orderId"] == *id);
            assert_eq!(Some(&order["order"]), listed);
            let told =
                order["order"].get("proceeds").is_some() || order["order"].get("fulfillment").is_some();
            assert_eq!(told, !query.is_empty(), "no data that was not asked for");
        }
    }
    let refused = json(&amazon.handle(&get(SEARCH.trim_end_matches('Z'), &token), at(400)));
    check(&model, &definition("ErrorList"), &refused, "errors");
}

#[test]
fn orders_are_written_as_the_old_model_says() {
    let (mut amazon, placed, token) = world();
    let Some(model) = model("ordersV0.json") else { return };
    let path = "/orders/v0/orders?LastUpdatedAfter=2026-03-01T00:00:00Z&MarketplaceIds=ATVPDKIKX0DER";
    let list = json(&amazon.handle(&get(path, &token), at(200)));
    check(&model, &model["definitions"]["GetOrdersResponse"], &list, "list");
    for (number, id) in placed.iter().enumerate() {
        let now = at(200 + 2 * i64::try_from(number).unwrap());
        let order = json(&amazon.handle(&get(&format!("/orders/v0/orders/{id}"), &token), now));
        check(&model, &model["definitions"]["GetOrderResponse"], &order, "order");
        let items = json(&amazon.handle(&get(&format!("/orders/v0/orders/{id}/orderItems"), &token), now));
        check(&model, &model["definitions"]["GetOrderItemsResponse"], &items, "items");
    }
}

#[test]
fn notices_are_written_as_their_schema_says() {
    let Some(schema) = model("notifications/OrderChangeNotification.json") else { return };
    let mut amazon = new();
    amazon.subscribe(SELLER, "app", "arn:aws:sqs:us-east-1:123456789012:q");
    shipped(&mut amazon, "A", 0);
    for notice in amazon.take_notifications(at(0)) {
        check(&schema, &schema, &serde_json::from_slice(&notice.body).unwrap(), "notice");
    }
}

fn amount(value: &Value) -> Decimal {
    value["amount"].as_str().unwrap().parse().unwrap()
}

/// What the breakdowns come to by the rule of the order's kind of tax.
fn sum(proceeds: &Value, tax: Tax) -> Decimal {
    let breakdowns = proceeds["breakdowns"].as_array().unwrap().iter();
    let parts = breakdowns.map(|part| match (part["type"].as_str().unwrap(), tax) {
        ("DISCOUNT", _) => -amount(&part["subtotal"]),
        ("TAX", Tax::Included) => Decimal::ZERO,
        (_, _) => amount(&part["subtotal"]),
    });
    parts.sum()
}

fn check_sums(order: &Value, truth: &TruthOrder) {
    let Some(proceeds) = order.get("proceeds") else {
        assert_eq!(truth.state.total(), None);
        return;
    };
    let tax = truth.state.spec.tax;
    let total = amount(&proceeds["grandTotal"]);
    assert_eq!(sum(proceeds, tax), total);
    assert_eq!(truth.state.total(), Some(total));
    let items = order["orderItems"].as_array().unwrap();
    let lines: Decimal = items.iter().map(|item| amount(&item["proceeds"]["proceedsTotal"])).sum();
    assert_eq!(lines, total);
    for item in items {
        assert_eq!(sum(&item["proceeds"], tax), amount(&item["proceeds"]["proceedsTotal"]));
        for part in item["proceeds"]["breakdowns"].as_array().unwrap() {
            let Some(details) = part["detailedBreakdowns"].as_array() else { continue };
            let parts: Decimal = details
                .iter()
                .map(|detail| {
                    let saved = detail["subtype"] == "DISCOUNT";
                    if saved { -amount(&detail["value"]) } else { amount(&detail["value"]) }
                })
                .sum();
            assert_eq!(parts, amount(&part["subtotal"]));
        }
    }
    let digits = truth.state.spec.marketplace.digits;
    let text = proceeds["grandTotal"]["amount"].as_str().unwrap();
    assert_eq!(text.split_once('.').map_or(0, |(_, cents)| cents.len()), digits as usize);
}

#[test]
fn amounts_add_up_to_the_smallest_unit() {
    let (mut amazon, placed, token) = world();
    for (number, id) in placed.iter().enumerate() {
        let now = at(200 + 2 * i64::try_from(number).unwrap());
        let path = format!("/orders/2026-01-01/orders/{id}?{ALL}");
        let order = json(&amazon.handle(&get(&path, &token), now));
        check_sums(&order["order"], amazon.order(id).unwrap());
    }
    // As in Amazon's example: 3 × 29.99 + 10.00 + 4.00 of tax is 103.97.
    let mut line = LineSpec::new("ECHO", 3, 2_999).taxed(400);
    line.shipping = 1_000;
    let order = OrderSpec { tax: Tax::Excluded, ..OrderSpec::new(&DE, vec![line]) };
    let id = amazon.place_order(SELLER, order, at(300));
    assert_eq!(amazon.order(&id).unwrap().state.total(), Some(Decimal::new(10_397, 2)));
    let off = amazon.place_order(SELLER, simple("X").quirk(Quirk::TotalOff), at(300));
    assert_eq!(amazon.order(&off).unwrap().state.total(), Some(Decimal::new(1_081, 2)));
}

#[test]
fn the_demo_s_orders_add_up_and_fit_the_model() {
    let mut amazon = Amazon::new(3);
    let mut demo = Demo::new(3, at(0).wall);
    demo.install(&mut amazon, at(0));
    demo.tick(&mut amazon, at(300));
    let model = model("orders_2026-01-01.json");
    for place in &Demo::MARKETPLACES {
        let login = format!(
            "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
            place.refresh_token.replace('|', "%7C"),
            Demo::CLIENT_ID,
            Demo::CLIENT_SECRET
        );
        let token = token(&mut amazon, &login, at(300));
        let since = "/orders/2026-01-01/orders?lastUpdatedAfter=2026-03-01T00:00:00Z";
        let list = json(&amazon.handle(&get(&format!("{since}&{ALL}"), &token), at(500)));
        let orders = list["orders"].as_array().unwrap();
        assert!(orders.len() > 5);
        for order in orders {
            let truth = amazon.order(order["orderId"].as_str().unwrap()).unwrap();
            check_sums(order, truth);
        }
        if let Some(model) = &model {
            check(model, &model["definitions"]["SearchOrdersResponse"], &list, "list");
        }
    }
}
