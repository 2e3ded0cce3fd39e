//! The door of the API: whose store and whose token, whether the window has room, which call it is, and
//! what goes wrong with the answer.

use serde_json::{Value, json};
use url::Url;
use weir_channels::http::{HttpRequest, HttpResponse, Method};

use super::{
    BigCommerce, Now, Put, TruthOrder, hooks,
    orders::{self, Include},
};

/// The most that V2 gives at once, and how many it gives unasked.
const MOST: usize = 250;
const UNASKED: usize = 50;

pub(super) fn handle(shop: &mut BigCommerce, request: &HttpRequest, now: Now) -> HttpResponse {
    let path = request.path().to_owned();
    let Some((hash, call)) = path.split_once("/stores/").and_then(|(_, rest)| rest.split_once('/')) else {
        return refused(404, "The requested resource was not found.");
    };
    let token = request.header_value("x-auth-token").unwrap_or("");
    let Some(store) = shop.stores.get_mut(hash) else {
        return refused(404, "The requested store was not found.");
    };
    if !store.is_open || token != store.spec.access_token {
        return refused(401, "Unauthorized");
    }
    store.count.calls += 1;
    let quota = store.spec.quota;
    let fits = store.window.take(quota, now.scaled);
    let headers = store.window.headers(quota, now.scaled);
    let by_fault = fits && shop.dice.hits(shop.faults.throttled);
    if !fits || by_fault {
        if let Some(store) = shop.stores.get_mut(hash) {
            store.count.throttled += 1;
            store.count.throttled_by_fault += u64::from(by_fault);
        }
        return with(refused(429, "Too many requests"), headers);
    }
    if shop.dice.hits(shop.faults.overloaded) {
        return refused(429, "Too many requests");
    }
    if shop.dice.hits(shop.faults.server_errors) {
        return trouble(shop);
    }
    let mut response = answer(shop, hash, call, request, now);
    if shop.dice.hits(shop.faults.lost_answers) {
        return refused(503, "Service unavailable");
    }
    let wants_json = request.header_value("accept").is_some_and(|accept| accept.contains("json"));
    if call.starts_with("v2/") && (!wants_json || shop.dice.hits(shop.faults.xml_answers)) {
        response.body = b"<?xml version=\"1.0\"?><orders></orders>".to_vec();
    }
    if shop.dice.hits(shop.faults.html_pages) {
        response.status = 200;
        response.body = b"<!DOCTYPE html><html><body>Just a moment</body></html>".to_vec();
    }
    if shop.dice.hits(shop.faults.cut_bodies) {
        let half = response.body.len() / 2;
        response.body.truncate(half);
    }
    with(response, headers)
}

fn with(mut response: HttpResponse, headers: Vec<(String, String)>) -> HttpResponse {
    response.headers.extend(headers);
    response
}

fn refused(status: u16, message: &str) -> HttpResponse {
    HttpResponse::json(status, json!([{ "status": status, "message": message }]).to_string())
}

fn trouble(shop: &mut BigCommerce) -> HttpResponse {
    match shop.dice.below(2) {
        0 => refused(500, "Internal server error"),
        _ => HttpResponse {
            status: 502,
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec(),
        },
    }
}

fn found(value: &Value) -> HttpResponse {
    HttpResponse::json(200, value.to_string())
}

/// A list of V2: an empty one has no body.
fn listed(values: &[Value]) -> HttpResponse {
    match values.is_empty() {
        true => HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() },
        false => found(&json!(values)),
    }
}

/// The parts of a query.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &HttpRequest) -> Self {
        let url = Url::parse(&request.url).ok();
        Self(url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    fn has(&self, list: &str, wanted: &str) -> bool {
        self.get(list).is_some_and(|value| value.split(',').any(|part| part == wanted))
    }

    fn limit(&self) -> usize {
        let limit = self.number("limit").and_then(|limit| usize::try_from(limit).ok());
        limit.unwrap_or(UNASKED).clamp(1, MOST)
    }

    fn page(&self) -> usize {
        self.number("page").and_then(|page| usize::try_from(page).ok()).unwrap_or(1).max(1)
    }
}

fn answer(shop: &mut BigCommerce, hash: &str, call: &str, request: &HttpRequest, now: Now) -> HttpResponse {
    let query = Query::of(request);
    let parts: Vec<&str> = call.split('/').collect();
    match (request.method, parts.as_slice()) {
        (Method::Get, ["v2", "store"]) => store(shop, hash),
        (Method::Get, ["v2", "orders"]) => search(shop, hash, &query),
        (Method::Get, ["v2", "orders", id]) => {
            one(shop, hash, id, |shop, order| order_of(shop, order, &query))
        }
        (Method::Put, ["v2", "orders", id]) => put(shop, hash, id, request, now),
        (Method::Get, ["v2", "orders", id, "products"]) => one(shop, hash, id, |_, order| {
            let all: Vec<Value> = order.lines.iter().map(|line| orders::product(order, line)).collect();
            let skipped = (query.page() - 1) * query.limit();
            listed(&all.into_iter().skip(skipped).take(query.limit()).collect::<Vec<_>>())
        }),
        (Method::Get, ["v2", "orders", id, "shipping_addresses"]) => {
            one(shop, hash, id, |_, order| listed(&orders::addresses(order)))
        }
        (Method::Get, ["v2", "orders", id, "coupons"]) => {
            one(shop, hash, id, |_, order| listed(&orders::coupons(order)))
        }
        (Method::Get, ["v3", "orders", id, "payment_actions", "refunds"]) => {
            one(shop, hash, id, |_, order| found(&orders::refunds(order)))
        }
        (Method::Get, ["v3", "inventory", "locations"]) => locations(shop, hash),
        (Method::Get, ["v3", "hooks"]) => found(&hooks::list(shop, hash, query.page(), query.limit(), now)),
        (Method::Post, ["v3", "hooks"]) => hook(shop, hash, None, request, now),
        (Method::Put, ["v3", "hooks", id]) => hook(shop, hash, id.parse().ok(), request, now),
        (Method::Delete, ["v3", "hooks", id]) => {
            match id.parse().is_ok_and(|id| hooks::delete(shop, hash, id)) {
                true => HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() },
                false => refused(404, "Not found"),
            }
        }
        (_, _) => refused(404, "The requested resource was not found."),
    }
}

fn one(
    shop: &mut BigCommerce,
    hash: &str,
    id: &str,
    show: impl FnOnce(&mut BigCommerce, &TruthOrder) -> HttpResponse,
) -> HttpResponse {
    let id = id.parse::<u64>().ok();
    match id.and_then(|id| shop.orders.get(&(hash.to_owned(), id)).cloned()) {
        Some(order) => show(shop, &order),
        None => refused(404, "The requested resource was not found."),
    }
}

fn order_of(shop: &mut BigCommerce, order: &TruthOrder, query: &Query) -> HttpResponse {
    let as_objects = query.get("consignment_structure") == Some("object");
    let asked = query.has("include", "consignments.line_items") && as_objects;
    let lines = asked && !shop.dice.hits(shop.faults.links_alone);
    let include = Include { lines, fees: query.has("include", "fees") };
    match shop.stores.get(&order.store) {
        Some(store) => found(&orders::order(order, store, &include)),
        None => refused(404, "The requested store was not found."),
    }
}

fn search(shop: &BigCommerce, hash: &str, query: &Query) -> HttpResponse {
    let since = query.get("min_date_modified").and_then(|text| {
        let read = jiff::fmt::rfc2822::parse(text).map(|time| time.timestamp());
        read.or_else(|_| text.parse()).ok()
    });
    let status = query.get("status_id").and_then(|status| status.parse::<i64>().ok());
    let (from, to) = (query.number("min_id").unwrap_or(0), query.number("max_id").unwrap_or(u64::MAX));
    let Some(store) = shop.stores.get(hash) else { return refused(404, "Not found") };
    let include = Include { lines: false, fees: false };
    let mut all: Vec<&TruthOrder> = shop
        .truth(hash)
        .into_iter()
        // Archived orders are not listed.
        .filter(|order| !order.is_archived)
        .filter(|order| (from..=to).contains(&order.id))
        .filter(|order| since.is_none_or(|since| order.modified_at >= since))
        .filter(|order| status.is_none_or(|status| order.status == status))
        .collect();
    all.sort_by_key(|order| order.id);
    if query.get("sort").is_some_and(|sort| sort.starts_with("date_modified")) {
        all.sort_by_key(|order| (order.modified_at, order.id));
    }
    let skipped = (query.page() - 1) * query.limit();
    let page = all.into_iter().skip(skipped).take(query.limit());
    listed(&page.map(|order| orders::order(order, store, &include)).collect::<Vec<_>>())
}

/// Only the status is put; whatever touched products would lose its discounts.
fn put(shop: &mut BigCommerce, hash: &str, id: &str, request: &HttpRequest, now: Now) -> HttpResponse {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some(status) = body["status_id"].as_i64().filter(|status| (0..=14).contains(status)) else {
        return refused(400, "The field 'status_id' is invalid.");
    };
    let Ok(id) = id.parse::<u64>() else { return refused(404, "Not found") };
    let before = shop.order(hash, id).map_or(0, |order| order.status);
    if !shop.set_status(hash, id, status, now) {
        return refused(404, "The requested resource was not found.");
    }
    shop.puts.push(Put { store: hash.to_owned(), order: id, before, after: status, at: now.wall });
    let include = Include { lines: false, fees: false };
    let (order, store) = (shop.order(hash, id), shop.stores.get(hash));
    match order.zip(store) {
        Some((order, store)) => found(&orders::order(order, store, &include)),
        None => refused(404, "Not found"),
    }
}

fn hook(
    shop: &mut BigCommerce,
    hash: &str,
    id: Option<u64>,
    request: &HttpRequest,
    now: Now,
) -> HttpResponse {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let (status, answer) = hooks::put(shop, hash, id, &body, now);
    HttpResponse::json(status, answer.to_string())
}

fn store(shop: &BigCommerce, hash: &str) -> HttpResponse {
    let Some(store) = shop.stores.get(hash) else { return refused(404, "Not found") };
    found(&json!({
        "id": hash,
        "name": store.spec.name,
        "currency": store.spec.currency.0,
        "timezone": { "name": "America/Chicago" },
    }))
}

fn locations(shop: &BigCommerce, hash: &str) -> HttpResponse {
    let names = shop.stores.get(hash).map(|store| store.spec.locations.clone()).unwrap_or_default();
    let data: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(place, name)| json!({ "id": place + 1, "code": format!("L{place}"), "label": name, "enabled": true }))
        .collect();
    found(&json!({ "data": data, "meta": { "pagination": { "current_page": 1, "total_pages": 1 } } }))
}
