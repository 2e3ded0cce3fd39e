//! The served OpenAPI document: made of the handlers' own descriptions, with every reason code, its
//! sentence and its action.

use std::sync::OnceLock;

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use weir_domain::{outcome::ReasonCode, sales_order::Flag};

use crate::{
    api,
    errors::{ErrorBody, Refusals},
};

/// The document, as the handlers describe themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Weir",
        description = "Orders of all channels in one place, with stock behind them.\n\nLists answer `{\"data\": [...], \
            \"next_cursor\": \"…\" | null}` and take `limit` (1 to 250, 50 if left out) and `cursor`. Every POST honours \
            `Idempotency-Key`. Errors are `{\"error\": {\"code\", \"message\", \"details\": [{\"path\", \"message\"}]}}`."
    ),
    paths(
        api::healthz,
        document,
        api::organizations::list,
        api::organizations::create,
        api::organizations::read,
        api::organizations::change,
        api::locations::list,
        api::locations::create,
        api::locations::read,
        api::locations::change,
        api::variants::list,
        api::variants::create,
        api::variants::read,
        api::variants::change,
        api::customers::list,
        api::customers::create,
        api::customers::read,
        api::customers::change,
        api::stock_adjustments::list,
        api::stock_adjustments::create,
        api::stock_adjustments::read,
        api::inventory::list,
        api::inventory::batches,
        api::inventory::serial_numbers,
        api::inventory::movements,
        api::sales_orders::list,
        api::sales_orders::read,
        api::sales_orders::delete,
        api::sales_orders::restore,
        api::sales_orders::timeline,
        api::sales_orders::fulfillments::list,
        api::sales_orders::fulfillments::create,
        api::sales_orders::fulfillments::change,
        api::sales_orders::change::change,
        api::sales_orders::invoice::invoice,
        api::sales_orders::release::release,
        api::manufacturing_orders::list,
        api::manufacturing_orders::create,
        api::manufacturing_orders::read,
        api::manufacturing_orders::change,
        api::sales_returns::list,
        api::sales_returns::read,
        api::sales_returns::receive,
        api::connections::list,
        api::connections::create,
        api::connections::read,
        api::connections::change,
        api::connections::settings_preview,
        api::connections::test,
        api::connections::activate,
        api::connections::deactivate,
        api::connections::health,
        api::sku_aliases::list,
        api::sku_aliases::create,
        api::sku_aliases::delete,
        api::sku_aliases::delete_named,
        api::runs::list,
        api::runs::create,
        api::runs::read,
        api::outcomes::list,
        api::signals::create,
        api::data_requests::list,
        api::data_requests::export,
        api::dead_letters::list,
        api::dead_letters::replay,
        api::dead_letters::discard,
        api::api_tokens::create,
        api::api_tokens::revoke,
    ),
    components(schemas(ErrorBody)),
    security(("token" = [])),
    modifiers(&Token)
)]
struct Document;

/// How one signs in.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API token with the scope `read`, `write` or `admin`."))
            .build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The whole document.
pub(crate) fn whole() -> &'static Value {
    static WHOLE: OnceLock<Value> = OnceLock::new();
    WHOLE.get_or_init(|| {
        // A document of texts, lists and maps always serialises.
        let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
        document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
        document["components"]["schemas"]["ReasonCode"] = reason_codes();
        document["components"]["schemas"]["Flag"] = flags();
        name_operations(&mut document);
        idempotency_keys(&mut document);
        document
    })
}

/// The stable codes, each with its sentence and what a person can do.
fn reason_codes() -> Value {
    let lines: Vec<String> = ReasonCode::ALL
        .iter()
        .map(|code| {
            let action = code.action().map(|action| format!(" {action}")).unwrap_or_default();
            format!("- `{}`: {}{action}", code.as_str(), code.sentence())
        })
        .collect();
    let codes: Vec<&str> = ReasonCode::ALL.iter().map(|code| code.as_str()).collect();
    let reasons: Map<String, Value> = ReasonCode::ALL
        .iter()
        .map(|code| {
            (code.as_str().to_owned(), json!({ "message": code.sentence(), "action": code.action() }))
        })
        .collect();
    let description = format!("Why something is as it is. The codes are stable.\n\n{}", lines.join("\n"));
    json!({ "type": "string", "description": description, "enum": codes, "x-reasons": reasons })
}

/// What an order can be flagged with.
fn flags() -> Value {
    let lines: Vec<String> =
        Flag::ALL.iter().map(|flag| format!("- `{}`: {}", flag.as_str(), flag.sentence())).collect();
    let words: Vec<&str> = Flag::ALL.iter().map(|flag| flag.as_str()).collect();
    json!({ "type": "string", "description": lines.join("\n"), "enum": words })
}

/// Names operations by what they do to what: handlers of different resources have equal names.
fn name_operations(document: &mut Value) {
    let paths = document["paths"].as_object_mut();
    for (path, methods) in paths.into_iter().flatten() {
        let words: Vec<&str> = path
            .split('/')
            .map(|part| part.trim_matches(['{', '}']).trim_end_matches(".json"))
            .filter(|part| !part.is_empty() && *part != "v1")
            .collect();
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            operation["operationId"] = format!("{method}_{}", words.join("_")).into();
        }
    }
}

/// Every POST takes an idempotency key.
fn idempotency_keys(document: &mut Value) {
    let key = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "The same key with the same body is done once and answered alike.",
        "schema": { "type": "string", "maxLength": 255 },
    });
    let paths = document["paths"].as_object_mut();
    for post in paths.into_iter().flatten().filter_map(|(_, path)| path.get_mut("post")) {
        match post["parameters"].as_array_mut() {
            Some(parameters) => parameters.push(key.clone()),
            None => post["parameters"] = json!([key]),
        }
    }
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "openapi",
    responses((status = 200, description = "The OpenAPI document", body = Object), Refusals))]
pub(crate) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], whole().to_string()).into_response()
}
