//! What became of every order that a channel showed. (SPEC G-03: "why did order #1042 not import?" is
//! one search.)

use std::collections::BTreeSet;

use weir_domain::{
    ids::{ChannelOrderId, ConnectionId, OrganizationId, SalesOrderId},
    outcome::{Observation, OutcomeKind, ReasonCode},
};

use crate::{
    hub::Hub,
    lists::{self, Part, Window},
    orders,
    people::{self, Refusal, only},
    ports::{Index, Key, Record},
};

/// Which outcomes are wanted; what is `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeFilter {
    /// Of which connection.
    pub connection: Option<ConnectionId>,
    /// The channel's own id of the order.
    pub channel_order_id: Option<ChannelOrderId>,
    /// The number that people see.
    pub order_no: Option<String>,
    /// Which kind.
    pub kind: Option<OutcomeKind>,
    /// For which reason.
    pub code: Option<ReasonCode>,
}

impl OutcomeFilter {
    fn lets_through(&self, observation: &Observation) -> bool {
        self.connection.as_ref().is_none_or(|wanted| *wanted == observation.connection)
            && self.channel_order_id.as_ref().is_none_or(|wanted| *wanted == observation.channel_order_id)
            && self.order_no.as_ref().is_none_or(|wanted| *wanted == observation.order_no)
            && self.kind.is_none_or(|wanted| wanted == observation.outcome.kind)
            && self.code.is_none_or(|wanted| wanted == observation.outcome.reason.code)
    }
}

/// Outcomes, newest first, over all kinds unless one is given. How an order is found: see
/// [`orders::list`].
///
/// # Errors
/// If the cursor is wrong or the store has trouble.
pub async fn list(
    hub: &Hub,
    organization: &OrganizationId,
    filter: &OutcomeFilter,
    window: &Window,
) -> Result<Part<Observation>, Refusal> {
    let word = filter.channel_order_id.as_ref().map(ChannelOrderId::as_str).or(filter.order_no.as_deref());
    let mut by_key = Vec::new();
    if let Some(word) = word {
        let ids = orders::possible_ids(hub, organization, filter.connection.as_ref(), word).await?;
        let keys: Vec<Key> = ids.into_iter().map(|id| Key::Observation(organization.clone(), id)).collect();
        by_key = people::several(hub, &keys, only!(Observation))
            .await?
            .into_iter()
            .map(|(_, observation, _)| observation)
            .filter(|observation| filter.lets_through(observation))
            .collect();
    }
    if filter.channel_order_id.is_some() {
        return Ok(Part { data: by_key, next: None });
    }
    let known: BTreeSet<(ConnectionId, ChannelOrderId)> = by_key
        .iter()
        .map(|observation| (observation.connection.clone(), observation.channel_order_id.clone()))
        .collect();
    let is_known = |observation: &Observation| {
        known.contains(&(observation.connection.clone(), observation.channel_order_id.clone()))
    };
    let take = |record| match record {
        Record::Observation(found) if filter.lets_through(&found) && !is_known(&found) => Some(found),
        _ => None,
    };
    let rank = |record: &Record| match record {
        Record::Observation(found) => (found.observed_at, id(found).to_string()),
        _ => (weir_domain::Timestamp::MIN, String::new()),
    };
    let indexes: Vec<Index> = filter
        .kind
        .map_or_else(|| OutcomeKind::ALL.to_vec(), |kind| vec![kind])
        .into_iter()
        .map(|kind| Index::Observations(organization.clone(), kind))
        .collect();
    let first = if window.places.is_none() { by_key.len() } else { 0 };
    let rest = Window { limit: window.limit.saturating_sub(first), ..window.clone() };
    let mut found = lists::read(hub, &indexes, &rest, take, rank).await?;
    if window.places.is_none() {
        by_key.append(&mut found.data);
        found.data = by_key;
    }
    Ok(found)
}

/// The id of an account: that of the order it is about.
#[must_use]
pub fn id(observation: &Observation) -> SalesOrderId {
    SalesOrderId::for_source(&observation.connection, &observation.channel_order_id)
}
