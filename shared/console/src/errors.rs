//! How the API refuses: one shape, a stable word, a sentence, and the fields that are meant.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};
use weir_app::people::Refusal;
use weir_channels::channel::FieldError;

/// A refusal on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) details: Vec<Detail>,
}

/// The body of a refusal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What is wrong.
    error: ErrorShape,
}

/// What is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct ErrorShape {
    /// A stable word.
    #[schema(example = "sku_not_found")]
    code: &'static str,
    /// A sentence.
    message: String,
    /// The fields that are meant.
    details: Vec<Detail>,
}

/// A field that is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Detail {
    /// The field, or the parameter.
    #[schema(example = "rows[0].sku")]
    pub(crate) path: String,
    /// A sentence that says the way out.
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new() }
    }

    fn with(mut self, path: impl Into<String>, message: impl Into<String>) -> Self {
        self.details.push(Detail { path: path.into(), message: message.into() });
        self
    }

    /// The body is no JSON.
    pub(crate) fn malformed(path: &str, message: &str) -> Self {
        let error =
            Self::new(StatusCode::BAD_REQUEST, "malformed_json", format!("The body is no JSON: {message}."));
        error.with(path, message)
    }

    /// A field of the body is not as it should be.
    pub(crate) fn field(path: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let error =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, Refusal::INVALID, format!("{path}: {message}"));
        error.with(path, message)
    }

    /// A query parameter, or the whole query, is not as it should be.
    pub(crate) fn parameter(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", format!("{name}: {message}"));
        error.with(name, message)
    }

    pub(crate) fn unauthorized() -> Self {
        let message =
            "Sign in first: send \"Authorization: Bearer <api token>\" with a token that is known here.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "This address does not know that method; the header Allow names those it knows.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    pub(crate) fn too_large() -> Self {
        let message = format!("The body has more than {} bytes.", crate::BODY_BYTES);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let message = "Send JSON, with the header \"Content-Type: application/json\".";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(message) => Self::not_found(message),
            Refusal::Invalid { code, fields } => invalid(code, fields),
            Refusal::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            Refusal::Trouble(cause) => {
                tracing::warn!(%cause, "a request could not be answered");
                let message = "Something that Weir depends on has trouble just now. Try again in a moment.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "trouble", message)
            }
        }
    }
}

fn invalid(code: &'static str, fields: Vec<FieldError>) -> ApiError {
    if let [only] = fields.as_slice()
        && only.path == "cursor"
    {
        return ApiError::parameter("cursor", only.message.clone());
    }
    let message = match fields.as_slice() {
        [only] => format!("{}: {}", only.path, only.message),
        several => format!("{} fields are not as they should be.", several.len()),
    };
    let mut error = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
    for field in fields {
        error = error.with(field.path, field.message);
    }
    error
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status;
        let error = ErrorShape { code: self.code, message: self.message, details: self.details };
        let mut response = (status, Json(ErrorBody { error })).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        response
    }
}

/// A refusal as whoever asked can read it: JSON for programs, a line of text for people.
pub(crate) fn answer(path: &str, error: ApiError) -> Response {
    if is_api(path) { error.into_response() } else { (error.status, error.message).into_response() }
}

/// Whether an address is the API's.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/") || path == "/healthz"
}

/// The refusals that every route of the API may give, for its document.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its derived description is used")]
pub(crate) enum Refusals {
    /// A parameter is wrong, or the body is no JSON.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// Nobody is signed in.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The token's scope does not allow it.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// It is not there.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// It does not fit what is there.
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is not said to be JSON.
    #[response(status = 415)]
    UnsupportedMediaType(ErrorBody),
    /// Fields are wrong; `details` names each.
    #[response(status = 422)]
    Invalid(ErrorBody),
    /// Something that Weir depends on has trouble.
    #[response(status = 503)]
    Trouble(ErrorBody),
}
