//! BigCommerce's access token: one that was given for good with an API account or an installed application.

use std::time::Duration;

use weir_domain::connection::{Connection, Endpoints};

use crate::{
    channel::{Access, AccessToken, ChannelError, Credentials, FieldError, Grant, Secret, TokenStep},
    http::{HttpRequest, HttpResponse},
};

/// The token of every call.
pub(super) const ACCESS_TOKEN: &str = "access_token";
/// The application's secret; BigCommerce signs webhooks with it.
pub(super) const CLIENT_SECRET: &str = "client_secret";

/// How long a token lives that was given for good, as far as a cache is concerned: it is read again from
/// the credentials after a day.
const HELD_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// The longest token: a header has to carry it.
const TOKEN_BYTES: usize = 8 * 1024;

/// BigCommerce's tokens.
pub(super) struct BigCommerceAccess;

impl Access for BigCommerceAccess {
    fn token(
        &self,
        _connection: &Connection,
        credentials: &Credentials,
        _grant: Grant,
    ) -> Result<TokenStep, Vec<FieldError>> {
        let token = held(credentials).map_err(|message| vec![error(message)])?;
        Ok(TokenStep::Held(AccessToken { token: Secret::new(token), lifetime: HELD_LIFETIME }))
    }

    /// There is nothing to ask: the token is held.
    fn request(
        &self,
        _endpoints: &Endpoints,
        credentials: &Credentials,
        _grant: Grant,
    ) -> Result<HttpRequest, Vec<FieldError>> {
        let message = match held(credentials) {
            Ok(_) => "BigCommerce has no token service: its tokens are given for good.",
            Err(message) => message,
        };
        Err(vec![error(message)])
    }

    fn answer(&self, _response: &HttpResponse) -> Result<AccessToken, ChannelError> {
        Err(ChannelError::Refused("BigCommerce has no token service".to_owned()))
    }
}

fn held(credentials: &Credentials) -> Result<&str, &'static str> {
    let token = credentials.get(ACCESS_TOKEN).map(|token| token.expose().trim()).unwrap_or_default();
    if token.is_empty() {
        return Err("Enter the access token of your API account (Settings, Store-level API accounts).");
    }
    if token.len() > TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("This is no access token: BigCommerce's are letters and digits.");
    }
    Ok(token)
}

fn error(message: &str) -> FieldError {
    FieldError { path: ACCESS_TOKEN.to_owned(), message: message.to_owned() }
}
