//! The embedded DynamoDB of the local run and the tests: one file on disk (or memory), reached through
//! the real SDK client. Table shapes, keys and rules never live here: they belong to the adapter, which
//! must not be able to tell this store from AWS's.

mod connector;
pub mod queue;
mod port;
mod stream;

pub use connector::{Call, CallHook, Verdict};
pub use port::QueuePort;
pub use stream::{MAX_PAGE, StreamEvent, StreamPage, StreamPosition, StreamRecord};

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::Database;
use dynoxide::storage::Storage;
use tokio::sync::watch;

/// The database's file name inside the data folder (SQLite adds `-wal` and `-shm` beside it).
pub const DATABASE_FILE: &str = "weir.sqlite";

/// The file whose lock says that a process has the data folder open; the lock dies with the process.
pub const LOCK_FILE: &str = "weir.lock";

/// The region the client signs for. Nothing is ever sent there.
pub const REGION: &str = "eu-west-1";

/// dynoxide looks up a stream's last sequence number on every write and its records by number on every
/// poll, and has no index for either: without this one each write reads the whole stream.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS weir_stream_by_number
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// What can go wrong with the embedded store itself. What a DynamoDB call answers comes through the SDK.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The data folder or its database file cannot be made or opened.
    #[error("the data folder {} cannot be opened: {reason}", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why not, in the words of the system or of the database.
        reason: String,
    },
    /// Another process, or another store of this one, has the data folder open.
    #[error("the data folder {} is in use by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The database failed outside of an SDK call (a stream read, a sweep).
    #[error("the embedded store failed: {0}")]
    Store(#[from] dynoxide::DynoxideError),
    /// The table does not exist or has no stream.
    #[error("table {table} has no stream")]
    NoStream {
        /// The table that was asked for.
        table: String,
    },
    /// The records after this position are no longer there, or belong to another life of the table.
    /// Start again from [`StreamPosition::start`] or [`EmbeddedStore::latest_position`], and let the
    /// level-triggered twin find what was missed.
    #[error("the place {position} in the stream is lost")]
    PositionLost {
        /// The position that was asked for.
        position: StreamPosition,
    },
    /// A stored position is not one that this store has ever given out.
    #[error("{text:?} is not a place in a stream")]
    PositionUnreadable {
        /// What was read.
        text: String,
    },
    /// The blocking worker was stopped or panicked.
    #[error("the embedded store's worker stopped: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

impl EmbeddedError {
    /// Whether the caller's place in the stream is gone, so that it has to start again and sweep.
    pub fn is_position_lost(&self) -> bool {
        matches!(self, Self::PositionLost { .. } | Self::PositionUnreadable { .. })
    }
}

/// The result of the embedded store's own methods.
pub type Result<T> = std::result::Result<T, EmbeddedError>;

/// One embedded DynamoDB. Cheap to clone; all clones and all clients share one database, whose folder
/// stays locked until the last of them is dropped.
#[derive(Clone)]
pub struct EmbeddedStore {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    database: Database,
    place: String,
    writes: watch::Sender<u64>,
    on_disk: bool,
    _lock: Option<File>,
}

impl EmbeddedStore {
    /// Opens the store in `dir`, which is made if it is missing (on Unix readable by its owner only).
    /// What was acknowledged before a crash is there.
    ///
    /// # Errors
    /// [`EmbeddedError::InUse`] if another process has it open, [`EmbeddedError::Open`] otherwise.
    pub fn open(dir: &Path) -> Result<Self> {
        let refuse = |reason: String| EmbeddedError::Open { path: dir.to_owned(), reason };
        make_private_dir(dir).map_err(|e| refuse(e.to_string()))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join(LOCK_FILE))
            .map_err(|e| refuse(e.to_string()))?;
        lock.try_lock().map_err(|e| match e {
            std::fs::TryLockError::WouldBlock => EmbeddedError::InUse { path: dir.to_owned() },
            std::fs::TryLockError::Error(e) => refuse(e.to_string()),
        })?;
        let file = dir.join(DATABASE_FILE);
        let place = file.to_str().ok_or_else(|| refuse("its name is not UTF-8".to_owned()))?;
        Self::at(place.to_owned(), Some(lock)).map_err(|e| refuse(e.to_string()))
    }

    /// A store that lives as long as its handles do, for tests. It is the same store with the same
    /// indexes as on disk, in a shared memory database of its own.
    ///
    /// # Errors
    /// [`EmbeddedError::Store`] if the database cannot be made.
    pub fn in_memory() -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self::at(format!("file:weir-embedded-{number}?mode=memory&cache=shared"), None)
    }

    fn at(place: String, lock: Option<File>) -> Result<Self> {
        let database = Database::new(&place)?;
        Storage::new(&place)?.conn().execute_batch(STREAM_INDEX).map_err(dynoxide::DynoxideError::from)?;
        let on_disk = lock.is_some();
        let (writes, _) = watch::channel(0);
        Ok(Self { inner: Arc::new(Inner { database, place, writes, on_disk, _lock: lock }) })
    }

    /// An SDK client whose calls this store answers, in this process. Retries and their backoff are
    /// the SDK's, as in a Lambda. Needs a tokio runtime when called.
    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        self.client_of(connector::EmbeddedClient::new(Arc::clone(&self.inner), None))
    }

    /// As [`client`](Self::client), with a hook that sees every attempt and may break it: for tests that
    /// count calls and capacity, and for faults (throttling, lost requests, lost answers).
    pub fn client_with_hook(&self, hook: Arc<dyn CallHook>) -> aws_sdk_dynamodb::Client {
        self.client_of(connector::EmbeddedClient::new(Arc::clone(&self.inner), Some(hook)))
    }

    fn client_of(&self, http: connector::EmbeddedClient) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static(REGION))
            .credentials_provider(Credentials::new("embedded", "embedded", None, None, "embedded"))
            .endpoint_url("http://embedded.invalid")
            .http_client(http)
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// Answers one call as DynamoDB does, its JSON in and a status and JSON out: for a door through which
    /// another process reaches this store. `operation` is the last part of `x-amz-target`.
    ///
    /// # Errors
    /// [`EmbeddedError::Worker`]. What DynamoDB would refuse is an answer.
    pub async fn answer(&self, operation: &str, body: &str) -> Result<(u16, String)> {
        let (operation, body) = (operation.to_owned(), body.to_owned());
        let answered = connector::answered(&self.inner, operation, body).await?;
        Ok((answered.status, answered.answer))
    }

    /// A counter that rises with every write through a client of this store: a dispatcher or a queue's
    /// worker waits on it instead of polling tightly. It says that something was written, not what.
    pub fn writes(&self) -> watch::Receiver<u64> {
        self.inner.writes.subscribe()
    }

    /// Deletes the items whose TTL has passed, by the system's clock, and answers how many. Nothing
    /// expires unless this is called; the deletions appear in the stream as removals.
    ///
    /// # Errors
    /// [`EmbeddedError::Store`] and [`EmbeddedError::Worker`].
    pub async fn sweep_ttl(&self) -> Result<usize> {
        self.blocking(|inner| Ok(inner.database.sweep_ttl()?)).await
    }

    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner)).await?
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").field("place", &self.inner.place).finish_non_exhaustive()
    }
}

fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests;
