//! The deployed system's settings, and the hub made of them: read once, when a process starts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use weir_app::{
    Deployment, Hub,
    access_tokens::AccessTokens,
    gate::Open,
    ports::{Clock, QueueName, SecretError, TransportError},
};
use weir_channels::{CHANNELS, channel::Secret};
use weir_domain::ids::ChannelName;

use crate::{
    bus::EventBridge,
    ledger::DynamoLedger,
    queue::{QueueUrls, SqsQueues},
    secrets::{self, SecretsManager, Version},
    system::{RandomIds, SystemClock},
    transport::{Limits, ReqwestTransport},
};

/// What the name of a queue's dead letters adds to the queue's own, as in `template.yaml`.
const DEAD_LETTERS_SUFFIX: &str = "-dead";

/// How long one attempt of a call to AWS may take: far above what any of them needs.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How long a call to AWS may take with all its attempts: a Lambda has time left to answer.
const CALL: Duration = Duration::from_secs(15);

/// Why a process cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable is not set.
    #[error("the environment variable {0} is not set; template.yaml sets it for every function")]
    Missing(String),
    /// Lambda's own variable is not set.
    #[error("the environment variable AWS_REGION is not set; Lambda sets it for every function")]
    NoRegion,
    /// A variable has a value that means nothing.
    #[error("the environment variable {name} is \"{value}\"; it is one of: {allowed}")]
    Invalid {
        /// The variable.
        name: String,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// The way to the channels cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// The settings, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `AWS_REGION`: where all of it is.
    pub region: String,
    /// `WEIR_STAGE`: what belongs together.
    pub stage: String,
    /// `WEIR_TABLE`: the table's name.
    pub table: String,
    /// `WEIR_BUS`: the bus's name.
    pub bus: String,
    /// `WEIR_QUEUE_IMPORT_<CHANNEL>` of every channel, `WEIR_QUEUE_PUSH_<CHANNEL>` of those that anything
    /// is brought back to, and `WEIR_QUEUE_NOTIFICATIONS` of those that can notify.
    pub queues: BTreeMap<QueueName, QueueUrls>,
    /// `WEIR_NOTIFICATIONS_QUEUE_ARN`: what a channel is told to notify. Optional.
    pub notifications_arn: Option<String>,
    /// `WEIR_PUBLIC_URL`: where channels reach the webhook doors, such as `https://orders.example`. Without it
    /// no webhooks are registered, and the search alone finds what changed.
    pub public_url: Option<String>,
    /// `WEIR_ALLOW_ENDPOINTS`: whether connections may name base URLs of their own. Off if not set.
    pub allow_endpoints: bool,
    /// `WEIR_FIRST_TOKEN_SECRET`: the secret that holds the deployment's own API token. Only the console
    /// has it.
    pub first_token_secret: Option<String>,
}

impl Settings {
    /// Reads the settings out of an environment.
    ///
    /// # Errors
    /// The first variable that is missing or means nothing.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let required = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| SettingsError::Missing(name.to_owned()))
        };
        let mut queues = BTreeMap::new();
        for channel in CHANNELS {
            let Ok(name) = ChannelName::parse(channel.name) else { continue };
            let url = required(&format!("WEIR_QUEUE_IMPORT_{}", channel.name.to_ascii_uppercase()))?;
            queues.insert(QueueName::Import(name.clone()), urls(url));
            if channel.takes_pushes() {
                let url = required(&format!("WEIR_QUEUE_PUSH_{}", channel.name.to_ascii_uppercase()))?;
                queues.insert(QueueName::Push(name.clone()), urls(url));
            }
            if channel.notifications.is_some()
                && let Some(url) = variable("WEIR_QUEUE_NOTIFICATIONS").filter(|url| !url.is_empty())
            {
                queues.insert(QueueName::Notifications(name), urls(url));
            }
        }
        let allow_endpoints = match variable("WEIR_ALLOW_ENDPOINTS").as_deref() {
            Some("on") => true,
            Some("off" | "") | None => false,
            Some(value) => {
                return Err(SettingsError::Invalid {
                    name: "WEIR_ALLOW_ENDPOINTS".to_owned(),
                    value: value.to_owned(),
                    allowed: "on, off",
                });
            }
        };
        // Without it the SDK would look for an instance's, and each call would fail on its own.
        let region = variable("AWS_REGION").filter(|region| !region.is_empty());
        Ok(Self {
            region: region.ok_or(SettingsError::NoRegion)?,
            stage: required("WEIR_STAGE")?,
            table: required("WEIR_TABLE")?,
            bus: required("WEIR_BUS")?,
            queues,
            notifications_arn: variable("WEIR_NOTIFICATIONS_QUEUE_ARN").filter(|arn| !arn.is_empty()),
            public_url: variable("WEIR_PUBLIC_URL").filter(|url| !url.is_empty()),
            allow_endpoints,
            first_token_secret: variable("WEIR_FIRST_TOKEN_SECRET").filter(|name| !name.is_empty()),
        })
    }

    /// What the deployment can do.
    #[must_use]
    pub fn deployment(&self) -> Deployment {
        let channels: BTreeSet<ChannelName> = CHANNELS
            .iter()
            .filter(|channel| channel.notifications.is_some())
            .filter_map(|channel| ChannelName::parse(channel.name).ok())
            .collect();
        let arn = self.notifications_arn.iter();
        Deployment {
            allow_endpoints: self.allow_endpoints,
            notification_queues: arn
                .flat_map(|arn| channels.iter().map(move |channel| (channel.clone(), arn.clone())))
                .collect(),
            public_url: self.public_url.clone(),
            stand_in: None,
        }
    }
}

fn urls(queue: String) -> QueueUrls {
    QueueUrls { dead_letters: format!("{queue}{DEAD_LETTERS_SUFFIX}"), queue }
}

/// The deployment's own API token. Its secret is made with the deployment and may be given a new value.
#[derive(Clone, Debug)]
pub struct FirstToken {
    /// The value in use.
    pub token: Secret,
    /// The one before it, which is to be shut out.
    pub former: Option<Secret>,
}

/// The ports of the deployed system.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The settings.
    pub settings: Settings,
    /// What all clients share: connections, credentials, the TLS set-up.
    pub sdk: SdkConfig,
}

impl Aws {
    /// Reads the environment, and loads what all clients share.
    ///
    /// # Errors
    /// What is missing in the environment.
    pub async fn from_env() -> Result<Self, SettingsError> {
        #[allow(
            clippy::disallowed_methods,
            reason = "this is where a deployed process reads its environment, once"
        )]
        let settings = Settings::read(|name| std::env::var(name).ok())?;
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build();
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region.clone()))
            .timeout_config(timeouts);
        Ok(Self { settings, sdk: loader.load().await })
    }

    /// The client of the table, for what a door itself needs of it.
    #[must_use]
    pub fn dynamo(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// The deployment's own API token, if it has one: the value in use, and the one before it.
    ///
    /// # Errors
    /// If the secret cannot be read, or is not there although it is named.
    pub async fn first_token(&self) -> Result<Option<FirstToken>, SecretError> {
        let Some(name) = &self.settings.first_token_secret else { return Ok(None) };
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        let current = secrets::text(&client, name, Version::Current).await?;
        let token = current.ok_or_else(|| SecretError(format!("the secret {name} is not there")))?;
        let former = secrets::text(&client, name, Version::Previous).await?;
        Ok(Some(FirstToken { token, former }))
    }

    /// The hub.
    ///
    /// # Errors
    /// [`SettingsError::Transport`].
    pub fn hub(&self) -> Result<Hub, SettingsError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let settings = &self.settings;
        let queues = SqsQueues::new(aws_sdk_sqs::Client::new(&self.sdk), settings.queues.clone());
        let secrets = SecretsManager::new(
            aws_sdk_secretsmanager::Client::new(&self.sdk),
            settings.stage.clone(),
            Arc::clone(&clock),
        );
        Ok(Hub {
            ledger: Arc::new(DynamoLedger::new(self.dynamo(), settings.table.clone(), Arc::clone(&clock))),
            queue: Arc::new(queues),
            secrets: Arc::new(secrets),
            transport: Arc::new(ReqwestTransport::new(Limits::default())?),
            bus: Arc::new(EventBridge::new(
                aws_sdk_eventbridge::Client::new(&self.sdk),
                settings.bus.clone(),
            )),
            clock,
            ids: Arc::new(RandomIds),
            gate: Arc::new(Open),
            deployment: Arc::new(settings.deployment()),
            access_tokens: Arc::new(AccessTokens::default()),
        })
    }
}

#[cfg(test)]
mod tests;
