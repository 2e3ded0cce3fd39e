//! The rules for an order that a web shop took and the merchant ships: whether it imports, and how
//! Weir follows it from then on without touching what has happened physically. (SPEC §3)

mod gate;
mod lines;
mod variants;
mod customers;
mod import;
mod changes;
mod rows;
mod fulfillments;
mod returns;
mod money;
mod desk;

pub use customers::name as customer_name;
pub(in crate::decide) use desk::reservations;
pub(in crate::decide) use fulfillments::{hear, unheard};

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    Decision, State, announce, unread,
    verdict::{Stop, Verdict},
    words,
};
use crate::{
    channel_order::{ChannelOrder, shop::ChannelFulfillmentState},
    connection::Connection,
    limits::FIRST_BACKFILL,
    outcome::{Because, OutcomeKind, ReasonCode},
    sales_order::{Booking, OrderStatus, SalesOrder},
    stock::StockKey,
    variant::{Sku, Variant},
};

/// Decides upon one order of a shop. One that is in follows its channel; one that is not comes in if
/// nothing stands against it.
#[must_use]
pub fn decide(state: &State<'_>, order: &ChannelOrder, now: Timestamp) -> Decision {
    let is_asked_for =
        state.is_asked_for || state.observation.is_some_and(|observation| observation.is_asked_for);
    let verdict = match (known_already(state, order), state.order) {
        (Some(stop), _) => stop.into(),
        (None, Some(known)) => changes::follow(state, known, order, now),
        (None, None) => match gate::stands_against(state, order, is_asked_for) {
            Some(stop) => stop.into(),
            None => import::import(state, order, is_asked_for, now),
        },
    };
    let Verdict { outcome, mut because, mut changes } = verdict;
    because.extend(order.oddities.iter().map(|oddity| Because::new("oddity", oddity.clone())));
    changes.effects.extend(announce(&state.connection.id, &order.order_no, state.observation, &outcome));
    let after = changes.order.as_ref().or(state.order);
    let shipped_at = after.and_then(shipped_at);
    Decision { outcome, because: words::cap(because), shipped_at, is_asked_for, changes }
}

/// From when on orders import by themselves after an activation: the first one reaches back 14 days.
/// (SPEC KS-04)
#[must_use]
pub fn orders_from(activated_at: Timestamp, is_first: bool) -> Timestamp {
    let back = if is_first { FIRST_BACKFILL } else { SignedDuration::ZERO };
    activated_at.saturating_sub(back).unwrap_or(activated_at)
}

/// The SKUs under which the catalogue is asked for an order's lines, as [`super::match_skus`]; a line
/// without a SKU has one that is made for it, and the rows that are in keep theirs. (SPEC KS-22)
#[must_use]
pub fn wanted_skus(
    connection: &Connection,
    aliases: &BTreeMap<Sku, Sku>,
    known: Option<&SalesOrder>,
    order: &ChannelOrder,
) -> BTreeMap<String, Sku> {
    let mut wanted = BTreeMap::new();
    for row in known.iter().flat_map(|known| &known.rows) {
        wanted.insert(row.sku.as_str().to_owned(), row.sku.clone());
    }
    for text in lines::wishes(connection, order).iter().map(|wish| variants::sku_text(connection, wish)) {
        let Ok(sku) = Sku::parse(&text) else { continue };
        let variant_sku = match aliases.get(&sku) {
            Some(alias) if connection.settings.sku_aliasing => alias.clone(),
            Some(_) | None => sku,
        };
        wanted.insert(text, variant_sku);
    }
    wanted
}

/// The stock that a decision upon an order may touch: its rows' variants at the places where they are,
/// will be, or left. `variants` are those that [`wanted_skus`] found.
#[must_use]
pub fn stock_keys(
    connection: &Connection,
    known: Option<&SalesOrder>,
    order: &ChannelOrder,
    variants: &BTreeMap<String, Variant>,
) -> BTreeSet<StockKey> {
    let wishes = lines::wishes(connection, order);
    let mut places: BTreeSet<_> = connection.default_location.iter().collect();
    places.extend(wishes.iter().filter_map(|wish| wish.location));
    places.extend(known.iter().flat_map(|known| &known.rows).filter_map(|row| row.location.as_ref()));
    let left = order.shop.fulfillments.iter().filter_map(|fulfillment| fulfillment.location.as_deref());
    places.extend(left.filter_map(|place| connection.mapped_location(place)));

    let mut ids: BTreeSet<_> = variants.values().map(|variant| &variant.id).collect();
    ids.extend(known.iter().flat_map(|known| &known.rows).map(|row| &row.variant));
    let key = |place: &&crate::ids::LocationId, id: &&crate::ids::VariantId| StockKey {
        location: (*place).clone(),
        variant: (*id).clone(),
    };
    places.iter().flat_map(|place| ids.iter().map(move |id| key(place, id))).collect()
}

/// One that is being booked is not decided again, an older state changes nothing, and a deleted order
/// stays deleted. (SPEC G-02, G-05, KS-05, KS-26)
fn known_already(state: &State<'_>, order: &ChannelOrder) -> Option<Stop> {
    match state.order.map(|known| &known.booking) {
        None | Some(Booking::Complete) => {}
        Some(Booking::Committing { .. } | Booking::Following { .. }) => {
            // What this state says is looked at once the plan is carried out.
            let stop = Stop::plain(OutcomeKind::Waiting, ReasonCode::Booking);
            return Some(stop.because("committing", "Its booking is under way."));
        }
    }
    let newest = unread::newest(state.observation, state.order);
    if let Some(newest) = newest.filter(|newest| order.updated_at < *newest) {
        let mut stop = Stop::plain(OutcomeKind::Unchanged, ReasonCode::OlderThanKnown);
        stop.because.push(unread::older(order.updated_at, newest));
        return Some(stop);
    }
    let deleted_at = state.order.and_then(|known| known.deleted_at)?;
    let before = state.observation.map(|observation| observation.outcome.reason.code);
    // The account keeps to why it was deleted as long as that holds.
    let stop = match before == Some(ReasonCode::DeletedWithChannel) && changes::called_off(order).is_some() {
        true => Stop::plain(OutcomeKind::Unchanged, ReasonCode::NothingChanged),
        false => Stop::plain(OutcomeKind::Skipped, ReasonCode::DeletedInWeir),
    };
    Some(stop.because("deleted_at", format!("It was deleted at {deleted_at}.")))
}

/// When the last of it left, once all of it has.
fn shipped_at(order: &SalesOrder) -> Option<Timestamp> {
    let is_delivered = order.status == OrderStatus::Delivered && order.deleted_at.is_none();
    is_delivered.then(|| order.fulfillments.iter().map(|fulfillment| fulfillment.shipped_at).max()).flatten()
}

/// Whether a fulfillment of the channel was made and holds.
fn is_made(state: &ChannelFulfillmentState) -> bool {
    matches!(state, ChannelFulfillmentState::Success)
}
