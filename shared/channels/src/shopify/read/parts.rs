//! The parts of an order besides its lines: what is to be shipped from where, what was shipped, what
//! was refunded and what comes back.

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::shop::{
        ChannelFulfillment, ChannelFulfillmentState, ChannelReturn, ChannelReturnState, DeliveryMethod,
        FulfilledUnits, FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderState, Hold, ReturnedUnits,
    },
    sales_order::Tracking,
};

use crate::{
    channel::MalformedOrder,
    json::{self, Node, Object},
    shopify::{
        gathered::{Gathered, Piece},
        ids,
        reading::Reading,
    },
    words::short,
};

/// A refund, or an edit that took units out: what it took of the order's money.
pub(super) struct Refund {
    pub(super) lines: Vec<RefundedLine>,
    /// The taxes of refunded shipping.
    pub(super) shipping_tax: Decimal,
    /// What was given back beyond the goods, or less; with its tax.
    pub(super) correction: Decimal,
}

/// What a refund took out of a line.
pub(super) struct RefundedLine {
    pub(super) line_id: String,
    pub(super) quantity: i64,
    /// After discount.
    pub(super) subtotal: Option<Decimal>,
    pub(super) tax: Option<Decimal>,
}

/// The id of the order's line that something is about.
fn line_id(node: &Object<'_, '_>) -> Result<String, MalformedOrder> {
    let line = node.get("lineItem").object()?;
    ids::required(&line.get("id"))
}

fn units(node: &Node<'_, '_>) -> Result<i64, MalformedOrder> {
    node.quantity()?.ok_or_else(|| node.malformed("is missing"))
}

/// The id of a thing that may be missing, by the field it stands in.
fn id_in(node: &Object<'_, '_>, field: &str) -> Result<Option<String>, MalformedOrder> {
    let inner = node.get(field).object()?;
    ids::number(&inner.get("id"))
}

/// The lines of a part, of every page.
fn lines_of<T>(
    piece: &Piece<'_>,
    list: &'static str,
    read: impl Fn(&Object<'_, '_>) -> Result<T, MalformedOrder>,
) -> Result<Vec<T>, MalformedOrder> {
    let mut lines = Vec::new();
    for (index, raw) in piece.lines.iter().enumerate() {
        let node = json::piece(raw, list, index)?;
        if node.is_given() {
            lines.push(read(&node.object()?)?);
        }
    }
    Ok(lines)
}

/// What is to be shipped from where.
pub(super) fn fulfillment_orders(
    reading: &mut Reading,
    gathered: &Gathered<'_>,
) -> Result<Vec<FulfillmentOrder>, MalformedOrder> {
    let mut parts = Vec::new();
    for (index, piece) in gathered.fulfillment_orders.nodes.iter().enumerate() {
        let part = json::piece(piece.raw, "fulfillmentOrders", index)?.object()?;
        let assigned = part.get("assignedLocation").object()?;
        let delivery = part.get("deliveryMethod").object()?;
        parts.push(FulfillmentOrder {
            id: ids::required(&part.get("id"))?,
            state: fulfillment_order_state(reading, &part.get("status"))?,
            location: id_in(&assigned, "location")?,
            delivery: delivery_method(reading, &delivery.get("methodType"))?,
            holds: holds(&part.get("fulfillmentHolds"))?,
            lines: lines_of(piece, "fulfillmentOrders.lineItems", |line| {
                Ok(FulfillmentOrderLine {
                    id: ids::required(&line.get("id"))?,
                    line_id: line_id(line)?,
                    total: units(&line.get("totalQuantity"))?,
                    remaining: units(&line.get("remainingQuantity"))?,
                })
            })?,
        });
    }
    Ok(parts)
}

fn fulfillment_order_state(
    reading: &mut Reading,
    node: &Node<'_, '_>,
) -> Result<FulfillmentOrderState, MalformedOrder> {
    let word = node.required()?;
    Ok(match word.as_str() {
        "OPEN" => FulfillmentOrderState::Open,
        "IN_PROGRESS" => FulfillmentOrderState::InProgress,
        "SCHEDULED" => FulfillmentOrderState::Scheduled,
        "ON_HOLD" => FulfillmentOrderState::OnHold,
        "INCOMPLETE" => FulfillmentOrderState::Incomplete,
        "CLOSED" => FulfillmentOrderState::Closed,
        "CANCELLED" => FulfillmentOrderState::Cancelled,
        _ => FulfillmentOrderState::Unknown(reading.unknown(node, &word)),
    })
}

fn delivery_method(reading: &mut Reading, node: &Node<'_, '_>) -> Result<DeliveryMethod, MalformedOrder> {
    let Some(word) = node.words()? else { return Ok(DeliveryMethod::Unknown(None)) };
    Ok(match word.as_str() {
        "SHIPPING" => DeliveryMethod::Shipping,
        "PICK_UP" => DeliveryMethod::PickUp,
        "PICKUP_POINT" => DeliveryMethod::PickupPoint,
        "LOCAL" => DeliveryMethod::Local,
        "RETAIL" => DeliveryMethod::Retail,
        "NONE" => DeliveryMethod::Nothing,
        _ => DeliveryMethod::Unknown(Some(reading.unknown(node, &word))),
    })
}

/// What holds it. Its words stay as they are, since new reasons come with every version.
fn holds(list: &Node<'_, '_>) -> Result<Vec<Hold>, MalformedOrder> {
    let mut holds = Vec::new();
    for node in list.list()?.iter() {
        let reason = node.object()?.get("reason").words()?;
        holds.push(Hold { reason: reason.map_or_else(|| "OTHER".to_owned(), |reason| short(&reason)) });
    }
    Ok(holds)
}

/// Units of a line that wait in any fulfillment order; nothing if none has it.
pub(super) fn waiting(parts: &[FulfillmentOrder], line_id: &str) -> Option<i64> {
    let of_line = |part: &&FulfillmentOrder| part.lines.iter().any(|line| line.line_id == line_id);
    let mut parts = parts.iter().filter(of_line).peekable();
    parts.peek()?;
    let open = parts.filter(|part| !part.state.is_over()).flat_map(|part| &part.lines);
    Some(open.filter(|line| line.line_id == line_id).map(|line| line.remaining).sum())
}

/// What was shipped.
pub(super) fn fulfillments(
    reading: &mut Reading,
    gathered: &Gathered<'_>,
) -> Result<Vec<ChannelFulfillment>, MalformedOrder> {
    let mut parts = Vec::new();
    for (index, piece) in gathered.fulfillments.pieces.iter().enumerate() {
        let part = json::piece(piece.raw, "fulfillments", index)?.object()?;
        let mut tracking = Vec::new();
        for node in part.get("trackingInfo").list()?.iter() {
            tracking.extend(reading.lenient(read_tracking(&node)));
        }
        let mut fulfillment_orders = Vec::new();
        for node in part.get("fulfillmentOrders").object()?.get("nodes").list()?.iter() {
            fulfillment_orders.push(ids::required(&node.object()?.get("id"))?);
        }
        parts.push(ChannelFulfillment {
            id: ids::required(&part.get("id"))?,
            state: fulfillment_state(reading, &part.get("status"))?,
            created_at: part.get("createdAt").required_time()?,
            location: id_in(&part, "location")?,
            fulfillment_orders,
            tracking,
            lines: lines_of(piece, "fulfillments.fulfillmentLineItems", |line| {
                let quantity = line.get("quantity").quantity()?.unwrap_or(0);
                Ok(FulfilledUnits { line_id: line_id(line)?, quantity })
            })?,
        });
    }
    Ok(parts)
}

/// One parcel's tracking; nothing if nothing of it is told.
fn read_tracking(node: &Node<'_, '_>) -> Result<Option<Tracking>, MalformedOrder> {
    let fields = node.object()?;
    let tracking = Tracking {
        number: fields.get("number").words()?,
        carrier: fields.get("company").words()?,
        url: fields.get("url").words()?,
    };
    let nothing = Tracking { number: None, carrier: None, url: None };
    Ok(Some(tracking).filter(|tracking| *tracking != nothing))
}

fn fulfillment_state(
    reading: &mut Reading,
    node: &Node<'_, '_>,
) -> Result<ChannelFulfillmentState, MalformedOrder> {
    let word = node.required()?;
    Ok(match word.as_str() {
        "SUCCESS" => ChannelFulfillmentState::Success,
        // Both are Shopify's older words for one that is under way.
        "PENDING" | "OPEN" => ChannelFulfillmentState::Pending,
        "CANCELLED" => ChannelFulfillmentState::Cancelled,
        "ERROR" | "FAILURE" => ChannelFulfillmentState::Failed,
        _ => ChannelFulfillmentState::Unknown(reading.unknown(node, &word)),
    })
}

/// What was refunded, and what edits took out.
pub(super) fn refunds(reading: &mut Reading, gathered: &Gathered<'_>) -> Result<Vec<Refund>, MalformedOrder> {
    let mut refunds = Vec::new();
    for (index, piece) in gathered.refunds.pieces.iter().enumerate() {
        let refund = json::piece(piece.raw, "refunds", index)?.object()?;
        let mut lines = Vec::new();
        for (index, raw) in piece.lines.iter().enumerate() {
            let line = json::piece(raw, "refunds.refundLineItems", index)?.object()?;
            let (line_id, quantity) = (line_id(&line)?, units(&line.get("quantity"))?);
            let subtotal = reading.paid(&line.get("subtotalSet"))?;
            let tax = reading.paid(&line.get("totalTaxSet"))?;
            lines.push(RefundedLine { line_id, quantity, subtotal, tax });
        }
        let shipping = refund.get("refundShippingLines").object()?;
        let adjustments = refund.get("orderAdjustments").object()?;
        let correction = reading.sum(&adjustments.get("nodes"), "amountSet")?
            + reading.sum(&adjustments.get("nodes"), "taxAmountSet")?;
        refunds.push(Refund {
            lines,
            shipping_tax: reading.sum(&shipping.get("nodes"), "taxAmountSet")?,
            correction,
        });
    }
    Ok(refunds)
}

/// What comes back.
pub(super) fn returns(
    reading: &mut Reading,
    gathered: &Gathered<'_>,
) -> Result<Vec<ChannelReturn>, MalformedOrder> {
    let mut returns = Vec::new();
    for (index, piece) in gathered.returns.nodes.iter().enumerate() {
        let part = json::piece(piece.raw, "returns", index)?.object()?;
        let id = ids::required(&part.get("id"))?;
        let number = part.get("name").words()?.unwrap_or_else(|| id.clone());
        let lines = lines_of(piece, "returns.returnLineItems", returned)?;
        if lines.iter().any(Option::is_none) {
            reading.odd(format!("return {} has goods of which no line is told", short(&number)));
        }
        returns.push(ChannelReturn {
            id,
            number,
            state: return_state(reading, &part.get("status"))?,
            created_at: part.get("createdAt").required_time()?,
            lines: lines.into_iter().flatten().collect(),
        });
    }
    Ok(returns)
}

/// Units that come back; nothing where Shopify knows no line for them (a return without its order's
/// goods).
fn returned(line: &Object<'_, '_>) -> Result<Option<ReturnedUnits>, MalformedOrder> {
    let shipped = line.get("fulfillmentLineItem").object()?;
    let Some(line_id) = id_in(&shipped, "lineItem")? else { return Ok(None) };
    let reason = line.get("returnReasonDefinition").object()?;
    Ok(Some(ReturnedUnits {
        line_id,
        quantity: units(&line.get("quantity"))?,
        reason: reason.get("handle").words()?.map(|reason| short(&reason)),
    }))
}

fn return_state(reading: &mut Reading, node: &Node<'_, '_>) -> Result<ChannelReturnState, MalformedOrder> {
    let word = node.required()?;
    Ok(match word.as_str() {
        "REQUESTED" => ChannelReturnState::Requested,
        "OPEN" => ChannelReturnState::Open,
        "CLOSED" => ChannelReturnState::Closed,
        "DECLINED" => ChannelReturnState::Declined,
        "CANCELED" | "CANCELLED" => ChannelReturnState::Cancelled,
        _ => ChannelReturnState::Unknown(reading.unknown(node, &word)),
    })
}
