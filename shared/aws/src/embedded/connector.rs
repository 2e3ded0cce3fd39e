//! The SDK's HTTP client that never leaves the process: it reads an operation and its body, lets the
//! database run it, and answers as DynamoDB would. No storage decision and no table name lives here.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinError;

use super::Inner;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const UNKNOWN_OPERATION: &str = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;

/// One attempt of one call, as a hook sees it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The operation, `TransactWriteItems` for example.
    pub operation: &'a str,
    /// The request's JSON.
    pub body: &'a str,
}

/// What a hook wants done with an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Proceed,
    /// Answer this instead.
    Answer {
        /// The HTTP status, 400 for example.
        status: u16,
        /// The JSON body, with its `__type`.
        body: String,
    },
    /// The connection breaks: the SDK sees an I/O error and may try again.
    Break,
}

impl Verdict {
    /// An answer that says that the table's throughput is exceeded, which the SDK retries.
    pub fn throttled() -> Self {
        Self::Answer {
            status: 400,
            body: r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"The level of configured provisioned throughput for the table was exceeded."}"#.to_owned(),
        }
    }
}

/// Sees every attempt that a client makes, retries included, before and after it is run.
pub trait CallHook: Send + Sync {
    /// Before the database sees the call; anything but `Proceed` means that it never does.
    fn before(&self, call: &Call<'_>) -> Verdict {
        let _ = call;
        Verdict::Proceed
    }

    /// After the database has answered; anything but `Proceed` means that the caller does not get to
    /// know, though a write has taken effect. `answer` is the JSON with its `ConsumedCapacity`, if the
    /// request asked for it.
    fn after(&self, call: &Call<'_>, status: u16, answer: &str) -> Verdict {
        let _ = (call, status, answer);
        Verdict::Proceed
    }
}

/// The SDK's `HttpClient` and its only connector.
#[derive(Clone)]
pub(super) struct EmbeddedClient {
    inner: Arc<Inner>,
    hook: Option<Arc<dyn CallHook>>,
}

impl EmbeddedClient {
    pub(super) fn new(inner: Arc<Inner>, hook: Option<Arc<dyn CallHook>>) -> Self {
        Self { inner, hook }
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split_once('.').map_or("", |(_, operation)| operation).to_owned();
        let body = request
            .body()
            .bytes()
            .map(<[u8]>::to_vec)
            .ok_or_else(|| ConnectorError::user("the embedded store takes no streaming body".into()))?;
        let body = String::from_utf8(body).map_err(|e| ConnectorError::user(e.into()))?;

        if let Some(hook) = &self.hook {
            match hook.before(&Call { operation: &operation, body: &body }) {
                Verdict::Proceed => {}
                Verdict::Answer { status, body } => return response(status, body),
                Verdict::Break => return Err(broken()),
            }
        }
        let Answered { operation, body, status, answer } = answered(&self.inner, operation, body)
            .await
            .map_err(|e| ConnectorError::other(e.into(), None))?;
        if let Some(hook) = &self.hook {
            match hook.after(&Call { operation: &operation, body: &body }, status, &answer) {
                Verdict::Proceed => {}
                Verdict::Answer { status, body } => return response(status, body),
                Verdict::Break => return Err(broken()),
            }
        }
        response(status, answer)
    }
}

impl HttpClient for EmbeddedClient {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl fmt::Debug for EmbeddedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmbeddedClient")
    }
}

fn response(status: u16, body: String) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|e| ConnectorError::user(e.into()))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", CONTENT_TYPE);
    Ok(response)
}

fn broken() -> ConnectorError {
    ConnectorError::io("the connection was reset".into())
}

/// A call with its answer.
pub(super) struct Answered {
    operation: String,
    body: String,
    pub(super) status: u16,
    pub(super) answer: String,
}

/// Lets the database run a call, where it may block.
pub(super) async fn answered(
    inner: &Arc<Inner>,
    operation: String,
    body: String,
) -> Result<Answered, JoinError> {
    let inner = Arc::clone(inner);
    tokio::task::spawn_blocking(move || {
        let (status, answer) = match dispatch(&inner.database, &operation, &body) {
            Some(Ok(json)) => (200, json),
            Some(Err(e)) => (e.status_code(), e.to_json()),
            None => (400, UNKNOWN_OPERATION.to_owned()),
        };
        if status == 200 && is_write(&operation) {
            inner.writes.send_modify(|count| *count = count.wrapping_add(1));
        }
        Answered { operation, body, status, answer }
    })
    .await
}

fn is_write(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems")
}

/// Runs one operation; `None` is an operation that the store does not have.
fn dispatch(db: &Database, operation: &str, body: &str) -> Option<Result<String, DynoxideError>> {
    Some(match operation {
        "GetItem" => run(body, |r| db.get_item(r)),
        "PutItem" => run(body, |r| db.put_item(r)),
        "UpdateItem" => run(body, |r| db.update_item(r)),
        "DeleteItem" => run(body, |r| db.delete_item(r)),
        "Query" => run(body, |r| db.query(r)),
        "Scan" => run(body, |r| db.scan(r)),
        "BatchGetItem" => run(body, |r| db.batch_get_item(r)),
        "BatchWriteItem" => run(body, |r| db.batch_write_item(r)),
        "TransactGetItems" => run(body, |r| db.transact_get_items(r)),
        "TransactWriteItems" => run(body, |r| db.transact_write_items(r)),
        "CreateTable" => run(body, |r| db.create_table(r)),
        "DescribeTable" => run(body, |r| db.describe_table(r)),
        "ListTables" => run(body, |r| db.list_tables(r)),
        "UpdateTable" => run(body, |r| db.update_table(r)),
        "DeleteTable" => run(body, |r| db.delete_table(r)),
        "UpdateTimeToLive" => run(body, |r| db.update_time_to_live(r)),
        "DescribeTimeToLive" => run(body, |r| db.describe_time_to_live(r)),
        "ListStreams" => run(body, |r| db.list_streams(r)),
        "DescribeStream" => run(body, |r| db.describe_stream(r)),
        "GetShardIterator" => run(body, |r| db.get_shard_iterator(r)),
        "GetRecords" => run(body, |r| db.get_records(r)),
        _ => return None,
    })
}

fn run<Request: DeserializeOwned, Answer: Serialize>(
    body: &str,
    operation: impl FnOnce(Request) -> Result<Answer, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_str(body).map_err(|e| refusal(&e.to_string()))?;
    let answer = operation(request)?;
    serde_json::to_string(&answer).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}

/// dynoxide's own `Deserialize` marks in the message which error DynamoDB would give.
fn refusal(message: &str) -> DynoxideError {
    let text = message.split(" at line ").next().unwrap_or(message);
    for marker in ["VALIDATION:", "VALIDATION_REQUEST:", "VALIDATION_AS_READ:"] {
        if let Some(text) = text.strip_prefix(marker) {
            return DynoxideError::ValidationException(text.to_owned());
        }
    }
    for marker in ["SERIALIZATION:", "SERIALIZATION_AS_READ:"] {
        if let Some(text) = text.strip_prefix(marker) {
            return DynoxideError::SerializationException(text.to_owned());
        }
    }
    let is_validation = ["missing field", "unknown variant", "invalid type: null", "AttributeValue"]
        .iter()
        .any(|part| text.contains(part));
    if is_validation {
        DynoxideError::ValidationException(text.to_owned())
    } else {
        DynoxideError::SerializationException(text.to_owned())
    }
}
