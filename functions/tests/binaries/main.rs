//! The functions as they are deployed: each binary as a process, in the environment that `template.yaml`
//! gives it, with the events of `events/` handed to it by a stand-in of Lambda's runtime API.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod scene;

mod events;
mod web_shop;
mod store;
mod trouble;
