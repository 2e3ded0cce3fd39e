//! `sweeper`: every minute, whatever was left lying is put right: outgoing items that the stream did
//! not dispatch, parked signals that are due, big orders half booked. It takes no input.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_app::{Hub, sweep};

/// Runs the function.
///
/// # Errors
/// If it cannot start.
pub async fn run() -> Result<(), Error> {
    let (_, hub) = crate::start::start().await?;
    let hub = &hub;
    lambda_runtime::run(service_fn(|event: LambdaEvent<serde_json::Value>| async move {
        handle(hub, event.payload).await
    }))
    .await
}

/// Handles one sweep.
///
/// # Errors
/// If anything could not be swept; the next minute tries again.
pub async fn handle(hub: &Hub, _event: serde_json::Value) -> Result<(), Error> {
    let swept = sweep::sweep(hub).await?;
    tracing::info!(?swept, "swept");
    match swept.errors {
        0 => Ok(()),
        errors => Err(format!("{errors} organizations were not swept: see the lines before").into()),
    }
}
