//! The lists: filters, the two minutes, pages, and how late they can be.

use super::*;
use crate::amazon::{Quirk, marketplaces::DE};

fn search(amazon: &mut Amazon, query: &str, now: Now) -> HttpResponse {
    let token = token(amazon, REFRESH, now);
    amazon.handle(&get(&format!("{SEARCH}{query}"), &token), now)
}

#[test]
fn the_last_two_minutes_are_in_no_list_but_in_get_order() {
    let mut amazon = new();
    let id = shipped(&mut amazon, "A", 0);
    assert!(ids(&json(&search(&mut amazon, "", at(119)))).is_empty());
    let token = token(&mut amazon, REFRESH, at(0));
    let order = json(
        &amazon
            .handle(&get(&format!("/orders/2026-01-01/orders/{id}?includedData=FULFILLMENT"), &token), at(1)),
    );
    assert_eq!(order["order"]["fulfillment"]["fulfillmentStatus"], "SHIPPED");
    let answer = json(&search(&mut amazon, "", at(120)));
    assert_eq!(ids(&answer), [id]);
    assert_eq!(answer["lastUpdatedBefore"], "2026-03-01T08:00:00Z");
    let early = search(&mut amazon, "&lastUpdatedBefore=2026-03-01T08:00:01Z", at(120));
    assert_eq!((early.status, json(&early)["errors"][0]["code"].as_str()), (400, Some("InvalidInput")));
}

#[test]
fn filters_are_kept_and_checked() {
    let mut amazon = new();
    let shipped = shipped(&mut amazon, "A", 0);
    let open = amazon.place_order(SELLER, simple("B"), at(0));
    let german = amazon.place_order(SELLER, OrderSpec::new(&DE, vec![LineSpec::new("C", 1, 100)]), at(0));
    let mfn = OrderSpec { fulfilled_by: crate::amazon::FulfilledBy::Merchant, ..simple("D") };
    let mfn = amazon.place_order(SELLER, mfn, at(0));
    let foreign = amazon.place_order(SELLER, OrderSpec::non_amazon(&US, Some("FR-1"), Vec::new()), at(0));
    for (query, expected) in [
        ("", vec![&shipped, &open, &german, &mfn, &foreign]),
        ("&fulfillmentStatuses=SHIPPED,PARTIALLY_SHIPPED", vec![&shipped]),
        ("&fulfilledBy=MERCHANT", vec![&mfn]),
        ("&marketplaceIds=A1PA6795UKMFR9", vec![&german]),
        (
            "&fulfilledBy=AMAZON&marketplaceIds=ATVPDKIKX0DER&marketplaceIds=A1PA6795UKMFR9",
            vec![&shipped, &open, &german, &foreign],
        ),
    ] {
        assert_eq!(ids(&json(&search(&mut amazon, query, at(200)))).iter().collect::<Vec<_>>(), expected);
    }
    let many = format!("&marketplaceIds={}", vec!["ATVPDKIKX0DER"; 51].join(","));
    for query in [
        "&maxResultsPerPage=0",
        "&maxResultsPerPage=101",
        "&fulfillmentStatuses=Shipped",
        "&fulfilledBy=AFN",
        "&includedData=EVERYTHING",
        "&marketplaceIds=A1VC38T7YXB528",
        "&createdAfter=2026-03-01T00:00:00Z",
        "&lastUpdatedBefore=yesterday",
        "&lastUpdatedBefore=2026-02-01T00:00:00Z",
        many.as_str(),
    ] {
        assert_eq!(search(&mut amazon, query, at(200)).status, 400, "{query}");
    }
    let token = token(&mut amazon, REFRESH, at(200));
    assert_eq!(amazon.handle(&get("/orders/2026-01-01/orders", &token), at(200)).status, 400);
}

/// Follows the pages of a search and says how many there were and what they had.
fn all_pages(amazon: &mut Amazon, query: &str, now: Now) -> (usize, Vec<String>) {
    let (mut found, mut pages, mut next) = (Vec::new(), 0, String::new());
    loop {
        let answer = json(&search(amazon, &format!("{query}{next}"), now));
        pages += 1;
        found.extend(ids(&answer));
        match answer["pagination"]["nextToken"].as_str() {
            Some(token) => next = format!("&paginationToken={token}"),
            None => return (pages, found),
        }
    }
}

#[test]
fn pages_have_each_order_once_and_are_bound_to_their_query() {
    let mut amazon = new();
    let mut placed: Vec<String> =
        (0..250).map(|number| shipped(&mut amazon, "A", 60 - number / 10)).collect();
    assert_eq!(all_pages(&mut amazon, "", at(300)).0, 3);
    let (pages, mut found) = all_pages(&mut amazon, "&maxResultsPerPage=50", at(300));
    placed.sort();
    found.sort();
    assert_eq!((pages, &found), (5, &placed));
    // Cut short and shuffled, they still have each order once.
    amazon.faults.short_pages = 500;
    amazon.faults.shuffled_pages = 500;
    for round in 0..10 {
        let (pages, mut found) = all_pages(&mut amazon, "", at(100_000 * (1 + round)));
        found.sort();
        assert_eq!(found, placed);
        assert!(pages >= 3);
    }
    amazon.faults = crate::amazon::Faults::NONE;
    let first = json(&search(&mut amazon, "", at(5_000_000)));
    let next = format!("&paginationToken={}", first["pagination"]["nextToken"].as_str().unwrap());
    let other = search(&mut amazon, &format!("&fulfilledBy=AMAZON{next}"), at(5_000_000));
    assert_eq!(other.status, 400, "another query");
    assert_eq!(search(&mut amazon, &next, at(5_000_000 + 86_399)).status, 200);
    let late = search(&mut amazon, &next, at(5_000_000 + 86_400));
    assert_eq!(late.status, 400, "a day later");
    assert!(json(&late)["errors"][0]["message"].as_str().unwrap().contains("expired"));
}

#[test]
fn an_order_that_changes_between_pages_leaves_them_and_comes_in_the_next_search() {
    let mut amazon = new();
    let placed: Vec<String> = (0..3).map(|number| shipped(&mut amazon, "A", number)).collect();
    let first = json(&search(&mut amazon, "&maxResultsPerPage=1", at(200)));
    assert!(amazon.touch(&placed[1], at(201)));
    let next = format!(
        "&maxResultsPerPage=1&paginationToken={}",
        first["pagination"]["nextToken"].as_str().unwrap()
    );
    let second = json(&search(&mut amazon, &next, at(202)));
    assert_eq!(ids(&second), [placed[2].clone()]);
    assert_eq!(second["lastUpdatedBefore"], first["lastUpdatedBefore"], "the first page's window holds");
    assert_eq!(ids(&json(&search(&mut amazon, "", at(400)))).last(), Some(&placed[1]));
}

#[test]
fn a_late_list_misses_an_order_or_shows_its_former_state() {
    let mut amazon = new();
    amazon.faults.list_lag = 1000;
    amazon.faults.list_lag_seconds = 1;
    let id = amazon.place_order(SELLER, simple("A"), at(0));
    assert_eq!(ids(&json(&search(&mut amazon, "", at(130)))), [id.as_str()]);
    amazon.faults.list_lag_seconds = 600;
    amazon.faults.stale_in_list = 1000;
    assert!(amazon.ship(&id, at(140)));
    let list = json(&search(&mut amazon, "&includedData=FULFILLMENT", at(141)));
    assert_eq!(list["orders"][0]["fulfillment"]["fulfillmentStatus"], "UNSHIPPED");
    assert_eq!(list["orders"][0]["lastUpdatedTime"], "2026-03-01T08:00:00Z");
    assert_eq!(ids(&json(&search(&mut amazon, "&fulfillmentStatuses=SHIPPED", at(900)))), [id.as_str()]);
    amazon.faults.stale_in_list = 0;
    amazon.touch(&id, at(1000));
    let gone = all_pages(&mut amazon, "", at(1001)).1;
    assert!(gone.is_empty());
    amazon.heal_all(at(1001));
    assert_eq!(all_pages(&mut amazon, "", at(1121)).1, [id]);
}

#[test]
fn quirks_are_written_and_healed_and_every_page_stays_json() {
    let mut amazon = new();
    for quirk in Quirk::ALL {
        let id = amazon.place_order(SELLER, simple("A").quirk(quirk), at(0));
        amazon.ship(&id, at(0));
    }
    let all = "&includedData=BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT";
    let answer = json(&search(&mut amazon, all, at(200)));
    assert_eq!(answer["orders"].as_array().unwrap().len(), Quirk::ALL.len());
    let old = token(&mut amazon, REFRESH, at(200));
    let path = "/orders/v0/orders?LastUpdatedAfter=2026-03-01T00:00:00Z&MarketplaceIds=ATVPDKIKX0DER";
    let v0 = json(&amazon.handle(&get(path, &old), at(200)));
    assert_eq!(v0["payload"]["Orders"].as_array().unwrap().len(), Quirk::ALL.len());
    amazon.heal_all(at(201));
    let healed = json(&search(&mut amazon, all, at(400)));
    for order in healed["orders"].as_array().unwrap() {
        assert_eq!(order["proceeds"]["grandTotal"]["amount"], "10.80");
    }
}

#[test]
fn the_old_api_wraps_its_answers_and_pages_its_items() {
    let mut amazon = new();
    let lines = (0..120).map(|number| LineSpec::new(&format!("S-{number}"), 1, 100)).collect();
    let id = amazon.place_order(SELLER, OrderSpec::new(&US, lines), at(0));
    let token = token(&mut amazon, REFRESH, at(0));
    let path = "/orders/v0/orders?LastUpdatedAfter=2026-03-01T00:00:00Z";
    assert_eq!(amazon.handle(&get(path, &token), at(200)).status, 400, "no marketplace");
    let list = json(&amazon.handle(&get(&format!("{path}&MarketplaceIds={}", US.id), &token), at(200)));
    assert_eq!(list["payload"]["Orders"][0]["AmazonOrderId"], id);
    assert!(list["payload"]["LastUpdatedBefore"].is_string());
    let items = format!("/orders/v0/orders/{id}/orderItems");
    let (mut found, mut query) = (0, String::new());
    loop {
        let page = json(&amazon.handle(&get(&format!("{items}{query}"), &token), at(200)));
        found += page["payload"]["OrderItems"].as_array().unwrap().len();
        match page["payload"]["NextToken"].as_str() {
            Some(next) => query = format!("?NextToken={}", next.replace('/', "%2F")),
            None => break,
        }
    }
    assert_eq!(found, 120);
    assert_eq!(amazon.handle(&get(&format!("{items}?NextToken=x"), &token), at(200)).status, 400);
}
