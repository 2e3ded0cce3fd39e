//! The lines of a shop's order as the rows that they should be: how many units, for how much, and
//! where they are taken from.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{fba, pricing::Priced},
    gate, is_made, money,
};
use crate::{
    channel_order::{ChannelLine, ChannelOrder},
    connection::Connection,
    ids::{LocationId, RowId},
};

/// A line as the row that it should be.
pub(super) struct Wish<'a> {
    /// The row's id, the same in every state of the order.
    pub(super) id: RowId,
    pub(super) line: &'a ChannelLine,
    /// Units as they stand; the money is for these.
    pub(super) standing: i64,
    pub(super) priced: Priced,
    /// The channel's place, as far as it tells.
    pub(super) channel_location: Option<String>,
    /// The place of ours that it means, else the connection's default.
    pub(super) location: Option<&'a LocationId>,
}

/// All lines of an order, also those of which nothing is left.
pub(super) fn wishes<'a>(connection: &'a Connection, order: &'a ChannelOrder) -> Vec<Wish<'a>> {
    let mut used = BTreeSet::new();
    let priced = money::price_lines(order);
    let places = places(order);
    let wish = |(line, priced): (&'a ChannelLine, Priced)| {
        let channel_location = places.get(line.line_id.as_str()).map(|place| (*place).to_owned());
        let mapped = channel_location.as_deref().and_then(|place| connection.mapped_location(place));
        Wish {
            id: fba::rows::row_id(&line.line_id, &mut used),
            line,
            standing: line.quantity.max(0),
            priced,
            location: mapped.or(connection.default_location.as_ref()),
            channel_location,
        }
    };
    order.lines.iter().zip(priced).map(wish).collect()
}

/// The channel's place of each line: where most of its units wait, else where the last of them was. Of
/// equals the first counts, in every state of the order.
fn places(order: &ChannelOrder) -> BTreeMap<&str, &str> {
    let mut found: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    for part in &order.shop.fulfillment_orders {
        let Some(place) = part.location.as_deref() else { continue };
        for line in &part.lines {
            let waiting = if part.state.is_over() { 0 } else { line.remaining.max(0) };
            let best = found.entry(&line.line_id).or_insert((waiting, place));
            if waiting > best.0 || (waiting == 0 && best.0 == 0) {
                *best = (waiting, place);
            }
        }
    }
    found.into_iter().map(|(line, (_, place))| (line, place)).collect()
}

/// Units of a line that were fulfilled at the channel.
pub(super) fn fulfilled(order: &ChannelOrder, line: &ChannelLine) -> i64 {
    let made = order.shop.fulfillments.iter().filter(|fulfillment| is_made(&fulfillment.state));
    let units = made.flat_map(|fulfillment| &fulfillment.lines).filter(|units| units.line_id == line.line_id);
    line.shipped_quantity.unwrap_or_else(|| units.map(|units| units.quantity.max(0)).sum()).max(0)
}

/// Units of a line that still wait to be fulfilled.
pub(super) fn still_open(order: &ChannelOrder, line: &ChannelLine) -> i64 {
    let left = || line.quantity.max(0) - fulfilled(order, line);
    line.shop.open_quantity.unwrap_or_else(left).max(0)
}

/// Units of a line that were fulfilled before the order was first seen, and still stand. (SPEC KS-03)
pub(super) fn fulfilled_before(order: &ChannelOrder, line: &ChannelLine) -> i64 {
    let standing = line.quantity.max(0);
    fulfilled(order, line).min(standing - still_open(order, line)).max(0)
}

/// Numbers that cannot be true, in words.
pub(super) fn unbelievable(order: &ChannelOrder) -> Option<String> {
    gate::odd_units(order)
}
