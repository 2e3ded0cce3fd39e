//! Folds a shipments report that lies in a file and says what it found, how long it took and how much memory it
//! needed at most. `infra/shipments_report.py` makes the report and runs this beside others. (SPEC FX-34)
#![allow(clippy::print_stdout, reason = "what it measures is what it prints")]

mod folder;

use std::{convert::Infallible, error::Error, fs::File, path::PathBuf};

use weir_channels::amazon::reports::{Charset, fold::fold, inflate::Inflating};

use folder::Folder;

fn main() -> Result<(), Box<dyn Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("give the report's file")?.into();
    #[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
    let began = std::time::Instant::now();
    let mut folder = Folder::new(path.with_extension("parts"))?;
    let charset = Charset::of(Some("text/plain; charset=Cp1252"), None);
    let (mut orders, mut units, mut chunks) = (0_u64, 0_i64, 0_u64);
    let counts = fold(Inflating::new(File::open(&path)?, true), charset, &mut folder, |chunk| {
        chunks += 1;
        orders += chunk.len() as u64;
        units += chunk.iter().flat_map(|order| &order.lines).map(|line| line.quantity).sum::<i64>();
        Ok::<(), Infallible>(())
    })?;
    let milliseconds = began.elapsed().as_millis();
    // The most memory that this process ever had, as Linux counts it.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|text| text.split_whitespace().next()).unwrap_or("0");
    println!(
        "{{\"rows\": {}, \"orders\": {orders}, \"units\": {units}, \"chunks\": {chunks}, \"unreadable\": {}, \
         \"bytes\": {}, \"milliseconds\": {milliseconds}, \"peak_kib\": {kibibytes}}}",
        counts.rows, counts.unreadable, counts.bytes
    );
    Ok(())
}
