//! Webhooks: an application's subscriptions in a shop, and what goes out to them. They come at least
//! once, in any order, on a bad day late, twice or never; and who does not answer well loses the
//! subscription. (API-FACTS §2)

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    Now, Shopify,
    answers::refused,
    door::VERSION,
    graphql::{Field, Refusal},
    nodes::gid,
    payloads::Event,
    position,
    tokens::Caller,
    truth::TruthOrder,
};

/// A delivery to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it goes: an `https` address, or the ARN of a partner event source.
    pub uri: String,
    /// Its headers, as Shopify spells them. A bus gets none: they are within the event.
    pub headers: Vec<(String, String)>,
    /// The bytes that are signed; for a bus the event.
    pub body: Vec<u8>,
    /// The topic, as the header has it.
    pub topic: &'static str,
    /// What it is a delivery of; none for what the laws of privacy ask for.
    subscription: Option<u64>,
    /// How often it was tried before.
    tried: usize,
}

/// Seconds from one try to the next: eight times within four hours. (API-FACTS §2)
const RETRIES: [i64; 8] = [60, 120, 240, 480, 960, 1_920, 3_840, 6_780];

/// How long after a rotation the former secret still signs. (API-FACTS §2)
pub(super) const FORMER_SIGNS: SignedDuration = SignedDuration::from_hours(1);

/// How much later a delivery comes that is sent again for nothing, in seconds at most.
const RESENT_WITHIN: u64 = 900;

/// Topics that can be subscribed to, as `WebhookSubscriptionTopic` spells them, and as the header does.
const TOPICS: [(&str, &str); 30] = [
    ("APP_UNINSTALLED", "app/uninstalled"),
    ("FULFILLMENTS_CREATE", "fulfillments/create"),
    ("FULFILLMENTS_UPDATE", "fulfillments/update"),
    ("FULFILLMENT_HOLDS_ADDED", "fulfillment_holds/added"),
    ("FULFILLMENT_HOLDS_RELEASED", "fulfillment_holds/released"),
    ("FULFILLMENT_ORDERS_CANCELLED", "fulfillment_orders/cancelled"),
    ("FULFILLMENT_ORDERS_HOLD_RELEASED", "fulfillment_orders/hold_released"),
    ("FULFILLMENT_ORDERS_MERGED", "fulfillment_orders/merged"),
    ("FULFILLMENT_ORDERS_MOVED", "fulfillment_orders/moved"),
    ("FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE", "fulfillment_orders/order_routing_complete"),
    ("FULFILLMENT_ORDERS_PLACED_ON_HOLD", "fulfillment_orders/placed_on_hold"),
    (
        "FULFILLMENT_ORDERS_SCHEDULED_FULFILLMENT_ORDER_READY",
        "fulfillment_orders/scheduled_fulfillment_order_ready",
    ),
    ("FULFILLMENT_ORDERS_SPLIT", "fulfillment_orders/split"),
    ("ORDERS_CANCELLED", "orders/cancelled"),
    ("ORDERS_CREATE", "orders/create"),
    ("ORDERS_DELETE", "orders/delete"),
    ("ORDERS_EDITED", "orders/edited"),
    ("ORDERS_FULFILLED", "orders/fulfilled"),
    ("ORDERS_PAID", "orders/paid"),
    ("ORDERS_PARTIALLY_FULFILLED", "orders/partially_fulfilled"),
    ("ORDERS_UPDATED", "orders/updated"),
    ("REFUNDS_CREATE", "refunds/create"),
    ("RETURNS_APPROVE", "returns/approve"),
    ("RETURNS_CANCEL", "returns/cancel"),
    ("RETURNS_CLOSE", "returns/close"),
    ("RETURNS_DECLINE", "returns/decline"),
    ("RETURNS_PROCESS", "returns/process"),
    ("RETURNS_REOPEN", "returns/reopen"),
    ("RETURNS_REQUEST", "returns/request"),
    ("RETURNS_UPDATE", "returns/update"),
];

/// What was subscribed to.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    id: u64,
    shop: u32,
    app: u32,
    /// As `WebhookSubscriptionTopic` spells it, and as the header does.
    topic: (&'static str, &'static str),
    uri: String,
}

/// Something that is to be told of.
struct Told<'a> {
    shop: u32,
    app: u32,
    topic: &'static str,
    uri: &'a str,
    event: &'a str,
    subscription: Option<u64>,
}

impl Shopify {
    /// Subscribes an address to topics without a call: what Shopify remembers when a local run starts
    /// anew. What is subscribed to already stays as it is.
    pub fn subscribe(&mut self, shop: &str, client_id: &str, topics: &[&str], uri: &str) {
        let app = self.apps.iter().position(|app| app.client_id == client_id).map(position);
        let shop = self.shops.iter().position(|known| known.spec.domain == shop).map(position);
        let (Some(app), Some(shop)) = (app, shop) else { return };
        for topic in topics {
            if let Some(topic) = TOPICS.iter().find(|(name, _)| name == topic)
                && !self.is_subscribed(shop, app, topic.0, uri)
            {
                self.add_subscription(shop, app, *topic, uri);
            }
        }
    }

    /// Loses every subscription of a shop, as happens.
    pub fn drop_subscriptions(&mut self, shop: &str) {
        if let Some(shop) = self.shops.iter().position(|known| known.spec.domain == shop).map(position) {
            self.subscriptions.retain(|subscription| subscription.shop != shop);
        }
    }

    /// The topics that a shop tells of, as `WebhookSubscriptionTopic` spells them, with the address.
    #[must_use]
    pub fn subscribed(&self, shop: &str) -> Vec<(&'static str, &str)> {
        let place = self.shops.iter().position(|known| known.spec.domain == shop).map(position);
        let own = self.subscriptions.iter().filter(|subscription| Some(subscription.shop) == place);
        own.map(|subscription| (subscription.topic.0, subscription.uri.as_str())).collect()
    }

    /// Deliveries that are due, with all that can go wrong with them.
    pub fn take_webhooks(&mut self, now: Now) -> Vec<Webhook> {
        let waiting = std::mem::take(&mut self.waiting);
        let (mut due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(at, _)| *at <= now.scaled);
        self.waiting = later;
        due.sort_by_key(|(at, _)| *at);
        let mut due: Vec<Webhook> = due.into_iter().map(|(_, webhook)| webhook).collect();
        if self.dice.hits(self.faults.shuffled_webhooks) {
            self.dice.shuffle(&mut due);
        }
        due
    }

    /// How many deliveries have not gone out yet.
    #[must_use]
    pub fn waiting_webhooks(&self) -> usize {
        self.waiting.len()
    }

    /// When the next delivery goes out, on the scaled clock.
    #[must_use]
    pub fn next_webhook_at(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|(at, _)| *at).min()
    }

    /// A delivery was not answered with a 2xx in time. It comes again, byte for byte; after the eighth
    /// time the subscription is gone, and with it all that waits for it.
    pub fn webhook_failed(&mut self, webhook: &Webhook, now: Now) {
        let is_there = |id: u64| self.subscriptions.iter().any(|subscription| subscription.id == id);
        if webhook.subscription.is_some_and(|id| !is_there(id)) {
            return;
        }
        match RETRIES.get(webhook.tried) {
            Some(wait) => {
                let again = Webhook { tried: webhook.tried + 1, ..webhook.clone() };
                self.waiting.push((now.scaled + SignedDuration::from_secs(*wait), again));
            }
            None => {
                if let Some(id) = webhook.subscription {
                    self.subscriptions.retain(|subscription| subscription.id != id);
                    self.waiting.retain(|(_, waiting)| waiting.subscription != Some(id));
                }
            }
        }
    }

    /// A buyer wants to know what is known of him, or a merchant or buyer wants it forgotten: one of
    /// `customers/data_request`, `customers/redact` and `shop/redact`, to the address that the
    /// application has for them.
    pub fn ask_for_privacy(
        &mut self,
        shop: &str,
        topic: &'static str,
        customer: u64,
        orders: &[u64],
        now: Now,
    ) {
        let Some(place) = self.shops.iter().position(|known| known.spec.domain == shop) else { return };
        let shop_id = self.shops.get(place).map_or(0, |shop| shop.id);
        let mut body = json!({ "shop_id": shop_id, "shop_domain": shop });
        match topic {
            "customers/data_request" => {
                body["orders_requested"] = json!(orders);
                body["customer"] = json!({ "id": customer });
                body["data_request"] = json!({ "id": 1 });
            }
            "customers/redact" => {
                body["orders_to_redact"] = json!(orders);
                body["customer"] = json!({ "id": customer });
            }
            _ => {}
        }
        let event = self.make_uuid();
        for app in 0..position(self.apps.len()) {
            let uri = self.apps.get(app as usize).and_then(|app| app.privacy_uri.clone());
            if let Some(uri) = uri {
                let shop = position(place);
                let told = Told { shop, app, topic, uri: &uri, event: &event, subscription: None };
                self.send(&told, &body, now);
            }
        }
    }

    /// Tells the subscribers what happened to an order: one event, of which each topic is told by itself.
    pub(super) fn tell(&mut self, order: u64, before: Option<TruthOrder>, events: Vec<Event>, now: Now) {
        let Some(now_is) = self.orders.get(&order).cloned() else { return };
        let Some(shop) = self.shops.iter().position(|shop| shop.spec.domain == now_is.shop) else { return };
        let event_id = self.make_uuid();
        for event in events {
            let own = self.subscriptions.iter();
            let own = own.filter(|one| one.shop == position(shop) && one.topic.0 == event.topic());
            let own: Vec<Subscription> = own.cloned().collect();
            if own.is_empty() {
                continue;
            }
            let is_stale = self.dice.hits(self.faults.stale_webhooks);
            let state = match (&before, &event) {
                (Some(before), Event::Order(_)) if is_stale => before,
                (_, _) => &now_is,
            };
            let Some(known) = self.shops.get(shop) else { return };
            let body = event.body(known, state);
            for one in own {
                let told = Told {
                    shop: one.shop,
                    app: one.app,
                    topic: one.topic.1,
                    uri: &one.uri,
                    event: &event_id,
                    subscription: Some(one.id),
                };
                self.send(&told, &body, now);
            }
        }
    }

    /// Tells that an application was taken out of a shop.
    pub(super) fn tell_uninstalled(&mut self, shop: u32, app: u32, now: Now) {
        let own = self.subscriptions.iter().filter(|one| one.shop == shop && one.app == app);
        let own = own.filter(|one| one.topic.0 == "APP_UNINSTALLED").cloned().collect::<Vec<_>>();
        self.subscriptions.retain(|one| one.shop != shop || one.app != app);
        let event = self.make_uuid();
        let Some(known) = self.shops.get(shop as usize) else { return };
        let body = json!({ "id": known.id, "myshopify_domain": known.spec.domain });
        for one in own {
            // It is tried again like any other, though its subscription is gone.
            let told =
                Told { shop, app, topic: one.topic.1, uri: &one.uri, event: &event, subscription: None };
            self.send(&told, &body, now);
        }
    }

    fn send(&mut self, told: &Told<'_>, body: &Value, now: Now) {
        if self.dice.hits(self.faults.lost_webhooks) {
            return;
        }
        let copies = if self.dice.hits(self.faults.doubled_webhooks) { 2 } else { 1 };
        for _ in 0..copies {
            let webhook = self.delivery(told, body, now);
            let late = if self.dice.hits(self.faults.late_webhooks) {
                1 + self.dice.below(self.faults.late_webhook_seconds.into())
            } else {
                0
            };
            let at = |late: u64| now.scaled + SignedDuration::from_secs(i64::try_from(late).unwrap_or(0));
            if self.dice.hits(self.faults.resent_webhooks) {
                let again = late + 1 + self.dice.below(RESENT_WITHIN);
                self.waiting.push((at(again), webhook.clone()));
            }
            self.waiting.push((at(late), webhook));
        }
    }

    fn delivery(&mut self, told: &Told<'_>, body: &Value, now: Now) -> Webhook {
        let delivery = self.make_uuid();
        let domain = self.shops.get(told.shop as usize).map_or("", |shop| shop.spec.domain.as_str());
        let mut headers: Vec<(String, String)> = [
            ("X-Shopify-Topic", told.topic),
            ("X-Shopify-Shop-Domain", domain),
            ("X-Shopify-API-Version", VERSION),
            ("X-Shopify-Webhook-Id", &delivery),
            ("X-Shopify-Event-Id", told.event),
            ("X-Shopify-Triggered-At", &now.wall.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let (uri, topic, subscription) = (told.uri.to_owned(), told.topic, told.subscription);
        if uri.starts_with("arn:") {
            let metadata: serde_json::Map<String, Value> =
                headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            let source = uri.rsplit("event-source/").next().unwrap_or_default();
            let event = json!({
                "version": "0",
                "id": delivery,
                "detail-type": "shopifyWebhook",
                "source": source,
                "time": super::nodes::time(now.wall),
                "detail": { "metadata": metadata, "payload": body },
            });
            let body = event.to_string().into_bytes();
            return Webhook { uri, headers: Vec::new(), body, topic, subscription, tried: 0 };
        }
        let body = body.to_string().into_bytes();
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        headers.push(("X-Shopify-Hmac-Sha256".to_owned(), self.signature(told.app, &body, now.wall)));
        Webhook { uri, headers, body, topic, subscription, tried: 0 }
    }

    /// A body's signature: by the application's secret, or for an hour after a rotation the former one.
    fn signature(&self, app: u32, body: &[u8], now: Timestamp) -> String {
        let Some(app) = self.apps.get(app as usize) else { return String::new() };
        let former = app.former.as_ref().filter(|(_, until)| *until > now);
        let secret = former.map_or(&app.secret, |(secret, _)| secret);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
        mac.update(body);
        BASE64_STANDARD.encode(mac.finalize().into_bytes())
    }

    fn is_subscribed(&self, shop: u32, app: u32, topic: &str, uri: &str) -> bool {
        let mut own = self.subscriptions.iter().filter(|one| one.shop == shop && one.app == app);
        own.any(|one| one.topic.0 == topic && one.uri == uri)
    }

    fn add_subscription(
        &mut self,
        shop: u32,
        app: u32,
        topic: (&'static str, &'static str),
        uri: &str,
    ) -> u64 {
        self.made += 1;
        let id = 1_900_000_000_000 + self.made;
        self.subscriptions.push(Subscription { id, shop, app, topic, uri: uri.to_owned() });
        id
    }

    /// An id that looks like no other.
    fn make_uuid(&mut self) -> String {
        let (first, second) = (self.dice.next(), self.dice.next());
        let part = |number: u64, from: u32, bits: u32| number >> from & ((1 << bits) - 1);
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            part(first, 32, 32),
            part(first, 16, 16),
            part(first, 4, 12),
            part(second, 48, 12),
            part(second, 0, 48),
        )
    }
}

// ------------------------------------------------------------------ the API's part

/// The application's subscriptions in the shop.
pub(super) fn list(shopify: &Shopify, caller: &Caller) -> Value {
    let own = shopify.subscriptions.iter();
    own.filter(|one| one.shop == caller.shop && one.app == caller.app).map(node).collect()
}

fn node(subscription: &Subscription) -> Value {
    json!({
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", subscription.id),
        "topic": subscription.topic.0,
        "uri": subscription.uri,
    })
}

/// Subscribes to a topic.
pub(super) fn create(shopify: &mut Shopify, caller: &Caller, field: &Field) -> Result<Value, Refusal> {
    const KIND: &str = "WebhookSubscriptionCreatePayload";
    let asked = field.arguments.get("topic").and_then(Value::as_str).unwrap_or("");
    let Some(topic) = TOPICS.into_iter().find(|(name, _)| *name == asked) else {
        let message = "Variable $topic of type WebhookSubscriptionTopic! was provided invalid value";
        return Err(Refusal::new("INVALID_VARIABLE", message));
    };
    let input = field.arguments.get("webhookSubscription").cloned().unwrap_or_default();
    let uri = input["uri"].as_str().unwrap_or("");
    let refuse =
        |message: &str| Ok(refused(KIND, "webhookSubscription", &["webhookSubscription", "uri"], message));
    let is_here = shopify.delivers_on_this_machine && uri.starts_with("http://127.0.0.1:");
    let is_reached = ["https://", "pubsub://", "arn:aws:events:"].iter().any(|start| uri.starts_with(start));
    if !is_here && !is_reached {
        return refuse("Address is invalid");
    }
    if shopify.is_subscribed(caller.shop, caller.app, topic.0, uri) {
        return refuse("Address for this topic has already been taken");
    }
    let id = shopify.add_subscription(caller.shop, caller.app, topic, uri);
    let made = shopify.subscriptions.iter().find(|one| one.id == id).map(node);
    Ok(json!({ "__typename": KIND, "webhookSubscription": made, "userErrors": [] }))
}

/// Takes a subscription back. What waits for it is not sent any more.
pub(super) fn delete(shopify: &mut Shopify, caller: &Caller, id: &str) -> Value {
    const KIND: &str = "WebhookSubscriptionDeletePayload";
    let is_it = |one: &Subscription| {
        one.shop == caller.shop && one.app == caller.app && gid("WebhookSubscription", one.id) == id
    };
    let Some(number) = shopify.subscriptions.iter().find(|one| is_it(one)).map(|one| one.id) else {
        return refused(KIND, "deletedWebhookSubscriptionId", &["id"], "Webhook subscription does not exist");
    };
    shopify.subscriptions.retain(|one| one.id != number);
    shopify.waiting.retain(|(_, waiting)| waiting.subscription != Some(number));
    json!({ "__typename": KIND, "deletedWebhookSubscriptionId": id, "userErrors": [] })
}
