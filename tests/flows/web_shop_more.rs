//! What a web shop's orders go through besides the plain way: large ones that come in parts, deliveries
//! over a bus, tokens that end, returns and what is made for a row, several places and several stores.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};
use weir_app::{
    connections, import_order,
    message::{Message, SignalCause, Told, What},
    ports::{Commit, Expect, Index, Key, Record},
};
use weir_channels::channel::{AccessToken, Call, Credentials, Operation, Secret, Step};
use weir_domain::{
    connection::{Connection, ConnectionStatus},
    ids::{ChannelOrderId, ManufacturingOrderId, SignalId},
    manufacturing_order::{ManufacturingOrder, ManufacturingStatus},
    sales_order::OrderStatus,
    sales_return::{ReturnStatus, SalesReturn},
    stock::StockKey,
};
use weir_sandbox::{
    Now,
    shopify::{
        BuyerSpec, Edit, LineSpec, OrderSpec, Parcel, RefundSpec, Restock, ReturnStatus as ShopReturn,
        ShippingSpec, ShopSpec, Webhook,
    },
};
use weir_tests::{
    House,
    house::TABLE,
    web_shop::{APP, APP_SECRET, PUBLIC_URL, WebShop},
};

const MUG: &str = "MUG-1";

/// Everything that a shop tells of orders.
const TOPICS: [&str; 12] = [
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_EDITED",
    "ORDERS_CANCELLED",
    "FULFILLMENTS_CREATE",
    "FULFILLMENT_HOLDS_ADDED",
    "FULFILLMENT_HOLDS_RELEASED",
    "FULFILLMENT_ORDERS_MOVED",
    "REFUNDS_CREATE",
    "RETURNS_APPROVE",
    "RETURNS_CLOSE",
    "RETURNS_CANCEL",
];

fn mugs(quantity: i64) -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new(MUG, quantity, 1_000)])
}

fn now(house: &House) -> Now {
    Now::at(house.now())
}

/// The movements of each place and variant make what is on hand there.
async fn check_stock(house: &House, shop: &WebShop) {
    let mut sums: BTreeMap<StockKey, i64> = BTreeMap::new();
    for movement in house.movements(&shop.organization).await {
        *sums.entry(movement.key).or_default() += movement.quantity;
    }
    for (_, stored) in house.all(Index::Stock(shop.organization.clone())).await {
        let Record::Stock(item) = stored.record else { panic!("{:?}", stored.record) };
        assert_eq!(item.on_hand, sums.get(&item.key).copied().unwrap_or(0), "{:?}", item.key);
    }
}

// ------------------------------------------------------------------ orders in parts

// SPEC: KS-22, KS-40, G-06, G-12
#[tokio::test]
async fn an_order_of_250_lines_from_two_places_comes_in_whole_and_its_parts_follow() {
    const LINES: usize = 250;
    let house = House::new().await;
    // On the smallest plan there are not points enough at once, so that it takes its time.
    let spec = ShopSpec::new("many.myshopify.com").location("Second");
    let shop = house.web_shop_as(spec, None, |_| {}).await;
    let line = |line: usize| LineSpec::new(&format!("SKU-{line}"), 2, 500).from_location(line % 2);
    let id = house.place_in_web_shop(&shop, OrderSpec::new((0..LINES).map(line).collect()));
    // Each place's part has more lines than the first answer brings; so has the refund.
    let refund = RefundSpec {
        lines: (0..12).map(|line| (line, 1, Restock::Cancel)).collect(),
        ..RefundSpec::default()
    };
    assert!(house.crossing.shopify().refund(id, &refund, now(&house)));
    house.minutes(10).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
    let order = shop.order(&house, id).await.unwrap();
    assert!(order.is_visible());
    assert_eq!(order.rows.len(), LINES);
    let units = |line: usize| {
        order.rows.iter().find(|row| row.sku.as_str() == format!("SKU-{line}")).unwrap().quantity
    };
    assert_eq!((units(0), units(11), units(12), units(249)), (1, 1, 2, 2));
    assert_eq!(order.totals().total, Some((500 * (2 * 250 - 12) / 100).into()));
    assert_eq!(order.channel_total.map(|total| total.amount), order.totals().total);
    assert_eq!(shop.stock(&house, "SKU-249").await, (0, 2));

    // More fulfillments than the first answer brings, and then one with many lines.
    house.clock.advance(SignedDuration::from_mins(1));
    for line in 20..34 {
        let parcel = Some(Parcel::new("UPS", &format!("1Z{line}")));
        assert!(house.crossing.shopify().fulfill_units(id, line, 2, parcel, now(&house)), "line {line}");
    }
    house.minutes(10).await;
    let order = shop.order(&house, id).await.unwrap();
    assert!(order.is_visible(), "{:?}", house.errors());
    assert_eq!(order.fulfillments.len(), 14);
    assert_eq!(order.status, OrderStatus::PartiallyDelivered);
    assert!(house.crossing.shopify().fulfill(id, None, now(&house)));
    house.minutes(15).await;
    let order = shop.order(&house, id).await.unwrap();
    assert!(order.is_visible(), "{:?}", house.errors());
    assert_eq!(order.status, OrderStatus::Delivered, "{}", shop.outcome(&house, id).await);
    for (line, left) in [(0, -1), (11, -1), (12, -2), (33, -2), (249, -2)] {
        assert_eq!(shop.stock(&house, &format!("SKU-{line}")).await, (left, 0), "line {line}");
    }
    assert_eq!(house.movements(&shop.organization).await.len(), LINES, "each row left once");
    check_stock(&house, &shop).await;
}

/// The points that a call is believed to cost at first, by how fast its bucket fills on the smallest plan.
fn believed(operation: Operation) -> u64 {
    u64::try_from(operation.refill.as_millis()).unwrap() / 10
}

// SPEC: G-12
#[tokio::test]
async fn no_usual_call_costs_more_points_than_it_is_believed_to() {
    let house = House::new().await;
    let shop = house.idle_web_shop("mugs").await;
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    let line =
        |sku: &str| LineSpec::new(sku, 2, 1_000).discounted(100).taxed("State", 625).taxed("City", 200);
    let shipping = Some(ShippingSpec { tax: Some(("State".to_owned(), 625)), ..ShippingSpec::new(500) });
    let spec = OrderSpec { shipping, tip: 200, ..OrderSpec::new(["A", "B", "C"].map(line).to_vec()) };
    for _ in 0..5 {
        house.place_in_web_shop(&shop, spec.clone());
        house.minutes(2).await;
    }
    let connection = connections::read(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    let token = AccessToken { token: Secret::new("shpat_x"), lifetime: std::time::Duration::from_secs(1) };
    let call = Call { connection: &connection, token: &token };
    let channel = weir_channels::find(&connection.channel).unwrap();
    let (orders, store) = (channel.orders.unwrap(), channel.store.unwrap());
    let Step::Ask(order, _) = orders.look(call, &ChannelOrderId::parse("1").unwrap(), &[]).unwrap() else {
        panic!("one answer at least");
    };
    let shop_points = believed(store.about(call).0);
    let counts = house.crossing.shopify().counts(&shop.domain);
    println!("{counts:?}");
    let mut seen = 0;
    for (name, count) in &counts {
        let most = match name.as_str() {
            "Order" => believed(order),
            "ChangedOrders" => believed(orders.search_operation(&connection)),
            "Shop" | "Locations" | "WebhookSubscriptions" => shop_points,
            // A mutation costs ten, and what it answers.
            _ => 20,
        };
        assert!(count.points <= most * count.calls, "{name}: {count:?}, believed to cost {most} each");
        seen += 1;
    }
    assert!(seen >= 4 && counts["Order"].points >= 5 * 60, "{counts:?}");
}

// ------------------------------------------------------------------ deliveries

// SPEC: OP-08, G-01
#[tokio::test]
async fn what_comes_over_the_bus_is_as_good_as_what_comes_to_the_door() {
    const BUS: &str = "arn:aws:events:us-east-1::event-source/aws.partner/shopify.com/42/weir";
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.crossing.shopify().subscribe(&shop.domain, APP, &TOPICS, BUS);
    let id = house.place_in_web_shop(&shop, mugs(3));
    house.clock.advance(SignedDuration::from_secs(5));
    house.settle().await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "no search has run yet");
    house.clock.advance(SignedDuration::from_mins(2));
    assert!(house.crossing.shopify().edit(id, &[Edit::SetQuantity(0, 2)], now(&house)));
    let deliveries = house.crossing.shopify().take_webhooks(now(&house));
    assert!(deliveries.iter().all(|delivery| delivery.uri == BUS && delivery.headers.is_empty()));
    for delivery in &deliveries {
        assert_eq!(house.knock(delivery).await.status(), 200);
    }
    house.settle().await;
    assert_eq!(shop.stock(&house, MUG).await, (0, 2));

    // Another source on the same bus, another shop, and what is no event at all change nothing.
    let event: Value = serde_json::from_slice(&deliveries[0].body).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut event = event.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        with_body(&deliveries[0], event.to_string().as_bytes())
    };
    for odd in [
        changed("/source", json!("aws.partner/elsewhere.com/42")),
        changed("/detail/metadata/X-Shopify-Shop-Domain", json!("other.myshopify.com")),
        changed("/detail/payload", json!("<html>")),
        changed("/detail", json!(null)),
        with_body(&deliveries[0], b"<html>busy</html>"),
    ] {
        assert_eq!(house.knock(&odd).await, weir_app::webhook::Answer::Nothing);
    }
    assert_eq!(house.queue.depth(&weir_tests::web_shop::import_queue()), 0);
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

fn with_body(delivery: &Webhook, body: &[u8]) -> Webhook {
    let mut other = delivery.clone();
    other.body = body.to_vec();
    other
}

/// What a shop's orders are like in the end: outcome, rows, timeline and stock.
async fn books(house: &House, shop: &WebShop, ids: &[u64]) -> Vec<String> {
    let mut books = Vec::new();
    for id in ids {
        let order = shop.order(house, *id).await;
        let rows = order.iter().flat_map(|order| &order.rows);
        let rows: Vec<String> = rows.map(|row| format!("{} x {}", row.quantity, row.sku)).collect();
        let deleted = order.as_ref().is_some_and(|order| order.deleted_at.is_some());
        let status = order.as_ref().map(|order| order.status.as_str());
        books.push(format!(
            "{:?} {rows:?} {status:?} {deleted} {:?}",
            shop.outcome(house, *id).await,
            shop.timeline(house, *id).await
        ));
    }
    books.push(format!(
        "{:?} {}",
        shop.stock(house, MUG).await,
        house.movements(&shop.organization).await.len()
    ));
    let events = house.announced();
    books.extend(events.iter().map(|event| event.split(' ').next().unwrap_or_default().to_owned()));
    books
}

/// A shop's day, of which every delivery comes so often, each time in another order.
async fn a_day(times: usize) -> Vec<String> {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.subscribe(&shop, &TOPICS);
    let mut ids = Vec::new();
    let mut known: Vec<Webhook> = Vec::new();
    for step in 0..6_usize {
        house.clock.advance(SignedDuration::from_secs(90));
        let at = now(&house);
        match step {
            0 => ids.extend([3, 5, 2].map(|units| house.place_in_web_shop(&shop, mugs(units)))),
            1 => assert!(house.crossing.shopify().edit(ids[0], &[Edit::SetQuantity(0, 1)], at)),
            2 => assert!(house.crossing.shopify().cancel(ids[1], at)),
            3 => assert!(house.crossing.shopify().fulfill_units(ids[2], 0, 1, None, at)),
            4 => assert!(house.crossing.shopify().fulfill(ids[0], Some(Parcel::new("UPS", "1Z")), at)),
            _ => assert!(house.crossing.shopify().fulfill(ids[2], None, at)),
        }
        known.extend(house.crossing.shopify().take_webhooks(at));
        for round in 0..times {
            // The oldest come again as well: nothing that a delivery says is believed but its name.
            let mut due = known.clone();
            if round % 2 == 1 {
                due.reverse();
            }
            for delivery in due {
                assert_eq!(house.knock(&delivery).await.status(), 200);
                // Points come back meanwhile: what waits for them would see fewer of the states.
                house.clock.advance(SignedDuration::from_secs(3));
                house.settle().await;
            }
        }
    }
    assert!(house.errors().is_empty(), "{:?}", house.errors());
    check_stock(&house, &shop).await;
    books(&house, &shop, &ids).await
}

// SPEC: G-02, OP-08
#[tokio::test]
async fn five_deliveries_of_everything_leave_what_one_leaves() {
    let once = a_day(1).await;
    assert!(once.iter().any(|line| line.contains("deleted_with_channel")), "{once:?}");
    assert!(once.contains(&"(-3, 0) 3".to_owned()), "{once:?}");
    assert_eq!(a_day(5).await, once);
}

// SPEC: G-01, G-04, KS-10
#[tokio::test]
async fn without_any_delivery_the_search_brings_in_all_the_same() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.subscribe(&shop, &TOPICS);
    house.crossing.shopify().faults.lost_webhooks = 1_000;
    let ids: Vec<u64> = (1..=12).map(|units| house.place_in_web_shop(&shop, mugs(units))).collect();
    house.minutes(5).await;
    for id in &ids {
        assert_eq!(shop.outcome(&house, *id).await, "imported open_order");
    }
    assert!(house.crossing.shopify().cancel(ids[0], now(&house)));
    assert!(house.crossing.shopify().edit(ids[1], &[Edit::SetQuantity(0, 1)], now(&house)));
    assert!(house.crossing.shopify().fulfill(ids[2], None, now(&house)));
    assert!(house.crossing.shopify().hold(ids[3], 0, "OTHER", None, now(&house)));
    house.minutes(5).await;
    assert_eq!(house.crossing.shopify().waiting_webhooks(), 0, "or a delivery came");
    assert_eq!(shop.outcome(&house, ids[0]).await, "updated deleted_with_channel");
    assert_eq!(shop.outcome(&house, ids[1]).await, "updated changes_followed");
    assert_eq!(shop.outcome(&house, ids[2]).await, "updated fulfilled_at_channel");
    assert!(shop.order(&house, ids[3]).await.unwrap().is_visible(), "a hold does not undo an import");
    check_stock(&house, &shop).await;
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: OP-08
#[tokio::test]
async fn a_subscription_that_is_gone_is_put_back_and_others_are_left_alone() {
    const ELSEWHERE: &str = "https://other.example/hooks";
    let house = House::new().await;
    let shop = house.idle_web_shop("mugs").await;
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    house.minute().await;
    let own = |house: &House| {
        let shopify = house.crossing.shopify();
        let mut own = shopify.subscribed(&shop.domain);
        own.retain(|(_, uri)| uri.starts_with(PUBLIC_URL));
        own.into_iter().map(|(topic, _)| topic).collect::<std::collections::BTreeSet<_>>()
    };
    let all = own(&house);
    assert!(all.len() > 10, "{all:?}");
    // Nobody answered: eight times, and the subscription is gone.
    house.place_in_web_shop(&shop, mugs(1));
    house.crossing.shopify().subscribe(&shop.domain, APP, &["ORDERS_CREATE"], ELSEWHERE);
    let mut due = house.crossing.shopify().take_webhooks(now(&house));
    due.retain(|delivery| delivery.topic == "orders/create");
    let mut tries = 0;
    while let Some(delivery) = due.pop() {
        house.crossing.shopify().webhook_failed(&delivery, now(&house));
        house.clock.advance(SignedDuration::from_hours(2));
        due = house.crossing.shopify().take_webhooks(now(&house));
        due.retain(|delivery| delivery.topic == "orders/create");
        tries += 1;
    }
    assert_eq!(tries, 9, "the first try and eight more");
    assert!(!own(&house).contains("ORDERS_CREATE"));
    house.minutes(61).await;
    assert_eq!(own(&house), all);
    let shopify = house.crossing.shopify();
    assert!(shopify.subscribed(&shop.domain).iter().any(|(_, uri)| *uri == ELSEWHERE), "not ours to remove");
}

// ------------------------------------------------------------------ tokens that end

async fn give(house: &House, shop: &WebShop, credentials: &[(&str, &str)]) {
    let credentials: Credentials =
        credentials.iter().map(|(name, secret)| ((*name).to_owned(), Secret::new(*secret))).collect();
    house.hub.secrets.keep(&shop.organization, &shop.connection, &credentials).await.unwrap();
}

async fn refresh_token(house: &House, shop: &WebShop) -> String {
    let kept = house.hub.secrets.read(&shop.organization, &shop.connection).await.unwrap();
    kept["refresh_token"].expose().to_owned()
}

async fn status(house: &House, shop: &WebShop) -> ConnectionStatus {
    connections::read(&house.hub, &shop.organization, &shop.connection).await.unwrap().status
}

// SPEC: G-11, OP-06
#[tokio::test]
async fn a_refresh_token_is_replaced_with_each_use_and_a_lost_answer_costs_no_order() {
    const FIRST: &str = "shprt_first";
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.crossing.shopify().give_refresh_token(&shop.domain, APP, FIRST, now(&house));
    give(&house, &shop, &[("client_id", APP), ("client_secret", APP_SECRET), ("refresh_token", FIRST)]).await;
    let first = house.place_in_web_shop(&shop, mugs(1));
    house.minutes(2).await;
    assert_eq!(shop.outcome(&house, first).await, "imported open_order", "{:?}", house.errors());
    let second_token = refresh_token(&house, &shop).await;
    assert_ne!(second_token, FIRST);

    // The token ends within the hour; the answer with the next pair gets lost on the way, again and again.
    house.clock.advance(SignedDuration::from_hours(2));
    house.crossing.shopify().faults.lost_tokens = 1_000;
    let second = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(3).await;
    assert_eq!(refresh_token(&house, &shop).await, second_token, "nothing was heard of another one");
    assert_eq!(status(&house, &shop).await, ConnectionStatus::Active, "no answer is no refusal");
    house.crossing.shopify().faults.lost_tokens = 0;
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, second).await, "imported open_order");
    let third_token = refresh_token(&house, &shop).await;
    assert_ne!(third_token, second_token);

    // It runs on for days, by one token after the other.
    for day in 0..3 {
        house.clock.advance(SignedDuration::from_hours(24));
        let id = house.place_in_web_shop(&shop, mugs(1));
        house.minutes(2).await;
        assert_eq!(shop.outcome(&house, id).await, "imported open_order", "day {day}");
    }
    // One that ended early is renewed at once.
    house.crossing.shopify().expire_access_tokens();
    let id = house.place_in_web_shop(&shop, mugs(1));
    house.minutes(2).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order");
    assert_eq!(status(&house, &shop).await, ConnectionStatus::Active);

    // A process that ends between the answer and the keeping of it: the next one asks by the one before.
    house.clock.advance(SignedDuration::from_hours(2));
    let before = refresh_token(&house, &shop).await;
    let id = house.place_in_web_shop(&shop, mugs(1));
    house.clock.advance(SignedDuration::from_mins(1));
    let at = weir_tests::At(weir_app::gate::Site::TokenKeep, 0, weir_tests::When::Before);
    assert!(house.crash(at, house.tick()).await.is_none(), "it never came to keeping a token");
    assert_eq!(refresh_token(&house, &shop).await, before);
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
    assert_ne!(refresh_token(&house, &shop).await, before);

    // Taken out of the shop, it needs somebody; its orders wait.
    house.clock.advance(SignedDuration::from_hours(2));
    house.crossing.shopify().uninstall(&shop.domain, APP, now(&house));
    house.minutes(2).await;
    assert!(matches!(status(&house, &shop).await, ConnectionStatus::NeedsAttention(_)));
}

// ------------------------------------------------------------------ returns, and what is made for a row

async fn returns(house: &House, shop: &WebShop, id: u64) -> Vec<SalesReturn> {
    let index = Index::SalesReturnsOf(shop.organization.clone(), shop.order_id(id));
    let returned = |record| match record {
        Record::SalesReturn(returned) => returned,
        other => panic!("{other:?}"),
    };
    house.all(index).await.into_iter().map(|(_, stored)| returned(stored.record)).collect()
}

// SPEC: KS-16
#[tokio::test]
async fn a_return_at_the_shop_becomes_a_return_order_and_follows_it() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |settings| settings.bring_returns = true).await;
    house.subscribe(&shop, &TOPICS);
    let id = house.place_in_web_shop(&shop, mugs(3));
    house.minutes(2).await;
    assert!(house.crossing.shopify().fulfill(id, None, now(&house)));
    house.minutes(2).await;

    // Asked for is not agreed to.
    let asked = house.crossing.shopify().request_return(id, &[(0, 2)], now(&house)).unwrap();
    house.minutes(2).await;
    assert!(returns(&house, &shop, id).await.is_empty());
    assert!(house.crossing.shopify().set_return(id, asked, ShopReturn::Open, now(&house)));
    house.minutes(2).await;
    let made = returns(&house, &shop, id).await;
    assert_eq!(made.len(), 1, "{:?} {}", house.errors(), shop.outcome(&house, id).await);
    let order = shop.order(&house, id).await.unwrap();
    assert_eq!((made[0].order.clone(), made[0].status), (order.id.clone(), ReturnStatus::Open));
    assert_eq!((made[0].rows.len(), made[0].rows[0].quantity), (1, 2));
    assert_eq!(made[0].rows[0].row, order.rows[0].id);
    assert_eq!(made[0].rows[0].reason.as_deref(), Some("size-too-small"));
    assert_eq!((order.rows[0].quantity, order.status), (3, OrderStatus::Delivered), "no row changes");
    assert_eq!(shop.stock(&house, MUG).await, (-3, 0), "the goods are not here yet");

    // A second one is called off; the first is over at the shop, which receives nothing here.
    let second = house.crossing.shopify().open_return(id, &[(0, 1)], now(&house)).unwrap();
    house.minutes(2).await;
    assert_eq!(returns(&house, &shop, id).await.len(), 2);
    assert!(house.crossing.shopify().set_return(id, second, ShopReturn::Cancelled, now(&house)));
    assert!(house.crossing.shopify().process_return(id, asked, now(&house)));
    house.minutes(3).await;
    let mut found: Vec<(i64, ReturnStatus)> =
        returns(&house, &shop, id).await.iter().map(|one| (one.rows[0].quantity, one.status)).collect();
    found.sort_by_key(|(quantity, _)| *quantity);
    assert_eq!(found, [(1, ReturnStatus::Cancelled), (2, ReturnStatus::Open)]);
    let order = shop.order(&house, id).await.unwrap();
    assert_eq!(order.rows[0].quantity, 3, "what has left has left");
    check_stock(&house, &shop).await;
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KS-16
#[tokio::test]
async fn without_the_setting_no_return_comes() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, mugs(3));
    house.minutes(2).await;
    assert!(house.crossing.shopify().fulfill(id, None, now(&house)));
    house.crossing.shopify().open_return(id, &[(0, 2)], now(&house)).unwrap();
    house.minutes(3).await;
    assert_eq!(shop.order(&house, id).await.unwrap().status, OrderStatus::Delivered);
    assert!(returns(&house, &shop, id).await.is_empty());
}

/// Something is made for a row of an order.
async fn make_for(house: &House, shop: &WebShop, id: u64, row: usize, status: ManufacturingStatus) {
    let order = shop.order(house, id).await.unwrap();
    let row = order.rows[row].clone();
    let made = ManufacturingOrder {
        id: ManufacturingOrderId::from_token(&format!(
            "{}{}",
            row.sku.as_str().to_lowercase(),
            status.as_str()
        )),
        order: order.id.clone(),
        row: Some(row.id),
        variant: row.variant,
        sku: row.sku,
        quantity: row.quantity,
        status,
        created_at: house.now(),
    };
    let key = Key::ManufacturingOrder(shop.organization.clone(), order.id, made.id.clone());
    let mut commit = Commit::default();
    commit.put(key, Record::ManufacturingOrder(made), Expect::Absent);
    house.hub.ledger.commit(&commit).await.unwrap();
}

/// What is made for an order: the SKU, how many, and whether it is for a row.
async fn made_for(house: &House, shop: &WebShop, id: u64) -> Vec<String> {
    let index = Index::ManufacturingOrdersOf(shop.organization.clone(), shop.order_id(id));
    let mut made: Vec<String> = Vec::new();
    for (_, stored) in house.all(index).await {
        let Record::ManufacturingOrder(order) = stored.record else { panic!("{:?}", stored.record) };
        let link = if order.row.is_some() { "linked" } else { "unlinked" };
        made.push(format!("{} {} {} {link}", order.sku, order.quantity, order.status.as_str()));
    }
    made.sort();
    made
}

// SPEC: KS-30, KS-32
#[tokio::test]
async fn what_is_made_for_a_row_follows_it_until_work_has_begun() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let lines = ["A", "B", "C", "D"].map(|sku| LineSpec::new(sku, 4, 1_000)).to_vec();
    let id = house.place_in_web_shop(&shop, OrderSpec::new(lines));
    house.minutes(2).await;
    for (row, status) in [
        (0, ManufacturingStatus::NotStarted),
        (1, ManufacturingStatus::WorkInProgress),
        (2, ManufacturingStatus::NotStarted),
        (3, ManufacturingStatus::Done),
    ] {
        make_for(&house, &shop, id, row, status).await;
    }
    let edits =
        [Edit::SetQuantity(0, 3), Edit::SetQuantity(1, 3), Edit::SetQuantity(2, 0), Edit::SetQuantity(3, 0)];
    assert!(house.crossing.shopify().edit(id, &edits, now(&house)));
    house.minutes(2).await;
    assert_eq!(shop.outcome(&house, id).await, "updated changes_followed");
    assert_eq!(
        made_for(&house, &shop, id).await,
        ["A 3 not_started linked", "B 4 work_in_progress unlinked", "D 4 done unlinked"]
    );
    let order = shop.order(&house, id).await.unwrap();
    assert_eq!(
        order.rows.iter().map(|row| (row.sku.as_str(), row.quantity)).collect::<Vec<_>>(),
        [("A", 3), ("B", 3)]
    );

    // Called off: what was not begun goes with it.
    assert!(house.crossing.shopify().cancel(id, now(&house)));
    house.minutes(2).await;
    assert_eq!(shop.outcome(&house, id).await, "updated deleted_with_channel");
    assert_eq!(made_for(&house, &shop, id).await, ["B 4 work_in_progress unlinked", "D 4 done unlinked"]);
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// ------------------------------------------------------------------ what is known of people

/// Everything that the table holds, as text.
async fn everything(house: &House) -> Vec<String> {
    let mut items = Vec::new();
    let mut from = Value::Null;
    loop {
        let mut request = json!({ "TableName": TABLE });
        if !from.is_null() {
            request["ExclusiveStartKey"] = from;
        }
        let (status, body) = house.store.answer("Scan", &request.to_string()).await.unwrap();
        assert_eq!(status, 200, "{body}");
        let page: Value = serde_json::from_str(&body).unwrap();
        items.extend(page["Items"].as_array().unwrap().iter().map(Value::to_string));
        from = page["LastEvaluatedKey"].clone();
        if from.is_null() {
            return items;
        }
    }
}

/// Of whom the shop tells.
const PEOPLE: [&str; 6] = [
    "Canary Buyerson",
    "canary@example.com",
    "Canary Holdings",
    "Canary Street 17",
    "Canaryville",
    "PO-CANARY",
];

fn canary() -> BuyerSpec {
    BuyerSpec {
        customer: Some(77),
        name: PEOPLE[0].to_owned(),
        email: Some(PEOPLE[1].to_owned()),
        company: Some(PEOPLE[2].to_owned()),
        line_1: PEOPLE[3].to_owned(),
        city: PEOPLE[4].to_owned(),
        ..BuyerSpec::default()
    }
}

fn of_canary(units: i64) -> OrderSpec {
    let mut spec = mugs(units);
    spec.lines[0].properties = vec![("Engraving".to_owned(), "For Canary Buyerson".to_owned())];
    OrderSpec { buyer: Some(canary()), purchase_order: Some(PEOPLE[5].to_owned()), ..spec }
}

fn holding<'a>(items: &'a [String], words: &[&str]) -> Vec<&'a String> {
    items.iter().filter(|item| words.iter().any(|word| item.contains(word))).collect()
}

// SPEC: OP-05
#[tokio::test]
async fn after_a_shop_is_erased_nothing_of_its_buyers_is_left_and_the_books_are() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let other = house.web_shop("cups", |_| {}).await;
    house.subscribe(&shop, &TOPICS);
    let ids: Vec<u64> = (1..=4).map(|units| house.place_in_web_shop(&shop, of_canary(units))).collect();
    let waiting = OrderSpec { payment: weir_sandbox::shopify::PaymentSpec::Pending, ..of_canary(9) };
    let waiting = house.place_in_web_shop(&shop, waiting);
    let theirs = house.place_in_web_shop(&other, mugs(1));
    house.minutes(3).await;
    assert!(house.crossing.shopify().cancel(ids[0], now(&house)));
    assert!(house.crossing.shopify().fulfill(ids[1], None, now(&house)));
    assert!(house.crossing.shopify().edit(ids[2], &[Edit::Add(LineSpec::new("TEA", 1, 100))], now(&house)));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, waiting).await, "waiting payment_pending");
    let before = everything(&house).await;
    for word in PEOPLE {
        assert!(!holding(&before, &[word]).is_empty(), "{word} was never stored, or nothing is looked for");
    }

    // Taken out of the shop, and two days later it is to be forgotten.
    house.crossing.shopify().uninstall(&shop.domain, APP, now(&house));
    house.minutes(2).await;
    house.clock.advance(SignedDuration::from_hours(48));
    let told = Message::Told(Told {
        id: SignalId::from_token("test"),
        organization: shop.organization.clone(),
        connection: shop.connection.clone(),
        what: What::EraseShop { after: None },
        at: house.now(),
    });
    for _ in 0..2 {
        import_order::handle(&house.hub, &told).await.unwrap();
        house.settle().await;
        let after = everything(&house).await;
        let left = holding(&after, &PEOPLE);
        assert!(left.is_empty(), "{left:#?}");
    }
    house.minutes(65).await;
    assert_eq!(holding(&everything(&house).await, &PEOPLE), Vec::<&String>::new(), "nor does it come back");
    let order = shop.order(&house, ids[1]).await.unwrap();
    assert_eq!((order.status, order.rows[0].quantity), (OrderStatus::Delivered, 2));
    assert_eq!(shop.stock(&house, MUG).await, (-2, 7));
    let kept = house.record(Key::Person(other.organization.clone(), other.order_id(theirs))).await;
    assert!(kept.is_some(), "another merchant's buyer stays");
}

// SPEC: OP-05, KS-36
#[tokio::test]
async fn a_buyer_who_was_erased_does_not_come_back_with_the_next_change() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, of_canary(2));
    house.minutes(2).await;
    let orders = vec![ChannelOrderId::parse(&id.to_string()).unwrap()];
    let told = Message::Told(Told {
        id: SignalId::from_token("test"),
        organization: shop.organization.clone(),
        connection: shop.connection.clone(),
        what: What::EraseCustomer { orders },
        at: house.now(),
    });
    import_order::handle(&house.hub, &told).await.unwrap();
    assert_eq!(holding(&everything(&house).await, &PEOPLE), Vec::<&String>::new());
    // The shop may still tell of him when the order changes: of an order that is in, nobody is taken over.
    assert!(house.crossing.shopify().edit(id, &[Edit::SetQuantity(0, 1)], now(&house)));
    house.minutes(3).await;
    house.look_at(&shop, id, SignalCause::Notification).await;
    assert_eq!(shop.order(&house, id).await.unwrap().rows[0].quantity, 1);
    let items = everything(&house).await;
    let left: Vec<&String> =
        holding(&items, &PEOPLE).into_iter().filter(|item| !item.contains("snapshot")).collect();
    assert!(left.is_empty(), "{left:#?}");
}

// ------------------------------------------------------------------ places and stores

// SPEC: KS-15, KS-50
#[tokio::test]
async fn rows_lie_where_their_place_is_mapped_and_move_with_it() {
    let house = House::new().await;
    let spec = ShopSpec::new("mugs.myshopify.com").location("Second").location("Third");
    let shop = house.web_shop_as(spec, None, |_| {}).await;
    let places: Vec<String> = {
        let shopify = house.crossing.shopify();
        (0..3).map(|place| shopify.location_id(&shop.domain, place).unwrap().to_string()).collect()
    };
    let second = house.own_location(&shop.organization, "second").await;
    let third = house.own_location(&shop.organization, "third").await;
    let key = Key::Connection(shop.organization.clone(), shop.connection.clone());
    let stored = house.record(key.clone()).await.unwrap();
    let Record::Connection(connection) = stored.record else { panic!() };
    let location_map = vec![(places[1].clone(), second.clone()), (places[2].clone(), third.clone())];
    let mapped = Connection { location_map, ..connection };
    let mut commit = Commit::default();
    commit.put(key, Record::Connection(mapped), Expect::Version(stored.version));
    house.hub.ledger.commit(&commit).await.unwrap();

    let lines = vec![LineSpec::new("A", 2, 100), LineSpec::new("B", 3, 100).from_location(1)];
    let id = house.place_in_web_shop(&shop, OrderSpec::new(lines));
    house.subscribe(&shop, &TOPICS);
    house.minutes(2).await;
    let order = shop.order(&house, id).await.unwrap();
    assert_eq!(order.rows[0].location.as_ref(), Some(&shop.location), "mapped to none: the default place");
    assert_eq!(order.rows[1].location.as_ref(), Some(&second));
    assert_eq!(shop.stock_at(&house, &second, "B").await, (0, 3));

    // The shop ships it from elsewhere.
    assert!(house.crossing.shopify().move_to(id, 1, 2, now(&house)));
    house.minutes(2).await;
    assert_eq!(shop.outcome(&house, id).await, "updated changes_followed", "{:?}", house.errors());
    let order = shop.order(&house, id).await.unwrap();
    assert_eq!(
        (order.rows[0].location.as_ref(), order.rows[1].location.as_ref()),
        (Some(&shop.location), Some(&third))
    );
    assert_eq!(shop.stock_at(&house, &second, "B").await, (0, 0), "held there no longer");
    assert_eq!(shop.stock_at(&house, &third, "B").await, (0, 3));
    assert!(house.crossing.shopify().fulfill(id, None, now(&house)));
    house.minutes(2).await;
    assert_eq!(shop.stock_at(&house, &third, "B").await, (-3, 0));
    assert_eq!(shop.stock(&house, "A").await, (-2, 0));
    check_stock(&house, &shop).await;
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KS-50, KS-22, KS-26
#[tokio::test]
async fn two_stores_share_a_sku_and_a_number_and_nothing_else() {
    let house = House::new().await;
    let first = house.web_shop("mugs", |_| {}).await;
    let second =
        house.web_shop_as(ShopSpec::new("cups.myshopify.com"), Some(&first.organization), |_| {}).await;
    let spec = |units: i64| OrderSpec { name: Some("#1042".to_owned()), ..mugs(units) };
    let (one, other) = (house.place_in_web_shop(&first, spec(2)), house.place_in_web_shop(&second, spec(3)));
    house.minutes(3).await;
    let (of_one, of_other) =
        (first.order(&house, one).await.unwrap(), second.order(&house, other).await.unwrap());
    assert_ne!(of_one.id, of_other.id);
    assert_eq!((of_one.order_no.as_str(), of_other.order_no.as_str()), ("#1042", "#1042"));
    assert_eq!(of_one.rows[0].variant, of_other.rows[0].variant, "one SKU is one variant");
    assert_eq!(house.all(Index::Variants(first.organization.clone())).await.len(), 1);
    assert_eq!(of_one.customer, of_other.customer, "and one buyer is one customer");
    assert_eq!(first.stock(&house, MUG).await, (0, 2));
    assert_eq!(second.stock(&house, MUG).await, (0, 3), "each from its own place");

    // What happens at the one is nothing to the other.
    assert!(house.crossing.shopify().cancel(one, now(&house)));
    house.crossing.shopify().uninstall(&first.domain, APP, now(&house));
    let late = house.place_in_web_shop(&second, mugs(1));
    house.minutes(3).await;
    assert!(matches!(status(&house, &first).await, ConnectionStatus::NeedsAttention(_)));
    assert_eq!(status(&house, &second).await, ConnectionStatus::Active);
    assert_eq!(second.outcome(&house, late).await, "imported open_order");
    assert_eq!(first.stock(&house, MUG).await, (0, 2), "the cancellation waits with its connection");
    assert_eq!(second.stock(&house, MUG).await, (0, 4));
    check_stock(&house, &first).await;
}
