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
/// If something of Weir's own was the matter, with one account or with all; the next minute tries again.
/// A channel's trouble is no error: it is the next minute's too, and nobody's to mend.
pub async fn handle(hub: &Hub, _event: serde_json::Value) -> Result<(), Error> {
    let ticked = poll::tick(hub).await?;
    tracing::info!(?ticked, "ticked");
    match ticked.failed {
        0 => Ok(()),
        failed => {
            Err(format!("{failed} of {} accounts were not looked at: see the lines before", ticked.accounts)
                .into())
        }
    }
}
