//! The ledger on the embedded store: the port's contract, what happens when answers are lost, what each
//! reason for a failure means, and what an order costs.

mod faults;

use aws_sdk_dynamodb::types::CancellationReason;
use weir_app::ports::Expect;
use weir_domain::ids::LocationId;
use weir_sandbox::contract;

use super::{
    failure::{Failure, of_reasons},
    *,
};
use crate::{
    embedded::EmbeddedStore,
    testing::{SetClock, TABLE, ledger, samples, time},
};

pub(super) const NOW: &str = "2026-07-14T18:30:00Z";

#[tokio::test]
async fn the_ledger_keeps_the_contract() {
    let (_store, ledger) = ledger(SetClock::at(NOW)).await;
    let bench = contract::Bench { ledger: &ledger, now: time(NOW), run: "a" };
    contract::all(bench).await.unwrap();
}

#[tokio::test]
async fn the_table_is_made_once_and_again_without_harm() {
    let store = EmbeddedStore::in_memory().unwrap();
    let client = store.client();
    for _ in 0..2 {
        create_table(&client, TABLE).await.unwrap();
    }
    let described = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let expiry = described.time_to_live_description.unwrap();
    assert_eq!(expiry.attribute_name.as_deref(), Some("expires_at"));
}

#[tokio::test]
async fn every_sample_is_stored_and_read() {
    let (_store, ledger) = ledger(SetClock::at(NOW)).await;
    let mut versions = BTreeMap::new();
    for sample in samples() {
        let version = versions.entry(sample.key.clone()).or_insert(0);
        let expect = if *version == 0 { Expect::Absent } else { Expect::Version(*version) };
        *version += 1;
        let mut commit = Commit::default();
        commit.put(sample.key.clone(), sample.record.clone(), expect);
        ledger.commit(&commit).await.unwrap();
        let found = ledger.get(std::slice::from_ref(&sample.key)).await.unwrap();
        assert_eq!(found[&sample.key].record, sample.record, "{}", sample.name);
    }
}

#[tokio::test]
async fn a_cursor_that_no_list_gave_is_refused() {
    let (_store, ledger) = ledger(SetClock::at(NOW)).await;
    let org = OrganizationId::parse("org_1").unwrap();
    for (index, cursor) in [
        (Index::Orders(org.clone()), "nonsense"),
        (Index::Orders(org.clone()), ""),
        (Index::Locations(org.clone()), "a b"),
        (Index::History(org.clone(), SalesOrderId::parse("so_1").unwrap()), "A#HEAD"),
    ] {
        let listed = ledger.list(&index, Some(cursor), 10).await;
        assert_eq!(listed, Err(LedgerError::InvalidCursor), "{index:?} {cursor}");
    }
    assert_eq!(ledger.list(&Index::Orders(org), None, 0).await, Ok(Page::default()));
}

#[tokio::test]
async fn a_key_too_long_for_the_store_is_no_record_and_no_trouble() {
    let (_store, ledger) = ledger(SetClock::at(NOW)).await;
    let org = OrganizationId::parse("org_1").unwrap();
    let variant = weir_domain::ids::VariantId::parse("var_1").unwrap();
    let long = Key::Serial(org.clone(), variant, "x".repeat(2_000));
    let location = Key::Location(org, LocationId::parse("loc_1").unwrap());
    assert_eq!(ledger.get(&[long.clone(), location]).await.unwrap().len(), 0);
    let mut commit = Commit::default();
    commit.check(long.clone(), Expect::Absent);
    assert!(matches!(ledger.commit(&commit).await, Err(CommitError::TooLarge(_))));
    ledger.remove(&[long]).await.unwrap();
}

#[tokio::test]
async fn an_empty_commit_and_one_that_checks_nothing_are_done() {
    let (_store, ledger) = ledger(SetClock::at(NOW)).await;
    let mut commit = Commit::default();
    assert_eq!(ledger.commit(&commit).await, Ok(()));
    commit.check(samples()[0].key.clone(), Expect::Anything);
    assert_eq!(ledger.commit(&commit).await, Ok(()));
}

/// RELIABILITY row 21: one reason for each write, and what they mean together.
#[test]
fn each_reason_has_its_meaning() {
    let place = Place::new("table", TABLE, None);
    let of = |codes: &[&str]| {
        let reasons: Vec<_> =
            codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        of_reasons(&place, &reasons)
    };
    let is_conflict = |codes: &[&str]| of(codes) == Failure::Conflict;
    assert!(is_conflict(&["ConditionalCheckFailed"]));
    assert!(is_conflict(&["None", "TransactionConflict"]));
    assert!(is_conflict(&["ThrottlingError", "ConditionalCheckFailed"]));
    assert!(is_conflict(&["TransactionConflict", "ProvisionedThroughputExceeded"]));
    for code in ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"] {
        assert!(matches!(of(&["None", code, "None"]), Failure::Throttled(text) if text.contains("write 1")));
    }
    for code in ["ValidationError", "ItemCollectionSizeLimitExceeded"] {
        assert!(matches!(of(&["ConditionalCheckFailed", code]), Failure::Never(_)));
    }
    assert!(matches!(of(&["SomethingNew"]), Failure::Trouble(_)));
    assert!(matches!(of(&["SomethingNew", "ThrottlingError"]), Failure::Throttled(_)));
    assert!(matches!(of(&["None"]), Failure::Trouble(_)));
    assert!(matches!(of(&[]), Failure::Trouble(_)));
    assert!(matches!(of_reasons(&place, &[CancellationReason::builder().build()]), Failure::Trouble(_)));
}
