//! What would become of an order under other settings of its connection: it is read and decided upon as an
//! import does, and nothing is written. (SPEC OP-07)

use weir_channels::channel::Orders;
use weir_domain::{
    channel_order::ChannelOrder,
    connection::Connection,
    decide::{self, Decision},
    ids::{ChannelOrderId, OrganizationId, SignalId},
    outcome::{OutcomeKind, ReasonCode},
    sales_order::Booking,
};

use super::{Reading, made_for, read, state};
use crate::{
    call::{self, CallError},
    flow::FlowError,
    hub::Hub,
    message::{Signal, SignalCause},
};

/// What is decided, and what it does to the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What becomes of it.
    pub(crate) kind: OutcomeKind,
    /// Why.
    pub(crate) code: ReasonCode,
    /// Units that come to what is on hand; less than zero leave.
    pub(crate) on_hand: i64,
    /// Units that come to what is held.
    pub(crate) held: i64,
}

/// An order under the settings as they are, and as they would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreseen {
    /// The number that people see.
    pub(crate) order_no: String,
    /// As they are.
    pub(crate) now: Verdict,
    /// As they would be.
    pub(crate) then: Verdict,
}

/// What a preview finds out about one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Foresight {
    /// What becomes of it.
    Decided(Foreseen),
    /// Nothing: what the channel showed of it is not kept any more or cannot be read, or the channel does
    /// not know it any more.
    Unknown,
    /// The channel was asked and did not answer.
    Unanswered,
}

/// Decides upon an order under the settings of two connections; where nothing is kept of it, the channel is
/// asked, if it may be.
pub(crate) async fn foresee(
    hub: &Hub,
    organization: &OrganizationId,
    (now, then): (&Connection, &Connection),
    order: &ChannelOrderId,
    may_ask: bool,
) -> Result<Foresight, FlowError> {
    let signal = Signal {
        id: SignalId::from_token("preview"),
        organization: organization.clone(),
        connection: now.id.clone(),
        channel_order_id: order.clone(),
        snapshot_at: None,
        cause: SignalCause::Waiting,
        requested_by: None,
        at: hub.now(),
    };
    let mut reading = read(hub, &signal).await?;
    let orders = reading.channel.orders.ok_or_else(|| FlowError::new("the channel has no orders"))?;
    let order = match facts(hub, &reading, orders, may_ask).await {
        Ok(Some(order)) => order,
        Ok(None) => return Ok(Foresight::Unknown),
        Err(CallError::Own(cause)) => return Err(FlowError::new(cause)),
        // A channel in trouble, or whose rate is used up, leaves the order undecided, and that is said.
        Err(_) => return Ok(Foresight::Unanswered),
    };
    reading.connection = now.clone();
    let before = verdict(hub, &reading, &order).await?;
    reading.connection = then.clone();
    let after = verdict(hub, &reading, &order).await?;
    Ok(Foresight::Decided(Foreseen { order_no: order.order_no, now: before, then: after }))
}

/// The order as it was shown last: the kept snapshot, or what the channel says now.
async fn facts(
    hub: &Hub,
    reading: &Reading<'_>,
    orders: &'static dyn Orders,
    may_ask: bool,
) -> Result<Option<ChannelOrder>, CallError> {
    if let Some(kept) = &reading.file.snapshot {
        return Ok(orders.read(&kept.format, &kept.body).ok());
    }
    if !may_ask {
        return Ok(None);
    }
    let signal = reading.signal;
    let raw =
        call::look(hub, &signal.organization, &reading.connection, orders, &signal.channel_order_id).await?;
    Ok(raw.and_then(|raw| orders.read(&raw.format, &raw.body).ok()))
}

async fn verdict(hub: &Hub, reading: &Reading<'_>, order: &ChannelOrder) -> Result<Verdict, FlowError> {
    let loaded = state::load(hub, reading, order).await?;
    let returns: Vec<_> = reading.file.returns.iter().map(|(known, _)| known.clone()).collect();
    let state = decide::State {
        organization: &reading.organization,
        connection: &reading.connection,
        order: reading.file.order.as_ref().map(|(order, _)| order),
        observation: reading.file.observation.as_ref().map(|(observation, _)| observation),
        variants: &loaded.variants,
        stock: &loaded.stock,
        is_own_request: loaded.is_own_request,
        is_asked_for: false,
        manufacturing_orders: &made_for(reading),
        returns: &returns,
        customers: &loaded.customers,
    };
    let decision = decide::decide(reading.channel.rules, &state, order, hub.now());
    let (on_hand, held) = moved(&decision, &loaded);
    let outcome = &decision.outcome;
    Ok(Verdict { kind: outcome.kind, code: outcome.reason.code, on_hand, held })
}

/// What a decision does to the stock: to what is on hand, and to what is held.
fn moved(decision: &Decision, loaded: &state::Loaded) -> (i64, i64) {
    let known = |item: &weir_domain::stock::StockItem| {
        loaded.stock.items.get(&item.key).map_or((0, 0), |known| (known.on_hand, known.reserved))
    };
    let of_items = decision.changes.items.values().fold((0, 0), |(on_hand, held), item| {
        let (had, had_held) = known(item);
        (on_hand + item.on_hand - had, held + item.reserved - had_held)
    });
    // A big order's stock moves by its plan, later: what it holds when it comes in is all of it.
    let is_planned = |booking: &Booking| matches!(booking, Booking::Following { is_new: true, .. });
    let planned = decision.changes.order.as_ref().filter(|order| is_planned(&order.booking));
    let units: i64 = planned.map_or(0, |order| order.rows.iter().map(|row| row.quantity).sum());
    (of_items.0, of_items.1 + units)
}
