//! The door of the API: which operation a call is, whose token it bears, whether its rate allows it,
//! and what goes wrong with the answer.

use weir_channels::http::{HttpRequest, HttpResponse, Method};

use super::{
    Access, Amazon, Now,
    json::Json,
    limits::{Meter, Operation},
    marketplaces::{Marketplace, Region},
    notifications, orders,
    query::{BadInput, Query, segment},
    search, tokens,
};

/// A call that was understood.
#[derive(Debug)]
pub(super) enum Route {
    SearchOrders,
    GetOrder(String),
    GetOrdersV0,
    GetOrderV0(String),
    GetOrderItemsV0(String),
    CreateDestination,
    GetDestinations,
    GetDestination(String),
    DeleteDestination(String),
    CreateSubscription(String),
    GetSubscriptions,
    GetSubscription(String),
    GetSubscriptionById(String, String),
    DeleteSubscriptionById(String, String),
}

impl Route {
    fn of(method: Method, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        Some(match (method, parts.as_slice()) {
            (Method::Get, ["orders", "2026-01-01", "orders"]) => Self::SearchOrders,
            (Method::Get, ["orders", "2026-01-01", "orders", id]) => Self::GetOrder(segment(id)),
            (Method::Get, ["orders", "v0", "orders"]) => Self::GetOrdersV0,
            (Method::Get, ["orders", "v0", "orders", id]) => Self::GetOrderV0(segment(id)),
            (Method::Get, ["orders", "v0", "orders", id, "orderItems"]) => Self::GetOrderItemsV0(segment(id)),
            (method, ["notifications", "v1", rest @ ..]) => Self::of_notifications(method, rest)?,
            (_, _) => return None,
        })
    }

    fn of_notifications(method: Method, parts: &[&str]) -> Option<Self> {
        Some(match (method, parts) {
            (Method::Post, ["destinations"]) => Self::CreateDestination,
            (Method::Get, ["destinations"]) => Self::GetDestinations,
            (Method::Get, ["destinations", id]) => Self::GetDestination(segment(id)),
            (Method::Delete, ["destinations", id]) => Self::DeleteDestination(segment(id)),
            (Method::Post, ["subscriptions", kind]) => Self::CreateSubscription(segment(kind)),
            (Method::Get, ["subscriptions"]) => Self::GetSubscriptions,
            (Method::Get, ["subscriptions", kind]) => Self::GetSubscription(segment(kind)),
            (Method::Get, ["subscriptions", kind, id]) => {
                Self::GetSubscriptionById(segment(kind), segment(id))
            }
            (Method::Delete, ["subscriptions", kind, id]) => {
                Self::DeleteSubscriptionById(segment(kind), segment(id))
            }
            (_, _) => return None,
        })
    }

    pub(super) const fn operation(&self) -> Operation {
        match self {
            Self::SearchOrders => Operation::SearchOrders,
            Self::GetOrder(_) => Operation::GetOrder,
            Self::GetOrdersV0 => Operation::GetOrdersV0,
            Self::GetOrderV0(_) => Operation::GetOrderV0,
            Self::GetOrderItemsV0(_) => Operation::GetOrderItemsV0,
            Self::CreateDestination => Operation::CreateDestination,
            Self::GetDestinations => Operation::GetDestinations,
            Self::GetDestination(_) => Operation::GetDestination,
            Self::DeleteDestination(_) => Operation::DeleteDestination,
            Self::CreateSubscription(_) => Operation::CreateSubscription,
            Self::GetSubscriptions => Operation::GetSubscriptions,
            Self::GetSubscription(_) => Operation::GetSubscription,
            Self::GetSubscriptionById(..) => Operation::GetSubscriptionById,
            Self::DeleteSubscriptionById(..) => Operation::DeleteSubscriptionById,
        }
    }

    /// Whether the call is the application's own, without a seller.
    const fn is_grantless(&self) -> bool {
        match self {
            Self::CreateDestination
            | Self::GetDestinations
            | Self::GetDestination(_)
            | Self::DeleteDestination(_)
            | Self::GetSubscriptionById(..)
            | Self::DeleteSubscriptionById(..) => true,
            Self::SearchOrders
            | Self::GetOrder(_)
            | Self::GetOrdersV0
            | Self::GetOrderV0(_)
            | Self::GetOrderItemsV0(_)
            | Self::CreateSubscription(_)
            | Self::GetSubscriptions
            | Self::GetSubscription(_) => false,
        }
    }
}

pub(super) fn handle(amazon: &mut Amazon, request: &HttpRequest, now: Now) -> HttpResponse {
    if request.path().ends_with("/auth/o2/token") {
        return tokens::handle(amazon, request, now);
    }
    let Some(route) = Route::of(request.method, request.path()) else {
        return error(404, "NotFound", "The requested resource doesn't exist", "");
    };
    let mut response = match admit(amazon, request, &route, now) {
        Ok(access) => answer(amazon, request, &route, access, now),
        Err(refusal) => refusal,
    };
    let id = format!("{:08x}", amazon.dice.next() >> 32);
    response.headers.push(("x-amzn-requestid".to_owned(), id));
    response
}

/// Whether a call gets in: its token, its rate, and what happens to calls on a bad day.
fn admit(
    amazon: &mut Amazon,
    request: &HttpRequest,
    route: &Route,
    now: Now,
) -> Result<Access, HttpResponse> {
    if amazon.require_user_agent && request.header_value("user-agent").is_none() {
        return Err(error(400, "InvalidInput", "The User-Agent header is required.", ""));
    }
    let Some(token) = request.header_value("x-amz-access-token") else {
        return Err(denied("Access token is missing in the request header."));
    };
    let Some(access) = amazon.access.get(token).copied() else {
        return Err(denied("The access token you provided is revoked, malformed or invalid."));
    };
    if access.until <= now.wall {
        return Err(denied(EXPIRED));
    }
    if access.seller.is_none() != route.is_grantless() {
        return Err(denied("The access token you provided is not valid for this operation."));
    }
    let operation = route.operation();
    let percent = amazon.faults.limit_percent;
    let key = (access.seller, access.app, region(amazon, request, route, access), operation);
    let meter = amazon.meters.entry(key).or_insert_with(|| Meter::new(operation, percent, now.scaled));
    if !meter.take(operation, percent, now.scaled) {
        return Err(throttled(amazon, operation));
    }
    if amazon.dice.hits(amazon.faults.throttled) {
        meter.throttle_by_fault();
        return Err(throttled(amazon, operation));
    }
    if amazon.dice.hits(amazon.faults.expired_tokens) {
        amazon.access.remove(token);
        let mut refusal = denied(EXPIRED);
        refusal.status = if amazon.dice.hits(300) { 401 } else { 403 };
        return Err(refusal);
    }
    if amazon.dice.hits(amazon.faults.server_errors) {
        return Err(trouble(amazon));
    }
    Ok(access)
}

const EXPIRED: &str = "The access token you provided has expired.";

/// A seller's limits are his own in each region. The host says which, else what is asked for.
fn region(amazon: &Amazon, request: &HttpRequest, route: &Route, access: Access) -> Region {
    let asked = match route {
        Route::SearchOrders => marketplace_of(request, "marketplaceIds"),
        Route::GetOrdersV0 => marketplace_of(request, "MarketplaceIds"),
        Route::GetOrder(id) | Route::GetOrderV0(id) | Route::GetOrderItemsV0(id) => {
            amazon.order(id).map(|order| order.state.spec.marketplace)
        }
        Route::CreateDestination
        | Route::GetDestinations
        | Route::GetDestination(_)
        | Route::DeleteDestination(_)
        | Route::CreateSubscription(_)
        | Route::GetSubscriptions
        | Route::GetSubscription(_)
        | Route::GetSubscriptionById(..)
        | Route::DeleteSubscriptionById(..) => None,
    };
    let own = || {
        let seller = access.seller.and_then(|seller| amazon.sellers.get(seller as usize))?;
        seller.marketplaces.first().and_then(|id| Marketplace::find(id))
    };
    Region::of_address(&request.url)
        .or_else(|| asked.or_else(own).map(|marketplace| marketplace.region))
        .unwrap_or(Region::NorthAmerica)
}

fn marketplace_of(request: &HttpRequest, list: &str) -> Option<&'static Marketplace> {
    Query::of_address(&request.url).list(list).find_map(Marketplace::find)
}

fn answer(
    amazon: &mut Amazon,
    request: &HttpRequest,
    route: &Route,
    access: Access,
    now: Now,
) -> HttpResponse {
    let mut response = match (access.seller, route) {
        (None, _) => notifications::handle_app(amazon, request, route, access.app),
        (Some(seller), Route::SearchOrders | Route::GetOrder(_)) if is_denied(amazon, seller) => {
            error(403, "Unauthorized", "Access to requested resource is denied.", "")
        }
        (Some(seller), Route::SearchOrders) => search::orders(amazon, request, seller, now),
        (Some(seller), Route::GetOrder(id)) => get_order(amazon, request, seller, id),
        (Some(seller), Route::GetOrdersV0) => search::orders_v0(amazon, request, seller, now),
        (Some(seller), Route::GetOrderV0(id)) => search::order_v0(amazon, seller, id),
        (Some(seller), Route::GetOrderItemsV0(id)) => search::items_v0(amazon, request, seller, id),
        (Some(seller), _) => notifications::handle_seller(amazon, request, route, seller, access.app),
    };
    if amazon.dice.hits(amazon.faults.lost_answers) {
        return trouble(amazon);
    }
    if amazon.dice.hits(amazon.faults.cut_bodies) {
        let half = response.body.len() / 2;
        response.body.truncate(half);
    }
    rate_header(amazon, route.operation(), &mut response);
    response
}

fn is_denied(amazon: &Amazon, seller: u32) -> bool {
    amazon.sellers.get(seller as usize).is_some_and(|seller| seller.denied)
}

fn get_order(amazon: &Amazon, request: &HttpRequest, seller: u32, id: &str) -> HttpResponse {
    let included = match orders::Included::of(&Query::of_address(&request.url)) {
        Ok(included) => included,
        Err(bad) => return bad_input(&bad),
    };
    let Some(order) = amazon.order(id).filter(|order| amazon.seller(&order.seller_id) == Some(seller)) else {
        return error(404, "NotFound", "The requested order does not exist.", "");
    };
    let body = Json::of(|json| {
        json.key("order");
        orders::write(json, order, &order.state, included);
    });
    HttpResponse::json(200, body)
}

fn rate_header(amazon: &mut Amazon, operation: Operation, response: &mut HttpResponse) {
    if !amazon.dice.hits(amazon.faults.missing_rate_headers) {
        let (_, rate, _) = operation.plan();
        response.headers.push(("x-amzn-ratelimit-limit".to_owned(), rate.to_owned()));
    }
}

fn throttled(amazon: &mut Amazon, operation: Operation) -> HttpResponse {
    let mut response = error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.", "");
    rate_header(amazon, operation, &mut response);
    response
}

fn trouble(amazon: &mut Amazon) -> HttpResponse {
    match amazon.dice.below(3) {
        0 => error(500, "InternalFailure", "We encountered an internal error. Please try again.", ""),
        1 => error(503, "ServiceUnavailable", "Service is temporarily unavailable. Please try again.", ""),
        _ => HttpResponse {
            status: 503,
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>".to_vec(),
        },
    }
}

fn denied(details: &str) -> HttpResponse {
    error(403, "Unauthorized", "Access to requested resource is denied.", details)
}

pub(super) fn bad_input(bad: &BadInput) -> HttpResponse {
    error(400, "InvalidInput", &bad.0, "")
}

pub(super) fn error(status: u16, code: &str, message: &str, details: &str) -> HttpResponse {
    let body = Json::of(|json| {
        json.field_array("errors", |json| {
            json.object(|json| {
                json.field_text("code", code);
                json.field_text("message", message);
                json.field_text("details", details);
            });
        });
    });
    HttpResponse::json(status, body)
}
