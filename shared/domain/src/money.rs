//! Money: a decimal with its currency, exact to the smallest unit. Never floating point. (SPEC G-06)

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// A text that is no currency code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an ISO 4217 currency code")]
pub struct InvalidCurrency(String);

impl Currency {
    /// US dollars: what a hub's books begin with, until somebody says otherwise.
    pub const USD: Self = Self(iso_currency::Currency::USD);

    /// Reads a code such as `EUR`, in any case.
    ///
    /// # Errors
    /// If no currency has that code.
    pub fn parse(code: &str) -> Result<Self, InvalidCurrency> {
        iso_currency::Currency::from_code(&code.trim().to_ascii_uppercase())
            .map(Self)
            .ok_or_else(|| InvalidCurrency(code.chars().take(12).collect()))
    }

    /// The three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the point of its smallest unit: 2 for USD, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn minor_digits(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }

    /// Rounds to the smallest unit, halves away from zero.
    #[must_use]
    pub fn round(self, amount: Decimal) -> Decimal {
        amount.round_dp_with_strategy(self.minor_digits(), RoundingStrategy::MidpointAwayFromZero)
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount, in the currency's main unit.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in a currency.
    #[must_use]
    pub const fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::try_from(self.currency.minor_digits()).unwrap_or(2);
        write!(f, "{:.*} {}", digits, self.amount, self.currency)
    }
}

/// Splits a whole over parts in proportion to their weights, by largest remainder: the parts add up
/// to the whole to the smallest unit and none is a unit or more from its ideal share. With no
/// weight at all the whole goes to the first part. (SPEC KS-25, G-06)
#[must_use]
pub fn allocate(whole: Decimal, weights: &[Decimal], currency: Currency) -> Vec<Decimal> {
    if weights.is_empty() {
        return Vec::new();
    }
    let unit = Decimal::new(1, currency.minor_digits());
    let sum: Decimal = weights.iter().sum();
    if sum.is_zero() {
        let mut parts = vec![Decimal::ZERO; weights.len()];
        parts[0] = whole;
        return parts;
    }
    let ideal: Vec<Decimal> = weights.iter().map(|weight| whole * weight / sum).collect();
    let mut parts: Vec<Decimal> = ideal
        .iter()
        .map(|share| {
            share.round_dp_with_strategy(currency.minor_digits(), RoundingStrategy::ToNegativeInfinity)
        })
        .collect();
    let mut missing = whole - parts.iter().sum::<Decimal>();
    let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
    by_remainder.sort_by(|a, b| (ideal[*b] - parts[*b]).cmp(&(ideal[*a] - parts[*a])).then(a.cmp(b)));
    for index in by_remainder.into_iter().cycle() {
        if missing < unit {
            parts[index] += missing;
            break;
        }
        parts[index] += unit;
        missing -= unit;
    }
    parts
}
