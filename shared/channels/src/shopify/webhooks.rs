//! Shopify's webhooks: verified on the bytes as they came, then read for the ids of what changed and
//! nothing else. What a payload says of an order is never believed: it may be hours old.

mod topics;
mod subscriptions;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use weir_domain::{Timestamp, connection::Connection, ids::ChannelOrderId};

pub use topics::SUBSCRIBED as SUBSCRIBED_TOPICS;

use self::topics::Topic;
use super::{
    access::{CLIENT_SECRET, WEBHOOK_SECRET, WEBHOOK_SECRETS},
    graphql::{self, Document, GET_ORDER_OF_PART},
    ids,
    setup::normal_shop,
};
use crate::{
    channel::{
        About, AccessToken, Call, ChannelError, Credentials, Delivery, FindOrder, MalformedOrder, OrderPart,
        PrivacyRequest, Secret, WebhookError, WebhookStep, Webhooks,
    },
    http::HttpResponse,
    json::{self, Node, Object},
    webhooks::digest,
    words::short,
};

/// Bytes of a body that are read. The door refuses what is larger; Shopify's own stay far below.
pub const MAX_WEBHOOK_BYTES: usize = 5 * 1024 * 1024;

/// Secrets that are tried: one that signs, one that is being replaced, and some to spare.
const MAX_SECRETS: usize = 8;

/// Orders that one privacy request names at most here; a longer list is a customer's whole past.
const MAX_PRIVACY_ORDERS: usize = 10_000;

/// The longest id, topic or version that a header is believed to carry.
const HEADER_CHARS: usize = 200;

const HMAC_HEADER: &str = "x-shopify-hmac-sha256";
const TOPIC_HEADER: &str = "x-shopify-topic";
const SHOP_HEADER: &str = "x-shopify-shop-domain";
const EVENT_HEADER: &str = "x-shopify-event-id";
const DELIVERY_HEADER: &str = "x-shopify-webhook-id";
const VERSION_HEADER: &str = "x-shopify-api-version";
const TIME_HEADER: &str = "x-shopify-triggered-at";
const NAME_HEADER: &str = "x-shopify-name";

/// The headers that an event of the partner bus has in its metadata.
const BUS_HEADERS: [&str; 7] =
    [TOPIC_HEADER, SHOP_HEADER, EVENT_HEADER, DELIVERY_HEADER, VERSION_HEADER, TIME_HEADER, NAME_HEADER];

/// What the partner bus's events name as their source, before the application's number.
const BUS_SOURCE: &str = "aws.partner/shopify.com/";

/// Shopify's webhooks.
pub(super) struct ShopifyWebhooks;

impl Webhooks for ShopifyWebhooks {
    /// The secrets of the connection, a list or one on a line, and the application's client secret: with
    /// that one Shopify signs, and for up to an hour after a rotation with the one before.
    fn secrets(&self, credentials: &Credentials) -> Vec<Secret> {
        [WEBHOOK_SECRETS, WEBHOOK_SECRET, CLIENT_SECRET]
            .into_iter()
            .filter_map(|name| credentials.get(name))
            .flat_map(|secret| list_of(secret.expose()))
            .map(Secret::new)
            .collect()
    }

    fn receive(
        &self,
        connection: &Connection,
        secrets: &[Secret],
        headers: &[(String, String)],
        body: &[u8],
        // Its signatures do not age: what comes again late is looked at again, which changes nothing.
        _now: Timestamp,
    ) -> Result<Delivery, WebhookError> {
        verify(secrets, headers, body)?;
        let delivery = read(&Headers(headers), body)?;
        // A right signature of the application shows that Shopify sent it, and not for whom.
        if delivery.account == normal_shop(&connection.remote.account) {
            Ok(delivery)
        } else {
            Err(unusable("it is of another shop than this connection's"))
        }
    }

    fn receive_from_bus(&self, event: &[u8]) -> Result<Delivery, WebhookError> {
        if event.len() > MAX_WEBHOOK_BYTES {
            return Err(unusable("it is too large"));
        }
        let text = json::text_of(event);
        let read_event = || {
            let event = json::parse(&text)?.object()?;
            let source = event.get("source").required()?;
            let detail = event.get("detail").object()?;
            let metadata = detail.get("metadata").object()?;
            let mut headers = Vec::new();
            for name in BUS_HEADERS {
                if let Some(value) = metadata.get_any_case(name).words()? {
                    headers.push((name.to_owned(), value));
                }
            }
            let payload = detail.get("payload");
            let payload = payload.raw().ok_or_else(|| payload.malformed("is missing"))?.to_owned();
            Ok((source, headers, payload))
        };
        let (source, headers, payload) =
            read_event().map_err(|error: MalformedOrder| unusable(error.message))?;
        if !source.starts_with(BUS_SOURCE) {
            return Err(unusable("it does not come from Shopify's partner bus"));
        }
        read(&Headers(&headers), payload.as_bytes())
    }

    fn find_order(
        &self,
        connection: &Connection,
        token: &AccessToken,
        part: &OrderPart,
        answers: &[HttpResponse],
    ) -> Result<FindOrder, ChannelError> {
        let Some(response) = answers.first() else {
            let call = Call { connection, token };
            let variables = serde_json::json!({ "id": part.id });
            return Ok(FindOrder::Ask(GET_ORDER_OF_PART, Document::OrderOfPart.request(call, &variables)));
        };
        let answer = graphql::Answer::read(response)?;
        answer.whole()?;
        let find = || {
            let data = answer.data()?.object()?;
            let node = data.get("node").object()?;
            for name in ["order", "maybeOrder"] {
                let order = node.get(name).object()?;
                if let Some(id) = order_id(&order.get("id"))? {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        };
        match find().map_err(|error: MalformedOrder| ChannelError::Unreadable(error.message))? {
            Some(id) => Ok(FindOrder::Found(id)),
            None => Ok(FindOrder::NotFound),
        }
    }

    fn subscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        target: &str,
        answers: &[HttpResponse],
    ) -> Result<WebhookStep, ChannelError> {
        subscriptions::subscribe(Call { connection, token }, target, answers)
    }

    fn unsubscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        target: &str,
        answers: &[HttpResponse],
    ) -> Result<WebhookStep, ChannelError> {
        subscriptions::unsubscribe(Call { connection, token }, target, answers)
    }
}

/// The secrets of a text: a JSON list, or one beside the other.
fn list_of(text: &str) -> Vec<String> {
    let listed: Option<Vec<String>> = serde_json::from_str(text).ok();
    let listed = listed
        .unwrap_or_else(|| text.split(|c: char| c == ',' || c.is_whitespace()).map(str::to_owned).collect());
    listed.into_iter().filter(|secret| !secret.trim().is_empty()).collect()
}

fn unusable(why: impl Into<String>) -> WebhookError {
    WebhookError::Unusable(why.into())
}

/// Whether one of the secrets signed these bytes. Every secret is tried, so that the time it takes
/// tells nothing; a header that comes twice is no signature at all.
fn verify(secrets: &[Secret], headers: &[(String, String)], body: &[u8]) -> Result<(), WebhookError> {
    let secrets: Vec<&Secret> = secrets.iter().filter(|secret| !secret.expose().trim().is_empty()).collect();
    if secrets.is_empty() {
        return Err(WebhookError::Unverified("this connection has no webhook secret"));
    }
    let mut given = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(HMAC_HEADER));
    let (Some((_, signature)), None) = (given.next(), given.next()) else {
        return Err(WebhookError::Unverified("there is not one signature"));
    };
    let Ok(signature) = BASE64_STANDARD.decode(signature) else {
        return Err(WebhookError::Unverified("the signature is not in base64"));
    };
    if body.len() > MAX_WEBHOOK_BYTES {
        return Err(WebhookError::Unverified("the body is too large"));
    }
    let mut verified = Choice::from(0);
    for secret in secrets.into_iter().take(MAX_SECRETS) {
        verified |= digest(secret.expose().as_bytes(), &[body]).as_slice().ct_eq(&signature);
    }
    if bool::from(verified) {
        Ok(())
    } else {
        Err(WebhookError::Unverified("no secret of this connection made it"))
    }
}

/// The headers of a delivery. Their case says nothing.
struct Headers<'a>(&'a [(String, String)]);

impl Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(header, _)| header.eq_ignore_ascii_case(name))?.1.trim();
        (!value.is_empty() && value.len() <= HEADER_CHARS && value.is_ascii()).then_some(value)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// Reads what is well signed.
fn read(headers: &Headers<'_>, body: &[u8]) -> Result<Delivery, WebhookError> {
    let topic = headers.get(TOPIC_HEADER).ok_or_else(|| unusable("it has no topic"))?;
    let shop = headers.get(SHOP_HEADER).ok_or_else(|| unusable("it names no shop"))?;
    let account = normal_shop(shop);
    let (about, resource) = match Topic::parse(topic) {
        None => (About::Nothing, None),
        Some(topic) => read_body(topic, &json::text_of(body), &account)
            .map_err(|error| unusable(format!("{}: {}", topic.name(), error.message)))?,
    };
    Ok(Delivery {
        account,
        topic: short(&topic.to_ascii_lowercase()),
        event_id: headers.text(EVENT_HEADER),
        delivery_id: headers.text(DELIVERY_HEADER),
        subscription: headers.text(NAME_HEADER),
        api_version: headers.text(VERSION_HEADER),
        triggered_at: headers.get(TIME_HEADER).and_then(|time| time.parse::<Timestamp>().ok()),
        body_sha256: Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect(),
        about,
        resource,
    })
}

/// What a body is about, and the id of the thing itself where it is a part of an order.
fn read_body(topic: Topic, text: &str, account: &str) -> Result<(About, Option<String>), MalformedOrder> {
    let document = json::parse(text)?;
    document.check_depth()?;
    let body = document.object()?;
    check_topic(topic, &body, account)?;
    let resource = match topic {
        // Nobody acts on it alone: one that cannot be read is none.
        Topic::OfOrder(_) => [ids::number(&body.get("admin_graphql_api_id")), ids::number(&body.get("id"))]
            .into_iter()
            .find_map(|id| id.ok().flatten()),
        Topic::Order(_)
        | Topic::Uninstalled
        | Topic::CustomerData
        | Topic::EraseCustomer
        | Topic::EraseShop => None,
    };
    Ok((about(topic, &body, &document)?, resource))
}

/// What a body is about.
fn about(topic: Topic, body: &Object<'_, '_>, document: &Node<'_, '_>) -> Result<About, MalformedOrder> {
    match topic {
        Topic::Order(_) => Ok(About::Order(order_itself(body, document)?)),
        Topic::OfOrder(_) => match order_named(body)? {
            Some(id) => Ok(About::Order(id)),
            None => part(body, document),
        },
        // It says nothing but that it happened, and its body is about people.
        Topic::Uninstalled => Ok(About::Uninstalled),
        Topic::CustomerData => Ok(About::Privacy(PrivacyRequest::CustomerData {
            request: number_in(&body.get("data_request"), "id")?,
            customer: number_in(&body.get("customer"), "id")?,
            orders: orders(&body.get("orders_requested"))?,
        })),
        Topic::EraseCustomer => Ok(About::Privacy(PrivacyRequest::EraseCustomer {
            customer: number_in(&body.get("customer"), "id")?,
            orders: orders(&body.get("orders_to_redact"))?,
        })),
        Topic::EraseShop => {
            Ok(About::Privacy(PrivacyRequest::EraseShop { shop: ids::number(&body.get("shop_id"))? }))
        }
    }
}

/// Whether a body is of its topic, where the topic alone would do harm. The signature is of the body
/// and of none of the headers: an order's body that comes back as a request to erase is none, and
/// neither is another shop's.
fn check_topic(topic: Topic, body: &Object<'_, '_>, account: &str) -> Result<(), MalformedOrder> {
    let (shop, list) = match topic {
        Topic::Order(_) | Topic::OfOrder(_) => return Ok(()),
        // The one of the four that may leave the domain open; no other body has the field at all.
        Topic::Uninstalled => {
            let shop = body.get("myshopify_domain");
            if shop.is_null() {
                return Ok(());
            }
            (shop, None)
        }
        Topic::CustomerData => (body.get("shop_domain"), Some("orders_requested")),
        Topic::EraseCustomer => (body.get("shop_domain"), Some("orders_to_redact")),
        Topic::EraseShop => (body.get("shop_domain"), None),
    };
    if normal_shop(&shop.required()?) != account {
        return Err(shop.malformed("is another shop than the one that the delivery names"));
    }
    match list.map(|name| body.get(name)) {
        Some(list) if !list.is_given() => Err(list.malformed("is missing")),
        Some(_) | None => Ok(()),
    }
}

/// The order of a body that is one. Its global id comes first: it is a text, which nobody on the way
/// can have rounded.
fn order_itself(body: &Object<'_, '_>, document: &Node<'_, '_>) -> Result<ChannelOrderId, MalformedOrder> {
    for name in ["admin_graphql_api_id", "id"] {
        if let Some(id) = order_id(&body.get(name))? {
            return Ok(id);
        }
    }
    Err(document.malformed("names no order"))
}

/// The order that a body names beside its own id, wherever the topic has it.
fn order_named(body: &Object<'_, '_>) -> Result<Option<ChannelOrderId>, MalformedOrder> {
    for name in ["admin_graphql_api_order_id", "order_id"] {
        if let Some(id) = order_id(&body.get(name))? {
            return Ok(Some(id));
        }
    }
    for name in ["order", "order_edit", "fulfillment", "return", "fulfillment_order"] {
        let node = body.get(name);
        if !node.is_given() {
            continue;
        }
        let inner = node.object()?;
        if name == "order"
            && let Some(id) = [order_id(&inner.get("admin_graphql_api_id"))?, order_id(&inner.get("id"))?]
                .into_iter()
                .flatten()
                .next()
        {
            return Ok(Some(id));
        }
        if let Some(id) = order_id(&inner.get("order_id"))? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn order_id(node: &Node<'_, '_>) -> Result<Option<ChannelOrderId>, MalformedOrder> {
    let Some(text) = node.words()? else { return Ok(None) };
    ids::order(&text).map(Some).ok_or_else(|| node.malformed("is no order id"))
}

/// Where a body that names no order has the part of it: the fulfillment order or the return, and of
/// several (moved, split, merged) any one, since all are of the same order.
const PARTS: [(&str, &str); 7] = [
    ("fulfillment_order", "FulfillmentOrder"),
    ("moved_fulfillment_order", "FulfillmentOrder"),
    ("original_fulfillment_order", "FulfillmentOrder"),
    ("submitted_fulfillment_order", "FulfillmentOrder"),
    ("remaining_fulfillment_order", "FulfillmentOrder"),
    ("replacement_fulfillment_order", "FulfillmentOrder"),
    ("return", "Return"),
];

fn part(body: &Object<'_, '_>, document: &Node<'_, '_>) -> Result<About, MalformedOrder> {
    for (name, kind) in PARTS {
        let node = body.get(name);
        if !node.is_given() {
            continue;
        }
        let inner = node.object()?;
        for field in ["admin_graphql_api_id", "id"] {
            if let Some(part) = part_id(&inner.get(field), kind)? {
                return Ok(About::Part(part));
            }
        }
    }
    for list in ["fulfillment_order_merges", "merge_intents"] {
        if let Some(part) = part_in_list(&body.get(list))? {
            return Ok(About::Part(part));
        }
    }
    // The body is the part itself, and says of what kind it is.
    let own = body.get("admin_graphql_api_id");
    if let Some(id) = own.words()?
        && ["Return", "ReverseFulfillmentOrder", "FulfillmentOrder"]
            .iter()
            .any(|kind| ids::of_kind(&id, kind).is_some())
    {
        return Ok(About::Part(OrderPart { id }));
    }
    Err(document.malformed("names neither an order nor a part of one"))
}

/// A merge names its fulfillment orders in lists, which some samples have as a single object.
fn part_in_list(node: &Node<'_, '_>) -> Result<Option<OrderPart>, MalformedOrder> {
    let in_element = |element: &Node<'_, '_>| {
        let element = element.object()?;
        if let Some(part) = part_id(&element.get("fulfillment_order_id"), "FulfillmentOrder")? {
            return Ok(Some(part));
        }
        part_id(&element.get("fulfillment_order").object()?.get("id"), "FulfillmentOrder")
    };
    if node.raw().is_some_and(|raw| raw.starts_with('{')) {
        return in_element(node);
    }
    for element in node.list()?.iter() {
        if let Some(part) = in_element(&element)? {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

fn part_id(node: &Node<'_, '_>, kind: &str) -> Result<Option<OrderPart>, MalformedOrder> {
    let Some(text) = node.words()? else { return Ok(None) };
    let number = ids::of_kind(&text, kind).or_else(|| ids::plain(&text));
    let number = number.ok_or_else(|| node.malformed("is no id of its kind"))?;
    Ok(Some(OrderPart { id: ids::global(kind, &number) }))
}

fn number_in(node: &Node<'_, '_>, field: &str) -> Result<Option<String>, MalformedOrder> {
    let fields = node.object()?;
    ids::number(&fields.get(field))
}

fn orders(list: &Node<'_, '_>) -> Result<Vec<ChannelOrderId>, MalformedOrder> {
    let mut orders = Vec::new();
    for node in list.list()?.iter() {
        if orders.len() == MAX_PRIVACY_ORDERS {
            return Err(list.malformed("is longer than a privacy request may be"));
        }
        orders.push(order_id(&node)?.ok_or_else(|| node.malformed("is missing"))?);
    }
    Ok(orders)
}
