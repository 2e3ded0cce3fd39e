//! Requests of buyers to know what is held about them: noted when their channel passes them on, listed, and
//! answered with all that is stored of the orders they name. (SPEC OP-05)

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use weir_domain::{
    customer::{Customer, Person},
    data_request::DataRequest,
    history::HistoryEntry,
    ids::{ChannelOrderId, DataRequestId, OrganizationId, SalesOrderId},
    outcome::Observation,
    sales_order::SalesOrder,
};

use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    lists::{self, Part, Window},
    message::Told,
    orders::{self, OrderView},
    people::{self, Refusal, only},
    ports::{Commit, Expect, Index, Key, Record, ledger::Snapshot},
};

/// Lines of a timeline that an export holds of one order.
const LINES: usize = 1_000;

/// Notes a request. Its orders may come in several messages; each comes at least once.
pub(crate) async fn note(
    hub: &Hub,
    told: &Told,
    request: Option<&str>,
    orders: &[ChannelOrderId],
) -> Result<(), FlowError> {
    let id = id_of(told, request);
    let key = Key::DataRequest(told.organization.clone(), id.clone());
    let found = hub.get(Site::EraseRead, std::slice::from_ref(&key)).await?.remove(&key);
    let known = found.and_then(|stored| Some((only!(DataRequest)(stored.record)?, stored.version)));
    let (before, expect) = match known {
        Some((known, version)) => (Some(known), Expect::Version(version)),
        None => (None, Expect::Absent),
    };
    let mut all: BTreeSet<ChannelOrderId> = before.iter().flat_map(|known| known.orders.clone()).collect();
    all.extend(orders.iter().cloned());
    let after = DataRequest {
        id,
        connection: told.connection.clone(),
        request: request.map(str::to_owned),
        orders: all.into_iter().collect(),
        received_at: before.as_ref().map_or(told.at, |known| known.received_at),
    };
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    let mut commit = Commit::default();
    commit.put(key, Record::DataRequest(after), expect);
    // A conflict returns the message to its queue.
    Ok(hub.commit(Site::Erase, &commit).await?)
}

/// The id of a request: of the channel's own id, or of the message where there is none.
fn id_of(told: &Told, request: Option<&str>) -> DataRequestId {
    let text = format!("{} {}", told.connection, request.unwrap_or(told.id.as_str()));
    let digest = Sha256::digest(text.as_bytes());
    DataRequestId::from_token(&digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Requests, newest first.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    window: &Window,
) -> Result<Part<DataRequest>, Refusal> {
    lists::read_one(hub, Index::DataRequests(organization.clone()), window, only!(DataRequest)).await
}

/// All that is stored about the buyer of a request.
#[derive(Clone, Debug)]
pub struct Export {
    /// The request.
    pub request: DataRequest,
    /// What is known of each order that it names.
    pub orders: Vec<ExportedOrder>,
    /// The customers that those orders are of.
    pub customers: Vec<Customer>,
}

/// All that is stored of one order.
#[derive(Clone, Debug)]
pub struct ExportedOrder {
    /// The channel's id of it.
    pub channel_order_id: ChannelOrderId,
    /// The sales order with its person, if it came in.
    pub order: Option<OrderView>,
    /// The person of an order that did not come in.
    pub person: Option<Person>,
    /// What became of it, if it was ever seen.
    pub observation: Option<Observation>,
    /// The channel's state of it, as long as that is kept.
    pub snapshot: Option<Snapshot>,
    /// What happened to it.
    pub timeline: Vec<HistoryEntry>,
}

/// Everything that is stored about the buyer of a request, for the person who answers it.
///
/// # Errors
/// If there is no such request, or the store has trouble.
pub async fn export(hub: &Hub, organization: &OrganizationId, id: &DataRequestId) -> Result<Export, Refusal> {
    let key = Key::DataRequest(organization.clone(), id.clone());
    let found = people::one(hub, key, only!(DataRequest)).await?;
    let request = found.map(|(request, _)| request).ok_or_else(|| Refusal::not_found("data request", id))?;
    let mut orders = Vec::new();
    for order in &request.orders {
        orders.push(exported(hub, organization, &request, order).await?);
    }
    let of_orders = orders.iter().filter_map(|exported| exported.order.as_ref()?.customer.clone());
    let mut customers: Vec<Customer> = of_orders.collect();
    customers.sort_by(|one, other| one.id.cmp(&other.id));
    customers.dedup_by(|one, other| one.id == other.id);
    Ok(Export { request, orders, customers })
}

async fn exported(
    hub: &Hub,
    organization: &OrganizationId,
    request: &DataRequest,
    channel_order_id: &ChannelOrderId,
) -> Result<ExportedOrder, Refusal> {
    let id = SalesOrderId::for_source(&request.connection, channel_order_id);
    let file = hub.read_order(Site::PersonRead, organization, &id).await?;
    let index = Index::History(organization.clone(), id.clone());
    let page = hub.list(Site::PersonRead, &index, None, LINES).await?;
    let timeline = page.records.into_iter().filter_map(|(_, stored)| only!(History)(stored.record)).collect();
    let order = match &file.order {
        Some((SalesOrder { booking: weir_domain::sales_order::Booking::Complete, .. }, _)) => {
            Some(orders::read(hub, organization, &id).await?)
        }
        Some(_) | None => None,
    };
    Ok(ExportedOrder {
        channel_order_id: channel_order_id.clone(),
        person: file.person.map(|(record, _)| record.person).filter(|_| order.is_none()),
        order,
        observation: file.observation.map(|(observation, _)| observation),
        snapshot: file.snapshot,
        timeline,
    })
}
