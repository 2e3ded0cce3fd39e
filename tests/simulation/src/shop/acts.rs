//! What can happen in and around a web shop: by its merchant there, by people here, and by Shopify.

use super::stores::Store;

/// One thing that happens. Orders are meant by their number in the script.
#[derive(Clone, Debug)]
pub enum ShopAct {
    /// A buyer orders.
    Place(usize),
    /// An order is paid.
    Pay(usize),
    /// Its first fulfillment order is held.
    Hold(usize),
    /// What holds it is taken off.
    Release(usize),
    /// A line has that many units from now on.
    SetQuantity(usize, usize, i64),
    /// One more line, of a SKU.
    AddLine(usize, &'static str, i64),
    /// It is cancelled.
    Cancel(usize),
    /// Units of a line that were not shipped are refunded.
    RefundOpen(usize, usize, i64),
    /// All of its money is given back, and what was not shipped is not any more.
    RefundAll(usize),
    /// All of it is shipped there.
    Fulfil(usize),
    /// Units of a line are shipped there.
    FulfilUnits(usize, usize, i64),
    /// Its last fulfillment is taken back.
    CancelFulfillment(usize),
    /// Its last fulfillment has another parcel.
    Track(usize),
    /// Units of a line come back.
    Return(usize, usize, i64),
    /// It is archived.
    Archive(usize),
    /// What is left to ship leaves from the shop's other location.
    Move(usize),
    /// One unit of its first line is shipped apart.
    Split(usize),
    /// Shopify touches it.
    Touch(usize),
    /// It is deleted for good.
    Erase(usize),
    /// Its buyer wants to be forgotten.
    Redact(usize),
    /// Somebody sends something that Shopify did not sign; which of three ways.
    Forge(Store, u8),
    /// Shopify loses a shop's subscriptions.
    DropSubscriptions(Store),
    /// The merchant takes the application out.
    Uninstall(Store),
    /// The merchant lets it in again.
    Install(Store),
    /// Every access token of Shopify's dies.
    ExpireTokens,

    /// A person delivers units of a row.
    Deliver(usize, usize, i64),
    /// A person packs units of a row.
    Pack(usize, usize, i64),
    /// A person delivers what was packed.
    DeliverPacked(usize),
    /// A person makes the invoice.
    Invoice(usize),
    /// A person deletes an order here.
    Delete(usize),
    /// A person brings it back.
    Restore(usize),
    /// A person asks for an order.
    Ask(usize),
    /// A person wants fulfillments to go both ways, or not.
    Sync(Store, bool),
    /// A person enters the credentials again.
    Reauthorize(Store),
    /// A person switches a connection off.
    Deactivate(Store),
    /// A person switches it on.
    Activate(Store),
}

/// What a person here does, with an order or with a connection.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Delivers units of a row.
    Deliver(usize, i64),
    /// Packs units of a row.
    Pack(usize, i64),
    /// Delivers what was packed.
    DeliverPacked,
    /// Makes the invoice.
    Invoice,
    /// Deletes an order.
    Delete,
    /// Brings it back.
    Restore,
    /// Asks for an order.
    Ask,
    /// Wants fulfillments to go both ways, or not.
    Sync(bool),
    /// Enters the credentials again.
    Reauthorize,
    /// Switches a connection off.
    Deactivate,
    /// Switches it on.
    Activate,
}

impl Deed {
    /// Whether it puts right what the end of the day is judged by.
    #[must_use]
    pub const fn is_mending(&self) -> bool {
        matches!(self, Self::Sync(true) | Self::Reauthorize | Self::Activate)
    }
}

impl ShopAct {
    /// What a person does, if it is one who does it.
    #[must_use]
    pub const fn deed(&self) -> Option<Deed> {
        Some(match *self {
            Self::Deliver(_, row, units) => Deed::Deliver(row, units),
            Self::Pack(_, row, units) => Deed::Pack(row, units),
            Self::DeliverPacked(_) => Deed::DeliverPacked,
            Self::Invoice(_) => Deed::Invoice,
            Self::Delete(_) => Deed::Delete,
            Self::Restore(_) => Deed::Restore,
            Self::Ask(_) => Deed::Ask,
            Self::Sync(_, on) => Deed::Sync(on),
            Self::Reauthorize(_) => Deed::Reauthorize,
            Self::Deactivate(_) => Deed::Deactivate,
            Self::Activate(_) => Deed::Activate,
            _ => return None,
        })
    }

    /// Whether people in Weir do it, who try again until it is done.
    #[must_use]
    pub const fn is_persons(&self) -> bool {
        self.deed().is_some()
    }

    /// Whether it puts right what the end of the day is judged by: a shrunk day keeps it.
    #[must_use]
    pub const fn is_mending(&self) -> bool {
        matches!(self, Self::Install(_) | Self::Sync(_, true) | Self::Reauthorize(_) | Self::Activate(_))
    }

    /// The connection that a person's act is about.
    #[must_use]
    pub const fn store(&self) -> Option<Store> {
        match self {
            Self::Sync(store, _)
            | Self::Reauthorize(store)
            | Self::Deactivate(store)
            | Self::Activate(store) => Some(*store),
            _ => None,
        }
    }

    /// The order that a person's act is about. It may never come in, or be called off before: then it
    /// is not done, and nobody waits for it.
    #[must_use]
    pub const fn order(&self) -> Option<usize> {
        match self {
            Self::Deliver(order, ..)
            | Self::Pack(order, ..)
            | Self::DeliverPacked(order)
            | Self::Invoice(order)
            | Self::Delete(order)
            | Self::Restore(order)
            | Self::Ask(order) => Some(*order),
            _ => None,
        }
    }
}
