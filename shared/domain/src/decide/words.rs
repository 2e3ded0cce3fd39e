//! Sentences about lists of things: a few are named, the rest is counted. A reason is read by a
//! person and stored in an item of limited size.

use crate::outcome::Because;

/// Names in one sentence. More would not be read, and an order may have a thousand rows.
const NAMES_IN_A_SENTENCE: usize = 10;

/// Lines of `because` that one decision keeps: a page shows them and an item of 400 KB holds them.
pub(crate) const BECAUSE_LINES: usize = 40;

/// The things one after the other: `a, b and c`, or `a, b, … and 7 more`.
pub(crate) fn list(names: &[String]) -> String {
    let named = if names.len() > NAMES_IN_A_SENTENCE { NAMES_IN_A_SENTENCE } else { names.len() };
    let rest = names.len() - named;
    match (&names[..named], rest) {
        ([], _) => String::new(),
        ([only], 0) => only.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (first, more) => format!("{} and {more} more", first.join(", ")),
    }
}

/// As [`list`], each name in quotes, so that a space at the end of a SKU can be seen.
pub(crate) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    list(&names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>())
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// `1 unit`, `2 units`, `0 units`.
#[must_use]
pub fn counted(units: i64) -> String {
    if units == 1 { "1 unit".to_owned() } else { format!("{units} units") }
}

/// At most [`BECAUSE_LINES`] of these lines, the last saying how many were left out.
pub(crate) fn cap(mut because: Vec<Because>) -> Vec<Because> {
    if because.len() > BECAUSE_LINES {
        let more = because.len() - (BECAUSE_LINES - 1);
        because.truncate(BECAUSE_LINES - 1);
        because.push(Because::new("more", format!("And {more} more like these.")));
    }
    because
}
