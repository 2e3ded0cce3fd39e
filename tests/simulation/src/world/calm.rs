//! After the day: the faults stop, and everything must come to rest within a bound, as the model says.

use jiff::SignedDuration;
use weir_app::{
    gate::{Class, Site},
    ports::{Key, Queue as _, Record},
};
use weir_domain::connection::ConnectionStatus;
use weir_sandbox::amazon::Faults;

use super::{World, import_queue, notice_queue, outlets, shops};
use crate::{
    acts::Act,
    executor::lock,
    gate::Mode,
    logs, model,
    outlet::outlets::Outlet,
    people, projection,
    shop::{model::held, stores::Store},
    sometimes::Situation,
    world::jobs::Job,
};

/// The longest time until all is at rest: twice the longest wait of a parked signal (32 minutes), of
/// a wait for a person's change that nobody told of (an hour), and of a sweep.
const BOUND: SignedDuration = SignedDuration::from_mins(2 * (32 + 60 + 3));

/// Calls that two clocks may take out of one bucket beyond its rate: a whole burst, as a clock that
/// is ahead believes that much time has passed. In thousandths.
const EXCESS_OF_CLOCKS: u64 = 30_000;

impl World {
    /// Lets the world grow calm, checks it, and gives its end state.
    pub(super) fn calm_down(&mut self) -> Vec<String> {
        self.begin_calm();
        let deadline = self.clock.true_now() + BOUND;
        while self.watch.failure().is_none() {
            let until = self.clock.true_now() + SignedDuration::from_mins(1);
            while self.clock.true_now() < until && self.watch.failure().is_none() {
                self.turn(until);
            }
            self.redrive();
            self.mend_outlets();
            let unrest = self.unrest();
            let mut wrong = if unrest.is_empty() { model::judge(&self.facts()) } else { Vec::new() };
            if unrest.is_empty() {
                wrong.extend(self.judge_shops());
                wrong.extend(self.judge_outlets());
                wrong.extend(held(&self.ledger.everything()));
            }
            if unrest.is_empty() && wrong.is_empty() {
                break;
            }
            if self.clock.true_now() >= deadline {
                let what = if unrest.is_empty() { wrong } else { unrest };
                self.watch.fail(format!("after calm: {}", what.join("; ")));
            }
        }
        if self.watch.failure().is_none() {
            self.sweep_twice();
            self.last_look();
        }
        let mut lines = projection::project(&self.ledger.everything());
        lines.extend(self.outlet_lines());
        lines
    }

    fn begin_calm(&mut self) {
        self.say(|| "--- calm ---".to_owned());
        self.is_calm = true;
        self.injector.calm();
        self.queue.calm();
        for running in self.running.values_mut() {
            running.skew = SignedDuration::ZERO;
        }
        lock(&self.amazon).faults = Faults::NONE;
        lock(&self.shops.shopify).faults = weir_sandbox::shopify::Faults::NONE;
        lock(&self.outlets.bigcommerce).faults = weir_sandbox::bigcommerce::Faults::NONE;
    }

    /// Dead letters are replayed, but for those that nobody can ever read.
    fn redrive(&mut self) {
        let letters = people::now(self.queue.dead_letters()).unwrap_or_default();
        for letter in letters {
            self.watch.look_at_text("a dead letter", &format!("{} {}", letter.reason, letter.body));
            if letter.body == people::POISON {
                continue;
            }
            self.sometimes.reach(Situation::DeadLetter);
            self.say(|| format!("replay of {}: {}", letter.id, letter.reason));
            match people::now(self.queue.replay(&letter.id)) {
                Ok(()) => self.sometimes.reach(Situation::DeadLetterReplayed),
                Err(error) => self.watch.fail(format!("a dead letter cannot be replayed: {error}")),
            }
        }
    }

    /// Who is not at rest. (I29)
    fn unrest(&self) -> Vec<String> {
        let mut unrest = Vec::new();
        let mut add = |is: bool, what: &dyn Fn() -> String| {
            if is {
                unrest.push(what());
            }
        };
        let at_work: Vec<String> =
            self.running.iter().map(|(task, running)| format!("task {task} ({:?})", running.job)).collect();
        add(!at_work.is_empty(), &|| format!("at work: {}", at_work.join(", ")));
        add(self.queue.depth(&import_queue()) > 0, &|| "signals in the queue".to_owned());
        add(self.queue.depth(&notice_queue()) > 0, &|| "notices in the queue".to_owned());
        add(self.queue.depth(&shops::import_queue()) > 0, &|| "signals of shops in the queue".to_owned());
        add(self.queue.depth(&shops::push_queue()) > 0, &|| "pushes in the queue".to_owned());
        add(lock(&self.shops.shopify).waiting_webhooks() > 0, &|| "deliveries are under way".to_owned());
        for store in Store::ALL.into_iter().filter(|_| self.setup.script.shop.is_there) {
            add(!self.is_subscribed(store), &|| format!("{} tells of nothing", store.domain()));
        }
        let of_outlets = [outlets::import_queue(), outlets::push_queue()];
        add(of_outlets.iter().any(|queue| self.queue.depth(queue) > 0), &|| {
            "messages of outlets in a queue".to_owned()
        });
        for outlet in Outlet::ALL.into_iter().filter(|_| self.setup.script.outlet.is_there) {
            add(!self.is_hooked(outlet), &|| format!("{} tells of nothing", outlet.word()));
        }
        add(self.stream_place < self.ledger.stream_len(), &|| "the stream is behind".to_owned());
        // Who wants an order deleted that never came in waits for ever.
        let waits = |act: &Act| !matches!(act, Act::Delete(_)) && !act.is_of_shop_order();
        let wanted: Vec<_> = self.wanted.iter().filter(|(_, act)| waits(act)).collect();
        add(!wanted.is_empty(), &|| format!("people wait: {wanted:?}"));
        add(self.ledger.next_late().is_some() || self.queue.next_late().is_some(), &|| {
            "something is late".to_owned()
        });
        add(lock(&self.amazon).waiting_notifications() > 0, &|| "notices are under way".to_owned());
        for (key, stored) in self.ledger.everything() {
            match (&key, &stored.record) {
                (Key::Outbox(_, outbox), _) => add(true, &|| format!("not sent: {}", outbox.message_id())),
                (Key::Parked(_, order), Record::Parked(parked)) => {
                    add(true, &|| {
                        format!("parked: {order} ({}, try {})", parked.reason.as_str(), parked.tries)
                    });
                }
                (Key::Poll(_, account), Record::Poll(state)) => {
                    let of_shop = self.shop_changed_at(account).or_else(|| self.outlet_changed_at(account));
                    let changed_at = of_shop.unwrap_or(self.changed_at);
                    let is_behind = state.main.cursor < changed_at || !state.once.is_empty();
                    add(is_behind, &|| format!("the search of {account} is behind: {state:?}"));
                }
                (Key::Connection(_, id), Record::Connection(connection)) => {
                    let is_well = connection.status == ConnectionStatus::Active;
                    add(!is_well, &|| format!("{id} is {}", connection.status.as_str()));
                }
                _ => {}
            }
        }
        unrest
    }

    fn facts(&self) -> model::Facts<'_> {
        model::Facts {
            records: self.ledger.everything(),
            amazon: lock(&self.amazon),
            states: &self.states,
            deleted: &self.deleted,
            bodies: self.queue.bodies(),
            announced: self.bus.announced(),
        }
    }

    /// The sweeper, run twice on a world at rest, changes nothing more. (I33)
    fn sweep_twice(&mut self) {
        self.sweep_and_rest();
        let (changes, bodies) = (self.ledger.changes(), self.queue.bodies().len());
        self.sweep_and_rest();
        let changed = self.ledger.changes_since(changes);
        // In its minute of the hour a connection's subscriptions are looked at, and points are counted.
        let what: Vec<&Key> =
            changed.iter().map(|change| &change.key).filter(|key| !matches!(key, Key::Bucket(..))).collect();
        if !what.is_empty() || self.queue.bodies().len() != bodies {
            let sent = self.queue.bodies().split_off(bodies);
            self.watch.fail(format!("I33: a second sweep changed {what:?} and sent {sent:?}"));
        }
    }

    fn sweep_and_rest(&mut self) {
        self.start(Job::Sweep);
        for _ in 0..10_000 {
            let Some(task) = self.executor.ready().first().copied() else {
                self.begin_what_is_due();
                if self.executor.ready().is_empty() {
                    return;
                }
                continue;
            };
            self.step(task);
        }
        self.watch.fail("I33: a sweep does not end".to_owned());
    }

    /// What may be called beyond a bucket's rate, in thousandths: by clocks that differ, by whoever
    /// took a token and stood still for minutes before its call, and by a client that calls twice.
    fn allowed_excess(&self) -> u64 {
        let of_clocks = if self.setup.skew.is_zero() { 0 } else { EXCESS_OF_CLOCKS };
        let of_calls = self.injector.passed_since(0).into_iter().filter(|passed| {
            let is_remote = matches!(passed.site.class(), Class::RemoteRead | Class::RemoteWrite);
            match passed.mode {
                Some(Mode::StallAfter) => passed.site == Site::BucketTake,
                Some(Mode::StallBefore | Mode::Twice | Mode::Late) => is_remote,
                _ => false,
            }
        });
        of_clocks + 1_000 * of_calls.count() as u64
    }

    /// What is checked once, at the end.
    fn last_look(&mut self) {
        let excess = lock(&self.amazon).worst_excess();
        let allowed = self.allowed_excess();
        if excess > allowed {
            let counts = lock(&self.amazon).counts();
            self.watch.fail(format!("I41: {excess} thousandths of a call above Amazon's rate: {counts:?}"));
        }
        if lock(&self.amazon).counts().values().any(|count| count.throttled > 0) {
            self.sometimes.reach(Situation::Throttled);
        }
        if self.ledger.late_done() > 0 {
            self.sometimes.reach(Situation::LateButDone);
        }
        if self.ledger.stock_conflicts() > 0 {
            self.sometimes.reach(Situation::BatchRace);
        }
        let bodies = self.queue.bodies().join("\n");
        self.watch.look_at_text("a message", &bodies);
        self.watch.look_at_text("a log", &logs::logged());
        let addresses = self.transport.addresses();
        self.watch.look_at_text("an address", &addresses.join("\n"));
        for address in addresses {
            let host = address.split('/').nth(2).unwrap_or_default();
            let is_amazon = host == "api.amazon.com"
                || (host.starts_with("sellingpartnerapi-") && host.ends_with(".amazon.com"));
            let is_shop = Store::ALL.into_iter().any(|store| store.domain() == host);
            let is_outlet = host == "api.bigcommerce.com";
            if !is_amazon && !is_shop && !is_outlet {
                self.watch.fail(format!("I38: {host} was called"));
            }
        }
        for announcement in self.bus.announced() {
            self.watch.look_at_text("an event", &announcement.detail);
        }
        if self.setup.seed.is_multiple_of(4) {
            for (key, stored) in self.ledger.everything() {
                if !matches!(key, Key::Person(..) | Key::Snapshot(..) | Key::Customer(..)) {
                    self.watch.look_at_text("a record", &format!("{key:?} {stored:?}"));
                }
            }
        }
    }
}
