//! `bigcommerce-webhook`: the door at which BigCommerce delivers, behind the HTTP API. What is verified, and
//! what is sent on, is the flow's. (SPEC OP-06)

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use weir_app::Hub;
use weir_domain::ids::ChannelName;

use crate::webhook_door::{DoorError, HttpResponse, receive};

/// Runs the function.
///
/// # Errors
/// If it cannot start.
pub async fn run() -> Result<(), Error> {
    let (_, hub) = crate::start::start().await?;
    let hub = &hub;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        handle(hub, event.payload.get()).await.map_err(Error::from)
    }))
    .await
}

/// Handles one delivery.
///
/// # Errors
/// If it could not be made safe; it is delivered again.
pub async fn handle(hub: &Hub, event: &str) -> Result<HttpResponse, DoorError> {
    let bigcommerce = ChannelName::parse(weir_channels::bigcommerce::CHANNEL.name)?;
    let request = serde_json::from_str(event).map_err(|_| DoorError::NoEvent)?;
    Ok(HttpResponse::of(&receive(hub, &bigcommerce, request).await?))
}
