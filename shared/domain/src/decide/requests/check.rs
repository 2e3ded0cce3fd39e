//! What a warehouse would refuse, found before it is asked, each in words with its field. (SPEC FX-24)

use std::collections::BTreeSet;

use crate::{
    customer::Address,
    decide::adjust::FieldError,
    fulfillment_request::{RequestRow, ShippingSpeed},
};

/// Characters of a line of an address. Source: Amazon's feed schema, `AddressLine`.
const LINE_CHARS: usize = 60;

/// Characters of a SKU of Amazon's. Source: createFulfillmentOrder, `sellerSku`.
const SKU_CHARS: usize = 50;

/// Digits that a telephone number has: E.164 allows 15, and no country has fewer than 5.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

/// Digits of an extension, which are written behind it.
const EXTENSION_DIGITS: usize = 6;

/// The countries in which an address has to have a state, and their states: ISO 3166-2 without the country.
/// The District of Columbia, the territories and the addresses of the armed forces are states to a carrier.
const STATES: &[(&str, &[&str])] = &[
    (
        "US",
        &[
            "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS",
            "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY",
            "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV",
            "WI", "WY", "DC", "AS", "GU", "MP", "PR", "UM", "VI", "AA", "AE", "AP",
        ],
    ),
    ("CA", &["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]),
    ("AU", &["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"]),
    (
        "BR",
        &[
            "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE",
            "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
        ],
    ),
];

/// Every country of ISO 3166-1 by its two letters.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
     BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
     ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL \
     IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME \
     MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH \
     PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC \
     TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Ways in which a post office box is written, letters and digits alone.
const POST_OFFICE_BOXES: &[&str] =
    &["pobox", "postofficebox", "postbox", "postfach", "boitepostale", "apartadodecorreos", "casellapostale"];

/// What is wrong with a request's address and rows.
#[must_use]
pub fn check(
    ship_to: Option<&Address>,
    speed: Option<ShippingSpeed>,
    rows: &[RequestRow],
    catalogue: &BTreeSet<String>,
) -> Vec<FieldError> {
    let mut checking = Checking(Vec::new());
    match ship_to {
        None => checking.refuse("shipping_address", "The order has no address to ship to."),
        Some(address) => {
            checking.address(address);
            checking.boxes(address, speed);
        }
    }
    if rows.is_empty() {
        checking.refuse("rows", "There is no row to be shipped.");
    }
    for (index, row) in rows.iter().enumerate() {
        checking.row(index, row, catalogue);
    }
    checking.0
}

struct Checking(Vec<FieldError>);

impl Checking {
    fn refuse(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(FieldError { path: path.to_owned(), message: message.into() });
    }

    fn address(&mut self, address: &Address) {
        self.required("shipping_address.name", address.name.as_deref(), "the recipient's name");
        self.required("shipping_address.address_line_1", address.line_1.as_deref(), "street and number");
        self.required("shipping_address.city", address.city.as_deref(), "the city");
        self.required("shipping_address.postal_code", address.postal_code.as_deref(), "the postal code");
        // The second line is as much a part of the address as the first: too long it is refused, never cut.
        self.short("shipping_address.name", address.name.as_deref());
        self.short("shipping_address.company", address.company.as_deref());
        self.short("shipping_address.address_line_1", address.line_1.as_deref());
        self.short("shipping_address.address_line_2", address.line_2.as_deref());
        self.short("shipping_address.city", address.city.as_deref());
        let country = address.country.as_deref().map(str::trim).unwrap_or_default();
        if !COUNTRIES.split(' ').any(|known| known == country) {
            self.refuse(
                "shipping_address.country",
                "Give the country by its two letters (ISO 3166-1), such as US.",
            );
        }
        self.state(country, address.state.as_deref());
        if address.phone.as_deref().is_some_and(|phone| !phone.trim().is_empty() && !is_phone(phone)) {
            self.refuse("shipping_address.phone", "Give a telephone number of 5 to 15 digits, or none.");
        }
    }

    fn required(&mut self, path: &str, value: Option<&str>, what: &str) {
        if value.is_none_or(|value| value.trim().is_empty()) {
            self.refuse(path, format!("Give {what}."));
        }
    }

    fn short(&mut self, path: &str, value: Option<&str>) {
        let chars = value.unwrap_or_default().trim().chars().count();
        if chars > LINE_CHARS {
            self.refuse(
                path,
                format!("It has {chars} characters, and the warehouse takes {LINE_CHARS} in a line."),
            );
        }
    }

    fn state(&mut self, country: &str, state: Option<&str>) {
        let Some((_, states)) = STATES.iter().find(|(of, _)| *of == country) else { return };
        let state = state.map(str::trim).unwrap_or_default();
        // Some write the country too, as the standard does.
        let code = state.strip_prefix(country).and_then(|rest| rest.strip_prefix('-')).unwrap_or(state);
        if !states.iter().any(|known| code.eq_ignore_ascii_case(known)) {
            let (first, country) = (states[0], country);
            let message = format!("Give the state by its letters in ISO 3166-2:{country}, such as {first}.");
            self.refuse("shipping_address.state", message);
        }
    }

    fn boxes(&mut self, address: &Address, speed: Option<ShippingSpeed>) {
        let Some(speed) = speed.filter(|speed| !speed.reaches_post_office_boxes()) else { return };
        let lines = [
            ("shipping_address.address_line_1", address.line_1.as_deref()),
            ("shipping_address.address_line_2", address.line_2.as_deref()),
        ];
        for (path, line) in lines {
            if line.is_some_and(is_post_office_box) {
                let message = format!(
                    "{} shipping does not reach a post office box. Choose Standard, or another address.",
                    speed.as_str()
                );
                self.refuse(path, message);
            }
        }
    }

    fn row(&mut self, index: usize, row: &RequestRow, catalogue: &BTreeSet<String>) {
        if row.quantity <= 0 {
            self.refuse(&format!("rows[{index}].quantity"), "Give a whole number of units above 0.");
        }
        let path = format!("rows[{index}].sku");
        if row.warehouse_sku.chars().count() > SKU_CHARS {
            self.refuse(&path, format!("A SKU of the warehouse has at most {SKU_CHARS} characters."));
        } else if !catalogue.contains(&row.warehouse_sku) {
            let message = format!(
                "\"{}\" is no seller SKU of the warehouse's catalogue. List it there, or map a SKU of it to \
                 this one.",
                row.warehouse_sku
            );
            self.refuse(&path, message);
        }
    }
}

/// Digits, maybe with an extension, and what people write between them.
fn is_phone(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let (number, extension) = match lower.split_once(['x', '#']) {
        Some((number, extension)) => (number.trim_end_matches("e").trim_end(), extension),
        None => (lower.as_str(), ""),
    };
    let extension = extension.trim_start_matches(['t', '.', ' ']);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let number = number.strip_prefix('+').unwrap_or(number);
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    PHONE_DIGITS.contains(&digits)
        && number.chars().all(is_number)
        && extension.chars().all(|c| c.is_ascii_digit())
        && extension.len() <= EXTENSION_DIGITS
}

/// Whether a line names a post office box, as a word of its own.
fn is_post_office_box(line: &str) -> bool {
    let mut words: Vec<String> = Vec::new();
    for word in line.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        if !word.is_empty() {
            words.push(word.trim_end_matches(|c: char| c.is_ascii_digit()).replace('î', "i"));
        }
    }
    // "P.O. Box", "PO Box", "P O Box" and "POBox12" are the same words, run together differently.
    (0..words.len()).any(|from| {
        let longest = words.len().min(from + 4);
        (from + 1..=longest).any(|to| POST_OFFICE_BOXES.contains(&words[from..to].concat().as_str()))
    })
}
