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
    connection::Connection,
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
    /// What stands in for channels beside this hub: it reaches the doors where the real ones cannot.
    pub stand_in: Option<StandIn>,
}

/// A server that stands in for channels on the machine of the hub.
#[derive(Clone, Debug)]
pub struct StandIn {
    /// Its address: connections whose endpoint is there are its own.
    pub address: String,
    /// Where it reaches the webhook doors.
    pub doors: String,
}

impl StandIn {
    fn is_of(&self, connection: &Connection) -> bool {
        let rest = connection.endpoints.api.as_deref().and_then(|api| api.strip_prefix(&self.address));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Deployment {
    /// The address of a connection's webhook door, if its channel can reach it.
    #[must_use]
    pub fn webhook_door(&self, connection: &Connection) -> Option<String> {
        let stand_in = self.stand_in.as_ref().filter(|stand_in| stand_in.is_of(connection));
        let base = stand_in.map(|stand_in| &stand_in.doors).or(self.public_url.as_ref())?;
        let (base, channel) = (base.trim_end_matches('/'), &connection.channel);
        Some(format!("{base}/webhooks/{channel}/{}", connection.id))
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

    /// The credentials of a connection, past any cache. See [`Secrets::read_anew`].
    ///
    /// # Errors
    /// As [`Secrets::read_anew`].
    pub async fn credentials_anew(
        &self,
        site: Site,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        self.through(site, || self.secrets.read_anew(organization, connection)).await
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

#[cfg(test)]
mod tests {
    use weir_domain::{
        connection::{ConnectionSettings, Endpoints, RemoteAccount, ShopSettings},
        ids::ConnectionId,
    };

    use super::*;

    fn connection(api: Option<&str>) -> Connection {
        let settings = ConnectionSettings {
            sku_aliasing: false,
            orders_api: String::new(),
            shop: ShopSettings::default(),
        };
        let remote = RemoteAccount { account: "shop.myshopify.com".to_owned(), marketplace: None };
        let (id, channel) = (ConnectionId::from_token("one"), ChannelName::parse("shopify").unwrap());
        Connection {
            endpoints: Endpoints { api: api.map(str::to_owned), token: None },
            ..Connection::new(id, channel, remote, settings, Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn only_what_stands_in_reaches_the_doors_of_a_hub_without_a_public_address() {
        let stand_in = StandIn {
            address: "http://127.0.0.1:4000".to_owned(),
            doors: "http://127.0.0.1:3000".to_owned(),
        };
        let hidden = Deployment { stand_in: Some(stand_in), ..Deployment::default() };
        let own = connection(Some("http://127.0.0.1:4000/shop"));
        let door = format!("/webhooks/shopify/{}", own.id);
        assert_eq!(hidden.webhook_door(&own), Some(format!("http://127.0.0.1:3000{door}")));
        for other in [None, Some("http://127.0.0.1:40001"), Some("https://proxy.example")] {
            assert_eq!(hidden.webhook_door(&connection(other)), None, "{other:?}");
        }
        let public = Deployment { public_url: Some("https://hub.example/".to_owned()), ..hidden };
        let at_large = public.webhook_door(&connection(None));
        assert_eq!(at_large, Some(format!("https://hub.example{door}")));
        assert!(public.webhook_door(&own).is_some_and(|door| door.starts_with("http://127.0.0.1:3000/")));
    }
}
