//! `console`: the pages and the `/v1` API behind an HTTP API. Without a token there is no page and no
//! call, so its start lets the deployment's own token in.

use lambda_http::Error;
use weir_app::{
    Hub, access,
    organizations::{self, NewOrganization},
};
use weir_aws::config::{Aws, FirstToken};

/// Runs the function.
///
/// # Errors
/// If it cannot start.
pub async fn run() -> Result<(), Error> {
    let (aws, hub) = crate::start::start().await?;
    // Without it those who have a token of their own come in all the same; the next start tries again.
    if let Err(error) = let_first_token_in(&aws, &hub).await {
        tracing::error!(%error, "the deployment's own API token is not let in");
    }
    lambda_http::run(weir_console::router(weir_console::Console { hub })).await
}

/// Lets the deployment's own token in, in place of the value that its secret had before, and makes the
/// first organization. At every start but the first it changes nothing.
async fn let_first_token_in(aws: &Aws, hub: &Hub) -> Result<(), Error> {
    let Some(FirstToken { token, former }) = aws.first_token().await? else { return Ok(()) };
    if access::by_token(hub, token.expose()).await?.is_some_and(|known| known.is_deployment_admin()) {
        return Ok(());
    }
    if let Some(former) = former {
        access::shut_out(hub, access::digest(former.expose())).await?;
    }
    organizations::first_start(hub, NewOrganization::first(), &token).await?;
    tracing::info!("the deployment's own API token is let in");
    Ok(())
}
