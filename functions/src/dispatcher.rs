//! `dispatcher`: the table's stream brings what commits left to be sent. The event filter lets only
//! inserts of outgoing items through; whatever else comes is passed over.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use weir_app::{Hub, dispatch};
use weir_aws::outbox;

/// A batch of the stream, as far as it is read.
#[derive(Debug, Default, Deserialize)]
pub struct StreamBatch {
    /// Its records, in the order of the writes.
    #[serde(rename = "Records", default)]
    pub records: Vec<StreamRecord>,
}

/// One change.
#[derive(Debug, Default, Deserialize)]
pub struct StreamRecord {
    /// `INSERT`, `MODIFY` or `REMOVE`.
    #[serde(rename = "eventName", default)]
    pub event_name: String,
    /// The change itself.
    #[serde(default)]
    pub dynamodb: Change,
}

/// The change itself.
#[derive(Debug, Default, Deserialize)]
pub struct Change {
    /// Its place in the stream.
    #[serde(rename = "SequenceNumber", default)]
    pub sequence_number: String,
    /// The item after it.
    #[serde(rename = "NewImage", default)]
    pub new_image: serde_json::Value,
}

/// What is tried again: everything from the first failure on, since a stream is in order.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamAnswer {
    /// The first record that failed, if any.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<Failure>,
}

/// A record that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its place in the stream.
    #[serde(rename = "itemIdentifier")]
    pub sequence_number: String,
}

/// Runs the function.
///
/// # Errors
/// If it cannot start.
pub async fn run() -> Result<(), Error> {
    let (_, hub) = crate::start::start().await?;
    let hub = &hub;
    lambda_runtime::run(service_fn(|event: LambdaEvent<StreamBatch>| async move {
        Ok::<_, Error>(handle(hub, event.payload).await)
    }))
    .await
}

/// Handles one batch.
pub async fn handle(hub: &Hub, batch: StreamBatch) -> StreamAnswer {
    for record in batch.records {
        if record.event_name != "INSERT" {
            continue;
        }
        let item = match outbox::read_json(&record.dynamodb.new_image) {
            Ok(None) => continue,
            Ok(Some(item)) => item,
            Err(error) => {
                // It stays in the table, for the sweeper of a build that can read it.
                tracing::error!(%error, "an outgoing item cannot be read");
                continue;
            }
        };
        if let Err(error) = dispatch::dispatch(hub, &[item]).await {
            let sequence_number = record.dynamodb.sequence_number;
            tracing::error!(sequence_number, %error, "an outgoing item was not sent; the rest waits behind it");
            return StreamAnswer { failures: vec![Failure { sequence_number }] };
        }
    }
    StreamAnswer::default()
}
