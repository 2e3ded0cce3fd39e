//! In which characters a report is written. Amazon says so in the Content-Type, if at all; Europe's listings come
//! as Cp1252 and Japan's as Shift_JIS. (SPEC FX-17; RELIABILITY §3)

use std::borrow::Cow;

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, WINDOWS_1252};

use super::super::marketplaces;

/// How bytes become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset {
    /// What the sender said, if it is another one than UTF-8, which is tried first otherwise.
    said: Option<&'static Encoding>,
    /// What a text is in that is no UTF-8.
    otherwise: &'static Encoding,
}

impl Charset {
    /// The character set of a report of a marketplace with this Content-Type. What the sender does not say, or
    /// says wrongly, is found out text by text: UTF-8 where it is that to the byte, else what the marketplace
    /// usually sends.
    #[must_use]
    pub fn of(content_type: Option<&str>, marketplace: Option<&str>) -> Self {
        let country = marketplace.and_then(marketplaces::find).map(|marketplace| marketplace.country);
        let otherwise = if country == Some("JP") { SHIFT_JIS } else { WINDOWS_1252 };
        let label = content_type.into_iter().flat_map(|text| text.split(';')).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        });
        let said = label.and_then(of_label).filter(|encoding| *encoding != UTF_8);
        Self { said, otherwise }
    }

    /// A text. No byte is refused: one that means nothing becomes a mark, which matches no SKU.
    #[must_use]
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        // Digits, ids and most SKUs: the same in every set that reports come in, and the fastest question.
        if bytes.is_ascii() && self.said != Some(SHIFT_JIS) {
            return String::from_utf8_lossy(bytes);
        }
        if let Some(said) = self.said {
            return said.decode_without_bom_handling(bytes).0;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => self.otherwise.decode_without_bom_handling(bytes).0,
        }
    }
}

/// Java's names, which Amazon uses, beside those of the web.
fn of_label(label: &str) -> Option<&'static Encoding> {
    match label.to_ascii_lowercase().as_str() {
        "cp1252" => Some(WINDOWS_1252),
        "cp932" | "ms932" | "sjis" => Some(SHIFT_JIS),
        other => Encoding::for_label(other.as_bytes()),
    }
}
