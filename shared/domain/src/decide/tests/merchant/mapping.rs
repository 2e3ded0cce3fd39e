//! What an order of a shop becomes: rows, products, customer, dates and money. (SPEC KS-12, KS-13,
//! KS-20 to KS-26, G-06)

use super::{
    super::scene::{self, at, currency, dec, money},
    shop::{MAIN, Weir, place},
};
use crate::{
    Decimal,
    channel_order::{ChannelCharge, ChannelLine, ChannelOrder, ChargeKind},
    customer::{Address, Customer, Person},
    event::{DomainEvent, Effect},
    ids::CustomerId,
    sales_order::{Flag, LeftOut, SalesOrder},
    variant::{Sku, VariantKind},
};

fn import(weir: &mut Weir, order: &ChannelOrder) -> SalesOrder {
    let decision = weir.see(order);
    assert_eq!(decision.outcome.kind.as_str(), "imported", "{:?}", decision.outcome);
    weir.order().clone()
}

fn base() -> (Weir, ChannelOrder) {
    let weir = Weir::new(&[("A", 2), ("B", 1)]);
    let order = weir.shop.state();
    (weir, order)
}

// SPEC: KS-20, KS-22, KS-24, KS-26
#[test]
fn an_order_becomes_a_sales_order() {
    let (mut weir, mut order) = base();
    order.customer_ref = Some("PO-77".to_owned());
    order.lines[0].shop.properties = vec![("engraving".to_owned(), "for ever".to_owned())];
    let imported = import(&mut weir, &order);
    assert_eq!(imported.id.as_str(), "con_1~5001");
    assert_eq!(imported.order_no, "#1042");
    assert_eq!(imported.customer_ref.as_deref(), Some("PO-77"));
    assert_eq!(imported.ordered_at, order.created_at);
    assert_eq!(imported.rows[0].attributes["engraving"], "for ever");
    assert_eq!(imported.rows[0].location, Some(place(MAIN)));
    assert_eq!((weir.stock(MAIN, "A"), weir.stock(MAIN, "B")), ((100, 2), (100, 1)));
    assert!(weir.ledger.is_empty());
    assert!(matches!(&weir.sent[..], [Effect::Announce(DomainEvent::OrderImported { .. })]));
}

// SPEC: KS-20 (created date and the product's days; an order's is its latest row's)
#[test]
fn the_delivery_date_is_that_of_the_slowest_row() {
    for (a, b, date) in [
        (None, None, "2026-03-24T08:00:00Z"),
        (Some(2), Some(5), "2026-03-15T08:00:00Z"),
        (Some(2), None, "2026-03-24T08:00:00Z"),
        (Some(30), None, "2026-04-09T08:00:00Z"),
    ] {
        let (mut weir, order) = base();
        weir.scene.variants.get_mut("A").unwrap().default_delivery_days = a;
        weir.scene.variants.get_mut("B").unwrap().default_delivery_days = b;
        assert_eq!(import(&mut weir, &order).delivery_date, Some(at(date)));
    }
}

fn customer(id: &str, name: &str, email: Option<&str>) -> Customer {
    Customer {
        id: CustomerId::from_token(id),
        name: name.to_owned(),
        email: email.map(str::to_owned),
        created_at: at("2025-01-01T00:00:00Z"),
    }
}

// SPEC: KS-21
#[test]
fn the_customer_is_found_by_name_and_mail_or_made() {
    let known = || {
        vec![
            customer("1", "Ann Lee", Some("ann@example.com")),
            customer("2", "Ann Lee", Some("lee@example.com")),
            customer("3", "Bo Ek", None),
            customer("4", "Cy", Some("cy@example.com")),
        ]
    };
    let made = "cus_con_1-5001";
    let table = [
        (Some("Ann Lee"), Some("LEE@example.com"), Some("cus_2")),
        (Some(" Ann Lee "), Some("ann@example.com"), Some("cus_1")),
        (Some("Ann Lee"), Some("other@example.com"), Some(made)),
        (Some("Bo Ek"), Some("bo@example.com"), Some("cus_3")),
        (Some("Cy"), None, Some("cus_4")),
        (Some("Di"), None, Some(made)),
        (None, Some("di@example.com"), None),
    ];
    for (name, email, expected) in table {
        let (mut weir, mut order) = base();
        weir.customers = known();
        order.person =
            Person { name: name.map(str::to_owned), email: email.map(str::to_owned), ..Person::default() };
        let imported = import(&mut weir, &order);
        assert_eq!(imported.customer.as_ref().map(CustomerId::as_str), expected, "{name:?} {email:?}");
        assert_eq!(weir.customers.len(), known().len() + usize::from(expected == Some(made)));
    }
}

// SPEC: KS-21 (PAINS 123: an order with no customer)
#[test]
fn the_name_may_stand_in_an_address() {
    let (mut weir, mut order) = base();
    let company = Address { company: Some("Lee Ltd".to_owned()), ..Address::default() };
    order.person = Person { billing: Some(company), ..Person::default() };
    import(&mut weir, &order);
    assert_eq!(weir.customers[0].name, "Lee Ltd");
}

fn unknown(sku: Option<&str>, line: &ChannelLine) -> ChannelLine {
    ChannelLine { sku: sku.map(str::to_owned), ..line.clone() }
}

// SPEC: KS-13, KS-22 (a SKU that is not there yet creates the product)
#[test]
fn products_are_made_where_none_is() {
    let (mut weir, mut order) = base();
    let line = order.lines[0].clone();
    let number = |mut line: ChannelLine, id: &str| {
        line.line_id = id.to_owned();
        line
    };
    let mut no_sku = number(unknown(None, &line), "1");
    no_sku.shop.variant_id = Some("4711".to_owned());
    let mut custom = number(unknown(None, &line), "2");
    (custom.shop.is_custom, custom.shop.requires_shipping) = (true, false);
    let mut shipped = number(unknown(None, &line), "3");
    shipped.shop.is_custom = true;
    let mut card = number(unknown(Some("GIFT"), &line), "4");
    (card.shop.is_gift_card, card.shop.requires_shipping) = (true, false);
    let twice = [number(unknown(Some("NEW"), &line), "5"), number(unknown(Some("NEW"), &line), "6")];
    let blank = number(unknown(Some("  "), &line), "7");
    let odd = number(unknown(Some("Tab\there"), &line), "8");
    order.lines = vec![no_sku, custom, shipped, card];
    order.lines.extend(twice);
    order.lines.extend([blank, odd]);
    let imported = import(&mut weir, &order);
    let skus: Vec<&str> = imported.rows.iter().map(|row| row.sku.as_str()).collect();
    let expected = [
        "shopify-4711",
        "shopify-row_2",
        "shopify-row_3",
        "GIFT",
        "NEW",
        "NEW",
        "shopify-row_7",
        "shopify-row_8",
    ];
    assert_eq!(skus, expected);
    assert_eq!(imported.rows[4].variant, imported.rows[5].variant);
    let kind = |sku: &str| weir.scene.variants[sku].kind;
    assert_eq!(kind("shopify-4711"), VariantKind::Product);
    assert_eq!(kind("shopify-row_2"), VariantKind::Service);
    assert_eq!(kind("shopify-row_3"), VariantKind::Product);
    assert_eq!(kind("GIFT"), VariantKind::Service);
    // A service lies nowhere and holds nothing.
    assert_eq!(imported.rows[3].location, None);
    let ids: std::collections::BTreeSet<_> = imported.rows.iter().map(|row| &row.variant).collect();
    assert_eq!(ids.len(), 7);
    for row in &imported.rows {
        assert!(crate::ids::VariantId::parse(row.variant.as_str()).is_ok(), "{}", row.variant);
    }
    super::shop::reservations_hold(&weir);
}

// SPEC: KS-13 (the setting)
#[test]
fn a_custom_line_may_become_a_product() {
    let (mut weir, mut order) = base();
    weir.scene.connection.settings.shop.custom_non_physical_line_items = VariantKind::Product;
    order.lines[0] = unknown(None, &order.lines[0]);
    (order.lines[0].shop.is_custom, order.lines[0].shop.requires_shipping) = (true, false);
    import(&mut weir, &order);
    assert_eq!(weir.scene.variants["shopify-row_L-A"].kind, VariantKind::Product);
}

// SPEC: KF-05, KS-22, KS-50 (aliases hold here as well, and a made SKU may be mapped)
#[test]
fn aliases_decide_which_variant_is_asked_for() {
    let (mut weir, mut order) = base();
    order.lines[1] = unknown(None, &order.lines[1]);
    order.lines[1].shop.variant_id = Some("9".to_owned());
    let sku = |text: &str| Sku::parse(text).unwrap();
    let aliases = [(sku("A"), sku("ALPHA")), (sku("shopify-9"), sku("NINE"))].into();
    let wanted =
        |weir: &Weir| crate::decide::merchant::wanted_skus(&weir.scene.connection, &aliases, None, &order);
    assert_eq!(
        wanted(&weir),
        [("A".to_owned(), sku("A")), ("shopify-9".to_owned(), sku("shopify-9"))].into()
    );
    weir.scene.connection.settings.sku_aliasing = true;
    assert_eq!(wanted(&weir), [("A".to_owned(), sku("ALPHA")), ("shopify-9".to_owned(), sku("NINE"))].into());
}

fn charge(kind: ChargeKind, amount: &str, tax: Option<&str>) -> ChannelCharge {
    scene::charge(kind, amount, "0", tax)
}

struct Amounts {
    name: &'static str,
    order: ChannelOrder,
    rows: &'static [(&'static str, &'static str, &'static str)],
    total: &'static str,
}

/// An order in a currency, of lines of (units, amount, discount, tax).
fn priced(code: &str, includes_tax: bool, lines: &[(i64, &str, &str, &str)]) -> ChannelOrder {
    let (_, order) = base();
    let line = |(index, (units, amount, discount, tax)): (usize, &(i64, &str, &str, &str))| ChannelLine {
        line_id: index.to_string(),
        shop: crate::channel_order::shop::ShopLine { open_quantity: Some(*units), ..Default::default() },
        shipped_quantity: Some(0),
        ..scene::priced(*units, amount, discount, Some(tax))
    };
    ChannelOrder {
        currency: Some(currency(code)),
        prices_include_tax: includes_tax,
        lines: lines.iter().enumerate().map(line).collect(),
        total: None,
        ..order
    }
}

// SPEC: KS-23, KS-25, G-06
#[test]
fn money_is_exact_to_the_smallest_unit() {
    let spread = |order: ChannelOrder, discount: &str| {
        let mut order = order;
        order.shop.order_discount = dec(discount);
        order
    };
    let cases = [
        Amounts {
            name: "tax on top",
            order: priced("USD", false, &[(2, "20.00", "0", "1.78"), (1, "5.00", "1.00", "0.36")]),
            rows: &[("20.00", "0", "1.78"), ("5.00", "1.00", "0.36")],
            total: "26.14",
        },
        Amounts {
            name: "tax within",
            order: priced("EUR", true, &[(1, "19.99", "0", "3.19"), (1, "11.90", "1.19", "1.71")]),
            rows: &[("16.80", "0", "3.19"), ("10.00", "1.00", "1.71")],
            total: "30.70",
        },
        Amounts {
            name: "an order's discount in proportion",
            order: spread(priced("USD", false, &[(1, "10.00", "0", "0"), (1, "20.00", "0", "0")]), "1.00"),
            rows: &[("10.00", "0.33", "0"), ("20.00", "0.67", "0")],
            total: "29.00",
        },
        Amounts {
            name: "a discount that does not divide, in yen",
            order: spread(
                priced("JPY", false, &[(1, "100", "0", "0"), (1, "100", "0", "0"), (1, "100", "0", "0")]),
                "100",
            ),
            rows: &[("100", "34", "0"), ("100", "33", "0"), ("100", "33", "0")],
            total: "200",
        },
        Amounts {
            name: "dinars have three digits",
            order: spread(
                priced("KWD", false, &[(1, "1.234", "0", "0.062"), (1, "1.000", "0", "0")]),
                "0.001",
            ),
            rows: &[("1.234", "0.001", "0.062"), ("1.000", "0.000", "0")],
            total: "2.295",
        },
        Amounts {
            name: "a free line",
            order: priced("USD", true, &[(1, "10.00", "10.00", "0"), (1, "5.00", "0", "0")]),
            rows: &[("10.00", "10.00", "0"), ("5.00", "0", "0")],
            total: "5.00",
        },
    ];
    for Amounts { name, mut order, rows, total } in cases {
        order.total = order.currency.map(|currency| crate::money::Money::new(dec(total), currency));
        let (mut weir, _) = base();
        let imported = import(&mut weir, &order);
        for (row, (amount, discount, tax)) in imported.rows.iter().zip(rows) {
            assert_eq!(row.amount, Some(dec(amount)), "{name}: amount");
            assert_eq!(row.discount, dec(discount), "{name}: discount");
            assert_eq!(row.tax, Some(dec(tax)), "{name}: tax");
        }
        assert_eq!(imported.totals().total, Some(dec(total)), "{name}");
        assert!(!imported.flags.contains(&Flag::TotalDiffers), "{name}");
    }
}

// SPEC: KS-12 (as a fee line; or kept beside the order, so that the total still reconciles)
#[test]
fn shipping_is_a_fee_line_or_kept_beside() {
    for (is_line, shipping, left_out) in [(true, "7.50", None), (false, "0", Some("8.10"))] {
        let (mut weir, mut order) = base();
        weir.scene.connection.settings.shop.shipping_cost_as_fee_line = is_line;
        order.charges = vec![
            charge(ChargeKind::Shipping, "7.50", Some("0.60")),
            charge(ChargeKind::Tip, "3.00", Some("0")),
        ];
        order.total = Some(money("41.10 USD"));
        let imported = import(&mut weir, &order);
        assert_eq!(imported.totals().shipping, dec(shipping));
        assert_eq!(imported.left_out.get(&LeftOut::Shipping), left_out.map(dec).as_ref());
        let left: Decimal = imported.left_out.values().sum();
        assert_eq!(imported.totals().total.map(|total| total + left), Some(dec("41.10")));
        assert!(imported.flags.is_empty(), "{:?}", imported.flags);
        assert_eq!(weir.look_again(&order).as_str(), "nothing_changed");
        // An order keeps to the way its shipping came in.
        weir.scene.connection.settings.shop.shipping_cost_as_fee_line = !is_line;
        assert_eq!(weir.look_again(&order).as_str(), "nothing_changed");
    }
}

impl Weir {
    fn look_again(&mut self, order: &ChannelOrder) -> String {
        self.see(order).outcome.reason.code.as_str().to_owned()
    }
}

// SPEC: G-06 (cash rounding is of the total and of no row)
#[test]
fn cash_rounding_is_kept_beside() {
    let (mut weir, mut order) = base();
    order.shop.cash_rounding = dec("-0.02");
    order.total = Some(money("29.98 USD"));
    let imported = import(&mut weir, &order);
    assert_eq!(imported.left_out, [(LeftOut::CashRounding, dec("-0.02"))].into());
    assert!(imported.flags.is_empty());
}

// SPEC: G-06, KF-15 (what does not add up is said; what did not come is unknown)
#[test]
fn what_is_not_known_is_flagged() {
    let (mut weir, mut order) = base();
    order.total = Some(money("31.00 USD"));
    order.lines[0].tax = None;
    let imported = import(&mut weir, &order);
    assert_eq!(imported.flags, [Flag::TaxUnknown, Flag::TotalDiffers].into());
    let (mut weir, mut order) = base();
    order.lines[1].amount = None;
    order.charges = vec![charge(ChargeKind::Shipping, "1.00", None)];
    let imported = import(&mut weir, &order);
    assert_eq!(imported.flags, [Flag::PriceUnknown, Flag::TaxUnknown].into());
}

// SPEC: KS-25 (the percentage beside the exact amounts)
#[test]
fn the_discount_is_told_in_per_cent_too() {
    let (mut weir, mut order) = base();
    order.shop.order_discount = dec("3.00");
    let imported = import(&mut weir, &order);
    assert_eq!(imported.rows[0].discount_percent(), Some(dec("10")));
}

// SPEC: KS-50 (each store maps its places; a place that is not mapped means the default one)
#[test]
fn a_row_lies_where_most_of_its_units_wait() {
    let (mut weir, mut order) = base();
    let mut second = order.shop.fulfillment_orders[0].clone();
    (second.id, second.location) = ("FO-2".to_owned(), Some("L2".to_owned()));
    second.lines.retain(|line| line.line_id == "L-A");
    second.lines[0].remaining = 2;
    order.shop.fulfillment_orders[0].lines[0].remaining = 1;
    order.shop.fulfillment_orders.push(second);
    let imported = import(&mut weir, &order);
    assert_eq!(imported.rows[0].location, Some(place("L2")));
    assert_eq!(imported.rows[1].location, Some(place("L1")));
}
