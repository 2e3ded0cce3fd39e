//! The demo shop: opened again it has had the same orders, and every kind of order is read.

use super::{at, with};
use crate::{
    Now,
    bigcommerce::{BigCommerce, Demo, StoreSpec},
};
use jiff::SignedDuration;

fn opened(later: i64) -> BigCommerce {
    let mut shop = BigCommerce::new(3);
    let mut demo = Demo::new(5, at(0).wall);
    demo.install(&mut shop, at(0));
    for second in (0..later).step_by(5) {
        demo.tick(&mut shop, Now::at(at(0).wall + SignedDuration::from_secs(second)));
    }
    demo.tick(&mut shop, at(later));
    shop
}

#[test]
fn opened_again_it_has_had_the_same_orders() {
    let shop = opened(300);
    let mut again = BigCommerce::new(9);
    let mut demo = Demo::new(5, at(0).wall);
    demo.install(&mut again, at(300));
    let told = |shop: &BigCommerce| {
        let orders = shop.truth(Demo::STORE);
        orders
            .iter()
            .map(|order| (order.id, order.status, order.modified_at, order.total()))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&shop), told(&again));
    assert!(told(&shop).len() > 40);
}

#[test]
fn every_status_comes_up() {
    let shop = opened(600);
    let mut statuses: Vec<i64> = shop.truth(Demo::STORE).iter().map(|order| order.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [0, 2, 3, 5, 6, 10, 11, 14]);
    // A store that is open already stays as it is.
    let mut other = with(StoreSpec::new(Demo::STORE, "a", "b"));
    other.open_store(StoreSpec::new(Demo::STORE, "c", "d"));
    assert!(other.truth(Demo::STORE).is_empty());
}
