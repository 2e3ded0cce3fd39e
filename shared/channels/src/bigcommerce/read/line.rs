//! A line of an order: what was sold, how many units of it stand, and how many are still open.

use rust_decimal::Decimal;
use weir_domain::channel_order::{ChannelLine, shop::ShopLine};

use super::{
    money::{Figures, Now},
    parts::{Consignment, Kind, Sold},
};
use crate::{
    bigcommerce::{
        reading::{self, Reading},
        status::Meaning,
    },
    channel::MalformedOrder,
    json::{self, Object},
};

/// Properties of a line that are kept, and letters of each.
const MAX_PROPERTIES: usize = 50;
const PROPERTY_CHARS: usize = 500;

/// A line as BigCommerce has it.
pub(super) struct Item {
    pub(super) line_id: String,
    sku: Option<String>,
    name: String,
    /// Units ever ordered.
    pub(super) quantity: i64,
    /// Units that were refunded.
    pub(super) refunded: i64,
    /// Units that were shipped.
    pub(super) shipped: i64,
    pub(super) figures: Figures,
    pub(super) consignment: Option<usize>,
    shop: ShopLine,
}

impl Item {
    /// Units that stand.
    pub(super) fn standing(&self) -> i64 {
        (self.quantity - self.refunded).max(0)
    }

    /// The line, once the order's status and its money are known.
    pub(super) fn line(&self, meaning: &Meaning, now: Now) -> ChannelLine {
        let standing = self.standing();
        let shipped = if meaning.all_left { self.shipped.max(standing) } else { self.shipped };
        let open = if meaning.all_left { 0 } else { (standing - self.shipped).max(0) };
        ChannelLine {
            line_id: self.line_id.clone(),
            sku: self.sku.clone(),
            name: self.name.clone(),
            quantity: standing,
            shipped_quantity: Some(shipped),
            amount: now.amount,
            tax: now.tax,
            discount: now.discount,
            discount_tax: None,
            charges: Vec::new(),
            serial_numbers: Vec::new(),
            shop: ShopLine { open_quantity: Some(open), ..self.shop.clone() },
        }
    }
}

/// Whether units of a line were refunded.
pub(super) fn refunded(raw: &str, index: usize) -> Result<bool, MalformedOrder> {
    let item = json::piece(raw, "products", index)?.object()?;
    Ok(item.get("quantity_refunded").quantity()?.unwrap_or_default() > 0)
}

/// Reads a line.
pub(super) fn read(
    reading: &mut Reading,
    sold: &Sold<'_>,
    index: usize,
    consignments: &[Consignment],
) -> Result<Item, MalformedOrder> {
    let node = json::piece(sold.raw, "products", index)?;
    let item = node.object()?;
    let id = item.get("id");
    let line_id = reading::id(&id)?.ok_or_else(|| id.malformed("is missing"))?;
    let ordered = item.get("quantity");
    let quantity = ordered.quantity()?.ok_or_else(|| ordered.malformed("is missing"))?;
    let units = |name: &str| item.get(name).quantity().map(Option::unwrap_or_default);
    let (refunded, shipped) = (units("quantity_refunded")?, units("quantity_shipped")?);
    if refunded > quantity || shipped > quantity {
        reading.odd(node.malformed("has more units shipped or refunded than were ever ordered").message);
    }
    // A SKU is compared byte for byte: what stands around it stays. (SPEC KF-05)
    let sku = item.get("sku").text()?.filter(|sku| !sku.trim().is_empty());
    let name = reading.lenient(name(&item));
    Ok(Item {
        name: name.or_else(|| sku.clone()).unwrap_or_else(|| line_id.clone()),
        figures: Figures::read(&item, quantity)?,
        shop: shop(reading, &item, sold, consignments)?,
        consignment: sold.consignment,
        line_id,
        sku,
        quantity,
        refunded: refunded.min(quantity),
        shipped,
    })
}

fn name(item: &Object<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    for field in ["name", "name_customer", "name_merchant"] {
        if let Some(name) = item.get(field).words()? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn shop(
    reading: &mut Reading,
    item: &Object<'_, '_>,
    sold: &Sold<'_>,
    consignments: &[Consignment],
) -> Result<ShopLine, MalformedOrder> {
    let kind = item.get("type").words()?.unwrap_or_default().to_ascii_lowercase();
    let product = reading::id(&item.get("product_id"))?;
    let variant = reading::id(&item.get("variant_id"))?;
    let is_gift_card = kind == "giftcertificate";
    Ok(ShopLine {
        is_custom: product.is_none() && variant.is_none() && !is_gift_card,
        // Orders of before there were variants name the product alone.
        variant_id: variant.or_else(|| product.map(|product| format!("p{product}"))),
        requires_shipping: !is_gift_card && kind != "digital",
        is_gift_card,
        open_quantity: None,
        properties: properties(reading, item, sold, consignments),
    })
}

/// What was chosen or written at the line, how it is wrapped, and which of several addresses it goes to.
fn properties(
    reading: &mut Reading,
    item: &Object<'_, '_>,
    sold: &Sold<'_>,
    consignments: &[Consignment],
) -> Vec<(String, String)> {
    let read = || {
        let mut properties = Vec::new();
        let short = |text: String| text.chars().take(PROPERTY_CHARS).collect::<String>();
        let lists =
            [("product_options", "display_name", "display_value"), ("configurable_fields", "name", "value")];
        for (list, key, value) in lists {
            for node in item.get(list).list()?.iter().take(MAX_PROPERTIES) {
                let property = node.object()?;
                let (key, value) = (property.get(key).words()?, property.get(value).words()?);
                properties.push((short(key.unwrap_or_default()), short(value.unwrap_or_default())));
            }
        }
        if let Some(wrapping) = item.get("wrapping_name").words()? {
            properties.push(("gift wrapping".to_owned(), short(wrapping)));
        }
        Ok(properties)
    };
    let mut properties: Vec<(String, String)> = reading.lenient(read());
    let shipped: Vec<usize> =
        (0..consignments.len()).filter(|index| consignments[*index].kind == Kind::Shipping).collect();
    let place = sold.consignment.and_then(|own| shipped.iter().position(|index| *index == own));
    if let Some(place) = place.filter(|_| shipped.len() > 1) {
        properties.push(("shipping address".to_owned(), format!("{} of {}", place + 1, shipped.len())));
    }
    properties
}

/// A sum over a line's list of discounts.
pub(super) fn applied(item: &Object<'_, '_>) -> Result<Decimal, MalformedOrder> {
    let mut sum = Decimal::ZERO;
    for node in item.get("applied_discounts").list()?.iter() {
        sum += node.object()?.get("amount").decimal()?.unwrap_or_default().abs();
    }
    Ok(sum)
}
