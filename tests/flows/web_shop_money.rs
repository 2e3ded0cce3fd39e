//! What a web shop's order costs here: whatever it was sold with and whatever became of it, rows, charges
//! and what was left out make the shop's total, to the smallest unit of what the buyer paid in.

use rust_decimal::Decimal;
use weir_domain::sales_order::{Flag, SalesOrder};
use weir_sandbox::{
    Dice, Now,
    shopify::{EUR, Edit, JPY, KWD, LineSpec, OrderSpec, RefundSpec, Restock, ShippingSpec, ShopSpec, USD},
};
use weir_tests::{House, web_shop::WebShop};

/// Orders of one shop.
const ORDERS: usize = 30;

/// Orders are generated from it; a failure names it with the order.
const SEED: u64 = 20_261_124;

/// Taxes, in hundredths of a per cent.
const RATES: [i64; 5] = [0, 500, 700, 1_900, 9_975];

fn one_in(dice: &mut Dice, sides: u64) -> bool {
    dice.below(sides) == 0
}

fn amount(dice: &mut Dice, most: u64) -> i64 {
    i64::try_from(dice.below(most + 1)).unwrap()
}

/// A line; some are free, some have no SKU, some repeat the SKU of another line.
fn line(dice: &mut Dice) -> LineSpec {
    let sku = match dice.below(8) {
        0 => String::new(),
        number => format!("SKU-{number}"),
    };
    let price = if one_in(dice, 6) { 0 } else { amount(dice, 99_999) };
    let mut line = LineSpec::new(&sku, 1 + amount(dice, 5), price);
    if one_in(dice, 3) {
        line.discount = amount(dice, u64::try_from(line.unit_price * line.quantity).unwrap());
    }
    for _ in 0..dice.below(4) {
        let rate = RATES[usize::try_from(dice.below(5)).unwrap()];
        line = line.taxed(&format!("Tax {rate}"), rate);
    }
    line.is_gift_card = one_in(dice, 10);
    line.requires_shipping = !line.is_gift_card;
    line
}

fn spec(dice: &mut Dice) -> OrderSpec {
    let lines: Vec<LineSpec> = (0..1 + dice.below(5)).map(|_| line(dice)).collect();
    let worth: i64 = lines.iter().map(|line| line.unit_price * line.quantity - line.discount).sum();
    let mut spec = OrderSpec::new(lines);
    if one_in(dice, 3) {
        spec.discount = amount(dice, u64::try_from(worth).unwrap());
    }
    if !one_in(dice, 3) {
        let price = amount(dice, 5_000);
        let discount = if one_in(dice, 3) { amount(dice, u64::try_from(price).unwrap()) } else { 0 };
        let tax = one_in(dice, 2).then(|| ("Tax".to_owned(), 1_900));
        spec.shipping = Some(ShippingSpec { discount, tax, ..ShippingSpec::new(price) });
    }
    for part in [&mut spec.tip, &mut spec.duties, &mut spec.fees] {
        if one_in(dice, 4) {
            *part = amount(dice, 2_000);
        }
    }
    if one_in(dice, 6) {
        spec.cash_rounding = amount(dice, 4) - 2;
    }
    spec
}

/// Something that changes what an order costs. It may be impossible, and then nothing changes.
fn change(house: &House, dice: &mut Dice, id: u64) {
    let now = Now::at(house.now());
    let mut shopify = house.crossing.shopify();
    let order = shopify.order(id).unwrap().clone();
    let line = usize::try_from(dice.below(order.lines.len() as u64)).unwrap();
    let known = &order.lines[line];
    let restock = if one_in(dice, 3) { Restock::Nothing } else { Restock::Cancel };
    match dice.below(5) {
        0 if known.current > 0 && order.lines.iter().map(|line| line.current).sum::<i64>() > 1 => {
            let units = (1 + amount(dice, 2)).min(known.current);
            let spec = RefundSpec { lines: vec![(line, units, restock)], ..RefundSpec::default() };
            shopify.refund(id, &spec, now);
        }
        1 => {
            let shipping =
                order.spec.shipping.as_ref().map_or(0, |shipping| shipping.price - shipping.discount);
            let spec = RefundSpec { shipping: shipping / 2, ..RefundSpec::default() };
            shopify.refund(id, &spec, now);
        }
        2 => {
            let spec = RefundSpec { correction: 1 + amount(dice, 50), ..RefundSpec::default() };
            shopify.refund(id, &spec, now);
        }
        3 if !known.is_tip => {
            shopify.edit(id, &[Edit::SetQuantity(line, amount(dice, 6))], now);
        }
        _ => {
            shopify.edit(id, &[Edit::Add(self::line(dice))], now);
        }
    }
}

/// Rows, charges and what was left out.
fn sum(order: &SalesOrder) -> Decimal {
    order.totals().total.unwrap() + order.left_out.values().sum::<Decimal>()
}

/// Every order that is in makes the shop's total. Says how many are.
async fn check(house: &House, shop: &WebShop, ids: &[u64], when: &str) -> usize {
    let (mut wrong, mut found) = (Vec::new(), 0);
    for id in ids {
        let truth = house.crossing.shopify().order(*id).unwrap().clone();
        let told = Decimal::new(truth.total(), truth.digits());
        let Some(order) = shop.order(house, *id).await.filter(|order| order.deleted_at.is_none()) else {
            let outcome = shop.outcome(house, *id).await;
            let is_gone = ["skipped nothing_left", "skipped fully_refunded", "updated deleted_with_channel"];
            if !is_gone.contains(&outcome.as_str()) {
                wrong.push(format!("{id}: {outcome}"));
            }
            continue;
        };
        found += 1;
        let currency = order.currency.map(|currency| currency.code());
        let is_flagged = order.flags.contains(&Flag::TotalDiffers);
        if sum(&order) != told || currency != Some(truth.currency()) || is_flagged {
            wrong.push(format!("{id}: {} {currency:?}, the shop says {told}: {truth:#?}", sum(&order)));
        }
        for row in &order.rows {
            let exact = |amount: Decimal| amount.normalize().scale() <= truth.digits();
            let figures = [row.amount, Some(row.discount), row.tax].map(Option::unwrap);
            if !figures.into_iter().all(exact) || row.quantity < 1 {
                wrong.push(format!("{id}: {row:?}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{when}, seed {SEED}: {} wrong, such as {}",
        wrong.len(),
        wrong.first().map_or("", String::as_str)
    );
    found
}

async fn a_shop_of(spec: ShopSpec, currency: Option<weir_sandbox::shopify::Currency>, shipping_lines: bool) {
    let house = House::new().await;
    let spec = ShopSpec { points_a_second: 2_000, ..spec };
    let shop = house
        .web_shop_as(spec, None, |connection| {
            connection.settings.shop.shipping_cost_as_fee_line = shipping_lines;
            // What an edit adds is not paid yet.
            connection.settings.shop.payment_pending_orders = true;
        })
        .await;
    let mut dice = Dice::new(SEED);
    let mut ids = Vec::new();
    for _ in 0..ORDERS {
        let spec = OrderSpec { currency, rate: 1_087_340, ..self::spec(&mut dice) };
        let id = house.place_in_web_shop(&shop, spec);
        // A third was refunded or edited before anybody here saw it.
        if one_in(&mut dice, 3) {
            change(&house, &mut dice, id);
        }
        ids.push(id);
    }
    house.minutes(4).await;
    let found = check(&house, &shop, &ids, "as they came in").await;
    assert!(found > ORDERS / 2, "{found}");
    for round in 0..3 {
        house.clock.advance(jiff::SignedDuration::from_mins(1));
        for id in &ids {
            change(&house, &mut dice, *id);
        }
        house.minutes(4).await;
        check(&house, &shop, &ids, &format!("after change {round}")).await;
    }
    assert!(house.errors().is_empty(), "{:?}", house.errors());
}

// SPEC: G-06, KS-12, KS-22, KS-23, KS-25
#[tokio::test]
async fn dollars_with_tax_on_top() {
    a_shop_of(ShopSpec::new("usd.myshopify.com"), None, true).await;
}

// SPEC: G-06, KS-12, KS-22, KS-23, KS-25
#[tokio::test]
async fn euros_with_tax_in_the_prices_and_shipping_left_out() {
    let spec = ShopSpec { currency: EUR, taxes_included: true, ..ShopSpec::new("eur.myshopify.com") };
    a_shop_of(spec, None, false).await;
}

// SPEC: G-06, KS-07, KS-23, G-08
#[tokio::test]
async fn yen_with_tax_in_the_prices() {
    let spec = ShopSpec { currency: JPY, taxes_included: true, ..ShopSpec::new("jpy.myshopify.com") };
    a_shop_of(spec, None, true).await;
}

// SPEC: G-06, KS-07, KS-23, G-08
#[tokio::test]
async fn dinars_at_a_shop_that_counts_in_dollars() {
    a_shop_of(ShopSpec { currency: USD, ..ShopSpec::new("kwd.myshopify.com") }, Some(KWD), true).await;
}
