//! The whole hub in one process: it starts, imports, ends suddenly, and goes on on the same data.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use weir_app::{
    connections,
    gate::Site,
    ports::{Index, Key, Record, Transport as _},
};
use weir_aws::{ReqwestTransport, transport::Limits};
use weir_channels::http::{HttpRequest, Method};
use weir_domain::{
    connection::{Connection, NotificationLink},
    ids::{ConnectionId, OrganizationId},
    sales_order::{FulfillmentBy, OrderStatus, SalesOrder},
    stock::StockKey,
};
use weir_sandbox::{
    Now, bigcommerce,
    shopify::{self, Shopify, Webhook},
};

use super::*;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-local-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts on a folder. What a hub that was killed still wrote may hold its lock for a moment.
async fn started(data: &Path, no_demo: bool) -> Running {
    #[allow(clippy::disallowed_methods)] // a test that waits for real things measures real time
    let began = Instant::now();
    loop {
        let settings = Settings { no_demo, minute: Duration::from_secs(1), ..Settings::on(data) };
        match start(settings).await {
            Ok(running) => return running,
            Err(StartError::FolderInUse { .. }) if began.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn all(hub: &Hub, index: Index) -> Vec<(Key, Record)> {
    let (mut records, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = hub.list(Site::PersonRead, &index, after.as_deref(), 250).await.unwrap();
        records.extend(page.records.into_iter().map(|(key, stored)| (key, stored.record)));
        after = page.next;
        if after.is_none() {
            return records;
        }
    }
}

fn first() -> OrganizationId {
    OrganizationId::parse("org_first").unwrap()
}

/// The ids of all orders; each stands once.
async fn orders(hub: &Hub) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (_, record) in all(hub, Index::Orders(first())).await {
        let Record::Order(order) = record else { panic!("no order") };
        let id = order.id.to_string();
        assert!(ids.insert(id.clone()), "{id} stands twice");
    }
    ids
}

async fn at_least(hub: &Hub, count: usize) -> BTreeSet<String> {
    let wait = async {
        loop {
            let found = orders(hub).await;
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("orders arrive")
}

/// Orders of a channel that satisfy something, once there are so many.
async fn orders_of(channel: &str, hub: &Hub, count: usize, is: fn(&SalesOrder) -> bool) -> Vec<SalesOrder> {
    let wait = async {
        loop {
            let orders = all(hub, Index::Orders(first())).await.into_iter();
            let orders = orders.filter_map(|(_, record)| match record {
                Record::Order(order) if channel_of(&order) == Some(channel) => Some(order),
                _ => None,
            });
            let found: Vec<SalesOrder> = orders.filter(is).collect();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("orders of the channel arrive")
}

/// Whether something of an order was packed here, and its shop has a fulfillment for it.
fn is_shipped_from_here(order: &SalesOrder) -> bool {
    order.fulfillments.iter().any(|one| one.by == FulfillmentBy::Weir && !one.at_channel.is_empty())
}

fn channel_of(order: &SalesOrder) -> Option<&str> {
    order.source.as_ref().map(|source| source.channel.as_str())
}

async fn web_shop(hub: &Hub) -> Connection {
    let id = ConnectionId::from_token("demoshopify");
    connections::read(hub, &first(), &id).await.unwrap()
}

/// Knocks at the webhook door, and gives the status.
async fn knock(base: &str, id: &str, headers: &[(String, String)], body: Vec<u8>) -> u16 {
    let mut request = HttpRequest::new(Method::Post, format!("{base}/webhooks/shopify/{id}"));
    for (name, value) in headers {
        request = request.header(name, value.as_str());
    }
    request.body = body;
    ReqwestTransport::new(Limits::default()).unwrap().send(&request).await.unwrap().status
}

/// A delivery that the demo's application signed.
fn signed() -> Webhook {
    let now = Now::at(weir_domain::Timestamp::from_second(1_800_000_000).unwrap());
    let mut shopify = Shopify::new(1);
    shopify::Demo::open(&mut shopify);
    let (shop, app) = (shopify::Demo::SHOP, shopify::Demo::CLIENT_ID);
    shopify.subscribe(shop, app, &["ORDERS_CREATE"], "https://weir.example/");
    let line = shopify::LineSpec::new("WEIR-MUG-350", 1, 1_490);
    shopify.place_order(shop, shopify::OrderSpec::new(vec![line]), now).unwrap();
    shopify.take_webhooks(now).remove(0)
}

/// The sum of the movements is the stock, at each place and of each variant.
async fn check_stock(hub: &Hub) {
    let mut sums: BTreeMap<StockKey, i64> = BTreeMap::new();
    for (_, record) in all(hub, Index::Movements(first())).await {
        let Record::Movement(movement) = record else { panic!("no movement") };
        *sums.entry(movement.key).or_default() += movement.quantity;
    }
    let mut stock = BTreeMap::new();
    for (_, record) in all(hub, Index::Stock(first())).await {
        let Record::Stock(item) = record else { panic!("no stock") };
        // What is held and was never there has no movement.
        if item.on_hand != 0 || sums.contains_key(&item.key) {
            stock.insert(item.key, item.on_hand);
        }
    }
    assert!(stock.len() > 10);
    assert_eq!(sums, stock);
}

#[tokio::test]
async fn what_is_killed_goes_on_with_the_same_orders_none_twice_and_none_missing() {
    let folder = Folder::new("kill");
    let running = started(&folder.0, false).await;
    let before = at_least(&running.hub, 5).await;
    let token = running.token.clone();
    running.kill().await;

    // Killed again at once, in the middle of whatever it begins with.
    started(&folder.0, false).await.kill().await;

    let running = started(&folder.0, false).await;
    assert_eq!(running.token, token, "the token stays");
    // The shop had some 40 orders that had shipped before it opened.
    let after = at_least(&running.hub, 35).await;
    assert!(before.is_subset(&after));
    running.shutdown().await;

    let running = started(&folder.0, true).await;
    let at_rest = orders(&running.hub).await;
    assert!(after.is_subset(&at_rest));
    check_stock(&running.hub).await;
    running.shutdown().await;
}

// SPEC: KS-01, KS-26, KS-41, OP-08
#[tokio::test]
async fn a_web_shop_s_orders_arrive_and_go_on_after_a_sudden_end() {
    let folder = Folder::new("web-shop");
    let running = started(&folder.0, false).await;
    let before = orders_of("shopify", &running.hub, 12, |_| true).await;
    assert!(before.iter().all(|order| order.order_no.starts_with("#W")));
    let door = format!("{}/webhooks/shopify/", running.base_url);
    let is_told = |shop: &Connection, door: &str| match &shop.notifications {
        NotificationLink::Subscribed { subscription } => subscription.starts_with(door),
        NotificationLink::Off | NotificationLink::Failed { .. } => false,
    };
    assert!(is_told(&web_shop(&running.hub).await, &door));
    let shipped = orders_of("shopify", &running.hub, 1, is_shipped_from_here).await;
    running.kill().await;

    let running = started(&folder.0, false).await;
    let after = orders_of("shopify", &running.hub, before.len() + 2, |_| true).await;
    for order in before.iter().chain(&shipped) {
        assert_eq!(after.iter().filter(|later| later.id == order.id).count(), 1, "{}", order.order_no);
    }
    let door = format!("{}/webhooks/shopify/", running.base_url);
    assert!(is_told(&web_shop(&running.hub).await, &door), "the hub has another port now");
    running.shutdown().await;

    let running = started(&folder.0, true).await;
    check_stock(&running.hub).await;
    running.shutdown().await;
}

/// The status of a store's order as the store tells it.
async fn status_at_store(running: &Running, order: &SalesOrder) -> i64 {
    let source = order.source.as_ref().unwrap();
    let connection = connections::read(&running.hub, &first(), &source.connection).await.unwrap();
    let (sandbox, store) = (running.sandbox_url.as_ref().unwrap(), &connection.remote.account);
    let url = format!("{sandbox}/stores/{store}/v2/orders/{}", source.channel_order_id);
    let request = HttpRequest::new(Method::Get, url)
        .header("accept", "application/json")
        .header("x-auth-token", bigcommerce::Demo::ACCESS_TOKEN);
    let answer = ReqwestTransport::new(Limits::default()).unwrap().send(&request).await.unwrap();
    let order: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    order["status_id"].as_i64().unwrap()
}

fn is_delivered_from_here(order: &SalesOrder) -> bool {
    order.status == OrderStatus::Delivered
        && order.fulfillments.iter().all(|one| one.by == FulfillmentBy::Weir)
}

/// Waits until the store has heard that an order is delivered.
async fn is_completed(running: &Running, order: &SalesOrder) {
    let wait = async {
        while status_at_store(running, order).await != bigcommerce::status::COMPLETED {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the store hears of it");
}

// SPEC: KB-02, KB-07, KB-10, KB-20
#[tokio::test]
async fn two_stores_orders_arrive_beside_each_other_and_stay_completed_after_a_sudden_end() {
    let folder = Folder::new("stores");
    let running = started(&folder.0, false).await;
    let delivered = orders_of("bigcommerce", &running.hub, 2, is_delivered_from_here).await;
    let arrived = orders_of("bigcommerce", &running.hub, 12, |_| true).await;
    let (mut by_number, mut by_sku) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, BTreeSet<_>>::new());
    for order in &arrived {
        by_number.entry(order.order_no.clone()).or_default().push(order.source.as_ref().unwrap());
        for row in &order.rows {
            by_sku.entry(row.sku.clone()).or_default().insert(row.variant.clone());
        }
    }
    let alike: Vec<_> = by_number.values().filter(|sources| sources.len() == 2).collect();
    assert!(!alike.is_empty(), "both stores count their orders alike");
    assert!(alike.iter().all(|sources| sources[0].connection != sources[1].connection));
    assert!(by_sku.values().all(|variants| variants.len() == 1), "one SKU is one variant");
    for order in &delivered {
        is_completed(&running, order).await;
    }
    running.kill().await;

    let running = started(&folder.0, false).await;
    let after = orders_of("bigcommerce", &running.hub, arrived.len() + 1, |_| true).await;
    for order in &arrived {
        assert_eq!(after.iter().filter(|later| later.id == order.id).count(), 1, "{}", order.order_no);
    }
    for order in &delivered {
        assert_eq!(status_at_store(&running, order).await, bigcommerce::status::COMPLETED);
    }
    running.shutdown().await;

    let running = started(&folder.0, true).await;
    check_stock(&running.hub).await;
    running.shutdown().await;
}

// API "Webhook doors"
#[tokio::test]
async fn the_door_takes_what_the_channel_signed_and_nothing_else() {
    let folder = Folder::new("door");
    let running = started(&folder.0, false).await;
    let (base, shop) = (running.base_url.clone(), web_shop(&running.hub).await);
    let id = shop.id.as_str();
    let Webhook { headers, body, .. } = signed();
    assert_eq!(knock(&base, id, &headers, body.clone()).await, 200);
    let mut forged = body.clone();
    forged[0] = b' ';
    assert_eq!(knock(&base, id, &headers, forged).await, 401, "another body");
    assert_eq!(knock(&base, id, &[], body.clone()).await, 401, "no signature");
    assert_eq!(knock(&base, "con_nobody", &headers, body.clone()).await, 401, "no such connection");
    let amazon = ConnectionId::from_token("demoamazonus");
    assert_eq!(knock(&base, amazon.as_str(), &headers, body).await, 401, "another channel's");
    let most = weir_app::webhook::LARGEST_BODY;
    assert_eq!(knock(&base, id, &headers, vec![b'x'; most]).await, 401);
    assert_eq!(knock(&base, id, &headers, vec![b'x'; most + 1]).await, 413);
    running.shutdown().await;
}

#[tokio::test]
async fn only_a_hub_with_a_public_address_is_told_of_changes_by_other_shops_than_the_demo_s() {
    let folder = Folder::new("public");
    for public_url in [None, Some("https://hub.example.com".to_owned())] {
        let settings = Settings { public_url: public_url.clone(), no_demo: true, ..Settings::on(&folder.0) };
        let running = start(settings).await.unwrap();
        assert_eq!(running.hub.deployment.public_url, public_url);
        assert!(running.hub.deployment.stand_in.is_none());
        running.shutdown().await;
    }
}

#[tokio::test]
async fn without_the_demo_it_is_empty_and_stays_so() {
    let folder = Folder::new("empty");
    for no_demo in [true, false] {
        let running = started(&folder.0, no_demo).await;
        assert_eq!(running.sandbox_url, None);
        assert_eq!(all(&running.hub, Index::Connections(first())).await.len(), 0);
        running.shutdown().await;
    }
}

#[tokio::test]
async fn what_is_taken_is_said_with_the_way_out() {
    let folder = Folder::new("taken");
    let running = started(&folder.0, true).await;
    let refused = start(Settings::on(&folder.0)).await.map(drop).expect_err("the folder is in use");
    assert!(refused.to_string().contains("--data DIR"), "{refused}");
    let port = running.base_url.rsplit(':').next().unwrap().parse().unwrap();
    let refused =
        start(Settings { port, ..Settings::on("unused") }).await.map(drop).expect_err("the port is taken");
    assert!(refused.to_string().contains("--port 0"), "{refused}");
    assert!(!Path::new("unused").exists());
    running.shutdown().await;
}

#[tokio::test]
async fn a_token_of_the_environment_is_good_for_its_run() {
    use weir_app::access;
    use weir_channels::channel::Secret;

    let folder = Folder::new("token");
    let given = "a-token-of-the-environment";
    let made = {
        let running = started(&folder.0, true).await;
        let made = running.token.clone();
        running.shutdown().await;
        made
    };
    let settings = Settings { no_demo: true, token: Some(Secret::new(given)), ..Settings::on(&folder.0) };
    let running = start(settings).await.unwrap();
    assert!(access::by_token(&running.hub, given).await.unwrap().unwrap().is_deployment_admin());
    assert_eq!(access::by_token(&running.hub, &made).await.unwrap(), None);
    running.shutdown().await;

    let running = started(&folder.0, true).await;
    assert_eq!(running.token, made);
    assert!(access::by_token(&running.hub, &made).await.unwrap().is_some());
    assert_eq!(access::by_token(&running.hub, given).await.unwrap(), None);
    running.shutdown().await;

    let short = Settings { no_demo: true, token: Some(Secret::new("short")), ..Settings::on(&folder.0) };
    assert!(matches!(start(short).await, Err(StartError::Token(_))));
}
