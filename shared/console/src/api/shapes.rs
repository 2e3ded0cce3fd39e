//! Shapes that several resources share: money, times, reasons. Amounts are texts with the digits of
//! their currency, never floating point.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use weir_domain::{
    Timestamp,
    money::{Currency, Money},
    outcome::{Because, Reason},
};

/// An amount in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyShape {
    /// The amount as a decimal text, with at least the digits of its currency.
    #[schema(example = "12.34")]
    pub(crate) amount: String,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub(crate) currency: &'static str,
}

impl MoneyShape {
    /// An amount: with the currency's digits, and with more only where it has them (unit prices).
    pub(crate) fn new(amount: Decimal, currency: Currency) -> Self {
        let amount = amount.normalize();
        let digits = amount.scale().max(currency.minor_digits());
        let digits = usize::try_from(digits).unwrap_or(0);
        Self { amount: format!("{amount:.digits$}"), currency: currency.code() }
    }
}

impl From<Money> for MoneyShape {
    fn from(money: Money) -> Self {
        Self::new(money.amount, money.currency)
    }
}

/// An amount in an order's currency; null where either is unknown.
pub(crate) fn money(amount: Option<Decimal>, currency: Option<Currency>) -> Option<MoneyShape> {
    Some(MoneyShape::new(amount?, currency?))
}

/// A rate or per cent as a decimal text.
pub(crate) fn rate(rate: Decimal) -> String {
    rate.normalize().to_string()
}

/// A time, RFC 3339 in UTC.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_string()
}

/// A stable code, a sentence, and what a person can do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonShape {
    /// The stable code; see the schema `ReasonCode`.
    code: &'static str,
    /// The sentence.
    message: String,
    /// What a person can do, if anything.
    action: Option<String>,
}

impl From<&Reason> for ReasonShape {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.code.as_str(), message: reason.message.clone(), action: reason.action.clone() }
    }
}

/// One thing that a decision rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Because)]
pub(crate) struct BecauseShape {
    /// A stable word.
    code: String,
    /// A sentence.
    message: String,
}

impl From<&Because> for BecauseShape {
    fn from(because: &Because) -> Self {
        Self { code: because.code.clone(), message: because.message.clone() }
    }
}
