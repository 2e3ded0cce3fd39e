//! A sandboxed Shopify without a hub: shops that open when they are asked for, with orders that are placed on
//! demand, for trying out a hub that runs elsewhere, as the deploy check does. Its deliveries wait to be
//! carried to the hub's door by whoever can reach it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Serialize;
use tokio::net::TcpListener;
use weir_app::ports::Clock;
use weir_aws::system::SystemClock;
use weir_channels::http::{HttpRequest, HttpResponse};
use weir_sandbox::{
    Now,
    shopify::{ALL_SCOPES, LineSpec, OrderSpec, ShopSpec, Shopify, TruthFulfillment},
};

use crate::{
    StartError,
    alone::{Delivery, Line, PRICE, Trouble, Wanted},
    sandbox::door,
};

/// The merchant's application; it opens nothing but this sandbox.
const CLIENT_ID: &str = "weiralone0000000000000000000000ff";

/// That application's secret; it signs the deliveries.
const CLIENT_SECRET: &str = "shpss_weiralone";

/// Sales tax, in hundredths of a per cent.
const TAX_RATE: i64 = 825;

struct Alone {
    shopify: Mutex<Shopify>,
    clock: SystemClock,
    base_url: String,
}

/// What a connection to a shop of it is made of, in the words of `POST /v1/connections`.
#[derive(Debug, Serialize)]
struct Connection {
    channel: &'static str,
    shop_domain: String,
    credentials: Credentials,
    endpoints: Endpoints,
}

#[derive(Debug, Serialize)]
struct Credentials {
    client_id: &'static str,
    client_secret: &'static str,
}

#[derive(Debug, Serialize)]
struct Endpoints {
    api: String,
}

/// What became of an order.
#[derive(Debug, Serialize)]
struct Order {
    fulfillments: Vec<Fulfillment>,
}

#[derive(Debug, Serialize)]
struct Fulfillment {
    id: String,
    units: i64,
    tracking_numbers: Vec<String>,
    by_application: bool,
}

/// Answers until the process ends.
///
/// # Errors
/// [`StartError::Listen`].
pub async fn serve(listener: TcpListener, base_url: String) -> Result<(), StartError> {
    let clock = SystemClock::default();
    let mut shopify = Shopify::new(clock.now().as_millisecond().unsigned_abs());
    shopify.register_app(CLIENT_ID, CLIENT_SECRET, None);
    let alone = Arc::new(Alone { shopify: Mutex::new(shopify), clock, base_url });
    let router = Router::new()
        .route("/_sandbox/shops/{shop}/connection", get(connection))
        .route("/_sandbox/shops/{shop}/orders", post(orders))
        .route("/_sandbox/shops/{shop}/topics", get(topics).delete(forget_topics))
        .route("/_sandbox/orders/{id}", get(order))
        .route("/_sandbox/webhooks", get(webhooks))
        .route("/_sandbox/trouble", post(trouble))
        .with_state(Arc::clone(&alone))
        .fallback_service(door::router(Arc::clone(&alone), &alone.base_url));
    axum::serve(listener, router).await.map_err(StartError::Listen)
}

impl Alone {
    fn shopify(&self) -> MutexGuard<'_, Shopify> {
        self.shopify.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now { wall: self.clock.now(), scaled: self.clock.scheduler_now() }
    }
}

impl door::Answers for Alone {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        self.shopify().handle(request, self.now())
    }
}

/// Opens a shop, if it is not there, and lets the application in.
async fn connection(State(alone): State<Arc<Alone>>, Path(shop): Path<String>) -> Json<Connection> {
    let mut shopify = alone.shopify();
    if shopify.location_id(&shop, 0).is_none() {
        shopify.open_shop(ShopSpec::new(&shop));
        shopify.install(&shop, CLIENT_ID, &ALL_SCOPES);
    }
    Json(Connection {
        channel: "shopify",
        credentials: Credentials { client_id: CLIENT_ID, client_secret: CLIENT_SECRET },
        endpoints: Endpoints { api: format!("{}/{shop}", alone.base_url) },
        shop_domain: shop,
    })
}

/// Places orders that are paid at once; answers with their ids.
async fn orders(
    State(alone): State<Arc<Alone>>,
    Path(shop): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Json<Vec<String>> {
    let now = alone.now();
    let mut shopify = alone.shopify();
    let ids = wanted.orders.into_iter().filter_map(|lines| {
        let line = |line: Line| LineSpec::new(&line.sku, line.quantity, PRICE).taxed("Sales tax", TAX_RATE);
        shopify.place_order(&shop, OrderSpec::new(lines.into_iter().map(line).collect()), now)
    });
    Json(ids.map(|id| id.to_string()).collect())
}

/// What a shop delivers, topic by topic.
async fn topics(State(alone): State<Arc<Alone>>, Path(shop): Path<String>) -> Json<Vec<&'static str>> {
    Json(alone.shopify().subscribed(&shop).into_iter().map(|(topic, _)| topic).collect())
}

/// Shopify removes all subscriptions of a shop and tells nobody, as after failures.
async fn forget_topics(State(alone): State<Arc<Alone>>, Path(shop): Path<String>) -> StatusCode {
    alone.shopify().drop_subscriptions(&shop);
    StatusCode::NO_CONTENT
}

async fn order(State(alone): State<Arc<Alone>>, Path(id): Path<u64>) -> Result<Json<Order>, StatusCode> {
    let made = |fulfillment: &TruthFulfillment| Fulfillment {
        id: fulfillment.id.to_string(),
        units: fulfillment.lines.iter().map(|line| line.quantity).sum(),
        tracking_numbers: fulfillment.tracking.iter().filter_map(|parcel| parcel.number.clone()).collect(),
        by_application: fulfillment.by_application,
    };
    let shopify = alone.shopify();
    let order = shopify.order(id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(Order { fulfillments: order.fulfillments.iter().map(made).collect() }))
}

/// The deliveries that are due; each is given once.
async fn webhooks(State(alone): State<Arc<Alone>>) -> Json<Vec<Delivery>> {
    let due = alone.shopify().take_webhooks(alone.now());
    let delivery = |webhook: weir_sandbox::shopify::Webhook| {
        let body = String::from_utf8(webhook.body).ok()?;
        Some(Delivery { uri: webhook.uri, headers: webhook.headers, body })
    };
    Json(due.into_iter().filter_map(delivery).collect())
}

/// From now on every call fails, or none.
async fn trouble(State(alone): State<Arc<Alone>>, Json(trouble): Json<Trouble>) -> StatusCode {
    alone.shopify().faults.server_errors = trouble.rate();
    StatusCode::NO_CONTENT
}
