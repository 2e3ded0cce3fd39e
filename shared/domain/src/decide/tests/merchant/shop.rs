//! A small shop and the merchant's Weir beside it, and how the tests tell what happens at both.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::super::scene::{self, Scene, at, currency};
use crate::{
    Timestamp,
    channel_order::{
        ChannelLine, ChannelOrder, ChannelOrderState, FulfilledBy, SoldBy,
        shop::{
            ChannelFulfillment, ChannelFulfillmentState, ChannelReturn, ChannelReturnState, DeliveryMethod,
            FulfilledUnits, FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderState, Hold,
            PaymentState, ReturnedUnits, ShopLine, ShopOrder, Stage,
        },
    },
    customer::{Customer, Person},
    decide::{
        Changes, Decision, RuleSet, State, decide,
        fulfill::{Here, NewFulfillment, deliver_packed, fulfill},
        merchant, persons,
    },
    ids::{ChannelName, ChannelOrderId, FulfillmentId, LocationId, ManufacturingOrderId, RowId, VariantId},
    manufacturing_order::{ManufacturingChange, ManufacturingOrder, ManufacturingStatus},
    money::Money,
    outcome::{OutcomeKind, ReasonCode},
    sales_order::{FulfillmentRow, FulfillmentStatus, SalesOrder, Tracking as Parcel},
    sales_return::SalesReturn,
    stock::{Stock, StockItem, StockKey},
    variant::Tracking,
};

pub(super) const NOW: &str = "2026-03-20T12:00:00Z";
pub(super) const ORDERED: &str = "2026-03-10T08:00:00Z";
/// The shop's places.
pub(super) const MAIN: &str = "L1";
pub(super) const SECOND: &str = "L2";

pub(super) fn place(name: &str) -> LocationId {
    LocationId::from_token(name)
}

pub(super) fn row_id(sku: &str) -> RowId {
    RowId::from_token(&line_id(sku))
}

fn line_id(sku: &str) -> String {
    format!("L-{sku}")
}

pub(super) fn key(place_name: &str, sku: &str) -> StockKey {
    StockKey { location: place(place_name), variant: scene::variant_id(sku) }
}

/// One line at the shop.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) sku: String,
    pub(super) ordered: i64,
    pub(super) removed: i64,
    pub(super) refunded: i64,
    pub(super) place: String,
    pub(super) price: Decimal,
}

/// An order as it truly is at the shop. Each thing that happens makes it a minute later.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) lines: Vec<Line>,
    pub(super) order: ChannelOrder,
    pub(super) delivery: DeliveryMethod,
    pub(super) holds: Vec<&'static str>,
    minutes: i64,
}

impl Shop {
    /// A paid order of these lines, at ten dollars a unit without tax.
    pub(super) fn new(lines: &[(&str, i64)]) -> Self {
        let mut shop = Self {
            lines: Vec::new(),
            order: bare(),
            delivery: DeliveryMethod::Shipping,
            holds: Vec::new(),
            minutes: 0,
        };
        for (sku, quantity) in lines {
            shop.add(sku, *quantity);
        }
        shop.minutes = 0;
        shop
    }

    fn tick(&mut self) {
        self.minutes += 1;
    }

    pub(super) fn time(&self) -> Timestamp {
        at(ORDERED).checked_add(jiff::SignedDuration::from_mins(self.minutes)).unwrap()
    }

    fn line(&mut self, sku: &str) -> &mut Line {
        self.lines.iter_mut().find(|line| line.sku == sku).unwrap()
    }

    fn fulfilled(&self, sku: &str) -> i64 {
        let made = self.order.shop.fulfillments.iter();
        let made = made.filter(|made| made.state == ChannelFulfillmentState::Success);
        made.flat_map(|made| &made.lines)
            .filter(|units| units.line_id == line_id(sku))
            .map(|units| units.quantity)
            .sum()
    }

    pub(super) fn open(&self, line: &Line) -> i64 {
        (line.ordered - line.removed - self.fulfilled(&line.sku)).max(0)
    }

    pub(super) fn add(&mut self, sku: &str, quantity: i64) {
        self.tick();
        self.lines.push(Line {
            sku: sku.to_owned(),
            ordered: quantity,
            removed: 0,
            refunded: 0,
            place: MAIN.to_owned(),
            price: Decimal::TEN,
        });
    }

    /// The open units become so many; what was fulfilled is not edited.
    pub(super) fn edit(&mut self, sku: &str, open: i64) {
        self.tick();
        let fulfilled = self.fulfilled(sku);
        let line = self.line(sku);
        match fulfilled + open - (line.ordered - line.removed) {
            more @ 0.. => line.ordered += more,
            fewer => line.removed -= fewer,
        }
    }

    pub(super) fn fulfil(&mut self, id: &str, units: &[(&str, i64)]) {
        self.fulfil_from(id, units, MAIN, None);
    }

    pub(super) fn fulfil_from(&mut self, id: &str, units: &[(&str, i64)], place: &str, number: Option<&str>) {
        self.tick();
        let created_at = self.time();
        self.order.shop.fulfillments.push(ChannelFulfillment {
            id: id.to_owned(),
            state: ChannelFulfillmentState::Success,
            created_at,
            location: Some(place.to_owned()),
            fulfillment_orders: Vec::new(),
            lines: units
                .iter()
                .map(|(sku, quantity)| FulfilledUnits { line_id: line_id(sku), quantity: *quantity })
                .collect(),
            tracking: number.map(parcel).into_iter().collect(),
        });
    }

    pub(super) fn cancel_fulfilment(&mut self, id: &str) {
        self.tick();
        let mut made = self.order.shop.fulfillments.iter_mut();
        made.find(|made| made.id == id).unwrap().state = ChannelFulfillmentState::Cancelled;
    }

    pub(super) fn refund_shipped(&mut self, sku: &str, units: i64) {
        self.tick();
        self.line(sku).refunded += units;
        self.order.shop.payment = Some(PaymentState::PartiallyRefunded);
    }

    /// The order as the shop shows it now.
    pub(super) fn state(&self) -> ChannelOrder {
        let mut order = self.order.clone();
        order.updated_at = self.time();
        order.lines = self.lines.iter().map(|line| self.shown(line)).collect();
        let total: Decimal = order.lines.iter().filter_map(|line| line.amount).sum();
        order.total = Some(Money::new(total, currency("USD")));
        order.shop.fulfillment_orders = self.fulfillment_orders();
        order
    }

    fn shown(&self, line: &Line) -> ChannelLine {
        let quantity = line.ordered - line.removed - line.refunded;
        ChannelLine {
            line_id: line_id(&line.sku),
            shipped_quantity: Some(self.fulfilled(&line.sku)),
            amount: Some(line.price * Decimal::from(quantity)),
            shop: ShopLine { open_quantity: Some(self.open(line)), ..ShopLine::default() },
            ..scene::line(&line.sku, quantity)
        }
    }

    fn fulfillment_orders(&self) -> Vec<FulfillmentOrder> {
        let mut places: Vec<&str> = self.lines.iter().map(|line| line.place.as_str()).collect();
        places.sort_unstable();
        places.dedup();
        let of_place = |place: &str| {
            let lines: Vec<FulfillmentOrderLine> = self
                .lines
                .iter()
                .filter(|line| line.place == place)
                .map(|line| FulfillmentOrderLine {
                    id: format!("F-{}", line.sku),
                    line_id: line_id(&line.sku),
                    total: line.ordered,
                    remaining: self.open(line),
                })
                .collect();
            let is_over = lines.iter().all(|line| line.remaining == 0);
            let state = match (is_over, self.holds.is_empty()) {
                (true, _) => FulfillmentOrderState::Closed,
                (false, true) => FulfillmentOrderState::Open,
                (false, false) => FulfillmentOrderState::OnHold,
            };
            FulfillmentOrder {
                id: format!("FO-{place}"),
                state,
                location: Some(place.to_owned()),
                delivery: self.delivery.clone(),
                holds: self.holds.iter().map(|&reason| Hold { reason: reason.to_owned() }).collect(),
                lines,
            }
        };
        places.into_iter().map(of_place).collect()
    }
}

pub(super) fn parcel(number: &str) -> Parcel {
    Parcel { number: Some(number.to_owned()), carrier: Some("UPS".to_owned()), url: None }
}

fn bare() -> ChannelOrder {
    ChannelOrder {
        channel_order_id: ChannelOrderId::parse("5001").unwrap(),
        order_no: "#1042".to_owned(),
        created_at: at(ORDERED),
        updated_at: at(ORDERED),
        state: ChannelOrderState::Unshipped,
        fulfilled_by: FulfilledBy::Merchant,
        sold_by: SoldBy::Channel,
        marketplace: None,
        shop: ShopOrder { payment: Some(PaymentState::Paid), ..ShopOrder::default() },
        person: Person::default(),
        ..scene::shipped(Vec::new())
    }
}

/// The merchant's Weir: what is stored of the order, and the shop beside it.
#[derive(Clone)]
pub(super) struct Weir {
    pub(super) scene: Scene,
    pub(super) shop: Shop,
    pub(super) manufacturing: BTreeMap<ManufacturingOrderId, ManufacturingOrder>,
    pub(super) returns: Vec<SalesReturn>,
    pub(super) customers: Vec<Customer>,
    pub(super) is_asked_for: bool,
    /// Movements of all decisions.
    pub(super) ledger: Vec<crate::stock::Movement>,
    /// What was sent.
    pub(super) sent: Vec<crate::event::Effect>,
}

impl Weir {
    /// With "A", "B" and "C" of which 100 are on hand at both places.
    pub(super) fn new(lines: &[(&str, i64)]) -> Self {
        let mut scene = Scene::new();
        scene.connection.channel = ChannelName::parse("shopify").unwrap();
        scene.connection.remote.marketplace = None;
        scene.connection.default_location = Some(place(MAIN));
        scene.connection.location_map = [MAIN, SECOND].map(|name| (name.to_owned(), place(name))).to_vec();
        scene.stock = Stock::default();
        for sku in ["A", "B", "C"] {
            scene.variants.insert(sku.to_owned(), scene::variant(sku, Tracking::None));
            for name in [MAIN, SECOND] {
                let key = key(name, sku);
                let item = StockItem { on_hand: 100, ..StockItem::empty(key.clone()) };
                scene.stock.items.insert(key, item);
            }
        }
        Self {
            scene,
            shop: Shop::new(lines),
            manufacturing: BTreeMap::new(),
            returns: Vec::new(),
            customers: Vec::new(),
            is_asked_for: false,
            ledger: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub(super) fn order(&self) -> &SalesOrder {
        self.scene.order.as_ref().unwrap()
    }

    pub(super) fn decide(&self, order: &ChannelOrder) -> Decision {
        let linked: Vec<ManufacturingOrder> = self.manufacturing.values().cloned().collect();
        let state = State {
            organization: &self.scene.organization,
            connection: &self.scene.connection,
            order: self.scene.order.as_ref(),
            observation: self.scene.observation.as_ref(),
            variants: &self.scene.variants,
            stock: &self.scene.stock,
            is_own_request: false,
            is_asked_for: self.is_asked_for,
            manufacturing_orders: &linked,
            returns: &self.returns,
            customers: &self.customers,
        };
        decide(RuleSet::ShippedByMerchant, &state, order, at(NOW))
    }

    /// The importer looks at the order as it is now.
    pub(super) fn look(&mut self) -> Decision {
        let state = self.shop.state();
        self.see(&state)
    }

    /// The importer is given a state; what is decided is stored, as the app does.
    pub(super) fn see(&mut self, state: &ChannelOrder) -> Decision {
        let needed = merchant::stock_keys(
            &self.scene.connection,
            self.scene.order.as_ref(),
            state,
            &self.scene.variants,
        );
        let decision = self.decide(state);
        for key in decision.changes.items.keys() {
            let is_new = decision.changes.variants.iter().any(|variant| variant.id == key.variant);
            assert!(is_new || needed.contains(key), "{key:?} was not read");
        }
        self.store(&decision.changes);
        self.account(state, &decision);
        decision
    }

    /// The account of the order: what changes nothing leaves the standing outcome as it is.
    fn account(&mut self, state: &ChannelOrder, decision: &Decision) {
        let mut after = scene::observation(state, decision);
        if let Some(before) = &self.scene.observation {
            after.channel_updated_at = after.channel_updated_at.max(before.channel_updated_at);
            if decision.outcome.kind == OutcomeKind::Unchanged {
                (after.outcome, after.because) = (before.outcome.clone(), before.because.clone());
            }
        }
        self.scene.observation = Some(after);
    }

    pub(super) fn store(&mut self, changes: &Changes) {
        self.scene.stock.absorb(&changes.items, &changes.serials);
        for variant in &changes.variants {
            self.scene.variants.insert(variant.sku.as_str().to_owned(), variant.clone());
        }
        self.customers.extend(changes.customer.clone());
        for change in &changes.manufacturing_orders {
            match change {
                ManufacturingChange::Put(made) => {
                    self.manufacturing.insert(made.id.clone(), made.clone());
                }
                ManufacturingChange::Delete(id) => {
                    self.manufacturing.remove(id);
                }
            }
        }
        for changed in &changes.returns {
            self.returns.retain(|known| known.id != changed.id);
            self.returns.push(changed.clone());
        }
        for movement in &changes.movements {
            assert!(
                self.ledger.iter().all(|known| known.cause != movement.cause),
                "a cause moved stock twice"
            );
            self.ledger.push(movement.clone());
        }
        self.sent.extend(changes.effects.iter().cloned());
        if let Some(order) = &changes.order {
            self.scene.order = Some(order.clone());
        }
    }

    fn tracking(&self) -> BTreeMap<VariantId, Tracking> {
        let variants = self.scene.variants.values();
        variants.map(|variant| (variant.id.clone(), variant.tracking)).collect()
    }

    /// A person packs or delivers here.
    pub(super) fn handle(
        &mut self,
        id: &str,
        status: FulfillmentStatus,
        units: &[(&str, i64)],
        number: Option<&str>,
    ) {
        let rows: Vec<(RowId, i64)> = units.iter().map(|(sku, quantity)| (row_id(sku), *quantity)).collect();
        self.handle_rows(id, status, &rows, number);
    }

    /// A person packs units of one row.
    pub(super) fn pack_row(&mut self, id: &str, row: &RowId, quantity: i64) {
        self.handle_rows(id, FulfillmentStatus::Packed, &[(row.clone(), quantity)], None);
    }

    fn handle_rows(
        &mut self,
        id: &str,
        status: FulfillmentStatus,
        rows: &[(RowId, i64)],
        number: Option<&str>,
    ) {
        let part = |(row, quantity): &(RowId, i64)| FulfillmentRow {
            row: row.clone(),
            quantity: *quantity,
            batches: Vec::new(),
            serial_numbers: Vec::new(),
        };
        let new = NewFulfillment {
            id: FulfillmentId::from_token(id),
            status,
            rows: rows.iter().map(part).collect(),
            tracking: number.map(parcel),
            shipped_at: self.shop.time(),
        };
        let tracking = self.tracking();
        let here = Here {
            organization: &self.scene.organization,
            connection: Some(&self.scene.connection),
            stock: &self.scene.stock,
            tracking: &tracking,
            services: &BTreeSet::new(),
            now: self.shop.time(),
        };
        let changes = fulfill(self.order(), &new, &here).unwrap();
        self.store(&changes);
    }

    pub(super) fn make(&mut self, sku: &str, status: ManufacturingStatus) {
        let row = row_id(sku);
        let quantity = self.order().rows.iter().find(|of_order| of_order.id == row).unwrap().quantity;
        let id = ManufacturingOrderId::from_token(sku);
        let linked: Vec<ManufacturingOrder> = self.manufacturing.values().cloned().collect();
        let made =
            persons::manufacture(self.order(), &row, (id.clone(), quantity), &linked, at(NOW)).unwrap();
        self.manufacturing.insert(id, persons::change_manufacturing(&made, Some(status), None).unwrap());
    }

    pub(super) fn invoice(&mut self, skus: &[&str]) {
        let rows = skus.iter().map(|sku| row_id(sku)).collect();
        self.scene.order = Some(persons::invoice(self.order(), &rows).unwrap());
    }

    /// The order in a few words: its status, and of each row its units, those delivered and its place.
    pub(super) fn told(&self) -> String {
        let Some(order) = &self.scene.order else { return "nothing".to_owned() };
        if order.deleted_at.is_some() {
            return "deleted".to_owned();
        }
        let mut words = vec![order.status.as_str().to_owned()];
        for row in &order.rows {
            let delivered = match row.delivered_quantity {
                0 => String::new(),
                units => format!("/{units}"),
            };
            let packed = match order.handled(&row.id) - order.delivered(&row.id) {
                0 => String::new(),
                units => format!(" packed {units}"),
            };
            words.push(format!("{} {}{delivered}{packed}", row.sku, row.quantity));
        }
        words.join(", ")
    }

    /// On hand and held of a SKU at a place.
    pub(super) fn stock(&self, place: &str, sku: &str) -> (i64, i64) {
        let item = self.scene.stock.item(&key(place, sku));
        (item.on_hand, item.reserved)
    }

    pub(super) fn made(&self) -> String {
        let told = |made: &ManufacturingOrder| {
            let link = made.row.as_ref().map_or("unlinked", |_| "linked");
            format!("{} {} {link}", made.sku, made.quantity)
        };
        self.manufacturing.values().map(told).collect::<Vec<_>>().join(", ")
    }
}

/// What happens, at the shop or here.
#[derive(Clone, Debug)]
pub(super) enum Did {
    /// The importer looks.
    Look,
    /// At the shop: open units of a line become so many.
    Edit(&'static str, i64),
    Add(&'static str, i64),
    Fulfil(&'static str, &'static [(&'static str, i64)]),
    FulfilWith(&'static str, &'static [(&'static str, i64)], &'static str),
    FulfilFrom(&'static str, &'static [(&'static str, i64)], &'static str),
    CancelFulfilment(&'static str),
    RefundShipped(&'static str, i64),
    Payment(PaymentState),
    Cancel,
    Archive,
    Move(&'static str, &'static str),
    Price(&'static str, i64),
    Hold(&'static [&'static str]),
    /// The order's one status, at a shop that has one.
    Status(Stage),
    Delivery(DeliveryMethod),
    Return(&'static str, ChannelReturnState, &'static [(&'static str, i64)]),
    /// Here.
    Pack(&'static str, &'static [(&'static str, i64)]),
    PackWith(&'static str, &'static [(&'static str, i64)], &'static str),
    Deliver(&'static str, &'static [(&'static str, i64)]),
    DeliverPacked(&'static str),
    Invoice(&'static [&'static str]),
    Make(&'static str, ManufacturingStatus),
    Set(fn(&mut crate::connection::ShopSettings)),
    Lock(&'static str),
    /// Minutes go by.
    Wait(i64),
    Delete,
    Restore,
    Release(&'static str),
}

impl Weir {
    /// Lets it happen; a look answers with its decision.
    pub(super) fn happen(&mut self, did: &Did) -> Option<Decision> {
        match did {
            Did::Look => return Some(self.look()),
            Did::Edit(sku, open) => self.shop.edit(sku, *open),
            Did::Add(sku, quantity) => self.shop.add(sku, *quantity),
            Did::Fulfil(id, units) => self.shop.fulfil(id, units),
            Did::FulfilWith(id, units, number) => self.shop.fulfil_from(id, units, MAIN, Some(number)),
            Did::FulfilFrom(id, units, place) => self.shop.fulfil_from(id, units, place, None),
            Did::CancelFulfilment(id) => self.shop.cancel_fulfilment(id),
            Did::RefundShipped(sku, units) => self.shop.refund_shipped(sku, *units),
            Did::Payment(state) => {
                self.shop.tick();
                self.shop.order.shop.payment = Some(state.clone());
            }
            Did::Cancel => {
                self.shop.tick();
                self.shop.order.shop.cancelled_at = Some(self.shop.time());
                let skus: Vec<String> = self.shop.lines.iter().map(|line| line.sku.clone()).collect();
                skus.iter().for_each(|sku| self.shop.edit(sku, 0));
            }
            Did::Archive => {
                self.shop.tick();
                self.shop.order.shop.archived_at = Some(self.shop.time());
            }
            Did::Move(sku, place) => {
                self.shop.tick();
                self.shop.line(sku).place = (*place).to_owned();
            }
            Did::Price(sku, price) => {
                self.shop.tick();
                self.shop.line(sku).price = Decimal::from(*price);
            }
            Did::Hold(reasons) => {
                self.shop.tick();
                self.shop.holds = reasons.to_vec();
            }
            Did::Status(stage) => {
                self.shop.tick();
                self.shop.order.shop.stage = *stage;
            }
            Did::Delivery(delivery) => self.shop.delivery = delivery.clone(),
            Did::Return(id, state, units) => {
                self.shop.tick();
                let lines = units.iter().map(|(sku, quantity)| ReturnedUnits {
                    line_id: line_id(sku),
                    quantity: *quantity,
                    reason: Some("SIZE_TOO_SMALL".to_owned()),
                });
                let shown = ChannelReturn {
                    id: (*id).to_owned(),
                    number: format!("#1042-{id}"),
                    state: state.clone(),
                    created_at: self.shop.time(),
                    lines: lines.collect(),
                };
                self.shop.order.shop.returns.retain(|known| known.id != *id);
                self.shop.order.shop.returns.push(shown);
            }
            Did::Pack(id, units) => self.handle(id, FulfillmentStatus::Packed, units, None),
            Did::PackWith(id, units, number) => {
                self.handle(id, FulfillmentStatus::Packed, units, Some(number));
            }
            Did::Deliver(id, units) => self.handle(id, FulfillmentStatus::Delivered, units, None),
            Did::DeliverPacked(id) => {
                let changes = deliver_packed(self.order(), &FulfillmentId::from_token(id)).unwrap();
                self.store(&changes);
            }
            Did::Invoice(skus) => self.invoice(skus),
            Did::Make(sku, status) => self.make(sku, *status),
            Did::Set(set) => set(&mut self.scene.connection.settings.shop),
            Did::Wait(minutes) => self.shop.minutes += minutes,
            Did::Lock(date) => self.scene.organization.inventory_lock_date = Some(date.parse().unwrap()),
            Did::Delete => {
                let linked: Vec<ManufacturingOrder> = self.manufacturing.values().cloned().collect();
                let (organization, stock) = (&self.scene.organization, &self.scene.stock);
                let changes = persons::delete(self.order(), organization, &linked, stock, at(NOW)).unwrap();
                self.store(&changes);
            }
            Did::Release(sku) => {
                let changes = persons::release(self.order(), &row_id(sku), &self.scene.stock).unwrap();
                self.store(&changes);
            }
            Did::Restore => {
                let code = self.scene.observation.as_ref().map(|account| account.outcome.reason.code);
                let was_called_off = code == Some(ReasonCode::DeletedWithChannel);
                let changes = persons::restore(self.order(), was_called_off, &self.scene.stock).unwrap();
                self.store(&changes);
            }
        }
        None
    }
}

/// Lets a history happen to an order of two "A" and one "B", and checks how the last look ended and
/// what there is then: `kind code: status, rows`.
pub(super) fn check(history: &[Did], expected: &str) -> (Weir, Decision) {
    let mut weir = Weir::new(&[("A", 2), ("B", 1)]);
    let mut last = None;
    for did in history {
        last = weir.happen(did).or(last);
    }
    let decision = last.unwrap();
    let Decision { outcome, .. } = &decision;
    let told = format!("{} {}: {}", outcome.kind.as_str(), outcome.reason.code.as_str(), weir.told());
    assert_eq!(told, expected, "{history:?}\n{}", outcome.reason.message);
    // Whatever happened: the state that was just decided upon changes nothing a second time.
    let again = weir.look();
    let quiet = matches!(again.outcome.kind, OutcomeKind::Unchanged | OutcomeKind::Skipped);
    let waits = again.outcome.kind == decision.outcome.kind;
    assert!(quiet || waits, "{history:?}: again {:?}", again.outcome);
    assert_eq!(again.changes, Changes::default(), "{history:?}: {:?}", again.outcome);
    reservations_hold(&weir);
    (weir, decision)
}

/// A reservation exists if and only if a row with a place is open. (SPEC CS-02; I13)
pub(super) fn reservations_hold(weir: &Weir) {
    let reserved = weir.scene.order.as_ref().map(SalesOrder::reserved).unwrap_or_default();
    for (key, item) in &weir.scene.stock.items {
        assert_eq!(item.reserved, reserved.get(key).copied().unwrap_or_default(), "{key:?}");
    }
}
