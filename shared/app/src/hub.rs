//! The hub: the ports, the gate before them, and what this deployment can do. Flows take it and
//! reach the world through it alone.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use weir_channels::{
    channel::Credentials,
    http::{HttpRequest, HttpResponse},
};
use weir_domain::{
    Timestamp,
    ids::{ChannelName, ConnectionId, OrganizationId, SalesOrderId},
};

use crate::{
    access_tokens::AccessTokens,
    gate::{Fault, Gate, Pass, Site},
    ports::{
        Announcement, Bus, Clock, Commit, CommitError, DeadLetter, Ids, Index, Key, Ledger, LedgerError,
        OrderFile, OutgoingMessage, Page, Queue, QueueError, QueueName, SecretError, Secrets, Stored,
        Transport, TransportError, ledger::Snapshot,
    },
};

/// What this deployment can do.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// Whether connections may have endpoints of their own: they decide whom Weir calls with a
    /// merchant's credentials.
    pub allow_endpoints: bool,
    /// The queue that each channel's notifications can reach, in the channel's own words (Amazon:
    /// an ARN). None: connections live on the poll alone.
    pub notification_queues: BTreeMap<ChannelName, String>,
    /// Where channels can reach the webhook doors, such as `https://orders.example.com`. None: no
    /// webhooks are registered, and connections live on the search alone.
    pub public_url: Option<String>,
}

impl Deployment {
    /// The address of a connection's webhook door, if channels can reach it.
    #[must_use]
    pub fn webhook_door(&self, channel: &ChannelName, connection: &ConnectionId) -> Option<String> {
        let base = self.public_url.as_deref()?.trim_end_matches('/');
        Some(format!("{base}/webhooks/{channel}/{connection}"))
    }
}

/// The ports and the gate.
#[derive(Clone)]
pub struct Hub {
    /// Records.
    pub ledger: Arc<dyn Ledger>,
    /// Queues.
    pub queue: Arc<dyn Queue>,
    /// Credentials.
    pub secrets: Arc<dyn Secrets>,
    /// The way to the channels.
    pub transport: Arc<dyn Transport>,
    /// Domain events.
    pub bus: Arc<dyn Bus>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn Ids>,
    /// The gate.
    pub gate: Arc<dyn Gate>,
    /// What this deployment can do.
    pub deployment: Arc<Deployment>,
    /// Access tokens of this process.
    pub access_tokens: Arc<AccessTokens>,
}

impl Hub {
    /// One effect, through the gate.
    async fn through<'f, T, E>(
        &'f self,
        site: Site,
        effect: impl Fn() -> BoxFuture<'f, Result<T, E>> + Send + Sync,
    ) -> Result<T, E>
    where
        T: Send,
        E: From<Fault> + Send,
    {
        let pass = self.gate.enter(site).await?;
        let mut answer = effect().await;
        if pass == Pass::Twice {
            answer = effect().await;
        }
        self.gate.leave(site).await?;
        answer
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Records by key. See [`Ledger::get`].
    ///
    /// # Errors
    /// As [`Ledger::get`].
    pub async fn get(&self, site: Site, keys: &[Key]) -> Result<BTreeMap<Key, Stored>, LedgerError> {
        self.through(site, || self.ledger.get(keys)).await
    }

    /// All that is known of one order. See [`Ledger::read_order`].
    ///
    /// # Errors
    /// As [`Ledger::read_order`].
    pub async fn read_order(
        &self,
        site: Site,
        organization: &OrganizationId,
        order: &SalesOrderId,
    ) -> Result<OrderFile, LedgerError> {
        self.through(site, || self.ledger.read_order(organization, order)).await
    }

    /// Part of a list. See [`Ledger::list`].
    ///
    /// # Errors
    /// As [`Ledger::list`].
    pub async fn list(
        &self,
        site: Site,
        index: &Index,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, LedgerError> {
        self.through(site, || self.ledger.list(index, after, limit)).await
    }

    /// How long a list is, up to a cap. See [`Ledger::count`].
    ///
    /// # Errors
    /// As [`Ledger::count`].
    pub async fn count(&self, site: Site, index: &Index, cap: usize) -> Result<usize, LedgerError> {
        self.through(site, || self.ledger.count(index, cap)).await
    }

    /// Does all writes or none. See [`Ledger::commit`].
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub async fn commit(&self, site: Site, commit: &Commit) -> Result<(), CommitError> {
        self.through(site, || self.ledger.commit(commit)).await
    }

    /// Keeps a snapshot. See [`Ledger::keep_snapshot`].
    ///
    /// # Errors
    /// As [`Ledger::keep_snapshot`].
    pub async fn keep_snapshot(
        &self,
        site: Site,
        organization: &OrganizationId,
        order: &SalesOrderId,
        snapshot: &Snapshot,
    ) -> Result<(), LedgerError> {
        self.through(site, || self.ledger.keep_snapshot(organization, order, snapshot)).await
    }

    /// Removes outgoing items. See [`Ledger::remove`].
    ///
    /// # Errors
    /// As [`Ledger::remove`].
    pub async fn remove(&self, site: Site, keys: &[Key]) -> Result<(), LedgerError> {
        self.through(site, || self.ledger.remove(keys)).await
    }

    /// Sends messages. See [`Queue::send`].
    ///
    /// # Errors
    /// As [`Queue::send`].
    pub async fn send(
        &self,
        site: Site,
        queue: &QueueName,
        messages: &[OutgoingMessage],
    ) -> Result<(), QueueError> {
        self.through(site, || self.queue.send(queue, messages)).await
    }

    /// Messages that could not be handled. See [`Queue::dead_letters`].
    ///
    /// # Errors
    /// As [`Queue::dead_letters`].
    pub async fn dead_letters(&self, site: Site) -> Result<Vec<DeadLetter>, QueueError> {
        self.through(site, || self.queue.dead_letters()).await
    }

    /// Sends a dead letter to its queue again. See [`Queue::replay`].
    ///
    /// # Errors
    /// As [`Queue::replay`].
    pub async fn replay(&self, site: Site, id: &str) -> Result<(), QueueError> {
        self.through(site, || self.queue.replay(id)).await
    }

    /// Drops a dead letter. See [`Queue::discard`].
    ///
    /// # Errors
    /// As [`Queue::discard`].
    pub async fn discard(&self, site: Site, id: &str, note: &str) -> Result<(), QueueError> {
        self.through(site, || self.queue.discard(id, note)).await
    }

    /// Announces events. See [`Bus::announce`].
    ///
    /// # Errors
    /// As [`Bus::announce`].
    pub async fn announce(&self, site: Site, announcements: &[Announcement]) -> Result<(), TransportError> {
        self.through(site, || self.bus.announce(announcements)).await
    }

    /// Asks a channel. See [`Transport::send`].
    ///
    /// # Errors
    /// As [`Transport::send`].
    pub async fn ask(&self, site: Site, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        self.through(site, || self.transport.send(request)).await
    }

    /// The credentials of a connection. See [`Secrets::read`].
    ///
    /// # Errors
    /// As [`Secrets::read`].
    pub async fn credentials(
        &self,
        site: Site,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        self.through(site, || self.secrets.read(organization, connection)).await
    }

    /// Keeps the credentials of a connection. See [`Secrets::keep`].
    ///
    /// # Errors
    /// As [`Secrets::keep`].
    pub async fn keep_credentials(
        &self,
        site: Site,
        organization: &OrganizationId,
        connection: &ConnectionId,
        credentials: &Credentials,
    ) -> Result<(), SecretError> {
        self.through(site, || self.secrets.keep(organization, connection, credentials)).await
    }
}
