//! The decision on one order that a channel showed: pure, and explained.

pub mod fba;
pub mod merchant;
pub mod unread;
pub mod fulfill;
pub mod push;
pub mod persons;
pub mod booking;
pub mod adjust;
pub mod requests;

mod verdict;
mod pricing;
mod serials;
mod words;

pub use serials::is_valid as is_serial_number;
pub use words::counted;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    channel_order::ChannelOrder,
    connection::Connection,
    customer::Customer,
    event::{DomainEvent, Effect},
    history::HistoryEntry,
    ids::ConnectionId,
    manufacturing_order::{ManufacturingChange, ManufacturingOrder},
    organization::Organization,
    outcome::{Because, Observation, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::SalesOrder,
    sales_return::SalesReturn,
    stock::{Movement, SerialNumber, Stock, StockItem, StockKey},
    variant::{Sku, Variant},
};

/// What is known when an order is decided upon. All of it was read with consistent reads, and the
/// commit checks that none of it has changed since.
#[derive(Clone, Debug)]
pub struct State<'a> {
    /// The merchant.
    pub organization: &'a Organization,
    /// The connection that showed the order.
    pub connection: &'a Connection,
    /// The sales order of this source, also a deleted one or one half booked.
    pub order: Option<&'a SalesOrder>,
    /// The account of this order so far.
    pub observation: Option<&'a Observation>,
    /// The variant of each channel SKU that matched, aliases applied (see [`match_skus`]; where the
    /// merchant ships [`merchant::wanted_skus`]).
    pub variants: &'a BTreeMap<String, Variant>,
    /// The stock of those variants at the connection's location (where the merchant ships at the places
    /// of [`merchant::stock_keys`]).
    pub stock: &'a Stock,
    /// Whether the order's request number is one that Weir gave out. (SPEC KF-02)
    pub is_own_request: bool,
    /// Whether the signal came from a person who asked for this very order. (SPEC KS-04)
    pub is_asked_for: bool,
    /// The manufacturing orders that are linked to the order's rows. (SPEC KS-30)
    pub manufacturing_orders: &'a [ManufacturingOrder],
    /// The return orders of the order. (SPEC KS-16)
    pub returns: &'a [SalesReturn],
    /// The customers of the buyer's name. (SPEC KS-21)
    pub customers: &'a [Customer],
}

/// What is decided: what became of the order, why, and what changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What became of it.
    pub outcome: Outcome,
    /// What that rests on; the timeline and the pages show it.
    pub because: Vec<Because>,
    /// The business date, when it shipped; kept in the observation.
    pub shipped_at: Option<Timestamp>,
    /// Whether a person ever asked for it by its number; kept in the observation. (SPEC KS-04)
    pub is_asked_for: bool,
    /// What changes; nothing, for most outcomes.
    pub changes: Changes,
}

/// What a decision changes, besides the observation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The order as it will be.
    pub order: Option<SalesOrder>,
    /// Stock movements, in the order of the rows.
    pub movements: Vec<Movement>,
    /// Stock items as they will be.
    pub items: BTreeMap<StockKey, StockItem>,
    /// Serial numbers as they will be.
    pub serials: Vec<SerialNumber>,
    /// Products that are made because nobody had that SKU. They may be stored before the order is: one
    /// that is there too early harms nobody. (SPEC KS-22)
    pub variants: Vec<Variant>,
    /// The customer that is made for the buyer. (SPEC KS-21)
    pub customer: Option<Customer>,
    /// Manufacturing orders of rows that changed. (SPEC KS-30, KS-32)
    pub manufacturing_orders: Vec<ManufacturingChange>,
    /// Return orders as they will be. (SPEC KS-16)
    pub returns: Vec<SalesReturn>,
    /// Lines for the timeline, besides the outcome's own.
    pub history: Vec<HistoryEntry>,
    /// What is sent.
    pub effects: Vec<Effect>,
}

impl Changes {
    /// How many items of the store a commit of these changes touches, besides the order's own.
    #[must_use]
    pub fn touched(&self) -> usize {
        let of_stock = self.movements.len() + self.items.len() + self.serials.len();
        of_stock + self.manufacturing_orders.len() + self.returns.len()
    }
}

/// Which set of rules an order of a channel falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleSet {
    /// The channel sells and ships by itself; Weir books what left. (SPEC §2)
    ShippedByChannel,
    /// The channel is a shop and the merchant ships; Weir follows the order through its life. (SPEC §3, §4)
    ShippedByMerchant,
}

/// Decides upon one order.
#[must_use]
pub fn decide(rules: RuleSet, state: &State<'_>, order: &ChannelOrder, now: Timestamp) -> Decision {
    match rules {
        RuleSet::ShippedByChannel => fba::decide(state, order, now),
        RuleSet::ShippedByMerchant => merchant::decide(state, order, now),
    }
}

/// The world is told once of each new reason for which an order did not import.
fn announce(
    connection: &ConnectionId,
    order_no: &str,
    observation: Option<&Observation>,
    outcome: &Outcome,
) -> Option<Effect> {
    match outcome.kind {
        OutcomeKind::Imported | OutcomeKind::Updated | OutcomeKind::Unchanged => return None,
        OutcomeKind::Waiting | OutcomeKind::Skipped | OutcomeKind::Failed => {}
    }
    let before = observation.map(|observation| &observation.outcome);
    let (kind, code) = (outcome.kind, outcome.reason.code);
    if before.is_some_and(|before| (before.kind, before.reason.code) == (kind, code)) {
        return None;
    }
    let (connection, order_no) = (connection.clone(), order_no.to_owned());
    Some(Effect::Announce(DomainEvent::OrderNotImported { connection, order_no, kind, code }))
}

/// Why a change with this business time may not move stock: it lies in the locked period. (SPEC G-09)
#[must_use]
pub fn period_locked(organization: &Organization, at: Timestamp) -> Option<Reason> {
    let lock = organization.inventory_lock_date.filter(|_| organization.is_locked(at))?;
    let (day, zone) = (organization.business_day(at), organization.time_zone.as_str());
    let message = format!("Its business day is {day} ({zone}), and the inventory is locked up to {lock}.");
    Some(Reason::new(ReasonCode::PeriodLocked, message))
}

/// The SKUs under which the catalogue is asked for an order's lines: with aliasing the alias's, and
/// a SKU without an alias as it is; without aliasing the SKU as it is. (SPEC KF-05)
///
/// The answer maps each channel SKU to the SKU of the variant to look for. A text that cannot be a
/// SKU at all is left out, and so matches nothing.
#[must_use]
pub fn match_skus(
    connection: &Connection,
    aliases: &BTreeMap<Sku, Sku>,
    order: &ChannelOrder,
) -> BTreeMap<String, Sku> {
    let mut wanted = BTreeMap::new();
    for text in order.lines.iter().filter_map(|line| line.sku.as_ref()) {
        let Ok(sku) = Sku::parse(text) else { continue };
        let variant_sku = match aliases.get(&sku) {
            Some(alias) if connection.settings.sku_aliasing => alias.clone(),
            Some(_) | None => sku,
        };
        wanted.insert(text.clone(), variant_sku);
    }
    wanted
}
