//! Which topics a shop delivers: looked at before anything is made, so that doing it twice leaves one
//! subscription of each, and what Shopify removed after failures is put back. (SPEC OP-08)

use serde_json::json;
use weir_domain::connection::Connection;

use super::SUBSCRIBED_TOPICS;
use crate::{
    channel::{Call, ChannelError, MalformedOrder, WebhookStep, unreadable},
    http::HttpResponse,
    shopify::graphql::{Answer, CHANGE, Document, GET_SHOP, check_user_errors, next_page},
    words::short,
};

/// A subscription that there is.
struct Subscription {
    id: String,
    topic: String,
    uri: String,
}

/// The pages of the list, as far as they were answered.
enum Listed<'a> {
    /// The next page has to be asked for.
    Next(Option<String>),
    /// All of them, and the answers to what followed.
    All(Vec<Subscription>, &'a [HttpResponse]),
}

/// Asks for the list, and then for each topic that is missing, one after the other.
pub(super) fn subscribe(
    call: Call<'_>,
    target: &str,
    answers: &[HttpResponse],
) -> Result<WebhookStep, ChannelError> {
    check_target(call.connection, target)?;
    let (subscriptions, answers) = match listed(answers)? {
        Listed::Next(page) => return Ok(ask_list(call, page.as_deref())),
        Listed::All(subscriptions, answers) => (subscriptions, answers),
    };
    let is_there = |topic: &str| {
        subscriptions.iter().any(|subscription| subscription.topic == topic && subscription.uri == target)
    };
    let missing: Vec<&str> = SUBSCRIBED_TOPICS.into_iter().filter(|topic| !is_there(topic)).collect();
    let (mut changed, mut denied) = (Vec::new(), Vec::new());
    for (topic, answer) in missing.iter().zip(answers) {
        match check(answer, "webhookSubscriptionCreate") {
            Ok(()) => changed.push((*topic).to_owned()),
            // One scope that is missing keeps none of the other topics away.
            Err(ChannelError::Denied(_)) if answer.status == 200 => denied.push((*topic).to_owned()),
            Err(error) => return Err(error),
        }
    }
    match missing.get(answers.len()) {
        Some(topic) => {
            let variables = json!({ "topic": topic, "subscription": { "uri": target, "format": "JSON" } });
            Ok(WebhookStep::Ask(CHANGE, Document::WebhookSubscriptionCreate.request(call, &variables)))
        }
        None => Ok(WebhookStep::Done { changed, denied }),
    }
}

/// Asks for the list, and then takes back what delivers to the target. What delivers elsewhere is
/// somebody else's.
pub(super) fn unsubscribe(
    call: Call<'_>,
    target: &str,
    answers: &[HttpResponse],
) -> Result<WebhookStep, ChannelError> {
    let (subscriptions, answers) = match listed(answers)? {
        Listed::Next(page) => return Ok(ask_list(call, page.as_deref())),
        Listed::All(subscriptions, answers) => (subscriptions, answers),
    };
    let ours: Vec<Subscription> =
        subscriptions.into_iter().filter(|subscription| subscription.uri == target).collect();
    for answer in answers {
        check(answer, "webhookSubscriptionDelete")?;
    }
    match ours.get(answers.len()) {
        Some(subscription) => {
            let variables = json!({ "id": subscription.id });
            Ok(WebhookStep::Ask(CHANGE, Document::WebhookSubscriptionDelete.request(call, &variables)))
        }
        None => Ok(WebhookStep::Done {
            changed: ours.into_iter().map(|subscription| subscription.topic).collect(),
            denied: Vec::new(),
        }),
    }
}

/// Shopify delivers to an address over TLS, to Pub/Sub, or to a partner event source.
/// Shopify takes none of `http`; what stands in for it at an endpoint of the connection's own decides that
/// by itself, since it may be on the machine that it delivers to.
fn check_target(connection: &Connection, target: &str) -> Result<(), ChannelError> {
    let known = ["https://", "pubsub://", "arn:aws:events:"].iter().any(|start| target.starts_with(start));
    let is_for_a_stand_in = connection.endpoints.api.is_some() && target.starts_with("http://");
    if (known || is_for_a_stand_in) && !target.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(ChannelError::Refused(
        "Shopify delivers webhooks to an https address, a Pub/Sub topic or a partner event source".to_owned(),
    ))
}

fn ask_list(call: Call<'_>, page: Option<&str>) -> WebhookStep {
    let variables = json!({ "after": page });
    WebhookStep::Ask(GET_SHOP, Document::WebhookSubscriptions.request(call, &variables))
}

fn listed(answers: &[HttpResponse]) -> Result<Listed<'_>, ChannelError> {
    let mut subscriptions = Vec::new();
    let mut next = None;
    for (index, response) in answers.iter().enumerate() {
        let answer = Answer::read(response)?;
        answer.whole()?;
        next = read_page(&answer, &mut subscriptions).map_err(unreadable)?;
        if next.is_none() {
            return Ok(Listed::All(subscriptions, answers.get(index + 1..).unwrap_or_default()));
        }
    }
    Ok(Listed::Next(next))
}

fn read_page(
    answer: &Answer,
    subscriptions: &mut Vec<Subscription>,
) -> Result<Option<String>, MalformedOrder> {
    let data = answer.data()?.object()?;
    let list = data.get("webhookSubscriptions");
    if !list.is_given() {
        return Err(list.malformed("is missing"));
    }
    let list = list.object()?;
    for node in list.get("nodes").list()?.iter() {
        let subscription = node.object()?;
        subscriptions.push(Subscription {
            id: subscription.get("id").required()?,
            topic: short(&subscription.get("topic").required()?),
            uri: subscription.get("uri").words()?.unwrap_or_default(),
        });
    }
    next_page(&list)
}

/// Whether a change was made. A topic that somebody else has subscribed to meanwhile is there, which
/// is all that was wanted.
fn check(response: &HttpResponse, mutation: &str) -> Result<(), ChannelError> {
    let answer = Answer::read(response)?;
    answer.whole()?;
    let data = answer.data().and_then(|data| data.object()).map_err(unreadable)?;
    let payload = data.get(mutation).object().map_err(unreadable)?;
    match check_user_errors(&payload) {
        Err(ChannelError::Refused(why)) if is_done_already(&why) => Ok(()),
        Err(ChannelError::Refused(why)) if is_denied(&why) => Err(ChannelError::Denied(why)),
        result => result,
    }
}

fn is_done_already(why: &str) -> bool {
    ["already been taken", "does not exist"].iter().any(|part| why.contains(part))
}

/// Whether a scope is missing for a topic, as the mutation itself says it.
fn is_denied(why: &str) -> bool {
    ["permission", "access scope"].iter().any(|part| why.contains(part))
}
