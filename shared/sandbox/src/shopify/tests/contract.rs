//! Everything that is answered is what Shopify's published schema says: each field is of its type, what
//! may not be null is not, and words are among those of their enum. Webhooks are held against the
//! published schemas of their topics. Both lie beside the repository; where they are missing the tests
//! say so and pass.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::PathBuf};

use flate2::read::GzDecoder;
use weir_channels::channel::{FulfilledPart, NewFulfillment, WebhookStep};
use weir_domain::sales_order::Tracking;

use super::*;
use crate::shopify::{
    Delivery, EUR, Edit, Faults, Parcel, PaymentSpec, RefundSpec, Restock, ReturnStatus, ShippingSpec,
    graphql::{Field, Request, Selection},
};

fn beside(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/shopify").join(path)
}

/// The schema's types by their names.
struct Schema {
    types: BTreeMap<String, Value>,
}

impl Schema {
    fn load() -> Option<Self> {
        let path = beside("admin_2026-10.introspection.json.gz");
        let Ok(file) = File::open(&path) else {
            println!("skipped: {} is not there", path.display());
            return None;
        };
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let types = answer.get("data").unwrap_or(&answer)["__schema"]["types"].as_array().unwrap().clone();
        Some(Self { types: types.into_iter().map(|kind| (name(&kind).to_owned(), kind)).collect() })
    }

    /// The field of a type.
    fn field(&self, kind: &str, field: &str) -> &Value {
        let fields = self.types[kind]["fields"].as_array().unwrap_or_else(|| panic!("{kind} has no fields"));
        fields.iter().find(|known| name(known) == field).unwrap_or_else(|| panic!("{kind} has no {field}"))
    }

    /// An answer's data.
    fn check(&self, request: &Request, data: &Value) {
        let root = if request.is_mutation { "Mutation" } else { "QueryRoot" };
        self.object(root, &request.selections, data, &request.name);
    }

    fn object(&self, kind: &str, selections: &[Selection], value: &Value, path: &str) {
        let object = value.as_object().unwrap_or_else(|| panic!("{path} is {value}"));
        let mut wanted = Vec::new();
        self.selected(kind, selections, object, path, &mut wanted);
        for key in object.keys() {
            assert!(wanted.contains(key), "{path}.{key} was not asked for");
        }
    }

    fn selected(
        &self,
        kind: &str,
        selections: &[Selection],
        object: &serde_json::Map<String, Value>,
        path: &str,
        wanted: &mut Vec<String>,
    ) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    let path = format!("{path}.{}", field.key);
                    let value = object.get(&field.key).unwrap_or_else(|| panic!("{path} is missing"));
                    self.value(&self.field(kind, &field.name)["type"], field, value, &path);
                    wanted.push(field.key.clone());
                }
                // What is of another type is not there, and of which it is shows in what is there.
                Selection::On(on, inner) => {
                    let keys: Vec<&String> = inner
                        .iter()
                        .filter_map(|inner| match inner {
                            Selection::Field(field) => Some(&field.key),
                            Selection::On(..) => None,
                        })
                        .collect();
                    if on == kind || keys.iter().all(|key| object.contains_key(*key)) {
                        self.selected(on, inner, object, path, wanted);
                    }
                }
            }
        }
    }

    fn value(&self, kind: &Value, field: &Field, value: &Value, path: &str) {
        match kind["kind"].as_str().unwrap() {
            "NON_NULL" => {
                assert!(!value.is_null(), "{path} may not be null");
                self.value(&kind["ofType"], field, value, path);
            }
            _ if value.is_null() => {}
            "LIST" => {
                for (place, element) in
                    value.as_array().unwrap_or_else(|| panic!("{path}")).iter().enumerate()
                {
                    self.value(&kind["ofType"], field, element, &format!("{path}[{place}]"));
                }
            }
            "ENUM" => {
                let words = self.types[name(kind)]["enumValues"].as_array().unwrap();
                assert!(words.iter().any(|word| word["name"] == *value), "{path} is {value}");
            }
            "SCALAR" => {
                assert!(field.selections.is_empty(), "{path}");
                match name(kind) {
                    "Int" => assert!(value.is_i64(), "{path} is {value}"),
                    "Float" => assert!(value.is_number(), "{path} is {value}"),
                    "Boolean" => assert!(value.is_boolean(), "{path} is {value}"),
                    "DateTime" => assert!(value.as_str().unwrap().parse::<Timestamp>().is_ok(), "{path}"),
                    "Decimal" => {
                        assert!(value.as_str().unwrap().parse::<rust_decimal::Decimal>().is_ok(), "{path}");
                    }
                    "ID" => assert!(value.as_str().unwrap().starts_with("gid://shopify/"), "{path}"),
                    _ => assert!(value.is_string(), "{path} is {value}"),
                }
            }
            _ => self.object(name(kind), &field.selections, value, path),
        }
    }
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap()
}

/// A shop in which everything has happened.
fn world() -> (Shopify, Vec<u64>) {
    let mut shopify = new();
    shopify.subscribe(SHOP, APP, &every_topic(), "https://weir.example/");
    let rich = |number: u32| OrderSpec {
        discount: 333,
        shipping: Some(ShippingSpec {
            discount: 100,
            tax: Some(("VAT".to_owned(), 1_900)),
            ..ShippingSpec::new(590)
        }),
        tip: 200,
        duties: 310,
        fees: 55,
        cash_rounding: 3,
        currency: number.is_multiple_of(2).then_some(EUR),
        rate: 1_080_000,
        purchase_order: Some("PO-1".to_owned()),
        tags: vec!["rush".to_owned()],
        ..OrderSpec::new(vec![
            LineSpec::new("A", 4, 1_999).taxed("VAT", 1_900).taxed("City", 125).discounted(77),
            LineSpec::new("B", 2, 333).from_location(1),
            LineSpec { requires_shipping: false, ..LineSpec::new("", 1, 1_000) },
        ])
    };
    let pending = OrderSpec { payment: PaymentSpec::Pending, ..simple() };
    let till = OrderSpec { delivery: Delivery::Retail, buyer: None, ..simple() };
    let later = OrderSpec { fulfill_at: Some(at(9_999_999).wall), ..simple() };
    let plain = [simple(), pending, till, later];
    let mut placed: Vec<u64> = plain.into_iter().map(|spec| place(&mut shopify, spec, at(0))).collect();
    placed.extend((0..8).map(|number| place(&mut shopify, rich(number), at(0))));
    let [.., held, edited, cancelled, refunded, returned, moved, packed, archived] = placed[..] else {
        panic!()
    };
    assert!(shopify.hold(held, 0, "HIGH_RISK_OF_FRAUD", None, at(1)));
    assert!(shopify.edit(
        edited,
        &[Edit::SetQuantity(0, 1), Edit::Add(LineSpec::new("C", 1, 50_000))],
        at(2)
    ));
    assert!(shopify.pay(edited, at(2)));
    assert!(shopify.cancel(cancelled, at(3)));
    let some = RefundSpec {
        lines: vec![(0, 1, Restock::Cancel), (1, 1, Restock::Nothing)],
        shipping: 100,
        correction: 25,
        return_id: None,
    };
    assert!(shopify.refund(refunded, &some, at(4)));
    assert!(shopify.fulfill(returned, Some(Parcel::new("UPS", "1Z1")), at(5)));
    let back = shopify.open_return(returned, &[(0, 2)], at(6)).unwrap();
    assert!(shopify.process_return(returned, back, at(7)));
    let asked = shopify.request_return(returned, &[(1, 1)], at(8)).unwrap();
    assert!(shopify.set_return(returned, asked, ReturnStatus::Declined, at(9)));
    assert!(shopify.move_to(moved, 0, 1, at(10)));
    assert!(shopify.split(moved, 1, 1, 1, at(11)));
    assert!(shopify.fulfill_units(packed, 0, 2, None, at(12)));
    let shipped = shopify.order(packed).unwrap().fulfillments[0].id;
    assert!(shopify.cancel_fulfillment(packed, shipped, at(13)));
    assert!(shopify.archive(archived, true, at(14)));
    (shopify, placed)
}

fn every_topic() -> Vec<&'static str> {
    let mut topics = weir_channels::shopify::SUBSCRIBED_TOPICS.to_vec();
    topics.extend(["ORDERS_PAID", "ORDERS_FULFILLED", "ORDERS_PARTIALLY_FULFILLED", "RETURNS_DECLINE"]);
    topics
}

fn request_of(request: &HttpRequest) -> Request {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    Request::read(body["query"].as_str().unwrap(), body["variables"].as_object().unwrap()).unwrap()
}

#[test]
fn orders_are_answered_as_the_schema_says() {
    let Some(schema) = Schema::load() else { return };
    let (mut shopify, placed) = world();
    let long = (0..120).map(|number| LineSpec::new(&format!("L{number}"), 1, 7)).collect();
    let long = place(&mut shopify, OrderSpec::new(long), at(20));
    assert!(shopify.fulfill(long, None, at(21)));
    let mut operations = std::collections::BTreeSet::new();
    for (number, id) in placed.iter().chain([&long]).enumerate() {
        let (read, calls) = look(&mut shopify, *id, at(60 * i64::try_from(number + 1).unwrap()));
        assert!(read.unwrap().is_some());
        for (request, answer) in calls {
            let (request, answer) = (request_of(&request), json(&answer));
            assert!(answer.get("errors").is_none(), "{answer}");
            schema.check(&request, &answer["data"]);
            operations.insert(request.name);
        }
    }
    assert!(operations.contains("Order") && operations.contains("OrderPart"), "{operations:?}");
}

#[test]
fn everything_else_is_answered_as_the_schema_says() {
    let Some(schema) = Schema::load() else { return };
    let (mut shopify, placed) = world();
    let (connection, token) = (connection(), token(TOKEN));
    let call = Call { connection: &connection, token: &token };
    let order = shopify.order(placed[0]).unwrap();
    let part = &order.fulfillment_orders[0];
    let parts = vec![FulfilledPart {
        fulfillment_order: part.id.to_string(),
        lines: vec![(part.lines[0].id.to_string(), 1)],
    }];
    let parcel = |number: &str| Tracking {
        number: Some(number.to_owned()),
        carrier: Some("UPS".to_owned()),
        url: None,
    };
    let tracking = vec![parcel("1"), parcel("2")];
    let fulfillments = CHANNEL.fulfillments.unwrap();
    let new = NewFulfillment { parts, tracking: tracking.clone(), notify: false };
    let mut unknown = new.clone();
    unknown.parts[0].fulfillment_order = "7".to_owned();
    let shipped = shopify.order(placed[8]).unwrap().fulfillments[0].id.to_string();
    let search = weir_channels::channel::Search { from: at(0).wall, marketplaces: &[], page: None };
    let mut requests = vec![
        CHANNEL.store.unwrap().about(call).1,
        CHANNEL.store.unwrap().locations(call, None).1,
        CHANNEL.orders.unwrap().search(call, &search),
        fulfillments.create(call, &new).unwrap().1,
        fulfillments.create(call, &unknown).unwrap().1,
        fulfillments.set_tracking(call, &shipped, &tracking, true).unwrap().1,
        fulfillments.set_tracking(call, "7", &tracking, true).unwrap().1,
    ];
    let held = shopify.order(placed[4]).unwrap().fulfillment_orders[0].id;
    for part in [format!("FulfillmentOrder/{held}"), format!("Fulfillment/{shipped}"), "Return/7".to_owned()]
    {
        let part = weir_channels::channel::OrderPart { id: format!("gid://shopify/{part}") };
        let find = CHANNEL.webhooks.unwrap().find_order(&connection, &token, &part, &[]).unwrap();
        let weir_channels::channel::FindOrder::Ask(_, request) = find else { panic!() };
        requests.push(request);
    }
    let target = "https://weir.example/new";
    let mut answers = Vec::new();
    while let WebhookStep::Ask(_, request) =
        CHANNEL.webhooks.unwrap().subscribe(&connection, &token, target, &answers).unwrap()
    {
        answers.push(shopify.handle(&request, at(20)));
        requests.push(request);
    }
    answers.clear();
    while let WebhookStep::Ask(_, request) =
        CHANNEL.webhooks.unwrap().unsubscribe(&connection, &token, target, &answers).unwrap()
    {
        answers.push(shopify.handle(&request, at(30)));
        requests.push(request);
    }
    let mut operations = std::collections::BTreeSet::new();
    for (number, request) in requests.iter().enumerate() {
        let answer = json(&shopify.handle(request, at(60 * i64::try_from(number + 1).unwrap())));
        assert!(answer.get("errors").is_none(), "{answer}");
        let request = request_of(request);
        schema.check(&request, &answer["data"]);
        operations.insert(request.name);
    }
    let expected = [
        "ChangedOrders",
        "FulfillmentCreate",
        "FulfillmentTracking",
        "Locations",
        "OrderOfPart",
        "Shop",
        "WebhookSubscriptionCreate",
        "WebhookSubscriptionDelete",
        "WebhookSubscriptions",
    ];
    assert!(operations.iter().map(String::as_str).eq(expected), "{operations:?}");
}

/// A value against a JSON schema, in as far as the published ones use it. What a schema requires may be
/// missing: a subscription may ask for some of the fields alone.
fn check_payload(schema: &Value, value: &Value, path: &str) {
    if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let is_null = |choice: &&Value| choice["type"] == "null";
        if value.is_null() && choices.iter().any(|choice| is_null(&choice)) {
            return;
        }
        if let Some(choice) = choices.iter().find(|choice| !is_null(choice)) {
            check_payload(choice, value, path);
        }
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = match value {
        // The samples that the schemas were made of have null for what is not told.
        Value::Null => true,
        Value::Bool(_) => kinds.contains(&"boolean"),
        Value::Number(number) => {
            kinds.contains(&"number") || (kinds.contains(&"integer") && !number.is_f64())
        }
        Value::String(_) => kinds.contains(&"string") || kinds == ["null"],
        Value::Array(_) => kinds.contains(&"array") || kinds == ["null"],
        Value::Object(_) => kinds.contains(&"object") || kinds == ["null"],
    };
    assert!(fits || kinds == ["null"], "{path} is {value} and no {kinds:?}");
    for (name, value) in value.as_object().into_iter().flatten() {
        let properties = &schema["properties"];
        assert!(
            properties.is_null() || properties.get(name).is_some(),
            "{path}.{name} is in no payload of Shopify's"
        );
        check_payload(&properties[name], value, &format!("{path}.{name}"));
    }
    for (place, element) in value.as_array().into_iter().flatten().enumerate() {
        check_payload(&schema["items"], element, &format!("{path}[{place}]"));
    }
}

#[test]
fn webhooks_say_what_their_topics_schemas_say() {
    let (mut shopify, placed) = world();
    assert!(shopify.release(placed[4], 0, at(20)));
    assert!(shopify.start_scheduled(placed[3], at(21)));
    assert!(shopify.delete(placed[6], at(22)));
    let mut topics = std::collections::BTreeSet::new();
    for webhook in shopify.take_webhooks(at(100)) {
        let path = beside(&format!("webhook-schemas-2026-07/{}.json", webhook.topic.replace('/', "_")));
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            continue;
        };
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        check_payload(&serde_json::from_str(&text).unwrap(), &body, webhook.topic);
        topics.insert(webhook.topic);
    }
    println!("{topics:?}");
    assert!(topics.is_empty() || topics.len() > 20, "{topics:?}");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let run = || {
        let (mut shopify, placed) = world();
        shopify.faults = Faults::BAD_DAY;
        let mut said = Vec::new();
        for (second, id) in placed.iter().enumerate() {
            let now = at(60 * i64::try_from(second + 1).unwrap());
            shopify.touch(*id, now);
            said.push(format!("{:?}", look(&mut shopify, *id, now).0.map(|raw| raw.map(|raw| raw.body))));
        }
        (said, shopify.take_webhooks(at(99_999)))
    };
    assert_eq!(run(), run());
}
