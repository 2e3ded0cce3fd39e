//! What all items of the table have in common: their attributes, how big they are for DynamoDB, and
//! when they count as gone. What stands in a body lives in `stored.rs`.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use weir_app::ports::Key;
use weir_domain::Timestamp;

use crate::keys::TableKey;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The partition key.
pub(crate) const PK: &str = "pk";
/// The sort key.
pub(crate) const SK: &str = "sk";
/// The partition key in the index.
pub(crate) const INDEX_PK: &str = "gsi1pk";
/// The sort key in the index.
pub(crate) const INDEX_SK: &str = "gsi1sk";
/// The version of the shape in which the body is.
pub(crate) const SHAPE: &str = "v";
/// The version of the record.
pub(crate) const VERSION: &str = "n";
/// The operation that wrote the item, so that it can be known again when its answer was lost.
pub(crate) const OPERATION: &str = "op";
/// The body as text.
pub(crate) const BODY: &str = "body";
/// The body compressed.
pub(crate) const COMPRESSED: &str = "gz";
/// When the item counts as gone, in seconds since 1970: DynamoDB's TTL, which comes days late.
pub(crate) const EXPIRES_AT: &str = "expires_at";
/// Only on outgoing items: what the dispatcher's event filter looks for.
pub(crate) const KIND: &str = "kind";
/// The kind of an outgoing item.
pub(crate) const OUTBOX: &str = "outbox";
/// Only on snapshots: the channel's time, sortable, so that a write can be conditional on it.
pub(crate) const UPDATED_AT: &str = "u";
/// Only on snapshots: SHA-256 of the body.
pub(crate) const DIGEST: &str = "dg";
/// Only on snapshots: which API it came from.
pub(crate) const FORMAT: &str = "f";
/// Only on snapshots: when it has to be gone, exactly.
pub(crate) const EXPIRY: &str = "x";
/// Only on big snapshots: how many parts the body has.
pub(crate) const PARTS: &str = "parts";

/// The largest item that DynamoDB takes, in bytes, names of attributes included.
pub(crate) const ITEM_BYTES: usize = 400 * 1_024;

/// Bodies above this many bytes are compressed: below, a person can read them in AWS's console, and
/// the items that a common order writes are far smaller.
const PLAIN_BYTES: usize = 8 * 1_024;

/// The largest body that is unpacked, in bytes: far above what any channel sends for one order, so
/// that a damaged item cannot take all memory.
const UNPACKED_BYTES: u64 = 64 * 1_024 * 1_024;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn binary(value: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// The two attributes of a place in the table.
pub(crate) fn place(key: &TableKey) -> Item {
    Item::from([(PK.to_owned(), text(&key.pk)), (SK.to_owned(), text(&key.sk))])
}

/// The place that an item has.
pub(crate) fn place_of(item: &Item) -> Option<TableKey> {
    Some(TableKey { pk: get_text(item, PK)?.to_owned(), sk: get_text(item, SK)?.to_owned() })
}

/// The place that an item has in the index.
pub(crate) fn index_place_of(item: &Item) -> Option<TableKey> {
    Some(TableKey { pk: get_text(item, INDEX_PK)?.to_owned(), sk: get_text(item, INDEX_SK)?.to_owned() })
}

pub(crate) fn get_text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn get_binary<'i>(item: &'i Item, name: &str) -> Option<&'i [u8]> {
    item.get(name)?.as_b().ok().map(AsRef::as_ref)
}

/// Whether records of this key can expire, and so every condition on them looks at the time too.
pub(crate) const fn can_expire(key: &Key) -> bool {
    matches!(key, Key::Person(..) | Key::Snapshot(..) | Key::Answer(..) | Key::Route(_))
}

/// Whether an item's time has run out. Whole seconds, rounded so that nothing is ever shown after
/// its time.
pub(crate) fn is_expired(item: &Item, now: Timestamp) -> bool {
    get_number::<i64>(item, EXPIRES_AT).is_some_and(|at| at <= now.as_second())
}

/// The attribute that ends an item's life.
pub(crate) fn expires_at(at: Timestamp) -> (String, AttributeValue) {
    (EXPIRES_AT.to_owned(), number(at.as_second()))
}

/// Adds a body, compressed if it is big.
pub(crate) fn put_body(item: &mut Item, body: String) {
    if body.len() <= PLAIN_BYTES {
        item.insert(BODY.to_owned(), text(body));
    } else {
        item.insert(COMPRESSED.to_owned(), binary(compress(body.as_bytes())));
    }
}

/// The body of an item.
pub(crate) fn get_body(item: &Item) -> Option<std::borrow::Cow<'_, str>> {
    if let Some(body) = get_text(item, BODY) {
        return Some(std::borrow::Cow::Borrowed(body));
    }
    let body = decompress(get_binary(item, COMPRESSED)?)?;
    String::from_utf8(body).ok().map(std::borrow::Cow::Owned)
}

/// Compresses as well as gzip can: what is stored is read more often than written.
pub(crate) fn compress(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail; if it did, what is missing would be seen when it is read.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

/// What [`compress`] made small; `None` if it is damaged or unpacks to more than any body has.
pub(crate) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let read = GzDecoder::new(bytes).take(UNPACKED_BYTES + 1).read_to_end(&mut body).ok()?;
    (u64::try_from(read).ok()? <= UNPACKED_BYTES).then_some(body)
}

/// How big an item is for DynamoDB's limits and prices, in bytes: names and values.
/// Source: the developer guide, "Item sizes and formats".
pub(crate) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => {
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            digits.div_ceil(2) + 1 + usize::from(number.starts_with('-'))
        }
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        // The others do not occur: no item of ours holds a set, a list or a map.
        _ => 0,
    }
}
