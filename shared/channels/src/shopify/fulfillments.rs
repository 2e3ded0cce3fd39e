//! Shopify's fulfillments: made of named lines alone. A fulfillment order without a list of lines
//! would be fulfilled whole, so that no such request is ever made.

use serde_json::{Value, json};
use weir_domain::sales_order::Tracking;

use super::{
    graphql::{Answer, CHANGE, Document, check_user_errors},
    ids,
};
use crate::{
    channel::{
        Call, ChannelError, FieldError, Fulfillments, MadeFulfillment, MalformedOrder, NewFulfillment,
        Operation, unreadable,
    },
    http::{HttpRequest, HttpResponse},
};

/// Lines of one fulfillment order in one request. Source: the input's own description (512), and the
/// limit of every input list (250).
const MAX_LINES: usize = 250;

/// Shopify's fulfillments.
pub(super) struct ShopifyFulfillments;

impl Fulfillments for ShopifyFulfillments {
    fn create(
        &self,
        call: Call<'_>,
        new: &NewFulfillment,
    ) -> Result<(Operation, HttpRequest), Vec<FieldError>> {
        let parts = parts(new)?;
        let mut fulfillment = json!({
            "lineItemsByFulfillmentOrder": parts,
            "notifyCustomer": new.notify,
        });
        if let Some(tracking) = tracking(&new.tracking) {
            fulfillment["trackingInfo"] = tracking;
        }
        let variables = json!({ "fulfillment": fulfillment });
        Ok((CHANGE, Document::FulfillmentCreate.request(call, &variables)))
    }

    fn set_tracking(
        &self,
        call: Call<'_>,
        fulfillment: &str,
        parcels: &[Tracking],
        notify: bool,
    ) -> Result<(Operation, HttpRequest), Vec<FieldError>> {
        let id =
            ids::any(fulfillment).ok_or_else(|| vec![error("fulfillment", "It is no fulfillment's id.")])?;
        let tracking =
            tracking(parcels).ok_or_else(|| vec![error("tracking", "There is no number and no address.")])?;
        let variables =
            json!({ "id": ids::global("Fulfillment", &id), "tracking": tracking, "notify": notify });
        Ok((CHANGE, Document::FulfillmentTracking.request(call, &variables)))
    }

    fn read(&self, response: &HttpResponse) -> Result<MadeFulfillment, ChannelError> {
        let answer = Answer::read(response)?;
        answer.whole()?;
        let data = answer.data().and_then(|data| data.object()).map_err(unreadable)?;
        for name in ["fulfillmentCreate", "fulfillmentTrackingInfoUpdate"] {
            let payload = data.get(name);
            if payload.is_given() {
                let payload = payload.object().map_err(unreadable)?;
                check_user_errors(&payload)?;
                let read = || made(&payload.get("fulfillment").object()?);
                return read().map_err(unreadable);
            }
        }
        Err(ChannelError::Unreadable("it has no fulfillment".to_owned()))
    }
}

fn error(path: &str, message: &str) -> FieldError {
    FieldError { path: path.to_owned(), message: message.to_owned() }
}

/// The parts with their lines, each of which has at least one unit.
fn parts(new: &NewFulfillment) -> Result<Vec<Value>, Vec<FieldError>> {
    let mut errors = Vec::new();
    if new.parts.is_empty() {
        errors.push(error("parts", "There is nothing to fulfill."));
    }
    let mut parts = Vec::new();
    for (index, part) in new.parts.iter().enumerate() {
        let path = format!("parts[{index}]");
        let Some(id) = ids::any(&part.fulfillment_order) else {
            errors.push(error(&path, "It is no fulfillment order's id."));
            continue;
        };
        if part.lines.is_empty() || part.lines.len() > MAX_LINES {
            errors.push(error(&path, "A fulfillment order is fulfilled by 1 to 250 lines at once."));
        }
        let mut lines = Vec::new();
        for (line, quantity) in &part.lines {
            match ids::any(line) {
                Some(line) if *quantity > 0 => lines.push(json!({
                    "id": ids::global("FulfillmentOrderLineItem", &line),
                    "quantity": quantity,
                })),
                Some(_) => errors.push(error(&path, "A line is fulfilled by at least one unit.")),
                None => errors.push(error(&path, "It has a line whose id is none.")),
            }
        }
        parts.push(json!({
            "fulfillmentOrderId": ids::global("FulfillmentOrder", &id),
            "fulfillmentOrderLineItems": lines,
        }));
    }
    if errors.is_empty() { Ok(parts) } else { Err(errors) }
}

/// The parcels' tracking; nothing if there is nothing to follow. Numbers and addresses go as two lists,
/// so that addresses go only if every parcel has one.
fn tracking(parcels: &[Tracking]) -> Option<Value> {
    let company = parcels.iter().find_map(|parcel| parcel.carrier.as_deref());
    let numbers: Vec<&str> = parcels.iter().filter_map(|parcel| parcel.number.as_deref()).collect();
    let urls: Vec<&str> = parcels.iter().filter_map(|parcel| parcel.url.as_deref()).collect();
    if numbers.is_empty() && urls.is_empty() {
        return None;
    }
    let mut tracking = json!({});
    if let Some(company) = company {
        tracking["company"] = json!(company);
    }
    if !numbers.is_empty() {
        tracking["numbers"] = json!(numbers);
    }
    // They pair by their places: an address goes along only if each parcel has both.
    let all_have_both = urls.len() == parcels.len() && numbers.len() == parcels.len();
    if all_have_both || numbers.is_empty() {
        tracking["urls"] = json!(urls);
    }
    Some(tracking)
}

fn made(fulfillment: &crate::json::Object<'_, '_>) -> Result<MadeFulfillment, MalformedOrder> {
    let mut numbers = Vec::new();
    for node in fulfillment.get("trackingInfo").list()?.iter() {
        numbers.extend(node.object()?.get("number").words()?);
    }
    Ok(MadeFulfillment {
        id: ids::required(&fulfillment.get("id"))?,
        created_at: fulfillment.get("createdAt").time().ok().flatten(),
        numbers,
    })
}
