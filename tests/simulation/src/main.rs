//! `sim`: runs worlds from the command line, and says what it covered.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use weir_simulation::{
    gate::Mode,
    report, seeds, shrink,
    sweep::{self, Day, Faulted, Swept},
    world::Report,
};

#[cfg(feature = "planted")]
mod bench;

/// Seeds of a `sim ci`.
const SEEDS: u64 = 12_000;
/// Threads: what the smallest machine has.
const THREADS: usize = 2;

const HELP: &str = "\
sim seeds [--from N] [--count N]  worlds of these seeds (0, 1000)
sim sweep [DAY]                   the crash sweep: every effect of three days, every fault
sim replay SEED [--bug NAME]      one world's trace, its faults marked with !; with a planted bug
sim fault DAY K MODE [K MODE ...] a day of the sweep (amazon, shops, outlets) with these faults, and its trace
sim shrink SEED                   what is left of a failing seed
sim ci [--seeds N]                12,000 seeds and the whole sweep, and what they covered
sim bench                         the planted bugs (feature `planted`)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let is_well = match words.as_slice() {
        ["seeds", options @ ..] => run_seeds(number(options, "--from", 0), number(options, "--count", 1_000)),
        ["sweep"] => run_sweep(&Day::ALL),
        ["sweep", day] => {
            Day::ALL.into_iter().find(|known| known.word() == *day).is_some_and(|day| run_sweep(&[day]))
        }
        ["replay", seed] => seed.parse().is_ok_and(replay),
        ["replay", seed, "--bug", bug] => plant(bug) && seed.parse().is_ok_and(replay),
        ["fault", day, faults @ ..] => {
            Day::ALL.into_iter().find(|known| known.word() == *day).is_some_and(|day| fault(day, faults))
        }
        ["shrink", seed] => seed.parse().is_ok_and(run_shrink),
        ["ci", options @ ..] => ci(number(options, "--seeds", SEEDS)),
        ["bench"] => run_bench(),
        _ => {
            println!("{HELP}");
            false
        }
    };
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(options: &[&str], name: &str, default: u64) -> u64 {
    let at = options.iter().position(|option| *option == name);
    at.and_then(|at| options.get(at + 1)?.parse().ok()).unwrap_or(default)
}

/// How long something took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    // The time of this program itself; no world ever sees it.
    #[allow(clippy::disallowed_methods, reason = "measures this program, and no world sees it")]
    let began = std::time::Instant::now();
    let done = work();
    (done, began.elapsed())
}

fn run_seeds(from: u64, count: u64) -> bool {
    let all: Vec<u64> = (from..from + count).collect();
    let (run, took) = timed(|| seeds::run(&all, THREADS, false));
    print_seeds(&run, took);
    run.failures.is_empty()
}

fn print_seeds(run: &seeds::Run, took: Duration) {
    println!(
        "seeds: {} worlds, {} effects, {} faults, {} checks of invariants, {} failures, {} s",
        run.worlds,
        run.effects,
        run.faults,
        run.checks,
        run.failures.len(),
        took.as_secs()
    );
    print!("{}", report::failures(&run.failures, |seed| format!("seed {seed}")));
}

fn run_sweep(days: &[Day]) -> bool {
    let (swept, took) = timed(|| sweep::sweep(days, THREADS));
    print_sweep(&swept, took);
    swept.failures.is_empty()
}

fn print_sweep(swept: &Swept, took: Duration) {
    let (pairs, all_pairs) = swept.pairs;
    println!(
        "sweep: {} effects, {} runs with one fault (all there are), {pairs} with two adjacent ones (a fixed sample \
         of {all_pairs}), {} checks of invariants, {} failures, {} s",
        swept.effects,
        swept.single,
        swept.checks,
        swept.failures.len(),
        took.as_secs()
    );
    print!("{}", report::failures(&swept.failures, words));
}

fn words((day, faults): &Faulted) -> String {
    let words: Vec<String> = faults.iter().map(|(number, mode)| format!("{number} {mode:?}")).collect();
    format!("sim fault {} {}", day.word(), words.join(" "))
}

fn print_trace(report: &Report) -> bool {
    for line in &report.trace {
        println!("{line}");
    }
    match &report.failure {
        Some(failure) => println!("FAILED: {failure}"),
        None => println!("at rest; digest {:016x}", report.digest),
    }
    report.failure.is_none()
}

fn replay(seed: u64) -> bool {
    print_trace(&seeds::live(seed, true))
}

fn fault(day: Day, words: &[&str]) -> bool {
    let mut faults = BTreeMap::new();
    for pair in words.chunks(2) {
        let number = pair.first().and_then(|number| number.parse::<u64>().ok());
        let mode =
            pair.get(1).and_then(|word| Mode::ALL.into_iter().find(|mode| format!("{mode:?}") == **word));
        let (Some(number), Some(mode)) = (number, mode) else {
            println!("a fault is a number and one of {:?}", Mode::ALL);
            return false;
        };
        faults.insert(number, mode);
    }
    let report = sweep::live_traced(day, faults);
    let is_well = print_trace(&report);
    match sweep::baseline(day) {
        Ok(baseline) => match sweep::verdict(&report, &baseline.projection) {
            Some(verdict) => println!("{verdict}"),
            None => return is_well,
        },
        Err(error) => println!("{error}"),
    }
    false
}

fn run_shrink(seed: u64) -> bool {
    let Some(shrunk) = shrink::shrink(seed) else {
        println!("seed {seed} does not fail");
        return true;
    };
    println!("seed {seed}, after {} runs: {}", shrunk.runs, shrunk.failure);
    println!("faults: {:?}", shrunk.faults);
    println!("amazon: {:?}", shrunk.setup.amazon);
    println!("shopify: {:?}", shrunk.setup.shopify);
    println!("bigcommerce: {:?}", shrunk.setup.bigcommerce);
    println!(
        "skew {}, odd ticks {:?}, messages doubled {}, shuffled {}",
        shrunk.setup.skew, shrunk.setup.odd_ticks, shrunk.setup.doubled_messages, shrunk.setup.shuffled
    );
    for (at, act) in &shrunk.setup.script.acts {
        println!("  {:>6} s  {act:?}", at.as_secs());
    }
    println!("idle at first: {:?}", shrunk.setup.script.idle);
    println!("trace:");
    for line in &shrunk.trace {
        println!("{line}");
    }
    false
}

/// The seeds and the sweep, what they covered, and whether all of it holds.
fn ci(seeds: u64) -> bool {
    let mut all = seeds::failed_before();
    let before = all.len();
    all.extend(0..seeds);
    println!("{before} seeds that failed before, then {seeds} from 0, on {THREADS} threads");
    let (run, took) = timed(|| seeds::run(&all, THREADS, false));
    print_seeds(&run, took);
    let (swept, took) = timed(|| sweep::sweep(&Day::ALL, THREADS));
    print_sweep(&swept, took);
    let (mut coverage, mut sometimes) = (run.coverage.clone(), run.sometimes.clone());
    coverage.add(&swept.coverage);
    sometimes.add(&swept.sometimes);
    println!("coverage, of seeds and sweep together:");
    print!("{}", report::coverage(&coverage));
    println!("rare situations, of the seeds:");
    print!("{}", report::sometimes(&run.sometimes));
    let missing = coverage.missing().1;
    let never = run.sometimes.never();
    for situation in &never {
        println!("NEVER: {}", situation.text());
    }
    let is_well =
        run.failures.is_empty() && swept.failures.is_empty() && missing.is_empty() && never.is_empty();
    println!("{}", if is_well { "all of it holds" } else { "FAILED" });
    is_well
}

#[cfg(feature = "planted")]
fn plant(name: &str) -> bool {
    let bug = weir_app::planted::Bug::ALL.iter().copied().find(|bug| bug.name() == name);
    weir_app::planted::plant(bug);
    bug.is_some()
}

#[cfg(not(feature = "planted"))]
fn plant(_name: &str) -> bool {
    run_bench()
}

#[cfg(feature = "planted")]
fn run_bench() -> bool {
    bench::bench(THREADS)
}

#[cfg(not(feature = "planted"))]
fn run_bench() -> bool {
    println!("the bugs are planted in builds with the feature `planted` only:");
    println!("cargo run -p weir-simulation --features planted --bin sim -- bench");
    false
}
