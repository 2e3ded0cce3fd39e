//! Secrets, the bus and the way to the channels, in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use weir_app::ports::{Announcement, Bus, SecretError, Secrets, Transport, TransportError};
use weir_channels::{
    channel::Credentials,
    http::{HttpRequest, HttpResponse, Method},
};
use weir_domain::{
    Timestamp,
    ids::{ConnectionId, OrganizationId},
};

use super::{FakeClock, Remote, Twist, lock};
use crate::{
    Now,
    amazon::Amazon,
    bigcommerce::{self, BigCommerce},
    shopify::{self, Shopify},
};

/// Answers above this size are not kept to be given again: pages of searches never are asked twice.
const KEPT_BYTES: usize = 16 * 1024;

/// Credentials.
#[derive(Default)]
pub struct FakeSecrets {
    kept: Mutex<BTreeMap<(OrganizationId, ConnectionId), Credentials>>,
}

#[async_trait]
impl Secrets for FakeSecrets {
    async fn read(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        Ok(lock(&self.kept).get(&(organization.clone(), connection.clone())).cloned().unwrap_or_default())
    }

    async fn read_anew(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        self.read(organization, connection).await
    }

    async fn keep(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
        credentials: &Credentials,
    ) -> Result<(), SecretError> {
        lock(&self.kept).insert((organization.clone(), connection.clone()), credentials.clone());
        Ok(())
    }
}

/// The bus; it remembers everything.
#[derive(Default)]
pub struct FakeBus {
    announced: Mutex<Vec<Announcement>>,
}

impl FakeBus {
    /// Everything that was announced, in order, also what came twice.
    #[must_use]
    pub fn announced(&self) -> Vec<Announcement> {
        lock(&self.announced).clone()
    }
}

#[async_trait]
impl Bus for FakeBus {
    async fn announce(&self, announcements: &[Announcement]) -> Result<(), TransportError> {
        lock(&self.announced).extend_from_slice(announcements);
        Ok(())
    }
}

/// In what the address of a shop at Shopify has its domain.
const OF_SHOPIFY: &str = ".myshopify.com/";

/// What the address of every store at BigCommerce begins with.
const OF_BIGCOMMERCE: &str = "https://api.bigcommerce.com/";

/// The way to the simulated channels, their token services as well.
pub struct FakeTransport {
    clock: Arc<FakeClock>,
    amazon: Arc<Mutex<Amazon>>,
    shopify: Option<Arc<Mutex<Shopify>>>,
    bigcommerce: Option<Arc<Mutex<BigCommerce>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    twist: Twist,
    /// The good answers to reads of one order, by address, oldest first.
    answers: BTreeMap<String, Vec<(Timestamp, HttpResponse)>>,
    addresses: Vec<String>,
    late: Vec<(Timestamp, HttpRequest)>,
}

impl FakeTransport {
    /// The way to an Amazon.
    #[must_use]
    pub fn new(clock: Arc<FakeClock>, amazon: Arc<Mutex<Amazon>>) -> Self {
        Self { clock, amazon, shopify: None, bigcommerce: None, state: Mutex::new(State::default()) }
    }

    /// The same, and the way to a Shopify as well, behind the address of every shop of it.
    #[must_use]
    pub fn with_shopify(mut self, shopify: Arc<Mutex<Shopify>>) -> Self {
        self.shopify = Some(shopify);
        self
    }

    /// The same, and the way to a BigCommerce as well, behind its one address.
    #[must_use]
    pub fn with_bigcommerce(mut self, bigcommerce: Arc<Mutex<BigCommerce>>) -> Self {
        self.bigcommerce = Some(bigcommerce);
        self
    }

    /// What the gate wants wrong with the next effect.
    pub fn twist(&self, twist: Twist) {
        lock(&self.state).twist = twist;
    }

    /// Every address that was called.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        lock(&self.state).addresses.clone()
    }

    /// When the next late request arrives.
    #[must_use]
    pub fn next_late(&self) -> Option<Timestamp> {
        lock(&self.state).late.iter().map(|(due, _)| *due).min()
    }

    /// Lets every late request arrive whose time has come.
    pub fn settle(&self) {
        let now = self.clock.true_now();
        let mut state = lock(&self.state);
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.late).into_iter().partition(|(at, _)| *at <= now);
        state.late = later;
        for (at, request) in due {
            self.answer(&request, None, Now::at(at));
        }
    }

    /// One call, with what is wrong with just this one.
    fn answer(&self, request: &HttpRequest, remote: Option<Remote>, now: Now) -> HttpResponse {
        if let Some(bigcommerce) =
            self.bigcommerce.as_ref().filter(|_| request.url.starts_with(OF_BIGCOMMERCE))
        {
            return answer_of_bigcommerce(&mut lock(bigcommerce), request, remote, now);
        }
        match self.shopify.as_ref().filter(|_| request.url.contains(OF_SHOPIFY)) {
            Some(shopify) => answer_of_shopify(&mut lock(shopify), request, remote, now),
            None => answer(&mut lock(&self.amazon), request, remote, now),
        }
    }
}

#[async_trait]
impl Transport for FakeTransport {
    async fn send(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        self.settle();
        let now = self.clock.true_now();
        let mut state = lock(&self.state);
        state.addresses.push(request.url.clone());
        let is_read = request.method == Method::Get;
        if let (Some(wait), false) = (state.twist.late, is_read) {
            state.late.push((now.saturating_add(wait).unwrap_or(now), request.clone()));
            return Err(TransportError("no answer".to_owned()));
        }
        if let (Some(stale), true) = (state.twist.stale, is_read)
            && let Some((_, answer)) = state
                .answers
                .get(&request.url)
                .and_then(|answers| answers.iter().rev().find(|(at, _)| now.duration_since(*at) >= stale))
        {
            return Ok(answer.clone());
        }
        let answer = self.answer(request, state.twist.remote, Now::at(now));
        if is_read && answer.status == 200 && answer.body.len() < KEPT_BYTES {
            state.answers.entry(request.url.clone()).or_default().push((now, answer.clone()));
        }
        Ok(answer)
    }
}

/// A rate of a fault that always happens.
const ALWAYS: u16 = 1000;

fn answer_of_shopify(
    shopify: &mut Shopify,
    request: &HttpRequest,
    remote: Option<Remote>,
    now: Now,
) -> HttpResponse {
    let Some(remote) = remote else { return shopify.handle(request, now) };
    let before = shopify.faults.clone();
    let one = before.clone();
    shopify.faults = match remote {
        Remote::Throttled => shopify::Faults { throttled: ALWAYS, ..one },
        Remote::Trouble => shopify::Faults { server_errors: ALWAYS, token_errors: ALWAYS, ..one },
        Remote::Cut => shopify::Faults { cut_bodies: ALWAYS, ..one },
        Remote::Expired => shopify::Faults { expired_tokens: ALWAYS, ..one },
    };
    let answer = shopify.handle(request, now);
    shopify.faults = before;
    answer
}

/// A token of a store never ends: that one is refused all the same is the store's own trouble.
fn answer_of_bigcommerce(
    stores: &mut BigCommerce,
    request: &HttpRequest,
    remote: Option<Remote>,
    now: Now,
) -> HttpResponse {
    let Some(remote) = remote else { return stores.handle(request, now) };
    let before = stores.faults.clone();
    let one = before.clone();
    stores.faults = match remote {
        Remote::Throttled => bigcommerce::Faults { throttled: ALWAYS, ..one },
        Remote::Trouble => bigcommerce::Faults { server_errors: ALWAYS, ..one },
        Remote::Cut => bigcommerce::Faults { cut_bodies: ALWAYS, ..one },
        Remote::Expired => return HttpResponse::json(401, "{}"),
    };
    let answer = stores.handle(request, now);
    stores.faults = before;
    answer
}

/// One call, with what is wrong with just this one.
fn answer(amazon: &mut Amazon, request: &HttpRequest, remote: Option<Remote>, now: Now) -> HttpResponse {
    let Some(remote) = remote else { return amazon.handle(request, now) };
    let before = amazon.faults.clone();
    match remote {
        Remote::Throttled => amazon.faults.throttled = ALWAYS,
        Remote::Trouble => (amazon.faults.server_errors, amazon.faults.token_errors) = (ALWAYS, ALWAYS),
        Remote::Cut => amazon.faults.cut_bodies = ALWAYS,
        Remote::Expired => amazon.faults.expired_tokens = ALWAYS,
    }
    let answer = amazon.handle(request, now);
    amazon.faults = before;
    answer
}
