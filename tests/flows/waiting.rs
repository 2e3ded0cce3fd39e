//! What cannot come in now waits with its reason, and comes in by itself when its cause goes away.

use jiff::{SignedDuration, civil::date};
use weir_app::{
    catalogue::variants,
    connections,
    ports::{Commit, Expect, Key, Record},
    sweep,
};
use weir_domain::{
    connection::ConnectionStatus,
    ids::VariantId,
    outcome::ReasonCode,
    variant::{Sku, Tracking},
};
use weir_sandbox::amazon::marketplaces::{CA, US};
use weir_tests::{
    House,
    books::IMPORTED,
    shop::{MUG, TEA, credentials, line},
};

// SPEC: KF-05, G-03, G-04, G-05
#[tokio::test]
async fn an_unmatched_sku_makes_the_whole_order_wait_until_a_variant_is_made() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line(MUG, 2), line("NEW-1", 1), line("NEW-2", 1)]);
    let other = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting sku_not_matched");
    assert_eq!(house.sentence(&shop, &id).await, "The SKUs \"NEW-1\" and \"NEW-2\" match no variant.");
    let account = house.account(&shop, &id).await.unwrap();
    assert!(account.outcome.reason.action.unwrap().contains("map the SKU"));
    assert_eq!(account.skus, [MUG, "NEW-1", "NEW-2"]);
    assert_eq!(house.order(&shop, &id).await, None, "never half imported");
    assert!(house.moved(&shop, &id).await.is_empty());
    assert!(house.is_in(&shop, &other).await, "nothing else waits");
    assert!(house.announced().contains(&format!("OrderNotImported {id}")));

    house.variant(&shop, "NEW-1", Tracking::None).await;
    assert_eq!(house.sentence(&shop, &id).await, "The SKU \"NEW-2\" matches no variant.");
    house.variant(&shop, "NEW-2", Tracking::None).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.sentence(&shop, &id).await);
    let timeline = house.timeline(&shop, &id).await;
    assert_eq!(timeline, ["waiting by poll", "waiting by waiting", "imported by waiting"]);
    let announced = house.announced();
    assert_eq!(announced.iter().filter(|event| **event == format!("OrderNotImported {id}")).count(), 1);
    assert!(announced.contains(&format!("OrderImported {id}")));
    house.check_books(&shop.organization).await;
}

// SPEC: KF-05, G-04
#[tokio::test]
async fn an_alias_lets_the_order_in_and_decides_from_then_on() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line("AMZ-MUG", 2), line(TEA, 1)]);
    house.minutes(3).await;
    assert_eq!(house.sentence(&shop, &id).await, "The SKU \"AMZ-MUG\" matches no variant.");
    assert!(!house.connection(&shop).await.settings.sku_aliasing);
    house.alias(&shop, "AMZ-MUG", MUG).await;
    assert!(house.connection(&shop).await.settings.sku_aliasing, "the first alias turns it on");
    assert!(house.is_in(&shop, &id).await, "{}", house.sentence(&shop, &id).await);
    let order = house.order(&shop, &id).await.unwrap();
    assert_eq!(order.rows[0].sku.as_str(), MUG);
    assert_eq!(order.rows[0].channel_sku.as_deref(), Some("AMZ-MUG"));
    assert_eq!(order.rows[1].channel_sku, None);
    assert!(
        house.because(&shop, &id).await.contains(&"sku_alias: \"AMZ-MUG\" means \"MUG\" here.".to_owned())
    );

    // A SKU of the catalogue that is mapped to another one means the other one.
    house.alias(&shop, TEA, MUG).await;
    let mapped = house.sell(&shop, vec![line(TEA, 1)]);
    house.minutes(3).await;
    assert_eq!(house.moved(&shop, &mapped).await, ["-1 MUG"]);
    assert_eq!(house.on_hand(&shop, MUG).await, 97);
}

// SPEC: KF-05
#[tokio::test]
async fn an_alias_holds_on_its_own_connection_alone() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&ca).await;
    let of_us = house.sell(&us, vec![line("AMZ-MUG", 1)]);
    let of_ca = house.sell(&ca, vec![line("AMZ-MUG", 1)]);
    house.minutes(3).await;
    house.alias(&us, "AMZ-MUG", MUG).await;
    assert_eq!(house.outcome(&us, &of_us).await, IMPORTED);
    assert_eq!(house.outcome(&ca, &of_ca).await, "waiting sku_not_matched");
}

// SPEC: KF-05, G-04
#[tokio::test]
async fn a_variant_that_gets_another_sku_lets_in_what_waits_for_it_and_keeps_its_stock() {
    let (house, shop) = House::with_shop().await;
    house.alias(&shop, "AMZ-MUG", MUG).await;
    let before = house.sell(&shop, vec![line(MUG, 1)]);
    let id = house.sell(&shop, vec![line("MUG-2", 2)]);
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting sku_not_matched");
    let variant = house.variant_of(&shop, MUG).await;
    let patch = variants::VariantPatch {
        sku: Some(Sku::parse("MUG-2").unwrap()),
        ..variants::VariantPatch::default()
    };
    variants::change(&house.hub, &shop.organization, &variant.id, &patch).await.unwrap();
    house.settle().await;
    assert!(house.is_in(&shop, &id).await, "{}", house.sentence(&shop, &id).await);
    assert_eq!(house.on_hand(&shop, "MUG-2").await, 97);
    assert_eq!(house.order(&shop, &before).await.unwrap().rows[0].sku.as_str(), MUG, "as it was then");
    // The alias follows its variant; the old SKU means nothing any more.
    let aliased = house.sell(&shop, vec![line("AMZ-MUG", 1)]);
    let old = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    assert!(house.is_in(&shop, &aliased).await, "{}", house.sentence(&shop, &aliased).await);
    assert_eq!(house.outcome(&shop, &old).await, "waiting sku_not_matched");
    house.check_books(&shop.organization).await;
}

// SPEC: G-04, KF-05
#[tokio::test]
async fn hundreds_that_wait_for_one_sku_all_come_in() {
    let (house, shop) = House::with_shop().await;
    let ids: Vec<String> = (0..410).map(|_| house.sell(&shop, vec![line("NEW-1", 1)])).collect();
    let other = house.sell(&shop, vec![line("NEW-2", 1)]);
    house.minutes(3).await;
    assert!(
        house.accounts(&shop.organization).await.values().all(|outcome| outcome == "waiting sku_not_matched")
    );
    house.variant(&shop, "NEW-1", Tracking::None).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    assert_eq!(house.outcome(&shop, &other).await, "waiting sku_not_matched");
    assert_eq!(house.on_hand(&shop, "NEW-1").await, -410);
    house.check_books(&shop.organization).await;
}

// SPEC: G-04
#[tokio::test]
async fn what_nobody_told_the_sweeper_finds_within_the_hour() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line("NEW-1", 1)]);
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting sku_not_matched");
    // The variant comes without a message: as if it had been lost.
    let mut variant = house.variant_of(&shop, MUG).await;
    variant.id = VariantId::from_token("silent");
    variant.sku = Sku::parse("NEW-1").unwrap();
    let mut commit = Commit::default();
    let key = Key::Variant(shop.organization.clone(), variant.sku.clone());
    commit.put(key, Record::Variant(variant), Expect::Absent);
    house.hub.ledger.commit(&commit).await.unwrap();
    // Until the poll does not find it any more either.
    house.minutes(20).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting sku_not_matched");
    house.later(SignedDuration::from_mins(40)).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.sentence(&shop, &id).await);
}

// SPEC: G-04, OP-05
#[tokio::test]
async fn what_waits_longer_than_its_snapshot_may_be_kept_comes_in_all_the_same() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell(&shop, vec![line("NEW-1", 1)]);
    house.minutes(3).await;
    house.later(SignedDuration::from_hours(24 * 40)).await;
    let file = house.hub.ledger.read_order(&shop.organization, &shop.order(&id)).await.unwrap();
    assert!(file.snapshot.is_none_or(|snapshot| snapshot.expires_at > house.now()));
    assert_eq!(house.outcome(&shop, &id).await, "waiting sku_not_matched");
    house.variant(&shop, "NEW-1", Tracking::None).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
    house.check_books(&shop.organization).await;
}

// SPEC: G-09, G-04
#[tokio::test]
async fn an_order_of_the_locked_period_waits_until_it_is_unlocked() {
    let (house, shop) = House::with_shop().await;
    let shipped_at = house.now();
    let id = house.sell(&shop, vec![line(MUG, 2)]);
    house
        .change_organization(&shop, |patch| patch.inventory_lock_date = Some(Some(date(2026, 11, 21))))
        .await;
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting period_locked");
    assert_eq!(
        house.sentence(&shop, &id).await,
        "Its business day is 2026-11-21 (America/New_York), and the inventory is locked up to 2026-11-21."
    );
    assert_eq!(house.on_hand(&shop, MUG).await, 100);
    // Amazon touches it on the next day; the day on which it shipped stays.
    house.clock.advance(SignedDuration::from_hours(24));
    house.amazon().touch(&id, house.amazons_now());
    let next_day = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &id).await, "waiting period_locked");
    assert!(house.is_in(&shop, &next_day).await, "the next day is open");

    house
        .change_organization(&shop, |patch| patch.inventory_lock_date = Some(Some(date(2026, 11, 20))))
        .await;
    assert!(house.is_in(&shop, &id).await, "{}", house.sentence(&shop, &id).await);
    let order = house.order(&shop, &id).await.unwrap();
    assert_eq!(order.fulfillments[0].shipped_at, shipped_at);
    let at = house.movements(&shop.organization).await;
    assert_eq!(at.iter().find(|movement| movement.cause.id() == order.id.as_str()).unwrap().at, shipped_at);
    house.check_books(&shop.organization).await;
}

// SPEC: G-09, G-07
#[tokio::test]
async fn the_business_day_is_the_organizations_own() {
    // 09:00 UTC is still the day before on Hawaii's side of the world, and the day itself in New York.
    let (house, shop) = House::with_shop().await;
    house.clock.advance(SignedDuration::from_hours(19)); // 04:00 UTC on the 22nd: 23:00 on the 21st in New York.
    house
        .change_organization(&shop, |patch| patch.inventory_lock_date = Some(Some(date(2026, 11, 21))))
        .await;
    let evening = house.sell(&shop, vec![line(MUG, 1)]);
    house.clock.advance(SignedDuration::from_mins(61));
    let midnight = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &evening).await, "waiting period_locked");
    assert_eq!(house.outcome(&shop, &midnight).await, IMPORTED);
}

// SPEC: G-11, G-04
#[tokio::test]
async fn revoked_credentials_stop_one_merchant_and_new_ones_bring_everything_in() {
    let house = House::new().await;
    let us = house.shop("acme", &US).await;
    let ca = house.also_on(&us, &CA).await;
    house.activate(&ca).await;
    let other = house.shop("other", &US).await;
    house.minutes(2).await;

    house.amazon().revoke(&us.seller);
    let before = house.sell(&us, vec![line(MUG, 1)]);
    let of_ca = house.sell(&ca, vec![line(MUG, 2)]);
    let of_other = house.sell(&other, vec![line(MUG, 3)]);
    house.minutes(3).await;
    for shop in [&us, &ca] {
        let ConnectionStatus::NeedsAttention(reason) = house.connection(shop).await.status else {
            panic!("{:?}", house.connection(shop).await.status)
        };
        assert_eq!(reason.code, ReasonCode::CredentialsRevoked);
        assert!(reason.action.unwrap().contains("Authorize the connection again"));
    }
    assert!(house.is_in(&other, &of_other).await, "other connections go on");
    let events = house.announced();
    assert_eq!(events.iter().filter(|event| event.starts_with("ConnectionNeedsAttention")).count(), 2);

    // Nothing is asked of Amazon meanwhile, and what people ask for waits.
    let addresses = house.crossing.addresses().len();
    let asked = house.sell(&us, vec![line(MUG, 4)]);
    house.ask_for(&us, &asked).await;
    assert_eq!(house.outcome(&us, &asked).await, "waiting credentials_revoked");
    assert_eq!(house.crossing.addresses().len(), addresses);
    house.later(SignedDuration::from_hours(5)).await;
    let late = house.sell(&us, vec![line(MUG, 5)]);
    house.minutes(2).await;

    // Credentials that do not work are not taken.
    let patch = connections::ConnectionPatch {
        credentials: Some(credentials(&us.seller)),
        ..connections::ConnectionPatch::default()
    };
    connections::change(&house.hub, &us.organization, &us.connection, &patch).await.unwrap_err();
    house.amazon().restore(&us.seller);
    house.change_connection(&us, |patch| patch.credentials = Some(credentials(&us.seller))).await;
    for shop in [&us, &ca] {
        assert!(house.connection(shop).await.is_active());
    }
    assert!(house.is_in(&us, &asked).await, "what waited goes on at once");
    house.minutes(3).await;
    for (shop, id) in [(&us, &before), (&ca, &of_ca), (&us, &late)] {
        assert!(house.is_in(shop, id).await, "{id}: {}", house.outcome(shop, id).await);
    }
    assert_eq!(house.on_hand(&us, MUG).await, 100 - 1 - 2 - 4 - 5);
    house.check_books(&us.organization).await;
    house.check_books(&other.organization).await;
}

// SPEC: G-11
#[tokio::test]
async fn a_person_may_say_try_again_instead_of_giving_new_credentials() {
    let (house, shop) = House::with_shop().await;
    house.amazon().revoke(&shop.seller);
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap_err();
    house.amazon().restore(&shop.seller);
    house.activate(&shop).await;
    house.minutes(1).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
}

// SPEC: G-11, KF-01
#[tokio::test]
async fn what_ships_while_the_credentials_do_not_work_and_nobody_is_at_work_comes_in_too() {
    let (house, shop) = House::with_shop().await;
    house.minutes(2).await;
    house.amazon().revoke(&shop.seller);
    let mut ids = vec![house.sell(&shop, vec![line(MUG, 1)])];
    house.minutes(3).await;
    assert_eq!(house.connection(&shop).await.status.as_str(), "needs_attention");
    house.later(SignedDuration::from_hours(3)).await;
    house.deactivate(&shop).await;
    ids.push(house.sell(&shop, vec![line(MUG, 1)]));
    house.later(SignedDuration::from_hours(3)).await;
    house.amazon().restore(&shop.seller);
    ids.push(house.sell(&shop, vec![line(MUG, 1)]));
    house.activate(&shop).await;
    house.minutes(3).await;
    for id in &ids {
        assert!(house.is_in(&shop, id).await, "{id}: {}", house.outcome(&shop, id).await);
    }
    house.check_books(&shop.organization).await;
}

// SPEC: G-11
#[tokio::test]
async fn an_access_token_that_dies_early_costs_nothing_but_a_call() {
    let (house, shop) = House::with_shop().await;
    for _ in 0..3 {
        house.amazon().expire_access_tokens();
        let id = house.sell(&shop, vec![line(MUG, 1)]);
        house.minutes(3).await;
        assert!(house.is_in(&shop, &id).await);
        house.amazon().expire_access_tokens();
        house.ask_for(&shop, &id).await;
        assert!(house.is_in(&shop, &id).await);
    }
    assert!(house.connection(&shop).await.is_active());
}

// SPEC: G-11
#[tokio::test]
async fn where_amazon_denies_the_new_orders_api_the_old_one_is_the_way_on() {
    let (house, shop) = House::with_shop().await;
    house.amazon().deny_new_orders_api(&shop.seller, true);
    let id = house.sell(&shop, vec![line(MUG, 1)]);
    house.minutes(3).await;
    let ConnectionStatus::NeedsAttention(reason) = house.connection(&shop).await.status else {
        panic!("{:?}", house.connection(&shop).await.status)
    };
    assert_eq!(reason.code, ReasonCode::AccessDenied);
    assert!(reason.action.unwrap().contains("other orders API"));
    house
        .change_connection(&shop, |patch| {
            patch.settings = weir_app::connections::settings([("orders_api", "v0".into())])
        })
        .await;
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await, "{}", house.outcome(&shop, &id).await);
}

// SPEC: G-04, G-02
#[tokio::test]
async fn a_sweep_that_runs_twice_changes_nothing_more() {
    let (house, shop) = House::with_shop().await;
    let waits = house.sell(&shop, vec![line("NEW-1", 1)]);
    house.minutes(3).await;
    house.deactivate(&shop).await;
    house.clock.advance(SignedDuration::from_hours(2));
    for _ in 0..3 {
        sweep::sweep(&house.hub).await.unwrap();
        house.consume().await;
    }
    let swept = sweep::sweep(&house.hub).await.unwrap();
    assert_eq!((swept.dispatched, swept.signalled), (0, 0));
    assert_eq!(house.outcome(&shop, &waits).await, "waiting sku_not_matched");
}
