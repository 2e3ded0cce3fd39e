//! Aliases: what a channel's SKU means on a connection. The first one turns aliasing on. (SPEC KF-05)

use weir_domain::{
    connection::{Connection, ConnectionSettings},
    event::Effect,
    ids::{ConnectionId, OrganizationId},
    outcome::ReasonCode,
    variant::{Sku, SkuAlias},
};

use crate::{
    connections,
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Index, Key, Record},
};

/// Makes an alias, and lets the orders of the connection go on that wait for a SKU. The same one
/// again changes nothing.
///
/// # Errors
/// If the variant does not exist, or the channel's SKU means another one already.
pub async fn create(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    channel_sku: &Sku,
    variant_sku: &Sku,
) -> Result<SkuAlias, Refusal> {
    let alias = SkuAlias {
        connection: connection.clone(),
        channel_sku: channel_sku.clone(),
        variant_sku: variant_sku.clone(),
    };
    for _ in 0..TRIES {
        let (on, version) = connections::versioned(hub, organization, connection).await?;
        let variant_key = Key::Variant(organization.clone(), variant_sku.clone());
        let Some((_, variant_version)) = people::one(hub, variant_key.clone(), only!(Variant)).await? else {
            let message = format!("No variant has the SKU \"{variant_sku}\". Create it first.");
            return Err(Refusal::field("variant_sku", message));
        };
        let key = Key::Alias(organization.clone(), connection.clone(), channel_sku.clone());
        let known = people::one(hub, key.clone(), only!(Alias)).await?.map(|(known, _)| known);
        if let Some(other) = known.as_ref().filter(|known| known.variant_sku != *variant_sku) {
            let message = format!(
                "\"{channel_sku}\" means \"{}\" on this connection. Delete that alias first.",
                other.variant_sku
            );
            return Err(Refusal::conflict("alias_exists", message));
        }
        if known.is_some() && on.settings.sku_aliasing {
            return Ok(alias);
        }
        let mut commit = Commit::default();
        // The variant may not go or be renamed in between: its aliases follow it.
        commit.check(variant_key, Expect::Version(variant_version));
        if known.is_none() {
            commit.put(key, Record::Alias(alias.clone()), Expect::Absent);
        }
        if !on.settings.sku_aliasing {
            let settings = ConnectionSettings { sku_aliasing: true, ..on.settings.clone() };
            let on = Connection { settings, ..on };
            let key = Key::Connection(organization.clone(), connection.clone());
            commit.put(key, Record::Connection(on), Expect::Version(version));
        }
        let effect = Effect::RecheckWaiting {
            connection: Some(connection.clone()),
            code: Some(ReasonCode::SkuNotMatched),
        };
        people::send(hub, organization, connection.as_str(), &[effect], &mut commit);
        if people::commit(hub, &commit).await? {
            return Ok(alias);
        }
    }
    Err(Refusal::contended())
}

/// Aliases of a connection, by channel SKU.
///
/// # Errors
/// If there is no such connection, or the cursor is wrong.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    window: &Window,
) -> Result<Part<SkuAlias>, Refusal> {
    connections::read(hub, organization, connection).await?;
    let index = Index::Aliases(organization.clone(), connection.clone());
    lists::read_one(hub, index, window, only!(Alias)).await
}

/// Takes an alias away. What was imported by it stays; aliasing stays on.
///
/// # Errors
/// If there is no such alias.
pub async fn delete(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    channel_sku: &Sku,
) -> Result<(), Refusal> {
    connections::read(hub, organization, connection).await?;
    let key = Key::Alias(organization.clone(), connection.clone(), channel_sku.clone());
    for _ in 0..TRIES {
        let Some((_, version)) = people::one(hub, key.clone(), only!(Alias)).await? else {
            return Err(Refusal::NotFound(format!(
                "There is no alias for \"{channel_sku}\" on this connection."
            )));
        };
        let mut commit = Commit::default();
        commit.delete(key.clone(), Expect::Version(version));
        if people::commit(hub, &commit).await? {
            return Ok(());
        }
    }
    Err(Refusal::contended())
}
