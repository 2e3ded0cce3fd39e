//! A sandboxed BigCommerce without a hub, on a free port of 127.0.0.1, until the process is killed. Its first
//! line says where it listens.

use std::{io::Write as _, process::ExitCode};

use weir::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "weir-bigcommerce: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), StartError> {
    let (listener, base_url) = weir::amazon_alone::listen().await?;
    let said =
        writeln!(std::io::stdout(), "listening on {base_url}").and_then(|()| std::io::stdout().flush());
    said.map_err(StartError::Listen)?;
    weir::bigcommerce_alone::serve(listener, base_url).await
}
