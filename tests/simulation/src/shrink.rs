//! Makes a failing run small: faults, acts and Amazon's moods are taken away as long as it still
//! fails. What is left is short enough to be read.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use weir_sandbox::amazon::Faults;

use crate::{
    gate::{Mode, Source},
    logs, swarm,
    world::{Report, Setup, World},
};

/// What is left of a failing run.
pub struct Shrunk {
    /// What goes wrong.
    pub failure: String,
    /// The setup that shows it.
    pub setup: Setup,
    /// The faults that are needed.
    pub faults: BTreeMap<u64, Mode>,
    /// How many runs it took.
    pub runs: u64,
    /// What happens in it.
    pub trace: Vec<String>,
}

struct Shrinker {
    best: Setup,
    faults: BTreeMap<u64, Mode>,
    failure: String,
    runs: u64,
}

fn at(faults: &BTreeMap<u64, Mode>) -> Source {
    Source::At { faults: faults.clone(), stall: None }
}

/// What kind of failure it is: the invariant it names, else its words without its numbers.
fn kind(failure: &str) -> String {
    let is_name = |word: &&str| {
        let rest = word
            .strip_prefix("I")
            .or_else(|| word.strip_prefix("G-"))
            .and_then(|rest| rest.strip_suffix(':'));
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match failure.split_whitespace().find(is_name) {
        Some(name) => name.to_owned(),
        None => failure.chars().filter(|letter| !letter.is_ascii_digit()).take(40).collect(),
    }
}

fn live(setup: &Setup) -> Report {
    logs::captured(|| World::new(setup.clone()).run())
}

/// Shrinks the run of a seed; nothing, if it does not fail.
#[must_use]
pub fn shrink(seed: u64) -> Option<Shrunk> {
    let setup = swarm::setup(seed, false);
    let report = live(&setup);
    let failure = report.failure?;
    let mut shrinker = Shrinker { best: setup.clone(), faults: report.faults.clone(), failure, runs: 1 };
    let listed = Setup { source: at(&report.faults), ..setup };
    if !shrinker.attempt(listed, report.faults) {
        return Some(shrinker.done());
    }
    shrinker.moods();
    for _ in 0..2 {
        shrinker.faults();
        shrinker.acts();
    }
    Some(shrinker.done())
}

impl Shrinker {
    /// Whether it still fails so; then that is the best one.
    fn attempt(&mut self, setup: Setup, faults: BTreeMap<u64, Mode>) -> bool {
        self.runs += 1;
        let Some(failure) = live(&setup).failure.filter(|failure| kind(failure) == kind(&self.failure))
        else {
            return false;
        };
        (self.best, self.faults, self.failure) = (setup, faults, failure);
        true
    }

    /// All that can be switched off at once.
    fn moods(&mut self) {
        let calm: [fn(&mut Setup); 10] = [
            |setup| setup.amazon = Faults::NONE,
            |setup| setup.skew = SignedDuration::ZERO,
            |setup| setup.doubled_messages = 0,
            |setup| setup.odd_ticks = (0, 0),
            |setup| setup.shuffled = false,
            |setup| setup.amazon.lost_notices = 0,
            |setup| setup.shopify = weir_sandbox::shopify::Faults::NONE,
            |setup| setup.shopify.lost_webhooks = 0,
            |setup| setup.bigcommerce = weir_sandbox::bigcommerce::Faults::NONE,
            |setup| setup.bigcommerce.lost_webhooks = 0,
        ];
        for calm in calm {
            let mut setup = self.best.clone();
            calm(&mut setup);
            self.attempt(setup, self.faults.clone());
        }
    }

    fn faults(&mut self) {
        let mut size = self.faults.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.faults.len() {
                let kept = self.faults.iter().enumerate();
                let kept = kept.filter(|(position, _)| *position < from || *position >= from + size);
                let faults: BTreeMap<u64, Mode> = kept.map(|(_, (number, mode))| (*number, *mode)).collect();
                let setup = Setup { source: at(&faults), ..self.best.clone() };
                if !self.attempt(setup, faults) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    fn acts(&mut self) {
        let mut size = self.best.script.acts.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.best.script.acts.len() {
                let mut setup = self.best.clone();
                let to = (from + size).min(setup.script.acts.len());
                let mut number = 0;
                setup.script.acts.retain(|(_, act)| {
                    number += 1;
                    number <= from || number > to || act.is_mending()
                });
                let is_shorter = setup.script.acts.len() < self.best.script.acts.len();
                if !is_shorter || !self.attempt(setup, self.faults.clone()) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    fn done(self) -> Shrunk {
        let trace = live(&Setup { traced: true, ..self.best.clone() }).trace;
        Shrunk { failure: self.failure, setup: self.best, faults: self.faults, runs: self.runs, trace }
    }
}
