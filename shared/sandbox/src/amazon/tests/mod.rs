//! The sandbox's Amazon keeps to what is documented of the real one.

mod access;
mod contract;
mod lists;
mod notices;
mod opening;
mod rates;
mod readers;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use weir_channels::http::{HttpRequest, HttpResponse, Method};

use super::{Amazon, LineSpec, Now, OrderSpec, SellerSpec, marketplaces::US};

const SELLER: &str = "A1SELLER";

fn at(seconds: i64) -> Now {
    let start: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
    Now::at(start + SignedDuration::from_secs(seconds))
}

fn new() -> Amazon {
    let mut amazon = Amazon::new(7);
    amazon.register_app("app", "secret");
    amazon.register_seller(SellerSpec {
        seller_id: SELLER.to_owned(),
        refresh_token: "Atzr|one".to_owned(),
        client_id: "app".to_owned(),
        marketplaces: vec![US.id.to_owned(), "A2EUQ1WTGCTBG2".to_owned(), "A1PA6795UKMFR9".to_owned()],
    });
    amazon
}

fn json(response: &HttpResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap_or(Value::Null)
}

fn form(body: &str) -> HttpRequest {
    HttpRequest::new(Method::Post, "https://api.amazon.com/auth/o2/token")
        .with_body("application/x-www-form-urlencoded", body)
}

const REFRESH: &str = "grant_type=refresh_token&refresh_token=Atzr%7Cone&client_id=app&client_secret=secret";
const GRANTLESS: &str =
    "grant_type=client_credentials&scope=sellingpartnerapi::notifications&client_id=app&client_secret=secret";

fn token(amazon: &mut Amazon, body: &str, now: Now) -> String {
    let answer = amazon.handle(&form(body), now);
    json(&answer)["access_token"].as_str().unwrap().to_owned()
}

fn call(method: Method, path: &str, token: &str) -> HttpRequest {
    HttpRequest::new(method, format!("https://sellingpartnerapi-na.amazon.com{path}"))
        .header("user-agent", "test")
        .header("x-amz-access-token", token)
}

fn get(path: &str, token: &str) -> HttpRequest {
    call(Method::Get, path, token)
}

fn simple(sku: &str) -> OrderSpec {
    OrderSpec::new(&US, vec![LineSpec::new(sku, 1, 1_000).taxed(800)])
}

/// Places and ships an order at a second.
fn shipped(amazon: &mut Amazon, sku: &str, second: i64) -> String {
    let id = amazon.place_order(SELLER, simple(sku), at(second));
    assert!(amazon.ship(&id, at(second)));
    id
}

fn ids(answer: &Value) -> Vec<String> {
    let orders = answer["orders"].as_array().unwrap_or_else(|| panic!("{answer}"));
    orders.iter().map(|order| order["orderId"].as_str().unwrap().to_owned()).collect()
}

const SEARCH: &str = "/orders/2026-01-01/orders?lastUpdatedAfter=2026-03-01T00:00:00Z";
