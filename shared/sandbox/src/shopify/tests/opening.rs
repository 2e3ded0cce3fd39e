//! The demo merchant's shop.

use std::collections::BTreeSet;

use super::*;
use crate::{
    amazon::demo::{CATALOGUE, OpeningStock},
    shopify::{Demo, PaymentState, TruthOrder},
};

fn opened(seconds: i64) -> (Shopify, Demo) {
    let (mut shopify, mut demo) = (Shopify::new(1), Demo::new(1, at(0).wall));
    demo.install(&mut shopify, at(0));
    for second in 1..=seconds {
        demo.tick(&mut shopify, at(second));
    }
    (shopify, demo)
}

#[test]
fn at_the_opening_there_are_orders_of_the_days_before() {
    let (shopify, _) = opened(0);
    let orders = shopify.truth(Demo::SHOP);
    assert_eq!(orders.len(), 40);
    let days = |order: &TruthOrder| (at(0).wall.as_second() - order.created_at.as_second()) / 86_400;
    assert!(orders.iter().all(|order| days(order) < 14));
    assert!(orders.iter().filter(|order| days(order) >= 5).count() >= 15);
}

#[test]
fn orders_keep_coming_and_each_kind_lives_its_life() {
    let (shopify, _) = opened(600);
    let orders = shopify.truth(Demo::SHOP);
    let lately: Vec<&TruthOrder> =
        orders.into_iter().filter(|order| order.created_at >= at(0).wall).collect();
    assert!((98..=101).contains(&lately.len()), "{}", lately.len());
    let count = |is: fn(&TruthOrder) -> bool| lately.iter().filter(|order| is(order)).count();
    let open = count(|order| order.fulfillment_status() == "UNFULFILLED");
    assert!(open >= 45, "{open} are left to be packed");
    for (what, found) in [
        ("paid later", count(is_paid_later)),
        ("held and released", count(was_released)),
        ("edited", count(|order| order.is_edited)),
        ("cancelled", count(|order| order.cancelled_at.is_some())),
        ("refunded in part", count(|order| order.financial_status() == "PARTIALLY_REFUNDED")),
        ("shipped in the shop", count(|order| order.fulfillment_status() == "FULFILLED")),
        ("returned", count(|order| !order.returns.is_empty())),
        ("from two places", count(|order| order.fulfillment_orders.len() == 2)),
        ("in euros", count(|order| order.currency() == "EUR")),
        ("to be fetched", count(|order| order.spec.delivery == crate::shopify::Delivery::PickUp)),
    ] {
        assert!(found >= 3, "{what}: {found}");
    }
    let skus: BTreeSet<&str> =
        lately.iter().flat_map(|order| &order.lines).filter_map(|line| line.spec.sku.as_deref()).collect();
    for item in CATALOGUE.iter().filter(|item| !matches!(item.stock, OpeningStock::Serials { .. })) {
        assert!(skus.contains(item.sku), "{} is sold", item.sku);
    }
    assert!(skus.contains(Demo::NEW_SKU));
}

fn is_paid_later(order: &TruthOrder) -> bool {
    order.spec.purchase_order.is_some() && order.payment == PaymentState::Charged
}

/// Nothing but a hold and its release changes an order that has no other sign of a change.
fn was_released(order: &TruthOrder) -> bool {
    let untouched = order.fulfillments.is_empty() && order.refunds.is_empty() && !order.is_edited;
    untouched && order.spec.purchase_order.is_none() && order.updated_at > order.created_at
}

#[test]
fn opened_again_it_has_had_the_same_orders() {
    let run = |first: i64, until: i64| {
        let (mut shopify, mut demo) = (Shopify::new(1), Demo::new(1, at(0).wall));
        demo.install(&mut shopify, at(first));
        for second in first..=until {
            demo.tick(&mut shopify, at(second));
        }
        shopify.truth(Demo::SHOP).into_iter().cloned().collect::<Vec<_>>()
    };
    assert_eq!(run(0, 900), run(900, 900));
    // What is more than two days past is not made again, but for the days before the opening.
    let later = run(3 * 86_400, 3 * 86_400);
    assert_eq!(later.iter().filter(|order| order.created_at < at(0).wall).count(), 40);
    assert!(
        later.len() < 2 * 24 * 600 + 45
            && later
                .iter()
                .all(|order| { order.created_at < at(0).wall || order.created_at >= at(86_400).wall })
    );
}

#[test]
fn a_shop_that_closes_brings_its_orders_to_their_end_and_opens_again_with_new_ones() {
    let (mut shopify, mut demo) = opened(130);
    demo.close(&mut shopify, at(900));
    let before = shopify.truth(Demo::SHOP).len();
    let unpaid = |order: &&TruthOrder| order.payment == PaymentState::Pending;
    assert_eq!(shopify.truth(Demo::SHOP).into_iter().filter(unpaid).count(), 0);

    let mut demo = Demo::new(1, at(900 - 130).wall);
    demo.skip_to(at(900).wall);
    demo.tick(&mut shopify, at(1_020));
    let orders = shopify.truth(Demo::SHOP);
    let is_between = |order: &&TruthOrder| order.created_at > at(131).wall && order.created_at < at(899).wall;
    assert_eq!(orders.iter().copied().filter(is_between).count(), 0);
    assert!((19..=21).contains(&(orders.len() - before)), "{}", orders.len() - before);
    let names: BTreeSet<&str> = orders.iter().map(|order| order.name.as_str()).collect();
    assert_eq!(names.len(), orders.len(), "each number is of one order");
}

#[test]
fn the_demo_s_orders_are_read_without_a_doubt() {
    let (mut shopify, _) = opened(300);
    let orders: Vec<TruthOrder> = shopify.truth(Demo::SHOP).into_iter().cloned().collect();
    let mut remote = connection();
    Demo::SHOP.clone_into(&mut remote.remote.account);
    let credentials = [("client_id", Demo::CLIENT_ID), ("client_secret", Demo::CLIENT_SECRET)];
    let credentials =
        credentials.into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
    let grant = weir_channels::channel::Grant::Merchant;
    let step = CHANNEL.access.token(&remote, &credentials, grant).unwrap();
    let weir_channels::channel::TokenStep::Ask(request) = step else { panic!("a token is asked for") };
    let token = CHANNEL.access.answer(&shopify.handle(&request, at(300))).unwrap();
    for (number, truth) in orders.iter().enumerate() {
        let now = at(300 + 10 * i64::try_from(number).unwrap());
        let call = Call { connection: &remote, token: &token };
        let id = ChannelOrderId::parse(&truth.id.to_string()).unwrap();
        let mut answers = Vec::new();
        let raw = loop {
            match CHANNEL.orders.unwrap().look(call, &id, &answers).unwrap() {
                Step::Ask(_, request) => answers.push(shopify.handle(&request, now)),
                Step::Have(raw) => break raw,
                Step::NotFound => panic!("it is there"),
            }
        };
        let order = CHANNEL.orders.unwrap().read(&raw.format, &raw.body).unwrap();
        assert!(order.oddities.is_empty(), "{}: {:?}", truth.name, order.oddities);
        let total = rust_decimal::Decimal::new(truth.total(), truth.digits());
        assert_eq!(order.total.unwrap().amount, total, "{}", truth.name);
        assert_eq!(order.order_no, truth.name);
    }
}
