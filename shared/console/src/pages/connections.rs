//! The connections: whether each works, when it last did, and the switches.

use axum::{
    extract::{Path, State},
    response::Redirect,
};
use maud::{Markup, html};
use weir_app::connections as flow;
use weir_domain::{
    connection::{Connection, ConnectionStatus, NotificationLink},
    ids::ConnectionId,
};

use super::{PageError, channel_title, connection_list, frame, layout, location_list, overview};
use crate::{Console, auth::Viewer};

pub(super) async fn page(State(console): State<Console>, viewer: Viewer) -> Result<Markup, PageError> {
    let frame = frame(&console.hub, &viewer, layout::Place::Connections, None).await?;
    let connections = connection_list(&console.hub, &viewer.organization).await?;
    let locations = location_list(&console.hub, &viewer.organization).await?;
    let may_switch = viewer.may_administer();
    let content = html! {
        p { a href="/data-requests" { "Data requests of buyers" } }
        div.panel {
            @if connections.is_empty() { p.empty { "None yet. Make one with POST /v1/connections." } }
            @for connection in connections.values() {
                div.waiting {
                    div.head {
                        b { a href=(format!("/connections/{}", connection.id)) { (connection.name) } } (overview::connection_chip(&connection.status))
                        span.muted { (channel_title(&connection.channel)) " · " (connection.remote.account)
                            @if let Some(marketplace) = &connection.remote.marketplace { " · " (marketplace) } }
                    }
                    @if let ConnectionStatus::NeedsAttention(reason) = &connection.status {
                        div { (reason.message) " " @if let Some(action) = &reason.action { span.muted { (action) } } }
                    }
                    (facts(connection, connection.default_location.as_ref().and_then(|id| locations.get(id)).map(|location| location.name.as_str())))
                    @if may_switch {
                        div.head {
                            (button(connection, "test", "Test"))
                            @if connection.is_active() { (button(connection, "deactivate", "Deactivate")) }
                            @else { (button(connection, "activate", "Activate")) }
                        }
                    }
                }
            }
        }
    };
    Ok(layout::page(&frame, &content))
}

fn facts(connection: &Connection, location: Option<&str>) -> Markup {
    let notifications = match &connection.notifications {
        NotificationLink::Off => "off; the search finds every order".to_owned(),
        NotificationLink::Subscribed { .. } => "subscribed".to_owned(),
        NotificationLink::Failed { message } => format!("not set up: {message}"),
    };
    html! {
        dl.facts {
            div { dt { "Location" } dd { (location.unwrap_or("none")) } }
            div { dt { "Active since" } dd { @match connection.activated_at { Some(at) => (layout::time(at)), None => "never" } } }
            div { dt { "Notifications" } dd { (notifications) } }
            div { dt { "SKU aliases" } dd { @if connection.settings.sku_aliasing { "on" } @else { "off" } } }
        }
    }
}

fn button(connection: &Connection, act: &str, words: &str) -> Markup {
    let path = format!("/connections/{}/{act}", connection.id);
    html! { form method="post" action=(path) { button.quiet type="submit" { (words) } } }
}

pub(super) async fn act(
    State(console): State<Console>,
    viewer: Viewer,
    Path((id, act)): Path<(String, String)>,
) -> Result<Redirect, PageError> {
    viewer.require_admin()?;
    let id = ConnectionId::parse(&id).map_err(|_| PageError::NotFound("connection"))?;
    let (hub, organization) = (&console.hub, &viewer.organization);
    match act.as_str() {
        "activate" => {
            flow::activate(hub, organization, &id).await?;
        }
        "deactivate" => {
            flow::deactivate(hub, organization, &id).await?;
        }
        "test" => {
            let tested = flow::test(hub, organization, &id).await?;
            if let Some(problem) = tested.problem {
                return Err(PageError::Invalid(problem));
            }
        }
        _ => return Err(PageError::NotFound("action")),
    }
    Ok(Redirect::to("/connections"))
}
