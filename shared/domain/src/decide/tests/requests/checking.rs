//! What a warehouse would refuse, each with its field. (SPEC FX-24)

use std::collections::BTreeSet;

use super::scene::address;
use crate::{
    customer::Address,
    decide::requests::check::check,
    fulfillment_request::{RequestRow, ShippingSpeed, samples::ready},
};

fn paths(address: Option<&Address>, speed: ShippingSpeed, rows: &[RequestRow]) -> Vec<String> {
    let catalogue = BTreeSet::from(["A".to_owned(), "A,b/\"é".to_owned()]);
    let errors = check(address, Some(speed), rows, &catalogue);
    assert!(errors.iter().all(|error| !error.message.is_empty()));
    errors.into_iter().map(|error| error.path).collect()
}

fn row(sku: &str, quantity: i64) -> RequestRow {
    ready("N-1", &[(sku, quantity)]).rows.remove(0)
}

/// The address with one field changed; `-` takes it away.
fn with(changes: &[(&str, &str)]) -> Address {
    let mut address = address();
    for (field, value) in changes {
        let value = (*value != "-").then(|| (*value).to_owned());
        match *field {
            "name" => address.name = value,
            "line_1" => address.line_1 = value,
            "line_2" => address.line_2 = value,
            "company" => address.company = value,
            "city" => address.city = value,
            "state" => address.state = value,
            "postal_code" => address.postal_code = value,
            "country" => address.country = value,
            _ => address.phone = value,
        }
    }
    address
}

// SPEC: FX-24
#[test]
fn an_address_is_checked_field_by_field() {
    type Case<'a> = (Vec<(&'a str, &'a str)>, Vec<&'a str>);
    let long = "x".repeat(61);
    let full = "x".repeat(60);
    let table: Vec<Case<'_>> = vec![
        (vec![], vec![]),
        (vec![("name", "-")], vec!["name"]),
        (vec![("name", "  ")], vec!["name"]),
        (vec![("line_1", "-")], vec!["address_line_1"]),
        (vec![("city", "")], vec!["city"]),
        (vec![("postal_code", "-")], vec!["postal_code"]),
        (vec![("country", "-")], vec!["country"]),
        (vec![("country", "USA"), ("state", "-")], vec!["country"]),
        (vec![("country", "us")], vec!["country"]),
        (vec![("country", "XX")], vec!["country"]),
        (vec![("name", "-"), ("city", "-")], vec!["name", "city"]),
        // A second line is kept; too long it is refused and never cut.
        (vec![("line_1", &full), ("line_2", &full)], vec![]),
        (vec![("line_1", &long)], vec!["address_line_1"]),
        (vec![("line_2", &long)], vec!["address_line_2"]),
        (vec![("name", &long)], vec!["name"]),
        (vec![("company", &long)], vec!["company"]),
        // Characters, not bytes.
        (vec![("line_1", "ü".repeat(60).leak())], vec![]),
        // The state only where it is asked for, and then one of the standard.
        (vec![("state", "-")], vec!["state"]),
        (vec![("state", "Illinois")], vec!["state"]),
        (vec![("state", "DC")], vec![]),
        (vec![("state", "PR")], vec![]),
        (vec![("state", "GU")], vec![]),
        (vec![("state", "AE")], vec![]),
        (vec![("state", "us-il"), ("country", "US")], vec!["state"]),
        (vec![("state", "US-IL")], vec![]),
        (vec![("state", "il")], vec![]),
        (vec![("country", "CA"), ("state", "QC")], vec![]),
        (vec![("country", "CA"), ("state", "IL")], vec!["state"]),
        (vec![("country", "AU"), ("state", "NSW")], vec![]),
        (vec![("country", "AU"), ("state", "-")], vec!["state"]),
        (vec![("country", "DE"), ("state", "-")], vec![]),
        (vec![("country", "DE"), ("state", "Bayern")], vec![]),
        (vec![("country", "NO"), ("state", "-")], vec![]),
        // The telephone only if there is one.
        (vec![("phone", "-")], vec![]),
        (vec![("phone", "")], vec![]),
        (vec![("phone", "+1 (217) 555-0100")], vec![]),
        (vec![("phone", "217.555.0100 ext. 12")], vec![]),
        (vec![("phone", "2175550100x12")], vec![]),
        (vec![("phone", "call me")], vec!["phone"]),
        (vec![("phone", "123")], vec!["phone"]),
        (vec![("phone", "1234567890123456")], vec!["phone"]),
        (vec![("phone", "555-0100; DROP")], vec!["phone"]),
    ];
    for (changes, expected) in table {
        let found = paths(Some(&with(&changes)), ShippingSpeed::Standard, &[row("A", 1)]);
        let expected: Vec<String> =
            expected.iter().map(|field| format!("shipping_address.{field}")).collect();
        assert_eq!(found, expected, "{changes:?}");
    }
    assert_eq!(paths(None, ShippingSpeed::Standard, &[row("A", 1)]), ["shipping_address"]);
}

// SPEC: FX-24 (post office boxes where the method cannot reach them)
#[test]
fn a_post_office_box_needs_a_carrier_that_goes_there() {
    let boxes = [
        "PO Box 12",
        "P.O. Box 12",
        "p o box 7",
        "POBox12",
        "Post Office Box 9",
        "Postfach 100",
        "Apt 3, PO BOX 1",
        "Boîte postale 7",
    ];
    let streets =
        ["1 Box Elder Street", "12 Poboxen Road", "Postfachweg 3", "Depo Boxing Hall 1", "PO River Road 3"];
    for line in boxes {
        for field in ["line_1", "line_2"] {
            let address = with(&[(field, line)]);
            assert!(paths(Some(&address), ShippingSpeed::Standard, &[row("A", 1)]).is_empty(), "{line}");
            let path = format!("shipping_address.address_{field}");
            for speed in [ShippingSpeed::Expedited, ShippingSpeed::Priority] {
                assert_eq!(paths(Some(&address), speed, &[row("A", 1)]), [path.as_str()], "{line}");
            }
        }
    }
    for line in streets {
        let found = paths(Some(&with(&[("line_1", line)])), ShippingSpeed::Priority, &[row("A", 1)]);
        assert!(found.is_empty(), "{line}");
    }
}

// SPEC: FX-24
#[test]
fn rows_are_checked_against_the_catalogue() {
    let long = "A".repeat(51);
    let table: [(&[RequestRow], &[&str]); 7] = [
        (&[], &["rows"]),
        (&[row("A", 1)], &[]),
        (&[row("A", 1), row("A,b/\"é", 2)], &[]),
        (&[row("A", 1), row("a", 1)], &["rows[1].sku"]),
        (&[row("A", 0)], &["rows[0].quantity"]),
        (&[row("A", -1), row("Z", 0)], &["rows[0].quantity", "rows[1].quantity", "rows[1].sku"]),
        (&[row(&long, 1)], &["rows[0].sku"]),
    ];
    for (rows, expected) in table {
        assert_eq!(paths(Some(&address()), ShippingSpeed::Standard, rows), expected, "{rows:?}");
    }
}
