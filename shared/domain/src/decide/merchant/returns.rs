//! How a return of the channel becomes a return order, linked to its sales order. It changes no row.
//! (SPEC KS-16)

use super::{desk::Desk, fulfillments::token};
use crate::{
    channel_order::shop::{ChannelReturn, ChannelReturnState},
    decide::words,
    ids::SalesReturnId,
    outcome::{Because, ReasonCode},
    sales_order::SalesOrder,
    sales_return::{ReturnRow, ReturnStatus, SalesReturn},
};

/// Brings the channel's returns to the order's return orders.
pub(super) fn follow(desk: &mut Desk<'_>) {
    if !desk.state.connection.settings.shop.bring_returns {
        return;
    }
    for shown in &desk.order.shop.returns {
        let known =
            desk.state.returns.iter().find(|known| known.channel_return_id.as_deref() == Some(&shown.id));
        match (&shown.state, known) {
            (ChannelReturnState::Open | ChannelReturnState::Closed, None) => make(desk, shown),
            (ChannelReturnState::Open | ChannelReturnState::Closed, Some(known)) => {
                change(desk, shown, known)
            }
            (ChannelReturnState::Cancelled | ChannelReturnState::Declined, Some(known)) => {
                call_off(desk, known);
            }
            (ChannelReturnState::Unknown(word), _) => {
                let message = format!("Return {} is \"{word}\", which Weir does not know.", shown.number);
                desk.because.push(Because::new("unknown_state", message));
            }
            // Nobody has agreed to it, or nobody ever did.
            (ChannelReturnState::Requested, _)
            | (ChannelReturnState::Cancelled | ChannelReturnState::Declined, None) => {}
        }
    }
}

fn make(desk: &mut Desk<'_>, shown: &ChannelReturn) {
    let rows = match rows(&desk.plan, shown) {
        Ok(rows) if rows.is_empty() => return,
        Ok(rows) => rows,
        Err(missing) => return refuse(desk, shown, &missing),
    };
    let order = desk.plan.id.clone();
    desk.say(ReasonCode::ReturnFollowed, format!("return {}", shown.number));
    desk.returns.push(SalesReturn {
        id: SalesReturnId::from_token(&format!("{}-{}", token(order.as_str()), token(&shown.id))),
        order,
        channel_return_id: Some(shown.id.clone()),
        number: shown.number.clone(),
        status: ReturnStatus::Open,
        rows,
        returned_at: shown.created_at,
        created_at: desk.now,
    });
}

/// What is on its way follows the channel; what was received does not change.
fn change(desk: &mut Desk<'_>, shown: &ChannelReturn, known: &SalesReturn) {
    if known.status == ReturnStatus::Received {
        return;
    }
    let rows = match rows(&desk.plan, shown) {
        Ok(rows) => rows,
        Err(missing) => return refuse(desk, shown, &missing),
    };
    let changed = SalesReturn { rows, status: ReturnStatus::Open, ..known.clone() };
    if changed != *known {
        desk.say(ReasonCode::ReturnFollowed, format!("return {}", shown.number));
        desk.returns.push(changed);
    }
}

fn call_off(desk: &mut Desk<'_>, known: &SalesReturn) {
    if known.status == ReturnStatus::Open {
        desk.say(ReasonCode::ReturnFollowed, format!("return {} was called off", known.number));
        desk.returns.push(SalesReturn { status: ReturnStatus::Cancelled, ..known.clone() });
    }
}

fn refuse(desk: &mut Desk<'_>, shown: &ChannelReturn, missing: &[String]) {
    let message = format!("return {}: {}", shown.number, words::list(missing));
    desk.refuse(ReasonCode::ReturnNotMatched, message);
}

/// The rows that come back, or the lines that match none.
fn rows(plan: &SalesOrder, shown: &ChannelReturn) -> Result<Vec<ReturnRow>, Vec<String>> {
    let (mut rows, mut missing) = (Vec::<ReturnRow>::new(), Vec::new());
    for units in shown.lines.iter().filter(|units| units.quantity > 0) {
        let row = plan.rows.iter().find(|row| row.channel_line_id.as_deref() == Some(&units.line_id));
        match row {
            Some(row) => rows.push(ReturnRow {
                row: row.id.clone(),
                variant: row.variant.clone(),
                sku: row.sku.clone(),
                quantity: units.quantity,
                reason: units.reason.clone(),
            }),
            None => missing.push(format!("line {} matches no row", units.line_id)),
        }
    }
    if missing.is_empty() { Ok(rows) } else { Err(missing) }
}
