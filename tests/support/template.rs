//! Reads `template.yaml`: resources as blocks of lines, with what triggers each function and what it is
//! given. Indentation is all that is understood here; the whole grammar is checked where the template is
//! expanded.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

/// The stage of the events in `events/`, and of the functions that tests start.
pub const STAGE: &str = "prod";

/// The template.
pub struct Template {
    globals: Block,
    resources: BTreeMap<String, Block>,
}

/// The lines of one resource.
#[derive(Clone, Debug, Default)]
pub struct Block(Vec<String>);

/// What makes Lambda call a function, by the names of stage [`STAGE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Batches of a queue.
    Queue {
        /// The queue's name.
        name: String,
        /// How many messages come at most.
        most: usize,
    },
    /// Batches of a table's stream.
    Stream {
        /// How many changes come at most.
        most: usize,
        /// What each change that comes is like.
        pattern: Value,
    },
    /// A schedule.
    Schedule {
        /// Its name.
        name: String,
    },
    /// Requests of an HTTP API.
    Http {
        /// Which.
        route: String,
    },
    /// Events of a bus.
    Bus {
        /// What the names of their sources begin with.
        source: String,
    },
}

impl Template {
    /// The template of the checkout.
    #[must_use]
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        Self::parse(&std::fs::read_to_string(path).unwrap())
    }

    /// A template of this text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let section = |head: &'static str| {
            let lines = text.lines().skip_while(move |line| *line != head).skip(1);
            lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#']))
        };
        let is_said = |line: &&str| !line.trim_start().starts_with('#');
        let globals = section("Globals:").filter(is_said).map(str::to_owned).collect();
        let mut resources: BTreeMap<String, Block> = BTreeMap::new();
        let mut current: Option<String> = None;
        for line in section("Resources:") {
            let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '#']));
            if let Some(name) = name.and_then(|rest| rest.strip_suffix(':')) {
                resources.insert(name.to_owned(), Block::default());
                current = Some(name.to_owned());
            } else if is_said(&line)
                && let Some(block) = current.as_ref().and_then(|name| resources.get_mut(name))
            {
                block.0.push(line.to_owned());
            }
        }
        Self { globals: Block(globals), resources }
    }

    /// The resources of a type, with their logical names.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (String, &'a Block)> {
        let line = format!("    Type: {kind}");
        self.resources
            .iter()
            .filter(move |(_, block)| block.0.contains(&line))
            .map(|(name, block)| (name.clone(), block))
    }

    /// The functions, with their logical names.
    #[must_use]
    pub fn functions(&self) -> Vec<(String, &Block)> {
        self.of_type("AWS::Serverless::Function").collect()
    }

    /// The function of a binary.
    #[must_use]
    pub fn function_of(&self, binary: &str) -> &Block {
        let names = self.binaries();
        let name = names.iter().find(|(_, its)| *its == binary).map(|(name, _)| name);
        name.and_then(|name| self.resources.get(name)).unwrap_or_else(|| panic!("no function runs {binary}"))
    }

    /// Function → binary, as its `CodeUri: target/lambda/<binary>/` says.
    #[must_use]
    pub fn binaries(&self) -> BTreeMap<String, String> {
        let binary = |name: &str, block: &Block| {
            let line = block.line("CodeUri:");
            let binary =
                line.trim().strip_prefix("CodeUri: target/lambda/").and_then(|rest| rest.strip_suffix('/'));
            binary.unwrap_or_else(|| panic!("{name}: CodeUri is not target/lambda/<binary>/")).to_owned()
        };
        self.functions().into_iter().map(|(name, block)| (name.clone(), binary(&name, block))).collect()
    }

    /// Whether what the function fails at goes somewhere: to a failure destination, to the dead letters of the queue
    /// that it reads, or to a caller of the API who waits for the answer, be it of the function or of its alias.
    #[must_use]
    pub fn fails_somewhere(&self, name: &str, function: &Block) -> bool {
        let redriven = || {
            self.of_type("AWS::SQS::Queue").any(|(queue, block)| {
                block.has("RedrivePolicy:") && function.has(&format!("Queue: !GetAtt {queue}.Arn"))
            })
        };
        function.has("OnFailure:") || redriven() || !self.integrations(name).is_empty()
    }

    /// The names that the function can be called by: its own and those of its aliases.
    fn called_through(&self, function: &str) -> Vec<String> {
        let aliases = self.of_type("AWS::Lambda::Alias").filter(|(_, alias)| alias.refers_to(function));
        let mut called: Vec<String> = aliases.map(|(alias, _)| alias).collect();
        called.push(function.to_owned());
        called
    }

    /// What an HTTP API calls the function through, by its own name or by that of its alias.
    fn integrations(&self, function: &str) -> Vec<String> {
        let called = self.called_through(function);
        self.of_type("AWS::ApiGatewayV2::Integration")
            .filter(|(_, integration)| called.iter().any(|name| integration.refers_to(name)))
            .map(|(name, _)| name)
            .collect()
    }

    /// The variables of a function, those of all and its own, each with the template's expression of
    /// its value.
    #[must_use]
    pub fn variables(&self, function: &Block) -> BTreeMap<String, String> {
        let mut variables = self.globals.variables();
        variables.extend(function.variables());
        variables
    }

    /// The name of a queue in stage [`STAGE`], by its logical name.
    #[must_use]
    pub fn queue_name(&self, queue: &str) -> String {
        let block = self.resources.get(queue).unwrap_or_else(|| panic!("there is no {queue}"));
        block.value("QueueName:").unwrap_or_else(|| panic!("{queue} has no name"))
    }

    /// Every queue's name in stage [`STAGE`].
    #[must_use]
    pub fn queue_names(&self) -> Vec<String> {
        self.of_type("AWS::SQS::Queue").map(|(queue, _)| self.queue_name(&queue)).collect()
    }

    /// What makes Lambda call a function.
    ///
    /// # Panics
    /// If an event source is of a kind that is not read here.
    #[must_use]
    pub fn triggers(&self, name: &str, function: &Block) -> Vec<Trigger> {
        let mut triggers: Vec<Trigger> =
            function.events().iter().map(|event| self.event_source(name, event)).collect();
        for integration in self.integrations(name) {
            let target = format!("${{{integration}}}");
            let routes = self.of_type("AWS::ApiGatewayV2::Route");
            triggers.extend(
                routes
                    .filter(|(_, route)| route.line("Target:").contains(&target))
                    .map(|(_, route)| Trigger::Http { route: route.value("RouteKey:").unwrap_or_default() }),
            );
        }
        let called = self.called_through(name);
        let rules = self.of_type("AWS::Events::Rule");
        triggers.extend(
            rules
                .filter(|(_, rule)| called.iter().any(|name| rule.refers_to(name)))
                .map(|(_, rule)| Trigger::Bus { source: rule.value("- prefix:").unwrap_or_default() }),
        );
        triggers
    }

    fn event_source(&self, function: &str, event: &Block) -> Trigger {
        let most = || event.value("BatchSize:").and_then(|size| size.parse().ok()).unwrap_or(10);
        match event.value("Type:").unwrap_or_default().as_str() {
            "SQS" => {
                let queue = event.value("Queue:").unwrap_or_default();
                let queue = queue.strip_prefix("!GetAtt ").and_then(|queue| queue.strip_suffix(".Arn"));
                let queue = queue.unwrap_or_else(|| panic!("{function}: a queue that is not the template's"));
                Trigger::Queue { name: self.queue_name(queue), most: most() }
            }
            "DynamoDB" => {
                let pattern = event.0.iter().find_map(|line| line.trim_start().strip_prefix("- Pattern: "));
                let pattern = pattern.map_or("{}", |pattern| pattern.trim().trim_matches('\''));
                Trigger::Stream { most: most(), pattern: serde_json::from_str(pattern).unwrap() }
            }
            "ScheduleV2" => Trigger::Schedule { name: event.value("Name:").unwrap_or_default() },
            other => panic!("{function}: events of the type {other:?} are not read here"),
        }
    }
}

impl Trigger {
    /// Whether an event is one that this trigger would hand over.
    #[must_use]
    pub fn gives(&self, event: &Value) -> bool {
        let records = event["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match self {
            Self::Queue { name, most } => {
                let is_its = |record: &Value| {
                    record["eventSource"] == "aws:sqs"
                        && text(&record["eventSourceARN"]).ends_with(&format!(":{name}"))
                        && record["messageId"].is_string()
                        && record["body"].is_string()
                        && record["attributes"]["ApproximateReceiveCount"].is_string()
                };
                !records.is_empty() && records.len() <= *most && records.iter().all(is_its)
            }
            Self::Stream { most, pattern } => {
                let is_its = |record: &Value| {
                    record["eventSource"] == "aws:dynamodb"
                        && text(&record["eventSourceARN"]).contains("/stream/")
                        && record["dynamodb"]["SequenceNumber"].is_string()
                        && matches(pattern, record)
                };
                !records.is_empty() && records.len() <= *most && records.iter().all(is_its)
            }
            Self::Schedule { name } => {
                event["source"] == "aws.scheduler"
                    && text(&event["resources"][0]).ends_with(&format!(":schedule/default/{name}"))
            }
            Self::Http { route } => {
                event["version"] == "2.0"
                    && event["routeKey"] == **route
                    && event["requestContext"]["routeKey"] == **route
                    && event["requestContext"]["http"]["method"].is_string()
            }
            Self::Bus { source } => {
                text(&event["source"]).starts_with(source.as_str())
                    && event["detail-type"].is_string()
                    && event["detail"].is_object()
            }
        }
    }
}

/// Whether a value is as a filter pattern wants it: objects by field, and a list of what may be there.
fn matches(pattern: &Value, value: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(name, pattern)| matches(pattern, &value[name])),
        Value::Array(allowed) => allowed.contains(value),
        _ => false,
    }
}

impl Block {
    /// Whether a line begins so.
    #[must_use]
    pub fn has(&self, beginning: &str) -> bool {
        self.0.iter().any(|line| line.trim_start().trim_start_matches("- ").starts_with(beginning))
    }

    /// The line that begins so; empty if none does.
    #[must_use]
    pub fn line(&self, beginning: &str) -> &str {
        self.0.iter().find(|line| line.trim_start().starts_with(beginning)).map_or("", String::as_str)
    }

    /// What stands after it, without the comment; a `!Sub` with [`STAGE`] in its place.
    #[must_use]
    pub fn value(&self, beginning: &str) -> Option<String> {
        let value = self.line(beginning).trim_start().strip_prefix(beginning)?;
        let value = value.split(" #").next().unwrap_or_default().trim();
        let value = value.strip_prefix("!Sub ").unwrap_or(value);
        Some(value.trim_matches('"').replace("${Stage}", STAGE))
    }

    /// Whether it refers to a resource.
    #[must_use]
    pub fn refers_to(&self, name: &str) -> bool {
        let reference = |line: &str, tag: &str| {
            line.split_once(tag).is_some_and(|(_, rest)| {
                rest.strip_prefix(name)
                    .is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()))
            })
        };
        self.0.iter().any(|line| reference(line, "!Ref ") || reference(line, "!GetAtt "))
    }

    /// The variables that stand here.
    fn variables(&self) -> BTreeMap<String, String> {
        let depth = |line: &str| line.len() - line.trim_start().len();
        let mut lines = self.0.iter().skip_while(|line| line.trim() != "Variables:");
        let Some(head) = lines.next().map(|line| depth(line)) else { return BTreeMap::new() };
        lines
            .take_while(|line| depth(line) > head)
            .filter_map(|line| line.split(" #").next()?.trim().split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// The event sources of a function, each a block of its own.
    fn events(&self) -> Vec<Self> {
        let lines = self.0.iter().skip_while(|line| *line != "      Events:").skip(1);
        let mut events: Vec<Self> = Vec::new();
        for line in lines.take_while(|line| line.starts_with("        ")) {
            if line.starts_with("         ") {
                events.last_mut().expect("an event's name").0.push(line.clone());
            } else {
                events.push(Self::default());
            }
        }
        events
    }
}
