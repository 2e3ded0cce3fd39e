//! What the sandboxes share that run without a hub: each is a program that listens on a free port of 127.0.0.1
//! until it is killed, and takes the same words of what is to be ordered and what is to go wrong.

use std::{io::Write as _, process::ExitCode};

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::StartError;

/// Price of a unit, in cents.
pub(crate) const PRICE: i64 = 1999;

/// A rate of faults in thousandths of all calls: every one.
pub(crate) const EVERY_CALL: u16 = 1000;

/// Orders to be placed.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// The lines of each.
    pub(crate) orders: Vec<Vec<Line>>,
}

/// A line.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    /// Of what.
    pub(crate) sku: String,
    /// Units.
    pub(crate) quantity: i64,
}

/// A delivery, for whoever carries it to its door. Its body is text: JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Delivery {
    /// The door's address.
    pub(crate) uri: String,
    /// Its headers.
    pub(crate) headers: Vec<(String, String)>,
    /// Its body.
    pub(crate) body: String,
}

/// Whether every call fails from now on.
#[derive(Debug, Deserialize)]
pub(crate) struct Trouble {
    /// It does.
    pub(crate) on: bool,
}

impl Trouble {
    /// The rate of calls that fail.
    pub(crate) const fn rate(&self) -> u16 {
        if self.on { EVERY_CALL } else { 0 }
    }
}

/// Runs one under its program's name. Its first line says where it listens.
pub async fn run<S: Future<Output = Result<(), StartError>>>(
    program: &str,
    serve: impl FnOnce(TcpListener, String) -> S,
) -> ExitCode {
    let served = async {
        let (listener, base_url) = listen().await?;
        let mut out = std::io::stdout();
        let said = writeln!(out, "listening on {base_url}").and_then(|()| out.flush());
        said.map_err(StartError::Listen)?;
        serve(listener, base_url).await
    };
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Listens on a free port of this machine; gives the address, too.
async fn listen() -> Result<(TcpListener, String), StartError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(StartError::Listen)?;
    let port = listener.local_addr().map_err(StartError::Listen)?.port();
    Ok((listener, format!("http://127.0.0.1:{port}")))
}
