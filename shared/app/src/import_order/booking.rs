//! A big order: its plan is stored first, its stock moves chunk by chunk, and one last transaction
//! makes it visible. A crash resumes from the plan. Once begun, a plan is carried out to its end: a
//! lock date that is set meanwhile does not leave half an order's stock behind. (SPEC G-05, G-09)

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::{
    decide::{
        Decision,
        booking::{self, Booked},
        is_serial_number,
    },
    ids::VariantId,
    outcome::{Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::{Booking, FulfillmentRow, SalesOrder},
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

/// Stores the plan, and carries it out.
pub(super) async fn begin(
    hub: &Hub,
    reading: &Reading<'_>,
    seen: Seen,
    decision: &Decision,
) -> Result<Ended, Stop> {
    let Some(plan) = &decision.changes.order else {
        return Err(FlowError::new("a plan without an order").into());
    };
    let waiting = Decision {
        outcome: Outcome { kind: OutcomeKind::Waiting, reason: Reason::plain(ReasonCode::Booking) },
        ..decision.clone()
    };
    let account = commit::account(reading, &seen, &waiting, hub.now());
    let mut commit = Commit::default();
    commit::write_account(hub, reading, &account, &[], &mut commit);
    commit::write_order(reading, plan, &seen, decision.shipped_at, &mut commit);
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
    let Booking::Committing { chunks } = order.booking else {
        return Err(FlowError::new("the order is booked already").into());
    };
    let mut booked = Vec::new();
    for chunk in 0..chunks {
        booked.push(book(hub, reading, order, chunk).await?);
    }
    finish(hub, reading, order, version, &booked).await
}

/// Books one chunk, unless it is booked.
async fn book(hub: &Hub, reading: &Reading<'_>, order: &SalesOrder, chunk: u32) -> Result<Booked, Stop> {
    let organization = &reading.signal.organization;
    let key = Key::Chunk(organization.clone(), order.id.clone(), chunk);
    for _ in 0..TRIES {
        let mut found = hub.get(Site::ChunkRead, std::slice::from_ref(&key)).await?;
        if let Some(Record::Chunk(booked)) = found.remove(&key).map(|stored| stored.record) {
            return Ok(booked);
        }
        let (loaded, tracking) = load(hub, reading, order, chunk).await?;
        let booked = booking::book_chunk(order, chunk, &loaded.stock, &tracking);
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

async fn load(
    hub: &Hub,
    reading: &Reading<'_>,
    order: &SalesOrder,
    chunk: u32,
) -> Result<(Loaded, BTreeMap<VariantId, Tracking>), FlowError> {
    let organization = &reading.signal.organization;
    let row_of = |planned: &FulfillmentRow| order.rows.iter().find(|row| row.id == planned.row);
    let rows: Vec<_> = booking::rows_of_chunk(order, chunk)
        .iter()
        .filter_map(|planned| Some((row_of(planned)?, planned)))
        .collect();
    let skus: BTreeSet<&Sku> = rows.iter().map(|(row, _)| &row.sku).collect();
    let keys: Vec<Key> =
        skus.into_iter().map(|sku| Key::Variant(organization.clone(), sku.clone())).collect();
    let mut tracking = BTreeMap::new();
    for stored in hub.get(Site::ChunkRead, &keys).await?.into_values() {
        if let Record::Variant(variant) = stored.record {
            tracking.insert(variant.id, variant.tracking);
        }
    }
    let mut loaded = Loaded::default();
    let Some(location) = rows.iter().find_map(|(row, _)| row.location.as_ref()) else {
        return Ok((loaded, tracking));
    };
    let variants: BTreeSet<VariantId> = rows.iter().map(|(row, _)| row.variant.clone()).collect();
    let numbers: BTreeSet<(VariantId, String)> = rows
        .iter()
        .flat_map(|(row, planned)| {
            planned.serial_numbers.iter().map(|number| (row.variant.clone(), number.clone()))
        })
        .filter(|(_, number)| is_serial_number(number))
        .collect();
    state::read_stock(hub, Site::ChunkRead, organization, location, &variants, &numbers, &mut loaded).await?;
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
        Decision { outcome, because, shipped_at: None, changes: weir_domain::decide::Changes::default() };
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
