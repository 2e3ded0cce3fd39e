//! The queue port: durable, at least once, in no order. What is received comes to the flows as a
//! call; this port is what they send with, and how people see to what could not be handled.

use async_trait::async_trait;
use weir_domain::{Timestamp, ids::ChannelName};

use crate::gate::Fault;

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueName {
    /// Signals of a channel: one queue for each, so that one's rate limit never stalls another.
    Import(ChannelName),
    /// What a channel tells by itself.
    Notifications(ChannelName),
    /// Fulfillments for the shops of a channel: apart from its imports, which a shop in trouble never holds up.
    Push(ChannelName),
}

impl QueueName {
    /// The name as text, such as `import-amazon`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Import(channel) => format!("import-{channel}"),
            Self::Notifications(channel) => format!("notifications-{channel}"),
            Self::Push(channel) => format!("push-{channel}"),
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, channel) = text.split_once('-')?;
        let channel = ChannelName::parse(channel).ok()?;
        match kind {
            "import" => Some(Self::Import(channel)),
            "notifications" => Some(Self::Notifications(channel)),
            "push" => Some(Self::Push(channel)),
            _ => None,
        }
    }
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// Its id, for the logs.
    pub id: String,
    /// For fairness: the connection.
    pub group: String,
    /// The body; no order data, no personal data.
    pub body: String,
}

/// A message that could not be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id.
    pub id: String,
    /// Of which queue.
    pub queue: QueueName,
    /// What went wrong the last time.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The body.
    pub body: String,
    /// When it was first sent.
    pub first_seen_at: Timestamp,
}

/// Why the queue did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Later it will work; messages may have been sent or not.
    #[error("the queue has trouble: {0}")]
    Trouble(String),
    /// There is no dead letter of that id.
    #[error("there is no dead letter of that id")]
    NotFound,
}

impl From<Fault> for QueueError {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.to_string())
    }
}

/// Where messages are sent.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends messages. MUST have stored all of them durably when it answers well; MAY have sent
    /// some when it does not. A message MAY arrive more than once and in any order.
    async fn send(&self, queue: &QueueName, messages: &[OutgoingMessage]) -> Result<(), QueueError>;

    /// Messages that could not be handled.
    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError>;

    /// Sends one of them to its queue again. MUST be in one of both places at any time.
    async fn replay(&self, id: &str) -> Result<(), QueueError>;

    /// Drops one of them. The note says why; it is logged.
    async fn discard(&self, id: &str, note: &str) -> Result<(), QueueError>;
}
