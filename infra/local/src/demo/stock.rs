//! The demo's opening stock: what each place holds of the catalogue, booked as stock adjustments.

use weir_app::{
    Hub,
    adjust_stock::{NewAdjustment, NewRow, adjust_stock},
    people::Refusal,
};
use weir_domain::{
    Timestamp,
    ids::{LocationId, OrganizationId},
};
use weir_sandbox::amazon::demo::{CATALOGUE, CatalogueItem, OpeningStock};

use super::{sku, token};

/// Serial numbers of one adjustment: each is a write of its commit, which holds a hundred.
const SERIALS_OF_AN_ADJUSTMENT: usize = 75;

/// A place that holds goods.
pub(super) struct Place {
    /// What the ids of its adjustments are made of.
    pub(super) name: &'static str,
    /// The place.
    pub(super) location: LocationId,
    /// When the shop opened: batches came in before that.
    pub(super) opened: Timestamp,
}

/// Books what a place holds when the shop opens.
pub(super) async fn open(
    hub: &Hub,
    organization: &OrganizationId,
    place: &Place,
    holds: impl Fn(&CatalogueItem) -> bool,
) -> Result<(), Refusal> {
    let mut rows = Vec::new();
    for item in CATALOGUE.iter().filter(|item| holds(item)) {
        match item.stock {
            OpeningStock::Plain { quantity } => rows.push(row(item, quantity.into())?),
            OpeningStock::Batches(batches) => {
                for batch in batches {
                    rows.push(NewRow {
                        batch: Some(batch.number.to_owned()),
                        received_at: Some(batch.received_at(place.opened)),
                        ..row(item, batch.quantity.into())?
                    });
                }
            }
            OpeningStock::Serials { .. } => {
                let numbers = item.serial_numbers();
                for (part, numbers) in (0..).zip(numbers.chunks(SERIALS_OF_AN_ADJUSTMENT)) {
                    let quantity = i64::try_from(numbers.len()).unwrap_or(0);
                    let row = NewRow { serial_numbers: numbers.to_vec(), ..row(item, quantity)? };
                    let part: u32 = part;
                    let token = token(&["stock", place.name, item.sku, &part.to_string()]);
                    book(hub, organization, place, &token, vec![row]).await?;
                }
            }
        }
    }
    book(hub, organization, place, &token(&["stock", place.name]), rows).await
}

fn row(item: &CatalogueItem, quantity: i64) -> Result<NewRow, Refusal> {
    Ok(NewRow { sku: sku(item)?, quantity, batch: None, received_at: None, serial_numbers: Vec::new() })
}

async fn book(
    hub: &Hub,
    organization: &OrganizationId,
    place: &Place,
    token: &str,
    rows: Vec<NewRow>,
) -> Result<(), Refusal> {
    let reason = "Opening stock".to_owned();
    let new = NewAdjustment { location: place.location.clone(), reason, rows };
    adjust_stock(hub, organization, token, new).await.map(drop)
}
