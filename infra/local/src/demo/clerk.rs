//! The demo's warehouse clerk: packs and delivers what lies open of the orders of web shop and stores, through the
//! same flow as the API. What is short comes in first. He does some orders at once, some in two parts,
//! and some he packs and hands over later.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::sync::watch;
use weir_app::{
    Hub,
    acts::fulfill::{self, FulfillmentPatch, NewParcel},
    adjust_stock::{NewAdjustment, NewRow, adjust_stock},
    gate::Site,
    people::Refusal,
    ports::{Index, Key, Record},
};
use weir_domain::{
    ids::{OrganizationId, SalesOrderId},
    sales_order::{FulfillmentRow, FulfillmentStatus, Row, SalesOrder, Tracking},
    stock::StockKey,
};

use super::{connect, token};
use crate::{
    pumps,
    sandbox::{Open, Sandbox},
};

/// How often the clerk turns to the next order: a little more often than orders come that nobody else ships.
const ROUND: Duration = Duration::from_secs(3);

/// How long an order lies before the clerk takes it: what happens to it by itself has happened then.
const LIES: SignedDuration = SignedDuration::from_secs(55);

/// Orders that the clerk looks at in a round before he gives up.
const LOOKED_AT: usize = 25;

/// How long a packed parcel lies on the shelf.
const ON_THE_SHELF: SignedDuration = SignedDuration::from_secs(20);

/// Orders among which he looks for packed ones, the latest first.
const LATEST: usize = 200;

/// Units that come in beyond what is short.
const COMES_IN: i64 = 100;

/// Who is named on the timeline.
const ACTOR: &str = "warehouse clerk";

/// One order's parcels are done like this, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// All of it is handed over.
    AtOnce,
    /// One row is handed over, and the rest in another round.
    InParts,
    /// It is packed, and handed over in another round.
    OnTheShelf,
}

/// The manners of four orders; then they come again.
const MANNERS: [Manner; 4] = [Manner::AtOnce, Manner::OnTheShelf, Manner::AtOnce, Manner::InParts];

/// Works until he is told to stop.
pub(crate) async fn work(
    hub: Hub,
    organization: OrganizationId,
    sandbox: Arc<Sandbox>,
    mut stop: watch::Receiver<bool>,
) {
    let mut clerk =
        Clerk { hub, organization, sandbox, done: 0, looked_until: None, left_alone: BTreeSet::new() };
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = pumps::told_to_stop(&mut stop) => return,
            _ = rounds.tick() => {}
        }
        if let Err(refusal) = clerk.round().await {
            tracing::debug!(%refusal, "the clerk tries again in the next round");
        }
    }
}

struct Clerk {
    hub: Hub,
    organization: OrganizationId,
    sandbox: Arc<Sandbox>,
    done: usize,
    /// Where he goes on in the next round: what waits here for something else never stops him.
    looked_until: Option<Open>,
    /// What he could not do: a person may have something in mind with it.
    left_alone: BTreeSet<SalesOrderId>,
}

impl Clerk {
    /// Hands over what lies packed, and takes the next order.
    async fn round(&mut self) -> Result<(), Refusal> {
        if let Some(order) = self.packed().await? {
            return self.hand_over(&order).await;
        }
        let mut open = self.sandbox.to_be_packed(self.hub.now() - LIES);
        let done = open.partition_point(|open| Some(open) <= self.looked_until.as_ref());
        open.rotate_left(done);
        for open in open.into_iter().take(LOOKED_AT) {
            let Some(connection) = connect::of_shop(open.shop) else { continue };
            let id = SalesOrderId::for_source(&connection, &open.order);
            self.looked_until = Some(open);
            if self.left_alone.contains(&id) {
                continue;
            }
            let Some(order) = self.read(&id).await?.filter(SalesOrder::is_visible) else { continue };
            let open: Vec<&Row> = order.rows.iter().filter(|row| order.open(row) > 0).collect();
            if open.is_empty() {
                continue;
            }
            if self.fetch_what_is_short(&order, &open).await? {
                return Ok(());
            }
            return self.pack(&order, &open).await;
        }
        Ok(())
    }

    async fn read(&self, id: &SalesOrderId) -> Result<Option<SalesOrder>, Refusal> {
        let file = self.hub.read_order(Site::PersonRead, &self.organization, id).await?;
        Ok(file.order.map(|(order, _)| order))
    }

    /// An order that lies packed, if there is one among the latest.
    async fn packed(&self) -> Result<Option<SalesOrder>, Refusal> {
        let index = Index::Orders(self.organization.clone());
        let page = self.hub.list(Site::PersonRead, &index, None, LATEST).await?;
        let lies_packed = |order: &SalesOrder| {
            order.deleted_at.is_none()
                && !self.left_alone.contains(&order.id)
                && order.fulfillments.iter().any(|parcel| {
                    parcel.status == FulfillmentStatus::Packed
                        && self.hub.now().duration_since(parcel.created_at) > ON_THE_SHELF
                })
        };
        let mut orders = page.records.into_iter().filter_map(|(_, stored)| match stored.record {
            Record::Order(order) if lies_packed(&order) => Some(order),
            _ => None,
        });
        Ok(orders.next_back())
    }

    async fn hand_over(&mut self, order: &SalesOrder) -> Result<(), Refusal> {
        let packed = order.fulfillments.iter().find(|parcel| parcel.status == FulfillmentStatus::Packed);
        let Some(packed) = packed else { return Ok(()) };
        let patch = FulfillmentPatch { status: Some(FulfillmentStatus::Delivered), tracking: None };
        let ended =
            fulfill::change(&self.hub, &self.organization, &order.id, &packed.id, &patch, ACTOR).await;
        self.ended(order, ended.map(drop))
    }

    async fn pack(&mut self, order: &SalesOrder, open: &[&Row]) -> Result<(), Refusal> {
        let manner = MANNERS.get(self.done % MANNERS.len()).copied().unwrap_or(Manner::AtOnce);
        let rows = match manner {
            Manner::InParts => open.get(..1).unwrap_or(open),
            Manner::AtOnce | Manner::OnTheShelf => open,
        };
        let row = |row: &&Row| FulfillmentRow {
            row: row.id.clone(),
            quantity: order.open(row),
            batches: Vec::new(),
            serial_numbers: Vec::new(),
        };
        let status = match manner {
            Manner::OnTheShelf => FulfillmentStatus::Packed,
            Manner::AtOnce | Manner::InParts => FulfillmentStatus::Delivered,
        };
        let parcels = order.fulfillments.len();
        let digits: String = order.order_no.chars().filter(char::is_ascii_digit).collect();
        let tracking = Tracking {
            number: Some(format!("1ZWEIRDEMO{digits:0>7}{parcels}")),
            carrier: Some("UPS".to_owned()),
            url: None,
        };
        let new = NewParcel {
            status,
            rows: rows.iter().map(row).collect(),
            tracking: Some(tracking),
            shipped_at: None,
        };
        // Cut off in between and done again, it is one parcel.
        let token = token(&["clerk", order.id.as_str(), &parcels.to_string()]);
        let ended = fulfill::fulfill(&self.hub, &self.organization, &order.id, &token, new, ACTOR).await;
        self.done += 1;
        self.ended(order, ended.map(drop))
    }

    /// What is refused once is refused again; what is in trouble is tried again.
    fn ended(&mut self, order: &SalesOrder, ended: Result<(), Refusal>) -> Result<(), Refusal> {
        if let Err(refusal @ (Refusal::Invalid { .. } | Refusal::NotFound(_))) = &ended {
            tracing::debug!(order = order.order_no, %refusal, "the clerk leaves an order alone");
            self.left_alone.insert(order.id.clone());
        }
        ended
    }

    /// Has goods come in where a place has fewer than an order wants. Answers whether any had to.
    async fn fetch_what_is_short(&mut self, order: &SalesOrder, open: &[&Row]) -> Result<bool, Refusal> {
        for row in open {
            let Some(location) = row.location.clone() else { continue };
            let stock = StockKey { location: location.clone(), variant: row.variant.clone() };
            let key = Key::Stock(self.organization.clone(), stock);
            let found = self.hub.get(Site::PersonRead, std::slice::from_ref(&key)).await?;
            let on_hand = found.into_values().next().map_or(0, |stored| match stored.record {
                Record::Stock(item) => item.on_hand,
                _ => 0,
            });
            let short = order.open(row) - on_hand;
            if short <= 0 {
                continue;
            }
            let new = NewAdjustment {
                location,
                reason: "Goods came in".to_owned(),
                rows: vec![NewRow {
                    sku: row.sku.clone(),
                    quantity: short + COMES_IN,
                    batch: None,
                    received_at: None,
                    serial_numbers: Vec::new(),
                }],
            };
            // What came in may be gone again: then more comes in.
            let now = self.hub.now().as_millisecond().to_string();
            let token = token(&["comesin", order.id.as_str(), row.id.as_str(), &now]);
            let ended = adjust_stock(&self.hub, &self.organization, &token, new).await;
            return self.ended(order, ended.map(drop)).map(|()| true);
        }
        Ok(false)
    }
}
