//! What left the warehouse: lines of its reports and looks become delivered fulfillments, each line once, in
//! whatever order and however often they come. (SPEC §7, CS-08)

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{RequestChanges, ShipmentChange, carry_out, follow};
use crate::{
    decide::{fulfill::Here, period_locked, push},
    event::{DomainEvent, Effect},
    fulfillment_request::FulfillmentRequest,
    ids::{FulfillmentId, ShipmentId},
    outcome::Because,
    sales_order::{
        Fulfillment, FulfillmentBy, FulfillmentRow, FulfillmentStatus, OrderStatus, SalesOrder, StockStep,
        Tracking as Parcels,
    },
    shipment::{Parcel, Shipment, ShipmentLine, ShipmentStatus, ShippedLine, new_lines},
};

/// A line that could not be attached, and why. (SPEC FX-33)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The line.
    pub line: ShippedLine,
    /// Why.
    pub why: WhyUnmatched,
}

/// Why a line could not be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyUnmatched {
    /// No request and no order of ours has its number.
    OrderUnknown,
    /// Its order lies before what is looked back upon.
    OutsideLookback,
    /// The request or order has no row of its SKU.
    SkuUnknown,
    /// More units than were asked for.
    TooManyUnits,
    /// No units, or no time at which they left.
    Incomplete,
    /// Its day lies in the locked period; it comes again with the next report. (SPEC G-09)
    PeriodLocked,
}

impl WhyUnmatched {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderUnknown => "order_unknown",
            Self::OutsideLookback => "outside_lookback",
            Self::SkuUnknown => "sku_unknown",
            Self::TooManyUnits => "too_many_units",
            Self::Incomplete => "incomplete",
            Self::PeriodLocked => "period_locked",
        }
    }
}

/// What lines of one request come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrived {
    /// What changes; nothing, if all was booked before.
    pub changed: RequestChanges,
    /// Lines that could not be attached.
    pub unmatched: Vec<Unmatched>,
}

/// Books what left with a request. `report` are all lines of one report, or of one look, that bear its number;
/// those that were booked before change nothing. Each parcel becomes one delivered fulfillment, and the shop is
/// told of it. (SPEC FX-31, FX-32, CS-08)
#[must_use]
pub fn ship(
    request: &FulfillmentRequest,
    order: &SalesOrder,
    requests: &[FulfillmentRequest],
    report: &[ShippedLine],
    here: &Here<'_>,
) -> Arrived {
    let mut matching = Matching::new(request, order, here);
    for line in new_lines(&request.received, report) {
        matching.take(line);
    }
    let Matching { parcels, units, received, unmatched, .. } = matching;
    if parcels.is_empty() {
        return Arrived { unmatched, ..Arrived::default() };
    }
    // The request that ships was sent, whatever its last word: the warehouse has just proved it.
    let sent = FulfillmentRequest { attempts: request.attempts.max(1), ..request.clone() };
    let Ok(mut after) = sent.ship(&units, here.now) else {
        return Arrived { unmatched, ..Arrived::default() };
    };
    after.received = received;
    let mut plan = order.clone();
    let (mut steps, mut shipments, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for (parcel, lines) in parcels {
        let fulfillment = deliver(&mut plan, request, &parcel, &lines, here.now);
        for part in &fulfillment.rows {
            let (fulfillment, row, location) =
                (fulfillment.id.clone(), part.row.clone(), request.location.clone());
            steps.push(StockStep::Leave { fulfillment, row, location });
        }
        shipments.push(ShipmentChange::Put(shipment(request, &parcel, &fulfillment, order)));
        made.push(fulfillment.id);
    }
    plan.settle();
    // A request that ends with this may have given up the rest before: that is held no longer.
    let (plan, freed) = follow::free(plan, &after, requests);
    let besides = 1 + shipments.len();
    let booked = carry_out(order, plan, steps, besides, (here.stock, here.tracking));
    let Ok(mut changes) = booked else {
        // One row out of more batches than any transaction holds: nothing is lost, the lines come again.
        let because =
            vec![Because::new("too_many_batches", "A row touches more batches than can be booked at once.")];
        return Arrived { changed: RequestChanges { because, ..RequestChanges::default() }, unmatched };
    };
    changes.effects = messages(order, changes.order.as_ref(), &made, here);
    shipments.extend(follow::stand_in(request, &after));
    let mut because = vec![Because::new("shipped", format!("The warehouse shipped {} parcels.", made.len()))];
    if !freed.is_empty() {
        because.push(Because::new("freed", format!("Free again: {}.", freed.join(", "))));
    }
    Arrived { changed: RequestChanges { changes, requests: vec![after], shipments, because }, unmatched }
}

/// Lines on their way to the request's rows.
struct Matching<'a> {
    request: &'a FulfillmentRequest,
    order: &'a SalesOrder,
    here: &'a Here<'a>,
    /// Units of each of the request's rows in each parcel, in the order of the report.
    parcels: BTreeMap<Parcel, BTreeMap<String, i64>>,
    /// All of them, by row.
    units: BTreeMap<String, i64>,
    received: BTreeMap<String, u32>,
    unmatched: Vec<Unmatched>,
}

impl<'a> Matching<'a> {
    fn new(request: &'a FulfillmentRequest, order: &'a SalesOrder, here: &'a Here<'a>) -> Self {
        Self {
            request,
            order,
            here,
            parcels: BTreeMap::new(),
            units: BTreeMap::new(),
            received: request.received.clone(),
            unmatched: Vec::new(),
        }
    }

    fn take(&mut self, line: &ShippedLine) {
        match self.place(line) {
            Err(why) => self.unmatched.push(Unmatched { line: line.clone(), why }),
            Ok(rows) => {
                for (row, quantity) in rows {
                    *self.units.entry(row.clone()).or_insert(0) += quantity;
                    let parcel = self.parcels.entry(line.parcel()).or_default();
                    *parcel.entry(row).or_insert(0) += quantity;
                }
                *self.received.entry(line.identity()).or_insert(0) += 1;
            }
        }
    }

    /// Which rows a line's units are of: the one that it names, or those of its SKU that have some to come.
    fn place(&self, line: &ShippedLine) -> Result<Vec<(String, i64)>, WhyUnmatched> {
        let shipped_at = line.shipped_at.filter(|_| line.quantity > 0).ok_or(WhyUnmatched::Incomplete)?;
        if period_locked(self.here.organization, shipped_at).is_some() {
            return Err(WhyUnmatched::PeriodLocked);
        }
        let of_sku = || self.request.rows.iter().filter(|row| row.warehouse_sku == line.sku);
        if of_sku().next().is_none() {
            return Err(WhyUnmatched::SkuUnknown);
        }
        let is_named = |id: &str| line.request_row.as_deref() == Some(id);
        let mut rows: Vec<_> = of_sku().collect();
        rows.sort_by_key(|row| !is_named(&row.id));
        let (mut left, mut found) = (line.quantity, Vec::new());
        for row in rows {
            // Units that were given up may have shipped all the same; what somebody else delivered has not.
            let taken = self.units.get(&row.id).copied().unwrap_or_default();
            let open = self.order.rows.iter().find(|of_order| of_order.id == row.row);
            let open = open.map_or(0, |of_order| self.order.open(of_order)) - self.taken_of(&row.row);
            let units = left.min(row.quantity - row.shipped - taken).min(open);
            if units > 0 {
                found.push((row.id.clone(), units));
                left -= units;
            }
        }
        if left > 0 { Err(WhyUnmatched::TooManyUnits) } else { Ok(found) }
    }

    /// Units of an order's row that this report's lines have taken.
    fn taken_of(&self, row: &crate::ids::RowId) -> i64 {
        let parts = self.request.rows.iter().filter(|part| part.row == *row);
        parts.filter_map(|part| self.units.get(&part.id)).sum()
    }
}

/// Adds the fulfillment of one parcel. Lines of it that come with a later report make another one.
fn deliver(
    plan: &mut SalesOrder,
    request: &FulfillmentRequest,
    parcel: &Parcel,
    units: &BTreeMap<String, i64>,
    now: Timestamp,
) -> Fulfillment {
    let mut rows: BTreeMap<_, i64> = BTreeMap::new();
    for (id, quantity) in units {
        if let Some(part) = request.row(id) {
            *rows.entry(part.row.clone()).or_insert(0) += quantity;
        }
    }
    let shipment = ShipmentId::parcel(request.number.as_str(), &parcel.words());
    let token = shipment.as_str().trim_start_matches(ShipmentId::PREFIX);
    let known: BTreeSet<&FulfillmentId> = plan.fulfillments.iter().map(|known| &known.id).collect();
    let ids = (1_u32..).map(|part| match part {
        1 => FulfillmentId::from_token(token),
        part => FulfillmentId::from_token(&format!("{token}.{part}")),
    });
    let id =
        ids.into_iter().find(|id| !known.contains(id)).unwrap_or_else(|| FulfillmentId::from_token(token));
    let tracking = parcel.tracking_number.is_some() || parcel.carrier.is_some();
    let fulfillment = Fulfillment {
        id,
        status: FulfillmentStatus::Delivered,
        rows: rows
            .into_iter()
            .map(|(row, quantity)| FulfillmentRow {
                row,
                quantity,
                batches: Vec::new(),
                serial_numbers: Vec::new(),
            })
            .collect(),
        tracking: tracking.then(|| Parcels {
            number: parcel.tracking_number.clone(),
            carrier: parcel.carrier.clone(),
            url: None,
        }),
        by: FulfillmentBy::Weir,
        moves_stock: true,
        at_channel: Vec::new(),
        shipped_at: parcel.shipped_at.unwrap_or(now),
        created_at: now,
    };
    plan.fulfillments.push(fulfillment.clone());
    fulfillment
}

fn shipment(
    request: &FulfillmentRequest,
    parcel: &Parcel,
    fulfillment: &Fulfillment,
    order: &SalesOrder,
) -> Shipment {
    let sku = |row: &crate::ids::RowId| order.rows.iter().find(|of_order| of_order.id == *row);
    let lines = fulfillment.rows.iter().filter_map(|part| {
        let row = sku(&part.row)?;
        Some(ShipmentLine { row: part.row.clone(), sku: row.sku.clone(), quantity: part.quantity })
    });
    Shipment {
        // As the fulfillment, so that what came later in the same parcel takes nobody's place.
        id: ShipmentId::from_token(fulfillment.id.as_str().trim_start_matches(FulfillmentId::PREFIX)),
        order: request.order.clone(),
        request: Some(request.id.clone()),
        status: ShipmentStatus::Shipped,
        carrier: parcel.carrier.clone(),
        service_level: parcel.service_level.clone(),
        tracking_number: parcel.tracking_number.clone(),
        ship_date: parcel.shipped_at,
        lines: lines.collect(),
        fulfillment: Some(fulfillment.id.clone()),
    }
}

/// What the commit sends: for a big order its plan's last transaction does. (SPEC KS-41, CS-08)
fn messages(
    before: &SalesOrder,
    after: Option<&SalesOrder>,
    made: &[FulfillmentId],
    here: &Here<'_>,
) -> Vec<Effect> {
    let Some(after) = after.filter(|after| after.is_visible()) else { return Vec::new() };
    let (order, order_no) = (after.id.clone(), after.order_no.clone());
    let is_delivered = |order: &SalesOrder| order.status == OrderStatus::Delivered;
    let event = match is_delivered(after) && !is_delivered(before) {
        true => DomainEvent::OrderDelivered { order, order_no },
        false => DomainEvent::OrderChanged { order, order_no },
    };
    let pushes = made.iter().filter_map(|id| push::wanted(after, id, here.connection));
    std::iter::once(Effect::Announce(event)).chain(pushes).collect()
}

/// Attaches lines to an order that the channel itself took and shipped: its stock moved when it came in, so
/// they tell of parcels and of nothing else. Each parcel is one shipment, also when more of its lines come
/// later; a tracking number that comes later is added. (SPEC FX-31)
#[must_use]
pub fn attach(
    order: &SalesOrder,
    known: &[Shipment],
    report: &[ShippedLine],
) -> (Vec<Shipment>, Vec<Unmatched>) {
    let mut unmatched = Vec::new();
    let mut parcels: BTreeMap<ShipmentId, Shipment> = BTreeMap::new();
    for line in report {
        let is_row = |row: &&crate::sales_order::Row| {
            row.channel_sku.as_deref().unwrap_or(row.sku.as_str()) == line.sku || row.sku.as_str() == line.sku
        };
        let Some(row) = order.rows.iter().find(is_row) else {
            unmatched.push(Unmatched { line: line.clone(), why: WhyUnmatched::SkuUnknown });
            continue;
        };
        if line.quantity <= 0 {
            unmatched.push(Unmatched { line: line.clone(), why: WhyUnmatched::Incomplete });
            continue;
        }
        let parcel = line.parcel();
        // Without the number under which it is followed, which may come later.
        let named = Parcel {
            tracking_number: parcel.tracking_number.clone().filter(|_| parcel.shipment.is_none()),
            ..parcel
        };
        let id = ShipmentId::parcel(&order.order_no, &named.words());
        let shipment = parcels.entry(id.clone()).or_insert_with(|| Shipment {
            id,
            order: order.id.clone(),
            request: None,
            status: ShipmentStatus::Shipped,
            carrier: None,
            service_level: None,
            tracking_number: None,
            ship_date: None,
            lines: Vec::new(),
            fulfillment: order.fulfillments.first().map(|fulfillment| fulfillment.id.clone()),
        });
        let fill = |known: &mut Option<String>, told: &Option<String>| {
            if told.is_some() {
                known.clone_from(told);
            }
        };
        fill(&mut shipment.carrier, &line.carrier);
        fill(&mut shipment.service_level, &line.service_level);
        fill(&mut shipment.tracking_number, &line.tracking_number);
        shipment.ship_date = shipment.ship_date.or(line.shipped_at);
        match shipment.lines.iter_mut().find(|known| known.row == row.id) {
            Some(known) => known.quantity += line.quantity,
            None => shipment.lines.push(ShipmentLine {
                row: row.id.clone(),
                sku: row.sku.clone(),
                quantity: line.quantity,
            }),
        }
    }
    let changed = parcels.into_values().map(|new| merged(known, new));
    let changed = changed.filter(|shipment| !known.contains(shipment)).collect();
    (changed, unmatched)
}

/// A report that tells less of a parcel than an earlier one takes nothing back.
fn merged(known: &[Shipment], mut new: Shipment) -> Shipment {
    let Some(before) = known.iter().find(|shipment| shipment.id == new.id) else { return new };
    for line in &before.lines {
        match new.lines.iter_mut().find(|of_new| of_new.row == line.row) {
            Some(of_new) => of_new.quantity = of_new.quantity.max(line.quantity),
            None => new.lines.push(line.clone()),
        }
    }
    new.lines.sort_by(|a, b| a.row.cmp(&b.row));
    let keep = |now: Option<String>, before: &Option<String>| now.or_else(|| before.clone());
    new.carrier = keep(new.carrier, &before.carrier);
    new.service_level = keep(new.service_level, &before.service_level);
    new.tracking_number = keep(new.tracking_number, &before.tracking_number);
    new.ship_date = before.ship_date.or(new.ship_date);
    new.fulfillment = before.fulfillment.clone().or(new.fulfillment);
    new
}
