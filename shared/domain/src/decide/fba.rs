//! The rules for an order that the channel sold and shipped from its own warehouse: whether it
//! imports, and if not, why. What it becomes stands in `import`. (SPEC §2)

mod compare;
mod import;
pub(in crate::decide) mod rows;

use jiff::Timestamp;

use super::{
    Decision, State, announce, period_locked, unread,
    verdict::{Stop, Verdict},
    words,
};
use crate::{
    channel_order::{ChannelLine, ChannelOrder, ChannelOrderState, FulfilledBy, SoldBy},
    ids::LocationId,
    limits::{LATE_AT_MOST, ROWS_OF_AN_ORDER},
    outcome::{Because, OutcomeKind, ReasonCode},
    sales_order::{Booking, SalesOrder},
};

/// Decides upon one FBA order. The checks stand in their order: what is known of the order already,
/// whose it is, how far it is, and whether it can be booked now.
#[must_use]
pub fn decide(state: &State<'_>, order: &ChannelOrder, now: Timestamp) -> Decision {
    let shipped_at = shipped_at(state, order);
    let stop = known_already(state, order)
        .or_else(|| sold_elsewhere(state, order))
        .or_else(|| not_shipped(order))
        .or_else(|| out_of_bounds(state, order, shipped_at));
    let verdict = match stop {
        Some(stop) => stop.into(),
        None => match ready(state, order, shipped_at) {
            Ok(ready) => import::import(state, order, &ready, now),
            Err(stop) => stop.into(),
        },
    };
    let Verdict { outcome, mut because, mut changes } = verdict;
    because.extend(order.oddities.iter().map(|oddity| Because::new("oddity", oddity.clone())));
    changes.effects.extend(announce(&state.connection.id, &order.order_no, state.observation, &outcome));
    Decision { outcome, because: words::cap(because), shipped_at, is_asked_for: false, changes }
}

/// All that an import needs, once nothing stands against it.
struct Ready<'a> {
    location: &'a LocationId,
    rows: Vec<rows::Matched<'a>>,
    left_out: usize,
    shipped_at: Timestamp,
}

/// The business time: when the order was first seen as shipped.
fn shipped_at(state: &State<'_>, order: &ChannelOrder) -> Option<Timestamp> {
    let kept = state.observation.and_then(|observation| observation.shipped_at);
    kept.or_else(|| (order.state == ChannelOrderState::Shipped).then_some(order.updated_at))
}

/// A deleted order stays deleted, an older state changes nothing, and what was delivered stays.
/// (SPEC G-02, KS-35)
fn known_already(state: &State<'_>, order: &ChannelOrder) -> Option<Stop> {
    if let Some(deleted_at) = state.order.and_then(|known| known.deleted_at) {
        let stop = Stop::plain(OutcomeKind::Skipped, ReasonCode::DeletedInWeir);
        return Some(stop.because("deleted_at", format!("It was deleted at {deleted_at}.")));
    }
    if let Some(Booking::Committing { chunks }) = state.order.map(|known| &known.booking) {
        let stop = Stop::plain(OutcomeKind::Unchanged, ReasonCode::NothingChanged);
        let plan = format!("Its booking is under way in {}.", words::count(to_usize(*chunks), "chunk"));
        return Some(stop.because("committing", plan));
    }
    let newest = unread::newest(state.observation, state.order);
    if let Some(newest) = newest.filter(|newest| order.updated_at < *newest) {
        let mut stop = Stop::plain(OutcomeKind::Unchanged, ReasonCode::OlderThanKnown);
        stop.because.push(unread::older(order.updated_at, newest));
        return Some(stop);
    }
    state.order.map(|known| delivered_before(known, order))
}

fn delivered_before(known: &SalesOrder, order: &ChannelOrder) -> Stop {
    let differences = compare::differences(known, order);
    if differences.is_empty() {
        return Stop::plain(OutcomeKind::Unchanged, ReasonCode::NothingChanged);
    }
    let code = ReasonCode::DeliveredNeverChanges;
    let message = format!("{} The channel now says: {}.", code.sentence(), words::list(&differences));
    let mut stop = Stop::new(OutcomeKind::Unchanged, code, message);
    stop.because = differences.into_iter().map(|difference| Because::new("refused", difference)).collect();
    stop
}

/// Only what the channel itself sold on this connection's marketplace, and ships itself. (SPEC KF-02)
fn sold_elsewhere(state: &State<'_>, order: &ChannelOrder) -> Option<Stop> {
    let (ours, theirs) = (state.connection.remote.marketplace.as_deref(), order.marketplace.as_deref());
    if let (Some(ours), Some(theirs)) = (ours, theirs)
        && ours != theirs
    {
        let message = format!("It was sold on marketplace {theirs}; this connection is for {ours}.");
        return Some(Stop::new(OutcomeKind::Skipped, ReasonCode::OtherMarketplace, message));
    }
    match &order.sold_by {
        SoldBy::Channel => {}
        SoldBy::OtherChannel => return Some(fulfilment_request(state, order)),
        SoldBy::Unknown(word) => return Some(unknown("sold", word.as_deref())),
    }
    // Of several connections that share an account only one may book it, and it is not known which.
    if ours.is_some() && theirs.is_none() {
        let message = "The channel did not say on which marketplace it was sold.";
        return Some(Stop::new(OutcomeKind::Waiting, ReasonCode::UnknownSeller, message));
    }
    match &order.fulfilled_by {
        FulfilledBy::Channel => None,
        FulfilledBy::Merchant => Some(Stop::plain(OutcomeKind::Skipped, ReasonCode::FulfilledByMerchant)),
        FulfilledBy::Unknown(word) => Some(unknown("ships", word.as_deref())),
    }
}

fn unknown(what: &str, word: Option<&str>) -> Stop {
    let message = match word {
        None => format!("The channel did not say who {what} it."),
        Some(word) => {
            format!("The channel says who {what} it with a word that Weir does not know: \"{word}\".")
        }
    };
    Stop::new(OutcomeKind::Waiting, ReasonCode::UnknownSeller, message)
}

/// Sold elsewhere, shipped by the channel: a request of ours moves stock with the order it belongs
/// to; one of somebody else is listed with its SKUs.
fn fulfilment_request(state: &State<'_>, order: &ChannelOrder) -> Stop {
    let number = order.request_number.as_deref().unwrap_or("without a number");
    if state.is_own_request {
        let stop = Stop::plain(OutcomeKind::Skipped, ReasonCode::OwnRequest);
        return stop.because("request_number", format!("It is request {number}, which Weir gave out."));
    }
    let units = |line: &ChannelLine| {
        let sku =
            line.sku.as_deref().map_or_else(|| "a line without a SKU".to_owned(), |sku| format!("\"{sku}\""));
        format!("{} × {sku}", rows::units(line))
    };
    let lines: Vec<String> = order.lines.iter().map(units).collect();
    let code = ReasonCode::McfNotOurs;
    let message = match lines.is_empty() {
        true => code.sentence().to_owned(),
        false => format!("{} It holds {}.", code.sentence(), words::list(&lines)),
    };
    Stop::new(OutcomeKind::Skipped, code, message)
        .because("request_number", format!("Its request {number} is none that Weir gave out."))
}

/// Only what has shipped whole. (SPEC KF-02)
fn not_shipped(order: &ChannelOrder) -> Option<Stop> {
    let waits = |state: &str| {
        let message = format!("The channel has not shipped all of it yet: it is {state}.");
        Some(Stop::new(OutcomeKind::Waiting, ReasonCode::NotShippedYet, message))
    };
    match &order.state {
        ChannelOrderState::Pending => waits("pending"),
        ChannelOrderState::Unshipped => waits("unshipped"),
        ChannelOrderState::PartiallyShipped => waits("partially shipped"),
        ChannelOrderState::Shipped => None,
        ChannelOrderState::Cancelled => Some(Stop::plain(OutcomeKind::Skipped, ReasonCode::Cancelled)),
        ChannelOrderState::Unfulfillable => {
            Some(Stop::plain(OutcomeKind::Skipped, ReasonCode::Unfulfillable))
        }
        ChannelOrderState::Unknown(word) => {
            let message = format!("The channel gave a state that Weir does not know: \"{word}\".");
            Some(Stop::new(OutcomeKind::Waiting, ReasonCode::UnknownState, message))
        }
    }
}

/// Neither older than the connection, nor larger than an order may be. (SPEC KF-01, G-05)
fn out_of_bounds(state: &State<'_>, order: &ChannelOrder, shipped_at: Option<Timestamp>) -> Option<Stop> {
    let shipped_at = shipped_at.unwrap_or(order.updated_at);
    if let Some(from) = state.connection.orders_from.filter(|from| shipped_at < *from) {
        let message =
            format!("It shipped at {shipped_at}; this connection imports what shipped since {from}.");
        return Some(Stop::new(OutcomeKind::Skipped, ReasonCode::ShippedBeforeActivation, message));
    }
    // The channel tells no ship date: an order that it touches long after is told by its promise.
    let promised = order.promised_by.zip(state.connection.orders_from);
    if let Some((promised_by, from)) =
        promised.filter(|(by, from)| by.saturating_add(LATE_AT_MOST).is_ok_and(|by| by < *from))
    {
        let message =
            format!("It was promised by {promised_by}; this connection imports what shipped since {from}.");
        return Some(Stop::new(OutcomeKind::Skipped, ReasonCode::ShippedBeforeActivation, message));
    }
    let lines = order.lines.len();
    if lines > ROWS_OF_AN_ORDER {
        let message = format!("It has {lines} rows; an order may have {ROWS_OF_AN_ORDER}.");
        return Some(Stop::new(OutcomeKind::Waiting, ReasonCode::OrderTooLarge, message));
    }
    None
}

/// Whether it can be booked now: a place, a variant for each row, an open period. (SPEC KF-05, KF-08, G-09)
fn ready<'a>(
    state: &State<'a>,
    order: &'a ChannelOrder,
    shipped_at: Option<Timestamp>,
) -> Result<Ready<'a>, Stop> {
    let shipped_at = shipped_at.unwrap_or(order.updated_at);
    let Some(location) = &state.connection.default_location else {
        return Err(Stop::plain(OutcomeKind::Waiting, ReasonCode::LocationMissing));
    };
    if let Some(odd) = rows::unbelievable(order) {
        return Err(Stop::new(OutcomeKind::Failed, ReasonCode::MalformedOrder, odd));
    }
    let rows::Drafts { rows: drafts, left_out } = rows::draft(order);
    if drafts.is_empty() {
        let message = "The channel says that it shipped, but no line has a shipped unit or an amount.";
        return Err(Stop::new(OutcomeKind::Failed, ReasonCode::MalformedOrder, message));
    }
    let rows = rows::matched_rows(drafts, state.variants).map_err(|missing| not_matched(&missing))?;
    match period_locked(state.organization, shipped_at) {
        Some(reason) => Err(Stop { kind: OutcomeKind::Waiting, reason, because: Vec::new() }
            .because("shipped_at", format!("It shipped at {shipped_at}."))),
        None => Ok(Ready { location, rows, left_out, shipped_at }),
    }
}

fn not_matched(missing: &rows::Missing<'_>) -> Stop {
    let skus = &missing.skus;
    let mut sentences = Vec::new();
    match skus.len() {
        0 => {}
        1 => sentences.push(format!("The SKU {} matches no variant.", words::quoted(skus.iter().copied()))),
        _ => sentences.push(format!("The SKUs {} match no variant.", words::quoted(skus.iter().copied()))),
    }
    match missing.lines_without_sku {
        0 => {}
        1 => sentences.push("1 line has no SKU.".to_owned()),
        lines => sentences.push(format!("{lines} lines have no SKU.")),
    }
    let mut stop = Stop::new(OutcomeKind::Waiting, ReasonCode::SkuNotMatched, sentences.join(" "));
    stop.because =
        skus.iter().map(|sku| Because::new("sku", format!("\"{sku}\" matches no variant."))).collect();
    stop
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
