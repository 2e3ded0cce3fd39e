//! A person's correction of the stock: stock items, serial numbers, movements and the adjustment
//! itself in one commit, or nothing. (SPEC G-05, G-09)

use std::collections::{BTreeMap, BTreeSet};

use weir_channels::channel::FieldError;
use weir_domain::{
    Timestamp, decide,
    ids::{AdjustmentId, LocationId, OrganizationId, VariantId},
    outcome::ReasonCode,
    stock::{Adjustment, AdjustmentRow, Stock, StockKey},
    variant::{Sku, Variant},
};

use crate::{
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Index, Key, Record},
};

/// Rows of one adjustment: more could not be booked in one commit.
pub const ROWS_OF_AN_ADJUSTMENT: usize = 80;

/// What an adjustment is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAdjustment {
    /// The place.
    pub location: LocationId,
    /// Why.
    pub reason: String,
    /// What changes.
    pub rows: Vec<NewRow>,
}

/// A row of an adjustment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// The variant's SKU.
    pub sku: Sku,
    /// Units; negative takes out.
    pub quantity: i64,
    /// Of a batch-tracked variant.
    pub batch: Option<String>,
    /// When that batch came in; now, if not given.
    pub received_at: Option<Timestamp>,
    /// Of a serial-tracked variant: as many as units.
    pub serial_numbers: Vec<String>,
}

/// Adjusts stock. `token` makes the adjustment's id; done again with the same one it gives what was
/// booked, and books nothing.
///
/// # Errors
/// The fields that are wrong, or that today lies in the locked period.
pub async fn adjust_stock(
    hub: &Hub,
    organization: &OrganizationId,
    token: &str,
    new: NewAdjustment,
) -> Result<Adjustment, Refusal> {
    let id = AdjustmentId::from_token(token);
    let key = Key::Adjustment(organization.clone(), id.clone());
    if new.rows.len() > ROWS_OF_AN_ADJUSTMENT {
        let message =
            format!("An adjustment has at most {ROWS_OF_AN_ADJUSTMENT} rows. Split it into several.");
        return Err(Refusal::field("rows", message));
    }
    for _ in 0..TRIES {
        if let Some((booked, _)) = people::one(hub, key.clone(), only!(Adjustment)).await? {
            return Ok(booked);
        }
        let (merchant, merchant_version) = people::organization(hub, organization).await?;
        let now = hub.now();
        if let Some(reason) = decide::period_locked(&merchant, now) {
            return Err(Refusal::conflict(ReasonCode::PeriodLocked.as_str(), reason.message));
        }
        let location_key = Key::Location(organization.clone(), new.location.clone());
        if people::one(hub, location_key, only!(Location)).await?.is_none() {
            return Err(Refusal::field("location_id", format!("There is no location {}.", new.location)));
        }
        let variants = variants(hub, organization, &new).await?;
        let adjustment = Adjustment {
            id: id.clone(),
            location: new.location.clone(),
            reason: new.reason.clone(),
            rows: rows(&new, &variants),
            created_at: now,
        };
        let (stock, versions) = stock(hub, organization, &adjustment).await?;
        let by_id: BTreeMap<VariantId, Variant> =
            variants.values().map(|(variant, _)| (variant.id.clone(), variant.clone())).collect();
        let adjusted = decide::adjust::adjust(&adjustment, &stock, &by_id).map_err(wrong_fields)?;
        let mut commit = Commit::default();
        // The lock date may not move past today, nor a variant's tracking change, in between.
        commit.check(Key::Organization(organization.clone()), Expect::Version(merchant_version));
        commit.put(key.clone(), Record::Adjustment(adjustment.clone()), Expect::Absent);
        write(organization, &adjusted, &versions, &mut commit);
        check_variants(organization, &variants, &mut commit);
        if people::commit(hub, &commit).await? {
            return Ok(adjustment);
        }
    }
    Err(Refusal::contended())
}

/// What the rules say of fields, as a refusal.
pub(crate) fn wrong_fields(errors: Vec<decide::adjust::FieldError>) -> Refusal {
    let field = |error: decide::adjust::FieldError| FieldError { path: error.path, message: error.message };
    Refusal::fields(errors.into_iter().map(field).collect())
}

/// The variants of the rows with their versions, or the rows whose SKU matches none.
async fn variants(
    hub: &Hub,
    organization: &OrganizationId,
    new: &NewAdjustment,
) -> Result<BTreeMap<Sku, (Variant, u64)>, Refusal> {
    let skus: BTreeSet<&Sku> = new.rows.iter().map(|row| &row.sku).collect();
    let keys: Vec<Key> =
        skus.into_iter().map(|sku| Key::Variant(organization.clone(), sku.clone())).collect();
    let found: BTreeMap<Sku, (Variant, u64)> = people::several(hub, &keys, only!(Variant))
        .await?
        .into_iter()
        .map(|(_, variant, version)| (variant.sku.clone(), (variant, version)))
        .collect();
    let missing: Vec<FieldError> = (0..)
        .zip(&new.rows)
        .filter(|(_, row)| !found.contains_key(&row.sku))
        .map(|(number, row): (usize, _)| FieldError {
            path: format!("rows[{number}].sku"),
            message: format!("No variant has the SKU \"{}\".", row.sku),
        })
        .collect();
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(Refusal::Invalid { code: "sku_not_found", fields: missing })
    }
}

fn rows(new: &NewAdjustment, variants: &BTreeMap<Sku, (Variant, u64)>) -> Vec<AdjustmentRow> {
    let row = |row: &NewRow| {
        let (variant, _) = variants.get(&row.sku)?;
        Some(AdjustmentRow {
            variant: variant.id.clone(),
            sku: row.sku.clone(),
            quantity: row.quantity,
            batch: row.batch.clone(),
            received_at: row.received_at,
            serial_numbers: row.serial_numbers.clone(),
        })
    };
    new.rows.iter().filter_map(row).collect()
}

/// The stock that the adjustment is about, with the versions that the commit expects to find again.
async fn stock(
    hub: &Hub,
    organization: &OrganizationId,
    adjustment: &Adjustment,
) -> Result<(Stock, BTreeMap<Key, u64>), Refusal> {
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    for row in &adjustment.rows {
        let key = StockKey { location: adjustment.location.clone(), variant: row.variant.clone() };
        keys.insert(Key::Stock(organization.clone(), key));
        let serial = |number: &String| Key::Serial(organization.clone(), row.variant.clone(), number.clone());
        keys.extend(row.serial_numbers.iter().filter(|number| is_key(number)).map(serial));
    }
    let keys: Vec<Key> = keys.into_iter().collect();
    let (mut stock, mut versions) = (Stock::default(), BTreeMap::new());
    for (key, record, version) in people::several(hub, &keys, Some).await? {
        versions.insert(key, version);
        match record {
            Record::Stock(item) => {
                stock.items.insert(item.key.clone(), item);
            }
            Record::Serial(serial) => {
                stock.serials.insert((serial.variant.clone(), serial.number.clone()), serial);
            }
            other => return Err(Refusal::Trouble(format!("a stock key holds {other:?}"))),
        }
    }
    Ok((stock, versions))
}

/// Whether a text can be part of a key at all; the rules say what is wrong with one that cannot.
fn is_key(number: &str) -> bool {
    !number.is_empty() && number.len() <= 200
}

fn write(
    organization: &OrganizationId,
    adjusted: &decide::adjust::Adjusted,
    versions: &BTreeMap<Key, u64>,
    commit: &mut Commit,
) {
    let expect = |key: &Key| versions.get(key).map_or(Expect::Absent, |version| Expect::Version(*version));
    for item in adjusted.items.values() {
        let key = Key::Stock(organization.clone(), item.key.clone());
        let expect = expect(&key);
        commit.put(key, Record::Stock(item.clone()), expect);
    }
    for serial in &adjusted.serials {
        let key = Key::Serial(organization.clone(), serial.variant.clone(), serial.number.clone());
        let expect = expect(&key);
        commit.put(key, Record::Serial(serial.clone()), expect);
    }
    for movement in &adjusted.movements {
        let key =
            Key::Movement(organization.clone(), movement.key.clone(), movement.at, movement.cause.clone());
        commit.put(key, Record::Movement(movement.clone()), Expect::Absent);
    }
}

/// Checks of the variants, as far as the commit has room: booking them is worth more.
fn check_variants(
    organization: &OrganizationId,
    variants: &BTreeMap<Sku, (Variant, u64)>,
    commit: &mut Commit,
) {
    let room = crate::ports::ledger::WRITES_IN_A_COMMIT - commit.writes.len();
    for (sku, (_, version)) in variants.iter().take(room) {
        commit.check(Key::Variant(organization.clone(), sku.clone()), Expect::Version(*version));
    }
}

/// An adjustment.
///
/// # Errors
/// If there is none of that id.
pub async fn read(
    hub: &Hub,
    organization: &OrganizationId,
    id: &AdjustmentId,
) -> Result<Adjustment, Refusal> {
    let key = Key::Adjustment(organization.clone(), id.clone());
    let found = people::one(hub, key, only!(Adjustment)).await?;
    found.map(|(adjustment, _)| adjustment).ok_or_else(|| Refusal::not_found("stock adjustment", id))
}

/// Adjustments, newest first.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    window: &Window,
) -> Result<Part<Adjustment>, Refusal> {
    lists::read_one(hub, Index::Adjustments(organization.clone()), window, only!(Adjustment)).await
}
