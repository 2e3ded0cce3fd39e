//! What a request costs, and what is selected of the objects that there are. A field that an object does
//! not have is an error, as it is at Shopify, never an answer without it.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::graphql::{Field, Refusal, Request, Selection};

// ------------------------------------------------------------------ cost

/// What a mutation costs besides its answer.
const MUTATION: u64 = 10;

impl Request {
    /// What it costs if every object that it may find is there: an object one point, a connection what
    /// its nodes cost, as many as are asked for, and a scalar nothing. (API-FACTS §2)
    pub(super) fn requested_cost(&self) -> u64 {
        let base = if self.is_mutation { MUTATION } else { 0 };
        base + cost(&self.selections)
    }
}

fn cost(selections: &[Selection]) -> u64 {
    let mut here = 0;
    // An object is of one type: of what is selected by type, the dearest may apply.
    let mut by_type: BTreeMap<&str, u64> = BTreeMap::new();
    for selection in selections {
        match selection {
            Selection::Field(field) => here += field.cost(),
            Selection::On(on, inner) => *by_type.entry(on).or_default() += cost(inner),
        }
    }
    here + by_type.into_values().max().unwrap_or(0)
}

impl Field {
    pub(super) fn first(&self) -> Option<u64> {
        self.arguments.get("first").and_then(Value::as_u64)
    }

    fn is_connection(&self) -> bool {
        self.selections.iter().any(|selection| match selection {
            Selection::Field(field) => ["nodes", "edges", "pageInfo"].contains(&field.name.as_str()),
            Selection::On(..) => false,
        })
    }

    fn cost(&self) -> u64 {
        if self.selections.is_empty() || self.name == "pageInfo" {
            return 0;
        }
        let inner = cost(&self.selections);
        match self.first() {
            // The nodes within count as one object each.
            Some(first) if self.is_connection() => first * inner,
            Some(first) => first * (1 + inner),
            None => 1 + inner,
        }
    }
}

// ------------------------------------------------------------------ answering

/// The largest page.
const LARGEST_PAGE: u64 = 250;

/// What is selected of a whole, and what it cost.
#[derive(Default)]
pub(super) struct Answering {
    pub(super) cost: u64,
}

impl Answering {
    /// What is selected of a value.
    pub(super) fn select(&mut self, field: &Field, value: &Value) -> Result<Value, Refusal> {
        match value {
            Value::Null => Ok(Value::Null),
            Value::Array(elements) if field.is_connection() => self.connection(field, elements),
            Value::Array(elements) => {
                let first = field.first().map_or(usize::MAX, |first| usize::try_from(first).unwrap_or(0));
                let elements = elements.iter().take(first);
                elements
                    .map(|element| self.select(field, element))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Value::Array)
            }
            Value::Object(object) if field.selections.is_empty() => Err(Refusal::new(
                "selectionMismatch",
                format!("Field must have selections (field '{}' returns {})", field.name, kind_of(object)),
            )),
            Value::Object(object) => {
                if field.name != "pageInfo" {
                    self.cost += 1;
                }
                let mut selected = Map::new();
                self.object(&field.selections, object, &mut selected)?;
                Ok(Value::Object(selected))
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) if field.selections.is_empty() => {
                Ok(value.clone())
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(Refusal::new(
                "selectionMismatch",
                format!("Selections can't be made on scalars (field '{}')", field.name),
            )),
        }
    }

    fn object(
        &mut self,
        selections: &[Selection],
        object: &Map<String, Value>,
        selected: &mut Map<String, Value>,
    ) -> Result<(), Refusal> {
        for selection in selections {
            match selection {
                Selection::On(on, inner) if kind_of(object) == on => self.object(inner, object, selected)?,
                Selection::On(..) => {}
                Selection::Field(field) => {
                    let value = object.get(&field.name).ok_or_else(|| {
                        Refusal::new(
                            "undefinedField",
                            format!("Field '{}' doesn't exist on type '{}'", field.name, kind_of(object)),
                        )
                    })?;
                    let value = self.select(field, value)?;
                    match (selected.get_mut(&field.key), value) {
                        (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                        (_, value) => {
                            selected.insert(field.key.clone(), value);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A page of a list.
    fn connection(&mut self, field: &Field, elements: &[Value]) -> Result<Value, Refusal> {
        let Some(first) = field.first() else {
            return Err(Refusal::new("argumentMissing", "you must provide one of first or last"));
        };
        if first > LARGEST_PAGE {
            return Err(Refusal::new("argumentLiteralsIncompatible", "first cannot exceed 250"));
        }
        let start = match field.arguments.get("after").and_then(Value::as_str) {
            None => 0,
            Some(cursor) => place_of(cursor, elements).ok_or_else(bad_cursor)?,
        };
        let end = elements.len().min(start + usize::try_from(first).unwrap_or(0));
        let page = elements.get(start..end).unwrap_or_default();
        let cursor = |place: usize| elements.get(place).map(cursor_of);
        let whole = json!({
            "__typename": "Connection",
            "nodes": page,
            "pageInfo": {
                "__typename": "PageInfo",
                "hasNextPage": end < elements.len(),
                "hasPreviousPage": start > 0,
                "startCursor": if page.is_empty() { None } else { cursor(start) },
                "endCursor": if page.is_empty() { None } else { cursor(end - 1) },
            },
        });
        let mut selected = Map::new();
        if let Value::Object(whole) = &whole {
            self.object(&field.selections, whole, &mut selected)?;
        }
        Ok(Value::Object(selected))
    }
}

fn kind_of(object: &Map<String, Value>) -> &str {
    object.get("__typename").and_then(Value::as_str).unwrap_or("Object")
}

pub(super) fn bad_cursor() -> Refusal {
    Refusal::new("BAD_REQUEST", "Invalid cursor for current pagination sort.")
}

/// A cursor stands behind an element, wherever that is by now; it tells who reads it nothing.
fn cursor_of(element: &Value) -> String {
    BASE64_STANDARD.encode(json!({ "last_id": element["id"], "last_value": element["sort"] }).to_string())
}

/// What a cursor stands behind: the id, and what the list is sorted by.
pub(super) fn read_cursor(cursor: &str) -> Option<(Value, Value)> {
    let read: Value = serde_json::from_slice(&BASE64_STANDARD.decode(cursor).ok()?).ok()?;
    Some((read.get("last_id")?.clone(), read.get("last_value")?.clone()))
}

fn place_of(cursor: &str, elements: &[Value]) -> Option<usize> {
    let (id, sort) = read_cursor(cursor)?;
    if !sort.is_null() {
        // What it stands behind may have moved on: the page begins where it was.
        let key = |sort: &Value, id: &Value| Some((sort.as_str()?.to_owned(), number_of(id)?));
        let last = key(&sort, &id)?;
        return Some(elements.partition_point(|element| {
            key(&element["sort"], &element["id"]).is_some_and(|key| key <= last)
        }));
    }
    elements.iter().position(|element| element["id"] == id).map(|place| place + 1)
}

/// The number of a global id.
pub(super) fn number_of(id: &Value) -> Option<u64> {
    id.as_str()?.rsplit('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, variables: &Value) -> Result<Request, Refusal> {
        Request::read(text, variables.as_object().unwrap())
    }

    #[test]
    fn what_is_not_included_is_not_there_and_costs_nothing() {
        let text = "query A($yes: Boolean!, $no: Boolean!) { a { id b(first: 10) @include(if: $no) { nodes { id } } ...F } }
            # a comment, with { brackets
            fragment F on X { c(first: 3) @skip(if: $no) { id d { id } } e: f(text: \"x\\\"y\", of: [A, B], in: {k: -2}) }";
        let request = read(text, &json!({ "yes": true, "no": false })).unwrap();
        assert_eq!((request.name.as_str(), request.is_mutation), ("A", false));
        // One for `a`, three of `c` with its `d`.
        assert_eq!(request.requested_cost(), 1 + 3 * 2);
        let a = json!({ "__typename": "X", "id": "1", "c": [], "f": "g", "b": [] });
        let Selection::Field(field) = &request.selections[0] else { panic!() };
        let mut answering = Answering::default();
        assert_eq!(answering.select(field, &a).unwrap(), json!({ "id": "1", "c": [], "e": "g" }));
        assert_eq!(answering.cost, 1);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in
            ["", "query", "query A { a", "query A { a(b: ) }", "query A { ...F }", "{ a }", "query A { \"a }"]
        {
            assert!(read(text, &json!({})).is_err(), "{text}");
        }
        let missing = read("query A($id: ID!) { a }", &json!({})).unwrap_err();
        assert_eq!(missing.code, "INVALID_VARIABLE");
        let deep = format!("query A {{ {} id {} }}", "a { ".repeat(40), "}".repeat(40));
        assert!(read(&deep, &json!({})).is_err());
    }
}
