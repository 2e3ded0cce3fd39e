//! `fba-order-poller`: every minute, the changed orders of all accounts are searched for. What the
//! schedule sends is not read: the work is what the stored cursors say. (SPEC KF-01)

use lambda_runtime::{Error, LambdaEvent, service_fn};
use weir_app::{Hub, poll};

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

/// Handles one tick.
///
/// # Errors
/// If the tick as a whole went wrong; the next minute tries again.
pub async fn handle(hub: &Hub, _event: serde_json::Value) -> Result<(), Error> {
    let ticked = poll::tick(hub).await?;
    tracing::info!(?ticked, "ticked");
    Ok(())
}
