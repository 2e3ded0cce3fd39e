//! The shop itself: whose it is, what the application may do there, and its locations.

use serde_json::json;

use super::{
    graphql::{Answer, Document, GET_SHOP},
    ids,
    setup::{is_shop, normal_shop},
};
use crate::{
    channel::{
        Call, ChannelError, MalformedOrder, Operation, Store, StoreInfo, StoreLocation, StoreLocations,
        unreadable,
    },
    http::{HttpRequest, HttpResponse},
};

/// What the application has to be allowed, each as the scopes of which one is enough.
const NEEDED_SCOPES: [&[&str]; 4] = [
    &["read_orders", "write_orders", "read_all_orders"],
    &[
        "write_merchant_managed_fulfillment_orders",
        "write_assigned_fulfillment_orders",
        "write_third_party_fulfillment_orders",
    ],
    &["read_locations", "write_locations"],
    &["read_products", "write_products"],
];

/// Shopify's shops.
pub(super) struct ShopifyStore;

impl Store for ShopifyStore {
    fn about(&self, call: Call<'_>) -> (Operation, HttpRequest) {
        (GET_SHOP, Document::Shop.request(call, &json!({})))
    }

    fn read_about(&self, response: &HttpResponse) -> Result<StoreInfo, ChannelError> {
        let answer = Answer::read(response)?;
        answer.whole()?;
        read_shop(&answer).map_err(unreadable)
    }

    fn locations(&self, call: Call<'_>, page: Option<&str>) -> (Operation, HttpRequest) {
        (GET_SHOP, Document::Locations.request(call, &json!({ "after": page })))
    }

    fn read_locations(&self, response: &HttpResponse) -> Result<StoreLocations, ChannelError> {
        let answer = Answer::read(response)?;
        answer.whole()?;
        read_locations(&answer).map_err(unreadable)
    }
}

fn read_shop(answer: &Answer) -> Result<StoreInfo, MalformedOrder> {
    let data = answer.data()?.object()?;
    let shop = data.get("shop").object()?;
    let domain = shop.get("myshopifyDomain");
    let account = normal_shop(&domain.required()?);
    if !is_shop(&account) {
        return Err(domain.malformed("is no shop's domain"));
    }
    let installation = data.get("currentAppInstallation").object()?;
    let mut scopes = Vec::new();
    for node in installation.get("accessScopes").list()?.iter() {
        scopes.push(node.object()?.get("handle").required()?);
    }
    let has = |scope: &&str| scopes.iter().any(|given| given == scope);
    let missing = NEEDED_SCOPES.iter().filter(|any| !any.iter().any(has)).map(|any| any[0].to_owned());
    Ok(StoreInfo {
        name: shop.get("name").words()?.unwrap_or_else(|| account.clone()),
        currency: shop.get("currencyCode").words()?,
        time_zone: shop.get("ianaTimezone").words()?,
        missing_permissions: missing.collect(),
        account,
    })
}

fn read_locations(answer: &Answer) -> Result<StoreLocations, MalformedOrder> {
    let data = answer.data()?.object()?;
    let connection = data.get("locations").object()?;
    let mut locations = Vec::new();
    for node in connection.get("nodes").list()?.iter() {
        let location = node.object()?;
        let id = ids::required(&location.get("id"))?;
        let name = location.get("name").words()?.unwrap_or_else(|| id.clone());
        let is_active = location.get("isActive").flag()?.unwrap_or(false);
        locations.push(StoreLocation { id, name, is_active });
    }
    Ok(StoreLocations { locations, next: super::graphql::next_page(&connection)? })
}
