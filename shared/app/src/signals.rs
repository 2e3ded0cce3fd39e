//! A person's signal: "look at this order now", also at one that was never seen. (SPEC G-01)

use std::time::Duration;

use weir_channels::channel::{AccessToken, Call, Grant, Orders, Secret};
use weir_domain::{
    connection::Connection,
    ids::{ChannelOrderId, ConnectionId, OrganizationId, SignalId},
};

use crate::{
    call::{self, Asking, CallError},
    connections,
    gate::Site,
    hub::Hub,
    lists::Window,
    message::{Signal, SignalCause},
    outcomes::{self, OutcomeFilter},
    people::Refusal,
    ports::QueueName,
    recheck::outgoing,
};

/// How the order is named that a signal is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By the channel's own id.
    ChannelOrderId(ChannelOrderId),
    /// By the number that people see.
    OrderNo(String),
}

/// "Look at this order now": also at one that was never seen. `token` makes the signal's id.
///
/// # Errors
/// If there is no such connection, the number names no order, or the channel cannot be asked for it now.
pub async fn signal(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &ConnectionId,
    token: &str,
    named: Named,
    requested_by: &str,
) -> Result<Signal, Refusal> {
    let on = connections::read(hub, organization, connection).await?;
    let channel_order_id = match named {
        Named::ChannelOrderId(id) => id,
        Named::OrderNo(number) => by_number(hub, organization, &on, number.trim()).await?,
    };
    let signal = Signal {
        id: SignalId::from_token(token),
        organization: organization.clone(),
        connection: connection.clone(),
        channel_order_id,
        snapshot_at: None,
        cause: SignalCause::Manual,
        requested_by: Some(requested_by.to_owned()),
        at: hub.now(),
    };
    hub.send(Site::PersonSend, &QueueName::Import(on.channel), &[outgoing(&signal)]).await?;
    Ok(signal)
}

/// Requests that a search for a number makes: the newest 20,000 orders that were seen.
const PARTS_OF_A_SEARCH: usize = 10;

/// Orders that a search for a number found and that are looked at: their numbers are like the one that
/// was asked for, and more than a handful are not meant.
const CANDIDATES: usize = 5;

/// The channel's id of the order that people call so. One that was never seen is asked for at the
/// channel, or has its channel's own id for its number.
async fn by_number(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    number: &str,
) -> Result<ChannelOrderId, Refusal> {
    let filter = OutcomeFilter {
        connection: Some(connection.id.clone()),
        order_no: Some(number.to_owned()),
        ..OutcomeFilter::default()
    };
    let mut places = None;
    for _ in 0..PARTS_OF_A_SEARCH {
        let part = outcomes::list(hub, organization, &filter, &Window { places, limit: 1 }).await?;
        if let Some(found) = part.data.into_iter().next() {
            return Ok(found.channel_order_id);
        }
        places = part.next;
        if places.is_none() {
            break;
        }
    }
    let orders = call::channel(connection).ok().and_then(|channel| channel.orders);
    if let Some(orders) = orders {
        match at_channel(hub, organization, connection, orders, number).await {
            Ok(Some(Found::Order(id))) => return Ok(id),
            Ok(Some(Found::Nothing)) => {
                let message = "The channel has no order of that number. If it is the channel's own id, give it as \
                               channel_order_id.";
                return Err(Refusal::field("order_no", message));
            }
            Ok(None) => {}
            Err(CallError::Own(cause)) => return Err(Refusal::Trouble(cause)),
            Err(error) => {
                let message = format!(
                    "The channel could not be asked for that number ({error}). Try again, or give the channel's own id."
                );
                return Err(Refusal::conflict("channel_trouble", message));
            }
        }
    }
    ChannelOrderId::parse(number).map_err(|_| {
        Refusal::field("order_no", "No order of that number was ever seen. Give the channel's own id of it.")
    })
}

/// What a search for a number found.
enum Found {
    Order(ChannelOrderId),
    Nothing,
}

/// Asks the channel for the order of a number; nothing where numbers cannot be searched for.
async fn at_channel(
    hub: &Hub,
    organization: &OrganizationId,
    connection: &Connection,
    orders: &'static dyn Orders,
    number: &str,
) -> Result<Option<Found>, CallError> {
    // Whether a number can be searched for at all does not depend on the token.
    let none = AccessToken { token: Secret::new(""), lifetime: Duration::ZERO };
    let Some((operation, request)) = orders.find(Call { connection, token: &none }, number) else {
        return Ok(None);
    };
    let (site, grant) = (Site::PollSearch, Grant::Merchant);
    let asking = Asking { site, organization, connection, operation, keep_back: 0, grant };
    let build = |token: &AccessToken| {
        let found = orders.find(Call { connection, token }, number);
        found.map_or_else(|| request.clone(), |(_, request)| request)
    };
    let page = call::ask(hub, asking, build, |response| orders.page(connection, response)).await?;
    let listed = page.listed.into_iter().map(|order| order.channel_order_id);
    let shown = page.orders.into_iter().map(|order| order.channel_order_id);
    for id in listed.chain(shown).take(CANDIDATES) {
        let Some(raw) = call::look(hub, organization, connection, orders, &id).await? else { continue };
        let is_meant = orders
            .read(&raw.format, &raw.body)
            .is_ok_and(|order| bare(&order.order_no).eq_ignore_ascii_case(bare(number)));
        if is_meant {
            return Ok(Some(Found::Order(id)));
        }
    }
    Ok(Some(Found::Nothing))
}

/// A number without the sign that people write before one or leave out.
fn bare(number: &str) -> &str {
    number.trim().trim_start_matches('#')
}
