//! Two merchants who have everything alike — order numbers, SKUs, serial numbers — and nothing in common:
//! what one of them has in the end is what he would have alone.

use std::sync::{Arc, Mutex};

use weir_app::connections::{self, NewConnection};
use weir_channels::channel::{Credentials, Settings};
use weir_domain::{
    connection::{Endpoints, RemoteAccount},
    ids::LocationId,
    variant::Tracking,
};
use weir_sandbox::amazon::{Amazon, Dice, Faults, LineSpec, OrderSpec, Quirk, marketplaces::US};
use weir_tests::{
    House, Shop,
    books::IMPORTED,
    house::amazon_name,
    shop::{CAMERA, MUG, TEA, line},
};

/// Where the second merchant's Amazon is.
const SECOND: &str = "https://second.amazon.test";

/// The second merchant, with an Amazon of his own where all ids are the same.
async fn second(house: &House) -> (Shop, Arc<Mutex<Amazon>>) {
    let amazon = Arc::new(Mutex::new(Amazon::new(1)));
    let shop = house.shop_of_another_amazon("beta", &US, SECOND, &amazon).await;
    house.usual_stock(&shop).await;
    house.activate(&shop).await;
    (shop, amazon)
}

fn numbered(id: &str, lines: Vec<LineSpec>) -> OrderSpec {
    OrderSpec { order_id: Some(id.to_owned()), ..OrderSpec::new(&US, lines) }
}

// SPEC: G-02, KF-13
#[tokio::test]
async fn equal_order_numbers_skus_and_serial_numbers_do_not_touch_each_other() {
    let (house, alpha) = House::with_shop().await;
    let (beta, _) = second(&house).await;
    let id = "113-5555555-5555555";
    let camera = LineSpec::new(CAMERA, 1, 49_900).taxed(825).serials(["SN-1"]);
    house.sell_spec(&alpha, numbered(id, vec![line(MUG, 1), line(TEA, 2), camera.clone()]));
    house.sell_spec(&beta, numbered(id, vec![line(MUG, 10), line(TEA, 20), camera]));
    house.minutes(3).await;
    for (shop, mugs, tea) in [(&alpha, 99, 43), (&beta, 90, 25)] {
        assert_eq!(house.outcome(shop, id).await, IMPORTED);
        assert_eq!((house.on_hand(shop, MUG).await, house.on_hand(shop, TEA).await), (mugs, tea));
        assert_eq!(house.orders(&shop.organization).await.len(), 1);
        let order = house.order(shop, id).await.unwrap();
        let sold = weir_domain::stock::SerialState::Sold(order.id.clone());
        assert_eq!(house.serial(shop, CAMERA, "SN-1").await, Some(sold));
        assert!(order.flags.is_empty(), "{:?}", order.flags);
        house.check_books(&shop.organization).await;
    }
    // What one of them deletes, maps or makes is his.
    weir_app::orders::delete(&house.hub, &alpha.organization, &alpha.order(id), "token:tests").await.unwrap();
    house.alias(&alpha, MUG, TEA).await;
    house.variant(&alpha, "NEW-1", Tracking::None).await;
    let id = "113-6666666-6666666";
    for shop in [&alpha, &beta] {
        house.sell_spec(shop, numbered(id, vec![line(MUG, 1), line("NEW-1", 1)]));
    }
    house.minutes(3).await;
    assert_eq!(house.outcome(&alpha, id).await, IMPORTED);
    assert_eq!(house.outcome(&beta, id).await, "waiting sku_not_matched");
    assert!(house.is_in(&beta, "113-5555555-5555555").await);
}

// SPEC: KF-13
#[tokio::test]
async fn a_remote_account_belongs_to_one_connection_for_ever() {
    let (house, alpha) = House::with_shop().await;
    let organization = house.organization("thief").await;
    let location = house.location(&organization, "thief").await;
    let new = |location: &LocationId| NewConnection {
        channel: amazon_name(),
        name: "mine as well".to_owned(),
        remote: RemoteAccount { account: alpha.seller.clone(), marketplace: Some(US.id.to_owned()) },
        credentials: Credentials::new(),
        endpoints: Endpoints::default(),
        default_location: Some(location.clone()),
        location_map: Vec::new(),
        settings: Settings::new(),
    };
    let refused = connections::create(&house.hub, &organization, "c", new(&location)).await.unwrap_err();
    assert!(
        matches!(refused, weir_app::people::Refusal::Conflict { code: "already_connected", .. }),
        "{refused:?}"
    );
    // Nor with another's location, nor by another's id.
    let refused =
        connections::create(&house.hub, &organization, "d", new(&alpha.location)).await.unwrap_err();
    assert!(refused.to_string().contains("default_location_id"), "{refused}");
    connections::read(&house.hub, &organization, &alpha.connection).await.unwrap_err();
    connections::deactivate(&house.hub, &organization, &alpha.connection).await.unwrap_err();
    house.deactivate(&alpha).await;
    let refused = connections::create(&house.hub, &organization, "e", new(&location)).await.unwrap_err();
    assert!(refused.to_string().contains("has a connection already"), "{refused}");
}

/// A merchant's day, made from a seed alone.
async fn act(house: &House, shop: &Shop, seed: u64, hour: u32) {
    let mut dice = Dice::new(seed ^ u64::from(hour));
    for number in 0..3 {
        let id = format!("113-{hour:07}-{number:07}");
        let skus = [MUG, TEA, CAMERA, "UNKNOWN-1", "UNKNOWN-2"];
        let lines = (0..=dice.below(2))
            .map(|_| {
                let sku = skus[usize::try_from(dice.below(5)).unwrap()];
                let sold = line(sku, 1 + u32::try_from(dice.below(3)).unwrap());
                if sku == CAMERA {
                    sold.serials([["SN-1", "SN-2", "SN-9"][usize::try_from(dice.below(3)).unwrap()]])
                } else {
                    sold
                }
            })
            .collect();
        let mut spec = numbered(&id, lines);
        if dice.below(6) == 0 {
            spec = spec.quirk(Quirk::NegativeQuantity);
        }
        let id = house.place(shop, spec);
        if dice.below(5) > 0 {
            house.ship(shop, &id);
        }
    }
    match dice.below(6) {
        0 => drop(house.variant(shop, &format!("UNKNOWN-{}", 1 + hour % 2), Tracking::None).await),
        1 => house.alias(shop, "UNKNOWN-1", MUG).await,
        2 => house.deactivate(shop).await,
        3 => house.activate(shop).await,
        _ => {}
    }
}

/// What a merchant has in the end.
async fn projection(house: &House, shop: &Shop) -> Vec<String> {
    let mut lines: Vec<String> = house
        .accounts(&shop.organization)
        .await
        .into_iter()
        .map(|(id, outcome)| format!("{id} {outcome}"))
        .collect();
    for sku in [MUG, TEA, CAMERA] {
        lines.push(format!("{sku} {} {:?}", house.on_hand(shop, sku).await, house.batches(shop, sku).await));
    }
    for order in house.orders(&shop.organization).await {
        let mut moved = house.moved(shop, &order.order_no).await;
        moved.sort();
        lines.push(format!("{} {:?} {moved:?}", order.order_no, order.flags));
    }
    lines.sort();
    lines
}

async fn day(with_alpha: bool, seed: u64) -> Vec<String> {
    const HOURS: u32 = 8;
    let house = House::new().await;
    let alpha = house.shop("acme", &US).await;
    let (beta, amazon) = second(&house).await;
    let mut ended = Vec::new();
    for hour in 0..HOURS {
        if with_alpha {
            // The other one's SKUs and numbers are the same, his day is another, and Amazon ails him.
            house.amazon().faults = Faults::BAD_DAY;
            act(&house, &alpha, seed + 1, hour).await;
        }
        act(&house, &beta, seed, hour).await;
        house.minutes(3).await;
    }
    house.activate(&beta).await;
    amazon.lock().unwrap().heal_all(house.amazons_now());
    house.minutes(4).await;
    ended.extend(projection(&house, &beta).await);
    house.check_books(&beta.organization).await;
    if with_alpha {
        house.check_books(&alpha.organization).await;
    }
    ended
}

// SPEC: G-02
#[tokio::test]
async fn what_a_merchant_has_in_the_end_is_what_he_would_have_alone() {
    for seed in [3, 5, 8] {
        let (alone, beside) = (day(false, seed).await, day(true, seed).await);
        assert!(alone.len() > 20, "{alone:?}");
        assert_eq!(alone, beside, "seed {seed}");
    }
}
