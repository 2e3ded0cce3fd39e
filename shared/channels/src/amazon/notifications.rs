//! ORDER_CHANGE notifications: how Amazon is made to send them to a queue, and how they are read.
//! A notification is only a signal: which order to look at. (SPEC KF-14)

use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use weir_domain::{connection::Connection, ids::ChannelOrderId};

use super::{
    errors,
    json::{self, Object},
    requests::{self, Query},
    words,
};
use crate::{
    channel::{
        AccessToken, ChannelError, Grant, MalformedOrder, Notice, Notifications, Operation, SubscribeStep,
        unreadable,
    },
    http::{HttpRequest, HttpResponse, Method},
};

/// Every operation of the Notifications API: one call a second, burst 5, and each its own bucket.
/// Source: specs/amazon/notifications.json.
const fn operation(name: &'static str) -> Operation {
    Operation { name, refill: Duration::from_millis(1_000), burst: 5 }
}

const GET_DESTINATIONS: Operation = operation("getDestinations");
const CREATE_DESTINATION: Operation = operation("createDestination");
const GET_SUBSCRIPTION: Operation = operation("getSubscription");
const CREATE_SUBSCRIPTION: Operation = operation("createSubscription");

const DESTINATIONS: &str = "/notifications/v1/destinations";
const ORDER_CHANGES: &str = "/notifications/v1/subscriptions/ORDER_CHANGE";

/// The only version of ORDER_CHANGE's payload.
const PAYLOAD_VERSION: &str = "1.0";

/// Bytes of a notification: SQS carries no more than this.
pub(super) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Amazon's notifications.
pub(super) struct AmazonNotifications;

impl Notifications for AmazonNotifications {
    /// Looks before it makes: the queue as a destination (on behalf of the application), then the
    /// subscription (on behalf of the seller). Each request bears the token that was given; where
    /// the step's grant is another one, its token is fetched and the same step asked for again.
    fn subscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        queue: &str,
        answers: &[HttpResponse],
    ) -> Result<SubscribeStep, ChannelError> {
        check_queue(queue)?;
        let asking = Asking { connection, token };
        let mut answers = answers.iter();

        let Some(answer) = answers.next() else { return Ok(asking.destinations()) };
        let destination = match find_destination(answer, queue)? {
            Some(id) => id,
            None => match answers.next() {
                None => return Ok(asking.create_destination(queue)),
                // Somebody else has just made it.
                Some(answer) if answer.status == 409 => match answers.next() {
                    None => return Ok(asking.destinations()),
                    Some(answer) => find_destination(answer, queue)?.ok_or_else(|| {
                        ChannelError::Trouble("the new destination is not listed yet".to_owned())
                    })?,
                },
                Some(answer) => created(answer, "destinationId")?,
            },
        };

        let Some(answer) = answers.next() else { return Ok(asking.subscription()) };
        let subscription = match find_subscription(answer, &destination)? {
            Some(id) => id,
            None => match answers.next() {
                None => return Ok(asking.create_subscription(&destination)),
                Some(answer) if answer.status == 409 => match answers.next() {
                    None => return Ok(asking.subscription()),
                    Some(answer) => find_subscription(answer, &destination)?.ok_or_else(|| {
                        ChannelError::Trouble("the new subscription is not listed yet".to_owned())
                    })?,
                },
                Some(answer) => created(answer, "subscriptionId")?,
            },
        };
        Ok(SubscribeStep::Subscribed { subscription })
    }

    fn read(&self, body: &[u8]) -> Result<Notice, MalformedOrder> {
        if body.len() > MAX_MESSAGE_BYTES {
            return Err(MalformedOrder { message: "the notification is too large".to_owned() });
        }
        let text = json::text_of(body);
        // Some types are spelled in PascalCase and some in camelCase; the case says nothing.
        let envelope = json::parse(&text)?.object()?;
        let kind = envelope.get_any_case("NotificationType").required()?;
        if !kind.eq_ignore_ascii_case("ORDER_CHANGE") {
            return Ok(Notice::Other(format!("a notification of type {}", words::short(&kind))));
        }
        let payload = envelope.get_any_case("Payload").object()?;
        let change = payload.get_any_case("OrderChangeNotification").object()?;
        let id = change.get_any_case("AmazonOrderId");
        let summary = change.get_any_case("Summary").object();
        Ok(Notice::Order {
            account: change.get_any_case("SellerId").required()?,
            // Without it the signal goes to every connection of the seller.
            marketplace: summary
                .and_then(|summary| summary.get_any_case("MarketplaceId").words())
                .ok()
                .flatten(),
            channel_order_id: ChannelOrderId::parse(&id.required()?)
                .map_err(|_| id.malformed("is no order id"))?,
        })
    }
}

/// Whether Amazon can deliver to the queue at all. To a FIFO queue it sends nothing and says so
/// nowhere (selling-partner-api-models#1441).
fn check_queue(queue: &str) -> Result<(), ChannelError> {
    let parts: Vec<&str> = queue.split(':').collect();
    let is_queue = matches!(parts.as_slice(), ["arn", "aws", "sqs", rest @ ..]
        if rest.len() == 3 && rest.iter().all(|part| !part.is_empty()));
    if !is_queue || queue.contains(char::is_whitespace) {
        return Err(ChannelError::Refused("Amazon wants the ARN of an SQS queue".to_owned()));
    }
    if queue.ends_with(".fifo") {
        return Err(ChannelError::Refused(
            "Amazon does not deliver to FIFO queues; use a standard queue".to_owned(),
        ));
    }
    Ok(())
}

/// The four requests.
struct Asking<'a> {
    connection: &'a Connection,
    token: &'a AccessToken,
}

impl Asking<'_> {
    fn request(&self, method: Method, path: &str, query: Query) -> HttpRequest {
        requests::request(self.connection, self.token, method, path, query)
    }

    fn destinations(&self) -> SubscribeStep {
        let request = self.request(Method::Get, DESTINATIONS, Query::default());
        SubscribeStep::Ask(GET_DESTINATIONS, Grant::Application, request)
    }

    fn create_destination(&self, queue: &str) -> SubscribeStep {
        // A name of its own for each queue, so that two deployments of one application never meet.
        let digest = Sha256::digest(queue);
        let name: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let body =
            json!({ "name": format!("weir-{name}"), "resourceSpecification": { "sqs": { "arn": queue } } });
        let request = self
            .request(Method::Post, DESTINATIONS, Query::default())
            .with_body("application/json", body.to_string());
        SubscribeStep::Ask(CREATE_DESTINATION, Grant::Application, request)
    }

    fn subscription(&self) -> SubscribeStep {
        let query = Query::default().with("payloadVersion", PAYLOAD_VERSION);
        let request = self.request(Method::Get, ORDER_CHANGES, query);
        SubscribeStep::Ask(GET_SUBSCRIPTION, Grant::Merchant, request)
    }

    fn create_subscription(&self, destination: &str) -> SubscribeStep {
        let body = json!({ "payloadVersion": PAYLOAD_VERSION, "destinationId": destination });
        let request = self
            .request(Method::Post, ORDER_CHANGES, Query::default())
            .with_body("application/json", body.to_string());
        SubscribeStep::Ask(CREATE_SUBSCRIPTION, Grant::Merchant, request)
    }
}

/// The destination that delivers to the queue, if the application has one.
fn find_destination(response: &HttpResponse, queue: &str) -> Result<Option<String>, ChannelError> {
    let text = errors::success(response)?;
    let find = || {
        let answer = json::parse(&text)?.object()?;
        for node in answer.get("payload").list()?.iter() {
            let destination = node.object()?;
            let resource = destination.get("resource").object()?;
            let sqs = resource.get("sqs").object()?;
            if sqs.get("arn").words()?.as_deref() == Some(queue) {
                return destination.get("destinationId").required().map(Some);
            }
        }
        Ok(None)
    };
    find().map_err(unreadable)
}

/// The seller's subscription, if it has one and it delivers to the destination.
///
/// # Errors
/// If it delivers elsewhere: an application has one subscription for a seller, and taking it away
/// from another deployment is a person's decision.
fn find_subscription(response: &HttpResponse, destination: &str) -> Result<Option<String>, ChannelError> {
    if response.status == 404 {
        return Ok(None);
    }
    let text = errors::success(response)?;
    let find = || {
        let answer = json::parse(&text)?.object()?;
        let subscription = answer.get("payload").object()?;
        let id = subscription.get("subscriptionId").words()?;
        Ok((id, subscription.get("destinationId").words()?))
    };
    match find().map_err(unreadable)? {
        (None, _) => Ok(None),
        (Some(id), target) if target.as_deref() == Some(destination) => Ok(Some(id)),
        (Some(_), _) => Err(ChannelError::Refused(
            "this application's ORDER_CHANGE notifications of the seller already go to another queue; \
             delete that subscription first"
                .to_owned(),
        )),
    }
}

/// The id of what was made.
fn created(response: &HttpResponse, field: &str) -> Result<String, ChannelError> {
    let text = errors::success(response)?;
    let read = || {
        let answer: Object<'_, '_> = json::parse(&text)?.object()?;
        let payload = answer.get("payload").object()?;
        payload.get(field).required()
    };
    read().map_err(unreadable)
}
