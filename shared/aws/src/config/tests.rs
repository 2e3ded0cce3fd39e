//! The settings of a deployment as `template.yaml` gives them, and what is said of bad ones.

use super::*;
use crate::testing::sdk;

fn environment(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = [
        ("AWS_REGION", "eu-west-1"),
        ("WEIR_STAGE", "prod"),
        ("WEIR_TABLE", "weir-prod-Table-1"),
        ("WEIR_BUS", "weir-prod"),
        ("WEIR_QUEUE_IMPORT_AMAZON", "https://sqs/1/weir-prod-import-amazon"),
        ("WEIR_QUEUE_IMPORT_SHOPIFY", "https://sqs/1/weir-prod-import-shopify"),
        ("WEIR_QUEUE_PUSH_SHOPIFY", "https://sqs/1/weir-prod-push-shopify"),
        ("WEIR_QUEUE_IMPORT_BIGCOMMERCE", "https://sqs/1/weir-prod-import-bigcommerce"),
        ("WEIR_QUEUE_PUSH_BIGCOMMERCE", "https://sqs/1/weir-prod-push-bigcommerce"),
        ("WEIR_PUBLIC_URL", "https://orders.example"),
        ("WEIR_QUEUE_NOTIFICATIONS", "https://sqs/1/weir-prod-amazon-notifications"),
        ("WEIR_NOTIFICATIONS_QUEUE_ARN", "arn:aws:sqs:eu-west-1:1:weir-prod-amazon-notifications"),
        ("WEIR_ALLOW_ENDPOINTS", "off"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    environment.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    environment
}

fn read(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let environment = environment(changes);
    Settings::read(|name| environment.get(name).cloned())
}

#[test]
fn the_template_s_variables_make_a_hub() {
    let settings = read(&[]).unwrap();
    let amazon = ChannelName::parse("amazon").unwrap();
    let import = &settings.queues[&QueueName::Import(amazon.clone())];
    assert_eq!(import.queue, "https://sqs/1/weir-prod-import-amazon");
    assert_eq!(import.dead_letters, "https://sqs/1/weir-prod-import-amazon-dead");
    assert!(settings.queues.contains_key(&QueueName::Notifications(amazon.clone())));
    let shopify = ChannelName::parse("shopify").unwrap();
    let push = &settings.queues[&QueueName::Push(shopify.clone())];
    assert_eq!(push.dead_letters, "https://sqs/1/weir-prod-push-shopify-dead");
    assert!(!settings.queues.contains_key(&QueueName::Push(amazon.clone())), "Amazon ships what it sells");
    let deployment = settings.deployment();
    assert_eq!(deployment.public_url.as_deref(), Some("https://orders.example"));
    assert!(!deployment.allow_endpoints);
    assert!(deployment.notification_queues[&amazon].starts_with("arn:aws:sqs"));
    let aws = Aws { settings, sdk: sdk(|_, _| (500, serde_json::Value::Null)) };
    assert!(aws.hub().is_ok());
}

#[test]
fn what_is_missing_or_means_nothing_is_named() {
    for name in [
        "WEIR_STAGE",
        "WEIR_TABLE",
        "WEIR_BUS",
        "WEIR_QUEUE_IMPORT_AMAZON",
        "WEIR_QUEUE_IMPORT_SHOPIFY",
        "WEIR_QUEUE_PUSH_SHOPIFY",
        "WEIR_QUEUE_IMPORT_BIGCOMMERCE",
        "WEIR_QUEUE_PUSH_BIGCOMMERCE",
    ] {
        let error = read(&[(name, "")]).unwrap_err();
        assert_eq!(error, SettingsError::Missing(name.to_owned()));
    }
    assert_eq!(read(&[("AWS_REGION", "")]), Err(SettingsError::NoRegion));
    let error = read(&[("WEIR_ALLOW_ENDPOINTS", "yes")]).unwrap_err().to_string();
    assert!(error.contains("WEIR_ALLOW_ENDPOINTS") && error.contains("on, off"), "{error}");
    assert!(read(&[("WEIR_ALLOW_ENDPOINTS", "on")]).unwrap().allow_endpoints);
    let without = read(&[("WEIR_NOTIFICATIONS_QUEUE_ARN", ""), ("WEIR_QUEUE_NOTIFICATIONS", "")]).unwrap();
    assert!(without.deployment().notification_queues.is_empty());
    let rest: Vec<String> = without.queues.keys().map(QueueName::text).collect();
    let expected =
        ["import-amazon", "import-bigcommerce", "import-shopify", "push-bigcommerce", "push-shopify"];
    assert_eq!(rest, expected);
    assert!(read(&[("WEIR_PUBLIC_URL", "")]).unwrap().deployment().public_url.is_none());
}
