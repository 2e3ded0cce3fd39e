//! The webhook door of this process: the bytes as they came, to the flow that verifies them. A channel
//! knocks at `/webhooks/{channel}/{connection}`; everything else goes to the pages and the API.

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use futures_util::StreamExt as _;
use weir_app::{
    Hub,
    webhook::{self, LARGEST_BODY},
};
use weir_domain::ids::{ChannelName, ConnectionId};

/// Bytes of a body that are read to its end before it is refused: who is cut off in the middle of
/// sending does not hear why.
const HEARD_OUT: usize = 4 * LARGEST_BODY;

/// The door, before everything else.
pub(crate) fn before(inside: Router, hub: Hub) -> Router {
    let door = Router::new().route("/webhooks/{channel}/{connection}", post(knock)).with_state(hub);
    door.fallback_service(inside)
}

async fn knock(
    State(hub): State<Hub>,
    Path((channel, connection)): Path<(String, String)>,
    request: Request,
) -> StatusCode {
    let (parts, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(status) => return status,
    };
    let (Ok(channel), Ok(connection)) = (ChannelName::parse(&channel), ConnectionId::parse(&connection))
    else {
        return StatusCode::UNAUTHORIZED;
    };
    match webhook::receive(&hub, &channel, &connection, &texts(&parts.headers), &body).await {
        Ok(answer) => StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        Err(error) => {
            tracing::error!(%channel, %connection, %error, "a delivery could not be made safe");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn read(body: Body) -> Result<Vec<u8>, StatusCode> {
    let (mut bytes, mut heard) = (Vec::new(), 0);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
        heard += part.len();
        if heard <= LARGEST_BODY {
            bytes.extend_from_slice(&part);
        } else if heard > HEARD_OUT {
            break;
        }
    }
    if heard > LARGEST_BODY { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(bytes) }
}

/// Headers that are text; no channel signs with others.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}
