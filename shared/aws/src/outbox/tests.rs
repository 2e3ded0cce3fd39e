//! Outgoing items as the stream shows them.

use serde_json::json;

use super::*;
use crate::{
    embedded::StreamPosition,
    testing::{SetClock, TABLE, ledger, samples},
};
use weir_app::ports::{Commit, Expect, Ledger as _};

#[tokio::test]
async fn the_stream_of_a_commit_shows_exactly_its_outgoing_items() {
    let (store, ledger) = ledger(SetClock::at("2026-07-14T18:30:00Z")).await;
    let mut commit = Commit::default();
    let mut expected = Vec::new();
    for sample in samples() {
        if let Record::Outbox(effect) = &sample.record {
            expected.push((sample.key.clone(), effect.clone()));
        }
        if !commit.writes.iter().any(|write| *write.key() == sample.key) {
            commit.put(sample.key, sample.record, Expect::Absent);
        }
    }
    ledger.commit(&commit).await.unwrap();
    let page = store.records_after(TABLE, &StreamPosition::start(), 500).await.unwrap();
    let mut found: Vec<(Key, Effect)> =
        page.records.iter().filter_map(|record| read(record.new_image.as_ref().unwrap()).unwrap()).collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(found, expected);
    assert_eq!(expected.len(), 9);
}

#[test]
fn an_image_in_a_lambda_s_json_is_read_alike() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/outbox_recheck.v1.json");
    let mut image: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();
    image["of tomorrow"] = json!({"L": []});
    let (key, effect) = read_json(&image).unwrap().unwrap();
    assert!(matches!(key, Key::Outbox(..)));
    assert!(matches!(effect, Effect::RecheckWaiting { connection: Some(_), code: Some(_) }));
    image["kind"] = json!({"S": "other"});
    assert_eq!(read_json(&image), Ok(None));
    assert_eq!(read_json(&json!(null)), Ok(None));
}

#[test]
fn an_outgoing_item_of_a_newer_build_is_unreadable_and_stays() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/outbox_recheck.v1.json");
    let mut image: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();
    image["body"] = json!({"S": "{\"t\":\"of_tomorrow\"}"});
    assert!(matches!(read_json(&image), Err(LedgerError::Unreadable(_))));
    image["v"] = json!({"N": "2"});
    assert!(matches!(read_json(&image), Err(LedgerError::Unreadable(_))));
}
