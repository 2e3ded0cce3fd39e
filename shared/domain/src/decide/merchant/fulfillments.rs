//! How a fulfillment of the channel delivers rows here: whole or not at all, once, and never what Weir
//! itself pushed there. (SPEC KS-40, KS-42 to KS-46)

use std::collections::BTreeMap;

use super::{desk::Desk, is_made};
use crate::{
    channel_order::{
        ChannelOrder,
        shop::{ChannelFulfillment, ChannelFulfillmentState, Stage},
    },
    decide::{period_locked, words},
    ids::{FulfillmentId, LocationId, RowId},
    limits::CLOCK_SKEW,
    outcome::{Because, Reason, ReasonCode},
    sales_order::{
        ChannelPart, Flag, Fulfillment, FulfillmentBy, FulfillmentRow, FulfillmentStatus, SalesOrder,
        StockStep, Tracking,
    },
    variant::VariantKind,
};

/// Letters of a channel's id that an id of ours keeps.
const ID_CHARS: usize = 60;

/// The channel's id in letters that every key and URL takes.
pub(super) fn token(id: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' };
    id.chars().take(ID_CHARS).map(safe).collect()
}

/// The first parcel's tracking. (SPEC KS-43)
pub(super) fn tracking(made: &ChannelFulfillment) -> Option<Tracking> {
    made.tracking.first().cloned()
}

/// Brings the channel's fulfillments to the order, the oldest first.
pub(super) fn follow(desk: &mut Desk<'_>) {
    let order = desk.order;
    let mut shown: Vec<&ChannelFulfillment> = order.shop.fulfillments.iter().collect();
    shown.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    for made in shown {
        let is_known = is_known(&desk.plan, &made.id);
        match (&made.state, is_known) {
            (ChannelFulfillmentState::Success, true) => {}
            (ChannelFulfillmentState::Success, false) => apply(desk, made),
            (ChannelFulfillmentState::Cancelled, true) => {
                let message = format!("fulfillment {} was cancelled there later", made.id);
                desk.refuse(ReasonCode::FulfillmentCancelledLater, message);
            }
            (ChannelFulfillmentState::Unknown(word), _) => {
                let message = format!("Fulfillment {} is \"{word}\", which Weir does not know.", made.id);
                desk.because.push(Because::new("unknown_state", message));
            }
            (
                ChannelFulfillmentState::Cancelled
                | ChannelFulfillmentState::Pending
                | ChannelFulfillmentState::Failed,
                _,
            ) => {}
        }
    }
    follow_stage(desk);
}

/// The id under which it is remembered that a shop completed an order: it has no id of its own.
const COMPLETED: &str = "completed";

/// A shop that has one status for the whole order: completed, everything that is still open here left then;
/// shipped, nothing has as far as Weir is concerned. (SPEC KB-11, KB-12)
fn follow_stage(desk: &mut Desk<'_>) {
    let of_channel = |row: &&crate::sales_order::Row| row.channel_line_id.is_some();
    let open: BTreeMap<RowId, i64> = desk
        .plan
        .rows
        .iter()
        .filter(of_channel)
        .map(|row| (row.id.clone(), desk.plan.open(row)))
        .filter(|(_, units)| *units > 0)
        .collect();
    let at = match desk.order.shop.stage {
        Stage::Completed { at } => at,
        Stage::Shipped if !open.is_empty() => {
            let message = "it was shipped, and is delivered once it is completed there".to_owned();
            desk.refuse(ReasonCode::ShippedNotCompleted, message);
            return;
        }
        Stage::Disputed => {
            let sentence = ReasonCode::Disputed.sentence();
            desk.because.push(Because::new(ReasonCode::Disputed.as_str(), sentence));
            return;
        }
        Stage::NotTold
        | Stage::Incomplete
        | Stage::Pending
        | Stage::Declined
        | Stage::ManualVerification
        | Stage::Open
        | Stage::Shipped => return,
    };
    if open.is_empty() {
        let has_ours = desk.plan.fulfillments.iter().any(|made| made.by == FulfillmentBy::Weir);
        if has_ours {
            desk.because.push(Because::new("own_fulfillment", "It is completed there, and delivered here."));
        }
        return;
    }
    if !desk.state.connection.settings.shop.sync_fulfillment_status {
        desk.refuse(ReasonCode::FulfillmentsNotBrought, "it was completed".to_owned());
        return;
    }
    let times = desk.plan.fulfillments.iter().flat_map(|made| &made.at_channel);
    let before = times.filter(|part| part.id.starts_with(COMPLETED)).count();
    let made = ChannelFulfillment {
        // Completed, opened again with another line, and completed again: each time is one of its own.
        id: if before == 0 { COMPLETED.to_owned() } else { format!("{COMPLETED}-{}", before + 1) },
        state: ChannelFulfillmentState::Success,
        created_at: at,
        location: None,
        fulfillment_orders: Vec::new(),
        lines: Vec::new(),
        tracking: Vec::new(),
    };
    deliver(desk, &made, &open);
}

fn is_known(plan: &SalesOrder, id: &str) -> bool {
    plan.fulfilled_before.contains(id)
        || plan.fulfillments.iter().flat_map(|fulfillment| &fulfillment.at_channel).any(|part| part.id == id)
}

fn apply(desk: &mut Desk<'_>, made: &ChannelFulfillment) {
    let (units, missing) = units(&desk.plan, made);
    if missing.is_empty() && units.is_empty() {
        return;
    }
    if missing.is_empty() && adopt(desk, made, &units, Sure::Yes) {
        return;
    }
    if !desk.state.connection.settings.shop.sync_fulfillment_status {
        let message = format!("fulfillment {}", made.id);
        desk.refuse(ReasonCode::FulfillmentsNotBrought, message);
        return;
    }
    if !missing.is_empty() {
        let message = format!("fulfillment {}: {}", made.id, words::list(&missing));
        desk.refuse(ReasonCode::FulfillmentNotMatched, message);
        return;
    }
    let short: Vec<String> = short(&desk.plan, &units);
    if short.is_empty() {
        deliver(desk, made, &units);
    } else if !adopt(desk, made, &units, Sure::No) {
        let message = format!("fulfillment {}: {}", made.id, words::list(&short));
        desk.refuse(ReasonCode::FulfillmentNotMatched, message);
    }
}

/// The units of each row, and the lines that match none: then nothing of it is applied. (SPEC KS-40)
fn units(plan: &SalesOrder, made: &ChannelFulfillment) -> (BTreeMap<RowId, i64>, Vec<String>) {
    let (mut units, mut missing) = (BTreeMap::new(), Vec::new());
    for part in made.lines.iter().filter(|part| part.quantity > 0) {
        let row = plan.rows.iter().find(|row| row.channel_line_id.as_deref() == Some(&part.line_id));
        match row {
            Some(row) => *units.entry(row.id.clone()).or_insert(0) += part.quantity,
            None => missing.push(format!("line {} matches no row", part.line_id)),
        }
    }
    (units, missing)
}

/// The rows that have fewer open units than the fulfillment wants.
fn short(plan: &SalesOrder, units: &BTreeMap<RowId, i64>) -> Vec<String> {
    let mut short = Vec::new();
    for row in &plan.rows {
        let (open, wanted) = (plan.open(row), units.get(&row.id).copied().unwrap_or_default());
        if wanted > open {
            short.push(format!("\"{}\" has {open} open units of {wanted}", row.sku));
        }
    }
    short
}

/// How sure it must be that a fulfillment of the channel is one that Weir made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// Its time and its parcel speak for it, or at least not against it.
    Yes,
    /// Its units have been handled here, and only once can they have left.
    No,
}

/// Which fulfillment of ours it is, if it is one.
fn recognise(
    plan: &SalesOrder,
    made: &ChannelFulfillment,
    units: &BTreeMap<RowId, i64>,
    sure: Sure,
) -> Option<usize> {
    let numbers: Vec<&str> = made.tracking.iter().filter_map(|parcel| parcel.number.as_deref()).collect();
    // What the channel made before we did is not what we made there.
    let is_later = |ours: &Fulfillment| {
        made.created_at.saturating_add(CLOCK_SKEW).is_ok_and(|latest| latest >= ours.created_at)
    };
    let speaks_for = |ours: &Fulfillment| {
        let number = ours.tracking.as_ref().and_then(|tracking| tracking.number.as_deref());
        let is_same_parcel = number.is_none_or(|number| numbers.contains(&number));
        sure == Sure::No || (is_later(ours) && is_same_parcel)
    };
    let fits = |ours: &Fulfillment| units.iter().all(|(row, wanted)| unheard(ours, row) >= *wanted);
    let is_ours = |ours: &Fulfillment| ours.by == FulfillmentBy::Weir && fits(ours) && speaks_for(ours);
    plan.fulfillments.iter().position(is_ours)
}

fn heard(made: &ChannelFulfillment, units: &BTreeMap<RowId, i64>) -> ChannelPart {
    let rows = units.iter().map(|(row, quantity)| (row.clone(), *quantity)).collect();
    ChannelPart { id: made.id.clone(), rows }
}

/// Notes on an order which of the shown fulfillments are ours. (SPEC KS-46)
pub(in crate::decide) fn hear(order: &mut SalesOrder, shown: &ChannelOrder) {
    for made in shown.shop.fulfillments.iter().filter(|made| is_made(&made.state)) {
        let (units, missing) = units(order, made);
        if is_known(order, &made.id) || !missing.is_empty() || units.is_empty() {
            continue;
        }
        let is_short = !short(order, &units).is_empty();
        let found = recognise(order, made, &units, Sure::Yes)
            .or_else(|| recognise(order, made, &units, Sure::No).filter(|_| is_short));
        if let Some(ours) = found.and_then(|position| order.fulfillments.get_mut(position)) {
            ours.at_channel.push(heard(made, &units));
        }
    }
}

/// Recognises what was packed or delivered here and is heard back: nothing leaves twice. (SPEC KS-46)
fn adopt(desk: &mut Desk<'_>, made: &ChannelFulfillment, units: &BTreeMap<RowId, i64>, sure: Sure) -> bool {
    let Some(position) = recognise(&desk.plan, made, units, sure) else { return false };
    let is_picked_up = is_picked_up(desk, made);
    let Some(ours) = desk.plan.fulfillments.get_mut(position) else { return false };
    ours.at_channel.push(heard(made, units));
    let id = ours.id.clone();
    let is_heard = ours.rows.iter().all(|part| unheard(ours, &part.row) == 0);
    let is_delivered_now = is_picked_up && is_heard && ours.status == FulfillmentStatus::Packed;
    if is_delivered_now {
        ours.status = FulfillmentStatus::Delivered;
    }
    if is_picked_up && is_heard {
        desk.plan.flags.remove(&Flag::PickupToBeMarked);
    }
    if is_delivered_now {
        let message = format!("what was packed as {id} was picked up");
        desk.say(ReasonCode::FulfilledAtChannel, message);
    }
    let message = format!("Fulfillment {} there is {id} here.", made.id);
    desk.because.push(Because::new("own_fulfillment", message));
    true
}

/// Units of a row in a fulfillment of ours that the channel has not shown yet.
pub(in crate::decide) fn unheard(ours: &Fulfillment, row: &RowId) -> i64 {
    let here: i64 = ours.rows.iter().filter(|part| part.row == *row).map(|part| part.quantity).sum();
    let parts = ours.at_channel.iter().flat_map(|part| &part.rows);
    here - parts.filter(|(of_row, _)| of_row == row).map(|(_, quantity)| quantity).sum::<i64>()
}

/// Whether the buyer came for it. (SPEC KS-45)
fn is_picked_up(desk: &Desk<'_>, made: &ChannelFulfillment) -> bool {
    let is_of = |id: &str, lines: &[crate::channel_order::shop::FulfillmentOrderLine]| {
        let of_lines = |line: &str| lines.iter().any(|of_order| of_order.line_id == line);
        match made.fulfillment_orders.is_empty() {
            true => made.lines.iter().all(|part| of_lines(&part.line_id)),
            false => made.fulfillment_orders.iter().any(|of_made| of_made == id),
        }
    };
    let mut of_made = desk.order.shop.fulfillment_orders.iter().filter(|part| is_of(&part.id, &part.lines));
    of_made.any(|part| part.delivery.is_picked_up())
}

/// The rows' units leave from where the channel shipped them, with batches first in, first out. (SPEC
/// KS-40, KS-44, G-09, G-10)
fn deliver(desk: &mut Desk<'_>, made: &ChannelFulfillment, units: &BTreeMap<RowId, i64>) {
    if let Some(locked) = period_locked(desk.state.organization, made.created_at) {
        let message = format!("Fulfillment {} of the channel is not booked. {}", made.id, locked.message);
        desk.waits = Some(Reason { message, ..locked });
        return;
    }
    let id = FulfillmentId::from_token(&token(&made.id));
    let mut rows = Vec::new();
    for (row, quantity) in units {
        let place = place(desk, made, row);
        rows.push(FulfillmentRow {
            row: row.clone(),
            quantity: *quantity,
            batches: Vec::new(),
            serial_numbers: Vec::new(),
        });
        if let Some(location) = place {
            let (fulfillment, row) = (id.clone(), row.clone());
            desk.leaves.push(StockStep::Leave { fulfillment, row, location });
        }
    }
    let total: i64 = units.values().sum();
    let verb = if is_picked_up(desk, made) { "picked up" } else { "fulfilled" };
    let unit = if total == 1 { "unit" } else { "units" };
    desk.say(ReasonCode::FulfilledAtChannel, format!("{total} {unit} {verb} with {}", made.id));
    desk.plan.fulfillments.push(Fulfillment {
        id,
        status: FulfillmentStatus::Delivered,
        rows,
        tracking: tracking(made),
        by: FulfillmentBy::Channel,
        moves_stock: true,
        at_channel: vec![heard(made, units)],
        shipped_at: made.created_at,
        created_at: desk.now,
    });
}

/// Where a row's units left: the place that the channel names, where locations are followed; else the
/// row's own. A service leaves nowhere.
fn place(desk: &Desk<'_>, made: &ChannelFulfillment, id: &RowId) -> Option<LocationId> {
    let (state, connection) = (desk.state, desk.state.connection);
    let row = desk.plan.rows.iter().find(|row| row.id == *id)?;
    let mut variants = state.variants.values().filter(|variant| variant.id == row.variant);
    let is_service = variants.any(|variant| variant.kind == VariantKind::Service);
    // A service was never given a place; a product without one was released by a person.
    if is_service || (row.location.is_none() && desk.shelf.is_service(&row.variant)) {
        return None;
    }
    let follows = connection.settings.shop.bring_location_updates;
    let told = made.location.as_deref().filter(|_| follows);
    let told = told.and_then(|place| connection.mapped_location(place));
    told.or(row.location.as_ref()).or(connection.default_location.as_ref()).cloned()
}
