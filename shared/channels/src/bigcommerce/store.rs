//! The store itself: whose it is, and its locations.

use super::{
    rest::{CALL, get, some_text_of, text_of},
    setup::{is_hash, normal_hash},
};
use crate::{
    channel::{
        Call, ChannelError, MalformedOrder, Operation, Store, StoreInfo, StoreLocation, StoreLocations,
        unreadable,
    },
    http::{HttpRequest, HttpResponse},
    json::{self, Object},
};

/// Locations of a page: the most that V3 gives at once.
const PAGE: usize = 250;

/// BigCommerce's stores.
pub(super) struct BigCommerceStore;

impl Store for BigCommerceStore {
    fn about(&self, call: Call<'_>) -> (Operation, HttpRequest) {
        (CALL, get(call, "v2/store"))
    }

    /// What the application may do is told by no call: what is missing shows when it is asked for.
    fn read_about(&self, response: &HttpResponse) -> Result<StoreInfo, ChannelError> {
        let text = some_text_of(response)?;
        json::parse(&text).and_then(|node| read_store(&node.object()?)).map_err(unreadable)
    }

    fn locations(&self, call: Call<'_>, page: Option<&str>) -> (Operation, HttpRequest) {
        let page = page.filter(|page| page.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or("1");
        (CALL, get(call, &format!("v3/inventory/locations?limit={PAGE}&page={page}")))
    }

    fn read_locations(&self, response: &HttpResponse) -> Result<StoreLocations, ChannelError> {
        let Some(text) = text_of(response)? else {
            return Ok(StoreLocations { locations: Vec::new(), next: None });
        };
        json::parse(&text).and_then(|node| read_locations(&node.object()?)).map_err(unreadable)
    }
}

fn read_store(store: &Object<'_, '_>) -> Result<StoreInfo, MalformedOrder> {
    let id = store.get("id");
    let account = normal_hash(&id.required()?);
    if !is_hash(&account) {
        return Err(id.malformed("is no store's hash"));
    }
    let zone = store.get("timezone").object()?;
    Ok(StoreInfo {
        name: store.get("name").words()?.unwrap_or_else(|| account.clone()),
        currency: store.get("currency").words()?,
        time_zone: zone.get("name").words()?,
        missing_permissions: Vec::new(),
        account,
    })
}

fn read_locations(answer: &Object<'_, '_>) -> Result<StoreLocations, MalformedOrder> {
    let mut locations = Vec::new();
    for node in answer.get("data").list()?.iter() {
        let location = node.object()?;
        let id = location.get("id").required()?;
        let name = match location.get("label").words()? {
            Some(label) => label,
            None => location.get("code").words()?.unwrap_or_else(|| id.clone()),
        };
        let is_active = location.get("enabled").flag()?.unwrap_or(true);
        locations.push(StoreLocation { id, name, is_active });
    }
    Ok(StoreLocations { locations, next: next_page(answer)? })
}

/// The number of the next page, as V3's lists tell it.
pub(super) fn next_page(answer: &Object<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    let meta = answer.get("meta").object()?;
    let pagination = meta.get("pagination").object()?;
    let current = pagination.get("current_page").quantity()?.unwrap_or(1);
    let last = pagination.get("total_pages").quantity()?.unwrap_or(1);
    Ok((current < last).then(|| (current + 1).to_string()))
}
