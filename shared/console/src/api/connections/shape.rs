//! A connection as the API shows it, what a test of it tells, and how it is.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use weir_app::connections::{Check, Health, Tested};
use weir_channels::channel::SettingValue;
use weir_domain::{
    Timestamp,
    connection::{Connection, ConnectionStatus, NotificationLink},
};

use crate::api::shapes::{ReasonShape, time};

/// One store of a channel, or one Amazon seller and marketplace.
#[derive(Serialize, ToSchema)]
#[schema(as = Connection)]
pub(crate) struct ConnectionShape {
    id: String,
    channel: String,
    name: String,
    /// `inactive`, `active` or `needs_attention`.
    status: &'static str,
    /// Why it needs attention.
    status_reason: Option<ReasonShape>,
    /// Where its stock is taken from (Amazon: the FBA location).
    default_location_id: Option<String>,
    location_map: Vec<LocationMapping>,
    /// All that can be set on a connection to this channel, as it is.
    #[schema(value_type = Object)]
    settings: BTreeMap<&'static str, Value>,
    endpoints: EndpointsShape,
    /// The remote account in the channel's own words: `seller_id` and `marketplace_id`,
    /// `shop_domain`, or `store_hash`.
    #[serde(flatten)]
    remote: BTreeMap<&'static str, String>,
    notifications: NotificationsShape,
    first_activated_at: Option<String>,
    activated_at: Option<String>,
    deactivated_at: Option<String>,
    /// Orders that shipped before this do not import by themselves; a backfill moves it back.
    orders_from: Option<String>,
    created_at: String,
}

/// A location of the channel, and Weir's for it.
#[derive(Serialize, ToSchema)]
struct LocationMapping {
    channel_location_id: String,
    location_id: String,
}

/// Base URLs that replace the channel's own.
#[derive(Serialize, ToSchema)]
#[schema(as = Endpoints)]
struct EndpointsShape {
    api: Option<String>,
    token: Option<String>,
}

/// How far the channel's notifications were set up.
#[derive(Serialize, ToSchema)]
#[schema(as = Notifications)]
struct NotificationsShape {
    /// `off`, `subscribed` or `failed`.
    state: &'static str,
    /// Why it did not work.
    message: Option<String>,
}

/// The connection as it is; nothing of its credentials.
pub(super) fn shape(connection: Connection) -> ConnectionShape {
    let status_reason = match &connection.status {
        ConnectionStatus::NeedsAttention(reason) => Some(ReasonShape::from(reason)),
        ConnectionStatus::Active | ConnectionStatus::Inactive => None,
    };
    let (state, message) = match &connection.notifications {
        NotificationLink::Off => ("off", None),
        NotificationLink::Subscribed { .. } => ("subscribed", None),
        NotificationLink::Failed { message } => ("failed", Some(message.clone())),
    };
    let mapping = |(theirs, ours): &(String, weir_domain::ids::LocationId)| LocationMapping {
        channel_location_id: theirs.clone(),
        location_id: ours.to_string(),
    };
    ConnectionShape {
        id: connection.id.to_string(),
        channel: connection.channel.to_string(),
        status: connection.status.as_str(),
        status_reason,
        default_location_id: connection.default_location.as_ref().map(ToString::to_string),
        location_map: connection.location_map.iter().map(mapping).collect(),
        settings: settings(&connection),
        endpoints: EndpointsShape {
            api: connection.endpoints.api.clone(),
            token: connection.endpoints.token.clone(),
        },
        remote: remote(&connection),
        notifications: NotificationsShape { state, message },
        first_activated_at: connection.first_activated_at.map(time),
        activated_at: connection.activated_at.map(time),
        deactivated_at: connection.deactivated_at.map(time),
        orders_from: connection.orders_from.map(time),
        created_at: time(connection.created_at),
        name: connection.name,
    }
}

/// The settings that the channel has, each under its name.
fn settings(connection: &Connection) -> BTreeMap<&'static str, Value> {
    let Some(channel) = weir_channels::find(&connection.channel) else { return BTreeMap::new() };
    let value = |value| match value {
        SettingValue::Switch(on) => Value::Bool(on),
        SettingValue::Word(word) => Value::String(word),
        SettingValue::Other => Value::Null,
    };
    let settings = channel.setup.settings().iter();
    settings.map(|setting| (setting.name, value(setting.read(&connection.settings)))).collect()
}

/// The remote account under the names that its channel's set-up has for it.
fn remote(connection: &Connection) -> BTreeMap<&'static str, String> {
    let Some(channel) = weir_channels::find(&connection.channel) else { return BTreeMap::new() };
    let mut fields = BTreeMap::from([(channel.setup.account_field(), connection.remote.account.clone())]);
    if let (Some(field), Some(marketplace)) =
        (channel.setup.marketplace_field(), &connection.remote.marketplace)
    {
        fields.insert(field, marketplace.clone());
    }
    fields
}

/// One thing that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = Check)]
struct CheckShape {
    /// A stable word: `credentials`, `access_token`, `account`, `permissions`, `locations`, `orders`,
    /// `default_location`, `notifications`, `webhook_secret`, `status`, `search`, `reconciliation`.
    name: &'static str,
    /// Null if it could not be told.
    ok: Option<bool>,
    message: String,
}

impl From<Check> for CheckShape {
    fn from(check: Check) -> Self {
        Self { name: check.name, ok: check.ok, message: check.message }
    }
}

/// What a test told.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionTest)]
pub(crate) struct TestShape {
    /// Whether nothing was found that does not work.
    ok: bool,
    /// All in one text.
    message: String,
    checks: Vec<CheckShape>,
}

/// What a test told.
pub(super) fn test_shape(tested: Tested) -> TestShape {
    let works = || {
        let words =
            tested.checks.iter().filter(|check| check.ok == Some(true)).map(|check| check.message.as_str());
        words.collect::<Vec<_>>().join(" ")
    };
    TestShape {
        ok: tested.problem.is_none(),
        message: tested.problem.clone().unwrap_or_else(works),
        checks: tested.checks.into_iter().map(CheckShape::from).collect(),
    }
}

/// How a connection is.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionHealth)]
pub(crate) struct HealthShape {
    connection_id: String,
    status: &'static str,
    status_reason: Option<ReasonShape>,
    checks: Vec<CheckShape>,
    /// Everything changed up to here is known; null if it was never searched.
    cursor_at: Option<String>,
    cursor_age_seconds: Option<i64>,
    /// When the channel last answered a search.
    last_success_at: Option<String>,
    /// Looks done once that are still to be made, such as a backfill.
    looks_to_come: usize,
    rate_limit: Option<RateLimit>,
}

/// The rate limit of the channel's search.
#[derive(Serialize, ToSchema)]
struct RateLimit {
    /// Calls that could be made now.
    calls_left: u64,
    /// Calls at most.
    burst: u32,
}

/// How a connection is.
pub(super) fn health_shape(health: Health, now: Timestamp) -> HealthShape {
    let status_reason = match &health.connection.status {
        ConnectionStatus::NeedsAttention(reason) => Some(ReasonShape::from(reason)),
        ConnectionStatus::Active | ConnectionStatus::Inactive => None,
    };
    HealthShape {
        connection_id: health.connection.id.to_string(),
        status: health.connection.status.as_str(),
        status_reason,
        checks: health.checks.into_iter().map(CheckShape::from).collect(),
        cursor_at: health.look.as_ref().map(|look| time(look.cursor)),
        cursor_age_seconds: health.look.as_ref().map(|look| now.duration_since(look.cursor).as_secs()),
        last_success_at: health.look.as_ref().and_then(|look| look.answered_at).map(time),
        looks_to_come: health.looks_to_come,
        rate_limit: health.search_calls.map(|(calls_left, burst)| RateLimit { calls_left, burst }),
    }
}
