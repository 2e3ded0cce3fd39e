//! The sandboxed channels of the local run: the demo's shop at Amazon and on the web, which opens and
//! closes with this process, and the channels' APIs behind one port. How they behave lives in `shared/sandbox`.

pub(crate) mod door;
pub(crate) mod deliver;
mod shop;
mod web_shop;
mod stores;
mod again;
mod made;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch};
use weir_app::ports::{Clock, OutgoingMessage, Queue, QueueName};
use weir_channels::http::{HttpRequest, HttpResponse};
use weir_domain::{
    Timestamp,
    ids::{ChannelName, ChannelOrderId},
};
use weir_sandbox::amazon::{Amazon, Demo, Faults, Now};

use crate::{StartError, pumps};
use deliver::Webhook;
pub(crate) use shop::Seeded;
use shop::Shop;
use stores::Stores;
use web_shop::WebShop;

/// The queue that Amazon's notifications are sent to, as an ARN in Amazon's words.
pub(crate) const NOTIFICATIONS_ARN: &str = "arn:aws:sqs:local:000000000000:weir-notifications-amazon";

/// How often the shop's clock ticks.
const TICK: Duration = Duration::from_secs(1);

/// The sandboxed channels of this process.
pub(crate) struct Sandbox {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    base_url: String,
    former_url: String,
}

struct State {
    amazon: Amazon,
    demo: Demo,
    web: WebShop,
    stores: Stores,
    shop: Shop,
}

/// An order that somebody has to pack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Open {
    placed_at: Timestamp,
    /// The domain or the hash of its shop.
    pub(crate) shop: &'static str,
    /// Which.
    pub(crate) order: ChannelOrderId,
}

impl Open {
    fn new(placed_at: Timestamp, shop: &'static str, id: u64) -> Option<Self> {
        Some(Self { placed_at, shop, order: ChannelOrderId::parse(&id.to_string()).ok()? })
    }
}

impl Sandbox {
    /// Opens the shop on what the data folder remembers of it, and listens on the port it had before,
    /// if that is free: connections know it by its address.
    pub(crate) async fn open(
        data: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<(Arc<Self>, TcpListener), StartError> {
        let mut shop = Shop::open(data, clock.now())?;
        let listener = match TcpListener::bind(("127.0.0.1", shop.port())).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind(("127.0.0.1", 0)).await.map_err(StartError::Listen)?,
        };
        let port = listener.local_addr().map_err(StartError::Listen)?.port();
        let former_url = url(shop.port());
        shop.opens(port)?;
        let now = now(clock.as_ref());
        let (amazon, demo) = shop.stock(now);
        let web = WebShop::open(data, &shop, now)?;
        let stores = Stores::open(data, &shop, now)?;
        let state = Mutex::new(State { amazon, demo, web, stores, shop });
        Ok((Arc::new(Self { state, clock, base_url: url(port), former_url }), listener))
    }

    /// Whether a data folder has a shop.
    pub(crate) fn is_remembered(data: &Path) -> bool {
        Shop::is_kept(data)
    }

    /// The address in front of the API's paths.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address of the last run; this run's, if it was never another.
    pub(crate) fn former_url(&self) -> &str {
        &self.former_url
    }

    /// When the shop first opened: what was in stock then is seeded as of that time.
    pub(crate) fn opened(&self) -> Timestamp {
        self.open_state().shop.opened()
    }

    /// What of it was made known to Weir.
    pub(crate) fn is_seeded(&self) -> Seeded {
        self.open_state().shop.is_seeded()
    }

    /// Its merchant was made in Weir, with connections to this run's address.
    pub(crate) fn is_seeded_now(&self) -> Result<(), StartError> {
        self.open_state().shop.is_seeded_now()
    }

    /// A seller's subscription of an earlier run: Amazon has not forgotten it.
    pub(crate) fn remember_subscription(&self, seller: &str) {
        self.open_state().amazon.subscribe(seller, Demo::CLIENT_ID, NOTIFICATIONS_ARN);
    }

    /// From now on things go wrong.
    pub(crate) fn have_a_bad_day(&self) {
        let mut state = self.open_state();
        state.amazon.faults = Faults::BAD_DAY;
        state.web.have_a_bad_day();
        state.stores.have_a_bad_day();
    }

    /// The web shop's locations, by the ids it gives them.
    pub(crate) fn web_locations(&self) -> Vec<String> {
        self.open_state().web.locations()
    }

    /// Orders of the web shop and the stores that somebody has to pack, the oldest first, placed until a time.
    pub(crate) fn to_be_packed(&self, placed_until: Timestamp) -> Vec<Open> {
        let state = self.open_state();
        let mut open = state.web.to_be_packed(placed_until);
        open.extend(state.stores.to_be_packed(placed_until));
        open.sort();
        open
    }

    /// Deliveries that are due.
    fn take_webhooks(&self) -> Vec<Webhook> {
        let (mut state, now) = (self.open_state(), now(self.clock.as_ref()));
        let mut due: Vec<Webhook> =
            state.web.take_webhooks(now).into_iter().map(Webhook::OfShopify).collect();
        due.extend(state.stores.take_webhooks(now).into_iter().map(Webhook::OfBigCommerce));
        due
    }

    /// Whether a delivery was taken.
    fn webhook_answered(&self, webhook: &Webhook, is_good: bool) {
        let (mut state, now) = (self.open_state(), now(self.clock.as_ref()));
        match webhook {
            Webhook::OfBigCommerce(webhook) => state.stores.webhook_answered(webhook, is_good, now),
            Webhook::OfShopify(webhook) if !is_good => {
                state.web.webhook_failed(webhook, now);
                state.remember_subscriptions();
            }
            Webhook::OfShopify(_) => {}
        }
    }

    /// What should happen now happens; the notices that go out are bodies for the queue.
    fn tick(&self) -> Vec<String> {
        let now = now(self.clock.as_ref());
        let mut state = self.open_state();
        let State { amazon, demo, web, stores, shop } = &mut *state;
        if let Err(error) = shop.stays_open(now.wall) {
            tracing::warn!(%error, "the sandbox cannot store how far it is");
        }
        demo.tick(amazon, now);
        web.tick(now);
        stores.tick(now);
        let notices = amazon.take_notifications(now).into_iter();
        let ours = notices.filter(|notice| notice.queue_arn == NOTIFICATIONS_ARN);
        ours.filter_map(|notice| String::from_utf8(notice.body).ok()).collect()
    }

    fn open_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl door::Answers for Sandbox {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let now = now(self.clock.as_ref());
        let mut state = self.open_state();
        if Stores::is_meant(request) {
            return state.stores.answer(request, now);
        }
        if !WebShop::is_meant(request) {
            return state.amazon.handle(request, now);
        }
        let answer = state.web.answer(request, now);
        state.remember_subscriptions();
        answer
    }
}

impl State {
    /// Whom the web shop delivers to is stored before anybody hears of it.
    fn remember_subscriptions(&mut self) {
        if let Err(error) = self.shop.is_subscribed(self.web.subscriptions()) {
            tracing::warn!(%error, "the sandbox cannot store whom it delivers to");
        }
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn now(clock: &dyn Clock) -> Now {
    Now { wall: clock.now(), scaled: clock.scheduler_now() }
}

/// Serves the API until it is told to stop.
pub(crate) async fn serve(sandbox: Arc<Sandbox>, listener: TcpListener, stop: watch::Receiver<bool>) {
    let router = door::router(Arc::clone(&sandbox), sandbox.base_url());
    let served = axum::serve(listener, router).with_graceful_shutdown(pumps::stopped(stop)).await;
    if let Err(error) = served {
        tracing::error!(%error, "the sandbox does not answer any more");
    }
}

/// Lets the shop's day go by, and carries its notices to the queue. A notice that is lost when the
/// process dies is made up for by the poll.
pub(crate) async fn run(sandbox: Arc<Sandbox>, queue: Arc<dyn Queue>, mut stop: watch::Receiver<bool>) {
    let Ok(amazon) = ChannelName::parse(weir_channels::amazon::CHANNEL.name) else { return };
    let name = QueueName::Notifications(amazon);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = pumps::told_to_stop(&mut stop) => return,
            _ = ticks.tick() => {}
        }
        let bodies = sandbox.tick();
        if bodies.is_empty() {
            continue;
        }
        let message = |body| OutgoingMessage { id: String::new(), group: String::new(), body };
        let messages: Vec<OutgoingMessage> = bodies.into_iter().map(message).collect();
        if let Err(error) = queue.send(&name, &messages).await {
            tracing::warn!(%error, "notifications of the sandbox are lost; the poll makes up for them");
        }
    }
}
