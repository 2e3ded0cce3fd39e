//! Writes JSON straight into bytes: an order is written thousands of times a second in the
//! simulation, and never needs to be a tree in between.

use std::io::Write as _;

use jiff::Timestamp;

/// JSON in the making. A comma is set where one is due.
pub(super) struct Json {
    out: Vec<u8>,
}

impl Json {
    pub(super) fn new() -> Self {
        Self { out: Vec::with_capacity(2048) }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// One object, from its beginning to its end.
    pub(super) fn of(body: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut json = Self::new();
        json.object(body);
        json.into_bytes()
    }

    fn comma(&mut self) {
        if self.out.last().is_some_and(|last| !b"{[:".contains(last)) {
            self.out.push(b',');
        }
    }

    /// Our own keys need no escape.
    pub(super) fn key(&mut self, key: &str) {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(super) fn object(&mut self, body: impl FnOnce(&mut Self)) {
        self.comma();
        self.out.push(b'{');
        body(self);
        self.out.push(b'}');
    }

    fn array(&mut self, body: impl FnOnce(&mut Self)) {
        self.comma();
        self.out.push(b'[');
        body(self);
        self.out.push(b']');
    }

    /// Something that is JSON already.
    pub(super) fn raw(&mut self, json: &str) {
        self.comma();
        self.out.extend_from_slice(json.as_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.comma();
        self.out.push(b'"');
        let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.escape(text);
        }
        self.out.push(b'"');
    }

    fn escape(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                0..=0x1F => {
                    // Writing to a vector cannot fail.
                    let _ = write!(self.out, "\\u{byte:04x}");
                }
                0x20..=0xFF => self.out.push(byte),
            }
        }
    }

    pub(super) fn field_object(&mut self, key: &str, body: impl FnOnce(&mut Self)) {
        self.key(key);
        self.object(body);
    }

    pub(super) fn field_array(&mut self, key: &str, body: impl FnOnce(&mut Self)) {
        self.key(key);
        self.array(body);
    }

    pub(super) fn field_text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.text(text);
    }

    pub(super) fn field_raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.raw(json);
    }

    pub(super) fn field_number(&mut self, key: &str, number: impl Into<i64>) {
        self.key(key);
        let _ = write!(self.out, "{}", number.into());
    }

    pub(super) fn field_flag(&mut self, key: &str, flag: bool) {
        self.field_raw(key, if flag { "true" } else { "false" });
    }

    /// A time to the second, as Amazon writes them.
    pub(super) fn field_time(&mut self, key: &str, time: Timestamp) {
        self.key(key);
        let _ = write!(self.out, "\"{}\"", whole_seconds(time));
    }
}

/// A time without its fraction of a second.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
