//! What comes in of a connection. Credentials are secrets from the first moment: their type can
//! neither be printed nor sent back.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use weir_app::{
    connections::{ConnectionPatch, NewConnection},
    people::Refusal,
};
use weir_channels::channel::{Credentials, Secret, Setup};
use weir_domain::{
    connection::{Endpoints, RemoteAccount},
    ids::{ChannelName, LocationId},
};

use crate::{
    api::input::{Fields, given},
    errors::ApiError,
};

/// The longest secret, in bytes: a secret store takes 64 KiB for all of a connection.
const SECRET_BYTES: usize = 8 * 1024;

/// Settings that the API names and a later version brings.
const LATER: [&str; 12] = [
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
    "sync_fulfillment_status",
];

/// What a connection is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateConnection {
    /// Such as `amazon`.
    channel: String,
    name: String,
    /// By name, such as `client_id`, `client_secret`, `refresh_token`. They may come later.
    #[schema(write_only, value_type = Option<BTreeMap<String, String>>)]
    credentials: Option<BTreeMap<String, Value>>,
    /// Only where the deployment allows it.
    endpoints: Option<EndpointsInput>,
    /// Where its stock is taken from (Amazon: the FBA location). It may come later.
    default_location_id: Option<String>,
    location_map: Option<Vec<MappingInput>>,
    /// `sku_aliasing`, `orders_api`.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// Amazon.
    seller_id: Option<String>,
    /// Amazon.
    marketplace_id: Option<String>,
    /// Shopify.
    shop_domain: Option<String>,
    /// BigCommerce.
    store_hash: Option<String>,
}

/// Base URLs that replace the channel's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EndpointsInput {
    api: Option<String>,
    token: Option<String>,
}

/// A location of the channel, and Weir's for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MappingInput {
    channel_location_id: String,
    location_id: String,
}

impl EndpointsInput {
    fn read(self) -> Endpoints {
        Endpoints { api: self.api, token: self.token }
    }
}

impl CreateConnection {
    /// The connection that is meant, or what is wrong with it.
    pub(super) fn read(self) -> Result<NewConnection, ApiError> {
        let mut fields = Fields::default();
        let channel = fields.parse("channel", ChannelName::parse(&self.channel));
        let name = fields.name("name", &self.name);
        let known = channel.as_ref().and_then(weir_channels::find);
        let given = [
            ("seller_id", self.seller_id),
            ("marketplace_id", self.marketplace_id),
            ("shop_domain", self.shop_domain),
            ("store_hash", self.store_hash),
        ];
        let remote = match known {
            Some(channel) => remote(&mut fields, channel.setup, given.into_iter().collect()),
            // The flow says which channels there are.
            None => RemoteAccount { account: String::new(), marketplace: None },
        };
        let settings = settings(&mut fields, self.settings.unwrap_or_default())?;
        let credentials = secrets(&mut fields, self.credentials.unwrap_or_default());
        let location = self
            .default_location_id
            .and_then(|id| fields.parse("default_location_id", LocationId::parse(&id)));
        let location_map = mappings(&mut fields, self.location_map.unwrap_or_default());
        fields.check()?;
        let (Some(channel), Some(name)) = (channel, name) else { return Err(fields.refusal()) };
        Ok(NewConnection {
            channel,
            name,
            remote,
            credentials,
            endpoints: self.endpoints.map(EndpointsInput::read).unwrap_or_default(),
            default_location: location,
            location_map,
            sku_aliasing: settings.sku_aliasing.unwrap_or(false),
            orders_api: settings.orders_api,
        })
    }
}

/// The remote account, in the words of the channel's set-up.
fn remote(
    fields: &mut Fields,
    setup: &dyn Setup,
    mut given: BTreeMap<&'static str, Option<String>>,
) -> RemoteAccount {
    let mut take = |field: &str| given.remove(field).flatten().map(|value| value.trim().to_owned());
    let account = take(setup.account_field()).unwrap_or_default();
    let marketplace = setup.marketplace_field().and_then(&mut take);
    for (field, value) in given {
        if value.is_some() {
            fields.wrong(field, "This channel has no such thing.");
        }
    }
    RemoteAccount { account, marketplace }
}

/// What was set.
struct Settings {
    sku_aliasing: Option<bool>,
    orders_api: Option<String>,
}

/// Reads settings. One that a later version brings is refused by its name, and never quietly taken.
fn settings(fields: &mut Fields, given: Map<String, Value>) -> Result<Settings, ApiError> {
    let mut settings = Settings { sku_aliasing: None, orders_api: None };
    for (name, value) in given {
        let path = format!("settings.{name}");
        match (name.as_str(), value) {
            (later, _) if LATER.contains(&later) => return Err(Refusal::not_available_yet(&path).into()),
            ("sku_aliasing", Value::Bool(on)) => settings.sku_aliasing = Some(on),
            ("sku_aliasing", _) => fields.wrong(&path, "Give true or false."),
            ("orders_api", Value::String(api)) => settings.orders_api = Some(api),
            ("orders_api", _) => fields.wrong(&path, "Give the API's name as a text."),
            (_, _) => fields.wrong(&path, "There is no such setting. There are sku_aliasing and orders_api."),
        }
    }
    Ok(settings)
}

/// Reads credentials. What is wrong with one is said without it.
fn secrets(fields: &mut Fields, given: BTreeMap<String, Value>) -> Credentials {
    let mut credentials = Credentials::new();
    for (name, value) in given {
        match value {
            Value::String(secret) if secret.len() <= SECRET_BYTES => {
                credentials.insert(name, Secret::new(secret));
            }
            Value::String(_) => {
                let message = format!("It has more than {SECRET_BYTES} bytes.");
                fields.wrong(&format!("credentials.{name}"), message);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                fields.wrong(&format!("credentials.{name}"), "Give it as a text.");
            }
        }
    }
    credentials
}

fn mappings(fields: &mut Fields, given: Vec<MappingInput>) -> Vec<(String, LocationId)> {
    let mut mappings = Vec::new();
    for (number, mapping) in given.into_iter().enumerate() {
        let path = format!("location_map[{number}]");
        let theirs = fields.name(&format!("{path}.channel_location_id"), &mapping.channel_location_id);
        let ours = fields.parse(&format!("{path}.location_id"), LocationId::parse(&mapping.location_id));
        mappings.extend(theirs.zip(ours));
    }
    mappings
}

/// What changes of a connection. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeConnection {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Those that are not named stay. They are tested at once.
    #[schema(write_only, value_type = Option<BTreeMap<String, String>>)]
    credentials: Option<BTreeMap<String, Value>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<EndpointsInput>)]
    endpoints: Option<Option<EndpointsInput>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    default_location_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<MappingInput>>)]
    location_map: Option<Option<Vec<MappingInput>>>,
    /// `sku_aliasing`, `orders_api`.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

impl ChangeConnection {
    /// The change that is meant, or what is wrong with it.
    pub(super) fn read(self) -> Result<ConnectionPatch, ApiError> {
        let mut fields = Fields::default();
        let settings = settings(&mut fields, self.settings.unwrap_or_default())?;
        let patch = ConnectionPatch {
            name: fields.kept("name", self.name).and_then(|name| fields.name("name", &name)),
            credentials: self.credentials.map(|given| secrets(&mut fields, given)),
            endpoints: self.endpoints.map(|given| given.map(EndpointsInput::read).unwrap_or_default()),
            default_location: self.default_location_id.map(|given| {
                given.and_then(|id| fields.parse("default_location_id", LocationId::parse(&id)))
            }),
            location_map: self.location_map.map(|given| mappings(&mut fields, given.unwrap_or_default())),
            sku_aliasing: settings.sku_aliasing,
            orders_api: settings.orders_api,
        };
        fields.check()?;
        Ok(patch)
    }
}
