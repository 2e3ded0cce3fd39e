//! A hub over the ports in memory, an Amazon beside it, and a client that speaks to the router.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use super::document;
use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use weir_app::{
    Deployment, Hub, access, dispatch,
    gate::Open,
    import_order,
    message::Message,
    organizations::{self, NewOrganization},
    poll,
    ports::{QueueName, ledger::Scope},
};
use weir_channels::channel::Secret;
use weir_domain::{Timestamp, ids::ChannelName, money::Currency, organization::TimeZoneName};
use weir_sandbox::{
    amazon::{Amazon, Marketplace, Now, OrderSpec, SellerSpec},
    fake::{FakeBus, FakeClock, FakeLedger, FakeQueue, FakeSecrets, FakeTransport, SeededIds},
};

pub(super) const ADMIN: &str = "admin-token-for-tests";
pub(super) const WRITER: &str = "write-token-for-tests";
pub(super) const READER: &str = "read-token-for-tests";
pub(super) const SELLER: &str = "A3SELLERFORTESTS";
pub(super) const REFRESH_TOKEN: &str = "Atzr|a-refresh-token-that-nobody-may-read";
pub(super) const CLIENT_SECRET: &str = "a-client-secret-that-nobody-may-read";
pub(super) const US: &str = "ATVPDKIKX0DER";

/// Runs something to its end. Nothing here ever waits.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100_000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("something waits that should not");
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) text: String,
    pub(super) json: Value,
}

impl Answer {
    /// The body, if the status is the expected one.
    pub(super) fn ok(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json
    }

    /// The code of a refusal and the paths that it names.
    pub(super) fn refused(&self) -> (u16, String, Vec<String>) {
        let error = &self.json["error"];
        let paths = error["details"].as_array().into_iter().flatten();
        (
            self.status.as_u16(),
            error["code"].as_str().unwrap_or_default().to_owned(),
            paths.map(|detail| detail["path"].as_str().unwrap_or_default().to_owned()).collect(),
        )
    }
}

/// The hub and everything around it.
pub(super) struct House {
    pub(super) hub: Hub,
    pub(super) clock: Arc<FakeClock>,
    pub(super) ledger: Arc<FakeLedger>,
    pub(super) queue: Arc<FakeQueue>,
    pub(super) bus: Arc<FakeBus>,
    pub(super) amazon: Arc<Mutex<Amazon>>,
    router: Router,
    dispatched: Mutex<usize>,
}

impl House {
    pub(super) fn new() -> Self {
        Self::with(true)
    }

    pub(super) fn with(allow_endpoints: bool) -> Self {
        Self::in_deployment(Deployment { allow_endpoints, ..Deployment::default() })
    }

    pub(super) fn in_deployment(deployment: Deployment) -> Self {
        let clock = Arc::new(FakeClock::new("2026-11-24T09:00:00Z".parse::<Timestamp>().unwrap()));
        let ledger = Arc::new(FakeLedger::new(Arc::clone(&clock)));
        let queue = Arc::new(FakeQueue::new(Arc::clone(&clock)));
        let bus = Arc::new(FakeBus::default());
        let amazon = Arc::new(Mutex::new(Amazon::new(1)));
        let hub = Hub {
            ledger: Arc::<FakeLedger>::clone(&ledger),
            queue: Arc::<FakeQueue>::clone(&queue),
            secrets: Arc::new(FakeSecrets::default()),
            transport: Arc::new(FakeTransport::new(Arc::clone(&clock), Arc::clone(&amazon))),
            bus: Arc::<FakeBus>::clone(&bus),
            clock: Arc::<FakeClock>::clone(&clock),
            ids: Arc::new(SeededIds::new(1)),
            gate: Arc::new(Open),
            deployment: Arc::new(deployment),
            access_tokens: Arc::default(),
        };
        let new = NewOrganization {
            name: "Tester".to_owned(),
            base_currency: Currency::parse("USD").unwrap(),
            time_zone: TimeZoneName::parse("UTC").unwrap(),
            default_delivery_days: 7,
        };
        let organization = now(organizations::first_start(&hub, new, &Secret::new(ADMIN))).unwrap();
        for (token, name, scope) in [(WRITER, "writer", Scope::Write), (READER, "reader", Scope::Read)] {
            now(access::add_token(&hub, &organization, &Secret::new(token), name, scope)).unwrap();
        }
        let router = crate::router(hub.clone().into());
        let house = Self { hub, clock, ledger, queue, bus, amazon, router, dispatched: Mutex::new(0) };
        house.open_at_amazon();
        house
    }

    fn open_at_amazon(&self) {
        let mut amazon = self.amazon();
        amazon.register_app("a-client-id", CLIENT_SECRET);
        amazon.register_seller(SellerSpec {
            seller_id: SELLER.to_owned(),
            refresh_token: REFRESH_TOKEN.to_owned(),
            client_id: "a-client-id".to_owned(),
            marketplaces: vec![US.to_owned(), "A2EUQ1WTGCTBG2".to_owned()],
        });
    }

    pub(super) fn amazon(&self) -> std::sync::MutexGuard<'_, Amazon> {
        self.amazon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn send(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = now(self.router.clone().oneshot(request)).unwrap();
        let (head, body) = response.into_parts();
        let bytes = now(body.collect()).unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: head.status, headers: head.headers, text, json }
    }

    pub(super) fn ask(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.ask_with(token, method, path, body, &[])
    }

    pub(super) fn ask_with(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:3000");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let answer = self.send(request.body(sent).unwrap());
        document::hold(method, path, &answer);
        answer
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.ask(ADMIN, "GET", path, None)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(ADMIN, "POST", path, Some(body))
    }

    pub(super) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask(ADMIN, "PATCH", path, Some(body))
    }

    /// Everything that was committed to be sent, and everything in the import queue, is done.
    pub(super) fn settle(&self) {
        let queue = QueueName::Import(ChannelName::parse("amazon").unwrap());
        for _ in 0..20 {
            let mut place = self.dispatched.lock().unwrap_or_else(PoisonError::into_inner);
            let records = self.ledger.stream_from(*place, 1_000);
            *place += records.len();
            let items: Vec<_> = records.into_iter().map(|record| (record.key, record.effect)).collect();
            now(dispatch::dispatch(&self.hub, &items)).unwrap();
            let received = self.queue.receive(&queue, 100, SignedDuration::from_mins(1));
            if items.is_empty() && received.is_empty() {
                return;
            }
            for one in received {
                match Message::from_json(&one.body) {
                    Ok(message) => {
                        now(import_order::handle(&self.hub, &message)).unwrap();
                        self.queue.delete(&one);
                    }
                    Err(error) => self.queue.fail(&one, &error.to_string(), SignedDuration::ZERO),
                }
            }
        }
    }

    /// A minute's tick some minutes later, and all that comes of it.
    pub(super) fn tick(&self) {
        self.clock.advance(SignedDuration::from_mins(5));
        now(poll::tick(&self.hub)).unwrap();
        self.settle();
    }

    /// An FBA location, a variant of each SKU with stock, and a connection at work. Gives the ids of
    /// location and connection.
    pub(super) fn open_shop(&self, skus: &[&str]) -> (String, String) {
        let location = self.post("/v1/locations", &json!({"name": "FBA US", "kind": "fba"})).ok(201);
        let location = location["id"].as_str().unwrap().to_owned();
        for sku in skus {
            self.post("/v1/variants", &json!({"sku": sku, "name": "A thing"})).ok(201);
            let rows = json!([{"sku": sku, "quantity": 100}]);
            let body = json!({"location_id": location, "reason": "opening", "rows": rows});
            self.post("/v1/stock_adjustments", &body).ok(201);
        }
        let made = self.post("/v1/connections", &connection(&location)).ok(201);
        let connection = made["id"].as_str().unwrap().to_owned();
        self.post(&format!("/v1/connections/{connection}/activate"), &json!({})).ok(200);
        (location, connection)
    }

    /// An order that Amazon took and shipped. Gives Amazon's id.
    pub(super) fn ship(&self, spec: impl FnOnce(&'static Marketplace) -> OrderSpec) -> String {
        let at = Now::at(self.clock.true_now());
        let mut amazon = self.amazon();
        let id = amazon.place_order(SELLER, spec(Marketplace::find(US).unwrap()), at);
        assert!(amazon.ship(&id, at));
        id
    }
}

/// The body of a connection to the seller's shop.
pub(super) fn connection(location: &str) -> Value {
    json!({
        "channel": "amazon",
        "name": "Amazon US",
        "seller_id": SELLER,
        "marketplace_id": US,
        "default_location_id": location,
        "credentials": {
            "client_id": "a-client-id", "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN,
        },
    })
}
