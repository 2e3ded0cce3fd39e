//! One order while it is decided upon: what it becomes, what is said about it, and what leaves with it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::variants::Shelf;
use crate::{
    channel_order::ChannelOrder,
    customer::Customer,
    decide::{
        Changes, State,
        booking::{self, Booked, Way},
        verdict::{Stop, Verdict},
        words,
    },
    event::{DomainEvent, Effect},
    ids::VariantId,
    limits::ITEMS_IN_ONE_CHUNK,
    manufacturing_order::ManufacturingChange,
    outcome::{Because, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::{Booking, OrderStatus, SalesOrder, StockStep},
    sales_return::SalesReturn,
    stock::StockKey,
    variant::{Tracking, Variant},
};

/// The order on the desk.
pub(super) struct Desk<'a> {
    pub(super) state: &'a State<'a>,
    pub(super) order: &'a ChannelOrder,
    pub(super) now: Timestamp,
    /// The order as it will be.
    pub(super) plan: SalesOrder,
    /// Products that are found or made.
    pub(super) shelf: Shelf<'a>,
    /// Units that leave, in their order.
    pub(super) leaves: Vec<StockStep>,
    pub(super) manufacturing: Vec<ManufacturingChange>,
    pub(super) returns: Vec<SalesReturn>,
    pub(super) customer: Option<Customer>,
    /// What changes, in a few words each.
    pub(super) said: Vec<(ReasonCode, String)>,
    /// What is not applied, and under which rule.
    pub(super) refused: Vec<(ReasonCode, String)>,
    /// What cannot be applied now and waits.
    pub(super) waits: Option<Reason>,
    pub(super) because: Vec<Because>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        state: &'a State<'a>,
        order: &'a ChannelOrder,
        plan: SalesOrder,
        now: Timestamp,
    ) -> Self {
        Self {
            state,
            order,
            now,
            plan,
            shelf: Shelf::new(state, &order.channel_order_id, now),
            leaves: Vec::new(),
            manufacturing: Vec::new(),
            returns: Vec::new(),
            customer: None,
            said: Vec::new(),
            refused: Vec::new(),
            waits: None,
            because: Vec::new(),
        }
    }

    pub(super) fn say(&mut self, code: ReasonCode, message: String) {
        self.because.push(Because::new("changed", message.clone()));
        self.said.push((code, message));
    }

    pub(super) fn refuse(&mut self, code: ReasonCode, message: String) {
        self.because.push(Because::new("refused", message.clone()));
        self.refused.push((code, message));
    }

    /// Closes the file of an order that comes in.
    pub(super) fn close_import(self) -> Verdict {
        let code = ReasonCode::OpenOrder;
        let outcome = Outcome { kind: OutcomeKind::Imported, reason: Reason::plain(code) };
        self.close(outcome, None)
    }

    /// Closes the file of an order that is in.
    pub(super) fn close_update(self, known: &SalesOrder) -> Verdict {
        let outcome = self.outcome();
        self.close(outcome, Some(known))
    }

    /// What became of an order that is in.
    fn outcome(&self) -> Outcome {
        let listed = |lines: &[(ReasonCode, String)]| {
            words::list(&lines.iter().map(|(_, message)| message.clone()).collect::<Vec<_>>())
        };
        let mut sentences = Vec::new();
        if !self.said.is_empty() {
            sentences.push(format!("Changed with the channel: {}.", listed(&self.said)));
        }
        if !self.refused.is_empty() {
            sentences.push(format!("Not applied: {}.", listed(&self.refused)));
        }
        if let Some(reason) = &self.waits {
            sentences.insert(0, reason.message.clone());
            let reason = Reason { message: sentences.join(" "), ..reason.clone() };
            return Outcome { kind: OutcomeKind::Waiting, reason };
        }
        if !self.said.is_empty() {
            // The rules that are told first are those that matter most.
            let code = self.said.iter().map(|(code, _)| *code).min().unwrap_or(ReasonCode::ChangesFollowed);
            let outcome = Reason::new(code, sentences.join(" "));
            return Outcome { kind: OutcomeKind::Updated, reason: outcome };
        }
        let kind = OutcomeKind::Unchanged;
        match self.refused.iter().map(|(code, _)| *code).min() {
            Some(code) => {
                let message = format!("{} {}", code.sentence(), sentences.join(" "));
                Outcome { kind, reason: Reason::new(code, message) }
            }
            None => {
                let is_own = self.because.iter().any(|because| because.code == "own_fulfillment");
                let code = if is_own { ReasonCode::OwnFulfillment } else { ReasonCode::NothingChanged };
                Outcome { kind, reason: Reason::plain(code) }
            }
        }
    }

    /// What was recorded of each product.
    fn tracking(&self, made: &[Variant]) -> BTreeMap<VariantId, Tracking> {
        let variants = self.state.variants.values().chain(made);
        variants.map(|variant| (variant.id.clone(), variant.tracking)).collect()
    }

    /// The order, its stock and its messages: in one transaction, or as a plan. (SPEC G-05)
    fn close(mut self, outcome: Outcome, known: Option<&SalesOrder>) -> Verdict {
        self.plan.settle();
        let mut steps = std::mem::take(&mut self.leaves);
        steps.extend(reservations(known, &self.plan));
        let shelf = std::mem::replace(
            &mut self.shelf,
            Shelf::new(self.state, &self.order.channel_order_id, self.now),
        );
        let made = shelf.made();
        let tracking = self.tracking(&made);
        let besides = self.manufacturing.len() + self.returns.len() + usize::from(self.customer.is_some());
        let mut changes = Changes {
            variants: made,
            customer: self.customer,
            manufacturing_orders: self.manufacturing,
            returns: self.returns,
            ..Changes::default()
        };
        let mut because = self.because;
        let order = match booking::way(&self.plan, &steps, besides, self.state.stock, &tracking) {
            Way::AtOnce(booked) => {
                let order = booking::finish_following(&self.plan, &steps, std::slice::from_ref(&booked));
                let Booked { movements, items, serials, because: of_stock, .. } = booked;
                because.extend(of_stock);
                (changes.movements, changes.items, changes.serials) = (movements, items, serials);
                order
            }
            Way::InChunks(size) => {
                let chunks = words::count(steps.len().div_ceil(to_usize(size)), "chunk");
                because.push(Because::new("committing", format!("Its stock is booked in {chunks}.")));
                let is_new = known.is_none();
                let booking = Booking::Following { plan: steps, steps_in_a_chunk: size, is_new };
                SalesOrder { booking, ..self.plan }
            }
            Way::Never(touched) => {
                let message = format!(
                    "A row of it touches {touched} batches; {ITEMS_IN_ONE_CHUNK} can be booked at once."
                );
                return Stop::new(OutcomeKind::Waiting, ReasonCode::OrderTooLarge, message).into();
            }
        };
        if known != Some(&order) {
            if order.booking == Booking::Complete {
                changes.effects = messages(known, &order, !self.said.is_empty());
            }
            changes.order = Some(order);
        }
        Verdict { outcome, because, changes }
    }
}

/// The messages with which an order's next state becomes known.
fn messages(known: Option<&SalesOrder>, order: &SalesOrder, is_changed: bool) -> Vec<Effect> {
    let (id, order_no) = (order.id.clone(), order.order_no.clone());
    let Some(known) = known else {
        return vec![Effect::Announce(DomainEvent::OrderImported { order: id, order_no })];
    };
    if order.deleted_at.is_some() {
        return vec![Effect::Announce(DomainEvent::OrderDeleted { order: id, order_no })];
    }
    let mut effects = Vec::new();
    if is_changed {
        let (order, order_no) = (id.clone(), order_no.clone());
        effects.push(Effect::Announce(DomainEvent::OrderChanged { order, order_no }));
    }
    if order.status == OrderStatus::Delivered && known.status != OrderStatus::Delivered {
        effects.push(Effect::Announce(DomainEvent::OrderDelivered { order: id, order_no }));
    }
    effects
}

/// What has to be held more, or fewer, at each place. (SPEC CS-02)
pub(in crate::decide) fn reservations(known: Option<&SalesOrder>, plan: &SalesOrder) -> Vec<StockStep> {
    let mut change: BTreeMap<StockKey, i64> = plan.reserved();
    for (key, units) in known.map(SalesOrder::reserved).unwrap_or_default() {
        *change.entry(key).or_insert(0) -= units;
    }
    let change = change.into_iter().filter(|(_, units)| *units != 0);
    change.map(|(key, quantity)| StockStep::Reserve { key, quantity }).collect()
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
