//! The ports: what the flows need of the world, as traits. Each method is one effect. An
//! implementation keeps every MUST, and one contract suite proves it for all of them.

pub mod ledger;
pub mod queue;
pub mod outside;

pub use ledger::{
    Commit, CommitError, Expect, Index, Key, Ledger, LedgerError, OrderFile, Page, Record, Stored, Write,
};
pub use outside::{Announcement, Bus, Clock, Ids, SecretError, Secrets, Transport, TransportError};
pub use queue::{DeadLetter, OutgoingMessage, Queue, QueueError, QueueName};
