//! What happens on an order's way to the buyer: held and released, moved, split, shipped in parts,
//! picked up, taken back.

use jiff::Timestamp;

use super::{
    Now, Shopify,
    changes::{route, whole_seconds},
    payloads::Event,
    truth::{
        FulfillmentOrderStatus, Parcel, TruthFulfillment, TruthFulfillmentLine, TruthFulfillmentOrder,
        TruthFulfillmentOrderLine, TruthHold, TruthOrder,
    },
};

/// What is to be fulfilled of one fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) fulfillment_order: u64,
    /// Its lines' ids and units. None at all means every unit that remains, as at Shopify.
    pub(super) lines: Vec<(u64, i64)>,
}

impl Taken {
    pub(super) const fn whole(fulfillment_order: u64) -> Self {
        Self { fulfillment_order, lines: Vec::new() }
    }
}

impl Shopify {
    /// The merchant ships all that may be shipped, one fulfillment for each fulfillment order. Picking
    /// up is the same.
    pub fn fulfill(&mut self, order: u64, parcel: Option<Parcel>, now: Now) -> bool {
        let at = whole_seconds(now.wall);
        self.change(order, now, |order| {
            let open = order.fulfillment_orders.iter().filter(|part| part.status.may_ship());
            let open: Vec<u64> = open.map(|part| part.id).collect();
            let mut events = Vec::new();
            for id in open {
                let parcels = parcel.iter().cloned().collect();
                let made = ship(order, &[Taken::whole(id)], parcels, at).ok()?;
                events.extend(shipped(order, made));
            }
            (!events.is_empty()).then_some(events)
        })
    }

    /// The merchant ships some units of one line.
    pub fn fulfill_units(
        &mut self,
        order: u64,
        line: usize,
        units: i64,
        parcel: Option<Parcel>,
        now: Now,
    ) -> bool {
        let at = whole_seconds(now.wall);
        self.change(order, now, |order| {
            let open = order.fulfillment_orders.iter().filter(|part| part.status.may_ship());
            let taken = open
                .flat_map(|part| part.lines.iter().map(move |line| (part.id, line)))
                .find(|(_, known)| known.line == line && known.remaining >= units)
                .map(|(part, known)| Taken { fulfillment_order: part, lines: vec![(known.id, units)] })?;
            let made = ship(order, &[taken], parcel.into_iter().collect(), at).ok()?;
            Some(shipped(order, made))
        })
    }

    /// A fulfillment is taken back: what it shipped is to be shipped again.
    pub fn cancel_fulfillment(&mut self, order: u64, fulfillment: u64, now: Now) -> bool {
        self.change(order, now, |order| {
            let is_over = order.cancelled_at.is_some();
            let one = order.fulfillments.iter_mut().find(|one| one.id == fulfillment)?;
            if one.is_cancelled || is_over {
                return None;
            }
            one.is_cancelled = true;
            let lines: Vec<(usize, i64)> = one.lines.iter().map(|line| (line.line, line.quantity)).collect();
            for (line, units) in lines {
                let current = order.lines.get(line).map_or(0, |line| line.current);
                route(order, line, units.min(current));
            }
            Some(vec![Event::Fulfillment("FULFILLMENTS_UPDATE", fulfillment)])
        })
    }

    /// The merchant changes how a fulfillment can be followed.
    pub fn track(&mut self, order: u64, fulfillment: u64, parcels: Vec<Parcel>, now: Now) -> bool {
        self.change(order, now, |order| {
            order.fulfillments.iter_mut().find(|one| one.id == fulfillment)?.tracking = parcels;
            Some(vec![Event::Fulfillment("FULFILLMENTS_UPDATE", fulfillment)])
        })
    }

    /// Holds a fulfillment order, by its place, for a reason that `FulfillmentHoldReason` knows.
    pub fn hold(&mut self, order: u64, part: usize, reason: &str, notes: Option<&str>, now: Now) -> bool {
        let touches = !self.dice.hits(self.faults.quiet_holds);
        self.change_order(order, now, touches, |order| {
            let hold =
                TruthHold { id: order.part_id(), reason: reason.to_owned(), notes: notes.map(str::to_owned) };
            let part = order.fulfillment_orders.get_mut(part)?;
            if !part.status.may_ship() && part.status != FulfillmentOrderStatus::OnHold {
                return None;
            }
            part.holds.push(hold.clone());
            part.settle();
            Some(vec![
                Event::FulfillmentOrder("FULFILLMENT_ORDERS_PLACED_ON_HOLD", part.id),
                Event::Hold("FULFILLMENT_HOLDS_ADDED", part.id, hold),
            ])
        })
    }

    /// Takes every hold off a fulfillment order.
    pub fn release(&mut self, order: u64, part: usize, now: Now) -> bool {
        let touches = !self.dice.hits(self.faults.quiet_holds);
        self.change_order(order, now, touches, |order| {
            let part = order.fulfillment_orders.get_mut(part)?;
            if part.holds.is_empty() {
                return None;
            }
            let holds = std::mem::take(&mut part.holds);
            part.status = FulfillmentOrderStatus::Open;
            part.settle();
            let mut events = vec![Event::FulfillmentOrder("FULFILLMENT_ORDERS_HOLD_RELEASED", part.id)];
            let released = holds.into_iter();
            events.extend(released.map(|hold| Event::Hold("FULFILLMENT_HOLDS_RELEASED", part.id, hold)));
            Some(events)
        })
    }

    /// What remains of a fulfillment order is shipped from another location: it closes, and another one
    /// opens there.
    pub fn move_to(&mut self, order: u64, part: usize, location: usize, now: Now) -> bool {
        self.change(order, now, |order| {
            let (from, to) = divide(order, part, None)?;
            order.fulfillment_orders.last_mut()?.location = location;
            Some(vec![Event::Moved { from, to }])
        })
    }

    /// Some units of a line are shipped apart from the rest.
    pub fn split(&mut self, order: u64, part: usize, line: usize, units: i64, now: Now) -> bool {
        self.change(order, now, |order| {
            let (from, to) = divide(order, part, Some((line, units)))?;
            Some(vec![Event::Split { from, to }])
        })
    }

    /// What two fulfillment orders of one location have left is shipped together: the second one closes.
    pub fn merge(&mut self, order: u64, into: usize, from: usize, now: Now) -> bool {
        self.change(order, now, |order| {
            let taken = order.fulfillment_orders.get(from)?.clone();
            let kept = order.fulfillment_orders.get_mut(into)?;
            let is_alike = kept.location == taken.location && kept.delivery == taken.delivery;
            if into == from || !is_alike || !kept.status.may_ship() || !taken.status.may_ship() {
                return None;
            }
            for line in taken.lines.iter().filter(|line| line.remaining > 0) {
                match kept.lines.iter_mut().find(|known| known.line == line.line) {
                    Some(known) => {
                        known.total += line.remaining;
                        known.remaining += line.remaining;
                    }
                    None => {
                        kept.lines.push(TruthFulfillmentOrderLine { total: line.remaining, ..line.clone() })
                    }
                }
            }
            kept.settle();
            let into = kept.id;
            let closed = order.fulfillment_orders.get_mut(from)?;
            for line in &mut closed.lines {
                line.total -= line.remaining;
                line.remaining = 0;
            }
            closed.lines.retain(|line| line.total > 0);
            closed.settle();
            Some(vec![Event::Merged { into, from: taken.id }])
        })
    }

    /// The time has come of what was to be shipped later.
    pub fn start_scheduled(&mut self, order: u64, now: Now) -> bool {
        self.change(order, now, |order| {
            let mut events = Vec::new();
            for part in order.fulfillment_orders.iter_mut().filter(|part| part.fulfill_at.is_some()) {
                part.fulfill_at = None;
                part.settle();
                events.push(Event::FulfillmentOrder(
                    "FULFILLMENT_ORDERS_SCHEDULED_FULFILLMENT_ORDER_READY",
                    part.id,
                ));
            }
            (!events.is_empty()).then_some(events)
        })
    }
}

/// What is told of a new fulfillment.
pub(super) fn shipped(order: &TruthOrder, made: u64) -> Vec<Event> {
    let whole = if order.fulfillment_status() == "FULFILLED" {
        "ORDERS_FULFILLED"
    } else {
        "ORDERS_PARTIALLY_FULFILLED"
    };
    vec![Event::Fulfillment("FULFILLMENTS_CREATE", made), Event::Order(whole)]
}

/// Ships, and says the fulfillment's id.
///
/// # Errors
/// In Shopify's words, if it is impossible; then nothing has changed but what the caller takes back.
pub(super) fn ship(
    order: &mut TruthOrder,
    parts: &[Taken],
    tracking: Vec<Parcel>,
    at: Timestamp,
) -> Result<u64, &'static str> {
    let (mut lines, mut location) = (Vec::new(), None);
    for taken in parts {
        let Some(part) = order.fulfillment_orders.iter_mut().find(|part| part.id == taken.fulfillment_order)
        else {
            return Err("Fulfillment order does not exist.");
        };
        if *location.get_or_insert(part.location) != part.location {
            return Err("All fulfillment orders must be assigned to the same location.");
        }
        if !part.status.may_ship() {
            return Err("Fulfillment order has an unfulfillable status.");
        }
        let wanted: Vec<(u64, i64)> = if taken.lines.is_empty() {
            part.lines.iter().map(|line| (line.id, line.remaining)).filter(|(_, units)| *units > 0).collect()
        } else {
            taken.lines.clone()
        };
        for (id, units) in wanted {
            let Some(line) = part.lines.iter_mut().find(|line| line.id == id) else {
                return Err("Invalid fulfillment order line item.");
            };
            if units < 1 || units > line.remaining {
                return Err("Invalid fulfillment order line item quantity requested.");
            }
            line.remaining -= units;
            lines.push((id, line.line, units));
        }
        part.settle();
    }
    if lines.is_empty() {
        return Err("There are no line items to fulfill.");
    }
    let lines = lines
        .into_iter()
        .map(|(of, line, quantity)| TruthFulfillmentLine { id: order.part_id(), of, line, quantity })
        .collect();
    let id = order.part_id();
    order.fulfillments.push(TruthFulfillment {
        id,
        is_cancelled: false,
        created_at: at,
        fulfillment_orders: parts.iter().map(|taken| taken.fulfillment_order).collect(),
        location: location.unwrap_or(0),
        tracking,
        lines,
        by_application: false,
        told_buyer: false,
    });
    Ok(id)
}

/// Puts what remains of a fulfillment order, or some units of one line, into another one.
fn divide(order: &mut TruthOrder, part: usize, only: Option<(usize, i64)>) -> Option<(u64, u64)> {
    let known = order.fulfillment_orders.get(part)?.clone();
    if !known.status.may_ship() && known.status != FulfillmentOrderStatus::OnHold {
        return None;
    }
    let mut lines = Vec::new();
    for line in known.lines.iter().filter(|line| line.remaining > 0) {
        let units = match only {
            None => line.remaining,
            Some((place, units)) if place == line.line && (1..=line.remaining).contains(&units) => units,
            Some(_) => continue,
        };
        let id = order.part_id();
        lines.push(TruthFulfillmentOrderLine { id, total: units, remaining: units, ..line.clone() });
    }
    if lines.is_empty() {
        return None;
    }
    let id = order.part_id();
    let old = order.fulfillment_orders.get_mut(part)?;
    for moved in &lines {
        for line in old.lines.iter_mut().filter(|line| line.line == moved.line) {
            line.total -= moved.total;
            line.remaining -= moved.total;
        }
    }
    old.lines.retain(|line| line.total > 0);
    old.settle();
    order.fulfillment_orders.push(TruthFulfillmentOrder { id, lines, ..known.clone() });
    Some((known.id, id))
}
