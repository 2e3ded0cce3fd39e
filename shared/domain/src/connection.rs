//! A store at a channel: whose account it is, where its stock lies, and whether it works.

use jiff::Timestamp;

use crate::{
    ids::{AccountId, ChannelName, ConnectionId, LocationId},
    outcome::Reason,
    variant::VariantKind,
};

/// One store of a channel, or one Amazon seller and marketplace.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Which channel.
    pub channel: ChannelName,
    /// How people call it.
    pub name: String,
    /// Whose account at the channel; it belongs to one connection for ever.
    pub remote: RemoteAccount,
    /// The account at the channel whose token, rate limit and search it shares with others; known
    /// once it has credentials. (SPEC KF-01)
    pub shared_account: Option<AccountId>,
    /// Whether it works.
    pub status: ConnectionStatus,
    /// Where its stock is taken from (Amazon: the FBA location).
    pub default_location: Option<LocationId>,
    /// The channel's locations and Weir's.
    pub location_map: Vec<(String, LocationId)>,
    /// What can be set on it.
    pub settings: ConnectionSettings,
    /// Whom Weir calls instead of the channel's own hosts.
    pub endpoints: Endpoints,
    /// The first activation: what shipped since imports. (SPEC KF-01)
    pub first_activated_at: Option<Timestamp>,
    /// The last activation.
    pub activated_at: Option<Timestamp>,
    /// The last deactivation.
    pub deactivated_at: Option<Timestamp>,
    /// Orders that shipped before this (where the merchant ships: that were made before it) are not
    /// imported by themselves; a backfill moves it back. (SPEC KF-01, KS-04)
    pub orders_from: Option<Timestamp>,
    /// The channel's notifications, as far as they were set up. (SPEC KF-14)
    pub notifications: NotificationLink,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Connection {
    /// One that was never at work, called after its account, without places or endpoints of its own.
    #[must_use]
    pub fn new(
        id: ConnectionId,
        channel: ChannelName,
        remote: RemoteAccount,
        settings: ConnectionSettings,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            channel,
            name: remote.account.clone(),
            remote,
            shared_account: None,
            status: ConnectionStatus::Inactive,
            default_location: None,
            location_map: Vec::new(),
            settings,
            endpoints: Endpoints::default(),
            first_activated_at: None,
            activated_at: None,
            deactivated_at: None,
            orders_from: None,
            notifications: NotificationLink::Off,
            created_at,
        }
    }
}

/// Whose account at the channel. (SPEC §0 "source id")
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteAccount {
    /// Seller id, shop domain or store hash.
    pub account: String,
    /// The marketplace, where a channel has several for one account.
    pub marketplace: Option<String>,
}

/// Whether a connection works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// Not activated, or deactivated.
    Inactive,
    /// At work.
    Active,
    /// Somebody has to do something before it goes on. (SPEC G-11)
    NeedsAttention(Reason),
}

impl ConnectionStatus {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::NeedsAttention(_) => "needs_attention",
        }
    }
}

/// What can be set on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Whether aliases decide; on as soon as the connection has one. (SPEC KF-05)
    pub sku_aliasing: bool,
    /// Which of the channel's order APIs is read (Amazon: `2026-01-01` or `v0`).
    pub orders_api: String,
    /// What can be set where the merchant ships. (SPEC KS-10 to KS-17)
    pub shop: ShopSettings,
}

/// What can be set on a connection to a web shop, each with the default of the specification. Paid
/// orders always import (KS-10). A channel may have other defaults (its set-up says which).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopSettings {
    /// Whether orders import while their payment is pending. (SPEC KS-11)
    pub payment_pending_orders: bool,
    /// Whether shipping becomes a fee line; otherwise its amount is kept beside the order. (SPEC KS-12)
    pub shipping_cost_as_fee_line: bool,
    /// Whether products are made of custom items; otherwise an order with one waits. (SPEC KB-06)
    pub create_custom_items: bool,
    /// As what a custom line that needs no shipping is created. (SPEC KS-13)
    pub custom_non_physical_line_items: VariantKind,
    /// Whether changes of an order that is in are followed. (SPEC KS-14)
    pub bring_order_changes: bool,
    /// Whether a changed location moves the row. (SPEC KS-15)
    pub bring_location_updates: bool,
    /// Whether a return becomes a return order. (SPEC KS-16)
    pub bring_returns: bool,
    /// Whether fulfillments go both ways. (SPEC KS-17)
    pub sync_fulfillment_status: bool,
    /// Whether the pool's quantities go to the shop. (SPEC FX-16)
    pub push_inventory: bool,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            payment_pending_orders: false,
            shipping_cost_as_fee_line: true,
            create_custom_items: true,
            custom_non_physical_line_items: VariantKind::Service,
            bring_order_changes: true,
            bring_location_updates: true,
            bring_returns: false,
            sync_fulfillment_status: true,
            push_inventory: false,
        }
    }
}

/// Base URLs that replace the channel's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoints {
    /// Of the API.
    pub api: Option<String>,
    /// Of the token service.
    pub token: Option<String>,
}

/// How far the channel's notifications were set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NotificationLink {
    /// Not asked for: this deployment has no queue that the channel can reach.
    #[default]
    Off,
    /// Subscribed.
    Subscribed {
        /// The channel's id of the subscription.
        subscription: String,
    },
    /// It was tried and did not work; the poll stays as the net.
    Failed {
        /// Why, in words.
        message: String,
    },
}

impl Connection {
    /// The place of ours that the channel's place means, or the default one. (SPEC KS-50)
    #[must_use]
    pub fn location_of(&self, channel_location: Option<&str>) -> Option<&LocationId> {
        self.mapped_location(channel_location?).or(self.default_location.as_ref())
    }

    /// The place of ours that the channel's place means, if somebody mapped it.
    #[must_use]
    pub fn mapped_location(&self, channel_location: &str) -> Option<&LocationId> {
        self.location_map.iter().find(|(theirs, _)| theirs == channel_location).map(|(_, ours)| ours)
    }

    /// Whether it is at work.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.status, ConnectionStatus::Active)
    }
}
