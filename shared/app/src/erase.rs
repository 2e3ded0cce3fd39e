//! Personal data is erased where a channel asks for it: the person, the snapshot, what the buyer typed,
//! and the customer that was made for him. The books stay. (SPEC OP-05)

use weir_channels::channel::Credentials;
use weir_domain::{
    customer::Customer,
    decide::booking::SERIAL_NUMBERS_ATTRIBUTE,
    history::HistoryEntry,
    ids::{ConnectionId, CustomerId, OrganizationId, SalesOrderId, SignalId},
    outcome::OutcomeKind,
    sales_order::{Booking, SalesOrder},
};

use crate::{
    call,
    catalogue::names,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Message, Told, What},
    ports::{Commit, CommitError, Expect, Index, Key, OrderFile, OutgoingMessage, QueueName, Record, Stored},
    timeline,
};

/// How often an order is read and erased again when others write it at the same time.
const TRIES: u32 = 5;

/// Orders that one message erases before it hands the rest on to another one.
const ORDERS_A_MESSAGE: usize = 100;

/// What stands in the place of an erased customer's name.
const ERASED: &str = "(erased)";

fn line(hub: &Hub, what: &str, message: String) -> HistoryEntry {
    HistoryEntry {
        at: hub.now(),
        what: what.to_owned(),
        message,
        because: Vec::new(),
        actor: "notification".to_owned(),
        signal: None,
    }
}

/// Notes on an order that its buyer wants to know what is held: a person exports it. One that was never
/// seen holds nothing.
pub(crate) async fn note_request(
    hub: &Hub,
    organization: &OrganizationId,
    order: &SalesOrderId,
    request: Option<&str>,
) -> Result<(), FlowError> {
    let file = hub.read_order(Site::EraseRead, organization, order).await?;
    let number = request.map(|request| format!(" (request {request})")).unwrap_or_default();
    let message = format!("The buyer wants to know what is held about him{number}. Export this order.");
    let mut commit = Commit::default();
    timeline::add(organization, order, &file, [line(hub, "data_request", message)], &mut commit);
    match commit.writes.is_empty() {
        true => Ok(()),
        // A conflict returns the message to its queue.
        false => Ok(hub.commit(Site::Erase, &commit).await?),
    }
}

/// Erases the personal data of one order. Done again it changes nothing.
pub(crate) async fn order(
    hub: &Hub,
    organization: &OrganizationId,
    order: &SalesOrderId,
) -> Result<(), FlowError> {
    for _ in 0..TRIES {
        let file = hub.read_order(Site::EraseRead, organization, order).await?;
        let commit = erasure(hub, organization, order, &file).await?;
        if commit.writes.is_empty() {
            return Ok(());
        }
        match hub.commit(Site::Erase, &commit).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Conflict | CommitError::Unknown(_)) => {}
            Err(error @ (CommitError::Trouble(_) | CommitError::TooLarge(_))) => return Err(error.into()),
        }
    }
    Err(FlowError::new("others were writing the order all the time"))
}

async fn erasure(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesOrderId,
    file: &OrderFile,
) -> Result<Commit, FlowError> {
    let mut commit = Commit::default();
    if let Some((_, version)) = &file.person {
        commit.delete(Key::Person(organization.clone(), id.clone()), Expect::Version(*version));
    }
    if file.snapshot.is_some() {
        commit.delete(Key::Snapshot(organization.clone(), id.clone()), Expect::Anything);
    }
    if let Some((order, version)) = &file.order {
        let after = without_person(order);
        if after != *order {
            // The version of an order tells its plan's chunks from others.
            if order.booking != Booking::Complete {
                return Err(FlowError::new("the order is being booked; its data is erased after that"));
            }
            let key = Key::Order(organization.clone(), id.clone());
            commit.put(key, Record::Order(after), Expect::Version(*version));
        }
        let source = order.source.as_ref();
        if let (Some(customer), Some(source)) = (&order.customer, source) {
            erase_customer(hub, organization, customer, &source.connection, &mut commit).await?;
        }
    }
    if !commit.writes.is_empty() {
        let message = "The channel asked for the buyer's data to be erased; it is.".to_owned();
        timeline::add(organization, id, file, [line(hub, "erased", message)], &mut commit);
    }
    Ok(commit)
}

/// The order without what its buyer typed.
fn without_person(order: &SalesOrder) -> SalesOrder {
    let mut order = order.clone();
    order.customer_ref = None;
    for row in &mut order.rows {
        // Numbers that could not be booked are of the goods; all else the buyer may have typed.
        row.attributes.retain(|name, _| name == SERIAL_NUMBERS_ATTRIBUTE);
    }
    order
}

/// A customer that an order of the connection made is erased; one that somebody entered here is not the
/// channel's to erase.
async fn erase_customer(
    hub: &Hub,
    organization: &OrganizationId,
    id: &CustomerId,
    connection: &ConnectionId,
    commit: &mut Commit,
) -> Result<(), FlowError> {
    let made_here = CustomerId::from_token(&format!("{connection}-"));
    if !id.as_str().starts_with(made_here.as_str()) {
        return Ok(());
    }
    let key = Key::Customer(organization.clone(), id.clone());
    let found = hub.get(Site::EraseRead, std::slice::from_ref(&key)).await?;
    let Some(Stored { record: Record::Customer(before), version }) = found.into_values().next() else {
        return Ok(());
    };
    let after = Customer { name: ERASED.to_owned(), email: None, ..before.clone() };
    if after != before {
        let of_name = names::read(hub, Site::EraseRead, organization, &before.name).await?;
        names::remove(organization, &before, &of_name, commit);
        commit.put(key, Record::Customer(after), Expect::Version(version));
    }
    Ok(())
}

/// Erases the credentials of a connection whose shop is gone. Of one that is at work again they stay: its
/// application was put back in meanwhile.
async fn credentials(hub: &Hub, told: &Told) -> Result<(), FlowError> {
    let key = Key::Connection(told.organization.clone(), told.connection.clone());
    let found = hub.get(Site::EraseRead, std::slice::from_ref(&key)).await?.remove(&key);
    let Some(Record::Connection(connection)) = found.map(|stored| stored.record) else { return Ok(()) };
    if connection.is_active() {
        return Ok(());
    }
    hub.access_tokens.forget(&call::account(&connection));
    let kept = hub.credentials_anew(Site::EraseRead, &told.organization, &told.connection).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let none = Credentials::new();
    Ok(hub.keep_credentials(Site::Erase, &told.organization, &told.connection, &none).await?)
}

/// Erases the personal data of all orders of a connection, part by part, and its credentials at last.
pub(crate) async fn connection(hub: &Hub, told: &Told, after: Option<&str>) -> Result<(), FlowError> {
    let (kind, place) = after.and_then(|after| after.split_once('#')).unwrap_or(("0", ""));
    let position: usize = kind.parse().map_err(|_| FlowError::new("it goes on nowhere"))?;
    let Some(kind) = OutcomeKind::ALL.get(position) else { return credentials(hub, told).await };
    let index = Index::Observations(told.organization.clone(), *kind);
    let place = (!place.is_empty()).then_some(place);
    let page = hub.list(Site::EraseRead, &index, place, ORDERS_A_MESSAGE).await?;
    let mut channel = None;
    for (_, Stored { record, .. }) in page.records {
        let Record::Observation(observation) = record else { continue };
        if observation.connection == told.connection {
            let id = SalesOrderId::for_source(&observation.connection, &observation.channel_order_id);
            order(hub, &told.organization, &id).await?;
        }
    }
    let after = match page.next {
        Some(next) => format!("{position}#{next}"),
        None => format!("{}#", position + 1),
    };
    let key = Key::Connection(told.organization.clone(), told.connection.clone());
    if let Some(Record::Connection(connection)) =
        hub.get(Site::EraseRead, std::slice::from_ref(&key)).await?.remove(&key).map(|stored| stored.record)
    {
        channel = Some(connection.channel);
    }
    let Some(channel) = channel else { return Ok(()) };
    let rest = Told {
        id: SignalId::from_token(&hub.ids.token()),
        what: What::EraseShop { after: Some(after) },
        ..told.clone()
    };
    let message = OutgoingMessage {
        id: rest.id.to_string(),
        group: told.connection.to_string(),
        body: Message::Told(rest).to_json(),
    };
    Ok(hub.send(Site::WebhookSignal, &QueueName::Import(channel), &[message]).await?)
}
