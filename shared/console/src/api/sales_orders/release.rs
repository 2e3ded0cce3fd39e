//! `sales_orders/{id}/rows/{row_id}/release`: what is held for a row is free again.

use axum::{
    Json,
    extract::{Path, State},
};
use weir_app::{acts::release as flow, orders, people::Refusal};
use weir_domain::ids::SalesOrderId;

use super::{OrderShape, row_of, shape};
use crate::{
    Console,
    api::input::{NoBody, id},
    auth::Who,
    errors::{ApiError, Refusals},
};

/// Frees what is held for a row, and clears the row's location.
#[utoipa::path(post, path = "/v1/sales_orders/{id}/rows/{row_id}/release", tag = "sales_orders",
    params(("id" = String, Path), ("row_id" = String, Path)),
    responses((status = 200, body = OrderShape), Refusals))]
pub(crate) async fn release(
    State(console): State<Console>,
    Who(who): Who,
    Path((order, row)): Path<(String, String)>,
    NoBody: NoBody,
) -> Result<Json<OrderShape>, ApiError> {
    let id = id("sales order", &order, SalesOrderId::parse_any)?;
    let row = row_of(&id, &row).map_err(|message| Refusal::NotFound(format!("{message}.")))?;
    flow::release(&console.hub, &who.organization, &id, &row, &who.name).await?;
    Ok(Json(shape::shape(orders::read(&console.hub, &who.organization, &id).await?)))
}
