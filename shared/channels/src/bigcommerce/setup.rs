//! What has to be known of a BigCommerce connection: the store's hash, and the credentials of an API
//! account or an application.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use weir_domain::connection::{Connection, ShopSettings};

use super::{
    access::{ACCESS_TOKEN, CLIENT_SECRET},
    rest::ORDERS_API,
    settings::SETTINGS,
};
use crate::{
    channel::{Credentials, FieldError, Setting, Setup},
    http::is_base_address,
};

/// Where every store's API is.
const API: &str = "https://api.bigcommerce.com";

/// Letters of a store's hash. BigCommerce's have about ten.
const HASH_BYTES: usize = 40;

/// BigCommerce's set-up.
pub(super) struct BigCommerceSetup;

impl Setup for BigCommerceSetup {
    fn account_field(&self) -> &'static str {
        "store_hash"
    }

    fn marketplace_field(&self) -> Option<&'static str> {
        None
    }

    fn order_apis(&self) -> &'static [&'static str] {
        &[ORDERS_API]
    }

    fn credential_fields(&self) -> &'static [&'static str] {
        &[ACCESS_TOKEN, CLIENT_SECRET]
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn check(&self, connection: &Connection) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        if !is_hash(&connection.remote.account) {
            errors.push(FieldError {
                path: "store_hash".to_owned(),
                message:
                    "Give the store's hash in small letters and digits, as it stands in the API path of \
                          your API account after /stores/, such as abc123def."
                        .to_owned(),
            });
        }
        if connection.endpoints.api.as_deref().is_some_and(|api| !is_base_address(api)) {
            errors.push(FieldError {
                path: "endpoints.api".to_owned(),
                message: "Give an address with its scheme and without user, query or fragment, such as \
                          http://127.0.0.1:4000, or leave it out for BigCommerce's own."
                    .to_owned(),
            });
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Store and endpoint: calls are counted for each store, over all applications.
    fn shared_account(&self, connection: &Connection, _credentials: &Credentials) -> String {
        let api = connection.endpoints.api.as_deref().unwrap_or_default().trim_end_matches('/');
        let parts = ["bigcommerce", &normal_hash(&connection.remote.account), api];
        parts.map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).join("|")
    }

    /// Custom items become products only where somebody chose that. (SPEC KB-06)
    fn shop_settings(&self) -> ShopSettings {
        ShopSettings { create_custom_items: false, ..ShopSettings::default() }
    }

    /// SPEC: KB-01
    fn imports_all_open_orders(&self) -> bool {
        true
    }
}

/// A store's hash as it is compared.
pub(super) fn normal_hash(hash: &str) -> String {
    hash.trim().to_ascii_lowercase()
}

/// Whether it is a store's hash and nothing else: it is a part of the address that is called with a token.
pub(super) fn is_hash(hash: &str) -> bool {
    !hash.is_empty()
        && hash.len() <= HASH_BYTES
        && hash.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Where the store's API is. A hash that is none was refused at set-up; here it gives an address that
/// reaches nobody.
pub(super) fn base(connection: &Connection) -> String {
    let hash = normal_hash(&connection.remote.account);
    if !is_hash(&hash) {
        return "https://store.invalid".to_owned();
    }
    let api = connection.endpoints.api.as_deref().unwrap_or(API).trim_end_matches('/');
    format!("{api}/stores/{hash}")
}
