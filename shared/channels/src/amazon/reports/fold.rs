//! A shipments report of a million rows in little memory: split by a hash of the order into parts that are put
//! aside, each part then read, grouped by order and handed on in chunks of orders. What is put aside has no
//! personal columns. (SPEC FX-34)

use std::io::{self, BufWriter, Read, Write};

use weir_domain::shipment::ShippedLine;

use super::{
    Charset,
    shipments::{CHANNEL_ORDER, COLUMNS, KEPT, REQUEST_NUMBER, check, line},
    table::{Counts, ReportError, Table},
};

/// Parts that a report is split into. One of a million rows is some 150 MB without the buyer's columns, and a part
/// of it 2.4 MB; of ten million rows a part is held in 24 MB.
pub const PARTS: usize = 64;

/// Orders that are handed on at once: what follows reads and writes some items for each.
pub const ORDERS_IN_A_CHUNK: usize = 100;

/// Bytes that are gathered for a part before they are put aside: a megabyte for all of them.
const PART_BUFFER_BYTES: usize = 16 * 1024;

/// All lines of one order in one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLines {
    /// The request's number, or the channel's id of the order where the report gives no other.
    pub order: String,
    /// Its lines, in the order of the report.
    pub lines: Vec<ShippedLine>,
}

/// Where parts are put aside.
pub trait Aside {
    /// What a part is written to.
    type Writer: Write;
    /// What it is read from.
    type Reader: Read;

    /// Begins a part. Each is begun once, and ended by dropping what is returned, after a flush.
    ///
    /// # Errors
    /// If there is no room.
    fn begin(&mut self, part: usize) -> io::Result<Self::Writer>;

    /// Opens a part that was written.
    ///
    /// # Errors
    /// If it is not there.
    fn open(&mut self, part: usize) -> io::Result<Self::Reader>;

    /// A part is not needed any more.
    ///
    /// # Errors
    /// If it cannot be taken away.
    fn done(&mut self, part: usize) -> io::Result<()>;
}

/// Why a report could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError<E> {
    /// It could not be read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Its parts could not be put aside.
    #[error("a part of the report could not be put aside")]
    Aside(#[source] io::Error),
    /// Whoever took the chunks could not.
    #[error("the orders of a report could not be handed on")]
    HandedOn(E),
}

/// Folds a report: hands its orders on, all lines of one together, each order once.
///
/// # Errors
/// If it cannot be read to its end (then nothing was handed on), or the parts or chunks are not taken.
pub fn fold<E>(
    input: impl Read,
    charset: Charset,
    aside: &mut impl Aside,
    mut hand_on: impl FnMut(Vec<OrderLines>) -> Result<(), E>,
) -> Result<Counts, FoldError<E>> {
    let counts = split(input, charset, aside)?;
    let mut bytes = Vec::new();
    for part in 0..PARTS {
        bytes.clear();
        aside.open(part).and_then(|mut reader| reader.read_to_end(&mut bytes)).map_err(FoldError::Aside)?;
        aside.done(part).map_err(FoldError::Aside)?;
        group(&bytes, charset, &mut hand_on).map_err(FoldError::HandedOn)?;
    }
    Ok(counts)
}

/// Puts each row aside, its wanted columns alone, in the part of its order.
fn split<E>(input: impl Read, charset: Charset, aside: &mut impl Aside) -> Result<Counts, FoldError<E>> {
    let table = Table::open(input, charset, COLUMNS)?;
    let begin = |part| Ok(BufWriter::with_capacity(PART_BUFFER_BYTES, aside.begin(part)?));
    let mut parts = (0..PARTS).map(begin).collect::<io::Result<Vec<_>>>().map_err(FoldError::Aside)?;
    let mut failed = None;
    let mut kept = Vec::new();
    let counts = table.each(|row| {
        check(&row)?;
        // Once the disk is full the rest is only read to its end.
        if failed.is_some() {
            return Ok(());
        }
        kept.clear();
        for column in 0..KEPT {
            kept.extend_from_slice(row.bytes(column));
            kept.push(if column + 1 == KEPT { b'\n' } else { b'\t' });
        }
        let part = part_of(key(|column| row.bytes(column)));
        if let Err(error) = parts[part].write_all(&kept) {
            failed = Some(error);
        }
        Ok(())
    })?;
    for mut part in parts {
        match part.flush() {
            Ok(()) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(counts), |error| Err(FoldError::Aside(error)))
}

/// Groups the rows of a part by their orders, and hands them on.
fn group<E>(
    bytes: &[u8],
    charset: Charset,
    hand_on: &mut impl FnMut(Vec<OrderLines>) -> Result<(), E>,
) -> Result<(), E> {
    let rows = bytes.split(|byte| *byte == b'\n').filter(|row| !row.is_empty());
    let mut keyed: Vec<(&[u8], &[u8])> = rows.map(|row| (key(|column| field(row, column)), row)).collect();
    // Stable: the rows of an order stay as the report has them.
    keyed.sort_by_key(|(key, _)| *key);
    let mut chunk = Vec::new();
    for rows in keyed.chunk_by(|(one, _), (other, _)| one == other) {
        let lines = rows.iter().map(|(_, row)| {
            let mut fields = [&[][..]; KEPT];
            for (place, field) in fields.iter_mut().zip(row.split(|byte| *byte == b'\t')) {
                *place = field;
            }
            line(charset, |column| fields[column])
        });
        let order = charset.decode(rows[0].0).into_owned();
        chunk.push(OrderLines { order, lines: lines.collect() });
        if chunk.len() == ORDERS_IN_A_CHUNK {
            hand_on(std::mem::take(&mut chunk))?;
        }
    }
    if chunk.is_empty() { Ok(()) } else { hand_on(chunk) }
}

/// What all rows of an order have in common, and those of no other.
fn key<'a>(field: impl Fn(usize) -> &'a [u8]) -> &'a [u8] {
    let ours = field(REQUEST_NUMBER).trim_ascii();
    if ours.is_empty() { field(CHANNEL_ORDER).trim_ascii() } else { ours }
}

fn field(row: &[u8], column: usize) -> &[u8] {
    row.split(|byte| *byte == b'\t').nth(column).unwrap_or_default()
}

/// The part of an order: FNV-1a, which is the same on every machine and at every time.
fn part_of(key: &[u8]) -> usize {
    let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // The low bits alone are not mixed well; the modulo fits any usize.
    usize::try_from((hash ^ (hash >> 32)) % PARTS as u64).unwrap_or_default()
}
