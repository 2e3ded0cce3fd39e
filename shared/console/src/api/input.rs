//! How what comes in is read: bodies, parameters and path ids become types that cannot be wrong, and
//! what is wrong is said with the name of its field.

use std::{collections::BTreeMap, fmt};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::BytesRejection},
    http::{StatusCode, Uri, header, request::Parts},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::IgnoredAny, de::Visitor};
use weir_app::people::Refusal;
use weir_channels::channel::FieldError;

use crate::errors::ApiError;

/// The longest name, in characters.
const NAME_CHARACTERS: usize = 200;

/// The longest free text, in characters.
const TEXT_CHARACTERS: usize = 2_000;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(&request);
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        if !is_json {
            return Err(ApiError::unsupported_media_type());
        }
        read(&bytes).map(Self)
    }
}

/// The body of something that is only done: none, or an object without fields.
pub(crate) struct NoBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(&request);
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        if bytes.is_empty() {
            return Ok(Self);
        }
        if !is_json {
            return Err(ApiError::unsupported_media_type());
        }
        read::<Nothing>(&bytes).map(|Nothing {}| Self)
    }
}

/// A JSON body that may be left out.
pub(crate) struct MaybeBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(&request);
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json {
            return Err(ApiError::unsupported_media_type());
        }
        read(&bytes).map(Self)
    }
}

fn is_json(request: &Request) -> bool {
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn unread(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large()
    } else {
        // The connection broke: nobody reads this answer.
        ApiError::malformed(".", "the body ended early")
    }
}

/// Reads a body; what is no JSON is told apart from JSON that is not what was asked for.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would take an array for an object, field by field.
    if bytes.trim_ascii_start().starts_with(b"[") && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        return Err(ApiError::field(".", "The body has to be an object."));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // Where the text breaks off, the path ends in a place that has no name.
        let path = error.path().to_string().trim_end_matches('?').trim_end_matches('.').to_owned();
        let path = if path.is_empty() { ".".to_owned() } else { path };
        let inner = error.into_inner();
        let message = inner.to_string();
        if inner.is_data() { wrong(&path, &message) } else { ApiError::malformed(&path, &message) }
    })?;
    json.end().map_err(|error| ApiError::malformed(".", &error.to_string()))?;
    Ok(value)
}

/// What serde says, as the API says it: with the field's whole path, and without the place in the text.
fn wrong(path: &str, message: &str) -> ApiError {
    let message = message.split(" at line ").next().unwrap_or(message);
    let (path, message) = locate(path, message);
    ApiError::field(&path, message)
}

/// The field that is meant: serde stands before an unknown or a missing one, and names it.
fn locate(path: &str, message: &str) -> (String, String) {
    let within = |field: &str| match path {
        "." | "" => field.to_owned(),
        // Where serde already stands on the field itself.
        path if path == field || path.ends_with(&format!(".{field}")) => path.to_owned(),
        path => format!("{path}.{field}"),
    };
    let named = |prefix: &str| message.strip_prefix(prefix)?.split('`').next().map(str::to_owned);
    if let Some(field) = named("unknown field `") {
        let known = message.split_once(", ").map_or("", |(_, known)| known);
        let known = if known.is_empty() { String::new() } else { format!(" ({known})") };
        return (within(&field), format!("There is no such field{known}."));
    }
    if let Some(field) = named("missing field `") {
        return (within(&field), "It is missing.".to_owned());
    }
    if let Some(field) = named("duplicate field `") {
        return (within(&field), "It is there twice.".to_owned());
    }
    (path.to_owned(), format!("{message}."))
}

/// Query parameters. All of them are read as text here and parsed by the handler, which knows their
/// names; one that a list does not know is refused.
pub(crate) struct Params<T> {
    /// The parameters.
    pub(crate) of: T,
    /// What a cursor of this list is bound to: its address and its filters.
    pub(super) list: String,
    pub(super) limit: Option<String>,
    pub(super) cursor: Option<String>,
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let pairs = pairs(&parts.uri)?;
        let of = Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = std::error::Error::source(&rejection)
                .map_or_else(|| rejection.to_string(), ToString::to_string);
            let (name, message) = locate("", text.split(": ").last().unwrap_or(&text));
            ApiError::parameter(&name, message)
        })?;
        let (mut limit, mut cursor, mut filters) = (None, None, BTreeMap::new());
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => limit = Some(value),
                "cursor" => cursor = Some(value),
                _ => {
                    filters.insert(name, value);
                }
            }
        }
        let list = format!("{} {filters:?}", parts.uri.path());
        Ok(Self { of: of.0, list, limit, cursor })
    }
}

/// The parameters as they came. One that is there twice means nothing.
fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, ApiError> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|rejection| ApiError::parameter("query", format!("{rejection}.")))?
        .0;
    let mut seen = BTreeMap::new();
    for (name, _) in &pairs {
        if seen.insert(name, ()).is_some() {
            return Err(ApiError::parameter(name, "It is there twice."));
        }
    }
    Ok(pairs)
}

/// Parses a parameter, if it is there.
pub(crate) fn parameter<T, E: fmt::Display>(
    name: &str,
    value: Option<&String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, ApiError> {
    value
        .map(|value| parse(value).map_err(|error| ApiError::parameter(name, format!("{error}."))))
        .transpose()
}

/// Parses a parameter that is one of some words.
pub(crate) fn word<T>(
    name: &str,
    value: Option<&String>,
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<Option<T>, ApiError> {
    parameter(name, value, |value| parse(value).ok_or_else(|| format!("Use one of {}", known.join(", "))))
}

/// Parses a parameter that is yes or no.
pub(crate) fn flag(name: &str, value: Option<&String>) -> Result<Option<bool>, ApiError> {
    word(
        name,
        value,
        |value| match value {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        &["true", "false"],
    )
}

/// Parses an id out of the address: one that is none names nothing.
pub(crate) fn id<T, E>(what: &str, text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, ApiError> {
    parse(text).map_err(|_| Refusal::not_found(what, text.chars().take(120).collect::<String>()).into())
}

/// A field of a PATCH that may be left out, set, or set to null.
pub(crate) fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Whole units: a JSON integer, or its text. A fraction is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity(pub(crate) i64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of units")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Quantity, E> {
        Ok(Quantity(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Quantity, E> {
        i64::try_from(value).map(Quantity).map_err(|_| E::custom("it is too large"))
    }

    fn visit_f64<E: serde::de::Error>(self, _value: f64) -> Result<Quantity, E> {
        Err(E::custom("quantities are whole units; write an integer, or a text such as \"12\""))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Quantity, E> {
        let decimal: rust_decimal::Decimal =
            value.trim().parse().map_err(|_| E::custom(format!("\"{value}\" is no number")))?;
        if !decimal.fract().is_zero() {
            return Err(E::custom(format!("quantities are whole units; \"{value}\" has a fraction")));
        }
        i64::try_from(decimal.trunc()).map(Quantity).map_err(|_| E::custom("it is too large"))
    }
}

/// The fields of a body on their way into types: what is wrong is collected, so that a caller reads
/// all of it at once.
#[derive(Default)]
pub(crate) struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// Something is wrong with a field.
    pub(crate) fn wrong(&mut self, path: &str, message: impl Into<String>) {
        self.errors.push(FieldError { path: path.to_owned(), message: message.into() });
    }

    /// Takes what a parser says.
    pub(crate) fn parse<T, E: fmt::Display>(&mut self, path: &str, parsed: Result<T, E>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(path, format!("{error}."));
                None
            }
        }
    }

    /// One of some words.
    pub(crate) fn word<T>(&mut self, path: &str, found: Option<T>, known: &[&str]) -> Option<T> {
        if found.is_none() {
            self.wrong(path, format!("Use one of {}.", known.join(", ")));
        }
        found
    }

    /// A name: some characters, no line breaks.
    pub(crate) fn name(&mut self, path: &str, text: &str) -> Option<String> {
        self.line(path, text, NAME_CHARACTERS)
    }

    /// A reason or a note.
    pub(crate) fn text(&mut self, path: &str, text: &str) -> Option<String> {
        self.line(path, text, TEXT_CHARACTERS)
    }

    fn line(&mut self, path: &str, text: &str, longest: usize) -> Option<String> {
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 || count > longest || text.chars().any(char::is_control) {
            self.wrong(path, format!("Give 1 to {longest} characters, without line breaks."));
            return None;
        }
        Some(text.to_owned())
    }

    /// A value that may not be taken away.
    pub(crate) fn kept<T>(&mut self, path: &str, value: Option<Option<T>>) -> Option<T> {
        match value {
            Some(Some(value)) => Some(value),
            Some(None) => {
                self.wrong(path, "It cannot be taken away.");
                None
            }
            None => None,
        }
    }

    /// Nothing, or what is wrong.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.refusal()) }
    }

    /// What is wrong.
    pub(crate) fn refusal(&self) -> ApiError {
        Refusal::fields(self.errors.clone()).into()
    }
}
