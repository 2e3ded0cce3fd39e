//! How amounts are written: with the currency's digits, and with what a quirk makes of them.

use super::{
    json::Json,
    spec::{OrderSpec, Quirk},
};

/// The names of an amount's fields.
#[derive(Clone, Copy)]
pub(super) enum Names {
    /// Orders 2026-01-01.
    New,
    /// Orders v0.
    V0,
}

/// Writes an amount of an order.
pub(super) fn field(json: &mut Json, names: Names, key: &str, minor: i64, spec: &OrderSpec) {
    json.key(key);
    write(json, names, &text(minor, spec.marketplace.digits), spec);
}

/// Writes an amount of a line.
pub(super) fn line_field(
    json: &mut Json,
    names: Names,
    key: &str,
    minor: i64,
    line: usize,
    spec: &OrderSpec,
) {
    let amount = text(minor, spec.marketplace.digits);
    json.key(key);
    if line == 0 && spec.is(Quirk::BadMoney) {
        write(json, names, &format!("{} {}", amount.replace('.', ","), spec.marketplace.currency), spec);
    } else {
        write(json, names, &amount, spec);
    }
}

fn write(json: &mut Json, names: Names, amount: &str, spec: &OrderSpec) {
    let (amount_key, currency_key) = match names {
        Names::New => ("amount", "currencyCode"),
        Names::V0 => ("Amount", "CurrencyCode"),
    };
    let currency = if spec.is(Quirk::BadCurrency) { "AMZ-POINTS" } else { spec.marketplace.currency };
    json.object(|json| {
        if spec.is(Quirk::NumbersAsStrings) && !amount.contains(',') {
            json.field_raw(amount_key, amount);
        } else {
            json.field_text(amount_key, amount);
        }
        json.field_text(currency_key, currency);
    });
}

/// An amount with all digits of its currency: `1234` is `12.34` dollars and `1234` yen.
pub(super) fn text(minor: i64, digits: u32) -> String {
    if digits == 0 {
        return minor.to_string();
    }
    let unit = 10_u64.pow(digits);
    let width = usize::try_from(digits).unwrap_or(2);
    let sign = if minor < 0 { "-" } else { "" };
    let size = minor.unsigned_abs();
    format!("{sign}{}.{:0width$}", size / unit, size % unit)
}
