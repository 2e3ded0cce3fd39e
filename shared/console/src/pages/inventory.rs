//! What each place holds, and the latest movements that made it so.

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use weir_app::{
    gate::Site,
    ports::{Index, Record},
};

use weir_domain::ids::LocationId;

use super::{PageError, ROWS_A_PAGE, frame, layout, location_list, table, variant_list};
use crate::{Console, auth::Viewer};

/// Movements that the page shows.
const MOVEMENTS: usize = 30;

#[derive(Deserialize)]
pub(super) struct Asked {
    cursor: Option<String>,
}

pub(super) async fn page(
    State(console): State<Console>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Markup, PageError> {
    let organization = &viewer.organization;
    let frame = frame(&console.hub, &viewer, layout::Place::Inventory, None).await?;
    let variants = variant_list(&console.hub, organization).await?;
    let locations = location_list(&console.hub, organization).await?;
    let name_of =
        |id: &LocationId| locations.get(id).map_or_else(|| "–".to_owned(), |location| location.name.clone());
    let index = Index::Stock(organization.clone());
    let stock = console.hub.list(Site::PersonRead, &index, asked.cursor.as_deref(), ROWS_A_PAGE).await?;
    let mut rows = Vec::new();
    for (_, stored) in stock.records {
        let Record::Stock(item) = stored.record else { continue };
        let variant = variants.get(&item.key.variant);
        rows.push(html! {
            tr {
                td.code { (variant.map_or(item.key.variant.as_str(), |variant| variant.sku.as_str())) }
                td { (variant.map_or("–", |variant| variant.name.as_str())) }
                td { (name_of(&item.key.location)) }
                td.num { @if item.on_hand < 0 { span.chip.bad { (item.on_hand) } } @else { (item.on_hand) } }
                td.num { (item.reserved) }
                td.num { (item.available()) }
                td { @for batch in &item.batches { span.chip { (batch.number) " × " (batch.quantity) } " " } }
            }
        });
    }
    let movements =
        console.hub.list(Site::PersonRead, &Index::Movements(organization.clone()), None, MOVEMENTS).await?;
    let mut lines = Vec::new();
    for (_, stored) in movements.records {
        let Record::Movement(movement) = stored.record else { continue };
        lines.push(html! {
            tr {
                td { (layout::time(movement.at)) }
                td.code { (movement.sku) }
                td { (name_of(&movement.key.location)) }
                td.num { (movement.quantity) }
                td { (movement.batch.as_deref().unwrap_or_default()) (movement.serial_numbers.join(", ")) }
                td { (movement.cause.kind().replace('_', " ")) " " span.muted { (movement.cause.id()) } }
            }
        });
    }
    let head = [
        ("SKU", false),
        ("Item", false),
        ("Location", false),
        ("On hand", true),
        ("Reserved", true),
        ("Available", true),
        ("Batches", false),
    ];
    let moved = [
        ("When", false),
        ("SKU", false),
        ("Location", false),
        ("Units", true),
        ("Batch or serial", false),
        ("Cause", false),
    ];
    let content = html! {
        @if rows.is_empty() { div.panel { p.empty { "Nothing is stocked yet." } } } @else { (table("Stock", &head, &rows)) }
        (layout::next_page("/inventory", &[], stock.next.as_deref()))
        h2 { "Latest movements" }
        @if lines.is_empty() { div.panel { p.empty { "Nothing has moved yet." } } } @else { (table("Latest movements", &moved, &lines)) }
    };
    Ok(layout::page(&frame, &content))
}
