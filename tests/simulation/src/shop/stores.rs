//! The web shops of every world that has some: one of each organization, with an application of its own.

use weir_channels::channel::{Credentials, Secret};
use weir_domain::ids::{ChannelName, ChannelOrderId, ConnectionId, LocationId, OrganizationId, SalesOrderId};
use weir_sandbox::shopify::ShopSpec;

use crate::places::CANARIES;

/// A web shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// Of the first organization, with two locations; its application has a secret of its own.
    Mugs,
    /// Of the second; its prices include tax.
    Hats,
}

/// How the second store's application is let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By its own credentials.
    #[default]
    Application,
    /// By a refresh token that each use replaces: of two processes that use it at once, one may keep a
    /// token that the other's use has ended, and the merchant has to consent again.
    Consent,
}

/// Where channels reach the webhook doors.
pub const PUBLIC_URL: &str = "https://weir.example";

/// The id of the first order; each next one is so much greater.
const FIRST_ORDER: u64 = 5_000_000_000_000;
const NEXT_ORDER: u64 = 4_096;

impl Store {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Mugs, Self::Hats];

    /// A word for ids and traces.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mugs => "mugs",
            Self::Hats => "hats",
        }
    }

    /// Its own domain.
    #[must_use]
    pub const fn domain(self) -> &'static str {
        match self {
            Self::Mugs => "mugs.myshopify.com",
            Self::Hats => "hats.myshopify.com",
        }
    }

    /// Its connection.
    #[must_use]
    pub fn connection(self) -> ConnectionId {
        ConnectionId::from_token(self.word())
    }

    /// The store of a connection.
    #[must_use]
    pub fn of(connection: &ConnectionId) -> Option<Self> {
        Self::ALL.into_iter().find(|store| store.connection() == *connection)
    }

    /// The store of a sales order.
    #[must_use]
    pub fn of_order(order: &SalesOrderId) -> Option<Self> {
        Self::of(&order.source()?.0)
    }

    /// Whose it is.
    #[must_use]
    pub fn organization(self) -> OrganizationId {
        OrganizationId::from_token(match self {
            Self::Mugs => "a",
            Self::Hats => "b",
        })
    }

    /// Where its goods lie, each with the place in the shop's own list.
    #[must_use]
    pub fn locations(self) -> Vec<LocationId> {
        let tokens: &[&str] = match self {
            Self::Mugs => &["own_a", "annex_a"],
            Self::Hats => &["own_b"],
        };
        tokens.iter().map(|token| LocationId::from_token(token)).collect()
    }

    /// Its application at Shopify.
    #[must_use]
    pub const fn app(self) -> &'static str {
        match self {
            Self::Mugs => "weir-mugs",
            Self::Hats => "weir-hats",
        }
    }

    /// With what its application signs.
    #[must_use]
    pub const fn secret(self) -> &'static str {
        match self {
            Self::Mugs => CANARIES[9],
            Self::Hats => CANARIES[10],
        }
    }

    /// The refresh token of the merchant's consent, if it is let in with one.
    #[must_use]
    pub fn refresh_token(self, way: Way) -> Option<&'static str> {
        match (self, way) {
            (Self::Mugs, _) | (_, Way::Application) => None,
            (Self::Hats, Way::Consent) => Some(CANARIES[11]),
        }
    }

    /// Its credentials.
    #[must_use]
    pub fn credentials(self, way: Way) -> Credentials {
        let own = [("client_id", self.app()), ("client_secret", self.secret())];
        let own = own.into_iter().map(|(name, secret)| (name.to_owned(), Secret::new(secret)));
        let refresh = self.refresh_token(way);
        own.chain(refresh.map(|token| ("refresh_token".to_owned(), Secret::new(token)))).collect()
    }

    /// The address of its webhook door.
    #[must_use]
    pub fn door(self) -> String {
        format!("{PUBLIC_URL}/webhooks/shopify/{}", self.connection())
    }

    /// The store of a door.
    #[must_use]
    pub fn of_door(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|store| store.door() == uri)
    }

    /// How it is opened at Shopify.
    #[must_use]
    pub fn spec(self) -> ShopSpec {
        match self {
            Self::Mugs => ShopSpec::new(self.domain()).location("Annex"),
            Self::Hats => ShopSpec { taxes_included: true, ..ShopSpec::new(self.domain()) },
        }
    }

    /// The sales order of an order there.
    #[must_use]
    pub fn sales_order(self, id: u64) -> SalesOrderId {
        let id = ChannelOrderId::parse(&id.to_string());
        let id = id.unwrap_or_else(|_| unreachable!("a number is an id"));
        SalesOrderId::for_source(&self.connection(), &id)
    }
}

/// The id at Shopify of an order of the script.
#[must_use]
pub const fn id_of(number: usize) -> u64 {
    FIRST_ORDER + NEXT_ORDER * number as u64
}

/// The channel.
#[must_use]
pub fn shopify() -> ChannelName {
    ChannelName::parse("shopify").unwrap_or_else(|_| unreachable!("a channel's name is a name"))
}
