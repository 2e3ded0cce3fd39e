//! The local hub's command: reads the command line, starts the hub, says where it is, and ends it when
//! it is told to. What it consists of lives in the library.

use std::{
    io::{IsTerminal as _, Write},
    process::ExitCode,
};

use tracing_subscriber::EnvFilter;
use weir::{Running, Settings, StartError};

/// What is logged unless `RUST_LOG` says otherwise: one line for each import, and what goes wrong.
const LOGGED: &str = "warn,weir=info,weir_app=info,weir_aws=info,weir_console=warn";

fn main() -> ExitCode {
    let settings = Settings::from_command_line();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    log.with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(settings)),
        Err(error) => Err(StartError::Listen(error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("weir: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), StartError> {
    // Before the start, so that a signal during it is not missed.
    let mut told = signals()?;
    let mut running = tokio::select! {
        running = weir::start(settings) => running?,
        () = told.recv() => return Ok(()),
    };
    say(&mut std::io::stdout(), &greeting(&running));
    tokio::select! {
        () = told.recv() => tracing::info!("ending"),
        () = running.ended() => return Err(StartError::Ended),
    }
    running.shutdown().await;
    Ok(())
}

/// What a person has to know. The first line is also for programs.
fn greeting(running: &Running) -> String {
    let mut text = format!("listening on {}\n", running.base_url);
    if let Some(path) = &running.token_kept_in {
        text += &format!("sign in with the API token {} (kept in {})\n", running.token, path.display());
    } else {
        text += "sign in with the API token in WEIR_API_TOKEN\n";
    }
    if let Some(sandbox) = &running.sandbox_url {
        text += &format!(
            "the demo's orders come from a sandboxed Amazon, Shopify and BigCommerce on {sandbox}\n"
        );
    }
    text
}

/// Writes; if nobody reads it, there is nobody to tell.
fn say(to: &mut impl Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

/// What ends the process: Ctrl-C and SIGTERM.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
fn signals() -> Result<Signals, StartError> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(StartError::Listen);
    Ok(Signals { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
}

#[cfg(not(unix))]
fn signals() -> Result<Signals, StartError> {
    Ok(Signals {})
}

impl Signals {
    #[cfg(unix)]
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn recv(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
