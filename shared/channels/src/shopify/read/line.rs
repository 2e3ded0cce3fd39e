//! A line of an order with its money as it is now: Shopify gives discounts and taxes for all units that
//! were ever ordered, and what refunds and edits took away is taken off to the smallest unit.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::{ChannelLine, shop::ShopLine},
    money::allocate,
};

use super::parts::{Refund, RefundedLine};
use crate::{
    channel::MalformedOrder,
    json::{self, MAX_AMOUNT, Node, Object},
    shopify::{gathered::Gathered, ids, reading::Reading},
};

/// Properties of a line that are kept, and letters of each.
const MAX_PROPERTIES: usize = 50;
const PROPERTY_CHARS: usize = 500;

/// Reads the lines, of every page.
pub(super) fn lines(
    reading: &mut Reading,
    gathered: &Gathered<'_>,
    refunds: &[Refund],
    includes_tax: bool,
) -> Result<Vec<ChannelLine>, MalformedOrder> {
    let (mut lines, mut seen) = (Vec::new(), BTreeSet::new());
    for (index, raw) in gathered.lines.nodes.iter().enumerate() {
        let node = json::piece(raw, "lineItems", index)?;
        let line = line(reading, &node, refunds, includes_tax)?;
        // What is booked for one would be taken for the other's.
        if !seen.insert(line.line_id.clone()) {
            return Err(node.malformed("has an id that was there before"));
        }
        lines.push(line);
    }
    if lines.is_empty() {
        reading.odd("the order has no lines".to_owned());
    }
    Ok(lines)
}

fn line(
    reading: &mut Reading,
    node: &Node<'_, '_>,
    refunds: &[Refund],
    includes_tax: bool,
) -> Result<ChannelLine, MalformedOrder> {
    let item = node.object()?;
    let line_id = ids::required(&item.get("id"))?;
    let ordered = item.get("quantity");
    let ordered = ordered.quantity()?.ok_or_else(|| ordered.malformed("is missing"))?;
    let current = item.get("currentQuantity").quantity()?.unwrap_or(ordered);
    if current > ordered {
        reading.odd(node.malformed("has more units now than were ever ordered").message);
    }
    // A SKU is compared byte for byte: what stands around it stays. (SPEC KF-05)
    let sku = item.get("sku").text()?.filter(|sku| !sku.trim().is_empty());
    let unit_price = reading.paid(&item.get("originalUnitPriceSet"))?;
    let of_all = OfAll {
        ordered,
        current,
        unit_price,
        discount: reading.sum(&item.get("discountAllocations"), "allocatedAmountSet")?.abs(),
        tax: tax(reading, &item.get("taxLines"))?,
        net_now: reading.paid(&item.get("priceAfterAllDiscountsBeforeTaxesSet"))?,
    };
    let refunded: Vec<&RefundedLine> =
        refunds.iter().flat_map(|refund| &refund.lines).filter(|line| line.line_id == line_id).collect();
    let now = of_all.now(reading, node, &refunded, includes_tax);
    if now.amount.is_some_and(|amount| amount.abs() > MAX_AMOUNT) {
        return Err(node.malformed("has an amount that is too large"));
    }
    let name = reading.lenient(item.get("name").words());
    Ok(ChannelLine {
        name: name.or_else(|| sku.clone()).unwrap_or_else(|| line_id.clone()),
        line_id,
        sku,
        quantity: current,
        shipped_quantity: None,
        amount: now.amount,
        tax: now.tax,
        discount: now.discount,
        discount_tax: None,
        charges: Vec::new(),
        serial_numbers: Vec::new(),
        shop: shop(reading, &item)?,
    })
}

fn shop(reading: &mut Reading, item: &Object<'_, '_>) -> Result<ShopLine, MalformedOrder> {
    let (variant_id, product) = (thing(item, "variant")?, thing(item, "product")?);
    let vendor = reading.lenient(item.get("vendor").words());
    Ok(ShopLine {
        is_custom: variant_id.is_none() && product.is_none() && vendor.is_none(),
        variant_id,
        requires_shipping: item.get("requiresShipping").flag()?.unwrap_or(true),
        is_gift_card: item.get("isGiftCard").flag()?.unwrap_or(false),
        open_quantity: item.get("unfulfilledQuantity").quantity()?,
        properties: properties(reading, &item.get("customAttributes")),
    })
}

fn thing(item: &Object<'_, '_>, field: &str) -> Result<Option<String>, MalformedOrder> {
    let thing = item.get(field).object()?;
    ids::number(&thing.get("id"))
}

/// The taxes of all units ever ordered together; nothing if they are not told at all.
fn tax(reading: &mut Reading, list: &Node<'_, '_>) -> Result<Option<Decimal>, MalformedOrder> {
    if !list.is_given() {
        return Ok(None);
    }
    reading.sum(list, "priceSet").map(Some)
}

fn properties(reading: &mut Reading, list: &Node<'_, '_>) -> Vec<(String, String)> {
    let read = || {
        let mut properties = Vec::new();
        for node in list.list()?.iter().take(MAX_PROPERTIES) {
            let property = node.object()?;
            let short = |text: String| text.chars().take(PROPERTY_CHARS).collect::<String>();
            let (key, value) = (property.get("key").words()?, property.get("value").words()?);
            properties.push((short(key.unwrap_or_default()), short(value.unwrap_or_default())));
        }
        Ok(properties)
    };
    reading.lenient(read())
}

/// What Shopify tells of a line: of all units ever ordered, but for the last.
struct OfAll {
    ordered: i64,
    current: i64,
    unit_price: Option<Decimal>,
    discount: Decimal,
    tax: Option<Decimal>,
    /// The price of the units of now, after discount and without tax.
    net_now: Option<Decimal>,
}

/// The money of the units of now.
struct Now {
    amount: Option<Decimal>,
    discount: Decimal,
    tax: Option<Decimal>,
}

impl OfAll {
    fn now(
        self,
        reading: &mut Reading,
        node: &Node<'_, '_>,
        refunded: &[&RefundedLine],
        includes_tax: bool,
    ) -> Now {
        let amount = self.unit_price.map(|price| price * Decimal::from(self.current));
        if self.current >= self.ordered {
            return Now { amount, discount: self.discount, tax: self.tax };
        }
        if self.current == 0 {
            return Now {
                amount: amount.map(|_| Decimal::ZERO),
                discount: Decimal::ZERO,
                tax: self.tax.map(|_| Decimal::ZERO),
            };
        }
        let tax = self.tax_now(refunded);
        let taken = self.discount_now(amount, tax, refunded, includes_tax);
        if taken.is_none() && !self.discount.is_zero() {
            reading.odd(
                node.malformed("does not tell what of its discount is gone; it is shared out by units")
                    .message,
            );
        }
        let discount = taken.unwrap_or_else(|| self.share(self.discount, reading));
        let tax = tax.or_else(|| {
            let whole = self.tax?;
            if !whole.is_zero() {
                reading.odd(
                    node.malformed("does not tell what of its tax is gone; it is shared out by units")
                        .message,
                );
            }
            Some(self.share(whole, reading))
        });
        Now { amount, discount, tax }
    }

    /// What of the tax is left, where the refunds tell it for all units that are gone.
    fn tax_now(&self, refunded: &[&RefundedLine]) -> Option<Decimal> {
        let whole = self.tax?;
        let gone = self.gone(refunded, |line| line.tax)?;
        Some(whole - gone).filter(|left| (Decimal::ZERO..=whole).contains(left))
    }

    /// What of the discount is left: as the price of the units of now shows, or else the refunds.
    fn discount_now(
        &self,
        amount: Option<Decimal>,
        tax: Option<Decimal>,
        refunded: &[&RefundedLine],
        includes_tax: bool,
    ) -> Option<Decimal> {
        let amount = amount?;
        let is_possible = |discount: &Decimal| (Decimal::ZERO..=self.discount).contains(discount);
        let included = if includes_tax { tax } else { Some(Decimal::ZERO) };
        let by_price = self.net_now.zip(included).map(|(net, tax)| amount - tax - net);
        by_price.filter(is_possible).or_else(|| {
            let units: i64 = refunded.iter().map(|line| line.quantity).sum();
            let gone = self.unit_price? * Decimal::from(units) - self.gone(refunded, |line| line.subtotal)?;
            Some(self.discount - gone).filter(is_possible)
        })
    }

    /// A sum over the refunds, if they tell of every unit that is gone.
    fn gone(
        &self,
        refunded: &[&RefundedLine],
        part: impl Fn(&RefundedLine) -> Option<Decimal>,
    ) -> Option<Decimal> {
        let units: i64 = refunded.iter().map(|line| line.quantity).sum();
        if units != self.ordered - self.current {
            return None;
        }
        refunded.iter().map(|line| part(line)).sum()
    }

    /// The share of the units of now, exact to the smallest unit.
    fn share(&self, whole: Decimal, reading: &Reading) -> Decimal {
        let Some(currency) = reading.currency else { return whole };
        let weights = [Decimal::from(self.current), Decimal::from(self.ordered - self.current)];
        allocate(whole, &weights, currency).first().copied().unwrap_or(whole)
    }
}
