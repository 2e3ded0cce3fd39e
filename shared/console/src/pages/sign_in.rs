//! Signing in with an API token, and out again.

use axum::{
    Form,
    extract::State,
    http::header::SET_COOKIE,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{PageError, layout};
use crate::{Console, auth};

pub(super) async fn page() -> Markup {
    form(None)
}

fn form(problem: Option<&str>) -> Markup {
    layout::alone(
        "Sign in",
        &html! {
            h1 { "Weir" }
            p.muted { "Sign in with an API token of your organization. The local hub prints one when it starts." }
            @if let Some(problem) = problem { div.notice.bad role="alert" { (problem) } }
            form method="post" action="/sign-in" {
                label { "API token" br; input type="password" name="token" required autofocus autocomplete="current-password"; }
                button type="submit" { "Sign in" }
            }
        },
    )
}

#[derive(Deserialize)]
pub(super) struct Entered {
    token: String,
}

pub(super) async fn sign_in(
    State(console): State<Console>,
    Form(entered): Form<Entered>,
) -> Result<Response, PageError> {
    match auth::begin_session(&console, entered.token.trim()).await? {
        Some(cookie) => Ok(([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()),
        None => Ok(form(Some("That token is not known. Look where the hub was started.")).into_response()),
    }
}

pub(super) async fn sign_out(
    State(console): State<Console>,
    session: auth::Session,
) -> Result<Response, PageError> {
    let cookie = auth::end_session(&console, &session).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
