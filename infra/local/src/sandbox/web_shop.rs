//! The sandboxed web shop of the local run, made anew at each start out of the hours in which it was open
//! and of what the hub made in it. How Shopify behaves lives in `shared/sandbox`.

use std::path::Path;

use weir_channels::http::{HttpRequest, HttpResponse};
use weir_domain::Timestamp;
use weir_sandbox::{
    Now,
    shopify::{Delivery, Demo, Faults, Made, Shopify, TruthOrder, Webhook},
};

use super::{
    Open,
    again::{self, Again},
    made::MadeFile,
    shop::{SEED, Shop},
};
use crate::StartError;

/// What stands before the API's paths, by which its calls are told from Amazon's.
const API: &str = "/admin/";

/// The file of what the hub made, inside the data folder.
const FILE: &str = "sandbox-made.jsonl";

/// The web shop.
pub(super) struct WebShop {
    shop: Stocked,
    made: MadeFile<Made>,
}

/// Shopify, and what goes on in its shop.
struct Stocked {
    shopify: Shopify,
    demo: Demo,
}

impl WebShop {
    /// The web shop of a data folder, with everything that happened while the shop was open.
    pub(super) fn open(data: &Path, shop: &Shop, now: Now) -> Result<Self, StartError> {
        let (file, made) = MadeFile::open(data, FILE)?;
        // The seed makes tokens; those of an earlier life mean nothing any more.
        let mut shopify = Shopify::new(now.wall.as_millisecond().unsigned_abs());
        shopify.delivers_on_this_machine = true;
        Demo::open(&mut shopify);
        let mut stocked = Stocked { shopify, demo: Demo::new(SEED, shop.opened()) };
        file.keep(&again::stock(&mut stocked, shop, &made, now))?;
        for (topic, address) in shop.subscriptions() {
            stocked.shopify.subscribe(Demo::SHOP, Demo::CLIENT_ID, &[topic.as_str()], address);
        }
        Ok(Self { shop: stocked, made: file })
    }

    /// Whether a call is for it.
    pub(super) fn is_meant(request: &HttpRequest) -> bool {
        request.path().contains(API)
    }

    /// What should happen now happens.
    pub(super) fn tick(&mut self, now: Now) {
        self.shop.tick(now);
    }

    /// Answers a call. What is due happens before it, as it will when the shop is made anew.
    pub(super) fn answer(&mut self, request: &HttpRequest, now: Now) -> HttpResponse {
        self.tick(now);
        let answer = self.shop.shopify.handle(request, now);
        self.made.add(self.shop.shopify.take_made());
        answer
    }

    /// Deliveries that are due.
    pub(super) fn take_webhooks(&mut self, now: Now) -> Vec<Webhook> {
        self.shop.shopify.take_webhooks(now)
    }

    /// A delivery was not taken.
    pub(super) fn webhook_failed(&mut self, webhook: &Webhook, now: Now) {
        self.shop.shopify.webhook_failed(webhook, now);
    }

    /// Topics with the address that each is delivered to.
    pub(super) fn subscriptions(&self) -> Vec<(String, String)> {
        let subscribed = self.shop.shopify.subscribed(Demo::SHOP).into_iter();
        subscribed.map(|(topic, address)| (topic.to_owned(), address.to_owned())).collect()
    }

    /// An address subscribes to a topic.
    #[cfg(test)]
    pub(super) fn subscribe(&mut self, topic: &str, address: &str) {
        self.shop.shopify.subscribe(Demo::SHOP, Demo::CLIENT_ID, &[topic], address);
    }

    /// From now on things go wrong.
    pub(super) fn have_a_bad_day(&mut self) {
        self.shop.shopify.faults = Faults::BAD_DAY;
    }

    /// Orders that somebody has to pack: placed until a time, and not to be fetched.
    pub(super) fn to_be_packed(&self, placed_until: Timestamp) -> Vec<Open> {
        let is_open = |order: &&TruthOrder| {
            order.created_at <= placed_until
                && order.spec.delivery == Delivery::Shipping
                && matches!(order.fulfillment_status(), "UNFULFILLED" | "PARTIALLY_FULFILLED")
        };
        let orders = self.shop.shopify.truth(Demo::SHOP).into_iter().filter(is_open);
        orders.filter_map(|order| Open::new(order.created_at, Demo::SHOP, order.id)).collect()
    }

    /// The shop's locations, by the ids it gives them.
    pub(super) fn locations(&self) -> Vec<String> {
        let places = 0..Demo::LOCATIONS.len();
        let ids = places.filter_map(|place| self.shop.shopify.location_id(Demo::SHOP, place));
        ids.map(|id| id.to_string()).collect()
    }
}

impl Again for Stocked {
    type Made = Made;

    fn made_at(made: &Made) -> Timestamp {
        made.time()
    }

    fn begin(&mut self, counted_from: Timestamp, from: Option<Timestamp>, now: Now) {
        self.demo.close(&mut self.shopify, now);
        self.demo = Demo::new(SEED, counted_from);
        self.demo.remember(now.wall);
        from.into_iter().for_each(|from| self.demo.skip_to(from));
    }

    fn tick(&mut self, now: Now) {
        self.demo.tick(&mut self.shopify, now);
    }

    fn make_again(&mut self, made: &Made) -> bool {
        self.shopify.make_again(made)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("weir-web-shop-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn at(seconds: i64) -> Now {
        Now::at(Timestamp::from_second(1_800_000_000 + seconds).unwrap())
    }

    /// Runs a shop until a second, and ends suddenly.
    fn run(folder: &Folder, from: i64, until: i64) -> WebShop {
        let mut shop = Shop::open(&folder.0, at(from).wall).unwrap();
        shop.opens(4_000).unwrap();
        let mut web = WebShop::open(&folder.0, &shop, at(from)).unwrap();
        for second in from..=until {
            shop.stays_open(at(second).wall).unwrap();
            web.tick(at(second));
        }
        web
    }

    fn orders(web: &WebShop) -> BTreeMap<u64, TruthOrder> {
        web.shop.shopify.truth(Demo::SHOP).into_iter().map(|order| (order.id, order.clone())).collect()
    }

    /// The hub ships all of an order.
    fn ship(web: &mut WebShop, id: u64, second: i64) {
        web.shop.shopify.give_access_token(Demo::SHOP, Demo::CLIENT_ID, "shpat_test");
        let order = web.shop.shopify.order(id).unwrap();
        let part = format!("gid://shopify/FulfillmentOrder/{}", order.fulfillment_orders[0].id);
        let body = serde_json::json!({
            "query": "mutation Ship($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) \
                      { fulfillment { id } userErrors { message } } }",
            "variables": { "fulfillment": {
                "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": part, "fulfillmentOrderLineItems": [] }],
                "trackingInfo": { "number": "1Z1" },
            } },
        });
        let url = format!("http://127.0.0.1:4000/{}/admin/api/2026-10/graphql.json", Demo::SHOP);
        let request = HttpRequest::new(weir_channels::http::Method::Post, url)
            .header("x-shopify-access-token", "shpat_test")
            .with_body("application/json", body.to_string());
        assert!(WebShop::is_meant(&request));
        let answer = web.answer(&request, at(second));
        assert!(String::from_utf8_lossy(&answer.body).contains("gid://shopify/Fulfillment/"), "{answer:?}");
    }

    #[test]
    fn what_the_hub_shipped_is_shipped_after_a_sudden_end() {
        let folder = Folder::new("made");
        let mut web = run(&folder, 0, 90);
        let id = web.to_be_packed(at(40).wall).last().unwrap().order.as_str().parse().unwrap();
        ship(&mut web, id, 91);
        let before = orders(&web);
        drop(web);

        // A line that was cut off tells of nothing that anybody heard of.
        let path = folder.0.join("sandbox-made.jsonl");
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"order\":61")).unwrap();
        let again = run(&folder, 150, 150);
        let after = orders(&again);
        assert_eq!(after[&id].fulfillments[0].tracking, before[&id].fulfillments[0].tracking);
        assert!(after[&id].fulfillments[0].by_application);
        let changed: Vec<&str> = before
            .iter()
            .filter(|(id, order)| after[*id].fulfillments.len() < order.fulfillments.len())
            .map(|(_, order)| order.name.as_str())
            .collect();
        assert_eq!(changed, [""; 0], "nothing that was shipped is not any more");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    }

    #[test]
    fn after_a_long_pause_the_old_orders_are_there_at_their_end_and_new_ones_come() {
        let folder = Folder::new("pause");
        let mut web = run(&folder, 0, 100);
        let id = web.to_be_packed(at(40).wall).last().unwrap().order.as_str().parse().unwrap();
        ship(&mut web, id, 101);
        let before = orders(&web);
        drop(web);
        let after = orders(&run(&folder, 86_400, 86_430));
        assert!(before.keys().all(|id| after.contains_key(id)), "what was sold stays sold");
        assert!(after[&id].fulfillments[0].by_application);
        let second = |order: &TruthOrder| order.created_at.as_second() - 1_800_000_000;
        let closed = |order: &&TruthOrder| second(order) > 200 && second(order) < 86_000;
        assert_eq!(after.values().filter(closed).count(), 0, "orders while it was closed");
        assert!(
            after.values().filter(|order| second(order) >= 86_000).count() > 50,
            "some are there at once"
        );
        let numbers: std::collections::BTreeSet<&str> =
            after.values().map(|order| order.name.as_str()).collect();
        assert_eq!(numbers.len(), after.len(), "each number is of one order");
        let waits = |order: &&TruthOrder| {
            second(order) < 200 && order.payment == weir_sandbox::shopify::PaymentState::Pending
        };
        assert_eq!(after.values().filter(waits).count(), 0, "what was to be paid later was paid");
    }

    #[test]
    fn whom_it_delivers_to_it_remembers() {
        let folder = Folder::new("subscribed");
        let mut shop = Shop::open(&folder.0, at(0).wall).unwrap();
        let here = ("ORDERS_CREATE".to_owned(), "http://127.0.0.1:3000/webhooks/shopify/con_1".to_owned());
        shop.is_subscribed(vec![here.clone()]).unwrap();
        let mut web = run(&folder, 1, 20);
        assert_eq!(web.subscriptions(), [here]);
        let due = web.take_webhooks(at(20));
        assert!(!due.is_empty() && due.iter().all(|webhook| webhook.topic == "orders/create"));
    }
}
