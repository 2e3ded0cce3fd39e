//! BigCommerce simulated: a deterministic state machine over the values of an HTTP call, which behaves as
//! documented, at its worst. It spells BigCommerce's words by itself and knows none of Weir's rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weir_channels::http::{HttpRequest, HttpResponse};

use crate::{Dice, Now};

mod door;
mod limits;
mod orders;
mod hooks;
mod acts;
mod truth;
mod spec;
mod faults;
mod demo;
mod again;
#[cfg(test)]
mod tests;

pub use demo::Demo;
pub use faults::Faults;
pub use hooks::Webhook;
pub use limits::Count;
pub use spec::{BuyerSpec, CouponSpec, LineSpec, OrderSpec, ProductKind, StoreSpec};
pub use truth::{Refund, TruthLine, TruthOrder};

/// The ids of the statuses. (API-FACTS §3)
pub mod status {
    /// The buyer reached the payment.
    pub const INCOMPLETE: i64 = 0;
    /// The buyer began the checkout.
    pub const PENDING: i64 = 1;
    /// All of it was shipped.
    pub const SHIPPED: i64 = 2;
    /// Some of it was shipped.
    pub const PARTIALLY_SHIPPED: i64 = 3;
    /// All of it was refunded.
    pub const REFUNDED: i64 = 4;
    /// It was cancelled.
    pub const CANCELLED: i64 = 5;
    /// It was declined.
    pub const DECLINED: i64 = 6;
    /// Its payment is to come.
    pub const AWAITING_PAYMENT: i64 = 7;
    /// It waits to be picked up.
    pub const AWAITING_PICKUP: i64 = 8;
    /// It waits for the carrier.
    pub const AWAITING_SHIPMENT: i64 = 9;
    /// It is done.
    pub const COMPLETED: i64 = 10;
    /// It is paid.
    pub const AWAITING_FULFILLMENT: i64 = 11;
    /// Somebody has to look at it.
    pub const MANUAL_VERIFICATION: i64 = 12;
    /// Its payment is disputed.
    pub const DISPUTED: i64 = 13;
    /// Some of it was refunded.
    pub const PARTIALLY_REFUNDED: i64 = 14;

    /// What each is called where no merchant has renamed it, by its id.
    pub(super) const NAMES: [&str; 15] = [
        "Incomplete",
        "Pending",
        "Shipped",
        "Partially Shipped",
        "Refunded",
        "Cancelled",
        "Declined",
        "Awaiting Payment",
        "Awaiting Pickup",
        "Awaiting Shipment",
        "Completed",
        "Awaiting Fulfillment",
        "Manual Verification Required",
        "Disputed",
        "Partially Refunded",
    ];
}

/// BigCommerce: its stores, their orders, and its API.
#[derive(Debug)]
pub struct BigCommerce {
    /// What goes wrong from now on.
    pub faults: Faults,
    /// Whether it also delivers to this machine and without TLS, as the real one never would: a local run.
    pub delivers_on_this_machine: bool,
    dice: Dice,
    made: u64,
    stores: BTreeMap<String, Store>,
    orders: BTreeMap<(String, u64), TruthOrder>,
    hooks: Vec<hooks::Hook>,
    waiting: Vec<(Timestamp, Webhook)>,
    domains: BTreeMap<String, hooks::Domain>,
    puts: Vec<Put>,
}

/// A status that was put over the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// The hash of the store.
    pub store: String,
    /// The order.
    pub order: u64,
    /// The status before, by its id.
    pub before: i64,
    /// The status since then.
    pub after: i64,
    /// When.
    #[serde(with = "again::millis")]
    pub at: Timestamp,
}

#[derive(Debug)]
struct Store {
    spec: StoreSpec,
    /// Whether its application is in.
    is_open: bool,
    /// What the merchant calls a status.
    names: BTreeMap<i64, String>,
    next_order: u64,
    window: limits::Window,
    count: Count,
}

impl BigCommerce {
    /// A BigCommerce without stores, on which nothing goes wrong.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            faults: Faults::NONE,
            delivers_on_this_machine: false,
            dice: Dice::new(seed),
            made: 0,
            stores: BTreeMap::new(),
            orders: BTreeMap::new(),
            hooks: Vec::new(),
            waiting: Vec::new(),
            domains: BTreeMap::new(),
            puts: Vec::new(),
        }
    }

    /// Opens a store. One that is open already stays as it is.
    pub fn open_store(&mut self, spec: StoreSpec) {
        let hash = spec.hash.clone();
        self.stores.entry(hash).or_insert_with(|| Store {
            spec,
            is_open: true,
            names: BTreeMap::new(),
            next_order: 100,
            window: limits::Window::default(),
            count: Count::default(),
        });
    }

    /// Takes the application out of a store: it is told, and its token and hooks are gone.
    pub fn uninstall(&mut self, hash: &str, now: Now) {
        let Some(store) = self.stores.get_mut(hash) else { return };
        store.is_open = false;
        self.tell_uninstalled(hash, now);
        self.hooks.retain(|hook| hook.store != hash);
    }

    /// Lets the application in again, with the token that it had.
    pub fn install(&mut self, hash: &str) {
        if let Some(store) = self.stores.get_mut(hash) {
            store.is_open = true;
        }
    }

    /// Gives the application's token a new value; the former one is refused from then on.
    pub fn renew_token(&mut self, hash: &str, token: &str) {
        if let Some(store) = self.stores.get_mut(hash) {
            token.clone_into(&mut store.spec.access_token);
        }
    }

    /// The merchant calls a status something else.
    pub fn rename_status(&mut self, hash: &str, status: i64, name: &str) {
        if let Some(store) = self.stores.get_mut(hash) {
            store.names.insert(status, name.to_owned());
        }
    }

    /// Answers a call.
    pub fn handle(&mut self, request: &HttpRequest, now: Now) -> HttpResponse {
        door::handle(self, request, now)
    }

    /// A store's orders as they truly are, the first placed first.
    #[must_use]
    pub fn truth(&self, hash: &str) -> Vec<&TruthOrder> {
        self.orders.iter().filter(|((store, _), _)| store == hash).map(|(_, order)| order).collect()
    }

    /// One order as it truly is.
    #[must_use]
    pub fn order(&self, hash: &str, id: u64) -> Option<&TruthOrder> {
        self.orders.get(&(hash.to_owned(), id))
    }

    /// Every status that was put over the API, the first one first.
    #[must_use]
    pub fn puts(&self) -> &[Put] {
        &self.puts
    }

    /// What a store's calls came to.
    #[must_use]
    pub fn count(&self, hash: &str) -> Count {
        self.stores.get(hash).map(|store| store.count).unwrap_or_default()
    }

    /// The next order of a store has this number; one that was given out before is not taken back.
    pub fn number_next(&mut self, hash: &str, number: u64) {
        if let Some(store) = self.stores.get_mut(hash) {
            store.next_order = store.next_order.max(number.saturating_sub(1));
        }
    }

    fn make_id(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}
