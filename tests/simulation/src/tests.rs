//! A small part of `sim ci`, so that `cargo test --workspace` sees it: some seeds, the days without
//! faults, and that a world can be lived through again.

use weir_sandbox::{bigcommerce, shopify};

use crate::{
    gate::Source,
    logs,
    outlet::script::OutletScript,
    script::Script,
    seeds,
    shop::script::ShopScript,
    sweep::{self, Day},
    world::World,
};

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
    for script in Day::ALL.map(Day::script).into_iter().chain([Script::happy()]) {
        let report = sweep::live(script, Source::None);
        assert_eq!(report.failure, None);
        assert!(report.faults.is_empty());
    }
}

#[test]
fn one_fault_leads_to_the_same_end_state() {
    for day in Day::ALL {
        let baseline = sweep::baseline(day).expect("a day without faults");
        // Every hundredth single fault; `sim sweep` tries all of them.
        for faults in sweep::singles(day, &baseline).into_iter().step_by(100) {
            let report = sweep::live(day.script(), sweep::at(faults.clone()));
            assert_eq!(sweep::verdict(&report, &baseline.projection), None, "{day:?} {faults:?}");
        }
    }
}

/// What Shopify tells of a history, however it is lost, doubled, delayed, stale and shuffled: the end
/// is the one of the history told straight.
#[test]
fn any_delivery_of_a_history_ends_in_the_same_state() {
    // SPEC: G-02; RELIABILITY I32
    let none = shopify::Faults::NONE;
    let bad = shopify::Faults::BAD_DAY;
    let moods = [
        shopify::Faults {
            doubled_webhooks: 500,
            resent_webhooks: 300,
            shuffled_webhooks: 1_000,
            ..none.clone()
        },
        shopify::Faults {
            late_webhooks: 700,
            late_webhook_seconds: 1_800,
            stale_webhooks: 500,
            ..none.clone()
        },
        shopify::Faults { lost_webhooks: 1_000, ..none.clone() },
        shopify::Faults { quiet_holds: 0, list_lag: 0, lost_answers: 0, lost_tokens: 0, ..bad },
    ];
    for seed in 0..25 {
        let script = || Script::of_shops(ShopScript::slow(seed));
        let straight = sweep::live(script(), Source::None);
        assert_eq!(straight.failure, None, "day {seed}, told straight");
        for (number, mood) in moods.iter().enumerate() {
            let mut setup = sweep::setup(script(), Source::None, false);
            (setup.seed, setup.shopify) = (seed + 100, mood.clone());
            (setup.shuffled, setup.doubled_messages) = (true, 150);
            let other = logs::captured(|| World::new(setup).run());
            assert_eq!(sweep::verdict(&other, &straight.projection), None, "day {seed}, mood {number}");
        }
    }
}

/// The same of what BigCommerce tells.
#[test]
fn any_delivery_of_an_outlets_history_ends_in_the_same_state() {
    // SPEC: G-02, KB-08, KB-10, KB-11; RELIABILITY I32
    let none = bigcommerce::Faults::NONE;
    let bad = bigcommerce::Faults::BAD_DAY;
    let moods = [
        bigcommerce::Faults { doubled_webhooks: 500, shuffled_webhooks: 1_000, ..none.clone() },
        bigcommerce::Faults {
            late_webhooks: 700,
            late_webhook_seconds: 1_800,
            links_alone: 500,
            ..none.clone()
        },
        bigcommerce::Faults { lost_webhooks: 1_000, ..none },
        bigcommerce::Faults { lost_answers: 0, html_pages: 0, cut_bodies: 0, xml_answers: 0, ..bad },
    ];
    for seed in 0..12 {
        let script = || Script::of_outlets(OutletScript::slow(seed));
        let straight = sweep::live(script(), Source::None);
        assert_eq!(straight.failure, None, "day {seed}, told straight");
        for (number, mood) in moods.iter().enumerate() {
            let mut setup = sweep::setup(script(), Source::None, false);
            (setup.seed, setup.bigcommerce) = (seed + 100, mood.clone());
            (setup.shuffled, setup.doubled_messages) = (true, 150);
            let other = logs::captured(|| World::new(setup).run());
            assert_eq!(sweep::verdict(&other, &straight.projection), None, "day {seed}, mood {number}");
        }
    }
}
