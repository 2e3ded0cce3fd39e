//! Amounts: whole numbers of a currency's smallest unit, written as Shopify writes them, in what the
//! buyer paid and in the shop's own currency.

use serde_json::{Value, json};

/// A currency, with the digits behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217.
    pub code: &'static str,
    /// Digits of its smallest unit.
    pub digits: u32,
}

/// Dollars and cents.
pub const USD: Currency = Currency { code: "USD", digits: 2 };
/// Euros and cents.
pub const EUR: Currency = Currency { code: "EUR", digits: 2 };
/// Yen, which have no smaller coin.
pub const JPY: Currency = Currency { code: "JPY", digits: 0 };
/// Dinars and fils, a thousand of them.
pub const KWD: Currency = Currency { code: "KWD", digits: 3 };

/// What the buyer paid in, and what the shop counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Currencies {
    pub(super) paid: Currency,
    pub(super) shop: Currency,
    /// What one of the buyer's is worth in the shop's, in millionths.
    pub(super) rate: i64,
}

impl Currencies {
    /// The shop's amount, rounded by itself: sums of bags need not agree in both currencies.
    fn in_shop(&self, minor: i64) -> i64 {
        let scale = |digits: u32| 10_i128.pow(digits);
        let numerator = i128::from(minor) * i128::from(self.rate) * scale(self.shop.digits);
        let denominator = 1_000_000 * scale(self.paid.digits);
        i64::try_from((2 * numerator + denominator).div_euclid(2 * denominator)).unwrap_or(i64::MAX)
    }

    /// A `MoneyBag`.
    pub(super) fn bag(&self, minor: i64) -> Value {
        let money = |minor: i64, currency: Currency| {
            json!({
                "__typename": "MoneyV2",
                "amount": graph_text(minor, currency.digits),
                "currencyCode": currency.code,
            })
        };
        json!({
            "__typename": "MoneyBag",
            "shopMoney": money(self.in_shop(minor), self.shop),
            "presentmentMoney": money(minor, self.paid),
        })
    }

    /// The same in a webhook.
    pub(super) fn set(&self, minor: i64) -> Value {
        let money = |minor: i64, currency: Currency| json!({ "amount": rest_text(minor, currency.digits), "currency_code": currency.code });
        json!({
            "shop_money": money(self.in_shop(minor), self.shop),
            "presentment_money": money(minor, self.paid),
        })
    }

    /// The shop's amount as a webhook has it beside the set.
    pub(super) fn text(&self, minor: i64) -> String {
        rest_text(self.in_shop(minor), self.shop.digits)
    }
}

/// As GraphQL's `Decimal` has it: no needless zeros, and always one digit behind the point.
pub(super) fn graph_text(minor: i64, digits: u32) -> String {
    let text = rest_text(minor, digits);
    match text.split_once('.') {
        None => format!("{text}.0"),
        Some((whole, rest)) => {
            let rest = rest.trim_end_matches('0');
            format!("{whole}.{}", if rest.is_empty() { "0" } else { rest })
        }
    }
}

/// With all digits of the currency.
pub(super) fn rest_text(minor: i64, digits: u32) -> String {
    if digits == 0 {
        return minor.to_string();
    }
    let unit = 10_u64.pow(digits);
    let width = usize::try_from(digits).unwrap_or(2);
    let sign = if minor < 0 { "-" } else { "" };
    let size = minor.unsigned_abs();
    format!("{sign}{}.{:0width$}", size / unit, size % unit)
}

/// `amount × numerator ÷ denominator`, halves up; nothing of nothing.
pub(super) fn part(amount: i64, numerator: i64, denominator: i64) -> i64 {
    if denominator == 0 { 0 } else { (2 * amount * numerator + denominator).div_euclid(2 * denominator) }
}

/// Shares a whole out in proportion, exact to the smallest unit.
pub(super) fn spread(whole: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i64 = weights.iter().sum();
    let (mut weight_so_far, mut given) = (0, 0);
    let share = |weight: &i64| {
        weight_so_far += weight;
        let share = part(whole, weight_so_far, sum) - given;
        given += share;
        share
    };
    weights.iter().map(share).collect()
}
