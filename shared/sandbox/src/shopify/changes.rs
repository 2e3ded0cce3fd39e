//! What happens to orders as a whole: placed, paid, edited, cancelled, archived, deleted. Each change is
//! seen by who looks at the order at once, by the search when it gets to it, and by subscribers as a
//! webhook.

use jiff::{SignedDuration, Timestamp};

use super::{
    Now, Shopify,
    fulfilling::Taken,
    money::{Currencies, spread},
    payloads::Event,
    spec::{Delivery, LineSpec, OrderSpec, PaymentSpec, ProductSpec},
    truth::{
        FulfillmentOrderStatus, PaymentState, Restock, TruthFulfillmentOrder, TruthFulfillmentOrderLine,
        TruthHold, TruthLine, TruthOrder, TruthRefund, TruthRefundLine,
    },
};

/// A change to an order's lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A line, by its place, has that many units from now on. Shipped ones cannot be taken out.
    SetQuantity(usize, i64),
    /// One more line.
    Add(LineSpec),
}

impl Shopify {
    /// Places an order in a shop and says its id. An id that exists already is left as it is; a shop
    /// that does not exist has no orders.
    pub fn place_order(&mut self, shop: &str, spec: OrderSpec, now: Now) -> Option<u64> {
        let known = self.shops.iter().find(|known| known.spec.domain == shop)?;
        let (shop_currency, taxes_included) = (known.spec.currency, known.spec.taxes_included);
        self.made += 1;
        let id = spec.order_id.unwrap_or(6_000_000_000_000 + self.made * 4_096);
        if self.orders.contains_key(&id) {
            return Some(id);
        }
        let at = whole_seconds(now.wall);
        let currencies =
            Currencies { paid: spec.currency.unwrap_or(shop_currency), shop: shop_currency, rate: spec.rate };
        let mut order = TruthOrder {
            id,
            name: spec.name.clone().unwrap_or_else(|| format!("#{}", 1_000 + self.made)),
            shop: shop.to_owned(),
            created_at: at,
            updated_at: at,
            cancelled_at: None,
            archived_at: None,
            is_edited: false,
            payment: PaymentState::Pending,
            paid: 0,
            refunded: 0,
            lines: Vec::new(),
            shipping_refunded: (0, 0),
            fulfillment_orders: Vec::new(),
            fulfillments: Vec::new(),
            refunds: Vec::new(),
            returns: Vec::new(),
            currencies,
            taxes_included,
            parts: 0,
            listed_late: None,
            spec,
        };
        fill(&mut order);
        let mut events = vec![Event::Order("ORDERS_CREATE")];
        if order.financial_status() == "PAID" {
            events.push(Event::Order("ORDERS_PAID"));
        }
        let parts = order.fulfillment_orders.iter();
        events.extend(
            parts.map(|part| Event::FulfillmentOrder("FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE", part.id)),
        );
        if order.spec.delivery == Delivery::Retail {
            let all: Vec<Taken> = order.fulfillment_orders.iter().map(|part| Taken::whole(part.id)).collect();
            for taken in all {
                if let Ok(made) = super::fulfilling::ship(&mut order, &[taken], Vec::new(), at) {
                    events.push(Event::Fulfillment("FULFILLMENTS_CREATE", made));
                }
            }
        }
        order.listed_late = self.lag(None, now);
        self.orders.insert(id, order);
        self.tell(id, None, events, now);
        Some(id)
    }

    /// Pays what is not paid yet.
    pub fn pay(&mut self, order: u64, now: Now) -> bool {
        self.change(order, now, |order| {
            let open = match order.payment {
                PaymentState::Pending | PaymentState::Authorized => true,
                PaymentState::Charged => order.paid < order.total(),
                PaymentState::Voided | PaymentState::Expired => false,
            };
            if !open {
                return None;
            }
            order.payment = PaymentState::Charged;
            order.paid = order.total() + order.refunded;
            Some(vec![Event::Order("ORDERS_PAID")])
        })
    }

    /// The reservation or the time to pay ends: voided by the merchant, or expired by itself.
    pub fn end_payment(&mut self, order: u64, state: PaymentState, now: Now) -> bool {
        self.change(order, now, |order| {
            let open = matches!(order.payment, PaymentState::Pending | PaymentState::Authorized);
            order.payment = state;
            open.then(Vec::new)
        })
    }

    /// Cancels an order: what has not shipped is taken out, and its money given back.
    pub fn cancel(&mut self, order: u64, now: Now) -> bool {
        let at = whole_seconds(now.wall);
        self.change(order, now, |order| {
            if order.cancelled_at.is_some() {
                return None;
            }
            order.cancelled_at = Some(at);
            let lines: Vec<(usize, i64, Restock)> = (0..order.lines.len())
                .map(|line| {
                    let current = order.lines.get(line).map_or(0, |line| line.current);
                    (line, current - order.shipped(line).min(current), Restock::Cancel)
                })
                .filter(|(_, units, _)| *units > 0)
                .collect();
            let nothing_shipped = order.fulfillments.iter().all(|one| one.is_cancelled);
            let shipping = if nothing_shipped { order.shipping_now() } else { (0, 0) };
            let has_paid = order.payment == PaymentState::Charged;
            let refund = take_out(order, &lines, shipping, at)?;
            for part in &mut order.fulfillment_orders {
                if part.status.may_ship() || part.status == FulfillmentOrderStatus::OnHold {
                    part.status = FulfillmentOrderStatus::Cancelled;
                    part.holds.clear();
                    // Also what was to be shipped although its money was given back.
                    part.lines.iter_mut().for_each(|line| line.total -= std::mem::take(&mut line.remaining));
                    part.lines.retain(|line| line.total > 0);
                }
            }
            if has_paid {
                order.refunded = (order.refunded + refund.amount).min(order.paid);
                if nothing_shipped {
                    order.refunded = order.paid;
                }
            } else {
                order.payment = PaymentState::Voided;
            }
            let mut events = vec![Event::Order("ORDERS_CANCELLED"), Event::Refund(refund.id)];
            order.refunds.push(refund);
            let cancelled = order.fulfillment_orders.iter();
            let cancelled = cancelled.filter(|part| part.status == FulfillmentOrderStatus::Cancelled);
            events.extend(
                cancelled.map(|part| Event::FulfillmentOrder("FULFILLMENT_ORDERS_CANCELLED", part.id)),
            );
            Some(events)
        })
    }

    /// Archives an order, or takes it back into the list.
    pub fn archive(&mut self, order: u64, is_archived: bool, now: Now) -> bool {
        let at = whole_seconds(now.wall);
        self.change(order, now, |order| {
            let changes = order.archived_at.is_some() != is_archived;
            order.archived_at = is_archived.then_some(at);
            changes.then(Vec::new)
        })
    }

    /// Deletes an order for good: nobody finds it any more.
    pub fn delete(&mut self, order: u64, now: Now) -> bool {
        if !self.orders.contains_key(&order) {
            return false;
        }
        self.tell(order, None, vec![Event::Deleted], now);
        self.orders.remove(&order).is_some()
    }

    /// Edits an order: all of the edits, or none if one is impossible. What is added is not paid yet.
    pub fn edit(&mut self, order: u64, edits: &[Edit], now: Now) -> bool {
        let at = whole_seconds(now.wall);
        self.change(order, now, |order| {
            if order.cancelled_at.is_some() {
                return None;
            }
            let (mut added, mut removed, mut taken) = (Vec::new(), Vec::new(), Vec::new());
            for edit in edits {
                match edit {
                    Edit::Add(spec) => {
                        let line = add_line(order, spec.clone(), [spec.discount, 0], false);
                        added.push((line, spec.quantity));
                        route(order, line, spec.quantity);
                    }
                    Edit::SetQuantity(line, units) => {
                        let current = order.lines.get(*line)?.current;
                        if *units < order.shipped(*line) {
                            return None;
                        }
                        if *units > current {
                            more(order, *line, units - current);
                            added.push((*line, units - current));
                        } else if *units < current {
                            taken.push((*line, current - units, Restock::Cancel));
                            removed.push((*line, current - units));
                        }
                    }
                }
            }
            if !taken.is_empty() {
                let refund = take_out(order, &taken, (0, 0), at)?;
                // An edit gives no money back by itself.
                order.refunds.push(TruthRefund { amount: 0, ..refund });
            }
            order.is_edited = true;
            Some(vec![Event::Edited { added: ids(order, &added), removed: ids(order, &removed) }])
        })
    }

    /// Shopify forgets who bought it, as it does when it asks applications to. Nobody is told.
    pub fn forget_buyer(&mut self, order: u64, now: Now) -> bool {
        self.change_order(order, now, false, |order| order.spec.buyer.take().map(|_| Vec::new()))
    }

    /// Shopify touches the order: its last change is now, and nothing else changes.
    pub fn touch(&mut self, order: u64, now: Now) -> bool {
        self.change(order, now, |_| Some(Vec::new()))
    }

    /// The search gets to everything that it was late with.
    pub fn catch_up(&mut self) {
        self.orders.values_mut().for_each(|order| order.listed_late = None);
    }

    /// Changes an order, and tells of it. A change that is impossible leaves it as it was.
    pub(super) fn change(
        &mut self,
        order: u64,
        now: Now,
        change: impl FnOnce(&mut TruthOrder) -> Option<Vec<Event>>,
    ) -> bool {
        self.change_order(order, now, true, change)
    }

    /// The same; whether its time changes with it is said.
    pub(super) fn change_order(
        &mut self,
        id: u64,
        now: Now,
        touches: bool,
        change: impl FnOnce(&mut TruthOrder) -> Option<Vec<Event>>,
    ) -> bool {
        let Some(order) = self.orders.get_mut(&id) else { return false };
        let before = order.clone();
        let Some(mut events) = change(order) else {
            *order = before;
            return false;
        };
        if touches {
            // A change is never older than the one before it, whatever the caller's clock says.
            order.updated_at = order.updated_at.max(whole_seconds(now.wall));
            let shown = before.listed_at(now.wall);
            let late = self.lag(shown, now);
            if let Some(order) = self.orders.get_mut(&id) {
                order.listed_late = late;
            }
            events.push(Event::Order("ORDERS_UPDATED"));
        }
        self.tell(id, Some(before), events, now);
        true
    }

    /// Whether the search is late with a change, and what it shows meanwhile.
    fn lag(&mut self, shown: Option<Timestamp>, now: Now) -> Option<(Timestamp, Option<Timestamp>)> {
        if !self.dice.hits(self.faults.list_lag) {
            return None;
        }
        let lag = 1 + self.dice.below(self.faults.list_lag_seconds.into());
        Some((now.wall + SignedDuration::from_secs(i64::try_from(lag).unwrap_or(0)), shown))
    }
}

pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn ids(order: &TruthOrder, lines: &[(usize, i64)]) -> Vec<(u64, i64)> {
    lines.iter().filter_map(|(line, units)| Some((order.lines.get(*line)?.id, *units))).collect()
}

/// The lines, the parts to be shipped and the payment of a new order.
fn fill(order: &mut TruthOrder) {
    let spec = order.spec.clone();
    let weight = |line: &LineSpec| line.unit_price * line.quantity - line.discount;
    let shares = spread(spec.discount, &spec.lines.iter().map(weight).collect::<Vec<i64>>());
    for (line, share) in spec.lines.iter().zip(shares) {
        add_line(order, line.clone(), [line.discount, share], false);
    }
    if spec.tip != 0 {
        let tip = LineSpec {
            title: "Tip".to_owned(),
            requires_shipping: false,
            product: ProductSpec::Custom,
            ..LineSpec::new("", 1, spec.tip)
        };
        add_line(order, tip, [0, 0], true);
    }
    for line in 0..spec.lines.len() {
        let units = order.lines.get(line).map_or(0, |line| line.current);
        route(order, line, units);
    }
    (order.payment, order.paid) = match spec.payment {
        PaymentSpec::Paid => (PaymentState::Charged, order.total()),
        PaymentSpec::Partly(paid) => (PaymentState::Charged, paid),
        PaymentSpec::Pending => (PaymentState::Pending, 0),
        PaymentSpec::Authorized => (PaymentState::Authorized, 0),
    };
}

fn add_line(order: &mut TruthOrder, spec: LineSpec, discounts: [i64; 2], is_tip: bool) -> usize {
    let id = order.part_id();
    let amount = spec.unit_price * spec.quantity - discounts.iter().sum::<i64>();
    let rates = spec.taxes.iter().map(|(_, rate)| *rate);
    let taxes = super::truth::taxes_of(amount, rates, order.taxes_included);
    let gone = (0, vec![0; taxes.len()]);
    let (ordered, current) = (spec.quantity, spec.quantity);
    order.lines.push(TruthLine { id, spec, ordered, current, discounts, taxes, gone, is_tip });
    order.lines.len() - 1
}

/// More units of a line, at its full price.
fn more(order: &mut TruthOrder, line: usize, units: i64) {
    let included = order.taxes_included;
    let Some(known) = order.lines.get_mut(line) else { return };
    let taxes = known.taxes_of(known.spec.unit_price * units, included);
    known.taxes.iter_mut().zip(taxes).for_each(|(tax, more)| *tax += more);
    known.ordered += units;
    known.current += units;
    route(order, line, units);
}

/// Puts units of a line to what is shipped from its location.
pub(super) fn route(order: &mut TruthOrder, line: usize, units: i64) {
    let Some(spec) = order.lines.get(line).map(|line| &line.spec) else { return };
    let (location, delivery) =
        (spec.location, if spec.requires_shipping { order.spec.delivery.word() } else { "NONE" });
    if units == 0 {
        return;
    }
    let fits = |part: &TruthFulfillmentOrder| {
        part.location == location && part.delivery == delivery && part.status.may_ship()
    };
    let known = order.fulfillment_orders.iter().position(fits);
    let place = known.unwrap_or_else(|| {
        let id = order.part_id();
        let fulfill_at = order.spec.fulfill_at;
        let status = match fulfill_at {
            Some(_) => FulfillmentOrderStatus::Scheduled,
            None => FulfillmentOrderStatus::Open,
        };
        let (holds, lines) = (Vec::<TruthHold>::new(), Vec::new());
        order.fulfillment_orders.push(TruthFulfillmentOrder {
            id,
            location,
            delivery,
            status,
            holds,
            fulfill_at,
            lines,
        });
        order.fulfillment_orders.len() - 1
    });
    let id = order.part_id();
    let Some(part) = order.fulfillment_orders.get_mut(place) else { return };
    match part.lines.iter_mut().find(|known| known.line == line) {
        Some(known) => {
            known.total += units;
            known.remaining += units;
        }
        None => part.lines.push(TruthFulfillmentOrderLine { id, line, total: units, remaining: units }),
    }
    part.settle();
}

/// Takes units out of lines with their share of discount and tax; nothing if there are not as many.
/// Gives the refund of them, which is not yet among the order's.
pub(super) fn take_out(
    order: &mut TruthOrder,
    lines: &[(usize, i64, Restock)],
    shipping: (i64, i64),
    at: Timestamp,
) -> Option<TruthRefund> {
    let mut taken = Vec::new();
    for (place, units, restock) in lines {
        let id = order.part_id();
        let line = order.lines.get_mut(*place)?;
        if *units < 1 || *units > line.current {
            return None;
        }
        let share = |left: i64| super::money::part(left, *units, line.current);
        let discount = share(line.discount());
        let left = line.taxes.iter().zip(&line.gone.1).map(|(tax, gone)| tax - gone);
        let taxes: Vec<i64> = left.map(share).collect();
        let (subtotal, tax) = (line.spec.unit_price * units - discount, taxes.iter().sum());
        line.gone.0 += discount;
        line.gone.1.iter_mut().zip(taxes).for_each(|(gone, tax)| *gone += tax);
        line.current -= units;
        let location = (*restock != Restock::Nothing).then_some(line.spec.location);
        taken.push(TruthRefundLine {
            id,
            line: *place,
            quantity: *units,
            restock: *restock,
            location,
            subtotal,
            tax,
        });
        if *restock == Restock::Cancel {
            unroute(order, *place, *units)?;
        }
    }
    order.shipping_refunded.0 += shipping.0;
    order.shipping_refunded.1 += shipping.1;
    let goods: i64 = taken.iter().map(|line| line.subtotal + order.on_top(line.tax)).sum();
    Some(TruthRefund {
        id: order.part_id(),
        created_at: at,
        return_id: None,
        lines: taken,
        shipping,
        correction: 0,
        amount: goods + shipping.0 + order.on_top(shipping.1),
    })
}

/// Takes units that were not shipped out of what is to be shipped. A tip is in none of it.
fn unroute(order: &mut TruthOrder, line: usize, units: i64) -> Option<()> {
    if order.lines.get(line).is_some_and(|line| line.is_tip) {
        return Some(());
    }
    let mut left = units;
    for part in &mut order.fulfillment_orders {
        let is_live = part.status.may_ship() || part.status == FulfillmentOrderStatus::OnHold;
        for known in part.lines.iter_mut().filter(|known| is_live && known.line == line) {
            let here = known.remaining.min(left);
            known.remaining -= here;
            known.total -= here;
            left -= here;
        }
        part.lines.retain(|known| known.total > 0);
        if is_live && part.lines.is_empty() {
            part.status = FulfillmentOrderStatus::Cancelled;
            part.holds.clear();
        }
        part.settle();
    }
    (left == 0).then_some(())
}
