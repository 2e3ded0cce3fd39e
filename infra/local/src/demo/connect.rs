//! The demo's connections: one for each marketplace, with its endpoints at the sandbox.

use weir_app::{
    Hub,
    connections::{self, ConnectionPatch, NewConnection},
    people::Refusal,
};
use weir_channels::channel::{Credentials, Secret};
use weir_domain::{
    connection::{Endpoints, NotificationLink, RemoteAccount},
    ids::{ChannelName, ConnectionId, OrganizationId},
};
use weir_sandbox::amazon::{Demo, demo::DemoMarketplace};

use super::{location, token};
use crate::sandbox::Sandbox;

/// Makes, directs and activates what is missing.
pub(super) async fn all(hub: &Hub, organization: &OrganizationId, sandbox: &Sandbox) -> Result<(), Refusal> {
    for at in &Demo::MARKETPLACES {
        let token = connection_token(at);
        let made = connections::create(hub, organization, &token, new(at, sandbox)?).await?;
        if made.endpoints != endpoints(sandbox.base_url()) {
            direct(hub, organization, &made.id, sandbox).await?;
        }
        connections::activate(hub, organization, &made.id).await?;
    }
    Ok(())
}

/// After a start: the sandbox may have another address, and has not forgotten who subscribed. What a
/// person directed elsewhere stays there.
pub(super) async fn again(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
) -> Result<(), Refusal> {
    for at in &Demo::MARKETPLACES {
        let id = ConnectionId::from_token(&connection_token(at));
        let connection = connections::read(hub, organization, &id).await?;
        let was_here = connection.endpoints == endpoints(sandbox.former_url());
        if was_here && sandbox.former_url() != sandbox.base_url() {
            direct(hub, organization, &id, sandbox).await?;
        }
        if matches!(connection.notifications, NotificationLink::Subscribed { .. }) {
            sandbox.remember_subscription(at.seller_id);
        }
    }
    Ok(())
}

/// Points a connection of the demo at the sandbox of this run.
async fn direct(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    sandbox: &Sandbox,
) -> Result<(), Refusal> {
    let endpoints = Some(endpoints(sandbox.base_url()));
    let patch = ConnectionPatch { endpoints, ..ConnectionPatch::default() };
    connections::change(hub, organization, id, &patch).await.map(drop)
}

fn new(at: &DemoMarketplace, sandbox: &Sandbox) -> Result<NewConnection, Refusal> {
    let channel = ChannelName::parse(weir_channels::amazon::CHANNEL.name);
    let credentials = [
        ("client_id", Demo::CLIENT_ID),
        ("client_secret", Demo::CLIENT_SECRET),
        ("refresh_token", at.refresh_token),
    ];
    Ok(NewConnection {
        channel: channel.map_err(|error| Refusal::field("channel", error.to_string()))?,
        name: at.marketplace.name.to_owned(),
        remote: RemoteAccount {
            account: at.seller_id.to_owned(),
            marketplace: Some(at.marketplace.id.to_owned()),
        },
        credentials: Credentials::from(
            credentials.map(|(name, value)| (name.to_owned(), Secret::new(value))),
        ),
        endpoints: endpoints(sandbox.base_url()),
        default_location: Some(location(at.marketplace.country)),
        location_map: Vec::new(),
        sku_aliasing: false,
        orders_api: None,
    })
}

fn endpoints(base: &str) -> Endpoints {
    Endpoints { api: Some(base.to_owned()), token: Some(format!("{base}/auth/o2/token")) }
}

fn connection_token(at: &DemoMarketplace) -> String {
    token(&[weir_channels::amazon::CHANNEL.name, at.marketplace.country])
}
