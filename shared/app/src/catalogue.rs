//! What a merchant has: places, what is sold and stocked, how a channel's SKU finds it, and who buys.

pub mod locations;
pub mod variants;
pub mod aliases;
pub mod customers;
pub(crate) mod names;
