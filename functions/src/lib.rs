//! One small binary per Lambda. Each has its whole life here: read settings, make clients once, run
//! the flow. Branches of business logic never do.

pub mod batch;
pub mod webhook_door;

pub mod amazon_notifications;
pub mod bigcommerce_webhook;
pub mod console;
pub mod dispatcher;
pub mod fba_order_poller;
pub mod fulfillment_push;
pub mod order_import;
pub mod shopify_webhook;
pub mod sweeper;

mod start;

pub use start::ended;
