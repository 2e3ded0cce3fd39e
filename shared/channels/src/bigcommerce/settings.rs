//! What can be set on a connection to a store, with the defaults of the specification. (SPEC KB-02, KB-06)

use weir_domain::outcome::ReasonCode;

use crate::settings::{NO_PUSH, SKU_ALIASING, Setting, switch};

/// The settings of a store.
pub(super) static SETTINGS: &[Setting] = &[
    switch!(
        "awaiting_payment_orders",
        payment_pending_orders,
        false,
        "Orders awaiting payment",
        "Orders import while their payment is awaited; otherwise they wait until they are paid.",
        Some(ReasonCode::PaymentPending),
        None
    ),
    switch!(
        "create_custom_items",
        create_custom_items,
        false,
        "Create custom items",
        "A custom item becomes a product of its own; otherwise its order waits.",
        Some(ReasonCode::CustomItem),
        None
    ),
    switch!(
        "bring_order_changes",
        bring_order_changes,
        true,
        "Bring order changes",
        "Changes that are made in the store to an order that is in are followed, as far as nothing of it was handled.",
        None,
        None
    ),
    switch!(
        "sync_fulfillment_status",
        sync_fulfillment_status,
        true,
        "Sync fulfillment status",
        "An order that is delivered here is completed in the store, and the other way round.",
        None,
        None
    ),
    switch!(
        "push_inventory",
        push_inventory,
        false,
        "Push inventory",
        "What is on hand here is written to the store.",
        None,
        Some(NO_PUSH)
    ),
    SKU_ALIASING,
];
