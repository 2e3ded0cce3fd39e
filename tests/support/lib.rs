//! A whole hub for the tests of flows: the real flows on the real DynamoDB adapter over the embedded
//! store, with the sandbox's Amazon, queue, secrets, bus and clock around it. Never: a rule.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on ends here")]

pub mod house;
pub mod shop;
pub mod web_shop;
pub mod store;
pub mod books;

pub mod crossing;
pub mod crash;
pub mod logs;
pub mod folder;
pub mod meter;

pub mod template;
pub mod cloud;
pub mod lambda;

pub use books::{Books, words};
pub use crash::{At, When};
pub use folder::Folder;
pub use house::House;
pub use shop::Shop;
