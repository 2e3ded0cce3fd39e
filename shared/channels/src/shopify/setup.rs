//! What has to be known of a Shopify connection: the shop's own domain, and credentials of one of
//! three kinds.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use weir_domain::connection::Connection;

use super::{
    access::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, WEBHOOK_SECRET, WEBHOOK_SECRETS},
    graphql::API_VERSION,
    settings::SETTINGS,
};
use crate::{
    channel::{Credentials, FieldError, Secret, Setting, Setup},
    http::is_base_address,
};

/// What every shop's own domain ends in.
const SHOP_SUFFIX: &str = ".myshopify.com";

/// Letters of a shop's name; DNS allows no more in one label.
const SHOP_NAME_BYTES: usize = 63;

/// Shopify's set-up.
pub(super) struct ShopifySetup;

impl Setup for ShopifySetup {
    fn account_field(&self) -> &'static str {
        "shop_domain"
    }

    fn marketplace_field(&self) -> Option<&'static str> {
        None
    }

    fn order_apis(&self) -> &'static [&'static str] {
        &[API_VERSION]
    }

    fn credential_fields(&self) -> &'static [&'static str] {
        &[ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, WEBHOOK_SECRETS, WEBHOOK_SECRET]
    }

    fn credential_lists(&self) -> &'static [&'static str] {
        &[WEBHOOK_SECRETS]
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn check(&self, connection: &Connection) -> Result<(), Vec<FieldError>> {
        let errors: Vec<FieldError> = [
            check_shop(&connection.remote.account),
            check_endpoint("endpoints.api", connection.endpoints.api.as_deref()),
            check_endpoint("endpoints.token", connection.endpoints.token.as_deref()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Shop, endpoints and application, each encoded so that no two different ones run together:
    /// points are counted for each application and shop.
    fn shared_account(&self, connection: &Connection, credentials: &Credentials) -> String {
        let parts = [
            "shopify",
            &normal_shop(&connection.remote.account),
            connection.endpoints.api.as_deref().unwrap_or_default().trim_end_matches('/'),
            connection.endpoints.token.as_deref().unwrap_or_default(),
            // The id of the application is no secret: Shopify shows it in the consent's address.
            credentials.get(CLIENT_ID).map_or("", Secret::expose),
        ];
        parts.map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).join("|")
    }
}

/// A shop's domain as it is compared: its case says nothing.
pub(super) fn normal_shop(shop: &str) -> String {
    shop.trim().to_ascii_lowercase()
}

/// Whether it is a shop's own domain and nothing else: it decides whom Weir calls with a token.
pub(super) fn is_shop(shop: &str) -> bool {
    let Some(name) = shop.strip_suffix(SHOP_SUFFIX) else { return false };
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !name.is_empty()
        && name.len() <= SHOP_NAME_BYTES
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte == b'-')
}

/// Where the connection's API is. A domain that is no shop's was refused at set-up; here it gives an
/// address that reaches nobody.
pub(super) fn base(connection: &Connection) -> String {
    if let Some(base) = connection.endpoints.api.as_deref() {
        return base.trim_end_matches('/').to_owned();
    }
    let shop = normal_shop(&connection.remote.account);
    if is_shop(&shop) { format!("https://{shop}") } else { "https://shop.invalid".to_owned() }
}

fn error(path: &str, message: impl Into<String>) -> Option<FieldError> {
    Some(FieldError { path: path.to_owned(), message: message.into() })
}

fn check_shop(shop: &str) -> Option<FieldError> {
    if is_shop(shop) {
        return None;
    }
    error(
        "shop_domain",
        "Give the shop's own domain as Shopify shows it under Settings, Domains, in small letters, such as \
         my-shop.myshopify.com; a domain of one's own does not serve.",
    )
}

/// An address that paths can be added to.
fn check_endpoint(path: &str, endpoint: Option<&str>) -> Option<FieldError> {
    let endpoint = endpoint?;
    if is_base_address(endpoint) {
        return None;
    }
    error(
        path,
        "Give an address with its scheme and without user, query or fragment, such as \
         http://127.0.0.1:4000, or leave it out for the shop's own.",
    )
}
