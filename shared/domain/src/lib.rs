//! The rules and their words. Everything here would still be true with another cloud and other
//! channels. Never: async, a clock, randomness, the environment, wire formats.

pub mod decide;

pub mod channel_order;
pub mod sales_order;
pub mod stock;
pub mod manufacturing_order;
pub mod sales_return;
pub mod fulfillment_request;
pub mod shipment;
pub mod pool;
pub mod outcome;
pub mod history;
pub mod event;

pub mod organization;
pub mod business_hours;
pub mod location;
pub mod variant;
pub mod customer;
pub mod connection;
pub mod run;
pub mod data_request;

pub mod money;
pub mod ids;
pub mod limits;

pub use jiff::Timestamp;
pub use rust_decimal::Decimal;
