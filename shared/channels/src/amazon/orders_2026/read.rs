//! An order of the Orders API v2026-01-01 in Weir's words.
//!
//! What Amazon's documents leave open, and what is taken here:
//! - A breakdown's `subtotal` is for the whole line and not for a unit. (Its v0 ancestor `ItemPrice`
//!   "is equal to the selling price of the item multiplied by the quantity ordered".)
//! - ITEM, SHIPPING, GIFT_WRAP, COD_FEE and OTHER are before discount.
//! - The sign of DISCOUNT is not written down: a discount is what it is without its sign.
//! - The `detailedBreakdowns` of TAX are the taxes of the parts before discount, and TAX/DISCOUNT is
//!   the tax that all discounts of the line saved, those on its charges too; it is divided between
//!   them. Where TAX's subtotal shows that nothing has to come off, nothing does.
//! - The `detailedBreakdowns` of DISCOUNT are parts of its subtotal. What a subtotal has beyond its
//!   details belongs to the goods.
//! - Where there is a TAX and it names no tax for a charge, that charge has none. Where there is no
//!   TAX at all, all taxes are unknown. (SPEC KF-06)

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::{
        ChannelCharge, ChannelLine, ChannelOrder, ChargeKind, SoldBy,
        shop::{ShopLine, ShopOrder},
    },
    customer::Person,
    ids::ChannelOrderId,
    money::{Currency, allocate},
};

use super::order_id;
use crate::{
    amazon::{
        json::{self, Node, Object},
        reading::{self, Charges, Reading, add},
        words::short,
    },
    channel::MalformedOrder,
};

/// Reads an order as it came.
pub(in crate::amazon) fn read(body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
    let text = json::text_of(body);
    let document = json::parse(&text)?;
    document.check_depth()?;
    let order = document.object()?;
    let mut reading = Reading::new(("amount", "currencyCode"));

    let id = order_id(&order.get("orderId"))?;
    let fulfillment = order.get("fulfillment").object()?;
    let channel = order.get("salesChannel").object()?;
    let marketplace = channel.get("marketplaceId").words()?;

    let proceeds = order.get("proceeds").object()?;
    let total = reading.total(&proceeds.get("grandTotal"))?;
    let charges = order_charges(&mut reading, &proceeds.get("breakdowns"))?;
    let items = order.get("orderItems");
    let mut lines = Vec::new();
    for node in items.list()?.iter() {
        lines.push(line(&mut reading, &node)?);
    }
    reading::check_ids(&lines, &items)?;
    if lines.is_empty() {
        reading.odd(items.malformed("is empty").message);
    }

    let window =
        fulfillment.get("deliverByWindow").object().and_then(|window| window.get("latestDateTime").time());
    let buyer = reading.lenient(buyer(&order.get("buyer")));
    let address = order
        .get("recipient")
        .object()
        .and_then(|recipient| reading::address(&recipient.get("deliveryAddress")));

    Ok(ChannelOrder {
        order_no: id.to_string(),
        created_at: order.get("createdTime").required_time()?,
        updated_at: order.get("lastUpdatedTime").required_time()?,
        state: reading::state(fulfillment.get("fulfillmentStatus").words()?.as_deref()),
        fulfilled_by: reading::fulfilled_by(fulfillment.get("fulfilledBy").words()?.as_deref()),
        sold_by: sold_by(&channel, &id)?,
        request_number: request_number(&order.get("orderAliases"), &id)?,
        promised_by: reading.lenient(window),
        prices_include_tax: reading::prices_include_tax(
            &mut reading,
            marketplace.as_deref(),
            total,
            &lines,
            &charges,
        ),
        channel_order_id: id,
        marketplace,
        currency: reading.currency,
        total,
        lines,
        charges,
        person: Person {
            name: buyer.name,
            email: buyer.email,
            billing: None,
            shipping: reading.lenient(address),
        },
        customer_ref: buyer.purchase_order,
        oddities: reading.oddities,
        shop: ShopOrder::default(),
    })
}

/// Who sold it: the channel's name, or where that is missing the marketplace's, which v0 had as its
/// `SalesChannel` ("Amazon.de", "Non-Amazon US").
fn sold_by(channel: &Object<'_, '_>, id: &ChannelOrderId) -> Result<SoldBy, MalformedOrder> {
    let name = match channel.get("channelName").words()? {
        Some(name) => Some(name),
        None => channel.get("marketplaceName").words()?,
    };
    Ok(reading::sold_by(name.as_deref(), id))
}

/// The seller's own number for the order. Amazon repeats its own where the seller gave none.
fn request_number(aliases: &Node<'_, '_>, id: &ChannelOrderId) -> Result<Option<String>, MalformedOrder> {
    for alias in aliases.list()?.iter() {
        let alias = alias.object()?;
        let is_sellers =
            alias.get("aliasType").words()?.is_some_and(|kind| kind.eq_ignore_ascii_case("SELLER_ORDER_ID"));
        if let Some(number) =
            alias.get("aliasId").words()?.filter(|number| is_sellers && number != id.as_str())
        {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

#[derive(Default)]
struct Buyer {
    name: Option<String>,
    email: Option<String>,
    purchase_order: Option<String>,
}

fn buyer(node: &Node<'_, '_>) -> Result<Buyer, MalformedOrder> {
    let buyer = node.object()?;
    Ok(Buyer {
        name: buyer.get("buyerName").words()?,
        email: buyer.get("buyerEmail").words()?,
        purchase_order: buyer.get("buyerPurchaseOrderNumber").words()?,
    })
}

/// What the order as a whole is charged: only the tip. "The remaining categories are aggregated
/// across all order items", so that counting them here would count them twice.
fn order_charges(
    reading: &mut Reading,
    breakdowns: &Node<'_, '_>,
) -> Result<Vec<ChannelCharge>, MalformedOrder> {
    let mut charges = Charges::default();
    for node in breakdowns.list()?.iter() {
        let breakdown = node.object()?;
        let word = breakdown.get("type").words()?.unwrap_or_default();
        // Read also where it is not needed: an order in two currencies is none.
        let subtotal = reading.money(&breakdown.get("subtotal"))?;
        match Proceeds::parse(&word) {
            Proceeds::Charge(ChargeKind::Tip) => {
                charges.add_amount(ChargeKind::Tip, subtotal.unwrap_or_default())
            }
            Proceeds::Item | Proceeds::Charge(_) | Proceeds::Tax | Proceeds::Discount => {}
            Proceeds::Unknown => reading.odd(format!(
                "{} (\"{}\")",
                node.malformed("is of an unknown type").message,
                short(&word)
            )),
        }
    }
    reading::check_size(breakdowns, &[], &charges)?;
    Ok(charges.finish())
}

/// What a breakdown, or a detail of one, is of.
#[derive(Clone, Copy)]
enum Proceeds {
    Item,
    Charge(ChargeKind),
    Tax,
    Discount,
    Unknown,
}

impl Proceeds {
    fn parse(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "ITEM" => Self::Item,
            "SHIPPING" => Self::Charge(ChargeKind::Shipping),
            "GIFT_WRAP" => Self::Charge(ChargeKind::GiftWrap),
            "COD_FEE" => Self::Charge(ChargeKind::CashOnDelivery),
            "DELIVERY_TIP" => Self::Charge(ChargeKind::Tip),
            "OTHER" => Self::Charge(ChargeKind::Other),
            "TAX" => Self::Tax,
            "DISCOUNT" => Self::Discount,
            _ => Self::Unknown,
        }
    }
}

fn line(reading: &mut Reading, node: &Node<'_, '_>) -> Result<ChannelLine, MalformedOrder> {
    let item = node.object()?;
    let product = item.get("product").object()?;
    let fulfillment = item.get("fulfillment").object()?;
    let quantity_ordered = item.get("quantityOrdered");
    // A SKU is compared byte for byte: what stands around it stays. (SPEC KF-05)
    let sku = product.get("sellerSku").text()?.filter(|sku| !sku.is_empty());
    let title = reading.lenient(product.get("title").words());
    let asin = reading.lenient(product.get("asin").words());
    let proceeds = item.get("proceeds").object()?;
    let mut money = LineMoney::default();
    for breakdown in proceeds.get("breakdowns").list()?.iter() {
        money.add(reading, &breakdown)?;
    }
    money.check_size(node)?;
    money.settle(reading, node);
    let line = ChannelLine {
        line_id: item.get("orderItemId").required()?,
        name: title.or_else(|| sku.clone()).or(asin).unwrap_or_default(),
        sku,
        quantity: quantity_ordered.quantity()?.ok_or_else(|| quantity_ordered.malformed("is missing"))?,
        shipped_quantity: fulfillment.get("quantityFulfilled").quantity()?,
        amount: money.amount,
        tax: money.tax,
        discount: money.discount,
        discount_tax: money.tax_discount,
        charges: money.charges.finish(),
        serial_numbers: serial_numbers(&product.get("serialNumbers"))?,
        shop: ShopLine::default(),
    };
    reading::check_line(reading, node, &line);
    let measurement = item.get("measurement").object()?;
    if measurement.get("unit").words()?.is_some_and(|unit| !unit.eq_ignore_ascii_case("COUNT")) {
        reading.odd(node.malformed("is sold by weight, volume or length; its units are counted").message);
    }
    Ok(line)
}

fn serial_numbers(node: &Node<'_, '_>) -> Result<Vec<String>, MalformedOrder> {
    let mut numbers = Vec::new();
    for number in node.list()?.iter() {
        numbers.extend(number.words()?);
    }
    Ok(numbers)
}

/// The money of one line, while its breakdowns are gathered.
#[derive(Default)]
struct LineMoney {
    amount: Option<Decimal>,
    discount: Decimal,
    charges: Charges,
    /// The tax on the goods: TAX/ITEM, until [`LineMoney::settle`] adds what no detail names.
    tax: Option<Decimal>,
    /// TAX/DISCOUNT, without its sign.
    tax_discount: Option<Decimal>,
    /// The sum of the subtotals of TAX.
    tax_subtotal: Option<Decimal>,
    /// Whether TAX had details.
    tax_has_details: bool,
}

impl LineMoney {
    fn add(&mut self, reading: &mut Reading, node: &Node<'_, '_>) -> Result<(), MalformedOrder> {
        let breakdown = node.object()?;
        let word = breakdown.get("type").words()?.unwrap_or_default();
        let subtotal = reading.money(&breakdown.get("subtotal"))?;
        match Proceeds::parse(&word) {
            Proceeds::Item => add(&mut self.amount, subtotal),
            Proceeds::Charge(kind) => self.charges.add_amount(kind, subtotal.unwrap_or_default()),
            Proceeds::Tax => {
                add(&mut self.tax_subtotal, subtotal);
                self.add_tax(reading, &breakdown)?;
            }
            Proceeds::Discount => self.add_discount(reading, node, &breakdown, subtotal)?,
            Proceeds::Unknown => {
                // It is a part of the total, so it has to be counted somewhere.
                self.charges.add_amount(ChargeKind::Other, subtotal.unwrap_or_default());
                let oddity = node.malformed("is of an unknown type and counted as an other charge").message;
                reading.odd(format!("{oddity} (\"{}\")", short(&word)));
            }
        }
        Ok(())
    }

    fn add_tax(&mut self, reading: &mut Reading, breakdown: &Object<'_, '_>) -> Result<(), MalformedOrder> {
        for node in breakdown.get("detailedBreakdowns").list()?.iter() {
            let detail = node.object()?;
            let word = detail.get("subtype").words()?.unwrap_or_default();
            let Some(value) = reading.money(&detail.get("value"))? else { continue };
            self.tax_has_details = true;
            match Proceeds::parse(&word) {
                Proceeds::Item => add(&mut self.tax, Some(value)),
                Proceeds::Charge(kind) => self.charges.add_tax(kind, value),
                Proceeds::Discount => add(&mut self.tax_discount, Some(value.abs())),
                Proceeds::Tax | Proceeds::Unknown => {
                    self.charges.add_tax(ChargeKind::Other, value);
                    let oddity = node
                        .malformed("is of an unknown subtype and counted as an other charge's tax")
                        .message;
                    reading.odd(format!("{oddity} (\"{}\")", short(&word)));
                }
            }
        }
        Ok(())
    }

    fn add_discount(
        &mut self,
        reading: &mut Reading,
        node: &Node<'_, '_>,
        breakdown: &Object<'_, '_>,
        subtotal: Option<Decimal>,
    ) -> Result<(), MalformedOrder> {
        let mut told = Decimal::ZERO;
        for node in breakdown.get("detailedBreakdowns").list()?.iter() {
            let detail = node.object()?;
            let word = detail.get("subtype").words()?.unwrap_or_default();
            let value = reading.money(&detail.get("value"))?.unwrap_or_default().abs();
            told += value;
            match Proceeds::parse(&word) {
                Proceeds::Item | Proceeds::Discount => self.discount += value,
                Proceeds::Charge(kind) => self.charges.add_discount(kind, value),
                Proceeds::Tax | Proceeds::Unknown => {
                    self.discount += value;
                    let oddity =
                        node.malformed("is of an unknown subtype and counted as the goods' discount").message;
                    reading.odd(format!("{oddity} (\"{}\")", short(&word)));
                }
            }
        }
        let rest = subtotal.map_or(Decimal::ZERO, |subtotal| subtotal.abs() - told);
        if rest > Decimal::ZERO {
            self.discount += rest;
        }
        if !rest.is_zero() && !told.is_zero() {
            reading.odd(node.malformed("has details that do not add up to its subtotal").message);
        }
        Ok(())
    }

    fn check_size(&self, node: &Node<'_, '_>) -> Result<(), MalformedOrder> {
        let figures = [self.amount, Some(self.discount), self.tax, self.tax_discount, self.tax_subtotal];
        reading::check_size(node, &figures, &self.charges)
    }

    /// Says what the taxes are, once all breakdowns are known.
    fn settle(&mut self, reading: &mut Reading, node: &Node<'_, '_>) {
        let mut saved = self.tax_discount.unwrap_or_default();
        let of_charges = self.charges.tax();
        match (self.tax, self.tax_subtotal) {
            // No TAX at all: every tax is unknown.
            (None, None) if !self.tax_has_details => return,
            (None, None) => self.tax = Some(Decimal::ZERO),
            (None, Some(subtotal)) => {
                self.tax = Some(subtotal - of_charges + saved);
                if !self.tax_has_details && self.charges.has_amounts() {
                    reading.odd(
                        node.malformed("has a TAX without details, counted as the tax of the goods").message,
                    );
                }
            }
            (Some(tax), Some(subtotal)) => {
                let details = tax + of_charges;
                if subtotal == details {
                    // The subtotal proves that the details are what is due: nothing comes off again.
                    (self.tax_discount, saved) = (None, Decimal::ZERO);
                } else if subtotal != details - saved {
                    reading
                        .odd(node.malformed("has a TAX whose details do not add up to its subtotal").message);
                }
            }
            (Some(_), None) => {}
        }
        self.charges.taxes_are_known();
        if let Some(currency) = reading.currency.filter(|_| !saved.is_zero()) {
            self.share_saving(saved, currency);
        }
    }

    /// Divides TAX/DISCOUNT between the goods and the charges that have a discount: a charge's tax is
    /// the one that is due. What is divided stays the same in sum.
    fn share_saving(&mut self, saved: Decimal, currency: Currency) {
        let mut weights =
            vec![reading::expected_saving(self.amount.unwrap_or_default(), self.tax, self.discount)];
        weights.extend(self.charges.expected_savings());
        let parts = allocate(saved, &weights, currency);
        let Some((of_goods, of_charges)) = parts.split_first() else { return };
        self.tax_discount = Some(*of_goods + self.charges.take_off(of_charges));
    }
}
