//! Login with Amazon: access tokens for refresh tokens and for applications. (API-FACTS §1.1)

use weir_channels::http::{HttpRequest, HttpResponse, Method};

use super::{Access, Amazon, Grant, Now, json::Json, query::Query};

/// The scopes of calls that need no seller.
const SCOPES: [&str; 2] =
    ["sellingpartnerapi::notifications", "sellingpartnerapi::client_credential:rotation"];

/// Answers the token endpoint.
pub(super) fn handle(amazon: &mut Amazon, request: &HttpRequest, now: Now) -> HttpResponse {
    if amazon.dice.hits(amazon.faults.token_errors) {
        let status = if amazon.dice.hits(500) { 500 } else { 503 };
        return refusal(
            status,
            "server_error",
            "The authorization server is currently unable to handle the request.",
        );
    }
    match token(amazon, request, now) {
        Ok(answer) => answer,
        Err((status, error, description)) => refusal(status, error, description),
    }
}

type Refusal = (u16, &'static str, &'static str);

fn token(amazon: &mut Amazon, request: &HttpRequest, now: Now) -> Result<HttpResponse, Refusal> {
    let form = request.header_value("content-type").unwrap_or("");
    if request.method != Method::Post || !form.starts_with("application/x-www-form-urlencoded") {
        return Err((400, "invalid_request", "The request is missing a required parameter or is malformed."));
    }
    let form = Query::parse(&String::from_utf8_lossy(&request.body));
    let need = |name| form.get(name).ok_or((400, "invalid_request", MISSING));
    let (client_id, secret) = (need("client_id")?, need("client_secret")?);
    let known = amazon.apps.iter().position(|app| app.client_id == client_id && app.client_secret == secret);
    let app = super::position(known.ok_or((401, "invalid_client", "Client authentication failed"))?);
    match need("grant_type")? {
        "refresh_token" => {
            let refresh_token = need("refresh_token")?;
            let grant = amazon.grants.get(refresh_token).copied();
            let Some(Grant { seller, .. }) = grant.filter(|grant| !grant.revoked && grant.app == app) else {
                return Err((400, "invalid_grant", INVALID_GRANT));
            };
            let refresh_token = refresh_token.to_owned();
            Ok(issue(amazon, Some(seller), app, Some(&refresh_token), now))
        }
        "client_credentials" => {
            let scope = need("scope")?;
            if !SCOPES.contains(&scope) {
                return Err((400, "invalid_scope", "The request has an invalid scope parameter"));
            }
            Ok(issue(amazon, None, app, None, now))
        }
        _ => Err((400, "unsupported_grant_type", "The authorization grant type is not supported")),
    }
}

const MISSING: &str = "The request is missing a required parameter";
const INVALID_GRANT: &str = "The request has an invalid grant parameter : refresh_token. User may have revoked or \
                             didn't grant the permission.";

fn issue(
    amazon: &mut Amazon,
    seller: Option<u32>,
    app: u32,
    refresh_token: Option<&str>,
    now: Now,
) -> HttpResponse {
    amazon.access.retain(|_, access| access.until > now.wall);
    let token = format!("{}{}", if seller.is_some() { "Atza|" } else { "Atc|" }, amazon.make_id());
    let lifetime = amazon.token_lifetime;
    amazon.access.insert(token.clone(), Access { seller, app, until: now.wall + lifetime });
    let body = Json::of(|json| {
        json.field_text("access_token", &token);
        if let Some(refresh_token) = refresh_token {
            json.field_text("refresh_token", refresh_token);
        }
        json.field_text("token_type", "bearer");
        json.field_number("expires_in", lifetime.as_secs());
    });
    HttpResponse::json(200, body)
}

fn refusal(status: u16, error: &str, description: &str) -> HttpResponse {
    let body = Json::of(|json| {
        json.field_text("error", error);
        json.field_text("error_description", description);
    });
    HttpResponse::json(status, body)
}
