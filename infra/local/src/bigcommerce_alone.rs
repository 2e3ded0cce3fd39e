//! A sandboxed BigCommerce without a hub: stores that open when they are asked for, with orders that are placed on
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
    bigcommerce::{BigCommerce, Faults, LineSpec, OrderSpec, ProductKind, StoreSpec},
};

use crate::{
    StartError,
    alone::{Delivery, Line, PRICE, Trouble, Wanted},
    sandbox::door,
};

/// The token of a store's API account; it opens nothing but this sandbox.
const ACCESS_TOKEN: &str = "weiralonetoken0000000000000000ff";

/// That account's secret; it signs the deliveries.
const CLIENT_SECRET: &str = "weiralonesecret000000000000000ff";

/// Sales tax, in hundredths of a per cent.
const TAX_RATE: i64 = 825;

struct Alone {
    bigcommerce: Mutex<BigCommerce>,
    clock: SystemClock,
    base_url: String,
}

/// What a connection to a store of it is made of, in the words of `POST /v1/connections`.
#[derive(Debug, Serialize)]
struct Connection {
    channel: &'static str,
    store_hash: String,
    credentials: Credentials,
    endpoints: Endpoints,
}

#[derive(Debug, Serialize)]
struct Credentials {
    access_token: &'static str,
    client_secret: &'static str,
}

#[derive(Debug, Serialize)]
struct Endpoints {
    api: String,
}

/// What became of an order.
#[derive(Debug, Serialize)]
struct Order {
    status_id: i64,
}

/// Answers until the process ends.
///
/// # Errors
/// [`StartError::Listen`].
pub async fn serve(listener: TcpListener, base_url: String) -> Result<(), StartError> {
    let clock = SystemClock::default();
    let bigcommerce = BigCommerce::new(clock.now().as_millisecond().unsigned_abs());
    let alone = Arc::new(Alone { bigcommerce: Mutex::new(bigcommerce), clock, base_url });
    let router = Router::new()
        .route("/_sandbox/shops/{store}/connection", get(connection))
        .route("/_sandbox/shops/{store}/orders", post(orders))
        .route("/_sandbox/shops/{store}/orders/{id}", get(order))
        .route("/_sandbox/shops/{store}/topics", get(topics))
        .route("/_sandbox/webhooks", get(webhooks))
        .route("/_sandbox/trouble", post(trouble))
        .with_state(Arc::clone(&alone))
        .fallback_service(door::router(Arc::clone(&alone), &alone.base_url));
    axum::serve(listener, router).await.map_err(StartError::Listen)
}

impl Alone {
    fn bigcommerce(&self) -> MutexGuard<'_, BigCommerce> {
        self.bigcommerce.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now { wall: self.clock.now(), scaled: self.clock.scheduler_now() }
    }
}

impl door::Answers for Alone {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        self.bigcommerce().handle(request, self.now())
    }
}

/// Opens a store, if it is not there.
async fn connection(State(alone): State<Arc<Alone>>, Path(store): Path<String>) -> Json<Connection> {
    alone.bigcommerce().open_store(StoreSpec::new(&store, ACCESS_TOKEN, CLIENT_SECRET));
    Json(Connection {
        channel: "bigcommerce",
        credentials: Credentials { access_token: ACCESS_TOKEN, client_secret: CLIENT_SECRET },
        endpoints: Endpoints { api: alone.base_url.clone() },
        store_hash: store,
    })
}

/// Places orders that are paid at once; answers with their ids. A line without a SKU is of something that was
/// typed in.
async fn orders(
    State(alone): State<Arc<Alone>>,
    Path(store): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Json<Vec<String>> {
    let now = alone.now();
    let mut bigcommerce = alone.bigcommerce();
    let line = |line: Line| {
        let kind = if line.sku.is_empty() { ProductKind::Custom } else { ProductKind::Physical };
        LineSpec { kind, ..LineSpec::new(&line.sku, line.quantity, PRICE).taxed(TAX_RATE) }
    };
    let ids = wanted.orders.into_iter().filter_map(|lines| {
        let spec = OrderSpec::new(lines.into_iter().map(line).collect());
        bigcommerce.place_order(&store, spec, now)
    });
    Json(ids.map(|id| id.to_string()).collect())
}

/// What a store delivers, scope by scope.
async fn topics(State(alone): State<Arc<Alone>>, Path(store): Path<String>) -> Json<Vec<String>> {
    let bigcommerce = alone.bigcommerce();
    let active = bigcommerce.hooks_of(&store).into_iter().filter(|(_, _, is_active)| *is_active);
    Json(active.map(|(scope, _, _)| scope.to_owned()).collect())
}

async fn order(
    State(alone): State<Arc<Alone>>,
    Path((store, id)): Path<(String, u64)>,
) -> Result<Json<Order>, StatusCode> {
    let bigcommerce = alone.bigcommerce();
    let order = bigcommerce.order(&store, id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(Order { status_id: order.status }))
}

/// The deliveries that are due; each is given once.
async fn webhooks(State(alone): State<Arc<Alone>>) -> Json<Vec<Delivery>> {
    let due = alone.bigcommerce().take_webhooks(alone.now());
    let delivery = |webhook: weir_sandbox::bigcommerce::Webhook| {
        let body = String::from_utf8(webhook.body).ok()?;
        Some(Delivery { uri: webhook.destination, headers: webhook.headers, body })
    };
    Json(due.into_iter().filter_map(delivery).collect())
}

/// From now on every call fails, or none.
async fn trouble(State(alone): State<Arc<Alone>>, Json(trouble): Json<Trouble>) -> StatusCode {
    alone.bigcommerce().faults = Faults { server_errors: trouble.rate(), ..Faults::NONE };
    StatusCode::NO_CONTENT
}
