//! `data_requests`: buyers who want to know what is held about them, and the answer to each. (SPEC OP-05)

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use weir_app::data_requests::{self as flow, Export, ExportedOrder};
use weir_domain::{
    customer::{Address, Customer, Person},
    data_request::DataRequest,
    history::HistoryEntry,
    ids::DataRequestId,
};

use super::{
    input::{Params, id},
    paging::List,
    sales_orders::{OrderShape, order_shape},
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

/// A buyer's request to know what is held about him: ids alone.
#[derive(Serialize, ToSchema)]
#[schema(as = DataRequest)]
pub(crate) struct DataRequestShape {
    id: String,
    connection_id: String,
    /// The channel's id of it.
    request: Option<String>,
    /// The orders that it names.
    channel_order_ids: Vec<String>,
    received_at: String,
}

fn shape(asked: DataRequest) -> DataRequestShape {
    DataRequestShape {
        id: asked.id.to_string(),
        connection_id: asked.connection.to_string(),
        request: asked.request,
        channel_order_ids: asked.orders.iter().map(ToString::to_string).collect(),
        received_at: time(asked.received_at),
    }
}

/// How a list of requests is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListDataRequests {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Requests of buyers to know what is held about them, newest first.
#[utoipa::path(get, path = "/v1/data_requests", tag = "data_requests", params(ListDataRequests),
    responses((status = 200, body = List<DataRequestShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListDataRequests>,
) -> Result<Json<List<DataRequestShape>>, ApiError> {
    let part = flow::list(&console.hub, &who.organization, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// All that is stored about the buyer of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = DataExport)]
pub(crate) struct ExportShape {
    request: DataRequestShape,
    orders: Vec<ExportedOrderShape>,
    customers: Vec<CustomerExport>,
}

/// All that is stored of one order.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedOrder)]
struct ExportedOrderShape {
    channel_order_id: String,
    /// The sales order with its buyer and addresses; null if it did not come in.
    sales_order: Option<OrderShape>,
    /// The buyer of an order that did not come in.
    person: Option<PersonExport>,
    /// What became of it; null if it was never seen.
    outcome: Option<OutcomeExport>,
    /// The order as the channel sent it last, as long as that is kept.
    #[schema(value_type = Option<Object>)]
    as_sent: Option<Value>,
    as_sent_is_kept_until: Option<String>,
    timeline: Vec<LineExport>,
}

/// A customer.
#[derive(Serialize, ToSchema)]
struct CustomerExport {
    id: String,
    name: String,
    email: Option<String>,
    created_at: String,
}

/// A buyer.
#[derive(Serialize, ToSchema)]
struct PersonExport {
    name: Option<String>,
    email: Option<String>,
    billing_address: Option<AddressExport>,
    shipping_address: Option<AddressExport>,
}

/// A postal address.
#[derive(Serialize, ToSchema)]
struct AddressExport {
    name: Option<String>,
    company: Option<String>,
    address_line_1: Option<String>,
    address_line_2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

/// What became of an order.
#[derive(Serialize, ToSchema)]
struct OutcomeExport {
    order_no: String,
    kind: &'static str,
    code: &'static str,
    message: String,
    first_seen_at: String,
    last_seen_at: String,
}

/// Something that happened to an order.
#[derive(Serialize, ToSchema)]
struct LineExport {
    at: String,
    what: String,
    message: String,
}

/// Everything that is stored about the buyer of a request, to be handed to him. It holds personal data: it is
/// never cached, and only administrators may ask for it.
#[utoipa::path(get, path = "/v1/data_requests/{id}/export", tag = "data_requests", params(("id" = String, Path)),
    responses((status = 200, body = ExportShape), Refusals))]
pub(crate) async fn export(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Response, ApiError> {
    let id = id("data request", &text, DataRequestId::parse)?;
    let export = flow::export(&console.hub, &who.organization, &id).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(export_shape(export))).into_response())
}

/// Everything that is stored about the buyer of a request.
pub(crate) fn export_shape(export: Export) -> ExportShape {
    let customer = |customer: Customer| CustomerExport {
        id: customer.id.to_string(),
        name: customer.name,
        email: customer.email,
        created_at: time(customer.created_at),
    };
    ExportShape {
        request: shape(export.request),
        orders: export.orders.into_iter().map(exported).collect(),
        customers: export.customers.into_iter().map(customer).collect(),
    }
}

fn exported(order: ExportedOrder) -> ExportedOrderShape {
    let as_sent = order.snapshot.as_ref().map(|snapshot| {
        let text = || Value::String(String::from_utf8_lossy(&snapshot.body).into_owned());
        serde_json::from_slice(&snapshot.body).unwrap_or_else(|_| text())
    });
    let outcome = order.observation.map(|seen| OutcomeExport {
        order_no: seen.order_no,
        kind: seen.outcome.kind.as_str(),
        code: seen.outcome.reason.code.as_str(),
        message: seen.outcome.reason.message,
        first_seen_at: time(seen.first_seen_at),
        last_seen_at: time(seen.last_seen_at),
    });
    let line = |line: HistoryEntry| LineExport { at: time(line.at), what: line.what, message: line.message };
    ExportedOrderShape {
        channel_order_id: order.channel_order_id.to_string(),
        sales_order: order.order.map(order_shape),
        person: order.person.map(person),
        outcome,
        as_sent,
        as_sent_is_kept_until: order.snapshot.map(|snapshot| time(snapshot.expires_at)),
        timeline: order.timeline.into_iter().map(line).collect(),
    }
}

fn person(person: Person) -> PersonExport {
    PersonExport {
        name: person.name,
        email: person.email,
        billing_address: person.billing.map(address),
        shipping_address: person.shipping.map(address),
    }
}

fn address(address: Address) -> AddressExport {
    AddressExport {
        name: address.name,
        company: address.company,
        address_line_1: address.line_1,
        address_line_2: address.line_2,
        city: address.city,
        state: address.state,
        postal_code: address.postal_code,
        country: address.country,
        phone: address.phone,
        email: address.email,
    }
}
