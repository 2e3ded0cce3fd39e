//! `dead_letters`: messages that could not be handled, and the two ways out.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use weir_app::{
    dead_letters::{self as flow, DeadLetterView},
    lists::Part,
};

use super::{
    input::{Body, Fields, NoBody, Params},
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

/// A message that could not be handled.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct LetterShape {
    id: String,
    queue: String,
    /// What went wrong the last time.
    reason: String,
    attempts: u32,
    /// The message: names of things, no personal data. Null where it cannot be read.
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
    first_seen_at: String,
}

fn shape(view: DeadLetterView) -> LetterShape {
    let payload = view.message.is_some().then(|| serde_json::from_str(&view.letter.body).ok()).flatten();
    LetterShape {
        id: view.letter.id,
        queue: view.letter.queue.text(),
        reason: view.letter.reason,
        attempts: view.letter.attempts,
        payload,
        first_seen_at: time(view.letter.first_seen_at),
    }
}

/// How dead letters are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListLetters {
    /// 1 to 250; all of them come at once, up to it.
    limit: Option<String>,
    /// Where the list goes on; there is none.
    cursor: Option<String>,
}

/// Messages that could not be handled.
#[utoipa::path(get, path = "/v1/dead_letters", tag = "dead_letters", params(ListLetters),
    responses((status = 200, body = List<LetterShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListLetters>,
) -> Result<Json<List<LetterShape>>, ApiError> {
    let window = params.window()?;
    let mut letters = flow::list(&console.hub, &who.organization, who.is_deployment_admin()).await?;
    letters
        .sort_by(|a, b| (b.letter.first_seen_at, &b.letter.id).cmp(&(a.letter.first_seen_at, &a.letter.id)));
    letters.truncate(window.limit);
    Ok(Json(params.list(Part { data: letters, next: None }, shape)))
}

/// That a dead letter is on its way again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    id: String,
    /// Always `replayed`.
    state: &'static str,
}

/// Sends a dead letter to its queue again. What was done already is not done twice.
#[utoipa::path(post, path = "/v1/dead_letters/{id}/replay", tag = "dead_letters", params(("id" = String, Path)),
    responses((status = 202, body = Replayed), Refusals))]
pub(crate) async fn replay(
    State(console): State<Console>,
    Who(who): Who,
    Path(id): Path<String>,
    NoBody: NoBody,
) -> Result<(StatusCode, Json<Replayed>), ApiError> {
    flow::replay(&console.hub, &who.organization, who.is_deployment_admin(), &id).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { id, state: "replayed" })))
}

/// Why a dead letter is dropped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discard {
    /// Not empty; it is logged.
    note: String,
}

/// Drops a dead letter.
#[utoipa::path(post, path = "/v1/dead_letters/{id}/discard", tag = "dead_letters", params(("id" = String, Path)),
    request_body = Discard, responses((status = 204, description = "It is gone."), Refusals))]
pub(crate) async fn discard(
    State(console): State<Console>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(body): Body<Discard>,
) -> Result<StatusCode, ApiError> {
    let mut fields = Fields::default();
    let Some(note) = fields.text("note", &body.note) else { return Err(fields.refusal()) };
    flow::discard(&console.hub, &who.organization, who.is_deployment_admin(), &id, &note).await?;
    Ok(StatusCode::NO_CONTENT)
}
