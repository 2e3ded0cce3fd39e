//! The table stream of the embedded store: reading records after a place that survives a restart, and
//! letting go of what has been read. What the records mean, and what is done with them, lives elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::{GetShardIteratorRequest, encode_shard_iterator};
use dynoxide::actions::list_streams::ListStreamsRequest;
use dynoxide::storage::Storage;

use super::{EmbeddedError, EmbeddedStore, Inner, Result};

/// The most records of one page: dynoxide gives 1000 at once, and one of them is the place itself.
pub const MAX_PAGE: usize = 999;

/// What sequence numbers count from; see dynoxide's `streams.rs`.
const SEQUENCE_OFFSET: u128 = 100_000_000_000_000_000_000;

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEvent {
    /// It is new.
    Insert,
    /// It was there and was written.
    Modify,
    /// It is gone, deleted or expired.
    Remove,
}

/// One change of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// What happened.
    pub event: StreamEvent,
    /// The item's primary key.
    pub keys: HashMap<String, AttributeValue>,
    /// The item after the change, if the table's stream shows new images and the item is still there.
    pub new_image: Option<HashMap<String, AttributeValue>>,
    /// The place just after this record: store it once the record is dealt with.
    pub position: StreamPosition,
}

/// Some records in order, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamPage {
    /// The records, oldest first; empty if there is nothing new.
    pub records: Vec<StreamRecord>,
    /// The place after them.
    pub next: StreamPosition,
}

/// A place in a table's stream, just after a record, in this life of the table. Stored as a string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamPosition(Place);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Start,
    After { label: String, sequence: String },
}

impl StreamPosition {
    /// Before the oldest record that is still there. Never lost.
    pub fn start() -> Self {
        Self(Place::Start)
    }

    fn after(label: &str, sequence: String) -> Self {
        Self(Place::After { label: label.to_owned(), sequence })
    }
}

impl fmt::Display for StreamPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Start => f.write_str("start"),
            Place::After { label, sequence } => write!(f, "{label}/{sequence}"),
        }
    }
}

impl FromStr for StreamPosition {
    type Err = EmbeddedError;

    fn from_str(text: &str) -> Result<Self> {
        if text == "start" {
            return Ok(Self::start());
        }
        match text.split_once('/') {
            Some((label, sequence)) if !label.is_empty() && stored_sequence(sequence).is_some() => {
                Ok(Self::after(label, sequence.to_owned()))
            }
            _ => Err(EmbeddedError::PositionUnreadable { text: text.to_owned() }),
        }
    }
}

impl EmbeddedStore {
    /// The records of `table`'s stream after `position`, oldest first, at most `limit` (and
    /// [`MAX_PAGE`]). An empty page means that there is nothing new yet.
    ///
    /// # Errors
    /// [`EmbeddedError::PositionLost`] if what follows the position is no longer known to be complete,
    /// [`EmbeddedError::NoStream`] if the table has none.
    pub async fn records_after(
        &self,
        table: &str,
        position: &StreamPosition,
        limit: usize,
    ) -> Result<StreamPage> {
        let (table, position) = (table.to_owned(), position.clone());
        self.blocking(move |inner| page(inner, &table, position, limit.clamp(1, MAX_PAGE))).await
    }

    /// The place after the newest record there is now.
    ///
    /// # Errors
    /// [`EmbeddedError::NoStream`] if the table has none.
    pub async fn latest_position(&self, table: &str) -> Result<StreamPosition> {
        let table = table.to_owned();
        self.blocking(move |inner| {
            let stream = Stream::of(inner, &table)?;
            let description = inner.database.describe_stream(
                dynoxide::actions::describe_stream::DescribeStreamRequest {
                    stream_arn: stream.arn,
                    ..Default::default()
                },
            )?;
            let last = description.stream_description.shards.into_iter().next();
            Ok(match last.and_then(|s| s.sequence_number_range.ending_sequence_number) {
                Some(sequence) => StreamPosition::after(&stream.label, sequence),
                None => StreamPosition::start(),
            })
        })
        .await
    }

    /// Lets go of the records before `position`, which dynoxide would keep for ever, and answers how
    /// many. Only for the stream's one reader, with a place that it has stored. In memory it does nothing.
    ///
    /// # Errors
    /// [`EmbeddedError::PositionLost`] as for [`records_after`](Self::records_after).
    pub async fn forget_records_before(&self, table: &str, position: &StreamPosition) -> Result<usize> {
        let (table, position) = (table.to_owned(), position.clone());
        self.blocking(move |inner| {
            let Place::After { label, sequence } = &position.0 else { return Ok(0) };
            let stream = Stream::of(inner, &table)?;
            let Some(stored) = stored_sequence(sequence).filter(|_| *label == stream.label) else {
                return Err(EmbeddedError::PositionLost { position });
            };
            if !inner.on_disk {
                return Ok(0);
            }
            // The position's own record stays: its presence proves that nothing after it was dropped,
            // and the newest record carries the sequence on.
            let deleted = Storage::new(&inner.place)?
                .conn()
                .execute(
                    "DELETE FROM _stream_records
                     WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) < ?2",
                    (&table, stored),
                )
                .map_err(dynoxide::DynoxideError::from)?;
            Ok(deleted)
        })
        .await
    }
}

struct Stream {
    arn: String,
    label: String,
}

impl Stream {
    fn of(inner: &Inner, table: &str) -> Result<Self> {
        let request = ListStreamsRequest { table_name: Some(table.to_owned()), ..Default::default() };
        let streams = inner.database.list_streams(request)?.streams;
        let stream = streams.into_iter().find(|s| s.table_name == table);
        let stream = stream.ok_or_else(|| EmbeddedError::NoStream { table: table.to_owned() })?;
        Ok(Self { arn: stream.stream_arn, label: stream.stream_label })
    }
}

fn page(inner: &Inner, table: &str, position: StreamPosition, limit: usize) -> Result<StreamPage> {
    let stream = Stream::of(inner, table)?;
    let shard = dynoxide::streams::shard_id(table);
    let (iterator, limit, known) = match &position.0 {
        Place::Start => (encode_shard_iterator(table, &shard, 0), limit, None),
        Place::After { label, .. } if *label != stream.label => {
            return Err(EmbeddedError::PositionLost { position });
        }
        Place::After { sequence, .. } => {
            let request = GetShardIteratorRequest {
                stream_arn: stream.arn,
                shard_id: shard,
                shard_iterator_type: "AT_SEQUENCE_NUMBER".to_owned(),
                sequence_number: Some(sequence.clone()),
            };
            let iterator = inner.database.get_shard_iterator(request)?.shard_iterator;
            (iterator.unwrap_or_default(), limit + 1, Some(sequence.clone()))
        }
    };
    let request = GetRecordsRequest { shard_iterator: iterator, limit: Some(limit) };
    let mut records = inner.database.get_records(request)?.records.into_iter();
    // The record at the position itself is asked for too: without it nothing says that none is missing.
    if let Some(known) = known
        && records.next().is_none_or(|first| first.dynamodb.sequence_number != known)
    {
        return Err(EmbeddedError::PositionLost { position });
    }
    let records: Vec<StreamRecord> = records.map(|record| translate(record, &stream.label)).collect();
    let next = records.last().map_or(position, |last| last.position.clone());
    Ok(StreamPage { records, next })
}

fn translate(record: Record, label: &str) -> StreamRecord {
    StreamRecord {
        event: match record.event_name.as_str() {
            "INSERT" => StreamEvent::Insert,
            "REMOVE" => StreamEvent::Remove,
            // dynoxide writes three names; the third is MODIFY.
            _ => StreamEvent::Modify,
        },
        keys: item(record.dynamodb.keys),
        new_image: record.dynamodb.new_image.map(item),
        position: StreamPosition::after(label, record.dynamodb.sequence_number),
    }
}

fn item(item: HashMap<String, dynoxide::types::AttributeValue>) -> HashMap<String, AttributeValue> {
    item.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}

fn attribute(value: dynoxide::types::AttributeValue) -> AttributeValue {
    use dynoxide::types::AttributeValue as Stored;
    match value {
        Stored::S(text) => AttributeValue::S(text),
        Stored::N(number) => AttributeValue::N(number),
        Stored::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Stored::BOOL(yes) => AttributeValue::Bool(yes),
        Stored::NULL(yes) => AttributeValue::Null(yes),
        Stored::SS(texts) => AttributeValue::Ss(texts),
        Stored::NS(numbers) => AttributeValue::Ns(numbers),
        Stored::BS(all) => AttributeValue::Bs(all.into_iter().map(Blob::new).collect()),
        Stored::L(values) => AttributeValue::L(values.into_iter().map(attribute).collect()),
        Stored::M(values) => AttributeValue::M(item(values)),
    }
}

/// The number under which SQLite has the record, or `None` if the text cannot be one.
fn stored_sequence(sequence: &str) -> Option<i64> {
    let number = sequence.parse::<u128>().ok()?.checked_sub(SEQUENCE_OFFSET)?;
    i64::try_from(number).ok().filter(|n| *n > 0)
}
