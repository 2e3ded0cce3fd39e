//! Orders that are broken in one place: read without it, or refused with where it is; never misread, and
//! nothing personal in what is said.

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::orders;

fn cases() -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bigcommerce");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

/// Every place of a document, as a pointer.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{here}/{name}"), found));
        }
        Value::Array(all) => {
            all.iter()
                .enumerate()
                .for_each(|(index, value)| places(value, &format!("{here}/{index}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn whatever_stands_in_a_place_is_read_or_refused_with_its_place() {
    let wrong = [
        json!(null),
        json!("Jane Roe"),
        json!(-1),
        json!("1e400"),
        json!([]),
        json!({}),
        json!([[{}]]),
        json!("9999999999999999999999"),
        json!(true),
    ];
    let mut read = 0;
    for case in cases() {
        let mut all = Vec::new();
        places(&case, "", &mut all);
        for place in all {
            for value in &wrong {
                let mut broken = case.clone();
                *broken.pointer_mut(&place).unwrap() = value.clone();
                match orders().read("v2", broken.to_string().as_bytes()) {
                    Ok(order) => {
                        read += 1;
                        assert!(order.oddities.iter().all(|oddity| !oddity.contains("Jane")), "{place}");
                    }
                    Err(error) => assert!(!error.message.contains("Jane"), "{place}: {error}"),
                }
            }
        }
    }
    assert!(read > 1_000, "most of an order is nice to have");
}

#[test]
fn what_is_booked_by_has_to_be_there() {
    let case = cases().remove(0);
    for place in ["/order/id", "/order/date_modified", "/order/date_created", "/order/status_id"] {
        let mut broken = case.clone();
        *broken.pointer_mut(place).unwrap() = json!(null);
        let error = orders().read("v2", broken.to_string().as_bytes()).unwrap_err();
        assert!(error.message.contains(place.rsplit('/').next().unwrap()), "{error}");
    }
    assert!(orders().read("v1", case.to_string().as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_cut_makes_it_panic(cut in 0_usize..6_000) {
        let text = cases().remove(0).to_string();
        let cut = cut.min(text.len());
        prop_assert_eq!(orders().read("v2", &text.as_bytes()[..cut]).is_ok(), cut == text.len());
    }
}
