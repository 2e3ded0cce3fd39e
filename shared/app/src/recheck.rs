//! "Look at what waits for this reason": its cause may have gone away, so each waiting order gets a
//! signal and is decided again, out of its kept snapshot. (SPEC G-04)

use weir_domain::{
    ids::SignalId,
    outcome::{Observation, OutcomeKind},
};

use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    lists,
    message::{Message, Recheck, Signal, SignalCause},
    people::only,
    ports::{Index, OutgoingMessage, QueueName, Record, Stored},
};

/// Orders that one message rechecks before it hands the rest on to another one.
const ORDERS_A_MESSAGE: usize = 200;

/// Signals what waits. Returns how many orders.
pub(crate) async fn recheck(hub: &Hub, recheck: &Recheck) -> Result<usize, FlowError> {
    let index = Index::Observations(recheck.organization.clone(), OutcomeKind::Waiting);
    let page = hub.list(Site::RecheckRead, &index, recheck.after.as_deref(), ORDERS_A_MESSAGE).await?;
    let index = Index::Connections(recheck.organization.clone());
    let connections = lists::all(hub, Site::RecheckRead, index, only!(Connection)).await?;
    let channel_of = |observation: &Observation| {
        let (_, connection, _) =
            connections.iter().find(|(_, connection, _)| connection.id == observation.connection)?;
        Some(connection.channel.clone())
    };
    let mut signalled = 0;
    for (_, Stored { record, .. }) in &page.records {
        let Record::Observation(observation) = record else { continue };
        let is_meant =
            recheck.connection.as_ref().is_none_or(|connection| *connection == observation.connection)
                && recheck.code.is_none_or(|code| code == observation.outcome.reason.code);
        let Some(channel) = channel_of(observation).filter(|_| is_meant) else { continue };
        let message = signal_for(hub, recheck, observation);
        hub.send(Site::RecheckSignal, &QueueName::Import(channel), &[message]).await?;
        signalled += 1;
    }
    if let Some(after) = page.next
        && let Some((_, connection, _)) = connections.first()
    {
        let rest = Recheck { after: Some(after.clone()), ..recheck.clone() };
        let message = OutgoingMessage {
            id: format!("recheck-{after}"),
            group: recheck.organization.to_string(),
            body: Message::Recheck(rest).to_json(),
        };
        hub.send(Site::RecheckSignal, &QueueName::Import(connection.channel.clone()), &[message]).await?;
    }
    Ok(signalled)
}

fn signal_for(hub: &Hub, recheck: &Recheck, observation: &Observation) -> OutgoingMessage {
    let signal = Signal {
        id: SignalId::from_token(&hub.ids.token()),
        organization: recheck.organization.clone(),
        connection: observation.connection.clone(),
        channel_order_id: observation.channel_order_id.clone(),
        snapshot_at: observation.channel_updated_at,
        cause: SignalCause::Waiting,
        requested_by: None,
        at: hub.now(),
    };
    outgoing(&signal)
}

/// A signal as a message.
pub(crate) fn outgoing(signal: &Signal) -> OutgoingMessage {
    OutgoingMessage {
        id: signal.id.to_string(),
        group: signal.connection.to_string(),
        body: Message::Look(signal.clone()).to_json(),
    }
}
