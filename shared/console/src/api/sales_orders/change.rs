//! PATCH of `sales_orders/{id}`: where an order goes, and the buyer's reference, while nothing has shipped.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, de::IgnoredAny};
use utoipa::ToSchema;
use weir_app::{
    acts::change::{self as flow, OrderPatch},
    orders,
    people::Refusal,
};
use weir_domain::{customer::Address, ids::SalesOrderId};

use super::{OrderShape, shape};
use crate::{
    Console,
    api::input::{Body, Fields, given, id},
    auth::Who,
    errors::{ApiError, Refusals},
};

/// What changes of a sales order. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeOrder {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    customer_ref: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ChangeAddress>)]
    shipping_address: Option<Option<ChangeAddress>>,
    /// Not available yet.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    shipping_method: Option<Option<IgnoredAny>>,
    /// Not available yet.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Option<Option<IgnoredAny>>,
}

/// An address: it replaces the one that was there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeAddress {
    name: Option<String>,
    company: Option<String>,
    address_line_1: Option<String>,
    address_line_2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

/// Changes a sales order of which nothing was packed or delivered.
#[utoipa::path(patch, path = "/v1/sales_orders/{id}", tag = "sales_orders", params(("id" = String, Path)),
    request_body = ChangeOrder, responses((status = 200, body = OrderShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<ChangeOrder>,
) -> Result<Json<OrderShape>, ApiError> {
    let id = id("sales order", &text, SalesOrderId::parse_any)?;
    for (path, value) in [("shipping_method", &body.shipping_method), ("tags", &body.tags)] {
        if value.is_some() {
            return Err(Refusal::not_available_yet(path).into());
        }
    }
    let mut fields = Fields::default();
    let reference = body.customer_ref.map(|given| given.and_then(|text| fields.name("customer_ref", &text)));
    let patch = OrderPatch {
        customer_ref: reference,
        shipping_address: body.shipping_address.map(|given| given.map(|given| address(&mut fields, given))),
    };
    fields.check()?;
    flow::change(&console.hub, &who.organization, &id, &patch, &who.name).await?;
    Ok(Json(shape::shape(orders::read(&console.hub, &who.organization, &id).await?)))
}

fn address(fields: &mut Fields, given: ChangeAddress) -> Address {
    let mut line = |name: &str, text: Option<String>| {
        text.and_then(|text| fields.name(&format!("shipping_address.{name}"), &text))
    };
    let address = Address {
        name: line("name", given.name),
        company: line("company", given.company),
        line_1: line("address_line_1", given.address_line_1),
        line_2: line("address_line_2", given.address_line_2),
        city: line("city", given.city),
        state: line("state", given.state),
        postal_code: line("postal_code", given.postal_code),
        country: line("country", given.country).map(|country| country.to_ascii_uppercase()),
        phone: line("phone", given.phone),
        email: line("email", given.email),
    };
    let is_code = |country: &String| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
    if address.country.as_ref().is_some_and(|country| !is_code(country)) {
        fields.wrong("shipping_address.country", "Give the two letters of ISO 3166-1, such as \"DE\".");
    }
    address
}
