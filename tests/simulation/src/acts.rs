//! What can happen in a world, at Amazon and by people.

use crate::{
    outlet::{acts::OutletAct, outlets::Outlet},
    places::Place,
    shop::{acts::ShopAct, stores::Store},
};

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Act {
    /// A buyer orders.
    Order(usize),
    /// A pending order is paid.
    Pay(usize),
    /// All of an order ships.
    Ship(usize),
    /// Some of its first line ships.
    ShipPart(usize, u32),
    /// An order is cancelled.
    Cancel(usize),
    /// Amazon touches an order.
    Touch(usize),
    /// An order's first line gets dearer.
    Raise(usize),
    /// An order's first line has one unit fewer.
    Lessen(usize),
    /// An order is written as it should be.
    Heal(usize),
    /// Every access token dies.
    ExpireTokens,
    /// The seller takes its authorization back.
    Revoke,
    /// The seller authorizes again.
    Restore,
    /// A person enters credentials again.
    Reauthorize(Place),
    /// A person switches a connection off.
    Deactivate(Place),
    /// A person switches a connection on.
    Activate(Place),
    /// A person wants the orders of the last hour as well.
    Backfill(Place),
    /// A person tries a connection.
    Test(Place),
    /// A person makes a variant of a SKU that orders wait for.
    MakeVariant(Place, &'static str),
    /// A person maps a SKU that orders wait for.
    MakeAlias(Place, &'static str, &'static str),
    /// A person locks the inventory up to yesterday.
    Lock,
    /// A person unlocks it.
    Unlock,
    /// A person deletes an order, once it is in.
    Delete(usize),
    /// A person asks for an order.
    Ask(usize),
    /// Somebody puts a message in that nobody can read.
    Poison,
    /// Something in or around a web shop; with its number, by which what it makes is named.
    Shop(usize, ShopAct),
    /// Something in or around an outlet; with its number, as above.
    Outlet(usize, OutletAct),
}

/// What a person's act is about, where the order of acts matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A connection.
    Connection(Place),
    /// The lock date.
    LockDate,
    /// A connection to a web shop.
    Store(Store),
    /// An order of a web shop.
    ShopOrder(usize),
    /// A connection to an outlet.
    Outlet(Outlet),
    /// An order of an outlet.
    OutletOrder(usize),
}

impl Act {
    /// Whether it puts right what the end of the day is judged by: a shrunk day keeps it.
    #[must_use]
    pub const fn is_mending(&self) -> bool {
        match self {
            Self::Restore
            | Self::Reauthorize(_)
            | Self::Activate(_)
            | Self::MakeVariant(..)
            | Self::MakeAlias(..)
            | Self::Unlock => true,
            Self::Shop(_, act) => act.is_mending(),
            Self::Outlet(_, act) => act.is_mending(),
            Self::Order(_)
            | Self::Pay(_)
            | Self::Ship(_)
            | Self::ShipPart(..)
            | Self::Cancel(_)
            | Self::Touch(_)
            | Self::Raise(_)
            | Self::Lessen(_)
            | Self::Heal(_)
            | Self::ExpireTokens
            | Self::Revoke
            | Self::Deactivate(_)
            | Self::Backfill(_)
            | Self::Test(_)
            | Self::Lock
            | Self::Delete(_)
            | Self::Ask(_)
            | Self::Poison => false,
        }
    }

    /// Whether it is a person's act on an order of a web shop or an outlet.
    #[must_use]
    pub const fn is_of_shop_order(&self) -> bool {
        match self {
            Self::Shop(_, act) => act.order().is_some(),
            Self::Outlet(_, act) => act.order().is_some(),
            _ => false,
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn subject(&self) -> Option<Subject> {
        match self {
            Self::Deactivate(place) | Self::Activate(place) | Self::Test(place) => {
                Some(Subject::Connection(*place))
            }
            Self::Lock | Self::Unlock => Some(Subject::LockDate),
            Self::Shop(_, act) => match (act.store(), act.order()) {
                (Some(store), _) => Some(Subject::Store(store)),
                (None, Some(order)) => Some(Subject::ShopOrder(order)),
                (None, None) => None,
            },
            Self::Outlet(_, act) => match (act.connection(), act.order()) {
                (Some(outlet), _) => Some(Subject::Outlet(outlet)),
                (None, Some(order)) => Some(Subject::OutletOrder(order)),
                (None, None) => None,
            },
            Self::Order(_)
            | Self::Pay(_)
            | Self::Ship(_)
            | Self::ShipPart(..)
            | Self::Cancel(_)
            | Self::Touch(_)
            | Self::Raise(_)
            | Self::Lessen(_)
            | Self::Heal(_)
            | Self::ExpireTokens
            | Self::Revoke
            | Self::Restore
            | Self::Reauthorize(_)
            | Self::Backfill(_)
            | Self::MakeVariant(..)
            | Self::MakeAlias(..)
            | Self::Delete(_)
            | Self::Ask(_)
            | Self::Poison => None,
        }
    }
}
