//! The queue in memory: durable, at least once, in no order if so wished; what fails too often goes
//! to the dead letters.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_app::ports::{DeadLetter, OutgoingMessage, Queue, QueueError, QueueName};
use weir_domain::Timestamp;

use super::{FakeClock, Twist, lock};
use crate::amazon::Dice;

/// How often a message is received before it goes to the dead letters.
pub const RECEIVES: u32 = 5;

/// A message in somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Of which queue.
    pub queue: QueueName,
    /// Its number in the queue.
    pub number: u64,
    /// This handing out; a later one makes it void.
    pub receipt: u64,
    /// How often it was handed out.
    pub attempts: u32,
    /// The body.
    pub body: String,
}

#[derive(Clone, Debug)]
struct Held {
    message: OutgoingMessage,
    sent_at: Timestamp,
    visible_at: Timestamp,
    receipt: u64,
    attempts: u32,
    reason: Option<String>,
}

/// The queues.
pub struct FakeQueue {
    clock: Arc<FakeClock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queues: BTreeMap<QueueName, BTreeMap<u64, Held>>,
    dead: BTreeMap<String, (DeadLetter, OutgoingMessage)>,
    number: u64,
    bodies: Vec<String>,
    twist: Twist,
    late: Vec<(Timestamp, QueueName, Vec<OutgoingMessage>)>,
    /// If there, messages are handed out in any order, and some of them twice.
    dice: Option<(Dice, u16)>,
}

impl FakeQueue {
    /// Empty queues that hand out in the order of sending.
    #[must_use]
    pub fn new(clock: Arc<FakeClock>) -> Self {
        Self { clock, state: Mutex::new(State::default()) }
    }

    /// From now on messages come in any order, and `doubled` of a thousand stay where they are while
    /// they are handed out.
    pub fn shuffle(&self, seed: u64, doubled: u16) {
        lock(&self.state).dice = Some((Dice::new(seed), doubled));
    }

    /// Hands out in order again, each once.
    pub fn calm(&self) {
        lock(&self.state).dice = None;
    }

    /// What the gate wants wrong with the next effect.
    pub fn twist(&self, twist: Twist) {
        lock(&self.state).twist = twist;
    }

    /// Puts a message into a queue, as somebody outside does.
    pub fn put(&self, queue: &QueueName, message: OutgoingMessage) {
        let now = self.clock.true_now();
        self.open().push(queue, message, now, now);
    }

    /// Hands out up to `max` messages that nobody else has; they come back after `visibility`.
    pub fn receive(&self, queue: &QueueName, max: usize, visibility: SignedDuration) -> Vec<Received> {
        let now = self.clock.true_now();
        let mut guard = self.open();
        let state = &mut *guard;
        let Some(held) = state.queues.get_mut(queue) else { return Vec::new() };
        let mut numbers: Vec<u64> =
            held.iter().filter(|(_, held)| held.visible_at <= now).map(|(number, _)| *number).collect();
        if let Some((dice, _)) = &mut state.dice {
            dice.shuffle(&mut numbers);
        }
        let mut received = Vec::new();
        for number in numbers {
            if received.len() == max {
                break;
            }
            let Some(message) = held.get_mut(&number) else { continue };
            if message.attempts >= RECEIVES {
                if let Some(message) = held.remove(&number) {
                    let letter = dead_letter(queue, number, &message);
                    state.dead.insert(letter.id.clone(), (letter, message.message));
                }
                continue;
            }
            message.attempts += 1;
            message.receipt += 1;
            let stays = state.dice.as_mut().is_some_and(|(dice, doubled)| dice.hits(*doubled));
            if !stays {
                message.visible_at = now.saturating_add(visibility).unwrap_or(now);
            }
            received.push(Received {
                queue: queue.clone(),
                number,
                receipt: message.receipt,
                attempts: message.attempts,
                body: message.message.body.clone(),
            });
        }
        received
    }

    /// It is done: the message is gone, unless it was handed out again since.
    pub fn delete(&self, received: &Received) {
        let mut state = self.open();
        if let Some(held) = state.queues.get_mut(&received.queue)
            && held.get(&received.number).is_some_and(|message| message.receipt == received.receipt)
        {
            held.remove(&received.number);
        }
    }

    /// It failed: it comes back after a while, or at once if `retry_in` is nothing.
    pub fn fail(&self, received: &Received, reason: &str, retry_in: SignedDuration) {
        let now = self.clock.true_now();
        let mut state = self.open();
        if let Some(message) =
            state.queues.get_mut(&received.queue).and_then(|held| held.get_mut(&received.number))
            && message.receipt == received.receipt
        {
            message.reason = Some(reason.to_owned());
            message.visible_at = now.saturating_add(retry_in).unwrap_or(now);
        }
    }

    /// Whether a message was handed out anew since, or is gone.
    #[must_use]
    pub fn is_void(&self, received: &Received) -> bool {
        let state = self.open();
        let held = state.queues.get(&received.queue).and_then(|held| held.get(&received.number));
        held.is_none_or(|message| message.receipt != received.receipt)
    }

    /// When the next message can be received; none if the queue is empty.
    #[must_use]
    pub fn next_at(&self, queue: &QueueName) -> Option<Timestamp> {
        self.open().queues.get(queue)?.values().map(|message| message.visible_at).min()
    }

    /// When the next late sending happens.
    #[must_use]
    pub fn next_late(&self) -> Option<Timestamp> {
        self.open().late.iter().map(|(due, _, _)| *due).min()
    }

    /// How many messages are in a queue, also those that somebody has.
    #[must_use]
    pub fn depth(&self, queue: &QueueName) -> usize {
        self.open().queues.get(queue).map_or(0, BTreeMap::len)
    }

    /// Every body that was ever sent, in order.
    #[must_use]
    pub fn bodies(&self) -> Vec<String> {
        self.open().bodies.clone()
    }

    fn open(&self) -> std::sync::MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        if !state.late.is_empty() {
            let now = self.clock.true_now();
            let (due, later) = std::mem::take(&mut state.late).into_iter().partition(|(at, _, _)| *at <= now);
            state.late = later;
            for (at, queue, messages) in due {
                for message in messages {
                    state.push(&queue, message, at, at);
                }
            }
        }
        state
    }
}

impl State {
    fn push(
        &mut self,
        queue: &QueueName,
        message: OutgoingMessage,
        sent_at: Timestamp,
        visible_at: Timestamp,
    ) {
        self.number += 1;
        self.bodies.push(message.body.clone());
        let held = Held { message, sent_at, visible_at, receipt: 0, attempts: 0, reason: None };
        self.queues.entry(queue.clone()).or_default().insert(self.number, held);
    }
}

fn dead_letter(queue: &QueueName, number: u64, held: &Held) -> DeadLetter {
    DeadLetter {
        id: format!("dead-{number}"),
        queue: queue.clone(),
        reason: held.reason.clone().unwrap_or_else(|| "whoever had it never answered".to_owned()),
        attempts: held.attempts,
        body: held.message.body.clone(),
        first_seen_at: held.sent_at,
    }
}

#[async_trait]
impl Queue for FakeQueue {
    async fn send(&self, queue: &QueueName, messages: &[OutgoingMessage]) -> Result<(), QueueError> {
        let now = self.clock.true_now();
        let mut state = self.open();
        if let Some(wait) = state.twist.late {
            let due = now.saturating_add(wait).unwrap_or(now);
            state.late.push((due, queue.clone(), messages.to_vec()));
            return Err(QueueError::Trouble("no answer".to_owned()));
        }
        for message in messages {
            state.push(queue, message.clone(), now, now);
        }
        Ok(())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        Ok(self.open().dead.values().map(|(letter, _)| letter.clone()).collect())
    }

    async fn replay(&self, id: &str) -> Result<(), QueueError> {
        let now = self.clock.true_now();
        let mut state = self.open();
        let (letter, message) = state.dead.remove(id).ok_or(QueueError::NotFound)?;
        state.push(&letter.queue, message, letter.first_seen_at, now);
        Ok(())
    }

    async fn discard(&self, id: &str, _note: &str) -> Result<(), QueueError> {
        self.open().dead.remove(id).map(drop).ok_or(QueueError::NotFound)
    }
}
