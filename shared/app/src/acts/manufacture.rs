//! Manufacturing orders: made for a row of a sales order, begun, and done. (SPEC KS-30, KS-32; API
//! "`manufacturing_orders`")

use weir_domain::{
    decide::{Changes, persons},
    ids::{ManufacturingOrderId, OrganizationId, RowId, SalesOrderId},
    manufacturing_order::{ManufacturingChange, ManufacturingOrder, ManufacturingStatus},
};

use crate::{
    hub::Hub,
    import_order::Loaded,
    lists::{self, Part, Window},
    people::{self, Refusal, TRIES, only},
    ports::{Commit, Expect, Index, Key, Record},
};

/// Which manufacturing orders are wanted; what is `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of which sales order.
    pub order: Option<SalesOrderId>,
    /// How far they are.
    pub status: Option<ManufacturingStatus>,
}

/// Manufacturing orders: newest first; of one sales order by id.
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &Filter,
    window: &Window,
) -> Result<Part<ManufacturingOrder>, Refusal> {
    let index = match &filter.order {
        Some(order) => Index::ManufacturingOrdersOf(organization.clone(), order.clone()),
        None => Index::ManufacturingOrders(organization.clone()),
    };
    let take = |record| match record {
        Record::ManufacturingOrder(made) if filter.status.is_none_or(|wanted| wanted == made.status) => {
            Some(made)
        }
        _ => None,
    };
    lists::read_one(hub, index, window, take).await
}

/// A manufacturing order.
///
/// # Errors
/// If there is none of that id.
pub async fn read(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ManufacturingOrderId,
) -> Result<ManufacturingOrder, Refusal> {
    let order = order_of(hub, organization, id).await?;
    let key = Key::ManufacturingOrder(organization.clone(), order, id.clone());
    let found = people::one(hub, key, only!(ManufacturingOrder)).await?;
    found.map(|(made, _)| made).ok_or_else(|| Refusal::not_found("manufacturing order", id))
}

/// The sales order that a manufacturing order was made for.
async fn order_of(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ManufacturingOrderId,
) -> Result<SalesOrderId, Refusal> {
    let key = Key::OrderOf(organization.clone(), id.to_string());
    let found = people::one(hub, key, only!(OrderOf)).await?;
    found.map(|(order, _)| order).ok_or_else(|| Refusal::not_found("manufacturing order", id))
}

/// Makes a manufacturing order for a row. `token` makes its id; done again with the same one it gives what
/// was made.
///
/// # Errors
/// The fields that are wrong; if there is no such order, it is deleted, or the row has one already.
pub async fn create(
    hub: &Hub,
    organization: &OrganizationId,
    token: &str,
    (order, row): (&SalesOrderId, &RowId),
    quantity: i64,
    actor: &str,
) -> Result<ManufacturingOrder, Refusal> {
    let id = ManufacturingOrderId::from_token(token);
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, order).await?;
        if let Some((made, _)) = desk.file.manufacturing_orders.iter().find(|(made, _)| made.id == id) {
            return Ok(made.clone());
        }
        desk.require_there()?;
        let linked = desk.linked();
        if let Some(other) = linked.iter().find(|made| made.row.as_ref() == Some(row)) {
            let message = format!("{} is made for this row already; change that one.", other.id);
            return Err(Refusal::conflict("made_already", message));
        }
        let made = persons::manufacture(&desk.order, row, (id.clone(), quantity), &linked, hub.now())
            .map_err(|error| Refusal::field(&error.path, error.message))?;
        let mut commit = Commit::default();
        let pointer = Key::OrderOf(organization.clone(), id.to_string());
        commit.put(pointer, Record::OrderOf(order.clone()), Expect::Absent);
        let message = format!("A manufacturing order was made: {quantity} × \"{}\".", made.sku);
        let line = super::line(hub, "manufacturing", message, actor);
        let changes = Changes {
            manufacturing_orders: vec![ManufacturingChange::Put(made.clone())],
            ..Changes::default()
        };
        if desk.commit(hub, changes, &Loaded::default(), line, commit).await? {
            return Ok(made);
        }
    }
    Err(Refusal::contended())
}

/// Changes a manufacturing order: its status goes forward, its quantity changes while nothing was done. One
/// that is done books no stock. Done again it changes nothing.
///
/// # Errors
/// If there is none of that id, the quantity is none, or it is too late for the change.
pub async fn change(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ManufacturingOrderId,
    (status, quantity): (Option<ManufacturingStatus>, Option<i64>),
    actor: &str,
) -> Result<ManufacturingOrder, Refusal> {
    if quantity.is_some_and(|quantity| quantity <= 0) {
        return Err(Refusal::field("quantity", "Give the units to be made."));
    }
    let order = order_of(hub, organization, id).await?;
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, &order).await?;
        let found = desk.file.manufacturing_orders.iter().find(|(made, _)| made.id == *id);
        let Some((made, _)) = found else { return Err(Refusal::not_found("manufacturing order", id)) };
        let after = persons::change_manufacturing(made, status, quantity)
            .map_err(|error| Refusal::conflict("manufacturing_begun", error.message))?;
        if after == *made {
            return Ok(after);
        }
        let now = after.status.as_str().replace('_', " ");
        let message = format!("The manufacturing order of {} × \"{}\" is {now}.", after.quantity, after.sku);
        let line = super::line(hub, "manufacturing", message, actor);
        let changes = Changes {
            manufacturing_orders: vec![ManufacturingChange::Put(after.clone())],
            ..Changes::default()
        };
        if desk.commit(hub, changes, &Loaded::default(), line, Commit::default()).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}
