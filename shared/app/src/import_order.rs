//! The one importer: it takes a signal, looks at the order as it is now, decides by the rules, and
//! commits once. Polls, notifications, people, replays and sweeps all end here. (SPEC G-01)

mod booking;
mod bugs;
mod commit;
mod foresee;
mod made;
mod park;
mod state;

use weir_channels::{Channel, channel::RawOrder};
use weir_domain::{
    Timestamp,
    channel_order::ChannelOrder,
    connection::{Connection, ConnectionStatus},
    decide::{self, unread},
    manufacturing_order::ManufacturingOrder,
    organization::Organization,
    outcome::{OutcomeKind, Reason, ReasonCode},
    sales_order::Booking,
};

use crate::{
    call::{self, CallError},
    connections,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Message, Signal, SignalCause},
    planted::{self, Bug},
    ports::{CommitError, Key, OrderFile, Record, ledger::Snapshot},
    push::{self, Pushed},
    recheck, told,
};

pub(crate) use commit::{snapshot_of, write_stock};
pub(crate) use foresee::{Foreseen, Foresight, foresee};
pub(crate) use park::after;
pub(crate) use state::{Loaded, read_stock};

/// How often an order is read and decided again when others write the same records.
const TRIES: u32 = 5;

/// How a message ended, for the log's one line about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The order has this outcome now.
    Decided(OutcomeKind, ReasonCode),
    /// It waits for its time.
    Parked(ReasonCode),
    /// What a channel delivered besides orders is dealt with.
    Told,
    /// A fulfillment was brought to its shop.
    Pushed(Pushed),
    /// A recheck signalled so many orders.
    Rechecked(usize),
}

/// Handles one message of an import queue. When it answers well, all it caused is stored.
///
/// # Errors
/// Something unexpected; the message returns to its queue.
pub async fn handle(hub: &Hub, message: &Message) -> Result<Ended, FlowError> {
    match message {
        Message::Look(signal) => import(hub, signal).await,
        Message::Told(told) => match told::handle(hub, told).await? {
            told::Outcome::Look(signal) => import(hub, &signal).await,
            told::Outcome::Parked(code) => Ok(Ended::Parked(code)),
            told::Outcome::Done => Ok(Ended::Told),
        },
        // Pushes have a queue of their own; this is one that was sent before they had.
        Message::Push(push) => push::push(hub, push).await.map(Ended::Pushed),
        Message::Recheck(recheck) => recheck::recheck(hub, recheck).await.map(Ended::Rechecked),
    }
}

/// One reading of all that a signal is about.
struct Reading<'a> {
    signal: &'a Signal,
    organization: Organization,
    organization_version: u64,
    connection: Connection,
    connection_version: u64,
    channel: &'static Channel,
    file: OrderFile,
}

async fn import(hub: &Hub, signal: &Signal) -> Result<Ended, FlowError> {
    // What the channel answered to this signal is asked for once, however often it is decided upon.
    let mut asked = None;
    for _ in 0..TRIES {
        let reading = read(hub, signal).await?;
        match attempt(hub, &reading, &mut asked).await {
            Err(Stop::Again) => {}
            Err(Stop::Error(error)) => return Err(error),
            Ok(ended) => return Ok(ended),
        }
    }
    let reading = read(hub, signal).await?;
    park::park(hub, &reading, Reason::plain(ReasonCode::Contended), None).await
}

/// Carries out what is left of an order's plan, as an import does that meets one: also one that a person's
/// act has stored. An order that is booked is left alone. (SPEC G-05)
pub(crate) async fn carry_out(hub: &Hub, signal: &Signal) -> Result<(), FlowError> {
    for _ in 0..TRIES {
        let reading = read(hub, signal).await?;
        let Some((order, version)) = &reading.file.order else { return Ok(()) };
        if order.booking == Booking::Complete {
            return Ok(());
        }
        match booking::resume(hub, &reading, order, *version).await {
            Err(Stop::Again) | Ok(_) => {}
            Err(Stop::Error(error)) => return Err(error),
        }
    }
    Err(FlowError::new("others were writing the order all the time"))
}

/// Why an attempt did not end.
enum Stop {
    /// What is stored is not what was read any more: read and decide again.
    Again,
    /// Something unexpected.
    Error(FlowError),
}

impl<E: Into<FlowError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// A conflict is decided again; an unknown outcome too, on what is stored by then.
fn stop(error: CommitError) -> Stop {
    match error {
        CommitError::Conflict => Stop::Again,
        CommitError::Unknown(_) | CommitError::Trouble(_) | CommitError::TooLarge(_) => {
            Stop::Error(error.into())
        }
    }
}

async fn read<'a>(hub: &Hub, signal: &'a Signal) -> Result<Reading<'a>, FlowError> {
    let organization_key = Key::Organization(signal.organization.clone());
    let connection_key = Key::Connection(signal.organization.clone(), signal.connection.clone());
    let mut found = hub.get(Site::ImportRead, &[organization_key.clone(), connection_key.clone()]).await?;
    let stored = found.remove(&organization_key).map(|stored| (stored.record, stored.version));
    let Some((Record::Organization(organization), organization_version)) = stored else {
        return Err(FlowError::missing("organization", &signal.organization, &signal.organization));
    };
    let stored = found.remove(&connection_key).map(|stored| (stored.record, stored.version));
    let Some((Record::Connection(connection), connection_version)) = stored else {
        return Err(FlowError::missing("connection", &signal.connection, &signal.organization));
    };
    let channel = call::channel(&connection).map_err(|error| FlowError::new(error.to_string()))?;
    let file = hub.read_order(Site::ImportRead, &signal.organization, &signal.order()).await?;
    Ok(Reading { signal, organization, organization_version, connection, connection_version, channel, file })
}

async fn attempt(hub: &Hub, reading: &Reading<'_>, asked: &mut Option<Snapshot>) -> Result<Ended, Stop> {
    // What has left is booked to its end, whatever became of the connection since.
    if let Some((order, version)) = &reading.file.order
        && order.booking != Booking::Complete
    {
        return booking::resume(hub, reading, order, *version).await;
    }
    if let Some(reason) = at_rest(&reading.connection) {
        return Ok(park::park(hub, reading, reason, Some(at_once(hub))).await?);
    }
    let snapshot = match asked.take() {
        Some(snapshot) => snapshot,
        None => match snapshot(hub, reading).await? {
            Some(Look::Have(snapshot)) => snapshot,
            Some(Look::Parked(ended)) => return Ok(ended),
            None => return not_fetched(hub, reading).await,
        },
    };
    let snapshot = asked.insert(snapshot);
    let orders = reading.channel.orders.ok_or_else(|| FlowError::new("the channel has no orders"))?;
    match orders.read(&snapshot.format, &snapshot.body) {
        Ok(order) => decide(hub, reading, snapshot, &order).await,
        Err(malformed) => {
            let why = malformed.message.to_string();
            let decision = unread::unreadable(&known(reading), snapshot.updated_at, &why);
            commit::commit(
                hub,
                reading,
                commit::Seen::unreadable(snapshot),
                &decision,
                &state::Loaded::default(),
            )
            .await
        }
    }
}

/// Why a connection's orders wait, if it is not at work.
pub(crate) fn at_rest(connection: &Connection) -> Option<Reason> {
    match &connection.status {
        ConnectionStatus::Active => None,
        ConnectionStatus::Inactive => Some(Reason::plain(ReasonCode::ConnectionInactive)),
        ConnectionStatus::NeedsAttention(reason) => Some(reason.clone()),
    }
}

/// What waits for its connection is due at once: the sweeper takes only what belongs to one at work.
pub(crate) fn at_once(hub: &Hub) -> Timestamp {
    hub.clock.scheduler_now()
}

/// How a look for the order's state ended.
enum Look {
    Have(Snapshot),
    Parked(Ended),
}

/// The order as it is now: the kept snapshot if the signal says that it will do, else the channel is
/// asked. `None`: the channel does not know the order.
async fn snapshot(hub: &Hub, reading: &Reading<'_>) -> Result<Option<Look>, Stop> {
    let kept = reading.file.snapshot.as_ref();
    if let Some(kept) = kept.filter(|kept| reading.signal.snapshot_at.is_some_and(|at| kept.updated_at >= at))
    {
        return Ok(Some(Look::Have(kept.clone())));
    }
    if let Some(trusted) = bugs::trusted(reading) {
        return Ok(Some(Look::Have(trusted.clone())));
    }
    let Reading { signal, connection, channel, .. } = reading;
    let orders = channel.orders.ok_or_else(|| FlowError::new("the channel has no orders"))?;
    match call::look(hub, &signal.organization, connection, orders, &signal.channel_order_id).await {
        Ok(Some(order)) if order.channel_order_id != signal.channel_order_id => {
            let error = CallError::Trouble("the answer is about another order than was asked for".to_owned());
            Ok(Some(Look::Parked(wait_for_channel(hub, reading, &error).await?)))
        }
        Ok(Some(order)) => Ok(Some(Look::Have(keep(hub, reading, order).await?))),
        Ok(None) => Ok(None),
        Err(CallError::Channel(weir_channels::ChannelError::Refused(_))) => Ok(None),
        Err(error) => Ok(Some(Look::Parked(wait_for_channel(hub, reading, &error).await?))),
    }
}

/// Keeps what the channel answered: what waits is decided again without asking, and what cannot be
/// read can be looked into.
async fn keep(hub: &Hub, reading: &Reading<'_>, order: RawOrder) -> Result<Snapshot, FlowError> {
    let signal = reading.signal;
    let known = reading.file.observation.as_ref().map(|(observation, _)| observation);
    let snapshot = snapshot_of(order, known, hub.now());
    hub.keep_snapshot(Site::ImportKeep, &signal.organization, &signal.order(), &snapshot).await?;
    Ok(snapshot)
}

/// The channel did not answer with the order: the signal waits, and if the credentials are the
/// matter the connection says so, once. (SPEC G-11, G-12)
async fn wait_for_channel(hub: &Hub, reading: &Reading<'_>, error: &CallError) -> Result<Ended, FlowError> {
    let code = error.reason();
    let reason = Reason::new(code, format!("{} ({error})", code.sentence()));
    if let CallError::Own(cause) = error {
        let signal = reading.signal;
        tracing::error!(connection = %signal.connection, order = %signal.channel_order_id, cause, "an order waits");
    }
    if error.needs_attention() {
        let organization = &reading.signal.organization;
        let connection = (&reading.connection, reading.connection_version);
        connections::needs_attention(hub, organization, connection, code, &error.to_string()).await?;
    }
    let due_at = match error {
        CallError::OutOfTokens { due_at } => Some(*due_at),
        CallError::Channel(_) | CallError::Trouble(_) | CallError::Own(_) => {
            error.needs_attention().then(|| at_once(hub))
        }
    };
    park::park(hub, reading, reason, due_at).await
}

/// The channel does not know the order.
async fn not_fetched(hub: &Hub, reading: &Reading<'_>) -> Result<Ended, Stop> {
    let decision = unread::not_found(&known(reading));
    commit::commit(hub, reading, commit::Seen::nothing(), &decision, &state::Loaded::default()).await
}

/// What is known of an order that could not be read.
fn known<'a>(reading: &'a Reading<'_>) -> unread::Known<'a> {
    let observation = reading.file.observation.as_ref().map(|(observation, _)| observation);
    let id = reading.signal.channel_order_id.as_str();
    unread::Known {
        connection: &reading.connection.id,
        order_no: observation.map_or(id, |observation| observation.order_no.as_str()),
        order: reading.file.order.as_ref().map(|(order, _)| order),
        observation,
    }
}

async fn decide(
    hub: &Hub,
    reading: &Reading<'_>,
    snapshot: &Snapshot,
    order: &ChannelOrder,
) -> Result<Ended, Stop> {
    let loaded = state::load(hub, reading, order).await?;
    let known = reading.file.order.as_ref().map(|(order, _)| order);
    let forgets = planted::is(Bug::NoTombstone) && known.is_some_and(|order| order.deleted_at.is_some());
    let stale = planted::is(Bug::StaleOverwrite);
    let observation = reading.file.observation.as_ref().map(|(observation, _)| observation);
    let order = &bugs::order(reading, order, &loaded, hub.now());
    let known = known.filter(|_| !forgets).map(bugs::known);
    let state = decide::State {
        organization: &reading.organization,
        connection: &reading.connection,
        order: known.as_deref(),
        observation: observation.filter(|_| !forgets && !stale),
        variants: &loaded.variants,
        stock: &loaded.stock,
        is_own_request: loaded.is_own_request,
        is_asked_for: is_asked_for(reading),
        manufacturing_orders: &made_for(reading),
        returns: &reading.file.returns.iter().map(|(known, _)| known.clone()).collect::<Vec<_>>(),
        customers: &loaded.customers,
    };
    let mut decision = decide::decide(reading.channel.rules, &state, order, hub.now());
    bugs::changes(&mut decision.changes, order);
    let seen = commit::Seen::order(snapshot, order);
    made::before(hub, reading, &decision.changes).await?;
    match decision.changes.order.as_ref().map(|order| &order.booking) {
        None | Some(Booking::Complete) => {}
        Some(Booking::Committing { .. } | Booking::Following { .. }) => {
            return booking::begin(hub, reading, seen, &decision, &loaded).await;
        }
    }
    commit::commit(hub, reading, seen, &decision, &loaded).await
}

/// Whether a person asked for it: by this signal, or by one that waits and that this one ends.
fn is_asked_for(reading: &Reading<'_>) -> bool {
    let parked = reading.file.parked.as_ref().map(|(parked, _)| parked.signal.cause);
    [Some(reading.signal.cause), parked].contains(&Some(SignalCause::Manual))
}

/// The manufacturing orders that are linked to the order's rows.
fn made_for(reading: &Reading<'_>) -> Vec<ManufacturingOrder> {
    let linked = reading.file.manufacturing_orders.iter().filter(|(made, _)| made.row.is_some());
    linked.map(|(made, _)| made.clone()).collect()
}
