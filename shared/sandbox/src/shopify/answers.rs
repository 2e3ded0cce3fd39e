//! What each operation answers, out of the shop's state: queries, and the mutations that change it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    Now, Shop, Shopify,
    again::Made,
    fulfilling::Taken,
    graphql::{Field, Refusal, Request, Selection},
    nodes::{self, gid},
    payloads::Event,
    selecting::{Answering, number_of},
    tokens::Caller,
    truth::{Parcel, TruthOrder},
    webhooks,
};

/// How old an order may be for an application that may not read all of them. (API-FACTS §2)
const OLDEST: SignedDuration = SignedDuration::from_hours(24 * 60);

/// What is withheld of an order where applications are not told of buyers.
const OF_BUYERS: [&str; 4] = ["email", "customer", "billingAddress", "shippingAddress"];

/// One of these lets an application see and make what is shipped.
const SHIPPING_SCOPES: [&str; 3] = [
    "write_merchant_managed_fulfillment_orders",
    "write_assigned_fulfillment_orders",
    "write_third_party_fulfillment_orders",
];

/// What an operation came to.
pub(super) struct Outcome {
    pub(super) data: Value,
    pub(super) errors: Vec<Refusal>,
    pub(super) cost: u64,
}

/// Carries an operation out.
pub(super) fn execute(shopify: &mut Shopify, caller: &Caller, request: &Request, now: Now) -> Outcome {
    let mut answering = Answering::default();
    let (mut data, mut errors) = (Map::new(), Vec::new());
    for selection in &request.selections {
        let Selection::Field(field) = selection else { continue };
        let found = if request.is_mutation {
            mutate(shopify, caller, field, now)
        } else {
            query(shopify, caller, field, now)
        };
        let answer = found.and_then(|mut value| {
            if field.name == "order" {
                withhold(shopify, caller, field, &mut value, &mut errors);
            }
            answering.select(field, &value)
        });
        match answer {
            Ok(value) => {
                data.insert(field.key.clone(), value);
            }
            // What is wrong with the request itself leaves no data at all.
            Err(refusal) => {
                return Outcome { data: Value::Null, errors: vec![refusal], cost: answering.cost };
            }
        }
    }
    Outcome { data: Value::Object(data), errors, cost: answering.cost }
}

fn denied(what: &str, scope: &str) -> Refusal {
    Refusal::new(
        "ACCESS_DENIED",
        format!("Access denied for {what} field. Required access: `{scope}` access scope."),
    )
}

fn text<'a>(field: &'a Field, name: &str) -> Option<&'a str> {
    field.arguments.get(name).and_then(Value::as_str)
}

fn query(shopify: &mut Shopify, caller: &Caller, field: &Field, now: Now) -> Result<Value, Refusal> {
    let Some(shop) = shopify.shops.get(caller.shop as usize) else { return Ok(Value::Null) };
    let path = [field.key.as_str()];
    match field.name.as_str() {
        "order" => {
            let id = number_in(text(field, "id"), "Order");
            let found = id.and_then(|id| shopify.visible(caller, id, now.wall));
            Ok(found.map_or(Value::Null, |order| nodes::order(shop, order)))
        }
        "node" => Ok(node(shopify, shop, caller, text(field, "id").unwrap_or(""), now)),
        "orders" if !caller.may("read_orders") => Err(denied("orders", "read_orders").at(&path)),
        "orders" => search(shopify, caller, text(field, "query").unwrap_or(""), now),
        "shop" => Ok(nodes::shop(shop)),
        "currentAppInstallation" => {
            let scopes = caller.scopes.iter();
            let scopes = scopes.map(|scope| json!({ "__typename": "AccessScope", "handle": scope }));
            Ok(json!({ "__typename": "AppInstallation", "accessScopes": scopes.collect::<Value>() }))
        }
        "locations" if !caller.may("read_locations") => Err(denied("locations", "read_locations").at(&path)),
        "locations" => Ok(nodes::locations(shop)),
        "webhookSubscriptions" => Ok(webhooks::list(shopify, caller)),
        name => Err(unknown(name, "QueryRoot")),
    }
}

fn unknown(name: &str, kind: &str) -> Refusal {
    Refusal::new("undefinedField", format!("Field '{name}' doesn't exist on type '{kind}'"))
}

/// The number of a global id of a kind.
fn number_in(id: Option<&str>, kind: &str) -> Option<u64> {
    let rest = id?.strip_prefix("gid://shopify/")?.strip_prefix(kind)?.strip_prefix('/')?;
    rest.split('?').next()?.parse().ok()
}

impl Shopify {
    /// An order, if the application may see it.
    fn visible(&self, caller: &Caller, id: u64, now: Timestamp) -> Option<&TruthOrder> {
        self.orders.get(&id).filter(|order| self.may_see(caller, order, now))
    }

    fn may_see(&self, caller: &Caller, order: &TruthOrder, now: Timestamp) -> bool {
        let own = self.shops.get(caller.shop as usize).is_some_and(|shop| shop.spec.domain == order.shop);
        own && caller.may("read_orders")
            && (caller.may("read_all_orders") || order.created_at >= now - OLDEST)
    }

    /// The order that a part is of: its id is the beginning of the part's.
    fn order_of_part(&self, caller: &Caller, part: u64, now: Timestamp) -> Option<&TruthOrder> {
        let mut orders = self.orders.values();
        orders.find(|order| order.id % 1_000_000_000_000 == part / 10_000 && self.may_see(caller, order, now))
    }
}

fn node(shopify: &Shopify, shop: &Shop, caller: &Caller, id: &str, now: Now) -> Value {
    if let Some(order) = number_in(Some(id), "Order").and_then(|id| shopify.visible(caller, id, now.wall)) {
        return nodes::order(shop, order);
    }
    let number = number_of(&json!(id)).unwrap_or(0);
    let Some(order) = shopify.order_of_part(caller, number, now.wall) else { return Value::Null };
    let is = |kind: &str, part: u64| gid(kind, part) == id;
    let part = order.fulfillment_orders.iter().find(|one| is("FulfillmentOrder", one.id));
    let part = part.map(|one| nodes::fulfillment_order(shop, order, one));
    let fulfillment = || order.fulfillments.iter().find(|one| is("Fulfillment", one.id));
    let refund = || order.refunds.iter().find(|one| is("Refund", one.id));
    let returned = || order.returns.iter().find(|one| is("Return", one.id));
    part.or_else(|| fulfillment().map(|one| nodes::fulfillment(shop, order, one)))
        .or_else(|| refund().map(|one| nodes::refund(shop, order, one)))
        .or_else(|| returned().map(|one| nodes::returned(order, one)))
        .unwrap_or(Value::Null)
}

/// A search knows two filters, and refuses what it would pass over otherwise.
fn search(shopify: &Shopify, caller: &Caller, query: &str, now: Now) -> Result<Value, Refusal> {
    let plain = |text: &str| text.trim_matches(['\'', '"']).to_owned();
    let (mut since, mut name) = (None, None);
    if let Some(rest) = query.strip_prefix("updated_at:>=") {
        since = Some(plain(rest).parse::<Timestamp>().map_err(|_| bad_search(query))?);
    } else if let Some(rest) = query.strip_prefix("name:") {
        name = Some(plain(rest));
    } else if !query.trim().is_empty() {
        return Err(bad_search(query));
    }
    let is_named = |order: &TruthOrder| {
        let short = |name: &str| name.trim_start_matches('#').to_lowercase();
        name.as_ref().is_none_or(|name| short(name) == short(&order.name))
    };
    let mut found: Vec<(Timestamp, u64)> = Vec::new();
    for order in shopify.orders.values().filter(|order| shopify.may_see(caller, order, now.wall)) {
        if let Some(shown) = order.listed_at(now.wall)
            && since.is_none_or(|since| shown >= since)
            && is_named(order)
        {
            found.push((shown, order.id));
        }
    }
    found.sort_unstable();
    let listed = found.iter().filter_map(|(shown, id)| Some(nodes::listed(shopify.orders.get(id)?, *shown)));
    Ok(listed.collect())
}

fn bad_search(query: &str) -> Refusal {
    Refusal::new("BAD_REQUEST", format!("Invalid search: {query}"))
}

/// Takes out of an order what the application may not see, and what just could not be told.
fn withhold(
    shopify: &mut Shopify,
    caller: &Caller,
    field: &Field,
    value: &mut Value,
    errors: &mut Vec<Refusal>,
) {
    let mut asked = Vec::new();
    names(&field.selections, &mut asked);
    let is_asked = |name: &str| asked.iter().any(|asked| asked == name);
    let path = |name: &'static str| [field.key.clone(), name.to_owned()];
    let mut miss = |value: &mut Value, name: &'static str, refusal: Refusal, may_be_null: bool| {
        errors.push(Refusal { path: path(name).to_vec(), ..refusal });
        if may_be_null {
            value[name] = Value::Null;
        } else {
            *value = Value::Null;
        }
    };
    if value.is_null() {
        return;
    }
    let tells_buyers = shopify.shops.get(caller.shop as usize).is_none_or(|shop| shop.spec.tells_buyers);
    for name in OF_BUYERS.into_iter().filter(|name| !tells_buyers && is_asked(name)) {
        let message = "This app is not approved to access the Customer object.";
        miss(value, name, Refusal::new("ACCESS_DENIED", message), true);
    }
    // Neither may be null, so that the order is null with them.
    let of_returns = ["returns", "returnStatus"].into_iter().find(|name| is_asked(name));
    if let Some(name) = of_returns.filter(|_| !caller.may("read_returns")) {
        miss(value, name, denied(name, "read_returns"), false);
        return;
    }
    if is_asked("fulfillmentOrders") && !SHIPPING_SCOPES.iter().any(|scope| caller.may(scope)) {
        miss(value, "fulfillmentOrders", denied("fulfillmentOrders", SHIPPING_SCOPES[0]), false);
        return;
    }
    if shopify.dice.hits(shopify.faults.partial_errors) {
        let broken =
            || Refusal::new("INTERNAL_SERVER_ERROR", "Internal error. Looks like something went wrong.");
        let may_be_null = ["currentTotalDutiesSet", "customer", "shippingAddress"];
        let chosen = usize::try_from(shopify.dice.below(4)).unwrap_or(0);
        match may_be_null.get(chosen).filter(|name| is_asked(name)) {
            Some(name) => miss(value, name, broken(), true),
            None if is_asked("fulfillmentOrders") => miss(value, "fulfillmentOrders", broken(), false),
            None => miss(value, "updatedAt", broken(), false),
        }
    }
}

/// The names of the fields that are selected of an object, by whatever type.
fn names(selections: &[Selection], asked: &mut Vec<String>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => asked.push(field.name.clone()),
            Selection::On(_, inner) => names(inner, asked),
        }
    }
}

// ------------------------------------------------------------------ mutations

fn mutate(shopify: &mut Shopify, caller: &Caller, field: &Field, now: Now) -> Result<Value, Refusal> {
    let path = [field.key.as_str()];
    match field.name.as_str() {
        "webhookSubscriptionCreate" => webhooks::create(shopify, caller, field),
        "webhookSubscriptionDelete" => Ok(webhooks::delete(shopify, caller, text(field, "id").unwrap_or(""))),
        "fulfillmentCreate" | "fulfillmentTrackingInfoUpdate"
            if !SHIPPING_SCOPES.iter().any(|scope| caller.may(scope)) =>
        {
            Err(denied(&field.name, SHIPPING_SCOPES[0]).at(&path))
        }
        "fulfillmentCreate" => create_fulfillment(shopify, caller, field, now),
        "fulfillmentTrackingInfoUpdate" => Ok(update_tracking(shopify, caller, field, now)),
        name => Err(unknown(name, "Mutation")),
    }
}

/// The payload of a mutation that did nothing.
pub(super) fn refused(kind: &str, result: &str, at: &[&str], message: &str) -> Value {
    let mut payload = json!({
        "__typename": kind,
        "userErrors": [{ "__typename": "UserError", "field": at, "message": message }],
    });
    payload[result] = Value::Null;
    payload
}

fn parcels(input: &Value) -> Vec<Parcel> {
    let texts = |one: &str, many: &str| -> Vec<String> {
        let many = input[many].as_array().into_iter().flatten();
        many.chain([&input[one]]).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let company = input["company"].as_str().map(str::to_owned);
    let (numbers, urls) = (texts("number", "numbers"), texts("url", "urls"));
    (0..numbers.len().max(urls.len()))
        .map(|place| Parcel {
            company: company.clone(),
            number: numbers.get(place).cloned(),
            url: urls.get(place).cloned(),
        })
        .collect()
}

/// Ships. It is not idempotent: asked again, it ships what remains again. (API-FACTS §2)
fn create_fulfillment(
    shopify: &mut Shopify,
    caller: &Caller,
    field: &Field,
    now: Now,
) -> Result<Value, Refusal> {
    const KIND: &str = "FulfillmentCreatePayload";
    let input = field.arguments.get("fulfillment").cloned().unwrap_or_default();
    let mut taken = Vec::new();
    for part in input["lineItemsByFulfillmentOrder"].as_array().into_iter().flatten() {
        let lines = part["fulfillmentOrderLineItems"].as_array().into_iter().flatten();
        let line = |line: &Value| {
            Some((number_in(line["id"].as_str(), "FulfillmentOrderLineItem")?, line["quantity"].as_i64()?))
        };
        let lines: Option<Vec<(u64, i64)>> = lines.map(line).collect();
        let id = number_in(part["fulfillmentOrderId"].as_str(), "FulfillmentOrder");
        let (Some(fulfillment_order), Some(lines)) = (id, lines) else {
            return Err(Refusal::new("INVALID_VARIABLE", "Variable $fulfillment was provided invalid value"));
        };
        taken.push(Taken { fulfillment_order, lines });
    }
    let order_of = |part: &Taken| shopify.order_of_part(caller, part.fulfillment_order, now.wall);
    let orders: Option<Vec<u64>> = taken.iter().map(|part| Some(order_of(part)?.id)).collect();
    let order = match orders.as_deref() {
        Some([first, rest @ ..]) if rest.iter().all(|other| other == first) => *first,
        Some([_, ..]) => {
            let message = "All fulfillment orders must belong to the same order.";
            return Ok(refused(KIND, "fulfillment", &["fulfillment"], message));
        }
        Some([]) | None => {
            return Ok(refused(KIND, "fulfillment", &["fulfillment"], "Fulfillment order does not exist."));
        }
    };
    let parcels = parcels(&input["trackingInfo"]).into_iter();
    let wanted = Made {
        order,
        at: now.wall.as_millisecond(),
        parts: taken.into_iter().map(|part| (part.fulfillment_order, part.lines)).collect(),
        parcels: parcels.map(|parcel| (parcel.company, parcel.number, parcel.url)).collect(),
        told_buyer: input["notifyCustomer"] == true,
    };
    Ok(match shopify.carry_out(&wanted, now) {
        Ok(id) => {
            shopify.made_by_applications.push(wanted);
            made_fulfillment(shopify, caller, KIND, order, id)
        }
        Err(why) => refused(KIND, "fulfillment", &["fulfillment"], why),
    })
}

fn update_tracking(shopify: &mut Shopify, caller: &Caller, field: &Field, now: Now) -> Value {
    const KIND: &str = "FulfillmentTrackingInfoUpdatePayload";
    let refuse = |message: &str| refused(KIND, "fulfillment", &["fulfillmentId"], message);
    let Some(id) = number_in(text(field, "fulfillmentId"), "Fulfillment") else {
        return refuse("Fulfillment does not exist.");
    };
    let Some(order) = shopify.order_of_part(caller, id, now.wall).map(|order| order.id) else {
        return refuse("Fulfillment does not exist.");
    };
    let input = field.arguments.get("trackingInfoInput").cloned().unwrap_or_default();
    let told = field.arguments.get("notifyCustomer") == Some(&json!(true));
    let changed = shopify.change(order, now, |order| {
        let one = order.fulfillments.iter_mut().find(|one| one.id == id && !one.is_cancelled)?;
        one.tracking = parcels(&input);
        one.told_buyer |= told;
        Some(vec![Event::Fulfillment("FULFILLMENTS_UPDATE", id)])
    });
    if changed {
        made_fulfillment(shopify, caller, KIND, order, id)
    } else {
        refuse("Fulfillment does not exist.")
    }
}

fn made_fulfillment(shopify: &Shopify, caller: &Caller, kind: &str, order: u64, id: u64) -> Value {
    let node = shopify.orders.get(&order).and_then(|order| {
        let one = order.fulfillments.iter().find(|one| one.id == id)?;
        Some(nodes::fulfillment(shopify.shops.get(caller.shop as usize)?, order, one))
    });
    json!({ "__typename": kind, "fulfillment": node, "userErrors": [] })
}
