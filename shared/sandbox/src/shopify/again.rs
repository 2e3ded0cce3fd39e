//! What a local run keeps of a shop, so that it is there again after a start: what applications made in it,
//! and where it delivers to. Orders are not kept: the demo makes them anew.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Now, Shopify,
    changes::whole_seconds,
    fulfilling::{Taken, ship, shipped},
    truth::Parcel,
};

/// A fulfillment that an application asked for, and got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The order.
    pub order: u64,
    /// When: milliseconds since 1970, on the wall clock.
    pub at: i64,
    /// The fulfillment orders, each with its lines' ids and units; without lines all that remains of it.
    pub parts: Vec<(u64, Vec<(u64, i64)>)>,
    /// The parcels: carrier, number, and where to look it up.
    pub parcels: Vec<(Option<String>, Option<String>, Option<String>)>,
    /// Whether the buyer was told by mail.
    pub told_buyer: bool,
}

impl Made {
    /// When. A number beyond all times stands for the first of them.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn parts(&self) -> Vec<Taken> {
        let part =
            |(id, lines): &(u64, Vec<(u64, i64)>)| Taken { fulfillment_order: *id, lines: lines.clone() };
        self.parts.iter().map(part).collect()
    }

    fn parcels(&self) -> Vec<Parcel> {
        let parcels = self.parcels.iter().cloned();
        parcels.map(|(company, number, url)| Parcel { company, number, url }).collect()
    }
}

impl Shopify {
    /// What applications made since this was asked last, in that order.
    pub fn take_made(&mut self) -> Vec<Made> {
        std::mem::take(&mut self.made_by_applications)
    }

    /// Makes again what was made in an earlier life, after everything that had happened to its order by
    /// then. Nothing happens if the order is not there any more.
    pub fn make_again(&mut self, made: &Made) -> bool {
        self.carry_out(made, Now::at(made.time())).is_ok()
    }

    /// Makes a fulfillment for an application, and gives its id.
    ///
    /// # Errors
    /// In Shopify's words, if it is impossible; then nothing has changed.
    pub(super) fn carry_out(&mut self, wanted: &Made, now: Now) -> Result<u64, &'static str> {
        let mut ended = Err("Fulfillment order does not exist.");
        self.change(wanted.order, now, |order| {
            ended = ship(order, &wanted.parts(), wanted.parcels(), whole_seconds(now.wall));
            let id = ended.ok()?;
            if let Some(one) = order.fulfillments.last_mut() {
                one.by_application = true;
                one.told_buyer = wanted.told_buyer;
            }
            Some(shipped(order, id))
        });
        ended
    }
}
