//! Shopify's Admin GraphQL API: its operations, how each is asked for, and what an answer means. An
//! answer is read for what it says of its cost, then for its errors, and only then for its data.

use std::time::Duration;

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

use super::setup::base;
use crate::{
    channel::{Budget, Call, ChannelError, MalformedOrder, Operation, unreadable},
    http::{HttpRequest, HttpResponse, Method},
    json::{self, Node, Object},
    words::safe,
};

/// The version of the API that every operation is written in.
pub const API_VERSION: &str = "2026-10";

/// Shopify asks callers to name themselves.
pub(super) const USER_AGENT: &str = concat!("Weir/", env!("CARGO_PKG_VERSION"));

/// Points that come back in a second on the plan that has the fewest (Standard).
const FEWEST_POINTS_A_SECOND: u64 = 100;

/// The bucket of that plan.
const SMALLEST_BUCKET: u64 = 20 * FEWEST_POINTS_A_SECOND;

/// The longest wait for points: even the dearest query is let in after a full bucket's time.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The wait where a throttled answer says nothing of its cost.
const USUAL_WAIT: Duration = Duration::from_secs(2);

/// Errors of one answer that are looked at.
const MAX_ERRORS: usize = 50;

/// Each operation as a bucket of its own, filled as if the smallest plan's points were for it alone.
/// What Shopify says with every answer decides; this is only where it begins.
const fn operation(name: &'static str, usual_points: u64) -> Operation {
    let burst = SMALLEST_BUCKET / usual_points;
    Operation {
        name,
        refill: Duration::from_millis(usual_points * 1_000 / FEWEST_POINTS_A_SECOND),
        // Two thousand points at most, so it fits.
        burst: burst as u32,
    }
}

/// One order, or more of it: one of three lines with a discount, taxes and shipping costs some 80 points,
/// by Shopify's rules at their dearest.
pub(super) const GET_ORDER: Operation = operation("order", 100);
/// A page of the search for changed orders.
pub(super) const FIND_ORDERS: Operation = operation("orders", 20);
/// Which order a part belongs to.
pub(super) const GET_ORDER_OF_PART: Operation = operation("node", 5);
/// The shop, its locations, its subscriptions: of these there are some thirty, a point each.
pub(super) const GET_SHOP: Operation = operation("shop", 40);
/// A change: ten points, and its answer.
pub(super) const CHANGE: Operation = operation("mutation", 20);

/// The operations. Each is a file of its own, held against Shopify's published schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    Order,
    OrderPart,
    ChangedOrders,
    OrderOfPart,
    Shop,
    Locations,
    WebhookSubscriptions,
    WebhookSubscriptionCreate,
    WebhookSubscriptionDelete,
    FulfillmentCreate,
    FulfillmentTracking,
}

impl Document {
    /// Its text.
    const fn text(self) -> &'static str {
        match self {
            Self::Order => include_str!("operations/order.graphql"),
            Self::OrderPart => include_str!("operations/order_part.graphql"),
            Self::ChangedOrders => include_str!("operations/changed_orders.graphql"),
            Self::OrderOfPart => include_str!("operations/order_of_part.graphql"),
            Self::Shop => include_str!("operations/shop.graphql"),
            Self::Locations => include_str!("operations/locations.graphql"),
            Self::WebhookSubscriptions => include_str!("operations/webhook_subscriptions.graphql"),
            Self::WebhookSubscriptionCreate => include_str!("operations/webhook_subscription_create.graphql"),
            Self::WebhookSubscriptionDelete => include_str!("operations/webhook_subscription_delete.graphql"),
            Self::FulfillmentCreate => include_str!("operations/fulfillment_create.graphql"),
            Self::FulfillmentTracking => include_str!("operations/fulfillment_tracking.graphql"),
        }
    }

    /// The name that its text gives it; Shopify's logs and a stand-in go by it.
    const fn name(self) -> &'static str {
        match self {
            Self::Order => "Order",
            Self::OrderPart => "OrderPart",
            Self::ChangedOrders => "ChangedOrders",
            Self::OrderOfPart => "OrderOfPart",
            Self::Shop => "Shop",
            Self::Locations => "Locations",
            Self::WebhookSubscriptions => "WebhookSubscriptions",
            Self::WebhookSubscriptionCreate => "WebhookSubscriptionCreate",
            Self::WebhookSubscriptionDelete => "WebhookSubscriptionDelete",
            Self::FulfillmentCreate => "FulfillmentCreate",
            Self::FulfillmentTracking => "FulfillmentTracking",
        }
    }

    /// The request with these variables.
    pub(super) fn request(self, call: Call<'_>, variables: &Value) -> HttpRequest {
        let url = format!("{}/admin/api/{API_VERSION}/graphql.json", base(call.connection));
        let body = json!({ "query": self.text(), "operationName": self.name(), "variables": variables });
        HttpRequest::new(Method::Post, url)
            .header("accept", "application/json")
            .header("user-agent", USER_AGENT)
            .header("x-shopify-access-token", call.token.token.expose())
            .with_body("application/json", body.to_string())
    }
}

/// An answer that has something to say: data, or data in part.
#[derive(Debug)]
pub(super) struct Answer {
    data: String,
    errors: Vec<GraphError>,
}

/// One of an answer's errors.
#[derive(Clone, Debug, PartialEq, Eq)]
struct GraphError {
    code: String,
    message: String,
    /// Where in the data something is missing for it.
    path: Vec<String>,
}

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// If Shopify refused the request as a whole, or the answer is none.
    pub(super) fn read(response: &HttpResponse) -> Result<Self, ChannelError> {
        if !(200..300).contains(&response.status) {
            return Err(error_of_status(response));
        }
        if response.body.len() > json::MAX_BODY_BYTES {
            return Err(ChannelError::Unreadable("it is larger than an answer may be".to_owned()));
        }
        let text = json::text_of(&response.body);
        let (data, errors) = parts(&text).map_err(unreadable)?;
        if let Some(error) = errors.iter().find(|error| error.code == "THROTTLED") {
            return Err(error.meaning(response));
        }
        match (data, errors.first()) {
            (Some(data), _) => Ok(Self { data, errors }),
            (None, Some(error)) => Err(error.meaning(response)),
            (None, None) => Err(ChannelError::Unreadable("it has neither data nor errors".to_owned())),
        }
    }

    /// The data.
    ///
    /// # Errors
    /// Never for what [`Answer::read`] gave; it says so all the same.
    pub(super) fn data(&self) -> Result<Node<'_, 'static>, MalformedOrder> {
        json::parse(&self.data)
    }

    /// Nothing may be missing.
    ///
    /// # Errors
    /// The first error of an answer that was given in part.
    pub(super) fn whole(&self) -> Result<(), ChannelError> {
        self.but_for(&[]).map(|_| ())
    }

    /// Nothing may be missing but these fields of the order, and they only if they are withheld from the
    /// application: what is withheld of a buyer stops no order, and half an order is none. Gives the names
    /// of those that are missing.
    ///
    /// # Errors
    /// The first other error. One of such a field for any other reason passes: the next answer has it.
    pub(super) fn but_for(&self, may_miss: &[&'static str]) -> Result<Vec<&'static str>, ChannelError> {
        let mut missing = Vec::new();
        for error in &self.errors {
            let field = match error.path.as_slice() {
                [root, field, ..] if root == "order" => may_miss.iter().find(|name| *name == field),
                _ => None,
            };
            match field {
                Some(field) if error.is_denial() && missing.contains(field) => {}
                Some(field) if error.is_denial() => missing.push(*field),
                Some(_) => return Err(error.passing()),
                None => return Err(error.error()),
            }
        }
        Ok(missing)
    }

    /// The data's text.
    pub(super) fn text(&self) -> &str {
        &self.data
    }
}

/// The data and the errors of an answer's text.
fn parts(text: &str) -> Result<(Option<String>, Vec<GraphError>), MalformedOrder> {
    let answer = json::parse(text)?.object()?;
    let data = answer.get("data");
    data.check_depth()?;
    let mut errors = Vec::new();
    let list = answer.get("errors");
    // Some refusals come as a single text: {"errors": "Not Found"}.
    if let Ok(Some(message)) = list.text() {
        errors.push(GraphError { code: String::new(), message, path: Vec::new() });
    } else {
        for node in list.list()?.iter().take(MAX_ERRORS) {
            errors.push(graph_error(&node.object()?)?);
        }
    }
    Ok((data.raw().map(str::to_owned), errors))
}

fn graph_error(error: &Object<'_, '_>) -> Result<GraphError, MalformedOrder> {
    let extensions = error.get("extensions").object()?;
    let mut path = Vec::new();
    // A path that cannot be read is none, and such an error is never passed over.
    if let Ok(list) = error.get("path").list() {
        for node in list.iter() {
            path.push(node.text()?.unwrap_or_default());
        }
    }
    Ok(GraphError {
        code: extensions.get("code").words()?.unwrap_or_default().to_ascii_uppercase(),
        message: error.get("message").words()?.unwrap_or_default(),
        path,
    })
}

impl GraphError {
    /// What it means for the call.
    fn meaning(&self, response: &HttpResponse) -> ChannelError {
        if self.code == "THROTTLED" { throttled(response) } else { self.error() }
    }

    /// Whether the application may not see what is missing.
    fn is_denial(&self) -> bool {
        self.code == "ACCESS_DENIED"
    }

    /// As trouble that passes, whatever its code.
    fn passing(&self) -> ChannelError {
        match self.error() {
            error if error.is_transient() => error,
            _ => ChannelError::Trouble(self.sentence()),
        }
    }

    fn sentence(&self) -> String {
        match (self.code.as_str(), safe(&self.message)) {
            ("", message) => message,
            (code, message) => format!("{}: {message}", safe(code)),
        }
    }

    fn error(&self) -> ChannelError {
        let sentence = self.sentence();
        match self.code.as_str() {
            "THROTTLED" => ChannelError::Throttled { retry_after: Some(USUAL_WAIT), micro_rate: None },
            "ACCESS_DENIED" | "SHOP_INACTIVE" => ChannelError::Denied(sentence),
            "INTERNAL_SERVER_ERROR" | "SERVICE_UNAVAILABLE" | "TIMEOUT" => ChannelError::Trouble(sentence),
            _ if is_about_cursor(&self.message) => ChannelError::PageExpired,
            _ => ChannelError::Refused(sentence),
        }
    }
}

fn is_about_cursor(message: &str) -> bool {
    message.to_ascii_lowercase().contains("cursor")
}

/// What a status means that is no success.
pub(super) fn error_of_status(response: &HttpResponse) -> ChannelError {
    let denied = |why: &str| ChannelError::Denied(why.to_owned());
    match response.status {
        401 => ChannelError::Expired,
        402 => denied("the shop is frozen: its bill is not paid"),
        403 => denied("the application may not do this in the shop"),
        404 => denied("there is no such shop"),
        423 => denied("the shop is locked"),
        429 => throttled(response),
        // 430 is Shopify's own: the request looked malicious to it. It is let in again later.
        408 | 430 => ChannelError::Trouble(format!("it answered {}", response.status)),
        400..500 => ChannelError::Refused(format!("it answered {}", response.status)),
        _ => ChannelError::Trouble(format!("it answered {}", response.status)),
    }
}

/// Too many points asked for: how long until there are enough, as the answer itself says. (SPEC G-12)
pub(super) fn throttled(response: &HttpResponse) -> ChannelError {
    let told = response
        .header_value("retry-after")
        .and_then(|seconds| seconds.trim().parse::<Decimal>().ok()?.ceil().to_u64())
        .map(Duration::from_secs);
    let wait = told.or_else(|| budget(response).map(|budget| budget.wait())).unwrap_or(USUAL_WAIT);
    ChannelError::Throttled { retry_after: Some(wait.min(LONGEST_WAIT)), micro_rate: micro_rate(response) }
}

/// What an answer says of its cost and of what is left. One that cannot be read says nothing: the
/// next answer brings another.
pub(super) fn budget(response: &HttpResponse) -> Option<Budget> {
    read_budget(&json::text_of(&response.body)).ok().flatten()
}

fn read_budget(text: &str) -> Result<Option<Budget>, MalformedOrder> {
    let answer = json::parse(text)?.object()?;
    let extensions = answer.get("extensions").object()?;
    let cost = extensions.get("cost").object()?;
    let status = cost.get("throttleStatus").object()?;
    // What is left is rounded down, and what a query costs up.
    let down = |node: Node<'_, '_>| Ok(node.decimal()?.and_then(|figure| figure.max(Decimal::ZERO).to_u64()));
    let up = |node: Node<'_, '_>| Ok(node.decimal()?.and_then(|figure| figure.ceil().to_u64()));
    let (Some(maximum), Some(available), Some(restored_a_second)) = (
        down(status.get("maximumAvailable"))?,
        down(status.get("currentlyAvailable"))?,
        down(status.get("restoreRate"))?.filter(|rate| *rate > 0),
    ) else {
        return Ok(None);
    };
    let requested = up(cost.get("requestedQueryCost"))?.unwrap_or_default();
    let actual = up(cost.get("actualQueryCost"))?;
    Ok(Some(Budget { maximum, available, restored_a_second, requested, actual }))
}

/// Calls like this one that may be made in a second, in millionths, by what they really cost.
pub(super) fn micro_rate(response: &HttpResponse) -> Option<u64> {
    let budget = budget(response)?;
    let cost = budget.actual.filter(|cost| *cost > 0).unwrap_or(budget.requested).max(1);
    Some(budget.restored_a_second.saturating_mul(1_000_000) / cost)
}

/// What a mutation refused. Its words may quote what was sent, so they are made safe.
///
/// # Errors
/// [`ChannelError::Refused`] if there is any; [`ChannelError::Unreadable`] if they cannot be read.
pub(super) fn check_user_errors(payload: &Object<'_, '_>) -> Result<(), ChannelError> {
    let list = payload.get("userErrors");
    let mut sentences = Vec::new();
    for node in list.list().map_err(unreadable)?.iter() {
        let error = node.object().map_err(unreadable)?;
        let message = error.get("message").words().map_err(unreadable)?;
        sentences.push(safe(&message.unwrap_or_else(|| "no reason given".to_owned())));
    }
    if sentences.is_empty() { Ok(()) } else { Err(ChannelError::Refused(sentences.join("; "))) }
}

/// The cursor of a connection's next page.
pub(super) fn next_page(connection: &Object<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    let page = connection.get("pageInfo").object()?;
    if page.get("hasNextPage").flag()? != Some(true) {
        return Ok(None);
    }
    page.get("endCursor").required().map(Some)
}
