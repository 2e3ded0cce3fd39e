//! The `/v1` API: a file for each resource with its whole life. Names follow Katana's public API
//! where it has one, because users of this field know them.

mod input;
mod paging;
mod shapes;

pub(crate) mod organizations;
pub(crate) mod locations;
pub(crate) mod variants;
pub(crate) mod customers;
pub(crate) mod stock_adjustments;
pub(crate) mod inventory;
pub(crate) mod sales_orders;
pub(crate) mod manufacturing_orders;
pub(crate) mod sales_returns;
pub(crate) mod connections;
pub(crate) mod sku_aliases;
pub(crate) mod runs;
pub(crate) mod outcomes;
pub(crate) mod signals;
pub(crate) mod data_requests;
pub(crate) mod dead_letters;
pub(crate) mod api_tokens;

use serde::Serialize;
use utoipa::ToSchema;
use weir_app::ports::ledger::Scope;

use crate::{
    openapi,
    routes::{Need, Routes},
};

/// Every route of the API, with what it needs.
pub(crate) fn routes() -> Routes {
    let routes = Routes::default()
        .get_for("/healthz", Need::Nothing, healthz)
        .get("/v1/openapi.json", openapi::document);
    of_connections(of_orders(of_stock(of_the_catalogue(routes))))
        .get("/v1/outcomes", outcomes::list)
        .post("/v1/signals", Scope::Write, signals::create)
        .get("/v1/data_requests", data_requests::list)
        .get_for("/v1/data_requests/{id}/export", Need::Scope(Scope::Admin), data_requests::export)
        .get("/v1/dead_letters", dead_letters::list)
        .post("/v1/dead_letters/{id}/replay", Scope::Write, dead_letters::replay)
        .post("/v1/dead_letters/{id}/discard", Scope::Write, dead_letters::discard)
        .post("/v1/api_tokens", Scope::Admin, api_tokens::create)
        .post("/v1/api_tokens/revoke", Scope::Admin, api_tokens::revoke)
}

fn of_the_catalogue(routes: Routes) -> Routes {
    routes
        .get_for("/v1/organizations", Need::Deployment, organizations::list)
        .post_for_deployment("/v1/organizations", organizations::create)
        .get("/v1/organization", organizations::read)
        .patch("/v1/organization", Scope::Admin, organizations::change)
        .get("/v1/locations", locations::list)
        .post("/v1/locations", Scope::Write, locations::create)
        .get("/v1/locations/{id}", locations::read)
        .patch("/v1/locations/{id}", Scope::Write, locations::change)
        .get("/v1/variants", variants::list)
        .post("/v1/variants", Scope::Write, variants::create)
        .get("/v1/variants/{id}", variants::read)
        .patch("/v1/variants/{id}", Scope::Write, variants::change)
        .get("/v1/customers", customers::list)
        .post("/v1/customers", Scope::Write, customers::create)
        .get("/v1/customers/{id}", customers::read)
        .patch("/v1/customers/{id}", Scope::Write, customers::change)
}

fn of_stock(routes: Routes) -> Routes {
    routes
        .get("/v1/stock_adjustments", stock_adjustments::list)
        .post("/v1/stock_adjustments", Scope::Write, stock_adjustments::create)
        .get("/v1/stock_adjustments/{id}", stock_adjustments::read)
        .get("/v1/inventory", inventory::list)
        .get("/v1/batches", inventory::batches)
        .get("/v1/serial_numbers", inventory::serial_numbers)
        .get("/v1/inventory_movements", inventory::movements)
}

fn of_orders(routes: Routes) -> Routes {
    routes
        .get("/v1/sales_orders", sales_orders::list)
        .get("/v1/sales_orders/{id}", sales_orders::read)
        .patch("/v1/sales_orders/{id}", Scope::Write, sales_orders::change::change)
        .delete("/v1/sales_orders/{id}", Scope::Write, sales_orders::delete)
        .post("/v1/sales_orders/{id}/restore", Scope::Write, sales_orders::restore)
        .get("/v1/sales_orders/{id}/timeline", sales_orders::timeline)
        .get("/v1/sales_orders/{id}/fulfillments", sales_orders::fulfillments::list)
        .post("/v1/sales_orders/{id}/fulfillments", Scope::Write, sales_orders::fulfillments::create)
        .patch(
            "/v1/sales_orders/{id}/fulfillments/{fulfillment_id}",
            Scope::Write,
            sales_orders::fulfillments::change,
        )
        .post("/v1/sales_orders/{id}/invoice", Scope::Write, sales_orders::invoice::invoice)
        .post("/v1/sales_orders/{id}/rows/{row_id}/release", Scope::Write, sales_orders::release::release)
        .get("/v1/manufacturing_orders", manufacturing_orders::list)
        .post("/v1/manufacturing_orders", Scope::Write, manufacturing_orders::create)
        .get("/v1/manufacturing_orders/{id}", manufacturing_orders::read)
        .patch("/v1/manufacturing_orders/{id}", Scope::Write, manufacturing_orders::change)
        .get("/v1/sales_returns", sales_returns::list)
        .get("/v1/sales_returns/{id}", sales_returns::read)
        .post("/v1/sales_returns/{id}/receive", Scope::Write, sales_returns::receive)
}

fn of_connections(routes: Routes) -> Routes {
    routes
        .get("/v1/connections", connections::list)
        .post("/v1/connections", Scope::Admin, connections::create)
        .get("/v1/connections/{id}", connections::read)
        .patch("/v1/connections/{id}", Scope::Admin, connections::change)
        .post("/v1/connections/{id}/settings_preview", Scope::Write, connections::settings_preview)
        .post("/v1/connections/{id}/test", Scope::Write, connections::test)
        .post("/v1/connections/{id}/activate", Scope::Admin, connections::activate)
        .post("/v1/connections/{id}/deactivate", Scope::Admin, connections::deactivate)
        .get("/v1/connections/{id}/health", connections::health)
        .get("/v1/connections/{id}/sku_aliases", sku_aliases::list)
        .post("/v1/connections/{id}/sku_aliases", Scope::Write, sku_aliases::create)
        .delete("/v1/connections/{id}/sku_aliases", Scope::Write, sku_aliases::delete)
        .delete("/v1/connections/{id}/sku_aliases/{channel_sku}", Scope::Write, sku_aliases::delete_named)
        .get("/v1/connections/{id}/runs", runs::list)
        .post("/v1/connections/{id}/runs", Scope::Write, runs::create)
        .get("/v1/connections/{id}/runs/{run_id}", runs::read)
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Healthz {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the process answers. Open to everybody; it says nothing of what is behind it.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = Healthz)))]
pub(crate) async fn healthz() -> axum::Json<Healthz> {
    axum::Json(Healthz { status: "ok" })
}
