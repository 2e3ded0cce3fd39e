//! AWS on this machine, as far as the functions use it, for processes that a test starts: the embedded
//! DynamoDB behind a port, and queues, a bus and secrets that keep what they are told. And the house's
//! Amazon behind another port. Never: a rule, or an answer of DynamoDB that is not the embedded store's.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use weir_app::ports::Transport;
use weir_aws::embedded::EmbeddedStore;
use weir_channels::http::{HttpRequest, Method};

use crate::crossing::Crossing;

/// The region where everything is.
pub const REGION: &str = "eu-west-1";

/// The account.
pub const ACCOUNT: &str = "123456789012";

/// The bus.
pub const BUS: &str = "weir-prod";

/// Where the HTTP API is.
pub const API: &str = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";

/// The secret that holds the deployment's own API token.
pub const FIRST_TOKEN_SECRET: &str =
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:weir/prod/first-api-token-AbCdEf";

/// The largest body that is read, in bytes: above what any of the calls may have.
const MAX_BODY_BYTES: usize = 8 * 1_024 * 1_024;

/// Servers of this process, each at work until this is dropped.
#[derive(Default)]
pub struct Doors(JoinSet<()>);

impl Doors {
    /// Opens a port on this machine, and says where it is: `127.0.0.1:PORT`. Calls wait until it is
    /// served.
    pub async fn port() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (listener, address)
    }

    /// Serves at a port.
    pub fn serve(&mut self, listener: TcpListener, router: Router) {
        self.0.spawn(async move { axum::serve(listener, router).await.unwrap() });
    }
}

/// The address of a queue.
#[must_use]
pub fn queue_url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
}

/// AWS, as far as the functions use it.
pub struct Cloud {
    store: EmbeddedStore,
    state: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    queues: BTreeMap<String, Vec<String>>,
    announced: Vec<Value>,
    /// The values of each secret, the one in use last.
    secrets: BTreeMap<String, Vec<String>>,
    refusals: Vec<Refusal>,
}

/// Calls that are not answered as usual.
#[derive(Clone, Debug)]
struct Refusal {
    target: String,
    answer: Answer,
}

/// An answer: its status, its JSON, and the code of an error as the older protocol of SQS spells it.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    body: String,
    query_error: Option<&'static str>,
}

impl Answer {
    fn good(body: &Value) -> Self {
        Self { status: 200, body: body.to_string(), query_error: None }
    }

    fn error(code: &str, message: &str) -> Self {
        let body = json!({ "__type": code, "message": message }).to_string();
        Self { status: 400, body, query_error: None }
    }
}

impl Cloud {
    /// An account with a store, with queues of these names, and with nothing in it.
    #[must_use]
    pub fn new(store: EmbeddedStore, queues: &[String]) -> Arc<Self> {
        let queues = queues.iter().map(|name| (queue_url(name), Vec::new())).collect();
        let secrets = [(FIRST_TOKEN_SECRET.to_owned(), vec!["a-token-that-nobody-has".to_owned()])].into();
        Arc::new(Self { store, state: Mutex::new(Kept { queues, secrets, ..Kept::default() }) })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bodies of all messages that were sent to a queue.
    #[must_use]
    pub fn sent(&self, queue: &str) -> Vec<String> {
        self.kept().queues[&queue_url(queue)].clone()
    }

    /// What was announced, as `name: detail`'s `order_no`.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        let said = |entry: &Value| {
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            let order = detail["order_no"].as_str().unwrap_or_default().to_owned();
            format!("{} {order}", entry["DetailType"].as_str().unwrap())
        };
        self.kept().announced.iter().map(said).collect()
    }

    /// Keeps a secret, or gives one a new value.
    pub fn keep_secret(&self, name: &str, value: impl Into<String>) {
        self.kept().secrets.entry(name.to_owned()).or_default().push(value.into());
    }

    /// Every call whose target begins so (`AmazonSQS.SendMessageBatch`, `secretsmanager`) is refused as
    /// by a role that may not make it.
    pub fn forbid(&self, target: &str) {
        let message = format!("User: arn:aws:sts::{ACCOUNT}:assumed-role/weir is not authorized to do this");
        let answer = Answer::error("AccessDeniedException", &message);
        self.kept().refusals.push(Refusal { target: target.to_owned(), answer });
    }

    /// Every call is answered as usual again.
    pub fn allow(&self) {
        self.kept().refusals.clear();
    }

    /// Forgets all secrets.
    pub fn lose_secrets(&self) {
        self.kept().secrets.clear();
    }

    /// The way in.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(answer).with_state(Arc::clone(self))
    }

    fn refused(&self, target: &str) -> Option<Answer> {
        let kept = self.kept();
        kept.refusals.iter().find(|it| target.starts_with(&it.target)).map(|it| it.answer.clone())
    }

    async fn answer(&self, region: &str, target: &str, body: &str) -> Answer {
        let (service, operation) = target.split_once('.').unwrap_or((target, ""));
        if let Some(refused) = self.refused(target) {
            return refused;
        }
        // Another region has the same services, and nothing in them.
        if service.starts_with("DynamoDB") {
            if region != REGION {
                return Answer::error("ResourceNotFoundException", "Requested resource not found");
            }
            let (status, body) = self.store.answer(operation, body).await.unwrap();
            return Answer { status, body, query_error: None };
        }
        let mut nowhere = Kept::default();
        let mut here = self.kept();
        let kept = if region == REGION { &mut *here } else { &mut nowhere };
        let request = serde_json::from_str(body).unwrap_or_default();
        match service {
            "AmazonSQS" => kept.sqs(operation, &request),
            "AWSEvents" => kept.events(operation, &request),
            "secretsmanager" => kept.secrets(operation, &request),
            _ => Answer::error("UnknownOperationException", target),
        }
    }
}

impl Kept {
    fn sqs(&mut self, operation: &str, request: &Value) -> Answer {
        let Some(queue) = self.queues.get_mut(request["QueueUrl"].as_str().unwrap_or_default()) else {
            let message = "The specified queue does not exist.";
            return Answer {
                query_error: Some("AWS.SimpleQueueService.NonExistentQueue;Sender"),
                ..Answer::error("com.amazonaws.sqs#QueueDoesNotExist", message)
            };
        };
        match operation {
            "SendMessageBatch" => {
                let mut taken = Vec::new();
                for entry in request["Entries"].as_array().into_iter().flatten() {
                    queue.push(entry["MessageBody"].as_str().unwrap_or_default().to_owned());
                    let id = format!("message-{}", queue.len());
                    taken.push(json!({ "Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": "-" }));
                }
                Answer::good(&json!({ "Successful": taken, "Failed": [] }))
            }
            "ReceiveMessage" => Answer::good(&json!({})),
            _ => Answer::error("UnknownOperationException", operation),
        }
    }

    fn events(&mut self, operation: &str, request: &Value) -> Answer {
        if operation != "PutEvents" {
            return Answer::error("UnknownOperationException", operation);
        }
        let mut results = Vec::new();
        for entry in request["Entries"].as_array().into_iter().flatten() {
            if entry["EventBusName"] != BUS {
                return Answer::error("AccessDeniedException", "not authorized to perform: events:PutEvents");
            }
            self.announced.push(entry.clone());
            results.push(json!({ "EventId": format!("event-{}", self.announced.len()) }));
        }
        Answer::good(&json!({ "FailedEntryCount": 0, "Entries": results }))
    }

    fn secrets(&mut self, operation: &str, request: &Value) -> Answer {
        let name = request["SecretId"].as_str().unwrap_or_default();
        let age = usize::from(request["VersionStage"] == "AWSPREVIOUS");
        let value = self.secrets.get(name).and_then(|values| values.iter().rev().nth(age));
        match (operation, value) {
            ("GetSecretValue", Some(secret)) => {
                Answer::good(&json!({ "Name": name, "SecretString": secret }))
            }
            ("GetSecretValue", None) => {
                Answer::error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
            }
            _ => Answer::error("UnknownOperationException", operation),
        }
    }
}

async fn answer(State(cloud): State<Arc<Cloud>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let target = header("x-amz-target");
    // `AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/aws4_request, …`
    let region = header("authorization").split('/').nth(2).unwrap_or_default().to_owned();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let Answer { status, body, query_error } = cloud.answer(&region, &target, &body).await;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let content_type = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, content_type);
    if let Some(error) = query_error {
        let name = HeaderName::from_static("x-amzn-query-error");
        response.headers_mut().insert(name, HeaderValue::from_static(error));
    }
    response
}

/// The way to the channels, for processes that reach it at this address (`http://127.0.0.1:PORT`).
pub fn channels(crossing: Arc<Crossing>, address: &str) -> Router {
    Router::new().fallback(ask_channels).with_state((crossing, Arc::from(address)))
}

async fn ask_channels(
    State((crossing, address)): State<(Arc<Crossing>, Arc<str>)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let method = match parts.method.as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        other => panic!("nobody asks a channel with {other}"),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut call = HttpRequest::new(method, format!("{address}{path}"));
    for (name, value) in &parts.headers {
        call = call.header(name.as_str(), value.to_str().unwrap());
    }
    call.body = to_bytes(body, MAX_BODY_BYTES).await.unwrap().to_vec();
    let answer = crossing.send(&call).await.unwrap();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).unwrap();
        response.headers_mut().append(name, HeaderValue::from_str(&value).unwrap());
    }
    response
}
