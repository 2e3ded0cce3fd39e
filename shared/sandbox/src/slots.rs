//! The days of a demo's shop: when which order comes and what happens to it next, all of it out of a seed and
//! the time at which the shop opened. What an order is of and what a step does is the shop's own.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::dice::mix;

/// How a shop's orders follow each other.
#[derive(Debug)]
pub(crate) struct Pace {
    /// What tells this shop's chances from another's.
    pub(crate) salt: u64,
    /// How long before it opens the shop already had orders, and how many in that time.
    pub(crate) before: (SignedDuration, u64),
    /// Time between orders from then on, and how much more it may be, in milliseconds.
    pub(crate) slot_millis: (u64, u64),
    /// The least and the most time between two things that happen to an order, in milliseconds.
    pub(crate) step_millis: (u64, u64),
    /// How much of the time since the opening is made anew when the shop opens again.
    pub(crate) remembered: SignedDuration,
}

/// What is due in a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due<Step> {
    /// The order of this slot comes.
    Order(u64),
    /// Something happens to an order of this number.
    Step(Step, u64),
}

/// The days of one shop.
#[derive(Debug)]
pub(crate) struct Slots<Step> {
    pace: &'static Pace,
    seed: u64,
    opened: Timestamp,
    next: u64,
    /// Orders since the opening that came before this are not made any more.
    remembered: Timestamp,
    due: BTreeMap<(Timestamp, u64, usize), (Step, u64)>,
}

impl<Step: Copy> Slots<Step> {
    /// Those of a shop that opened at a time.
    pub(crate) const fn new(pace: &'static Pace, seed: u64, opened: Timestamp) -> Self {
        Self { pace, seed, opened, next: 0, remembered: opened, due: BTreeMap::new() }
    }

    /// A number that belongs to a slot and a purpose, and to nothing else.
    pub(crate) fn chance(&self, slot: u64, purpose: u64) -> u64 {
        mix(self.seed ^ mix(slot ^ self.pace.salt) ^ mix(purpose.wrapping_add(1) << 48))
    }

    /// What came before a time is not made: it happened in another stretch of open hours.
    pub(crate) fn skip_to(&mut self, from: Timestamp) {
        while self.placed_at(self.next) < from {
            self.next += 1;
        }
    }

    /// What of the time since the opening is made anew at the earliest, counted back from a time.
    pub(crate) fn remember(&mut self, now: Timestamp) {
        self.remembered = now - self.pace.remembered;
    }

    /// What is due until now, each at its own time, the first first.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<(Timestamp, Due<Step>)> {
        loop {
            let placed_at = self.placed_at(self.next);
            let step = self.due.first_key_value().map(|((at, _, _), _)| *at).filter(|at| *at <= placed_at);
            if step.unwrap_or(placed_at) > now {
                return None;
            }
            if step.is_some() {
                return self.next_step();
            }
            let slot = self.next;
            self.next += 1;
            if slot < self.pace.before.1 || placed_at >= self.remembered {
                return Some((placed_at, Due::Order(slot)));
            }
        }
    }

    /// What is still to happen to the orders that came, whenever it is due, the first first.
    pub(crate) fn next_step(&mut self) -> Option<(Timestamp, Due<Step>)> {
        let ((at, _, _), (step, order)) = self.due.pop_first()?;
        Some((at, Due::Step(step, order)))
    }

    /// These things will happen to an order, one after the other; what is at once happens with the one before.
    pub(crate) fn plan(
        &mut self,
        slot: u64,
        order: u64,
        placed_at: Timestamp,
        steps: &[Step],
        is_at_once: impl Fn(Step) -> bool,
    ) {
        let (least, most) = self.pace.step_millis;
        let mut at = placed_at;
        for (number, step) in steps.iter().enumerate() {
            if !is_at_once(*step) {
                at += millis(least + self.chance(slot, 40 + number as u64) % (most - least));
            }
            self.due.insert((at, slot, number), (*step, order));
        }
    }

    fn placed_at(&self, slot: u64) -> Timestamp {
        let (before, count) = self.pace.before;
        if slot < count {
            let gap = u64::try_from(before.as_millis()).unwrap_or(0) / count;
            return self.opened - before + millis(slot * gap);
        }
        let (slot_millis, more) = self.pace.slot_millis;
        let jitter = self.chance(slot, 0) % more.max(1);
        self.opened + millis((slot - count) * slot_millis + 500 + jitter)
    }
}

fn millis(millis: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
