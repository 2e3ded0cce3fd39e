//! What runs the flows as long as this process lives, in place of the Lambdas' triggers: queues, the
//! table's stream, the schedules. What a message or a record means lives in the flows.

mod consumer;
mod dispatcher;
mod schedule;

use std::{any::Any, future::Future, panic::AssertUnwindSafe, path::PathBuf, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{sync::watch, task::JoinSet};
use weir_app::{Hub, flow::FlowError, ports::QueueName};
use weir_aws::embedded::{EmbeddedStore, QueuePort};
use weir_channels::CHANNELS;
use weir_domain::ids::ChannelName;

/// Everything that the pumps run on.
pub(crate) struct Machinery {
    pub(crate) hub: Hub,
    pub(crate) store: EmbeddedStore,
    pub(crate) queues: Arc<QueuePort>,
    pub(crate) data: PathBuf,
    /// How long a scheduler minute lasts.
    pub(crate) minute: Duration,
}

/// Starts all pumps.
pub(crate) fn start(tasks: &mut JoinSet<()>, machinery: &Machinery, stop: &watch::Receiver<bool>) {
    let Machinery { hub, store, queues, data, minute } = machinery;
    for name in queue_names() {
        tasks.spawn(consumer::run(hub.clone(), Arc::clone(queues), name, *minute, stop.clone()));
    }
    tasks.spawn(dispatcher::run(hub.clone(), store.clone(), data.clone(), stop.clone()));
    tasks.spawn(schedule::polls(hub.clone(), *minute, stop.clone()));
    tasks.spawn(schedule::sweeps(hub.clone(), *minute, stop.clone()));
    tasks.spawn(schedule::housekeeping(store.clone(), stop.clone()));
}

/// The queues of all channels: one for imports each, one for notifications and one for pushes where there are any.
pub(crate) fn queue_names() -> Vec<QueueName> {
    let mut names = Vec::new();
    for channel in CHANNELS {
        let Ok(name) = ChannelName::parse(channel.name) else { continue };
        names.push(QueueName::Import(name.clone()));
        if channel.notifications.is_some() {
            names.push(QueueName::Notifications(name.clone()));
        }
        if channel.takes_pushes() {
            names.push(QueueName::Push(name));
        }
    }
    names
}

/// Waits until the process is to end. A sender that is gone says so too.
pub(crate) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stops| *stops).await;
}

/// As [`told_to_stop`], for what wants a future of its own.
pub(crate) async fn stopped(mut stop: watch::Receiver<bool>) {
    told_to_stop(&mut stop).await;
}

/// Runs a flow; a panic in it ends as an error, as a Lambda's runtime has it.
async fn caught<T>(flow: impl Future<Output = Result<T, FlowError>>) -> Result<T, FlowError> {
    match AssertUnwindSafe(flow).catch_unwind().await {
        Ok(ended) => ended,
        Err(panic) => Err(FlowError::new(format!("it panicked: {}", words(panic.as_ref())))),
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
