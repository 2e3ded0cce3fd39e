//! An order of the Orders API v0, with its items beside it, in Weir's words.
//!
//! What Amazon's documents leave open, and what is taken here:
//! - `PromotionDiscount` is the discount on the goods and does not hold `ShippingDiscount` again.
//! - Taxes are those before discount, and `…DiscountTax` is what the discount saved of them.
//! - Outside the USA and Canada `ItemTax` is often 0.00 although the price includes tax
//!   (selling-partner-api-models#3004): the zero is kept as told, and noted.

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::{
        ChannelLine, ChannelOrder, ChargeKind,
        shop::{ShopLine, ShopOrder},
    },
    customer::Person,
};

use super::order_id;
use crate::{
    amazon::{
        json::{self, Node},
        reading::{self, Charges, Reading},
    },
    channel::MalformedOrder,
};

/// Reads an order as it was filed: `{"order": …, "orderItems": […]}`.
pub(in crate::amazon) fn read(body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
    let text = json::text_of(body);
    let document = json::parse(&text)?;
    document.check_depth()?;
    let filed = document.object()?;
    let order = filed.get("order").object()?;
    let mut reading = Reading::new(("Amount", "CurrencyCode"));

    let id = order_id(&order.get("AmazonOrderId"))?;
    let marketplace = order.get("MarketplaceId").words()?;
    let total = reading.total(&order.get("OrderTotal"))?;
    let items = filed.get("orderItems");
    let mut lines = Vec::new();
    for node in items.list()?.iter() {
        lines.push(line(&mut reading, &node)?);
    }
    reading::check_ids(&lines, &items)?;
    if lines.is_empty() {
        reading.odd(items.malformed("is empty").message);
    }
    let prices_include_tax =
        reading::prices_include_tax(&mut reading, marketplace.as_deref(), total, &lines, &[]);
    let taxed_zero = |line: &ChannelLine| {
        line.tax.is_some_and(|tax| tax.is_zero()) && line.amount.is_some_and(|amount| !amount.is_zero())
    };
    if prices_include_tax && lines.iter().any(taxed_zero) {
        reading
            .odd("a tax is told as zero where prices include tax; Amazon often leaves it out so".to_owned());
    }
    let promised_by = order.get("LatestDeliveryDate").time();
    let (person, customer_ref) = reading.lenient(person(&order.get("BuyerInfo")));
    let shipping = reading::address(&order.get("ShippingAddress"));

    Ok(ChannelOrder {
        order_no: id.to_string(),
        created_at: order.get("PurchaseDate").required_time()?,
        updated_at: order.get("LastUpdateDate").required_time()?,
        state: reading::state(order.get("OrderStatus").words()?.as_deref()),
        fulfilled_by: reading::fulfilled_by(order.get("FulfillmentChannel").words()?.as_deref()),
        sold_by: reading::sold_by(order.get("SalesChannel").words()?.as_deref(), &id),
        // Amazon repeats its own number where the seller gave none.
        request_number: order.get("SellerOrderId").words()?.filter(|number| number != id.as_str()),
        channel_order_id: id,
        marketplace,
        promised_by: reading.lenient(promised_by),
        prices_include_tax,
        currency: reading.currency,
        total,
        lines,
        charges: Vec::new(),
        person: Person { shipping: reading.lenient(shipping), ..person },
        customer_ref,
        oddities: reading.oddities,
        shop: ShopOrder::default(),
    })
}

/// The buyer, and the number of the buyer's own purchase order.
fn person(node: &Node<'_, '_>) -> Result<(Person, Option<String>), MalformedOrder> {
    let buyer = node.object()?;
    let person = Person {
        name: buyer.get("BuyerName").words()?,
        email: buyer.get("BuyerEmail").words()?,
        ..Person::default()
    };
    Ok((person, buyer.get("PurchaseOrderNumber").words()?))
}

fn line(reading: &mut Reading, node: &Node<'_, '_>) -> Result<ChannelLine, MalformedOrder> {
    let item = node.object()?;
    let buyer = item.get("BuyerInfo").object()?;
    let quantity_ordered = item.get("QuantityOrdered");
    // A SKU is compared byte for byte: what stands around it stays. (SPEC KF-05)
    let sku = item.get("SellerSKU").text()?.filter(|sku| !sku.is_empty());
    let title = reading.lenient(item.get("Title").words());
    let asin = reading.lenient(item.get("ASIN").words());

    let amount = reading.money(&item.get("ItemPrice"))?;
    let tax = reading.money(&item.get("ItemTax"))?;
    let discount = reading.money(&item.get("PromotionDiscount"))?;
    let discount_tax = reading.money(&item.get("PromotionDiscountTax"))?;
    let mut charges = Charges::default();
    let shipping_tax = Tax { told: item.get("ShippingTax"), saved: Some(item.get("ShippingDiscountTax")) };
    let shipping = (item.get("ShippingPrice"), Some(item.get("ShippingDiscount")));
    charge(reading, &mut charges, ChargeKind::Shipping, shipping, Some(shipping_tax))?;
    let gift_wrap_tax = Tax { told: buyer.get("GiftWrapTax"), saved: None };
    charge(
        reading,
        &mut charges,
        ChargeKind::GiftWrap,
        (buyer.get("GiftWrapPrice"), None),
        Some(gift_wrap_tax),
    )?;
    let cash_on_delivery = (item.get("CODFee"), Some(item.get("CODFeeDiscount")));
    charge(reading, &mut charges, ChargeKind::CashOnDelivery, cash_on_delivery, None)?;

    let mut serial_numbers = Vec::new();
    for number in item.get("SerialNumbers").list()?.iter() {
        serial_numbers.extend(number.words()?);
    }
    let line = ChannelLine {
        line_id: item.get("OrderItemId").required()?,
        name: title.or_else(|| sku.clone()).or(asin).unwrap_or_default(),
        sku,
        quantity: quantity_ordered.quantity()?.ok_or_else(|| quantity_ordered.malformed("is missing"))?,
        shipped_quantity: item.get("QuantityShipped").quantity()?,
        amount,
        tax,
        discount: discount.unwrap_or_default().abs(),
        discount_tax: discount_tax.map(|saved| saved.abs()),
        charges: charges.finish(),
        serial_numbers,
        shop: ShopLine::default(),
    };
    reading::check_line(reading, node, &line);
    Ok(line)
}

/// Where the tax of a charge stands, and what its discount saved of it.
struct Tax<'a, 'p> {
    told: Node<'a, 'p>,
    saved: Option<Node<'a, 'p>>,
}

/// Reads one kind of charge: its price and discount, and its tax if there is a field for it.
fn charge(
    reading: &mut Reading,
    charges: &mut Charges,
    kind: ChargeKind,
    (price, discount): (Node<'_, '_>, Option<Node<'_, '_>>),
    tax: Option<Tax<'_, '_>>,
) -> Result<(), MalformedOrder> {
    if let Some(amount) = reading.money(&price)? {
        charges.add_amount(kind, amount);
    }
    if let Some(amount) = discount.map(|node| reading.money(&node)).transpose()?.flatten() {
        charges.add_discount(kind, amount);
    }
    let Some(tax) = tax else { return Ok(()) };
    let saved = tax.saved.map(|node| reading.money(&node)).transpose()?.flatten();
    if let Some(told) = reading.money(&tax.told)? {
        charges.add_tax(kind, told - saved.map_or(Decimal::ZERO, |saved| saved.abs()));
    }
    Ok(())
}
