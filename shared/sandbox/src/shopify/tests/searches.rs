//! The search for what changed.

use weir_channels::channel::{Page, Search};

use super::*;

/// Searches as the channel does, page by page.
fn search(shopify: &mut Shopify, from: Timestamp, now: Now) -> Result<Vec<(u64, Timestamp)>, ChannelError> {
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let orders = CHANNEL.orders.unwrap();
    let (mut found, mut page) = (Vec::new(), None);
    loop {
        let search = Search { from, marketplaces: &[], page: page.as_deref() };
        let answer = shopify.handle(&orders.search(call, &search), now);
        let Page { listed, next, unreadable, .. } = orders.page(&connection, &answer)?;
        assert!(unreadable.is_empty());
        for listed in listed {
            found.push((listed.channel_order_id.as_str().parse().unwrap(), listed.updated_at.unwrap()));
        }
        match next {
            Some(next) => page = Some(next),
            None => return Ok(found),
        }
    }
}

fn ids(found: &[(u64, Timestamp)]) -> Vec<u64> {
    found.iter().map(|(id, _)| *id).collect()
}

#[test]
fn what_changed_is_found_the_longest_unchanged_first() {
    let mut shopify = new();
    let placed: Vec<u64> = (0..250).map(|second| place(&mut shopify, simple(), at(second))).collect();
    assert!(shopify.touch(placed[3], at(400)));
    let found = search(&mut shopify, at(0).wall, at(500)).unwrap();
    let mut expected = placed.clone();
    expected.remove(3);
    expected.push(placed[3]);
    assert_eq!(ids(&found), expected);
    assert!(found.is_sorted_by_key(|(_, updated)| *updated));
    assert_eq!(ids(&search(&mut shopify, at(249).wall, at(500)).unwrap()), [placed[249], placed[3]]);
    assert!(search(&mut shopify, at(401).wall, at(500)).unwrap().is_empty());
}

#[test]
fn what_changes_between_two_pages_is_found_at_least_once() {
    let mut shopify = new();
    let placed: Vec<u64> = (0..150).map(|second| place(&mut shopify, simple(), at(second))).collect();
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let orders = CHANNEL.orders.unwrap();
    let ask = |shopify: &mut Shopify, page: Option<&str>| {
        let search = Search { from: at(0).wall, marketplaces: &[], page };
        let answer = shopify.handle(&orders.search(call, &search), at(500));
        let page = orders.page(&connection, &answer).unwrap();
        let listed = page.listed.iter().map(|listed| listed.channel_order_id.as_str().parse().unwrap());
        (listed.collect::<Vec<u64>>(), page.next)
    };
    let (mut found, next) = ask(&mut shopify, None);
    assert_eq!(found.len(), 100);
    // The last of the first page moves behind the others.
    assert!(shopify.touch(placed[99], at(400)));
    let (rest, next) = ask(&mut shopify, next.as_deref());
    assert_eq!((rest.len(), next), (51, None));
    found.extend(rest);
    assert!(placed.iter().all(|id| found.contains(id)));
    let search = Search { from: at(0).wall, marketplaces: &[], page: Some("bm9uZQ==") };
    let answer = shopify.handle(&orders.search(call, &search), at(500));
    assert!(matches!(orders.page(&connection, &answer), Err(ChannelError::PageExpired)));
}

#[test]
fn the_search_may_be_late_and_the_order_itself_never_is() {
    let mut shopify = new();
    let old = place(&mut shopify, simple(), at(0));
    shopify.faults.list_lag = 1000;
    shopify.faults.list_lag_seconds = 100;
    let new = place(&mut shopify, simple(), at(10));
    assert!(shopify.touch(old, at(10)));
    let found = search(&mut shopify, at(0).wall, at(10)).unwrap();
    assert_eq!(found, [(old, at(0).wall)], "the former time, and the new one not yet");
    assert_eq!(read(&mut shopify, new, at(10)).updated_at, at(10).wall);
    assert!(shopify.touch(old, at(105)));
    let found = search(&mut shopify, at(0).wall, at(105)).unwrap();
    assert_eq!(found.iter().filter(|(id, _)| *id == old).count(), 1);
    shopify.catch_up();
    let found = search(&mut shopify, at(0).wall, at(105)).unwrap();
    assert_eq!(found, [(new, at(10).wall), (old, at(105).wall)]);
    assert!(shopify.touch(old, at(106)));
    let found = search(&mut shopify, at(106).wall, at(207)).unwrap();
    assert_eq!(found, [(old, at(106).wall)], "by itself, in the end");
}

#[test]
fn a_hold_may_leave_the_order_s_time_as_it_was() {
    // SPEC: KS-06
    let mut shopify = new();
    let id = place(&mut shopify, simple(), at(0));
    shopify.subscribe(SHOP, APP, &["FULFILLMENT_HOLDS_ADDED", "ORDERS_UPDATED"], "https://weir.example/");
    shopify.faults.quiet_holds = 1000;
    assert!(shopify.hold(id, 0, "OTHER", None, at(60)));
    assert!(search(&mut shopify, at(1).wall, at(61)).unwrap().is_empty());
    assert!(!read(&mut shopify, id, at(61)).shop.fulfillment_orders[0].holds.is_empty());
    let told = shopify.take_webhooks(at(61));
    assert_eq!(told.iter().map(|webhook| webhook.topic).collect::<Vec<_>>(), ["fulfillment_holds/added"]);
    shopify.faults.quiet_holds = 0;
    assert!(shopify.release(id, 0, at(90)));
    assert_eq!(ids(&search(&mut shopify, at(1).wall, at(91)).unwrap()), [id]);
}

#[test]
fn an_order_is_found_by_its_number() {
    let mut shopify = new();
    place(&mut shopify, simple(), at(0));
    let id = place(&mut shopify, OrderSpec { name: Some("#W-77".to_owned()), ..simple() }, at(0));
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let orders = CHANNEL.orders.unwrap();
    for (number, expected) in [("#W-77", vec![id]), ("w-77", vec![id]), ("#W-7", vec![])] {
        let (_, request) = orders.find(call, number).unwrap();
        let answer = shopify.handle(&request, at(1));
        let listed = orders.page(&connection, &answer).unwrap().listed;
        let found: Vec<u64> =
            listed.iter().map(|listed| listed.channel_order_id.as_str().parse().unwrap()).collect();
        assert_eq!(found, expected, "{number}");
    }
}

#[test]
fn orders_older_than_sixty_days_are_there_for_who_may_read_all() {
    let mut shopify = new();
    let id = place(&mut shopify, simple(), at(0));
    let late = at(61 * 86_400);
    assert!(shopify.touch(id, at(60 * 86_400)));
    assert!(look(&mut shopify, id, late).0.unwrap().is_none());
    assert!(search(&mut shopify, at(0).wall, late).unwrap().is_empty());
    let all: Vec<&str> = ALL_SCOPES.into_iter().chain(["read_all_orders"]).collect();
    shopify.install(SHOP, APP, &all);
    assert!(look(&mut shopify, id, late).0.unwrap().is_some());
    assert_eq!(search(&mut shopify, at(0).wall, late).unwrap().len(), 1);
}

#[test]
fn the_shop_tells_its_locations_also_those_that_are_closed() {
    let mut spec = ShopSpec::new(SHOP).location("Downtown");
    spec.locations[1].is_active = false;
    let mut shopify = with(spec);
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let store = CHANNEL.store.unwrap();
    let (_, request) = store.locations(call, None);
    let told = store.read_locations(&shopify.handle(&request, at(0))).unwrap();
    let locations: Vec<_> =
        told.locations.iter().map(|one| (one.id.clone(), one.name.as_str(), one.is_active)).collect();
    let id = |place: usize| shopify.location_id(SHOP, place).unwrap().to_string();
    assert_eq!(locations, [(id(0), "Warehouse", true), (id(1), "Downtown", false)]);
    shopify.install(SHOP, APP, &["read_orders"]);
    let (_, request) = store.about(call);
    assert_eq!(store.read_about(&shopify.handle(&request, at(1))).unwrap().missing_permissions.len(), 3);
}
