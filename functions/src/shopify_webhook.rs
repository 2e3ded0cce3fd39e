//! `shopify-webhook`: the door at which Shopify delivers, behind the HTTP API, and where its partner bus
//! ends. What is verified, and what is sent on, is the flow's. (SPEC OP-05, OP-06)

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::value::RawValue;
use weir_app::{Hub, webhook};
use weir_domain::ids::ChannelName;

use crate::webhook_door::{DoorError, HttpResponse, receive};

/// What is told apart before anything else of an event is read.
#[derive(Debug, Deserialize)]
struct Envelope {
    /// Every event of a bus has it, and no request.
    #[serde(rename = "detail-type", default)]
    detail_type: Option<String>,
}

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

/// Handles one delivery, of the HTTP API or of the bus.
///
/// # Errors
/// If it could not be made safe; it is delivered again.
pub async fn handle(hub: &Hub, event: &str) -> Result<HttpResponse, DoorError> {
    let shopify = ChannelName::parse(weir_channels::shopify::CHANNEL.name)?;
    let Envelope { detail_type } = serde_json::from_str(event).map_err(|_| DoorError::NoEvent)?;
    let answer = if detail_type.is_some() {
        webhook::receive_from_bus(hub, &shopify, event.as_bytes()).await?
    } else {
        let request = serde_json::from_str(event).map_err(|_| DoorError::NoEvent)?;
        receive(hub, &shopify, request).await?
    };
    Ok(HttpResponse::of(&answer))
}
