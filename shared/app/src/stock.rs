//! The stock as people see it: what places hold, batch by batch and unit by unit, and the ledger
//! that made it so.

use std::collections::BTreeMap;

use weir_domain::{
    Timestamp,
    ids::{LocationId, OrganizationId, VariantId},
    stock::{Batch, Movement, SerialNumber, SerialState, StockItem, StockKey},
    variant::{Sku, Variant},
};

use crate::{
    catalogue::variants,
    gate::Site,
    hub::Hub,
    lists::{self, Part, Place, Window},
    people::{self, Refusal, only},
    ports::{Index, Key, Record},
};

/// Which stock is wanted; what is `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockFilter {
    /// Of the variant with this SKU.
    pub sku: Option<Sku>,
    /// At this place.
    pub location: Option<LocationId>,
}

/// What a place holds of a variant, with the SKU it has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemView {
    /// The item.
    pub item: StockItem,
    /// The variant's SKU; `None` for one that is not there any more.
    pub sku: Option<Sku>,
}

/// What places hold, by location and variant. Of a known SKU it is read by key.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn inventory(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &StockFilter,
    window: &Window,
) -> Result<Part<ItemView>, Refusal> {
    let part = items(hub, organization, filter, window).await?;
    let skus = variants::skus(hub, organization, part.data.iter().map(|item| &item.key.variant)).await?;
    Ok(part.map(|item| ItemView { sku: skus.get(&item.key.variant).cloned(), item }))
}

async fn items(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &StockFilter,
    window: &Window,
) -> Result<Part<StockItem>, Refusal> {
    let Some(sku) = &filter.sku else {
        let take = |record| match record {
            Record::Stock(item)
                if filter.location.as_ref().is_none_or(|wanted| *wanted == item.key.location) =>
            {
                Some(item)
            }
            _ => None,
        };
        return lists::read_one(hub, Index::Stock(organization.clone()), window, take).await;
    };
    let Some(variant) = variants::by_sku(hub, organization, sku).await? else {
        return Ok(Part { data: Vec::new(), next: None });
    };
    let keys: Vec<Key> = places(hub, organization, filter, &variant.id)
        .await?
        .into_iter()
        .map(|key| Key::Stock(organization.clone(), key))
        .collect();
    let found = people::several(hub, &keys, only!(Stock)).await?;
    Ok(Part { data: found.into_iter().map(|(_, item, _)| item).collect(), next: None })
}

/// Where a variant may be.
async fn places(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &StockFilter,
    variant: &VariantId,
) -> Result<Vec<StockKey>, Refusal> {
    let at = |location: LocationId| StockKey { location, variant: variant.clone() };
    if let Some(location) = &filter.location {
        return Ok(vec![at(location.clone())]);
    }
    let locations =
        lists::all(hub, Site::PersonRead, Index::Locations(organization.clone()), only!(Location)).await?;
    Ok(locations.into_iter().map(|(_, location, _)| at(location.id)).collect())
}

/// A batch, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchView {
    /// Where, and of what.
    pub key: StockKey,
    /// The variant's SKU.
    pub sku: Option<Sku>,
    /// The batch.
    pub batch: Batch,
}

/// Live batches, the first that goes out first. Those of one stock item are shown together, so a
/// part may be longer than its limit.
///
/// # Errors
/// As [`inventory`].
pub async fn batches(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &StockFilter,
    window: &Window,
) -> Result<Part<BatchView>, Refusal> {
    let part = inventory(hub, organization, filter, window).await?;
    let of_item = |view: ItemView| {
        let mut batches = view.item.batches;
        batches.sort_by(|a, b| (a.received_at, &a.number).cmp(&(b.received_at, &b.number)));
        let (key, sku) = (view.item.key, view.sku);
        batches.into_iter().map(move |batch| BatchView { key: key.clone(), sku: sku.clone(), batch })
    };
    Ok(Part { data: part.data.into_iter().flat_map(of_item).collect(), next: part.next })
}

/// A unit with a serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialView {
    /// The unit.
    pub serial: SerialNumber,
    /// The variant's SKU.
    pub sku: Sku,
}

/// Variants that one request for serial numbers looks into.
const VARIANTS_A_REQUEST: usize = 50;

/// Units with a serial number: of one variant, or variant by variant.
///
/// # Errors
/// As [`inventory`].
pub async fn serial_numbers(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &StockFilter,
    window: &Window,
) -> Result<Part<SerialView>, Refusal> {
    if let Some(sku) = &filter.sku {
        return match variants::by_sku(hub, organization, sku).await? {
            Some(variant) => of_variant(hub, organization, filter, &variant, window).await,
            None => Ok(Part { data: Vec::new(), next: None }),
        };
    }
    // Two places: where the list of variants goes on, and where the serials of its next one do.
    let (mut variant_place, mut serial_place) = match window.places.as_deref() {
        None => (Place::Start, Place::Start),
        Some([variant, serial]) => (variant.clone(), serial.clone()),
        Some(_) => return Err(Refusal::from(crate::ports::LedgerError::InvalidCursor)),
    };
    let mut data = Vec::new();
    for _ in 0..VARIANTS_A_REQUEST {
        let one = Window { places: Some(vec![variant_place.clone()]), limit: 1 };
        let variants = variants::list(hub, organization, None, &one).await?;
        let after = variants.next.as_ref().and_then(|places| places.first().cloned()).unwrap_or(Place::End);
        let Some(variant) = variants.data.first() else { return Ok(Part { data, next: None }) };
        let rest = Window { places: Some(vec![serial_place]), limit: window.limit - data.len() };
        let part = of_variant(hub, organization, filter, variant, &rest).await?;
        data.extend(part.data);
        if let Some(next) = part.next.and_then(|places| places.into_iter().next()) {
            return Ok(Part { data, next: Some(vec![variant_place, next]) });
        }
        if after == Place::End {
            return Ok(Part { data, next: None });
        }
        (variant_place, serial_place) = (after, Place::Start);
        if data.len() >= window.limit {
            break;
        }
    }
    Ok(Part { data, next: Some(vec![variant_place, serial_place]) })
}

async fn of_variant(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &StockFilter,
    variant: &Variant,
    window: &Window,
) -> Result<Part<SerialView>, Refusal> {
    let is_here = |state: &SerialState| match (&filter.location, state) {
        (None, _) => true,
        (Some(wanted), SerialState::InStock(location)) => location == wanted,
        (Some(_), SerialState::Sold(_) | SerialState::Removed) => false,
    };
    let take = |record| match record {
        Record::Serial(serial) if is_here(&serial.state) => {
            Some(SerialView { serial, sku: variant.sku.clone() })
        }
        _ => None,
    };
    lists::read_one(hub, Index::Serials(organization.clone(), variant.id.clone()), window, take).await
}

/// The stock ledger, newest first. `cause` is a kind of cause, or the id of one.
///
/// # Errors
/// As [`inventory`].
pub async fn movements(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &StockFilter,
    cause: Option<&str>,
    window: &Window,
) -> Result<Part<Movement>, Refusal> {
    let indexes = match &filter.sku {
        None => vec![Index::Movements(organization.clone())],
        Some(sku) => match variants::by_sku(hub, organization, sku).await? {
            None => return Ok(Part { data: Vec::new(), next: None }),
            Some(variant) => places(hub, organization, filter, &variant.id)
                .await?
                .into_iter()
                .map(|key| Index::MovementsAt(organization.clone(), key))
                .collect(),
        },
    };
    let take = |record| match record {
        Record::Movement(movement) => {
            let is_here = filter.location.as_ref().is_none_or(|wanted| *wanted == movement.key.location);
            let is_caused =
                cause.is_none_or(|wanted| wanted == movement.cause.kind() || wanted == movement.cause.id());
            (is_here && is_caused).then_some(movement)
        }
        _ => None,
    };
    let rank = |record: &Record| match record {
        Record::Movement(movement) => (movement.at, format!("{:?}", movement.cause)),
        _ => (Timestamp::MIN, String::new()),
    };
    lists::read(hub, &indexes, window, take, rank).await
}

/// The SKUs that movements' and adjustments' variants have now.
///
/// # Errors
/// If the store has trouble.
pub async fn skus_of(
    hub: &Hub,
    organization: &OrganizationId,
    movements: &[Movement],
) -> Result<BTreeMap<VariantId, Sku>, Refusal> {
    variants::skus(hub, organization, movements.iter().map(|movement| &movement.key.variant)).await
}
