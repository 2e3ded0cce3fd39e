//! Orders of Amazon written by hand, for states that its sandbox would not give.

use serde_json::{Value, json};
use weir_channels::http::HttpResponse;
use weir_domain::Timestamp;
use weir_sandbox::amazon::Marketplace;

/// An FBA order in the words of Orders 2026-01-01, without money: lines as SKU, ordered and shipped.
pub(crate) fn order(
    id: &str,
    updated_at: Timestamp,
    marketplace: &Marketplace,
    status: &str,
    lines: &[(&str, u32, u32)],
) -> Value {
    let items: Vec<Value> = (1..)
        .zip(lines)
        .map(|(number, (sku, ordered, shipped)): (u32, _)| {
            json!({
                "orderItemId": format!("{number:014}"),
                "quantityOrdered": ordered,
                "product": {"asin": "B000000001", "title": format!("Product {sku}"), "sellerSku": sku},
                "fulfillment": {"quantityFulfilled": shipped, "quantityUnfulfilled": ordered - shipped},
            })
        })
        .collect();
    json!({
        "orderId": id,
        "createdTime": updated_at.to_string(),
        "lastUpdatedTime": updated_at.to_string(),
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": marketplace.id, "marketplaceName": marketplace.name},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": "AMAZON"},
        "orderItems": items,
    })
}

/// The answer to a look.
pub(crate) fn one(order: &Value) -> HttpResponse {
    HttpResponse::json(200, json!({ "order": order }).to_string())
}

/// The answer to a search.
pub(crate) fn page(orders: &[Value], until: Option<Timestamp>) -> HttpResponse {
    let mut page = json!({ "orders": orders });
    if let Some(until) = until {
        page["lastUpdatedBefore"] = until.to_string().into();
    }
    HttpResponse::json(200, page.to_string())
}
