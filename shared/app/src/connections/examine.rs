//! A connection looked at closely: what works and what does not, in words. Nothing is changed by it.
//! (SPEC FX-01, OP-08)

use jiff::SignedDuration;
use weir_channels::{
    Channel, ChannelError,
    channel::{AccessToken, Call, Credentials, Grant, Search, TokenStep},
};
use weir_domain::{
    Timestamp,
    connection::{Connection, ConnectionStatus, NotificationLink},
    ids::{ConnectionId, OrganizationId},
    limits::OVERLAP,
    run::Job,
};

use super::{channel, looks, missing_credentials, store, try_credentials, versioned};
use crate::{
    call::{self, Asking, CallError},
    gate::Site,
    hub::Hub,
    people::{self, Refusal, only},
    ports::{
        Index, Key,
        ledger::{Bucket, PollState},
    },
};

/// Tokens of a search's rate limit that a test leaves to the minute's check.
const KEPT_FOR_POLL: u32 = 5;

/// A search whose cursor is further behind is late: its overlap, and some minutes of a channel's trouble.
const LATE_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// Runs among which the last reconciliation is looked for.
const RUNS_LOOKED_AT: usize = 20;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// A stable word.
    pub name: &'static str,
    /// Whether it is as it should be; `None` if it could not be told.
    pub ok: Option<bool>,
    /// A sentence.
    pub message: String,
}

impl Check {
    pub(super) fn new(name: &'static str, ok: Option<bool>, message: impl Into<String>) -> Self {
        Self { name, ok, message: message.into() }
    }
}

/// What a test told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Everything that was looked at.
    pub checks: Vec<Check>,
    /// What does not work, if anything, in one text.
    pub problem: Option<String>,
}

/// Tests a connection: its credentials, an access token, a look at its orders.
///
/// # Errors
/// If there is none of that id, or the store has trouble. A channel that refuses is what it tells.
pub async fn test(hub: &Hub, organization: &OrganizationId, id: &ConnectionId) -> Result<Tested, Refusal> {
    let (connection, _) = versioned(hub, organization, id).await?;
    let channel = channel(&connection)?;
    let credentials = hub.credentials_anew(Site::Credentials, organization, id).await?;
    let mut checks = Vec::new();
    let missing = missing_credentials(channel, &connection, &credentials);
    if missing.is_empty() {
        checks.push(Check::new("credentials", Some(true), "All credentials are there."));
        checks.extend(asked(hub, organization, &connection, &credentials).await?);
    } else {
        for field in missing {
            checks.push(Check::new("credentials", Some(false), field.message));
        }
    }
    checks.push(location(&connection));
    checks.push(notifications(hub, &connection));
    checks.extend(webhook_secret(hub, &connection, &credentials));
    let failed: Vec<&str> =
        checks.iter().filter(|check| check.ok == Some(false)).map(|check| check.message.as_str()).collect();
    let problem = (!failed.is_empty()).then(|| failed.join(" "));
    Ok(Tested { checks, problem })
}

/// What the channel says to these credentials.
async fn asked(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    credentials: &Credentials,
) -> Result<Vec<Check>, Refusal> {
    let channel = channel(connection)?;
    if let Err(error) = try_credentials(hub, channel, connection, credentials).await {
        return Ok(vec![Check::new("access_token", told(&error), sentence(&error))]);
    }
    let mut checks =
        vec![Check::new("access_token", Some(true), token_words(channel, connection, credentials))];
    if let Some(store) = channel.store {
        checks.extend(store::looked_at(hub, organization, connection, store).await?);
    }
    if let Some(orders) = channel.orders {
        let marketplaces: Vec<String> = connection.remote.marketplace.iter().cloned().collect();
        let from = hub.now().saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN);
        let search = Search { from, marketplaces: &marketplaces, page: None };
        let asking = Asking {
            site: Site::PollSearch,
            organization,
            connection,
            operation: orders.search_operation(connection),
            keep_back: KEPT_FOR_POLL,
            grant: Grant::Merchant,
        };
        let build = |token: &AccessToken| orders.search(Call { connection, token }, &search);
        checks.push(
            match call::ask(hub, asking, build, |response| orders.page(connection, response)).await {
                Ok(_) => Check::new("orders", Some(true), "Orders can be read."),
                Err(CallError::Own(cause)) => return Err(Refusal::Trouble(cause)),
                Err(error) => Check::new("orders", told(&error), sentence(&error)),
            },
        );
    }
    Ok(checks)
}

/// How the connection comes to its access tokens.
fn token_words(channel: &Channel, connection: &Connection, credentials: &Credentials) -> &'static str {
    match channel.access.token(connection, credentials, Grant::Merchant) {
        Ok(TokenStep::Held(_)) => "The access token works. It does not end by itself, and nobody renews it.",
        Ok(TokenStep::Ask(_)) | Err(_) => "The channel gives an access token; it is renewed by itself.",
    }
}

/// What an error tells of the connection: a channel in trouble tells nothing.
pub(super) fn told(error: &CallError) -> Option<bool> {
    match error {
        CallError::Channel(error) if !error.is_transient() => Some(false),
        CallError::Channel(_) | CallError::OutOfTokens { .. } | CallError::Trouble(_) | CallError::Own(_) => {
            None
        }
    }
}

pub(super) fn sentence(error: &CallError) -> String {
    let code = error.reason();
    let action = code.action().map(|action| format!(" {action}")).unwrap_or_default();
    match error {
        CallError::OutOfTokens { .. } => "Not tried now: the channel's rate limit is used up.".to_owned(),
        CallError::Channel(ChannelError::Refused(why)) => format!("The channel refused the request: {why}."),
        CallError::Channel(_) | CallError::Trouble(_) | CallError::Own(_) => {
            format!("{} ({error}).{action}", code.sentence())
        }
    }
}

fn location(connection: &Connection) -> Check {
    match &connection.default_location {
        Some(id) => Check::new("default_location", Some(true), format!("Stock is taken from {id}.")),
        None => Check::new("default_location", Some(false), "Choose the location to take the stock from."),
    }
}

fn notifications(hub: &Hub, connection: &Connection) -> Check {
    let name = "notifications";
    match &connection.notifications {
        NotificationLink::Failed { message } => Check::new(name, Some(false), message.clone()),
        link if channel(connection).is_ok_and(|channel| channel.webhooks.is_some()) => {
            webhooks(hub.deployment.webhook_door(connection).is_some(), link)
        }
        NotificationLink::Subscribed { .. } => {
            Check::new(name, Some(true), "The channel tells of changes by itself.")
        }
        NotificationLink::Off if hub.deployment.notification_queues.contains_key(&connection.channel) => {
            Check::new(name, None, "They are set up when the connection is activated.")
        }
        NotificationLink::Off => Check::new(
            name,
            None,
            "This deployment has no queue that the channel can reach; the channel is asked every minute instead.",
        ),
    }
}

/// How it stands with webhooks that are not refused.
fn webhooks(is_reached: bool, link: &NotificationLink) -> Check {
    let name = "notifications";
    match (link, is_reached) {
        (_, false) => Check::new(
            name,
            None,
            "No webhooks are registered: this deployment does not know under which public address channels reach it. \
             Changes are found by the search of every minute and by the reconciliation of every night.",
        ),
        (NotificationLink::Off, true) => {
            Check::new(name, None, "Webhooks are registered when the connection is activated.")
        }
        (NotificationLink::Subscribed { subscription: door }, true) => Check::new(
            name,
            Some(true),
            format!(
                "Its webhooks are delivered to {door}; those that the channel drops are put back within the hour."
            ),
        ),
        (NotificationLink::Failed { message }, true) => Check::new(name, Some(false), message.clone()),
    }
}

/// Whether a delivery's signature could be told: a webhook that nobody can verify is refused.
fn webhook_secret(hub: &Hub, connection: &Connection, credentials: &Credentials) -> Option<Check> {
    let webhooks = channel(connection).ok()?.webhooks?;
    let is_missing =
        hub.deployment.webhook_door(connection).is_some() && webhooks.secrets(credentials).is_empty();
    is_missing.then(|| {
        let message = "No secret is known that signs its webhooks, so none can be let in. Enter it.";
        Check::new("webhook_secret", Some(false), message)
    })
}

/// How a connection is. (SPEC OP-08)
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// The connection.
    pub connection: Connection,
    /// What is as it should be and what is not.
    pub checks: Vec<Check>,
    /// The look that is made every minute, if it ever began.
    pub look: Option<LookHealth>,
    /// Looks done once that are still to be made, such as a backfill.
    pub looks_to_come: usize,
    /// The rate limit of a search: calls that could be made now, and how many at most.
    pub search_calls: Option<(u64, u32)>,
}

/// How far the recurring look is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookHealth {
    /// Everything changed up to here is known.
    pub cursor: Timestamp,
    /// When the channel last answered it.
    pub answered_at: Option<Timestamp>,
}

/// How a connection is, out of what is stored: the channel is not asked.
///
/// # Errors
/// If there is none of that id, or the store has trouble.
pub async fn health(hub: &Hub, organization: &OrganizationId, id: &ConnectionId) -> Result<Health, Refusal> {
    let (connection, _) = versioned(hub, organization, id).await?;
    let state = looks::state(hub, organization, &connection).await?.map(|(state, _)| state);
    let mut checks = vec![status(&connection), location(&connection), notifications(hub, &connection)];
    checks.extend(state.as_ref().and_then(|state| search(&connection, state, hub.now())));
    checks.extend(reconciliation(hub, organization, &connection).await?);
    let credentials = hub.credentials(Site::Credentials, organization, id).await?;
    checks.extend(webhook_secret(hub, &connection, &credentials));
    let missing = missing_credentials(channel(&connection)?, &connection, &credentials);
    checks.extend(missing.into_iter().map(|field| Check::new("credentials", Some(false), field.message)));
    let looks_to_come = state.as_ref().map_or(0, |state| {
        state.once.iter().filter(|look| look.connections.is_empty() || look.connections.contains(id)).count()
    });
    Ok(Health {
        look: state
            .map(|state| LookHealth { cursor: state.main.cursor, answered_at: state.main.answered_at }),
        looks_to_come,
        search_calls: search_calls(hub, &connection).await?,
        checks,
        connection,
    })
}

fn status(connection: &Connection) -> Check {
    match &connection.status {
        ConnectionStatus::Active => Check::new("status", Some(true), "The connection is at work."),
        ConnectionStatus::Inactive => Check::new("status", None, "The connection is not active."),
        ConnectionStatus::NeedsAttention(reason) => {
            let action = reason.action.as_deref().map(|action| format!(" {action}")).unwrap_or_default();
            Check::new("status", Some(false), format!("{}{action}", reason.message))
        }
    }
}

/// How far behind the search is, of a connection at work.
fn search(connection: &Connection, state: &PollState, now: Timestamp) -> Option<Check> {
    if !connection.is_active() {
        return None;
    }
    let cursor = state.main.cursor;
    let behind = now.duration_since(cursor);
    let message = format!("Every change of an order up to {cursor} is known.");
    Some(if behind <= LATE_AFTER {
        Check::new("search", Some(true), message)
    } else {
        let late =
            format!("{message} The search is {} minutes behind; orders come in late.", behind.as_mins());
        Check::new("search", Some(false), late)
    })
}

/// How the last reconciliation ended, where there was one. (SPEC OP-04)
async fn reconciliation(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
) -> Result<Option<Check>, Refusal> {
    let index = Index::Runs(organization.clone(), connection.id.clone());
    let page = hub.list(Site::PersonRead, &index, None, RUNS_LOOKED_AT).await?;
    let runs = page.records.into_iter().filter_map(|(_, stored)| only!(Run)(stored.record));
    let last = runs.filter(|run| run.job == Job::Reconcile).find_map(|run| Some((run.ended_at?, run)));
    Ok(last.map(|(ended_at, run)| {
        let count = |name: &str| run.counts.get(name).copied().unwrap_or_default();
        let differed = count("orders_missing") + count("orders_behind");
        let message = format!(
            "The last reconciliation ended at {ended_at}: {} orders of 14 days seen, {differed} differed and were signalled.",
            count("orders_seen")
        );
        Check::new("reconciliation", Some(true), message)
    }))
}

async fn search_calls(hub: &Hub, connection: &Connection) -> Result<Option<(u64, u32)>, Refusal> {
    let Some(orders) = channel(connection)?.orders else { return Ok(None) };
    let operation = orders.search_operation(connection);
    let key = Key::Bucket(call::account(connection), operation.name.to_owned());
    let bucket: Option<(Bucket, u64)> = people::one(hub, key, only!(Bucket)).await?;
    let calls = bucket.map_or(u64::from(operation.burst), |(bucket, _)| bucket.millitokens / 1000);
    Ok(Some((calls, operation.burst)))
}
