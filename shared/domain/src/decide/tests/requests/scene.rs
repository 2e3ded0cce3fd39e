//! A merchant with an own warehouse and Amazon's, an order made in Weir, and the requests of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Timestamp,
    business_hours::BusinessHours,
    connection::Connection,
    customer::Address,
    decide::{
        fulfill::Here,
        requests::{
            Asking, RequestChanges, RequestSettings, ShipmentChange, Warehouse,
            create::{NotAsked, automatically, by_hand},
            follow::Following,
            ship::{Arrived, ship},
        },
        tests::scene::{at, connection, dec, fba, organization, other_place, variant_id},
    },
    fulfillment_request::{FulfillmentRequest, RequestNumber, ShippingSpeed},
    ids::{ConnectionId, LocationId, RowId, SalesOrderId, VariantId},
    location::{Location, LocationKind},
    money::Currency,
    organization::Organization,
    sales_order::{Booking, OrderStatus, Row, SalesOrder},
    shipment::{Shipment, ShippedLine},
    stock::{Movement, Stock, StockItem, StockKey},
    variant::{Sku, Tracking, VariantKind},
};

pub(super) const NOW: &str = "2026-03-10T12:00:00Z";

pub(super) fn row_id(sku: &str) -> RowId {
    RowId::from_token(&format!("L-{sku}"))
}

pub(super) fn key(place: &LocationId, sku: &str) -> StockKey {
    StockKey { location: place.clone(), variant: variant_id(sku) }
}

pub(super) fn address() -> Address {
    let word = |text: &str| Some(text.to_owned());
    Address {
        name: word("Jane Roe"),
        line_1: word("1 High Street"),
        city: word("Springfield"),
        state: word("IL"),
        postal_code: word("62701"),
        country: word("US"),
        ..Address::default()
    }
}

fn row(sku: &str, quantity: i64, location: Option<LocationId>) -> Row {
    Row {
        id: row_id(sku),
        channel_line_id: None,
        sku: Sku::parse(sku).unwrap(),
        channel_sku: None,
        variant: variant_id(sku),
        name: format!("Product {sku}"),
        quantity,
        price_per_unit: Some(dec("1")),
        amount: Some(dec(&quantity.to_string())),
        discount: dec("0"),
        tax: Some(dec("0")),
        tax_rate: None,
        location,
        channel_location: None,
        status: OrderStatus::NotShipped,
        delivered_quantity: 0,
        invoiced: false,
        attributes: BTreeMap::new(),
    }
}

fn order(rows: Vec<Row>) -> SalesOrder {
    SalesOrder {
        id: SalesOrderId::from_token("1"),
        order_no: "1042".to_owned(),
        source: None,
        status: OrderStatus::NotShipped,
        booking: Booking::Complete,
        currency: Currency::parse("USD").ok(),
        exchange_rate: None,
        base_total: None,
        channel_total: None,
        flags: BTreeSet::new(),
        customer: None,
        customer_ref: None,
        rows,
        charges: Vec::new(),
        left_out: BTreeMap::new(),
        fulfillments: Vec::new(),
        fulfilled_before: BTreeSet::new(),
        ordered_at: at("2026-03-09T08:00:00Z"),
        delivery_date: None,
        channel_updated_at: None,
        created_at: at("2026-03-09T08:00:00Z"),
        deleted_at: None,
    }
}

fn location(id: LocationId, name: &str, kind: LocationKind) -> Location {
    let created_at = at("2025-01-01T00:00:00Z");
    Location { id, name: name.to_owned(), kind, available_for_fulfillment: true, created_at }
}

/// The merchant, its order, and what became of both.
pub(super) struct House {
    pub(super) organization: Organization,
    pub(super) connection: Connection,
    pub(super) settings: RequestSettings,
    pub(super) methods: BTreeMap<String, ShippingSpeed>,
    pub(super) method: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) ship_to: Option<Address>,
    pub(super) catalogue: BTreeSet<String>,
    pub(super) aliases: BTreeMap<Sku, BTreeSet<String>>,
    pub(super) places: BTreeMap<LocationId, Location>,
    pub(super) variants: BTreeMap<VariantId, (VariantKind, Tracking)>,
    pub(super) stock: Stock,
    pub(super) order: SalesOrder,
    pub(super) requests: Vec<FulfillmentRequest>,
    pub(super) shipments: BTreeMap<String, Shipment>,
    pub(super) ledger: Vec<Movement>,
    pub(super) number: RequestNumber,
    pub(super) now: Timestamp,
}

impl House {
    /// An order of `SKU UNITS [PLACE]` rows; each SKU is listed at Amazon, and 1,000 are on hand at both places.
    pub(super) fn new(rows: &[&str]) -> Self {
        let parse = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let place = words.get(2).map(|place| if *place == "fba" { fba() } else { other_place() });
            row(words[0], words[1].parse().unwrap(), place)
        };
        let order = order(rows.iter().map(parse).collect());
        let mut stock = Stock::default();
        for row in &order.rows {
            for place in [fba(), other_place()] {
                let key = key(&place, row.sku.as_str());
                let item = StockItem { on_hand: 1_000, ..StockItem::empty(key.clone()) };
                stock.items.insert(key, item);
            }
        }
        for (key, units) in order.reserved() {
            stock.items.get_mut(&key).unwrap().reserved = units;
        }
        let goods = |row: &Row| (row.variant.clone(), (VariantKind::Product, Tracking::None));
        Self {
            organization: organization("America/New_York"),
            connection: connection(),
            settings: RequestSettings { send_fulfillment_requests: true, ..RequestSettings::default() },
            methods: BTreeMap::from([("Ground".to_owned(), ShippingSpeed::Standard)]),
            method: Some("Ground".to_owned()),
            tags: Vec::new(),
            ship_to: Some(address()),
            catalogue: order.rows.iter().map(|row| row.sku.to_string()).collect(),
            aliases: BTreeMap::new(),
            places: BTreeMap::from([
                (fba(), location(fba(), "FBA", LocationKind::Fba)),
                (other_place(), location(other_place(), "Own", LocationKind::Own)),
            ]),
            variants: order.rows.iter().map(goods).collect(),
            stock,
            order,
            requests: Vec::new(),
            shipments: BTreeMap::new(),
            ledger: Vec::new(),
            number: RequestNumber::parse("N-1").unwrap(),
            now: at(NOW),
        }
    }

    pub(super) fn asking<R>(&self, then: impl FnOnce(&Asking<'_>) -> R) -> R {
        let hours = BusinessHours::default();
        then(&Asking {
            organization: &self.organization,
            hours: &hours,
            methods: &self.methods,
            order: &self.order,
            ship_to: self.ship_to.as_ref(),
            shipping_method: self.method.as_deref(),
            tags: &self.tags,
            requests: &self.requests,
            warehouse: Warehouse {
                connection: &ConnectionId::from_token("1"),
                location: &self.places[&fba()],
                settings: &self.settings,
                catalogue: &self.catalogue,
                aliases: &self.aliases,
            },
            places: &self.places,
            variants: &self.variants,
            stock: &self.stock,
            number: &self.number,
            now: self.now,
        })
    }

    pub(super) fn following(&self) -> Following<'_> {
        Following { order: &self.order, requests: &self.requests, stock: &self.stock }
    }

    /// Keeps what changed as the store would, a big order's plan carried out at once.
    pub(super) fn keep(&mut self, changed: &RequestChanges) {
        self.stock.absorb(&changed.changes.items, &changed.changes.serials);
        self.ledger.extend(changed.changes.movements.iter().cloned());
        if let Some(order) = &changed.changes.order {
            self.order = order.clone();
        }
        for request in &changed.requests {
            match self.requests.iter_mut().find(|known| known.id == request.id) {
                Some(known) => *known = request.clone(),
                None => self.requests.push(request.clone()),
            }
        }
        for change in &changed.shipments {
            match change {
                ShipmentChange::Put(shipment) => {
                    self.shipments.insert(shipment.id.to_string(), shipment.clone());
                }
                ShipmentChange::Remove(id) => {
                    self.shipments.remove(id.as_str()).expect("only what is there goes");
                }
            }
        }
        self.check();
    }

    /// What has to hold always: the places hold what the order says, and on-hand is what moved.
    fn check(&self) {
        let reserved = self.order.reserved();
        for (key, item) in &self.stock.items {
            assert_eq!(item.reserved, reserved.get(key).copied().unwrap_or_default(), "{key:?}");
            let moved: i64 =
                self.ledger.iter().filter(|line| line.key == *key).map(|line| line.quantity).sum();
            assert_eq!(item.on_hand, 1_000 + moved, "{key:?}");
        }
    }

    pub(super) fn by_hand(&mut self) -> Result<(), NotAsked> {
        let changed = self.asking(by_hand)?;
        self.keep(&changed);
        Ok(())
    }

    /// The automation, with so many units that may be promised of a SKU at a place.
    pub(super) fn automatically(
        &mut self,
        priority: &[LocationId],
        available: &[(&LocationId, &str, i64)],
    ) -> Result<RequestChanges, NotAsked> {
        let available =
            available.iter().map(|(place, sku, units)| (key(place, sku), *units)).collect::<BTreeMap<_, _>>();
        let changed = self.asking(|asking| automatically(asking, priority, &available))?;
        self.keep(&changed);
        Ok(changed)
    }

    /// Sends all requests, and Amazon takes them.
    pub(super) fn send_all(&mut self) {
        for index in 0..self.requests.len() {
            let before = self.requests[index].clone();
            let after = before.begin(self.now).unwrap().accept(self.now).unwrap();
            let changed = crate::decide::requests::follow::go_on(&before, after, &self.following());
            self.keep(&changed);
        }
    }

    /// Lines of a report about the first request.
    pub(super) fn report(&mut self, lines: &[ShippedLine]) -> Arrived {
        let arrived = self.looked(lines);
        self.keep(&arrived.changed);
        arrived
    }

    pub(super) fn looked(&self, lines: &[ShippedLine]) -> Arrived {
        let tracking = self.variants.iter().map(|(id, (_, tracking))| (id.clone(), *tracking)).collect();
        let here = Here {
            organization: &self.organization,
            connection: Some(&self.connection),
            stock: &self.stock,
            tracking: &tracking,
            services: &BTreeSet::new(),
            now: self.now,
        };
        ship(&self.requests[0], &self.order, &self.requests, lines, &here)
    }

    /// Each row as `SKU delivered/quantity place`.
    pub(super) fn rows(&self) -> String {
        let place = |row: &Row| match &row.location {
            None => "nowhere",
            Some(place) if *place == fba() => "fba",
            Some(_) => "own",
        };
        let show =
            |row: &Row| format!("{} {}/{} {}", row.sku, row.delivered_quantity, row.quantity, place(row));
        self.order.rows.iter().map(show).collect::<Vec<_>>().join(", ")
    }

    /// Each request as `NUMBER status: SKU units, …`.
    pub(super) fn asked(&self) -> Vec<String> {
        self.requests.iter().map(asked).collect()
    }

    pub(super) fn held(&self, place: &LocationId, sku: &str) -> i64 {
        self.stock.items[&key(place, sku)].reserved
    }
}

pub(super) fn asked(request: &FulfillmentRequest) -> String {
    let rows = request.rows.iter().map(|row| format!("{} {}", row.warehouse_sku, row.quantity));
    let rows: Vec<String> = rows.collect();
    format!("{} {}: {}", request.number, request.status.as_str(), rows.join(", "))
}

/// A line of a report: `SHIPMENT SKU UNITS [TRACKING]`, a shipment `-` being empty.
pub(super) fn left(text: &str) -> ShippedLine {
    let words: Vec<&str> = text.split(' ').collect();
    let word = |text: &str| (text != "-").then(|| text.to_owned());
    ShippedLine {
        request_number: Some("N-1".to_owned()),
        shipment: word(words[0]),
        sku: words[1].to_owned(),
        quantity: words[2].parse().unwrap(),
        carrier: Some("UPS".to_owned()),
        tracking_number: words.get(3).map(|number| (*number).to_owned()),
        shipped_at: Some(at("2026-03-11T09:00:00Z")),
        ..ShippedLine::default()
    }
}
