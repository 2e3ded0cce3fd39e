//! Shopify's access tokens: one that was given for good, one for a day out of the application's own
//! credentials, or one for an hour with a refresh token that each use replaces.

use std::time::Duration;

use url::form_urlencoded;
use weir_domain::connection::{Connection, Endpoints};

use super::{
    graphql::{USER_AGENT, throttled},
    setup::base,
};
use crate::{
    channel::{Access, AccessToken, ChannelError, Credentials, FieldError, Grant, Secret, TokenStep},
    http::{HttpRequest, HttpResponse, Method},
    json,
    words::safe,
};

/// A token that does not end (custom applications made in a shop's admin before 2026).
pub(super) const ACCESS_TOKEN: &str = "access_token";
/// The application's id.
pub(super) const CLIENT_ID: &str = "client_id";
/// The application's secret; Shopify signs webhooks with it.
pub(super) const CLIENT_SECRET: &str = "client_secret";
/// The way to the next token, where tokens end within the hour.
pub(super) const REFRESH_TOKEN: &str = "refresh_token";
/// Secrets that sign webhooks, besides the application's.
pub(super) const WEBHOOK_SECRETS: &str = "webhook_secrets";
/// The same, where there is only one.
pub(super) const WEBHOOK_SECRET: &str = "webhook_secret";

/// How long a token lives that was given for good, as far as a cache is concerned: it is read again
/// from the credentials after a day.
const HELD_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// How long a token lives where the answer does not say: the shorter of Shopify's two.
const USUAL_LIFETIME: Duration = Duration::from_secs(3_600);

/// The longest lifetime that is believed: a wrong one may not keep a dead token in use for weeks.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// The longest token: a header has to carry it.
const TOKEN_BYTES: usize = 8 * 1024;

/// Shopify's token service, one for each shop.
pub(super) struct ShopifyAccess;

impl Access for ShopifyAccess {
    /// A refresh token comes first, then a token held, then the application's own credentials: who
    /// gave a refresh token has tokens that end.
    fn token(
        &self,
        connection: &Connection,
        credentials: &Credentials,
        grant: Grant,
    ) -> Result<TokenStep, Vec<FieldError>> {
        let given = Given(credentials);
        if given.of(REFRESH_TOKEN).is_empty() && !given.of(ACCESS_TOKEN).is_empty() {
            return held(given.of(ACCESS_TOKEN)).map(TokenStep::Held).map_err(|error| vec![error]);
        }
        let url = match connection.endpoints.token.as_deref() {
            Some(url) => url.to_owned(),
            None => format!("{}/admin/oauth/access_token", base(connection)),
        };
        let endpoints = Endpoints { token: Some(url), ..connection.endpoints.clone() };
        self.request(&endpoints, credentials, grant).map(TokenStep::Ask)
    }

    /// Each shop has its own token service, so that its address has to be among the endpoints;
    /// [`Access::token`] sees to that.
    fn request(
        &self,
        endpoints: &Endpoints,
        credentials: &Credentials,
        _grant: Grant,
    ) -> Result<HttpRequest, Vec<FieldError>> {
        let given = Given(credentials);
        let mut missing: Vec<FieldError> = [CLIENT_ID, CLIENT_SECRET]
            .into_iter()
            .filter(|name| given.of(name).is_empty())
            .map(missing)
            .collect();
        if endpoints.token.is_none() {
            missing.push(missing_field("shop_domain", "Say whose shop it is."));
        }
        let Some(url) = endpoints.token.as_deref().filter(|_| missing.is_empty()) else {
            return Err(missing);
        };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair(CLIENT_ID, given.of(CLIENT_ID)).append_pair(CLIENT_SECRET, given.of(CLIENT_SECRET));
        match given.of(REFRESH_TOKEN) {
            "" => form.append_pair("grant_type", "client_credentials"),
            token => form.append_pair("grant_type", "refresh_token").append_pair(REFRESH_TOKEN, token),
        };
        Ok(HttpRequest::new(Method::Post, url)
            .header("accept", "application/json")
            .header("user-agent", USER_AGENT)
            .with_body("application/x-www-form-urlencoded", form.finish()))
    }

    fn rotates(&self, credentials: &Credentials) -> bool {
        !Given(credentials).of(REFRESH_TOKEN).is_empty()
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
        if !is_token(&token) {
            return Err(unreadable("has a token that no header can carry"));
        }
        // A lifetime that cannot be is none: a token that ends at once would be asked for without end.
        let seconds = answer.get("expires_in").quantity().ok().flatten();
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        let lifetime = seconds.map_or(USUAL_LIFETIME, Duration::from_secs).min(LONGEST_LIFETIME);
        Ok(AccessToken { token: Secret::new(token), lifetime })
    }

    /// The next refresh token. The one before works until this one's token is used, so that an answer
    /// that got lost can be asked for again.
    fn replaced(&self, response: &HttpResponse) -> Credentials {
        if !(200..300).contains(&response.status) {
            return Credentials::new();
        }
        let text = json::text_of(&response.body);
        let next = json::parse(&text)
            .and_then(|node| node.object())
            .and_then(|answer| answer.get(REFRESH_TOKEN).words())
            .ok()
            .flatten()
            .filter(|token| is_token(token));
        next.map(|token| (REFRESH_TOKEN.to_owned(), Secret::new(token))).into_iter().collect()
    }
}

/// The credentials that there are; blank ones are none.
struct Given<'a>(&'a Credentials);

impl<'a> Given<'a> {
    fn of(&self, name: &str) -> &'a str {
        self.0.get(name).map(|secret| secret.expose().trim()).unwrap_or_default()
    }
}

fn is_token(token: &str) -> bool {
    !token.is_empty() && token.len() <= TOKEN_BYTES && token.bytes().all(|byte| byte.is_ascii_graphic())
}

fn held(token: &str) -> Result<AccessToken, FieldError> {
    if is_token(token) {
        return Ok(AccessToken { token: Secret::new(token), lifetime: HELD_LIFETIME });
    }
    Err(missing_field(
        ACCESS_TOKEN,
        "This is no access token: Shopify's are letters and digits, such as shpat_…",
    ))
}

fn missing_field(path: &str, message: &str) -> FieldError {
    FieldError { path: path.to_owned(), message: message.to_owned() }
}

fn missing(name: &str) -> FieldError {
    let message = match name {
        CLIENT_ID => {
            "Enter the client id of your application (Dev Dashboard, Settings), or an access token that does \
             not end."
        }
        CLIENT_SECRET => "Enter the client secret of your application (Dev Dashboard, Settings).",
        // Names come from the list above.
        _ => "Enter it.",
    };
    missing_field(name, message)
}

/// What a refusal means. The words are ours: the service's own may quote what was sent.
fn refusal(response: &HttpResponse) -> ChannelError {
    match response.status {
        429 => return throttled(response),
        300..400 | 408 | 500..600 => {
            return ChannelError::Trouble(format!("the token service answered {}", response.status));
        }
        404 => return ChannelError::Denied("there is no such shop".to_owned()),
        _ => {}
    }
    let text = json::text_of(&response.body);
    let code = json::parse(&text)
        .and_then(|node| node.object())
        .and_then(|answer| answer.get("error").words())
        .ok()
        .flatten()
        .unwrap_or_default();
    let revoked = |why: &str| ChannelError::Revoked(why.to_owned());
    match code.to_ascii_lowercase().as_str() {
        "invalid_grant" | "invalid_refresh_token" | "invalid_subject_token" => revoked(
            "invalid_grant: the refresh token is not valid any more; the application was taken out of the shop, \
             or it was not used for 90 days",
        ),
        "application_cannot_be_found" | "invalid_client" => {
            revoked("invalid_client: the client id or the client secret is wrong, or was replaced")
        }
        "shop_not_permitted" => revoked(
            "shop_not_permitted: this application may not have a token for this shop; both have to be of one \
             organization and the application installed",
        ),
        "app_not_installed" => revoked("app_not_installed: the application is not installed in the shop"),
        // Whatever its body says: 401 is the service's "these credentials do not work".
        _ if response.status == 401 => revoked("the token service does not accept the credentials"),
        _ if response.status == 403 => ChannelError::Denied("the token service denies a token".to_owned()),
        _ => ChannelError::Refused(format!("the token service answered {} {}", response.status, safe(&code))),
    }
}
