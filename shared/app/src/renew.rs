//! How a new access token is come by. Where each renewal replaces the refresh token, processes take turns,
//! and what one was given serves the others. Never: a call with a token. (SPEC FX-03, G-11)

use std::time::Duration;

use jiff::SignedDuration;
use weir_channels::channel::{AccessToken, Credentials, Grant, Operation, Secret};
use weir_domain::{Timestamp, connection::Connection, ids::OrganizationId};

use crate::{
    access_tokens::Cached,
    call::{self, CallError},
    gate::Site,
    hub::Hub,
    rate_limit,
};

/// The access token that came with the refresh token beside it: a renewal by another process would end it.
const ISSUED_TOKEN: &str = "issued_access_token";

/// When that token ends.
const ISSUED_UNTIL: &str = "issued_access_token_ends_at";

/// The turn of renewing, a bucket of one token. It comes back after longer than a request to the token
/// service may take (20 s), so that whoever died during its turn keeps nobody from the next one.
const TURN: Operation = Operation { name: "renewAccessToken", refill: Duration::from_secs(30), burst: 1 };

/// How long somebody waits for what another process is given; then it is tried again later.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);

/// Between two looks at whether it is there.
const GLANCE: SignedDuration = SignedDuration::from_secs(1);

/// What a token is wanted for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) organization: &'a OrganizationId,
    pub(crate) connection: &'a Connection,
    pub(crate) grant: Grant,
}

/// A token by the credentials as they are kept. Ones that are refused are read once more past the cache
/// first: another process, or a person, may have replaced them.
///
/// # Errors
/// [`weir_channels::ChannelError::Revoked`] if the credentials are missing or do not work.
pub(crate) async fn renew(hub: &Hub, wanted: Wanted<'_>) -> Result<Cached, CallError> {
    let refused = hub.access_tokens.refused(&call::account(wanted.connection));
    let credentials = match &refused {
        Some(_) => anew(hub, wanted).await?,
        None => hub
            .credentials(Site::Credentials, wanted.organization, &wanted.connection.id)
            .await
            .map_err(|error| CallError::Own(error.to_string()))?,
    };
    match by(hub, wanted, &credentials, refused.as_ref()).await {
        // What is missing is in no cache: it was looked for just now.
        Err(error) if error.needs_attention() && !credentials.is_empty() => {
            let kept = anew(hub, wanted).await?;
            if kept == credentials {
                return Err(error);
            }
            by(hub, wanted, &kept, refused.as_ref()).await
        }
        done => done,
    }
}

/// Drops what was issued with credentials that a person changes.
pub(crate) fn forget_issued(credentials: &mut Credentials) {
    credentials.remove(ISSUED_TOKEN);
    credentials.remove(ISSUED_UNTIL);
}

async fn anew(hub: &Hub, wanted: Wanted<'_>) -> Result<Credentials, CallError> {
    hub.credentials_anew(Site::Credentials, wanted.organization, &wanted.connection.id)
        .await
        .map_err(|error| CallError::Own(error.to_string()))
}

async fn by(
    hub: &Hub,
    wanted: Wanted<'_>,
    credentials: &Credentials,
    refused: Option<&Secret>,
) -> Result<Cached, CallError> {
    if let Some(issued) = issued(credentials, hub.now(), refused) {
        return Ok(issued);
    }
    if call::channel(wanted.connection)?.access.rotates(credentials) {
        return in_turn(hub, wanted, refused).await;
    }
    ask(hub, wanted, credentials).await
}

/// Waits for the turn to renew, or for what the process was given whose turn it is.
async fn in_turn(hub: &Hub, wanted: Wanted<'_>, refused: Option<&Secret>) -> Result<Cached, CallError> {
    let account = call::account(wanted.connection);
    let mut patience = PATIENCE;
    loop {
        let turn = rate_limit::take(hub, &account, TURN, 0).await;
        let credentials = anew(hub, wanted).await?;
        if let Some(issued) = issued(&credentials, hub.now(), refused) {
            return Ok(issued);
        }
        match turn {
            Ok(_) => return ask(hub, wanted, &credentials).await,
            Err(CallError::OutOfTokens { .. }) if patience.is_positive() => {
                patience -= GLANCE;
                hub.clock.pause(GLANCE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Asks for a token, and keeps what it replaces before it is used: its first use ends the refresh token
/// that it came from.
async fn ask(hub: &Hub, wanted: Wanted<'_>, credentials: &Credentials) -> Result<Cached, CallError> {
    let Wanted { organization, connection, grant } = wanted;
    let access = call::channel(connection)?.access;
    let asked_at = hub.now();
    let (token, replaced) = call::token_by(hub, access, connection, credentials, grant).await?;
    let cached = Cached::new(token, asked_at);
    if !replaced.is_empty() {
        let mut kept = credentials.clone();
        kept.extend(replaced);
        kept.insert(ISSUED_TOKEN.to_owned(), cached.token.token.clone());
        kept.insert(ISSUED_UNTIL.to_owned(), Secret::new(cached.ends_at.to_string()));
        hub.keep_credentials(Site::TokenKeep, organization, &connection.id, &kept)
            .await
            .map_err(|error| CallError::Own(error.to_string()))?;
    }
    Ok(cached)
}

/// The token that was issued with these credentials, if it is good for one more call.
fn issued(credentials: &Credentials, now: Timestamp, refused: Option<&Secret>) -> Option<Cached> {
    let token = credentials.get(ISSUED_TOKEN).filter(|token| Some(*token) != refused)?;
    let ends_at: Timestamp = credentials.get(ISSUED_UNTIL)?.expose().parse().ok()?;
    let lifetime = Duration::try_from(ends_at.duration_since(now)).ok()?;
    let issued = Cached { token: AccessToken { token: token.clone(), lifetime }, ends_at };
    issued.is_fresh(now).then_some(issued)
}
