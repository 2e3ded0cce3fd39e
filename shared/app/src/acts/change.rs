//! What a person changes of an order before anything of it has shipped: where it goes, and the buyer's
//! reference. The channel never changes these again. (SPEC KS-36; API "sales_orders")

use weir_domain::{
    Timestamp,
    customer::{Address, Person},
    decide::Changes,
    event::{DomainEvent, Effect},
    ids::{OrganizationId, SalesOrderId},
    sales_order::SalesOrder,
};

use super::Desk;
use crate::{
    hub::Hub,
    import_order::Loaded,
    people::{Refusal, TRIES},
    ports::{Commit, Expect, Key, Record, ledger::PersonRecord},
};

/// What changes; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderPatch {
    /// The buyer's own reference.
    pub customer_ref: Option<Option<String>>,
    /// Ship to.
    pub shipping_address: Option<Option<Address>>,
}

/// Changes an order. Done again it changes nothing.
///
/// # Errors
/// If there is none of that id, it is deleted, or something of it was packed or delivered.
pub async fn change(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesOrderId,
    patch: &OrderPatch,
    actor: &str,
) -> Result<(), Refusal> {
    for _ in 0..TRIES {
        let desk = super::read(hub, organization, id).await?;
        desk.require_there()?;
        if !desk.order.fulfillments.is_empty() {
            let message = "Something of it was packed or delivered; where it goes does not change any more.";
            return Err(Refusal::conflict("already_shipped", message));
        }
        let mut changed = Vec::new();
        let mut after: SalesOrder = desk.order.clone();
        if let Some(reference) = &patch.customer_ref
            && after.customer_ref != *reference
        {
            after.customer_ref.clone_from(reference);
            changed.push("the buyer's reference");
        }
        let mut commit = Commit::default();
        if let Some(address) = &patch.shipping_address
            && write_address(&desk, address.as_ref(), &mut commit)
        {
            changed.push("the shipping address");
        }
        if changed.is_empty() {
            return Ok(());
        }
        let message = format!("Changed in Weir: {}.", changed.join(" and "));
        let event = DomainEvent::OrderChanged { order: after.id.clone(), order_no: after.order_no.clone() };
        let changes =
            Changes { order: Some(after), effects: vec![Effect::Announce(event)], ..Changes::default() };
        let line = super::line(hub, "changed", message, actor);
        if desk.commit(hub, changes, &Loaded::default(), line, commit).await? {
            return Ok(());
        }
    }
    Err(Refusal::contended())
}

/// Writes the address, which lives apart from the order's figures; `false` if it is that already. (SPEC OP-05)
fn write_address(desk: &Desk, address: Option<&Address>, commit: &mut Commit) -> bool {
    let known = desk.file.person.as_ref();
    let before = known.map(|(record, _)| record.person.clone()).unwrap_or_default();
    if before.shipping.as_ref() == address {
        return false;
    }
    // The merchant's own buyer: until the shop has it erased.
    let expires_at = known.map_or(Timestamp::MAX, |(record, _)| record.expires_at);
    let record = PersonRecord { person: Person { shipping: address.cloned(), ..before }, expires_at };
    let expect = known.map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
    let key = Key::Person(desk.organization.id.clone(), desk.order.id.clone());
    commit.put(key, Record::Person(record), expect);
    true
}
