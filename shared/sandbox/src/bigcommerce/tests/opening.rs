//! The demo shop: opened again it has had the same orders, and every kind of order is read.

use super::{at, with};
use crate::{
    Now,
    bigcommerce::{BigCommerce, Demo, Put, StoreSpec, status},
};
use std::collections::BTreeSet;

use jiff::SignedDuration;

const STORE: &str = Demo::STORES[0];

fn opened(later: i64) -> BigCommerce {
    let mut shop = BigCommerce::new(3);
    let mut demo = Demo::new(STORE, 5, at(0).wall);
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
    let mut demo = Demo::new(STORE, 5, at(0).wall);
    demo.install(&mut again, at(300));
    let told = |shop: &BigCommerce| {
        let orders = shop.truth(STORE);
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
    let mut statuses = BTreeSet::new();
    for later in (430..620).step_by(8) {
        statuses.extend(opened(later).truth(STORE).iter().map(|order| order.status));
    }
    assert_eq!(Vec::from_iter(statuses), [0, 2, 3, 5, 6, 7, 8, 10, 11, 12, 14]);
    // A store that is open already stays as it is.
    let mut other = with(StoreSpec::new(STORE, "a", "b"));
    other.open_store(StoreSpec::new(STORE, "c", "d"));
    assert!(other.truth(STORE).is_empty());
}

// What an application put is put again, and the other store, whose orders have the same numbers, is left alone.
#[test]
fn what_an_application_put_is_put_again() {
    let mut again = opened(300);
    let mut other = Demo::new(Demo::STORES[1], 5, at(0).wall);
    other.install(&mut again, at(300));
    let id = again.truth(STORE)[3].id;
    let before = again.order(Demo::STORES[1], id).unwrap().clone();
    assert_ne!(again.order(STORE, id).unwrap().status, status::SHIPPED);
    let (before_it, after, at) = (status::AWAITING_FULFILLMENT, status::SHIPPED, at(310).wall);
    let put = Put { store: STORE.to_owned(), order: id, before: before_it, after, at };
    assert!(again.put_again(&put));
    assert_eq!(again.order(STORE, id).unwrap().status, status::SHIPPED);
    assert_eq!(*again.order(Demo::STORES[1], id).unwrap(), before);
    assert!(!again.put_again(&Put { order: 1, ..put }), "an order that is not there");
    assert_eq!(again.take_puts(), [], "nobody put it over the API");
}
