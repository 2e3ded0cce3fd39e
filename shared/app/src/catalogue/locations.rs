//! Places that hold stock: made, read, changed.

use weir_domain::{
    ids::{LocationId, OrganizationId},
    location::{Location, LocationKind},
};

use crate::{
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Index, Key, Record},
};

/// What a place is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLocation {
    /// How people call it.
    pub name: String,
    /// Own warehouse or Amazon's.
    pub kind: LocationKind,
    /// Whether orders may be assigned to it.
    pub available_for_fulfillment: bool,
}

/// What changes of a place; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocationPatch {
    /// How people call it.
    pub name: Option<String>,
    /// Own warehouse or Amazon's.
    pub kind: Option<LocationKind>,
    /// Whether orders may be assigned to it.
    pub available_for_fulfillment: Option<bool>,
}

/// Makes a place. `token` makes its id; done again with the same one it gives what was made.
///
/// # Errors
/// If the store has trouble.
pub async fn create(
    hub: &Hub,
    organization: &OrganizationId,
    token: &str,
    new: NewLocation,
) -> Result<Location, Refusal> {
    let location = Location {
        id: LocationId::from_token(token),
        name: new.name,
        kind: new.kind,
        available_for_fulfillment: new.available_for_fulfillment,
        created_at: hub.now(),
    };
    let mut commit = Commit::default();
    let key = Key::Location(organization.clone(), location.id.clone());
    commit.put(key, Record::Location(location.clone()), Expect::Absent);
    if people::commit(hub, &commit).await? {
        return Ok(location);
    }
    read(hub, organization, &location.id).await
}

/// A place.
///
/// # Errors
/// If there is none of that id.
pub async fn read(hub: &Hub, organization: &OrganizationId, id: &LocationId) -> Result<Location, Refusal> {
    Ok(versioned(hub, organization, id).await?.0)
}

async fn versioned(
    hub: &Hub,
    organization: &OrganizationId,
    id: &LocationId,
) -> Result<(Location, u64), Refusal> {
    people::one(hub, Key::Location(organization.clone(), id.clone()), only!(Location))
        .await?
        .ok_or_else(|| Refusal::not_found("location", id))
}

/// Places, by id.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    window: &Window,
) -> Result<Part<Location>, Refusal> {
    lists::read_one(hub, Index::Locations(organization.clone()), window, only!(Location)).await
}

/// Changes a place.
///
/// # Errors
/// If there is none of that id, or others change it at the same time again and again.
pub async fn change(
    hub: &Hub,
    organization: &OrganizationId,
    id: &LocationId,
    patch: &LocationPatch,
) -> Result<Location, Refusal> {
    for _ in 0..TRIES {
        let (before, version) = versioned(hub, organization, id).await?;
        let after = Location {
            name: patch.name.clone().unwrap_or_else(|| before.name.clone()),
            kind: patch.kind.unwrap_or(before.kind),
            available_for_fulfillment: patch
                .available_for_fulfillment
                .unwrap_or(before.available_for_fulfillment),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let mut commit = Commit::default();
        let key = Key::Location(organization.clone(), id.clone());
        commit.put(key, Record::Location(after.clone()), Expect::Version(version));
        if people::commit(hub, &commit).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}
