//! What can be set on a connection to a shop, with the defaults of the specification. (SPEC KS-10 to KS-17)

use weir_domain::{outcome::ReasonCode, variant::VariantKind};

use crate::settings::{LINE_KINDS, NO_PUSH, Place, SKU_ALIASING, Setting, SettingKind, switch, word};

/// The settings of a shop.
pub(super) static SETTINGS: &[Setting] = &[
    switch!(
        "payment_pending_orders",
        payment_pending_orders,
        false,
        "Payment-pending orders",
        "Orders import while their payment is pending, authorized or made in part; otherwise they wait until they are paid.",
        Some(ReasonCode::PaymentPending),
        None
    ),
    switch!(
        "shipping_cost_as_fee_line",
        shipping_cost_as_fee_line,
        true,
        "Shipping cost as a fee line",
        "What the buyer pays for shipping becomes a line of the order; otherwise the amount is kept beside it. An order that is in keeps to its way.",
        None,
        None
    ),
    Setting {
        name: "custom_non_physical_line_items",
        label: "Custom lines that need no shipping",
        explains: "As what a custom line that needs no shipping is made: a service moves no stock.",
        kind: SettingKind::Words(LINE_KINDS),
        lets_in: None,
        not_built: None,
        place: Place {
            read: |settings| settings.shop.custom_non_physical_line_items.as_str().into(),
            write: |settings, value| {
                let kind = VariantKind::parse(word(value)).unwrap_or(VariantKind::Service);
                settings.shop.custom_non_physical_line_items = kind;
            },
        },
    },
    switch!(
        "bring_order_changes",
        bring_order_changes,
        true,
        "Bring order changes",
        "Changes that are made in the shop to an order that is in are followed, as far as nothing of it was handled.",
        None,
        None
    ),
    switch!(
        "bring_location_updates",
        bring_location_updates,
        true,
        "Bring location updates",
        "A row moves when the shop has another of its locations fulfil it.",
        None,
        None
    ),
    switch!(
        "bring_returns",
        bring_returns,
        false,
        "Bring returns",
        "A return in the shop becomes a return order here.",
        None,
        None
    ),
    switch!(
        "sync_fulfillment_status",
        sync_fulfillment_status,
        true,
        "Sync fulfillment status",
        "What is fulfilled in the shop is delivered here, and what is delivered here is fulfilled in the shop.",
        None,
        None
    ),
    switch!(
        "push_inventory",
        push_inventory,
        false,
        "Push inventory",
        "What is on hand here is written to the shop.",
        None,
        Some(NO_PUSH)
    ),
    SKU_ALIASING,
];
