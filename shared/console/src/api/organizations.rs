//! `organizations` and `organization`: one merchant, and what holds for all of its orders.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use weir_app::{
    organizations::{self as flow, DEFAULT_DELIVERY_DAYS, NewOrganization, OrganizationPatch},
    people::Refusal,
};
use weir_channels::channel::Secret;
use weir_domain::{
    money::Currency,
    organization::{Organization, TimeZoneName},
};

use super::{
    input::{Body, Fields, Params, given},
    paging::List,
    shapes::{rate, time},
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

/// The most days to delivery that are believed.
const DELIVERY_DAYS: u16 = 3_650;

/// A merchant.
#[derive(Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationShape {
    id: String,
    name: String,
    /// ISO 4217: the currency of its books.
    base_currency: &'static str,
    /// IANA, such as `Europe/Tallinn`. Only business days use it.
    time_zone: String,
    /// Days from an order's creation to its delivery date, where the product has none of its own.
    default_delivery_days: u16,
    /// Nothing on or before this business day changes any more.
    inventory_lock_date: Option<String>,
    exchange_rates: Vec<ExchangeRate>,
    created_at: String,
}

/// Base money for one unit of a currency.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExchangeRate {
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// A decimal text.
    #[schema(example = "1.08")]
    rate: String,
}

fn shape(organization: Organization) -> OrganizationShape {
    OrganizationShape {
        id: organization.id.to_string(),
        name: organization.name,
        base_currency: organization.base_currency.code(),
        time_zone: organization.time_zone.as_str().to_owned(),
        default_delivery_days: organization.default_delivery_days,
        inventory_lock_date: organization.inventory_lock_date.map(|date| date.to_string()),
        exchange_rates: organization
            .exchange_rates
            .iter()
            .map(|(currency, value)| ExchangeRate {
                currency: currency.code().to_owned(),
                rate: rate(*value),
            })
            .collect(),
        created_at: time(organization.created_at),
    }
}

/// How a list of organizations is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListOrganizations {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// All organizations. For the administrator of the deployment.
#[utoipa::path(get, path = "/v1/organizations", tag = "organizations", params(ListOrganizations),
    responses((status = 200, body = List<OrganizationShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    params: Params<ListOrganizations>,
) -> Result<Json<List<OrganizationShape>>, ApiError> {
    let part = flow::list(&console.hub, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What an organization is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrganization {
    name: String,
    /// ISO 4217.
    base_currency: String,
    /// IANA; `UTC` if left out.
    time_zone: Option<String>,
    default_delivery_days: Option<u16>,
    /// An API token of your making that may do everything in it: 16 to 512 visible ASCII characters.
    /// Only its digest is stored.
    #[schema(write_only)]
    admin_token: String,
}

/// Makes an organization. For the administrator of the deployment.
#[utoipa::path(post, path = "/v1/organizations", tag = "organizations", request_body = CreateOrganization,
    responses((status = 201, body = OrganizationShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    NewId(token): NewId,
    Body(body): Body<CreateOrganization>,
) -> Result<(StatusCode, Json<OrganizationShape>), ApiError> {
    let mut fields = Fields::default();
    let name = fields.name("name", &body.name);
    let base_currency = fields.parse("base_currency", Currency::parse(&body.base_currency));
    let zone = body.time_zone.as_deref().unwrap_or("UTC");
    let time_zone = fields.parse("time_zone", TimeZoneName::parse(zone));
    let days = delivery_days(&mut fields, body.default_delivery_days.unwrap_or(DEFAULT_DELIVERY_DAYS));
    fields.check()?;
    let (Some(name), Some(base_currency), Some(time_zone)) = (name, base_currency, time_zone) else {
        return Err(fields.refusal());
    };
    let new = NewOrganization { name, base_currency, time_zone, default_delivery_days: days };
    let made = flow::create(&console.hub, &token, new, &Secret::new(body.admin_token)).await?;
    Ok((StatusCode::CREATED, Json(shape(made))))
}

pub(super) fn delivery_days(fields: &mut Fields, days: u16) -> u16 {
    if days > DELIVERY_DAYS {
        fields.wrong("default_delivery_days", format!("Give 0 to {DELIVERY_DAYS} days."));
    }
    days
}

/// The organization of the caller.
#[utoipa::path(get, path = "/v1/organization", tag = "organization",
    responses((status = 200, body = OrganizationShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
) -> Result<Json<OrganizationShape>, ApiError> {
    Ok(Json(shape(flow::read(&console.hub, &who.organization).await?)))
}

/// What changes of an organization. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeOrganization {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    base_currency: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>)]
    default_delivery_days: Option<Option<u16>>,
    /// A date such as `2026-01-31`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    inventory_lock_date: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<ExchangeRate>>)]
    exchange_rates: Option<Option<Vec<ExchangeRate>>>,
    /// Not available yet.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    business_hours: Option<Option<Value>>,
    /// Not available yet.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    fulfillment_automation: Option<Option<Value>>,
    /// Not available yet.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    shipping_methods: Option<Option<Value>>,
}

/// Changes the organization of the caller. A lock date that moves lets what waits for it go on.
#[utoipa::path(patch, path = "/v1/organization", tag = "organization", request_body = ChangeOrganization,
    responses((status = 200, body = OrganizationShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Body(body): Body<ChangeOrganization>,
) -> Result<Json<OrganizationShape>, ApiError> {
    let later = [
        ("business_hours", &body.business_hours),
        ("fulfillment_automation", &body.fulfillment_automation),
        ("shipping_methods", &body.shipping_methods),
    ];
    if let Some((path, _)) = later.into_iter().find(|(_, value)| value.is_some()) {
        return Err(Refusal::not_available_yet(path).into());
    }
    let mut fields = Fields::default();
    let patch = OrganizationPatch {
        name: fields.kept("name", body.name).and_then(|name| fields.name("name", &name)),
        base_currency: fields
            .kept("base_currency", body.base_currency)
            .and_then(|code| fields.parse("base_currency", Currency::parse(&code))),
        time_zone: fields
            .kept("time_zone", body.time_zone)
            .and_then(|name| fields.parse("time_zone", TimeZoneName::parse(&name))),
        default_delivery_days: body
            .default_delivery_days
            .map(|days| delivery_days(&mut fields, days.unwrap_or(DEFAULT_DELIVERY_DAYS))),
        inventory_lock_date: body
            .inventory_lock_date
            .map(|date| date.and_then(|date| day(&mut fields, &date))),
        exchange_rates: body.exchange_rates.map(|rates| rates_of(&mut fields, &rates.unwrap_or_default())),
    };
    fields.check()?;
    Ok(Json(shape(flow::change(&console.hub, &who.organization, &patch).await?)))
}

fn day(fields: &mut Fields, text: &str) -> Option<Date> {
    let parsed = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    if parsed.is_none() {
        fields.wrong("inventory_lock_date", "Give a date such as \"2026-01-31\".");
    }
    parsed
}

fn rates_of(fields: &mut Fields, given: &[ExchangeRate]) -> BTreeMap<Currency, Decimal> {
    let mut rates = BTreeMap::new();
    for (number, given) in given.iter().enumerate() {
        let path = format!("exchange_rates[{number}]");
        let currency = fields.parse(&format!("{path}.currency"), Currency::parse(&given.currency));
        let value = given.rate.parse::<Decimal>().ok().filter(|value| *value > Decimal::ZERO);
        if value.is_none() {
            fields.wrong(&format!("{path}.rate"), "Give a decimal above 0 as a text, such as \"1.08\".");
        }
        if let (Some(currency), Some(value)) = (currency, value)
            && rates.insert(currency, value).is_some()
        {
            fields.wrong(&format!("{path}.currency"), "This currency is there twice.");
        }
    }
    rates
}
