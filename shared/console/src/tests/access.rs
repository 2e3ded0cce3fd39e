//! Who is let in: every route of the table, for nobody, for each scope, and for a session.

use axum::http::StatusCode;
use serde_json::json;
use weir_app::ports::ledger::Scope;

use super::house::{ADMIN, House, READER, WRITER};
use crate::{api, routes::Need};

/// An address of a route, with something in the place of each id.
fn address(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "some-id" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

// SPEC: OP-06
#[test]
fn nobody_comes_in_without_a_token() {
    let house = House::new();
    for ((path, method), need) in api::routes().table() {
        for token in ["", "not-a-known-token", "x"] {
            let answer = house.ask(token, method, &address(path), None);
            let expected = if need == Need::Nothing { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            assert_eq!(answer.status, expected, "{method} {path} with \"{token}\"");
            if need != Need::Nothing {
                assert_eq!(answer.json["error"]["code"], "unauthorized");
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
            }
        }
    }
    assert_eq!(house.ask("", "GET", "/v1/nothing-there", None).status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.ask("", "PUT", "/v1/locations", None).status, StatusCode::UNAUTHORIZED);
    let basic = house.ask_with("", "GET", "/v1/locations", None, &[("authorization", "Basic YWRtaW4=")]);
    assert_eq!(basic.status, StatusCode::UNAUTHORIZED);
}

// SPEC: OP-06
#[test]
fn a_scope_allows_no_more_than_it_says() {
    let house = House::new();
    for ((path, method), need) in api::routes().table() {
        for (token, scope) in [(READER, Scope::Read), (WRITER, Scope::Write)] {
            let answer = house.ask(token, method, &address(path), None);
            let may = match need {
                Need::Nothing => true,
                Need::Scope(needed) => scope >= needed,
                Need::Deployment => false,
            };
            assert_eq!(
                answer.status == StatusCode::FORBIDDEN,
                !may,
                "{method} {path} as {scope:?}: {}",
                answer.text
            );
        }
    }
}

#[test]
fn an_administrator_of_one_organization_is_not_the_deployments() {
    let house = House::new();
    let body = json!({"name": "Other", "base_currency": "EUR", "admin_token": "the-other-admins-token"});
    let other = house.post("/v1/organizations", &body).ok(201);
    let mine = house.ask("the-other-admins-token", "GET", "/v1/organization", None).ok(200);
    assert_eq!(mine["id"], other["id"]);
    let all = house.ask("the-other-admins-token", "GET", "/v1/organizations", None);
    assert_eq!(all.status, StatusCode::FORBIDDEN);
    assert_eq!(house.get("/v1/organizations").ok(200)["data"].as_array().unwrap().len(), 2);
}

// RELIABILITY row 49
#[test]
fn nothing_crosses_from_one_organization_to_another() {
    let house = House::new();
    let body = json!({"name": "Other", "base_currency": "EUR", "admin_token": "the-other-admins-token"});
    house.post("/v1/organizations", &body).ok(201);
    let location = house.post("/v1/locations", &json!({"name": "Mine"})).ok(201);
    house.post("/v1/variants", &json!({"sku": "A"})).ok(201);
    let path = format!("/v1/locations/{}", location["id"].as_str().unwrap());
    let other = "the-other-admins-token";
    assert_eq!(house.ask(other, "GET", &path, None).status, StatusCode::NOT_FOUND);
    assert_eq!(
        house.ask(other, "PATCH", &path, Some(&json!({"name": "Theirs"}))).status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(house.ask(other, "GET", "/v1/variants", None).ok(200)["data"], json!([]));
    house.ask(other, "POST", "/v1/variants", Some(&json!({"sku": "A"}))).ok(201);
}

#[test]
fn a_token_can_be_let_in_and_shut_out() {
    let house = House::new();
    let token = "a-token-that-somebody-made-up";
    let body = json!({"name": "shop-sync", "scope": "read", "token": token});
    assert_eq!(
        house.post("/v1/api_tokens", &body).ok(201),
        json!({"name": "token:shop-sync", "scope": "read"})
    );
    assert_eq!(house.ask(token, "GET", "/v1/locations", None).status, StatusCode::OK);
    assert_eq!(
        house.ask(token, "POST", "/v1/locations", Some(&json!({"name": "x"}))).status,
        StatusCode::FORBIDDEN
    );
    house.post("/v1/api_tokens/revoke", &json!({"token": token})).ok(204);
    assert_eq!(house.ask(token, "GET", "/v1/locations", None).status, StatusCode::UNAUTHORIZED);
    let deployment = json!({"name": "deployment", "scope": "admin", "token": token});
    assert_eq!(
        house.post("/v1/api_tokens", &deployment).refused(),
        (422, "invalid".into(), vec!["name".into()])
    );
}

// It would come back at the next start, which lets it in.
#[test]
fn the_deployments_own_token_ends_with_its_secret_alone() {
    let house = House::new();
    let (status, code, _) = house.post("/v1/api_tokens/revoke", &json!({"token": ADMIN})).refused();
    assert_eq!((status, code.as_str()), (409, "deployment_token"));
    assert_eq!(house.ask(ADMIN, "GET", "/v1/locations", None).status, StatusCode::OK);
}

/// Signs in and gives the cookie.
pub(super) fn sign_in(house: &House, host: &str) -> String {
    let request = axum::http::Request::post("/sign-in")
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(format!("token={ADMIN}")))
        .unwrap();
    house.send(request).headers["set-cookie"].to_str().unwrap().to_owned()
}

// RELIABILITY row 56
#[test]
fn a_session_is_let_in_and_no_other_site_may_use_it() {
    let house = House::new();
    let cookie = sign_in(&house, "127.0.0.1:3000");
    assert!(cookie.starts_with("weir_session="), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    let ask = |method: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("cookie", session)];
        all.extend_from_slice(headers);
        house.ask_with("", method, "/v1/locations", Some(&json!({"name": "x"})), &all).status
    };
    assert_eq!(ask("GET", &[]), StatusCode::OK);
    assert_eq!(ask("POST", &[]), StatusCode::CREATED);
    assert_eq!(ask("POST", &[("origin", "http://127.0.0.1:3000")]), StatusCode::CREATED);
    assert_eq!(ask("POST", &[("origin", "https://evil.example")]), StatusCode::FORBIDDEN);
    assert_eq!(ask("POST", &[("sec-fetch-site", "cross-site")]), StatusCode::FORBIDDEN);
    assert_eq!(ask("POST", &[("origin", "null")]), StatusCode::FORBIDDEN);
    let signs_in = house.ask_with("", "POST", "/sign-in", None, &[("origin", "https://evil.example")]);
    assert_eq!(signs_in.status, StatusCode::FORBIDDEN, "another site signs nobody in");
    house.clock.advance(weir_app::access::SESSION_LASTS);
    assert_eq!(ask("GET", &[]), StatusCode::UNAUTHORIZED);
}

#[test]
fn over_tls_a_session_is_sealed() {
    let house = House::new();
    let cookie = sign_in(&house, "weir.example.com");
    assert!(cookie.starts_with("__Host-weir_session=") && cookie.ends_with("; Secure"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    let request = |name: &str| {
        let value = session.replace("__Host-weir_session", name);
        let request = axum::http::Request::get("/v1/locations").header("host", "weir.example.com");
        house.send(request.header("cookie", value).body(axum::body::Body::empty()).unwrap())
    };
    let answer = request("__Host-weir_session");
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.contains_key("strict-transport-security"));
    assert_eq!(
        request("weir_session").status,
        StatusCode::UNAUTHORIZED,
        "an unsealed one may be another site's"
    );
}

// RELIABILITY row 56
#[test]
fn every_answer_keeps_a_browser_on_guard() {
    let house = House::new();
    for path in ["/healthz", "/v1/locations", "/v1/nothing-there", "/sign-in", "/", "/nothing-there"] {
        let headers = house.get(path).headers;
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
    assert_eq!(house.get("/v1/locations").headers["cache-control"], "no-store");
}

#[test]
fn pages_want_a_sign_in_too() {
    let house = House::new();
    for path in
        ["/", "/orders", "/orders/x", "/attention", "/inventory", "/connections", "/dead-letters", "/why"]
    {
        let answer = house.ask("", "GET", path, None);
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.headers["location"], "/sign-in", "{path}");
    }
    let cookie = sign_in(&house, "127.0.0.1:3000");
    let session = cookie.split(';').next().unwrap();
    let page = house.ask_with("", "GET", "/", None, &[("cookie", session)]);
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
}
