//! A process that ends in the middle of its work: at a named effect, or after so many polls. Its
//! future is dropped where it stands.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Mutex, PoisonError},
    task::Poll,
};

use async_trait::async_trait;
use weir_app::gate::{Fault, Gate, Pass, Site};

use crate::House;

/// Whether the effect has happened when the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Not yet.
    Before,
    /// Just now.
    After,
}

/// Where the process ends: at the `nth` effect (from 0) of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub Site, pub usize, pub When);

/// A gate that lets everything through, until it is set.
#[derive(Default)]
pub(crate) struct Trap {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    set: Option<At>,
    seen: usize,
    is_sprung: bool,
}

impl Trap {
    fn set(&self, at: Option<At>) {
        *self.lock() = State { set: at, seen: 0, is_sprung: false };
    }

    fn is_sprung(&self) -> bool {
        self.lock().is_sprung
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the process ends here.
    fn springs(&self, site: Site, when: When) -> bool {
        let mut state = self.lock();
        let Some(At(wanted, nth, wanted_when)) = state.set else { return false };
        if state.is_sprung {
            return true;
        }
        if wanted != site || wanted_when != when {
            return false;
        }
        state.seen += 1;
        state.is_sprung = state.seen > nth;
        state.is_sprung
    }

    async fn pass(&self, site: Site, when: When) {
        if self.springs(site, when) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Gate for Trap {
    async fn enter(&self, site: Site) -> Result<Pass, Fault> {
        self.pass(site, When::Before).await;
        Ok(Pass::Once)
    }

    async fn leave(&self, site: Site) -> Result<(), Fault> {
        self.pass(site, When::After).await;
        Ok(())
    }
}

impl House {
    /// Does some work until the process ends at an effect. `None`: it ended there; else the work was
    /// done without ever coming to that effect.
    pub async fn crash<T>(&self, at: At, work: impl Future<Output = T>) -> Option<T> {
        self.trap.set(Some(at));
        let mut work = Box::pin(work);
        let done = poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.trap.is_sprung() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await;
        drop(work);
        self.trap.set(None);
        done
    }
}

/// Does some work until it was polled so often, and then drops it. `None`: it was not done by then.
pub async fn drop_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
