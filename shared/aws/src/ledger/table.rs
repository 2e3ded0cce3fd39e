//! The table's shape, as in `template.yaml`: for the embedded store and the tests, which have no
//! CloudFormation.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
        TimeToLiveStatus,
    },
};
use weir_app::ports::LedgerError;

use super::{failure::trouble, list::INDEX};
use crate::{item, sdk_error::Place};

/// Makes the table, unless it is there already.
///
/// # Errors
/// [`LedgerError::Trouble`] if the store refuses.
pub async fn create_table(client: &Client, table: &str) -> Result<(), LedgerError> {
    let place = Place::new("table", table, client.config().region());
    let defined = |error: BuildError| LedgerError::Trouble(error.to_string());
    let index = GlobalSecondaryIndex::builder()
        .index_name(INDEX)
        .key_schema(key(item::INDEX_PK, KeyType::Hash).map_err(defined)?)
        .key_schema(key(item::INDEX_SK, KeyType::Range).map_err(defined)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .map_err(defined)?;
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewImage)
        .build()
        .map_err(defined)?;
    let mut call = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(item::PK, KeyType::Hash).map_err(defined)?)
        .key_schema(key(item::SK, KeyType::Range).map_err(defined)?)
        .global_secondary_indexes(index)
        .stream_specification(stream);
    for name in [item::PK, item::SK, item::INDEX_PK, item::INDEX_SK] {
        let definition = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .map_err(defined)?;
        call = call.attribute_definitions(definition);
    }
    match call.send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) => {
            // A start that was cut off may have left it without its expiry.
        }
        Err(error) => return Err(trouble(&place, &error)),
    }
    let described = client
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await
        .map_err(|error| trouble(&place, &error))?;
    let status = described.time_to_live_description.and_then(|expiry| expiry.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let expiry = TimeToLiveSpecification::builder()
        .attribute_name(item::EXPIRES_AT)
        .enabled(true)
        .build()
        .map_err(defined)?;
    let call = client.update_time_to_live().table_name(table).time_to_live_specification(expiry);
    call.send().await.map_err(|error| trouble(&place, &error)).map(drop)
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}
