//! The walls of the house, checked on the files of the checkout: what may be named where, that every function of
//! the template has its limits, failures and alarms, and that every event is used.

mod checkout;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use checkout::{
    EVERYWHERE, Findings, code_lines, code_of, entries, file_name, folders, manifests, names, numbered, read,
    relative, root, settings, source_files,
};
use serde_json::{Value, json};
use weir_tests::template::{Block, Template, Trigger};

// ---------------------------------------------------------------- walls in the code

/// What must not be named where.
struct Wall {
    why: &'static str,
    /// Folders or files of the checkout.
    within: &'static [&'static str],
    /// Folders or files in there that may.
    except: &'static [&'static str],
    /// Names; one that ends in `*` stands for all that begin so.
    banned: &'static [&'static str],
    /// Whether a file's tests may (what follows its `#[cfg(test)]`).
    tests_may: bool,
}

const WALLS: &[Wall] = &[
    Wall {
        why: "AWS's names live in shared/aws",
        within: EVERYWHERE,
        except: &["shared/aws"],
        banned: &["aws_sdk_*", "aws_config", "aws_smithy_*", "aws_types", "aws_credential_types", "dynoxide"],
        tests_may: false,
    },
    Wall {
        why: "the HTTP client is behind the transport port",
        within: EVERYWHERE,
        except: &["shared/aws"],
        banned: &["reqwest", "hyper"],
        tests_may: false,
    },
    Wall {
        why: "Lambda's envelopes end at the doors",
        within: &["shared", "infra"],
        except: &[],
        banned: &["lambda_runtime", "lambda_http", "aws_lambda_events"],
        tests_may: false,
    },
    Wall {
        why: "rules are pure: no clock, no waiting, no chance, no environment, no order that differs per process",
        within: &["shared/domain/src"],
        except: &[],
        banned: &[
            "Timestamp::now",
            "Zoned::now",
            "SystemTime",
            "Instant",
            "async",
            "await",
            "HashMap",
            "HashSet",
            "RandomState",
            "std::env",
            "std::fs",
            "std::net",
            "tokio",
            "rand",
            "getrandom",
            "serde",
            "serde_json",
            "tracing",
        ],
        tests_may: false,
    },
    Wall {
        why: "flows and channels know neither the runtime nor the machine: time and waiting come through ports",
        within: &["shared/app/src", "shared/channels/src", "shared/sandbox/src"],
        except: &[],
        banned: &[
            "tokio",
            "Timestamp::now",
            "Zoned::now",
            "SystemTime",
            "Instant",
            "std::env",
            "std::fs",
            "std::net",
        ],
        tests_may: true,
    },
    Wall {
        why: "a channel's folder makes values of requests and reads values of answers; it does not wait",
        within: &["shared/channels/src"],
        except: &[],
        banned: &["async", "await"],
        tests_may: false,
    },
    Wall {
        why: "pages live in shared/console",
        within: &["shared", "functions", "infra"],
        except: &["shared/console"],
        banned: &["maud", "html!"],
        tests_may: false,
    },
    Wall {
        why: "the console asks for the time like everybody else",
        within: &["shared/console/src"],
        except: &[],
        banned: &["Timestamp::now", "Zoned::now", "SystemTime", "std::env"],
        tests_may: false,
    },
    Wall {
        why: "no branch on a channel's name: a channel is a value of optional capabilities",
        within: &["shared/domain/src", "shared/app/src"],
        except: &[],
        banned: &["\"amazon\"", "\"shopify\"", "\"bigcommerce\""],
        tests_may: true,
    },
];

#[test]
fn every_name_stays_in_its_room() {
    let mut found = Findings::default();
    for wall in WALLS {
        for folder in wall.within {
            for file in source_files(folder) {
                let path = relative(&file);
                if wall.except.iter().any(|e| path.starts_with(e)) || path == "tests/flows/tidy.rs" {
                    continue;
                }
                for (number, line) in code_lines(&file, wall.tests_may) {
                    for name in wall.banned.iter().filter(|name| names(&line, name)) {
                        found.add(format!("{path}:{number}: `{name}`: {}", wall.why));
                    }
                }
            }
        }
    }
    found.check();
}

/// Which room may depend on what, by the manifests: the compiler keeps the rest.
#[test]
fn every_dependency_stays_in_its_room() {
    let mut found = Findings::default();
    let only: &[(&str, &[&str])] = &[
        ("aws-", &["shared/aws"]),
        ("dynoxide", &["shared/aws"]),
        ("reqwest", &["shared/aws"]),
        ("lambda_", &["functions"]),
        ("aws_lambda_events", &["functions"]),
        ("maud", &["shared/console"]),
        ("utoipa", &["shared/console"]),
        ("clap", &["infra/local"]),
        ("tokio", &["shared/aws", "functions", "infra/local", "tests"]),
        ("weir-aws", &["functions", "infra/local", "tests"]),
        (
            "weir-app",
            &[
                "shared/aws",
                "shared/console",
                "shared/sandbox",
                "functions",
                "infra/local",
                "tests",
                "tests/simulation",
            ],
        ),
    ];
    for manifest in manifests() {
        let room = relative(manifest.parent().expect("a manifest lies in a folder"));
        if room.is_empty() {
            continue; // the workspace's own list, where every dependency has its reason
        }
        for (number, line) in numbered(&manifest) {
            for (prefix, rooms) in only {
                if line.starts_with(prefix) && !rooms.contains(&room.as_str()) {
                    found
                        .add(format!("{room}/Cargo.toml:{number}: `{line}` belongs to {}", rooms.join(", ")));
                }
            }
        }
    }
    found.check();
}

/// A channel's wire types are spelled in its folder, and no channel names another.
#[test]
fn wire_types_stay_in_their_folder() {
    let mut found = Findings::default();
    let channels: Vec<PathBuf> = folders("shared/channels/src");
    assert!(!channels.is_empty(), "no channel has a folder");
    for folder in &channels {
        let own = file_name(folder);
        let home = relative(folder);
        for place in EVERYWHERE {
            for file in source_files(place) {
                let path = relative(&file);
                // The sandbox is the channel's other side: it speaks the same words.
                if path.starts_with(&home) || path.starts_with("shared/sandbox") {
                    continue;
                }
                for (number, line) in code_lines(&file, false) {
                    if names(&line, &format!("{own}::wire")) {
                        found.add(format!("{path}:{number}: wire types of {own} outside {home}"));
                    }
                }
            }
        }
        for other in channels.iter().map(|o| file_name(o)).filter(|o| *o != own) {
            for file in source_files(&home) {
                for (number, line) in code_lines(&file, false) {
                    if names(&line, &other) {
                        found.add(format!("{}:{number}: {own} names {other}", relative(&file)));
                    }
                }
            }
        }
    }
    found.check();
}

// ---------------------------------------------------------------- habits that a reader relies on

#[test]
fn every_file_opens_with_a_sentence() {
    let mut found = Findings::default();
    for file in EVERYWHERE.iter().flat_map(|place| source_files(place)) {
        let text = read(&file);
        let opening = text.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
        if opening.split_whitespace().count() < 3 {
            found.add(format!("{}: does not open with a `//!` sentence", relative(&file)));
        }
    }
    found.check();
}

/// `SPEC: KF-02, KF-09` names rules of the product's page, by family and two digits.
#[test]
fn every_rule_that_is_named_is_well_formed() {
    const FAMILIES: &[&str] = &["G", "KF", "KS", "KB", "FX", "CS", "OP"];
    let mut found = Findings::default();
    for file in EVERYWHERE.iter().flat_map(|place| source_files(place)) {
        if relative(&file) == "tests/flows/tidy.rs" {
            continue;
        }
        for (number, line) in numbered(&file) {
            let Some(list) =
                line.find("//").and_then(|at| line[at..].split_once("SPEC:")).map(|(_, list)| list)
            else {
                continue;
            };
            let words: Vec<&str> = list
                .split(|c: char| c.is_whitespace() || ",.;:()".contains(c))
                .filter(|w| !w.is_empty())
                .collect();
            let rule = |word: &str| {
                word.split_once('-').is_some_and(|(family, digits)| {
                    FAMILIES.contains(&family)
                        && digits.len() == 2
                        && digits.bytes().all(|b| b.is_ascii_digit())
                })
            };
            let meant = |word: &str| {
                word.split_once('-').is_some_and(|(family, rest)| {
                    !family.is_empty()
                        && family.bytes().all(|b| b.is_ascii_uppercase())
                        && rest.bytes().next().is_some_and(|b| b.is_ascii_digit())
                })
            };
            if !words.first().is_some_and(|word| rule(word)) {
                found.add(format!("{}:{number}: `SPEC:` without a rule's id", relative(&file)));
            }
            for word in words.iter().filter(|word| meant(word) && !rule(word)) {
                found.add(format!("{}:{number}: `{word}` is no rule's id", relative(&file)));
            }
        }
    }
    found.check();
}

/// What a room's clippy.toml bans is allowed in place only with its reason beside it.
#[test]
fn every_lifted_ban_says_why() {
    let mut found = Findings::default();
    for file in EVERYWHERE.iter().flat_map(|place| source_files(place)) {
        if relative(&file) == "tests/flows/tidy.rs" {
            continue;
        }
        let lines: Vec<(usize, String)> = numbered(&file).collect();
        for (index, (number, line)) in lines.iter().enumerate() {
            if !line.contains("clippy::disallowed_") || !(line.contains("allow(") || line.contains("expect("))
            {
                continue;
            }
            let before = index.checked_sub(1).map_or("", |i| lines[i].1.trim());
            if !line.contains("reason") && !line.contains("//") && !before.starts_with("// ") {
                found.add(format!("{}:{number}: a ban is lifted without a reason", relative(&file)));
            }
        }
    }
    found.check();
}

#[test]
fn the_two_commands_of_the_readme_are_those_that_are_run() {
    let readme = read(&root().join("README.md"));
    let ci = read(&root().join(".ci/run"));
    for command in ["cargo run", "cargo test --workspace"] {
        assert!(
            readme.lines().any(|line| line.trim().trim_start_matches("$ ") == command),
            "README.md lacks a line `{command}`"
        );
    }
    assert!(ci.contains("cargo test --workspace"), ".ci/run does not run the README's test command");
}

// ---------------------------------------------------------------- the template

#[test]
fn every_function_has_its_limits_failures_and_alarms() {
    let template = Template::read();
    let mut found = Findings::default();
    assert!(!template.functions().is_empty(), "template.yaml has no function");
    for (name, function) in template.functions() {
        for property in ["Timeout:", "MemorySize:", "Role:"] {
            if !function.has(property) {
                found.add(format!("{name}: no {property}"));
            }
        }
        for property in ["Timeout:", "MemorySize:"] {
            if function.has(property) && !function.line(property).contains('#') {
                found.add(format!("{name}: {property} without a reason beside it"));
            }
        }
        if !template.fails_somewhere(&name, function) {
            found.add(format!("{name}: no dead letters and no failure destination"));
        }
        for metric in ["Errors", "Throttles"] {
            let rings = |alarm: &Block| alarm.has(&format!("MetricName: {metric}")) && alarm.refers_to(&name);
            if !template.of_type("AWS::CloudWatch::Alarm").any(|(_, alarm)| rings(alarm)) {
                found.add(format!("{name}: no alarm on {metric}"));
            }
        }
    }
    found.check();
}

#[test]
fn every_binary_has_its_function_and_every_function_its_binary() {
    let deployed: BTreeSet<String> = Template::read().binaries().into_values().collect();
    let mut built = BTreeSet::new();
    for entry in entries("functions/src/bin") {
        if entry.is_dir() {
            built.insert(file_name(&entry));
        } else if let Some(stem) = file_name(&entry).strip_suffix(".rs") {
            built.insert(stem.to_owned());
        }
    }
    assert_eq!(built, deployed, "functions/src/bin (left) and the functions of template.yaml (right)");
}

/// What the template puts into the environment is what the functions read, and nothing else.
#[test]
fn the_environment_is_the_one_that_is_read() {
    let given: BTreeSet<String> =
        numbered(&root().join("template.yaml")).flat_map(|(_, line)| settings(&line)).collect();
    let mut read = BTreeSet::new();
    for file in ["functions/src", "shared/aws/src"].iter().flat_map(|place| source_files(place)) {
        for (_, line) in code_lines(&file, true) {
            read.extend(settings(&line));
        }
    }
    // `WEIR_QUEUE_IMPORT_{channel}`: one for every channel, so the template's are those that begin so.
    let families: Vec<String> = read.extract_if(.., |name| name.ends_with('_')).collect();
    for family in families {
        read.extend(given.iter().filter(|name| name.starts_with(&family)).cloned());
    }
    assert_eq!(read, given, "settings that functions read (left) and that template.yaml gives (right)");
}

#[test]
fn every_alarm_has_its_page_and_every_page_its_alarm() {
    let template = read(&root().join("template.yaml"));
    let pages: BTreeSet<String> = entries("infra/runbooks").iter().map(|page| relative(page)).collect();
    let mut named = BTreeSet::new();
    for line in template.lines().filter(|line| line.trim_start().starts_with("AlarmDescription:")) {
        let page = line
            .split_whitespace()
            .map(|word| word.trim_matches('"'))
            .find(|word| word.starts_with("infra/runbooks/"));
        named.insert(page.unwrap_or_else(|| panic!("an alarm without a page: {line}")).to_owned());
    }
    assert_eq!(pages, named, "pages in infra/runbooks (left) and pages that alarms name (right)");
}

// ---------------------------------------------------------------- the events

/// `events/FUNCTION.json` and `events/FUNCTION.WHAT.json`: each is what a trigger of that function would hand over,
/// each trigger has one, and each is handed to the function's real binary by a test.
#[test]
fn every_trigger_has_an_event_and_every_event_a_test() {
    let mut found = Findings::default();
    let template = Template::read();
    let functions: BTreeMap<String, Vec<Trigger>> = (template.functions().into_iter())
        .map(|(name, block)| (template.binaries()[&name].clone(), template.triggers(&name, block)))
        .collect();
    let events: Vec<(String, Value)> = entries("events")
        .iter()
        .map(|path| (file_name(path), serde_json::from_str(&read(path)).expect("an event is JSON")))
        .collect();
    let binary_of = |file: &str| file.split('.').next().unwrap_or_default().to_owned();
    for (binary, triggers) in &functions {
        if triggers.is_empty() {
            found.add(format!("{binary}: nothing triggers it"));
        }
        for trigger in triggers {
            if !events.iter().any(|(file, event)| binary_of(file) == *binary && trigger.gives(event)) {
                found.add(format!("events/{binary}*.json: none of {trigger:?}"));
            }
        }
    }
    let started: String = source_files("functions/tests").iter().map(|file| read(file)).collect();
    for (file, event) in &events {
        let triggers = functions.get(&binary_of(file));
        if !triggers.is_some_and(|triggers| triggers.iter().any(|trigger| trigger.gives(event))) {
            found.add(format!("events/{file}: no trigger of the function it is named after hands this over"));
        }
        if !started.contains(&format!("\"{file}\"")) {
            found.add(format!("events/{file}: no test in functions/tests starts a binary with it"));
        }
    }
    found.check();
}

// ---------------------------------------------------------------- the tidy test sees what it looks for

#[test]
fn a_banned_name_is_seen_in_code_and_not_in_words() {
    let seen = |line: &str, name: &str| names(&code_of(line), name);
    assert!(seen("let m: HashMap<K, V> = HashMap::new();", "HashMap"));
    assert!(seen("let now = jiff::Timestamp::now();", "Timestamp::now"));
    assert!(seen("use aws_sdk_dynamodb::Client;", "aws_sdk_*"));
    assert!(seen("let url = \"https://x\"; tokio::spawn(f);", "tokio"));
    assert!(seen("match channel.as_str() { \"amazon\" => 1, _ => 2 }", "\"amazon\""));
    assert!(!seen("let at = 1; // never HashMap", "HashMap"));
    assert!(!seen("let my_hash_map = IndexHashMapLike::new();", "HashMap"));
    assert!(!seen("fn asynchronous() {}", "async"));
    assert!(!seen("let quote = '\"'; // async", "async"));
}

#[test]
fn a_function_without_its_parts_is_seen() {
    let text = "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n    Properties:\n      RedrivePolicy: {}\n\n  Worker:\n    \
                Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: target/lambda/worker/\n      Events:\n        \
                Work:\n          Type: SQS\n          Properties:\n            Queue: !GetAtt Jobs.Arn\n\n  Idle:\n    \
                Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: target/lambda/idle/\n\n  Door:\n    \
                Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: target/lambda/door/\n\n  Live:\n    \
                Type: AWS::Lambda::Alias\n    Properties:\n      FunctionName: !Ref Door\n\n  Way:\n    \
                Type: AWS::ApiGatewayV2::Integration\n    Properties:\n      IntegrationUri: !Ref Live\n\nOutputs:\n  X: 1\n";
    let template = Template::parse(text);
    let functions: BTreeMap<String, &Block> = template.functions().into_iter().collect();
    assert_eq!(functions.keys().collect::<Vec<_>>(), ["Door", "Idle", "Worker"]);
    assert!(!functions["Worker"].has("Timeout:"));
    assert!(template.fails_somewhere("Worker", functions["Worker"]));
    assert!(!template.fails_somewhere("Idle", functions["Idle"]));
    assert!(template.fails_somewhere("Door", functions["Door"]), "who calls its alias waits for it");
    assert!(functions["Worker"].refers_to("Jobs") && !functions["Worker"].refers_to("Job"));
    assert_eq!(template.binaries()["Idle"], "idle");
}

#[test]
fn an_event_of_another_trigger_is_seen() {
    let queue = Trigger::Queue { name: "weir-prod-jobs".to_owned(), most: 1 };
    let of = |arn: &str| {
        json!({"messageId": "1", "body": "", "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs", "eventSourceARN": arn})
    };
    assert!(queue.gives(&json!({"Records": [of("arn:aws:sqs:eu-west-1:1:weir-prod-jobs")]})));
    assert!(!queue.gives(&json!({"Records": [of("arn:aws:sqs:eu-west-1:1:weir-prod-other")]})));
    let twice = [of("arn:aws:sqs:eu-west-1:1:weir-prod-jobs"), of("arn:aws:sqs:eu-west-1:1:weir-prod-jobs")];
    assert!(!queue.gives(&json!({"Records": twice})), "more than a batch has");
    assert!(!queue.gives(&json!({"Records": []})) && !queue.gives(&json!({})));

    let stream = Trigger::Stream { most: 9, pattern: json!({"eventName": ["INSERT"]}) };
    let change = |name: &str| {
        json!({"Records": [{"eventName": name, "eventSource": "aws:dynamodb",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:1:table/t/stream/1", "dynamodb": {"SequenceNumber": "1"}}]})
    };
    assert!(stream.gives(&change("INSERT")) && !stream.gives(&change("REMOVE")));

    let schedule = Trigger::Schedule { name: "weir-prod-tick".to_owned() };
    let tick = |name: &str| {
        json!({"source": "aws.scheduler",
        "resources": [format!("arn:aws:scheduler:eu-west-1:1:schedule/default/{name}")]})
    };
    assert!(schedule.gives(&tick("weir-prod-tick")) && !schedule.gives(&tick("weir-prod-tock")));

    let http = Trigger::Http { route: "$default".to_owned() };
    let call = |version: &str| {
        json!({"version": version, "routeKey": "$default",
        "requestContext": {"routeKey": "$default", "http": {"method": "GET"}}})
    };
    assert!(http.gives(&call("2.0")) && !http.gives(&call("1.0")));
}
