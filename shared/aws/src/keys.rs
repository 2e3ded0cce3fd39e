//! The key grammar of the one table: where each record lies, which list it is found in, and how a
//! list is asked for. No other file spells a key.
//!
//! Every partition begins with its organization, but for two families: `ROUTE#` (from outside to an
//! organization) and `RATE#` (token buckets of accounts). Texts that may hold anything are
//! percent-escaped, so that `#` only ever divides. Times are of one width and sort as text.
//!
//! | record | pk | sk | gsi1pk, gsi1sk |
//! | --- | --- | --- | --- |
//! | organization | `<org>#ORG` | `ORG` | |
//! | location, customer, connection | `<org>#LOC`, `#CUS`, `#CON` | id | |
//! | variant | `<org>#SKU` | SKU | |
//! | SKU of a variant | `<org>#VAR` | variant | |
//! | alias | `<org>#ALIAS#<con>` | channel SKU | |
//! | order | `<org>#O#<so>` | `A#HEAD` | `<org>#ORDERS`, ordered at `#<so>`; while it is booked in parts `<org>#COMMITTING`, created at `#<so>` |
//! | observation | same | `A#OUTCOME` | `<org>#OUT#<kind>`, observed at `#<so>` |
//! | person, snapshot | same | `A#PERSON`, `A#SNAP` | |
//! | parked signal | same | `A#PARK` | `<org>#DUE#<con>`, due at `#<so>` |
//! | chunk, chunk of a plan | same | `C#<number>`, `P#<version>#<number>` | |
//! | manufacturing order | same | `A#MO#<id>` | `<org>#MO`, created at `#<id>` |
//! | return order | same | `A#RET#<id>` | `<org>#RET`, created at `#<id>` |
//! | order of a part | `<org>#OF#<id of the part>` | `OF` | |
//! | customers of a name | `<org>#NAME#<digest>` | `NAME` | |
//! | history | same | `H#<version>#<ordinal>` | |
//! | part of a big snapshot | same | `S#<digest>#<number>` | |
//! | stock item | `<org>#STOCK` | `<loc>#<var>` | |
//! | serial number | `<org>#SER#<var>` | number | |
//! | movement | `<org>#M#<loc>#<var>` | at `#<cause>` | `<org>#MOVES`, at `#<cause>` |
//! | adjustment | `<org>#ADJ` | id | `<org>#ADJ`, created at `#<id>` |
//! | outgoing item | `<org>#OUTBOX#<shard>` | at `#<writer>#<version>#<ordinal>` | |
//! | poll | `<org>#POLL` | account | |
//! | run | `<org>#RUN#<con>` | id | `<org>#RUN#<con>`, requested at `#<id>` |
//! | request number, answer | `<org>#REQ#<number>`, `<org>#ANSWER#<digest>` | `REQ`, `ANSWER` | |
//! | organization, from outside | `ROUTE#ORG` | organization | |
//! | account | `ROUTE#ACC#<channel>#<account>#<marketplace>` | `ROUTE` | |
//! | connection, from outside | `ROUTE#CON#<con>` | `ROUTE` | |
//! | token, session | `ROUTE#TOKEN#<digest>`, `ROUTE#SESSION#<digest>` | `ROUTE` | |
//! | token bucket | `RATE#<account>#<operation>` | `RATE` | |

use std::borrow::Cow;

use jiff::{civil::DateTime, tz::Offset};
use weir_app::ports::{
    Index, Key, Record,
    ledger::{OutboxKey, Route},
};
use weir_domain::{
    Timestamp,
    ids::{
        AccountId, AdjustmentId, ChannelName, ConnectionId, CustomerId, DataRequestId, LocationId,
        ManufacturingOrderId, OrganizationId, RowId, RunId, SalesOrderId, SalesReturnId, VariantId,
    },
    outcome::OutcomeKind,
    sales_order::Booking,
    stock::{Cause, StockKey},
    variant::Sku,
};

/// The longest partition key that DynamoDB takes, in bytes.
const PARTITION_KEY_BYTES: usize = 2_048;

/// The longest sort key that DynamoDB takes, in bytes.
const SORT_KEY_BYTES: usize = 1_024;

/// What all items begin with that [`weir_app::ports::Ledger::read_order`] reads with one query.
pub const ACCOUNT_PREFIX: &str = "A#";

/// A place in the table, or in its index: partition and sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableKey {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl TableKey {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The place of a record.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        match key {
            Key::Organization(org) => Self::new(family(org, "ORG"), "ORG"),
            Key::Location(org, id) => Self::new(family(org, "LOC"), id.as_str()),
            Key::Variant(org, sku) => Self::new(family(org, "SKU"), escape(sku.as_str())),
            Key::VariantSku(org, id) => Self::new(family(org, "VAR"), id.as_str()),
            Key::Alias(org, connection, sku) => {
                Self::new(format!("{}#{connection}", family(org, "ALIAS")), escape(sku.as_str()))
            }
            Key::Customer(org, id) => Self::new(family(org, "CUS"), id.as_str()),
            Key::CustomersOfName(org, digest) => {
                Self::new(format!("{}#{}", family(org, "NAME"), escape(digest)), "NAME")
            }
            Key::Connection(org, id) => Self::new(family(org, "CON"), id.as_str()),
            Key::Order(org, id) => Self::new(order_partition(org, id), "A#HEAD"),
            Key::Observation(org, id) => Self::new(order_partition(org, id), "A#OUTCOME"),
            Key::Person(org, id) => Self::new(order_partition(org, id), "A#PERSON"),
            Key::Snapshot(org, id) => Self::new(order_partition(org, id), "A#SNAP"),
            Key::Parked(org, id) => Self::new(order_partition(org, id), "A#PARK"),
            Key::Chunk(org, id, number) => Self::new(order_partition(org, id), format!("C#{number:010}")),
            Key::PlanChunk(org, id, version, number) => {
                Self::new(order_partition(org, id), format!("P#{version:020}#{number:010}"))
            }
            Key::ManufacturingOrder(org, order, id) => {
                Self::new(order_partition(org, order), format!("A#MO#{id}"))
            }
            Key::SalesReturn(org, order, id) => Self::new(order_partition(org, order), format!("A#RET#{id}")),
            Key::OrderOf(org, part) => Self::new(format!("{}#{}", family(org, "OF"), escape(part)), "OF"),
            Key::History(org, id, version, ordinal) => {
                Self::new(order_partition(org, id), format!("H#{version:020}#{ordinal:010}"))
            }
            Key::Stock(org, key) => {
                Self::new(family(org, "STOCK"), format!("{}#{}", key.location, key.variant))
            }
            Key::Serial(org, variant, number) => {
                Self::new(format!("{}#{variant}", family(org, "SER")), escape(number))
            }
            Key::Movement(org, key, at, cause) => {
                Self::new(movements_partition(org, key), sorted(*at, &cause_text(cause)))
            }
            Key::Adjustment(org, id) => Self::new(family(org, "ADJ"), id.as_str()),
            Key::Outbox(org, key) => Self::new(outbox_partition(org, key.shard), outbox_sort(key)),
            Key::Poll(org, account) => Self::new(family(org, "POLL"), account.as_str()),
            Key::Run(org, connection, id) => Self::new(runs_partition(org, connection), id.as_str()),
            Key::DataRequest(org, id) => Self::new(family(org, "DRQ"), id.as_str()),
            Key::RequestNumber(org, number) => {
                Self::new(format!("{}#{}", family(org, "REQ"), escape(number)), "REQ")
            }
            Key::Answer(org, digest) => {
                Self::new(format!("{}#{}", family(org, "ANSWER"), escape(digest)), "ANSWER")
            }
            Key::Route(Route::Organization(org)) => Self::new("ROUTE#ORG".to_owned(), org.as_str()),
            Key::Route(Route::Account { channel, account, marketplace }) => {
                Self::new(format!("ROUTE#ACC#{channel}#{}#{}", escape(account), escape(marketplace)), "ROUTE")
            }
            Key::Route(Route::Connection(id)) => Self::new(format!("ROUTE#CON#{id}"), "ROUTE"),
            Key::Route(Route::Token(digest)) => Self::new(format!("ROUTE#TOKEN#{}", escape(digest)), "ROUTE"),
            Key::Route(Route::Session(digest)) => {
                Self::new(format!("ROUTE#SESSION#{}", escape(digest)), "ROUTE")
            }
            Key::Bucket(account, operation) => {
                Self::new(format!("RATE#{account}#{}", escape(operation)), "RATE")
            }
        }
    }

    /// The record's key that has this place; `None` for a place that no key has.
    #[must_use]
    pub fn read(&self) -> Option<Key> {
        let partition: Vec<&str> = self.pk.split('#').collect();
        let sort: Vec<&str> = self.sk.split('#').collect();
        let key = match (partition.as_slice(), sort.as_slice()) {
            (["ROUTE", "ORG"], [org]) => Key::Route(Route::Organization(OrganizationId::parse(org).ok()?)),
            (["ROUTE", "ACC", channel, account, marketplace], ["ROUTE"]) => Key::Route(Route::Account {
                channel: ChannelName::parse(channel).ok()?,
                account: unescape(account)?,
                marketplace: unescape(marketplace)?,
            }),
            (["ROUTE", "CON", id], ["ROUTE"]) => Key::Route(Route::Connection(ConnectionId::parse(id).ok()?)),
            (["ROUTE", "TOKEN", digest], ["ROUTE"]) => Key::Route(Route::Token(unescape(digest)?)),
            (["ROUTE", "SESSION", digest], ["ROUTE"]) => Key::Route(Route::Session(unescape(digest)?)),
            (["RATE", account, operation], ["RATE"]) => {
                Key::Bucket(AccountId::parse(account).ok()?, unescape(operation)?)
            }
            ([org, family @ ..], sort) => read_in_organization(read_organization(org)?, family, sort)?,
            ([], _) => return None,
        };
        // Only the one spelling that `of` gives is a place: no two texts mean the same record.
        (Self::of(&key) == *self).then_some(key)
    }

    /// Whether DynamoDB takes keys of this length. A record whose key is longer cannot exist.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.pk.len() <= PARTITION_KEY_BYTES && self.sk.len() <= SORT_KEY_BYTES
    }

    /// The place of a record in the index `gsi1`, if a list finds it there.
    #[must_use]
    pub fn in_index(key: &Key, record: &Record) -> Option<Self> {
        let (partition, at, name) = match key {
            Key::Order(org, id) => {
                let Record::Order(order) = record else { return None };
                match order.booking {
                    Booking::Complete => (family(org, "ORDERS"), order.ordered_at, id.to_string()),
                    Booking::Committing { .. } | Booking::Following { .. } => {
                        (family(org, "COMMITTING"), order.created_at, id.to_string())
                    }
                }
            }
            Key::Observation(org, id) => {
                let Record::Observation(observation) = record else { return None };
                (outcomes_partition(org, observation.outcome.kind), observation.observed_at, id.to_string())
            }
            Key::Parked(org, id) => {
                let Record::Parked(parked) = record else { return None };
                (parked_partition(org, &parked.signal.connection), parked.due_at, id.to_string())
            }
            Key::Movement(org, _, at, cause) => (family(org, "MOVES"), *at, cause_text(cause)),
            Key::Adjustment(org, id) => {
                let Record::Adjustment(adjustment) = record else { return None };
                (family(org, "ADJ"), adjustment.created_at, id.to_string())
            }
            Key::ManufacturingOrder(org, _, id) => {
                let Record::ManufacturingOrder(made) = record else { return None };
                (family(org, "MO"), made.created_at, id.to_string())
            }
            Key::SalesReturn(org, _, id) => {
                let Record::SalesReturn(known) = record else { return None };
                (family(org, "RET"), known.created_at, id.to_string())
            }
            Key::DataRequest(org, id) => {
                let Record::DataRequest(asked) = record else { return None };
                (family(org, "DRQ"), asked.received_at, id.to_string())
            }
            Key::Run(org, connection, id) => {
                let Record::Run(run) = record else { return None };
                (runs_partition(org, connection), run.requested_at, id.to_string())
            }
            Key::Organization(_)
            | Key::Location(..)
            | Key::Variant(..)
            | Key::VariantSku(..)
            | Key::Alias(..)
            | Key::Customer(..)
            | Key::CustomersOfName(..)
            | Key::Connection(..)
            | Key::Person(..)
            | Key::Snapshot(..)
            | Key::Chunk(..)
            | Key::PlanChunk(..)
            | Key::OrderOf(..)
            | Key::History(..)
            | Key::Stock(..)
            | Key::Serial(..)
            | Key::Outbox(..)
            | Key::Poll(..)
            | Key::RequestNumber(..)
            | Key::Answer(..)
            | Key::Route(_)
            | Key::Bucket(..) => return None,
        };
        Some(Self::new(partition, sorted(at, &name)))
    }
}

fn read_in_organization(org: OrganizationId, family: &[&str], sort: &[&str]) -> Option<Key> {
    Some(match (family, sort) {
        (["ORG"], ["ORG"]) => Key::Organization(org),
        (["LOC"], [id]) => Key::Location(org, LocationId::parse(id).ok()?),
        (["SKU"], [sku]) => Key::Variant(org, Sku::parse(&unescape(sku)?).ok()?),
        (["VAR"], [id]) => Key::VariantSku(org, VariantId::parse(id).ok()?),
        (["ALIAS", connection], [sku]) => {
            Key::Alias(org, ConnectionId::parse(connection).ok()?, Sku::parse(&unescape(sku)?).ok()?)
        }
        (["CUS"], [id]) => Key::Customer(org, CustomerId::parse(id).ok()?),
        (["NAME", digest], ["NAME"]) => Key::CustomersOfName(org, unescape(digest)?),
        (["OF", part], ["OF"]) => Key::OrderOf(org, unescape(part)?),
        (["CON"], [id]) => Key::Connection(org, ConnectionId::parse(id).ok()?),
        (["O", id], sort) => {
            let id = SalesOrderId::parse_any(id).ok()?;
            match sort {
                ["A", "HEAD"] => Key::Order(org, id),
                ["A", "OUTCOME"] => Key::Observation(org, id),
                ["A", "PERSON"] => Key::Person(org, id),
                ["A", "SNAP"] => Key::Snapshot(org, id),
                ["A", "PARK"] => Key::Parked(org, id),
                ["A", "MO", made] => {
                    Key::ManufacturingOrder(org, id, ManufacturingOrderId::parse(made).ok()?)
                }
                ["A", "RET", known] => Key::SalesReturn(org, id, SalesReturnId::parse(known).ok()?),
                ["P", version, number] => {
                    Key::PlanChunk(org, id, version.parse().ok()?, number.parse().ok()?)
                }
                ["C", number] => Key::Chunk(org, id, number.parse().ok()?),
                ["H", version, ordinal] => {
                    Key::History(org, id, version.parse().ok()?, ordinal.parse().ok()?)
                }
                _ => return None,
            }
        }
        (["STOCK"], [location, variant]) => Key::Stock(org, stock_key(location, variant)?),
        (["SER", variant], [number]) => Key::Serial(org, VariantId::parse(variant).ok()?, unescape(number)?),
        (["M", location, variant], [at, cause @ ..]) => {
            Key::Movement(org, stock_key(location, variant)?, read_time(at)?, read_cause(cause)?)
        }
        (["ADJ"], [id]) => Key::Adjustment(org, AdjustmentId::parse(id).ok()?),
        (["OUTBOX", shard], [at, writer, version, ordinal]) => Key::Outbox(
            org,
            OutboxKey {
                shard: shard.parse().ok()?,
                at: read_time(at)?,
                writer: unescape(writer)?,
                version: version.parse().ok()?,
                ordinal: ordinal.parse().ok()?,
            },
        ),
        (["POLL"], [account]) => Key::Poll(org, AccountId::parse(account).ok()?),
        (["RUN", connection], [id]) => {
            Key::Run(org, ConnectionId::parse(connection).ok()?, RunId::parse(id).ok()?)
        }
        (["DRQ"], [id]) => Key::DataRequest(org, DataRequestId::parse(id).ok()?),
        (["REQ", number], ["REQ"]) => Key::RequestNumber(org, unescape(number)?),
        (["ANSWER", digest], ["ANSWER"]) => Key::Answer(org, unescape(digest)?),
        _ => return None,
    })
}

/// The place of a part of a snapshot that is too big for one item.
#[must_use]
pub fn snapshot_part(org: &OrganizationId, order: &SalesOrderId, digest: &str, number: usize) -> TableKey {
    TableKey::new(order_partition(org, order), format!("S#{}#{number:010}", escape(digest)))
}

/// How a list is asked for: a query of one partition, of the table or of its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The partition.
    pub pk: String,
    /// What the sort keys of the list begin with; it is no part of a cursor.
    pub prefix: &'static str,
    /// Whether it is a partition of the index `gsi1`.
    pub in_index: bool,
    /// Whether the last sort key comes first.
    pub newest_first: bool,
}

impl Listing {
    /// The query of a list.
    #[must_use]
    pub fn of(index: &Index) -> Self {
        let table = |pk: String| Self { pk, prefix: "", in_index: false, newest_first: false };
        let by_time = |pk: String| Self { pk, prefix: "", in_index: true, newest_first: true };
        match index {
            Index::Organizations => table("ROUTE#ORG".to_owned()),
            Index::Locations(org) => table(family(org, "LOC")),
            Index::Variants(org) => table(family(org, "SKU")),
            Index::Aliases(org, connection) => table(format!("{}#{connection}", family(org, "ALIAS"))),
            Index::Customers(org) => table(family(org, "CUS")),
            Index::Connections(org) => table(family(org, "CON")),
            Index::Runs(org, connection) => by_time(runs_partition(org, connection)),
            Index::DataRequests(org) => by_time(family(org, "DRQ")),
            Index::Orders(org) => by_time(family(org, "ORDERS")),
            Index::Committing(org) => Self { newest_first: false, ..by_time(family(org, "COMMITTING")) },
            Index::Observations(org, kind) => by_time(outcomes_partition(org, *kind)),
            Index::History(org, order) => Self { prefix: "H#", ..table(order_partition(org, order)) },
            Index::Chunks(org, order) => Self { prefix: "C#", ..table(order_partition(org, order)) },
            Index::ManufacturingOrders(org) => by_time(family(org, "MO")),
            Index::ManufacturingOrdersOf(org, order) => {
                Self { prefix: "A#MO#", ..table(order_partition(org, order)) }
            }
            Index::SalesReturns(org) => by_time(family(org, "RET")),
            Index::SalesReturnsOf(org, order) => {
                Self { prefix: "A#RET#", ..table(order_partition(org, order)) }
            }
            Index::Stock(org) => table(family(org, "STOCK")),
            Index::Serials(org, variant) => table(format!("{}#{variant}", family(org, "SER"))),
            Index::Movements(org) => by_time(family(org, "MOVES")),
            Index::MovementsAt(org, key) => {
                Self { newest_first: true, ..table(movements_partition(org, key)) }
            }
            Index::Adjustments(org) => by_time(family(org, "ADJ")),
            Index::Outbox(org, shard) => table(outbox_partition(org, *shard)),
            Index::Parked(org, connection) => {
                Self { newest_first: false, ..by_time(parked_partition(org, connection)) }
            }
        }
    }

    /// Whether this list can have given out that cursor.
    #[must_use]
    pub fn gives(&self, cursor: &str) -> bool {
        if self.in_index {
            let Some((at, rest)) = cursor.split_once('#') else { return false };
            return read_time(at).is_some() && !rest.is_empty() && cursor.len() <= SORT_KEY_BYTES;
        }
        let place = TableKey::new(self.pk.clone(), format!("{}{cursor}", self.prefix));
        place.fits() && place.read().is_some()
    }

    /// The cursor after an item of this sort key.
    #[must_use]
    pub fn cursor<'k>(&self, sort_key: &'k str) -> &'k str {
        sort_key.strip_prefix(self.prefix).unwrap_or(sort_key)
    }
}

fn family(org: &OrganizationId, name: &str) -> String {
    format!("{}#{name}", organization(org))
}

fn order_partition(org: &OrganizationId, order: &SalesOrderId) -> String {
    format!("{}#O#{order}", organization(org))
}

fn movements_partition(org: &OrganizationId, key: &StockKey) -> String {
    format!("{}#M#{}#{}", organization(org), key.location, key.variant)
}

fn outbox_partition(org: &OrganizationId, shard: u8) -> String {
    format!("{}#OUTBOX#{shard}", organization(org))
}

fn runs_partition(org: &OrganizationId, connection: &ConnectionId) -> String {
    format!("{}#RUN#{connection}", organization(org))
}

fn outcomes_partition(org: &OrganizationId, kind: OutcomeKind) -> String {
    format!("{}#OUT#{}", organization(org), kind.as_str())
}

fn parked_partition(org: &OrganizationId, connection: &ConnectionId) -> String {
    format!("{}#DUE#{connection}", organization(org))
}

fn outbox_sort(key: &OutboxKey) -> String {
    sorted(key.at, &format!("{}#{:020}#{:010}", escape(&key.writer), key.version, key.ordinal))
}

/// What sorts by time, and by name where times are equal.
fn sorted(at: Timestamp, name: &str) -> String {
    format!("{}#{name}", time(at))
}

/// The organization's part of a key. An id may be any word, so the two that name a family outside of
/// all organizations are spelled otherwise; no id can hold a `%`.
fn organization(org: &OrganizationId) -> Cow<'_, str> {
    match org.as_str() {
        "ROUTE" => Cow::Borrowed("%52OUTE"),
        "RATE" => Cow::Borrowed("%52ATE"),
        id => Cow::Borrowed(id),
    }
}

fn read_organization(text: &str) -> Option<OrganizationId> {
    match text {
        "%52OUTE" => OrganizationId::parse("ROUTE").ok(),
        "%52ATE" => OrganizationId::parse("RATE").ok(),
        id => OrganizationId::parse(id).ok(),
    }
}

fn stock_key(location: &str, variant: &str) -> Option<StockKey> {
    Some(StockKey { location: LocationId::parse(location).ok()?, variant: VariantId::parse(variant).ok()? })
}

fn cause_text(cause: &Cause) -> String {
    match cause {
        Cause::Delivery { order, row, part } => format!("D#{order}#{row}#{part:010}"),
        Cause::Adjustment { adjustment, part } => format!("A#{adjustment}#{part:010}"),
        Cause::Return { sales_return, part } => format!("R#{sales_return}#{part:010}"),
    }
}

fn read_cause(parts: &[&str]) -> Option<Cause> {
    Some(match parts {
        ["D", order, row, part] => Cause::Delivery {
            order: SalesOrderId::parse_any(order).ok()?,
            row: RowId::parse(row).ok()?,
            part: part.parse().ok()?,
        },
        ["A", adjustment, part] => {
            Cause::Adjustment { adjustment: AdjustmentId::parse(adjustment).ok()?, part: part.parse().ok()? }
        }
        ["R", sales_return, part] => {
            Cause::Return { sales_return: SalesReturnId::parse(sales_return).ok()?, part: part.parse().ok()? }
        }
        _ => return None,
    })
}

/// A text as part of a key: `%` and the divider are escaped, and nothing at all is a lone `%`,
/// because DynamoDB takes no empty key.
fn escape(text: &str) -> Cow<'_, str> {
    if text.is_empty() {
        return Cow::Borrowed("%");
    }
    if !text.contains(['%', '#']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('%', "%25").replace('#', "%23"))
}

fn unescape(text: &str) -> Option<String> {
    if text == "%" {
        return Some(String::new());
    }
    let mut parts = text.split('%');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let (character, rest) = match (part.strip_prefix("25"), part.strip_prefix("23")) {
            (Some(rest), _) => ('%', rest),
            (None, Some(rest)) => ('#', rest),
            (None, None) => return None,
        };
        plain.push(character);
        plain.push_str(rest);
    }
    Some(plain)
}

/// A time of one width that sorts as text: `20260714T093000.000000000`. A year before Christ sorts
/// before all others too: `-` stands before any digit, and its years are counted from the first one.
#[must_use]
pub fn time(at: Timestamp) -> String {
    let civil = Offset::UTC.to_datetime(at);
    let year = i32::from(civil.year());
    let (sign, year) = if year < 0 { ("-", year + 9_999) } else { ("", year) };
    format!(
        "{sign}{year:04}{:02}{:02}T{:02}{:02}{:02}.{:09}",
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
        civil.subsec_nanosecond()
    )
}

/// Reads what [`time`] wrote.
#[must_use]
pub fn read_time(text: &str) -> Option<Timestamp> {
    let (before_christ, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let year = number(0, 4)?;
    let civil = DateTime::new(
        if before_christ { year - 9_999 } else { year },
        i8::try_from(number(4, 6)?).ok()?,
        i8::try_from(number(6, 8)?).ok()?,
        i8::try_from(number(9, 11)?).ok()?,
        i8::try_from(number(11, 13)?).ok()?,
        i8::try_from(number(13, 15)?).ok()?,
        digits.get(16..25)?.parse().ok()?,
    )
    .ok()?;
    let at = Offset::UTC.to_timestamp(civil).ok()?;
    (time(at) == text).then_some(at)
}

#[cfg(test)]
mod tests;
