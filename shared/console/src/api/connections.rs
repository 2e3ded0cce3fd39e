//! `connections`: made, read, changed, tested, switched on and off. Credentials go in and never out.

mod input;
mod preview;
mod shape;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use weir_app::connections as flow;
use weir_domain::ids::ConnectionId;

use super::{
    input::{Body, NoBody, Params, id},
    paging::List,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

pub(crate) use input::{ChangeConnection, CreateConnection, PreviewChange};
pub(crate) use preview::PreviewShape;
pub(crate) use shape::{ConnectionShape, HealthShape, TestShape};

/// How a list of connections is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListConnections {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Connections, by id.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", params(ListConnections),
    responses((status = 200, body = List<ConnectionShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListConnections>,
) -> Result<Json<List<ConnectionShape>>, ApiError> {
    let part = flow::list(&console.hub, &who.organization, &params.window()?).await?;
    Ok(Json(params.list(part, shape::shape)))
}

/// Makes a connection. Its remote account belongs to it for ever.
#[utoipa::path(post, path = "/v1/connections", tag = "connections", request_body = CreateConnection,
    responses((status = 201, body = ConnectionShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    NewId(token): NewId,
    Body(body): Body<CreateConnection>,
) -> Result<(StatusCode, Json<ConnectionShape>), ApiError> {
    let made = flow::create(&console.hub, &who.organization, &token, body.read()?).await?;
    Ok((StatusCode::CREATED, Json(shape::shape(made))))
}

/// A connection.
#[utoipa::path(get, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, body = ConnectionShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<ConnectionShape>, ApiError> {
    let id = connection(&text)?;
    Ok(Json(shape::shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// Changes a connection. New credentials are tested at once; if they do not work, nothing changes.
#[utoipa::path(patch, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)),
    request_body = ChangeConnection, responses((status = 200, body = ConnectionShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<ChangeConnection>,
) -> Result<Json<ConnectionShape>, ApiError> {
    let id = connection(&text)?;
    let patch = body.read()?;
    Ok(Json(shape::shape(flow::change(&console.hub, &who.organization, &id, &patch).await?)))
}

/// Decides the orders of the last 30 days again under settings and locations that are not saved yet, and says
/// what would be different. Nothing is changed by it.
#[utoipa::path(post, path = "/v1/connections/{id}/settings_preview", tag = "connections",
    params(("id" = String, Path)), request_body = PreviewChange,
    responses((status = 200, body = PreviewShape), Refusals))]
pub(crate) async fn settings_preview(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<PreviewChange>,
) -> Result<Json<PreviewShape>, ApiError> {
    let id = connection(&text)?;
    let patch = body.read()?;
    let preview = flow::preview(&console.hub, &who.organization, &id, &patch).await?;
    Ok(Json(preview::shape(&preview)))
}

/// Says what works and what does not, in words. Nothing is changed by it.
#[utoipa::path(post, path = "/v1/connections/{id}/test", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, body = TestShape), Refusals))]
pub(crate) async fn test(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    NoBody: NoBody,
) -> Result<Json<TestShape>, ApiError> {
    let id = connection(&text)?;
    Ok(Json(shape::test_shape(flow::test(&console.hub, &who.organization, &id).await?)))
}

/// Sets a connection to work. Of one that needs attention it means "try again".
#[utoipa::path(post, path = "/v1/connections/{id}/activate", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, body = ConnectionShape), Refusals))]
pub(crate) async fn activate(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    NoBody: NoBody,
) -> Result<Json<ConnectionShape>, ApiError> {
    let id = connection(&text)?;
    Ok(Json(shape::shape(flow::activate(&console.hub, &who.organization, &id).await?)))
}

/// Stops a connection. Nothing of it is deleted; what ships meanwhile comes in when it returns.
#[utoipa::path(post, path = "/v1/connections/{id}/deactivate", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, body = ConnectionShape), Refusals))]
pub(crate) async fn deactivate(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    NoBody: NoBody,
) -> Result<Json<ConnectionShape>, ApiError> {
    let id = connection(&text)?;
    Ok(Json(shape::shape(flow::deactivate(&console.hub, &who.organization, &id).await?)))
}

/// How a connection is, out of what is stored: the channel is not asked.
#[utoipa::path(get, path = "/v1/connections/{id}/health", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, body = HealthShape), Refusals))]
pub(crate) async fn health(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<HealthShape>, ApiError> {
    let id = connection(&text)?;
    let health = flow::health(&console.hub, &who.organization, &id).await?;
    Ok(Json(shape::health_shape(health, console.hub.now())))
}

/// The connection of an address.
pub(super) fn connection(text: &str) -> Result<ConnectionId, ApiError> {
    id("connection", text, ConnectionId::parse)
}
