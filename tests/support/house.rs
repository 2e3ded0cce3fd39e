//! The house itself: its ports, its time, and what runs its flows in place of the Lambdas' triggers.
//! Time stands still unless a test moves it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::SignedDuration;
use weir_app::{
    Deployment, Hub, dispatch,
    flow::FlowError,
    import_order,
    message::Message,
    notify,
    poll::{self, Ticked},
    ports::{Clock, OutgoingMessage, Queue, QueueName, Transport},
    push, sweep,
};
use weir_aws::{
    DynamoLedger, create_table,
    embedded::{CallHook, EmbeddedError, EmbeddedStore, StreamEvent, StreamPosition},
    outbox,
};
use weir_domain::{Timestamp, ids::ChannelName};
use weir_sandbox::{
    amazon::{Amazon, Now},
    fake::{FakeBus, FakeClock, FakeQueue, FakeSecrets, SeededIds},
};

use crate::{crash::Trap, crossing::Crossing};

/// The table's name in the embedded store.
pub const TABLE: &str = "weir";

/// Where Amazon's notices go.
pub const QUEUE_ARN: &str = "arn:aws:sqs:eu-west-1:000000000000:weir-test-notifications-amazon";

/// When every house opens.
pub const OPENS_AT: &str = "2026-11-21T09:00:00Z";

/// Rounds after which a house that does not come to rest is broken.
const ROUNDS: usize = 60;

/// Records of the stream that the dispatcher reads at once.
const RECORDS: usize = 500;

/// Messages that one consumer takes at once.
const BATCH: usize = 10;

/// How long a message is hidden while somebody has it.
const VISIBILITY: SignedDuration = SignedDuration::from_mins(2);

/// When a message that failed comes back.
const RETRY_IN: SignedDuration = SignedDuration::from_secs(20);

/// A hub with everything around it.
pub struct House {
    /// Time.
    pub clock: Arc<FakeClock>,
    /// The queues.
    pub queue: Arc<FakeQueue>,
    /// The bus.
    pub bus: Arc<FakeBus>,
    /// The way out.
    pub crossing: Arc<Crossing>,
    /// The hub that the flows take.
    pub hub: Hub,
    /// The store behind its ledger.
    pub store: EmbeddedStore,
    pub(crate) trap: Arc<Trap>,
    amazon: Arc<Mutex<Amazon>>,
    folder: Option<PathBuf>,
    place: Mutex<StreamPosition>,
    errors: Mutex<Vec<String>>,
}

/// How a house is built.
#[derive(Default)]
pub struct Plan {
    /// Where its store lies; in memory if nowhere.
    pub folder: Option<PathBuf>,
    /// What sees its calls to the store.
    pub hook: Option<Arc<dyn CallHook>>,
    /// Whether Amazon can reach a queue of it.
    pub has_notifications: bool,
    /// When it opens, if not at [`OPENS_AT`].
    pub opens_at: Option<Timestamp>,
}

impl House {
    /// A house in memory.
    pub async fn new() -> Self {
        Self::build(Plan::default()).await
    }

    /// A house in memory, to which Amazon can send notices.
    pub async fn with_notifications() -> Self {
        Self::build(Plan { has_notifications: true, ..Plan::default() }).await
    }

    /// A house whose store lies in a folder.
    pub async fn on_disk(folder: PathBuf) -> Self {
        Self::build(Plan { folder: Some(folder), ..Plan::default() }).await
    }

    /// A house of a plan.
    pub async fn build(plan: Plan) -> Self {
        let clock = Arc::new(FakeClock::new(plan.opens_at.unwrap_or_else(|| OPENS_AT.parse().unwrap())));
        let amazon = Arc::new(Mutex::new(Amazon::new(1)));
        let crossing = Arc::new(Crossing::new(Arc::clone(&clock), Arc::clone(&amazon)));
        let queue = Arc::new(FakeQueue::new(Arc::clone(&clock)));
        let bus = Arc::new(FakeBus::default());
        let trap = Arc::new(Trap::default());
        let store = match &plan.folder {
            Some(folder) => EmbeddedStore::open(folder).unwrap(),
            None => EmbeddedStore::in_memory().unwrap(),
        };
        let client = match plan.hook {
            Some(hook) => store.client_with_hook(hook),
            None => store.client(),
        };
        create_table(&client, TABLE).await.unwrap();
        let notification_queues =
            plan.has_notifications.then(|| (amazon_name(), QUEUE_ARN.to_owned())).into_iter().collect();
        let ledger_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let hub = Hub {
            ledger: Arc::new(DynamoLedger::new(client, TABLE, ledger_clock)),
            queue: Arc::clone(&queue) as Arc<dyn Queue>,
            secrets: Arc::new(FakeSecrets::default()),
            transport: Arc::clone(&crossing) as Arc<dyn Transport>,
            bus: Arc::<FakeBus>::clone(&bus),
            clock: Arc::<FakeClock>::clone(&clock),
            ids: Arc::new(SeededIds::new(7)),
            gate: Arc::<Trap>::clone(&trap),
            deployment: Arc::new(Deployment {
                allow_endpoints: true,
                notification_queues,
                public_url: Some(crate::web_shop::PUBLIC_URL.to_owned()),
                stand_in: None,
            }),
            access_tokens: Arc::default(),
        };
        Self {
            clock,
            queue,
            bus,
            crossing,
            hub,
            store,
            trap,
            amazon,
            folder: plan.folder,
            place: Mutex::new(StreamPosition::start()),
            errors: Mutex::default(),
        }
    }

    /// The process ends as it stands and starts again on the same folder. Queue, secrets and Amazon
    /// live elsewhere and stay.
    pub async fn restart(self) -> Self {
        let folder = self.folder.unwrap();
        let Self { clock, queue, bus, crossing, amazon, place, errors, .. } = self;
        let (secrets, ids) = (Arc::clone(&self.hub.secrets), Arc::clone(&self.hub.ids));
        let deployment = Arc::clone(&self.hub.deployment);
        drop((self.hub, self.store));
        let store = reopened(&folder).await;
        let client = store.client();
        create_table(&client, TABLE).await.unwrap();
        let trap = Arc::new(Trap::default());
        let ledger_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let hub = Hub {
            ledger: Arc::new(DynamoLedger::new(client, TABLE, ledger_clock)),
            queue: Arc::clone(&queue) as Arc<dyn Queue>,
            secrets,
            transport: Arc::clone(&crossing) as Arc<dyn Transport>,
            bus: Arc::<FakeBus>::clone(&bus),
            clock: Arc::<FakeClock>::clone(&clock),
            ids,
            gate: Arc::<Trap>::clone(&trap),
            deployment,
            access_tokens: Arc::default(),
        };
        Self { clock, queue, bus, crossing, hub, store, trap, amazon, folder: Some(folder), place, errors }
    }

    /// Amazon.
    pub fn amazon(&self) -> MutexGuard<'_, Amazon> {
        self.amazon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.true_now()
    }

    /// What time it is at Amazon.
    #[must_use]
    pub fn amazons_now(&self) -> Now {
        Now::at(self.now())
    }

    /// One tick of the poller.
    pub async fn tick(&self) -> Ticked {
        poll::tick(&self.hub).await.unwrap()
    }

    /// A minute passes: the schedules run, and everything that follows from it.
    pub async fn minute(&self) -> Ticked {
        self.clock.advance(SignedDuration::from_mins(1));
        let ticked = self.tick().await;
        self.settle().await;
        ticked
    }

    /// The schedules run now, and everything that follows from it.
    pub async fn minute_of_now(&self) {
        self.tick().await;
        self.settle().await;
    }

    /// Minutes pass, one by one.
    pub async fn minutes(&self, minutes: u32) {
        for _ in 0..minutes {
            self.minute().await;
        }
    }

    /// Time passes in which nothing runs, and then a minute.
    pub async fn later(&self, time: SignedDuration) {
        self.clock.advance(time);
        self.minute().await;
    }

    /// Everything that can go on now goes on: notices, the table's stream, the queues, the sweeper.
    pub async fn settle(&self) {
        let mut moved = 1;
        for _ in 0..ROUNDS {
            moved = self.take_notices() + self.dispatch().await + self.consume().await;
            moved += crate::web_shop::deliver(self).await + crate::store::deliver(self).await;
            if moved == 0 {
                let swept = sweep::sweep(&self.hub).await.unwrap();
                moved = swept.dispatched + swept.signalled + swept.errors;
            }
            if moved == 0 {
                return;
            }
        }
        panic!("the house does not come to rest; {moved} moved at last; errors: {:?}", self.errors());
    }

    /// Notices that Amazon has sent reach their queue.
    pub fn take_notices(&self) -> usize {
        let notices = self.amazon().take_notifications(self.amazons_now());
        for notice in &notices {
            let body = String::from_utf8_lossy(&notice.body).into_owned();
            let message = OutgoingMessage { id: "notice".to_owned(), group: String::new(), body };
            self.queue.put(&notification_queue(), message);
        }
        notices.len()
    }

    /// What the stream shows as outgoing is dispatched.
    pub async fn dispatch(&self) -> usize {
        let mut dispatched = 0;
        loop {
            let place = self.place.lock().unwrap().clone();
            let page = self.store.records_after(TABLE, &place, RECORDS).await.unwrap();
            for record in page.records.iter().filter(|record| record.event == StreamEvent::Insert) {
                let Some(item) = record.new_image.as_ref().and_then(|image| outbox::read(image).unwrap())
                else {
                    continue;
                };
                dispatch::dispatch(&self.hub, &[item]).await.unwrap();
                dispatched += 1;
            }
            *self.place.lock().unwrap() = page.next;
            if page.records.is_empty() {
                return dispatched;
            }
        }
    }

    /// The dispatcher's place in the stream is lost, and it goes on with what comes: what was written
    /// before is left to the sweeper.
    pub async fn lose_place(&self) {
        let latest = self.store.latest_position(TABLE).await.unwrap();
        *self.place.lock().unwrap() = latest;
    }

    /// The queues are emptied, one message after another.
    pub async fn consume(&self) -> usize {
        let mut consumed = 0;
        let shops = [
            crate::web_shop::import_queue(),
            crate::web_shop::push_queue(),
            crate::store::import_queue(),
            crate::store::push_queue(),
        ];
        for name in [notification_queue(), import_queue()].into_iter().chain(shops) {
            loop {
                let received = self.queue.receive(&name, BATCH, VISIBILITY);
                if received.is_empty() {
                    break;
                }
                for message in received {
                    consumed += 1;
                    match self.handle(&name, &message.body).await {
                        Ok(()) => self.queue.delete(&message),
                        Err(error) => {
                            self.errors.lock().unwrap().push(error.to_string());
                            self.queue.fail(&message, &error.to_string(), RETRY_IN);
                        }
                    }
                }
            }
        }
        consumed
    }

    async fn handle(&self, queue: &QueueName, body: &str) -> Result<(), FlowError> {
        match queue {
            QueueName::Import(_) => {
                let message = Message::from_json(body).map_err(|error| FlowError::new(error.to_string()))?;
                import_order::handle(&self.hub, &message).await.map(drop)
            }
            QueueName::Notifications(channel) => {
                notify::handle(&self.hub, channel, body.as_bytes()).await.map(drop)
            }
            QueueName::Push(_) => {
                let message = Message::from_json(body).map_err(|error| FlowError::new(error.to_string()))?;
                push::handle(&self.hub, &message).await.map(drop)
            }
        }
    }

    /// Every error with which a message returned to its queue.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap().clone()
    }

    /// Puts a message into the import queue, as somebody outside does.
    pub fn send(&self, body: &str) {
        let message =
            OutgoingMessage { id: "outside".to_owned(), group: String::new(), body: body.to_owned() };
        self.queue.put(&import_queue(), message);
    }
}

/// Opens a folder again, as soon as what was on its way to the store when the process ended has
/// arrived there.
async fn reopened(folder: &Path) -> EmbeddedStore {
    const TRIES: usize = 1_000_000;
    for _ in 0..TRIES {
        match EmbeddedStore::open(folder) {
            Ok(store) => return store,
            Err(EmbeddedError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("somebody still has {} open", folder.display());
}

/// The only channel.
#[must_use]
pub fn amazon_name() -> ChannelName {
    ChannelName::parse(weir_channels::amazon::CHANNEL.name).unwrap()
}

/// The queue of signals.
#[must_use]
pub fn import_queue() -> QueueName {
    QueueName::Import(amazon_name())
}

/// The queue of Amazon's notices.
#[must_use]
pub fn notification_queue() -> QueueName {
    QueueName::Notifications(amazon_name())
}
