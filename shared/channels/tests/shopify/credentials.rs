//! Setting up a connection and getting its access token, in each of three ways.

use std::time::Duration;

use weir_channels::{
    channel::{AccessToken, ChannelError, Credentials, FieldError, Grant, Secret, TokenStep},
    http::{HttpRequest, HttpResponse, Method},
};
use weir_domain::connection::Endpoints;

use crate::support::{CHANNEL, connection};

fn credentials(given: &[(&str, &str)]) -> Credentials {
    given.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
}

fn step(given: &[(&str, &str)]) -> Result<TokenStep, Vec<FieldError>> {
    CHANNEL.access.token(&connection(), &credentials(given), Grant::Merchant)
}

fn asks(given: &[(&str, &str)]) -> HttpRequest {
    match step(given).unwrap() {
        TokenStep::Ask(request) => request,
        other => panic!("{other:?}"),
    }
}

fn form(request: &HttpRequest) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

fn answer(status: u16, body: &str) -> Result<AccessToken, ChannelError> {
    CHANNEL.access.answer(&HttpResponse::json(status, body))
}

const APPLICATION: [(&str, &str); 2] = [("client_id", "app-1"), ("client_secret", "s&cret=")];

#[test]
fn a_token_that_does_not_end_is_held() {
    // SPEC: FX-03
    let given = [("access_token", " shpat_abc "), ("client_id", "app-1"), ("client_secret", "secret")];
    let TokenStep::Held(token) = step(&given).unwrap() else { panic!("it is there already") };
    assert_eq!(token.token.expose(), "shpat_abc");
    assert!(!format!("{token:?}").contains("shpat"));
    let errors = step(&[("access_token", "sh pat\n")]).unwrap_err();
    assert_eq!(errors[0].path, "access_token");
}

#[test]
fn a_token_for_a_day_is_asked_for_with_the_applications_credentials() {
    // SPEC: FX-03
    let request = asks(&APPLICATION);
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Post, "https://blue-mugs.myshopify.com/admin/oauth/access_token")
    );
    assert_eq!(form(&request), "client_id=app-1&client_secret=s%26cret%3D&grant_type=client_credentials");
    assert!(!format!("{request:?}").contains("cret"));
    let token =
        answer(200, r#"{"access_token":"shpca_1","scope":"read_orders","expires_in":86399}"#).unwrap();
    assert_eq!((token.token.expose(), token.lifetime), ("shpca_1", Duration::from_secs(86_399)));
}

#[test]
fn a_token_for_an_hour_is_asked_for_with_a_refresh_token_that_is_replaced() {
    // SPEC: FX-03
    let mut given = APPLICATION.to_vec();
    given.extend([("refresh_token", "shprt_1"), ("access_token", "shpat_old")]);
    let request = asks(&given);
    assert_eq!(
        form(&request),
        "client_id=app-1&client_secret=s%26cret%3D&grant_type=refresh_token&refresh_token=shprt_1"
    );
    let body = r#"{"access_token":"shpat_2","expires_in":3600,"refresh_token":"shprt_2","refresh_token_expires_in":7776000}"#;
    let response = HttpResponse::json(200, body);
    assert_eq!(CHANNEL.access.replaced(&response), credentials(&[("refresh_token", "shprt_2")]));
    assert_eq!(CHANNEL.access.answer(&response).unwrap().lifetime, Duration::from_secs(3_600));
    for (status, body) in
        [(200, r#"{"access_token":"shpat_2"}"#), (200, "oops"), (200, r#"{"refresh_token":""}"#), (400, body)]
    {
        assert!(CHANNEL.access.replaced(&HttpResponse::json(status, body)).is_empty(), "{status} {body}");
    }
}

#[test]
fn an_endpoint_of_the_connection_replaces_the_shops() {
    let mut connection = connection();
    connection.endpoints.token = Some("http://127.0.0.1:4000/token".to_owned());
    let token = CHANNEL.access.token(&connection, &credentials(&APPLICATION), Grant::Merchant).unwrap();
    let TokenStep::Ask(request) = token else { panic!() };
    assert_eq!(request.url, "http://127.0.0.1:4000/token");
    connection.endpoints = Endpoints { api: Some("http://127.0.0.1:4000/".to_owned()), token: None };
    let token = CHANNEL.access.token(&connection, &credentials(&APPLICATION), Grant::Merchant).unwrap();
    let TokenStep::Ask(request) = token else { panic!() };
    assert_eq!(request.url, "http://127.0.0.1:4000/admin/oauth/access_token");
}

#[test]
fn missing_credentials_are_named() {
    let paths = |given: &[(&str, &str)]| -> Vec<String> {
        step(given).unwrap_err().into_iter().map(|error| error.path).collect()
    };
    assert_eq!(paths(&[]), ["client_id", "client_secret"]);
    assert_eq!(paths(&[("client_id", "a"), ("client_secret", "  ")]), ["client_secret"]);
    assert_eq!(paths(&[("refresh_token", "shprt_1")]), ["client_id", "client_secret"]);
    // Each shop has its own token service: without its address nothing is asked of anybody.
    let request = CHANNEL.access.request(&Endpoints::default(), &credentials(&APPLICATION), Grant::Merchant);
    assert_eq!(request.unwrap_err()[0].path, "shop_domain");
}

#[test]
fn a_lifetime_that_cannot_be_is_the_usual_one() {
    for odd in ["0", "-5", "\"soon\"", "null", "1.5"] {
        let token = answer(200, &format!(r#"{{"access_token":"t","expires_in":{odd}}}"#)).unwrap();
        assert_eq!(token.lifetime, Duration::from_secs(3_600), "{odd}");
    }
    let token = answer(200, r#"{"access_token":"t","expires_in":9999999}"#).unwrap();
    assert_eq!(token.lifetime, Duration::from_secs(86_400));
    for body in ["", "[]", "{}", r#"{"access_token":""}"#, r#"{"access_token":"a b"}"#] {
        assert!(matches!(answer(200, body), Err(ChannelError::Unreadable(_))), "{body}");
    }
}

#[test]
fn refusals_of_the_token_service_are_told_for_what_they_are() {
    // SPEC: G-11
    for code in ["invalid_grant", "invalid_client", "application_cannot_be_found", "shop_not_permitted"] {
        let body = format!(r#"{{"error":"{code}","error_description":"secret shprt_1"}}"#);
        let error = answer(400, &body).unwrap_err();
        assert!(matches!(&error, ChannelError::Revoked(why) if !why.contains("shprt")), "{code}: {error}");
        assert!(error.needs_attention());
    }
    assert!(matches!(answer(401, "<html>"), Err(ChannelError::Revoked(_))));
    assert!(matches!(answer(403, "<html>"), Err(ChannelError::Denied(_))));
    assert!(matches!(answer(404, "<html>"), Err(ChannelError::Denied(_))));
    assert!(matches!(answer(400, r#"{"error":"invalid_request"}"#), Err(ChannelError::Refused(_))));
    for status in [302, 408, 500, 503] {
        assert!(matches!(answer(status, ""), Err(ChannelError::Trouble(_))), "{status}");
    }
    assert!(matches!(answer(429, ""), Err(ChannelError::Throttled { .. })));
}

#[test]
fn a_connection_is_checked_field_by_field() {
    // SPEC: KS-50
    let setup = CHANNEL.setup;
    assert_eq!((setup.account_field(), setup.marketplace_field()), ("shop_domain", None));
    assert_eq!(setup.order_apis(), ["2026-10"]);
    assert_eq!(setup.check(&connection()), Ok(()));
    for shop in [
        "",
        "blue-mugs",
        "myshopify.com",
        ".myshopify.com",
        "-a.myshopify.com",
        "Blue.myshopify.com",
        "a.b.myshopify.com",
        "blue-mugs.myshopify.com.evil.example",
        "evil.example/.myshopify.com",
        "evil.example#.myshopify.com",
        "user@evil.myshopify.com",
        "blue mugs.myshopify.com",
        "shop.example.com",
    ] {
        let mut connection = connection();
        connection.remote.account = shop.to_owned();
        let errors = setup.check(&connection).unwrap_err();
        assert_eq!(errors[0].path, "shop_domain", "{shop}");
    }
    let mut connection = connection();
    connection.endpoints.api = Some("ftp://example.com".to_owned());
    connection.endpoints.token = Some("https://user:pw@example.com/?a=b".to_owned());
    let errors = setup.check(&connection).unwrap_err();
    let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(paths, ["endpoints.api", "endpoints.token"]);
}

#[test]
fn a_domain_that_is_no_shops_is_never_called() {
    let mut odd = connection();
    odd.remote.account = "evil.example/x".to_owned();
    let token = CHANNEL.access.token(&odd, &credentials(&APPLICATION), Grant::Merchant).unwrap();
    let TokenStep::Ask(request) = token else { panic!() };
    assert!(request.url.starts_with("https://shop.invalid/"), "{}", request.url);
}

#[test]
fn connections_share_an_account_if_all_of_it_is_equal() {
    // SPEC: KS-50, G-12
    let account = |change: &dyn Fn(&mut weir_domain::connection::Connection)| {
        let mut connection = connection();
        change(&mut connection);
        CHANNEL.setup.shared_account(&connection, &credentials(&APPLICATION))
    };
    let plain = account(&|_| {});
    assert_eq!(plain, account(&|connection| connection.name = "Another".to_owned()));
    assert_ne!(plain, account(&|connection| connection.remote.account = "red-mugs.myshopify.com".to_owned()));
    assert_ne!(
        plain,
        account(&|connection| connection.endpoints.api = Some("http://127.0.0.1:1".to_owned()))
    );
    assert!(!plain.contains("cret"), "{plain}");
}
