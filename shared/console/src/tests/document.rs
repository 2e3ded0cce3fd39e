//! The served document against the served routes: neither says more than the other.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use jsonschema::Validator;
use serde_json::Value;
use weir_domain::outcome::ReasonCode;

use super::house::{Answer, House};
use crate::{api, openapi};

thread_local! {
    /// What answers are held against, by route, method and status.
    static SCHEMAS: RefCell<BTreeMap<(String, String, u16), Validator>> = RefCell::default();
}

/// Holds an answer of any test against the document. (SPEC OP-01)
pub(super) fn hold(method: &str, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap();
    let routes = api::routes().table();
    let Some((route, _)) = routes.keys().find(|(route, verb)| *verb == method && fits(route, path)) else {
        return;
    };
    let status = answer.status.as_u16();
    let told = &openapi::whole()["paths"][route][method.to_lowercase()]["responses"][status.to_string()];
    assert!(told.is_object(), "{method} {route} answers {status}, and its document does not say so");
    let schema = &told["content"]["application/json"]["schema"];
    if schema.is_null() {
        return;
    }
    SCHEMAS.with_borrow_mut(|schemas| {
        let validator =
            schemas.entry(((*route).to_owned(), method.to_owned(), status)).or_insert_with(|| {
                let mut schema = schema.clone();
                schema["components"] = openapi::whole()["components"].clone();
                jsonschema::draft202012::new(&schema).unwrap()
            });
        let wrong: Vec<String> = validator
            .iter_errors(&answer.json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{method} {route} {status}: {wrong:?}\n{}", answer.text);
    });
}

fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}

fn document() -> Value {
    House::new().get("/v1/openapi.json").ok(200)
}

// SPEC: OP-01
#[test]
fn it_holds_every_route_and_no_other() {
    let document = document();
    let told: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let served: BTreeSet<(String, String)> = api::routes()
        .table()
        .into_keys()
        .map(|(path, method)| (path.to_owned(), method.to_owned()))
        .collect();
    assert_eq!(told, served);
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut pending = vec![&document];
    let mut references = 0;
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    references += 1;
                }
                pending.extend(fields.values());
            }
            Value::Array(items) => pending.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(references > 100, "{references}");
}

// SPEC: G-03
#[test]
fn every_reason_has_its_sentence_and_action() {
    let document = document();
    let reasons = &document["components"]["schemas"]["ReasonCode"];
    for code in ReasonCode::ALL {
        let told = &reasons["x-reasons"][code.as_str()];
        assert_eq!(told["message"], code.sentence());
        assert_eq!(told["action"].as_str(), code.action());
        assert!(reasons["description"].as_str().unwrap().contains(code.sentence()));
    }
    assert_eq!(reasons["enum"].as_array().unwrap().len(), ReasonCode::ALL.len());
}

#[test]
fn every_post_says_that_it_takes_a_key() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if let Some(post) = methods.get("post") {
            let parameters = post["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key"), "{path}");
        }
    }
}

#[test]
fn names_of_operations_are_unique() {
    let document = document();
    let mut names = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
        }
    }
}
