//! The other ports: secrets, the way to the channels, the event bus, time, and fresh ids.

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_channels::{
    channel::Credentials,
    http::{HttpRequest, HttpResponse},
};
use weir_domain::{
    Timestamp,
    ids::{ConnectionId, OrganizationId},
};

use crate::gate::Fault;

/// Why a secret could not be read or kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret store has trouble: {0}")]
pub struct SecretError(pub String);

impl From<Fault> for SecretError {
    fn from(fault: Fault) -> Self {
        Self(fault.to_string())
    }
}

/// Where credentials are. Never in the table, an event or a log. (SPEC OP-06)
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The credentials of a connection; empty if it has none.
    async fn read(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError>;

    /// The same as they are now. MUST NOT answer out of a cache: another process may have replaced them.
    async fn read_anew(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError>;

    /// Keeps the credentials of a connection, in place of those it had.
    async fn keep(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
        credentials: &Credentials,
    ) -> Result<(), SecretError>;
}

/// Why a request got no answer. Whether it arrived is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer: {0}")]
pub struct TransportError(pub String);

impl From<Fault> for TransportError {
    fn from(fault: Fault) -> Self {
        Self(fault.to_string())
    }
}

/// The way to the channels.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and gives its answer, whatever its status. MUST NOT follow redirects. MUST
    /// end within its time limit, and refuse a body over its size limit.
    async fn send(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError>;
}

/// A domain event on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Its id; a repeated one can be recognised by it.
    pub id: String,
    /// Its name, such as `OrderImported`.
    pub name: &'static str,
    /// The detail as JSON: names of things, no personal data.
    pub detail: String,
}

/// Where domain events are announced. (SPEC OP-03)
#[async_trait]
pub trait Bus: Send + Sync {
    /// Announces. MUST have handed all over when it answers well; MAY announce one twice.
    async fn announce(&self, announcements: &[Announcement]) -> Result<(), TransportError>;
}

/// Time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The wall clock: what is stored and sent.
    fn now(&self) -> Timestamp;

    /// The scheduler's clock: schedules, retries and token buckets. It is the wall clock, but for a
    /// local run whose scheduler minute was made shorter.
    fn scheduler_now(&self) -> Timestamp;

    /// Waits. A clock that is moved by hand moves on by itself instead.
    async fn pause(&self, wait: SignedDuration);
}

/// Fresh ids.
pub trait Ids: Send + Sync {
    /// A token of letters and digits that was never given before.
    fn token(&self) -> String;
}
