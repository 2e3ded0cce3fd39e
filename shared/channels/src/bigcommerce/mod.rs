//! BigCommerce, in BigCommerce's words: its REST API's requests out and answers in, its webhooks verified
//! and read, nothing that waits. An order is always read as it is now; what a webhook or a search says of
//! it only tells that it is to be looked at.

mod orders;
mod read;
mod webhooks;
mod access;
mod setup;
mod settings;
mod store;
mod completion;

mod rest;
mod reading;
mod status;

use weir_domain::decide::RuleSet;

pub use rest::ORDERS_API;
pub use webhooks::{OWN_HEADER, SUBSCRIBED_SCOPES};

use crate::channel::Channel;

/// BigCommerce, whose merchants ship by themselves.
pub static CHANNEL: Channel = Channel {
    name: "bigcommerce",
    title: "BigCommerce",
    rules: RuleSet::ShippedByMerchant,
    setup: &setup::BigCommerceSetup,
    access: &access::BigCommerceAccess,
    orders: Some(&orders::BigCommerceOrders),
    notifications: None,
    webhooks: Some(&webhooks::BigCommerceWebhooks),
    store: Some(&store::BigCommerceStore),
    // It hears of whole orders alone. (SPEC KB-10)
    fulfillments: None,
    completion: Some(&completion::BigCommerceCompletion),
};
