//! One realistic record of each kind, as an import of an FBA order writes them.

use std::collections::{BTreeMap, BTreeSet};

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

use super::time;

/// A record with its key and the name of its golden file.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    pub(crate) record: Record,
}

pub(crate) fn organization() -> OrganizationId {
    OrganizationId::from_token("k7m2c9q4x8w3n6b5v2hp")
}

fn connection_id() -> ConnectionId {
    ConnectionId::from_token("a3f8e6g2j9k4m7p5r8t2")
}

fn location_id() -> LocationId {
    LocationId::from_token("b4g9f7h3k2m5n8q6s9u3")
}

fn variant_id() -> VariantId {
    VariantId::from_token("c5h2g8j4m3n6p9r7t2v4")
}

fn stock_key() -> StockKey {
    StockKey { location: location_id(), variant: variant_id() }
}

fn sku(text: &str) -> Sku {
    Sku::parse(text).unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

/// The channel's id of the sample order.
pub(crate) fn channel_order_id() -> ChannelOrderId {
    ChannelOrderId::parse("114-3941689-8772200").unwrap()
}

/// The sample order's id.
pub(crate) fn order_id() -> SalesOrderId {
    SalesOrderId::for_source(&connection_id(), &channel_order_id())
}

fn row_id(number: usize) -> RowId {
    RowId::from_token(&format!("{:014}", 31_415_926_535_897_usize + number))
}

/// A delivered FBA order as the rules make it, with so many rows.
pub(crate) fn order_of(rows: usize) -> SalesOrder {
    let row = |number: usize| {
        Row {
        id: row_id(number),
        channel_line_id: Some(format!("{:014}", 31_415_926_535_897_usize + number)),
        sku: sku(&format!("WEIR-MUG-{number:04}-BLUE")),
        channel_sku: None,
        variant: variant_id(),
        name: "Weir Stoneware Mug, 12 oz, Dishwasher Safe, Deep Blue Glaze, Handmade Ceramic Coffee and Tea Cup with Handle"
            .to_owned(),
        quantity: 2,
        price_per_unit: Some(decimal("17.99")),
        amount: Some(decimal("35.98")),
        discount: decimal("3.60"),
        tax: Some(decimal("2.67")),
        tax_rate: Some(decimal("8.25")),
        location: Some(location_id()),
        channel_location: None,
        status: OrderStatus::Delivered,
        delivered_quantity: 2,
        invoiced: false,
        attributes: BTreeMap::new(),
    }
    };
    let part = |number: usize| FulfillmentRow {
        row: row_id(number),
        quantity: 2,
        batches: Vec::new(),
        serial_numbers: Vec::new(),
    };
    SalesOrder {
        id: order_id(),
        order_no: channel_order_id().to_string(),
        source: Some(Source {
            connection: connection_id(),
            channel: ChannelName::parse("amazon").unwrap(),
            channel_order_id: channel_order_id(),
        }),
        status: OrderStatus::Delivered,
        booking: Booking::Complete,
        currency: Some(usd()),
        exchange_rate: Some(decimal("0.92")),
        base_total: Some(Money::new(decimal("37.75"), Currency::parse("EUR").unwrap())),
        channel_total: Some(Money::new(decimal("41.04"), usd())),
        flags: BTreeSet::from([Flag::NegativeStock]),
        customer: None,
        customer_ref: None,
        rows: (0..rows).map(row).collect(),
        charges: vec![Charge {
            kind: ChargeKind::Shipping,
            amount: decimal("5.99"),
            discount: Decimal::ZERO,
            tax: Some(decimal("0.49")),
        }],
        left_out: BTreeMap::new(),
        fulfilled_before: BTreeSet::new(),
        fulfillments: vec![Fulfillment {
            id: FulfillmentId::from_token("1"),
            status: FulfillmentStatus::Delivered,
            rows: (0..rows).map(part).collect(),
            tracking: None,
            by: FulfillmentBy::Channel,
            moves_stock: true,
            at_channel: Vec::new(),
            shipped_at: time("2026-07-14T18:22:31Z"),
            created_at: time("2026-07-14T18:24:02.123456789Z"),
        }],
        ordered_at: time("2026-07-13T09:11:54Z"),
        delivery_date: Some(time("2026-07-18T06:59:59Z")),
        channel_updated_at: Some(time("2026-07-14T18:22:31Z")),
        created_at: time("2026-07-14T18:24:02.123456789Z"),
        deleted_at: None,
    }
}

/// The account of an imported order, with what the rules say of one.
pub(crate) fn observation_of(skus: usize) -> Observation {
    Observation {
        connection: connection_id(),
        channel_order_id: channel_order_id(),
        order_no: channel_order_id().to_string(),
        outcome: Outcome { kind: OutcomeKind::Imported, reason: Reason::plain(ReasonCode::ShippedByChannel) },
        because: because(),
        is_asked_for: false,
        channel_updated_at: Some(time("2026-07-14T18:22:31Z")),
        digest: Some(DIGEST.to_owned()),
        shipped_at: Some(time("2026-07-14T18:22:31Z")),
        skus: (0..skus).map(|number| format!("WEIR-MUG-{number:04}-BLUE")).collect(),
        sales_order: Some(order_id()),
        first_seen_at: time("2026-07-14T18:24:02.123456789Z"),
        last_seen_at: time("2026-07-14T18:24:02.123456789Z"),
        observed_at: time("2026-07-14T18:24:02.123456789Z"),
    }
}

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// What `decide/fba/import.rs` says of a common order.
fn because() -> Vec<Because> {
    vec![
        Because::new(
            "shipped_by_channel",
            "The channel sold it and shipped all of it from its own warehouse.",
        ),
        Because::new(
            "shipped_at",
            "It was first seen as shipped at 2026-07-14T18:22:31Z: on 2026-07-14 (America/New_York).",
        ),
        Because::new("rows", "1 row matched to variants."),
        Because::new("base_total", "1 USD counts as 0.92 EUR."),
    ]
}

fn signal() -> Signal {
    Signal {
        id: SignalId::from_token("d6j3h9k5n4p7q2s8u3w5"),
        organization: organization(),
        connection: connection_id(),
        channel_order_id: channel_order_id(),
        snapshot_at: Some(time("2026-07-14T18:22:31Z")),
        cause: SignalCause::Poll,
        requested_by: None,
        at: time("2026-07-14T18:24:00Z"),
    }
}

/// A snapshot of this body.
pub(crate) fn snapshot(body: Vec<u8>, updated_at: &str) -> Snapshot {
    Snapshot {
        format: "amazon/2026-01-01".to_owned(),
        updated_at: time(updated_at),
        digest: DIGEST.to_owned(),
        body,
        expires_at: time("2026-08-13T18:22:31Z"),
    }
}

fn movement() -> Movement {
    Movement {
        key: stock_key(),
        sku: sku("WEIR-MUG-0000-BLUE"),
        quantity: -2,
        batch: Some("B#7 100%".to_owned()),
        serial_numbers: Vec::new(),
        cause: Cause::Delivery { order: order_id(), row: row_id(0), part: 0 },
        at: time("2026-07-14T18:22:31Z"),
    }
}

fn stock_item() -> StockItem {
    let batch = |number: &str, at: &str, quantity| Batch {
        number: number.to_owned(),
        received_at: time(at),
        quantity,
    };
    StockItem {
        key: stock_key(),
        on_hand: 41,
        reserved: 3,
        batches: vec![batch("B#7 100%", "2026-05-01T00:00:00Z", 12), batch("B8", "2026-06-01T00:00:00Z", 29)],
    }
}

fn serial(state: SerialState) -> SerialNumber {
    SerialNumber { number: "SN#1%2".to_owned(), variant: variant_id(), state }
}

fn address() -> Address {
    Address {
        name: Some("Mary Major".to_owned()),
        company: None,
        line_1: Some("123 Any Street".to_owned()),
        line_2: Some("Apt. 4".to_owned()),
        city: Some("Anytown".to_owned()),
        state: Some("WA".to_owned()),
        postal_code: Some("98000".to_owned()),
        country: Some("US".to_owned()),
        phone: Some("+1 555 0100".to_owned()),
        email: None,
    }
}

fn connection() -> Connection {
    Connection {
        id: connection_id(),
        channel: ChannelName::parse("amazon").unwrap(),
        name: "Amazon US".to_owned(),
        remote: RemoteAccount {
            account: "A2EXAMPLE".to_owned(),
            marketplace: Some("ATVPDKIKX0DER".to_owned()),
        },
        shared_account: Some(AccountId::from_token("e7k4j2m6p5q8r3t9v4x6")),
        status: ConnectionStatus::NeedsAttention(Reason::new(
            ReasonCode::CredentialsRevoked,
            "The channel refused the refresh token.",
        )),
        default_location: Some(location_id()),
        location_map: vec![("fc-1".to_owned(), location_id())],
        settings: ConnectionSettings {
            sku_aliasing: true,
            orders_api: "2026-01-01".to_owned(),
            shop: ShopSettings::default(),
        },
        endpoints: Endpoints { api: Some("http://127.0.0.1:4010".to_owned()), token: None },
        first_activated_at: Some(time("2026-03-01T08:00:00Z")),
        activated_at: Some(time("2026-06-01T08:00:00Z")),
        deactivated_at: None,
        orders_from: Some(time("2026-03-01T08:00:00Z")),
        notifications: NotificationLink::Subscribed { subscription: "sub-1".to_owned() },
        created_at: time("2026-02-28T12:00:00Z"),
    }
}

fn organization_record() -> Organization {
    Organization {
        id: organization(),
        name: "Weir & Söhne".to_owned(),
        base_currency: Currency::parse("EUR").unwrap(),
        time_zone: TimeZoneName::parse("Europe/Tallinn").unwrap(),
        default_delivery_days: 14,
        inventory_lock_date: Some("2026-06-30".parse().unwrap()),
        exchange_rates: BTreeMap::from([
            (usd(), decimal("0.92")),
            (Currency::parse("JPY").unwrap(), decimal("0.0061")),
        ]),
        created_at: time("2026-02-01T10:00:00Z"),
    }
}

fn booked() -> Booked {
    Booked {
        rows: vec![FulfillmentRow {
            row: row_id(0),
            quantity: 2,
            batches: vec![BatchTake { number: "B#7 100%".to_owned(), quantity: 2 }],
            serial_numbers: vec!["SN#1%2".to_owned()],
        }],
        movements: vec![movement()],
        items: BTreeMap::from([(stock_key(), stock_item())]),
        serials: vec![serial(SerialState::Sold(order_id()))],
        attributes: BTreeMap::from([(
            row_id(0),
            BTreeMap::from([("serial_numbers".to_owned(), "SN9".to_owned())]),
        )]),
        flags: BTreeSet::from([Flag::MissingTrackingData]),
        because: vec![Because::new("fifo", "2 of \"WEIR-MUG-0000-BLUE\" out of batch B#7 100%.")],
    }
}

fn poll_state() -> PollState {
    PollState {
        main: Look {
            connections: Vec::new(),
            cursor: time("2026-07-14T18:20:00Z"),
            page: None,
            looked_at: Some(time("2026-07-14T18:23:00Z")),
            answered_at: None,
            run: None,
        },
        once: vec![Look {
            connections: vec![connection_id()],
            cursor: time("2026-01-01T00:00:00Z"),
            page: Some(PageMark {
                token: "page/2?+=".to_owned(),
                marketplaces: vec!["ATVPDKIKX0DER".to_owned()],
                until: time("2026-07-14T18:21:00Z"),
            }),
            looked_at: None,
            answered_at: None,
            run: Some((connection_id(), RunId::from_token("f8m5k3n7q6r9s4u2w5y7"))),
        }],
    }
}

fn run() -> Run {
    Run {
        id: RunId::from_token("f8m5k3n7q6r9s4u2w5y7"),
        connection: connection_id(),
        job: Job::Backfill,
        state: RunState::Failed,
        since: Some(time("2026-01-01T00:00:00Z")),
        requested_at: time("2026-07-14T18:00:00Z"),
        started_at: Some(time("2026-07-14T18:00:10Z")),
        ended_at: Some(time("2026-07-14T18:05:00Z")),
        counts: BTreeMap::from([("orders_seen".to_owned(), 128)]),
        errors: vec![RunError {
            code: "unreadable".to_owned(),
            message: "An order could not be read.".to_owned(),
            sample: Some("114-0000000-0000000".to_owned()),
        }],
    }
}

fn data_request() -> DataRequest {
    DataRequest {
        id: DataRequestId::from_token("k4r9q7s3u8v5w2x6y9z4"),
        connection: connection_id(),
        request: Some("9999".to_owned()),
        orders: vec![ChannelOrderId::parse("5512345678901").unwrap()],
        received_at: time("2026-07-20T08:15:00Z"),
    }
}

fn adjustment() -> Adjustment {
    Adjustment {
        id: AdjustmentId::from_token("g9n6m4p8r7s2t5v3x6z8"),
        location: location_id(),
        reason: "Counted".to_owned(),
        rows: vec![AdjustmentRow {
            variant: variant_id(),
            sku: sku("WEIR-MUG-0000-BLUE"),
            quantity: 12,
            batch: Some("B#7 100%".to_owned()),
            received_at: Some(time("2026-05-01T00:00:00Z")),
            serial_numbers: vec!["SN1".to_owned()],
        }],
        created_at: time("2026-05-01T09:00:00Z"),
    }
}

fn variant() -> Variant {
    Variant {
        id: variant_id(),
        sku: sku("WEIR/MUG#1, 100% \"blue\" "),
        name: "Stoneware Mug".to_owned(),
        kind: VariantKind::Product,
        tracking: Tracking::Batch,
        default_delivery_days: Some(5),
        created_at: time("2026-02-02T10:00:00Z"),
    }
}

fn history() -> HistoryEntry {
    HistoryEntry {
        at: time("2026-07-14T18:24:02.123456789Z"),
        what: "imported".to_owned(),
        message: ReasonCode::ShippedByChannel.sentence().to_owned(),
        because: because(),
        actor: "poll".to_owned(),
        signal: Some(signal().id.to_string()),
    }
}

/// One record of each kind, and of those with several faces one of each.
pub(crate) fn samples() -> Vec<Sample> {
    let (org, order) = (organization(), order_id());
    let sample = |name, key, record| Sample { name, key, record };
    let effect = |name, ordinal, effect| Sample {
        name,
        key: Key::Outbox(
            organization(),
            OutboxKey {
                shard: 3,
                at: time("2026-07-14T18:24:02Z"),
                writer: order_id().to_string(),
                version: 1,
                ordinal,
            },
        ),
        record: Record::Outbox(effect),
    };
    let movement = movement();
    let variant = variant();
    let alias = SkuAlias {
        connection: connection_id(),
        channel_sku: sku("mug#blue%"),
        variant_sku: sku("WEIR-MUG-0000-BLUE"),
    };
    let access = |expires_at| RouteTarget::Access {
        organization: organization(),
        name: "token:deploy".to_owned(),
        scope: Scope::Admin,
        expires_at,
    };
    vec![
        sample("organization", Key::Organization(org.clone()), Record::Organization(organization_record())),
        sample(
            "location",
            Key::Location(org.clone(), location_id()),
            Record::Location(Location {
                id: location_id(),
                name: "Amazon FBA".to_owned(),
                kind: LocationKind::Fba,
                available_for_fulfillment: true,
                created_at: time("2026-02-01T10:00:00Z"),
            }),
        ),
        sample("variant", Key::Variant(org.clone(), variant.sku.clone()), Record::Variant(variant.clone())),
        sample("variant_sku", Key::VariantSku(org.clone(), variant_id()), Record::VariantSku(variant.sku)),
        sample(
            "alias",
            Key::Alias(org.clone(), connection_id(), alias.channel_sku.clone()),
            Record::Alias(alias),
        ),
        sample(
            "customer",
            Key::Customer(org.clone(), CustomerId::from_token("h2p7n5q9s8t3u6w4y7a9")),
            Record::Customer(Customer {
                id: CustomerId::from_token("h2p7n5q9s8t3u6w4y7a9"),
                name: "Mary Major".to_owned(),
                email: Some("mary@example.com".to_owned()),
                created_at: time("2026-02-03T10:00:00Z"),
            }),
        ),
        sample(
            "customers_of_name",
            Key::CustomersOfName(org.clone(), DIGEST.to_owned()),
            Record::CustomersOfName(vec![CustomerId::from_token("h2p7n5q9s8t3u6w4y7a9")]),
        ),
        sample(
            "connection_of_a_shop",
            Key::Connection(org.clone(), connection_id()),
            Record::Connection(connection_of_a_shop()),
        ),
        sample("connection", Key::Connection(org.clone(), connection_id()), Record::Connection(connection())),
        sample("order", Key::Order(org.clone(), order.clone()), Record::Order(order_of(1))),
        sample("order_of_a_shop", Key::Order(org.clone(), order.clone()), Record::Order(of_a_shop())),
        sample("order_followed_in_parts", Key::Order(org.clone(), order.clone()), Record::Order(following())),
        sample(
            "manufacturing_order",
            Key::ManufacturingOrder(org.clone(), order.clone(), manufacturing_order().id),
            Record::ManufacturingOrder(manufacturing_order()),
        ),
        sample(
            "sales_return",
            Key::SalesReturn(org.clone(), order.clone(), sales_return().id),
            Record::SalesReturn(sales_return()),
        ),
        sample(
            "order_of",
            Key::OrderOf(org.clone(), sales_return().id.to_string()),
            Record::OrderOf(order.clone()),
        ),
        sample("order_in_parts", Key::Order(org.clone(), order.clone()), Record::Order(committing())),
        sample(
            "observation",
            Key::Observation(org.clone(), order.clone()),
            Record::Observation(observation_of(1)),
        ),
        sample(
            "observation_asked_for",
            Key::Observation(org.clone(), order.clone()),
            Record::Observation(Observation { is_asked_for: true, ..waiting() }),
        ),
        sample(
            "observation_waiting",
            Key::Observation(org.clone(), order.clone()),
            Record::Observation(waiting()),
        ),
        sample(
            "person",
            Key::Person(org.clone(), order.clone()),
            Record::Person(PersonRecord {
                person: Person {
                    name: Some("Mary Major".to_owned()),
                    email: Some("x1y2z3@marketplace.amazon.com".to_owned()),
                    billing: None,
                    shipping: Some(address()),
                },
                expires_at: time("2026-08-17T06:59:59Z"),
            }),
        ),
        sample(
            "snapshot",
            Key::Snapshot(org.clone(), order.clone()),
            Record::Snapshot(snapshot(
                b"{\"orderId\":\"114-3941689-8772200\"}".to_vec(),
                "2026-07-14T18:22:31.5Z",
            )),
        ),
        sample(
            "parked",
            Key::Parked(org.clone(), order.clone()),
            Record::Parked(Parked {
                signal: signal(),
                part: None,
                reason: ReasonCode::RateLimited,
                due_at: time("2026-07-14T18:30:00Z"),
                tries: 2,
            }),
        ),
        sample("chunk", Key::Chunk(org.clone(), order.clone(), 7), Record::Chunk(booked())),
        sample(
            "chunk_of_plan",
            Key::PlanChunk(org.clone(), order.clone(), 4, 7),
            Record::Chunk(booked_return()),
        ),
        sample("history", Key::History(org.clone(), order.clone(), 1, 0), Record::History(history())),
        sample("stock", Key::Stock(org.clone(), stock_key()), Record::Stock(stock_item())),
        sample(
            "serial",
            Key::Serial(org.clone(), variant_id(), "SN#1%2".to_owned()),
            Record::Serial(serial(SerialState::InStock(location_id()))),
        ),
        sample(
            "serial_sold",
            Key::Serial(org.clone(), variant_id(), "SN#1%2".to_owned()),
            Record::Serial(serial(SerialState::Sold(order_id()))),
        ),
        sample(
            "serial_removed",
            Key::Serial(org.clone(), variant_id(), "SN#1%2".to_owned()),
            Record::Serial(serial(SerialState::Removed)),
        ),
        sample(
            "movement",
            Key::Movement(org.clone(), movement.key.clone(), movement.at, movement.cause.clone()),
            Record::Movement(movement),
        ),
        sample("adjustment", Key::Adjustment(org.clone(), adjustment().id), Record::Adjustment(adjustment())),
        effect(
            "outbox_imported",
            0,
            Effect::Announce(DomainEvent::OrderImported { order: order_id(), order_no: "#1042".to_owned() }),
        ),
        effect(
            "outbox_delivered",
            1,
            Effect::Announce(DomainEvent::OrderDelivered { order: order_id(), order_no: "#1042".to_owned() }),
        ),
        effect(
            "outbox_not_imported",
            2,
            Effect::Announce(DomainEvent::OrderNotImported {
                connection: connection_id(),
                order_no: "#1042".to_owned(),
                kind: OutcomeKind::Waiting,
                code: ReasonCode::SkuNotMatched,
            }),
        ),
        effect(
            "outbox_needs_attention",
            3,
            Effect::Announce(DomainEvent::ConnectionNeedsAttention {
                connection: connection_id(),
                code: ReasonCode::CredentialsRevoked,
            }),
        ),
        effect(
            "outbox_run_finished",
            4,
            Effect::Announce(DomainEvent::RunFinished { connection: connection_id(), run: run().id }),
        ),
        effect(
            "outbox_recheck",
            5,
            Effect::RecheckWaiting {
                connection: Some(connection_id()),
                code: Some(ReasonCode::SkuNotMatched),
            },
        ),
        effect(
            "outbox_changed",
            6,
            Effect::Announce(DomainEvent::OrderChanged { order: order_id(), order_no: "#1042".to_owned() }),
        ),
        effect(
            "outbox_deleted",
            7,
            Effect::Announce(DomainEvent::OrderDeleted { order: order_id(), order_no: "#1042".to_owned() }),
        ),
        effect(
            "outbox_create_fulfillment",
            8,
            Effect::CreateFulfillment {
                order: order_id(),
                fulfillment: FulfillmentId::from_token("j3q8p6r2t9u4v7x5z8b3"),
            },
        ),
        sample(
            "poll",
            Key::Poll(org.clone(), AccountId::from_token("e7k4j2m6p5q8r3t9v4x6")),
            Record::Poll(poll_state()),
        ),
        sample("run", Key::Run(org.clone(), connection_id(), run().id), Record::Run(run())),
        sample(
            "data_request",
            Key::DataRequest(org.clone(), data_request().id),
            Record::DataRequest(data_request()),
        ),
        sample(
            "request_number",
            Key::RequestNumber(org.clone(), "FR-1#042".to_owned()),
            Record::RequestNumber,
        ),
        sample(
            "answer",
            Key::Answer(org.clone(), DIGEST.to_owned()),
            Record::Answer(Answer {
                request_digest: DIGEST.to_owned(),
                status: 201,
                body: b"{\"id\":\"loc_1\"}".to_vec(),
                expires_at: time("2026-07-15T18:24:02Z"),
            }),
        ),
        sample(
            "route_organization",
            Key::Route(Route::Organization(org.clone())),
            Record::Route(RouteTarget::Organization(org.clone())),
        ),
        sample(
            "route_account",
            Key::Route(Route::Account {
                channel: ChannelName::parse("amazon").unwrap(),
                account: "A2#EXAMPLE%".to_owned(),
                marketplace: String::new(),
            }),
            Record::Route(RouteTarget::Connection(org.clone(), connection_id())),
        ),
        sample(
            "route_connection",
            Key::Route(Route::Connection(connection_id())),
            Record::Route(RouteTarget::Connection(org.clone(), connection_id())),
        ),
        sample("route_token", Key::Route(Route::Token(DIGEST.to_owned())), Record::Route(access(None))),
        sample(
            "route_session",
            Key::Route(Route::Session(DIGEST.to_owned())),
            Record::Route(access(Some(time("2026-07-15T06:24:02Z")))),
        ),
        sample(
            "bucket",
            Key::Bucket(AccountId::from_token("e7k4j2m6p5q8r3t9v4x6"), "searchOrders".to_owned()),
            Record::Bucket(Bucket {
                millitokens: 12_345,
                at: time("2026-07-14T18:24:00.001Z"),
                refill_millis: Some(178_571),
            }),
        ),
    ]
}

fn committing() -> SalesOrder {
    let mut order = order_of(2);
    order.booking = Booking::Committing { chunks: 3 };
    order.order_no = "#1042".to_owned();
    order.flags = BTreeSet::from([Flag::PriceUnknown, Flag::TaxUnknown]);
    order.customer = Some(CustomerId::from_token("h2p7n5q9s8t3u6w4y7a9"));
    order.customer_ref = Some("PO 77".to_owned());
    order.deleted_at = Some(time("2026-07-20T00:00:00Z"));
    order.rows[0].channel_sku = Some("mug#blue%".to_owned());
    order.rows[0].channel_line_id = None;
    order.rows[1].price_per_unit = None;
    order.rows[1].amount = None;
    order.rows[1].tax = None;
    order.rows[1].status = OrderStatus::NotShipped;
    order.rows[1].delivered_quantity = 0;
    order.rows[1].attributes = BTreeMap::from([("serial_numbers".to_owned(), "SN9".to_owned())]);
    order.fulfillments[0].status = FulfillmentStatus::Packed;
    order.fulfillments[0].by = FulfillmentBy::Weir;
    order.fulfillments[0].rows.truncate(1);
    order.fulfillments[0].rows[0].batches = vec![BatchTake { number: "B8".to_owned(), quantity: 2 }];
    order.fulfillments[0].tracking =
        Some(Parcel { number: Some("1Z999".to_owned()), carrier: Some("UPS".to_owned()), url: None });
    order
}

fn waiting() -> Observation {
    Observation {
        order_no: "#1042".to_owned(),
        outcome: Outcome {
            kind: OutcomeKind::Waiting,
            reason: Reason {
                code: ReasonCode::SkuNotMatched,
                message: "The SKU \"mug#blue%\" matches no variant.".to_owned(),
                action: None,
            },
        },
        because: Vec::new(),
        sales_order: None,
        first_seen_at: time("2026-07-13T10:00:00Z"),
        last_seen_at: time("2026-07-15T10:00:00Z"),
        ..observation_of(1)
    }
}

fn connection_of_a_shop() -> Connection {
    let mut connection = connection();
    connection.channel = ChannelName::parse("shopify").unwrap();
    connection.settings.shop = ShopSettings {
        payment_pending_orders: true,
        shipping_cost_as_fee_line: false,
        create_custom_items: true,
        custom_non_physical_line_items: VariantKind::Product,
        bring_order_changes: false,
        bring_location_updates: false,
        bring_returns: true,
        sync_fulfillment_status: false,
        push_inventory: true,
    };
    connection
}

/// An order of which a part had been fulfilled before, and a part was packed here and told to the shop.
fn of_a_shop() -> SalesOrder {
    let mut order = order_of(2);
    order.source.as_mut().unwrap().channel = ChannelName::parse("shopify").unwrap();
    order.status = OrderStatus::PartiallyDelivered;
    order.flags = BTreeSet::from([Flag::FulfilledBeforeImport]);
    order.left_out =
        BTreeMap::from([(LeftOut::Shipping, decimal("5.99")), (LeftOut::CashRounding, decimal("-0.02"))]);
    order.fulfilled_before = BTreeSet::from(["4321".to_owned()]);
    order.rows[1].channel_location = Some("65432".to_owned());
    order.rows[1].status = OrderStatus::Packed;
    order.rows[1].delivered_quantity = 0;
    order.fulfillments[0].rows.truncate(1);
    order.fulfillments[0].moves_stock = false;
    order.fulfillments[0].at_channel =
        vec![ChannelPart { id: "4321".to_owned(), rows: vec![(row_id(0), 2)] }];
    let mut packed = order.fulfillments[0].clone();
    packed.id = FulfillmentId::from_token("j3q8p6r2t9u4v7x5z8b3");
    packed.status = FulfillmentStatus::Packed;
    packed.by = FulfillmentBy::Weir;
    packed.moves_stock = true;
    packed.rows[0].row = row_id(1);
    packed.at_channel = Vec::new();
    order.fulfillments.push(packed);
    order
}

fn following() -> SalesOrder {
    let mut order = of_a_shop();
    let leave = StockStep::Leave {
        fulfillment: FulfillmentId::from_token("j3q8p6r2t9u4v7x5z8b3"),
        row: row_id(1),
        location: location_id(),
    };
    let reserve = StockStep::Reserve { key: stock_key(), quantity: -2 };
    order.booking = Booking::Following { plan: vec![leave, reserve], steps_in_a_chunk: 20, is_new: true };
    order
}

fn manufacturing_order() -> ManufacturingOrder {
    ManufacturingOrder {
        id: ManufacturingOrderId::from_token("k4r9q7s3u2v5w8y6a9c4"),
        order: order_id(),
        row: Some(row_id(0)),
        variant: variant_id(),
        sku: sku("WEIR-MUG-0000-BLUE"),
        quantity: 2,
        status: ManufacturingStatus::WorkInProgress,
        created_at: time("2026-07-14T19:00:00Z"),
    }
}

fn sales_return() -> SalesReturn {
    SalesReturn {
        id: SalesReturnId::from_token("con-114-9876"),
        order: order_id(),
        channel_return_id: Some("9876".to_owned()),
        number: "#1042-R1".to_owned(),
        status: ReturnStatus::Open,
        rows: vec![ReturnRow {
            row: row_id(0),
            variant: variant_id(),
            sku: sku("WEIR-MUG-0000-BLUE"),
            quantity: 1,
            reason: Some("SIZE_TOO_SMALL".to_owned()),
        }],
        returned_at: time("2026-07-20T10:00:00Z"),
        created_at: time("2026-07-20T10:00:05Z"),
    }
}

fn booked_return() -> Booked {
    let mut booked = booked();
    booked.movements[0].quantity = 1;
    booked.movements[0].cause = Cause::Return { sales_return: sales_return().id, part: 0 };
    booked
}
