//! What has to be known of an Amazon connection: the seller, the marketplace, the application's
//! credentials.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use weir_domain::connection::Connection;

use super::{
    OrdersApi,
    access::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    marketplaces::{self, MARKETPLACES},
    requests,
};
use crate::{
    channel::{
        Credentials, FieldError, Place, SKU_ALIASING, Secret, Setting, SettingKind, SettingValue, Setup,
    },
    http::is_base_address,
    settings::word,
};

/// The longest seller id. Amazon's have 13 or 14 characters; notifications match them byte for byte.
const SELLER_ID_BYTES: usize = 64;

/// What can be set on an Amazon connection.
static SETTINGS: &[Setting] = &[
    SKU_ALIASING,
    Setting {
        name: "orders_api",
        label: "Orders API",
        explains: "Which of Amazon's order APIs is read. v0 is for accounts to which Amazon denies the newer one, and ends \
                   in March 2027. Connections of one account share it.",
        kind: SettingKind::Words(OrdersApi::NAMES),
        lets_in: None,
        not_built: None,
        place: Place {
            read: |settings| SettingValue::Word(settings.orders_api.clone()),
            write: |settings, value| settings.orders_api = word(value).to_owned(),
        },
    },
];

/// Settings of the fulfillment by Amazon that a later version brings.
const SETTINGS_TO_COME: &[&str] = &[
    "capabilities",
    "fetch_missing_inventory",
    "include_fbm_quantity",
    "do_not_import_deleted_skus",
    "automatically_send",
    "hold_hours",
    "only_during_business_hours",
    "rules",
    "transport",
    "shipments_lookback_days",
    "notify",
];

/// Amazon's set-up.
pub(super) struct AmazonSetup;

impl Setup for AmazonSetup {
    fn account_field(&self) -> &'static str {
        "seller_id"
    }

    fn marketplace_field(&self) -> Option<&'static str> {
        Some("marketplace_id")
    }

    fn order_apis(&self) -> &'static [&'static str] {
        OrdersApi::NAMES
    }

    fn credential_fields(&self) -> &'static [&'static str] {
        &[CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN]
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn settings_to_come(&self) -> &'static [&'static str] {
        SETTINGS_TO_COME
    }

    fn check(&self, connection: &Connection) -> Result<(), Vec<FieldError>> {
        let errors: Vec<FieldError> = [
            check_seller(&connection.remote.account),
            check_marketplace(connection.remote.marketplace.as_deref()),
            check_endpoint("endpoints.api", connection.endpoints.api.as_deref()),
            check_endpoint("endpoints.token", connection.endpoints.token.as_deref()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Seller, region, endpoints and client id, each encoded so that no two different ones run together.
    fn shared_account(&self, connection: &Connection, credentials: &Credentials) -> String {
        let region = requests::region(connection);
        let parts = [
            "amazon",
            &connection.remote.account,
            region.as_str(),
            connection.endpoints.api.as_deref().unwrap_or_default().trim_end_matches('/'),
            connection.endpoints.token.as_deref().unwrap_or_default(),
            // The id of the application is not a secret: Amazon shows it in the consent's address.
            credentials.get(CLIENT_ID).map_or("", Secret::expose),
        ];
        parts.map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).join("|")
    }

    fn marketplaces(&self) -> Vec<(&'static str, String)> {
        MARKETPLACES
            .iter()
            .map(|marketplace| (marketplace.id, format!("{} ({})", marketplace.name, marketplace.country)))
            .collect()
    }
}

fn error(path: &str, message: impl Into<String>) -> Option<FieldError> {
    Some(FieldError { path: path.to_owned(), message: message.into() })
}

fn check_seller(seller: &str) -> Option<FieldError> {
    let well_formed = !seller.is_empty()
        && seller.len() <= SELLER_ID_BYTES
        && seller.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if well_formed {
        return None;
    }
    error(
        "seller_id",
        "Give the seller id (Merchant Token) as Seller Central shows it under Settings, Account Info: \
         letters and digits, such as A3TH9S8BH6GOGM.",
    )
}

fn check_marketplace(id: Option<&str>) -> Option<FieldError> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return error("marketplace_id", format!("Choose the marketplace. {}", known_marketplaces()));
    };
    if marketplaces::find(id).is_some() {
        return None;
    }
    error(
        "marketplace_id",
        format!(
            "\"{}\" is no marketplace that Amazon's Selling Partner API serves. {}",
            id.chars().take(40).collect::<String>(),
            known_marketplaces()
        ),
    )
}

fn known_marketplaces() -> String {
    let all: Vec<String> = MARKETPLACES
        .iter()
        .map(|marketplace| format!("{} ({})", marketplace.id, marketplace.country))
        .collect();
    format!("Use one of {}.", all.join(", "))
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
         https://sandbox.sellingpartnerapi-na.amazon.com, or leave it out for Amazon's own.",
    )
}
