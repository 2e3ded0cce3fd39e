//! One order: its figures, its rows with the batches and serial numbers that left, what may be done to it,
//! and everything that happened to it, with the reasons.

pub(super) mod acts;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use maud::{Markup, html};
use weir_app::{
    gate::Site,
    ports::{Index, Record},
};
use weir_domain::{
    history::HistoryEntry,
    ids::{LocationId, SalesOrderId},
    location::Location,
    manufacturing_order::ManufacturingOrder,
    sales_order::{FulfillmentRow, Row, SalesOrder},
};

use super::{PageError, connection_list, frame, layout, listed, location_list, table};
use crate::{Console, auth::Viewer};

pub(super) async fn page(
    State(console): State<Console>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Markup, PageError> {
    let id = SalesOrderId::parse_any(&id).map_err(|_| PageError::NotFound("order"))?;
    let file = console.hub.read_order(Site::PersonRead, &viewer.organization, &id).await?;
    let shown = file.order.clone();
    let shown =
        shown.map(|(order, _)| order).filter(|order| order.is_visible() || order.deleted_at.is_some());
    let order = shown.ok_or(PageError::NotFound("order"))?;
    let timeline = timeline(&console, &viewer, &id).await?;
    let locations = location_list(&console.hub, &viewer.organization).await?;
    let connections = connection_list(&console.hub, &viewer.organization).await?;
    let connection = order.source.as_ref().and_then(|source| connections.get(&source.connection));
    let title = format!("Order {}", order.order_no);
    let frame = frame(&console.hub, &viewer, layout::Place::Orders, Some(title)).await?;
    let (may_write, token) = (viewer.may_write(), console.hub.ids.token());
    let made: Vec<ManufacturingOrder> =
        file.manufacturing_orders.iter().map(|(made, _)| made.clone()).collect();
    let acting = |row: &Row| may_write.then(|| acts::of_row(&order, row, &made, &token));
    let content = html! {
        @for flag in &order.flags { div.notice { (flag.sentence()) } }
        @if order.deleted_at.is_some() { div.notice.bad { "This order was deleted. It stays away until somebody restores it." } }
        div.panel.pad { (facts(&order, connection.map(|connection| connection.name.as_str()))) }
        h2 { "Rows" }
        (rows(&order, &locations, &acting))
        (acts::fulfillments(&order, may_write))
        @if may_write { (acts::fulfil(&order, &token)) }
        (acts::made(&order, &file, may_write))
        (acts::returns(&order, &file, &locations, may_write))
        @if may_write { (acts::of_order(&order)) }
        h2 { "Timeline" }
        div.panel.pad { (history(&timeline)) }
    };
    Ok(layout::page(&frame, &content))
}

/// The timeline of an order, oldest first.
pub(super) async fn timeline(
    console: &Console,
    viewer: &Viewer,
    id: &SalesOrderId,
) -> Result<Vec<HistoryEntry>, PageError> {
    let index = Index::History(viewer.organization.clone(), id.clone());
    listed(&console.hub, &index, |record| match record {
        Record::History(entry) => Some(entry),
        _ => None,
    })
    .await
}

fn facts(order: &SalesOrder, connection: Option<&str>) -> Markup {
    let totals = order.totals();
    html! {
        dl.facts {
            div { dt { "Status" } dd { (layout::status(order.status)) } }
            div { dt { "From" } dd { (connection.unwrap_or("Weir")) } }
            div { dt { "Ordered" } dd { (layout::time(order.ordered_at)) } }
            @if let Some(fulfillment) = order.fulfillments.first() {
                div { dt { "Shipped" } dd { (layout::time(fulfillment.shipped_at)) } }
            }
            div { dt { "Subtotal, net" } dd { (layout::amount(totals.subtotal, order.currency)) } }
            @if !totals.discount.is_zero() { div { dt { "Discount" } dd { (layout::amount(Some(totals.discount), order.currency)) } } }
            @if !totals.shipping.is_zero() { div { dt { "Shipping" } dd { (layout::amount(Some(totals.shipping), order.currency)) } } }
            @if !totals.other_charges.is_zero() { div { dt { "Other charges" } dd { (layout::amount(Some(totals.other_charges), order.currency)) } } }
            div { dt { "Tax" } dd { (layout::amount(Some(totals.tax), order.currency)) } }
            div { dt { "Total" } dd { b { (layout::amount(totals.total, order.currency)) } } }
            @if let Some(channel) = order.channel_total {
                div { dt { "Total at the channel" } dd { (layout::amount(Some(channel.amount), Some(channel.currency))) } }
            }
            @if let Some(base) = order.base_total {
                div { dt { "In the base currency" } dd { (layout::amount(Some(base.amount), Some(base.currency))) } }
            }
        }
    }
}

fn rows(
    order: &SalesOrder,
    locations: &BTreeMap<LocationId, Location>,
    acting: &impl Fn(&Row) -> Option<Markup>,
) -> Markup {
    let head = [
        ("SKU", false),
        ("Item", false),
        ("Units", true),
        ("Unit price", true),
        ("Discount", true),
        ("Tax", true),
        ("Net", true),
        ("From", false),
        ("Status", false),
    ];
    let rows: Vec<Markup> =
        order.rows.iter().map(|row| row_line(order, row, locations, acting(row).as_ref())).collect();
    table("Rows", &head, &rows)
}

fn row_line(
    order: &SalesOrder,
    row: &Row,
    locations: &BTreeMap<LocationId, Location>,
    acts: Option<&Markup>,
) -> Markup {
    let location =
        row.location.as_ref().and_then(|id| locations.get(id)).map_or("–", |location| &location.name);
    let taken: Vec<&FulfillmentRow> = order
        .fulfillments
        .iter()
        .flat_map(|fulfillment| &fulfillment.rows)
        .filter(|taken| taken.row == row.id)
        .collect();
    html! {
        tr {
            td.code { (row.sku) @if let Some(channel) = &row.channel_sku { br; span.muted { "as " (channel) } } }
            td {
                (row.name)
                @for taken in taken {
                    @for batch in &taken.batches { div.small.muted { "batch " (batch.number) " × " (batch.quantity) } }
                    @if !taken.serial_numbers.is_empty() { div.small.muted { "serial " (taken.serial_numbers.join(", ")) } }
                }
                @for (name, value) in &row.attributes { div.small.muted { (name.replace('_', " ")) ": " (value) } }
            }
            td.num { (row.quantity) }
            td.num { (row.price_per_unit.map_or_else(|| html! { span.muted { "unknown" } }, |price| html! { (price.round_dp(4).normalize()) })) }
            td.num { (layout::amount(Some(row.discount), order.currency)) }
            td.num {
                (layout::amount(row.tax, order.currency))
                @if let Some(rate) = row.tax_rate { div.small.muted { (rate.normalize()) " %" } }
            }
            td.num { (layout::amount(row.net(), order.currency)) }
            td { (location) }
            td {
                (layout::status(row.status))
                @if row.invoiced { div.small.muted { "invoiced" } }
                @if let Some(acts) = acts { (acts) }
            }
        }
    }
}

/// A timeline with its reasons.
pub(super) fn history(entries: &[HistoryEntry]) -> Markup {
    html! {
        @if entries.is_empty() { p.muted { "Nothing yet." } }
        ol.timeline {
            @for entry in entries {
                li {
                    div { b { (entry.what.replace('_', " ")) } " " span.muted.small { (layout::time(entry.at)) " · by " (entry.actor) } }
                    div { (entry.message) }
                    @if !entry.because.is_empty() {
                        ul.because { @for because in &entry.because { li { (because.message) } } }
                    }
                }
            }
        }
    }
}
