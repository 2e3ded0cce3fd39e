//! One connection: how it is, what can be set on it with what each setting does, and what a change would do
//! before it is saved. (SPEC OP-02, OP-07, OP-08)

use std::collections::BTreeMap;

use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use weir_app::{
    connections::{self as flow, Check, ConnectionPatch, Difference, Preview},
    lists::Window,
    runs::{self, NewRun},
};
use weir_channels::channel::{Setting, SettingKind, SettingValue, Settings};
use weir_domain::{connection::Connection, ids::ConnectionId, run::Run};

use super::{PageError, frame, layout, overview, table};
use crate::{Console, auth::Viewer};

/// Runs that the page shows.
const RUNS: usize = 10;

pub(super) async fn page(
    State(console): State<Console>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Markup, PageError> {
    let id = parse(&id)?;
    let connection = flow::read(&console.hub, &viewer.organization, &id).await?;
    let chosen = as_set(&connection);
    shown(&console, &viewer, connection, &chosen, None).await
}

fn parse(id: &str) -> Result<ConnectionId, PageError> {
    ConnectionId::parse(id).map_err(|_| PageError::NotFound("connection"))
}

/// The page with the values that were chosen in the form, and what they would do.
async fn shown(
    console: &Console,
    viewer: &Viewer,
    connection: Connection,
    chosen: &BTreeMap<String, String>,
    preview: Option<&Preview>,
) -> Result<Markup, PageError> {
    let hub = &console.hub;
    let title = Some(connection.name.clone());
    let frame = frame(hub, viewer, layout::Place::Connections, title).await?;
    let health = flow::health(hub, &viewer.organization, &connection.id).await?;
    let window = Window { places: None, limit: RUNS };
    let runs = runs::list(hub, &viewer.organization, &connection.id, &window).await?;
    let content = html! {
        p { (overview::connection_chip(&connection.status)) " "
            span.muted { (connection.channel) " · " (connection.remote.account) } }
        h2 { "How it is" }
        (checks(&health.checks))
        h2 { "Settings" }
        (form(&connection, chosen, viewer.may_administer()))
        @if let Some(preview) = preview { (foreseen(preview)) }
        h2 { "Runs" }
        @if viewer.may_write() && connection.is_active() {
            form.row method="post" action=(format!("/connections/{}/reconcile", connection.id)) {
                button.quiet type="submit" { "Reconcile the last 14 days" }
                span.muted.small { "Each order of the channel is held against what is known here; every difference is looked at." }
            }
        }
        @if runs.data.is_empty() { div.panel { p.empty { "None yet." } } } @else { (of_runs(&runs.data)) }
    };
    Ok(layout::page(&frame, &content))
}

fn checks(checks: &[Check]) -> Markup {
    html! {
        div.panel.pad {
            @for check in checks {
                p {
                    @match check.ok {
                        Some(true) => span.chip.good { "good" },
                        Some(false) => span.chip.bad { "not good" },
                        None => span.chip { "note" },
                    }
                    " " (check.message)
                }
            }
        }
    }
}

/// The settings of the connection's channel.
fn list(connection: &Connection) -> &'static [Setting] {
    weir_channels::find(&connection.channel).map_or(&[], |channel| channel.setup.settings())
}

fn as_set(connection: &Connection) -> BTreeMap<String, String> {
    let settings = list(connection).iter();
    settings
        .map(|setting| (setting.name.to_owned(), word(&setting.read(&connection.settings)).to_owned()))
        .collect()
}

/// A value as the form spells it.
fn word(value: &SettingValue) -> &str {
    match value {
        SettingValue::Switch(true) => "true",
        SettingValue::Switch(false) => "false",
        SettingValue::Word(word) => word,
        SettingValue::Other => "",
    }
}

/// What a form's value is called on the page.
fn called(value: &str) -> &str {
    match value {
        "true" => "on",
        "false" => "off",
        other => other,
    }
}

fn form(connection: &Connection, chosen: &BTreeMap<String, String>, may_save: bool) -> Markup {
    html! {
        form.panel.pad method="post" action=(format!("/connections/{}/settings", connection.id)) {
            @for setting in list(connection) {
                @let id = format!("setting-{}", setting.name);
                p {
                    label for=(id) { (setting.label) } " "
                    (choice(setting, &id, chosen.get(setting.name).map(String::as_str), may_save))
                    br;
                    span.muted.small {
                        (setting.explains) " By default " (called(word(&setting.default()))) "."
                        @if let Some(why) = setting.not_built { " " (why) }
                    }
                }
            }
            @if may_save {
                button type="submit" name="act" value="save" { "Save" } " "
                button.quiet type="submit" name="act" value="preview" { "Preview" }
            }
        }
    }
}

fn choice(setting: &Setting, id: &str, chosen: Option<&str>, may_save: bool) -> Markup {
    let words: Vec<&str> = match setting.kind {
        SettingKind::Switch { .. } => vec!["true", "false"],
        SettingKind::Words(words) => words.to_vec(),
    };
    let is_fixed = setting.not_built.is_some() || !may_save;
    html! {
        select id=(id) name=(setting.name) disabled[is_fixed] {
            @for word in words { option value=(word) selected[chosen == Some(word)] { (called(word)) } }
        }
    }
}

fn foreseen(preview: &Preview) -> Markup {
    let word = |(kind, code): flow::Word| html! { (layout::kind(kind)) " " span.small { (code.sentence()) } };
    let rows: Vec<Markup> = preview
        .differences
        .iter()
        .map(|Difference { now, then, orders, sample }| {
            html! { tr { td { (word(*now)) } td { (word(*then)) } td.num { (orders) } td { (sample.join(", ")) } } }
        })
        .collect();
    html! {
        div.notice role="status" {
            p { b { (preview.sentence()) } }
            p.muted.small {
                (preview.decided) " orders seen since " (layout::time(preview.since))
                " were decided again. Nothing is saved yet."
            }
        }
        @if !rows.is_empty() {
            (table("What would be different", &[("Now", false), ("Then", false), ("Orders", true), ("Such as", false)], &rows))
        }
    }
}

fn of_runs(runs: &[Run]) -> Markup {
    let counts = |run: &Run| {
        let counts = run.counts.iter().map(|(name, count)| format!("{} {count}", name.replace('_', " ")));
        counts.collect::<Vec<_>>().join(", ")
    };
    let rows: Vec<Markup> = runs
        .iter()
        .map(|run| {
            html! {
                tr {
                    td { (run.job.as_str().replace('_', " ")) }
                    td { (run.state.as_str()) }
                    td { (layout::time(run.requested_at)) }
                    td { (counts(run)) }
                }
            }
        })
        .collect();
    table("Runs", &[("Job", false), ("State", false), ("Asked for", false), ("Counts", false)], &rows)
}

/// Saves the settings of the form, or shows what they would do.
pub(super) async fn settings(
    State(console): State<Console>,
    viewer: Viewer,
    Path(id): Path<String>,
    Form(mut chosen): Form<BTreeMap<String, String>>,
) -> Result<Response, PageError> {
    viewer.require_admin()?;
    let id = parse(&id)?;
    let (hub, organization) = (&console.hub, &viewer.organization);
    let is_preview = chosen.remove("act").as_deref() == Some("preview");
    let value = |value: &String| match value.as_str() {
        "true" => SettingValue::Switch(true),
        "false" => SettingValue::Switch(false),
        word => SettingValue::Word(word.to_owned()),
    };
    let settings: Settings = chosen.iter().map(|(name, given)| (name.clone(), Some(value(given)))).collect();
    let patch = ConnectionPatch { settings, ..ConnectionPatch::default() };
    if !is_preview {
        flow::change(hub, organization, &id, &patch).await?;
        return Ok(Redirect::to(&format!("/connections/{id}")).into_response());
    }
    let preview = flow::preview(hub, organization, &id, &patch).await?;
    let connection = flow::read(hub, organization, &id).await?;
    let all = as_set(&connection).into_iter().chain(chosen).collect();
    Ok(shown(&console, &viewer, connection, &all, Some(&preview)).await?.into_response())
}

/// Asks for a reconciliation.
pub(super) async fn reconcile(
    State(console): State<Console>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    viewer.require_write()?;
    let id = parse(&id)?;
    let token = console.hub.ids.token();
    runs::create(&console.hub, &viewer.organization, &id, &token, NewRun::Reconcile).await?;
    Ok(Redirect::to(&format!("/connections/{id}")))
}
