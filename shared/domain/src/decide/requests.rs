//! What is asked of the channel's warehouse, and what becomes of it there: each decision with all that it
//! changes, reservations among it. A refusal is a value with its words. (SPEC §6, §7)

pub mod check;
pub mod create;
pub mod send;
pub mod follow;
pub mod ship;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Changes,
    booking::{self, Booked, Way},
    merchant::reservations,
};
use crate::{
    business_hours::BusinessHours,
    customer::Address,
    fulfillment_request::{FulfillmentRequest, RequestNumber, ShippingSpeed},
    ids::{ConnectionId, LocationId, VariantId},
    location::{Location, LocationKind},
    money::Money,
    organization::Organization,
    outcome::Because,
    sales_order::{Booking, SalesOrder, StockStep},
    shipment::Shipment,
    stock::Stock,
    variant::{Sku, Tracking, VariantKind},
};

/// What can be set on a connection about its requests. (SPEC FX-20, FX-21)
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestSettings {
    /// Whether requests are sent at all. (SPEC FX-02)
    pub send_fulfillment_requests: bool,
    /// Whether they go by themselves. (SPEC FX-20)
    pub automatically_send: bool,
    /// For how many hours new ones are held.
    pub hold_hours: u16,
    /// Whether they go inside the organization's business hours alone.
    pub only_during_business_hours: bool,
    /// For which orders the automation asks.
    pub rules: RequestRules,
}

/// For which orders the automation asks; what is empty filters nothing. (SPEC FX-21)
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestRules {
    /// The least total of an order.
    pub order_minimum: Option<Money>,
    /// SKUs that are not asked for; the order's other rows are.
    pub excluded_skus: BTreeSet<Sku>,
    /// An order has to have one of these tags.
    pub tags: BTreeSet<String>,
    /// It has to go to one of these countries.
    pub countries: BTreeSet<String>,
}

/// The warehouse that is asked.
#[derive(Clone, Copy, Debug)]
pub struct Warehouse<'a> {
    /// The connection that it is reached by.
    pub connection: &'a ConnectionId,
    /// It as a place of ours.
    pub location: &'a Location,
    /// What is set on the connection.
    pub settings: &'a RequestSettings,
    /// The SKUs of its catalogue. (SPEC FX-24)
    pub catalogue: &'a BTreeSet<String>,
    /// What the connection's aliases call a variant's SKU, if it has any. (SPEC KF-05)
    pub aliases: &'a BTreeMap<Sku, BTreeSet<String>>,
}

/// What is known when a request is made or changed.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The merchant.
    pub organization: &'a Organization,
    /// When its people are at work.
    pub hours: &'a BusinessHours,
    /// Its table of shipping methods. (SPEC FX-23)
    pub methods: &'a BTreeMap<String, ShippingSpeed>,
    /// The order.
    pub order: &'a SalesOrder,
    /// Where it goes.
    pub ship_to: Option<&'a Address>,
    /// How, in the words of the order.
    pub shipping_method: Option<&'a str>,
    /// Its tags.
    pub tags: &'a [String],
    /// Its requests so far.
    pub requests: &'a [FulfillmentRequest],
    /// Whom to ask.
    pub warehouse: Warehouse<'a>,
    /// The merchant's places.
    pub places: &'a BTreeMap<LocationId, Location>,
    /// Which of the order's variants are goods, and what is recorded of each.
    pub variants: &'a BTreeMap<VariantId, (VariantKind, Tracking)>,
    /// The stock of the order's variants at all places that it may be assigned to.
    pub stock: &'a Stock,
    /// The number of the next request; it is the only one of its kind. (SPEC FX-22)
    pub number: &'a RequestNumber,
    /// Now.
    pub now: Timestamp,
}

/// What a decision about requests changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestChanges {
    /// The order and the stock.
    pub changes: Changes,
    /// Requests as they will be.
    pub requests: Vec<FulfillmentRequest>,
    /// Shipments as they will be.
    pub shipments: Vec<ShipmentChange>,
    /// What it rests on.
    pub because: Vec<Because>,
}

/// What becomes of one shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShipmentChange {
    /// It is so.
    Put(Shipment),
    /// It is gone: the real ones took its place, or nothing of it will come.
    Remove(crate::ids::ShipmentId),
}

impl Asking<'_> {
    /// Units of a row that nothing was packed, delivered or asked of.
    fn unasked(&self, row: &crate::sales_order::Row) -> i64 {
        let asked: i64 = self.requests.iter().map(|request| request.asks_for(&row.id)).sum();
        (self.order.open(row) - asked).max(0)
    }

    fn is_goods(&self, variant: &VariantId) -> bool {
        self.variants.get(variant).is_none_or(|(kind, _)| *kind == VariantKind::Product)
    }

    fn tracking(&self) -> BTreeMap<VariantId, Tracking> {
        self.variants.iter().map(|(id, (_, tracking))| (id.clone(), *tracking)).collect()
    }
}

/// Whether a place is a warehouse of the channel that orders may be assigned to.
#[must_use]
pub fn may_be_asked(location: &Location) -> bool {
    location.kind == LocationKind::Fba && location.available_for_fulfillment
}

/// Brings an order to what it will be, with what its places hold for it and what leaves: in one transaction,
/// or as a plan if that is much. (SPEC G-05)
///
/// # Errors
/// How many items one step touches, if that is too many for any transaction.
fn carry_out(
    before: &SalesOrder,
    mut after: SalesOrder,
    mut steps: Vec<StockStep>,
    besides: usize,
    (stock, tracking): (&Stock, &BTreeMap<VariantId, Tracking>),
) -> Result<Changes, usize> {
    steps.extend(reservations(Some(before), &after));
    let mut changes = Changes::default();
    match booking::way(&after, &steps, besides, stock, tracking) {
        Way::AtOnce(booked) => {
            let after = booking::finish_following(&after, &steps, std::slice::from_ref(&booked));
            let Booked { movements, items, serials, .. } = booked;
            (changes.movements, changes.items, changes.serials) = (movements, items, serials);
            changes.order = Some(after);
        }
        Way::InChunks(steps_in_a_chunk) => {
            after.booking = Booking::Following { plan: steps, steps_in_a_chunk, is_new: false };
            changes.order = Some(after);
        }
        Way::Never(touched) => return Err(touched),
    }
    Ok(changes)
}
