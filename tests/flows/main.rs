//! Whole flows on the embedded store, and the walls of the house.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod tidy;

mod import;
mod money;
mod stock;
mod waiting;
mod looks;
mod notices;
mod again;
mod rates;
mod burst;
mod big_orders;
mod bad_input;
mod restart;
mod trouble;
mod official;
mod privacy;
mod tenancy;
mod events;
mod costs;

mod web_shop;
mod store;
mod acts;
mod web_shop_more;
mod web_shop_money;
mod web_shop_bad_input;
mod web_shop_connections;
mod web_shop_processes;

mod written;
