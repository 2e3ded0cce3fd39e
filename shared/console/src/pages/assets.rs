//! The files that pages load: one stylesheet, and htmx as its authors published it.

use axum::{
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::IntoResponse,
};

/// Where the stylesheet is; the name changes with its content's version.
pub(super) const STYLE_PATH: &str = "/assets/style.css";

/// Where htmx is.
pub(super) const HTMX_PATH: &str = "/assets/htmx-2.0.11.min.js";

/// SHA-256 of the vendored htmx 2.0.11 (licence: 0BSD, beside it), as published in the npm package.
#[cfg(test)]
const HTMX_SHA256: &str = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717";

const STYLE: &str = include_str!("../../assets/style.css");
const HTMX: &str = include_str!("../../assets/htmx-2.0.11.min.js");

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")], STYLE)
}

pub(super) async fn htmx() -> impl IntoResponse {
    let for_ever = "public, max-age=31536000, immutable";
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, for_ever)], HTMX)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn htmx_is_as_published() {
        let digest: String = Sha256::digest(HTMX).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, HTMX_SHA256);
    }
}
