//! The list of orders, newest first, with a search by number.

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use weir_app::{
    gate::Site,
    ports::{Index, Key, Record},
};
use weir_domain::{
    ids::{ChannelOrderId, SalesOrderId},
    sales_order::{OrderStatus, SalesOrder},
};

use super::{PageError, ROWS_A_PAGE, connection_list, frame, layout, overview, table};
use crate::{Console, auth::Viewer};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    cursor: Option<String>,
}

pub(super) async fn page(
    State(console): State<Console>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let number = asked.q.trim();
    if !number.is_empty()
        && let Some(id) = find(&console, &viewer, number).await?
    {
        return Ok(Redirect::to(&format!("/orders/{}", layout::escape(id.as_str()))).into_response());
    }
    let frame = frame(&console.hub, &viewer, layout::Place::Orders, None).await?;
    let index = Index::Orders(viewer.organization.clone());
    let page = console.hub.list(Site::PersonRead, &index, asked.cursor.as_deref(), ROWS_A_PAGE).await?;
    let status = OrderStatus::parse(&asked.status);
    let orders: Vec<SalesOrder> = page
        .records
        .into_iter()
        .filter_map(|(_, stored)| match stored.record {
            Record::Order(order) => Some(order),
            _ => None,
        })
        .filter(|order| status.is_none_or(|status| order.status == status))
        .collect();
    let rows: Vec<Markup> = orders.iter().map(overview::row).collect();
    let content = html! {
        (search(number, status))
        @if !number.is_empty() {
            div.notice {
                "No sales order has the number " b { (number) } ". "
                a href=(format!("/why?q={}", layout::escape(number))) { "Ask why it did not import" } "."
            }
        }
        @if rows.is_empty() { div.panel { p.empty { "No orders here." } } } @else { (table("Orders", &overview::HEAD, &rows)) }
        (layout::next_page("/orders", &[("status", &asked.status)], page.next.as_deref()))
    };
    Ok(layout::page(&frame, &content).into_response())
}

fn search(number: &str, status: Option<OrderStatus>) -> Markup {
    html! {
        form.row method="get" action="/orders" role="search" {
            label { "Order number" br; input type="search" name="q" value=(number) autocomplete="off"; }
            label {
                "Status" br;
                select name="status" {
                    option value="" { "any" }
                    @for choice in OrderStatus::ALL {
                        option value=(choice.as_str()) selected[status == Some(choice)] { (choice.as_str().replace('_', " ")) }
                    }
                }
            }
            button.quiet type="submit" { "Search" }
        }
    }
}

/// The order of a number: channels whose numbers are their ids answer by key.
async fn find(console: &Console, viewer: &Viewer, number: &str) -> Result<Option<SalesOrderId>, PageError> {
    let Ok(channel_order_id) = ChannelOrderId::parse(number) else { return Ok(None) };
    let connections = connection_list(&console.hub, &viewer.organization).await?;
    let keys: Vec<Key> = connections
        .keys()
        .map(|connection| SalesOrderId::for_source(connection, &channel_order_id))
        .map(|id| Key::Order(viewer.organization.clone(), id))
        .collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let found = console.hub.get(Site::PersonRead, &keys).await?;
    Ok(found.into_values().find_map(|stored| match stored.record {
        Record::Order(order) if order.is_visible() || order.deleted_at.is_some() => Some(order.id),
        _ => None,
    }))
}
