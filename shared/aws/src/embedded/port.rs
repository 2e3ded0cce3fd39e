//! The local queues behind the `Queue` port: names become texts, and whoever receives is told at once
//! that something was sent. What a message says never lives here.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use tokio::sync::watch;
use weir_app::ports::{Clock, DeadLetter, OutgoingMessage, Queue, QueueError, QueueName};

use super::queue::{self, LocalQueues};

/// The local queues as the flows know them.
pub struct QueuePort {
    queues: LocalQueues,
    names: Vec<QueueName>,
    clock: Arc<dyn Clock>,
    sent: watch::Sender<u64>,
}

impl QueuePort {
    /// The port of these queues. Dead letters are listed of the named ones.
    #[must_use]
    pub fn new(queues: LocalQueues, names: Vec<QueueName>, clock: Arc<dyn Clock>) -> Self {
        let (sent, _) = watch::channel(0);
        Self { queues, names, clock, sent }
    }

    /// The queues themselves, for whoever receives.
    #[must_use]
    pub const fn queues(&self) -> &LocalQueues {
        &self.queues
    }

    /// A counter that rises when something was sent through this port: a consumer waits on it.
    #[must_use]
    pub fn sent(&self) -> watch::Receiver<u64> {
        self.sent.subscribe()
    }

    fn tell(&self) {
        self.sent.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl fmt::Debug for QueuePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuePort").field("names", &self.names).finish_non_exhaustive()
    }
}

impl From<queue::QueueError> for QueueError {
    fn from(error: queue::QueueError) -> Self {
        Self::Trouble(error.to_string())
    }
}

#[async_trait]
impl Queue for QueuePort {
    async fn send(&self, queue: &QueueName, messages: &[OutgoingMessage]) -> Result<(), QueueError> {
        let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
        let sent = self.queues.send_all(&queue.text(), &bodies, self.clock.now()).await;
        // Also what was sent before an error is received at once.
        self.tell();
        sent?;
        Ok(())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        let mut letters = Vec::new();
        for name in &self.names {
            let mut cursor: Option<String> = None;
            loop {
                let page = self.queues.list_dead(&name.text(), cursor.as_deref()).await?;
                letters.extend(page.letters.into_iter().map(|letter| DeadLetter {
                    id: letter.id,
                    queue: name.clone(),
                    reason: letter.reason,
                    attempts: letter.receive_count,
                    body: letter.body,
                    first_seen_at: letter.first_sent_at,
                }));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(letters)
    }

    async fn replay(&self, id: &str) -> Result<(), QueueError> {
        let found = self.queues.replay_dead(id, self.clock.now()).await?;
        self.tell();
        if found { Ok(()) } else { Err(QueueError::NotFound) }
    }

    async fn discard(&self, id: &str, note: &str) -> Result<(), QueueError> {
        tracing::info!(id, note, "a dead letter is discarded");
        let found = self.queues.discard_dead(id, note, self.clock.now()).await?;
        if found { Ok(()) } else { Err(QueueError::NotFound) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weir_domain::{Timestamp, ids::ChannelName};

    use super::{super::EmbeddedStore, *};

    struct Still;

    #[async_trait::async_trait]
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(1_800_000_000).expect("a time")
        }

        fn scheduler_now(&self) -> Timestamp {
            self.now()
        }

        async fn pause(&self, _wait: jiff::SignedDuration) {}
    }

    fn message(body: &str) -> OutgoingMessage {
        OutgoingMessage { id: format!("id-{body}"), group: "g".to_owned(), body: body.to_owned() }
    }

    #[tokio::test]
    async fn what_is_sent_is_told_received_buried_replayed_and_discarded() {
        let queues =
            LocalQueues::open(EmbeddedStore::in_memory().expect("a store").client()).await.expect("queues");
        let name = QueueName::Import(ChannelName::parse("amazon").expect("a name"));
        let port = QueuePort::new(queues, vec![name.clone()], Arc::new(Still));
        let mut sent = port.sent();
        port.send(&name, &[message("a"), message("b")]).await.expect("sent");
        assert!(sent.has_changed().expect("alive"));
        sent.mark_unchanged();

        let now = Still.now();
        for _ in 0..queue::MAX_RECEIVE_COUNT {
            for taken in
                port.queues().receive(&name.text(), 10, Duration::from_secs(30), now).await.expect("received")
            {
                port.queues()
                    .fail(&taken.receipt, "broken", Some(Duration::ZERO), now)
                    .await
                    .expect("failed");
            }
        }
        let letters = port.dead_letters().await.expect("letters");
        let mut bodies: Vec<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
        bodies.sort_unstable();
        assert_eq!(bodies, ["a", "b"]);
        assert!(
            letters
                .iter()
                .all(|letter| letter.queue == name && letter.reason == "broken" && letter.attempts == 5)
        );

        port.replay(&letters[0].id).await.expect("replayed");
        assert!(sent.has_changed().expect("alive"));
        assert_eq!(port.replay(&letters[0].id).await, Err(QueueError::NotFound));
        port.discard(&letters[1].id, "of no use").await.expect("discarded");
        assert_eq!(port.discard("nothing", "of no use").await, Err(QueueError::NotFound));
        assert_eq!(port.dead_letters().await.expect("letters"), []);
    }
}
