//! What nobody outside may ever read: people's names and addresses, and secrets. They are in no queue,
//! event, dead letter, error, address or log; and people's data end when they have to.

use jiff::SignedDuration;
use weir_app::ports::OutgoingMessage;
use weir_domain::variant::Tracking;
use weir_sandbox::amazon::{BuyerSpec, Faults, FulfilledBy, OrderSpec, Quirk, marketplaces::US};
use weir_tests::{
    House, Shop,
    books::IMPORTED,
    house::notification_queue,
    logs::Logs,
    shop::{CLIENT_SECRET, MUG, line, refresh_token},
};

/// Of people, and what must not be seen anywhere but in their own item.
const PEOPLE: [&str; 6] = [
    "Canary Buyerson",
    "Canary Street 17",
    "Canary Holdings",
    "canary@example.com",
    "+1 555 0199",
    "Canaryville",
];

fn buyer() -> BuyerSpec {
    let text = |index: usize| Some(PEOPLE[index].to_owned());
    BuyerSpec {
        name: text(0),
        line_1: text(1),
        company: text(2),
        email: text(3),
        phone: text(4),
        city: text(5),
        country: Some("US".to_owned()),
        postal_code: Some("98109".to_owned()),
        ..BuyerSpec::default()
    }
}

fn spec(lines: Vec<weir_sandbox::amazon::LineSpec>) -> OrderSpec {
    OrderSpec { buyer: Some(buyer()), ..OrderSpec::new(&US, lines) }
}

/// Everything that leaves the house or that operators read, but for the orders themselves.
async fn everything_seen(
    house: &House,
    shop: &Shop,
    ids: &[String],
    logs: &Logs,
) -> Vec<(&'static str, String)> {
    let mut seen = vec![("log", logs.text())];
    seen.extend(house.queue.bodies().into_iter().map(|body| ("queue", body)));
    seen.extend(
        house.bus.announced().into_iter().map(|event| ("bus", format!("{} {}", event.id, event.detail))),
    );
    seen.extend(house.errors().into_iter().map(|error| ("error", error)));
    seen.extend(house.crossing.addresses().into_iter().map(|address| ("address", address)));
    for letter in house.hub.queue.dead_letters().await.unwrap() {
        seen.push(("dead letter", format!("{} {}", letter.reason, letter.body)));
    }
    seen.push(("connection", format!("{:?}", house.connection(shop).await)));
    for id in ids {
        seen.push(("account", format!("{:?}", house.account(shop, id).await)));
        seen.push(("timeline", format!("{:?}", house.history(shop, id).await)));
        seen.push(("order", format!("{:?}", house.order(shop, id).await)));
        seen.push(("parked", format!("{:?}", house.parked(shop, id).await)));
    }
    seen
}

// SPEC: OP-05, OP-06, KF-15
#[tokio::test]
async fn no_name_no_address_and_no_secret_is_seen_anywhere() {
    let (logs, _guard) = Logs::keep();
    let house = House::with_notifications().await;
    let shop = house.shop("acme", &US).await;
    let mut ids = vec![
        house.sell_spec(&shop, spec(vec![line(MUG, 1)])),
        house.sell_spec(&shop, spec(vec![line("UNKNOWN", 1)])),
        house.sell_spec(&shop, OrderSpec { fulfilled_by: FulfilledBy::Merchant, ..spec(vec![line(MUG, 1)]) }),
        house.sell_spec(&shop, OrderSpec { business: true, ..spec(vec![line(MUG, 1)]) }),
    ];
    for quirk in Quirk::ALL {
        ids.push(house.sell_spec(&shop, spec(vec![line(MUG, 1)]).quirk(quirk)));
    }
    house.minutes(3).await;
    assert_eq!(house.outcome(&shop, &ids[0]).await, IMPORTED);
    let person = house.person(&shop, &ids[0]).await.unwrap().person;
    assert_eq!(person.name.as_deref(), Some(PEOPLE[0]), "or nothing was looked for");

    // Everything that can go wrong on the way.
    house.amazon().faults =
        Faults { server_errors: 200, token_errors: 500, throttled: 200, ..Faults::BAD_DAY };
    for _ in 0..8 {
        ids.push(house.sell_spec(&shop, spec(vec![line(MUG, 1)])));
        house.minute().await;
    }
    house.amazon().faults = Faults::NONE;
    house.amazon().deny_new_orders_api(&shop.seller, true);
    ids.push(house.sell_spec(&shop, spec(vec![line(MUG, 1)])));
    house.minutes(3).await;
    house.amazon().deny_new_orders_api(&shop.seller, false);
    house.activate(&shop).await;
    house.amazon().revoke(&shop.seller);
    ids.push(house.sell_spec(&shop, spec(vec![line(MUG, 1)])));
    house.minutes(3).await;
    weir_app::connections::activate(&house.hub, &shop.organization, &shop.connection).await.unwrap_err();
    house.amazon().restore(&shop.seller);
    house.activate(&shop).await;
    house.variant(&shop, "UNKNOWN", Tracking::None).await;
    house.minutes(12).await;

    // A notice that nobody can read, with a person in it: it stays where Amazon put it.
    let body = format!("{{\"NotificationType\": \"ORDER_CHANGE\", \"Payload\": \"{}\"}}", PEOPLE[0]);
    let notice = OutgoingMessage { id: "x".to_owned(), group: String::new(), body: body.clone() };
    house.queue.put(&notification_queue(), notice);
    house.minutes(6).await;
    assert_eq!(house.hub.queue.dead_letters().await.unwrap().len(), 1);

    let refresh = refresh_token(&shop.seller);
    let words = PEOPLE.iter().copied().chain([CLIENT_SECRET, refresh.as_str(), "Atza|"]);
    let seen = everything_seen(&house, &shop, &ids, &logs).await;
    assert!(seen.len() > 100 && logs.text().len() > 100, "{} were looked through", seen.len());
    for word in words {
        for (place, text) in &seen {
            let text = text.replace(&body, "");
            assert!(!text.contains(word), "{word:?} is in a {place}: {text}");
        }
    }
}

// SPEC: OP-05
#[tokio::test]
async fn what_is_known_of_a_person_ends_thirty_days_after_delivery_and_the_order_stays() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell_spec(&shop, spec(vec![line(MUG, 1)]));
    house.minutes(3).await;
    let person = house.person(&shop, &id).await.unwrap();
    let promised = house.now() + SignedDuration::from_hours(24 * 4);
    assert!(person.expires_at <= promised + SignedDuration::from_hours(24 * 30));
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    house.clock.advance_to(person.expires_at - days(1));
    assert!(house.person(&shop, &id).await.is_some());
    house.clock.advance(days(1));
    assert_eq!(house.person(&shop, &id).await, None);
    let file = house.hub.ledger.read_order(&shop.organization, &shop.order(&id)).await.unwrap();
    assert_eq!((file.person, file.snapshot), (None, None), "nor in the snapshot");
    assert!(house.is_in(&shop, &id).await);

    house.check_books(&shop.organization).await;
}

// SPEC: OP-05
#[tokio::test]
async fn what_amazon_shows_again_after_that_is_not_kept_with_the_person_in_it() {
    let (house, shop) = House::with_shop().await;
    let id = house.sell_spec(&shop, spec(vec![line(MUG, 1)]));
    house.minutes(3).await;
    let ends = house.person(&shop, &id).await.unwrap().expires_at;
    house.clock.advance_to(ends - SignedDuration::from_mins(10));
    house.amazon().touch(&id, house.amazons_now());
    house.minutes(20).await;
    assert!(house.is_in(&shop, &id).await);
    assert_eq!(house.person(&shop, &id).await, None);
    let file = house.hub.ledger.read_order(&shop.organization, &shop.order(&id)).await.unwrap();
    let body = file
        .snapshot
        .map(|snapshot| String::from_utf8_lossy(&snapshot.body).into_owned())
        .unwrap_or_default();
    for word in PEOPLE {
        assert!(!body.contains(word), "{word:?} is kept longer than 30 days after delivery: {body}");
    }
}

// SPEC: OP-05
#[tokio::test]
async fn a_big_order_with_a_person_is_no_exception() {
    let (house, shop) = House::with_shop().await;
    let lines = (0..90).map(|_| line(MUG, 1)).collect();
    let id = house.sell_spec(&shop, spec(lines));
    house.minutes(3).await;
    assert!(house.is_in(&shop, &id).await);
    let person = house.person(&shop, &id).await.unwrap();
    assert_eq!(person.person.name.as_deref(), Some(PEOPLE[0]));
    house.clock.advance_to(person.expires_at);
    assert_eq!(house.person(&shop, &id).await, None);
}
