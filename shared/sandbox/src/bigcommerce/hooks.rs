//! Webhooks: a store's hooks, and what goes out to them. They come at least once and in any order; who does
//! not answer well loses a domain for minutes and a hook after two days, and a quiet hook is switched off.
//! (API-FACTS §3)

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{BigCommerce, Now};

/// A delivery to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it goes.
    pub destination: String,
    /// Its headers: those of the hook, and the signature's.
    pub headers: Vec<(String, String)>,
    /// The bytes that are signed.
    pub body: Vec<u8>,
    /// The scope.
    pub scope: &'static str,
    hook: u64,
    store: String,
    /// How often it was tried before.
    tried: usize,
}

/// Seconds from one try to the next: some two days in all.
const RETRIES: [i64; 11] = [60, 180, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 50_400, 86_400];

/// The time in which a destination's answers are counted, how many there have to be, how many of a hundred
/// have to be good, and how long its whole domain is left out otherwise.
const COUNTED: SignedDuration = SignedDuration::from_mins(2);
const COUNTED_FROM: u32 = 100;
const GOOD_OF_100: u32 = 90;
const BLOCKED: SignedDuration = SignedDuration::from_mins(3);

/// How long a new hook takes to work, and how long one may be quiet.
const BEGINS_AFTER: SignedDuration = SignedDuration::from_mins(1);
const QUIET: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Scopes that Weir could hear of.
const SCOPES: [&str; 7] = [
    "store/order/created",
    "store/order/updated",
    "store/order/archived",
    "store/order/statusUpdated",
    "store/order/refund/created",
    "store/shipment/created",
    "store/app/uninstalled",
];

#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) store: String,
    scope: String,
    destination: String,
    headers: Vec<(String, String)>,
    is_active: bool,
    /// From when on it works.
    from: Timestamp,
    /// When it was last used.
    used_at: Timestamp,
}

/// How a domain answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Domain {
    since: Timestamp,
    good: u32,
    bad: u32,
    blocked_until: Timestamp,
}

fn domain_of(destination: &str) -> &str {
    destination.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

impl BigCommerce {
    /// Tells a store's hooks what happened to an order.
    pub(super) fn tell(&mut self, store: &str, order: u64, scopes: &[&'static str], now: Now) {
        let refund = self.orders.get(&(store.to_owned(), order)).and_then(|order| order.refunds.last());
        let refund = refund.map(|refund| refund.id);
        for scope in scopes {
            let data = match *scope {
                "store/shipment/created" => json!({ "type": "shipment", "id": 1, "orderId": order }),
                "store/order/refund/created" => {
                    json!({ "type": "order", "id": order, "refund": { "refund_id": refund } })
                }
                _ => json!({ "type": "order", "id": order }),
            };
            self.send(store, scope, &data, now);
        }
    }

    pub(super) fn tell_uninstalled(&mut self, store: &str, now: Now) {
        self.send(store, "store/app/uninstalled", &json!({ "type": "app" }), now);
    }

    fn send(&mut self, store: &str, scope: &'static str, data: &Value, now: Now) {
        self.switch_off_quiet(now);
        let is_for = |hook: &&mut Hook| {
            hook.store == store && hook.scope == scope && hook.is_active && hook.from <= now.wall
        };
        let mut to: Vec<Hook> = Vec::new();
        for hook in self.hooks.iter_mut().filter(|hook| is_for(hook)) {
            hook.used_at = now.wall;
            to.push(hook.clone());
        }
        let hash = format!("{:016x}{:016x}{:08x}", self.dice.next(), self.dice.next(), now.wall.as_second());
        let body = json!({
            "scope": scope,
            "store_id": "1001",
            "data": data,
            "hash": hash,
            "created_at": now.wall.as_second(),
            "producer": format!("stores/{store}"),
        });
        for hook in to {
            if self.dice.hits(self.faults.lost_webhooks) {
                continue;
            }
            let copies = if self.dice.hits(self.faults.doubled_webhooks) { 2 } else { 1 };
            for _ in 0..copies {
                let late = match self.dice.hits(self.faults.late_webhooks) {
                    true => 1 + self.dice.below(self.faults.late_webhook_seconds.into()),
                    false => 0,
                };
                let webhook = Webhook {
                    destination: hook.destination.clone(),
                    headers: hook.headers.clone(),
                    body: body.to_string().into_bytes(),
                    scope,
                    hook: hook.id,
                    store: store.to_owned(),
                    tried: 0,
                };
                let at = now.scaled + SignedDuration::from_secs(i64::try_from(late).unwrap_or(0));
                self.waiting.push((at, webhook));
            }
        }
    }

    /// Deliveries that are due, each signed as it goes out.
    pub fn take_webhooks(&mut self, now: Now) -> Vec<Webhook> {
        let waiting = std::mem::take(&mut self.waiting);
        let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(at, _)| *at <= now.scaled);
        self.waiting = later;
        let mut out = Vec::new();
        for (_, webhook) in due {
            let domain = self.domains.get(domain_of(&webhook.destination)).copied().unwrap_or_default();
            match domain.blocked_until > now.scaled {
                true => self.try_again(webhook, now),
                false => out.push(self.signed(webhook, now)),
            }
        }
        if self.dice.hits(self.faults.shuffled_webhooks) {
            self.dice.shuffle(&mut out);
        }
        out
    }

    fn signed(&mut self, mut webhook: Webhook, now: Now) -> Webhook {
        webhook.headers.retain(|(name, _)| !name.starts_with("webhook-"));
        let signed = self.sign(&webhook.store, &webhook.body, now);
        webhook.headers.extend(signed);
        webhook
    }

    /// The headers by which a store shows now that a body is its own; without a secret there is no signature.
    pub fn sign(&mut self, store: &str, body: &[u8], now: Now) -> Vec<(String, String)> {
        let id = format!("msg_{:016x}", self.dice.next());
        let time = now.wall.as_second().to_string();
        let secret = self.stores.get(store).map(|store| store.spec.client_secret.clone()).unwrap_or_default();
        let mut headers =
            vec![("webhook-id".to_owned(), id.clone()), ("webhook-timestamp".to_owned(), time.clone())];
        if let (false, Ok(mut mac)) = (secret.is_empty(), Hmac::<Sha256>::new_from_slice(secret.as_bytes())) {
            mac.update(format!("{id}.{time}.").as_bytes());
            mac.update(body);
            let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
            headers.push(("webhook-signature".to_owned(), format!("v1,{signature}")));
        }
        headers
    }

    /// How a delivery was answered. What was not answered well comes again; after the last try its hook is
    /// off.
    pub fn webhook_answered(&mut self, webhook: &Webhook, is_good: bool, now: Now) {
        let domain = self.domains.entry(domain_of(&webhook.destination).to_owned()).or_default();
        if now.scaled.duration_since(domain.since) > COUNTED {
            *domain = Domain { since: now.scaled, good: 0, bad: 0, ..*domain };
        }
        domain.good += u32::from(is_good);
        domain.bad += u32::from(!is_good);
        let all = domain.good + domain.bad;
        if all >= COUNTED_FROM && domain.good * 100 < GOOD_OF_100 * all {
            *domain = Domain { since: now.scaled, good: 0, bad: 0, blocked_until: now.scaled + BLOCKED };
        }
        if !is_good {
            self.try_again(webhook.clone(), now);
        }
    }

    fn try_again(&mut self, webhook: Webhook, now: Now) {
        match RETRIES.get(webhook.tried) {
            Some(wait) => {
                let again = Webhook { tried: webhook.tried + 1, ..webhook };
                self.waiting.push((now.scaled + SignedDuration::from_secs(*wait), again));
            }
            None => {
                for hook in self.hooks.iter_mut().filter(|hook| hook.id == webhook.hook) {
                    hook.is_active = false;
                }
            }
        }
    }

    fn switch_off_quiet(&mut self, now: Now) {
        for hook in &mut self.hooks {
            if now.wall.duration_since(hook.used_at) > QUIET {
                hook.is_active = false;
            }
        }
    }

    /// How many deliveries have not gone out yet.
    #[must_use]
    pub fn waiting_webhooks(&self) -> usize {
        self.waiting.len()
    }

    /// When the next delivery is due, on the scaled clock.
    #[must_use]
    pub fn next_webhook_at(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|(at, _)| *at).min()
    }

    /// Switches every hook of a store off, as after days of failures.
    pub fn switch_off_hooks(&mut self, store: &str) {
        for hook in self.hooks.iter_mut().filter(|hook| hook.store == store) {
            hook.is_active = false;
        }
    }

    /// Loses every hook of a store, as happens.
    pub fn drop_hooks(&mut self, store: &str) {
        self.hooks.retain(|hook| hook.store != store);
    }

    /// A store's hooks: scope, destination, and whether each is on.
    #[must_use]
    pub fn hooks_of(&self, store: &str) -> Vec<(&str, &str, bool)> {
        let own = self.hooks.iter().filter(|hook| hook.store == store);
        own.map(|hook| (hook.scope.as_str(), hook.destination.as_str(), hook.is_active)).collect()
    }
}

// ------------------------------------------------------------------ the API's part

fn shown(hook: &Hook) -> Value {
    let headers: serde_json::Map<String, Value> =
        hook.headers.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    json!({
        "id": hook.id,
        "client_id": "client",
        "store_hash": hook.store,
        "scope": hook.scope,
        "destination": hook.destination,
        "headers": headers,
        "is_active": hook.is_active,
    })
}

/// A page of a store's hooks.
pub(super) fn list(shop: &mut BigCommerce, store: &str, page: usize, limit: usize, now: Now) -> Value {
    shop.switch_off_quiet(now);
    let all: Vec<Value> = shop.hooks.iter().filter(|hook| hook.store == store).map(shown).collect();
    let pages = all.len().div_ceil(limit.max(1)).max(1);
    let data: Vec<Value> = all.into_iter().skip((page - 1) * limit).take(limit).collect();
    json!({ "data": data, "meta": { "pagination": { "current_page": page, "total_pages": pages } } })
}

/// Makes a hook, or changes the one of an id; the status and the answer.
pub(super) fn put(
    shop: &mut BigCommerce,
    store: &str,
    id: Option<u64>,
    body: &Value,
    now: Now,
) -> (u16, Value) {
    let refused = |status: u16, title: &str| (status, json!({ "status": status, "title": title }));
    let (scope, destination) =
        (body["scope"].as_str().unwrap_or(""), body["destination"].as_str().unwrap_or(""));
    if !SCOPES.contains(&scope) {
        return refused(422, "Invalid scope");
    }
    let is_here = shop.delivers_on_this_machine && destination.starts_with("http://127.0.0.1:");
    if !is_here && (!destination.starts_with("https://") || domain_of(destination).contains(':')) {
        return refused(422, "Invalid destination");
    }
    let mut headers = Vec::new();
    for (name, value) in body["headers"].as_object().into_iter().flatten() {
        headers.push((name.clone(), value.as_str().unwrap_or("").to_owned()));
    }
    let is_active = body["is_active"].as_bool().unwrap_or(true);
    let is_same = |hook: &Hook| hook.store == store && hook.scope == scope && hook.destination == destination;
    if id.is_none() && shop.hooks.iter().any(is_same) {
        return refused(409, "A hook of this scope and destination exists already");
    }
    let new = Hook {
        id: id.unwrap_or_else(|| 20_000_000 + shop.make_id()),
        store: store.to_owned(),
        scope: scope.to_owned(),
        destination: destination.to_owned(),
        headers,
        is_active,
        from: now.wall + BEGINS_AFTER,
        used_at: now.wall,
    };
    let answer = json!({ "data": shown(&new), "meta": {} });
    match id {
        None => shop.hooks.push(new),
        Some(id) => match shop.hooks.iter_mut().find(|hook| hook.id == id && hook.store == store) {
            Some(hook) => *hook = new,
            None => return refused(404, "Not found"),
        },
    }
    (200, answer)
}

/// Takes a hook back; whether there was one.
pub(super) fn delete(shop: &mut BigCommerce, store: &str, id: u64) -> bool {
    let before = shop.hooks.len();
    shop.hooks.retain(|hook| hook.id != id || hook.store != store);
    shop.hooks.len() < before
}
