//! `manufacturing_orders`: what is made for rows of sales orders.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::acts::manufacture::{self as flow, Filter};
use weir_domain::{
    ids::{ManufacturingOrderId, RowId, SalesOrderId},
    manufacturing_order::{ManufacturingOrder, ManufacturingStatus},
};

use super::{
    input::{Body, Fields, Params, Quantity, id, parameter, word},
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

const STATUSES: [&str; 3] = [
    ManufacturingStatus::NotStarted.as_str(),
    ManufacturingStatus::WorkInProgress.as_str(),
    ManufacturingStatus::Done.as_str(),
];

/// A manufacturing order.
#[derive(Serialize, ToSchema)]
#[schema(as = ManufacturingOrder)]
pub(crate) struct MadeShape {
    id: String,
    sales_order_id: String,
    /// Null once it was unlinked: its row changed after work on it had begun.
    sales_order_row_id: Option<String>,
    variant_id: String,
    sku: String,
    /// Whole units.
    quantity: i64,
    /// `not_started`, `work_in_progress` or `done`.
    status: &'static str,
    created_at: String,
}

fn shape(made: ManufacturingOrder) -> MadeShape {
    MadeShape {
        id: made.id.to_string(),
        sales_order_row_id: made.row.map(|row| row.in_order(&made.order)),
        sales_order_id: made.order.to_string(),
        variant_id: made.variant.to_string(),
        sku: made.sku.to_string(),
        quantity: made.quantity,
        status: made.status.as_str(),
        created_at: time(made.created_at),
    }
}

/// How a list of manufacturing orders is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListMade {
    sales_order_id: Option<String>,
    /// `not_started`, `work_in_progress` or `done`.
    status: Option<String>,
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Manufacturing orders, the newest first; those of one sales order by id.
#[utoipa::path(get, path = "/v1/manufacturing_orders", tag = "manufacturing_orders", params(ListMade),
    responses((status = 200, body = List<MadeShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListMade>,
) -> Result<Json<List<MadeShape>>, ApiError> {
    let of = &params.of;
    let filter = Filter {
        order: parameter("sales_order_id", of.sales_order_id.as_ref(), SalesOrderId::parse_any)?,
        status: word("status", of.status.as_ref(), ManufacturingStatus::parse, &STATUSES)?,
    };
    let part = flow::list(&console.hub, &who.organization, &filter, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What a manufacturing order is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateMade {
    /// The row's id, as its sales order shows it.
    sales_order_row_id: String,
    /// Whole units.
    #[schema(value_type = i64)]
    quantity: Quantity,
}

/// Makes a manufacturing order for a row of a sales order. While nothing was done it follows its row.
#[utoipa::path(post, path = "/v1/manufacturing_orders", tag = "manufacturing_orders", request_body = CreateMade,
    responses((status = 201, body = MadeShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    NewId(token): NewId,
    Body(body): Body<CreateMade>,
) -> Result<(StatusCode, Json<MadeShape>), ApiError> {
    let mut fields = Fields::default();
    let row = fields.parse("sales_order_row_id", RowId::parse_in_order(&body.sales_order_row_id));
    fields.check()?;
    let Some((order, row)) = row else { return Err(fields.refusal()) };
    let (hub, organization) = (&console.hub, &who.organization);
    let of = (&order, &row);
    let made = flow::create(hub, organization, &token, of, body.quantity.0, &who.name).await?;
    Ok((StatusCode::CREATED, Json(shape(made))))
}

/// A manufacturing order.
#[utoipa::path(get, path = "/v1/manufacturing_orders/{id}", tag = "manufacturing_orders",
    params(("id" = String, Path)), responses((status = 200, body = MadeShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<MadeShape>, ApiError> {
    let id = id("manufacturing order", &text, ManufacturingOrderId::parse)?;
    Ok(Json(shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// What changes of a manufacturing order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMade {
    /// `not_started`, `work_in_progress` or `done`; it goes forward alone.
    status: Option<String>,
    /// Whole units; it changes while nothing was done.
    #[schema(value_type = Option<i64>)]
    quantity: Option<Quantity>,
}

/// Changes a manufacturing order. One that is done books no stock: its units come in with a stock adjustment.
#[utoipa::path(patch, path = "/v1/manufacturing_orders/{id}", tag = "manufacturing_orders",
    params(("id" = String, Path)), request_body = ChangeMade,
    responses((status = 200, body = MadeShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<ChangeMade>,
) -> Result<Json<MadeShape>, ApiError> {
    let id = id("manufacturing order", &text, ManufacturingOrderId::parse)?;
    let mut fields = Fields::default();
    let status =
        body.status.and_then(|word| fields.word("status", ManufacturingStatus::parse(&word), &STATUSES));
    fields.check()?;
    let change = (status, body.quantity.map(|Quantity(quantity)| quantity));
    let made = flow::change(&console.hub, &who.organization, &id, change, &who.name).await?;
    Ok(Json(shape(made)))
}
