//! The stored shapes: what stands in the body of each record's item, and the way there and back. A
//! shape is our own and has a version; the domain's types may change without what is stored becoming
//! unreadable. Never: a key's spelling, or a call.
//!
//! Rules of the shapes: field names are short, because a write unit is 1 KB; what the key says is not
//! said again, and a record whose own names differ from its key's is refused; decimals and times are
//! texts; what is as usual is left out; fields that are not known are ignored.

mod shapes;
mod words;

use serde::{Serialize, de::DeserializeOwned};
use weir_app::ports::{
    Key, LedgerError, Record, Stored,
    ledger::{RouteTarget, Snapshot},
};
use weir_domain::{
    ids::{OrganizationId, SalesOrderId},
    stock::SerialNumber,
    variant::SkuAlias,
};

use self::{
    shapes::{
        AdjustmentShape, AnswerShape, BookedShape, BucketShape, ConnectionShape, CustomerShape,
        CustomersShape, DataRequestShape, EffectShape, HistoryShape, LocationShape, ManufacturingShape,
        MovementShape, NothingShape, ObservationShape, OrderOfShape, OrderShape, OrganizationShape,
        ParkedShape, PersonShape, PollShape, ReturnShape, RouteShape, RunShape, SerialStateShape, StockShape,
        VariantShape, VariantSkuShape,
    },
    words::W,
};
use crate::{
    item::{self, Item},
    keys::{self, TableKey},
};

/// The version of the shapes that this build writes. It reads every version up to it.
const SHAPE: u32 = 1;

/// A snapshot's compressed body above this many bytes is stored in parts: an order's account is read
/// with one query, and a query answers 1 MB at a time.
const PART_BYTES: usize = 300 * 1_024;

/// Why a record cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unstorable {
    /// The record is another one than its key says.
    #[error("a record is not the one that its key names")]
    NotOfKey,
    /// The key has more bytes than DynamoDB takes.
    #[error("a key is too long")]
    KeyTooLong,
    /// The item has more bytes than DynamoDB takes.
    #[error("a record has {0} bytes, and DynamoDB takes {max}", max = item::ITEM_BYTES)]
    TooLarge(usize),
}

/// A record as an item.
pub(crate) fn encode(key: &Key, record: &Record, version: u64, operation: &str) -> Result<Item, Unstorable> {
    let mut stored = item::place(&TableKey::of(key));
    if let Some(place) = TableKey::in_index(key, record) {
        stored.insert(item::INDEX_PK.to_owned(), item::text(place.pk));
        stored.insert(item::INDEX_SK.to_owned(), item::text(place.sk));
    }
    stored.insert(item::SHAPE.to_owned(), item::number(SHAPE));
    stored.insert(item::VERSION.to_owned(), item::number(version));
    stored.insert(item::OPERATION.to_owned(), item::text(operation));
    if let Record::Snapshot(snapshot) = record {
        if !matches!(key, Key::Snapshot(..)) {
            return Err(Unstorable::NotOfKey);
        }
        put_snapshot(&mut stored, snapshot);
        stored.insert(item::COMPRESSED.to_owned(), item::binary(item::compress(&snapshot.body)));
    } else {
        item::put_body(&mut stored, body(key, record)?);
    }
    match record {
        Record::Person(person) => stored.extend([item::expires_at(person.expires_at)]),
        Record::Answer(answer) => stored.extend([item::expires_at(answer.expires_at)]),
        Record::Route(RouteTarget::Access { expires_at: Some(at), .. }) => {
            stored.extend([item::expires_at(*at)])
        }
        Record::Outbox(_) => {
            stored.insert(item::KIND.to_owned(), item::text(item::OUTBOX));
        }
        Record::Organization(_)
        | Record::Location(_)
        | Record::Variant(_)
        | Record::VariantSku(_)
        | Record::Alias(_)
        | Record::Customer(_)
        | Record::CustomersOfName(_)
        | Record::Connection(_)
        | Record::Order(_)
        | Record::Observation(_)
        | Record::Snapshot(_)
        | Record::Parked(_)
        | Record::Chunk(_)
        | Record::ManufacturingOrder(_)
        | Record::SalesReturn(_)
        | Record::OrderOf(_)
        | Record::History(_)
        | Record::Stock(_)
        | Record::Serial(_)
        | Record::Movement(_)
        | Record::Adjustment(_)
        | Record::Poll(_)
        | Record::Run(_)
        | Record::DataRequest(_)
        | Record::RequestNumber
        | Record::Route(_)
        | Record::Bucket(_) => {}
    }
    check_size(stored)
}

fn check_size(stored: Item) -> Result<Item, Unstorable> {
    if !item::place_of(&stored).is_some_and(|place| place.fits()) {
        return Err(Unstorable::KeyTooLong);
    }
    match item::size(&stored) {
        bytes if bytes > item::ITEM_BYTES => Err(Unstorable::TooLarge(bytes)),
        _ => Ok(stored),
    }
}

/// The body of every record but a snapshot's.
fn body(key: &Key, record: &Record) -> Result<String, Unstorable> {
    macro_rules! of_key {
        ($pattern:pat $(if $condition:expr)?) => {
            if !matches!(key, $pattern $(if $condition)?) {
                return Err(Unstorable::NotOfKey);
            }
        };
    }
    Ok(match record {
        Record::Organization(record) => {
            of_key!(Key::Organization(id) if record.id == *id);
            json(&OrganizationShape::from(record))
        }
        Record::Location(record) => {
            of_key!(Key::Location(_, id) if record.id == *id);
            json(&LocationShape::from(record))
        }
        Record::Variant(record) => {
            of_key!(Key::Variant(_, sku) if record.sku == *sku);
            json(&VariantShape::from(record))
        }
        Record::VariantSku(sku) => {
            of_key!(Key::VariantSku(..));
            json(&VariantSkuShape { sku: W(sku.clone()) })
        }
        Record::Alias(record) => {
            of_key!(Key::Alias(_, connection, sku) if record.connection == *connection && record.channel_sku == *sku);
            json(&VariantSkuShape { sku: W(record.variant_sku.clone()) })
        }
        Record::Customer(record) => {
            of_key!(Key::Customer(_, id) if record.id == *id);
            json(&CustomerShape::from(record))
        }
        Record::CustomersOfName(record) => {
            of_key!(Key::CustomersOfName(..));
            json(&CustomersShape::from(record))
        }
        Record::Connection(record) => {
            of_key!(Key::Connection(_, id) if record.id == *id);
            json(&ConnectionShape::from(record))
        }
        Record::Order(record) => {
            of_key!(Key::Order(_, id) if record.id == *id);
            json(&OrderShape::from(record))
        }
        Record::Observation(record) => {
            of_key!(Key::Observation(_, id)
                if SalesOrderId::for_source(&record.connection, &record.channel_order_id) == *id);
            json(&ObservationShape::from(record))
        }
        Record::Person(record) => {
            of_key!(Key::Person(..));
            json(&PersonShape::from(record))
        }
        Record::Snapshot(_) => return Err(Unstorable::NotOfKey),
        Record::Parked(record) => {
            of_key!(Key::Parked(organization, id)
                if record.signal.organization == *organization && record.signal.order() == *id);
            json(&ParkedShape::from(record))
        }
        Record::Chunk(record) => {
            of_key!(Key::Chunk(..) | Key::PlanChunk(..));
            json(&BookedShape::from(record))
        }
        Record::ManufacturingOrder(record) => {
            of_key!(Key::ManufacturingOrder(_, order, id) if record.order == *order && record.id == *id);
            json(&ManufacturingShape::from(record))
        }
        Record::SalesReturn(record) => {
            of_key!(Key::SalesReturn(_, order, id) if record.order == *order && record.id == *id);
            json(&ReturnShape::from(record))
        }
        Record::OrderOf(order) => {
            of_key!(Key::OrderOf(..));
            json(&OrderOfShape { order: W(order.clone()) })
        }
        Record::History(record) => {
            of_key!(Key::History(..));
            json(&HistoryShape::from(record))
        }
        Record::Stock(record) => {
            of_key!(Key::Stock(_, place) if record.key == *place);
            json(&StockShape::from(record))
        }
        Record::Serial(record) => {
            of_key!(Key::Serial(_, variant, number) if record.variant == *variant && record.number == *number);
            json(&SerialStateShape::from(&record.state))
        }
        Record::Movement(record) => {
            of_key!(Key::Movement(_, place, at, cause)
                if record.key == *place && record.at == *at && record.cause == *cause);
            json(&MovementShape::from(record))
        }
        Record::Adjustment(record) => {
            of_key!(Key::Adjustment(_, id) if record.id == *id);
            json(&AdjustmentShape::from(record))
        }
        Record::Outbox(record) => {
            of_key!(Key::Outbox(..));
            json(&EffectShape::from(record))
        }
        Record::Poll(record) => {
            of_key!(Key::Poll(..));
            json(&PollShape::from(record))
        }
        Record::Run(record) => {
            of_key!(Key::Run(_, connection, id) if record.connection == *connection && record.id == *id);
            json(&RunShape::from(record))
        }
        Record::DataRequest(record) => {
            of_key!(Key::DataRequest(_, id) if record.id == *id);
            json(&DataRequestShape::from(record))
        }
        Record::RequestNumber => {
            of_key!(Key::RequestNumber(..));
            json(&NothingShape {})
        }
        Record::Answer(record) => {
            of_key!(Key::Answer(..));
            json(&AnswerShape::from(record))
        }
        Record::Route(record) => {
            of_key!(Key::Route(_));
            json(&RouteShape::from(record))
        }
        Record::Bucket(record) => {
            of_key!(Key::Bucket(..));
            json(&BucketShape::from(record))
        }
    })
}

fn json(shape: &impl Serialize) -> String {
    // Shapes are texts, numbers, lists and maps with texts as keys: they always serialise.
    serde_json::to_string(shape).unwrap_or_default()
}

/// The record that an item holds. Of a snapshot in parts only the head: see [`parts_of`].
pub(crate) fn decode(stored: &Item) -> Result<(Key, Stored), LedgerError> {
    let place = item::place_of(stored).ok_or_else(|| LedgerError::Unreadable("it has no key".to_owned()))?;
    let unreadable = |why: &str| LedgerError::Unreadable(format!("{} {}: {why}", place.pk, place.sk));
    let key = place.read().ok_or_else(|| unreadable("no record has such a key"))?;
    let shape: u32 = item::get_number(stored, item::SHAPE).ok_or_else(|| unreadable("it names no shape"))?;
    if shape == 0 || shape > SHAPE {
        return Err(unreadable(&format!("its shape {shape} is not one that this build knows")));
    }
    let version = item::get_number(stored, item::VERSION).ok_or_else(|| unreadable("it has no version"))?;
    if let Key::Snapshot(..) = key {
        let snapshot = get_snapshot(stored).ok_or_else(|| unreadable("its attributes are incomplete"))?;
        return Ok((key, Stored { record: Record::Snapshot(snapshot), version }));
    }
    let body = item::get_body(stored).ok_or_else(|| unreadable("it has no body"))?;
    let record = read_body(&key, &body).map_err(|why| unreadable(&why))?;
    Ok((key, Stored { record, version }))
}

fn read_body(key: &Key, body: &str) -> Result<Record, String> {
    let incomplete = || "what it says does not fit together".to_owned();
    Ok(match key {
        Key::Organization(id) => Record::Organization(parse::<OrganizationShape>(body)?.into_record(id)),
        Key::Location(_, id) => Record::Location(parse::<LocationShape>(body)?.into_record(id)),
        Key::Variant(_, sku) => Record::Variant(parse::<VariantShape>(body)?.into_record(sku)),
        Key::VariantSku(..) => Record::VariantSku(parse::<VariantSkuShape>(body)?.sku.0),
        Key::Alias(_, connection, sku) => Record::Alias(SkuAlias {
            connection: connection.clone(),
            channel_sku: sku.clone(),
            variant_sku: parse::<VariantSkuShape>(body)?.sku.0,
        }),
        Key::Customer(_, id) => Record::Customer(parse::<CustomerShape>(body)?.into_record(id)),
        Key::CustomersOfName(..) => Record::CustomersOfName(parse::<CustomersShape>(body)?.into()),
        Key::Connection(_, id) => Record::Connection(parse::<ConnectionShape>(body)?.into_record(id)),
        Key::Order(_, id) => {
            Record::Order(parse::<OrderShape>(body)?.into_record(id).ok_or_else(incomplete)?)
        }
        Key::Observation(_, id) => {
            Record::Observation(parse::<ObservationShape>(body)?.into_record(id).ok_or_else(incomplete)?)
        }
        Key::Person(..) => Record::Person(parse::<PersonShape>(body)?.into()),
        Key::Snapshot(..) => return Err(incomplete()),
        Key::Parked(organization, id) => {
            Record::Parked(parse::<ParkedShape>(body)?.into_record(organization, id).ok_or_else(incomplete)?)
        }
        Key::Chunk(..) | Key::PlanChunk(..) => Record::Chunk(parse::<BookedShape>(body)?.into()),
        Key::ManufacturingOrder(_, order, id) => {
            Record::ManufacturingOrder(parse::<ManufacturingShape>(body)?.into_record(order, id))
        }
        Key::SalesReturn(_, order, id) => {
            Record::SalesReturn(parse::<ReturnShape>(body)?.into_record(order, id))
        }
        Key::OrderOf(..) => Record::OrderOf(parse::<OrderOfShape>(body)?.order.0),
        Key::History(..) => Record::History(parse::<HistoryShape>(body)?.into()),
        Key::Stock(_, place) => Record::Stock(parse::<StockShape>(body)?.into_record(place.clone())),
        Key::Serial(_, variant, number) => Record::Serial(SerialNumber {
            number: number.clone(),
            variant: variant.clone(),
            state: parse::<SerialStateShape>(body)?.into(),
        }),
        Key::Movement(_, place, at, cause) => {
            Record::Movement(parse::<MovementShape>(body)?.into_record(place.clone(), *at, cause.clone()))
        }
        Key::Adjustment(_, id) => Record::Adjustment(parse::<AdjustmentShape>(body)?.into_record(id)),
        Key::Outbox(..) => Record::Outbox(parse::<EffectShape>(body)?.into()),
        Key::Poll(..) => Record::Poll(parse::<PollShape>(body)?.into()),
        Key::Run(_, connection, id) => Record::Run(parse::<RunShape>(body)?.into_record(connection, id)),
        Key::DataRequest(_, id) => Record::DataRequest(parse::<DataRequestShape>(body)?.into_record(id)),
        Key::RequestNumber(..) => {
            let NothingShape {} = parse::<NothingShape>(body)?;
            Record::RequestNumber
        }
        Key::Answer(..) => Record::Answer(parse::<AnswerShape>(body)?.into()),
        Key::Route(_) => Record::Route(parse::<RouteShape>(body)?.into()),
        Key::Bucket(..) => Record::Bucket(parse::<BucketShape>(body)?.into()),
    })
}

/// Reads a body. What is said of a bad one names its place and never a value: it may be somebody's
/// address.
fn parse<T: DeserializeOwned>(body: &str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Io | serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Syntax => "it is not JSON",
            serde_json::error::Category::Data => "a field is missing or holds something unknown",
        };
        format!("{what} (character {})", error.column())
    })
}

// ------------------------------------------------------------------ snapshots

/// A snapshot as items: its head, and before it the parts of a body that is too big for one item.
pub(crate) struct SnapshotItems {
    /// Written first.
    pub(crate) parts: Vec<Item>,
    /// Written last, so that whoever finds it finds the parts too.
    pub(crate) head: Item,
}

/// A snapshot as items.
pub(crate) fn encode_snapshot(
    organization: &OrganizationId,
    order: &SalesOrderId,
    snapshot: &Snapshot,
) -> Result<SnapshotItems, Unstorable> {
    let mut head = item::place(&TableKey::of(&Key::Snapshot(organization.clone(), order.clone())));
    head.insert(item::SHAPE.to_owned(), item::number(SHAPE));
    head.insert(item::VERSION.to_owned(), item::number(1));
    put_snapshot(&mut head, snapshot);
    let compressed = item::compress(&snapshot.body);
    let mut parts = Vec::new();
    if compressed.len() <= PART_BYTES {
        head.insert(item::COMPRESSED.to_owned(), item::binary(compressed));
    } else {
        for (number, part) in compressed.chunks(PART_BYTES).enumerate() {
            let place = keys::snapshot_part(organization, order, &snapshot.digest, number);
            let mut stored = item::place(&place);
            stored.extend([item::expires_at(snapshot.expires_at)]);
            stored.insert(item::COMPRESSED.to_owned(), item::binary(part.to_vec()));
            parts.push(check_size(stored)?);
        }
        head.insert(item::PARTS.to_owned(), item::number(parts.len()));
    }
    Ok(SnapshotItems { parts, head: check_size(head)? })
}

fn put_snapshot(head: &mut Item, snapshot: &Snapshot) {
    head.insert(item::UPDATED_AT.to_owned(), item::text(keys::time(snapshot.updated_at)));
    head.insert(item::EXPIRY.to_owned(), item::text(keys::time(snapshot.expires_at)));
    head.insert(item::FORMAT.to_owned(), item::text(&snapshot.format));
    head.insert(item::DIGEST.to_owned(), item::text(&snapshot.digest));
    head.extend([item::expires_at(snapshot.expires_at)]);
}

fn get_snapshot(head: &Item) -> Option<Snapshot> {
    let body = match item::get_number::<usize>(head, item::PARTS) {
        Some(_) => Vec::new(),
        None => item::decompress(item::get_binary(head, item::COMPRESSED)?)?,
    };
    Some(Snapshot {
        format: item::get_text(head, item::FORMAT)?.to_owned(),
        updated_at: keys::read_time(item::get_text(head, item::UPDATED_AT)?)?,
        digest: item::get_text(head, item::DIGEST)?.to_owned(),
        body,
        expires_at: keys::read_time(item::get_text(head, item::EXPIRY)?)?,
    })
}

/// Where the parts of a snapshot's body are; nothing if its head holds all of it, or is no snapshot's.
pub(crate) fn parts_of(head: &Item) -> Vec<TableKey> {
    let Some(Key::Snapshot(organization, order)) = item::place_of(head).and_then(|place| place.read()) else {
        return Vec::new();
    };
    let Some(parts) = item::get_number::<usize>(head, item::PARTS) else { return Vec::new() };
    let digest = item::get_text(head, item::DIGEST).unwrap_or_default();
    (0..parts).map(|number| keys::snapshot_part(&organization, &order, digest, number)).collect()
}

/// The body that some parts make, in their order; `None` if it is damaged.
pub(crate) fn join_parts<'i>(parts: impl Iterator<Item = &'i Item>) -> Option<Vec<u8>> {
    let mut compressed = Vec::new();
    for part in parts {
        compressed.extend_from_slice(item::get_binary(part, item::COMPRESSED)?);
    }
    item::decompress(&compressed)
}

#[cfg(test)]
pub(crate) mod tests;
