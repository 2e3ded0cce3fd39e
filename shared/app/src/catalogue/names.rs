//! The customers of one name, so that an import finds them with one read, and two imports at once make
//! no two of one buyer: whoever makes a customer writes this list too. (SPEC KS-21)

use weir_domain::{
    customer::Customer,
    ids::{CustomerId, OrganizationId},
};

use crate::{
    access,
    gate::Site,
    hub::Hub,
    ports::{Commit, Expect, Key, LedgerError, Record},
};

/// Customers of one name that are remembered, the newest of them: more people of one name than this
/// are told apart by nobody.
const CUSTOMERS_OF_A_NAME: usize = 500;

/// The customers of one name as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OfName {
    ids: Vec<CustomerId>,
    version: Option<u64>,
}

/// Where the customers of a name are found. The name itself stands in no key.
fn key(organization: &OrganizationId, name: &str) -> Key {
    Key::CustomersOfName(organization.clone(), access::digest(name.trim()))
}

/// Who bears a name.
///
/// # Errors
/// If the store has trouble.
pub(crate) async fn read(
    hub: &Hub,
    site: Site,
    organization: &OrganizationId,
    name: &str,
) -> Result<OfName, LedgerError> {
    let key = key(organization, name);
    let found = hub.get(site, std::slice::from_ref(&key)).await?.remove(&key);
    Ok(match found.map(|stored| (stored.record, stored.version)) {
        Some((Record::CustomersOfName(ids), version)) => OfName { ids, version: Some(version) },
        Some(_) | None => OfName::default(),
    })
}

/// The customers themselves.
///
/// # Errors
/// If the store has trouble.
pub(crate) async fn customers(
    hub: &Hub,
    site: Site,
    organization: &OrganizationId,
    of_name: &OfName,
) -> Result<Vec<Customer>, LedgerError> {
    let keys: Vec<Key> =
        of_name.ids.iter().map(|id| Key::Customer(organization.clone(), id.clone())).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = hub.get(site, &keys).await?;
    let customer = |stored: crate::ports::Stored| match stored.record {
        Record::Customer(customer) => Some(customer),
        _ => None,
    };
    Ok(found.into_values().filter_map(customer).collect())
}

/// Adds a customer to those of its name.
pub(crate) fn add(organization: &OrganizationId, customer: &Customer, before: &OfName, commit: &mut Commit) {
    let mut ids = before.ids.clone();
    ids.retain(|id| *id != customer.id);
    ids.push(customer.id.clone());
    let ids = ids.split_off(ids.len().saturating_sub(CUSTOMERS_OF_A_NAME));
    let expect = before.version.map_or(Expect::Absent, Expect::Version);
    commit.put(key(organization, &customer.name), Record::CustomersOfName(ids), expect);
}

/// Takes a customer from those of the name that it had.
pub(crate) fn remove(
    organization: &OrganizationId,
    customer: &Customer,
    before: &OfName,
    commit: &mut Commit,
) {
    let Some(version) = before.version else { return };
    let mut ids = before.ids.clone();
    ids.retain(|id| *id != customer.id);
    commit.put(key(organization, &customer.name), Record::CustomersOfName(ids), Expect::Version(version));
}
