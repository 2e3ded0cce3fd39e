//! A connection changes. New credentials are tested at once; if they work, what needed attention is
//! at work again and what waited goes on. (SPEC G-11, G-04)

use weir_channels::{
    Channel,
    channel::{Credentials, FieldError, Settings},
};
use weir_domain::{
    connection::{Connection, ConnectionStatus, Endpoints},
    event::Effect,
    ids::{ConnectionId, LocationId, OrganizationId},
    outcome::ReasonCode,
};

use super::{
    account_id, activate, channel, check_credentials, check_endpoints,
    create::check_locations,
    family, looks, mended, missing_credentials, not_working,
    settings::{lets_in, set},
    try_credentials, versioned,
};
use crate::{
    call,
    gate::Site,
    hub::Hub,
    people::{self, Refusal, TRIES},
    ports::{Commit, Expect, Key, Record},
    renew,
};

/// What changes of a connection; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ConnectionPatch {
    /// How people call it.
    pub name: Option<String>,
    /// New credentials; those that are not named stay.
    pub credentials: Option<Credentials>,
    /// Base URLs that replace the channel's own; replaces both.
    pub endpoints: Option<Endpoints>,
    /// Where its stock is taken from; `Some(None)` takes it away.
    pub default_location: Option<Option<LocationId>>,
    /// The channel's locations and Weir's; replaces the whole map.
    pub location_map: Option<Vec<(String, LocationId)>>,
    /// What is set on it; what is not named stays.
    pub settings: Settings,
}

/// Changes a connection.
///
/// # Errors
/// The fields that are wrong, or that the channel refuses the credentials; then nothing changes.
pub async fn change(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    patch: &ConnectionPatch,
) -> Result<Connection, Refusal> {
    for _ in 0..TRIES {
        let (before, version) = versioned(hub, organization, id).await?;
        let channel = channel(&before)?;
        let (mut after, errors) = patched(channel, &before, patch)?;
        check(hub, organization, &before, &after, patch, errors).await?;
        let mut commit = Commit::default();
        let is_new_way_in = patch.credentials.is_some() || after.endpoints != before.endpoints;
        let mut is_mended = other_api_helps(&before, &after);
        if is_new_way_in {
            is_mended |= way_in(hub, organization, &before, &mut after, patch, &mut commit).await?;
        }
        if is_mended {
            after = mended(&after);
        }
        if is_mended || after.settings.orders_api != before.settings.orders_api {
            share(hub, organization, &after, is_mended, &mut commit).await?;
        }
        // Also where nothing but a secret changed: a refusal of the old one is told by the version.
        if after == before && commit.writes.is_empty() && !is_new_way_in {
            return Ok(after);
        }
        let key = Key::Connection(organization.clone(), id.clone());
        commit.put(key, Record::Connection(after.clone()), Expect::Version(version));
        let effects: Vec<Effect> = recheck(channel, &before, &after);
        people::send(hub, organization, id.as_str(), &effects, &mut commit);
        if people::commit(hub, &commit).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}

/// A connection as it is, and as a change of its settings and locations would make it.
///
/// # Errors
/// The fields that are wrong.
pub(super) async fn proposed(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    patch: &ConnectionPatch,
) -> Result<(Connection, Connection), Refusal> {
    let (now, _) = versioned(hub, organization, id).await?;
    let (then, errors) = patched(channel(&now)?, &now, patch)?;
    check(hub, organization, &now, &then, patch, errors).await?;
    Ok((now, then))
}

/// The connection as it would be, and the settings that cannot be so.
fn patched(
    channel: &Channel,
    before: &Connection,
    patch: &ConnectionPatch,
) -> Result<(Connection, Vec<FieldError>), Refusal> {
    let mut after = before.clone();
    if let Some(name) = &patch.name {
        after.name.clone_from(name);
    }
    if let Some(endpoints) = &patch.endpoints {
        after.endpoints.clone_from(endpoints);
    }
    if let Some(location) = &patch.default_location {
        after.default_location.clone_from(location);
    }
    if let Some(map) = &patch.location_map {
        after.location_map.clone_from(map);
    }
    let errors = set(channel, &mut after.settings, &patch.settings)?;
    Ok((after, errors))
}

async fn check(
    hub: &Hub,
    organization: &OrganizationId,
    before: &Connection,
    after: &Connection,
    patch: &ConnectionPatch,
    mut errors: Vec<FieldError>,
) -> Result<(), Refusal> {
    let channel = channel(after)?;
    if after.endpoints != before.endpoints {
        errors.extend(check_endpoints(hub, after));
        errors.extend(channel.setup.check(after).err().unwrap_or_default());
    }
    errors.extend(check_credentials(channel, patch.credentials.as_ref().unwrap_or(&Credentials::new())));
    if (&after.default_location, &after.location_map) != (&before.default_location, &before.location_map) {
        errors.extend(check_locations(hub, organization, channel, after).await?);
    }
    if after.default_location.is_none() && before.default_location.is_some() && before.is_active() {
        return Err(Refusal::field(
            "default_location_id",
            "An active connection needs one. Deactivate it first.",
        ));
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::fields(errors)) }
}

/// Tests and keeps a new way in: credentials, endpoints. Those of the same account share it. Returns
/// whether it was tested and works; a connection that has no complete credentials yet just keeps them.
async fn way_in(
    hub: &Hub,
    organization: &OrganizationId,
    before: &Connection,
    after: &mut Connection,
    patch: &ConnectionPatch,
    commit: &mut Commit,
) -> Result<bool, Refusal> {
    let channel = channel(after)?;
    let mut credentials = hub.credentials_anew(Site::Credentials, organization, &after.id).await?;
    // They may belong to another application now.
    renew::forget_issued(&mut credentials);
    credentials.extend(patch.credentials.clone().unwrap_or_default());
    let missing = missing_credentials(channel, after, &credentials);
    if !missing.is_empty() {
        if before.status != ConnectionStatus::Inactive {
            return Err(Refusal::fields(missing));
        }
        hub.keep_credentials(Site::PersonSecret, organization, &after.id, &credentials).await?;
        return Ok(false);
    }
    try_credentials(hub, channel, after, &credentials).await.map_err(|error| not_working(&error))?;
    hub.keep_credentials(Site::PersonSecret, organization, &after.id, &credentials).await?;
    hub.access_tokens.forget(&call::account(before));
    after.shared_account = Some(account_id(channel, organization, after, &credentials));
    let account = call::account(after);
    hub.access_tokens.forget(&account);
    if account != call::account(before) && before.first_activated_at.is_some() {
        looks::take_along(hub, organization, before, after, commit).await?;
    }
    for (other, _) in family(hub, organization, &account).await? {
        if other.id != after.id {
            hub.keep_credentials(Site::PersonSecret, organization, &other.id, &credentials).await?;
        }
    }
    Ok(true)
}

/// What the others of the account share with this connection: one search goes on for all of them from
/// where it stopped, through one API.
async fn share(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    is_mended: bool,
    commit: &mut Commit,
) -> Result<(), Refusal> {
    for (other, version) in family(hub, organization, &call::account(connection)).await? {
        if other.id == connection.id {
            continue;
        }
        let mut after = if is_mended { mended(&other) } else { other.clone() };
        after.settings.orders_api.clone_from(&connection.settings.orders_api);
        if after != other {
            activate::put(hub, organization, &after, version, commit);
        }
    }
    Ok(())
}

/// Whether the other orders API is the way out of what needs attention.
fn other_api_helps(before: &Connection, after: &Connection) -> bool {
    let is_denied = match &before.status {
        ConnectionStatus::NeedsAttention(reason) => reason.code == ReasonCode::AccessDenied,
        ConnectionStatus::Active | ConnectionStatus::Inactive => false,
    };
    is_denied && after.settings.orders_api != before.settings.orders_api
}

/// What may go on after the change.
fn recheck(channel: &Channel, before: &Connection, after: &Connection) -> Vec<Effect> {
    let connection = || Some(after.id.clone());
    if before.status != after.status {
        return vec![Effect::RecheckWaiting { connection: connection(), code: None }];
    }
    let mut effects = Vec::new();
    let mut recheck = |code: ReasonCode| {
        effects.push(Effect::RecheckWaiting { connection: connection(), code: Some(code) });
    };
    if (&before.default_location, &before.location_map) != (&after.default_location, &after.location_map) {
        recheck(ReasonCode::LocationMissing);
    }
    lets_in(channel, &before.settings, &after.settings).into_iter().for_each(recheck);
    effects
}
