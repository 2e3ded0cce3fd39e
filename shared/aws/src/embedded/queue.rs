//! The durable queues of the local run, on a table of the embedded store, with the contract of SQS
//! standard queues: at least once, a visibility timeout, delays, receive counts, dead letters. What a
//! message says and what is done about it never lives here; neither does a clock.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, PutRequest, ReturnValue, ReturnValuesOnConditionCheckFailure,
    ScalarAttributeType, Select, TimeToLiveSpecification, WriteRequest,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

/// The table that holds every local queue.
pub const TABLE: &str = "weir-local-queues";

/// A message that was received this often without being deleted becomes a dead letter, as in the
/// redrive policy of `template.yaml`.
pub const MAX_RECEIVE_COUNT: u32 = 5;

/// The largest body, in bytes: a message names what to look at and carries no data, and this is small
/// enough for an item (400 KB) with everything around it.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The most messages of one receive, as with SQS.
pub const MAX_BATCH: usize = 10;

/// The longest delay and the longest visibility timeout, as with SQS (which allows 15 minutes for a
/// delay and 12 hours for a visibility timeout; a longer wait belongs in the ledger as a due time).
pub const MAX_WAIT: Duration = Duration::from_secs(12 * 60 * 60);

/// How long a discarded dead letter and its note are kept, in days, as long as an SQS DLQ keeps messages.
pub const KEEP_DISCARDED_DAYS: i64 = 14;

/// The reason of a dead letter whose consumer never said what was wrong.
pub const NO_ANSWER: &str = "Received 5 times and never finished; the worker did not say why.";

const INDEX: &str = "by_list";
const DEAD_PAGE: i32 = 25;
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// How many items one `BatchWriteItem` takes.
const BATCH_WRITE: usize = 25;
/// How often a batch is sent again for its unprocessed items before the caller gets an error.
const BATCH_TRIES: usize = 5;

/// What can go wrong with a local queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The store refused or failed the call.
    #[error("the queue table answered: {0}")]
    Store(#[source] Box<aws_sdk_dynamodb::Error>),
    /// A batch was taken only in part, several times over.
    #[error("{left} messages of a batch were not taken")]
    Unprocessed {
        /// How many are left; the others are sent.
        left: usize,
    },
    /// The body is larger than [`MAX_BODY_BYTES`].
    #[error("a message of {bytes} bytes is larger than {MAX_BODY_BYTES}")]
    BodyTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The text is not a receipt or a cursor that a queue has given out.
    #[error("{text:?} is not a {what} of a local queue")]
    Unreadable {
        /// Receipt or cursor.
        what: &'static str,
        /// What was given.
        text: String,
    },
    /// A stored message lacks an attribute.
    #[error("a stored message has no readable {attribute}")]
    Damaged {
        /// The attribute.
        attribute: &'static str,
    },
    /// The system gives no random bytes.
    #[error("no random bytes for a message id: {0}")]
    Random(getrandom::Error),
}

/// The result of a queue's methods.
pub type Result<T> = std::result::Result<T, QueueError>;

/// Proof of one receive of one message: it names the message and this receive of it. A later receive
/// makes it stale. Kept as a string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt {
    id: String,
    nonce: String,
}

impl Receipt {
    /// Reads a receipt that was kept as a string.
    ///
    /// # Errors
    /// [`QueueError::Unreadable`].
    pub fn parse(text: &str) -> Result<Self> {
        match text.split_once('.') {
            Some((id, nonce)) if is_hex(id) && is_hex(nonce) => {
                Ok(Self { id: id.to_owned(), nonce: nonce.to_owned() })
            }
            _ => Err(QueueError::Unreadable { what: "receipt", text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.nonce)
    }
}

/// A message in the hands of one consumer until its visibility timeout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message's id, the same at every receive and as a dead letter.
    pub id: String,
    /// What was sent.
    pub body: String,
    /// What this receive is answered with.
    pub receipt: Receipt,
    /// How often it has been received since it was sent or replayed, this time included.
    pub receive_count: u32,
    /// When it was first sent; a replay does not change it.
    pub first_sent_at: Timestamp,
}

/// A message that nobody could finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message's id.
    pub id: String,
    /// The queue that it comes from and is replayed to.
    pub queue: String,
    /// What was sent.
    pub body: String,
    /// The last error that a worker gave, or [`NO_ANSWER`].
    pub reason: String,
    /// How often it was received before it was given up.
    pub receive_count: u32,
    /// When it was first sent.
    pub first_sent_at: Timestamp,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// Some dead letters, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadPage {
    /// The letters.
    pub letters: Vec<DeadLetter>,
    /// Where to go on, if there are more.
    pub next: Option<String>,
}

/// How much is in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    /// Messages that a receive would get.
    pub visible: u64,
    /// Messages that are delayed or in a consumer's hands.
    pub waiting: u64,
    /// Dead letters.
    pub dead: u64,
}

/// Every local queue of one store. A queue exists as soon as something is sent to its name.
#[derive(Debug, Clone)]
pub struct LocalQueues {
    client: Client,
}

impl LocalQueues {
    /// The queues behind `client`; their table is made if it is missing.
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn open(client: Client) -> Result<Self> {
        let queues = Self { client };
        queues.create_table().await?;
        let ttl = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true);
        let call = queues.client.update_time_to_live().table_name(TABLE);
        match call.time_to_live_specification(ttl.build().map_err(built)?).send().await {
            Ok(_) => Ok(queues),
            // DynamoDB's way to say that it is on already, in a table that was there.
            Err(e) if e.code() == Some("ValidationException") => Ok(queues),
            Err(e) => Err(store(e)),
        }
    }

    /// Sends a message, to be received once `delay` has passed, and answers its id.
    ///
    /// # Errors
    /// [`QueueError::BodyTooLarge`], [`QueueError::Store`]. A message whose answer was lost may have
    /// been sent: a second one is a duplicate, as with SQS.
    pub async fn send(&self, queue: &str, body: &str, delay: Duration, now: Timestamp) -> Result<String> {
        let (id, item) = new_item(queue, body, delay, now)?;
        self.client.put_item().table_name(TABLE).set_item(Some(item)).send().await.map_err(store)?;
        Ok(id)
    }

    /// Sends several messages without delay, in as few calls as possible, and answers their ids in order.
    ///
    /// # Errors
    /// As [`send`](Self::send); some of the messages may have been sent.
    pub async fn send_all(&self, queue: &str, bodies: &[&str], now: Timestamp) -> Result<Vec<String>> {
        let mut ids = Vec::with_capacity(bodies.len());
        for bodies in bodies.chunks(BATCH_WRITE) {
            let mut requests = Vec::with_capacity(bodies.len());
            for body in bodies {
                let (id, item) = new_item(queue, body, Duration::ZERO, now)?;
                let put = PutRequest::builder().set_item(Some(item)).build().map_err(built)?;
                requests.push(WriteRequest::builder().put_request(put).build());
                ids.push(id);
            }
            self.write_all(requests).await?;
        }
        Ok(ids)
    }

    /// Receives up to `max` messages (at most [`MAX_BATCH`]) that are due at `now`, the longest due
    /// first, and hides each from everybody else for `visibility`. Messages that have had their
    /// [`MAX_RECEIVE_COUNT`] receives become dead letters instead.
    ///
    /// # Errors
    /// [`QueueError::Store`]. Messages that were taken before the error come back after `visibility`.
    pub async fn receive(
        &self,
        queue: &str,
        max: usize,
        visibility: Duration,
        now: Timestamp,
    ) -> Result<Vec<Message>> {
        let max = max.clamp(1, MAX_BATCH);
        let found = self.query(&live(queue)).key_condition_expression("#list = :list AND #at <= :now");
        // Twice as many as wanted: another consumer may take some, and some may be at their end.
        let found = found
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":now", millis(now))
            .limit(i32::try_from(max * 2).unwrap_or(i32::MAX));
        let mut messages = Vec::with_capacity(max);
        for candidate in found.send().await.map_err(store)?.items.unwrap_or_default() {
            if messages.len() == max {
                break;
            }
            let seen = Seen::of(&candidate, queue)?;
            if seen.receive_count >= MAX_RECEIVE_COUNT {
                let reason = text(&candidate, "last_error").unwrap_or_else(|_| NO_ANSWER.to_owned());
                self.bury(&seen, &reason, now).await?;
            } else if let Some(message) = self.take(&seen, visibility, now).await? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    /// Finishes a message. `false` if the receipt is stale: the message is already gone, or its
    /// visibility timeout passed and somebody else has it now.
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn delete(&self, receipt: &Receipt) -> Result<bool> {
        let call = self.client.delete_item().table_name(TABLE).key("id", string(&receipt.id));
        let call = call.condition_expression("receipt = :nonce");
        let sent = call.expression_attribute_values(":nonce", string(&receipt.nonce)).send().await;
        match sent {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(e))
                if matches!(e.err(), DeleteItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(false)
            }
            Err(e) => Err(store(e)),
        }
    }

    /// Makes a message in hand visible `visibility` from now (zero: at once). `false` if the receipt is
    /// stale or the timeout has already passed.
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn change_visibility(
        &self,
        receipt: &Receipt,
        visibility: Duration,
        now: Timestamp,
    ) -> Result<bool> {
        let call = self
            .update(&receipt.id)
            .update_expression("SET #at = :at")
            .condition_expression("receipt = :nonce AND #at > :now")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", millis_after(now, visibility))
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":nonce", string(&receipt.nonce));
        Ok(changed(call).await?.is_some())
    }

    /// Says what was wrong with a message in hand. After its last receive it becomes a dead letter at
    /// once; before that it comes back after `retry_in`, or after its visibility timeout if there is
    /// none. `false` if the receipt is stale.
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn fail(
        &self,
        receipt: &Receipt,
        reason: &str,
        retry_in: Option<Duration>,
        now: Timestamp,
    ) -> Result<bool> {
        let call = self
            .update(&receipt.id)
            .condition_expression("receipt = :nonce")
            .expression_attribute_values(":nonce", string(&receipt.nonce))
            .expression_attribute_values(":reason", string(reason));
        let call = match retry_in {
            Some(wait) => call
                .update_expression("SET last_error = :reason, #at = :at")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":at", millis_after(now, wait)),
            None => call.update_expression("SET last_error = :reason"),
        };
        let Some(item) = changed(call).await? else { return Ok(false) };
        if count(&item)? >= MAX_RECEIVE_COUNT {
            self.bury(&Seen::of(&item, &text(&item, "queue")?)?, reason, now).await?;
        }
        Ok(true)
    }

    /// Makes every message that is in somebody's hands visible at `now`, and answers how many. Only for
    /// the one consumer of all, before it receives anything: what is in hand then was in the hands of a
    /// process that is gone. Its receives stay counted.
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn release(&self, queue: &str, now: Timestamp) -> Result<usize> {
        let (mut released, mut start) = (0, None);
        loop {
            let found = self
                .query(&live(queue))
                .key_condition_expression("#list = :list AND #at > :now")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":now", millis(now));
            let page = found.set_exclusive_start_key(start).send().await.map_err(store)?;
            for item in page.items.unwrap_or_default() {
                let call = self
                    .update(&text(&item, "id")?)
                    .update_expression("SET #at = :now")
                    .condition_expression("#list = :live AND attribute_exists(receipt)")
                    .expression_attribute_names("#list", "list")
                    .expression_attribute_names("#at", "at")
                    .expression_attribute_values(":live", string(&live(queue)))
                    .expression_attribute_values(":now", millis(now));
                released += usize::from(changed(call).await?.is_some());
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(released);
            }
        }
    }

    /// The dead letters of a queue, newest first. `cursor` is a page's `next`.
    ///
    /// # Errors
    /// [`QueueError::Unreadable`] for a strange cursor, [`QueueError::Store`].
    pub async fn list_dead(&self, queue: &str, cursor: Option<&str>) -> Result<DeadPage> {
        let list = dead(queue);
        let start = cursor.map(|text| start_key(&list, text)).transpose()?;
        let found = self.query(&list).key_condition_expression("#list = :list").limit(DEAD_PAGE);
        let found = found.scan_index_forward(false).set_exclusive_start_key(start);
        let QueryOutput { items, last_evaluated_key, .. } = found.send().await.map_err(store)?;
        let mut letters = Vec::new();
        for found in items.unwrap_or_default() {
            // The index finds; the item itself decides, and holds the body.
            let id = text(&found, "id")?;
            if let Some(item) = self.get(&id).await?
                && text(&item, "list")? == list
            {
                letters.push(dead_letter(id, &item)?);
            }
        }
        let next = last_evaluated_key.map(|key| -> Result<String> {
            Ok(URL_SAFE_NO_PAD.encode(format!("{}.{}", number(&key, "at")?, text(&key, "id")?)))
        });
        Ok(DeadPage { letters, next: next.transpose()? })
    }

    /// Puts a dead letter back into its queue, visible at once and with its receives counted anew.
    /// `false` if there is no such dead letter (any more).
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn replay_dead(&self, id: &str, now: Timestamp) -> Result<bool> {
        let Some(queue) = self.dead_letter_queue(id).await? else { return Ok(false) };
        let call = self
            .update(id)
            .update_expression(
                "SET #list = :live, #at = :now, receive_count = :none REMOVE reason, last_error",
            )
            .condition_expression("#list = :dead")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":live", string(&live(&queue)))
            .expression_attribute_values(":dead", string(&dead(&queue)))
            .expression_attribute_values(":none", AttributeValue::N("0".to_owned()))
            .expression_attribute_values(":now", millis(now));
        Ok(changed(call).await?.is_some())
    }

    /// Takes a dead letter off the list for good. It is kept with the note for
    /// [`KEEP_DISCARDED_DAYS`], then swept. `false` if there is no such dead letter (any more).
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn discard_dead(&self, id: &str, note: &str, now: Timestamp) -> Result<bool> {
        let Some(queue) = self.dead_letter_queue(id).await? else { return Ok(false) };
        let expires = now.as_second().saturating_add(KEEP_DISCARDED_DAYS * DAY_SECONDS);
        let call = self
            .update(id)
            .update_expression("SET #list = :gone, #at = :now, note = :note, expires_at = :expires")
            .condition_expression("#list = :dead")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":gone", string(&format!("discarded#{queue}")))
            .expression_attribute_values(":dead", string(&dead(&queue)))
            .expression_attribute_values(":note", string(note))
            .expression_attribute_values(":expires", AttributeValue::N(expires.to_string()))
            .expression_attribute_values(":now", millis(now));
        Ok(changed(call).await?.is_some())
    }

    /// How many messages a queue holds at `now`. Reads the whole of it: for a page, not for a loop.
    ///
    /// # Errors
    /// [`QueueError::Store`].
    pub async fn counts(&self, queue: &str, now: Timestamp) -> Result<QueueCounts> {
        let all = self.count_of(&live(queue), None).await?;
        let visible = self.count_of(&live(queue), Some(now)).await?;
        let dead = self.count_of(&dead(queue), None).await?;
        Ok(QueueCounts { visible, waiting: all.saturating_sub(visible), dead })
    }

    async fn create_table(&self) -> Result<()> {
        let attribute = |name: &str, kind| {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(kind);
            attribute.build().map_err(built)
        };
        let key = |name: &str, kind| {
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            key.build().map_err(built)
        };
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .non_key_attributes("receive_count")
            .non_key_attributes("last_error");
        let index = GlobalSecondaryIndex::builder()
            .index_name(INDEX)
            .key_schema(key("list", KeyType::Hash)?)
            .key_schema(key("at", KeyType::Range)?)
            .projection(projection.build());
        let created = self
            .client
            .create_table()
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("id", ScalarAttributeType::S)?)
            .attribute_definitions(attribute("list", ScalarAttributeType::S)?)
            .attribute_definitions(attribute("at", ScalarAttributeType::N)?)
            .key_schema(key("id", KeyType::Hash)?)
            .global_secondary_indexes(index.build().map_err(built)?)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(e)) if e.err().is_resource_in_use_exception() => Ok(()),
            Err(e) => Err(store(e)),
        }
    }

    async fn write_all(&self, mut requests: Vec<WriteRequest>) -> Result<()> {
        for _ in 0..BATCH_TRIES {
            let call = self.client.batch_write_item().request_items(TABLE, requests);
            let left = call.send().await.map_err(store)?.unprocessed_items.unwrap_or_default();
            requests = left.into_values().flatten().collect();
            if requests.is_empty() {
                return Ok(());
            }
        }
        Err(QueueError::Unprocessed { left: requests.len() })
    }

    /// Takes a message for one consumer, unless somebody else was faster.
    async fn take(&self, seen: &Seen, visibility: Duration, now: Timestamp) -> Result<Option<Message>> {
        let nonce = random_hex()?;
        let call = self
            .if_as(seen, "SET receipt = :nonce, #at = :next ADD receive_count :one")
            .expression_attribute_values(":nonce", string(&nonce))
            .expression_attribute_values(":next", millis_after(now, visibility))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let item = match call.return_values(ReturnValue::AllNew).send().await {
            Ok(output) => output.attributes,
            // A retry whose first attempt took effect finds its own receipt: the message is ours.
            Err(SdkError::ServiceError(e)) => match e.into_err() {
                UpdateItemError::ConditionalCheckFailedException(lost) => {
                    lost.item.filter(|item| text(item, "receipt").is_ok_and(|receipt| receipt == nonce))
                }
                other => return Err(QueueError::Store(Box::new(other.into()))),
            },
            Err(e) => return Err(store(e)),
        };
        item.map(|item| {
            Ok(Message {
                id: seen.id.clone(),
                body: text(&item, "body")?,
                receipt: Receipt { id: seen.id.clone(), nonce },
                receive_count: count(&item)?,
                first_sent_at: instant(&item, "first_sent_at")?,
            })
        })
        .transpose()
    }

    /// Moves a message to the dead letters, unless somebody has touched it since.
    async fn bury(&self, seen: &Seen, reason: &str, now: Timestamp) -> Result<()> {
        let call = self
            .if_as(seen, "SET #list = :dead, #at = :next, reason = :reason REMOVE receipt")
            .expression_attribute_values(":dead", string(&dead(&seen.queue)))
            .expression_attribute_values(":reason", string(reason))
            .expression_attribute_values(":next", millis(now));
        changed(call).await.map(drop)
    }

    /// An update of a live message that nobody has received, moved or given up since it was seen.
    fn if_as(&self, seen: &Seen, update: &str) -> UpdateItemFluentBuilder {
        self.update(&seen.id)
            .update_expression(update)
            .condition_expression("#list = :live AND #at = :seen AND receive_count = :count")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":live", string(&live(&seen.queue)))
            .expression_attribute_values(":seen", AttributeValue::N(seen.at.to_string()))
            .expression_attribute_values(":count", AttributeValue::N(seen.receive_count.to_string()))
    }

    async fn dead_letter_queue(&self, id: &str) -> Result<Option<String>> {
        let Some(item) = self.get(id).await? else { return Ok(None) };
        let queue = text(&item, "queue")?;
        Ok((text(&item, "list")? == dead(&queue)).then_some(queue))
    }

    async fn get(&self, id: &str) -> Result<Option<Item>> {
        let call = self.client.get_item().table_name(TABLE).key("id", string(id)).consistent_read(true);
        Ok(call.send().await.map_err(store)?.item)
    }

    async fn count_of(&self, list: &str, due: Option<Timestamp>) -> Result<u64> {
        let (mut total, mut start) = (0, None);
        loop {
            let call = self.query(list).select(Select::Count).set_exclusive_start_key(start);
            let call = match due {
                Some(now) => call
                    .key_condition_expression("#list = :list AND #at <= :now")
                    .expression_attribute_names("#at", "at")
                    .expression_attribute_values(":now", millis(now)),
                None => call.key_condition_expression("#list = :list"),
            };
            let page = call.send().await.map_err(store)?;
            total += u64::try_from(page.count).unwrap_or_default();
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(total);
            }
        }
    }

    fn query(&self, list: &str) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let call = self.client.query().table_name(TABLE).index_name(INDEX);
        call.expression_attribute_names("#list", "list").expression_attribute_values(":list", string(list))
    }

    fn update(&self, id: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(TABLE).key("id", string(id))
    }
}

type Item = HashMap<String, AttributeValue>;

/// A message as it was when somebody looked.
struct Seen {
    id: String,
    queue: String,
    at: i64,
    receive_count: u32,
}

impl Seen {
    fn of(item: &Item, queue: &str) -> Result<Self> {
        Ok(Self {
            id: text(item, "id")?,
            queue: queue.to_owned(),
            at: number(item, "at")?,
            receive_count: count(item)?,
        })
    }
}

fn new_item(queue: &str, body: &str, delay: Duration, now: Timestamp) -> Result<(String, Item)> {
    if body.len() > MAX_BODY_BYTES {
        return Err(QueueError::BodyTooLarge { bytes: body.len() });
    }
    let id = random_hex()?;
    let item = HashMap::from([
        ("id".to_owned(), string(&id)),
        ("queue".to_owned(), string(queue)),
        ("list".to_owned(), string(&live(queue))),
        ("at".to_owned(), millis_after(now, delay)),
        ("body".to_owned(), string(body)),
        ("receive_count".to_owned(), AttributeValue::N("0".to_owned())),
        ("first_sent_at".to_owned(), millis(now)),
    ]);
    Ok((id, item))
}

fn dead_letter(id: String, item: &Item) -> Result<DeadLetter> {
    Ok(DeadLetter {
        id,
        queue: text(item, "queue")?,
        body: text(item, "body")?,
        reason: text(item, "reason")?,
        receive_count: count(item)?,
        first_sent_at: instant(item, "first_sent_at")?,
        died_at: instant(item, "at")?,
    })
}

/// The item after an update, or `None` if its condition did not hold.
async fn changed(call: UpdateItemFluentBuilder) -> Result<Option<Item>> {
    match call.return_values(ReturnValue::AllNew).send().await {
        Ok(output) => Ok(Some(output.attributes.unwrap_or_default())),
        Err(SdkError::ServiceError(e))
            if matches!(e.err(), UpdateItemError::ConditionalCheckFailedException(_)) =>
        {
            Ok(None)
        }
        Err(e) => Err(store(e)),
    }
}

fn live(queue: &str) -> String {
    format!("live#{queue}")
}

fn dead(queue: &str) -> String {
    format!("dead#{queue}")
}

fn start_key(list: &str, cursor: &str) -> Result<Item> {
    let unreadable = || QueueError::Unreadable { what: "cursor", text: cursor.to_owned() };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| unreadable())?;
    let plain = String::from_utf8(bytes).map_err(|_| unreadable())?;
    let (at, id) = plain.split_once('.').ok_or_else(unreadable)?;
    if !is_hex(id) || at.parse::<i64>().is_err() {
        return Err(unreadable());
    }
    Ok(HashMap::from([
        ("list".to_owned(), string(list)),
        ("at".to_owned(), AttributeValue::N(at.to_owned())),
        ("id".to_owned(), string(id)),
    ]))
}

fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn millis(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

fn millis_after(now: Timestamp, wait: Duration) -> AttributeValue {
    let wait = i64::try_from(wait.min(MAX_WAIT).as_millis()).unwrap_or(i64::MAX);
    AttributeValue::N(now.as_millisecond().saturating_add(wait).to_string())
}

fn text(item: &Item, attribute: &'static str) -> Result<String> {
    match item.get(attribute) {
        Some(AttributeValue::S(text)) => Ok(text.clone()),
        _ => Err(QueueError::Damaged { attribute }),
    }
}

fn number(item: &Item, attribute: &'static str) -> Result<i64> {
    match item.get(attribute) {
        Some(AttributeValue::N(number)) => number.parse().map_err(|_| QueueError::Damaged { attribute }),
        _ => Err(QueueError::Damaged { attribute }),
    }
}

fn count(item: &Item) -> Result<u32> {
    let attribute = "receive_count";
    u32::try_from(number(item, attribute)?).map_err(|_| QueueError::Damaged { attribute })
}

fn instant(item: &Item, attribute: &'static str) -> Result<Timestamp> {
    Timestamp::from_millisecond(number(item, attribute)?).map_err(|_| QueueError::Damaged { attribute })
}

/// 16 random bytes in hexadecimal, for ids and receipts.
fn random_hex() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(QueueError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn is_hex(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn store<E>(error: E) -> QueueError
where
    aws_sdk_dynamodb::Error: From<E>,
{
    QueueError::Store(Box::new(error.into()))
}

fn built(error: aws_sdk_dynamodb::error::BuildError) -> QueueError {
    QueueError::Store(Box::new(SdkError::<CreateTableError>::construction_failure(error).into()))
}

#[cfg(test)]
mod tests;
