//! What is gathered while one order is read: its currency, and what could be read only in part; and how
//! BigCommerce spells times, amounts and addresses.

use jiff::fmt::rfc2822;
use rust_decimal::Decimal;
use weir_domain::{Timestamp, customer::Address, money::Currency};

use crate::{
    channel::MalformedOrder,
    json::{Node, Object},
    words::short,
};

/// Oddities that are kept of one order: a page shows them, and ten thousand odd lines say no more.
const MAX_ODDITIES: usize = 20;

/// What is gathered while one order is read.
pub(super) struct Reading {
    /// What the buyer paid in: every amount of the order is in it.
    pub(super) currency: Option<Currency>,
    /// What could be read only in part.
    pub(super) oddities: Vec<String>,
}

impl Reading {
    pub(super) const fn new() -> Self {
        Self { currency: None, oddities: Vec::new() }
    }

    /// Notes something odd, once.
    pub(super) fn odd(&mut self, oddity: String) {
        if self.oddities.len() < MAX_ODDITIES && !self.oddities.contains(&oddity) {
            self.oddities.push(oddity);
        }
    }

    /// Notes a word that Weir does not know, and gives it short.
    pub(super) fn unknown(&mut self, node: &Node<'_, '_>, word: &str) -> String {
        let word = short(word);
        self.odd(format!("{} (\"{word}\")", node.malformed("is an unknown word").message));
        word
    }

    /// Reads what is nice to have. Where it cannot be read the order is read all the same.
    pub(super) fn lenient<T: Default>(&mut self, read: Result<T, MalformedOrder>) -> T {
        read.unwrap_or_else(|error| {
            self.odd(error.message);
            T::default()
        })
    }
}

/// A point in time: RFC 2822 in V2, ISO 8601 in V3.
pub(super) fn time(node: &Node<'_, '_>) -> Result<Option<Timestamp>, MalformedOrder> {
    let Some(text) = node.words()? else { return Ok(None) };
    let read = rfc2822::parse(&text).map(|time| time.timestamp()).or_else(|_| text.parse::<Timestamp>());
    read.map(Some).map_err(|_| node.malformed("is not a time with its offset"))
}

/// A point in time that has to be there.
pub(super) fn required_time(node: &Node<'_, '_>) -> Result<Timestamp, MalformedOrder> {
    time(node)?.ok_or_else(|| node.malformed("is missing"))
}

/// A sum of money that may be missing, which is not zero.
pub(super) fn amount(fields: &Object<'_, '_>, name: &str) -> Result<Option<Decimal>, MalformedOrder> {
    fields.get(name).decimal()
}

/// The id of a thing; 0 stands for none.
pub(super) fn id(node: &Node<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    Ok(node.digits()?.filter(|digits| digits.bytes().any(|digit| digit != b'0')))
}

/// A first and a last name together.
pub(super) fn name(fields: &Object<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    let parts = [fields.get("first_name").words()?, fields.get("last_name").words()?];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// Reads a postal address. Nothing told is no address.
pub(super) fn address(node: &Node<'_, '_>) -> Result<Option<Address>, MalformedOrder> {
    address_of(&node.object()?)
}

/// Reads the postal address that an object is.
pub(super) fn address_of(fields: &Object<'_, '_>) -> Result<Option<Address>, MalformedOrder> {
    let field = |name: &str| fields.get(name).words();
    let country = match field("country_iso2")? {
        Some(code) => Some(code),
        None => field("country")?,
    };
    let address = Address {
        name: name(fields)?,
        company: field("company")?,
        line_1: field("street_1")?,
        line_2: field("street_2")?,
        city: field("city")?,
        state: field("state")?,
        postal_code: field("zip")?,
        country,
        phone: field("phone")?,
        email: field("email")?,
    };
    Ok(Some(address).filter(|address| *address != Address::default()))
}
