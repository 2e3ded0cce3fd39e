//! `inventory`, `batches`, `serial_numbers` and `inventory_movements`: what places hold, and the
//! ledger that made it so. Quantities are whole units.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::stock::{self as flow, BatchView, ItemView, SerialView, StockFilter};
use weir_domain::{
    ids::LocationId,
    stock::{Movement, SerialState},
    variant::Sku,
};

use super::{
    input::{Params, parameter},
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

/// How stock is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListStock {
    /// Of the variant with this SKU.
    sku: Option<String>,
    /// At this location.
    location_id: Option<String>,
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

fn filter(sku: Option<&String>, location: Option<&String>) -> Result<StockFilter, ApiError> {
    Ok(StockFilter {
        sku: parameter("sku", sku, Sku::parse)?,
        location: parameter("location_id", location, LocationId::parse)?,
    })
}

/// What a location holds of a variant.
#[derive(Serialize, ToSchema)]
#[schema(as = InventoryItem)]
pub(crate) struct ItemShape {
    variant_id: String,
    sku: Option<String>,
    location_id: String,
    /// Below zero if more left than had come.
    on_hand: i64,
    /// Held for orders that have not shipped.
    reserved: i64,
    /// On hand less reserved.
    available: i64,
}

fn item_shape(view: ItemView) -> ItemShape {
    ItemShape {
        variant_id: view.item.key.variant.to_string(),
        sku: view.sku.map(|sku| sku.to_string()),
        location_id: view.item.key.location.to_string(),
        on_hand: view.item.on_hand,
        reserved: view.item.reserved,
        available: view.item.available(),
    }
}

/// Stock by location and variant.
#[utoipa::path(get, path = "/v1/inventory", tag = "inventory", params(ListStock),
    responses((status = 200, body = List<ItemShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListStock>,
) -> Result<Json<List<ItemShape>>, ApiError> {
    let filter = filter(params.of.sku.as_ref(), params.of.location_id.as_ref())?;
    let part = flow::inventory(&console.hub, &who.organization, &filter, &params.window()?).await?;
    Ok(Json(params.list(part, item_shape)))
}

/// A live batch at a location.
#[derive(Serialize, ToSchema)]
#[schema(as = Batch)]
pub(crate) struct BatchShape {
    variant_id: String,
    sku: Option<String>,
    location_id: String,
    batch_number: String,
    /// The first in goes out first.
    received_at: String,
    /// Units left.
    quantity: i64,
}

fn batch_shape(view: BatchView) -> BatchShape {
    BatchShape {
        variant_id: view.key.variant.to_string(),
        sku: view.sku.map(|sku| sku.to_string()),
        location_id: view.key.location.to_string(),
        batch_number: view.batch.number,
        received_at: time(view.batch.received_at),
        quantity: view.batch.quantity,
    }
}

/// Live batches. `limit` counts places of stock; all batches of one come together.
#[utoipa::path(get, path = "/v1/batches", tag = "inventory", params(ListStock),
    responses((status = 200, body = List<BatchShape>), Refusals))]
pub(crate) async fn batches(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListStock>,
) -> Result<Json<List<BatchShape>>, ApiError> {
    let filter = filter(params.of.sku.as_ref(), params.of.location_id.as_ref())?;
    let part = flow::batches(&console.hub, &who.organization, &filter, &params.window()?).await?;
    Ok(Json(params.list(part, batch_shape)))
}

/// A unit with a serial number.
#[derive(Serialize, ToSchema)]
#[schema(as = SerialNumber)]
pub(crate) struct SerialShape {
    variant_id: String,
    sku: String,
    serial_number: String,
    /// `in_stock`, `sold` or `removed`.
    state: &'static str,
    /// Where it is, if in stock.
    location_id: Option<String>,
    /// With which order it left, if sold.
    sales_order_id: Option<String>,
}

fn serial_shape(view: SerialView) -> SerialShape {
    let (state, location_id, sales_order_id) = match &view.serial.state {
        SerialState::InStock(location) => ("in_stock", Some(location.to_string()), None),
        SerialState::Sold(order) => ("sold", None, Some(order.to_string())),
        SerialState::Removed => ("removed", None, None),
    };
    SerialShape {
        variant_id: view.serial.variant.to_string(),
        sku: view.sku.to_string(),
        serial_number: view.serial.number,
        state,
        location_id,
        sales_order_id,
    }
}

/// Units with a serial number, variant by variant.
#[utoipa::path(get, path = "/v1/serial_numbers", tag = "inventory", params(ListStock),
    responses((status = 200, body = List<SerialShape>), Refusals))]
pub(crate) async fn serial_numbers(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListStock>,
) -> Result<Json<List<SerialShape>>, ApiError> {
    let filter = filter(params.of.sku.as_ref(), params.of.location_id.as_ref())?;
    let part = flow::serial_numbers(&console.hub, &who.organization, &filter, &params.window()?).await?;
    Ok(Json(params.list(part, serial_shape)))
}

/// How movements are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListMovements {
    /// Of the variant with this SKU.
    sku: Option<String>,
    /// At this location.
    location_id: Option<String>,
    /// A kind of cause (`sales_order`, `stock_adjustment`), or the id of one.
    cause: Option<String>,
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// A line of the stock ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = InventoryMovement)]
pub(crate) struct MovementShape {
    variant_id: String,
    /// The SKU when it was booked.
    sku: String,
    location_id: String,
    /// Negative when stock leaves.
    quantity: i64,
    batch_number: Option<String>,
    serial_numbers: Vec<String>,
    cause: CauseShape,
    /// The business time: when the goods moved.
    at: String,
}

/// Why stock moved.
#[derive(Serialize, ToSchema)]
#[schema(as = Cause)]
struct CauseShape {
    /// `sales_order` or `stock_adjustment`.
    kind: &'static str,
    /// The order or adjustment.
    id: String,
}

fn movement_shape(movement: Movement) -> MovementShape {
    MovementShape {
        variant_id: movement.key.variant.to_string(),
        sku: movement.sku.to_string(),
        location_id: movement.key.location.to_string(),
        quantity: movement.quantity,
        batch_number: movement.batch,
        serial_numbers: movement.serial_numbers,
        cause: CauseShape { kind: movement.cause.kind(), id: movement.cause.id().to_owned() },
        at: time(movement.at),
    }
}

/// The stock ledger, newest first. On-hand is the sum of these lines, always.
#[utoipa::path(get, path = "/v1/inventory_movements", tag = "inventory", params(ListMovements),
    responses((status = 200, body = List<MovementShape>), Refusals))]
pub(crate) async fn movements(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListMovements>,
) -> Result<Json<List<MovementShape>>, ApiError> {
    let of = &params.of;
    let filter = filter(of.sku.as_ref(), of.location_id.as_ref())?;
    let window = params.window()?;
    let part =
        flow::movements(&console.hub, &who.organization, &filter, of.cause.as_deref(), &window).await?;
    Ok(Json(params.list(part, movement_shape)))
}
