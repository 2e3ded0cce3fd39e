//! What should have become of the orders of web shops: it reads the shops' own truth at the end, knows
//! little history, and says what Weir has otherwise. The rules are told once more in the simplest way.

use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard},
};

use rust_decimal::Decimal;
use weir_app::ports::{Key, Record, Stored};
use weir_domain::{
    Timestamp,
    ids::{OrganizationId, SalesOrderId},
    outcome::{Observation, OutcomeKind, ReasonCode},
    sales_order::{Booking, Flag, Fulfillment, FulfillmentBy, Row, SalesOrder},
    stock::{Cause, StockKey},
};
use weir_sandbox::shopify::{FulfillmentOrderStatus, Shopify, TruthFulfillment, TruthOrder};

use super::{acts::ShopAct, people::parcel_of, stores::Store};

/// What is remembered of an order's history.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its store.
    pub store: Store,
    /// Whether it could come in at some time.
    was_importable: bool,
    /// Whether the shop called it off at some time.
    was_called_off: bool,
    /// Whether a fulfillment of it was taken back there.
    was_taken_back: bool,
    /// Whether it has been deleted here.
    is_deleted: bool,
    /// Whether somebody wanted it back since; it may not have worked.
    pub may_be_back: bool,
    was_asked_for: bool,
    was_tracked: bool,
    /// Whether a person did something with it here.
    was_touched: bool,
    /// Whether its buyer's data must be gone.
    pub is_redacted: bool,
}

impl Seen {
    /// Of an order that is placed now.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self {
            store,
            was_importable: false,
            was_called_off: false,
            was_taken_back: false,
            is_deleted: false,
            may_be_back: false,
            was_asked_for: false,
            was_tracked: false,
            was_touched: false,
            is_redacted: false,
        }
    }

    /// Something happened to it; how it is at its shop now, and from when on orders import.
    pub fn note(&mut self, act: &ShopAct, now: Option<&TruthOrder>, from: Option<Timestamp>) {
        match act {
            ShopAct::CancelFulfillment(_) => self.was_taken_back = true,
            ShopAct::Track(_) => self.was_tracked = true,
            ShopAct::Delete(_) => self.is_deleted = true,
            // What is not there yet cannot be asked for.
            ShopAct::Ask(_) => self.was_asked_for |= now.is_some(),
            ShopAct::Deliver(..) | ShopAct::Pack(..) | ShopAct::Invoice(_) => self.was_touched = true,
            _ => {}
        }
        let Some(now) = now else { return };
        self.was_importable |= stands_against(now, from, self.was_asked_for).is_none();
        self.was_called_off |= is_called_off(now);
    }
}

/// Everything that is stored.
pub type Records = BTreeMap<Key, Arc<Stored>>;

/// What is known at the end.
pub struct Facts<'a> {
    /// Everything that is stored.
    pub records: Records,
    /// The shops' truth.
    pub shopify: MutexGuard<'a, Shopify>,
    /// What is remembered of each order.
    pub seen: &'a BTreeMap<u64, Seen>,
    /// Stores whose fulfillments did not go both ways for a while.
    pub without_sync: &'a BTreeMap<Store, Timestamp>,
}

/// What Weir has otherwise than it should.
#[must_use]
pub fn judge(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, seen) in facts.seen {
        let key = seen.store.sales_order(*id);
        if let Err(what) = of_order(facts, *id, seen, &key) {
            wrong.push(format!("{key}: {what}"));
        }
    }
    for (key, stored) in &facts.records {
        if let (Key::Order(_, id), Record::Order(_)) = (key, &stored.record)
            && let Some((_, source)) = id.source()
            && Store::of_order(id).is_some()
            && !facts.seen.keys().any(|known| known.to_string() == source.as_str())
        {
            wrong.push(format!("I1: {id} is there and was never placed"));
        }
    }
    wrong
}

// ------------------------------------------------------------------ one order

fn of_order(facts: &Facts<'_>, id: u64, seen: &Seen, key: &SalesOrderId) -> Result<(), String> {
    let organization = seen.store.organization();
    let truth = facts.shopify.order(id);
    let order = match record(facts, Key::Order(organization.clone(), key.clone())) {
        Some(Record::Order(order)) => Some(order),
        _ => None,
    };
    let account = match record(facts, Key::Observation(organization.clone(), key.clone())) {
        Some(Record::Observation(account)) => Some(account),
        _ => None,
    };
    redacted(facts, id, seen)?;
    let Some(account) = account else {
        // What nobody saw before it was gone was never there.
        return if truth.is_none() && order.is_none() {
            Ok(())
        } else {
            Err("I3: it has no account".to_owned())
        };
    };
    match (order, truth) {
        (None, None) => Ok(()),
        (None, Some(truth)) => stayed_out(facts, seen, truth, account),
        (Some(order), truth) => {
            if !seen.was_importable {
                return Err("I1: it is in and never could come in".to_owned());
            }
            came_in(facts, seen, order, truth, account)
        }
    }
}

fn record<'a>(facts: &'a Facts<'_>, key: Key) -> Option<&'a Record> {
    facts.records.get(&key).map(|stored| &stored.record)
}

/// An order that is not in has the outcome that its state at the shop asks for. (I3, I5)
fn stayed_out(
    facts: &Facts<'_>,
    seen: &Seen,
    truth: &TruthOrder,
    account: &Observation,
) -> Result<(), String> {
    let key = Key::Connection(seen.store.organization(), seen.store.connection());
    let from = match record(facts, key) {
        Some(Record::Connection(connection)) => connection.orders_from,
        _ => None,
    };
    let found = (account.outcome.kind, account.outcome.reason.code);
    match stands_against(truth, from, seen.was_asked_for) {
        Some(expected) if expected == found => Ok(()),
        Some(expected) => Err(format!("I3: its outcome is {found:?} instead of {expected:?}")),
        None => {
            Err(format!("I3: it is not in; its outcome is {found:?}: {}", account.outcome.reason.message))
        }
    }
}

/// Why an order does not import, if anything stands against it. (SPEC KS-01 to KS-06)
fn stands_against(
    order: &TruthOrder,
    from: Option<Timestamp>,
    is_asked_for: bool,
) -> Option<(OutcomeKind, ReasonCode)> {
    use OutcomeKind::{Skipped, Waiting};
    let payment = order.financial_status();
    let lines = || order.lines.iter().enumerate().filter(|(_, line)| !line.is_tip);
    let open: i64 = lines().map(|(place, _)| open(order, place)).sum();
    let standing: i64 = lines().map(|(_, line)| line.current).sum();
    let is_held = order.fulfillment_orders.iter().any(|part| !part.holds.is_empty());
    if order.cancelled_at.is_some() {
        Some((Skipped, ReasonCode::Cancelled))
    } else if payment == "REFUNDED" {
        Some((Skipped, ReasonCode::FullyRefunded))
    } else if payment == "VOIDED" {
        Some((Skipped, ReasonCode::PaymentVoided))
    } else if order.archived_at.is_some() {
        Some((Skipped, ReasonCode::Archived))
    } else if open == 0 && lines().any(|(place, _)| order.shipped(place) > 0) {
        Some((Skipped, ReasonCode::AlreadyFulfilled))
    } else if standing == 0 {
        Some((Skipped, ReasonCode::NothingLeft))
    } else if from.is_some_and(|from| order.created_at < from) && !is_asked_for {
        Some((Skipped, ReasonCode::CreatedBeforeActivation))
    } else if !matches!(payment, "PAID" | "PARTIALLY_REFUNDED") {
        Some((Waiting, ReasonCode::PaymentPending))
    } else if is_held {
        Some((Waiting, ReasonCode::FulfillmentOnHold))
    } else {
        None
    }
}

fn is_called_off(order: &TruthOrder) -> bool {
    order.cancelled_at.is_some() || order.archived_at.is_some() || order.financial_status() == "REFUNDED"
}

/// Units of a line that are still to be shipped.
fn open(order: &TruthOrder, line: usize) -> i64 {
    let is_over = |status: FulfillmentOrderStatus| {
        use FulfillmentOrderStatus::{Cancelled, Closed, Incomplete};
        matches!(status, Closed | Cancelled | Incomplete)
    };
    let live = order.fulfillment_orders.iter().filter(|part| !is_over(part.status));
    live.flat_map(|part| &part.lines)
        .filter(|of_part| of_part.line == line)
        .map(|of_part| of_part.remaining)
        .sum()
}

fn came_in(
    facts: &Facts<'_>,
    seen: &Seen,
    order: &SalesOrder,
    truth: Option<&TruthOrder>,
    account: &Observation,
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
    // Somebody brought back what the shop had called off: it does not follow the shop while that lasts.
    if order.flags.contains(&Flag::BroughtBack) {
        return Ok(());
    }
    if matches!(account.outcome.kind, OutcomeKind::Skipped | OutcomeKind::Failed | OutcomeKind::Waiting) {
        let found = (account.outcome.kind, account.outcome.reason.code);
        return Err(format!("I3: it is in, and its outcome is {found:?}"));
    }
    let Some(truth) = truth else { return Ok(()) };
    let is_untouched = order.fulfillments.is_empty() && !order.has_invoice();
    if is_called_off(truth) && is_untouched && truth.fulfillments.iter().all(|made| made.is_cancelled) {
        return Err("KS-33: it was called off, and is not deleted".to_owned());
    }
    rows(order, truth)?;
    money(order, truth)?;
    fulfillments(facts, seen, order, truth)?;
    pushed(facts, seen, order, truth)
}

/// Open rows are the shop's lines; what was handled whole or invoiced stays as it was. (I5, I6)
fn rows(order: &SalesOrder, truth: &TruthOrder) -> Result<(), String> {
    let lines: Vec<_> = truth.lines.iter().enumerate().filter(|(_, line)| !line.is_tip).collect();
    for (place, line) in &lines {
        let row = row_of(order, line.id);
        let wanted = line.current.max(truth.shipped(*place) + open(truth, *place));
        let Some(row) = row else {
            if wanted > 0 {
                return Err(format!("I5: no row for {wanted} units of line {place}"));
            }
            continue;
        };
        let handled = order.handled(&row.id);
        if row.invoiced || (handled > 0 && handled == row.quantity) {
            continue;
        }
        if row.quantity != wanted.max(handled) {
            return Err(format!(
                "I5: {} units of \"{}\" instead of {wanted}, {handled} of them handled",
                row.quantity, row.sku
            ));
        }
    }
    let is_theirs =
        |row: &Row| lines.iter().any(|(_, line)| row.channel_line_id == Some(line.id.to_string()));
    match order.rows.iter().find(|row| !is_theirs(row)) {
        Some(row) => Err(format!("I5: the row of \"{}\" is of no line", row.sku)),
        None => Ok(()),
    }
}

fn row_of(order: &SalesOrder, line: u64) -> Option<&Row> {
    let line = line.to_string();
    order.rows.iter().find(|row| row.channel_line_id.as_deref() == Some(&line))
}

/// The total to the smallest unit: rows, charges, and what is kept beside. (I42)
fn money(order: &SalesOrder, truth: &TruthOrder) -> Result<(), String> {
    let total = Decimal::new(truth.total(), truth.digits());
    let told = order.channel_total.map(|total| total.amount);
    if told != Some(total) {
        return Err(format!("I42: the shop's total {told:?} instead of {total}"));
    }
    let rebuilt = order.totals().total.map(|sum| sum + order.left_out.values().sum::<Decimal>());
    if rebuilt != Some(total) || order.flags.contains(&Flag::TotalDiffers) {
        return Err(format!("I42: the rows make {rebuilt:?} instead of {total}"));
    }
    Ok(())
}

/// What the shop shipped has left here, whole and once, or it is a fulfillment that could not be matched
/// any more. (I8, I25)
fn fulfillments(
    facts: &Facts<'_>,
    seen: &Seen,
    order: &SalesOrder,
    truth: &TruthOrder,
) -> Result<(), String> {
    let mut of_channel = order.fulfillments.iter().filter(|one| one.by == FulfillmentBy::Channel);
    if let Some(one) = of_channel.find(|one| one.at_channel.is_empty()) {
        return Err(format!("KS-46: {} left as the shop's, which knows nothing of it", one.id));
    }
    for made in truth.fulfillments.iter().filter(|made| !made.is_cancelled) {
        let holders = holders(order, made);
        match holders.as_slice() {
            [] if order.fulfilled_before.contains(&made.id.to_string()) => {}
            [] if made.by_application => {
                return Err(format!("KS-46: {} was pushed, and nobody here knows it", made.id));
            }
            [] if may_be_unmatched(facts, seen, order, truth, made) => {}
            [] => return Err(format!("KS-40: {} was fulfilled there and nothing left here", made.id)),
            [one] => {
                let known: i64 = one
                    .at_channel
                    .iter()
                    .filter(|part| part.id == made.id.to_string())
                    .flat_map(|part| &part.rows)
                    .map(|(_, units)| *units)
                    .sum();
                let units: i64 = made.lines.iter().map(|line| line.quantity).sum();
                // Of what was there before the order was seen, more may have been refunded since.
                if known != units && one.moves_stock {
                    return Err(format!("I8: {known} of the {units} units of {} left", made.id));
                }
            }
            _ => return Err(format!("I25: {} is two fulfillments here", made.id)),
        }
    }
    Ok(())
}

fn holders<'a>(order: &'a SalesOrder, made: &TruthFulfillment) -> Vec<&'a Fulfillment> {
    let id = made.id.to_string();
    order.fulfillments.iter().filter(|one| one.at_channel.iter().any(|part| part.id == id)).collect()
}

/// Whether what was shipped there finds fewer open units here: they had left already, by a person here or
/// with a fulfillment that was taken back there; or fulfillments did not go both ways.
fn may_be_unmatched(
    facts: &Facts<'_>,
    seen: &Seen,
    order: &SalesOrder,
    truth: &TruthOrder,
    made: &TruthFulfillment,
) -> bool {
    let is_short = made.lines.iter().any(|line| {
        let row = truth.lines.get(line.line).and_then(|of_order| row_of(order, of_order.id));
        row.is_none_or(|row| order.open(row) < line.quantity)
    });
    facts.without_sync.contains_key(&seen.store) || is_short
}

/// What was packed or delivered here is at the shop once, with its parcel. (I24, I25, I26)
fn pushed(facts: &Facts<'_>, seen: &Seen, order: &SalesOrder, truth: &TruthOrder) -> Result<(), String> {
    for ours in order.fulfillments.iter().filter(|one| one.by == FulfillmentBy::Weir) {
        for part in &ours.rows {
            let of_shop = ours.at_channel.iter().flat_map(|at| &at.rows).filter(|(row, _)| *row == part.row);
            let heard: i64 = of_shop.map(|(_, units)| *units).sum();
            if heard > part.quantity {
                return Err(format!(
                    "I25: {heard} of {} units of {} are at the shop",
                    part.quantity, ours.id
                ));
            }
            let row = order.rows.iter().find(|row| row.id == part.row);
            let line = row.and_then(|row| {
                truth.lines.iter().position(|line| row.channel_line_id == Some(line.id.to_string()))
            });
            let still_open = line.map_or(0, |line| shippable(truth, line));
            let is_excused = facts.without_sync.contains_key(&seen.store)
                || seen.was_taken_back
                || truth.cancelled_at.is_some();
            if heard < part.quantity && still_open > 0 && !is_excused {
                return Err(format!(
                    "KS-41: {} of {} units of {} never came to the shop, where {still_open} are open",
                    part.quantity - heard,
                    part.quantity,
                    ours.id
                ));
            }
        }
    }
    let by_us = truth.fulfillments.iter().filter(|made| made.by_application);
    for made in by_us.filter(|made| !made.is_cancelled && !seen.was_tracked) {
        let holders = holders(order, made);
        let numbers: Vec<_> = made.tracking.iter().filter_map(|parcel| parcel.number.clone()).collect();
        let expected: Vec<_> = holders.iter().map(|one| parcel_of(&one.id)).collect();
        if numbers != expected {
            return Err(format!("I24: {} bears {numbers:?} instead of {expected:?}", made.id));
        }
    }
    Ok(())
}

/// Units of a line that an application may ship.
fn shippable(truth: &TruthOrder, line: usize) -> i64 {
    let may = truth.fulfillment_orders.iter().filter(|part| {
        use FulfillmentOrderStatus::{InProgress, Open, Scheduled};
        matches!(part.status, Open | InProgress | Scheduled) && part.delivery != "PICK_UP"
    });
    may.flat_map(|part| &part.lines)
        .filter(|of_part| of_part.line == line)
        .map(|of_part| of_part.remaining)
        .sum()
}

// ------------------------------------------------------------------ stock and persons

/// Each row's movements are what left with fulfillments that move stock. (I9, KS-03)
pub(crate) fn moved(records: &Records, order: &SalesOrder) -> Result<(), String> {
    let mut units: BTreeMap<String, i64> = BTreeMap::new();
    for (key, stored) in records {
        if let (Key::Movement(_, _, _, Cause::Delivery { order: of, row, .. }), Record::Movement(movement)) =
            (key, &stored.record)
            && *of == order.id
        {
            *units.entry(row.to_string()).or_default() += movement.quantity;
        }
    }
    for row in order.rows.iter().filter(|row| row.location.is_some()) {
        let with_stock = order.fulfillments.iter().filter(|one| one.moves_stock).flat_map(|one| &one.rows);
        let left: i64 = with_stock.filter(|part| part.row == row.id).map(|part| part.quantity).sum();
        let moved = units.get(&row.id.to_string()).copied().unwrap_or(0);
        if moved != -left {
            return Err(format!("I9: {moved} units of \"{}\" moved for {left}", row.sku));
        }
    }
    Ok(())
}

/// What places hold is what open rows of visible orders want. (I13)
pub(crate) fn held(records: &Records) -> Vec<String> {
    let mut wanted: BTreeMap<(OrganizationId, StockKey), i64> = BTreeMap::new();
    for (key, stored) in records {
        match (key, &stored.record) {
            (Key::Order(organization, _), Record::Order(order)) => {
                for (place, units) in order.reserved() {
                    *wanted.entry((organization.clone(), place)).or_default() += units;
                }
            }
            (Key::Stock(organization, place), Record::Stock(item)) => {
                *wanted.entry((organization.clone(), place.clone())).or_default() -= item.reserved;
            }
            _ => {}
        }
    }
    let wrong = wanted.into_iter().filter(|(_, units)| *units != 0);
    wrong.map(|((_, place), units)| format!("I13: {units} units of {place:?} are not held")).collect()
}

/// Whoever wanted to be forgotten is. A look that was under way may keep the order as it came once more;
/// that copy ends by itself. (I37)
fn redacted(facts: &Facts<'_>, id: u64, seen: &Seen) -> Result<(), String> {
    if !seen.is_redacted {
        return Ok(());
    }
    let number = (id - super::stores::id_of(0)) / (super::stores::id_of(1) - super::stores::id_of(0));
    let email = format!("{number}{}", crate::places::CANARIES[7]);
    let holds = |text: &str| {
        text.match_indices(&email)
            .any(|(at, _)| !text[..at].ends_with(|letter: char| letter.is_ascii_digit()))
    };
    for (key, stored) in &facts.records {
        let is_there = match &stored.record {
            Record::Person(person) => holds(&format!("{person:?}")),
            Record::Customer(customer) => customer.email.as_deref().is_some_and(holds),
            Record::Order(order) => order.id == seen.store.sales_order(id) && holds(&format!("{order:?}")),
            _ => false,
        };
        if is_there {
            return Err(format!("I37: its buyer is still in {key:?}"));
        }
    }
    Ok(())
}
