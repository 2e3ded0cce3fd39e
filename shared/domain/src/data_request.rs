//! A buyer wants to know what is held about him, and the channel passes it on: ids alone, none of the contact
//! data that came with it. (SPEC OP-05)

use jiff::Timestamp;

use crate::ids::{ChannelOrderId, ConnectionId, DataRequestId};

/// One such request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRequest {
    /// Its id.
    pub id: DataRequestId,
    /// Of which connection's buyer.
    pub connection: ConnectionId,
    /// The channel's id of it, where there is one.
    pub request: Option<String>,
    /// The orders that are asked for.
    pub orders: Vec<ChannelOrderId>,
    /// When it came.
    pub received_at: Timestamp,
}
