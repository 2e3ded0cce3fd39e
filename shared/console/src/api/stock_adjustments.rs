//! `stock_adjustments`: a person's correction of the stock, all of it or nothing.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::adjust_stock::{self as flow, NewAdjustment, NewRow};
use weir_domain::{
    Timestamp,
    ids::{AdjustmentId, LocationId},
    stock::{Adjustment, AdjustmentRow},
    variant::Sku,
};

use super::{
    input::{Body, Fields, Params, Quantity, id},
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

/// A stock adjustment.
#[derive(Serialize, ToSchema)]
#[schema(as = StockAdjustment)]
pub(crate) struct AdjustmentShape {
    id: String,
    location_id: String,
    reason: String,
    rows: Vec<RowShape>,
    created_at: String,
}

/// A row of a stock adjustment.
#[derive(Serialize, ToSchema)]
#[schema(as = StockAdjustmentRow)]
struct RowShape {
    variant_id: String,
    /// The SKU when it was booked.
    sku: String,
    /// Whole units; negative takes out.
    quantity: i64,
    batch_number: Option<String>,
    received_at: Option<String>,
    serial_numbers: Vec<String>,
}

fn row_shape(row: AdjustmentRow) -> RowShape {
    RowShape {
        variant_id: row.variant.to_string(),
        sku: row.sku.to_string(),
        quantity: row.quantity,
        batch_number: row.batch,
        received_at: row.received_at.map(time),
        serial_numbers: row.serial_numbers,
    }
}

fn shape(adjustment: Adjustment) -> AdjustmentShape {
    AdjustmentShape {
        id: adjustment.id.to_string(),
        location_id: adjustment.location.to_string(),
        reason: adjustment.reason,
        rows: adjustment.rows.into_iter().map(row_shape).collect(),
        created_at: time(adjustment.created_at),
    }
}

/// How a list of adjustments is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListAdjustments {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Stock adjustments, newest first.
#[utoipa::path(get, path = "/v1/stock_adjustments", tag = "stock_adjustments", params(ListAdjustments),
    responses((status = 200, body = List<AdjustmentShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListAdjustments>,
) -> Result<Json<List<AdjustmentShape>>, ApiError> {
    let part = flow::list(&console.hub, &who.organization, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What an adjustment is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateAdjustment {
    location_id: String,
    /// Why; not empty.
    reason: String,
    rows: Vec<CreateRow>,
}

/// A row of an adjustment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateRow {
    sku: String,
    /// Whole units, as an integer or its text; negative takes out.
    #[schema(value_type = i64)]
    quantity: Quantity,
    /// Of a batch-tracked variant: the batch that comes in, or that it leaves (first in, first out if
    /// left out).
    batch_number: Option<String>,
    /// When the batch came in; now if left out.
    received_at: Option<String>,
    /// Of a serial-tracked variant: as many as units.
    #[serde(default)]
    serial_numbers: Vec<String>,
}

/// Adjusts stock: all rows, or none.
#[utoipa::path(post, path = "/v1/stock_adjustments", tag = "stock_adjustments", request_body = CreateAdjustment,
    responses((status = 201, body = AdjustmentShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    NewId(token): NewId,
    Body(body): Body<CreateAdjustment>,
) -> Result<(StatusCode, Json<AdjustmentShape>), ApiError> {
    let mut fields = Fields::default();
    let location = fields.parse("location_id", LocationId::parse(&body.location_id));
    let reason = fields.text("reason", &body.reason);
    let mut rows = Vec::new();
    for (number, given) in body.rows.into_iter().enumerate() {
        rows.extend(row(&mut fields, number, given));
    }
    fields.check()?;
    let (Some(location), Some(reason)) = (location, reason) else { return Err(fields.refusal()) };
    let new = NewAdjustment { location, reason, rows };
    let made = flow::adjust_stock(&console.hub, &who.organization, &token, new).await?;
    Ok((StatusCode::CREATED, Json(shape(made))))
}

fn row(fields: &mut Fields, number: usize, given: CreateRow) -> Option<NewRow> {
    let sku = fields.parse(&format!("rows[{number}].sku"), Sku::parse(&given.sku));
    let received_at = given.received_at.and_then(|text| {
        let parsed = text.parse::<Timestamp>().ok();
        if parsed.is_none() {
            let path = format!("rows[{number}].received_at");
            fields.wrong(&path, "Give a time such as \"2026-01-31T09:00:00Z\".");
        }
        parsed
    });
    let Quantity(quantity) = given.quantity;
    Some(NewRow {
        sku: sku?,
        quantity,
        batch: given.batch_number,
        received_at,
        serial_numbers: given.serial_numbers,
    })
}

/// A stock adjustment.
#[utoipa::path(get, path = "/v1/stock_adjustments/{id}", tag = "stock_adjustments", params(("id" = String, Path)),
    responses((status = 200, body = AdjustmentShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<AdjustmentShape>, ApiError> {
    let id = id("stock adjustment", &text, AdjustmentId::parse)?;
    Ok(Json(shape(flow::read(&console.hub, &who.organization, &id).await?)))
}
