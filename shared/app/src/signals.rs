//! A person's signal: "look at this order now", also at one that was never seen. (SPEC G-01)

use weir_domain::ids::{ChannelOrderId, ConnectionId, OrganizationId, SignalId};

use crate::{
    connections,
    gate::Site,
    hub::Hub,
    lists::Window,
    message::{Signal, SignalCause},
    outcomes::{self, OutcomeFilter},
    people::Refusal,
    ports::QueueName,
    recheck::outgoing,
};

/// How the order is named that a signal is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By the channel's own id.
    ChannelOrderId(ChannelOrderId),
    /// By the number that people see.
    OrderNo(String),
}

/// "Look at this order now": also at one that was never seen. `token` makes the signal's id.
///
/// # Errors
/// If there is no such connection, or the number names no order and cannot be the channel's id.
pub async fn signal(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    token: &str,
    named: Named,
    requested_by: &str,
) -> Result<Signal, Refusal> {
    let on = connections::read(hub, organization, connection).await?;
    let channel_order_id = match named {
        Named::ChannelOrderId(id) => id,
        Named::OrderNo(number) => by_number(hub, organization, connection, &number).await?,
    };
    let signal = Signal {
        id: SignalId::from_token(token),
        organization: organization.clone(),
        connection: connection.clone(),
        channel_order_id,
        snapshot_at: None,
        cause: SignalCause::Manual,
        requested_by: Some(requested_by.to_owned()),
        at: hub.now(),
    };
    hub.send(Site::PersonSend, &QueueName::Import(on.channel), &[outgoing(&signal)]).await?;
    Ok(signal)
}

/// Requests that a search for a number makes: the newest 20,000 orders that were seen.
const PARTS_OF_A_SEARCH: usize = 10;

/// The channel's id of the order that people call so. One that was never seen may have its channel's
/// own id for its number.
async fn by_number(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    number: &str,
) -> Result<ChannelOrderId, Refusal> {
    let filter = OutcomeFilter {
        connection: Some(connection.clone()),
        order_no: Some(number.to_owned()),
        ..OutcomeFilter::default()
    };
    let mut places = None;
    for _ in 0..PARTS_OF_A_SEARCH {
        let part = outcomes::list(hub, organization, &filter, &Window { places, limit: 1 }).await?;
        if let Some(found) = part.data.into_iter().next() {
            return Ok(found.channel_order_id);
        }
        places = part.next;
        if places.is_none() {
            break;
        }
    }
    ChannelOrderId::parse(number).map_err(|_| {
        Refusal::field("order_no", "No order of that number was ever seen. Give the channel's own id of it.")
    })
}
