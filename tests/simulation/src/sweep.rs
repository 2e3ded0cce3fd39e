//! The crash sweep: one day, and for every effect of it and every mode one run with just that fault.
//! Each must come to the end state of the day without faults. Adjacent pairs too, as many as fit.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use weir_app::gate::Site;
use weir_sandbox::amazon::{Dice, Faults};

use crate::{
    gate::{Coverage, Mode, Source},
    logs, parallel, projection,
    script::Script,
    sometimes::Sometimes,
    world::{Report, Setup, World},
};

/// Pairs of adjacent faults that are tried. All of them would be some hundred thousand; which ones
/// follows from their numbers, so it is the same in every run.
const PAIRS: u64 = 4_000;

/// What the sweep found.
#[derive(Default)]
pub struct Swept {
    /// Effects of the day.
    pub effects: u64,
    /// Runs with one fault.
    pub single: u64,
    /// Runs with two, and how many there would be.
    pub pairs: (u64, u64),
    /// What was reached where.
    pub coverage: Coverage,
    /// Rare situations.
    pub sometimes: Sometimes,
    /// Checks of invariants.
    pub checks: u64,
    /// The faults, and what went wrong.
    pub failures: Vec<(BTreeMap<u64, Mode>, String)>,
}

/// How long somebody stands still in the sweep: longer than a message stays hidden, so that it is
/// handed out again; shorter than what a connection looks back when it goes to work.
const STALL: SignedDuration = SignedDuration::from_secs(170);

/// These faults and no other.
#[must_use]
pub const fn at(faults: BTreeMap<u64, Mode>) -> Source {
    Source::At { faults, stall: Some(STALL) }
}

/// A day with given faults.
#[must_use]
pub fn setup(script: Script, source: Source, traced: bool) -> Setup {
    Setup {
        script,
        seed: 1,
        source,
        // Searches of several pages; nothing else goes wrong at Amazon.
        amazon: Faults { short_pages: 400, ..Faults::NONE },
        shuffled: false,
        skew: SignedDuration::ZERO,
        doubled_messages: 0,
        odd_ticks: (0, 0),
        sweep_minutes: 2,
        traced,
        has_storm: false,
        faults_end: SignedDuration::ZERO,
    }
}

/// Lives the day of a script through with given faults.
#[must_use]
pub fn live(script: Script, source: Source) -> Report {
    logs::captured(|| World::new(setup(script, source, false)).run())
}

/// Lives the sweep's day through with given faults, and keeps a trace.
#[must_use]
pub fn live_traced(faults: BTreeMap<u64, Mode>) -> Report {
    logs::captured(|| World::new(setup(Script::for_sweep(), at(faults), true)).run())
}

/// The day without faults: what every other one must come to.
pub struct Baseline {
    /// The end state.
    pub projection: Vec<String>,
    /// The site of each effect.
    pub sites: Vec<Site>,
}

/// Lives the sweep's day without faults.
///
/// # Errors
/// What is wrong with it.
pub fn baseline() -> Result<Baseline, String> {
    let report = live(Script::for_sweep(), Source::None);
    match report.failure {
        Some(failure) => Err(format!("the day without faults: {failure}")),
        None => Ok(Baseline { projection: report.projection, sites: report.sites }),
    }
}

/// What one run of the sweep did wrong, if anything.
#[must_use]
pub fn verdict(report: &Report, expected: &[String]) -> Option<String> {
    if let Some(failure) = &report.failure {
        return Some(failure.clone());
    }
    let mut differences = projection::differences(expected, &report.projection);
    differences.truncate(8);
    (!differences.is_empty())
        .then(|| format!("I32: the end state differs:\n    {}", differences.join("\n    ")))
}

/// Every single fault of the day.
#[must_use]
pub fn singles(baseline: &Baseline) -> Vec<BTreeMap<u64, Mode>> {
    (0..)
        .zip(&baseline.sites)
        .flat_map(|(number, site)| modes(*site).map(move |mode| BTreeMap::from([(number, mode)])))
        .collect()
}

fn modes(site: Site) -> impl Iterator<Item = Mode> {
    Mode::ALL.into_iter().filter(move |mode| mode.is_legal(site))
}

/// Pairs of faults of adjacent effects: a sample, and how many there are.
#[must_use]
pub fn pairs(baseline: &Baseline) -> (Vec<BTreeMap<u64, Mode>>, u64) {
    let mut all: Vec<BTreeMap<u64, Mode>> = Vec::new();
    for (number, sites) in (0..).zip(baseline.sites.windows(2)) {
        for first in modes(sites[0]) {
            // The second effect may be another one after the first fault: any mode of its class will do.
            all.extend(modes(sites[1]).map(|second| BTreeMap::from([(number, first), (number + 1, second)])));
        }
    }
    let total = all.len() as u64;
    let mut dice = Dice::new(2);
    if total > PAIRS {
        all.retain(|_| dice.below(total) < PAIRS);
    }
    (all, total)
}

/// Runs the whole sweep.
#[must_use]
pub fn sweep(threads: usize) -> Swept {
    let baseline = match baseline() {
        Ok(baseline) => baseline,
        Err(failure) => return Swept { failures: vec![(BTreeMap::new(), failure)], ..Swept::default() },
    };
    let singles = singles(&baseline);
    let (pairs, all_pairs) = pairs(&baseline);
    let mut swept = Swept {
        effects: baseline.sites.len() as u64,
        single: singles.len() as u64,
        pairs: (pairs.len() as u64, all_pairs),
        ..Swept::default()
    };
    let runs: Vec<BTreeMap<u64, Mode>> = singles.into_iter().chain(pairs).collect();
    let parts = parallel::run(threads, runs.len(), |part: &mut Swept, number| {
        let faults = runs[number].clone();
        let report = live(Script::for_sweep(), at(faults.clone()));
        part.coverage.add(&report.coverage);
        part.sometimes.add(&report.sometimes);
        part.checks += report.checks;
        if let Some(failure) = verdict(&report, &baseline.projection) {
            part.failures.push((faults, failure));
        }
        true
    });
    for part in parts {
        swept.coverage.add(&part.coverage);
        swept.sometimes.add(&part.sometimes);
        swept.checks += part.checks;
        swept.failures.extend(part.failures);
    }
    swept
}
