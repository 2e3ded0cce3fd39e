//! What should have become of the orders of outlets: it reads the stores' own truth at the end, knows
//! little history, and says what Weir has otherwise. The rules are told once more in the simplest way.

use std::{collections::BTreeMap, sync::MutexGuard};

use rust_decimal::Decimal;
use weir_app::ports::{Key, Record};
use weir_domain::{
    Timestamp,
    outcome::{Observation, OutcomeKind, ReasonCode},
    sales_order::{Booking, Flag, FulfillmentBy, OrderStatus, Row, SalesOrder},
};
use weir_sandbox::bigcommerce::{BigCommerce, ProductKind, TruthLine, TruthOrder, status};

use super::{acts::OutletAct, outlets::Outlet};
use crate::shop::{
    acts::Deed,
    model::{Records, moved},
};

/// Statuses that a first activation looks for.
const LOOKED_FOR: [i64; 8] = [
    status::AWAITING_FULFILLMENT,
    status::AWAITING_SHIPMENT,
    status::AWAITING_PICKUP,
    status::PARTIALLY_SHIPPED,
    status::PARTIALLY_REFUNDED,
    status::AWAITING_PAYMENT,
    status::MANUAL_VERIFICATION,
    status::DISPUTED,
];

/// What is remembered of an order's history.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its outlet.
    pub outlet: Outlet,
    /// Its number there.
    pub id: u64,
    /// When something happened to it in its store for the last time.
    pub changed_at: Timestamp,
    /// When Weir completed it, since its merchant did something with it.
    pub put_at: Option<Timestamp>,
    /// Whether Weir ever completed it.
    pub was_put: bool,
    /// Whether somebody wanted it back since it was deleted; it may not have worked.
    pub may_be_back: bool,
    was_importable: bool,
    was_called_off: bool,
    /// Whether its merchant completed it.
    was_completed: bool,
    /// Whether it could not be completed at some time.
    was_unfit: bool,
    was_edited: bool,
    is_deleted: bool,
}

impl Seen {
    /// Of an order that is placed now.
    #[must_use]
    pub const fn new(outlet: Outlet, id: u64, now: Timestamp) -> Self {
        Self {
            outlet,
            id,
            changed_at: now,
            put_at: None,
            was_put: false,
            may_be_back: false,
            was_importable: false,
            was_called_off: false,
            was_completed: false,
            was_unfit: false,
            was_edited: false,
            is_deleted: false,
        }
    }

    /// Something happened to it; how it is in its store now.
    pub fn note(&mut self, act: &OutletAct, truth: &TruthOrder, now: Timestamp) {
        match act {
            OutletAct::Order(_, deed) => {
                self.is_deleted |= matches!(deed, Deed::Delete);
                return;
            }
            OutletAct::Status(_, status::COMPLETED) => self.was_completed = true,
            OutletAct::SetQuantity(..) | OutletAct::AddLine(..) => self.was_edited = true,
            _ => {}
        }
        (self.changed_at, self.put_at) = (now, None);
        self.was_importable |= stands_against(truth).is_none();
        self.was_called_off |= is_called_off(truth);
        self.was_unfit |= is_unfit(truth.status) || truth.is_archived;
    }
}

/// Whether a status is one in which an order is not completed from here.
#[must_use]
pub const fn is_unfit(status: i64) -> bool {
    matches!(status, status::CANCELLED | status::DECLINED | status::DISPUTED | status::REFUNDED)
}

/// Units of a line that stand.
#[must_use]
pub fn standing(line: &TruthLine) -> i64 {
    (line.spec.quantity - line.refunded).max(0)
}

/// What is known at the end.
pub struct Facts<'a> {
    /// Everything that is stored.
    pub records: Records,
    /// The stores' truth.
    pub stores: MutexGuard<'a, BigCommerce>,
    /// What is remembered of each order, by its number in the script.
    pub seen: &'a BTreeMap<usize, Seen>,
    /// Outlets that did not tell each other for a while.
    pub without_sync: &'a BTreeMap<Outlet, Timestamp>,
}

/// What Weir has otherwise than it should.
#[must_use]
pub fn judge(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for seen in facts.seen.values() {
        let Some(truth) = facts.stores.order(seen.outlet.word(), seen.id) else { continue };
        if let Err(what) = of_order(facts, seen, truth) {
            wrong.push(format!("{}: {what}", seen.outlet.sales_order(seen.id)));
        }
    }
    for (key, stored) in &facts.records {
        if let (Key::Order(_, id), Record::Order(_)) = (key, &stored.record)
            && Outlet::of_order(id).is_some()
            && !facts.seen.values().any(|seen| seen.outlet.sales_order(seen.id) == *id)
        {
            wrong.push(format!("I1: {id} is there and was never placed"));
        }
    }
    wrong
}

fn record<'a>(facts: &'a Facts<'_>, key: &Key) -> Option<&'a Record> {
    facts.records.get(key).map(|stored| &stored.record)
}

fn of_order(facts: &Facts<'_>, seen: &Seen, truth: &TruthOrder) -> Result<(), String> {
    let (organization, id) = (seen.outlet.organization(), seen.outlet.sales_order(seen.id));
    let account = match record(facts, &Key::Observation(organization.clone(), id.clone())) {
        Some(Record::Observation(account)) => Some(account),
        _ => None,
    };
    match record(facts, &Key::Order(organization, id)) {
        Some(Record::Order(_)) if !seen.was_importable => {
            Err("I1: it is in and never could come in".to_owned())
        }
        Some(Record::Order(order)) => came_in(facts, seen, order, truth, account),
        _ => stayed_out(facts, seen, truth, account),
    }
}

/// An order that is not in has the outcome that its state in the store asks for. (I3, I5)
fn stayed_out(
    facts: &Facts<'_>,
    seen: &Seen,
    truth: &TruthOrder,
    account: Option<&Observation>,
) -> Result<(), String> {
    // No search lists it, and its delivery may be lost.
    if truth.is_archived {
        return Ok(());
    }
    let expected = stands_against(truth);
    let Some(account) = account else {
        let key = Key::Connection(seen.outlet.organization(), seen.outlet.connection());
        let began = match record(facts, &key) {
            Some(Record::Connection(connection)) => connection.first_activated_at,
            _ => None,
        };
        // What was done before Weir came is not gone through. (SPEC KB-01)
        let was_before = began.is_none_or(|began| truth.modified_at < began);
        return match was_before && !LOOKED_FOR.contains(&truth.status) {
            true => Ok(()),
            false => Err("I3: it has no account".to_owned()),
        };
    };
    let found = (account.outcome.kind, account.outcome.reason.code);
    match expected {
        Some(expected) if expected == found => Ok(()),
        Some(expected) => Err(format!("I3: its outcome is {found:?} instead of {expected:?}")),
        None => {
            Err(format!("I3: it is not in; its outcome is {found:?}: {}", account.outcome.reason.message))
        }
    }
}

/// Why an order does not import, if anything stands against it. (SPEC KB-02, KB-03, KB-06)
fn stands_against(order: &TruthOrder) -> Option<(OutcomeKind, ReasonCode)> {
    use OutcomeKind::{Skipped, Waiting};
    let by_status = match order.status {
        status::CANCELLED => Some((Skipped, ReasonCode::Cancelled)),
        status::INCOMPLETE => Some((Skipped, ReasonCode::IncompleteCheckout)),
        status::PENDING => Some((Skipped, ReasonCode::PendingCheckout)),
        status::DECLINED => Some((Skipped, ReasonCode::Declined)),
        status::MANUAL_VERIFICATION => Some((Waiting, ReasonCode::ManualVerification)),
        status::DISPUTED => Some((Waiting, ReasonCode::Disputed)),
        status::REFUNDED => Some((Skipped, ReasonCode::FullyRefunded)),
        _ => None,
    };
    let stand: i64 = order.lines.iter().map(standing).sum();
    let has_left = all_left(order);
    let open: i64 = if has_left { 0 } else { order.lines.iter().map(TruthLine::open).sum() };
    let left = order.lines.iter().any(|line| line.shipped > 0 || (has_left && standing(line) > 0));
    let is_typed_in =
        order.lines.iter().any(|line| line.spec.kind == ProductKind::Custom && standing(line) > 0);
    by_status.or(if order.is_archived {
        Some((Skipped, ReasonCode::Archived))
    } else if open == 0 && left {
        Some((Skipped, ReasonCode::AlreadyFulfilled))
    } else if stand == 0 {
        Some((Skipped, ReasonCode::NothingLeft))
    } else if order.status == status::AWAITING_PAYMENT {
        Some((Waiting, ReasonCode::PaymentPending))
    } else if is_typed_in {
        Some((Waiting, ReasonCode::CustomItem))
    } else {
        None
    })
}

/// Whether every unit left, as far as the store says.
fn all_left(order: &TruthOrder) -> bool {
    let is_refunded = matches!(order.status, status::REFUNDED | status::PARTIALLY_REFUNDED);
    matches!(order.status, status::SHIPPED | status::COMPLETED) || (is_refunded && order.shipped_at.is_some())
}

fn is_called_off(order: &TruthOrder) -> bool {
    matches!(order.status, status::CANCELLED | status::REFUNDED | status::DECLINED) || order.is_archived
}

fn came_in(
    facts: &Facts<'_>,
    seen: &Seen,
    order: &SalesOrder,
    truth: &TruthOrder,
    account: Option<&Observation>,
) -> Result<(), String> {
    if order.booking != Booking::Complete {
        return Err(format!("it is {:?}", order.booking));
    }
    moved(&facts.records, order)?;
    if order.deleted_at.is_some() {
        return match seen.is_deleted || seen.was_called_off {
            true => Ok(()),
            false => Err("I4: it is deleted, and nobody called it off".to_owned()),
        };
    }
    if seen.is_deleted && !seen.may_be_back {
        return Err("I4: it was deleted and is back".to_owned());
    }
    if order.flags.contains(&Flag::BroughtBack) || truth.is_archived {
        return Ok(());
    }
    let found = account.map(|account| (account.outcome.kind, account.outcome.reason.code));
    if !matches!(found, Some((OutcomeKind::Imported | OutcomeKind::Updated | OutcomeKind::Unchanged, _))) {
        return Err(format!("I3: it is in, and its outcome is {found:?}"));
    }
    if is_called_off(truth) && order.fulfillments.is_empty() && !order.has_invoice() {
        return Err("KS-33: it was called off, and is not deleted".to_owned());
    }
    rows(order, truth)?;
    one_variant(facts, seen, order)?;
    money(order, truth)?;
    completed_there(facts, seen, order, truth)?;
    completed_here(facts, seen, order, truth)
}

fn row_of(order: &SalesOrder, line: u64) -> Option<&Row> {
    let line = line.to_string();
    order.rows.iter().find(|row| row.channel_line_id.as_deref() == Some(&line))
}

/// Open rows are the store's lines; what was handled whole or invoiced stays as it was. (I5, I6)
fn rows(order: &SalesOrder, truth: &TruthOrder) -> Result<(), String> {
    for (place, line) in truth.lines.iter().enumerate() {
        let wanted = standing(line);
        let Some(row) = row_of(order, line.id) else {
            if wanted > 0 {
                return Err(format!("I5: no row for {wanted} units of line {place}"));
            }
            continue;
        };
        let handled = order.handled(&row.id);
        let is_whole = handled > 0 && handled == row.quantity;
        if !row.invoiced && !is_whole && row.quantity != wanted.max(handled) {
            return Err(format!(
                "I5: {} units of \"{}\" instead of {wanted}, {handled} of them handled",
                row.quantity, row.sku
            ));
        }
    }
    let is_theirs =
        |row: &Row| truth.lines.iter().any(|line| row.channel_line_id == Some(line.id.to_string()));
    let is_kept = |row: &Row| row.invoiced || order.handled(&row.id) > 0;
    match order.rows.iter().find(|row| !is_theirs(row) && !is_kept(row)) {
        Some(row) => Err(format!("I5: the row of \"{}\" is of no line", row.sku)),
        None => Ok(()),
    }
}

/// Whatever outlet sells it, a SKU is one variant. (SPEC KB-20)
fn one_variant(facts: &Facts<'_>, seen: &Seen, order: &SalesOrder) -> Result<(), String> {
    for row in &order.rows {
        match record(facts, &Key::Variant(seen.outlet.organization(), row.sku.clone())) {
            Some(Record::Variant(variant)) if variant.id == row.variant => {}
            _ => return Err(format!("KB-20: \"{}\" is not the catalogue's variant", row.sku)),
        }
    }
    Ok(())
}

/// The total to the smallest unit: rows, charges, and what is kept beside. (I42)
fn money(order: &SalesOrder, truth: &TruthOrder) -> Result<(), String> {
    let total = Decimal::new(truth.total(), 2);
    let told = order.channel_total.map(|total| total.amount);
    if told != Some(total) {
        return Err(format!("I42: the store's total {told:?} instead of {total}"));
    }
    let rebuilt = order.totals().total.map(|sum| sum + order.left_out.values().sum::<Decimal>());
    if rebuilt != Some(total) || order.flags.contains(&Flag::TotalDiffers) {
        return Err(format!("I42: the rows make {rebuilt:?} instead of {total}"));
    }
    Ok(())
}

/// What the store completed has left here, and what it did not complete has not left as the store's.
/// (SPEC KB-11, KS-46)
fn completed_there(
    facts: &Facts<'_>,
    seen: &Seen,
    order: &SalesOrder,
    truth: &TruthOrder,
) -> Result<(), String> {
    let is_of_store = |made: &&weir_domain::sales_order::Fulfillment| {
        made.by == FulfillmentBy::Channel
            && made.at_channel.iter().any(|part| part.id.starts_with("completed"))
    };
    let was_completed = seen.was_completed || (seen.was_put && seen.was_edited);
    if let Some(made) = order.fulfillments.iter().find(is_of_store).filter(|_| !was_completed) {
        return Err(format!("KB-11: {} left, and the store never completed it", made.id));
    }
    let has_open = order.rows.iter().any(|row| row.channel_line_id.is_some() && order.open(row) > 0);
    let is_synced = !facts.without_sync.contains_key(&seen.outlet);
    if truth.status == status::COMPLETED && has_open && is_synced {
        return Err("KB-11: the store completed it, and some of it is open".to_owned());
    }
    Ok(())
}

/// What was delivered here is completed in the store. (SPEC KB-10)
fn completed_here(
    facts: &Facts<'_>,
    seen: &Seen,
    order: &SalesOrder,
    truth: &TruthOrder,
) -> Result<(), String> {
    let is_ours = order.fulfillments.iter().any(|made| made.by == FulfillmentBy::Weir);
    let is_delivered =
        |line: &TruthLine| row_of(order, line.id).map_or(0, |row| row.delivered_quantity) >= standing(line);
    let is_to_be = is_ours && order.status == OrderStatus::Delivered && truth.lines.iter().all(is_delivered);
    let is_excused = seen.was_unfit || facts.without_sync.contains_key(&seen.outlet);
    let is_done = seen.was_put || seen.was_completed || truth.status == status::COMPLETED;
    if is_to_be && !is_excused && !is_done {
        return Err("KB-10: it was delivered here, and never completed there".to_owned());
    }
    Ok(())
}
