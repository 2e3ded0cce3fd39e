//! An order, its parts and its shop as GraphQL's objects: every field that Weir asks for, whole lists
//! among them. What of it is answered is decided by what was selected.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Shop,
    money::Currencies,
    spec::{BuyerSpec, ProductSpec},
    truth::{
        Restock, TruthFulfillment, TruthFulfillmentOrder, TruthFulfillmentOrderLine, TruthLine, TruthOrder,
        TruthRefund, TruthReturn,
    },
};

/// The global id of a number.
pub(super) fn gid(kind: &str, number: u64) -> String {
    format!("gid://shopify/{kind}/{number}")
}

/// The id of a product or variant follows from what it is of.
pub(super) fn product_id(line: &TruthLine, kind: u64) -> u64 {
    let name = line.spec.sku.as_ref().unwrap_or(&line.spec.title);
    let spread = name.bytes().fold(kind, |sum, byte| crate::dice::mix(sum ^ u64::from(byte)));
    40_000_000_000_000 + spread % 1_000_000_000_000
}

pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn maybe_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(time(at)))
}

/// An order.
pub(super) fn order(shop: &Shop, order: &TruthOrder) -> Value {
    let bag = |minor: i64| order.currencies.bag(minor);
    let maybe_bag = |minor: i64| if minor == 0 { Value::Null } else { bag(minor) };
    let rounding = order.spec.cash_rounding;
    let buyer = order.spec.buyer.as_ref();
    let address = || buyer.map_or(Value::Null, address);
    let mut node = json!({
        "__typename": "Order",
        "id": gid("Order", order.id),
        "name": order.name,
        "createdAt": time(order.created_at),
        "updatedAt": time(order.updated_at),
        "closedAt": maybe_time(order.archived_at),
        "cancelledAt": maybe_time(order.cancelled_at),
        "test": order.spec.is_test,
        "edited": order.is_edited,
        "displayFinancialStatus": order.financial_status(),
        "displayFulfillmentStatus": order.fulfillment_status(),
        "returnStatus": order.return_status(),
        "sourceName": order.spec.source,
        "tags": order.spec.tags,
        "poNumber": order.spec.purchase_order,
        "taxesIncluded": order.taxes_included,
        "dutiesIncluded": false,
        "currencyCode": order.currencies.shop.code,
        "presentmentCurrencyCode": order.currencies.paid.code,
        "currentTotalPriceSet": bag(order.total()),
        "totalPriceSet": bag(order.total_before()),
        "currentTotalTaxSet": bag(order.tax()),
        "currentTotalDutiesSet": maybe_bag(order.spec.duties),
        "currentTotalAdditionalFeesSet": maybe_bag(order.spec.fees),
        "totalTipReceivedSet": bag(order.spec.tip),
        "totalRefundedSet": bag(order.refunded),
        "totalCashRoundingAdjustment": {
            "__typename": "CashRoundingAdjustment",
            "paymentSet": bag(rounding),
            "refundSet": bag(0),
        },
        "fulfillmentsCount": { "__typename": "Count", "count": order.fulfillments.len() },
        "email": buyer.and_then(|buyer| buyer.email.clone()),
        "customer": buyer.map_or(Value::Null, customer),
        "billingAddress": address(),
        "shippingAddress": address(),
    });
    node["shippingLines"] = shipping_lines(order);
    let lines = order.lines.iter().enumerate();
    node["lineItems"] = lines.map(|(place, known)| line(order, place, known)).collect();
    let parts = order.fulfillment_orders.iter();
    node["fulfillmentOrders"] = parts.map(|part| fulfillment_order(shop, order, part)).collect();
    node["fulfillments"] = order.fulfillments.iter().map(|one| fulfillment(shop, order, one)).collect();
    node["refunds"] = order.refunds.iter().map(|one| refund(shop, order, one)).collect();
    node["returns"] = order.returns.iter().map(|one| returned(order, one)).collect();
    node
}

/// What the search lists of an order.
pub(super) fn listed(order: &TruthOrder, shown: Timestamp) -> Value {
    json!({
        "__typename": "Order",
        "id": gid("Order", order.id),
        "name": order.name,
        "updatedAt": time(shown),
        "sort": time(shown),
    })
}

fn customer(buyer: &BuyerSpec) -> Value {
    let Some(id) = buyer.customer else { return Value::Null };
    let email = |email: &String| json!({ "__typename": "CustomerEmailAddress", "emailAddress": email });
    json!({
        "__typename": "Customer",
        "id": gid("Customer", id),
        "displayName": buyer.name,
        "defaultEmailAddress": buyer.email.as_ref().map_or(Value::Null, email),
    })
}

fn address(buyer: &BuyerSpec) -> Value {
    json!({
        "__typename": "MailingAddress",
        "name": buyer.name,
        "company": buyer.company,
        "address1": buyer.line_1,
        "address2": null,
        "city": buyer.city,
        "province": buyer.state,
        "provinceCode": buyer.state,
        "zip": buyer.postal_code,
        "countryCodeV2": buyer.country,
        "phone": null,
    })
}

fn tax_lines(currencies: &Currencies, taxes: &[(String, i64)], amounts: &[i64]) -> Value {
    let lines = taxes.iter().zip(amounts);
    lines
        .map(|((title, rate), amount)| {
            json!({
                "__typename": "TaxLine",
                "title": title,
                "ratePercentage": ratio(*rate, 2),
                "rate": ratio(*rate, 4),
                "priceSet": currencies.bag(*amount),
            })
        })
        .collect()
}

/// A number with a fraction, written as its digits: it is never calculated with here.
fn ratio(number: i64, digits: u32) -> Value {
    serde_json::from_str(&super::money::graph_text(number, digits)).unwrap_or(Value::Null)
}

fn shipping_lines(order: &TruthOrder) -> Value {
    let Some(shipping) = &order.spec.shipping else { return json!([]) };
    let bag = |minor: i64| order.currencies.bag(minor);
    let (price, tax) = order.shipping_before();
    let taxes: Vec<(String, i64)> = shipping.tax.iter().cloned().collect();
    json!([{
        "__typename": "ShippingLine",
        "id": gid("ShippingLine", order.id),
        "title": shipping.title,
        "isRemoved": false,
        "originalPriceSet": bag(shipping.price),
        "discountedPriceSet": bag(price),
        "currentDiscountedPriceSet": bag(order.shipping_now().0),
        "taxLines": tax_lines(&order.currencies, &taxes, &[tax]),
    }])
}

fn line(order: &TruthOrder, place: usize, line: &TruthLine) -> Value {
    let bag = |minor: i64| order.currencies.bag(minor);
    let included = if order.taxes_included { line.tax() } else { 0 };
    let thing = |kind: &str, number: u64| match line.spec.product {
        ProductSpec::Known => json!({ "__typename": kind, "id": gid(kind, product_id(line, number)) }),
        ProductSpec::Custom | ProductSpec::Deleted => Value::Null,
    };
    let discounts = line.discounts.iter().filter(|discount| **discount != 0);
    let discounts = discounts
        .map(|discount| json!({ "__typename": "DiscountAllocation", "allocatedAmountSet": bag(*discount) }));
    let shipped = order.shipped(place);
    let parts = order.fulfillment_orders.iter().flat_map(|part| &part.lines);
    let open: i64 = parts.filter(|known| known.line == place).map(|known| known.remaining).sum();
    json!({
        "__typename": "LineItem",
        "id": gid("LineItem", line.id),
        "name": line.spec.title,
        "sku": line.spec.sku,
        "quantity": line.ordered,
        "currentQuantity": line.current,
        "vendor": (line.spec.product != ProductSpec::Custom).then_some("Blue Mugs"),
        "nonFulfillableQuantity": (line.ordered - shipped - open).max(0),
        "unfulfilledQuantity": open,
        "requiresShipping": line.spec.requires_shipping,
        "isGiftCard": line.spec.is_gift_card,
        "variant": thing("ProductVariant", 1),
        "product": thing("Product", 2),
        "customAttributes": line.spec.properties.iter()
            .map(|(key, value)| json!({ "__typename": "Attribute", "key": key, "value": value }))
            .collect::<Value>(),
        "originalUnitPriceSet": bag(line.spec.unit_price),
        "priceAfterAllDiscountsBeforeTaxesSet": bag(line.net() - included),
        "discountAllocations": discounts.collect::<Value>(),
        "taxLines": tax_lines(&order.currencies, &line.spec.taxes, &line.taxes),
    })
}

fn line_of(order: &TruthOrder, place: usize) -> Value {
    let id = order.lines.get(place).map_or(0, |line| line.id);
    json!({ "__typename": "LineItem", "id": gid("LineItem", id) })
}

fn order_of(order: &TruthOrder) -> Value {
    json!({ "__typename": "Order", "id": gid("Order", order.id) })
}

fn location_of(shop: &Shop, place: usize) -> Value {
    json!({ "__typename": "Location", "id": gid("Location", shop.location_id(place)) })
}

/// A fulfillment order.
pub(super) fn fulfillment_order(shop: &Shop, order: &TruthOrder, part: &TruthFulfillmentOrder) -> Value {
    let holds = part.holds.iter().map(|hold| {
        json!({
            "__typename": "FulfillmentHold",
            "id": gid("FulfillmentHold", hold.id),
            "reason": hold.reason,
            "reasonNotes": hold.notes,
        })
    });
    let line = |line: &TruthFulfillmentOrderLine| {
        json!({
            "__typename": "FulfillmentOrderLineItem",
            "id": gid("FulfillmentOrderLineItem", line.id),
            "totalQuantity": line.total,
            "remainingQuantity": line.remaining,
            "lineItem": line_of(order, line.line),
        })
    };
    json!({
        "__typename": "FulfillmentOrder",
        "id": gid("FulfillmentOrder", part.id),
        "status": part.status.word(),
        "requestStatus": "UNSUBMITTED",
        "fulfillAt": maybe_time(part.fulfill_at.or(Some(order.created_at))),
        "assignedLocation": {
            "__typename": "FulfillmentOrderAssignedLocation",
            "location": location_of(shop, part.location),
        },
        "deliveryMethod": {
            "__typename": "DeliveryMethod",
            "id": gid("DeliveryMethod", part.id),
            "methodType": part.delivery,
        },
        "fulfillmentHolds": holds.collect::<Value>(),
        "lineItems": part.lines.iter().map(line).collect::<Value>(),
        "order": order_of(order),
    })
}

/// A fulfillment.
pub(super) fn fulfillment(shop: &Shop, order: &TruthOrder, one: &TruthFulfillment) -> Value {
    let tracking = one.tracking.iter().map(|parcel| {
        json!({
            "__typename": "FulfillmentTrackingInfo",
            "company": parcel.company,
            "number": parcel.number,
            "url": parcel.url,
        })
    });
    let parts = one.fulfillment_orders.iter();
    let parts =
        parts.map(|id| json!({ "__typename": "FulfillmentOrder", "id": gid("FulfillmentOrder", *id) }));
    let lines = one.lines.iter().map(|line| {
        json!({
            "__typename": "FulfillmentLineItem",
            "id": gid("FulfillmentLineItem", line.id),
            "quantity": line.quantity,
            "lineItem": line_of(order, line.line),
        })
    });
    json!({
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", one.id),
        "status": if one.is_cancelled { "CANCELLED" } else { "SUCCESS" },
        "createdAt": time(one.created_at),
        "location": location_of(shop, one.location),
        "fulfillmentOrders": parts.collect::<Value>(),
        "trackingInfo": tracking.collect::<Value>(),
        "fulfillmentLineItems": lines.collect::<Value>(),
        "order": order_of(order),
    })
}

/// A refund.
pub(super) fn refund(shop: &Shop, order: &TruthOrder, one: &TruthRefund) -> Value {
    let bag = |minor: i64| order.currencies.bag(minor);
    let lines = one.lines.iter().map(|line| {
        json!({
            "__typename": "RefundLineItem",
            "id": gid("RefundLineItem", line.id),
            "quantity": line.quantity,
            "restocked": line.restock != Restock::Nothing,
            "restockType": line.restock.word(),
            "lineItem": line_of(order, line.line),
            "location": line.location.map_or(Value::Null, |place| location_of(shop, place)),
            "subtotalSet": bag(line.subtotal),
            "totalTaxSet": bag(line.tax),
        })
    });
    let shipping = (one.shipping != (0, 0)).then(|| {
        json!({
            "__typename": "RefundShippingLine",
            "id": gid("RefundShippingLine", one.id),
            "subtotalAmountSet": bag(one.shipping.0),
            "taxAmountSet": bag(one.shipping.1),
        })
    });
    let correction = (one.correction != 0).then(|| {
        json!({
            "__typename": "OrderAdjustment",
            "id": gid("OrderAdjustment", one.id),
            "amountSet": bag(-one.correction),
            "taxAmountSet": bag(0),
        })
    });
    let of = |id: u64| json!({ "__typename": "Return", "id": gid("Return", id) });
    json!({
        "__typename": "Refund",
        "id": gid("Refund", one.id),
        "createdAt": time(one.created_at),
        "return": one.return_id.map_or(Value::Null, of),
        "refundLineItems": lines.collect::<Value>(),
        "refundShippingLines": shipping.into_iter().collect::<Value>(),
        "orderAdjustments": correction.into_iter().collect::<Value>(),
    })
}

/// A return.
pub(super) fn returned(order: &TruthOrder, one: &TruthReturn) -> Value {
    let lines = one.lines.iter().map(|line| {
        json!({
            "__typename": "ReturnLineItem",
            "id": gid("ReturnLineItem", line.id),
            "quantity": line.quantity,
            "returnReasonDefinition": { "__typename": "ReturnReasonDefinition", "handle": line.reason },
            "fulfillmentLineItem": {
                "__typename": "FulfillmentLineItem",
                "id": gid("FulfillmentLineItem", line.of),
                "lineItem": line_of(order, line.line),
            },
        })
    });
    json!({
        "__typename": "Return",
        "id": gid("Return", one.id),
        "name": one.name,
        "status": one.status.word(),
        "createdAt": time(one.created_at),
        "returnLineItems": lines.collect::<Value>(),
        "order": order_of(order),
    })
}

/// The shop.
pub(super) fn shop(shop: &Shop) -> Value {
    json!({
        "__typename": "Shop",
        "id": gid("Shop", shop.id),
        "name": shop.spec.domain.split('.').next(),
        "myshopifyDomain": shop.spec.domain,
        "currencyCode": shop.spec.currency.code,
        "ianaTimezone": "Etc/UTC",
        "taxesIncluded": shop.spec.taxes_included,
    })
}

/// The shop's locations.
pub(super) fn locations(shop: &Shop) -> Value {
    let locations = shop.spec.locations.iter().enumerate().map(|(place, location)| {
        json!({
            "__typename": "Location",
            "id": gid("Location", shop.location_id(place)),
            "name": location.name,
            "isActive": location.is_active,
            "isFulfillmentService": false,
            "fulfillsOnlineOrders": location.is_active,
        })
    });
    locations.collect()
}
