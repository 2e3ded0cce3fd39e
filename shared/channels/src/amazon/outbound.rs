//! The Fulfillment Outbound API 2020-07-01: one call hands one request over, and the number of the request is its
//! name there too. What the newer version (2026-07-04) says for the same is understood by [`words`] already.
//! (SPEC FX-22, FX-25, CS-05, CS-09; specs/amazon/fulfillmentOutbound_2020-07-01.json)

pub(super) mod words;

mod read;

use std::time::Duration;

use serde_json::{Value, json};
use weir_domain::{customer::Address, fulfillment_request::RequestNumber};

use super::{
    errors,
    requests::{self, Query},
};
use crate::{
    channel::{Call, ChannelError, Operation},
    http::{HttpRequest, HttpResponse, Method},
    warehouse::{CalledOff, Handed, Looked, Preview, Requests, ToShip},
};

/// Every operation of the API: 2 calls a second, burst 30, and each its own bucket. Source: as above.
const fn operation(name: &'static str) -> Operation {
    Operation { name, refill: Duration::from_millis(500), burst: 30 }
}

const PATH: &str = "/fba/outbound/2020-07-01/fulfillmentOrders";

/// What is on the slip in the parcel. The field has to be there, and what the merchant would say is not known.
const COMMENT: &str = "Thank you for your order.";

/// What there is of it is shipped and the rest is given up: the rest is free again, and the order says so. The
/// other policies keep a whole order waiting for its last unit. (SPEC CS-07)
pub(super) const POLICY: &str = "FillAllAvailable";

/// Amazon's warehouses, one call for one request.
pub(super) struct AmazonRequests;

impl Requests for AmazonRequests {
    fn create(&self, call: Call<'_>, request: &ToShip<'_>) -> (Operation, HttpRequest) {
        let items: Vec<Value> = request.rows.iter().map(item).collect();
        let body = json!({
            "marketplaceId": call.connection.remote.marketplace,
            "sellerFulfillmentOrderId": request.number.as_str(),
            "displayableOrderId": displayable(request),
            "displayableOrderDate": requests::time(request.ordered_at),
            "displayableOrderComment": COMMENT,
            "shippingSpeedCategory": request.speed.as_str(),
            "destinationAddress": address(request.ship_to),
            "fulfillmentAction": "Ship",
            "fulfillmentPolicy": POLICY,
            "items": items,
        });
        let create = requests::request(call.connection, call.token, Method::Post, PATH, Query::default());
        (operation("createFulfillmentOrder"), create.with_body("application/json", body.to_string()))
    }

    fn created(&self, response: Option<&HttpResponse>) -> Result<Handed, ChannelError> {
        let Some(response) = response else { return Ok(Handed::Unknown("no answer came".to_owned())) };
        match response.status {
            202 => return Ok(Handed::Later),
            200..300 => return Ok(Handed::Accepted),
            _ => {}
        }
        match errors::error_of(response) {
            ChannelError::Refused(message) if speaks_of_a_known_number(&message) => {
                Ok(Handed::Unknown(message))
            }
            ChannelError::Refused(message) => Ok(Handed::Rejected(message)),
            ChannelError::Trouble(message) | ChannelError::Unreadable(message) => {
                Ok(Handed::Unknown(message))
            }
            // Nothing was done: the door was closed.
            error @ (ChannelError::Throttled { .. }
            | ChannelError::Expired
            | ChannelError::Revoked(_)
            | ChannelError::Denied(_)
            | ChannelError::PageExpired) => Err(error),
        }
    }

    fn look(&self, call: Call<'_>, number: &RequestNumber) -> (Operation, HttpRequest) {
        let path = format!("{PATH}/{number}");
        let request = requests::request(call.connection, call.token, Method::Get, &path, Query::default());
        (operation("getFulfillmentOrder"), request)
    }

    fn looked(&self, response: &HttpResponse) -> Result<Looked, ChannelError> {
        if response.status == 404 {
            return Ok(Looked::NotFound);
        }
        match errors::success(response) {
            Ok(text) => read::seen(&text).map(|seen| Looked::Seen(Box::new(seen))),
            // Some answers to an unknown number are a 400 that says so.
            Err(ChannelError::Refused(message)) if speaks_of_an_unknown_number(&message) => {
                Ok(Looked::NotFound)
            }
            Err(error) => Err(error),
        }
    }

    fn cancel(&self, call: Call<'_>, number: &RequestNumber) -> (Operation, HttpRequest) {
        let path = format!("{PATH}/{number}/cancel");
        let request = requests::request(call.connection, call.token, Method::Put, &path, Query::default());
        (operation("cancelFulfillmentOrder"), request)
    }

    fn cancelled(&self, response: &HttpResponse) -> Result<CalledOff, ChannelError> {
        match errors::success(response) {
            Ok(_) => Ok(CalledOff::Asked),
            Err(ChannelError::Refused(message)) => Ok(CalledOff::Refused(message)),
            Err(error) => Err(error),
        }
    }

    fn preview(&self, call: Call<'_>, request: &ToShip<'_>) -> (Operation, HttpRequest) {
        let items: Vec<Value> = request.rows.iter().map(item).collect();
        // Without a list of speeds it is told of each.
        let body = json!({
            "marketplaceId": call.connection.remote.marketplace,
            "address": address(request.ship_to),
            "items": items,
        });
        let path = format!("{PATH}/preview");
        let preview = requests::request(call.connection, call.token, Method::Post, &path, Query::default());
        (operation("getFulfillmentPreview"), preview.with_body("application/json", body.to_string()))
    }

    fn previewed(&self, response: &HttpResponse) -> Result<Vec<Preview>, ChannelError> {
        let text = errors::success(response)?;
        read::previews(&text)
    }
}

/// The number that the buyer knows, as far as it may stand on a slip; ours if nothing of it may.
pub(super) fn displayable(request: &ToShip<'_>) -> String {
    let shown: String =
        request.order_no.chars().filter(|c| !c.is_control()).take(RequestNumber::MAX_BYTES).collect();
    let shown = shown.trim();
    if shown.is_empty() { request.number.as_str().to_owned() } else { shown.to_owned() }
}

fn item(row: &weir_domain::fulfillment_request::RequestRow) -> Value {
    json!({
        "sellerSku": row.warehouse_sku,
        "sellerFulfillmentOrderItemId": row.id,
        "quantity": row.quantity,
    })
}

/// An address; what is not known is left out. A company goes into the third line, which nothing else needs.
fn address(of: &Address) -> Value {
    let mut address = serde_json::Map::new();
    let fields = [
        ("name", &of.name),
        ("addressLine1", &of.line_1),
        ("addressLine2", &of.line_2),
        ("addressLine3", &of.company),
        ("city", &of.city),
        ("stateOrRegion", &of.state),
        ("postalCode", &of.postal_code),
        ("countryCode", &of.country),
        ("phone", &of.phone),
    ];
    for (name, value) in fields {
        if let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) {
            address.insert(name.to_owned(), state_code(name, value, of).into());
        }
    }
    Value::Object(address)
}

/// A state without the country before it, as carriers write it.
pub(super) fn state_code<'a>(field: &str, value: &'a str, of: &Address) -> &'a str {
    let country = of.country.as_deref().unwrap_or_default();
    let prefix = (field == "stateOrRegion").then(|| value.strip_prefix(country)).flatten();
    prefix.and_then(|rest| rest.strip_prefix('-')).filter(|_| !country.is_empty()).unwrap_or(value)
}

/// Whether a refusal may mean that the number was given before: then the request may be there, by an earlier call
/// whose answer was lost. The code of that error is written nowhere.
pub(super) fn speaks_of_a_known_number(message: &str) -> bool {
    let message = message.to_lowercase();
    ["already", "duplicate", "exists", "in use", "not unique"].iter().any(|word| message.contains(word))
}

fn speaks_of_an_unknown_number(message: &str) -> bool {
    let message = message.to_lowercase();
    ["not found", "no matching", "does not exist", "doesn't exist", "could not be found"]
        .iter()
        .any(|word| message.contains(word))
}
