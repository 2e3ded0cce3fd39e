//! Shopify, in Shopify's words: its Admin GraphQL API's requests out and answers in, its webhooks
//! verified and read, nothing that waits. An order is always read as it is now; what a webhook or a
//! search says of it only tells that it is to be looked at.

mod orders;
mod gathered;
mod read;
mod webhooks;
mod access;
mod setup;
mod settings;
mod store;
mod fulfillments;

mod graphql;
mod reading;
mod ids;

use weir_domain::decide::RuleSet;

pub use graphql::API_VERSION;
pub use webhooks::{MAX_WEBHOOK_BYTES, SUBSCRIBED_TOPICS};

use crate::channel::Channel;

/// Shopify, whose merchants ship by themselves.
pub static CHANNEL: Channel = Channel {
    name: "shopify",
    title: "Shopify",
    rules: RuleSet::ShippedByMerchant,
    setup: &setup::ShopifySetup,
    access: &access::ShopifyAccess,
    orders: Some(&orders::ShopifyOrders),
    notifications: None,
    webhooks: Some(&webhooks::ShopifyWebhooks),
    store: Some(&store::ShopifyStore),
    fulfillments: Some(&fulfillments::ShopifyFulfillments),
    completion: None,
};
