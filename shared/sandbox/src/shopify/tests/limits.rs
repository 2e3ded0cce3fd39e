//! Points, and bad days.

use super::*;
use crate::shopify::Faults;

fn shop_query() -> HttpRequest {
    let (connection, token) = (connection(), token(TOKEN));
    CHANNEL.store.unwrap().about(Call { connection: &connection, token: &token }).1
}

/// A query of an order without anything that came after the sale.
fn order_query(id: u64) -> HttpRequest {
    let (connection, token) = (connection(), token(TOKEN));
    let id = ChannelOrderId::parse(&id.to_string()).unwrap();
    let call = Call { connection: &connection, token: &token };
    match CHANNEL.orders.unwrap().look(call, &id, &[]).unwrap() {
        Step::Ask(_, request) => request,
        Step::Have(_) | Step::NotFound => panic!("it is asked for"),
    }
}

#[test]
fn every_query_is_paid_for_and_what_it_did_not_cost_comes_back() {
    // SPEC: G-12
    let mut shopify = new();
    let answer = json(&shopify.handle(&shop_query(), at(0)));
    let cost = &answer["extensions"]["cost"];
    assert_eq!(cost["throttleStatus"]["maximumAvailable"], 2_000);
    assert_eq!(cost["throttleStatus"]["restoreRate"], 100);
    // The shop, the installation, and each scope.
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&3.into(), &3.into()));
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 1_997);
    let id = place(&mut shopify, simple(), at(0));
    let response = shopify.handle(&order_query(id), at(100));
    let budget = CHANNEL.orders.unwrap().told_budget(&response).unwrap();
    assert!((500..=1_000).contains(&budget.requested), "{budget:?}");
    assert!(budget.actual.unwrap() < 120, "{budget:?}");
    assert_eq!(budget.available, 2_000 - budget.actual.unwrap());
}

#[test]
fn who_has_no_points_left_is_told_when_there_will_be() {
    let mut shopify = with(ShopSpec { points_a_second: 1, ..ShopSpec::new(SHOP) });
    let id = place(&mut shopify, simple(), at(0));
    // A bucket of twenty points never holds what an order may cost.
    let response = shopify.handle(&order_query(id), at(0));
    assert_eq!(response.status, 200);
    assert_eq!(json(&response)["errors"][0]["extensions"]["code"], "THROTTLED");
    assert!(json(&response)["extensions"]["cost"]["actualQueryCost"].is_null());
    assert!(json(&response)["data"].is_null());
    for call in 0..6 {
        assert!(json(&shopify.handle(&shop_query(), at(0)))["data"].is_object(), "{call}");
    }
    let throttled = shopify.handle(&shop_query(), at(0));
    assert!(matches!(
        CHANNEL.store.unwrap().read_about(&throttled),
        Err(ChannelError::Throttled { retry_after: Some(wait), .. }) if wait.as_secs() == 1
    ));
    assert!(json(&shopify.handle(&shop_query(), at(1)))["data"].is_object());
    let counts = shopify.counts(SHOP);
    assert_eq!((counts["Shop"].calls, counts["Shop"].throttled, counts["Shop"].points), (8, 1, 21));
    assert_eq!(counts["Order"].throttled, 1);
    shopify.faults.throttled = 1000;
    shopify.handle(&shop_query(), at(100));
    assert_eq!(shopify.counts(SHOP)["Shop"].throttled_by_fault, 1);
}

#[test]
fn one_query_has_a_limit_of_its_own() {
    let mut shopify = new();
    let query = "query Dear { locations(first: 250) { nodes { id } } orders(first: 250) { nodes { id \
                 fulfillmentOrders(first: 5) { nodes { id } } } } }";
    let body = serde_json::json!({ "query": query });
    let request = shop_query().with_body("application/json", body.to_string());
    let answer = json(&shopify.handle(&request, at(0)));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
    assert!(answer["data"].is_null());
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let mut shopify = new();
    for (query, code) in [
        ("query A { shop { id", "parseError"),
        ("query A { shop { nickname } }", "undefinedField"),
        ("query A { shops { id } }", "undefinedField"),
        ("mutation A { orderDelete(id: \"1\") { id } }", "undefinedField"),
        ("query A { shop }", "selectionMismatch"),
        ("query A { shop { id { id } } }", "selectionMismatch"),
        ("query A { orders { nodes { id } } }", "argumentMissing"),
        ("query A { orders(first: 1, query: \"tag:x\") { nodes { id } } }", "BAD_REQUEST"),
    ] {
        let body = serde_json::json!({ "query": query });
        let answer =
            json(&shopify.handle(&shop_query().with_body("application/json", body.to_string()), at(0)));
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}: {answer}");
        assert!(answer["data"].is_null(), "{query}");
    }
}

#[test]
fn an_error_in_part_never_looks_like_an_order_that_is_not_there() {
    let mut shopify = new();
    let id = place(&mut shopify, simple(), at(0));
    shopify.faults.partial_errors = 1000;
    let mut refused = 0;
    for second in 0..40 {
        match look(&mut shopify, id, at(60 * second)).0 {
            Ok(_) => panic!("something of the order is missing, and nobody says so"),
            Err(ChannelError::Trouble(_)) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(refused, 40);
}

#[test]
fn on_a_bad_day_every_answer_is_understood() {
    let mut shopify = new();
    let id = place(&mut shopify, simple(), at(0));
    shopify.faults = Faults::BAD_DAY;
    let mut kinds = std::collections::BTreeMap::<&str, u32>::new();
    for second in 0..800 {
        let kind = match look(&mut shopify, id, at(60 * second)).0 {
            Ok(Some(_)) => "read",
            Ok(None) => panic!("the order is there"),
            Err(ChannelError::Expired) => panic!("a token that does not end has ended"),
            Err(ChannelError::Trouble(_)) => "trouble",
            Err(ChannelError::Unreadable(_)) => "unreadable",
            Err(error) => panic!("{error:?}"),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    println!("{kinds:?}");
    assert!(kinds["read"] > 600 && kinds.len() == 3, "{kinds:?}");
}
