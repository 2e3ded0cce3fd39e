//! The API from outside: requests through the whole router, over the ports in memory.

mod house;

mod access;
mod refusals;
mod idempotency;
mod document;
mod catalogue;
mod connections;
mod web_shops;
mod orders;

mod merchant;
mod acts;
