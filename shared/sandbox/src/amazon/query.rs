//! Reading what a caller sent: query strings, forms and times.

use jiff::Timestamp;
use percent_encoding::percent_decode_str;

/// The parameters of a query or a form, in the order they came.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The query of an address.
    pub(super) fn of_address(address: &str) -> Self {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        Self::parse(query.split('#').next().unwrap_or(query))
    }

    /// Reads `a=1&b=2`. A plus is a space, as in a form: a time zone's plus has to be encoded.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    /// The first value of a name; an empty one counts as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a list, which may be repeated or parted by commas.
    pub(super) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty())
    }

    /// All but one parameter, in a fixed order: two calls with equal rests ask the same.
    pub(super) fn rest(mut self, without: &str) -> Vec<(String, String)> {
        self.0.retain(|(key, _)| key != without);
        self.0.sort();
        self.0
    }

    /// A time. It needs a zone, as ISO 8601 with `Z` or an offset.
    pub(super) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, BadInput> {
        self.get(name)
            .map(|text| text.parse().map_err(|_| BadInput(format!("{name} is not a time"))))
            .transpose()
    }
}

/// A request that Amazon answers with 400; the text says why.
#[derive(Debug)]
pub(super) struct BadInput(pub(super) String);

impl BadInput {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

fn decode(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// One segment of a path.
pub(super) fn segment(text: &str) -> String {
    if text.contains('%') {
        percent_decode_str(text).decode_utf8_lossy().into_owned()
    } else {
        text.to_owned()
    }
}
