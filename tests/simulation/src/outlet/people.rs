//! What is there in the morning: the stores at BigCommerce, and their connections here.

use weir_app::{
    Hub,
    catalogue::locations::{self, NewLocation},
    connections::{self, NewConnection},
    people::Refusal,
};
use weir_channels::channel::Settings;
use weir_domain::{
    connection::{Endpoints, RemoteAccount},
    location::LocationKind,
};
use weir_sandbox::bigcommerce::{BigCommerce, status};

use super::{
    outlets::{Outlet, SHELF, bigcommerce},
    script::OutletScript,
};

/// What there is at BigCommerce. One merchant calls his statuses by the names of others.
pub fn open_at_bigcommerce(stores: &mut BigCommerce) {
    for outlet in Outlet::ALL {
        stores.open_store(outlet.spec());
    }
    let renamed = [
        (status::AWAITING_FULFILLMENT, "Completed"),
        (status::COMPLETED, "Awaiting Fulfillment"),
        (status::CANCELLED, "Shipped"),
    ];
    for (id, name) in renamed {
        stores.rename_status(Outlet::Bags.word(), id, name);
    }
}

/// The location and the connections of the outlets, at work but for those that are idle at first.
///
/// # Errors
/// What did not work.
pub async fn open(hub: &Hub, script: &OutletScript) -> Result<(), Refusal> {
    let new = NewLocation {
        name: "The outlets' shelf".to_owned(),
        kind: LocationKind::Own,
        available_for_fulfillment: true,
    };
    locations::create(hub, &Outlet::Bags.organization(), SHELF, new).await?;
    for outlet in Outlet::ALL {
        let organization = outlet.organization();
        let new = NewConnection {
            channel: bigcommerce(),
            name: outlet.word().to_owned(),
            remote: RemoteAccount { account: outlet.word().to_owned(), marketplace: None },
            credentials: outlet.credentials(),
            endpoints: Endpoints::default(),
            default_location: Some(outlet.location()),
            location_map: vec![("1".to_owned(), outlet.location())],
            settings: Settings::new(),
        };
        connections::create(hub, &organization, outlet.word(), new).await?;
        if !script.idle.contains(&outlet) {
            connections::activate(hub, &organization, &outlet.connection()).await?;
        }
    }
    Ok(())
}
