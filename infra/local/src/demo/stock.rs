//! The demo's opening stock: what each of Amazon's warehouses holds of the catalogue, booked as stock
//! adjustments.

use weir_app::{
    Hub,
    adjust_stock::{NewAdjustment, NewRow, adjust_stock},
    people::Refusal,
};
use weir_domain::{Timestamp, ids::OrganizationId};
use weir_sandbox::amazon::demo::{CATALOGUE, CatalogueItem, DemoMarketplace, OpeningStock};

use super::{location, sku, token};

/// Serial numbers of one adjustment: each is a write of its commit, which holds a hundred.
const SERIALS_OF_AN_ADJUSTMENT: usize = 75;

/// Books what a marketplace's warehouse holds when the shop opens.
pub(super) async fn open(
    hub: &Hub,
    organization: &OrganizationId,
    at: &DemoMarketplace,
    opened: Timestamp,
) -> Result<(), Refusal> {
    let country = at.marketplace.country;
    let mut rows = Vec::new();
    for item in CATALOGUE.iter().filter(|item| item.price(at.marketplace).is_some()) {
        match item.stock {
            OpeningStock::Plain { quantity } => rows.push(row(item, quantity.into())?),
            OpeningStock::Batches(batches) => {
                for batch in batches {
                    rows.push(NewRow {
                        batch: Some(batch.number.to_owned()),
                        received_at: Some(batch.received_at(opened)),
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
                    let token = token(&["stock", country, item.sku, &part.to_string()]);
                    book(hub, organization, country, &token, vec![row]).await?;
                }
            }
        }
    }
    book(hub, organization, country, &token(&["stock", country]), rows).await
}

fn row(item: &CatalogueItem, quantity: i64) -> Result<NewRow, Refusal> {
    Ok(NewRow { sku: sku(item)?, quantity, batch: None, received_at: None, serial_numbers: Vec::new() })
}

async fn book(
    hub: &Hub,
    organization: &OrganizationId,
    country: &str,
    token: &str,
    rows: Vec<NewRow>,
) -> Result<(), Refusal> {
    let reason = "Opening stock".to_owned();
    let new = NewAdjustment { location: location(country), reason, rows };
    adjust_stock(hub, organization, token, new).await.map(drop)
}
