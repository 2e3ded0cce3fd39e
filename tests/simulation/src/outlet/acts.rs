//! What can happen in and around an outlet: by its merchant there, by people here, and by BigCommerce.

use super::outlets::Outlet;
use crate::shop::acts::Deed;

/// One thing that happens. Orders are meant by their number in the script.
#[derive(Clone, Debug)]
pub enum OutletAct {
    /// A buyer orders.
    Place(usize),
    /// Its status is put, by its id.
    Status(usize, i64),
    /// Units of a line are shipped there.
    Ship(usize, usize, i64),
    /// Units of a line are refunded.
    Refund(usize, usize, i64),
    /// All of it is refunded.
    RefundAll(usize),
    /// A line has that many units from now on.
    SetQuantity(usize, usize, i64),
    /// One more line, of a SKU.
    AddLine(usize, &'static str, i64),
    /// It is archived.
    Archive(usize),
    /// Somebody sends something that BigCommerce did not; which of three ways.
    Forge(Outlet, u8),
    /// BigCommerce loses an outlet's hooks.
    DropHooks(Outlet),
    /// BigCommerce switches an outlet's hooks off.
    SwitchOffHooks(Outlet),
    /// The merchant takes the application out.
    Uninstall(Outlet),
    /// The merchant lets it in again.
    Install(Outlet),
    /// A person does something with an order.
    Order(usize, Deed),
    /// A person does something with a connection.
    Connection(Outlet, Deed),
}

impl OutletAct {
    /// What a person does, if it is one who does it.
    #[must_use]
    pub const fn deed(&self) -> Option<&Deed> {
        match self {
            Self::Order(_, deed) | Self::Connection(_, deed) => Some(deed),
            _ => None,
        }
    }

    /// The order that a person does it with.
    #[must_use]
    pub const fn order(&self) -> Option<usize> {
        if let Self::Order(order, _) = self { Some(*order) } else { None }
    }

    /// The connection that a person does it with.
    #[must_use]
    pub const fn connection(&self) -> Option<Outlet> {
        if let Self::Connection(outlet, _) = self { Some(*outlet) } else { None }
    }

    /// Whether it puts right what the end of the day is judged by: a shrunk day keeps it.
    #[must_use]
    pub const fn is_mending(&self) -> bool {
        match self {
            Self::Install(_) => true,
            Self::Connection(_, deed) => deed.is_mending(),
            _ => false,
        }
    }

    /// The order to which something happens in the store itself.
    #[must_use]
    pub const fn in_store(&self) -> Option<usize> {
        match self {
            Self::Place(order)
            | Self::Status(order, _)
            | Self::Ship(order, ..)
            | Self::Refund(order, ..)
            | Self::RefundAll(order)
            | Self::SetQuantity(order, ..)
            | Self::AddLine(order, ..)
            | Self::Archive(order) => Some(*order),
            _ => None,
        }
    }
}
