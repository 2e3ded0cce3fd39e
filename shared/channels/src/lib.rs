//! One folder per channel: its words, its requests and answers as values. Never: a socket, an AWS
//! name, a clock, or a rule of the product. A new channel is a folder here, its `mod`, and its
//! place in the list below.

pub mod channel;
mod webhooks;
mod settings;
mod store;
mod fulfillments;
pub mod warehouse;

pub mod http;
mod json;
mod money;
mod words;

pub mod amazon;
pub mod shopify;
pub mod bigcommerce;

pub use channel::{Channel, ChannelError};

/// Every channel.
pub static CHANNELS: &[&Channel] = &[&amazon::CHANNEL, &shopify::CHANNEL, &bigcommerce::CHANNEL];

/// The channel of a name.
#[must_use]
pub fn find(name: &weir_domain::ids::ChannelName) -> Option<&'static Channel> {
    CHANNELS.iter().copied().find(|channel| channel.name == name.as_str())
}
