//! `connections/{id}/runs`: jobs that people ask for, and their records.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::{
    people::Refusal,
    runs::{self as flow, NewRun},
};
use weir_domain::{
    Timestamp,
    ids::RunId,
    run::{Job, Run},
};

use super::{
    connections::connection,
    input::{Body, Params, id},
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

/// Jobs that the API names and a later version brings.
const LATER: [&str; 3] = ["inventory", "submit_requests", "shipments"];

/// A run of a job.
#[derive(Serialize, ToSchema)]
#[schema(as = Run)]
pub(crate) struct RunShape {
    id: String,
    connection_id: String,
    /// `poll_orders`, `backfill` or `reconcile`.
    job: &'static str,
    /// `queued`, `running`, `succeeded` or `failed`.
    state: &'static str,
    /// From when on orders are looked for (`backfill`, `reconcile`).
    since: Option<String>,
    requested_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    counts: BTreeMap<String, u64>,
    errors: Vec<RunErrorShape>,
}

/// What went wrong in a run.
#[derive(Serialize, ToSchema)]
#[schema(as = RunError)]
struct RunErrorShape {
    code: String,
    message: String,
    sample: Option<String>,
}

fn shape(run: Run) -> RunShape {
    let mut counts = run.counts;
    for always in ["unreadable_rows", "unmatched_rows"] {
        counts.entry(always.to_owned()).or_default();
    }
    let error = |error: weir_domain::run::RunError| RunErrorShape {
        code: error.code,
        message: error.message,
        sample: error.sample,
    };
    RunShape {
        id: run.id.to_string(),
        connection_id: run.connection.to_string(),
        job: run.job.as_str(),
        state: run.state.as_str(),
        since: run.since.map(time),
        requested_at: time(run.requested_at),
        started_at: run.started_at.map(time),
        ended_at: run.ended_at.map(time),
        counts,
        errors: run.errors.into_iter().map(error).collect(),
    }
}

/// How a list of runs is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListRuns {
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Runs of a connection, newest first.
#[utoipa::path(get, path = "/v1/connections/{id}/runs", tag = "runs", params(("id" = String, Path), ListRuns),
    responses((status = 200, body = List<RunShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    params: Params<ListRuns>,
) -> Result<Json<List<RunShape>>, ApiError> {
    let part = flow::list(&console.hub, &who.organization, &connection(&text)?, &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What is to be run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRun {
    /// `poll_orders`, `backfill`, or `reconcile`: the last 14 days' orders are held against their outcomes, and
    /// every difference is signalled.
    job: String,
    /// Of a `backfill`: orders since then come in.
    since: Option<String>,
}

/// That a run was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunAccepted {
    id: String,
    state: &'static str,
}

/// Asks for a run; the next tick carries it out.
#[utoipa::path(post, path = "/v1/connections/{id}/runs", tag = "runs", params(("id" = String, Path)),
    request_body = CreateRun, responses((status = 202, body = RunAccepted), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    NewId(token): NewId,
    Body(body): Body<CreateRun>,
) -> Result<(StatusCode, Json<RunAccepted>), ApiError> {
    let on = connection(&text)?;
    let new = new_run(&body)?;
    let run = flow::create(&console.hub, &who.organization, &on, &token, new).await?;
    let accepted = RunAccepted { id: run.id.to_string(), state: run.state.as_str() };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

fn new_run(body: &CreateRun) -> Result<NewRun, ApiError> {
    if LATER.contains(&body.job.as_str()) {
        return Err(Refusal::not_available_yet("job").into());
    }
    match (Job::parse(&body.job), &body.since) {
        (None, _) => Err(ApiError::field("job", "Use poll_orders, backfill or reconcile.")),
        (Some(Job::PollOrders), None) => Ok(NewRun::PollOrders),
        (Some(Job::Reconcile), None) => Ok(NewRun::Reconcile),
        (Some(Job::PollOrders | Job::Reconcile), Some(_)) => {
            Err(ApiError::field("since", "Only a backfill takes it."))
        }
        (Some(Job::Backfill), None) => {
            Err(ApiError::field("since", "Say from when on orders are looked for."))
        }
        (Some(Job::Backfill), Some(text)) => {
            let since = text.parse::<Timestamp>().ok().or_else(|| midnight(text));
            let since = since.ok_or_else(|| {
                ApiError::field("since", "Give a time such as \"2026-01-31T09:00:00Z\", or a date.")
            })?;
            Ok(NewRun::Backfill { since })
        }
    }
}

/// The beginning of a date, in UTC.
fn midnight(text: &str) -> Option<Timestamp> {
    let date = text.parse::<jiff::civil::Date>().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

/// A run.
#[utoipa::path(get, path = "/v1/connections/{id}/runs/{run_id}", tag = "runs",
    params(("id" = String, Path), ("run_id" = String, Path)), responses((status = 200, body = RunShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path((text, run)): Path<(String, String)>,
) -> Result<Json<RunShape>, ApiError> {
    let (on, run) = (connection(&text)?, id("run", &run, RunId::parse)?);
    Ok(Json(shape(flow::read(&console.hub, &who.organization, &on, &run).await?)))
}
