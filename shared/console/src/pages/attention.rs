//! What waits, what failed and what was skipped, each with its reason and, where a person can act,
//! the button that mends it: map the SKU, create the variant, look again.

use axum::{
    Form,
    extract::{Query, State},
    response::Redirect,
};
use maud::{Markup, html};
use serde::Deserialize;
use weir_app::{
    catalogue,
    gate::Site,
    ports::{Index, Record},
    signals::{self, Named},
};
use weir_domain::{
    connection::ConnectionStatus,
    ids::{ChannelOrderId, ConnectionId},
    outcome::{Observation, OutcomeKind, ReasonCode},
    variant::{Sku, Tracking, Variant, VariantKind},
};

use super::{PageError, ROWS_A_PAGE, connection_list, frame, layout, variant_list};
use crate::{Console, auth::Viewer};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    kind: String,
    cursor: Option<String>,
}

pub(super) async fn page(
    State(console): State<Console>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Markup, PageError> {
    let kind = OutcomeKind::parse(&asked.kind).unwrap_or(OutcomeKind::Waiting);
    let frame = frame(&console.hub, &viewer, layout::Place::Attention, None).await?;
    let index = Index::Observations(viewer.organization.clone(), kind);
    let page = console.hub.list(Site::PersonRead, &index, asked.cursor.as_deref(), ROWS_A_PAGE).await?;
    let connections = connection_list(&console.hub, &viewer.organization).await?;
    let variants = variant_list(&console.hub, &viewer.organization).await?;
    let observations: Vec<Observation> = page
        .records
        .into_iter()
        .filter_map(|(_, stored)| match stored.record {
            Record::Observation(observation) => Some(observation),
            _ => None,
        })
        .collect();
    let name_of =
        |id: &ConnectionId| connections.get(id).map_or("–", |connection| connection.name.as_str());
    let may_write = viewer.may_write();
    let lines = |observation: &Observation| {
        waiting(observation, name_of(&observation.connection), variants.values(), may_write)
    };
    let (for_people, by_itself): (Vec<&Observation>, Vec<&Observation>) =
        observations.iter().partition(|observation| observation.outcome.reason.action.is_some());
    let content = html! {
        @for connection in connections.values() {
            @if let ConnectionStatus::NeedsAttention(reason) = &connection.status {
                div.notice.bad {
                    b { (connection.name) } ": " (reason.message) " "
                    @if let Some(action) = &reason.action { (action) } " "
                    a href="/connections" { "To the connections" }
                }
            }
        }
        p.muted {
            @for choice in [OutcomeKind::Waiting, OutcomeKind::Failed, OutcomeKind::Skipped] {
                @if choice == kind { b { (choice.as_str()) } } @else { a href=(format!("/attention?kind={}", choice.as_str())) { (choice.as_str()) } }
                " · "
            }
            a href="/why" { "search by number" }
        }
        (part("For you to mend", &for_people, &lines))
        (part("Goes on by itself", &by_itself, &lines))
        @if observations.is_empty() { div.panel { p.empty { "Nothing is " (kind.as_str()) "." } } }
        (layout::next_page("/attention", &[("kind", &asked.kind)], page.next.as_deref()))
        datalist id="variants" {
            @for variant in variants.values() { option value=(variant.sku) { (variant.name) } }
        }
    };
    Ok(layout::page(&frame, &content))
}

/// One part of the list: what a person can mend stands before what needs nobody.
fn part(title: &str, observations: &[&Observation], lines: &impl Fn(&Observation) -> Markup) -> Markup {
    html! {
        @if !observations.is_empty() {
            h2 { (title) }
            div.panel { @for observation in observations { (lines(observation)) } }
        }
    }
}

fn waiting<'a>(
    observation: &Observation,
    connection: &str,
    variants: impl Iterator<Item = &'a Variant>,
    may_write: bool,
) -> Markup {
    let reason = &observation.outcome.reason;
    let known: Vec<&str> = variants.map(|variant| variant.sku.as_str()).collect();
    let unmatched: Vec<&String> =
        observation.skus.iter().filter(|sku| !known.contains(&sku.as_str())).collect();
    html! {
        div.waiting {
            div.head {
                b { (observation.order_no) } (layout::kind(observation.outcome.kind))
                span.muted { (connection) } span.muted.small { "since " (layout::time(observation.observed_at)) }
            }
            div { (reason.message) @if let Some(action) = &reason.action { " " span.muted { (action) } } }
            @if may_write && reason.code == ReasonCode::SkuNotMatched {
                @for sku in unmatched { (mend(observation, sku)) }
            }
            @if may_write {
                form.row method="post" action="/attention/look" {
                    input type="hidden" name="connection" value=(observation.connection);
                    input type="hidden" name="order" value=(observation.channel_order_id);
                    button.quiet type="submit" { "Look again now" }
                    a.small href=(format!("/why?q={}", layout::escape(&observation.order_no))) { "What happened so far" }
                }
            }
        }
    }
}

/// The two ways to match a SKU.
fn mend(observation: &Observation, sku: &str) -> Markup {
    let id = format!("map-{}-{}", observation.channel_order_id, layout::escape(sku));
    html! {
        form.row method="post" action="/attention/map" {
            input type="hidden" name="connection" value=(observation.connection);
            input type="hidden" name="channel_sku" value=(sku);
            label for=(id) { "Map " code { (sku) } " to" }
            input id=(id) name="variant_sku" list="variants" required placeholder="SKU of a variant" autocomplete="off";
            button type="submit" { "Map the SKU" }
        }
        form.row method="post" action="/attention/create" {
            input type="hidden" name="sku" value=(sku);
            span.muted.small { "or" }
            button.quiet type="submit" { "Create a variant " (sku) }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Mapping {
    connection: String,
    channel_sku: String,
    variant_sku: String,
}

pub(super) async fn map(
    State(console): State<Console>,
    viewer: Viewer,
    Form(mapping): Form<Mapping>,
) -> Result<Redirect, PageError> {
    viewer.require_write()?;
    let connection =
        ConnectionId::parse(&mapping.connection).map_err(|_| PageError::NotFound("connection"))?;
    let sku = |text: &str| Sku::parse(text).map_err(|error| PageError::Invalid(error.to_string()));
    let (channel_sku, variant_sku) = (sku(&mapping.channel_sku)?, sku(mapping.variant_sku.trim())?);
    catalogue::aliases::create(&console.hub, &viewer.organization, &connection, &channel_sku, &variant_sku)
        .await?;
    Ok(Redirect::to("/attention"))
}

#[derive(Deserialize)]
pub(super) struct Creating {
    sku: String,
}

pub(super) async fn create(
    State(console): State<Console>,
    viewer: Viewer,
    Form(creating): Form<Creating>,
) -> Result<Redirect, PageError> {
    viewer.require_write()?;
    let sku = Sku::parse(&creating.sku).map_err(|error| PageError::Invalid(error.to_string()))?;
    let new = catalogue::variants::NewVariant {
        name: sku.to_string(),
        sku,
        kind: VariantKind::Product,
        tracking: Tracking::None,
        default_delivery_days: None,
    };
    let token = console.hub.ids.token();
    catalogue::variants::create(&console.hub, &viewer.organization, &token, new).await?;
    Ok(Redirect::to("/attention"))
}

#[derive(Deserialize)]
pub(super) struct Looking {
    connection: String,
    order: String,
}

pub(super) async fn look(
    State(console): State<Console>,
    viewer: Viewer,
    Form(looking): Form<Looking>,
) -> Result<Redirect, PageError> {
    viewer.require_write()?;
    let connection =
        ConnectionId::parse(&looking.connection).map_err(|_| PageError::NotFound("connection"))?;
    let order = ChannelOrderId::parse(&looking.order).map_err(|_| PageError::NotFound("order"))?;
    let token = console.hub.ids.token();
    let named = Named::ChannelOrderId(order);
    signals::signal(&console.hub, &viewer.organization, &connection, &token, named, &viewer.name).await?;
    Ok(Redirect::to("/attention"))
}
