//! Orders with more decimals than their currency: whatever is taken off, and wherever that is told, their
//! parts make the total in whole units.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_domain::{Decimal, channel_order::ChannelOrder};

use crate::{common::body, sum::sum, support::orders};

/// Parts of a unit that amounts are told in: ten thousandths.
const DIGITS: u32 = 4;

/// A line: its price, tax and own discount, in ten thousandths.
type Line = (i64, i64, i64);

fn text(amount: i64) -> Value {
    Value::String(Decimal::new(amount, DIGITS).to_string())
}

/// A coupon for shipping, and the cost of shipping.
type Shipping = (i64, i64);

/// An order with a total that was rounded once.
fn order(lines: &[Line], discount: i64, (coupon, shipping): Shipping, total: Decimal) -> ChannelOrder {
    let mut kept: Value = serde_json::from_slice(&body("bigcommerce", "four-decimals")).unwrap();
    let given = &mut kept["order"];
    let of_lines: i64 = lines.iter().map(|(_, _, discount)| discount).sum();
    given["discount_amount"] = text(of_lines + discount);
    given["coupon_discount"] = text(coupon);
    given["shipping_cost_ex_tax"] = text(shipping);
    given["shipping_cost_inc_tax"] = text(shipping);
    given["items_total"] = json!(lines.len());
    given["total_inc_tax"] = Value::String(format!("{total}00"));
    let sample = given["consignments"]["shipping"][0]["line_items"][0].clone();
    let line = |(number, (price, tax, discount)): (usize, &Line)| {
        let mut line = sample.clone();
        line["id"] = json!(number + 1);
        line["base_total"] = text(*price);
        line["total_ex_tax"] = text(*price);
        line["total_inc_tax"] = text(price + tax);
        line["total_tax"] = text(*tax);
        line["applied_discounts"] = json!([{ "id": "x", "amount": text(*discount) }]);
        line
    };
    given["consignments"]["shipping"][0]["line_items"] = lines.iter().enumerate().map(line).collect();
    if coupon > 0 {
        kept["coupons"] = json!([{ "id": 1, "code": "SHIP", "type": 3, "discount": text(coupon) }]);
    }
    orders().read("v2", kept.to_string().as_bytes()).unwrap()
}

fn check(lines: &[Line], discount: i64, shipping: Shipping) {
    let parts: i64 = lines.iter().map(|(price, tax, discount)| price + tax - discount).sum();
    let exact = Decimal::new(parts - discount - shipping.0 + shipping.1, DIGITS);
    let total = exact.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    let order =
        order(lines, discount, shipping, Decimal::new((total * Decimal::ONE_HUNDRED).try_into().unwrap(), 2));
    assert_eq!(order.oddities, [""; 0], "{lines:?} {discount} {shipping:?}");
    assert_eq!(sum(&order), Some(total), "{lines:?} {discount} {shipping:?}\n{order:?}");
    assert_eq!(order.total.map(|total| total.amount), Some(total));
    let of_lines =
        order.lines.iter().flat_map(|line| [line.amount.unwrap(), line.discount, line.tax.unwrap()]);
    let of_charges = order.charges.iter().flat_map(|charge| [charge.amount, charge.discount]);
    let amounts = of_lines.chain(of_charges).chain([order.shop.order_discount]);
    for amount in amounts {
        assert_eq!(amount, amount.round_dp(2), "{lines:?} {discount} {shipping:?}\n{order:?}");
    }
}

#[test]
fn a_discount_of_the_whole_order_is_rounded_with_its_total() {
    // SPEC: G-06, KB-05
    check(&[(100_000, 0, 0)], 3_333, (0, 0));
    check(&[(100_000, 0, 0), (50_000, 0, 0)], 16_650, (0, 0));
    check(&[(100_000, 0, 3_333), (100_000, 0, 3_333), (100_000, 0, 3_334)], 0, (0, 0));
    check(&[(100_049, 33, 0), (100_049, 33, 0), (100_049, 33, 0), (100_049, 33, 0)], 49, (0, 0));
    check(&[(100_000, 8_250, 0)], 3_333, (16_667, 50_000));
}

proptest! {
    #[test]
    fn whatever_decimals_amounts_have_their_parts_make_the_total(
        lines in proptest::collection::vec((10_000_i64..900_000, 0_i64..90_000, 0_i64..5_000), 1..7),
        discount in 0_i64..5_000,
        coupon in 0_i64..20_000,
    ) {
        // SPEC: G-06, KB-05
        check(&lines, discount, (coupon, 25_000));
    }
}
