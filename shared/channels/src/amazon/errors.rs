//! The one place that turns an answer of the Selling Partner API into an error. What it says reaches
//! people and logs, so it never quotes a token or a body.

use std::{borrow::Cow, time::Duration};

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{json, words::safe};
use crate::{channel::ChannelError, http::HttpResponse};

/// Bytes of an error's body that are looked into; Amazon's have some hundred.
const ERROR_BYTES: usize = 64 * 1024;

/// The longest wait that a header may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// The text of an answer that is a success.
///
/// # Errors
/// What the answer means, if it is none; [`ChannelError::Unreadable`] if it is too large.
pub(super) fn success(response: &HttpResponse) -> Result<Cow<'_, str>, ChannelError> {
    if !(200..300).contains(&response.status) {
        return Err(error_of(response));
    }
    if response.body.len() > json::MAX_BODY_BYTES {
        return Err(ChannelError::Unreadable("it is larger than an answer may be".to_owned()));
    }
    Ok(json::text_of(&response.body))
}

/// The rate that a header tells, in millionths of a call a second.
pub(super) fn micro_rate(response: &HttpResponse) -> Option<u64> {
    let rate: Decimal = response.header_value("x-amzn-ratelimit-limit")?.trim().parse().ok()?;
    rate.checked_mul(Decimal::from(1_000_000))?.to_u64().filter(|rate| *rate > 0)
}

/// Too many calls.
pub(super) fn throttled(response: &HttpResponse) -> ChannelError {
    // Amazon sends no Retry-After today; a gateway before it may.
    let retry_after = response
        .header_value("retry-after")
        .and_then(|seconds| seconds.trim().parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
    ChannelError::Throttled { retry_after, micro_rate: micro_rate(response) }
}

/// What an answer means that is no success.
pub(super) fn error_of(response: &HttpResponse) -> ChannelError {
    let said = Said::read(response);
    if response.status == 429 || said.code.eq_ignore_ascii_case("QuotaExceeded") {
        return throttled(response);
    }
    match response.status {
        401 | 403 if said.token_ended => ChannelError::Expired,
        401 | 403 => ChannelError::Denied(said.sentence(response.status)),
        400 if said.page_ended => ChannelError::PageExpired,
        408 => ChannelError::Trouble(said.sentence(response.status)),
        400..500 => ChannelError::Refused(said.sentence(response.status)),
        _ => ChannelError::Trouble(said.sentence(response.status)),
    }
}

/// What the body of an error says.
#[derive(Default)]
struct Said {
    /// The first error's code.
    code: String,
    /// The first error's message, or its details where it has none.
    message: String,
    /// Whether it is about an access token that is not good any more. One that is "revoked, malformed
    /// or invalid" counts too: a new one will do, and if the consent is gone, asking for it says so.
    token_ended: bool,
    /// Whether it is about the token of a search's next page.
    page_ended: bool,
}

impl Said {
    fn read(response: &HttpResponse) -> Self {
        let mut said = Self::default();
        let kind = response.header_value("x-amzn-errortype").unwrap_or_default();
        said.notice(kind);
        if response.body.len() > ERROR_BYTES {
            return said;
        }
        // An error that cannot be read is still an error: its status says enough.
        let text = json::text_of(&response.body);
        let Ok(body) = json::parse(&text).and_then(|node| node.object()) else { return said };
        let Ok(errors) = body.get("errors").list() else { return said };
        for error in errors.iter() {
            let Ok(error) = error.object() else { continue };
            let field = |name: &str| error.get(name).words().ok().flatten().unwrap_or_default();
            let (code, message, details) = (field("code"), field("message"), field("details"));
            said.notice(&code);
            said.notice(&message);
            said.notice(&details);
            if said.code.is_empty() && said.message.is_empty() {
                said.code = code;
                said.message = if message.is_empty() { details } else { message };
            }
        }
        said
    }

    /// Looks for what the words are about.
    fn notice(&mut self, words: &str) {
        let words = words.to_ascii_lowercase();
        let about_page =
            ["pagination", "nexttoken", "next token", "page token"].iter().any(|part| words.contains(part));
        let about_token = words.contains("token");
        self.page_ended |= about_page && about_token;
        self.token_ended |= !about_page
            && about_token
            && ["expired", "revoked, malformed or invalid"].iter().any(|part| words.contains(part));
    }

    fn sentence(&self, status: u16) -> String {
        let (code, message) = (safe(&self.code), safe(&self.message));
        match (code.is_empty(), message.is_empty()) {
            (true, true) => format!("it answered {status}"),
            (false, true) => format!("{status} {code}"),
            (true, false) => format!("{status}: {message}"),
            (false, false) => format!("{status} {code}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse::json(status, body)
    }

    fn error(code: &str, message: &str, details: &str) -> String {
        format!(r#"{{"errors":[{{"code":"{code}","message":"{message}","details":"{details}"}}]}}"#)
    }

    #[test]
    fn an_ended_access_token_is_told_from_a_denial() {
        // SPEC: G-11
        let denied = "Access to requested resource is denied.";
        for (message, details) in [
            (denied, "The access token you provided has expired."),
            ("The access token you provided has expired.", ""),
            (denied, "The access token you provided is revoked, malformed or invalid."),
        ] {
            let body = error("Unauthorized", message, details);
            assert_eq!(error_of(&answer(403, &body)), ChannelError::Expired, "{details}");
            assert_eq!(error_of(&answer(401, &body)), ChannelError::Expired, "{details}");
        }
        let body = error("Unauthorized", denied, "");
        assert_eq!(
            error_of(&answer(403, &body)),
            ChannelError::Denied(format!("403 Unauthorized: {denied}"))
        );
        assert_eq!(error_of(&answer(403, "<html>")), ChannelError::Denied("it answered 403".to_owned()));
    }

    #[test]
    fn throttling_is_told_with_and_without_a_header() {
        // SPEC: G-12
        let plain = answer(429, &error("QuotaExceeded", "You exceeded your quota.", ""));
        assert_eq!(error_of(&plain), ChannelError::Throttled { retry_after: None, micro_rate: None });
        let mut told = plain;
        told.headers.push(("x-amzn-ratelimit-limit".to_owned(), "0.0056".to_owned()));
        told.headers.push(("retry-after".to_owned(), "7".to_owned()));
        assert_eq!(
            error_of(&told),
            ChannelError::Throttled { retry_after: Some(Duration::from_secs(7)), micro_rate: Some(5_600) }
        );
        for odd in ["", "fast", "-1", "0", "1e999", "99999999999999999999999999999"] {
            told.headers = vec![("x-amzn-ratelimit-limit".to_owned(), odd.to_owned())];
            assert_eq!(micro_rate(&told), None, "{odd}");
        }
    }

    #[test]
    fn a_page_that_ended_is_told_from_a_wrong_request() {
        for message in [
            "The pagination token has expired.",
            "We could not decode your NextToken. Possible reasons include: a transmission error",
        ] {
            assert_eq!(
                error_of(&answer(400, &error("InvalidInput", message, ""))),
                ChannelError::PageExpired
            );
        }
        let plain = error_of(&answer(400, r#"{"errors":[{"code":"InvalidInput","message":null}]}"#));
        assert_eq!(plain, ChannelError::Refused("400 InvalidInput".to_owned()));
    }

    #[test]
    fn trouble_is_transient_and_a_refusal_is_not() {
        for status in [500, 502, 503, 504, 599, 302, 408] {
            assert!(matches!(error_of(&answer(status, "oops")), ChannelError::Trouble(_)), "{status}");
        }
        for status in [400, 404, 413, 415] {
            assert!(matches!(error_of(&answer(status, "")), ChannelError::Refused(_)), "{status}");
        }
        // Seen in the wild on other statuses than 429.
        let body = error("QuotaExceeded", "You exceeded your quota for the requested resource.", "");
        assert!(matches!(error_of(&answer(503, &body)), ChannelError::Throttled { .. }));
    }

    #[test]
    fn no_message_quotes_a_token_or_an_address() {
        let token = "Atza|IwEBIEXAMPLEEXAMPLEEXAMPLEEXAMPLE";
        let body = error("InvalidInput", &format!("Value {token} of jane@example.com is a=b wrong"), "");
        let ChannelError::Refused(message) = error_of(&answer(400, &body)) else { panic!() };
        assert_eq!(message, "400 InvalidInput: Value … of … is … wrong");
        assert!(!format!("{:?}", error_of(&answer(500, token))).contains("Atza"));
    }
}
