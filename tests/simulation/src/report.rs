//! What the runs print: coverage of sites and modes, rare situations, failures.

use std::fmt::Write as _;

use weir_app::gate::Site;

use crate::{
    gate::{Coverage, Mode},
    sometimes::{Situation, Sometimes},
};

/// Failures that are printed in full.
const SHOWN: usize = 20;

/// A table of sites and modes, and the share of the legal pairs that was reached.
#[must_use]
pub fn coverage(coverage: &Coverage) -> String {
    let mut text = String::new();
    let short = |mode: Mode| match mode {
        Mode::CrashBefore => "crash<",
        Mode::CrashAfter => "crash>",
        Mode::Throttled => "429",
        Mode::Trouble => "5xx",
        Mode::Conflict => "confl",
        Mode::Expired => "expir",
        Mode::Unknown => "lost",
        Mode::Late => "late",
        Mode::Twice => "twice",
        Mode::Stale => "stale",
        Mode::Short => "short",
        Mode::StallBefore => "stall<",
        Mode::StallAfter => "stall>",
    };
    // Writing to a text never fails.
    let _ = write!(text, "  {:<17}{:>9}", "site", "unharmed");
    for mode in Mode::ALL {
        let _ = write!(text, "{:>8}", short(mode));
    }
    text.push('\n');
    for site in Site::ALL {
        let _ = write!(text, "  {:<17}{:>9}", format!("{site:?}"), coverage.count(*site, None));
        for mode in Mode::ALL {
            let count = coverage.count(*site, Some(mode));
            let _ = match mode.is_legal(*site) {
                true => write!(text, "{count:>8}"),
                false => write!(text, "{:>8}", "-"),
            };
        }
        text.push('\n');
    }
    let (total, missing) = coverage.missing();
    let reached = total - missing.len();
    let _ =
        writeln!(text, "  {reached} of {total} pairs of site and mode ({} %)", 100 * reached / total.max(1));
    for (site, mode) in missing {
        let _ = writeln!(text, "  never: {site:?} with {mode:?}");
    }
    text
}

/// How often each rare situation was reached.
#[must_use]
pub fn sometimes(sometimes: &Sometimes) -> String {
    let lines = Situation::ALL.iter().map(|situation| {
        let count = sometimes.count(*situation);
        format!("  {count:>9}  {}\n", situation.text())
    });
    lines.collect()
}

/// The first failures in full, and how many more there are.
#[must_use]
pub fn failures<T>(failures: &[(T, String)], name: impl Fn(&T) -> String) -> String {
    let mut text = String::new();
    for (what, failure) in failures.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}: {failure}", name(what));
    }
    if failures.len() > SHOWN {
        let _ = writeln!(text, "  and {} more", failures.len() - SHOWN);
    }
    text
}
