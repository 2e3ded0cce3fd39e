//! What the tests of this room share: one realistic record of each kind, generated ones, a clock that
//! stands, and a table in memory.

mod generated;
mod samples;

pub(crate) use generated::{Gen, KINDS};
pub(crate) use samples::{Sample, observation_of, order_of, samples, snapshot};

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use aws_sdk_dynamodb::{
    Client,
    config::{SharedCredentialsProvider, retry::RetryConfig},
};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use weir_app::ports::Clock;

use crate::{
    embedded::{CallHook, EmbeddedStore},
    ledger::{DynamoLedger, create_table},
};

/// The table of the tests.
pub(crate) const TABLE: &str = "weir-test";

/// A clock that is set.
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(time(text).as_millisecond())))
    }

    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.as_millisecond(), Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn scheduler_now(&self) -> Timestamp {
        self.now()
    }

    async fn pause(&self, wait: jiff::SignedDuration) {
        self.set(self.now() + wait);
    }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A store in memory with its table, and a ledger on it.
pub(crate) async fn ledger(clock: Arc<SetClock>) -> (EmbeddedStore, DynamoLedger) {
    let store = EmbeddedStore::in_memory().unwrap();
    let client = store.client();
    create_table(&client, TABLE).await.unwrap();
    (store, DynamoLedger::new(client, TABLE, clock))
}

/// A second ledger on the same store, whose calls a hook sees and may break. Its retries do not make
/// a test wait.
pub(crate) fn hooked(store: &EmbeddedStore, clock: Arc<SetClock>, hook: Arc<dyn CallHook>) -> DynamoLedger {
    let quick = RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1));
    let config = store.client_with_hook(hook).config().to_builder().retry_config(quick).build();
    DynamoLedger::new(Client::from_conf(config), TABLE, clock)
}

/// An SDK's HTTP client that asks a function: the operation and its JSON in, a status and JSON out.
#[derive(Clone)]
struct Canned(Arc<Answering>);

type Answering = dyn Fn(&str, serde_json::Value) -> (u16, serde_json::Value) + Send + Sync;

impl std::fmt::Debug for Canned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canned")
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        let (status, body) = (self.0)(&operation, body);
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
    }
}

/// What every SDK client of a test is made with.
pub(crate) fn sdk(
    answer: impl Fn(&str, serde_json::Value) -> (u16, serde_json::Value) + Send + Sync + 'static,
) -> aws_config::SdkConfig {
    let credentials = aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test");
    aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .region(aws_config::Region::from_static("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1)))
        .http_client(Canned(Arc::new(answer)))
        .build()
}
