//! Amazon's own published examples of Orders 2026-01-01 and v0, through mapper and importer: each has an
//! explained outcome. They lie beside the checkout; where they are not, the tests say so.

use std::path::Path;

use serde_json::Value;
use weir_app::runs::{self, NewRun};
use weir_channels::http::HttpResponse;
use weir_domain::{sales_order::Flag, stock::SerialState, variant::Tracking};
use weir_sandbox::amazon::marketplaces::{JP, UK, US};
use weir_tests::{House, Shop, books::IMPORTED};

use crate::written;

/// The answer of an example.
#[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
fn example(name: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/amazon/swagger-sandbox");
    let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.json"))) else {
        println!("skipped: Amazon's published example {name} is not beside the checkout");
        return None;
    };
    let example: Value = serde_json::from_str(&text).unwrap();
    Some(example.get("response").unwrap_or(&example).clone())
}

/// What becomes of an example's order.
#[derive(Debug)]
struct Case {
    id: &'static str,
    marketplace: &'static str,
    outcome: &'static str,
    sentence: &'static str,
}

const fn case(
    id: &'static str,
    marketplace: &'static str,
    outcome: &'static str,
    sentence: &'static str,
) -> Case {
    Case { id, marketplace, outcome, sentence }
}

/// A merchant on a marketplace that the sandbox need not know, whose orders import from 2024 on.
async fn shop_on(house: &House, word: &str, marketplace: &str, api: &str) -> Shop {
    let shop = house.unconnected_shop(word, &US).await;
    house
        .connect(&shop, |new| {
            new.remote.marketplace = Some(marketplace.to_owned());
            new.settings = weir_app::connections::settings([("orders_api", api.into())]);
        })
        .await;
    house.activate(&shop).await;
    let since = "2020-01-01T00:00:00Z".parse().unwrap();
    let new = NewRun::Backfill { since };
    runs::create(&house.hub, &shop.organization, &shop.connection, "backfill", new).await.unwrap();
    shop
}

async fn check(house: &House, shop: &Shop, case: &Case) {
    assert_eq!(house.outcome(shop, case.id).await, case.outcome, "{case:?}");
    let sentence = house.sentence(shop, case.id).await;
    assert!(sentence.contains(case.sentence), "{case:?}: {sentence}");
}

// SPEC: G-03, KF-02, KF-05
#[tokio::test]
async fn each_order_of_the_search_examples_has_an_explained_outcome() {
    let merchant = "The merchant ships it";
    let cases = [
        ("example", case("123-4567890-1234567", US.id, "skipped fulfilled_by_merchant", merchant)),
        ("static0", case("250-1234567-8901234", JP.id, "waiting sku_not_matched", "ECHO-DOT-4-JP-CHARCOAL")),
        ("static1", case("202-7654321-1098765", UK.id, "skipped fulfilled_by_merchant", merchant)),
        ("static2", case("171-2345678-9012345", "A2Q3Y263D00KWC", "skipped fulfilled_by_merchant", merchant)),
    ];
    for (name, case) in cases {
        let Some(answer) = example(&format!("orders_2026-01-01.searchOrders.200.{name}")) else { return };
        assert_eq!(answer["orders"].as_array().unwrap().len(), 1, "{name}");
        let house = House::new().await;
        let shop = shop_on(&house, "acme", case.marketplace, "2026-01-01").await;
        house.crossing.answer_always("paginationToken=", written::page(&[], Some(house.now())));
        house
            .crossing
            .answer_always("/orders/2026-01-01/orders?", HttpResponse::json(200, answer.to_string()));
        house.minutes(1).await;
        check(&house, &shop, &case).await;
    }
}

// SPEC: KF-06, KF-11, G-06
#[tokio::test]
async fn the_example_that_amazon_shipped_comes_in_once_its_skus_are_known() {
    let Some(answer) = example("orders_2026-01-01.searchOrders.200.static0") else { return };
    let house = House::new().await;
    let shop = shop_on(&house, "acme", JP.id, "2026-01-01").await;
    house.crossing.answer_always("paginationToken=", written::page(&[], Some(house.now())));
    house.crossing.answer_always("/orders/2026-01-01/orders?", HttpResponse::json(200, answer.to_string()));
    house.minutes(1).await;
    let id = "250-1234567-8901234";
    house.variant(&shop, "ECHO-DOT-4-JP-CHARCOAL", Tracking::None).await;
    house.variant(&shop, "FIRE-TV-4K-MAX-JP", Tracking::Serial).await;
    assert_eq!(house.outcome(&shop, id).await, IMPORTED);
    let order = house.order(&shop, id).await.unwrap();
    assert_eq!(order.channel_total.map(|total| total.to_string()).as_deref(), Some("19940 JPY"));
    assert_eq!(order.totals().total, order.channel_total.map(|total| total.amount));
    assert!(order.flags.contains(&Flag::TaxUnknown), "no TAX is an unknown tax");
    assert!(order.flags.contains(&Flag::BaseTotalMissing), "the organization has no rate for JPY");
    let numbers = &order.fulfillments[0].rows[1].serial_numbers;
    assert_eq!(numbers.len(), 2);
    let state = house.serial(&shop, "FIRE-TV-4K-MAX-JP", &numbers[0]).await;
    assert_eq!(state, Some(SerialState::Sold(order.id.clone())));
    house.check_books(&shop.organization).await;
}

// SPEC: G-03, KF-14
#[tokio::test]
async fn each_order_of_the_look_examples_has_an_explained_outcome() {
    let merchant = "The merchant ships it";
    let cases = [
        ("example", case("202-1234567-8901234", UK.id, "skipped fulfilled_by_merchant", merchant)),
        ("static0", case("171-9876543-2109876", "A2Q3Y263D00KWC", "skipped fulfilled_by_merchant", merchant)),
        ("static1", case("028-1234567-8901234", "A33AVAJ2PDY3EV", "skipped fulfilled_by_merchant", merchant)),
        ("static2", case("114-9876543-1234567", US.id, "skipped fulfilled_by_merchant", merchant)),
    ];
    for (name, case) in cases {
        let Some(answer) = example(&format!("orders_2026-01-01.getOrder.200.{name}")) else { return };
        let house = House::new().await;
        let shop = shop_on(&house, "acme", case.marketplace, "2026-01-01").await;
        let path = format!("/orders/2026-01-01/orders/{}?", case.id);
        house.crossing.answer_always(&path, HttpResponse::json(200, answer.to_string()));
        house.ask_for(&shop, case.id).await;
        check(&house, &shop, &case).await;

        // The same order, had Amazon shipped it: it waits for its SKU, and then it comes in.
        let mut order = answer["order"].clone();
        order["fulfillment"]["fulfilledBy"] = "AMAZON".into();
        order["fulfillment"]["fulfillmentStatus"] = "SHIPPED".into();
        order["lastUpdatedTime"] = "2026-11-21T08:59:00Z".into();
        for item in order["orderItems"].as_array_mut().unwrap() {
            item["fulfillment"]["quantityFulfilled"] = item["quantityOrdered"].clone();
        }
        house.crossing.answer_no_more();
        house.crossing.answer_always(&path, written::one(&order));
        house.ask_for(&shop, case.id).await;
        assert_eq!(house.outcome(&shop, case.id).await, "waiting sku_not_matched");
        for item in order["orderItems"].as_array().unwrap() {
            house.variant(&shop, item["product"]["sellerSku"].as_str().unwrap(), Tracking::None).await;
        }
        assert!(house.is_in(&shop, case.id).await, "{name}: {}", house.sentence(&shop, case.id).await);
        let order = house.order(&shop, case.id).await.unwrap();
        assert_eq!(order.totals().total, order.channel_total.map(|total| total.amount), "{name}");
        assert!(!order.flags.contains(&Flag::TotalDiffers), "{name}");
        house.check_books(&shop.organization).await;
    }
}

// SPEC: KF-04, G-03
#[tokio::test]
async fn each_order_of_the_old_apis_examples_has_an_explained_outcome() {
    let Some(order) = example("ordersV0.getOrder.200.static0") else { return };
    let Some(items) = example("ordersV0.getOrderItems.200.static0") else { return };
    let id = order["payload"]["AmazonOrderId"].as_str().unwrap().to_owned();
    let house = House::new().await;
    let shop = shop_on(&house, "acme", US.id, "v0").await;
    house.crossing.answer_always(
        &format!("/orders/v0/orders/{id}/orderItems"),
        HttpResponse::json(200, items.to_string()),
    );
    house
        .crossing
        .answer_always(&format!("/orders/v0/orders/{id}"), HttpResponse::json(200, order.to_string()));
    house.ask_for(&shop, &id).await;
    assert_ne!(house.outcome(&shop, &id).await, "nothing");
    assert!(!house.sentence(&shop, &id).await.is_empty());
    for name in ["example", "static0", "static1", "static2"] {
        let Some(mut answer) = example(&format!("ordersV0.getOrders.200.{name}")) else { return };
        let payload = answer["payload"].as_object_mut().unwrap();
        payload.remove("NextToken");
        let listed: Vec<(String, Option<String>)> = payload["Orders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| {
                let text = |name: &str| order[name].as_str().map(str::to_owned);
                (text("AmazonOrderId").unwrap(), text("MarketplaceId"))
            })
            .collect();
        let house = House::new().await;
        let shop = shop_on(&house, "acme", US.id, "v0").await;
        house.crossing.answer_always("/orders/v0/orders?", HttpResponse::json(200, answer.to_string()));
        house.minutes(1).await;
        for (id, marketplace) in listed {
            let outcome = house.outcome(&shop, &id).await;
            match marketplace.as_deref().is_none_or(|marketplace| marketplace == US.id) {
                // The sandbox does not know the example's order: it says so.
                true => assert_eq!(outcome, "failed order_not_found", "{name} {id}"),
                false => assert_eq!(outcome, "nothing", "{name} {id}: it is of another marketplace"),
            }
        }
    }
}
