//! Merchants who sell in web shops as well: the stores, what happens in them and around them, and what
//! should have become of it. All of it is about Shopify.

pub mod stores;
pub mod acts;
pub mod script;
pub mod people;
pub mod model;
