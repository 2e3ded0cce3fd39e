//! What travels in a queue: versioned envelopes that name things. No order data, no personal data.

use serde::{Deserialize, Serialize};
use weir_domain::{
    Timestamp,
    ids::{ChannelOrderId, ConnectionId, InvalidId, OrganizationId, SalesOrderId, SignalId},
    outcome::ReasonCode,
};

/// "Look at order X of connection C." (SPEC G-01)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its id.
    pub id: SignalId,
    /// Whose.
    pub organization: OrganizationId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Which order.
    pub channel_order_id: ChannelOrderId,
    /// A snapshot of at least this channel time is kept and may be used; else the channel is asked.
    pub snapshot_at: Option<Timestamp>,
    /// What made it.
    pub cause: SignalCause,
    /// Who asked for it, if somebody did.
    pub requested_by: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Signal {
    /// The key of what it is about.
    #[must_use]
    pub fn order(&self) -> SalesOrderId {
        SalesOrderId::for_source(&self.connection, &self.channel_order_id)
    }
}

/// What made a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalCause {
    /// A search.
    Poll,
    /// The channel told.
    Notification,
    /// A run that somebody asked for.
    Run,
    /// A person.
    Manual,
    /// A dead letter was replayed.
    Replay,
    /// What it waited for has come.
    Waiting,
    /// The sweeper found it lying.
    Sweep,
}

impl SignalCause {
    /// The word of the API and the timeline.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Notification => "notification",
            Self::Run => "run",
            Self::Manual => "manual",
            Self::Replay => "replay",
            Self::Waiting => "waiting",
            Self::Sweep => "sweep",
        }
    }
}

/// "Look at what waits for this reason."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// Whose.
    pub organization: OrganizationId,
    /// Only of this connection.
    pub connection: Option<ConnectionId>,
    /// Only what waits for this.
    pub code: Option<ReasonCode>,
    /// Where a recheck that was begun goes on.
    pub after: Option<String>,
}

/// A message of an import queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Look at an order.
    Look(Signal),
    /// Look at what waits.
    Recheck(Recheck),
}

/// A message that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be read: {0}")]
pub struct UnreadableMessage(String);

impl From<InvalidId> for UnreadableMessage {
    fn from(error: InvalidId) -> Self {
        Self(error.to_string())
    }
}

/// The envelope as it travels. Fields that a later version adds are ignored; a kind that is not
/// known is an error and so returns to the queue, for the version that knows it.
#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u32,
    kind: String,
    organization: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel_order_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<SignalCause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requested_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// The version that this build writes. It reads every version up to it.
const VERSION: u32 = 1;

impl Message {
    /// The message as it travels.
    #[must_use]
    pub fn to_json(&self) -> String {
        let envelope = match self {
            Self::Look(signal) => Envelope {
                v: VERSION,
                kind: "look".to_owned(),
                organization: signal.organization.to_string(),
                id: Some(signal.id.to_string()),
                connection: Some(signal.connection.to_string()),
                channel_order_id: Some(signal.channel_order_id.to_string()),
                snapshot_at: signal.snapshot_at.map(|at| at.to_string()),
                cause: Some(signal.cause),
                requested_by: signal.requested_by.clone(),
                at: Some(signal.at.to_string()),
                code: None,
                after: None,
            },
            Self::Recheck(recheck) => Envelope {
                v: VERSION,
                kind: "recheck".to_owned(),
                organization: recheck.organization.to_string(),
                id: None,
                connection: recheck.connection.as_ref().map(ToString::to_string),
                channel_order_id: None,
                snapshot_at: None,
                cause: None,
                requested_by: None,
                at: None,
                code: recheck.code.map(|code| code.as_str().to_owned()),
                after: recheck.after.clone(),
            },
        };
        // An envelope of strings always serialises.
        serde_json::to_string(&envelope).unwrap_or_default()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, UnreadableMessage> {
        let envelope: Envelope =
            serde_json::from_str(text).map_err(|error| UnreadableMessage(error.to_string()))?;
        if envelope.v > VERSION {
            return Err(UnreadableMessage(format!("version {} is newer than this build", envelope.v)));
        }
        let organization = OrganizationId::parse(&envelope.organization)?;
        match envelope.kind.as_str() {
            "look" => Ok(Self::Look(Signal {
                id: SignalId::parse(&required(envelope.id, "id")?)?,
                organization,
                connection: ConnectionId::parse(&required(envelope.connection, "connection")?)?,
                channel_order_id: ChannelOrderId::parse(&required(
                    envelope.channel_order_id,
                    "channel_order_id",
                )?)?,
                snapshot_at: envelope.snapshot_at.map(|at| time(&at, "snapshot_at")).transpose()?,
                cause: required(envelope.cause, "cause")?,
                requested_by: envelope.requested_by,
                at: time(&required(envelope.at, "at")?, "at")?,
            })),
            "recheck" => Ok(Self::Recheck(Recheck {
                organization,
                connection: envelope.connection.map(|id| ConnectionId::parse(&id)).transpose()?,
                code: match envelope.code {
                    Some(code) => Some(
                        ReasonCode::parse(&code)
                            .ok_or_else(|| UnreadableMessage("code is not known".to_owned()))?,
                    ),
                    None => None,
                },
                after: envelope.after,
            })),
            kind => Err(UnreadableMessage(format!("kind \"{kind}\" is not known"))),
        }
    }
}

fn required<T>(value: Option<T>, field: &str) -> Result<T, UnreadableMessage> {
    value.ok_or_else(|| UnreadableMessage(format!("{field} is missing")))
}

fn time(text: &str, field: &str) -> Result<Timestamp, UnreadableMessage> {
    text.parse().map_err(|_| UnreadableMessage(format!("{field} is not a time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Every envelope that a release ever wrote stays readable: lines are added here, never changed.
    const WRITTEN_BEFORE: &[&str] = &[
        r#"{"v":1,"kind":"look","organization":"org_1","id":"sig_1","connection":"con_1","channel_order_id":"111-2222222-3333333","snapshot_at":"2026-11-24T08:00:00Z","cause":"poll","at":"2026-11-24T08:00:01Z"}"#,
        r#"{"v":1,"kind":"look","organization":"org_1","id":"sig_2","connection":"con_1","channel_order_id":"1042","cause":"manual","requested_by":"token:deploy","at":"2026-11-24T08:00:01Z"}"#,
        r#"{"v":1,"kind":"recheck","organization":"org_1","connection":"con_1","code":"sku_not_matched","after":"x"}"#,
        r#"{"v":1,"kind":"recheck","organization":"org_1"}"#,
    ];

    #[test]
    fn what_was_written_is_read_and_written_the_same() {
        for text in WRITTEN_BEFORE {
            let message = Message::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(message.to_json(), **text);
        }
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let text = WRITTEN_BEFORE[3].replace('}', r#","added_later":{"a":1}}"#);
        assert!(Message::from_json(&text).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_said_and_returns_to_the_queue() {
        for (text, words) in [
            (r#"{"v":2,"kind":"look","organization":"org_1"}"#, "version 2 is newer than this build"),
            (r#"{"v":1,"kind":"sing","organization":"org_1"}"#, "kind \"sing\" is not known"),
            (r#"{"v":1,"kind":"look","organization":"org_1"}"#, "id is missing"),
            (r#"{"v":1,"kind":"look","organization":"a#b"}"#, "only letters, digits"),
            ("not JSON", "expected"),
        ] {
            let error = Message::from_json(text).expect_err(text).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
