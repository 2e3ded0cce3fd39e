//! Orders of our own, each with the facts that must come of it. A `.snap` beside a case is the
//! expectation; every figure in it was compared with the case by hand. Besides, each order's parts add up
//! to its total, but for the case that is about one whose parts do not.

use crate::{
    common::{all_are_listed, body, cases, compare},
    sum::sum,
    support::{orders, render},
};

const CHANNEL: &str = "bigcommerce";

/// The case whose parts do not add up.
const DOES_NOT_ADD_UP: &str = "parts-that-do-not-add-up";

fn check(case: &str) {
    let order = orders().read("v2", &body(CHANNEL, case)).unwrap();
    let adds_up = sum(&order) == order.total.map(|total| total.amount);
    assert_eq!(adds_up, case != DOES_NOT_ADD_UP, "{case}: {:?} {:?}", sum(&order), order.total);
    compare(CHANNEL, case, &render(&order));
}

#[test]
fn every_case_is_listed() {
    all_are_listed(CHANNEL, LISTED);
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
