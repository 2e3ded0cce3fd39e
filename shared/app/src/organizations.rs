//! Organizations: made, read, changed. Everything else belongs to exactly one.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use weir_channels::channel::Secret;
use weir_domain::{
    event::Effect,
    ids::OrganizationId,
    money::Currency,
    organization::{Organization, TimeZoneName},
    outcome::ReasonCode,
};

use crate::{
    access,
    gate::Site,
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES},
    ports::{
        Commit, Expect, Index, Key, Record,
        ledger::{Route, RouteTarget, Scope},
    },
};

/// Days to delivery of a new organization: what Katana begins with, too.
pub const DEFAULT_DELIVERY_DAYS: u16 = 14;

/// The token of the first organization's id: two starts at the same time meet at one key.
const FIRST: &str = "first";

/// What an organization is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOrganization {
    /// How people call it.
    pub name: String,
    /// The currency of its books.
    pub base_currency: Currency,
    /// Its time zone.
    pub time_zone: TimeZoneName,
    /// Days from an order's creation to its delivery date.
    pub default_delivery_days: u16,
}

impl NewOrganization {
    /// The first one of a deployment, until a person says how it is called and keeps its books.
    #[must_use]
    pub fn first() -> Self {
        Self {
            name: "My organization".to_owned(),
            base_currency: Currency::USD,
            time_zone: TimeZoneName::utc(),
            default_delivery_days: DEFAULT_DELIVERY_DAYS,
        }
    }
}

/// Makes an organization, and lets in a token with all rights in it. `token` makes its id; done
/// again with the same one it gives what was made.
///
/// # Errors
/// If the administrator's token will not do or is in use.
pub async fn create(
    hub: &Hub,
    token: &str,
    new: NewOrganization,
    admin_token: &Secret,
) -> Result<Organization, Refusal> {
    if let Some(flaw) = access::flaw(admin_token.expose()) {
        return Err(Refusal::field("admin_token", flaw));
    }
    let organization = organization(hub, OrganizationId::from_token(token), new);
    let (route, access) = access::grant(&organization.id, admin_token, "token:admin", Scope::Admin);
    let mut commit = creation(&organization);
    commit.put(route, access, Expect::Absent);
    if people::commit(hub, &commit).await? {
        return Ok(organization);
    }
    match people::organization(hub, &organization.id).await {
        Ok((made, _)) => Ok(made),
        Err(Refusal::NotFound(_)) => {
            Err(Refusal::field("admin_token", "This token is in use. Make up another one."))
        }
        Err(other) => Err(other),
    }
}

fn organization(hub: &Hub, id: OrganizationId, new: NewOrganization) -> Organization {
    Organization {
        id,
        name: new.name,
        base_currency: new.base_currency,
        time_zone: new.time_zone,
        default_delivery_days: new.default_delivery_days,
        inventory_lock_date: None,
        exchange_rates: BTreeMap::new(),
        created_at: hub.now(),
    }
}

fn creation(organization: &Organization) -> Commit {
    let id = &organization.id;
    let mut commit = Commit::default();
    commit.put(Key::Organization(id.clone()), Record::Organization(organization.clone()), Expect::Absent);
    let route = Record::Route(RouteTarget::Organization(id.clone()));
    commit.put(Key::Route(Route::Organization(id.clone())), route, Expect::Absent);
    commit
}

/// What the first start or deploy does: makes the first organization if there is none, and lets the
/// deployment's token in. Done at every start it changes nothing.
///
/// # Errors
/// If the token will not do, is another organization's, or the store has trouble.
pub async fn first_start(hub: &Hub, new: NewOrganization, token: &Secret) -> Result<OrganizationId, Refusal> {
    if let Some(flaw) = access::flaw(token.expose()) {
        return Err(Refusal::field("token", flaw));
    }
    let first = organization(hub, OrganizationId::from_token(FIRST), new);
    let id = first.id.clone();
    if people::one(hub, Key::Organization(id.clone()), people::only!(Organization)).await?.is_none() {
        let is_made = people::commit(hub, &creation(&first)).await?;
        if !is_made {
            people::organization(hub, &id).await?;
        }
    }
    let known = access::by_token(hub, token.expose()).await?;
    if known.as_ref().is_some_and(|known| known.organization != id) {
        return Err(Refusal::field("token", "This token is another organization's."));
    }
    if known.is_none_or(|known| !known.is_deployment_admin()) {
        let (route, access) = access::grant(&id, token, access::DEPLOYMENT, Scope::Admin);
        let mut commit = Commit::default();
        commit.put(route, access, Expect::Anything);
        hub.commit(Site::PersonWrite, &commit).await?;
    }
    Ok(id)
}

/// An organization.
///
/// # Errors
/// If there is none of that id.
pub async fn read(hub: &Hub, id: &OrganizationId) -> Result<Organization, Refusal> {
    Ok(people::organization(hub, id).await?.0)
}

/// All organizations, for the administrator of the deployment.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(hub: &Hub, window: &Window) -> Result<Part<Organization>, Refusal> {
    let routes = lists::read_one(hub, Index::Organizations, window, |record| match record {
        Record::Route(RouteTarget::Organization(id)) => Some(id),
        _ => None,
    })
    .await?;
    let keys: Vec<Key> = routes.data.iter().cloned().map(Key::Organization).collect();
    let found = people::several(hub, &keys, people::only!(Organization)).await?;
    Ok(Part { data: found.into_iter().map(|(_, organization, _)| organization).collect(), next: routes.next })
}

/// What changes of an organization; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrganizationPatch {
    /// How people call it.
    pub name: Option<String>,
    /// The currency of its books.
    pub base_currency: Option<Currency>,
    /// Its time zone.
    pub time_zone: Option<TimeZoneName>,
    /// Days from an order's creation to its delivery date.
    pub default_delivery_days: Option<u16>,
    /// The lock date; `Some(None)` takes it away.
    pub inventory_lock_date: Option<Option<Date>>,
    /// Base money for one unit of a currency; replaces the whole table.
    pub exchange_rates: Option<BTreeMap<Currency, Decimal>>,
}

/// Changes an organization. A lock date or time zone that moves lets what waits for it go on.
/// (SPEC G-04, G-09)
///
/// # Errors
/// If there is none of that id, or others change it at the same time again and again.
pub async fn change(
    hub: &Hub,
    id: &OrganizationId,
    patch: &OrganizationPatch,
) -> Result<Organization, Refusal> {
    for _ in 0..TRIES {
        let (before, version) = people::organization(hub, id).await?;
        let after = patched(before.clone(), patch);
        if after == before {
            return Ok(before);
        }
        let mut commit = Commit::default();
        commit.put(
            Key::Organization(id.clone()),
            Record::Organization(after.clone()),
            Expect::Version(version),
        );
        let period_moved =
            (after.inventory_lock_date, &after.time_zone) != (before.inventory_lock_date, &before.time_zone);
        if period_moved {
            let effect = Effect::RecheckWaiting { connection: None, code: Some(ReasonCode::PeriodLocked) };
            people::send(hub, id, id.as_str(), &[effect], &mut commit);
        }
        if people::commit(hub, &commit).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}

fn patched(mut organization: Organization, patch: &OrganizationPatch) -> Organization {
    if let Some(name) = &patch.name {
        organization.name.clone_from(name);
    }
    if let Some(currency) = patch.base_currency {
        organization.base_currency = currency;
    }
    if let Some(zone) = &patch.time_zone {
        organization.time_zone = zone.clone();
    }
    if let Some(days) = patch.default_delivery_days {
        organization.default_delivery_days = days;
    }
    if let Some(date) = patch.inventory_lock_date {
        organization.inventory_lock_date = date;
    }
    if let Some(rates) = &patch.exchange_rates {
        organization.exchange_rates.clone_from(rates);
    }
    organization
}
