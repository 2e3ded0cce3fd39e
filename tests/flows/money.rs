//! What an imported order cost: net prices with their tax beside them, and a total that is Amazon's to
//! the smallest unit of the currency.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use weir_domain::{
    money::Currency,
    sales_order::{Flag, SalesOrder},
};
use weir_sandbox::amazon::{
    LineSpec, Marketplace, OrderSpec, Quirk, Tax,
    marketplaces::{DE, JP, UK, US},
};
use weir_tests::{
    House, Shop,
    shop::{MUG, TEA},
};

fn text(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "unknown".to_owned(), |amount| amount.normalize().to_string())
}

/// Each row as `unit price, net, tax, rate`.
fn rows(order: &SalesOrder) -> Vec<String> {
    let row = |row: &weir_domain::sales_order::Row| {
        [row.price_per_unit, row.net(), row.tax, row.tax_rate].map(text).join(", ")
    };
    order.rows.iter().map(row).collect()
}

fn total(order: &SalesOrder) -> String {
    let currency = order.currency.map_or("no currency", Currency::code);
    format!("{} {currency}", text(order.totals().total))
}

async fn import(house: &House, shop: &Shop, spec: OrderSpec) -> SalesOrder {
    let id = house.sell_spec(shop, spec);
    house.minutes(3).await;
    assert!(house.is_in(shop, &id).await, "{}", house.sentence(shop, &id).await);
    house.order(shop, &id).await.unwrap()
}

async fn check(
    marketplace: &'static Marketplace,
    lines: Vec<LineSpec>,
    expected: &[&str],
    expected_total: &str,
) {
    let house = House::new().await;
    let shop = house.shop("acme", marketplace).await;
    let order = import(&house, &shop, OrderSpec::new(marketplace, lines)).await;
    assert_eq!(rows(&order), expected);
    assert_eq!(total(&order), expected_total);
    assert_eq!(order.channel_total.map(|total| total.amount), order.totals().total);
}

// SPEC: KF-06, KF-15, G-06
#[tokio::test]
async fn tax_comes_on_top_where_prices_exclude_it() {
    let lines = vec![LineSpec::new(MUG, 3, 1999).taxed(825), LineSpec::new(TEA, 1, 500).taxed(0)];
    check(&US, lines, &["19.99, 59.97, 4.95, 8.25", "5, 5, 0, 0"], "69.92 USD").await;
}

// SPEC: KF-06, KF-15, G-06
#[tokio::test]
async fn tax_is_taken_out_where_prices_include_it() {
    let lines = vec![LineSpec::new(MUG, 2, 1190).taxed(1900), LineSpec::new(TEA, 1, 1070).taxed(700)];
    check(&DE, lines, &["10, 20, 3.8, 19", "10, 10, 0.7, 7"], "34.5 EUR").await;
}

// SPEC: KF-06, G-06
#[tokio::test]
async fn a_price_in_yen_has_no_fraction() {
    let lines = vec![LineSpec::new(MUG, 3, 1100).taxed(1000)];
    check(&JP, lines, &["1000, 3000, 300, 10"], "3300 JPY").await;
}

// SPEC: G-06, KF-06
#[tokio::test]
async fn the_total_is_amazons_with_discounts_shipping_and_gift_wrap_in_every_reading() {
    for (marketplace, rate) in [(&US, 825), (&DE, 1900), (&UK, 2000), (&JP, 1000)] {
        let house = House::new().await;
        let shop = house.shop("acme", marketplace).await;
        for discount_tax in [false, true] {
            let extras = LineSpec {
                shipping: 599,
                gift_wrap: 350,
                discount: 333,
                shipping_discount: 199,
                ..LineSpec::new(MUG, 3, 1999).taxed(rate)
            };
            let free = LineSpec { discount: 999, ..LineSpec::new(MUG, 1, 999).taxed(rate) };
            let lines = vec![extras, free, LineSpec::new(TEA, 7, 137).taxed(rate)];
            let spec = OrderSpec { discount_tax, ..OrderSpec::new(marketplace, lines) };
            let order = import(&house, &shop, spec).await;
            let truth = house.amazon().order(&order.order_no).unwrap().state.total();
            assert_eq!(order.totals().total, truth, "{} {discount_tax}", marketplace.country);
            assert!(!order.flags.contains(&Flag::TotalDiffers));
            assert!(order.charges.len() == 2, "shipping and gift wrap: {:?}", order.charges);
        }
    }
}

// SPEC: KF-06
#[tokio::test]
async fn no_tax_data_is_unknown_tax_and_not_zero() {
    let (house, shop) = House::with_shop().await;
    let spec = OrderSpec { tax: Tax::Hidden, ..OrderSpec::new(&US, vec![LineSpec::new(MUG, 2, 1000)]) };
    let order = import(&house, &shop, spec).await;
    assert_eq!(rows(&order), ["10, 20, unknown, unknown"]);
    assert_eq!(order.flags.iter().copied().collect::<Vec<_>>(), [Flag::TaxUnknown]);
    let untaxed = vec![LineSpec::new(MUG, 1, 1000), LineSpec::new(TEA, 1, 1000).taxed(1000)];
    let order = import(&house, &shop, OrderSpec::new(&US, untaxed)).await;
    assert_eq!(rows(&order), ["10, 10, unknown, unknown", "10, 10, 1, 10"]);
}

// SPEC: KF-15
#[tokio::test]
async fn a_price_that_is_missing_is_unknown_and_not_zero() {
    let (house, shop) = House::with_shop().await;
    let lines = || vec![LineSpec::new(MUG, 2, 1000).taxed(825), LineSpec::new(MUG, 1, 1000).taxed(825)];
    let order = import(&house, &shop, OrderSpec::new(&US, lines()).quirk(Quirk::NoLinePrice)).await;
    assert_eq!(rows(&order), ["unknown, unknown, unknown, unknown", "10, 10, 0.83, 8.3"]);
    assert!(order.flags.contains(&Flag::PriceUnknown));
    assert_eq!(order.totals().total, None);
    assert_eq!(order.channel_total.map(|total| total.to_string()).as_deref(), Some("32.48 USD"));
    let order = import(&house, &shop, OrderSpec::new(&US, lines()).quirk(Quirk::NoMoney)).await;
    assert_eq!(rows(&order), ["unknown, unknown, unknown, unknown"; 2]);
    assert_eq!((order.currency, order.channel_total), (None, None));
    assert!(order.flags.contains(&Flag::PriceUnknown));
}

// SPEC: G-08
#[tokio::test]
async fn an_order_keeps_its_currency_and_the_base_total_comes_from_the_rate_table() {
    let house = House::new().await;
    let shop = house.shop("acme", &DE).await;
    let spec = || OrderSpec::new(&DE, vec![LineSpec::new(MUG, 2, 1190).taxed(1900)]);
    let order = import(&house, &shop, spec()).await;
    assert_eq!((order.exchange_rate, order.base_total), (None, None));
    assert!(order.flags.contains(&Flag::BaseTotalMissing));
    let rates = BTreeMap::from([(Currency::parse("EUR").unwrap(), Decimal::new(11, 1))]);
    house.change_organization(&shop, |patch| patch.exchange_rates = Some(rates)).await;
    let order = import(&house, &shop, spec()).await;
    assert_eq!(text(order.exchange_rate), "1.1");
    assert_eq!(order.base_total.map(|total| total.to_string()).as_deref(), Some("26.18 USD"));
    assert!(!order.flags.contains(&Flag::BaseTotalMissing));
}
