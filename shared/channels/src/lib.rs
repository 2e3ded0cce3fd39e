//! One folder per channel: its words, its requests and answers as values. Never: a socket, an AWS
//! name, a clock, or a rule of the product. A new channel is a folder here and two lines below.

pub mod channel;
pub mod http;

pub mod amazon;

pub use channel::{Channel, ChannelError};

/// Every channel that Weir knows. The first line of the two that a new channel adds is its `mod`.
pub static CHANNELS: &[&Channel] = &[&amazon::CHANNEL];

/// The channel of a name.
#[must_use]
pub fn find(name: &weir_domain::ids::ChannelName) -> Option<&'static Channel> {
    CHANNELS.iter().copied().find(|channel| channel.name == name.as_str())
}
