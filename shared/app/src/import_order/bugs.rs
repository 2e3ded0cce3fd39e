//! What others get wrong in an import: the bug bench plants it here, around the rules. In a product build
//! nothing of it happens.

use std::borrow::Cow;

use rust_decimal::Decimal;
use weir_domain::{
    Timestamp,
    channel_order::{
        ChannelOrder, SoldBy,
        shop::{PaymentState, Stage},
    },
    decide::Changes,
    sales_order::{FulfillmentBy, SalesOrder},
};

use super::{Reading, state::Loaded};
use crate::{
    message::SignalCause,
    planted::{self, Bug},
    ports::ledger::Snapshot,
};

/// What a delivery is believed to have brought, instead of looking.
pub(super) fn trusted<'a>(reading: &'a Reading<'_>) -> Option<&'a Snapshot> {
    let is_trusted = planted::is(Bug::PayloadTrusted) && reading.signal.cause == SignalCause::Notification;
    reading.file.snapshot.as_ref().filter(|_| is_trusted)
}

/// The order as it is.
pub(super) fn order<'a>(
    reading: &Reading<'_>,
    order: &'a ChannelOrder,
    loaded: &Loaded,
    now: Timestamp,
) -> Cow<'a, ChannelOrder> {
    let mut order = Cow::Borrowed(order);
    if planted::is(Bug::ImportsOwnRequests) {
        order.to_mut().sold_by = SoldBy::Channel;
    }
    if planted::is(Bug::HalfImport) {
        let is_known =
            |sku: &Option<String>| sku.as_ref().is_some_and(|sku| loaded.variants.contains_key(sku));
        order.to_mut().lines.retain(|line| is_known(&line.sku));
    }
    if trusted(reading).is_some() {
        order.to_mut().updated_at = now;
    }
    of_stage(&mut order);
    if planted::is(Bug::RefundIgnored)
        && let Some((known, _)) = &reading.file.order
    {
        refunded_as_well(order.to_mut(), known);
    }
    if planted::is(Bug::FulfillmentInPart)
        && let Some((known, _)) = &reading.file.order
    {
        in_part(order.to_mut(), known);
    }
    order
}

/// Takes a store's one status for another.
fn of_stage(order: &mut Cow<'_, ChannelOrder>) {
    match order.shop.stage {
        Stage::Completed { .. } if planted::is(Bug::CompletionUnheard) => {
            order.to_mut().shop.stage = Stage::Shipped;
        }
        Stage::Shipped if planted::is(Bug::ShippedDelivers) => {
            let at = order.updated_at;
            order.to_mut().shop.stage = Stage::Completed { at };
        }
        _ => {}
    }
    if order.shop.payment == Some(PaymentState::Pending) && planted::is(Bug::UnpaidComesIn) {
        order.to_mut().shop.payment = Some(PaymentState::Paid);
    }
}

/// Has every row's units ready to be shipped, however many of them were refunded since.
fn refunded_as_well(order: &mut ChannelOrder, known: &SalesOrder) {
    for line in &mut order.lines {
        let row = known.rows.iter().find(|row| row.channel_line_id.as_ref() == Some(&line.line_id));
        let more = row.map_or(0, |row| row.quantity - line.quantity).max(0);
        line.quantity += more;
        line.shop.open_quantity = line.shop.open_quantity.map(|open| open + more);
    }
}

/// Leaves of each fulfillment what matches open rows.
fn in_part(order: &mut ChannelOrder, known: &SalesOrder) {
    let heard = || known.fulfillments.iter().flat_map(|one| &one.at_channel);
    for made in &mut order.shop.fulfillments {
        if heard().any(|part| part.id == made.id) || known.fulfilled_before.contains(&made.id) {
            continue;
        }
        for line in &mut made.lines {
            let row = known.rows.iter().find(|row| row.channel_line_id.as_ref() == Some(&line.line_id));
            line.quantity = line.quantity.min(row.map_or(0, |row| known.open(row)));
        }
    }
}

/// The order as it is known here.
pub(super) fn known(known: &SalesOrder) -> Cow<'_, SalesOrder> {
    let mut known = Cow::Borrowed(known);
    if planted::is(Bug::EchoNotRecognised) {
        known.to_mut().fulfillments.iter_mut().for_each(|one| one.by = FulfillmentBy::Channel);
    }
    known
}

/// What changes.
pub(super) fn changes(changes: &mut Changes, order: &ChannelOrder) {
    let Some(after) = &mut changes.order else { return };
    if planted::is(Bug::ProtectedRowChanges) {
        let before = after.clone();
        for row in after.rows.iter_mut().filter(|row| before.handled(&row.id) >= row.quantity) {
            let line = order.lines.iter().find(|line| row.channel_line_id.as_ref() == Some(&line.line_id));
            row.quantity = line.map_or(row.quantity, |line| line.quantity);
        }
    }
    if planted::is(Bug::DiscountByPercent) {
        for row in &mut after.rows {
            if let (Some(amount), Some(percent)) = (row.amount, row.discount_percent()) {
                row.discount = (amount * percent.round_dp(1) / Decimal::ONE_HUNDRED).round_dp(2);
            }
        }
    }
}
