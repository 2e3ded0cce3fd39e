//! Messages that could not be handled: what they were about, what went wrong, and the two ways out.

use axum::{
    Form,
    extract::{Path, State},
    response::Redirect,
};
use maud::{Markup, html};
use serde::Deserialize;
use weir_app::dead_letters::{self, DeadLetterView};

use super::{PageError, frame, layout};
use crate::{Console, auth::Viewer};

pub(super) async fn page(State(console): State<Console>, viewer: Viewer) -> Result<Markup, PageError> {
    let frame = frame(&console.hub, &viewer, layout::Place::DeadLetters, None).await?;
    let letters =
        dead_letters::list(&console.hub, &viewer.organization, viewer.is_deployment_admin()).await?;
    let may_write = viewer.may_write();
    let content = html! {
        p.muted { "A message that failed five times comes here and waits for you. Replaying is safe: what was done already is not done twice." }
        div.panel {
            @if letters.is_empty() { p.empty { "None." } }
            @for DeadLetterView { letter, message } in &letters {
                div.waiting {
                    div.head {
                        b { (letter.queue.text()) } span.chip.bad { (letter.attempts) " attempts" }
                        span.muted.small { "first seen " (layout::time(letter.first_seen_at)) }
                    }
                    div { (letter.reason) }
                    // What cannot be read may hold anything, and is not shown.
                    @if message.is_some() { details { summary.small.muted { "The message" } pre { code { (letter.body) } } } }
                    @if may_write {
                        div.head {
                            form method="post" action=(path(&letter.id, "replay")) { button type="submit" { "Replay" } }
                            form.row method="post" action=(path(&letter.id, "discard")) {
                                input name="note" required placeholder="Why it may be dropped" aria-label="Why it may be dropped";
                                button.quiet type="submit" { "Discard" }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(layout::page(&frame, &content))
}

fn path(id: &str, act: &str) -> String {
    format!("/dead-letters/{}/{act}", layout::escape(id))
}

#[derive(Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    note: String,
}

pub(super) async fn act(
    State(console): State<Console>,
    viewer: Viewer,
    Path((id, act)): Path<(String, String)>,
    Form(note): Form<Note>,
) -> Result<Redirect, PageError> {
    viewer.require_write()?;
    let (hub, organization, is_admin) = (&console.hub, &viewer.organization, viewer.is_deployment_admin());
    match act.as_str() {
        "replay" => dead_letters::replay(hub, organization, is_admin, &id).await?,
        "discard" if note.note.trim().is_empty() => {
            return Err(PageError::Invalid("Say in the note why the message may be dropped.".to_owned()));
        }
        "discard" => dead_letters::discard(hub, organization, is_admin, &id, note.note.trim()).await?,
        _ => return Err(PageError::NotFound("action")),
    }
    Ok(Redirect::to("/dead-letters"))
}
