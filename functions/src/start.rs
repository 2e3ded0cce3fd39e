//! How every function starts and ends: logs as JSON lines, entropy collected, clients made once, and what
//! goes wrong said in one such line.

use std::{
    any::Any,
    panic::PanicHookInfo,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use lambda_runtime::{Config, Error};
use weir_app::Hub;
use weir_aws::{config::Aws, entropy};

/// Whether everything is there and events may come. From then on a panic's words may hold what stood in
/// an order.
static IS_STARTED: AtomicBool = AtomicBool::new(false);

/// Logs, and the hub of this process with what it is made of.
pub(crate) async fn start() -> Result<(Aws, Hub), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    std::panic::set_hook(Box::new(panicked));
    entropy::collect()?;
    let aws = Aws::from_env().await?;
    let hub = aws.hub()?;
    // Panics if a variable of Lambda's is missing: here, where its words may be said.
    drop(Config::from_env());
    IS_STARTED.store(true, Ordering::Relaxed);
    Ok((aws, hub))
}

/// How the process ends. Lambda's own report of a function that cannot start says nothing but that.
#[must_use]
pub fn ended(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot go on");
            ExitCode::FAILURE
        }
    }
}

/// A panic in one line: where, and its words if they may be said.
fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = words(panic.payload(), IS_STARTED.load(Ordering::Relaxed));
    tracing::error!(place, words, "panicked");
}

/// The words of a panic, if they are part of the program, or if no event has come yet.
fn words(payload: &(dyn Any + Send), is_started: bool) -> &str {
    if let Some(fixed) = payload.downcast_ref::<&'static str>() {
        return fixed;
    }
    let made = payload.downcast_ref::<String>().filter(|_| !is_started);
    made.map_or("its words may hold personal data", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_shows_nothing_that_an_event_brought() {
        let made: &(dyn Any + Send) = &"no character boundary in \"Mary Major\"".to_owned();
        assert!(words(made, false).contains("Mary Major"), "before there is an event there is no Mary");
        assert!(!words(made, true).contains("Mary Major"));
        assert_eq!(words(&"part of the program", true), "part of the program");
    }
}
