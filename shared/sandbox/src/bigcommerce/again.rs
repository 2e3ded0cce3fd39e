//! What a local run keeps of a store, so that it is there again after a start: the statuses that applications
//! put. Orders are not kept: the demo makes them anew.

use super::{BigCommerce, Now, Put};

impl BigCommerce {
    /// What was put over the API since this was asked last, in that order.
    pub fn take_puts(&mut self) -> Vec<Put> {
        std::mem::take(&mut self.puts)
    }

    /// Puts again what was put in an earlier life, after everything that had happened to its order by then.
    /// Nothing happens if the order is not there any more.
    pub fn put_again(&mut self, put: &Put) -> bool {
        self.set_status(&put.store, put.order, put.after, Now::at(put.at))
    }
}

/// A time as it is kept: milliseconds since 1970.
pub(super) mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        time.as_millisecond().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
