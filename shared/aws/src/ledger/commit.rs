//! A commit: one `TransactWriteItems`, all or nothing, tried again where that is safe.
//!
//! Two things make it safe. DynamoDB knows an attempt again by its token, and each item carries the id
//! of the operation that wrote it: should a repeated attempt be refused because the one whose answer was
//! lost had succeeded, the stored items say so. (RELIABILITY rows 20, 21)

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    config::{Config, retry::RetryConfig},
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem},
};
use weir_app::ports::{
    Commit, CommitError, Expect, Ids as _, Key, LedgerError, Write, ledger::WRITES_IN_A_COMMIT,
};
use weir_domain::Timestamp;

use super::{
    DynamoLedger,
    failure::{Failure, of_transaction},
};
use crate::{
    backoff,
    item::{self, Item},
    keys::TableKey,
    stored::{self, Unstorable},
    system::RandomIds,
};

/// The most bytes that the items of one transaction may have together.
const TRANSACTION_BYTES: usize = 4 * 1_024 * 1_024;

/// How often a commit is tried: as often as the SDK would, and once more.
const ATTEMPTS: u32 = 4;

impl DynamoLedger {
    /// See [`weir_app::ports::Ledger::commit`].
    pub(super) async fn transact(&self, commit: &Commit) -> Result<(), CommitError> {
        let operation = RandomIds.token();
        let writes = self.prepare(commit, &operation)?;
        if writes.is_empty() {
            return Ok(());
        }
        let mut unsure = None;
        let mut refused = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                backoff::pause(attempt).await;
            }
            match self.attempt(&writes, &operation).await {
                Ok(()) => return Ok(()),
                Err(Failure::Conflict) => match unsure {
                    Some(lost) => return self.settle(commit, &operation, true, lost).await,
                    None => return Err(CommitError::Conflict),
                },
                Err(Failure::Never(text)) => return Err(CommitError::TooLarge(text)),
                Err(Failure::Throttled(text)) => refused = text,
                Err(Failure::Trouble(text)) => {
                    refused = text;
                    break;
                }
                Err(Failure::Unsure(text)) => unsure = Some(text),
            }
        }
        match unsure {
            Some(lost) => self.settle(commit, &operation, false, lost).await,
            None => Err(CommitError::Trouble(refused)),
        }
    }

    /// One attempt. The SDK does not repeat it by itself, so that it is known whether an answer was lost.
    async fn attempt(&self, writes: &[TransactWriteItem], operation: &str) -> Result<(), Failure> {
        self.client
            .transact_write_items()
            .set_transact_items(Some(writes.to_vec()))
            .client_request_token(operation)
            .customize()
            .config_override(Config::builder().retry_config(RetryConfig::disabled()))
            .send()
            .await
            .map(drop)
            .map_err(|error| of_transaction(&self.place, &error))
    }

    /// Whether a commit whose answer was lost has happened, as far as what is stored says.
    async fn settle(
        &self,
        commit: &Commit,
        operation: &str,
        refused: bool,
        lost: String,
    ) -> Result<(), CommitError> {
        let mut places = BTreeSet::new();
        for write in &commit.writes {
            match write {
                Write::Put { key, .. } => places.insert(TableKey::of(key)),
                Write::Delete { .. } | Write::Check { .. } => false,
            };
        }
        let found = match self.items(&places).await {
            Ok(found) => found,
            Err(LedgerError::Trouble(_) | LedgerError::Unreadable(_) | LedgerError::InvalidCursor) => {
                return Err(CommitError::Unknown(lost));
            }
        };
        // All or nothing: one item that this operation wrote says that all of it was done. Others may
        // have been written anew since.
        if found.iter().any(|stored| item::get_text(stored, item::OPERATION) == Some(operation)) {
            return Ok(());
        }
        // A version never falls: one that is still the expected one was not written by us.
        let is_untouched = |write: &Write| match write {
            Write::Put { key, expect: Expect::Version(version), .. } => {
                let place = TableKey::of(key);
                found.iter().any(|stored| {
                    item::place_of(stored).as_ref() == Some(&place)
                        && item::get_number(stored, item::VERSION) == Some(*version)
                })
            }
            Write::Put { expect: Expect::Absent | Expect::Anything, .. }
            | Write::Delete { .. }
            | Write::Check { .. } => false,
        };
        if refused && commit.writes.iter().any(is_untouched) {
            return Err(CommitError::Conflict);
        }
        Err(CommitError::Unknown(lost))
    }

    /// The writes as DynamoDB takes them.
    fn prepare(&self, commit: &Commit, operation: &str) -> Result<Vec<TransactWriteItem>, CommitError> {
        if commit.writes.len() > WRITES_IN_A_COMMIT {
            return Err(CommitError::TooLarge(format!(
                "{} writes, and a transaction takes {WRITES_IN_A_COMMIT}",
                commit.writes.len()
            )));
        }
        let now = self.clock.now();
        let (mut named, mut bytes) = (BTreeSet::new(), 0);
        let mut writes = Vec::with_capacity(commit.writes.len());
        for write in &commit.writes {
            let place = TableKey::of(write.key());
            if !place.fits() {
                return Err(too_large(&Unstorable::KeyTooLong));
            }
            if !named.insert(place.clone()) {
                return Err(CommitError::TooLarge("a key is named twice".to_owned()));
            }
            let built = match write {
                Write::Put { key, record, expect } => {
                    let version = match expect {
                        Expect::Absent | Expect::Anything => 1,
                        Expect::Version(version) => version.saturating_add(1),
                    };
                    let stored =
                        stored::encode(key, record, version, operation).map_err(|e| too_large(&e))?;
                    bytes += item::size(&stored);
                    self.put_write(stored, Condition::of(key, *expect, now))
                }
                Write::Delete { key, expect } => self.delete_write(&place, Condition::of(key, *expect, now)),
                Write::Check { key, expect } => match Condition::of(key, *expect, now) {
                    Some(condition) => self.check_write(&place, condition),
                    None => continue,
                },
            };
            // Only a missing field makes the builders fail, and none is missing.
            writes.push(built.map_err(|error| CommitError::Trouble(error.to_string()))?);
        }
        if bytes > TRANSACTION_BYTES {
            return Err(CommitError::TooLarge(format!(
                "{bytes} bytes, and a transaction takes {TRANSACTION_BYTES}"
            )));
        }
        Ok(writes)
    }

    fn put_write(&self, stored: Item, condition: Option<Condition>) -> Built {
        let mut put = Put::builder().table_name(&self.table).set_item(Some(stored));
        if let Some(condition) = condition {
            put = put
                .condition_expression(condition.expression)
                .set_expression_attribute_names(Some(condition.names))
                .set_expression_attribute_values(condition.values);
        }
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn delete_write(&self, place: &TableKey, condition: Option<Condition>) -> Built {
        let mut delete = Delete::builder().table_name(&self.table).set_key(Some(item::place(place)));
        if let Some(condition) = condition {
            delete = delete
                .condition_expression(condition.expression)
                .set_expression_attribute_names(Some(condition.names))
                .set_expression_attribute_values(condition.values);
        }
        Ok(TransactWriteItem::builder().delete(delete.build()?).build())
    }

    fn check_write(&self, place: &TableKey, condition: Condition) -> Built {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(item::place(place)))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(condition.values);
        Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
    }
}

type Built = Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError>;

fn too_large(error: &Unstorable) -> CommitError {
    CommitError::TooLarge(error.to_string())
}

/// What must hold of an item. An expired one counts as absent whether DynamoDB has removed it or not.
/// (RELIABILITY row 27)
struct Condition {
    expression: &'static str,
    names: HashMap<String, String>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Condition {
    fn of(key: &Key, expect: Expect, now: Timestamp) -> Option<Self> {
        let expires = item::can_expire(key);
        let mut values = HashMap::new();
        let expression = match (expect, expires) {
            (Expect::Anything, _) => return None,
            (Expect::Absent, false) => "attribute_not_exists(#pk)",
            (Expect::Absent, true) => "attribute_not_exists(#pk) OR #x <= :now",
            (Expect::Version(_), false) => "#n = :n",
            (Expect::Version(_), true) => "#n = :n AND (attribute_not_exists(#x) OR #x > :now)",
        };
        if expires {
            values.insert(":now".to_owned(), item::number(now.as_second()));
        }
        if let Expect::Version(version) = expect {
            values.insert(":n".to_owned(), item::number(version));
        }
        let names = [("#pk", item::PK), ("#n", item::VERSION), ("#x", item::EXPIRES_AT)];
        let names = names.into_iter().filter(|(placeholder, _)| expression.contains(placeholder));
        Some(Self {
            expression,
            names: names.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned())).collect(),
            values: (!values.is_empty()).then_some(values),
        })
    }
}
