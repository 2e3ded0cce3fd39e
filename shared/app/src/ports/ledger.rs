//! The ledger port: records with versions, found by key or listed by index, changed only by a commit
//! that holds all or nothing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use weir_domain::{
    Timestamp,
    connection::Connection,
    customer::{Customer, Person},
    data_request::DataRequest,
    decide::booking::Booked,
    event::Effect,
    history::HistoryEntry,
    ids::{
        AccountId, AdjustmentId, ChannelName, ConnectionId, CustomerId, DataRequestId, LocationId,
        ManufacturingOrderId, OrganizationId, RunId, SalesOrderId, SalesReturnId, VariantId,
    },
    location::Location,
    manufacturing_order::ManufacturingOrder,
    organization::Organization,
    outcome::{Observation, OutcomeKind, ReasonCode},
    run::Run,
    sales_order::SalesOrder,
    sales_return::SalesReturn,
    stock::{Adjustment, Cause, Movement, SerialNumber, StockItem, StockKey},
    variant::{Sku, SkuAlias, Variant},
};

use crate::{gate::Fault, message::Signal};

/// The key of a record. All but [`Key::Route`] and [`Key::Bucket`] begin with their organization,
/// so nothing can cross from one to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A merchant.
    Organization(OrganizationId),
    /// A place.
    Location(OrganizationId, LocationId),
    /// A variant, by its SKU: that is how an import finds it, with one read.
    Variant(OrganizationId, Sku),
    /// The SKU that a variant has now, by the variant's id.
    VariantSku(OrganizationId, VariantId),
    /// An alias.
    Alias(OrganizationId, ConnectionId, Sku),
    /// A customer.
    Customer(OrganizationId, CustomerId),
    /// The customers of one name: SHA-256 of the name, in hex. (SPEC KS-21)
    CustomersOfName(OrganizationId, String),
    /// A connection.
    Connection(OrganizationId, ConnectionId),
    /// A sales order. An imported one's key is its hidden source id.
    Order(OrganizationId, SalesOrderId),
    /// The account of an order that a channel showed.
    Observation(OrganizationId, SalesOrderId),
    /// The person of an order.
    Person(OrganizationId, SalesOrderId),
    /// The order as the channel sent it last.
    Snapshot(OrganizationId, SalesOrderId),
    /// A signal that waits for its time.
    Parked(OrganizationId, SalesOrderId),
    /// A booked chunk of a big order. It stays for ever.
    Chunk(OrganizationId, SalesOrderId, u32),
    /// A booked chunk of a plan of a big order that the merchant ships: the version of the order that
    /// holds the plan, and which of its chunks. It stays for ever.
    PlanChunk(OrganizationId, SalesOrderId, u64, u32),
    /// A manufacturing order, with the sales order that it was made for.
    ManufacturingOrder(OrganizationId, SalesOrderId, ManufacturingOrderId),
    /// A return order, with the sales order whose goods come back.
    SalesReturn(OrganizationId, SalesOrderId, SalesReturnId),
    /// The sales order of a manufacturing or return order, by the id of that one.
    OrderOf(OrganizationId, String),
    /// A line of an order's timeline: the version of the observation that wrote it, and which of it.
    History(OrganizationId, SalesOrderId, u64, u32),
    /// What a place holds of a variant.
    Stock(OrganizationId, StockKey),
    /// A unit with a serial number.
    Serial(OrganizationId, VariantId, String),
    /// A line of the stock ledger.
    Movement(OrganizationId, StockKey, Timestamp, Cause),
    /// A stock adjustment.
    Adjustment(OrganizationId, AdjustmentId),
    /// Something to be sent.
    Outbox(OrganizationId, OutboxKey),
    /// How far the search of an account is.
    Poll(OrganizationId, AccountId),
    /// A run.
    Run(OrganizationId, ConnectionId, RunId),
    /// A buyer's request to know what is held about him. (SPEC OP-05)
    DataRequest(OrganizationId, DataRequestId),
    /// The number of a request that Weir sent to a channel. (SPEC KF-02)
    RequestNumber(OrganizationId, String),
    /// The answer to a POST that bore an idempotency key: SHA-256 of token, path and key.
    Answer(OrganizationId, String),
    /// From outside to an organization.
    Route(Route),
    /// The token bucket of an account's operation.
    Bucket(AccountId, String),
}

impl Key {
    /// The organization that the key begins with; `None` for the two families outside of any.
    #[must_use]
    pub const fn organization(&self) -> Option<&OrganizationId> {
        match self {
            Self::Organization(organization)
            | Self::Location(organization, _)
            | Self::Variant(organization, _)
            | Self::VariantSku(organization, _)
            | Self::Alias(organization, _, _)
            | Self::Customer(organization, _)
            | Self::CustomersOfName(organization, _)
            | Self::Connection(organization, _)
            | Self::Order(organization, _)
            | Self::Observation(organization, _)
            | Self::Person(organization, _)
            | Self::Snapshot(organization, _)
            | Self::Parked(organization, _)
            | Self::Chunk(organization, _, _)
            | Self::PlanChunk(organization, _, _, _)
            | Self::ManufacturingOrder(organization, _, _)
            | Self::SalesReturn(organization, _, _)
            | Self::OrderOf(organization, _)
            | Self::History(organization, _, _, _)
            | Self::Stock(organization, _)
            | Self::Serial(organization, _, _)
            | Self::Movement(organization, _, _, _)
            | Self::Adjustment(organization, _)
            | Self::Outbox(organization, _)
            | Self::Poll(organization, _)
            | Self::Run(organization, _, _)
            | Self::DataRequest(organization, _)
            | Self::RequestNumber(organization, _)
            | Self::Answer(organization, _) => Some(organization),
            Self::Route(_) | Self::Bucket(_, _) => None,
        }
    }
}

/// The key of an outgoing item: it can be listed by age, and never repeats.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutboxKey {
    /// Which of [`OUTBOX_SHARDS`] lists it is in.
    pub shard: u8,
    /// When it was written (on the scheduler's clock).
    pub at: Timestamp,
    /// What wrote it: an order's or another record's id.
    pub writer: String,
    /// The version of that record.
    pub version: u64,
    /// Which of that version.
    pub ordinal: u32,
}

impl OutboxKey {
    /// The id of the message that is sent for it: a repeated send can be recognised.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("{}-{}-{}", self.writer, self.version, self.ordinal)
    }
}

/// How many lists an organization's outgoing items are spread over, so that no one partition of the
/// table takes all writes.
pub const OUTBOX_SHARDS: u8 = 4;

/// What leads from outside to an organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// An organization, so that all can be listed.
    Organization(OrganizationId),
    /// A remote account; it belongs to one connection for ever.
    Account {
        /// Of which channel.
        channel: ChannelName,
        /// Seller id, shop domain or store hash.
        account: String,
        /// The marketplace, or empty.
        marketplace: String,
    },
    /// A connection, by its id: a delivery's address names it alone.
    Connection(ConnectionId),
    /// An API token, by its SHA-256.
    Token(String),
    /// A console session, by its SHA-256.
    Session(String),
}

/// What is stored. A record's shape on disk is the storage's own affair.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "records are moved rarely and never kept in bulk")]
pub enum Record {
    /// A merchant.
    Organization(Organization),
    /// A place.
    Location(Location),
    /// A variant.
    Variant(Variant),
    /// The SKU that a variant has now.
    VariantSku(Sku),
    /// An alias.
    Alias(SkuAlias),
    /// A customer.
    Customer(Customer),
    /// The customers of one name, the newest last.
    CustomersOfName(Vec<CustomerId>),
    /// A connection.
    Connection(Connection),
    /// A sales order.
    Order(SalesOrder),
    /// The account of an order that a channel showed.
    Observation(Observation),
    /// The person of an order.
    Person(PersonRecord),
    /// The order as the channel sent it last.
    Snapshot(Snapshot),
    /// A signal that waits for its time.
    Parked(Parked),
    /// A booked chunk.
    Chunk(Booked),
    /// A manufacturing order.
    ManufacturingOrder(ManufacturingOrder),
    /// A return order.
    SalesReturn(SalesReturn),
    /// Whose a manufacturing or return order is.
    OrderOf(SalesOrderId),
    /// A line of a timeline.
    History(HistoryEntry),
    /// What a place holds.
    Stock(StockItem),
    /// A unit with a serial number.
    Serial(SerialNumber),
    /// A line of the stock ledger.
    Movement(Movement),
    /// A stock adjustment.
    Adjustment(Adjustment),
    /// Something to be sent.
    Outbox(Effect),
    /// How far the search of an account is.
    Poll(PollState),
    /// A run.
    Run(Run),
    /// A buyer's request to know what is held about him.
    DataRequest(DataRequest),
    /// The number of a request of ours.
    RequestNumber,
    /// The answer to a POST.
    Answer(Answer),
    /// A route.
    Route(RouteTarget),
    /// A token bucket.
    Bucket(Bucket),
}

/// The personal data of an order, with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRecord {
    /// The person.
    pub person: Person,
    /// When it has to be gone. (SPEC OP-05)
    pub expires_at: Timestamp,
}

/// An order as the channel sent it. It may hold personal data, so it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Which API it came from.
    pub format: String,
    /// The channel's time of this state.
    pub updated_at: Timestamp,
    /// SHA-256 of the body, in hex.
    pub digest: String,
    /// The body.
    pub body: Vec<u8>,
    /// When it has to be gone.
    pub expires_at: Timestamp,
}

/// A signal that cannot go on now for a known reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The signal.
    pub signal: Signal,
    /// The part of an order that it is about, where the order has to be found first; what the signal names
    /// then stands for the delivery.
    pub part: Option<String>,
    /// Why it waits.
    pub reason: ReasonCode,
    /// From when on it is tried again (on the scheduler's clock).
    pub due_at: Timestamp,
    /// How often it was parked in a row.
    pub tries: u32,
}

/// How far the searches of an account are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollState {
    /// The recurring look at all active connections of the account.
    pub main: Look,
    /// Looks that are done once: a marketplace activated later, a gap, a backfill.
    pub once: Vec<Look>,
}

/// One look at an account's changed orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Of these connections; of all active ones if empty.
    pub connections: Vec<ConnectionId>,
    /// Everything changed up to here was signalled; the search begins an overlap earlier.
    pub cursor: Timestamp,
    /// Where a search that has begun goes on.
    pub page: Option<PageMark>,
    /// When a search of it last began (on the scheduler's clock).
    pub looked_at: Option<Timestamp>,
    /// When the channel last answered one (on the wall clock).
    pub answered_at: Option<Timestamp>,
    /// The run that waits for it.
    pub run: Option<(ConnectionId, RunId)>,
}

/// Where a search that has begun goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageMark {
    /// The channel's token of the next page.
    pub token: String,
    /// The marketplaces it was begun with.
    pub marketplaces: Vec<String>,
    /// Up to when the search will have been complete.
    pub until: Timestamp,
}

/// The answer to a POST that bore an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SHA-256 of the request's body.
    pub request_digest: String,
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTarget {
    /// To an organization.
    Organization(OrganizationId),
    /// To a connection.
    Connection(OrganizationId, ConnectionId),
    /// To an organization, as somebody.
    Access {
        /// The organization.
        organization: OrganizationId,
        /// A name for the timeline, such as `token:deploy`.
        name: String,
        /// What may be done.
        scope: Scope,
        /// Until when; for ever if `None`.
        expires_at: Option<Timestamp>,
    },
}

/// What a token may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Read.
    Read,
    /// Read and write.
    Write,
    /// Everything, also connections and their credentials.
    Admin,
}

impl Scope {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Reads the word of the API.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin].into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A token bucket (on the scheduler's clock).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Thousandths of a token that were there at `at`.
    pub millitokens: u64,
    /// When.
    pub at: Timestamp,
    /// Milliseconds in which one token comes back, where the channel's own header said so.
    pub refill_millis: Option<u64>,
}

/// A record with the version it has. A version starts at 1 and rises by 1 with each change.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The record.
    pub record: Record,
    /// Its version.
    pub version: u64,
}

/// All that is known of one order of a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderFile {
    /// The sales order.
    pub order: Option<(SalesOrder, u64)>,
    /// The account.
    pub observation: Option<(Observation, u64)>,
    /// The person.
    pub person: Option<(PersonRecord, u64)>,
    /// The snapshot.
    pub snapshot: Option<Snapshot>,
    /// The parked signal.
    pub parked: Option<(Parked, u64)>,
    /// The manufacturing orders that were made for its rows, by id.
    pub manufacturing_orders: Vec<(ManufacturingOrder, u64)>,
    /// Its return orders, by id.
    pub returns: Vec<(SalesReturn, u64)>,
}

/// A list that can be asked for. A list may lag behind: it finds, and a read by key decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Index {
    /// Organizations, by id.
    Organizations,
    /// Locations, by id.
    Locations(OrganizationId),
    /// Variants, by SKU.
    Variants(OrganizationId),
    /// Aliases of a connection, by channel SKU.
    Aliases(OrganizationId, ConnectionId),
    /// Customers, by id.
    Customers(OrganizationId),
    /// Connections, by id.
    Connections(OrganizationId),
    /// Runs of a connection, newest first.
    Runs(OrganizationId, ConnectionId),
    /// Visible and deleted orders, newest first.
    Orders(OrganizationId),
    /// Orders that are being booked in parts, oldest first.
    Committing(OrganizationId),
    /// Observations of a kind of outcome, newest first.
    Observations(OrganizationId, OutcomeKind),
    /// Requests of buyers to know what is held about them, newest first.
    DataRequests(OrganizationId),
    /// The timeline of an order, oldest first.
    History(OrganizationId, SalesOrderId),
    /// Booked chunks of an order, in order.
    Chunks(OrganizationId, SalesOrderId),
    /// Manufacturing orders, newest first.
    ManufacturingOrders(OrganizationId),
    /// The manufacturing orders of a sales order, by id.
    ManufacturingOrdersOf(OrganizationId, SalesOrderId),
    /// Return orders, newest first.
    SalesReturns(OrganizationId),
    /// The return orders of a sales order, by id.
    SalesReturnsOf(OrganizationId, SalesOrderId),
    /// Stock items, by location and variant.
    Stock(OrganizationId),
    /// Serial numbers of a variant, by number.
    Serials(OrganizationId, VariantId),
    /// Movements, newest first.
    Movements(OrganizationId),
    /// Movements of one place and variant, newest first.
    MovementsAt(OrganizationId, StockKey),
    /// Stock adjustments, newest first.
    Adjustments(OrganizationId),
    /// Outgoing items of a shard, oldest first.
    Outbox(OrganizationId, u8),
    /// Parked signals of a connection, the first due first.
    Parked(OrganizationId, ConnectionId),
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The records with their keys.
    pub records: Vec<(Key, Stored)>,
    /// How to ask for the rest: the sort key of the last record, comparable as text within a kind
    /// of list.
    pub next: Option<String>,
}

/// What a record's key must hold for a write to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing yet.
    Absent,
    /// This version.
    Version(u64),
    /// Anything: only for records that nobody decides upon.
    Anything,
}

/// One write of a commit.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a commit holds few writes")]
pub enum Write {
    /// Stores a record. Its version becomes 1, or the expected one plus 1.
    Put {
        /// Where.
        key: Key,
        /// What.
        record: Record,
        /// On which condition.
        expect: Expect,
    },
    /// Removes a record.
    Delete {
        /// Which.
        key: Key,
        /// On which condition.
        expect: Expect,
    },
    /// Only checks.
    Check {
        /// Which.
        key: Key,
        /// The condition.
        expect: Expect,
    },
}

impl Write {
    /// The key it is about.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }
}

/// Writes that hold together or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// The writes; no key twice.
    pub writes: Vec<Write>,
}

/// Writes that one commit can hold: DynamoDB's limit of a transaction.
pub const WRITES_IN_A_COMMIT: usize = 100;

impl Commit {
    /// Adds a write that stores a record.
    pub fn put(&mut self, key: Key, record: Record, expect: Expect) {
        self.writes.push(Write::Put { key, record, expect });
    }

    /// Adds a write that removes a record.
    pub fn delete(&mut self, key: Key, expect: Expect) {
        self.writes.push(Write::Delete { key, expect });
    }

    /// Adds a check.
    pub fn check(&mut self, key: Key, expect: Expect) {
        self.writes.push(Write::Check { key, expect });
    }
}

/// Why a read did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Throttled, unreachable, or in trouble: later it will work.
    #[error("the store has trouble: {0}")]
    Trouble(String),
    /// What is stored cannot be read; a newer version of Weir may have written it.
    #[error("a stored record cannot be read: {0}")]
    Unreadable(String),
    /// A cursor that this list did not give out.
    #[error("the cursor is not valid")]
    InvalidCursor,
}

/// Why a commit did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A condition does not hold, or another commit was at work on the same records: read and
    /// decide again.
    #[error("something else was written in the meantime")]
    Conflict,
    /// Nothing is known of it: it may have happened or not. Read and decide again.
    #[error("the outcome of the commit is not known: {0}")]
    Unknown(String),
    /// It did not happen; later it will work.
    #[error("the store has trouble: {0}")]
    Trouble(String),
    /// It can never happen as it is.
    #[error("the commit is too large: {0}")]
    TooLarge(String),
}

impl From<Fault> for LedgerError {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.to_string())
    }
}

impl From<Fault> for CommitError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Conflict => Self::Conflict,
            Fault::Unknown => Self::Unknown(fault.to_string()),
            Fault::Throttled | Fault::Trouble | Fault::Expired => Self::Trouble(fault.to_string()),
        }
    }
}

/// Where records are kept.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The records of these keys; a key without a record is left out. MUST show every commit that
    /// was acknowledged before. MUST NOT give a record whose time has run out (persons, snapshots,
    /// answers, sessions), also when it is still stored.
    async fn get(&self, keys: &[Key]) -> Result<BTreeMap<Key, Stored>, LedgerError>;

    /// All that is known of one order, in one read. MUSTs as [`Ledger::get`].
    async fn read_order(
        &self,
        organization: &OrganizationId,
        order: &SalesOrderId,
    ) -> Result<OrderFile, LedgerError>;

    /// Part of a list, from its beginning or after a cursor. MAY lag behind. MUST give each record
    /// that stays as it is exactly once over all pages.
    async fn list(&self, index: &Index, after: Option<&str>, limit: usize) -> Result<Page, LedgerError>;

    /// How long a list is, counted up to `cap`. MAY lag behind.
    async fn count(&self, index: &Index, cap: usize) -> Result<usize, LedgerError>;

    /// Does all writes or none. MUST check every condition at the moment of the writes. MUST NOT
    /// report [`CommitError::Conflict`] for its own writes when an answer was lost on the way. MUST
    /// refuse more than [`WRITES_IN_A_COMMIT`] writes, a key named twice, or a record over the
    /// store's item size, as [`CommitError::TooLarge`].
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError>;

    /// Keeps a snapshot, unless one of a later `updated_at` is kept already. MUST be safe to repeat.
    async fn keep_snapshot(
        &self,
        organization: &OrganizationId,
        order: &SalesOrderId,
        snapshot: &Snapshot,
    ) -> Result<(), LedgerError>;

    /// Removes records, whatever they hold. MUST be safe to repeat. Only for outgoing items.
    async fn remove(&self, keys: &[Key]) -> Result<(), LedgerError>;
}
