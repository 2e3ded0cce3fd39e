//! Orders as BigCommerce's API shows them: amounts with four decimals, times by RFC 2822, statuses that the
//! merchant may have renamed, and links where nothing more was asked for.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Store,
    spec::ProductKind,
    status,
    truth::{TruthLine, TruthOrder},
};

/// A time as V2 writes it.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// An amount with four decimals.
pub(super) fn amount(units: i64, digits: u32) -> String {
    let whole = 10_i64.pow(digits);
    let sign = if units < 0 { "-" } else { "" };
    let units = units.abs();
    format!(
        "{sign}{}.{:0<4}",
        units / whole,
        if digits == 0 {
            String::new()
        } else {
            format!("{:0width$}", units % whole, width = digits as usize)
        }
    )
}

/// Which parts an order is shown with.
pub(super) struct Include {
    pub(super) lines: bool,
    pub(super) fees: bool,
}

/// An order.
pub(super) fn order(order: &TruthOrder, store: &Store, include: &Include) -> Value {
    let money = |units: i64| amount(units, order.digits);
    let included = order.includes_tax;
    let sum =
        |of: fn(&TruthLine, bool) -> i64| order.lines.iter().map(|line| of(line, included)).sum::<i64>();
    let (ex, inc) =
        (sum(|line, included| line.before(included).0), sum(|line, included| line.before(included).1));
    let tax = sum(TruthLine::tax);
    let (ship_ex, ship_inc) = order.shipping();
    let spec = &order.spec;
    let coupons: i64 = order.taken_by_coupons().iter().sum();
    let off_lines: i64 =
        order.lines.iter().flat_map(|line| &line.discounts).map(|(_, _, amount)| amount).sum();
    let for_goods: i64 = order
        .lines
        .iter()
        .flat_map(|line| &line.discounts)
        .filter(|(name, ..)| *name == "coupon")
        .map(|(.., amount)| amount)
        .sum();
    let link = |what: &str| {
        json!({
            "url": format!("https://api.bigcommerce.com/stores/{}/v2/orders/{}/{what}", order.store, order.id),
            "resource": format!("/orders/{}/{what}", order.id),
        })
    };
    let (own, _) = store.spec.currency;
    let (paid_in, rate) = spec.paid_in.map_or((own, 1_000_000), |(code, _, rate)| (code, rate));
    let name = usize::try_from(order.status).ok().and_then(|id| status::NAMES.get(id)).copied().unwrap_or("");
    let called = store.names.get(&order.status).cloned().unwrap_or_else(|| name.to_owned());
    let units: i64 = order.lines.iter().map(|line| line.spec.quantity).sum();
    let mut shown = json!({
        "id": order.id,
        "customer_id": spec.buyer.customer.unwrap_or(0),
        "date_created": time(order.created_at),
        "date_modified": time(order.modified_at),
        "date_shipped": order.shipped_at.map(time).unwrap_or_default(),
        "status_id": order.status,
        "status": called,
        "custom_status": called,
        "subtotal_ex_tax": money(ex),
        "subtotal_inc_tax": money(inc),
        "subtotal_tax": money(inc - ex),
        "base_shipping_cost": money(spec.shipping.0),
        "shipping_cost_ex_tax": money(ship_ex),
        "shipping_cost_inc_tax": money(ship_inc),
        "shipping_cost_tax": money(ship_inc - ship_ex),
        "handling_cost_ex_tax": money(spec.handling),
        "handling_cost_inc_tax": money(spec.handling),
        "handling_cost_tax": money(0),
        "wrapping_cost_ex_tax": money(spec.wrapping),
        "wrapping_cost_inc_tax": money(spec.wrapping),
        "wrapping_cost_tax": money(0),
    });
    let more = json!({
        "total_ex_tax": money(order.charged() - tax - (ship_inc - ship_ex)),
        "total_inc_tax": money(order.charged()),
        "total_tax": money(tax + ship_inc - ship_ex),
        "is_tax_inclusive_pricing": included,
        "items_total": units,
        "items_shipped": order.lines.iter().map(|line| line.shipped).sum::<i64>(),
        "payment_method": "Test Payment Gateway",
        "payment_status": match order.status {
            status::AWAITING_PAYMENT => "pending",
            status::REFUNDED => "refunded",
            status::PARTIALLY_REFUNDED => "partially refunded",
            _ => "captured",
        },
        "refunded_amount": money(0),
        "store_credit_amount": money(spec.store_credit),
        "gift_certificate_amount": money(0),
        "currency_code": paid_in,
        "currency_exchange_rate": "1.0000000000",
        "default_currency_code": paid_in,
        "store_default_currency_code": own,
        "store_default_to_transactional_exchange_rate": format!("{}.{:06}0000", rate / 1_000_000, rate % 1_000_000),
        "discount_amount": money(off_lines - for_goods),
        "coupon_discount": money(coupons),
        "shipping_address_count": spec.buyer.streets.len(),
        "is_deleted": order.is_archived,
        "order_source": "www",
        "billing_address": address(order, 0),
        "products": link("products"),
        "shipping_addresses": link("shipping_addresses"),
        "coupons": link("coupons"),
        "consignments": if include.lines { consignments(order) } else { link("consignments") },
        "fees": if include.fees { fees(order) } else { link("fees") },
    });
    if let (Some(shown), Value::Object(more)) = (shown.as_object_mut(), more) {
        shown.extend(more);
    }
    shown
}

fn address(order: &TruthOrder, place: usize) -> Value {
    let buyer = &order.spec.buyer;
    json!({
        "first_name": buyer.name.0,
        "last_name": buyer.name.1,
        "company": "",
        "street_1": buyer.streets.get(place).cloned().unwrap_or_default(),
        "street_2": "",
        "city": "Austin",
        "state": "Texas",
        "zip": "78751",
        "country": "United States",
        "country_iso2": "US",
        "phone": "",
        "email": buyer.email,
    })
}

/// The addresses that goods are shipped to, each with its part of the shipping.
pub(super) fn addresses(order: &TruthOrder) -> Vec<Value> {
    if order.spec.pickup.is_some() {
        return Vec::new();
    }
    let of = |place: usize| {
        let mut address = address(order, place);
        address["id"] = json!(address_id(order, place));
        address["order_id"] = json!(order.id);
        address["shipping_method"] = json!("Standard");
        address
    };
    (0..order.spec.buyer.streets.len()).map(of).collect()
}

fn address_id(order: &TruthOrder, place: usize) -> u64 {
    order.id * 10 + place as u64
}

fn is_shipped(line: &TruthLine) -> bool {
    matches!(line.spec.kind, ProductKind::Physical | ProductKind::Custom)
}

fn consignments(order: &TruthOrder) -> Value {
    let lines = |wanted: &dyn Fn(&TruthLine) -> bool| -> Vec<Value> {
        order.lines.iter().filter(|line| wanted(line)).map(|line| product(order, line)).collect()
    };
    let mut shown =
        json!({ "pickups": [], "shipping": [], "downloads": [], "email": { "gift_certificates": [] } });
    match order.spec.pickup {
        Some(location) => {
            shown["pickups"] = json!([{
                "id": order.id * 10 + 9,
                "pickup_method_id": 1,
                "pickup_method_display_name": "Pick up",
                "location": { "id": location, "name": "Counter" },
                "line_items": lines(&is_shipped),
            }]);
        }
        None => {
            let shipping = addresses(order).into_iter().enumerate().map(|(place, mut part)| {
                part["line_items"] = json!(lines(&|line| is_shipped(line) && line.spec.address == place));
                part
            });
            shown["shipping"] = shipping.collect();
        }
    }
    let downloads = lines(&|line| line.spec.kind == ProductKind::Digital);
    if !downloads.is_empty() {
        shown["downloads"] = json!([{ "recipient_email": order.spec.buyer.email, "line_items": downloads }]);
    }
    let certificates = lines(&|line| line.spec.kind == ProductKind::GiftCertificate);
    if !certificates.is_empty() {
        shown["email"]["gift_certificates"] =
            json!([{ "recipient_email": order.spec.buyer.email, "line_items": certificates }]);
    }
    shown
}

/// A line.
pub(super) fn product(order: &TruthOrder, line: &TruthLine) -> Value {
    let money = |units: i64| amount(units, order.digits);
    let included = order.includes_tax;
    let (ex, inc) = line.before(included);
    let quantity = line.spec.quantity.max(1);
    let options: Vec<Value> = line
        .spec
        .options
        .iter()
        .map(|(name, value)| json!({ "display_name": name, "display_value": value }))
        .collect();
    let discounts: Vec<Value> = line
        .discounts
        .iter()
        .filter(|_| order.spec.spreads_discounts)
        .map(
            |(id, code, units)| json!({ "id": id, "amount": money(*units), "code": code, "target": "order" }),
        )
        .collect();
    json!({
        "id": line.id,
        "order_id": order.id,
        "product_id": line.product,
        "variant_id": if line.product == 0 { 0 } else { line.product + 10_000 },
        "order_address_id": if order.spec.pickup.is_some() { 0 } else { address_id(order, line.spec.address) },
        "order_pickup_method_id": if order.spec.pickup.is_some() { order.id * 10 + 9 } else { 0 },
        "name": line.spec.name,
        "sku": line.spec.sku,
        "type": match line.spec.kind {
            ProductKind::Physical | ProductKind::Custom => "physical",
            ProductKind::Digital => "digital",
            ProductKind::GiftCertificate => "giftcertificate",
        },
        "base_price": money(line.spec.price),
        "price_ex_tax": money(ex / quantity),
        "price_inc_tax": money(inc / quantity),
        "base_total": money(line.entered()),
        "total_ex_tax": money(ex),
        "total_inc_tax": money(inc),
        "total_tax": money(line.tax(included)),
        "discounted_total_inc_tax": money(line.paid(included)),
        "quantity": line.spec.quantity,
        "quantity_shipped": line.shipped,
        "quantity_refunded": line.refunded,
        "is_refunded": line.refunded >= line.spec.quantity,
        "refund_amount": money(0),
        "wrapping_name": "",
        "applied_discounts": discounts,
        "product_options": options,
        "configurable_fields": [],
        "gift_certificate_id": null,
    })
}

fn fees(order: &TruthOrder) -> Value {
    if order.spec.fee == 0 {
        return json!([]);
    }
    let cost = amount(order.spec.fee, order.digits);
    json!([{
        "id": 1, "type": "custom_fee", "display_name_customer": "Fee", "base_cost": cost,
        "cost_ex_tax": cost, "cost_inc_tax": cost, "cost_tax": "0.0000", "tax_class_id": null,
    }])
}

/// The coupons of an order.
pub(super) fn coupons(order: &TruthOrder) -> Vec<Value> {
    let coupon = |(number, (coupon, taken)): (usize, (&super::CouponSpec, i64))| {
        json!({
            "id": number + 1,
            "coupon_id": number + 1,
            "order_id": order.id,
            "code": coupon.code,
            "amount": amount(coupon.amount, order.digits),
            "type": if coupon.is_for_shipping { 3 } else { 2 },
            "discount": amount(taken, order.digits),
        })
    };
    order.spec.coupons.iter().zip(order.taken_by_coupons()).enumerate().map(coupon).collect()
}

/// The refunds of an order, as V3 has them.
pub(super) fn refunds(order: &TruthOrder) -> Value {
    let number = |units: i64| serde_json::from_str::<Value>(&amount(units, order.digits)).unwrap_or_default();
    let refund = |refund: &super::Refund| {
        let mut items: Vec<Value> = refund
            .lines
            .iter()
            .map(|(line, units, given)| {
                json!({
                    "item_type": "PRODUCT", "item_id": line, "quantity": units, "requested_amount": number(*given),
                })
            })
            .collect();
        if refund.more != 0 {
            items.push(json!({
                "item_type": "ORDER", "item_id": order.id, "quantity": 1, "requested_amount": number(refund.more),
            }));
        }
        json!({ "id": refund.id, "order_id": order.id, "total_amount": number(refund.total()), "items": items })
    };
    json!({ "data": order.refunds.iter().map(refund).collect::<Vec<_>>(), "meta": {} })
}
