//! What people do to an order. Each act reads the order with all that hangs on it, decides by the rules,
//! and commits once; if anything has changed since, it reads and decides again. (SPEC G-02, G-05, OP-09)

pub mod fulfill;
pub mod invoice;
pub mod release;
pub mod remove;
pub mod change;
pub mod manufacture;
pub mod receive;

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::{
    connection::Connection,
    decide::Changes,
    history::HistoryEntry,
    ids::{OrganizationId, SalesOrderId, SignalId, VariantId},
    manufacturing_order::{ManufacturingChange, ManufacturingOrder},
    organization::Organization,
    outcome::Because,
    sales_order::{Booking, FulfillmentRow, SalesOrder},
    stock::StockKey,
    variant::{Sku, Tracking, VariantKind},
};

use crate::{
    gate::Site,
    hub::Hub,
    import_order::{self, Loaded},
    message::{Signal, SignalCause},
    people::{self, Refusal, only},
    ports::{Commit, Expect, Key, OrderFile, Record, Write},
    timeline,
};

/// Writes that one commit of an act holds besides its stock; more of them are stored before it.
const PARTS_AT_ONCE: usize = 80;

/// Rows that a line of the timeline names; of more it gives the number.
const ROWS_NAMED: usize = 5;

/// What an act reads.
pub(crate) struct Desk {
    /// The merchant.
    pub(crate) organization: Organization,
    organization_version: u64,
    /// The order: all of it is booked. It may be a deleted one.
    pub(crate) order: SalesOrder,
    version: u64,
    /// All that hangs on it.
    pub(crate) file: OrderFile,
}

/// Reads an order for an act. A plan that was left in the middle is carried out first.
///
/// # Errors
/// If there is no such order, or its stock is being booked just now.
pub(crate) async fn read(
    hub: &Hub,
    organization: &OrganizationId,
    id: &SalesOrderId,
) -> Result<Desk, Refusal> {
    let (merchant, organization_version) = people::organization(hub, organization).await?;
    let mut file = hub.read_order(Site::PersonRead, organization, id).await?;
    if let Some((order, _)) = file.order.as_ref().filter(|(order, _)| order.booking != Booking::Complete) {
        carry_out(hub, organization, order).await?;
        file = hub.read_order(Site::PersonRead, organization, id).await?;
    }
    let (order, version) = file.order.clone().ok_or_else(|| Refusal::not_found("sales order", id))?;
    if order.booking != Booking::Complete {
        let message = "It is a big order whose stock is being booked just now. Try again in a moment.";
        return Err(Refusal::conflict("being_booked", message));
    }
    Ok(Desk { organization: merchant, organization_version, order, version, file })
}

/// Carries out a big order's plan; one that is left in the middle the sweeper finds.
async fn carry_out(hub: &Hub, organization: &OrganizationId, order: &SalesOrder) -> Result<(), Refusal> {
    let Some(source) = &order.source else { return Ok(()) };
    let signal = Signal {
        id: SignalId::from_token(&hub.ids.token()),
        organization: organization.clone(),
        connection: source.connection.clone(),
        channel_order_id: source.channel_order_id.clone(),
        snapshot_at: order.channel_updated_at,
        cause: SignalCause::Manual,
        requested_by: None,
        at: hub.now(),
    };
    Ok(import_order::carry_out(hub, &signal).await?)
}

impl Desk {
    /// Refuses what is not done to a deleted order.
    pub(crate) fn require_there(&self) -> Result<(), Refusal> {
        if self.order.deleted_at.is_some() {
            return Err(Refusal::conflict("order_deleted", "The order was deleted. Restore it first."));
        }
        Ok(())
    }

    /// The manufacturing orders that are linked to its rows.
    pub(crate) fn linked(&self) -> Vec<ManufacturingOrder> {
        let linked = self.file.manufacturing_orders.iter().filter(|(made, _)| made.row.is_some());
        linked.map(|(made, _)| made.clone()).collect()
    }

    /// The connection that the order came from.
    pub(crate) async fn connection(&self, hub: &Hub) -> Result<Option<Connection>, Refusal> {
        let Some(source) = &self.order.source else { return Ok(None) };
        let key = Key::Connection(self.organization.id.clone(), source.connection.clone());
        Ok(people::one(hub, key, only!(Connection)).await?.map(|(connection, _)| connection))
    }

    /// The stock at these places, and the units of these serial numbers.
    pub(crate) async fn stock(
        &self,
        hub: &Hub,
        places: BTreeSet<StockKey>,
        numbers: &BTreeSet<(VariantId, String)>,
    ) -> Result<Loaded, Refusal> {
        let mut loaded = Loaded::default();
        let organization = &self.organization.id;
        import_order::read_stock(hub, Site::PersonRead, organization, places, numbers, &mut loaded).await?;
        Ok(loaded)
    }

    /// Where the rows of the order lie: what an act may hold there, or free.
    pub(crate) fn places(&self) -> BTreeSet<StockKey> {
        let place = |row: &weir_domain::sales_order::Row| {
            Some(StockKey { location: row.location.clone()?, variant: row.variant.clone() })
        };
        self.order.rows.iter().filter_map(place).collect()
    }

    /// Commits what was decided, with the line of the timeline and what `commit` holds already. `false`:
    /// something else was written in the meantime, and it has to be read and decided again. A plan that was
    /// stored is carried out.
    pub(crate) async fn commit(
        &self,
        hub: &Hub,
        changes: Changes,
        loaded: &Loaded,
        line: HistoryEntry,
        mut commit: Commit,
    ) -> Result<bool, Refusal> {
        let (organization, id) = (&self.organization.id, &self.order.id);
        let after = changes.order.clone().unwrap_or_else(|| self.order.clone());
        let plans = after.booking != Booking::Complete;
        if plans && after.source.is_none() {
            let message = "It touches more than can be booked at once. Do it in several parts.";
            return Err(Refusal::conflict("too_large", message));
        }
        let mut parts = self.parts(&changes);
        while parts.len() > PARTS_AT_ONCE {
            // A manufacturing order that follows a little early follows all the same.
            let mut before = Commit { writes: parts.split_off(parts.len() - PARTS_AT_ONCE) };
            before.check(Key::Order(organization.clone(), id.clone()), Expect::Version(self.version));
            if !people::commit(hub, &before).await? {
                return Ok(false);
            }
        }
        commit.writes.extend(parts);
        // Also an order that stays as it is gets a new version: two acts at once are done one by one.
        let key = Key::Order(organization.clone(), id.clone());
        commit.put(key, Record::Order(after.clone()), Expect::Version(self.version));
        let (items, serials, movements) = (changes.items.values(), &changes.serials, &changes.movements);
        import_order::write_stock(organization, items, serials, movements, loaded, &mut commit);
        if plans || !movements.is_empty() || after.deleted_at != self.order.deleted_at {
            // The lock date does not move in between. (SPEC G-09)
            let key = Key::Organization(organization.clone());
            commit.check(key, Expect::Version(self.organization_version));
        }
        people::send(hub, organization, id.as_str(), &changes.effects, &mut commit);
        self.write_line(line, &mut commit);
        if !people::commit(hub, &commit).await? {
            return Ok(false);
        }
        if plans {
            carry_out(hub, organization, &after).await?;
        }
        Ok(true)
    }

    /// The line of an order without an account bears the version that the order gets.
    fn write_line(&self, line: HistoryEntry, commit: &mut Commit) {
        let (organization, id) = (&self.organization.id, &self.order.id);
        if self.file.observation.is_some() {
            timeline::add(organization, id, &self.file, [line], commit);
        } else {
            let key = Key::History(organization.clone(), id.clone(), self.version + 1, 0);
            commit.put(key, Record::History(line), Expect::Absent);
        }
    }

    /// Writes of the manufacturing and return orders that change.
    fn parts(&self, changes: &Changes) -> Vec<Write> {
        let (organization, id) = (&self.organization.id, &self.order.id);
        let mut commit = Commit::default();
        for change in &changes.manufacturing_orders {
            let known = self.file.manufacturing_orders.iter().find(|(made, _)| made.id == *change.id());
            let expect = known.map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
            let key = Key::ManufacturingOrder(organization.clone(), id.clone(), change.id().clone());
            match change {
                ManufacturingChange::Put(made) => {
                    commit.put(key, Record::ManufacturingOrder(made.clone()), expect);
                }
                ManufacturingChange::Delete(_) => commit.delete(key, expect),
            }
        }
        for after in &changes.returns {
            let known = self.file.returns.iter().find(|(known, _)| known.id == after.id);
            let expect = known.map_or(Expect::Absent, |(_, version)| Expect::Version(*version));
            let key = Key::SalesReturn(organization.clone(), id.clone(), after.id.clone());
            commit.put(key, Record::SalesReturn(after.clone()), expect);
        }
        commit.writes
    }
}

/// What is known of some variants, by their ids.
#[derive(Default)]
pub(crate) struct Kinds {
    /// What is recorded of each.
    pub(crate) tracking: BTreeMap<VariantId, Tracking>,
    /// Which are services.
    pub(crate) services: BTreeSet<VariantId>,
}

/// Reads what is known of variants, whatever their SKUs are now.
pub(crate) async fn kinds(
    hub: &Hub,
    organization: &OrganizationId,
    variants: &BTreeSet<VariantId>,
) -> Result<Kinds, Refusal> {
    let pointers: Vec<Key> =
        variants.iter().map(|id| Key::VariantSku(organization.clone(), id.clone())).collect();
    let skus: Vec<(Key, Sku, u64)> = people::several(hub, &pointers, only!(VariantSku)).await?;
    let keys: Vec<Key> =
        skus.into_iter().map(|(_, sku, _)| Key::Variant(organization.clone(), sku)).collect();
    let mut kinds = Kinds::default();
    for (_, variant, _) in people::several(hub, &keys, only!(Variant)).await? {
        if variant.kind == VariantKind::Service {
            kinds.services.insert(variant.id.clone());
        }
        kinds.tracking.insert(variant.id, variant.tracking);
    }
    Ok(kinds)
}

/// A line of the timeline.
pub(crate) fn line(hub: &Hub, what: &str, message: impl Into<String>, actor: &str) -> HistoryEntry {
    HistoryEntry {
        at: hub.now(),
        what: what.to_owned(),
        message: message.into(),
        because: Vec::new(),
        actor: actor.to_owned(),
        signal: None,
    }
}

/// What an act flagged the order with.
pub(crate) fn flagged(before: &SalesOrder, after: &SalesOrder) -> Vec<Because> {
    let new = after.flags.difference(&before.flags);
    new.map(|flag| Because::new(flag.as_str(), flag.sentence())).collect()
}

/// Units of rows in a few words: `2 × "MUG-1", 1 × "CUP"`.
pub(crate) fn units(order: &SalesOrder, parts: &[FulfillmentRow]) -> String {
    if parts.len() > ROWS_NAMED {
        let units: i64 = parts.iter().map(|part| part.quantity).sum();
        return format!("{units} units of {} rows", parts.len());
    }
    let sku = |part: &FulfillmentRow| order.rows.iter().find(|row| row.id == part.row).map(|row| &row.sku);
    let named = parts.iter().filter_map(|part| Some(format!("{} × \"{}\"", part.quantity, sku(part)?)));
    named.collect::<Vec<_>>().join(", ")
}
