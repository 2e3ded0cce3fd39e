//! An order in the words of Orders v0: the order without its items, and the items in pages. Names,
//! streets and e-mail addresses would need a restricted token and are left out.

use jiff::SignedDuration;

use super::{
    json::Json,
    money::{self, Names},
    orders::{asin, item_id, number, odd_text},
    spec::{FulfilledBy, OrderSpec, Quirk, SoldOn},
    truth::{OrderState, TruthOrder},
};

/// Items on one page of `getOrderItems`.
pub(super) const ITEMS_PER_PAGE: usize = 50;

/// Writes one order.
pub(super) fn write(json: &mut Json, order: &TruthOrder, state: &OrderState) {
    let spec = &state.spec;
    if spec.is(Quirk::NotAnObject) {
        json.text(&order.id);
        return;
    }
    json.object(|json| {
        if !spec.is(Quirk::NoOrderId) {
            json.field_text("AmazonOrderId", &order.id);
        }
        if let Some(number) = seller_order_id(order, spec) {
            json.field_text("SellerOrderId", number);
        }
        json.field_time("PurchaseDate", order.created_at);
        if !spec.is(Quirk::NoUpdateTime) {
            json.field_time("LastUpdateDate", state.updated_at);
        }
        if !spec.is(Quirk::Truncated) {
            body(json, order, state);
        }
    });
}

fn seller_order_id<'a>(order: &'a TruthOrder, spec: &'a OrderSpec) -> Option<&'a str> {
    match &spec.sold_on {
        SoldOn::Amazon => Some(&order.id),
        SoldOn::NonAmazon { seller_order_id } => seller_order_id.as_deref(),
    }
}

fn body(json: &mut Json, order: &TruthOrder, state: &OrderState) {
    let spec = &state.spec;
    let status = if spec.is(Quirk::UnknownStatus) { "ShippedToOrbit" } else { state.status.word_v0() };
    json.field_text("OrderStatus", status);
    let by = match spec.fulfilled_by {
        _ if spec.is(Quirk::UnknownFulfiller) => "XFN",
        FulfilledBy::Amazon => "AFN",
        FulfilledBy::Merchant => "MFN",
    };
    json.field_text("FulfillmentChannel", by);
    match &spec.sold_on {
        _ if spec.is(Quirk::UnknownSalesChannel) => json.field_text("SalesChannel", "Elsewhere"),
        SoldOn::Amazon => json.field_text("SalesChannel", spec.marketplace.name),
        SoldOn::NonAmazon { .. } => {
            json.field_text("SalesChannel", &format!("Non-Amazon {}", spec.marketplace.country));
        }
    }
    json.field_text("ShipServiceLevel", "Std Cont US Street Addr");
    if state.tells_money() {
        let total = state.minor_total() + i64::from(spec.is(Quirk::TotalOff));
        money::field(json, Names::V0, "OrderTotal", total, spec);
    }
    let shipped: i64 = state.shipped.iter().copied().map(i64::from).sum();
    let ordered: i64 = spec.lines.iter().map(|line| i64::from(line.quantity)).sum();
    number(json, "NumberOfItemsShipped", shipped, spec);
    number(json, "NumberOfItemsUnshipped", ordered - shipped, spec);
    json.field_text("PaymentMethod", "Other");
    if !spec.is(Quirk::NoMarketplace) {
        json.field_text("MarketplaceId", spec.marketplace.id);
    }
    json.field_text("ShipmentServiceLevelCategory", "Standard");
    json.field_text("OrderType", "StandardOrder");
    let days = |days: i64| order.created_at + SignedDuration::from_hours(24 * days);
    for (key, after) in [
        ("EarliestShipDate", 0),
        ("LatestShipDate", 1),
        ("EarliestDeliveryDate", 2),
        ("LatestDeliveryDate", 4),
    ] {
        json.field_time(key, days(after));
    }
    json.field_flag("IsBusinessOrder", spec.business);
    json.field_flag("IsPrime", false);
    json.field_flag("IsReplacementOrder", false);
    if let Some(buyer) = spec.buyer.as_ref().filter(|_| !spec.is(Quirk::NoBuyer)) {
        json.field_object("ShippingAddress", |json| {
            for (key, value) in [
                ("City", &buyer.city),
                ("StateOrRegion", &buyer.state),
                ("PostalCode", &buyer.postal_code),
                ("CountryCode", &buyer.country),
            ] {
                if let Some(value) = value {
                    json.field_text(key, value);
                }
            }
        });
        json.field_object("BuyerInfo", |json| {
            if let Some(number) = &buyer.purchase_order {
                json.field_text("PurchaseOrderNumber", number);
            }
        });
    }
}

/// Writes one item.
pub(super) fn write_item(json: &mut Json, order_id: &str, state: &OrderState, line: usize) {
    let spec = &state.spec;
    let Some(ordered) = spec.lines.get(line) else { return };
    let first = line == 0;
    let shipped = state.shipped.get(line).copied().unwrap_or(0);
    let quantity =
        i64::from(ordered.quantity) * if first && spec.is(Quirk::NegativeQuantity) { -1 } else { 1 };
    json.object(|json| {
        json.field_text("ASIN", &asin(&ordered.sku));
        json.field_text("OrderItemId", &item_id(order_id, line));
        if !(first && spec.is(Quirk::NoSku)) {
            json.field_text("SellerSKU", &ordered.sku);
        }
        if spec.is(Quirk::OddText) {
            json.field_text("Title", &odd_text(&ordered.title));
        } else {
            json.field_text("Title", &ordered.title);
        }
        number(json, "QuantityOrdered", quantity, spec);
        number(json, "QuantityShipped", shipped.into(), spec);
        json.field_raw("ProductInfo", "{\"NumberOfItems\":\"1\"}");
        if state.tells_money() && !(first && spec.is(Quirk::NoLinePrice)) {
            item_money(json, state, line);
        }
        json.field_text("IsGift", if ordered.gift_wrap != 0 { "true" } else { "false" });
        json.field_text("ConditionId", "New");
        json.field_text("ConditionSubtypeId", "New");
        json.field_flag("IsTransparency", false);
        if shipped > 0 && !ordered.serial_numbers.is_empty() {
            json.field_array("SerialNumbers", |json| {
                ordered.serial_numbers.iter().for_each(|number| json.text(number));
            });
        }
    });
}

fn item_money(json: &mut Json, state: &OrderState, line: usize) {
    let spec = &state.spec;
    let amounts = state.amounts(line);
    let sign = if spec.is(Quirk::NegativeDiscount) { -1 } else { 1 };
    let field = |json: &mut Json, key: &str, amount: i64| {
        money::line_field(json, Names::V0, key, amount, line, spec);
    };
    field(json, "ItemPrice", amounts.item);
    field(json, "PromotionDiscount", sign * amounts.discount);
    if amounts.shipping != 0 {
        field(json, "ShippingPrice", amounts.shipping);
        field(json, "ShippingDiscount", sign * amounts.shipping_discount);
    }
    if let Some(tax) = amounts.tax {
        field(json, "ItemTax", tax.item);
        if amounts.shipping != 0 {
            field(json, "ShippingTax", tax.shipping);
        }
        if let Some((item, shipping)) = tax.saved {
            field(json, "PromotionDiscountTax", sign * item);
            if amounts.shipping != 0 {
                field(json, "ShippingDiscountTax", sign * shipping);
            }
        }
        if spec.tax == super::Tax::Excluded {
            json.field_raw(
                "TaxCollection",
                "{\"Model\":\"MarketplaceFacilitator\",\"ResponsibleParty\":\"Amazon Services, Inc.\"}",
            );
        }
    }
    if amounts.gift_wrap != 0 {
        json.field_object("BuyerInfo", |json| {
            field(json, "GiftWrapPrice", amounts.gift_wrap);
            if let Some(tax) = amounts.tax {
                field(json, "GiftWrapTax", tax.gift_wrap);
            }
            json.field_text("GiftWrapLevel", "PREMIUM");
        });
    }
    if amounts.discount + amounts.shipping_discount != 0 {
        json.field_array("PromotionIds", |json| json.text("WEIR-SPRING-SALE"));
    }
}
