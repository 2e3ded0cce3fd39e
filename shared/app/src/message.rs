//! What travels in a queue: versioned envelopes that name things. No order data, no personal data.

use serde::{Deserialize, Serialize};
use weir_domain::{
    Timestamp,
    ids::{ChannelOrderId, ConnectionId, FulfillmentId, InvalidId, OrganizationId, SalesOrderId, SignalId},
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

/// Something that a channel delivered and that is no order's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: SignalId,
    /// Whose.
    pub organization: OrganizationId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// What.
    pub what: What,
    /// When it came.
    pub at: Timestamp,
}

/// What was delivered: ids alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A part of an order changed, whose order has to be found.
    Part(String),
    /// The application may have been taken out of the account.
    Uninstalled,
    /// The buyer of these orders wants to know what is held. (SPEC OP-05)
    CustomerData {
        /// The channel's id of the request.
        request: Option<String>,
        /// The orders.
        orders: Vec<ChannelOrderId>,
    },
    /// The buyer's data is to be erased from these orders. (SPEC OP-05)
    EraseCustomer {
        /// The orders.
        orders: Vec<ChannelOrderId>,
    },
    /// All personal data of the connection is to be erased. (SPEC OP-05)
    EraseShop {
        /// Where an erasure that was begun goes on: the position of a kind of outcome, and the list's place.
        after: Option<String>,
    },
}

impl What {
    /// What the log calls it: a part by its id, all else by what it is.
    #[must_use]
    pub fn names(&self) -> &str {
        match self {
            Self::Part(part) => part,
            Self::Uninstalled => "uninstalled",
            Self::CustomerData { .. } => "customer_data",
            Self::EraseCustomer { .. } => "erase_customer",
            Self::EraseShop { .. } => "erase_shop",
        }
    }
}

/// "Bring this fulfillment to the shop that took the order."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which order.
    pub order: SalesOrderId,
    /// Which; of a shop that hears of whole orders alone the one made of [`Push::WHOLE_ORDER`].
    pub fulfillment: FulfillmentId,
}

impl Push {
    /// What the id is made of that stands for all of an order. (SPEC KB-10)
    pub const WHOLE_ORDER: &str = "all";
}

/// A message of an import queue or of a push queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A channel delivered something else than an order's name.
    Told(Told),
    /// Bring a fulfillment to the shop.
    Push(Push),
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    orders: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sales_order: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fulfillment: Option<String>,
}

impl Envelope {
    fn new(kind: &str, organization: &OrganizationId) -> Self {
        Self {
            v: VERSION,
            kind: kind.to_owned(),
            organization: organization.to_string(),
            id: None,
            connection: None,
            channel_order_id: None,
            snapshot_at: None,
            cause: None,
            requested_by: None,
            at: None,
            code: None,
            after: None,
            part: None,
            request: None,
            orders: None,
            sales_order: None,
            fulfillment: None,
        }
    }

    fn of_told(told: &Told) -> Self {
        let texts = |orders: &[ChannelOrderId]| Some(orders.iter().map(ToString::to_string).collect());
        let mut envelope = match &told.what {
            What::Part(part) => Self { part: Some(part.clone()), ..Self::new("part", &told.organization) },
            What::Uninstalled => Self::new("uninstalled", &told.organization),
            What::CustomerData { request, orders } => Self {
                request: request.clone(),
                orders: texts(orders),
                ..Self::new("customer_data", &told.organization)
            },
            What::EraseCustomer { orders } => {
                Self { orders: texts(orders), ..Self::new("erase_customer", &told.organization) }
            }
            What::EraseShop { after } => {
                Self { after: after.clone(), ..Self::new("erase_shop", &told.organization) }
            }
        };
        envelope.id = Some(told.id.to_string());
        envelope.connection = Some(told.connection.to_string());
        envelope.at = Some(told.at.to_string());
        envelope
    }

    /// What was delivered; `None` if the kind is another one.
    fn what(&mut self) -> Result<Option<What>, UnreadableMessage> {
        let orders = |orders: Option<Vec<String>>| {
            let orders = orders.unwrap_or_default();
            orders.iter().map(|id| ChannelOrderId::parse(id)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Some(match self.kind.as_str() {
            "part" => What::Part(required(self.part.take(), "part")?),
            "uninstalled" => What::Uninstalled,
            "customer_data" => {
                What::CustomerData { request: self.request.take(), orders: orders(self.orders.take())? }
            }
            "erase_customer" => What::EraseCustomer { orders: orders(self.orders.take())? },
            "erase_shop" => What::EraseShop { after: self.after.take() },
            _ => return Ok(None),
        }))
    }
}

/// The version that this build writes. It reads every version up to it.
const VERSION: u32 = 1;

impl Message {
    /// The message as it travels.
    #[must_use]
    pub fn to_json(&self) -> String {
        let envelope = match self {
            Self::Told(told) => Envelope::of_told(told),
            Self::Push(push) => Envelope {
                sales_order: Some(push.order.to_string()),
                fulfillment: Some(push.fulfillment.to_string()),
                ..Envelope::new("push", &push.organization)
            },
            Self::Look(signal) => Envelope {
                id: Some(signal.id.to_string()),
                connection: Some(signal.connection.to_string()),
                channel_order_id: Some(signal.channel_order_id.to_string()),
                snapshot_at: signal.snapshot_at.map(|at| at.to_string()),
                cause: Some(signal.cause),
                requested_by: signal.requested_by.clone(),
                at: Some(signal.at.to_string()),
                ..Envelope::new("look", &signal.organization)
            },
            Self::Recheck(recheck) => Envelope {
                connection: recheck.connection.as_ref().map(ToString::to_string),
                code: recheck.code.map(|code| code.as_str().to_owned()),
                after: recheck.after.clone(),
                ..Envelope::new("recheck", &recheck.organization)
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
        let mut envelope: Envelope =
            serde_json::from_str(text).map_err(|error| UnreadableMessage(error.to_string()))?;
        if envelope.v > VERSION {
            return Err(UnreadableMessage(format!("version {} is newer than this build", envelope.v)));
        }
        let organization = OrganizationId::parse(&envelope.organization)?;
        if let Some(what) = envelope.what()? {
            return Ok(Self::Told(Told {
                id: SignalId::parse(&required(envelope.id, "id")?)?,
                organization,
                connection: ConnectionId::parse(&required(envelope.connection, "connection")?)?,
                what,
                at: time(&required(envelope.at, "at")?, "at")?,
            }));
        }
        match envelope.kind.as_str() {
            "push" => Ok(Self::Push(Push {
                organization,
                order: SalesOrderId::parse_any(&required(envelope.sales_order, "sales_order")?)?,
                fulfillment: FulfillmentId::parse(&required(envelope.fulfillment, "fulfillment")?)?,
            })),
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
    use std::{collections::BTreeSet, path::PathBuf};

    use super::*;

    /// Where a message as a build of a version wrote it is kept.
    fn golden(name: &str, version: u32) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "tests", "golden", &format!("{name}.v{version}.json")].iter().collect()
    }

    /// What to do when a message has changed.
    const WHAT_TO_DO: &str = "messages of the last release wait in the queues while this one starts. Leave this \
        file as it is; raise VERSION, keep reading the old envelope beside the new one, and commit the new golden \
        file beside the old one";

    /// The golden files of each kind of message. A new kind does not compile without its arm, and its
    /// arm does not pass without its sample and its file.
    macro_rules! golden_files {
        ($($kind:pat => $names:expr,)*) => {
            const GOLDEN: &[&[&str]] = &[$(&$names),*];

            fn golden_of(message: &Message) -> &'static [&'static str] {
                match message {
                    $($kind => &$names,)*
                }
            }
        };
    }

    golden_files! {
        Message::Look(Signal { cause: SignalCause::Poll, .. }) => ["look_poll"],
        Message::Look(Signal { cause: SignalCause::Notification, .. }) => ["look_notification"],
        Message::Look(Signal { cause: SignalCause::Run, .. }) => ["look_run"],
        Message::Look(Signal { cause: SignalCause::Manual, .. }) => ["look_manual"],
        Message::Look(Signal { cause: SignalCause::Replay, .. }) => ["look_replay"],
        Message::Look(Signal { cause: SignalCause::Waiting, .. }) => ["look_waiting"],
        Message::Look(Signal { cause: SignalCause::Sweep, .. }) => ["look_sweep"],
        Message::Recheck(_) => ["recheck", "recheck_of_all"],
        Message::Push(_) => ["push"],
        Message::Told(Told { what: What::Part(_), .. }) => ["told_part"],
        Message::Told(Told { what: What::Uninstalled, .. }) => ["told_uninstalled"],
        Message::Told(Told { what: What::CustomerData { .. }, .. }) => ["told_customer_data"],
        Message::Told(Told { what: What::EraseCustomer { .. }, .. }) => ["told_erase_customer"],
        Message::Told(Told { what: What::EraseShop { .. }, .. }) => ["told_erase_shop"],
    }

    fn organization() -> OrganizationId {
        OrganizationId::from_token("k7m2c9q4x8w3n6b5v2hp")
    }

    fn connection() -> ConnectionId {
        ConnectionId::from_token("a3f8e6g2j9k4m7p5r8t2")
    }

    /// One message of each kind, with the name of its golden file.
    fn samples() -> Vec<(&'static str, Message)> {
        let look = |cause| Signal {
            id: SignalId::from_token("d6j3h9k5n4p7q8r2t5w6"),
            organization: organization(),
            connection: connection(),
            channel_order_id: ChannelOrderId::parse("114-3941689-8772200").unwrap(),
            snapshot_at: None,
            cause,
            requested_by: None,
            at: "2026-07-14T18:24:01.5Z".parse().unwrap(),
        };
        let told = |what| {
            Message::Told(Told {
                id: SignalId::from_token("d6j3h9k5n4p7q8r2t5w6"),
                organization: organization(),
                connection: connection(),
                what,
                at: "2026-07-14T18:24:01.5Z".parse().unwrap(),
            })
        };
        let orders = || vec![ChannelOrderId::parse("6543210987654").unwrap()];
        let snapshot_at = Some("2026-07-14T18:22:31Z".parse().unwrap());
        let requested_by = Some("token:deploy".to_owned());
        vec![
            ("look_poll", Message::Look(Signal { snapshot_at, ..look(SignalCause::Poll) })),
            ("look_notification", Message::Look(look(SignalCause::Notification))),
            ("look_run", Message::Look(Signal { snapshot_at, ..look(SignalCause::Run) })),
            ("look_manual", Message::Look(Signal { requested_by, ..look(SignalCause::Manual) })),
            ("look_replay", Message::Look(look(SignalCause::Replay))),
            ("look_waiting", Message::Look(Signal { snapshot_at, ..look(SignalCause::Waiting) })),
            ("look_sweep", Message::Look(look(SignalCause::Sweep))),
            (
                "push",
                Message::Push(Push {
                    organization: organization(),
                    order: SalesOrderId::for_source(&connection(), &orders()[0]),
                    fulfillment: FulfillmentId::from_token("j3q8p6r2t9u4v7x5z8b3"),
                }),
            ),
            ("told_part", told(What::Part("gid://shopify/Return/77".to_owned()))),
            ("told_uninstalled", told(What::Uninstalled)),
            (
                "told_customer_data",
                told(What::CustomerData { request: Some("9".to_owned()), orders: orders() }),
            ),
            ("told_erase_customer", told(What::EraseCustomer { orders: orders() })),
            ("told_erase_shop", told(What::EraseShop { after: Some("1#x".to_owned()) })),
            (
                "recheck",
                Message::Recheck(Recheck {
                    organization: organization(),
                    connection: Some(connection()),
                    code: Some(ReasonCode::SkuNotMatched),
                    after: Some("20260714T182401#x".to_owned()),
                }),
            ),
            (
                "recheck_of_all",
                Message::Recheck(Recheck {
                    organization: organization(),
                    connection: None,
                    code: None,
                    after: None,
                }),
            ),
        ]
    }

    /// What an earlier build put into a queue is read by this one.
    #[test]
    fn what_was_sent_stays_readable() {
        for (name, message) in samples() {
            for version in 1..=VERSION {
                let path = golden(name, version);
                // A message that came with a later version was never written by an earlier one.
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                let read = Message::from_json(&text);
                assert_eq!(
                    read,
                    Ok(message.clone()),
                    "{} is not read as it was: {WHAT_TO_DO}",
                    path.display()
                );
            }
        }
    }

    /// What this build sends is what it sent at first. A file that is missing is written, and the test
    /// fails once, so that it is looked at and committed.
    #[test]
    fn what_is_sent_is_written_as_it_was() {
        let mut missing = Vec::new();
        for (name, message) in samples() {
            let path = golden(name, VERSION);
            let Ok(text) = std::fs::read_to_string(&path) else {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, message.to_json() + "\n").unwrap();
                missing.push(name);
                continue;
            };
            let now = message.to_json();
            assert_eq!(now, text.trim_end(), "{} is not written as it was: {WHAT_TO_DO}", path.display());
        }
        assert!(missing.is_empty(), "these golden files were written, look at them: {missing:?}");
    }

    /// Every kind of message has its golden files, and every golden file is one that is read.
    #[test]
    fn there_is_a_golden_file_of_every_kind() {
        let named: BTreeSet<&str> = GOLDEN.iter().copied().flatten().copied().collect();
        let sampled: BTreeSet<&str> = samples().iter().map(|(name, _)| *name).collect();
        assert_eq!(sampled, named, "samples (left) and the files that the kinds name (right)");
        for (name, message) in samples() {
            assert!(golden_of(&message).contains(&name), "{name} is the golden file of another kind");
        }
        for file in std::fs::read_dir(golden("any", VERSION).parent().unwrap()).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let is_read = |name: &str| (1..=VERSION).any(|version| file == format!("{name}.v{version}.json"));
            assert!(named.iter().any(|name| is_read(name)), "nothing reads {file}");
        }
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        for (_, message) in samples() {
            let text = message.to_json().replace('}', r#","added_later":{"a":1}}"#);
            assert_eq!(Message::from_json(&text), Ok(message));
        }
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
