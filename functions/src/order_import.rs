//! `order-import`: the import queues of all channels. Each message is "look at order X of connection C",
//! "look at what waits", or something else that a channel delivered.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_app::{Hub, flow::FlowError, import_order, message::Message};

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
        import_order::handle(hub, &message).await.map(|ended| format!("{ended:?}"))
    })
    .await
}
