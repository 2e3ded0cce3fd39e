//! The overview: how many orders were seen and what became of them, the latest ones, and whether the
//! connections work. Its counts are alive.

use axum::extract::State;
use maud::{Markup, html};
use weir_app::{
    Hub, dead_letters,
    gate::Site,
    ports::{Index, Record},
};
use weir_domain::{
    connection::ConnectionStatus, ids::OrganizationId, outcome::OutcomeKind, sales_order::SalesOrder,
};

use super::{PageError, channel_title, connection_list, frame, layout, table};
use crate::{Console, auth::Viewer};

/// Counts stop here: each is read from the store again and again, and a person needs no more.
const COUNTED: usize = 1_000;

/// The columns of a list of orders.
pub(super) const HEAD: [(&str, bool); 6] = [
    ("Order", false),
    ("Ordered", false),
    ("Status", false),
    ("From", false),
    ("Total", true),
    ("Notes", false),
];

/// The latest orders that the overview shows.
const LATEST: usize = 12;

pub(super) async fn page(State(console): State<Console>, viewer: Viewer) -> Result<Markup, PageError> {
    let frame = frame(&console.hub, &viewer, layout::Place::Overview, None).await?;
    let live = fragment(&console.hub, &viewer.organization).await?;
    let dead =
        dead_letters::list(&console.hub, &viewer.organization, viewer.is_deployment_admin()).await?.len();
    let content = html! {
        @if dead > 0 {
            div.notice.bad {
                "Messages that could not be handled: " b { (dead) } ". " a href="/dead-letters" { "See to them" }
            }
        }
        div hx-get="/overview/live" hx-trigger="every 3s" hx-swap="innerHTML" { (live) }
    };
    Ok(layout::page(&frame, &content))
}

pub(super) async fn live(State(console): State<Console>, viewer: Viewer) -> Result<Markup, PageError> {
    fragment(&console.hub, &viewer.organization).await
}

async fn fragment(hub: &Hub, organization: &OrganizationId) -> Result<Markup, PageError> {
    let count = async |kind: OutcomeKind| {
        let index = Index::Observations(organization.clone(), kind);
        hub.count(Site::PersonRead, &index, COUNTED).await
    };
    let orders = hub.count(Site::PersonRead, &Index::Orders(organization.clone()), COUNTED).await?;
    let waiting = count(OutcomeKind::Waiting).await?;
    let skipped = count(OutcomeKind::Skipped).await?;
    let failed = count(OutcomeKind::Failed).await?;
    let page = hub.list(Site::PersonRead, &Index::Orders(organization.clone()), None, LATEST).await?;
    let latest: Vec<SalesOrder> = page
        .records
        .into_iter()
        .filter_map(|(_, stored)| match stored.record {
            Record::Order(order) => Some(order),
            _ => None,
        })
        .collect();
    let connections = connection_list(hub, organization).await?;
    let rows: Vec<Markup> = latest.iter().map(row).collect();
    Ok(html! {
        div.tiles role="status" aria-live="off" {
            (tile("/orders", orders, "sales orders"))
            (tile("/attention", waiting, "waiting"))
            (tile("/attention?kind=failed", failed, "failed"))
            (tile("/attention?kind=skipped", skipped, "skipped, with a reason"))
        }
        h2 { "Latest orders" }
        @if rows.is_empty() {
            div.panel { p.empty { "No orders yet. They come by themselves once a connection is active." } }
        } @else {
            (table("Latest orders", &HEAD, &rows))
        }
        h2 { "Connections" }
        div.panel.pad {
            @if connections.is_empty() { p.muted { "None yet." } }
            @for connection in connections.values() {
                p {
                    (connection_chip(&connection.status)) " " (connection.name) " " span.muted { (channel_title(&connection.channel)) }
                    @if let ConnectionStatus::NeedsAttention(reason) = &connection.status {
                        span.muted { " " (reason.message) @if let Some(action) = &reason.action { " " (action) } }
                    }
                }
            }
        }
    })
}

fn tile(path: &str, count: usize, words: &str) -> Markup {
    let shown = if count >= COUNTED { format!("{COUNTED}+") } else { count.to_string() };
    html! { a.tile href=(path) { b { (shown) } span { (words) } } }
}

pub(super) fn connection_chip(status: &ConnectionStatus) -> Markup {
    match status {
        ConnectionStatus::Active => html! { span.chip.good { "active" } },
        ConnectionStatus::Inactive => html! { span.chip { "inactive" } },
        ConnectionStatus::NeedsAttention(_) => html! { span.chip.bad { "needs attention" } },
    }
}

/// A row of a list of orders.
pub(super) fn row(order: &SalesOrder) -> Markup {
    html! {
        tr {
            td { a href=(format!("/orders/{}", layout::escape(order.id.as_str()))) { (order.order_no) } }
            td { (layout::time(order.ordered_at)) }
            td { @if order.deleted_at.is_some() { span.chip { "deleted" } } @else { (layout::status(order.status)) } }
            td { @match &order.source { Some(source) => (channel_title(&source.channel)), None => "Weir" } }
            td.num { (layout::amount(order.totals().total, order.currency)) }
            td { @for flag in &order.flags { span.chip.warn title=(flag.sentence()) { (flag.as_str().replace('_', " ")) } " " } }
        }
    }
}
