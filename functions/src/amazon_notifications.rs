//! `amazon-notifications`: the queue that Amazon's ORDER_CHANGE notifications reach. Each becomes a
//! signal for every matching connection. (SPEC KF-14)

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_app::{Hub, notify};
use weir_domain::ids::ChannelName;

/// Runs the function.
///
/// # Errors
/// If it cannot start.
pub async fn run() -> Result<(), Error> {
    let (_, hub) = crate::start::start().await?;
    let hub = &hub;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        handle(hub, event.payload).await.map_err(Error::from)
    }))
    .await
}

/// Handles one batch.
///
/// # Errors
/// Never on a message: those are named in the answer.
pub async fn handle(hub: &Hub, event: SqsEvent) -> Result<SqsBatchResponse, weir_domain::ids::InvalidId> {
    let amazon = ChannelName::parse(weir_channels::amazon::CHANNEL.name)?;
    let batch = crate::batch::run(event, async |message: &SqsMessage| {
        let body = message.body.as_deref().unwrap_or_default();
        notify::handle(hub, &amazon, body.as_bytes()).await.map(|signalled| format!("{signalled} signalled"))
    });
    Ok(batch.await)
}
