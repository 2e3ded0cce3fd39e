//! A small merchant with one connection, and how the tests speak of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::{
    channel_order::{
        ChannelCharge, ChannelLine, ChannelOrder, ChannelOrderState, ChargeKind, FulfilledBy, SoldBy,
        shop::{ShopLine, ShopOrder},
    },
    connection::{Connection, ConnectionSettings, ConnectionStatus, RemoteAccount, ShopSettings},
    customer::Person,
    decide::{Decision, RuleSet, State, decide},
    ids::{ChannelName, ChannelOrderId, ConnectionId, LocationId, OrganizationId, SalesOrderId, VariantId},
    money::{Currency, Money},
    organization::{Organization, TimeZoneName},
    outcome::{Observation, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::SalesOrder,
    stock::{Batch, SerialNumber, SerialState, Stock, StockItem, StockKey},
    variant::{Sku, Tracking, Variant, VariantKind},
};

pub(super) const NOW: &str = "2026-03-10T12:00:00Z";
pub(super) const SHIPPED: &str = "2026-03-10T11:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

pub(super) fn money(text: &str) -> Money {
    let (amount, code) = text.split_once(' ').unwrap();
    Money::new(dec(amount), currency(code))
}

pub(super) fn fba() -> LocationId {
    LocationId::from_token("fba")
}

pub(super) fn other_place() -> LocationId {
    LocationId::from_token("own")
}

pub(super) fn variant_id(sku: &str) -> VariantId {
    VariantId::from_token(&sku.to_lowercase())
}

pub(super) fn key(sku: &str) -> StockKey {
    StockKey { location: fba(), variant: variant_id(sku) }
}

/// A batch `number` of `quantity` that came on a day of January.
pub(super) fn batch(number: &str, day: u8, quantity: i64) -> Batch {
    Batch { number: number.to_owned(), received_at: at(&format!("2026-01-{day:02}T00:00:00Z")), quantity }
}

pub(super) fn serial(sku: &str, number: &str, state: SerialState) -> SerialNumber {
    SerialNumber { number: number.to_owned(), variant: variant_id(sku), state }
}

pub(super) fn another_order() -> SalesOrderId {
    SalesOrderId::from_token("another")
}

/// The merchant, its connection, its catalogue and its stock.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) organization: Organization,
    pub(super) connection: Connection,
    pub(super) order: Option<SalesOrder>,
    pub(super) observation: Option<Observation>,
    pub(super) variants: BTreeMap<String, Variant>,
    pub(super) stock: Stock,
    pub(super) is_own_request: bool,
}

impl Scene {
    /// With a variant "A" of which 10 are on hand.
    pub(super) fn new() -> Self {
        let bare = Self {
            organization: organization("Europe/Tallinn"),
            connection: connection(),
            order: None,
            observation: None,
            variants: BTreeMap::new(),
            stock: Stock::default(),
            is_own_request: false,
        };
        bare.with("A", Tracking::None, 10)
    }

    pub(super) fn with(mut self, sku: &str, tracking: Tracking, on_hand: i64) -> Self {
        self.variants.insert(sku.to_owned(), variant(sku, tracking));
        self.stock.items.insert(key(sku), StockItem { on_hand, ..StockItem::empty(key(sku)) });
        self
    }

    pub(super) fn with_batches(mut self, sku: &str, batches: Vec<Batch>) -> Self {
        let on_hand = batches.iter().map(|batch| batch.quantity).sum();
        self = self.with(sku, Tracking::Batch, on_hand);
        self.stock.items.insert(key(sku), StockItem { on_hand, batches, ..StockItem::empty(key(sku)) });
        self
    }

    pub(super) fn with_serial(mut self, serial: SerialNumber) -> Self {
        self.stock.absorb(&BTreeMap::new(), &[serial]);
        self
    }

    pub(super) fn decide(&self, order: &ChannelOrder) -> Decision {
        let state = State {
            organization: &self.organization,
            connection: &self.connection,
            order: self.order.as_ref(),
            observation: self.observation.as_ref(),
            variants: &self.variants,
            stock: &self.stock,
            is_own_request: self.is_own_request,
            is_asked_for: false,
            manufacturing_orders: &[],
            returns: &[],
            customers: &[],
        };
        decide(RuleSet::ShippedByChannel, &state, order, at(NOW))
    }

    /// Decides, and keeps what changed as the store would.
    pub(super) fn commit(&mut self, order: &ChannelOrder) -> Decision {
        let decision = self.decide(order);
        self.stock.absorb(&decision.changes.items, &decision.changes.serials);
        if let Some(changed) = &decision.changes.order {
            self.order = Some(changed.clone());
        }
        self.observation = Some(observation(order, &decision));
        decision
    }
}

pub(super) fn organization(zone: &str) -> Organization {
    Organization {
        id: OrganizationId::from_token("1"),
        name: "Merchant".to_owned(),
        base_currency: currency("USD"),
        time_zone: TimeZoneName::parse(zone).unwrap(),
        default_delivery_days: 14,
        inventory_lock_date: None,
        exchange_rates: BTreeMap::from([(currency("EUR"), dec("1.08"))]),
        created_at: at("2025-01-01T00:00:00Z"),
    }
}

pub(super) fn connection() -> Connection {
    let remote =
        RemoteAccount { account: "SELLER".to_owned(), marketplace: Some("ATVPDKIKX0DER".to_owned()) };
    let settings = ConnectionSettings {
        sku_aliasing: false,
        orders_api: "2026-01-01".to_owned(),
        shop: ShopSettings::default(),
    };
    let (id, channel) = (ConnectionId::from_token("1"), ChannelName::parse("amazon").unwrap());
    Connection {
        name: "Amazon US".to_owned(),
        status: ConnectionStatus::Active,
        default_location: Some(fba()),
        orders_from: Some(at("2026-01-01T00:00:00Z")),
        ..Connection::new(id, channel, remote, settings, at("2025-01-01T00:00:00Z"))
    }
}

pub(super) fn variant(sku: &str, tracking: Tracking) -> Variant {
    Variant {
        id: variant_id(sku),
        sku: Sku::parse(sku).unwrap(),
        name: format!("Product {sku}"),
        kind: VariantKind::Product,
        tracking,
        default_delivery_days: None,
        created_at: at("2025-01-01T00:00:00Z"),
    }
}

pub(super) fn observation(order: &ChannelOrder, decision: &Decision) -> Observation {
    Observation {
        connection: ConnectionId::from_token("1"),
        channel_order_id: order.channel_order_id.clone(),
        order_no: order.order_no.clone(),
        outcome: decision.outcome.clone(),
        because: decision.because.clone(),
        channel_updated_at: Some(order.updated_at),
        digest: None,
        shipped_at: decision.shipped_at,
        is_asked_for: decision.is_asked_for,
        skus: Vec::new(),
        sales_order: None,
        first_seen_at: at(NOW),
        last_seen_at: at(NOW),
        observed_at: at(NOW),
    }
}

/// What was known before: an outcome, of a state of that time.
pub(super) fn observed(kind: OutcomeKind, code: ReasonCode, updated_at: &str) -> Observation {
    let order = ChannelOrder { updated_at: at(updated_at), ..shipped(vec![]) };
    let decision = Decision {
        outcome: Outcome { kind, reason: Reason::plain(code) },
        because: Vec::new(),
        shipped_at: None,
        is_asked_for: false,
        changes: super::super::Changes::default(),
    };
    observation(&order, &decision)
}

/// An order that Amazon sold and shipped at [`SHIPPED`], in USD, prices without tax.
pub(super) fn shipped(lines: Vec<ChannelLine>) -> ChannelOrder {
    ChannelOrder {
        channel_order_id: ChannelOrderId::parse("111-1").unwrap(),
        order_no: "111-1".to_owned(),
        created_at: at("2026-03-08T08:00:00Z"),
        updated_at: at(SHIPPED),
        state: ChannelOrderState::Shipped,
        fulfilled_by: FulfilledBy::Channel,
        sold_by: SoldBy::Channel,
        request_number: None,
        marketplace: Some("ATVPDKIKX0DER".to_owned()),
        promised_by: None,
        prices_include_tax: false,
        currency: Some(currency("USD")),
        total: None,
        lines,
        charges: Vec::new(),
        person: Person::default(),
        customer_ref: None,
        oddities: Vec::new(),
        shop: ShopOrder::default(),
    }
}

/// A line of some units of a SKU, for a dollar each and no tax.
pub(super) fn line(sku: &str, quantity: i64) -> ChannelLine {
    ChannelLine {
        line_id: format!("L-{sku}"),
        sku: Some(sku.to_owned()),
        name: format!("Product {sku}"),
        quantity,
        shipped_quantity: Some(quantity),
        amount: Some(Decimal::from(quantity)),
        tax: Some(Decimal::ZERO),
        discount: Decimal::ZERO,
        discount_tax: None,
        charges: Vec::new(),
        serial_numbers: Vec::new(),
        shop: ShopLine::default(),
    }
}

/// A line "A" of these amounts.
pub(super) fn priced(quantity: i64, amount: &str, discount: &str, tax: Option<&str>) -> ChannelLine {
    ChannelLine {
        amount: Some(dec(amount)),
        discount: dec(discount),
        tax: tax.map(dec),
        ..line("A", quantity)
    }
}

pub(super) fn with_serials(line: ChannelLine, numbers: &[&str]) -> ChannelLine {
    ChannelLine { serial_numbers: numbers.iter().map(|&number| number.to_owned()).collect(), ..line }
}

pub(super) fn charge(kind: ChargeKind, amount: &str, discount: &str, tax: Option<&str>) -> ChannelCharge {
    ChannelCharge { kind, amount: dec(amount), discount: dec(discount), tax: tax.map(dec) }
}

pub(super) fn imported(decision: &Decision) -> &SalesOrder {
    assert_eq!(decision.outcome.kind, OutcomeKind::Imported, "{:?}", decision.outcome);
    decision.changes.order.as_ref().unwrap()
}

/// The codes of `because`.
pub(super) fn codes(decision: &Decision) -> Vec<&str> {
    decision.because.iter().map(|because| because.code.as_str()).collect()
}
