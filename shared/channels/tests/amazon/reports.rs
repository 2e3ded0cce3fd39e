//! Reports as they come: other characters, odd rows, cut short, too large, and a million rows in little memory.
//! (SPEC FX-11, FX-17, FX-18, FX-30 to FX-36)

#[path = "../../examples/folder/mod.rs"]
mod folder;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::{self, Cursor, Read, Write},
};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use weir_channels::amazon::reports::{
    Charset,
    fold::{Aside, FoldError, OrderLines, PARTS, fold},
    inflate::Inflating,
    inventory, listings, shipments,
    table::{Counts, ReportError},
};
use weir_domain::{
    pool::{
        ListingShipsBy,
        guard::{ReportEnd, usable},
    },
    shipment::ShippedLine,
};

use crate::support::{DE, US, time};

use folder::Folder;

const JP: &str = "A1VC38T7YXB528";
const INVENTORY: &str = "seller-sku\tfulfillment-channel-sku\tasin\tcondition-type\tWarehouse-Condition-code\tQuantity Available\n";

fn utf8() -> Charset {
    Charset::of(Some("text/plain; charset=UTF-8"), Some(US))
}

/// Rows as `SKU QUANTITY`, a `!` before what cannot be sold, and what was counted.
fn stock(bytes: &[u8], charset: Charset) -> Result<(Vec<String>, Counts), ReportError> {
    let mut rows = Vec::new();
    let counts = inventory::read(bytes, charset, |row| {
        rows.push(format!("{} {}{}", row.sku, if row.is_sellable { "" } else { "!" }, row.quantity));
    })?;
    Ok((rows, counts))
}

// SPEC: FX-11, FX-17 (RELIABILITY 43: nasty files)
#[test]
fn the_report_of_the_stock_is_read_row_by_row() {
    let whole = format!("{INVENTORY}A\tX1\tB01\tNewItem\tSELLABLE\t5\nA\tX1\tB01\tNewItem\tUNSELLABLE\t2\n");
    let expected = vec!["A 5".to_owned(), "A !2".to_owned()];
    let crlf = whole.replace('\n', "\r\n");
    let unended = whole.trim_end().to_owned();
    let bom = format!("\u{feff}{whole}");
    let lower = whole.replacen("Warehouse-Condition-code", "warehouse condition CODE", 1);
    let gaps = whole.replace('\n', "\n\n");
    for text in [&whole, &crlf, &unended, &bom, &lower, &gaps] {
        let (rows, counts) = stock(text.as_bytes(), utf8()).unwrap();
        assert_eq!((rows, counts.unreadable, counts.is_cut), (expected.clone(), 0, false), "{text:?}");
        assert_eq!(counts.bytes, text.len() as u64);
    }
    // Another order of columns, and one that nobody knows.
    let turned = "new-one\tQuantity Available\tseller-sku\tWarehouse-Condition-code\nx\t5\tA\tSellable\n";
    assert_eq!(stock(turned.as_bytes(), utf8()).unwrap().0, ["A 5"]);
    // A SKU is what stands there, to the byte: spaces, quotes, commas, leading zeros.
    let odd = format!(
        "{INVENTORY}\"A\tX\tB\tN\tSELLABLE\t1\n 007 \tX\tB\tN\tSELLABLE\t1\na,b/c\"\tX\tB\tN\tSELLABLE\t1\n"
    );
    assert_eq!(stock(odd.as_bytes(), utf8()).unwrap().0, ["\"A 1", " 007  1", "a,b/c\" 1"]);
}

// SPEC: FX-17 (counted, kept and shown; the rest is used)
#[test]
fn a_row_that_cannot_be_read_costs_nothing_of_the_rest() {
    let text = format!(
        "{INVENTORY}A\tX\tB\tN\tSELLABLE\t5\nB\tX\tB\tN\tSELLABLE\tmany\nC\tX\n\tX\tB\tN\tSELLABLE\t5\n\
         D\tX\tB\tN\tSELLABLE\t-1\nE\0\tX\tB\tN\tSELLABLE\t5\nF\tX\tB\tN\tSELLABLE\t\nG\tX\tB\tN\tSELLABLE\t7\textra\n"
    );
    let (rows, counts) = stock(text.as_bytes(), utf8()).unwrap();
    assert_eq!(rows, ["A 5", "G 7"]);
    assert_eq!((counts.rows, counts.ragged, counts.unreadable, counts.is_cut), (2, 1, 6, false));
    let shown: Vec<(u64, &str)> = counts.shown.iter().map(|row| (row.line, row.why.as_str())).collect();
    assert_eq!(
        shown,
        [
            (3, "its quantity is no number of units"),
            (4, "it has no field Warehouse-Condition-code"),
            (5, "it has no SKU"),
            (6, "its quantity is no number of units"),
            (7, "it holds a zero byte"),
            (8, "it has no quantity"),
        ]
    );
    let at = usize::try_from(counts.shown[1].at).unwrap();
    assert!(text[at..].starts_with("C\tX\n"), "where it begins is told to the byte");
}

// SPEC: FX-18 (RELIABILITY 31)
#[test]
fn a_report_of_other_columns_or_cut_short_is_told() {
    let other = stock(b"sku\tprice\nA\t1\n", utf8()).unwrap_err();
    let ReportError::OtherColumns(missing) = other else { panic!("{other}") };
    assert_eq!(missing, ["Warehouse-Condition-code", "Quantity Available"]);
    for nothing in ["", "\n", "\u{feff}", "<html><body>Access denied</body></html>"] {
        assert!(matches!(stock(nothing.as_bytes(), utf8()), Err(ReportError::OtherColumns(_))), "{nothing}");
    }
    assert!(matches!(stock(b"\xff\xfes\0k\0u\0", utf8()), Err(ReportError::OtherCharset)));
    let whole = format!("{INVENTORY}A\tX\tB\tN\tSELLABLE\t5\nB\tX\tB\tN\tSELLABLE\t6");
    let cut = &whole[..whole.len() - 12];
    let (rows, counts) = stock(cut.as_bytes(), utf8()).unwrap();
    assert_eq!((rows.len(), counts.is_cut), (1, true));
    let end = ReportEnd::Read { rows: counts.rows, unreadable: counts.unreadable, is_cut: counts.is_cut };
    assert!(usable(&end, 10).is_err());
    // Broken off in a field after which others that nobody needs would come, it is cut all the same.
    let with_more =
        "seller-sku\tWarehouse-Condition-code\tQuantity Available\tnote\nA\tSELLABLE\t5\tx\nB\tSELLABLE\t1";
    let (rows, counts) = stock(with_more.as_bytes(), utf8()).unwrap();
    assert_eq!((rows.len(), counts.unreadable, counts.is_cut), (1, 1, true), "1 may have been 10");
    let empty = stock(INVENTORY.as_bytes(), utf8()).unwrap().1;
    let end = ReportEnd::Read { rows: empty.rows, unreadable: empty.unreadable, is_cut: empty.is_cut };
    assert!(usable(&end, 10).is_err() && usable(&end, 0).is_ok());
}

// SPEC: FX-17 (the character set of the sender; where that is silent or wrong, text by text)
#[test]
fn texts_are_read_in_the_characters_they_are_written_in() {
    let table: [(Option<&str>, &str, &[u8], &str); 12] = [
        (Some("text/plain; charset=UTF-8"), US, "Käse".as_bytes(), "Käse"),
        (Some("text/plain;charset=Cp1252"), DE, b"K\xe4se \x80", "Käse €"),
        (Some("text/plain; charset=\"windows-1252\""), DE, b"K\xe4se", "Käse"),
        (Some("text/plain; charset=ISO-8859-1"), DE, b"K\xe4se", "Käse"),
        (Some("text/plain; charset=Shift_JIS"), JP, b"\x83J\x83b\x83v", "カップ"),
        (Some("text/plain; charset=MS932"), JP, b"\x87@", "①"),
        // The second byte of a Japanese character may be an ASCII one.
        (Some("text/plain; charset=cp932"), JP, b"\x95\x5c", "表"),
        // Nothing said, or said wrongly.
        (None, DE, b"K\xe4se", "Käse"),
        (None, DE, "Käse".as_bytes(), "Käse"),
        (None, JP, b"\x83J\x83b\x83v", "カップ"),
        (Some("text/plain; charset=UTF-8"), DE, b"K\xe4se", "Käse"),
        (Some("text/plain; charset=klingon"), US, b"plain", "plain"),
    ];
    for (content_type, marketplace, bytes, expected) in table {
        let charset = Charset::of(content_type, Some(marketplace));
        assert_eq!(charset.decode(bytes), expected, "{content_type:?}");
    }
}

// SPEC: FX-11, FX-15 (rows shorter than the header, quotes in titles, Japan's own names)
#[test]
fn listings_are_read_by_the_names_of_their_columns() {
    let header = "item-name\titem-description\tlisting-id\tseller-sku\tprice\tquantity\topen-date\tzshop-category1\t\
                  fulfillment-channel\tmerchant-shipping-group\tstatus\n";
    let text = format!(
        "{header}A 12\" tray\tNice\tL1\tA\t9.90\t\tx\tHome\tAMAZON_EU\tg\tActive\n\
         B\t\tL2\tB\tfree\t4\tx\t\tDEFAULT\n\
         C\t\tL3\tC\t1\t2\tx\t\tamazon_na\tg\tDeleted\nD\t\tL4\tD\t1\t2\tx\t\tMERCURY\tg\tActive\n"
    );
    let mut rows = Vec::new();
    let counts = listings::read(text.as_bytes(), utf8(), |row, listing| rows.push((row, listing))).unwrap();
    assert_eq!((counts.rows, counts.ragged, counts.unreadable), (4, 1, 0));
    let shown: Vec<(&str, ListingShipsBy, Option<i64>, bool)> = rows
        .iter()
        .map(|(row, listing)| (row.sku.as_str(), row.ships, row.quantity, listing.is_deleted))
        .collect();
    assert_eq!(
        shown,
        [
            ("A", ListingShipsBy::Warehouse, None, false),
            ("B", ListingShipsBy::Merchant, Some(4), false),
            ("C", ListingShipsBy::Warehouse, Some(2), true),
            ("D", ListingShipsBy::Unknown, Some(2), false),
        ]
    );
    let (first, second) = (&rows[0].1, &rows[1].1);
    assert_eq!(first.title.as_deref(), Some("A 12\" tray"));
    assert_eq!(
        (first.price.unwrap().to_string(), first.categories.clone()),
        ("9.90".to_owned(), vec!["Home".to_owned()])
    );
    assert_eq!((second.price, second.description.clone()), (None, None));
    let (japanese, _, _) = encoding_rs::SHIFT_JIS
        .encode("商品名\t出品者SKU\t価格\t数量\tフルフィルメント・チャンネル\nカップ\tA\t100\t\tAMAZON_JP\n");
    let charset = Charset::of(Some("text/plain;charset=Shift_JIS"), Some(JP));
    let mut titles = Vec::new();
    listings::read(&japanese[..], charset, |_, listing| titles.extend(listing.title)).unwrap();
    assert_eq!(titles, ["カップ"]);
}

/// A shipments report with all of its columns; rows are `ORDER REQUEST SHIPMENT SKU UNITS`, `-` being empty.
fn shipped(rows: &[String]) -> Vec<u8> {
    let names = "amazon-order-id merchant-order-id shipment-id shipment-item-id amazon-order-item-id \
        merchant-order-item-id purchase-date shipment-date buyer-email buyer-name sku quantity-shipped \
        ship-service-level recipient-name ship-address-1 carrier tracking-number";
    let mut text = names.split_whitespace().collect::<Vec<_>>().join("\t");
    for row in rows {
        let words: Vec<&str> = row.split(' ').map(|word| if word == "-" { "" } else { word }).collect();
        let [order, request, shipment, sku, units] = words[..] else { panic!("{row}") };
        text.push_str(&format!(
            "\n{order}\t{request}\t{shipment}\t\t\t1\t2026-03-01T00:00:00+00:00\t2026-03-11T10:00:00+01:00\t\
             jane@example.com\tJane Roe\t{sku}\t{units}\tStandard\tJane Roe\t1 High Street\tUPS\t1Z9"
        ));
    }
    text.push('\n');
    text.into_bytes()
}

fn rows(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

// SPEC: FX-31, FX-36, OP-05
#[test]
fn a_line_of_a_shipment_has_what_is_carried_over_and_nothing_of_the_buyer() {
    let report = shipped(&rows(&["S01-1 N-1 D1 A 2", "111-1 - - B 1", "- - D1 A 2", "S01-1 N-1 D1 A 0"]));
    let mut lines = Vec::new();
    let counts = shipments::read(&report[..], utf8(), |line| lines.push(line)).unwrap();
    assert_eq!((counts.rows, counts.unreadable), (2, 2));
    let expected = ShippedLine {
        channel_order: Some("S01-1".to_owned()),
        request_number: Some("N-1".to_owned()),
        shipment: Some("D1".to_owned()),
        shipment_line: None,
        channel_line: None,
        request_row: Some("1".to_owned()),
        sku: "A".to_owned(),
        quantity: 2,
        carrier: Some("UPS".to_owned()),
        service_level: Some("Standard".to_owned()),
        tracking_number: Some("1Z9".to_owned()),
        shipped_at: Some(time("2026-03-11T09:00:00Z")),
    };
    assert_eq!(lines[0], expected);
    assert_eq!((lines[1].request_number.clone(), lines[1].shipment.clone()), (None, None));
    assert!(!format!("{lines:?}{counts:?}").contains("Jane"));
}

/// Parts in memory, which may be full.
#[derive(Default)]
struct Memory {
    parts: BTreeMap<usize, std::rc::Rc<std::cell::RefCell<Vec<u8>>>>,
    room: Option<usize>,
}

struct Shelf(std::rc::Rc<std::cell::RefCell<Vec<u8>>>, Option<usize>);

impl Write for Shelf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1.is_some_and(|room| self.0.borrow().len() + bytes.len() > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Aside for Memory {
    type Writer = Shelf;
    type Reader = Cursor<Vec<u8>>;
    fn begin(&mut self, part: usize) -> io::Result<Shelf> {
        Ok(Shelf(std::rc::Rc::clone(self.parts.entry(part).or_default()), self.room))
    }
    fn open(&mut self, part: usize) -> io::Result<Cursor<Vec<u8>>> {
        Ok(Cursor::new(self.parts[&part].borrow().clone()))
    }
    fn done(&mut self, part: usize) -> io::Result<()> {
        self.parts.remove(&part).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn folded(
    report: &[u8],
    aside: &mut impl Aside,
) -> Result<(Vec<Vec<OrderLines>>, Counts), FoldError<Infallible>> {
    let mut chunks = Vec::new();
    let counts = fold(report, utf8(), aside, |chunk| {
        chunks.push(chunk);
        Ok(())
    })?;
    Ok((chunks, counts))
}

// SPEC: FX-34, OP-05 (all lines of an order together, no personal column put aside, nothing left behind)
#[test]
fn a_report_is_folded_order_by_order() {
    let texts: Vec<String> = (0..5_000)
        .map(|number| {
            let order = number % 1_700;
            let request = if order % 3 == 0 { format!("N-{order}") } else { "-".to_owned() };
            format!("{order}-1 {request} D{number} A 1")
        })
        .collect();
    let folder = std::env::temp_dir().join(format!("weir-fold-{}", std::process::id()));
    let mut aside = Folder::new(&folder).unwrap();
    assert!(Folder::new(&folder).is_err(), "a folder is nobody else's");
    let (chunks, counts) = folded(&shipped(&texts), &mut aside).unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "each part goes once it is read");
    drop(aside);
    assert!(!folder.exists());
    assert_eq!((counts.rows, counts.unreadable), (5_000, 0));
    assert!(chunks.iter().all(|chunk| (1..=100).contains(&chunk.len())));
    let mut orders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for order in chunks.into_iter().flatten() {
        let lines = order.lines.into_iter().map(|line| line.shipment.unwrap()).collect();
        assert!(orders.insert(order.order, lines).is_none(), "each order once");
    }
    assert_eq!(orders.len(), 1_700);
    assert_eq!(orders["N-3"], ["D3", "D1703", "D3403"]);
    assert_eq!(orders["1-1"], ["D1", "D1701", "D3401"]);

    let mut aside = Memory::default();
    let shelves = fold(&shipped(&texts)[..], utf8(), &mut aside, |_| Err::<(), _>("enough"));
    assert!(matches!(shelves, Err(FoldError::HandedOn("enough"))));
    assert!(aside.parts.values().all(|part| !String::from_utf8_lossy(&part.borrow()).contains("Jane")));
    let mut full = Memory { room: Some(100), ..Memory::default() };
    assert!(matches!(folded(&shipped(&texts), &mut full), Err(FoldError::Aside(_))));
    assert_eq!(full.parts.len(), PARTS);
}

proptest! {
    // SPEC: FX-34 (folded or read straight: the same lines)
    #[test]
    fn folding_loses_and_invents_nothing(orders in prop::collection::vec((0_u8..40, 1_i64..4), 0..200)) {
        let texts: Vec<String> = orders.iter().map(|(order, units)| format!("{order}-1 - D1 A {units}")).collect();
        let report = shipped(&texts);
        let mut straight = Vec::new();
        shipments::read(&report[..], utf8(), |line| straight.push(line)).unwrap();
        let (chunks, _) = folded(&report, &mut Memory::default()).unwrap();
        let mut lines: Vec<ShippedLine> = chunks.into_iter().flatten().flat_map(|order| order.lines).collect();
        let key = |line: &ShippedLine| (line.identity(), line.quantity);
        lines.sort_by_key(key);
        straight.sort_by_key(key);
        prop_assert_eq!(lines, straight);
    }

    // RELIABILITY 43 (whatever comes: an answer and never a panic)
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), with_header in any::<bool>()) {
        let mut report = if with_header { INVENTORY.as_bytes().to_vec() } else { Vec::new() };
        report.extend(bytes);
        for charset in [utf8(), Charset::of(None, Some(JP))] {
            if let Ok((rows, counts)) = stock(&report, charset) {
                prop_assert_eq!(rows.len() as u64, counts.rows);
            }
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

// RELIABILITY 45 (50 MB in less than 60 KB), 43 (cut in the middle)
#[test]
fn a_compressed_report_is_read_and_a_bomb_is_not() {
    let text = format!("{INVENTORY}A\tX\tB\tN\tSELLABLE\t5\n");
    let read = |bytes: &[u8], most: u64| {
        inventory::read(Inflating::new(bytes, true).at_most(most), utf8(), |_| ()).map(|counts| counts.rows)
    };
    let whole = gzip(text.as_bytes());
    assert_eq!(read(&whole, 1_000).unwrap(), 1);
    let two = [gzip(INVENTORY.as_bytes()), gzip(b"A\tX\tB\tN\tSELLABLE\t5\n")].concat();
    assert_eq!(read(&two, 1_000).unwrap(), 1, "in several pieces");
    assert!(matches!(read(&whole[..whole.len() - 12], 1_000), Err(ReportError::Broken { .. })));
    assert!(matches!(read(b"no gzip at all", 1_000), Err(ReportError::Broken { .. })));
    assert!(matches!(read(&whole, 50), Err(ReportError::TooMuch { .. })));
    let mut bomb = INVENTORY.as_bytes().to_vec();
    bomb.resize(50 * 1024 * 1024, b'\n');
    let bomb = gzip(&bomb);
    assert!(bomb.len() < 60 * 1024);
    let error = read(&bomb, u64::MAX).unwrap_err();
    assert!(matches!(error, ReportError::TooMuch { at, .. } if at < 8 * 1024 * 1024), "{error}");
}

/// One endless line, or endless rows, as they are read.
struct Endless(&'static [u8], u64);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.1).unwrap());
        let pattern = self.0.iter().cycle();
        buffer[..count].iter_mut().zip(pattern).for_each(|(byte, next)| *byte = *next);
        self.1 -= count as u64;
        Ok(count)
    }
}

// RELIABILITY 44 (a line without an end is passed over; memory is a buffer)
#[test]
fn an_endless_line_costs_one_row() {
    let head = format!("{INVENTORY}A\tX\tB\tN\tSELLABLE\t5\n");
    let input =
        head.as_bytes().chain(Endless(b"x", 40 * 1024 * 1024)).chain(&b"\nB\tX\tB\tN\tSELLABLE\t6\n"[..]);
    let mut rows = Vec::new();
    let counts = inventory::read(input, utf8(), |row| rows.push(row.sku)).unwrap();
    assert_eq!((rows, counts.unreadable, counts.shown[0].line), (vec!["A".to_owned(), "B".to_owned()], 1, 3));
    assert_eq!(counts.shown[0].why, "it is longer than a row may be");
}
