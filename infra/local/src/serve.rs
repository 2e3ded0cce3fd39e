//! Pages and API on a port of this machine, and the look whether they answer. What they say lives in
//! `shared/console`.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{StartError, pumps};

/// How long the first answer may take: the machine may be busy with other things.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// How long it waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Takes the port.
pub(crate) async fn bind(port: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            StartError::PortTaken { port, other: port.checked_add(1).unwrap_or(port - 1) }
        }
        ErrorKind::PermissionDenied => StartError::PortForbidden { port },
        _ => StartError::Listen(error),
    })?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    Ok((listener, address))
}

/// Answers until it is told to stop.
pub(crate) async fn serve(router: Router, listener: TcpListener, stop: watch::Receiver<bool>) {
    let served = axum::serve(listener, router).with_graceful_shutdown(pumps::stopped(stop)).await;
    if let Err(error) = served {
        tracing::error!(%error, "pages and API do not answer any more");
    }
}

/// Waits for the first good answer.
pub(crate) async fn first_answer(address: SocketAddr) -> Result<(), StartError> {
    let look = async {
        while !answers(address).await.unwrap_or(false) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(FIRST_ANSWER, look).await.map_err(|_| StartError::NoAnswer)
}

async fn answers(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}
