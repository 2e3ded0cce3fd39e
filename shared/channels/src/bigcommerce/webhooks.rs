//! BigCommerce's webhooks: verified on the bytes as they came, by their signature or by the header that
//! Weir had set on the hook, then read for the id of what changed and nothing else. What a payload says of
//! an order is never believed. (API-FACTS §3; RELIABILITY §3)

mod hooks;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use weir_domain::{Timestamp, connection::Connection, ids::ChannelOrderId};

use super::{
    access::{ACCESS_TOKEN, CLIENT_SECRET},
    orders,
    setup::normal_hash,
};
use crate::{
    channel::{
        About, AccessToken, Call, ChannelError, Credentials, Delivery, FindOrder, MalformedOrder, OrderPart,
        Secret, WebhookError, WebhookStep, Webhooks,
    },
    http::HttpResponse,
    json::{self, Node, Object},
    webhooks::digest,
    words::short,
};

/// The header of Weir's own that its hooks carry. BigCommerce sends it along as it was set.
pub const OWN_HEADER: &str = "x-weir-webhook";

/// What a connection subscribes to: whatever changes an order as Weir shows it, and the end of the
/// application.
pub const SUBSCRIBED_SCOPES: [&str; 6] = [
    "store/order/created",
    "store/order/updated",
    "store/order/archived",
    "store/order/statusUpdated",
    "store/order/refund/created",
    "store/app/uninstalled",
];

/// How old or how far ahead a signature's time may be. Source: Standard Webhooks.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Bytes of a body that are read. BigCommerce's own have a few hundred.
const MAX_WEBHOOK_BYTES: usize = 5 * 1024 * 1024;

/// Signatures of one header that are tried: one for each secret while one replaces another.
const MAX_SIGNATURES: usize = 8;

/// The longest id that a header is believed to carry.
const HEADER_CHARS: usize = 200;

const ID_HEADER: &str = "webhook-id";
const TIME_HEADER: &str = "webhook-timestamp";
const SIGNATURE_HEADER: &str = "webhook-signature";

/// What a signature of the first version begins with.
const FIRST_VERSION: &str = "v1,";

/// What a producer begins with, before the store's hash.
const PRODUCER: &str = "stores/";

/// What stands before a secret that is the value of [`OWN_HEADER`] and signs nothing. No client secret
/// has a space in it.
const OF_OWN_HEADER: &str = "header of weir: ";

/// BigCommerce's webhooks.
pub(super) struct BigCommerceWebhooks;

impl Webhooks for BigCommerceWebhooks {
    /// The application's client secret, which signs, and the value of the header of Weir's own.
    fn secrets(&self, credentials: &Credentials) -> Vec<Secret> {
        let given =
            |name: &str| credentials.get(name).map(|secret| secret.expose().trim()).unwrap_or_default();
        let mut secrets = Vec::new();
        if !given(CLIENT_SECRET).is_empty() {
            secrets.push(Secret::new(given(CLIENT_SECRET)));
        }
        if !given(ACCESS_TOKEN).is_empty() {
            let value = own_header_value(&Secret::new(given(ACCESS_TOKEN)));
            secrets.push(Secret::new(format!("{OF_OWN_HEADER}{value}")));
        }
        secrets
    }

    fn receive(
        &self,
        connection: &Connection,
        secrets: &[Secret],
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Delivery, WebhookError> {
        verify(secrets, headers, body, now)?;
        let delivery = read(headers, body)?;
        // A right signature of the application shows that BigCommerce sent it, and not for whom.
        if delivery.account == normal_hash(&connection.remote.account) {
            Ok(delivery)
        } else {
            Err(unusable("it is of another store than this connection's"))
        }
    }

    /// There is no bus that BigCommerce alone can write to.
    fn receive_from_bus(&self, _event: &[u8]) -> Result<Delivery, WebhookError> {
        Err(unusable("BigCommerce delivers over no bus"))
    }

    /// Every delivery names its order.
    fn find_order(
        &self,
        _connection: &Connection,
        _token: &AccessToken,
        _part: &OrderPart,
        _answers: &[HttpResponse],
    ) -> Result<FindOrder, ChannelError> {
        Ok(FindOrder::NotFound)
    }

    fn subscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        target: &str,
        answers: &[HttpResponse],
    ) -> Result<WebhookStep, ChannelError> {
        hooks::subscribe(Call { connection, token }, target, answers)
    }

    fn unsubscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        target: &str,
        answers: &[HttpResponse],
    ) -> Result<WebhookStep, ChannelError> {
        hooks::unsubscribe(Call { connection, token }, target, answers)
    }
}

/// The value of [`OWN_HEADER`]: it follows from the access token, so that nothing has to be stored for it,
/// and gives nothing of the token away. With another token the next audit of the hooks sets another.
fn own_header_value(token: &Secret) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(token.expose().as_bytes(), &[b"weir webhook header 1"]))
}

fn unusable(why: impl Into<String>) -> WebhookError {
    WebhookError::Unusable(why.into())
}

/// Whether BigCommerce sent these bytes: signed with a client secret a few minutes ago at most, or with the
/// header that only it was told. There is no third way in.
fn verify(
    secrets: &[Secret],
    headers: &[(String, String)],
    body: &[u8],
    now: Timestamp,
) -> Result<(), WebhookError> {
    let refused = |why: &'static str| Err(WebhookError::Unverified(why));
    let given = secrets.iter().map(Secret::expose).filter(|secret| !secret.trim().is_empty());
    let (own, signing): (Vec<&str>, Vec<&str>) = given.partition(|secret| secret.starts_with(OF_OWN_HEADER));
    if own.is_empty() && signing.is_empty() {
        return refused("this connection has no webhook secret");
    }
    if body.len() > MAX_WEBHOOK_BYTES {
        return refused("the body is too large");
    }
    if has_own_header(&own, headers) {
        return Ok(());
    }
    let (Some(id), Some(time), Some(signatures)) =
        (only(headers, ID_HEADER), only(headers, TIME_HEADER), only(headers, SIGNATURE_HEADER))
    else {
        return refused("there is not one signature, nor the header of this connection");
    };
    let signed_at = time.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let Some(signed_at) = signed_at else { return refused("the signature's time is none") };
    let mut verified = Choice::from(0);
    let first_version = signatures.split_ascii_whitespace().filter_map(|one| one.strip_prefix(FIRST_VERSION));
    for signature in first_version.take(MAX_SIGNATURES) {
        let Ok(signature) = BASE64_STANDARD.decode(signature) else { continue };
        for secret in &signing {
            let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", body];
            verified |= digest(secret.as_bytes(), &parts).as_slice().ct_eq(&signature);
        }
    }
    if !bool::from(verified) {
        return refused("no secret of this connection made it");
    }
    if now.duration_since(signed_at).abs() > TOLERANCE {
        return refused("the signature is of another time");
    }
    Ok(())
}

/// Whether the one header of Weir's own has the right value.
fn has_own_header(own: &[&str], headers: &[(String, String)]) -> bool {
    let Some(value) = only(headers, OWN_HEADER) else { return false };
    let mut verified = Choice::from(0);
    for secret in own.iter().filter_map(|secret| secret.strip_prefix(OF_OWN_HEADER)) {
        verified |= secret.as_bytes().ct_eq(value.as_bytes());
    }
    bool::from(verified)
}

/// The value of a header that is there once. Its case says nothing.
fn only<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value.trim()),
        (_, _) => None,
    }
}

/// Reads what is verified.
fn read(headers: &[(String, String)], body: &[u8]) -> Result<Delivery, WebhookError> {
    let text = json::text_of(body);
    let read = || {
        let document = json::parse(&text)?;
        document.check_depth()?;
        read_body(&document)
    };
    let told: Told = read().map_err(|error: MalformedOrder| unusable(error.message))?;
    let id = only(headers, ID_HEADER)
        .filter(|id| !id.is_empty() && id.len() <= HEADER_CHARS && id.is_ascii())
        .map(str::to_owned);
    Ok(Delivery {
        account: told.account,
        topic: told.scope,
        event_id: told.hash,
        delivery_id: id,
        subscription: None,
        api_version: None,
        triggered_at: told.at,
        body_sha256: Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect(),
        about: told.about,
        resource: told.resource,
    })
}

/// What a body tells.
struct Told {
    account: String,
    scope: String,
    /// Equal for every delivery of the same event.
    hash: Option<String>,
    at: Option<Timestamp>,
    about: About,
    resource: Option<String>,
}

fn read_body(document: &Node<'_, '_>) -> Result<Told, MalformedOrder> {
    let body = document.object()?;
    let producer = body.get("producer");
    let account = producer.required()?.strip_prefix(PRODUCER).map(normal_hash);
    let account = account.ok_or_else(|| producer.malformed("names no store"))?;
    let scope = body.get("scope").required()?;
    let data = body.get("data").object()?;
    let (about, resource) = about(&scope, &data)?;
    let seconds = body.get("created_at").decimal().ok().flatten();
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds.trunc()).ok());
    Ok(Told {
        account,
        hash: body.get("hash").words()?.map(|hash| short(&hash)),
        at: seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        scope: short(&scope),
        about,
        resource,
    })
}

/// What a scope is about, and the id of the thing itself where that is not the order.
fn about(scope: &str, data: &Object<'_, '_>) -> Result<(About, Option<String>), MalformedOrder> {
    if scope == "store/app/uninstalled" {
        return Ok((About::Uninstalled, None));
    }
    let kind = data.get("type").words()?.unwrap_or_default();
    // A message to the buyer and a metafield change nothing that Weir shows.
    let is_noise = ["store/order/message/", "store/order/metafield/"].iter().any(|of| scope.starts_with(of));
    if is_noise || !(scope.starts_with("store/order/") || scope.starts_with("store/shipment/")) {
        return Ok((About::Nothing, None));
    }
    for name in ["order_id", "orderId"] {
        if let Some(order) = order_id(&data.get(name))? {
            let resource = data.get("id").words().ok().flatten().map(|id| short(&id));
            return Ok((About::Order(order), resource));
        }
    }
    let id = data.get("id");
    if kind != "order" {
        return Err(id.malformed("is of something whose order is not told"));
    }
    let order = order_id(&id)?.ok_or_else(|| id.malformed("is missing"))?;
    let refund = data.get("refund").object()?.get("refund_id").words()?.map(|id| short(&id));
    Ok((About::Order(order), refund))
}

fn order_id(node: &Node<'_, '_>) -> Result<Option<ChannelOrderId>, MalformedOrder> {
    let Some(text) = node.words()? else { return Ok(None) };
    orders::order_id(&text).map(Some).ok_or_else(|| node.malformed("is no order id"))
}
