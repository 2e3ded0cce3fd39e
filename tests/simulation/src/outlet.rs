//! Merchants with stores at BigCommerce, here called outlets, to be told from the shops at Shopify: what
//! happens in them and around them, and what should have become of it.

pub mod outlets;
pub mod acts;
pub mod script;
pub mod people;
pub mod model;
