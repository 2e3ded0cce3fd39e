//! Orders of a web shop, from its webhooks and its search to the books here, and back to the shop.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use weir_app::{
    connections, import_order,
    message::{Message, SignalCause, Told, What},
    ports::{Commit, Expect, Index, Key, Record},
    webhook::{self, Answer, LARGEST_BODY},
};
use weir_channels::http::HttpResponse;
use weir_domain::{
    connection::{ConnectionStatus, NotificationLink},
    ids::{ChannelOrderId, ConnectionId, FulfillmentId, SignalId},
    run::{Job, RunState},
    sales_order::{FulfillmentStatus, OrderStatus},
};
use weir_sandbox::{
    Now,
    shopify::{Edit, LineSpec, OrderSpec},
};
use weir_tests::{
    House,
    web_shop::{APP, WebShop, shopify},
};

const MUG: &str = "MUG-1";

fn mugs(quantity: i64) -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new(MUG, quantity, 1_000)])
}

/// Delivers units of an order's row here, as a person does.
async fn deliver_here(house: &House, shop: &WebShop, id: u64, quantity: i64) -> FulfillmentId {
    shop.handle(house, id, FulfillmentStatus::Delivered, quantity).await
}

// SPEC: KS-02, KS-20 to KS-26, CS-02, G-01
#[tokio::test]
async fn an_order_comes_in_by_the_search_with_its_product_its_customer_and_what_is_held() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, mugs(3));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
    let order = shop.order(&house, id).await.unwrap();
    assert_eq!(order.rows.len(), 1);
    assert_eq!((order.rows[0].quantity, order.status), (3, OrderStatus::NotShipped));
    assert_eq!(shop.stock(&house, MUG).await, (0, 3), "what is open is held, and nothing has left");
    let customer = order.customer.clone().unwrap();
    assert_eq!(house.all(Index::Customers(shop.organization.clone())).await.len(), 1);
    assert_eq!(shop.timeline(&house, id).await, ["imported"]);

    // The buyer comes again: the same product, the same customer. (SPEC KS-21, KS-22)
    let again = house.place_in_web_shop(&shop, mugs(1));
    house.minutes(3).await;
    assert_eq!(shop.order(&house, again).await.unwrap().customer, Some(customer));
    assert_eq!(house.all(Index::Variants(shop.organization.clone())).await.len(), 1);
    assert_eq!(shop.stock(&house, MUG).await, (0, 4));

    // What was seen and has not changed is not looked at each minute anew. (SPEC G-12)
    let calls = |house: &House| house.crossing.shopify().counts(&shop.domain).get("Order").map(|it| it.calls);
    let before = calls(&house);
    house.minutes(5).await;
    assert_eq!(calls(&house), before);
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KS-30, KS-33, KS-40, KS-44, G-02
#[tokio::test]
async fn an_order_follows_its_shop_and_what_has_left_stays() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.subscribe(&shop, &["ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_EDITED", "ORDERS_CANCELLED"]);
    let id = house.place_in_web_shop(&shop, mugs(3));
    let other = house.place_in_web_shop(&shop, mugs(5));
    house.clock.advance(SignedDuration::from_secs(20));
    house.settle().await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "by its webhook");
    assert_eq!(shop.stock(&house, MUG).await, (0, 8));

    house.clock.advance(SignedDuration::from_mins(2));
    assert!(house.crossing.shopify().edit(id, &[Edit::SetQuantity(0, 2)], Now::at(house.now())));
    assert!(house.crossing.shopify().cancel(other, Now::at(house.now())));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "updated changes_followed");
    assert_eq!(shop.outcome(&house, other).await, "updated deleted_with_channel");
    assert!(shop.order(&house, other).await.unwrap().deleted_at.is_some());
    assert_eq!(shop.stock(&house, MUG).await, (0, 2), "what was called off is held no longer");

    assert!(house.crossing.shopify().fulfill(id, None, Now::at(house.now())));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "updated fulfilled_at_channel");
    assert_eq!(shop.stock(&house, MUG).await, (-2, 0));
    assert_eq!(shop.order(&house, id).await.unwrap().status, OrderStatus::Delivered);
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KS-41, KS-43, KS-46
#[tokio::test]
async fn what_is_delivered_here_is_fulfilled_at_the_shop_once_and_its_echo_changes_nothing() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(2).await;
    let fulfillment = deliver_here(&house, &shop, id, 2).await;
    house.settle().await;
    let made = house.crossing.shopify().order(id).unwrap().fulfillments.clone();
    assert_eq!(made.len(), 1, "{:?}", house.errors());
    let known = shop.order(&house, id).await.unwrap();
    let ours = known.fulfillments.iter().find(|found| found.id == fulfillment).unwrap();
    assert_eq!(ours.at_channel.len(), 1);
    assert_eq!(ours.at_channel[0].id, made[0].id.to_string());
    assert!(shop.timeline(&house, id).await.contains(&"pushed".to_owned()));

    // The message comes again, and so does what the shop shows of it.
    house.minutes(3).await;
    house.look_at(&shop, id, SignalCause::Notification).await;
    let push = weir_app::message::Push {
        organization: shop.organization.clone(),
        order: shop.order_id(id),
        fulfillment,
    };
    let again = weir_app::push::push(&house.hub, &push).await.unwrap();
    assert_eq!(again, weir_app::push::Pushed::Nothing);
    assert_eq!(house.crossing.shopify().order(id).unwrap().fulfillments.len(), 1);
    assert_eq!(shop.stock(&house, MUG).await, (-2, 0), "units leave once");
    assert_eq!(shop.order(&house, id).await.unwrap().fulfillments.len(), 1);
}

// SPEC: KS-17, KS-41; RELIABILITY I26
#[tokio::test]
async fn nothing_goes_to_a_shop_whose_connection_does_not_sync_any_more() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(2).await;
    let fulfillment = deliver_here(&house, &shop, id, 2).await;
    // Before the message is handled, somebody switches it off.
    let key = Key::Connection(shop.organization.clone(), shop.connection.clone());
    let stored = house.record(key.clone()).await.unwrap();
    let Record::Connection(mut connection) = stored.record else { panic!() };
    connection.settings.shop.sync_fulfillment_status = false;
    let mut commit = Commit::default();
    commit.put(key, Record::Connection(connection), Expect::Version(stored.version));
    house.hub.ledger.commit(&commit).await.unwrap();
    let push = weir_app::message::Push {
        organization: shop.organization.clone(),
        order: shop.order_id(id),
        fulfillment,
    };
    let pushed = weir_app::push::push(&house.hub, &push).await.unwrap();
    assert_eq!(pushed, weir_app::push::Pushed::Nothing);
    assert!(house.crossing.shopify().order(id).unwrap().fulfillments.is_empty());
    assert!(shop.timeline(&house, id).await.contains(&"pushed".to_owned()), "the timeline says why");
}

// SPEC: KS-41; RELIABILITY §3
#[tokio::test]
async fn after_a_lost_answer_the_shop_is_looked_at_before_anything_is_sent_again() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let mut made_unheard = 0;
    for _ in 0..6 {
        let id = house.place_in_web_shop(&shop, mugs(2));
        house.minutes(2).await;
        let fulfillment = deliver_here(&house, &shop, id, 2).await;
        house.crossing.shopify().faults.lost_answers = 500;
        let push = weir_app::message::Push {
            organization: shop.organization.clone(),
            order: shop.order_id(id),
            fulfillment: fulfillment.clone(),
        };
        let mut tries = 0;
        while weir_app::push::push(&house.hub, &push).await.is_err() {
            made_unheard += house.crossing.shopify().order(id).unwrap().fulfillments.len();
            tries += 1;
            assert!(tries < 50, "it never comes to an end");
            house.clock.advance(SignedDuration::from_secs(20));
        }
        house.crossing.shopify().faults.lost_answers = 0;
        house.settle().await;
        assert_eq!(house.crossing.shopify().order(id).unwrap().fulfillments.len(), 1);
        let known = shop.order(&house, id).await.unwrap();
        let ours = known.fulfillments.iter().find(|found| found.id == fulfillment).unwrap();
        assert_eq!(ours.at_channel.len(), 1);
    }
    assert!(made_unheard > 0, "no answer to a made one was lost");
}

// SPEC: OP-06; RELIABILITY §3
#[tokio::test]
async fn the_door_lets_in_what_the_shop_signed_and_nothing_else() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.subscribe(&shop, &["ORDERS_CREATE"]);
    house.place_in_web_shop(&shop, mugs(1));
    house.clock.advance(SignedDuration::from_mins(30));
    let delivery = house.crossing.shopify().take_webhooks(Now::at(house.now())).remove(0);
    assert_eq!(house.knock(&delivery).await, Answer::Safe(1));
    let mut forged = delivery.clone();
    forged.body.push(b' ');
    assert_eq!(house.knock(&forged).await.status(), 401);
    let mut bare = delivery.clone();
    bare.headers.clear();
    assert_eq!(house.knock(&bare).await.status(), 401);
    let mut elsewhere = delivery.clone();
    elsewhere.uri = elsewhere.uri.replace("web", "other");
    assert_eq!(house.knock(&elsewhere).await.status(), 401, "no such connection is no other answer");
    let mut large = delivery.clone();
    large.body = vec![b'x'; LARGEST_BODY + 1];
    assert_eq!(house.knock(&large).await.status(), 413);

    // Without a secret nothing is right.
    house.hub.secrets.keep(&shop.organization, &shop.connection, &BTreeMap::default()).await.unwrap();
    assert_eq!(house.knock(&delivery).await.status(), 401);
    let amazon = weir_tests::house::amazon_name();
    let none = ConnectionId::parse("con_none").unwrap();
    let answer = webhook::receive(&house.hub, &amazon, &none, &delivery.headers, &delivery.body).await;
    assert_eq!(answer.unwrap().status(), 401, "a channel without webhooks has no door");
    assert_eq!(shopify().as_str(), "shopify");
}

// SPEC: KS-04, OP-08, FX-02
#[tokio::test]
async fn the_first_activation_brings_in_two_weeks_and_keeps_the_webhooks_there() {
    let house = House::new().await;
    let shop = house.idle_web_shop("mugs").await;
    let old = house.place_in_web_shop(&shop, mugs(1));
    house.clock.advance(SignedDuration::from_hours(24 * 15));
    let recent = house.place_in_web_shop(&shop, mugs(2));
    house.clock.advance(SignedDuration::from_hours(24));
    let at_work = connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    assert!(matches!(at_work.notifications, NotificationLink::Subscribed { .. }), "{at_work:?}");
    let topics = house.crossing.shopify().subscribed(&shop.domain).len();
    assert!(topics > 10, "{topics}");
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, recent).await, "imported open_order", "{:?}", house.errors());
    assert_eq!(shop.outcome(&house, old).await, "never seen", "older ones come when a person asks for them");
    let runs = house.all(Index::Runs(shop.organization.clone(), shop.connection.clone())).await;
    let Record::Run(run) = &runs[0].1.record else { panic!() };
    assert_eq!((runs.len(), run.job, run.state), (1, Job::Backfill, RunState::Succeeded));
    assert_eq!(run.counts["orders_signalled"], 1);
    house.look_at(&shop, old, SignalCause::Manual).await;
    assert_eq!(shop.outcome(&house, old).await, "imported open_order");
    assert!(shop.account(&house, old).await.unwrap().is_asked_for);

    // Shopify drops them after failures, and tells nobody.
    house.crossing.shopify().drop_subscriptions(&shop.domain);
    house.minutes(60).await;
    assert_eq!(house.crossing.shopify().subscribed(&shop.domain).len(), topics, "put back within the hour");

    // It stops and goes to work again: orders made in between stay out, changes of known ones do not.
    connections::deactivate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    house.clock.advance(SignedDuration::from_hours(2));
    let between = house.place_in_web_shop(&shop, mugs(4));
    assert!(house.crossing.shopify().edit(recent, &[Edit::SetQuantity(0, 1)], Now::at(house.now())));
    house.clock.advance(SignedDuration::from_hours(2));
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    house.minutes(5).await;
    assert_eq!(shop.outcome(&house, between).await, "skipped created_before_activation");
    assert_eq!(shop.outcome(&house, recent).await, "updated changes_followed");
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KS-04, G-04
#[tokio::test]
async fn who_asked_for_an_order_while_its_connection_was_off_gets_it_later() {
    let house = House::new().await;
    let shop = house.idle_web_shop("mugs").await;
    let old = house.place_in_web_shop(&shop, mugs(1));
    house.clock.advance(SignedDuration::from_hours(24 * 20));
    house.look_at(&shop, old, SignalCause::Manual).await;
    assert_eq!(shop.outcome(&house, old).await, "waiting connection_inactive");
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    house.minutes(10).await;
    assert_eq!(shop.outcome(&house, old).await, "imported open_order", "{:?}", house.errors());
    assert!(shop.account(&house, old).await.unwrap().is_asked_for);
}

// SPEC: KS-04 (a person's wish)
#[tokio::test]
async fn what_a_person_asked_for_is_not_forgotten_while_its_shop_is_in_trouble() {
    let house = House::new().await;
    let shop = house.idle_web_shop("mugs").await;
    let old = house.place_in_web_shop(&shop, mugs(1));
    house.clock.advance(SignedDuration::from_hours(24 * 20));
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    house.look_at(&shop, old, SignalCause::Notification).await;
    assert_eq!(shop.outcome(&house, old).await, "skipped created_before_activation");

    house.crossing.answer_always(
        ".myshopify.com/",
        HttpResponse { status: 503, headers: Vec::new(), body: Vec::new() },
    );
    house.look_at(&shop, old, SignalCause::Manual).await;
    house.look_at(&shop, old, SignalCause::Notification).await;
    house.minutes(10).await;
    house.crossing.answer_no_more();
    house.minutes(70).await;
    assert_eq!(shop.outcome(&house, old).await, "imported open_order", "{:?}", house.errors());
}

// SPEC: G-11, OP-05
#[tokio::test]
async fn an_application_that_was_taken_out_is_asked_about_and_a_buyers_data_is_erased() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(2).await;
    assert!(house.record(Key::Person(shop.organization.clone(), shop.order_id(id))).await.is_some());
    let told = |what| {
        Message::Told(Told {
            id: SignalId::from_token("test"),
            organization: shop.organization.clone(),
            connection: shop.connection.clone(),
            what,
            at: house.now(),
        })
    };
    let orders = vec![ChannelOrderId::parse(&id.to_string()).unwrap()];
    let asked = told(What::CustomerData { request: Some("9".to_owned()), orders: orders.clone() });
    import_order::handle(&house.hub, &asked).await.unwrap();
    let erase = told(What::EraseCustomer { orders });
    for _ in 0..2 {
        import_order::handle(&house.hub, &erase).await.unwrap();
    }
    assert_eq!(shop.timeline(&house, id).await, ["imported", "data_request", "erased"]);
    let before = shop.order(&house, id).await.unwrap();
    assert_eq!(before.rows[0].quantity, 2, "the books stay");
    for key in [
        Key::Person(shop.organization.clone(), shop.order_id(id)),
        Key::Snapshot(shop.organization.clone(), shop.order_id(id)),
    ] {
        assert!(house.record(key).await.is_none());
    }
    for (_, stored) in house.all(Index::Customers(shop.organization.clone())).await {
        let Record::Customer(customer) = stored.record else { panic!() };
        assert_eq!((customer.name.as_str(), customer.email), ("(erased)", None));
    }

    // A late delivery tells of an application that is in again.
    let status = |house: &House| {
        let (hub, organization, id) = (house.hub.clone(), shop.organization.clone(), shop.connection.clone());
        async move { connections::read(&hub, &organization, &id).await.unwrap().status }
    };
    import_order::handle(&house.hub, &told(What::Uninstalled)).await.unwrap();
    assert_eq!(status(&house).await, ConnectionStatus::Active);
    let now = Now::at(house.now());
    house.crossing.shopify().uninstall(&shop.domain, APP, now);
    import_order::handle(&house.hub, &told(What::Uninstalled)).await.unwrap();
    assert!(matches!(status(&house).await, ConnectionStatus::NeedsAttention(_)));

    // All of the shop's.
    import_order::handle(&house.hub, &told(What::EraseShop { after: None })).await.unwrap();
    house.settle().await;
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: G-05, KS-30
#[tokio::test]
async fn a_big_order_comes_in_and_follows_its_shop_plan_by_plan() {
    let house = House::new().await;
    // One look takes more points than the smallest plan's bucket holds at once.
    let shop = house.web_shop("mugs", |_| {}).await;
    let lines = |count: usize| (0..count).map(|line| LineSpec::new(&format!("SKU-{line}"), 2, 500)).collect();
    let id = house.place_in_web_shop(&shop, OrderSpec::new(lines(120)));
    house.minutes(6).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
    let order = shop.order(&house, id).await.unwrap();
    assert!(order.is_visible());
    assert_eq!(order.rows.len(), 120);
    assert_eq!(shop.stock(&house, "SKU-119").await, (0, 2));

    assert!(house.crossing.shopify().fulfill(id, None, Now::at(house.now())));
    house.minutes(6).await;
    let order = shop.order(&house, id).await.unwrap();
    assert!(order.is_visible(), "{:?}", house.errors());
    assert_eq!(order.status, OrderStatus::Delivered);
    for line in [0, 60, 119] {
        assert_eq!(shop.stock(&house, &format!("SKU-{line}")).await, (-2, 0), "line {line}");
    }
    assert_eq!(house.movements(&shop.organization).await.len(), 120, "each row left once");
    assert!(house.announced().iter().any(|event| event.starts_with("OrderDelivered")));
}
