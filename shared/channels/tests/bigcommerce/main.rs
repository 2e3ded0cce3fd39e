//! BigCommerce's folder from outside: requests as BigCommerce wants them, its answers in Weir's words, and
//! its webhooks verified.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/sum.rs"]
mod sum;
mod support;

mod golden;
mod money;
mod webhooks;
mod hooks;
mod requests;
mod malformed;
