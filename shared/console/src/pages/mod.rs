//! The pages for operations people: what came, what waits and why, and the button that mends it.
//! They work without JavaScript; htmx keeps the overview's counts alive.

mod layout;
mod assets;

mod overview;
mod orders;
mod order;
mod attention;
mod why;
mod inventory;
mod connections;
mod connection;
mod data_requests;
mod dead_letters;
mod sign_in;

use std::collections::BTreeMap;

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use weir_app::{
    Hub,
    gate::Site,
    people::Refusal,
    ports::{Index, Key, LedgerError, Record},
};
use weir_domain::{
    connection::Connection,
    ids::{ChannelName, ConnectionId, LocationId, OrganizationId, VariantId},
    location::Location,
    variant::Variant,
};

use crate::{Console, auth::Viewer};

/// The routes of the pages.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/", get(overview::page))
        .route("/overview/live", get(overview::live))
        .route("/orders", get(orders::page))
        .route("/orders/{id}", get(order::page))
        .route("/orders/{id}/{act}", post(order::acts::act))
        .route("/attention", get(attention::page))
        .route("/attention/map", post(attention::map))
        .route("/attention/create", post(attention::create))
        .route("/attention/look", post(attention::look))
        .route("/why", get(why::page))
        .route("/inventory", get(inventory::page))
        .route("/connections", get(connections::page))
        .route("/connections/{id}", get(connection::page))
        .route("/connections/{id}/settings", post(connection::settings))
        .route("/connections/{id}/reconcile", post(connection::reconcile))
        .route("/connections/{id}/{act}", post(connections::act))
        .route("/data-requests", get(data_requests::page))
        .route("/dead-letters", get(dead_letters::page))
        .route("/dead-letters/{id}/{act}", post(dead_letters::act))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route(assets::STYLE_PATH, get(assets::style))
        .route(assets::HTMX_PATH, get(assets::htmx))
}

/// Records of a page's list.
const ROWS_A_PAGE: usize = 50;

/// Why a page cannot be shown, in words for the person who asked for it.
#[derive(Debug)]
pub(super) enum PageError {
    /// There is no such thing.
    NotFound(&'static str),
    /// The person may not do this.
    Forbidden,
    /// What was sent in is not right.
    Invalid(String),
    /// Something inside has trouble; the log says what.
    Trouble(String),
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, words) = match self {
            Self::NotFound(what) => {
                (StatusCode::NOT_FOUND, "Not here", format!("There is no {what} of that name."))
            }
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Not allowed",
                "The token you signed in with may read, not change.".to_owned(),
            ),
            Self::Invalid(words) => (StatusCode::UNPROCESSABLE_ENTITY, "That did not work", words),
            Self::Trouble(cause) => {
                tracing::error!(cause, "a page could not be shown");
                let words = "The store could not be read just now. Try again in a moment.".to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, "In trouble", words)
            }
        };
        let content = html! { h1 { (title) } p { (words) } p { a href="/" { "To the overview" } } };
        (status, layout::alone(title, &content)).into_response()
    }
}

impl From<LedgerError> for PageError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::InvalidCursor => {
                Self::Invalid("That page of the list is not there any more.".to_owned())
            }
            LedgerError::Trouble(_) | LedgerError::Unreadable(_) => Self::Trouble(error.to_string()),
        }
    }
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(words) => Self::Invalid(words),
            Refusal::Invalid { fields, .. } => {
                let words: Vec<String> = fields.into_iter().map(|field| field.message).collect();
                Self::Invalid(words.join(" "))
            }
            Refusal::Conflict { message, .. } => Self::Invalid(message),
            Refusal::Trouble(cause) => Self::Trouble(cause),
        }
    }
}

/// The frame of a page for somebody.
async fn frame(
    hub: &Hub,
    viewer: &Viewer,
    place: layout::Place,
    title: Option<String>,
) -> Result<layout::Frame, PageError> {
    let key = Key::Organization(viewer.organization.clone());
    let found = hub.get(Site::PersonRead, &[key]).await?;
    let organization = found.into_values().find_map(|stored| match stored.record {
        Record::Organization(organization) => Some(organization.name),
        _ => None,
    });
    Ok(layout::Frame { organization: organization.unwrap_or_default(), place, title })
}

/// Everything of one list that is short enough for a choice or a name.
async fn listed<T>(
    hub: &Hub,
    index: &Index,
    pick: impl Fn(Record) -> Option<T>,
) -> Result<Vec<T>, PageError> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    while all.len() < 5_000 {
        let page = hub.list(Site::PersonRead, index, after.as_deref(), 250).await?;
        all.extend(page.records.into_iter().filter_map(|(_, stored)| pick(stored.record)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(all)
}

async fn connection_list(
    hub: &Hub,
    organization: &OrganizationId,
) -> Result<BTreeMap<ConnectionId, Connection>, PageError> {
    let index = Index::Connections(organization.clone());
    let all = listed(hub, &index, |record| match record {
        Record::Connection(connection) => Some(connection),
        _ => None,
    });
    Ok(all.await?.into_iter().map(|connection| (connection.id.clone(), connection)).collect())
}

async fn location_list(
    hub: &Hub,
    organization: &OrganizationId,
) -> Result<BTreeMap<LocationId, Location>, PageError> {
    let index = Index::Locations(organization.clone());
    let all = listed(hub, &index, |record| match record {
        Record::Location(location) => Some(location),
        _ => None,
    });
    Ok(all.await?.into_iter().map(|location| (location.id.clone(), location)).collect())
}

async fn variant_list(
    hub: &Hub,
    organization: &OrganizationId,
) -> Result<BTreeMap<VariantId, Variant>, PageError> {
    let index = Index::Variants(organization.clone());
    let all = listed(hub, &index, |record| match record {
        Record::Variant(variant) => Some(variant),
        _ => None,
    });
    Ok(all.await?.into_iter().map(|variant| (variant.id.clone(), variant)).collect())
}

/// How people call a channel; one that this build does not know keeps its name.
fn channel_title(name: &ChannelName) -> &str {
    weir_channels::find(name).map_or(name.as_str(), |channel| channel.title)
}

/// A table with a heading for those who do not see it.
fn table(caption: &str, head: &[(&str, bool)], rows: &[Markup]) -> Markup {
    html! {
        div.panel {
            table {
                caption hidden { (caption) }
                thead { tr { @for (name, is_number) in head { th.num[*is_number] scope="col" { (name) } } } }
                tbody { @for row in rows { (row) } }
            }
        }
    }
}
