//! The contract of the ledger port as a suite: every MUST, checked through the port alone. The fake
//! ledger, the embedded store and the emulator are held to the same one, so that what the simulation
//! takes for granted is true of the real thing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};
use weir_app::{
    message::{Signal, SignalCause},
    ports::{
        Commit, CommitError, Expect, Index, Key, Ledger, LedgerError, Page, Record, Stored,
        ledger::{
            Answer, OutboxKey, Parked, PersonRecord, Route, RouteTarget, Scope, Snapshot, WRITES_IN_A_COMMIT,
        },
    },
};
use weir_domain::{
    customer::{Customer, Person},
    data_request::DataRequest,
    decide::booking::Booked,
    event::Effect,
    history::HistoryEntry,
    ids::{
        AdjustmentId, ChannelOrderId, ConnectionId, CustomerId, DataRequestId, InvalidId, LocationId,
        ManufacturingOrderId, OrganizationId, RowId, RunId, SalesOrderId, SalesReturnId, SignalId, VariantId,
    },
    location::{Location, LocationKind},
    manufacturing_order::{ManufacturingOrder, ManufacturingStatus},
    outcome::{Observation, Outcome, OutcomeKind, Reason, ReasonCode},
    run::{Job, Run, RunState},
    sales_order::{Booking, OrderStatus, SalesOrder},
    sales_return::{ReturnStatus, SalesReturn},
    stock::{Adjustment, Cause, Movement, SerialNumber, SerialState, StockItem, StockKey},
    variant::{InvalidSku, Sku, SkuAlias, Tracking, Variant, VariantKind},
};

/// What is put to the test, and with what.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// The ledger.
    pub ledger: &'a dyn Ledger,
    /// What its clock shows. It must not pass the next hour while the suite runs.
    pub now: Timestamp,
    /// A word of letters and digits that no earlier run on the same store had.
    pub run: &'a str,
}

/// A MUST that does not hold, or a call that the suite itself got wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

macro_rules! broken_by {
    ($($error:ty),*) => {$(
        impl From<$error> for Broken {
            fn from(error: $error) -> Self {
                Self(format!("unexpected: {error}"))
            }
        }
    )*};
}

broken_by!(LedgerError, CommitError, InvalidId, InvalidSku, jiff::Error);

type Verdict = Result<(), Broken>;

fn must(holds: bool, what: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(Broken(what.into())) }
}

/// Every check, one after the other.
///
/// # Errors
/// The first MUST that does not hold, in words.
pub async fn all(bench: Bench<'_>) -> Verdict {
    reads_show_what_was_committed(bench).await?;
    conditions_are_checked(bench).await?;
    a_commit_is_all_or_nothing(bench).await?;
    limits_are_refused(bench).await?;
    one_of_two_writers_wins(bench).await?;
    names_are_not_confused(bench).await?;
    many_keys_are_read_at_once(bench).await?;
    an_order_is_read_as_a_whole(bench).await?;
    lists_show_each_record_once(bench).await?;
    records_move_between_lists(bench).await?;
    the_newest_snapshot_wins(bench).await?;
    what_has_expired_is_not_given(bench).await?;
    removing_is_safe_to_repeat(bench).await
}

// ------------------------------------------------------------------ records and helpers

impl Bench<'_> {
    fn organization(&self, check: &str) -> OrganizationId {
        OrganizationId::from_token(&format!("{}{check}", self.run))
    }

    fn ago(&self, minutes: i64) -> Result<Timestamp, Broken> {
        Ok(self.now.checked_sub(SignedDuration::from_mins(minutes))?)
    }

    async fn put(&self, key: &Key, record: Record, expect: Expect) -> Result<(), CommitError> {
        let mut commit = Commit::default();
        commit.put(key.clone(), record, expect);
        self.ledger.commit(&commit).await
    }

    async fn get(&self, key: &Key) -> Result<Option<Stored>, Broken> {
        Ok(self.ledger.get(std::slice::from_ref(key)).await?.remove(key))
    }
}

fn location(
    organization: &OrganizationId,
    id: &str,
    name: &str,
    at: Timestamp,
) -> Result<(Key, Record), Broken> {
    let id = LocationId::parse(id)?;
    let record = Location {
        id: id.clone(),
        name: name.to_owned(),
        kind: LocationKind::Own,
        available_for_fulfillment: true,
        created_at: at,
    };
    Ok((Key::Location(organization.clone(), id), Record::Location(record)))
}

fn source() -> Result<ConnectionId, Broken> {
    Ok(ConnectionId::parse("con_1")?)
}

fn imported(order: &str) -> Result<SalesOrderId, Broken> {
    Ok(SalesOrderId::for_source(&source()?, &ChannelOrderId::parse(order)?))
}

fn order(id: &SalesOrderId, booking: Booking, at: Timestamp) -> Record {
    Record::Order(SalesOrder {
        id: id.clone(),
        order_no: "#1".to_owned(),
        source: None,
        status: OrderStatus::Delivered,
        booking,
        currency: None,
        exchange_rate: None,
        base_total: None,
        channel_total: None,
        flags: BTreeSet::new(),
        customer: None,
        customer_ref: None,
        rows: Vec::new(),
        charges: Vec::new(),
        left_out: BTreeMap::new(),
        fulfillments: Vec::new(),
        fulfilled_before: BTreeSet::new(),
        ordered_at: at,
        delivery_date: None,
        channel_updated_at: None,
        created_at: at,
        deleted_at: None,
    })
}

fn observation(order: &str, kind: OutcomeKind, at: Timestamp) -> Result<Record, Broken> {
    Ok(Record::Observation(Observation {
        connection: source()?,
        channel_order_id: ChannelOrderId::parse(order)?,
        order_no: "#1".to_owned(),
        outcome: Outcome { kind, reason: Reason::plain(ReasonCode::NotShippedYet) },
        because: Vec::new(),
        channel_updated_at: None,
        digest: None,
        shipped_at: None,
        is_asked_for: false,
        skus: Vec::new(),
        sales_order: None,
        first_seen_at: at,
        last_seen_at: at,
        observed_at: at,
    }))
}

fn person(name: &str, expires_at: Timestamp) -> Record {
    let person = Person { name: Some(name.to_owned()), ..Person::default() };
    Record::Person(PersonRecord { person, expires_at })
}

fn snapshot(body: &[u8], updated_at: Timestamp, expires_at: Timestamp) -> Snapshot {
    Snapshot {
        format: "contract".to_owned(),
        updated_at,
        // Only its distinctness counts here.
        digest: format!("{:x}-{}", body.len(), updated_at.as_nanosecond()),
        body: body.to_vec(),
        expires_at,
    }
}

fn parked(organization: &OrganizationId, order: &str, due_at: Timestamp) -> Result<Record, Broken> {
    let signal = Signal {
        id: SignalId::parse("sig_1")?,
        organization: organization.clone(),
        connection: source()?,
        channel_order_id: ChannelOrderId::parse(order)?,
        snapshot_at: None,
        cause: SignalCause::Poll,
        requested_by: None,
        at: due_at,
    };
    Ok(Record::Parked(Parked { signal, part: None, reason: ReasonCode::RateLimited, due_at, tries: 1 }))
}

fn history(at: Timestamp) -> Record {
    Record::History(HistoryEntry {
        at,
        what: "waiting".to_owned(),
        message: "It waits.".to_owned(),
        because: Vec::new(),
        actor: "poll".to_owned(),
        signal: None,
    })
}

fn place(variant: &str) -> Result<StockKey, Broken> {
    Ok(StockKey { location: LocationId::parse("loc_1")?, variant: VariantId::parse(variant)? })
}

/// Bytes that do not compress, the same ones each time.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(next).collect()
}

// ------------------------------------------------------------------ reads and commits

/// A read shows every commit before it; versions begin at 1 and rise by 1; what is not there is left out.
///
/// # Errors
/// The MUST that does not hold.
pub async fn reads_show_what_was_committed(bench: Bench<'_>) -> Verdict {
    let (key, first) = location(&bench.organization("reads"), "loc_1", "first", bench.now)?;
    let (_, second) = location(&bench.organization("reads"), "loc_1", "second", bench.now)?;
    must(bench.get(&key).await?.is_none(), "a key without a record is left out")?;
    must(bench.ledger.get(&[]).await?.is_empty(), "no keys, no records")?;
    bench.put(&key, first.clone(), Expect::Absent).await?;
    let found = bench.get(&key).await?;
    must(
        found == Some(Stored { record: first, version: 1 }),
        "a new record is read as written, at version 1",
    )?;
    bench.put(&key, second.clone(), Expect::Version(1)).await?;
    let found = bench.get(&key).await?;
    must(
        found == Some(Stored { record: second, version: 2 }),
        "a changed record is read as written, at version 2",
    )?;
    let mut commit = Commit::default();
    commit.delete(key.clone(), Expect::Version(2));
    bench.ledger.commit(&commit).await?;
    must(bench.get(&key).await?.is_none(), "a deleted record is gone")
}

/// Each expectation holds exactly when it should, for each kind of write.
///
/// # Errors
/// The MUST that does not hold.
pub async fn conditions_are_checked(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("conditions");
    for (is_there, expect, holds) in [
        (false, Expect::Absent, true),
        (false, Expect::Version(1), false),
        (false, Expect::Anything, true),
        (true, Expect::Absent, false),
        (true, Expect::Version(1), false),
        (true, Expect::Version(2), true),
        (true, Expect::Version(3), false),
        (true, Expect::Anything, true),
    ] {
        for kind in ["put", "delete", "check"] {
            let id = format!("loc_{kind}_{is_there}_{expect:?}").replace(['(', ')'], "_");
            let (key, record) = location(&organization, &id, "old", bench.now)?;
            let (beside, _) = location(&organization, &format!("{id}_beside"), "", bench.now)?;
            if is_there {
                bench.put(&key, record.clone(), Expect::Absent).await?;
                bench.put(&key, record.clone(), Expect::Version(1)).await?;
            }
            let mut commit = Commit::default();
            match kind {
                "put" => commit.put(key.clone(), location(&organization, &id, "new", bench.now)?.1, expect),
                "delete" => commit.delete(key.clone(), expect),
                _ => {
                    // A check stands beside a write that it guards.
                    commit.check(key.clone(), expect);
                    let (key, record) =
                        location(&organization, &format!("{id}_beside"), "beside", bench.now)?;
                    commit.put(key, record, Expect::Absent);
                }
            }
            let done = bench.ledger.commit(&commit).await;
            let wanted = if holds { Ok(()) } else { Err(CommitError::Conflict) };
            let what = format!("a {kind} that expects {expect:?} where a record is there: {is_there}");
            must(done == wanted, format!("{what} must end as {wanted:?}, not {done:?}"))?;
            let found = bench.get(&key).await?;
            let is_as_it_was = found.map(|stored| stored.record) == is_there.then_some(record);
            let is_guarded = bench.get(&beside).await?.is_none();
            must(
                holds || (is_as_it_was && is_guarded),
                format!("{what} and is refused must change nothing"),
            )?;
        }
    }
    Ok(())
}

/// Of a commit with one condition that does not hold nothing is done.
///
/// # Errors
/// The MUST that does not hold.
pub async fn a_commit_is_all_or_nothing(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("whole");
    let (kept, record) = location(&organization, "loc_kept", "kept", bench.now)?;
    bench.put(&kept, record.clone(), Expect::Absent).await?;
    for last in [Expect::Absent, Expect::Version(7)] {
        let mut commit = Commit::default();
        commit.delete(kept.clone(), Expect::Version(1));
        let (new, new_record) = location(&organization, "loc_new", "new", bench.now)?;
        commit.put(new.clone(), new_record, Expect::Absent);
        let (taken, taken_record) = location(&organization, "loc_taken", "taken", bench.now)?;
        if last == Expect::Absent {
            bench.put(&taken, taken_record.clone(), Expect::Absent).await?;
        }
        commit.put(taken, taken_record, last);
        let done = bench.ledger.commit(&commit).await;
        must(
            done == Err(CommitError::Conflict),
            format!("a broken condition must be a conflict, not {done:?}"),
        )?;
        let found = bench.ledger.get(&[kept.clone(), new]).await?;
        let only_kept = BTreeMap::from([(kept.clone(), Stored { record: record.clone(), version: 1 })]);
        must(found == only_kept, "a refused commit must do none of its writes")?;
    }
    Ok(())
}

/// What is over a limit is refused as such, and nothing of it is done.
///
/// # Errors
/// The MUST that does not hold.
pub async fn limits_are_refused(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("limits");
    let many = |prefix: &str, count: usize| -> Result<Commit, Broken> {
        let mut commit = Commit::default();
        for number in 0..count {
            let (key, record) = location(&organization, &format!("loc_{prefix}{number}"), "", bench.now)?;
            commit.put(key, record, Expect::Absent);
        }
        Ok(commit)
    };
    bench.ledger.commit(&many("a", WRITES_IN_A_COMMIT)?).await?;
    let too_many = many("b", WRITES_IN_A_COMMIT + 1)?;
    let (key, record) = location(&organization, "loc_twice", "", bench.now)?;
    let mut twice = Commit::default();
    twice.put(key.clone(), record, Expect::Absent);
    twice.check(key.clone(), Expect::Absent);
    let answer = Answer {
        request_digest: String::new(),
        status: 200,
        body: noise(700_000),
        expires_at: bench.now.checked_add(SignedDuration::from_hours(24))?,
    };
    let big_key = Key::Answer(organization.clone(), "big".to_owned());
    let mut too_big = Commit::default();
    too_big.put(big_key.clone(), Record::Answer(answer), Expect::Absent);
    let first = too_many.writes.first().map(|write| write.key().clone());
    for (what, commit) in [("101 writes", too_many), ("a key twice", twice), ("a record of 700 KB", too_big)]
    {
        let done = bench.ledger.commit(&commit).await;
        must(
            matches!(done, Err(CommitError::TooLarge(_))),
            format!("{what} must be too large, not {done:?}"),
        )?;
    }
    let keys: Vec<Key> = [key, big_key].into_iter().chain(first).collect();
    must(bench.ledger.get(&keys).await?.is_empty(), "of a commit that is too large nothing must be done")
}

/// Of several writers that expect the same version, at the same time, exactly one wins.
///
/// # Errors
/// The MUST that does not hold.
pub async fn one_of_two_writers_wins(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("race");
    let (key, record) = location(&organization, "loc_1", "start", bench.now)?;
    bench.put(&key, record, Expect::Absent).await?;
    for round in 1..=5 {
        let (_, a) = location(&organization, "loc_1", &format!("a{round}"), bench.now)?;
        let (_, b) = location(&organization, "loc_1", &format!("b{round}"), bench.now)?;
        let expect = Expect::Version(round);
        let (one, two) = join(bench.put(&key, a.clone(), expect), bench.put(&key, b.clone(), expect)).await;
        let winner = match (&one, &two) {
            (Ok(()), Err(CommitError::Conflict)) => a,
            (Err(CommitError::Conflict), Ok(())) => b,
            other => return Err(Broken(format!("of two writers one must win, not {other:?}"))),
        };
        let found = bench.get(&key).await?;
        must(
            found == Some(Stored { record: winner, version: round + 1 }),
            "what the winner wrote must stand",
        )?;
    }
    Ok(())
}

/// Names that look alike, or hold what a store uses as dividers, name different records; and so do
/// equal names in different organizations.
///
/// # Errors
/// The MUST that does not hold.
pub async fn names_are_not_confused(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("names");
    let mut expected = BTreeMap::new();
    for text in
        ["a", "A", "a ", " a", "a#b", "a%23b", "a%b", "#", "%", "%25", "0a", "a,b", "a\"b", "a/b", "ä", "箱"]
    {
        let sku = Sku::parse(text)?;
        let record = Variant {
            id: VariantId::parse("var_1")?,
            sku: sku.clone(),
            name: text.to_owned(),
            kind: VariantKind::Product,
            tracking: Tracking::None,
            default_delivery_days: None,
            created_at: bench.now,
        };
        expected.insert(Key::Variant(organization.clone(), sku.clone()), Record::Variant(record));
        let alias = SkuAlias { connection: source()?, channel_sku: sku.clone(), variant_sku: sku.clone() };
        expected.insert(Key::Alias(organization.clone(), source()?, sku), Record::Alias(alias));
    }
    for number in ["", "1", "#", "1#", "%"] {
        let variant = VariantId::parse("var_1")?;
        let record =
            SerialNumber { number: number.to_owned(), variant: variant.clone(), state: SerialState::Removed };
        let key = Key::Serial(organization.clone(), variant, number.to_owned());
        expected.insert(key, Record::Serial(record));
    }
    for (account, marketplace) in [("A#B", ""), ("A", "B"), ("A", ""), ("A%23B", "")] {
        let route = Route::Account {
            channel: weir_domain::ids::ChannelName::parse("amazon")?,
            account: format!("{}{account}", bench.run),
            marketplace: marketplace.to_owned(),
        };
        let target = RouteTarget::Connection(OrganizationId::parse("org_1")?, source()?);
        expected.insert(Key::Route(route), Record::Route(target));
    }
    for organization in ["namesx", "namesx1"] {
        let (key, record) = location(&bench.organization(organization), "loc_1", organization, bench.now)?;
        expected.insert(key, record);
    }
    for (key, record) in &expected {
        bench.put(key, record.clone(), Expect::Absent).await?;
    }
    let keys: Vec<Key> = expected.keys().cloned().collect();
    let found = bench.ledger.get(&keys).await?;
    let found: BTreeMap<Key, Record> = found.into_iter().map(|(key, stored)| (key, stored.record)).collect();
    must(found == expected, "each name must lead to its own record")?;
    let listed = pages(bench, &Index::Variants(organization.clone()), 5).await?;
    let listed: BTreeMap<Key, Record> =
        listed.into_iter().map(|(key, stored)| (key, stored.record)).collect();
    expected.retain(|key, _| matches!(key, Key::Variant(..)));
    must(listed == expected, "a list must give each name's own record")
}

/// More keys than a store takes at once, some of them twice and some of them without a record.
///
/// # Errors
/// The MUST that does not hold.
pub async fn many_keys_are_read_at_once(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("many");
    let (mut keys, mut expected) = (Vec::new(), BTreeSet::new());
    let mut commit = Commit::default();
    for number in 0..260 {
        let (key, record) = location(&organization, &format!("loc_{number}"), &"x".repeat(2_000), bench.now)?;
        keys.push(key.clone());
        if number % 3 == 0 {
            keys.push(key.clone());
            expected.insert(key.clone());
            commit.put(key, record, Expect::Absent);
        }
    }
    bench.ledger.commit(&commit).await?;
    let found: BTreeSet<Key> = bench.ledger.get(&keys).await?.into_keys().collect();
    must(found == expected, "of many keys every one with a record must be found, and no other")
}

// ------------------------------------------------------------------ orders and lists

/// An order is read as a whole, and as nothing but itself.
///
/// # Errors
/// The MUST that does not hold.
pub async fn an_order_is_read_as_a_whole(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("order");
    let end = bench.now.checked_add(SignedDuration::from_hours(24))?;
    let (id, other) = (imported("1")?, imported("11")?);
    let empty = bench.ledger.read_order(&organization, &id).await?;
    must(empty == Default::default(), "of an order that nobody has seen nothing is known")?;
    for (id, name) in [(&id, "1"), (&other, "11")] {
        let mut commit = Commit::default();
        let key = |make: fn(OrganizationId, SalesOrderId) -> Key| make(organization.clone(), id.clone());
        commit.put(key(Key::Order), order(id, Booking::Complete, bench.now), Expect::Absent);
        commit.put(
            key(Key::Observation),
            observation(name, OutcomeKind::Imported, bench.now)?,
            Expect::Absent,
        );
        commit.put(key(Key::Person), person(name, end), Expect::Absent);
        commit.put(key(Key::Parked), parked(&organization, name, bench.now)?, Expect::Absent);
        commit.put(Key::History(organization.clone(), id.clone(), 1, 0), history(bench.now), Expect::Absent);
        commit.put(
            Key::Chunk(organization.clone(), id.clone(), 0),
            Record::Chunk(Booked::default()),
            Expect::Absent,
        );
        let made = manufacturing(id, 1, bench.now)?;
        let key = Key::ManufacturingOrder(organization.clone(), id.clone(), made.id.clone());
        commit.put(key, Record::ManufacturingOrder(made), Expect::Absent);
        for number in [1, 2] {
            let known = sales_return(id, number, bench.now)?;
            let key = Key::SalesReturn(organization.clone(), id.clone(), known.id.clone());
            commit.put(key, Record::SalesReturn(known), Expect::Absent);
        }
        bench.ledger.commit(&commit).await?;
        bench.ledger.keep_snapshot(&organization, id, &snapshot(name.as_bytes(), bench.now, end)).await?;
    }
    bench
        .put(
            &Key::Order(organization.clone(), id.clone()),
            order(&id, Booking::Complete, bench.now),
            Expect::Version(1),
        )
        .await?;
    let file = bench.ledger.read_order(&organization, &id).await?;
    let is_whole = file.order.map(|(order, version)| (Record::Order(order), version))
        == Some((order(&id, Booking::Complete, bench.now), 2))
        && file.observation.map(|(it, version)| (Record::Observation(it), version))
            == Some((observation("1", OutcomeKind::Imported, bench.now)?, 1))
        && file.person.map(|(it, version)| (Record::Person(it), version)) == Some((person("1", end), 1))
        && file.parked.map(|(it, version)| (Record::Parked(it), version))
            == Some((parked(&organization, "1", bench.now)?, 1))
        && file.snapshot == Some(snapshot(b"1", bench.now, end))
        && file.manufacturing_orders == [(manufacturing(&id, 1, bench.now)?, 1)]
        && file.returns == [(sales_return(&id, 1, bench.now)?, 1), (sales_return(&id, 2, bench.now)?, 1)];
    must(is_whole, "an order's file must hold all that is known of it, with its versions")
}

/// Reads a list to its end, so many at a time.
async fn pages(bench: Bench<'_>, index: &Index, limit: usize) -> Result<Vec<(Key, Stored)>, Broken> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let Page { records, next } = bench.ledger.list(index, after.as_deref(), limit).await?;
        must(records.len() <= limit, format!("a part of {index:?} must not be longer than asked for"))?;
        all.extend(records);
        must(next.is_none() || next != after, format!("{index:?} must go on"))?;
        after = next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Every kind of list: in its order, each record once whatever the page's size, nothing of another
/// list, and its length.
///
/// # Errors
/// The MUST that does not hold.
pub async fn lists_show_each_record_once(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("lists");
    let other = bench.organization("lists2");
    for (index, records) in every_list(bench, &organization)? {
        for (key, record) in &records {
            bench.put(key, record.clone(), Expect::Absent).await?;
        }
        let expected: Vec<(Key, Stored)> =
            records.into_iter().map(|(key, record)| (key, Stored { record, version: 1 })).collect();
        for limit in [1, 2, 3, expected.len(), 100] {
            let found = pages(bench, &index, limit).await?;
            let keys: Vec<&Key> = found.iter().map(|(key, _)| key).collect();
            must(found == expected, format!("{index:?}, {limit} at a time, gave {keys:?}"))?;
        }
        for cap in [1, expected.len(), 100] {
            let count = bench.ledger.count(&index, cap).await?;
            must(count == expected.len().min(cap), format!("{index:?} counted up to {cap} is not {count}"))?;
        }
    }
    for (index, _) in every_list(bench, &other)? {
        must(
            bench.ledger.count(&index, 9).await? == 0,
            format!("{index:?} shows another organization's records"),
        )?;
        must(
            pages(bench, &index, 9).await?.is_empty(),
            format!("{index:?} shows another organization's records"),
        )?;
    }
    organizations_are_listed(bench).await
}

async fn organizations_are_listed(bench: Bench<'_>) -> Verdict {
    let mut expected = BTreeSet::new();
    for name in ["listed1", "listed2", "listed3"] {
        let organization = bench.organization(name);
        let key = Key::Route(Route::Organization(organization.clone()));
        bench.put(&key, Record::Route(RouteTarget::Organization(organization)), Expect::Absent).await?;
        expected.insert(key);
    }
    let found = pages(bench, &Index::Organizations, 2).await?;
    let keys: Vec<&Key> = found.iter().map(|(key, _)| key).filter(|key| expected.contains(*key)).collect();
    must(keys.len() == expected.len() && keys.is_sorted(), "organizations are listed by id, as their routes")
}

/// Five records or more of each list of an organization, in the order in which it has to give them.
#[allow(clippy::type_complexity, reason = "a list and what stands in it")]
fn every_list(
    bench: Bench<'_>,
    organization: &OrganizationId,
) -> Result<Vec<(Index, Vec<(Key, Record)>)>, Broken> {
    let org = || organization.clone();
    let mut lists = master_lists(bench, organization)?;
    let times = (0..5).map(|minute| bench.ago(minute)).collect::<Result<Vec<_>, _>>()?;
    let by_time = |make: &dyn Fn(usize, Timestamp) -> Result<(Key, Record), Broken>| {
        times.iter().enumerate().map(|(number, at)| make(number, *at)).collect::<Result<Vec<_>, Broken>>()
    };
    lists.push((
        Index::Orders(org()),
        by_time(&|number, at| {
            let id = imported(&format!("o{number}"))?;
            Ok((Key::Order(org(), id.clone()), order(&id, Booking::Complete, at)))
        })?,
    ));
    let mut committing = by_time(&|number, at| {
        let id = imported(&format!("c{number}"))?;
        Ok((Key::Order(org(), id.clone()), order(&id, Booking::Committing { chunks: 2 }, at)))
    })?;
    committing.reverse();
    lists.push((Index::Committing(org()), committing));
    for kind in OutcomeKind::ALL {
        let records = by_time(&|number, at| {
            let name = format!("{}{number}", kind.as_str());
            Ok((Key::Observation(org(), imported(&name)?), observation(&name, kind, at)?))
        })?;
        lists.push((Index::Observations(org(), kind), records));
    }
    let mut waiting = by_time(&|number, at| {
        let name = format!("p{number}");
        Ok((Key::Parked(org(), imported(&name)?), parked(organization, &name, at)?))
    })?;
    waiting.reverse();
    lists.push((Index::Parked(org(), source()?), waiting));
    let timeline = [(1, 0), (1, 1), (2, 0), (9, 0), (10, 0), (10, 12)];
    let line =
        |(version, ordinal)| Ok((Key::History(org(), imported("h")?, version, ordinal), history(bench.now)));
    let lines = timeline.into_iter().map(line).collect::<Result<_, Broken>>()?;
    lists.push((Index::History(org(), imported("h")?), lines));
    let chunk = |number| Ok((Key::Chunk(org(), imported("h")?, number), Record::Chunk(Booked::default())));
    let chunks = [0, 1, 2, 9, 10, 100].into_iter().map(chunk).collect::<Result<_, Broken>>()?;
    lists.push((Index::Chunks(org(), imported("h")?), chunks));
    lists.extend(stock_lists(organization, &times)?);
    lists.extend(lists_of_parts(organization, &times)?);
    Ok(lists)
}

/// A manufacturing order of an order.
fn manufacturing(order: &SalesOrderId, number: usize, at: Timestamp) -> Result<ManufacturingOrder, Broken> {
    Ok(ManufacturingOrder {
        id: ManufacturingOrderId::parse(&format!("mo_{number}"))?,
        order: order.clone(),
        row: None,
        variant: VariantId::parse("var_1")?,
        sku: Sku::parse("sku")?,
        quantity: 1,
        status: ManufacturingStatus::NotStarted,
        created_at: at,
    })
}

/// A return order of an order.
fn sales_return(order: &SalesOrderId, number: usize, at: Timestamp) -> Result<SalesReturn, Broken> {
    Ok(SalesReturn {
        id: SalesReturnId::parse(&format!("ret_{number}"))?,
        order: order.clone(),
        channel_return_id: None,
        number: "#1-R1".to_owned(),
        status: ReturnStatus::Open,
        rows: Vec::new(),
        returned_at: at,
        created_at: at,
    })
}

/// What hangs on orders: listed over all of them, and of each.
#[allow(clippy::type_complexity, reason = "a list and what stands in it")]
fn lists_of_parts(
    organization: &OrganizationId,
    times: &[Timestamp],
) -> Result<Vec<(Index, Vec<(Key, Record)>)>, Broken> {
    let org = || organization.clone();
    let (mut made, mut made_of, mut returns, mut returns_of) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, at) in times.iter().enumerate() {
        let one = manufacturing(&imported("parts")?, number, *at)?;
        let key = Key::ManufacturingOrder(org(), one.order.clone(), one.id.clone());
        made.push((key, Record::ManufacturingOrder(one)));
        let one = sales_return(&imported("parts")?, number, *at)?;
        let key = Key::SalesReturn(org(), one.order.clone(), one.id.clone());
        returns.push((key, Record::SalesReturn(one)));
        // These are of another organization, because each list is filled for itself.
        let other = OrganizationId::from_token(&format!("{organization}parts"));
        let one = manufacturing(&imported("parts")?, number, *at)?;
        let key = Key::ManufacturingOrder(other.clone(), one.order.clone(), one.id.clone());
        made_of.push((key, Record::ManufacturingOrder(one)));
        let one = sales_return(&imported("parts")?, number, *at)?;
        let key = Key::SalesReturn(other, one.order.clone(), one.id.clone());
        returns_of.push((key, Record::SalesReturn(one)));
    }
    let other = OrganizationId::from_token(&format!("{organization}parts"));
    Ok(vec![
        (Index::ManufacturingOrders(org()), made),
        (Index::ManufacturingOrdersOf(other.clone(), imported("parts")?), made_of),
        (Index::SalesReturns(org()), returns),
        (Index::SalesReturnsOf(other, imported("parts")?), returns_of),
    ])
}

#[allow(clippy::type_complexity, reason = "a list and what stands in it")]
fn master_lists(
    bench: Bench<'_>,
    organization: &OrganizationId,
) -> Result<Vec<(Index, Vec<(Key, Record)>)>, Broken> {
    let org = || organization.clone();
    let (mut locations, mut customers, mut variants, mut aliases, mut runs) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut asked_for = Vec::new();
    for number in 0..5 {
        locations.push(location(organization, &format!("loc_{number}"), "", bench.now)?);
        let id = CustomerId::parse(&format!("cus_{number}"))?;
        let customer = Customer { id: id.clone(), name: String::new(), email: None, created_at: bench.now };
        customers.push((Key::Customer(org(), id), Record::Customer(customer)));
        let sku = Sku::parse(&format!("sku {number}"))?;
        let variant = Variant {
            id: VariantId::parse("var_1")?,
            sku: sku.clone(),
            name: String::new(),
            kind: VariantKind::Product,
            tracking: Tracking::None,
            default_delivery_days: None,
            created_at: bench.now,
        };
        variants.push((Key::Variant(org(), sku.clone()), Record::Variant(variant)));
        let alias = SkuAlias { connection: source()?, channel_sku: sku.clone(), variant_sku: sku.clone() };
        aliases.push((Key::Alias(org(), source()?, sku), Record::Alias(alias)));
        let id = RunId::parse(&format!("run_{}", (number * 3) % 5))?;
        let run = Run {
            id: id.clone(),
            connection: source()?,
            job: Job::Backfill,
            state: RunState::Queued,
            since: None,
            requested_at: bench.ago(number)?,
            started_at: None,
            ended_at: None,
            counts: BTreeMap::new(),
            errors: Vec::new(),
        };
        runs.push((Key::Run(org(), source()?, id), Record::Run(run)));
        let id = DataRequestId::parse(&format!("drq_{}", (number * 3) % 5))?;
        let asked = DataRequest {
            id: id.clone(),
            connection: source()?,
            request: None,
            orders: Vec::new(),
            received_at: bench.ago(number)?,
        };
        asked_for.push((Key::DataRequest(org(), id), Record::DataRequest(asked)));
    }
    Ok(vec![
        (Index::Locations(org()), locations),
        (Index::Customers(org()), customers),
        (Index::Variants(org()), variants),
        (Index::Aliases(org(), source()?), aliases),
        (Index::Runs(org(), source()?), runs),
        (Index::DataRequests(org()), asked_for),
    ])
}

#[allow(clippy::type_complexity, reason = "a list and what stands in it")]
fn stock_lists(
    organization: &OrganizationId,
    times: &[Timestamp],
) -> Result<Vec<(Index, Vec<(Key, Record)>)>, Broken> {
    let org = || organization.clone();
    let (mut items, mut serials, mut movements, mut adjustments, mut outgoing) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, at) in times.iter().enumerate() {
        let key = place(&format!("var_{number}"))?;
        items.push((Key::Stock(org(), key.clone()), Record::Stock(StockItem::empty(key))));
        let variant = VariantId::parse("var_1")?;
        let serial = SerialNumber {
            number: format!("SN{number}"),
            variant: variant.clone(),
            state: SerialState::InStock(LocationId::parse("loc_1")?),
        };
        serials.push((Key::Serial(org(), variant, serial.number.clone()), Record::Serial(serial)));
        let cause =
            Cause::Delivery { order: imported("m")?, row: RowId::parse(&format!("row_{number}"))?, part: 0 };
        let movement = Movement {
            key: place("var_1")?,
            sku: Sku::parse("sku")?,
            quantity: -1,
            batch: None,
            serial_numbers: Vec::new(),
            cause: cause.clone(),
            at: *at,
        };
        movements.push((Key::Movement(org(), place("var_1")?, *at, cause), Record::Movement(movement)));
        let id = AdjustmentId::parse(&format!("adj_{}", (number * 3) % 5))?;
        let adjustment = Adjustment {
            id: id.clone(),
            location: LocationId::parse("loc_1")?,
            reason: "counted".to_owned(),
            rows: Vec::new(),
            created_at: *at,
        };
        adjustments.push((Key::Adjustment(org(), id), Record::Adjustment(adjustment)));
        let key = OutboxKey { shard: 1, at: *at, writer: "x#y".to_owned(), version: 1, ordinal: 0 };
        outgoing.push((
            Key::Outbox(org(), key),
            Record::Outbox(Effect::RecheckWaiting { connection: None, code: None }),
        ));
    }
    outgoing.reverse();
    Ok(vec![
        (Index::Stock(org()), items),
        (Index::Serials(org(), VariantId::parse("var_1")?), serials),
        (Index::Movements(org()), movements.clone()),
        (Index::Adjustments(org()), adjustments),
        (Index::Outbox(org(), 1), outgoing),
    ])
}

/// A record that changes is in the list of what it is now, and in no other; movements are in two lists.
///
/// # Errors
/// The MUST that does not hold.
pub async fn records_move_between_lists(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("moves");
    let key = Key::Observation(organization.clone(), imported("1")?);
    bench.put(&key, observation("1", OutcomeKind::Waiting, bench.ago(3)?)?, Expect::Absent).await?;
    bench.put(&key, observation("1", OutcomeKind::Imported, bench.now)?, Expect::Version(1)).await?;
    for kind in OutcomeKind::ALL {
        let found = pages(bench, &Index::Observations(organization.clone(), kind), 9).await?;
        let is_here = kind == OutcomeKind::Imported;
        must(
            found.len() == usize::from(is_here),
            format!("an outcome must be in the list of its kind, not of {kind:?}"),
        )?;
    }
    let id = imported("2")?;
    let key = Key::Order(organization.clone(), id.clone());
    bench.put(&key, order(&id, Booking::Committing { chunks: 1 }, bench.now), Expect::Absent).await?;
    bench.put(&key, order(&id, Booking::Complete, bench.now), Expect::Version(1)).await?;
    let committing = pages(bench, &Index::Committing(organization.clone()), 9).await?;
    let orders = pages(bench, &Index::Orders(organization.clone()), 9).await?;
    must(
        committing.is_empty() && orders.len() == 1,
        "an order that is booked must leave the list of the others",
    )?;
    for (variant, at) in [("var_1", bench.now), ("var_2", bench.now), ("var_1", bench.ago(1)?)] {
        let cause = Cause::Adjustment {
            adjustment: AdjustmentId::parse(&format!("adj_{variant}_{}", at.as_second()))?,
            part: 0,
        };
        let movement = Movement {
            key: place(variant)?,
            sku: Sku::parse("sku")?,
            quantity: 1,
            batch: None,
            serial_numbers: Vec::new(),
            cause: cause.clone(),
            at,
        };
        let key = Key::Movement(organization.clone(), place(variant)?, at, cause);
        bench.put(&key, Record::Movement(movement), Expect::Absent).await?;
    }
    let everywhere = pages(bench, &Index::Movements(organization.clone()), 1).await?;
    let here = pages(bench, &Index::MovementsAt(organization, place("var_1")?), 1).await?;
    let times = |found: &[(Key, Stored)]| -> Vec<Timestamp> {
        let at = |(key, _): &(Key, Stored)| match key {
            Key::Movement(_, _, at, _) => Some(*at),
            _ => None,
        };
        found.iter().filter_map(at).collect()
    };
    must(
        times(&everywhere) == [bench.now, bench.now, bench.ago(1)?],
        "all movements are listed, newest first",
    )?;
    must(
        times(&here) == [bench.now, bench.ago(1)?],
        "the movements of one place and variant are listed alone",
    )
}

// ------------------------------------------------------------------ snapshots, expiry, removal

/// Of snapshots the one of the latest time stands, in whatever order and how often they come, and
/// however big they are.
///
/// # Errors
/// The MUST that does not hold.
pub async fn the_newest_snapshot_wins(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("snapshots");
    let end = bench.now.checked_add(SignedDuration::from_hours(24))?;
    let at = |minutes: i64, body: &[u8]| Ok::<_, Broken>(snapshot(body, bench.ago(minutes)?, end));
    let big = noise(1_500_000);
    let states = [at(3, b"three")?, at(2, &big)?, at(1, b"one")?];
    let newest = Some(states[2].clone());
    for (number, sequence) in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]].into_iter().enumerate() {
        let id = imported(&format!("s{number}"))?;
        for state in sequence {
            for _ in 0..2 {
                bench.ledger.keep_snapshot(&organization, &id, &states[state]).await?;
            }
        }
        let kept = bench.ledger.read_order(&organization, &id).await?.snapshot;
        must(kept == newest, format!("of snapshots in the order {sequence:?} the newest must be kept"))?;
    }
    let id = imported("equal")?;
    for body in [b"first", b"again"] {
        bench.ledger.keep_snapshot(&organization, &id, &at(1, body)?).await?;
    }
    let kept = bench.ledger.read_order(&organization, &id).await?.snapshot;
    must(kept == Some(at(1, b"again")?), "of equal times the later one must be kept")?;
    let id = imported("big")?;
    bench.ledger.keep_snapshot(&organization, &id, &states[1]).await?;
    let key = Key::Snapshot(organization.clone(), id.clone());
    let by_key = bench.get(&key).await?.map(|stored| stored.record);
    must(by_key == Some(Record::Snapshot(states[1].clone())), "a big snapshot must come back by its key")?;
    let kept = bench.ledger.read_order(&organization, &id).await?.snapshot;
    must(kept.as_ref() == Some(&states[1]), "a big snapshot must come back with its order")
}

/// What has expired is not given, stored or not; and for conditions it is not there.
///
/// # Errors
/// The MUST that does not hold.
pub async fn what_has_expired_is_not_given(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("expiry");
    let hour = SignedDuration::from_hours(1);
    let (past, future) = (bench.now.checked_sub(hour)?, bench.now.checked_add(hour)?);
    for (name, end, is_given) in [("past", past, false), ("now", bench.now, false), ("future", future, true)]
    {
        let id = imported(name)?;
        let access = RouteTarget::Access {
            organization: organization.clone(),
            name: "session:a".to_owned(),
            scope: Scope::Read,
            expires_at: Some(end),
        };
        let answer =
            Answer { request_digest: String::new(), status: 200, body: b"{}".to_vec(), expires_at: end };
        let records = [
            (Key::Person(organization.clone(), id.clone()), person(name, end)),
            (Key::Answer(organization.clone(), name.to_owned()), Record::Answer(answer)),
            (Key::Route(Route::Session(format!("{}{name}", bench.run))), Record::Route(access)),
        ];
        for (key, record) in records {
            bench.put(&key, record.clone(), Expect::Absent).await?;
            must(bench.get(&key).await?.is_some() == is_given, format!("{key:?} must be given: {is_given}"))?;
            let again = bench.put(&key, record.clone(), Expect::Version(1)).await;
            must(
                again.is_ok() == is_given,
                format!("{key:?} must have a version for conditions: {is_given}"),
            )?;
            let anew = bench.put(&key, record, Expect::Absent).await;
            must(anew.is_ok() != is_given, format!("{key:?} must be absent for conditions: {}", !is_given))?;
        }
        bench.ledger.keep_snapshot(&organization, &id, &snapshot(b"x", bench.now, end)).await?;
        let file = bench.ledger.read_order(&organization, &id).await?;
        let is_as_told = file.person.is_some() == is_given && file.snapshot.is_some() == is_given;
        must(is_as_told, format!("an order's person and snapshot of the {name} must be given: {is_given}"))?;
        let key = Key::Snapshot(organization.clone(), id);
        must(bench.get(&key).await?.is_some() == is_given, format!("{key:?} must be given: {is_given}"))?;
    }
    let forever = RouteTarget::Access {
        organization,
        name: "token:a".to_owned(),
        scope: Scope::Read,
        expires_at: None,
    };
    let key = Key::Route(Route::Token(format!("{}forever", bench.run)));
    bench.put(&key, Record::Route(forever), Expect::Absent).await?;
    must(bench.get(&key).await?.is_some(), "a token without an end must be given for ever")
}

/// Removing takes whatever is there, and nothing if nothing is.
///
/// # Errors
/// The MUST that does not hold.
pub async fn removing_is_safe_to_repeat(bench: Bench<'_>) -> Verdict {
    let organization = bench.organization("remove");
    let key = |ordinal| {
        let key = OutboxKey { shard: 0, at: bench.now, writer: "w".to_owned(), version: 1, ordinal };
        Key::Outbox(organization.clone(), key)
    };
    let effect = Record::Outbox(Effect::RecheckWaiting { connection: None, code: None });
    for ordinal in 0..40 {
        bench.put(&key(ordinal), effect.clone(), Expect::Absent).await?;
    }
    let removed: Vec<Key> = (0..30).chain(100..103).chain(0..2).map(key).collect();
    for _ in 0..2 {
        bench.ledger.remove(&removed).await?;
        let left = pages(bench, &Index::Outbox(organization.clone(), 0), 100).await?;
        let left: Vec<Key> = left.into_iter().map(|(key, _)| key).collect();
        must(left == (30..40).map(key).collect::<Vec<_>>(), "exactly the removed ones must be gone")?;
    }
    bench.ledger.remove(&[]).await?;
    Ok(())
}
