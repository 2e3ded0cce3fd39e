//! The shapes themselves: the body of each kind of record, field by field, and the way to the domain's
//! types and back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use weir_app::{
    message::{Signal, SignalCause},
    ports::ledger::{Answer, Bucket, Look, PageMark, Parked, PersonRecord, PollState, RouteTarget, Scope},
};
use weir_domain::{
    Decimal, Timestamp,
    channel_order::ChargeKind,
    connection::{
        Connection, ConnectionSettings, ConnectionStatus, Endpoints, NotificationLink, RemoteAccount,
        ShopSettings,
    },
    customer::{Address, Customer, Person},
    data_request::DataRequest,
    decide::booking::Booked,
    event::{DomainEvent, Effect},
    history::HistoryEntry,
    ids::{
        AccountId, AdjustmentId, ChannelName, ChannelOrderId, ConnectionId, CustomerId, DataRequestId,
        FulfillmentId, LocationId, ManufacturingOrderId, OrganizationId, RowId, RunId, SalesOrderId,
        SalesReturnId, SignalId, VariantId,
    },
    location::{Location, LocationKind},
    manufacturing_order::{ManufacturingOrder, ManufacturingStatus},
    money::Currency,
    organization::{Organization, TimeZoneName},
    outcome::{Because, Observation, Outcome, OutcomeKind, Reason, ReasonCode},
    run::{Job, Run, RunError, RunState},
    sales_order::{
        Booking, ChannelPart, Charge, Flag, Fulfillment, FulfillmentBy, FulfillmentRow, FulfillmentStatus,
        LeftOut, OrderStatus, Row, SalesOrder, Source, StockStep, Tracking as Parcel,
    },
    sales_return::{ReturnRow, ReturnStatus, SalesReturn},
    stock::{
        Adjustment, AdjustmentRow, Batch, BatchTake, Cause, Movement, SerialNumber, SerialState, StockItem,
        StockKey,
    },
    variant::{Sku, Tracking, Variant, VariantKind},
};

use super::words::{Amount, Bytes, Usual, W, is_default, same, shape, unw, w};

// ------------------------------------------------------------------ master data

shape! {
    /// What says all by its key.
    NothingShape {}
}

shape! {
    /// A SKU that something leads to.
    VariantSkuShape { sku: W<Sku> = "s"; }
}

shape! {
    /// A merchant.
    OrganizationShape {
        name: String = "n";
        base_currency: W<Currency> = "c";
        time_zone: W<TimeZoneName> = "z";
        default_delivery_days: u16 = "d";
        inventory_lock_date: Option<W<Date>> = "l" maybe;
        exchange_rates: BTreeMap<W<Currency>, W<Decimal>> = "r" maybe;
        created_at: W<Timestamp> = "m";
    }
}

impl From<&Organization> for OrganizationShape {
    fn from(record: &Organization) -> Self {
        Self {
            name: record.name.clone(),
            base_currency: W(record.base_currency),
            time_zone: W(record.time_zone.clone()),
            default_delivery_days: record.default_delivery_days,
            inventory_lock_date: w(&record.inventory_lock_date),
            exchange_rates: record
                .exchange_rates
                .iter()
                .map(|(currency, rate)| (W(*currency), W(*rate)))
                .collect(),
            created_at: W(record.created_at),
        }
    }
}

impl OrganizationShape {
    pub(super) fn into_record(self, id: &OrganizationId) -> Organization {
        Organization {
            id: id.clone(),
            name: self.name,
            base_currency: self.base_currency.0,
            time_zone: self.time_zone.0,
            default_delivery_days: self.default_delivery_days,
            inventory_lock_date: unw(self.inventory_lock_date),
            exchange_rates: self
                .exchange_rates
                .into_iter()
                .map(|(currency, rate)| (currency.0, rate.0))
                .collect(),
            created_at: self.created_at.0,
        }
    }
}

shape! {
    /// A place.
    LocationShape {
        name: String = "n";
        kind: W<LocationKind> = "k";
        available_for_fulfillment: bool = "a" maybe;
        created_at: W<Timestamp> = "m";
    }
}

impl From<&Location> for LocationShape {
    fn from(record: &Location) -> Self {
        Self {
            name: record.name.clone(),
            kind: W(record.kind),
            available_for_fulfillment: record.available_for_fulfillment,
            created_at: W(record.created_at),
        }
    }
}

impl LocationShape {
    pub(super) fn into_record(self, id: &LocationId) -> Location {
        Location {
            id: id.clone(),
            name: self.name,
            kind: self.kind.0,
            available_for_fulfillment: self.available_for_fulfillment,
            created_at: self.created_at.0,
        }
    }
}

shape! {
    /// A variant.
    VariantShape {
        id: W<VariantId> = "i";
        name: String = "n";
        kind: W<VariantKind> = "k";
        tracking: W<Tracking> = "t";
        default_delivery_days: Option<u16> = "d" maybe;
        created_at: W<Timestamp> = "m";
    }
}

impl From<&Variant> for VariantShape {
    fn from(record: &Variant) -> Self {
        Self {
            id: W(record.id.clone()),
            name: record.name.clone(),
            kind: W(record.kind),
            tracking: W(record.tracking),
            default_delivery_days: record.default_delivery_days,
            created_at: W(record.created_at),
        }
    }
}

impl VariantShape {
    pub(super) fn into_record(self, sku: &Sku) -> Variant {
        Variant {
            id: self.id.0,
            sku: sku.clone(),
            name: self.name,
            kind: self.kind.0,
            tracking: self.tracking.0,
            default_delivery_days: self.default_delivery_days,
            created_at: self.created_at.0,
        }
    }
}

shape! {
    /// A customer.
    CustomerShape {
        name: String = "n";
        email: Option<String> = "e" maybe;
        created_at: W<Timestamp> = "m";
    }
}

impl From<&Customer> for CustomerShape {
    fn from(record: &Customer) -> Self {
        Self { name: record.name.clone(), email: record.email.clone(), created_at: W(record.created_at) }
    }
}

impl CustomerShape {
    pub(super) fn into_record(self, id: &CustomerId) -> Customer {
        Customer { id: id.clone(), name: self.name, email: self.email, created_at: self.created_at.0 }
    }
}

shape! {
    /// The customers of one name.
    CustomersShape { ids: Vec<W<CustomerId>> = "i" maybe; }
}

impl From<&Vec<CustomerId>> for CustomersShape {
    fn from(record: &Vec<CustomerId>) -> Self {
        Self { ids: record.iter().cloned().map(W).collect() }
    }
}

impl From<CustomersShape> for Vec<CustomerId> {
    fn from(shape: CustomersShape) -> Self {
        shape.ids.into_iter().map(|W(id)| id).collect()
    }
}

shape! {
    /// A connection.
    ConnectionShape {
        channel: W<ChannelName> = "ch";
        name: String = "n";
        account: String = "a";
        marketplace: Option<String> = "mp" maybe;
        shared_account: Option<W<AccountId>> = "sa" maybe;
        status: StatusShape = "st";
        default_location: Option<W<LocationId>> = "l" maybe;
        location_map: Vec<MappedLocationShape> = "lm" maybe;
        settings: SettingsShape = "set";
        api: Option<String> = "api" maybe;
        token: Option<String> = "tok" maybe;
        first_activated_at: Option<W<Timestamp>> = "fa" maybe;
        activated_at: Option<W<Timestamp>> = "at" maybe;
        deactivated_at: Option<W<Timestamp>> = "da" maybe;
        orders_from: Option<W<Timestamp>> = "of" maybe;
        notifications: NotificationsShape = "no" maybe;
        created_at: W<Timestamp> = "m";
    }
}

/// Whether a connection works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum StatusShape {
    Inactive {},
    Active {},
    NeedsAttention { r: ReasonShape },
}

/// How far the channel's notifications were set up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum NotificationsShape {
    #[default]
    Off,
    Subscribed {
        s: String,
    },
    Failed {
        m: String,
    },
}

shape! {
    /// One of the channel's locations and ours.
    MappedLocationShape { channel: String = "c"; location: W<LocationId> = "l"; }
}

shape! {
    /// What can be set on a connection.
    SettingsShape {
        sku_aliasing: bool = "a" maybe;
        orders_api: String = "o";
        shop: Option<ShopSettingsShape> = "s" maybe;
    }
}

shape! {
    /// What can be set where the merchant ships; left out where all of it is at its default.
    ShopSettingsShape {
        payment_pending_orders: bool = "pp" maybe;
        shipping_cost_as_fee_line: bool = "sf" maybe;
        custom_non_physical_line_items: W<VariantKind> = "cn";
        bring_order_changes: bool = "oc" maybe;
        bring_location_updates: bool = "lu" maybe;
        bring_returns: bool = "re" maybe;
        sync_fulfillment_status: bool = "fs" maybe;
        push_inventory: bool = "pi" maybe;
        custom_items_wait: bool = "cw" maybe;
    }
}

impl From<&ShopSettings> for ShopSettingsShape {
    fn from(settings: &ShopSettings) -> Self {
        Self {
            payment_pending_orders: settings.payment_pending_orders,
            shipping_cost_as_fee_line: settings.shipping_cost_as_fee_line,
            custom_non_physical_line_items: W(settings.custom_non_physical_line_items),
            bring_order_changes: settings.bring_order_changes,
            bring_location_updates: settings.bring_location_updates,
            bring_returns: settings.bring_returns,
            sync_fulfillment_status: settings.sync_fulfillment_status,
            push_inventory: settings.push_inventory,
            custom_items_wait: !settings.create_custom_items,
        }
    }
}

impl From<ShopSettingsShape> for ShopSettings {
    fn from(shape: ShopSettingsShape) -> Self {
        Self {
            payment_pending_orders: shape.payment_pending_orders,
            shipping_cost_as_fee_line: shape.shipping_cost_as_fee_line,
            create_custom_items: !shape.custom_items_wait,
            custom_non_physical_line_items: shape.custom_non_physical_line_items.0,
            bring_order_changes: shape.bring_order_changes,
            bring_location_updates: shape.bring_location_updates,
            bring_returns: shape.bring_returns,
            sync_fulfillment_status: shape.sync_fulfillment_status,
            push_inventory: shape.push_inventory,
        }
    }
}

impl From<&Connection> for ConnectionShape {
    fn from(record: &Connection) -> Self {
        let mapped = |(channel, location): &(String, LocationId)| MappedLocationShape {
            channel: channel.clone(),
            location: W(location.clone()),
        };
        Self {
            channel: W(record.channel.clone()),
            name: record.name.clone(),
            account: record.remote.account.clone(),
            marketplace: record.remote.marketplace.clone(),
            shared_account: w(&record.shared_account),
            status: match &record.status {
                ConnectionStatus::Inactive => StatusShape::Inactive {},
                ConnectionStatus::Active => StatusShape::Active {},
                ConnectionStatus::NeedsAttention(reason) => StatusShape::NeedsAttention { r: reason.into() },
            },
            default_location: w(&record.default_location),
            location_map: record.location_map.iter().map(mapped).collect(),
            settings: SettingsShape {
                sku_aliasing: record.settings.sku_aliasing,
                orders_api: record.settings.orders_api.clone(),
                shop: (record.settings.shop != ShopSettings::default())
                    .then(|| (&record.settings.shop).into()),
            },
            api: record.endpoints.api.clone(),
            token: record.endpoints.token.clone(),
            first_activated_at: w(&record.first_activated_at),
            activated_at: w(&record.activated_at),
            deactivated_at: w(&record.deactivated_at),
            orders_from: w(&record.orders_from),
            notifications: match &record.notifications {
                NotificationLink::Off => NotificationsShape::Off,
                NotificationLink::Subscribed { subscription } => {
                    NotificationsShape::Subscribed { s: subscription.clone() }
                }
                NotificationLink::Failed { message } => NotificationsShape::Failed { m: message.clone() },
            },
            created_at: W(record.created_at),
        }
    }
}

impl ConnectionShape {
    pub(super) fn into_record(self, id: &ConnectionId) -> Connection {
        Connection {
            id: id.clone(),
            channel: self.channel.0,
            name: self.name,
            remote: RemoteAccount { account: self.account, marketplace: self.marketplace },
            shared_account: unw(self.shared_account),
            status: match self.status {
                StatusShape::Inactive {} => ConnectionStatus::Inactive,
                StatusShape::Active {} => ConnectionStatus::Active,
                StatusShape::NeedsAttention { r } => ConnectionStatus::NeedsAttention(r.into()),
            },
            default_location: unw(self.default_location),
            location_map: self.location_map.into_iter().map(|pair| (pair.channel, pair.location.0)).collect(),
            settings: ConnectionSettings {
                sku_aliasing: self.settings.sku_aliasing,
                orders_api: self.settings.orders_api,
                shop: self.settings.shop.map(ShopSettings::from).unwrap_or_default(),
            },
            endpoints: Endpoints { api: self.api, token: self.token },
            first_activated_at: unw(self.first_activated_at),
            activated_at: unw(self.activated_at),
            deactivated_at: unw(self.deactivated_at),
            orders_from: unw(self.orders_from),
            notifications: match self.notifications {
                NotificationsShape::Off => NotificationLink::Off,
                NotificationsShape::Subscribed { s } => NotificationLink::Subscribed { subscription: s },
                NotificationsShape::Failed { m } => NotificationLink::Failed { message: m },
            },
            created_at: self.created_at.0,
        }
    }
}

// ------------------------------------------------------------------ orders

shape! {
    /// A sales order. Of one that came from a channel the key says connection and order id.
    OrderShape {
        order_no: Usual<String> = "no" maybe;
        source: Option<SourceShape> = "src" maybe;
        status: W<OrderStatus> = "st";
        chunks: Option<u32> = "ck" maybe;
        plan: Option<PlanShape> = "pl" maybe;
        currency: Option<W<Currency>> = "c" maybe;
        exchange_rate: Option<W<Decimal>> = "xr" maybe;
        base_total: Option<W<Amount>> = "bt" maybe;
        channel_total: Option<W<Amount>> = "ct" maybe;
        flags: BTreeSet<W<Flag>> = "fl" maybe;
        customer: Option<W<CustomerId>> = "cu" maybe;
        customer_ref: Option<String> = "cr" maybe;
        rows: Vec<RowShape> = "r" maybe;
        charges: Vec<ChargeShape> = "cg" maybe;
        left_out: BTreeMap<W<LeftOut>, W<Decimal>> = "lf" maybe;
        fulfillments: Vec<FulfillmentShape> = "f" maybe;
        fulfilled_before: BTreeSet<String> = "fb" maybe;
        ordered_at: W<Timestamp> = "o";
        delivery_date: Option<W<Timestamp>> = "d" maybe;
        channel_updated_at: Option<W<Timestamp>> = "u" maybe;
        created_at: W<Timestamp> = "m";
        deleted_at: Option<W<Timestamp>> = "x" maybe;
    }
}

shape! {
    /// The plan of a big order that the merchant ships.
    PlanShape {
        steps: Vec<StepShape> = "s" maybe;
        steps_in_a_chunk: u32 = "n";
        is_new: bool = "new" maybe;
    }
}

/// One step of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum StepShape {
    Leave { f: W<FulfillmentId>, r: W<RowId>, l: W<LocationId> },
    Reserve { l: W<LocationId>, v: W<VariantId>, q: i64 },
}

impl From<&StockStep> for StepShape {
    fn from(step: &StockStep) -> Self {
        match step {
            StockStep::Leave { fulfillment, row, location } => {
                Self::Leave { f: W(fulfillment.clone()), r: W(row.clone()), l: W(location.clone()) }
            }
            StockStep::Reserve { key, quantity } => {
                Self::Reserve { l: W(key.location.clone()), v: W(key.variant.clone()), q: *quantity }
            }
        }
    }
}

impl From<StepShape> for StockStep {
    fn from(shape: StepShape) -> Self {
        match shape {
            StepShape::Leave { f, r, l } => Self::Leave { fulfillment: f.0, row: r.0, location: l.0 },
            StepShape::Reserve { l, v, q } => {
                Self::Reserve { key: StockKey { location: l.0, variant: v.0 }, quantity: q }
            }
        }
    }
}

shape! {
    /// Where an order came from, as far as its key does not say so.
    SourceShape {
        channel: W<ChannelName> = "ch";
        connection: Option<W<ConnectionId>> = "c" maybe;
        channel_order_id: Option<W<ChannelOrderId>> = "o" maybe;
    }
}

shape! {
    /// A row. A unit's price is left out where one unit makes the amount.
    RowShape {
        id: W<RowId> = "i";
        channel_line_id: Usual<String> = "l" maybe;
        sku: W<Sku> = "s";
        channel_sku: Option<String> = "cs" maybe;
        variant: W<VariantId> = "v";
        name: String = "t" maybe;
        quantity: i64 = "q";
        price_per_unit: Usual<W<Decimal>> = "p" maybe;
        amount: Option<W<Decimal>> = "a" maybe;
        discount: Option<W<Decimal>> = "d" maybe;
        tax: Option<W<Decimal>> = "x" maybe;
        tax_rate: Option<W<Decimal>> = "xr" maybe;
        location: Option<W<LocationId>> = "lo" maybe;
        channel_location: Option<String> = "cl" maybe;
        status: Option<W<OrderStatus>> = "st" maybe;
        delivered_quantity: Option<i64> = "dq" maybe;
        invoiced: bool = "in" maybe;
        attributes: BTreeMap<String, String> = "at" maybe;
    }
}

shape! {
    /// A charge besides the goods.
    ChargeShape {
        kind: W<ChargeKind> = "k";
        amount: W<Decimal> = "a";
        discount: Option<W<Decimal>> = "d" maybe;
        tax: Option<W<Decimal>> = "x" maybe;
    }
}

shape! {
    /// What was packed or delivered. Its rows are left out where it is all rows of the order, whole,
    /// without batches and serial numbers.
    FulfillmentShape {
        id: W<FulfillmentId> = "i";
        status: Option<W<FulfillmentStatus>> = "st" maybe;
        rows: Usual<Vec<FulfillmentRowShape>> = "r" maybe;
        tracking: Option<ParcelShape> = "t" maybe;
        by: Option<W<FulfillmentBy>> = "b" maybe;
        moves_no_stock: bool = "ns" maybe;
        at_channel: Vec<ChannelPartShape> = "ac" maybe;
        shipped_at: W<Timestamp> = "s";
        created_at: Usual<W<Timestamp>> = "m" maybe;
    }
}

shape! {
    /// A fulfillment of the channel that is a part of one of ours.
    ChannelPartShape { id: String = "i"; rows: Vec<ChannelPartRowShape> = "r" maybe; }
}

shape! {
    /// Its units of a row.
    ChannelPartRowShape { row: W<RowId> = "r"; quantity: i64 = "q"; }
}

impl From<&ChannelPart> for ChannelPartShape {
    fn from(part: &ChannelPart) -> Self {
        let row =
            |(row, quantity): &(RowId, i64)| ChannelPartRowShape { row: W(row.clone()), quantity: *quantity };
        Self { id: part.id.clone(), rows: part.rows.iter().map(row).collect() }
    }
}

impl From<ChannelPartShape> for ChannelPart {
    fn from(shape: ChannelPartShape) -> Self {
        Self { id: shape.id, rows: shape.rows.into_iter().map(|row| (row.row.0, row.quantity)).collect() }
    }
}

shape! {
    /// A row's part of a fulfillment.
    FulfillmentRowShape {
        row: W<RowId> = "r";
        quantity: i64 = "q";
        batches: Vec<TakeShape> = "b" maybe;
        serial_numbers: Vec<String> = "sn" maybe;
    }
}

shape! {
    /// Units of a batch.
    TakeShape { number: String = "n"; quantity: i64 = "q"; }
}

shape! {
    /// A parcel's tracking.
    ParcelShape {
        number: Option<String> = "n" maybe;
        carrier: Option<String> = "c" maybe;
        url: Option<String> = "u" maybe;
    }
}

/// What a discount is where none is written.
fn some_discount(discount: Decimal) -> Option<W<Decimal>> {
    (!same(discount, Decimal::ZERO)).then_some(W(discount))
}

/// The price of a unit that its row's amount already says.
fn usual_price(quantity: i64, amount: Option<Decimal>) -> Option<Decimal> {
    amount.filter(|_| quantity == 1)
}

/// The channel's line id that a row's id already says.
fn usual_line(id: &RowId) -> Option<String> {
    id.as_str().strip_prefix(RowId::PREFIX).map(str::to_owned)
}

impl From<&SalesOrder> for OrderShape {
    fn from(record: &SalesOrder) -> Self {
        let key_source = record.id.source();
        let usual_no = key_source.as_ref().map(|(_, order)| order.to_string());
        let usual_fulfillment = whole(&record.rows);
        let source = |source: &Source| {
            let (connection, order) = match &key_source {
                Some((connection, order)) => (Some(connection), Some(order)),
                None => (None, None),
            };
            SourceShape {
                channel: W(source.channel.clone()),
                connection: (connection != Some(&source.connection)).then(|| W(source.connection.clone())),
                channel_order_id: (order != Some(&source.channel_order_id))
                    .then(|| W(source.channel_order_id.clone())),
            }
        };
        Self {
            order_no: Usual::of(Some(record.order_no.clone()), &usual_no),
            source: record.source.as_ref().map(source),
            status: W(record.status),
            chunks: match record.booking {
                Booking::Complete | Booking::Following { .. } => None,
                Booking::Committing { chunks } => Some(chunks),
            },
            plan: match &record.booking {
                Booking::Complete | Booking::Committing { .. } => None,
                Booking::Following { plan, steps_in_a_chunk, is_new } => Some(PlanShape {
                    steps: plan.iter().map(StepShape::from).collect(),
                    steps_in_a_chunk: *steps_in_a_chunk,
                    is_new: *is_new,
                }),
            },
            currency: w(&record.currency),
            exchange_rate: w(&record.exchange_rate),
            base_total: record.base_total.map(|money| W(Amount::of(money, record.currency))),
            channel_total: record.channel_total.map(|money| W(Amount::of(money, record.currency))),
            flags: record.flags.iter().copied().map(W).collect(),
            customer: w(&record.customer),
            customer_ref: record.customer_ref.clone(),
            rows: record.rows.iter().map(|row| RowShape::of(row, record.status)).collect(),
            charges: record.charges.iter().map(ChargeShape::from).collect(),
            left_out: record.left_out.iter().map(|(part, amount)| (W(*part), W(*amount))).collect(),
            fulfillments: record
                .fulfillments
                .iter()
                .map(|fulfillment| FulfillmentShape::of(fulfillment, &usual_fulfillment, record.created_at))
                .collect(),
            fulfilled_before: record.fulfilled_before.clone(),
            ordered_at: W(record.ordered_at),
            delivery_date: w(&record.delivery_date),
            channel_updated_at: w(&record.channel_updated_at),
            created_at: W(record.created_at),
            deleted_at: w(&record.deleted_at),
        }
    }
}

impl OrderShape {
    pub(super) fn into_record(self, id: &SalesOrderId) -> Option<SalesOrder> {
        let (connection, order) = id.source().unzip();
        let source = match self.source {
            Some(source) => Some(Source {
                channel: source.channel.0,
                connection: unw(source.connection).or(connection)?,
                channel_order_id: unw(source.channel_order_id).or_else(|| order.clone())?,
            }),
            None => None,
        };
        let (status, created_at) = (self.status.0, self.created_at.0);
        let currency = unw(self.currency);
        let money = |amount: Option<W<Amount>>| match amount {
            Some(W(amount)) => amount.money(currency).map(Some),
            None => Some(None),
        };
        let rows: Vec<Row> = self.rows.into_iter().map(|row| row.into_record(status)).collect();
        let usual_fulfillment = whole(&rows);
        Some(SalesOrder {
            id: id.clone(),
            order_no: self.order_no.or(order.map(|order| order.to_string()))?,
            source,
            status,
            booking: match (self.chunks, self.plan) {
                (None, None) => Booking::Complete,
                (Some(chunks), None) => Booking::Committing { chunks },
                (None, Some(plan)) => Booking::Following {
                    plan: plan.steps.into_iter().map(StockStep::from).collect(),
                    steps_in_a_chunk: plan.steps_in_a_chunk,
                    is_new: plan.is_new,
                },
                (Some(_), Some(_)) => return None,
            },
            currency,
            exchange_rate: unw(self.exchange_rate),
            base_total: money(self.base_total)?,
            channel_total: money(self.channel_total)?,
            flags: self.flags.into_iter().map(|W(flag)| flag).collect(),
            customer: unw(self.customer),
            customer_ref: self.customer_ref,
            charges: self.charges.into_iter().map(Charge::from).collect(),
            left_out: self.left_out.into_iter().map(|(part, amount)| (part.0, amount.0)).collect(),
            fulfilled_before: self.fulfilled_before,
            fulfillments: self
                .fulfillments
                .into_iter()
                .map(|fulfillment| fulfillment.into_record(&usual_fulfillment, created_at))
                .collect(),
            rows,
            ordered_at: self.ordered_at.0,
            delivery_date: unw(self.delivery_date),
            channel_updated_at: unw(self.channel_updated_at),
            created_at,
            deleted_at: unw(self.deleted_at),
        })
    }
}

/// A fulfillment of all rows that have units, whole, without batches and serial numbers.
fn whole(rows: &[Row]) -> Vec<FulfillmentRow> {
    let part = |row: &Row| FulfillmentRow {
        row: row.id.clone(),
        quantity: row.quantity,
        batches: Vec::new(),
        serial_numbers: Vec::new(),
    };
    rows.iter().filter(|row| row.quantity > 0).map(part).collect()
}

impl RowShape {
    pub(super) fn of(row: &Row, order: OrderStatus) -> Self {
        let usual_price = usual_price(row.quantity, row.amount);
        let price_as_usual = match (row.price_per_unit, usual_price) {
            (Some(price), Some(usual)) => same(price, usual),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        Self {
            id: W(row.id.clone()),
            channel_line_id: Usual::of(row.channel_line_id.clone(), &usual_line(&row.id)),
            sku: W(row.sku.clone()),
            channel_sku: row.channel_sku.clone(),
            variant: W(row.variant.clone()),
            name: row.name.clone(),
            quantity: row.quantity,
            price_per_unit: if price_as_usual {
                Usual::AsUsual
            } else {
                Usual::Other(w(&row.price_per_unit))
            },
            amount: w(&row.amount),
            discount: some_discount(row.discount),
            tax: w(&row.tax),
            tax_rate: w(&row.tax_rate),
            location: w(&row.location),
            channel_location: row.channel_location.clone(),
            status: (row.status != order).then_some(W(row.status)),
            delivered_quantity: (row.delivered_quantity != row.quantity).then_some(row.delivered_quantity),
            invoiced: row.invoiced,
            attributes: row.attributes.clone(),
        }
    }

    pub(super) fn into_record(self, order: OrderStatus) -> Row {
        let amount = unw(self.amount);
        Row {
            channel_line_id: self.channel_line_id.or(usual_line(&self.id.0)),
            id: self.id.0,
            sku: self.sku.0,
            channel_sku: self.channel_sku,
            variant: self.variant.0,
            name: self.name,
            quantity: self.quantity,
            price_per_unit: unw(self.price_per_unit.or(usual_price(self.quantity, amount).map(W))),
            amount,
            discount: unw(self.discount).unwrap_or(Decimal::ZERO),
            tax: unw(self.tax),
            tax_rate: unw(self.tax_rate),
            location: unw(self.location),
            channel_location: self.channel_location,
            status: unw(self.status).unwrap_or(order),
            delivered_quantity: self.delivered_quantity.unwrap_or(self.quantity),
            invoiced: self.invoiced,
            attributes: self.attributes,
        }
    }
}

impl From<&Charge> for ChargeShape {
    fn from(charge: &Charge) -> Self {
        Self {
            kind: W(charge.kind),
            amount: W(charge.amount),
            discount: some_discount(charge.discount),
            tax: w(&charge.tax),
        }
    }
}

impl From<ChargeShape> for Charge {
    fn from(shape: ChargeShape) -> Self {
        Self {
            kind: shape.kind.0,
            amount: shape.amount.0,
            discount: unw(shape.discount).unwrap_or(Decimal::ZERO),
            tax: unw(shape.tax),
        }
    }
}

impl FulfillmentShape {
    pub(super) fn of(record: &Fulfillment, usual: &[FulfillmentRow], order_created_at: Timestamp) -> Self {
        let rows = if record.rows == usual {
            Usual::AsUsual
        } else {
            Usual::Other(Some(record.rows.iter().map(FulfillmentRowShape::from).collect()))
        };
        Self {
            id: W(record.id.clone()),
            status: (record.status != FulfillmentStatus::Delivered).then_some(W(record.status)),
            rows,
            tracking: record.tracking.as_ref().map(|parcel| ParcelShape {
                number: parcel.number.clone(),
                carrier: parcel.carrier.clone(),
                url: parcel.url.clone(),
            }),
            by: (record.by != FulfillmentBy::Channel).then_some(W(record.by)),
            moves_no_stock: !record.moves_stock,
            at_channel: record.at_channel.iter().map(ChannelPartShape::from).collect(),
            shipped_at: W(record.shipped_at),
            created_at: Usual::of(Some(W(record.created_at)), &Some(W(order_created_at))),
        }
    }

    pub(super) fn into_record(self, usual: &[FulfillmentRow], order_created_at: Timestamp) -> Fulfillment {
        let rows = match self.rows {
            Usual::AsUsual => usual.to_vec(),
            Usual::Other(rows) => rows.unwrap_or_default().into_iter().map(FulfillmentRow::from).collect(),
        };
        Fulfillment {
            id: self.id.0,
            status: unw(self.status).unwrap_or(FulfillmentStatus::Delivered),
            rows,
            tracking: self.tracking.map(|parcel| Parcel {
                number: parcel.number,
                carrier: parcel.carrier,
                url: parcel.url,
            }),
            by: unw(self.by).unwrap_or(FulfillmentBy::Channel),
            moves_stock: !self.moves_no_stock,
            at_channel: self.at_channel.into_iter().map(ChannelPart::from).collect(),
            shipped_at: self.shipped_at.0,
            created_at: unw(self.created_at.or(None)).unwrap_or(order_created_at),
        }
    }
}

impl From<&FulfillmentRow> for FulfillmentRowShape {
    fn from(row: &FulfillmentRow) -> Self {
        let take = |take: &BatchTake| TakeShape { number: take.number.clone(), quantity: take.quantity };
        Self {
            row: W(row.row.clone()),
            quantity: row.quantity,
            batches: row.batches.iter().map(take).collect(),
            serial_numbers: row.serial_numbers.clone(),
        }
    }
}

impl From<FulfillmentRowShape> for FulfillmentRow {
    fn from(shape: FulfillmentRowShape) -> Self {
        let take = |take: TakeShape| BatchTake { number: take.number, quantity: take.quantity };
        Self {
            row: shape.row.0,
            quantity: shape.quantity,
            batches: shape.batches.into_iter().map(take).collect(),
            serial_numbers: shape.serial_numbers,
        }
    }
}

shape! {
    /// A reason; in its code's own words they are left out.
    ReasonShape {
        code: W<ReasonCode> = "c";
        message: Option<String> = "m" maybe;
        action: Usual<String> = "a" maybe;
    }
}

impl From<&Reason> for ReasonShape {
    fn from(reason: &Reason) -> Self {
        Self {
            code: W(reason.code),
            message: (reason.message != reason.code.sentence()).then(|| reason.message.clone()),
            action: Usual::of(reason.action.clone(), &reason.code.action().map(str::to_owned)),
        }
    }
}

impl From<ReasonShape> for Reason {
    fn from(shape: ReasonShape) -> Self {
        let code = shape.code.0;
        Self {
            code,
            message: shape.message.unwrap_or_else(|| code.sentence().to_owned()),
            action: shape.action.or(code.action().map(str::to_owned)),
        }
    }
}

shape! {
    /// One thing that a decision rests on.
    BecauseShape { code: String = "c"; message: String = "m"; }
}

impl From<&Because> for BecauseShape {
    fn from(because: &Because) -> Self {
        Self { code: because.code.clone(), message: because.message.clone() }
    }
}

impl From<BecauseShape> for Because {
    fn from(shape: BecauseShape) -> Self {
        Self { code: shape.code, message: shape.message }
    }
}

shape! {
    /// The account of an order that a channel showed. Connection and order id are the key's.
    ObservationShape {
        order_no: Option<String> = "no" maybe;
        kind: W<OutcomeKind> = "k";
        reason: ReasonShape = "r";
        because: Vec<BecauseShape> = "b" maybe;
        is_asked_for: bool = "af" maybe;
        channel_updated_at: Option<W<Timestamp>> = "u" maybe;
        digest: Option<String> = "dg" maybe;
        shipped_at: Option<W<Timestamp>> = "sh" maybe;
        skus: Vec<String> = "s" maybe;
        is_this_order: bool = "so" maybe;
        other_order: Option<W<SalesOrderId>> = "oo" maybe;
        first_seen_at: Option<W<Timestamp>> = "f" maybe;
        last_seen_at: Option<W<Timestamp>> = "l" maybe;
        observed_at: W<Timestamp> = "o";
    }
}

impl From<&Observation> for ObservationShape {
    fn from(record: &Observation) -> Self {
        let own = SalesOrderId::for_source(&record.connection, &record.channel_order_id);
        let is_this_order = record.sales_order.as_ref() == Some(&own);
        let unless_observed = |at: Timestamp| (at != record.observed_at).then_some(W(at));
        Self {
            order_no: (record.order_no != record.channel_order_id.as_str()).then(|| record.order_no.clone()),
            kind: W(record.outcome.kind),
            reason: (&record.outcome.reason).into(),
            because: record.because.iter().map(BecauseShape::from).collect(),
            is_asked_for: record.is_asked_for,
            channel_updated_at: w(&record.channel_updated_at),
            digest: record.digest.clone(),
            shipped_at: w(&record.shipped_at),
            skus: record.skus.clone(),
            is_this_order,
            other_order: record.sales_order.clone().filter(|_| !is_this_order).map(W),
            first_seen_at: unless_observed(record.first_seen_at),
            last_seen_at: unless_observed(record.last_seen_at),
            observed_at: W(record.observed_at),
        }
    }
}

impl ObservationShape {
    pub(super) fn into_record(self, id: &SalesOrderId) -> Option<Observation> {
        let (connection, channel_order_id) = id.source()?;
        let observed_at = self.observed_at.0;
        Some(Observation {
            order_no: self.order_no.unwrap_or_else(|| channel_order_id.to_string()),
            connection,
            channel_order_id,
            outcome: Outcome { kind: self.kind.0, reason: self.reason.into() },
            because: self.because.into_iter().map(Because::from).collect(),
            is_asked_for: self.is_asked_for,
            channel_updated_at: unw(self.channel_updated_at),
            digest: self.digest,
            shipped_at: unw(self.shipped_at),
            skus: self.skus,
            sales_order: if self.is_this_order { Some(id.clone()) } else { unw(self.other_order) },
            first_seen_at: unw(self.first_seen_at).unwrap_or(observed_at),
            last_seen_at: unw(self.last_seen_at).unwrap_or(observed_at),
            observed_at,
        })
    }
}

shape! {
    /// A line of a timeline.
    HistoryShape {
        at: W<Timestamp> = "at";
        what: String = "w";
        message: String = "m";
        because: Vec<BecauseShape> = "b" maybe;
        actor: String = "by";
        signal: Option<String> = "sg" maybe;
    }
}

impl From<&HistoryEntry> for HistoryShape {
    fn from(record: &HistoryEntry) -> Self {
        Self {
            at: W(record.at),
            what: record.what.clone(),
            message: record.message.clone(),
            because: record.because.iter().map(BecauseShape::from).collect(),
            actor: record.actor.clone(),
            signal: record.signal.clone(),
        }
    }
}

impl From<HistoryShape> for HistoryEntry {
    fn from(shape: HistoryShape) -> Self {
        Self {
            at: shape.at.0,
            what: shape.what,
            message: shape.message,
            because: shape.because.into_iter().map(Because::from).collect(),
            actor: shape.actor,
            signal: shape.signal,
        }
    }
}

shape! {
    /// The person of an order, with its end.
    PersonShape {
        name: Option<String> = "n" maybe;
        email: Option<String> = "e" maybe;
        billing: Option<AddressShape> = "b" maybe;
        shipping: Option<AddressShape> = "s" maybe;
        expires_at: W<Timestamp> = "x";
    }
}

shape! {
    /// A postal address.
    AddressShape {
        name: Option<String> = "n" maybe;
        company: Option<String> = "o" maybe;
        line_1: Option<String> = "1" maybe;
        line_2: Option<String> = "2" maybe;
        city: Option<String> = "c" maybe;
        state: Option<String> = "s" maybe;
        postal_code: Option<String> = "z" maybe;
        country: Option<String> = "l" maybe;
        phone: Option<String> = "p" maybe;
        email: Option<String> = "e" maybe;
    }
}

impl From<&PersonRecord> for PersonShape {
    fn from(record: &PersonRecord) -> Self {
        Self {
            name: record.person.name.clone(),
            email: record.person.email.clone(),
            billing: record.person.billing.as_ref().map(AddressShape::from),
            shipping: record.person.shipping.as_ref().map(AddressShape::from),
            expires_at: W(record.expires_at),
        }
    }
}

impl From<PersonShape> for PersonRecord {
    fn from(shape: PersonShape) -> Self {
        Self {
            person: Person {
                name: shape.name,
                email: shape.email,
                billing: shape.billing.map(Address::from),
                shipping: shape.shipping.map(Address::from),
            },
            expires_at: shape.expires_at.0,
        }
    }
}

impl From<&Address> for AddressShape {
    fn from(address: &Address) -> Self {
        Self {
            name: address.name.clone(),
            company: address.company.clone(),
            line_1: address.line_1.clone(),
            line_2: address.line_2.clone(),
            city: address.city.clone(),
            state: address.state.clone(),
            postal_code: address.postal_code.clone(),
            country: address.country.clone(),
            phone: address.phone.clone(),
            email: address.email.clone(),
        }
    }
}

impl From<AddressShape> for Address {
    fn from(shape: AddressShape) -> Self {
        Self {
            name: shape.name,
            company: shape.company,
            line_1: shape.line_1,
            line_2: shape.line_2,
            city: shape.city,
            state: shape.state,
            postal_code: shape.postal_code,
            country: shape.country,
            phone: shape.phone,
            email: shape.email,
        }
    }
}

shape! {
    /// A signal that waits for its time. Whose it is and which order it means are the key's.
    ParkedShape {
        id: W<SignalId> = "i";
        snapshot_at: Option<W<Timestamp>> = "sn" maybe;
        cause: SignalCause = "c";
        requested_by: Option<String> = "by" maybe;
        at: W<Timestamp> = "at";
        reason: W<ReasonCode> = "r";
        due_at: W<Timestamp> = "d";
        tries: u32 = "t";
        part: Option<String> = "p" maybe;
    }
}

impl From<&Parked> for ParkedShape {
    fn from(record: &Parked) -> Self {
        Self {
            id: W(record.signal.id.clone()),
            snapshot_at: w(&record.signal.snapshot_at),
            cause: record.signal.cause,
            requested_by: record.signal.requested_by.clone(),
            at: W(record.signal.at),
            reason: W(record.reason),
            due_at: W(record.due_at),
            tries: record.tries,
            part: record.part.clone(),
        }
    }
}

impl ParkedShape {
    pub(super) fn into_record(self, organization: &OrganizationId, id: &SalesOrderId) -> Option<Parked> {
        let (connection, channel_order_id) = id.source()?;
        Some(Parked {
            signal: Signal {
                id: self.id.0,
                organization: organization.clone(),
                connection,
                channel_order_id,
                snapshot_at: unw(self.snapshot_at),
                cause: self.cause,
                requested_by: self.requested_by,
                at: self.at.0,
            },
            part: self.part,
            reason: self.reason.0,
            due_at: self.due_at.0,
            tries: self.tries,
        })
    }
}

// ------------------------------------------------------------------ what hangs on an order

shape! {
    /// Whose a manufacturing or return order is.
    OrderOfShape { order: W<SalesOrderId> = "o"; }
}

shape! {
    /// A manufacturing order. Its id and its sales order are the key's.
    ManufacturingShape {
        row: Option<W<RowId>> = "r" maybe;
        variant: W<VariantId> = "v";
        sku: W<Sku> = "s";
        quantity: i64 = "q";
        status: W<ManufacturingStatus> = "st";
        created_at: W<Timestamp> = "m";
    }
}

impl From<&ManufacturingOrder> for ManufacturingShape {
    fn from(record: &ManufacturingOrder) -> Self {
        Self {
            row: w(&record.row),
            variant: W(record.variant.clone()),
            sku: W(record.sku.clone()),
            quantity: record.quantity,
            status: W(record.status),
            created_at: W(record.created_at),
        }
    }
}

impl ManufacturingShape {
    pub(super) fn into_record(self, order: &SalesOrderId, id: &ManufacturingOrderId) -> ManufacturingOrder {
        ManufacturingOrder {
            id: id.clone(),
            order: order.clone(),
            row: unw(self.row),
            variant: self.variant.0,
            sku: self.sku.0,
            quantity: self.quantity,
            status: self.status.0,
            created_at: self.created_at.0,
        }
    }
}

shape! {
    /// A return order. Its id and its sales order are the key's.
    ReturnShape {
        channel_return_id: Option<String> = "c" maybe;
        number: String = "n";
        status: W<ReturnStatus> = "st";
        rows: Vec<ReturnRowShape> = "r" maybe;
        returned_at: W<Timestamp> = "at";
        created_at: W<Timestamp> = "m";
    }
}

shape! {
    /// A row of it.
    ReturnRowShape {
        row: W<RowId> = "r";
        variant: W<VariantId> = "v";
        sku: W<Sku> = "s";
        quantity: i64 = "q";
        reason: Option<String> = "w" maybe;
    }
}

impl From<&SalesReturn> for ReturnShape {
    fn from(record: &SalesReturn) -> Self {
        let row = |row: &ReturnRow| ReturnRowShape {
            row: W(row.row.clone()),
            variant: W(row.variant.clone()),
            sku: W(row.sku.clone()),
            quantity: row.quantity,
            reason: row.reason.clone(),
        };
        Self {
            channel_return_id: record.channel_return_id.clone(),
            number: record.number.clone(),
            status: W(record.status),
            rows: record.rows.iter().map(row).collect(),
            returned_at: W(record.returned_at),
            created_at: W(record.created_at),
        }
    }
}

impl ReturnShape {
    pub(super) fn into_record(self, order: &SalesOrderId, id: &SalesReturnId) -> SalesReturn {
        let row = |row: ReturnRowShape| ReturnRow {
            row: row.row.0,
            variant: row.variant.0,
            sku: row.sku.0,
            quantity: row.quantity,
            reason: row.reason,
        };
        SalesReturn {
            id: id.clone(),
            order: order.clone(),
            channel_return_id: self.channel_return_id,
            number: self.number,
            status: self.status.0,
            rows: self.rows.into_iter().map(row).collect(),
            returned_at: self.returned_at.0,
            created_at: self.created_at.0,
        }
    }
}

// ------------------------------------------------------------------ stock

shape! {
    /// What a place holds of a variant.
    StockShape {
        on_hand: i64 = "h";
        reserved: i64 = "r" maybe;
        batches: Vec<BatchShape> = "b" maybe;
    }
}

shape! {
    /// Units that came in together.
    BatchShape { number: String = "n"; received_at: W<Timestamp> = "r"; quantity: i64 = "q"; }
}

impl From<&StockItem> for StockShape {
    fn from(record: &StockItem) -> Self {
        let batch = |batch: &Batch| BatchShape {
            number: batch.number.clone(),
            received_at: W(batch.received_at),
            quantity: batch.quantity,
        };
        Self {
            on_hand: record.on_hand,
            reserved: record.reserved,
            batches: record.batches.iter().map(batch).collect(),
        }
    }
}

impl StockShape {
    pub(super) fn into_record(self, key: StockKey) -> StockItem {
        let batch = |batch: BatchShape| Batch {
            number: batch.number,
            received_at: batch.received_at.0,
            quantity: batch.quantity,
        };
        StockItem {
            key,
            on_hand: self.on_hand,
            reserved: self.reserved,
            batches: self.batches.into_iter().map(batch).collect(),
        }
    }
}

/// Where a unit with a serial number is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum SerialStateShape {
    InStock { l: W<LocationId> },
    Sold { o: W<SalesOrderId> },
    Removed {},
}

impl From<&SerialState> for SerialStateShape {
    fn from(state: &SerialState) -> Self {
        match state {
            SerialState::InStock(location) => Self::InStock { l: W(location.clone()) },
            SerialState::Sold(order) => Self::Sold { o: W(order.clone()) },
            SerialState::Removed => Self::Removed {},
        }
    }
}

impl From<SerialStateShape> for SerialState {
    fn from(shape: SerialStateShape) -> Self {
        match shape {
            SerialStateShape::InStock { l } => Self::InStock(l.0),
            SerialStateShape::Sold { o } => Self::Sold(o.0),
            SerialStateShape::Removed {} => Self::Removed,
        }
    }
}

shape! {
    /// A line of the ledger. Place, variant, time and cause are the key's.
    MovementShape {
        sku: W<Sku> = "s";
        quantity: i64 = "q";
        batch: Option<String> = "b" maybe;
        serial_numbers: Vec<String> = "sn" maybe;
    }
}

impl From<&Movement> for MovementShape {
    fn from(record: &Movement) -> Self {
        Self {
            sku: W(record.sku.clone()),
            quantity: record.quantity,
            batch: record.batch.clone(),
            serial_numbers: record.serial_numbers.clone(),
        }
    }
}

impl MovementShape {
    pub(super) fn into_record(self, key: StockKey, at: Timestamp, cause: Cause) -> Movement {
        Movement {
            key,
            sku: self.sku.0,
            quantity: self.quantity,
            batch: self.batch,
            serial_numbers: self.serial_numbers,
            cause,
            at,
        }
    }
}

shape! {
    /// A person's correction of the stock.
    AdjustmentShape {
        location: W<LocationId> = "l";
        reason: String = "re";
        rows: Vec<AdjustmentRowShape> = "r" maybe;
        created_at: W<Timestamp> = "m";
    }
}

shape! {
    /// A row of it.
    AdjustmentRowShape {
        variant: W<VariantId> = "v";
        sku: W<Sku> = "s";
        quantity: i64 = "q";
        batch: Option<String> = "b" maybe;
        received_at: Option<W<Timestamp>> = "r" maybe;
        serial_numbers: Vec<String> = "sn" maybe;
    }
}

impl From<&Adjustment> for AdjustmentShape {
    fn from(record: &Adjustment) -> Self {
        let row = |row: &AdjustmentRow| AdjustmentRowShape {
            variant: W(row.variant.clone()),
            sku: W(row.sku.clone()),
            quantity: row.quantity,
            batch: row.batch.clone(),
            received_at: w(&row.received_at),
            serial_numbers: row.serial_numbers.clone(),
        };
        Self {
            location: W(record.location.clone()),
            reason: record.reason.clone(),
            rows: record.rows.iter().map(row).collect(),
            created_at: W(record.created_at),
        }
    }
}

impl AdjustmentShape {
    pub(super) fn into_record(self, id: &AdjustmentId) -> Adjustment {
        let row = |row: AdjustmentRowShape| AdjustmentRow {
            variant: row.variant.0,
            sku: row.sku.0,
            quantity: row.quantity,
            batch: row.batch,
            received_at: unw(row.received_at),
            serial_numbers: row.serial_numbers,
        };
        Adjustment {
            id: id.clone(),
            location: self.location.0,
            reason: self.reason,
            rows: self.rows.into_iter().map(row).collect(),
            created_at: self.created_at.0,
        }
    }
}

shape! {
    /// A booked chunk of a big order, with all that its key does not say.
    BookedShape {
        rows: Vec<FulfillmentRowShape> = "r" maybe;
        movements: Vec<BookedMovementShape> = "m" maybe;
        items: Vec<BookedItemShape> = "i" maybe;
        serials: Vec<BookedSerialShape> = "s" maybe;
        attributes: BTreeMap<W<RowId>, BTreeMap<String, String>> = "at" maybe;
        flags: BTreeSet<W<Flag>> = "fl" maybe;
        because: Vec<BecauseShape> = "b" maybe;
    }
}

shape! {
    /// A movement of a chunk.
    BookedMovementShape {
        location: W<LocationId> = "l";
        variant: W<VariantId> = "v";
        at: W<Timestamp> = "at";
        cause: CauseShape = "c";
        movement: MovementShape = "m";
    }
}

shape! {
    /// A stock item that a chunk left behind.
    BookedItemShape { location: W<LocationId> = "l"; variant: W<VariantId> = "v"; item: StockShape = "i"; }
}

shape! {
    /// A serial number that a chunk left behind.
    BookedSerialShape { variant: W<VariantId> = "v"; number: String = "n"; state: SerialStateShape = "s"; }
}

/// Why stock moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum CauseShape {
    Delivery { o: W<SalesOrderId>, r: W<RowId>, p: u32 },
    Adjustment { a: W<AdjustmentId>, p: u32 },
    Return { r: W<SalesReturnId>, p: u32 },
}

impl From<&Cause> for CauseShape {
    fn from(cause: &Cause) -> Self {
        match cause {
            Cause::Delivery { order, row, part } => {
                Self::Delivery { o: W(order.clone()), r: W(row.clone()), p: *part }
            }
            Cause::Adjustment { adjustment, part } => Self::Adjustment { a: W(adjustment.clone()), p: *part },
            Cause::Return { sales_return, part } => Self::Return { r: W(sales_return.clone()), p: *part },
        }
    }
}

impl From<CauseShape> for Cause {
    fn from(shape: CauseShape) -> Self {
        match shape {
            CauseShape::Delivery { o, r, p } => Self::Delivery { order: o.0, row: r.0, part: p },
            CauseShape::Adjustment { a, p } => Self::Adjustment { adjustment: a.0, part: p },
            CauseShape::Return { r, p } => Self::Return { sales_return: r.0, part: p },
        }
    }
}

impl From<&Booked> for BookedShape {
    fn from(record: &Booked) -> Self {
        let movement = |movement: &Movement| BookedMovementShape {
            location: W(movement.key.location.clone()),
            variant: W(movement.key.variant.clone()),
            at: W(movement.at),
            cause: (&movement.cause).into(),
            movement: movement.into(),
        };
        let item = |item: &StockItem| BookedItemShape {
            location: W(item.key.location.clone()),
            variant: W(item.key.variant.clone()),
            item: item.into(),
        };
        let serial = |serial: &SerialNumber| BookedSerialShape {
            variant: W(serial.variant.clone()),
            number: serial.number.clone(),
            state: (&serial.state).into(),
        };
        Self {
            rows: record.rows.iter().map(FulfillmentRowShape::from).collect(),
            movements: record.movements.iter().map(movement).collect(),
            items: record.items.values().map(item).collect(),
            serials: record.serials.iter().map(serial).collect(),
            attributes: record
                .attributes
                .iter()
                .map(|(row, values)| (W(row.clone()), values.clone()))
                .collect(),
            flags: record.flags.iter().copied().map(W).collect(),
            because: record.because.iter().map(BecauseShape::from).collect(),
        }
    }
}

impl From<BookedShape> for Booked {
    fn from(shape: BookedShape) -> Self {
        let movement = |line: BookedMovementShape| {
            let key = StockKey { location: line.location.0, variant: line.variant.0 };
            line.movement.into_record(key, line.at.0, line.cause.into())
        };
        let item = |line: BookedItemShape| {
            let key = StockKey { location: line.location.0, variant: line.variant.0 };
            (key.clone(), line.item.into_record(key))
        };
        let serial = |line: BookedSerialShape| SerialNumber {
            number: line.number,
            variant: line.variant.0,
            state: line.state.into(),
        };
        Self {
            rows: shape.rows.into_iter().map(FulfillmentRow::from).collect(),
            movements: shape.movements.into_iter().map(movement).collect(),
            items: shape.items.into_iter().map(item).collect(),
            serials: shape.serials.into_iter().map(serial).collect(),
            attributes: shape.attributes.into_iter().map(|(row, values)| (row.0, values)).collect(),
            flags: shape.flags.into_iter().map(|W(flag)| flag).collect(),
            because: shape.because.into_iter().map(Because::from).collect(),
        }
    }
}

// ------------------------------------------------------------------ what is sent, and the rest

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum EffectShape {
    OrderImported {
        o: W<SalesOrderId>,
        n: String,
    },
    OrderDelivered {
        o: W<SalesOrderId>,
        n: String,
    },
    OrderChanged {
        o: W<SalesOrderId>,
        n: String,
    },
    OrderDeleted {
        o: W<SalesOrderId>,
        n: String,
    },
    OrderNotImported {
        c: W<ConnectionId>,
        n: String,
        k: W<OutcomeKind>,
        r: W<ReasonCode>,
    },
    ConnectionNeedsAttention {
        c: W<ConnectionId>,
        r: W<ReasonCode>,
    },
    RunFinished {
        c: W<ConnectionId>,
        i: W<RunId>,
    },
    CreateFulfillment {
        o: W<SalesOrderId>,
        f: W<FulfillmentId>,
    },
    Recheck {
        #[serde(default, skip_serializing_if = "is_default")]
        c: Option<W<ConnectionId>>,
        #[serde(default, skip_serializing_if = "is_default")]
        r: Option<W<ReasonCode>>,
    },
}

impl From<&Effect> for EffectShape {
    fn from(effect: &Effect) -> Self {
        match effect {
            Effect::Announce(DomainEvent::OrderImported { order, order_no }) => {
                Self::OrderImported { o: W(order.clone()), n: order_no.clone() }
            }
            Effect::Announce(DomainEvent::OrderDelivered { order, order_no }) => {
                Self::OrderDelivered { o: W(order.clone()), n: order_no.clone() }
            }
            Effect::Announce(DomainEvent::OrderChanged { order, order_no }) => {
                Self::OrderChanged { o: W(order.clone()), n: order_no.clone() }
            }
            Effect::Announce(DomainEvent::OrderDeleted { order, order_no }) => {
                Self::OrderDeleted { o: W(order.clone()), n: order_no.clone() }
            }
            Effect::Announce(DomainEvent::OrderNotImported { connection, order_no, kind, code }) => {
                Self::OrderNotImported {
                    c: W(connection.clone()),
                    n: order_no.clone(),
                    k: W(*kind),
                    r: W(*code),
                }
            }
            Effect::Announce(DomainEvent::ConnectionNeedsAttention { connection, code }) => {
                Self::ConnectionNeedsAttention { c: W(connection.clone()), r: W(*code) }
            }
            Effect::Announce(DomainEvent::RunFinished { connection, run }) => {
                Self::RunFinished { c: W(connection.clone()), i: W(run.clone()) }
            }
            Effect::CreateFulfillment { order, fulfillment } => {
                Self::CreateFulfillment { o: W(order.clone()), f: W(fulfillment.clone()) }
            }
            Effect::RecheckWaiting { connection, code } => Self::Recheck { c: w(connection), r: w(code) },
        }
    }
}

impl From<EffectShape> for Effect {
    fn from(shape: EffectShape) -> Self {
        match shape {
            EffectShape::OrderImported { o, n } => {
                Self::Announce(DomainEvent::OrderImported { order: o.0, order_no: n })
            }
            EffectShape::OrderDelivered { o, n } => {
                Self::Announce(DomainEvent::OrderDelivered { order: o.0, order_no: n })
            }
            EffectShape::OrderChanged { o, n } => {
                Self::Announce(DomainEvent::OrderChanged { order: o.0, order_no: n })
            }
            EffectShape::OrderDeleted { o, n } => {
                Self::Announce(DomainEvent::OrderDeleted { order: o.0, order_no: n })
            }
            EffectShape::OrderNotImported { c, n, k, r } => Self::Announce(DomainEvent::OrderNotImported {
                connection: c.0,
                order_no: n,
                kind: k.0,
                code: r.0,
            }),
            EffectShape::ConnectionNeedsAttention { c, r } => {
                Self::Announce(DomainEvent::ConnectionNeedsAttention { connection: c.0, code: r.0 })
            }
            EffectShape::RunFinished { c, i } => {
                Self::Announce(DomainEvent::RunFinished { connection: c.0, run: i.0 })
            }
            EffectShape::CreateFulfillment { o, f } => {
                Self::CreateFulfillment { order: o.0, fulfillment: f.0 }
            }
            EffectShape::Recheck { c, r } => Self::RecheckWaiting { connection: unw(c), code: unw(r) },
        }
    }
}

shape! {
    /// How far the searches of an account are.
    PollShape { main: LookShape = "m"; once: Vec<LookShape> = "o" maybe; }
}

shape! {
    /// One look at an account's changed orders.
    LookShape {
        connections: Vec<W<ConnectionId>> = "c" maybe;
        cursor: W<Timestamp> = "at";
        page: Option<PageShape> = "p" maybe;
        looked_at: Option<W<Timestamp>> = "l" maybe;
        answered_at: Option<W<Timestamp>> = "an" maybe;
        run: Option<RunMarkShape> = "r" maybe;
    }
}

shape! {
    /// Where a search that has begun goes on.
    PageShape { token: String = "t"; marketplaces: Vec<String> = "m" maybe; until: W<Timestamp> = "u"; }
}

shape! {
    /// The run that waits for a look.
    RunMarkShape { connection: W<ConnectionId> = "c"; run: W<RunId> = "r"; }
}

impl From<&PollState> for PollShape {
    fn from(record: &PollState) -> Self {
        Self { main: (&record.main).into(), once: record.once.iter().map(LookShape::from).collect() }
    }
}

impl From<PollShape> for PollState {
    fn from(shape: PollShape) -> Self {
        Self { main: shape.main.into(), once: shape.once.into_iter().map(Look::from).collect() }
    }
}

impl From<&Look> for LookShape {
    fn from(look: &Look) -> Self {
        Self {
            connections: look.connections.iter().cloned().map(W).collect(),
            cursor: W(look.cursor),
            page: look.page.as_ref().map(|page| PageShape {
                token: page.token.clone(),
                marketplaces: page.marketplaces.clone(),
                until: W(page.until),
            }),
            looked_at: w(&look.looked_at),
            answered_at: w(&look.answered_at),
            run: look.run.as_ref().map(|(connection, run)| RunMarkShape {
                connection: W(connection.clone()),
                run: W(run.clone()),
            }),
        }
    }
}

impl From<LookShape> for Look {
    fn from(shape: LookShape) -> Self {
        Self {
            connections: shape.connections.into_iter().map(|W(connection)| connection).collect(),
            cursor: shape.cursor.0,
            page: shape.page.map(|page| PageMark {
                token: page.token,
                marketplaces: page.marketplaces,
                until: page.until.0,
            }),
            looked_at: unw(shape.looked_at),
            answered_at: unw(shape.answered_at),
            run: shape.run.map(|mark| (mark.connection.0, mark.run.0)),
        }
    }
}

shape! {
    /// A run.
    RunShape {
        job: W<Job> = "j";
        state: W<RunState> = "st";
        since: Option<W<Timestamp>> = "si" maybe;
        requested_at: W<Timestamp> = "r";
        started_at: Option<W<Timestamp>> = "s" maybe;
        ended_at: Option<W<Timestamp>> = "e" maybe;
        counts: BTreeMap<String, u64> = "n" maybe;
        errors: Vec<RunErrorShape> = "er" maybe;
    }
}

shape! {
    /// One kind of error of a run.
    RunErrorShape { code: String = "c"; message: String = "m"; sample: Option<String> = "s" maybe; }
}

impl From<&Run> for RunShape {
    fn from(record: &Run) -> Self {
        let error = |error: &RunError| RunErrorShape {
            code: error.code.clone(),
            message: error.message.clone(),
            sample: error.sample.clone(),
        };
        Self {
            job: W(record.job),
            state: W(record.state),
            since: w(&record.since),
            requested_at: W(record.requested_at),
            started_at: w(&record.started_at),
            ended_at: w(&record.ended_at),
            counts: record.counts.clone(),
            errors: record.errors.iter().map(error).collect(),
        }
    }
}

impl RunShape {
    pub(super) fn into_record(self, connection: &ConnectionId, id: &RunId) -> Run {
        let error = |error: RunErrorShape| RunError {
            code: error.code,
            message: error.message,
            sample: error.sample,
        };
        Run {
            id: id.clone(),
            connection: connection.clone(),
            job: self.job.0,
            state: self.state.0,
            since: unw(self.since),
            requested_at: self.requested_at.0,
            started_at: unw(self.started_at),
            ended_at: unw(self.ended_at),
            counts: self.counts,
            errors: self.errors.into_iter().map(error).collect(),
        }
    }
}

shape! {
    /// A buyer's request to know what is held about him.
    DataRequestShape {
        connection: W<ConnectionId> = "c";
        request: Option<String> = "r" maybe;
        orders: Vec<W<ChannelOrderId>> = "o" maybe;
        received_at: W<Timestamp> = "t";
    }
}

impl From<&DataRequest> for DataRequestShape {
    fn from(record: &DataRequest) -> Self {
        Self {
            connection: W(record.connection.clone()),
            request: record.request.clone(),
            orders: record.orders.iter().cloned().map(W).collect(),
            received_at: W(record.received_at),
        }
    }
}

impl DataRequestShape {
    pub(super) fn into_record(self, id: &DataRequestId) -> DataRequest {
        DataRequest {
            id: id.clone(),
            connection: self.connection.0,
            request: self.request,
            orders: self.orders.into_iter().map(|W(order)| order).collect(),
            received_at: self.received_at.0,
        }
    }
}

shape! {
    /// The answer to a POST.
    AnswerShape {
        request_digest: String = "d";
        status: u16 = "s";
        body: W<Bytes> = "b";
        expires_at: W<Timestamp> = "x";
    }
}

impl From<&Answer> for AnswerShape {
    fn from(record: &Answer) -> Self {
        Self {
            request_digest: record.request_digest.clone(),
            status: record.status,
            body: W(Bytes(record.body.clone())),
            expires_at: W(record.expires_at),
        }
    }
}

impl From<AnswerShape> for Answer {
    fn from(shape: AnswerShape) -> Self {
        Self {
            request_digest: shape.request_digest,
            status: shape.status,
            body: shape.body.0.0,
            expires_at: shape.expires_at.0,
        }
    }
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum RouteShape {
    Organization {
        o: W<OrganizationId>,
    },
    Connection {
        o: W<OrganizationId>,
        c: W<ConnectionId>,
    },
    Access {
        o: W<OrganizationId>,
        n: String,
        s: W<Scope>,
        #[serde(default, skip_serializing_if = "is_default")]
        x: Option<W<Timestamp>>,
    },
}

impl From<&RouteTarget> for RouteShape {
    fn from(record: &RouteTarget) -> Self {
        match record {
            RouteTarget::Organization(organization) => Self::Organization { o: W(organization.clone()) },
            RouteTarget::Connection(organization, connection) => {
                Self::Connection { o: W(organization.clone()), c: W(connection.clone()) }
            }
            RouteTarget::Access { organization, name, scope, expires_at } => {
                Self::Access { o: W(organization.clone()), n: name.clone(), s: W(*scope), x: w(expires_at) }
            }
        }
    }
}

impl From<RouteShape> for RouteTarget {
    fn from(shape: RouteShape) -> Self {
        match shape {
            RouteShape::Organization { o } => Self::Organization(o.0),
            RouteShape::Connection { o, c } => Self::Connection(o.0, c.0),
            RouteShape::Access { o, n, s, x } => {
                Self::Access { organization: o.0, name: n, scope: s.0, expires_at: unw(x) }
            }
        }
    }
}

shape! {
    /// A token bucket.
    BucketShape { millitokens: u64 = "t"; at: W<Timestamp> = "at"; refill_millis: Option<u64> = "r" maybe; }
}

impl From<&Bucket> for BucketShape {
    fn from(record: &Bucket) -> Self {
        Self { millitokens: record.millitokens, at: W(record.at), refill_millis: record.refill_millis }
    }
}

impl From<BucketShape> for Bucket {
    fn from(shape: BucketShape) -> Self {
        Self { millitokens: shape.millitokens, at: shape.at.0, refill_millis: shape.refill_millis }
    }
}
