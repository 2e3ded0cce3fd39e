//! What a channel delivers over the web: its connection, its secrets, the channel's own verification of
//! the bytes as they came, one durable send, and nothing else. Nothing that a delivery says of an order
//! is believed but its name. (SPEC G-01, OP-05; RELIABILITY §3)

use weir_channels::{
    Channel,
    channel::{About, Delivery, PrivacyRequest, WebhookError, Webhooks},
};
use weir_domain::{
    connection::{Connection, ConnectionStatus},
    ids::{ChannelName, ChannelOrderId, ConnectionId, OrganizationId, SignalId},
};

use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Message, Signal, SignalCause, Told, What},
    planted::{self, Bug},
    ports::{
        Key, OutgoingMessage, QueueName, Record,
        ledger::{Route, RouteTarget},
    },
};

/// Bytes of a body that are taken in (5 MiB). Channels' own stay far below.
pub const LARGEST_BODY: usize = 5 * 1_024 * 1_024;

/// Orders that one message names: with ids of 20 characters it stays below a fifth of what a queue takes.
const ORDERS_A_MESSAGE: usize = 2_000;

/// How the door answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What it tells is safe: so many messages.
    Safe(usize),
    /// It is well signed and there is nothing to do; why stands in the log.
    Nothing,
    /// Nothing shows that the channel sent it.
    Unverified,
    /// It is larger than [`LARGEST_BODY`].
    TooLarge,
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Safe(_) | Self::Nothing => 200,
            Self::Unverified => 401,
            Self::TooLarge => 413,
        }
    }
}

/// Takes in one delivery that came to a connection's address. A connection that there is not, or one
/// without a secret, is refused like a wrong signature.
///
/// # Errors
/// If it could not be made safe: the channel delivers it again.
pub async fn receive(
    hub: &Hub,
    channel: &ChannelName,
    connection: &ConnectionId,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Answer, FlowError> {
    if body.len() > LARGEST_BODY {
        return Ok(Answer::TooLarge);
    }
    let Some(webhooks) = webhooks(channel) else { return Ok(Answer::Unverified) };
    let route = Route::Connection(connection.clone());
    let Some((organization, connection)) = behind(hub, channel, route).await? else {
        return Ok(Answer::Unverified);
    };
    let credentials = hub.credentials(Site::WebhookRead, &organization, &connection.id).await?;
    let secrets = webhooks.secrets(&credentials);
    match webhooks.receive(&connection, &secrets, headers, body, hub.now()) {
        Ok(delivery) => pass_on(hub, organization, &connection, delivery).await,
        Err(WebhookError::Unverified(_)) if planted::is(Bug::SignatureNotChecked) => {
            let order = ChannelOrderId::parse("1").map_err(|error| FlowError::new(error.to_string()))?;
            send(hub, &connection, vec![look(hub, organization, &connection, order)]).await
        }
        Err(WebhookError::Unverified(why)) => {
            tracing::warn!(connection = %connection.id, why, "a delivery was refused");
            Ok(Answer::Unverified)
        }
        Err(WebhookError::Unusable(why)) => {
            tracing::warn!(connection = %connection.id, why, "a delivery says nothing that can be used");
            Ok(Answer::Nothing)
        }
    }
}

/// Takes in one delivery that came over a bus to which the channel alone can write: the bus is the trust.
///
/// # Errors
/// If it could not be made safe: it is delivered again.
pub async fn receive_from_bus(hub: &Hub, channel: &ChannelName, event: &[u8]) -> Result<Answer, FlowError> {
    let Some(webhooks) = webhooks(channel) else { return Ok(Answer::Unverified) };
    let delivery = match webhooks.receive_from_bus(event) {
        Ok(delivery) => delivery,
        Err(error) => {
            tracing::warn!(%channel, why = %error, "an event of the bus says nothing that can be used");
            return Ok(Answer::Nothing);
        }
    };
    let route = Route::Account {
        channel: channel.clone(),
        account: delivery.account.clone(),
        marketplace: String::new(),
    };
    match behind(hub, channel, route).await? {
        Some((organization, connection)) => pass_on(hub, organization, &connection, delivery).await,
        None => Ok(Answer::Nothing),
    }
}

fn webhooks(channel: &ChannelName) -> Option<&'static dyn Webhooks> {
    weir_channels::find(channel).and_then(|channel: &Channel| channel.webhooks)
}

/// The connection to which a route leads, if it is one of this channel.
async fn behind(
    hub: &Hub,
    channel: &ChannelName,
    route: Route,
) -> Result<Option<(OrganizationId, Connection)>, FlowError> {
    let found = hub.get(Site::WebhookRead, &[Key::Route(route)]).await?;
    let Some(Record::Route(RouteTarget::Connection(organization, id))) =
        found.into_values().next().map(|stored| stored.record)
    else {
        return Ok(None);
    };
    let found = hub.get(Site::WebhookRead, &[Key::Connection(organization.clone(), id)]).await?;
    Ok(match found.into_values().next().map(|stored| stored.record) {
        Some(Record::Connection(connection)) if connection.channel == *channel => {
            Some((organization, connection))
        }
        Some(_) | None => None,
    })
}

/// Sends what a verified delivery tells to the channel's import queue, in one send.
async fn pass_on(
    hub: &Hub,
    organization: OrganizationId,
    connection: &Connection,
    delivery: Delivery,
) -> Result<Answer, FlowError> {
    let is_off = connection.status == ConnectionStatus::Inactive;
    let whats = match delivery.about {
        About::Nothing => Vec::new(),
        // What changes meanwhile is found by the search when the connection is set to work again.
        About::Order(_) | About::Part(_) if is_off => Vec::new(),
        About::Order(order) => {
            return send(hub, connection, vec![look(hub, organization, connection, order)]).await;
        }
        About::Part(part) => vec![What::Part(part.id)],
        About::Uninstalled => vec![What::Uninstalled],
        About::Privacy(PrivacyRequest::CustomerData { request, orders, .. }) => {
            let part = |orders| What::CustomerData { request: request.clone(), orders };
            // A buyer without an order is answered as well.
            if orders.is_empty() { vec![part(Vec::new())] } else { in_parts(&orders, part) }
        }
        About::Privacy(PrivacyRequest::EraseCustomer { orders, .. }) => {
            in_parts(&orders, |orders| What::EraseCustomer { orders })
        }
        About::Privacy(PrivacyRequest::EraseShop { .. }) => vec![What::EraseShop { after: None }],
    };
    let told = |what| {
        Message::Told(Told {
            id: SignalId::from_token(&hub.ids.token()),
            organization: organization.clone(),
            connection: connection.id.clone(),
            what,
            at: hub.now(),
        })
    };
    send(hub, connection, whats.into_iter().map(told).collect()).await
}

fn look(hub: &Hub, organization: OrganizationId, connection: &Connection, order: ChannelOrderId) -> Message {
    Message::Look(Signal {
        id: SignalId::from_token(&hub.ids.token()),
        organization,
        connection: connection.id.clone(),
        channel_order_id: order,
        snapshot_at: None,
        cause: SignalCause::Notification,
        requested_by: None,
        at: hub.now(),
    })
}

fn in_parts(orders: &[ChannelOrderId], what: impl Fn(Vec<ChannelOrderId>) -> What) -> Vec<What> {
    orders.chunks(ORDERS_A_MESSAGE).map(|orders| what(orders.to_vec())).collect()
}

async fn send(hub: &Hub, connection: &Connection, messages: Vec<Message>) -> Result<Answer, FlowError> {
    if messages.is_empty() {
        return Ok(Answer::Nothing);
    }
    let outgoing = |message: &Message| OutgoingMessage {
        id: hub.ids.token(),
        group: connection.id.to_string(),
        body: message.to_json(),
    };
    let outgoing: Vec<OutgoingMessage> = messages.iter().map(outgoing).collect();
    hub.send(Site::WebhookSignal, &QueueName::Import(connection.channel.clone()), &outgoing).await?;
    Ok(Answer::Safe(outgoing.len()))
}
