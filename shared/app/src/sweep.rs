//! The level-triggered twin of all that events drive: it takes no input, reads what lies about, and
//! puts right whatever is not as it should be. Run twice it changes nothing more.

use jiff::SignedDuration;
use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{ChannelOrderId, OrganizationId, SignalId},
    outcome::{OutcomeKind, ReasonCode},
};

use crate::{
    call, connections, dispatch,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Signal, SignalCause},
    people::Refusal,
    planted::{self, Bug},
    poll,
    ports::{
        Commit, CommitError, Expect, Index, Key, OutgoingMessage, QueueName, Record, Stored,
        ledger::{OUTBOX_SHARDS, Parked},
    },
    recheck::outgoing,
    runs, told,
};

/// An outgoing item of this age was not dispatched by the stream.
const OVERDUE: SignedDuration = SignedDuration::from_mins(2);

/// How long a signal for a parked order may take before another one is sent.
const SIGNAL_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// How long a waiting order is left before its cause is looked at without anything having told so.
const RECHECK_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Items of one list that one sweep takes: the next one takes more.
const ITEMS_A_SWEEP: usize = 200;

/// Pages of waiting orders that one sweep reads: 10,000 orders.
const PAGES_A_SWEEP: usize = 50;

/// What a sweep found and put right, for the log's one line about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Outgoing items that the stream had not dispatched.
    pub dispatched: usize,
    /// Orders that were signalled again.
    pub signalled: usize,
    /// Organizations that could not be swept this time.
    pub errors: usize,
}

/// Sweeps all organizations.
///
/// # Errors
/// If not even they can be listed. One that cannot be swept does not keep the others from it.
pub async fn sweep(hub: &Hub) -> Result<Swept, FlowError> {
    let mut swept = Swept::default();
    if planted::is(Bug::NoSweeper) {
        return Ok(swept);
    }
    for organization in poll::organizations(hub, Site::SweepRead).await? {
        if let Err(error) = organization_swept(hub, &organization, &mut swept).await {
            tracing::error!(organization = %organization, %error, "an organization could not be swept");
            swept.errors += 1;
        }
    }
    Ok(swept)
}

async fn organization_swept(
    hub: &Hub,
    organization: &OrganizationId,
    swept: &mut Swept,
) -> Result<(), FlowError> {
    swept.dispatched += overdue_outgoing(hub, organization).await?;
    let connections: Vec<Connection> = poll::connections(hub, Site::SweepRead, organization)
        .await?
        .into_iter()
        .map(|(connection, _)| connection)
        .collect();
    for connection in connections.iter().filter(|connection| connection.is_active()) {
        swept.signalled += due(hub, organization, connection).await?;
    }
    for connection in connections.iter().filter(|connection| is_its_minute(hub, connection)) {
        // Another connection's turn is not missed for it; it is noted on the connection itself.
        if let Err(error) = connections::keep_subscribed(hub, organization, connection).await {
            tracing::error!(connection = %connection.id, %error, "its webhooks could not be looked at");
            swept.errors += 1;
        }
    }
    swept.errors += reconciled(hub, organization, &connections).await?;
    swept.signalled += half_booked(hub, organization, &connections).await?;
    swept.signalled += long_waiting(hub, organization, &connections).await?;
    Ok(())
}

/// Whether it is the minute of the hour in which a connection's webhooks are looked at: each has its
/// own, so that not all of them call at once. (SPEC OP-08)
fn is_its_minute(hub: &Hub, connection: &Connection) -> bool {
    let own = connections::own_place(connection, 60);
    hub.clock.scheduler_now().as_second().div_euclid(60).rem_euclid(60) == own
}

/// Has each web shop at work reconcile in its night: what its webhooks and the search missed comes in.
/// Returns how many could not be asked to. (SPEC OP-04)
async fn reconciled(
    hub: &Hub,
    organization: &OrganizationId,
    connections: &[Connection],
) -> Result<usize, FlowError> {
    let hears_by_webhooks = |connection: &&Connection| {
        connection.is_active() && call::channel(connection).is_ok_and(|channel| channel.webhooks.is_some())
    };
    let mut shops = connections.iter().filter(hears_by_webhooks).peekable();
    if shops.peek().is_none() {
        return Ok(0);
    }
    let key = Key::Organization(organization.clone());
    let found = hub.get(Site::SweepRead, std::slice::from_ref(&key)).await?.remove(&key);
    let Some(Record::Organization(merchant)) = found.map(|stored| stored.record) else { return Ok(0) };
    let zone = merchant.time_zone.zone();
    let mut errors = 0;
    for connection in shops {
        match runs::nightly(hub, organization, &zone, connection).await {
            // Somebody changes the connection just now: the next minute tries again.
            Ok(_) | Err(Refusal::Conflict { .. }) => {}
            Err(error) => {
                tracing::error!(connection = %connection.id, %error, "its nightly run could not be asked for");
                errors += 1;
            }
        }
    }
    Ok(errors)
}

/// Dispatches what the stream has not.
async fn overdue_outgoing(hub: &Hub, organization: &OrganizationId) -> Result<usize, FlowError> {
    let now = hub.clock.scheduler_now();
    let mut dispatched = 0;
    for shard in 0..OUTBOX_SHARDS {
        let page = hub
            .list(Site::SweepRead, &Index::Outbox(organization.clone(), shard), None, ITEMS_A_SWEEP)
            .await?;
        let overdue: Vec<_> = page
            .records
            .into_iter()
            .filter_map(|(key, stored)| match (&key, stored.record) {
                (Key::Outbox(_, outbox), Record::Outbox(effect))
                    if now.duration_since(outbox.at) >= OVERDUE =>
                {
                    Some((key, effect))
                }
                _ => None,
            })
            .collect();
        dispatch::dispatch(hub, &overdue).await?;
        dispatched += overdue.len();
    }
    Ok(dispatched)
}

/// Signals what was parked until now. It stays parked until an import ends; its time moves on so
/// that it is not signalled again at once.
async fn due(hub: &Hub, organization: &OrganizationId, connection: &Connection) -> Result<usize, FlowError> {
    let now = hub.clock.scheduler_now();
    let index = Index::Parked(organization.clone(), connection.id.clone());
    let page = hub.list(Site::SweepRead, &index, None, ITEMS_A_SWEEP).await?;
    let mut signalled = 0;
    for (key, Stored { record, version }) in page.records {
        let Record::Parked(parked) = record else { continue };
        if parked.due_at > now {
            break;
        }
        let queue = QueueName::Import(connection.channel.clone());
        hub.send(Site::SweepSignal, &queue, &[again(&parked)]).await?;
        signalled += 1;
        let due_at = now.saturating_add(SIGNAL_AGAIN).unwrap_or(now);
        let later = Parked { due_at, ..parked };
        let mut commit = Commit::default();
        commit.put(key, Record::Parked(later), Expect::Version(version));
        match hub.commit(Site::ImportPark, &commit).await {
            // An import that was quicker has ended it.
            Ok(()) | Err(CommitError::Conflict) => {}
            Err(error @ (CommitError::Unknown(_) | CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
                return Err(error.into());
            }
        }
    }
    Ok(signalled)
}

/// What was parked, as a message.
fn again(parked: &Parked) -> OutgoingMessage {
    let signal = Signal { cause: SignalCause::Sweep, ..parked.signal.clone() };
    match &parked.part {
        None => outgoing(&signal),
        Some(part) => told::part_again(&signal, part),
    }
}

/// Signals big orders whose booking was left in the middle, also of connections at rest: what has left
/// is booked to its end. (SPEC G-05)
async fn half_booked(
    hub: &Hub,
    organization: &OrganizationId,
    connections: &[Connection],
) -> Result<usize, FlowError> {
    let page =
        hub.list(Site::SweepRead, &Index::Committing(organization.clone()), None, ITEMS_A_SWEEP).await?;
    let mut signalled = 0;
    for (_, Stored { record, .. }) in page.records {
        let Record::Order(order) = record else { continue };
        let is_left = hub.now().duration_since(order.created_at) >= OVERDUE;
        let Some(source) = order.source.filter(|_| is_left) else { continue };
        if let Some(connection) = connections.iter().find(|connection| connection.id == source.connection) {
            signal(hub, organization, connection, &source.channel_order_id, order.channel_updated_at).await?;
            signalled += 1;
        }
    }
    Ok(signalled)
}

/// Signals what waits for something that a person does, in case its going away was not told. What
/// belongs to a connection at rest waits with it.
async fn long_waiting(
    hub: &Hub,
    organization: &OrganizationId,
    connections: &[Connection],
) -> Result<usize, FlowError> {
    let index = Index::Observations(organization.clone(), OutcomeKind::Waiting);
    let mut signalled = 0;
    let mut after: Option<String> = None;
    for _ in 0..PAGES_A_SWEEP {
        let page = hub.list(Site::SweepRead, &index, after.as_deref(), ITEMS_A_SWEEP).await?;
        for (_, Stored { record, .. }) in page.records {
            let Record::Observation(observation) = record else { continue };
            let is_old = hub.now().duration_since(observation.last_seen_at) >= RECHECK_EVERY;
            let is_meant = is_old && clears_in_weir(observation.outcome.reason.code);
            let connection = connections
                .iter()
                .find(|connection| connection.id == observation.connection && connection.is_active());
            if let Some(connection) = connection.filter(|_| is_meant) {
                let order = &observation.channel_order_id;
                signal(hub, organization, connection, order, observation.channel_updated_at).await?;
                signalled += 1;
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(signalled)
}

/// Whether what an order waits for is in Weir; all else the channel tells, or the parked signal ends.
const fn clears_in_weir(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::SkuNotMatched
            | ReasonCode::PeriodLocked
            | ReasonCode::LocationMissing
            | ReasonCode::CustomItem
    )
}

async fn signal(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    order: &ChannelOrderId,
    snapshot_at: Option<Timestamp>,
) -> Result<(), FlowError> {
    let signal = Signal {
        id: SignalId::from_token(&hub.ids.token()),
        organization: organization.clone(),
        connection: connection.id.clone(),
        channel_order_id: order.clone(),
        snapshot_at,
        cause: SignalCause::Sweep,
        requested_by: None,
        at: hub.now(),
    };
    let queue = QueueName::Import(connection.channel.clone());
    Ok(hub.send(Site::SweepSignal, &queue, &[outgoing(&signal)]).await?)
}
