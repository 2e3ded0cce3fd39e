//! `console`: the pages and the `/v1` API behind an HTTP API.

use lambda_http::Error;

/// Runs the function.
///
/// # Errors
/// If it cannot start.
pub async fn run() -> Result<(), Error> {
    let hub = crate::start::start().await?;
    lambda_http::run(weir_console::router(weir_console::Console { hub })).await
}
