//! What money is at every channel: an amount in a currency that one can pay in.

use weir_domain::money::Currency;

/// A currency in which something can cost something: ISO 4217 also has codes for gold, for tests
/// and for "no currency", which have no smallest unit.
pub(crate) fn payable(code: &str) -> Option<Currency> {
    let currency = Currency::parse(code).ok()?;
    iso_currency::Currency::from_code(currency.code())?.exponent().map(|_| currency)
}
