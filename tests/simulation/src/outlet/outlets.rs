//! The outlets of every world that has some: both of one organization, so that they share its catalogue
//! and its shelf, and number their orders alike.

use weir_channels::channel::{Credentials, Secret};
use weir_domain::ids::{ChannelName, ChannelOrderId, ConnectionId, LocationId, OrganizationId, SalesOrderId};
use weir_sandbox::bigcommerce::StoreSpec;

use crate::{places::CANARIES, shop::stores::PUBLIC_URL};

/// An outlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlet {
    /// Its prices are without tax, and its merchant has renamed statuses.
    Bags,
    /// Its prices include tax, and it grants few calls.
    Belts,
}

/// Calls of thirty seconds that the smaller outlet grants.
const FEW_CALLS: u32 = 60;

impl Outlet {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Bags, Self::Belts];

    /// A word for ids, traces, and the hash of its store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bags => "bags",
            Self::Belts => "belts",
        }
    }

    /// Its connection.
    #[must_use]
    pub fn connection(self) -> ConnectionId {
        ConnectionId::from_token(self.word())
    }

    /// The outlet of a connection.
    #[must_use]
    pub fn of(connection: &ConnectionId) -> Option<Self> {
        Self::ALL.into_iter().find(|outlet| outlet.connection() == *connection)
    }

    /// The outlet of a sales order.
    #[must_use]
    pub fn of_order(order: &SalesOrderId) -> Option<Self> {
        Self::of(&order.source()?.0)
    }

    /// Whose it is.
    #[must_use]
    pub fn organization(self) -> OrganizationId {
        OrganizationId::from_token("a")
    }

    /// Where its goods lie: both have one shelf.
    #[must_use]
    pub fn location(self) -> LocationId {
        LocationId::from_token(SHELF)
    }

    const fn token(self) -> &'static str {
        match self {
            Self::Bags => CANARIES[13],
            Self::Belts => CANARIES[14],
        }
    }

    const fn secret(self) -> &'static str {
        match self {
            Self::Bags => CANARIES[15],
            Self::Belts => CANARIES[16],
        }
    }

    /// Its credentials.
    #[must_use]
    pub fn credentials(self) -> Credentials {
        let own = [("access_token", self.token()), ("client_secret", self.secret())];
        own.into_iter().map(|(name, secret)| (name.to_owned(), Secret::new(secret))).collect()
    }

    /// The address of its webhook door.
    #[must_use]
    pub fn door(self) -> String {
        format!("{PUBLIC_URL}/webhooks/bigcommerce/{}", self.connection())
    }

    /// The outlet of a door.
    #[must_use]
    pub fn of_door(address: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outlet| outlet.door() == address)
    }

    /// How it is opened at BigCommerce.
    #[must_use]
    pub fn spec(self) -> StoreSpec {
        let spec = StoreSpec::new(self.word(), self.token(), self.secret());
        match self {
            Self::Bags => spec,
            Self::Belts => StoreSpec { prices_include_tax: true, quota: FEW_CALLS, ..spec },
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

/// The token of the location where the outlets' goods lie.
pub const SHELF: &str = "shelf_a";

/// The channel.
#[must_use]
pub fn bigcommerce() -> ChannelName {
    ChannelName::parse("bigcommerce").unwrap_or_else(|_| unreachable!("a channel's name is a name"))
}
