//! Orders of our own, each with the facts that must come of it. A `.snap` beside a case is the
//! expectation; every figure in it was compared with the case by hand. Besides, each order's parts add
//! up to its total, but for the cases that are about an order whose parts do not.

use crate::{
    common::{all_are_listed, body, cases, compare},
    sum::sum,
    support::{orders, render},
};

const CHANNEL: &str = "shopify";

/// Cases whose parts are unknown, or do not add up.
const DO_NOT_ADD_UP: [&str; 3] = ["a-total-that-nothing-explains", "taxes-not-told", "prices-not-told"];

fn check(case: &str) {
    let order = orders().read("2026-10", &body(CHANNEL, case)).unwrap();
    let adds_up = sum(&order) == order.total.map(|total| total.amount);
    assert_eq!(adds_up, !DO_NOT_ADD_UP.contains(&case), "{case}: {:?} {:?}", sum(&order), order.total);
    compare(CHANNEL, case, &render(&order));
}

#[test]
fn every_case_is_listed() {
    all_are_listed(CHANNEL, LISTED);
}

cases! {
    // SPEC: KS-23, G-06 (taxes)
    tax_is_added_in_the_usa = "us-tax-added";
    tax_is_included_in_germany = "de-tax-included";
    a_line_has_several_taxes_in_canada = "ca-several-taxes";
    taxes_that_are_not_told_are_unknown = "taxes-not-told";
    prices_that_are_not_told_are_unknown = "prices-not-told";

    // SPEC: KS-25 (discounts)
    a_discount_of_the_order_is_spread_by_shopify = "order-discount-spread";
    discounts_of_lines_of_the_order_and_of_shipping = "line-order-and-shipping-discounts";
    what_is_free_costs_nothing = "free-lines";

    // SPEC: KS-07, G-08 (currencies)
    yen_have_no_decimals = "jp-no-decimals";
    dinars_have_three_decimals = "kw-three-decimals";
    the_buyer_paid_in_another_currency_than_the_shops = "shop-in-another-currency";
    cash_is_rounded_beside_the_total = "paid-in-cash";
    cash_is_rounded_within_the_total = "paid-in-cash-by-the-total";

    // SPEC: G-06 (what refunds and edits left)
    a_part_was_refunded_with_tax_added = "refunded-in-part-tax-added";
    a_part_was_refunded_with_tax_included = "refunded-in-part-tax-included";
    a_part_was_refunded_and_only_the_refund_tells = "refunded-in-part-by-the-refund-alone";
    a_part_was_refunded_and_nothing_tells_which = "refund-without-its-lines";
    shipping_was_refunded_in_part = "shipping-refunded-in-part";
    money_was_given_back_without_goods = "refund-without-goods";
    money_was_given_back_beside_the_total = "refund-without-goods-beside-the-total";
    a_total_that_nothing_explains_is_told = "a-total-that-nothing-explains";

    // SPEC: KS-30, KS-31, KS-32, KS-33, KS-34 (changes)
    all_was_cancelled_and_refunded = "cancelled-and-refunded";
    lines_were_added_removed_and_made_fewer = "edited-lines-added-and-removed";
    an_archived_trial = "archived-test-order";

    // SPEC: KS-12, G-06 (charges)
    a_tip_is_told_as_a_line = "tip-told-as-a-line";
    a_tip_is_told_as_a_line_in_another_language = "tip-told-as-a-line-in-another-language";
    a_tip_is_told_without_a_line = "tip-without-a-line";
    a_tip_is_no_part_of_the_total = "tip-that-is-no-part-of-the-total";
    a_tip_that_was_refunded_is_no_line = "tip-refunded";
    a_tip_that_was_refunded_and_is_not_told_is_no_line = "tip-refunded-and-no-longer-told";
    duties_and_fees_are_charged = "duties-and-fees";
    duties_are_among_the_fees = "duties-among-the-fees";

    // SPEC: KS-13, KS-22 (what is sold)
    skus_are_missing_and_repeated = "sku-missing-and-repeated";
    lines_were_typed_in_and_a_product_is_gone = "custom-lines-and-a-deleted-product";
    a_gift_card_is_bought = "gift-card-bought";
    ids_are_greater_than_a_double_holds = "ids-beyond-53-bits";
    numbers_and_texts_may_be_swapped = "numbers-and-texts-swapped";
    unknown_words_are_kept = "unknown-words";

    // SPEC: KS-21, KS-24 (who buys)
    nobody_is_told_at_the_till = "nobody-is-told";
    a_customer_is_known_by_mail_alone = "customer-known-by-mail-alone";
    buyers_are_withheld_from_the_application = "buyers-withheld";
    a_purchase_order_is_not_paid_yet = "pending-with-a-purchase-order";

    // SPEC: KS-06, KS-16, KS-40, KS-45 (what ships and comes back)
    one_place_holds_and_another_does_not = "held-and-in-two-places";
    shipping_is_scheduled = "scheduled";
    a_part_has_shipped = "shipped-in-part";
    the_buyer_fetched_it = "picked-up";
    goods_came_back = "returned";
}
