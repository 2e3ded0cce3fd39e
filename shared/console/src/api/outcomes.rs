//! `outcomes`: what became of every order that a channel showed, and why.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::outcomes::{self as flow, OutcomeFilter};
use weir_domain::{
    ids::{ChannelOrderId, ConnectionId},
    outcome::{Observation, OutcomeKind, ReasonCode},
};

use super::{
    input::{Params, parameter, word},
    paging::List,
    shapes::{BecauseShape, time},
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
};

/// What became of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = Outcome)]
pub(crate) struct OutcomeShape {
    id: String,
    connection_id: String,
    /// The channel's own id.
    channel_order_id: String,
    /// The number that people see; the channel's id until it is known.
    order_no: String,
    /// `imported`, `updated`, `unchanged`, `waiting`, `skipped` or `failed`.
    kind: &'static str,
    /// The stable code; see the schema `ReasonCode`.
    code: &'static str,
    /// The sentence.
    message: String,
    /// What a person can do, if anything.
    action: Option<String>,
    because: Vec<BecauseShape>,
    /// Channel SKUs of the order.
    skus: Vec<String>,
    /// When this outcome was reached.
    observed_at: String,
    first_seen_at: String,
    last_seen_at: String,
    sales_order_id: Option<String>,
}

fn shape(observation: Observation) -> OutcomeShape {
    let id = flow::id(&observation).to_string();
    let Observation { outcome, .. } = observation;
    OutcomeShape {
        id,
        connection_id: observation.connection.to_string(),
        channel_order_id: observation.channel_order_id.to_string(),
        order_no: observation.order_no,
        kind: outcome.kind.as_str(),
        code: outcome.reason.code.as_str(),
        message: outcome.reason.message,
        action: outcome.reason.action,
        because: observation.because.iter().map(BecauseShape::from).collect(),
        skus: observation.skus,
        observed_at: time(observation.observed_at),
        first_seen_at: time(observation.first_seen_at),
        last_seen_at: time(observation.last_seen_at),
        sales_order_id: observation.sales_order.map(|id| id.to_string()),
    }
}

/// How outcomes are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListOutcomes {
    connection_id: Option<String>,
    /// The channel's own id.
    channel_order_id: Option<String>,
    /// The number that people see.
    order_no: Option<String>,
    /// `imported`, `updated`, `unchanged`, `waiting`, `skipped` or `failed`.
    kind: Option<String>,
    /// A reason code.
    code: Option<String>,
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// What became of the orders that channels showed, newest first.
#[utoipa::path(get, path = "/v1/outcomes", tag = "outcomes", params(ListOutcomes),
    responses((status = 200, body = List<OutcomeShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListOutcomes>,
) -> Result<Json<List<OutcomeShape>>, ApiError> {
    let of = &params.of;
    let kinds = OutcomeKind::ALL.map(OutcomeKind::as_str);
    let codes: Vec<&str> = ReasonCode::ALL.iter().map(|code| code.as_str()).collect();
    let filter = OutcomeFilter {
        connection: parameter("connection_id", of.connection_id.as_ref(), ConnectionId::parse)?,
        channel_order_id: parameter("channel_order_id", of.channel_order_id.as_ref(), ChannelOrderId::parse)?,
        order_no: of.order_no.clone(),
        kind: word("kind", of.kind.as_ref(), OutcomeKind::parse, &kinds)?,
        code: word("code", of.code.as_ref(), ReasonCode::parse, &codes)?,
    };
    let part = flow::list(&console.hub, &who.organization, &filter, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}
