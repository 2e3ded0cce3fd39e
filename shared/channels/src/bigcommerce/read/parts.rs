//! How an order's lines reach the buyer: shipped to an address, picked up, downloaded, or sent by mail; and
//! the lines themselves, wherever the answers have them.

use weir_domain::customer::Address;

use crate::{
    bigcommerce::reading::{self, Reading},
    channel::MalformedOrder,
    json::{self, Node, Object},
};

/// How goods get to the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Shipping,
    PickUp,
    Download,
    Email,
}

/// One way that goods of the order take.
pub(super) struct Consignment {
    pub(super) kind: Kind,
    /// BigCommerce's id of the address or the pickup; downloads and mails have none.
    id: Option<String>,
    /// BigCommerce's id of the place where it is picked up.
    pub(super) location: Option<String>,
    /// How it is shipped, in the store's own words.
    pub(super) method: Option<String>,
    pub(super) address: Option<Address>,
}

impl Consignment {
    /// Its name among those of the order.
    pub(super) fn name(&self, index: usize) -> String {
        let kind = match self.kind {
            Kind::Shipping => "shipping",
            Kind::PickUp => "pickup",
            Kind::Download => "download",
            Kind::Email => "email",
        };
        let id = self.id.clone().unwrap_or_else(|| index.to_string());
        format!("{kind}-{id}")
    }
}

/// A line as it came.
pub(super) struct Sold<'a> {
    pub(super) raw: &'a str,
    /// Which of the consignments takes it.
    pub(super) consignment: Option<usize>,
}

/// The consignments and lines of an order.
pub(super) struct Consigned<'a> {
    pub(super) consignments: Vec<Consignment>,
    pub(super) lines: Vec<Sold<'a>>,
    /// Whether all lines of the order are there.
    pub(super) is_whole: bool,
    /// Whether it is told where it goes.
    pub(super) has_addresses: bool,
}

/// Reads what an order's own answer has of them.
pub(super) fn consigned<'a>(order: &Object<'a, '_>) -> Result<Consigned<'a>, MalformedOrder> {
    let mut found =
        Consigned { consignments: Vec::new(), lines: Vec::new(), is_whole: true, has_addresses: false };
    let node = order.get("consignments");
    // Not asked for, or in the older structure, it is a link or a list.
    if node.raw().is_none_or(|raw| !raw.starts_with('{')) {
        found.is_whole = false;
        return Ok(found);
    }
    let consignments = node.object()?;
    if !consignments.get("shipping").is_given() && !consignments.get("pickups").is_given() {
        found.is_whole = false;
        return Ok(found);
    }
    found.has_addresses = true;
    let emails = consignments.get("email").object()?;
    let lists = [
        (Kind::PickUp, consignments.get("pickups")),
        (Kind::Shipping, consignments.get("shipping")),
        (Kind::Download, consignments.get("downloads")),
        (Kind::Email, emails.get("gift_certificates")),
    ];
    for (kind, list) in lists {
        for part in list.list()?.iter() {
            found.add(kind, &part.object()?)?;
        }
    }
    let total = order.get("items_total").quantity()?;
    let mut units = 0;
    for (index, sold) in found.lines.iter().enumerate() {
        let line = json::piece(sold.raw, "consignments.line_items", index)?.object()?;
        units += line.get("quantity").quantity()?.unwrap_or_default();
    }
    found.is_whole &= total.is_none_or(|total| total == units);
    Ok(found)
}

impl<'a> Consigned<'a> {
    fn add(&mut self, kind: Kind, part: &Object<'a, '_>) -> Result<(), MalformedOrder> {
        let place = self.consignments.len();
        let (location, method, address) = match kind {
            Kind::PickUp => {
                let location = reading::id(&part.get("location").object()?.get("id"))?;
                (location, part.get("pickup_method_display_name").words()?, None)
            }
            Kind::Shipping => (None, part.get("shipping_method").words()?, reading::address_of(part)?),
            Kind::Download | Kind::Email => (None, None, None),
        };
        let id = reading::id(&part.get("id"))?;
        self.consignments.push(Consignment { kind, id, location, method, address });
        let items = part.get("line_items");
        // Downloads are documented with one object where the others have a list.
        if items.raw().is_some_and(|raw| raw.starts_with('{')) {
            return self.add_line(&items, place);
        }
        for item in items.list()?.iter() {
            self.add_line(&item, place)?;
        }
        Ok(())
    }

    /// A line, or only a link to it.
    fn add_line(&mut self, item: &Node<'a, '_>, place: usize) -> Result<(), MalformedOrder> {
        match item.raw() {
            Some(raw) if item.object()?.get("quantity").is_given() => {
                self.lines.push(Sold { raw, consignment: Some(place) });
            }
            Some(_) | None => self.is_whole = false,
        }
        Ok(())
    }
}

/// Reads them out of all answers that were kept of an order.
pub(super) fn gathered<'a>(
    reading: &mut Reading,
    kept: &Object<'a, '_>,
    order: &Object<'a, '_>,
) -> Result<Consigned<'a>, MalformedOrder> {
    let mut found = consigned(order)?;
    let addresses = kept.get("addresses");
    if addresses.is_given() {
        for part in addresses.list()?.iter() {
            found.add(Kind::Shipping, &part.object()?)?;
        }
        found.has_addresses = true;
    }
    let pages = kept.get("products");
    if pages.is_given() {
        found.lines.clear();
        found.is_whole = true;
        let mut index = 0;
        for page in pages.list()?.iter() {
            for node in page.list()?.iter() {
                let Some(raw) = node.raw() else { continue };
                let item = json::piece(raw, "products", index)?.object()?;
                let consignment = consignment_of(&found.consignments, &item)?;
                found.lines.push(Sold { raw, consignment });
                index += 1;
            }
        }
    }
    if !found.is_whole {
        reading.odd("the order's lines are not all told".to_owned());
    }
    Ok(found)
}

/// Which consignment takes a line that came by itself.
fn consignment_of(
    consignments: &[Consignment],
    item: &Object<'_, '_>,
) -> Result<Option<usize>, MalformedOrder> {
    let pickup = reading::id(&item.get("order_pickup_method_id"))?;
    let address = reading::id(&item.get("order_address_id"))?;
    let find = |kind: Kind, id: &Option<String>| {
        let id = id.as_ref()?;
        consignments.iter().position(|part| part.kind == kind && part.id.as_ref() == Some(id))
    };
    let only = || (consignments.len() == 1).then_some(0);
    Ok(find(Kind::PickUp, &pickup).or_else(|| find(Kind::Shipping, &address)).or_else(only))
}
