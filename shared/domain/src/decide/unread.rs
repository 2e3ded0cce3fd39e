//! The rules for an order of which there is nothing to read: its state is no order, or its channel
//! does not know it.

use jiff::Timestamp;

use super::{Changes, Decision, announce};
use crate::{
    ids::ConnectionId,
    outcome::{Because, Observation, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::SalesOrder,
};

/// What is known of an order that could not be read.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The connection that showed it.
    pub connection: &'a ConnectionId,
    /// What people call it.
    pub order_no: &'a str,
    /// Its sales order, if it has one.
    pub order: Option<&'a SalesOrder>,
    /// The account of it so far.
    pub observation: Option<&'a Observation>,
}

/// Decides upon a state, of `updated_at`, that cannot be read. An older one says nothing, as with any
/// order. (SPEC G-02, G-03)
#[must_use]
pub fn unreadable(known: &Known<'_>, updated_at: Timestamp, why: &str) -> Decision {
    if let Some(newest) = newest(known.observation, known.order).filter(|newest| updated_at < *newest) {
        let because = older(updated_at, newest);
        return decision(OutcomeKind::Unchanged, Reason::plain(ReasonCode::OlderThanKnown), because);
    }
    let message = format!("What the channel sent cannot be read: {why}.");
    failed(known, Reason::new(ReasonCode::MalformedOrder, message), Because::new("unreadable", why))
}

/// Decides upon an order that its channel does not know.
#[must_use]
pub fn not_found(known: &Known<'_>) -> Decision {
    let asked = "The channel was asked for the order and does not know it.";
    failed(known, Reason::plain(ReasonCode::OrderNotFound), Because::new("not_found", asked))
}

/// The newest state of the order that was decided upon.
pub(super) fn newest(observation: Option<&Observation>, order: Option<&SalesOrder>) -> Option<Timestamp> {
    let observed = observation.and_then(|observation| observation.channel_updated_at);
    observed.max(order.and_then(|order| order.channel_updated_at))
}

/// Why a state of `updated_at` changes nothing.
pub(super) fn older(updated_at: Timestamp, newest: Timestamp) -> Because {
    let times = format!("This state is of {updated_at}, the known one of {newest}.");
    Because::new("channel_updated_at", times)
}

/// It did not come in; what is in already stays as it is, and its outcome too.
fn failed(known: &Known<'_>, reason: Reason, because: Because) -> Decision {
    if known.order.is_some() {
        return decision(OutcomeKind::Unchanged, reason, because);
    }
    let mut decision = decision(OutcomeKind::Failed, reason, because);
    decision.is_asked_for = known.observation.is_some_and(|observation| observation.is_asked_for);
    decision.changes.effects.extend(announce(
        known.connection,
        known.order_no,
        known.observation,
        &decision.outcome,
    ));
    decision
}

fn decision(kind: OutcomeKind, reason: Reason, because: Because) -> Decision {
    let outcome = Outcome { kind, reason };
    Decision {
        outcome,
        because: vec![because],
        shipped_at: None,
        is_asked_for: false,
        changes: Changes::default(),
    }
}
