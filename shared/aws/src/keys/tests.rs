//! The key grammar: there and back, never two records in one place, nothing across organizations.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::testing::{Gen, KINDS, samples};

fn place(key: &Key) -> (String, String) {
    let place = TableKey::of(key);
    (place.pk, place.sk)
}

#[test]
fn the_layout_is_the_one_that_stands_above() {
    let found: BTreeMap<&str, (String, String)> =
        samples().iter().map(|sample| (sample.name, place(&sample.key))).collect();
    let org = "org_k7m2c9q4x8w3n6b5v2hp";
    let order = format!("{org}#O#con_a3f8e6g2j9k4m7p5r8t2~114-3941689-8772200");
    let check = |name: &str, pk: &str, sk: &str| {
        assert_eq!(found[name], (pk.to_owned(), sk.to_owned()), "{name}");
    };
    check("organization", &format!("{org}#ORG"), "ORG");
    check("variant", &format!("{org}#SKU"), "WEIR/MUG%231, 100%25 \"blue\" ");
    check("alias", &format!("{org}#ALIAS#con_a3f8e6g2j9k4m7p5r8t2"), "mug%23blue%25");
    check("order", &order, "A#HEAD");
    check("observation", &order, "A#OUTCOME");
    check("person", &order, "A#PERSON");
    check("snapshot", &order, "A#SNAP");
    check("parked", &order, "A#PARK");
    check("chunk", &order, "C#0000000007");
    check("history", &order, "H#00000000000000000001#0000000000");
    check("stock", &format!("{org}#STOCK"), "loc_b4g9f7h3k2m5n8q6s9u3#var_c5h2g8j4m3n6p9r7t2v4");
    check("serial", &format!("{org}#SER#var_c5h2g8j4m3n6p9r7t2v4"), "SN%231%252");
    check(
        "movement",
        &format!("{org}#M#loc_b4g9f7h3k2m5n8q6s9u3#var_c5h2g8j4m3n6p9r7t2v4"),
        "20260714T182231.000000000#D#con_a3f8e6g2j9k4m7p5r8t2~114-3941689-8772200#row_31415926535897#0000000000",
    );
    check(
        "outbox_imported",
        &format!("{org}#OUTBOX#3"),
        "20260714T182402.000000000#con_a3f8e6g2j9k4m7p5r8t2~114-3941689-8772200#00000000000000000001#0000000000",
    );
    check("route_account", "ROUTE#ACC#amazon#A2%23EXAMPLE%25#%", "ROUTE");
    check("bucket", "RATE#acc_e7k4j2m6p5q8r3t9v4x6#searchOrders", "RATE");
}

#[test]
fn an_organization_named_like_another_family_is_not_in_it() {
    for name in ["ROUTE", "RATE"] {
        let org = OrganizationId::parse(name).unwrap();
        let key = Key::Organization(org.clone());
        assert!(!TableKey::of(&key).pk.starts_with(&format!("{name}#")), "{name}");
        assert_eq!(TableKey::of(&key).read(), Some(key));
    }
}

#[test]
fn a_place_that_no_key_has_is_none() {
    for (pk, sk) in [
        ("", ""),
        ("org_1#ORG", "X"),
        ("org_1#SKU", "a%41"),
        ("org_1#SKU", "a#b"),
        ("org_1#O#so_1", "A#ELSE"),
        ("org_1#O#so_1", "C#7"),
        ("org_1#O#so_1", "S#abc#0000000000"),
        ("org_1#M#loc_1#var_1", "2026-07-14T18:22:31Z#A#adj_1#0000000000"),
        ("org_1#NEW", "x"),
        ("ROUTE#ORG", "a b"),
    ] {
        assert_eq!(TableKey { pk: pk.to_owned(), sk: sk.to_owned() }.read(), None, "{pk} {sk}");
    }
}

#[test]
fn a_key_that_is_too_long_does_not_fit() {
    let org = OrganizationId::parse("org_1").unwrap();
    let serial = |bytes| {
        TableKey::of(&Key::Serial(org.clone(), VariantId::parse("var_1").unwrap(), "x".repeat(bytes)))
    };
    assert!(serial(1_024).fits());
    assert!(!serial(1_025).fits());
}

#[test]
fn times_are_of_one_width_and_sort_as_text() {
    let times: Vec<Timestamp> = [
        "2026-07-14T09:30:00Z",
        "2026-07-14T09:30:00.000000001Z",
        "2026-07-14T09:30:00.1Z",
        "2026-07-14T09:30:01Z",
        "2026-12-31T23:59:59.999999999Z",
        "9999-12-30T22:00:00Z",
    ]
    .map(|text| text.parse().unwrap())
    .into();
    let texts: Vec<String> = times.iter().map(|at| time(*at)).collect();
    assert_eq!(texts[0], "20260714T093000.000000000");
    assert!(texts.is_sorted() && texts.iter().all(|text| text.len() == texts[0].len()));
    for text in
        ["", "2026", "20260714T093000.00000000", "20261314T093000.000000000", "2026071é093000.000000000"]
    {
        assert_eq!(read_time(text), None, "{text}");
    }
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let org = OrganizationId::parse("org_1").unwrap();
    let orders = Listing::of(&Index::Orders(org.clone()));
    assert!(orders.gives("20260714T093000.000000000#so_1"));
    let chunks = Listing::of(&Index::Chunks(org.clone(), SalesOrderId::parse("so_1").unwrap()));
    assert!(chunks.gives("0000000007"));
    for (listing, cursor) in [
        (&orders, "so_1"),
        (&orders, "20260714T093000.000000000"),
        (&orders, "2026-07-14#so_1"),
        (&chunks, "7"),
        (&chunks, "C#0000000007"),
        (&Listing::of(&Index::Locations(org)), "a b"),
    ] {
        assert!(!listing.gives(cursor), "{cursor}");
    }
}

proptest! {
    #[test]
    fn every_key_is_read_back_and_begins_with_its_organization(seed: u64) {
        let mut g = Gen::new(seed);
        for kind in 0..KINDS {
            let (key, record) = g.record(kind);
            let place = TableKey::of(&key);
            prop_assert_eq!(place.read(), Some(key.clone()));
            prop_assert!(!place.pk.is_empty() && !place.sk.is_empty());
            let index = TableKey::in_index(&key, &record);
            match key.organization() {
                Some(org) => {
                    let first = place.pk.split('#').next().unwrap();
                    prop_assert_eq!(read_organization(first), Some(org.clone()));
                    let in_index = index.is_none_or(|index| index.pk.split('#').next() == Some(first));
                    prop_assert!(in_index);
                }
                None => {
                    prop_assert!(index.is_none());
                    prop_assert!(place.pk.starts_with("ROUTE#") || place.pk.starts_with("RATE#"));
                }
            }
        }
    }

    #[test]
    fn two_keys_are_two_places(a: u64, b: u64, kind in 0..KINDS, other in 0..KINDS) {
        let (one, two) = (Gen::new(a).record(kind).0, Gen::new(b).record(other).0);
        prop_assert_eq!(one == two, TableKey::of(&one) == TableKey::of(&two));
    }

    #[test]
    fn texts_sort_as_times_do(a: u64, b: u64) {
        let (a, b) = (Gen::new(a).time(), Gen::new(b).time());
        prop_assert_eq!(a.cmp(&b), time(a).cmp(&time(b)));
        prop_assert_eq!(read_time(&time(a)), Some(a));
    }

    #[test]
    fn any_text_is_escaped_and_read_back(text: String) {
        let escaped = escape(&text);
        prop_assert!(!escaped.is_empty() && !escaped.contains('#'));
        prop_assert_eq!(unescape(&escaped), Some(text.clone()));
    }
}
