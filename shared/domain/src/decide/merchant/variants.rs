//! The product of a line: the one that bears its SKU, or one that is made. (SPEC KS-13, KS-22)

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::lines::Wish;
use crate::{
    connection::Connection,
    decide::State,
    ids::{ChannelOrderId, VariantId},
    variant::{Sku, Tracking, Variant, VariantKind},
};

/// Characters of a row's id that a made variant's id keeps.
const ROW_CHARS: usize = 40;

/// The SKU of a line as the channel spells it. A line without one has a SKU made of the channel's id of
/// the variant, the same each time; a custom line, which has no variant there, of its own id. (SPEC KS-22)
pub(super) fn sku_text(connection: &Connection, wish: &Wish<'_>) -> String {
    let given = wish.line.sku.as_ref().filter(|text| !text.trim().is_empty() && Sku::parse(text).is_ok());
    if let Some(text) = given {
        return text.clone();
    }
    let channel = &connection.channel;
    let made = wish.line.shop.variant_id.as_ref().map(|id| format!("{channel}-{id}"));
    made.filter(|text| Sku::parse(text).is_ok()).unwrap_or_else(|| format!("{channel}-{}", wish.id))
}

/// Whether a line was typed in for its order, nobody here has its SKU, and none is to be made. (SPEC KB-06)
pub(super) fn is_unwanted(state: &State<'_>, wish: &Wish<'_>) -> bool {
    wish.line.shop.is_custom
        && !state.connection.settings.shop.create_custom_items
        && !state.variants.contains_key(&sku_text(state.connection, wish))
}

/// The products of an order's lines, and those that have to be made for it.
pub(super) struct Shelf<'a> {
    state: &'a State<'a>,
    order: &'a ChannelOrderId,
    now: Timestamp,
    made: BTreeMap<String, Variant>,
}

impl<'a> Shelf<'a> {
    pub(super) const fn new(state: &'a State<'a>, order: &'a ChannelOrderId, now: Timestamp) -> Self {
        Self { state, order, now, made: BTreeMap::new() }
    }

    /// The product of a line. Two lines of one SKU have the same. `None` only for a text that cannot be a
    /// SKU, which [`sku_text`] does not give.
    pub(super) fn find(&mut self, wish: &Wish<'_>) -> Option<Variant> {
        let text = sku_text(self.state.connection, wish);
        if let Some(known) = self.state.variants.get(&text).or_else(|| self.made.get(&text)) {
            return Some(known.clone());
        }
        let token: String =
            wish.id.as_str().trim_start_matches(crate::ids::RowId::PREFIX).chars().take(ROW_CHARS).collect();
        let variant = Variant {
            id: VariantId::from_token(&format!("{}-{}-{token}", self.state.connection.id, self.order)),
            sku: Sku::parse(&text).ok()?,
            name: if wish.line.name.is_empty() { text.clone() } else { wish.line.name.clone() },
            kind: self.kind(wish),
            tracking: Tracking::None,
            default_delivery_days: None,
            created_at: self.now,
        };
        self.made.insert(text, variant.clone());
        Some(variant)
    }

    /// A gift card lies nowhere; a custom line that is not shipped is what the setting says. (SPEC KS-13)
    fn kind(&self, wish: &Wish<'_>) -> VariantKind {
        let line = &wish.line.shop;
        match (line.is_gift_card, line.is_custom && !line.requires_shipping) {
            (true, _) => VariantKind::Service,
            (false, true) => self.state.connection.settings.shop.custom_non_physical_line_items,
            (false, false) => VariantKind::Product,
        }
    }

    /// Whether a product that is made for the order is a service.
    pub(super) fn is_service(&self, id: &VariantId) -> bool {
        self.made.values().any(|variant| variant.id == *id && variant.kind == VariantKind::Service)
    }

    /// Those that have to be made.
    pub(super) fn made(self) -> Vec<Variant> {
        self.made.into_values().collect()
    }
}
