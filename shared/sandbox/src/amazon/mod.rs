//! Amazon simulated: a deterministic state machine over the values of an HTTP call, which behaves as
//! documented, at its worst. It spells Amazon's words by itself and knows none of Weir's rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use weir_channels::http::{HttpRequest, HttpResponse};

mod door;
mod tokens;
mod search;
mod orders;
mod orders_v0;
mod money;
mod notifications;
mod changes;
pub mod marketplaces;
mod spec;
mod truth;
mod faults;
mod limits;
mod json;
mod query;
pub mod demo;
#[cfg(test)]
mod tests;

pub use demo::Demo;
pub use faults::Faults;
pub use limits::{Count, Operation};
pub use marketplaces::{Marketplace, Region};
pub use notifications::Notice;
pub use spec::{BuyerSpec, FulfilledBy, LineSpec, OrderSpec, Quirk, SellerSpec, SoldOn, Status, Tax};
pub use truth::{OrderState, TruthOrder};

pub use crate::{dice::Dice, now::Now};

/// How long an access token lives.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(3600);

/// Amazon: its sellers, their orders, and its API.
#[derive(Debug)]
pub struct Amazon {
    /// What goes wrong from now on.
    pub faults: Faults,
    /// How long access tokens live from now on.
    pub token_lifetime: SignedDuration,
    /// Whether a call without `User-Agent` is refused. Amazon requires one.
    pub require_user_agent: bool,
    dice: Dice,
    made: u64,
    apps: Vec<App>,
    sellers: Vec<Seller>,
    grants: BTreeMap<String, Grant>,
    access: BTreeMap<String, Access>,
    orders: Vec<TruthOrder>,
    by_id: BTreeMap<String, u32>,
    /// What the lists show: seller, time of the update, order.
    index: BTreeSet<(u32, Timestamp, u32)>,
    /// What the lists will show later.
    late: BTreeSet<(Timestamp, u32)>,
    pages: BTreeMap<String, search::Page>,
    meters: BTreeMap<MeterKey, limits::Meter>,
    notifications: notifications::Notifications,
}

/// Seller (none for an application's own calls), application, region, operation.
type MeterKey = (Option<u32>, u32, Region, Operation);

#[derive(Debug)]
struct App {
    client_id: String,
    client_secret: String,
}

#[derive(Debug)]
struct Seller {
    id: String,
    marketplaces: Vec<String>,
    /// Whether Orders 2026-01-01 answers 403.
    denied: bool,
}

/// A seller's authorization of an application.
#[derive(Clone, Copy, Debug)]
struct Grant {
    seller: u32,
    app: u32,
    revoked: bool,
}

/// An access token: whose (none: the application's own), and until when.
#[derive(Clone, Copy, Debug)]
struct Access {
    seller: Option<u32>,
    app: u32,
    until: Timestamp,
}

impl Amazon {
    /// An Amazon without sellers, on which nothing goes wrong.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            faults: Faults::NONE,
            token_lifetime: TOKEN_LIFETIME,
            require_user_agent: true,
            dice: Dice::new(seed),
            made: 0,
            apps: Vec::new(),
            sellers: Vec::new(),
            grants: BTreeMap::new(),
            access: BTreeMap::new(),
            orders: Vec::new(),
            by_id: BTreeMap::new(),
            index: BTreeSet::new(),
            late: BTreeSet::new(),
            pages: BTreeMap::new(),
            meters: BTreeMap::new(),
            notifications: notifications::Notifications::default(),
        }
    }

    /// Makes an application known, or gives it a new secret.
    pub fn register_app(&mut self, client_id: &str, client_secret: &str) {
        let app = self.app(client_id);
        if let Some(app) = self.apps.get_mut(app as usize) {
            client_secret.clone_into(&mut app.client_secret);
        }
    }

    /// Makes a seller known who authorized an application; or adds an authorization or marketplaces.
    pub fn register_seller(&mut self, spec: SellerSpec) {
        let app = self.app(&spec.client_id);
        let seller = self.seller(&spec.seller_id).unwrap_or_else(|| {
            let seller = Seller { id: spec.seller_id, marketplaces: Vec::new(), denied: false };
            self.sellers.push(seller);
            position(self.sellers.len() - 1)
        });
        if let Some(known) = self.sellers.get_mut(seller as usize) {
            for marketplace in spec.marketplaces {
                if !known.marketplaces.contains(&marketplace) {
                    known.marketplaces.push(marketplace);
                }
            }
        }
        self.grants.insert(spec.refresh_token, Grant { seller, app, revoked: false });
    }

    /// The seller takes every authorization back: refresh tokens and access tokens die.
    pub fn revoke(&mut self, seller_id: &str) {
        let Some(seller) = self.seller(seller_id) else { return };
        self.set_revoked(seller, true);
        self.access.retain(|_, access| access.seller != Some(seller));
    }

    /// The seller's authorizations work again, with the same refresh tokens.
    pub fn restore(&mut self, seller_id: &str) {
        if let Some(seller) = self.seller(seller_id) {
            self.set_revoked(seller, false);
        }
    }

    /// Whether Orders 2026-01-01 answers this seller with 403, as it still does some.
    pub fn deny_new_orders_api(&mut self, seller_id: &str, denied: bool) {
        let seller = self.seller(seller_id);
        if let Some(seller) = seller.and_then(|seller| self.sellers.get_mut(seller as usize)) {
            seller.denied = denied;
        }
    }

    /// Every access token dies now.
    pub fn expire_access_tokens(&mut self) {
        self.access.clear();
    }

    /// Every page token dies now.
    pub fn expire_page_tokens(&mut self) {
        self.pages.clear();
    }

    /// Answers a call.
    pub fn handle(&mut self, request: &HttpRequest, now: Now) -> HttpResponse {
        door::handle(self, request, now)
    }

    /// Notices for the queues that are due, with all that can go wrong with them.
    pub fn take_notifications(&mut self, now: Now) -> Vec<Notice> {
        self.notifications.take(now, &self.faults, &mut self.dice)
    }

    /// A seller's orders as they truly are, in the order they were placed.
    #[must_use]
    pub fn truth(&self, seller_id: &str) -> Vec<&TruthOrder> {
        self.orders.iter().filter(|order| order.seller_id == seller_id).collect()
    }

    /// One order as it truly is.
    #[must_use]
    pub fn order(&self, order_id: &str) -> Option<&TruthOrder> {
        self.by_id.get(order_id).and_then(|order| self.orders.get(*order as usize))
    }

    /// What each seller's calls came to, by operation. An application's own calls are under "".
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(String, Operation), Count> {
        let mut counts: BTreeMap<(String, Operation), Count> = BTreeMap::new();
        for ((seller, _, _, operation), meter) in &self.meters {
            let seller = seller.and_then(|seller| self.sellers.get(seller as usize));
            let seller = seller.map_or_else(String::new, |seller| seller.id.clone());
            counts.entry((seller, *operation)).or_default().add(&meter.count);
        }
        counts
    }

    /// By how many thousandths of a call any caller ever exceeded a published limit. (I41)
    #[must_use]
    pub fn worst_excess(&self) -> u64 {
        self.meters.values().map(|meter| meter.count.worst_excess).max().unwrap_or(0)
    }

    fn app(&mut self, client_id: &str) -> u32 {
        if let Some(known) = self.apps.iter().position(|app| app.client_id == client_id) {
            return position(known);
        }
        self.apps.push(App { client_id: client_id.to_owned(), client_secret: String::new() });
        position(self.apps.len() - 1)
    }

    fn seller(&self, seller_id: &str) -> Option<u32> {
        self.sellers.iter().position(|seller| seller.id == seller_id).map(position)
    }

    fn set_revoked(&mut self, seller: u32, revoked: bool) {
        for grant in self.grants.values_mut().filter(|grant| grant.seller == seller) {
            grant.revoked = revoked;
        }
    }

    /// An id that was not given out before; it looks like nothing.
    fn make_id(&mut self) -> String {
        self.made += 1;
        format!("{:016x}{:06x}", self.dice.next(), self.made)
    }
}

/// A place in a list as it is kept in keys. There are never more than fit.
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
