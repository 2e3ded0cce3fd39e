//! A JSON document read field by field: numbers from their text and never through floating point,
//! numbers as strings and strings as numbers alike, and every complaint says where.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use weir_domain::Timestamp;

use crate::channel::MalformedOrder;

/// Bytes of an answer beyond which it is refused: a hundred orders of some hundred lines are under
/// 10 MiB, and a Lambda has to hold the answer and its parts at once.
pub(super) const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Levels of `{` and `[` in one order beyond which it is refused. Amazon's own have under ten.
const MAX_DEPTH: usize = 64;

/// Amounts have at most this size, also when they are added up: far above any order, and two of them
/// multiplied stay within what a decimal holds.
pub(super) const MAX_AMOUNT: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0); // 10^12

/// Decimal places of an amount. Currencies have up to 4; computed shares come with some more.
const MAX_DECIMAL_PLACES: u32 = 8;

/// Units of one line beyond which it is no order: the greatest that Amazon sells is 999.
const MAX_QUANTITY: i64 = 10_000_000;

/// Digits of an id that is a number; all that 64 bits hold.
const MAX_ID_DIGITS: usize = 20;

/// An answer's text, without a byte order mark. A byte that is not UTF-8 costs the one field that it
/// stands in, which will match nothing, and not the whole page.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body))
}

/// Where in a document something stands.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    /// The whole document.
    Root,
    /// A field of an object.
    Field(&'p Path<'p>, &'p str),
    /// An element of a list, counted from 0.
    Element(&'p Path<'p>, usize),
    /// An element of a list that came in several documents, counted from 0.
    Piece(&'static str, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the document"),
            Self::Field(Path::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Element(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Piece(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}

/// One value of a document, which may be missing; `null` counts as missing.
#[derive(Clone, Copy)]
pub(super) struct Node<'a, 'p> {
    raw: Option<&'a RawValue>,
    path: Path<'p>,
}

/// The fields of an object; of a missing one there are none.
pub(super) struct Object<'a, 'p> {
    fields: BTreeMap<String, &'a RawValue>,
    path: Path<'p>,
}

/// The elements of a list; of a missing one there are none.
pub(super) struct List<'a, 'p> {
    elements: Vec<&'a RawValue>,
    path: Path<'p>,
}

/// Parses a document as a whole; what is in it is parsed when it is asked for.
pub(super) fn parse(text: &str) -> Result<Node<'_, 'static>, MalformedOrder> {
    let root = Node { raw: None, path: Path::Root };
    if text.len() > MAX_BODY_BYTES {
        return Err(root.malformed("is too large"));
    }
    // The error's own text is left out: it may quote what stands there.
    let raw = serde_json::from_str(text).map_err(|_| root.malformed("is not JSON"))?;
    Ok(Node { raw: Some(raw), ..root })
}

/// Parses one element of a list that came in several documents.
pub(super) fn piece<'a>(
    text: &'a str,
    list: &'static str,
    index: usize,
) -> Result<Node<'a, 'static>, MalformedOrder> {
    let piece = Node { raw: None, path: Path::Piece(list, index) };
    let raw = serde_json::from_str(text).map_err(|_| piece.malformed("is not JSON"))?;
    Ok(Node { raw: Some(raw), ..piece })
}

impl<'a, 'p> Node<'a, 'p> {
    /// Whether there is something.
    pub(super) fn is_given(&self) -> bool {
        self.raw.is_some_and(|raw| raw.get() != "null")
    }

    /// Whether it is there and `null`.
    pub(super) fn is_null(&self) -> bool {
        self.raw.is_some_and(|raw| raw.get() == "null")
    }

    /// The JSON text as it came.
    pub(super) fn raw(&self) -> Option<&'a str> {
        self.raw.filter(|_| self.is_given()).map(RawValue::get)
    }

    /// A complaint about this value. It must not quote the value, which may be personal.
    pub(super) fn malformed(&self, complaint: &str) -> MalformedOrder {
        MalformedOrder { message: format!("{} {complaint}", self.path) }
    }

    /// Refuses what is nested deeper than any reader of it should have to go.
    pub(super) fn check_depth(&self) -> Result<(), MalformedOrder> {
        match self.raw() {
            Some(raw) if depth(raw) > MAX_DEPTH => Err(self.malformed("is nested too deeply")),
            Some(_) | None => Ok(()),
        }
    }

    /// As an object.
    pub(super) fn object(&self) -> Result<Object<'a, 'p>, MalformedOrder> {
        let fields = match self.raw() {
            None => BTreeMap::new(),
            Some(raw) => serde_json::from_str(raw).map_err(|_| self.malformed("is not an object"))?,
        };
        Ok(Object { fields, path: self.path })
    }

    /// As a list.
    pub(super) fn list(&self) -> Result<List<'a, 'p>, MalformedOrder> {
        let elements = match self.raw() {
            None => Vec::new(),
            Some(raw) => serde_json::from_str(raw).map_err(|_| self.malformed("is not a list"))?,
        };
        Ok(List { elements, path: self.path })
    }

    /// As a text, exactly as it came; a number or a yes-or-no is its own text.
    pub(super) fn text(&self) -> Result<Option<String>, MalformedOrder> {
        let Some(raw) = self.raw() else { return Ok(None) };
        match raw.bytes().next() {
            Some(b'"') => serde_json::from_str(raw).map(Some).map_err(|_| self.malformed("is not a text")),
            Some(b'{' | b'[') | None => Err(self.malformed("is not a text")),
            Some(_) => Ok(Some(raw.to_owned())),
        }
    }

    /// As a text of which only the words count: without spaces around it, and nothing if it is empty.
    pub(super) fn words(&self) -> Result<Option<String>, MalformedOrder> {
        Ok(self.text()?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// As a text that has to be there.
    pub(super) fn required(&self) -> Result<String, MalformedOrder> {
        self.words()?.ok_or_else(|| self.malformed("is missing"))
    }

    /// As an exact decimal number.
    pub(super) fn decimal(&self) -> Result<Option<Decimal>, MalformedOrder> {
        let Some(text) = self.words()? else { return Ok(None) };
        let number = exact_decimal(&text).ok_or_else(|| self.malformed("is not a decimal number"))?;
        if number.abs() > MAX_AMOUNT {
            return Err(self.malformed("is too large"));
        }
        if number.normalize().scale() > MAX_DECIMAL_PLACES {
            return Err(self.malformed("has too many decimal places"));
        }
        Ok(Some(number))
    }

    /// As yes or no; nothing if it is neither.
    pub(super) fn flag(&self) -> Result<Option<bool>, MalformedOrder> {
        match self.words()?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.malformed("is neither true nor false")),
        }
    }

    /// As a number of units: whole, and not negative.
    pub(super) fn quantity(&self) -> Result<Option<i64>, MalformedOrder> {
        let Some(number) = self.decimal()? else { return Ok(None) };
        if !number.fract().is_zero() {
            return Err(self.malformed("is not a whole number"));
        }
        match i64::try_from(number) {
            Ok(quantity) if (0..=MAX_QUANTITY).contains(&quantity) => Ok(Some(quantity)),
            Ok(quantity) if quantity < 0 => Err(self.malformed("is negative")),
            Ok(_) | Err(_) => Err(self.malformed("is too large")),
        }
    }

    /// As an id that is a number, in its digits: never through floating point, and of any size.
    pub(super) fn digits(&self) -> Result<Option<String>, MalformedOrder> {
        let Some(text) = self.words()? else { return Ok(None) };
        if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= MAX_ID_DIGITS {
            return Ok(Some(text));
        }
        Err(self.malformed("is no number of a thing"))
    }

    /// As a point in time.
    pub(super) fn time(&self) -> Result<Option<Timestamp>, MalformedOrder> {
        let Some(text) = self.words()? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.malformed("is not a time with its offset"))
    }

    /// As a point in time that has to be there.
    pub(super) fn required_time(&self) -> Result<Timestamp, MalformedOrder> {
        self.time()?.ok_or_else(|| self.malformed("is missing"))
    }
}

impl<'a, 'p> Object<'a, 'p> {
    /// A field.
    pub(super) fn get<'s>(&'s self, name: &'s str) -> Node<'a, 's> {
        Node { raw: self.fields.get(name).copied(), path: Path::Field(&self.path, name) }
    }

    /// A field whose name is compared without regard to case.
    pub(super) fn get_any_case<'s>(&'s self, name: &'s str) -> Node<'a, 's> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        Node { raw: found.map(|(_, raw)| *raw), path: Path::Field(&self.path, name) }
    }
}

impl<'a, 'p> List<'a, 'p> {
    /// The elements, in order.
    pub(super) fn iter<'s>(&'s self) -> impl Iterator<Item = Node<'a, 's>> {
        self.elements
            .iter()
            .enumerate()
            .map(|(index, raw)| Node { raw: Some(raw), path: Path::Element(&self.path, index) })
    }
}

/// Reads `12.30`, `-4`, `+1` or `1.5E2`, and nothing that only resembles a number: the decimal
/// library alone would also take `1_000`.
fn exact_decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let number = match exponent {
        None => Decimal::from_str_exact(mantissa).ok()?,
        Some(exponent) if digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)) => {
            Decimal::from_scientific(text).ok()?
        }
        Some(_) => return None,
    };
    // A zero has no sign: "-0.00" equals "0.00", and must also look like it.
    Some(if number.is_zero() { number.abs() } else { number })
}

/// The deepest level of `{` and `[`. The text is valid JSON.
fn depth(json: &str) -> usize {
    let (mut level, mut deepest, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json.bytes() {
        if in_string {
            (in_string, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_from_their_text() {
        // SPEC: G-06
        for (text, expected) in [
            ("12.30", "12.30"),
            ("-4", "-4"),
            ("+1", "1"),
            ("1.5E2", "150"),
            ("-0.00", "0.00"),
            ("007.5", "7.5"),
        ] {
            assert_eq!(
                exact_decimal(text).map(|number| number.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in ["", "12.3.4", "1e400", "1_000", "1,000.00", "NaN", "0x1F", "1.", ".5", "--1", "1e", "١"]
        {
            assert_eq!(exact_decimal(text), None, "{text}");
        }
        let node = parse("0.1000000000000000055511151231257827").unwrap();
        assert!(node.decimal().is_err(), "more places than an amount has");
        assert_eq!(MAX_AMOUNT.to_string(), "1000000000000");
    }

    #[test]
    fn quantities_are_whole_and_sensible() {
        for (json, expected) in
            [("3", Some(3)), ("\"3\"", Some(3)), ("3.0", Some(3)), ("0", Some(0)), ("null", None)]
        {
            assert_eq!(parse(json).unwrap().quantity().unwrap(), expected, "{json}");
        }
        for json in ["-1", "9e18", "9223372036854775808", "1.5", "true", "{}", "\"three\""] {
            assert!(parse(json).unwrap().quantity().is_err(), "{json}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_texts() {
        assert_eq!(depth(r#"{"a":[{"b":"[[[\"[["}]}"#), 3);
        assert_eq!(depth("1"), 0);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&deep).unwrap().check_depth().is_err());
    }

    #[test]
    fn complaints_say_where() {
        let document = parse(r#"{"orderItems":[{},{"price":{"amount":"x"}}]}"#).unwrap();
        let order = document.object().unwrap();
        let items = order.get("orderItems").list().unwrap();
        let item = items.iter().nth(1).unwrap().object().unwrap();
        let price = item.get("price").object().unwrap();
        let error = price.get("amount").decimal().unwrap_err();
        assert_eq!(error.message, "orderItems[1].price.amount is not a decimal number");
    }
}
