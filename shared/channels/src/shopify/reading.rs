//! What is gathered while one order is read: its currency, and what could be read only in part.

use rust_decimal::Decimal;
use weir_domain::{
    customer::Address,
    money::{Currency, Money},
};

use crate::{
    channel::MalformedOrder,
    json::{MAX_AMOUNT, Node},
    money::payable,
    words::short,
};

/// Oddities that are kept of one order: a page shows them, and ten thousand odd lines say no more.
const MAX_ODDITIES: usize = 20;

/// What is gathered while one order is read.
pub(super) struct Reading {
    /// What the buyer paid in: every amount of the order's parts is in it.
    pub(super) currency: Option<Currency>,
    /// What could be read only in part.
    pub(super) oddities: Vec<String>,
}

impl Reading {
    pub(super) fn new(currency: Option<Currency>) -> Self {
        Self { currency, oddities: Vec::new() }
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

    /// What the buyer paid, out of a bag of money in two currencies. Nothing is nothing, never zero.
    pub(super) fn paid(&mut self, bag: &Node<'_, '_>) -> Result<Option<Decimal>, MalformedOrder> {
        let bag = bag.object()?;
        let node = bag.get("presentmentMoney");
        let Some(money) = money(&node)? else { return Ok(None) };
        match self.currency {
            Some(known) if known != money.currency => {
                Err(node.malformed("is in another currency than the order's other amounts"))
            }
            Some(_) | None => {
                self.currency = Some(money.currency);
                if money.amount.normalize().scale() > money.currency.minor_digits() {
                    self.odd(format!(
                        "{} {}",
                        node.malformed("has more decimal places than").message,
                        money.currency
                    ));
                }
                Ok(Some(money.amount))
            }
        }
    }

    /// The sum of what the buyer paid in each element's bag.
    pub(super) fn sum(&mut self, list: &Node<'_, '_>, bag: &str) -> Result<Decimal, MalformedOrder> {
        let mut sum = Decimal::ZERO;
        for node in list.list()?.iter() {
            sum += self.paid(&node.object()?.get(bag))?.unwrap_or_default();
        }
        if sum.abs() > MAX_AMOUNT {
            return Err(list.malformed("adds up to an amount that is too large"));
        }
        Ok(sum)
    }
}

/// Reads an amount with its currency, written with as many places as the currency has.
pub(super) fn money(node: &Node<'_, '_>) -> Result<Option<Money>, MalformedOrder> {
    let fields = node.object()?;
    let Some(mut amount) = fields.get("amount").decimal()? else { return Ok(None) };
    let code = fields.get("currencyCode");
    let currency =
        payable(&code.required()?).ok_or_else(|| code.malformed("is no currency that one can pay in"))?;
    amount = amount.normalize();
    if amount.scale() < currency.minor_digits() {
        amount.rescale(currency.minor_digits());
    }
    Ok(Some(Money::new(amount, currency)))
}

/// Reads a postal address. Nothing told is no address.
pub(super) fn address(node: &Node<'_, '_>) -> Result<Option<Address>, MalformedOrder> {
    let fields = node.object()?;
    let field = |name: &str| fields.get(name).words();
    let state = match field("provinceCode")? {
        Some(code) => Some(code),
        None => field("province")?,
    };
    let address = Address {
        name: field("name")?,
        company: field("company")?,
        line_1: field("address1")?,
        line_2: field("address2")?,
        city: field("city")?,
        state,
        postal_code: field("zip")?,
        country: field("countryCodeV2")?,
        phone: field("phone")?,
        email: None,
    };
    Ok(Some(address).filter(|address| *address != Address::default()))
}
