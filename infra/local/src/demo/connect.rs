//! The demo's connections, with their endpoints at the sandbox: one for each of Amazon's marketplaces, one for
//! the web shop, and one for each store.

use weir_app::{
    Hub,
    connections::{self, ConnectionPatch, NewConnection},
    people::Refusal,
};
use weir_channels::{
    Channel,
    channel::{Credentials, Secret, Settings},
};
use weir_domain::{
    connection::{Connection, Endpoints, NotificationLink, RemoteAccount},
    ids::{ChannelName, ConnectionId, LocationId, OrganizationId},
};
use weir_sandbox::{
    amazon::{self, demo::DemoMarketplace},
    bigcommerce, shopify,
};

use super::{location, own_places, token};
use crate::sandbox::Sandbox;

/// Makes, directs and activates what is missing of those to Amazon.
pub(super) async fn marketplaces(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
) -> Result<(), Refusal> {
    for at in &amazon::Demo::MARKETPLACES {
        let new = marketplace(at, amazon_at(sandbox.base_url()))?;
        connect(hub, organization, &marketplace_token(at), new).await?;
    }
    Ok(())
}

/// Makes, directs and activates the one to the web shop.
pub(super) async fn web_shop(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
) -> Result<(), Refusal> {
    connect(hub, organization, &shop_token(), shop(sandbox)?).await
}

/// Makes, directs and activates those to the stores.
pub(super) async fn stores(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
) -> Result<(), Refusal> {
    for hash in bigcommerce::Demo::STORES {
        connect(hub, organization, &store_token(hash), store(hash, sandbox)?).await?;
    }
    Ok(())
}

/// The connection to the shop of this domain, or to the store of this hash.
pub(super) fn of_shop(shop: &str) -> Option<ConnectionId> {
    if shop == shopify::Demo::SHOP {
        return Some(ConnectionId::from_token(&shop_token()));
    }
    let is_store = bigcommerce::Demo::STORES.contains(&shop);
    is_store.then(|| ConnectionId::from_token(&store_token(shop)))
}

/// After a start: sandbox and hub may have other addresses, and the sandbox has not forgotten who
/// subscribed. What a person directed elsewhere stays there.
pub(super) async fn again(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
) -> Result<(), Refusal> {
    for at in &amazon::Demo::MARKETPLACES {
        let id = ConnectionId::from_token(&marketplace_token(at));
        let connection = found(hub, organization, &id, sandbox, amazon_at).await?;
        if matches!(connection.notifications, NotificationLink::Subscribed { .. }) {
            sandbox.remember_subscription(at.seller_id);
        }
    }
    let shop = ConnectionId::from_token(&shop_token());
    linked(hub, organization, found(hub, organization, &shop, sandbox, shopify_at).await?).await
}

/// As [`again`], of the stores.
pub(super) async fn stores_again(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
) -> Result<(), Refusal> {
    for hash in bigcommerce::Demo::STORES {
        let id = ConnectionId::from_token(&store_token(hash));
        linked(hub, organization, found(hub, organization, &id, sandbox, bigcommerce_at).await?).await?;
    }
    Ok(())
}

/// Has a shop deliver to where the hub is now.
async fn linked(hub: &Hub, organization: &OrganizationId, shop: Connection) -> Result<(), Refusal> {
    if shop.is_active() {
        connections::link(hub, organization, &shop).await?;
    }
    Ok(())
}

async fn connect(
    hub: &Hub,
    organization: &OrganizationId,
    token: &str,
    new: NewConnection,
) -> Result<(), Refusal> {
    let endpoints = new.endpoints.clone();
    let made = connections::create(hub, organization, token, new).await?;
    if made.endpoints != endpoints {
        direct(hub, organization, &made.id, endpoints).await?;
    }
    connections::activate(hub, organization, &made.id).await.map(drop)
}

/// A connection of the demo, directed to where the sandbox is now if that is where it was.
async fn found(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    sandbox: &Sandbox,
    endpoints: fn(&str) -> Endpoints,
) -> Result<Connection, Refusal> {
    let connection = connections::read(hub, organization, id).await?;
    let was_here = connection.endpoints == endpoints(sandbox.former_url());
    if was_here && sandbox.former_url() != sandbox.base_url() {
        return direct(hub, organization, id, endpoints(sandbox.base_url())).await;
    }
    Ok(connection)
}

async fn direct(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    endpoints: Endpoints,
) -> Result<Connection, Refusal> {
    let patch = ConnectionPatch { endpoints: Some(endpoints), ..ConnectionPatch::default() };
    connections::change(hub, organization, id, &patch).await
}

fn marketplace(at: &DemoMarketplace, endpoints: Endpoints) -> Result<NewConnection, Refusal> {
    let remote =
        RemoteAccount { account: at.seller_id.to_owned(), marketplace: Some(at.marketplace.id.to_owned()) };
    let credentials = [
        ("client_id", amazon::Demo::CLIENT_ID),
        ("client_secret", amazon::Demo::CLIENT_SECRET),
        ("refresh_token", at.refresh_token),
    ];
    let channel = &weir_channels::amazon::CHANNEL;
    let new = new(channel, at.marketplace.name, remote, &credentials, endpoints)?;
    Ok(NewConnection { default_location: Some(location(at.marketplace.country)), ..new })
}

fn shop(sandbox: &Sandbox) -> Result<NewConnection, Refusal> {
    let remote = RemoteAccount { account: shopify::Demo::SHOP.to_owned(), marketplace: None };
    let credentials =
        [("client_id", shopify::Demo::CLIENT_ID), ("client_secret", shopify::Demo::CLIENT_SECRET)];
    let channel = &weir_channels::shopify::CHANNEL;
    let new = new(channel, "Weir demo shop", remote, &credentials, shopify_at(sandbox.base_url()))?;
    let location_map: Vec<(String, LocationId)> =
        sandbox.web_locations().into_iter().zip(own_places()).collect();
    // Off by default; the demo shows what comes back, too.
    let settings = Settings::from([("bring_returns".to_owned(), Some(true.into()))]);
    Ok(NewConnection { default_location: own_places().next(), location_map, settings, ..new })
}

fn store(hash: &str, sandbox: &Sandbox) -> Result<NewConnection, Refusal> {
    let remote = RemoteAccount { account: hash.to_owned(), marketplace: None };
    let credentials = [
        ("access_token", bigcommerce::Demo::ACCESS_TOKEN),
        ("client_secret", bigcommerce::Demo::CLIENT_SECRET),
    ];
    let is_first = hash == bigcommerce::Demo::STORES[0];
    let name = if is_first { "Weir demo store" } else { "Weir trade store" };
    let channel = &weir_channels::bigcommerce::CHANNEL;
    let new = new(channel, name, remote, &credentials, bigcommerce_at(sandbox.base_url()))?;
    // A store gives its locations the numbers from 1 on.
    let location_map: Vec<(String, LocationId)> =
        (1..).map(|number: u8| number.to_string()).zip(own_places()).collect();
    // The two stores differ: what waits at the first comes in at the second.
    let chosen = |name: &str| (name.to_owned(), Some((!is_first).into()));
    let settings = Settings::from([chosen("awaiting_payment_orders"), chosen("create_custom_items")]);
    Ok(NewConnection { default_location: own_places().next(), location_map, settings, ..new })
}

fn new(
    channel: &Channel,
    name: &str,
    remote: RemoteAccount,
    credentials: &[(&str, &str)],
    endpoints: Endpoints,
) -> Result<NewConnection, Refusal> {
    let channel = ChannelName::parse(channel.name);
    let secret = |(name, value): &(&str, &str)| ((*name).to_owned(), Secret::new(*value));
    Ok(NewConnection {
        channel: channel.map_err(|error| Refusal::field("channel", error.to_string()))?,
        name: name.to_owned(),
        remote,
        credentials: credentials.iter().map(secret).collect::<Credentials>(),
        endpoints,
        default_location: None,
        location_map: Vec::new(),
        settings: Settings::new(),
    })
}

fn amazon_at(base: &str) -> Endpoints {
    Endpoints { api: Some(base.to_owned()), token: Some(format!("{base}/auth/o2/token")) }
}

fn shopify_at(base: &str) -> Endpoints {
    let api = format!("{base}/{}", shopify::Demo::SHOP);
    Endpoints { token: Some(format!("{api}/admin/oauth/access_token")), api: Some(api) }
}

fn bigcommerce_at(base: &str) -> Endpoints {
    Endpoints { api: Some(base.to_owned()), token: None }
}

fn marketplace_token(at: &DemoMarketplace) -> String {
    token(&[weir_channels::amazon::CHANNEL.name, at.marketplace.country])
}

fn shop_token() -> String {
    token(&[weir_channels::shopify::CHANNEL.name])
}

fn store_token(hash: &str) -> String {
    token(&[weir_channels::bigcommerce::CHANNEL.name, hash])
}
