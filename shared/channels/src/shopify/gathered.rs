//! The answers to one order's requests put together again: its own lists, and the lines of its parts
//! that came on later pages. The pieces stay the texts that they came as.

use weir_domain::Timestamp;

use super::{
    graphql::next_page,
    orders::{PARTS_AT_FIRST, PARTS_AT_MOST},
};
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

/// A list that comes without a cursor: all of it, or the first some.
#[derive(Default)]
pub(super) struct Whole<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// How often it was asked for.
    asked: usize,
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
        self.add_lines(&document.get("node"))?;
        Ok(Added::Part)
    }

    /// Adds a later page of a part's lines.
    fn add_lines(&mut self, node: &Node<'a, '_>) -> Result<(), MalformedOrder> {
        if !node.is_given() {
            return Ok(());
        }
        let found = node.object()?;
        let id = found.get("id").required()?;
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

    /// Whether there are more fulfillments than came at first.
    pub(super) fn wants_more_fulfillments(&self) -> Result<bool, MalformedOrder> {
        let head = self.head()?;
        let told = head.get("fulfillmentsCount").object()?.get("count").quantity()?;
        let there = i64::try_from(self.fulfillments.pieces.len()).unwrap_or(i64::MAX);
        let is_more = told.map_or(self.fulfillments.is_full(), |told| told > there);
        Ok(self.fulfillments.asked < 2 && is_more)
    }

    /// How many refunds are to be asked for, at first or again. They are needed where anything changed
    /// since the sale: without them it is not known what of a line's taxes and discounts is gone.
    pub(super) fn wants_refunds(&self) -> Result<Option<usize>, MalformedOrder> {
        match self.refunds.asked {
            0 => Ok(self.has_changed()?.then_some(PARTS_AT_FIRST)),
            1 => Ok(self.refunds.is_full().then_some(PARTS_AT_MOST)),
            _ => Ok(None),
        }
    }

    fn has_changed(&self) -> Result<bool, MalformedOrder> {
        let head = self.head()?;
        let amount = |name: &'static str| {
            let bag = head.get(name).object()?;
            bag.get("presentmentMoney").object()?.get("amount").decimal()
        };
        let refunded = amount("totalRefundedSet")?.is_some_and(|refunded| !refunded.is_zero());
        let differs = amount("totalPriceSet")? != amount("currentTotalPriceSet")?;
        Ok(refunded || differs || head.get("edited").flag()? == Some(true) || self.has_returns()?)
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

    /// A part whose lines go on, and after which cursor.
    pub(super) fn unfinished_part(&self) -> Option<(&str, &str)> {
        self.fulfillment_orders
            .nodes
            .iter()
            .chain(&self.returns.nodes)
            .chain(&self.fulfillments.pieces)
            .chain(&self.refunds.pieces)
            .find_map(|part| Some((part.id.as_str(), part.next.as_deref()?)))
    }
}

impl Whole<'_> {
    /// Whether as many came as were asked for at first, so that there may be more.
    fn is_full(&self) -> bool {
        self.pieces.len() == PARTS_AT_FIRST
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
    whole.asked += 1;
    whole.pieces.clear();
    for element in node.list()?.iter() {
        whole.pieces.extend(piece(&element)?);
    }
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
