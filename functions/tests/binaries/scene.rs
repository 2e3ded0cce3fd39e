//! Where a binary is started: a house whose store, secrets and Amazon it reaches over ports of this
//! machine. The house's clock begins in the past and stands where a test moves it; the binary's clock is
//! the machine's.

use std::{path::Path, sync::Arc};

use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use weir_app::ports::{Clock, Index, ledger::OUTBOX_SHARDS};
use weir_aws::SystemClock;
use weir_domain::Timestamp;
use weir_sandbox::{
    amazon::{OrderSpec, marketplaces::US},
    bigcommerce, shopify,
};
use weir_tests::{
    House, Shop,
    cloud::{self, Cloud, Doors},
    house::{Plan, TABLE, import_queue, notification_queue},
    lambda::{Function, Ran},
    shop::{MUG, credentials, line},
    store,
    template::Template,
    web_shop::{self, APP, APP_SECRET, WebShop},
};

/// Whose the events are.
pub(crate) const ORGANIZATION: &str = "8k2m4q6s1w3y";
const CONNECTION: &str = "5b7d9f1h3j5l";
const SELLER: &str = "A3TH9S8BH6GOGM";

/// The queue of signals.
pub(crate) const IMPORT: &str = "weir-prod-import-amazon";

/// The queue of signals of web shops.
pub(crate) const IMPORT_SHOPIFY: &str = "weir-prod-import-shopify";

/// The queue of what is brought to web shops.
pub(crate) const PUSH_SHOPIFY: &str = "weir-prod-push-shopify";

/// The queue of signals of stores.
pub(crate) const IMPORT_BIGCOMMERCE: &str = "weir-prod-import-bigcommerce";

/// The order of the events of a store.
pub(crate) const STORE_ORDER: u64 = 100_245;

/// The order of the events of a web shop.
pub(crate) const WEB_ORDER: u64 = 6_201_234_567_890;

/// How long before the machine's time a scene begins: what lies about for that long is overdue.
const BEFORE: SignedDuration = SignedDuration::from_mins(30);

/// A house and the ports around it.
pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) shop: Shop,
    pub(crate) cloud: Arc<Cloud>,
    aws: String,
    channels: String,
    _doors: Doors,
}

impl Scene {
    /// A merchant at work in the United States, half an hour ago.
    pub(crate) async fn new() -> Self {
        let opens_at = now().saturating_sub(BEFORE).unwrap();
        let plan = Plan { has_notifications: true, opens_at: Some(opens_at), ..Plan::default() };
        let house = House::build(plan).await;
        let mut doors = Doors::default();
        let (listener, amazon) = Doors::port().await;
        let amazon = format!("http://{amazon}");
        doors.serve(listener, cloud::channels(Arc::clone(&house.crossing), &amazon));
        let shop = house.shop_of_amazon_at(&amazon, ORGANIZATION, CONNECTION, SELLER, &US).await;
        let cloud = Cloud::new(house.store.clone(), &Template::read().queue_names());
        let (listener, aws) = Doors::port().await;
        doors.serve(listener, cloud.router());
        let scene = Self { house, shop, cloud, aws, channels: amazon, _doors: doors };
        scene.keep_credentials(&scene.shop);
        scene
    }

    /// The secret of a connection, where its functions find it.
    pub(crate) fn keep_credentials(&self, shop: &Shop) {
        let of_seller = credentials(&shop.seller);
        let plain = of_seller.iter().map(|(name, secret)| (name.clone(), secret.expose().into()));
        self.cloud.keep_secret(&secret_of(shop), Value::Object(plain.collect::<Map<_, _>>()).to_string());
    }

    /// A merchant's web shop at work, and its order of two mugs.
    pub(crate) async fn web_shop(&self) -> WebShop {
        let shop = self.house.web_shop_at("mugs", &self.channels).await;
        let secret = json!({ "client_id": APP, "client_secret": APP_SECRET });
        let name = format!("weir/prod/connection/{}/{}", shop.organization, shop.connection);
        self.cloud.keep_secret(&name, secret.to_string());
        let mugs = shopify::LineSpec::new("MUG-1", 2, 1_000);
        let spec = shopify::OrderSpec { order_id: Some(WEB_ORDER), ..shopify::OrderSpec::new(vec![mugs]) };
        self.house.place_in_web_shop(&shop, spec);
        shop
    }

    /// A merchant's store at work, and its order of two mugs.
    pub(crate) async fn store(&self) -> WebShop {
        let shop = self.house.store_at("bluemugs", &self.channels).await;
        let secret = json!({ "access_token": store::TOKEN, "client_secret": store::SECRET });
        let name = format!("weir/prod/connection/{}/{}", shop.organization, shop.connection);
        self.cloud.keep_secret(&name, secret.to_string());
        self.house.crossing.bigcommerce().number_next(&shop.domain, STORE_ORDER);
        let mugs = bigcommerce::LineSpec::new("MUG-1", 2, 1_000);
        self.house.place_in_store(&shop, bigcommerce::OrderSpec::new(vec![mugs]), self.house.now());
        shop
    }

    /// A buyer orders mugs under this number, and Amazon ships them at once.
    pub(crate) fn sell(&self, id: &str) {
        self.sell_sku(id, MUG);
    }

    /// As [`Scene::sell`], of something.
    pub(crate) fn sell_sku(&self, id: &str, sku: &str) {
        let spec = OrderSpec { order_id: Some(id.to_owned()), ..OrderSpec::new(&US, vec![line(sku, 2)]) };
        self.house.sell_spec(&self.shop, spec);
    }

    /// The house's clock shows the machine's time.
    pub(crate) fn catch_up(&self) {
        self.house.clock.advance_to(now());
    }

    /// What stands in the house's own queues is forgotten: the events say what is in a function's.
    pub(crate) fn empty_the_queues(&self) {
        let all = [import_queue(), notification_queue(), web_shop::import_queue(), store::import_queue()];
        for queue in all {
            for message in self.house.queue.receive(&queue, 100, SignedDuration::ZERO) {
                self.house.queue.delete(&message);
            }
        }
    }

    /// A function, as it is deployed here.
    pub(crate) fn function(&self, name: &str) -> Function {
        let binary = match name {
            "fba-order-poller" => env!("CARGO_BIN_EXE_fba-order-poller"),
            "amazon-notifications" => env!("CARGO_BIN_EXE_amazon-notifications"),
            "order-import" => env!("CARGO_BIN_EXE_order-import"),
            "dispatcher" => env!("CARGO_BIN_EXE_dispatcher"),
            "bigcommerce-webhook" => env!("CARGO_BIN_EXE_bigcommerce-webhook"),
            "shopify-webhook" => env!("CARGO_BIN_EXE_shopify-webhook"),
            "fulfillment-push" => env!("CARGO_BIN_EXE_fulfillment-push"),
            "sweeper" => env!("CARGO_BIN_EXE_sweeper"),
            "console" => env!("CARGO_BIN_EXE_console"),
            other => panic!("there is no function {other}"),
        };
        Function::new(name, binary, &self.aws)
    }

    /// Hands an event of `events/` to its function.
    pub(crate) async fn run(&self, file: &str) -> Ran {
        let function = file.split('.').next().unwrap();
        self.function(function).run(&event(file)).await
    }
}

/// The machine's time.
fn now() -> Timestamp {
    SystemClock::default().now()
}

/// The name of a connection's secret.
pub(crate) fn secret_of(shop: &Shop) -> String {
    format!("weir/prod/connection/{}/{}", shop.organization, shop.connection)
}

/// An event of `events/`.
pub(crate) fn event(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The answer to a batch of which these messages failed.
pub(crate) fn failed(names: &[&Value]) -> Value {
    let names: Vec<Value> = names.iter().map(|name| json!({ "itemIdentifier": name })).collect();
    json!({ "batchItemFailures": names })
}

/// Puts the items of a stream's event into the table, where they were when the stream showed them.
pub(crate) async fn store_items(scene: &Scene, event: &Value) {
    for record in event["Records"].as_array().unwrap() {
        let put = json!({ "TableName": TABLE, "Item": record["dynamodb"]["NewImage"] });
        let (status, answer) = scene.house.store.answer("PutItem", &put.to_string()).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
}

/// How many outgoing items there are.
pub(crate) async fn outgoing(scene: &Scene) -> usize {
    let mut count = 0;
    for shard in 0..OUTBOX_SHARDS {
        count += scene.house.all(Index::Outbox(scene.shop.organization.clone(), shard)).await.len();
    }
    count
}
