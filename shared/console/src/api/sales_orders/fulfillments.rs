//! `sales_orders/{id}/fulfillments`: what was packed and delivered, and packing and delivering. Stock moves
//! once, and the shop that took the order is told once.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::ToSchema;
use weir_app::{
    acts::fulfill::{self as flow, Fulfilled, FulfillmentPatch, NewParcel},
    orders,
};
use weir_domain::{
    Timestamp,
    ids::{FulfillmentId, SalesOrderId},
    sales_order::{FulfillmentRow, FulfillmentStatus, Tracking, TrackingPatch},
    stock::BatchTake,
};

use super::{
    row_of,
    shape::{self, FulfillmentShape},
};
use crate::{
    Console,
    api::{
        input::{Body, Fields, Quantity, given, id},
        paging::List,
    },
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

const STATUSES: [&str; 2] = [FulfillmentStatus::Packed.as_str(), FulfillmentStatus::Delivered.as_str()];

/// What was packed and delivered of a sales order, the oldest first.
#[utoipa::path(get, path = "/v1/sales_orders/{id}/fulfillments", tag = "sales_orders",
    params(("id" = String, Path)), responses((status = 200, body = List<FulfillmentShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<List<FulfillmentShape>>, ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    let order = orders::read(&console.hub, &who.organization, &id).await?.order;
    let data = order.fulfillments.iter().map(|one| shape::fulfillment(one, &order)).collect();
    Ok(Json(List { data, next_cursor: None }))
}

/// What is packed or delivered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateFulfillment {
    /// `packed` or `delivered`.
    status: String,
    rows: Vec<CreateRow>,
    tracking: Option<CreateTracking>,
    /// When it left; now if left out.
    shipped_at: Option<String>,
}

/// Units of a row.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateFulfillmentRow)]
struct CreateRow {
    /// The row's id, as the order shows it.
    row_id: String,
    /// Whole units, at most those that are open.
    #[schema(value_type = i64)]
    quantity: Quantity,
    /// The batches that they leave from; what none is named for goes first in, first out.
    #[serde(default)]
    batch_transactions: Vec<CreateBatch>,
    /// At most one for each unit.
    #[serde(default)]
    serial_numbers: Vec<String>,
}

/// Units out of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateBatchTransaction)]
struct CreateBatch {
    batch_number: String,
    #[schema(value_type = i64)]
    quantity: Quantity,
}

/// A parcel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateTracking {
    number: Option<String>,
    carrier: Option<String>,
    /// `https://…` or `http://…`.
    url: Option<String>,
}

/// Packs or delivers rows of a sales order: all of what is given, or nothing. The shop that took the order
/// is told, with the tracking, once.
#[utoipa::path(post, path = "/v1/sales_orders/{id}/fulfillments", tag = "sales_orders",
    params(("id" = String, Path)), request_body = CreateFulfillment,
    responses((status = 201, body = FulfillmentShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    NewId(token): NewId,
    Body(body): Body<CreateFulfillment>,
) -> Result<(StatusCode, Json<FulfillmentShape>), ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    let mut fields = Fields::default();
    let status = fields.word("status", status(&body.status), &STATUSES);
    let mut rows = Vec::new();
    for (number, given) in body.rows.into_iter().enumerate() {
        rows.extend(row(&mut fields, &id, number, given));
    }
    let tracking = body.tracking.and_then(|given| tracking(&mut fields, given));
    let shipped_at = body.shipped_at.and_then(|text| {
        let parsed = text.parse::<Timestamp>();
        fields.parse("shipped_at", parsed.map_err(|_| "Give a time such as \"2026-01-31T09:00:00Z\""))
    });
    fields.check()?;
    let Some(status) = status else { return Err(fields.refusal()) };
    let new = NewParcel { status, rows, tracking, shipped_at };
    let made = flow::fulfill(&console.hub, &who.organization, &id, &token, new, &who.name).await?;
    Ok((StatusCode::CREATED, Json(shown(&made))))
}

fn shown(fulfilled: &Fulfilled) -> FulfillmentShape {
    shape::fulfillment(&fulfilled.fulfillment, &fulfilled.order)
}

fn status(word: &str) -> Option<FulfillmentStatus> {
    [FulfillmentStatus::Packed, FulfillmentStatus::Delivered]
        .into_iter()
        .find(|status| status.as_str() == word)
}

fn row(fields: &mut Fields, order: &SalesOrderId, number: usize, given: CreateRow) -> Option<FulfillmentRow> {
    let row = fields.parse(&format!("rows[{number}].row_id"), row_of(order, &given.row_id));
    let take = |given: CreateBatch| BatchTake { number: given.batch_number, quantity: given.quantity.0 };
    Some(FulfillmentRow {
        row: row?,
        quantity: given.quantity.0,
        batches: given.batch_transactions.into_iter().map(take).collect(),
        serial_numbers: given.serial_numbers,
    })
}

/// A parcel of which at least something is told.
fn tracking(fields: &mut Fields, given: CreateTracking) -> Option<Tracking> {
    let CreateTracking { number, carrier, url } = given;
    let given = ChangeTracking { number: number.map(Some), carrier: carrier.map(Some), url: url.map(Some) };
    changed_tracking(fields, given).applied(None)
}

fn changed_tracking(fields: &mut Fields, given: ChangeTracking) -> TrackingPatch {
    let number = given.number.map(|text| text.and_then(|text| fields.name("tracking.number", &text)));
    let carrier = given.carrier.map(|text| text.and_then(|text| fields.name("tracking.carrier", &text)));
    let url = given.url.map(|text| text.and_then(|text| fields.text("tracking.url", &text)));
    if let Some(Some(url)) = &url
        && !url.starts_with("https://")
        && !url.starts_with("http://")
    {
        fields.wrong("tracking.url", "Give an address that begins with https:// or http://.");
    }
    TrackingPatch { number, carrier, url }
}

/// What changes of a parcel. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeTracking {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    number: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    carrier: Option<Option<String>>,
    /// `https://…` or `http://…`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    url: Option<Option<String>>,
}

/// What changes of a fulfillment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeFulfillment {
    /// `delivered`: what was packed is delivered.
    status: Option<String>,
    /// Its parcel; null clears it. It stays here: the shop hears of a parcel once.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ChangeTracking>)]
    tracking: Option<Option<ChangeTracking>>,
}

/// Delivers what was packed: its stock moved then, and the shop was told then. Or notes its parcel.
#[utoipa::path(patch, path = "/v1/sales_orders/{id}/fulfillments/{fulfillment_id}", tag = "sales_orders",
    params(("id" = String, Path), ("fulfillment_id" = String, Path)), request_body = ChangeFulfillment,
    responses((status = 200, body = FulfillmentShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Path((order, fulfillment)): Path<(String, String)>,
    Body(body): Body<ChangeFulfillment>,
) -> Result<Json<FulfillmentShape>, ApiError> {
    let order = id("sales order", &order, SalesOrderId::parse_any)?;
    let fulfillment = id("fulfillment", &fulfillment, FulfillmentId::parse)?;
    let mut fields = Fields::default();
    let patch = FulfillmentPatch {
        status: body.status.and_then(|word| fields.word("status", status(&word), &STATUSES)),
        tracking: body.tracking.map(|given| match given {
            Some(given) => changed_tracking(&mut fields, given),
            None => TrackingPatch::cleared(),
        }),
    };
    fields.check()?;
    let changed =
        flow::change(&console.hub, &who.organization, &order, &fulfillment, &patch, &who.name).await?;
    Ok(Json(shown(&changed)))
}
