//! What DynamoDB would charge for the calls that a ledger makes, by its published rules. The embedded
//! store calls nobody to account, so this reads each request and its answer, and knows what is stored.
//!
//! Rules (the developer guide, "DynamoDB read and write operations", "Item sizes and formats",
//! "Transactions", "Global secondary indexes"): a write costs a unit for each 1 KB begun of the larger
//! of the item before and after; in a transaction twice as much, also for a condition check; a
//! consistent read a unit for each 4 KB begun, a missing item one; a query the sum of its items. An
//! index write costs a unit for each 1 KB of what is projected: one for a new entry or one that goes,
//! two for one whose key changes, none where nothing of it changes.

use std::{collections::HashMap, sync::Mutex};

use serde_json::Value;
use weir_aws::embedded::{Call, CallHook, Verdict};

/// Bytes of a write unit.
const WRITE_BYTES: usize = 1_024;

/// Bytes of a read unit.
const READ_BYTES: usize = 4_096;

/// What one item cost in one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// The operation.
    pub operation: String,
    /// What was read or written, in words.
    pub what: String,
    /// The item's size.
    pub bytes: usize,
    /// Write units of the table.
    pub writes: usize,
    /// Write units of the index.
    pub index_writes: usize,
    /// Read units.
    pub reads: usize,
}

/// Reads the meter.
#[derive(Default)]
pub struct Meter(Mutex<State>);

#[derive(Default)]
struct State {
    /// Of each item its size and its place in the index.
    items: HashMap<Place, (usize, Option<Place>)>,
    charges: Vec<Charge>,
}

/// Partition and sort key.
type Place = (String, String);

impl Meter {
    /// What was charged since the last time.
    pub fn take(&self) -> Vec<Charge> {
        std::mem::take(&mut self.0.lock().unwrap().charges)
    }
}

impl CallHook for Meter {
    fn after(&self, call: &Call<'_>, status: u16, answer: &str) -> Verdict {
        if status == 200 {
            let (Ok(request), Ok(answer)) = (serde_json::from_str(call.body), serde_json::from_str(answer))
            else {
                return Verdict::Proceed;
            };
            self.0.lock().unwrap().charge(call.operation, &request, &answer);
        }
        Verdict::Proceed
    }
}

impl State {
    fn charge(&mut self, operation: &str, request: &Value, answer: &Value) {
        match operation {
            "PutItem" => self.put(operation, &request["Item"], 1),
            "DeleteItem" => self.delete(operation, &request["Key"], 1),
            "TransactWriteItems" => {
                for write in request["TransactItems"].as_array().into_iter().flatten() {
                    if let Some(put) = write.get("Put") {
                        self.put(operation, &put["Item"], 2);
                    } else if let Some(delete) = write.get("Delete") {
                        self.delete(operation, &delete["Key"], 2);
                    } else if let Some(check) = write.get("ConditionCheck") {
                        let place = place(&check["Key"]);
                        let bytes = self.items.get(&place).map_or(0, |(bytes, _)| *bytes);
                        self.note(operation, &place, bytes, (2 * write_units(bytes), 0), 0);
                    }
                }
            }
            "BatchGetItem" => self.batch(operation, request, answer),
            "Query" => {
                let items: Vec<&Value> = answer["Items"].as_array().into_iter().flatten().collect();
                let bytes = items.iter().map(|item| size(item)).sum();
                let consistent = request["ConsistentRead"] == true;
                let partition = request["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap_or_default();
                let what = format!("query {}", family(&(partition.to_owned(), String::new())));
                let units = read_units(bytes);
                let reads = if consistent { units } else { units.div_ceil(2) };
                let operation = operation.to_owned();
                self.charges.push(Charge { operation, what, bytes, writes: 0, index_writes: 0, reads });
            }
            _ => {}
        }
    }

    fn batch(&mut self, operation: &str, request: &Value, answer: &Value) {
        let tables = request["RequestItems"].as_object().into_iter().flatten();
        for (table, asked) in tables {
            let mut found: HashMap<Place, usize> = HashMap::new();
            for item in answer["Responses"][table].as_array().into_iter().flatten() {
                found.insert(place(item), size(item));
            }
            for key in asked["Keys"].as_array().into_iter().flatten() {
                let place = place(key);
                let bytes = found.get(&place).copied().unwrap_or(0);
                self.note(operation, &place, bytes, (0, 0), read_units(bytes));
            }
        }
    }

    fn put(&mut self, operation: &str, item: &Value, times: usize) {
        let (place, bytes) = (place(item), size(item));
        let index = index_place(item);
        let before = self.items.insert(place.clone(), (bytes, index.clone()));
        let (old_bytes, old_index) = before.unwrap_or((0, None));
        let index_writes = match (old_index, index) {
            (None, None) => 0,
            (Some(old), Some(new)) if old == new => 0,
            (Some(_), Some(_)) => 2,
            (Some(_), None) | (None, Some(_)) => 1,
        };
        let writes = times * write_units(bytes.max(old_bytes));
        self.note(operation, &place, bytes, (writes, index_writes), 0);
    }

    fn delete(&mut self, operation: &str, key: &Value, times: usize) {
        let place = place(key);
        let (bytes, index) = self.items.remove(&place).unwrap_or((0, None));
        self.note(operation, &place, bytes, (times * write_units(bytes), usize::from(index.is_some())), 0);
    }

    fn note(
        &mut self,
        operation: &str,
        place: &Place,
        bytes: usize,
        (writes, index_writes): (usize, usize),
        reads: usize,
    ) {
        let (operation, what) = (operation.to_owned(), family(place));
        self.charges.push(Charge { operation, what, bytes, writes, index_writes, reads });
    }
}

fn write_units(bytes: usize) -> usize {
    bytes.div_ceil(WRITE_BYTES).max(1)
}

fn read_units(bytes: usize) -> usize {
    bytes.div_ceil(READ_BYTES).max(1)
}

fn text(item: &Value, name: &str) -> Option<String> {
    item[name]["S"].as_str().map(str::to_owned)
}

fn place(item: &Value) -> Place {
    (text(item, "pk").unwrap_or_default(), text(item, "sk").unwrap_or_default())
}

fn index_place(item: &Value) -> Option<Place> {
    Some((text(item, "gsi1pk")?, text(item, "gsi1sk")?))
}

/// What lies at a place, in words.
fn family((partition, sort): &Place) -> String {
    let parts: Vec<&str> = partition.split('#').collect();
    let of_order = |sort: &str| match sort.split('#').collect::<Vec<_>>().as_slice() {
        ["A", "HEAD"] => "order".to_owned(),
        ["A", "OUTCOME"] => "account (observation)".to_owned(),
        ["A", "PERSON"] => "person".to_owned(),
        ["A", "SNAP"] => "snapshot".to_owned(),
        ["A", "PARK"] => "parked signal".to_owned(),
        ["H", ..] => "line of the timeline".to_owned(),
        ["C", ..] => "chunk".to_owned(),
        ["S", ..] => "part of a snapshot".to_owned(),
        _ => "all of the order".to_owned(),
    };
    match parts.as_slice() {
        ["RATE", ..] => "token bucket".to_owned(),
        ["ROUTE", ..] => "route".to_owned(),
        [_, "O", ..] => of_order(sort),
        [_, "ORG"] => "organization".to_owned(),
        [_, "CON"] => "connection".to_owned(),
        [_, "SKU"] => "variant".to_owned(),
        [_, "STOCK"] => "stock item".to_owned(),
        [_, "M", ..] => "movement".to_owned(),
        [_, "OUTBOX", ..] => "outgoing item".to_owned(),
        [_, "POLL"] => "cursor".to_owned(),
        [_, "SER", ..] => "serial number".to_owned(),
        [_, family, ..] => (*family).to_owned(),
        _ => partition.clone(),
    }
}

/// How big an item is, names of its attributes included.
fn size(item: &Value) -> usize {
    item.as_object().into_iter().flatten().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    if let Some(text) = value["S"].as_str() {
        return text.len();
    }
    if let Some(number) = value["N"].as_str() {
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        return digits.div_ceil(2) + 1 + usize::from(number.starts_with('-'));
    }
    if let Some(base64) = value["B"].as_str() {
        return base64.trim_end_matches('=').len() * 3 / 4;
    }
    1
}
