//! What a channel delivered besides the names of orders: parts of orders, an application that was taken
//! out, and what the laws of privacy ask for. (SPEC G-11, OP-05)

use weir_channels::channel::{AccessToken, Call, FindOrder, Grant, OrderPart};
use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{ChannelOrderId, OrganizationId, SalesOrderId, SignalId},
    outcome::ReasonCode,
};

use crate::{
    call::{self, Asking, CallError},
    connections, data_requests, erase,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    import_order,
    message::{Message, Signal, SignalCause, Told, What},
    planted::{self, Bug},
    ports::{Commit, CommitError, Expect, Key, OutgoingMessage, Record, ledger::Parked},
};

/// Calls that finding an order may take.
const STEPS: usize = 5;

/// What came of it.
pub(crate) enum Outcome {
    /// This order is to be looked at.
    Look(Signal),
    /// It waits for its time.
    Parked(ReasonCode),
    /// It is done.
    Done,
}

/// Handles one message.
pub(crate) async fn handle(hub: &Hub, told: &Told) -> Result<Outcome, FlowError> {
    let id = |order: &ChannelOrderId| SalesOrderId::for_source(&told.connection, order);
    match &told.what {
        What::Part(part) => return part_changed(hub, told, part).await,
        What::Uninstalled => uninstalled(hub, told).await?,
        What::CustomerData { request, orders } => {
            data_requests::note(hub, told, request.as_deref(), orders).await?;
            for order in orders {
                erase::note_request(hub, &told.organization, &id(order), request.as_deref()).await?;
            }
        }
        What::EraseCustomer { .. } if planted::is(Bug::RedactionForgotten) => {}
        What::EraseCustomer { orders } => {
            for order in orders {
                erase::order(hub, &told.organization, &id(order)).await?;
            }
        }
        What::EraseShop { after } => erase::connection(hub, told, after.as_deref()).await?,
    }
    Ok(Outcome::Done)
}

async fn connection(hub: &Hub, told: &Told) -> Result<(Connection, u64), FlowError> {
    let key = Key::Connection(told.organization.clone(), told.connection.clone());
    let found = hub.get(Site::WebhookRead, std::slice::from_ref(&key)).await?;
    match found.into_values().next().map(|stored| (stored.record, stored.version)) {
        Some((Record::Connection(connection), version)) => Ok((connection, version)),
        Some(_) | None => Err(FlowError::missing("connection", &told.connection, &told.organization)),
    }
}

/// Finds the order of a part that changed. While its connection is at rest or the channel does not answer
/// it waits as a signal does, and costs no try. (SPEC G-04, G-11)
async fn part_changed(hub: &Hub, told: &Told, part: &str) -> Result<Outcome, FlowError> {
    let (connection, version) = connection(hub, told).await?;
    if let Some(reason) = import_order::at_rest(&connection) {
        return park(hub, told, part, reason.code, Some(import_order::at_once(hub))).await;
    }
    let found = match find(hub, &told.organization, &connection, part).await {
        Ok(found) => found,
        Err(error) if error.needs_attention() => {
            refused(hub, &told.organization, (&connection, version), &error).await?;
            return park(hub, told, part, error.reason(), Some(import_order::at_once(hub))).await;
        }
        Err(error) if error.is_passing() => {
            if let CallError::Own(cause) = &error {
                tracing::error!(connection = %told.connection, part, cause, "a part of an order waits");
            }
            let due_at = match &error {
                CallError::OutOfTokens { due_at } => Some(*due_at),
                CallError::Channel(_) | CallError::Trouble(_) | CallError::Own(_) => None,
            };
            return park(hub, told, part, error.reason(), due_at).await;
        }
        Err(error) => return Err(FlowError::new(error.to_string())),
    };
    unpark(hub, told).await?;
    Ok(found.map_or(Outcome::Done, |order| {
        let id = SignalId::from_token(&hub.ids.token());
        Outcome::Look(Signal { id, ..signal(told, order, hub.now()) })
    }))
}

fn signal(told: &Told, order: ChannelOrderId, at: Timestamp) -> Signal {
    Signal {
        id: told.id.clone(),
        organization: told.organization.clone(),
        connection: told.connection.clone(),
        channel_order_id: order,
        snapshot_at: None,
        cause: SignalCause::Notification,
        requested_by: None,
        at,
    }
}

/// Where a delivery waits: its order is not known yet, so that its own id stands for it. No channel's
/// order is called so.
fn place(told: &Told) -> Result<(Key, ChannelOrderId), FlowError> {
    let stands_for = ChannelOrderId::parse(&format!("part-{}", told.id))
        .map_err(|error| FlowError::new(error.to_string()))?;
    let id = SalesOrderId::for_source(&told.connection, &stands_for);
    Ok((Key::Parked(told.organization.clone(), id), stands_for))
}

async fn parked(hub: &Hub, key: &Key) -> Result<Option<(Parked, u64)>, FlowError> {
    let found = hub.get(Site::WebhookRead, std::slice::from_ref(key)).await?;
    Ok(found.into_values().next().and_then(|stored| match stored.record {
        Record::Parked(parked) => Some((parked, stored.version)),
        _ => None,
    }))
}

async fn park(
    hub: &Hub,
    told: &Told,
    part: &str,
    reason: ReasonCode,
    due_at: Option<Timestamp>,
) -> Result<Outcome, FlowError> {
    let (key, stands_for) = place(told)?;
    let before = parked(hub, &key).await?;
    let tries = before.as_ref().map_or(0, |(parked, _)| parked.tries).saturating_add(1);
    let due_at = due_at.unwrap_or_else(|| import_order::after(hub, tries));
    let signal = signal(told, stands_for, told.at);
    let record = Parked { signal, part: Some(part.to_owned()), reason, due_at, tries };
    let expect = before.map_or(Expect::Absent, |(_, version)| Expect::Version(version));
    let mut commit = Commit::default();
    commit.put(key, Record::Parked(record), expect);
    match hub.commit(Site::ImportPark, &commit).await {
        // A copy of the same delivery was quicker: it waits already.
        Ok(()) | Err(CommitError::Conflict) => Ok(Outcome::Parked(reason)),
        Err(error @ (CommitError::Unknown(_) | CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
            Err(error.into())
        }
    }
}

/// The order is found: what waited for it is at its end. The message is not yet: if its look does not end,
/// it returns to its queue.
async fn unpark(hub: &Hub, told: &Told) -> Result<(), FlowError> {
    let (key, _) = place(told)?;
    let Some((_, version)) = parked(hub, &key).await? else { return Ok(()) };
    let mut commit = Commit::default();
    commit.delete(key, Expect::Version(version));
    match hub.commit(Site::ImportPark, &commit).await {
        // The sweeper moved its time on just now: it is asked for once more, and finds the same.
        Ok(()) | Err(CommitError::Conflict) => Ok(()),
        Err(error @ (CommitError::Unknown(_) | CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
            Err(error.into())
        }
    }
}

/// A parked delivery, as the message that it was.
pub(crate) fn part_again(parked: &Signal, part: &str) -> OutgoingMessage {
    let told = Told {
        id: parked.id.clone(),
        organization: parked.organization.clone(),
        connection: parked.connection.clone(),
        what: What::Part(part.to_owned()),
        at: parked.at,
    };
    let (id, group) = (told.id.to_string(), told.connection.to_string());
    OutgoingMessage { id, group, body: Message::Told(told).to_json() }
}

async fn find(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    part: &str,
) -> Result<Option<ChannelOrderId>, CallError> {
    let Some(webhooks) = call::channel(connection)?.webhooks else { return Ok(None) };
    let part = OrderPart { id: part.to_owned() };
    let mut answers = Vec::new();
    for _ in 0..STEPS {
        let token = call::access_token(hub, organization, connection, Grant::Merchant).await?;
        let (operation, request) = match webhooks.find_order(connection, &token, &part, &answers)? {
            FindOrder::Ask(operation, request) => (operation, request),
            FindOrder::Found(order) => return Ok(Some(order)),
            FindOrder::NotFound => return Ok(None),
        };
        let asking = asking(organization, connection, operation);
        let build = |token: &AccessToken| match webhooks.find_order(connection, token, &part, &answers) {
            Ok(FindOrder::Ask(_, request)) => request,
            Ok(FindOrder::Found(_) | FindOrder::NotFound) | Err(_) => request.clone(),
        };
        let answer = call::ask(hub, asking, build, |response| {
            let mut all = answers.clone();
            all.push(response.clone());
            webhooks.find_order(connection, &token, &part, &all).map(|_| response.clone())
        })
        .await?;
        answers.push(answer);
    }
    Err(CallError::Trouble("it takes more steps than it should".to_owned()))
}

fn asking<'a>(
    organization: &'a OrganizationId,
    connection: &'a Connection,
    operation: weir_channels::channel::Operation,
) -> Asking<'a> {
    let (site, grant) = (Site::WebhookLook, Grant::Merchant);
    Asking { site, organization, connection, operation, keep_back: 0, grant }
}

/// The application may have been taken out, or the delivery is an old one and it is in again: whether the
/// channel still lets Weir in is asked, and not believed. (SPEC G-11)
async fn uninstalled(hub: &Hub, told: &Told) -> Result<(), FlowError> {
    let (connection, version) = connection(hub, told).await?;
    if !connection.is_active() {
        return Ok(());
    }
    let channel = call::channel(&connection).map_err(|error| FlowError::new(error.to_string()))?;
    let Some(store) = channel.store else { return Ok(()) };
    // A token of this process may outlive the application by a cache's time.
    hub.access_tokens.forget(&call::account(&connection));
    let token = call::access_token(hub, &told.organization, &connection, Grant::Merchant).await;
    let asked = match token {
        Ok(token) => {
            let (operation, _) = store.about(Call { connection: &connection, token: &token });
            let asking = asking(&told.organization, &connection, operation);
            let build = |token: &AccessToken| store.about(Call { connection: &connection, token }).1;
            call::ask(hub, asking, build, |response| store.read_about(response)).await.map(drop)
        }
        Err(error) => Err(error),
    };
    match asked {
        Ok(()) => Ok(()),
        Err(error) => refused(hub, &told.organization, (&connection, version), &error).await,
    }
}

/// Refused credentials are said on the connection; all else is tried again.
async fn refused(
    hub: &Hub,
    organization: &OrganizationId,
    connection: (&Connection, u64),
    error: &CallError,
) -> Result<(), FlowError> {
    if error.needs_attention() {
        let (code, message) = (error.reason(), error.to_string());
        return connections::needs_attention(hub, organization, connection, code, &message).await;
    }
    Err(FlowError::new(error.to_string()))
}
