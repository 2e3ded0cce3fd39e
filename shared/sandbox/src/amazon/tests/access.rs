//! Tokens and who may do what.

use super::*;

#[test]
fn a_token_lives_an_hour_and_is_told_from_a_bad_one() {
    let mut amazon = new();
    let token = token(&mut amazon, REFRESH, at(0));
    assert_eq!(amazon.handle(&get(SEARCH, &token), at(3599)).status, 200);
    let ended = amazon.handle(&get(SEARCH, &token), at(3600));
    assert_eq!(ended.status, 403);
    assert_eq!(json(&ended)["errors"][0]["details"], "The access token you provided has expired.");
    let unknown = amazon.handle(&get(SEARCH, "Atza|made-up"), at(0));
    assert_eq!(unknown.status, 403);
    assert!(json(&unknown)["errors"][0]["details"].as_str().unwrap().contains("malformed"));
    let plain = HttpRequest::new(Method::Get, format!("https://x{SEARCH}"));
    assert_eq!(amazon.handle(&plain, at(0)).status, 400, "no user agent");
    assert_eq!(amazon.handle(&plain.header("user-agent", "test"), at(0)).status, 403, "no token");
}

#[test]
fn the_token_endpoint_says_what_is_wrong() {
    let mut amazon = new();
    for (body, status, error) in [
        (REFRESH.replace("secret=secret", "secret=other"), 401, "invalid_client"),
        (REFRESH.replace("Atzr%7Cone", "Atzr%7Ctwo"), 400, "invalid_grant"),
        (REFRESH.replace("grant_type=refresh_token&", "grant_type=password&"), 400, "unsupported_grant_type"),
        (GRANTLESS.replace("::notifications", "::all"), 400, "invalid_scope"),
        ("grant_type=refresh_token".to_owned(), 400, "invalid_request"),
    ] {
        let answer = amazon.handle(&form(&body), at(0));
        assert_eq!((answer.status, json(&answer)["error"].as_str().unwrap()), (status, error));
        assert!(json(&answer)["error_description"].is_string());
    }
    let answer = json(&amazon.handle(&form(REFRESH), at(0)));
    assert_eq!((answer["expires_in"].as_i64(), answer["token_type"].as_str()), (Some(3600), Some("bearer")));
    assert_eq!(answer["refresh_token"], "Atzr|one");
}

#[test]
fn a_seller_who_revokes_is_gone_until_he_comes_back() {
    let mut amazon = new();
    let token = token(&mut amazon, REFRESH, at(0));
    amazon.revoke(SELLER);
    assert_eq!(amazon.handle(&get(SEARCH, &token), at(1)).status, 403);
    assert_eq!(json(&amazon.handle(&form(REFRESH), at(1)))["error"], "invalid_grant");
    amazon.restore(SELLER);
    assert_eq!(amazon.handle(&form(REFRESH), at(2)).status, 200);
}

#[test]
fn each_sees_only_what_is_his() {
    let mut amazon = new();
    amazon.register_seller(SellerSpec {
        seller_id: "A2OTHER".to_owned(),
        refresh_token: "Atzr|two".to_owned(),
        client_id: "app".to_owned(),
        marketplaces: vec![US.id.to_owned()],
    });
    let order = shipped(&mut amazon, "A", 0);
    let own = token(&mut amazon, REFRESH, at(200));
    let other = token(&mut amazon, &REFRESH.replace("one", "two"), at(200));
    let grantless = token(&mut amazon, GRANTLESS, at(200));
    let path = format!("/orders/2026-01-01/orders/{order}");
    assert_eq!(amazon.handle(&get(&path, &own), at(200)).status, 200);
    assert_eq!(amazon.handle(&get(&path, &other), at(200)).status, 404);
    assert_eq!(amazon.handle(&get(&path, &grantless), at(200)).status, 403);
    assert_eq!(ids(&json(&amazon.handle(&get(SEARCH, &own), at(200)))), [order]);
    assert!(ids(&json(&amazon.handle(&get(SEARCH, &other), at(200)))).is_empty());
    amazon.deny_new_orders_api(SELLER, true);
    let denied = amazon.handle(&get(&path, &own), at(200));
    assert_eq!((denied.status, json(&denied)["errors"][0]["details"].as_str()), (403, Some("")));
    let old = path.replace("2026-01-01", "v0");
    assert_eq!(amazon.handle(&get(&old, &own), at(200)).status, 200);
}
