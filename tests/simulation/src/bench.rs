//! The bug bench: realistic bugs, planted one at a time. The happy path catches some; the sweep and
//! the seeds must catch every one.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_app::planted::{self, Bug};
use weir_simulation::{
    gate::Source,
    parallel,
    script::Script,
    seeds,
    sweep::{self, Day},
};

/// Seeds that are tried for each bug; most need a few.
const SEEDS: u64 = 4_000;

/// Of the sweep's faults every so many is tried for each bug; what shows at all shows at many.
const OF_SWEEP: usize = 8;

/// Runs the bench, prints its matrix, and says whether each bug was caught by sweep or seeds.
pub(crate) fn bench(threads: usize) -> bool {
    planted::plant(None);
    let mut days = Vec::new();
    for day in Day::ALL {
        match sweep::baseline(day) {
            Ok(baseline) => days.push((
                day,
                sweep::singles(day, &baseline).into_iter().step_by(OF_SWEEP).collect::<Vec<_>>(),
                baseline,
            )),
            Err(error) => {
                println!("{error}");
                return false;
            }
        }
    }
    let happy = sweep::live(Script::happy(), Source::None).projection;
    println!(
        "{:<22}{:<9}{:<44}{:<30}",
        "bug", "happy", "sweep (first fault that shows it)", "seeds (first that shows it)"
    );
    let mut survivors = 0;
    for bug in Bug::ALL {
        planted::plant(Some(*bug));
        let by_happy = sweep::verdict(&sweep::live(Script::happy(), Source::None), &happy).is_some();
        let mut own = days.iter().filter(|(day, _, _)| *day == day_of(*bug));
        let by_sweep = own.find_map(|(day, singles, baseline)| {
            let found = match sweep::verdict(&sweep::live(day.script(), Source::None), &baseline.projection) {
                Some(_) => "without any fault".to_owned(),
                None => first_fault(threads, *day, singles, &baseline.projection)?,
            };
            Some(format!("{}: {found}", day.word()))
        });
        let by_seeds = first_seed(*bug, threads);
        let is_caught = by_sweep.is_some() || by_seeds.is_some();
        survivors += u32::from(!is_caught);
        println!(
            "{:<22}{:<9}{:<44}{:<30}{}",
            bug.name(),
            if by_happy { "caught" } else { "-" },
            by_sweep.unwrap_or_else(|| "-".to_owned()),
            by_seeds.map_or_else(|| "-".to_owned(), |(seed, _)| format!("seed {seed}")),
            if is_caught { "" } else { "SURVIVES" }
        );
    }
    planted::plant(None);
    println!("{survivors} of {} bugs survive", Bug::ALL.len());
    survivors == 0
}

/// The day of the sweep on which a bug can show.
fn day_of(bug: Bug) -> Day {
    match bug {
        Bug::CursorBeforeSignal
        | Bug::NoOverlap
        | Bug::FirstPageOnly
        | Bug::SplitTransaction
        | Bug::SeenBeforeWork
        | Bug::NoTombstone
        | Bug::StaleOverwrite
        | Bug::RemoveBeforeSend
        | Bug::NoSweeper
        | Bug::ImportsOwnRequests
        | Bug::ConflictIsSuccess
        | Bug::HalfImport => Day::Amazon,
        Bug::PayloadTrusted
        | Bug::SignatureNotChecked
        | Bug::WebhooksNotPutBack
        | Bug::PushBlind
        | Bug::PushAgain
        | Bug::PushUnfenced
        | Bug::EchoNotRecognised
        | Bug::FulfillmentInPart
        | Bug::ProtectedRowChanges
        | Bug::DiscountByPercent
        | Bug::RedactionForgotten
        | Bug::WaitsForEver => Day::Shops,
        Bug::CompletesCalledOff
        | Bug::CompletesInPart
        | Bug::CompletesAgain
        | Bug::CompletionUnheard
        | Bug::ShippedDelivers
        | Bug::RefundIgnored
        | Bug::OnePageOfOpen
        | Bug::UnpaidComesIn => Day::Outlets,
    }
}

/// The first single fault of the sweep under which the bug shows.
fn first_fault(
    threads: usize,
    day: Day,
    singles: &[std::collections::BTreeMap<u64, weir_simulation::gate::Mode>],
    expected: &[String],
) -> Option<String> {
    let first = AtomicU64::new(u64::MAX);
    let script = day.script();
    let found = parallel::run(threads, singles.len(), |_: &mut (), number| {
        let report = sweep::live(script.clone(), sweep::at(singles[number].clone()));
        if sweep::verdict(&report, expected).is_some() {
            first.fetch_min(number as u64, Ordering::Relaxed);
            return false;
        }
        true
    });
    drop(found);
    let number = usize::try_from(first.into_inner()).ok()?;
    let (effect, mode) = singles.get(number)?.first_key_value()?;
    Some(format!("effect {effect}, {mode:?}"))
}

/// The first seed under which the bug shows, and without it does not.
fn first_seed(bug: Bug, threads: usize) -> Option<(u64, String)> {
    let mut from = 0;
    while from < SEEDS {
        let all: Vec<u64> = (from..SEEDS).collect();
        let (seed, failure) = seeds::run(&all, threads, true).failures.into_iter().next()?;
        planted::plant(None);
        let is_well = seeds::live(seed, false).failure.is_none();
        planted::plant(Some(bug));
        if is_well {
            return Some((seed, failure));
        }
        from = seed + 1;
    }
    None
}
