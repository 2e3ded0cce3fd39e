//! The minute's tick: each account's changed orders are searched for, kept, and signalled; only then
//! the cursor moves. It takes no input. (SPEC KF-01)

mod look;

use std::collections::BTreeSet;

use weir_domain::{
    connection::Connection,
    ids::{AccountId, OrganizationId},
};

use crate::{
    call,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    lists,
    people::only,
    ports::{Index, Key, Record, ledger::RouteTarget},
};

/// What a tick did, for the log's one line about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Accounts that were looked at.
    pub accounts: usize,
    /// Pages that were read.
    pub pages: usize,
    /// Orders that were signalled.
    pub signalled: usize,
    /// Accounts whose look went wrong; the next tick tries them again.
    pub errors: usize,
    /// Those of them with which something of Weir's own was the matter, and not the channel.
    pub failed: usize,
}

/// Looks at all accounts of all organizations, as far as their rate limits allow.
///
/// # Errors
/// If not even the organizations can be listed. An account that goes wrong keeps no other from it.
pub async fn tick(hub: &Hub) -> Result<Ticked, FlowError> {
    let mut ticked = Ticked::default();
    for organization in organizations(hub, Site::PollRead).await? {
        for account in accounts(hub, &organization).await? {
            ticked.accounts += 1;
            if let Err(error) = look::account(hub, &organization, &account, &mut ticked).await {
                tracing::error!(organization = %organization, account = %account, %error, "a look went wrong");
                ticked.errors += 1;
                ticked.failed += 1;
            }
        }
    }
    Ok(ticked)
}

/// The accounts that connections at work share.
async fn accounts(hub: &Hub, organization: &OrganizationId) -> Result<BTreeSet<AccountId>, FlowError> {
    let connections = connections(hub, Site::PollRead, organization).await?;
    Ok(connections
        .iter()
        .filter(|(connection, _)| is_pulled(connection))
        .map(|(it, _)| call::account(it))
        .collect())
}

/// An account's connections at work, with their versions.
async fn active(
    hub: &Hub,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<Vec<(Connection, u64)>, FlowError> {
    let mut connections = connections(hub, Site::PollRead, organization).await?;
    connections.retain(|(connection, _)| is_pulled(connection) && call::account(connection) == *account);
    Ok(connections)
}

fn is_pulled(connection: &Connection) -> bool {
    connection.is_active() && call::channel(connection).is_ok_and(|channel| channel.orders.is_some())
}

/// Every organization.
pub(crate) async fn organizations(hub: &Hub, site: Site) -> Result<Vec<OrganizationId>, FlowError> {
    let routes = lists::all(hub, site, Index::Organizations, |record| match record {
        Record::Route(RouteTarget::Organization(organization)) => Some(organization),
        _ => None,
    });
    Ok(routes.await?.into_iter().map(|(_, organization, _)| organization).collect())
}

/// Every connection of an organization, as it is now, with its version: the list finds, the read by
/// key decides.
pub(crate) async fn connections(
    hub: &Hub,
    site: Site,
    organization: &OrganizationId,
) -> Result<Vec<(Connection, u64)>, FlowError> {
    let listed = lists::all(hub, site, Index::Connections(organization.clone()), only!(Connection)).await?;
    let keys: Vec<Key> = listed.into_iter().map(|(key, _, _)| key).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = hub.get(site, &keys).await?;
    let connection = only!(Connection);
    Ok(found.into_values().filter_map(|stored| Some((connection(stored.record)?, stored.version))).collect())
}
