//! The console: the pages and the `/v1` API as one router. Never: an AWS name, a rule of the product.

mod api;
mod auth;
mod errors;
mod headers;
mod idempotency;
mod openapi;
mod pages;
mod routes;

#[cfg(test)]
mod tests;

use axum::{Router, extract::DefaultBodyLimit, http::Uri, middleware, response::IntoResponse};
use weir_app::Hub;

use crate::errors::ApiError;

/// What every handler gets.
#[derive(Clone)]
pub struct Console {
    /// The hub.
    pub hub: Hub,
}

impl From<Hub> for Console {
    fn from(hub: Hub) -> Self {
        Self { hub }
    }
}

/// The largest body of a request, in bytes: far above any that makes sense here.
const BODY_BYTES: usize = 1024 * 1024;

/// The whole console.
pub fn router(console: Console) -> Router {
    let api = api::routes();
    let guard = auth::Guard::new(console.clone(), api.table());
    Router::new()
        .merge(api.into_router())
        .merge(pages::routes())
        .fallback(nothing_there)
        .method_not_allowed_fallback(not_that_way)
        .layer(middleware::from_fn_with_state(console.clone(), idempotency::keep))
        .layer(middleware::from_fn_with_state(guard, auth::guard))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn(headers::add))
        .with_state(console)
}

async fn nothing_there(uri: Uri) -> axum::response::Response {
    errors::answer(uri.path(), ApiError::not_found("There is nothing under this address."))
}

async fn not_that_way(uri: Uri) -> axum::response::Response {
    errors::answer(uri.path(), ApiError::method_not_allowed()).into_response()
}
