//! The one gate: every effect on the world passes it and names its site and class. In a product
//! build it lets everything through; in the simulation it is where faults come from.

use async_trait::async_trait;

/// What kind of effect it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A read of the store or the secrets.
    Read,
    /// A write of the store.
    LocalWrite,
    /// A message or an announcement.
    Send,
    /// A question to a channel.
    RemoteRead,
    /// A change at a channel.
    RemoteWrite,
}

macro_rules! sites {
    ($($(#[$doc:meta])* $name:ident: $class:ident;)*) => {
        /// Where in the flows an effect is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Site { $($(#[$doc])* $name,)* }

        impl Site {
            /// Every site.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What kind of effect it is.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }
        }
    };
}

sites! {
    /// A poll reads organizations, connections and its state.
    PollRead: Read;
    /// A poll searches.
    PollSearch: RemoteRead;
    /// A poll looks which orders of a page are known already.
    PollKnown: Read;
    /// A poll keeps an order of a page.
    PollKeep: LocalWrite;
    /// A poll signals the orders of a page.
    PollSignal: Send;
    /// A poll moves its cursor.
    PollAdvance: LocalWrite;
    /// An import reads connection, organization and the order's file.
    ImportRead: Read;
    /// An import asks the channel for the order.
    ImportLook: RemoteRead;
    /// An import keeps what the channel answered.
    ImportKeep: LocalWrite;
    /// An import reads aliases, variants and stock.
    ImportStock: Read;
    /// An import commits its decision.
    ImportCommit: LocalWrite;
    /// An import parks its signal.
    ImportPark: LocalWrite;
    /// A big order's import reads the stock of a chunk.
    ChunkRead: Read;
    /// A big order's import commits a chunk.
    ChunkCommit: LocalWrite;
    /// A token bucket is read.
    BucketRead: Read;
    /// A token is taken out of a bucket.
    BucketTake: LocalWrite;
    /// Credentials are read.
    Credentials: Read;
    /// An access token is asked for.
    AccessToken: RemoteRead;
    /// A refresh token that was replaced is kept.
    TokenKeep: LocalWrite;
    /// A connection is put into `needs_attention`, or its health is noted.
    ConnectionNote: LocalWrite;
    /// The dispatcher reads where work goes.
    DispatchRead: Read;
    /// The dispatcher sends work.
    DispatchSend: Send;
    /// The dispatcher announces an event.
    DispatchAnnounce: Send;
    /// The dispatcher removes what it has sent.
    DispatchRemove: LocalWrite;
    /// The sweeper looks for what was left lying.
    SweepRead: Read;
    /// The sweeper signals.
    SweepSignal: Send;
    /// A recheck looks for what waits.
    RecheckRead: Read;
    /// A recheck signals.
    RecheckSignal: Send;
    /// A channel's notification is looked up.
    NoticeRead: Read;
    /// A channel's notification is signalled.
    NoticeSignal: Send;
    /// A channel is asked about its notifications.
    SubscribeRead: RemoteRead;
    /// Something is read for a person or program.
    PersonRead: Read;
    /// Something is changed for a person or program.
    PersonWrite: LocalWrite;
    /// Credentials are kept.
    PersonSecret: LocalWrite;
    /// A person's signal or replay.
    PersonSend: Send;
    /// A delivery's connection and secrets are read.
    WebhookRead: Read;
    /// What a delivery tells is passed on.
    WebhookSignal: Send;
    /// A channel is asked which order a part belongs to, or whether it still lets Weir in.
    WebhookLook: RemoteRead;
    /// A push reads the order.
    PushRead: Read;
    /// A push looks at the order at the shop.
    PushLook: RemoteRead;
    /// A push makes a fulfillment at the shop.
    PushMake: RemoteWrite;
    /// A push notes what the shop has.
    PushNote: LocalWrite;
    /// Personal data is looked for.
    EraseRead: Read;
    /// Personal data is erased.
    Erase: LocalWrite;
    /// A channel is made to notify.
    SubscribeWrite: RemoteWrite;
}

/// What the gate can do to an effect, besides letting it through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// Refused for its rate; nothing happened.
    #[error("throttled")]
    Throttled,
    /// In trouble; nothing happened.
    #[error("in trouble")]
    Trouble,
    /// A condition did not hold; nothing happened.
    #[error("conflict")]
    Conflict,
    /// Expired; nothing happened.
    #[error("expired")]
    Expired,
    /// No answer; it may have happened.
    #[error("no answer")]
    Unknown,
}

/// How an effect goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Once.
    Once,
    /// Twice, as when an answer was lost and the client tried again by itself.
    Twice,
}

/// Who stands at the gate.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Before the effect.
    async fn enter(&self, site: Site) -> Result<Pass, Fault>;

    /// After the effect, before its answer is seen.
    async fn leave(&self, site: Site) -> Result<(), Fault>;
}

/// The gate of a product build.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

#[async_trait]
impl Gate for Open {
    async fn enter(&self, _site: Site) -> Result<Pass, Fault> {
        Ok(Pass::Once)
    }

    async fn leave(&self, _site: Site) -> Result<(), Fault> {
        Ok(())
    }
}
