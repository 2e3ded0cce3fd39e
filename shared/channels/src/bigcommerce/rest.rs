//! BigCommerce's REST API: how it is asked, what an answer means before its content is looked at, and what
//! its headers say of the store's rate limit. (SPEC G-12; API-FACTS §3)

use std::{borrow::Cow, time::Duration};

use super::setup::base;
use crate::{
    channel::{Budget, Call, ChannelError, Operation},
    http::{HttpRequest, HttpResponse, Method},
    json,
    words::safe,
};

/// The API that orders are read from, and how their snapshots are marked.
pub const ORDERS_API: &str = "v2";

/// BigCommerce asks nobody to name himself; its support finds calls by it all the same.
const USER_AGENT: &str = concat!("Weir/", env!("CARGO_PKG_VERSION"));

/// Calls that the smallest plan grants in a window, and how long that is.
const SMALLEST_QUOTA: u32 = 150;
const SMALLEST_WINDOW: Duration = Duration::from_secs(30);

/// The wait where a refusal tells no time: the platform is overloaded, and one window may help.
const OVERLOAD_WAIT: Duration = SMALLEST_WINDOW;

/// The longest wait that a header is believed to mean.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The longest window, and the greatest quota, that a header is believed to tell.
const LONGEST_WINDOW_MILLIS: u64 = 24 * 3_600 * 1_000;
const GREATEST_QUOTA: u64 = 10_000_000;

const WINDOW_HEADER: &str = "x-rate-limit-time-window-ms";
const RESET_HEADER: &str = "x-rate-limit-time-reset-ms";
const QUOTA_HEADER: &str = "x-rate-limit-requests-quota";
const LEFT_HEADER: &str = "x-rate-limit-requests-left";

/// Every call counts alike, for the store over all applications: one bucket serves them all.
pub(super) const CALL: Operation = Operation {
    name: "calls",
    refill: Duration::from_millis(SMALLEST_WINDOW.as_millis() as u64 / SMALLEST_QUOTA as u64),
    burst: SMALLEST_QUOTA,
};

/// A call of the store's API; `path` begins with the API's version.
pub(super) fn request(call: Call<'_>, method: Method, path: &str) -> HttpRequest {
    HttpRequest::new(method, format!("{}/{path}", base(call.connection)))
        // V2 answers in XML to whoever does not ask for JSON.
        .header("accept", "application/json")
        .header("user-agent", USER_AGENT)
        .header("x-auth-token", call.token.token.expose())
}

/// A question.
pub(super) fn get(call: Call<'_>, path: &str) -> HttpRequest {
    request(call, Method::Get, path)
}

/// An answer's JSON text; nothing where there is nothing to tell: an empty list comes without a body.
///
/// # Errors
/// If BigCommerce refused, or it is no JSON.
pub(super) fn text_of(response: &HttpResponse) -> Result<Option<Cow<'_, str>>, ChannelError> {
    if !(200..300).contains(&response.status) {
        return Err(error_of_status(response));
    }
    if response.body.len() > json::MAX_BODY_BYTES {
        return Err(ChannelError::Unreadable("it is larger than an answer may be".to_owned()));
    }
    let text = json::text_of(&response.body);
    match text.trim_start().bytes().next() {
        None => Ok(None),
        // Also with a status of success: a gateway's page, or V2's XML.
        Some(b'<') => {
            Err(ChannelError::Unreadable("it is XML or a web page where JSON was asked for".to_owned()))
        }
        Some(_) => Ok(Some(text)),
    }
}

/// As [`text_of`], where there has to be something.
///
/// # Errors
/// The same, and if there is nothing.
pub(super) fn some_text_of(response: &HttpResponse) -> Result<Cow<'_, str>, ChannelError> {
    text_of(response)?.ok_or_else(|| ChannelError::Unreadable("it is empty".to_owned()))
}

/// What a status means that is no success.
fn error_of_status(response: &HttpResponse) -> ChannelError {
    let told = || match message(response) {
        Some(message) => format!("it answered {}: {message}", response.status),
        None => format!("it answered {}", response.status),
    };
    match response.status {
        401 => ChannelError::Expired,
        402 | 403 | 423 | 451 => ChannelError::Denied(told()),
        // What may be missing is looked for before: here it is the store.
        404 => ChannelError::Denied("there is no such store, or nothing of that kind in it".to_owned()),
        429 => throttled(response),
        408 | 509 => ChannelError::Trouble(told()),
        400..500 => ChannelError::Refused(told()),
        _ => ChannelError::Trouble(format!("it answered {}", response.status)),
    }
}

/// The sentence of a refusal: V2 gives a list of them, V3 one with a title.
fn message(response: &HttpResponse) -> Option<String> {
    let text = json::text_of(&response.body);
    let document = json::parse(&text).ok()?;
    let of_object = |node: &json::Node<'_, '_>| {
        let fields = node.object().ok()?;
        ["message", "title"].into_iter().find_map(|name| fields.get(name).words().ok().flatten())
    };
    let of_list = || document.list().ok()?.iter().next().as_ref().and_then(of_object);
    of_list().or_else(|| of_object(&document)).map(|sentence| safe(&sentence))
}

fn number(response: &HttpResponse, header: &str) -> Option<u64> {
    response.header_value(header)?.trim().parse().ok()
}

/// The window's quota and its length in milliseconds; nothing that cannot be.
fn window(response: &HttpResponse) -> Option<(u64, u64)> {
    let quota = number(response, QUOTA_HEADER).filter(|quota| (1..=GREATEST_QUOTA).contains(quota))?;
    let millis = number(response, WINDOW_HEADER).filter(|ms| (1..=LONGEST_WINDOW_MILLIS).contains(ms))?;
    Some((quota, millis))
}

/// Too many calls: until when, as the answer says. One that does not is of an overloaded platform. (SPEC
/// G-12)
fn throttled(response: &HttpResponse) -> ChannelError {
    let reset = number(response, RESET_HEADER).map(Duration::from_millis);
    let wait = reset.unwrap_or(OVERLOAD_WAIT).min(LONGEST_WAIT);
    ChannelError::Throttled { retry_after: Some(wait), micro_rate: micro_rate(response) }
}

/// Calls a second that the store's plan grants, in millionths.
pub(super) fn micro_rate(response: &HttpResponse) -> Option<u64> {
    let (quota, millis) = window(response)?;
    Some(quota.saturating_mul(1_000_000_000) / millis)
}

/// What an answer says is left. All comes back at the end of the window; it is counted as if it came bit by
/// bit, which asks for no more.
pub(super) fn budget(response: &HttpResponse) -> Option<Budget> {
    let (quota, millis) = window(response)?;
    let left = number(response, LEFT_HEADER)?;
    Some(Budget {
        maximum: quota,
        available: left.min(quota),
        restored_a_second: (quota.saturating_mul(1_000) / millis).max(1),
        requested: 1,
        actual: Some(1),
    })
}
