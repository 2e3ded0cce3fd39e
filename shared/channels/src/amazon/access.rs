//! Login with Amazon (LWA): how an access token is got, and what its refusals mean.

use std::time::Duration;

use url::form_urlencoded;
use weir_domain::connection::Endpoints;

use super::{errors, json, requests::USER_AGENT, words};
use crate::{
    channel::{Access, AccessToken, ChannelError, Credentials, FieldError, Grant, Secret},
    http::{HttpRequest, HttpResponse, Method},
};

/// The application's id.
pub(super) const CLIENT_ID: &str = "client_id";
/// The application's secret; Amazon lets it end after some months.
pub(super) const CLIENT_SECRET: &str = "client_secret";
/// The seller's consent.
pub(super) const REFRESH_TOKEN: &str = "refresh_token";

/// The token service of every region.
const TOKEN_URL: &str = "https://api.amazon.com/auth/o2/token";

/// What an application's own token is wanted for: setting up where notifications go.
const NOTIFICATIONS_SCOPE: &str = "sellingpartnerapi::notifications";

/// How long an access token lives where the answer does not say: Amazon's documented hour.
const USUAL_LIFETIME: Duration = Duration::from_secs(3_600);

/// The longest lifetime that is believed: a wrong one may not keep a dead token in use for weeks.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// The longest access token: a header has to carry it.
const TOKEN_BYTES: usize = 8 * 1024;

/// Amazon's token service.
pub(super) struct LoginWithAmazon;

impl Access for LoginWithAmazon {
    fn request(
        &self,
        endpoints: &Endpoints,
        credentials: &Credentials,
        grant: Grant,
    ) -> Result<HttpRequest, Vec<FieldError>> {
        let needed: &[&str] = match grant {
            Grant::Merchant => &[CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN],
            Grant::Application => &[CLIENT_ID, CLIENT_SECRET],
        };
        let given =
            |name: &str| credentials.get(name).map(|secret| secret.expose().trim()).unwrap_or_default();
        let missing: Vec<FieldError> =
            needed.iter().filter(|name| given(name).is_empty()).map(|name| missing(name)).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        match grant {
            Grant::Merchant => form.append_pair("grant_type", "refresh_token"),
            Grant::Application => {
                form.append_pair("grant_type", "client_credentials").append_pair("scope", NOTIFICATIONS_SCOPE)
            }
        };
        for name in needed {
            form.append_pair(name, given(name));
        }
        let url = endpoints.token.as_deref().unwrap_or(TOKEN_URL);
        Ok(HttpRequest::new(Method::Post, url)
            .header("accept", "application/json")
            .header("user-agent", USER_AGENT)
            .with_body("application/x-www-form-urlencoded;charset=UTF-8", form.finish()))
    }

    fn answer(&self, response: &HttpResponse) -> Result<AccessToken, ChannelError> {
        if !(200..300).contains(&response.status) {
            return Err(refusal(response));
        }
        let unreadable = |what: &str| ChannelError::Unreadable(format!("the token service's answer {what}"));
        let text = json::text_of(&response.body);
        let answer =
            json::parse(&text).and_then(|node| node.object()).map_err(|_| unreadable("is no JSON object"))?;
        let token =
            answer.get("access_token").words().ok().flatten().ok_or_else(|| unreadable("has no token"))?;
        if token.len() > TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unreadable("has a token that no header can carry"));
        }
        // A lifetime that cannot be is none: a token that ends at once would be asked for without end.
        let seconds = answer.get("expires_in").quantity().ok().flatten();
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        let lifetime = seconds.map_or(USUAL_LIFETIME, Duration::from_secs).min(LONGEST_LIFETIME);
        Ok(AccessToken { token: Secret::new(token), lifetime })
    }
}

fn missing(name: &str) -> FieldError {
    let message = match name {
        CLIENT_ID => "Enter the LWA client id of your application (Developer Console, View LWA credentials).",
        CLIENT_SECRET => {
            "Enter the LWA client secret of your application (Developer Console, View LWA credentials)."
        }
        REFRESH_TOKEN => {
            "Authorize the application for this seller and enter the refresh token that it gives."
        }
        // Names come from the two lists above.
        _ => "Enter it.",
    };
    FieldError { path: name.to_owned(), message: message.to_owned() }
}

/// What a refusal means. The words are ours: the service's own may quote what was sent.
fn refusal(response: &HttpResponse) -> ChannelError {
    match response.status {
        429 => return errors::throttled(response),
        500..600 => {
            return ChannelError::Trouble(format!("the token service answered {}", response.status));
        }
        _ => {}
    }
    let text = json::text_of(&response.body);
    let code = json::parse(&text)
        .and_then(|node| node.object())
        .and_then(|answer| answer.get("error").words())
        .ok()
        .flatten()
        .unwrap_or_default();
    match code.to_ascii_lowercase().as_str() {
        "invalid_grant" => revoked(
            "invalid_grant: the refresh token is not valid any more; the seller took the consent back, or it ended",
        ),
        "unauthorized_client" => revoked(
            "unauthorized_client: this application may not use this refresh token; it was made for another application",
        ),
        "invalid_client" => {
            revoked("invalid_client: the client id or the client secret is wrong, or the secret has ended")
        }
        "temporarily_unavailable" | "server_error" => {
            ChannelError::Trouble("the token service is temporarily unavailable".to_owned())
        }
        // Whatever its body says: 401 is the service's "these credentials do not work".
        _ if response.status == 401 => revoked("the token service does not accept the credentials"),
        "access_denied" | "invalid_scope" => {
            ChannelError::Denied("the application may not have a token for notifications".to_owned())
        }
        _ if (400..500).contains(&response.status) => ChannelError::Refused(format!(
            "the token service answered {} {}",
            response.status,
            words::safe(&code)
        )),
        _ => ChannelError::Trouble(format!("the token service answered {}", response.status)),
    }
}

fn revoked(why: &str) -> ChannelError {
    ChannelError::Revoked(why.to_owned())
}
