//! A big order: its plan is stored first, its stock moves chunk by chunk, and one last transaction
//! makes it visible. A crash resumes from the plan. Once begun, a plan is carried out to its end: a
//! lock date that is set meanwhile does not leave half an order's stock behind. (SPEC G-05, G-09)

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::{
    decide::{
        Changes, Decision,
        booking::{self, Booked},
        is_serial_number,
    },
    ids::VariantId,
    outcome::{Because, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::{Booking, FulfillmentRow, Row, SalesOrder, StockStep},
    stock::StockKey,
    variant::{Sku, Tracking},
};

use super::{
    Ended, Reading, Stop, TRIES,
    commit::{self, Seen},
    state::{self, Loaded},
    stop,
};
use crate::{
    flow::FlowError,
    gate::Site,
    hub::Hub,
    ports::{Commit, CommitError, Expect, Key, Record},
};

/// Writes besides the plan itself that are stored together with it; more of them are stored before it.
const WRITES_WITH_A_PLAN: usize = 80;

/// Stores the plan, and carries it out.
pub(super) async fn begin(
    hub: &Hub,
    reading: &Reading<'_>,
    seen: Seen,
    decision: &Decision,
    loaded: &Loaded,
) -> Result<Ended, Stop> {
    let Some(plan) = &decision.changes.order else {
        return Err(FlowError::new("a plan without an order").into());
    };
    let mut parts = commit::parts(reading, &decision.changes, loaded);
    while parts.len() > WRITES_WITH_A_PLAN {
        // A manufacturing or return order that follows a little early follows all the same.
        let mut commit = Commit { writes: parts.split_off(parts.len() - WRITES_WITH_A_PLAN) };
        let key = Key::Order(reading.signal.organization.clone(), plan.id.clone());
        let version = reading.file.order.as_ref().map(|(_, version)| *version);
        commit.check(key, version.map_or(Expect::Absent, Expect::Version));
        hub.commit(Site::ImportCommit, &commit).await.map_err(stop)?;
    }
    let waiting = Decision {
        outcome: Outcome { kind: OutcomeKind::Waiting, reason: Reason::plain(ReasonCode::Booking) },
        ..decision.clone()
    };
    let account = commit::account(reading, &seen, &waiting, hub.now());
    let mut commit = Commit::default();
    commit::write_account(hub, reading, &account, &[], &mut commit);
    commit::write_order(reading, plan, &seen, decision.shipped_at, &mut commit);
    commit.writes.extend(parts);
    // No plan begins in a period that is locked by now.
    let organization = Key::Organization(reading.signal.organization.clone());
    commit.check(organization, Expect::Version(reading.organization_version));
    if let Some((_, version)) = commit::ended(reading, seen.updated_at) {
        let key = Key::Parked(reading.signal.organization.clone(), reading.signal.order());
        commit.delete(key, Expect::Version(*version));
    }
    hub.commit(Site::ImportCommit, &commit).await.map_err(stop)?;
    // The order is read again, with the versions it has now, and its plan is carried out.
    Err(Stop::Again)
}

/// Carries out what is left of a plan.
pub(super) async fn resume(
    hub: &Hub,
    reading: &Reading<'_>,
    order: &SalesOrder,
    version: u64,
) -> Result<Ended, Stop> {
    let mut booked = Vec::new();
    for chunk in 0..booking::chunks_of_plan(order) {
        booked.push(book(hub, reading, (order, version), chunk).await?);
    }
    match &order.booking {
        Booking::Complete => Err(FlowError::new("the order is booked already").into()),
        Booking::Committing { .. } => finish(hub, reading, order, version, &booked).await,
        Booking::Following { plan, is_new, .. } => {
            finish_following(hub, reading, (order, version), (plan, *is_new), &booked).await?;
            // What the signal wanted to have looked at is looked at now.
            Err(Stop::Again)
        }
    }
}

/// The key of a chunk: of one of an order's only plan, or of one of the plan that this version of the
/// order holds.
fn chunk_key(reading: &Reading<'_>, (order, version): (&SalesOrder, u64), chunk: u32) -> Key {
    let organization = reading.signal.organization.clone();
    match order.booking {
        Booking::Complete | Booking::Committing { .. } => Key::Chunk(organization, order.id.clone(), chunk),
        Booking::Following { .. } => Key::PlanChunk(organization, order.id.clone(), version, chunk),
    }
}

/// Books one chunk, unless it is booked.
async fn book(
    hub: &Hub,
    reading: &Reading<'_>,
    (order, version): (&SalesOrder, u64),
    chunk: u32,
) -> Result<Booked, Stop> {
    let organization = &reading.signal.organization;
    let key = chunk_key(reading, (order, version), chunk);
    for _ in 0..TRIES {
        let mut found = hub.get(Site::ChunkRead, std::slice::from_ref(&key)).await?;
        if let Some(Record::Chunk(booked)) = found.remove(&key).map(|stored| stored.record) {
            return Ok(booked);
        }
        let (loaded, tracking) = load(hub, reading, &wanted(order, chunk)).await?;
        let booked = match &order.booking {
            Booking::Complete | Booking::Committing { .. } => {
                booking::book_chunk(order, chunk, &loaded.stock, &tracking)
            }
            Booking::Following { .. } => {
                let steps = booking::steps_of_chunk(order, chunk);
                booking::follow(order, steps, &loaded.stock, &tracking)
            }
        };
        let mut commit = Commit::default();
        commit.put(key.clone(), Record::Chunk(booked.clone()), Expect::Absent);
        let (items, serials, movements) = (booked.items.values(), &booked.serials, &booked.movements);
        commit::write_stock(organization, items, serials, movements, &loaded, &mut commit);
        match hub.commit(Site::ChunkCommit, &commit).await {
            Ok(()) => return Ok(booked),
            Err(CommitError::Conflict) => {}
            Err(error @ (CommitError::Unknown(_) | CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
                return Err(error.into());
            }
        }
    }
    Err(FlowError::new("others were writing the same stock all the time").into())
}

/// What a chunk moves.
#[derive(Default)]
struct Wanted<'a> {
    /// Rows that leave, with their parts of fulfillments.
    rows: Vec<(&'a Row, &'a FulfillmentRow)>,
    /// Stock items that change.
    places: BTreeSet<StockKey>,
}

fn wanted(order: &SalesOrder, chunk: u32) -> Wanted<'_> {
    let mut wanted = Wanted::default();
    let row_of = |planned: &FulfillmentRow| order.rows.iter().find(|row| row.id == planned.row);
    for planned in booking::rows_of_chunk(order, chunk) {
        let Some(row) = row_of(planned) else { continue };
        wanted.places.extend(row.location.as_ref().map(|location| state::at(location, &row.variant)));
        wanted.rows.push((row, planned));
    }
    for step in booking::steps_of_chunk(order, chunk) {
        match step {
            StockStep::Reserve { key, .. } => {
                wanted.places.insert(key.clone());
            }
            StockStep::Leave { fulfillment, row, location } => {
                let of_step = order.fulfillments.iter().find(|found| found.id == *fulfillment);
                let planned = of_step.and_then(|found| found.rows.iter().find(|part| part.row == *row));
                let Some((planned, row)) = planned.and_then(|planned| Some((planned, row_of(planned)?)))
                else {
                    continue;
                };
                wanted.places.insert(state::at(location, &row.variant));
                wanted.rows.push((row, planned));
            }
        }
    }
    wanted
}

async fn load(
    hub: &Hub,
    reading: &Reading<'_>,
    wanted: &Wanted<'_>,
) -> Result<(Loaded, BTreeMap<VariantId, Tracking>), FlowError> {
    let organization = &reading.signal.organization;
    let skus: BTreeSet<&Sku> = wanted.rows.iter().map(|(row, _)| &row.sku).collect();
    let keys: Vec<Key> =
        skus.into_iter().map(|sku| Key::Variant(organization.clone(), sku.clone())).collect();
    let mut tracking = BTreeMap::new();
    // Steps that only hold or free units know of no variant.
    let found = if keys.is_empty() { BTreeMap::new() } else { hub.get(Site::ChunkRead, &keys).await? };
    for stored in found.into_values() {
        if let Record::Variant(variant) = stored.record {
            tracking.insert(variant.id, variant.tracking);
        }
    }
    let numbers: BTreeSet<(VariantId, String)> = wanted
        .rows
        .iter()
        .flat_map(|(row, planned)| {
            planned.serial_numbers.iter().map(|number| (row.variant.clone(), number.clone()))
        })
        .filter(|(_, number)| is_serial_number(number))
        .collect();
    let mut loaded = Loaded::default();
    let places = wanted.places.clone();
    // What lies nowhere moves no stock.
    if !places.is_empty() {
        state::read_stock(hub, Site::ChunkRead, organization, places, &numbers, &mut loaded).await?;
    }
    Ok((loaded, tracking))
}

/// Makes the order visible, with its outcome, its line of the timeline and what is sent.
async fn finish(
    hub: &Hub,
    reading: &Reading<'_>,
    order: &SalesOrder,
    version: u64,
    booked: &[Booked],
) -> Result<Ended, Stop> {
    let organization = &reading.signal.organization;
    let order = booking::finish(order, booked);
    let because = reading.file.observation.as_ref().map(|(observation, _)| observation.because.clone());
    let mut because = because.unwrap_or_default();
    because.extend(booking::because(booked));
    let outcome =
        Outcome { kind: OutcomeKind::Imported, reason: Reason::plain(ReasonCode::ShippedByChannel) };
    let seen = Seen {
        order_no: Some(order.order_no.clone()),
        updated_at: order.channel_updated_at,
        digest: reading.file.observation.as_ref().and_then(|(observation, _)| observation.digest.clone()),
        skus: reading
            .file
            .observation
            .as_ref()
            .map(|(observation, _)| observation.skus.clone())
            .unwrap_or_default(),
        ..Seen::default()
    };
    let decision =
        Decision { outcome, because, shipped_at: None, is_asked_for: false, changes: Changes::default() };
    let account = commit::account(reading, &seen, &decision, hub.now());
    let mut commit = Commit::default();
    commit::write_account(hub, reading, &account, &[booking::announcement(&order)], &mut commit);
    let key = Key::Order(organization.clone(), order.id.clone());
    commit.put(key, Record::Order(order), Expect::Version(version));
    if let Some((_, version)) = commit::ended(reading, seen.updated_at) {
        let key = Key::Parked(organization.clone(), reading.signal.order());
        commit.delete(key, Expect::Version(*version));
    }
    hub.commit(Site::ImportCommit, &commit).await.map_err(stop)?;
    Ok(Ended::Decided(OutcomeKind::Imported, ReasonCode::ShippedByChannel))
}

/// Makes a big order that the merchant ships visible in its next state, with its line of the timeline
/// and what is sent.
async fn finish_following(
    hub: &Hub,
    reading: &Reading<'_>,
    (plan, version): (&SalesOrder, u64),
    (steps, is_new): (&[StockStep], bool),
    booked: &[Booked],
) -> Result<(), Stop> {
    let organization = &reading.signal.organization;
    let order = booking::finish_following(plan, steps, booked);
    let known = reading.file.observation.as_ref().map(|(observation, _)| observation);
    let mut because = known.map(|known| known.because.clone()).unwrap_or_default();
    because.extend(booking::because(booked));
    // A plan of a person's leaves the outcome as it is.
    let is_of_channel = known.is_some_and(|known| known.outcome.reason.code == ReasonCode::Booking);
    let outcome = match is_of_channel {
        true => outcome(&order, is_new, &because),
        false => Outcome { kind: OutcomeKind::Unchanged, reason: Reason::plain(ReasonCode::NothingChanged) },
    };
    let seen = Seen {
        order_no: Some(order.order_no.clone()),
        updated_at: order.channel_updated_at,
        digest: known.and_then(|known| known.digest.clone()),
        skus: known.map(|known| known.skus.clone()).unwrap_or_default(),
        is_no_look: !is_of_channel,
        ..Seen::default()
    };
    let changes = Changes { order: Some(order.clone()), ..Changes::default() };
    let shipped_at = known.and_then(|known| known.shipped_at);
    let decision = Decision { outcome, because, shipped_at, is_asked_for: false, changes };
    let account = commit::account(reading, &seen, &decision, hub.now());
    let mut commit = Commit::default();
    let messages = booking::planned_messages(plan, Some(&reading.connection));
    commit::write_account(hub, reading, &account, &messages, &mut commit);
    let key = Key::Order(organization.clone(), order.id.clone());
    commit.put(key, Record::Order(order), Expect::Version(version));
    hub.commit(Site::ImportCommit, &commit).await.map_err(stop)
}

/// What became of an order whose plan is carried out.
fn outcome(order: &SalesOrder, is_new: bool, because: &[Because]) -> Outcome {
    if is_new {
        return Outcome { kind: OutcomeKind::Imported, reason: Reason::plain(ReasonCode::OpenOrder) };
    }
    let code = match order.deleted_at {
        Some(_) => ReasonCode::DeletedWithChannel,
        None => ReasonCode::ChangesFollowed,
    };
    let said = |code: &str| -> Vec<&str> {
        because
            .iter()
            .filter(|because| because.code == code)
            .map(|because| because.message.as_str())
            .collect()
    };
    let mut message = code.sentence().to_owned();
    for (lead, lines) in [("Changed with the channel", said("changed")), ("Not applied", said("refused"))] {
        if !lines.is_empty() {
            message = format!("{message} {lead}: {}.", lines.join(", "));
        }
    }
    Outcome { kind: OutcomeKind::Updated, reason: Reason::new(code, message) }
}
