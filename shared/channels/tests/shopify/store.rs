//! The shop itself, its locations, and telling it what was shipped.

use serde_json::{Value, json};
use weir_channels::channel::{ChannelError, FulfilledPart, Fulfillments, NewFulfillment, Store, StoreInfo};
use weir_domain::sales_order::Tracking;

use crate::support::{CHANNEL, answer, call, connection, operation, time, token, variables};

fn store() -> &'static dyn Store {
    CHANNEL.store.unwrap()
}

fn fulfillments() -> &'static dyn Fulfillments {
    CHANNEL.fulfillments.unwrap()
}

fn shop(scopes: &[&str]) -> Value {
    let scopes: Vec<Value> = scopes.iter().map(|scope| json!({"handle": scope})).collect();
    json!({
        "shop": {
            "id": "gid://shopify/Shop/1",
            "name": "Blue mugs",
            "myshopifyDomain": "Blue-Mugs.myshopify.com",
            "currencyCode": "USD",
            "ianaTimezone": "America/Chicago",
            "taxesIncluded": false,
        },
        "currentAppInstallation": {"accessScopes": scopes},
    })
}

#[test]
fn the_test_of_a_connection_says_whose_shop_it_is_and_what_is_missing() {
    // SPEC: G-11
    let (connection, token) = (connection(), token());
    let (_, request) = store().about(call(&connection, &token));
    assert_eq!(operation(&request), "query Shop");
    let all = ["read_orders", "write_assigned_fulfillment_orders", "read_locations", "write_products"];
    let info = store().read_about(&answer(&shop(&all))).unwrap();
    assert_eq!(
        info,
        StoreInfo {
            account: "blue-mugs.myshopify.com".to_owned(),
            name: "Blue mugs".to_owned(),
            currency: Some("USD".to_owned()),
            time_zone: Some("America/Chicago".to_owned()),
            missing_permissions: Vec::new(),
        }
    );
    let info = store().read_about(&answer(&shop(&["read_orders"]))).unwrap();
    assert_eq!(
        info.missing_permissions,
        ["write_merchant_managed_fulfillment_orders", "read_locations", "read_products"]
    );
    let mut odd = shop(&all);
    odd["shop"]["myshopifyDomain"] = json!("shop.example.com");
    assert!(matches!(store().read_about(&answer(&odd)), Err(ChannelError::Unreadable(_))));
}

#[test]
fn locations_come_in_pages() {
    // SPEC: KS-15, KS-50
    let (connection, token) = (connection(), token());
    let (_, request) = store().locations(call(&connection, &token), Some("c1"));
    assert_eq!(
        (operation(&request), &variables(&request)["after"]),
        ("query Locations".to_owned(), &json!("c1"))
    );
    let page = store()
        .read_locations(&answer(&json!({"locations": {
            "pageInfo": {"hasNextPage": true, "endCursor": "c2"},
            "nodes": [
                {"id": "gid://shopify/Location/500", "name": "Shop floor", "isActive": true},
                {"id": "gid://shopify/Location/501", "name": null, "isActive": false},
            ],
        }})))
        .unwrap();
    let read: Vec<(&str, &str, bool)> =
        page.locations.iter().map(|one| (one.id.as_str(), one.name.as_str(), one.is_active)).collect();
    assert_eq!(read, [("500", "Shop floor", true), ("501", "501", false)]);
    assert_eq!(page.next.as_deref(), Some("c2"));
}

fn parcel(number: &str, url: Option<&str>) -> Tracking {
    Tracking { number: Some(number.to_owned()), carrier: Some("UPS".to_owned()), url: url.map(str::to_owned) }
}

fn new(parts: &[(&str, &[(&str, i64)])], tracking: Vec<Tracking>) -> NewFulfillment {
    let parts = parts
        .iter()
        .map(|(id, lines)| FulfilledPart {
            fulfillment_order: (*id).to_owned(),
            lines: lines.iter().map(|(line, units)| ((*line).to_owned(), *units)).collect(),
        })
        .collect();
    NewFulfillment { parts, tracking, notify: false }
}

#[test]
fn a_fulfillment_names_every_line() {
    // SPEC: KS-41, KS-43
    let (connection, token) = (connection(), token());
    let tracking = vec![parcel("1Z1", None), parcel("1Z2", None)];
    let request = |new: &NewFulfillment| fulfillments().create(call(&connection, &token), new).unwrap().1;
    let made = request(&new(&[("1", &[("10", 2), ("11", 1)]), ("2", &[("20", 1)])], tracking));
    assert_eq!(operation(&made), "mutation FulfillmentCreate");
    assert_eq!(
        variables(&made),
        json!({"fulfillment": {
            "lineItemsByFulfillmentOrder": [
                {
                    "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1",
                    "fulfillmentOrderLineItems": [
                        {"id": "gid://shopify/FulfillmentOrderLineItem/10", "quantity": 2},
                        {"id": "gid://shopify/FulfillmentOrderLineItem/11", "quantity": 1},
                    ],
                },
                {
                    "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/2",
                    "fulfillmentOrderLineItems": [
                        {"id": "gid://shopify/FulfillmentOrderLineItem/20", "quantity": 1},
                    ],
                },
            ],
            "notifyCustomer": false,
            "trackingInfo": {"company": "UPS", "numbers": ["1Z1", "1Z2"]},
        }})
    );
    let plain = request(&new(&[("1", &[("10", 1)])], Vec::new()));
    assert!(variables(&plain)["fulfillment"].get("trackingInfo").is_none(), "nothing is no tracking");
}

#[test]
fn a_fulfillment_that_could_be_taken_for_everything_is_never_made() {
    // SPEC: KS-41
    let (connection, token) = (connection(), token());
    for (parts, why) in [
        (&[][..], "no parts"),
        (&[("1", &[][..])], "no lines"),
        (&[("1", &[("10", 1)][..]), ("2", &[])], "one part without lines"),
        (&[("1", &[("10", 0)][..])], "no units"),
        (&[("1", &[("10", -1)][..])], "fewer than none"),
        (&[("x", &[("10", 1)][..])], "no id"),
        (&[("1", &[("", 1)][..])], "no line's id"),
    ] {
        let new = new(parts, Vec::new());
        assert!(fulfillments().create(call(&connection, &token), &new).is_err(), "{why}");
    }
    let many: Vec<(String, i64)> = (1..=251).map(|line| (line.to_string(), 1)).collect();
    let part = FulfilledPart { fulfillment_order: "1".to_owned(), lines: many };
    let new = NewFulfillment { parts: vec![part], tracking: Vec::new(), notify: true };
    assert!(fulfillments().create(call(&connection, &token), &new).is_err(), "more than one request takes");
}

#[test]
fn the_answer_to_a_fulfillment_is_read_with_its_refusals() {
    // SPEC: KS-41, KS-46
    let made = json!({
        "id": "gid://shopify/Fulfillment/71",
        "status": "SUCCESS",
        "createdAt": "2026-11-19T10:00:00Z",
        "trackingInfo": [{"company": "UPS", "number": "1Z1", "url": null}],
    });
    for mutation in ["fulfillmentCreate", "fulfillmentTrackingInfoUpdate"] {
        let data = json!({ mutation: {"fulfillment": made, "userErrors": []} });
        let read = fulfillments().read(&answer(&data)).unwrap();
        assert_eq!((read.id.as_str(), read.numbers.len()), ("71", 1));
        assert_eq!(read.created_at, Some(time("2026-11-19T10:00:00Z")));
        let message = "Invalid fulfillment order line item quantity for jane@example.com requested.";
        let error = json!({"field": ["fulfillment"], "message": message});
        let data = json!({ mutation: {"fulfillment": null, "userErrors": [error]} });
        let refused = fulfillments().read(&answer(&data)).unwrap_err();
        let ChannelError::Refused(why) = &refused else { panic!("{refused}") };
        assert!(why.contains("quantity") && !why.contains("jane"), "{why}");
    }
    for odd in
        [json!({}), json!({"fulfillmentCreate": null}), json!({"fulfillmentCreate": {"fulfillment": null}})]
    {
        assert!(matches!(fulfillments().read(&answer(&odd)), Err(ChannelError::Unreadable(_))), "{odd}");
    }
}

#[test]
fn tracking_is_set_where_there_is_some() {
    // SPEC: KS-43
    let (connection, token) = (connection(), token());
    let set = |id: &str, tracking: &[Tracking]| {
        fulfillments().set_tracking(call(&connection, &token), id, tracking, true)
    };
    let tracking = [parcel("1Z1", Some("https://ups.example/1Z1"))];
    let (_, request) = set("71", &tracking).unwrap();
    assert_eq!(
        variables(&request),
        json!({"id": "gid://shopify/Fulfillment/71", "tracking": {"company": "UPS", "numbers": ["1Z1"], "urls": ["https://ups.example/1Z1"]}, "notify": true})
    );
    assert!(set("71", &[]).is_err());
    assert!(set("x", &tracking).is_err());
    let some = [parcel("1Z1", Some("https://ups.example/1Z1")), parcel("1Z2", None)];
    let (_, request) = set("71", &some).unwrap();
    assert_eq!(variables(&request)["tracking"], json!({"company": "UPS", "numbers": ["1Z1", "1Z2"]}));
    let nothing = [Tracking { number: None, carrier: Some("UPS".to_owned()), url: None }];
    assert!(set("71", &nothing).is_err(), "a carrier alone follows nothing");
}
