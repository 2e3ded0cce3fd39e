//! What a channel tells by itself is a signal too: the order is looked at as it is now, and nothing
//! in the notification is believed but its name. (SPEC G-01, KF-14)

use weir_channels::channel::Notice;
use weir_domain::{
    connection::{Connection, ConnectionStatus},
    ids::{ChannelName, ChannelOrderId, OrganizationId, SignalId},
};

use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Signal, SignalCause},
    ports::{
        Key, QueueName, Record,
        ledger::{Route, RouteTarget},
    },
    recheck::outgoing,
};

/// Handles one message of a channel's notifications: one signal for each matching connection that is
/// not switched off. Returns how many.
///
/// # Errors
/// The message cannot be read, or something unexpected; it returns to its queue.
pub async fn handle(hub: &Hub, channel: &ChannelName, body: &[u8]) -> Result<usize, FlowError> {
    let notifications = weir_channels::find(channel)
        .and_then(|channel| channel.notifications)
        .ok_or_else(|| FlowError::new(format!("{channel} has no notifications")))?;
    let notice = notifications.read(body).map_err(|error| FlowError::new(error.to_string()))?;
    let (account, marketplace, order) = match notice {
        Notice::Order { account, marketplace, channel_order_id } => (account, marketplace, channel_order_id),
        Notice::Other(_) => return Ok(0),
    };
    let mut signalled = 0;
    for (organization, connection) in matching(hub, channel, &account, marketplace.as_deref()).await? {
        if connection.status == ConnectionStatus::Inactive {
            continue;
        }
        let signal = signal(hub, organization, &connection, &order);
        hub.send(Site::NoticeSignal, &QueueName::Import(channel.clone()), &[outgoing(&signal)]).await?;
        signalled += 1;
    }
    Ok(signalled)
}

fn signal(
    hub: &Hub,
    organization: OrganizationId,
    connection: &Connection,
    order: &ChannelOrderId,
) -> Signal {
    Signal {
        id: SignalId::from_token(&hub.ids.token()),
        organization,
        connection: connection.id.clone(),
        channel_order_id: order.clone(),
        snapshot_at: None,
        cause: SignalCause::Notification,
        requested_by: None,
        at: hub.now(),
    }
}

/// The connections of an account, or the one of its marketplace if the channel named it.
async fn matching(
    hub: &Hub,
    channel: &ChannelName,
    account: &str,
    marketplace: Option<&str>,
) -> Result<Vec<(OrganizationId, Connection)>, FlowError> {
    let Some(marketplace) = marketplace else {
        return of_account(hub, channel, account).await;
    };
    let route = Key::Route(Route::Account {
        channel: channel.clone(),
        account: account.to_owned(),
        marketplace: marketplace.to_owned(),
    });
    let found = hub.get(Site::NoticeRead, &[route]).await?;
    let Some(Record::Route(RouteTarget::Connection(organization, connection))) =
        found.into_values().next().map(|stored| stored.record)
    else {
        return Ok(Vec::new());
    };
    let found = hub.get(Site::NoticeRead, &[Key::Connection(organization.clone(), connection)]).await?;
    Ok(found
        .into_values()
        .filter_map(|stored| match stored.record {
            Record::Connection(connection) => Some((organization.clone(), connection)),
            _ => None,
        })
        .collect())
}

async fn of_account(
    hub: &Hub,
    channel: &ChannelName,
    account: &str,
) -> Result<Vec<(OrganizationId, Connection)>, FlowError> {
    let mut matching = Vec::new();
    for organization in crate::poll::organizations(hub, Site::NoticeRead).await? {
        for (connection, _) in crate::poll::connections(hub, Site::NoticeRead, &organization).await? {
            if connection.channel == *channel && connection.remote.account == account {
                matching.push((organization.clone(), connection));
            }
        }
    }
    Ok(matching)
}
