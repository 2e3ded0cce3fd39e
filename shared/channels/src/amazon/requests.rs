//! How every request to the Selling Partner API is made: its host, its headers, its query.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use weir_domain::{Timestamp, connection::Connection};

use super::marketplaces::{self, Region};
use crate::{
    channel::AccessToken,
    http::{HttpRequest, Method},
};

/// Amazon asks every caller for its name, version and language.
pub(super) const USER_AGENT: &str = concat!("Weir/", env!("CARGO_PKG_VERSION"), " (Language=Rust)");

/// Everything but RFC 3986's unreserved characters: a page token holds `+`, `/` and `=`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Marketplaces that one search may name. Amazon has fewer than that in all.
pub(super) const MARKETPLACES_OF_A_SEARCH: usize = 50;

/// A query string in the making.
#[derive(Default)]
pub(super) struct Query(String);

impl Query {
    /// With one more parameter.
    pub(super) fn with(self, name: &str, value: &str) -> Self {
        self.with_list(name, &[value])
    }

    /// With a parameter that is a list. Amazon reads lists separated by commas; the commas between
    /// the values stay as they are, those inside are encoded.
    pub(super) fn with_list(mut self, name: &str, values: &[impl AsRef<str>]) -> Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self.0.extend(encode(value.as_ref()));
        }
        self
    }

    /// With one more parameter, if there is one.
    pub(super) fn with_optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// A text as it may stand in a path or a query.
pub(super) fn encode(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, RESERVED)
}

/// A point in time as a query wants it: in UTC, and whole seconds, rounded down so that a search
/// from then on misses nothing.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The region of a connection. A marketplace that is not in the table was refused at set-up, and
/// both hosts are Amazon's own: the fallback can only end in a refusal.
pub(super) fn region(connection: &Connection) -> Region {
    let id = connection.remote.marketplace.as_deref().unwrap_or_default();
    marketplaces::find(id).map_or(Region::NorthAmerica, |marketplace| marketplace.region)
}

/// A request to the connection's API.
pub(super) fn request(
    connection: &Connection,
    token: &AccessToken,
    method: Method,
    path: &str,
    query: Query,
) -> HttpRequest {
    let host = match connection.endpoints.api.as_deref() {
        Some(base) => base.trim_end_matches('/'),
        None => region(connection).host(),
    };
    HttpRequest::new(method, format!("{host}{path}{}", query.0))
        .header("accept", "application/json")
        .header("user-agent", USER_AGENT)
        .header("x-amz-access-token", token.token.expose())
}
