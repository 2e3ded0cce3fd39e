//! `sales_orders`: found, read with all that belongs to them, changed, deleted and brought back.

mod shape;

pub(crate) mod fulfillments;
pub(crate) mod change;
pub(crate) mod invoice;
pub(crate) mod release;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::orders::{self as flow, OrderFilter};
use weir_domain::{
    history::HistoryEntry,
    ids::{ChannelOrderId, ConnectionId, RowId, SalesOrderId},
    sales_order::OrderStatus,
};

use super::{
    input::{NoBody, Params, flag, id, parameter, word},
    paging::List,
    shapes::{BecauseShape, time},
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

pub(crate) use shape::OrderShape;

/// A sales order as the API shows it.
pub(super) fn order_shape(view: flow::OrderView) -> OrderShape {
    shape::shape(view)
}

/// The row of an order that an id means: as the order shows it, or the part of it that follows the order's.
fn row_of(order: &SalesOrderId, text: &str) -> Result<RowId, String> {
    let unknown = || format!("The order has no row {}", text.chars().take(120).collect::<String>());
    match RowId::parse_in_order(text) {
        Ok((of, row)) if of == *order => Ok(row),
        Ok(_) => Err(unknown()),
        Err(_) => RowId::parse(text).map_err(|_| unknown()),
    }
}

/// How a list of orders is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListOrders {
    /// The number that people see.
    order_no: Option<String>,
    connection_id: Option<String>,
    /// The channel's own id.
    channel_order_id: Option<String>,
    /// `not_shipped`, `packed`, `partially_delivered` or `delivered`.
    status: Option<String>,
    /// `true`: only those with a flag; `false`: only those without.
    needs_attention: Option<String>,
    /// `true`: deleted ones too.
    include_deleted: Option<String>,
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Sales orders, the newest first.
#[utoipa::path(get, path = "/v1/sales_orders", tag = "sales_orders", params(ListOrders),
    responses((status = 200, body = List<OrderShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListOrders>,
) -> Result<Json<List<OrderShape>>, ApiError> {
    let of = &params.of;
    let statuses = OrderStatus::ALL.map(OrderStatus::as_str);
    let filter = OrderFilter {
        order_no: of.order_no.clone(),
        connection: parameter("connection_id", of.connection_id.as_ref(), ConnectionId::parse)?,
        channel_order_id: parameter("channel_order_id", of.channel_order_id.as_ref(), ChannelOrderId::parse)?,
        status: word("status", of.status.as_ref(), OrderStatus::parse, &statuses)?,
        needs_attention: flag("needs_attention", of.needs_attention.as_ref())?,
        include_deleted: flag("include_deleted", of.include_deleted.as_ref())?.unwrap_or(false),
    };
    let part = flow::list(&console.hub, &who.organization, &filter, &params.window()?).await?;
    Ok(Json(params.list(part, shape::shape)))
}

/// A sales order, also a deleted one.
#[utoipa::path(get, path = "/v1/sales_orders/{id}", tag = "sales_orders", params(("id" = String, Path)),
    responses((status = 200, body = OrderShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<OrderShape>, ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    Ok(Json(shape::shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// Deletes a sales order. It stays as a tombstone and never imports again by itself; what has left
/// stays booked. Refused for one that was created in the locked period.
#[utoipa::path(delete, path = "/v1/sales_orders/{id}", tag = "sales_orders", params(("id" = String, Path)),
    responses((status = 204, description = "It is deleted."), Refusals))]
pub(crate) async fn delete(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    flow::delete(&console.hub, &who.organization, &id, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted sales order back: its open units are held again, and one that follows its channel is
/// looked at within a minute. One that the channel called off stays as it is while that lasts.
#[utoipa::path(post, path = "/v1/sales_orders/{id}/restore", tag = "sales_orders", params(("id" = String, Path)),
    responses((status = 200, body = OrderShape), Refusals))]
pub(crate) async fn restore(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    NoBody: NoBody,
) -> Result<Json<OrderShape>, ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    flow::restore(&console.hub, &who.organization, &id, &who.name).await?;
    Ok(Json(shape::shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// How a timeline is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ReadTimeline {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// A line of an order's timeline.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub(crate) struct EntryShape {
    at: String,
    /// A stable word, such as `imported`, `waiting`, `deleted`.
    what: String,
    message: String,
    because: Vec<BecauseShape>,
    /// Who: a token's name, or what made the signal, such as `poll`.
    actor: String,
    /// The signal that caused it, if one did.
    observation_id: Option<String>,
}

fn entry_shape(entry: HistoryEntry) -> EntryShape {
    EntryShape {
        at: time(entry.at),
        what: entry.what,
        message: entry.message,
        because: entry.because.iter().map(BecauseShape::from).collect(),
        actor: entry.actor,
        observation_id: entry.signal,
    }
}

/// What happened to an order of a channel, oldest first: also to one that never became a sales order.
#[utoipa::path(get, path = "/v1/sales_orders/{id}/timeline", tag = "sales_orders",
    params(("id" = String, Path), ReadTimeline), responses((status = 200, body = List<EntryShape>), Refusals))]
pub(crate) async fn timeline(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    params: Params<ReadTimeline>,
) -> Result<Json<List<EntryShape>>, ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    let part = flow::timeline(&console.hub, &who.organization, &id, &params.window()?).await?;
    Ok(Json(params.list(part, entry_shape)))
}
