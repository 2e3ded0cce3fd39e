//! Shopify's ids: a number, or a global id that ends in one (`gid://shopify/Order/123`). They are
//! texts all the way, so that no id above 2^53 is ever rounded.

use weir_domain::ids::ChannelOrderId;

use crate::{channel::MalformedOrder, json::Node};

/// What global ids begin with.
const PREFIX: &str = "gid://shopify/";

/// Digits of a number; Shopify's are unsigned and of 64 bits.
const MAX_DIGITS: usize = 20;

/// A number, if the text is one.
pub(super) fn plain(text: &str) -> Option<String> {
    let is_number =
        !text.is_empty() && text.len() <= MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && text.parse::<u64>().is_ok_and(|number| number > 0)).then(|| text.to_owned())
}

/// The number of a global id of a kind. What stands behind a `?` is a hint for Shopify alone.
pub(super) fn of_kind(text: &str, kind: &str) -> Option<String> {
    let number = text.strip_prefix(PREFIX)?.strip_prefix(kind)?.strip_prefix('/')?;
    plain(number.split('?').next().unwrap_or_default())
}

/// The global id of a number.
pub(super) fn global(kind: &str, number: &str) -> String {
    format!("{PREFIX}{kind}/{number}")
}

/// An order's id, from either form.
pub(super) fn order(text: &str) -> Option<ChannelOrderId> {
    let number = of_kind(text, "Order").or_else(|| plain(text))?;
    ChannelOrderId::parse(&number).ok()
}

/// The number at the end of a global id of whatever kind, or the number itself.
pub(super) fn any(text: &str) -> Option<String> {
    let last = text.strip_prefix(PREFIX).map_or(Some(text), |rest| rest.split_once('/').map(|(_, id)| id))?;
    plain(last.split('?').next().unwrap_or_default())
}

/// A number that may be missing.
///
/// # Errors
/// If it is there and is none.
pub(super) fn number(node: &Node<'_, '_>) -> Result<Option<String>, MalformedOrder> {
    let Some(text) = node.words()? else { return Ok(None) };
    any(&text).map(Some).ok_or_else(|| node.malformed("is no id"))
}

/// The number of an id that has to be there.
///
/// # Errors
/// If it is missing, or is none.
pub(super) fn required(node: &Node<'_, '_>) -> Result<String, MalformedOrder> {
    number(node)?.ok_or_else(|| node.malformed("is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_beyond_53_bits_stay_what_they_are() {
        // 2^53 + 1 is the first number that a double rounds.
        for number in ["1", "9007199254740993", "18446744073709551615"] {
            assert_eq!(plain(number).as_deref(), Some(number));
            assert_eq!(order(&global("Order", number)).map(|id| id.to_string()).as_deref(), Some(number));
        }
        assert_eq!(of_kind("gid://shopify/Order/7?key=a", "Order").as_deref(), Some("7"));
        for text in ["", "0", "-1", "1.0", "1e3", "18446744073709551616", "gid://shopify/Order/", "x"] {
            assert_eq!(order(text), None, "{text}");
        }
        assert_eq!(order("gid://shopify/DraftOrder/7"), None, "a draft is no order");
    }
}
