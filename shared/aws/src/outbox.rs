//! Outgoing items as the table's stream shows them: from the image of a new item to what has to be
//! sent. The dispatcher, deployed or local, sends it and then removes the item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use weir_app::ports::{Key, LedgerError, Record};
use weir_domain::event::Effect;

use crate::{
    item::{self, Item},
    stored,
};

/// The outgoing item that a stream's record shows; nothing if its item is another kind of record.
///
/// # Errors
/// [`LedgerError::Unreadable`] if it is an outgoing item that this build cannot read. It stays in the
/// table, where the sweeper of a build that knows it finds it.
pub fn read(image: &HashMap<String, AttributeValue>) -> Result<Option<(Key, Effect)>, LedgerError> {
    if item::get_text(image, item::KIND) != Some(item::OUTBOX) {
        return Ok(None);
    }
    let (key, stored) = stored::decode(image)?;
    match stored.record {
        Record::Outbox(effect) => Ok(Some((key, effect))),
        _ => Err(LedgerError::Unreadable("an item of the kind \"outbox\" holds something else".to_owned())),
    }
}

/// As [`read`], of an image in DynamoDB's JSON (`{"pk": {"S": "…"}, …}`), as a Lambda's event has it.
///
/// # Errors
/// As [`read`].
pub fn read_json(image: &Value) -> Result<Option<(Key, Effect)>, LedgerError> {
    let mut stored = Item::new();
    for (name, value) in image.as_object().into_iter().flatten() {
        stored.extend(attribute(value).map(|value| (name.clone(), value)));
    }
    read(&stored)
}

/// An attribute of a kind that our items have; others are left out, as what is not known is.
fn attribute(value: &Value) -> Option<AttributeValue> {
    if let Some(text) = value.get("S").and_then(Value::as_str) {
        return Some(item::text(text));
    }
    let number = value.get("N").and_then(Value::as_str)?;
    Some(item::number(number))
}

#[cfg(test)]
mod tests;
