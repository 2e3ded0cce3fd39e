//! `sales_returns`: goods that come back.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::acts::receive::{self as flow, Filter};
use weir_domain::{
    ids::{LocationId, SalesOrderId, SalesReturnId},
    sales_return::{ReturnStatus, SalesReturn},
};

use super::{
    input::{Fields, MaybeBody, Params, id, parameter, word},
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

/// A return order. It changes no row of its sales order.
#[derive(Serialize, ToSchema)]
#[schema(as = SalesReturn)]
pub(crate) struct ReturnShape {
    id: String,
    /// The number that people see.
    number: String,
    sales_order_id: String,
    /// `open`, `received` or `cancelled`.
    status: &'static str,
    channel_return_id: Option<String>,
    rows: Vec<ReturnRowShape>,
    /// When the channel made it.
    returned_at: String,
    created_at: String,
}

/// A row of a return order.
#[derive(Serialize, ToSchema)]
#[schema(as = SalesReturnRow)]
struct ReturnRowShape {
    /// The row of the sales order.
    row_id: String,
    variant_id: String,
    sku: String,
    /// Whole units.
    quantity: i64,
    /// The channel's word.
    reason: Option<String>,
}

fn shape(known: SalesReturn) -> ReturnShape {
    let row = |row: weir_domain::sales_return::ReturnRow| ReturnRowShape {
        row_id: row.row.in_order(&known.order),
        variant_id: row.variant.to_string(),
        sku: row.sku.to_string(),
        quantity: row.quantity,
        reason: row.reason,
    };
    ReturnShape {
        id: known.id.to_string(),
        number: known.number,
        sales_order_id: known.order.to_string(),
        status: known.status.as_str(),
        channel_return_id: known.channel_return_id,
        rows: known.rows.into_iter().map(row).collect(),
        returned_at: time(known.returned_at),
        created_at: time(known.created_at),
    }
}

/// How a list of return orders is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListReturns {
    sales_order_id: Option<String>,
    /// `open`, `received` or `cancelled`.
    status: Option<String>,
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Return orders, the newest first; those of one sales order by id.
#[utoipa::path(get, path = "/v1/sales_returns", tag = "sales_returns", params(ListReturns),
    responses((status = 200, body = List<ReturnShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListReturns>,
) -> Result<Json<List<ReturnShape>>, ApiError> {
    let of = &params.of;
    let statuses = ReturnStatus::ALL.map(ReturnStatus::as_str);
    let filter = Filter {
        order: parameter("sales_order_id", of.sales_order_id.as_ref(), SalesOrderId::parse_any)?,
        status: word("status", of.status.as_ref(), ReturnStatus::parse, &statuses)?,
    };
    let part = flow::list(&console.hub, &who.organization, &filter, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// A return order.
#[utoipa::path(get, path = "/v1/sales_returns/{id}", tag = "sales_returns", params(("id" = String, Path)),
    responses((status = 200, body = ReturnShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<ReturnShape>, ApiError> {
    let id = id("sales return", &text, SalesReturnId::parse)?;
    Ok(Json(shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// Where the goods are.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receive {
    /// From where the order's rows left, if left out.
    location_id: Option<String>,
}

/// The goods of a return order are here: they are in stock again, once.
#[utoipa::path(post, path = "/v1/sales_returns/{id}/receive", tag = "sales_returns", params(("id" = String, Path)),
    request_body = Option<Receive>, responses((status = 200, body = ReturnShape), Refusals))]
pub(crate) async fn receive(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    MaybeBody(body): MaybeBody<Receive>,
) -> Result<Json<ReturnShape>, ApiError> {
    let id = id("sales return", &text, SalesReturnId::parse)?;
    let mut fields = Fields::default();
    let given = body.location_id.as_deref();
    let location = given.and_then(|text| fields.parse("location_id", LocationId::parse(text)));
    fields.check()?;
    let received = flow::receive(&console.hub, &who.organization, &id, location.as_ref(), &who.name).await?;
    Ok(Json(shape(received)))
}
