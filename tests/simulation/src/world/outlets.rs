//! The outlets of a world: what happens in them, what they deliver to the webhook doors, what they are told,
//! and what is remembered of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use jiff::SignedDuration;
use weir_app::{
    Hub,
    ports::{Key, QueueName, Record},
    webhook::{self, Answer},
};
use weir_channels::bigcommerce::{OWN_HEADER, SUBSCRIBED_SCOPES};
use weir_domain::{
    Timestamp,
    connection::ConnectionStatus,
    ids::{AccountId, ConnectionId},
    sales_order::SalesOrder,
};
use weir_sandbox::{
    Now,
    bigcommerce::{BigCommerce, LineSpec, Put, TruthOrder, Webhook, status},
};

use super::World;
use crate::{
    acts::Act,
    executor::{TaskId, lock},
    outlet::{
        acts::OutletAct,
        model::{self, Seen},
        outlets::{Outlet, bigcommerce},
    },
    shop::acts::Deed,
    sometimes::Situation,
    world::jobs::Job,
};

/// How old the state may be after which Weir completes an order: two minutes at work, the call on its way,
/// and its arrival after its answer was given up.
const DECIDED_BEFORE: SignedDuration = SignedDuration::from_mins(4);

/// The outlets.
pub(crate) struct Outlets {
    /// BigCommerce.
    pub(crate) bigcommerce: Arc<Mutex<BigCommerce>>,
    /// What is remembered of each order, by its number in the script.
    pub(crate) seen: BTreeMap<usize, Seen>,
    /// Outlets that did not tell each other for a while.
    pub(crate) without_sync: BTreeMap<Outlet, Timestamp>,
    /// When something changed in an outlet for the last time.
    changed_at: BTreeMap<Outlet, Timestamp>,
    /// The last delivery to each door, to forge others of.
    last: BTreeMap<Outlet, Webhook>,
    /// How many of the statuses that Weir put were looked at.
    puts: usize,
}

/// A delivery on its way to a door.
#[derive(Clone, Debug)]
pub(crate) struct OutletDelivery {
    pub(crate) webhook: Webhook,
    pub(crate) is_forged: bool,
}

/// The queue of signals of outlets.
pub(crate) fn import_queue() -> QueueName {
    QueueName::Import(bigcommerce())
}

/// The queue of what goes to outlets.
pub(crate) fn push_queue() -> QueueName {
    QueueName::Push(bigcommerce())
}

impl Outlets {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            bigcommerce: Arc::new(Mutex::new(BigCommerce::new(seed ^ 0xB16C))),
            seen: BTreeMap::new(),
            without_sync: BTreeMap::new(),
            changed_at: BTreeMap::new(),
            last: BTreeMap::new(),
            puts: 0,
        }
    }
}

impl World {
    /// Starts a job for each delivery of an outlet that is due.
    pub(super) fn begin_outlet_deliveries(&mut self) {
        let now = Now::at(self.clock.true_now());
        let due = lock(&self.outlets.bigcommerce).take_webhooks(now);
        for webhook in due {
            if let Some(outlet) = Outlet::of_door(&webhook.destination) {
                self.outlets.last.insert(outlet, webhook.clone());
            }
            self.start(Job::OutletDoor(OutletDelivery { webhook, is_forged: false }));
        }
    }

    /// What becomes of a delivery's answer; none, if whoever took it crashed.
    pub(super) fn outlet_delivered(
        &mut self,
        task: TaskId,
        delivery: &OutletDelivery,
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
        let scope = delivery.webhook.scope;
        self.say(|| format!("task {task} ended: {scope}: {status}"));
        if delivery.is_forged {
            self.forged_answer(task, scope, status);
            return;
        }
        let now = Now::at(self.clock.true_now());
        lock(&self.outlets.bigcommerce).webhook_answered(&delivery.webhook, status == 200, now);
    }

    /// Something of the script happens in or around an outlet.
    pub(super) fn outlet_act(&mut self, number: usize, act: OutletAct) {
        let now = Now::at(self.clock.true_now());
        let mut stores = lock(&self.outlets.bigcommerce);
        match act {
            OutletAct::Order(order, deed) => {
                drop(stores);
                if matches!(deed, Deed::Restore)
                    && let Some(seen) = self.outlets.seen.get_mut(&order)
                {
                    seen.may_be_back = true;
                }
                self.wanted.push((now.wall, Act::Outlet(number, OutletAct::Order(order, deed))));
            }
            OutletAct::Connection(..) => {
                drop(stores);
                self.wanted.push((now.wall, Act::Outlet(number, act)));
            }
            OutletAct::Forge(outlet, way) => {
                drop(stores);
                self.forge_delivery(outlet, way);
            }
            OutletAct::DropHooks(outlet) => stores.drop_hooks(outlet.word()),
            OutletAct::SwitchOffHooks(outlet) => {
                stores.switch_off_hooks(outlet.word());
                drop(stores);
                self.sometimes.reach(Situation::HooksSwitchedOff);
            }
            OutletAct::Uninstall(outlet) => stores.uninstall(outlet.word(), now),
            OutletAct::Install(outlet) => stores.install(outlet.word()),
            act => {
                drop(stores);
                self.in_outlet(&act, now);
            }
        }
    }

    /// Something happens to an order in its store.
    fn in_outlet(&mut self, act: &OutletAct, now: Now) {
        let Some(number) = act.in_store() else { return };
        let Some(order) = self.setup.script.outlet.orders.get(number).cloned() else { return };
        let (outlet, hash) = (order.outlet, order.outlet.word());
        let mut stores = lock(&self.outlets.bigcommerce);
        let id = match (act, self.outlets.seen.get(&number)) {
            (OutletAct::Place(_), None) => stores.place_order(hash, order.spec, now),
            (OutletAct::Place(_), Some(_)) | (_, None) => None,
            (act, Some(seen)) => change(&mut stores, hash, seen.id, act, now).then_some(seen.id),
        };
        let Some((id, truth)) = id.and_then(|id| Some((id, stores.order(hash, id)?.clone()))) else { return };
        drop(stores);
        self.outlets.changed_at.insert(outlet, now.wall);
        let seen = self.outlets.seen.entry(number).or_insert_with(|| Seen::new(outlet, id, now.wall));
        seen.note(act, &truth, now.wall);
    }

    /// Somebody sends what BigCommerce did not: other bytes, without anything that shows who sends it, or
    /// what was meant for the other outlet.
    fn forge_delivery(&mut self, outlet: Outlet, way: u8) {
        let other = Outlet::ALL.into_iter().find(|other| *other != outlet).unwrap_or(outlet);
        let from = if way == 2 { other } else { outlet };
        let Some(mut webhook) = self.outlets.last.get(&from).cloned() else { return };
        match way {
            0 => {
                webhook.body.push(b' ');
                webhook.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(OWN_HEADER));
            }
            1 => webhook.headers.clear(),
            _ => webhook.destination = outlet.door(),
        }
        self.start(Job::OutletDoor(OutletDelivery { webhook, is_forged: true }));
    }

    /// A person's act on an outlet is done.
    pub(super) fn outlet_act_done(&mut self, act: &OutletAct) {
        let now = self.clock.true_now();
        match act {
            OutletAct::Connection(outlet, Deed::Sync(false)) => {
                self.outlets.without_sync.insert(*outlet, now);
            }
            OutletAct::Order(number, _) => {
                let Some(seen) = self.outlets.seen.get_mut(number) else { return };
                let stores = lock(&self.outlets.bigcommerce);
                if let Some(truth) = stores.order(seen.outlet.word(), seen.id) {
                    seen.note(act, truth, now);
                }
            }
            _ => {}
        }
    }

    /// What a person's act is about.
    pub(super) fn outlet_of(&self, act: &OutletAct) -> Option<Outlet> {
        let of_order = |number: usize| self.setup.script.outlet.orders.get(number).map(|order| order.outlet);
        act.connection().or_else(|| of_order(act.order()?))
    }

    /// When something of the outlets is due.
    pub(super) fn next_outlet_delivery_at(&self) -> Option<Timestamp> {
        lock(&self.outlets.bigcommerce).next_webhook_at()
    }

    /// Looks at what was put in the stores since the last time. (SPEC KB-10)
    pub(super) fn look_at_puts(&mut self) {
        let puts =
            lock(&self.outlets.bigcommerce).puts().get(self.outlets.puts..).unwrap_or_default().to_vec();
        self.outlets.puts += puts.len();
        for put in puts {
            self.sometimes.reach(Situation::CompletedHere);
            if let Err(what) = self.judge_put(&put) {
                self.watch.fail(format!("KB-10: order {} of {}: {what}", put.order, put.store));
            }
        }
    }

    /// An order is completed once, and only as long as its store and the books here allow it, for all that
    /// could be known when that was decided.
    fn judge_put(&mut self, put: &Put) -> Result<(), String> {
        let of_put = |seen: &&mut Seen| seen.outlet.word() == put.store && seen.id == put.order;
        let Some(seen) = self.outlets.seen.values_mut().find(of_put) else {
            return Err("it was completed, and nobody placed it".to_owned());
        };
        let is_settled = put.at.duration_since(seen.changed_at) > DECIDED_BEFORE;
        let was_put = seen.put_at.replace(put.at).is_some();
        seen.was_put = true;
        if put.after != status::COMPLETED {
            return Err(format!("its status was put to {}", put.after));
        }
        if was_put || (put.before == status::COMPLETED && is_settled) {
            return Err("it was completed a second time".to_owned());
        }
        let key = Key::Order(seen.outlet.organization(), seen.outlet.sales_order(seen.id));
        let stored = self.ledger.peek(&key);
        let Some(Record::Order(order)) = stored.as_deref().map(|stored| &stored.record) else {
            return Err("it was completed, and is not in".to_owned());
        };
        let stores = lock(&self.outlets.bigcommerce);
        let Some(truth) = stores.order(&put.store, put.order) else { return Ok(()) };
        if is_settled && (model::is_unfit(put.before) || truth.is_archived) {
            return Err(format!("it was completed, and its status was {}", put.before));
        }
        match truth.lines.iter().find(|line| is_settled && is_open(order, line.id, model::standing(line))) {
            Some(line) => Err(format!("it was completed, and units of line {} are open here", line.id)),
            None => Ok(()),
        }
    }

    /// What of the outlets is not as it should be.
    pub(super) fn judge_outlets(&self) -> Vec<String> {
        if !self.setup.script.outlet.is_there {
            return Vec::new();
        }
        let facts = model::Facts {
            records: self.ledger.everything(),
            stores: lock(&self.outlets.bigcommerce),
            seen: &self.outlets.seen,
            without_sync: &self.outlets.without_sync,
        };
        model::judge(&facts)
    }

    /// Whether an outlet's hooks are all there and on. (RELIABILITY 40)
    pub(super) fn is_hooked(&self, outlet: Outlet) -> bool {
        let stores = lock(&self.outlets.bigcommerce);
        let (hooks, door) = (stores.hooks_of(outlet.word()), outlet.door());
        let is_on = |scope: &str| {
            hooks.iter().any(|(of, destination, is_on)| *of == scope && *destination == door && *is_on)
        };
        SUBSCRIBED_SCOPES.into_iter().all(is_on)
    }

    /// The search of an outlet is behind if it has not come past the last change.
    pub(super) fn outlet_changed_at(&self, account: &AccountId) -> Option<Timestamp> {
        let is_it = |outlet: &Outlet| {
            let stored = self.ledger.peek(&Key::Connection(outlet.organization(), outlet.connection()));
            stored.is_some_and(|stored| match &stored.record {
                Record::Connection(connection) => connection.shared_account.as_ref() == Some(account),
                _ => false,
            })
        };
        let outlet = Outlet::ALL.into_iter().find(is_it)?;
        Some(self.outlets.changed_at.get(&outlet).copied().unwrap_or(self.began))
    }

    /// A token that was refused twice in a row stops its connection, and nobody can renew it: somebody
    /// enters it again.
    pub(super) fn mend_outlets(&mut self) {
        let number = self.setup.script.outlet.acts.len();
        for outlet in Outlet::ALL.into_iter().filter(|_| self.setup.script.outlet.is_there) {
            let stored = self.ledger.peek(&Key::Connection(outlet.organization(), outlet.connection()));
            let needs = stored.is_some_and(|stored| match &stored.record {
                Record::Connection(connection) => {
                    matches!(connection.status, ConnectionStatus::NeedsAttention(_))
                }
                _ => false,
            });
            let is_wanted = self
                .wanted
                .iter()
                .any(|(_, act)| matches!(act, Act::Outlet(_, act) if act.connection() == Some(outlet)));
            if needs && !is_wanted {
                let act = OutletAct::Connection(outlet, Deed::Reauthorize);
                self.wanted.push((self.clock.true_now(), Act::Outlet(number, act)));
            }
        }
    }

    /// The stores' side of the end state.
    pub(super) fn outlet_lines(&self) -> Vec<String> {
        let stores = lock(&self.outlets.bigcommerce);
        let of_order = |seen: &Seen| {
            let truth = stores.order(seen.outlet.word(), seen.id)?;
            Some(format!("in its store {}: status {}", seen.outlet.sales_order(seen.id), truth.status))
        };
        self.outlets.seen.values().filter_map(of_order).collect()
    }
}

/// Whether not all of a line's standing units were delivered here.
fn is_open(order: &SalesOrder, line: u64, standing: i64) -> bool {
    let line = line.to_string();
    let row = order.rows.iter().find(|row| row.channel_line_id.as_deref() == Some(&line));
    row.map_or(0, |row| row.delivered_quantity) < standing
}

/// Changes an order; whether anything changed.
fn change(stores: &mut BigCommerce, hash: &str, id: u64, act: &OutletAct, now: Now) -> bool {
    let lines = |order: Option<&TruthOrder>| order.map_or(0, |order| order.lines.len());
    match act {
        OutletAct::Status(_, status) => stores.set_status(hash, id, *status, now),
        OutletAct::Ship(_, line, units) => stores.ship(hash, id, *line, *units, now),
        OutletAct::Refund(_, line, units) => stores.refund(hash, id, &[(*line, *units)], 0, now),
        OutletAct::RefundAll(_) => {
            let all: Vec<(usize, i64)> =
                (0..lines(stores.order(hash, id))).map(|line| (line, i64::MAX / 2)).collect();
            let is_done = stores.refund(hash, id, &all, 0, now);
            let rest = stores.order(hash, id).map_or(0, TruthOrder::total);
            is_done && (rest == 0 || stores.refund(hash, id, &[], rest, now))
        }
        OutletAct::SetQuantity(_, line, units) => stores.set_quantity(hash, id, *line, *units, now),
        OutletAct::AddLine(_, sku, units) => {
            stores.add_line(hash, id, &LineSpec::new(sku, *units, 1_250).taxed(700), now)
        }
        OutletAct::Archive(_) => stores.archive(hash, id, now),
        _ => false,
    }
}

/// Takes a delivery to its door.
pub(super) async fn knock(hub: &Hub, delivery: &OutletDelivery) -> Result<Answer, String> {
    let OutletDelivery { webhook, .. } = delivery;
    let id = webhook.destination.rsplit('/').next().unwrap_or_default();
    let Ok(connection) = ConnectionId::parse(id) else { return Ok(Answer::Unverified) };
    let answer = webhook::receive(hub, &bigcommerce(), &connection, &webhook.headers, &webhook.body).await;
    answer.map_err(|error| error.to_string())
}
