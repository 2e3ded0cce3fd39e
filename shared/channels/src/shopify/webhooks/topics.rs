//! Which topics Weir listens to, and where each has what it is about. A topic that is not here is
//! passed over. Source: specs/shopify/webhook-schemas-2026-07.

/// A topic on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// The body is an order.
    Order(&'static str),
    /// The body is about a part of an order: it names the order, or only the part.
    OfOrder(&'static str),
    /// `app/uninstalled`.
    Uninstalled,
    /// `customers/data_request`.
    CustomerData,
    /// `customers/redact`.
    EraseCustomer,
    /// `shop/redact`.
    EraseShop,
}

/// Topics whose body is an order.
const ORDERS: [&str; 8] = [
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/delete",
    "orders/link_requested",
];

/// Topics about what belongs to an order.
const OF_ORDERS: [&str; 41] = [
    "orders/edited",
    "orders/risk_assessment_changed",
    "orders/shopify_protect_eligibility_changed",
    "order_transactions/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_events/create",
    "fulfillment_events/delete",
    "fulfillment_holds/added",
    "fulfillment_holds/released",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/cancellation_request_accepted",
    "fulfillment_orders/cancellation_request_rejected",
    "fulfillment_orders/cancellation_request_submitted",
    "fulfillment_orders/fulfillment_request_accepted",
    "fulfillment_orders/fulfillment_request_rejected",
    "fulfillment_orders/fulfillment_request_submitted",
    "fulfillment_orders/fulfillment_service_failed_to_complete",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/line_items_prepared_for_local_delivery",
    "fulfillment_orders/line_items_prepared_for_pickup",
    "fulfillment_orders/manually_reported_progress_stopped",
    "fulfillment_orders/merged",
    "fulfillment_orders/moved",
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/progress_reported",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
    "fulfillment_orders/split",
    "refunds/create",
    "returns/approve",
    "returns/cancel",
    "returns/close",
    "returns/decline",
    "returns/process",
    "returns/reopen",
    "returns/request",
    "returns/update",
    "reverse_deliveries/attach_deliverable",
    "reverse_fulfillment_orders/dispose",
];

/// What a connection subscribes to, as `WebhookSubscriptionTopic` spells it: whatever changes an
/// order as Weir shows it. Each of these touches something that `ORDERS_UPDATED` alone may not tell
/// of. The privacy topics are a setting of the application and cannot be subscribed to.
pub const SUBSCRIBED: [&str; 25] = [
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "ORDERS_EDITED",
    "ORDERS_DELETE",
    "FULFILLMENTS_CREATE",
    "FULFILLMENTS_UPDATE",
    "FULFILLMENT_HOLDS_ADDED",
    "FULFILLMENT_HOLDS_RELEASED",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
    "FULFILLMENT_ORDERS_HOLD_RELEASED",
    "FULFILLMENT_ORDERS_MOVED",
    "FULFILLMENT_ORDERS_SPLIT",
    "FULFILLMENT_ORDERS_MERGED",
    "FULFILLMENT_ORDERS_CANCELLED",
    "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE",
    "FULFILLMENT_ORDERS_SCHEDULED_FULFILLMENT_ORDER_READY",
    "REFUNDS_CREATE",
    "RETURNS_REQUEST",
    "RETURNS_APPROVE",
    "RETURNS_CANCEL",
    "RETURNS_CLOSE",
    "RETURNS_REOPEN",
    "RETURNS_UPDATE",
    "APP_UNINSTALLED",
];

impl Topic {
    /// Reads a topic as the header spells it, in any case.
    pub(super) fn parse(topic: &str) -> Option<Self> {
        let topic = topic.trim().to_ascii_lowercase();
        match topic.as_str() {
            "app/uninstalled" => return Some(Self::Uninstalled),
            "customers/data_request" => return Some(Self::CustomerData),
            "customers/redact" => return Some(Self::EraseCustomer),
            "shop/redact" => return Some(Self::EraseShop),
            _ => {}
        }
        let find = |list: &[&'static str]| list.iter().copied().find(|name| *name == topic);
        find(&ORDERS).map(Self::Order).or_else(|| find(&OF_ORDERS).map(Self::OfOrder))
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Order(name) | Self::OfOrder(name) => name,
            Self::Uninstalled => "app/uninstalled",
            Self::CustomerData => "customers/data_request",
            Self::EraseCustomer => "customers/redact",
            Self::EraseShop => "shop/redact",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_subscribed_to_is_on_the_list() {
        // SPEC: OP-08
        for wanted in SUBSCRIBED {
            let spelled = wanted.to_ascii_lowercase();
            let on_list = ORDERS.iter().chain(&OF_ORDERS).chain(&["app/uninstalled"]);
            assert_eq!(on_list.filter(|name| name.replace('/', "_") == spelled).count(), 1, "{wanted}");
        }
    }
}
