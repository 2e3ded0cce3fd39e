//! A batch of queue messages, answered one by one: what fails returns to the queue, what is done
//! does not, and a message that panics takes no other with it.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use weir_app::flow::FlowError;

/// Handles each message of a batch, and names those that failed. The answer is made here and nowhere
/// else: an empty or missing list would delete what failed.
pub async fn run<H>(event: SqsEvent, mut handle: H) -> SqsBatchResponse
where
    H: AsyncFnMut(&SqsMessage) -> Result<String, FlowError>,
{
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let id = message.message_id.clone().unwrap_or_default();
        let attempt = message.attributes.get("ApproximateReceiveCount").map_or("1", String::as_str);
        let ended = AssertUnwindSafe(handle(&message)).catch_unwind().await;
        match ended {
            Ok(Ok(outcome)) => tracing::info!(message_id = id, attempt, outcome, "handled"),
            Ok(Err(error)) => {
                tracing::error!(message_id = id, attempt, %error, "a message returns to its queue");
                response.batch_item_failures.push(failure(id));
            }
            Err(_) => {
                tracing::error!(message_id = id, attempt, "a message panicked and returns to its queue");
                response.batch_item_failures.push(failure(id));
            }
        }
    }
    response
}

fn failure(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: usize, body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.to_string());
        message.body = Some(body.to_owned());
        message
    }

    // Every pattern of done, failed and panicked up to eight messages: exactly those that were not
    // done are named.
    #[tokio::test]
    async fn exactly_what_was_not_done_is_named() {
        std::panic::set_hook(Box::new(|_| {}));
        for length in 0..=8_u32 {
            for pattern in 0..2_usize.pow(length) {
                let bodies: Vec<&str> = (0..length)
                    .map(|bit| match (pattern >> bit & 1, bit % 2) {
                        (0, _) => "done",
                        (_, 0) => "failed",
                        (_, _) => "panicked",
                    })
                    .collect();
                let mut event = SqsEvent::default();
                event.records = bodies.iter().enumerate().map(|(id, body)| message(id, body)).collect();
                let response = run(event, async |message: &SqsMessage| match message.body.as_deref() {
                    Some("done") => Ok("done".to_owned()),
                    Some("failed") => Err(FlowError::new("failed")),
                    _ => panic!("poison"),
                })
                .await;
                let named: Vec<String> =
                    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
                let wanted: Vec<String> = bodies
                    .iter()
                    .enumerate()
                    .filter(|(_, body)| **body != "done")
                    .map(|(id, _)| id.to_string())
                    .collect();
                assert_eq!(named, wanted, "{bodies:?}");
            }
        }
        let _ = std::panic::take_hook();
    }
}
