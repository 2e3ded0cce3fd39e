//! Shipments: parcels of the warehouse, what stands for them until they are known, and the lines in which the
//! warehouse tells of them, which come late, again, and in any order. (SPEC §7)

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    fulfillment_request::FulfillmentRequest,
    ids::{FulfillmentId, FulfillmentRequestId, RowId, SalesOrderId, ShipmentId},
    variant::Sku,
};

/// A shipment of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Its id, made of the request's number, or of the order's, and of the warehouse's own.
    pub id: ShipmentId,
    /// Whose goods.
    pub order: SalesOrderId,
    /// The request that asked for it; none of an order that the channel itself took.
    pub request: Option<FulfillmentRequestId>,
    /// Whether it is a parcel yet.
    pub status: ShipmentStatus,
    /// The carrier.
    pub carrier: Option<String>,
    /// The carrier's service.
    pub service_level: Option<String>,
    /// The number under which it can be followed.
    pub tracking_number: Option<String>,
    /// When it left.
    pub ship_date: Option<Timestamp>,
    /// What is in it.
    pub lines: Vec<ShipmentLine>,
    /// The fulfillment that delivered it; none while it is provisional.
    pub fulfillment: Option<FulfillmentId>,
}

/// Units of a row in a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentLine {
    /// The order's row.
    pub row: RowId,
    /// Its SKU.
    pub sku: Sku,
    /// Units.
    pub quantity: i64,
}

/// Whether a shipment is a parcel yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShipmentStatus {
    /// It stands for what was asked for and has not shipped. (SPEC CS-06)
    Provisional,
    /// It left. (SPEC CS-08)
    Shipped,
}

impl ShipmentStatus {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Shipped => "shipped",
        }
    }
}

impl ShipmentId {
    /// The id of what stands for a request's shipments until they are known.
    #[must_use]
    pub fn provisional(request: &FulfillmentRequest) -> Self {
        Self::from_token(request.number.as_str())
    }

    /// The id of a parcel, of the name that the request or the order has and of the warehouse's own words for
    /// it, reduced to what an id may hold.
    #[must_use]
    pub fn parcel(of: &str, words: &str) -> Self {
        let allowed = |text: &str| -> String {
            let is_allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
            text.chars().filter(is_allowed).take(44).collect()
        };
        Self::from_token(&format!("{}_{}", allowed(of), allowed(words)))
    }
}

/// What stands for the units of a request that are still to come, once it was sent; `None` if there are
/// none. (SPEC CS-06)
#[must_use]
pub fn provisional(request: &FulfillmentRequest) -> Option<Shipment> {
    if request.status.is_over() || !request.was_sent() {
        return None;
    }
    let pending = request.rows.iter().filter(|row| row.pending() > 0);
    let lines: Vec<ShipmentLine> = pending
        .map(|row| ShipmentLine { row: row.row.clone(), sku: row.sku.clone(), quantity: row.pending() })
        .collect();
    (!lines.is_empty()).then(|| Shipment {
        id: ShipmentId::provisional(request),
        order: request.order.clone(),
        request: Some(request.id.clone()),
        status: ShipmentStatus::Provisional,
        carrier: None,
        service_level: None,
        tracking_number: None,
        ship_date: None,
        lines,
        fulfillment: None,
    })
}

/// A line in which the warehouse tells of units that left: one row of its report, without the buyer. Empty
/// words are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShippedLine {
    /// The channel's order.
    pub channel_order: Option<String>,
    /// The request's number, as the warehouse repeats it; for orders of the channel something else.
    pub request_number: Option<String>,
    /// The warehouse's shipment; sometimes empty. (SPEC FX-36)
    pub shipment: Option<String>,
    /// Its line of that shipment; sometimes empty.
    pub shipment_line: Option<String>,
    /// The channel's line of the order.
    pub channel_line: Option<String>,
    /// The id of the request's row, as the warehouse repeats it.
    pub request_row: Option<String>,
    /// The SKU as the warehouse knows it.
    pub sku: String,
    /// Units, positive.
    pub quantity: i64,
    /// The carrier.
    pub carrier: Option<String>,
    /// The carrier's service.
    pub service_level: Option<String>,
    /// The number under which it can be followed; it may come later than the line.
    pub tracking_number: Option<String>,
    /// When it left.
    pub shipped_at: Option<Timestamp>,
}

impl ShippedLine {
    /// What tells a line from others, for ever: not the tracking, which may come later, nor what the buyer
    /// paid. Equal lines of one report can all be real, and are counted. (SPEC FX-32)
    #[must_use]
    pub fn identity(&self) -> String {
        let words = [
            self.channel_order.as_deref(),
            self.request_number.as_deref(),
            self.shipment.as_deref(),
            self.shipment_line.as_deref(),
            self.channel_line.as_deref(),
            self.request_row.as_deref(),
            Some(self.sku.as_str()),
        ];
        let mut identity = String::new();
        for word in words {
            // What separates cannot stand in a line of a report, so no two lines run together.
            identity.push_str(word.unwrap_or_default());
            identity.push('\t');
        }
        let shipped_at = self.shipped_at.map(Timestamp::as_second).unwrap_or_default();
        identity.push_str(&format!("{}\t{shipped_at}", self.quantity));
        identity
    }

    /// What parcel it is in: the warehouse's shipment with its tracking, or what else is known of it.
    #[must_use]
    pub fn parcel(&self) -> Parcel {
        Parcel {
            shipment: self.shipment.clone(),
            tracking_number: self.tracking_number.clone(),
            carrier: self.carrier.clone(),
            service_level: self.service_level.clone(),
            shipped_at: self.shipped_at,
        }
    }
}

/// What lines of one parcel have in common. One shipment of the warehouse may go in several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parcel {
    /// The warehouse's shipment.
    pub shipment: Option<String>,
    /// The number under which it can be followed.
    pub tracking_number: Option<String>,
    /// The carrier.
    pub carrier: Option<String>,
    /// Its service.
    pub service_level: Option<String>,
    /// When it left.
    pub shipped_at: Option<Timestamp>,
}

impl Parcel {
    /// Words that name it among the parcels of one request.
    #[must_use]
    pub fn words(&self) -> String {
        let shipped_at = self.shipped_at.map(|at| at.as_second().to_string());
        match (&self.shipment, &self.tracking_number, shipped_at) {
            (Some(shipment), Some(number), _) => format!("{shipment}-{number}"),
            (Some(word), None, _) | (None, Some(word), _) => word.clone(),
            (None, None, Some(shipped_at)) => shipped_at,
            (None, None, None) => "unnamed".to_owned(),
        }
    }
}

/// The lines of a report that were not booked before. `known` says how many lines of each identity were; of a
/// report that has more of them, only the higher ordinals are new, whichever those are. (SPEC FX-32)
#[must_use]
pub fn new_lines<'a>(known: &BTreeMap<String, u32>, report: &'a [ShippedLine]) -> Vec<&'a ShippedLine> {
    let mut ordinals: BTreeMap<String, u32> = BTreeMap::new();
    let is_new = |line: &&ShippedLine| {
        let identity = line.identity();
        let before = known.get(&identity).copied().unwrap_or_default();
        let ordinal = ordinals.entry(identity).or_insert(0);
        *ordinal += 1;
        *ordinal > before
    };
    report.iter().filter(is_new).collect::<Vec<_>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(shipment: &str, sku: &str, quantity: i64) -> ShippedLine {
        let word = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ShippedLine {
            shipment: word(shipment),
            sku: sku.to_owned(),
            quantity,
            request_number: word("N-1"),
            ..ShippedLine::default()
        }
    }

    fn known(lines: &[ShippedLine]) -> BTreeMap<String, u32> {
        let mut known = BTreeMap::new();
        for line in lines {
            *known.entry(line.identity()).or_insert(0) += 1;
        }
        known
    }

    // SPEC: FX-32, FX-36
    #[test]
    fn a_line_is_new_by_its_identity_and_its_ordinal() {
        let (a, b, bare) = (line("S1", "A", 1), line("S1", "B", 1), line("", "A", 1));
        let tracked = ShippedLine { tracking_number: Some("1Z9".to_owned()), ..a.clone() };
        let table: [(&[ShippedLine], &[ShippedLine], usize); 8] = [
            (&[], &[a.clone(), b.clone()], 2),
            (std::slice::from_ref(&a), &[a.clone(), b.clone()], 1),
            (&[a.clone(), b.clone()], &[b.clone(), a.clone()], 0),
            // Two equal lines can both be real; a later report adds the third.
            (&[], &[a.clone(), a.clone()], 2),
            (&[a.clone(), a.clone()], &[a.clone(), a.clone(), a.clone()], 1),
            // A report that has fewer of them takes nothing back.
            (&[a.clone(), a.clone()], std::slice::from_ref(&a), 0),
            // A number that came later makes no new line; a line without a shipment is one of its own.
            (std::slice::from_ref(&a), &[tracked], 0),
            (std::slice::from_ref(&a), &[bare.clone(), bare], 2),
        ];
        for (before, report, expected) in table {
            assert_eq!(new_lines(&known(before), report).len(), expected, "{before:?} {report:?}");
        }
    }

    #[test]
    fn no_two_lines_run_together() {
        assert_ne!(line("S1", "A", 11).identity(), line("S1", "A1", 1).identity());
        let moved = ShippedLine { channel_line: Some("x".to_owned()), ..line("S1", "A", 1) };
        let other = ShippedLine { request_row: Some("x".to_owned()), ..line("S1", "A", 1) };
        assert_ne!(moved.identity(), other.identity());
    }
}
