//! How every function starts: logs as JSON lines, clients made once.

use lambda_runtime::Error;
use weir_app::Hub;
use weir_aws::config::Aws;

/// Logs, and the hub of this process with what it is made of.
pub(crate) async fn start() -> Result<(Aws, Hub), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let aws = Aws::from_env().await?;
    let hub = aws.hub()?;
    Ok((aws, hub))
}
