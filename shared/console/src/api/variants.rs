//! `variants`: what is sold and stocked, unique by SKU.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_app::catalogue::variants::{self as flow, NewVariant, VariantPatch};
use weir_domain::{
    ids::VariantId,
    variant::{Sku, Tracking, Variant, VariantKind},
};

use super::{
    input::{Body, Fields, Params, given, id, parameter},
    organizations::delivery_days,
    paging::List,
    shapes::time,
};
use crate::{
    Console,
    auth::Who,
    errors::{ApiError, Refusals},
    idempotency::NewId,
};

const KINDS: [&str; 2] = [VariantKind::Product.as_str(), VariantKind::Service.as_str()];
const TRACKINGS: [&str; 3] = [Tracking::None.as_str(), Tracking::Batch.as_str(), Tracking::Serial.as_str()];

/// What is sold and stocked.
#[derive(Serialize, ToSchema)]
#[schema(as = Variant)]
pub(crate) struct VariantShape {
    /// It stays when the SKU changes.
    id: String,
    /// Compared byte for byte.
    sku: String,
    name: String,
    /// `product` or `service`.
    kind: &'static str,
    /// `none`, `batch` or `serial`.
    tracking: &'static str,
    /// Days from an order's creation to its delivery date; null: the organization's.
    default_delivery_days: Option<u16>,
    created_at: String,
}

fn shape(variant: Variant) -> VariantShape {
    VariantShape {
        id: variant.id.to_string(),
        sku: variant.sku.to_string(),
        name: variant.name,
        kind: variant.kind.as_str(),
        tracking: variant.tracking.as_str(),
        default_delivery_days: variant.default_delivery_days,
        created_at: time(variant.created_at),
    }
}

/// How a list of variants is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the window is read from the query itself")]
pub(crate) struct ListVariants {
    /// The one of this SKU, byte for byte.
    sku: Option<String>,
    /// 1 to 250.
    limit: Option<String>,
    /// Where the list goes on.
    cursor: Option<String>,
}

/// Variants, by SKU.
#[utoipa::path(get, path = "/v1/variants", tag = "variants", params(ListVariants),
    responses((status = 200, body = List<VariantShape>), Refusals))]
pub(crate) async fn list(
    State(console): State<Console>,
    Who(who): Who,
    params: Params<ListVariants>,
) -> Result<Json<List<VariantShape>>, ApiError> {
    let sku = parameter("sku", params.of.sku.as_ref(), Sku::parse)?;
    let part = flow::list(&console.hub, &who.organization, sku.as_ref(), &params.window()?).await?;
    Ok(Json(params.list(part, shape)))
}

/// What a variant is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateVariant {
    /// 1 to 255 bytes, as it is: case, spaces and leading zeros count.
    sku: String,
    /// The SKU if left out.
    name: Option<String>,
    /// `product` (if left out) or `service`.
    kind: Option<String>,
    /// `none` (if left out), `batch` or `serial`.
    tracking: Option<String>,
    default_delivery_days: Option<u16>,
}

/// Makes a variant. Orders that wait for its SKU go on by themselves.
#[utoipa::path(post, path = "/v1/variants", tag = "variants", request_body = CreateVariant,
    responses((status = 201, body = VariantShape), Refusals))]
pub(crate) async fn create(
    State(console): State<Console>,
    Who(who): Who,
    NewId(token): NewId,
    Body(body): Body<CreateVariant>,
) -> Result<(StatusCode, Json<VariantShape>), ApiError> {
    let mut fields = Fields::default();
    let sku = fields.parse("sku", Sku::parse(&body.sku));
    let name = fields.name("name", body.name.as_deref().unwrap_or(&body.sku));
    let kind = body.kind.as_deref().map_or(Some(VariantKind::Product), VariantKind::parse);
    let kind = fields.word("kind", kind, &KINDS);
    let tracking = body.tracking.as_deref().map_or(Some(Tracking::None), Tracking::parse);
    let tracking = fields.word("tracking", tracking, &TRACKINGS);
    let default_delivery_days = body.default_delivery_days.map(|days| delivery_days(&mut fields, days));
    fields.check()?;
    let (Some(sku), Some(name), Some(kind), Some(tracking)) = (sku, name, kind, tracking) else {
        return Err(fields.refusal());
    };
    let new = NewVariant { sku, name, kind, tracking, default_delivery_days };
    let made = flow::create(&console.hub, &who.organization, &token, new).await?;
    Ok((StatusCode::CREATED, Json(shape(made))))
}

/// A variant.
#[utoipa::path(get, path = "/v1/variants/{id}", tag = "variants", params(("id" = String, Path)),
    responses((status = 200, body = VariantShape), Refusals))]
pub(crate) async fn read(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
) -> Result<Json<VariantShape>, ApiError> {
    let id = id("variant", &text, VariantId::parse)?;
    Ok(Json(shape(flow::read(&console.hub, &who.organization, &id).await?)))
}

/// What changes of a variant. A field set to null is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeVariant {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    sku: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Only while it has no stock.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    kind: Option<Option<String>>,
    /// Only while it has no stock.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    tracking: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>)]
    default_delivery_days: Option<Option<u16>>,
}

/// Changes a variant. With its SKU the aliases that mean it change too.
#[utoipa::path(patch, path = "/v1/variants/{id}", tag = "variants", params(("id" = String, Path)),
    request_body = ChangeVariant, responses((status = 200, body = VariantShape), Refusals))]
pub(crate) async fn change(
    State(console): State<Console>,
    Who(who): Who,
    Path(text): Path<String>,
    Body(body): Body<ChangeVariant>,
) -> Result<Json<VariantShape>, ApiError> {
    let id = id("variant", &text, VariantId::parse)?;
    let mut fields = Fields::default();
    let patch = VariantPatch {
        sku: fields.kept("sku", body.sku).and_then(|sku| fields.parse("sku", Sku::parse(&sku))),
        name: fields.kept("name", body.name).and_then(|name| fields.name("name", &name)),
        kind: fields
            .kept("kind", body.kind)
            .and_then(|kind| fields.word("kind", VariantKind::parse(&kind), &KINDS)),
        tracking: fields
            .kept("tracking", body.tracking)
            .and_then(|tracking| fields.word("tracking", Tracking::parse(&tracking), &TRACKINGS)),
        default_delivery_days: body
            .default_delivery_days
            .map(|days| days.map(|days| delivery_days(&mut fields, days))),
    };
    fields.check()?;
    Ok(Json(shape(flow::change(&console.hub, &who.organization, &id, &patch).await?)))
}
