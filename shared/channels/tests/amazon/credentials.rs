//! Setting up a connection and getting its access token.

use std::time::Duration;

use weir_channels::{
    amazon::CHANNEL,
    channel::{ChannelError, Credentials, Grant, Secret, TokenStep},
    http::{HttpResponse, Method},
};
use weir_domain::connection::Endpoints;

use crate::support::{DE, US, connection};

fn credentials() -> Credentials {
    [("client_id", "amzn1.app"), ("client_secret", "s&cret="), ("refresh_token", "Atzr|re+fresh")]
        .map(|(name, value)| (name.to_owned(), Secret::new(value)))
        .into()
}

fn answer(status: u16, body: &str) -> Result<weir_channels::channel::AccessToken, ChannelError> {
    CHANNEL.access.answer(&HttpResponse::json(status, body))
}

#[test]
fn a_token_is_asked_for_in_form_encoding() {
    let request = CHANNEL.access.request(&Endpoints::default(), &credentials(), Grant::Merchant).unwrap();
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Post, "https://api.amazon.com/auth/o2/token")
    );
    assert_eq!(
        String::from_utf8(request.body.clone()).unwrap(),
        "grant_type=refresh_token&client_id=amzn1.app&client_secret=s%26cret%3D&refresh_token=Atzr%7Cre%2Bfresh"
    );
    assert!(request.header_value("content-type").unwrap().starts_with("application/x-www-form-urlencoded"));
    assert!(!format!("{request:?}").contains("cret"));
    let step = CHANNEL.access.token(&connection(DE, "2026-01-01"), &credentials(), Grant::Merchant);
    assert_eq!(step, Ok(TokenStep::Ask(request)), "it has to be asked for");

    let mut credentials = credentials();
    credentials.remove("refresh_token");
    let endpoints = Endpoints { api: None, token: Some("http://127.0.0.1:4000/token".to_owned()) };
    let request = CHANNEL.access.request(&endpoints, &credentials, Grant::Application).unwrap();
    assert_eq!(request.url, "http://127.0.0.1:4000/token");
    assert_eq!(
        String::from_utf8(request.body).unwrap(),
        "grant_type=client_credentials&scope=sellingpartnerapi%3A%3Anotifications&client_id=amzn1.app&client_secret=s%26cret%3D"
    );
}

#[test]
fn missing_credentials_are_named() {
    // SPEC: G-11
    let mut credentials = credentials();
    credentials.insert("client_secret".to_owned(), Secret::new(" "));
    credentials.remove("refresh_token");
    let errors = CHANNEL.access.request(&Endpoints::default(), &credentials, Grant::Merchant).unwrap_err();
    let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(paths, ["client_secret", "refresh_token"]);
}

#[test]
fn a_token_is_read_with_its_lifetime() {
    for (expires, seconds) in [
        ("3600", 3_600),
        ("\"1800\"", 1_800),
        ("null", 3_600),
        ("9999999", 86_400),
        ("999999999", 3_600),
        ("0", 3_600),
        ("-5", 3_600),
    ] {
        let body = format!(r#"{{"access_token":"Atza|abc","token_type":"bearer","expires_in":{expires}}}"#);
        let token = answer(200, &body).unwrap();
        assert_eq!(
            (token.token.expose(), token.lifetime),
            ("Atza|abc", Duration::from_secs(seconds)),
            "{expires}"
        );
    }
    for body in [
        "",
        "[]",
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":"a\r\nx: y"}"#,
        r#"{"access_token":[]}"#,
    ] {
        assert!(matches!(answer(200, body), Err(ChannelError::Unreadable(_))), "{body}");
    }
}

#[test]
fn credentials_that_do_not_work_are_told_from_trouble() {
    // SPEC: G-11
    for code in ["invalid_grant", "unauthorized_client", "invalid_client"] {
        for status in [400, 401] {
            let error =
                answer(status, &format!(r#"{{"error":"{code}","error_description":"secret Atzr|x"}}"#))
                    .unwrap_err();
            assert!(
                matches!(&error, ChannelError::Revoked(why) if why.starts_with(code) && !why.contains("Atzr")),
                "{error}"
            );
            assert!(error.needs_attention());
        }
    }
    assert!(matches!(answer(401, "<html>"), Err(ChannelError::Revoked(_))));
    assert!(matches!(answer(400, r#"{"error":"invalid_request"}"#), Err(ChannelError::Refused(_))));
    assert!(matches!(answer(400, r#"{"error":"invalid_scope"}"#), Err(ChannelError::Denied(_))));
    assert!(matches!(answer(400, r#"{"error":"temporarily_unavailable"}"#), Err(ChannelError::Trouble(_))));
    for status in [500, 503, 302] {
        assert!(matches!(answer(status, r#"{"error":"x"}"#), Err(ChannelError::Trouble(_))), "{status}");
    }
    assert!(matches!(answer(429, ""), Err(ChannelError::Throttled { .. })));
}

#[test]
fn a_connection_is_checked_field_by_field() {
    // SPEC: KF-13
    let setup = CHANNEL.setup;
    assert_eq!((setup.account_field(), setup.marketplace_field()), ("seller_id", Some("marketplace_id")));
    assert_eq!(setup.credential_fields(), ["client_id", "client_secret", "refresh_token"]);
    for marketplace in setup.marketplaces() {
        assert_eq!(setup.check(&connection(marketplace.0, "2026-01-01")), Ok(()), "{}", marketplace.1);
    }
    assert_eq!(setup.marketplaces().len(), 23);
    let mut wrong = connection("AMAZON.DE", "2026-01-01");
    wrong.remote.account = "my shop".to_owned();
    wrong.endpoints.api = Some("ftp://example.com".to_owned());
    wrong.endpoints.token = Some("https://user:pw@example.com/?a=b".to_owned());
    let errors = setup.check(&wrong).unwrap_err();
    let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(paths, ["seller_id", "marketplace_id", "endpoints.api", "endpoints.token"]);
    assert!(errors[1].message.contains("A1PA6795UKMFR9 (DE)"), "it says the way out: {}", errors[1].message);
    wrong.remote.marketplace = None;
    assert!(setup.check(&wrong).unwrap_err().iter().any(|error| error.path == "marketplace_id"));
}

#[test]
fn connections_share_an_account_if_all_of_it_is_equal() {
    // SPEC: KF-01
    let account = |connection| CHANNEL.setup.shared_account(&connection, &credentials());
    let german = account(connection(DE, "2026-01-01"));
    assert_eq!(german, account(connection("A1F83G8C2ARO7P", "v0")), "one region");
    assert_ne!(german, account(connection(US, "2026-01-01")), "another region");
    let mut other = connection(DE, "2026-01-01");
    other.remote.account = "A1OTHER".to_owned();
    assert_ne!(german, account(other));
    let mut other = connection(DE, "2026-01-01");
    other.endpoints.api = Some("http://127.0.0.1:4000".to_owned());
    assert_ne!(german, account(other.clone()));
    let mut slash = other.clone();
    slash.endpoints.api = Some("http://127.0.0.1:4000/".to_owned());
    assert_eq!(account(other), account(slash));
    for secret in ["cret", "Atzr"] {
        assert!(!german.contains(secret), "{german}");
    }
}
