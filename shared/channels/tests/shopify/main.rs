//! Shopify's folder from outside: requests as Shopify wants them, its answers in Weir's words, its
//! webhooks verified, and every operation held against its published schema.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/sum.rs"]
mod sum;
mod support;

mod golden;
mod look;
mod malformed;
mod generated;
mod contract;
mod webhooks;
mod subscriptions;
mod credentials;
mod store;
mod answers;
