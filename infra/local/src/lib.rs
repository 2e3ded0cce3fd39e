//! The whole hub in one process: the flows behind local queues, schedules and an embedded store, with
//! pages, API and webhook doors on this machine, and sandboxed channels to try it on. What differs from the Lambdas is
//! what runs the flows, never what they do.

pub mod settings;
mod hub;
mod pumps;
mod serve;
mod door;
mod sandbox;
mod demo;
mod token;
mod file;
pub mod alone;
pub mod amazon_alone;
pub mod shopify_alone;
pub mod bigcommerce_alone;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};
use weir_app::{Hub, StandIn, ports::Queue};
use weir_aws::embedded::EmbeddedError;
use weir_console::Console;

use crate::{sandbox::Sandbox, token::Access};
pub use settings::Settings;

/// How long what is at work may take to end.
const TIME_TO_END: Duration = Duration::from_secs(5);

/// Why the hub did not start, with the way out.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error(
        "port {port} of 127.0.0.1 is taken; perhaps Weir is running already. Start it on another port with \
         --port {other}, or let it pick a free one with --port 0"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// Another one.
        other: u16,
    },
    /// The system lets only administrators listen there.
    #[error("port {port} is kept for administrators. Start Weir on another one, such as --port 3000")]
    PortForbidden {
        /// The port.
        port: u16,
    },
    /// The system gives no socket, or no runtime.
    #[error("the system does not let Weir listen: {0}")]
    Listen(#[source] io::Error),
    /// Another process works on the data folder.
    #[error(
        "the data folder {} is in use by another process. Stop that one, or start on another folder with \
         --data DIR",
        path.display()
    )]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// Something in the data folder cannot be read or written.
    #[error("{} cannot be used: {reason}. Choose another folder with --data DIR", path.display())]
    Folder {
        /// The folder or the file.
        path: PathBuf,
        /// Why, in the system's words.
        reason: String,
    },
    /// The token in the environment will not do.
    #[error("WEIR_API_TOKEN will not do: {0}")]
    Token(String),
    /// Part of the hub could not be set up.
    #[error("{what} could not be set up: {reason}")]
    SetUp {
        /// Which part.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The door is open and nobody answers.
    #[error("pages and API do not answer")]
    NoAnswer,
    /// A part of the hub ended by itself.
    #[error("a part of the hub ended by itself; the log says why. What is stored is safe: start it again")]
    Ended,
}

impl StartError {
    fn set_up(what: &'static str, reason: impl ToString) -> Self {
        Self::SetUp { what, reason: reason.to_string() }
    }
}

impl From<EmbeddedError> for StartError {
    fn from(error: EmbeddedError) -> Self {
        match error {
            EmbeddedError::InUse { path } => Self::FolderInUse { path },
            EmbeddedError::Open { path, reason } => Self::Folder { path, reason },
            other => Self::set_up("the store", other),
        }
    }
}

/// A hub at work. Dropped, it ends as suddenly as by `kill -9`.
pub struct Running {
    /// Where pages and API are, such as `http://127.0.0.1:3000`.
    pub base_url: String,
    /// An API token with admin scope.
    pub token: String,
    /// Where that token is kept, if it was made here.
    pub token_kept_in: Option<PathBuf>,
    /// Where the sandboxed channels are.
    pub sandbox_url: Option<String>,
    /// The hub itself, for whoever wants to look behind the API.
    pub hub: Hub,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Ends it: what is in hand is finished, and everything else waits for the next start.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(TIME_TO_END, all).await;
        self.tasks.shutdown().await;
    }

    /// Ends it as suddenly as a process that is killed, but for what a running call still writes.
    pub async fn kill(mut self) {
        self.tasks.shutdown().await;
    }

    /// Waits for a part of it to end by itself. None should.
    pub async fn ended(&mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            tracing::error!(%error, "a part of the hub broke");
        }
    }
}

/// Starts the hub, and answers once it does.
///
/// # Errors
/// Why it cannot start, with the way out.
pub async fn start(settings: Settings) -> Result<Running, StartError> {
    token::check(&settings)?;
    let (listener, address) = serve::bind(settings.port).await?;
    let base_url = format!("http://{address}");
    let mut machinery = hub::build(&settings).await?;
    let access = Access::find(&machinery.hub, &settings)?;
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();

    let demo = match wants_demo(&settings, &machinery.hub).await? {
        true => Some(Sandbox::open(&settings.data, Arc::clone(&machinery.hub.clock)).await?),
        false => None,
    };
    if let Some((sandbox, _)) = &demo {
        let stand_in = StandIn { address: sandbox.base_url().to_owned(), doors: base_url.clone() };
        machinery.hub = hub::beside(&machinery.hub, stand_in);
    }
    let hub = machinery.hub.clone();
    let first = demo::first_organization(demo.is_some())?;
    let organization = access.let_in(&hub, &settings.data, first).await?;
    let console = weir_console::router(Console::from(hub.clone()));
    tasks.spawn(serve::serve(door::before(console, hub.clone()), listener, stopping.clone()));
    serve::first_answer(address).await?;
    let sandbox = demo.map(|(sandbox, door)| {
        tasks.spawn(sandbox::serve(Arc::clone(&sandbox), door, stopping.clone()));
        sandbox
    });
    if let Some(sandbox) = &sandbox {
        demo::seed(&hub, &organization, sandbox).await?;
        if settings.faults {
            sandbox.have_a_bad_day();
        }
        let queue: Arc<dyn Queue> = Arc::clone(&machinery.queues) as Arc<dyn Queue>;
        tasks.spawn(sandbox::run(Arc::clone(sandbox), queue, stopping.clone()));
        let way_out = sandbox::deliver::way_out()?;
        tasks.spawn(sandbox::deliver::run(Arc::clone(sandbox), way_out, stopping.clone()));
        tasks.spawn(demo::clerk::work(hub.clone(), organization, Arc::clone(sandbox), stopping.clone()));
    }
    pumps::start(&mut tasks, &machinery, &stopping);
    Ok(Running {
        base_url,
        token: access.token.expose().to_owned(),
        token_kept_in: access.kept_in,
        sandbox_url: sandbox.map(|sandbox| sandbox.base_url().to_owned()),
        hub,
        stop,
        tasks,
    })
}

/// Whether the demo takes place: never in a folder that was begun without it, where it would mix its
/// goods and orders with somebody's own.
async fn wants_demo(settings: &Settings, hub: &Hub) -> Result<bool, StartError> {
    if settings.no_demo || Sandbox::is_remembered(&settings.data) {
        return Ok(!settings.no_demo);
    }
    let is_somebodys = token::has_begun(hub).await?;
    if is_somebodys {
        let folder = settings.data.display();
        tracing::warn!(
            "{folder} was begun without the demo, so it starts without; the demo wants a folder of its own"
        );
    }
    Ok(!is_somebodys)
}

#[cfg(test)]
mod tests;
