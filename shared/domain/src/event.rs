//! What leaves a commit: announcements to whoever listens, and work for ourselves. They are items of
//! the same transaction (the outbox). (SPEC OP-03, DESIGN "the way through")

use crate::{
    ids::{ConnectionId, FulfillmentId, RunId, SalesOrderId},
    outcome::{OutcomeKind, ReasonCode},
};

/// What a commit sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the world.
    Announce(DomainEvent),
    /// Look again at the orders that wait for this reason. (SPEC G-04)
    RecheckWaiting {
        /// Only of this connection; of all if `None`.
        connection: Option<ConnectionId>,
        /// Only what waits for this; whatever waits if `None`.
        code: Option<ReasonCode>,
    },
    /// Tell the shop that took the order what was packed or delivered. Whoever handles it reads the order
    /// at the shop first ([`crate::decide::push::plan`]), and so does it once. (SPEC KS-41)
    CreateFulfillment {
        /// Whose.
        order: SalesOrderId,
        /// Which.
        fulfillment: FulfillmentId,
    },
}

/// A domain event. It names things and holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainEvent {
    /// An order became a sales order.
    OrderImported {
        /// The order.
        order: SalesOrderId,
        /// The number that people see.
        order_no: String,
    },
    /// All of an order is delivered.
    OrderDelivered {
        /// The order.
        order: SalesOrderId,
        /// The number that people see.
        order_no: String,
    },
    /// An order that was in changed with its channel, or a person changed it.
    OrderChanged {
        /// The order.
        order: SalesOrderId,
        /// The number that people see.
        order_no: String,
    },
    /// An order was deleted, with its channel or by a person.
    OrderDeleted {
        /// The order.
        order: SalesOrderId,
        /// The number that people see.
        order_no: String,
    },
    /// An order was observed and did not become one.
    OrderNotImported {
        /// Of which connection.
        connection: ConnectionId,
        /// The number that people see.
        order_no: String,
        /// Waiting, skipped or failed.
        kind: OutcomeKind,
        /// Why.
        code: ReasonCode,
    },
    /// A connection stopped working.
    ConnectionNeedsAttention {
        /// Which.
        connection: ConnectionId,
        /// Why.
        code: ReasonCode,
    },
    /// A run ended.
    RunFinished {
        /// Of which connection.
        connection: ConnectionId,
        /// Which.
        run: RunId,
    },
}

impl DomainEvent {
    /// The event's name on the bus.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OrderImported { .. } => "OrderImported",
            Self::OrderDelivered { .. } => "OrderDelivered",
            Self::OrderChanged { .. } => "OrderChanged",
            Self::OrderDeleted { .. } => "OrderDeleted",
            Self::OrderNotImported { .. } => "OrderNotImported",
            Self::ConnectionNeedsAttention { .. } => "ConnectionNeedsAttention",
            Self::RunFinished { .. } => "RunFinished",
        }
    }
}
