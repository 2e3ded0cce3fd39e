//! Many worlds, each of its own seed; the seeds that once failed come first, for ever.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    gate::Coverage,
    logs, parallel,
    sometimes::Sometimes,
    swarm,
    world::{Report, World},
};

/// Seeds that failed at some time.
const FAILED_BEFORE: &str = include_str!("../seeds.txt");

/// What the seeds found.
#[derive(Default)]
pub struct Run {
    /// How many worlds.
    pub worlds: u64,
    /// How many effects in all.
    pub effects: u64,
    /// How many faults in all.
    pub faults: u64,
    /// What was reached where.
    pub coverage: Coverage,
    /// Rare situations.
    pub sometimes: Sometimes,
    /// Checks of invariants.
    pub checks: u64,
    /// Seeds that failed, and what went wrong.
    pub failures: Vec<(u64, String)>,
}

impl Run {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.effects += other.effects;
        self.faults += other.faults;
        self.coverage.add(&other.coverage);
        self.sometimes.add(&other.sometimes);
        self.checks += other.checks;
        self.failures.extend(other.failures);
    }
}

/// The seeds that failed at some time.
#[must_use]
pub fn failed_before() -> Vec<u64> {
    FAILED_BEFORE.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

/// The world of a seed. A panic is a failure like any other.
#[must_use]
pub fn live(seed: u64, traced: bool) -> Report {
    let run = || logs::captured(|| World::new(swarm::setup(seed, traced)).run());
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
        Report { failure: Some(format!("a panic: {text}")), ..Report::default() }
    })
}

/// Runs the worlds of these seeds; ends at the first failure if so wished.
#[must_use]
pub fn run(seeds: &[u64], threads: usize, stop_at_first: bool) -> Run {
    let parts = parallel::run(threads, seeds.len(), |part: &mut Run, number| {
        let seed = seeds[number];
        let report = live(seed, false);
        part.worlds += 1;
        part.effects += report.effects;
        part.faults += report.faults.len() as u64;
        part.coverage.add(&report.coverage);
        part.sometimes.add(&report.sometimes);
        part.checks += report.checks;
        let has_failed = report.failure.is_some();
        part.failures.extend(report.failure.map(|failure| (seed, failure)));
        !(has_failed && stop_at_first)
    });
    let mut run = Run::default();
    for part in parts {
        run.add(part);
    }
    run.failures.sort();
    run
}
