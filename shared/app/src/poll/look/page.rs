//! One page of a search: each order is kept and signalled, unless this very state was decided upon. A
//! reconciliation counts as well what was missing here. (SPEC OP-04)

use std::collections::BTreeMap;

use futures_util::future::join_all;
use weir_channels::channel::{Listed, Page, RawOrder};
use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{ChannelOrderId, SalesOrderId, SignalId},
    limits::LAST_SEEN_EVERY,
    outcome::Observation,
    run::Job,
};

use super::{Looking, of_look};
use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    import_order::snapshot_of,
    message::{Signal, SignalCause},
    ports::{
        Key, OutgoingMessage, QueueName, Record,
        ledger::{Look, Snapshot},
    },
    recheck::outgoing,
};

/// What a page held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Orders on the page.
    pub(super) seen: usize,
    /// Orders that were signalled.
    pub(super) signalled: usize,
    /// Parts of it that could not be read and had no order id.
    pub(super) unreadable: usize,
    /// Orders of a marketplace that no active connection of the account has.
    pub(super) elsewhere: usize,
    /// What a reconciliation found.
    pub(super) reconciled: Option<Reconciled>,
}

/// Orders of the channel held against their outcomes here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reconciled {
    /// Decided upon in this very state or a newer one.
    known: usize,
    /// Never seen.
    missing: usize,
    /// Decided upon in an older state only.
    behind: usize,
}

impl Reconciled {
    /// Counts an order of which this account is known.
    fn count(&mut self, known: Option<&Observation>, is_decided: bool) {
        match (known, is_decided) {
            (_, true) => self.known += 1,
            (Some(_), false) => self.behind += 1,
            (None, false) => self.missing += 1,
        }
    }
}

/// Which orders of a page are signalled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Those that were not decided upon, and once an hour those that were: the search of every minute.
    New,
    /// All of them: a run was asked for, maybe because what an order was skipped for has changed.
    All,
    /// Those that differ from what is known here.
    Differing,
}

impl Wanted {
    fn by(job: Option<Job>) -> Self {
        match job {
            None => Self::New,
            Some(Job::PollOrders | Job::Backfill) => Self::All,
            Some(Job::Reconcile) => Self::Differing,
        }
    }

    /// Whether an order is left out that has this account, which is of the page's state or a newer one.
    fn leaves_out(self, known: &Observation, now: Timestamp) -> bool {
        match self {
            Self::New => now.duration_since(known.last_seen_at) < LAST_SEEN_EVERY,
            Self::All => false,
            Self::Differing => true,
        }
    }
}

impl Counts {
    /// The counts of a run's record.
    pub(super) fn of_run(self) -> BTreeMap<String, u64> {
        let found = self.reconciled.map(|found| {
            [
                ("orders_known", found.known),
                ("orders_missing", found.missing),
                ("orders_behind", found.behind),
            ]
        });
        [
            ("pages", 1),
            ("orders_seen", self.seen),
            ("orders_signalled", self.signalled),
            ("unreadable_rows", self.unreadable),
            ("other_marketplaces", self.elsewhere),
        ]
        .into_iter()
        .chain(found.into_iter().flatten())
        .map(|(name, count)| (name.to_owned(), u64::try_from(count).unwrap_or(u64::MAX)))
        .collect()
    }
}

/// Keeps and signals a page's orders. When it answers well, all of them are safe.
pub(super) async fn signal(
    hub: &Hub,
    looking: &Looking<'_>,
    (look, job): (&Look, Option<Job>),
    page: &Page,
) -> Result<Counts, FlowError> {
    let wanted = Wanted::by(job);
    let active = of_look(looking, look);
    let mut counts =
        Counts { seen: page.orders.len() + page.listed.len() + page.unreadable.len(), ..Counts::default() };
    let mut shown: Vec<(&Connection, SalesOrderId, &RawOrder)> = Vec::new();
    for order in &page.orders {
        let connections = connections_of(&active, order.marketplace.as_ref());
        counts.elsewhere += usize::from(connections.is_empty());
        shown.extend(connections.into_iter().map(|connection| {
            (connection, SalesOrderId::for_source(&connection.id, &order.channel_order_id), order)
        }));
    }
    let known = known(hub, looking, shown.iter().map(|(_, id, _)| id)).await?;
    let snapshot = |(connection, id, order): (_, SalesOrderId, &RawOrder)| {
        let snapshot = snapshot_of(order.clone(), known.get(&id), hub.now());
        (connection, id, snapshot, order.channel_order_id.clone())
    };
    let mut orders: Vec<(&Connection, SalesOrderId, Snapshot, ChannelOrderId)> =
        shown.into_iter().map(snapshot).collect();
    if wanted == Wanted::Differing {
        let found = counts.reconciled.get_or_insert_default();
        for (_, id, snapshot, _) in &orders {
            found.count(known.get(id), decided(known.get(id), snapshot).is_some());
        }
    }
    orders.retain(|(_, id, snapshot, _)| {
        decided(known.get(id), snapshot).is_none_or(|known| !wanted.leaves_out(known, hub.now()))
    });

    let keep = orders
        .iter()
        .map(|(_, id, snapshot, _)| hub.keep_snapshot(Site::PollKeep, looking.organization, id, snapshot));
    for kept in join_all(keep).await {
        kept?;
    }
    let mut messages: Vec<OutgoingMessage> = orders
        .iter()
        .map(|(connection, _, snapshot, order)| {
            message(hub, looking, look, connection, order, Some(snapshot.updated_at))
        })
        .collect();
    messages.extend(by_id(hub, looking, (look, wanted), &active, page, &mut counts).await?);
    counts.signalled = messages.len();
    if let Some(connection) = active.first()
        && !messages.is_empty()
    {
        hub.send(Site::PollSignal, &QueueName::Import(connection.channel.clone()), &messages).await?;
    }
    Ok(counts)
}

/// Signals for orders of which the page told no more than the id, or nothing that can be read: the
/// importer looks each of them up.
async fn by_id(
    hub: &Hub,
    looking: &Looking<'_>,
    (look, wanted): (&Look, Wanted),
    active: &[&Connection],
    page: &Page,
    counts: &mut Counts,
) -> Result<Vec<OutgoingMessage>, FlowError> {
    let new = not_decided(hub, looking, wanted, active, &page.listed, counts).await?;
    let listed = new.iter().map(|order| (Some(&order.channel_order_id), order.marketplace.as_ref()));
    let unreadable = page.unreadable.iter().map(|part| {
        tracing::warn!(account = %looking.account, why = %part.message, "a part of a page cannot be read");
        (part.channel_order_id.as_ref(), None)
    });
    let mut messages = Vec::new();
    for (id, marketplace) in listed.chain(unreadable) {
        let Some(id) = id else {
            counts.unreadable += 1;
            continue;
        };
        let connections = connections_of(active, marketplace);
        counts.elsewhere += usize::from(connections.is_empty());
        messages
            .extend(connections.iter().map(|connection| message(hub, looking, look, connection, id, None)));
    }
    Ok(messages)
}

/// The listed orders whose state of that time was not decided upon: a search reaches back behind its
/// cursor, and finds most of them again.
async fn not_decided<'p>(
    hub: &Hub,
    looking: &Looking<'_>,
    wanted: Wanted,
    active: &[&Connection],
    listed: &'p [Listed],
    counts: &mut Counts,
) -> Result<Vec<&'p Listed>, FlowError> {
    let ids_of = |order: &Listed| -> Vec<SalesOrderId> {
        let connections = connections_of(active, order.marketplace.as_ref());
        let id = |connection: &&Connection| SalesOrderId::for_source(&connection.id, &order.channel_order_id);
        connections.iter().map(id).collect()
    };
    let with_time: Vec<SalesOrderId> =
        listed.iter().filter(|order| order.updated_at.is_some()).flat_map(ids_of).collect();
    let known = known(hub, looking, with_time.iter()).await?;
    let of_state = |order: &Listed, id: &SalesOrderId| {
        let account = known.get(id).filter(|_| order.updated_at.is_some());
        account.filter(|account| account.channel_updated_at >= order.updated_at)
    };
    if wanted == Wanted::Differing {
        let found = counts.reconciled.get_or_insert_default();
        for order in listed {
            for id in ids_of(order) {
                found.count(known.get(&id), of_state(order, &id).is_some());
            }
        }
    }
    let is_left_out = |order: &&Listed| {
        let ids = ids_of(order);
        let leaves_out = |known: &Observation| wanted.leaves_out(known, hub.now());
        !ids.is_empty() && ids.iter().all(|id| of_state(order, id).is_some_and(leaves_out))
    };
    Ok(listed.iter().filter(|order| !is_left_out(order)).collect())
}

fn message(
    hub: &Hub,
    looking: &Looking<'_>,
    look: &Look,
    connection: &Connection,
    order: &ChannelOrderId,
    snapshot_at: Option<Timestamp>,
) -> OutgoingMessage {
    outgoing(&Signal {
        id: SignalId::from_token(&hub.ids.token()),
        organization: looking.organization.clone(),
        connection: connection.id.clone(),
        channel_order_id: order.clone(),
        snapshot_at,
        cause: if look.run.is_some() { SignalCause::Run } else { SignalCause::Poll },
        requested_by: None,
        at: hub.now(),
    })
}

/// The connection whose marketplace an order is of. Where the channel does not say which, the order
/// is shown to each connection of the account, so that it is accounted for; the rules say what it
/// waits for.
fn connections_of<'a>(active: &[&'a Connection], marketplace: Option<&String>) -> Vec<&'a Connection> {
    let is_meant = |connection: &&Connection| {
        marketplace.is_none() || connection.remote.marketplace.as_ref() == marketplace
    };
    active.iter().copied().filter(is_meant).collect()
}

/// The accounts of orders that were seen before.
async fn known(
    hub: &Hub,
    looking: &Looking<'_>,
    orders: impl Iterator<Item = &SalesOrderId>,
) -> Result<BTreeMap<SalesOrderId, Observation>, FlowError> {
    let keys: Vec<Key> =
        orders.map(|id| Key::Observation(looking.organization.clone(), id.clone())).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = hub.get(Site::PollKnown, &keys).await?;
    Ok(found
        .into_iter()
        .filter_map(|(key, stored)| match (key, stored.record) {
            (Key::Observation(_, id), Record::Observation(observation)) => Some((id, observation)),
            _ => None,
        })
        .collect())
}

/// The account of an order, if this very state of it was decided upon, or a newer one: a look behind the
/// cursor finds most orders again. Equal times with another content are decided again. (SPEC G-02, G-03)
fn decided<'k>(known: Option<&'k Observation>, snapshot: &Snapshot) -> Option<&'k Observation> {
    known.filter(|observation| {
        let is_same = observation.digest.as_ref() == Some(&snapshot.digest);
        let is_newer = observation.channel_updated_at > Some(snapshot.updated_at);
        is_same || is_newer
    })
}
