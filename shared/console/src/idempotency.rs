//! `Idempotency-Key`: a POST that bears one is done once. Its answer is kept; what it makes has ids
//! that follow from the key, so that a crash between the work and the record leaves one effect.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt as _, Limited};
use sha2::{Digest, Sha256};
use weir_app::{
    access::Caller,
    answers::{self, Known},
};

use crate::{BODY_BYTES, Console, errors::ApiError};

const KEY: &str = "idempotency-key";

/// The longest key, in bytes: what the field's APIs take.
const KEY_BYTES: usize = 255;

/// Letters of an id that is made of a key: 120 bits are never met twice.
const ID_LETTERS: usize = 30;

/// What a request's ids are made of.
#[derive(Clone)]
struct Seed(String);

/// The token for the id of what a request makes: of its key, or a fresh one.
pub(crate) struct NewId(pub(crate) String);

impl FromRequestParts<Console> for NewId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, ApiError> {
        let token = match parts.extensions.get::<Seed>() {
            Some(Seed(digest)) => digest.chars().take(ID_LETTERS).collect(),
            None => console.hub.ids.token(),
        };
        Ok(Self(token))
    }
}

/// Stands before every POST of the API.
pub(crate) async fn keep(State(console): State<Console>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let key = match key(&request) {
        Ok(key) => key,
        Err(error) => return error.into_response(),
    };
    match (caller, key) {
        (Some(caller), Some(key)) => match once(&console, &caller, &key, request, next).await {
            Ok(response) => response,
            Err(error) => error.into_response(),
        },
        (_, None) | (None, Some(_)) => next.run(request).await,
    }
}

/// The key of a POST to the API.
fn key(request: &Request) -> Result<Option<String>, ApiError> {
    if request.method() != Method::POST || !crate::errors::is_api(request.uri().path()) {
        return Ok(None);
    }
    let mut keys = request.headers().get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    let is_well = (1..=KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_well || keys.next().is_some() {
        let message = format!("Give one key of 1 to {KEY_BYTES} visible ASCII characters.");
        return Err(ApiError::parameter("Idempotency-Key", message));
    }
    Ok(Some(key.to_owned()))
}

async fn once(
    console: &Console,
    caller: &Caller,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let body = read(body).await?;
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    let id = digest(&[caller.digest.as_bytes(), address.as_bytes(), key.as_bytes()]);
    let request_digest = digest(&[&canonical(&body)]);
    let (hub, organization) = (&console.hub, &caller.organization);
    match answers::begin(hub, organization, &id, &request_digest).await? {
        Known::Answered(answer) => return Ok(replayed(answer.status, answer.body)),
        Known::Another => return Err(reused()),
        Known::Do => {}
    }
    // Another digest than the one that is stored: who reads the table learns no id that is to come.
    parts.extensions.insert(Seed(digest(&[b"id", id.as_bytes()])));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (head, body) = response.into_parts();
    let body = read(body).await?;
    let kept = if head.status.is_success() {
        answers::finish(hub, organization, &id, &request_digest, head.status.as_u16(), body.to_vec()).await
    } else if head.status.is_client_error() {
        answers::forget(hub, organization, &id).await
    } else {
        // It may have been done in part: the key stays noted, and the next try makes the same ids.
        Ok(())
    };
    if let Err(error) = kept {
        // The work is done, and done again it would make the same: the answer is worth more.
        tracing::warn!(%error, "the answer to a request with an idempotency key was not kept");
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

async fn read(body: Body) -> Result<Bytes, ApiError> {
    match Limited::new(body, BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(ApiError::too_large()),
        // The connection broke: nobody reads this answer.
        Err(_) => Err(ApiError::malformed(".", "the body ended early")),
    }
}

/// The same JSON whatever its spaces and the order of its fields; other bodies as they are.
fn canonical(body: &[u8]) -> Vec<u8> {
    let value = serde_json::from_slice::<serde_json::Value>(body);
    value.ok().and_then(|value| serde_json::to_vec(&value).ok()).unwrap_or_else(|| body.to_vec())
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn replayed(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let is_empty = body.is_empty();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if !is_empty {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

fn reused() -> ApiError {
    let message =
        "This Idempotency-Key was sent with another body before. Make up a new key for a new request.";
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", message)
}
