//! What is sold and stocked: made, found by SKU and by id, changed. A SKU that comes or changes lets
//! the orders go on that wait for it. (SPEC G-04, KF-05)

use std::collections::BTreeMap;

use weir_domain::{
    event::Effect,
    ids::{OrganizationId, VariantId},
    outcome::ReasonCode,
    stock::StockKey,
    variant::{Sku, SkuAlias, Tracking, Variant, VariantKind},
};

use crate::{
    gate::Site,
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Index, Key, Record, ledger::WRITES_IN_A_COMMIT},
};

/// Writes of a renaming besides those of its aliases and stock checks: both keys of the variant,
/// its pointer, what it sends, and room to spare.
const WRITES_BESIDES: usize = 8;

/// What a variant is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVariant {
    /// Its SKU.
    pub sku: Sku,
    /// How people call it.
    pub name: String,
    /// Goods or service.
    pub kind: VariantKind,
    /// What is recorded of each unit.
    pub tracking: Tracking,
    /// Days from an order's creation to its delivery date.
    pub default_delivery_days: Option<u16>,
}

/// What changes of a variant; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantPatch {
    /// Its SKU.
    pub sku: Option<Sku>,
    /// How people call it.
    pub name: Option<String>,
    /// Goods or service; only while it has no stock.
    pub kind: Option<VariantKind>,
    /// What is recorded of each unit; only while it has no stock.
    pub tracking: Option<Tracking>,
    /// Days from an order's creation to its delivery date; `Some(None)` takes them away.
    pub default_delivery_days: Option<Option<u16>>,
}

fn sku_came() -> Effect {
    Effect::RecheckWaiting { connection: None, code: Some(ReasonCode::SkuNotMatched) }
}

fn sku_taken(sku: &Sku) -> Refusal {
    Refusal::conflict("sku_taken", format!("There is a variant with the SKU \"{sku}\" already."))
}

fn service_without_tracking(kind: VariantKind, tracking: Tracking) -> Result<(), Refusal> {
    match (kind, tracking) {
        (VariantKind::Service, Tracking::Batch | Tracking::Serial) => {
            Err(Refusal::field("tracking", "A service has no stock, so nothing of it can be tracked."))
        }
        (VariantKind::Service, Tracking::None) | (VariantKind::Product, _) => Ok(()),
    }
}

/// Makes a variant. `token` makes its id; done again with the same one it gives what was made.
///
/// # Errors
/// If its SKU is taken.
pub async fn create(
    hub: &Hub,
    organization: &OrganizationId,
    token: &str,
    new: NewVariant,
) -> Result<Variant, Refusal> {
    service_without_tracking(new.kind, new.tracking)?;
    let variant = Variant {
        id: VariantId::from_token(token),
        sku: new.sku,
        name: new.name,
        kind: new.kind,
        tracking: new.tracking,
        default_delivery_days: new.default_delivery_days,
        created_at: hub.now(),
    };
    for _ in 0..TRIES {
        let mut commit = Commit::default();
        let key = Key::Variant(organization.clone(), variant.sku.clone());
        commit.put(key, Record::Variant(variant.clone()), Expect::Absent);
        let pointer = Key::VariantSku(organization.clone(), variant.id.clone());
        commit.put(pointer.clone(), Record::VariantSku(variant.sku.clone()), Expect::Absent);
        people::send(hub, organization, variant.id.as_str(), &[sku_came()], &mut commit);
        if people::commit(hub, &commit).await? {
            return Ok(variant);
        }
        if people::one(hub, pointer, only!(VariantSku)).await?.is_some() {
            return read(hub, organization, &variant.id).await;
        }
        if by_sku(hub, organization, &variant.sku).await?.is_some() {
            return Err(sku_taken(&variant.sku));
        }
    }
    Err(Refusal::contended())
}

/// A variant, by its id.
///
/// # Errors
/// If there is none of that id.
pub async fn read(hub: &Hub, organization: &OrganizationId, id: &VariantId) -> Result<Variant, Refusal> {
    Ok(versioned(hub, organization, id).await?.variant)
}

/// A variant as it is stored.
struct Found {
    variant: Variant,
    version: u64,
    pointer_version: u64,
}

async fn versioned(hub: &Hub, organization: &OrganizationId, id: &VariantId) -> Result<Found, Refusal> {
    for _ in 0..TRIES {
        let pointer = Key::VariantSku(organization.clone(), id.clone());
        let Some((sku, pointer_version)) = people::one(hub, pointer, only!(VariantSku)).await? else {
            return Err(Refusal::not_found("variant", id));
        };
        let found = people::one(hub, Key::Variant(organization.clone(), sku), only!(Variant)).await?;
        // Between the two reads it may have got another SKU, and its old one may be another's.
        if let Some((variant, version)) = found.filter(|(variant, _)| variant.id == *id) {
            return Ok(Found { variant, version, pointer_version });
        }
    }
    Err(Refusal::contended())
}

/// A variant, by its SKU.
///
/// # Errors
/// If the store has trouble.
pub async fn by_sku(hub: &Hub, organization: &OrganizationId, sku: &Sku) -> Result<Option<Variant>, Refusal> {
    let key = Key::Variant(organization.clone(), sku.clone());
    Ok(people::one(hub, key, only!(Variant)).await?.map(|(variant, _)| variant))
}

/// The SKUs that variants have now.
///
/// # Errors
/// If the store has trouble.
pub async fn skus(
    hub: &Hub,
    organization: &OrganizationId,
    ids: impl Iterator<Item = &VariantId>,
) -> Result<BTreeMap<VariantId, Sku>, Refusal> {
    let mut keys: Vec<Key> = ids.map(|id| Key::VariantSku(organization.clone(), id.clone())).collect();
    keys.sort();
    keys.dedup();
    let found = people::several(hub, &keys, only!(VariantSku)).await?;
    Ok(found
        .into_iter()
        .filter_map(|(key, sku, _)| match key {
            Key::VariantSku(_, id) => Some((id, sku)),
            _ => None,
        })
        .collect())
}

/// Variants, by SKU; only one of that SKU, if it is given.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    sku: Option<&Sku>,
    window: &Window,
) -> Result<Part<Variant>, Refusal> {
    if let Some(sku) = sku {
        let data = by_sku(hub, organization, sku).await?.into_iter().collect();
        return Ok(Part { data, next: None });
    }
    lists::read_one(hub, Index::Variants(organization.clone()), window, only!(Variant)).await
}

/// Changes a variant. With its SKU the aliases that mean it change too.
///
/// # Errors
/// If there is none of that id, its new SKU is taken, or what is recorded of its units is to change
/// while it has stock.
pub async fn change(
    hub: &Hub,
    organization: &OrganizationId,
    id: &VariantId,
    patch: &VariantPatch,
) -> Result<Variant, Refusal> {
    for _ in 0..TRIES {
        let found = versioned(hub, organization, id).await?;
        let before = &found.variant;
        let after = Variant {
            sku: patch.sku.clone().unwrap_or_else(|| before.sku.clone()),
            name: patch.name.clone().unwrap_or_else(|| before.name.clone()),
            kind: patch.kind.unwrap_or(before.kind),
            tracking: patch.tracking.unwrap_or(before.tracking),
            default_delivery_days: patch.default_delivery_days.unwrap_or(before.default_delivery_days),
            ..before.clone()
        };
        if after == *before {
            return Ok(after);
        }
        service_without_tracking(after.kind, after.tracking)?;
        let mut commit = Commit::default();
        if (after.kind, after.tracking) != (before.kind, before.tracking) {
            without_stock(hub, organization, before, &mut commit).await?;
        }
        if after.sku == before.sku {
            let key = Key::Variant(organization.clone(), after.sku.clone());
            commit.put(key, Record::Variant(after.clone()), Expect::Version(found.version));
        } else {
            if by_sku(hub, organization, &after.sku).await?.is_some() {
                return Err(sku_taken(&after.sku));
            }
            rename(hub, organization, &found, &after, &mut commit).await?;
        }
        if people::commit(hub, &commit).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}

/// The writes that give a variant another SKU.
async fn rename(
    hub: &Hub,
    organization: &OrganizationId,
    found: &Found,
    after: &Variant,
    commit: &mut Commit,
) -> Result<(), Refusal> {
    let before = &found.variant;
    commit.delete(Key::Variant(organization.clone(), before.sku.clone()), Expect::Version(found.version));
    let key = Key::Variant(organization.clone(), after.sku.clone());
    commit.put(key, Record::Variant(after.clone()), Expect::Absent);
    let pointer = Key::VariantSku(organization.clone(), after.id.clone());
    commit.put(pointer, Record::VariantSku(after.sku.clone()), Expect::Version(found.pointer_version));
    for (key, _, _) in
        lists::all(hub, Site::PersonRead, Index::Connections(organization.clone()), only!(Connection)).await?
    {
        let Key::Connection(_, connection) = key else { continue };
        for (key, alias, version) in
            lists::all(hub, Site::PersonRead, Index::Aliases(organization.clone(), connection), only!(Alias))
                .await?
        {
            if alias.variant_sku == before.sku {
                let alias = SkuAlias { variant_sku: after.sku.clone(), ..alias };
                commit.put(key, Record::Alias(alias), Expect::Version(version));
            }
        }
    }
    people::send(hub, organization, after.id.as_str(), &[sku_came()], commit);
    if commit.writes.len() > WRITES_IN_A_COMMIT - WRITES_BESIDES {
        let message = "Too many aliases mean this SKU to be changed at once. Delete some of them first.";
        return Err(Refusal::conflict("too_many_aliases", message));
    }
    Ok(())
}

/// Checks that no place holds the variant, now and when the commit is done.
async fn without_stock(
    hub: &Hub,
    organization: &OrganizationId,
    variant: &Variant,
    commit: &mut Commit,
) -> Result<(), Refusal> {
    let locations =
        lists::all(hub, Site::PersonRead, Index::Locations(organization.clone()), only!(Location)).await?;
    let keys: Vec<Key> = locations
        .into_iter()
        .map(|(_, location, _)| StockKey { location: location.id, variant: variant.id.clone() })
        .map(|key| Key::Stock(organization.clone(), key))
        .collect();
    let mut versions = BTreeMap::new();
    for (key, item, version) in people::several(hub, &keys, only!(Stock)).await? {
        if item.on_hand != 0 || item.reserved != 0 || !item.batches.is_empty() {
            let message = format!(
                "\"{}\" has stock at {}. Kind and tracking can change only while it has none.",
                variant.sku, item.key.location
            );
            return Err(Refusal::conflict("variant_has_stock", message));
        }
        versions.insert(key, version);
    }
    let room = WRITES_IN_A_COMMIT - WRITES_BESIDES - commit.writes.len();
    for key in keys.into_iter().take(room) {
        let expect = versions.get(&key).map_or(Expect::Absent, |version| Expect::Version(*version));
        commit.check(key, expect);
    }
    Ok(())
}
