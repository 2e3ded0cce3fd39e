//! A report as a table: lines that end in a line feed, fields that are parted by tabs, nothing quoted, columns
//! found by their names. It is read line by line; memory does not grow with rows. (SPEC FX-17; RELIABILITY §4
//! rows 43 and 44)

use std::{
    borrow::Cow,
    io::{self, Read},
};

use super::{Charset, inflate::TooMuch};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Bytes of a line beyond which it is no row: a listing's description has some thousand. It is skipped.
const MAX_LINE_BYTES: usize = 1024 * 1024;

/// Rows that could not be read and are kept to be shown; all are counted.
const SHOWN_ROWS: usize = 100;

/// A column that a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its names: Amazon's, and what a marketplace calls it besides. Case, spaces and hyphens do not count.
    pub names: &'static [&'static str],
    /// Whether the report is another one without it, and a row unreadable.
    pub is_needed: bool,
}

impl Column {
    /// A column that has to be there.
    #[must_use]
    pub const fn needed(names: &'static [&'static str]) -> Self {
        Self { names, is_needed: true }
    }

    /// A column that may be missing.
    #[must_use]
    pub const fn optional(names: &'static [&'static str]) -> Self {
        Self { names, is_needed: false }
    }
}

/// Why a report cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is another report: columns are missing.
    #[error("the report lacks the columns {}", .0.join(", "))]
    OtherColumns(Vec<String>),
    /// It is written in characters that reports are not.
    #[error("the report is written in UTF-16")]
    OtherCharset,
    /// It is larger than anybody reads, or grows like a bomb.
    #[error("the report cannot be read beyond byte {at}: {why}")]
    TooMuch {
        /// How far it was read.
        at: u64,
        /// Why not further.
        why: TooMuch,
    },
    /// Its bytes end too early, or are no compressed ones.
    #[error("the report is broken after byte {at}")]
    Broken {
        /// How far it was read.
        at: u64,
    },
    /// It could not be fetched, or put aside.
    #[error("the report could not be read after byte {at}")]
    Io {
        /// How far it was read.
        at: u64,
        /// The cause.
        #[source]
        cause: io::Error,
    },
}

impl ReportError {
    fn of(error: io::Error, at: u64) -> Self {
        let why = error.get_ref().and_then(|cause| cause.downcast_ref::<TooMuch>()).copied();
        match (why, error.kind()) {
            (Some(why), _) => Self::TooMuch { at, why },
            (
                None,
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput,
            ) => Self::Broken { at },
            (None, _) => Self::Io { at, cause: error },
        }
    }
}

/// What was counted while a report was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that could be used.
    pub rows: u64,
    /// Rows among them with more or fewer fields than the header; they are used all the same.
    pub ragged: u64,
    /// Rows that could not be used.
    pub unreadable: u64,
    /// The first of those.
    pub shown: Vec<UnreadableRow>,
    /// Whether the report ends in the middle of a row. (SPEC FX-18)
    pub is_cut: bool,
    /// Bytes, inflated.
    pub bytes: u64,
}

/// A row that could not be used. What stands in it is not repeated: it may be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Which line; the header is line 1.
    pub line: u64,
    /// At which byte of the report it begins.
    pub at: u64,
    /// What is wrong.
    pub why: String,
}

/// The rows of a report.
pub struct Table<R: Read> {
    lines: Lines<R>,
    charset: Charset,
    /// Where each wanted column is.
    places: Vec<Option<usize>>,
    columns: &'static [Column],
    header_fields: usize,
    /// Ends of the fields of the current line.
    ends: Vec<usize>,
    counts: Counts,
    line: u64,
}

/// One row: the wanted columns of it.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
    places: &'a [Option<usize>],
    charset: Charset,
}

impl<R: Read> Table<R> {
    /// Opens a report and reads its header.
    ///
    /// # Errors
    /// If it is another report, or cannot be read.
    pub fn open(input: R, charset: Charset, columns: &'static [Column]) -> Result<Self, ReportError> {
        let mut lines = Lines::new(input);
        let header = lines.next()?.map(|line| (line.start, line.end)).unwrap_or((0, 0));
        let mut header = &lines.buffer[header.0..header.1];
        if header.starts_with(b"\xff\xfe") || header.starts_with(b"\xfe\xff") {
            return Err(ReportError::OtherCharset);
        }
        header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
        let names: Vec<String> =
            header.split(|byte| *byte == b'\t').map(|name| plain(&charset.decode(name))).collect();
        let find = |column: &Column| {
            names.iter().position(|name| column.names.iter().any(|wanted| plain(wanted) == *name))
        };
        let places: Vec<Option<usize>> = columns.iter().map(find).collect();
        let missing =
            columns.iter().zip(&places).filter(|(column, place)| column.is_needed && place.is_none());
        let missing: Vec<String> = missing.map(|(column, _)| column.names[0].to_owned()).collect();
        if !missing.is_empty() {
            return Err(ReportError::OtherColumns(missing));
        }
        let header_fields = names.len();
        let counts = Counts::default();
        Ok(Self { lines, charset, places, columns, header_fields, ends: Vec::new(), counts, line: 1 })
    }

    /// Hands each row to `take`, which may refuse it with what is wrong: such a row is counted, shown, and costs
    /// nothing of the rest.
    ///
    /// # Errors
    /// If the report cannot be read on.
    pub fn each(
        mut self,
        mut take: impl FnMut(Row<'_>) -> Result<(), Cow<'static, str>>,
    ) -> Result<Counts, ReportError> {
        while let Some(line) = self.lines.next()? {
            self.line += 1;
            let bytes = &self.lines.buffer[line.start..line.end];
            // Empty lines part and end reports; they are no rows.
            if bytes.is_empty() && !line.is_too_long {
                continue;
            }
            // The last row of a report that breaks off: whatever stands in it may be a part of what was there.
            let fields = 1 + memchr::memchr_iter(b'\t', bytes).count();
            let is_cut = !line.is_ended && fields < self.header_fields;
            self.counts.is_cut |= is_cut;
            self.ends.clear();
            let shown = |why: Cow<'static, str>| UnreadableRow {
                line: self.line,
                at: line.at,
                why: why.into_owned(),
            };
            let taken = if line.is_too_long {
                Err("it is longer than a row may be".into())
            } else if is_cut {
                Err("the report breaks off in it".into())
            } else if bytes.contains(&0) {
                Err("it holds a zero byte".into())
            } else {
                self.ends.extend(memchr::memchr_iter(b'\t', bytes));
                self.ends.push(bytes.len());
                let row = Row { bytes, ends: &self.ends, places: &self.places, charset: self.charset };
                match self.lacks(&row) {
                    Some(name) => Err(format!("it has no field {name}").into()),
                    None => take(row),
                }
            };
            match taken {
                Ok(()) => {
                    self.counts.rows += 1;
                    self.counts.ragged += u64::from(self.ends.len() != self.header_fields);
                }
                Err(why) => {
                    self.counts.unreadable += 1;
                    if self.counts.shown.len() < SHOWN_ROWS {
                        self.counts.shown.push(shown(why));
                    }
                }
            }
        }
        self.counts.bytes = self.lines.at;
        Ok(self.counts)
    }

    /// A needed column that the row is too short for.
    fn lacks(&self, row: &Row<'_>) -> Option<&'static str> {
        let needed = self.columns.iter().zip(&self.places).filter(|(column, _)| column.is_needed);
        let missing = needed.map(|(column, place)| (column.names[0], *place));
        let mut missing = missing.filter(|(_, place)| place.is_none_or(|place| place >= row.ends.len()));
        missing.next().map(|(name, _)| name)
    }
}

impl<'a> Row<'a> {
    /// The bytes of a wanted column, by its place among those; nothing if the row or the report lacks it.
    #[must_use]
    pub fn bytes(&self, column: usize) -> &'a [u8] {
        let Some(place) = self.places.get(column).copied().flatten() else { return &[] };
        let Some(end) = self.ends.get(place) else { return &[] };
        let start = if place == 0 { 0 } else { self.ends[place - 1] + 1 };
        &self.bytes[start..*end]
    }

    /// The text of a wanted column exactly as it came: spaces of a SKU count.
    #[must_use]
    pub fn exact(&self, column: usize) -> Cow<'a, str> {
        self.charset.decode(self.bytes(column))
    }

    /// The words of a wanted column; nothing if there are none.
    #[must_use]
    pub fn words(&self, column: usize) -> Option<String> {
        words(self.charset, self.bytes(column))
    }

    /// The units in a wanted column; `None` if it is empty.
    ///
    /// # Errors
    /// If there is something else.
    pub fn units(&self, column: usize) -> Result<Option<i64>, Cow<'static, str>> {
        units(self.bytes(column))
    }
}

pub(super) fn words(charset: Charset, bytes: &[u8]) -> Option<String> {
    let text = charset.decode(bytes.trim_ascii());
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn units(bytes: &[u8]) -> Result<Option<i64>, Cow<'static, str>> {
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    let whole = text.strip_suffix(b".0").or_else(|| text.strip_suffix(b".00")).unwrap_or(text);
    let is_number = !whole.is_empty() && whole.len() <= 9 && whole.iter().all(u8::is_ascii_digit);
    if !is_number {
        return Err("its quantity is no number of units".into());
    }
    Ok(Some(whole.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))))
}

/// A column's name by its letters and digits alone.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A line in the buffer.
struct Line {
    start: usize,
    end: usize,
    /// At which byte of the report it begins.
    at: u64,
    is_ended: bool,
    is_too_long: bool,
}

/// Lines of an input, one after the other, in a buffer that grows with the longest line and never beyond what a
/// line may have.
struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer was not handed out yet.
    start: usize,
    filled: usize,
    /// At which byte of the report `start` is.
    at: u64,
    is_at_end: bool,
}

impl<R: Read> Lines<R> {
    fn new(input: R) -> Self {
        Self { input, buffer: vec![0; BUFFER_BYTES], start: 0, filled: 0, at: 0, is_at_end: false }
    }

    /// The next line, without its end.
    fn next(&mut self) -> Result<Option<Line>, ReportError> {
        let mut searched = self.start;
        let mut is_too_long = false;
        let began = self.at;
        loop {
            let found =
                memchr::memchr(b'\n', &self.buffer[searched..self.filled]).map(|found| searched + found);
            if let Some(end) = found {
                return Ok(Some(self.take(end, 1, began, is_too_long)));
            }
            if self.is_at_end {
                if self.start == self.filled && !is_too_long {
                    return Ok(None);
                }
                return Ok(Some(self.take(self.filled, 0, began, is_too_long)));
            }
            if self.filled - self.start > MAX_LINE_BYTES {
                // What is too long is passed over; its bytes still count.
                is_too_long = true;
                self.at += (self.filled - self.start) as u64;
                self.start = self.filled;
            }
            searched = self.fill()?;
        }
    }

    fn take(&mut self, end: usize, mark: usize, at: u64, is_too_long: bool) -> Line {
        let start = self.start;
        let text = self.buffer[start..end].strip_suffix(b"\r").map_or(end, |line| start + line.len());
        self.at += (end + mark - start) as u64;
        self.start = end + mark;
        // Of a line that was passed over only its end is here; that it is no empty one has to be seen.
        Line { start, end: text, at, is_ended: mark > 0, is_too_long }
    }

    /// Reads on behind what is there, which moves to the front. Returns where the new bytes begin.
    fn fill(&mut self) -> Result<usize, ReportError> {
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let searched = self.filled;
        loop {
            match self.input.read(&mut self.buffer[searched..]) {
                Ok(count) => {
                    self.filled += count;
                    self.is_at_end = count == 0;
                    return Ok(searched);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReportError::of(error, self.at + (searched as u64))),
            }
        }
    }
}
