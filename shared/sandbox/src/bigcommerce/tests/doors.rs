//! The API's door: tokens, the window of calls, and answers that are none.

use weir_channels::{
    bigcommerce::CHANNEL,
    channel::{Call, ChannelError, Completion, Search},
};
use weir_domain::{Timestamp, ids::ChannelOrderId};

use super::{at, connection, look, mugs, new, token, with};
use crate::bigcommerce::{
    Faults, StoreSpec, status,
    tests::{SECRET, STORE, TOKEN},
};

#[test]
fn the_window_is_kept_to_and_told() {
    // SPEC: G-12
    let mut shop = with(StoreSpec { quota: 3, ..StoreSpec::new(STORE, TOKEN, SECRET) });
    let id = shop.place_order(STORE, mugs(1), at(0)).unwrap();
    for _ in 0..3 {
        assert!(look(&mut shop, id, at(1)).0.is_ok());
    }
    let (refused, _) = look(&mut shop, id, at(6));
    let Err(ChannelError::Throttled { retry_after, micro_rate }) = refused else { panic!("{refused:?}") };
    assert_eq!(retry_after.map(|wait| wait.as_secs()), Some(25));
    assert_eq!(micro_rate, Some(100_000));
    assert!(look(&mut shop, id, at(31)).0.is_ok());
    assert_eq!((shop.count(STORE).calls, shop.count(STORE).throttled), (5, 1));
}

#[test]
fn bad_answers_are_passing_trouble_and_never_an_order() {
    // SPEC: G-12
    type Fault = fn(&mut Faults);
    let all: [Fault; 6] = [
        |faults| faults.overloaded = 1_000,
        |faults| faults.server_errors = 1_000,
        |faults| faults.lost_answers = 1_000,
        |faults| faults.xml_answers = 1_000,
        |faults| faults.html_pages = 1_000,
        |faults| faults.cut_bodies = 1_000,
    ];
    for (number, fault) in all.into_iter().enumerate() {
        let mut shop = new();
        let id = shop.place_order(STORE, mugs(1), at(0)).unwrap();
        fault(&mut shop.faults);
        let error = look(&mut shop, id, at(1)).0.unwrap_err();
        assert!(error.is_transient(), "{number}: {error:?}");
        shop.faults = Faults::NONE;
        assert!(look(&mut shop, id, at(2)).0.unwrap().is_some());
    }
}

#[test]
fn tokens_and_orders_that_are_not_there_are_told() {
    // SPEC: G-11
    let mut shop = new();
    assert_eq!(look(&mut shop, 99, at(0)).0, Ok(None));
    shop.renew_token(STORE, "another");
    assert_eq!(look(&mut shop, 99, at(0)).0, Err(ChannelError::Expired));
}

#[test]
fn a_search_finds_all_that_changed_and_pages_by_ids() {
    // SPEC: KB-01, OP-04
    let mut shop = with(StoreSpec { quota: 1_000, ..StoreSpec::new(STORE, TOKEN, SECRET) });
    let mut ids = Vec::new();
    for number in 0..600 {
        ids.push(shop.place_order(STORE, mugs(1), at(number)).unwrap());
    }
    let changed = at(300).wall;
    let found = search(&mut shop, changed, |shop, page| {
        // An order of a page that was read changes, and no other is missed for it.
        if page == 1 {
            shop.set_status(STORE, ids[310], status::AWAITING_SHIPMENT, at(700));
        }
    });
    assert_eq!(found, ids[300..]);
}

#[test]
fn the_first_search_is_for_what_is_open() {
    // SPEC: KB-01
    let mut shop = new();
    let mut expected = Vec::new();
    for status in 0..15 {
        let id = shop.place_order(STORE, mugs(1), at(status)).unwrap();
        shop.set_status(STORE, id, status, at(20));
        if [3, 7, 8, 9, 11, 12, 13, 14].contains(&status) {
            expected.push(id);
        }
    }
    let mut found = search(&mut shop, Timestamp::UNIX_EPOCH, |_, _| {});
    found.sort_unstable();
    assert_eq!(found, expected);
}

fn search(
    shop: &mut crate::bigcommerce::BigCommerce,
    from: Timestamp,
    mut between: impl FnMut(&mut crate::bigcommerce::BigCommerce, usize),
) -> Vec<u64> {
    let (connection, token) = (connection(), token());
    let orders = CHANNEL.orders.unwrap();
    let (mut found, mut page, mut pages) = (Vec::new(), None, 0);
    loop {
        let search = Search { from, marketplaces: &[], page: page.as_deref() };
        let request = orders.search(Call { connection: &connection, token: &token }, &search);
        let answer = orders.page_of(&connection, &search, &shop.handle(&request, at(800))).unwrap();
        assert!(answer.unreadable.is_empty());
        found.extend(
            answer.listed.iter().map(|listed| listed.channel_order_id.as_str().parse::<u64>().unwrap()),
        );
        pages += 1;
        between(shop, pages);
        page = answer.next;
        if page.is_none() {
            return found;
        }
    }
}

#[test]
fn an_order_is_completed_by_its_status_alone() {
    // SPEC: KB-10
    let mut shop = new();
    let id =
        shop.place_order(STORE, crate::bigcommerce::OrderSpec { discount: 100, ..mugs(1) }, at(0)).unwrap();
    let (connection, token) = (connection(), token());
    let completion: &dyn Completion = CHANNEL.completion.unwrap();
    let call = Call { connection: &connection, token: &token };
    for _ in 0..2 {
        let channel_id = ChannelOrderId::parse(&id.to_string()).unwrap();
        let (_, request) = completion.complete(call, &channel_id);
        assert_eq!(request.body, br#"{"status_id":10}"#);
        assert_eq!(completion.read(&shop.handle(&request, at(9))), Ok(()));
    }
    let truth = shop.order(STORE, id).unwrap();
    assert_eq!(truth.status, status::COMPLETED);
    assert_eq!(truth.charged(), 1_245, "its discount is as it was");
}
