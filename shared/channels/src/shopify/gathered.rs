//! The answers to one order's requests put together again: its own lists, and the lines of its parts
//! that came on later pages. The pieces stay the texts that they came as.

use weir_domain::Timestamp;

use super::{graphql::next_page, orders::PARTS_AT_FIRST};
use crate::{
    channel::MalformedOrder,
    json::{self, Node, Object},
};

/// How a list goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Next {
    /// It was not asked for yet.
    #[default]
    NotAsked,
    /// After this cursor.
    After(String),
    /// It does not.
    Nothing,
}

impl Next {
    pub(super) fn wanted(&self) -> bool {
        *self != Self::Nothing
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        match self {
            Self::After(cursor) => Some(cursor),
            Self::NotAsked | Self::Nothing => None,
        }
    }
}

/// A list, as far as it came.
pub(super) struct Pages<T> {
    pub(super) nodes: Vec<T>,
    pub(super) next: Next,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), next: Next::NotAsked }
    }
}

/// A part of an order that has lines of its own.
pub(super) struct Piece<'a> {
    /// Its id, as it was given.
    id: String,
    pub(super) raw: &'a str,
    /// Its lines, of every page.
    pub(super) lines: Vec<&'a str>,
    next: Option<String>,
}

/// A list that comes without a cursor: its first some. Of what there is besides, the ids are asked for
/// alone and then one after the other, since all at once would cost more points than a query may.
#[derive(Default)]
pub(super) struct Whole<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    is_asked: bool,
    /// The ids of all that there are, once they were asked for.
    ids: Option<Vec<String>>,
}

/// An order, as far as it came.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    /// What came with the first answer.
    pub(super) head: Option<&'a str>,
    updated_at: Option<Timestamp>,
    pub(super) lines: Pages<&'a str>,
    pub(super) fulfillment_orders: Pages<Piece<'a>>,
    pub(super) fulfillments: Whole<'a>,
    pub(super) refunds: Whole<'a>,
    pub(super) returns: Pages<Piece<'a>>,
    /// Whether the application may not see returns.
    returns_are_withheld: bool,
}

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// A part of the order.
    Part,
    /// No order.
    NotThere,
    /// Of another state of the order than the answers before.
    Changed,
}

/// Where the lines of each kind of part are.
const LINES_OF_PARTS: [&str; 4] = ["lineItems", "fulfillmentLineItems", "refundLineItems", "returnLineItems"];

impl<'a> Gathered<'a> {
    pub(super) fn new(returns_are_withheld: bool) -> Self {
        Self { returns_are_withheld, ..Self::default() }
    }

    /// Adds an answer.
    pub(super) fn add(&mut self, data: &'a str) -> Result<Added, MalformedOrder> {
        let document = json::parse(data)?.object()?;
        let node = document.get("order");
        let Some(raw) = node.raw() else { return Ok(Added::NotThere) };
        let order = node.object()?;
        let updated_at = order.get("updatedAt").required_time()?;
        if self.updated_at.is_some_and(|before| before != updated_at) {
            return Ok(Added::Changed);
        }
        self.updated_at = Some(updated_at);
        self.head.get_or_insert(raw);
        add_page(&mut self.lines, &order.get("lineItems"), |node| Ok(node.raw()))?;
        add_page(&mut self.fulfillment_orders, &order.get("fulfillmentOrders"), piece)?;
        add_page(&mut self.returns, &order.get("returns"), piece)?;
        add_whole(&mut self.fulfillments, &order.get("fulfillments"))?;
        add_whole(&mut self.refunds, &order.get("refunds"))?;
        add_ids(&mut self.fulfillments, &order.get("fulfillmentIds"))?;
        add_ids(&mut self.refunds, &order.get("refundIds"))?;
        self.add_lines(&document.get("node"))?;
        Ok(Added::Part)
    }

    /// Adds a later page of a part's lines, or a part that was asked for by its id.
    fn add_lines(&mut self, node: &Node<'a, '_>) -> Result<(), MalformedOrder> {
        if !node.is_given() {
            return Ok(());
        }
        let found = node.object()?;
        let id = found.get("id").required()?;
        for list in [&mut self.fulfillments, &mut self.refunds] {
            if list.next_missing() == Some(&id) {
                list.pieces.extend(piece(node)?);
                return Ok(());
            }
        }
        let parts = self
            .fulfillment_orders
            .nodes
            .iter_mut()
            .chain(&mut self.returns.nodes)
            .chain(&mut self.fulfillments.pieces)
            .chain(&mut self.refunds.pieces);
        for part in parts.filter(|part| part.id == id) {
            part.next = lines(&found, &mut part.lines)?;
        }
        Ok(())
    }

    /// The order's own fields.
    pub(super) fn head(&self) -> Result<Object<'a, 'static>, MalformedOrder> {
        json::parse(self.head.unwrap_or("{}"))?.object()
    }

    /// Whether there are more fulfillments or refunds than came at first, so that their ids are wanted.
    pub(super) fn wants_ids(&self) -> Result<bool, MalformedOrder> {
        let head = self.head()?;
        let told = head.get("fulfillmentsCount").object()?.get("count").quantity()?;
        let there = i64::try_from(self.fulfillments.pieces.len()).unwrap_or(i64::MAX);
        let is_more = told.map_or(self.fulfillments.is_full(), |told| told > there);
        Ok(self.fulfillments.ids.is_none() && (is_more || self.refunds.is_full()))
    }

    /// Whether refunds are to be asked for. They are needed where anything changed since the sale:
    /// without them it is not known what of a line's taxes and discounts is gone.
    pub(super) fn wants_refunds(&self) -> Result<bool, MalformedOrder> {
        Ok(!self.refunds.is_asked && self.has_changed()?)
    }

    fn has_changed(&self) -> Result<bool, MalformedOrder> {
        let head = self.head()?;
        let amount = |name: &'static str| {
            let bag = head.get(name).object()?;
            bag.get("presentmentMoney").object()?.get("amount").decimal()
        };
        let refunded = amount("totalRefundedSet")?.is_some_and(|refunded| !refunded.is_zero());
        let differs = amount("totalPriceSet")? != amount("currentTotalPriceSet")?;
        let is_edited = head.get("edited").flag()? == Some(true);
        Ok(refunded || differs || is_edited || self.has_fewer_units() || self.has_returns()?)
    }

    /// Whether units of a line are gone: a refund that was worth nothing shows nowhere else.
    fn has_fewer_units(&self) -> bool {
        let is_less = |raw: &str| {
            let line = json::parse(raw)?.object()?;
            let (ordered, now) = (line.get("quantity").quantity()?, line.get("currentQuantity").quantity()?);
            Ok::<_, MalformedOrder>(now.is_some() && now != ordered)
        };
        // A line that cannot be read is told about as the order is read.
        self.lines.nodes.iter().any(|raw| is_less(raw).unwrap_or(false))
    }

    fn has_returns(&self) -> Result<bool, MalformedOrder> {
        Ok(self.head()?.get("returnStatus").words()?.is_some_and(|status| status != "NO_RETURN"))
    }

    /// Whether returns, or more of them, are to be asked for.
    pub(super) fn wants_returns(&self) -> Result<bool, MalformedOrder> {
        if self.returns_are_withheld {
            return Ok(false);
        }
        match self.returns.next {
            Next::NotAsked => self.has_returns(),
            Next::After(_) => Ok(true),
            Next::Nothing => Ok(false),
        }
    }

    /// A part that is still to be asked for, and after which cursor of its lines: one that did not come at
    /// all, or one whose lines go on.
    pub(super) fn unfinished_part(&self) -> Option<(&str, Option<&str>)> {
        let missing = [&self.fulfillments, &self.refunds].into_iter().find_map(Whole::next_missing);
        if let Some(id) = missing {
            return Some((id.as_str(), None));
        }
        self.fulfillment_orders
            .nodes
            .iter()
            .chain(&self.returns.nodes)
            .chain(&self.fulfillments.pieces)
            .chain(&self.refunds.pieces)
            .find_map(|part| Some((part.id.as_str(), Some(part.next.as_deref()?))))
    }
}

impl Whole<'_> {
    /// Whether as many came as were asked for at first, so that there may be more.
    fn is_full(&self) -> bool {
        self.pieces.len() == PARTS_AT_FIRST
    }

    /// The first that there is and did not come. Of a list that was not asked for none is wanted.
    fn next_missing(&self) -> Option<&String> {
        let ids = self.ids.as_ref().filter(|_| self.is_asked)?;
        ids.iter().find(|id| !self.pieces.iter().any(|piece| piece.id == **id))
    }
}

/// Adds a page of a list. `None` from the reader is an element that is null.
fn add_page<'a, T>(
    pages: &mut Pages<T>,
    node: &Node<'a, '_>,
    read: impl Fn(&Node<'a, '_>) -> Result<Option<T>, MalformedOrder>,
) -> Result<(), MalformedOrder> {
    if !node.is_given() {
        return Ok(());
    }
    let page = node.object()?;
    for element in page.get("nodes").list()?.iter() {
        pages.nodes.extend(read(&element)?);
    }
    pages.next = match next_page(&page)? {
        Some(cursor) => Next::After(cursor),
        None => Next::Nothing,
    };
    Ok(())
}

/// Takes a list that came whole in the place of what came before.
fn add_whole<'a>(whole: &mut Whole<'a>, node: &Node<'a, '_>) -> Result<(), MalformedOrder> {
    if !node.is_given() {
        return Ok(());
    }
    whole.is_asked = true;
    whole.pieces.clear();
    for element in node.list()?.iter() {
        whole.pieces.extend(piece(&element)?);
    }
    Ok(())
}

/// Takes the ids of all that a list has.
fn add_ids(whole: &mut Whole<'_>, node: &Node<'_, '_>) -> Result<(), MalformedOrder> {
    if !node.is_given() {
        return Ok(());
    }
    let mut ids = Vec::new();
    for element in node.list()?.iter() {
        ids.push(element.object()?.get("id").required()?);
    }
    whole.ids = Some(ids);
    Ok(())
}

fn piece<'a>(node: &Node<'a, '_>) -> Result<Option<Piece<'a>>, MalformedOrder> {
    let Some(raw) = node.raw() else { return Ok(None) };
    let part = node.object()?;
    let mut nodes = Vec::new();
    let next = lines(&part, &mut nodes)?;
    Ok(Some(Piece { id: part.get("id").required()?, raw, lines: nodes, next }))
}

/// Adds the lines of a part, and says how they go on.
fn lines<'a>(part: &Object<'a, '_>, nodes: &mut Vec<&'a str>) -> Result<Option<String>, MalformedOrder> {
    for name in LINES_OF_PARTS {
        let list = part.get(name);
        if list.is_given() {
            let list = list.object()?;
            for element in list.get("nodes").list()?.iter() {
                nodes.extend(element.raw());
            }
            return next_page(&list);
        }
    }
    Ok(None)
}
