//! The web shops of a world: what happens in them, what they deliver to the webhook doors, and what is
//! remembered of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use weir_app::{
    Hub,
    gate::Site,
    ports::{Key, QueueName, Record},
    webhook::{self, Answer},
};
use weir_domain::{
    Timestamp,
    connection::ConnectionStatus,
    ids::{ConnectionId, OrganizationId},
};
use weir_sandbox::{
    Now,
    shopify::{Edit, LineSpec, Parcel, RefundSpec, Restock, Shopify, TruthOrder, Webhook},
};

use super::World;
use crate::{
    acts::Act,
    executor::{TaskId, lock},
    gate::Passed,
    outlet::outlets::Outlet,
    shop::{
        acts::ShopAct,
        model::{self, Seen},
        people,
        stores::{Store, id_of, shopify},
    },
    sometimes::Situation,
    world::jobs::Job,
};

/// The web shops.
pub(crate) struct Shops {
    /// Shopify.
    pub(crate) shopify: Arc<Mutex<Shopify>>,
    /// What is remembered of each order.
    pub(crate) seen: BTreeMap<u64, Seen>,
    /// When something changed in a store for the last time.
    pub(crate) changed_at: BTreeMap<Store, Timestamp>,
    /// How many topics each store is subscribed to.
    pub(crate) topics: usize,
    /// Stores whose fulfillments did not go both ways for a while.
    pub(crate) without_sync: BTreeMap<Store, Timestamp>,
    /// The last delivery to each door, to forge others of.
    last: BTreeMap<Store, Webhook>,
    /// Tasks whose delivery is forged.
    forged: BTreeSet<TaskId>,
}

/// A delivery on its way to a door.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) webhook: Webhook,
    pub(crate) is_forged: bool,
}

/// The queue of signals of web shops.
pub(crate) fn import_queue() -> QueueName {
    QueueName::Import(shopify())
}

/// The queue of what goes to web shops.
pub(crate) fn push_queue() -> QueueName {
    QueueName::Push(shopify())
}

impl Shops {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            shopify: Arc::new(Mutex::new(Shopify::new(seed ^ 0x5409))),
            seen: BTreeMap::new(),
            changed_at: BTreeMap::new(),
            topics: 0,
            without_sync: BTreeMap::new(),
            last: BTreeMap::new(),
            forged: BTreeSet::new(),
        }
    }

    /// The ids that a shop has of its locations.
    pub(crate) fn place_ids(&self, store: Store) -> Vec<String> {
        let shops = lock(&self.shopify);
        let ids = (0..store.locations().len()).filter_map(|place| shops.location_id(store.domain(), place));
        ids.map(|id| id.to_string()).collect()
    }
}

impl World {
    /// Starts a job for each delivery that is due.
    pub(super) fn begin_deliveries(&mut self) {
        let now = Now::at(self.clock.true_now());
        let due = lock(&self.shops.shopify).take_webhooks(now);
        for webhook in due {
            if let Some(store) = Store::of_door(&webhook.uri) {
                self.shops.last.insert(store, webhook.clone());
            }
            self.start(Job::Door(Delivery { webhook, is_forged: false }));
        }
    }

    /// What becomes of a delivery's answer; none, if whoever took it crashed.
    pub(super) fn delivered(
        &mut self,
        task: TaskId,
        delivery: &Delivery,
        answer: Option<Result<Answer, String>>,
    ) {
        let status = match answer {
            Some(Ok(answer)) => answer.status(),
            Some(Err(error)) => {
                self.watch.look_at_text("an error", &error);
                500
            }
            None => 500,
        };
        let topic = delivery.webhook.topic;
        self.say(|| format!("task {task} ended: {topic}: {status}"));
        if delivery.is_forged {
            self.forged_answer(task, topic, status);
            return;
        }
        if status != 200 {
            let now = Now::at(self.clock.true_now());
            lock(&self.shops.shopify).webhook_failed(&delivery.webhook, now);
        } else if topic == "customers/redact" {
            self.acknowledged_redaction(&delivery.webhook);
        }
    }

    /// What was forged is not let in. (I39)
    pub(super) fn forged_answer(&mut self, task: TaskId, topic: &str, status: u16) {
        self.shops.forged.remove(&task);
        self.sometimes.reach(Situation::Forged);
        if status == 200 {
            self.watch.fail(format!("I39: a forged delivery of {topic} was let in"));
        }
    }

    fn acknowledged_redaction(&mut self, webhook: &Webhook) {
        let body = String::from_utf8_lossy(&webhook.body);
        let store = Store::of_door(&webhook.uri);
        for (id, seen) in &mut self.shops.seen {
            if store == Some(seen.store) && body.contains(&id.to_string()) {
                seen.is_redacted = true;
                self.sometimes.reach(Situation::Redacted);
            }
        }
    }

    /// What an effect means for web shops.
    pub(super) fn note_shop_effect(&mut self, effect: &Passed) {
        if self.shops.forged.contains(&effect.task) && effect.site != Site::WebhookRead {
            self.watch.fail(format!("I39: a forged delivery came as far as {:?}", effect.site));
        }
        if effect.site == Site::PushMake {
            self.note_push(effect);
        }
    }

    /// Nothing is brought to a shop whose connection is not at work or does not sync. Whoever had read that
    /// it does goes on. (I26)
    fn note_push(&mut self, effect: &Passed) {
        let Some(running) = self.running.get(&effect.task) else { return };
        let Job::Import(received) = &running.job else { return };
        let pushes = received.iter().filter_map(|received| super::jobs::push_of(&received.body));
        let from: BTreeSet<(OrganizationId, ConnectionId)> =
            pushes.filter_map(|push| Some((push.organization, push.order.source()?.0))).collect();
        let may_push = |(organization, id): &(OrganizationId, ConnectionId)| {
            let stored = self.ledger.peek(&Key::Connection(organization.clone(), id.clone()));
            let connection = match stored.as_deref().map(|stored| &stored.record) {
                Some(Record::Connection(connection)) => connection.clone(),
                _ => return false,
            };
            let since_of_shop = Store::of(id).and_then(|store| self.shops.without_sync.get(&store));
            let since = Outlet::of(id).and_then(|outlet| self.outlets.without_sync.get(&outlet));
            let is_new = since.or(since_of_shop).is_some_and(|at| *at >= running.began);
            let has_stopped = connection.deactivated_at.is_some_and(|at| at >= running.began);
            let has_failed = matches!(connection.status, ConnectionStatus::NeedsAttention(_));
            (connection.settings.shop.sync_fulfillment_status || is_new)
                && (connection.is_active() || has_stopped || (has_failed && Outlet::of(id).is_some()))
        };
        if !from.is_empty() && !from.iter().any(may_push) {
            self.watch.fail(format!("I26: {from:?} was pushed to and should not have been"));
        }
    }

    /// Something of the script happens in or around a shop.
    pub(super) fn shop_act(&mut self, number: usize, act: ShopAct) {
        if act.is_persons() {
            let now = self.clock.true_now();
            if let ShopAct::Restore(order) = act
                && let Some(seen) = self.shops.seen.get_mut(&id_of(order))
            {
                seen.may_be_back = true;
            }
            self.wanted.push((now, Act::Shop(number, act)));
            return;
        }
        let now = Now::at(self.clock.true_now());
        match act {
            ShopAct::Forge(store, way) => self.forge(store, way),
            ShopAct::DropSubscriptions(store) => {
                lock(&self.shops.shopify).drop_subscriptions(store.domain());
                self.sometimes.reach(Situation::SubscriptionsLost);
            }
            ShopAct::Uninstall(store) => {
                lock(&self.shops.shopify).uninstall(store.domain(), store.app(), now);
            }
            ShopAct::Install(store) => {
                let way = self.setup.script.shop.way;
                people::let_in(&mut lock(&self.shops.shopify), store, way, now);
            }
            ShopAct::ExpireTokens => lock(&self.shops.shopify).expire_access_tokens(),
            act => self.in_shop(&act, now),
        }
    }

    /// Something happens to an order at its shop.
    fn in_shop(&mut self, act: &ShopAct, now: Now) {
        let Some(number) = number_of(act) else { return };
        let Some(order) = self.setup.script.shop.orders.get(number).cloned() else { return };
        let (store, id) = (order.store, id_of(number));
        let mut shops = lock(&self.shops.shopify);
        let known = shops.order(id).cloned();
        let has_happened = match known {
            None => match act {
                ShopAct::Place(_) => shops.place_order(store.domain(), order.spec, now).is_some(),
                _ => false,
            },
            Some(known) => change(&mut shops, act, &known, now),
        };
        let after = shops.order(id).cloned();
        drop(shops);
        if !has_happened {
            return;
        }
        self.shops.changed_at.insert(store, now.wall);
        let from = self.orders_from(store);
        let seen = self.shops.seen.entry(id).or_insert_with(|| Seen::new(store));
        seen.note(act, after.as_ref(), from);
    }

    /// From when on a store's orders import by themselves.
    fn orders_from(&self, store: Store) -> Option<Timestamp> {
        let stored = self.ledger.peek(&Key::Connection(store.organization(), store.connection()))?;
        match &stored.record {
            Record::Connection(connection) => connection.orders_from,
            _ => None,
        }
    }

    /// Somebody sends what Shopify did not sign: other bytes, without a signature, or what was signed for
    /// another shop.
    fn forge(&mut self, store: Store, way: u8) {
        let other = Store::ALL.into_iter().find(|other| *other != store).unwrap_or(store);
        let from = if way == 2 { other } else { store };
        let Some(mut webhook) = self.shops.last.get(&from).cloned() else { return };
        match way {
            0 => webhook.body.push(b' '),
            1 => webhook.headers.retain(|(name, _)| !name.to_ascii_lowercase().contains("hmac")),
            _ => webhook.uri = store.door(),
        }
        self.start(Job::Door(Delivery { webhook, is_forged: true }));
    }

    pub(super) fn note_forged(&mut self, task: TaskId, job: &Job) {
        let is_forged = match job {
            Job::Door(delivery) => delivery.is_forged,
            Job::OutletDoor(delivery) => delivery.is_forged,
            _ => false,
        };
        if is_forged {
            self.shops.forged.insert(task);
        }
    }

    /// A person's act on a shop is done.
    pub(super) fn shop_act_done(&mut self, act: &ShopAct) {
        let now = self.clock.true_now();
        match act {
            ShopAct::Sync(store, false) => {
                self.shops.without_sync.insert(*store, now);
            }
            act => {
                if let Some(number) = act.order()
                    && let Some(order) = self.setup.script.shop.orders.get(number)
                {
                    let store = order.store;
                    let from = self.orders_from(store);
                    let after = lock(&self.shops.shopify).order(id_of(number)).cloned();
                    let seen = self.shops.seen.entry(id_of(number)).or_insert_with(|| Seen::new(store));
                    seen.note(act, after.as_ref(), from);
                }
            }
        }
    }

    /// What a person's act is about.
    pub(super) fn store_of(&self, act: &ShopAct) -> Option<Store> {
        let of_order = |number: usize| self.setup.script.shop.orders.get(number).map(|order| order.store);
        act.store().or_else(|| of_order(act.order()?))
    }

    /// When something of the shops is due.
    pub(super) fn next_delivery_at(&self) -> Option<Timestamp> {
        lock(&self.shops.shopify).next_webhook_at()
    }

    /// What of the web shops is not as it should be.
    pub(super) fn judge_shops(&self) -> Vec<String> {
        if !self.setup.script.shop.is_there {
            return Vec::new();
        }
        let facts = model::Facts {
            records: self.ledger.everything(),
            shopify: lock(&self.shops.shopify),
            seen: &self.shops.seen,
            without_sync: &self.shops.without_sync,
        };
        model::judge(&facts)
    }

    /// Whether a store's subscriptions are all there. (RELIABILITY 40)
    pub(super) fn is_subscribed(&self, store: Store) -> bool {
        lock(&self.shops.shopify).subscribed(store.domain()).len() >= self.shops.topics
    }

    /// The search of a store is behind if it has not come past the last change.
    pub(super) fn shop_changed_at(&self, account: &weir_domain::ids::AccountId) -> Option<Timestamp> {
        let is_it = |store: &Store| {
            let stored = self.ledger.peek(&Key::Connection(store.organization(), store.connection()));
            stored.is_some_and(|stored| match &stored.record {
                Record::Connection(connection) => connection.shared_account.as_ref() == Some(account),
                _ => false,
            })
        };
        let store = Store::ALL.into_iter().find(is_it)?;
        Some(self.shops.changed_at.get(&store).copied().unwrap_or(self.began))
    }
}

/// The order that an act at a shop is about.
const fn number_of(act: &ShopAct) -> Option<usize> {
    match act {
        ShopAct::Place(order)
        | ShopAct::Pay(order)
        | ShopAct::Hold(order)
        | ShopAct::Release(order)
        | ShopAct::SetQuantity(order, ..)
        | ShopAct::AddLine(order, ..)
        | ShopAct::Cancel(order)
        | ShopAct::RefundOpen(order, ..)
        | ShopAct::RefundAll(order)
        | ShopAct::Fulfil(order)
        | ShopAct::FulfilUnits(order, ..)
        | ShopAct::CancelFulfillment(order)
        | ShopAct::Track(order)
        | ShopAct::Return(order, ..)
        | ShopAct::Archive(order)
        | ShopAct::Move(order)
        | ShopAct::Split(order)
        | ShopAct::Touch(order)
        | ShopAct::Erase(order)
        | ShopAct::Redact(order) => Some(*order),
        _ => None,
    }
}

/// Changes an order; whether anything changed.
fn change(shops: &mut Shopify, act: &ShopAct, known: &TruthOrder, now: Now) -> bool {
    let id = known.id;
    let last = known.fulfillments.iter().rev().find(|made| !made.is_cancelled).map(|made| made.id);
    let refund = |lines: Vec<(usize, i64, Restock)>| RefundSpec { lines, ..RefundSpec::default() };
    match act {
        ShopAct::Pay(_) => shops.pay(id, now),
        ShopAct::Hold(_) => shops.hold(id, 0, "AWAITING_PAYMENT", None, now),
        ShopAct::Release(_) => shops.release(id, 0, now),
        ShopAct::SetQuantity(_, line, units) => shops.edit(id, &[Edit::SetQuantity(*line, *units)], now),
        ShopAct::AddLine(_, sku, units) => {
            shops.edit(id, &[Edit::Add(LineSpec::new(sku, *units, 1_250).taxed("VAT", 700))], now)
        }
        ShopAct::Cancel(_) => shops.cancel(id, now),
        ShopAct::RefundOpen(_, line, units) => {
            shops.refund(id, &refund(vec![(*line, *units, Restock::Cancel)]), now)
        }
        ShopAct::RefundAll(_) => {
            let lines = known.lines.iter().enumerate().flat_map(|(place, line)| {
                let shipped = known.shipped(place).min(line.current);
                let open = (place, line.current - shipped, Restock::Cancel);
                [open, (place, shipped, Restock::Nothing)]
            });
            let lines = lines.filter(|(_, units, _)| *units > 0).collect();
            let shipping =
                known.spec.shipping.as_ref().map_or(0, |shipping| shipping.price - shipping.discount);
            let shipping = shipping - known.shipping_refunded.0;
            shops.refund(id, &RefundSpec { shipping, ..refund(lines) }, now)
        }
        ShopAct::Fulfil(_) => shops.fulfill(id, Some(Parcel::new("DHL", "JD-1")), now),
        ShopAct::FulfilUnits(_, line, units) => shops.fulfill_units(id, *line, *units, None, now),
        ShopAct::CancelFulfillment(_) => last.is_some_and(|last| shops.cancel_fulfillment(id, last, now)),
        ShopAct::Track(_) => {
            last.is_some_and(|last| shops.track(id, last, vec![Parcel::new("DHL", "JD-2")], now))
        }
        ShopAct::Return(_, line, units) => {
            let opened = shops.open_return(id, &[(*line, *units)], now);
            opened.is_some_and(|opened| shops.process_return(id, opened, now))
        }
        ShopAct::Archive(_) => shops.archive(id, true, now),
        ShopAct::Move(_) => {
            let open = |part: &&weir_sandbox::shopify::TruthFulfillmentOrder| {
                part.lines.iter().any(|line| line.remaining > 0)
            };
            let Some(place) = known.fulfillment_orders.iter().position(|part| open(&part)) else {
                return false;
            };
            let to = 1 - known.fulfillment_orders[place].location.min(1);
            shops.move_to(id, place, to, now)
        }
        ShopAct::Split(_) => shops.split(id, 0, 0, 1, now),
        ShopAct::Touch(_) => shops.touch(id, now),
        ShopAct::Erase(_) => shops.delete(id, now),
        ShopAct::Redact(_) => {
            let customer = known.spec.buyer.as_ref().and_then(|buyer| buyer.customer).unwrap_or(0);
            let domain = known.shop.clone();
            shops.forget_buyer(id, now);
            shops.ask_for_privacy(&domain, "customers/redact", customer, &[id], now);
            true
        }
        _ => false,
    }
}

/// Takes a delivery to its door.
pub(super) async fn knock(hub: &Hub, delivery: &Delivery) -> Result<Answer, String> {
    let id = delivery.webhook.uri.rsplit('/').next().unwrap_or_default();
    let Ok(connection) = ConnectionId::parse(id) else { return Ok(Answer::Unverified) };
    let Delivery { webhook, .. } = delivery;
    let answer = webhook::receive(hub, &shopify(), &connection, &webhook.headers, &webhook.body).await;
    answer.map_err(|error| error.to_string())
}
