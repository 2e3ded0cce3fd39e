//! How the rows of an order follow the lines of its channel. The open units follow; what was packed,
//! delivered or invoiced does not. (SPEC KS-15, KS-30 to KS-32, KS-35, KS-36)

use std::collections::{BTreeMap, BTreeSet};

use super::{
    desk::Desk,
    import, is_made,
    lines::{self, Wish},
    money, variants,
};
use crate::{
    channel_order::{
        ChannelOrder,
        shop::{ChannelFulfillment, ChannelFulfillmentState},
    },
    decide::{pricing::Priced, words::counted},
    ids::RowId,
    manufacturing_order::{ManufacturingChange, ManufacturingStatus},
    outcome::{Because, Reason, ReasonCode},
    sales_order::{Row, SalesOrder},
    variant::VariantKind,
};

/// Brings the rows to what the channel's lines say.
pub(super) fn follow(desk: &mut Desk<'_>) {
    let connection = desk.state.connection;
    let wishes = lines::wishes(connection, desk.order);
    let by_id: BTreeMap<&RowId, &Wish<'_>> = wishes.iter().map(|wish| (&wish.id, wish)).collect();
    let units = Units::of(&desk.plan, desk.order);
    // Rows that a person added here are none of the channel's business.
    let from_channel = desk.plan.rows.iter().filter(|row| row.channel_line_id.is_some());
    for id in from_channel.map(|row| row.id.clone()).collect::<Vec<_>>() {
        let wish = by_id.get(&id).copied();
        follow_row(desk, &id, wish, &units);
    }
    let in_already: BTreeSet<RowId> = desk.plan.rows.iter().map(|row| row.id.clone()).collect();
    for wish in wishes.iter().filter(|wish| !in_already.contains(&wish.id)) {
        add_row(desk, wish, &units);
    }
    let places: BTreeMap<&RowId, usize> =
        wishes.iter().enumerate().map(|(place, wish)| (&wish.id, place)).collect();
    // As the channel shows them, and then those of our own.
    desk.plan.rows.sort_by_key(|row| places.get(&row.id).copied().unwrap_or(usize::MAX));
}

/// Units of a row, as the channel's fulfillments and ours count them together.
struct Units {
    /// Of our fulfillments, those that hold at the channel.
    known: BTreeMap<RowId, i64>,
    /// Of the channel's fulfillments, those that are none of ours yet; by its line ids.
    new: BTreeMap<String, i64>,
    /// Of lines that the channel still shows, those that wait; by its line ids.
    open: BTreeMap<String, i64>,
}

impl Units {
    fn of(plan: &SalesOrder, order: &ChannelOrder) -> Self {
        let shown = &order.shop.fulfillments;
        // A state that was looked at before ours was made there does not show it, and still has its units open.
        let holds = |id: &str| {
            let is_it = |made: &&ChannelFulfillment| made.id == id;
            let state = shown.iter().find(is_it).map(|made| &made.state);
            id == import::BEFORE || state.is_some_and(|state| *state != ChannelFulfillmentState::Cancelled)
        };
        let parts = || plan.fulfillments.iter().flat_map(|fulfillment| &fulfillment.at_channel);
        let mut known = BTreeMap::new();
        for (row, quantity) in parts().filter(|part| holds(&part.id)).flat_map(|part| &part.rows) {
            *known.entry(row.clone()).or_insert(0) += quantity;
        }
        let is_ours = |id: &str| plan.fulfilled_before.contains(id) || parts().any(|part| part.id == id);
        let mut new = BTreeMap::new();
        for made in shown.iter().filter(|made| is_made(&made.state) && !is_ours(&made.id)) {
            for units in &made.lines {
                *new.entry(units.line_id.clone()).or_insert(0) += units.quantity.max(0);
            }
        }
        let open = order
            .lines
            .iter()
            .map(|line| (line.line_id.clone(), line.shop.open_quantity.unwrap_or_default().max(0)));
        Self { known, new, open: open.collect() }
    }

    /// How many units a row should have: all that left or will. What was refunded after it had left has
    /// left all the same.
    fn wanted(&self, id: &RowId, wish: Option<&Wish<'_>>) -> i64 {
        let Some(wish) = wish else { return 0 };
        let line = &wish.line.line_id;
        let count = |of: &BTreeMap<String, i64>| of.get(line).copied().unwrap_or_default();
        let known = self.known.get(id).copied().unwrap_or_default();
        wish.standing.max(known + count(&self.new) + count(&self.open))
    }
}

fn follow_row(desk: &mut Desk<'_>, id: &RowId, wish: Option<&Wish<'_>>, units: &Units) {
    let Some(position) = desk.plan.rows.iter().position(|row| row.id == *id) else { return };
    let before = desk.plan.rows[position].clone();
    let (handled, wanted) = (desk.plan.handled(id), units.wanted(id, wish));
    let is_whole = handled > 0 && handled >= before.quantity;
    if before.invoiced || is_whole {
        refuse_row(desk, &before, wish, wanted);
        return;
    }
    let sku = before.sku.as_str();
    if wanted < handled {
        let message = format!("\"{sku}\": {}, of which {handled} were packed or delivered", counted(wanted));
        desk.refuse(ReasonCode::ProtectedNeverChanges, message);
    }
    let quantity = wanted.max(handled);
    if quantity == 0 {
        desk.plan.rows.remove(position);
        desk.say(ReasonCode::ChangesFollowed, format!("\"{sku}\": removed"));
        let_go(desk, id, sku);
        return;
    }
    let mut row = before.clone();
    row.quantity = quantity;
    match wish {
        // All that stood was refunded after it had left: the row is priced as it was.
        Some(wish) if wish.standing == 0 => {
            money::put(&mut row, &priced(&before), before.quantity, desk.order);
        }
        Some(wish) => money::put(&mut row, &wish.priced, wish.standing, desk.order),
        None => {}
    }
    move_row(desk, &mut row, wish);
    if quantity != before.quantity {
        let message = format!("\"{sku}\": {} instead of {}", counted(quantity), before.quantity);
        desk.say(ReasonCode::ChangesFollowed, message);
        make_other(desk, &before, quantity);
    } else if priced(&row) != priced(&before) {
        desk.say(ReasonCode::ChangesFollowed, format!("\"{sku}\": other amounts"));
    }
    desk.plan.rows[position] = row;
}

/// What the channel says differently of a row that never changes. (SPEC KS-35)
fn refuse_row(desk: &mut Desk<'_>, row: &Row, wish: Option<&Wish<'_>>, wanted: i64) {
    let sku = row.sku.as_str();
    let standing = wish.map_or(0, |wish| wish.standing);
    let message = if wanted != row.quantity {
        format!("\"{sku}\": {} instead of {}", counted(wanted), row.quantity)
    } else if standing < row.quantity {
        format!("\"{sku}\": {} refunded after leaving", counted(row.quantity - standing))
    } else if wish.is_some_and(|wish| wish.priced != priced(row)) {
        format!("\"{sku}\": other amounts")
    } else {
        return;
    };
    desk.refuse(ReasonCode::ProtectedNeverChanges, message);
}

fn priced(row: &Row) -> Priced {
    Priced { amount: row.amount, discount: row.discount, tax: row.tax }
}

/// SPEC: KS-31
fn add_row(desk: &mut Desk<'_>, wish: &Wish<'_>, units: &Units) {
    let quantity = units.wanted(&wish.id, Some(wish));
    if quantity == 0 {
        return;
    }
    if variants::is_unwanted(desk.state, wish) {
        let sku = variants::sku_text(desk.state.connection, wish);
        let code = ReasonCode::CustomItem;
        let message = format!("\"{sku}\" was added at the channel. {}", code.sentence());
        desk.waits = Some(Reason::new(code, message));
        return;
    }
    let Some(variant) = desk.shelf.find(wish) else { return };
    let row = import::row(wish, &variant, quantity, desk.order);
    if row.location.is_none() && variant.kind == VariantKind::Product {
        let message = format!("\"{}\" lies at no place: nothing is held for it.", row.sku);
        desk.because.push(Because::new(ReasonCode::LocationMissing.as_str(), message));
    }
    desk.say(ReasonCode::ChangesFollowed, format!("\"{}\": a new row of {}", row.sku, counted(quantity)));
    desk.plan.rows.push(row);
}

/// A row moves with the channel's place, and only when that has changed: a place that a person chose
/// here stays. (SPEC KS-15)
fn move_row(desk: &mut Desk<'_>, row: &mut Row, wish: Option<&Wish<'_>>) {
    let settings = &desk.state.connection.settings.shop;
    let Some(place) = wish.and_then(|wish| wish.channel_location.as_deref()) else { return };
    if !settings.bring_location_updates || row.channel_location.as_deref() == Some(place) {
        return;
    }
    let mut kinds = desk.state.variants.values().filter(|variant| variant.id == row.variant);
    if kinds.any(|variant| variant.kind == VariantKind::Service) {
        return;
    }
    let sku = row.sku.clone();
    match desk.state.connection.mapped_location(place) {
        Some(location) => {
            row.channel_location = Some(place.to_owned());
            if row.location.as_ref() != Some(location) {
                row.location = Some(location.clone());
                desk.say(ReasonCode::ChangesFollowed, format!("\"{sku}\": moved to {location}"));
            }
        }
        None if row.channel_location.is_some() => {
            let message =
                format!("\"{sku}\": moved to the channel's location {place}, which is mapped to none here");
            desk.refuse(ReasonCode::LocationMissing, message);
        }
        // It was never told before, and is taken from the default place meanwhile.
        None => {}
    }
}

/// The row's manufacturing order makes as many as the row has; one that was begun is unlinked. (SPEC KS-30)
fn make_other(desk: &mut Desk<'_>, before: &Row, quantity: i64) {
    let linked = desk.state.manufacturing_orders.iter().filter(|made| made.row.as_ref() == Some(&before.id));
    for made in linked {
        let mut made = made.clone();
        match made.status {
            ManufacturingStatus::NotStarted => {
                // One that makes only a part of the row makes so many more or fewer.
                made.quantity = (made.quantity + quantity - before.quantity).max(1);
            }
            ManufacturingStatus::WorkInProgress | ManufacturingStatus::Done => made.row = None,
        }
        desk.manufacturing.push(ManufacturingChange::Put(made));
    }
}

/// The row is gone: its manufacturing order is deleted if nothing was done, else unlinked. (SPEC KS-32)
pub(super) fn let_go(desk: &mut Desk<'_>, id: &RowId, sku: &str) {
    let linked = desk.state.manufacturing_orders.iter().filter(|made| made.row.as_ref() == Some(id));
    for made in linked {
        let (change, what) = match made.status {
            ManufacturingStatus::NotStarted => (ManufacturingChange::Delete(made.id.clone()), "deleted"),
            ManufacturingStatus::WorkInProgress | ManufacturingStatus::Done => {
                let mut made = made.clone();
                made.row = None;
                (ManufacturingChange::Put(made), "unlinked")
            }
        };
        desk.manufacturing.push(change);
        desk.say(ReasonCode::ChangesFollowed, format!("the manufacturing order of \"{sku}\": {what}"));
    }
}
