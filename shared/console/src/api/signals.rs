//! `signals`: "look at this order now", also at one that was never seen.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_app::signals::{self as flow, Named};
use weir_domain::ids::{ChannelOrderId, ConnectionId};

use super::{
    input::{Body, Fields},
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

/// Which order is looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSignal {
    connection_id: String,
    /// The channel's own id; this or `order_no`.
    channel_order_id: Option<String>,
    /// The number that people see; this or `channel_order_id`.
    order_no: Option<String>,
    /// Who asks, for the timeline; the token's name if left out.
    requested_by: Option<String>,
}

/// A signal that was sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Signal)]
pub(crate) struct SignalShape {
    id: String,
    connection_id: String,
    channel_order_id: String,
    requested_by: Option<String>,
    at: String,
}

/// Looks at an order now. What came of it is in `outcomes`, a moment later.
#[utoipa::path(post, path = "/v1/signals", tag = "signals", request_body = CreateSignal,
    responses((status = 202, body = SignalShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    NewId(token): NewId,
    Body(body): Body<CreateSignal>,
) -> Result<(StatusCode, Json<SignalShape>), ApiError> {
    let mut fields = Fields::default();
    let connection = fields.parse("connection_id", ConnectionId::parse(&body.connection_id));
    let named = match (&body.channel_order_id, &body.order_no) {
        (Some(id), None) => {
            fields.parse("channel_order_id", ChannelOrderId::parse(id)).map(Named::ChannelOrderId)
        }
        (None, Some(number)) => fields.name("order_no", number).map(Named::OrderNo),
        (Some(_), Some(_)) => {
            fields.wrong("order_no", "Give the channel's id or the number, not both.");
            None
        }
        (None, None) => {
            fields.wrong("channel_order_id", "Say which order: by the channel's id, or by order_no.");
            None
        }
    };
    let by = body.requested_by.as_ref().map_or(Some(who.name), |by| fields.name("requested_by", by));
    let (Some(connection), Some(named), Some(by)) = (connection, named, by) else {
        return Err(fields.refusal());
    };
    let signal = flow::signal(&console.hub, &who.organization, &connection, &token, named, &by).await?;
    let shape = SignalShape {
        id: signal.id.to_string(),
        connection_id: signal.connection.to_string(),
        channel_order_id: signal.channel_order_id.to_string(),
        requested_by: signal.requested_by,
        at: time(signal.at),
    };
    Ok((StatusCode::ACCEPTED, Json(shape)))
}
