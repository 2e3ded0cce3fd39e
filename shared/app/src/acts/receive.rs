//! Return orders: what comes back, and its receipt, which puts the goods into stock again, once. (SPEC
//! KS-16, G-09; API "`sales_returns`")

use std::collections::BTreeSet;

use weir_domain::{
    decide::{self, persons},
    ids::{LocationId, OrganizationId, SalesOrderId, SalesReturnId},
    outcome::ReasonCode,
    sales_return::{ReturnStatus, SalesReturn},
    stock::StockKey,
};

use super::Desk;
use crate::{
    hub::Hub,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Index, Key, Record},
};

/// Which return orders are wanted; what is `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of which sales order.
    pub order: Option<SalesOrderId>,
    /// How far they are.
    pub status: Option<ReturnStatus>,
}

/// Return orders: newest first; of one sales order by id.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &Filter,
    window: &Window,
) -> Result<Part<SalesReturn>, Refusal> {
    let index = match &filter.order {
        Some(order) => Index::SalesReturnsOf(organization.clone(), order.clone()),
        None => Index::SalesReturns(organization.clone()),
    };
    let take = |record| match record {
        Record::SalesReturn(known) if filter.status.is_none_or(|wanted| wanted == known.status) => {
            Some(known)
        }
        _ => None,
    };
    lists::read_one(hub, index, window, take).await
}

/// A return order.
///
/// # Errors
/// If there is none of that id.
pub async fn read(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesReturnId,
) -> Result<SalesReturn, Refusal> {
    let order = order_of(hub, organization, id).await?;
    let key = Key::SalesReturn(organization.clone(), order, id.clone());
    let found = people::one(hub, key, only!(SalesReturn)).await?;
    found.map(|(known, _)| known).ok_or_else(|| Refusal::not_found("sales return", id))
}

async fn order_of(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesReturnId,
) -> Result<SalesOrderId, Refusal> {
    let key = Key::OrderOf(organization.clone(), id.to_string());
    let found = people::one(hub, key, only!(OrderOf)).await?;
    found.map(|(order, _)| order).ok_or_else(|| Refusal::not_found("sales return", id))
}

/// The goods of a return order are here, and in stock again at `location`; if none is given, where the
/// order's rows left from. Done again it changes nothing.
///
/// # Errors
/// If there is none of that id or no such place, the channel called it off, or today lies in the locked
/// period.
pub async fn receive(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesReturnId,
    location: Option<&LocationId>,
    actor: &str,
) -> Result<SalesReturn, Refusal> {
    let order = order_of(hub, organization, id).await?;
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, &order).await?;
        let found = desk.file.returns.iter().find(|(known, _)| known.id == *id);
        let Some((known, _)) = found else { return Err(Refusal::not_found("sales return", id)) };
        match known.status {
            ReturnStatus::Open => {}
            ReturnStatus::Received => return Ok(known.clone()),
            ReturnStatus::Cancelled => {
                let message = "The channel called the return off. Book goods that came all the same with a \
                               stock adjustment.";
                return Err(Refusal::conflict("return_cancelled", message));
            }
        }
        let now = hub.now();
        if let Some(locked) = decide::period_locked(&desk.organization, now) {
            return Err(Refusal::conflict(ReasonCode::PeriodLocked.as_str(), locked.message));
        }
        let location = place(hub, &desk, known, location).await?;
        let variants = known.rows.iter().map(|row| row.variant.clone()).collect();
        let kinds = super::kinds(hub, organization, &variants).await?;
        let key = |variant| StockKey { location: location.clone(), variant };
        let loaded = desk.stock(hub, variants.into_iter().map(key).collect(), &BTreeSet::new()).await?;
        let kinds = (&kinds.tracking, &kinds.services);
        let changes = persons::receive(known, (&location, now), &desk.organization, &loaded.stock, kinds)
            .map_err(|error| Refusal::conflict("return_not_open", error.message))?;
        let after = changes.returns.first().cloned();
        let units: i64 = changes.movements.iter().map(|movement| movement.quantity).sum();
        let message =
            format!("Return {} was received; in stock again: {}.", known.number, decide::counted(units));
        let line = super::line(hub, "return_received", message, actor);
        if desk.commit(hub, changes, &loaded, line, Commit::default()).await?
            && let Some(after) = after
        {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}

/// Where the goods come to.
async fn place(
    hub: &Hub,
    desk: &Desk,
    known: &SalesReturn,
    given: Option<&LocationId>,
) -> Result<LocationId, Refusal> {
    if let Some(given) = given {
        let key = Key::Location(desk.organization.id.clone(), given.clone());
        return match people::one(hub, key, only!(Location)).await? {
            Some(_) => Ok(given.clone()),
            None => Err(Refusal::field("location_id", format!("There is no location {given}."))),
        };
    }
    let left = |id| desk.order.rows.iter().find(|row| row.id == id).and_then(|row| row.location.clone());
    if let Some(location) = known.rows.iter().find_map(|row| left(row.row.clone())) {
        return Ok(location);
    }
    let connection = desk.connection(hub).await?;
    let default = connection.and_then(|connection| connection.default_location);
    default.ok_or_else(|| Refusal::field("location_id", "Give the place where the goods are."))
}
