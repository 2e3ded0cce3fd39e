//! What webhooks say: shaped as the REST API was, with those of its fields that tell something here.
//! Source: specs/shopify/webhook-schemas-2026-07.

use serde_json::{Value, json};

use super::{
    Shop,
    nodes::{gid, product_id, time},
    spec::{BuyerSpec, ProductSpec},
    truth::{Restock, TruthFulfillment, TruthHold, TruthLine, TruthOrder, TruthRefund, TruthReturn},
};

/// Something that happened to an order, of which subscribers of its topic hear. Parts are named by
/// their ids, since what is told of them is as they are when it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Of the order as a whole.
    Order(&'static str),
    Deleted,
    Edited {
        added: Vec<(u64, i64)>,
        removed: Vec<(u64, i64)>,
    },
    Fulfillment(&'static str, u64),
    FulfillmentOrder(&'static str, u64),
    Moved {
        from: u64,
        to: u64,
    },
    Split {
        from: u64,
        to: u64,
    },
    Merged {
        into: u64,
        from: u64,
    },
    Hold(&'static str, u64, TruthHold),
    Refund(u64),
    Return(&'static str, u64),
}

impl Event {
    /// Its topic, as `WebhookSubscriptionTopic` spells it.
    pub(super) const fn topic(&self) -> &'static str {
        match self {
            Self::Order(topic)
            | Self::Fulfillment(topic, _)
            | Self::FulfillmentOrder(topic, _)
            | Self::Hold(topic, _, _)
            | Self::Return(topic, _) => topic,
            Self::Deleted => "ORDERS_DELETE",
            Self::Edited { .. } => "ORDERS_EDITED",
            Self::Moved { .. } => "FULFILLMENT_ORDERS_MOVED",
            Self::Split { .. } => "FULFILLMENT_ORDERS_SPLIT",
            Self::Merged { .. } => "FULFILLMENT_ORDERS_MERGED",
            Self::Refund(_) => "REFUNDS_CREATE",
        }
    }

    /// What is said of it.
    pub(super) fn body(&self, shop: &Shop, order: &TruthOrder) -> Value {
        match self {
            Self::Order(_) => of_order(shop, order),
            Self::Deleted => json!({ "id": order.id }),
            Self::Edited { added, removed } => {
                let deltas = |lines: &[(u64, i64)]| -> Value {
                    lines.iter().map(|(id, units)| json!({ "id": id, "delta": units })).collect()
                };
                json!({ "order_edit": {
                    "id": order.id,
                    "app_id": null,
                    "created_at": time(order.updated_at),
                    "committed_at": time(order.updated_at),
                    "notify_customer": false,
                    "order_id": order.id,
                    "staff_note": "",
                    "user_id": null,
                    "line_items": { "additions": deltas(added), "removals": deltas(removed) },
                } })
            }
            Self::Fulfillment(_, id) => {
                let found = order.fulfillments.iter().find(|one| one.id == *id);
                found.map_or(Value::Null, |one| of_fulfillment(shop, order, one))
            }
            Self::FulfillmentOrder("FULFILLMENT_ORDERS_PLACED_ON_HOLD", id) => {
                let held = order.fulfillment_orders.iter().find(|part| part.id == *id);
                let holds: Vec<Value> =
                    held.iter().flat_map(|part| &part.holds).map(|hold| of_hold(hold, shop)).collect();
                let mut part = named(order, *id);
                part["fulfillment_holds"] = json!(holds);
                json!({ "fulfillment_order": part, "created_fulfillment_hold": holds.last() })
            }
            Self::FulfillmentOrder(_, id) => json!({ "fulfillment_order": named(order, *id) }),
            Self::Moved { from, to } => json!({
                "original_fulfillment_order": named(order, *from),
                "moved_fulfillment_order": named(order, *to),
            }),
            Self::Split { from, to } => json!({
                "fulfillment_order": named(order, *from),
                "remaining_fulfillment_order": named(order, *to),
            }),
            Self::Merged { into, from } => {
                let intent = |id: &u64| json!({ "fulfillment_order_id": id });
                json!({
                    "fulfillment_order_merges": { "fulfillment_order": named(order, *into) },
                    "merge_intents": [intent(into), intent(from)],
                })
            }
            Self::Hold(_, part, hold) => json!({
                "fulfillment_order": { "id": gid("FulfillmentOrder", *part) },
                "fulfillment_hold": of_hold(hold, shop),
            }),
            Self::Refund(id) => {
                let found = order.refunds.iter().find(|one| one.id == *id);
                found.map_or(Value::Null, |one| of_refund(shop, order, one))
            }
            Self::Return(topic, id) => {
                let found = order.returns.iter().find(|one| one.id == *id);
                found.map_or(Value::Null, |one| of_return(topic, order, one))
            }
        }
    }
}

/// A fulfillment order as most topics have it: its id and how far it is.
fn named(order: &TruthOrder, id: u64) -> Value {
    let part = order.fulfillment_orders.iter().find(|part| part.id == id);
    let status = part.map_or("closed", |part| part.status.word()).to_lowercase();
    json!({ "id": gid("FulfillmentOrder", id), "status": status })
}

fn of_hold(hold: &TruthHold, shop: &Shop) -> Value {
    json!({
        "id": gid("FulfillmentHold", hold.id),
        "reason": hold.reason.to_lowercase(),
        "reason_notes": hold.notes.clone().unwrap_or_default(),
        "held_by_requesting_app": false,
        "handle": format!("hold-{}", hold.id),
        "held_by_app": { "id": gid("App", shop.id) },
    })
}

fn of_order(shop: &Shop, order: &TruthOrder) -> Value {
    let money = order.currencies;
    let status = match order.fulfillment_status() {
        "FULFILLED" => Some("fulfilled"),
        "PARTIALLY_FULFILLED" => Some("partial"),
        "RESTOCKED" => Some("restocked"),
        _ => None,
    };
    let buyer = order.spec.buyer.as_ref();
    let customer = buyer.and_then(|buyer| Some((buyer.customer?, buyer)));
    let customer = customer.map(
        |(id, buyer)| json!({ "id": id, "admin_graphql_api_id": gid("Customer", id), "email": buyer.email }),
    );
    let lines = order.lines.iter().enumerate();
    json!({
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": order.name,
        "created_at": time(order.created_at),
        "processed_at": time(order.created_at),
        "updated_at": time(order.updated_at),
        "closed_at": order.archived_at.map(time),
        "cancelled_at": order.cancelled_at.map(time),
        "cancel_reason": order.cancelled_at.map(|_| "customer"),
        "test": order.spec.is_test,
        "financial_status": order.financial_status().to_lowercase(),
        "fulfillment_status": status,
        "currency": money.shop.code,
        "presentment_currency": money.paid.code,
        "taxes_included": order.taxes_included,
        "duties_included": false,
        "source_name": order.spec.source,
        "po_number": order.spec.purchase_order,
        "email": buyer.and_then(|buyer| buyer.email.clone()),
        "total_price": money.text(order.total_before()),
        "total_price_set": money.set(order.total_before()),
        "current_total_price": money.text(order.total()),
        "current_total_price_set": money.set(order.total()),
        "current_total_tax": money.text(order.tax()),
        "current_total_tax_set": money.set(order.tax()),
        "line_items": lines.map(|(place, line)| of_line(order, place, line)).collect::<Value>(),
        "fulfillments": order.fulfillments.iter().map(|one| of_fulfillment(shop, order, one)).collect::<Value>(),
        "refunds": order.refunds.iter().map(|one| of_refund(shop, order, one)).collect::<Value>(),
        "customer": customer,
        "billing_address": buyer.map(of_buyer),
        "shipping_address": buyer.map(of_buyer),
    })
}

fn of_buyer(buyer: &BuyerSpec) -> Value {
    json!({
        "name": buyer.name,
        "company": buyer.company,
        "address1": buyer.line_1,
        "city": buyer.city,
        "zip": buyer.postal_code,
        "province_code": buyer.state,
        "country_code": buyer.country,
    })
}

fn of_line(order: &TruthOrder, place: usize, line: &TruthLine) -> Value {
    let known = line.spec.product == ProductSpec::Known;
    let shipped = order.shipped(place);
    json!({
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "name": line.spec.title,
        "title": line.spec.title,
        "sku": line.spec.sku,
        "variant_id": known.then(|| product_id(line, 1)),
        "product_id": known.then(|| product_id(line, 2)),
        "product_exists": known,
        "quantity": line.ordered,
        "current_quantity": line.current,
        "fulfillable_quantity": (line.current - shipped).max(0),
        "requires_shipping": line.spec.requires_shipping,
        "gift_card": line.spec.is_gift_card,
        "price": order.currencies.text(line.spec.unit_price),
        "price_set": order.currencies.set(line.spec.unit_price),
    })
}

fn of_fulfillment(shop: &Shop, order: &TruthOrder, one: &TruthFulfillment) -> Value {
    let lines = one.lines.iter().filter_map(|shipped| {
        let mut line = of_line(order, shipped.line, order.lines.get(shipped.line)?);
        line["quantity"] = json!(shipped.quantity);
        if let Some(line) = line.as_object_mut() {
            line.remove("current_quantity");
        }
        Some(line)
    });
    let texts = |text: fn(&super::truth::Parcel) -> &Option<String>| -> Vec<&String> {
        one.tracking.iter().filter_map(|parcel| text(parcel).as_ref()).collect()
    };
    let (numbers, urls) = (texts(|parcel| &parcel.number), texts(|parcel| &parcel.url));
    json!({
        "id": one.id,
        "admin_graphql_api_id": gid("Fulfillment", one.id),
        "order_id": order.id,
        "status": if one.is_cancelled { "cancelled" } else { "success" },
        "created_at": time(one.created_at),
        "updated_at": time(order.updated_at),
        "location_id": shop.location_id(one.location),
        "tracking_company": one.tracking.first().and_then(|parcel| parcel.company.as_ref()),
        "tracking_number": numbers.first(),
        "tracking_numbers": numbers,
        "tracking_url": urls.first(),
        "tracking_urls": urls,
        "line_items": lines.collect::<Value>(),
    })
}

fn of_refund(shop: &Shop, order: &TruthOrder, one: &TruthRefund) -> Value {
    let lines = one.lines.iter().map(|line| {
        json!({
            "id": line.id,
            "line_item_id": order.lines.get(line.line).map(|line| line.id),
            "quantity": line.quantity,
            "restock_type": line.restock.word().to_lowercase(),
            "location_id": line.location.map(|place| shop.location_id(place)),
            "subtotal_set": order.currencies.set(line.subtotal),
            "total_tax_set": order.currencies.set(line.tax),
        })
    });
    json!({
        "id": one.id,
        "admin_graphql_api_id": gid("Refund", one.id),
        "order_id": order.id,
        "created_at": time(one.created_at),
        "processed_at": time(one.created_at),
        "restock": one.lines.iter().any(|line| line.restock != Restock::Nothing),
        "return": one.return_id.map(|id| json!({ "id": id, "admin_graphql_api_id": gid("Return", id) })),
        "refund_line_items": lines.collect::<Value>(),
    })
}

/// Thin: who wants to know more asks for the return.
fn of_return(topic: &str, order: &TruthOrder, one: &TruthReturn) -> Value {
    let own = gid("Return", one.id);
    let status = one.status.word().to_lowercase();
    match topic {
        "RETURNS_CANCEL" | "RETURNS_CLOSE" | "RETURNS_REOPEN" => json!({
            "id": one.id,
            "admin_graphql_api_id": own,
            "order_id": order.id,
            "status": status,
        }),
        "RETURNS_UPDATE" | "RETURNS_PROCESS" => json!({ "admin_graphql_api_id": own }),
        _ => {
            let mut body = json!({
                "id": one.id,
                "admin_graphql_api_id": own,
                "status": status,
                "order": { "id": order.id, "admin_graphql_api_id": gid("Order", order.id) },
            });
            if topic == "RETURNS_DECLINE" {
                body["decline"] = json!({ "reason": "other", "note": null });
            } else {
                body["name"] = json!(one.name);
            }
            body
        }
    }
}
