//! The flows: load, decide, commit. The only room that waits. Never: an AWS name, HTML, a channel's
//! wire words. Every effect on the world passes the gate.

pub mod import_order;
pub mod poll;
pub mod dispatch;
pub mod sweep;
pub mod recheck;
pub mod notify;
pub mod webhook;
mod told;
mod erase;
pub mod push;

pub mod connections;
pub mod catalogue;
pub mod adjust_stock;
pub mod organizations;
pub mod runs;
pub mod orders;
pub mod acts;
pub mod outcomes;
pub mod signals;
pub mod dead_letters;
pub mod data_requests;
pub mod stock;
pub mod answers;
pub mod access;
pub mod people;
pub mod lists;

pub mod flow;
pub mod call;
pub mod access_tokens;
mod renew;
pub mod rate_limit;

pub mod hub;
pub mod gate;
pub mod message;
pub mod ports;
pub mod planted;
mod outbox;
mod timeline;

pub use hub::{Deployment, Hub, StandIn};
