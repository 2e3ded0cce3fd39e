//! One world: the real flows over the ports in memory, the simulated Amazon, and a day that happens
//! to them. It runs until the day is over, grows calm, and must come to rest.

mod jobs;
mod shops;
mod outlets;
mod calm;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use jiff::SignedDuration;
use weir_app::{
    Deployment, Hub,
    access_tokens::AccessTokens,
    gate::{Gate, Site},
    ports::{Key, OutgoingMessage, QueueName},
};
use weir_domain::{Timestamp, ids::SalesOrderId};
use weir_sandbox::{
    amazon::{Amazon, Dice, Faults, Now, OrderState},
    fake::{FakeBus, FakeClock, FakeLedger, FakeQueue, FakeSecrets, FakeTransport, SeededIds},
};

use crate::{
    acts::Act,
    executor::{Executor, Step, TaskId, Turn, lock},
    gate::{Coverage, Injector, Mode, Passed, Source},
    invariants::Watch,
    outlet, people,
    places::{self, Place, amazon},
    script::Script,
    shop::{
        self,
        stores::{PUBLIC_URL, Store},
    },
    sometimes::{Situation, Sometimes},
};
use jobs::{Done, Job};
pub(crate) use jobs::{announces_import, place_of, signal_of};
use outlets::Outlets;
use shops::Shops;

/// How a world is made.
#[derive(Clone)]
pub struct Setup {
    /// What happens.
    pub script: Script,
    /// From what its chances follow.
    pub seed: u64,
    /// What is done to the effects.
    pub source: Source,
    /// What goes wrong at Amazon.
    pub amazon: Faults,
    /// What goes wrong at Shopify.
    pub shopify: weir_sandbox::shopify::Faults,
    /// What goes wrong at BigCommerce.
    pub bigcommerce: weir_sandbox::bigcommerce::Faults,
    /// Whether whoever goes next is drawn; else the first does.
    pub shuffled: bool,
    /// By how much clocks differ at most.
    pub skew: SignedDuration,
    /// Messages of a thousand that are handed out twice.
    pub doubled_messages: u16,
    /// Minutes of a thousand whose tick does not come, and whose tick comes twice.
    pub odd_ticks: (u16, u16),
    /// Minutes between sweeps.
    pub sweep_minutes: u64,
    /// Whether a trace of what happens is kept.
    pub traced: bool,
    /// Whether it is said that a storm is part of it.
    pub has_storm: bool,
    /// How long the faults last; the day's end if it is later.
    pub faults_end: SignedDuration,
}

/// How a run ended.
#[derive(Default)]
pub struct Report {
    /// What went wrong, if anything.
    pub failure: Option<String>,
    /// What happened at which site.
    pub coverage: Coverage,
    /// The rare situations that were reached.
    pub sometimes: Sometimes,
    /// How many effects passed while faults could happen.
    pub effects: u64,
    /// The faults that happened.
    pub faults: BTreeMap<u64, Mode>,
    /// The site of each effect.
    pub sites: Vec<Site>,
    /// How often each invariant was checked.
    pub checks: u64,
    /// A number that tells two runs apart.
    pub digest: u64,
    /// The end state, without times and what chance decides.
    pub projection: Vec<String>,
    /// What happened, if it was wanted.
    pub trace: Vec<String>,
}

/// How long a message stays hidden while somebody has it.
const VISIBILITY: SignedDuration = SignedDuration::from_mins(2);
/// How often the stream tries a batch before it gives up.
const STREAM_TRIES: u32 = 4;
/// Batches of signals at work at once.
const IMPORTERS: usize = 2;

/// A task's kind, its clock's skew and when it began.
struct Running {
    job: Job,
    skew: SignedDuration,
    began: Timestamp,
}

/// The world.
pub struct World {
    setup: Setup,
    clock: Arc<FakeClock>,
    amazon: Arc<Mutex<Amazon>>,
    shops: Shops,
    outlets: Outlets,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeQueue>,
    bus: Arc<FakeBus>,
    transport: Arc<FakeTransport>,
    injector: Arc<Injector>,
    hub: Hub,
    executor: Executor<Done>,
    running: BTreeMap<TaskId, Running>,
    dice: Dice,
    watch: Watch,
    sometimes: Sometimes,
    began: Timestamp,
    next_minute: Timestamp,
    minutes: u64,
    acts_done: usize,
    /// The ids of the script's orders at Amazon.
    ids: BTreeMap<usize, String>,
    /// What each order was like at each time since it shipped.
    states: BTreeMap<String, Vec<OrderState>>,
    /// Orders whose deletion was acknowledged.
    deleted: BTreeSet<SalesOrderId>,
    /// When something changed at Amazon for the last time.
    changed_at: Timestamp,
    /// Acts of people that have not worked yet, with the time of the next try.
    wanted: Vec<(Timestamp, Act)>,
    stream_place: usize,
    stream_tries: u32,
    stream_at: Timestamp,
    is_calm: bool,
    digest: u64,
    trace: Vec<String>,
    traced_effects: usize,
}

impl World {
    /// A world at its beginning.
    #[must_use]
    pub fn new(mut setup: Setup) -> Self {
        let began = places::beginning();
        let clock = Arc::new(FakeClock::new(began));
        let turn = Arc::new(Turn::default());
        let ledger = Arc::new(FakeLedger::new(Arc::clone(&clock)));
        let queue = Arc::new(FakeQueue::new(Arc::clone(&clock)));
        let bus = Arc::new(FakeBus::default());
        let amazon = Arc::new(Mutex::new(Amazon::new(setup.seed)));
        let (shops, outlets) = (Shops::new(setup.seed), Outlets::new(setup.seed));
        let transport = FakeTransport::new(Arc::clone(&clock), Arc::clone(&amazon));
        let transport = transport.with_shopify(Arc::clone(&shops.shopify));
        let transport = Arc::new(transport.with_bigcommerce(Arc::clone(&outlets.bigcommerce)));
        let source = std::mem::replace(&mut setup.source, Source::None);
        let injector = Arc::new(Injector::new(
            Arc::clone(&turn),
            Arc::clone(&clock),
            Arc::clone(&ledger),
            Arc::clone(&queue),
            Arc::clone(&transport),
            source,
            setup.seed,
        ));
        let deployment = Deployment {
            allow_endpoints: false,
            notification_queues: BTreeMap::from([(amazon_name(), places::QUEUE_ARN.to_owned())]),
            public_url: Some(PUBLIC_URL.to_owned()),
            stand_in: None,
        };
        let hub = Hub {
            ledger: Arc::<FakeLedger>::clone(&ledger),
            queue: Arc::<FakeQueue>::clone(&queue),
            secrets: Arc::new(FakeSecrets::default()),
            transport: Arc::<FakeTransport>::clone(&transport),
            bus: Arc::<FakeBus>::clone(&bus),
            clock: Arc::<FakeClock>::clone(&clock),
            ids: Arc::new(SeededIds::new(setup.seed)),
            gate: Arc::<Injector>::clone(&injector) as Arc<dyn Gate>,
            deployment: Arc::new(deployment),
            access_tokens: Arc::new(AccessTokens::default()),
        };
        let dice = Dice::new(setup.seed ^ 0xD1CE);
        let mut world = Self {
            executor: Executor::new(turn),
            running: BTreeMap::new(),
            dice,
            watch: Watch::default(),
            sometimes: Sometimes::default(),
            began,
            next_minute: began,
            minutes: 0,
            acts_done: 0,
            ids: BTreeMap::new(),
            states: BTreeMap::new(),
            deleted: BTreeSet::new(),
            changed_at: began,
            wanted: Vec::new(),
            stream_place: 0,
            stream_tries: 0,
            stream_at: began,
            is_calm: false,
            digest: 0xCBF2_9CE4_8422_2325,
            trace: Vec::new(),
            traced_effects: 0,
            setup,
            clock,
            amazon,
            shops,
            outlets,
            ledger,
            queue,
            bus,
            transport,
            injector,
            hub,
        };
        world.open();
        world
    }

    /// Sellers, catalogue, connections and opening stock, on a quiet morning.
    fn open(&mut self) {
        {
            let mut amazon = lock(&self.amazon);
            people::open_at_amazon(&mut amazon);
        }
        if self.setup.script.shop.is_there {
            shop::people::open_at_shopify(&mut lock(&self.shops.shopify), self.setup.script.shop.way);
        }
        if self.setup.script.outlet.is_there {
            outlet::people::open_at_bigcommerce(&mut lock(&self.outlets.bigcommerce));
        }
        let shops = &self.shops;
        if let Err(error) = people::open(&self.hub, &self.setup.script, |store| shops.place_ids(store)) {
            self.watch.fail(format!("the morning went wrong: {error}"));
        }
        // What the opening left to be sent was sent.
        let keys: Vec<Key> =
            self.ledger.everything().into_keys().filter(|key| matches!(key, Key::Outbox(..))).collect();
        for key in keys {
            if let Err(error) = people::now(self.hub.remove(Site::DispatchRemove, &[key])) {
                self.watch.fail(format!("the morning went wrong: {error}"));
            }
        }
        self.stream_place = self.ledger.stream_len();
        {
            let mut amazon = lock(&self.amazon);
            amazon.faults = self.setup.amazon.clone();
            if self.setup.script.is_silent {
                amazon.drop_subscriptions(places::SELLER_A);
            }
        }
        {
            let mut shopify = lock(&self.shops.shopify);
            shopify.faults = self.setup.shopify.clone();
            self.shops.topics = shopify.subscribed(Store::Mugs.domain()).len();
        }
        lock(&self.outlets.bigcommerce).faults = self.setup.bigcommerce.clone();
        if self.setup.shuffled {
            self.queue.shuffle(self.setup.seed ^ 0x0E0E, self.setup.doubled_messages);
        }
        // The opening commits are history; the watch reads them as it reads all others.
        self.watch.look(&self.ledger, None);
        self.injector.begin();
    }

    /// Lives the day through, and the calm after it.
    #[must_use]
    pub fn run(mut self) -> Report {
        if self.setup.has_storm {
            self.sometimes.reach(Situation::Storm);
        }
        let day = self.setup.script.ends_after.max(self.setup.faults_end);
        let end = self.began + day;
        while self.watch.failure().is_none() && self.clock.true_now() < end {
            self.turn(end);
        }
        let effects = self.injector.number();
        let projection = self.calm_down();
        let sometimes_of_watch = self.watch.sometimes();
        self.sometimes.add(&sometimes_of_watch);
        self.note_effects();
        Report {
            failure: self.watch.failure().map(ToOwned::to_owned),
            coverage: self.injector.coverage(),
            sometimes: self.sometimes,
            effects,
            faults: self.injector.faults(),
            sites: self
                .injector
                .passed_since(0)
                .iter()
                .filter(|passed| passed.number < effects)
                .map(|passed| passed.site)
                .collect(),
            checks: self.watch.checks(),
            digest: self.digest,
            projection,
            trace: self.trace,
        }
    }

    /// One step: somebody goes on, or time does.
    fn turn(&mut self, until: Timestamp) {
        self.begin_what_is_due();
        let ready = self.executor.ready();
        if ready.is_empty() {
            self.pass_time(until);
            return;
        }
        let position = if self.setup.shuffled {
            usize::try_from(self.dice.below(ready.len() as u64)).unwrap_or(0)
        } else {
            0
        };
        self.step(ready[position]);
    }

    fn step(&mut self, task: TaskId) {
        if let Some(running) = self.running.get(&task) {
            self.clock.set_skew(running.skew);
        }
        let step = self.executor.step(task);
        self.clock.set_skew(SignedDuration::ZERO);
        self.note_effects();
        self.look_at_puts();
        let maker = self.running.get(&task).map(|running| (task, running.began));
        self.watch.restores = self.running.get(&task).is_some_and(|running| running.job.restores());
        self.watch.look(&self.ledger, maker);
        match step {
            Step::Pending => {}
            Step::Done(done) => {
                let running = self.running.remove(&task);
                self.ended(task, running, Some(done));
            }
            Step::Crashed => {
                // The process is gone, and with it what it had cached.
                self.hub.access_tokens = Arc::new(AccessTokens::default());
                let running = self.running.remove(&task);
                self.ended(task, running, None);
            }
        }
    }

    /// Nobody can go on: time passes until something happens.
    fn pass_time(&mut self, until: Timestamp) {
        let now = self.clock.true_now();
        let next_act = self.setup.script.acts.get(self.acts_done).map(|(after, _)| self.began + *after);
        let has_notices = lock(&self.amazon).waiting_notifications() > 0;
        let next = [
            Some(until),
            Some(self.next_minute),
            next_act,
            self.executor.next_timer(),
            self.queue.next_at(&import_queue()),
            self.queue.next_at(&notice_queue()),
            self.queue.next_at(&shops::import_queue()),
            self.queue.next_at(&shops::push_queue()),
            self.next_delivery_at(),
            self.queue.next_at(&outlets::import_queue()),
            self.queue.next_at(&outlets::push_queue()),
            self.next_outlet_delivery_at(),
            self.queue.next_late(),
            self.ledger.next_late(),
            self.transport.next_late(),
            self.wanted.iter().map(|(at, _)| *at).min(),
            (self.stream_place < self.ledger.stream_len()).then_some(self.stream_at),
            has_notices.then(|| now + SignedDuration::from_secs(10)),
        ]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
        .unwrap_or(until);
        self.clock.advance_to(next.max(now + SignedDuration::from_millis(1)));
        let now = self.clock.true_now();
        self.executor.wake_sleepers(now);
        self.transport.settle();
        self.look_at_puts();
        self.take_notices(now);
    }

    fn take_notices(&mut self, now: Timestamp) {
        for notice in lock(&self.amazon).take_notifications(Now::at(now)) {
            let message = OutgoingMessage {
                id: "notice".to_owned(),
                group: String::new(),
                body: String::from_utf8_lossy(&notice.body).into_owned(),
            };
            self.queue.put(&notice_queue(), message);
        }
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        if self.setup.traced {
            let line = line();
            let at = self.clock.true_now().duration_since(self.began);
            self.trace.push(format!("{:>9.3}s  {line}", at.as_secs_f64()));
        }
    }

    /// Folds the effects since the last time into the digest and the trace.
    fn note_effects(&mut self) {
        let passed = self.injector.passed_since(self.traced_effects);
        self.traced_effects += passed.len();
        for effect in passed {
            let Passed { number, task, site, mode, at } = effect;
            if self.setup.script.shop.is_there || self.setup.script.outlet.is_there {
                self.note_shop_effect(&effect);
            }
            if mode == Some(Mode::Unknown) && matches!(site, Site::ImportCommit | Site::ChunkCommit) {
                self.sometimes.reach(Situation::UnknownButDone);
            }
            let is_sweep =
                || self.running.get(&task).is_some_and(|running| matches!(running.job, Job::Sweep));
            if site == Site::DispatchRemove && is_sweep() {
                self.sometimes.reach(Situation::SweptOutgoing);
            }
            let mode_number = mode.map_or(99, |mode| mode as u64);
            for part in [number, task, site as u64, mode_number, at.as_nanosecond().unsigned_abs() as u64] {
                self.digest = (self.digest ^ part).wrapping_mul(0x0100_0000_01B3);
            }
            self.say(|| match mode {
                None => format!("  #{number} task {task}: {site:?}"),
                Some(mode) => format!("! #{number} task {task}: {site:?}  <== {mode:?}"),
            });
        }
    }

    /// Whether a place's connection is one of those that the script touches.
    fn id_of(&self, order: usize) -> Option<&String> {
        self.ids.get(&order)
    }

    fn order_key(&self, order: usize) -> Option<SalesOrderId> {
        let place: Place = self.setup.script.orders.get(order)?.place;
        let id = weir_domain::ids::ChannelOrderId::parse(self.id_of(order)?).ok()?;
        Some(SalesOrderId::for_source(&place.connection(), &id))
    }
}

fn amazon_name() -> weir_domain::ids::ChannelName {
    amazon()
}

/// The queue of signals.
pub(crate) fn import_queue() -> QueueName {
    QueueName::Import(amazon())
}

/// The queue of Amazon's notices.
pub(crate) fn notice_queue() -> QueueName {
    QueueName::Notifications(amazon())
}
