//! A change of a connection's settings before it is saved: the orders of the last days are decided again
//! under it, and the difference is told. Nothing is written. (SPEC OP-07)

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::SignedDuration;
use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{ChannelOrderId, ConnectionId, OrganizationId},
    outcome::{Observation, OutcomeKind, ReasonCode},
};

use super::{ConnectionPatch, change::proposed};
use crate::{
    hub::Hub,
    import_order::{Foreseen, Foresight, foresee},
    lists::Window,
    outcomes::{self, OutcomeFilter},
    people::Refusal,
};

/// How far back a preview looks.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Orders that one preview decides again: what fits well into the half minute that an answer may take.
const ORDERS: usize = 500;

/// Orders of which the channel is asked once more because what it showed is not kept: each is a call or two
/// of the rate that imports need.
const ASKED_AGAIN: usize = 10;

/// Orders that are read at the same time.
const AT_ONCE: usize = 10;

/// Parts of the list of outcomes that are read: other connections' outcomes lie among them.
const PARTS: usize = 40;

/// Outcomes of a part.
const OUTCOMES_A_PART: usize = 250;

/// Numbers of orders that are named of each difference.
const NAMED: usize = 5;

/// What becomes of an order, and why.
pub type Word = (OutcomeKind, ReasonCode);

/// What a change of settings would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The outcomes since then were looked at.
    pub since: Timestamp,
    /// Orders that were decided again.
    pub decided: usize,
    /// Orders that could not be: what the channel showed of them is not kept, and it was not asked again.
    pub undecided: usize,
    /// Whether all outcomes since then were looked at.
    pub is_complete: bool,
    /// Orders by what becomes of them under the settings as they are.
    pub now: BTreeMap<Word, usize>,
    /// The same under the settings as they would be.
    pub then: BTreeMap<Word, usize>,
    /// The differences.
    pub differences: Vec<Difference>,
    /// Units that would come to what is on hand.
    pub on_hand: i64,
    /// Units that would come to what is held.
    pub held: i64,
}

/// Orders to which the same would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What becomes of them now.
    pub now: Word,
    /// What would become of them.
    pub then: Word,
    /// How many.
    pub orders: usize,
    /// The numbers of some.
    pub sample: Vec<String>,
}

/// Previews a change of settings, of the default location or of the map of locations.
///
/// # Errors
/// The fields that are wrong, or that the store has trouble.
pub async fn preview(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    patch: &ConnectionPatch,
) -> Result<Preview, Refusal> {
    let (now, then) = proposed(hub, organization, id, patch).await?;
    let since = hub.now().saturating_sub(LOOKED_BACK).unwrap_or(Timestamp::MIN);
    let (found, is_complete) = seen(hub, organization, id, since).await?;
    let mut preview = Preview {
        since,
        decided: 0,
        undecided: 0,
        is_complete,
        now: BTreeMap::new(),
        then: BTreeMap::new(),
        differences: Vec::new(),
        on_hand: 0,
        held: 0,
    };
    let mut again = Vec::new();
    for some in found.chunks(AT_ONCE) {
        let decided = some.iter().map(|order| foresee(hub, organization, (&now, &then), order, false));
        for (order, foreseen) in some.iter().zip(join_all(decided).await) {
            match foreseen.map_err(|error| Refusal::Trouble(error.to_string()))? {
                Foresight::Decided(foreseen) => preview.count(foreseen),
                Foresight::Unknown | Foresight::Unanswered => again.push(order),
            }
        }
    }
    preview.undecided = again.len();
    preview.ask_again(hub, organization, (&now, &then), &again).await?;
    Ok(preview)
}

/// The orders of a connection that were observed since a time, the newest first, and whether that is all.
async fn seen(
    hub: &Hub,
    organization: &OrganizationId,
    id: &ConnectionId,
    since: Timestamp,
) -> Result<(Vec<ChannelOrderId>, bool), Refusal> {
    let filter = OutcomeFilter { connection: Some(id.clone()), ..OutcomeFilter::default() };
    let mut found: Vec<ChannelOrderId> = Vec::new();
    let mut places = None;
    for _ in 0..PARTS {
        let window = Window { places, limit: OUTCOMES_A_PART };
        let part = outcomes::list(hub, organization, &filter, &window).await?;
        let is_over = part.data.last().is_some_and(|last: &Observation| last.observed_at < since);
        let recent = part.data.into_iter().filter(|outcome| outcome.observed_at >= since);
        found.extend(recent.map(|outcome| outcome.channel_order_id));
        if found.len() > ORDERS {
            found.truncate(ORDERS);
            return Ok((found, false));
        }
        places = part.next;
        if is_over || places.is_none() {
            return Ok((found, true));
        }
    }
    Ok((found, false))
}

impl Preview {
    /// Asks the channel for some of those whose facts are not kept.
    async fn ask_again(
        &mut self,
        hub: &Hub,
        organization: &OrganizationId,
        connections: (&Connection, &Connection),
        orders: &[&ChannelOrderId],
    ) -> Result<(), Refusal> {
        // One at work alone: another one's credentials may not be used.
        if !connections.0.is_active() {
            return Ok(());
        }
        for order in orders.iter().take(ASKED_AGAIN) {
            let foreseen = foresee(hub, organization, connections, order, true).await;
            let foreseen = foreseen.map_err(|error| Refusal::Trouble(error.to_string()))?;
            match foreseen {
                Foresight::Decided(foreseen) => {
                    self.undecided -= 1;
                    self.count(foreseen);
                }
                Foresight::Unknown => {}
                // A channel that does not answer for one does not for the next.
                Foresight::Unanswered => return Ok(()),
            }
        }
        Ok(())
    }

    fn count(&mut self, foreseen: Foreseen) {
        let Foreseen { order_no, now: before, then: after } = foreseen;
        let (now, then) = ((before.kind, before.code), (after.kind, after.code));
        self.decided += 1;
        *self.now.entry(now).or_default() += 1;
        *self.then.entry(then).or_default() += 1;
        self.on_hand += after.on_hand - before.on_hand;
        self.held += after.held - before.held;
        if now == then {
            return;
        }
        let known = self.differences.iter_mut().find(|known| (known.now, known.then) == (now, then));
        match known {
            Some(known) => {
                known.orders += 1;
                if known.sample.len() < NAMED {
                    known.sample.push(order_no);
                }
            }
            None => self.differences.push(Difference { now, then, orders: 1, sample: vec![order_no] }),
        }
    }

    /// Orders to which this would happen though it does not now.
    fn newly(&self, kind: OutcomeKind) -> usize {
        let of_kind = self.differences.iter().filter(|found| found.then.0 == kind && found.now.0 != kind);
        of_kind.map(|found| found.orders).sum()
    }

    /// Orders to which this happens now and would not any more.
    fn no_longer(&self, kind: OutcomeKind) -> usize {
        let of_kind = self.differences.iter().filter(|found| found.now.0 == kind && found.then.0 != kind);
        of_kind.map(|found| found.orders).sum()
    }

    /// What it would do, in a sentence or two.
    #[must_use]
    pub fn sentence(&self) -> String {
        let kinds = [
            (self.newly(OutcomeKind::Imported), "more", "would import"),
            (self.no_longer(OutcomeKind::Imported), "fewer", "would import"),
            (self.newly(OutcomeKind::Updated), "more", "that are in would change"),
            (self.newly(OutcomeKind::Waiting), "more", "would wait"),
            (self.newly(OutcomeKind::Skipped), "more", "would be skipped"),
            (self.newly(OutcomeKind::Failed), "more", "would fail"),
        ];
        let mut parts: Vec<String> = kinds
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, how, what)| format!("{count} {how} {} {what}", orders(count)))
            .collect();
        if parts.is_empty() {
            parts.push(match self.differences.is_empty() {
                true => "Nothing would change".to_owned(),
                false => {
                    "The same orders would import, wait and be skipped, some for another reason".to_owned()
                }
            });
        }
        parts.push(self.stock());
        let mut text = format!("{}.", parts.join("; "));
        if self.undecided > 0 {
            text.push_str(&format!(
                " {} {} could not be decided again: what the channel showed is not kept any more.",
                self.undecided,
                orders(self.undecided)
            ));
        }
        if !self.is_complete {
            text.push_str(&format!(" Only the newest {ORDERS} orders of 30 days were looked at."));
        }
        text
    }

    fn stock(&self) -> String {
        let more = |units: i64| if units < 0 { "fewer" } else { "more" };
        match (self.on_hand, self.held) {
            (0, 0) => "stock unaffected".to_owned(),
            (0, held) => {
                format!("what is on hand unaffected, {} {} units held", held.unsigned_abs(), more(held))
            }
            (on_hand, held) => format!(
                "{} {} units on hand, {} {} held",
                on_hand.unsigned_abs(),
                more(on_hand),
                held.unsigned_abs(),
                more(held)
            ),
        }
    }
}

const fn orders(count: usize) -> &'static str {
    if count == 1 { "order" } else { "orders" }
}
