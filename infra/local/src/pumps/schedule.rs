//! The schedules: every scheduler minute a poll and a sweep, the first at once; every hour what has
//! expired is swept out of the store. What they do lives in the flows.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior},
};
use weir_app::{Hub, poll, sweep};
use weir_aws::embedded::EmbeddedStore;

use super::{caught, told_to_stop};

/// How often expired items are deleted. What has expired is not read any more in any case.
const HOUSEKEEPING: Duration = Duration::from_secs(60 * 60);

/// Polls every scheduler minute.
pub(super) async fn polls(hub: Hub, minute: Duration, mut stop: watch::Receiver<bool>) {
    let mut ticks = every(minute);
    while next(&mut ticks, &mut stop).await {
        match caught(poll::tick(&hub)).await {
            Ok(ticked) if ticked.signalled > 0 => {
                let poll::Ticked { pages, signalled, .. } = ticked;
                tracing::info!(pages, signalled, "polled");
            }
            Ok(ticked) => tracing::debug!(?ticked, "polled"),
            Err(error) => tracing::error!(%error, "a poll went wrong; the next one tries again"),
        }
    }
}

/// Sweeps every scheduler minute.
pub(super) async fn sweeps(hub: Hub, minute: Duration, mut stop: watch::Receiver<bool>) {
    let mut ticks = every(minute);
    while next(&mut ticks, &mut stop).await {
        match caught(sweep::sweep(&hub)).await {
            Ok(swept) if swept.dispatched + swept.signalled > 0 => {
                let sweep::Swept { dispatched, signalled, .. } = swept;
                tracing::info!(dispatched, signalled, "swept");
            }
            Ok(swept) => tracing::debug!(?swept, "swept"),
            Err(error) => tracing::error!(%error, "a sweep went wrong; the next one tries again"),
        }
    }
}

/// Deletes what has expired.
pub(super) async fn housekeeping(store: EmbeddedStore, mut stop: watch::Receiver<bool>) {
    let mut ticks = every(HOUSEKEEPING);
    while next(&mut ticks, &mut stop).await {
        match store.sweep_ttl().await {
            Ok(expired) => tracing::debug!(expired, "expired items are deleted"),
            Err(error) => tracing::warn!(%error, "expired items are not deleted yet"),
        }
    }
}

/// The first tick comes at once; one that was missed is not made up for.
fn every(period: Duration) -> Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

/// Waits for the next tick. `false`: it is time to stop.
async fn next(ticks: &mut Interval, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        biased;
        () = told_to_stop(stop) => false,
        _ = ticks.tick() => true,
    }
}
