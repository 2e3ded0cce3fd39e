//! How every function starts: logs as JSON lines, entropy collected, clients made once.

use lambda_runtime::Error;
use weir_app::Hub;
use weir_aws::{config::Aws, entropy};

/// Logs and the hub of this process.
pub(crate) async fn start() -> Result<Hub, Error> {
    lambda_runtime::tracing::init_default_subscriber();
    entropy::collect()?;
    Ok(Aws::from_env().await?.hub()?)
}
