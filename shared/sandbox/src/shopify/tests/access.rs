//! Tokens, and who gets in.

use weir_channels::{
    channel::{Credentials, Grant, TokenStep},
    http::Method,
};

use super::*;
use crate::shopify::ShopState;

fn credentials(pairs: &[(&str, &str)]) -> Credentials {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
}

/// Asks for a token as the channel does. Gives it with the refresh token that replaces the one used.
fn ask(
    shopify: &mut Shopify,
    given: &Credentials,
    now: Now,
) -> Result<(AccessToken, Option<String>), ChannelError> {
    let TokenStep::Ask(request) = CHANNEL.access.token(&connection(), given, Grant::Merchant).unwrap() else {
        panic!("a token is asked for");
    };
    let answer = shopify.handle(&request, now);
    let token = CHANNEL.access.answer(&answer)?;
    let replaced = CHANNEL.access.replaced(&answer);
    Ok((token, replaced.get("refresh_token").map(|token| token.expose().to_owned())))
}

fn own() -> Credentials {
    credentials(&[("client_id", APP), ("client_secret", SECRET)])
}

fn refresh(token: &str) -> Credentials {
    credentials(&[("client_id", APP), ("client_secret", SECRET), ("refresh_token", token)])
}

/// Whether a token lets in.
fn lets_in(shopify: &mut Shopify, token: &AccessToken, now: Now) -> bool {
    let connection = connection();
    let call = Call { connection: &connection, token };
    let (_, request) = CHANNEL.store.unwrap().about(call);
    let answer = shopify.handle(&request, now);
    match CHANNEL.store.unwrap().read_about(&answer) {
        Ok(about) => {
            assert_eq!((about.account.as_str(), about.missing_permissions.len()), (SHOP, 0));
            true
        }
        Err(ChannelError::Expired) => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn the_application_s_own_token_lives_a_day() {
    let mut shopify = new();
    let (token, replaced) = ask(&mut shopify, &own(), at(0)).unwrap();
    assert_eq!((token.lifetime.as_secs(), replaced), (86_399, None));
    assert!(lets_in(&mut shopify, &token, at(86_398)));
    assert!(!lets_in(&mut shopify, &token, at(86_399)));
    let (other, _) = ask(&mut shopify, &own(), at(90_000)).unwrap();
    let (third, _) = ask(&mut shopify, &own(), at(90_000)).unwrap();
    assert!(lets_in(&mut shopify, &other, at(90_001)) && lets_in(&mut shopify, &third, at(90_001)));
}

#[test]
fn each_use_of_a_refresh_token_replaces_it() {
    let mut shopify = new();
    shopify.give_refresh_token(SHOP, APP, "shprt_first", at(0));
    let (token, second) = ask(&mut shopify, &refresh("shprt_first"), at(0)).unwrap();
    let second = second.unwrap();
    assert_eq!(token.lifetime.as_secs(), 3_600);
    // The answer may have been lost: until the pair is used it can be asked for again.
    let (again, third) = ask(&mut shopify, &refresh("shprt_first"), at(5)).unwrap();
    let third = third.unwrap();
    assert!(!lets_in(&mut shopify, &token, at(6)), "one is active at a time");
    assert!(matches!(ask(&mut shopify, &refresh(&second), at(6)), Err(ChannelError::Revoked(_))));
    assert!(lets_in(&mut shopify, &again, at(7)));
    assert!(matches!(ask(&mut shopify, &refresh("shprt_first"), at(8)), Err(ChannelError::Revoked(_))));
    assert!(!lets_in(&mut shopify, &again, at(3_605)));
    let (next, fourth) = ask(&mut shopify, &refresh(&third), at(3_700)).unwrap();
    // The use of the next refresh token ends the one before as well.
    ask(&mut shopify, &refresh(&fourth.unwrap()), at(3_701)).unwrap();
    assert!(matches!(ask(&mut shopify, &refresh(&third), at(3_702)), Err(ChannelError::Revoked(_))));
    assert!(!lets_in(&mut shopify, &next, at(3_703)));
    shopify.give_refresh_token(SHOP, APP, "shprt_old", at(0));
    let late = at(91 * 86_400);
    assert!(matches!(ask(&mut shopify, &refresh("shprt_old"), late), Err(ChannelError::Revoked(_))));
}

#[test]
fn the_token_endpoint_says_what_is_wrong() {
    let mut shopify = new();
    let wrong = credentials(&[("client_id", APP), ("client_secret", "shpss_other")]);
    assert!(matches!(ask(&mut shopify, &wrong, at(0)), Err(ChannelError::Revoked(_))));
    let unknown = credentials(&[("client_id", "nobody"), ("client_secret", SECRET)]);
    assert!(matches!(ask(&mut shopify, &unknown, at(0)), Err(ChannelError::Revoked(_))));
    let form = |url: &str, body: &str| {
        HttpRequest::new(Method::Post, url).with_body("application/x-www-form-urlencoded", body)
    };
    let url = format!("https://{SHOP}/admin/oauth/access_token");
    for (url, body, status, error) in [
        (url.as_str(), "client_id=app-one", 400, "invalid_request"),
        (
            url.as_str(),
            "client_id=app-one&client_secret=shpss_one&grant_type=password",
            400,
            "unsupported_grant_type",
        ),
        ("https://nobody.myshopify.com/admin/oauth/access_token", "", 404, "not_found"),
    ] {
        let answer = shopify.handle(&form(url, body), at(0));
        assert_eq!((answer.status, json(&answer)["error"].as_str()), (status, Some(error)));
    }
    let body = r#"{"client_id":"app-one","client_secret":"shpss_one","grant_type":"client_credentials"}"#;
    let local = format!("http://127.0.0.1:4000/{SHOP}/admin/oauth/access_token");
    let request = HttpRequest::new(Method::Post, local).with_body("application/json", body);
    assert_eq!(shopify.handle(&request, at(0)).status, 200, "the path names the shop as well");
}

#[test]
fn an_application_that_is_taken_out_is_gone_with_all_it_had() {
    // SPEC: OP-08
    let mut shopify = new();
    shopify.give_refresh_token(SHOP, APP, "shprt_first", at(0));
    let uri = "https://weir.example/hook";
    shopify.subscribe(SHOP, APP, &["APP_UNINSTALLED", "ORDERS_UPDATED"], uri);
    let (daily, _) = ask(&mut shopify, &own(), at(0)).unwrap();
    shopify.uninstall(SHOP, APP, at(10));
    for held in [&daily, &token(TOKEN)] {
        assert!(!lets_in(&mut shopify, held, at(11)));
    }
    assert!(matches!(ask(&mut shopify, &refresh("shprt_first"), at(11)), Err(ChannelError::Revoked(_))));
    assert!(matches!(ask(&mut shopify, &own(), at(11)), Err(ChannelError::Revoked(_))));
    let told = shopify.take_webhooks(at(12));
    assert_eq!(told.iter().map(|webhook| webhook.topic).collect::<Vec<_>>(), ["app/uninstalled"]);
    assert!(shopify.subscribed(SHOP).is_empty());
    shopify.install(SHOP, APP, &ALL_SCOPES);
    assert!(ask(&mut shopify, &own(), at(20)).is_ok());
}

#[test]
fn each_shop_lets_in_its_own_alone() {
    let mut shopify = new();
    let other = "other.myshopify.com";
    shopify.open_shop(ShopSpec::new(other));
    shopify.install(other, APP, &ALL_SCOPES);
    shopify.give_access_token(other, APP, "shpat_other");
    let id = place(&mut shopify, simple(), at(0));
    let order = |token: &str, host: &str| {
        let body = serde_json::json!({
            "query": "query Order($id: ID!) { order(id: $id) { id } }",
            "variables": { "id": format!("gid://shopify/Order/{id}") },
        });
        HttpRequest::new(Method::Post, format!("https://{host}/admin/api/2026-10/graphql.json"))
            .header("x-shopify-access-token", token)
            .with_body("application/json", body.to_string())
    };
    let own = shopify.handle(&order(TOKEN, SHOP), at(1));
    assert!(json(&own)["data"]["order"]["id"].is_string());
    assert_eq!(shopify.handle(&order(TOKEN, other), at(1)).status, 401);
    let elsewhere = shopify.handle(&order("shpat_other", other), at(1));
    assert!(json(&elsewhere)["data"]["order"].is_null());
    assert_eq!(shopify.handle(&order("shpat_unknown", SHOP), at(1)).status, 401);
    assert_eq!(shopify.handle(&order(TOKEN, "nobody.myshopify.com"), at(1)).status, 404);
    assert_eq!(shopify.handle(&order(TOKEN, "127.0.0.1:4000"), at(1)).status, 200, "the token says whose");
    for (state, status) in [(ShopState::Frozen, 402), (ShopState::Locked, 423), (ShopState::Open, 200)] {
        shopify.set_shop_state(SHOP, state);
        assert_eq!(shopify.handle(&order(TOKEN, SHOP), at(2)).status, status);
    }
}

#[test]
fn an_answer_that_is_lost_can_be_asked_for_again() {
    let mut shopify = new();
    shopify.give_refresh_token(SHOP, APP, "shprt_first", at(0));
    shopify.faults.lost_tokens = 1000;
    assert!(matches!(ask(&mut shopify, &refresh("shprt_first"), at(1)), Err(ChannelError::Trouble(_))));
    shopify.faults.lost_tokens = 0;
    let (token, _) = ask(&mut shopify, &refresh("shprt_first"), at(2)).unwrap();
    assert!(lets_in(&mut shopify, &token, at(3)));
    shopify.faults.expired_tokens = 1000;
    assert!(!lets_in(&mut shopify, &token, at(4)), "before its time");
    shopify.faults.expired_tokens = 0;
    assert!(!lets_in(&mut shopify, &token, at(5)), "for good");
    shopify.faults.token_errors = 1000;
    assert!(matches!(ask(&mut shopify, &own(), at(6)), Err(ChannelError::Trouble(_))));
}
