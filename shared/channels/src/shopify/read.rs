//! An order as Shopify has it now, in Weir's words.
//!
//! What Shopify's documents leave open, and what is taken here:
//! - A line's units and amounts are those of now (`currentQuantity`); its discounts and taxes come for
//!   all units ever ordered, so that what refunds and edits took away comes off. Edits that take units
//!   out are told as refunds without money.
//! - A tip is told as a sum of the order, and as a line that cannot be fulfilled: it is counted once,
//!   as a charge.
//! - Which of tip, duties, fees, corrections and cash rounding the total holds is shown by the total
//!   itself.
//! - Where taxes are listed and the list is empty, there is no tax; where they are not told, the tax is
//!   unknown.
//! - A line without variant, product and vendor was typed in for this order; one that still has its vendor
//!   is of a product that is gone.

mod line;
mod parts;
mod charges;

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::{
        ChannelOrder, ChannelOrderState, FulfilledBy, SoldBy,
        shop::{ChannelFulfillmentState, PaymentState, ShopOrder, Stage},
    },
    customer::{Address, Person},
    ids::ChannelOrderId,
    money::Money,
};

use super::{
    gathered::{Added, Gathered},
    ids,
    reading::{self, Reading},
};
use crate::{
    channel::MalformedOrder,
    json::{self, Node, Object},
    money::payable,
    words::short,
};

/// Tags of an order; Shopify allows 250.
const MAX_TAGS: usize = 250;

/// Reads an order as it was kept: all answers one after the other, and what was withheld.
pub(super) fn read(body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
    let text = json::text_of(body);
    let document = json::parse(&text)?;
    document.check_depth()?;
    let kept = document.object()?;
    let mut missing = Vec::new();
    for node in kept.get("missing").list()?.iter() {
        missing.extend(node.words()?);
    }
    let mut gathered = Gathered::default();
    let answers = kept.get("answers");
    for node in answers.list()?.iter() {
        match gathered.add(node.raw().unwrap_or("{}"))? {
            Added::Part => {}
            Added::NotThere => return Err(node.malformed("has no order")),
            Added::Changed => return Err(node.malformed("is of another state of the order")),
        }
    }
    if gathered.head.is_none() {
        return Err(answers.malformed("has no order"));
    }
    order(&gathered, &missing)
}

fn order(gathered: &Gathered<'_>, missing: &[String]) -> Result<ChannelOrder, MalformedOrder> {
    let head = gathered.head()?;
    let presentment = head.get("presentmentCurrencyCode");
    let currency = match presentment.words()? {
        Some(code) => {
            Some(payable(&code).ok_or_else(|| presentment.malformed("is no currency that one can pay in"))?)
        }
        None => None,
    };
    let mut reading = Reading::new(currency);
    for field in missing {
        reading.odd(format!("{} is withheld from this application", short(field)));
    }

    let (total, total_in_shop_currency) = total(&mut reading, &head.get("currentTotalPriceSet"))?;
    let includes_tax = head.get("taxesIncluded").flag()?.unwrap_or(false);
    let refunds = parts::refunds(&mut reading, gathered)?;
    let fulfillments = parts::fulfillments(&mut reading, gathered)?;
    let fulfillment_orders = parts::fulfillment_orders(&mut reading, gathered)?;
    let mut lines = line::lines(&mut reading, gathered, &refunds, includes_tax)?;
    let charged = charges::charges(&mut reading, &head, &mut lines, &refunds, total, includes_tax)?;
    for line in &mut lines {
        let made = fulfillments.iter().filter(|made| made.state == ChannelFulfillmentState::Success);
        let units = made.flat_map(|made| &made.lines).filter(|units| units.line_id == line.line_id);
        line.shipped_quantity = Some(units.map(|units| units.quantity).sum());
        let waiting = parts::waiting(&fulfillment_orders, &line.line_id);
        line.shop.open_quantity = waiting.or(line.shop.open_quantity);
    }
    let cancelled_at = head.get("cancelledAt").time()?;
    let shop = ShopOrder {
        // Shopify keeps drafts apart: what is asked for as an order is none.
        is_draft: false,
        archived_at: head.get("closedAt").time()?,
        cancelled_at,
        payment: payment(&mut reading, &head.get("displayFinancialStatus"))?,
        total_in_shop_currency,
        cash_rounding: charged.cash_rounding,
        // Shopify spreads every discount over the lines by itself.
        order_discount: Decimal::ZERO,
        fulfillment_orders,
        fulfillments,
        returns: parts::returns(&mut reading, gathered)?,
        shipping_method: reading.lenient(shipping_method(&head)),
        tags: reading.lenient(tags(&head.get("tags"))),
        sold_in: reading.lenient(head.get("sourceName").words()),
        is_test: head.get("test").flag()?.unwrap_or(false),
        customer_id: reading.lenient(customer_id(&head.get("customer"))),
        stage: Stage::NotTold,
        delivered_by_default: false,
    };
    let id = order_id(&head)?;
    Ok(ChannelOrder {
        order_no: head.get("name").words()?.unwrap_or_else(|| id.to_string()),
        channel_order_id: id,
        created_at: head.get("createdAt").required_time()?,
        updated_at: head.get("updatedAt").required_time()?,
        state: state(&mut reading, &head.get("displayFulfillmentStatus"), cancelled_at.is_some())?,
        fulfilled_by: FulfilledBy::Merchant,
        sold_by: SoldBy::Channel,
        request_number: None,
        marketplace: None,
        // An order's date follows from what was sold, not from what was promised. (SPEC KS-20)
        promised_by: None,
        prices_include_tax: includes_tax,
        total,
        lines,
        charges: charged.charges,
        person: person(&mut reading, &head),
        customer_ref: reading.lenient(head.get("poNumber").words()),
        currency: reading.currency,
        oddities: reading.oddities,
        shop,
    })
}

fn order_id(head: &Object<'_, '_>) -> Result<ChannelOrderId, MalformedOrder> {
    let id = head.get("id");
    ids::order(&id.required()?).ok_or_else(|| id.malformed("is no order id"))
}

/// A total as the buyer paid it, and in the shop's currency. (SPEC G-08)
fn total(
    reading: &mut Reading,
    node: &Node<'_, '_>,
) -> Result<(Option<Money>, Option<Money>), MalformedOrder> {
    let amount = reading.paid(node)?;
    let paid = amount.zip(reading.currency).map(|(amount, currency)| Money::new(amount, currency));
    let shop = reading::money(&node.object()?.get("shopMoney"))?;
    Ok((paid, shop))
}

fn state(
    reading: &mut Reading,
    node: &Node<'_, '_>,
    is_cancelled: bool,
) -> Result<ChannelOrderState, MalformedOrder> {
    let word = node.words()?.unwrap_or_else(|| "(not told)".to_owned());
    Ok(match word.as_str() {
        _ if is_cancelled => ChannelOrderState::Cancelled,
        "FULFILLED" => ChannelOrderState::Shipped,
        "PARTIALLY_FULFILLED" => ChannelOrderState::PartiallyShipped,
        "UNFULFILLED"
        | "OPEN"
        | "IN_PROGRESS"
        | "ON_HOLD"
        | "SCHEDULED"
        | "PENDING_FULFILLMENT"
        | "REQUEST_DECLINED"
        | "RESTOCKED"
        | "FULFILLMENT_NOT_REQUIRED" => ChannelOrderState::Unshipped,
        _ => ChannelOrderState::Unknown(reading.unknown(node, &word)),
    })
}

fn payment(reading: &mut Reading, node: &Node<'_, '_>) -> Result<Option<PaymentState>, MalformedOrder> {
    let Some(word) = node.words()? else { return Ok(None) };
    Ok(Some(match word.as_str() {
        "PENDING" => PaymentState::Pending,
        "AUTHORIZED" => PaymentState::Authorized,
        "PARTIALLY_PAID" => PaymentState::PartiallyPaid,
        "PAID" => PaymentState::Paid,
        "PARTIALLY_REFUNDED" => PaymentState::PartiallyRefunded,
        "REFUNDED" => PaymentState::Refunded,
        "VOIDED" => PaymentState::Voided,
        "EXPIRED" => PaymentState::Expired,
        _ => PaymentState::Unknown(reading.unknown(node, &word)),
    }))
}

/// The buyer, as far as the application may see: a name, also where the order has no customer.
fn person(reading: &mut Reading, head: &Object<'_, '_>) -> Person {
    let billing = reading.lenient(reading::address(&head.get("billingAddress")));
    let shipping = reading.lenient(reading::address(&head.get("shippingAddress")));
    let (customer_name, customer_email) = reading.lenient(customer(&head.get("customer")));
    let email = reading.lenient(head.get("email").words()).or(customer_email);
    let addressee = [&billing, &shipping].into_iter().flatten().find_map(Address::addressee);
    let name = customer_name.or(addressee);
    Person { name, email, billing, shipping }
}

/// The first way of shipping that was not taken out.
fn shipping_method(head: &Object<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    let lines = head.get("shippingLines").object()?;
    for node in lines.get("nodes").list()?.iter() {
        let line = node.object()?;
        if line.get("isRemoved").flag()? != Some(true) {
            return line.get("title").words();
        }
    }
    Ok(None)
}

fn tags(list: &Node<'_, '_>) -> Result<Vec<String>, MalformedOrder> {
    let mut tags = Vec::new();
    for node in list.list()?.iter().take(MAX_TAGS) {
        tags.extend(node.words()?);
    }
    Ok(tags)
}

fn customer_id(node: &Node<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    let customer = node.object()?;
    ids::number(&customer.get("id"))
}

/// The customer's name and address of e-mail. Shopify shows who has no name by what else is known of
/// him, which is no name.
fn customer(node: &Node<'_, '_>) -> Result<(Option<String>, Option<String>), MalformedOrder> {
    let customer = node.object()?;
    let name = customer.get("displayName").words()?;
    let is_name = |name: &String| !name.contains('@') && name.chars().any(char::is_alphabetic);
    let email = customer.get("defaultEmailAddress").object()?;
    Ok((name.filter(is_name), email.get("emailAddress").words()?))
}
