//! The crash sweep: three days, at Amazon, in web shops and in outlets, and for every effect of each and every
//! mode one run with just that fault. Each must come to the end state of the day without faults. Adjacent pairs too, as many as fit.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use weir_app::gate::Site;
use weir_sandbox::amazon::{Dice, Faults};

use crate::{
    gate::{Coverage, Mode, Source},
    logs,
    outlet::script::OutletScript,
    parallel, projection,
    script::Script,
    shop::script::ShopScript,
    sometimes::Sometimes,
    world::{Report, Setup, World},
};

/// Pairs of adjacent faults that are tried on a day at Amazon, in shops, and in outlets. All of them would be
/// some hundred thousand; which ones follows from their numbers, so it is the same in every run.
const PAIRS: u64 = 4_000;
const PAIRS_OF_SHOPS: u64 = 1_000;
const PAIRS_OF_OUTLETS: u64 = 500;

/// A day that is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// Merchants sell at Amazon.
    Amazon,
    /// Merchants sell in web shops.
    Shops,
    /// Merchants sell in outlets.
    Outlets,
}

impl Day {
    /// Every day.
    pub const ALL: [Self; 3] = [Self::Amazon, Self::Shops, Self::Outlets];

    /// A word for the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Amazon => "amazon",
            Self::Shops => "shops",
            Self::Outlets => "outlets",
        }
    }

    /// What happens on it.
    #[must_use]
    pub fn script(self) -> Script {
        match self {
            Self::Amazon => Script::for_sweep(),
            Self::Shops => Script::of_shops(ShopScript::for_sweep()),
            Self::Outlets => Script::of_outlets(OutletScript::for_sweep()),
        }
    }
}

/// A day and what was done to its effects, by their numbers.
pub type Faulted = (Day, BTreeMap<u64, Mode>);

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
    pub failures: Vec<(Faulted, String)>,
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
        shopify: weir_sandbox::shopify::Faults::NONE,
        bigcommerce: weir_sandbox::bigcommerce::Faults::NONE,
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

/// Lives a day of the sweep through with given faults, and keeps a trace.
#[must_use]
pub fn live_traced(day: Day, faults: BTreeMap<u64, Mode>) -> Report {
    logs::captured(|| World::new(setup(day.script(), at(faults), true)).run())
}

/// The day without faults: what every other one must come to.
pub struct Baseline {
    /// The end state.
    pub projection: Vec<String>,
    /// The site of each effect.
    pub sites: Vec<Site>,
}

/// Lives a day of the sweep without faults.
///
/// # Errors
/// What is wrong with it.
pub fn baseline(day: Day) -> Result<Baseline, String> {
    let report = live(day.script(), Source::None);
    match report.failure {
        Some(failure) => Err(format!("the day without faults ({}): {failure}", day.word())),
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

/// How much of what comes every minute is swept on a day in shops or outlets: it is swept whole on the one
/// at Amazon, and a run in shops takes four times as long.
const OF_TICKS: u64 = 10;

/// Every single fault of the day; of what each minute of a day in shops or outlets repeats, every tenth.
#[must_use]
pub fn singles(day: Day, baseline: &Baseline) -> Vec<BTreeMap<u64, Mode>> {
    let is_swept = |(number, site): &(u64, &Site)| {
        let comes_every_minute = matches!(
            site,
            Site::PollRead
                | Site::PollSearch
                | Site::PollAdvance
                | Site::SweepRead
                | Site::BucketRead
                | Site::BucketTake
        );
        day == Day::Amazon || !comes_every_minute || number.is_multiple_of(OF_TICKS)
    };
    (0..)
        .zip(&baseline.sites)
        .filter(is_swept)
        .flat_map(|(number, site)| modes(*site).map(move |mode| BTreeMap::from([(number, mode)])))
        .collect()
}

fn modes(site: Site) -> impl Iterator<Item = Mode> {
    Mode::ALL.into_iter().filter(move |mode| mode.is_legal(site))
}

/// Pairs of faults of adjacent effects: a sample, and how many there are.
#[must_use]
pub fn pairs(day: Day, baseline: &Baseline) -> (Vec<BTreeMap<u64, Mode>>, u64) {
    let mut all: Vec<BTreeMap<u64, Mode>> = Vec::new();
    for (number, sites) in (0..).zip(baseline.sites.windows(2)) {
        for first in modes(sites[0]) {
            // The second effect may be another one after the first fault: any mode of its class will do.
            all.extend(modes(sites[1]).map(|second| BTreeMap::from([(number, first), (number + 1, second)])));
        }
    }
    let total = all.len() as u64;
    let mut dice = Dice::new(2);
    let most = match day {
        Day::Amazon => PAIRS,
        Day::Shops => PAIRS_OF_SHOPS,
        Day::Outlets => PAIRS_OF_OUTLETS,
    };
    if total > most {
        all.retain(|_| dice.below(total) < most);
    }
    (all, total)
}

/// Sweeps these days.
#[must_use]
pub fn sweep(days: &[Day], threads: usize) -> Swept {
    let mut swept = Swept::default();
    for day in days {
        sweep_day(*day, threads, &mut swept);
    }
    swept
}

fn sweep_day(day: Day, threads: usize, swept: &mut Swept) {
    let baseline = match baseline(day) {
        Ok(baseline) => baseline,
        Err(failure) => {
            swept.failures.push(((day, BTreeMap::new()), failure));
            return;
        }
    };
    let singles = singles(day, &baseline);
    let (pairs, all_pairs) = pairs(day, &baseline);
    swept.effects += baseline.sites.len() as u64;
    swept.single += singles.len() as u64;
    swept.pairs = (swept.pairs.0 + pairs.len() as u64, swept.pairs.1 + all_pairs);
    let runs: Vec<BTreeMap<u64, Mode>> = singles.into_iter().chain(pairs).collect();
    let script = day.script();
    let parts = parallel::run(threads, runs.len(), |part: &mut Swept, number| {
        let faults = runs[number].clone();
        let report = live(script.clone(), at(faults.clone()));
        part.coverage.add(&report.coverage);
        part.sometimes.add(&report.sometimes);
        part.checks += report.checks;
        if let Some(failure) = verdict(&report, &baseline.projection) {
            part.failures.push(((day, faults), failure));
        }
        true
    });
    for part in parts {
        swept.coverage.add(&part.coverage);
        swept.sometimes.add(&part.sometimes);
        swept.checks += part.checks;
        swept.failures.extend(part.failures);
    }
}
