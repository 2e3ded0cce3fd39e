//! What the flows for people and programs share: how they refuse, how they read and commit one
//! record, and how what they send leaves with their commit.

use weir_channels::channel::FieldError;
use weir_domain::{event::Effect, ids::OrganizationId};

use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    outbox,
    ports::{Commit, CommitError, Key, LedgerError, QueueError, Record, SecretError},
};

/// How often a change is read and decided again when others write the same records.
pub(crate) const TRIES: u32 = 5;

/// Why something that a person or program asked for was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not there. The sentence says what.
    #[error("{0}")]
    NotFound(String),
    /// What was given is wrong, field by field.
    #[error("{code}: {}", sentence(.fields))]
    Invalid {
        /// A stable word.
        code: &'static str,
        /// Each field with a sentence.
        fields: Vec<FieldError>,
    },
    /// What was given is well, and does not fit what is there.
    #[error("{message}")]
    Conflict {
        /// A stable word.
        code: &'static str,
        /// A sentence that says the way out.
        message: String,
    },
    /// Something that Weir depends on has trouble. The cause is for the log, not for people.
    #[error("{0}")]
    Trouble(String),
}

fn sentence(fields: &[FieldError]) -> String {
    let all: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.path, field.message)).collect();
    all.join("; ")
}

impl Refusal {
    /// The word for a field that is not as it should be.
    pub const INVALID: &'static str = "invalid";
    /// The word for what the API names and a later version brings.
    pub const NOT_AVAILABLE_YET: &'static str = "not_available_yet";

    /// Something is not there.
    #[must_use]
    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::NotFound(format!("There is no {what} {id}."))
    }

    /// One field is wrong.
    #[must_use]
    pub fn field(path: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { path: path.to_owned(), message: message.into() }])
    }

    /// Fields are wrong.
    #[must_use]
    pub fn fields(fields: Vec<FieldError>) -> Self {
        Self::Invalid { code: Self::INVALID, fields }
    }

    /// A field that a later version brings.
    #[must_use]
    pub fn not_available_yet(path: &str) -> Self {
        let message = format!("{path} is not available yet; nothing was changed.");
        let fields = vec![FieldError { path: path.to_owned(), message }];
        Self::Invalid { code: Self::NOT_AVAILABLE_YET, fields }
    }

    /// It does not fit what is there.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into() }
    }

    /// Others wrote the same records again and again.
    pub(crate) fn contended() -> Self {
        Self::conflict("contended", "Others were changing the same things at the same time. Try again.")
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::InvalidCursor => {
                Self::field("cursor", "This cursor was not given out by this list. Begin without one.")
            }
            LedgerError::Trouble(_) | LedgerError::Unreadable(_) => Self::Trouble(error.to_string()),
        }
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::contended(),
            CommitError::Unknown(_) | CommitError::Trouble(_) => Self::Trouble(error.to_string()),
            CommitError::TooLarge(_) => Self::conflict(
                "too_large",
                "It is too large to be stored at once. Split it into smaller parts.",
            ),
        }
    }
}

impl From<SecretError> for Refusal {
    fn from(error: SecretError) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl From<FlowError> for Refusal {
    fn from(error: FlowError) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::NotFound => Self::NotFound("There is no dead letter of that id.".to_owned()),
            QueueError::Trouble(_) => Self::Trouble(error.to_string()),
        }
    }
}

/// Takes one kind of record out, for [`one`] and [`crate::lists`].
macro_rules! only {
    ($kind:ident) => {
        |record| match record {
            $crate::ports::Record::$kind(found) => Some(found),
            _ => None,
        }
    };
}
pub(crate) use only;

/// One record with its version.
pub(crate) async fn one<T>(
    hub: &Hub,
    key: Key,
    take: impl Fn(Record) -> Option<T>,
) -> Result<Option<(T, u64)>, Refusal> {
    let mut found = hub.get(Site::PersonRead, std::slice::from_ref(&key)).await?;
    let Some(stored) = found.remove(&key) else { return Ok(None) };
    let version = stored.version;
    match take(stored.record) {
        Some(record) => Ok(Some((record, version))),
        None => Err(Refusal::Trouble(format!("{key:?} holds another kind of record"))),
    }
}

/// Several records of one kind, in the order of their keys; keys without a record are left out.
pub(crate) async fn several<T>(
    hub: &Hub,
    keys: &[Key],
    take: impl Fn(Record) -> Option<T>,
) -> Result<Vec<(Key, T, u64)>, Refusal> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = hub.get(Site::PersonRead, keys).await?;
    Ok(found
        .into_iter()
        .filter_map(|(key, stored)| Some((key, take(stored.record)?, stored.version)))
        .collect())
}

/// Commits. `false`: what was read is not what is stored any more, or nothing is known of the
/// commit, so it has to be read and decided again.
pub(crate) async fn commit(hub: &Hub, commit: &Commit) -> Result<bool, Refusal> {
    match hub.commit(Site::PersonWrite, commit).await {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict | CommitError::Unknown(_)) => Ok(false),
        Err(error @ (CommitError::Trouble(_) | CommitError::TooLarge(_))) => Err(error.into()),
    }
}

/// Writes what is sent, as items of the commit that causes it. `about` names the record that
/// changed; a fresh token keeps two commits of it apart.
pub(crate) fn send(
    hub: &Hub,
    organization: &OrganizationId,
    about: &str,
    effects: &[Effect],
    commit: &mut Commit,
) {
    if !effects.is_empty() {
        let writer = format!("{about}.{}", hub.ids.token());
        outbox::write(hub, organization, &writer, 1, effects, commit);
    }
}

/// The merchant.
pub(crate) async fn organization(
    hub: &Hub,
    id: &OrganizationId,
) -> Result<(weir_domain::organization::Organization, u64), Refusal> {
    one(hub, Key::Organization(id.clone()), only!(Organization))
        .await?
        .ok_or_else(|| Refusal::not_found("organization", id))
}
