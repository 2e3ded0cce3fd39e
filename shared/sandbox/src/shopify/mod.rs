//! Shopify simulated: a deterministic state machine over the values of an HTTP call, which behaves as
//! documented, at its worst. It spells Shopify's words by itself and knows none of Weir's rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weir_channels::http::{HttpRequest, HttpResponse};

use crate::{Dice, Now};

mod door;
mod tokens;
mod limits;
mod graphql;
mod selecting;
mod answers;
mod nodes;
mod webhooks;
mod payloads;
mod changes;
mod fulfilling;
mod refunds;
mod spec;
mod truth;
mod money;
mod faults;
mod again;
mod demo;
#[cfg(test)]
mod tests;

pub use again::Made;
pub use changes::Edit;
pub use demo::Demo;
pub use faults::Faults;
pub use limits::Count;
pub use money::{Currency, EUR, JPY, KWD, USD};
pub use refunds::RefundSpec;
pub use spec::{
    ALL_SCOPES, BuyerSpec, Delivery, LineSpec, LocationSpec, OrderSpec, PaymentSpec, ProductSpec,
    ShippingSpec, ShopSpec,
};
pub use truth::{
    FulfillmentOrderStatus, Parcel, PaymentState, Restock, ReturnStatus, TruthFulfillment,
    TruthFulfillmentLine, TruthFulfillmentOrder, TruthFulfillmentOrderLine, TruthHold, TruthLine, TruthOrder,
    TruthRefund, TruthRefundLine, TruthReturn, TruthReturnLine,
};
pub use webhooks::Webhook;

/// Shopify: its shops, their orders, and its API.
#[derive(Debug)]
pub struct Shopify {
    /// What goes wrong from now on.
    pub faults: Faults,
    /// Whether webhooks may go to this machine itself without TLS, for a local run. The real one never
    /// does.
    pub delivers_on_this_machine: bool,
    dice: Dice,
    made: u64,
    apps: Vec<App>,
    shops: Vec<Shop>,
    access: BTreeMap<String, tokens::Access>,
    refresh: BTreeMap<String, tokens::Refresh>,
    orders: BTreeMap<u64, TruthOrder>,
    buckets: BTreeMap<Account, limits::Bucket>,
    counts: BTreeMap<(Account, String), Count>,
    subscriptions: Vec<webhooks::Subscription>,
    waiting: Vec<(Timestamp, Webhook)>,
    made_by_applications: Vec<Made>,
}

/// A shop and an application: points are counted for each two.
type Account = (u32, u32);

#[derive(Debug)]
struct App {
    client_id: String,
    secret: String,
    /// The secret before, and until when it signs.
    former: Option<(String, Timestamp)>,
    /// Where it wants to hear what the laws of privacy ask for.
    privacy_uri: Option<String>,
}

#[derive(Debug)]
struct Shop {
    id: u64,
    spec: ShopSpec,
    state: ShopState,
    /// What each application may do there.
    installed: BTreeMap<u32, Vec<String>>,
}

impl Shop {
    /// The id of one of its locations.
    fn location_id(&self, place: usize) -> u64 {
        self.id * 1_000 + place as u64 + 1
    }
}

/// Whether a shop lets anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShopState {
    /// It does.
    Open,
    /// Its bill is not paid: 402.
    Frozen,
    /// It is locked: 423.
    Locked,
}

impl Shopify {
    /// A Shopify without shops, on which nothing goes wrong.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            faults: Faults::NONE,
            delivers_on_this_machine: false,
            dice: Dice::new(seed),
            made: 0,
            apps: Vec::new(),
            shops: Vec::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            orders: BTreeMap::new(),
            buckets: BTreeMap::new(),
            counts: BTreeMap::new(),
            subscriptions: Vec::new(),
            waiting: Vec::new(),
            made_by_applications: Vec::new(),
        }
    }

    /// Makes an application known, and where it wants to hear what the laws of privacy ask for.
    pub fn register_app(&mut self, client_id: &str, client_secret: &str, privacy_uri: Option<&str>) {
        let app = App {
            client_id: client_id.to_owned(),
            secret: client_secret.to_owned(),
            former: None,
            privacy_uri: privacy_uri.map(str::to_owned),
        };
        match self.apps.iter_mut().find(|known| known.client_id == client_id) {
            Some(known) => *known = app,
            None => self.apps.push(app),
        }
    }

    /// Gives an application a new secret. The former one signs webhooks for another hour.
    pub fn rotate_secret(&mut self, client_id: &str, client_secret: &str, now: Now) {
        if let Some(app) = self.apps.iter_mut().find(|app| app.client_id == client_id) {
            let former = std::mem::replace(&mut app.secret, client_secret.to_owned());
            app.former = Some((former, now.wall + webhooks::FORMER_SIGNS));
        }
    }

    /// Opens a shop. One that is open already stays as it is.
    pub fn open_shop(&mut self, spec: ShopSpec) {
        if self.shops.iter().any(|shop| shop.spec.domain == spec.domain) {
            return;
        }
        let id = 60_000_000_001 + self.shops.len() as u64;
        self.shops.push(Shop { id, spec, state: ShopState::Open, installed: BTreeMap::new() });
    }

    /// Whether a shop lets anybody in from now on.
    pub fn set_shop_state(&mut self, shop: &str, state: ShopState) {
        if let Some(shop) = self.shops.iter_mut().find(|known| known.spec.domain == shop) {
            shop.state = state;
        }
    }

    /// Installs an application in a shop, or changes what it may do there.
    pub fn install(&mut self, shop: &str, client_id: &str, scopes: &[&str]) {
        let app = self.apps.iter().position(|app| app.client_id == client_id).map(position);
        let shop = self.shops.iter_mut().find(|known| known.spec.domain == shop);
        if let (Some(app), Some(shop)) = (app, shop) {
            shop.installed.insert(app, scopes.iter().map(|&scope| scope.to_owned()).collect());
        }
    }

    /// Takes an application out of a shop: it is told, and its tokens and subscriptions are gone.
    pub fn uninstall(&mut self, shop: &str, client_id: &str, now: Now) {
        let app = self.apps.iter().position(|app| app.client_id == client_id).map(position);
        let place = self.shops.iter().position(|known| known.spec.domain == shop).map(position);
        let (Some(app), Some(place)) = (app, place) else { return };
        let was_there =
            self.shops.get_mut(place as usize).is_some_and(|shop| shop.installed.remove(&app).is_some());
        if was_there {
            self.end_tokens(place, app);
            self.tell_uninstalled(place, app, now);
        }
    }

    /// Answers a call. The shop is told by the host, or by a part of the path that comes before
    /// `/admin`; where neither does, by the token.
    pub fn handle(&mut self, request: &HttpRequest, now: Now) -> HttpResponse {
        door::handle(self, request, now)
    }

    /// A shop's orders as they truly are, the first placed first.
    #[must_use]
    pub fn truth(&self, shop: &str) -> Vec<&TruthOrder> {
        let mut own: Vec<&TruthOrder> = self.orders.values().filter(|order| order.shop == shop).collect();
        own.sort_by_key(|order| (order.created_at, order.id));
        own
    }

    /// One order as it truly is.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<&TruthOrder> {
        self.orders.get(&id)
    }

    /// The id of a shop's location, by its place in the shop's list.
    #[must_use]
    pub fn location_id(&self, shop: &str, place: usize) -> Option<u64> {
        self.shops.iter().find(|known| known.spec.domain == shop).map(|shop| shop.location_id(place))
    }

    /// What a shop's calls came to, by the operation's name.
    #[must_use]
    pub fn counts(&self, shop: &str) -> BTreeMap<String, Count> {
        let place = self.shops.iter().position(|known| known.spec.domain == shop).map(position);
        let mut counts: BTreeMap<String, Count> = BTreeMap::new();
        for (((of, _), operation), count) in &self.counts {
            if Some(*of) == place {
                let sum = counts.entry(operation.clone()).or_default();
                sum.calls += count.calls;
                sum.throttled += count.throttled;
                sum.throttled_by_fault += count.throttled_by_fault;
                sum.points += count.points;
            }
        }
        counts
    }
}

/// A place in a list as it is kept in keys. There are never more than fit.
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
