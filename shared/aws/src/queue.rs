//! The queues on SQS: sending, and seeing to what could not be handled. Receiving is Lambda's: its event
//! source hands messages to the functions. Never: what stands in a message.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
        MessageAttributeValue, MessageSystemAttributeName, SendMessageBatchRequestEntry,
    },
};
use futures_util::future::try_join_all;
use weir_app::ports::{DeadLetter, OutgoingMessage, Queue, QueueError, QueueName};
use weir_domain::Timestamp;

use crate::{backoff, sdk_error::Place};

/// Messages that one call takes: SQS's own limit.
const MESSAGES_IN_A_CALL: usize = 10;

/// How often messages that a batch did not take are sent again.
const SENDS: u32 = 5;

/// How many dead letters of a queue are looked at: more than a person reads at once.
const DEAD_LETTERS: usize = 200;

/// How long the dead letters that one look has seen are hidden from the next, in seconds, should it end
/// before it gives them back.
const LOOK_SECONDS: i32 = 10;

/// How long one dead letter is hidden while it is replayed or discarded, in seconds.
const HOLD_SECONDS: i32 = 30;

/// How long a look waits for messages, in seconds. Without waiting SQS asks only some of its servers.
const WAIT_SECONDS: i32 = 1;

/// After how many receives a message is a dead letter: `maxReceiveCount` of `template.yaml`. SQS goes on
/// counting when people look at it.
const RECEIVES: u32 = 5;

/// The name of the message's id among its attributes.
const ID_ATTRIBUTE: &str = "weir_id";

/// The addresses of one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueUrls {
    /// Of the queue itself.
    pub queue: String,
    /// Of the queue of its dead letters.
    pub dead_letters: String,
}

/// The queues of a deployment.
#[derive(Clone, Debug)]
pub struct SqsQueues {
    client: Client,
    queues: BTreeMap<QueueName, QueueUrls>,
}

/// A dead letter as SQS has it.
struct Dead {
    queue: QueueName,
    message: Message,
}

impl SqsQueues {
    /// These queues.
    #[must_use]
    pub const fn new(client: Client, queues: BTreeMap<QueueName, QueueUrls>) -> Self {
        Self { client, queues }
    }

    fn urls(&self, queue: &QueueName) -> Result<&QueueUrls, QueueError> {
        let urls = self.queues.get(queue);
        urls.ok_or_else(|| QueueError::Trouble(format!("this deployment has no queue {}", queue.text())))
    }

    fn place(&self, url: &str) -> Place {
        Place::new("queue", url, self.client.config().region())
    }

    fn trouble<E>(&self, url: &str, error: &SdkError<E, HttpResponse>) -> QueueError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        QueueError::Trouble(self.place(url).describe(error))
    }

    /// Sends up to [`MESSAGES_IN_A_CALL`] messages; those that were not taken are sent again.
    async fn send_some(&self, url: &str, messages: &[OutgoingMessage]) -> Result<(), QueueError> {
        let mut left: BTreeSet<usize> = (0..messages.len()).collect();
        let mut why = String::new();
        for attempt in 0..SENDS {
            if attempt > 0 {
                backoff::pause(attempt).await;
            }
            let mut entries = Vec::with_capacity(left.len());
            for index in &left {
                entries.push(entry(*index, &messages[*index])?);
            }
            let call = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
            let answer = call.send().await.map_err(|error| self.trouble(url, &error))?;
            for sent in &answer.successful {
                left.remove(&sent.id.parse().unwrap_or(usize::MAX));
            }
            if left.is_empty() {
                return Ok(());
            }
            let failed = answer.failed.first();
            why = failed.map_or_else(|| "no answer for a message".to_owned(), |failed| failed.code.clone());
        }
        let (left, all) = (left.len(), messages.len());
        let words = format!("{left} of {all} messages were not taken");
        Err(QueueError::Trouble(self.place(url).says(&why, &words)))
    }

    /// Looks through the dead letters of a queue until `wanted` is met or all are seen.
    async fn look(
        &self,
        queue: &QueueName,
        urls: &QueueUrls,
        wanted: Option<&str>,
    ) -> Result<Vec<Dead>, QueueError> {
        let mut seen: BTreeMap<String, Dead> = BTreeMap::new();
        loop {
            let call = self
                .client
                .receive_message()
                .queue_url(&urls.dead_letters)
                .max_number_of_messages(10)
                .visibility_timeout(if wanted.is_some() { HOLD_SECONDS } else { LOOK_SECONDS })
                .wait_time_seconds(WAIT_SECONDS)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All");
            let answer = call.send().await.map_err(|error| self.trouble(&urls.dead_letters, &error))?;
            let messages = answer.messages.unwrap_or_default();
            let before = seen.len();
            for message in messages {
                let id = message.message_id.clone().unwrap_or_default();
                seen.insert(id, Dead { queue: queue.clone(), message });
            }
            let is_met = wanted.is_some_and(|id| seen.contains_key(id));
            if is_met || seen.len() == before || seen.len() >= DEAD_LETTERS {
                return Ok(seen.into_values().collect());
            }
        }
    }

    /// Gives back what was only looked at, so that the next look sees it too.
    async fn give_back(&self, url: &str, dead: &[&Dead]) {
        for some in dead.chunks(MESSAGES_IN_A_CALL) {
            let entry = |(index, dead): (usize, &&Dead)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .set_receipt_handle(dead.message.receipt_handle.clone())
                    .visibility_timeout(0)
                    .build()
                    .ok()
            };
            let entries = some.iter().enumerate().filter_map(entry).collect();
            let call =
                self.client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
            if let Err(error) = call.send().await {
                // They come back by themselves in a few seconds.
                tracing::warn!(error = self.place(url).describe(&error), "dead letters were not given back");
            }
        }
    }

    /// The dead letter of an id; all others that were met on the way are given back.
    async fn find(&self, id: &str) -> Result<(Dead, &QueueUrls), QueueError> {
        for (queue, urls) in &self.queues {
            let mut dead = self.look(queue, urls, Some(id)).await?;
            let position = dead.iter().position(|dead| dead.message.message_id.as_deref() == Some(id));
            let found = position.map(|position| dead.swap_remove(position));
            self.give_back(&urls.dead_letters, &dead.iter().collect::<Vec<_>>()).await;
            if let Some(found) = found {
                return Ok((found, urls));
            }
        }
        Err(QueueError::NotFound)
    }

    async fn delete(&self, url: &str, dead: &Dead) -> Result<(), QueueError> {
        let entry = DeleteMessageBatchRequestEntry::builder()
            .id("0")
            .set_receipt_handle(dead.message.receipt_handle.clone())
            .build()
            .map_err(|error| QueueError::Trouble(error.to_string()))?;
        let call = self.client.delete_message_batch().queue_url(url).entries(entry);
        let answer = call.send().await.map_err(|error| self.trouble(url, &error))?;
        match answer.failed.first() {
            Some(failed) => {
                Err(QueueError::Trouble(self.place(url).says(&failed.code, "it was not removed")))
            }
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Queue for SqsQueues {
    async fn send(&self, queue: &QueueName, messages: &[OutgoingMessage]) -> Result<(), QueueError> {
        let urls = self.urls(queue)?;
        for some in messages.chunks(MESSAGES_IN_A_CALL) {
            self.send_some(&urls.queue, some).await?;
        }
        Ok(())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        let looks = self.queues.iter().map(|(queue, urls)| async move {
            let dead = self.look(queue, urls, None).await?;
            self.give_back(&urls.dead_letters, &dead.iter().collect::<Vec<_>>()).await;
            Ok::<_, QueueError>(dead)
        });
        let mut letters: Vec<DeadLetter> =
            try_join_all(looks).await?.into_iter().flatten().map(letter).collect();
        letters.sort_by(|a, b| (a.first_seen_at, &a.id).cmp(&(b.first_seen_at, &b.id)));
        Ok(letters)
    }

    async fn replay(&self, id: &str) -> Result<(), QueueError> {
        let (dead, urls) = self.find(id).await?;
        // First the one, then the other: in between it is in both, never in neither.
        let again = OutgoingMessage {
            id: own_id(&dead.message),
            group: system_attribute(&dead.message, &MessageSystemAttributeName::MessageGroupId)
                .unwrap_or_default()
                .to_owned(),
            body: dead.message.body.clone().unwrap_or_default(),
        };
        self.send_some(&urls.queue, std::slice::from_ref(&again)).await?;
        self.delete(&urls.dead_letters, &dead).await?;
        tracing::info!(queue = dead.queue.text(), id, message_id = again.id, "a dead letter was replayed");
        Ok(())
    }

    async fn discard(&self, id: &str, note: &str) -> Result<(), QueueError> {
        let (dead, urls) = self.find(id).await?;
        self.delete(&urls.dead_letters, &dead).await?;
        tracing::info!(queue = dead.queue.text(), id, note, "a dead letter was discarded");
        Ok(())
    }
}

fn entry(index: usize, message: &OutgoingMessage) -> Result<SendMessageBatchRequestEntry, QueueError> {
    let trouble = |error: aws_sdk_sqs::error::BuildError| QueueError::Trouble(error.to_string());
    let id = MessageAttributeValue::builder().data_type("String").string_value(&message.id);
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(&message.body)
        // On a standard queue a group makes for fairness between connections, and orders nothing.
        .set_message_group_id((!message.group.is_empty()).then(|| message.group.clone()))
        .message_attributes(ID_ATTRIBUTE, id.build().map_err(trouble)?)
        .build()
        .map_err(trouble)
}

fn letter(dead: Dead) -> DeadLetter {
    let counted = system_attribute(&dead.message, &MessageSystemAttributeName::ApproximateReceiveCount);
    let sent_at = system_attribute(&dead.message, &MessageSystemAttributeName::SentTimestamp);
    let sent_at = sent_at.and_then(|millis| Timestamp::from_millisecond(millis.parse().ok()?).ok());
    let attempts =
        counted.and_then(|count| count.parse().ok()).map_or(RECEIVES, |count: u32| count.min(RECEIVES));
    DeadLetter {
        reason: format!(
            "It failed {attempts} times; the log says why, under the id {}.",
            own_id(&dead.message)
        ),
        id: dead.message.message_id.unwrap_or_default(),
        queue: dead.queue,
        attempts,
        body: dead.message.body.unwrap_or_default(),
        first_seen_at: sent_at.unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

/// The id that Weir gave the message, or else SQS's.
fn own_id(message: &Message) -> String {
    let own = message.message_attributes.as_ref().and_then(|all| all.get(ID_ATTRIBUTE));
    let own = own.and_then(|value| value.string_value.clone());
    own.or_else(|| message.message_id.clone()).unwrap_or_default()
}

fn system_attribute<'m>(message: &'m Message, name: &MessageSystemAttributeName) -> Option<&'m str> {
    message.attributes.as_ref()?.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests;
