//! Generated orders: what is left after any refunds adds up to the total exactly, and whatever else
//! stands in an answer breaks no reader and is quoted by no complaint.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_domain::Decimal;

use crate::support::{orders, read};

/// Currencies and their decimal places.
const CURRENCIES: [(&str, u32); 4] = [("USD", 2), ("JPY", 0), ("KWD", 3), ("EUR", 2)];

/// A line, in the smallest units of its currency.
#[derive(Clone, Debug)]
struct Line {
    ordered: i64,
    removed: i64,
    unit: i64,
    discount: i64,
    taxes: Vec<i64>,
    /// What the refunds took of the discount and of the taxes.
    gone_discount: i64,
    gone_tax: i64,
    is_net_told: bool,
}

fn line() -> impl Strategy<Value = Line> {
    let sizes =
        (1_i64..6, 0_i64..6, 0_i64..100_000, 0_i64..=100, proptest::collection::vec(0_i64..5_000, 0..3));
    (sizes, 0_i64..=100, 0_i64..=100, any::<bool>()).prop_map(
        |((ordered, removed, unit, discount, taxes), of_discount, of_tax, is_net_told)| {
            let removed = removed.min(ordered);
            let discount = unit * ordered * discount / 100;
            let tax: i64 = taxes.iter().sum();
            let share = |whole: i64, part: i64| match removed {
                0 => 0,
                _ if removed == ordered => whole,
                _ => whole * part / 100,
            };
            let (gone_discount, gone_tax) = (share(discount, of_discount), share(tax, of_tax));
            Line { ordered, removed, unit, discount, taxes, gone_discount, gone_tax, is_net_told }
        },
    )
}

impl Line {
    fn current(&self) -> i64 {
        self.ordered - self.removed
    }

    fn discount_now(&self) -> i64 {
        self.discount - self.gone_discount
    }

    fn tax_now(&self) -> i64 {
        self.taxes.iter().sum::<i64>() - self.gone_tax
    }

    /// After discount, and with tax where prices include it.
    fn paid_now(&self) -> i64 {
        self.unit * self.current() - self.discount_now()
    }
}

struct Shop {
    currency: &'static str,
    places: u32,
    includes_tax: bool,
}

impl Shop {
    fn amount(&self, units: i64) -> Decimal {
        Decimal::new(units, self.places)
    }

    fn bag(&self, units: i64) -> Value {
        json!({"presentmentMoney": {"amount": self.amount(units).to_string(), "currencyCode": self.currency}})
    }

    fn order(&self, lines: &[Line], shipping: i64, shipping_tax: i64) -> Value {
        let added = |tax: i64| if self.includes_tax { 0 } else { tax };
        let total: i64 = lines.iter().map(|line| line.paid_now() + added(line.tax_now())).sum::<i64>()
            + shipping
            + added(shipping_tax);
        let page = |nodes: Vec<Value>| json!({"pageInfo": {"hasNextPage": false}, "nodes": nodes});
        let nodes = lines.iter().enumerate().map(|(index, line)| self.line(index, line)).collect();
        let refunded = lines.iter().enumerate().filter(|(_, line)| line.removed > 0);
        let refunds: Vec<Value> = refunded.map(|(index, line)| self.refund(index, line)).collect();
        json!({"order": {
            "id": "gid://shopify/Order/7",
            "name": "#1007",
            "createdAt": "2026-11-18T08:15:30Z",
            "updatedAt": "2026-11-18T08:20:00Z",
            "displayFinancialStatus": "PAID",
            "displayFulfillmentStatus": "UNFULFILLED",
            "taxesIncluded": self.includes_tax,
            "presentmentCurrencyCode": self.currency,
            "currentTotalPriceSet": self.bag(total),
            "shippingLines": {"nodes": [{
                "originalPriceSet": self.bag(shipping),
                "discountedPriceSet": self.bag(shipping),
                "currentDiscountedPriceSet": self.bag(shipping),
                "taxLines": [{"priceSet": self.bag(shipping_tax)}],
            }]},
            "lineItems": page(nodes),
            "fulfillmentOrders": page(Vec::new()),
            "fulfillments": [],
            "refunds": refunds,
        }})
    }

    fn line(&self, index: usize, line: &Line) -> Value {
        let net = line.paid_now() - if self.includes_tax { line.tax_now() } else { 0 };
        let taxes: Vec<Value> =
            line.taxes.iter().map(|tax| json!({"title": "Tax", "priceSet": self.bag(*tax)})).collect();
        json!({
            "id": format!("gid://shopify/LineItem/{}", index + 1),
            "name": "Thing",
            "sku": "THING",
            "quantity": line.ordered,
            "currentQuantity": line.current(),
            "requiresShipping": true,
            "originalUnitPriceSet": self.bag(line.unit),
            "priceAfterAllDiscountsBeforeTaxesSet": line.is_net_told.then(|| self.bag(net)),
            "discountAllocations": [{"allocatedAmountSet": self.bag(line.discount)}],
            "taxLines": taxes,
        })
    }

    fn refund(&self, index: usize, line: &Line) -> Value {
        let subtotal = line.unit * line.removed - line.gone_discount;
        json!({
            "id": format!("gid://shopify/Refund/{}", index + 1),
            "refundLineItems": {"pageInfo": {"hasNextPage": false}, "nodes": [{
                "quantity": line.removed,
                "lineItem": {"id": format!("gid://shopify/LineItem/{}", index + 1)},
                "subtotalSet": self.bag(subtotal),
                "totalTaxSet": self.bag(line.gone_tax),
            }]},
        })
    }
}

proptest! {
    /// SPEC: G-06, KS-23, KS-25
    #[test]
    fn what_is_left_adds_up_to_the_total(
        lines in proptest::collection::vec(line(), 1..5),
        currency in 0..CURRENCIES.len(),
        includes_tax in any::<bool>(),
        shipping in 0_i64..10_000,
        shipping_tax in 0_i64..1_000,
    ) {
        let (currency, places) = CURRENCIES[currency];
        let shop = Shop { currency, places, includes_tax };
        let order = read(&shop.order(&lines, shipping, shipping_tax)).unwrap();
        let mut sum = Decimal::ZERO;
        for (line, expected) in order.lines.iter().zip(&lines) {
            prop_assert_eq!(line.quantity, expected.current());
            prop_assert_eq!(line.amount, Some(shop.amount(expected.unit * expected.current())));
            prop_assert_eq!(line.discount, shop.amount(expected.discount_now()));
            prop_assert_eq!(line.tax, Some(shop.amount(expected.tax_now())));
            sum += line.amount.unwrap() - line.discount;
            sum += if includes_tax { Decimal::ZERO } else { line.tax.unwrap() };
        }
        for charge in &order.charges {
            sum += charge.amount - charge.discount;
            sum += if includes_tax { Decimal::ZERO } else { charge.tax.unwrap() };
        }
        prop_assert_eq!(Some(sum), order.total.map(|total| total.amount));
        prop_assert_eq!(order.oddities, Vec::<String>::new());
    }

    /// SPEC: OP-05, G-04
    #[test]
    fn nothing_in_an_answer_breaks_the_reader(
        case in 0..usize::MAX,
        place in 0..usize::MAX,
        what in 0..12_usize,
    ) {
        let cases = cases();
        let mut body: Value = serde_json::from_str(&cases[case % cases.len()]).unwrap();
        let places = count(&body);
        replace(&mut body, &mut (place % places), &odd(what));
        if let Err(error) = orders().read("2026-10", body.to_string().as_bytes()) {
            prop_assert!(!error.message.contains("Jane") && !error.message.contains("High Street"), "{}", error);
        }
    }
}

fn cases() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/shopify");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    cases.sort();
    cases.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn odd(what: usize) -> Value {
    [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(9_223_372_036_854_775_807_i64),
        json!("Jane Roe, 1 High Street"),
        json!(""),
        json!("1e400"),
        json!("XXX"),
        json!([]),
        json!({}),
        json!([{"Jane": "High Street"}]),
    ][what]
        .clone()
}

/// How many values a document has.
fn count(value: &Value) -> usize {
    let inside: usize = match value {
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    };
    inside + 1
}

/// Puts another value in the place of one.
fn replace(value: &mut Value, place: &mut usize, with: &Value) {
    if *place == 0 {
        *place = usize::MAX;
        *value = with.clone();
        return;
    }
    if *place == usize::MAX {
        return;
    }
    *place -= 1;
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| replace(element, place, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, place, with)),
        _ => {}
    }
}
