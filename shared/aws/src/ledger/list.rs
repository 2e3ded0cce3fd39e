//! Lists: one query of a partition, of the table or of its index, and what a cursor means in it.
//!
//! A list of the index finds keys only, and may lag behind; each record is then read by its key, and
//! what has left its place in the list in the meantime is left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use weir_app::ports::{Index, LedgerError, Page};

use super::{DynamoLedger, failure::trouble};
use crate::{
    item::{self, Item},
    keys::{Listing, TableKey},
};

/// What one query finds at most, so that a caller's limit stays a limit of memory too.
const ITEMS_IN_A_QUERY: usize = 1_000;

/// The name of the index.
pub(super) const INDEX: &str = "gsi1";

/// What a query found.
#[derive(Default)]
struct Found {
    items: Vec<Item>,
    count: usize,
    next: Option<HashMap<String, AttributeValue>>,
}

impl DynamoLedger {
    /// See [`weir_app::ports::Ledger::list`].
    pub(super) async fn page(
        &self,
        index: &Index,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, LedgerError> {
        let listing = Listing::of(index);
        if after.is_some_and(|cursor| !listing.gives(cursor)) {
            return Err(LedgerError::InvalidCursor);
        }
        let mut page = Page::default();
        let mut cursor = after.map(str::to_owned);
        while page.records.len() < limit {
            // One more than is wanted says whether there is a next page at all.
            let wanted = (limit - page.records.len()).min(ITEMS_IN_A_QUERY);
            let mut found = self.query_until(&listing, cursor.as_deref(), wanted + 1).await?;
            let more = found.len() > wanted;
            found.truncate(wanted);
            cursor = found.last().map(|(sort, _)| listing.cursor(sort).to_owned());
            let items = self.current(&listing, found).await?;
            page.records.extend(self.records(items).await?);
            if !more {
                return Ok(page);
            }
        }
        page.next = cursor;
        Ok(page)
    }

    /// See [`weir_app::ports::Ledger::count`].
    pub(super) async fn length(&self, index: &Index, cap: usize) -> Result<usize, LedgerError> {
        let listing = Listing::of(index);
        let mut count = 0;
        let mut from = None;
        while count < cap {
            let found = self.query(&listing, None, from, cap - count, Select::Count).await?;
            count += found.count;
            from = found.next;
            if from.is_none() {
                break;
            }
        }
        Ok(count.min(cap))
    }

    /// The first `wanted` items of a list after a cursor, each with its sort key in that list.
    async fn query_until(
        &self,
        listing: &Listing,
        after: Option<&str>,
        wanted: usize,
    ) -> Result<Vec<(String, Item)>, LedgerError> {
        let mut found: Vec<(String, Item)> = Vec::new();
        let mut from = None;
        loop {
            let select =
                if listing.in_index { Select::AllProjectedAttributes } else { Select::AllAttributes };
            let some = self.query(listing, after, from, wanted - found.len(), select).await?;
            for stored in some.items {
                let place =
                    if listing.in_index { item::index_place_of(&stored) } else { item::place_of(&stored) };
                let place =
                    place.ok_or_else(|| LedgerError::Unreadable("a listed item has no key".to_owned()))?;
                found.push((place.sk, stored));
            }
            from = some.next;
            if from.is_none() || found.len() >= wanted {
                return Ok(found);
            }
        }
    }

    /// One query, which DynamoDB may end before the limit: after 1 MB.
    async fn query(
        &self,
        listing: &Listing,
        after: Option<&str>,
        from: Option<HashMap<String, AttributeValue>>,
        limit: usize,
        select: Select,
    ) -> Result<Found, LedgerError> {
        let (pk, sk) = if listing.in_index { (item::INDEX_PK, item::INDEX_SK) } else { (item::PK, item::SK) };
        let mut call = self
            .client
            .query()
            .table_name(&self.table)
            .select(select)
            .scan_index_forward(!listing.newest_first)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .expression_attribute_names("#pk", pk)
            .expression_attribute_values(":pk", item::text(&listing.pk));
        call = if listing.in_index {
            call.index_name(INDEX)
        } else {
            // Where a strong read can be had it is: it costs half a unit more and shows all.
            call.consistent_read(true)
        };
        // In the index no prefix stands before the sort keys, so that a cursor is a condition; in the
        // table the place after which to go on is a key.
        let (condition, from) = match (after, from) {
            (Some(after), from) if listing.in_index => {
                call = call
                    .expression_attribute_names("#sk", sk)
                    .expression_attribute_values(":after", item::text(after));
                (
                    if listing.newest_first {
                        "#pk = :pk AND #sk < :after"
                    } else {
                        "#pk = :pk AND #sk > :after"
                    },
                    from,
                )
            }
            (after, from) => {
                let after = after.map(|after| format!("{}{after}", listing.prefix));
                let after = after.map(|sk| item::place(&TableKey { pk: listing.pk.clone(), sk }));
                if listing.prefix.is_empty() {
                    ("#pk = :pk", from.or(after))
                } else {
                    call = call
                        .expression_attribute_names("#sk", sk)
                        .expression_attribute_values(":prefix", item::text(listing.prefix));
                    ("#pk = :pk AND begins_with(#sk, :prefix)", from.or(after))
                }
            }
        };
        let call = call.key_condition_expression(condition).set_exclusive_start_key(from);
        let answer = call.send().await.map_err(|error| trouble(&self.place, &error))?;
        Ok(Found {
            items: answer.items.unwrap_or_default(),
            count: usize::try_from(answer.count).unwrap_or(0),
            next: answer.last_evaluated_key,
        })
    }

    /// What a list found, as it is now and in the list's order.
    async fn current(&self, listing: &Listing, found: Vec<(String, Item)>) -> Result<Vec<Item>, LedgerError> {
        if !listing.in_index {
            return Ok(found.into_iter().map(|(_, stored)| stored).collect());
        }
        let places: BTreeSet<TableKey> = found.iter().filter_map(|(_, keys)| item::place_of(keys)).collect();
        let mut by_place: BTreeMap<TableKey, Item> = BTreeMap::new();
        for stored in self.items(&places).await? {
            by_place.extend(item::place_of(&stored).map(|place| (place, stored)));
        }
        let is_still_there = |(sort, keys): (String, Item)| {
            let stored = by_place.remove(&item::place_of(&keys)?)?;
            let place = TableKey { pk: listing.pk.clone(), sk: sort };
            (item::index_place_of(&stored)? == place).then_some(stored)
        };
        Ok(found.into_iter().filter_map(is_still_there).collect())
    }
}
