//! Lists as people read them: several lists of the ledger as one, newest first, with filters, and a
//! place to go on from. A request reads a bounded number of records, whatever the filter lets through.

use std::collections::{BTreeSet, VecDeque};

use weir_domain::Timestamp;

use crate::{
    gate::Site,
    hub::Hub,
    people::Refusal,
    ports::{Index, Key, LedgerError, Record, Stored},
};

/// Records that one request looks at. A filter that lets little through then answers with less than
/// was asked for, and with the place to go on from.
const RECORDS_A_REQUEST: usize = 2_000;

/// The smallest part that is asked for, so that a nearly full page does not read record by record.
const SMALLEST_PART: usize = 25;

/// Where one of the lists goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At its beginning.
    Start,
    /// After this cursor.
    After(String),
    /// It has ended.
    End,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<T> {
    /// What it shows.
    pub data: Vec<T>,
    /// Where each list goes on; `None` if all of them have ended.
    pub next: Option<Vec<Place>>,
}

impl<T> Part<T> {
    /// The same part of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Part<U> {
        Part { data: self.data.into_iter().map(change).collect(), next: self.next }
    }
}

/// How much of a list, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where each list goes on; all at their beginning if `None`.
    pub places: Option<Vec<Place>>,
    /// At most so many.
    pub limit: usize,
}

/// What decides the order where several lists become one: the later first, and of equal times the
/// greater name.
pub(crate) type Rank = (Timestamp, String);

/// One list on its way.
struct Source<'a> {
    index: &'a Index,
    /// Where the records in hand begin.
    after: Option<String>,
    /// How many records were taken of those in hand.
    taken: usize,
    in_hand: VecDeque<(Key, Stored)>,
    next: Option<String>,
    has_ended: bool,
}

impl<'a> Source<'a> {
    fn new(index: &'a Index, place: &Place) -> Self {
        let (after, has_ended) = match place {
            Place::Start => (None, false),
            Place::After(cursor) => (Some(cursor.clone()), false),
            Place::End => (None, true),
        };
        Self { index, after, taken: 0, in_hand: VecDeque::new(), next: None, has_ended }
    }

    async fn fill(&mut self, hub: &Hub, size: usize) -> Result<(), Refusal> {
        if self.taken > 0 {
            self.after = self.next.take();
            self.taken = 0;
            self.has_ended = self.after.is_none();
        }
        if self.has_ended {
            return Ok(());
        }
        let page = hub.list(Site::PersonRead, self.index, self.after.as_deref(), size).await?;
        self.in_hand = page.records.into();
        self.next = page.next;
        if self.in_hand.is_empty() {
            self.after = self.next.take();
            self.has_ended = self.after.is_none();
        }
        Ok(())
    }

    /// The place after what was taken. A list gives a cursor only after its last record, so a part
    /// that was taken half is asked for again, just as far.
    async fn place(&self, hub: &Hub) -> Result<Place, Refusal> {
        let start = || self.after.clone().map_or(Place::Start, Place::After);
        if self.has_ended {
            return Ok(Place::End);
        }
        if self.taken == 0 {
            return Ok(start());
        }
        if self.in_hand.is_empty() {
            return Ok(self.next.clone().map_or(Place::End, Place::After));
        }
        let page = hub.list(Site::PersonRead, self.index, self.after.as_deref(), self.taken).await?;
        let left = self.in_hand.iter().map(|(key, _)| key).collect::<BTreeSet<_>>();
        // Something went away meanwhile and others moved up: rather show some twice than leave them out.
        if page.records.iter().any(|(key, _)| left.contains(key)) {
            return Ok(start());
        }
        Ok(page.next.map_or(Place::End, Place::After))
    }
}

/// Reads a part of these lists as one. `take` is the filter; `rank` decides the order between lists
/// and has to be the order within each of them.
pub(crate) async fn read<T>(
    hub: &Hub,
    indexes: &[Index],
    window: &Window,
    take: impl Fn(Record) -> Option<T>,
    rank: impl Fn(&Record) -> Rank,
) -> Result<Part<T>, Refusal> {
    let places = window.places.clone().unwrap_or_else(|| vec![Place::Start; indexes.len()]);
    if places.len() != indexes.len() {
        return Err(Refusal::from(LedgerError::InvalidCursor));
    }
    let mut sources: Vec<Source<'_>> =
        indexes.iter().zip(&places).map(|(index, place)| Source::new(index, place)).collect();
    let size = window.limit.max(SMALLEST_PART);
    let (mut data, mut looked_at) = (Vec::new(), 0);
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    while data.len() < window.limit && looked_at < RECORDS_A_REQUEST {
        for source in &mut sources {
            while source.in_hand.is_empty() && !source.has_ended {
                source.fill(hub, size).await?;
            }
        }
        let newest = sources
            .iter_mut()
            .filter(|source| !source.in_hand.is_empty())
            .max_by_key(|source| source.in_hand.front().map(|(_, stored)| rank(&stored.record)));
        let Some(source) = newest else { break };
        let Some((key, stored)) = source.in_hand.pop_front() else { break };
        source.taken += 1;
        looked_at += 1;
        // A record that moves from list to list can show in two of them for a moment.
        if seen.insert(key)
            && let Some(item) = take(stored.record)
        {
            data.push(item);
        }
    }
    let mut next = Vec::new();
    for source in &sources {
        next.push(source.place(hub).await?);
    }
    let has_ended = next.iter().all(|place| *place == Place::End);
    Ok(Part { data, next: (!has_ended).then_some(next) })
}

/// Reads a part of one list in its own order.
pub(crate) async fn read_one<T>(
    hub: &Hub,
    index: Index,
    window: &Window,
    take: impl Fn(Record) -> Option<T>,
) -> Result<Part<T>, Refusal> {
    read(hub, &[index], window, take, |_| (Timestamp::MIN, String::new())).await
}

/// Records of one request of a list that is read to its end.
const RECORDS_AT_A_TIME: usize = 250;

/// Reads a list to its end.
pub(crate) async fn all<T>(
    hub: &Hub,
    site: Site,
    index: Index,
    take: impl Fn(Record) -> Option<T>,
) -> Result<Vec<(Key, T, u64)>, LedgerError> {
    let (mut records, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = hub.list(site, &index, after.as_deref(), RECORDS_AT_A_TIME).await?;
        for (key, stored) in page.records {
            if let Some(record) = take(stored.record) {
                records.push((key, record, stored.version));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(records);
        }
    }
}
