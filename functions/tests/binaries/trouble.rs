//! What is wrong around a function: a variable, a table, a queue, a secret that is not there or not
//! allowed. It says which, in one line of its log, and nothing that it was handed is lost.

use serde_json::{Value, json};
use weir_tests::{
    books::IMPORTED,
    lambda::{Ended, Ran},
    shop::CLIENT_SECRET,
};

use crate::scene::{IMPORT, Scene, event, failed, outgoing, secret_of, store_items};

const FUNCTIONS: &[&str] = &[
    "fba-order-poller",
    "amazon-notifications",
    "bigcommerce-webhook",
    "shopify-webhook",
    "order-import",
    "fulfillment-push",
    "dispatcher",
    "sweeper",
    "console",
];

/// The only complaint of a log; it holds all of these words, and no log holds a secret.
fn complains(ran: &Ran, words: &[&str]) {
    let complaints = ran.complaints();
    let [complaint] = complaints.as_slice() else { panic!("one line was wanted: {complaints:#?}") };
    said(complaint, words);
    assert!(!ran.lines().concat().contains("canary"), "{:#?}", ran.lines());
}

fn said(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// The names of all messages of an event.
fn all_of(file: &str) -> Value {
    let event = event(file);
    failed(
        &event["Records"].as_array().unwrap().iter().map(|record| &record["messageId"]).collect::<Vec<_>>(),
    )
}

/// What the function said that it failed at.
fn failure(ran: &Ran) -> &Value {
    match &ran.ended {
        Ended::Failed(error) => &error["errorMessage"],
        ended => panic!("it did not fail: {ended:?}"),
    }
}

// SPEC: G-03
#[tokio::test]
async fn a_function_without_a_variable_does_not_start_and_says_which() {
    let scene = Scene::new().await;
    let every = [
        "AWS_REGION",
        "WEIR_STAGE",
        "WEIR_TABLE",
        "WEIR_BUS",
        "WEIR_QUEUE_IMPORT_AMAZON",
        "WEIR_QUEUE_IMPORT_SHOPIFY",
        "WEIR_QUEUE_PUSH_SHOPIFY",
        "WEIR_QUEUE_IMPORT_BIGCOMMERCE",
        "WEIR_QUEUE_PUSH_BIGCOMMERCE",
    ];
    let lambdas = ["AWS_LAMBDA_FUNCTION_NAME"];
    for function in FUNCTIONS {
        let variables = match *function {
            "order-import" => [every.as_slice(), &lambdas].concat(),
            _ => every[2..3].to_vec(),
        };
        for variable in variables {
            let ran = scene.function(function).with(variable, "").run(&Value::Null).await;
            assert!(
                matches!(ran.ended, Ended::Exited { code: Some(1 | 101) }),
                "{function}: {:?}",
                ran.ended
            );
            assert_eq!(ran.log.len(), 1, "{function}: {:#?}", ran.lines());
            complains(&ran, &[&format!("{variable} ")]);
        }
    }
    let ran = scene.function("sweeper").with("WEIR_ALLOW_ENDPOINTS", "yes").run(&Value::Null).await;
    complains(&ran, &["WEIR_ALLOW_ENDPOINTS", "on, off"]);
}

// SPEC: G-04
#[tokio::test]
async fn a_table_that_is_not_there_is_named_and_every_message_comes_back() {
    let scene = Scene::new().await;
    let run = async |file: &str| {
        let function = scene.function(file.split('.').next().unwrap()).with("WEIR_TABLE", "weir-gone");
        function.run(&event(file)).await
    };
    let words = ["table weir-gone in eu-west-1", "ResourceNotFoundException"];

    let ran = run("order-import.recheck.json").await;
    assert_eq!(*ran.answer(), all_of("order-import.recheck.json"));
    complains(&ran, &words);
    let ran = run("order-import.json").await;
    assert_eq!(*ran.answer(), all_of("order-import.json"));
    assert_eq!(ran.complaints().len(), 3, "one for each message");

    let ran = run("amazon-notifications.json").await;
    assert_eq!(*ran.answer(), all_of("amazon-notifications.json"));
    assert_eq!(ran.complaints().len(), 2, "one for each message");
    ran.complaints().iter().for_each(|complaint| said(complaint, &words));

    for file in ["fba-order-poller.json", "sweeper.json"] {
        let ran = run(file).await;
        said(failure(&ran).as_str().unwrap(), &words);
        complains(&ran, &words);
    }

    let ran = run("fulfillment-push.json").await;
    assert_eq!(*ran.answer(), all_of("fulfillment-push.json"));
    complains(&ran, &words);

    // The channel delivers it again.
    for file in ["shopify-webhook.json", "bigcommerce-webhook.json"] {
        let ran = run(file).await;
        said(failure(&ran).as_str().unwrap(), &words);
    }

    let ran = run("dispatcher.json").await;
    let first = &event("dispatcher.json")["Records"][0]["dynamodb"]["SequenceNumber"];
    assert_eq!(*ran.answer(), failed(&[first]));
    complains(&ran, &words);

    let ran = run("console.json").await;
    assert_eq!(ran.answer()["statusCode"], 503);
    assert!(
        !ran.answer().to_string().contains("weir-gone"),
        "what is wrong inside is told to nobody outside"
    );
    assert_eq!(ran.complaints().len(), 2, "one of its start, which lets the first token in, one of the call");
    ran.complaints().iter().for_each(|complaint| said(complaint, &words));
}

// SPEC: G-04
#[tokio::test]
async fn a_wrong_region_is_named() {
    let scene = Scene::new().await;
    let elsewhere = |function: &str| scene.function(function).with("AWS_REGION", "us-east-1");
    let ran = elsewhere("order-import").run(&event("order-import.recheck.json")).await;
    assert_eq!(*ran.answer(), all_of("order-import.recheck.json"));
    complains(&ran, &["table weir in us-east-1", "ResourceNotFoundException"]);

    store_items(&scene, &event("dispatcher.recheck.json")).await;
    let ran = elsewhere("dispatcher").run(&event("dispatcher.recheck.json")).await;
    complains(&ran, &["weir-prod-import-amazon in us-east-1", "NonExistentQueue"]);
    assert_eq!(outgoing(&scene).await, 1);
}

// SPEC: G-04, KF-01
#[tokio::test]
async fn a_queue_without_permission_is_named_and_nothing_is_lost() {
    let scene = Scene::new().await;
    scene.sell("111-7392844-5510234");
    scene.catch_up();
    scene.cloud.forbid("AmazonSQS");
    let words = ["/weir-prod-import-amazon in eu-west-1", "AccessDenied"];

    let ran = scene.run("fba-order-poller.json").await;
    said(failure(&ran).as_str().unwrap(), &["1 of 1 accounts"]);
    let [cause, tick] = ran.complaints().try_into().unwrap();
    said(&cause, &words);
    assert!(!tick.contains("AccessDenied"), "it is said once: {tick}");

    let ran = scene.run("amazon-notifications.json").await;
    let first = &event("amazon-notifications.json")["Records"][0]["messageId"];
    assert_eq!(*ran.answer(), failed(&[first]), "the second is about no connection of ours");
    complains(&ran, &words);

    store_items(&scene, &event("dispatcher.recheck.json")).await;
    let ran = scene.run("dispatcher.recheck.json").await;
    let first = &event("dispatcher.recheck.json")["Records"][0]["dynamodb"]["SequenceNumber"];
    assert_eq!(*ran.answer(), failed(&[first]));
    complains(&ran, &words);
    assert_eq!(outgoing(&scene).await, 1);

    // The next tick does what this one could not.
    scene.cloud.allow();
    let ran = scene.run("fba-order-poller.json").await;
    assert_eq!(*ran.answer(), Value::Null, "{:#?}", ran.lines());
    let [signal] = scene.cloud.sent(IMPORT).try_into().unwrap();
    said(&signal, &["111-7392844-5510234"]);
}

// SPEC: OP-03
#[tokio::test]
async fn a_bus_without_permission_is_named_and_everything_waits_behind_it() {
    let scene = Scene::new().await;
    store_items(&scene, &event("dispatcher.json")).await;
    scene.cloud.forbid("AWSEvents");
    let ran = scene.run("dispatcher.json").await;
    let first = &event("dispatcher.json")["Records"][0]["dynamodb"]["SequenceNumber"];
    assert_eq!(*ran.answer(), failed(&[first]));
    complains(&ran, &["bus weir-prod in eu-west-1", "AccessDenied"]);
    assert_eq!(outgoing(&scene).await, 2);
    // And the sweeper, which comes by later, fails until the bus is there.
    let ran = scene.run("sweeper.json").await;
    said(failure(&ran).as_str().unwrap(), &["1 organizations"]);
    said(&ran.complaints()[0], &["bus weir-prod in eu-west-1", "AccessDenied"]);
    assert_eq!(outgoing(&scene).await, 2);
}

/// The event of one signal for which Amazon has to be asked.
fn one_signal() -> Value {
    let records = &event("order-import.json")["Records"];
    json!({ "Records": [records[1]] })
}

// SPEC: G-11, OP-06
#[tokio::test]
async fn a_missing_secret_is_named_and_the_order_waits_for_it() {
    let scene = Scene::new().await;
    scene.sell("303-5418267-2291554");
    scene.cloud.lose_secrets();
    let ran = scene.function("order-import").run(&one_signal()).await;
    assert_eq!(*ran.answer(), failed(&[]));
    complains(
        &ran,
        &[&format!("secret {} in eu-west-1", secret_of(&scene.shop)), "ResourceNotFoundException"],
    );
    let outcome = scene.house.outcome(&scene.shop, "303-5418267-2291554").await;
    assert_eq!(outcome, "waiting credentials_revoked");
    assert!(scene.house.parked(&scene.shop, "303-5418267-2291554").await.is_some());
}

// SPEC: G-04, OP-06
#[tokio::test]
async fn a_secret_without_permission_is_named_and_the_order_waits() {
    let scene = Scene::new().await;
    scene.sell("303-5418267-2291554");
    scene.catch_up();
    scene.cloud.forbid("secretsmanager");
    let secret = format!("secret {} in eu-west-1", secret_of(&scene.shop));
    let ran = scene.run("fba-order-poller.json").await;
    said(&ran.complaints()[0], &[&secret, "AccessDenied"]);
    said(failure(&ran).as_str().unwrap(), &["1 of 1 accounts"]);

    let ran = scene.function("order-import").run(&one_signal()).await;
    assert_eq!(*ran.answer(), failed(&[]));
    complains(&ran, &[&secret, "AccessDenied"]);
    assert_eq!(scene.house.outcome(&scene.shop, "303-5418267-2291554").await, "waiting channel_trouble");
    assert!(scene.house.parked(&scene.shop, "303-5418267-2291554").await.is_some());
    let sentence = scene.house.sentence(&scene.shop, "303-5418267-2291554").await;
    assert!(!sentence.contains("secret") && !sentence.contains("arn:"), "{sentence}");

    scene.cloud.allow();
    let ran = scene.function("order-import").run(&one_signal()).await;
    assert_eq!(*ran.answer(), failed(&[]));
    assert_eq!(scene.house.outcome(&scene.shop, "303-5418267-2291554").await, IMPORTED);
}

// SPEC: OP-06
#[tokio::test]
async fn a_secret_that_is_none_of_weir_s_is_named_and_not_shown() {
    let scene = Scene::new().await;
    scene.sell("303-5418267-2291554");
    scene.cloud.keep_secret(&secret_of(&scene.shop), json!([CLIENT_SECRET]).to_string());
    let ran = scene.function("order-import").run(&one_signal()).await;
    assert_eq!(*ran.answer(), failed(&[]));
    complains(&ran, &[&secret_of(&scene.shop), "not what Weir wrote"]);
}
