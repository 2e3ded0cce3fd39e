//! Which hooks a store has: looked at before anything is made, so that doing it twice leaves one of each,
//! and what BigCommerce switched off after failures or quiet months is switched on again. (SPEC OP-08)

use serde_json::{Value, json};
use weir_domain::connection::Connection;

use super::{OWN_HEADER, SUBSCRIBED_SCOPES, own_header_value};
use crate::{
    bigcommerce::{
        rest::{CALL, get, request, some_text_of, text_of},
        store::next_page,
    },
    channel::{Call, ChannelError, MalformedOrder, WebhookStep, unreadable},
    http::{HttpRequest, HttpResponse, Method},
    json,
};

/// Hooks of a page: the most that V3 gives at once.
const PAGE: usize = 250;

/// What the address of a hook begins with: TLS alone.
const TLS: &str = "https://";

/// A hook that there is.
struct Hook {
    id: String,
    scope: String,
    destination: String,
    is_active: bool,
    /// The value of the header of Weir's own, if it carries one.
    own_header: Option<String>,
}

/// The pages of the list, as far as they were answered.
enum Listed<'a> {
    /// The next page has to be asked for.
    Next(String),
    /// All of them, and the answers to what followed.
    All(Vec<Hook>, &'a [HttpResponse]),
}

/// What one scope takes.
enum Repair {
    /// There is no hook of it.
    Make,
    /// There is one that is off, or carries another header.
    Mend(String),
}

impl Repair {
    const fn method(&self) -> Method {
        match self {
            Self::Make => Method::Post,
            Self::Mend(_) => Method::Put,
        }
    }
}

/// Asks for the list, and then mends or makes one scope after the other.
pub(super) fn subscribe(
    call: Call<'_>,
    target: &str,
    answers: &[HttpResponse],
) -> Result<WebhookStep, ChannelError> {
    check_target(call.connection, target)?;
    let (hooks, answers) = match listed(answers)? {
        Listed::Next(page) => return Ok(ask_list(call, &page)),
        Listed::All(hooks, answers) => (hooks, answers),
    };
    let value = own_header_value(&call.token.token);
    let wanted: Vec<(&str, Repair)> = SUBSCRIBED_SCOPES
        .into_iter()
        .filter_map(|scope| Some((scope, repair(&hooks, scope, target, &value)?)))
        .collect();
    let (mut changed, mut denied) = (Vec::new(), Vec::new());
    for ((scope, repair), answer) in wanted.iter().zip(answers) {
        match check(repair.method(), answer) {
            Ok(()) => changed.push((*scope).to_owned()),
            // One permission that is missing keeps none of the other scopes away.
            Err(ChannelError::Denied(_)) => denied.push((*scope).to_owned()),
            Err(error) => return Err(error),
        }
    }
    // What may be done nowhere is no single scope's matter.
    if !denied.is_empty() && denied.len() == SUBSCRIBED_SCOPES.len() {
        return Err(ChannelError::Denied("the application may not make webhooks".to_owned()));
    }
    let Some((scope, repair)) = wanted.get(answers.len()) else {
        return Ok(WebhookStep::Done { changed, denied });
    };
    let body = json!({
        "scope": scope,
        "destination": target,
        "is_active": true,
        "headers": { OWN_HEADER: value },
    });
    let asked = match repair {
        Repair::Make => write(call, repair.method(), "v3/hooks", &body),
        Repair::Mend(id) => write(call, repair.method(), &format!("v3/hooks/{id}"), &body),
    };
    Ok(WebhookStep::Ask(CALL, asked))
}

/// What has to be done for a scope; nothing where a hook delivers to the target, is on, and carries the
/// header.
fn repair(hooks: &[Hook], scope: &str, target: &str, value: &str) -> Option<Repair> {
    let mut ours = hooks.iter().filter(|hook| hook.scope == scope && hook.destination == target);
    let is_well = |hook: &Hook| hook.is_active && hook.own_header.as_deref() == Some(value);
    let first = ours.next();
    let is_there = first.is_some_and(is_well) || ours.any(is_well);
    match (is_there, first) {
        (true, _) => None,
        (false, Some(hook)) => Some(Repair::Mend(hook.id.clone())),
        (false, None) => Some(Repair::Make),
    }
}

/// Asks for the list, and then takes back what delivers to the target. What delivers elsewhere is somebody
/// else's.
pub(super) fn unsubscribe(
    call: Call<'_>,
    target: &str,
    answers: &[HttpResponse],
) -> Result<WebhookStep, ChannelError> {
    let (hooks, answers) = match listed(answers)? {
        Listed::Next(page) => return Ok(ask_list(call, &page)),
        Listed::All(hooks, answers) => (hooks, answers),
    };
    let ours: Vec<Hook> = hooks.into_iter().filter(|hook| hook.destination == target).collect();
    for answer in answers {
        check(Method::Delete, answer)?;
    }
    match ours.get(answers.len()) {
        Some(hook) => {
            let path = format!("v3/hooks/{}", hook.id);
            Ok(WebhookStep::Ask(CALL, request(call, Method::Delete, &path)))
        }
        None => Ok(WebhookStep::Done {
            changed: ours.into_iter().map(|hook| hook.scope).collect(),
            denied: Vec::new(),
        }),
    }
}

/// BigCommerce takes no other addresses; what stands in for it at an endpoint of the connection's own decides
/// that by itself, since it may be on the machine that it delivers to.
fn check_target(connection: &Connection, target: &str) -> Result<(), ChannelError> {
    let rest = target.strip_prefix(TLS);
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_one = host.is_some_and(|host| {
        let port = host.split_once(':').map(|(_, port)| port);
        !host.is_empty() && port.is_none_or(|port| port == "443")
    });
    let is_for_a_stand_in = connection.endpoints.api.is_some() && target.starts_with("http://");
    if (is_one || is_for_a_stand_in) && !target.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(ChannelError::Refused(
        "BigCommerce delivers webhooks to https addresses on port 443 alone".to_owned(),
    ))
}

fn ask_list(call: Call<'_>, page: &str) -> WebhookStep {
    WebhookStep::Ask(CALL, get(call, &format!("v3/hooks?limit={PAGE}&page={page}")))
}

fn write(call: Call<'_>, method: Method, path: &str, body: &Value) -> HttpRequest {
    request(call, method, path).with_body("application/json", body.to_string())
}

fn listed(answers: &[HttpResponse]) -> Result<Listed<'_>, ChannelError> {
    let mut hooks = Vec::new();
    for (index, response) in answers.iter().enumerate() {
        let next = match text_of(response)? {
            Some(text) => read_page(&text, &mut hooks).map_err(unreadable)?,
            None => None,
        };
        match next {
            Some(page) if index + 1 == answers.len() => return Ok(Listed::Next(page)),
            Some(_) => {}
            None => return Ok(Listed::All(hooks, answers.get(index + 1..).unwrap_or_default())),
        }
    }
    Ok(Listed::Next("1".to_owned()))
}

fn read_page(text: &str, hooks: &mut Vec<Hook>) -> Result<Option<String>, MalformedOrder> {
    let answer = json::parse(text)?.object()?;
    let data = answer.get("data");
    if !data.is_given() {
        return Err(data.malformed("is missing"));
    }
    for node in data.list()?.iter() {
        let hook = node.object()?;
        let id = hook.get("id");
        let number = id.digits()?;
        // Empty headers come as `null`, as an object or as an empty list.
        let own_header = hook
            .get("headers")
            .object()
            .ok()
            .and_then(|headers| headers.get_any_case(OWN_HEADER).words().ok().flatten());
        hooks.push(Hook {
            id: number.ok_or_else(|| id.malformed("is missing"))?,
            scope: hook.get("scope").words()?.unwrap_or_default(),
            destination: hook.get("destination").words()?.unwrap_or_default(),
            is_active: hook.get("is_active").flag()?.unwrap_or(false),
            own_header,
        });
    }
    next_page(&answer)
}

/// Whether a change was made. What somebody else has made meanwhile is there, and what he has removed is
/// gone; one that was to be mended and is gone is missing until the next look makes it anew.
fn check(method: Method, response: &HttpResponse) -> Result<(), ChannelError> {
    match (response.status, method) {
        (404, Method::Delete) | (409 | 204, _) => Ok(()),
        (404, Method::Put) => {
            Err(ChannelError::Trouble("a hook was removed while it was to be mended".to_owned()))
        }
        _ => some_text_of(response).map(|_| ()),
    }
}
