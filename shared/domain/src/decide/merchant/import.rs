//! What an open order of a shop becomes: a sales order whose open units are held at their places, and
//! what had been fulfilled before as delivered without stock. (SPEC KS-03, KS-20 to KS-26)

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    customers::{self, Buyer},
    desk::Desk,
    fulfillments, is_made,
    lines::{self, Wish},
    money, returns,
};
use crate::{
    channel_order::ChannelOrder,
    decide::{State, pricing, verdict::Verdict, words},
    ids::{FulfillmentId, RowId, SalesOrderId},
    outcome::Because,
    sales_order::{
        Booking, ChannelPart, Flag, Fulfillment, FulfillmentBy, FulfillmentRow, FulfillmentStatus,
        OrderStatus, Row, SalesOrder, Source,
    },
    variant::{Variant, VariantKind},
};

/// The imported order and all that its commit changes.
pub(super) fn import(state: &State<'_>, order: &ChannelOrder, is_asked_for: bool, now: Timestamp) -> Verdict {
    let mut desk = Desk::new(state, order, bare(state, order, now), now);
    let wishes = lines::wishes(state.connection, order);
    let mut slowest = 0;
    for wish in wishes.iter().filter(|wish| wish.standing > 0) {
        let Some(variant) = desk.shelf.find(wish) else { continue };
        let days = variant.default_delivery_days.filter(|_| !order.shop.delivered_by_default);
        slowest = slowest.max(days.unwrap_or(state.organization.default_delivery_days));
        desk.plan.rows.push(row(wish, &variant, wish.standing, order));
    }
    desk.plan.delivery_date = delivery_date(order.created_at, slowest);
    match customers::buyer(state, order, now) {
        Buyer::Nobody => {}
        Buyer::Known(id) => desk.plan.customer = Some(id),
        Buyer::New(customer) => {
            desk.plan.customer = Some(customer.id.clone());
            desk.customer = Some(customer);
        }
    }
    fulfilled_before(&mut desk, &wishes);
    facts(&mut desk, &wishes, is_asked_for);
    let of_money = money::judge(state, order, &mut desk.plan);
    desk.because.extend(of_money);
    returns::follow(&mut desk);
    desk.close_import()
}

/// The order without its rows.
fn bare(state: &State<'_>, order: &ChannelOrder, now: Timestamp) -> SalesOrder {
    let (charges, left_out) = money::charges(state, order);
    SalesOrder {
        id: SalesOrderId::for_source(&state.connection.id, &order.channel_order_id),
        order_no: order.order_no.clone(),
        source: Some(Source {
            connection: state.connection.id.clone(),
            channel: state.connection.channel.clone(),
            channel_order_id: order.channel_order_id.clone(),
        }),
        status: OrderStatus::NotShipped,
        booking: Booking::Complete,
        currency: pricing::currency(order),
        exchange_rate: None,
        base_total: None,
        channel_total: order.total,
        flags: BTreeSet::new(),
        customer: None,
        customer_ref: order.customer_ref.clone(),
        rows: Vec::new(),
        charges,
        left_out,
        fulfillments: Vec::new(),
        fulfilled_before: BTreeSet::new(),
        ordered_at: order.created_at,
        delivery_date: None,
        channel_updated_at: Some(order.updated_at),
        created_at: now,
        deleted_at: None,
    }
}

/// A row of some units of a line.
pub(super) fn row(wish: &Wish<'_>, variant: &Variant, units: i64, order: &ChannelOrder) -> Row {
    let line = wish.line;
    let mut row = Row {
        id: wish.id.clone(),
        channel_line_id: Some(line.line_id.clone()),
        sku: variant.sku.clone(),
        channel_sku: line.sku.clone().filter(|sku| sku != variant.sku.as_str()),
        variant: variant.id.clone(),
        name: line.name.clone(),
        quantity: units,
        price_per_unit: None,
        amount: None,
        discount: rust_decimal::Decimal::ZERO,
        tax: None,
        tax_rate: None,
        // A service lies nowhere, and nothing of it is held.
        location: match variant.kind {
            VariantKind::Product => wish.location.cloned(),
            VariantKind::Service => None,
        },
        channel_location: wish.channel_location.clone(),
        status: OrderStatus::NotShipped,
        delivered_quantity: 0,
        invoiced: false,
        attributes: line.shop.properties.iter().cloned().collect::<BTreeMap<_, _>>(),
    };
    money::put(&mut row, &wish.priced, wish.standing, order);
    row
}

/// When an order is usually there. (SPEC KS-20)
fn delivery_date(created_at: Timestamp, days: u16) -> Option<Timestamp> {
    created_at.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
}

/// In the place of a fulfillment's id, for units that the channel had fulfilled without naming one.
pub(super) const BEFORE: &str = "before";

/// What the channel had fulfilled is delivered and moves no stock, now or later. (SPEC KS-03)
fn fulfilled_before(desk: &mut Desk<'_>, wishes: &[Wish<'_>]) {
    let order = desk.order;
    let before = wishes.iter().map(|wish| (&wish.id, lines::fulfilled_before(order, wish.line)));
    let mut left: BTreeMap<&RowId, i64> = before.filter(|(_, units)| *units > 0).collect();
    let ids: BTreeMap<&str, &RowId> =
        wishes.iter().map(|wish| (wish.line.line_id.as_str(), &wish.id)).collect();
    for made in order.shop.fulfillments.iter().filter(|made| is_made(&made.state)) {
        desk.plan.fulfilled_before.insert(made.id.clone());
        let mut rows = Vec::new();
        for units in &made.lines {
            let Some(id) = ids.get(units.line_id.as_str()) else { continue };
            let Some(of_row) = left.get_mut(id) else { continue };
            let taken = units.quantity.clamp(0, *of_row);
            *of_row -= taken;
            rows.push(((*id).clone(), taken));
        }
        push_before(desk, &made.id, made.created_at, fulfillments::tracking(made), rows);
    }
    let rest = left.into_iter().map(|(id, units)| (id.clone(), units)).collect();
    push_before(desk, BEFORE, order.created_at, None, rest);
}

fn push_before(
    desk: &mut Desk<'_>,
    id: &str,
    at: Timestamp,
    tracking: Option<crate::sales_order::Tracking>,
    mut rows: Vec<(RowId, i64)>,
) {
    rows.retain(|(_, units)| *units > 0);
    if rows.is_empty() {
        return;
    }
    desk.plan.flags.insert(Flag::FulfilledBeforeImport);
    let part = |(row, quantity): &(RowId, i64)| FulfillmentRow {
        row: row.clone(),
        quantity: *quantity,
        batches: Vec::new(),
        serial_numbers: Vec::new(),
    };
    desk.plan.fulfillments.push(Fulfillment {
        id: FulfillmentId::from_token(&fulfillments::token(id)),
        status: FulfillmentStatus::Delivered,
        rows: rows.iter().map(part).collect(),
        tracking,
        by: FulfillmentBy::Channel,
        moves_stock: false,
        at_channel: vec![ChannelPart { id: id.to_owned(), rows }],
        shipped_at: at,
        created_at: desk.now,
    });
}

/// What the decision rests on.
fn facts(desk: &mut Desk<'_>, wishes: &[Wish<'_>], is_asked_for: bool) {
    let order = desk.order;
    let mut because = Vec::new();
    because.push(Because::new("rows", format!("It has {}.", words::count(desk.plan.rows.len(), "row"))));
    let gone = wishes.iter().filter(|wish| wish.standing == 0).count();
    if gone > 0 {
        let lines = words::count(gone, "line");
        because.push(Because::new("lines_left_out", format!("{lines} left out: no unit of it is left.")));
    }
    let is_old = desk.state.connection.orders_from.is_some_and(|from| order.created_at < from);
    if is_old && is_asked_for {
        desk.plan.flags.insert(Flag::AskedFor);
        let message = "It is older than the connection; a person asked for it by its number.";
        because.push(Because::new(Flag::AskedFor.as_str(), message));
    }
    if desk.plan.flags.contains(&Flag::FulfilledBeforeImport) {
        let flag = Flag::FulfilledBeforeImport;
        because.push(Because::new(flag.as_str(), flag.sentence()));
    }
    for (part, amount) in &desk.plan.left_out {
        let message = format!("{amount} of the total is kept beside the order, not in a line of it.");
        because.push(Because::new(&format!("left_out_{}", part.as_str()), message));
    }
    if order.prices_include_tax {
        because.push(Because::new("prices_include_tax", "The shop's prices include tax; it was taken out."));
    }
    desk.because.extend(because);
}
