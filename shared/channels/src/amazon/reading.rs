//! What both order APIs have in common once their fields are named: money in one currency, Amazon's
//! two spellings of one status, people as far as they are told, and whether prices include tax.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::{ChannelCharge, ChannelLine, ChannelOrderState, ChargeKind, FulfilledBy, SoldBy},
    customer::Address,
    ids::ChannelOrderId,
    money::{Currency, Money},
};

use super::{
    json::{MAX_AMOUNT, Node, Object},
    marketplaces::{self, MARKETPLACES},
    words::short,
};
use crate::{channel::MalformedOrder, money::payable};

/// Oddities that are kept of one order: a page shows them, and ten thousand odd lines say no more.
const MAX_ODDITIES: usize = 20;

/// What is gathered while one order is read.
pub(super) struct Reading {
    /// How this API spells money's two fields.
    pub(super) money_fields: (&'static str, &'static str),
    /// The order's currency, from the first amount on.
    pub(super) currency: Option<Currency>,
    /// What could be read only in part.
    pub(super) oddities: Vec<String>,
}

impl Reading {
    pub(super) fn new(money_fields: (&'static str, &'static str)) -> Self {
        Self { money_fields, currency: None, oddities: Vec::new() }
    }

    /// Notes something odd, once.
    pub(super) fn odd(&mut self, oddity: String) {
        if self.oddities.len() < MAX_ODDITIES && !self.oddities.contains(&oddity) {
            self.oddities.push(oddity);
        }
    }

    /// Reads an amount of money. Nothing is nothing, never zero. (SPEC KF-15)
    pub(super) fn money(&mut self, node: &Node<'_, '_>) -> Result<Option<Decimal>, MalformedOrder> {
        let money = node.object()?;
        let (amount_field, currency_field) = self.money_fields;
        let Some(amount) = money.get(amount_field).decimal()? else { return Ok(None) };
        let code = money.get(currency_field);
        let Some(text) = code.words()? else {
            self.odd(format!("{} the order's currency is taken", code.malformed("is missing:").message));
            return Ok(Some(amount));
        };
        let currency = payable(&text).ok_or_else(|| code.malformed("is no currency that one can pay in"))?;
        match self.currency {
            Some(known) if known != currency => Err(code.malformed("differs from the order's other amounts")),
            Some(_) | None => {
                self.currency = Some(currency);
                if amount.normalize().scale() > currency.minor_digits() {
                    let oddity = money.get(amount_field).malformed("has more decimal places than").message;
                    self.odd(format!("{oddity} {currency}"));
                }
                Ok(Some(amount))
            }
        }
    }

    /// An amount with the currency that was read before it.
    pub(super) fn total(&mut self, node: &Node<'_, '_>) -> Result<Option<Money>, MalformedOrder> {
        let Some(amount) = self.money(node)? else { return Ok(None) };
        Ok(self.currency.map(|currency| Money::new(amount, currency)))
    }

    /// Reads what is nice to have. Where it cannot be read the order is read all the same.
    pub(super) fn lenient<T: Default>(&mut self, read: Result<T, MalformedOrder>) -> T {
        read.unwrap_or_else(|error| {
            self.odd(error.message);
            T::default()
        })
    }
}

/// A word without what Amazon's two spellings differ in: `PARTIALLY_SHIPPED` is `PartiallyShipped`.
fn folded(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Reads how far an order is.
pub(super) fn state(word: Option<&str>) -> ChannelOrderState {
    let word = word.unwrap_or("(not told)");
    match folded(word).as_str() {
        "PENDING" | "PENDINGAVAILABILITY" => ChannelOrderState::Pending,
        "UNSHIPPED" => ChannelOrderState::Unshipped,
        "PARTIALLYSHIPPED" => ChannelOrderState::PartiallyShipped,
        // v0: "InvoiceUnconfirmed (All items in the order have been shipped. The seller has not yet
        // given confirmation to Amazon that the invoice has been shipped to the buyer.)"
        "SHIPPED" | "INVOICEUNCONFIRMED" => ChannelOrderState::Shipped,
        "CANCELLED" | "CANCELED" => ChannelOrderState::Cancelled,
        "UNFULFILLABLE" => ChannelOrderState::Unfulfillable,
        _ => ChannelOrderState::Unknown(short(word)),
    }
}

/// Reads who ships an order.
pub(super) fn fulfilled_by(word: Option<&str>) -> FulfilledBy {
    match word.map(folded).as_deref() {
        Some("AMAZON" | "AFN") => FulfilledBy::Channel,
        Some("MERCHANT" | "MFN") => FulfilledBy::Merchant,
        Some(_) | None => FulfilledBy::Unknown(word.map(short)),
    }
}

/// Reads who sold an order, from the channel's name and from the id: what was sold elsewhere and
/// only shipped by Amazon (multi-channel fulfilment) is called `S01-…`. (SPEC KF-02)
pub(super) fn sold_by(word: Option<&str>, id: &ChannelOrderId) -> SoldBy {
    let name = word.map(folded);
    match name.as_deref() {
        _ if is_shipment_only(id) => SoldBy::OtherChannel,
        Some(name) if name.starts_with("NONAMAZON") => SoldBy::OtherChannel,
        Some(name) if is_own_shop(name) => SoldBy::Channel,
        Some(_) | None => SoldBy::Unknown(word.map(short)),
    }
}

/// What follows "Amazon" in the names of its own shops, as the Orders API v0 spells them
/// (`Amazon.co.uk`); the newer API says `AMAZON` alone. Any other word is not believed.
const SHOPS: [&str; 24] = [
    "", "COM", "CA", "COMMX", "COMBR", "COUK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "COMBE", "IE",
    "COMTR", "AE", "SA", "EG", "COZA", "IN", "COJP", "JP", "COMAU",
];

fn is_own_shop(name: &str) -> bool {
    name.strip_prefix("AMAZON").is_some_and(|shop| SHOPS.contains(&shop) || matches!(shop, "SG" | "COMSG"))
}

fn is_shipment_only(id: &ChannelOrderId) -> bool {
    match id.as_str().as_bytes() {
        [b'S' | b's', tens, ones, b'-', ..] => tens.is_ascii_digit() && ones.is_ascii_digit(),
        _ => false,
    }
}

/// Reads a postal address, whichever way its fields begin. Nothing told is no address. (SPEC KF-15)
pub(super) fn address(node: &Node<'_, '_>) -> Result<Option<Address>, MalformedOrder> {
    let fields = node.object()?;
    let first_of = |names: &[&str]| first_of(&fields, names);
    let second: Vec<String> =
        [first_of(&["addressLine2"])?, first_of(&["addressLine3"])?].into_iter().flatten().collect();
    let address = Address {
        name: first_of(&["name"])?,
        company: first_of(&["companyName"])?,
        line_1: first_of(&["addressLine1"])?,
        line_2: Some(second.join(", ")).filter(|line| !line.is_empty()),
        city: first_of(&["city", "municipality"])?,
        state: first_of(&["stateOrRegion", "districtOrCounty", "county", "district"])?,
        postal_code: first_of(&["postalCode"])?,
        country: first_of(&["countryCode"])?,
        phone: first_of(&["phone"])?,
        email: None,
    };
    Ok(Some(address).filter(|address| *address != Address::default()))
}

fn first_of(fields: &Object<'_, '_>, names: &[&str]) -> Result<Option<String>, MalformedOrder> {
    for name in names {
        if let Some(text) = fields.get_any_case(name).words()? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// What a line or an order is charged for besides the goods, while its parts are gathered.
#[derive(Default)]
pub(super) struct Charges(BTreeMap<ChargeKind, Parts>);

#[derive(Default)]
struct Parts {
    amount: Decimal,
    tax: Option<Decimal>,
    discount: Decimal,
}

impl Charges {
    pub(super) fn add_amount(&mut self, kind: ChargeKind, amount: Decimal) {
        self.0.entry(kind).or_default().amount += amount;
    }

    pub(super) fn add_tax(&mut self, kind: ChargeKind, tax: Decimal) {
        let parts = self.0.entry(kind).or_default();
        parts.tax = Some(parts.tax.unwrap_or_default() + tax);
    }

    pub(super) fn add_discount(&mut self, kind: ChargeKind, discount: Decimal) {
        self.0.entry(kind).or_default().discount += discount.abs();
    }

    /// The tax of all kinds together.
    pub(super) fn tax(&self) -> Decimal {
        self.0.values().filter_map(|parts| parts.tax).sum()
    }

    /// Whether anything is charged.
    pub(super) fn has_amounts(&self) -> bool {
        self.0.values().any(|parts| !parts.amount.is_zero())
    }

    /// The tax that the discount of each charge should have saved.
    pub(super) fn expected_savings(&self) -> Vec<Decimal> {
        self.0.values().map(|parts| expected_saving(parts.amount, parts.tax, parts.discount)).collect()
    }

    /// Takes off the taxes what the discounts saved of them, and says what is left over: no tax ends
    /// below zero.
    pub(super) fn take_off(&mut self, savings: &[Decimal]) -> Decimal {
        let mut left_over = Decimal::ZERO;
        for (parts, saving) in self.0.values_mut().zip(savings) {
            let tax = parts.tax.unwrap_or_default();
            let taken = (*saving).min(tax.max(Decimal::ZERO));
            parts.tax = parts.tax.map(|tax| tax - taken);
            left_over += *saving - taken;
        }
        left_over
    }

    /// Every figure.
    fn figures(&self) -> impl Iterator<Item = Decimal> {
        self.0.values().flat_map(|parts| [parts.amount, parts.tax.unwrap_or_default(), parts.discount])
    }

    /// Where the channel told taxes and none for a charge, that charge has none.
    pub(super) fn taxes_are_known(&mut self) {
        for parts in self.0.values_mut() {
            parts.tax.get_or_insert(Decimal::ZERO);
        }
    }

    /// The charges; one that is nothing in every part is left out.
    pub(super) fn finish(self) -> Vec<ChannelCharge> {
        let is_something = |parts: &Parts| {
            !(parts.amount.is_zero() && parts.discount.is_zero() && parts.tax.unwrap_or_default().is_zero())
        };
        self.0
            .into_iter()
            .filter(|(_, parts)| is_something(parts))
            .map(|(kind, parts)| ChannelCharge {
                kind,
                amount: parts.amount,
                tax: parts.tax,
                discount: parts.discount,
            })
            .collect()
    }
}

/// The tax that a discount should have saved: the same part of the tax as of the amount.
pub(super) fn expected_saving(amount: Decimal, tax: Option<Decimal>, discount: Decimal) -> Decimal {
    let part = discount.checked_div(amount).unwrap_or_default().clamp(Decimal::ZERO, Decimal::ONE);
    tax.unwrap_or_default().max(Decimal::ZERO) * part
}

/// Refuses sums that no order has. Each amount was small enough; that says nothing of a thousand.
pub(super) fn check_size(
    node: &Node<'_, '_>,
    figures: &[Option<Decimal>],
    charges: &Charges,
) -> Result<(), MalformedOrder> {
    let mut all = figures.iter().copied().flatten().chain(charges.figures());
    if all.any(|figure| figure.abs() > MAX_AMOUNT) {
        return Err(node.malformed("has amounts whose sum is too large"));
    }
    Ok(())
}

/// Adds to an amount that may be unknown so far.
pub(super) fn add(sum: &mut Option<Decimal>, amount: Option<Decimal>) {
    if let Some(amount) = amount {
        *sum = Some(sum.unwrap_or_default() + amount);
    }
}

/// Whether an order's prices include tax. The marketplace decides (SPEC KF-06), unless the order
/// proves otherwise: its total is the sum of its parts with tax in one reading and not in the other.
/// The total must come out of the parts (SPEC G-06), and no API document says which marketplaces
/// include tax: Amazon's own example of a British order adds it.
pub(super) fn prices_include_tax(
    reading: &mut Reading,
    marketplace: Option<&str>,
    total: Option<Money>,
    lines: &[ChannelLine],
    charges: &[ChannelCharge],
) -> bool {
    let expected = match marketplace.and_then(marketplaces::find) {
        Some(known) => known.prices_include_tax,
        None => {
            reading.odd(
                "the marketplace is not known; whether prices include tax follows the currency".to_owned(),
            );
            let code = reading.currency.map(Currency::code);
            MARKETPLACES
                .iter()
                .find(|known| Some(known.currency) == code)
                .is_none_or(|known| known.prices_include_tax)
        }
    };
    let (Some(total), Some((net, tax))) = (total, parts(lines, charges)) else { return expected };
    let (if_included, if_added) = (net == total.amount, net + tax == total.amount);
    if tax.is_zero() || if_included == if_added || if_included == expected {
        return expected;
    }
    let how = if if_included { "include" } else { "do not include" };
    reading.odd(format!("the total shows that the prices {how} tax, unlike its marketplace's usual ones"));
    if_included
}

/// The sum of what is charged after discount, and of the taxes; nothing if a part is unknown.
fn parts(lines: &[ChannelLine], charges: &[ChannelCharge]) -> Option<(Decimal, Decimal)> {
    let (mut net, mut tax) = (Decimal::ZERO, Decimal::ZERO);
    for line in lines {
        net += line.amount? - line.discount;
        tax += line.tax? - line.discount_tax.unwrap_or_default();
        for charge in &line.charges {
            net += charge.amount - charge.discount;
            tax += charge.tax?;
        }
    }
    for charge in charges {
        net += charge.amount - charge.discount;
        tax += charge.tax.unwrap_or_default();
    }
    Some((net, tax))
}

/// Notes what is the same in both APIs: figures that are possible and odd.
pub(super) fn check_line(reading: &mut Reading, node: &Node<'_, '_>, line: &ChannelLine) {
    if line.shipped_quantity.is_some_and(|shipped| shipped > line.quantity) {
        reading.odd(node.malformed("has more units shipped than ordered").message);
    }
    let figures = [line.amount, line.tax].into_iter().flatten();
    let charged = line.charges.iter().flat_map(|charge| [Some(charge.amount), charge.tax]).flatten();
    if figures.chain(charged).any(|figure| figure.is_sign_negative() && !figure.is_zero()) {
        reading.odd(node.malformed("has a negative amount").message);
    }
}

/// Refuses two lines of one id: what is booked for one would be taken for the other's.
pub(super) fn check_ids(lines: &[ChannelLine], list: &Node<'_, '_>) -> Result<(), MalformedOrder> {
    let mut ids = std::collections::BTreeSet::new();
    match lines.iter().position(|line| !ids.insert(line.line_id.as_str())) {
        Some(index) => Err(list.malformed(&format!("has an id twice, the second time at [{index}]"))),
        None => Ok(()),
    }
}
