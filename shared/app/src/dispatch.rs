//! What commits left to be sent: work goes to a queue, events to the bus, and each item is removed
//! after its send is durable. At least once: a crash in between sends it again, under the same id.

use weir_channels::CHANNELS;
use weir_domain::{
    event::{DomainEvent, Effect},
    ids::{ChannelName, FulfillmentId, OrganizationId, SalesOrderId},
};

use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Message, Push, Recheck},
    planted::{self, Bug},
    ports::{Announcement, Key, OutgoingMessage, QueueName, Record, ledger::OutboxKey},
};

/// Sends outgoing items and removes each after its send.
///
/// # Errors
/// The first that could not be sent; those before it are sent and removed.
pub async fn dispatch(hub: &Hub, items: &[(Key, Effect)]) -> Result<(), FlowError> {
    for (key, effect) in items {
        let Key::Outbox(organization, outbox) = key else {
            return Err(FlowError::new("only outgoing items are dispatched"));
        };
        if planted::is(Bug::RemoveBeforeSend) {
            hub.remove(Site::DispatchRemove, std::slice::from_ref(key)).await?;
        }
        send(hub, organization, outbox, effect).await?;
        if !planted::is(Bug::RemoveBeforeSend) {
            hub.remove(Site::DispatchRemove, std::slice::from_ref(key)).await?;
        }
    }
    Ok(())
}

async fn send(
    hub: &Hub,
    organization: &OrganizationId,
    key: &OutboxKey,
    effect: &Effect,
) -> Result<(), FlowError> {
    match effect {
        Effect::Announce(event) => {
            let announcement = Announcement {
                id: key.message_id(),
                name: event.name(),
                detail: detail(organization, event, key).to_string(),
            };
            hub.announce(Site::DispatchAnnounce, &[announcement]).await?;
            match event {
                DomainEvent::OrderDelivered { order, .. } if order.source().is_some() => {
                    let channel = channel_of(hub, organization, order).await?;
                    if weir_channels::find(&channel).is_some_and(|channel| channel.completion.is_some()) {
                        let all = FulfillmentId::from_token(Push::WHOLE_ORDER);
                        bring(hub, organization, key, (channel, order, &all)).await?;
                    }
                    Ok(())
                }
                DomainEvent::OrderDelivered { .. }
                | DomainEvent::OrderImported { .. }
                | DomainEvent::OrderChanged { .. }
                | DomainEvent::OrderDeleted { .. }
                | DomainEvent::OrderNotImported { .. }
                | DomainEvent::ConnectionNeedsAttention { .. }
                | DomainEvent::RunFinished { .. } => Ok(()),
            }
        }
        Effect::CreateFulfillment { order, fulfillment } => {
            let channel = channel_of(hub, organization, order).await?;
            // A shop that hears of whole orders alone is told when the last of it is delivered.
            if weir_channels::find(&channel).is_some_and(|channel| channel.fulfillments.is_none()) {
                if planted::is(Bug::CompletesInPart) {
                    let all = FulfillmentId::from_token(Push::WHOLE_ORDER);
                    return bring(hub, organization, key, (channel, order, &all)).await;
                }
                return Ok(());
            }
            bring(hub, organization, key, (channel, order, fulfillment)).await
        }
        Effect::RecheckWaiting { connection, code } => {
            let recheck = Recheck {
                organization: organization.clone(),
                connection: connection.clone(),
                code: *code,
                after: None,
            };
            let message = OutgoingMessage {
                id: key.message_id(),
                group: organization.to_string(),
                body: Message::Recheck(recheck).to_json(),
            };
            // One list holds what waits of all channels, so any one import queue will do.
            let Some(channel) = CHANNELS.iter().find_map(|channel| ChannelName::parse(channel.name).ok())
            else {
                return Err(FlowError::new("this build knows no channel"));
            };
            Ok(hub.send(Site::DispatchSend, &QueueName::Import(channel), &[message]).await?)
        }
    }
}

/// Has what was packed or delivered brought to the shop that took the order.
async fn bring(
    hub: &Hub,
    organization: &OrganizationId,
    key: &OutboxKey,
    (channel, order, fulfillment): (ChannelName, &SalesOrderId, &FulfillmentId),
) -> Result<(), FlowError> {
    let push =
        Push { organization: organization.clone(), order: order.clone(), fulfillment: fulfillment.clone() };
    let message = OutgoingMessage {
        id: key.message_id(),
        group: organization.to_string(),
        body: Message::Push(push).to_json(),
    };
    Ok(hub.send(Site::DispatchSend, &QueueName::Push(channel), &[message]).await?)
}

/// The channel that an order came from.
async fn channel_of(
    hub: &Hub,
    organization: &OrganizationId,
    order: &SalesOrderId,
) -> Result<ChannelName, FlowError> {
    let Some((connection, _)) = order.source() else {
        return Err(FlowError::new("an order that was made here is brought to no shop"));
    };
    let key = Key::Connection(organization.clone(), connection.clone());
    let found = hub.get(Site::DispatchRead, std::slice::from_ref(&key)).await?;
    match found.into_values().next().map(|stored| stored.record) {
        Some(Record::Connection(connection)) => Ok(connection.channel),
        Some(_) | None => Err(FlowError::missing("connection", &connection, organization)),
    }
}

/// An event's detail: names of things, no personal data. Its shapes are part of what others build on.
fn detail(organization: &OrganizationId, event: &DomainEvent, key: &OutboxKey) -> serde_json::Value {
    let mut detail = match event {
        DomainEvent::OrderImported { order, order_no }
        | DomainEvent::OrderChanged { order, order_no }
        | DomainEvent::OrderDelivered { order, order_no }
        | DomainEvent::OrderDeleted { order, order_no } => {
            serde_json::json!({ "sales_order_id": order.as_str(), "order_no": order_no })
        }
        DomainEvent::OrderNotImported { connection, order_no, kind, code } => serde_json::json!({
            "connection_id": connection.as_str(), "order_no": order_no, "kind": kind.as_str(), "code": code.as_str(),
        }),
        DomainEvent::ConnectionNeedsAttention { connection, code } => {
            serde_json::json!({ "connection_id": connection.as_str(), "code": code.as_str() })
        }
        DomainEvent::RunFinished { connection, run } => {
            serde_json::json!({ "connection_id": connection.as_str(), "run_id": run.as_str() })
        }
    };
    detail["organization_id"] = organization.as_str().into();
    detail["id"] = key.message_id().into();
    detail["version"] = 1.into();
    detail
}
