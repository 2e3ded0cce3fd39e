//! `api_tokens`: who else may come in. The caller makes the token up; only its digest is stored, so
//! no answer and no store ever holds it.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_app::{access as flow, ports::ledger::Scope};
use weir_channels::channel::Secret;

use super::input::{Body, Fields};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

/// What an API token is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateToken {
    /// For the timeline: letters, digits, `-`, `_` and `.`.
    name: String,
    /// `read`, `write` or `admin`; each includes those before it.
    scope: String,
    /// Of your making: 16 to 512 visible ASCII characters.
    #[schema(write_only)]
    token: String,
}

/// A token that was let in.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(crate) struct TokenShape {
    name: String,
    scope: &'static str,
}

/// Lets a token in.
#[utoipa::path(post, path = "/v1/api_tokens", tag = "api_tokens", request_body = CreateToken,
    responses((status = 201, body = TokenShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    Body(body): Body<CreateToken>,
) -> Result<(StatusCode, Json<TokenShape>), ApiError> {
    let mut fields = Fields::default();
    let scope = fields.word("scope", Scope::parse(&body.scope), &["read", "write", "admin"]);
    let Some(scope) = scope else { return Err(fields.refusal()) };
    let token = Secret::new(body.token);
    let made = flow::add_token(&console.hub, &who.organization, &token, &body.name, scope).await?;
    Ok((StatusCode::CREATED, Json(TokenShape { name: made.name, scope: made.scope.as_str() })))
}

/// Which token is let in no more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeToken {
    #[schema(write_only)]
    token: String,
}

/// Lets a token in no more.
#[utoipa::path(post, path = "/v1/api_tokens/revoke", tag = "api_tokens", request_body = RevokeToken,
    responses((status = 204, description = "It is let in no more."), Refusals))]
pub(crate) async fn revoke(
    State(console): State<Console>,
    Who(who): Who,
    Body(body): Body<RevokeToken>,
) -> Result<StatusCode, ApiError> {
    flow::remove_token(&console.hub, &who.organization, &Secret::new(body.token)).await?;
    Ok(StatusCode::NO_CONTENT)
}
