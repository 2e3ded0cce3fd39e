//! Orders of our own, each with the facts that must come of it. A `.snap` beside a case is the
//! expectation; every figure in it was compared with the case by hand.

use crate::{
    common::{all_are_listed, body, cases, compare},
    support::{read, render},
};

const CHANNEL: &str = "amazon";

fn check(case: &str) {
    let format = if case.starts_with("v0") { "v0" } else { "2026-01-01" };
    let order = read(format, &body(CHANNEL, case)).unwrap();
    compare(CHANNEL, case, &render(&order));
}

#[test]
fn every_case_is_listed() {
    all_are_listed(CHANNEL, LISTED);
}

cases! {
    // SPEC: KF-04, KF-06
    tax_is_added_in_the_usa = "2026-us-tax-added";
    tax_is_included_in_germany = "2026-de-tax-included";
    tax_that_the_total_shows_to_be_added = "2026-gb-tax-added-by-its-total";
    tax_without_details_is_of_the_goods = "2026-tax-without-details";
    tax_told_as_zero_is_noted = "v0-de-tax-told-as-zero";

    // SPEC: G-06
    yen_have_no_decimals = "2026-jp-no-decimals";
    dinars_have_three_decimals = "2026-three-decimals";
    discounts_shipping_gift_wrap_and_tip = "2026-us-discount-shipping-gift-wrap-tip";
    taxes_that_are_those_after_discount = "2026-us-tax-after-discount";
    a_discount_without_details_is_of_the_goods = "2026-discount-without-details";
    a_replacement_costs_nothing = "2026-replacement-at-no-price";
    numbers_and_texts_may_be_swapped = "2026-numbers-and-texts-swapped";

    // SPEC: KF-11, KF-12
    serial_numbers_come_with_the_line = "2026-serial-numbers";

    // SPEC: KF-15
    all_of_the_buyer = "2026-all-of-the-buyer";
    nothing_of_the_buyer = "2026-no-buyer";
    no_money_is_unknown_and_not_zero = "2026-no-money";
    no_price_is_unknown_in_v0 = "v0-price-missing";

    // SPEC: KF-02
    sold_elsewhere_with_our_number = "2026-non-amazon-with-alias";
    sold_elsewhere_in_v0 = "v0-non-amazon";
    unknown_words_are_kept = "2026-unknown-words";
    words_are_compared_without_case = "2026-words-in-another-case";
    nothing_told_of_the_fulfilment = "2026-no-fulfilment-block";
    all_of_an_order_in_v0 = "v0-us";

    // SPEC: KF-05
    skus_are_kept_byte_for_byte = "2026-odd-skus";
}
