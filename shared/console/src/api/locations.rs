//! `locations`: where stock is.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::catalogue::locations::{self as flow, LocationPatch, NewLocation};
use weir_domain::{
    ids::LocationId,
    location::{Location, LocationKind},
};

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

const KINDS: [&str; 2] = [LocationKind::Own.as_str(), LocationKind::Fba.as_str()];

/// A place that holds stock.
#[derive(Serialize, ToSchema)]
#[schema(as = Location)]
pub(crate) struct LocationShape {
    id: String,
    name: String,
    /// `own` or `fba` (Amazon's warehouses as one location).
    kind: &'static str,
    /// Whether orders may be assigned to it.
    available_for_fulfillment: bool,
    created_at: String,
}

fn shape(location: Location) -> LocationShape {
    LocationShape {
        id: location.id.to_string(),
        name: location.name,
        kind: location.kind.as_str(),
        available_for_fulfillment: location.available_for_fulfillment,
        created_at: time(location.created_at),
    }
}

/// How a list of locations is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListLocations {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Locations, by id.
#[utoipa::path(get, path = "/v1/locations", tag = "locations", params(ListLocations),
    responses((status = 200, body = List<LocationShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListLocations>,
) -> Result<Json<List<LocationShape>>, ApiError> {
    let part = flow::list(&console.hub, &who.organization, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What a location is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateLocation {
    name: String,
    /// `own` (if left out) or `fba`.
    kind: Option<String>,
    /// True if left out.
    available_for_fulfillment: Option<bool>,
}

/// Makes a location.
#[utoipa::path(post, path = "/v1/locations", tag = "locations", request_body = CreateLocation,
    responses((status = 201, body = LocationShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    NewId(token): NewId,
    Body(body): Body<CreateLocation>,
) -> Result<(StatusCode, Json<LocationShape>), ApiError> {
    let mut fields = Fields::default();
    let name = fields.name("name", &body.name);
    let kind = body.kind.as_deref().map_or(Some(LocationKind::Own), LocationKind::parse);
    let kind = fields.word("kind", kind, &KINDS);
    let (Some(name), Some(kind)) = (name, kind) else { return Err(fields.refusal()) };
    let available_for_fulfillment = body.available_for_fulfillment.unwrap_or(true);
    let new = NewLocation { name, kind, available_for_fulfillment };
    let made = flow::create(&console.hub, &who.organization, &token, new).await?;
    Ok((StatusCode::CREATED, Json(shape(made))))
}

/// A location.
#[utoipa::path(get, path = "/v1/locations/{id}", tag = "locations", params(("id" = String, Path)),
    responses((status = 200, body = LocationShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<LocationShape>, ApiError> {
    let id = id("location", &text, LocationId::parse)?;
    Ok(Json(shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// What changes of a location.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeLocation {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    kind: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<bool>)]
    available_for_fulfillment: Option<Option<bool>>,
}

/// Changes a location.
#[utoipa::path(patch, path = "/v1/locations/{id}", tag = "locations", params(("id" = String, Path)),
    request_body = ChangeLocation, responses((status = 200, body = LocationShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<ChangeLocation>,
) -> Result<Json<LocationShape>, ApiError> {
    let id = id("location", &text, LocationId::parse)?;
    let mut fields = Fields::default();
    let patch = LocationPatch {
        name: fields.kept("name", body.name).and_then(|name| fields.name("name", &name)),
        kind: fields
            .kept("kind", body.kind)
            .and_then(|kind| fields.word("kind", LocationKind::parse(&kind), &KINDS)),
        available_for_fulfillment: fields.kept("available_for_fulfillment", body.available_for_fulfillment),
    };
    fields.check()?;
    Ok(Json(shape(flow::change(&console.hub, &who.organization, &id, &patch).await?)))
}
