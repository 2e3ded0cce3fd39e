//! The ledger on DynamoDB: reads by key, lists, and the small writes. What a commit is lives in
//! `ledger/commit.rs`; where a record lies in `keys.rs`; what stands in it in `stored.rs`.

mod commit;
mod failure;
mod list;
mod table;

pub use table::create_table;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    types::{AttributeValue, KeysAndAttributes},
};
use futures_util::future::try_join_all;
use weir_app::ports::{
    Clock, Commit, CommitError, Index, Key, Ledger, LedgerError, OrderFile, Page, Record, Stored,
    ledger::Snapshot,
};
use weir_domain::ids::{OrganizationId, SalesOrderId};

use self::failure::trouble;
use crate::{
    backoff,
    item::{self, Item},
    keys::{ACCOUNT_PREFIX, TableKey},
    sdk_error::Place,
    stored,
};

/// Keys that one BatchGetItem takes.
const KEYS_IN_A_READ: usize = 100;

/// How often a batch that was answered in part is asked again without getting any further.
const PARTIAL_ANSWERS: u32 = 8;

/// Deletes at the same time: enough to hide the way there, few enough for a small Lambda.
const DELETES_AT_ONCE: usize = 10;

/// The ledger on one DynamoDB table.
#[derive(Clone)]
pub struct DynamoLedger {
    client: Client,
    table: String,
    place: Place,
    clock: Arc<dyn Clock>,
}

impl DynamoLedger {
    /// The ledger on the table of this name. The clock says what has expired.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let table = table.into();
        let place = Place::new("table", &table, client.config().region());
        Self { client, table, place, clock }
    }

    /// The items of these places that are there and have not expired. Consistent.
    async fn items(&self, places: &BTreeSet<TableKey>) -> Result<Vec<Item>, LedgerError> {
        let mut found = Vec::with_capacity(places.len());
        // What is longer than DynamoDB takes was never stored; asking for it would fail for all others.
        let mut left: Vec<Item> = places.iter().filter(|place| place.fits()).map(item::place).collect();
        let mut partial = 0;
        while !left.is_empty() {
            let asked = left.split_off(left.len().saturating_sub(KEYS_IN_A_READ));
            let count = asked.len();
            let (items, unprocessed) = self.batch(asked).await?;
            found.extend(items);
            partial = match unprocessed.len() {
                0 => 0,
                some if some < count => 1,
                _ => partial + 1,
            };
            left.extend(unprocessed);
            if partial > PARTIAL_ANSWERS {
                return Err(LedgerError::Trouble(format!(
                    "{}: a read was throttled again and again",
                    self.place
                )));
            }
            if partial > 0 {
                backoff::pause(partial).await;
            }
        }
        let now = self.clock.now();
        found.retain(|stored| !item::is_expired(stored, now));
        Ok(found)
    }

    /// One BatchGetItem: what was found, and the keys that were not looked at.
    async fn batch(&self, keys: Vec<Item>) -> Result<(Vec<Item>, Vec<Item>), LedgerError> {
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let request = request.map_err(|error| LedgerError::Trouble(error.to_string()))?;
        let call = self.client.batch_get_item().request_items(&self.table, request);
        let answer = call.send().await.map_err(|error| trouble(&self.place, &error))?;
        let found = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
        let unprocessed = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
        Ok((found, unprocessed.map(|keys| keys.keys).unwrap_or_default()))
    }

    /// The records of some items, with the bodies of big snapshots.
    async fn records(&self, items: Vec<Item>) -> Result<Vec<(Key, Stored)>, LedgerError> {
        let mut records = Vec::with_capacity(items.len());
        for stored in &items {
            let (key, mut found) = stored::decode(stored)?;
            let parts = stored::parts_of(stored);
            if let Record::Snapshot(snapshot) = &mut found.record
                && !parts.is_empty()
            {
                let Some(body) = self.joined(&parts).await? else {
                    // A part has expired before its head: the snapshot is as good as gone, and the
                    // channel is asked again.
                    continue;
                };
                snapshot.body = body;
            }
            records.push((key, found));
        }
        Ok(records)
    }

    async fn joined(&self, places: &[TableKey]) -> Result<Option<Vec<u8>>, LedgerError> {
        let found = self.items(&places.iter().cloned().collect()).await?;
        let mut parts: BTreeMap<TableKey, &Item> = BTreeMap::new();
        for part in &found {
            parts.extend(item::place_of(part).map(|place| (place, part)));
        }
        if parts.len() < places.len() {
            return Ok(None);
        }
        match stored::join_parts(parts.into_values()) {
            Some(body) => Ok(Some(body)),
            None => Err(LedgerError::Unreadable("the parts of a snapshot do not fit together".to_owned())),
        }
    }

    async fn put(&self, stored: Item) -> Result<(), LedgerError> {
        let call = self.client.put_item().table_name(&self.table).set_item(Some(stored));
        call.send().await.map_err(|error| trouble(&self.place, &error)).map(drop)
    }

    async fn delete(&self, place: &TableKey) -> Result<(), LedgerError> {
        let call = self.client.delete_item().table_name(&self.table).set_key(Some(item::place(place)));
        call.send().await.map_err(|error| trouble(&self.place, &error)).map(drop)
    }
}

impl fmt::Debug for DynamoLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoLedger").field("table", &self.table).finish_non_exhaustive()
    }
}

#[async_trait]
impl Ledger for DynamoLedger {
    async fn get(&self, keys: &[Key]) -> Result<BTreeMap<Key, Stored>, LedgerError> {
        let items = self.items(&keys.iter().map(TableKey::of).collect()).await?;
        Ok(self.records(items).await?.into_iter().collect())
    }

    async fn read_order(
        &self,
        organization: &OrganizationId,
        order: &SalesOrderId,
    ) -> Result<OrderFile, LedgerError> {
        let partition = TableKey::of(&Key::Order(organization.clone(), order.clone())).pk;
        let mut items = Vec::new();
        let mut from: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let call = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_names("#pk", item::PK)
                .expression_attribute_names("#sk", item::SK)
                .expression_attribute_values(":pk", item::text(&partition))
                .expression_attribute_values(":prefix", item::text(ACCOUNT_PREFIX))
                .set_exclusive_start_key(from);
            let answer = call.send().await.map_err(|error| trouble(&self.place, &error))?;
            items.extend(answer.items.unwrap_or_default());
            from = answer.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        let now = self.clock.now();
        items.retain(|stored| !item::is_expired(stored, now));
        let mut file = OrderFile::default();
        for (key, stored) in self.records(items).await? {
            let version = stored.version;
            match stored.record {
                Record::Order(order) => file.order = Some((order, version)),
                Record::Observation(observation) => file.observation = Some((observation, version)),
                Record::Person(person) => file.person = Some((person, version)),
                Record::Snapshot(snapshot) => file.snapshot = Some(snapshot),
                Record::Parked(parked) => file.parked = Some((parked, version)),
                Record::ManufacturingOrder(made) => file.manufacturing_orders.push((made, version)),
                Record::SalesReturn(known) => file.returns.push((known, version)),
                Record::Organization(_)
                | Record::Location(_)
                | Record::Variant(_)
                | Record::VariantSku(_)
                | Record::Alias(_)
                | Record::Customer(_)
                | Record::CustomersOfName(_)
                | Record::Connection(_)
                | Record::Chunk(_)
                | Record::OrderOf(_)
                | Record::History(_)
                | Record::Stock(_)
                | Record::Serial(_)
                | Record::Movement(_)
                | Record::Adjustment(_)
                | Record::Outbox(_)
                | Record::Poll(_)
                | Record::Run(_)
                | Record::DataRequest(_)
                | Record::RequestNumber
                | Record::Answer(_)
                | Record::Route(_)
                | Record::Bucket(_) => {
                    return Err(LedgerError::Unreadable(format!("{key:?} is no part of an order's account")));
                }
            }
        }
        Ok(file)
    }

    async fn list(&self, index: &Index, after: Option<&str>, limit: usize) -> Result<Page, LedgerError> {
        self.page(index, after, limit).await
    }

    async fn count(&self, index: &Index, cap: usize) -> Result<usize, LedgerError> {
        self.length(index, cap).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.transact(commit).await
    }

    async fn keep_snapshot(
        &self,
        organization: &OrganizationId,
        order: &SalesOrderId,
        snapshot: &Snapshot,
    ) -> Result<(), LedgerError> {
        let items = stored::encode_snapshot(organization, order, snapshot)
            // A part is far below the limit; what remains is a key that no order has.
            .map_err(|error| LedgerError::Trouble(error.to_string()))?;
        for part in items.parts {
            self.put(part).await?;
        }
        let updated_at = items.head.get(item::UPDATED_AT).cloned();
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items.head))
            .condition_expression("attribute_not_exists(#pk) OR #u <= :u OR #x <= :now")
            .expression_attribute_names("#pk", item::PK)
            .expression_attribute_names("#u", item::UPDATED_AT)
            .expression_attribute_names("#x", item::EXPIRES_AT)
            .expression_attribute_values(":u", updated_at.unwrap_or(AttributeValue::Null(true)))
            .expression_attribute_values(":now", item::number(self.clock.now().as_second()));
        match call.send().await {
            Ok(_) => Ok(()),
            // A later one is kept already. It may also be our own, whose first answer was lost.
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(())
            }
            Err(error) => Err(trouble(&self.place, &error)),
        }
    }

    async fn remove(&self, keys: &[Key]) -> Result<(), LedgerError> {
        let places: BTreeSet<TableKey> = keys.iter().map(TableKey::of).filter(TableKey::fits).collect();
        let places: Vec<TableKey> = places.into_iter().collect();
        for some in places.chunks(DELETES_AT_ONCE) {
            try_join_all(some.iter().map(|place| self.delete(place))).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
