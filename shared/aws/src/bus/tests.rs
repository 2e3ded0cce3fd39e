//! The bus against a small EventBridge that does not take everything at once.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::testing::sdk;

fn announcements(count: usize) -> Vec<Announcement> {
    let announcement = |number: usize| Announcement {
        id: format!("id-{number}"),
        name: "OrderImported",
        detail: format!("{{\"number\":{number}}}"),
    };
    (0..count).map(announcement).collect()
}

/// A bus that refuses the entry of each number so many times; and what it took.
fn bus(refusals: &[(usize, usize)]) -> (EventBridge, Arc<Mutex<Vec<Value>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let taking = Arc::clone(&taken);
    let refusals = Mutex::new(refusals.to_vec());
    let sdk = sdk(move |operation, request| {
        assert_eq!(operation, "PutEvents");
        let entries = request["Entries"].as_array().unwrap();
        assert!(entries.len() <= 10);
        let results: Vec<Value> = entries
            .iter()
            .map(|entry| {
                let mut refusals = refusals.lock().unwrap();
                let of = |(number, left): &&mut (usize, usize)| {
                    *left > 0 && entry["Resources"][0] == format!("id-{number}").as_str()
                };
                if let Some((_, left)) = refusals.iter_mut().find(of) {
                    *left -= 1;
                    return json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "slower"});
                }
                taking.lock().unwrap().push(entry.clone());
                json!({"EventId": "e"})
            })
            .collect();
        (200, json!({"FailedEntryCount": 0, "Entries": results}))
    });
    (EventBridge::new(Client::new(&sdk), "weir-test"), taken)
}

#[tokio::test]
async fn all_are_handed_over_once() {
    let (bus, taken) = bus(&[(3, 2), (12, 1)]);
    bus.announce(&announcements(14)).await.unwrap();
    let taken = taken.lock().unwrap();
    let mut ids: Vec<&str> = taken.iter().map(|entry| entry["Resources"][0].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((taken.len(), ids.len()), (14, 14));
    assert_eq!(
        taken[0],
        json!({
            "EventBusName": "weir-test",
            "Source": "weir",
            "DetailType": "OrderImported",
            "Detail": "{\"number\":0}",
            "Resources": ["id-0"],
        })
    );
}

#[tokio::test]
async fn what_is_never_taken_is_an_error() {
    let (bus, _) = bus(&[(0, 100)]);
    let TransportError(why) = bus.announce(&announcements(2)).await.unwrap_err();
    assert!(why.contains("1 of 2") && why.contains("ThrottlingException"), "{why}");
}
