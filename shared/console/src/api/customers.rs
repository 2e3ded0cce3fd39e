//! `customers`: who buys.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::catalogue::customers::{self as flow, CustomerPatch};
use weir_domain::{customer::Customer, ids::CustomerId};

use super::{
    input::{Body, Fields, Params, given, id},
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

/// The longest e-mail address (RFC 5321).
const EMAIL_BYTES: usize = 254;

/// A customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Customer)]
pub(crate) struct CustomerShape {
    id: String,
    name: String,
    email: Option<String>,
    created_at: String,
}

fn shape(customer: Customer) -> CustomerShape {
    CustomerShape {
        id: customer.id.to_string(),
        name: customer.name,
        email: customer.email,
        created_at: time(customer.created_at),
    }
}

/// An e-mail address, as far as a form can tell: something on both sides of one `@`.
fn email(fields: &mut Fields, text: &str) -> Option<String> {
    let text = text.trim();
    let is_well = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !is_well || text.len() > EMAIL_BYTES || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        fields.wrong("email", "Give an e-mail address, such as ada@example.com.");
        return None;
    }
    Some(text.to_owned())
}

/// How a list of customers is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListCustomers {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Customers, by id.
#[utoipa::path(get, path = "/v1/customers", tag = "customers", params(ListCustomers),
    responses((status = 200, body = List<CustomerShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListCustomers>,
) -> Result<Json<List<CustomerShape>>, ApiError> {
    let part = flow::list(&console.hub, &who.organization, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What a customer is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateCustomer {
    name: String,
    email: Option<String>,
}

/// Makes a customer.
#[utoipa::path(post, path = "/v1/customers", tag = "customers", request_body = CreateCustomer,
    responses((status = 201, body = CustomerShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    NewId(token): NewId,
    Body(body): Body<CreateCustomer>,
) -> Result<(StatusCode, Json<CustomerShape>), ApiError> {
    let mut fields = Fields::default();
    let name = fields.name("name", &body.name);
    let email = body.email.as_deref().and_then(|text| email(&mut fields, text));
    fields.check()?;
    let Some(name) = name else { return Err(fields.refusal()) };
    let made = flow::create(&console.hub, &who.organization, &token, name, email).await?;
    Ok((StatusCode::CREATED, Json(shape(made))))
}

/// A customer.
#[utoipa::path(get, path = "/v1/customers/{id}", tag = "customers", params(("id" = String, Path)),
    responses((status = 200, body = CustomerShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<CustomerShape>, ApiError> {
    let id = id("customer", &text, CustomerId::parse)?;
    Ok(Json(shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// What changes of a customer. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeCustomer {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
}

/// Changes a customer.
#[utoipa::path(patch, path = "/v1/customers/{id}", tag = "customers", params(("id" = String, Path)),
    request_body = ChangeCustomer, responses((status = 200, body = CustomerShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<ChangeCustomer>,
) -> Result<Json<CustomerShape>, ApiError> {
    let id = id("customer", &text, CustomerId::parse)?;
    let mut fields = Fields::default();
    let patch = CustomerPatch {
        name: fields.kept("name", body.name).and_then(|name| fields.name("name", &name)),
        email: body.email.map(|given| given.and_then(|text| email(&mut fields, &text))),
    };
    fields.check()?;
    Ok(Json(shape(flow::change(&console.hub, &who.organization, &id, &patch).await?)))
}
