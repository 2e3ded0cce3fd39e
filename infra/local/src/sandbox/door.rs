//! The sandbox's API behind HTTP: calls become the values that the sandbox takes, its answers become
//! answers. Nothing is decided here.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use weir_channels::http::{HttpRequest, HttpResponse, Method};

/// The largest body of a call, in bytes: Amazon's own calls have a few hundred.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A sandbox that answers calls.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Answers a call of its API.
    fn answer(&self, request: &HttpRequest) -> HttpResponse;
}

/// Everything goes to the sandbox, which is at `base_url`.
pub(crate) fn router<S: Answers>(sandbox: Arc<S>, base_url: &str) -> Router {
    Router::new().fallback(answer::<S>).with_state((sandbox, Arc::from(base_url)))
}

async fn answer<S: Answers>(
    State((sandbox, base_url)): State<(Arc<S>, Arc<str>)>,
    request: Request,
) -> Response {
    match read(request, &base_url).await {
        Ok(request) => write(sandbox.answer(&request)),
        Err(status) => status.into_response(),
    }
}

async fn read(request: Request, base_url: &str) -> Result<HttpRequest, StatusCode> {
    let (parts, body) = request.into_parts();
    let method = match parts.method.as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        _ => return Err(StatusCode::METHOD_NOT_ALLOWED),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut call = HttpRequest::new(method, format!("{base_url}{path}"));
    for (name, value) in &parts.headers {
        if let Ok(value) = value.to_str() {
            call = call.header(name.as_str(), value);
        }
    }
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    call.body = body.to_vec();
    Ok(call)
}

fn write(answer: HttpResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status;
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (header::HeaderName::try_from(name), HeaderValue::from_str(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
