//! `fulfillment-push`: the push queue of a channel. Each message is "bring this fulfillment to the shop
//! that took the order". (SPEC KS-41, KS-45)

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_app::{Hub, flow::FlowError, message::Message, push};

/// Runs the function.
///
/// # Errors
/// If it cannot start.
pub async fn run() -> Result<(), Error> {
    let (_, hub) = crate::start::start().await?;
    let hub = &hub;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(handle(hub, event.payload).await)
    }))
    .await
}

/// Handles one batch.
pub async fn handle(hub: &Hub, event: SqsEvent) -> SqsBatchResponse {
    crate::batch::run(event, async |message: &SqsMessage| {
        let message = Message::from_json(message.body.as_deref().unwrap_or_default())
            .map_err(|error| FlowError::new(error.to_string()))?;
        push::handle(hub, &message).await.map(|pushed| format!("{pushed:?}"))
    })
    .await
}
