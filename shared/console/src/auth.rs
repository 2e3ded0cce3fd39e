//! Who is let in: a bearer token, or the console's session. Denied is what is not allowed, on every
//! address. (SPEC OP-06, RELIABILITY rows 49, 55, 56)

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use weir_app::{
    access::{self, Caller, LONGEST_TOKEN, SESSION_LASTS},
    people::Refusal,
    ports::ledger::Scope,
};

use crate::{
    Console,
    errors::{self, ApiError},
    pages::PageError,
    routes::{self, Need, Table},
};

/// The session's cookie where the world comes by TLS: a browser keeps it to this host and to TLS.
const SEALED: &str = "__Host-weir_session";

/// The session's cookie on one's own machine, where there is no TLS.
const PLAIN: &str = "weir_session";

/// What the guard needs to know.
#[derive(Clone)]
pub(crate) struct Guard {
    console: Console,
    table: Arc<Table>,
}

impl Guard {
    pub(crate) fn new(console: Console, table: Table) -> Self {
        Self { console, table: Arc::new(table) }
    }
}

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Token,
    Session,
}

/// Stands before every address.
pub(crate) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if is_open(&guard, &request) {
        if changes(request.method()) && is_from_elsewhere(request.headers()) {
            // Another site may sign nobody in, or out.
            return errors::answer(&path, from_elsewhere());
        }
        return next.run(request).await;
    }
    let (caller, by) = match find(&guard.console, request.headers(), &path).await {
        Ok(Some(found)) => found,
        Ok(None) if errors::is_api(&path) => return ApiError::unauthorized().into_response(),
        Ok(None) => return Redirect::to("/sign-in").into_response(),
        Err(refusal) => return errors::answer(&path, refusal.into()),
    };
    if by == By::Session && changes(request.method()) && is_from_elsewhere(request.headers()) {
        return errors::answer(&path, from_elsewhere());
    }
    if let Err(refusal) = may(&guard, &request, &caller) {
        return errors::answer(&path, refusal);
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn from_elsewhere() -> ApiError {
    ApiError::forbidden("This request comes from another site's page.")
}

/// The few addresses that are open to everybody.
fn is_open(guard: &Guard, request: &Request) -> bool {
    let path = request.uri().path();
    if !errors::is_api(path) {
        return path == "/sign-in" || path == "/sign-out" || path.starts_with("/assets/");
    }
    needed(guard, request) == Need::Nothing
}

fn needed(guard: &Guard, request: &Request) -> Need {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    routes::need(&guard.table, path, request.method())
}

/// Whether the caller may do this. Pages decide by their own [`Viewer`]; nobody without reads them.
fn may(guard: &Guard, request: &Request, caller: &Caller) -> Result<(), ApiError> {
    if !errors::is_api(request.uri().path()) {
        return Ok(());
    }
    match needed(guard, request) {
        Need::Nothing => Ok(()),
        Need::Scope(scope) if caller.scope >= scope => Ok(()),
        Need::Scope(scope) => Err(ApiError::forbidden(format!(
            "This needs a token with the scope \"{}\"; yours has \"{}\".",
            scope.as_str(),
            caller.scope.as_str()
        ))),
        Need::Deployment if caller.is_deployment_admin() => Ok(()),
        Need::Deployment => Err(ApiError::forbidden("This is for the administrator of the deployment.")),
    }
}

/// Who it is. A bearer token that is not known is refused, also beside a good session.
async fn find(console: &Console, headers: &HeaderMap, path: &str) -> Result<Option<(Caller, By)>, Refusal> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let Some(token) = value.to_str().ok().and_then(bearer) else { return Ok(None) };
        return Ok(access::by_token(&console.hub, token).await?.map(|caller| (caller, By::Token)));
    }
    let Some(id) = session_id(headers) else { return Ok(None) };
    let found = access::by_session(&console.hub, &id).await?;
    tracing::debug!(api = errors::is_api(path), known = found.is_some(), "a session was looked up");
    Ok(found.map(|caller| (caller, By::Session)))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let is_well = scheme.eq_ignore_ascii_case("bearer") && (1..=LONGEST_TOKEN).contains(&token.len());
    is_well.then_some(token)
}

fn session_id(headers: &HeaderMap) -> Option<String> {
    let wanted = if is_local(headers) { PLAIN } else { SEALED };
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let id = pairs.find(|(name, _)| *name == wanted).map(|(_, id)| id.to_owned())?;
    (1..=LONGEST_TOKEN).contains(&id.len()).then_some(id)
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser says that another site's page made it send this. A session's cookie is never
/// sent so (`SameSite=Strict`); this is the second lock. Programs say neither.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Whether a request comes to one's own machine, where there is no TLS.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    matches!(name, "localhost" | "127.0.0.1" | "::1")
}

/// Binds the session's cookie to this host and to TLS.
pub(crate) fn seal_cookies(headers: &mut HeaderMap) {
    let sealed: Vec<HeaderValue> = headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| {
            let text = value.to_str().ok()?;
            let sealed = match text.strip_prefix(PLAIN) {
                Some(rest) if rest.starts_with('=') => format!("{SEALED}{rest}; Secure"),
                Some(_) | None => text.to_owned(),
            };
            HeaderValue::from_str(&sealed).ok()
        })
        .collect();
    headers.remove(header::SET_COOKIE);
    for value in sealed {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Opens a session for whoever knows this API token, and gives its cookie; `None` if nobody has it.
///
/// # Errors
/// If the store has trouble.
pub(crate) async fn begin_session(console: &Console, token: &str) -> Result<Option<String>, Refusal> {
    if token.is_empty() || token.len() > LONGEST_TOKEN {
        return Ok(None);
    }
    let session = access::open_session(&console.hub, token).await?;
    Ok(session.map(|session| cookie(session.id.expose(), SESSION_LASTS.as_secs())))
}

/// Closes a session, and gives the cookie that forgets it.
///
/// # Errors
/// If the store has trouble.
pub(crate) async fn end_session(console: &Console, session: &Session) -> Result<String, Refusal> {
    if let Some(id) = &session.0 {
        access::close_session(&console.hub, id).await?;
    }
    Ok(cookie("", 0))
}

fn cookie(id: &str, seconds: i64) -> String {
    format!("{PLAIN}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}")
}

/// The session of a request, whether it is a good one or not.
pub(crate) struct Session(Option<String>);

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(session_id(&parts.headers)))
    }
}

/// The caller of an API route, as the guard found it.
pub(crate) struct Who(pub(crate) Caller);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(ApiError::unauthorized)
    }
}

/// Who looks at a page.
pub(crate) struct Viewer {
    /// Of which organization.
    pub(crate) organization: weir_domain::ids::OrganizationId,
    /// A name for the timeline.
    pub(crate) name: String,
    caller: Caller,
}

impl Viewer {
    /// Whether it is the administrator of the deployment.
    pub(crate) fn is_deployment_admin(&self) -> bool {
        self.caller.is_deployment_admin()
    }

    /// Whether they may change things.
    pub(crate) fn may_write(&self) -> bool {
        self.caller.scope >= Scope::Write
    }

    /// Whether they may change connections.
    pub(crate) fn may_administer(&self) -> bool {
        self.caller.scope >= Scope::Admin
    }

    /// Refuses those who may only read.
    pub(crate) fn require_write(&self) -> Result<(), PageError> {
        if self.may_write() { Ok(()) } else { Err(PageError::Forbidden) }
    }

    /// Refuses those who may not administer.
    pub(crate) fn require_admin(&self) -> Result<(), PageError> {
        if self.may_administer() { Ok(()) } else { Err(PageError::Forbidden) }
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Redirect> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(|| Redirect::to("/sign-in"))?;
        Ok(Self { organization: caller.organization.clone(), name: caller.name.clone(), caller })
    }
}
