//! Prices, tax, discounts, charges and totals. What the channel charged is what the order shows.

use super::scene::{Scene, charge, currency, dec, imported, line, money, priced, shipped};
use crate::{
    Decimal,
    channel_order::{ChannelLine, ChannelOrder, ChargeKind},
    sales_order::{Flag, SalesOrder},
};

fn import(order: &ChannelOrder) -> SalesOrder {
    imported(&Scene::new().decide(order)).clone()
}

fn with_tax(order: ChannelOrder) -> ChannelOrder {
    ChannelOrder { prices_include_tax: true, ..order }
}

struct Net {
    unit: &'static str,
    amount: &'static str,
    discount: &'static str,
    tax: &'static str,
    rate: &'static str,
}

fn check(name: &str, order: &ChannelOrder, expected: &Net, total: &str) {
    let order = import(order);
    let row = &order.rows[0];
    assert_eq!(row.price_per_unit, Some(dec(expected.unit)), "{name}: unit price");
    assert_eq!(row.amount, Some(dec(expected.amount)), "{name}: amount");
    assert_eq!(row.discount, dec(expected.discount), "{name}: discount");
    assert_eq!(row.tax, Some(dec(expected.tax)), "{name}: tax");
    assert_eq!(row.tax_rate, Some(dec(expected.rate)), "{name}: rate");
    assert_eq!(order.totals().total, Some(dec(total)), "{name}: total");
}

// SPEC: KF-06, KF-15, G-06
#[test]
fn amounts_are_kept_net_with_the_tax_beside_them() {
    let saved = |line: ChannelLine, tax: &str| ChannelLine { discount_tax: Some(dec(tax)), ..line };
    let in_currency =
        |order: ChannelOrder, code: &str| ChannelOrder { currency: Some(currency(code)), ..order };
    let one = |quantity, amount, discount, tax| shipped(vec![priced(quantity, amount, discount, Some(tax))]);
    let cases = [
        ("tax on top", one(2, "20.00", "0", "1.78"), ("10", "20.00", "0", "1.78", "8.9"), "21.78"),
        ("tax within", with_tax(one(1, "19.99", "0", "3.19")), ("16.8", "16.80", "0", "3.19", "19"), "19.99"),
        ("no tax due", with_tax(one(1, "19.99", "0", "0")), ("19.99", "19.99", "0", "0", "0"), "19.99"),
        (
            "unit price of three for ten",
            one(3, "10.00", "0", "0.25"),
            ("3.3333333333", "10.00", "0", "0.25", "2.5"),
            "10.25",
        ),
        (
            "discount, tax on top and due after it",
            one(1, "100.00", "20.00", "8.00"),
            ("100", "100.00", "20.00", "8.00", "10"),
            "88.00",
        ),
        (
            "discount, tax on top and its tax told",
            shipped(vec![saved(priced(1, "100.00", "20.00", Some("10.00")), "2.00")]),
            ("100", "100.00", "20.00", "8.00", "10"),
            "88.00",
        ),
        (
            "discount, tax within and its tax told",
            with_tax(shipped(vec![saved(priced(1, "119.00", "23.80", Some("19.00")), "3.80")])),
            ("100", "100.00", "20.00", "15.20", "19"),
            "95.20",
        ),
        (
            "discount, tax within and derived",
            with_tax(one(1, "119.00", "23.80", "15.20")),
            ("100", "100.00", "20.00", "15.20", "19"),
            "95.20",
        ),
        (
            "discount that does not divide",
            with_tax(one(1, "9.99", "3.33", "1.06")),
            ("8.4", "8.40", "2.80", "1.06", "19"),
            "6.66",
        ),
        (
            "yen",
            with_tax(in_currency(one(3, "3000", "0", "272"), "JPY")),
            ("909.3333333333", "2728", "0", "272", "9.97"),
            "3000",
        ),
        (
            "dinar",
            in_currency(one(1, "1.234", "0", "0.062"), "KWD"),
            ("1.234", "1.234", "0", "0.062", "5"),
            "1.296",
        ),
    ];
    for (name, order, (unit, amount, discount, tax, rate), total) in cases {
        check(name, &order, &Net { unit, amount, discount, tax, rate }, total);
    }
}

// SPEC: G-06 (given away whole: nothing is paid, and it stays nothing)
#[test]
fn a_line_given_away_sums_to_nothing() {
    let order = import(&with_tax(shipped(vec![priced(1, "10.00", "10.00", Some("0"))])));
    assert_eq!(order.totals().total, Some(Decimal::ZERO));
    assert_eq!(order.rows[0].discount_percent(), Some(dec("100")));
    assert_eq!(order.rows[0].tax_rate, None);
}

// SPEC: KF-06 (no tax data is not zero tax: it is unknown)
#[test]
fn no_tax_data_is_unknown_and_said() {
    for (includes, says) in [(true, "may include tax"), (false, "unknown, not 0")] {
        let order = shipped(vec![priced(1, "10.00", "1.00", None), line("A", 1)]);
        let decision = Scene::new().decide(&ChannelOrder { prices_include_tax: includes, ..order });
        let order = imported(&decision);
        let row = &order.rows[0];
        assert_eq!((row.amount, row.tax, row.tax_rate), (Some(dec("10.00")), None, None));
        assert_eq!(order.flags, [Flag::TaxUnknown].into());
        let because = decision.because.iter().find(|because| because.code == "tax_unknown").unwrap();
        assert!(because.message.contains(says) && because.message.contains("1 row"), "{}", because.message);
    }
}

// SPEC: KF-15 (a price that is missing is unknown and flagged, never 0)
#[test]
fn a_missing_price_is_unknown_and_never_nothing() {
    let free = ChannelLine { amount: None, ..line("A", 2) };
    let order = import(&shipped(vec![free, line("A", 1)]));
    assert_eq!((order.rows[0].amount, order.rows[0].price_per_unit), (None, None));
    assert_eq!(order.totals().total, None);
    assert_eq!(order.flags, [Flag::PriceUnknown].into());

    // No amount at all, and so no currency: it imports all the same.
    let bare = ChannelLine { amount: None, tax: None, ..line("A", 2) };
    let order = import(&ChannelOrder { currency: None, ..shipped(vec![bare]) });
    assert_eq!((order.currency, order.base_total, order.exchange_rate), (None, None, None));
    assert_eq!(order.flags, [Flag::PriceUnknown, Flag::TaxUnknown].into());

    // The channel's total still gives the base total.
    let unpriced = ChannelLine { amount: None, ..line("A", 2) };
    let order =
        import(&ChannelOrder { total: Some(money("5.00 EUR")), currency: None, ..shipped(vec![unpriced]) });
    assert_eq!(order.currency, Some(currency("EUR")));
    assert_eq!(order.base_total, Some(money("5.40 USD")));
}

// SPEC: KF-15 (no name, street or phone: nothing of a person is needed)
#[test]
fn an_order_without_any_buyer_imports() {
    let order = shipped(vec![line("A", 1)]);
    assert!(order.person.is_empty());
    assert_eq!(import(&order).customer, None);
}

// SPEC: KF-06, G-06 (shipping and the like, one charge of a kind, net as the rows)
#[test]
fn charges_are_merged_by_kind() {
    use ChargeKind::{GiftWrap, Shipping};
    let with = |charges| ChannelLine { charges, ..priced(1, "10.00", "0", Some("1.00")) };
    let order = with_tax(ChannelOrder {
        total: Some(money("31.00 USD")),
        ..shipped(vec![
            with(vec![
                charge(Shipping, "5.50", "0", Some("0.50")),
                charge(GiftWrap, "2.00", "0", Some("0.20")),
            ]),
            with(vec![charge(Shipping, "5.50", "2.00", Some("0.32"))]),
        ])
    });
    let order = import(&order);
    let of = |kind| order.charges.iter().find(|charge| charge.kind == kind).unwrap();
    let shipping = of(Shipping);
    assert_eq!(
        (shipping.amount, shipping.discount, shipping.tax),
        (dec("10.00"), dec("1.82"), Some(dec("0.82")))
    );
    assert_eq!((of(GiftWrap).amount, of(GiftWrap).tax), (dec("1.80"), Some(dec("0.20"))));
    assert_eq!(order.totals().total, Some(dec("31.00")));
    assert!(order.flags.is_empty(), "{:?}", order.flags);
}

// SPEC: KF-06
#[test]
fn a_charge_without_tax_data_is_unknown_unless_nothing_was_charged() {
    use ChargeKind::{GiftWrap, Shipping};
    let cases = [
        (vec![charge(Shipping, "5.00", "0", None)], 1, true),
        (vec![charge(Shipping, "5.00", "5.00", None)], 1, false),
        (vec![charge(Shipping, "0", "0", None)], 0, false),
        (vec![charge(GiftWrap, "1.00", "0", Some("0.10")), charge(GiftWrap, "1.00", "0", None)], 1, true),
    ];
    for (charges, kept, unknown) in cases {
        let order = import(&ChannelOrder { charges: charges.clone(), ..shipped(vec![line("A", 1)]) });
        assert_eq!(order.charges.len(), kept, "{charges:?}");
        assert_eq!(order.flags.contains(&Flag::TaxUnknown), unknown, "{charges:?}");
    }
}

// SPEC: G-06 (what does not add up is said with both totals, and the channel's counts)
#[test]
fn a_total_that_differs_is_flagged_and_named() {
    let order = |total: &str| ChannelOrder { total: Some(money(total)), ..shipped(vec![line("A", 3)]) };
    assert!(import(&order("3.00 USD")).flags.is_empty());
    let decision = Scene::new().decide(&order("3.01 USD"));
    let imported = imported(&decision);
    assert_eq!(imported.flags, [Flag::TotalDiffers].into());
    assert_eq!(imported.base_total, Some(money("3.01 USD")));
    let because = decision.because.iter().find(|because| because.code == "total_differs").unwrap();
    assert!(
        because.message.contains("3.00 USD") && because.message.contains("3.01 USD"),
        "{}",
        because.message
    );
}

// SPEC: G-08
#[test]
fn the_base_total_uses_the_organizations_rate() {
    let cases = [
        ("3.00 USD", Some("1"), Some("3.00 USD")),
        ("3.00 EUR", Some("1.08"), Some("3.24 USD")),
        ("3.03 EUR", Some("1.08"), Some("3.27 USD")),
        ("3 JPY", None, None),
    ];
    for (total, rate, base) in cases {
        let total = money(total);
        let mut line = line("A", 3);
        line.amount = Some(total.amount);
        let order =
            ChannelOrder { total: Some(total), currency: Some(total.currency), ..shipped(vec![line]) };
        let order = import(&order);
        assert_eq!(order.exchange_rate, rate.map(dec), "{total}");
        assert_eq!(order.base_total, base.map(money), "{total}");
        assert_eq!(order.flags.contains(&Flag::BaseTotalMissing), base.is_none(), "{total}");
    }
}
