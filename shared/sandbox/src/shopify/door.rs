//! The door of the Admin API: whose shop and whose token, whether there are points for the query, and
//! what goes wrong with the answer.

use serde_json::{Map, Value, json};
use weir_channels::http::{HttpRequest, HttpResponse, Method};

use super::{
    Now, ShopState, Shopify,
    answers::{self, Outcome},
    graphql::{Refusal, Request},
    limits::{Bucket, DEAREST},
    position,
    tokens::{self, Caller},
};

/// The version that every answer is of, whatever version was asked for: older ones fall forward.
pub(super) const VERSION: &str = "2026-10";

pub(super) fn handle(shopify: &mut Shopify, request: &HttpRequest, now: Now) -> HttpResponse {
    if request.path().ends_with("/admin/oauth/access_token") {
        return tokens::handle(shopify, request, now);
    }
    let mut response = match admit(shopify, request, now) {
        Ok(caller) => answer(shopify, request, &caller, now),
        Err(refusal) => refusal,
    };
    let id = format!("{:016x}", shopify.dice.next());
    response.headers.push(("x-request-id".to_owned(), id));
    response.headers.push(("x-shopify-api-version".to_owned(), VERSION.to_owned()));
    response
}

/// The shop that an address is of: its host, or a part of the path that comes before `/admin`.
pub(super) fn shop_of(shopify: &Shopify, request: &HttpRequest) -> Option<u32> {
    let address = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
    let before = address.split("/admin").next().unwrap_or_default();
    before
        .split('/')
        .find_map(|part| shopify.shops.iter().position(|shop| shop.spec.domain == part))
        .map(position)
}

/// Whether an address is of some shop, known or not.
fn is_of_a_shop(url: &str) -> bool {
    let host = url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    host.is_some_and(|host| host.ends_with(".myshopify.com"))
}

/// Whether a call gets in, and what happens to calls on a bad day.
fn admit(shopify: &mut Shopify, request: &HttpRequest, now: Now) -> Result<Caller, HttpResponse> {
    let path = request.path();
    let version = path.split_once("/admin/api/").and_then(|(_, rest)| rest.strip_suffix("/graphql.json"));
    if version.is_none_or(|version| version.contains('/')) {
        return Err(plain(404, "Not Found"));
    }
    if request.method != Method::Post {
        return Err(plain(405, "Method Not Allowed"));
    }
    let host = shop_of(shopify, request);
    if host.is_none() && is_of_a_shop(&request.url) {
        return Err(plain(404, "Not Found"));
    }
    let token = request.header_value("x-shopify-access-token").unwrap_or("");
    let caller = shopify.caller(token, now.wall);
    let caller = caller.filter(|caller| host.is_none_or(|host| host == caller.shop));
    let Some(caller) = caller else {
        return Err(plain(
            401,
            "[API] Invalid API key or access token (unrecognized login or wrong password)",
        ));
    };
    match shopify.shops.get(caller.shop as usize).map(|shop| shop.state) {
        Some(ShopState::Open) => {}
        Some(ShopState::Frozen) => return Err(plain(402, "Unavailable Shop")),
        Some(ShopState::Locked) => return Err(plain(423, "Locked")),
        None => return Err(plain(404, "Not Found")),
    }
    if shopify.dice.hits(shopify.faults.expired_tokens) {
        // One that does not end cannot die before its time.
        if shopify.access.get(token).is_some_and(super::tokens::Access::ends) {
            shopify.access.remove(token);
            return Err(plain(
                401,
                "[API] Invalid API key or access token (unrecognized login or wrong password)",
            ));
        }
    }
    if shopify.dice.hits(shopify.faults.server_errors) {
        return Err(trouble(shopify));
    }
    Ok(caller)
}

fn plain(status: u16, message: &str) -> HttpResponse {
    HttpResponse::json(status, json!({ "errors": message }).to_string())
}

/// What a server or a gateway says on a bad day.
pub(super) fn trouble(shopify: &mut Shopify) -> HttpResponse {
    match shopify.dice.below(3) {
        0 => plain(500, "Internal Server Error"),
        1 => plain(503, "Service Unavailable"),
        _ => HttpResponse {
            status: 502,
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec(),
        },
    }
}

fn answer(shopify: &mut Shopify, request: &HttpRequest, caller: &Caller, now: Now) -> HttpResponse {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some(text) = body["query"].as_str() else {
        return plain(400, "Required parameter missing or invalid");
    };
    let none = Map::new();
    let variables = body["variables"].as_object().unwrap_or(&none);
    let read = match Request::read(text, variables) {
        Ok(read) => read,
        Err(refusal) => return errors(&[refusal], None, None),
    };
    if let Some(name) = body["operationName"].as_str().filter(|name| *name != read.name) {
        let refusal = Refusal::new("missingOperation", format!("No operation named \"{name}\""));
        return errors(&[refusal], None, None);
    }
    let requested = read.requested_cost();
    if requested > DEAREST {
        let message =
            format!("Query cost is {requested}, which exceeds the single query max cost limit ({DEAREST}).");
        return errors(&[Refusal::new("MAX_COST_EXCEEDED", message)], None, None);
    }
    let rate = shopify.shops.get(caller.shop as usize).map_or(100, |shop| shop.spec.points_a_second);
    let account = (caller.shop, caller.app);
    let bucket = shopify.buckets.entry(account).or_insert_with(|| Bucket::new(rate, now.scaled));
    let fits = bucket.take(requested, rate, now.scaled);
    let by_fault = fits && shopify.dice.hits(shopify.faults.throttled);
    if by_fault {
        bucket.give_back(requested, rate);
    }
    let count = shopify.counts.entry((account, read.name.clone())).or_default();
    count.calls += 1;
    if !fits || by_fault {
        count.throttled += 1;
        count.throttled_by_fault += u64::from(by_fault);
        let told = bucket.told(requested, None, rate);
        return errors(&[Refusal::new("THROTTLED", "Throttled")], None, Some(told));
    }
    let Outcome { data, errors: refusals, cost } = answers::execute(shopify, caller, &read, now);
    // A query never costs more than was asked for.
    let actual = if read.is_mutation { cost + 10 } else { cost }.min(requested);
    let mut told = Value::Null;
    if let Some(bucket) = shopify.buckets.get_mut(&account) {
        bucket.give_back(requested - actual, rate);
        told = bucket.told(requested, Some(actual), rate);
    }
    if let Some(count) = shopify.counts.get_mut(&(account, read.name)) {
        count.points += actual;
    }
    if shopify.dice.hits(shopify.faults.lost_answers) {
        return trouble(shopify);
    }
    let mut response = errors(&refusals, Some(data), Some(told));
    if shopify.dice.hits(shopify.faults.cut_bodies) {
        let half = response.body.len() / 2;
        response.body.truncate(half);
    }
    response
}

/// An answer: its data, what went wrong beside it, and what it cost.
fn errors(refusals: &[Refusal], data: Option<Value>, cost: Option<Value>) -> HttpResponse {
    let mut body = json!({});
    if let Some(data) = data {
        body["data"] = data;
    }
    if !refusals.is_empty() {
        body["errors"] = refusals.iter().map(Refusal::value).collect();
    }
    if let Some(cost) = cost {
        body["extensions"] = json!({ "cost": cost });
    }
    HttpResponse::json(200, body.to_string())
}
