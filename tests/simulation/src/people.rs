//! What people do in a world: the opening of the shop, and the acts of the day that are theirs, by
//! the same flows that the console and the API call.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use jiff::{SignedDuration, civil::date};
use weir_app::{
    Hub,
    adjust_stock::{self, NewAdjustment, NewRow},
    catalogue::{
        aliases,
        locations::{self, NewLocation},
        variants::{self, NewVariant},
    },
    connections::{self, ConnectionPatch, NewConnection},
    gate::Site,
    orders,
    organizations::{self, NewOrganization, OrganizationPatch},
    people::Refusal,
    ports::{Commit, Expect, Key, OutgoingMessage, Record},
    runs::{self, NewRun},
    signals::{self, Named},
};
use weir_channels::channel::{Secret, Settings};
use weir_domain::{
    connection::{ConnectionStatus, Endpoints, RemoteAccount},
    ids::{OrganizationId, SalesOrderId},
    location::LocationKind,
    money::Currency,
    organization::TimeZoneName,
    variant::{Sku, Tracking, VariantKind},
};
use weir_sandbox::{
    amazon::{Amazon, SellerSpec},
    fake::FakeLedger,
};

use crate::{
    acts::Act,
    outlet,
    places::{self, CANARIES, CLIENT_ID, Place, SELLER_A, SELLER_B, amazon, beginning},
    script::{ALIASED, BATCH, MANY, OWN_REQUEST, PLAIN, SCARCE, SERIAL, SHORT_BATCH, Script},
    shop::{self, stores::Store},
};

/// A message that nobody can ever read.
pub const POISON: &str = "{\"v\":1,\"kind\":\"look\",\"organization\":";

/// The poison as a message.
#[must_use]
pub fn poison() -> OutgoingMessage {
    OutgoingMessage { id: "poison".to_owned(), group: String::new(), body: POISON.to_owned() }
}

/// Who does what people do.
const WHO: &str = "token:deploy";

/// Runs something to its end, alone. It may give way, and nobody is there to take it.
///
/// # Panics
/// If it waits for something that never comes.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("something waits that should not");
}

/// What there is at Amazon.
pub fn open_at_amazon(amazon: &mut Amazon) {
    amazon.register_app(CLIENT_ID, CANARIES[3]);
    for (seller, token) in [(SELLER_A, CANARIES[4]), (SELLER_B, CANARIES[5])] {
        let places = Place::ALL.into_iter().filter(|place| place.seller() == seller);
        amazon.register_seller(SellerSpec {
            seller_id: seller.to_owned(),
            refresh_token: token.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            marketplaces: places.map(|place| place.marketplace().id.to_owned()).collect(),
        });
    }
}

/// What there is in Weir; idle connections are there and not at work. `place_ids` says the ids that a web
/// shop has of its locations.
///
/// # Errors
/// What did not work, in words.
pub fn open(hub: &Hub, script: &Script, place_ids: impl Fn(Store) -> Vec<String>) -> Result<(), String> {
    let all = async {
        open_organizations(hub).await?;
        if !script.is_without_amazon {
            open_places(hub, &script.idle).await?;
        }
        if script.shop.is_there {
            shop::people::open(hub, script.shop.way, place_ids).await?;
        }
        if script.outlet.is_there {
            outlet::people::open(hub, &script.outlet).await?;
        }
        Ok::<(), Refusal>(())
    };
    now(all).map_err(|error| error.to_string())
}

fn sku(text: &str) -> Result<Sku, Refusal> {
    Sku::parse(text).map_err(|error| Refusal::field("sku", error.to_string()))
}

async fn open_organizations(hub: &Hub) -> Result<(), Refusal> {
    for (token, zone) in [("a", "America/New_York"), ("b", "Europe/Tallinn")] {
        let new = NewOrganization {
            name: format!("Merchant {token}"),
            base_currency: Currency::parse("USD")
                .map_err(|error| Refusal::field("currency", error.to_string()))?,
            time_zone: TimeZoneName::parse(zone)
                .map_err(|error| Refusal::field("zone", error.to_string()))?,
            default_delivery_days: 7,
        };
        let admin = Secret::new(format!("an-admin-token-of-{token}"));
        let organization = organizations::create(hub, token, new, &admin).await?.id;
        catalogue(hub, &organization).await?;
        let mut commit = Commit::default();
        let number = Key::RequestNumber(organization.clone(), OWN_REQUEST.to_owned());
        commit.put(number, Record::RequestNumber, Expect::Absent);
        hub.commit(Site::PersonWrite, &commit).await?;
    }
    Ok(())
}

async fn open_places(hub: &Hub, idle: &[Place]) -> Result<(), Refusal> {
    let mut locations: Vec<_> =
        Place::ALL.into_iter().map(|place| (place.organization(), place.location())).collect();
    locations.dedup();
    for (organization, location) in locations {
        stock(hub, &organization, location.as_str()).await?;
    }
    for place in Place::ALL {
        connect(hub, place).await?;
        aliases::create(hub, &place.organization(), &place.connection(), &sku(ALIASED)?, &sku(PLAIN)?)
            .await?;
        if !idle.contains(&place) {
            connections::activate(hub, &place.organization(), &place.connection()).await?;
        }
    }
    Ok(())
}

async fn catalogue(hub: &Hub, organization: &OrganizationId) -> Result<(), Refusal> {
    let tracked = [
        (PLAIN, Tracking::None),
        (SCARCE, Tracking::None),
        (BATCH, Tracking::Batch),
        (SHORT_BATCH, Tracking::Batch),
        (MANY, Tracking::Batch),
        (SERIAL, Tracking::Serial),
    ];
    for (text, tracking) in tracked {
        make_variant(hub, organization, text, tracking).await?;
    }
    Ok(())
}

async fn make_variant(
    hub: &Hub,
    organization: &OrganizationId,
    text: &str,
    tracking: Tracking,
) -> Result<(), Refusal> {
    let new = NewVariant {
        sku: sku(text)?,
        name: format!("The {text}"),
        kind: VariantKind::Product,
        tracking,
        default_delivery_days: None,
    };
    let id = places::variant_id(text);
    let token = id.as_str().trim_start_matches("var_").to_owned();
    variants::create(hub, organization, &token, new).await.map(drop)
}

/// A location and what lies there: much, little, old and young batches, serial numbers.
async fn stock(hub: &Hub, organization: &OrganizationId, location: &str) -> Result<(), Refusal> {
    let token = location.trim_start_matches("loc_");
    let new = NewLocation {
        name: format!("Amazon {token}"),
        kind: LocationKind::Fba,
        available_for_fulfillment: true,
    };
    let location = locations::create(hub, organization, token, new).await?;
    let row = |text: &str, quantity: i64| -> Result<NewRow, Refusal> {
        Ok(NewRow { sku: sku(text)?, quantity, batch: None, received_at: None, serial_numbers: Vec::new() })
    };
    let batch = |text: &str, number: &str, age: i64, quantity: i64| -> Result<NewRow, Refusal> {
        let received_at = beginning() - SignedDuration::from_hours(24 * age);
        Ok(NewRow { batch: Some(number.to_owned()), received_at: Some(received_at), ..row(text, quantity)? })
    };
    // A number is one unit's, wherever it lies: some that Amazon tells of are at the other location.
    let prefix = if token == "fba_eu" { "EU" } else { "SN" };
    let serials: Vec<String> = (1..=9).map(|number| format!("{prefix}-{number}")).collect();
    let rows = vec![
        row(PLAIN, 10_000)?,
        row(SCARCE, 3)?,
        batch(BATCH, "B-young", 3, 500)?,
        batch(BATCH, "B-old", 90, 4)?,
        batch(BATCH, "B-middle", 30, 6)?,
        batch(SHORT_BATCH, "S-2", 10, 2)?,
        batch(SHORT_BATCH, "S-1", 20, 3)?,
        NewRow { serial_numbers: serials, ..row(SERIAL, 9)? },
    ];
    let new = NewAdjustment { location: location.id.clone(), reason: "opening stock".to_owned(), rows };
    adjust_stock::adjust_stock(hub, organization, token, new).await?;
    if token != "fba_na" {
        return Ok(());
    }
    let many = (0..78).map(|number| batch(MANY, &format!("M-{number:02}"), 100 - number, 1));
    let rows = many.collect::<Result<Vec<_>, _>>()?;
    let new = NewAdjustment { location: location.id, reason: "single units".to_owned(), rows };
    adjust_stock::adjust_stock(hub, organization, "many", new).await.map(drop)
}

async fn connect(hub: &Hub, place: Place) -> Result<(), Refusal> {
    let marketplace = place.marketplace();
    let new = NewConnection {
        channel: amazon(),
        name: format!("Amazon {}", marketplace.name),
        remote: RemoteAccount {
            account: place.seller().to_owned(),
            marketplace: Some(marketplace.id.to_owned()),
        },
        credentials: place.credentials(),
        endpoints: Endpoints::default(),
        default_location: Some(place.location()),
        location_map: Vec::new(),
        settings: Settings::new(),
    };
    connections::create(hub, &place.organization(), place.word(), new).await.map(drop)
}

async fn reauthorize(hub: &Hub, place: Place) -> Result<(), Refusal> {
    let patch = ConnectionPatch { credentials: Some(place.credentials()), ..ConnectionPatch::default() };
    connections::change(hub, &place.organization(), &place.connection(), &patch).await.map(drop)
}

async fn backfill(hub: &Hub, place: Place) -> Result<bool, Refusal> {
    let new = NewRun::Backfill { since: beginning() - SignedDuration::from_hours(1) };
    runs::create(hub, &place.organization(), &place.connection(), "backfill", new).await.map(|_| true)
}

async fn lock_date(hub: &Hub, lock: Option<jiff::civil::Date>) -> Result<bool, Refusal> {
    let patch = OrganizationPatch { inventory_lock_date: Some(lock), ..OrganizationPatch::default() };
    organizations::change(hub, &Place::Us.organization(), &patch).await.map(|_| true)
}

/// Deletes an order, once it is there.
async fn delete(hub: &Hub, order: &SalesOrderId) -> Result<bool, Refusal> {
    let Some(place) = crate::world::place_of(order) else { return Ok(true) };
    match orders::delete(hub, &place.organization(), order, WHO).await {
        Ok(_) => Ok(true),
        Err(Refusal::NotFound(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn ask(hub: &Hub, order: &SalesOrderId) -> Result<bool, Refusal> {
    let (Some(place), Some((connection, id))) = (crate::world::place_of(order), order.source()) else {
        return Ok(true);
    };
    let token = hub.ids.token();
    signals::signal(hub, &place.organization(), &connection, &token, Named::ChannelOrderId(id), WHO).await?;
    Ok(true)
}

/// Does what a person wants. `false`: it was not done, and is tried again.
///
/// # Errors
/// Why not, in words.
pub async fn act(hub: &Hub, act: &Act, order: Option<&SalesOrderId>) -> Result<bool, String> {
    let done = match act {
        Act::Reauthorize(place) => reauthorize(hub, *place).await.map(|()| true),
        Act::Deactivate(place) => {
            connections::deactivate(hub, &place.organization(), &place.connection()).await.map(|_| true)
        }
        Act::Activate(place) => {
            connections::activate(hub, &place.organization(), &place.connection()).await.map(|_| true)
        }
        Act::Backfill(place) => backfill(hub, *place).await,
        Act::Test(place) => {
            connections::test(hub, &place.organization(), &place.connection()).await.map(|_| true)
        }
        Act::MakeVariant(place, text) => {
            make_variant(hub, &place.organization(), text, Tracking::None).await.map(|()| true)
        }
        Act::MakeAlias(place, from, to) => match (sku(from), sku(to)) {
            (Ok(from), Ok(to)) => {
                let (organization, connection) = (place.organization(), place.connection());
                aliases::create(hub, &organization, &connection, &from, &to).await.map(|_| true)
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        },
        Act::Lock => lock_date(hub, Some(date(2026, 11, 23))).await,
        Act::Unlock => lock_date(hub, None).await,
        Act::Delete(_) => match order {
            Some(order) => delete(hub, order).await,
            None => Ok(false),
        },
        Act::Ask(_) => match order {
            Some(order) => ask(hub, order).await,
            None => Ok(true),
        },
        Act::Order(_)
        | Act::Pay(_)
        | Act::Ship(_)
        | Act::ShipPart(..)
        | Act::Cancel(_)
        | Act::Touch(_)
        | Act::Raise(_)
        | Act::Lessen(_)
        | Act::Heal(_)
        | Act::ExpireTokens
        | Act::Revoke
        | Act::Restore
        | Act::Shop(..)
        | Act::Outlet(..)
        | Act::Poison => Ok(true),
    };
    done.map_err(|error| error.to_string())
}

/// Whether a place's connection is switched off.
#[must_use]
pub fn is_inactive(ledger: &FakeLedger, place: Place) -> bool {
    let stored = ledger.peek(&Key::Connection(place.organization(), place.connection()));
    stored.is_some_and(|stored| match &stored.record {
        Record::Connection(connection) => connection.status == ConnectionStatus::Inactive,
        _ => false,
    })
}
