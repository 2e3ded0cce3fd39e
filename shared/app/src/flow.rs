//! How a flow ends when it cannot go on: with an error that returns the message to its queue, where
//! it counts towards the dead letters. Known reasons do not come here: they park or wait.

use weir_domain::ids::OrganizationId;

use crate::ports::{CommitError, LedgerError, QueueError, SecretError, TransportError};

/// Something unexpected. The message returns to its queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FlowError(String);

impl FlowError {
    /// An error in words, without personal data.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A key that should hold a record and does not.
    pub(crate) fn missing(what: &str, id: impl std::fmt::Display, organization: &OrganizationId) -> Self {
        Self(format!("there is no {what} {id} in {organization}"))
    }
}

macro_rules! from {
    ($($error:ty),*) => {$(
        impl From<$error> for FlowError {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

from!(LedgerError, CommitError, QueueError, SecretError, TransportError);
