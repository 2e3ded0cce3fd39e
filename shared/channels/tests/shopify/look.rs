//! Searching for what changed, and looking at one order in as few requests as it takes.

use serde_json::{Value, json};
use weir_channels::{
    channel::{ChannelError, RawOrder, Search, Step},
    http::{HttpRequest, HttpResponse},
};
use weir_domain::{channel_order::ChannelOrder, ids::ChannelOrderId};

use crate::support::{TOKEN, answer, call, connection, operation, orders, render, time, token, variables};

const ORDER: &str = "gid://shopify/Order/5001";

fn id(text: &str) -> ChannelOrderId {
    ChannelOrderId::parse(text).unwrap()
}

fn look(answers: &[HttpResponse]) -> Result<Step, ChannelError> {
    orders().look(call(&connection(), &token()), &id("5001"), answers)
}

fn asks(answers: &[HttpResponse]) -> HttpRequest {
    match look(answers).unwrap() {
        Step::Ask(_, request) => request,
        other => panic!("{other:?}"),
    }
}

fn has(answers: &[HttpResponse]) -> RawOrder {
    match look(answers).unwrap() {
        Step::Have(raw) => raw,
        other => panic!("{other:?}"),
    }
}

fn read(raw: &RawOrder) -> ChannelOrder {
    orders().read(&raw.format, &raw.body).unwrap()
}

/// The data of a golden case's first answer.
fn case(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["answers"][0].clone()
}

fn plain() -> Value {
    case(include_str!("../golden/shopify/us-tax-added.json"))
}

fn refunded() -> Value {
    let mut data = case(include_str!("../golden/shopify/refunded-in-part-tax-added.json"));
    data["order"]["id"] = json!(ORDER);
    data
}

/// An answer about the same state of the order with nothing but these fields.
fn more(of: &Value, fields: &[(&str, Value)]) -> Value {
    let mut order = json!({"id": of["order"]["id"], "updatedAt": of["order"]["updatedAt"]});
    for (name, value) in fields {
        order[*name] = value.clone();
    }
    json!({ "order": order })
}

fn without(mut data: Value, field: &str) -> Value {
    data["order"].as_object_mut().unwrap().remove(field);
    data
}

fn page(nodes: Value, next: Option<&str>) -> Value {
    json!({"pageInfo": {"hasNextPage": next.is_some(), "endCursor": next}, "nodes": nodes})
}

#[test]
fn most_orders_take_one_answer() {
    // SPEC: G-12
    let request = asks(&[]);
    assert_eq!(request.url, "https://blue-mugs.myshopify.com/admin/api/2026-10/graphql.json");
    assert_eq!(request.header_value("x-shopify-access-token"), Some(TOKEN));
    assert_eq!(operation(&request), "query Order");
    let asked = variables(&request);
    assert_eq!(asked["id"], ORDER);
    for (switch, is_on) in [
        ("head", true),
        ("lines", true),
        ("fulfillmentOrders", true),
        ("fulfillments", true),
        ("refunds", false),
        ("returns", false),
    ] {
        assert_eq!(asked[switch], is_on, "{switch}");
    }
    let raw = has(&[answer(&plain())]);
    assert_eq!((raw.channel_order_id.as_str(), raw.format.as_str()), ("5001", "2026-10"));
    assert_eq!((raw.updated_at, raw.marketplace.clone()), (time("2026-11-18T08:20:00Z"), None));
    let order = read(&raw);
    assert_eq!((order.channel_order_id.clone(), order.updated_at), (raw.channel_order_id, raw.updated_at));
    assert_eq!(order.lines.len(), 2, "{}", render(&order));
}

#[test]
fn refunds_and_returns_are_asked_for_where_there_are_some() {
    // SPEC: G-06, KS-16
    let first = without(refunded(), "refunds");
    let asked = variables(&asks(&[answer(&first)]));
    assert_eq!((&asked["refunds"], &asked["returns"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&asked["head"], &asked["lines"], &asked["fulfillments"]),
        (&json!(false), &json!(false), &json!(false))
    );
    let refunds = more(&first, &[("refunds", refunded()["order"]["refunds"].clone())]);
    let order = read(&has(&[answer(&first), answer(&refunds)]));
    assert_eq!(order.lines[0].discount.to_string(), "0.67");
    assert_eq!(order.lines[0].tax.unwrap().to_string(), "1.93");

    let mut with_return = first;
    with_return["order"]["returnStatus"] = json!("RETURN_REQUESTED");
    let asked = variables(&asks(&[answer(&with_return)]));
    assert_eq!((&asked["refunds"], &asked["returns"]), (&json!(true), &json!(true)));
}

#[test]
fn an_edit_that_left_the_total_as_it_was_is_noticed() {
    // SPEC: KS-30
    for (field, value) in [
        ("edited", json!(true)),
        ("totalPriceSet", json!({"presentmentMoney": {"amount": "60.00", "currencyCode": "USD"}})),
        ("totalRefundedSet", json!({"presentmentMoney": {"amount": "0.01", "currencyCode": "USD"}})),
    ] {
        let mut data = plain();
        data["order"][field] = value;
        assert_eq!(variables(&asks(&[answer(&data)]))["refunds"], true, "{field}");
    }
}

#[test]
fn a_refund_that_is_worth_nothing_is_noticed_by_the_units_it_took() {
    // SPEC: KS-30, G-06
    let mut data = plain();
    data["order"]["lineItems"]["nodes"][1]["currentQuantity"] = json!(0);
    assert_eq!(variables(&asks(&[answer(&data)]))["refunds"], true);
    // Where the line lies on a later page, that page tells it.
    let mut first = plain();
    let line = data["order"]["lineItems"]["nodes"][1].clone();
    let nodes = first["order"]["lineItems"]["nodes"].as_array().unwrap()[..1].to_vec();
    first["order"]["lineItems"] = page(json!(nodes), Some("c1"));
    let asked = variables(&asks(&[answer(&first)]));
    assert_eq!((&asked["lines"], &asked["refunds"]), (&json!(true), &json!(false)));
    let second = more(&first, &[("lineItems", page(json!([line]), None))]);
    assert_eq!(variables(&asks(&[answer(&first), answer(&second)]))["refunds"], true);
}

#[test]
fn every_page_of_an_order_of_250_lines_is_read() {
    // SPEC: KS-22, KS-31
    let template = plain()["order"]["lineItems"]["nodes"][1].clone();
    let line = |number: usize| {
        let mut line = template.clone();
        line["id"] = json!(format!("gid://shopify/LineItem/{number}"));
        line
    };
    let lines = |from: usize, to: usize| Value::Array((from..to).map(line).collect());
    let mut first = plain();
    first["order"]["lineItems"] = page(lines(0, 20), Some("c1"));
    // Line 0 would be an id that is none.
    first["order"]["lineItems"]["nodes"][0]["id"] = json!("gid://shopify/LineItem/1000");
    let mut answers = vec![answer(&first)];
    for (from, to, cursor) in [(20, 80, "c1"), (80, 140, "c2"), (140, 200, "c3"), (200, 250, "c4")] {
        let asked = variables(&asks(&answers));
        assert_eq!((&asked["linesAfter"], &asked["linesFirst"]), (&json!(cursor), &json!(60)));
        assert_eq!((&asked["fulfillmentOrders"], &asked["head"]), (&json!(false), &json!(false)));
        let next = (to < 250).then(|| format!("c{}", answers.len() + 1));
        answers.push(answer(&more(&first, &[("lineItems", page(lines(from, to), next.as_deref()))])));
    }
    let order = read(&has(&answers));
    assert_eq!(order.lines.len(), 250);
    assert_eq!(order.lines[249].line_id, "249");
}

#[test]
fn parts_with_many_lines_are_read_to_their_end() {
    // SPEC: KS-06, KS-40
    let mut first = plain();
    let rest = first["order"]["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][1].take();
    let nodes = first["order"]["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"].as_array_mut().unwrap();
    nodes.pop();
    first["order"]["fulfillmentOrders"]["nodes"][0]["lineItems"]["pageInfo"] =
        json!({"hasNextPage": true, "endCursor": "f1"});
    let request = asks(&[answer(&first)]);
    assert_eq!(operation(&request), "query OrderPart");
    assert_eq!(
        variables(&request),
        json!({"order": ORDER, "id": "gid://shopify/FulfillmentOrder/1", "after": "f1"})
    );
    let mut second = more(&first, &[]);
    second["node"] =
        json!({"id": "gid://shopify/FulfillmentOrder/1", "lineItems": page(json!([rest]), None)});
    let order = read(&has(&[answer(&first), answer(&second)]));
    let part = &order.shop.fulfillment_orders[0];
    assert_eq!(part.lines.iter().map(|line| line.line_id.as_str()).collect::<Vec<_>>(), ["11", "12"]);
}

fn ids(kind: &str, to: usize) -> Value {
    (1..=to).map(|number| json!({"id": format!("gid://shopify/{kind}/{number}")})).collect()
}

#[test]
fn more_fulfillments_than_fit_are_asked_for_one_by_one() {
    // SPEC: KS-40, G-12
    let of = |number: usize| {
        json!({
            "id": format!("gid://shopify/Fulfillment/{number}"),
            "status": "SUCCESS",
            "createdAt": "2026-11-19T10:00:00Z",
            "location": null,
            "trackingInfo": [],
            "fulfillmentLineItems": page(json!([]), None),
        })
    };
    let mut first = plain();
    first["order"]["fulfillments"] = (1..=10).map(of).collect();
    first["order"]["fulfillmentsCount"] = json!({"count": 12});
    let mut answers = vec![answer(&first)];
    let asked = variables(&asks(&answers));
    assert_eq!(
        (&asked["partIds"], &asked["fulfillments"], &asked["lines"]),
        (&json!(true), &json!(false), &json!(false))
    );
    let all = [("fulfillmentIds", ids("Fulfillment", 12)), ("refundIds", ids("Refund", 3))];
    answers.push(answer(&more(&first, &all)));
    for number in [11, 12] {
        let request = asks(&answers);
        assert_eq!(operation(&request), "query OrderPart");
        let id = format!("gid://shopify/Fulfillment/{number}");
        assert_eq!(variables(&request), json!({"order": ORDER, "id": id, "after": null}));
        let mut part = more(&first, &[]);
        part["node"] = of(number);
        answers.push(answer(&part));
    }
    let order = read(&has(&answers));
    assert_eq!(order.shop.fulfillments.len(), 12, "and none of them twice");
}

#[test]
fn more_refunds_than_fit_are_asked_for_one_by_one() {
    // SPEC: G-06, G-12
    let template = refunded()["order"]["refunds"][0].clone();
    let of = |number: usize| {
        let mut refund = template.clone();
        refund["id"] = json!(format!("gid://shopify/Refund/{number}"));
        if number > 1 {
            refund["refundLineItems"] = page(json!([]), None);
        }
        refund
    };
    let first = without(refunded(), "refunds");
    let ten: Value = (2..=11).map(of).collect();
    let mut answers = vec![answer(&first), answer(&more(&first, &[("refunds", ten)]))];
    assert_eq!(variables(&asks(&answers))["partIds"], true);
    answers.push(answer(&more(&first, &[("fulfillmentIds", json!([])), ("refundIds", ids("Refund", 11))])));
    assert_eq!(variables(&asks(&answers))["id"], "gid://shopify/Refund/1");
    let mut part = more(&first, &[]);
    part["node"] = of(1);
    answers.push(answer(&part));
    let order = read(&has(&answers));
    assert_eq!(order.lines[0].discount.to_string(), "0.67", "what only the last of them tells");
}

#[test]
fn an_order_that_changes_while_it_is_read_is_read_again() {
    // SPEC: G-02
    let first = without(refunded(), "refunds");
    let mut second = more(&first, &[("refunds", json!([]))]);
    second["order"]["updatedAt"] = json!("2026-11-21T12:00:02Z");
    let error = look(&[answer(&first), answer(&second)]).unwrap_err();
    assert!(matches!(error, ChannelError::Trouble(_)) && error.is_transient(), "{error}");
}

#[test]
fn an_order_that_is_not_there_is_told() {
    assert_eq!(look(&[answer(&json!({"order": null}))]).unwrap(), Step::NotFound);
    let (connection, token) = (connection(), token());
    for odd in ["..", "0", "abc", "1.0", "-1"] {
        let step = orders().look(call(&connection, &token), &id(odd), &[]).unwrap();
        assert_eq!(step, Step::NotFound, "{odd}");
    }
}

/// An answer in part: the data, and an error at a place.
fn in_part(data: &Value, path: &Value, code: &str) -> HttpResponse {
    let error =
        json!({"message": "Access denied for jane@example.com", "path": path, "extensions": {"code": code}});
    HttpResponse::json(200, json!({"data": data, "errors": [error]}).to_string())
}

#[test]
fn a_buyer_that_is_withheld_stops_no_order_and_anything_else_does() {
    // SPEC: KS-21
    let mut data = plain();
    data["order"]["customer"] = Value::Null;
    let order = read(&has(&[in_part(&data, &json!(["order", "customer"]), "ACCESS_DENIED")]));
    assert_eq!(order.oddities, ["customer is withheld from this application"]);
    assert_eq!(order.person.name.as_deref(), Some("Jane Roe"), "the bill tells it");
    for path in [
        json!(["order", "lineItems", "nodes", 0, "variant"]),
        json!(["order"]),
        json!([]),
        json!("order"),
        json!(null),
    ] {
        let error = look(&[in_part(&plain(), &path, "ACCESS_DENIED")]).unwrap_err();
        assert!(matches!(&error, ChannelError::Denied(why) if !why.contains("jane")), "{path}: {error}");
    }
    let error =
        look(&[in_part(&plain(), &json!(["order", "lineItems"]), "INTERNAL_SERVER_ERROR")]).unwrap_err();
    assert!(matches!(error, ChannelError::Trouble(_)), "{error}");
}

#[test]
fn a_buyer_who_is_missing_for_trouble_at_the_shop_is_asked_for_again() {
    // SPEC: KS-21, G-04
    for field in ["customer", "shippingAddress", "email", "returns"] {
        for code in ["INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "", "SOMETHING_NEW"] {
            let mut data = plain();
            data["order"][field] = Value::Null;
            let error = look(&[in_part(&data, &json!(["order", field]), code)]).unwrap_err();
            assert!(error.is_transient(), "{field} {code}: {error}");
            assert!(!error.to_string().contains("jane"), "{error}");
        }
    }
}

#[test]
fn returns_that_are_withheld_are_left_out() {
    // SPEC: KS-16
    let mut first = plain();
    first["order"]["returnStatus"] = json!("RETURNED");
    let asked = variables(&asks(&[answer(&first)]));
    assert_eq!(asked["returns"], true);
    // The list may not be null, so that the whole order is.
    let denied = in_part(&json!({"order": null}), &json!(["order", "returns"]), "ACCESS_DENIED");
    let answers = [answer(&first), denied.clone()];
    let asked = variables(&asks(&answers));
    assert_eq!((&asked["refunds"], &asked["returns"]), (&json!(true), &json!(false)));
    let refunds = more(&first, &[("refunds", json!([]))]);
    let order = read(&has(&[answer(&first), denied, answer(&refunds)]));
    assert_eq!(order.oddities, ["returns is withheld from this application"]);
}

#[test]
fn an_application_that_may_not_even_see_whether_there_are_returns_reads_orders() {
    // SPEC: KS-16
    let denied = |field: &str| in_part(&json!({"order": null}), &json!(["order", field]), "ACCESS_DENIED");
    let asked = variables(&asks(&[]));
    assert_eq!(asked["returnStatus"], true);
    let asked = variables(&asks(&[denied("returnStatus")]));
    assert_eq!(
        (&asked["returnStatus"], &asked["head"], &asked["lines"]),
        (&json!(false), &json!(true), &json!(true))
    );
    let second = without(plain(), "returnStatus");
    let order = read(&has(&[denied("returnStatus"), answer(&second)]));
    assert_eq!(order.oddities, ["returnStatus is withheld from this application"]);
    let again = look(&[denied("returnStatus"), denied("customer")]).unwrap_err();
    assert!(matches!(again, ChannelError::Denied(_)), "nothing is left to leave out: {again}");
    assert_eq!(look(&[denied("returnStatus"), answer(&json!({"order": null}))]).unwrap(), Step::NotFound);
}

#[test]
fn an_order_without_end_is_given_up() {
    let mut endless = plain();
    endless["order"]["lineItems"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": "again"});
    let answers = vec![answer(&endless); 61];
    assert!(matches!(look(&answers), Err(ChannelError::Refused(_))));
    assert!(matches!(look(&answers[..60]), Ok(Step::Ask(..))));
}

#[test]
fn a_search_is_asked_for_to_the_letter() {
    // SPEC: KS-04
    let (connection, token) = (connection(), token());
    let from = time("2026-11-06T23:59:59.999Z");
    let search = Search { from, marketplaces: &[], page: None };
    let request = orders().search(call(&connection, &token), &search);
    assert_eq!(operation(&request), "query ChangedOrders");
    assert_eq!(variables(&request), json!({"query": "updated_at:>='2026-11-06T23:59:59Z'", "after": null}));
    let search = Search { page: Some("c1"), ..search };
    assert_eq!(variables(&orders().search(call(&connection, &token), &search))["after"], "c1");
    assert_eq!(orders().search_operation(&connection).name, "orders");
}

#[test]
fn an_order_is_found_by_its_number() {
    // SPEC: KS-04
    let (connection, token) = (connection(), token());
    let find = |number: &str| orders().find(call(&connection, &token), number);
    let (_, request) = find(" #1042 ").unwrap();
    assert_eq!(variables(&request)["query"], "name:'#1042'");
    for odd in ["", "  ", "1042' OR status:open", "10\"42", "10\\42", "1\n2"] {
        assert!(find(odd).is_none(), "{odd}");
    }
    assert!(find(&"1".repeat(61)).is_none());
}

#[test]
fn a_page_names_orders_and_what_cannot_be_read_of_it() {
    // SPEC: KS-04, G-04
    let connection = connection();
    let order = |id: &str| json!({"id": id, "name": "#1", "updatedAt": "2026-11-18T08:20:00Z"});
    let nodes = json!([
        order("gid://shopify/Order/7"),
        order("gid://shopify/DraftOrder/8"),
        order("gid://shopify/Order/9")
    ]);
    let read =
        |next| orders().page(&connection, &answer(&json!({"orders": page(nodes.clone(), next)}))).unwrap();
    let first = read(Some("c1"));
    let listed: Vec<&str> = first.listed.iter().map(|order| order.channel_order_id.as_str()).collect();
    assert_eq!((listed, first.next.as_deref()), (vec!["7", "9"], Some("c1")));
    assert_eq!((first.orders.len(), first.unreadable.len()), (0, 1));
    assert_eq!(first.listed[0].updated_at, Some(time("2026-11-18T08:20:00Z")));
    assert_eq!(read(None).next, None);
    assert!(orders().page(&connection, &answer(&json!({"orders": null}))).is_err());
}
