//! What the house knows, read past the flows and their caches: orders, outcomes, stock, timelines. And
//! whether its books add up.

use std::collections::{BTreeMap, BTreeSet};

use weir_app::ports::{
    Index, Key, Record, Stored,
    ledger::{Parked, PersonRecord, PollState},
};
use weir_domain::{
    connection::Connection,
    history::HistoryEntry,
    ids::{OrganizationId, SalesOrderId},
    outcome::{Observation, OutcomeKind},
    sales_order::{OrderStatus, SalesOrder},
    stock::{Cause, Movement, SerialState, StockItem, StockKey},
    variant::{Sku, Variant},
};

use crate::{House, Shop, house::TABLE};

/// Records of one request.
const RECORDS: usize = 500;

impl House {
    /// One record.
    pub async fn record(&self, key: Key) -> Option<Stored> {
        self.hub.ledger.get(std::slice::from_ref(&key)).await.unwrap().remove(&key)
    }

    /// Every item of the table as it is stored, as text.
    pub async fn everything(&self) -> Vec<String> {
        let (mut items, mut from) = (Vec::new(), serde_json::Value::Null);
        loop {
            let mut body = serde_json::json!({ "TableName": TABLE });
            if !from.is_null() {
                body["ExclusiveStartKey"] = from;
            }
            let (status, text) = self.store.answer("Scan", &body.to_string()).await.unwrap();
            assert_eq!(status, 200, "{text}");
            let page: serde_json::Value = serde_json::from_str(&text).unwrap();
            items.extend(page["Items"].as_array().unwrap().iter().map(ToString::to_string));
            from = page["LastEvaluatedKey"].clone();
            if from.is_null() {
                items.sort();
                return items;
            }
        }
    }

    /// A list, whole.
    pub async fn all(&self, index: Index) -> Vec<(Key, Stored)> {
        let (mut records, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.hub.ledger.list(&index, after.as_deref(), RECORDS).await.unwrap();
            records.extend(page.records);
            after = page.next;
            if after.is_none() {
                return records;
            }
        }
    }

    /// The sales order of an order, also one that is not visible.
    pub async fn order(&self, shop: &Shop, id: &str) -> Option<SalesOrder> {
        match self.record(Key::Order(shop.organization.clone(), shop.order(id))).await?.record {
            Record::Order(order) => Some(order),
            other => panic!("{other:?}"),
        }
    }

    /// The account of an order.
    pub async fn account(&self, shop: &Shop, id: &str) -> Option<Observation> {
        match self.record(Key::Observation(shop.organization.clone(), shop.order(id))).await?.record {
            Record::Observation(observation) => Some(observation),
            other => panic!("{other:?}"),
        }
    }

    /// What became of an order, as `imported shipped_by_channel`; `nothing` if it was never seen.
    pub async fn outcome(&self, shop: &Shop, id: &str) -> String {
        self.account(shop, id).await.map_or_else(|| "nothing".to_owned(), |account| words(&account))
    }

    /// The sentence that says why.
    pub async fn sentence(&self, shop: &Shop, id: &str) -> String {
        self.account(shop, id).await.map(|account| account.outcome.reason.message).unwrap_or_default()
    }

    /// What a decision rested on, as `code: sentence`.
    pub async fn because(&self, shop: &Shop, id: &str) -> Vec<String> {
        let because = self.account(shop, id).await.map(|account| account.because).unwrap_or_default();
        because.into_iter().map(|because| format!("{}: {}", because.code, because.message)).collect()
    }

    /// Whether an order is in: visible, delivered, imported.
    pub async fn is_in(&self, shop: &Shop, id: &str) -> bool {
        self.order(shop, id)
            .await
            .is_some_and(|order| order.is_visible() && order.status == OrderStatus::Delivered)
            && self.outcome(shop, id).await == IMPORTED
    }

    /// An order's timeline, as `what by actor`.
    pub async fn timeline(&self, shop: &Shop, id: &str) -> Vec<String> {
        self.history(shop, id)
            .await
            .into_iter()
            .map(|line| format!("{} by {}", line.what, line.actor))
            .collect()
    }

    /// An order's timeline.
    pub async fn history(&self, shop: &Shop, id: &str) -> Vec<HistoryEntry> {
        let index = Index::History(shop.organization.clone(), shop.order(id));
        let lines = self.all(index).await.into_iter();
        lines
            .map(|(_, stored)| match stored.record {
                Record::History(line) => line,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// The person of an order, as long as it may be known.
    pub async fn person(&self, shop: &Shop, id: &str) -> Option<PersonRecord> {
        match self.record(Key::Person(shop.organization.clone(), shop.order(id))).await?.record {
            Record::Person(person) => Some(person),
            other => panic!("{other:?}"),
        }
    }

    /// The parked signal of an order.
    pub async fn parked(&self, shop: &Shop, id: &str) -> Option<Parked> {
        match self.record(Key::Parked(shop.organization.clone(), shop.order(id))).await?.record {
            Record::Parked(parked) => Some(parked),
            other => panic!("{other:?}"),
        }
    }

    /// The connection as it is now.
    pub async fn connection(&self, shop: &Shop) -> Connection {
        let key = Key::Connection(shop.organization.clone(), shop.connection.clone());
        match self.record(key).await.unwrap().record {
            Record::Connection(connection) => connection,
            other => panic!("{other:?}"),
        }
    }

    /// How far the searches of a shop's account are.
    pub async fn looks(&self, shop: &Shop) -> Option<PollState> {
        let account = weir_app::call::account(&self.connection(shop).await);
        match self.record(Key::Poll(shop.organization.clone(), account)).await?.record {
            Record::Poll(state) => Some(state),
            other => panic!("{other:?}"),
        }
    }

    /// A variant by its SKU.
    pub async fn variant_of(&self, shop: &Shop, sku: &str) -> Variant {
        let key = Key::Variant(shop.organization.clone(), Sku::parse(sku).unwrap());
        match self.record(key).await.unwrap().record {
            Record::Variant(variant) => variant,
            other => panic!("{other:?}"),
        }
    }

    /// What the shop's place holds of a SKU.
    pub async fn stock_of(&self, shop: &Shop, sku: &str) -> StockItem {
        let variant = self.variant_of(shop, sku).await.id;
        let key = StockKey { location: shop.location.clone(), variant };
        match self.record(Key::Stock(shop.organization.clone(), key.clone())).await {
            None => StockItem::empty(key),
            Some(Stored { record: Record::Stock(item), .. }) => item,
            Some(other) => panic!("{other:?}"),
        }
    }

    /// Units on hand of a SKU.
    pub async fn on_hand(&self, shop: &Shop, sku: &str) -> i64 {
        self.stock_of(shop, sku).await.on_hand
    }

    /// The live batches of a SKU, oldest first, as `number quantity`.
    pub async fn batches(&self, shop: &Shop, sku: &str) -> Vec<String> {
        let mut batches = self.stock_of(shop, sku).await.batches;
        batches.sort_by_key(|batch| batch.received_at);
        batches.into_iter().map(|batch| format!("{} {}", batch.number, batch.quantity)).collect()
    }

    /// Where a unit with a serial number is.
    pub async fn serial(&self, shop: &Shop, sku: &str, number: &str) -> Option<SerialState> {
        let variant = self.variant_of(shop, sku).await.id;
        match self.record(Key::Serial(shop.organization.clone(), variant, number.to_owned())).await?.record {
            Record::Serial(serial) => Some(serial.state),
            other => panic!("{other:?}"),
        }
    }

    /// The stock ledger, oldest first.
    pub async fn movements(&self, organization: &OrganizationId) -> Vec<Movement> {
        let mut records = self.all(Index::Movements(organization.clone())).await;
        records.reverse();
        records
            .into_iter()
            .map(|(_, stored)| match stored.record {
                Record::Movement(movement) => movement,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// What an order moved, as `quantity SKU batch [serial numbers]`.
    pub async fn moved(&self, shop: &Shop, id: &str) -> Vec<String> {
        let order = shop.order(id);
        let mut moved: Vec<String> = self
            .movements(&shop.organization)
            .await
            .into_iter()
            .filter(|movement| movement.cause.id() == order.as_str())
            .map(|movement| {
                let mut text = format!("{} {}", movement.quantity, movement.sku);
                if let Some(batch) = &movement.batch {
                    text.push_str(&format!(" {batch}"));
                }
                if !movement.serial_numbers.is_empty() {
                    text.push_str(&format!(" {:?}", movement.serial_numbers));
                }
                text
            })
            .collect();
        moved.sort();
        moved
    }

    /// Every visible order of an organization.
    pub async fn orders(&self, organization: &OrganizationId) -> Vec<SalesOrder> {
        self.all(Index::Orders(organization.clone()))
            .await
            .into_iter()
            .filter_map(|(_, stored)| match stored.record {
                Record::Order(order) if order.is_visible() => Some(order),
                Record::Order(_) => None,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Every account of an organization, as `order outcome`, by order.
    pub async fn accounts(&self, organization: &OrganizationId) -> BTreeMap<String, String> {
        let mut accounts = BTreeMap::new();
        for kind in OutcomeKind::ALL {
            for (_, stored) in self.all(Index::Observations(organization.clone(), kind)).await {
                if let Record::Observation(account) = stored.record {
                    accounts.insert(account.channel_order_id.to_string(), words(&account));
                }
            }
        }
        accounts
    }

    /// What was announced, as `Name order`.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        let line = |announcement: weir_app::ports::Announcement| {
            let detail: serde_json::Value = serde_json::from_str(&announcement.detail).unwrap();
            format!("{} {}", announcement.name, detail["order_no"].as_str().unwrap_or_default())
                .trim_end()
                .to_owned()
        };
        self.bus.announced().into_iter().map(line).collect()
    }

    /// Holds an organization's books against each other: on hand is the sum of the movements, batches
    /// are never below zero and never more than what is there, no cause moved stock twice, each order
    /// that is in moved what its fulfillment says, and nothing lies in the outbox.
    pub async fn check_books(&self, organization: &OrganizationId) -> Books {
        let movements = self.movements(organization).await;
        let mut sums: BTreeMap<StockKey, i64> = BTreeMap::new();
        let mut of_batches: BTreeMap<(StockKey, String), i64> = BTreeMap::new();
        let mut causes: BTreeSet<Cause> = BTreeSet::new();
        let mut of_orders: BTreeMap<SalesOrderId, i64> = BTreeMap::new();
        for movement in &movements {
            *sums.entry(movement.key.clone()).or_default() += movement.quantity;
            if let Some(batch) = &movement.batch {
                *of_batches.entry((movement.key.clone(), batch.clone())).or_default() += movement.quantity;
            }
            if let Cause::Delivery { order, .. } = &movement.cause {
                *of_orders.entry(order.clone()).or_default() -= movement.quantity;
            }
            assert!(causes.insert(movement.cause.clone()), "{:?} moved stock twice", movement.cause);
        }
        let mut items = BTreeMap::new();
        for (_, stored) in self.all(Index::Stock(organization.clone())).await {
            let Record::Stock(item) = stored.record else { panic!("{:?}", stored.record) };
            items.insert(item.key.clone(), item);
        }
        assert_eq!(
            items.keys().collect::<Vec<_>>(),
            sums.keys().collect::<Vec<_>>(),
            "stock items and movements"
        );
        for (key, item) in &items {
            assert_eq!(
                item.on_hand, sums[key],
                "{key:?}: on hand (left) and the sum of its movements (right)"
            );
            for batch in &item.batches {
                assert!(batch.quantity > 0, "{key:?}: {batch:?}");
                let moved = of_batches.get(&(key.clone(), batch.number.clone()));
                assert_eq!(moved, Some(&batch.quantity), "{key:?}: batch {}", batch.number);
            }
        }
        let orders = self.orders(organization).await;
        for order in &orders {
            let planned: i64 = order
                .fulfillments
                .iter()
                .flat_map(|fulfillment| &fulfillment.rows)
                .map(|row| row.quantity)
                .sum();
            assert_eq!(of_orders.get(&order.id).copied().unwrap_or(0), planned, "what {} moved", order.id);
        }
        for shard in 0..weir_app::ports::ledger::OUTBOX_SHARDS {
            let left = self.all(Index::Outbox(organization.clone(), shard)).await;
            assert!(left.is_empty(), "in the outbox: {left:?}");
        }
        assert!(self.all(Index::Committing(organization.clone())).await.is_empty(), "orders are half booked");
        Books { orders: orders.len(), movements: movements.len() }
    }
}

/// What an order that came in has for its outcome.
pub const IMPORTED: &str = "imported shipped_by_channel";

/// How much is in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    /// Visible orders.
    pub orders: usize,
    /// Lines of the stock ledger.
    pub movements: usize,
}

/// An outcome as `imported shipped_by_channel`.
#[must_use]
pub fn words(account: &Observation) -> String {
    format!("{} {}", account.outcome.kind.as_str(), account.outcome.reason.code.as_str())
}
