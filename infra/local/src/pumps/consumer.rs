//! One queue's consumer: it takes messages, lets the flow of the queue handle them one by one, and
//! answers for each: done, or back into the queue with the reason. Never: what a message means.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use weir_app::{
    Hub, flow::FlowError, import_order, import_order::Ended, message::Message, notify, ports::QueueName, push,
};
use weir_aws::embedded::{QueuePort, queue};
use weir_domain::outcome::{OutcomeKind, ReasonCode};

use super::{caught, told_to_stop};

/// How long a message is hidden while it is in hand: ten of them take a few seconds at worst.
const VISIBILITY: Duration = Duration::from_secs(120);

/// How often a queue is looked into when nothing was sent: for what comes back by itself.
const IDLE: Duration = Duration::from_secs(2);

/// How long nothing is asked of a store that has just failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Parts of a scheduler minute after which a failed message comes back for the first time: 10 s. Each
/// further time takes twice as long.
const FIRST_RETRY: u32 = 6;

/// Consumes a queue until it is told to stop.
pub(super) async fn run(
    hub: Hub,
    port: Arc<QueuePort>,
    name: QueueName,
    minute: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let text = name.text();
    // This process is the only consumer: whatever is in hand was so when the last one ended.
    match port.queues().release(&text, hub.now()).await {
        Ok(0) => {}
        Ok(released) => tracing::info!(queue = text, released, "messages that were in hand come back"),
        Err(error) => tracing::warn!(queue = text, %error, "messages that were in hand come back later"),
    }
    let mut sent = port.sent();
    loop {
        sent.mark_unchanged();
        let wait = match batch(&hub, &port, &name, minute, &stop).await {
            Ok(0) => IDLE,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(queue = text, %error, "the queue has trouble");
                AFTER_TROUBLE
            }
        };
        tokio::select! {
            biased;
            () = told_to_stop(&mut stop) => return,
            Ok(()) = sent.changed(), if wait == IDLE => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Handles what is there, up to a batch. Answers how many messages that were.
async fn batch(
    hub: &Hub,
    port: &QueuePort,
    name: &QueueName,
    minute: Duration,
    stop: &watch::Receiver<bool>,
) -> Result<usize, queue::QueueError> {
    let messages = port.queues().receive(&name.text(), queue::MAX_BATCH, VISIBILITY, hub.now()).await?;
    let count = messages.len();
    for message in messages {
        if *stop.borrow() {
            // The rest comes back at the next start.
            break;
        }
        match caught(handle(hub, name, &message)).await {
            Ok(()) => {
                port.queues().delete(&message.receipt).await?;
            }
            Err(error) => {
                let (queue, attempt) = (name.text(), message.receive_count);
                tracing::error!(queue, message_id = message.id, attempt, %error, "a message returns to its queue");
                let wait = retry_in(minute, message.receive_count);
                port.queues().fail(&message.receipt, &error.to_string(), Some(wait), hub.now()).await?;
            }
        }
    }
    Ok(count)
}

async fn handle(hub: &Hub, name: &QueueName, message: &queue::Message) -> Result<(), FlowError> {
    match name {
        QueueName::Import(_) => {
            let message =
                Message::from_json(&message.body).map_err(|error| FlowError::new(error.to_string()))?;
            let ended = import_order::handle(hub, &message).await?;
            tell(&message, &ended);
        }
        QueueName::Notifications(channel) => {
            notify::handle(hub, channel, message.body.as_bytes()).await?;
        }
        QueueName::Push(_) => {
            let message =
                Message::from_json(&message.body).map_err(|error| FlowError::new(error.to_string()))?;
            let pushed = push::handle(hub, &message).await?;
            tell(&message, &Ended::Pushed(pushed));
        }
    }
    Ok(())
}

/// The log's one line about an import. What changed nothing, or waits for Amazon as every order does
/// before it ships, is not worth one unless it is asked for.
fn tell(message: &Message, ended: &Ended) {
    let (order, cause) = match message {
        Message::Look(signal) => (signal.channel_order_id.as_str(), signal.cause.as_str()),
        Message::Recheck(_) => ("", "recheck"),
        Message::Told(told) => (told.what.names(), "told"),
        Message::Push(push) => (push.order.as_str(), "push"),
    };
    match ended {
        Ended::Decided(OutcomeKind::Skipped | OutcomeKind::Unchanged, code)
        | Ended::Decided(OutcomeKind::Waiting, code @ ReasonCode::NotShippedYet) => {
            tracing::debug!(order, cause, code = code.as_str(), "nothing to import");
        }
        Ended::Decided(kind @ (OutcomeKind::Imported | OutcomeKind::Updated), _) => {
            tracing::info!(order, cause, "{}", kind.as_str());
        }
        Ended::Decided(kind @ (OutcomeKind::Waiting | OutcomeKind::Failed), code) => {
            tracing::info!(order, cause, code = code.as_str(), "{}", kind.as_str());
        }
        Ended::Parked(code) => tracing::info!(order, cause, code = code.as_str(), "waits for its time"),
        Ended::Told => tracing::debug!("what a channel delivered is dealt with"),
        Ended::Pushed(pushed) => tracing::info!(order, ?pushed, "brought to its shop"),
        Ended::Rechecked(orders) => tracing::debug!(orders, "what waits is looked at again"),
    }
}

/// When a message that failed for this many times comes back.
fn retry_in(minute: Duration, attempt: u32) -> Duration {
    (minute / FIRST_RETRY).saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_retry_takes_twice_as_long_on_the_schedulers_clock() {
        let waits = |minute| [1, 2, 3, 4].map(|attempt| retry_in(minute, attempt).as_millis());
        assert_eq!(waits(Duration::from_secs(60)), [10_000, 20_000, 40_000, 80_000]);
        assert_eq!(waits(Duration::from_millis(600)), [100, 200, 400, 800]);
    }
}
