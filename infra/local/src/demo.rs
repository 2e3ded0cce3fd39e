//! The demo merchant in Weir: made at the first start through the flows that a person uses, as far as
//! it is not made yet. Its goods and orders live in `shared/sandbox`.

mod connect;
mod stock;
pub(crate) mod clerk;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use weir_app::{
    Hub,
    catalogue::{locations, variants},
    gate::Site,
    organizations::{self, NewOrganization, OrganizationPatch},
    people::Refusal,
    ports::{Commit, Expect, Key, Record},
};
use weir_domain::{
    ids::{LocationId, OrganizationId},
    location::LocationKind,
    money::Currency,
    organization::TimeZoneName,
    variant::{Sku, Tracking, VariantKind},
};
use weir_sandbox::amazon::{
    Demo,
    demo::{CatalogueItem, OpeningStock},
};

use crate::{
    StartError,
    sandbox::{Sandbox, Seeded},
};

/// Base money for one unit, in ten-thousandths.
const RATES: [(&str, i64); 2] = [("EUR", 1_0800), ("JPY", 67)];

/// The organization of a first start.
pub(crate) fn first_organization(is_demo: bool) -> Result<NewOrganization, StartError> {
    if !is_demo {
        return Ok(NewOrganization::first());
    }
    let time_zone = TimeZoneName::parse("America/New_York")
        .map_err(|error| StartError::set_up("the first organization", error))?;
    Ok(NewOrganization { name: "Demo Merchant".to_owned(), time_zone, ..NewOrganization::first() })
}

/// Makes what is missing of the demo merchant, or finds the sandbox where it is now. Cut off in the
/// middle it is done to its end at the next start: what is made has an id of its own, made once.
pub(crate) async fn seed(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
) -> Result<(), StartError> {
    let failed = |refusal: Refusal| StartError::set_up("the demo merchant", refusal);
    let seeded = sandbox.is_seeded();
    if !seeded.merchant {
        tracing::info!("making the demo merchant");
        goods(hub, organization, sandbox).await.map_err(failed)?;
        connect::marketplaces(hub, organization, sandbox).await.map_err(failed)?;
    }
    if !seeded.web_shop {
        own_goods(hub, organization, sandbox).await.map_err(failed)?;
        connect::web_shop(hub, organization, sandbox).await.map_err(failed)?;
    }
    if !seeded.stores {
        connect::stores(hub, organization, sandbox).await.map_err(failed)?;
    }
    if let Err(refusal) = found_again(hub, organization, sandbox, seeded).await {
        // A person may have changed the demo's connections; they say so themselves.
        tracing::warn!(%refusal, "not every connection of the demo is back at the sandbox");
        return Ok(());
    }
    sandbox.is_seeded_now()
}

/// Finds the sandbox where it is now, for what was made at an earlier start.
async fn found_again(
    hub: &Hub,
    organization: &OrganizationId,
    sandbox: &Sandbox,
    seeded: Seeded,
) -> Result<(), Refusal> {
    if seeded.merchant {
        connect::again(hub, organization, sandbox).await?;
    }
    if seeded.stores {
        connect::stores_again(hub, organization, sandbox).await?;
    }
    Ok(())
}

async fn goods(hub: &Hub, organization: &OrganizationId, sandbox: &Sandbox) -> Result<(), Refusal> {
    organizations::change(hub, organization, &merchant()?).await?;
    for item in Demo::catalogue() {
        variants::create(hub, organization, &token(&["item", item.sku]), variant(item)?).await?;
    }
    for at in &Demo::MARKETPLACES {
        let country = at.marketplace.country;
        let new = locations::NewLocation {
            name: format!("Amazon FBA {country}"),
            kind: LocationKind::Fba,
            available_for_fulfillment: true,
        };
        locations::create(hub, organization, &location_token(country), new).await?;
        let place = stock::Place { name: country, location: location(country), opened: sandbox.opened() };
        stock::open(hub, organization, &place, |item| item.price(at.marketplace).is_some()).await?;
    }
    our_requests(hub, organization).await
}

/// The places from which the web shop ships, in the order of the shop's own: what they are called, and
/// what their ids are made of.
const OWN_PLACES: [(&str, &str); 2] = [("Main warehouse", "own"), ("Downtown store", "downtown")];

/// What the merchant ships by itself: all goods but those with serial numbers.
async fn own_goods(hub: &Hub, organization: &OrganizationId, sandbox: &Sandbox) -> Result<(), Refusal> {
    for (name, word) in OWN_PLACES {
        let own = locations::NewLocation {
            name: name.to_owned(),
            kind: LocationKind::Own,
            available_for_fulfillment: true,
        };
        let location = locations::create(hub, organization, &token(&[word]), own).await?.id;
        let place = stock::Place { name: word, location, opened: sandbox.opened() };
        stock::open(hub, organization, &place, |item| !matches!(item.stock, OpeningStock::Serials { .. }))
            .await?;
    }
    Ok(())
}

/// The ids of those places.
fn own_places() -> impl Iterator<Item = LocationId> {
    OWN_PLACES.iter().map(|(_, word)| LocationId::from_token(&token(&[word])))
}

fn merchant() -> Result<OrganizationPatch, Refusal> {
    let mut rates = BTreeMap::new();
    for (code, ten_thousandths) in RATES {
        let currency =
            Currency::parse(code).map_err(|error| Refusal::field("exchange_rates", error.to_string()))?;
        rates.insert(currency, Decimal::new(ten_thousandths, 4));
    }
    Ok(OrganizationPatch { exchange_rates: Some(rates), ..OrganizationPatch::default() })
}

fn variant(item: &CatalogueItem) -> Result<variants::NewVariant, Refusal> {
    let tracking = Tracking::parse(item.tracking());
    Ok(variants::NewVariant {
        sku: sku(item)?,
        name: item.name.to_owned(),
        kind: VariantKind::Product,
        tracking: tracking
            .ok_or_else(|| Refusal::field("tracking", "The catalogue tracks in an unknown way."))?,
        default_delivery_days: None,
    })
}

fn sku(item: &CatalogueItem) -> Result<Sku, Refusal> {
    Sku::parse(item.sku).map_err(|error| Refusal::field("sku", error.to_string()))
}

/// The numbers of the requests that the merchant once sent to Amazon: the order that comes back for
/// one of them is recognised. (SPEC KF-02)
async fn our_requests(hub: &Hub, organization: &OrganizationId) -> Result<(), Refusal> {
    let mut commit = Commit::default();
    for number in Demo::request_numbers() {
        commit.put(Key::RequestNumber(organization.clone(), number), Record::RequestNumber, Expect::Anything);
    }
    Ok(hub.commit(Site::PersonWrite, &commit).await?)
}

fn location(country: &str) -> LocationId {
    LocationId::from_token(&location_token(country))
}

fn location_token(country: &str) -> String {
    token(&["fba", country])
}

/// The token of something of the demo's: the same at every start.
fn token(parts: &[&str]) -> String {
    let letters = parts.iter().flat_map(|part| part.chars());
    let letters = letters.filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    "demo".chars().chain(letters).collect()
}
