//! `connections/{id}/sku_aliases`: what a channel's SKU means on a connection.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::catalogue::aliases as flow;
use weir_domain::variant::{Sku, SkuAlias};

use super::{
    connections::connection,
    input::{Body, Fields, Params, id, parameter},
    paging::List,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

/// On a connection: this SKU of the channel means that variant.
#[derive(Serialize, ToSchema)]
#[schema(as = SkuAlias)]
pub(crate) struct AliasShape {
    connection_id: String,
    channel_sku: String,
    variant_sku: String,
}

fn shape(alias: SkuAlias) -> AliasShape {
    AliasShape {
        connection_id: alias.connection.to_string(),
        channel_sku: alias.channel_sku.to_string(),
        variant_sku: alias.variant_sku.to_string(),
    }
}

/// How a list of aliases is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListAliases {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Aliases of a connection, by channel SKU.
#[utoipa::path(get, path = "/v1/connections/{id}/sku_aliases", tag = "connections",
    params(("id" = String, Path), ListAliases), responses((status = 200, body = List<AliasShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    params: Params<ListAliases>,
) -> Result<Json<List<AliasShape>>, ApiError> {
    let part = flow::list(&console.hub, &who.organization, &connection(&text)?, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What an alias is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateAlias {
    /// As the channel spells it.
    channel_sku: String,
    /// Of a variant that exists.
    variant_sku: String,
}

/// Makes an alias. The first one turns aliasing on; orders that wait for the SKU go on by themselves.
#[utoipa::path(post, path = "/v1/connections/{id}/sku_aliases", tag = "connections", params(("id" = String, Path)),
    request_body = CreateAlias, responses((status = 201, body = AliasShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<CreateAlias>,
) -> Result<(StatusCode, Json<AliasShape>), ApiError> {
    let on = connection(&text)?;
    let mut fields = Fields::default();
    let channel_sku = fields.parse("channel_sku", Sku::parse(&body.channel_sku));
    let variant_sku = fields.parse("variant_sku", Sku::parse(&body.variant_sku));
    let (Some(channel_sku), Some(variant_sku)) = (channel_sku, variant_sku) else {
        return Err(fields.refusal());
    };
    let made = flow::create(&console.hub, &who.organization, &on, &channel_sku, &variant_sku).await?;
    Ok((StatusCode::CREATED, Json(shape(made))))
}

/// Which alias is taken away.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteAlias {
    /// As the channel spells it.
    #[param(required)]
    channel_sku: Option<String>,
}

/// Takes an alias away. What was imported by it stays; aliasing stays on.
#[utoipa::path(delete, path = "/v1/connections/{id}/sku_aliases", tag = "connections",
    params(("id" = String, Path), DeleteAlias), responses((status = 204, description = "It is gone."), Refusals))]
pub(crate) async fn delete(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    params: Params<DeleteAlias>,
) -> Result<StatusCode, ApiError> {
    let on = connection(&text)?;
    let sku = parameter("channel_sku", params.of.channel_sku.as_ref(), Sku::parse)?.ok_or_else(|| {
        ApiError::parameter("channel_sku", "Say which alias: the SKU as the channel spells it.")
    })?;
    flow::delete(&console.hub, &who.organization, &on, &sku).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The same, with the SKU in the address (percent-encoded).
#[utoipa::path(delete, path = "/v1/connections/{id}/sku_aliases/{channel_sku}", tag = "connections",
    params(("id" = String, Path), ("channel_sku" = String, Path)),
    responses((status = 204, description = "It is gone."), Refusals))]
pub(crate) async fn delete_named(
    State(console): State<Console>,
    Who(who): Who,
    Path((text, sku)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let on = connection(&text)?;
    let sku = id("alias", &sku, Sku::parse)?;
    flow::delete(&console.hub, &who.organization, &on, &sku).await?;
    Ok(StatusCode::NO_CONTENT)
}
