//! A new connection: its remote account belongs to it for ever, by key. (SPEC §0 "source id")

use weir_channels::channel::{Credentials, FieldError, Settings};
use weir_domain::{
    connection::{Connection, Endpoints, RemoteAccount},
    ids::{ChannelName, ConnectionId, LocationId, OrganizationId},
};

use super::{account_id, check_credentials, check_endpoints, check_location, settings::set};
use crate::{
    gate::Site,
    hub::Hub,
    people::{self, Refusal, TRIES, only},
    ports::{
        Commit, Expect, Key, Record,
        ledger::{Route, RouteTarget},
    },
};

/// What a connection is made of.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Which channel.
    pub channel: ChannelName,
    /// How people call it.
    pub name: String,
    /// Whose account at the channel.
    pub remote: RemoteAccount,
    /// What it is let in with; may come later.
    pub credentials: Credentials,
    /// Base URLs that replace the channel's own.
    pub endpoints: Endpoints,
    /// Where its stock is taken from; may come later.
    pub default_location: Option<LocationId>,
    /// The channel's locations and Weir's.
    pub location_map: Vec<(String, LocationId)>,
    /// What is set on it; the channel's default of all that is not named.
    pub settings: Settings,
}

/// Makes a connection. `token` makes its id; done again with the same one it gives what was made.
/// Its credentials are kept first: a crash in between leaves a secret that nothing leads to.
///
/// # Errors
/// The fields that are wrong, or that the remote account has a connection already.
pub async fn create(
    hub: &Hub,
    organization: &OrganizationId,
    token: &str,
    new: NewConnection,
) -> Result<Connection, Refusal> {
    let channel = weir_channels::find(&new.channel).ok_or_else(|| {
        let known: Vec<&str> = weir_channels::CHANNELS.iter().map(|channel| channel.name).collect();
        Refusal::field(
            "channel",
            format!("There is no channel \"{}\"; use {}.", new.channel, known.join(", ")),
        )
    })?;
    let credentials = new.credentials.clone();
    let given = new.settings.clone();
    let mut connection = connection(hub, ConnectionId::from_token(token), new, channel);
    let mut errors = set(channel, &mut connection.settings, &given)?;
    errors.extend(check_endpoints(hub, &connection));
    errors.extend(channel.setup.check(&connection).err().unwrap_or_default());
    errors.extend(check_credentials(channel, &credentials));
    errors.extend(check_locations(hub, organization, channel, &connection).await?);
    if !errors.is_empty() {
        return Err(Refusal::fields(errors));
    }
    let connection = Connection {
        shared_account: (!credentials.is_empty())
            .then(|| account_id(channel, organization, &connection, &credentials)),
        ..connection
    };
    let key = Key::Connection(organization.clone(), connection.id.clone());
    let route = Key::Route(Route::Account {
        channel: connection.channel.clone(),
        account: connection.remote.account.clone(),
        marketplace: connection.remote.marketplace.clone().unwrap_or_default(),
    });
    for _ in 0..TRIES {
        if let Some((made, _)) = people::one(hub, key.clone(), only!(Connection)).await? {
            return Ok(made);
        }
        if people::one(hub, route.clone(), only!(Route)).await?.is_some() {
            let message =
                "This account at the channel has a connection already. It stays with that one for ever.";
            return Err(Refusal::conflict("already_connected", message));
        }
        if !credentials.is_empty() {
            hub.keep_credentials(Site::PersonSecret, organization, &connection.id, &credentials).await?;
        }
        let mut commit = Commit::default();
        commit.put(key.clone(), Record::Connection(connection.clone()), Expect::Absent);
        let target = RouteTarget::Connection(organization.clone(), connection.id.clone());
        if channel.webhooks.is_some() {
            let door = Key::Route(Route::Connection(connection.id.clone()));
            commit.put(door, Record::Route(target.clone()), Expect::Absent);
        }
        commit.put(route.clone(), Record::Route(target), Expect::Absent);
        if people::commit(hub, &commit).await? {
            return Ok(connection);
        }
    }
    Err(Refusal::contended())
}

fn connection(
    hub: &Hub,
    id: ConnectionId,
    new: NewConnection,
    channel: &weir_channels::Channel,
) -> Connection {
    let settings = channel.default_settings();
    Connection {
        name: new.name,
        default_location: new.default_location,
        location_map: new.location_map,
        endpoints: new.endpoints,
        ..Connection::new(id, new.channel, new.remote, settings, hub.now())
    }
}

/// Whether the locations that a connection names exist and will do.
pub(super) async fn check_locations(
    hub: &Hub,
    organization: &OrganizationId,
    channel: &weir_channels::Channel,
    connection: &Connection,
) -> Result<Vec<FieldError>, Refusal> {
    let mut errors = Vec::new();
    if let Some(id) = &connection.default_location {
        errors.extend(check_location(hub, organization, channel, "default_location_id", id).await?);
    }
    for (number, (_, id)) in connection.location_map.iter().enumerate() {
        let path = format!("location_map[{number}].location_id");
        errors.extend(check_location(hub, organization, channel, &path, id).await?);
    }
    Ok(errors)
}
