//! Notifications: an application's destinations, a seller's subscriptions, and the notices that go
//! out. They come at least once, in any order, and on a bad day late, twice or never.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use weir_channels::http::{HttpRequest, HttpResponse};

use super::{
    Amazon, Dice, Faults, Now,
    door::{Route, bad_input, error},
    json::Json,
    orders::item_id,
    query::{BadInput, Query},
    spec::FulfilledBy,
    truth::TruthOrder,
};

/// A message for a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The queue's ARN.
    pub queue_arn: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Types that go to a queue. (API-FACTS §1.8)
const KINDS: [&str; 7] = [
    ORDER_CHANGE,
    "FULFILLMENT_ORDER_STATUS",
    "FBA_INVENTORY_AVAILABILITY_CHANGES",
    "FBA_OUTBOUND_SHIPMENT_STATUS",
    "FEED_PROCESSING_FINISHED",
    "REPORT_PROCESSING_FINISHED",
    "ANY_OFFER_CHANGED",
];
const ORDER_CHANGE: &str = "ORDER_CHANGE";

#[derive(Debug, Default)]
pub(super) struct Notifications {
    destinations: Vec<Destination>,
    subscriptions: Vec<Subscription>,
    waiting: Vec<(Timestamp, Notice)>,
}

#[derive(Debug)]
struct Destination {
    id: String,
    app: u32,
    name: String,
    arn: String,
}

#[derive(Debug)]
struct Subscription {
    id: String,
    seller: u32,
    app: u32,
    kind: String,
    version: String,
    destination: String,
    /// Empty for all.
    marketplaces: Vec<String>,
    /// Empty for all.
    change_types: Vec<String>,
}

impl Notifications {
    /// Whether anybody listens to a seller's orders.
    pub(super) fn hears(&self, seller: u32) -> bool {
        self.subscriptions.iter().any(|subscription| subscription.is_for_orders_of(seller))
    }

    /// Tells the subscribers of an order's new status.
    pub(super) fn tell(
        &mut self,
        order: &TruthOrder,
        seller: u32,
        id: &str,
        now: Now,
        faults: &Faults,
        dice: &mut Dice,
    ) {
        let marketplace = order.state.spec.marketplace.id;
        for subscription in
            self.subscriptions.iter().filter(|subscription| subscription.is_for_orders_of(seller))
        {
            let wanted =
                |list: &[String], word: &str| list.is_empty() || list.iter().any(|wanted| wanted == word);
            let known =
                self.destinations.iter().find(|destination| destination.id == subscription.destination);
            let Some(destination) = known.filter(|_| {
                wanted(&subscription.marketplaces, marketplace)
                    && wanted(&subscription.change_types, "OrderStatusChange")
            }) else {
                continue;
            };
            if dice.hits(faults.lost_notices) {
                continue;
            }
            let notice =
                Notice { queue_arn: destination.arn.clone(), body: body(order, subscription, id, now) };
            let copies = if dice.hits(faults.doubled_notices) { 2 } else { 1 };
            for _ in 0..copies {
                let late = if dice.hits(faults.late_notices) {
                    1 + dice.below(faults.late_notice_seconds.into())
                } else {
                    0
                };
                let late = SignedDuration::from_secs(i64::try_from(late).unwrap_or(0));
                self.waiting.push((now.scaled + late, notice.clone()));
            }
        }
    }

    /// What is due.
    pub(super) fn take(&mut self, now: Now, faults: &Faults, dice: &mut Dice) -> Vec<Notice> {
        let waiting = std::mem::take(&mut self.waiting);
        let (mut due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(at, _)| *at <= now.scaled);
        self.waiting = later;
        due.sort_by_key(|(at, _)| *at);
        let mut due: Vec<Notice> = due.into_iter().map(|(_, notice)| notice).collect();
        if dice.hits(faults.shuffled_notices) {
            dice.shuffle(&mut due);
        }
        due
    }
}

impl Subscription {
    fn is_for_orders_of(&self, seller: u32) -> bool {
        self.seller == seller && self.kind == ORDER_CHANGE
    }
}

impl Amazon {
    /// Subscribes a queue to a seller's orders without a call: what Amazon remembers when the local
    /// run starts anew. A subscription that exists stays as it is.
    pub fn subscribe(&mut self, seller_id: &str, client_id: &str, queue_arn: &str) {
        let Some(seller) = self.seller(seller_id) else { return };
        let app = self.app(client_id);
        if find_kind(self, seller, app, ORDER_CHANGE).is_some() {
            return;
        }
        let known = self.notifications.destinations.iter();
        let known = known.filter(|known| known.app == app && known.arn == queue_arn);
        let known = known.map(|known| known.id.clone()).next();
        let destination = known.unwrap_or_else(|| {
            let (id, arn) = (self.make_id(), queue_arn.to_owned());
            let destination = Destination { id: id.clone(), app, name: "weir".to_owned(), arn };
            self.notifications.destinations.push(destination);
            id
        });
        let id = self.make_id();
        self.notifications.subscriptions.push(Subscription {
            id,
            seller,
            app,
            kind: ORDER_CHANGE.to_owned(),
            version: "1.0".to_owned(),
            destination,
            marketplaces: Vec::new(),
            change_types: Vec::new(),
        });
    }

    /// Loses a seller's subscriptions, as happens.
    pub fn drop_subscriptions(&mut self, seller_id: &str) {
        if let Some(seller) = self.seller(seller_id) {
            self.notifications.subscriptions.retain(|subscription| subscription.seller != seller);
        }
    }

    /// How many notices have not gone out yet.
    #[must_use]
    pub fn waiting_notifications(&self) -> usize {
        self.notifications.waiting.len()
    }
}

/// Calls of the application.
pub(super) fn handle_app(
    amazon: &mut Amazon,
    request: &HttpRequest,
    route: &Route,
    app: u32,
) -> HttpResponse {
    let destinations = &mut amazon.notifications.destinations;
    match route {
        Route::CreateDestination => create_destination(amazon, request, app),
        Route::GetDestinations => payload(|json| {
            json.field_array("payload", |json| {
                let own = destinations.iter().filter(|destination| destination.app == app);
                own.for_each(|destination| write_destination(json, destination));
            });
        }),
        Route::GetDestination(id) => {
            let found =
                destinations.iter().find(|destination| destination.app == app && destination.id == *id);
            found.map_or_else(unknown, |destination| {
                payload(|json| {
                    json.key("payload");
                    write_destination(json, destination);
                })
            })
        }
        Route::DeleteDestination(id) => {
            let before = destinations.len();
            destinations.retain(|destination| destination.app != app || destination.id != *id);
            if destinations.len() == before { unknown() } else { payload(|_| {}) }
        }
        Route::GetSubscriptionById(kind, id) => {
            let found = amazon.notifications.subscriptions.iter();
            let mut found = found.filter(|found| found.app == app && found.kind == *kind && found.id == *id);
            found.next().map_or_else(unknown, answer_subscription)
        }
        Route::DeleteSubscriptionById(kind, id) => {
            let subscriptions = &mut amazon.notifications.subscriptions;
            let before = subscriptions.len();
            subscriptions.retain(|found| found.app != app || found.kind != *kind || found.id != *id);
            if subscriptions.len() == before { unknown() } else { payload(|_| {}) }
        }
        Route::SearchOrders
        | Route::GetOrder(_)
        | Route::GetOrdersV0
        | Route::GetOrderV0(_)
        | Route::GetOrderItemsV0(_)
        | Route::CreateSubscription(_)
        | Route::GetSubscriptions
        | Route::GetSubscription(_) => unknown(),
    }
}

/// Calls for a seller.
pub(super) fn handle_seller(
    amazon: &mut Amazon,
    request: &HttpRequest,
    route: &Route,
    seller: u32,
    app: u32,
) -> HttpResponse {
    match route {
        Route::CreateSubscription(kind) => create_subscription(amazon, request, seller, app, kind),
        Route::GetSubscription(kind) => {
            find_kind(amazon, seller, app, kind).map_or_else(unknown, answer_subscription)
        }
        Route::GetSubscriptions => {
            let query = Query::of_address(&request.url);
            if query.get("notificationTypes").is_none() {
                return bad_input(&BadInput::new("notificationTypes is required."));
            }
            payload(|json| {
                json.field_object("payload", |json| {
                    json.field_array("subscriptions", |json| {
                        for kind in query.list("notificationTypes") {
                            if let Some(found) = find_kind(amazon, seller, app, kind) {
                                write_subscription(json, found);
                            }
                        }
                    });
                });
            })
        }
        Route::SearchOrders
        | Route::GetOrder(_)
        | Route::GetOrdersV0
        | Route::GetOrderV0(_)
        | Route::GetOrderItemsV0(_)
        | Route::CreateDestination
        | Route::GetDestinations
        | Route::GetDestination(_)
        | Route::DeleteDestination(_)
        | Route::GetSubscriptionById(..)
        | Route::DeleteSubscriptionById(..) => unknown(),
    }
}

fn create_destination(amazon: &mut Amazon, request: &HttpRequest, app: u32) -> HttpResponse {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let name = asked.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let arn = asked.pointer("/resourceSpecification/sqs/arn").and_then(Value::as_str);
    let (Some(name), Some(arn)) = (name, arn.filter(|arn| arn.starts_with("arn:aws:sqs:"))) else {
        return bad_input(&BadInput::new("A destination needs a name and the ARN of a queue."));
    };
    if amazon.notifications.destinations.iter().any(|known| known.app == app && known.arn == arn) {
        return error(409, "Conflict", "A destination with this resource already exists.", "");
    }
    let destination = Destination { id: amazon.make_id(), app, name: name.to_owned(), arn: arn.to_owned() };
    let answer = payload(|json| {
        json.key("payload");
        write_destination(json, &destination);
    });
    amazon.notifications.destinations.push(destination);
    answer
}

fn create_subscription(
    amazon: &mut Amazon,
    request: &HttpRequest,
    seller: u32,
    app: u32,
    kind: &str,
) -> HttpResponse {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let text = |name: &str| asked.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let (Some(version), Some(destination)) = (text("payloadVersion"), text("destinationId")) else {
        return bad_input(&BadInput::new("A subscription needs payloadVersion and destinationId."));
    };
    let known =
        amazon.notifications.destinations.iter().any(|known| known.app == app && known.id == destination);
    if !KINDS.contains(&kind) || !known || version != "1.0" {
        return bad_input(&BadInput::new(
            "The notification type, its version or the destination is not valid.",
        ));
    }
    if find_kind(amazon, seller, app, kind).is_some() {
        return error(409, "Conflict", "A subscription of this type already exists.", "");
    }
    let list = |name: &str| -> Vec<String> {
        let words = asked.pointer("/processingDirective/eventFilter").and_then(|filter| filter.get(name));
        let words = words.and_then(Value::as_array).into_iter().flatten();
        words.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    };
    let subscription = Subscription {
        id: amazon.make_id(),
        seller,
        app,
        kind: kind.to_owned(),
        version,
        destination,
        marketplaces: list("marketplaceIds"),
        change_types: list("orderChangeTypes"),
    };
    let answer = answer_subscription(&subscription);
    amazon.notifications.subscriptions.push(subscription);
    answer
}

fn find_kind<'a>(amazon: &'a Amazon, seller: u32, app: u32, kind: &str) -> Option<&'a Subscription> {
    let known = amazon.notifications.subscriptions.iter();
    known.filter(|known| known.seller == seller && known.app == app).find(|known| known.kind == kind)
}

fn answer_subscription(subscription: &Subscription) -> HttpResponse {
    payload(|json| {
        json.key("payload");
        write_subscription(json, subscription);
    })
}

fn write_subscription(json: &mut Json, subscription: &Subscription) {
    json.object(|json| {
        json.field_text("subscriptionId", &subscription.id);
        json.field_text("payloadVersion", &subscription.version);
        json.field_text("destinationId", &subscription.destination);
    });
}

fn write_destination(json: &mut Json, destination: &Destination) {
    json.object(|json| {
        json.field_text("name", &destination.name);
        json.field_text("destinationId", &destination.id);
        json.field_object("resource", |json| {
            json.field_object("sqs", |json| json.field_text("arn", &destination.arn));
        });
    });
}

fn payload(body: impl FnOnce(&mut Json)) -> HttpResponse {
    HttpResponse::json(200, Json::of(body))
}

fn unknown() -> HttpResponse {
    error(404, "NotFound", "The requested resource doesn't exist.", "")
}

/// An ORDER_CHANGE notice. It spells states as Orders v0 does.
fn body(order: &TruthOrder, subscription: &Subscription, id: &str, now: Now) -> Vec<u8> {
    let (state, spec) = (&order.state, &order.state.spec);
    Json::of(|json| {
        json.field_text("NotificationVersion", "1.0");
        json.field_text("NotificationType", ORDER_CHANGE);
        json.field_text("PayloadVersion", "1.0");
        json.field_time("EventTime", now.wall);
        json.field_object("Payload", |json| {
            json.field_object("OrderChangeNotification", |json| {
                json.field_text("NotificationLevel", "OrderLevel");
                json.field_text("SellerId", &order.seller_id);
                json.field_text("AmazonOrderId", &order.id);
                json.field_text("OrderChangeType", "OrderStatusChange");
                json.field_object("OrderChangeTrigger", |json| {
                    json.field_time("TimeOfOrderChange", state.updated_at);
                    json.field_text("ChangeReason", "Order status changed");
                });
                json.field_object("Summary", |json| {
                    json.field_text("MarketplaceId", spec.marketplace.id);
                    json.field_text("OrderStatus", state.status.word_v0());
                    json.field_time("PurchaseDate", order.created_at);
                    json.field_text("DestinationPostalCode", spec.marketplace.place.2);
                    let by = match spec.fulfilled_by {
                        FulfilledBy::Amazon => "AFN",
                        FulfilledBy::Merchant => "MFN",
                    };
                    json.field_text("FulfillmentType", by);
                    json.field_text("OrderType", "StandardOrder");
                    let shipped: i64 = state.shipped.iter().copied().map(i64::from).sum();
                    let ordered: i64 = spec.lines.iter().map(|line| i64::from(line.quantity)).sum();
                    json.field_number("NumberOfItemsShipped", shipped);
                    json.field_number("NumberOfItemsUnshipped", ordered - shipped);
                    json.field_array("OrderItems", |json| {
                        for (line, ordered) in spec.lines.iter().enumerate() {
                            json.object(|json| {
                                json.field_text("OrderItemId", &item_id(&order.id, line));
                                json.field_text("SellerSKU", &ordered.sku);
                                json.field_raw("SupplySourceId", "null");
                                json.field_number("Quantity", ordered.quantity);
                                let shipped = state.shipped.get(line).copied().unwrap_or(0);
                                json.field_number("QuantityShipped", shipped);
                            });
                        }
                    });
                });
            });
        });
        json.field_object("NotificationMetadata", |json| {
            json.field_text("ApplicationId", &format!("amzn1.sellerapps.app.{}", subscription.app));
            json.field_text("SubscriptionId", &subscription.id);
            json.field_time("PublishTime", now.wall);
            json.field_text("NotificationId", id);
        });
    })
}
