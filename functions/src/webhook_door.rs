//! What the webhook doors of all channels share: a request of the HTTP API in, the bytes as they came to the
//! flow that verifies them, a status out. A delivery that could not be made safe is no answer but an
//! error: the channel brings it again. (SPEC OP-06)

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use weir_app::{
    Hub,
    flow::FlowError,
    webhook::{self, Answer},
};
use weir_domain::ids::{ChannelName, ConnectionId, InvalidId};

/// A request of the HTTP API, as far as it is read (payload format 2.0).
#[derive(Debug, Deserialize)]
pub struct HttpRequest {
    /// Its headers; one that came twice has both values in one, with a comma between.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What the route's variables stand for.
    #[serde(rename = "pathParameters")]
    pub path: Path,
    /// The body; empty if there is none.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether the body is text that stands for its bytes.
    #[serde(rename = "isBase64Encoded", default)]
    pub is_base64: bool,
}

/// The variables of `POST /webhooks/{channel}/{connection_id}`.
#[derive(Debug, Deserialize)]
pub struct Path {
    /// Whose door it is.
    pub connection_id: String,
}

/// What the HTTP API is answered.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct HttpResponse {
    /// The status: 200, 401 or 413.
    #[serde(rename = "statusCode")]
    pub status: u16,
}

impl HttpResponse {
    /// As a delivery was answered, which is the door's one line in the log.
    pub(crate) fn of(answer: &Answer) -> Self {
        tracing::info!(status = answer.status(), ?answer, "answered");
        Self { status: answer.status() }
    }
}

/// Takes in what came to a connection's address.
///
/// # Errors
/// If it could not be made safe; it is delivered again.
pub(crate) async fn receive(
    hub: &Hub,
    channel: &ChannelName,
    request: HttpRequest,
) -> Result<Answer, FlowError> {
    // No connection has such an id, or the body is not what the API says it is: nothing shows who sent it.
    let Ok(connection) = ConnectionId::parse(&request.path.connection_id) else {
        return Ok(Answer::Unverified);
    };
    let body = request.body.unwrap_or_default();
    let body = match request.is_base64 {
        false => Cow::Borrowed(body.as_bytes()),
        true => match BASE64_STANDARD.decode(&body) {
            Ok(bytes) => Cow::Owned(bytes),
            Err(_) => return Ok(Answer::Unverified),
        },
    };
    let headers: Vec<(String, String)> = request.headers.into_iter().collect();
    webhook::receive(hub, channel, &connection, &headers, &body).await
}

/// Why a delivery was not answered.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// What Lambda handed over is neither a request of the HTTP API nor an event of a bus. Its words are
    /// not said: it may hold what a buyer entered.
    #[error("it is neither a request of the HTTP API nor an event of a bus")]
    NoEvent,
    /// It could not be made safe.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The channel's own name does not parse.
    #[error(transparent)]
    Channel(#[from] InvalidId),
}
