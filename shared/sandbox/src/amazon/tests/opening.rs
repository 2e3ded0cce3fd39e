//! The demo merchant.

use std::collections::BTreeSet;

use super::*;
use crate::amazon::{
    Demo, SoldOn, Status, TruthOrder,
    demo::{CATALOGUE, OpeningStock},
};

fn all(amazon: &Amazon) -> Vec<&TruthOrder> {
    Demo::MARKETPLACES.iter().flat_map(|at| amazon.truth(at.seller_id)).collect()
}

#[test]
fn at_the_opening_there_are_orders_in_the_searchable_past() {
    let mut amazon = Amazon::new(1);
    let mut demo = Demo::new(1, at(0).wall);
    demo.install(&mut amazon, at(0));
    let orders = all(&amazon);
    let age = |order: &TruthOrder| at(0).wall.as_second() - order.state.updated_at.as_second();
    let searchable = orders.iter().filter(|order| age(order) >= 120).count();
    assert!((30..60).contains(&searchable), "{searchable}");
    assert!(orders.iter().all(|order| age(order) < 13 * 60));
    for kind in ["USD", "EUR", "JPY"] {
        assert!(orders.iter().any(|order| order.state.currency() == kind && age(order) >= 120), "{kind}");
    }
}

#[test]
fn orders_keep_coming_and_shipping() {
    let mut amazon = Amazon::new(1);
    let mut demo = Demo::new(1, at(0).wall);
    demo.install(&mut amazon, at(0));
    let before = all(&amazon).len();
    for second in 1..=600 {
        demo.tick(&mut amazon, at(second));
    }
    let orders = all(&amazon);
    let placed = orders.len() - before;
    assert!((195..=205).contains(&placed), "{placed} in ten minutes");
    let open = orders.iter().filter(|order| order.state.status == Status::Unshipped).count();
    assert!(open < 12, "{open} not shipped yet");
    let numbers: BTreeSet<String> = Demo::request_numbers().into_iter().collect();
    let of_another_shop = |ours: bool| {
        let number = |order: &&&TruthOrder| match &order.state.spec.sold_on {
            SoldOn::Amazon => false,
            SoldOn::NonAmazon { seller_order_id } => {
                seller_order_id.as_ref().is_some_and(|number| numbers.contains(number)) == ours
            }
        };
        orders.iter().filter(number).count()
    };
    assert!(of_another_shop(true) >= 6 && of_another_shop(false) >= 6);
    let lines = || orders.iter().flat_map(|order| &order.state.spec.lines);
    for item in &CATALOGUE {
        assert!(lines().any(|line| line.sku == item.sku), "{} is sold", item.sku);
    }
    assert!(lines().any(|line| line.sku == Demo::UNMATCHED_SKU));
    assert!(lines().any(|line| line.gift_wrap > 0 && line.discount > 0 && line.shipping_discount > 0));
    let serials: Vec<&String> = lines().flat_map(|line| &line.serial_numbers).collect();
    let known: BTreeSet<String> = CATALOGUE.iter().flat_map(|item| item.serial_numbers()).collect();
    assert!(serials.len() > 10 && serials.iter().all(|serial| known.contains(*serial)));
    assert_eq!(serials.iter().collect::<BTreeSet<_>>().len(), serials.len(), "none twice");
    assert!(orders.iter().any(|order| order.state.status == Status::Cancelled));
}

#[test]
fn opened_again_it_has_had_the_same_orders() {
    let run = |first: i64, until: i64| {
        let mut amazon = Amazon::new(1);
        let mut demo = Demo::new(1, at(0).wall);
        demo.install(&mut amazon, at(first));
        for second in first..=until {
            demo.tick(&mut amazon, at(second));
        }
        let orders = all(&amazon).into_iter().map(|order| (order.id.clone(), order.state.clone()));
        orders.collect::<Vec<_>>()
    };
    assert_eq!(run(0, 900), run(900, 900));
    let again: BTreeSet<String> = run(0, 900).into_iter().map(|(id, _)| id).collect();
    assert_eq!(again.len(), run(0, 900).len(), "no id twice");
}

#[test]
fn the_opening_stock_is_what_it_says() {
    for item in Demo::catalogue() {
        assert!(item.quantity() > 0 && item.price(&US).is_some());
        match item.stock {
            OpeningStock::Plain { .. } => assert_eq!(item.tracking(), "none"),
            OpeningStock::Batches(batches) => {
                assert!(batches.iter().all(|batch| batch.received_at(at(0).wall) < at(0).wall));
            }
            OpeningStock::Serials { count, .. } => assert_eq!(item.serial_numbers().len() as u64, count),
        }
    }
}
