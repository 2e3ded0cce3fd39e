//! A compressed report as it is read: never more of it at once than a buffer, and no further once it grows like
//! nothing that a warehouse writes. (RELIABILITY §4 row 45)

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// Bytes of a report beyond which nobody reads on: a shipments report of ten million rows has 4 GB.
pub const MAX_REPORT_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// How many times larger a report may be than it is compressed. Reports are 5 to 30 times larger; what is 1,000
/// times larger says nothing but one thing.
const MAX_RATIO: u64 = 200;

/// Bytes below which the ratio is not looked at: a short report may well say one thing.
const RATIO_COUNTS_FROM: u64 = 4 * 1024 * 1024;

/// A report's bytes, inflated if they are compressed.
pub struct Inflating<R: Read> {
    source: Source<R>,
    written: u64,
    most: u64,
}

enum Source<R: Read> {
    Plain(R),
    Gzip(Box<MultiGzDecoder<Counted<R>>>),
}

/// What makes a report unreadable as a whole, as the cause of an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// It grows like a bomb.
    #[error("it is more than {MAX_RATIO} times larger than it is compressed")]
    Bomb,
    /// It is larger than anybody reads.
    #[error("it is larger than a report may be")]
    TooLarge,
}

impl<R: Read> Inflating<R> {
    /// A report as it lies there.
    pub fn new(input: R, is_gzip: bool) -> Self {
        let source = match is_gzip {
            true => Source::Gzip(Box::new(MultiGzDecoder::new(Counted { input, read: 0 }))),
            false => Source::Plain(input),
        };
        Self { source, written: 0, most: MAX_REPORT_BYTES }
    }

    /// With another limit of its size, in bytes.
    #[must_use]
    pub fn at_most(self, most: u64) -> Self {
        Self { most, ..self }
    }
}

impl<R: Read> Read for Inflating<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (count, compressed) = match &mut self.source {
            Source::Plain(input) => (input.read(buffer)?, None),
            Source::Gzip(decoder) => {
                let count = decoder.read(buffer)?;
                (count, Some(decoder.get_ref().read))
            }
        };
        self.written += count as u64;
        if self.written > self.most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TooMuch::TooLarge));
        }
        let is_bomb = |read: u64| self.written > RATIO_COUNTS_FROM && self.written / MAX_RATIO > read;
        if compressed.is_some_and(is_bomb) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TooMuch::Bomb));
        }
        Ok(count)
    }
}

struct Counted<R> {
    input: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}
