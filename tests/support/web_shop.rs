//! A merchant who sells in a web shop of the sandbox's Shopify: the connection, its stock, and what
//! reaches the webhook door.

use weir_app::{
    acts::fulfill::{self, NewParcel},
    catalogue::locations::{self, NewLocation},
    message::{Message, Signal, SignalCause},
    ports::{
        Commit, Expect, Index, Key, QueueName, Record,
        ledger::{Route, RouteTarget},
    },
    webhook::{self, Answer},
};
use weir_channels::channel::{Credentials, Secret};
use weir_domain::{
    connection::{Connection, ConnectionStatus, RemoteAccount, ShopSettings},
    history::HistoryEntry,
    ids::{
        ChannelName, ChannelOrderId, ConnectionId, FulfillmentId, LocationId, OrganizationId, SalesOrderId,
        SignalId,
    },
    location::LocationKind,
    outcome::Observation,
    sales_order::{FulfillmentRow, FulfillmentStatus, SalesOrder, Tracking},
    stock::{StockItem, StockKey},
    variant::Sku,
};
use weir_sandbox::{
    Now,
    shopify::{ALL_SCOPES, OrderSpec, ShopSpec, Webhook},
};

use crate::House;

/// The application at Shopify.
pub const APP: &str = "weir-app";

/// With what it signs.
pub const APP_SECRET: &str = "shpss_weir";

/// Where channels reach the house.
pub const PUBLIC_URL: &str = "https://weir.example";

/// A merchant's web shop.
#[derive(Clone, Debug)]
pub struct WebShop {
    /// Whose.
    pub organization: OrganizationId,
    /// Its connection.
    pub connection: ConnectionId,
    /// From where it ships.
    pub location: LocationId,
    /// Its domain.
    pub domain: String,
}

/// The channel.
#[must_use]
pub fn shopify() -> ChannelName {
    ChannelName::parse("shopify").unwrap()
}

/// Its queue of signals.
#[must_use]
pub fn import_queue() -> QueueName {
    QueueName::Import(shopify())
}

/// Its queue of pushes.
#[must_use]
pub fn push_queue() -> QueueName {
    QueueName::Push(shopify())
}

/// Takes every due delivery of Shopify to the door; one that is not answered with 2xx comes again.
pub async fn deliver(house: &House) -> usize {
    let now = Now::at(house.now());
    let due: Vec<Webhook> = house.crossing.shopify().take_webhooks(now);
    for delivery in &due {
        let answer = house.knock(delivery).await;
        if answer.status() != 200 {
            house.crossing.shopify().webhook_failed(delivery, now);
        }
    }
    due.len()
}

impl House {
    /// A merchant with a web shop whose application is installed, and whose connection is at work.
    pub async fn web_shop(&self, word: &str, change: impl FnOnce(&mut ShopSettings)) -> WebShop {
        let now = Some(self.now());
        self.web_shop_of(word, |connection| {
            change(&mut connection.settings.shop);
            connection.status = ConnectionStatus::Active;
            (connection.first_activated_at, connection.activated_at) = (now, now);
            connection.orders_from = now;
        })
        .await
    }

    /// As [`House::web_shop`], for processes that reach the house's Shopify at this address.
    pub async fn web_shop_at(&self, word: &str, address: &str) -> WebShop {
        // The shop tells whole seconds: an order of this moment seems to be older.
        let since = self.now().saturating_sub(jiff::SignedDuration::from_secs(1)).ok();
        self.web_shop_of(word, |connection| {
            connection.endpoints.api = Some(format!("{address}/{}", connection.remote.account));
            connection.status = ConnectionStatus::Active;
            (connection.first_activated_at, connection.activated_at) = (since, since);
            connection.orders_from = since;
        })
        .await
    }

    /// A merchant with a web shop whose application is installed, and whose connection never was at work.
    pub async fn idle_web_shop(&self, word: &str) -> WebShop {
        self.web_shop_of(word, |_| {}).await
    }

    /// A web shop that is opened as `spec` says, in a merchant's organization or in one of its own, and
    /// whose connection is at work.
    pub async fn web_shop_as(
        &self,
        spec: ShopSpec,
        organization: Option<&OrganizationId>,
        change: impl FnOnce(&mut Connection),
    ) -> WebShop {
        let word = spec.domain.split('.').next().unwrap_or_default().to_owned();
        let organization = match organization {
            Some(organization) => organization.clone(),
            None => self.organization(&word).await,
        };
        let now = Some(self.now());
        self.connect_web_shop(&word, organization, spec, |connection| {
            connection.status = ConnectionStatus::Active;
            (connection.first_activated_at, connection.activated_at) = (now, now);
            connection.orders_from = now;
            change(connection);
        })
        .await
    }

    /// A merchant with a web shop at work that maps no location, and has no default one.
    pub async fn web_shop_without_location(&self, word: &str) -> WebShop {
        let now = Some(self.now());
        self.web_shop_of(word, |connection| {
            connection.default_location = None;
            connection.status = ConnectionStatus::Active;
            (connection.first_activated_at, connection.activated_at) = (now, now);
            connection.orders_from = now;
        })
        .await
    }

    async fn web_shop_of(&self, word: &str, change: impl FnOnce(&mut Connection)) -> WebShop {
        let organization = self.organization(word).await;
        let spec = ShopSpec::new(&format!("{word}.myshopify.com"));
        self.connect_web_shop(word, organization, spec, change).await
    }

    async fn connect_web_shop(
        &self,
        word: &str,
        organization: OrganizationId,
        spec: ShopSpec,
        change: impl FnOnce(&mut Connection),
    ) -> WebShop {
        let location = self.own_location(&organization, word).await;
        let shop = WebShop {
            organization,
            connection: ConnectionId::from_token(&format!("{word}web")),
            location,
            domain: spec.domain.clone(),
        };
        {
            let mut shopify = self.crossing.shopify();
            shopify.register_app(APP, APP_SECRET, None);
            shopify.open_shop(spec);
            shopify.install(&shop.domain, APP, &ALL_SCOPES);
        }
        let credentials: Credentials = [("client_id", APP), ("client_secret", APP_SECRET)]
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), Secret::new(secret)))
            .collect();
        self.hub.secrets.keep(&shop.organization, &shop.connection, &credentials).await.unwrap();
        let mut connection = self.connection_of(&shop);
        change(&mut connection);
        let mut commit = Commit::default();
        let key = Key::Connection(shop.organization.clone(), shop.connection.clone());
        commit.put(key, Record::Connection(connection), Expect::Absent);
        let target = RouteTarget::Connection(shop.organization.clone(), shop.connection.clone());
        let account =
            Route::Account { channel: shopify(), account: shop.domain.clone(), marketplace: String::new() };
        for route in [Route::Connection(shop.connection.clone()), account] {
            commit.put(Key::Route(route), Record::Route(target.clone()), Expect::Absent);
        }
        self.hub.ledger.commit(&commit).await.unwrap();
        shop
    }

    /// A place of a merchant's own.
    pub async fn own_location(&self, organization: &OrganizationId, word: &str) -> LocationId {
        let new = NewLocation {
            name: format!("Own {word}"),
            kind: LocationKind::Own,
            available_for_fulfillment: true,
        };
        locations::create(&self.hub, organization, &format!("{word}own"), new).await.unwrap().id
    }

    fn connection_of(&self, shop: &WebShop) -> Connection {
        let remote = RemoteAccount { account: shop.domain.clone(), marketplace: None };
        let settings = weir_channels::shopify::CHANNEL.default_settings();
        Connection {
            default_location: Some(shop.location.clone()),
            ..Connection::new(shop.connection.clone(), shopify(), remote, settings, self.now())
        }
    }

    /// The application hears of these topics.
    pub fn subscribe(&self, shop: &WebShop, topics: &[&str]) {
        let uri = format!("{PUBLIC_URL}/webhooks/shopify/{}", shop.connection);
        self.crossing.shopify().subscribe(&shop.domain, APP, topics, &uri);
    }

    /// Somebody places an order.
    pub fn place_in_web_shop(&self, shop: &WebShop, spec: OrderSpec) -> u64 {
        let now = Now::at(self.now());
        self.crossing.shopify().place_order(&shop.domain, spec, now).unwrap()
    }

    /// A delivery comes to the door, or over the bus.
    pub async fn knock(&self, delivery: &Webhook) -> Answer {
        if delivery.uri.starts_with("arn:") {
            return webhook::receive_from_bus(&self.hub, &shopify(), &delivery.body).await.unwrap();
        }
        let id = delivery.uri.rsplit('/').next().unwrap();
        let connection = ConnectionId::parse(id).unwrap();
        webhook::receive(&self.hub, &shopify(), &connection, &delivery.headers, &delivery.body).await.unwrap()
    }

    /// A signal for an order of the shop, and all that follows from it.
    pub async fn look_at(&self, shop: &WebShop, id: u64, cause: SignalCause) {
        let signal = Signal {
            id: SignalId::from_token("test"),
            organization: shop.organization.clone(),
            connection: shop.connection.clone(),
            channel_order_id: ChannelOrderId::parse(&id.to_string()).unwrap(),
            snapshot_at: None,
            cause,
            requested_by: None,
            at: self.now(),
        };
        let message = weir_app::ports::OutgoingMessage {
            id: "test".to_owned(),
            group: String::new(),
            body: Message::Look(signal).to_json(),
        };
        self.queue.put(&import_queue(), message);
        self.settle().await;
    }
}

impl WebShop {
    /// The sales order of an order.
    #[must_use]
    pub fn order_id(&self, id: u64) -> SalesOrderId {
        SalesOrderId::for_source(&self.connection, &ChannelOrderId::parse(&id.to_string()).unwrap())
    }

    /// The order as it is here.
    pub async fn order(&self, house: &House, id: u64) -> Option<SalesOrder> {
        match house.record(Key::Order(self.organization.clone(), self.order_id(id))).await?.record {
            Record::Order(order) => Some(order),
            other => panic!("{other:?}"),
        }
    }

    /// What packs or delivers units of an order's first row, with a parcel.
    pub async fn parcel(
        &self,
        house: &House,
        id: u64,
        status: FulfillmentStatus,
        quantity: i64,
    ) -> NewParcel {
        let row = FulfillmentRow {
            row: self.order(house, id).await.unwrap().rows[0].id.clone(),
            quantity,
            batches: Vec::new(),
            serial_numbers: Vec::new(),
        };
        let tracking =
            Tracking { number: Some("1Z999".to_owned()), carrier: Some("UPS".to_owned()), url: None };
        NewParcel { status, rows: vec![row], tracking: Some(tracking), shipped_at: None }
    }

    /// Packs or delivers units of an order's first row here, as a person does.
    pub async fn handle(
        &self,
        house: &House,
        id: u64,
        status: FulfillmentStatus,
        quantity: i64,
    ) -> FulfillmentId {
        self.handle_by(house, id, (status, quantity), &house.hub.ids.token()).await
    }

    /// As [`WebShop::handle`], with the token of which the fulfillment's id is made.
    pub async fn handle_by(
        &self,
        house: &House,
        id: u64,
        (status, quantity): (FulfillmentStatus, i64),
        token: &str,
    ) -> FulfillmentId {
        let new = self.parcel(house, id, status, quantity).await;
        let (hub, order) = (&house.hub, self.order_id(id));
        let made = fulfill::fulfill(hub, &self.organization, &order, token, new, "token:tests").await;
        made.unwrap().fulfillment.id
    }

    /// Its account.
    pub async fn account(&self, house: &House, id: u64) -> Option<Observation> {
        match house.record(Key::Observation(self.organization.clone(), self.order_id(id))).await?.record {
            Record::Observation(account) => Some(account),
            other => panic!("{other:?}"),
        }
    }

    /// The outcome in two words.
    pub async fn outcome(&self, house: &House, id: u64) -> String {
        let account = self.account(house, id).await;
        account.map_or_else(|| "never seen".to_owned(), |account| crate::words(&account))
    }

    /// What happened to it, one word each.
    pub async fn timeline(&self, house: &House, id: u64) -> Vec<String> {
        let index = Index::History(self.organization.clone(), self.order_id(id));
        let line = |record| match record {
            Record::History(HistoryEntry { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        house.all(index).await.into_iter().map(|(_, stored)| line(stored.record)).collect()
    }

    /// What is on hand of a SKU, and how much of it is held.
    pub async fn stock(&self, house: &House, sku: &str) -> (i64, i64) {
        self.stock_at(house, &self.location, sku).await
    }

    /// The same at any place.
    pub async fn stock_at(&self, house: &House, location: &LocationId, sku: &str) -> (i64, i64) {
        let sku = Sku::parse(sku).unwrap();
        let Some(stored) = house.record(Key::Variant(self.organization.clone(), sku)).await else {
            return (0, 0);
        };
        let Record::Variant(variant) = stored.record else { panic!() };
        let key = StockKey { location: location.clone(), variant: variant.id };
        match house.record(Key::Stock(self.organization.clone(), key)).await.map(|stored| stored.record) {
            Some(Record::Stock(StockItem { on_hand, reserved, .. })) => (on_hand, reserved),
            Some(other) => panic!("{other:?}"),
            None => (0, 0),
        }
    }
}
