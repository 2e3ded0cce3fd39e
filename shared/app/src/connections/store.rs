//! What a channel says of the account itself: whose it is, what the application may do there, and which of
//! its locations are mapped. (SPEC OP-08, KS-50)

use weir_channels::channel::{AccessToken, Call, Grant, Store, StoreInfo, StoreLocation};
use weir_domain::{connection::Connection, ids::OrganizationId};

use super::examine::{Check, sentence, told};
use crate::{
    call::{self, Asking, CallError},
    gate::Site,
    hub::Hub,
    people::Refusal,
};

/// Pages of locations that are read: more than any shop has.
const PAGES: usize = 10;

/// Asks the channel about the account, with the credentials that are kept.
pub(super) async fn looked_at(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    store: &'static dyn Store,
) -> Result<Vec<Check>, Refusal> {
    let about = match about(hub, organization, connection, store).await {
        Ok(about) => about,
        Err(CallError::Own(cause)) => return Err(Refusal::Trouble(cause)),
        Err(error) => return Ok(vec![Check::new("account", told(&error), sentence(&error))]),
    };
    let mut checks = vec![account(connection, &about), permissions(&about)];
    checks.push(match locations(hub, organization, connection, store).await {
        Ok(locations) => mapped(connection, &locations),
        Err(CallError::Own(cause)) => return Err(Refusal::Trouble(cause)),
        Err(error) => Check::new("locations", told(&error), sentence(&error)),
    });
    Ok(checks)
}

fn asking<'a>(
    organization: &'a OrganizationId,
    connection: &'a Connection,
    operation: weir_channels::channel::Operation,
) -> Asking<'a> {
    let (site, grant) = (Site::WebhookLook, Grant::Merchant);
    Asking { site, organization, connection, operation, keep_back: 0, grant }
}

async fn about(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    store: &'static dyn Store,
) -> Result<StoreInfo, CallError> {
    let token = call::access_token(hub, organization, connection, Grant::Merchant).await?;
    let (operation, _) = store.about(Call { connection, token: &token });
    let build = |token: &AccessToken| store.about(Call { connection, token }).1;
    let asking = asking(organization, connection, operation);
    call::ask(hub, asking, build, |response| store.read_about(response)).await
}

async fn locations(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    store: &'static dyn Store,
) -> Result<Vec<StoreLocation>, CallError> {
    let mut locations = Vec::new();
    let mut page: Option<String> = None;
    for _ in 0..PAGES {
        let token = call::access_token(hub, organization, connection, Grant::Merchant).await?;
        let (operation, _) = store.locations(Call { connection, token: &token }, page.as_deref());
        let build = |token: &AccessToken| store.locations(Call { connection, token }, page.as_deref()).1;
        let asking = asking(organization, connection, operation);
        let found = call::ask(hub, asking, build, |response| store.read_locations(response)).await?;
        locations.extend(found.locations);
        page = found.next;
        if page.is_none() {
            break;
        }
    }
    Ok(locations)
}

fn account(connection: &Connection, about: &StoreInfo) -> Check {
    let name = "account";
    if let Err(error) = super::is_of_account(connection, about) {
        return Check::new(name, Some(false), format!("The credentials do not fit: {error}."));
    }
    let currency = about.currency.as_ref().map(|currency| format!(" Its books are in {currency}."));
    let message = format!("They open {} ({}).{}", about.name, about.account, currency.unwrap_or_default());
    Check::new(name, Some(true), message)
}

fn permissions(about: &StoreInfo) -> Check {
    let name = "permissions";
    if about.missing_permissions.is_empty() {
        return Check::new(name, Some(true), "The application may do there all that is needed.");
    }
    let missing = about.missing_permissions.join(", ");
    let message = format!(
        "The application lacks permissions: {missing}. Add them to it, and have the shop accept them."
    );
    Check::new(name, Some(false), message)
}

/// Which of the channel's locations are mapped to one here.
fn mapped(connection: &Connection, locations: &[StoreLocation]) -> Check {
    let name = "locations";
    let named = |locations: Vec<&StoreLocation>| -> String {
        let names = locations.iter().map(|location| format!("{} ({})", location.name, location.id));
        names.collect::<Vec<_>>().join(", ")
    };
    let gone: Vec<&str> = connection
        .location_map
        .iter()
        .map(|(theirs, _)| theirs.as_str())
        .filter(|theirs| !locations.iter().any(|location| location.id == *theirs))
        .collect();
    if !gone.is_empty() {
        let message = format!(
            "The map names locations that the channel does not have: {}. Correct the map.",
            gone.join(", ")
        );
        return Check::new(name, Some(false), message);
    }
    let unmapped: Vec<&StoreLocation> = locations
        .iter()
        .filter(|location| location.is_active && connection.mapped_location(&location.id).is_none())
        .collect();
    match (unmapped.is_empty(), &connection.default_location) {
        (true, _) => Check::new(name, Some(true), "Every location of the channel is mapped to one here."),
        (false, Some(_)) => {
            let message = format!(
                "Not mapped, so that their orders take from the default location: {}.",
                named(unmapped)
            );
            Check::new(name, None, message)
        }
        (false, None) => {
            let message = format!(
                "Not mapped, and there is no default location: {}. Their orders wait.",
                named(unmapped)
            );
            Check::new(name, Some(false), message)
        }
    }
}
