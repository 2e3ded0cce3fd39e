//! One thread, any order: tasks are futures, each effect yields once, and whoever asks says which of
//! the ready ones goes on. A crash drops a task in mid-air.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use futures_util::future::BoxFuture;
use weir_domain::Timestamp;

/// A task's number.
pub type TaskId = u64;

/// Locks; a panic elsewhere ends the run anyway.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a task says to the executor while it is at work.
#[derive(Default)]
pub struct Turn {
    state: Mutex<TurnState>,
}

#[derive(Default)]
struct TurnState {
    task: TaskId,
    crashed: bool,
    timers: BTreeMap<(Timestamp, u64), Waker>,
    slept: u64,
}

impl Turn {
    /// The task that is at work.
    #[must_use]
    pub fn task(&self) -> TaskId {
        lock(&self.state).task
    }

    /// Lets others go first, once.
    pub async fn give_way(&self) {
        let mut has_given = false;
        poll_fn(|context| {
            if has_given {
                return Poll::Ready(());
            }
            has_given = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Waits until a time.
    pub async fn sleep_until(&self, at: Timestamp, now: impl Fn() -> Timestamp) {
        poll_fn(|context| {
            if now() >= at {
                return Poll::Ready(());
            }
            let mut state = lock(&self.state);
            state.slept += 1;
            let number = state.slept;
            state.timers.insert((at, number), context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Ends the task here: nothing of it runs any more.
    pub async fn crash<T>(&self) -> T {
        lock(&self.state).crashed = true;
        std::future::pending().await
    }
}

struct Ready {
    task: TaskId,
    ready: Arc<Mutex<BTreeSet<TaskId>>>,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        lock(&self.ready).insert(self.task);
    }
}

/// How a turn ended.
pub enum Step<T> {
    /// The task goes on later.
    Pending,
    /// The task is done.
    Done(T),
    /// The task crashed.
    Crashed,
}

/// The executor.
pub struct Executor<T> {
    turn: Arc<Turn>,
    tasks: BTreeMap<TaskId, BoxFuture<'static, T>>,
    ready: Arc<Mutex<BTreeSet<TaskId>>>,
    started: TaskId,
}

impl<T> Executor<T> {
    /// An executor without tasks.
    #[must_use]
    pub fn new(turn: Arc<Turn>) -> Self {
        Self { turn, tasks: BTreeMap::new(), ready: Arc::default(), started: 0 }
    }

    /// Takes a task on.
    pub fn start(&mut self, future: BoxFuture<'static, T>) -> TaskId {
        self.started += 1;
        self.tasks.insert(self.started, future);
        lock(&self.ready).insert(self.started);
        self.started
    }

    /// The tasks that can go on, in the order of their numbers.
    #[must_use]
    pub fn ready(&self) -> Vec<TaskId> {
        lock(&self.ready).iter().copied().collect()
    }

    /// How many tasks are not done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether all tasks are done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// One turn of a task.
    pub fn step(&mut self, task: TaskId) -> Step<T> {
        lock(&self.ready).remove(&task);
        let Some(future) = self.tasks.get_mut(&task) else { return Step::Pending };
        let waker = Waker::from(Arc::new(Ready { task, ready: Arc::clone(&self.ready) }));
        {
            let mut state = lock(&self.turn.state);
            (state.task, state.crashed) = (task, false);
        }
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if let Poll::Ready(done) = polled {
            self.tasks.remove(&task);
            return Step::Done(done);
        }
        if lock(&self.turn.state).crashed {
            self.tasks.remove(&task);
            return Step::Crashed;
        }
        Step::Pending
    }

    /// When the next sleeper wakes.
    #[must_use]
    pub fn next_timer(&self) -> Option<Timestamp> {
        lock(&self.turn.state).timers.keys().next().map(|(at, _)| *at)
    }

    /// Wakes those who slept until now.
    pub fn wake_sleepers(&self, now: Timestamp) {
        let mut state = lock(&self.turn.state);
        while let Some(entry) = state.timers.first_entry() {
            if entry.key().0 > now {
                return;
            }
            entry.remove().wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_take_turns_and_a_crash_drops_one() {
        let turn = Arc::new(Turn::default());
        let mut executor: Executor<u32> = Executor::new(Arc::clone(&turn));
        let done = |number: u32, turn: Arc<Turn>| {
            Box::pin(async move {
                turn.give_way().await;
                number
            })
        };
        let one = executor.start(done(1, Arc::clone(&turn)));
        let two = executor.start(done(2, Arc::clone(&turn)));
        let crashing = Arc::clone(&turn);
        let three = executor.start(Box::pin(async move { crashing.crash().await }));
        assert_eq!(executor.ready(), [one, two, three]);
        assert!(matches!(executor.step(one), Step::Pending));
        assert!(matches!(executor.step(three), Step::Crashed));
        assert!(matches!(executor.step(two), Step::Pending));
        assert!(matches!(executor.step(two), Step::Done(2)));
        assert!(matches!(executor.step(one), Step::Done(1)));
        assert!(executor.is_empty());
    }
}
