//! Every AWS name: DynamoDB, SQS, EventBridge, secrets, the HTTP transport. Rules never live here.

pub mod keys;
mod item;
mod stored;
pub mod ledger;
pub mod outbox;
pub mod cost;

pub mod queue;
pub mod bus;
pub mod secrets;
pub mod transport;
pub mod system;
pub mod entropy;
mod backoff;
mod sdk_error;

pub mod config;
pub mod embedded;

pub use bus::EventBridge;
pub use config::{Aws, SettingsError};
pub use ledger::{DynamoLedger, create_table};
pub use queue::{QueueUrls, SqsQueues};
pub use secrets::{FileSecrets, SecretsManager};
pub use system::{RandomIds, SystemClock};
pub use transport::ReqwestTransport;

#[cfg(test)]
mod testing;
