//! Amazon's folder from outside: requests as Amazon wants them, and Amazon's answers in Weir's words.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "../common/mod.rs"]
mod common;
mod support;

mod golden;
mod malformed;
mod generated;
mod official;
mod requests;
mod pages;
mod notifications;
mod credentials;
mod warehouse;
mod reports;
