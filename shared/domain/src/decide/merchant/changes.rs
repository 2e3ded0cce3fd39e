//! How an order that is in follows its channel: called off, changed, fulfilled, coming back. What has
//! happened physically stays as it is. (SPEC KS-30 to KS-46)

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{desk::Desk, fulfillments, is_made, lines, money, returns, rows};
use crate::{
    channel_order::{
        ChannelOrder, ChargeKind,
        shop::{PaymentState, Stage},
    },
    decide::{
        State, period_locked, pricing,
        verdict::{Stop, Verdict},
    },
    outcome::{OutcomeKind, Reason, ReasonCode},
    sales_order::{Flag, LeftOut, SalesOrder},
};

/// Decides upon the next state of an order that is in.
pub(super) fn follow(state: &State<'_>, known: &SalesOrder, order: &ChannelOrder, now: Timestamp) -> Verdict {
    if let Some(odd) = lines::unbelievable(order) {
        return Stop::new(OutcomeKind::Unchanged, ReasonCode::MalformedOrder, odd).into();
    }
    let mut desk = Desk::new(state, order, known.clone(), now);
    let brings_changes = state.connection.settings.shop.bring_order_changes;
    let called_off = called_off(order);
    let is_untouched =
        known.fulfillments.is_empty() && !order.shop.fulfillments.iter().any(|made| is_made(&made.state));
    let was_brought_back = known.flags.contains(&Flag::BroughtBack);
    if let Some(what) = called_off.filter(|_| was_brought_back) {
        // What has left is told as ever; its rows stay as they were brought back. (SPEC OP-10)
        if is_untouched || order.shop.cancelled_at.is_some() {
            stays(&mut desk, what, "somebody brought it back");
        }
        fulfillments::follow(&mut desk);
        returns::follow(&mut desk);
        return desk.close_update(known);
    }
    desk.plan.flags.remove(&Flag::BroughtBack);
    if let Some(what) = called_off {
        match (is_untouched, brings_changes) {
            (true, true) if !known.has_invoice() => return delete(desk, known, what),
            (true, true) => stays(&mut desk, what, "it has an invoice"),
            (true, false) => desk.refuse(ReasonCode::ChangesNotBrought, format!("it was {what}")),
            // An order is archived once all of it was fulfilled: there is nothing to say.
            (false, _) if order.shop.cancelled_at.is_none() => {}
            (false, _) => stays(&mut desk, what, "some of it was packed or delivered"),
        }
    }
    if brings_changes {
        rows::follow(&mut desk);
        follow_money(&mut desk);
    } else {
        let mut dry = Desk::new(state, order, known.clone(), now);
        rows::follow(&mut dry);
        for (_, message) in dry.said {
            desk.refuse(ReasonCode::ChangesNotBrought, message);
        }
    }
    fulfillments::follow(&mut desk);
    returns::follow(&mut desk);
    desk.plan.settle();
    desk.close_update(known)
}

/// Why nothing of it is wanted any more. (SPEC KS-33, KS-34)
pub(super) fn called_off(order: &ChannelOrder) -> Option<&'static str> {
    if order.shop.cancelled_at.is_some() {
        Some("cancelled at the channel")
    } else if order.shop.payment == Some(PaymentState::Refunded) {
        Some("fully refunded at the channel")
    } else if order.shop.stage == Stage::Declined {
        Some("declined at the channel")
    } else if order.shop.archived_at.is_some() {
        Some("archived at the channel")
    } else {
        None
    }
}

fn stays(desk: &mut Desk<'_>, what: &str, why: &str) {
    desk.refuse(ReasonCode::ProtectedNeverChanges, format!("it was {what}, and stays because {why}"));
}

/// The order is deleted, unless it lies in the locked period; its manufacturing orders go as with a row
/// that is removed. (SPEC KS-32, KS-33, G-09)
fn delete(mut desk: Desk<'_>, known: &SalesOrder, what: &str) -> Verdict {
    if let Some(locked) = period_locked(desk.state.organization, known.ordered_at) {
        let message = format!("It was {what}. {}", locked.message);
        let reason = Reason { message, ..locked };
        return Stop { kind: OutcomeKind::Waiting, reason, because: Vec::new() }
            .because("ordered_at", format!("It was made at {}.", known.ordered_at))
            .into();
    }
    let message = format!("it was {what} and nothing of it had been fulfilled, so it is deleted here");
    desk.say(ReasonCode::DeletedWithChannel, message);
    for row in &known.rows {
        rows::let_go(&mut desk, &row.id, row.sku.as_str());
    }
    desk.plan.deleted_at = Some(desk.now);
    desk.close_update(known)
}

/// Charges follow the channel unless there is an invoice; what the channel charges more or less for what
/// never changes is kept beside the order, so that its total is the channel's. (SPEC G-06, KS-12, KS-35)
fn follow_money(desk: &mut Desk<'_>) {
    let order = desk.order;
    if pricing::currency(order)
        .is_some_and(|currency| desk.plan.currency.is_some_and(|known| known != currency))
    {
        let message = "its amounts are in another currency now".to_owned();
        desk.refuse(ReasonCode::ProtectedNeverChanges, message);
        return;
    }
    let before = desk.plan.charges.clone();
    let mut charges = pricing::price_charges(order).0;
    let leaves_out = leaves_out_shipping(desk);
    let of_shipping = charges.iter().filter(|charge| leaves_out && charge.kind == ChargeKind::Shipping);
    let shipping: Decimal = of_shipping.map(money::charged).sum();
    charges.retain(|charge| !(leaves_out && charge.kind == ChargeKind::Shipping));
    let now: Decimal = charges.iter().map(money::charged).sum();
    if charges != before {
        if desk.plan.has_invoice() {
            desk.refuse(ReasonCode::ProtectedNeverChanges, "other charges".to_owned());
        } else {
            desk.plan.charges = charges;
            desk.say(ReasonCode::ChangesFollowed, "other charges".to_owned());
        }
    }
    let of_lines: Decimal = money::price_lines(order).iter().map(money::paid).sum();
    let from_channel = desk.plan.rows.iter().filter(|row| row.channel_line_id.is_some());
    let of_rows: Decimal = from_channel.filter_map(crate::sales_order::Row::paid).sum();
    let of_charges: Decimal = desk.plan.charges.iter().map(money::charged).sum();
    let not_applied = of_lines + now - of_rows - of_charges;
    let parts = [
        (LeftOut::Shipping, shipping),
        (LeftOut::CashRounding, order.shop.cash_rounding),
        (LeftOut::NotApplied, not_applied),
    ];
    desk.plan.left_out = parts.into_iter().filter(|(_, amount)| !amount.is_zero()).collect();
    desk.plan.channel_total = order.total.or(desk.plan.channel_total);
    let because = money::judge(desk.state, order, &mut desk.plan);
    desk.because.extend(because);
}

/// An order keeps to the way its shipping came in; one that had none goes by the setting. (SPEC KS-12)
fn leaves_out_shipping(desk: &Desk<'_>) -> bool {
    let has_line = desk.plan.charges.iter().any(|charge| charge.kind == ChargeKind::Shipping);
    let was_left_out = desk.plan.left_out.contains_key(&LeftOut::Shipping);
    let by_setting = !desk.state.connection.settings.shop.shipping_cost_as_fee_line;
    was_left_out || (!has_line && by_setting)
}
