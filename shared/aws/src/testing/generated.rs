//! Generated records for the properties: from a seed, so that a failure can be repeated.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use weir_app::{
    message::{Signal, SignalCause},
    ports::{
        Key, Record,
        ledger::{
            Answer, Bucket, Look, OutboxKey, PageMark, Parked, PersonRecord, PollState, Route, RouteTarget,
            Scope, Snapshot,
        },
    },
};
use weir_domain::{
    Decimal,
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
    money::{Currency, Money},
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
    variant::{Sku, SkuAlias, Tracking, Variant, VariantKind},
};

/// How many kinds of records there are.
pub(crate) const KINDS: usize = 31;

/// A source of values.
pub(crate) struct Gen(u64);

impl Gen {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (SplitMix64).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.yes().then(|| make(self))
    }

    fn some<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| make(self)).collect()
    }

    /// Anything a person may have typed.
    fn text(&mut self) -> String {
        let pieces =
            ["", "#", "%", "%23", "a", "Z9", " ", "\"", "\\", "ü", "箱", "/", ",", "0", "null", "~", "\u{1}"];
        (0..self.below(6)).map(|_| self.one(&pieces)).collect()
    }

    fn word(&mut self) -> String {
        let pieces = ["a", "Z", "0", "_", "-", ".", "x9", "ROUTE", "RATE", "A", "H"];
        (0..=self.below(3)).map(|_| self.one(&pieces)).collect()
    }

    fn sku(&mut self) -> Sku {
        loop {
            if let Ok(sku) = Sku::parse(&self.text()) {
                return sku;
            }
        }
    }

    fn decimal(&mut self) -> Decimal {
        let scale = u32::try_from(self.below(11)).unwrap();
        let number = i64::try_from(self.next() >> self.below(60)).unwrap_or(0);
        Decimal::new(if self.yes() { number } else { -(number / 7) }, scale)
    }

    pub(crate) fn time(&mut self) -> Timestamp {
        let second = match self.below(4) {
            0 => i64::try_from(self.next() >> 34).unwrap(),
            1 => 1_784_000_000 + i64::try_from(self.below(1_000_000)).unwrap(),
            2 => Timestamp::MIN.as_second() + i64::try_from(self.next() >> 28).unwrap(),
            _ => Timestamp::MAX.as_second() - i64::try_from(self.next() >> 28).unwrap(),
        };
        let nanosecond = if self.yes() { 0 } else { i32::try_from(self.below(1_000_000_000)).unwrap() };
        Timestamp::new(second, nanosecond).unwrap()
    }

    fn currency(&mut self) -> Currency {
        Currency::parse(self.one(&["USD", "EUR", "JPY", "KWD"])).unwrap()
    }

    fn money(&mut self) -> Money {
        Money::new(self.decimal(), self.currency())
    }

    fn quantity(&mut self) -> i64 {
        i64::try_from(self.below(7)).unwrap() - 2
    }

    pub(crate) fn organization_id(&mut self) -> OrganizationId {
        OrganizationId::parse(&self.word()).unwrap()
    }

    fn connection_id(&mut self) -> ConnectionId {
        ConnectionId::parse(&self.word()).unwrap()
    }

    fn location_id(&mut self) -> LocationId {
        LocationId::parse(&self.word()).unwrap()
    }

    fn variant_id(&mut self) -> VariantId {
        VariantId::parse(&self.word()).unwrap()
    }

    fn row_id(&mut self) -> RowId {
        if self.yes() { RowId::from_token(&self.word()) } else { RowId::parse(&self.word()).unwrap() }
    }

    fn imported_id(&mut self) -> SalesOrderId {
        SalesOrderId::for_source(&self.connection_id(), &ChannelOrderId::parse(&self.word()).unwrap())
    }

    fn order_id(&mut self) -> SalesOrderId {
        if self.yes() { self.imported_id() } else { SalesOrderId::parse(&self.word()).unwrap() }
    }

    fn stock_key(&mut self) -> StockKey {
        StockKey { location: self.location_id(), variant: self.variant_id() }
    }

    fn cause(&mut self) -> Cause {
        let part = u32::try_from(self.below(3)).unwrap();
        match self.below(3) {
            0 => Cause::Delivery { order: self.order_id(), row: self.row_id(), part },
            1 => Cause::Adjustment { adjustment: AdjustmentId::parse(&self.word()).unwrap(), part },
            _ => Cause::Return { sales_return: SalesReturnId::parse(&self.word()).unwrap(), part },
        }
    }

    fn attributes(&mut self) -> BTreeMap<String, String> {
        self.some(|g| (g.text(), g.text())).into_iter().collect()
    }

    fn because(&mut self) -> Vec<Because> {
        self.some(|g| Because::new(&g.word(), g.text()))
    }

    fn code(&mut self) -> ReasonCode {
        self.one(ReasonCode::ALL)
    }

    fn reason(&mut self) -> Reason {
        let code = self.code();
        if self.yes() {
            return Reason::plain(code);
        }
        Reason { code, message: self.text(), action: self.maybe(Self::text) }
    }

    fn takes(&mut self) -> Vec<BatchTake> {
        self.some(|g| BatchTake { number: g.text(), quantity: g.quantity() })
    }

    fn fulfillment_row(&mut self) -> FulfillmentRow {
        FulfillmentRow {
            row: self.row_id(),
            quantity: self.quantity(),
            batches: self.takes(),
            serial_numbers: self.some(Self::text),
        }
    }

    fn row(&mut self) -> Row {
        let id = self.row_id();
        let quantity = self.quantity();
        let amount = self.maybe(Self::decimal);
        let channel_line_id = match id.as_str().strip_prefix(RowId::PREFIX) {
            Some(line) if self.yes() => Some(line.to_owned()),
            _ => self.maybe(Self::text),
        };
        Row {
            channel_line_id,
            id,
            sku: self.sku(),
            channel_sku: self.maybe(Self::text),
            variant: self.variant_id(),
            name: self.text(),
            quantity,
            price_per_unit: if self.yes() { amount } else { self.maybe(Self::decimal) },
            amount,
            discount: if self.yes() { Decimal::ZERO } else { self.decimal() },
            tax: self.maybe(Self::decimal),
            tax_rate: self.maybe(Self::decimal),
            location: self.maybe(Self::location_id),
            channel_location: self.maybe(Self::text),
            status: self.one(&OrderStatus::ALL),
            delivered_quantity: if self.yes() { quantity } else { self.quantity() },
            invoiced: self.yes(),
            attributes: self.attributes(),
        }
    }

    fn booking(&mut self) -> Booking {
        let step = |g: &mut Self| match g.yes() {
            true => StockStep::Leave {
                fulfillment: FulfillmentId::parse(&g.word()).unwrap(),
                row: g.row_id(),
                location: g.location_id(),
            },
            false => StockStep::Reserve { key: g.stock_key(), quantity: g.quantity() },
        };
        match self.below(3) {
            0 => Booking::Complete,
            1 => Booking::Committing { chunks: 3 },
            _ => Booking::Following { plan: self.some(step), steps_in_a_chunk: 5, is_new: self.yes() },
        }
    }

    fn order(&mut self, id: SalesOrderId) -> SalesOrder {
        let rows = self.some(Self::row);
        let created_at = self.time();
        let whole: Vec<FulfillmentRow> = rows
            .iter()
            .map(|row| FulfillmentRow {
                row: row.id.clone(),
                quantity: row.quantity,
                batches: Vec::new(),
                serial_numbers: Vec::new(),
            })
            .collect();
        let source = self.maybe(|g| {
            let (connection, channel_order_id) = match id.source() {
                Some(source) if g.yes() => source,
                _ => (g.connection_id(), ChannelOrderId::parse(&g.word()).unwrap()),
            };
            Source { connection, channel: ChannelName::parse(&g.word()).unwrap(), channel_order_id }
        });
        let order_no = match id.source() {
            Some((_, order)) if self.yes() => order.to_string(),
            _ => self.text(),
        };
        SalesOrder {
            id,
            order_no,
            source,
            status: self.one(&OrderStatus::ALL),
            booking: self.booking(),
            currency: self.maybe(Self::currency),
            exchange_rate: self.maybe(Self::decimal),
            base_total: self.maybe(Self::money),
            channel_total: self.maybe(Self::money),
            flags: self.some(|g| g.one(&Flag::ALL)).into_iter().collect::<BTreeSet<_>>(),
            customer: self.maybe(|g| CustomerId::parse(&g.word()).unwrap()),
            customer_ref: self.maybe(Self::text),
            charges: self.some(|g| Charge {
                kind: g.one(&ChargeKind::ALL),
                amount: g.decimal(),
                discount: g.decimal(),
                tax: g.maybe(Self::decimal),
            }),
            left_out: self.some(|g| (g.one(&LeftOut::ALL), g.decimal())).into_iter().collect(),
            fulfilled_before: self.some(Self::text).into_iter().collect(),
            fulfillments: self.some(|g| Fulfillment {
                id: FulfillmentId::parse(&g.word()).unwrap(),
                status: g.one(&[FulfillmentStatus::Packed, FulfillmentStatus::Delivered]),
                rows: if g.yes() { whole.clone() } else { g.some(Self::fulfillment_row) },
                tracking: g.maybe(|g| Parcel {
                    number: g.maybe(Self::text),
                    carrier: g.maybe(Self::text),
                    url: g.maybe(Self::text),
                }),
                by: g.one(&[FulfillmentBy::Weir, FulfillmentBy::Channel]),
                moves_stock: g.yes(),
                at_channel: g
                    .some(|g| ChannelPart { id: g.text(), rows: g.some(|g| (g.row_id(), g.quantity())) }),
                shipped_at: g.time(),
                created_at: if g.yes() { created_at } else { g.time() },
            }),
            rows,
            ordered_at: self.time(),
            delivery_date: self.maybe(Self::time),
            channel_updated_at: self.maybe(Self::time),
            created_at,
            deleted_at: self.maybe(Self::time),
        }
    }

    fn observation(&mut self, id: &SalesOrderId) -> Observation {
        let (connection, channel_order_id) = id.source().unwrap();
        let observed_at = self.time();
        Observation {
            order_no: if self.yes() { channel_order_id.to_string() } else { self.text() },
            connection,
            channel_order_id,
            outcome: Outcome { kind: self.one(&OutcomeKind::ALL), reason: self.reason() },
            because: self.because(),
            is_asked_for: self.yes(),
            channel_updated_at: self.maybe(Self::time),
            digest: self.maybe(Self::text),
            shipped_at: self.maybe(Self::time),
            skus: self.some(Self::text),
            sales_order: self.maybe(|g| if g.yes() { id.clone() } else { g.order_id() }),
            first_seen_at: if self.yes() { observed_at } else { self.time() },
            last_seen_at: if self.yes() { observed_at } else { self.time() },
            observed_at,
        }
    }

    fn address(&mut self) -> Address {
        Address {
            name: self.maybe(Self::text),
            company: self.maybe(Self::text),
            line_1: self.maybe(Self::text),
            line_2: self.maybe(Self::text),
            city: self.maybe(Self::text),
            state: self.maybe(Self::text),
            postal_code: self.maybe(Self::text),
            country: self.maybe(Self::text),
            phone: self.maybe(Self::text),
            email: self.maybe(Self::text),
        }
    }

    fn stock_item(&mut self, key: StockKey) -> StockItem {
        let batches =
            self.some(|g| Batch { number: g.text(), received_at: g.time(), quantity: g.quantity() });
        StockItem { key, on_hand: self.quantity(), reserved: self.quantity(), batches }
    }

    fn serial_state(&mut self) -> SerialState {
        match self.below(3) {
            0 => SerialState::InStock(self.location_id()),
            1 => SerialState::Sold(self.order_id()),
            _ => SerialState::Removed,
        }
    }

    fn movement(&mut self) -> Movement {
        Movement {
            key: self.stock_key(),
            sku: self.sku(),
            quantity: self.quantity(),
            batch: self.maybe(Self::text),
            serial_numbers: self.some(Self::text),
            cause: self.cause(),
            at: self.time(),
        }
    }

    fn booked(&mut self) -> Booked {
        Booked {
            rows: self.some(Self::fulfillment_row),
            movements: self.some(Self::movement),
            items: self
                .some(|g| {
                    let key = g.stock_key();
                    (key.clone(), g.stock_item(key))
                })
                .into_iter()
                .collect(),
            serials: self.some(|g| SerialNumber {
                number: g.text(),
                variant: g.variant_id(),
                state: g.serial_state(),
            }),
            attributes: self.some(|g| (g.row_id(), g.attributes())).into_iter().collect(),
            flags: self.some(|g| g.one(&Flag::ALL)).into_iter().collect(),
            because: self.because(),
        }
    }

    fn effect(&mut self) -> Effect {
        match self.below(9) {
            6 => {
                Effect::Announce(DomainEvent::OrderChanged { order: self.order_id(), order_no: self.text() })
            }
            7 => {
                Effect::Announce(DomainEvent::OrderDeleted { order: self.order_id(), order_no: self.text() })
            }
            8 => Effect::CreateFulfillment {
                order: self.order_id(),
                fulfillment: FulfillmentId::parse(&self.word()).unwrap(),
            },
            0 => {
                Effect::Announce(DomainEvent::OrderImported { order: self.order_id(), order_no: self.text() })
            }
            1 => Effect::Announce(DomainEvent::OrderDelivered {
                order: self.order_id(),
                order_no: self.text(),
            }),
            2 => Effect::Announce(DomainEvent::OrderNotImported {
                connection: self.connection_id(),
                order_no: self.text(),
                kind: self.one(&OutcomeKind::ALL),
                code: self.code(),
            }),
            3 => Effect::Announce(DomainEvent::ConnectionNeedsAttention {
                connection: self.connection_id(),
                code: self.code(),
            }),
            4 => Effect::Announce(DomainEvent::RunFinished {
                connection: self.connection_id(),
                run: RunId::parse(&self.word()).unwrap(),
            }),
            _ => Effect::RecheckWaiting {
                connection: self.maybe(Self::connection_id),
                code: self.maybe(Self::code),
            },
        }
    }

    fn look(&mut self) -> Look {
        Look {
            connections: self.some(Self::connection_id),
            cursor: self.time(),
            page: self.maybe(|g| PageMark {
                token: g.text(),
                marketplaces: g.some(Self::text),
                until: g.time(),
            }),
            looked_at: self.maybe(Self::time),
            answered_at: self.maybe(Self::time),
            run: self.maybe(|g| (g.connection_id(), RunId::parse(&g.word()).unwrap())),
        }
    }

    fn connection(&mut self, id: ConnectionId) -> Connection {
        Connection {
            id,
            channel: ChannelName::parse(&self.word()).unwrap(),
            name: self.text(),
            remote: RemoteAccount { account: self.text(), marketplace: self.maybe(Self::text) },
            shared_account: self.maybe(|g| AccountId::parse(&g.word()).unwrap()),
            status: match self.below(3) {
                0 => ConnectionStatus::Inactive,
                1 => ConnectionStatus::Active,
                _ => ConnectionStatus::NeedsAttention(self.reason()),
            },
            default_location: self.maybe(Self::location_id),
            location_map: self.some(|g| (g.text(), g.location_id())),
            settings: ConnectionSettings {
                sku_aliasing: self.yes(),
                orders_api: self.text(),
                shop: ShopSettings {
                    payment_pending_orders: self.yes(),
                    shipping_cost_as_fee_line: self.yes(),
                    create_custom_items: self.yes(),
                    custom_non_physical_line_items: self.one(&[VariantKind::Product, VariantKind::Service]),
                    bring_order_changes: self.yes(),
                    bring_location_updates: self.yes(),
                    bring_returns: self.yes(),
                    sync_fulfillment_status: self.yes(),
                    push_inventory: self.yes(),
                },
            },
            endpoints: Endpoints { api: self.maybe(Self::text), token: self.maybe(Self::text) },
            first_activated_at: self.maybe(Self::time),
            activated_at: self.maybe(Self::time),
            deactivated_at: self.maybe(Self::time),
            orders_from: self.maybe(Self::time),
            notifications: match self.below(3) {
                0 => NotificationLink::Off,
                1 => NotificationLink::Subscribed { subscription: self.text() },
                _ => NotificationLink::Failed { message: self.text() },
            },
            created_at: self.time(),
        }
    }

    fn run(&mut self, connection: ConnectionId, id: RunId) -> Run {
        Run {
            id,
            connection,
            job: self.one(&Job::ALL),
            state: self.one(&[RunState::Queued, RunState::Running, RunState::Succeeded, RunState::Failed]),
            since: self.maybe(Self::time),
            requested_at: self.time(),
            started_at: self.maybe(Self::time),
            ended_at: self.maybe(Self::time),
            counts: self.some(|g| (g.text(), g.next())).into_iter().collect(),
            errors: self.some(|g| RunError {
                code: g.text(),
                message: g.text(),
                sample: g.maybe(Self::text),
            }),
        }
    }

    fn route(&mut self) -> (Route, RouteTarget) {
        let route = match self.below(5) {
            4 => Route::Connection(self.connection_id()),
            0 => Route::Organization(self.organization_id()),
            1 => Route::Account {
                channel: ChannelName::parse(&self.word()).unwrap(),
                account: self.text(),
                marketplace: self.text(),
            },
            2 => Route::Token(self.text()),
            _ => Route::Session(self.text()),
        };
        let target = match self.below(3) {
            0 => RouteTarget::Organization(self.organization_id()),
            1 => RouteTarget::Connection(self.organization_id(), self.connection_id()),
            _ => RouteTarget::Access {
                organization: self.organization_id(),
                name: self.text(),
                scope: self.one(&[Scope::Read, Scope::Write, Scope::Admin]),
                expires_at: self.maybe(Self::time),
            },
        };
        (route, target)
    }

    fn signal(&mut self, organization: OrganizationId, id: &SalesOrderId) -> Signal {
        let (connection, channel_order_id) = id.source().unwrap();
        Signal {
            id: SignalId::parse(&self.word()).unwrap(),
            organization,
            connection,
            channel_order_id,
            snapshot_at: self.maybe(Self::time),
            cause: self.one(&[SignalCause::Poll, SignalCause::Manual, SignalCause::Sweep]),
            requested_by: self.maybe(Self::text),
            at: self.time(),
        }
    }

    /// A record of a kind (a number below [`KINDS`]), with its key.
    pub(crate) fn record(&mut self, kind: usize) -> (Key, Record) {
        let org = self.organization_id();
        match kind {
            0 => {
                let record = Organization {
                    id: org.clone(),
                    name: self.text(),
                    base_currency: self.currency(),
                    time_zone: TimeZoneName::parse(self.one(&["UTC", "Europe/Tallinn"])).unwrap(),
                    default_delivery_days: u16::try_from(self.below(400)).unwrap(),
                    inventory_lock_date: self.maybe(|g| jiff::tz::Offset::UTC.to_datetime(g.time()).date()),
                    exchange_rates: self.some(|g| (g.currency(), g.decimal())).into_iter().collect(),
                    created_at: self.time(),
                };
                (Key::Organization(org), Record::Organization(record))
            }
            1 => {
                let record = Location {
                    id: self.location_id(),
                    name: self.text(),
                    kind: self.one(&[LocationKind::Own, LocationKind::Fba]),
                    available_for_fulfillment: self.yes(),
                    created_at: self.time(),
                };
                (Key::Location(org, record.id.clone()), Record::Location(record))
            }
            2 => {
                let record = Variant {
                    id: self.variant_id(),
                    sku: self.sku(),
                    name: self.text(),
                    kind: self.one(&[VariantKind::Product, VariantKind::Service]),
                    tracking: self.one(&[Tracking::None, Tracking::Batch, Tracking::Serial]),
                    default_delivery_days: self.maybe(|g| u16::try_from(g.below(9)).unwrap()),
                    created_at: self.time(),
                };
                (Key::Variant(org, record.sku.clone()), Record::Variant(record))
            }
            3 => (Key::VariantSku(org, self.variant_id()), Record::VariantSku(self.sku())),
            4 => {
                let record = SkuAlias {
                    connection: self.connection_id(),
                    channel_sku: self.sku(),
                    variant_sku: self.sku(),
                };
                (
                    Key::Alias(org, record.connection.clone(), record.channel_sku.clone()),
                    Record::Alias(record),
                )
            }
            5 => {
                let record = Customer {
                    id: CustomerId::parse(&self.word()).unwrap(),
                    name: self.text(),
                    email: self.maybe(Self::text),
                    created_at: self.time(),
                };
                (Key::Customer(org, record.id.clone()), Record::Customer(record))
            }
            6 => {
                let id = self.connection_id();
                (Key::Connection(org, id.clone()), Record::Connection(self.connection(id)))
            }
            7 => {
                let id = self.order_id();
                (Key::Order(org, id.clone()), Record::Order(self.order(id)))
            }
            8 => {
                let id = self.imported_id();
                let record = self.observation(&id);
                (Key::Observation(org, id), Record::Observation(record))
            }
            9 => {
                let person = Person {
                    name: self.maybe(Self::text),
                    email: self.maybe(Self::text),
                    billing: self.maybe(Self::address),
                    shipping: self.maybe(Self::address),
                };
                let record = PersonRecord { person, expires_at: self.time() };
                (Key::Person(org, self.order_id()), Record::Person(record))
            }
            10 => {
                let record = Snapshot {
                    format: self.word(),
                    updated_at: self.time(),
                    digest: self.word(),
                    body: self.some(Self::text).concat().into_bytes(),
                    expires_at: self.time(),
                };
                (Key::Snapshot(org, self.order_id()), Record::Snapshot(record))
            }
            11 => {
                let id = self.imported_id();
                let record = Parked {
                    signal: self.signal(org.clone(), &id),
                    part: self.maybe(Self::text),
                    reason: self.code(),
                    due_at: self.time(),
                    tries: u32::try_from(self.below(9)).unwrap(),
                };
                (Key::Parked(org, id), Record::Parked(record))
            }
            12 => (Key::Chunk(org, self.order_id(), u32::MAX), Record::Chunk(self.booked())),
            13 => {
                let record = HistoryEntry {
                    at: self.time(),
                    what: self.word(),
                    message: self.text(),
                    because: self.because(),
                    actor: self.text(),
                    signal: self.maybe(Self::text),
                };
                (Key::History(org, self.order_id(), self.next(), 7), Record::History(record))
            }
            14 => {
                let key = self.stock_key();
                (Key::Stock(org, key.clone()), Record::Stock(self.stock_item(key)))
            }
            15 => {
                let record = SerialNumber {
                    number: self.text(),
                    variant: self.variant_id(),
                    state: self.serial_state(),
                };
                (Key::Serial(org, record.variant.clone(), record.number.clone()), Record::Serial(record))
            }
            16 => {
                let record = self.movement();
                (
                    Key::Movement(org, record.key.clone(), record.at, record.cause.clone()),
                    Record::Movement(record),
                )
            }
            17 => {
                let record = Adjustment {
                    id: AdjustmentId::parse(&self.word()).unwrap(),
                    location: self.location_id(),
                    reason: self.text(),
                    rows: self.some(|g| AdjustmentRow {
                        variant: g.variant_id(),
                        sku: g.sku(),
                        quantity: g.quantity(),
                        batch: g.maybe(Self::text),
                        received_at: g.maybe(Self::time),
                        serial_numbers: g.some(Self::text),
                    }),
                    created_at: self.time(),
                };
                (Key::Adjustment(org, record.id.clone()), Record::Adjustment(record))
            }
            18 => {
                let key = OutboxKey {
                    shard: u8::try_from(self.below(256)).unwrap(),
                    at: self.time(),
                    writer: self.text(),
                    version: self.next(),
                    ordinal: u32::try_from(self.below(9)).unwrap(),
                };
                (Key::Outbox(org, key), Record::Outbox(self.effect()))
            }
            19 => {
                let record = PollState { main: self.look(), once: self.some(Self::look) };
                (Key::Poll(org, AccountId::parse(&self.word()).unwrap()), Record::Poll(record))
            }
            20 => {
                let (connection, id) = (self.connection_id(), RunId::parse(&self.word()).unwrap());
                let record = self.run(connection.clone(), id.clone());
                (Key::Run(org, connection, id), Record::Run(record))
            }
            21 => (Key::RequestNumber(org, self.text()), Record::RequestNumber),
            22 => {
                let record = Answer {
                    request_digest: self.text(),
                    status: 409,
                    body: self.some(Self::text).concat().into_bytes(),
                    expires_at: self.time(),
                };
                (Key::Answer(org, self.text()), Record::Answer(record))
            }
            23 => {
                let (route, target) = self.route();
                (Key::Route(route), Record::Route(target))
            }
            24 => {
                let record = ManufacturingOrder {
                    id: ManufacturingOrderId::parse(&self.word()).unwrap(),
                    order: self.order_id(),
                    row: self.maybe(Self::row_id),
                    variant: self.variant_id(),
                    sku: self.sku(),
                    quantity: self.quantity(),
                    status: self.one(&ManufacturingStatus::ALL),
                    created_at: self.time(),
                };
                let key = Key::ManufacturingOrder(org, record.order.clone(), record.id.clone());
                (key, Record::ManufacturingOrder(record))
            }
            25 => {
                let record = SalesReturn {
                    id: SalesReturnId::parse(&self.word()).unwrap(),
                    order: self.order_id(),
                    channel_return_id: self.maybe(Self::text),
                    number: self.text(),
                    status: self.one(&ReturnStatus::ALL),
                    rows: self.some(|g| ReturnRow {
                        row: g.row_id(),
                        variant: g.variant_id(),
                        sku: g.sku(),
                        quantity: g.quantity(),
                        reason: g.maybe(Self::text),
                    }),
                    returned_at: self.time(),
                    created_at: self.time(),
                };
                let key = Key::SalesReturn(org, record.order.clone(), record.id.clone());
                (key, Record::SalesReturn(record))
            }
            26 => (Key::OrderOf(org, self.text()), Record::OrderOf(self.order_id())),
            27 => (Key::PlanChunk(org, self.order_id(), self.next(), 7), Record::Chunk(self.booked())),
            28 => {
                let ids = self.some(|g| CustomerId::parse(&g.word()).unwrap());
                (Key::CustomersOfName(org, self.text()), Record::CustomersOfName(ids))
            }
            29 => {
                let record = DataRequest {
                    id: DataRequestId::parse(&self.word()).unwrap(),
                    connection: self.connection_id(),
                    request: self.maybe(Self::text),
                    orders: self.some(|g| ChannelOrderId::parse(&g.word()).unwrap()),
                    received_at: self.time(),
                };
                (Key::DataRequest(org, record.id.clone()), Record::DataRequest(record))
            }
            _ => {
                let record = Bucket {
                    millitokens: self.next(),
                    at: self.time(),
                    refill_millis: self.maybe(|g| g.next() >> 1),
                };
                (Key::Bucket(AccountId::parse(&self.word()).unwrap(), self.text()), Record::Bucket(record))
            }
        }
    }
}
