//! What a common order costs, as the goal of issue 2 has it.

use weir_app::ports::Expect;

use super::*;
use crate::{
    stored::tests::ORDER_JSON,
    testing::{Sample, samples, snapshot},
};

fn of(name: &str) -> Sample {
    samples().into_iter().find(|sample| sample.name == name).unwrap()
}

fn sum(what: &str, lines: &[Line]) -> usize {
    for line in lines {
        println!("{what} {:>5} bytes  {} + {}  {}", line.bytes, line.units, line.index_units, line.place);
    }
    lines.iter().map(|line| line.units + line.index_units).sum()
}

/// An order of one line with everything it may write: 20 write units, with indexes, outbox, the
/// dispatcher's delete and the poller's snapshot.
#[test]
fn an_order_of_one_line_costs_at_most_twenty_write_units() {
    let mut commit = Commit::default();
    for name in ["order", "observation", "history", "stock", "movement", "person", "outbox_delivered"] {
        let sample = of(name);
        commit.put(sample.key, sample.record, Expect::Absent);
    }
    let (org, order) = match of("snapshot").key {
        Key::Snapshot(org, order) => (org, order),
        other => panic!("{other:?}"),
    };
    let kept = snapshot(ORDER_JSON.as_bytes().to_vec(), "2026-07-14T18:22:31Z");
    let total = sum("write", &of_commit(&commit).unwrap())
        + sum("write", &of_snapshot(&org, &order, &kept).unwrap())
        + sum("write", &of_remove(&[of("outbox_delivered").key]));
    println!("{total} write units");
    assert!(total <= 20, "{total} write units");
}

/// What the importer reads for one: organization, connection, the order's file, its variant, its stock.
#[test]
fn an_order_of_one_line_costs_at_most_five_read_units() {
    let mut total = 0;
    for names in [["organization", "connection"].as_slice(), &["variant"], &["stock"]] {
        let samples: Vec<Sample> = names.iter().map(|name| of(name)).collect();
        let keys: Vec<Key> = samples.iter().map(|sample| sample.key.clone()).collect();
        let found = samples
            .into_iter()
            .map(|sample| (sample.key, Stored { record: sample.record, version: 1 }))
            .collect();
        total += sum("read ", &of_get(&keys, &found).unwrap());
    }
    let (org, order) = match of("snapshot").key {
        Key::Snapshot(org, order) => (org, order),
        other => panic!("{other:?}"),
    };
    let kept = snapshot(ORDER_JSON.as_bytes().to_vec(), "2026-07-14T18:22:31Z");
    let file = OrderFile { snapshot: Some(kept), ..OrderFile::default() };
    total += sum("read ", &[of_order(&org, &order, &file).unwrap()]);
    println!("{total} read units");
    assert!(total <= 5, "{total} read units");
    assert_eq!(
        of_get(&[of("alias").key], &BTreeMap::new()).unwrap()[0].units,
        1,
        "also what is not there is paid for"
    );
}
