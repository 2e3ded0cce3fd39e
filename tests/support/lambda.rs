//! Lambda, as far as one invocation goes: the runtime API behind a port, and a function's real binary as
//! a process in the environment that `template.yaml` and Lambda give it.

use std::{
    collections::BTreeMap,
    io::Read,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{Response, StatusCode},
    routing::{get, post},
};
use futures_util::future::join;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use weir_app::ports::Clock;
use weir_aws::SystemClock;

use crate::{
    cloud::{ACCOUNT, API, BUS, Doors, FIRST_TOKEN_SECRET, REGION, queue_url},
    house::TABLE,
    template::{STAGE, Template},
};

/// How long a function may take here, whatever its own timeout: it waits for nothing but this machine.
const TIME_TO_ANSWER: Duration = Duration::from_secs(40);

/// The id of the only request.
const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// A function as it is deployed.
#[derive(Clone, Debug)]
pub struct Function {
    name: String,
    binary: PathBuf,
    variables: BTreeMap<String, String>,
}

/// What became of a process and its event.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub ended: Ended,
    /// Its log, line by line. Every line of it is JSON.
    pub log: Vec<Value>,
}

/// How an invocation ended.
#[derive(Debug)]
pub enum Ended {
    /// The function answered.
    Answered(Value),
    /// The function said that it failed.
    Failed(Value),
    /// The process ended before it took the event.
    Exited {
        /// Its exit code.
        code: Option<i32>,
    },
}

impl Ran {
    /// The answer.
    #[must_use]
    pub fn answer(&self) -> &Value {
        match &self.ended {
            Ended::Answered(answer) => answer,
            ended => panic!("it did not answer: {ended:?}\n{}", self.lines().join("\n")),
        }
    }

    /// The log as text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.log.iter().map(ToString::to_string).collect()
    }

    /// The lines of the log that warn or tell of an error.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let is_one = |line: &&Value| matches!(line["level"].as_str(), Some("WARN" | "ERROR"));
        self.log.iter().filter(is_one).map(|line| line["fields"].to_string()).collect()
    }
}

impl Function {
    /// The function of a binary, given what Lambda and the template give it; its AWS is at an address.
    ///
    /// # Panics
    /// If the template gives a value that is not known here.
    #[must_use]
    pub fn new(name: &str, binary: &str, aws: &str) -> Self {
        let template = Template::read();
        let block = template.function_of(name);
        let of_block = |line: &str| block.value(line).unwrap_or_else(|| panic!("{name} has no {line}"));
        let function = format!("weir-{STAGE}-{name}");
        let mut variables: BTreeMap<String, String> = [
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "example".to_owned()),
            ("AWS_SESSION_TOKEN", "example".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://{aws}")),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", of_block("MemorySize:")),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/weir/{STAGE}/{name}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/21/[$LATEST]0123456789abcdef".to_owned()),
            ("AWS_LAMBDA_LOG_FORMAT", of_block("LogFormat:")),
            ("AWS_LAMBDA_LOG_LEVEL", of_block("ApplicationLogLevel:")),
            ("TZ", ":UTC".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let given = template.variables(block).into_iter();
        variables.extend(given.map(|(name, value)| (name, resolved(&template, &value))));
        Self { name: function, binary: PathBuf::from(binary), variables }
    }

    /// The same function with one variable otherwise; empty, it is not set at all.
    #[must_use]
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        match value {
            "" => self.variables.remove(variable),
            value => self.variables.insert(variable.to_owned(), value.to_owned()),
        };
        self
    }

    /// Starts it, hands it one event, and ends it once it has answered.
    pub async fn run(&self, event: &Value) -> Ran {
        let (listener, address) = Doors::port().await;
        let (ended, mut ends) = unbounded_channel();
        let mut doors = Doors::default();
        doors.serve(listener, self.runtime_api(event, ended));
        let mut command = Command::new(&self.binary);
        command.env_clear().envs(&self.variables).env("AWS_LAMBDA_RUNTIME_API", address);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = Process(child.unwrap_or_else(|why| panic!("{}: {why}", self.binary.display())));
        let (ended, log) = tokio::time::timeout(TIME_TO_ANSWER, child.followed(&mut ends))
            .await
            .unwrap_or_else(|_| panic!("{} did not end", self.name));
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        Ran { ended, log: log.lines().map(line).collect() }
    }

    /// The part of Lambda's runtime API that a function uses: the first call for work gets the event,
    /// and the next one waits, as between two events.
    fn runtime_api(&self, event: &Value, ended: UnboundedSender<Ended>) -> Router {
        let clock = SystemClock::default();
        let deadline = clock.now().saturating_add(SignedDuration::from_mins(1)).unwrap();
        let event = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", REQUEST)
            .header("lambda-runtime-deadline-ms", deadline.as_millisecond())
            .header("lambda-runtime-trace-id", "Root=1-69202a44-0f6a1b2c3d4e5f6071829304;Sampled=0")
            .header(
                "lambda-runtime-invoked-function-arn",
                format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.name),
            )
            .body(Body::from(event.to_string()))
            .unwrap();
        let next = Arc::new(Mutex::new(Some(event)));
        let take = move || {
            let event = next.lock().unwrap().take();
            async move {
                match event {
                    Some(event) => event,
                    None => std::future::pending().await,
                }
            }
        };
        let invocation = |State(ended): State<UnboundedSender<Ended>>,
                          Path((_, what)): Path<(String, String)>,
                          body: Bytes| {
            let body = serde_json::from_slice(&body).unwrap();
            // A second answer has no receiver any more, and nobody waits for it.
            let _ = ended.send(if what == "response" { Ended::Answered(body) } else { Ended::Failed(body) });
            std::future::ready(StatusCode::ACCEPTED)
        };
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(take))
            .route("/2018-06-01/runtime/invocation/{id}/{what}", post(invocation))
            .with_state(ended)
    }
}

/// What the template's expression of a variable's value gives in stage [`STAGE`].
fn resolved(template: &Template, expression: &str) -> String {
    match expression.split_once(' ') {
        Some(("!Ref", "Stage")) => STAGE.to_owned(),
        Some(("!Ref", "Table")) => TABLE.to_owned(),
        Some(("!Ref", "Bus")) => BUS.to_owned(),
        // No domain of its own leads to the API.
        Some(("!If", "[HasPublicUrl, !Ref PublicUrl, !GetAtt ConsoleApi.ApiEndpoint]")) => API.to_owned(),
        // The functions of a test reach an Amazon of the test.
        Some(("!Ref", "AllowEndpoints")) => "on".to_owned(),
        Some(("!Ref", queue)) => queue_url(&template.queue_name(queue)),
        Some(("!GetAtt", "FirstApiToken.Id")) => FIRST_TOKEN_SECRET.to_owned(),
        Some(("!GetAtt", queue)) => {
            let queue =
                queue.strip_suffix(".Arn").unwrap_or_else(|| panic!("{expression} is not known here"));
            format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", template.queue_name(queue))
        }
        Some(_) => panic!("{expression} is not known here"),
        None => expression.to_owned(),
    }
}

/// A process that does not outlive its test.
struct Process(Child);

impl Process {
    /// Follows the process to its first answer or to its end, with all that it says.
    async fn followed(mut self, ends: &mut UnboundedReceiver<Ended>) -> (Ended, String) {
        let said = spoken(self.0.stdout.take().unwrap());
        let complained = spoken(self.0.stderr.take().unwrap());
        let mut all = Box::pin(async {
            let (said, complained) = join(said, complained).await;
            said + &complained
        });
        tokio::select! {
            Some(ended) = ends.recv() => {
                self.0.kill().unwrap();
                (ended, all.await)
            }
            log = &mut all => (Ended::Exited { code: self.0.wait().unwrap().code() }, log),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a stream says until it ends.
async fn spoken(mut stream: impl Read + Send + 'static) -> String {
    let read = move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}
