//! Every operation held against Shopify's published schema. It lies beside the repository; where it is
//! missing the test says so and passes.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File},
    io::Read,
    path::PathBuf,
};

use apollo_compiler::{
    ExecutableDocument, Schema, ast,
    executable::{Field, Selection, SelectionSet},
    schema::ExtendedType,
};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

/// Scalars that are part of the language itself.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

fn introspection() -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/specs/shopify/admin_2026-10.introspection.json.gz");
    let mut text = String::new();
    GzDecoder::new(File::open(path).ok()?).read_to_string(&mut text).unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    Some(answer.get("data").unwrap_or(&answer)["__schema"].clone())
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value[field].as_array().into_iter().flatten()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap()
}

/// A type as it stands behind a colon.
fn reference(value: &Value) -> String {
    match value["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", reference(&value["ofType"])),
        "LIST" => format!("[{}]", reference(&value["ofType"])),
        _ => name(value).to_owned(),
    }
}

fn input(value: &Value) -> String {
    let default = value["defaultValue"].as_str().map(|default| format!(" = {default}"));
    format!("{}: {}{}", name(value), reference(&value["type"]), default.unwrap_or_default())
}

fn field(value: &Value) -> String {
    let arguments: Vec<String> = list(value, "args").map(input).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let deprecated = if value["isDeprecated"] == true { " @deprecated" } else { "" };
    format!("{}{arguments}: {}{deprecated}", name(value), reference(&value["type"]))
}

/// The schema's types in the language that they are written in.
fn definitions(schema: &Value) -> String {
    let root = |operation: &str| name(&schema[operation]).to_owned();
    let mut text = format!("schema {{ query: {} mutation: {} }}\n", root("queryType"), root("mutationType"));
    for kind in list(schema, "types").filter(|kind| !name(kind).starts_with("__")) {
        let body = |entries: Vec<String>| format!("{{ {} }}", entries.join("\n"));
        let interfaces: Vec<&str> = list(kind, "interfaces").map(name).collect();
        let implements = if interfaces.is_empty() {
            String::new()
        } else {
            format!(" implements {}", interfaces.join(" & "))
        };
        let fields = || body(list(kind, "fields").map(field).collect());
        let name = name(kind);
        let line = match kind["kind"].as_str().unwrap() {
            "SCALAR" if BUILT_IN.contains(&name) => continue,
            "SCALAR" => format!("scalar {name}"),
            "OBJECT" => format!("type {name}{implements} {}", fields()),
            "INTERFACE" => format!("interface {name}{implements} {}", fields()),
            "UNION" => {
                let members: Vec<&str> = list(kind, "possibleTypes").map(self::name).collect();
                format!("union {name} = {}", members.join(" | "))
            }
            "ENUM" => {
                format!(
                    "enum {name} {}",
                    body(list(kind, "enumValues").map(|v| self::name(v).to_owned()).collect())
                )
            }
            "INPUT_OBJECT" => {
                format!("input {name} {}", body(list(kind, "inputFields").map(input).collect()))
            }
            other => panic!("a kind that GraphQL does not have: {other}"),
        };
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn operations() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/shopify/operations");
    let mut operations: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
        })
        .collect();
    operations.sort();
    operations
}

/// The fields that an operation asks for although they are deprecated.
fn deprecated(document: &ExecutableDocument) -> BTreeSet<String> {
    let fields = document.operations.iter().flat_map(|operation| operation.all_fields(document));
    fields
        .filter(|field| field.definition.directives.has("deprecated"))
        .map(|field| field.name.to_string())
        .collect()
}

/// The requested cost of an operation, if every object that it may give counts one point, as Shopify's
/// rules have it at their dearest: a list counts as often as its `first` says.
struct Cost<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    variables: Value,
}

impl Cost<'_> {
    fn of(&self, selections: &SelectionSet) -> i64 {
        let is_choice = |selection: &&Selection| selection.as_inline_fragment().is_some();
        let cost = |selection: &Selection| self.of_selection(selection);
        let all = || selections.selections.iter();
        // An object is of one kind only: of several the dearest counts.
        let dearest = all().filter(is_choice).map(cost).max();
        all().filter(|selection| !is_choice(selection)).map(cost).sum::<i64>() + dearest.unwrap_or(0)
    }

    fn of_selection(&self, selection: &Selection) -> i64 {
        let wanted = selection.directives().get("include").is_none_or(|include| {
            let given = include.specified_argument_by_name("if").and_then(|value| value.as_variable());
            self.variables[given.unwrap().as_str()] == true
        });
        match selection {
            _ if !wanted => 0,
            Selection::FragmentSpread(spread) => {
                self.of(&spread.fragment_def(self.document).unwrap().selection_set)
            }
            Selection::InlineFragment(fragment) => self.of(&fragment.selection_set),
            Selection::Field(field) if self.is_leaf(field) => 0,
            Selection::Field(field) => {
                let inside = self.of(&field.selection_set);
                match field.specified_argument_by_name("first") {
                    // The objects of a connection are its `nodes`, which are counted inside.
                    Some(first) if field.ty().is_list() => self.number(first) * (1 + inside),
                    Some(first) => 1 + self.number(first) * inside,
                    None => 1 + inside,
                }
            }
        }
    }

    fn is_leaf(&self, field: &Field) -> bool {
        let kind = self.schema.types.get(field.ty().inner_named_type()).unwrap();
        // The nodes and the cursors of a page are counted with its `first`.
        kind.is_scalar() || kind.is_enum() || field.name == "pageInfo"
    }

    fn number(&self, value: &ast::Value) -> i64 {
        match value.as_variable() {
            Some(name) => self.variables[name.as_str()].as_i64().unwrap(),
            None => value.to_i32().unwrap().into(),
        }
    }
}

#[test]
fn every_operation_fits_shopifys_schema() {
    // SPEC: KS-01, KS-40, OP-08
    let Some(introspection) = introspection() else {
        println!("skipped: Shopify's schema is not here (specs/shopify/admin_2026-10.introspection.json.gz)");
        return;
    };
    let schema = Schema::parse_and_validate(definitions(&introspection), "admin_2026-10.graphql").unwrap();
    let operations = operations();
    assert_eq!(operations.len(), 11, "a file that no test sees");
    for (file, text) in &operations {
        let document = ExecutableDocument::parse_and_validate(&schema, text, file)
            .unwrap_or_else(|errors| panic!("{file}: {}", errors.errors));
        assert_eq!(document.operations.len(), 1, "{file}");
        assert_eq!(deprecated(&document), BTreeSet::new(), "{file}");
    }
    let wrong = ["query { shop { nickname } }", "query { order { id } }", "{ shop { plan } }"];
    for text in wrong {
        assert!(ExecutableDocument::parse_and_validate(&schema, text, "wrong.graphql").is_err(), "{text}");
    }
}

#[test]
fn every_topic_that_is_subscribed_to_is_one() {
    // SPEC: OP-08
    let Some(introspection) = introspection() else {
        println!("skipped: Shopify's schema is not here (specs/shopify/admin_2026-10.introspection.json.gz)");
        return;
    };
    let topics = list(&introspection, "types").find(|kind| name(kind) == "WebhookSubscriptionTopic").unwrap();
    let known: BTreeSet<&str> = list(topics, "enumValues").map(name).collect();
    for topic in weir_channels::shopify::SUBSCRIBED_TOPICS {
        assert!(known.contains(topic), "{topic}");
    }
}

#[test]
fn no_request_for_an_order_may_cost_more_than_one_query_may() {
    // SPEC: G-12
    let Some(introspection) = introspection() else {
        println!("skipped: Shopify's schema is not here (specs/shopify/admin_2026-10.introspection.json.gz)");
        return;
    };
    let schema = Schema::parse_and_validate(definitions(&introspection), "admin_2026-10.graphql").unwrap();
    let cost = |file: &str, variables: Value| {
        let (_, text) = operations().into_iter().find(|(name, _)| name == file).unwrap();
        let document = ExecutableDocument::parse_and_validate(&schema, text, file).unwrap();
        let operation = document.operations.iter().next().unwrap();
        Cost { schema: &schema, document: &document, variables }.of(&operation.selection_set)
    };
    let order = |on: &[&str], lines: i64| {
        let mut variables = json!({"linesFirst": lines});
        for switch in ["head", "lines", "fulfillmentOrders", "fulfillments", "refunds", "returns", "partIds"]
        {
            variables[switch] = json!(on.contains(&switch));
        }
        cost("order.graphql", variables)
    };
    for (what, points) in [
        ("first", order(&["head", "lines", "fulfillmentOrders", "fulfillments"], 20)),
        ("lines alone", order(&["lines"], 60)),
        ("more of what was sold", order(&["lines", "fulfillmentOrders"], 20)),
        ("what came after", order(&["refunds", "returns"], 20)),
        ("the ids of all parts", order(&["partIds"], 20)),
        ("a part", cost("order_part.graphql", json!({}))),
        ("a search", cost("changed_orders.graphql", json!({}))),
    ] {
        println!("{what}: {points} points at the most");
        assert!((1..=1_000).contains(&points), "{what}: {points}");
    }
}

/// Cases that are about answers which Shopify's schema does not allow.
const NOT_BY_THE_SCHEMA: [&str; 6] = [
    "numbers-and-texts-swapped",
    "unknown-words",
    "taxes-not-told",
    "prices-not-told",
    "refund-without-its-lines",
    "refunded-in-part-by-the-refund-alone",
];

/// Holds an answer against what was asked for: every field that was, of its type, and no other.
struct Shape<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    complaints: Vec<String>,
}

impl<'a> Shape<'a> {
    /// The fields of a selection, each with whether it may be left out.
    fn fields(&self, selections: &'a SelectionSet, optional: bool, found: &mut Vec<(&'a Field, bool)>) {
        for selection in &selections.selections {
            let optional = optional || selection.directives().has("include");
            match selection {
                Selection::Field(field) => found.push((field, optional)),
                Selection::InlineFragment(fragment) => self.fields(&fragment.selection_set, true, found),
                Selection::FragmentSpread(spread) => {
                    let fragment = spread.fragment_def(self.document).unwrap();
                    self.fields(&fragment.selection_set, optional, found);
                }
            }
        }
    }

    fn object(&mut self, selections: &'a SelectionSet, value: &Value, path: &str) {
        let Some(given) = value.as_object() else {
            self.complaints.push(format!("{path} is no object"));
            return;
        };
        let mut fields = Vec::new();
        self.fields(selections, false, &mut fields);
        let is_asked =
            |name: &&String| fields.iter().any(|(field, _)| field.response_key().as_str() == **name);
        for name in given.keys().filter(|name| !is_asked(name)) {
            self.complaints.push(format!("{path}.{name} was not asked for"));
        }
        for (field, optional) in fields {
            let path = format!("{path}.{}", field.response_key());
            match given.get(field.response_key().as_str()) {
                Some(value) => self.value(field, field.ty(), value, &path),
                None if optional => {}
                None => self.complaints.push(format!("{path} is missing")),
            }
        }
    }

    fn value(&mut self, field: &'a Field, kind: &ast::Type, value: &Value, path: &str) {
        match (kind, value) {
            (ast::Type::Named(_) | ast::Type::List(_), Value::Null) => {}
            (ast::Type::List(of) | ast::Type::NonNullList(of), Value::Array(elements)) => {
                for element in elements {
                    self.value(field, of, element, path);
                }
            }
            (ast::Type::Named(name) | ast::Type::NonNullNamed(name), value) => {
                let is_right = match (name.as_str(), self.schema.types.get(name).unwrap()) {
                    (_, ExtendedType::Enum(words)) => {
                        value.as_str().is_some_and(|word| words.values.contains_key(word))
                    }
                    ("Boolean", _) => value.is_boolean(),
                    ("Int", _) => value.is_i64(),
                    (_, ExtendedType::Scalar(_)) => value.is_string(),
                    _ => return self.object(&field.selection_set, value, path),
                };
                if !is_right {
                    self.complaints.push(format!("{path} is no {name}: {value}"));
                }
            }
            (_, value) => self.complaints.push(format!("{path} is no list: {value}")),
        }
    }
}

#[test]
fn the_cases_are_answers_that_shopify_may_give() {
    let Some(introspection) = introspection() else {
        println!("skipped: Shopify's schema is not here (specs/shopify/admin_2026-10.introspection.json.gz)");
        return;
    };
    let schema = Schema::parse_and_validate(definitions(&introspection), "admin_2026-10.graphql").unwrap();
    let (file, text) = operations().into_iter().find(|(name, _)| name == "order.graphql").unwrap();
    let document = ExecutableDocument::parse_and_validate(&schema, text, file).unwrap();
    let operation = document.operations.iter().next().unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/shopify");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut checked = 0;
    for path in paths.filter(|path| path.extension().is_some_and(|kind| kind == "json")) {
        let case = path.file_stem().unwrap().to_string_lossy().into_owned();
        let kept: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for answer in list(&kept, "answers") {
            let mut shape = Shape { schema: &schema, document: &document, complaints: Vec::new() };
            shape.object(&operation.selection_set, answer, &case);
            let is_by_schema = shape.complaints.is_empty();
            assert_eq!(is_by_schema, !NOT_BY_THE_SCHEMA.contains(&case.as_str()), "{:#?}", shape.complaints);
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}
