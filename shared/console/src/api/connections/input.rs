//! What comes in of a connection. Credentials are secrets from the first moment: their type can
//! neither be printed nor sent back.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use weir_app::connections::{ConnectionPatch, NewConnection};
use weir_channels::channel::{Credentials, Secret, SettingValue, Settings, Setup};
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

/// What a connection is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateConnection {
    /// Such as `amazon`.
    channel: String,
    name: String,
    /// By name, such as `client_id`, `client_secret`, `refresh_token`; `webhook_secrets` is a list. They
    /// may come later.
    #[schema(write_only, value_type = Option<BTreeMap<String, Object>>)]
    credentials: Option<BTreeMap<String, Value>>,
    /// Only where the deployment allows it.
    endpoints: Option<EndpointsInput>,
    /// Where its stock is taken from (Amazon: the FBA location). It may come later.
    default_location_id: Option<String>,
    location_map: Option<Vec<MappingInput>>,
    /// By name, as the channel has them; one that is set to null has its default again.
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
            settings: settings(self.settings.unwrap_or_default()),
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

/// Reads settings. Which there are, and what each may be, the channel's own list says to the flow.
fn settings(given: Map<String, Value>) -> Settings {
    let value = |value| match value {
        Value::Null => None,
        Value::Bool(on) => Some(SettingValue::Switch(on)),
        Value::String(word) => Some(SettingValue::Word(word)),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(SettingValue::Other),
    };
    given.into_iter().map(|(name, given)| (name, value(given))).collect()
}

/// Reads credentials. What is wrong with one is said without it.
fn secrets(fields: &mut Fields, given: BTreeMap<String, Value>) -> Credentials {
    let mut credentials = Credentials::new();
    for (name, value) in given {
        match secret(value) {
            Some(secret) if secret.len() <= SECRET_BYTES => {
                credentials.insert(name, Secret::new(secret));
            }
            Some(_) => {
                let message = format!("It has more than {SECRET_BYTES} bytes.");
                fields.wrong(&format!("credentials.{name}"), message);
            }
            None => fields.wrong(&format!("credentials.{name}"), "Give it as a text, or as a list of texts."),
        }
    }
    credentials
}

/// A secret as it is kept: a text, or several of them as a JSON list.
fn secret(value: Value) -> Option<String> {
    match value {
        Value::String(secret) => Some(secret),
        Value::Array(secrets) if secrets.iter().all(Value::is_string) => {
            Some(Value::Array(secrets).to_string())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
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

/// A change of settings and locations that is not made yet. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewChange {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    default_location_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<MappingInput>>)]
    location_map: Option<Option<Vec<MappingInput>>>,
    /// By name, as the channel has them; one that is set to null has its default again.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

impl PreviewChange {
    /// The change that is meant, or what is wrong with it.
    pub(super) fn read(self) -> Result<ConnectionPatch, ApiError> {
        let Self { default_location_id, location_map, settings } = self;
        let (name, credentials, endpoints) = (None, None, None);
        ChangeConnection { name, credentials, endpoints, default_location_id, location_map, settings }.read()
    }
}

/// What changes of a connection. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeConnection {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Those that are not named stay; a list takes the place of the one before. They are tested at once.
    #[schema(write_only, value_type = Option<BTreeMap<String, Object>>)]
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
    /// By name, as the channel has them; one that is set to null has its default again.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

impl ChangeConnection {
    /// The change that is meant, or what is wrong with it.
    pub(super) fn read(self) -> Result<ConnectionPatch, ApiError> {
        let mut fields = Fields::default();
        let patch = ConnectionPatch {
            name: fields.kept("name", self.name).and_then(|name| fields.name("name", &name)),
            credentials: self.credentials.map(|given| secrets(&mut fields, given)),
            endpoints: self.endpoints.map(|given| given.map(EndpointsInput::read).unwrap_or_default()),
            default_location: self.default_location_id.map(|given| {
                given.and_then(|id| fields.parse("default_location_id", LocationId::parse(&id)))
            }),
            location_map: self.location_map.map(|given| mappings(&mut fields, given.unwrap_or_default())),
            settings: settings(self.settings.unwrap_or_default()),
        };
        fields.check()?;
        Ok(patch)
    }
}
