//! Who may come in: API tokens and the console's sessions. Only their SHA-256 is stored, so a read
//! of the store opens no door. (SPEC OP-06)

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use weir_channels::channel::Secret;
use weir_domain::{Timestamp, ids::OrganizationId};

use crate::{
    gate::Site,
    hub::Hub,
    people::{self, Refusal},
    ports::{
        Commit, Expect, Key, Record,
        ledger::{Route, RouteTarget, Scope},
    },
};

/// How long a session lasts: a working day.
pub const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(12);

/// The shortest token that is taken, in bytes: shorter ones can be guessed.
pub const SHORTEST_TOKEN: usize = 16;

/// The longest token that is looked up, in bytes.
pub const LONGEST_TOKEN: usize = 512;

/// The name of the token that this deployment was started with. Its bearer may make organizations.
pub const DEPLOYMENT: &str = "token:deployment";

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The organization. Everything is read and written in it, and in no other.
    pub organization: OrganizationId,
    /// A name for the timeline, such as `token:deployment`.
    pub name: String,
    /// What may be done.
    pub scope: Scope,
    /// SHA-256 of the token or session, in hex.
    pub digest: String,
}

impl Caller {
    /// Whether it is the administrator of the deployment, who may make organizations.
    #[must_use]
    pub fn is_deployment_admin(&self) -> bool {
        self.scope == Scope::Admin && self.name == DEPLOYMENT
    }
}

/// SHA-256 in hex: what is stored and looked up instead of a token.
#[must_use]
pub fn digest(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who bears this API token. It is found by its digest, so how long a look-up takes tells nothing of it.
///
/// # Errors
/// If the store has trouble; then nobody is let in.
pub async fn by_token(hub: &Hub, token: &str) -> Result<Option<Caller>, Refusal> {
    let digest = digest(token);
    by_route(hub, Route::Token(digest.clone()), digest).await
}

/// Whose session this is.
///
/// # Errors
/// As [`by_token`].
pub async fn by_session(hub: &Hub, session: &str) -> Result<Option<Caller>, Refusal> {
    let digest = digest(session);
    by_route(hub, Route::Session(digest.clone()), digest).await
}

async fn by_route(hub: &Hub, route: Route, digest: String) -> Result<Option<Caller>, Refusal> {
    let found = hub.get(Site::PersonRead, &[Key::Route(route)]).await?;
    let Some(Record::Route(RouteTarget::Access { organization, name, scope, expires_at })) =
        found.into_values().next().map(|stored| stored.record)
    else {
        return Ok(None);
    };
    let is_over = expires_at.is_some_and(|end| end <= hub.now());
    Ok((!is_over).then_some(Caller { organization, name, scope, digest }))
}

/// What a token may be called: a word for the timeline.
fn is_name(name: &str) -> bool {
    (1..=60).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// What is wrong with a token that somebody chose; nothing, if it will do.
#[must_use]
pub fn flaw(token: &str) -> Option<String> {
    let is_well = (SHORTEST_TOKEN..=LONGEST_TOKEN).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    (!is_well).then(|| format!("A token has {SHORTEST_TOKEN} to {LONGEST_TOKEN} visible ASCII characters."))
}

/// The write that lets a token in.
pub(crate) fn grant(
    organization: &OrganizationId,
    token: &Secret,
    name: &str,
    scope: Scope,
) -> (Key, Record) {
    let target = RouteTarget::Access {
        organization: organization.clone(),
        name: name.to_owned(),
        scope,
        expires_at: None,
    };
    (Key::Route(Route::Token(digest(token.expose()))), Record::Route(target))
}

/// Lets a token in, with a name for the timeline. Done again it changes nothing.
///
/// # Errors
/// If the name or the token will not do, or somebody else has that very token.
pub async fn add_token(
    hub: &Hub,
    organization: &OrganizationId,
    token: &Secret,
    name: &str,
    scope: Scope,
) -> Result<Caller, Refusal> {
    if !is_name(name) {
        return Err(Refusal::field(
            "name",
            "A token's name has 1 to 60 letters, digits, \"-\", \"_\" and \".\".",
        ));
    }
    if name == "deployment" {
        return Err(Refusal::field(
            "name",
            "This name belongs to the token that the deployment was started with.",
        ));
    }
    if let Some(flaw) = flaw(token.expose()) {
        return Err(Refusal::field("token", flaw));
    }
    let name = format!("token:{name}");
    let (key, record) = grant(organization, token, &name, scope);
    let wanted = Caller { organization: organization.clone(), name, scope, digest: digest(token.expose()) };
    let mut commit = Commit::default();
    commit.put(key, record, Expect::Absent);
    if people::commit(hub, &commit).await? || by_token(hub, token.expose()).await?.as_ref() == Some(&wanted) {
        return Ok(wanted);
    }
    Err(Refusal::field("token", "This token is in use. Make up another one."))
}

/// Lets a token in no more. One that was never let in, or is another organization's, is not found. The
/// deployment's own token would come back at the next start, so it ends with its secret.
///
/// # Errors
/// If there is no such token, or it is the deployment's.
pub async fn remove_token(hub: &Hub, organization: &OrganizationId, token: &Secret) -> Result<(), Refusal> {
    let known = by_token(hub, token.expose()).await?;
    let Some(known) = known.filter(|known| known.organization == *organization) else {
        return Err(Refusal::NotFound("There is no such token.".to_owned()));
    };
    if known.is_deployment_admin() {
        let message = "This is the deployment's own token. Give the deployment another one: in the secret \
                       first-api-token on AWS, in WEIR_API_TOKEN of a local run; its next start lets this one \
                       in no more.";
        return Err(Refusal::Conflict { code: "deployment_token", message: message.to_owned() });
    }
    let mut commit = Commit::default();
    commit.delete(Key::Route(Route::Token(digest(token.expose()))), Expect::Anything);
    if people::commit(hub, &commit).await? { Ok(()) } else { Err(Refusal::contended()) }
}

/// Shuts out a token that the deployment was started with before, by its digest. There may be none.
///
/// # Errors
/// If the store has trouble.
pub async fn shut_out(hub: &Hub, digest: String) -> Result<(), Refusal> {
    let mut commit = Commit::default();
    commit.delete(Key::Route(Route::Token(digest)), Expect::Anything);
    hub.commit(Site::PersonWrite, &commit).await?;
    Ok(())
}

/// A session that was opened. The id goes into the browser's cookie and nowhere else.
#[derive(Clone, Debug)]
pub struct Session {
    /// The id.
    pub id: Secret,
    /// Whose.
    pub caller: Caller,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Opens a session for whoever knows an API token; `None` if nobody has it.
///
/// # Errors
/// If the store has trouble.
pub async fn open_session(hub: &Hub, token: &str) -> Result<Option<Session>, Refusal> {
    let Some(known) = by_token(hub, token).await? else { return Ok(None) };
    // Two tokens: an id port gives uniqueness, and a session wants more chance than one of them has.
    let id = Secret::new(format!("{}{}", hub.ids.token(), hub.ids.token()));
    let expires_at = hub.now().saturating_add(SESSION_LASTS).unwrap_or(Timestamp::MAX);
    let digest = digest(id.expose());
    let target = RouteTarget::Access {
        organization: known.organization.clone(),
        name: known.name.clone(),
        scope: known.scope,
        expires_at: Some(expires_at),
    };
    let mut commit = Commit::default();
    commit.put(Key::Route(Route::Session(digest.clone())), Record::Route(target), Expect::Anything);
    if !people::commit(hub, &commit).await? {
        return Err(Refusal::contended());
    }
    Ok(Some(Session { id, caller: Caller { digest, ..known }, expires_at }))
}

/// Closes a session.
///
/// # Errors
/// If the store has trouble.
pub async fn close_session(hub: &Hub, session: &str) -> Result<(), Refusal> {
    let mut commit = Commit::default();
    commit.delete(Key::Route(Route::Session(digest(session))), Expect::Anything);
    if people::commit(hub, &commit).await? { Ok(()) } else { Err(Refusal::contended()) }
}
