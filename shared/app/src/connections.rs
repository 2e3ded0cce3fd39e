//! Connections: made, read, changed, tested, switched on and off. What they need to work is checked
//! here, in the words of their channel's own set-up. (SPEC FX-01, G-11, KF-01, KF-13)

mod create;
mod change;
mod settings;
mod preview;
mod activate;
mod attention;
mod link;
mod looks;
mod examine;
mod store;

use sha2::{Digest, Sha256};
use weir_channels::{
    Channel, ChannelError,
    channel::{Call, Credentials, FieldError, Grant, StoreInfo},
};
use weir_domain::{
    connection::{Connection, ConnectionStatus},
    decide::RuleSet,
    ids::{AccountId, ConnectionId, LocationId, OrganizationId},
    location::{Location, LocationKind},
};

use crate::{
    call::{self, CallError},
    gate::Site,
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, only},
    ports::{Index, Key, TransportError},
};

pub use activate::{activate, deactivate};
pub use attention::needs_attention;
pub use change::{ConnectionPatch, change};
pub use create::{NewConnection, create};
pub use examine::{Check, Health, LookHealth, Tested, health, test};
pub use link::{keep_subscribed, link};
pub(crate) use looks::with_look;
pub use preview::{Difference, Preview, Word, preview};
pub use settings::settings;

/// The word for credentials that the channel does not take.
const CREDENTIALS_REFUSED: &str = "credentials_refused";

/// A connection.
///
/// # Errors
/// If there is none of that id.
pub async fn read(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
) -> Result<Connection, Refusal> {
    Ok(versioned(hub, organization, id).await?.0)
}

/// A connection with its version.
pub(crate) async fn versioned(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
) -> Result<(Connection, u64), Refusal> {
    people::one(hub, Key::Connection(organization.clone(), id.clone()), only!(Connection))
        .await?
        .ok_or_else(|| Refusal::not_found("connection", id))
}

/// Connections, by id.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    window: &Window,
) -> Result<Part<Connection>, Refusal> {
    lists::read_one(hub, Index::Connections(organization.clone()), window, only!(Connection)).await
}

/// A connection's own place among some, the same for ever: what all of them do at a time, each does at its
/// own, so that not all of them call at once.
pub(crate) fn own_place(connection: &Connection, places: i64) -> i64 {
    connection.id.as_str().bytes().fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % places)
}

/// The channel of a connection.
fn channel(connection: &Connection) -> Result<&'static Channel, Refusal> {
    call::channel(connection).map_err(|error| Refusal::Trouble(error.to_string()))
}

/// The account whose token, rate limit and search a connection shares. The organization is part of
/// it: nothing is shared between two. (SPEC KF-01)
fn account_id(
    channel: &Channel,
    organization: &OrganizationId,
    connection: &Connection,
    credentials: &Credentials,
) -> AccountId {
    let text = format!("{organization} {}", channel.setup.shared_account(connection, credentials));
    let digest: String =
        Sha256::digest(text.as_bytes()).iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    AccountId::from_token(&digest)
}

/// The connections that share an account, as they are now.
async fn family(
    hub: &Hub,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<Vec<(Connection, u64)>, Refusal> {
    let listed =
        lists::all(hub, Site::PersonRead, Index::Connections(organization.clone()), only!(Connection))
            .await?;
    let keys: Vec<Key> = listed.into_iter().map(|(key, _, _)| key).collect();
    let found = people::several(hub, &keys, only!(Connection)).await?;
    Ok(found
        .into_iter()
        .map(|(_, connection, version)| (connection, version))
        .filter(|(connection, _)| call::account(connection) == *account)
        .collect())
}

/// A connection whose matter was put right: at work again.
fn mended(connection: &Connection) -> Connection {
    let status = match &connection.status {
        ConnectionStatus::NeedsAttention(_) | ConnectionStatus::Active => ConnectionStatus::Active,
        ConnectionStatus::Inactive => ConnectionStatus::Inactive,
    };
    Connection { status, ..connection.clone() }
}

/// Checks that each credential is one that the channel has.
fn check_credentials(channel: &Channel, credentials: &Credentials) -> Vec<FieldError> {
    let known = channel.setup.credential_fields();
    let lists = channel.setup.credential_lists();
    credentials
        .iter()
        .filter_map(|(name, secret)| {
            let path = format!("credentials.{name}");
            if !known.contains(&name.as_str()) {
                let message =
                    format!("{} has no such credential; it takes {}.", channel.name, known.join(", "));
                return Some(FieldError { path, message });
            }
            let listed: Option<Vec<String>> = serde_json::from_str(secret.expose()).ok();
            let message = match listed {
                Some(_) if !lists.contains(&name.as_str()) => "Give it as one text.",
                Some(secrets) if secrets.iter().any(|secret| secret.trim().is_empty()) => {
                    "One of them is empty."
                }
                None if secret.expose().trim().is_empty() => "It is empty.",
                Some(_) | None => return None,
            };
            Some(FieldError { path, message: message.to_owned() })
        })
        .collect()
}

/// Checks a place that stock is to be taken from.
async fn check_location(
    hub: &Hub,
    organization: &OrganizationId,
    channel: &Channel,
    path: &str,
    id: &LocationId,
) -> Result<Option<FieldError>, Refusal> {
    let key = Key::Location(organization.clone(), id.clone());
    let found: Option<(Location, u64)> = people::one(hub, key, only!(Location)).await?;
    let message = match (found, channel.rules) {
        (None, _) => format!("There is no location {id}."),
        (Some((location, _)), RuleSet::ShippedByChannel) => match location.kind {
            LocationKind::Fba => return Ok(None),
            LocationKind::Own => format!(
                "{} ships from its own warehouses: choose a location of kind \"fba\". \"{}\" is one of your own.",
                channel.name, location.name
            ),
        },
        (Some((location, _)), RuleSet::ShippedByMerchant) => match location.kind {
            LocationKind::Own => return Ok(None),
            LocationKind::Fba => format!(
                "{} ships from your own warehouses: choose a location of kind \"own\". \"{}\" is Amazon's.",
                channel.name, location.name
            ),
        },
    };
    Ok(Some(FieldError { path: path.to_owned(), message }))
}

/// Whether endpoints of one's own may be given here.
fn check_endpoints(hub: &Hub, connection: &Connection) -> Vec<FieldError> {
    let given =
        [("endpoints.api", &connection.endpoints.api), ("endpoints.token", &connection.endpoints.token)];
    let refused = |path: &str| FieldError {
        path: path.to_owned(),
        message: "This deployment does not allow endpoints of one's own (parameter AllowEndpoints)."
            .to_owned(),
    };
    given
        .into_iter()
        .filter(|(_, endpoint)| endpoint.is_some() && !hub.deployment.allow_endpoints)
        .map(|(path, _)| refused(path))
        .collect()
}

/// What of the credentials is missing.
fn missing_credentials(
    channel: &Channel,
    connection: &Connection,
    credentials: &Credentials,
) -> Vec<FieldError> {
    let missing = channel.access.token(connection, credentials, Grant::Merchant).err();
    missing
        .unwrap_or_default()
        .into_iter()
        .map(|field| FieldError { path: format!("credentials.{}", field.path), message: field.message })
        .collect()
}

/// Asks the channel for an access token with these credentials, past the cache, and whose account it
/// opens where the channel says so: whether they work.
async fn try_credentials(
    hub: &Hub,
    channel: &Channel,
    connection: &Connection,
    credentials: &Credentials,
) -> Result<(), CallError> {
    let asked = call::token_by(hub, channel.access, connection, credentials, Grant::Merchant).await?;
    let (token, replaced) = asked;
    // The refresh token that an answer brings along is dropped: the one before works until the new
    // token is used, which it is not.
    let Some(store) = channel.store.filter(|_| replaced.is_empty()) else { return Ok(()) };
    let (_, request) = store.about(Call { connection, token: &token });
    let trouble = |error: TransportError| CallError::Trouble(error.to_string());
    let response = hub.ask(Site::AccessToken, &request).await.map_err(trouble)?;
    match store.read_about(&response) {
        Ok(about) => is_of_account(connection, &about),
        // It was given just now: no other one will do better.
        Err(ChannelError::Expired) => {
            Err(ChannelError::Revoked("the access token is not valid".to_owned()).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the credentials open the account that the connection is of.
fn is_of_account(connection: &Connection, about: &StoreInfo) -> Result<(), CallError> {
    if about.account.eq_ignore_ascii_case(connection.remote.account.trim()) {
        return Ok(());
    }
    let why =
        format!("they are of {}, and this connection is of {}", about.account, connection.remote.account);
    Err(ChannelError::Denied(why).into())
}

/// Why credentials are not taken over. A channel in trouble tells nothing of them, so nothing changes.
fn not_working(error: &CallError) -> Refusal {
    let is_refused = match error {
        CallError::Channel(error) => !error.is_transient(),
        CallError::OutOfTokens { .. } | CallError::Trouble(_) | CallError::Own(_) => false,
    };
    if is_refused {
        let message = format!("The channel does not take them: {error}. Nothing was changed.");
        let fields = vec![FieldError { path: "credentials".to_owned(), message }];
        return Refusal::Invalid { code: CREDENTIALS_REFUSED, fields };
    }
    let message = format!("They could not be tested, so nothing was changed ({error}). Try again.");
    Refusal::conflict("channel_trouble", message)
}
