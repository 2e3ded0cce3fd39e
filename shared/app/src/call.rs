//! A call to a channel: a token out of the bucket, an access token, the request, and what the answer
//! means. An expired access token costs one more call, a throttled one a delay; neither an order.

use jiff::SignedDuration;
use weir_channels::{
    Channel, ChannelError,
    channel::{Access, AccessToken, Call, Credentials, Grant, Operation, Orders, RawOrder, Step, TokenStep},
    http::{HttpRequest, HttpResponse},
};
use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{AccountId, ChannelOrderId, OrganizationId},
    outcome::ReasonCode,
};

use crate::{
    gate::Site,
    hub::Hub,
    rate_limit,
    renew::{self, Wanted},
};

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The channel said why.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// Our own share of the channel's rate is used up.
    #[error("the rate limit's share is used up until {due_at}")]
    OutOfTokens {
        /// When there will be a token (on the scheduler's clock).
        due_at: Timestamp,
    },
    /// Something on the way has trouble.
    #[error("{0}")]
    Trouble(String),
    /// Something of Weir's own has trouble: its table, its secrets. What it is stands in the log, and
    /// in no sentence that people outside read.
    #[error("something that Weir depends on has trouble")]
    Own(String),
}

impl CallError {
    /// The reason that people read.
    #[must_use]
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::OutOfTokens { .. } | Self::Channel(ChannelError::Throttled { .. }) => {
                ReasonCode::RateLimited
            }
            Self::Channel(ChannelError::Revoked(_)) => ReasonCode::CredentialsRevoked,
            Self::Channel(ChannelError::Denied(_)) => ReasonCode::AccessDenied,
            Self::Channel(ChannelError::Refused(_)) => ReasonCode::OrderNotFound,
            Self::Trouble(_)
            | Self::Own(_)
            | Self::Channel(
                ChannelError::Expired
                | ChannelError::Trouble(_)
                | ChannelError::PageExpired
                | ChannelError::Unreadable(_),
            ) => ReasonCode::ChannelTrouble,
        }
    }

    /// Whether the same call may work later without anybody doing anything.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Channel(error) => error.is_transient(),
            Self::OutOfTokens { .. } | Self::Trouble(_) | Self::Own(_) => true,
        }
    }

    /// Whether a person has to do something on the connection first. (SPEC G-11)
    #[must_use]
    pub const fn needs_attention(&self) -> bool {
        match self {
            Self::Channel(error) => error.needs_attention(),
            Self::OutOfTokens { .. } | Self::Trouble(_) | Self::Own(_) => false,
        }
    }
}

/// The account whose token, rate limit and search a connection shares.
#[must_use]
pub fn account(connection: &Connection) -> AccountId {
    connection.shared_account.clone().unwrap_or_else(|| AccountId::from_token(connection.id.as_str()))
}

/// The channel of a connection.
///
/// # Errors
/// If this build does not know it.
pub fn channel(connection: &Connection) -> Result<&'static Channel, CallError> {
    weir_channels::find(&connection.channel).ok_or_else(|| {
        CallError::Trouble(format!("this build does not know the channel {}", connection.channel))
    })
}

/// An access token for a connection, out of the cache or fresh.
///
/// # Errors
/// [`ChannelError::Revoked`] if the credentials are missing or do not work.
pub async fn access_token(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    grant: Grant,
) -> Result<AccessToken, CallError> {
    let slot = hub.access_tokens.slot(&account(connection), grant);
    let mut held = slot.lock().await;
    if let Some(cached) = held.as_ref().filter(|cached| cached.is_fresh(hub.now())) {
        return Ok(cached.token.clone());
    }
    let cached = renew::renew(hub, Wanted { organization, connection, grant }).await?;
    let token = cached.token.clone();
    *held = Some(cached);
    Ok(token)
}

/// A token by these credentials, past the cache, and the credentials that it replaces.
pub(crate) async fn token_by(
    hub: &Hub,
    access: &'static dyn Access,
    connection: &Connection,
    credentials: &Credentials,
    grant: Grant,
) -> Result<(AccessToken, Credentials), CallError> {
    let step = access.token(connection, credentials, grant).map_err(|missing| {
        let fields: Vec<&str> = missing.iter().map(|field| field.path.as_str()).collect();
        ChannelError::Revoked(format!("{} missing", fields.join(", ")))
    })?;
    let request = match step {
        TokenStep::Held(token) => return Ok((token, Credentials::new())),
        TokenStep::Ask(request) => request,
    };
    let response =
        hub.ask(Site::AccessToken, &request).await.map_err(|error| CallError::Trouble(error.to_string()))?;
    Ok((access.answer(&response)?, access.replaced(&response)))
}

/// Whether a connection's token is one that nobody can renew: refused, it is revoked.
async fn is_held(hub: &Hub, asking: Asking<'_>) -> Result<bool, CallError> {
    let credentials = hub
        .credentials(Site::Credentials, asking.organization, &asking.connection.id)
        .await
        .map_err(|error| CallError::Own(error.to_string()))?;
    let step = channel(asking.connection)?.access.token(asking.connection, &credentials, asking.grant);
    Ok(matches!(step, Ok(TokenStep::Held(_))))
}

/// What one call is about.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// Where in the flows.
    pub site: Site,
    /// Whose.
    pub organization: &'a OrganizationId,
    /// On whose behalf.
    pub connection: &'a Connection,
    /// With which rate limit.
    pub operation: Operation,
    /// How many tokens of that limit are left for others.
    pub keep_back: u32,
    /// With which kind of access token.
    pub grant: Grant,
}

/// Makes one call and reads its answer.
///
/// # Errors
/// Why it gave nothing.
pub async fn ask<T>(
    hub: &Hub,
    asking: Asking<'_>,
    build: impl Fn(&AccessToken) -> HttpRequest + Send + Sync,
    read: impl Fn(&HttpResponse) -> Result<T, ChannelError> + Send + Sync,
) -> Result<T, CallError> {
    ask_until(hub, asking, None, build, read).await
}

/// As [`ask`], but no call goes out after `until`: by then somebody else may make it.
///
/// # Errors
/// Why it gave nothing.
pub async fn ask_until<T>(
    hub: &Hub,
    asking: Asking<'_>,
    until: Option<Timestamp>,
    build: impl Fn(&AccessToken) -> HttpRequest + Send + Sync,
    read: impl Fn(&HttpResponse) -> Result<T, ChannelError> + Send + Sync,
) -> Result<T, CallError> {
    let mut renewed = false;
    loop {
        let token = access_token(hub, asking.organization, asking.connection, asking.grant).await?;
        let response = send(hub, asking, until, &build(&token)).await?;
        match read(&response) {
            Ok(answer) => return Ok(answer),
            Err(error) => judge(hub, asking, &token, error, &mut renewed).await?,
        }
    }
}

/// Waits of one look in all, between its calls: a large order takes more points than there are at once.
/// An importer has a minute for its signals.
const LONGEST_LOOK: SignedDuration = SignedDuration::from_secs(20);

/// The shortest of those waits; points come back by the second.
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);

/// How long until the channel's points will do, if they are what is missing.
fn wait_for_points(hub: &Hub, error: &CallError) -> Option<SignedDuration> {
    let wait = match error {
        CallError::OutOfTokens { due_at } => due_at.duration_since(hub.clock.scheduler_now()),
        CallError::Channel(ChannelError::Throttled { retry_after, .. }) => {
            SignedDuration::try_from((*retry_after)?).ok()?
        }
        CallError::Channel(_) | CallError::Trouble(_) | CallError::Own(_) => return None,
    };
    Some(wait.max(SHORTEST_WAIT))
}

/// Looks at one order as it is now, in as many calls as its API takes. `None`: the channel does not
/// know it.
///
/// # Errors
/// Why it gave nothing.
pub async fn look(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    orders: &'static dyn Orders,
    id: &ChannelOrderId,
) -> Result<Option<RawOrder>, CallError> {
    look_at(hub, Site::ImportLook, organization, connection, orders, id).await
}

/// As [`look`], from another place in the flows.
///
/// # Errors
/// Why it gave nothing.
pub async fn look_at(
    hub: &Hub,
    site: Site,
    organization: &OrganizationId,
    connection: &Connection,
    orders: &'static dyn Orders,
    id: &ChannelOrderId,
) -> Result<Option<RawOrder>, CallError> {
    let mut answers: Vec<HttpResponse> = Vec::new();
    let mut renewed = false;
    let mut patience = LONGEST_LOOK;
    loop {
        let token = access_token(hub, organization, connection, Grant::Merchant).await?;
        let call = Call { connection, token: &token };
        let (operation, request) = match orders.look(call, id, &answers)? {
            Step::Ask(operation, request) => (operation, request),
            Step::Have(order) => return Ok(Some(order)),
            Step::NotFound => return Ok(None),
        };
        let grant = Grant::Merchant;
        let asking = Asking { site, organization, connection, operation, keep_back: 0, grant };
        let counts_points = answers.last().is_some_and(|answer| orders.told_budget(answer).is_some());
        let went_on = match send(hub, asking, None, &request).await {
            Ok(answer) => {
                answers.push(answer);
                match orders.look(call, id, &answers) {
                    Ok(_) => Ok(()),
                    Err(error) => {
                        answers.pop();
                        judge(hub, asking, &token, error, &mut renewed).await
                    }
                }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = went_on {
            // What was answered already would have to be asked for again, and cost its points again.
            let wait = wait_for_points(hub, &error).filter(|wait| counts_points && *wait <= patience);
            let Some(wait) = wait else { return Err(error) };
            patience -= wait;
            hub.clock.pause(wait).await;
        }
    }
}

/// Takes a token of the rate limit and sends.
async fn send(
    hub: &Hub,
    asking: Asking<'_>,
    until: Option<Timestamp>,
    request: &HttpRequest,
) -> Result<HttpResponse, CallError> {
    let account = account(asking.connection);
    let taken = rate_limit::take(hub, &account, asking.operation, asking.keep_back).await?;
    if until.is_some_and(|until| hub.now() > until) {
        return Err(CallError::Trouble("it is too late for this call".to_owned()));
    }
    let response =
        hub.ask(asking.site, request).await.map_err(|error| CallError::Trouble(error.to_string()))?;
    let orders = channel(asking.connection)?.orders;
    if let Some(micro_rate) = orders.and_then(|orders| orders.told_rate(&response)) {
        // What could not be noted is told again by the next answer; this one is worth more.
        let _ = rate_limit::told(hub, &account, asking.operation, taken, micro_rate).await;
    }
    if let Some(budget) = orders.and_then(|orders| orders.told_budget(&response)) {
        // The same.
        let _ = rate_limit::left(hub, &account, asking.operation, taken, budget).await;
    }
    Ok(response)
}

/// Whether a refused call may be made once more: an access token that has ended is renewed, once. A
/// token that has just been renewed and is refused as well: the credentials are not the matter, so
/// nobody is called and it is tried again later.
async fn judge(
    hub: &Hub,
    asking: Asking<'_>,
    token: &AccessToken,
    error: ChannelError,
    renewed: &mut bool,
) -> Result<(), CallError> {
    let account = account(asking.connection);
    if error == ChannelError::Expired && !*renewed {
        *renewed = true;
        hub.access_tokens.refuse(&account, token);
        return Ok(());
    }
    if error == ChannelError::Expired && is_held(hub, asking).await? {
        return Err(ChannelError::Revoked("the access token is not valid any more".to_owned()).into());
    }
    if let ChannelError::Throttled { micro_rate, .. } = error {
        rate_limit::emptied(hub, &account, asking.operation, micro_rate).await?;
    }
    Err(error.into())
}
