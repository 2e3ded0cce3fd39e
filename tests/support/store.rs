//! A merchant who sells in a store of the sandbox's BigCommerce: the connection, and what reaches the
//! webhook door. What is here of its orders is told as of a web shop's.

use weir_app::{
    connections,
    ports::{
        Commit, Expect, Key, QueueName, Record,
        ledger::{Route, RouteTarget},
    },
    webhook,
};
use weir_channels::channel::{Credentials, Secret};
use weir_domain::{
    Timestamp,
    connection::{Connection, ConnectionStatus, RemoteAccount, ShopSettings},
    ids::{ChannelName, ConnectionId, LocationId, OrganizationId},
};
use weir_sandbox::{
    Now,
    bigcommerce::{OrderSpec, StoreSpec, Webhook},
};

use crate::{House, web_shop::WebShop};

/// The token of its calls.
pub const TOKEN: &str = "bctoken";

/// With what a store signs.
pub const SECRET: &str = "bcsecret";

/// The channel.
#[must_use]
pub fn bigcommerce() -> ChannelName {
    ChannelName::parse("bigcommerce").unwrap()
}

/// Its queue of signals.
#[must_use]
pub fn import_queue() -> QueueName {
    QueueName::Import(bigcommerce())
}

/// Its queue of what is brought to it.
#[must_use]
pub fn push_queue() -> QueueName {
    QueueName::Push(bigcommerce())
}

/// Takes every due delivery of BigCommerce to the door; how it is answered is told there.
pub async fn deliver(house: &House) -> usize {
    let now = Now::at(house.now());
    let due: Vec<Webhook> = house.crossing.bigcommerce().take_webhooks(now);
    for delivery in &due {
        let id = delivery.destination.rsplit('/').next().unwrap();
        let connection = ConnectionId::parse(id).unwrap();
        let (headers, body) = (&delivery.headers, &delivery.body);
        let answer = webhook::receive(&house.hub, &bigcommerce(), &connection, headers, body).await.unwrap();
        house.crossing.bigcommerce().webhook_answered(delivery, answer.status() == 200, now);
    }
    due.len()
}

impl House {
    /// A merchant with a store, whose connection never was at work.
    pub async fn store(&self, hash: &str, change: impl FnOnce(&mut ShopSettings)) -> WebShop {
        self.connect_store(hash, |connection| change(&mut connection.settings.shop)).await
    }

    /// A merchant with a store at work, for processes that reach the house's BigCommerce at this address.
    pub async fn store_at(&self, hash: &str, address: &str) -> WebShop {
        let since = Some(self.now());
        self.connect_store(hash, |connection| {
            connection.endpoints.api = Some(address.to_owned());
            connection.status = ConnectionStatus::Active;
            (connection.first_activated_at, connection.activated_at) = (since, since);
        })
        .await
    }

    /// Another store of the same merchant, who ships from the same place.
    pub async fn store_beside(&self, shop: &WebShop, hash: &str) -> WebShop {
        self.connect_store_of((&shop.organization, &shop.location), hash, |_| {}).await
    }

    async fn connect_store(&self, hash: &str, change: impl FnOnce(&mut Connection)) -> WebShop {
        let organization = self.organization(hash).await;
        let location = self.own_location(&organization, hash).await;
        self.connect_store_of((&organization, &location), hash, change).await
    }

    async fn connect_store_of(
        &self,
        (organization, location): (&OrganizationId, &LocationId),
        hash: &str,
        change: impl FnOnce(&mut Connection),
    ) -> WebShop {
        let (organization, location) = (organization.clone(), location.clone());
        let connection = ConnectionId::from_token(&format!("{hash}store"));
        let shop = WebShop { organization, connection, location, domain: hash.to_owned() };
        self.crossing.bigcommerce().open_store(StoreSpec::new(hash, TOKEN, SECRET));
        let credentials: Credentials = [("access_token", TOKEN), ("client_secret", SECRET)]
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), Secret::new(secret)))
            .collect();
        self.hub.secrets.keep(&shop.organization, &shop.connection, &credentials).await.unwrap();
        let settings = weir_channels::bigcommerce::CHANNEL.default_settings();
        let remote = RemoteAccount { account: hash.to_owned(), marketplace: None };
        let mut connection = Connection {
            default_location: Some(shop.location.clone()),
            ..Connection::new(shop.connection.clone(), bigcommerce(), remote, settings, self.now())
        };
        change(&mut connection);
        let mut commit = Commit::default();
        let key = Key::Connection(shop.organization.clone(), shop.connection.clone());
        commit.put(key, Record::Connection(connection), Expect::Absent);
        let target = RouteTarget::Connection(shop.organization.clone(), shop.connection.clone());
        let door = Key::Route(Route::Connection(shop.connection.clone()));
        commit.put(door, Record::Route(target), Expect::Absent);
        self.hub.ledger.commit(&commit).await.unwrap();
        shop
    }

    /// The store's connection goes to work.
    pub async fn activate_store(&self, shop: &WebShop) {
        connections::activate(&self.hub, &shop.organization, &shop.connection).await.unwrap();
    }

    /// A store's connection as it is.
    pub async fn store_connection(&self, shop: &WebShop) -> Connection {
        let key = Key::Connection(shop.organization.clone(), shop.connection.clone());
        match self.record(key).await.unwrap().record {
            Record::Connection(connection) => connection,
            other => panic!("{other:?}"),
        }
    }

    /// Somebody places an order.
    pub fn place_in_store(&self, shop: &WebShop, spec: OrderSpec, at: Timestamp) -> u64 {
        self.crossing.bigcommerce().place_order(&shop.domain, spec, Now::at(at)).unwrap()
    }
}
