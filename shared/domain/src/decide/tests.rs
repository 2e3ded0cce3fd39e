//! The rules as tables: what is known, what the channel shows, what becomes of it.
#![allow(clippy::unwrap_used, missing_docs)]

mod scene;

mod verdicts;
mod delivered;
mod unread;
mod money;
mod booking;
mod chunks;
mod adjust;
mod days;
mod properties;
mod merchant;
mod requests;
