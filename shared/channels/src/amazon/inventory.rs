//! The FBA Inventory API: what the warehouse has of a few SKUs right now. (SPEC FX-12;
//! specs/amazon/fbaInventory.json)

use std::{collections::BTreeMap, time::Duration};

use super::{
    errors, json,
    requests::{self, Query},
};
use crate::{
    channel::{Call, ChannelError, Operation, unreadable},
    http::{HttpRequest, HttpResponse, Method},
    warehouse::{Inventory, InventoryPage},
};

/// 2 calls a second, burst 2. Source: specs/amazon/fbaInventory.json.
const GET_SUMMARIES: Operation =
    Operation { name: "getInventorySummaries", refill: Duration::from_millis(500), burst: 2 };

const PATH: &str = "/fba/inventory/v1/summaries";

/// Amazon's stock.
pub(super) struct AmazonInventory;

impl Inventory for AmazonInventory {
    fn ask(&self, call: Call<'_>, skus: &[String], page: Option<&str>) -> (Operation, HttpRequest) {
        let marketplace = call.connection.remote.marketplace.as_deref().unwrap_or_default();
        let query = Query::default()
            .with("details", "true")
            .with("granularityType", "Marketplace")
            .with("granularityId", marketplace)
            .with_list("sellerSkus", skus)
            .with_optional("nextToken", page)
            .with("marketplaceIds", marketplace);
        (GET_SUMMARIES, requests::request(call.connection, call.token, Method::Get, PATH, query))
    }

    fn answer(&self, response: &HttpResponse) -> Result<InventoryPage, ChannelError> {
        let text = errors::success(response)?;
        let read = || {
            let answer = json::parse(&text)?.object()?;
            let mut quantities = BTreeMap::new();
            let payload = answer.get("payload").object()?;
            let summaries = payload.get("inventorySummaries");
            if !summaries.is_given() {
                return Err(summaries.malformed("is missing"));
            }
            for node in summaries.list()?.iter() {
                let summary = node.object()?;
                let Some(sku) = summary.get("sellerSku").text()? else { continue };
                let details = summary.get("inventoryDetails").object()?;
                // What can be shipped for an order from elsewhere. A SKU without details is not known, not 0.
                let Some(units) = details.get("fulfillableQuantity").quantity()? else { continue };
                *quantities.entry(sku).or_insert(0) += units;
            }
            let pagination = answer.get("pagination").object()?;
            Ok(InventoryPage { quantities, next: pagination.get("nextToken").words()? })
        };
        read().map_err(unreadable)
    }
}
