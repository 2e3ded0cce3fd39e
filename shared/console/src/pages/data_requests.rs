//! Buyers who want to know what is held about them, and the file to hand to each. (SPEC OP-05)

use axum::extract::State;
use maud::{Markup, html};
use weir_app::{data_requests as flow, lists::Window};

use super::{PageError, ROWS_A_PAGE, connection_list, frame, layout, table};
use crate::{Console, auth::Viewer};

pub(super) async fn page(State(console): State<Console>, viewer: Viewer) -> Result<Markup, PageError> {
    let title = Some("Data requests".to_owned());
    let frame = frame(&console.hub, &viewer, layout::Place::Connections, title).await?;
    let window = Window { places: None, limit: ROWS_A_PAGE };
    let asked = flow::list(&console.hub, &viewer.organization, &window).await?;
    let connections = connection_list(&console.hub, &viewer.organization).await?;
    let rows: Vec<Markup> = asked
        .data
        .iter()
        .map(|asked| {
            let shop = connections.get(&asked.connection);
            html! {
                tr {
                    td { (layout::time(asked.received_at)) }
                    td { (shop.map_or("", |connection| connection.name.as_str())) }
                    td { (asked.request.as_deref().unwrap_or_default()) }
                    td.num { (asked.orders.len()) }
                    td {
                        @if viewer.may_administer() {
                            a href=(format!("/v1/data_requests/{}/export", layout::escape(asked.id.as_str())))
                                download=(format!("{}.json", asked.id)) { "Export" }
                        } @else { span.muted { "An administrator exports it." } }
                    }
                }
            }
        })
        .collect();
    let content = html! {
        p.muted { "Their channel passes these on. Hand the export to the buyer, or to the shop that asked for him, within 30 days." }
        @if rows.is_empty() { div.panel { p.empty { "None." } } }
        @else {
            (table("Data requests", &[("Received", false), ("Shop", false), ("Number", false), ("Orders", true), ("Answer", false)], &rows))
        }
    };
    Ok(layout::page(&frame, &content))
}
