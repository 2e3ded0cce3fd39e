//! Sales orders as people see them: found, and read with their person and what is made for their rows. A
//! deleted order stays as its own tombstone. (SPEC KS-26, OP-09)

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::{
    customer::{Customer, Person},
    history::HistoryEntry,
    ids::{ChannelOrderId, ConnectionId, OrganizationId, SalesOrderId},
    manufacturing_order::ManufacturingOrder,
    sales_order::{Booking, OrderStatus, SalesOrder},
};

pub use crate::acts::remove::{delete, restore};

use crate::{
    gate::Site,
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, only},
    ports::{Index, Key, Record, ledger::PersonRecord},
};

/// Manufacturing orders up to which all of an organization are read for a list of orders, with one
/// request; of more those of each order.
const MADE_AT_ONCE: usize = 250;

/// Which orders are wanted; what is `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// The number that people see.
    pub order_no: Option<String>,
    /// Of which connection.
    pub connection: Option<ConnectionId>,
    /// The channel's own id.
    pub channel_order_id: Option<ChannelOrderId>,
    /// How far they are.
    pub status: Option<OrderStatus>,
    /// Those with a flag, or those without any.
    pub needs_attention: Option<bool>,
    /// Deleted ones too.
    pub include_deleted: bool,
}

impl OrderFilter {
    fn lets_through(&self, order: &SalesOrder) -> bool {
        let source = order.source.as_ref();
        order.booking == Booking::Complete
            && (self.include_deleted || order.deleted_at.is_none())
            && self.order_no.as_ref().is_none_or(|wanted| *wanted == order.order_no)
            && self.status.is_none_or(|wanted| wanted == order.status)
            && self.needs_attention.is_none_or(|wanted| wanted != order.flags.is_empty())
            && self.connection.as_ref().is_none_or(|id| source.is_some_and(|source| source.connection == *id))
            && self
                .channel_order_id
                .as_ref()
                .is_none_or(|id| source.is_some_and(|source| source.channel_order_id == *id))
    }
}

/// An order with its version and the people it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderView {
    /// The order.
    pub order: SalesOrder,
    /// Its version.
    pub version: u64,
    /// The person, unless the time for that has run out. (SPEC OP-05)
    pub person: Person,
    /// The customer, if it is one of the merchant's.
    pub customer: Option<Customer>,
    /// The manufacturing orders that are linked to its rows.
    pub made: Vec<ManufacturingOrder>,
}

/// Keys that an order of this id at the channel may have: one for each connection, or only for one.
/// An order is its own index: with its channel's id it is found by key, and not in a list that lags.
pub(crate) async fn possible_ids(
    hub: &Hub,
    organization: &OrganizationId,
    connection: Option<&ConnectionId>,
    channel_order_id: &str,
) -> Result<Vec<SalesOrderId>, Refusal> {
    let Ok(channel_order_id) = ChannelOrderId::parse(channel_order_id) else { return Ok(Vec::new()) };
    if let Some(connection) = connection {
        return Ok(vec![SalesOrderId::for_source(connection, &channel_order_id)]);
    }
    let connections =
        lists::all(hub, Site::PersonRead, Index::Connections(organization.clone()), only!(Connection))
            .await?;
    Ok(connections
        .iter()
        .map(|(_, connection, _)| SalesOrderId::for_source(&connection.id, &channel_order_id))
        .collect())
}

/// Orders, newest first. Asked for by a channel's id they are found by key; by the number that
/// people see, first by key (some channels show their own id) and then in the list.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &OrderFilter,
    window: &Window,
) -> Result<Part<OrderView>, Refusal> {
    let word = filter.channel_order_id.as_ref().map(ChannelOrderId::as_str).or(filter.order_no.as_deref());
    let mut by_key = Vec::new();
    if let Some(word) = word {
        let ids = possible_ids(hub, organization, filter.connection.as_ref(), word).await?;
        let keys: Vec<Key> = ids.into_iter().map(|id| Key::Order(organization.clone(), id)).collect();
        by_key = people::several(hub, &keys, only!(Order))
            .await?
            .into_iter()
            .map(|(_, order, version)| (order, version))
            .filter(|(order, _)| filter.lets_through(order))
            .collect();
    }
    if filter.channel_order_id.is_some() {
        return Ok(Part { data: views(hub, organization, by_key).await?, next: None });
    }
    let known: BTreeSet<SalesOrderId> = by_key.iter().map(|(order, _)| order.id.clone()).collect();
    let take = |record| match record {
        Record::Order(order) if filter.lets_through(&order) && !known.contains(&order.id) => Some(order.id),
        _ => None,
    };
    let first = if window.places.is_none() { by_key.len() } else { 0 };
    let rest = Window { limit: window.limit.saturating_sub(first), ..window.clone() };
    let found = lists::read_one(hub, Index::Orders(organization.clone()), &rest, take).await?;
    // The list finds, the read by key decides.
    let keys: Vec<Key> = found.data.iter().map(|id| Key::Order(organization.clone(), id.clone())).collect();
    let mut read: BTreeMap<SalesOrderId, (SalesOrder, u64)> = people::several(hub, &keys, only!(Order))
        .await?
        .into_iter()
        .map(|(_, order, version)| (order.id.clone(), (order, version)))
        .collect();
    let mut orders = if window.places.is_none() { by_key } else { Vec::new() };
    let listed =
        found.data.iter().filter_map(|id| read.remove(id)).filter(|(order, _)| filter.lets_through(order));
    orders.extend(listed);
    Ok(Part { data: views(hub, organization, orders).await?, next: found.next })
}

/// The orders with their people.
async fn views(
    hub: &Hub,
    organization: &OrganizationId,
    orders: Vec<(SalesOrder, u64)>,
) -> Result<Vec<OrderView>, Refusal> {
    let persons: Vec<Key> =
        orders.iter().map(|(order, _)| Key::Person(organization.clone(), order.id.clone())).collect();
    let mut persons: BTreeMap<Key, PersonRecord> = people::several(hub, &persons, only!(Person))
        .await?
        .into_iter()
        .map(|(key, person, _)| (key, person))
        .collect();
    let mut customers: Vec<Key> = orders
        .iter()
        .filter_map(|(order, _)| Some(Key::Customer(organization.clone(), order.customer.clone()?)))
        .collect();
    customers.sort();
    customers.dedup();
    let customers: BTreeMap<Key, Customer> = people::several(hub, &customers, only!(Customer))
        .await?
        .into_iter()
        .map(|(key, customer, _)| (key, customer))
        .collect();
    let mut made = made_for(hub, organization, &orders).await?;
    let view = |(order, version): (SalesOrder, u64)| {
        let person = persons.remove(&Key::Person(organization.clone(), order.id.clone()));
        let customer = order.customer.clone().map(|id| Key::Customer(organization.clone(), id));
        OrderView {
            person: person.map(|record| record.person).unwrap_or_default(),
            customer: customer.and_then(|key| customers.get(&key).cloned()),
            made: made.remove(&order.id).unwrap_or_default(),
            order,
            version,
        }
    };
    Ok(orders.into_iter().map(view).collect())
}

/// The manufacturing orders that are linked to the rows of orders. Most merchants have none.
async fn made_for(
    hub: &Hub,
    organization: &OrganizationId,
    orders: &[(SalesOrder, u64)],
) -> Result<BTreeMap<SalesOrderId, Vec<ManufacturingOrder>>, Refusal> {
    let mut made: BTreeMap<SalesOrderId, Vec<ManufacturingOrder>> = BTreeMap::new();
    let mut add = |record| {
        if let Record::ManufacturingOrder(one) = record
            && one.row.is_some()
        {
            made.entry(one.order.clone()).or_default().push(one);
        }
    };
    if orders.len() > 1 {
        let all = Index::ManufacturingOrders(organization.clone());
        let page = hub.list(Site::PersonRead, &all, None, MADE_AT_ONCE).await?;
        if page.next.is_none() {
            page.records.into_iter().for_each(|(_, stored)| add(stored.record));
            return Ok(made);
        }
    }
    for (order, _) in orders {
        let of_order = Index::ManufacturingOrdersOf(organization.clone(), order.id.clone());
        for (_, one, _) in lists::all(hub, Site::PersonRead, of_order, Some).await? {
            add(one);
        }
    }
    Ok(made)
}

/// An order, also a deleted one.
///
/// # Errors
/// If there is none of that id, or not all of it is booked yet.
pub async fn read(hub: &Hub, organization: &OrganizationId, id: &SalesOrderId) -> Result<OrderView, Refusal> {
    let found = visible(hub, organization, id).await?;
    let mut views = views(hub, organization, vec![found]).await?;
    views.pop().ok_or_else(|| Refusal::not_found("sales order", id))
}

async fn visible(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesOrderId,
) -> Result<(SalesOrder, u64), Refusal> {
    people::one(hub, Key::Order(organization.clone(), id.clone()), only!(Order))
        .await?
        .filter(|(order, _)| order.booking == Booking::Complete)
        .ok_or_else(|| Refusal::not_found("sales order", id))
}

/// What happened to an order of a channel, oldest first: also to one that never became a sales order.
///
/// # Errors
/// If nothing is known of that id, or the cursor is wrong.
pub async fn timeline(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesOrderId,
    window: &Window,
) -> Result<Part<HistoryEntry>, Refusal> {
    let keys =
        [Key::Order(organization.clone(), id.clone()), Key::Observation(organization.clone(), id.clone())];
    if hub.get(crate::gate::Site::PersonRead, &keys).await?.is_empty() {
        return Err(Refusal::not_found("sales order", id));
    }
    lists::read_one(hub, Index::History(organization.clone(), id.clone()), window, only!(History)).await
}
