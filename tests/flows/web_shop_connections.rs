//! Connections to a web shop: what people set on them, what they are told of them, and that nothing of a
//! shop is lost while its webhooks are.

use jiff::SignedDuration;
use weir_app::{
    Deployment,
    connections::{self, Check, ConnectionPatch, settings},
    data_requests, import_order,
    lists::Window,
    message::{Message, Told, What},
    people::Refusal,
    ports::{Commit, Expect, Index, Key, Record},
    runs::{self, NewRun},
    signals::{self, Named},
};
use weir_channels::channel::{Credentials, Secret};
use weir_domain::{
    connection::{ConnectionStatus, NotificationLink},
    ids::{ChannelOrderId, LocationId, SignalId},
    outcome::{OutcomeKind, ReasonCode},
    run::{Job, Run, RunState},
};
use weir_sandbox::{
    Now,
    shopify::{ALL_SCOPES, BuyerSpec, Edit, LineSpec, OrderSpec, PaymentSpec, ShopSpec},
};
use weir_tests::{
    House,
    web_shop::{APP, WebShop},
};

const MUG: &str = "MUG-1";

fn mugs(quantity: i64) -> OrderSpec {
    OrderSpec::new(vec![LineSpec::new(MUG, quantity, 1_000)])
}

fn unpaid(quantity: i64) -> OrderSpec {
    OrderSpec { payment: PaymentSpec::Pending, ..mugs(quantity) }
}

fn secrets<const N: usize>(given: [(&str, &str); N]) -> Option<Credentials> {
    Some(given.into_iter().map(|(name, secret)| (name.to_owned(), Secret::new(secret))).collect())
}

async fn change(house: &House, shop: &WebShop, patch: &ConnectionPatch) -> Result<(), Refusal> {
    let changed = connections::change(&house.hub, &shop.organization, &shop.connection, patch).await;
    house.settle().await;
    changed.map(drop)
}

async fn status(house: &House, shop: &WebShop) -> ConnectionStatus {
    connections::read(&house.hub, &shop.organization, &shop.connection).await.unwrap().status
}

// SPEC: KS-11, G-04
#[tokio::test]
async fn a_setting_that_lets_waiting_orders_in_does_so_at_once() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, unpaid(3));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "waiting payment_pending", "{:?}", house.errors());
    let patch = ConnectionPatch {
        settings: settings([("payment_pending_orders", true.into())]),
        ..ConnectionPatch::default()
    };
    change(&house, &shop, &patch).await.unwrap();
    assert_eq!(shop.outcome(&house, id).await, "imported open_order");
    assert_eq!(shop.stock(&house, MUG).await, (0, 3));
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: KS-50, G-04
#[tokio::test]
async fn a_mapped_location_lets_the_orders_in_that_waited_for_it() {
    let house = House::new().await;
    let shop = house.web_shop_without_location("mugs").await;
    let id = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "waiting location_missing", "{:?}", house.errors());
    let place = house.crossing.shopify().location_id(&shop.domain, 0).unwrap().to_string();
    let map = |ours: &LocationId| ConnectionPatch {
        location_map: Some(vec![(place.clone(), ours.clone())]),
        ..ConnectionPatch::default()
    };
    let none = LocationId::parse("loc_none").unwrap();
    change(&house, &shop, &map(&none)).await.unwrap_err();
    change(&house, &shop, &map(&shop.location)).await.unwrap();
    assert_eq!(shop.outcome(&house, id).await, "imported open_order");
    assert_eq!(shop.stock(&house, MUG).await, (0, 2));
}

// SPEC: G-11, FX-01
#[tokio::test]
async fn new_credentials_are_tried_before_they_are_kept_and_mend_the_connection() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.crossing.shopify().uninstall(&shop.domain, APP, Now::at(house.now()));
    house.hub.access_tokens.forget(&connections_account(&house, &shop).await);
    house.minutes(3).await;
    let ConnectionStatus::NeedsAttention(reason) = status(&house, &shop).await else {
        panic!("{:?}", house.errors())
    };
    assert_eq!(reason.code, ReasonCode::CredentialsRevoked);

    let token = |token: &str| ConnectionPatch {
        credentials: secrets([("access_token", token)]),
        ..ConnectionPatch::default()
    };
    let wrong = change(&house, &shop, &token("shpat_nobody_gave_it")).await.unwrap_err();
    assert!(matches!(wrong, Refusal::Invalid { code: "credentials_refused", .. }), "{wrong:?}");
    assert!(matches!(status(&house, &shop).await, ConnectionStatus::NeedsAttention(_)));

    // A token that works, of another shop.
    {
        let mut shopify = house.crossing.shopify();
        shopify.open_shop(ShopSpec::new("other.myshopify.com"));
        shopify.install("other.myshopify.com", APP, &ALL_SCOPES);
        shopify.install(&shop.domain, APP, &ALL_SCOPES);
        shopify.give_access_token("other.myshopify.com", APP, "shpat_of_another");
        shopify.give_access_token(&shop.domain, APP, "shpat_of_this");
    }
    let wrong = change(&house, &shop, &token("shpat_of_another")).await.unwrap_err();
    assert!(matches!(wrong, Refusal::Invalid { code: "credentials_refused", .. }), "{wrong:?}");

    change(&house, &shop, &token("shpat_of_this")).await.unwrap();
    assert_eq!(status(&house, &shop).await, ConnectionStatus::Active);
    let id = house.place_in_web_shop(&shop, mugs(1));
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
}

async fn connections_account(house: &House, shop: &WebShop) -> weir_domain::ids::AccountId {
    let connection = connections::read(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    weir_app::call::account(&connection)
}

// SPEC: OP-06
#[tokio::test]
async fn a_webhook_secret_takes_anothers_place_without_a_gap() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.subscribe(&shop, &["ORDERS_CREATE"]);
    let knock = |secret: &'static str| {
        let (house, shop) = (&house, &shop);
        async move {
            house.crossing.shopify().register_app(APP, secret, None);
            house.place_in_web_shop(shop, mugs(1));
            house.clock.advance(SignedDuration::from_mins(30));
            let delivery = house.crossing.shopify().take_webhooks(Now::at(house.now())).remove(0);
            house.knock(&delivery).await.status()
        }
    };
    let set = |list: &'static str| ConnectionPatch {
        credentials: secrets([("webhook_secrets", list)]),
        ..ConnectionPatch::default()
    };
    change(&house, &shop, &set(r#"["first"]"#)).await.unwrap();
    assert_eq!(knock("first").await, 200);
    assert_eq!(knock("second").await, 401, "nobody told of it");
    house.crossing.shopify().register_app(APP, weir_tests::web_shop::APP_SECRET, None);
    change(&house, &shop, &set(r#"["first", "second"]"#)).await.unwrap();
    assert_eq!(knock("first").await, 200);
    assert_eq!(knock("second").await, 200);
    house.crossing.shopify().register_app(APP, weir_tests::web_shop::APP_SECRET, None);
    change(&house, &shop, &set(r#"["second"]"#)).await.unwrap();
    assert_eq!(knock("first").await, 401);
    assert_eq!(knock("second").await, 200);
}

// SPEC: KS-04, G-01
#[tokio::test]
async fn a_person_who_asks_for_an_old_order_by_its_number_gets_it() {
    let house = House::new().await;
    let shop = house.idle_web_shop("mugs").await;
    let named = |name: &str| OrderSpec { name: Some(name.to_owned()), ..mugs(1) };
    let old = house.place_in_web_shop(&shop, named("#1001"));
    let other = house.place_in_web_shop(&shop, named("#10011"));
    house.clock.advance(SignedDuration::from_hours(24 * 40));
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, old).await, "never seen");
    let ask = |number: &'static str| {
        let (hub, shop) = (&house.hub, &shop);
        let named = Named::OrderNo(number.to_owned());
        async move {
            signals::signal(hub, &shop.organization, &shop.connection, number.trim_matches('#'), named, "Ada")
                .await
        }
    };
    let refused = ask("#7777").await.unwrap_err();
    assert!(matches!(refused, Refusal::Invalid { .. }), "{refused:?}");
    let signal = ask("1001").await.unwrap();
    assert_eq!(signal.channel_order_id.as_str(), old.to_string());
    house.settle().await;
    assert_eq!(shop.outcome(&house, old).await, "imported open_order", "{:?}", house.errors());
    assert!(shop.account(&house, old).await.unwrap().is_asked_for);
    assert_eq!(shop.outcome(&house, other).await, "never seen");
    // It is known now, and the channel need not be asked for its number.
    assert_eq!(ask("#1001").await.unwrap().channel_order_id.as_str(), old.to_string());
}

/// The recurring look takes it that everything until now is known: whatever was missed stays missed.
async fn look_is_past(house: &House, shop: &WebShop) {
    let key = Key::Poll(shop.organization.clone(), connections_account(house, shop).await);
    let stored = house.record(key.clone()).await.unwrap();
    let Record::Poll(mut state) = stored.record else { panic!() };
    state.main.cursor = house.now() + SignedDuration::from_hours(1);
    let mut commit = Commit::default();
    commit.put(key, Record::Poll(state), Expect::Version(stored.version));
    house.hub.ledger.commit(&commit).await.unwrap();
}

async fn last_run(house: &House, shop: &WebShop) -> Run {
    let runs = house.all(Index::Runs(shop.organization.clone(), shop.connection.clone())).await;
    match runs.into_iter().next().unwrap().1.record {
        Record::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

fn counted(run: &Run) -> [u64; 5] {
    ["orders_seen", "orders_known", "orders_missing", "orders_behind", "orders_signalled"]
        .map(|name| run.counts[name])
}

// SPEC: OP-04, G-01, FX-02
#[tokio::test]
async fn with_every_webhook_lost_a_reconciliation_names_and_heals_each_difference() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let known = house.place_in_web_shop(&shop, mugs(1));
    let edited = house.place_in_web_shop(&shop, mugs(5));
    house.minutes(3).await;
    house.later(SignedDuration::from_hours(3)).await;
    look_is_past(&house, &shop).await;
    let missing = [house.place_in_web_shop(&shop, mugs(2)), house.place_in_web_shop(&shop, unpaid(1))];
    assert!(house.crossing.shopify().edit(edited, &[Edit::SetQuantity(0, 3)], Now::at(house.now())));
    house.crossing.shopify().take_webhooks(Now::at(house.now()));
    house.minutes(4).await;
    assert_eq!(shop.outcome(&house, missing[0]).await, "never seen");

    let run = || runs::create(&house.hub, &shop.organization, &shop.connection, "one", NewRun::Reconcile);
    assert_eq!(run().await.unwrap().state, RunState::Queued);
    assert_eq!(run().await.unwrap().id, run().await.unwrap().id, "asked for once");
    house.minutes(3).await;
    let done = last_run(&house, &shop).await;
    assert_eq!((done.job, done.state), (Job::Reconcile, RunState::Succeeded), "{:?}", house.errors());
    assert_eq!(counted(&done), [4, 1, 2, 1, 3]);
    assert_eq!(shop.outcome(&house, missing[0]).await, "imported open_order");
    assert_eq!(shop.outcome(&house, missing[1]).await, "waiting payment_pending");
    assert_eq!(shop.outcome(&house, edited).await, "updated changes_followed");
    assert_eq!(shop.outcome(&house, known).await, "imported open_order");
    assert_eq!(shop.stock(&house, MUG).await, (0, 6));

    // Nothing differs any more.
    runs::create(&house.hub, &shop.organization, &shop.connection, "two", NewRun::Reconcile).await.unwrap();
    house.minutes(3).await;
    assert_eq!(counted(&last_run(&house, &shop).await), [4, 4, 0, 0, 0]);
    let connection = connections::read(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    assert!(
        connection.orders_from > Some(house.now() - SignedDuration::from_hours(24)),
        "the date rule stays"
    );
}

// SPEC: OP-04
#[tokio::test]
async fn each_shop_reconciles_by_itself_once_a_night() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.minutes(2).await;
    look_is_past(&house, &shop).await;
    let id = house.place_in_web_shop(&shop, mugs(2));
    let mut nights = 0;
    let mut missed = 0;
    for _ in 0..48 {
        // Somebody comes by twice an hour only: a shop's own minute is made up for.
        house.clock.advance(SignedDuration::from_mins(30));
        look_is_past(&house, &shop).await;
        house.minute_of_now().await;
        let runs = house.all(Index::Runs(shop.organization.clone(), shop.connection.clone())).await.len();
        missed += usize::from(runs == 0 && shop.outcome(&house, id).await == "never seen");
        nights = nights.max(runs);
    }
    house.minutes(3).await;
    assert_eq!(nights, 1, "{:?}", house.errors());
    assert!(missed > 0, "nothing else would have found it");
    assert_eq!(last_run(&house, &shop).await.job, Job::Reconcile);
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
}

// SPEC: OP-08, OP-04
#[tokio::test]
async fn where_no_address_is_known_a_shop_lives_on_the_search() {
    let mut house = House::new().await;
    house.hub.deployment = Deployment::default().into();
    let shop = house.idle_web_shop("mugs").await;
    let at_work = connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    assert_eq!(at_work.notifications, NotificationLink::Off);
    assert!(house.crossing.shopify().subscribed(&shop.domain).is_empty());
    let id = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(5).await;
    assert_eq!(shop.outcome(&house, id).await, "imported open_order", "{:?}", house.errors());
}

fn said<'a>(checks: &'a [Check], name: &str) -> (Option<bool>, &'a str) {
    let check = checks.iter().find(|check| check.name == name);
    let check = check.unwrap_or_else(|| panic!("nothing of {name} in {checks:?}"));
    (check.ok, check.message.as_str())
}

// SPEC: OP-08, KS-50
#[tokio::test]
async fn a_test_tells_permissions_locations_and_webhooks_in_words() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let test = || connections::test(&house.hub, &shop.organization, &shop.connection);
    let tested = test().await.unwrap();
    assert_eq!(tested.problem, None);
    assert_eq!(said(&tested.checks, "permissions").0, Some(true));
    let (ok, words) = said(&tested.checks, "locations");
    let place = house.crossing.shopify().location_id(&shop.domain, 0).unwrap().to_string();
    assert!(ok.is_none() && words.contains(&place) && words.contains("default location"), "{words}");
    assert!(said(&tested.checks, "account").1.contains(&shop.domain));
    assert!(said(&tested.checks, "access_token").1.contains("renewed by itself"));

    let map = |theirs: &str| ConnectionPatch {
        location_map: Some(vec![(theirs.to_owned(), shop.location.clone())]),
        ..ConnectionPatch::default()
    };
    change(&house, &shop, &map("4711")).await.unwrap();
    let tested = test().await.unwrap();
    assert!(tested.problem.unwrap().contains("4711"));
    change(&house, &shop, &map(&place)).await.unwrap();
    assert_eq!(said(&test().await.unwrap().checks, "locations").0, Some(true));

    house.crossing.shopify().install(&shop.domain, APP, &["read_orders", "read_locations"]);
    let tested = test().await.unwrap();
    let (ok, words) = said(&tested.checks, "permissions");
    assert!(ok == Some(false) && words.contains("write_merchant_managed_fulfillment_orders"), "{words}");
    assert!(tested.problem.is_some());
}

// SPEC: OP-08
#[tokio::test]
async fn health_tells_how_far_the_search_is_and_how_webhooks_and_the_last_reconciliation_stand() {
    let mut house = House::new().await;
    let shop = house.idle_web_shop("mugs").await;
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    house.place_in_web_shop(&shop, mugs(2));
    house.minutes(3).await;
    runs::create(&house.hub, &shop.organization, &shop.connection, "one", NewRun::Reconcile).await.unwrap();
    house.minutes(3).await;
    let health = connections::health(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    assert_eq!(said(&health.checks, "search").0, Some(true));
    let (ok, words) = said(&health.checks, "notifications");
    assert!(ok == Some(true) && words.contains(shop.connection.as_str()), "{words}");
    assert!(said(&health.checks, "reconciliation").1.contains("1 orders of 14 days seen, 0 differed"));
    assert!(health.look.unwrap().answered_at.is_some());
    assert!(!health.checks.iter().any(|check| check.name == "webhook_secret"));

    // The shop does not answer for an hour, and nobody knows under which address webhooks come.
    house.clock.advance(SignedDuration::from_hours(1));
    house.hub.deployment = Deployment::default().into();
    let health = connections::health(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    let (ok, words) = said(&health.checks, "search");
    assert!(ok == Some(false) && words.contains("minutes behind"), "{words}");
    let (ok, words) = said(&health.checks, "notifications");
    assert!(ok.is_none() && words.contains("public address"), "{words}");
}

// SPEC: OP-08, OP-06
#[tokio::test]
async fn a_shop_whose_webhooks_nobody_can_verify_says_so() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    house.crossing.shopify().give_access_token(&shop.domain, APP, "shpat_of_this");
    let only = secrets([("access_token", "shpat_of_this")]).unwrap();
    house.hub.secrets.keep(&shop.organization, &shop.connection, &only).await.unwrap();
    let tested = connections::test(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    assert_eq!(said(&tested.checks, "webhook_secret").0, Some(false));
    assert!(said(&tested.checks, "access_token").1.contains("does not end by itself"));
    let health = connections::health(&house.hub, &shop.organization, &shop.connection).await.unwrap();
    assert_eq!(said(&health.checks, "webhook_secret").0, Some(false));
}

// SPEC: OP-07
#[tokio::test]
async fn a_preview_says_what_then_happens_and_writes_nothing() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let waiting = [house.place_in_web_shop(&shop, unpaid(3)), house.place_in_web_shop(&shop, unpaid(4))];
    let paid = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(3).await;
    let on = ConnectionPatch {
        settings: settings([("payment_pending_orders", true.into())]),
        ..ConnectionPatch::default()
    };
    let preview = |patch: ConnectionPatch| {
        let (hub, shop) = (&house.hub, &shop);
        async move { connections::preview(hub, &shop.organization, &shop.connection, &patch).await }
    };
    let before = house.everything().await;
    let foreseen = preview(on.clone()).await.unwrap();
    assert_eq!(house.everything().await, before, "nothing is written");
    assert_eq!((foreseen.decided, foreseen.undecided, foreseen.is_complete), (3, 0, true));
    assert_eq!((foreseen.on_hand, foreseen.held), (0, 7));
    assert_eq!(
        foreseen.sentence(),
        "2 more orders would import; what is on hand unaffected, 7 more units held."
    );
    let pending = (OutcomeKind::Waiting, ReasonCode::PaymentPending);
    let imported = (OutcomeKind::Imported, ReasonCode::OpenOrder);
    assert_eq!((foreseen.now[&pending], foreseen.then.get(&pending)), (2, None));
    let [difference] = foreseen.differences.as_slice() else { panic!("{foreseen:?}") };
    assert_eq!((difference.now, difference.then, difference.orders), (pending, imported, 2));
    assert_eq!(difference.sample.len(), 2);

    change(&house, &shop, &on).await.unwrap();
    for id in waiting {
        assert_eq!(shop.outcome(&house, id).await, "imported open_order");
    }
    assert_eq!(shop.stock(&house, MUG).await, (0, 9), "as it was foreseen");
    assert_eq!(preview(on).await.unwrap().sentence(), "Nothing would change; stock unaffected.");
    assert_eq!(shop.outcome(&house, paid).await, "imported open_order");

    // What is wrong is said as it is when it is saved.
    let wrong = ConnectionPatch { settings: settings([("moon", true.into())]), ..ConnectionPatch::default() };
    assert!(preview(wrong).await.is_err());
}

// SPEC: OP-07, OP-05, G-12
#[tokio::test]
async fn a_preview_asks_again_for_what_is_not_kept_and_says_what_it_could_not_decide() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let ids: Vec<u64> = (0..14).map(|_| house.place_in_web_shop(&shop, unpaid(1))).collect();
    house.minutes(6).await;
    let on = ConnectionPatch {
        settings: settings([("payment_pending_orders", true.into())]),
        ..ConnectionPatch::default()
    };
    let foresee = || connections::preview(&house.hub, &shop.organization, &shop.connection, &on);
    let forget = |id: u64| {
        let mut commit = Commit::default();
        commit.delete(Key::Snapshot(shop.organization.clone(), shop.order_id(id)), Expect::Anything);
        let ledger = &house.hub.ledger;
        async move { ledger.commit(&commit).await.unwrap() }
    };
    forget(ids[0]).await;
    house.later(SignedDuration::from_mins(10)).await;
    let foreseen = foresee().await.unwrap();
    assert_eq!((foreseen.decided, foreseen.undecided, foreseen.held), (14, 0, 14), "{foreseen:?}");

    // Of all of them is more than may be asked again, and the shop's points are for its imports first.
    for id in ids {
        forget(id).await;
    }
    house.later(SignedDuration::from_mins(10)).await;
    let foreseen = foresee().await.unwrap();
    assert_eq!(foreseen.decided + foreseen.undecided, 14, "{foreseen:?}");
    assert!(foreseen.decided > 0 && foreseen.undecided >= 4, "{foreseen:?}");
    let said = format!("{} orders could not be decided again", foreseen.undecided);
    assert!(foreseen.sentence().contains(&said), "{}", foreseen.sentence());
    assert!(foreseen.sentence().contains(&format!("{} more orders would import", foreseen.decided)));
}

/// What a buyer typed or is called.
const PERSONAL: [&str; 4] = ["Ada", "Lovelace", "ada@example.com", "For my grandmother"];

// SPEC: OP-05
#[tokio::test]
async fn a_buyers_request_is_listed_exported_and_after_the_redaction_nothing_of_him_is_stored() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let buyer = BuyerSpec {
        name: "Ada Lovelace".to_owned(),
        email: Some("ada@example.com".to_owned()),
        ..BuyerSpec::default()
    };
    let mut line = LineSpec::new(MUG, 2, 1_000);
    line.properties = vec![("Engraving".to_owned(), "For my grandmother".to_owned())];
    let spec = OrderSpec { buyer: Some(buyer.clone()), ..OrderSpec::new(vec![line]) };
    let bought = house.place_in_web_shop(&shop, spec);
    let pending = house.place_in_web_shop(&shop, OrderSpec { buyer: Some(buyer), ..unpaid(1) });
    house.minutes(3).await;
    assert_eq!(shop.outcome(&house, bought).await, "imported open_order", "{:?}", house.errors());
    let order = |id: u64| ChannelOrderId::parse(&id.to_string()).unwrap();
    let told = |what| Told {
        id: SignalId::from_token("test"),
        organization: shop.organization.clone(),
        connection: shop.connection.clone(),
        what,
        at: house.now(),
    };
    let handle = |what| {
        let message = Message::Told(told(what));
        let hub = &house.hub;
        async move { import_order::handle(hub, &message).await.unwrap() }
    };
    for orders in [vec![order(bought)], vec![order(pending)], vec![order(bought)]] {
        handle(What::CustomerData { request: Some("77".to_owned()), orders }).await;
    }
    let window = Window { places: None, limit: 10 };
    let asked = data_requests::list(&house.hub, &shop.organization, &window).await.unwrap().data;
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((asked.request.as_deref(), asked.orders.len()), (Some("77"), 2));
    let export = || data_requests::export(&house.hub, &shop.organization, &asked.id);
    let before = format!("{:?}", export().await.unwrap());
    for personal in PERSONAL {
        assert!(before.contains(personal), "{personal} is stored and not exported");
    }
    let totals = shop.order(&house, bought).await.unwrap().totals();

    handle(What::EraseCustomer { orders: vec![order(bought), order(pending)] }).await;
    house.settle().await;
    let after = format!("{:?}", export().await.unwrap());
    let stored = house.everything().await;
    for personal in PERSONAL {
        assert!(!after.contains(personal), "{personal}");
        let found: Vec<&String> = stored.iter().filter(|item| item.contains(personal)).collect();
        assert!(found.is_empty(), "{personal} in {found:?}");
    }
    for id in [bought, pending] {
        for key in [
            Key::Person(shop.organization.clone(), shop.order_id(id)),
            Key::Snapshot(shop.organization.clone(), shop.order_id(id)),
        ] {
            assert!(house.record(key).await.is_none());
        }
    }
    let known = shop.order(&house, bought).await.unwrap();
    assert_eq!((known.totals(), known.rows[0].quantity), (totals, 2), "the books stay");
}

// SPEC: OP-05, OP-06
#[tokio::test]
async fn a_shop_that_is_gone_leaves_neither_persons_nor_credentials() {
    let house = House::new().await;
    let shop = house.web_shop("mugs", |_| {}).await;
    let id = house.place_in_web_shop(&shop, mugs(2));
    house.minutes(3).await;
    let gone = || {
        Message::Told(Told {
            id: SignalId::from_token("test"),
            organization: shop.organization.clone(),
            connection: shop.connection.clone(),
            what: What::EraseShop { after: None },
            at: house.now(),
        })
    };
    let credentials = || house.hub.secrets.read(&shop.organization, &shop.connection);
    house.crossing.shopify().uninstall(&shop.domain, APP, Now::at(house.now()));
    house.hub.access_tokens.forget(&connections_account(&house, &shop).await);
    house.minutes(3).await;
    assert!(matches!(status(&house, &shop).await, ConnectionStatus::NeedsAttention(_)));
    assert!(!credentials().await.unwrap().is_empty());
    import_order::handle(&house.hub, &gone()).await.unwrap();
    house.settle().await;
    assert!(credentials().await.unwrap().is_empty(), "{:?}", house.errors());
    assert!(house.record(Key::Person(shop.organization.clone(), shop.order_id(id))).await.is_none());
    assert_eq!(shop.order(&house, id).await.unwrap().rows[0].quantity, 2);
}
