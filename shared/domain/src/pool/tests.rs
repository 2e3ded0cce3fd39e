//! The pool's rules as tables: what the reports say, and what is there then.

use proptest::prelude::*;

use super::{
    guard::{Judgement, ReportEnd, Suspicion, judge, usable},
    *,
};
use crate::stock::StockKey;

const NOON: &str = "2026-03-10T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `A 5` in the warehouse; `A !5` there and not for sale.
fn warehouse(text: &str) -> WarehouseRow {
    let (sku, quantity) = text.split_once(' ').unwrap();
    let is_sellable = !quantity.starts_with('!');
    WarehouseRow {
        sku: sku.to_owned(),
        is_sellable,
        quantity: quantity.trim_start_matches('!').parse().unwrap(),
    }
}

/// `A amazon 5`, `A amazon`, `A default 7`, `A other 1`.
fn listing(text: &str) -> ListingRow {
    let mut words = text.split(' ');
    let sku = words.next().unwrap().to_owned();
    let ships = match words.next().unwrap() {
        "amazon" => ListingShipsBy::Warehouse,
        "default" => ListingShipsBy::Merchant,
        _ => ListingShipsBy::Unknown,
    };
    ListingRow { sku, ships, quantity: words.next().map(|quantity| quantity.parse().unwrap()) }
}

fn counted(in_warehouse: &[&str], listed: &[&str]) -> Counted {
    let mut counted = Counted::default();
    in_warehouse.iter().for_each(|row| counted.add_warehouse(&warehouse(row)));
    listed.iter().for_each(|row| counted.add_listing(&listing(row)));
    counted
}

fn shown(entries: &BTreeMap<String, PoolEntry>) -> Vec<String> {
    let show = |entry: &PoolEntry| format!("{} {} {}", entry.sku, entry.quantity, entry.from.as_str());
    entries.values().map(show).collect()
}

// SPEC: FX-11, FX-13, FX-14
#[test]
fn the_quantity_of_a_sku_is_where_it_is_first_found() {
    let table: &[(&[&str], &[&str], &str, &str)] = &[
        (&["A 5", "A 2", "A !9"], &[], "A 7 warehouse_report", "A 7 warehouse_report"),
        // In the report, and nothing of it can be sold: it is not looked for elsewhere.
        (&["A !9"], &["A amazon 4"], "A 0 warehouse_report", "A 0 warehouse_report"),
        (&["A 0"], &["A amazon 4"], "A 0 warehouse_report", "A 0 warehouse_report"),
        (&[], &["A amazon 4"], "A 4 listings_report", "A 4 listings_report"),
        (&[], &["A amazon 4", "A amazon 3"], "A 7 listings_report", "A 7 listings_report"),
        // An empty quantity is none.
        (&[], &["A amazon"], "A 0 nowhere_listed", "A 0 nowhere_listed"),
        (&[], &["A other 8"], "A 0 nowhere_listed", "A 0 nowhere_listed"),
        // What the merchant ships counts once, and only where it is asked for.
        (&[], &["A default 6"], "A 0 nowhere_listed", "A 6 listings_report"),
        (&["A 5"], &["A default 6", "A default 6"], "A 5 warehouse_report", "A 11 warehouse_report"),
        (&[], &["A amazon 4", "A default 6"], "A 4 listings_report", "A 10 listings_report"),
        (&[], &["A amazon", "A default"], "A 0 nowhere_listed", "A 0 nowhere_listed"),
    ];
    for (in_warehouse, listed, fba_only, with_merchants) in table {
        for (include_merchant_quantity, expected) in [(false, fba_only), (true, with_merchants)] {
            let settings = PoolSettings { include_merchant_quantity, ..PoolSettings::default() };
            let entries =
                counted(in_warehouse, listed).entries(&BTreeMap::new(), &BTreeSet::new(), settings, at(NOON));
            assert_eq!(
                shown(&entries),
                [*expected],
                "{in_warehouse:?} {listed:?} {include_merchant_quantity}"
            );
        }
    }
}

// SPEC: FX-11 ("not there: 0"), FX-12
#[test]
fn what_is_in_neither_report_is_asked_for_before_it_falls_to_zero() {
    let known = BTreeSet::from(["GONE".to_owned(), "OURS".to_owned()]);
    let counted = counted(&["A 1"], &["B amazon", "C amazon 2", "D default 9"]);
    let on = PoolSettings { fetch_missing_inventory: true, ..PoolSettings::default() };
    assert_eq!(counted.missing(&known, on), [["B", "D", "GONE", "OURS"]]);
    assert!(counted.missing(&known, PoolSettings::default()).is_empty());
    let asked = BTreeMap::from([("B".to_owned(), 3), ("OURS".to_owned(), 0)]);
    let entries = counted.entries(&asked, &known, on, at(NOON));
    assert_eq!(
        shown(&entries),
        [
            "A 1 warehouse_report",
            "B 3 inventory_api",
            "C 2 listings_report",
            "D 0 nowhere_listed",
            "GONE 0 nowhere_listed",
            "OURS 0 inventory_api",
        ]
    );
    let many: BTreeSet<String> = (0..120).map(|number| format!("S{number:03}")).collect();
    let calls: Vec<usize> = Counted::default().missing(&many, on).iter().map(Vec::len).collect();
    assert_eq!(calls, [50, 50, 20]);
}

// SPEC: FX-16 (and the drift is shown)
#[test]
fn what_is_available_is_the_pool_less_what_it_does_not_know_of() {
    use crate::fulfillment_request::samples::{accepted_at, request_of};
    let entry = |quantity| PoolEntry {
        sku: "A".to_owned(),
        quantity,
        from: PoolSource::WarehouseReport,
        at: at(NOON),
    };
    let (before, after) = ("2026-03-10T11:59:59Z", "2026-03-10T12:00:01Z");
    let known = || accepted_at(request_of("N-1", &[("A", 4)]), before);
    let unknown = || accepted_at(request_of("N-2", &[("A", 3)]), after);
    let sent = || request_of("N-3", &[("A", 2)]);
    let table = [
        (10, 0, vec![], 10),
        // Held for an order that is in no request yet.
        (10, 3, vec![], 7),
        (10, 4, vec![known()], 10),
        (10, 3, vec![unknown()], 7),
        (10, 9, vec![known(), unknown(), sent()], 5),
        (1, 9, vec![unknown()], 0),
    ];
    for (quantity, reserved, requests, expected) in table {
        let variant = crate::ids::VariantId::from_token("a");
        let key = StockKey { location: LocationId::from_token("fba"), variant: variant.clone() };
        let held = StockItem { reserved, on_hand: 8, ..StockItem::empty(key) };
        assert_eq!(
            available(&entry(quantity), &held, &requests, &variant),
            expected,
            "{quantity} {reserved}"
        );
        assert_eq!(drift(&entry(quantity), &held), quantity - 8);
    }
}

// SPEC: KF-13
#[test]
fn connections_of_one_place_count_once() {
    let pool = |connection: &str, place: &str, quantity, when| {
        let entry =
            PoolEntry { sku: "A".to_owned(), quantity, from: PoolSource::WarehouseReport, at: at(when) };
        ConnectionPool {
            connection: ConnectionId::from_token(connection),
            location: LocationId::from_token(place),
            entries: BTreeMap::from([("A".to_owned(), entry)]),
        }
    };
    let later = "2026-03-10T13:00:00Z";
    let sums = global(&[
        pool("de", "eu", 5, NOON),
        pool("fr", "eu", 4, later),
        pool("it", "eu", 4, later),
        pool("us", "us", 7, NOON),
    ]);
    assert_eq!(sums, BTreeMap::from([("A".to_owned(), 11)]));
}

// SPEC: FX-18, FX-36 (RELIABILITY 31)
#[test]
fn a_bad_report_changes_nothing() {
    let read = |rows, unreadable, is_cut| ReportEnd::Read { rows, unreadable, is_cut };
    let table = [
        (ReportEnd::Cancelled, 0, "the report was cancelled, or there was nothing to report"),
        (ReportEnd::Fatal, 5, "the channel could not make the report"),
        (
            ReportEnd::OtherColumns { missing: vec!["seller-sku".to_owned()] },
            5,
            "the report lacks the columns seller-sku",
        ),
        (read(0, 0, false), 5, "the report has no row, and the pool has 5 entries"),
        (read(0, 0, false), 0, ""),
        (read(9, 0, true), 5, "the report ends in the middle of a row"),
        (read(9, 9, false), 5, ""),
        (read(9, 10, false), 5, "10 of 19 rows of the report cannot be read"),
        (read(9, 0, false), 5, ""),
    ];
    for (end, known, expected) in table {
        let said = usable(&end, known).err().map(|why| why.to_string()).unwrap_or_default();
        assert_eq!(said, expected, "{end:?}");
    }
}

fn pool(quantities: &[i64]) -> BTreeMap<String, PoolEntry> {
    let entry = |(number, quantity): (usize, &i64)| {
        let sku = format!("S{number}");
        let from = PoolSource::WarehouseReport;
        (sku.clone(), PoolEntry { sku, quantity: *quantity, from, at: at(NOON) })
    };
    quantities.iter().enumerate().map(entry).collect()
}

// SPEC: FX-18
#[test]
fn what_would_empty_too_much_waits_for_a_second_word() {
    let ten = pool(&[1; 10]);
    let three = pool(&[0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    let four = pool(&[0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    let others = pool(&[1, 1, 1, 1, 0, 0, 0, 0, 1, 1]);
    let suspicion = |report: &str| Suspicion {
        report: report.to_owned(),
        zeroed: (0..4).map(|number| format!("S{number}")).collect(),
        of: 10,
    };
    assert_eq!(judge(&ten, &three, "r1", None, false), Judgement::Apply, "30 % is not more than 30 %");
    assert_eq!(judge(&ten, &four, "r1", None, false), Judgement::Wait(suspicion("r1")));
    // The same report again is no second word; another one is, and so is a person.
    let first = suspicion("r1");
    assert_eq!(judge(&ten, &four, "r1", Some(&first), false), Judgement::Wait(suspicion("r1")));
    assert_eq!(judge(&ten, &four, "r2", Some(&first), false), Judgement::Apply);
    assert_eq!(judge(&ten, &four, "r1", None, true), Judgement::Apply);
    // A second report that empties others is a first word about those.
    assert!(matches!(judge(&ten, &others, "r2", Some(&first), false), Judgement::Wait(_)));
    // A SKU that is not in the new entries at all is emptied too; one that had nothing is not.
    assert!(matches!(judge(&ten, &pool(&[1; 6]), "r1", None, false), Judgement::Wait(_)));
    assert_eq!(judge(&pool(&[0; 10]), &pool(&[0; 10]), "r1", None, false), Judgement::Apply);
    assert_eq!(judge(&BTreeMap::new(), &ten, "r1", None, false), Judgement::Apply, "the first report");
}

proptest! {
    // SPEC: FX-11 (the order of a report's rows means nothing)
    #[test]
    fn rows_may_come_in_any_order(
        rows in prop::collection::vec(("[AB]", 0_i64..9, any::<bool>()), 0..8), turn in 0_usize..8,
    ) {
        let text = |(sku, quantity, sells): &(String, i64, bool)| {
            format!("{sku} {}{quantity}", if *sells { "" } else { "!" })
        };
        let rows: Vec<String> = rows.iter().map(text).collect();
        let mut turned = rows.clone();
        turned.rotate_left(if rows.is_empty() { 0 } else { turn % rows.len() });
        let count = |rows: &[String]| counted(&rows.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        prop_assert_eq!(count(&rows), count(&turned));
    }
}
