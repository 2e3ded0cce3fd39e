//! Access tokens: some are given for good, some live a day and are made of the application's own
//! credentials, some live an hour with a refresh token that each use replaces. (API-FACTS §2)

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::form_urlencoded;
use weir_channels::http::{HttpRequest, HttpResponse, Method};

use super::{Now, Shopify, door, position};

/// How long a token lives that was made of the application's credentials.
const DAY: SignedDuration = SignedDuration::from_secs(86_399);
/// How long a token lives that comes with a refresh token.
const HOUR: SignedDuration = SignedDuration::from_secs(3_600);
/// How long an unused refresh token lives.
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// An access token.
#[derive(Clone, Debug)]
pub(super) struct Access {
    shop: u32,
    app: u32,
    /// None: it does not end.
    until: Option<Timestamp>,
    /// The refresh token that it was made of; it is used up once this one is used.
    made_of: Option<String>,
    /// Whether it came with a refresh token: of such ones a shop has one for each application.
    is_refreshable: bool,
}

impl Access {
    /// Whether it ends by itself.
    pub(super) const fn ends(&self) -> bool {
        self.until.is_some()
    }
}

/// A refresh token.
#[derive(Clone, Debug)]
pub(super) struct Refresh {
    shop: u32,
    app: u32,
    until: Timestamp,
    made_of: Option<String>,
}

/// Who calls: which application, in which shop, and what it may do there.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) shop: u32,
    pub(super) app: u32,
    pub(super) scopes: Vec<String>,
}

impl Caller {
    pub(super) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|given| given == scope)
    }
}

impl Shopify {
    /// Gives an application an access token that does not end, as shops' own applications once had.
    /// It has to be installed.
    pub fn give_access_token(&mut self, shop: &str, client_id: &str, token: &str) {
        let Some((shop, app)) = self.installed(shop, client_id) else { return };
        let access = Access { shop, app, until: None, made_of: None, is_refreshable: false };
        self.access.insert(token.to_owned(), access);
    }

    /// Gives an application a refresh token, as a merchant's consent does. It has to be installed.
    pub fn give_refresh_token(&mut self, shop: &str, client_id: &str, token: &str, now: Now) {
        let Some((shop, app)) = self.installed(shop, client_id) else { return };
        let refresh = Refresh { shop, app, until: now.wall + REFRESH_LIFE, made_of: None };
        self.refresh.insert(token.to_owned(), refresh);
    }

    /// Every access token that ends does so now.
    pub fn expire_access_tokens(&mut self) {
        self.access.retain(|_, access| access.until.is_none());
    }

    fn installed(&self, shop: &str, client_id: &str) -> Option<(u32, u32)> {
        let app = position(self.apps.iter().position(|app| app.client_id == client_id)?);
        let shop = position(self.shops.iter().position(|known| known.spec.domain == shop)?);
        let is_installed = self.shops.get(shop as usize)?.installed.contains_key(&app);
        is_installed.then_some((shop, app))
    }

    /// Whose token it is. The first use of a token ends the refresh token that it was made of.
    pub(super) fn caller(&mut self, token: &str, now: Timestamp) -> Option<Caller> {
        let access = self.access.get(token)?.clone();
        if access.until.is_some_and(|until| until <= now) {
            return None;
        }
        if let Some(used) = access.made_of {
            self.refresh.remove(&used);
        }
        let scopes = self.shops.get(access.shop as usize)?.installed.get(&access.app)?.clone();
        Some(Caller { shop: access.shop, app: access.app, scopes })
    }

    pub(super) fn end_tokens(&mut self, shop: u32, app: u32) {
        self.access.retain(|_, access| access.shop != shop || access.app != app);
        self.refresh.retain(|_, refresh| refresh.shop != shop || refresh.app != app);
    }

    fn make_token(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{:016x}{:08x}", self.dice.next(), self.made)
    }
}

/// Answers the token endpoint of a shop.
pub(super) fn handle(shopify: &mut Shopify, request: &HttpRequest, now: Now) -> HttpResponse {
    if shopify.dice.hits(shopify.faults.token_errors) {
        return door::trouble(shopify);
    }
    let answer = match token(shopify, request, now) {
        Ok(answer) => HttpResponse::json(200, answer.to_string()),
        Err((status, error, description)) => {
            let body = json!({ "error": error, "error_description": description });
            HttpResponse::json(status, body.to_string())
        }
    };
    if answer.status == 200 && shopify.dice.hits(shopify.faults.lost_tokens) {
        return door::trouble(shopify);
    }
    answer
}

type Refused = (u16, &'static str, &'static str);

const INVALID_GRANT: Refused = (400, "invalid_grant", "The refresh token is invalid, expired or revoked");

fn token(shopify: &mut Shopify, request: &HttpRequest, now: Now) -> Result<Value, Refused> {
    let Some(shop) = door::shop_of(shopify, request) else {
        return Err((404, "not_found", "Not Found"));
    };
    if request.method != Method::Post {
        return Err((400, "invalid_request", "The request method must be POST"));
    }
    let given = given(request);
    let need = |name: &str| {
        let found = given.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty()).ok_or((
            400,
            "invalid_request",
            "Missing or invalid parameter",
        ))
    };
    let (client_id, secret) = (need("client_id")?, need("client_secret")?);
    let known = shopify.apps.iter().position(|app| app.client_id == client_id);
    let app = position(known.ok_or((
        400,
        "application_cannot_be_found",
        "Could not find Shopify API application with that client id",
    ))?);
    if shopify.apps.get(app as usize).is_none_or(|app| app.secret != secret) {
        return Err((401, "invalid_client", "Client authentication failed"));
    }
    let installed = shopify.shops.get(shop as usize).and_then(|shop| shop.installed.get(&app));
    let scope = installed.map(|scopes| scopes.join(","));
    match need("grant_type")? {
        "client_credentials" => {
            let scope = scope.ok_or((
                400,
                "shop_not_permitted",
                "Client credentials cannot be performed on this shop",
            ))?;
            let token = shopify.make_token("shpat");
            let until = Some(now.wall + DAY);
            let access = Access { shop, app, until, made_of: None, is_refreshable: false };
            shopify.access.insert(token.clone(), access);
            Ok(json!({ "access_token": token, "scope": scope, "expires_in": DAY.as_secs() }))
        }
        "refresh_token" => {
            let used = need("refresh_token")?;
            let refresh = shopify.refresh.get(used).cloned().ok_or(INVALID_GRANT)?;
            let is_right = refresh.shop == shop && refresh.app == app && refresh.until > now.wall;
            let scope = scope.filter(|_| is_right).ok_or(INVALID_GRANT)?;
            Ok(rotate(shopify, used, &refresh, &scope, now))
        }
        _ => Err((400, "unsupported_grant_type", "The grant type is not supported")),
    }
}

/// Gives the next pair. The refresh token that was used works on until the pair is used, so that a lost
/// answer can be asked for again; asked for again, the pair before is of no use.
fn rotate(shopify: &mut Shopify, used: &str, refresh: &Refresh, scope: &str, now: Now) -> Value {
    let Refresh { shop, app, .. } = *refresh;
    if let Some(before) = &refresh.made_of {
        shopify.refresh.remove(before);
    }
    shopify.refresh.retain(|_, other| other.made_of.as_deref() != Some(used));
    // One expiring token is active for each application and shop.
    shopify.access.retain(|_, access| !access.is_refreshable || access.shop != shop || access.app != app);
    let (token, next) = (shopify.make_token("shpat"), shopify.make_token("shprt"));
    let made_of = Some(used.to_owned());
    shopify.access.insert(
        token.clone(),
        Access { shop, app, until: Some(now.wall + HOUR), made_of: made_of.clone(), is_refreshable: true },
    );
    shopify.refresh.insert(next.clone(), Refresh { shop, app, until: now.wall + REFRESH_LIFE, made_of });
    json!({
        "access_token": token,
        "scope": scope,
        "expires_in": HOUR.as_secs(),
        "refresh_token": next,
        "refresh_token_expires_in": REFRESH_LIFE.as_secs(),
    })
}

/// What was sent, as a form or as JSON.
fn given(request: &HttpRequest) -> Vec<(String, String)> {
    let kind = request.header_value("content-type").unwrap_or("");
    if kind.starts_with("application/json") {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let fields = body.as_object().into_iter().flatten();
        return fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    }
    form_urlencoded::parse(&request.body).into_owned().collect()
}
