//! An order of a web shop as it is once it has come in: three rows that the merchant ships, one plain, one
//! recorded in batches, one by serial numbers.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_app::ports::{Key, Record};
use weir_domain::{
    connection::{Connection, ConnectionStatus, RemoteAccount},
    ids::{
        ChannelName, ChannelOrderId, ConnectionId, LocationId, OrganizationId, RowId, SalesOrderId,
        SalesReturnId, VariantId,
    },
    money::Currency,
    outcome::{Observation, Outcome, OutcomeKind, Reason, ReasonCode},
    sales_order::{Booking, LeftOut, OrderStatus, Row, SalesOrder, Source},
    sales_return::{ReturnRow, ReturnStatus, SalesReturn},
    stock::StockKey,
    variant::Sku,
};

use super::house::House;

/// Units of each row.
pub(super) const UNITS: i64 = 3;

/// Units of each variant that are there.
pub(super) const THERE: i64 = 10;

/// The order and what it is made of.
pub(super) struct Merchant {
    pub(super) organization: OrganizationId,
    pub(super) order: SalesOrderId,
    pub(super) location: String,
    /// By SKU.
    variants: BTreeMap<&'static str, VariantId>,
}

impl Merchant {
    /// An order of `PLAIN`, `BATCHED` and `SERIAL`, held at the merchant's own place.
    pub(super) fn new(house: &House) -> Self {
        let location = house.post("/v1/locations", &json!({"name": "Own", "kind": "own"})).ok(201);
        let location = location["id"].as_str().unwrap().to_owned();
        let mut variants = BTreeMap::new();
        for (sku, tracking) in [("PLAIN", "none"), ("BATCHED", "batch"), ("SERIAL", "serial")] {
            let body = json!({"sku": sku, "name": sku, "tracking": tracking});
            let made = house.post("/v1/variants", &body).ok(201);
            variants.insert(sku, VariantId::parse(made["id"].as_str().unwrap()).unwrap());
        }
        let serials: Vec<String> = (0..THERE).map(|number| format!("S{number}")).collect();
        let rows = json!([
            {"sku": "PLAIN", "quantity": THERE},
            {"sku": "BATCHED", "quantity": 4, "batch_number": "OLD", "received_at": "2026-01-01T00:00:00Z"},
            {"sku": "BATCHED", "quantity": THERE - 4, "batch_number": "NEW", "received_at": "2026-02-01T00:00:00Z"},
            {"sku": "SERIAL", "quantity": THERE, "serial_numbers": serials},
        ]);
        house
            .post(
                "/v1/stock_adjustments",
                &json!({"location_id": location, "reason": "opening", "rows": rows}),
            )
            .ok(201);
        let organization = organization(house);
        let merchant = Self {
            order: SalesOrderId::for_source(&connection_id(), &channel_order_id()),
            organization,
            location,
            variants,
        };
        merchant.seed(house);
        merchant
    }

    fn seed(&self, house: &House) {
        let seed = |key, record| house.ledger.seed(key, record);
        let key = Key::Connection(self.organization.clone(), connection_id());
        seed(key, Record::Connection(self.connection(house)));
        let key = Key::Order(self.organization.clone(), self.order.clone());
        seed(key, Record::Order(self.sales_order(house)));
        let key = Key::Observation(self.organization.clone(), self.order.clone());
        seed(key, Record::Observation(self.account(house)));
        for variant in self.variants.values() {
            let place =
                StockKey { location: LocationId::parse(&self.location).unwrap(), variant: variant.clone() };
            let key = Key::Stock(self.organization.clone(), place);
            let Record::Stock(item) = house.ledger.peek(&key).unwrap().record.clone() else { panic!() };
            seed(key, Record::Stock(weir_domain::stock::StockItem { reserved: UNITS, ..item }));
        }
    }

    fn connection(&self, house: &House) -> Connection {
        let (remote, now) =
            (RemoteAccount { account: "mugs.myshopify.com".to_owned(), marketplace: None }, house.hub.now());
        let settings = weir_channels::shopify::CHANNEL.default_settings();
        Connection {
            name: "mugs".to_owned(),
            status: ConnectionStatus::Active,
            default_location: Some(LocationId::parse(&self.location).unwrap()),
            first_activated_at: Some(now),
            activated_at: Some(now),
            ..Connection::new(connection_id(), channel(), remote, settings, now)
        }
    }

    fn sales_order(&self, house: &House) -> SalesOrder {
        let source =
            Source { connection: connection_id(), channel: channel(), channel_order_id: channel_order_id() };
        SalesOrder {
            id: self.order.clone(),
            order_no: "#1042".to_owned(),
            source: Some(source),
            status: OrderStatus::NotShipped,
            booking: Booking::Complete,
            currency: Some(Currency::parse("USD").unwrap()),
            exchange_rate: Some(Decimal::ONE),
            base_total: None,
            channel_total: None,
            flags: BTreeSet::new(),
            customer: None,
            customer_ref: Some("PO-1".to_owned()),
            rows: ["PLAIN", "BATCHED", "SERIAL"].map(|sku| self.row(sku)).to_vec(),
            charges: Vec::new(),
            left_out: [(LeftOut::Shipping, Decimal::new(495, 2)), (LeftOut::NotApplied, Decimal::new(-2, 0))]
                .into(),
            fulfillments: Vec::new(),
            fulfilled_before: BTreeSet::new(),
            ordered_at: house.hub.now(),
            delivery_date: None,
            channel_updated_at: Some(house.hub.now()),
            created_at: house.hub.now(),
            deleted_at: None,
        }
    }

    fn row(&self, sku: &'static str) -> Row {
        Row {
            id: row_id(sku),
            channel_line_id: Some(sku.to_owned()),
            sku: Sku::parse(sku).unwrap(),
            channel_sku: None,
            variant: self.variants[sku].clone(),
            name: format!("A thing {sku}"),
            quantity: UNITS,
            price_per_unit: Some(Decimal::TEN),
            amount: Some(Decimal::from(10 * UNITS)),
            discount: Decimal::ZERO,
            tax: Some(Decimal::ZERO),
            tax_rate: None,
            location: Some(LocationId::parse(&self.location).unwrap()),
            channel_location: None,
            status: OrderStatus::NotShipped,
            delivered_quantity: 0,
            invoiced: false,
            attributes: BTreeMap::new(),
        }
    }

    fn account(&self, house: &House) -> Observation {
        let reason = Reason::plain(ReasonCode::OpenOrder);
        Observation {
            connection: connection_id(),
            channel_order_id: channel_order_id(),
            order_no: "#1042".to_owned(),
            outcome: Outcome { kind: OutcomeKind::Imported, reason },
            because: Vec::new(),
            is_asked_for: false,
            channel_updated_at: Some(house.hub.now()),
            digest: None,
            shipped_at: None,
            skus: Vec::new(),
            sales_order: Some(self.order.clone()),
            first_seen_at: house.hub.now(),
            last_seen_at: house.hub.now(),
            observed_at: house.hub.now(),
        }
    }

    /// A return of one plain unit. Gives its id.
    pub(super) fn send_back(&self, house: &House, status: ReturnStatus) -> String {
        let id = SalesReturnId::from_token(&format!("R1-{}", status.as_str()));
        let known = SalesReturn {
            id: id.clone(),
            order: self.order.clone(),
            channel_return_id: Some("1".to_owned()),
            number: "#1042-R1".to_owned(),
            status,
            rows: vec![ReturnRow {
                row: row_id("PLAIN"),
                variant: self.variants["PLAIN"].clone(),
                sku: Sku::parse("PLAIN").unwrap(),
                quantity: 1,
                reason: Some("DEFECTIVE".to_owned()),
            }],
            returned_at: house.hub.now(),
            created_at: house.hub.now(),
        };
        let key = Key::SalesReturn(self.organization.clone(), self.order.clone(), id.clone());
        house.ledger.seed(key, Record::SalesReturn(known));
        let key = Key::OrderOf(self.organization.clone(), id.to_string());
        house.ledger.seed(key, Record::OrderOf(self.order.clone()));
        id.to_string()
    }

    /// The order's address in the API, with more behind it.
    pub(super) fn path(&self, more: &str) -> String {
        format!("/v1/sales_orders/{}{more}", self.order)
    }

    /// The id of a row as the API shows it.
    pub(super) fn row_of(&self, sku: &str) -> String {
        row_id(sku).in_order(&self.order)
    }

    /// Units on hand, and those that are held.
    pub(super) fn stock(&self, house: &House, sku: &str) -> (i64, i64) {
        let found = house.get(&format!("/v1/inventory?sku={sku}")).ok(200)["data"][0].clone();
        (found["on_hand"].as_i64().unwrap(), found["reserved"].as_i64().unwrap())
    }

    /// What happened to the order, a word each.
    pub(super) fn timeline(&self, house: &House) -> Vec<String> {
        let lines = house.get(&self.path("/timeline")).ok(200)["data"].clone();
        lines.as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap().to_owned()).collect()
    }

    /// Packs or delivers units of rows.
    pub(super) fn fulfil(&self, house: &House, status: &str, units: &[(&str, i64)]) -> super::house::Answer {
        let row = |(sku, quantity): &(&str, i64)| json!({"row_id": self.row_of(sku), "quantity": quantity});
        let rows: Vec<Value> = units.iter().map(row).collect();
        house.post(&self.path("/fulfillments"), &json!({"status": status, "rows": rows}))
    }
}

fn row_id(sku: &str) -> RowId {
    RowId::from_token(sku)
}

fn channel() -> ChannelName {
    ChannelName::parse("shopify").unwrap()
}

pub(super) fn connection_id() -> ConnectionId {
    ConnectionId::from_token("web")
}

fn channel_order_id() -> ChannelOrderId {
    ChannelOrderId::parse("5001").unwrap()
}

fn organization(house: &House) -> OrganizationId {
    let keys = house.ledger.everything();
    keys.keys().find_map(|key| key.organization().cloned()).unwrap()
}
