//! What a local run keeps of a store, so that it is there again after a start: the statuses that applications
//! put. Orders are not kept: the demo makes them anew.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BigCommerce, Now};

/// A status that an application put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The hash of the store.
    pub store: String,
    /// The order.
    pub order: u64,
    /// The status, by its id.
    pub status: i64,
    /// When: milliseconds since 1970, on the wall clock.
    pub at: i64,
}

impl Made {
    /// When. A number beyond all times stands for the first of them.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl BigCommerce {
    /// What applications put since this was asked last, in that order.
    pub fn take_made(&mut self) -> Vec<Made> {
        std::mem::take(&mut self.made_by_applications)
    }

    /// Puts again what was put in an earlier life, after everything that had happened to its order by then.
    /// Nothing happens if the order is not there any more.
    pub fn make_again(&mut self, made: &Made) -> bool {
        self.set_status(&made.store, made.order, made.status, Now::at(made.time()))
    }
}
