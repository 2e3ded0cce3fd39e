//! Orders of our own, each with the facts that must come of it. A `.snap` beside a case is the
//! expectation; every figure in it was compared with the case by hand. Besides, each order's parts add up
//! to its total, but for the case that is about one whose parts do not.

use std::{fs, path::PathBuf};

use weir_domain::{Decimal, channel_order::ChannelOrder};

use crate::support::{orders, render};

/// The case whose parts do not add up.
const DOES_NOT_ADD_UP: &str = "parts-that-do-not-add-up";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bigcommerce")
}

/// What the parts of an order add up to, if each is known.
fn sum(order: &ChannelOrder) -> Option<Decimal> {
    let added = |tax: Option<Decimal>| if order.prices_include_tax { Some(Decimal::ZERO) } else { tax };
    let lines = order.lines.iter().map(|line| Some(line.amount? - line.discount + added(line.tax)?));
    let charges =
        order.charges.iter().map(|charge| Some(charge.amount - charge.discount + added(charge.tax)?));
    let parts: Option<Decimal> = lines.chain(charges).sum();
    parts.map(|parts| parts - order.shop.order_discount)
}

fn check(case: &str) {
    let body = fs::read(folder().join(format!("{case}.json"))).unwrap();
    let order = orders().read("v2", &body).unwrap();
    let adds_up = sum(&order) == order.total.map(|total| total.amount);
    assert_eq!(adds_up, case != DOES_NOT_ADD_UP, "{case}: {:?} {:?}", sum(&order), order.total);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(case, render(&order)));
}

macro_rules! cases {
    ($($name:ident = $case:literal;)*) => {
        $(
            #[test]
            fn $name() {
                check($case);
            }
        )*

        /// The cases of this list.
        const LISTED: &[&str] = &[$($case),*];
    };
}

#[test]
fn every_case_is_listed() {
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
        .collect();
    let mut listed = LISTED.to_vec();
    found.sort();
    listed.sort_unstable();
    assert_eq!(found, listed);
}

cases! {
    // SPEC: KB-05, G-06 (taxes)
    prices_are_entered_without_tax = "tax-added";
    prices_are_entered_with_tax = "tax-included";

    // SPEC: KB-05, G-06 (discounts)
    a_discount_comes_off_after_tax = "discount-after-tax";
    coupons_are_told_of_the_order_alone = "coupons-of-the-order";
    a_coupon_is_for_shipping = "coupon-for-shipping";

    // SPEC: G-06 (charges)
    handling_wrapping_and_fees_are_charged = "handling-wrapping-and-fees";
    store_credit_is_within_the_total = "store-credit-within-the-total";
    four_decimals_make_a_total_of_two = "four-decimals";
    a_total_that_nothing_explains_is_told = "parts-that-do-not-add-up";

    // SPEC: KB-04, G-08
    the_buyer_paid_in_another_currency_than_shown = "paid-in-another-currency";

    // SPEC: KB-03, KB-11 (how far it is)
    a_part_was_refunded = "refunded-in-part";
    all_of_it_is_completed = "completed";

    // SPEC: KB-02, KB-06 (what is sold, and where it goes)
    products_custom_items_downloads_and_certificates = "what-is-sold";
    the_buyer_fetches_it = "picked-up";
    parts_come_in_answers_of_their_own = "parts-asked-for-by-themselves";
}
