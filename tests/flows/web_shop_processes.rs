//! A web shop that several processes serve, each with what it remembers itself, and a shop that does not
//! answer while it tells of parts of orders.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_app::{
    Hub, call, connections,
    import_order::{self, Ended},
    message::{Message, Signal, SignalCause},
    ports::{Index, Queue as _, SecretError, Secrets},
};
use weir_channels::{
    channel::{Credentials, Grant, Secret},
    http::HttpResponse,
};
use weir_domain::{
    connection::{Connection, ConnectionStatus},
    ids::{ChannelOrderId, ConnectionId, OrganizationId, SignalId},
    outcome::{OutcomeKind, ReasonCode},
};
use weir_sandbox::{
    Now,
    shopify::{Edit, LineSpec, OrderSpec},
};
use weir_tests::{
    House,
    web_shop::{APP, APP_SECRET, WebShop},
};

const FIRST: &str = "shprt_first";

/// What a process remembers of the secrets: all that it ever read, until it asks past it.
struct Remembering {
    secrets: Arc<dyn Secrets>,
    cache: Mutex<BTreeMap<ConnectionId, Credentials>>,
}

#[async_trait]
impl Secrets for Remembering {
    async fn read(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        let cached = self.cache.lock().unwrap().get(connection).cloned();
        match cached {
            Some(credentials) => Ok(credentials),
            None => self.read_anew(organization, connection).await,
        }
    }

    async fn read_anew(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        let credentials = self.secrets.read(organization, connection).await?;
        self.cache.lock().unwrap().insert(connection.clone(), credentials.clone());
        Ok(credentials)
    }

    async fn keep(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
        credentials: &Credentials,
    ) -> Result<(), SecretError> {
        self.secrets.keep(organization, connection, credentials).await?;
        self.cache.lock().unwrap().insert(connection.clone(), credentials.clone());
        Ok(())
    }
}

/// One more process over the house's store.
async fn process(house: &House, shop: &WebShop) -> Hub {
    let secrets = Remembering { secrets: Arc::clone(&house.hub.secrets), cache: Mutex::default() };
    let hub = Hub { secrets: Arc::new(secrets), access_tokens: Arc::default(), ..house.hub.clone() };
    // It knows the credentials as they are now.
    hub.secrets.read(&shop.organization, &shop.connection).await.unwrap();
    hub
}

async fn connection(house: &House, shop: &WebShop) -> Connection {
    connections::read(&house.hub, &shop.organization, &shop.connection).await.unwrap()
}

async fn import(hub: &Hub, shop: &WebShop, id: u64) -> Ended {
    let signal = Signal {
        id: SignalId::from_token("test"),
        organization: shop.organization.clone(),
        connection: shop.connection.clone(),
        channel_order_id: ChannelOrderId::parse(&id.to_string()).unwrap(),
        snapshot_at: None,
        cause: SignalCause::Notification,
        requested_by: None,
        at: hub.now(),
    };
    import_order::handle(hub, &Message::Look(signal)).await.unwrap()
}

async fn refresh_token(house: &House, shop: &WebShop) -> String {
    let kept = house.hub.secrets.read(&shop.organization, &shop.connection).await.unwrap();
    kept["refresh_token"].expose().to_owned()
}

fn mugs(quantity: i64) -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new("MUG-1", quantity, 1_000)])
}

fn now(house: &House) -> Now {
    Now::at(house.now())
}

async fn shop_with_tokens_that_end(house: &House) -> WebShop {
    let shop = house.web_shop("mugs", |_| {}).await;
    house.crossing.shopify().give_refresh_token(&shop.domain, APP, FIRST, now(house));
    let credentials: Credentials =
        [("client_id", APP), ("client_secret", APP_SECRET), ("refresh_token", FIRST)]
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), Secret::new(secret)))
            .collect();
    house.hub.secrets.keep(&shop.organization, &shop.connection, &credentials).await.unwrap();
    shop
}

// SPEC: G-11, FX-03
#[tokio::test]
async fn a_refresh_token_that_another_process_has_spent_puts_no_connection_out_of_work() {
    let house = House::new().await;
    let shop = shop_with_tokens_that_end(&house).await;
    let (one, other) = (process(&house, &shop).await, process(&house, &shop).await);
    let imported = Ended::Decided(OutcomeKind::Imported, ReasonCode::OpenOrder);
    let first = house.place_in_web_shop(&shop, mugs(1));
    assert_eq!(import(&one, &shop, first).await, imported);
    let second_token = refresh_token(&house, &shop).await;
    assert_ne!(second_token, FIRST);

    // The other still remembers the one that is spent, and what the first was given serves it too.
    let second = house.place_in_web_shop(&shop, mugs(2));
    assert_eq!(import(&other, &shop, second).await, imported);
    assert_eq!(refresh_token(&house, &shop).await, second_token, "one renewal for both");

    // Both want a new one at the same time, again and again, and so does one that knows nothing.
    for round in 0..5 {
        house.clock.advance(SignedDuration::from_hours(2));
        let before = refresh_token(&house, &shop).await;
        let connection = connection(&house, &shop).await;
        let third = process(&house, &shop).await;
        let token = |hub| call::access_token(hub, &shop.organization, &connection, Grant::Merchant);
        let (ones, others, thirds) =
            futures_util::future::join3(token(&one), token(&other), token(&third)).await;
        let ones = ones.unwrap();
        assert_eq!(others.unwrap(), ones, "round {round}");
        assert_eq!(thirds.unwrap(), ones, "round {round}");
        assert_ne!(refresh_token(&house, &shop).await, before);
        for hub in [&other, &one, &third] {
            let id = house.place_in_web_shop(&shop, mugs(1));
            assert_eq!(import(hub, &shop, id).await, imported, "round {round}");
        }
    }

    // Ended before its time, it is renewed by the one that meets it; the other hears of that.
    house.clock.advance(SignedDuration::from_mins(2));
    house.crossing.shopify().expire_access_tokens();
    for hub in [&one, &other] {
        let id = house.place_in_web_shop(&shop, mugs(1));
        assert_eq!(import(hub, &shop, id).await, imported);
    }
    assert_eq!(connection(&house, &shop).await.status, ConnectionStatus::Active);

    // Taken out of the shop it is refused whatever is read again, and that is said.
    house.clock.advance(SignedDuration::from_hours(2));
    house.crossing.shopify().uninstall(&shop.domain, APP, now(&house));
    assert_eq!(import(&other, &shop, first).await, Ended::Parked(ReasonCode::CredentialsRevoked));
    assert!(matches!(connection(&house, &shop).await.status, ConnectionStatus::NeedsAttention(_)));
}

async fn parked(house: &House, shop: &WebShop) -> usize {
    house.all(Index::Parked(shop.organization.clone(), shop.connection.clone())).await.len()
}

/// Puts an order on hold, of which alone the shop tells, and with it the order changes.
fn change(house: &House, id: u64, units: i64) {
    assert!(house.crossing.shopify().edit(id, &[Edit::SetQuantity(0, units)], now(house)));
    assert!(house.crossing.shopify().hold(id, 0, "OTHER", None, now(house)));
}

// SPEC: G-04, G-11 (no search runs here: what waited is all that there is)
#[tokio::test]
async fn a_part_of_an_order_waits_while_its_shop_does_not_answer() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, mugs(4));
    house.minutes(2).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
    house.subscribe(&shop, &["FULFILLMENT_HOLDS_ADDED"]);

    let trouble = HttpResponse { status: 503, headers: Vec::new(), body: Vec::new() };
    house.crossing.answer_always(".myshopify.com/", trouble);
    change(&house, id, 3);
    house.clock.advance(SignedDuration::from_mins(1));
    house.settle().await;
    assert_eq!(parked(&house, &shop).await, 1, "{:?}", house.errors());
    // Far more often than a message is tried.
    for _ in 0..12 {
        house.clock.advance(SignedDuration::from_mins(7));
        house.settle().await;
    }
    assert_eq!(house.errors(), Vec::<String>::new(), "it costs no try");
    assert!(house.queue.dead_letters().await.unwrap().is_empty());
    assert_eq!(parked(&house, &shop).await, 1);
    assert_eq!(shop.order(&house, id).await.unwrap().rows[0].quantity, 4);

    house.crossing.answer_no_more();
    house.clock.advance(SignedDuration::from_mins(40));
    house.settle().await;
    assert_eq!(shop.order(&house, id).await.unwrap().rows[0].quantity, 3, "{:?}", house.errors());
    assert_eq!(parked(&house, &shop).await, 0);
}
