//! What an order costs in DynamoDB's units: counted, so that no change makes it dearer unseen. The
//! benchmark prints it item by item.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use weir_aws::embedded::{Call, CallHook};
use weir_sandbox::amazon::{BuyerSpec, OrderSpec, marketplaces::US};
use weir_tests::{
    House,
    house::Plan,
    meter::{Charge, Meter},
    shop::{MUG, line},
};

#[test]
fn an_item_costs_by_the_kilobyte_and_twice_in_a_transaction() {
    let meter = Meter::default();
    let item =
        |body: usize| json!({"pk": {"S": "o#STOCK"}, "sk": {"S": "x"}, "body": {"S": "b".repeat(body)}});
    let put = json!({ "Item": item(100) }).to_string();
    meter.after(&Call { operation: "PutItem", body: &put }, 200, "{}");
    let transaction = json!({"TransactItems": [{"Put": {"Item": item(1_100)}}]}).to_string();
    meter.after(&Call { operation: "TransactWriteItems", body: &transaction }, 200, "{}");
    meter.after(&Call { operation: "TransactWriteItems", body: &transaction }, 400, "{}");
    let delete = json!({"Key": {"pk": {"S": "o#STOCK"}, "sk": {"S": "x"}}}).to_string();
    meter.after(&Call { operation: "DeleteItem", body: &delete }, 200, "{}");
    let charges = meter.take();
    assert_eq!(charges.iter().map(|charge| charge.writes).collect::<Vec<_>>(), [1, 4, 2]);
    assert_eq!(charges[0].what, "stock item");
    assert!(meter.take().is_empty());
}

// SPEC: KF-01, G-05
#[tokio::test]
async fn an_order_of_one_line_costs_no_more_units_than_it_did() {
    const ORDERS: usize = 20;
    let meter = Arc::new(Meter::default());
    let hook = Arc::<Meter>::clone(&meter);
    let house = House::build(Plan { hook: Some(hook), ..Plan::default() }).await;
    let shop = house.shop("acme", &US).await;
    let text = |text: &str| Some(text.to_owned());
    let buyer =
        BuyerSpec { name: text("Johanna Buyerson"), line_1: text("17 Long Street"), ..BuyerSpec::place(&US) };
    let spec = || OrderSpec { buyer: Some(buyer.clone()), ..OrderSpec::new(&US, vec![line(MUG, 1)]) };
    house.sell_spec(&shop, spec());
    house.minutes(3).await;
    for _ in 0..ORDERS {
        house.sell_spec(&shop, spec());
    }
    house.clock.advance(SignedDuration::from_mins(3));
    meter.take();
    house.tick().await;
    house.consume().await;
    house.dispatch().await;
    let charges = meter.take();
    let of_a_tick = ["organization", "connection", "cursor", "token bucket", "route"];
    let reads_of = |charge: &Charge| charge.reads;
    let writes: usize = charges
        .iter()
        .filter(|charge| !of_a_tick.contains(&charge.what.as_str()))
        .map(|charge| charge.writes + charge.index_writes)
        .sum();
    let reads: usize = charges.iter().map(reads_of).sum();
    assert!(writes <= 20 * ORDERS, "{} write units an order: {charges:#?}", writes / ORDERS);
    // The target is 5: one for whether the order is known, five for its import.
    assert!(reads < 7 * ORDERS, "{} read units an order: {charges:#?}", reads / ORDERS);
}
