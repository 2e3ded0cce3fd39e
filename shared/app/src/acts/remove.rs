//! Deleting an order, and bringing it back. A deleted order stays as its own tombstone: it never imports
//! again by itself. (SPEC G-09, KS-26, KS-32, OP-10)

use std::collections::BTreeSet;

use weir_channels::Channel;
use weir_domain::{
    decide::{self, Changes, RuleSet, persons},
    ids::{OrganizationId, SalesOrderId, SignalId},
    outcome::{Because, Observation, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::SalesOrder,
};

use super::Desk;
use crate::{
    adjust_stock::wrong_fields,
    hub::Hub,
    message::{Signal, SignalCause},
    people::{Refusal, TRIES},
    ports::{Commit, Expect, Key, Record, ledger::Parked},
};

/// Deletes an order: it stays as a tombstone, so that it never imports again by itself. What it held is
/// free; what has left stays booked: stock does not come back because an order is forgotten. Done again it
/// changes nothing.
///
/// # Errors
/// If there is none of that id, or it was created in the locked period. (SPEC G-09)
pub async fn delete(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesOrderId,
    actor: &str,
) -> Result<SalesOrder, Refusal> {
    for _ in 0..TRIES {
        let mut desk = super::read(hub, organization, id).await?;
        if desk.order.deleted_at.is_some() {
            return Ok(desk.order);
        }
        if let Some(reason) = decide::period_locked(&desk.organization, desk.order.ordered_at) {
            let message = format!("It cannot be deleted. {}", reason.message);
            return Err(Refusal::conflict(ReasonCode::PeriodLocked.as_str(), message));
        }
        let loaded = desk.stock(hub, desk.places(), &BTreeSet::new()).await?;
        let changes =
            persons::delete(&desk.order, &desk.organization, &desk.linked(), &loaded.stock, hub.now())
                .map_err(|error| wrong_fields(vec![error]))?;
        let has_left = desk.order.fulfillments.iter().any(|fulfillment| !fulfillment.rows.is_empty());
        let message = match has_left {
            true => "It was deleted in Weir. What has left stays booked: its stock does not come back.",
            false => "It was deleted in Weir.",
        };
        let because = vec![Because::new("deleted", format!("{actor} did it."))];
        let reason = Reason::plain(ReasonCode::DeletedInWeir);
        account(hub, &mut desk, Outcome { kind: OutcomeKind::Skipped, reason }, because);
        let line = super::line(hub, "deleted", message, actor);
        let after = changes.order.clone();
        if desk.commit(hub, changes, &loaded, line, Commit::default()).await? {
            return Ok(after.unwrap_or(desk.order));
        }
    }
    Err(Refusal::contended())
}

/// Brings a deleted order back on purpose: its open units are held again, and one that follows its channel
/// is looked at within a minute. Done again it changes nothing. (SPEC OP-10)
///
/// # Errors
/// If there is none of that id.
pub async fn restore(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesOrderId,
    actor: &str,
) -> Result<SalesOrder, Refusal> {
    for _ in 0..TRIES {
        let mut desk = super::read(hub, organization, id).await?;
        if desk.order.deleted_at.is_none() {
            return Ok(desk.order);
        }
        let before = desk.file.observation.as_ref().map(|(account, _)| account.outcome.reason.code);
        let was_called_off = before == Some(ReasonCode::DeletedWithChannel);
        let loaded = desk.stock(hub, desk.places(), &BTreeSet::new()).await?;
        let changes = restored(&desk, was_called_off, &loaded)?;
        let mut commit = Commit::default();
        if let Some(code) = stands(&desk.order) {
            if was_called_off || before == Some(ReasonCode::DeletedInWeir) {
                let because = vec![Because::new("restored", format!("{actor} did it."))];
                let reason = Reason::plain(code);
                account(hub, &mut desk, Outcome { kind: OutcomeKind::Imported, reason }, because);
            }
            if code == ReasonCode::OpenOrder {
                look(hub, &desk, &mut commit);
            }
        }
        let line = super::line(hub, "restored", "It was brought back in Weir.", actor);
        let after = changes.order.clone();
        if desk.commit(hub, changes, &loaded, line, commit).await? {
            return Ok(after.unwrap_or(desk.order));
        }
    }
    Err(Refusal::contended())
}

fn restored(desk: &Desk, was_called_off: bool, loaded: &super::Loaded) -> Result<Changes, Refusal> {
    persons::restore(&desk.order, was_called_off, &loaded.stock).map_err(|error| wrong_fields(vec![error]))
}

/// What stands of an order of a channel that is in: the channel shipped it, or the merchant will.
fn stands(order: &SalesOrder) -> Option<ReasonCode> {
    let channel: &Channel = weir_channels::find(&order.source.as_ref()?.channel)?;
    Some(match channel.rules {
        RuleSet::ShippedByChannel => ReasonCode::ShippedByChannel,
        RuleSet::ShippedByMerchant => ReasonCode::OpenOrder,
    })
}

/// The account of the order at its channel: the list of outcomes says at once what the next look would.
fn account(hub: &Hub, desk: &mut Desk, outcome: Outcome, because: Vec<Because>) {
    if let Some((observation, _)) = &mut desk.file.observation {
        *observation = Observation { outcome, because, observed_at: hub.now(), ..observation.clone() };
    }
}

/// What the channel changed while the order was deleted is looked at by the sweeper's next signal.
fn look(hub: &Hub, desk: &Desk, commit: &mut Commit) {
    let Some(source) = &desk.order.source else { return };
    let organization = &desk.organization.id;
    let known = desk.file.parked.as_ref();
    let signal = Signal {
        id: SignalId::from_token(&hub.ids.token()),
        organization: organization.clone(),
        connection: source.connection.clone(),
        channel_order_id: source.channel_order_id.clone(),
        snapshot_at: None,
        cause: SignalCause::Waiting,
        requested_by: None,
        at: hub.now(),
    };
    let tries = known.map_or(0, |(parked, _)| parked.tries);
    let due_at = hub.clock.scheduler_now();
    let parked = Parked { signal, part: None, reason: ReasonCode::DeletedInWeir, due_at, tries };
    let expect = known.map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
    commit.put(Key::Parked(organization.clone(), desk.order.id.clone()), Record::Parked(parked), expect);
}
