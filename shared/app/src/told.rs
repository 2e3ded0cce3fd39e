//! What a channel delivered besides the names of orders: parts of orders, an application that was taken
//! out, and what the laws of privacy ask for. (SPEC G-11, OP-05)

use weir_channels::channel::{AccessToken, Call, FindOrder, Grant, OrderPart};
use weir_domain::{
    connection::Connection,
    ids::{ChannelOrderId, OrganizationId, SalesOrderId, SignalId},
};

use crate::{
    call::{self, Asking, CallError},
    connections, erase,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Signal, SignalCause, Told, What},
    ports::{Key, Record},
};

/// Calls that finding an order may take.
const STEPS: usize = 5;

/// What came of it.
pub(crate) enum Outcome {
    /// This order is to be looked at.
    Look(Signal),
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
            for order in orders {
                erase::note_request(hub, &told.organization, &id(order), request.as_deref()).await?;
            }
        }
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

/// Finds the order of a part that changed.
async fn part_changed(hub: &Hub, told: &Told, part: &str) -> Result<Outcome, FlowError> {
    let (connection, version) = connection(hub, told).await?;
    if !connection.is_active() {
        return Ok(Outcome::Done);
    }
    let found = find(hub, &told.organization, &connection, part).await;
    match found {
        Ok(Some(order)) => Ok(Outcome::Look(Signal {
            id: SignalId::from_token(&hub.ids.token()),
            organization: told.organization.clone(),
            connection: told.connection.clone(),
            channel_order_id: order,
            snapshot_at: None,
            cause: SignalCause::Notification,
            requested_by: None,
            at: hub.now(),
        })),
        Ok(None) => Ok(Outcome::Done),
        Err(error) => {
            refused(hub, &told.organization, (&connection, version), &error).await?;
            Ok(Outcome::Done)
        }
    }
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
