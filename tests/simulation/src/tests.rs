//! A small part of `sim ci`, so that `cargo test --workspace` sees it: some seeds, the days without
//! faults, and that a world can be lived through again.

use crate::{gate::Source, script::Script, seeds, sweep};

/// Threads of a test run; the harness has its own besides.
const THREADS: usize = 2;

fn held(run: &seeds::Run) {
    let failures: Vec<String> =
        run.failures.iter().map(|(seed, failure)| format!("seed {seed}: {failure}")).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn two_hundred_worlds_hold() {
    let all: Vec<u64> = (0..200).collect();
    held(&seeds::run(&all, THREADS, false));
}

#[test]
fn worlds_that_once_failed_hold() {
    held(&seeds::run(&seeds::failed_before(), THREADS, false));
}

#[test]
fn a_seed_replays_to_the_same_trace() {
    for seed in [1, 42] {
        let (one, other) = (seeds::live(seed, true), seeds::live(seed, true));
        assert!(one.trace.len() > 100, "seed {seed} has a trace");
        assert!(!one.faults.is_empty(), "seed {seed} has faults");
        assert_eq!(one.digest, other.digest, "seed {seed}");
        for (number, (one, other)) in one.trace.iter().zip(&other.trace).enumerate() {
            assert_eq!(one, other, "seed {seed}, line {number}");
        }
        assert_eq!(one.trace.len(), other.trace.len(), "seed {seed}");
    }
}

#[test]
fn days_without_faults_come_to_rest() {
    for script in [Script::happy(), Script::for_sweep()] {
        let report = sweep::live(script, Source::None);
        assert_eq!(report.failure, None);
        assert!(report.faults.is_empty());
    }
}

#[test]
fn one_fault_leads_to_the_same_end_state() {
    let baseline = sweep::baseline().expect("a day without faults");
    // Every hundredth single fault; `sim sweep` tries all of them.
    for faults in sweep::singles(&baseline).into_iter().step_by(100) {
        let report = sweep::live(Script::for_sweep(), sweep::at(faults.clone()));
        assert_eq!(sweep::verdict(&report, &baseline.projection), None, "{faults:?}");
    }
}
