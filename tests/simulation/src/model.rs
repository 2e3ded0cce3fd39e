//! What should have become of everything: it reads Amazon's own truth at the end, knows no history,
//! and says what Weir has otherwise. The rules are those of the product's page, told once more in
//! the simplest way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, MutexGuard},
};

use rust_decimal::Decimal;
use weir_app::ports::{Announcement, Key, Record, Stored};
use weir_domain::{
    ids::{ChannelOrderId, SalesOrderId},
    outcome::{Observation, OutcomeKind, ReasonCode},
    sales_order::{Booking, Flag, OrderStatus, SalesOrder},
    stock::{Cause, Movement},
};
use weir_sandbox::amazon::{Amazon, FulfilledBy, OrderState, Quirk, SoldOn, Status, TruthOrder};

use crate::{
    places::{Place, SELLER_A, SELLER_B},
    script::{ALIASED, MAPPED_LATER, OWN_REQUEST, PLAIN, SERIAL},
    world::{place_of, signal_of},
};

/// What is known at the end.
pub struct Facts<'a> {
    /// Everything that is stored.
    pub records: BTreeMap<Key, Arc<Stored>>,
    /// Amazon's truth.
    pub amazon: MutexGuard<'a, Amazon>,
    /// What each order was like at each time since it shipped.
    pub states: &'a BTreeMap<String, Vec<OrderState>>,
    /// Orders whose deletion was acknowledged.
    pub deleted: &'a BTreeSet<SalesOrderId>,
    /// Every message that was ever sent.
    pub bodies: Vec<String>,
    /// Every event that was announced.
    pub announced: Vec<Announcement>,
}

/// What an order should have become.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// A delivered sales order.
    Imported,
    /// A tombstone.
    Deleted,
    /// No sales order, and this outcome.
    Outcome(OutcomeKind, ReasonCode),
    /// No sales order; it may never have been seen.
    Nothing,
    /// It shipped before its connection looks back to, and was touched after: it may be in or not.
    Either,
}

/// What Weir has otherwise than it should.
#[must_use]
pub fn judge(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expected_orders = BTreeSet::new();
    let truth = [SELLER_A, SELLER_B].map(|seller| facts.amazon.truth(seller));
    for order in truth.into_iter().flatten() {
        let Some((place, key)) = key_of(order) else { continue };
        let expected = expected(facts, order, place, &key);
        if matches!(expected, Expected::Imported | Expected::Deleted | Expected::Either) {
            expected_orders.insert(key.clone());
        }
        if let Err(what) = compare(facts, order, place, &key, &expected) {
            wrong.push(format!("{key} ({expected:?}): {what}"));
        }
    }
    for (key, stored) in &facts.records {
        match (key, &stored.record) {
            (Key::Order(_, id), _) if place_of(id).is_some() && !expected_orders.contains(id) => {
                wrong.push(format!("I1: {id} is there and should not be"));
            }
            (Key::Movement(_, _, _, Cause::Delivery { order, .. }), _)
                if place_of(order).is_some() && !expected_orders.contains(order) =>
            {
                wrong.push(format!("I1: {order} moved stock and should not have"));
            }
            _ => {}
        }
    }
    wrong.extend(unaccounted(facts));
    wrong.extend(unannounced(facts));
    wrong
}

fn key_of(order: &TruthOrder) -> Option<(Place, SalesOrderId)> {
    let marketplace = order.state.spec.marketplace;
    let place = Place::ALL
        .into_iter()
        .find(|place| place.seller() == order.seller_id && place.marketplace().id == marketplace.id)?;
    let id = ChannelOrderId::parse(&order.id).ok()?;
    Some((place, SalesOrderId::for_source(&place.connection(), &id)))
}

/// The rules. (SPEC KF-02, KF-05)
fn expected(facts: &Facts<'_>, order: &TruthOrder, place: Place, key: &SalesOrderId) -> Expected {
    let (state, spec) = (&order.state, &order.state.spec);
    if facts.deleted.contains(key) {
        return Expected::Deleted;
    }
    let quirk = spec.quirks.first();
    let is_listed = matches!(state.status, Status::Shipped | Status::PartiallyShipped)
        && spec.fulfilled_by == FulfilledBy::Amazon;
    if !is_listed {
        return Expected::Nothing;
    }
    if let Some(reach) = reach(facts, order, place) {
        return reach;
    }
    match quirk {
        // It ends before it says who sold it.
        Some(Quirk::Truncated) => return Expected::Outcome(OutcomeKind::Waiting, ReasonCode::UnknownSeller),
        Some(Quirk::ItemsNotAList) => {
            return Expected::Outcome(OutcomeKind::Failed, ReasonCode::MalformedOrder);
        }
        Some(_) | None => {}
    }
    if let SoldOn::NonAmazon { seller_order_id } = &spec.sold_on {
        let is_ours = seller_order_id.as_deref() == Some(OWN_REQUEST);
        let code = if is_ours { ReasonCode::OwnRequest } else { ReasonCode::McfNotOurs };
        return Expected::Outcome(OutcomeKind::Skipped, code);
    }
    match (state.status, quirk) {
        (Status::PartiallyShipped, _) => Expected::Outcome(OutcomeKind::Waiting, ReasonCode::NotShippedYet),
        (_, Some(Quirk::NegativeQuantity)) => {
            Expected::Outcome(OutcomeKind::Failed, ReasonCode::MalformedOrder)
        }
        (_, Some(Quirk::NoSku)) => Expected::Outcome(OutcomeKind::Waiting, ReasonCode::SkuNotMatched),
        (_, _) => Expected::Imported,
    }
}

/// What shipped before the connection's orders begin does not come by itself. (SPEC KF-01)
fn reach(facts: &Facts<'_>, order: &TruthOrder, place: Place) -> Option<Expected> {
    let key = Key::Connection(place.organization(), place.connection());
    let from = match facts.records.get(&key).map(|stored| &stored.record) {
        Some(Record::Connection(connection)) => connection.orders_from?,
        _ => return None,
    };
    let states = facts.states.get(&order.id);
    let first =
        states.and_then(|states| states.first()).map_or(order.state.updated_at, |state| state.updated_at);
    if first >= from {
        None
    } else if order.state.updated_at < from {
        Some(Expected::Nothing)
    } else {
        Some(Expected::Either)
    }
}

fn compare(
    facts: &Facts<'_>,
    truth: &TruthOrder,
    place: Place,
    key: &SalesOrderId,
    expected: &Expected,
) -> Result<(), String> {
    let organization = place.organization();
    let order = match facts
        .records
        .get(&Key::Order(organization.clone(), key.clone()))
        .map(|stored| &stored.record)
    {
        Some(Record::Order(order)) => Some(order),
        _ => None,
    };
    let seen =
        match facts.records.get(&Key::Observation(organization, key.clone())).map(|stored| &stored.record) {
            Some(Record::Observation(observation)) => Some(observation),
            _ => None,
        };
    let outcome = |seen: Option<&Observation>| seen.map(|seen| (seen.outcome.kind, seen.outcome.reason.code));
    let words = || seen.map_or("none", |seen| seen.outcome.reason.message.as_str());
    match expected {
        Expected::Nothing => match order {
            None => Ok(()),
            Some(_) => Err("it became a sales order".to_owned()),
        },
        Expected::Outcome(kind, code) => match (order, outcome(seen)) {
            (None, Some(found)) if found == (*kind, *code) => Ok(()),
            (Some(_), _) => Err("it became a sales order".to_owned()),
            (None, found) => Err(format!("its outcome is {found:?}: {}", words())),
        },
        Expected::Either => match order {
            None => Ok(()),
            Some(_) => compare(facts, truth, place, key, &Expected::Imported),
        },
        Expected::Deleted => match order {
            Some(order) if order.deleted_at.is_some() => match outcome(seen) {
                Some((OutcomeKind::Skipped, ReasonCode::DeletedInWeir)) => Ok(()),
                found => Err(format!("I4: it is deleted, and its outcome is {found:?}: {}", words())),
            },
            Some(_) => Err("I4: it is back".to_owned()),
            None => Err("I4: its tombstone is gone".to_owned()),
        },
        Expected::Imported => {
            let Some(order) = order else {
                return Err(format!("I1: no sales order; its outcome is {:?}: {}", outcome(seen), words()));
            };
            match seen.map(|seen| seen.outcome.kind) {
                Some(OutcomeKind::Imported | OutcomeKind::Updated | OutcomeKind::Unchanged) => {}
                Some(OutcomeKind::Waiting | OutcomeKind::Skipped | OutcomeKind::Failed) | None => {
                    return Err(format!("I3: it is in, and its outcome is {:?}", outcome(seen)));
                }
            }
            delivered(order)?;
            let states = facts.states.get(&truth.id).map_or(&[][..], Vec::as_slice);
            let mut reasons = Vec::new();
            let is_one = states.iter().any(|state| match same(order, state) {
                Ok(()) => true,
                Err(why) => {
                    reasons.push(why);
                    false
                }
            });
            if !is_one {
                return Err(format!("it is like no state it ever had: {}", reasons.join(", or ")));
            }
            moved(facts, order, place)
        }
    }
}

/// One fulfillment of all rows, delivered. (SPEC KF-07, KF-09)
fn delivered(order: &SalesOrder) -> Result<(), String> {
    if order.status != OrderStatus::Delivered
        || order.booking != Booking::Complete
        || order.deleted_at.is_some()
    {
        return Err(format!("I1: it is {:?}, {:?}", order.status, order.booking));
    }
    let [fulfillment] = order.fulfillments.as_slice() else {
        return Err(format!("I1: it has {} fulfillments", order.fulfillments.len()));
    };
    for row in order.rows.iter().filter(|row| row.quantity > 0) {
        let shipped: i64 = fulfillment
            .rows
            .iter()
            .filter(|shipped| shipped.row == row.id)
            .map(|shipped| shipped.quantity)
            .sum();
        if shipped != row.quantity {
            return Err(format!(
                "I1: {} of {} units of {} are in its fulfillment",
                shipped, row.quantity, row.sku
            ));
        }
    }
    Ok(())
}

/// Whether an order is what Amazon had at one time: rows, quantities, and the total to the smallest unit. (I42)
fn same(order: &SalesOrder, state: &OrderState) -> Result<(), String> {
    let mut theirs: Vec<(String, i64)> = state
        .spec
        .lines
        .iter()
        .zip(&state.shipped)
        .map(|(line, shipped)| (meaning(&line.sku).to_owned(), i64::from(*shipped)))
        .collect();
    let mut ours: Vec<(String, i64)> =
        order.rows.iter().map(|row| (row.sku.to_string(), row.quantity)).collect();
    theirs.sort();
    ours.sort();
    if ours != theirs {
        return Err(format!("rows {ours:?} instead of {theirs:?}"));
    }
    let total: Option<Decimal> = state.total();
    let channel_total = order.channel_total.map(|total| total.amount);
    if channel_total != total {
        return Err(format!("the channel's total {channel_total:?} instead of {total:?}"));
    }
    if order.totals().total != total || order.flags.contains(&Flag::TotalDiffers) {
        return Err(format!("I42: the rows make {:?} instead of {total:?}", order.totals().total));
    }
    let told =
        state.spec.lines.iter().filter(|line| line.sku == SERIAL && line.serial_numbers.is_empty()).count();
    if told > 0 && !order.flags.contains(&Flag::MissingTrackingData) {
        return Err("serial numbers are missing and no flag says so".to_owned());
    }
    Ok(())
}

/// The SKU of the variant that a channel's SKU means at the end of the day.
fn meaning(sku: &str) -> &str {
    match sku {
        ALIASED | MAPPED_LATER => PLAIN,
        other => other,
    }
}

/// Each row's movements add up to its quantity, at the connection's location. (SPEC KF-08)
fn moved(facts: &Facts<'_>, order: &SalesOrder, place: Place) -> Result<(), String> {
    let movements: Vec<&Movement> = facts
        .records
        .iter()
        .filter_map(|(key, stored)| match (key, &stored.record) {
            (Key::Movement(_, _, _, Cause::Delivery { order: of, .. }), Record::Movement(movement))
                if *of == order.id =>
            {
                Some(movement)
            }
            _ => None,
        })
        .collect();
    if movements.iter().any(|movement| movement.key.location != place.location()) {
        return Err("I1: it took stock at another location".to_owned());
    }
    for row in &order.rows {
        let of_row = movements.iter().filter(|movement| match &movement.cause {
            Cause::Delivery { row: of, .. } => *of == row.id,
            Cause::Adjustment { .. } | Cause::Return { .. } => false,
        });
        let units: i64 = of_row.map(|movement| movement.quantity).sum();
        if units != -row.quantity {
            return Err(format!("I1: {units} units of {} moved for {}", row.sku, row.quantity));
        }
    }
    Ok(())
}

/// Every signal that was ever sent has its account. (I3)
fn unaccounted(facts: &Facts<'_>) -> Vec<String> {
    let orders: BTreeSet<_> = facts
        .bodies
        .iter()
        .filter_map(|body| signal_of(body))
        .map(|signal| (signal.organization.clone(), signal.order()))
        .collect();
    orders
        .into_iter()
        .filter(|(organization, order)| {
            !facts.records.contains_key(&Key::Observation(organization.clone(), order.clone()))
        })
        .map(|(_, order)| format!("I3: {order} was signalled and has no outcome"))
        .collect()
}

/// Every order that came in was announced, and what was announced twice is the same. (I27)
fn unannounced(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut by_id: BTreeMap<&str, &Announcement> = BTreeMap::new();
    for announcement in &facts.announced {
        let known = by_id.entry(&announcement.id).or_insert(announcement);
        if *known != announcement {
            wrong.push(format!("I27: two events bear the id {}", announcement.id));
        }
    }
    let told: String = by_id
        .values()
        .filter(|announcement| matches!(announcement.name, "OrderImported" | "OrderDelivered"))
        .map(|announcement| announcement.detail.as_str())
        .collect();
    for (key, stored) in &facts.records {
        if let (Key::Order(_, id), Record::Order(order)) = (key, &stored.record)
            && order.booking == Booking::Complete
            && !told.contains(&format!("\"{id}\""))
        {
            wrong.push(format!("I27: {id} came in and was never announced"));
        }
    }
    wrong
}
