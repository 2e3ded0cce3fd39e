//! What an FBA order becomes: a delivered sales order, one fulfillment, and the stock it took.
//! (SPEC KF-06 to KF-12, G-05)

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Ready, rows::Matched};
use crate::{
    channel_order::{ChannelOrder, ChargeKind},
    decide::{
        Changes, State,
        booking::{self, Booked},
        pricing,
        verdict::{Stop, Verdict},
        words,
    },
    ids::{FulfillmentId, LocationId, SalesOrderId, VariantId},
    limits::{ITEMS_BESIDES_STOCK, ITEMS_IN_ONE_CHUNK, ITEMS_IN_ONE_COMMIT, ROWS_IN_A_CHUNK},
    money::{Currency, Money},
    outcome::{Because, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::{
        Booking, Flag, Fulfillment, FulfillmentBy, FulfillmentRow, FulfillmentStatus, OrderStatus, Row,
        SalesOrder, Source,
    },
    variant::{Tracking, VariantKind},
};

/// Aliases that `because` names one by one.
const ALIASES_NAMED: usize = 10;

/// The imported order and all that its commit changes.
pub(super) fn import(state: &State<'_>, order: &ChannelOrder, ready: &Ready<'_>, now: Timestamp) -> Verdict {
    let tracking: BTreeMap<VariantId, Tracking> =
        ready.rows.iter().map(|row| (row.variant.id.clone(), row.variant.tracking)).collect();
    let mut plan = sales_order(state, order, ready, now);
    let mut because = facts(state, order, ready);
    because.extend(judge_money(state, order, &mut plan));

    let planned = plan.fulfillments.first().map_or(&[][..], |fulfillment| &fulfillment.rows);
    let booked = booking::book(&plan, planned, state.stock, &tracking);
    let outcome =
        Outcome { kind: OutcomeKind::Imported, reason: Reason::plain(ReasonCode::ShippedByChannel) };
    if booked.touched() + ITEMS_BESIDES_STOCK > ITEMS_IN_ONE_COMMIT {
        return match plan_chunks(state, &mut plan, &tracking) {
            Some(stop) => stop.into(),
            None => {
                because.push(in_chunks(&plan, booked.touched()));
                let changes = Changes { order: Some(plan), ..Changes::default() };
                Verdict { outcome, because, changes }
            }
        };
    }
    let finished = booking::finish(&plan, std::slice::from_ref(&booked));
    let effects = vec![booking::announcement(&finished)];
    let Booked { movements, items, serials, because: of_stock, .. } = booked;
    because.extend(of_stock);
    let changes = Changes { order: Some(finished), movements, items, serials, effects, ..Changes::default() };
    Verdict { outcome, because, changes }
}

fn in_chunks(plan: &SalesOrder, touched: usize) -> Because {
    let chunks = match plan.booking {
        Booking::Committing { chunks } => super::to_usize(chunks),
        Booking::Complete | Booking::Following { .. } => 1,
    };
    let chunks = words::count(chunks, "chunk");
    Because::new("committing", format!("It touches {touched} items of stock: booked in {chunks}."))
}

/// Rows in a chunk that are tried, the most first: where rows touch very many batches or serial
/// numbers, fewer of them fit into one transaction.
const CHUNK_SIZES: [usize; 5] = [ROWS_IN_A_CHUNK, 10, 5, 2, 1];

/// Plans the chunks of a big order. One whose single row does not fit into a transaction is refused:
/// a plan that cannot be carried out must not be begun.
fn plan_chunks(
    state: &State<'_>,
    plan: &mut SalesOrder,
    tracking: &BTreeMap<VariantId, Tracking>,
) -> Option<Stop> {
    let rows = plan.fulfillments.first().map_or(0, |fulfillment| fulfillment.rows.len());
    let mut too_large = None;
    for size in CHUNK_SIZES {
        plan.booking = Booking::Committing { chunks: booking::chunks(rows, size) };
        too_large = too_large_a_chunk(state, plan, booking::chunks(rows, size), tracking);
        if too_large.is_none() {
            break;
        }
    }
    too_large
}

fn too_large_a_chunk(
    state: &State<'_>,
    plan: &SalesOrder,
    chunks: u32,
    tracking: &BTreeMap<VariantId, Tracking>,
) -> Option<Stop> {
    let mut stock = state.stock.clone();
    for chunk in 0..chunks {
        let booked = booking::book_chunk(plan, chunk, &stock, tracking);
        if booked.touched() > ITEMS_IN_ONE_CHUNK {
            let (touched, rows) = (booked.touched(), words::count(booked.rows.len(), "row"));
            let message = format!(
                "{rows} of it touch {touched} batches and serial numbers; {ITEMS_IN_ONE_CHUNK} can be booked at once."
            );
            return Some(Stop::new(OutcomeKind::Waiting, ReasonCode::OrderTooLarge, message));
        }
        stock.absorb(&booked.items, &booked.serials);
    }
    None
}

/// The order as the plan of its booking: complete but for the batches and serial numbers.
fn sales_order(state: &State<'_>, order: &ChannelOrder, ready: &Ready<'_>, now: Timestamp) -> SalesOrder {
    let currency = pricing::currency(order);
    let rows: Vec<Row> = ready.rows.iter().map(|matched| row(matched, ready.location, currency)).collect();
    SalesOrder {
        id: SalesOrderId::for_source(&state.connection.id, &order.channel_order_id),
        order_no: order.order_no.clone(),
        source: Some(Source {
            connection: state.connection.id.clone(),
            channel: state.connection.channel.clone(),
            channel_order_id: order.channel_order_id.clone(),
        }),
        status: OrderStatus::Delivered,
        booking: Booking::Complete,
        currency,
        exchange_rate: None,
        base_total: None,
        channel_total: order.total,
        flags: BTreeSet::new(),
        // The channel withholds its buyers; what it tells of the person is kept apart. (SPEC KF-15)
        customer: None,
        customer_ref: order.customer_ref.clone(),
        rows,
        charges: pricing::price_charges(order).0,
        left_out: BTreeMap::new(),
        fulfillments: vec![fulfillment(ready, now)],
        fulfilled_before: BTreeSet::new(),
        ordered_at: order.created_at,
        delivery_date: order.promised_by.or_else(|| usual_delivery(state, order, &ready.rows)),
        channel_updated_at: Some(order.updated_at),
        created_at: now,
        deleted_at: None,
    }
}

fn row(matched: &Matched<'_>, location: &LocationId, currency: Option<Currency>) -> Row {
    let Matched { draft, variant } = matched;
    let channel_sku = draft.line.sku.clone().filter(|sku| sku != variant.sku.as_str());
    Row {
        id: draft.id.clone(),
        channel_line_id: Some(draft.line.line_id.clone()),
        sku: variant.sku.clone(),
        channel_sku,
        variant: variant.id.clone(),
        name: draft.line.name.clone(),
        quantity: draft.units,
        price_per_unit: pricing::unit_price(draft.priced.amount, draft.units),
        amount: draft.priced.amount,
        discount: draft.priced.discount,
        tax: draft.priced.tax,
        tax_rate: pricing::tax_rate(&draft.priced, currency),
        // A service lies nowhere: without a location the booking moves no stock.
        location: match variant.kind {
            VariantKind::Product => Some(location.clone()),
            VariantKind::Service => None,
        },
        channel_location: None,
        status: OrderStatus::Delivered,
        delivered_quantity: draft.units,
        invoiced: false,
        attributes: BTreeMap::new(),
    }
}

fn fulfillment(ready: &Ready<'_>, now: Timestamp) -> Fulfillment {
    let shipped = ready.rows.iter().filter(|row| row.draft.units > 0);
    let rows = shipped.map(|row| FulfillmentRow {
        row: row.draft.id.clone(),
        quantity: row.draft.units,
        batches: Vec::new(),
        serial_numbers: row.draft.line.serial_numbers.clone(),
    });
    Fulfillment {
        id: FulfillmentId::from_token("1"),
        status: FulfillmentStatus::Delivered,
        rows: rows.collect(),
        tracking: None,
        by: FulfillmentBy::Channel,
        moves_stock: true,
        at_channel: Vec::new(),
        shipped_at: ready.shipped_at,
        created_at: now,
    }
}

/// When it is usually there: the slowest product's days, else the organization's.
fn usual_delivery(state: &State<'_>, order: &ChannelOrder, rows: &[Matched<'_>]) -> Option<Timestamp> {
    let slowest = rows.iter().filter_map(|row| row.variant.default_delivery_days).max();
    let days = slowest.unwrap_or(state.organization.default_delivery_days);
    order.created_at.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
}

/// What the decision rests on.
fn facts(state: &State<'_>, order: &ChannelOrder, ready: &Ready<'_>) -> Vec<Because> {
    let organization = state.organization;
    let (day, zone) = (organization.business_day(ready.shipped_at), organization.time_zone.as_str());
    let mut because = vec![
        Because::new(
            "shipped_by_channel",
            "The channel sold it and shipped all of it from its own warehouse.",
        ),
        Because::new(
            "shipped_at",
            format!("It was first seen as shipped at {}: on {day} ({zone}).", ready.shipped_at),
        ),
        Because::new("rows", format!("{} matched to variants.", words::count(ready.rows.len(), "row"))),
    ];
    let other = |row: &&Matched<'_>| row.draft.line.sku.as_deref() != Some(row.variant.sku.as_str());
    for row in ready.rows.iter().filter(other).take(ALIASES_NAMED) {
        let sku = row.draft.line.sku.as_deref().unwrap_or_default();
        because.push(Because::new("sku_alias", format!("\"{sku}\" means \"{}\" here.", row.variant.sku)));
    }
    if ready.left_out > 0 {
        let lines = words::count(ready.left_out, "line");
        let message = format!("{lines} left out: nothing of it shipped and nothing was charged for it.");
        because.push(Because::new("lines_left_out", message));
    }
    if order.prices_include_tax {
        because.push(Because::new(
            "prices_include_tax",
            "On this marketplace prices include tax; it was taken out.",
        ));
    }
    because
}

/// Flags what is not known of the order's money, and brings its total to the base currency.
/// (SPEC KF-06, KF-15, G-06, G-08)
fn judge_money(state: &State<'_>, order: &ChannelOrder, plan: &mut SalesOrder) -> Vec<Because> {
    let mut because = Vec::new();
    let currency = plan.currency;
    let rebuilt = currency.zip(plan.totals().total).map(|(currency, total)| Money::new(total, currency));
    let mut flag = |flag: Flag, message: String| {
        plan.flags.insert(flag);
        because.push(Because::new(flag.as_str(), message));
    };
    let unpriced = plan.rows.iter().filter(|row| row.amount.is_none()).count();
    if unpriced > 0 {
        let rows = words::count(unpriced, "row");
        flag(Flag::PriceUnknown, format!("The channel gave no price for {rows}; it is unknown, not 0."));
    }
    if let Some(message) = unknown_tax(order, &plan.rows) {
        flag(Flag::TaxUnknown, message);
    }
    if let (Some(rebuilt), Some(given)) = (rebuilt, order.total)
        && rebuilt != given
    {
        flag(Flag::TotalDiffers, format!("The rows make {rebuilt}; the channel's total is {given}."));
    }
    plan.exchange_rate = currency.and_then(|currency| state.organization.rate(currency));
    let total = order.total.or(rebuilt);
    plan.base_total = total.and_then(|total| state.organization.in_base(total));
    let of_total = total.map(|total| total.currency).or(currency);
    if let Some(currency) = of_total.filter(|currency| state.organization.rate(*currency).is_none()) {
        let base = state.organization.base_currency;
        flag(Flag::BaseTotalMissing, format!("There is no rate from {currency} to {base}."));
    }
    because
}

fn unknown_tax(order: &ChannelOrder, rows: &[Row]) -> Option<String> {
    let untaxed = rows.iter().filter(|row| row.tax.is_none()).count();
    let charges: Vec<&str> = pricing::price_charges(order).1.into_iter().map(ChargeKind::as_str).collect();
    if untaxed == 0 && charges.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    if untaxed > 0 {
        parts.push(words::count(untaxed, "row"));
    }
    parts.extend(charges.into_iter().map(|kind| format!("the charge {kind}")));
    let parts = words::list(&parts);
    Some(match order.prices_include_tax {
        true => format!("No tax data came for {parts}: amounts stand as given and may include tax."),
        false => format!("No tax data came for {parts}: tax is unknown, not 0."),
    })
}
