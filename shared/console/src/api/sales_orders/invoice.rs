//! `sales_orders/{id}/invoice`: rows that were invoiced never change.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use utoipa::ToSchema;
use weir_app::{acts::invoice as flow, orders};
use weir_domain::ids::SalesOrderId;

use super::{OrderShape, row_of, shape};
use crate::{
    Console,
    api::input::{Fields, MaybeBody, id},
    auth::Who,
    errors::{ApiError, Refusals},
};

/// Which rows are invoiced.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invoice {
    /// All rows if left out.
    rows: Option<Vec<InvoiceRow>>,
}

/// A row of an invoice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvoiceRow {
    /// The row's id, as the order shows it.
    row_id: String,
}

/// Marks rows of a sales order as invoiced; all of them, if none is named. They never change from then on,
/// whatever the channel says.
#[utoipa::path(post, path = "/v1/sales_orders/{id}/invoice", tag = "sales_orders",
    params(("id" = String, Path)), request_body = Option<Invoice>,
    responses((status = 200, body = OrderShape), Refusals))]
pub(crate) async fn invoice(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    MaybeBody(body): MaybeBody<Invoice>,
) -> Result<Json<OrderShape>, ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    let mut fields = Fields::default();
    let mut rows = BTreeSet::new();
    if body.rows.as_ref().is_some_and(Vec::is_empty) {
        fields.wrong("rows", "Give at least one row, or leave it out for all of them.");
    }
    for (number, given) in body.rows.iter().flatten().enumerate() {
        rows.extend(fields.parse(&format!("rows[{number}].row_id"), row_of(&id, &given.row_id)));
    }
    fields.check()?;
    flow::invoice(&console.hub, &who.organization, &id, &rows, &who.name).await?;
    Ok(Json(shape::shape(orders::read(&console.hub, &who.organization, &id).await?)))
}
