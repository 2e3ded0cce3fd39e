//! What people here do with the orders of web shops and their connections, and what is there in the
//! morning. An act is named by its place in the script, so that one that was done and not answered is
//! not done again.

use std::collections::BTreeSet;

use weir_app::{
    Hub,
    acts::{
        fulfill::{self, FulfillmentPatch, NewParcel},
        invoice, remove,
    },
    catalogue::locations::{self, NewLocation},
    connections::{self, ConnectionPatch, NewConnection},
    gate::Site,
    people::Refusal,
    signals::{self, Named},
};
use weir_channels::channel::{Credentials, SettingValue, Settings};
use weir_domain::{
    connection::{Endpoints, RemoteAccount},
    ids::{ConnectionId, FulfillmentId, OrganizationId, SalesOrderId},
    location::LocationKind,
    sales_order::{FulfillmentRow, FulfillmentStatus, SalesOrder, Tracking as Parcel},
};
use weir_sandbox::{
    Now,
    shopify::{ALL_SCOPES, Shopify},
};

use super::{
    acts::Deed,
    stores::{Store, Way, shopify},
};
use crate::places::beginning;

/// Who does it.
const WHO: &str = "token:deploy";

/// What there is at Shopify.
pub fn open_at_shopify(shops: &mut Shopify, way: Way) {
    for store in Store::ALL {
        shops.register_app(store.app(), store.secret(), Some(&store.door()));
        shops.open_shop(store.spec());
        let_in(shops, store, way, Now::at(beginning()));
    }
}

/// A merchant lets the application in.
pub fn let_in(shops: &mut Shopify, store: Store, way: Way, now: Now) {
    shops.install(store.domain(), store.app(), &ALL_SCOPES);
    if let Some(token) = store.refresh_token(way) {
        shops.give_refresh_token(store.domain(), store.app(), token, now);
    }
}

/// Locations and connections of the stores, at work. `place_ids` says the shop's ids of its locations.
///
/// # Errors
/// What did not work.
pub async fn open(hub: &Hub, way: Way, place_ids: impl Fn(Store) -> Vec<String>) -> Result<(), Refusal> {
    for store in Store::ALL {
        let organization = store.organization();
        for location in store.locations() {
            let token = location.as_str().trim_start_matches("loc_").to_owned();
            let new = NewLocation {
                name: format!("Own {token}"),
                kind: LocationKind::Own,
                available_for_fulfillment: true,
            };
            locations::create(hub, &organization, &token, new).await?;
        }
        let locations = store.locations();
        let new = NewConnection {
            channel: shopify(),
            name: store.domain().to_owned(),
            remote: RemoteAccount { account: store.domain().to_owned(), marketplace: None },
            credentials: store.credentials(way),
            endpoints: Endpoints::default(),
            default_location: locations.first().cloned(),
            location_map: place_ids(store).into_iter().zip(locations).collect(),
            settings: Settings::new(),
        };
        connections::create(hub, &organization, store.word(), new).await?;
        connections::activate(hub, &organization, &store.connection()).await?;
    }
    Ok(())
}

/// What a person does, and what it is about.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What is wanted.
    pub deed: Deed,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The connection.
    pub connection: ConnectionId,
    /// What the connection is let in with.
    pub credentials: Credentials,
    /// The sales order, if it is about one.
    pub order: Option<SalesOrderId>,
    /// The number of the act in the script: what it makes is named by it.
    pub number: usize,
}

/// The fulfillment that an act of this number makes.
#[must_use]
pub fn fulfillment_of(number: usize) -> FulfillmentId {
    FulfillmentId::from_token(&token_of(number))
}

fn token_of(number: usize) -> String {
    format!("person{number}")
}

/// The parcel of a fulfillment.
#[must_use]
pub fn parcel_of(fulfillment: &FulfillmentId) -> String {
    format!("1Z-{fulfillment}")
}

/// Does what a person wants. `false`: it cannot be done now, and is tried again.
///
/// # Errors
/// Why not.
pub async fn act(hub: &Hub, wish: &Wish) -> Result<bool, Refusal> {
    let Wish { organization, connection, .. } = wish;
    match (&wish.deed, &wish.order) {
        (Deed::Sync(on), _) => sync(hub, wish, *on).await,
        (Deed::Reauthorize, _) => {
            let credentials = Some(wish.credentials.clone());
            let patch = ConnectionPatch { credentials, ..ConnectionPatch::default() };
            connections::change(hub, organization, connection, &patch).await.map(|_| true)
        }
        (Deed::Deactivate, _) => connections::deactivate(hub, organization, connection).await.map(|_| true),
        (Deed::Activate, _) => connections::activate(hub, organization, connection).await.map(|_| true),
        (Deed::Ask, Some(order)) => {
            let Some((connection, id)) = order.source() else { return Ok(true) };
            let token = hub.ids.token();
            let named = Named::ChannelOrderId(id);
            signals::signal(hub, organization, &connection, &token, named, WHO).await.map(|_| true)
        }
        (deed, Some(order)) => of_order(hub, wish, deed, order).await,
        (_, None) => Ok(true),
    }
}

/// What a person does to an order that is in; `false` if it is not, or not as it was wanted.
async fn of_order(hub: &Hub, wish: &Wish, deed: &Deed, id: &SalesOrderId) -> Result<bool, Refusal> {
    let organization = &wish.organization;
    let file = hub.read_order(Site::PersonRead, organization, id).await?;
    let Some((order, _)) = file.order else { return Ok(false) };
    let done = match deed {
        Deed::Deliver(row, units) => {
            fulfil(hub, wish, &order, (*row, *units), FulfillmentStatus::Delivered).await
        }
        Deed::Pack(row, units) => fulfil(hub, wish, &order, (*row, *units), FulfillmentStatus::Packed).await,
        Deed::DeliverPacked => {
            let packed = order.fulfillments.iter().find(|found| found.status == FulfillmentStatus::Packed);
            let Some(packed) = packed else { return Ok(false) };
            let patch = FulfillmentPatch { status: Some(FulfillmentStatus::Delivered), tracking: None };
            fulfill::change(hub, organization, id, &packed.id, &patch, WHO).await.map(drop)
        }
        Deed::Invoice => invoice::invoice(hub, organization, id, &BTreeSet::new(), WHO).await.map(drop),
        Deed::Delete => remove::delete(hub, organization, id, WHO).await.map(drop),
        // A row that is deleted with its channel is not the person's to bring back.
        Deed::Restore if order.deleted_at.is_none() => return Ok(false),
        Deed::Restore => remove::restore(hub, organization, id, WHO).await.map(drop),
        Deed::Ask | Deed::Sync(_) | Deed::Reauthorize | Deed::Deactivate | Deed::Activate => Ok(()),
    };
    match done {
        Ok(()) => Ok(true),
        Err(Refusal::NotFound(_) | Refusal::Invalid { .. } | Refusal::Conflict { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn fulfil(
    hub: &Hub,
    wish: &Wish,
    order: &SalesOrder,
    (row, units): (usize, i64),
    status: FulfillmentStatus,
) -> Result<(), Refusal> {
    let id = fulfillment_of(wish.number);
    if order.fulfillments.iter().any(|known| known.id == id) {
        return Ok(());
    }
    let row = order.rows.get(row).filter(|row| order.open(row) > 0);
    let row = row.ok_or_else(|| Refusal::not_found("open row", &order.id))?;
    let (quantity, row) = (units.min(order.open(row)), row.id.clone());
    let rows = vec![FulfillmentRow { row, quantity, batches: Vec::new(), serial_numbers: Vec::new() }];
    let parcel = Parcel { number: Some(parcel_of(&id)), carrier: Some("UPS".to_owned()), url: None };
    let new = NewParcel { status, rows, tracking: Some(parcel), shipped_at: None };
    let token = token_of(wish.number);
    fulfill::fulfill(hub, &wish.organization, &order.id, &token, new, WHO).await.map(drop)
}

async fn sync(hub: &Hub, wish: &Wish, on: bool) -> Result<bool, Refusal> {
    let settings = Settings::from([("sync_fulfillment_status".to_owned(), Some(SettingValue::Switch(on)))]);
    let patch = ConnectionPatch { settings, ..ConnectionPatch::default() };
    connections::change(hub, &wish.organization, &wish.connection, &patch).await.map(|_| true)
}
