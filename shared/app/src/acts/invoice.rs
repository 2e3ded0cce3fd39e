//! An invoice: its rows never change from then on, whatever the channel says. (SPEC KS-35)

use std::collections::BTreeSet;

use weir_domain::{
    decide::{Changes, persons},
    event::{DomainEvent, Effect},
    ids::{OrganizationId, RowId, SalesOrderId},
    sales_order::SalesOrder,
};

use crate::{
    adjust_stock::wrong_fields,
    hub::Hub,
    import_order::Loaded,
    people::{Refusal, TRIES},
    ports::Commit,
};

/// Marks rows as invoiced; all of them, if none is named. Done again it changes nothing.
///
/// # Errors
/// If there is no such order or row, or the order is deleted.
pub async fn invoice(
    hub: &Hub,
    organization: &OrganizationId,
    order: &SalesOrderId,
    rows: &BTreeSet<RowId>,
    actor: &str,
) -> Result<SalesOrder, Refusal> {
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, order).await?;
        desk.require_there()?;
        let after = persons::invoice(&desk.order, rows).map_err(|error| wrong_fields(vec![error]))?;
        if after == desk.order {
            return Ok(after);
        }
        let new =
            after.rows.iter().zip(&desk.order.rows).filter(|(now, before)| now.invoiced && !before.invoiced);
        let skus: Vec<String> = new.map(|(row, _)| format!("\"{}\"", row.sku)).collect();
        let message = match skus.len() {
            many if many > super::ROWS_NAMED || many == after.rows.len() => format!("Invoiced: {many} rows."),
            _ => format!("Invoiced: {}.", skus.join(", ")),
        };
        let event = DomainEvent::OrderChanged { order: after.id.clone(), order_no: after.order_no.clone() };
        let changes = Changes {
            order: Some(after.clone()),
            effects: vec![Effect::Announce(event)],
            ..Changes::default()
        };
        let line = super::line(hub, "invoiced", message, actor);
        if desk.commit(hub, changes, &Loaded::default(), line, Commit::default()).await? {
            return Ok(after);
        }
    }
    Err(Refusal::contended())
}
