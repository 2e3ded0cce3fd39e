//! A sandboxed Amazon without a hub: one seller on Amazon.com whose orders are placed on demand, for
//! trying out a hub that runs elsewhere, as the deploy check does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use weir_app::ports::Clock;
use weir_aws::system::SystemClock;
use weir_channels::http::{HttpRequest, HttpResponse};
use weir_sandbox::amazon::{Amazon, LineSpec, Now, OrderSpec, SellerSpec, marketplaces::US};

use crate::{StartError, sandbox::door};

/// Its one seller.
const SELLER: &str = "A1WEIRALONE000";

/// The application that the seller authorized; it opens nothing but this sandbox.
const CLIENT_ID: &str = "amzn1.application-oa2-client.weiralone";

/// That application's secret.
const CLIENT_SECRET: &str = "amzn1.oa2-cs.v1.weiralone";

/// The seller's refresh token.
const REFRESH_TOKEN: &str = "Atzr|weiralone";

/// Price of a unit, in cents.
const PRICE: i64 = 1999;

/// Sales tax, in hundredths of a per cent.
const TAX_RATE: u32 = 825;

struct Alone {
    amazon: Mutex<Amazon>,
    clock: SystemClock,
    base_url: String,
}

/// What a connection to it is made of, in the words of `POST /v1/connections`.
#[derive(Debug, Serialize)]
struct Connection {
    channel: &'static str,
    seller_id: &'static str,
    marketplace_id: &'static str,
    credentials: Credentials,
    endpoints: Endpoints,
}

#[derive(Debug, Serialize)]
struct Credentials {
    client_id: &'static str,
    client_secret: &'static str,
    refresh_token: &'static str,
}

#[derive(Debug, Serialize)]
struct Endpoints {
    api: String,
    token: String,
}

/// Orders to be placed, and shipped at once.
#[derive(Debug, Deserialize)]
struct Wanted {
    orders: Vec<Vec<Line>>,
}

#[derive(Debug, Deserialize)]
struct Line {
    sku: String,
    quantity: u32,
}

/// A notification, for whoever carries it to its queue.
#[derive(Debug, Serialize)]
struct Notice {
    queue_arn: String,
    body: String,
}

/// What the calls came to.
#[derive(Debug, Serialize)]
struct Load {
    /// By how many thousandths of a call a published limit was ever exceeded.
    worst_excess: u64,
}

/// Answers until the process ends.
///
/// # Errors
/// [`StartError::Listen`].
pub async fn serve(listener: TcpListener, base_url: String) -> Result<(), StartError> {
    let clock = SystemClock::default();
    let mut amazon = Amazon::new(clock.now().as_millisecond().unsigned_abs());
    amazon.register_app(CLIENT_ID, CLIENT_SECRET);
    amazon.register_seller(SellerSpec {
        seller_id: SELLER.to_owned(),
        refresh_token: REFRESH_TOKEN.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        marketplaces: vec![US.id.to_owned()],
    });
    let alone = Arc::new(Alone { amazon: Mutex::new(amazon), clock, base_url });
    let router = Router::new()
        .route("/_sandbox/connection", get(connection))
        .route("/_sandbox/orders", post(orders))
        .route("/_sandbox/notices", get(notices))
        .route("/_sandbox/load", get(load))
        .with_state(Arc::clone(&alone))
        .fallback_service(door::router(Arc::clone(&alone), &alone.base_url));
    axum::serve(listener, router).await.map_err(StartError::Listen)
}

impl Alone {
    fn amazon(&self) -> MutexGuard<'_, Amazon> {
        self.amazon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now { wall: self.clock.now(), scaled: self.clock.scheduler_now() }
    }
}

impl door::Answers for Alone {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        self.amazon().handle(request, self.now())
    }
}

async fn connection(State(alone): State<Arc<Alone>>) -> Json<Connection> {
    Json(Connection {
        channel: "amazon",
        seller_id: SELLER,
        marketplace_id: US.id,
        credentials: Credentials {
            client_id: CLIENT_ID,
            client_secret: CLIENT_SECRET,
            refresh_token: REFRESH_TOKEN,
        },
        endpoints: Endpoints {
            api: alone.base_url.clone(),
            token: format!("{}/auth/o2/token", alone.base_url),
        },
    })
}

/// Places and ships orders now; answers with their ids.
async fn orders(State(alone): State<Arc<Alone>>, Json(wanted): Json<Wanted>) -> Json<Vec<String>> {
    let now = alone.now();
    let mut amazon = alone.amazon();
    let ids = wanted.orders.into_iter().map(|lines| {
        let line = |line: Line| LineSpec::new(&line.sku, line.quantity, PRICE).taxed(TAX_RATE);
        let id = amazon.place_order(SELLER, OrderSpec::new(&US, lines.into_iter().map(line).collect()), now);
        amazon.ship(&id, now);
        id
    });
    Json(ids.collect())
}

/// The notifications that are due; each is given once.
async fn notices(State(alone): State<Arc<Alone>>) -> Json<Vec<Notice>> {
    let notices = alone.amazon().take_notifications(alone.now());
    let notice = |notice: weir_sandbox::amazon::Notice| {
        let body = String::from_utf8(notice.body).ok()?;
        Some(Notice { queue_arn: notice.queue_arn, body })
    };
    Json(notices.into_iter().filter_map(notice).collect())
}

async fn load(State(alone): State<Arc<Alone>>) -> Json<Load> {
    Json(Load { worst_excess: alone.amazon().worst_excess() })
}
