//! Which orders of a shop import. What cannot change any more is looked at first and skipped; what can
//! still change by itself waits. (SPEC KS-01 to KS-07)

use super::{
    super::{State, fba, verdict::Stop, words},
    is_made, lines, variants,
};
use crate::{
    channel_order::{
        ChannelOrder,
        shop::{FulfillmentOrderState, PaymentState, Stage},
    },
    limits::{ROWS_OF_AN_ORDER, UNITS_OF_A_ROW},
    outcome::{OutcomeKind::*, ReasonCode},
};

/// Why an order that was never seen before does not import, if anything stands against it.
pub(super) fn stands_against(state: &State<'_>, order: &ChannelOrder, is_asked_for: bool) -> Option<Stop> {
    no_order(order)
        .or_else(|| stage(order))
        .or_else(|| paid_back(order))
        .or_else(|| over(order))
        .or_else(|| too_old(state, order, is_asked_for))
        .or_else(|| unbelievable(order))
        .or_else(|| unpaid(state, order))
        .or_else(|| held(order))
        .or_else(|| out_of_bounds(state, order))
        .or_else(|| custom_items(state, order))
}

/// SPEC: KS-01, KS-05
fn no_order(order: &ChannelOrder) -> Option<Stop> {
    if order.shop.is_draft {
        return Some(Stop::plain(Skipped, ReasonCode::Draft));
    }
    let cancelled_at = order.shop.cancelled_at?;
    let stop = Stop::plain(Skipped, ReasonCode::Cancelled);
    Some(stop.because("cancelled_at", format!("It was cancelled at {cancelled_at}.")))
}

/// What an order's one status stands for. A checkout that was not finished mostly never is, and nobody has
/// to attend to it; what somebody is still to decide at the shop waits. (SPEC KB-03)
fn stage(order: &ChannelOrder) -> Option<Stop> {
    let (kind, code) = match order.shop.stage {
        Stage::NotTold | Stage::Open | Stage::Shipped | Stage::Completed { .. } => return None,
        Stage::Incomplete => (Skipped, ReasonCode::IncompleteCheckout),
        Stage::Pending => (Skipped, ReasonCode::PendingCheckout),
        Stage::Declined => (Skipped, ReasonCode::Declined),
        Stage::ManualVerification => (Waiting, ReasonCode::ManualVerification),
        Stage::Disputed => (Waiting, ReasonCode::Disputed),
    };
    Some(Stop::plain(kind, code))
}

/// A line that was typed in waits for somebody who knows it, where no product is made of it. (SPEC KB-06)
fn custom_items(state: &State<'_>, order: &ChannelOrder) -> Option<Stop> {
    let wishes = lines::wishes(state.connection, order);
    let waiting = wishes.iter().filter(|wish| wish.standing > 0 && variants::is_unwanted(state, wish));
    let named: Vec<String> = waiting.map(|wish| variants::sku_text(state.connection, wish)).collect();
    let (first, more) = (named.first()?, named.len() - 1);
    let others = if more == 0 { String::new() } else { format!(" and {}", words::count(more, "other")) };
    let message = format!(
        "\"{first}\"{others} was typed in at the channel, and this connection makes no products of custom items."
    );
    Some(Stop::new(Waiting, ReasonCode::CustomItem, message))
}

/// SPEC: KS-02, KS-05
fn paid_back(order: &ChannelOrder) -> Option<Stop> {
    match &order.shop.payment {
        Some(PaymentState::Refunded) => Some(Stop::plain(Skipped, ReasonCode::FullyRefunded)),
        Some(PaymentState::Voided) => Some(Stop::plain(Skipped, ReasonCode::PaymentVoided)),
        Some(PaymentState::Expired) => Some(Stop::plain(Skipped, ReasonCode::PaymentExpired)),
        Some(
            PaymentState::Paid
            | PaymentState::PartiallyRefunded
            | PaymentState::Pending
            | PaymentState::Authorized
            | PaymentState::PartiallyPaid
            | PaymentState::Unknown(_),
        )
        | None => None,
    }
}

/// Archived, fulfilled whole, or nothing left of it. (SPEC KS-01, KS-03, KS-05)
fn over(order: &ChannelOrder) -> Option<Stop> {
    if let Some(archived_at) = order.shop.archived_at {
        let stop = Stop::plain(Skipped, ReasonCode::Archived);
        return Some(stop.because("archived_at", format!("It was archived at {archived_at}.")));
    }
    let standing: i64 = order.lines.iter().map(|line| line.quantity.max(0)).sum();
    let open: i64 = order.lines.iter().map(|line| lines::still_open(order, line)).sum();
    let is_fulfilled = order.lines.iter().any(|line| lines::fulfilled(order, line) > 0);
    if open == 0 && is_fulfilled {
        let made = order.shop.fulfillments.iter().filter(|fulfillment| is_made(&fulfillment.state)).count();
        let stop = Stop::plain(Skipped, ReasonCode::AlreadyFulfilled);
        let found = format!("The channel shows {}.", words::count(made, "fulfillment"));
        return Some(stop.because("fulfillments", found));
    }
    (standing == 0).then(|| Stop::plain(Skipped, ReasonCode::NothingLeft))
}

/// SPEC: KS-04 (a person who asks for it by its number gets it)
fn too_old(state: &State<'_>, order: &ChannelOrder, is_asked_for: bool) -> Option<Stop> {
    let from = state.connection.orders_from.filter(|from| order.created_at < *from)?;
    if is_asked_for {
        return None;
    }
    let message = format!(
        "It was made at {}; this connection imports what was made since {from} by itself.",
        order.created_at
    );
    Some(Stop::new(Skipped, ReasonCode::CreatedBeforeActivation, message))
}

/// Numbers that only a broken sender sends.
fn unbelievable(order: &ChannelOrder) -> Option<Stop> {
    lines::unbelievable(order).map(|message| Stop::new(Failed, ReasonCode::MalformedOrder, message))
}

/// SPEC: KS-02, KS-06, KS-11
fn unpaid(state: &State<'_>, order: &ChannelOrder) -> Option<Stop> {
    let pending = match &order.shop.payment {
        Some(PaymentState::Paid | PaymentState::PartiallyRefunded) => return None,
        Some(PaymentState::Pending) => "pending",
        Some(PaymentState::Authorized) => "authorized and not captured",
        Some(PaymentState::PartiallyPaid) => "made in part",
        Some(PaymentState::Unknown(word)) => {
            let message = format!("The channel gave a payment state that Weir does not know: \"{word}\".");
            return Some(Stop::new(Waiting, ReasonCode::UnknownState, message));
        }
        None => {
            let message = "The channel did not say whether it is paid.";
            return Some(Stop::new(Waiting, ReasonCode::UnknownState, message));
        }
        Some(PaymentState::Refunded | PaymentState::Voided | PaymentState::Expired) => {
            return paid_back(order);
        }
    };
    if state.connection.settings.shop.payment_pending_orders {
        return None;
    }
    let message = format!("Its payment is {pending}, and this connection imports paid orders only.");
    Some(Stop::new(Waiting, ReasonCode::PaymentPending, message))
}

/// One held fulfillment order holds the whole order; a scheduled one is no hold. (SPEC KS-05, KS-06)
fn held(order: &ChannelOrder) -> Option<Stop> {
    let held = order.shop.fulfillment_orders.iter().filter(|part| {
        part.state == FulfillmentOrderState::OnHold || (!part.holds.is_empty() && !part.state.is_over())
    });
    let held: Vec<_> = held.collect();
    if held.is_empty() {
        return None;
    }
    let mut reasons: Vec<&str> =
        held.iter().flat_map(|part| &part.holds).map(|hold| hold.reason.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let code = ReasonCode::FulfillmentOnHold;
    let message = match reasons.is_empty() {
        true => code.sentence().to_owned(),
        false => format!("Its fulfillment is on hold: {}.", words::quoted(reasons)),
    };
    let parts = format!(
        "{} of {} held.",
        words::count(held.len(), "fulfillment order"),
        order.shop.fulfillment_orders.len()
    );
    Some(Stop::new(Waiting, code, message).because("fulfillment_orders", parts))
}

/// SPEC: G-05, KS-50
fn out_of_bounds(state: &State<'_>, order: &ChannelOrder) -> Option<Stop> {
    let rows = order.lines.len();
    if rows > ROWS_OF_AN_ORDER {
        let message = format!("It has {rows} rows; an order may have {ROWS_OF_AN_ORDER}.");
        return Some(Stop::new(Waiting, ReasonCode::OrderTooLarge, message));
    }
    let wishes = lines::wishes(state.connection, order);
    let homeless = wishes.iter().find(|wish| wish.standing > 0 && wish.location.is_none())?;
    let code = ReasonCode::LocationMissing;
    let message = match &homeless.channel_location {
        Some(place) => {
            format!(
                "The channel's location {place} is mapped to none here, and there is no default location."
            )
        }
        None => code.sentence().to_owned(),
    };
    Some(Stop::new(Waiting, code, message))
}

/// Kept beside the shared check: a shop tells more numbers than a channel that ships by itself.
pub(super) fn odd_units(order: &ChannelOrder) -> Option<String> {
    let too_many = |units: i64| units.abs() > UNITS_OF_A_ROW;
    let odd = "Units of it cannot be true.";
    let of_lines = order.lines.iter().flat_map(|line| {
        [Some(line.quantity), line.shipped_quantity, line.shop.open_quantity].into_iter().flatten()
    });
    let of_fulfillments =
        order.shop.fulfillments.iter().flat_map(|made| &made.lines).map(|part| part.quantity);
    let of_returns = order.shop.returns.iter().flat_map(|made| &made.lines).map(|part| part.quantity);
    let mut units = of_lines.chain(of_fulfillments).chain(of_returns);
    units.any(too_many).then(|| odd.to_owned()).or_else(|| fba::rows::unbelievable(order))
}
