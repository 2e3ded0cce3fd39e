//! The sandboxed stores of the local run, made anew at each start out of the hours in which they were open and
//! of what the hub put in them. How BigCommerce behaves lives in `shared/sandbox`.

use std::path::Path;

use weir_channels::http::{HttpRequest, HttpResponse};
use weir_domain::Timestamp;
use weir_sandbox::{
    Now,
    bigcommerce::{BigCommerce, Demo, Faults, Put, TruthOrder, Webhook, status},
};

use super::{
    Open,
    again::{self, Again},
    made::MadeFile,
    shop::{SEED, Shop},
};
use crate::StartError;

/// What the API's paths begin with, by which its calls are told from the other channels'.
const API: &str = "/stores/";

/// The file of what the hub put, inside the data folder.
const FILE: &str = "sandbox-put.jsonl";

/// The stores.
pub(super) struct Stores {
    shop: Stocked,
    made: MadeFile<Put>,
}

/// BigCommerce, and what goes on in its stores.
struct Stocked {
    bigcommerce: BigCommerce,
    demos: Vec<Demo>,
}

impl Stores {
    /// The stores of a data folder, with everything that happened while the shop was open. Hooks are not
    /// remembered: the hub puts them back as it starts.
    pub(super) fn open(data: &Path, shop: &Shop, now: Now) -> Result<Self, StartError> {
        let (file, made) = MadeFile::open(data, FILE)?;
        // The seed makes ids; those of an earlier life mean nothing any more.
        let mut bigcommerce = BigCommerce::new(now.wall.as_millisecond().unsigned_abs());
        bigcommerce.delivers_on_this_machine = true;
        let demos = demos(shop.opened());
        demos.iter().for_each(|demo| demo.open(&mut bigcommerce));
        let mut stocked = Stocked { bigcommerce, demos };
        file.keep(&again::stock(&mut stocked, shop, &made, now))?;
        Ok(Self { shop: stocked, made: file })
    }

    /// Whether a call is for one of them.
    pub(super) fn is_meant(request: &HttpRequest) -> bool {
        request.path().starts_with(API)
    }

    /// What should happen now happens.
    pub(super) fn tick(&mut self, now: Now) {
        self.shop.tick(now);
    }

    /// Answers a call. What is due happens before it, as it will when the stores are made anew.
    pub(super) fn answer(&mut self, request: &HttpRequest, now: Now) -> HttpResponse {
        self.tick(now);
        let answer = self.shop.bigcommerce.handle(request, now);
        self.made.add(self.shop.bigcommerce.take_puts());
        answer
    }

    /// Deliveries that are due.
    pub(super) fn take_webhooks(&mut self, now: Now) -> Vec<Webhook> {
        self.shop.bigcommerce.take_webhooks(now)
    }

    /// How a delivery was answered.
    pub(super) fn webhook_answered(&mut self, webhook: &Webhook, is_good: bool, now: Now) {
        self.shop.bigcommerce.webhook_answered(webhook, is_good, now);
    }

    /// From now on things go wrong.
    pub(super) fn have_a_bad_day(&mut self) {
        self.shop.bigcommerce.faults = Faults::BAD_DAY;
    }

    /// Orders that somebody has to pack: placed until a time, and neither to be fetched nor half shipped there.
    pub(super) fn to_be_packed(&self, placed_until: Timestamp) -> Vec<Open> {
        let is_open = |order: &&TruthOrder| {
            order.created_at <= placed_until
                && order.spec.pickup.is_none()
                && matches!(
                    order.status,
                    status::AWAITING_FULFILLMENT | status::AWAITING_SHIPMENT | status::PARTIALLY_REFUNDED
                )
        };
        let of_store = |store: &'static str| {
            let orders = self.shop.bigcommerce.truth(store).into_iter().filter(is_open);
            orders.filter_map(move |order| Open::new(order.created_at, store, order.id)).collect::<Vec<_>>()
        };
        Demo::STORES.into_iter().flat_map(of_store).collect()
    }
}

/// The demo's stores, whose orders are counted from an opening.
fn demos(counted_from: Timestamp) -> Vec<Demo> {
    let demo = |store: &'static str| Demo::new(store, seed(store), counted_from);
    Demo::STORES.into_iter().map(demo).collect()
}

/// Each store has orders of its own.
fn seed(store: &str) -> u64 {
    store.bytes().fold(SEED, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()))
}

impl Again for Stocked {
    type Made = Put;

    fn made_at(put: &Put) -> Timestamp {
        put.at
    }

    fn begin(&mut self, counted_from: Timestamp, from: Option<Timestamp>, now: Now) {
        self.demos.iter_mut().for_each(|demo| demo.close(&mut self.bigcommerce, now));
        self.demos = demos(counted_from);
        for demo in &mut self.demos {
            demo.remember(now.wall);
            from.into_iter().for_each(|from| demo.skip_to(from));
        }
    }

    fn tick(&mut self, now: Now) {
        self.demos.iter_mut().for_each(|demo| demo.tick(&mut self.bigcommerce, now));
    }

    fn make_again(&mut self, put: &Put) -> bool {
        self.bigcommerce.put_again(put)
    }
}
