//! The invocations: what starts which function, with what, and what becomes of its answer. As
//! Lambda, SQS and the table's stream do it.

use jiff::SignedDuration;
use weir_app::{
    Hub, dispatch,
    flow::FlowError,
    import_order::{self, Ended},
    message::{Message, Push, Signal, SignalCause},
    notify, poll,
    ports::QueueName,
    push::Pushed,
    sweep,
    webhook::Answer,
};
use weir_domain::{
    event::Effect,
    ids::SalesOrderId,
    outcome::{OutcomeKind, ReasonCode},
};
use weir_sandbox::{
    amazon::{LineSpec, Now, Status},
    fake::Received,
};

use super::{
    IMPORTERS, Running, STREAM_TRIES, VISIBILITY, World, import_queue, notice_queue,
    outlets::{self, OutletDelivery},
    shops::{self, Delivery},
};
use crate::{
    acts::Act,
    executor::{TaskId, lock},
    outlet::{acts::OutletAct, outlets::Outlet},
    people,
    places::{CLIENT_ID, Place, QUEUE_ARN, SELLER_A, amazon},
    shop::{
        self,
        acts::{Deed, ShopAct},
        people::Wish,
        stores::id_of,
    },
    sometimes::Situation,
};

/// Messages of one batch at most.
const BATCH: u64 = 10;
/// How soon a person tries again what did not work.
const PERSON_AGAIN: SignedDuration = SignedDuration::from_secs(45);

/// What a task is at.
#[derive(Clone, Debug)]
pub(super) enum Job {
    Tick,
    Sweep,
    Import(Vec<Received>),
    Notices(Vec<Received>),
    Dispatch(usize),
    Person(Act),
    /// A web shop's delivery to a webhook door.
    Door(Delivery),
    /// An outlet's.
    OutletDoor(OutletDelivery),
}

/// What a task answered.
pub(super) enum Done {
    Tick(Result<(), FlowError>),
    Sweep(Result<(), FlowError>),
    Import(Vec<Result<Ended, String>>),
    Notices(Vec<Result<(), String>>),
    Dispatch(Result<(), FlowError>),
    /// Whether it is done; else it is tried again later.
    Person(Result<bool, String>),
    Door(Result<Answer, String>),
}

impl World {
    /// Starts everything whose time has come.
    pub(super) fn begin_what_is_due(&mut self) {
        let now = self.clock.true_now();
        while let Some((after, act)) = self.setup.script.acts.get(self.acts_done).cloned()
            && self.began + after <= now
        {
            self.acts_done += 1;
            self.say(|| format!("act: {act:?}"));
            self.act(act);
        }
        if self.next_minute <= now {
            self.next_minute += SignedDuration::from_mins(1);
            self.minute();
        }
        self.begin_imports(&import_queue());
        if self.setup.script.shop.is_there {
            self.begin_imports(&shops::import_queue());
            self.begin_imports(&shops::push_queue());
            self.begin_deliveries();
        }
        if self.setup.script.outlet.is_there {
            self.begin_imports(&outlets::import_queue());
            self.begin_imports(&outlets::push_queue());
            self.begin_outlet_deliveries();
        }
        if !self.is_running(|job| matches!(job, Job::Notices(_))) {
            let received = self.queue.receive(&notice_queue(), 10, VISIBILITY);
            if !received.is_empty() {
                self.start(Job::Notices(received));
            }
        }
        if self.stream_place < self.ledger.stream_len()
            && self.stream_at <= now
            && !self.is_running(|job| matches!(job, Job::Dispatch(_)))
        {
            let waiting = self.ledger.stream_len() - self.stream_place;
            self.start(Job::Dispatch(waiting.min(10)));
        }
        let wanted = std::mem::take(&mut self.wanted);
        for (at, act) in wanted {
            if at <= now && !self.has_to_wait(&act) {
                self.start(Job::Person(act));
            } else {
                self.wanted.push((at, act));
            }
        }
    }

    /// A person does one thing after the other with the same connection or lock date.
    fn has_to_wait(&self, act: &Act) -> bool {
        let Some(subject) = act.subject() else { return false };
        let of_it = |other: &Act| other.subject() == Some(subject);
        self.wanted.iter().any(|(_, other)| of_it(other))
            || self.is_running(|job| matches!(job, Job::Person(other) if of_it(other)))
    }

    fn begin_imports(&mut self, queue: &QueueName) {
        let at_work = self.running.values().filter(|running| running.job.imports_from(queue)).count();
        // Zombies hold no slot: Lambda has given them up.
        if at_work >= IMPORTERS + 6 || self.fresh_imports(queue) >= IMPORTERS {
            return;
        }
        if self.queue.depth(queue) == 0 {
            return;
        }
        let size = if self.setup.shuffled { 1 + self.dice.below(BATCH) } else { BATCH };
        let received = self.queue.receive(queue, usize::try_from(size).unwrap_or(1), VISIBILITY);
        if received.is_empty() {
            return;
        }
        self.note_overlaps(&received);
        self.start(Job::Import(received));
    }

    fn fresh_imports(&self, queue: &QueueName) -> usize {
        let now = self.clock.true_now();
        let is_fresh = |running: &&Running| {
            running.job.imports_from(queue)
                && now.duration_since(running.began) < SignedDuration::from_secs(60)
        };
        self.running.values().filter(is_fresh).count()
    }

    fn note_overlaps(&mut self, received: &[Received]) {
        let orders = |received: &[Received]| -> Vec<SalesOrderId> {
            received
                .iter()
                .filter_map(|received| signal_of(&received.body))
                .map(|signal| signal.order())
                .collect()
        };
        let mine = orders(received);
        let mut reached = Vec::new();
        for running in self.running.values() {
            let Job::Import(theirs) = &running.job else { continue };
            reached.push(Situation::TwoBatches);
            if theirs.iter().any(|theirs| received.iter().any(|mine| mine.number == theirs.number)) {
                reached.push(Situation::Zombie);
            }
            if orders(theirs).iter().any(|order| mine.contains(order)) {
                reached.push(Situation::OneOrderTwice);
            }
        }
        for situation in reached {
            self.sometimes.reach(situation);
        }
    }

    /// A scheduler's minute: a tick, and now and then a sweep. Either may not come, or come twice.
    fn minute(&mut self) {
        self.minutes += 1;
        let (missed, doubled) = if self.is_calm { (0, 0) } else { self.setup.odd_ticks };
        if !self.dice.hits(missed) {
            self.start(Job::Tick);
            if self.dice.hits(doubled) {
                self.start(Job::Tick);
            }
        }
        if self.minutes.is_multiple_of(self.setup.sweep_minutes) && !self.dice.hits(missed) {
            self.start(Job::Sweep);
            if self.dice.hits(doubled) {
                self.start(Job::Sweep);
            }
        }
    }

    fn is_running(&self, what: impl Fn(&Job) -> bool) -> bool {
        self.running.values().any(|running| what(&running.job))
    }

    pub(super) fn start(&mut self, job: Job) {
        if matches!(job, Job::Tick) && self.is_running(|job| matches!(job, Job::Tick)) {
            self.sometimes.reach(Situation::TwoTicks);
        }
        let skew = self.draw_skew(&job);
        let hub = self.hub.clone();
        let items = match &job {
            Job::Dispatch(count) => self.ledger.stream_from(self.stream_place, *count),
            Job::Tick
            | Job::Sweep
            | Job::Import(_)
            | Job::Notices(_)
            | Job::Person(_)
            | Job::Door(_)
            | Job::OutletDoor(_) => Vec::new(),
        };
        let order = match &job {
            Job::Person(Act::Delete(order) | Act::Ask(order)) => self.order_key(*order),
            _ => None,
        };
        let (work, wish) = (job.clone(), self.wish(&job));
        let task = self.executor.start(Box::pin(async move {
            match work {
                Job::Tick => Done::Tick(poll::tick(&hub).await.map(drop)),
                Job::Sweep => Done::Sweep(sweep::sweep(&hub).await.map(drop)),
                Job::Import(received) => Done::Import(import(&hub, &received).await),
                Job::Notices(received) => Done::Notices(notices(&hub, &received).await),
                Job::Dispatch(_) => {
                    let items: Vec<_> = items.into_iter().map(|item| (item.key, item.effect)).collect();
                    Done::Dispatch(dispatch::dispatch(&hub, &items).await)
                }
                Job::Person(Act::Shop(..) | Act::Outlet(..)) => {
                    let Some(wish) = wish else { return Done::Person(Ok(true)) };
                    Done::Person(shop::people::act(&hub, &wish).await.map_err(|error| error.to_string()))
                }
                Job::Person(act) => Done::Person(people::act(&hub, &act, order.as_ref()).await),
                Job::Door(delivery) => Done::Door(shops::knock(&hub, &delivery).await),
                Job::OutletDoor(delivery) => Done::Door(outlets::knock(&hub, &delivery).await),
            }
        }));
        self.say(|| format!("task {task} begins: {}", job.text()));
        self.note_forged(task, &job);
        self.running.insert(task, Running { job, skew, began: self.clock.true_now() });
    }

    /// What a person wants of a web shop or an outlet.
    fn wish(&self, job: &Job) -> Option<Wish> {
        match job {
            Job::Person(Act::Shop(number, act)) => {
                let store = self.store_of(act)?;
                Some(Wish {
                    deed: act.deed()?,
                    organization: store.organization(),
                    connection: store.connection(),
                    credentials: store.credentials(self.setup.script.shop.way),
                    order: act.order().map(|order| store.sales_order(id_of(order))),
                    number: *number,
                })
            }
            Job::Person(Act::Outlet(number, act)) => {
                let outlet = self.outlet_of(act)?;
                // An order that was not placed yet is none that could be meant.
                let order = act.order().map(|order| self.outlets.seen.get(&order).map_or(0, |seen| seen.id));
                Some(Wish {
                    deed: act.deed()?.clone(),
                    organization: outlet.organization(),
                    connection: outlet.connection(),
                    credentials: outlet.credentials(),
                    order: order.map(|id| outlet.sales_order(id)),
                    number: *number,
                })
            }
            _ => None,
        }
    }

    fn draw_skew(&mut self, job: &Job) -> SignedDuration {
        let most = self.setup.skew.as_secs();
        if most == 0 || self.is_calm || matches!(job, Job::Person(_)) {
            return SignedDuration::ZERO;
        }
        let drawn = i64::try_from(self.dice.below(2 * most.unsigned_abs() + 1)).unwrap_or(0) - most;
        if drawn.abs() > 120 {
            self.sometimes.reach(Situation::Skewed);
        }
        SignedDuration::from_secs(drawn)
    }

    /// What becomes of a task's answer; nothing, if it crashed.
    pub(super) fn ended(&mut self, task: TaskId, running: Option<Running>, done: Option<Done>) {
        let Some(running) = running else { return };
        let now = self.clock.true_now();
        match (running.job, done) {
            (job @ (Job::Tick | Job::Sweep), Some(Done::Tick(result) | Done::Sweep(result))) => {
                if let Err(error) = result {
                    self.watch.look_at_text("an error", &error.to_string());
                    self.say(|| format!("task {task} ended: {} failed: {error}", job.text()));
                }
            }
            (Job::Import(received), Some(Done::Import(results))) => {
                for (received, result) in received.iter().zip(results) {
                    self.imported(received, result);
                }
            }
            (Job::Notices(received), Some(Done::Notices(results))) => {
                for (received, result) in received.iter().zip(results) {
                    self.finished(received, result);
                }
            }
            (Job::Dispatch(count), Some(Done::Dispatch(Ok(())))) => {
                self.stream_place += count;
                self.stream_tries = 0;
            }
            (Job::Dispatch(count), _) => {
                self.stream_tries += 1;
                self.stream_at = now + SignedDuration::from_secs(2 << self.stream_tries.min(4));
                if self.stream_tries >= STREAM_TRIES {
                    self.sometimes.reach(Situation::StreamGaveUp);
                    self.say(|| format!("the stream gives up on {count} items"));
                    self.stream_place += count;
                    self.stream_tries = 0;
                }
            }
            (Job::Door(delivery), done) => {
                let answer = match done {
                    Some(Done::Door(answer)) => Some(answer),
                    Some(_) | None => None,
                };
                self.delivered(task, &delivery, answer);
            }
            (Job::OutletDoor(delivery), done) => {
                let answer = match done {
                    Some(Done::Door(answer)) => Some(answer),
                    Some(_) | None => None,
                };
                self.outlet_delivered(task, &delivery, answer);
            }
            (Job::Person(act), Some(Done::Person(Ok(true)))) => {
                self.say(|| format!("task {task} ended: {act:?} is done"));
                if let Act::Shop(_, act) = &act {
                    self.shop_act_done(act);
                }
                if let Act::Outlet(_, act) = &act {
                    self.outlet_act_done(act);
                }
                if let Act::Delete(order) = act {
                    self.deleted.extend(self.order_key(order));
                }
            }
            (Job::Person(act), done) => {
                if let Some(Done::Person(Err(error))) = &done {
                    self.watch.look_at_text("an error", error);
                    self.say(|| format!("task {task} ended: {act:?}: {error}"));
                }
                // In the calm nobody waits any more for an order that is not as it was wanted.
                let is_over = self.is_calm && act.is_of_shop_order();
                if !is_over {
                    self.wanted.insert(0, (now + PERSON_AGAIN, act));
                }
            }
            (job, _) => self.say(|| format!("task {task} crashed: {}", job.text())),
        }
    }

    fn imported(&mut self, received: &Received, result: Result<Ended, String>) {
        let signal = signal_of(&received.body);
        if let Ok(ended) = &result {
            match ended {
                Ended::Told => {}
                Ended::Pushed(Pushed::Made(_)) => self.sometimes.reach(Situation::PushMade),
                Ended::Pushed(Pushed::Nothing) => self.sometimes.reach(Situation::PushNothing),
                Ended::Pushed(Pushed::Refused) => {
                    let of_outlet = push_of(&received.body).and_then(|push| Outlet::of_order(&push.order));
                    let is_left = of_outlet.is_some();
                    self.sometimes.reach(if is_left {
                        Situation::LeftInStore
                    } else {
                        Situation::PushRefused
                    });
                }
                Ended::Parked(_) => self.sometimes.reach(Situation::Parked),
                Ended::Decided(kind, code) => {
                    if signal.as_ref().is_some_and(|signal| signal.cause == SignalCause::Sweep) {
                        self.sometimes.reach(Situation::ParkedWoken);
                    }
                    match (kind, code) {
                        (OutcomeKind::Unchanged, ReasonCode::OlderThanKnown) => {
                            self.sometimes.reach(Situation::OlderState);
                        }
                        (OutcomeKind::Unchanged, ReasonCode::ProtectedNeverChanges) => {
                            self.sometimes.reach(Situation::ProtectedStays);
                        }
                        (OutcomeKind::Unchanged, ReasonCode::DeliveredNeverChanges) => {
                            self.sometimes.reach(Situation::NothingToChange);
                        }
                        _ => {}
                    }
                }
                Ended::Rechecked(_) => {}
            }
            if let Some(signal) = &signal {
                self.watch.acknowledged(&self.ledger, signal);
            }
        }
        let result = result.map(|ended| {
            self.say(|| {
                format!("signal {:?}: {ended:?}", signal.as_ref().map(|s| s.channel_order_id.as_str()))
            });
        });
        self.finished(received, result);
    }

    /// A message's end: gone, or back in the queue.
    fn finished(&mut self, received: &Received, result: Result<(), String>) {
        if self.queue.is_void(received) {
            self.sometimes.reach(Situation::ZombieEnded);
        }
        match result {
            Ok(()) => self.queue.delete(received),
            Err(error) => {
                self.watch.look_at_text("an error", &error);
                self.say(|| format!("message {} (try {}): {error}", received.number, received.attempts));
                self.queue.fail(received, &error, VISIBILITY);
            }
        }
    }

    /// Something of the script happens.
    fn act(&mut self, act: Act) {
        let now = Now::at(self.clock.true_now());
        match act {
            Act::Order(number) => {
                let Some(order) = self.setup.script.orders.get(number).cloned() else { return };
                let id = lock(&self.amazon).place_order(order.place.seller(), order.spec, now);
                self.ids.insert(number, id);
            }
            Act::Pay(order) => self.change(order, |amazon, id| amazon.release(id, now)),
            Act::Ship(order) => {
                self.change(order, |amazon, id| amazon.ship(id, now));
                let place = self.setup.script.orders.get(order).map(|order| order.place);
                if place.is_some_and(|place| people::is_inactive(&self.ledger, place)) {
                    self.sometimes.reach(Situation::Deactivated);
                }
            }
            Act::ShipPart(order, units) => {
                self.change(order, |amazon, id| amazon.ship_partially(id, 0, units, now))
            }
            Act::Cancel(order) => self.change(order, |amazon, id| amazon.cancel(id, now)),
            Act::Touch(order) => self.change(order, |amazon, id| amazon.touch(id, now)),
            Act::Heal(order) => self.change(order, |amazon, id| amazon.heal(id, now)),
            Act::Raise(order) => self.edit(order, |line| line.unit_price += 7),
            Act::Lessen(order) => {
                self.edit(order, |line| line.quantity = line.quantity.saturating_sub(1).max(1))
            }
            Act::ExpireTokens => lock(&self.amazon).expire_access_tokens(),
            Act::Revoke => lock(&self.amazon).revoke(SELLER_A),
            Act::Restore => {
                let mut amazon = lock(&self.amazon);
                amazon.restore(SELLER_A);
                if !self.setup.script.is_silent {
                    amazon.subscribe(SELLER_A, CLIENT_ID, QUEUE_ARN);
                }
            }
            Act::Poison => self.queue.put(&import_queue(), people::poison()),
            Act::Shop(number, act) => self.shop_act(number, act),
            Act::Outlet(number, act) => self.outlet_act(number, act),
            Act::Reauthorize(_)
            | Act::Deactivate(_)
            | Act::Activate(_)
            | Act::Backfill(_)
            | Act::Test(_)
            | Act::MakeVariant(..)
            | Act::MakeAlias(..)
            | Act::Lock
            | Act::Unlock
            | Act::Delete(_)
            | Act::Ask(_) => self.wanted.push((now.wall, act)),
        }
    }

    fn edit(&mut self, order: usize, edit: impl FnOnce(&mut LineSpec)) {
        let now = Now::at(self.clock.true_now());
        self.change(order, |amazon, id| amazon.edit(id, now, |spec| spec.lines.first_mut().map_or((), edit)));
    }

    /// Changes an order at Amazon, and remembers how it is since it shipped.
    fn change(&mut self, order: usize, change: impl FnOnce(&mut weir_sandbox::amazon::Amazon, &str) -> bool) {
        let Some(id) = self.ids.get(&order).cloned() else { return };
        self.changed_at = self.clock.true_now();
        let mut amazon = lock(&self.amazon);
        change(&mut amazon, &id);
        if let Some(order) = amazon.order(&id)
            && order.state.status == Status::Shipped
        {
            let state = order.state.clone();
            self.states.entry(id).or_default().push(state);
        }
    }
}

impl Job {
    /// Whether it is a batch of this queue.
    fn imports_from(&self, queue: &QueueName) -> bool {
        match self {
            Self::Import(received) => received.first().is_some_and(|received| received.queue == *queue),
            Self::Tick
            | Self::Sweep
            | Self::Notices(_)
            | Self::Dispatch(_)
            | Self::Person(_)
            | Self::Door(_)
            | Self::OutletDoor(_) => false,
        }
    }

    /// Whether it is a person who brings a deleted order back.
    pub(super) const fn restores(&self) -> bool {
        matches!(
            self,
            Self::Person(
                Act::Shop(_, ShopAct::Restore(_)) | Act::Outlet(_, OutletAct::Order(_, Deed::Restore))
            )
        )
    }

    fn text(&self) -> String {
        match self {
            Self::Tick => "tick".to_owned(),
            Self::Sweep => "sweep".to_owned(),
            Self::Import(received) => {
                let orders: Vec<String> = received
                    .iter()
                    .map(|received| match signal_of(&received.body) {
                        Some(signal) => format!("{} ({})", signal.channel_order_id, signal.cause.as_str()),
                        None => received.body.chars().take(160).collect(),
                    })
                    .collect();
                format!("import of {}", orders.join(", "))
            }
            Self::Notices(received) => format!("{} notices", received.len()),
            Self::Dispatch(count) => format!("dispatch of {count}"),
            Self::Person(act) => format!("a person: {act:?}"),
            Self::Door(delivery) => {
                let Delivery { webhook, is_forged } = delivery;
                let forged = if *is_forged { ", forged" } else { "" };
                format!("delivery of {}{forged}", webhook.topic)
            }
            Self::OutletDoor(delivery) => {
                let OutletDelivery { webhook, is_forged } = delivery;
                let forged = if *is_forged { ", forged" } else { "" };
                format!("delivery of {}{forged}", webhook.scope)
            }
        }
    }
}

/// The signal in a message, if it is one.
pub(crate) fn signal_of(body: &str) -> Option<Signal> {
    match Message::from_json(body).ok()? {
        Message::Look(signal) => Some(signal),
        Message::Recheck(_) | Message::Told(_) | Message::Push(_) => None,
    }
}

/// The push in a message, if it is one.
pub(super) fn push_of(body: &str) -> Option<Push> {
    match Message::from_json(body).ok()? {
        Message::Push(push) => Some(push),
        Message::Look(_) | Message::Recheck(_) | Message::Told(_) => None,
    }
}

/// A batch of signals, one after the other; what went wrong is said of each.
async fn import(hub: &Hub, received: &[Received]) -> Vec<Result<Ended, String>> {
    let mut results = Vec::new();
    for received in received {
        let result = match Message::from_json(&received.body) {
            Ok(message) => import_order::handle(hub, &message).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        results.push(result);
    }
    results
}

async fn notices(hub: &Hub, received: &[Received]) -> Vec<Result<(), String>> {
    let mut results = Vec::new();
    for received in received {
        let result = notify::handle(hub, &amazon(), received.body.as_bytes()).await;
        results.push(result.map(drop).map_err(|error| error.to_string()));
    }
    results
}

/// Whether an effect announces that an order came in.
pub(crate) fn announces_import(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Announce(
            weir_domain::event::DomainEvent::OrderImported { .. }
                | weir_domain::event::DomainEvent::OrderDelivered { .. }
        )
    )
}

/// The places whose connection a sales order can be of.
pub(crate) fn place_of(order: &SalesOrderId) -> Option<Place> {
    Place::of(&order.source()?.0)
}
