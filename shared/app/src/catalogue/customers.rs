//! Who buys: made, read, changed. Two of one name with different e-mail addresses are two customers.
//! (SPEC KS-21)

use weir_domain::{
    customer::Customer,
    ids::{CustomerId, OrganizationId},
};

use super::names;
use crate::{
    gate::Site,
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Index, Key, Record},
};

/// What changes of a customer; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerPatch {
    /// The name.
    pub name: Option<String>,
    /// The e-mail address; `Some(None)` takes it away.
    pub email: Option<Option<String>>,
}

/// Makes a customer. `token` makes its id; done again with the same one it gives what was made.
///
/// # Errors
/// If the store has trouble.
pub async fn create(
    hub: &Hub,
    organization: &OrganizationId,
    token: &str,
    name: String,
    email: Option<String>,
) -> Result<Customer, Refusal> {
    let customer = Customer { id: CustomerId::from_token(token), name, email, created_at: hub.now() };
    let key = Key::Customer(organization.clone(), customer.id.clone());
    for _ in 0..TRIES {
        if let Some((made, _)) = people::one(hub, key.clone(), only!(Customer)).await? {
            return Ok(made);
        }
        let of_name = names::read(hub, Site::PersonRead, organization, &customer.name).await?;
        let mut commit = Commit::default();
        commit.put(key.clone(), Record::Customer(customer.clone()), Expect::Absent);
        names::add(organization, &customer, &of_name, &mut commit);
        if people::commit(hub, &commit).await? {
            return Ok(customer);
        }
    }
    Err(Refusal::contended())
}

/// A customer.
///
/// # Errors
/// If there is none of that id.
pub async fn read(hub: &Hub, organization: &OrganizationId, id: &CustomerId) -> Result<Customer, Refusal> {
    Ok(versioned(hub, organization, id).await?.0)
}

async fn versioned(
    hub: &Hub,
    organization: &OrganizationId,
    id: &CustomerId,
) -> Result<(Customer, u64), Refusal> {
    people::one(hub, Key::Customer(organization.clone(), id.clone()), only!(Customer))
        .await?
        .ok_or_else(|| Refusal::not_found("customer", id))
}

/// Customers, by id.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    window: &Window,
) -> Result<Part<Customer>, Refusal> {
    lists::read_one(hub, Index::Customers(organization.clone()), window, only!(Customer)).await
}

/// Changes a customer.
///
/// # Errors
/// If there is none of that id, or others change it at the same time again and again.
pub async fn change(
    hub: &Hub,
    organization: &OrganizationId,
    id: &CustomerId,
    patch: &CustomerPatch,
) -> Result<Customer, Refusal> {
    for _ in 0..TRIES {
        let (before, version) = versioned(hub, organization, id).await?;
        let after = Customer {
            name: patch.name.clone().unwrap_or_else(|| before.name.clone()),
            email: patch.email.clone().unwrap_or_else(|| before.email.clone()),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let mut commit = Commit::default();
        let key = Key::Customer(organization.clone(), id.clone());
        commit.put(key, Record::Customer(after.clone()), Expect::Version(version));
        if after.name.trim() != before.name.trim() {
            let of_old = names::read(hub, Site::PersonRead, organization, &before.name).await?;
            let of_new = names::read(hub, Site::PersonRead, organization, &after.name).await?;
            names::remove(organization, &before, &of_old, &mut commit);
            names::add(organization, &after, &of_new, &mut commit);
        }
        if people::commit(hub, &commit).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}
