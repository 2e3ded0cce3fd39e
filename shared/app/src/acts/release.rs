//! A row that is released: what is held for it is free again, and it lies at no place. (SPEC CS-02, CS-03)

use weir_domain::{
    decide::persons,
    ids::{OrganizationId, RowId, SalesOrderId},
    sales_order::SalesOrder,
};

use crate::{
    hub::Hub,
    people::{Refusal, TRIES},
    ports::Commit,
};

/// Frees a row's reservation and clears its place. Done again it changes nothing.
///
/// # Errors
/// If there is no such order or row, the order is deleted, or nothing is held for the row.
pub async fn release(
    hub: &Hub,
    organization: &OrganizationId,
    order: &SalesOrderId,
    row: &RowId,
    actor: &str,
) -> Result<SalesOrder, Refusal> {
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, order).await?;
        let Some(found) = desk.order.rows.iter().find(|found| found.id == *row) else {
            return Err(Refusal::not_found("row", row));
        };
        desk.require_there()?;
        let loaded = desk.stock(hub, desk.places(), &std::collections::BTreeSet::new()).await?;
        let changes = persons::release(&desk.order, row, &loaded.stock)
            .map_err(|error| Refusal::conflict("nothing_held", error.message))?;
        let Some(after) = changes.order.clone() else { return Ok(desk.order) };
        let open = desk.order.open(found);
        let message = format!("Released: {open} × \"{}\"; it lies at no place now.", found.sku);
        let line = super::line(hub, "released", message, actor);
        if desk.commit(hub, changes, &loaded, line, Commit::default()).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}
